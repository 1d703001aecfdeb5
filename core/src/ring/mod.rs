//! Rings that hand records from thread to thread: the only lock-free code of the project.
//!
//! A ring is a power of two of cache lines. A line is one word that says which position it holds, and seven words of a
//! record; a record is one to six lines. Who writes stores the words, then, with Release ordering, the first line's
//! position; who reads looks at that word alone, so that nothing but the record itself moves from core to core.
//!
//! | ring | writers | readers | a full ring |
//! |---|---|---|---|
//! | [`spsc`] | one | one | refuses |
//! | [`mpsc`] | any number | one | refuses |
//! | [`broadcast`] | one | any number, each sees everything | refuses if a reader that gates is behind; laps the others |
//!
//! Lines are atomic words, stored and loaded one by one: no `unsafe`, and a reader that is lapped finds a torn record
//! out instead of acting on it. On processors that keep stores in order, such a word costs what any other does.
//!
//! ```
//! use novate_core::ring::{Popped, RecordBuffer, spsc};
//!
//! let (mut producer, mut consumer) = spsc::ring(1_024)?;
//! producer.try_push(&[1, 2, 3])?;
//! let mut buffer = RecordBuffer::new();
//! assert_eq!(consumer.try_pop(&mut buffer), Popped::Record(&[1, 2, 3]));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

pub mod broadcast;
mod consumer;
mod cursor;
mod lines;
pub mod mpsc;
pub mod spsc;
mod sync;
mod wait;

use core::fmt;

pub use self::consumer::Consumer;
pub use self::wait::{Spin, Wait};

// Loom tries every order of every load and store: for it everything is as small as it can be.
/// Words of a record in one line.
pub const LINE_WORDS: usize = if cfg!(loom) { 1 } else { 7 };
/// Lines of a record, at most.
pub const RECORD_LINES_MAX: usize = if cfg!(loom) { 2 } else { 6 };
/// Words of a record, at most: enough for every command, and for five events.
pub const RECORD_WORDS_MAX: usize = LINE_WORDS * RECORD_LINES_MAX;
/// Lines of a ring, at least.
pub const LINES_MIN: usize = if cfg!(loom) { 4 } else { 8 };
/// Lines of a ring, at most: 1 GiB.
pub const LINES_MAX: usize = 1 << 24;

const _: () = assert!(LINES_MIN > RECORD_LINES_MAX);
const _: () = assert!(cfg!(loom) || RECORD_WORDS_MAX * 8 >= crate::command::RARE_SIZE_MAX);

/// Lines that a record of so many words takes.
#[inline(always)]
const fn lines_of(words: usize) -> usize {
    words.div_ceil(LINE_WORDS)
}

/// How many words a record has, if a ring takes so many.
#[inline(always)]
const fn check(record: &[u64]) -> Result<usize, PushError> {
    let words = record.len();
    if words == 0 || words > RECORD_WORDS_MAX { Err(PushError::Size { words }) } else { Ok(words) }
}

/// Lines that a batch takes, if it has records, all of them are some, and a ring of `most` lines holds it.
#[inline(always)]
fn lines_of_all(records: impl Iterator<Item: AsRef<[u64]>>, most: u64) -> Result<u64, PushError> {
    let (mut words, mut lines) = (0, 0);
    for record in records {
        let length = check(record.as_ref())?;
        words += length;
        lines += lines_of(length) as u64;
    }
    if words == 0 || lines > most { Err(PushError::Size { words }) } else { Ok(lines) }
}

/// Tries until there is room, or until there never will be.
#[inline(always)]
fn until_room(wait: &mut impl Wait, mut attempt: impl FnMut() -> Result<(), PushError>) -> Result<(), PushError> {
    loop {
        match attempt() {
            Err(PushError::Full) => wait.wait(),
            done => {
                wait.reset();
                return done;
            }
        }
    }
}

/// Where a record is copied to when it is read.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct RecordBuffer([u64; RECORD_WORDS_MAX]);

impl RecordBuffer {
    /// An empty one.
    pub const fn new() -> Self {
        Self([0; RECORD_WORDS_MAX])
    }
}

impl Default for RecordBuffer {
    fn default() -> Self {
        Self::new()
    }
}

/// What a reader found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Popped<'b> {
    /// The next record's words.
    Record(&'b [u64]),
    /// Nothing yet.
    Empty,
    /// Nothing, and nothing will come: whoever wrote is gone.
    Closed,
}

/// A ring that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSize {
    /// The lines that were asked for.
    pub lines: usize,
}

impl fmt::Display for RingSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines } = self;
        write!(f, "a ring of {lines} lines; take a power of two from {LINES_MIN} to {LINES_MAX}")
    }
}

impl core::error::Error for RingSize {}

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// There is no room: whoever reads is behind. Try again.
    Full,
    /// Whoever reads is gone; nothing will make room.
    Closed,
    /// No record is empty, or so long; or a batch is longer than the ring, or not what it was when it was counted.
    Size {
        /// The words of the record, or of the batch.
        words: usize,
    },
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the ring is full; try again"),
            Self::Closed => f.write_str("nobody reads from the ring any more"),
            Self::Size { words } => write!(
                f,
                "a record of {words} words; a record has 1 to {RECORD_WORDS_MAX}, and a batch fits into the ring"
            ),
        }
    }
}

impl core::error::Error for PushError {}
