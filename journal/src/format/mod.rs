//! The format of a journal's files, field by field; `docs/FORMAT.md` is its description for people.
//!
//! ```text
//! a journal is a folder
//!   control                        the epoch, and the newest segment
//!   00000001.segment ...           segments, numbered without gaps
//!   00000000000000001234.snapshot  the state after command 1234
//!   lock                           held by who writes; empty
//!   *.tmp                          files that were not finished; of no meaning
//!
//! a segment
//!   0        256                                               its size
//!   +--------+-------+-------+------+-- ... --+------+-- zeros --+
//!   | header | frame | frame | seal |  blocks | seal |           |
//!   +--------+-------+-------+------+-- ... --+------+-----------+
//!
//! a frame, in words of 64 bits, little-endian
//!   0                 8          16        24              32                         40         48
//!   +--------+--------+----------+---------+-------+---------+------+-------+-----------+----------+---------+-------+
//!   | length | CRC32C | sequence | time ns | epoch | segment | kind | zero  | payload   | reserved | payload | zeros |
//!   | u32    | u32    | u64      | u64     | u32   | u32     | u16  | u16   | bytes u32 | u64 zero |         |       |
//!   +--------+--------+----------+---------+-------+---------+------+-------+-----------+----------+---------+-------+
//! ```
//!
//! The sum is over the length (as 64 bits), the words from 8 on and the payload; the zeros behind are checked to be zero.
//! The first word is stored last, with Release ordering: who loads it with Acquire and finds it set finds all the rest.

pub mod control;
pub mod frame;
pub mod header;
pub mod names;
pub mod payload;

/// The journal format's version: raised by any change of the layout of frames, segments, seals or snapshots.
pub const FORMAT_VERSION: u32 = 1;
/// The newest release that writes this format, for messages about others.
pub const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// A place in a journal: a segment and an offset in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The segment's number, from 1.
    pub segment: u32,
    /// Bytes from the beginning of its file.
    pub offset: u32,
}

impl Position {
    /// As one number, which is ordered alike.
    pub const fn to_bits(self) -> u64 {
        (self.segment as u64) << 32 | self.offset as u64
    }

    /// From one number.
    pub const fn from_bits(bits: u64) -> Self {
        Self { segment: (bits >> 32) as u32, offset: bits as u32 }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", names::segment(self.segment), self.offset)
    }
}
