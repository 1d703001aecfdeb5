//! Icebergs: how orders lose quantity where they rest, and what is shown anew.

use bytemuck::Zeroable;

use super::book::Order;
use super::{Canary, NaiveEngine};
use crate::event::Replenished;
use crate::units::QuantityLots;

impl NaiveEngine {
    /// Takes what a sweep traded off an order that rests. Fully filled, it leaves the book and gives its slot back; an
    /// iceberg is replenished if nothing shows, or too little once the taker is done.
    pub(super) fn take_off(&mut self, order: &Order, quantity: QuantityLots, taker_is_done: bool) {
        let left = Order { leaves: less(order.leaves, quantity), shown: less(order.shows(), quantity), ..*order };
        if left.leaves == QuantityLots::ZERO {
            self.book.remove(order.id);
            return self.end_order(order.id);
        }
        let mut minimum = order.display_minimum;
        if self.canary == Canary::DisplayMinimumIgnored {
            minimum = QuantityLots::ZERO;
        }
        let shows_nothing = left.shown == QuantityLots::ZERO;
        if order.is_iceberg() && (shows_nothing || taker_is_done && left.shown < minimum) {
            if self.canary == Canary::IcebergKeepsItsPlace {
                return self.replenish_in_place(&left);
            }
            self.book.remove(order.id);
            return self.replenish_at_back(&left);
        }
        self.book.set_open(order.id, left.leaves, left.shown);
        if self.canary == Canary::MakerLosesPlace {
            self.book.remove(order.id);
            self.book.add(left);
        }
    }

    /// Takes what an auction traded off an order that rests; an iceberg shows its full display again, in its place.
    pub(super) fn take_off_in_auction(&mut self, order: &Order, quantity: QuantityLots) {
        let left = Order { leaves: less(order.leaves, quantity), ..*order };
        if left.leaves == QuantityLots::ZERO {
            self.book.remove(order.id);
            self.end_order(order.id);
        } else if !order.is_iceberg() {
            self.book.set_open(order.id, left.leaves, left.leaves);
        } else if self.canary == Canary::AuctionReplenishesAtBack {
            self.book.remove(order.id);
            self.replenish_at_back(&left);
        } else {
            self.replenish_in_place(&left);
        }
    }

    /// Changes what a resting order has left by command: what is taken off comes off the hidden part first.
    pub(super) fn shrink(&mut self, order: &Order, leaves: QuantityLots) {
        let mut shown = order.shows().min(leaves);
        if self.canary == Canary::ReduceTakesFromShown {
            let taken = less(order.leaves, leaves);
            shown = less(order.shows(), taken.min(order.shows()));
        }
        self.book.set_open(order.id, leaves, shown);
    }

    /// An iceberg, which is not in the book, comes to rest.
    pub(super) fn replenish_at_back(&mut self, order: &Order) {
        let shown = order.display.min(order.leaves);
        self.book.add(Order { shown, ..*order });
        self.emit_replenished(order, shown, 0);
    }

    fn replenish_in_place(&mut self, order: &Order) {
        let shown = order.display.min(order.leaves);
        self.book.set_open(order.id, order.leaves, shown);
        self.emit_replenished(order, shown, Replenished::KEEPS_PRIORITY);
    }

    fn emit_replenished(&mut self, order: &Order, shown: QuantityLots, flags: u8) {
        self.emit(Replenished {
            side: order.side.code(),
            flags,
            instrument: order.instrument,
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            price: order.price,
            shown,
            leaves: order.leaves,
            ..Replenished::zeroed()
        });
    }
}

/// What is left of `leaves` after a fill of `quantity`, which is never more.
pub(super) fn less(leaves: QuantityLots, quantity: QuantityLots) -> QuantityLots {
    QuantityLots(leaves.get().saturating_sub(quantity.get()))
}
