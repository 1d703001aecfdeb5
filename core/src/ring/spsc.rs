//! One writer, one reader.

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
    Ok((Producer { shared: Arc::clone(&shared), tail: 0, limit }, Consumer::new(shared)))
}

/// Writes records.
#[derive(Debug)]
pub struct Producer {
    shared: Arc<Shared>,
    tail: u64,
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
        let end = self.tail + lines_of(check(words)?) as u64;
        if end > self.limit {
            self.limit = self.shared.make_room(end)?;
        }
        self.shared.lines.fill(self.tail, words);
        self.shared.lines.publish(self.tail, words.len());
        self.tail = end;
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

    /// Writes records that the reader sees all at once, or none of them.
    ///
    /// The records are gone through twice, by clones: once to count their lines, and once to store them where they stand in
    /// the ring, without a copy. Should they be others the second time, or should making one panic, then none is written.
    ///
    /// ```
    /// use novate_core::ring::{RecordBuffer, spsc};
    ///
    /// let (mut producer, mut consumer) = spsc::ring(1_024)?;
    /// producer.try_push_all(&(0..32).map(|number| [number, number * number]))?;
    /// let mut sum = 0;
    /// consumer.drain(32, &mut RecordBuffer::new(), |words| sum += words[1]);
    /// assert_eq!(sum, 10_416);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PushError`]; nothing was written then.
    #[inline]
    pub fn try_push_all<R>(&mut self, records: &R) -> Result<(), PushError>
    where
        R: Iterator<Item: AsRef<[u64]>> + Clone,
    {
        let begin = self.tail;
        let end = begin + super::lines_of_all(records.clone(), self.shared.lines.len())?;
        if end > self.limit {
            self.limit = self.shared.make_room(end)?;
        }
        self.tail = end;
        self.shared.lines.store_all(begin, end, records.clone())
    }

    /// Lines that were written so far.
    pub fn position(&self) -> u64 {
        self.tail
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.shared.producers.decrement();
    }
}
