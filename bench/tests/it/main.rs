//! Tests of the benchmarks: that flows stay what they are, and that everybody computes what the rules demand.

mod clients;
mod compare;
mod flows;
mod fuzz;
mod peers;
mod soak;
