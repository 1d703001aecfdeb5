//! Looking ahead, where margin is checked: at what an order will touch of its account, position, portfolio and vector, and
//! of what a lot is worth, in three steps, as [`batch`](super::batch) has them; and at what the sweep will add up of the
//! account behind the one that it is at, a record with each record. Nothing here is marked or changes anything.

use super::Engine;
use super::exposure::place;
use crate::arena::{KeyHash, Marks};
use crate::command::NewOrder;
use crate::ids::EntityId;
use crate::ledger::Position;
use crate::terms::Side;

/// Vectors above which looking ahead pays: below, what accounts have summed up stays in the second-level cache.
const LOOK_AHEAD_ABOVE_VECTORS: u32 = 1_024;
/// Which cache lines of an account's record are read.
const ACCOUNT_LINES: core::ops::Range<usize> = 0..2;

impl<M: Marks> Engine<'_, M> {
    /// Whether there are so many vectors that looking ahead pays.
    #[inline(always)]
    pub(super) fn has_many_vectors(&self) -> bool {
        self.is_margined() && self.exposures.peek_live_vectors() > LOOK_AHEAD_ABOVE_VECTORS
    }

    /// Fetches the account, and the place of the position in the index; returns the hash.
    #[inline(always)]
    pub(super) fn look_far_at_position(&self, order: &NewOrder) -> u32 {
        let (account, instrument) = (order.header.account.slot(), order.instrument.slot());
        self.accounts.slab.prefetch_lines(account, ACCOUNT_LINES);
        let hash = KeyHash::of_pair(self.seed(), account.into(), instrument.into());
        self.positions.prefetch_place(hash);
        hash.0
    }

    /// Fetches position and portfolio, and what a lot is worth; returns the position's slot.
    #[inline(always)]
    pub(super) fn look_middle_at_position(&self, order: &NewOrder, hash: u32) -> u32 {
        let position = self.positions.peek_slot(KeyHash(hash));
        self.positions.prefetch(position);
        if let Some(account) = self.accounts.slab.peek(order.header.account.slot()) {
            self.exposures.prefetch_portfolio(account.portfolios.first);
        }
        if let Some((place, _)) = self.peek_place(order.instrument.slot()) {
            self.arrays.prefetch_resting(place, if order.side == Side::Sell.code() { Side::Sell } else { Side::Buy });
        }
        position
    }

    /// Where an instrument's array of the generation in force is, and whether it is an option.
    #[inline(always)]
    fn peek_place(&self, instrument: u32) -> Option<(u32, bool)> {
        let risk = self.risks.peek(instrument)?;
        let generation = self.underlyings.slab.peek(risk.underlying)?.generation;
        Some((place(instrument, generation), risk.is_option != 0))
    }

    /// Fetches the position's vector.
    #[inline(always)]
    pub(super) fn look_near_at_vector(&self, position: u32) {
        self.exposures.prefetch_vector(self.positions.peek(position).map_or(0, |record| record.vector));
    }

    /// Begins to look at the account behind the one that the sweep visits; of those that follow, fetches what that needs.
    #[inline(always)]
    pub(super) fn look_behind_visited(&mut self, account: u32) {
        let portfolio = |slot| self.accounts.slab.peek(slot).map_or(0, |account| account.portfolios.first);
        let next = self.exposures.peek_portfolio(portfolio(account + 1)).map_or(0, |record| record.positions.first);
        self.exposures.prefetch_portfolio(portfolio(account + 2));
        self.accounts.slab.prefetch_lines(account + 3, ACCOUNT_LINES);
        self.positions.prefetch(next);
        self.swept_next = next;
    }

    /// Fetches what adding the next of that account's records will touch, and the record behind.
    #[inline(always)]
    pub(super) fn look_at_swept_next(&mut self) {
        let Some(record) = self.positions.peek(self.swept_next).filter(|_| self.swept_next != 0) else { return };
        let next = record.siblings.next;
        self.look_at_record(record);
        self.positions.prefetch(next);
        self.swept_next = next;
    }

    /// Fetches the records of an account's first portfolio, which are about to be added up.
    #[inline(always)]
    pub(super) fn look_at_account(&self, account: u32) {
        for &slot in &self.exposures.portfolio(self.accounts.slab.get(account).portfolios.first).nearby {
            self.positions.prefetch_first(slot);
        }
    }

    /// Fetches what adding a portfolio's records will touch, all at once: one after the other would be as many misses in a
    /// row.
    #[inline(always)]
    pub(super) fn look_at_records(&self, portfolio: u32) {
        for &slot in &self.exposures.portfolio(portfolio).nearby {
            if let Some(record) = self.positions.peek(slot).filter(|_| slot != 0) {
                self.look_at_record(record);
            }
        }
    }

    /// Fetches what adding a record will touch.
    #[inline(always)]
    fn look_at_record(&self, record: &Position) {
        let Some((place, is_option)) = self.peek_place(record.instrument) else { return };
        let rests = [(record.buys, Side::Buy), (record.sells, Side::Sell)];
        self.arrays.prefetch_held(place);
        for (_, side) in rests.into_iter().filter(|(lots, _)| *lots != 0) {
            self.arrays.prefetch_resting(place, side);
        }
        self.exposures.prefetch_sums(record.vector, is_option, record.buys != 0 || record.sells != 0);
    }

    /// Fetches what an order that is named has reserved; nothing where margin is not checked.
    #[inline(always)]
    pub(super) fn look_at_reserve(&self, slot: u32) {
        self.exposures.prefetch_reserve(slot);
    }

    /// Fetches the position that an order that is named belongs to.
    #[inline(always)]
    pub(super) fn look_near_at_reserve(&self, slot: u32) {
        self.positions.prefetch(self.exposures.peek_reserve(slot).map_or(0, |reserve| reserve.position));
    }
}
