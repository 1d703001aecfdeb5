//! Comparisons of the journal: what it costs beside memory, files and logs that do less, or the same.
//!
//! Each [case](Case) has one peer or more. Subject and peer run in turns, in the other order every second round, and the
//! medians become a row. Whatever a run computed is looked at afterwards, outside of its time: commands are read back from
//! the journal, states are compared by their digests. Files lie in a temporary folder that goes away.

mod append;
mod bare;
mod digest;
mod durable;
mod logs;
mod looped;
mod pace;
mod place;
mod recovery;
mod replayed;
mod story;

use std::io;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::duel::{Contestant, Run, in_turns};
use crate::statistics::{difference_each, median, nanoseconds_each, rounded};

pub(crate) use self::place::Empty;
pub use self::place::Place;
pub use crate::duel::Round;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// Appending commands, beside bare stores of as many bytes.
    Append,
    /// The engine's loop with a journal, beside the same loop without.
    Loop,
    /// The 99th percentile of single appends at a steady pace while a flusher works, beside bare stores.
    P99,
    /// Replaying a journal, beside the same commands from memory.
    Replay,
    /// Groups of commands made durable, beside files and logs.
    Durable,
    /// Bringing the state digest up to date, beside hashing one by one.
    Digest,
    /// Coming back from a snapshot, beside a full replay.
    Recovery,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 7] =
        [Self::Append, Self::Loop, Self::P99, Self::Replay, Self::Durable, Self::Digest, Self::Recovery];

    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Loop => "loop",
            Self::P99 => "p99",
            Self::Replay => "replay",
            Self::Durable => "durable",
            Self::Digest => "digest",
            Self::Recovery => "recovery",
        }
    }

    /// What it is compared with.
    pub const fn peers(self) -> &'static [PeerKind] {
        match self {
            Self::Append | Self::P99 => &[PeerKind::BareStores],
            Self::Loop => &[PeerKind::NoJournal],
            Self::Replay => &[PeerKind::Memory],
            Self::Durable => &[PeerKind::Fdatasync, PeerKind::Okaywal, PeerKind::Commitlog],
            Self::Digest => &[PeerKind::OneByOne],
            Self::Recovery => &[PeerKind::FullReplay],
        }
    }

    /// Prepares the comparisons with one of its peers.
    fn duels(self, peer: PeerKind, place: &Place) -> io::Result<Vec<Duel>> {
        match self {
            Self::Append => Ok(vec![append::duel(place)]),
            Self::Loop => Ok(vec![looped::duel(place)?]),
            Self::P99 => Ok(pace::duels(place)),
            Self::Replay => Ok(vec![replayed::duel(place)?]),
            Self::Durable => Ok(vec![durable::duel(place, peer)]),
            Self::Digest => Ok(vec![digest::duel(place)]),
            Self::Recovery => Ok(vec![recovery::duel(place)?]),
        }
    }
}

/// What a case is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeerKind {
    /// As many bytes stored to a mapping that was made the same way, and nothing else.
    BareStores,
    /// The same loop without a journal.
    NoJournal,
    /// The same commands from memory.
    Memory,
    /// `write` and `fdatasync` on a file that has its size.
    Fdatasync,
    /// The crate `okaywal`.
    Okaywal,
    /// The crate `commitlog`.
    Commitlog,
    /// One path after the other, one hash at a time.
    OneByOne,
    /// A replay of the whole journal.
    FullReplay,
}

impl PeerKind {
    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BareStores => "bare stores",
            Self::NoJournal => "no journal",
            Self::Memory => "memory",
            Self::Fdatasync => "fdatasync",
            Self::Okaywal => "okaywal",
            Self::Commitlog => "commitlog",
            Self::OneByOne => "one by one",
            Self::FullReplay => "full replay",
        }
    }
}

/// What a case should come to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Goal {
    /// The ratio is at most this.
    Ratio(f64),
    /// The subject takes at most so many nanoseconds more than the peer.
    Added(f64),
    /// The subject takes at most so many nanoseconds.
    Subject(f64),
    /// Nothing was set.
    Open,
}

impl Goal {
    fn is_reached(self, row: &Row) -> bool {
        match self {
            Self::Ratio(most) => row.ratio <= most,
            Self::Added(most) => row.difference_ns <= most,
            Self::Subject(most) => row.subject_ns <= most,
            Self::Open => true,
        }
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ratio(most) => write!(f, "ratio {most}"),
            Self::Added(most) => write!(f, "{most} ns more"),
            Self::Subject(most) => write!(f, "{most} ns"),
            Self::Open => f.write_str("none"),
        }
    }
}

/// Two contestants, and what their times are of.
struct Duel {
    /// What the figures are of.
    unit: String,
    /// How many units are in one run's time.
    units: usize,
    goal: Goal,
    /// What a reader of the row should know.
    note: &'static str,
    subject: Box<dyn Contestant>,
    peer: Box<dyn Contestant>,
}

/// One comparison's result; the fields are the keys of its JSON form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Always `journal`.
    pub suite: &'static str,
    /// The case's name.
    pub case: &'static str,
    /// Always `novate`.
    pub subject: &'static str,
    /// What it is compared with.
    pub peer: &'static str,
    /// Novate's median time per unit.
    pub subject_ns: f64,
    /// The peer's.
    pub peer_ns: f64,
    /// The median over rounds of novate's time divided by the peer's in the same round; below 1 novate is faster.
    pub ratio: f64,
    /// Rounds that the medians are over.
    pub rounds: u32,
    /// Of what novate computed.
    pub hash: String,
    /// What the times are of.
    pub unit: String,
    /// Units in one round.
    pub units: usize,
    /// The median over rounds of novate's time per unit less the peer's.
    pub difference_ns: f64,
    /// What it should come to.
    pub goal: String,
    /// Whether it does.
    pub reached: bool,
    /// Whether this was a quick run, whose figures are not for publication.
    pub quick: bool,
    /// Whether both computed what they should, in every round.
    pub verified: bool,
    /// What else is to be known.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub note: &'static str,
}

/// Compares a case with one of its peers, and tells each round to `progress`: one row, or several where there are several
/// paces.
///
/// # Errors
/// The disk has no room, or a contestant could not run.
pub fn compare(
    (case, peer): (Case, PeerKind),
    place: &Place,
    rounds: u32,
    mut progress: impl FnMut(&Round),
) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for mut duel in case.duels(peer, place)? {
        let (mut taken, mut hashes, mut is_right) = (Vec::new(), Vec::new(), true);
        for index in 0..rounds {
            let outcome = in_turns(index, duel.units, duel.subject.as_mut(), duel.peer.as_mut())?;
            progress(&outcome.round);
            taken.push(outcome.round);
            is_right &= outcome.is_right;
            hashes.push(outcome.hash);
        }
        is_right &= hashes.iter().all(|hash| *hash == hashes[0]);
        let hash = hashes.pop().unwrap_or_default();
        rows.push(row((case, peer), place.is_quick(), &duel, &taken, (hash, is_right)));
    }
    Ok(rows)
}

fn row(
    (case, peer): (Case, PeerKind),
    quick: bool,
    duel: &Duel,
    rounds: &[Round],
    (hash, verified): (String, bool),
) -> Row {
    let each = |elapsed: &dyn Fn(&Round) -> Duration| {
        rounded(median(rounds.iter().map(|round| nanoseconds_each(elapsed(round), duel.units))))
    };
    let differences = rounds.iter().map(|round| difference_each(round.subject, round.peer, duel.units));
    let mut row = Row {
        suite: "journal",
        case: case.name(),
        subject: "novate",
        peer: peer.name(),
        subject_ns: each(&|round| round.subject),
        peer_ns: each(&|round| round.peer),
        ratio: rounded(median(rounds.iter().map(Round::ratio))),
        rounds: rounds.len() as u32,
        hash,
        unit: duel.unit.clone(),
        units: duel.units,
        difference_ns: rounded(median(differences)),
        goal: duel.goal.to_string(),
        reached: false,
        quick,
        verified,
        note: duel.note,
    };
    row.reached = duel.goal.is_reached(&row);
    row
}
