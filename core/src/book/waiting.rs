//! Orders that wait: stop orders for the last price, dated orders for the time.
//!
//! The question is always the same: of those whose key is at most some bound, which was accepted first? A priority search
//! tree answers it on one way down (the radix form; E. M. `McCreight`, "Priority Search Trees", SIAM J. Comput. 14, 1985): a
//! binary trie over the bits of the key in which every node is an order, and of all that belong below a node the one that
//! was accepted first stands in it. A way down has at most 128 nodes, whatever clients choose: 64 bits of the key, then the
//! bits of the sequence.
//!
//! Nodes are the orders' own [`Complex`] records, so nothing here is ever full.

use bytemuck::{Pod, Zeroable};

use super::Complex;
use crate::arena::{Marks, Slab};

/// An order's place in a tree: its neighbours' slots, 0 for none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Links {
    parent: u32,
    children: [u32; 2],
}

/// What orders of a tree wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The last price, from one side: the trees of an instrument, one for each side.
    Trigger,
    /// The time: one tree for all.
    Expiry,
}

/// Of two orders, either of which may be none, the one that was accepted first.
fn first_of<M: Marks>(records: &Slab<'_, Complex, M>, [one, other]: [u32; 2]) -> u32 {
    if one == 0 || other == 0 {
        return one | other;
    }
    if records.get(one).accepted < records.get(other).accepted { one } else { other }
}

/// A number that orders as prices do.
fn ascending(price: i64) -> u64 {
    price.cast_unsigned() ^ (1 << 63)
}

/// The bound that a last price is for stop orders of one direction: those whose keys are at most that are due.
pub(crate) fn trigger_bound(last: i64, down: bool) -> u64 {
    if down { !ascending(last) } else { ascending(last) }
}

impl Wait {
    fn key(self, record: &Complex) -> u64 {
        match self {
            Self::Trigger => trigger_bound(record.trigger.0, record.triggers_down != 0),
            Self::Expiry => record.expiry.0,
        }
    }

    fn links(self, record: &Complex) -> Links {
        match self {
            Self::Trigger => record.by_trigger,
            Self::Expiry => record.by_expiry,
        }
    }

    fn links_mut(self, record: &mut Complex) -> &mut Links {
        match self {
            Self::Trigger => &mut record.by_trigger,
            Self::Expiry => &mut record.by_expiry,
        }
    }

    /// Which child of a node at `depth` a record belongs under.
    fn child_at(self, record: &Complex, depth: u32) -> usize {
        let way = u128::from(self.key(record)) << 64 | u128::from(record.accepted.0);
        (way >> (127 - depth.min(127)) & 1) as usize
    }

    /// Adds the order of `slot` and returns the root. Where it was accepted before an order on its way down, it takes that
    /// one's place, and that one goes on down.
    pub(super) fn add<M: Marks>(self, records: &mut Slab<'_, Complex, M>, mut root: u32, slot: u32) -> u32 {
        let (mut carried, mut at) = (slot, root);
        let (mut parent, mut child) = (0, 0);
        for depth in 0.. {
            if at != 0 && records.get(carried).accepted < records.get(at).accepted {
                let children = self.links(records.get(at)).children;
                self.put(records, &mut root, carried, Links { parent, children }, child);
                core::mem::swap(&mut carried, &mut at);
            }
            if at == 0 {
                break;
            }
            child = self.child_at(records.get(carried), depth);
            parent = at;
            at = self.links(records.get(at)).children[child];
        }
        self.put(records, &mut root, carried, Links { parent, children: [0; 2] }, child);
        root
    }

    /// Puts an order into a place, as which child of its parent, and tells its neighbours.
    fn put<M: Marks>(self, records: &mut Slab<'_, Complex, M>, root: &mut u32, slot: u32, place: Links, child: usize) {
        *self.links_mut(records.get_mut(slot)) = place;
        if place.parent == 0 {
            *root = slot;
        } else {
            self.links_mut(records.get_mut(place.parent)).children[child & 1] = slot;
        }
        for below in place.children.into_iter().filter(|below| *below != 0) {
            self.links_mut(records.get_mut(below)).parent = slot;
        }
    }

    /// Takes the order of `slot` out and returns the root. What it leaves empty is filled from below, always with the one
    /// that was accepted first.
    pub(super) fn remove<M: Marks>(self, records: &mut Slab<'_, Complex, M>, mut root: u32, slot: u32) -> u32 {
        // The place to be filled, and who stands there until it is.
        let (mut place, mut leaving) = (self.links(records.get(slot)), slot);
        loop {
            let next = first_of(records, place.children);
            if place.parent == 0 {
                root = next;
            } else {
                let above = self.links_mut(records.get_mut(place.parent));
                let child = usize::from(above.children[0] != leaving);
                above.children[child] = next;
            }
            if next == 0 {
                break;
            }
            let below = self.links(records.get(next));
            *self.links_mut(records.get_mut(next)) = place;
            for child in place.children.into_iter().filter(|child| *child != 0 && *child != next) {
                self.links_mut(records.get_mut(child)).parent = next;
            }
            // `next` went up: under itself there is now the place that it left.
            (place, leaving) = (Links { parent: next, children: below.children }, next);
        }
        *self.links_mut(records.get_mut(slot)) = Links::zeroed();
        root
    }

    /// Of the orders whose key is at most `bound` the one that was accepted first; 0 if there is none.
    pub(super) fn first_within<M: Marks>(self, records: &Slab<'_, Complex, M>, root: u32, bound: u64) -> u32 {
        let (mut first, mut at, mut depth) = (0, root, 0);
        while at != 0 {
            let record = records.get(at);
            if self.key(record) <= bound {
                // Whatever is below was accepted later.
                return first_of(records, [first, at]);
            }
            // The bound's way leads here, so where it turns right all that is on the left is within it.
            let [left, right] = self.links(record).children;
            let turns_right = bound >> (63 - u32::min(depth, 63)) & 1 == 1;
            if turns_right {
                first = first_of(records, [first, left]);
            }
            at = if turns_right { right } else { left };
            depth += 1;
        }
        first
    }

    /// The smallest key; none in an empty tree.
    pub(super) fn smallest_key<M: Marks>(self, records: &Slab<'_, Complex, M>, root: u32) -> Option<u64> {
        let (mut smallest, mut at) = (None, root);
        while at != 0 {
            let key = self.key(records.get(at));
            smallest = Some(smallest.map_or(key, |smallest: u64| smallest.min(key)));
            let [left, right] = self.links(records.get(at)).children;
            at = if left != 0 { left } else { right };
        }
        smallest
    }
}
