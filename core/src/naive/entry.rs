//! The checks of an order's terms, and how an order that has passed them enters the book.

use bytemuck::Zeroable;

use super::book::{Order, PostOnly};
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::event::{Accepted, Cancelled, Rested};
use crate::ids::OrderId;
use crate::reject::{CancelReason, RejectCode};
use crate::terms::{OrderType, Side, TimeInForce, TradingState};
use crate::units::{PriceTicks, QuantityLots};

impl NaiveEngine {
    /// The name of a new order is that of no other. `replaced` is the order that it replaces, if any.
    pub(super) fn check_name(&self, order: &Order, replaced: Option<&Order>) -> Result<(), RejectCode> {
        let namesake = self.book.by_client_order_id(order.account, order.client_order_id);
        let is_taken = namesake.is_some_and(|other| Some(other.id) != replaced.map(|old| old.id));
        if is_taken { Err(RejectCode::DuplicateClientOrderId) } else { Ok(()) }
    }

    /// What is checked last of an order that acts at once.
    pub(super) fn check_entry(
        &self,
        instrument: &Instrument,
        order: &mut Order,
        replaced: Option<&Order>,
    ) -> Result<(), RejectCode> {
        self.check_post_only(instrument, order)?;
        if order.time_in_force == TimeInForce::FillOrKill {
            self.check_fill_or_kill(order)?;
        }
        if order.may_rest() { self.check_room(order, replaced) } else { Ok(()) }
    }

    /// In continuous trading a post-only order must not cross; one that slides takes the next price.
    pub(super) fn check_post_only(&self, instrument: &Instrument, order: &mut Order) -> Result<(), RejectCode> {
        if instrument.state != TradingState::Continuous || order.post_only == PostOnly::No {
            return Ok(());
        }
        let best = self.book.best(order.instrument, order.side.opposite());
        if self.canary == Canary::PostOnlyMayTouch && best.is_some_and(|best| best.price == order.price) {
            return Ok(());
        }
        let Some(best) = best.filter(|best| order.crosses(best.price)) else { return Ok(()) };
        if order.post_only != PostOnly::Slides {
            return Err(RejectCode::PostOnlyWouldCross);
        }
        let ticks = if self.canary == Canary::SlidesTwoTicks { 2 } else { 1 };
        let away = i128::from(instrument.terms.tick.get()) * if order.side == Side::Buy { -ticks } else { ticks };
        let next = i64::try_from(i128::from(best.price.get()) + away).map(PriceTicks);
        let next = next.map_err(|_| RejectCode::PostOnlyWouldCross)?;
        instrument.check_price(next).map_err(|_| RejectCode::PostOnlyWouldCross)?;
        order.price = next;
        Ok(())
    }

    /// Room at the order's price for its quantity. `old` is what it was, or the order that it replaces, if any.
    pub(super) fn check_room(&self, order: &Order, old: Option<&Order>) -> Result<(), RejectCode> {
        let Some(total) = self.book.level_total(order.instrument, order.side, order.price) else {
            let full = self.book.level_count() >= self.genesis.capacities.levels as usize;
            return if full { Err(RejectCode::LevelTableFull) } else { Ok(()) };
        };
        let mut own = old.filter(|old| old.price == order.price).map_or(0, |old| i128::from(old.leaves.get()));
        if self.canary == Canary::RoomForgetsOwnLeaves {
            own = 0;
        }
        let total = total - own + i128::from(order.leaves.get());
        if i64::try_from(total).is_ok() { Ok(()) } else { Err(RejectCode::LevelQuantityOverflow) }
    }

    /// In continuous trading a reduce-only order is at most what its position leaves of it.
    pub(super) fn clip_to_position(&self, instrument: &Instrument, order: &mut Order) -> Result<(), RejectCode> {
        if !order.reduce_only || instrument.state != TradingState::Continuous {
            return Ok(());
        }
        let lots = self.positions.reducible(order);
        if lots == QuantityLots::ZERO {
            return Err(RejectCode::ReduceOnlyWithoutPosition);
        }
        if self.canary != Canary::ReduceOnlyNotClipped {
            order.leaves = order.leaves.min(lots);
        }
        Ok(())
    }

    /// Whether an order rests as it comes: it may, and nothing crosses or this is an auction.
    pub(super) fn rests_at_once(&self, instrument: &Instrument, order: &Order) -> bool {
        order.may_rest() && (instrument.state == TradingState::Auction || !self.book.has_crossing(order))
    }

    /// Accepts an order that has passed all checks and has its id.
    pub(super) fn accept(&mut self, instrument: &Instrument, order: Order) {
        let rests = !order.is_waiting() && self.rests_at_once(instrument, &order);
        let mut flags = 0;
        for (holds, flag) in [
            (rests && !order.is_iceberg(), Accepted::RESTS),
            (matches!(order.pricing, OrderType::Market | OrderType::Stop), Accepted::MARKET),
            (order.post_only != PostOnly::No, Accepted::POST_ONLY),
            (order.reduce_only, Accepted::REDUCE_ONLY),
            (order.is_waiting(), Accepted::STOP),
            (order.is_iceberg(), Accepted::ICEBERG),
            (self.twin_of(order.id).is_some(), Accepted::TWIN),
            (order.is_follower(), Accepted::FOLLOWS),
        ] {
            flags |= if holds { flag } else { 0 };
        }
        if order.time_in_force == TimeInForce::GoodForAuction
            && let Some(instrument) = self.instruments.get_mut(order.instrument)
        {
            instrument.has_auction_orders = true;
        }
        self.emit(Accepted {
            side: order.side.code(),
            time_in_force: order.time_in_force.code(),
            flags,
            instrument: order.instrument,
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            price: order.price,
            quantity: order.leaves,
            ..Accepted::zeroed()
        });
        self.join_ring(&order);
        if order.is_waiting() {
            self.book.add_waiting(order);
            self.join_stop_row(order.instrument);
        } else {
            self.trade_or_rest(order, rests);
        }
    }

    /// What follows `Accepted`, `Triggered`, and `Amended` of an order that left its place. The order is not in the book.
    pub(super) fn trade_or_rest(&mut self, mut order: Order, rests: bool) {
        order.adverse = self.kept_adverse(&order);
        if rests && !order.is_iceberg() {
            // Its event has said so.
            self.book.add(order);
            return self.keep(order.account, order.instrument);
        }
        if rests {
            return self.rest(&order);
        }
        let band = self.band(order.instrument);
        let ended = self.sweep(&mut order, band);
        let immediate = (!order.may_rest()).then_some(CancelReason::ImmediateRemainder);
        if order.leaves == QuantityLots::ZERO {
            self.end_order(order.id);
        } else if ended == Some(CancelReason::PriceBand) {
            self.begin_volatility_auction(&order, band);
        } else if let Some(reason) = ended.or(immediate) {
            self.cancel_taker(&order, reason);
        } else {
            self.rest(&order);
        }
        self.join_stop_row(order.instrument);
    }

    /// Puts an order at the back of its level and says so.
    pub(super) fn rest(&mut self, order: &Order) {
        if order.is_iceberg() {
            self.replenish_at_back(order);
            return self.keep(order.account, order.instrument);
        }
        self.emit(Rested {
            side: order.side.code(),
            instrument: order.instrument,
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            price: order.price,
            leaves: order.leaves,
            ..Rested::zeroed()
        });
        self.book.add(*order);
        self.keep(order.account, order.instrument);
    }

    /// Cancels what is left of an order that is on its way, in no level.
    pub(super) fn cancel_taker(&mut self, order: &Order, reason: CancelReason) {
        self.emit_cancelled(order, reason, 0);
        self.end_order(order.id);
    }

    /// Cancels an order that rests, or waits for its trigger.
    pub(super) fn cancel_live(&mut self, order: &Order, reason: CancelReason) {
        self.book.remove(order.id);
        self.keep(order.account, order.instrument);
        self.emit_cancelled(order, reason, if order.is_waiting() { 0 } else { Cancelled::RESTED });
        self.end_order(order.id);
    }

    /// An order is no longer live: it leaves its twin alone, and gives its slot back.
    pub(super) fn end_order(&mut self, id: OrderId) {
        self.part_twins(id);
        self.order_slots.give_back(id.slot());
    }

    pub(super) fn emit_cancelled(&mut self, order: &Order, reason: CancelReason, flags: u8) {
        self.emit(Cancelled {
            side: order.side.code(),
            reason: reason.code(),
            flags,
            instrument: order.instrument,
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            price: order.price,
            leaves: order.leaves,
            ..Cancelled::zeroed()
        });
    }
}
