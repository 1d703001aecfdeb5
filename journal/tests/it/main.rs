//! Tests of the journal at its public boundary.

mod corruption;
mod support;
mod writing;
