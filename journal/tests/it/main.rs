//! Tests of the journal at its public boundary.

mod corruption;
mod decisions;
mod golden;
mod hot_path;
mod standing;
mod support;
mod writing;
