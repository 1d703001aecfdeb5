//! How often, and for how long, a core runs something else than the thread that has it: the idea of jHiccup.
//!
//! A pinned thread does nothing but read the clock. Where two readings are far apart, somebody else had the core in
//! between: another thread, an interrupt, the firmware, the host of a virtual machine. Whatever is measured on that core
//! stands still for as long.

use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;
use quanta::Clock;
use serde::Serialize;

use super::placement::pin;

/// Gaps shorter than this are the loop itself.
pub const THRESHOLD_NS: u64 = 1_000;
/// Gaps from here on are longer than any command takes, and so is what is measured across them.
pub const LONG_NS: u64 = 10_000;
/// Longest gap that is told apart from longer ones: a minute.
const HIGHEST_NS: u64 = 60_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;
/// A million millionths are the whole.
const WHOLE_PPM: u64 = 1_000_000;

/// The gaps in a core's time.
#[derive(Clone, Debug)]
pub struct Hiccups {
    core: usize,
    elapsed_ns: u64,
    gaps: Histogram<u64>,
}

/// What the gaps come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HiccupSummary {
    /// The core.
    pub core: usize,
    /// How long it was watched.
    pub elapsed_ns: u64,
    /// The gaps from each decade on: 1 us, 10 us, 100 us, 1 ms and 10 ms.
    pub gaps: [GapCount; 5],
    /// The longest gap.
    pub max_ns: u64,
    /// Millionths of the time that lay in gaps of at least ten microseconds.
    pub long_ppm: u64,
}

/// How many gaps were at least so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GapCount {
    /// The shortest that is counted.
    pub from_ns: u64,
    /// How many there were.
    pub count: u64,
}

impl Hiccups {
    /// Watches a core for a while; nothing where the system does not let a thread run there. Takes up to a fifth of a
    /// second more, in which the clock is measured.
    pub fn measure(core: usize, duration: Duration) -> Option<Self> {
        Self::measure_all(&[core], duration)?.pop()
    }

    /// Watches several cores at the same time, each with a thread of its own; nothing where one of them is refused.
    pub fn measure_all(cores: &[usize], duration: Duration) -> Option<Vec<Self>> {
        let clock = &Clock::new();
        let watch = |core| pin(Some(core)).map(|core| watch(core, clock, duration));
        thread::scope(|scope| {
            let threads: Vec<_> = cores.iter().map(|&core| scope.spawn(move || watch(core))).collect();
            // Every thread is joined, whatever the first one says.
            let all: Vec<Option<Self>> = threads.into_iter().map(|thread| thread.join().ok().flatten()).collect();
            all.into_iter().collect()
        })
    }

    /// These gaps, as if they had been measured.
    pub fn of(core: usize, elapsed: Duration, gaps_ns: &[u64]) -> Self {
        let mut gaps = empty();
        for &gap in gaps_ns.iter().filter(|&&gap| gap >= THRESHOLD_NS) {
            gaps.saturating_record(gap);
        }
        Self { core, elapsed_ns: nanoseconds(elapsed), gaps }
    }

    /// The histogram of all gaps of at least [`THRESHOLD_NS`], in nanoseconds.
    pub const fn histogram(&self) -> &Histogram<u64> {
        &self.gaps
    }

    /// Millionths of the time that lay in gaps of at least [`LONG_NS`], rounded up.
    pub fn long_ppm(&self) -> u64 {
        let long = self.gaps.iter_recorded().filter(|gap| gap.value_iterated_to() >= LONG_NS);
        let ns: u128 =
            long.map(|gap| u128::from(gap.value_iterated_to()) * u128::from(gap.count_since_last_iteration())).sum();
        let ppm = (ns * u128::from(WHOLE_PPM)).div_ceil(u128::from(self.elapsed_ns.max(1)));
        u64::try_from(ppm).map_or(WHOLE_PPM, |ppm| ppm.min(WHOLE_PPM))
    }

    /// The highest percentile, in millionths of the whole, that a latency measurement on this core can say anything
    /// about: 1 - f, where f is the fraction of time in gaps of at least [`LONG_NS`].
    ///
    /// Commands that arrive at a steady pace arrive in such a gap with probability f, and are answered behind it. So the
    /// slowest fraction f of them tells how long the gaps are, whatever is measured: with f = 0.002 percentiles above
    /// p99.8 mean nothing. Gaps rarer than one in the time that was watched are not seen; nothing is said about those.
    pub fn sound_ppm(&self) -> u64 {
        WHOLE_PPM - self.long_ppm()
    }

    /// What the gaps come to.
    pub fn summary(&self) -> HiccupSummary {
        let from = |from_ns| GapCount { from_ns, count: self.gaps.count_between(from_ns, HIGHEST_NS) };
        HiccupSummary {
            core: self.core,
            elapsed_ns: self.elapsed_ns,
            gaps: [THRESHOLD_NS, LONG_NS, 100_000, 1_000_000, 10_000_000].map(from),
            max_ns: self.gaps.max(),
            long_ppm: self.long_ppm(),
        }
    }
}

fn watch(core: usize, clock: &Clock, duration: Duration) -> Hiccups {
    let mut gaps = empty();
    let duration_ns = nanoseconds(duration);
    let begin = clock.raw();
    let mut last = begin;
    loop {
        let now = clock.raw();
        let gap = clock.delta_as_nanos(last, now);
        if gap >= THRESHOLD_NS {
            gaps.saturating_record(gap);
        }
        let elapsed_ns = clock.delta_as_nanos(begin, now);
        if elapsed_ns >= duration_ns {
            return Hiccups { core, elapsed_ns, gaps };
        }
        last = now;
    }
}

/// A histogram that takes any gap without allocating.
fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST_NS, SIGNIFICANT_DIGITS).expect("the bounds are constants in range")
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::beside;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn long_gaps_decide_what_percentiles_mean() {
        // 2 ms of a second lie in long gaps; the short ones do not count.
        let hiccups = Hiccups::of(3, SECOND, &[1_500_000, 300_000, 200_000, 5_000, 2_000, 500]);
        let summary = hiccups.summary();
        assert_eq!(summary.gaps.map(|gap| gap.count), [5, 3, 3, 1, 0]);
        assert_eq!((summary.core, hiccups.histogram().len()), (3, 5));
        // The histogram keeps three digits.
        assert!(summary.long_ppm.abs_diff(2_000) <= 2, "{summary:?}");
        assert!(hiccups.sound_ppm().abs_diff(998_000) <= 2);
        assert!(summary.max_ns.abs_diff(1_500_000) < 1_500);
    }

    #[test]
    fn extremes() {
        assert_eq!(Hiccups::of(0, SECOND, &[9_000]).sound_ppm(), 1_000_000);
        assert_eq!(Hiccups::of(0, SECOND, &[10_000]).sound_ppm(), 999_989);
        assert_eq!(Hiccups::of(0, Duration::ZERO, &[]).sound_ppm(), 1_000_000);
        assert_eq!(Hiccups::of(0, SECOND, &[2_000_000_000]).sound_ppm(), 0);
    }

    #[test]
    fn cores_are_watched_together() {
        let Some((a, b)) = beside(None) else { return };
        let duration = Duration::from_millis(20);
        let watched = Hiccups::measure_all(&[a, b], duration).expect("both cores are this process's");
        assert_eq!(watched.iter().map(|hiccups| hiccups.core).collect::<Vec<_>>(), [a, b]);
        assert!(watched.iter().all(|hiccups| hiccups.elapsed_ns >= nanoseconds(duration)));
        assert!(Hiccups::measure_all(&[a, 5_000], duration).is_none());
    }
}
