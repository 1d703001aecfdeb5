//! One writer, any number of readers, of which each sees every record.
//!
//! A reader that **gates** holds the writer back: nothing that it has not read is written over. Any other reader is lapped
//! if it is too slow, and learns how many lines it lost. Readers come and go while the ring is used, and a reader that
//! gates may be told not to any more: one that never reads holds the writer up only as long as the writer allows.
//!
//! Every reader, also one that gates, makes sure after copying a record that it was not written over meanwhile (a
//! sequence lock: H.-J. Boehm, "Can Seqlocks Get Along With Programming Language Memory Models?", MSPC 2012).

use alloc::boxed::Box;

use super::cursor::Cursor;
use super::lines::{Found, Lines, is_blank};
use super::sync::{Arc, Ordering, fence};
use super::{Popped, PushError, RecordBuffer, RingSize, Wait, check, lines_of};

/// A place for a reader that gates, which nobody has.
const FREE: u64 = u64::MAX;
/// The reader that has the place does not gate any more, and does not know yet.
const RELEASED: u64 = u64::MAX - 1;
/// How far a reader may be ahead of what it has said, in lines; a quarter of a smaller ring.
const UNSAID_LINES_MAX: u64 = 64;

/// What writer and readers share.
#[derive(Debug)]
struct Shared {
    lines: Lines,
    /// The end of what is published: where a reader that comes begins.
    tail: Cursor,
    /// What readers that gate have read.
    gates: Box<[Cursor]>,
    producers: Cursor,
}

/// Makes a ring of so many lines, for at most so many readers that gate at a time.
///
/// # Errors
/// [`RingSize`] if the lines are no power of two, or out of range.
pub fn ring(lines: usize, gates: usize) -> Result<(Producer, Subscriber), RingSize> {
    let lines = Lines::new(lines)?;
    let gates = (0..gates).map(|_| Cursor::new(FREE)).collect();
    let shared = Arc::new(Shared { lines, tail: Cursor::new(0), gates, producers: Cursor::new(1) });
    // Nobody gates yet, but somebody may come before a lap is over.
    let limit = shared.lines.len();
    Ok((Producer { shared: Arc::clone(&shared), tail: 0, limit }, Subscriber(shared)))
}

/// Writes records.
#[derive(Debug)]
pub struct Producer {
    shared: Arc<Shared>,
    tail: u64,
    /// The first position that may not be written, as far as is known.
    limit: u64,
}

/// A reader that gates, as its writer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    place: usize,
    position: u64,
}

impl Producer {
    /// Writes a record, unless a reader that gates is a whole ring behind.
    ///
    /// # Errors
    /// [`PushError::Full`], [`PushError::Size`]; nothing was written then.
    #[inline(always)]
    pub fn try_push(&mut self, words: &[u64]) -> Result<(), PushError> {
        let lines = lines_of(check(words)?) as u64;
        if self.tail + lines > self.limit {
            self.make_room(self.tail + lines)?;
        }
        self.shared.lines.withdraw(self.tail, lines);
        self.shared.lines.fill(self.tail, words);
        self.shared.lines.publish(self.tail, words.len());
        self.tail += lines;
        self.shared.tail.release(self.tail);
        Ok(())
    }

    /// Writes records that readers see all at once, or none of them.
    ///
    /// The records are gone through twice, by clones: once to count their lines, and once to store them where they stand in
    /// the ring, without a copy. Should they be others the second time, or should making one panic, then none is written.
    ///
    /// # Errors
    /// [`PushError::Full`], [`PushError::Size`]; nothing was written then.
    #[inline]
    pub fn try_push_all<R>(&mut self, records: &R) -> Result<(), PushError>
    where
        R: Iterator<Item: AsRef<[u64]>> + Clone,
    {
        let lines = super::lines_of_all(records.clone(), self.shared.lines.len())?;
        let begin = self.tail;
        if begin + lines > self.limit {
            self.make_room(begin + lines)?;
        }
        self.tail += lines;
        self.shared.lines.withdraw(begin, lines);
        let stored = self.shared.lines.store_all(begin, self.tail, records.clone());
        self.shared.tail.release(self.tail);
        stored
    }

    /// Writes a record as soon as there is room.
    ///
    /// # Errors
    /// [`PushError::Size`].
    #[inline]
    pub fn push(&mut self, words: &[u64], wait: &mut impl Wait) -> Result<(), PushError> {
        super::until_room(wait, || self.try_push(words))
    }

    /// Lines that were written so far.
    pub fn position(&self) -> u64 {
        self.tail
    }

    /// The reader that gates and is the farthest behind, if one does, and by how many lines.
    pub fn slowest(&self) -> Option<(Gate, u64)> {
        let gates = self.shared.gates.iter().enumerate();
        let gating = gates.map(|(place, gate)| (place, gate.acquire())).filter(|(_, position)| *position < RELEASED);
        let (place, position) = gating.min_by_key(|(_, position)| *position)?;
        Some((Gate { place, position }, self.tail.saturating_sub(position)))
    }

    /// Goes on without a reader that gates: it is lapped from now on. False if it has read something since.
    pub fn release(&mut self, gate: Gate) -> bool {
        self.shared.gates.get(gate.place).is_some_and(|place| place.exchange(gate.position, RELEASED).is_ok())
    }

    /// Looks how far the readers have come that gate.
    #[cold]
    fn make_room(&mut self, end: u64) -> Result<(), PushError> {
        // Whoever comes stores where it begins and then looks at the tail, and here it is the other way round: either the
        // newcomer is seen now, or it sees this tail and begins there, which no limit that follows from it will pass.
        fence(Ordering::SeqCst);
        let positions = self.shared.gates.iter().map(Cursor::acquire).filter(|position| *position < RELEASED);
        self.limit = positions.fold(self.tail, u64::min) + self.shared.lines.len();
        if end <= self.limit { Ok(()) } else { Err(PushError::Full) }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.shared.producers.decrement();
    }
}

/// Makes readers.
#[derive(Clone, Debug)]
pub struct Subscriber(Arc<Shared>);

impl Subscriber {
    /// A reader of everything that is written from now on, unless it is lapped.
    pub fn observe(&self) -> Consumer {
        let position = self.0.tail.acquire();
        Consumer { shared: Arc::clone(&self.0), position, gate: None }
    }

    /// A reader of everything that is written from now on, which is not lapped; none if as many gate already as may.
    pub fn gate(&self) -> Option<Consumer> {
        let from = self.0.tail.acquire();
        let place = self.0.gates.iter().position(|gate| gate.exchange(FREE, from).is_ok())?;
        fence(Ordering::SeqCst);
        // The writer may have gone on before it saw this gate. It has not lapped what it writes next.
        let position = self.0.tail.acquire();
        let unsaid_max = UNSAID_LINES_MAX.min(self.0.lines.len() / 4);
        let gate = Gating { place, said: from, unsaid_max };
        let mut consumer = Consumer { shared: Arc::clone(&self.0), position, gate: Some(gate) };
        consumer.say();
        Some(consumer)
    }
}

/// How a reader gates.
#[derive(Debug)]
struct Gating {
    place: usize,
    /// What the writer knows.
    said: u64,
    unsaid_max: u64,
}

/// What was lost to a reader that was too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapped {
    /// Lines that were written over before they were read. The next record is the newest one that is not written yet.
    pub lines: u64,
}

impl core::fmt::Display for Lapped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} lines of the ring were written over before they were read", self.lines)
    }
}

impl core::error::Error for Lapped {}

/// Reads records in the order in which they were written.
#[derive(Debug)]
pub struct Consumer {
    shared: Arc<Shared>,
    position: u64,
    gate: Option<Gating>,
}

impl Consumer {
    /// The next record, copied out, if there is one.
    ///
    /// # Errors
    /// [`Lapped`], once for each gap.
    #[inline(always)]
    pub fn try_pop<'b>(&mut self, buffer: &'b mut RecordBuffer) -> Result<Popped<'b>, Lapped> {
        let (words, behind) = loop {
            match self.shared.lines.read(self.position, &mut buffer.0) {
                Ok(record) => break record,
                Err(found) if is_blank(self.position, found) => self.position += 1,
                Err(_) => return self.nothing(),
            }
        };
        if !self.shared.lines.stands(self.position, words) {
            return self.lapped();
        }
        self.position = behind;
        if let Some(gate) = &self.gate
            && self.position - gate.said >= gate.unsaid_max
        {
            self.say();
        }
        Ok(Popped::Record(&buffer.0[..words]))
    }

    /// The next record, waited for; none if nothing will come.
    ///
    /// # Errors
    /// [`Lapped`], once for each gap.
    #[inline]
    pub fn pop<'b>(&mut self, buffer: &'b mut RecordBuffer, wait: &mut impl Wait) -> Result<Option<&'b [u64]>, Lapped> {
        let words = loop {
            match self.try_pop(buffer)? {
                Popped::Record(words) => break words.len(),
                Popped::Closed => return Ok(None),
                Popped::Empty => wait.wait(),
            }
        };
        wait.reset();
        Ok(Some(&buffer.0[..words]))
    }

    /// Hands over up to so many records as they stand, and says how many there were.
    ///
    /// # Errors
    /// [`Lapped`], once for each gap; what was before it was handed over.
    #[inline]
    pub fn drain(
        &mut self,
        most: usize,
        buffer: &mut RecordBuffer,
        mut take: impl FnMut(&[u64]),
    ) -> Result<usize, Lapped> {
        for count in 0..most {
            match self.try_pop(buffer)? {
                Popped::Record(words) => take(words),
                Popped::Empty | Popped::Closed => return Ok(count),
            }
        }
        Ok(most)
    }

    /// Whether the writer waits for this reader.
    pub fn is_gating(&self) -> bool {
        self.gate.is_some()
    }

    /// Lines that were read so far, or lost.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// There is no record, or not any more.
    #[inline(always)]
    fn nothing(&mut self) -> Result<Popped<'static>, Lapped> {
        if self.gate.as_ref().is_some_and(|gate| gate.said != self.position) {
            self.say();
            return Ok(Popped::Empty);
        }
        self.find_out()
    }

    fn find_out(&mut self) -> Result<Popped<'static>, Lapped> {
        let is_gone = self.shared.producers.acquire() == 0;
        // The tail first: had it been there already, the record was published before, and is gone by now.
        let tail = self.shared.tail.acquire();
        match self.shared.lines.look(self.position) {
            Found::Later => self.lapped(),
            Found::Nothing if tail > self.position => self.lapped(),
            Found::Nothing if is_gone => Ok(Popped::Closed),
            // What has just come is read at the next call.
            Found::Something | Found::Nothing => Ok(Popped::Empty),
        }
    }

    /// Goes on behind everything that is published.
    #[cold]
    fn lapped(&mut self) -> Result<Popped<'static>, Lapped> {
        let tail = self.shared.tail.acquire();
        if tail <= self.position {
            // The record at the position is being written now: it was never there, and nothing is lost.
            return Ok(Popped::Empty);
        }
        let lines = tail - self.position;
        self.position = tail;
        self.say();
        Err(Lapped { lines })
    }

    /// Lets the writer know what was read, or learns that it does not wait any more.
    fn say(&mut self) {
        let Some(gate) = &mut self.gate else { return };
        let place = &self.shared.gates[gate.place];
        if place.exchange(gate.said, self.position).is_ok() {
            gate.said = self.position;
        } else {
            place.release(FREE);
            self.gate = None;
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if let Some(gate) = &self.gate {
            self.shared.gates[gate.place].release(FREE);
        }
    }
}
