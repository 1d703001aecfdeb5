//! Rebuilding the state: every command of a journal, applied in order, compared with what the writer has stated of it.

use std::collections::VecDeque;

use novate_core::arena::Dirty;
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::engine::{Engine, OutOfOrder, Sequenced};
use novate_core::genesis::Genesis;
use novate_core::sink::{Discard, EventSink};
use novate_core::units::{Sequence, TimeNs};

use crate::chain::Link;
use crate::error::JournalError;
use crate::format::Position;
use crate::format::payload::Seal;
use crate::reader::{Ending, Place, Reader};
use crate::state::{State, StateError};

/// Commands that are read, and then applied, at once.
const BATCH_COMMANDS: usize = 64;

/// Frames from one question whether the chain is wanted still to the next.
const WANTED_EVERY: u32 = 4_096;

/// Looks on while a journal is replayed; it is given the events as well.
pub trait Watch: EventSink {
    /// Called before a batch of commands is applied.
    fn before(&mut self, _commands: &[Sequenced<'_>]) {}

    /// Called at each seal, with the digest of the events so far.
    fn sealed(&mut self, _seal: &Seal, _events_digest: EventsDigest) {}

    /// Called at each checkpoint, when its block is sealed: where it is and the state, whose digest is up to date.
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
}

impl Replay {
    /// At genesis, with a reader at the beginning.
    ///
    /// # Errors
    /// The genesis cannot be read; no memory.
    pub fn from_genesis(reader: Reader) -> Result<Self, ReplayError> {
        let genesis: Genesis = reader.genesis()?;
        Ok(Self { state: State::genesis(&genesis)?, reader, commands: 0 })
    }

    /// At a state that is known, with a reader at its place.
    pub fn from_state(state: State, reader: Reader) -> Self {
        Self { state, reader, commands: 0 }
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
    pub fn run(&mut self, to: Option<Sequence>, watch: &mut impl Watch) -> Result<Halt, ReplayError> {
        loop {
            if let Some(halt) = self.run_to_checkpoint(to, watch)? {
                return Ok(halt);
            }
            let (sequence, events_digest) = self.result()?;
            let state_digest = self.state.digest();
            let at = Checkpointed { place: self.place(sequence), events_digest, state_digest };
            watch.checkpoint(&at, &self.state)?;
        }
    }

    /// The place between two blocks at which the reader stands.
    fn place(&self, sequence: Sequence) -> Place {
        let walk = self.reader.walk();
        let block = walk.sealed.map_or(0, |sealed| sealed.seal.block);
        let link = self.reader.chain().unwrap_or(Link { block, value: Hash256::default() });
        let position: Position = self.reader.position();
        Place { position, link, sequence, time: TimeNs(walk.time), epoch: walk.epoch }
    }

    /// Applies commands until a checkpoint's block is sealed (none), or until there is reason to stop.
    fn run_to_checkpoint(&mut self, to: Option<Sequence>, watch: &mut impl Watch) -> Result<Option<Halt>, ReplayError> {
        let Self { state, reader, commands } = self;
        let mut engine = state.attach()?;
        loop {
            let last = engine.sequence();
            if to.is_some_and(|to| last >= to) {
                return Ok(Some(Halt::Reached));
            }
            let left = to.map_or(u64::MAX, |to| to.0 - last.0);
            let (read, all) = reader.progress();
            watch.progress(read, all);
            let is_at_checkpoint = reader.walk().is_at_checkpoint();
            let most = usize::try_from(left).unwrap_or(BATCH_COMMANDS).min(BATCH_COMMANDS);
            let batch = match reader.read_batch(most) {
                Ok(Some(batch)) => batch,
                Ok(None) => return Ok(Some(Halt::End(reader.ending().cloned().unwrap_or(Ending::Closed)))),
                Err(error) => return Err(error.into()),
            };
            *commands += batch.commands.len() as u64;
            apply(&mut engine, &batch.commands, watch)?;
            let Some(seal) = batch.seal else { continue };
            let events_digest = engine.events_digest();
            watch.sealed(seal, events_digest);
            if seal.events_digest != events_digest.to_bytes() {
                return Ok(Some(Halt::Differs { seal: *seal, events_digest }));
            }
            if is_at_checkpoint || batch.has_checkpoint {
                return Ok(None);
            }
        }
    }
}

fn apply(
    engine: &mut Engine<'_, Dirty<'_>>,
    commands: &[Sequenced<'_>],
    watch: &mut impl Watch,
) -> Result<(), ReplayError> {
    watch.before(commands);
    engine.apply_batch(commands, watch).map_err(ReplayError::OutOfOrder)
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
/// on a thread beside a replay that does not. Ends early when it is not wanted any more.
///
/// # Errors
/// The first damage.
pub fn verify_chain(
    reader: &mut Reader,
    to: Option<Sequence>,
    is_wanted: impl Fn() -> bool,
) -> Result<(), Box<ChainError>> {
    let mut blocks = VecDeque::from([(reader.confirmed().map_or(0, |link| link.block), reader.sequence().0)]);
    let mut frames = 0_u32;
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
        frames = frames.wrapping_add(1);
        let is_there = to.is_some_and(|to| reader.walk().sequence >= to.0);
        if is_there || frames.is_multiple_of(WANTED_EVERY) && !is_wanted() {
            return Ok(());
        }
    }
}
