//! The price ladder: a radix tree with 64 children to a node, over any range of prices.
//!
//! A price becomes a [`LadderKey`], its number of ticks with the sign bit flipped, so that keys order as prices do. Six bits
//! of the key choose a child at each node; a 64-bit set beside the node says which children there are, so the nearest level on
//! either side is a few bit counts away. The tree is only as high as its side's live prices are apart, but for a few nodes at
//! least: the root covers their common prefix, and grows and shrinks with them. At most 11 nodes lie between root and level,
//! whatever the range.
//!
//! The ladder knows keys and level slots, nothing of orders.

use bytemuck::{Pod, Zeroable};

use super::BookSide;
use crate::arena::{Carver, Marks, Slab, Table};

/// Bits of the key that one node decides on.
const BITS: u32 = 6;
/// Nodes from root to level at most: eleven times six bits cover 64.
const HEIGHT_MAX: usize = 11;
/// Nodes from root to level at least, which reach 262,144 prices: sides whose prices spread less than that have the same
/// height. Which side comes next cannot be predicted, so neither could the length of the way down.
const HEIGHT_MIN: u32 = 3;
/// Nodes that one insertion takes at most: ten to grow the root, eleven for the new path, and one to spare.
pub(super) const NODES_PER_INSERT_MAX: u32 = 22;

/// The children of a node: nodes, or levels in the lowest row. One chunk.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Node {
    #[cfg_attr(feature = "serde", serde(serialize_with = "in_a_row"))]
    children: [u32; 64],
}

/// Serialises what is more than serde serialises as an array by itself.
#[cfg(feature = "serde")]
fn in_a_row<S: serde::Serializer>(children: &[u32; 64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(children)
}

const _: () = assert!(size_of::<Node>() == 256);

/// The nodes of all ladders.
#[derive(Debug)]
pub(crate) struct Ladder<'a, M> {
    nodes: Slab<'a, Node, M>,
    /// By node: which children there are. Apart from the nodes, so that eight sets share a cache line.
    bitmaps: Table<'a, u64, M>,
}

/// Where to look for the neighbour of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// A price as the ladder sees it: in ticks of its instrument, ordered as an unsigned number.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct LadderKey(u64);

impl LadderKey {
    /// The key of a price, given in whole ticks.
    #[inline(always)]
    pub(crate) fn of_ticks(ticks: i64) -> Self {
        Self(ticks.cast_unsigned() ^ (1 << 63))
    }

    /// Which child of a node at `depth` (0 = lowest row) the key belongs to.
    #[inline(always)]
    fn child(self, depth: u32) -> usize {
        ((self.0 >> (BITS * depth)) & 63) as usize
    }
}

/// How far a side's tree reaches; part of [`BookSide`].
impl BookSide {
    /// Whether the tree covers the key. An empty tree does: its root is node 0, which has no children.
    #[inline(always)]
    fn reaches(&self, key: LadderKey) -> bool {
        (key.0 ^ self.prefix) & self.above == 0
    }

    /// Nodes on the way from the root to a level.
    fn height(&self) -> u32 {
        self.shift / BITS + 1
    }

    /// Makes the tree so high that it covers everything that has the key's bits above the height.
    fn set_reach(&mut self, height: u32, key: u64) {
        self.shift = BITS * (height - 1);
        self.above = u64::MAX.checked_shl(BITS * height).unwrap_or(0);
        self.prefix = key & self.above;
    }
}

impl<'a, M: Marks> Ladder<'a, M> {
    pub(super) fn carve(carver: &mut Carver<'a, M>) -> Self {
        Self { nodes: Slab::carve(carver, "ladder_nodes"), bitmaps: carver.table("ladder_bitmaps") }
    }

    /// Whether there are nodes for one more insertion, wherever it is.
    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.nodes.room() >= NODES_PER_INSERT_MAX
    }

    /// The level at `key`; 0 if there is none.
    ///
    /// Where a child is missing the walk goes on through node 0, which nobody takes and whose children are all 0: how far
    /// down a path breaks off is as good as random, and would cost a misprediction.
    #[inline(always)]
    pub(super) fn find(&self, side: &BookSide, key: LadderKey) -> u32 {
        if !side.reaches(key) {
            return 0;
        }
        let (mut slot, mut shift) = (side.root, side.shift);
        loop {
            slot = self.nodes.get(slot).children[((key.0 >> shift) & 63) as usize];
            if shift == 0 {
                return slot;
            }
            shift -= BITS;
        }
    }

    /// As [`Ladder::find`], unmarked: for prefetching.
    #[inline(always)]
    pub(super) fn peek(&self, side: &BookSide, key: LadderKey) -> u32 {
        if !side.reaches(key) {
            return 0;
        }
        let (mut slot, mut shift) = (side.root, side.shift);
        loop {
            let Some(node) = self.nodes.peek(slot) else { return 0 };
            slot = node.children[((key.0 >> shift) & 63) as usize];
            if shift == 0 {
                return slot;
            }
            shift -= BITS;
        }
    }

    /// Puts `level` at `key`, where there is none, and returns the nearest level in `direction`, 0 if there is none.
    /// The caller made sure of room.
    pub(super) fn insert(&mut self, side: &mut BookSide, key: LadderKey, level: u32, direction: Direction) -> u32 {
        if side.root == 0 {
            side.root = self.nodes.take();
            side.set_reach(HEIGHT_MIN, key.0);
        }
        while !side.reaches(key) {
            self.grow(side);
        }
        let mut path = [0u32; HEIGHT_MAX];
        let mut slot = side.root;
        for depth in (0..side.height()).rev() {
            path[depth as usize] = slot;
            let child = key.child(depth);
            *self.bitmaps.get_mut(slot) |= 1 << child;
            let next = self.nodes.get(slot).children[child];
            slot = if next != 0 {
                next
            } else {
                let taken = if depth == 0 { level } else { self.nodes.take() };
                self.nodes.get_mut(slot).children[child] = taken;
                taken
            };
        }
        self.neighbour(&path, side.height(), key, direction)
    }

    /// Raises the root by one node.
    fn grow(&mut self, side: &mut BookSide) {
        let (root, height) = (self.nodes.take(), side.height());
        let child = LadderKey(side.prefix).child(height);
        self.nodes.get_mut(root).children[child] = side.root;
        *self.bitmaps.get_mut(root) = 1 << child;
        side.root = root;
        side.set_reach(height + 1, side.prefix);
    }

    /// The nearest level beside `key`, whose path was just walked.
    fn neighbour(&self, path: &[u32; HEIGHT_MAX], height: u32, key: LadderKey, direction: Direction) -> u32 {
        for depth in 0..height {
            let child = key.child(depth) as u32;
            let set = *self.bitmaps.get(path[depth as usize]);
            let beside = match direction {
                Direction::Up => set & (u64::MAX << child) & !(1 << child),
                Direction::Down => set & !(u64::MAX << child),
            };
            if beside != 0 {
                return self.outermost(path[depth as usize], beside, depth, direction);
            }
        }
        0
    }

    /// The level nearest to the key under `slot`, whose children `among` are beside it.
    fn outermost(&self, mut slot: u32, mut among: u64, depth: u32, direction: Direction) -> u32 {
        for below in (0..=depth).rev() {
            let child = match direction {
                Direction::Up => among.trailing_zeros(),
                Direction::Down => among.checked_ilog2().unwrap_or(0),
            };
            slot = self.nodes.get(slot).children[(child & 63) as usize];
            if below > 0 {
                among = *self.bitmaps.get(slot);
            }
        }
        slot
    }

    /// Takes the level at `key`, which is there, out.
    pub(super) fn remove(&mut self, side: &mut BookSide, key: LadderKey) {
        let mut path = [0u32; HEIGHT_MAX];
        let mut slot = side.root;
        for depth in (0..side.height()).rev() {
            path[depth as usize] = slot;
            slot = self.nodes.get(slot).children[key.child(depth)];
        }
        for depth in 0..side.height() {
            let (node, child) = (path[depth as usize], key.child(depth));
            self.nodes.get_mut(node).children[child] = 0;
            let set = self.bitmaps.get_mut(node);
            *set &= !(1 << child);
            if *set != 0 {
                self.shrink(side);
                return;
            }
            self.nodes.give_back(node);
        }
        (side.root, side.shift, side.prefix, side.above) = (0, 0, 0, 0);
    }

    /// Lowers the root while it has but one child that is a node.
    fn shrink(&mut self, side: &mut BookSide) {
        while side.height() > HEIGHT_MIN {
            let set = *self.bitmaps.get(side.root);
            if !set.is_power_of_two() {
                return;
            }
            let child = u64::from(set.trailing_zeros());
            let only = self.nodes.get(side.root).children[(child & 63) as usize];
            *self.bitmaps.get_mut(side.root) = 0;
            self.nodes.give_back(side.root);
            side.root = only;
            side.set_reach(side.height() - 1, side.prefix | child << side.shift);
        }
    }

    /// The tables' bytes, in the layout's order.
    pub(super) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.nodes.bytes().into_iter().chain([self.bitmaps.bytes()])
    }
}
