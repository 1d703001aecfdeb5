//! The arena: all state as fixed-capacity tables of plain-old-data records in one contiguous run of 256-byte chunks.
//!
//! The layout is a pure function of genesis ([`Layout`]). References between records are typed indexes, never pointers;
//! index 0 is nobody, so that a zeroed record refers to nothing and an untouched arena is all zeros. Records never
//! straddle chunks; freed records are zeroed. Every access goes through a `Table`, which tells its [`Marks`] the chunk.
//!
//! Nothing here allocates after the memory was handed over, and nothing here is `unsafe` but the prefetch hint and one vector comparison.

mod entities;
mod index;
mod lanes;
mod layout;
mod prefetch;
mod slab;
mod table;
mod tracker;
mod types;
#[cfg(feature = "serde")]
mod view;

use alloc::boxed::Box;

use bytemuck::{Pod, Zeroable};

pub use self::layout::{Layout, TableLayout};
pub use self::tracker::{Dirty, Guarded, Marks, Untracked, Witness};
#[cfg(feature = "serde")]
pub use self::view::RecordView;

pub(crate) use self::entities::{Entities, EntityRecord, Full, Missing};
pub(crate) use self::index::{CHOSEN_KEYS, Found, GIVEN_KEYS, KeyHash, NO_PLACE, SlotIndex};
pub(crate) use self::layout::Carver;
pub(crate) use self::slab::Slab;
pub(crate) use self::table::{Record, Single, Table};
pub(crate) use self::types::RecordType;

use crate::genesis::Genesis;

/// Bytes of a chunk: the unit of tracking, hashing and shipping.
pub const CHUNK_SIZE: usize = 256;

/// 256 bytes of state, aligned to their size.
#[repr(C, align(256))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Chunk(pub [u8; CHUNK_SIZE]);

/// Why memory cannot become, or is not, an engine's arena.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArenaError {
    /// The memory has the wrong number of chunks for this genesis.
    WrongSize {
        /// Chunks that the layout takes.
        needed: usize,
        /// Chunks that were given.
        given: usize,
    },
    /// The tracker's marks do not cover every chunk.
    MarksTooShort {
        /// Chunks that the layout takes.
        needed: usize,
    },
    /// The allocator has no room for the arena.
    OutOfMemory {
        /// Bytes that the layout takes.
        bytes: usize,
    },
    /// The memory holds no engine's state: its header does not bear its own genesis' hash.
    NoState,
    /// The state was laid out by another layout than this build's.
    OtherLayout,
}

impl core::fmt::Display for ArenaError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Self::WrongSize { needed, given } => write!(
                f,
                "the arena takes {needed} chunks of {CHUNK_SIZE} bytes and was given {given}; size it by Layout::of(genesis)"
            ),
            Self::MarksTooShort { needed } => {
                write!(f, "the tracker's marks do not cover {needed} chunks; give one mark for each")
            }
            Self::OutOfMemory { bytes } => {
                write!(f, "no room for an arena of {bytes} bytes; lower the capacities in genesis")
            }
            Self::NoState => f.write_str("the memory holds no state: its header does not match its genesis hash"),
            Self::OtherLayout => {
                f.write_str("the state was laid out otherwise; open it with the release that wrote it")
            }
        }
    }
}

impl core::error::Error for ArenaError {}

/// Owned, zeroed arena memory from the allocator. For a mapping on huge pages see `novate_journal::mapping`.
#[derive(Debug)]
pub struct Arena {
    chunks: Box<[Chunk]>,
}

impl Arena {
    /// Memory of the size that `genesis` takes.
    ///
    /// # Errors
    /// [`ArenaError::OutOfMemory`].
    pub fn for_genesis(genesis: &Genesis) -> Result<Self, ArenaError> {
        let count = Layout::of(genesis).chunks();
        let bytes = count.saturating_mul(CHUNK_SIZE);
        bytemuck::allocation::try_zeroed_slice_box(count)
            .map(|chunks| Self { chunks })
            .map_err(|()| ArenaError::OutOfMemory { bytes })
    }

    /// The chunks, for an engine to work on.
    pub fn chunks_mut(&mut self) -> &mut [Chunk] {
        &mut self.chunks
    }

    /// The chunks.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }
}
