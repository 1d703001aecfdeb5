//! Primaries with their threads, rings and journals.

mod primary;
mod support;
