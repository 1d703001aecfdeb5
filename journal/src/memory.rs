//! The memory of a segment: one file mapped, written by one thread, read by others and by other processes.
//!
//! All that is unsafe about that is in this file, and rests on one rule: **what was published never changes**. A frame is
//! published when its first word is stored, with Release ordering, after all the rest of it. [`Appender`] is the only
//! writer of frames, is made once for a segment, and stores behind what it published; a [`Published`] cursor lends slices of
//! frames that it found published, and of nothing else. Everything else is read word by word, atomically.
//!
//! What the compiler cannot see is other processes. To touch a page of a mapping that its file does not reach any more ends
//! the process with SIGBUS, as with every mapped file. A clean close cuts the last segment behind its end frame, so nobody
//! looks there by way of a mapping; no command of novate cuts a file elsewhere.
#![allow(unsafe_code)]
#![expect(clippy::cast_ptr_alignment, reason = "a mapping is aligned to pages, and only whole words of it are used")]

#[cfg(target_arch = "x86_64")]
use std::hint::select_unpredictable;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapRaw;
#[cfg(target_arch = "x86_64")]
use novate_core::command::CommandHeader;

use crate::checksum;
use crate::format::frame::{FRAME_ALIGN, FRAME_MAX, FRAME_MIN, FrameHeader, HEADER_WORDS, NoFrame, RawFrame};

/// Makes ranges of a mapped file durable.
pub(crate) trait Backing: Send + Sync {
    /// Returns when the bytes of the range are durable.
    fn sync(&self, memory: &MmapRaw, from: usize, to: usize) -> io::Result<()>;
}

/// A mapped segment.
pub(crate) struct Memory {
    map: MmapRaw,
    backing: Arc<dyn Backing>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Memory {
    /// Takes a mapping; what is behind the last whole word is not seen.
    pub(crate) fn new(map: MmapRaw, backing: Arc<dyn Backing>) -> Self {
        Self { map, backing }
    }

    /// Bytes, rounded down to whole words.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.map.len() & !7
    }

    /// The word at an offset, loaded with Acquire ordering; zero beyond the end.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        self.atomic(at).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// Stores a word that stands by itself, with Release ordering; nothing beyond the end.
    pub(crate) fn store_word(&self, at: usize, value: u64) {
        if let Some(word) = self.atomic(at) {
            word.store(value, Ordering::Release);
        }
    }

    #[inline]
    fn atomic(&self, at: usize) -> Option<&AtomicU64> {
        if !at.is_multiple_of(8) || at >= self.len() {
            return None;
        }
        // SAFETY: the offset is within the mapping, which is aligned to pages.
        let pointer = unsafe { self.map.as_mut_ptr().add(at) };
        // SAFETY: the word is aligned, lives as long as `self`, and is accessed atomically unless it is part of a frame that
        // is being stored, whose words nobody looks at before it is published.
        Some(unsafe { AtomicU64::from_ptr(pointer.cast()) })
    }

    /// Copies words out, one by one; for places of which nobody knows what they hold. Zeros beyond the end.
    pub(crate) fn copy_words(&self, at: usize, to: &mut [u64]) {
        for (place, word) in to.iter_mut().enumerate() {
            *word = self.word(at + place * 8);
        }
    }

    /// Makes a range durable.
    pub(crate) fn sync(&self, from: usize, to: usize) -> io::Result<()> {
        self.backing.sync(&self.map, from, to)
    }

    /// Reads every page ahead: one call of the system, where reading on would wait at every few pages. A hint, and only that.
    pub(crate) fn read_ahead(&self) {
        let _ = self.map.advise(memmap2::Advice::PopulateRead);
    }

    /// Writes to every page, so that no later write has to wait for one.
    pub(crate) fn touch(&self) -> io::Result<()> {
        self.map.advise(memmap2::Advice::PopulateWrite)
    }
}

/// The only writer of a segment's frames.
#[derive(Debug)]
pub(crate) struct Appender {
    memory: Arc<Memory>,
    end: usize,
    has_instruction: bool,
}

impl Appender {
    /// The writer of a segment whose frames end at `end`, where everything is zero from there on. There must be one only.
    pub(crate) fn new(memory: Arc<Memory>, end: usize) -> Self {
        Self { memory, end, has_instruction: checksum::has_instruction() }
    }

    /// Where the next frame will begin.
    #[inline(always)]
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// Bytes that are left.
    #[inline(always)]
    pub(crate) fn room(&self) -> usize {
        self.memory.len() - self.end
    }

    /// Stores a frame, its sum computed on the way, and publishes it. The payload must be as long as the header says; the
    /// frame must fit.
    #[inline(always)]
    pub(crate) fn append(&mut self, header: FrameHeader, payload: &[u64]) {
        let head = header.to_words();
        let size = head[0] as usize;
        assert!(header.payload_bytes as usize == payload.len() * 8 && size <= self.room(), "a frame that does not fit");
        // SAFETY: the whole frame lies within the mapping, as was just asserted.
        let pointer = unsafe { self.memory.map.as_mut_ptr().add(self.end) }.cast::<u64>();
        #[cfg(target_arch = "x86_64")]
        let command = payload.split_first_chunk().filter(|_| self.has_instruction && size == FRAME_MIN);
        #[cfg(target_arch = "x86_64")]
        let sum = if let Some(payload) = command {
            // SAFETY: the processor has the instruction; the frame's words lie within the mapping.
            unsafe { store_small_by_instruction(pointer, &head, payload) }
        } else if self.has_instruction {
            // SAFETY: the processor has the instruction; the frame's words lie within the mapping.
            unsafe { store_by_instruction(pointer, &head, payload) }
        } else {
            // SAFETY: the frame's words lie within the mapping.
            unsafe { store_by_table(pointer, &head, payload) }
        };
        #[cfg(not(target_arch = "x86_64"))]
        // SAFETY: the frame's words lie within the mapping.
        let sum = unsafe { store_by_table(pointer, &head, payload) };
        fetch_ahead(pointer);
        let first = head[0] | u64::from(sum) << 32;
        // SAFETY: the first word lies within the mapping, is aligned, and is never accessed but atomically.
        unsafe { AtomicU64::from_ptr(pointer) }.store(first, Ordering::Release);
        self.end += size;
    }
}

/// Words that every command has: those of its header.
#[cfg(target_arch = "x86_64")]
const COMMAND_WORDS: usize = size_of::<CommandHeader>() / 8;

/// How far ahead of a frame its writer, and its reader, ask for memory: about a batch of commands.
const FETCH_AHEAD: usize = 8_192;

/// Asks for the memory of frames to come. They go to memory that no cache holds, page after page, and a processor that
/// waits for it keeps later stores waiting, the engine's too. What is asked for beyond the mapping is not looked at.
#[inline(always)]
fn fetch_ahead(frame: *mut u64) {
    #[cfg(target_arch = "x86_64")]
    for line in [0, 64] {
        let ahead = frame.wrapping_byte_add(FETCH_AHEAD + line);
        // SAFETY: the hint reads and writes nothing, and no address makes it fault.
        unsafe { core::arch::asm!("prefetchw [{0}]", in(reg) ahead, options(nostack, preserves_flags)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = frame;
}

/// As [`store_by_instruction`], for a frame of the smallest size whose payload is a command: without branches for how long
/// that is, and with as many steps in any case. How long the next command is no processor can guess, and guessing wrong
/// costs more than the sum.
///
/// # Safety
/// The processor must have the instruction. `to` must be aligned, and as many words as the frame has must be there to be
/// written, by this thread alone.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn store_small_by_instruction(
    to: *mut u64,
    head: &[u64; HEADER_WORDS],
    (first, rest): (&[u64; COMMAND_WORDS], &[u64]),
) -> u32 {
    // SAFETY: the caller vouches for the instruction.
    let add = |sum, word| unsafe { checksum::word_in_place(sum, word) };
    let store = |place, word| {
        // SAFETY: the caller vouches for as many words as the frame has.
        let at = unsafe { to.add(place) };
        // SAFETY: as before; nobody else looks at the word before the frame is published.
        unsafe { at.write(word) };
    };
    let mut sum = add(u64::from(u32::MAX), head[0]);
    for (place, &word) in head.iter().enumerate().skip(1) {
        store(place, word);
        sum = add(sum, word);
    }
    for (place, &word) in first.iter().enumerate() {
        store(HEADER_WORDS + place, word);
        sum = add(sum, word);
    }
    for place in 0..FRAME_MIN / 8 - HEADER_WORDS - COMMAND_WORDS {
        let is_there = place < rest.len();
        // Where the payload has ended it is zeros that are stored, over zeros.
        let word = *rest.get(place).unwrap_or(&0);
        store(HEADER_WORDS + COMMAND_WORDS + place, word);
        sum = select_unpredictable(is_there, add(sum, word), sum);
    }
    !(sum as u32)
}

/// Stores all words of a frame but the first, and returns the sum of all. What is behind the payload is zero already.
macro_rules! store_frame {
    ($name:ident, $word_sum:path $(, $feature:literal)?) => {
        /// # Safety
        /// `to` must be aligned, and as many words as the frame has must be there to be written, by this thread alone.
        #[inline]
        $(#[target_feature(enable = $feature)])?
        unsafe fn $name(to: *mut u64, head: &[u64; HEADER_WORDS], payload: &[u64]) -> u32 {
            let mut sum = $word_sum(u32::MAX, head[0]);
            for (place, &word) in head.iter().enumerate().skip(1) {
                // SAFETY: the caller vouches for as many words as the frame has.
                unsafe { to.add(place).write(word) };
                sum = $word_sum(sum, word);
            }
            for (place, &word) in payload.iter().enumerate() {
                // SAFETY: the caller vouches for as many words as the frame has.
                unsafe { to.add(HEADER_WORDS + place).write(word) };
                sum = $word_sum(sum, word);
            }
            !sum
        }
    };
}

#[cfg(target_arch = "x86_64")]
store_frame!(store_by_instruction, checksum::word_by_instruction, "sse4.2");
store_frame!(store_by_table, checksum::word_by_table);

/// A cursor over published frames.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    memory: Arc<Memory>,
    begin: usize,
    end: usize,
}

impl Published {
    /// At the beginning of a segment's frames, or at the end of any of them: everything from `at` on will be looked at.
    pub(crate) fn new(memory: Arc<Memory>, at: usize) -> Self {
        Self { memory, begin: at, end: at }
    }

    /// The mapping.
    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Where the next frame begins: everything before it is published.
    #[inline]
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// The next frame, checked; the cursor stays.
    #[inline]
    pub(crate) fn peek(&self) -> Result<RawFrame<'_>, NoFrame> {
        let size = self.size_here()?;
        RawFrame::check(self.words(self.end, self.end + size))
    }

    /// The size of the next frame, if there is a length that can be one's.
    #[inline]
    fn size_here(&self) -> Result<usize, NoFrame> {
        let first = self.memory.word(self.end);
        self.fetch_ahead();
        let (length, size) = (first as u32, first as u32 as usize);
        if first == 0 {
            return Err(NoFrame::Nothing);
        }
        let fits = size <= self.memory.len() - self.end;
        if !(FRAME_MIN..=FRAME_MAX).contains(&size) || !size.is_multiple_of(FRAME_ALIGN) || !fits {
            return Err(NoFrame::Length(length));
        }
        Ok(size)
    }

    /// Asks for the memory of frames to come: processors follow a stream, but not from page to page.
    #[inline(always)]
    fn fetch_ahead(&self) {
        #[cfg(target_arch = "x86_64")]
        for line in [0, 64] {
            let ahead = self.memory.map.as_ptr().wrapping_add(self.end + FETCH_AHEAD + line);
            // SAFETY: the hint reads and writes nothing, and no address makes it fault.
            unsafe { core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(ahead.cast()) };
        }
    }

    /// The next frame as its writer published it, for the writer's own side: its sum is not computed again.
    #[inline]
    pub(crate) fn peek_published(&self) -> Result<RawFrame<'_>, NoFrame> {
        let size = self.size_here()?;
        Ok(RawFrame::checked_before(self.words(self.end, self.end + size)))
    }

    /// Goes over a frame of this size, which [`Published::peek`] has lent.
    #[inline]
    pub(crate) fn advance(&mut self, size: usize) {
        self.end = (self.end + size).min(self.memory.len());
    }

    /// The frame that the cursor went over last, of this size.
    #[inline]
    pub(crate) fn last(&self, size: usize) -> RawFrame<'_> {
        let from = self.end.saturating_sub(size).max(self.begin);
        RawFrame::checked_before(self.words(from, self.end))
    }

    /// What the cursor went over from one of its frames on.
    pub(crate) fn since(&self, from: usize) -> Self {
        let begin = from.clamp(self.begin, self.end);
        Self { memory: Arc::clone(&self.memory), begin, end: self.end }
    }

    /// Bytes that the cursor went over.
    pub(crate) fn len(&self) -> usize {
        self.end - self.begin
    }

    /// The frames that the cursor went over.
    pub(crate) fn frames(&self) -> impl Iterator<Item = RawFrame<'_>> {
        let mut at = self.begin;
        std::iter::from_fn(move || {
            let size = if at < self.end { self.memory.word(at) as u32 as usize } else { 0 };
            // The cursor went over this frame, so that its size is one; a file that somebody changes ends it here.
            let end = (size >= FRAME_MIN && size <= self.end - at).then(|| at + size)?;
            let frame = RawFrame::checked_before(self.words(at, end));
            at = end;
            Some(frame)
        })
    }

    /// The bytes between two places that the cursor went over; empty if it did not.
    pub(crate) fn bytes(&self, from: usize, to: usize) -> &[u8] {
        if from < self.begin || to > self.end || from > to || !from.is_multiple_of(8) {
            return &[];
        }
        bytemuck::must_cast_slice(self.words(from, to))
    }

    /// Words of frames that are published: those that the cursor went over, and the one at its end, whose length was loaded.
    #[inline]
    fn words(&self, from: usize, to: usize) -> &[u64] {
        debug_assert!(from.is_multiple_of(8) && to.is_multiple_of(8) && from <= to && to <= self.memory.len());
        // SAFETY: the callers' bounds lie within the mapping.
        let pointer = unsafe { self.memory.map.as_ptr().add(from) }.cast::<u64>();
        // SAFETY: aligned words within the mapping, which lives as long as `self`. They are published, and what was published
        // never changes: this file's rule.
        unsafe { std::slice::from_raw_parts(pointer, (to - from) / 8) }
    }
}

/// Memory like a segment's, but of no journal: words of a file without a name, which anybody may load and store at any time.
/// For measuring what frames cost beside bare stores.
#[derive(Debug)]
pub struct Scratch(Memory);

impl Scratch {
    /// Takes the mapping of a file that nobody else can open, and touches every page.
    pub(crate) fn new(memory: Memory) -> io::Result<Self> {
        memory.touch()?;
        Ok(Self(memory))
    }

    /// All of it.
    pub fn words(&self) -> &[AtomicU64] {
        let first = self.0.map.as_mut_ptr().cast::<AtomicU64>();
        // SAFETY: whole words of the mapping, which is aligned to pages and lives as long as `self`. No frames are in it, and
        // the file has no name under which somebody could map it: all accesses are atomic.
        unsafe { std::slice::from_raw_parts(first, self.0.len() / 8) }
    }

    /// Makes a range of bytes durable, as a segment's.
    ///
    /// # Errors
    /// The system's.
    pub fn sync(&self, from: usize, to: usize) -> io::Result<()> {
        self.0.sync(from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::frame::FrameKind;
    use novate_core::units::{Sequence, TimeNs};

    struct NoBacking;

    impl Backing for NoBacking {
        fn sync(&self, _memory: &MmapRaw, _from: usize, _to: usize) -> io::Result<()> {
            Ok(())
        }
    }

    fn memory(bytes: usize) -> Arc<Memory> {
        let map = memmap2::MmapMut::map_anon(bytes).expect("a few pages");
        Arc::new(Memory::new(map.into(), Arc::new(NoBacking)))
    }

    fn header(sequence: u64, payload_words: u32) -> FrameHeader {
        let (kind, payload_bytes) = (FrameKind::Command, payload_words * 8);
        FrameHeader { sequence: Sequence(sequence), time: TimeNs(5), epoch: 1, segment: 1, kind, payload_bytes }
    }

    #[test]
    fn what_is_appended_is_published_and_equal_to_what_is_encoded() {
        let memory = memory(8_192);
        let mut appender = Appender::new(Arc::clone(&memory), 256);
        let mut published = Published::new(Arc::clone(&memory), 256);
        for sequence in 1..20 {
            let payload: Vec<u64> = (0..sequence % 30).map(|word| word * 3 + 1).collect();
            let header = header(sequence, payload.len() as u32);
            assert_eq!(published.peek().err(), Some(NoFrame::Nothing));
            appender.append(header, &payload);
            let frame = published.peek().expect("a frame");
            assert_eq!((frame.sequence(), frame.payload()), (Sequence(sequence), &payload[..]));
            let encoded = crate::format::frame::encode(header, &payload);
            assert_eq!(frame.bytes(), bytemuck::cast_slice::<u64, u8>(&encoded));
            let size = frame.size();
            published.advance(size);
            assert_eq!(published.end(), appender.end());
        }
        assert_eq!(published.bytes(256, published.end()).len(), published.end() - 256);
        assert!(published.bytes(0, 300).is_empty() && published.bytes(256, 9_000).is_empty());
    }

    #[test]
    fn both_ways_to_store_agree() {
        let (one, other) = (memory(4_096), memory(4_096));
        for (memory, has_instruction) in [(&one, checksum::has_instruction()), (&other, false)] {
            let mut appender = Appender::new(Arc::clone(memory), 256);
            appender.has_instruction = has_instruction;
            appender.append(header(7, 11), &[9; 11]);
            appender.append(header(8, 0), &[]);
        }
        let (mut left, mut right) = ([0; 64], [0; 64]);
        one.copy_words(256, &mut left);
        other.copy_words(256, &mut right);
        assert_eq!(left, right);
    }

    #[test]
    fn what_lies_beyond_is_nothing() {
        let memory = memory(4_096);
        assert_eq!((memory.word(4_096), memory.word(3)), (0, 0));
        memory.store_word(4_090, 1);
        memory.store_word(4_088, 1);
        assert_eq!(memory.word(4_088), 1);
        let published = Published::new(Arc::clone(&memory), 4_088);
        assert_eq!(published.peek().err(), Some(NoFrame::Length(1)));
    }
}
