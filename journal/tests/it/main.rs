//! Tests of the journal at its public boundary.

mod support;
mod writing;
