//! An open loop: something is meant to begin at a steady pace, and every time counts from when it was meant to begin. What
//! is late makes what follows it late, so that nothing is left out.

use std::io;

use hdrhistogram::Histogram;
use quanta::Clock;

/// The longest time that is told apart from longer ones, in nanoseconds, and how exactly.
const HIGHEST_NS: u64 = 60_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

/// For the times.
///
/// # Errors
/// Never: the bounds are constants that suit it.
pub(crate) fn histogram() -> io::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, HIGHEST_NS, SIGNIFICANT_DIGITS).map_err(io::Error::other)
}

/// The pace, from when this was made; any thread may look at it.
#[derive(Clone, Debug)]
pub(crate) struct OpenLoop {
    clock: Clock,
    start: u64,
    interval_ns: u64,
}

impl OpenLoop {
    pub(crate) fn new(interval_ns: u64) -> Self {
        let clock = Clock::new();
        let start = clock.raw();
        Self { clock, start, interval_ns }
    }

    /// Nanoseconds from the start.
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        self.clock.delta_as_nanos(self.start, self.clock.raw())
    }

    /// Waits for a beat, which are counted from the start, and returns when it was meant to be.
    #[inline(always)]
    pub(crate) fn wait_for(&self, beat: u64) -> u64 {
        let intended = beat * self.interval_ns;
        while self.now() < intended {}
        intended
    }
}
