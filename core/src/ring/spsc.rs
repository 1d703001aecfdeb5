//! One writer, one reader.

use super::consumer::Shared;
use super::sync::Arc;
use super::{Consumer, PushError, RECORD_WORDS_MAX, RingSize, Wait, lines_of};

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
        if words.is_empty() || words.len() > RECORD_WORDS_MAX {
            return Err(PushError::Size { words: words.len() });
        }
        let end = self.tail + lines_of(words.len()) as u64;
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
    /// # Errors
    /// [`PushError`]; nothing was written then.
    #[inline]
    pub fn try_push_all(&mut self, records: &[impl AsRef<[u64]>]) -> Result<(), PushError> {
        let end = self.tail + super::lines_of_all(records, self.shared.lines.len())?;
        if end > self.limit {
            self.limit = self.shared.make_room(end)?;
        }
        self.shared.lines.store_all(self.tail, records);
        self.tail = end;
        Ok(())
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
