//! Writing a journal: appends without a system call, a page fault or an allocation.
//!
//! Three parts share the work. [`Writer`] is the hot thread's: it stores frames into memory that is there, touched and
//! zero. [`Preparer`] makes the next segments ahead of it. [`Flusher`] makes bytes durable behind it, and computes the hash
//! chain. The latter two do one [`step`](Flusher::step) at a time and know no threads; [`Background`] runs them on two, a
//! simulation in turns.

mod background;
mod flusher;
mod open;
mod preparer;
mod shared;

use std::sync::Arc;

use novate_core::command::{Checkpoint, CommandRecord, RawCommand, Work};
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::units::{Sequence, TimeNs};

pub use self::background::{Background, Closed};
pub use self::flusher::{Flush, Flusher};
pub use self::open::{Cut, Lost, Opened, Opening, Plan, Settings, create};
pub use self::preparer::Preparer;
pub use self::shared::{Durable, Poison, Watermarks};

use self::shared::Shared;
use crate::chain::Link;
use crate::format::Position;
use crate::format::frame::{FrameHeader, FrameKind, PAYLOAD_MAX, frame_size};
use crate::format::header::{FIRST_SEQUENCE_OFFSET, SEGMENT_HEADER_SIZE};
use crate::format::payload::{End, Seal, words};
use crate::memory::{Appender, Memory};

/// When bytes are made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Only segments that are full, and all when the journal is closed; else the system writes when it likes. A process that
    /// dies loses nothing, a machine that does may lose the segment that was being written, and the one before.
    None,
    /// Full pages every so many milliseconds, from 1 on; the page that is being written when something in it has waited for
    /// as long.
    Interval(u32),
    /// As soon as possible, the page that is being written too: whoever writes there next waits for one page fault.
    Batch,
}

/// What every segment has room for besides commands: the seal of its last block, that of a block that a crash left open, and
/// the end frame.
const RESERVED: usize = 2 * frame_size(size_of::<Seal>()) + frame_size(size_of::<End>());

/// Why a frame was not appended; nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The sequence is not the last one plus one, or the time steps back.
    OutOfOrder {
        /// The sequence that comes next.
        expected: Sequence,
        /// No time before this.
        last_time: TimeNs,
    },
    /// The command is longer than a frame takes.
    TooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// The block has to be sealed first: the segment is full, or the last command was a checkpoint.
    SealFirst,
    /// The next segment is not ready yet: the disk is slower than the commands. Nothing is lost; try again.
    NotReady,
    /// There will be no next segment: the disk is full. Intake has to stop, and goes on when there is room again.
    NoRoom {
        /// The system's answer.
        cause: String,
    },
    /// A write or sync failed: the writer is of no use any more. What was durable is.
    Poisoned(Poison),
}

impl std::fmt::Display for AppendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfOrder { expected, last_time } => {
                write!(f, "command {expected} comes next, at {last_time} ns or later; append commands without gaps")
            }
            Self::TooLong { bytes } => write!(f, "a command of {bytes} bytes; {PAYLOAD_MAX} are the most"),
            Self::SealFirst => f.write_str("the block is full, or at a checkpoint; seal it, then append"),
            Self::NotReady => f.write_str("the next segment is not ready; try again"),
            Self::NoRoom { cause } => write!(f, "no room for the next segment: {cause}; make room, then go on"),
            Self::Poisoned(poison) => poison.fmt(f),
        }
    }
}

impl std::error::Error for AppendError {}

/// The block that is being written.
#[derive(Clone, Copy, Debug)]
struct Block {
    index: u64,
    first_sequence: u64,
    begin: usize,
    /// The epoch of its frames: an earlier one in a block that a crash left open.
    epoch: u32,
}

/// The hot thread's part: appends frames and seals blocks.
#[derive(Debug)]
pub struct Writer {
    tail: Appender,
    segment: u32,
    epoch: u32,
    sequence: u64,
    time: u64,
    block: Block,
    is_at_checkpoint: bool,
    events_digest: EventsDigest,
    chain: Link,
    shared: Arc<Shared>,
}

impl Writer {
    /// Appends a command.
    ///
    /// The command is in the journal when this returns, for readers of this machine; whether it is durable, the watermarks
    /// tell.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was stored then.
    #[inline(always)]
    pub fn append<'c>(
        &mut self,
        sequence: Sequence,
        time: TimeNs,
        command: impl Into<RawCommand<'c>>,
    ) -> Result<(), AppendError> {
        let words = command.into().words();
        if sequence.0 != self.sequence + 1 || time.0 < self.time || words.len() > PAYLOAD_MAX / 8 {
            return Err(self.refusal(sequence, time, words));
        }
        let payload_bytes = words.len() * 8;
        if self.tail.room() < frame_size(payload_bytes) + RESERVED || self.is_at_checkpoint || self.shared.is_poisoned()
        {
            self.make_room()?;
        }
        let first = words.first().map_or(0, |word| *word as u16);
        let kind = if first == Work::KIND { FrameKind::Work } else { FrameKind::Command };
        self.is_at_checkpoint = first == Checkpoint::KIND;
        (self.sequence, self.time) = (sequence.0, time.0);
        self.tail.append(self.header(kind, payload_bytes), words);
        Ok(())
    }

    #[inline(always)]
    fn header(&self, kind: FrameKind, payload_bytes: usize) -> FrameHeader {
        FrameHeader {
            sequence: Sequence(self.sequence),
            time: TimeNs(self.time),
            epoch: self.epoch,
            segment: self.segment,
            kind,
            payload_bytes: payload_bytes as u32,
        }
    }

    #[cold]
    fn refusal(&self, sequence: Sequence, time: TimeNs, words: &[u64]) -> AppendError {
        if sequence.0 != self.sequence + 1 || time.0 < self.time {
            return AppendError::OutOfOrder { expected: Sequence(self.sequence + 1), last_time: TimeNs(self.time) };
        }
        AppendError::TooLong { bytes: words.len() * 8 }
    }

    /// The segment is full, the block is at its end, or the writer is poisoned.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) -> Result<(), AppendError> {
        if let Some(poison) = self.shared.poison() {
            return Err(AppendError::Poisoned(poison));
        }
        if self.has_open_block() {
            return Err(AppendError::SealFirst);
        }
        self.enter_next_segment()
    }

    /// Moves to the next segment, which the preparer has made.
    fn enter_next_segment(&mut self) -> Result<(), AppendError> {
        if self.shared.entered.is_full() {
            return Err(AppendError::NotReady);
        }
        let Some(next) = self.shared.ahead.pop() else {
            return Err(self.shared.no_room().map_or(AppendError::NotReady, |cause| AppendError::NoRoom { cause }));
        };
        next.memory.store_word(FIRST_SEQUENCE_OFFSET, self.sequence + 1);
        self.segment = next.number;
        self.tail = Appender::new(Arc::clone(&next.memory), SEGMENT_HEADER_SIZE);
        self.block.begin = SEGMENT_HEADER_SIZE;
        // There is room, as was seen above, and nobody else enters segments.
        let _ = self.shared.entered.push(next);
        Ok(())
    }

    /// Whether so many more bytes of frames fit before the block has to be sealed: for whoever appends a batch before it
    /// applies it. One frame takes [`frame_size`] of its payload.
    ///
    /// [`frame_size`]: crate::format::frame::frame_size
    #[inline]
    pub fn fits(&self, bytes: usize) -> bool {
        self.tail.room() >= bytes + RESERVED && !self.is_at_checkpoint
    }

    /// Makes room for so many bytes of frames in one segment: moves to the next one if they do not fit into what is left of
    /// this one. Where they are more than a segment takes, an empty one is all the room there is.
    ///
    /// # Errors
    /// [`AppendError::SealFirst`], [`AppendError::NotReady`], [`AppendError::NoRoom`], [`AppendError::Poisoned`].
    #[inline]
    pub fn reserve(&mut self, bytes: usize) -> Result<(), AppendError> {
        if self.fits(bytes) || self.tail.end() == SEGMENT_HEADER_SIZE { Ok(()) } else { self.make_room() }
    }

    /// Whether frames were appended since the last seal.
    #[inline]
    pub fn has_open_block(&self) -> bool {
        self.tail.end() != self.block.begin
    }

    /// Ends the block; nothing if it has no frame. `events_digest` is the engine's, after the last command appended.
    ///
    /// # Errors
    /// [`AppendError::Poisoned`].
    pub fn seal(&mut self, events_digest: EventsDigest) -> Result<(), AppendError> {
        self.events_digest = events_digest;
        if let Some(poison) = self.shared.poison() {
            return Err(AppendError::Poisoned(poison));
        }
        if !self.has_open_block() {
            return Ok(());
        }
        if let Some(link) = self.shared.newest_link.load() {
            self.chain = link;
        }
        let durable = self.shared.watermarks.durable();
        let frame_bytes = frame_size(size_of::<Seal>());
        let seal = Seal {
            block: self.block.index,
            first_sequence: self.block.first_sequence,
            last_sequence: self.sequence,
            bytes: (self.tail.end() + frame_bytes - self.block.begin) as u64,
            durable_sequence: durable.sequence.0,
            durable_position: durable.position.to_bits(),
            chain_block: self.chain.block,
            chain: self.chain.value.0,
            events_digest: events_digest.to_bytes(),
            epoch: self.block.epoch,
            reserved: 0,
        };
        self.tail.append(self.header(FrameKind::Seal, size_of::<Seal>()), words(&seal));
        self.block = Block {
            index: self.block.index + 1,
            first_sequence: self.sequence + 1,
            begin: self.tail.end(),
            epoch: self.epoch,
        };
        self.is_at_checkpoint = false;
        Ok(())
    }

    /// Ends the journal; all blocks are sealed, and the last one's chain value is known.
    fn end(&mut self, chain: Hash256) {
        let end = End {
            block: self.block.index - 1,
            chain: chain.0,
            events_digest: self.events_digest.to_bytes(),
            reserved: 0,
        };
        self.tail.append(self.header(FrameKind::End, size_of::<End>()), words(&end));
    }

    /// The last command appended, and its time.
    pub fn sequence(&self) -> (Sequence, TimeNs) {
        (Sequence(self.sequence), TimeNs(self.time))
    }

    /// Where the next frame begins.
    pub fn position(&self) -> Position {
        Position { segment: self.segment, offset: self.tail.end() as u32 }
    }

    /// The number of this incarnation.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The index of the block that is being written.
    pub fn block(&self) -> u64 {
        self.block.index
    }

    /// What is durable; for any thread.
    pub fn watermarks(&self) -> Arc<Watermarks> {
        Arc::clone(&self.shared.watermarks)
    }
}

/// A segment that frames can be appended to.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) number: u32,
    pub(crate) memory: Arc<Memory>,
}
