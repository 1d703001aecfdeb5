//! Primaries with their threads, rings and journals.

mod gateway;
mod primary;
mod support;
