//! What the hot thread and the two beside it share: queues without locks, and watermarks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crossbeam::queue::ArrayQueue;
use crossbeam::utils::CachePadded;
use novate_core::digest::Hash256;
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

/// How far the journal is durable, and how far it is made; stored by the threads beside the writer, read by anybody.
#[derive(Debug, Default)]
pub struct Watermarks {
    sequence: CachePadded<AtomicU64>,
    position: CachePadded<AtomicU64>,
    newest_segment: CachePadded<AtomicU64>,
}

impl Watermarks {
    /// What is durable; more may be meanwhile.
    pub fn durable(&self) -> Durable {
        // One of the two may be newer than the other; each is durable.
        let position = Position::from_bits(self.position.load(Ordering::Acquire));
        Durable { sequence: Sequence(self.sequence.load(Ordering::Acquire)), position }
    }

    /// The newest segment that was made ahead, with all its pages; 0 before there is one.
    pub fn newest_segment(&self) -> u32 {
        self.newest_segment.load(Ordering::Acquire) as u32
    }

    pub(super) fn set_newest_segment(&self, number: u32) {
        self.newest_segment.store(number.into(), Ordering::Release);
    }

    pub(super) fn store(&self, durable: Durable) {
        self.sequence.store(durable.sequence.0, Ordering::Release);
        self.position.store(durable.position.to_bits(), Ordering::Release);
    }
}

/// Words of a block's index and its chain value.
const LINK_WORDS: usize = size_of::<Link>() / 8;

/// The newest chain value; one thread stores, one loads, and neither waits for the other.
///
/// It is a sequence lock whose reader does not try again (H.-J. Boehm, "Can Seqlocks Get Along With Programming Language
/// Memory Models?", MSPC 2012). A queue of one would have the hot thread wait for a flusher that was interrupted while it
/// replaced the value, and give its core away meanwhile.
#[derive(Debug, Default)]
pub(super) struct NewestLink {
    /// Odd while a value is being stored; 0 before the first one.
    version: CachePadded<AtomicU64>,
    words: [AtomicU64; LINK_WORDS],
}

impl NewestLink {
    /// Replaces it; for the flusher only.
    pub(super) fn store(&self, link: Link) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        let value: [u64; LINK_WORDS - 1] = bytemuck::must_cast(link.value.0);
        for (word, value) in self.words.iter().zip([link.block].into_iter().chain(value)) {
            word.store(value, Ordering::Relaxed);
        }
        self.version.store(version + 2, Ordering::Release);
    }

    /// The newest one; none before the first, and none while it is being replaced.
    pub(super) fn load(&self) -> Option<Link> {
        let version = self.version.load(Ordering::Acquire);
        let [block, value @ ..] = self.words.each_ref().map(|word| word.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let is_whole = version.is_multiple_of(2) && version > 0 && self.version.load(Ordering::Relaxed) == version;
        is_whole.then(|| Link { block, value: Hash256(bytemuck::must_cast(value)) })
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
    /// From the flusher to the hot thread.
    pub(super) newest_link: NewestLink,
    pub(super) watermarks: Arc<Watermarks>,
    is_poisoned: CachePadded<AtomicBool>,
    poison: OnceLock<Poison>,
    /// Why the preparer could not make a segment the last time that it tried; set by it, read when none is left.
    no_room: Mutex<Option<String>>,
    /// Whether there is such a reason. The hot thread asks again and again while it waits for a segment, and must not meet the
    /// preparer at a lock.
    has_no_room: AtomicBool,
}

impl Shared {
    pub(super) fn new(segments_ahead: usize, lock: Box<dyn Lock>) -> Self {
        Self {
            _lock: lock,
            ahead: ArrayQueue::new(segments_ahead),
            entered: ArrayQueue::new(ENTERED_MAX),
            newest_link: NewestLink::default(),
            watermarks: Arc::new(Watermarks::default()),
            is_poisoned: CachePadded::new(AtomicBool::new(false)),
            poison: OnceLock::new(),
            no_room: Mutex::new(None),
            has_no_room: AtomicBool::new(false),
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
        if !self.has_no_room.load(Ordering::Relaxed) {
            return None;
        }
        self.no_room.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_no_room(&self, cause: Option<String>) {
        let is_there = cause.is_some();
        *self.no_room.lock().unwrap_or_else(PoisonError::into_inner) = cause;
        self.has_no_room.store(is_there, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(block: u64) -> Link {
        Link { block, value: Hash256(std::array::from_fn(|at| block as u8 ^ at as u8)) }
    }

    #[test]
    fn the_newest_link_is_whole_or_none() {
        let newest = NewestLink::default();
        assert_eq!(newest.load(), None);
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (1..=200_000).for_each(|block| newest.store(link(block)));
                is_over.store(true, Ordering::Release);
            });
            let mut last = 0;
            while !is_over.load(Ordering::Acquire) {
                if let Some(found) = newest.load() {
                    assert!(found.block >= last && found == link(found.block), "{found:?} after {last}");
                    last = found.block;
                }
            }
        });
        assert_eq!(newest.load(), Some(link(200_000)));
    }

    #[test]
    fn a_link_that_is_being_stored_is_not_waited_for() {
        let newest = NewestLink::default();
        newest.store(link(3));
        newest.version.store(3, Ordering::Relaxed);
        assert_eq!(newest.load(), None);
    }
}
