//! Twins: two orders of which one cancels the other.

use super::{Canary, NaiveEngine};
use crate::ids::OrderId;
use crate::reject::CancelReason;

impl NaiveEngine {
    /// The other of two orders of which one cancels the other.
    pub(super) fn twin_of(&self, id: OrderId) -> Option<OrderId> {
        self.twins.get(&id).copied()
    }

    /// Makes two orders each other's twin. A twin has a complex record.
    pub(super) fn join_twins(&mut self, one: OrderId, other: OrderId) {
        self.twins.insert(one, other);
        self.twins.insert(other, one);
        self.book.make_complex(other);
    }

    /// Leaves an order and its twin, if it has one, without a twin.
    pub(super) fn part_twins(&mut self, id: OrderId) {
        if let Some(other) = self.twins.remove(&id) {
            self.twins.remove(&other);
        }
    }

    /// A replaced order's twin becomes its successor's.
    pub(super) fn hand_twin_on(&mut self, old: OrderId, new: OrderId) {
        if let Some(twin) = self.twin_of(old) {
            self.part_twins(old);
            self.join_twins(new, twin);
        }
    }

    /// Cancels an order, if it is there, because its twin traded or triggered.
    pub(super) fn cancel_twin(&mut self, twin: Option<OrderId>) {
        if let Some(order) = twin.and_then(|id| self.book.get(id)).copied() {
            self.cancel_live(&order, CancelReason::OneCancelsOther);
        }
    }

    /// What a trade in a sweep does to twins: the maker's goes before the taker's. True if maker and taker were each
    /// other's: then what is left of the maker goes, and the sweep is to end.
    pub(super) fn trade_cancels_twins(
        &mut self,
        maker: OrderId,
        taker: OrderId,
        (makers_twin, takers_twin): (Option<OrderId>, Option<OrderId>),
    ) -> bool {
        if takers_twin == Some(maker) {
            self.cancel_twin(takers_twin);
            return true;
        }
        if self.canary != Canary::MakersTwinSurvives {
            self.cancel_twin(makers_twin);
        }
        self.cancel_twin(takers_twin);
        // Where the canary left it, it has no twin any more.
        self.part_twins(maker);
        self.part_twins(taker);
        false
    }

    /// What a trade in an auction does to twins: the buy order's goes before the sell order's, and of two that traded with
    /// each other what is left of the buy order before what is left of the sell order.
    pub(super) fn auction_cancels_twins(
        &mut self,
        bid: OrderId,
        ask: OrderId,
        (bids_twin, asks_twin): (Option<OrderId>, Option<OrderId>),
    ) {
        if bids_twin == Some(ask) {
            self.cancel_twin(Some(bid));
            self.cancel_twin(Some(ask));
        } else {
            self.cancel_twin(bids_twin);
            self.cancel_twin(asks_twin);
        }
    }
}
