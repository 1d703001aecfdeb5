//! The price ladder: a radix tree with 64 children to a node, over any range of prices.
//!
//! A price becomes a key by flipping its sign bit, so that keys order as prices do. Six bits of the key choose a child at
//! each node; a 64-bit set beside the node says which children there are, so the nearest level on either side is a few bit
//! counts away. The tree is only as high as its side's live prices are apart: the root covers their common prefix, and
//! grows and shrinks with them. At most 11 nodes lie between root and level, whatever the range.
//!
//! The ladder knows prices and level slots, nothing of orders.

use bytemuck::{Pod, Zeroable};

use super::BookSide;
use crate::arena::{Carver, Marks, Record, Slab, Table};
use crate::units::PriceTicks;

/// Bits of the key that one node decides on.
const BITS: u32 = 6;
/// Nodes from root to level at most: eleven times six bits cover 64.
const HEIGHT_MAX: usize = 11;
/// Nodes that one insertion takes at most: ten to grow the root, eleven for the new path, and one to spare.
pub(super) const NODES_PER_INSERT_MAX: u32 = 22;

/// The children of a node: nodes, or levels in the lowest row. One chunk.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Node {
    children: [u32; 64],
}

const _: () = assert!(size_of::<Node>() == 256);

impl Record for Node {}

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

#[inline(always)]
fn key_of(price: PriceTicks) -> u64 {
    price.0.cast_unsigned() ^ (1 << 63)
}

/// The part of the key above the reach of a tree of this height; 0 where the tree reaches all.
#[inline(always)]
fn prefix_of(key: u64, height: u32) -> u64 {
    key.checked_shr(BITS * height).unwrap_or(0)
}

/// Which child of a node at `depth` (0 = lowest row) a key belongs to.
#[inline(always)]
fn child_of(key: u64, depth: u32) -> usize {
    ((key >> (BITS * depth)) & 63) as usize
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

    /// The level at `price`; 0 if there is none.
    #[inline(always)]
    pub(super) fn find(&self, side: &BookSide, price: PriceTicks) -> u32 {
        let key = key_of(price);
        if side.root == 0 || prefix_of(key, side.height) != side.prefix {
            return 0;
        }
        let mut slot = side.root;
        for depth in (0..side.height).rev() {
            slot = self.nodes.get(slot).children[child_of(key, depth)];
            if slot == 0 {
                return 0;
            }
        }
        slot
    }

    /// As [`Ladder::find`], unmarked: for prefetching.
    #[inline(always)]
    pub(super) fn peek(&self, side: &BookSide, price: PriceTicks) -> u32 {
        let key = key_of(price);
        if prefix_of(key, side.height) != side.prefix {
            return 0;
        }
        let mut slot = side.root;
        for depth in (0..side.height).rev() {
            match self.nodes.peek(slot) {
                Some(node) if slot != 0 => slot = node.children[child_of(key, depth)],
                _ => return 0,
            }
        }
        slot
    }

    /// Puts `level` at `price`, where there is none, and returns the nearest level in `direction`, 0 if there is none.
    /// The caller made sure of room.
    pub(super) fn insert(&mut self, side: &mut BookSide, price: PriceTicks, level: u32, direction: Direction) -> u32 {
        let key = key_of(price);
        if side.root == 0 {
            side.root = self.nodes.take();
            side.height = 1;
            side.prefix = prefix_of(key, 1);
        }
        self.grow(side, key);
        let mut path = [0u32; HEIGHT_MAX];
        let mut slot = side.root;
        for depth in (0..side.height).rev() {
            path[depth as usize] = slot;
            let child = child_of(key, depth);
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
        self.neighbour(&path, side.height, key, direction)
    }

    /// Raises the root until it reaches `key`.
    fn grow(&mut self, side: &mut BookSide, key: u64) {
        while prefix_of(key, side.height) != side.prefix {
            let root = self.nodes.take();
            let child = (side.prefix & 63) as usize;
            self.nodes.get_mut(root).children[child] = side.root;
            *self.bitmaps.get_mut(root) = 1 << child;
            side.root = root;
            side.height += 1;
            side.prefix >>= BITS;
        }
    }

    /// The nearest level beside `key`, whose path was just walked.
    fn neighbour(&self, path: &[u32; HEIGHT_MAX], height: u32, key: u64, direction: Direction) -> u32 {
        for depth in 0..height {
            let child = child_of(key, depth) as u32;
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

    /// Takes the level at `price`, which is there, out.
    pub(super) fn remove(&mut self, side: &mut BookSide, price: PriceTicks) {
        let key = key_of(price);
        let mut path = [0u32; HEIGHT_MAX];
        let mut slot = side.root;
        for depth in (0..side.height).rev() {
            path[depth as usize] = slot;
            slot = self.nodes.get(slot).children[child_of(key, depth)];
        }
        for depth in 0..side.height {
            let (node, child) = (path[depth as usize], child_of(key, depth));
            self.nodes.get_mut(node).children[child] = 0;
            let set = self.bitmaps.get_mut(node);
            *set &= !(1 << child);
            if *set != 0 {
                self.shrink(side);
                return;
            }
            self.nodes.give_back(node);
        }
        (side.root, side.height, side.prefix) = (0, 0, 0);
    }

    /// Lowers the root while it has but one child that is a node.
    fn shrink(&mut self, side: &mut BookSide) {
        while side.height > 1 {
            let set = *self.bitmaps.get(side.root);
            if !set.is_power_of_two() {
                return;
            }
            let child = set.trailing_zeros();
            let only = self.nodes.get(side.root).children[(child & 63) as usize];
            *self.bitmaps.get_mut(side.root) = 0;
            self.nodes.give_back(side.root);
            side.root = only;
            side.height -= 1;
            side.prefix = (side.prefix << BITS) | u64::from(child);
        }
    }

    /// The tables' bytes, in the layout's order.
    pub(super) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.nodes.bytes().into_iter().chain([self.bitmaps.bytes()])
    }
}
