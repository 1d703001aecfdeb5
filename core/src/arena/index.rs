//! A fixed-seed hash index from a hash to a slot: look-up only, never iterated.
//!
//! Buckets of twelve entries, one cache line each: twelve 8-bit tags side by side, which are compared without a branch,
//! and twelve slots. Keys stay in the records, where the caller compares them. A removal clears its entry and moves nothing:
//! with linear probing over single entries, the length of the run that a removal has to mend cannot be predicted, and
//! each misprediction costs as much as the whole look-up.
//!
//! An entry that finds its bucket full goes to the next one with room; every full bucket that it passed counts it, so that a
//! search knows when to go on. Where keys are chosen by clients the caller asks [`SlotIndex::has_room`] first, which bounds
//! how far an entry goes, and with it the search. (Bucketised linear probing; Knuth, TAOCP vol. 3, 6.4, and
//! F14's overflow counts.) Buckets are half full on average where as many are live as the capacity permits, so that one in
//! a hundred is passed by anybody: whether a search goes on is as good as known.

use bytemuck::{Pod, Zeroable};

use super::{Carver, Marks, Table, lanes};

/// Entries of a bucket.
const ENTRIES: usize = 12;
/// Entries that a bucket holds on average where as many are live as the capacity permits, at most.
const ENTRIES_MEAN_MAX: u64 = 6;
/// Full buckets that an entry passes at most where keys are chosen by clients, so that no look-up is longer, whoever chose
/// them.
///
/// With keys that nobody chose a row of so many full buckets does not happen: one bucket in 70 is full.
pub(crate) const CHOSEN_KEYS: u32 = 32;
/// No bound, for keys that the venue gives out: an entry goes as far as it must.
pub(crate) const GIVEN_KEYS: u32 = u32::MAX;

/// No place in the index.
pub(crate) const NO_PLACE: u32 = u32::MAX;

/// One cache line of the index.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Bucket {
    /// Zero where the entry is free.
    tags: [u8; ENTRIES],
    /// How many entries passed this bucket because it was full.
    passed: u32,
    slots: [u32; ENTRIES],
}

const _: () = assert!(size_of::<Bucket>() == 64);

impl Bucket {
    /// One bit for every entry with this tag.
    #[inline(always)]
    fn matches(&self, tag: u8) -> u32 {
        // Tags and count, compared as one vector; the count's bits are masked off.
        let [line, ..] = bytemuck::must_cast_ref::<Self, [[u8; 16]; 4]>(self);
        lanes::equal(line, tag) & ((1 << ENTRIES) - 1)
    }
}

/// A key's hash: its topmost bits choose the bucket where a search begins, its lowest eight are the tag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyHash(pub(crate) u32);

impl KeyHash {
    /// Hashes a pair of numbers under a seed: two multiplications with a shift between them.
    ///
    /// One multiplication is not enough: ids count upwards, and multiples of one factor lie in clusters for most factors.
    /// The shift breaks the row, and lets every bit of `a` reach the topmost bits, which choose the bucket.
    #[inline(always)]
    pub(crate) fn of_pair(seed: u64, a: u64, b: u64) -> Self {
        const A: u64 = 0x9e37_79b9_7f4a_7c15;
        const B: u64 = 0xd1b5_4a32_d192_ed03;
        let a = (a ^ seed).wrapping_mul(A);
        let mixed = (a ^ (a >> 32) ^ b.wrapping_mul(B)).wrapping_mul(A);
        Self((mixed >> 32) as u32)
    }

    /// Never zero, which marks a free entry.
    #[inline(always)]
    fn tag(self) -> u8 {
        (self.0 as u8).max(1)
    }
}

/// Where a search ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// What was found; 0 if nothing was.
    pub(crate) slot: u32,
    /// Bucket times sixteen plus entry: of what was found, else of a free entry in the home bucket, if that has one and
    /// was passed by nobody; else [`NO_PLACE`].
    pub(crate) place: u32,
    /// The bucket where the search began.
    home: u32,
}

impl Found {
    /// A record that was found without the index.
    pub(crate) fn elsewhere(slot: u32) -> Self {
        Self { slot, place: NO_PLACE, home: 0 }
    }
}

/// The index; an entry of it passes at most `PASSES_MAX` full buckets.
#[derive(Debug)]
pub(crate) struct SlotIndex<'a, M, const PASSES_MAX: u32> {
    buckets: Table<'a, Bucket, M>,
}

impl<'a, M: Marks, const PASSES_MAX: u32> SlotIndex<'a, M, PASSES_MAX> {
    pub(crate) fn carve(carver: &mut Carver<'a, M>, name: &'static str) -> Self {
        Self { buckets: carver.table(name) }
    }

    /// Buckets that the index of `capacity` slots has.
    pub(super) fn buckets_for(capacity: u32) -> u64 {
        u64::from(capacity).div_ceil(ENTRIES_MEAN_MAX)
    }

    /// The bucket where a search begins: the hash as a fraction of all buckets.
    #[inline(always)]
    fn home(&self, hash: KeyHash) -> u32 {
        ((u64::from(hash.0) * self.buckets.len() as u64) >> 32) as u32
    }

    #[inline(always)]
    fn next(&self, bucket: u32) -> u32 {
        if bucket + 1 < self.buckets.len() as u32 { bucket + 1 } else { 0 }
    }

    /// Looks for the slot under `hash` that `is_it` confirms.
    #[inline(always)]
    pub(crate) fn find(&self, hash: KeyHash, mut is_it: impl FnMut(u32) -> bool) -> Found {
        let home = self.home(hash);
        let (mut at, mut passes) = (home, 0);
        loop {
            let bucket = self.buckets.get(at);
            let mut bits = bucket.matches(hash.tag());
            while bits != 0 {
                let entry = bits.trailing_zeros() % 16;
                let slot = bucket.slots.get(entry as usize).copied().unwrap_or(0);
                if is_it(slot) {
                    return Found { slot, place: at * 16 + entry, home };
                }
                bits &= bits - 1;
            }
            if bucket.passed == 0 {
                // Every entry of this key would be here. A home that was passed is no place for a quick insertion.
                let free = bucket.matches(0).trailing_zeros();
                let place = if at == home && free < ENTRIES as u32 { at * 16 + free } else { NO_PLACE };
                return Found { slot: 0, place, home };
            }
            passes += 1;
            // The second is for damaged memory, where every bucket may say that it was passed.
            if passes > PASSES_MAX || passes > self.buckets.len() as u32 {
                return Found { slot: 0, place: NO_PLACE, home };
            }
            at = self.next(at);
        }
    }

    /// Whether there is an entry for one more slot under `hash` within `PASSES_MAX` of its home.
    #[cold]
    #[inline(never)]
    pub(crate) fn has_room(&self, hash: KeyHash) -> bool {
        let mut at = self.home(hash);
        for _ in 0..=PASSES_MAX {
            if self.buckets.get(at).matches(0) != 0 {
                return true;
            }
            at = self.next(at);
        }
        false
    }

    /// Adds `slot` under `hash`, which [`SlotIndex::find`] did not find, the index being as it was then.
    #[inline(always)]
    pub(crate) fn insert_at(&mut self, hash: KeyHash, slot: u32, place: u32) {
        if place == NO_PLACE {
            self.insert(hash, slot);
        } else {
            self.put(place / 16, place as usize % 16, hash.tag(), slot);
        }
    }

    #[inline(always)]
    fn put(&mut self, bucket: u32, entry: usize, tag: u8, slot: u32) {
        let bucket = self.buckets.get_mut(bucket);
        // A place holds 16 numbers, a bucket 12 entries.
        if entry < ENTRIES {
            bucket.tags[entry] = tag;
            bucket.slots[entry] = slot;
        }
    }

    /// Adds `slot` under `hash`. The caller knows that it is not there, and that there is room within `PASSES_MAX`.
    pub(crate) fn insert(&mut self, hash: KeyHash, slot: u32) {
        let mut at = self.home(hash);
        for _ in 0..self.buckets.len() {
            let entry = self.buckets.get(at).matches(0).trailing_zeros() as usize;
            if entry < ENTRIES {
                return self.put(at, entry, hash.tag(), slot);
            }
            self.buckets.get_mut(at).passed += 1;
            at = self.next(at);
        }
    }

    /// Removes `slot` from under `hash`.
    #[inline(always)]
    pub(crate) fn remove(&mut self, hash: KeyHash, slot: u32) {
        let found = self.find(hash, |candidate| candidate == slot);
        if found.slot != 0 {
            self.remove_found(found);
        }
    }

    /// Clears the entry that [`SlotIndex::find`] found.
    #[inline(always)]
    pub(crate) fn remove_found(&mut self, found: Found) {
        let (bucket, entry) = (found.place / 16, found.place as usize % 16);
        self.put(bucket, entry, 0, 0);
        let mut passed = found.home;
        while passed != bucket {
            self.buckets.get_mut(passed).passed -= 1;
            passed = self.next(passed);
        }
    }

    /// The slot of the first entry with this tag in its home, unconfirmed and unmarked: for prefetching.
    #[inline(always)]
    pub(crate) fn peek(&self, hash: KeyHash) -> u32 {
        let Some(bucket) = self.buckets.peek(self.home(hash)) else { return 0 };
        let entry = bucket.matches(hash.tag()).trailing_zeros() as usize;
        bucket.slots.get(entry).copied().unwrap_or(0)
    }

    #[inline(always)]
    pub(crate) fn prefetch(&self, hash: KeyHash) {
        self.buckets.prefetch(self.home(hash));
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.buckets.bytes()
    }
}
