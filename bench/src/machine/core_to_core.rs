//! How long a cache line takes from one core to another: two pinned threads take turns at writing one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use quanta::Clock;
use serde::Serialize;

use super::placement::pin;

/// Round trips between two readings of the clock, so that its cost is small beside them.
const TRIPS: u64 = 16;
/// Figures that median and minimum are taken from, at most.
const SAMPLES_MAX: usize = 2_000;
/// When to stop where others have the cores.
const DURATION_MAX: Duration = Duration::from_millis(150);

/// Looks at the line before others get the core.
const LOOKS: u32 = 4_096;

/// Cores between which a line takes so many nanoseconds or more are far: near ones were seen to take 27 to 90, far ones 190
/// to 245.
pub const FAR_NS: u32 = 120;

/// Nobody has come to the line yet.
const EMPTY: u64 = 0;
/// The echo is there, and the line is the other's to write. All values of its turns are even.
const READY: u64 = 2;
/// The echo cannot run on its core.
const REFUSED: u64 = u64::MAX;
/// The end.
const STOP: u64 = u64::MAX - 1;

/// The time that a cache line takes from core to core, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CoreToCore {
    /// One core.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// How many times the line went from one to the other.
    pub bounces: u64,
    /// The shortest time, in nanoseconds.
    pub min_ns: u64,
    /// Half of the times were at most this.
    pub median_ns: u64,
}

/// The line, alone on the two that some processors fetch together.
#[repr(align(128))]
struct Line(AtomicU64);

/// Measures between two cores for at most 0.15 seconds; nothing where they are the same one, or where the system does not
/// let a thread run there. Each figure is the mean of 32 bounces.
pub fn measure(a: usize, b: usize) -> Option<CoreToCore> {
    if a == b {
        return None;
    }
    let samples = between([Some(a), Some(b)])?;
    let median_ns = *samples.get(samples.len() / 2)?;
    Some(CoreToCore { a, b, bounces: samples.len() as u64 * TRIPS * 2, min_ns: samples[0], median_ns })
}

/// The median between two threads, in nanoseconds, wherever the system puts them; with one core, what it takes until the other
/// one gets it.
pub fn measure_anywhere() -> Option<u64> {
    let samples = between([None; 2])?;
    samples.get(samples.len() / 2).copied()
}

/// The figures in ascending order.
fn between([a, b]: [Option<usize>; 2]) -> Option<Vec<u64>> {
    let clock = Clock::new();
    let line = Line(AtomicU64::new(EMPTY));
    let mut samples = thread::scope(|scope| {
        scope.spawn(|| echo(&line, b));
        scope.spawn(|| bounce(&line, a, &clock)).join().ok().flatten()
    })?;
    samples.sort_unstable();
    Some(samples)
}

/// Whether this thread runs where it should.
fn is_placed(core: Option<usize>) -> bool {
    core.is_none_or(|core| pin(Some(core)).is_some())
}

/// Answers every odd value with the even one above it.
fn echo(line: &Line, core: Option<usize>) {
    let mut answer = if is_placed(core) { READY } else { REFUSED };
    loop {
        line.0.store(answer, Ordering::Release);
        if answer == REFUSED {
            return;
        }
        let asked = wait(line, |value| value % 2 == 1 || value == STOP);
        if asked == STOP {
            return;
        }
        answer = asked + 1;
    }
}

/// Writes odd values and times how long the answers take; nanoseconds one way, a mean for each batch of round trips.
fn bounce(line: &Line, core: Option<usize>, clock: &Clock) -> Option<Vec<u64>> {
    let is_placed = is_placed(core);
    // Stopping before the echo has come would be overwritten by its coming.
    let mut value = wait(line, |value| value != EMPTY);
    if value == REFUSED {
        return None;
    }
    let mut samples = Vec::with_capacity(SAMPLES_MAX);
    let begin = Instant::now();
    while is_placed && samples.len() < SAMPLES_MAX && begin.elapsed() < DURATION_MAX {
        let start = clock.raw();
        for _ in 0..TRIPS {
            line.0.store(value + 1, Ordering::Release);
            value = wait(line, |answer| answer == value + 2);
        }
        samples.push(clock.delta_as_nanos(start, clock.raw()) / (TRIPS * 2));
    }
    line.0.store(STOP, Ordering::Release);
    is_placed.then_some(samples)
}

/// Looks until the line holds what is waited for. Without a pause in between, which would be in every figure, unless whoever
/// is waited for seems to have no core.
fn wait(line: &Line, is_there: impl Fn(u64) -> bool) -> u64 {
    loop {
        for _ in 0..LOOKS {
            let value = line.0.load(Ordering::Acquire);
            if is_there(value) {
                return value;
            }
        }
        thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::beside;

    #[test]
    fn two_cores_have_a_latency() {
        let Some((a, b)) = beside(None) else { return };
        let measured = measure(a, b).expect("both cores are this process's");
        assert_eq!((measured.a, measured.b), (a, b));
        assert!(measured.min_ns <= measured.median_ns && measured.bounces >= TRIPS * 2, "{measured:?}");
    }

    #[test]
    fn anywhere_takes_time() {
        assert!(measure_anywhere().is_some_and(|ns| ns > 0));
    }

    #[test]
    fn one_core_and_cores_that_are_not_there_have_none() {
        assert_eq!(measure(0, 0), None);
        assert_eq!(measure(0, 5_000), None);
        assert_eq!(measure(5_000, 0), None);
        assert_eq!(measure(5_000, 5_001), None);
    }
}
