//! Comparisons: novate and a peer execute the same flow in turns, and the medians become a row.

use std::io;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::flow_c::FlowC;
use crate::machine::waited;
use crate::novate::Novate;
use crate::peers::{Contender, Lobster, Matchcore, Measured, OrderbookRs, Prepared};
use crate::statistics::{median, nanoseconds_each, ratio, rounded};
use crate::workload::{Expected, Flow, FlowSpec, Tally};

/// Rounds of a comparison that is to be published, at least.
pub const ROUNDS_MIN: u32 = 5;

/// The flow to compare on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// A book of 10,000 orders.
    #[value(name = "A")]
    A,
    /// A book of 1,000,000 orders.
    #[value(name = "B")]
    B,
    /// A book of 10,000 orders of kinds that no peer has: novate beside itself on flow A.
    #[value(name = "C")]
    C,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }

    /// The flow; the quick one is cut short and, for B, begins with a tenth of the orders.
    pub const fn spec(self, is_quick: bool) -> FlowSpec {
        match (self, is_quick) {
            (Self::A, false) => FlowSpec::A,
            (Self::B, false) => FlowSpec::B,
            (Self::C, false) => FlowSpec::C,
            (Self::A, true) => FlowSpec::A.with_commands(200_000),
            (Self::B, true) => FlowSpec { live_orders: 100_000, ..FlowSpec::B.with_commands(200_000) },
            (Self::C, true) => FlowSpec::C.with_commands(200_000),
        }
    }

    /// What the flow has to be; nothing for the quick ones.
    pub fn published(self, is_quick: bool) -> Option<Published> {
        let (hash, trades, volume_lots, digest) = match (self, is_quick) {
            (_, true) => return None,
            (Self::A, false) => (
                "618b66a596c73ba0c69d1d6d9d6ee254c48edab5cce42a201c979ee4f02d1e85",
                579_465,
                12_038_204,
                8_977_490_061_870_962_954,
            ),
            (Self::B, false) => (
                "7dc3a4dfdc3b0008c9ab607f8411e5f3a6b74d0d22659093f13248811c0af557",
                411_351,
                7_283_067,
                12_439_252_024_834_855_503,
            ),
            (Self::C, false) => (
                "facc565973e9c4bc2c5c104a8b760efc09659c204d58822a012db7a876975e2b",
                699_945,
                17_943_763,
                16_205_213_486_185_778_027,
            ),
        };
        Some(Published { hash: hash.to_owned(), tally: Tally { trades, volume_lots, digest } })
    }
}

/// What is known of a flow whose figures are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Of [`Flow::hash`] or [`FlowC::hash`], in hexadecimal.
    pub hash: String,
    /// Novate's trades.
    pub tally: Tally,
}

/// A published engine to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeerKind {
    /// The crate `matchcore`.
    Matchcore,
    /// The crate `lobster`.
    Lobster,
    /// The crate `orderbook-rs`.
    OrderbookRs,
}

impl PeerKind {
    /// Every peer.
    pub const ALL: [Self; 3] = [Self::Matchcore, Self::Lobster, Self::OrderbookRs];

    /// The crate's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matchcore => "matchcore",
            Self::Lobster => "lobster",
            Self::OrderbookRs => "orderbook-rs",
        }
    }

    fn prepare<'f>(self, flow: &'f Flow) -> Box<dyn Contender + 'f> {
        match self {
            Self::Matchcore => Box::new(Prepared::<Matchcore>::new(flow)),
            Self::Lobster => Box::new(Prepared::<Lobster>::new(flow)),
            Self::OrderbookRs => Box::new(Prepared::<OrderbookRs>::new(flow)),
        }
    }
}

/// One comparison's result; the fields are the keys of its JSON form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was compared: `book`.
    pub suite: &'static str,
    /// The flow's name.
    pub case: &'static str,
    /// Always `novate`.
    pub subject: &'static str,
    /// The peer's crate; in case C `novate on A`.
    pub peer: &'static str,
    /// Novate's median time per command.
    pub subject_ns: f64,
    /// The peer's median time per command of the flow.
    pub peer_ns: f64,
    /// The median over rounds of novate's time divided by the peer's in the same round; below 1 novate is faster.
    pub ratio: f64,
    /// Rounds that the medians are over.
    pub rounds: u32,
    /// Novate's events digest after the last command.
    pub hash: String,
    /// Measured commands of the flow.
    pub commands: usize,
    /// Novate's trades.
    pub trades: u64,
    /// Novate's traded lots.
    pub volume: u64,
    /// The peer's trades.
    pub peer_trades: u64,
    /// The peer's traded lots.
    pub peer_volume: u64,
    /// Whether this was a quick run, whose figures are not for publication.
    pub quick: bool,
    /// Whether both did what their rules demand: novate's trades are the reference book's (on flow C those from when
    /// the flow was made), and the peer's are those of a reference book with the rules in which the peer differs.
    pub verified: bool,
    /// Why the peer's trades differ, or what went wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A flow with novate ready to run it.
#[derive(Debug)]
pub struct Comparison<'f> {
    case: Case,
    is_quick: bool,
    /// The peers' flow.
    flow: &'f Flow,
    novate: Novate,
    /// Novate's measured commands, and what they trade.
    commands: usize,
    tally: Tally,
}

/// What [`Comparison::against_flow_a`] calls the peer.
pub const FLOW_A: &str = "novate on A";

impl<'f> Comparison<'f> {
    /// Prepares novate for a case's flow.
    ///
    /// # Errors
    /// If there is no memory for the arena, or if the flow is not the published one.
    pub fn new(case: Case, is_quick: bool, flow: &'f Flow) -> io::Result<Self> {
        let novate = Novate::new(flow)?;
        let tally = novate.expected(flow).tally;
        check_published(case, is_quick, &Published { hash: flow.hash().to_string(), tally })?;
        Ok(Self { case, is_quick, flow, novate, commands: flow.measured().len(), tally })
    }

    /// Prepares novate for flow C, and flow A to compare it with.
    ///
    /// # Errors
    /// If there is no memory for the arena, or if flow C is not the published one.
    pub fn with_flow_c(is_quick: bool, flow: &FlowC, flow_a: &'f Flow) -> io::Result<Self> {
        let tally = flow.summary().tally;
        check_published(Case::C, is_quick, &Published { hash: flow.hash().to_string(), tally })?;
        let (novate, commands) = (Novate::with_flow_c(flow)?, flow.commands().1);
        Ok(Self { case: Case::C, is_quick, flow: flow_a, novate, commands, tally })
    }

    /// Bytes of novate's arena, and how many of them lie on huge pages once it ran.
    pub fn memory_bytes(&self) -> (usize, usize) {
        self.novate.memory_bytes()
    }

    /// Runs novate and the peer in turns, in the other order every second round, and tells each round to `progress`.
    ///
    /// # Errors
    /// If novate cannot run the flow.
    pub fn against(&mut self, peer: PeerKind, rounds: u32, progress: impl FnMut(&Round)) -> io::Result<Row> {
        self.in_turns(peer.name(), peer.prepare(self.flow).as_mut(), rounds, progress)
    }

    /// As [`Comparison::against`], with novate itself on flow A in the peer's place: flow C has no peers.
    ///
    /// # Errors
    /// If novate cannot run one of the flows.
    pub fn against_flow_a(&mut self, rounds: u32, progress: impl FnMut(&Round)) -> io::Result<Row> {
        let mut on_a = Novate::new(self.flow)?;
        self.in_turns(FLOW_A, &mut on_a, rounds, progress)
    }

    fn in_turns(
        &mut self,
        name: &'static str,
        contender: &mut dyn Contender,
        rounds: u32,
        mut progress: impl FnMut(&Round),
    ) -> io::Result<Row> {
        let mut measured = Vec::new();
        for index in 0..rounds {
            let waited_before = waited();
            let (subject, peer) = if index % 2 == 0 {
                let subject = self.novate.run()?;
                (subject, contender.run()?)
            } else {
                let peer = contender.run()?;
                (self.novate.run()?, peer)
            };
            let round = Round { index, subject, peer, waited: waited().saturating_sub(waited_before) };
            progress(&round);
            measured.push(round);
        }
        Ok(self.row(name, contender, &measured))
    }

    fn row(&self, name: &'static str, peer: &dyn Contender, rounds: &[Round]) -> Row {
        let commands = self.commands;
        let median_ns = |elapsed: &dyn Fn(&Round) -> Duration| {
            rounded(median(rounds.iter().map(|round| nanoseconds_each(elapsed(round), commands))))
        };
        let peer_expected = peer.expected(self.flow);
        let first = rounds.first();
        let subject_agrees = rounds.iter().all(|round| {
            round.subject.tally == self.tally && Some(&round.subject.hash) == first.map(|f| &f.subject.hash)
        });
        let peer_agrees = rounds.iter().all(|round| round.peer.tally == peer_expected.tally);
        let note = match (subject_agrees, peer_agrees) {
            (false, _) if self.case == Case::C => "WRONG: novate's trades are not those that made the flow".to_owned(),
            (false, _) => "WRONG: novate's trades are not the reference book's".to_owned(),
            (_, false) => "WRONG: the peer's trades are not what its rules explain".to_owned(),
            _ if self.case == Case::C => {
                "no peer has these orders: the ratio is to novate's own time on flow A".to_owned()
            }
            _ => note(peer.note(), &peer_expected),
        };
        let (trades, volume) = first.map_or((0, 0), |f| (f.subject.tally.trades, f.subject.tally.volume_lots));
        let (peer_trades, peer_volume) = first.map_or((0, 0), |f| (f.peer.tally.trades, f.peer.tally.volume_lots));
        Row {
            suite: "book",
            case: self.case.name(),
            subject: self.novate.name(),
            peer: name,
            subject_ns: median_ns(&|round| round.subject.elapsed),
            peer_ns: median_ns(&|round| round.peer.elapsed),
            ratio: rounded(median(rounds.iter().map(Round::ratio))),
            rounds: rounds.len() as u32,
            hash: first.map(|f| f.subject.hash.clone()).unwrap_or_default(),
            commands,
            trades,
            volume,
            peer_trades,
            peer_volume,
            quick: self.is_quick,
            verified: subject_agrees && peer_agrees,
            note,
        }
    }
}

/// A flow whose figures are published has to be the published one.
fn check_published(case: Case, is_quick: bool, made: &Published) -> io::Result<()> {
    match case.published(is_quick) {
        Some(published) if published != *made => Err(io::Error::other(format!(
            "flow {} is not the published one: its generator or a rule was changed; it is {made:?}",
            case.name()
        ))),
        _ => Ok(()),
    }
}

/// Both contenders' runs of one round.
#[derive(Clone, Debug)]
pub struct Round {
    /// Which round, from 0.
    pub index: u32,
    /// Novate's run.
    pub subject: Measured,
    /// The peer's run.
    pub peer: Measured,
    /// How long both together, the filling of books included, were kept from running by others.
    pub waited: Duration,
}

impl Round {
    /// Novate's time divided by the peer's.
    pub fn ratio(&self) -> f64 {
        ratio(self.subject.elapsed, self.peer.elapsed)
    }
}

/// The peer's difference, and what it does to the flow.
fn note(difference: &str, expected: &Expected) -> String {
    if difference.is_empty() {
        return "same trades in the same order".to_owned();
    }
    match expected.commands_without_order {
        0 => difference.to_owned(),
        gone => format!("{difference}; {gone} cancels and reductions find their order gone"),
    }
}
