//! Replicas: nothing works yet, and nothing is here.
//!
//! This package will hold what stands around an engine once a journal exists: the clock and the sequencer that stamp
//! commands, the primary that appends and applies them, followers that apply the same journal and compare digests at
//! every seal and checkpoint, the report that names the first table, record and field in which two replicas differ,
//! and attestations. It depends on `novate-core` and `novate-journal`, and on nothing that matches orders by itself.
