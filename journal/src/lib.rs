//! x

pub mod mapping;
