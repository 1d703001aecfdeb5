//! Frames: their header, kinds and sizes.

use novate_core::units::{Sequence, TimeNs};

use crate::checksum;

/// Frames begin at multiples of this many bytes, and so do their ends.
pub const FRAME_ALIGN: usize = 64;
/// The smallest frame, in bytes.
pub const FRAME_MIN: usize = 128;
/// The largest frame, in bytes: six lines of 64.
pub const FRAME_MAX: usize = 384;
/// Bytes of a frame's header.
pub const FRAME_HEADER_SIZE: usize = 48;
/// The largest payload, in bytes.
pub const PAYLOAD_MAX: usize = FRAME_MAX - FRAME_HEADER_SIZE;

/// Words of a frame's header.
pub(crate) const HEADER_WORDS: usize = FRAME_HEADER_SIZE / 8;

/// What a frame holds.
#[repr(u16)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameKind {
    /// The configuration that the journal begins with.
    Genesis = 1,
    /// A command from outside.
    Command = 2,
    /// The end of a block.
    Seal = 3,
    /// Commands that every replay skips. Reserved: laid out, written and executed by no release yet.
    Annul = 4,
    /// A change of rules, layout or capacities. Reserved: laid out, written and executed by no release yet.
    Upgrade = 5,
    /// A command with which the sequencer works off pending work.
    Work = 6,
    /// The end of the journal, or of a part of it that was closed before it was opened again.
    End = 7,
}

impl FrameKind {
    /// Every kind, in numeric order.
    pub const ALL: [Self; 7] =
        [Self::Genesis, Self::Command, Self::Seal, Self::Annul, Self::Upgrade, Self::Work, Self::End];

    /// The kind's number.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The kind with this number.
    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            1 => Some(Self::Genesis),
            2 => Some(Self::Command),
            3 => Some(Self::Seal),
            4 => Some(Self::Annul),
            5 => Some(Self::Upgrade),
            6 => Some(Self::Work),
            7 => Some(Self::End),
            _ => None,
        }
    }

    /// The stable name, as tools print and read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Command => "command",
            Self::Seal => "seal",
            Self::Annul => "annul",
            Self::Upgrade => "upgrade",
            Self::Work => "work",
            Self::End => "end",
        }
    }

    /// Whether frames of this kind take a sequence and are applied to the engine.
    pub const fn is_applied(self) -> bool {
        matches!(self, Self::Command | Self::Work)
    }
}

/// What stands in a frame's header, besides length and sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The command's sequence; of a frame that is none, the last command's before it.
    pub sequence: Sequence,
    /// Sequenced time, in nanoseconds; of a frame that is no command, the last command's before it.
    pub time: TimeNs,
    /// The incarnation that wrote it.
    pub epoch: u32,
    /// The segment that it was written to.
    pub segment: u32,
    /// What it holds.
    pub kind: FrameKind,
    /// Bytes of its payload: a multiple of 8, at most [`PAYLOAD_MAX`].
    pub payload_bytes: u32,
}

/// Bytes of a frame with a payload of so many bytes.
#[inline(always)]
pub const fn frame_size(payload_bytes: usize) -> usize {
    let size = (FRAME_HEADER_SIZE + payload_bytes).next_multiple_of(FRAME_ALIGN);
    if size < FRAME_MIN { FRAME_MIN } else { size }
}

impl FrameHeader {
    /// The header as words, the first of which is the length without the sum.
    #[inline(always)]
    pub(crate) const fn to_words(self) -> [u64; HEADER_WORDS] {
        [
            frame_size(self.payload_bytes as usize) as u64,
            self.sequence.0,
            self.time.0,
            self.epoch as u64 | (self.segment as u64) << 32,
            self.kind.code() as u64 | (self.payload_bytes as u64) << 32,
            0,
        ]
    }
}

/// Why the bytes at some place are no frame. Whether that is the end of a journal or damage depends on the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFrame {
    /// Nothing was written there.
    Nothing,
    /// The length is no frame's, or reaches beyond the segment.
    Length(u32),
    /// The sum is not that of the bytes.
    Checksum {
        /// The sum that stands there.
        stated: u32,
        /// The sum of what stands there.
        computed: u32,
    },
    /// The sum is right, but the length of the payload is not that of the frame.
    PayloadLength(u32),
    /// The sum is right, but the kind is unknown.
    Kind(u16),
    /// A reserved byte, or one behind the payload, is not zero; at this offset from the frame's beginning.
    NotZero(usize),
}

/// A frame as it lies in memory; its header was checked.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame<'m> {
    words: &'m [u64],
    kind: FrameKind,
}

impl<'m> RawFrame<'m> {
    /// Checks the words of one frame, which must be as many as its length says.
    ///
    /// # Errors
    /// What is wrong with them first.
    #[inline]
    pub fn check(words: &'m [u64]) -> Result<Self, NoFrame> {
        let Some((header, _)) = words.split_first_chunk::<HEADER_WORDS>() else { return Err(NoFrame::Length(0)) };
        let (length, stated) = (header[0] as u32, (header[0] >> 32) as u32);
        let payload_bytes = (header[4] >> 32) as u32;
        let end = FRAME_HEADER_SIZE as u64 + u64::from(payload_bytes);
        if !payload_bytes.is_multiple_of(8) || end > words.len() as u64 * 8 {
            // What the sum is over is not known then; a payload that is too long is nothing that was ever written.
            return Err(NoFrame::PayloadLength(payload_bytes));
        }
        let (summed, padding) = words.split_at(end as usize / 8);
        let small = words.try_into().ok().and_then(|frame| checksum::small_frame_sum(frame, summed.len()));
        let computed = small.unwrap_or_else(|| checksum::frame_sum(u64::from(length), &summed[1..]));
        if computed != stated {
            return Err(NoFrame::Checksum { stated, computed });
        }
        if frame_size(payload_bytes as usize) != length as usize {
            return Err(NoFrame::PayloadLength(payload_bytes));
        }
        if (header[4] >> 16) as u16 != 0 || header[5] != 0 {
            return Err(NoFrame::NotZero(if header[5] == 0 { 34 } else { 40 }));
        }
        if let Some(place) = padding.iter().position(|&word| word != 0) {
            return Err(NoFrame::NotZero((summed.len() + place) * 8));
        }
        let kind = header[4] as u16;
        FrameKind::from_code(kind).map(|kind| Self { words, kind }).ok_or(NoFrame::Kind(kind))
    }

    /// The words of a frame that was checked before.
    #[inline]
    pub(crate) fn checked_before(words: &'m [u64]) -> Self {
        let kind = words.get(4).and_then(|word| FrameKind::from_code(*word as u16));
        Self { words, kind: kind.unwrap_or(FrameKind::Command) }
    }

    /// What it holds.
    #[inline]
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// The command's sequence, or that of the last command before the frame.
    #[inline]
    pub fn sequence(&self) -> Sequence {
        Sequence(self.words[1])
    }

    /// The command's time, or that of the last command before the frame.
    #[inline]
    pub fn time(&self) -> TimeNs {
        TimeNs(self.words[2])
    }

    /// The incarnation that wrote it.
    #[inline]
    pub fn epoch(&self) -> u32 {
        self.words[3] as u32
    }

    /// The segment that it was written to.
    #[inline]
    pub fn segment(&self) -> u32 {
        (self.words[3] >> 32) as u32
    }

    /// Its payload.
    #[inline]
    pub fn payload(&self) -> &'m [u64] {
        let payload_words = (self.words[4] >> 32) as usize / 8;
        &self.words[HEADER_WORDS..HEADER_WORDS + payload_words]
    }

    /// Bytes from its beginning to its end.
    #[inline]
    pub fn size(&self) -> usize {
        self.words.len() * 8
    }

    /// All of it.
    pub fn bytes(&self) -> &'m [u8] {
        bytemuck::must_cast_slice(self.words)
    }

    /// The payload as a record; none if it has another size.
    pub fn record<P: bytemuck::Pod>(&self) -> Option<&'m P> {
        bytemuck::try_from_bytes(bytemuck::must_cast_slice(self.payload())).ok()
    }
}

/// A frame as bytes, for files that are written whole; [`RawFrame::check`] takes them.
pub fn encode(header: FrameHeader, payload: &[u64]) -> Vec<u64> {
    let head = header.to_words();
    let mut words = vec![0; head[0] as usize / 8];
    words[1..HEADER_WORDS].copy_from_slice(&head[1..]);
    words[HEADER_WORDS..HEADER_WORDS + payload.len()].copy_from_slice(payload);
    let sum = checksum::frame_sum(head[0], &words[1..HEADER_WORDS + payload.len()]);
    words[0] = head[0] | u64::from(sum) << 32;
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(payload: &[u64]) -> Vec<u64> {
        let header = FrameHeader {
            sequence: Sequence(7),
            time: TimeNs(9),
            epoch: 3,
            segment: 2,
            kind: FrameKind::Command,
            payload_bytes: payload.len() as u32 * 8,
        };
        encode(header, payload)
    }

    #[test]
    fn what_is_encoded_is_read() {
        for words in 0..=PAYLOAD_MAX / 8 {
            let payload: Vec<u64> = (1..=words as u64).collect();
            let frame = example(&payload);
            assert_eq!(frame.len() * 8, frame_size(words * 8));
            let read = RawFrame::check(&frame).expect("a frame");
            assert_eq!((read.sequence(), read.time(), read.epoch(), read.segment()), (Sequence(7), TimeNs(9), 3, 2));
            assert_eq!((read.kind(), read.payload(), read.size()), (FrameKind::Command, &payload[..], frame.len() * 8));
        }
        assert_eq!((frame_size(0), frame_size(80), frame_size(88), frame_size(PAYLOAD_MAX)), (128, 128, 192, 384));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        for payload in [&[1, 2, 3][..], &[5; 10], &[0; 20]] {
            let frame = example(payload);
            // The first word's length decides how many words are given, so it is flipped where frames are looked for.
            for bit in 0..frame.len() * 64 {
                let mut flipped = frame.clone();
                flipped[bit / 64] ^= 1 << (bit % 64);
                assert!(RawFrame::check(&flipped).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn kinds_come_back() {
        for kind in FrameKind::ALL {
            assert_eq!(FrameKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!((FrameKind::from_code(0), FrameKind::from_code(8)), (None, None));
    }
}
