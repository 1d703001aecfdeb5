//! A fixed-seed open-addressing index from a hash to a slot: look-up only, never iterated.
//!
//! An entry is 8 bytes, tag (the hash's 32 bits) | slot, zero where empty, so that eight share a cache line; keys stay in
//! the records, where the caller compares them. Linear probing at a load of at most one half; a removal shifts later
//! entries back (Knuth, TAOCP vol. 3, 6.4, algorithm R), so there are no tombstones.

use super::{Carver, Marks, Table};

/// Hashes a pair of numbers under a seed to 32 bits: one widening multiplication, folded.
#[inline(always)]
pub(crate) fn hash_pair(seed: u64, a: u64, b: u64) -> u32 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xd1b5_4a32_d192_ed03;
    let product = (a ^ seed ^ A) as u128 * (b.wrapping_mul(A) ^ B) as u128;
    ((product as u64 ^ (product >> 64) as u64) >> 32) as u32
}

/// The index; its table's length is a power of two, at least twice the number of entries.
#[derive(Debug)]
pub(crate) struct SlotIndex<'a, M> {
    entries: Table<'a, u64, M>,
}

impl<'a, M: Marks> SlotIndex<'a, M> {
    pub(crate) fn carve(carver: &mut Carver<'a, M>, name: &'static str) -> Self {
        Self { entries: carver.table(name) }
    }

    /// Entries that the index of `capacity` slots has.
    pub(super) fn entries_for(capacity: u32) -> u64 {
        (u64::from(capacity) * 2).next_power_of_two().max(64)
    }

    #[inline(always)]
    fn mask(&self) -> u32 {
        self.entries.len() as u32 - 1
    }

    /// The place where a probe for `tag` begins: the tag's topmost bits, so that an entry tells its own.
    #[inline(always)]
    fn home(&self, tag: u32) -> u32 {
        let bits = self.entries.len().trailing_zeros();
        ((u64::from(tag) << bits) >> 32) as u32
    }

    /// The slot under `tag` that `is_it` confirms; 0 if there is none.
    #[inline(always)]
    pub(crate) fn find(&self, tag: u32, mut is_it: impl FnMut(u32) -> bool) -> u32 {
        let mut place = self.home(tag);
        // The bound holds even where damaged memory has no empty entry left.
        for _ in 0..self.entries.len() {
            let entry = *self.entries.get(place);
            if entry == 0 {
                return 0;
            }
            if (entry >> 32) as u32 == tag && is_it(entry as u32) {
                return entry as u32;
            }
            place = (place + 1) & self.mask();
        }
        0
    }

    /// Adds `slot` under `tag`. The caller knows that it is not there, and that there is room.
    #[inline(always)]
    pub(crate) fn insert(&mut self, tag: u32, slot: u32) {
        let mut place = self.home(tag);
        for _ in 0..self.entries.len() {
            if *self.entries.get(place) == 0 {
                break;
            }
            place = (place + 1) & self.mask();
        }
        *self.entries.get_mut(place) = (u64::from(tag) << 32) | u64::from(slot);
    }

    /// Removes `slot` from under `tag`.
    #[inline(always)]
    pub(crate) fn remove(&mut self, tag: u32, slot: u32) {
        let wanted = (u64::from(tag) << 32) | u64::from(slot);
        let mut place = self.home(tag);
        for _ in 0..self.entries.len() {
            let entry = *self.entries.get(place);
            if entry == wanted {
                self.close_gap(place);
                return;
            }
            if entry == 0 {
                return;
            }
            place = (place + 1) & self.mask();
        }
    }

    /// Empties `gap` and moves back every later entry of the run that the gap would hide.
    #[inline(always)]
    fn close_gap(&mut self, mut gap: u32) {
        let mask = self.mask();
        let mut place = gap;
        for _ in 0..self.entries.len() {
            place = (place + 1) & mask;
            let entry = *self.entries.get(place);
            if entry == 0 {
                break;
            }
            let home = self.home((entry >> 32) as u32);
            if place.wrapping_sub(home) & mask >= place.wrapping_sub(gap) & mask {
                *self.entries.get_mut(gap) = entry;
                gap = place;
            }
        }
        *self.entries.get_mut(gap) = 0;
    }

    /// The slot of the first entry with this tag near its home, unconfirmed and unmarked: for prefetching.
    #[inline(always)]
    pub(crate) fn peek(&self, tag: u32) -> u32 {
        let mut place = self.home(tag);
        for _ in 0..4 {
            match self.entries.peek(place) {
                Some(&entry) if (entry >> 32) as u32 == tag && entry != 0 => return entry as u32,
                Some(&entry) if entry != 0 => place = (place + 1) & self.mask(),
                _ => return 0,
            }
        }
        0
    }

    #[inline(always)]
    pub(crate) fn prefetch(&self, tag: u32) {
        self.entries.prefetch(self.home(tag));
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.entries.bytes()
    }
}
