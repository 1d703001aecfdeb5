//! Any number of writers, one reader.
//!
//! A writer takes the lines that it needs by moving the tail, which all of them share, and publishes them by itself: the
//! reader sees records in the order in which their lines were taken, and waits for one whose writer was interrupted.

use super::consumer::Shared;
use super::sync::Arc;
use super::{Consumer, PushError, RingSize, Wait, check, lines_of};

/// Makes a ring of so many lines.
///
/// # Errors
/// [`RingSize`] if that is no power of two, or out of range.
pub fn ring(lines: usize) -> Result<(Producer, Consumer), RingSize> {
    let shared = Shared::new(lines)?;
    let limit = shared.lines.len();
    Ok((Producer { shared: Arc::clone(&shared), limit }, Consumer::new(shared)))
}

/// Writes records; there may be any number of these, each for a thread of its own.
#[derive(Debug)]
pub struct Producer {
    shared: Arc<Shared>,
    /// The first position that may not be written, as far as is known.
    limit: u64,
}

impl Producer {
    /// Writes a record, if there is room.
    ///
    /// # Errors
    /// [`PushError`]; nothing was written then.
    #[inline(always)]
    pub fn try_push(&mut self, words: &[u64]) -> Result<(), PushError> {
        let position = self.claim(lines_of(check(words)?) as u64)?;
        self.shared.lines.fill(position, words);
        self.shared.lines.publish(position, words.len());
        Ok(())
    }

    /// Writes a record as soon as there is room.
    ///
    /// # Errors
    /// [`PushError::Closed`], [`PushError::Size`].
    #[inline]
    pub fn push(&mut self, words: &[u64], wait: &mut impl Wait) -> Result<(), PushError> {
        super::until_room(wait, || self.try_push(words))
    }

    /// Writes records that the reader sees all at once and next to each other, or none of them.
    ///
    /// The records are gone through twice, by clones: once to count their lines, and once to store them where they stand in
    /// the ring, without a copy. Should they be others the second time, or should making one panic, then none is written.
    ///
    /// # Errors
    /// [`PushError`]; nothing was written then.
    #[inline]
    pub fn try_push_all<R>(&mut self, records: &R) -> Result<(), PushError>
    where
        R: Iterator<Item: AsRef<[u64]>> + Clone,
    {
        let lines = super::lines_of_all(records.clone(), self.shared.lines.len())?;
        let position = self.claim(lines)?;
        self.shared.lines.store_all(position, position + lines, records.clone())
    }

    /// Takes lines, which nobody else writes from then on.
    #[inline(always)]
    fn claim(&mut self, lines: u64) -> Result<u64, PushError> {
        // A writer that is alone stays so while it is borrowed: more are made from it only. What those that are gone did to
        // the tail happened before it sees that.
        if self.shared.producers.acquire() == 1 {
            let tail = self.shared.tail.load_relaxed();
            if tail + lines > self.limit {
                self.limit = self.shared.make_room(tail + lines)?;
            }
            self.shared.tail.release(tail + lines);
            return Ok(tail);
        }
        let mut tail = self.shared.tail.load_relaxed();
        loop {
            let end = tail + lines;
            if end > self.limit {
                self.limit = self.shared.make_room(end)?;
            }
            match self.shared.tail.claim(tail, end) {
                Ok(()) => return Ok(tail),
                Err(moved) => tail = moved,
            }
        }
    }
}

impl Clone for Producer {
    fn clone(&self) -> Self {
        self.shared.producers.increment();
        Self { shared: Arc::clone(&self.shared), limit: self.limit }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.shared.producers.decrement();
    }
}
