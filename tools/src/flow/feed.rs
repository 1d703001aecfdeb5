//! Feeding a flow to the engine: a venue of one instrument, one account and one trader.

use indicatif::ProgressBar;
use novate_bench::latency::{Recorder, Summary};
use novate_core::arena::{Chunk, Layout, Untracked};
use novate_core::command::{Checkpoint, CommandRecord, RawCommand, Work};
use novate_core::digest::{Hash256, StateTree};
use novate_core::engine::{Engine, LevelView};
use novate_core::event::OwnedEvent;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, SessionId};
use novate_core::sink::EventSink;
use novate_core::terms::{Side, TradingState};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};
use novate_journal::mapping::AnonymousMapping;

use super::reader::{ANY_GAP, FlowReader};
use super::trader::{SetUp, Trader, farthest};
use super::{Action, Fill, Row, Tally};
use crate::error::Error;
use crate::input::{Source, progress_bar};

/// The engine that flows run on. The only place that names it.
type MatchingEngine<'a> = Engine<'a, Untracked>;

pub(super) const SHARD: u16 = 0;
/// Nobody chooses client order ids against a run on one's own file, and a constant repeats a run to the byte.
const INDEX_SEED: u64 = 1;

/// Rows are read and fed in turns of so many: reading between any two commands would push the engine's data out of the
/// processor's caches, and the times would be those of the reader.
const BATCH_ROWS: usize = 4_096;

/// Rows from one checkpoint to the next. Sequenced time would be no measure: a recorded hour goes by in milliseconds.
const CHECKPOINT_ROWS: u64 = 1_000;

/// What a feed needs to know beside the flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How many live orders the engine has room for.
    pub(crate) orders: u32,
    /// The state to begin in; none to find it out from the flow.
    pub(crate) opening: Option<TradingState>,
    /// What the instrument takes.
    pub(crate) terms: Terms,
}

impl Settings {
    /// The configuration that an engine for it begins with.
    pub(crate) const fn genesis(&self) -> Genesis {
        Genesis::new(SHARD, INDEX_SEED, Capacities::for_orders(self.orders))
    }
}

/// Which prices and quantities the instrument takes; all others are rejected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Prices are multiples of it.
    pub(crate) tick: PriceTicks,
    /// The lowest price.
    pub(crate) price_min: PriceTicks,
    /// The highest price.
    pub(crate) price_max: PriceTicks,
    /// Quantities are multiples of it.
    pub(crate) lot: QuantityLots,
}

/// One price level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// The price.
    pub(crate) price: PriceTicks,
    /// The quantity of all its orders.
    pub(crate) quantity: QuantityLots,
    /// How many orders.
    pub(crate) orders: u32,
}

/// A level of the engine's.
pub(super) fn level_of(level: LevelView) -> Level {
    Level { price: level.price, quantity: level.quantity, orders: level.orders }
}

impl std::fmt::Display for Level {
    /// As checkpoints are written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.price, self.quantity, self.orders)
    }
}

/// Looks on while a flow is fed.
pub(crate) trait Observer {
    /// Called after each row: what it filled in continuous trading, and the venue as it stands.
    fn after(&mut self, row: &Row, fills: &[Fill], venue: &Venue<'_>);
}

/// What a flow came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The state that the instrument began in.
    pub(crate) opening: TradingState,
    /// Rows fed.
    pub(crate) commands: u64,
    /// `Work` commands that followed them.
    pub(crate) work_commands: u64,
    /// Sequence of the last command, set-up included.
    pub(crate) sequence: u64,
    /// Events of all commands, set-up included.
    pub(crate) events: u64,
    /// The digest of these events, in hexadecimal.
    pub(crate) events_digest: String,
    /// The state digest after the last command, in hexadecimal.
    pub(crate) state_digest: String,
    /// Checkpoints among the commands.
    pub(crate) checkpoints: u64,
    /// Counts over the rows.
    pub(crate) tally: Tally,
    /// The best bid at the end.
    pub(crate) best_bid: Option<Level>,
    /// The best ask at the end.
    pub(crate) best_ask: Option<Level>,
    /// Nanoseconds a command took.
    pub(crate) latency: Summary,
}

/// Feeds a whole flow to a new engine, which is looked at after each row.
///
/// # Errors
/// The flow is unreadable or holds what is no command; the first such line is named.
pub(crate) fn feed(source: &Source, settings: Settings, observer: &mut impl Observer) -> Result<Outcome, Error> {
    let opening = match settings.opening {
        Some(opening) => opening,
        None => find_opening(source, ANY_GAP)?,
    };
    let progress = progress_bar();
    let mut reader = FlowReader::open(source, ANY_GAP, &progress)?;
    let genesis = settings.genesis();
    // Memory as a venue has it: the first touch of pages of 4 KiB, and the misses of address translation that come with
    // them, would be a good part of the times.
    let mut memory = AnonymousMapping::new(Layout::of(&genesis).bytes())
        .map_err(|cause| Error::engine("allocating the engine's memory", cause))?;
    let arena = bytemuck::cast_slice_mut(memory.as_bytes_mut());
    let engine = MatchingEngine::genesis(arena, Untracked, &genesis)
        .map_err(|cause| Error::engine("starting the engine", cause))?;
    let mut venue = Venue::open(engine, opening, settings.terms)?;
    let mut tally = Tally::default();
    let fed = feed_rows(&mut reader, &mut venue, &mut tally, observer);
    progress.finish_and_clear();
    let outcome = venue.outcome(opening, fed?, tally);
    Ok(Outcome { state_digest: state_digest(memory.as_bytes()).to_string(), ..outcome })
}

/// Feeds all rows, with checkpoints; returns how many rows.
fn feed_rows(
    reader: &mut FlowReader,
    venue: &mut Venue<'_>,
    tally: &mut Tally,
    observer: &mut impl Observer,
) -> Result<u64, Error> {
    let mut batch = Vec::with_capacity(BATCH_ROWS);
    let mut rows = 0;
    loop {
        batch.clear();
        while batch.len() < BATCH_ROWS
            && let Some(row) = reader.next_row()?
        {
            batch.push(row);
        }
        if batch.is_empty() {
            break;
        }
        for row in &batch {
            tally.fills.clear();
            venue.play(row, tally)?;
            observer.after(row, &tally.fills, venue);
            rows += 1;
            if rows % CHECKPOINT_ROWS == 0 {
                venue.checkpoint(tally)?;
            }
        }
    }
    venue.checkpoint(tally)?;
    Ok(rows)
}

/// The state digest, from scratch: whoever applies commands hashes nothing while it does.
fn state_digest(memory: &[u8]) -> Hash256 {
    let chunks: &[Chunk] = bytemuck::cast_slice(memory);
    StateTree::new(chunks).digest(chunks)
}

/// Where a flow has an uncross, it begins in the auction which that ends. The flow is read to its end, so that whatever is
/// wrong with it is said before anything runs.
pub(super) fn find_opening(source: &Source, gap_days_max: u64) -> Result<TradingState, Error> {
    if !source.is_rereadable()? {
        let name = source.name();
        // The state to begin in shows only later in the flow, so finding it takes a reading of its own.
        return Err(Error::Usage(format!("{name}: expected a regular file, or --opening with a pipe, found neither")));
    }
    let mut reader = FlowReader::open(source, gap_days_max, &ProgressBar::hidden())?;
    let mut opening = TradingState::Continuous;
    while let Some(row) = reader.next_row()? {
        if matches!(row.action, Action::Uncross { .. }) {
            opening = TradingState::Auction;
        }
    }
    Ok(opening)
}

/// An engine with its instrument listed and its trader let in.
pub(crate) struct Venue<'a> {
    engine: MatchingEngine<'a>,
    time: TimeNs,
    checkpoints: u64,
    last_checkpoint: u64,
    recorder: Recorder,
    sequence: u64,
    sequencer_sequence: u64,
    trader: Trader,
}

impl<'a> Venue<'a> {
    /// Sets the venue up by commands, as a real one would be.
    fn open(engine: MatchingEngine<'a>, opening: TradingState, terms: Terms) -> Result<Self, Error> {
        let mut venue = Self {
            engine,
            time: TimeNs::ZERO,
            checkpoints: 0,
            last_checkpoint: 0,
            recorder: Recorder::new(),
            sequence: 0,
            sequencer_sequence: 0,
            trader: Trader::new(),
        };
        for command in SetUp::new(opening, terms).commands() {
            let mut events: Vec<OwnedEvent> = Vec::new();
            let mut sink: &mut dyn EventSink = &mut events;
            venue.apply(TimeNs::ZERO, command, &mut sink)?;
            for event in events {
                venue.trader.learn(event.view())?;
            }
        }
        Ok(venue)
    }

    /// Applies a row's command, then `Work` until none is pending: the next row finds its book free.
    fn play(&mut self, row: &Row, tally: &mut Tally) -> Result<(), Error> {
        let made = self.trader.make(row, farthest);
        self.timed(row.time, made.raw(), tally)?;
        while self.engine.work_pending() {
            self.sequencer_sequence += 1;
            let session = SessionId::sequencer(SHARD);
            let work = Work { header: Work::new_header(session, self.sequencer_sequence, AccountId::NONE) };
            self.timed(row.time, (&work).into(), tally)?;
        }
        Ok(())
    }

    fn timed(&mut self, time: TimeNs, command: RawCommand<'_>, tally: &mut Tally) -> Result<(), Error> {
        let start = self.recorder.start();
        let applied = self.apply(time, command, tally);
        self.recorder.stop(start);
        applied
    }

    /// A checkpoint, unless the last command was one; the journal's block ends with it.
    fn checkpoint(&mut self, tally: &mut Tally) -> Result<(), Error> {
        if self.checkpoints > 0 && self.sequence == self.last_checkpoint {
            return Ok(());
        }
        self.sequencer_sequence += 1;
        self.checkpoints += 1;
        let session = SessionId::sequencer(SHARD);
        let header = Checkpoint::new_header(session, self.sequencer_sequence, AccountId::NONE);
        self.apply(self.time, (&Checkpoint { header }).into(), tally)?;
        self.last_checkpoint = self.sequence;
        Ok(())
    }

    #[inline]
    fn apply(&mut self, time: TimeNs, command: RawCommand<'_>, sink: &mut impl EventSink) -> Result<(), Error> {
        self.sequence += 1;
        self.time = time;
        self.engine
            .apply(Sequence(self.sequence), time, command, sink)
            .map_err(|cause| Error::engine("applying a command", cause))
    }

    /// The price levels of a side, best first.
    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.engine.top(self.trader.instrument, side).map(level_of)
    }

    fn outcome(self, opening: TradingState, commands: u64, tally: Tally) -> Outcome {
        Outcome {
            opening,
            commands,
            work_commands: self.sequencer_sequence - self.checkpoints,
            sequence: self.sequence,
            events: self.engine.event_count(),
            events_digest: self.engine.events_digest().to_string(),
            state_digest: String::new(),
            checkpoints: self.checkpoints,
            tally,
            best_bid: self.levels(Side::Buy).next(),
            best_ask: self.levels(Side::Sell).next(),
            latency: self.recorder.summary(),
        }
    }
}
