//! Benchmarks of novate: reproducible [flows](workload), [published peers](peers) measured beside it on them, and
//! what the binary `compare` is made of.

pub mod compare;
pub mod fuzz;
pub mod latency;
pub mod machine;
pub mod novate;
pub mod peers;
mod statistics;
pub mod workload;
