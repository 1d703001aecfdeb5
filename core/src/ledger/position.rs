//! Positions: what an account holds of an instrument, signed, in lots. A flat position has no record.

use bytemuck::{Pod, Zeroable};

use crate::arena::{Carver, GIVEN_KEYS, KeyHash, Marks, Record, Slab, SlotIndex};

/// One open position. It fills a chunk, see [`Account`](super::Account).
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Position {
    /// Slots; an account or instrument with positions cannot be closed, so they stay theirs.
    account: u32,
    instrument: u32,
    quantity: i64,
    reserved: [u8; 240],
}

const _: () = assert!(size_of::<Position>() == 256);

impl Record for Position {}

/// Where `quantity` would be after `delta`, if it stays within the symmetric range of an i64.
#[inline(always)]
pub(crate) fn moved(quantity: i64, delta: i64) -> Option<i64> {
    quantity.checked_add(delta).filter(|&moved| moved != i64::MIN)
}

/// All open positions.
#[derive(Debug)]
pub(crate) struct Positions<'a, M> {
    records: Slab<'a, Position, M>,
    index: SlotIndex<'a, M, GIVEN_KEYS>,
}

impl<'a, M: Marks> Positions<'a, M> {
    pub(crate) fn carve(carver: &mut Carver<'a, M>) -> Self {
        Self { records: Slab::carve(carver, "positions"), index: SlotIndex::carve(carver, "positions_index") }
    }

    /// The slot of the position of (account, instrument), by slots; 0 if it is flat.
    #[inline(always)]
    pub(crate) fn find(&self, seed: u64, account: u32, instrument: u32) -> u32 {
        let hash = KeyHash::of_pair(seed, u64::from(account), u64::from(instrument));
        self.index
            .find(hash, |slot| {
                let position = self.records.get(slot);
                position.account == account && position.instrument == instrument
            })
            .slot
    }

    /// The quantity of a slot that [`Positions::find`] returned; 0 for slot 0.
    #[inline(always)]
    pub(crate) fn quantity(&self, slot: u32) -> i64 {
        if slot == 0 { 0 } else { self.records.get(slot).quantity }
    }

    /// Records that can still be taken.
    #[inline(always)]
    pub(crate) fn room(&self) -> u32 {
        self.records.room()
    }

    /// Opens a position; the caller made sure of room.
    pub(crate) fn open(&mut self, seed: u64, account: u32, instrument: u32, quantity: i64) -> u32 {
        let slot = self.records.take();
        *self.records.get_mut(slot) = Position { account, instrument, quantity, reserved: [0; 240] };
        self.index.insert(KeyHash::of_pair(seed, u64::from(account), u64::from(instrument)), slot);
        slot
    }

    /// Sets the quantity, which is not zero, of an open position.
    #[inline(always)]
    pub(crate) fn set(&mut self, slot: u32, quantity: i64) {
        self.records.get_mut(slot).quantity = quantity;
    }

    /// Gives the record of a position that became flat back.
    pub(crate) fn close(&mut self, seed: u64, slot: u32) {
        let Position { account, instrument, .. } = *self.records.get(slot);
        self.index.remove(KeyHash::of_pair(seed, u64::from(account), u64::from(instrument)), slot);
        self.records.give_back(slot);
    }

    /// The tables' bytes, in the layout's order.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.records.bytes().into_iter().chain([self.index.bytes()])
    }
}
