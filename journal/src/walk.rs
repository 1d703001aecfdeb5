//! What a frame must be to stand where it stands: the rules that tie it to those before it. No file, no mapping.

use novate_core::command::{Checkpoint, CommandRecord, Work};
use novate_core::digest::Hash256;
use novate_core::genesis::Genesis;

use crate::chain::Link;
use crate::error::Fault;
use crate::format::Position;
use crate::format::frame::{FrameKind, RawFrame};
use crate::format::payload::{End, Seal};
use crate::reader::Place;

/// A block that is being read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBlock {
    /// Its index; none where reading began in the middle and no seal was met yet.
    pub index: Option<u64>,
    /// The first command's sequence.
    pub first_sequence: u64,
    /// Where it begins.
    pub begin: Position,
    /// Its epoch; none before its first frame.
    pub epoch: Option<u32>,
}

/// The last seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What it says.
    pub seal: Seal,
    /// Where its block begins.
    pub begin: Position,
    /// Where it ends.
    pub end: Position,
}

/// What follows from the frames so far.
#[derive(Clone, Debug)]
pub struct Walk {
    genesis_hash: Hash256,
    /// No frame may have a later epoch.
    epoch_limit: u32,
    /// The last command's sequence.
    pub sequence: u64,
    /// The last command's time.
    pub time: u64,
    /// The last frame's epoch; 0 before the first.
    pub epoch: u32,
    /// The block under way.
    pub block: OpenBlock,
    /// The last seal.
    pub sealed: Option<Sealed>,
    /// The end frame, if the last frame was one.
    pub closed: Option<End>,
    /// Everything before was durable once, as far as seals have stated.
    pub durable: Position,
    /// The last command was a checkpoint, which ends its block.
    is_at_checkpoint: bool,
}

impl Walk {
    /// At the beginning of a segment, whose first command has this sequence.
    pub fn new(genesis_hash: Hash256, epoch_limit: u32, first: Position, first_sequence: u64) -> Self {
        // Before the genesis frame there is nothing; a later segment is entered in the middle.
        let index = (first.segment == 1).then_some(1);
        Self {
            genesis_hash,
            epoch_limit,
            sequence: first_sequence.saturating_sub(1),
            time: 0,
            epoch: 0,
            block: OpenBlock { index, first_sequence, begin: first, epoch: None },
            sealed: None,
            closed: None,
            durable: Position::default(),
            is_at_checkpoint: false,
        }
    }

    /// At a place between two blocks.
    pub fn resume(genesis_hash: Hash256, epoch_limit: u32, place: &Place) -> Self {
        let first_sequence = place.sequence.0.saturating_add(1);
        let mut walk = Self::new(genesis_hash, epoch_limit, place.position, first_sequence);
        walk.block.index = Some(place.link.block.saturating_add(1));
        (walk.time, walk.epoch) = (place.time.0, place.epoch);
        walk
    }

    /// Frames may be of epochs up to this one by now. False if they might already.
    pub(crate) fn raise_epoch_limit(&mut self, limit: u32) -> bool {
        let is_higher = limit > self.epoch_limit;
        self.epoch_limit = self.epoch_limit.max(limit);
        is_higher
    }

    /// Whether nothing was read yet of a journal that is read from its beginning.
    pub fn is_before_genesis(&self) -> bool {
        self.epoch == 0 && self.block.index == Some(1)
    }

    /// Goes to the next segment.
    pub fn enter(&mut self, first: Position) {
        self.block.begin = first;
        self.closed = None;
    }

    /// Whether a frame was read since the last seal.
    pub fn has_open_block(&self) -> bool {
        self.block.epoch.is_some()
    }

    /// Whether the last command was a checkpoint, and its block was not sealed yet.
    pub fn is_at_checkpoint(&self) -> bool {
        self.is_at_checkpoint
    }

    /// Takes the next frame, which begins at `position`.
    ///
    /// # Errors
    /// It cannot stand there.
    #[inline]
    pub fn accept(&mut self, position: Position, frame: &RawFrame<'_>) -> Result<(), Fault> {
        let kind = frame.kind();
        if frame.segment() != position.segment {
            return Err(Fault::FrameSegment(frame.segment()));
        }
        self.check_epoch(frame)?;
        if kind.is_applied() {
            return self.accept_command(frame);
        }
        self.accept_other(position, frame)
    }

    #[inline]
    fn check_epoch(&self, frame: &RawFrame<'_>) -> Result<(), Fault> {
        let found = frame.epoch();
        if found < self.epoch || found == 0 {
            return Err(Fault::OlderEpoch { current: self.epoch, found });
        }
        if found > self.epoch_limit {
            return Err(Fault::LaterEpoch { current: self.epoch_limit, found });
        }
        // Within a block the epoch stays; only the seal of a block that a crash left open is of a later one.
        match self.block.epoch {
            Some(current) if current != found && frame.kind() != FrameKind::Seal => {
                Err(Fault::LaterEpoch { current, found })
            }
            _ => Ok(()),
        }
    }

    #[inline]
    fn accept_command(&mut self, frame: &RawFrame<'_>) -> Result<(), Fault> {
        let (sequence, time, kind) = (frame.sequence().0, frame.time().0, frame.kind());
        if self.closed.is_some() || self.is_at_checkpoint || self.is_before_genesis() {
            return Err(Fault::Misplaced(kind));
        }
        if sequence.checked_sub(1) != Some(self.sequence) {
            return Err(Fault::Sequence { expected: self.sequence.saturating_add(1), found: sequence });
        }
        if time < self.time {
            return Err(Fault::Time { last: self.time, found: time });
        }
        let command = frame.payload().first().map_or(0, |word| *word as u16);
        if (command == Work::KIND) != (kind == FrameKind::Work) {
            return Err(Fault::Payload { kind, field: "kind" });
        }
        self.is_at_checkpoint = command == Checkpoint::KIND;
        (self.sequence, self.time, self.epoch) = (sequence, time, frame.epoch());
        self.block.epoch = Some(frame.epoch());
        Ok(())
    }

    #[cold]
    fn accept_other(&mut self, position: Position, frame: &RawFrame<'_>) -> Result<(), Fault> {
        let kind = frame.kind();
        if frame.sequence().0 != self.sequence {
            return Err(Fault::Sequence { expected: self.sequence, found: frame.sequence().0 });
        }
        // Reading that began in the middle does not know the time before its first command.
        if frame.time().0 != self.time && (self.time != 0 || self.block.index.is_some()) {
            return Err(Fault::Time { last: self.time, found: frame.time().0 });
        }
        match kind {
            FrameKind::Genesis => self.accept_genesis(position, frame)?,
            FrameKind::Seal => self.accept_seal(position, frame)?,
            FrameKind::End => self.accept_end(frame)?,
            FrameKind::Annul | FrameKind::Upgrade => return Err(Fault::Reserved(kind)),
            FrameKind::Command | FrameKind::Work => return Err(Fault::Misplaced(kind)),
        }
        self.epoch = frame.epoch();
        Ok(())
    }

    fn accept_genesis(&mut self, position: Position, frame: &RawFrame<'_>) -> Result<(), Fault> {
        let kind = FrameKind::Genesis;
        if !self.is_before_genesis() {
            return Err(Fault::Misplaced(kind));
        }
        let Some(genesis) = frame.record::<Genesis>() else { return Err(Fault::Payload { kind, field: "size" }) };
        if genesis.hash() != self.genesis_hash {
            return Err(Fault::Payload { kind, field: "hash" });
        }
        self.block.epoch = Some(frame.epoch());
        // The first segment got its name after the genesis frame was durable.
        self.durable = Position { offset: position.offset + frame.size() as u32, ..position };
        Ok(())
    }

    fn accept_seal(&mut self, position: Position, frame: &RawFrame<'_>) -> Result<(), Fault> {
        let kind = FrameKind::Seal;
        let Some(seal) = frame.record::<Seal>() else { return Err(Fault::Payload { kind, field: "size" }) };
        let Some(epoch) = self.block.epoch else { return Err(Fault::Misplaced(kind)) };
        let end = Position { offset: position.offset + frame.size() as u32, ..position };
        let durable = Position::from_bits(seal.durable_position);
        let field = |field| Err(Fault::Payload { kind, field });
        if self.block.index.is_some_and(|index| index != seal.block) || seal.block == 0 || seal.block == u64::MAX {
            return field("block");
        }
        if seal.first_sequence != self.block.first_sequence {
            return field("first_sequence");
        }
        if seal.last_sequence != self.sequence {
            return field("last_sequence");
        }
        if seal.bytes != u64::from(end.offset - self.block.begin.offset) {
            return field("bytes");
        }
        if seal.epoch != epoch {
            return field("epoch");
        }
        if seal.reserved != 0 {
            return field("reserved");
        }
        if seal.durable_sequence > self.sequence || durable > position {
            return field("durable_sequence");
        }
        if seal.chain_block >= seal.block {
            return field("chain_block");
        }
        self.durable = self.durable.max(durable);
        self.sealed = Some(Sealed { seal: *seal, begin: self.block.begin, end });
        self.block = OpenBlock {
            index: Some(seal.block + 1),
            first_sequence: self.sequence.saturating_add(1),
            begin: end,
            epoch: None,
        };
        self.time = frame.time().0;
        self.is_at_checkpoint = false;
        Ok(())
    }

    fn accept_end(&mut self, frame: &RawFrame<'_>) -> Result<(), Fault> {
        let kind = FrameKind::End;
        let Some(end) = frame.record::<End>() else { return Err(Fault::Payload { kind, field: "size" }) };
        if self.has_open_block() || self.closed.is_some() {
            return Err(Fault::Misplaced(kind));
        }
        let field = |field| Err(Fault::Payload { kind, field });
        if self.block.index.is_some_and(|index| Some(index) != end.block.checked_add(1)) {
            return field("block");
        }
        if self.sealed.is_some_and(|sealed| sealed.seal.events_digest != end.events_digest) {
            return field("events_digest");
        }
        if end.reserved != 0 {
            return field("reserved");
        }
        self.closed = Some(*end);
        Ok(())
    }

    /// The chain value that the end frame states, if the last frame was one.
    pub fn closing_link(&self) -> Option<Link> {
        self.closed.map(|end| Link { block: end.block, value: Hash256(end.chain) })
    }
}

/// Whether what stands somewhere can be what a crash left: then it ends the journal, unless it lies below what was durable.
/// All else was written by somebody, or by nobody's crash.
pub fn is_left_by_a_crash(fault: &Fault) -> bool {
    use crate::format::frame::NoFrame;
    match fault {
        Fault::NoFrame(NoFrame::Kind(_)) => false,
        // The last two are of a segment that was left: of its pages, or of the next one's first page, some are missing.
        Fault::NoFrame(_)
        | Fault::OlderEpoch { .. }
        | Fault::FrameSegment(_)
        | Fault::BehindEnd
        | Fault::FirstSequence { .. } => true,
        _ => false,
    }
}
