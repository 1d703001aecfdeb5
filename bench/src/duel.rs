//! Two contestants that run in turns, in the other order every second round.

use std::io;
use std::time::Duration;

use crate::machine::waited;
use crate::statistics::ratio;

/// One run of a contestant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// How long all units took together; of a percentile, how long that one took.
    pub(crate) elapsed: Duration,
    /// What was computed, in hexadecimal.
    pub(crate) hash: String,
    /// Whether that is what was to be computed.
    pub(crate) is_right: bool,
}

/// Whoever takes part in a comparison, prepared so that it can run as often as wanted.
pub(crate) trait Contestant {
    /// Does everything once; only what is compared is timed.
    fn run(&mut self) -> io::Result<Run>;
}

/// Both contestants' times of one round.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Which round, from 0.
    pub index: u32,
    /// Units in each of the times.
    pub units: usize,
    /// Novate's time.
    pub subject: Duration,
    /// The peer's time.
    pub peer: Duration,
    /// How long both together, their preparation included, were kept from running by others.
    pub waited: Duration,
}

impl Round {
    /// Novate's time divided by the peer's.
    pub fn ratio(&self) -> f64 {
        ratio(self.subject, self.peer)
    }
}

/// A round, and what came of it besides times.
pub(crate) struct Outcome {
    pub(crate) round: Round,
    /// Of what novate computed.
    pub(crate) hash: String,
    /// Whether both computed what they should.
    pub(crate) is_right: bool,
}

/// Runs both once; `units` are in each of their times.
pub(crate) fn in_turns(
    index: u32,
    units: usize,
    subject: &mut dyn Contestant,
    peer: &mut dyn Contestant,
) -> io::Result<Outcome> {
    let waited_before = waited();
    let (own, other) = if index.is_multiple_of(2) {
        let own = subject.run()?;
        (own, peer.run()?)
    } else {
        let other = peer.run()?;
        (subject.run()?, other)
    };
    let waited = waited().saturating_sub(waited_before);
    let round = Round { index, units, subject: own.elapsed, peer: other.elapsed, waited };
    Ok(Outcome { round, hash: own.hash, is_right: own.is_right && other.is_right })
}
