//! Proofs that a chunk is part of a state whose digest is known.
//!
//! Whoever verifies needs neither engine nor arena. A proof as bytes, numbers little-endian:
//!
//! ```text
//! 0        4        8         16        24                  280
//! +--------+--------+---------+---------+-------------------+------------------------------------+
//! | size   | form 1 | index   | chunks  | header, 256 bytes | siblings from the leaf up, 32 each |
//! +--------+--------+---------+---------+-------------------+------------------------------------+
//! ```
//!
//! `size` is that of the whole. There are as many siblings as the tree over so many chunks is high.

use alloc::vec::Vec;

use bytemuck::{Pod, Zeroable};

use super::{Hash256, height, leaf, node, of_state};
use crate::arena::{CHUNK_SIZE, Chunk};
use crate::engine::{Header, OpenError};

/// The form of the bytes.
const FORM: u32 = 1;

/// What the bytes of a proof begin with.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Head {
    size: u32,
    form: u32,
    index: u64,
    chunks: u64,
    header: [u8; CHUNK_SIZE],
}

const _: () = assert!(size_of::<Head>() == 280);

/// Why something is not proven.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// The bytes are no proof: they are of another size than they say, or of a form that is not known.
    Malformed,
    /// The chunk's index is not below the number of chunks.
    NoSuchChunk {
        /// The index that the proof states.
        index: u64,
        /// The number of chunks that it states.
        chunks: u64,
    },
    /// The path is of another length than the tree over so many chunks is high.
    WrongLength {
        /// The tree's height.
        needed: u32,
        /// How many siblings the proof has.
        given: usize,
    },
    /// Chunk, index, path and header do not lead to this state digest.
    OtherState,
    /// The state's own layout has another number of chunks than the proof states.
    WrongCount {
        /// The number that follows from the header.
        needed: u64,
        /// The number that the proof states.
        given: u64,
    },
    /// The header is that of no state that this build can lay out.
    Header(OpenError),
}

impl core::fmt::Display for ProofError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Self::Malformed => f.write_str("the bytes are no proof of a form known here; ask for them again"),
            Self::NoSuchChunk { index, chunks } => {
                write!(f, "the proof is of chunk {index}, and by its own account there are {chunks}")
            }
            Self::WrongLength { needed, given } => {
                write!(f, "the proof has {given} siblings where {needed} lead from a leaf to the root")
            }
            Self::OtherState => f.write_str("the chunk is not proven to be part of the state of this digest"),
            Self::WrongCount { needed, given } => {
                write!(f, "the proof says that there are {given} chunks, the state's layout has {needed}")
            }
            Self::Header(error) => write!(f, "the header in the proof: {error}"),
        }
    }
}

impl core::error::Error for ProofError {}

/// The way from a chunk up to the root of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkPath {
    /// The chunk's index, below `chunks`.
    pub index: u64,
    /// How many chunks there are.
    pub chunks: u64,
    /// The node beside the way at each height, from the leaf up.
    pub siblings: Vec<Hash256>,
}

impl ChunkPath {
    /// The root of the tree in which the chunk of this index is `chunk`.
    ///
    /// The root alone does not show how many chunks there are, only how high the tree is; [`ChunkProof::verify`] does.
    ///
    /// # Errors
    /// [`ProofError::NoSuchChunk`], [`ProofError::WrongLength`].
    pub fn root(&self, chunk: &Chunk) -> Result<Hash256, ProofError> {
        let Self { index, chunks, ref siblings } = *self;
        if index >= chunks {
            return Err(ProofError::NoSuchChunk { index, chunks });
        }
        let (needed, given) = (height(chunks), siblings.len());
        if given != needed as usize {
            return Err(ProofError::WrongLength { needed, given });
        }
        let up = |below: Hash256, (height, sibling): (usize, &Hash256)| match index >> height & 1 {
            0 => node(&below, sibling),
            _ => node(sibling, &below),
        };
        Ok(siblings.iter().enumerate().fold(leaf(chunk), up))
    }
}

/// The proof that a chunk is part of a state.
///
/// [`StateTree::prove`](super::StateTree::prove) makes it, with an example. It holds nothing of the state but its header
/// and hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkProof {
    /// The state's first chunk. The hashes of genesis and layout stand in it, and genesis itself, from which the layout
    /// follows.
    pub header: Chunk,
    /// The way from the chunk to the root of the tree.
    pub path: ChunkPath,
}

impl ChunkProof {
    /// Checks that in the state of this digest the chunk of the proof's index is `chunk`.
    ///
    /// # Errors
    /// What is not as it should be: see [`ProofError`].
    pub fn verify(&self, chunk: &Chunk, state_digest: &Hash256) -> Result<(), ProofError> {
        if of_state(&self.header, &self.path.root(chunk)?) != *state_digest {
            return Err(ProofError::OtherState);
        }
        // The digest names the layout and thereby how many chunks there are. Without this, padding could be passed off
        // as a chunk by a proof that states more of them.
        let layout = Header::read(&self.header).layout().map_err(ProofError::Header)?;
        let (needed, given) = (layout.chunks() as u64, self.path.chunks);
        if needed == given { Ok(()) } else { Err(ProofError::WrongCount { needed, given }) }
    }

    /// The proof as bytes: 280, and 32 for each sibling.
    pub fn to_bytes(&self) -> Vec<u8> {
        let ChunkPath { index, chunks, ref siblings } = self.path;
        let siblings: &[u8] = bytemuck::must_cast_slice(siblings);
        let size = (size_of::<Head>() + siblings.len()) as u32;
        let head = Head { size, form: FORM, index, chunks, header: self.header.0 };
        [bytemuck::bytes_of(&head), siblings].concat()
    }

    /// Reads a proof, whatever the bytes are.
    ///
    /// # Errors
    /// [`ProofError::Malformed`], [`ProofError::NoSuchChunk`], [`ProofError::WrongLength`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        let (head, rest) = bytes.split_first_chunk::<{ size_of::<Head>() }>().ok_or(ProofError::Malformed)?;
        let Head { size, form, index, chunks, header } = bytemuck::must_cast(*head);
        let (siblings, odd) = rest.as_chunks::<32>();
        if size as usize != bytes.len() || form != FORM || !odd.is_empty() {
            return Err(ProofError::Malformed);
        }
        if index >= chunks {
            return Err(ProofError::NoSuchChunk { index, chunks });
        }
        let (needed, given) = (height(chunks), siblings.len());
        if given != needed as usize {
            return Err(ProofError::WrongLength { needed, given });
        }
        let siblings = siblings.iter().copied().map(Hash256).collect();
        Ok(Self { header: Chunk(header), path: ChunkPath { index, chunks, siblings } })
    }
}
