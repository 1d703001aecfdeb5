//! A position that one thread moves and others look at, alone on its cache lines.

use crossbeam_utils::CachePadded;

use super::sync::{AtomicU64, Ordering};

/// A position in lines, counted from the ring's beginning and never taken modulo anything.
///
/// At a thousand million lines a second, 2^58 positions last nine years.
#[derive(Debug)]
pub(super) struct Cursor(CachePadded<AtomicU64>);

impl Cursor {
    pub(super) fn new(position: u64) -> Self {
        Self(CachePadded::new(AtomicU64::new(position)))
    }

    /// What its owner knows without ordering.
    #[inline(always)]
    pub(super) fn load_relaxed(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Everything that was done before the position was released has happened.
    #[inline(always)]
    pub(super) fn acquire(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Whoever acquires this position sees everything that was done before.
    #[inline(always)]
    pub(super) fn release(&self, position: u64) {
        self.0.store(position, Ordering::Release);
    }

    /// Moves from one position to another if nobody else moved it. No ordering: it only shares out numbers.
    #[inline(always)]
    pub(super) fn claim(&self, from: u64, to: u64) -> Result<(), u64> {
        self.0.compare_exchange_weak(from, to, Ordering::Relaxed, Ordering::Relaxed).map(drop)
    }

    /// The same, releasing what was done before, and only failing where somebody did move it.
    #[inline(always)]
    pub(super) fn exchange(&self, from: u64, to: u64) -> Result<(), u64> {
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).map(drop)
    }

    /// Counts up by one, and returns what it was.
    pub(super) fn increment(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel)
    }

    /// Counts down by one, and returns what it was.
    pub(super) fn decrement(&self) -> u64 {
        self.0.fetch_sub(1, Ordering::AcqRel)
    }
}
