//! Tests of the journal at its public boundary.

mod corruption;
mod cutting_back;
mod decisions;
mod golden;
mod hot_path;
mod standing;
mod support;
mod writing;
