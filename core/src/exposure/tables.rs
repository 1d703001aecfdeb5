//! The tables of portfolios, vectors and reserves.

use super::arrays::LANES_LINES;
use super::portfolio::SumsView;
use super::records::{Portfolio, Reserve, Vector};
use super::sums::{Change, Sums};
use crate::arena::{Carver, GIVEN_KEYS, KeyHash, Marks, Slab, SlotIndex, Table};
use crate::valuation::Lanes;

/// What a vector is about: an expiry, or an underlying's perpetuals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VectorKey(pub(crate) u32);

/// Set in the key of an underlying.
const UNDERLYING: u32 = 1 << 31;

impl VectorKey {
    /// That of an instrument with this underlying and expiry; 0 for none.
    #[inline(always)]
    pub(crate) fn new(underlying: u32, expiry: u32) -> Self {
        Self(if expiry == 0 { underlying | UNDERLYING } else { expiry })
    }

    /// The slot of the expiry; 0 without one.
    #[inline(always)]
    pub(crate) fn expiry(self) -> u32 {
        if self.0 & UNDERLYING == 0 { self.0 } else { 0 }
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Exposures<'a, M> {
    portfolios: Slab<'a, Portfolio, M>,
    portfolio_index: SlotIndex<'a, M, GIVEN_KEYS>,
    vectors: Slab<'a, Vector, M>,
    vector_index: SlotIndex<'a, M, GIVEN_KEYS>,
    options: Table<'a, Lanes, M>,
    linear: Table<'a, Lanes, M>,
    orders: Table<'a, Lanes, M>,
    reserves: Table<'a, Reserve, M>,
}

impl<'a, M: Marks> Exposures<'a, M> {
    pub(crate) fn carve(carver: &mut Carver<'a, M>) -> Self {
        Self {
            portfolios: Slab::carve(carver, "portfolios"),
            portfolio_index: SlotIndex::carve(carver, "portfolios_index"),
            vectors: Slab::carve(carver, "vectors"),
            vector_index: SlotIndex::carve(carver, "vectors_index"),
            options: carver.table("vector_options"),
            linear: carver.table("vector_linear"),
            orders: carver.table("vector_orders"),
            reserves: carver.table("reserves"),
        }
    }

    #[inline(always)]
    pub(crate) fn portfolio(&self, slot: u32) -> &Portfolio {
        self.portfolios.get(slot)
    }

    #[inline(always)]
    pub(crate) fn portfolio_mut(&mut self, slot: u32) -> &mut Portfolio {
        self.portfolios.get_mut(slot)
    }

    /// The slot of an account's portfolio in an underlying; 0 if it has none.
    #[inline(always)]
    pub(crate) fn find_portfolio(&self, seed: u64, account: u32, underlying: u32) -> u32 {
        let hash = KeyHash::of_pair(seed, account.into(), underlying.into());
        self.portfolio_index
            .find(hash, |slot| {
                let portfolio = self.portfolios.get(slot);
                portfolio.account == account && portfolio.underlying == underlying
            })
            .slot
    }

    /// Makes a portfolio, of a generation; there is room, since there are no more of them than vectors.
    pub(crate) fn open_portfolio(&mut self, seed: u64, portfolio: Portfolio) -> u32 {
        let slot = self.portfolios.take();
        *self.portfolios.get_mut(slot) = portfolio;
        let Portfolio { account, underlying, .. } = portfolio;
        self.portfolio_index.insert(KeyHash::of_pair(seed, account.into(), underlying.into()), slot);
        slot
    }

    pub(crate) fn close_portfolio(&mut self, seed: u64, slot: u32) {
        let &Portfolio { account, underlying, .. } = self.portfolios.get(slot);
        self.portfolio_index.remove(KeyHash::of_pair(seed, account.into(), underlying.into()), slot);
        self.portfolios.give_back(slot);
    }

    #[inline(always)]
    pub(crate) fn vector(&self, slot: u32) -> &Vector {
        self.vectors.get(slot)
    }

    #[inline(always)]
    pub(crate) fn vector_mut(&mut self, slot: u32) -> &mut Vector {
        self.vectors.get_mut(slot)
    }

    /// Vectors that can still be made.
    #[inline(always)]
    pub(crate) fn vector_room(&self) -> u32 {
        self.vectors.room()
    }

    /// The slot of an account's vector; 0 if it has none.
    #[inline(always)]
    pub(crate) fn find_vector(&self, seed: u64, account: u32, key: VectorKey) -> u32 {
        let hash = KeyHash::of_pair(seed, account.into(), key.0.into());
        self.vector_index
            .find(hash, |slot| {
                let vector = self.vectors.get(slot);
                vector.account == account && vector.key == key.0
            })
            .slot
    }

    /// Makes a vector; the caller made sure of room.
    pub(crate) fn open_vector(&mut self, seed: u64, vector: Vector) -> u32 {
        let slot = self.vectors.take();
        *self.vectors.get_mut(slot) = vector;
        self.vector_index.insert(KeyHash::of_pair(seed, vector.account.into(), vector.key.into()), slot);
        slot
    }

    pub(crate) fn close_vector(&mut self, seed: u64, slot: u32) {
        let &Vector { account, key, .. } = self.vectors.get(slot);
        self.vector_index.remove(KeyHash::of_pair(seed, account.into(), key.into()), slot);
        self.vectors.give_back(slot);
    }

    /// A vector and its lanes.
    #[inline(always)]
    pub(crate) fn sums(&self, slot: u32) -> SumsView<'_> {
        SumsView {
            vector: self.vectors.get(slot),
            options: self.options.get(slot),
            linear: self.linear.get(slot),
            orders: self.orders.get(slot),
        }
    }

    /// A vector and those of its lanes that a change of an instrument's lots adds to.
    #[inline(always)]
    pub(crate) fn sums_mut(&mut self, slot: u32, is_option: bool, change: &Change) -> Sums<'_> {
        let held = if is_option { &mut self.options } else { &mut self.linear };
        Sums {
            vector: self.vectors.get_mut(slot),
            held: if change.held() != 0 { Some(held.get_mut(slot)) } else { None },
            orders: if change.rests() { Some(self.orders.get_mut(slot)) } else { None },
        }
    }

    /// What the order in a slot has reserved.
    #[inline(always)]
    pub(crate) fn reserve(&self, order: u32) -> &Reserve {
        self.reserves.get(order)
    }

    #[inline(always)]
    pub(crate) fn reserve_mut(&mut self, order: u32) -> &mut Reserve {
        self.reserves.get_mut(order)
    }

    /// For prefetching, as what follows: nothing of it is marked.
    pub(crate) fn peek_live_vectors(&self) -> u32 {
        self.vectors.peek_live()
    }

    /// A portfolio, as far as an order that is entered has to do with it.
    #[inline(always)]
    pub(crate) fn prefetch_portfolio(&self, slot: u32) {
        self.portfolios.prefetch_lines(slot, 0..2);
    }

    /// A vector, and what rests in it.
    #[inline(always)]
    pub(crate) fn prefetch_vector(&self, slot: u32) {
        self.vectors.prefetch_lines(slot, 0..3);
        self.orders.prefetch_lines(slot, 0..LANES_LINES);
    }

    /// A vector, and its lanes that lots of an instrument are added to.
    #[inline(always)]
    pub(crate) fn prefetch_sums(&self, slot: u32, is_option: bool, rests: bool) {
        self.vectors.prefetch_lines(slot, 0..3);
        let held = if is_option { &self.options } else { &self.linear };
        held.prefetch_lines(slot, 0..LANES_LINES);
        if rests {
            self.orders.prefetch_lines(slot, 0..LANES_LINES);
        }
    }

    #[inline(always)]
    pub(crate) fn peek_portfolio(&self, slot: u32) -> Option<&Portfolio> {
        self.portfolios.peek(slot)
    }

    #[inline(always)]
    pub(crate) fn prefetch_reserve(&self, order: u32) {
        self.reserves.prefetch(order);
    }

    #[inline(always)]
    pub(crate) fn peek_reserve(&self, order: u32) -> Option<&Reserve> {
        self.reserves.peek(order)
    }

    /// The tables' bytes, in the layout's order.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.portfolios
            .bytes()
            .into_iter()
            .chain([self.portfolio_index.bytes()])
            .chain(self.vectors.bytes())
            .chain([self.vector_index.bytes()])
            .chain([self.options.bytes(), self.linear.bytes(), self.orders.bytes(), self.reserves.bytes()])
    }
}
