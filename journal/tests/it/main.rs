//! Tests of the journal at its public boundary.
