//! A slab: a table of records that are taken and given back. Slot 0 is never taken.
//!
//! The slot freed last is taken first (it is the one still in the cache), else the lowest never used. Which slot an
//! order gets shows in its id, so this rule is part of the rules, not an implementation's choice.

use bytemuck::{Pod, Zeroable};

use super::{Carver, Marks, Record, Single, Table};

/// What a slab knows of itself.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct SlabHead {
    /// Slots on the free stack.
    free: u32,
    /// Highest slot ever taken.
    high_water: u32,
    /// How many ids were given out (entities only).
    issued: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: u32,
}

/// A table of records with its free stack.
#[derive(Debug)]
pub(crate) struct Slab<'a, R, M> {
    head: Single<'a, SlabHead, M>,
    free: Table<'a, u32, M>,
    records: Table<'a, R, M>,
}

impl<'a, R: Record, M: Marks> Slab<'a, R, M> {
    pub(super) fn new(head: Single<'a, SlabHead, M>, free: Table<'a, u32, M>, records: Table<'a, R, M>) -> Self {
        Self { head, free, records }
    }

    /// Carves a slab's three tables; `name` is that of its records.
    pub(crate) fn carve(carver: &mut Carver<'a, M>, name: &'static str) -> Self {
        let head = carver.single(name);
        let free = carver.table(name);
        let records = carver.table(name);
        Self::new(head, free, records)
    }

    /// Slots that may be in use at once.
    #[inline(always)]
    pub(crate) fn capacity(&self) -> u32 {
        (self.records.len() as u32).saturating_sub(1)
    }

    #[inline(always)]
    pub(crate) fn live(&self) -> u32 {
        let head = self.head.get();
        head.high_water - head.free
    }

    /// Live slots without telling the tracker; for choices that do not influence the state.
    #[inline(always)]
    pub(crate) fn peek_live(&self) -> u32 {
        let head = self.head.peek();
        head.high_water.saturating_sub(head.free)
    }

    /// Slots that can still be taken.
    #[inline(always)]
    pub(crate) fn room(&self) -> u32 {
        self.capacity() - self.live()
    }

    /// Whether `slot` was ever taken.
    #[inline(always)]
    pub(crate) fn was_used(&self, slot: u32) -> bool {
        slot != 0 && slot <= self.head.get().high_water
    }

    /// The highest slot that was ever taken.
    pub(crate) fn high_water(&self) -> u32 {
        self.head.get().high_water
    }

    /// Takes a slot, its record zeroed; 0 if all are in use.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> u32 {
        let capacity = self.capacity();
        let head = self.head.get_mut();
        if head.free > 0 {
            head.free -= 1;
            *self.free.get(head.free)
        } else if head.high_water < capacity {
            head.high_water += 1;
            head.high_water
        } else {
            0
        }
    }

    /// Gives a slot back and zeroes its record.
    #[inline(always)]
    pub(crate) fn give_back(&mut self, slot: u32) {
        *self.records.get_mut(slot) = R::zeroed();
        let head = self.head.get_mut();
        *self.free.get_mut(head.free) = slot;
        head.free += 1;
    }

    /// Counts an id as given out and returns its generation.
    pub(super) fn issue(&mut self) -> u32 {
        let head = self.head.get_mut();
        head.issued += 1;
        head.issued
    }

    pub(super) fn issued(&self) -> u32 {
        self.head.get().issued
    }

    #[inline(always)]
    pub(crate) fn get(&self, slot: u32) -> &R {
        self.records.get(slot)
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut R {
        self.records.get_mut(slot)
    }

    #[inline(always)]
    pub(crate) fn try_get(&self, slot: u32) -> Option<&R> {
        self.records.try_get(slot)
    }

    #[inline(always)]
    pub(crate) fn peek(&self, slot: u32) -> Option<&R> {
        self.records.peek(slot)
    }

    #[inline(always)]
    pub(crate) fn prefetch(&self, slot: u32) {
        self.records.prefetch(slot);
    }

    #[inline(always)]
    pub(crate) fn prefetch_lines(&self, slot: u32, lines: core::ops::Range<usize>) {
        self.records.prefetch_lines(slot, lines);
    }

    /// The three tables' bytes, in the layout's order.
    pub(crate) fn bytes(&self) -> [&[u8]; 3] {
        [self.head.bytes(), self.free.bytes(), self.records.bytes()]
    }
}
