//! Rebuilding the state: every command of a journal, applied in order, compared with what the writer has stated of it.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use novate_core::digest::{EventsDigest, Hash256};
use novate_core::engine::{Effort, OutOfOrder, Sequenced};
use novate_core::genesis::Genesis;
use novate_core::sink::{Discard, EventSink};
use novate_core::units::Sequence;

use crate::error::JournalError;
use crate::format::payload::Seal;
use crate::reader::{Ending, Place, Reader};
use crate::state::{State, StateError};

/// Commands that are read, and then applied, at once.
const BATCH_COMMANDS: usize = 64;

/// Looks on while a journal is replayed; it is given the events as well.
pub trait Watch: EventSink {
    /// Called before a batch of commands is applied.
    fn before(&mut self, _commands: &[Sequenced<'_>]) {}

    /// Whether [`Watch::worked`] is wanted: commands are then applied one by one, which takes longer.
    fn wants_efforts(&self) -> bool {
        false
    }

    /// Called after each command, if that is wanted, with what it did of valuation and margin.
    fn worked(&mut self, _sequence: Sequence, _effort: Effort) {}

    /// Called at each seal, with the digest of the events so far.
    fn sealed(&mut self, _seal: &Seal, _events_digest: EventsDigest) {}

    /// Whether the checkpoint with this sequence is wanted: the state digest costs as much as thousands of commands.
    fn wants_checkpoint(&self, _sequence: Sequence) -> bool {
        true
    }

    /// Called at each checkpoint that is wanted, when its block is sealed: where it is and the state, whose digest is up to date.
    ///
    /// # Errors
    /// What the watcher could not do; the replay ends with it.
    fn checkpoint(&mut self, _at: &Checkpointed, _state: &State) -> Result<(), JournalError> {
        Ok(())
    }

    /// Called now and then, with bytes read and bytes there are.
    fn progress(&mut self, _read: u64, _all: u64) {}
}

impl Watch for Discard {}

/// The engine is compiled once for all watchers, not for each kind of them.
fn any_sink(watch: &mut dyn Watch) -> &mut dyn EventSink {
    watch
}

/// A checkpoint that replay came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpointed {
    /// The end of its block. The chain value is zero where the chain is not computed.
    pub place: Place,
    /// The digest of all events up to it.
    pub events_digest: EventsDigest,
    /// The state digest.
    pub state_digest: Hash256,
}

/// Why a replay stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// It came to the end of the journal.
    End(Ending),
    /// It came to the command that it was to stop at.
    Reached,
    /// Nothing more is there yet: only where a journal is followed.
    Waiting,
    /// The events of a block are others than those that the writer has stated. The first that differs is one of a command
    /// of this block.
    Differs {
        /// What the writer has stated.
        seal: Seal,
        /// What the replay came to.
        events_digest: EventsDigest,
    },
}

/// Why a replay could not go on.
#[derive(Debug)]
pub enum ReplayError {
    /// The journal.
    Journal(JournalError),
    /// The memory.
    State(StateError),
    /// The state is not the one before the next command: a snapshot of something else.
    OutOfOrder(OutOfOrder),
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::OutOfOrder(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<JournalError> for ReplayError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<StateError> for ReplayError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// A state and a reader that stands behind the last command which that state has seen.
#[derive(Debug)]
pub struct Replay {
    state: State,
    reader: Reader,
    /// Commands applied.
    commands: u64,
    /// Looks for more that found nothing.
    looks: u32,
}

/// Looks from one for the next segment to the next, while a journal is followed: that asks the system.
const WIDE_EVERY: u32 = 16;

impl Replay {
    /// At genesis, with a reader at the beginning.
    ///
    /// # Errors
    /// The genesis cannot be read; no memory.
    pub fn from_genesis(reader: Reader) -> Result<Self, ReplayError> {
        let genesis: Genesis = reader.genesis()?;
        Ok(Self { state: State::genesis(&genesis)?, reader, commands: 0, looks: 0 })
    }

    /// At a state that is known, with a reader at its place.
    pub fn from_state(state: State, reader: Reader) -> Self {
        Self { state, reader, commands: 0, looks: 0 }
    }

    /// The state.
    pub fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// The reader.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// Commands applied so far.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// Its two parts.
    pub fn into_parts(self) -> (State, Reader) {
        (self.state, self.reader)
    }

    /// The last command applied, and the digest of all events so far.
    ///
    /// # Errors
    /// The memory holds no state any more.
    pub fn result(&mut self) -> Result<(Sequence, EventsDigest), StateError> {
        let engine = self.state.attach()?;
        Ok((engine.sequence(), engine.events_digest()))
    }

    /// Applies commands up to one, which is applied too, or to the journal's end, for now.
    ///
    /// # Errors
    /// Damage; the state stays as it is after the last command that could be read.
    pub fn run(&mut self, to: Option<Sequence>, watch: &mut dyn Watch) -> Result<Halt, ReplayError> {
        self.run_on(to, watch, false)
    }

    /// The same for a journal that is being written: where nothing more is there yet, it does not look for the reason, which
    /// takes reading files, but stops with [`Halt::Waiting`].
    ///
    /// # Errors
    /// As [`Replay::run`].
    pub fn follow(&mut self, to: Option<Sequence>, watch: &mut dyn Watch) -> Result<Halt, ReplayError> {
        self.run_on(to, watch, true)
    }

    fn run_on(&mut self, to: Option<Sequence>, watch: &mut dyn Watch, follows: bool) -> Result<Halt, ReplayError> {
        loop {
            let place = match self.run_to_checkpoint(to, watch, follows)? {
                ControlFlow::Break(halt) => return Ok(halt),
                ControlFlow::Continue(place) => place,
            };
            let events_digest = self.state.attach()?.events_digest();
            let state_digest = self.state.digest();
            watch.checkpoint(&Checkpointed { place, events_digest, state_digest }, &self.state)?;
        }
    }

    /// Applies commands until a checkpoint that somebody wants is sealed, or until there is reason to stop.
    fn run_to_checkpoint(
        &mut self,
        to: Option<Sequence>,
        watch: &mut dyn Watch,
        follows: bool,
    ) -> Result<ControlFlow<Halt, Place>, ReplayError> {
        let Self { state, reader, commands, looks } = self;
        let mut engine = state.attach()?;
        loop {
            let left = to.map_or(u64::MAX, |to| to.0.saturating_sub(engine.sequence().0));
            if left == 0 {
                return Ok(ControlFlow::Break(Halt::Reached));
            }
            if follows {
                let is_closed = reader.walk().closed.is_some();
                if !reader.has_next(is_closed || looks.is_multiple_of(WIDE_EVERY))? {
                    *looks = looks.wrapping_add(1);
                    let halt = if reader.is_over()? { Halt::End(Ending::Closed) } else { Halt::Waiting };
                    return Ok(ControlFlow::Break(halt));
                }
            }
            let most = usize::try_from(left).unwrap_or(BATCH_COMMANDS).min(BATCH_COMMANDS);
            let Some(span) = reader.read_span(most)? else {
                return Ok(ControlFlow::Break(Halt::End(reader.ending().cloned().unwrap_or(Ending::Closed))));
            };
            watch.progress(span.progress.0, span.progress.1);
            let batch = span.batch();
            watch.before(&batch.commands);
            let wants_efforts = watch.wants_efforts();
            let at_once = if wants_efforts { 1 } else { BATCH_COMMANDS };
            for commands in batch.commands.chunks(at_once) {
                engine.apply_batch(commands, &mut any_sink(watch)).map_err(ReplayError::OutOfOrder)?;
                if wants_efforts {
                    watch.worked(engine.sequence(), engine.effort());
                }
            }
            *commands += batch.commands.len() as u64;
            let Some(seal) = batch.seal else { continue };
            let events_digest = engine.events_digest();
            watch.sealed(seal, events_digest);
            if seal.events_digest != events_digest.to_bytes() {
                return Ok(ControlFlow::Break(Halt::Differs { seal: *seal, events_digest }));
            }
            if span.ends_checkpoint && watch.wants_checkpoint(span.place.sequence) {
                return Ok(ControlFlow::Continue(span.place));
            }
        }
    }
}

/// Why a hash chain is not right.
#[derive(Debug)]
pub struct ChainError {
    /// What was found.
    pub error: JournalError,
    /// The last command of which a chain value has said that it, and all before it, is what was written.
    pub last_good: Sequence,
}

/// Reads a journal up to a command, or to its end, and compares its hash chain with what is stated of it, executing nothing:
/// on a thread beside a replay that does not.
///
/// # Errors
/// The first damage.
pub fn verify_chain(reader: &mut Reader, to: Option<Sequence>) -> Result<(), Box<ChainError>> {
    let mut blocks = VecDeque::from([(reader.confirmed().map_or(0, |link| link.block), reader.sequence().0)]);
    loop {
        let found = match reader.next() {
            Ok(Some(frame)) => frame.seal().map(|seal| (seal.block, Sequence(seal.last_sequence))),
            Ok(None) => return Ok(()),
            Err(error) => {
                let last_good = blocks.front().map_or(Sequence::ZERO, |block| block.1);
                return Err(Box::new(ChainError { error, last_good }));
            }
        };
        blocks.extend(found);
        let confirmed = reader.confirmed().map_or(0, |link| link.block);
        while blocks.len() > 1 && blocks[1].0 <= confirmed {
            blocks.pop_front();
        }
        if to.is_some_and(|to| reader.walk().sequence >= to.0) {
            return Ok(());
        }
    }
}
