//! Primaries with their threads, rings and journals.

mod counters;
mod gateway;
mod halts;
mod primary;
mod support;
