//! A whole primary - ring, journal, engine, events - beside the bare book, on the same flow.
//!
//! One thread feeds the ring as fast as it takes, another is the hot one, on cores of their own where there are two. The journal
//! lies in segments that are made before the clock runs, so that no disk is waited for; nothing is flushed meanwhile but
//! what the system writes back by itself. There is no shadow, and nobody reads the events: what the hot thread does is
//! measured. Where two cores are all there are, the threads beside the writer share the feeder's.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use novate_core::command::{Command, RawCommand};
use novate_core::digest::Hash256;
use novate_core::genesis::Genesis;
use novate_core::ring::{PushError, Spin, Wait, mpsc};
use novate_core::terms::MarginModel;
use novate_journal::format::header::SEGMENT_BYTES_MAX;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Halt, Replay, Watch};
use novate_journal::storage::Storage;
use novate_journal::writer::{Durability, Settings as JournalSettings};
use novate_replica::affinity::Cores;
use novate_replica::clock::SubmittedTime;
use novate_replica::primary::{Primary, Settings, WorkWhen};
use novate_replica::wait::Waiting;
use serde::Serialize;

use crate::compare;
use crate::duel::{Contestant, Outcome, Round, Run, in_turns};
use crate::journal::{Empty, Place};
use crate::margin::flow_venue;
use crate::novate::{COMMAND_INTERVAL_NS, EventRing, Novate, Told, owners};
use crate::peers::{Contender, Measured};
use crate::placement::{Distance, Placement, median_of, placed};
use crate::statistics::{median, nanoseconds_each, rounded, times};
use crate::workload::{Flow, Rules, Tally};

/// How much longer the pipeline may take than the bare book.
const GOAL_RATIO: f64 = 2.0;
/// How many commands a second there are to be with margin.
const GOAL_MARGINED: f64 = 8e6;
/// Time from the set-up's begin to its last command, before which the one timer comes that marks the perpetual.
const SET_UP_NS: u64 = 1_000_000_000_000;
/// Bytes of a segment for each command: one holds them all, with their seals, so that none is made while the clock runs.
const BYTES_A_COMMAND: u64 = 136;
/// Segments that are made before the clock runs: the first, and two ahead, after which nobody makes any.
const SEGMENTS_READY: u32 = 3;
/// How long making them may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// The flow to compare on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// A book of 10,000 orders.
    #[value(name = "A")]
    A,
    /// A book of 1,000,000 orders.
    #[value(name = "B")]
    B,
    /// A book of 10,000 orders with margin checked on each, by the model of futures; the bare book checks none.
    #[value(name = "A-margin")]
    AMargin,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::AMargin];

    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::AMargin => "A-margin",
        }
    }

    const fn flow(self) -> compare::Case {
        match self {
            Self::A | Self::AMargin => compare::Case::A,
            Self::B => compare::Case::B,
        }
    }

    const fn is_margined(self) -> bool {
        matches!(self, Self::AMargin)
    }

    /// What the case should come to.
    fn goal(self) -> String {
        match self {
            Self::A | Self::B => format!("ratio {GOAL_RATIO}"),
            Self::AMargin => format!("{GOAL_MARGINED} commands/s"),
        }
    }

    fn is_reached(self, row: &Row) -> bool {
        match self {
            Self::A | Self::B => row.ratio <= GOAL_RATIO,
            Self::AMargin => row.commands_per_second >= GOAL_MARGINED,
        }
    }

    fn told(self, flow: &Flow) -> io::Result<Told> {
        if !self.is_margined() {
            return Told::of(flow);
        }
        let set_up = flow_venue::set_up_records(&owners(), MarginModel::Futures);
        Told::behind(flow, flow_venue::genesis_of(flow), set_up)
    }
}

/// What it is compared with.
pub const PEER: &str = "book";

/// What a reader of the rows should know.
pub const NOTE: &str = "left out of the pipeline: no shadow, no timers, no checkpoints; nothing is flushed while the clock \
                        runs, and nobody reads the events";

/// One comparison's result; the fields are the keys of its JSON form.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Always `pipeline`.
    pub suite: &'static str,
    /// The flow's name.
    pub case: &'static str,
    /// Always `novate`.
    pub subject: &'static str,
    /// Always `book`.
    pub peer: &'static str,
    /// The pipeline's median time per command.
    pub subject_ns: f64,
    /// The bare book's.
    pub peer_ns: f64,
    /// The median over rounds of the pipeline's time divided by the book's in the same round.
    pub ratio: f64,
    /// Rounds that the medians are over.
    pub rounds: u32,
    /// Where the cores were in these rounds; none where they moved, or where the threads have none of their own.
    pub placement: Option<Placement>,
    /// The median over these rounds of the time from core to core.
    pub core_to_core_ns: f64,
    /// The digest of all events.
    pub hash: String,
    /// Commands a second.
    pub commands_per_second: f64,
    /// Commands in one round.
    pub commands: usize,
    /// What it should come to.
    pub goal: String,
    /// Whether it does, over [`compare::ROUNDS_MIN`] rounds at least, or in a quick run.
    pub reached: bool,
    /// Whether the threads had cores of their own.
    pub pinned: bool,
    /// Whether this was a quick run, whose figures are not for publication.
    pub quick: bool,
    /// Whether both said the same events, with margin made the same trades, in every round.
    pub verified: bool,
    /// What the pipeline did without.
    pub note: &'static str,
}

impl Row {
    /// Whether too few rounds fell into this placement for their medians to say that the goal is reached.
    pub const fn has_too_few_rounds(&self) -> bool {
        !self.quick && self.rounds < compare::ROUNDS_MIN
    }
}

/// Compares a case, and tells each round to `progress`: one row for each placement that the cores were in.
///
/// # Errors
/// The disk has no room, or one of the two could not run.
pub fn compare(
    case: Case,
    place: &Place,
    rounds: u32,
    mut progress: impl FnMut(&Round, &Distance),
) -> io::Result<Vec<Row>> {
    let flow = Flow::generate(case.flow().spec(place.is_quick()));
    let told = Rc::new(case.told(&flow)?);
    let units = told.measured.len();
    let trades = flow.expected(Rules::NOVATE, u64::from).tally;
    let mut book = Book { novate: Novate::new(&flow)?, trades, hash: None };
    drop(flow);
    let mut pipeline = Pipeline::new(case, &told, trades, place);
    let mut taken = Vec::new();
    for index in 0..rounds {
        let (distance, outcome) = placed(place.cores(), || in_turns(index, units, &mut pipeline, &mut book))?;
        progress(&outcome.round, &distance);
        let is_same = case.is_margined() || Some(&outcome.hash) == book.hash.as_ref();
        let is_right = outcome.is_right && is_same;
        taken.push((place.cores().and_then(|_| distance.placement()), distance, Outcome { is_right, ..outcome }));
    }
    let placements = Placement::ALL.into_iter().map(Some).chain([None]);
    let rows = placements.filter_map(|placement| {
        let rounds: Vec<_> = taken.iter().filter(|(of, ..)| *of == placement).collect();
        (!rounds.is_empty()).then(|| row(case, place, placement, &rounds))
    });
    Ok(rows.collect())
}

/// A round: where the cores were, and what came of it.
type Placed = (Option<Placement>, Distance, Outcome);

fn row(case: Case, place: &Place, placement: Option<Placement>, rounds: &[&Placed]) -> Row {
    let median = |of: &dyn Fn(&Round) -> f64| rounded(median(rounds.iter().map(|(.., outcome)| of(&outcome.round))));
    let (hash, ratio) = (rounds[0].2.hash.clone(), median(&Round::ratio));
    let subject_ns = median(&|round| nanoseconds_each(round.subject, round.units));
    let mut row = Row {
        suite: "pipeline",
        case: case.name(),
        subject: "novate",
        peer: PEER,
        subject_ns,
        peer_ns: median(&|round| nanoseconds_each(round.peer, round.units)),
        ratio,
        rounds: rounds.len() as u32,
        placement,
        core_to_core_ns: median_of(rounds.iter().map(|(_, distance, _)| distance)),
        verified: rounds.iter().all(|(.., outcome)| outcome.is_right && outcome.hash == hash),
        hash,
        commands_per_second: rounded(times(1e9, subject_ns)),
        commands: rounds[0].2.round.units,
        goal: case.goal(),
        reached: false,
        pinned: place.cores().is_some(),
        quick: place.is_quick(),
        note: NOTE,
    };
    row.reached = case.is_reached(&row) && !row.has_too_few_rounds();
    row
}

/// The bare book: the engine on commands from memory.
struct Book {
    novate: Novate,
    trades: Tally,
    /// Of the events that it said.
    hash: Option<String>,
}

impl Contestant for Book {
    fn run(&mut self) -> io::Result<Run> {
        let Measured { elapsed, tally, hash } = self.novate.run()?;
        self.hash = Some(hash.clone());
        Ok(Run { elapsed, hash, is_right: tally == self.trades })
    }
}

/// Submissions one after the other, each a word and a command.
struct Submissions {
    words: Vec<u64>,
    ends: Vec<usize>,
}

impl Submissions {
    /// Puts others behind these.
    fn append(&mut self, others: Self) {
        let before = self.words.len();
        self.words.extend(others.words);
        self.ends.extend(others.ends.into_iter().map(|end| before + end));
    }

    /// Of these commands, the first of which will have this sequence, so much later than at its time.
    fn of<'r>(commands: impl Iterator<Item = RawCommand<'r>>, first: u64, later_ns: u64) -> Self {
        let (mut words, mut ends) = (Vec::new(), Vec::new());
        for (sequence, command) in (first..).zip(commands) {
            words.push(sequence * COMMAND_INTERVAL_NS + later_ns);
            words.extend_from_slice(command.words());
            ends.push(words.len());
        }
        Self { words, ends }
    }

    /// Submits all of them as fast as they are taken, and tells `behind` after each how many it were.
    #[inline(always)]
    fn submit(&self, ingress: &mut mpsc::Producer, mut behind: impl FnMut(u64)) -> io::Result<()> {
        let mut begin = 0;
        for (sent, &end) in (1..).zip(&self.ends) {
            while let Err(error) = ingress.try_push(&self.words[begin..end]) {
                if error != PushError::Full {
                    return Err(io::Error::other(error));
                }
                Spin.wait();
            }
            begin = end;
            behind(sent);
        }
        Ok(())
    }
}

/// A primary that is fed.
struct Pipeline {
    genesis: Genesis,
    set_up: Submissions,
    prefill: Submissions,
    measured: Submissions,
    settings: Settings,
    folder: Empty,
    /// What there is to be traded.
    trades: Tally,
}

impl Pipeline {
    fn new(case: Case, told: &Told, trades: Tally, place: &Place) -> Self {
        // With margin all after the set-up is later, so that one timer comes before its last command; what else the
        // sequencer is to do, it does by itself.
        let later_ns = if case.is_margined() { SET_UP_NS } else { 0 };
        let is_sequencers = |command: &RawCommand<'_>| matches!(command.decode(), Command::Timer(_) | Command::Work(_));
        let mut set_up: Vec<_> = told.set_up.iter().filter(|command| !is_sequencers(command)).collect();
        let last = set_up.pop();
        let (before, all) = (set_up.len() as u64, 1 + set_up.len() as u64);
        let mut set_up = Submissions::of(set_up.into_iter(), 1, 0);
        set_up.append(Submissions::of(last.into_iter(), 1 + before, later_ns));
        let commands = told.set_up.len() + told.prefill.len() + told.measured.len();
        let bytes = (commands as u64 * BYTES_A_COMMAND).next_multiple_of(1 << 24).max(1 << 25);
        let segment_bytes = u32::try_from(bytes).unwrap_or(SEGMENT_BYTES_MAX).min(SEGMENT_BYTES_MAX);
        let journal = JournalSettings { segment_bytes, durability: Durability::None };
        let cores = Cores { hot: place.cores().map(|(_, other)| other), shadow: None };
        let settings = Settings {
            timer_ns: later_ns / 2,
            checkpoint_ns: 0,
            work: if case.is_margined() { WorkWhen::BeforeNext } else { WorkWhen::Idle },
            shadow: None,
            cores,
            waiting: if cores.hot.is_some() { Waiting::Spin } else { Waiting::Yield },
            ..Settings::new(journal)
        };
        Self {
            genesis: told.genesis,
            set_up,
            prefill: Submissions::of(told.prefill.iter(), 1 + all, later_ns),
            measured: Submissions::of(told.measured.iter(), 1 + all + told.prefill.len() as u64, later_ns),
            settings,
            folder: place.folder("pipeline"),
            trades,
        }
    }
}

impl Contestant for Pipeline {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let storage: Arc<dyn Storage> = self.folder.storage();
        let primary =
            Primary::create(&storage, &self.genesis, SubmittedTime, &self.settings).map_err(io::Error::other)?;
        wait_for_segments(&primary)?;
        let mut ingress = primary.ingress();
        // One by one, so that what a command leaves to be done is done before the next.
        self.set_up.submit(&mut ingress, |sent| wait_for(&primary, sent))?;
        self.prefill.submit(&mut ingress, |_| ())?;
        let sent = (self.set_up.ends.len() + self.prefill.ends.len()) as u64;
        wait_for(&primary, sent);
        let start = Instant::now();
        self.measured.submit(&mut ingress, |_| ())?;
        wait_for(&primary, sent + self.measured.ends.len() as u64);
        let elapsed = start.elapsed();
        drop(ingress);
        let stopped = primary.stop().map_err(io::Error::other)?;
        let is_right = (stopped.state_digest, self.trades) == replayed(&storage)?;
        Ok(Run { elapsed, hash: stopped.events_digest.to_string(), is_right })
    }
}

/// Until so many submissions were executed, or the primary has ended.
fn wait_for(primary: &Primary, taken: u64) {
    while primary.taken() < taken && !primary.has_ended() {
        Spin.wait();
    }
}

/// Until the segments are there that the flow will fill, and nobody works at them any more.
fn wait_for_segments(primary: &Primary) -> io::Result<()> {
    let (begin, watermarks) = (Instant::now(), primary.watermarks());
    while watermarks.newest_segment() < SEGMENTS_READY {
        if begin.elapsed() > PATIENCE {
            return Err(io::Error::other("the disk is too slow to make segments ahead"));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Trades are tallied.
impl Watch for EventRing {}

/// The state digest and the trades that the journal comes to.
fn replayed(storage: &Arc<dyn Storage>) -> io::Result<(Hash256, Tally)> {
    let reader = Reader::open(Arc::clone(storage), Chain::Verified).map_err(io::Error::other)?;
    let mut replay = Replay::from_genesis(reader).map_err(io::Error::other)?;
    let mut events = EventRing::new();
    match replay.run(None, &mut events).map_err(io::Error::other)? {
        Halt::End(Ending::Closed) => Ok((replay.state().digest(), events.tally)),
        other => Err(io::Error::other(format!("the journal does not replay: {other:?}"))),
    }
}
