//! Where an engine's memory comes from, and where its commands will be kept.
//!
//! Today this package holds one thing: [`mapping`], anonymous memory on huge pages for an arena. The journal itself -
//! segments, their writer and reader, recovery, seals, snapshots - does not exist yet, and nothing here pretends to be
//! it. Whoever runs novate today has to keep its commands; replaying them in order gives the state back.
//!
//! Files and mappings live here and not in `novate-core`, which knows no operating system. Linux only: the layout of
//! `/proc` and the advice for huge pages are Linux's own.

#[cfg(not(target_os = "linux"))]
compile_error!("novate-journal maps memory as Linux does: build for Linux on x86_64 or aarch64");

#[cfg(target_os = "linux")]
pub mod mapping;
