//! A flow through a whole primary: ring, journal, engine, events, with a shadow beside it. The clock is the flow's own, so that
//! every run comes to the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use novate_bench::latency::Recorder;
use novate_core::arena::{Chunk, Layout, Untracked};
use novate_core::engine::Engine;
use novate_core::event::{Event, EventWord};
use novate_core::genesis::Genesis;
use novate_core::ring::broadcast::Consumer;
use novate_core::ring::{Popped, PushError, RecordBuffer, Wait, mpsc};
use novate_core::sink::EventSink;
use novate_core::terms::Side;
use novate_journal::storage::Storage;
use novate_journal::writer;
use novate_replica::affinity::waiting_for;
use novate_replica::clock::SubmittedTime;
use novate_replica::follower::{FollowerSettings, Report};
use novate_replica::primary::{Primary, Settings as PrimarySettings, Stopped, Submission, WorkWhen};
use novate_replica::wait::{Waiter, Waiting};

use super::feed::{find_opening, level_of};
use super::reader::{DAY_NS, FlowReader};
use super::trader::{SetUp, Trader};
use super::{Outcome, Settings, Tally};
use crate::error::Error;
use crate::input::{Source, progress_bar};

/// Threads that never rest: the feeder, the hot thread, the shadow; and the two beside the writer.
const THREADS: usize = 5;
/// Sequenced time between two timer commands.
const TIMER_NS: u64 = 1_000_000_000;
/// Sequenced time between two checkpoints.
const CHECKPOINT_NS: u64 = 60 * TIMER_NS;
/// A recorded flow may begin the day before: 33 hours lie between the first orders of the bundled one and its opening.
const TIME_JUMP_MAX_DAYS: u64 = 7;

/// How a flow went through.
pub(crate) struct Piped {
    pub(crate) outcome: Outcome,
    /// What the shadow found, if there was one.
    pub(crate) shadow: Option<Report>,
    /// How threads waited.
    pub(crate) waiting: Waiting,
}

/// Feeds a whole flow to a primary, one command after the other, each when the one before it was executed.
///
/// # Errors
/// The flow is unreadable or holds what is no command; the first such line is named. The primary halted. It was interrupted.
pub(crate) fn pipe(
    source: &Source,
    settings: Settings,
    (storage, journal): (&Arc<dyn Storage>, writer::Settings),
    has_shadow: bool,
    is_interrupted: &AtomicBool,
) -> Result<Piped, Error> {
    let opening = match settings.opening {
        Some(opening) => opening,
        None => find_opening(source, TIME_JUMP_MAX_DAYS)?,
    };
    let progress = progress_bar();
    let mut reader = FlowReader::open(source, TIME_JUMP_MAX_DAYS, &progress)?;
    let genesis = Genesis { max_time_jump_ns: TIME_JUMP_MAX_DAYS * DAY_NS, ..settings.genesis() };
    let waiting = waiting_for(THREADS);
    // One command at a time, and pending work before the next one: what happens does not depend on how fast rows come.
    let primary_settings = PrimarySettings {
        batch_commands: 1,
        work: WorkWhen::BeforeNext,
        timer_ns: TIMER_NS,
        checkpoint_ns: CHECKPOINT_NS,
        // The one reader that gates is the feeder, and it reads on however long it was kept from its core.
        patience: Duration::MAX,
        shadow: has_shadow.then(|| FollowerSettings { snapshot_every: 0, ..FollowerSettings::new() }),
        waiting,
        ..PrimarySettings::new(journal)
    };
    let primary = Primary::create(storage, &genesis, SubmittedTime, &primary_settings)?;
    let mut feeder = Feeder::new(&primary, waiting)?;
    let (mut rows, mut is_set_up) = (0, false);
    let mut fed = Ok(());
    while fed.is_ok() {
        let row = match reader.next_row() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) => {
                fed = Err(error);
                break;
            }
        };
        if is_interrupted.load(Ordering::Relaxed) {
            fed = Err(Error::Interrupted);
            break;
        }
        if !is_set_up {
            is_set_up = true;
            fed = feeder.set_up(&primary, &SetUp::new(opening, settings.terms), row.time.0);
        }
        if fed.is_ok() {
            fed = feeder.play(&primary, &row);
            rows += u64::from(fed.is_ok());
        }
    }
    if !is_set_up && fed.is_ok() {
        fed = feeder.set_up(&primary, &SetUp::new(opening, settings.terms), 0);
    }
    progress.finish_and_clear();
    // What was written is kept whole also where the flow ends in a complaint.
    let stopped = primary.stop();
    fed.or_else(|error| if matches!(error, Error::Gone) { Ok(()) } else { Err(error) })?;
    let stopped = stopped?;
    feeder.drain()?;
    let (shadow, outcome) = (stopped.shadow, feeder.outcome(opening, rows, stopped, &genesis)?);
    Ok(Piped { outcome, shadow, waiting })
}

/// Submits, waits, and reads what came of it.
struct Feeder {
    ingress: mpsc::Producer,
    events: Consumer,
    buffer: RecordBuffer,
    words: Vec<EventWord>,
    waiter: Waiter,
    recorder: Recorder,
    trader: Trader,
    tally: Tally,
    submitted: u64,
}

impl Feeder {
    fn new(primary: &Primary, waiting: Waiting) -> Result<Self, Error> {
        let events = primary.egress().gate().ok_or(Error::Gone)?;
        Ok(Self {
            ingress: primary.ingress(),
            events,
            buffer: RecordBuffer::new(),
            words: Vec::new(),
            waiter: Waiter::new(waiting),
            recorder: Recorder::new(),
            trader: Trader::new(),
            tally: Tally::default(),
            submitted: 0,
        })
    }

    /// Sets the venue up by commands, as a real one would be.
    fn set_up(&mut self, primary: &Primary, set_up: &SetUp, time: u64) -> Result<(), Error> {
        for command in set_up.commands() {
            let submission = Submission::new(time, command).ok_or(Error::Gone)?;
            self.submit(primary, &submission)?;
        }
        while !self.trader.is_ready() {
            if !self.take()? {
                self.wait(primary)?;
            }
            let mut words = &self.words[..];
            while let Some((event, rest)) = Event::split_first(words) {
                self.trader.learn(event)?;
                words = rest;
            }
        }
        Ok(())
    }

    fn play(&mut self, primary: &Primary, row: &super::Row) -> Result<(), Error> {
        let made = self.trader.make(row);
        let submission = Submission::new(row.time.0, made.raw()).ok_or(Error::Gone)?;
        let start = self.recorder.start();
        self.submit(primary, &submission)?;
        while primary.taken() < self.submitted {
            // What comes of one row may fill the ring, and then the row ends only when somebody reads.
            self.drain()?;
            self.wait(primary)?;
        }
        self.recorder.stop(start);
        self.waiter.reset();
        self.drain()
    }

    fn submit(&mut self, primary: &Primary, submission: &Submission) -> Result<(), Error> {
        loop {
            match self.ingress.try_push(submission.words()) {
                Ok(()) => break,
                Err(PushError::Full) => self.wait(primary)?,
                // Why it is gone, stopping it tells.
                Err(_) => return Err(Error::Gone),
            }
        }
        self.submitted += 1;
        Ok(())
    }

    fn wait(&mut self, primary: &Primary) -> Result<(), Error> {
        if primary.has_ended() {
            return Err(Error::Gone);
        }
        self.waiter.wait();
        Ok(())
    }

    /// Takes the next record of events; false if there is none.
    fn take(&mut self) -> Result<bool, Error> {
        self.words.clear();
        match self.events.try_pop(&mut self.buffer) {
            Ok(Popped::Record(words)) => {
                self.words.extend_from_slice(bytemuck::try_cast_slice(words).unwrap_or(&[]));
                Ok(true)
            }
            Ok(Popped::Empty | Popped::Closed) => Ok(false),
            Err(lapped) => Err(Error::engine("reading events", lapped)),
        }
    }

    /// Counts what has come.
    fn drain(&mut self) -> Result<(), Error> {
        while self.take()? {
            let mut words = &self.words[..];
            while let Some((event, rest)) = Event::split_first(words) {
                self.tally.emit(event);
                words = rest;
            }
        }
        self.tally.fills.clear();
        Ok(())
    }

    fn outcome(
        self,
        opening: novate_core::terms::TradingState,
        commands: u64,
        mut stopped: Stopped,
        genesis: &Genesis,
    ) -> Result<Outcome, Error> {
        let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(stopped.memory.as_bytes_mut());
        let engine = Engine::attach_as(&Layout::of(genesis), chunks, Untracked)
            .map_err(|cause| Error::engine("reading the state", cause))?;
        let best = |side| engine.top(self.trader.instrument, side).next().map(level_of);
        Ok(Outcome {
            opening,
            commands,
            work_commands: stopped.work_commands,
            sequence: stopped.last.0.0,
            events: engine.event_count(),
            events_digest: stopped.events_digest.to_string(),
            state_digest: stopped.state_digest.to_string(),
            checkpoints: stopped.checkpoints,
            tally: self.tally,
            best_bid: best(Side::Buy),
            best_ask: best(Side::Sell),
            latency: self.recorder.summary(),
        })
    }
}
