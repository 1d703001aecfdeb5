//! Primaries with their threads, rings and journals.

mod counters;
mod gateway;
mod halts;
mod panics;
mod primary;
mod support;
