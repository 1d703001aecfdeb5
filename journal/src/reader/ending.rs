//! Where no frame comes next: the next segment, the end, what a crash left, or damage.
//!
//! What lies behind the last frame is read from the file, not from the mapping: whoever writes the journal may cut the file
//! meanwhile, and may go on writing.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{Ending, Reader, peek};
use crate::error::{Damage, Fault, JournalError, io as io_error};
use crate::folder::{Segment, SegmentFile, whole_file};
use crate::format::frame::{FRAME_ALIGN, FRAME_MAX, FRAME_MIN, FrameKind, NoFrame, RawFrame};
use crate::format::header::{FIRST_SEQUENCE_OFFSET, SEGMENT_HEADER_SIZE};
use crate::format::payload::Seal;
use crate::format::{Position, names};
use crate::memory::Published;
use crate::walk::is_left_by_a_crash;

/// How long a frame may take to be stored: a page fault in the middle of it is the worst that can happen.
const STORING: Duration = Duration::from_millis(2);

/// What lies behind the cursor, in its segment and in all later ones.
#[derive(Debug, Default)]
struct Behind {
    /// Bytes from the cursor to the last one that is not zero; headers are not counted.
    used_bytes: u64,
    /// The first byte in the cursor's segment that is not zero.
    first_used: Option<u32>,
    /// The farthest place that a whole seal of this journal states as durable.
    durable: Position,
    /// Whether there is a whole end frame of this journal.
    has_end: bool,
}

impl Reader {
    /// There is no frame at the cursor: moves to the next segment if the writer did, else finds out how the journal ends.
    /// True if reading can go on.
    #[cold]
    pub(super) fn goes_on(&mut self, fault: Fault) -> Result<bool, JournalError> {
        if let Fault::LaterEpoch { found, .. } = fault
            && self.has_new_epoch(found)
        {
            return Ok(true);
        }
        let is_nothing = fault == Fault::NoFrame(NoFrame::Nothing);
        if is_nothing && let Some(next) = self.entered_segment()? {
            if self.has_come() {
                return Ok(true);
            }
            // Only where something is wrong the later segments are looked at too: each of them is left once itself.
            let rest = self.look_behind(self.segment.header.segment)?;
            if let Some((at, fault)) = self.fault_of_leaving(&next, &rest) {
                let behind = self.look_behind(u32::MAX)?;
                self.ending = Some(self.judge(at, fault, &behind)?);
                return Ok(false);
            }
            let begin = next.begin();
            next.memory.read_ahead();
            self.walk.enter(begin);
            self.cursor = Published::new(Arc::clone(&next.memory), begin.offset as usize);
            (self.segment, self.next_segment) = (next, None);
            return Ok(true);
        }
        let (mut behind, is_shared) = (self.look_behind(u32::MAX)?, self.folder.storage().is_shared());
        if is_nothing && is_shared && behind.used_bytes > 0 {
            // It may be a frame that is being stored just now.
            thread::sleep(STORING);
            behind = self.look_behind(u32::MAX)?;
        }
        let fault_before = if let Fault::NoFrame(before) = fault { Some(before) } else { None };
        let ending = self.judge(self.position(), fault, &behind);
        // Whoever writes may have gone on while we were looking: then what was seen behind is no wonder, and this no end.
        let has_changed = matches!(fault_before, Some(before) if peek(&self.walk, &self.cursor).err() != Some(before));
        if is_shared && (has_changed || is_nothing && self.entered_segment()?.is_some()) {
            return Ok(true);
        }
        self.ending = Some(ending?);
        self.check_gap()?;
        Ok(false)
    }

    /// The folder may have ended with a segment that is missing; unless it came meanwhile.
    fn check_gap(&self) -> Result<(), JournalError> {
        let Some(number) = self.folder.gap.filter(|gap| *gap > self.segment.header.segment) else { return Ok(()) };
        let name = names::segment(number);
        match self.folder.storage().bytes(&name) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                Err(whole_file(&name, Fault::MissingSegment).into())
            }
            Err(cause) => Err(io_error("looking for", name)(cause)),
            Ok(_) => Ok(()),
        }
    }

    /// Whether there is a frame at the cursor by now.
    fn has_come(&self) -> bool {
        peek(&self.walk, &self.cursor).err() != Some(NoFrame::Nothing)
    }

    /// Whether the journal was opened for writing again since the control file was read.
    fn has_new_epoch(&mut self, found: u32) -> bool {
        let control = self.folder.control_now();
        let is_newer = control.is_some_and(|control| control.epoch >= found);
        if is_newer && self.walk.raise_epoch_limit(found) {
            self.folder.control = control;
            return true;
        }
        false
    }

    /// The next segment, if it is there and the writer has moved to it.
    pub(super) fn entered_segment(&mut self) -> Result<Option<Segment>, JournalError> {
        if self.next_segment.is_none() {
            let Some(number) = self.segment.header.segment.checked_add(1) else { return Ok(None) };
            if !self.folder.segments.iter().any(|file| file.number == number) {
                match self.folder.storage().bytes(&names::segment(number)) {
                    Ok(bytes) => self.folder.segments.push(SegmentFile { number, bytes }),
                    Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
                    Err(cause) => return Err(io_error("looking for", names::segment(number))(cause)),
                }
            }
            match self.folder.open_own_segment(number, self.genesis_hash) {
                // One that nobody moved to may be made anew under its name; only later it is sure to be the one.
                Ok(segment) if segment.first_sequence() == 0 => return Ok(None),
                Ok(segment) => self.next_segment = Some(segment),
                // One that was made ahead, and removed by a clean close meanwhile.
                Err(JournalError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                    self.folder.segments.retain(|file| file.number != number);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(self.next_segment.clone())
    }

    /// What is wrong with a segment that the writer left, if anything: behind its last frame there is nothing, all its blocks
    /// are sealed, and the next one goes on.
    fn fault_of_leaving(&self, next: &Segment, behind: &Behind) -> Option<(Position, Fault)> {
        let (left, position, sequence) = (&self.segment, self.position(), self.walk.sequence);
        if let Some(offset) = behind.first_used {
            return Some((Position { offset, ..position }, Fault::BehindEnd));
        }
        if self.walk.has_open_block() {
            return Some((position, Fault::NoFrame(NoFrame::Nothing)));
        }
        if self.walk.closed.is_none() && !left.is_whole() {
            let expected = left.header.segment_bytes.into();
            return Some((position, Fault::SegmentSize { expected, found: left.bytes }));
        }
        if Some(next.first_sequence()) != sequence.checked_add(1) {
            let at = Position { offset: FIRST_SEQUENCE_OFFSET as u32, ..next.begin() };
            return Some((
                at,
                Fault::FirstSequence { expected: sequence.saturating_add(1), found: next.first_sequence() },
            ));
        }
        None
    }

    /// Which end of the journal the cursor stands at, or that it is damage: the rules of `docs/FORMAT.md`, "Where a journal
    /// ends". `fault` is why reading cannot go on, and `at` where that was seen.
    fn judge(&self, at: Position, fault: Fault, behind: &Behind) -> Result<Ending, JournalError> {
        let (position, sequence) = (self.position(), self.walk.sequence);
        let damage = |fault| Err(Damage::at(at, sequence, fault).into());
        if !is_left_by_a_crash(&fault) {
            return damage(fault);
        }
        if self.walk.closed.is_some() {
            return if behind.used_bytes == 0 { Ok(Ending::Closed) } else { damage(Fault::BehindEnd) };
        }
        if !self.segment.is_whole() {
            let expected = self.segment.header.segment_bytes.into();
            return damage(Fault::SegmentSize { expected, found: self.segment.bytes });
        }
        if position < self.walk.durable.max(behind.durable) || behind.has_end || self.walk.is_before_genesis() {
            return damage(fault);
        }
        let is_nothing = fault == Fault::NoFrame(NoFrame::Nothing);
        Ok(Ending::Open { position, torn_bytes: behind.used_bytes, fault: (!is_nothing).then_some(fault) })
    }

    /// Bytes from the cursor to the last one that is not zero, in its segment and in all later ones.
    pub(crate) fn used_behind(&self) -> Result<u64, JournalError> {
        Ok(self.look_behind(u32::MAX)?.used_bytes)
    }

    /// Looks at everything behind the cursor, up to a segment.
    fn look_behind(&self, last: u32) -> Result<Behind, JournalError> {
        let (mut behind, mut before) = (Behind::default(), 0);
        let current = self.segment.header.segment;
        for file in self.folder.segments.iter().filter(|file| (current..=last).contains(&file.number)) {
            let from = if file.number == current { self.cursor.end() } else { SEGMENT_HEADER_SIZE };
            if file.number != current && !self.is_intact(file.number)? {
                continue;
            }
            let name = names::segment(file.number);
            let bytes = match self.folder.storage().read_from(&name, from as u64) {
                Ok(bytes) => bytes,
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
                Err(cause) => return Err(io_error("reading", name)(cause)),
            };
            let words: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes[..bytes.len() & !7]);
            let first = words.iter().position(|&word| word != 0);
            if let Some(last) = words.iter().rposition(|&word| word != 0) {
                behind.used_bytes = before + (last as u64 + 1) * 8;
                behind.look(&words, (file.number, from), self.walk.epoch);
            }
            if file.number == current {
                behind.first_used = first.map(|place| (from + place * 8) as u32);
            }
            before += bytes.len() as u64;
        }
        Ok(behind)
    }

    /// Whether a later segment's header is right: one that is not is damage, wherever the journal ends.
    fn is_intact(&self, number: u32) -> Result<bool, JournalError> {
        match self.folder.open_own_segment(number, self.genesis_hash) {
            Ok(_) => Ok(true),
            Err(JournalError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Behind {
    /// Looks for whole seals and end frames. Those of an earlier epoch are left-overs of a former tail.
    fn look(&mut self, words: &[u64], (segment, from): (u32, usize), epoch: u32) {
        let first = from.next_multiple_of(FRAME_ALIGN) - from;
        for at in (first..words.len() * 8).step_by(FRAME_ALIGN) {
            let size = words[at / 8] as u32 as usize;
            if !(FRAME_MIN..=FRAME_MAX).contains(&size) || !size.is_multiple_of(FRAME_ALIGN) {
                continue;
            }
            let Some(frame) = words.get(at / 8..(at + size) / 8) else { continue };
            let Ok(frame) = RawFrame::check(frame) else { continue };
            if frame.segment() != segment || frame.epoch() < epoch {
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
