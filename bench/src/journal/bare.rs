//! Bare stores: records of 128 bytes to memory that was made as segments are, and nothing else.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use novate_journal::format::header::SEGMENT_BYTES;
use novate_journal::storage::{DiskStorage, Scratch};

/// Words of a record: as many as the frame of a new order has.
pub(super) const RECORD_WORDS: usize = 16;
/// Bytes of a record.
pub(super) const RECORD_BYTES: usize = RECORD_WORDS * 8;
/// Mappings that are kept ready: as many as a journal's writer has.
const AHEAD: usize = 2;

/// Stores a record's words, which are different for each record.
#[inline(always)]
pub(super) fn store(words: &[AtomicU64], record: u64) {
    // Atomic stores are neither left out nor put together, and on their own each is an ordinary instruction.
    for (place, word) in words.iter().enumerate() {
        word.store(word_of(record, place), Ordering::Relaxed);
    }
}

/// What stands in a record.
#[inline(always)]
fn word_of(record: u64, place: usize) -> u64 {
    record.wrapping_add(place as u64)
}

/// Whether records from `first` on stand there, one after the other.
pub(super) fn holds(words: &[AtomicU64], first: u64) -> bool {
    words.chunks_exact(RECORD_WORDS).zip(first..).all(|(words, record)| {
        words.iter().enumerate().all(|(place, word)| word.load(Ordering::Relaxed) == word_of(record, place))
    })
}

/// Mappings of the size of a segment, one after the other, made ahead as segments are.
#[derive(Debug)]
pub(super) struct Mappings {
    storage: DiskStorage,
    ahead: Vec<Scratch>,
}

impl Mappings {
    pub(super) fn new(storage: DiskStorage) -> Self {
        Self { storage, ahead: Vec::new() }
    }

    /// Makes what is missing.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        while self.ahead.len() < AHEAD {
            self.ahead.insert(0, self.storage.scratch(SEGMENT_BYTES.into())?);
        }
        Ok(())
    }

    /// The next one.
    pub(super) fn next(&mut self) -> io::Result<Scratch> {
        self.ahead.pop().ok_or_else(|| io::Error::other("no mapping was made ahead"))
    }
}
