//! An engine's memory with its digest beside it: what whoever replays holds.

use novate_core::arena::{Chunk, Dirty, Layout};
use novate_core::digest::{Flipped, Hash256, StateTree};
use novate_core::engine::{Engine, OpenError};
use novate_core::genesis::Genesis;

use crate::mapping::AnonymousMapping;

/// Why there is no memory for a state, or none that is one.
#[derive(Debug)]
pub enum StateError {
    /// The system has no room.
    NoMemory(std::io::Error),
    /// The memory holds no state that this build executes.
    Open(OpenError),
}

impl std::fmt::Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoMemory(cause) => write!(f, "no memory for the state: {cause}"),
            Self::Open(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StateError {}

/// An arena, the marks of what was changed in it, and the Merkle tree over it.
#[derive(Debug)]
pub struct State {
    memory: AnonymousMapping,
    layout: Layout,
    marks: Vec<u8>,
    tree: StateTree,
}

impl State {
    /// The state at genesis.
    ///
    /// # Errors
    /// A genesis that is not usable; no memory.
    pub fn genesis(genesis: &Genesis) -> Result<Self, StateError> {
        genesis.validate().map_err(|error| StateError::Open(error.into()))?;
        let mut state = Self::empty(Layout::of(genesis))?;
        let chunks = bytemuck::cast_slice_mut(state.memory.as_bytes_mut());
        Engine::genesis(chunks, Dirty(&mut state.marks), genesis).map_err(StateError::Open)?;
        state.rehash();
        Ok(state)
    }

    /// The state of these chunks, of which all others are zero.
    ///
    /// # Errors
    /// Memory for them is not there, or they hold no state of this layout.
    pub(crate) fn of_chunks<'c>(
        layout: Layout,
        stored: impl Iterator<Item = (usize, &'c Chunk)>,
    ) -> Result<Self, StateError> {
        let mut state = Self::empty(layout)?;
        let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(state.memory.as_bytes_mut());
        for (place, chunk) in stored {
            if let Some(to) = chunks.get_mut(place) {
                *to = *chunk;
            }
        }
        state.attach()?;
        state.rehash();
        Ok(state)
    }

    fn empty(layout: Layout) -> Result<Self, StateError> {
        let memory = AnonymousMapping::new(layout.bytes()).map_err(StateError::NoMemory)?;
        let marks = vec![0; layout.chunks()];
        let tree = StateTree::new(bytemuck::cast_slice(memory.as_bytes()));
        Ok(Self { memory, layout, marks, tree })
    }

    /// Makes the tree anew.
    fn rehash(&mut self) {
        self.marks.fill(0);
        self.tree = StateTree::new(bytemuck::cast_slice(self.memory.as_bytes()));
    }

    /// The engine on this memory; what it changes is marked.
    ///
    /// # Errors
    /// The memory holds no state any more: it was damaged.
    pub fn attach(&mut self) -> Result<Engine<'_, Dirty<'_>>, StateError> {
        let chunks = bytemuck::cast_slice_mut(self.memory.as_bytes_mut());
        Engine::attach_as(&self.layout, chunks, Dirty(&mut self.marks)).map_err(StateError::Open)
    }

    /// The state digest, now: what was changed since the last time is hashed.
    pub fn digest(&mut self) -> Hash256 {
        let chunks = bytemuck::cast_slice(self.memory.as_bytes());
        self.tree.update(chunks, &mut self.marks);
        self.tree.digest(chunks)
    }

    /// Hashes so many chunks from one on and compares them with the tree, which must be up to date; says where to go on.
    ///
    /// # Errors
    /// The first chunk that no command has changed, and that differs.
    pub fn scrub(&self, from: usize, count: usize) -> Result<usize, Flipped> {
        self.tree.scrub(self.chunks(), from, count)
    }

    /// Changes a bit of a chunk as a memory fault would, unmarked: for drills, which see that scrubbing finds it.
    pub fn flip_bit(&mut self, chunk: usize, bit: usize) {
        let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(self.memory.as_bytes_mut());
        if let Some(byte) = chunks.get_mut(chunk).and_then(|chunk| chunk.0.get_mut(bit / 8)) {
            *byte ^= 1 << (bit % 8);
        }
    }

    /// The memory alone, for whoever marks and hashes nothing.
    pub fn into_memory(self) -> (AnonymousMapping, Layout) {
        (self.memory, self.layout)
    }

    /// The memory.
    pub fn chunks(&self) -> &[Chunk] {
        bytemuck::cast_slice(self.memory.as_bytes())
    }

    /// What lies where in it.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The tree as it was when the digest was asked for last.
    pub fn tree(&self) -> &StateTree {
        &self.tree
    }
}
