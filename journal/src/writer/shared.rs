//! What the hot thread and the two beside it share: queues without locks, and watermarks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crossbeam::queue::ArrayQueue;
use crossbeam::utils::CachePadded;
use novate_core::units::Sequence;

use super::Ready;
use crate::chain::Link;
use crate::format::control::Control;
use crate::format::{Position, names};
use crate::storage::{Lock, Storage};

/// Segments that the hot thread may be ahead of the flusher.
const ENTERED_MAX: usize = 256;

/// What is durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// The last command of which all is durable.
    pub sequence: Sequence,
    /// Everything before this place is durable.
    pub position: Position,
}

/// How far the journal is durable; stored by the flusher, read by anybody.
#[derive(Debug, Default)]
pub struct Watermarks {
    sequence: CachePadded<AtomicU64>,
    position: CachePadded<AtomicU64>,
}

impl Watermarks {
    /// What is durable; more may be meanwhile.
    pub fn durable(&self) -> Durable {
        // One of the two may be newer than the other; each is durable.
        let position = Position::from_bits(self.position.load(Ordering::Acquire));
        Durable { sequence: Sequence(self.sequence.load(Ordering::Acquire)), position }
    }

    pub(super) fn store(&self, durable: Durable) {
        self.sequence.store(durable.sequence.0, Ordering::Release);
        self.position.store(durable.position.to_bits(), Ordering::Release);
    }
}

/// Why a writer is of no use any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// What failed.
    pub doing: &'static str,
    /// The system's answer.
    pub cause: String,
}

impl std::fmt::Display for Poison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { doing, cause } = self;
        write!(f, "the journal cannot be written any more: {doing} failed: {cause}; what was durable is, open it again")
    }
}

impl std::error::Error for Poison {}

/// What the three parts of a writer share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Given back when the last of the three parts is gone: nobody else may write while one of them can.
    _lock: Box<dyn Lock>,
    /// Segments that were made, in order; from the preparer to the hot thread.
    pub(super) ahead: ArrayQueue<Ready>,
    /// Segments that the hot thread moved to, in order; to the flusher.
    pub(super) entered: ArrayQueue<Ready>,
    /// New chain values; from the flusher to the hot thread. Only the newest is of interest.
    pub(super) links: ArrayQueue<Link>,
    pub(super) watermarks: Arc<Watermarks>,
    is_poisoned: CachePadded<AtomicBool>,
    poison: OnceLock<Poison>,
    /// Why the preparer could not make a segment the last time that it tried; set by it, read when none is left.
    no_room: Mutex<Option<String>>,
}

impl Shared {
    pub(super) fn new(segments_ahead: usize, lock: Box<dyn Lock>) -> Self {
        Self {
            _lock: lock,
            ahead: ArrayQueue::new(segments_ahead),
            entered: ArrayQueue::new(ENTERED_MAX),
            links: ArrayQueue::new(1),
            watermarks: Arc::new(Watermarks::default()),
            is_poisoned: CachePadded::new(AtomicBool::new(false)),
            poison: OnceLock::new(),
            no_room: Mutex::new(None),
        }
    }

    #[inline(always)]
    pub(super) fn is_poisoned(&self) -> bool {
        self.is_poisoned.load(Ordering::Relaxed)
    }

    /// Why nothing can be written any more, if so.
    pub(super) fn poison(&self) -> Option<Poison> {
        if self.is_poisoned() { self.poison.get().cloned() } else { None }
    }

    /// From now on nothing is written; the first reason stays.
    pub(super) fn set_poison(&self, doing: &'static str, cause: impl std::fmt::Display) -> Poison {
        let poison = self.poison.get_or_init(|| Poison { doing, cause: cause.to_string() }).clone();
        self.is_poisoned.store(true, Ordering::Release);
        poison
    }

    /// A writer that was opened later has raised the epoch: this one has lost its lock without knowing, and must end before it
    /// touches what is the other's.
    pub(super) fn check_epoch(&self, storage: &dyn Storage, own: u32) -> Result<(), Poison> {
        let control = storage.read(names::CONTROL).ok().and_then(|bytes| Control::from_bytes(&bytes).ok());
        match control {
            Some(control) if control.epoch == own => Ok(()),
            Some(control) => Err(self.set_poison(
                "holding the journal",
                format_args!("it was opened for writing again, with epoch {} after {own}", control.epoch),
            )),
            None => Err(self.set_poison("holding the journal", "the control file is gone or damaged")),
        }
    }

    /// Why there is no next segment, if that is known.
    pub(super) fn no_room(&self) -> Option<String> {
        self.no_room.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_no_room(&self, cause: Option<String>) {
        *self.no_room.lock().unwrap_or_else(PoisonError::into_inner) = cause;
    }
}
