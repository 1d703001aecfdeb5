//! Primaries with their threads, rings and journals.

mod counters;
mod gateway;
mod primary;
mod support;
