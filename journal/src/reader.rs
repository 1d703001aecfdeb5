//! Reading a journal: frame by frame, each checked, nothing passed over in silence.
//!
//! Where no valid frame comes next, the reader finds out which of three it is: the end of what has been written so far,
//! what a crash left behind it, or damage.

mod tail;

use std::sync::Arc;

use novate_core::command::{Checkpoint, CommandRecord, RawCommand};
use novate_core::digest::Hash256;
use novate_core::engine::Sequenced;
use novate_core::genesis::Genesis;
use novate_core::units::{Sequence, TimeNs};

use crate::chain::{ChainWalk, Link, Unhashed};
use crate::error::{Damage, Fault, JournalError};
use crate::folder::{Folder, Segment, SegmentFile};
use crate::format::Position;
use crate::format::frame::{FrameKind, NoFrame, RawFrame};
use crate::format::header::FIRST_SEQUENCE_OFFSET;
use crate::format::names;
use crate::format::payload::Seal;
use crate::memory::Published;
use crate::storage::Storage;
use crate::walk::{Walk, is_left_by_a_crash};

pub use self::tail::{Idle, SpinThenSleep, Tail};

/// A frame where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'r> {
    /// Where it begins.
    pub position: Position,
    /// The frame.
    pub raw: RawFrame<'r>,
}

impl<'r> Frame<'r> {
    /// The command, if it is one.
    #[inline]
    pub fn command(&self) -> Option<Sequenced<'r>> {
        let command = RawCommand::new(self.raw.payload());
        self.raw.kind().is_applied().then_some(Sequenced {
            sequence: self.raw.sequence(),
            time: self.raw.time(),
            command,
        })
    }

    /// The seal, if it is one.
    #[inline]
    pub fn seal(&self) -> Option<&'r Seal> {
        if self.raw.kind() == FrameKind::Seal { self.raw.record() } else { None }
    }
}

/// Frames that were read at once.
#[derive(Debug)]
pub struct Batch<'r> {
    /// The commands among them, in order.
    pub commands: Vec<Sequenced<'r>>,
    /// Whether the last of them is a checkpoint.
    pub has_checkpoint: bool,
    /// The seal, if the last frame was one.
    pub seal: Option<&'r Seal>,
}

/// How a journal ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was closed.
    Closed,
    /// It was not closed: it is being written, or the writer was stopped in the middle.
    Open {
        /// Where the next frame would begin.
        position: Position,
        /// Bytes from there to the last one that is not zero: what a crash left, and what `recover` cuts.
        torn_bytes: u64,
        /// What stands there, if it is not nothing.
        fault: Option<Fault>,
    },
}

/// How thoroughly to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// The hash chain over blocks is computed, and compared with what seals state.
    Verified,
    /// Only sums, sequences, epochs and seals are checked.
    Ignored,
}

/// A place between two blocks: what somebody who has been there needs to go on from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where the block before ends.
    pub position: Position,
    /// That block and its chain value.
    pub link: Link,
    /// Its last command.
    pub sequence: Sequence,
    /// That command's time.
    pub time: TimeNs,
    /// The block's epoch.
    pub epoch: u32,
}

/// Reads a journal's frames in order.
#[derive(Debug)]
pub struct Reader {
    folder: Folder,
    genesis_hash: Hash256,
    segments: Vec<Segment>,
    /// The place in `segments` of the one that is being read.
    current: usize,
    cursor: Published,
    last: usize,
    walk: Walk,
    chain: Option<ChainWalk>,
    unhashed: Unhashed,
    ending: Option<Ending>,
}

impl Reader {
    /// Opens a journal for reading from its beginning.
    ///
    /// # Errors
    /// There is none, or what [`Folder::read`] finds, or a segment's header is not right; [`JournalError::Beyond`] if the
    /// beginning was pruned.
    pub fn open(storage: Arc<dyn Storage>, chain: Chain) -> Result<Self, JournalError> {
        let (folder, genesis_hash, segments) = Self::segments(storage)?;
        let (limit, first) = (epoch_limit(&folder), &segments[0]);
        if first.header.segment != 1 {
            let what = format!(
                "its beginning, which was pruned; {} is its first segment",
                names::segment(first.header.segment)
            );
            return Err(JournalError::Beyond { what });
        }
        let walk = Walk::new(genesis_hash, limit, first.begin(), 1);
        let known = Link { block: 0, value: genesis_hash };
        let chain = (chain == Chain::Verified).then(|| ChainWalk::from(known));
        Ok(Self::at(folder, genesis_hash, segments, 0, walk, chain))
    }

    /// Opens a journal for reading from a place between two blocks on.
    ///
    /// # Errors
    /// As [`Reader::open`]; [`JournalError::Beyond`] if the place is not in the journal.
    pub fn open_at(storage: Arc<dyn Storage>, chain: Chain, place: &Place) -> Result<Self, JournalError> {
        let (folder, genesis_hash, segments) = Self::segments(storage)?;
        let beyond =
            || JournalError::Beyond { what: format!("{}, the end of block {}", place.position, place.link.block) };
        let found = segments.iter().position(|segment| segment.header.segment == place.position.segment);
        let current = found.ok_or_else(beyond)?;
        let offset = place.position.offset as usize;
        if offset < segments[current].begin().offset as usize || offset > segments[current].memory.len() {
            return Err(beyond());
        }
        let walk = Walk::resume(genesis_hash, epoch_limit(&folder), place);
        let chain = (chain == Chain::Verified).then(|| ChainWalk::from(place.link));
        let mut reader = Self::at(folder, genesis_hash, segments, current, walk, chain);
        reader.cursor = Published::new(Arc::clone(&reader.segments[current].memory), offset);
        reader.unhashed = Unhashed::from(place.link);
        Ok(reader)
    }

    /// Opens a journal for looking at the command `sequence` and those behind it: reading begins at or before it, at the
    /// beginning of a segment, and the hash chain is not looked at.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn open_near(storage: Arc<dyn Storage>, sequence: Sequence) -> Result<Self, JournalError> {
        let (folder, genesis_hash, segments) = Self::segments(storage)?;
        let holds = |segment: &Segment| (1..=sequence.0.max(1)).contains(&segment.first_sequence());
        // The first sequences of the segments are the index.
        let current = segments.iter().rposition(holds).unwrap_or(0);
        let first = &segments[current];
        let walk = Walk::new(genesis_hash, epoch_limit(&folder), first.begin(), first.first_sequence());
        Ok(Self::at(folder, genesis_hash, segments, current, walk, None))
    }

    /// All segments, of which there is at least one.
    fn segments(storage: Arc<dyn Storage>) -> Result<(Folder, Hash256, Vec<Segment>), JournalError> {
        let folder = Folder::read(storage)?;
        let Some(first) = folder.segments.first() else { return Err(folder.no_journal()) };
        let genesis_hash = folder.open_segment(first.number, false)?.header.genesis();
        let mut segments = Vec::new();
        for file in &folder.segments {
            segments.push(folder.open_own_segment(file.number, genesis_hash)?);
        }
        let first = &segments[0];
        // The others' are compared when reading comes to them.
        if first.header.segment == 1 && first.first_sequence() != 1 {
            let fault = Fault::FirstSequence { expected: 1, found: first.first_sequence() };
            return Err(Damage::at(Position { offset: FIRST_SEQUENCE_OFFSET as u32, ..first.begin() }, 0, fault).into());
        }
        Ok((folder, genesis_hash, segments))
    }

    fn at(
        folder: Folder,
        genesis_hash: Hash256,
        segments: Vec<Segment>,
        current: usize,
        walk: Walk,
        chain: Option<ChainWalk>,
    ) -> Self {
        let cursor = Published::new(Arc::clone(&segments[current].memory), segments[current].begin().offset as usize);
        let unhashed = Unhashed::from(Link { block: 0, value: genesis_hash });
        Self { folder, genesis_hash, segments, current, cursor, last: 0, walk, chain, unhashed, ending: None }
    }

    /// The configuration that the journal began with, read from its genesis frame.
    ///
    /// # Errors
    /// The first segment was pruned, or its genesis frame is damaged.
    pub fn genesis(&self) -> Result<Genesis, JournalError> {
        let beyond = || JournalError::Beyond { what: "its genesis frame, which was pruned".to_owned() };
        let first = self.segments.first().filter(|segment| segment.header.segment == 1).ok_or_else(beyond)?;
        let published = Published::new(Arc::clone(&first.memory), first.begin().offset as usize);
        let damaged = |fault| JournalError::from(Damage::at(first.begin(), 0, fault));
        let frame = published.peek().map_err(|fault| damaged(Fault::NoFrame(fault)))?;
        match frame.record::<Genesis>() {
            Some(genesis) if frame.kind() == FrameKind::Genesis && genesis.hash() == self.genesis_hash => Ok(*genesis),
            _ => Err(damaged(Fault::Misplaced(frame.kind()))),
        }
    }

    /// The genesis hash, as every segment states it.
    pub fn genesis_hash(&self) -> Hash256 {
        self.genesis_hash
    }

    /// The folder, as it was when the journal was opened.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What follows from the frames read so far.
    pub fn walk(&self) -> &Walk {
        &self.walk
    }

    /// The newest chain value, if the chain is verified.
    pub fn chain(&self) -> Option<Link> {
        self.chain.as_ref().map(ChainWalk::newest)
    }

    /// The newest block whose chain value a later seal or the end frame has stated, rightly; none if the chain is not
    /// verified.
    pub fn confirmed(&self) -> Option<Link> {
        self.chain.as_ref().map(ChainWalk::confirmed)
    }

    /// The last command read.
    pub fn sequence(&self) -> (Sequence, TimeNs) {
        (Sequence(self.walk.sequence), TimeNs(self.walk.time))
    }

    /// Where the next frame begins.
    #[inline]
    pub fn position(&self) -> Position {
        Position { segment: self.segments[self.current].header.segment, offset: self.cursor.end() as u32 }
    }

    /// How far reading has come and how far there is to go, in bytes of segments, for a progress bar.
    pub fn progress(&self) -> (u64, u64) {
        let before: u64 = self.segments[..self.current].iter().map(|segment| segment.bytes).sum();
        (before + self.cursor.end() as u64, self.segments.iter().map(|segment| segment.bytes).sum())
    }

    /// How the journal ends, once [`Reader::next`] has returned none.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Whether something stands where the next frame would, without finding out what.
    pub(crate) fn has_next(&mut self) -> Result<bool, JournalError> {
        if self.cursor.peek().err() != Some(NoFrame::Nothing) {
            return Ok(true);
        }
        Ok(self.entered_segment()?.is_some())
    }

    /// The next frame; none where the journal ends, for now.
    ///
    /// # Errors
    /// Damage, or a segment that cannot be opened.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "a frame is lent until the next one is read")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, JournalError> {
        loop {
            let position = self.position();
            let fault = match self.cursor.peek() {
                Ok(frame) => match self.walk.accept(position, &frame) {
                    Ok(()) => {
                        let (size, kind) = (frame.size(), frame.kind());
                        self.cursor.advance(size);
                        self.last = size;
                        if !kind.is_applied() {
                            self.notice(position, kind)?;
                        }
                        break;
                    }
                    Err(fault) => fault,
                },
                Err(no_frame) => Fault::NoFrame(no_frame),
            };
            if !self.find_next_segment(fault)? {
                return Ok(None);
            }
        }
        let offset = (self.cursor.end() - self.last) as u32;
        let position = Position { segment: self.segments[self.current].header.segment, offset };
        Ok(Some(Frame { position, raw: self.cursor.last(self.last) }))
    }

    /// Reads up to so many commands at once, and stops behind a frame that is none; none where the journal ends, for now.
    ///
    /// Reading first and applying then lets the processor check frames side by side.
    ///
    /// # Errors
    /// As [`Reader::next`]. What was read before the damage is lost for the caller, so damage is reported only when nothing
    /// was read before it.
    #[inline]
    pub fn read_batch(&mut self, most: usize) -> Result<Option<Batch<'_>>, JournalError> {
        let begin = self.cursor.end();
        let segment = self.current;
        let mut frames = 0;
        let mut last = None;
        while frames < most {
            let position = self.position();
            // Whatever is not a plain command is for the careful way, when nothing was read before it.
            match self.cursor.peek() {
                Ok(frame) if frame.kind().is_applied() => {
                    let size = frame.size();
                    if self.walk.accept(position, &frame).is_err() {
                        break;
                    }
                    self.cursor.advance(size);
                    frames += 1;
                }
                _ => break,
            }
        }
        if frames < most {
            match self.next() {
                Ok(Some(frame)) => last = Some(frame.raw.kind()),
                Ok(None) if frames == 0 => return Ok(None),
                Err(error) if frames == 0 => return Err(error),
                // The next call will find it again.
                Ok(None) | Err(_) => {}
            }
        }
        Ok(Some(self.batch(segment, begin, last)))
    }

    /// The frames that the cursor went over since `begin`.
    fn batch(&self, segment: usize, begin: usize, last: Option<FrameKind>) -> Batch<'_> {
        let from = if segment == self.current { begin } else { self.segments[self.current].begin().offset as usize };
        let mut commands = Vec::with_capacity(64);
        let mut seal = None;
        for raw in self.cursor.frames(from) {
            let frame = Frame { position: Position::default(), raw };
            commands.extend(frame.command());
            seal = frame.seal();
        }
        debug_assert!(seal.is_some() == (last == Some(FrameKind::Seal)));
        let has_checkpoint = commands.last().is_some_and(is_checkpoint);
        Batch { commands, has_checkpoint, seal }
    }

    /// Keeps chain and unhashed blocks up to date with a frame that is no command.
    fn notice(&mut self, position: Position, kind: FrameKind) -> Result<(), JournalError> {
        let damaged = |walk: &Walk, fault| JournalError::from(Damage::at(position, walk.sequence, fault));
        match (kind, self.walk.sealed) {
            (FrameKind::Seal, Some(sealed)) => {
                let (begin, end) = (sealed.begin.offset as usize, sealed.end.offset as usize);
                match &mut self.chain {
                    Some(chain) => chain
                        .take(&sealed.seal, self.cursor.bytes(begin, end))
                        .map_err(|fault| damaged(&self.walk, fault))?,
                    None => self.unhashed.take(&sealed.seal, self.cursor.memory(), begin, end),
                }
            }
            (FrameKind::End, _) => {
                if let (Some(chain), Some(link)) = (&mut self.chain, self.walk.closing_link()) {
                    chain.compare(link.block, link.value).map_err(|fault| damaged(&self.walk, fault))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// There is no frame at the cursor: moves to the next segment if the writer did, else finds out how the journal ends.
    #[cold]
    fn find_next_segment(&mut self, fault: Fault) -> Result<bool, JournalError> {
        let is_nothing = fault == Fault::NoFrame(NoFrame::Nothing);
        if is_nothing && let Some(next) = self.entered_segment()? {
            // The writer may have written here and gone on between our two looks.
            if self.cursor.peek().err() != Some(NoFrame::Nothing) {
                return Ok(true);
            }
            if let Some((at, fault)) = self.fault_of_leaving(&next) {
                self.ending = Some(self.judge(at, fault)?);
                return Ok(false);
            }
            let begin = next.begin();
            self.walk.enter(begin);
            self.cursor = Published::new(Arc::clone(&next.memory), begin.offset as usize);
            self.current += 1;
            return Ok(true);
        }
        self.ending = Some(self.judge(self.position(), fault)?);
        Ok(false)
    }

    /// The next segment, if it is there and the writer has moved to it.
    fn entered_segment(&mut self) -> Result<Option<Segment>, JournalError> {
        if self.segments.len() == self.current + 1 {
            let number = self.segments[self.current].header.segment + 1;
            let entries = self.folder.storage().list();
            let name = names::segment(number);
            let Some(entry) = entries.ok().and_then(|all| all.into_iter().find(|entry| entry.name == name)) else {
                return Ok(None);
            };
            self.folder.segments.push(SegmentFile { number, bytes: entry.bytes });
            self.segments.push(self.folder.open_own_segment(number, self.genesis_hash)?);
        }
        let next = &self.segments[self.current + 1];
        Ok((next.first_sequence() != 0).then(|| next.clone()))
    }

    /// What is wrong with a segment that the writer left, if anything: behind its last frame there is nothing, all its blocks
    /// are sealed, and the next one goes on.
    fn fault_of_leaving(&self, next: &Segment) -> Option<(Position, Fault)> {
        let (left, position, sequence) = (&self.segments[self.current], self.position(), self.walk.sequence);
        if let Some((first, _)) = left.memory.used_range(self.cursor.end()) {
            return Some((Position { offset: first as u32, ..position }, Fault::BehindEnd));
        }
        if self.walk.has_open_block() {
            return Some((position, Fault::NoFrame(NoFrame::Nothing)));
        }
        if self.walk.closed.is_none() && !left.is_whole() {
            let expected = left.header.segment_bytes.into();
            return Some((position, Fault::SegmentSize { expected, found: left.bytes }));
        }
        if next.first_sequence() != sequence + 1 {
            let at = Position { offset: FIRST_SEQUENCE_OFFSET as u32, ..next.begin() };
            return Some((at, Fault::FirstSequence { expected: sequence + 1, found: next.first_sequence() }));
        }
        None
    }

    /// Which end of the journal the cursor stands at, or that it is damage: the rules of `docs/FORMAT.md`, "Where a journal
    /// ends". `fault` is why reading cannot go on, and `at` where that was seen.
    fn judge(&self, at: Position, fault: Fault) -> Result<Ending, JournalError> {
        let (position, sequence) = (self.position(), self.walk.sequence);
        let segment = &self.segments[self.current];
        let damage = |fault| Err(Damage::at(at, sequence, fault).into());
        if !is_left_by_a_crash(&fault) {
            return damage(fault);
        }
        let torn_bytes = self.last_used_byte();
        if self.walk.closed.is_some() {
            return if torn_bytes == 0 { Ok(Ending::Closed) } else { damage(Fault::BehindEnd) };
        }
        if !segment.is_whole() {
            let expected = segment.header.segment_bytes.into();
            return damage(Fault::SegmentSize { expected, found: segment.bytes });
        }
        let ahead = self.look_ahead();
        if position < self.walk.durable.max(ahead.durable) || ahead.has_end || self.walk.is_before_genesis() {
            return damage(fault);
        }
        let is_nothing = fault == Fault::NoFrame(NoFrame::Nothing);
        Ok(Ending::Open { position, torn_bytes, fault: (!is_nothing).then_some(fault) })
    }

    /// Bytes from the cursor to the last one that is not zero, over all segments; headers are not counted.
    fn last_used_byte(&self) -> u64 {
        let mut bytes = 0;
        let mut before = 0;
        for (place, segment) in self.segments.iter().enumerate().skip(self.current) {
            let from = if place == self.current { self.cursor.end() } else { segment.begin().offset as usize };
            if let Some((_, end)) = segment.memory.used_range(from) {
                bytes = before + (end - from) as u64;
            }
            before += segment.memory.len().saturating_sub(from) as u64;
        }
        bytes
    }

    /// Looks at everything behind the cursor for whole seals and end frames of this journal.
    fn look_ahead(&self) -> Ahead {
        let mut ahead = Ahead::default();
        for (place, segment) in self.segments.iter().enumerate().skip(self.current) {
            let from = if place == self.current { self.cursor.end() } else { segment.begin().offset as usize };
            ahead.look(segment, from, self.walk.epoch);
        }
        ahead
    }

    /// The blocks that are to be hashed, for whoever goes on writing.
    pub(crate) fn into_parts(self) -> (Folder, Walk, Unhashed, Option<Ending>) {
        (self.folder, self.walk, self.unhashed, self.ending)
    }
}

/// What lies behind a place where no frame is.
#[derive(Debug, Default)]
struct Ahead {
    durable: Position,
    has_end: bool,
}

impl Ahead {
    /// Seals and end frames of an earlier epoch are left-overs of a former tail.
    fn look(&mut self, segment: &Segment, from: usize, epoch: u32) {
        use crate::format::frame::{FRAME_ALIGN, FRAME_MAX, FRAME_MIN};
        let Some((first, last)) = segment.memory.used_range(from) else { return };
        let mut words = [0; FRAME_MAX / 8];
        for at in (first & !(FRAME_ALIGN - 1)..last).step_by(FRAME_ALIGN) {
            let size = segment.memory.word(at) as u32 as usize;
            if !(FRAME_MIN..=FRAME_MAX).contains(&size) || !size.is_multiple_of(FRAME_ALIGN) {
                continue;
            }
            segment.memory.copy_words(at, &mut words[..size / 8]);
            let Ok(frame) = RawFrame::check(&words[..size / 8]) else { continue };
            if frame.segment() != segment.header.segment || frame.epoch() < epoch {
                continue;
            }
            match frame.kind() {
                FrameKind::End => self.has_end = true,
                FrameKind::Seal => {
                    let seal: Option<&Seal> = frame.record();
                    let stated = seal.map_or(Position::default(), |seal| Position::from_bits(seal.durable_position));
                    self.durable = self.durable.max(stated);
                }
                _ => {}
            }
        }
    }
}

/// No frame can be of a later epoch than the last opening for writing.
fn epoch_limit(folder: &Folder) -> u32 {
    folder.control.map_or(u32::MAX, |control| control.epoch)
}

fn is_checkpoint(command: &Sequenced<'_>) -> bool {
    command.command.words().first().is_some_and(|word| *word as u16 == Checkpoint::KIND)
}
