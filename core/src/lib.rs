//! The deterministic core of novate: state is a fold over an ordered journal of commands.
//!
//! `no_std` + `alloc`: the compiler itself refuses clocks, files, threads and hash-order here.
#![no_std]

extern crate alloc;

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!("novate's records are laid out for little-endian 64-bit processors: build for x86_64 or aarch64");

pub mod arena;
mod book;
pub mod command;
pub mod digest;
pub mod engine;
pub mod event;
mod exposure;
pub mod genesis;
pub mod ids;
mod instrument;
pub mod l2;
mod ledger;
pub mod margin;
pub mod naive;
pub mod prelude;
pub mod pricing;
pub mod reject;
pub mod ring;
pub mod sink;
pub mod terms;
pub mod units;
mod valuation;

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
