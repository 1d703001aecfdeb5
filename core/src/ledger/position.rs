//! Positions: what an account holds of an instrument, signed, in lots, and what it cost. A flat position has no record.

use bytemuck::{Pod, Zeroable};

use crate::arena::{Carver, GIVEN_KEYS, KeyHash, Marks, Slab, SlotIndex};
use crate::exposure::Lots;
use crate::valuation::Links;

/// One open position. It fills a chunk, see [`Account`](super::Account).
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Position {
    /// Slots; an account or instrument with positions cannot be closed, so they stay theirs.
    pub(crate) account: u32,
    pub(crate) instrument: u32,
    quantity: i64,
    /// Lots that rest to be bought and to be sold, where margin is checked; so is all that follows but the cost. What it
    /// takes to add a record up is in the first cache line.
    pub(crate) buys: i64,
    pub(crate) sells: i64,
    /// The generation of arrays by which it was added to its portfolio; 0 before.
    pub(crate) added: u64,
    /// Slots of what it is summed up in.
    pub(crate) portfolio: u32,
    pub(crate) vector: u32,
    /// Among the records of the portfolio.
    pub(crate) siblings: Links,
    /// The record of the same account and the instrument's pair; 0 without one.
    pub(crate) pair: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: u32,
    cost: i128,
    /// Among the records of the vector.
    pub(crate) peers: Links,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved_tail: [u8; 168],
}

const _: () = assert!(size_of::<Position>() == 256);

impl Position {
    /// What is held, and what rests.
    #[inline(always)]
    pub(crate) fn lots(&self) -> Lots {
        let &Self { quantity, buys, sells, .. } = self;
        Lots { held: quantity, buys, sells }
    }
}

/// A quantity and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holding {
    /// Signed, in lots.
    pub(crate) quantity: i64,
    /// Sum of price times signed quantity, less what was released when parts were closed.
    pub(crate) cost: i128,
}

impl Holding {
    /// What it is after `delta` more lots at `price`, and the profit that is realised, in price times lots.
    ///
    /// Closing a part releases its share of the cost, rounded up, against the holder; the rest keeps the remainder, so that
    /// no part of the cost is ever lost. (The average-cost method; FIFO and LIFO are other ways to choose the share.)
    ///
    /// `quantity` plus `delta` must be in the symmetric range of an i64; then nothing overflows: a cost is at most 2^126.
    #[inline(always)]
    pub(crate) fn traded(self, delta: i64, price: i64) -> (Self, i128) {
        match self.traded_narrow(delta, price) {
            Some((holding, realised)) => (holding, realised.into()),
            None => self.traded_wide(delta, price),
        }
    }

    /// The same where all of it fits 64 bits and the position does not change its sign: nearly always.
    #[inline(always)]
    fn traded_narrow(self, delta: i64, price: i64) -> Option<(Self, i64)> {
        let cost = i64::try_from(self.cost).ok()?;
        let quantity = self.quantity + delta;
        let paid = delta.checked_mul(price)?;
        if self.opens(delta) {
            return Some((Self { quantity, cost: cost.checked_add(paid)?.into() }, 0));
        }
        if (quantity ^ self.quantity) < 0 && quantity != 0 {
            return None;
        }
        let released = if quantity == 0 {
            cost
        } else {
            let (product, whole) = (cost.checked_mul(delta.abs())?, self.quantity.abs());
            product / whole + i64::from(product % whole > 0)
        };
        Some((Self { quantity, cost: cost.checked_sub(released)?.into() }, paid.checked_neg()?.checked_sub(released)?))
    }

    #[cold]
    #[inline(never)]
    fn traded_wide(self, delta: i64, price: i64) -> (Self, i128) {
        let quantity = self.quantity + delta;
        if self.opens(delta) {
            return (Self { quantity, cost: self.cost + i128::from(delta) * i128::from(price) }, 0);
        }
        let closed = self.quantity.unsigned_abs().min(delta.unsigned_abs());
        let released = share_ceil(self.cost, closed, self.quantity.unsigned_abs());
        // What the closing lots brought in: they have the sign of the holding.
        let brought_in = i128::from(closed) * i128::from(self.quantity.signum()) * i128::from(price);
        let opened = i128::from(delta) + i128::from(closed) * i128::from(self.quantity.signum());
        let cost = self.cost - released + opened * i128::from(price);
        (Self { quantity, cost }, brought_in - released)
    }

    /// Whether all of `delta` adds to it.
    #[inline(always)]
    fn opens(self, delta: i64) -> bool {
        self.quantity == 0 || (self.quantity ^ delta) >= 0
    }
}

/// `cost` times `part` / `whole`, rounded up. `part` is at most `whole`, which is not zero. Taken apart, because cost times
/// part may not fit: the cost of one lot, and what is left of it for all.
fn share_ceil(cost: i128, part: u64, whole: u64) -> i128 {
    if part == whole {
        return cost;
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    let (each, left) = (cost.div_euclid(whole), cost.rem_euclid(whole));
    each * part + (left * part + whole - 1) / whole
}

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

    /// For prefetching: the place in the index, what is there, unconfirmed, and a record. Nothing here is marked.
    #[inline(always)]
    pub(crate) fn prefetch_place(&self, hash: KeyHash) {
        self.index.prefetch(hash);
    }

    #[inline(always)]
    pub(crate) fn peek_slot(&self, hash: KeyHash) -> u32 {
        self.index.peek(hash)
    }

    #[inline(always)]
    pub(crate) fn peek(&self, slot: u32) -> Option<&Position> {
        self.records.peek(slot)
    }

    #[inline(always)]
    pub(crate) fn prefetch(&self, slot: u32) {
        self.records.prefetch_lines(slot, 0..2);
    }

    /// What adding it up needs of it.
    #[inline(always)]
    pub(crate) fn prefetch_first(&self, slot: u32) {
        self.records.prefetch(slot);
    }

    /// What a slot that [`Positions::find`] returned holds; nothing for slot 0.
    #[inline(always)]
    pub(crate) fn holding(&self, slot: u32) -> Holding {
        if slot == 0 {
            return Holding::default();
        }
        let &Position { quantity, cost, .. } = self.records.get(slot);
        Holding { quantity, cost }
    }

    /// Records that can still be taken.
    #[inline(always)]
    pub(crate) fn room(&self) -> u32 {
        self.records.room()
    }

    /// Opens a position; the caller made sure of room.
    pub(crate) fn open(&mut self, seed: u64, account: u32, instrument: u32, holding: Holding) -> u32 {
        let slot = self.records.take();
        let Holding { quantity, cost } = holding;
        *self.records.get_mut(slot) = Position { account, instrument, quantity, cost, ..Position::zeroed() };
        self.index.insert(KeyHash::of_pair(seed, u64::from(account), u64::from(instrument)), slot);
        slot
    }

    /// Sets what an open position holds, which is not zero.
    #[inline(always)]
    pub(crate) fn set(&mut self, slot: u32, holding: Holding) {
        let position = self.records.get_mut(slot);
        (position.quantity, position.cost) = (holding.quantity, holding.cost);
    }

    /// The record in a slot.
    #[inline(always)]
    pub(crate) fn get(&self, slot: u32) -> &Position {
        self.records.get(slot)
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut Position {
        self.records.get_mut(slot)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn play(trades: &[(i64, i64)]) -> (Holding, i128) {
        trades.iter().fold((Holding::default(), 0), |(holding, realised), &(delta, price)| {
            let (holding, more) = holding.traded(delta, price);
            (holding, realised + more)
        })
    }

    #[test]
    fn average_cost_is_released_and_rounded_against_the_holder() {
        assert_eq!(play(&[(3, 10), (-1, 12)]), (Holding { quantity: 2, cost: 20 }, 2));
        // Three lots for 100: closing one releases 34, the holder's profit is 16 rather than 16 2/3.
        assert_eq!(play(&[(2, 33), (1, 34), (-1, 50)]), (Holding { quantity: 2, cost: 66 }, 16));
        assert_eq!(play(&[(-2, 33), (-1, 34), (1, 20)]), (Holding { quantity: -2, cost: -67 }, 13));
        assert_eq!(play(&[(2, 33), (1, 34), (-3, 50)]), (Holding::default(), 50));
        assert_eq!(play(&[(5, 10), (-8, 12)]), (Holding { quantity: -3, cost: -36 }, 10));
        assert_eq!(play(&[(-5, 10), (8, 12)]), (Holding { quantity: 3, cost: 36 }, -10));
    }

    #[test]
    fn narrow_and_wide_arithmetic_agree() {
        let numbers = [-i64::MAX, -1_000_007, -50, -1, 1, 2, 33, 1_000, 1 << 40, i64::MAX];
        for (quantity, cost) in numbers.iter().flat_map(|q| numbers.iter().map(|cost| (*q, i128::from(*cost)))) {
            let held = Holding { quantity, cost };
            for (delta, price) in numbers.iter().flat_map(|delta| numbers.iter().map(|price| (*delta, *price))) {
                if moved(quantity, delta).is_none() {
                    continue;
                }
                if let Some((holding, realised)) = held.traded_narrow(delta, price) {
                    assert_eq!((holding, realised.into()), held.traded_wide(delta, price), "{held:?} {delta}@{price}");
                }
            }
        }
        assert!(Holding { quantity: 3, cost: 100 }.traded_narrow(-1, 40).is_some());
    }

    #[test]
    fn nothing_is_lost_and_nothing_overflows() {
        let edges = [i64::MIN, i64::MIN + 1, -7, -1, 0, 1, 3, i64::MAX - 1, i64::MAX];
        for first in [-i64::MAX, -9, -2, 1, 4, i64::MAX] {
            for second in [-i64::MAX, -5, -1, 2, 9, i64::MAX] {
                for (buy, sell) in edges.iter().flat_map(|buy| edges.iter().map(move |sell| (*buy, *sell))) {
                    let (held, none) = Holding::default().traded(first, buy);
                    assert_eq!(none, 0);
                    if moved(held.quantity, second).is_none() {
                        continue;
                    }
                    let (after, realised) = held.traded(second, sell);
                    // Cost and realised profit together are what was paid, to the last unit.
                    let paid = i128::from(first) * i128::from(buy) + i128::from(second) * i128::from(sell);
                    assert_eq!(after.cost.checked_sub(realised), Some(paid), "{first}@{buy} {second}@{sell}");
                }
            }
        }
    }
}
