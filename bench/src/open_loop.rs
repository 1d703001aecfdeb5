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

/// Bits of a nanosecond's fraction that a beat is known to.
const FRACTION_BITS: u32 = 16;

/// The pace, from when this was made; any thread may look at it.
#[derive(Clone, Debug)]
pub(crate) struct OpenLoop {
    clock: Clock,
    start: u64,
    /// From one beat to the next, in 2^-16 ns.
    interval: u64,
}

impl OpenLoop {
    /// So many beats a second: at least one.
    pub(crate) fn new(rate: u64) -> Self {
        let clock = Clock::new();
        let start = clock.raw();
        Self { clock, start, interval: (1_000_000_000 << FRACTION_BITS) / rate.max(1) }
    }

    /// Nanoseconds from the start.
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        self.clock.delta_as_nanos(self.start, self.clock.raw())
    }

    /// When a beat is meant to be; they are counted from the start. Right for three years of ten million a second.
    #[inline(always)]
    pub(crate) fn intended(&self, beat: u64) -> u64 {
        ((u128::from(beat) * u128::from(self.interval)) >> FRACTION_BITS) as u64
    }

    /// The first beat that is still to come.
    pub(crate) fn next_beat(&self) -> u64 {
        ((u128::from(self.now()) << FRACTION_BITS) / u128::from(self.interval.max(1))) as u64 + 1
    }

    /// Waits for a beat, and returns when it was meant to be.
    #[cfg(feature = "peers")]
    #[inline(always)]
    pub(crate) fn wait_for(&self, beat: u64) -> u64 {
        let intended = self.intended(beat);
        while self.now() < intended {}
        intended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_keep_their_pace() {
        assert_eq!(OpenLoop::new(1_000_000).intended(7), 7_000);
        // A third of a microsecond, right to a nanosecond after a minute and to a microsecond after a day.
        let third = OpenLoop::new(3_000_000);
        assert!(third.intended(180_000_000).abs_diff(60_000_000_000) < 1_000_000);
        assert_eq!(OpenLoop::new(0).intended(2), 2_000_000_000);
        let next = third.next_beat();
        assert!(third.intended(next + 1_000) > third.intended(next) && third.next_beat() >= next);
    }
}
