//! The one reader of an ingress ring, whoever writes.

use super::cursor::Cursor;
use super::lines::{Found, Lines, is_blank};
use super::sync::Arc;
use super::{Popped, PushError, RecordBuffer, RingSize, Wait};

/// How far the reader may be ahead of what it has said, in lines; a quarter of a smaller ring.
const UNSAID_LINES_MAX: u64 = 64;

/// What writers and reader of an ingress ring share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) lines: Lines,
    /// Lines before this are free again; the reader moves it.
    pub(super) head: Cursor,
    /// Lines before this were given to writers; used where there are several.
    pub(super) tail: Cursor,
    /// Writers that are there.
    pub(super) producers: Cursor,
    /// 1 until the reader is gone.
    pub(super) consumers: Cursor,
}

impl Shared {
    pub(super) fn new(lines: usize) -> Result<Arc<Self>, RingSize> {
        let lines = Lines::new(lines)?;
        let [head, tail, producers, consumers] = [0, 0, 1, 1].map(Cursor::new);
        Ok(Arc::new(Self { lines, head, tail, producers, consumers }))
    }

    /// Looks how far the reader has come: the first position that may not be written, if a record fits before it.
    #[cold]
    pub(super) fn make_room(&self, end: u64) -> Result<u64, PushError> {
        let limit = self.head.acquire() + self.lines.len();
        if end <= limit {
            return Ok(limit);
        }
        Err(if self.consumers.acquire() == 0 { PushError::Closed } else { PushError::Full })
    }

    /// Whether nothing will come at a position where there is nothing.
    fn is_at_its_end(&self, position: u64) -> bool {
        // What the last writer stored before it went is seen now.
        self.producers.acquire() == 0 && self.lines.look(position) == Found::Nothing
    }
}

/// Reads records in the order in which they were written.
#[derive(Debug)]
pub struct Consumer {
    shared: Arc<Shared>,
    position: u64,
    /// What the writers know.
    said: u64,
    /// Where they are told again.
    say_at: u64,
}

impl Consumer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let mut consumer = Self { shared, position: 0, said: 0, say_at: 0 };
        consumer.free();
        consumer
    }

    /// The next record, copied out, if there is one. Its lines may be written again after at most 64 further ones, or when
    /// nothing more is found.
    #[inline(always)]
    pub fn try_pop<'b>(&mut self, buffer: &'b mut RecordBuffer) -> Popped<'b> {
        let (words, behind) = loop {
            match self.shared.lines.read(self.position, &mut buffer.0) {
                Ok(record) => break record,
                Err(found) if is_blank(self.position, found) => self.position += 1,
                Err(_) => return self.nothing(),
            }
        };
        self.position = behind;
        if self.position >= self.say_at {
            self.free();
        }
        Popped::Record(&buffer.0[..words])
    }

    /// The next record, waited for; none if nothing will come.
    #[inline]
    pub fn pop<'b>(&mut self, buffer: &'b mut RecordBuffer, wait: &mut impl Wait) -> Option<&'b [u64]> {
        let words = loop {
            match self.try_pop(buffer) {
                Popped::Record(words) => break words.len(),
                Popped::Closed => return None,
                Popped::Empty => wait.wait(),
            }
        };
        wait.reset();
        Some(&buffer.0[..words])
    }

    /// Hands over up to so many records as they stand, and says how many there were.
    #[inline(always)]
    pub fn drain(&mut self, most: usize, buffer: &mut RecordBuffer, mut take: impl FnMut(&[u64])) -> usize {
        for count in 0..most {
            match self.try_pop(buffer) {
                Popped::Record(words) => take(words),
                Popped::Empty | Popped::Closed => return count,
            }
        }
        most
    }

    /// Lines that were read so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Lines that the writers of an mpsc ring have taken and that were not read yet. A lone writer keeps its place to itself:
    /// always 0 of an spsc ring.
    pub fn backlog(&self) -> u64 {
        self.shared.tail.acquire().saturating_sub(self.position)
    }

    /// There is no record: writers get all lines back that were read.
    #[inline(always)]
    fn nothing(&mut self) -> Popped<'static> {
        if self.said != self.position {
            self.free();
            return Popped::Empty;
        }
        if self.shared.is_at_its_end(self.position) { Popped::Closed } else { Popped::Empty }
    }

    #[inline(always)]
    fn free(&mut self) {
        self.said = self.position;
        self.say_at = self.position + UNSAID_LINES_MAX.min(self.shared.lines.len() / 4);
        self.shared.head.release(self.position);
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.shared.consumers.decrement();
    }
}
