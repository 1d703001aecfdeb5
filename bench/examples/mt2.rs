//! Probe.
fn main() { novate_bench::margin_probe2(); }
