//! Reading a journal: frame by frame, each checked, nothing passed over in silence.
//!
//! Where no valid frame comes next, the reader finds out which of three it is: the end of what has been written so far,
//! what a crash left behind it, or damage.

mod ending;
mod tail;

use std::sync::Arc;

use novate_core::command::RawCommand;
use novate_core::digest::Hash256;
use novate_core::engine::Sequenced;
use novate_core::genesis::Genesis;
use novate_core::units::{Sequence, TimeNs};

use crate::chain::{ChainWalk, Link, Unhashed};
use crate::error::{Damage, Fault, JournalError};
use crate::folder::{Folder, Segment};
use crate::format::Position;
use crate::format::frame::{FRAME_ALIGN, FRAME_MIN, FrameKind, NoFrame, RawFrame};
use crate::format::header::FIRST_SEQUENCE_OFFSET;
use crate::format::names;
use crate::format::payload::Seal;
use crate::memory::Published;
use crate::storage::Storage;
use crate::walk::Walk;

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

/// Frames that a reader went over at once: up to so many commands, and what came behind them if that was none.
#[derive(Debug)]
pub struct Span {
    frames: Published,
    /// Whether it ends with the seal of a block whose last command is a checkpoint.
    pub ends_checkpoint: bool,
    /// Where the reader stands behind it; between two blocks if it ends with a seal. The chain value is zero where the chain
    /// is not computed.
    pub place: Place,
    /// Bytes of segments up to here, and of all.
    pub progress: (u64, u64),
}

/// The commands of a span.
#[derive(Debug)]
pub struct Batch<'s> {
    /// In order.
    pub commands: Vec<Sequenced<'s>>,
    /// The seal, if the span ends with one.
    pub seal: Option<&'s Seal>,
}

impl Span {
    /// Its commands, without copying them.
    pub fn batch(&self) -> Batch<'_> {
        let (mut commands, mut seal) = (Vec::with_capacity(self.frames.len() / FRAME_MIN), None);
        for raw in self.frames.frames() {
            let frame = Frame { position: Position::default(), raw };
            match frame.command() {
                Some(command) => commands.push(command),
                None => seal = frame.seal(),
            }
        }
        Batch { commands, seal }
    }
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
    /// The segment that is being read, and the next one once somebody has looked for it.
    segment: Segment,
    next_segment: Option<Segment>,
    cursor: Published,
    last: usize,
    walk: Walk,
    chain: Option<ChainWalk>,
    unhashed: Unhashed,
    ending: Option<Ending>,
    /// Damage that was found behind commands which were given out first.
    deferred: Option<JournalError>,
}

impl Reader {
    /// Opens a journal for reading from its beginning.
    ///
    /// # Errors
    /// There is none, or what [`Folder::read`] finds, or the first segment's header is not right; [`JournalError::Beyond`] if
    /// the beginning was pruned.
    pub fn open(storage: Arc<dyn Storage>, chain: Chain) -> Result<Self, JournalError> {
        let (folder, first) = first_segment(storage)?;
        let (limit, genesis_hash) = (epoch_limit(&folder), first.header.genesis());
        if first.header.segment != 1 {
            let name = names::segment(first.header.segment);
            return Err(JournalError::Beyond {
                what: format!("its beginning, which was pruned; {name} is its first segment"),
            });
        }
        let walk = Walk::new(genesis_hash, limit, first.begin(), 1);
        let known = Link { block: 0, value: genesis_hash };
        let chain = (chain == Chain::Verified).then(|| ChainWalk::from(known));
        Ok(Self::at(folder, genesis_hash, first, walk, chain))
    }

    /// Opens a journal for reading from a place between two blocks on.
    ///
    /// # Errors
    /// As [`Reader::open`]; [`JournalError::Beyond`] if the place is not in the journal.
    pub fn open_at(storage: Arc<dyn Storage>, chain: Chain, place: &Place) -> Result<Self, JournalError> {
        let (folder, first) = first_segment(storage)?;
        let genesis_hash = first.header.genesis();
        let beyond =
            || JournalError::Beyond { what: format!("{}, the end of block {}", place.position, place.link.block) };
        if !folder.segments.iter().any(|file| file.number == place.position.segment) {
            return Err(beyond());
        }
        let segment = folder.open_own_segment(place.position.segment, genesis_hash)?;
        let offset = place.position.offset as usize;
        let is_place = offset >= segment.begin().offset as usize && offset <= segment.memory.len();
        if !is_place || !offset.is_multiple_of(FRAME_ALIGN) {
            return Err(beyond());
        }
        let walk = Walk::resume(genesis_hash, epoch_limit(&folder), place);
        let chain = (chain == Chain::Verified).then(|| ChainWalk::from(place.link));
        let mut reader = Self::at(folder, genesis_hash, segment, walk, chain);
        reader.cursor = Published::new(Arc::clone(&reader.segment.memory), offset);
        reader.unhashed = Unhashed::from(place.link);
        Ok(reader)
    }

    /// Opens a journal for looking at the command `sequence` and those behind it: reading begins at or before it, at the
    /// beginning of a segment, and the hash chain is not looked at.
    ///
    /// # Errors
    /// As [`Reader::open`]; also if one of the later segments' headers is not right.
    pub fn open_near(storage: Arc<dyn Storage>, sequence: Sequence) -> Result<Self, JournalError> {
        let (folder, first) = first_segment(storage)?;
        let genesis_hash = first.header.genesis();
        let mut segment = first;
        // The first sequences of the segments are the index; most often the newest commands are asked for. Whoever begins at
        // the beginning comes to the others in order.
        let has_index = sequence > Sequence::ZERO;
        for file in folder.segments.iter().skip(1).rev().filter(|_| has_index) {
            let later = match folder.open_own_segment(file.number, genesis_hash) {
                // One that was made ahead, and removed by a clean close meanwhile.
                Err(JournalError::Io { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            if (1..=sequence.0).contains(&later.first_sequence()) {
                segment = later;
                break;
            }
        }
        let walk = Walk::new(genesis_hash, epoch_limit(&folder), segment.begin(), segment.first_sequence());
        Ok(Self::at(folder, genesis_hash, segment, walk, None))
    }

    fn at(folder: Folder, genesis_hash: Hash256, segment: Segment, walk: Walk, chain: Option<ChainWalk>) -> Self {
        segment.memory.read_ahead();
        let cursor = Published::new(Arc::clone(&segment.memory), segment.begin().offset as usize);
        let unhashed = Unhashed::from(Link { block: 0, value: genesis_hash });
        let (next_segment, ending) = (None, None);
        Self {
            folder,
            genesis_hash,
            segment,
            next_segment,
            cursor,
            last: 0,
            walk,
            chain,
            unhashed,
            ending,
            deferred: None,
        }
    }

    /// The configuration that the journal began with, read from its genesis frame.
    ///
    /// # Errors
    /// The first segment was pruned, or its genesis frame is damaged.
    pub fn genesis(&self) -> Result<Genesis, JournalError> {
        if self.folder.segments.first().is_none_or(|file| file.number != 1) {
            return Err(JournalError::Beyond { what: "its genesis frame, which was pruned".to_owned() });
        }
        let first = self.folder.open_own_segment(1, self.genesis_hash)?;
        let published = Published::new(Arc::clone(&first.memory), first.begin().offset as usize);
        let damaged = |fault| JournalError::from(Damage::at(first.begin(), 0, fault));
        let frame = published.peek().map_err(|fault| damaged(Fault::NoFrame(fault)))?;
        match frame.record::<Genesis>() {
            Some(genesis) if frame.kind() == FrameKind::Genesis && genesis.hash() == self.genesis_hash => Ok(*genesis),
            _ => Err(damaged(Fault::Payload { kind: FrameKind::Genesis, field: "hash" })),
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
        Position { segment: self.segment.header.segment, offset: self.cursor.end() as u32 }
    }

    /// How far reading has come and how far there is to go, in bytes of segments, for a progress bar.
    pub fn progress(&self) -> (u64, u64) {
        let number = self.segment.header.segment;
        let before: u64 = self.folder.segments.iter().filter(|file| file.number < number).map(|file| file.bytes).sum();
        (before + self.cursor.end() as u64, self.folder.segments.iter().map(|file| file.bytes).sum())
    }

    /// How the journal ends, once [`Reader::next`] has returned none.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Whether something stands where the next frame would, without finding out what. `looks_wide` also looks for a next
    /// segment, which asks the system.
    ///
    /// # Errors
    /// A segment that cannot be opened.
    pub fn has_next(&mut self, looks_wide: bool) -> Result<bool, JournalError> {
        if peek(&self.walk, &self.cursor).err() != Some(NoFrame::Nothing) {
            return Ok(true);
        }
        // A segment that was moved to may have no frame yet.
        let next = if looks_wide { self.entered_segment()? } else { None };
        Ok(next.is_some_and(|next| next.memory.word(next.begin().offset as usize) != 0))
    }

    /// Whether the journal was closed here, and not opened for writing again since.
    ///
    /// # Errors
    /// A segment that cannot be opened.
    pub fn is_over(&mut self) -> Result<bool, JournalError> {
        Ok(self.walk.closed.is_some() && self.entered_segment()?.is_none())
    }

    /// The next frame; none where the journal ends, for now.
    ///
    /// # Errors
    /// Damage, or a segment that cannot be opened.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "a frame is lent until the next one is read")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, JournalError> {
        if let Some(error) = self.deferred.take() {
            return Err(error);
        }
        loop {
            let position = self.position();
            let fault = match peek(&self.walk, &self.cursor) {
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
            // A file that is wrong as a whole does not know what was read before it.
            if !self.goes_on(fault).map_err(|error| error.after(self.walk.sequence))? {
                return Ok(None);
            }
        }
        let offset = (self.cursor.end() - self.last) as u32;
        let position = Position { segment: self.segment.header.segment, offset };
        Ok(Some(Frame { position, raw: self.cursor.last(self.last) }))
    }

    /// Reads up to so many commands at once, and stops behind a frame that is none; none where the journal ends, for now.
    ///
    /// Reading first and applying then lets the processor check frames side by side.
    ///
    /// # Errors
    /// As [`Reader::next`]; only where nothing was read before the damage, so that nothing is lost.
    #[inline]
    pub fn read_span(&mut self, most: usize) -> Result<Option<Span>, JournalError> {
        if let Some(error) = self.deferred.take() {
            return Err(error);
        }
        let (begin, segment) = (self.cursor.end(), self.segment.header.segment);
        let (mut frames, mut is_at_end) = (0, false);
        while frames < most {
            let position = self.position();
            // Whatever is not a plain command is for the careful way, when nothing was read before it.
            match peek(&self.walk, &self.cursor) {
                Ok(frame) if frame.kind().is_applied() => {
                    let size = frame.size();
                    if self.walk.accept(position, &frame).is_err() {
                        break;
                    }
                    self.cursor.advance(size);
                    frames += 1;
                }
                // What that end is, the next call finds out: it takes looking at files.
                Err(NoFrame::Nothing) => {
                    is_at_end = frames > 0;
                    break;
                }
                _ => break,
            }
        }
        let is_at_checkpoint = self.walk.is_at_checkpoint();
        let mut ends_checkpoint = false;
        if frames < most && !is_at_end {
            match self.next() {
                Ok(Some(frame)) => ends_checkpoint = is_at_checkpoint && frame.raw.kind() == FrameKind::Seal,
                Ok(None) if frames == 0 => return Ok(None),
                Err(error) if frames == 0 => return Err(error),
                // A seal that contradicts the chain was gone over: nobody would find it again.
                Err(error) => self.deferred = Some(error),
                // The next call will find the end again.
                Ok(None) => {}
            }
        }
        // A segment is left only where nothing was read before.
        let is_same = segment == self.segment.header.segment;
        let from = if is_same { begin } else { self.segment.begin().offset as usize };
        let (place, progress) = (self.place(), self.progress());
        Ok(Some(Span { frames: self.cursor.since(from), ends_checkpoint, place, progress }))
    }

    /// Where the reader stands.
    pub(crate) fn place(&self) -> Place {
        let block = self.walk.sealed.map_or(0, |sealed| sealed.seal.block);
        Place {
            position: self.position(),
            link: self.chain().unwrap_or(Link { block, value: Hash256::default() }),
            sequence: Sequence(self.walk.sequence),
            time: TimeNs(self.walk.time),
            epoch: self.walk.epoch,
        }
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

    /// The blocks that are to be hashed, for whoever goes on writing.
    pub(crate) fn into_parts(self) -> (Walk, Unhashed) {
        (self.walk, self.unhashed)
    }
}

/// The frame at the cursor. Behind an end frame there is none, and the file may have been cut: nobody looks there.
#[inline]
fn peek<'c>(walk: &Walk, cursor: &'c Published) -> Result<RawFrame<'c>, NoFrame> {
    if walk.closed.is_some() { Err(NoFrame::Nothing) } else { cursor.peek() }
}

/// Looks at the folder, and opens the first segment, of which there must be one.
fn first_segment(storage: Arc<dyn Storage>) -> Result<(Folder, Segment), JournalError> {
    let folder = Folder::read_to_gap(storage)?;
    let Some(file) = folder.segments.first() else { return Err(folder.no_journal()) };
    let first = folder.open_segment(file.number, false)?;
    let (expected, control) = (first.header.genesis(), folder.control.map(|control| Hash256(control.genesis_hash)));
    if let Some(found) = control.filter(|found| *found != expected) {
        return Err(JournalError::OtherGenesis { file: names::CONTROL.to_owned(), expected, found });
    }
    // Those of the others are compared when reading comes to them.
    if first.header.segment == 1 && first.first_sequence() != 1 {
        let fault = Fault::FirstSequence { expected: 1, found: first.first_sequence() };
        return Err(Damage::at(Position { offset: FIRST_SEQUENCE_OFFSET as u32, ..first.begin() }, 0, fault).into());
    }
    Ok((folder, first))
}

/// No frame can be of a later epoch than the last opening for writing.
fn epoch_limit(folder: &Folder) -> u32 {
    folder.control.map_or(u32::MAX, |control| control.epoch)
}
