//! Tests of the journal at its public boundary.

mod corruption;
mod decisions;
mod support;
mod writing;
