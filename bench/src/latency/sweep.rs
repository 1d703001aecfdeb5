//! Rates from slow to fast, until the primary cannot follow.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use novate_journal::writer::Settings as JournalSettings;

use super::client::{Length, Looped};
use super::load::Load;
use super::run::{View, run};
use super::samples::{Samples, Stage};
use crate::machine::{CoreToCore, Hiccups, Machine, core_to_core};

/// Rates where none is given, in commands a second.
pub const RATES: [u64; 8] = [100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000];
/// Of 100 commands that should be answered in a time, so many must be, or the primary cannot follow.
const FOLLOWS_PERCENT: u64 = 99;
/// Intervals of a run, at most: each is a histogram in memory, and a line of the log.
const INTERVALS_MAX: u64 = 20;
/// The shortest of them.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// How long a primary may answer nothing: longer than a slow disk takes to make a segment.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// For how long gaps in the cores' time are looked for.
const HICCUPS_TIME: Duration = Duration::from_millis(500);

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Commands a second, ascending; none above one that the primary cannot follow is tried.
    pub rates: Vec<u64>,
    /// How long each rate is timed.
    pub duration: Duration,
    /// How long it is sent before.
    pub warm_up: Duration,
    /// The client's core and the hot thread's; none where they have none of their own.
    pub cores: Option<(usize, usize)>,
    /// Whether these two are all that there are: the threads beside share the client's then.
    pub is_crowded: bool,
    /// Where journals lie meanwhile.
    pub folder: PathBuf,
    /// How they are written.
    pub journal: JournalSettings,
    /// Whether a shadow follows.
    pub shadow: bool,
    /// How long it may answer nothing of what it was sent before it is given up.
    pub patience: Duration,
    /// Set by whoever wants it to end early: with an error, and nothing left on the disk.
    pub is_cancelled: Arc<AtomicBool>,
}

/// How far the two cores were apart, and what else ran on them.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// None where there are no two cores.
    pub core_to_core: Option<CoreToCore>,
    /// Of the two cores.
    pub hiccups: Vec<Hiccups>,
}

/// What one rate came to.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Commands a second that were meant to be sent.
    pub rate: u64,
    /// Commands a second that were answered.
    pub answered: u64,
    /// Commands that found the ring full, of those that were sent while nothing but the whole was timed.
    pub full: u64,
    /// From core to core before and after, in nanoseconds.
    pub core_to_core_ns: Option<[u64; 2]>,
    /// The times, by stage: [`Stage::OUTSIDE`] from one run, [`Stage::INSIDE`] from the other.
    pub samples: Vec<(Stage, Samples)>,
}

impl Rate {
    /// Whether the primary, or the client, could not follow.
    pub const fn is_saturated(&self) -> bool {
        (self.answered as u128) * 100 < self.rate as u128 * FOLLOWS_PERCENT as u128
    }

    /// A stage's times; none of it where its run was not made.
    pub fn samples(&self, stage: Stage) -> Option<&Samples> {
        self.samples.iter().find(|(of, _)| *of == stage).map(|(_, samples)| samples)
    }
}

/// A measurement: of what, on what, and what it came to.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// What was asked for.
    pub plan: Plan,
    /// The machine.
    pub machine: Machine,
    /// Around it, before and after.
    pub surroundings: [Surroundings; 2],
    /// The rates, ascending; the last may be one that could not be followed.
    pub rates: Vec<Rate>,
}

/// Measures each rate twice, as a whole and by stages, and tells each to `progress`.
///
/// # Errors
/// A core was refused, or the primary halted; `TimedOut` where it takes nothing any more, most likely since the disk has no
/// room; `Interrupted` where it was cancelled.
pub fn sweep(plan: Plan, mut progress: impl FnMut(&Rate)) -> io::Result<Sweep> {
    let load = Load::new()?;
    let before = Surroundings::measure(plan.cores);
    let mut rates = Vec::new();
    for &rate in &plan.rates {
        let measured = measure(&load, &plan, rate)?;
        progress(&measured);
        let is_saturated = measured.is_saturated();
        rates.push(measured);
        if is_saturated {
            break;
        }
    }
    let surroundings = [before, Surroundings::measure(plan.cores)];
    Ok(Sweep { plan, machine: Machine::inspect(), surroundings, rates })
}

impl Surroundings {
    fn measure(cores: Option<(usize, usize)>) -> Self {
        let Some((a, b)) = cores else { return Self { core_to_core: None, hiccups: Vec::new() } };
        let hiccups = Hiccups::measure_all(&[a, b], HICCUPS_TIME).unwrap_or_default();
        Self { core_to_core: core_to_core::measure(a, b), hiccups }
    }
}

fn measure(load: &Load, plan: &Plan, rate: u64) -> io::Result<Rate> {
    let length = length(plan, rate);
    let apart = || plan.cores.and_then(|(a, b)| core_to_core::measure(a, b)).map(|apart| apart.median_ns);
    let before = apart();
    let outside = run(load, plan, (rate, length), View::Outside)?;
    let core_to_core_ns = before.zip(apart()).map(|(before, after)| [before, after]);
    let inside = run(load, plan, (rate, length), View::Inside)?;
    if outside.rejected + inside.rejected > 0 {
        return Err(io::Error::other("the primary rejected commands that it should accept"));
    }
    let Looped { mut samples, elapsed_ns, full, .. } = outside;
    samples.extend(inside.samples);
    let answered = u128::from(length.timed) * 1_000_000_000 / u128::from(elapsed_ns.max(1));
    // The last answer comes after the last beat by a latency: nobody answers faster than is asked.
    let answered = u64::try_from(answered).unwrap_or(u64::MAX).min(rate);
    Ok(Rate { rate, answered, full, core_to_core_ns, samples })
}

/// Beats and intervals of a run.
fn length(plan: &Plan, rate: u64) -> Length {
    let beats = |duration: Duration| (duration.as_nanos() * u128::from(rate)).div_ceil(1_000_000_000).max(1) as u64;
    let duration_ns = plan.duration.as_nanos() as u64;
    let interval_ns = duration_ns.div_ceil(INTERVALS_MAX).max(INTERVAL_MIN.as_nanos() as u64);
    Length {
        warm_up: beats(plan.warm_up),
        timed: beats(plan.duration),
        interval_ns,
        intervals: duration_ns.div_ceil(interval_ns).max(1) as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(rate: u64, answered: u64) -> Rate {
        Rate { rate, answered, full: 0, core_to_core_ns: None, samples: Vec::new() }
    }

    #[test]
    fn who_answers_one_of_a_hundred_too_late_cannot_follow() {
        for (asked, enough) in [(50, 50), (199, 198), (1_000_000, 990_000)] {
            assert!(!rate(asked, enough).is_saturated(), "{asked}");
            assert!(rate(asked, enough - 1).is_saturated(), "{asked}");
        }
    }
}
