//! A fixed-seed open-addressing index from a hash to a slot: look-up only, never iterated.
//!
//! An entry is 8 bytes, tag (the hash's 32 bits) | slot, zero where empty, so that eight share a cache line; keys stay in
//! the records, where the caller compares them. Linear probing at a load of at most one half; a removal shifts later
//! entries back (Knuth, TAOCP vol. 3, 6.4, algorithm R), so there are no tombstones.

use super::{Carver, Marks, Table};

/// Hashes a pair of numbers under a seed to 32 bits: two multiplications with a shift between them.
///
/// One multiplication is not enough: ids count upwards, and multiples of one factor lie in clusters for most factors.
/// The shift breaks the row, and lets every bit of `a` reach the topmost bits, which choose the place.
#[inline(always)]
pub(crate) fn hash_pair(seed: u64, a: u64, b: u64) -> u32 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xd1b5_4a32_d192_ed03;
    let a = (a ^ seed).wrapping_mul(A);
    let mixed = (a ^ (a >> 32) ^ b.wrapping_mul(B)).wrapping_mul(A);
    (mixed >> 32) as u32
}

/// Where a search ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// What was found; 0 if nothing was.
    pub(crate) slot: u32,
    /// Where it was found, or the empty place where it would be.
    pub(crate) place: u32,
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

    /// Looks for the slot under `tag` that `is_it` confirms.
    #[inline(always)]
    pub(crate) fn find(&self, tag: u32, mut is_it: impl FnMut(u32) -> bool) -> Found {
        let home = self.home(tag);
        let mut place = home;
        loop {
            let entry = *self.entries.get(place);
            if entry == 0 {
                return Found { slot: 0, place };
            }
            if (entry >> 32) as u32 == tag && is_it(entry as u32) {
                return Found { slot: entry as u32, place };
            }
            place = (place + 1) & self.mask();
            // Never so in a sound index, which is half empty: damaged memory must not hold the engine up for ever.
            if place == home {
                return Found { slot: 0, place };
            }
        }
    }

    /// Fills the empty place where [`SlotIndex::find`] ended, nothing having been inserted or removed since.
    #[inline(always)]
    pub(crate) fn insert_at(&mut self, place: u32, tag: u32, slot: u32) {
        *self.entries.get_mut(place) = (u64::from(tag) << 32) | u64::from(slot);
    }

    /// Empties the place where [`SlotIndex::find`] found its slot.
    #[inline(always)]
    pub(crate) fn remove_at(&mut self, place: u32) {
        self.close_gap(place);
    }

    /// Adds `slot` under `tag`. The caller knows that it is not there, and that there is room.
    #[inline(always)]
    pub(crate) fn insert(&mut self, tag: u32, slot: u32) {
        let end = self.find(tag, |_| false);
        self.insert_at(end.place, tag, slot);
    }

    /// Removes `slot` from under `tag`.
    #[inline(always)]
    pub(crate) fn remove(&mut self, tag: u32, slot: u32) {
        let found = self.find(tag, |candidate| candidate == slot);
        if found.slot != 0 {
            self.close_gap(found.place);
        }
    }

    /// Empties `gap` and moves back every later entry of the run that the gap would hide.
    #[inline(always)]
    fn close_gap(&mut self, mut gap: u32) {
        let mask = self.mask();
        let (first, mut place) = (gap, gap);
        loop {
            place = (place + 1) & mask;
            let entry = *self.entries.get(place);
            if entry == 0 || place == first {
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
