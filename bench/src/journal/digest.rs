//! The state digest brought up to date, beside hashing the same paths one by one.

use std::io;
use std::time::{Duration, Instant};

use bytemuck::Zeroable;
use novate_core::arena::{CHUNK_SIZE, Chunk};
use novate_core::digest::{Hash256, StateTree};

use super::place::Place;
use super::{Contestant, Duel, Goal, Run};
use crate::workload::random::Random;

/// Chunks of the state.
const CHUNKS: usize = 65_536;
/// Chunks that are changed before each update.
const DIRTY: usize = 1_000;
/// Updates in a run.
const UPDATES: usize = 100;
/// What the peer hashes with: the domains of `docs/DETERMINISM.md`.
const LEAF_DOMAIN: &str = "novate state leaf 1";
const NODE_DOMAIN: &str = "novate state node 1";

pub(super) fn duel(place: &Place) -> Duel {
    let updates = if place.is_quick() { 2 } else { UPDATES };
    Duel {
        unit: "chunk".to_owned(),
        units: updates * DIRTY,
        goal: Goal::Subject(150.0),
        note: "1,000 of 65,536 chunks, spread at random; the peer hashes leaf and path of each chunk by itself, and derives \
               the key of its hash each time",
        subject: Box::new(Update { updates }),
        peer: Box::new(OneByOne { updates }),
    }
}

/// A state that is changed at random, the same way for both.
struct Changing {
    random: Random,
    chunks: Vec<Chunk>,
    marks: Vec<u8>,
    changed: Vec<usize>,
}

impl Changing {
    fn new() -> Self {
        let mut random = Random::new(7);
        let mut chunks = vec![Chunk::zeroed(); CHUNKS];
        for chunk in &mut chunks {
            chunk.0[..4].copy_from_slice(&random.below(u32::MAX).to_le_bytes());
        }
        Self { random, chunks, marks: vec![0; CHUNKS], changed: Vec::new() }
    }

    /// Changes and marks as many chunks as are to be dirty.
    fn change(&mut self) {
        self.changed.clear();
        while self.changed.len() < DIRTY {
            let chunk = self.random.below(CHUNKS as u32) as usize;
            if self.marks[chunk] == 0 {
                self.marks[chunk] = 1;
                let place = self.random.below(CHUNK_SIZE as u32) as usize;
                self.chunks[chunk].0[place] = self.chunks[chunk].0[place].wrapping_add(1);
                self.changed.push(chunk);
            }
        }
    }

    fn run(&self, elapsed: Duration, root: Hash256) -> Run {
        let is_right = StateTree::new(&self.chunks).root() == root;
        Run { elapsed, hash: root.to_string(), is_right }
    }
}

struct Update {
    updates: usize,
}

impl Contestant for Update {
    fn run(&mut self) -> io::Result<Run> {
        let mut changing = Changing::new();
        let mut tree = StateTree::new(&changing.chunks);
        let (mut elapsed, mut hashed) = (Duration::ZERO, 0);
        for _ in 0..self.updates {
            changing.change();
            let start = Instant::now();
            hashed += tree.update(&changing.chunks, &mut changing.marks);
            elapsed += start.elapsed();
        }
        let run = changing.run(elapsed, tree.root());
        Ok(Run { is_right: run.is_right && hashed == self.updates * DIRTY, ..run })
    }
}

struct OneByOne {
    updates: usize,
}

impl Contestant for OneByOne {
    fn run(&mut self) -> io::Result<Run> {
        let mut changing = Changing::new();
        let mut levels = vec![changing.chunks.iter().map(leaf).collect::<Vec<_>>()];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks_exact(2).map(|pair| node(&pair[0], &pair[1])).collect();
            levels.push(above);
        }
        let mut elapsed = Duration::ZERO;
        for _ in 0..self.updates {
            changing.change();
            let start = Instant::now();
            for &chunk in &changing.changed {
                hash_path(&mut levels, &changing.chunks[chunk], chunk);
            }
            elapsed += start.elapsed();
            changing.marks.fill(0);
        }
        let root = levels.last().map_or(Hash256::default(), |level| level[0]);
        Ok(changing.run(elapsed, root))
    }
}

/// Hashes a chunk and all nodes above it.
fn hash_path(levels: &mut [Vec<Hash256>], chunk: &Chunk, index: usize) {
    levels[0][index] = leaf(chunk);
    let mut index = index;
    for height in 1..levels.len() {
        index /= 2;
        levels[height][index] = node(&levels[height - 1][index * 2], &levels[height - 1][index * 2 + 1]);
    }
}

fn leaf(chunk: &Chunk) -> Hash256 {
    Hash256::of(LEAF_DOMAIN, &[&chunk.0])
}

fn node(left: &Hash256, right: &Hash256) -> Hash256 {
    Hash256::of(NODE_DOMAIN, &[&left.0, &right.0])
}
