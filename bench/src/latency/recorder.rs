//! Recording how long single commands take: a cycle-counter clock and a histogram.
//!
//! Two readings of the clock cost about as much as a small command, and they are in every figure; [`Summary`] says how
//! much they are, and nothing is subtracted.

use hdrhistogram::Histogram;
use quanta::Clock;

/// Longest time that is told apart from longer ones, in nanoseconds: a minute.
const HIGHEST_NS: u64 = 60_000_000_000;
/// Decimal digits that the histogram keeps of a time.
const SIGNIFICANT_DIGITS: u8 = 3;
/// How many empty intervals the cost of the clock is taken from.
const CALIBRATION_READINGS: u32 = 1_000;

/// Records the time between pairs of clock readings.
///
/// ```
/// use novate_bench::latency::Recorder;
///
/// let mut recorder = Recorder::new();
/// let start = recorder.start();
/// recorder.stop(start);
/// assert_eq!(recorder.summary().count, 1);
/// ```
#[derive(Clone, Debug)]
pub struct Recorder {
    clock: Clock,
    histogram: Histogram<u64>,
    total_ns: u128,
    clock_ns: u64,
}

/// When an interval began, in the clock's own unit.
#[derive(Clone, Copy, Debug)]
pub struct Start(u64);

/// What the recorded times come to, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many times were recorded.
    pub count: u64,
    /// Their sum.
    pub total_ns: u128,
    /// Half of them were at most this.
    pub p50_ns: u64,
    /// 99 of 100 were at most this.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// What two readings of the clock take with nothing between them; contained in every time.
    pub clock_ns: u64,
}

impl Recorder {
    /// A recorder without records. Measures the clock, which takes up to a fifth of a second.
    ///
    /// # Panics
    /// Never: the histogram's bounds are constants that suit it.
    pub fn new() -> Self {
        let clock = Clock::new();
        let histogram =
            Histogram::new_with_bounds(1, HIGHEST_NS, SIGNIFICANT_DIGITS).expect("the bounds are constants in range");
        let empty = |_| {
            let start = clock.raw();
            clock.delta_as_nanos(start, clock.raw())
        };
        let mut empties: Vec<u64> = (0..CALIBRATION_READINGS).map(empty).collect();
        empties.sort_unstable();
        let clock_ns = empties[empties.len() / 2];
        Self { clock, histogram, total_ns: 0, clock_ns }
    }

    /// Begins an interval.
    #[inline]
    pub fn start(&self) -> Start {
        Start(self.clock.raw())
    }

    /// Ends an interval and records it. Does not allocate.
    #[inline]
    pub fn stop(&mut self, start: Start) {
        let end = self.clock.raw();
        let ns = self.clock.delta_as_nanos(start.0, end);
        self.total_ns += u128::from(ns);
        self.histogram.saturating_record(ns);
    }

    /// What was recorded so far.
    pub fn summary(&self) -> Summary {
        Summary {
            count: self.histogram.len(),
            total_ns: self.total_ns,
            p50_ns: self.histogram.value_at_quantile(0.5),
            p99_ns: self.histogram.value_at_quantile(0.99),
            max_ns: self.histogram.max(),
            clock_ns: self.clock_ns,
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Summary {
    /// The mean, in tenths of a nanosecond, rounded down; zero where nothing was recorded.
    pub fn mean_tenths_ns(&self) -> u64 {
        let tenths = (self.total_ns * 10).checked_div(u128::from(self.count)).unwrap_or(0);
        u64::try_from(tenths).unwrap_or(u64::MAX)
    }

    /// How many a second at this mean, rounded down; zero where nothing was recorded.
    pub fn per_second(&self) -> u64 {
        let rate = (u128::from(self.count) * 1_000_000_000).checked_div(self.total_ns).unwrap_or(0);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(count: u64, total_ns: u128) -> Summary {
        Summary { count, total_ns, p50_ns: 0, p99_ns: 0, max_ns: 0, clock_ns: 0 }
    }

    #[test]
    fn mean_and_rate() {
        let four = summary(4, 1_001);
        assert_eq!((four.mean_tenths_ns(), four.per_second()), (2_502, 3_996_003));
        let none = summary(0, 0);
        assert_eq!((none.mean_tenths_ns(), none.per_second()), (0, 0));
    }

    #[test]
    fn what_takes_longer_is_recorded_as_longer() {
        let mut recorder = Recorder::new();
        for _ in 0..100 {
            let start = recorder.start();
            std::thread::sleep(std::time::Duration::from_micros(10));
            recorder.stop(start);
        }
        let summary = recorder.summary();
        assert_eq!(summary.count, 100);
        assert!(summary.p50_ns >= 10_000 && summary.p50_ns <= summary.p99_ns && summary.p99_ns <= summary.max_ns);
        assert!(summary.clock_ns < 10_000);
    }
}
