//! The Merkle tree over the arena's chunks, kept up to date from dirty marks.
//!
//! It lies beside the arena, never in it: what is hashed is the state, and what hashes it is a view of the state. It
//! allocates when it is made and never again. There are nodes only where there are chunks below; the padding to a power
//! of two is one known hash for each height.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use bytemuck::{Pod, Zeroable};

use super::many::{LANES, ManyHasher};
use super::{ChunkPath, ChunkProof, Hash256, LEAF_DOMAIN, NODE_DOMAIN, height, leaf, node, of_state};
use crate::arena::{CHUNK_SIZE, Chunk};

/// How many chunks are hashed before the nodes above them: enough for these to be shared and vectors to be filled, and
/// few enough for the list of them to stay in the cache.
const BATCH: usize = 4_096;
/// How many marks are looked at before any is looked at by itself.
const MARKS_AT_ONCE: usize = 64;

/// Two nodes side by side, left and right: together they are what the node above is the hash of.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Pair([Hash256; 2]);

/// A bit has flipped in memory: a chunk that nobody marked is not what it was when it was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flipped {
    /// The chunk's index; [`Layout::locate`](crate::arena::Layout::locate) names what is in it.
    pub chunk: usize,
}

impl core::fmt::Display for Flipped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let chunk = self.chunk;
        write!(f, "chunk {chunk} changed without a command; stop, check the memory, and start from a snapshot")
    }
}

impl core::error::Error for Flipped {}

/// The Merkle tree over an arena's chunks.
///
/// It takes about a quarter of the arena's memory. What it says is of the chunks as they were at the last update.
///
/// ```
/// use novate_core::arena::{Arena, Dirty, Layout};
/// use novate_core::digest::StateTree;
/// use novate_core::engine::Engine;
/// use novate_core::genesis::{Capacities, Genesis};
///
/// let genesis = Genesis::new(0, 1, Capacities::for_orders(100));
/// let (layout, mut arena) = (Layout::of(&genesis), Arena::for_genesis(&genesis)?);
/// let mut marks = vec![0; layout.chunks()];
/// drop(Engine::genesis(arena.chunks_mut(), Dirty(&mut marks), &genesis)?);
/// marks.fill(0);
/// let mut tree = StateTree::new(arena.chunks());
/// {
///     let engine = Engine::attach_as(&layout, arena.chunks_mut(), Dirty(&mut marks))?;
///     // Commands are applied here.
/// }
/// tree.update(arena.chunks(), &mut marks);
/// let digest = tree.digest(arena.chunks());
///
/// let proof = tree.prove(arena.chunks(), 1);
/// assert_eq!(proof.verify(&arena.chunks()[1], &digest), Ok(()));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StateTree {
    leaves: ManyHasher,
    nodes: ManyHasher,
    /// The nodes of each height, leaves first, root last. The right one of a last pair may be padding.
    levels: Vec<Box<[Pair]>>,
    /// How many chunks there are.
    chunks: usize,
    /// The chunks that are being hashed, then the nodes above them; empty between calls.
    batch: Vec<usize>,
}

impl StateTree {
    /// The tree over `chunks`, hashed from scratch. Zero chunks are not hashed: their hashes, and those of the nodes
    /// above nothing else, are known.
    ///
    /// # Panics
    /// If there are no chunks: an arena has at least its header.
    pub fn new(chunks: &[Chunk]) -> Self {
        assert!(!chunks.is_empty(), "an arena has at least its header");
        let mut zero = leaf(&Chunk::zeroed());
        let mut levels = Vec::new();
        for level in 0..=height(chunks.len() as u64) {
            let nodes = chunks.len().div_ceil(1 << level);
            levels.push(vec![Pair([zero; 2]); nodes.div_ceil(2)].into_boxed_slice());
            zero = node(&zero, &zero);
        }
        let (leaves, nodes) = (ManyHasher::new(LEAF_DOMAIN), ManyHasher::new(NODE_DOMAIN));
        let mut tree = Self { leaves, nodes, levels, chunks: chunks.len(), batch: Vec::with_capacity(BATCH) };
        for (index, chunk) in chunks.iter().enumerate() {
            if chunk.0 != [0; CHUNK_SIZE] {
                tree.batch.push(index);
            }
            if tree.batch.len() == BATCH {
                tree.hash_batch(chunks);
            }
        }
        tree.hash_batch(chunks);
        tree
    }

    /// Hashes the chunks whose marks are set, with the nodes above them, clears the marks, and says how many they were.
    ///
    /// `marks` are those of [`Dirty`](crate::arena::Dirty): a byte for each chunk, zero for what has not changed. Marks
    /// beyond the last chunk are left alone.
    ///
    /// # Panics
    /// If there are more or fewer chunks than the tree was made for, or fewer marks.
    pub fn update(&mut self, chunks: &[Chunk], marks: &mut [u8]) -> usize {
        self.check_count(chunks.len());
        let (blocks, rest) = marks[..self.chunks].as_chunks_mut::<MARKS_AT_ONCE>();
        let ends = blocks.len() * MARKS_AT_ONCE;
        let mut count = 0;
        for (place, block) in blocks.iter_mut().enumerate() {
            if *block != [0; MARKS_AT_ONCE] {
                take_marked(block, place * MARKS_AT_ONCE, &mut self.batch);
            }
            if self.batch.len() > BATCH - MARKS_AT_ONCE {
                count += self.hash_batch(chunks);
            }
        }
        for (place, mark) in rest.iter_mut().enumerate() {
            if core::mem::take(mark) != 0 {
                self.batch.push(ends + place);
            }
        }
        count + self.hash_batch(chunks)
    }

    /// The root: over every chunk, not yet over what genesis and layout are.
    pub fn root(&self) -> Hash256 {
        self.levels.last().map_or(Hash256::default(), |level| level[0].0[0])
    }

    /// The state digest, of `chunks` that have not changed since the last update.
    ///
    /// # Panics
    /// If there are more or fewer chunks than the tree was made for. In debug builds also if the header has changed since
    /// the last update, as it does with every command.
    pub fn digest(&self, chunks: &[Chunk]) -> Hash256 {
        of_state(self.header(chunks), &self.root())
    }

    /// Hashes `count` chunks from the chunk `from` on and compares them with their leaves: where nothing is marked, what
    /// differs is memory that flipped. Says where to go on, which is 0 after the last chunk; `from` beyond it is as 0.
    ///
    /// Call it right after [`StateTree::update`]: chunks that commands have changed since would count as flipped.
    ///
    /// # Errors
    /// [`Flipped`]: the first chunk that differs.
    ///
    /// # Panics
    /// If there are more or fewer chunks than the tree was made for.
    pub fn scrub(&self, chunks: &[Chunk], from: usize, count: usize) -> Result<usize, Flipped> {
        self.check_count(chunks.len());
        let from = if from < self.chunks { from } else { 0 };
        let end = from.saturating_add(count).min(self.chunks);
        let mut hashes = [Hash256::default(); LANES];
        for (group, first) in chunks[from..end].chunks(LANES).zip((from..).step_by(LANES)) {
            let mut inputs = [&group[0].0; LANES];
            for (input, chunk) in inputs.iter_mut().zip(group) {
                *input = &chunk.0;
            }
            self.leaves.hash(&inputs[..group.len()], &mut hashes);
            for (chunk, hash) in (first..end).zip(&hashes[..group.len()]) {
                if *hash != self.at(0, chunk) {
                    return Err(Flipped { chunk });
                }
            }
        }
        Ok(if end == self.chunks { 0 } else { end })
    }

    /// The chunks in which two states differ, ascending. Where two nodes are equal nothing below them is looked at, so
    /// it costs what differs, not what there is.
    ///
    /// # Panics
    /// If the two are of different numbers of chunks: states of different layouts have no chunk in common.
    pub fn differing<'t>(&'t self, other: &'t Self) -> impl Iterator<Item = usize> + 't {
        self.check_count(other.chunks);
        let mut next = 0usize;
        core::iter::from_fn(move || {
            while next < self.chunks {
                // From the largest subtree that begins at this chunk downwards.
                let mut height = (next.trailing_zeros() as usize).min(self.levels.len() - 1);
                let differs = |height: usize| self.at(height, next >> height) != other.at(height, next >> height);
                while height > 0 && differs(height) {
                    height -= 1;
                }
                let (chunk, is_found) = (next, height == 0 && differs(0));
                next += 1 << height;
                if is_found {
                    return Some(chunk);
                }
            }
            None
        })
    }

    /// The proof that a chunk is part of the state, whose `chunks` have not changed since the last update.
    ///
    /// # Panics
    /// If there is no such chunk; otherwise as [`StateTree::digest`].
    pub fn prove(&self, chunks: &[Chunk], chunk: usize) -> ChunkProof {
        assert!(chunk < self.chunks, "there is no chunk {chunk} among {}", self.chunks);
        let siblings = (0..self.levels.len() - 1).map(|height| self.at(height, (chunk >> height) ^ 1)).collect();
        let path = ChunkPath { index: chunk as u64, chunks: self.chunks as u64, siblings };
        ChunkProof { header: *self.header(chunks), path }
    }

    /// A node: the `index`th from the left of its height, or the padding beside the last one.
    fn at(&self, height: usize, index: usize) -> Hash256 {
        self.levels[height][index / 2].0[index % 2]
    }

    /// The header, which must be the one that was hashed last.
    fn header<'c>(&self, chunks: &'c [Chunk]) -> &'c Chunk {
        self.check_count(chunks.len());
        debug_assert_eq!(leaf(&chunks[0]), self.at(0, 0), "update comes before what is asked of the tree");
        &chunks[0]
    }

    fn check_count(&self, given: usize) {
        assert_eq!(given, self.chunks, "a tree is over the chunks that it was made for");
    }

    /// Hashes the chunks of the batch, which ascend, and the nodes above them; empties it, and says how many they were.
    fn hash_batch(&mut self, chunks: &[Chunk]) -> usize {
        let count = self.batch.len();
        let inputs: &[[u8; CHUNK_SIZE]] = bytemuck::must_cast_slice(chunks);
        hash_into(&mut self.levels[0], &self.leaves, &self.batch, inputs);
        for above in 1..self.levels.len() {
            for index in &mut self.batch {
                *index /= 2;
            }
            self.batch.dedup();
            let (below, level) = self.levels.split_at_mut(above);
            let inputs: &[[u8; size_of::<Pair>()]] = bytemuck::must_cast_slice(&below[above - 1]);
            hash_into(&mut level[0], &self.nodes, &self.batch, inputs);
        }
        self.batch.clear();
        count
    }
}

/// Hashes the inputs at `indexes` into the nodes at these.
fn hash_into<const SIZE: usize>(level: &mut [Pair], many: &ManyHasher, indexes: &[usize], inputs: &[[u8; SIZE]]) {
    let mut hashes = [Hash256::default(); LANES];
    for group in indexes.chunks(LANES) {
        let mut gathered = [&inputs[group[0]]; LANES];
        for (input, index) in gathered.iter_mut().zip(group) {
            *input = &inputs[*index];
        }
        many.hash(&gathered[..group.len()], &mut hashes);
        for (hash, index) in hashes.iter().zip(group) {
            level[index / 2].0[index % 2] = *hash;
        }
    }
}

/// Clears a block of marks, of which the first is that of chunk `first`, and adds the chunks that were marked.
fn take_marked(block: &mut [u8; MARKS_AT_ONCE], first: usize, marked: &mut Vec<usize>) {
    for (word, first) in block.as_chunks::<8>().0.iter().zip((first..).step_by(8)) {
        let mut rest = u64::from_le_bytes(*word);
        while rest != 0 {
            let place = rest.trailing_zeros() / 8;
            marked.push(first + place as usize);
            rest &= !(0xff << (place * 8));
        }
    }
    *block = [0; MARKS_AT_ONCE];
}
