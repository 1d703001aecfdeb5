//! Pricing kernels compared: prices and Greeks, implied volatilities, and risk arrays, on each level of instructions that
//! the machine has, beside formulas in scalar code and published crates.
//!
//! Subject and peer run in turns on the same seeded options, and everything that either computes is looked at outside of
//! its time: novate has to have the bits of its level without vectors, prices of others have to agree with them, and a
//! volatility has to be the one that its quote was made from, as far as the price says it.
#![allow(clippy::float_arithmetic, reason = "prices and figures about measurements, no state")]

mod greeks;
mod grid;
mod implied;
mod risk;
mod scalar;

use std::fmt;
use std::io;
use std::time::Duration;

use clap::ValueEnum;
use novate_core::digest::Hash256;
use novate_core::pricing::Level;
use serde::Serialize;

use self::implied::Kind;
use crate::duel::{Contestant, Round, Run, in_turns};
use crate::statistics::{median, nanoseconds_each, rounded};

/// Rounds of a comparison that is to be published, at least.
pub const ROUNDS_MIN: u32 = 9;
/// The part by which what others compute may differ.
const PART: f64 = 1e-9;
/// How exact N(x) is in scalar formulas.
const ROUNDING: f64 = 1e-13;
/// Numbers as small as this are zero to some, and have lost bits to others.
const TINY: f64 = 1e-290;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// Prices of call and put; delta, gamma, vega and theta of the call.
    Greeks,
    /// Implied volatilities of quotes out of the money, near the forward.
    Implied,
    /// Implied volatilities of quotes in the money, or far out of it.
    ImpliedFar,
    /// An option's value now and under 32 scenarios.
    RiskArray,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 4] = [Self::Greeks, Self::Implied, Self::ImpliedFar, Self::RiskArray];

    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Greeks => "greeks",
            Self::Implied => "implied",
            Self::ImpliedFar => "implied-far",
            Self::RiskArray => "risk-array",
        }
    }

    /// What it is compared with: whoever can do the same.
    pub const fn peers(self) -> &'static [PeerKind] {
        match self {
            Self::Greeks => &[PeerKind::Scalar, PeerKind::Black76],
            Self::Implied | Self::ImpliedFar => &[PeerKind::ImpliedVol],
            Self::RiskArray => &[PeerKind::Scalar],
        }
    }

    /// What a reader of the case's rows should know.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Greeks => {
                "batches of 16 to 120 options of an expiry; scalar is the textbook with std's ln, exp and sqrt, two erfc of \
                 libm, and parity; black-76 has no batches, N(x) to ten digits, and parity too"
            }
            Self::Implied => "calls and puts out of the money by at most three deviations, one by one, without rate",
            Self::ImpliedFar => {
                "all other quotes, down to 1e-290 of the forward, whose price says two digits of the volatility"
            }
            Self::RiskArray => {
                "one option, 35 prices; what its expiry shares is prepared once for 16 to 120 options, in the time of both; \
                 scalar as above, prices only"
            }
        }
    }

    /// Prepares a comparison with one of its peers.
    fn duel(self, level: Level, peer: PeerKind, plan: Plan) -> io::Result<Duel> {
        match self {
            Self::Greeks => greeks::duel(level, peer, plan),
            Self::Implied => Ok(implied::duel(level, Kind::Near, plan)),
            Self::ImpliedFar => Ok(implied::duel(level, Kind::Far, plan)),
            Self::RiskArray => Ok(risk::duel(level, plan)),
        }
    }
}

/// What a case is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeerKind {
    /// The formulas, in scalar code.
    Scalar,
    /// The crate `black-76`.
    #[value(name = "black-76")]
    Black76,
    /// The crate `implied-vol`, with its default solver.
    ImpliedVol,
}

impl PeerKind {
    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Black76 => "black-76",
            Self::ImpliedVol => "implied-vol",
        }
    }
}

/// The name of a level in rows.
pub const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Software => "software",
        Level::Avx2 => "avx2",
        Level::Avx512 => "avx512",
    }
}

/// How comparisons run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Whether runs are short.
    pub is_quick: bool,
}

impl Plan {
    /// How often a run goes over its options.
    const fn passes(self, full: usize) -> usize {
        if self.is_quick { 1 } else { full }
    }
}

/// What a case should come to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Goal {
    /// The ratio is at most this.
    Ratio(f64),
    /// Novate takes at most so many nanoseconds.
    Subject(f64),
    /// Nothing was set.
    Open,
}

impl Goal {
    fn is_reached(self, row: &Row) -> bool {
        match self {
            Self::Ratio(most) => row.ratio <= most,
            Self::Subject(most) => row.subject_ns <= most,
            Self::Open => true,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(most) => write!(f, "ratio {most}"),
            Self::Subject(most) => write!(f, "{most} ns"),
            Self::Open => f.write_str("none"),
        }
    }
}

/// Two contestants, and what their times are of.
struct Duel {
    unit: &'static str,
    units: usize,
    goal: Goal,
    subject: Box<dyn Contestant>,
    peer: Box<dyn Contestant>,
}

/// One comparison's result; the fields are the keys of its JSON form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Always `pricing`.
    pub suite: &'static str,
    /// The case's name.
    pub case: &'static str,
    /// Novate's instructions: `software`, `avx2` or `avx512`.
    pub level: &'static str,
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
    pub unit: &'static str,
    /// Units in one round.
    pub units: usize,
    /// What it should come to.
    pub goal: String,
    /// Whether it does.
    pub reached: bool,
    /// Whether this was a quick run, whose figures are not for publication.
    pub quick: bool,
    /// Whether both computed what they should, in every round.
    pub verified: bool,
}

/// Compares a case with one of its peers on a level, and tells each round to `progress`.
///
/// # Errors
/// The case has no such peer, or a contestant could not run.
pub fn compare(
    (case, level, peer): (Case, Level, PeerKind),
    plan: Plan,
    rounds: u32,
    mut progress: impl FnMut(&Round),
) -> io::Result<Row> {
    if !case.peers().contains(&peer) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the case has no such peer"));
    }
    let mut duel = case.duel(level, peer, plan)?;
    let (mut taken, mut hashes, mut verified) = (Vec::new(), Vec::new(), true);
    for index in 0..rounds {
        let outcome = in_turns(index, duel.units, duel.subject.as_mut(), duel.peer.as_mut())?;
        progress(&outcome.round);
        taken.push(outcome.round);
        verified &= outcome.is_right;
        hashes.push(outcome.hash);
    }
    verified &= hashes.iter().all(|hash| *hash == hashes[0]);
    let each = |elapsed: &dyn Fn(&Round) -> Duration| {
        rounded(median(taken.iter().map(|round| nanoseconds_each(elapsed(round), duel.units))))
    };
    let mut row = Row {
        suite: "pricing",
        case: case.name(),
        level: level_name(level),
        subject: "novate",
        peer: peer.name(),
        subject_ns: each(&|round| round.subject),
        peer_ns: each(&|round| round.peer),
        ratio: rounded(median(taken.iter().map(Round::ratio))),
        rounds,
        hash: hashes.pop().unwrap_or_default(),
        unit: duel.unit,
        units: duel.units,
        goal: duel.goal.to_string(),
        reached: false,
        quick: plan.is_quick,
        verified,
    };
    row.reached = duel.goal.is_reached(&row);
    Ok(row)
}

/// Of the bits of all numbers.
fn hash<C: AsRef<[f64]>>(columns: &[C]) -> String {
    let bytes: Vec<&[u8]> = columns.iter().map(|column| bytemuck::cast_slice(column.as_ref())).collect();
    Hash256::of("novate prices compared 1", &bytes).to_string()
}

/// Whether what another has found is what novate found, or off by no more than rounding was in what it is the difference
/// of. What is not a number is not.
fn agree(found: f64, expected: f64, rounding: f64) -> bool {
    (found - expected).abs() <= PART * expected.abs() + rounding + TINY
}
