//! The oracle of the state digest: its formula written down once more, from scratch and by plain recursion.
//!
//! Nobody needs it but tests and whoever wants to check an implementation of their own: it hashes the whole arena each
//! time, padding included. It shares no code with [`StateTree`](super::StateTree); what a header looks like it knows by
//! places of bytes.

use crate::arena::Chunk;

use super::Hash256;

/// Where the hashes of genesis and layout stand in the header.
const GENESIS_HASH: core::ops::Range<usize> = 48..80;
const LAYOUT_HASH: core::ops::Range<usize> = 80..112;

/// The state digest of `chunks`, an arena of at least one chunk: of none it is that of a single zero chunk.
///
/// ```
/// use novate_core::arena::{Arena, Untracked};
/// use novate_core::digest::{StateTree, naive};
/// use novate_core::engine::Engine;
/// use novate_core::genesis::{Capacities, Genesis};
///
/// let genesis = Genesis::new(0, 1, Capacities::for_orders(100));
/// let mut arena = Arena::for_genesis(&genesis)?;
/// drop(Engine::genesis(arena.chunks_mut(), Untracked, &genesis)?);
/// let tree = StateTree::new(arena.chunks());
/// assert_eq!(naive::state_digest(arena.chunks()), tree.digest(arena.chunks()));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub fn state_digest(chunks: &[Chunk]) -> Hash256 {
    let header = chunks.first().map_or([0; 256], |chunk| chunk.0);
    let mut hasher = blake3::Hasher::new_derive_key("novate state 1");
    hasher.update(&header[GENESIS_HASH]);
    hasher.update(&header[LAYOUT_HASH]);
    hasher.update(&header);
    hasher.update(&tree_root(chunks).0);
    Hash256(*hasher.finalize().as_bytes())
}

/// The root of the Merkle tree over `chunks`, padded with zero chunks to a power of two.
pub fn tree_root(chunks: &[Chunk]) -> Hash256 {
    let mut width = 1;
    while width < chunks.len() {
        width *= 2;
    }
    Hash256(subtree(chunks, width))
}

/// The root of a tree of `width` leaves, of which the first are those of `chunks`.
fn subtree(chunks: &[Chunk], width: usize) -> [u8; 32] {
    if width == 1 {
        let bytes = chunks.first().map_or([0; 256], |chunk| chunk.0);
        return blake3::derive_key("novate state leaf 1", &bytes);
    }
    let half = width / 2;
    let (left, right) = chunks.split_at(half.min(chunks.len()));
    let children = [subtree(left, half), subtree(right, half)];
    blake3::derive_key("novate state node 1", children.as_flattened())
}
