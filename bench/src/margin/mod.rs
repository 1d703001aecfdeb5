//! What margin costs: novate that checks it beside novate that does not, on the same commands.
//!
//! Subject and peer run in turns on commands that are made beforehand, each from the same state in every run; only the
//! engine is timed. Where margin says nothing, both have to say the same events; on the flow both have to make the same
//! trades.
#![allow(clippy::float_arithmetic, reason = "figures about measurements, no state")]

mod flow;
pub(crate) mod flow_venue;
mod orders;
mod stage;
mod ticks;
mod venue;

use std::fmt;
use std::io;
use std::time::Duration;

use clap::ValueEnum;
use novate_core::terms::MarginModel;
use serde::Serialize;

use crate::duel::{Contestant, Round, Run, in_turns};
use crate::statistics::{difference_each, median, nanoseconds_each, rounded};

/// Rounds of a comparison that is to be published, at least.
pub const ROUNDS_MIN: u32 = 9;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// Flow A, each account with the model of futures.
    FlowFutures,
    /// Flow A, each account with the model of portfolios.
    FlowPortfolio,
    /// A side of a fill, with the model of futures.
    FillFutures,
    /// A side of a fill, with the model of portfolios.
    FillPortfolio,
    /// An order that is checked and finds nobody to trade with, with the model of futures.
    CheckFutures,
    /// The same with the model of portfolios.
    CheckPortfolio,
    /// The same where no floor is enough: margin is reckoned for every order.
    CheckFull,
    /// An order of one of 10,000 accounts in no order, with the model of portfolios.
    CheckFar,
    /// An order that rests and is cancelled, with the model of futures.
    RestFutures,
    /// The same with the model of portfolios.
    RestPortfolio,
    /// The slowest command while an index ticks, on which 1,000 instruments and 10,000 accounts depend.
    Ticks,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 11] = [
        Self::FlowFutures,
        Self::FlowPortfolio,
        Self::FillFutures,
        Self::FillPortfolio,
        Self::CheckFutures,
        Self::CheckPortfolio,
        Self::CheckFull,
        Self::CheckFar,
        Self::RestFutures,
        Self::RestPortfolio,
        Self::Ticks,
    ];

    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FlowFutures => "flow-futures",
            Self::FlowPortfolio => "flow-portfolio",
            Self::FillFutures => "fill-futures",
            Self::FillPortfolio => "fill-portfolio",
            Self::CheckFutures => "check-futures",
            Self::CheckPortfolio => "check-portfolio",
            Self::CheckFull => "check-full",
            Self::CheckFar => "check-far",
            Self::RestFutures => "rest-futures",
            Self::RestPortfolio => "rest-portfolio",
            Self::Ticks => "ticks",
        }
    }

    /// What it is compared with.
    pub const fn peer(self) -> PeerKind {
        match self {
            Self::Ticks => PeerKind::WithoutTicks,
            _ => PeerKind::WithoutMargin,
        }
    }

    /// What a reader of the case's rows should know.
    pub const fn note(self) -> &'static str {
        match self {
            Self::FlowFutures | Self::FlowPortfolio => {
                "64 accounts with cash enough; the peer's perpetual has no underlying either"
            }
            Self::FillFutures => "an order that sweeps 64 others of 64 accounts, its own check included; one perpetual",
            Self::FillPortfolio => "the same in an option; each account holds 40 options of 4 expiries",
            Self::CheckFutures => {
                "4 accounts in turn, which hold one perpetual; orders trade at once or not at all, and find nobody"
            }
            Self::CheckFull => "the same, and feeds are in doubt, so that margin is reckoned in full for every order",
            Self::CheckFar => {
                "as check-portfolio, for 10,000 accounts in no order, each of which holds 8 options of 4 expiries; 20,000 orders rest"
            }
            Self::RestFutures => "4 accounts in turn, which hold one perpetual; orders rest and are cancelled",
            Self::CheckPortfolio | Self::RestPortfolio => "the same, each account holds 40 options of 4 expiries",
            Self::Ticks => {
                "1,000 options of 4 expiries, 10,000 accounts that hold 8 each; 1,000 ticks, 9 orders or cancels behind \
                 each; of each command the least of 20 runs"
            }
        }
    }

    /// Prepares both.
    fn duel(self, plan: Plan) -> io::Result<Duel> {
        match self {
            Self::FlowFutures => flow::duel(MarginModel::Futures, plan),
            Self::FlowPortfolio => flow::duel(MarginModel::Portfolio, plan),
            Self::FillFutures => orders::fill(MarginModel::Futures, plan),
            Self::FillPortfolio => orders::fill(MarginModel::Portfolio, plan),
            Self::CheckFutures => orders::check(MarginModel::Futures, plan),
            Self::CheckPortfolio => orders::check(MarginModel::Portfolio, plan),
            Self::CheckFull => orders::check_full(plan),
            Self::CheckFar => orders::check_far(plan),
            Self::RestFutures => orders::rest(MarginModel::Futures, plan),
            Self::RestPortfolio => orders::rest(MarginModel::Portfolio, plan),
            Self::Ticks => ticks::duel(plan),
        }
    }
}

/// What a case is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeerKind {
    /// Novate in a shard that checks no margin.
    WithoutMargin,
    /// Novate with the same orders, and no ticks between them.
    WithoutTicks,
}

impl PeerKind {
    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WithoutMargin => "without margin",
            Self::WithoutTicks => "without ticks",
        }
    }
}

/// How comparisons run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Whether runs are short.
    pub is_quick: bool,
}

impl Plan {
    /// A tenth in a quick run.
    const fn units(self, full: usize) -> usize {
        if self.is_quick { full / 10 } else { full }
    }
}

/// What a case should come to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Goal {
    /// The ratio is at most this.
    Ratio(f64),
    /// Novate takes at most so many nanoseconds more than the peer.
    Extra(f64),
    /// Nothing was set.
    Open,
}

impl Goal {
    fn is_reached(self, row: &Row) -> bool {
        match self {
            Self::Ratio(most) => row.ratio <= most,
            Self::Extra(most) => row.extra_ns <= most,
            Self::Open => true,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(most) => write!(f, "ratio {most}"),
            Self::Extra(most) => write!(f, "{most} ns more"),
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
    ticks: Option<Ticks>,
}

/// What else there is to say of the case `ticks`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ticks {
    /// Commands from when a pass began until the next publication, at most: so old was what was in force.
    pub age_commands: u64,
    /// What that may be at most.
    pub age_bound: u64,
    /// Publications.
    pub publications: u64,
    /// Arrays that a command made, at most.
    pub arrays: u32,
    /// Records that the sweep added up in a command, at most.
    pub records: u32,
}

/// One comparison's result; the fields are the keys of its JSON form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Always `margin`.
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
    /// The median over rounds of novate's time divided by the peer's in the same round.
    pub ratio: f64,
    /// The median over rounds of novate's time per unit less the peer's in the same round.
    pub extra_ns: f64,
    /// Rounds that the medians are over.
    pub rounds: u32,
    /// The digest of all events.
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
    /// Whether both did what they should, in every round.
    pub verified: bool,
    /// What else there is to say of the case `ticks`.
    #[serde(flatten)]
    pub ticks: Option<Ticks>,
}

/// Compares a case with its peer, and tells each round to `progress`.
///
/// # Errors
/// There is no memory for one of the two, or it could not run.
pub fn compare(case: Case, plan: Plan, rounds: u32, mut progress: impl FnMut(&Round)) -> io::Result<Row> {
    let mut duel = case.duel(plan)?;
    let (mut taken, mut hashes, mut verified) = (Vec::new(), Vec::new(), true);
    for index in 0..rounds {
        let outcome = in_turns(index, duel.units, duel.subject.as_mut(), duel.peer.as_mut())?;
        progress(&outcome.round);
        taken.push(outcome.round);
        verified &= outcome.is_right;
        hashes.push(outcome.hash);
    }
    verified &= hashes.iter().all(|hash| *hash == hashes[0]);
    let median = |of: &dyn Fn(&Round) -> f64| rounded(median(taken.iter().map(of)));
    let each = |elapsed: Duration| nanoseconds_each(elapsed, duel.units);
    let mut row = Row {
        suite: "margin",
        case: case.name(),
        subject: "novate",
        peer: case.peer().name(),
        subject_ns: median(&|round| each(round.subject)),
        peer_ns: median(&|round| each(round.peer)),
        ratio: median(&Round::ratio),
        extra_ns: median(&|round| difference_each(round.subject, round.peer, duel.units)),
        rounds,
        hash: hashes.pop().unwrap_or_default(),
        unit: duel.unit,
        units: duel.units,
        goal: duel.goal.to_string(),
        reached: false,
        quick: plan.is_quick,
        verified,
        ticks: duel.ticks,
    };
    row.reached = duel.goal.is_reached(&row);
    Ok(row)
}
