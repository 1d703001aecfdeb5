//! A fixed-seed hash index from a hash to a slot: look-up only, never iterated.
//!
//! Buckets of seven entries, one cache line each: seven 32-bit tags side by side, which are compared without a branch,
//! and seven slots. Keys stay in the records, where the caller compares them. A removal clears its entry and moves nothing:
//! with linear probing over single entries, the length of the run that a removal has to mend cannot be predicted, and
//! each misprediction costs as much as the whole look-up.
//!
//! An entry that finds its bucket full goes to the next one with room; every full bucket that it passed counts it, so that
//! a search knows when to go on. (Bucketised linear probing; Knuth, TAOCP vol. 3, 6.4, and F14's overflow counts.)

use bytemuck::{Pod, Zeroable};

use super::{Carver, Marks, Record, Table, lanes};

/// Entries of a bucket.
const ENTRIES: usize = 7;
/// Entries that a bucket holds on average where as many are live as the capacity permits, at most.
const ENTRIES_MEAN_MAX: u64 = 5;

/// No place in the index.
pub(crate) const NO_PLACE: u32 = u32::MAX;

/// One cache line of the index.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Bucket {
    /// Zero where the entry is free. The eighth is always zero: it makes the comparison one of whole vectors.
    tags: [u32; ENTRIES + 1],
    slots: [u32; ENTRIES],
    /// How many entries passed this bucket because it was full.
    passed: u32,
}

const _: () = assert!(size_of::<Bucket>() == 64);

impl Record for Bucket {}

impl Bucket {
    /// One bit for every entry with this tag.
    #[inline(always)]
    fn matches(&self, tag: u32) -> u32 {
        lanes::equal(&self.tags, tag) & ((1 << ENTRIES) - 1)
    }
}

/// Hashes a pair of numbers under a seed to 32 bits, never zero: two multiplications with a shift between them.
///
/// One multiplication is not enough: ids count upwards, and multiples of one factor lie in clusters for most factors.
/// The shift breaks the row, and lets every bit of `a` reach the topmost bits, which choose the bucket.
#[inline(always)]
pub(crate) fn hash_pair(seed: u64, a: u64, b: u64) -> u32 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xd1b5_4a32_d192_ed03;
    let a = (a ^ seed).wrapping_mul(A);
    let mixed = (a ^ (a >> 32) ^ b.wrapping_mul(B)).wrapping_mul(A);
    (mixed >> 32) as u32 | 1
}

/// Where a search ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// What was found; 0 if nothing was.
    pub(crate) slot: u32,
    /// Bucket times eight plus entry: of what was found, else of a free entry in the home bucket, if that has one;
    /// else [`NO_PLACE`].
    pub(crate) place: u32,
}

/// The index; it has a power of two of buckets.
#[derive(Debug)]
pub(crate) struct SlotIndex<'a, M> {
    buckets: Table<'a, Bucket, M>,
}

impl<'a, M: Marks> SlotIndex<'a, M> {
    pub(crate) fn carve(carver: &mut Carver<'a, M>, name: &'static str) -> Self {
        Self { buckets: carver.table(name) }
    }

    /// Buckets that the index of `capacity` slots has.
    pub(super) fn buckets_for(capacity: u32) -> u64 {
        u64::from(capacity).div_ceil(ENTRIES_MEAN_MAX).next_power_of_two()
    }

    /// The bucket where a search for `tag` begins: the tag's topmost bits.
    #[inline(always)]
    fn home(&self, tag: u32) -> u32 {
        let bits = self.buckets.len().trailing_zeros();
        ((u64::from(tag) << bits) >> 32) as u32
    }

    #[inline(always)]
    fn next(&self, bucket: u32) -> u32 {
        (bucket + 1) & (self.buckets.len() as u32 - 1)
    }

    /// Looks for the slot under `tag` that `is_it` confirms.
    #[inline(always)]
    pub(crate) fn find(&self, tag: u32, mut is_it: impl FnMut(u32) -> bool) -> Found {
        let home = self.home(tag);
        let mut at = home;
        loop {
            let bucket = self.buckets.get(at);
            let mut bits = bucket.matches(tag);
            while bits != 0 {
                let entry = bits.trailing_zeros() % 8;
                let slot = bucket.slots.get(entry as usize).copied().unwrap_or(0);
                if is_it(slot) {
                    return Found { slot, place: at * 8 + entry };
                }
                bits &= bits - 1;
            }
            if bucket.passed == 0 {
                // Every entry of this tag would be here. A home that was passed is no place for a quick insertion.
                let free = bucket.matches(0).trailing_zeros();
                let place = if at == home && free < ENTRIES as u32 { at * 8 + free } else { NO_PLACE };
                return Found { slot: 0, place };
            }
            at = self.next(at);
            // Only where damaged memory says that every bucket was passed.
            if at == home {
                return Found { slot: 0, place: NO_PLACE };
            }
        }
    }

    /// Adds `slot` under `tag`, which [`SlotIndex::find`] did not find, the index being as it was then.
    #[inline(always)]
    pub(crate) fn insert_at(&mut self, tag: u32, slot: u32, place: u32) {
        if place == NO_PLACE {
            self.insert(tag, slot);
        } else {
            self.put(place / 8, place as usize % 8, tag, slot);
        }
    }

    #[inline(always)]
    fn put(&mut self, bucket: u32, entry: usize, tag: u32, slot: u32) {
        let bucket = self.buckets.get_mut(bucket);
        // The second length is the shorter one.
        if entry < ENTRIES {
            bucket.tags[entry] = tag;
            bucket.slots[entry] = slot;
        }
    }

    /// Adds `slot` under `tag`. The caller knows that it is not there, and that there is room.
    pub(crate) fn insert(&mut self, tag: u32, slot: u32) {
        let mut at = self.home(tag);
        for _ in 0..self.buckets.len() {
            let entry = self.buckets.get(at).matches(0).trailing_zeros() as usize;
            if entry < ENTRIES {
                return self.put(at, entry, tag, slot);
            }
            self.buckets.get_mut(at).passed += 1;
            at = self.next(at);
        }
    }

    /// Removes `slot` from under `tag`.
    #[inline(always)]
    pub(crate) fn remove(&mut self, tag: u32, slot: u32) {
        let found = self.find(tag, |candidate| candidate == slot);
        if found.slot != 0 {
            self.remove_at(tag, found.place);
        }
    }

    /// Clears the entry of `tag` where [`SlotIndex::find`] found it.
    #[inline(always)]
    pub(crate) fn remove_at(&mut self, tag: u32, place: u32) {
        let (bucket, entry) = (place / 8, place as usize % 8);
        self.put(bucket, entry, 0, 0);
        let mut passed = self.home(tag);
        while passed != bucket {
            self.buckets.get_mut(passed).passed -= 1;
            passed = self.next(passed);
        }
    }

    /// The slot of the first entry with this tag in its home, unconfirmed and unmarked: for prefetching.
    #[inline(always)]
    pub(crate) fn peek(&self, tag: u32) -> u32 {
        let Some(bucket) = self.buckets.peek(self.home(tag)) else { return 0 };
        let entry = bucket.matches(tag).trailing_zeros() as usize;
        bucket.slots.get(entry).copied().unwrap_or(0)
    }

    #[inline(always)]
    pub(crate) fn prefetch(&self, tag: u32) {
        self.buckets.prefetch(self.home(tag));
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.buckets.bytes()
    }
}
