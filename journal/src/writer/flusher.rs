//! Makes durable what was appended, and computes the hash chain over it: beside the hot thread, never in its way.
//!
//! The page that is being written is left alone while commands come: a page that is written back is protected against
//! writing meanwhile, and the hot thread would wait for it. Only a page that is full is flushed, or one in which something
//! has waited for an interval.

use std::sync::Arc;

use novate_core::units::Sequence;

use super::shared::{Durable, Poison, Shared};
use super::{Durability, Ready};
use crate::chain::{Link, next};
use crate::format::Position;
use crate::format::frame::FrameKind;
use crate::format::header::SEGMENT_HEADER_SIZE;
use crate::memory::Published;
use crate::storage::Storage;

/// Bytes of a page.
const PAGE: usize = 4_096;

/// What to flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Nothing but segments that the writer has left: else only the chain goes on.
    Nothing,
    /// Pages that are full.
    FullPages,
    /// Everything, the page that is being written too.
    All,
}

/// Makes bytes durable and computes the chain, one step at a time.
#[derive(Debug)]
pub struct Flusher {
    storage: SharedStorage,
    pub(super) shared: Arc<Shared>,
    durability: Durability,
    epoch: u32,
    segment: u32,
    cursor: Published,
    /// Where the block under way begins.
    block_begin: usize,
    block: u64,
    chain: Link,
    /// The last command that was looked at.
    sequence: u64,
    /// How far the segment is durable.
    flushed: usize,
    /// Frames that were looked at and are not durable yet are from here on: an end of a frame, and the last command before.
    durable: (usize, u64),
    /// How far frames had come at the last step.
    last_end: usize,
}

/// A storage, for messages a word.
#[derive(Clone)]
pub(super) struct SharedStorage(pub(super) Arc<dyn Storage>);

impl std::fmt::Debug for SharedStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("storage")
    }
}

/// Where the flusher begins: everything before is durable.
#[derive(Debug)]
pub(super) struct Begin {
    pub(super) ready: Ready,
    pub(super) end: usize,
    pub(super) first_frame: usize,
    pub(super) block: u64,
    pub(super) chain: Link,
    pub(super) sequence: u64,
}

impl Flusher {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        shared: Arc<Shared>,
        (durability, epoch): (Durability, u32),
        begin: Begin,
    ) -> Self {
        let mut cursor = Published::new(begin.ready.memory, begin.first_frame);
        cursor.advance(begin.end - begin.first_frame);
        let position = Position { segment: begin.ready.number, offset: begin.end as u32 };
        shared.watermarks.store(Durable { sequence: Sequence(begin.sequence), position });
        Self {
            storage: SharedStorage(storage),
            shared,
            durability,
            epoch,
            segment: begin.ready.number,
            cursor,
            block_begin: begin.first_frame,
            block: begin.block,
            chain: begin.chain,
            sequence: begin.sequence,
            flushed: begin.end,
            durable: (begin.end, begin.sequence),
            last_end: begin.end,
        }
    }

    /// Looks at what was appended since, hashes blocks that were sealed, and flushes. Returns whether there was anything to
    /// do.
    ///
    /// # Errors
    /// Flushing failed, or another writer has opened the journal: nothing is written any more, by anybody of this writer.
    pub fn step(&mut self, flush: Flush) -> Result<bool, Poison> {
        if let Some(poison) = self.shared.poison() {
            return Err(poison);
        }
        let mut has_done = self.look();
        // What was appended to a segment before the writer moved on is seen after its moving was.
        while let Some(next) = self.shared.entered.pop() {
            self.look();
            // Whatever the policy: what is durable is a first part of the journal, without gaps.
            self.flush_to(self.cursor.end())?;
            self.enter(next);
            self.look();
            has_done = true;
        }
        let end = self.cursor.end();
        has_done |= self.flush_to(match flush {
            Flush::Nothing => 0,
            Flush::FullPages => end & !(PAGE - 1),
            Flush::All => end,
        })?;
        Ok(has_done)
    }

    /// What to flush now, as the policy wants it; called at the policy's pace.
    pub(super) fn policy(&mut self) -> Flush {
        let end = self.cursor.end();
        // What is in the page that is being written has waited for an interval already.
        let is_late = end & !(PAGE - 1) < self.last_end;
        self.last_end = end;
        match self.durability {
            Durability::None => Flush::Nothing,
            Durability::Interval(_) if is_late => Flush::All,
            Durability::Interval(_) => Flush::FullPages,
            Durability::Batch => Flush::All,
        }
    }

    /// How often the policy wants to be asked; none for as often as possible.
    pub(super) fn pace_ms(&self) -> Option<u32> {
        match self.durability {
            Durability::None => Some(1),
            Durability::Interval(milliseconds) => Some(milliseconds),
            Durability::Batch => None,
        }
    }

    /// The newest chain value.
    pub fn chain(&self) -> Link {
        self.chain
    }

    /// Goes over the frames that were appended.
    fn look(&mut self) -> bool {
        let begin = self.cursor.end();
        while let Ok(frame) = self.cursor.peek_published() {
            let (kind, size) = (frame.kind(), frame.size());
            if kind.is_applied() {
                self.sequence = frame.sequence().0;
            }
            self.cursor.advance(size);
            if kind == FrameKind::Seal {
                let end = self.cursor.end();
                let value = next(&self.chain.value, self.cursor.bytes(self.block_begin, end));
                self.chain = Link { block: self.block, value };
                (self.block, self.block_begin) = (self.block + 1, end);
                self.shared.newest_link.store(self.chain);
            }
        }
        self.cursor.end() != begin
    }

    fn enter(&mut self, next: Ready) {
        self.segment = next.number;
        self.cursor = Published::new(next.memory, SEGMENT_HEADER_SIZE);
        self.block_begin = SEGMENT_HEADER_SIZE;
        // The header's first sequence was stored when the writer moved here: the first flush begins with it.
        (self.flushed, self.durable.0, self.last_end) = (0, SEGMENT_HEADER_SIZE, 0);
    }

    /// Makes the segment durable up to a place, and tells how far that is in commands.
    fn flush_to(&mut self, end: usize) -> Result<bool, Poison> {
        if end <= self.flushed || end <= SEGMENT_HEADER_SIZE {
            return Ok(false);
        }
        self.shared.check_epoch(&*self.storage.0, self.epoch)?;
        self.cursor
            .memory()
            .sync(self.flushed & !(PAGE - 1), end)
            .map_err(|cause| self.shared.set_poison("making the journal durable", cause))?;
        self.flushed = end;
        // The last frame that ends at or before it.
        let mut behind = Published::new(Arc::clone(self.cursor.memory()), self.durable.0);
        while behind.end() < end
            && let Ok(frame) = behind.peek_published()
        {
            let size = frame.size();
            if behind.end() + size > end {
                break;
            }
            if frame.kind().is_applied() {
                self.durable.1 = frame.sequence().0;
            }
            behind.advance(size);
        }
        self.durable.0 = behind.end();
        let position = Position { segment: self.segment, offset: self.durable.0 as u32 };
        self.shared.watermarks.store(Durable { sequence: Sequence(self.durable.1), position });
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use novate_core::command::{CommandRecord, RawCommand, Work};
    use novate_core::genesis::{Capacities, Genesis};
    use novate_core::ids::{AccountId, SessionId};
    use novate_core::units::TimeNs;

    use super::*;
    use crate::storage::CrashStorage;
    use crate::writer::{Settings, create};

    /// What a lone client waits for is durable after an interval, though timers go on coming.
    #[test]
    fn nothing_waits_for_longer_than_an_interval() {
        let settings = Settings { segment_bytes: 1 << 16, durability: Durability::Interval(10) };
        let genesis = Genesis::new(0, 1, Capacities::for_orders(16));
        let mut opened = create(Arc::new(CrashStorage::new()), &genesis, settings).expect("a journal");
        let watermarks = opened.writer.watermarks();
        for sequence in 1..=40 {
            let record = Work { header: Work::new_header(SessionId::sequencer(0), sequence, AccountId::NONE) };
            opened.writer.append(Sequence(sequence), TimeNs(sequence), RawCommand::from(&record)).expect("room");
            let flush = opened.flusher.policy();
            opened.flusher.step(flush).expect("a disk that works");
            // Seen at one beat, late at the next, flushed at the third.
            assert!(watermarks.durable().sequence.0 + 3 > sequence, "{sequence} was not durable");
        }
    }
}
