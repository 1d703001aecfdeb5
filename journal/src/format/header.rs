//! The header of a segment. 256 bytes.

use bytemuck::{Pod, Zeroable};
use novate_core::command::COMMAND_SCHEMA_VERSION;
use novate_core::digest::Hash256;
use novate_core::genesis::{Genesis, RULES_VERSIONS};

use super::FORMAT_VERSION;
use crate::checksum::crc32c;

/// What a segment begins with.
pub const SEGMENT_MAGIC: [u8; 8] = *b"novatesg";
/// Bytes of a segment's header: the first frame's offset.
pub const SEGMENT_HEADER_SIZE: usize = 256;
/// The size of a segment where nothing is said: 16 MiB.
pub const SEGMENT_BYTES: u32 = 16 << 20;
/// The smallest segment, in bytes; every segment is a multiple of it.
pub const SEGMENT_BYTES_MIN: u32 = 4_096;
/// The largest segment, in bytes.
pub const SEGMENT_BYTES_MAX: u32 = 1 << 30;
/// Where the first sequence stands.
pub const FIRST_SEQUENCE_OFFSET: usize = 248;

/// What every segment begins with, drawn in `docs/FORMAT.md`.
///
/// All of it is written and durable before the segment has its name, but the first sequence: the hot thread stores that
/// when it moves to the segment, so it stands outside the sum and is checked against the frames.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SegmentHeader {
    /// [`SEGMENT_MAGIC`].
    pub magic: [u8; 8],
    /// CRC32C of the bytes from 12 to 248.
    pub checksum: u32,
    /// [`FORMAT_VERSION`].
    pub format: u32,
    /// The command schema's version.
    pub command_schema: u32,
    /// The rules version.
    pub rules: u32,
    /// The shard.
    pub shard: u32,
    /// The segment's number, from 1.
    pub segment: u32,
    /// Bytes of the file while it is written; a clean close cuts the last one to what is used.
    pub segment_bytes: u32,
    /// Zero.
    pub reserved: u32,
    /// When the file was made, in nanoseconds since the Unix epoch, by the clock of the machine: for people.
    pub created_ns: u64,
    /// The genesis hash.
    pub genesis_hash: [u8; 32],
    /// Zero.
    pub reserved_tail: [u8; 168],
    /// The sequence of the first command that was or will be written to it; 0 until the writer moved there.
    pub first_sequence: u64,
}

const _: () = assert!(size_of::<SegmentHeader>() == SEGMENT_HEADER_SIZE);
const _: () = assert!(std::mem::offset_of!(SegmentHeader, first_sequence) == FIRST_SEQUENCE_OFFSET);

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// The sum is not that of the bytes.
    Checksum {
        /// The sum that stands there.
        stated: u32,
        /// The sum of what stands there.
        computed: u32,
    },
    /// The file is no segment.
    Magic,
    /// Another format version.
    Format(u32),
    /// Another command schema.
    CommandSchema(u32),
    /// Rules that this build does not execute.
    Rules(u32),
    /// A reserved byte is set, or a size is none that is permitted.
    Field(&'static str),
}

impl HeaderFault {
    /// Whether the header is intact, and only of a version that this build does not know.
    pub const fn is_other_version(self) -> bool {
        matches!(self, Self::Format(_) | Self::CommandSchema(_) | Self::Rules(_))
    }
}

impl SegmentHeader {
    /// The header of a segment that nothing was written to.
    pub(crate) fn new(genesis: &Genesis, segment: u32, segment_bytes: u32, created_ns: u64) -> Self {
        let mut header = Self {
            magic: SEGMENT_MAGIC,
            format: FORMAT_VERSION,
            command_schema: genesis.command_schema,
            rules: genesis.rules,
            shard: genesis.shard,
            segment,
            segment_bytes,
            created_ns,
            genesis_hash: genesis.hash().0,
            ..Self::zeroed()
        };
        header.checksum = header.sum();
        header
    }

    fn sum(&self) -> u32 {
        crc32c(&bytemuck::bytes_of(self)[12..FIRST_SEQUENCE_OFFSET])
    }

    /// Checks the sum first, then magic and versions, then the rest.
    pub(crate) fn check(&self) -> Result<(), HeaderFault> {
        let computed = self.sum();
        if computed != self.checksum {
            return Err(HeaderFault::Checksum { stated: self.checksum, computed });
        }
        if self.magic != SEGMENT_MAGIC {
            return Err(HeaderFault::Magic);
        }
        if self.format != FORMAT_VERSION {
            return Err(HeaderFault::Format(self.format));
        }
        if self.command_schema != COMMAND_SCHEMA_VERSION {
            return Err(HeaderFault::CommandSchema(self.command_schema));
        }
        if !RULES_VERSIONS.contains(&self.rules) {
            return Err(HeaderFault::Rules(self.rules));
        }
        if self.reserved != 0 || self.reserved_tail != [0; 168] {
            return Err(HeaderFault::Field("reserved"));
        }
        if !is_segment_size(self.segment_bytes) {
            return Err(HeaderFault::Field("segment_bytes"));
        }
        Ok(())
    }

    /// The genesis hash.
    pub fn genesis(&self) -> Hash256 {
        Hash256(self.genesis_hash)
    }
}

/// Whether segments may have this many bytes.
pub const fn is_segment_size(bytes: u32) -> bool {
    bytes >= SEGMENT_BYTES_MIN && bytes <= SEGMENT_BYTES_MAX && bytes.is_multiple_of(SEGMENT_BYTES_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use novate_core::genesis::Capacities;

    #[test]
    fn every_flipped_bit_outside_the_first_sequence_is_found() {
        let header = SegmentHeader::new(&Genesis::new(3, 1, Capacities::for_orders(10)), 2, SEGMENT_BYTES, 77);
        assert_eq!(header.check(), Ok(()));
        for bit in 0..FIRST_SEQUENCE_OFFSET * 8 {
            let mut flipped = header;
            bytemuck::bytes_of_mut(&mut flipped)[bit / 8] ^= 1 << (bit % 8);
            assert!(flipped.check().is_err(), "bit {bit}");
        }
    }

    #[test]
    fn versions_are_told_from_damage() {
        let mut header = SegmentHeader::new(&Genesis::new(3, 1, Capacities::for_orders(10)), 2, SEGMENT_BYTES, 77);
        header.format = 2;
        assert!(matches!(header.check(), Err(HeaderFault::Checksum { .. })));
        header.checksum = header.sum();
        assert_eq!(header.check(), Err(HeaderFault::Format(2)));
    }
}
