//! Benchmarks of novate: reproducible [flows](workload), [published peers](peers) measured beside it on them, seeded
//! [fuzzers](fuzz), and what [records times](latency) in `novate run` too.
//!
//! The feature `peers`, on by default, brings the peers' crates and the binary `compare`. It changes nothing that novate
//! computes; the command line leaves it out.

#[cfg(feature = "peers")]
pub mod compare;
#[cfg(feature = "peers")]
pub mod duel;
pub mod flow_c;
pub mod fuzz;
#[cfg(feature = "peers")]
pub mod journal;
pub mod latency;
pub mod machine;
#[cfg(feature = "peers")]
pub mod margin;
pub mod novate;
mod open_loop;
pub mod peers;
#[cfg(feature = "peers")]
pub mod pipeline;
#[cfg(feature = "peers")]
pub mod placement;
#[cfg(feature = "peers")]
pub mod pricing;
mod records;
#[cfg(feature = "peers")]
pub mod rings;
#[cfg_attr(not(feature = "peers"), allow(dead_code, reason = "comparisons with peers need most of it"))]
mod statistics;
pub mod warm;
pub mod workload;
