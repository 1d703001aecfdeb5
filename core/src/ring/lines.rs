//! The lines of a ring, and how a record is laid into them.
//!
//! ```text
//! word 0            1..7                      64 bytes
//! +-----------------+-------------------------+
//! | stamp           | seven words of a record |   stamp = (position + 1) << 6 | words of the record; 0 words in all
//! +-----------------+-------------------------+           lines of a record but its first, 63 in a blank one
//! ```
//!
//! Blank lines hold no record: they are what is left of a batch that could not be made.
//!
//! No two positions have the same stamp, so a line that was left from an earlier lap, or that belongs to the middle of a
//! record, is never taken for the one that is waited for.

use alloc::boxed::Box;
use core::{fmt, mem};

use super::sync::{AtomicU64, Ordering, fence};
use super::{
    LINE_WORDS, LINES_MAX, LINES_MIN, PushError, RECORD_LINES_MAX, RECORD_WORDS_MAX, RingSize, check, lines_of,
};

/// Bits of a stamp that hold the number of words.
const WORDS_BITS: u32 = 6;

/// What stands there instead in a line that holds nothing.
const BLANK: usize = (1 << WORDS_BITS) - 1;

const _: () = assert!(RECORD_WORDS_MAX < BLANK);

/// What the first line of a record at a position is stamped with; any other line if the record has no words.
#[inline(always)]
const fn stamp(position: u64, words: usize) -> u64 {
    (position + 1) << WORDS_BITS | words as u64
}

/// The words of the record that a line's stamp says is at a position, if it says that.
#[inline(always)]
fn words_at(position: u64, found: u64) -> Option<usize> {
    // What is earlier wraps around, and so does the middle of a record.
    let words = found.wrapping_sub(stamp(position, 0));
    (words.wrapping_sub(1) < RECORD_WORDS_MAX as u64).then_some(words as usize)
}

/// The line of a position, in a power of two of them: the index is within them.
#[inline(always)]
fn line(lines: &[Line], position: u64) -> &Line {
    &lines[(position & (lines.len() as u64 - 1)) as usize]
}

/// One line.
#[repr(align(64))]
struct Line {
    stamp: AtomicU64,
    words: [AtomicU64; LINE_WORDS],
}

impl Line {
    fn new() -> Self {
        Self { stamp: AtomicU64::new(0), words: core::array::from_fn(|_| AtomicU64::new(0)) }
    }

    #[inline(always)]
    fn store(&self, words: &[u64]) {
        for (to, from) in self.words.iter().zip(words) {
            to.store(*from, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn load(&self, to: &mut [u64]) {
        for (to, from) in to.iter_mut().zip(&self.words) {
            *to = from.load(Ordering::Relaxed);
        }
    }
}

/// What stands at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record, or a blank line.
    Something,
    /// Nothing yet, or something that is being stored.
    Nothing,
    /// What was written there later.
    Later,
}

/// Whether a line's stamp says that it is at a position and blank.
#[inline(always)]
pub(super) fn is_blank(position: u64, found: u64) -> bool {
    found == stamp(position, BLANK)
}

/// Lines of a batch, blank when this is dropped: one that nobody publishes would hold the reader up for ever.
struct Blanks<'l> {
    lines: &'l Lines,
    position: u64,
    end: u64,
}

impl Drop for Blanks<'_> {
    #[cold]
    fn drop(&mut self) {
        // No reader is behind the first one yet.
        for position in (self.position..self.end).rev() {
            self.lines.publish(position, BLANK);
        }
    }
}

/// All lines.
pub(super) struct Lines(Box<[Line]>);

/// How many, and not what is in them.
impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lines").field(&self.0.len()).finish()
    }
}

impl Lines {
    pub(super) fn new(lines: usize) -> Result<Self, RingSize> {
        if !lines.is_power_of_two() || !(LINES_MIN..=LINES_MAX).contains(&lines) {
            return Err(RingSize { lines });
        }
        Ok(Self((0..lines).map(|_| Line::new()).collect()))
    }

    /// How many there are.
    #[inline(always)]
    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    #[inline(always)]
    fn line(&self, position: u64) -> &Line {
        line(&self.0, position)
    }

    /// Stores a record at a position, but for the stamp that publishes it. The lines are this thread's alone.
    ///
    /// The first line comes last: a reader that waits looks at it all the time, and would take it away between its first
    /// word and its stamp.
    #[inline(always)]
    pub(super) fn fill(&self, position: u64, words: &[u64]) {
        let (first, rest) = words.split_at(words.len().min(LINE_WORDS));
        for (next, part) in (position + 1..).zip(rest.chunks(LINE_WORDS)) {
            let line = self.line(next);
            line.store(part);
            // The first line's stamp is stored after this one, and releases it.
            line.stamp.store(stamp(next, 0), Ordering::Relaxed);
        }
        self.line(position).store(first);
    }

    /// Publishes the record of so many words that was stored at a position, and everything that was stored before.
    #[inline(always)]
    pub(super) fn publish(&self, position: u64, words: usize) {
        self.line(position).stamp.store(stamp(position, words), Ordering::Release);
    }

    /// Stores records into lines that are this thread's alone, the first one last, and publishes all of them with that one.
    ///
    /// If they are not those that were counted, or if making one of them panics, then all lines are blank.
    #[inline(always)]
    pub(super) fn store_all(
        &self,
        position: u64,
        end: u64,
        mut records: impl Iterator<Item: AsRef<[u64]>>,
    ) -> Result<(), PushError> {
        let blanks = Blanks { lines: self, position, end };
        let Some(first) = records.next() else { return Err(PushError::Size { words: 0 }) };
        let first = first.as_ref();
        let mut at = position + lines_of(check(first)?) as u64;
        for record in records {
            let words = record.as_ref();
            let behind = at + lines_of(check(words)?) as u64;
            if behind > end {
                return Err(PushError::Size { words: words.len() });
            }
            self.fill(at, words);
            self.publish(at, words.len());
            at = behind;
        }
        if at != end {
            return Err(PushError::Size { words: 0 });
        }
        self.fill(position, first);
        mem::forget(blanks);
        self.publish(position, first.len());
        Ok(())
    }

    /// Takes back what lines say that they hold, before something else is stored there: for rings whose writer may lap
    /// readers.
    #[inline(always)]
    pub(super) fn withdraw(&self, position: u64, lines: u64) {
        for next in position..position + lines {
            self.line(next).stamp.store(0, Ordering::Relaxed);
        }
        // Whoever sees a word that is stored behind this also sees that the stamps are gone.
        fence(Ordering::Release);
    }

    /// What stands at a position, of which nothing but the stamp is read.
    #[inline(always)]
    pub(super) fn look(&self, position: u64) -> Found {
        let found = self.line(position).stamp.load(Ordering::Acquire);
        if found <= stamp(position, 0) {
            Found::Nothing
        } else if found <= stamp(position, BLANK) {
            Found::Something
        } else {
            Found::Later
        }
    }

    /// Copies the record at a position, if it is there, in whole lines. Says how many words it has, and what comes behind it;
    /// or how the line is stamped.
    ///
    /// The latter is counted, not computed from the number of words: the processor guesses how often, and fetches the next
    /// record's line while this one's is on its way. A computed position would have to wait for it.
    #[inline(always)]
    pub(super) fn read(&self, position: u64, to: &mut [u64; RECORD_WORDS_MAX]) -> Result<(usize, u64), u64> {
        // Looked up once: behind a load with Acquire ordering, compilers look everything up anew.
        let lines = &*self.0;
        let line = line(lines, position);
        let found = line.stamp.load(Ordering::Acquire);
        let words = words_at(position, found).ok_or(found)?;
        let (first, rest) = to.split_at_mut(LINE_WORDS);
        line.load(first);
        let (mut behind, mut copied) = (position + 1, LINE_WORDS);
        if words > copied {
            for part in rest.chunks_exact_mut(LINE_WORDS) {
                self::line(lines, behind).load(part);
                (behind, copied) = (behind + 1, copied + LINE_WORDS);
                if words <= copied {
                    break;
                }
            }
        }
        Ok((words, behind))
    }

    /// Whether what was copied is the record that was found, and not partly one that was written over it meanwhile.
    #[inline(always)]
    pub(super) fn stands(&self, position: u64, words: usize) -> bool {
        // The words were loaded before the stamps are looked at again.
        fence(Ordering::Acquire);
        let first = self.line(position).stamp.load(Ordering::Relaxed) == stamp(position, words);
        let count = lines_of(words).min(RECORD_LINES_MAX) as u64;
        first
            && (position + 1..position + count)
                .all(|next| self.line(next).stamp.load(Ordering::Relaxed) == stamp(next, 0))
    }
}
