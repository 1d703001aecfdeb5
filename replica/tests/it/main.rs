//! Primaries with their threads, rings and journals.

mod counters;
mod findings;
mod gateway;
mod halts;
mod lasting;
mod panics;
mod primary;
mod support;
