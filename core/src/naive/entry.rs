//! The checks of an order's terms, and how an order that has passed them enters the book.

use bytemuck::Zeroable;

use super::book::Order;
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::event::{Accepted, Cancelled, Rested};
use crate::reject::{CancelReason, RejectCode};
use crate::terms::{OrderType, SelfTrade, Side, TimeInForce, TradingState};
use crate::units::{PriceTicks, QuantityLots};

impl NaiveEngine {
    /// The checks of a new order from the quantity on. `replaced` is the order that it replaces, if any.
    pub(super) fn check_terms(
        &self,
        instrument: &Instrument,
        order: &mut Order,
        replaced: Option<&Order>,
    ) -> Result<(), RejectCode> {
        let quantity = order.leaves;
        if quantity.get() <= 0 {
            return Err(RejectCode::QuantityNotPositive);
        }
        instrument.check_lot(quantity)?;
        if quantity < instrument.terms.quantity_min {
            return Err(RejectCode::QuantityBelowMinimum);
        }
        instrument.check_maximum(quantity)?;
        if order.pricing == OrderType::Limit {
            instrument.check_price(order.price)?;
        }
        let namesake = self.book.by_client_order_id(order.account, order.client_order_id);
        if namesake.is_some_and(|other| Some(other.id) != replaced.map(|old| old.id)) {
            return Err(RejectCode::DuplicateClientOrderId);
        }
        if replaced.is_none() && self.order_slots.is_full() {
            return Err(RejectCode::OrderTableFull);
        }
        self.check_post_only(instrument, order)?;
        if order.time_in_force == TimeInForce::FillOrKill {
            self.check_fill_or_kill(order)?;
        }
        if order.may_rest() { self.check_room(order, replaced) } else { Ok(()) }
    }

    /// In continuous trading a post-only order must not cross; one that slides takes the next price.
    pub(super) fn check_post_only(&self, instrument: &Instrument, order: &mut Order) -> Result<(), RejectCode> {
        if instrument.state != TradingState::Continuous || !order.post_only {
            return Ok(());
        }
        let best = self.book.best(order.instrument, order.side.opposite());
        if self.canary == Canary::PostOnlyMayTouch && best.is_some_and(|best| best.price == order.price) {
            return Ok(());
        }
        let Some(best) = best.filter(|best| order.crosses(best.price)) else { return Ok(()) };
        if !order.slides {
            return Err(RejectCode::PostOnlyWouldCross);
        }
        let ticks = if self.canary == Canary::SlidesTwoTicks { 2 } else { 1 };
        let away = i128::from(instrument.terms.tick.get()) * if order.side == Side::Buy { -ticks } else { ticks };
        let next = i64::try_from(i128::from(best.price.get()) + away).map(PriceTicks);
        order.price = next.map_err(|_| RejectCode::PostOnlyWouldCross)?;
        instrument.check_price(order.price).map_err(|_| RejectCode::PostOnlyWouldCross)
    }

    /// The test for fill-or-kill, see the rules. `order.leaves` is its whole quantity.
    fn check_fill_or_kill(&self, order: &Order) -> Result<(), RejectCode> {
        let instrument = self.instruments.find(order.instrument)?;
        let makers = self.book.in_priority(order.instrument, order.side.opposite());
        let mut crossing = makers.iter().take_while(|maker| order.crosses(maker.price)).count();
        if self.canary == Canary::FillOrKillCountsOneTooMany {
            crossing += 1;
        }
        let (mut sum, mut steps, mut new_positions) = (0_i128, 0_u32, 0_usize);
        for maker in makers.into_iter().take(crossing) {
            if sum >= i128::from(order.leaves.get()) {
                break;
            }
            if steps == self.genesis.max_steps {
                return Err(RejectCode::FillOrKillExceedsSteps);
            }
            steps += 1;
            match self.prevention(order, maker) {
                // It will be cancelled on the way.
                Some(SelfTrade::CancelOldest) => continue,
                Some(_) => return Err(RejectCode::FillOrKillNotFillable),
                None if maker.reduce_only && self.canary != Canary::ReduceOnlyMakerCounts => continue,
                None => {}
            }
            if !self.positions.takes(maker, order.leaves, instrument) {
                return Err(RejectCode::FillOrKillNotFillable);
            }
            sum += i128::from(maker.leaves.get());
            new_positions += usize::from(!self.positions.has_record(maker));
        }
        new_positions += usize::from(!self.positions.has_record(order));
        let fillable = sum >= i128::from(order.leaves.get())
            && self.positions.takes(order, order.leaves, instrument)
            && new_positions <= self.positions.free_records();
        if fillable { Ok(()) } else { Err(RejectCode::FillOrKillNotFillable) }
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
        let rests = self.rests_at_once(instrument, &order);
        let mut flags = 0;
        for (holds, flag) in [
            (rests, Accepted::RESTS),
            (order.pricing == OrderType::Market, Accepted::MARKET),
            (order.post_only, Accepted::POST_ONLY),
            (order.reduce_only, Accepted::REDUCE_ONLY),
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
        self.trade_or_rest(order, rests);
    }

    /// What follows `Accepted`, and `Amended` of an order that left its place. The order is not in the book.
    pub(super) fn trade_or_rest(&mut self, mut order: Order, rests: bool) {
        if rests {
            return self.book.add(order);
        }
        let ended = self.sweep(&mut order);
        let immediate = (!order.may_rest()).then_some(CancelReason::ImmediateRemainder);
        if order.leaves == QuantityLots::ZERO {
            self.order_slots.give_back(order.id.slot());
        } else if let Some(reason) = ended.or(immediate) {
            self.emit_cancelled(&order, reason, 0);
            self.order_slots.give_back(order.id.slot());
        } else {
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
            self.book.add(order);
        }
    }

    /// Cancels an order that rests: it leaves the book and gives its slot back.
    pub(super) fn cancel_resting(&mut self, order: &Order, reason: CancelReason) {
        self.book.remove(order.id);
        self.emit_cancelled(order, reason, Cancelled::RESTED);
        self.order_slots.give_back(order.id.slot());
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
