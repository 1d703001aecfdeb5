//! Why a primary stopped by itself. It does so loudly, and says how far it had come.

use std::fmt;

use novate_core::digest::{EventsDigest, Hash256};
use novate_core::engine::OutOfOrder;
use novate_core::units::{Sequence, TimeNs};
use novate_journal::writer::{AppendError, Poison};

use crate::affinity::NoSuchCore;

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The clock jumped ahead by more than is permitted; the command was not appended.
    TimeJump {
        /// The last command's time.
        last: TimeNs,
        /// What the clock says.
        next: TimeNs,
        /// What the genesis permits, or after a start the longest downtime, in nanoseconds.
        max_ns: u64,
    },
    /// The journal cannot be written any more.
    Journal(Poison),
    /// The journal had no room for a next segment when the primary was told to stop, or refused what it must take.
    Append(AppendError),
    /// The engine refused what was appended already: a defect.
    Engine(OutOfOrder),
    /// Whoever replays beside came to other events.
    Diverged {
        /// First command of the block in which they differ.
        first: Sequence,
        /// Last one.
        last: Sequence,
        /// What the primary has stated.
        stated: EventsDigest,
        /// What the replay came to.
        replayed: EventsDigest,
    },
    /// The states of primary and shadow differ after the same commands and the same events.
    StateDiffers {
        /// After this command.
        after: Sequence,
        /// The primary's state digest.
        own: Hash256,
        /// The shadow's.
        shadow: Hash256,
    },
    /// Whoever replays beside found a bit of its own memory changed that no command has changed.
    MemoryFault {
        /// The chunk of the arena.
        chunk: usize,
        /// What lies there.
        place: String,
    },
    /// Whoever replays beside could not go on.
    Shadow(String),
    /// A core that a thread was to have is not there any more: it was when the primary was started.
    Core(NoSuchCore),
    /// A thread ended by a panic.
    ThreadDied(&'static str),
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeJump { last, next, max_ns } => write!(
                f,
                "the clock jumped from {last} to {next} ns, by more than the {max_ns} ns that are permitted: set the clock \
                 right; the genesis' max_time_jump_ns, and after a start Settings::downtime_max, say how much is"
            ),
            Self::Journal(poison) => poison.fmt(f),
            Self::Append(error) => error.fmt(f),
            Self::Engine(error) => {
                write!(f, "the engine refused what was appended: {error}; keep the journal and report")
            }
            Self::Diverged { first, last, stated, replayed } => write!(
                f,
                "the events of commands {first} to {last} differ: stated {stated}, replayed {replayed}; replay the journal \
                 elsewhere with `novate replay`: if it differs there too, `novate recover --before {first}` leads on, else \
                 restart from the journal"
            ),
            Self::StateDiffers { after, own, shadow } => write!(
                f,
                "after command {after} the primary's state is {own} and the shadow's {shadow}: one memory is faulty; replay \
                 the journal elsewhere with `novate replay`"
            ),
            Self::MemoryFault { chunk, place } => write!(
                f,
                "memory of the shadow changed by itself, in chunk {chunk} ({place}): have the machine's memory tested, and \
                 restart elsewhere from the journal"
            ),
            Self::Shadow(cause) => write!(f, "the shadow cannot go on: {cause}"),
            Self::Core(refused) => refused.fmt(f),
            Self::ThreadDied(name) => write!(f, "the thread {name} died; keep its message and the journal, and report"),
        }
    }
}

/// A primary that has halted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halted {
    /// Why.
    pub reason: Halt,
    /// The last command that was appended and applied.
    pub last: Sequence,
}

impl fmt::Display for Halted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, last } = self;
        write!(f, "halted after sequence {last}: {reason}")
    }
}

impl std::error::Error for Halted {}
