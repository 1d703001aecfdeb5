//! The five order commands.

use bytemuck::Zeroable;

use super::book::Order;
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::command::{AmendOrder, CancelOrder, CommandHeader, NewOrder, OrderTarget, ReduceOrder, ReplaceOrder};
use crate::event::{Amended, Cancelled};
use crate::ids::{ClientOrderId, OrderId};
use crate::reject::{CancelReason, RejectCode};
use crate::terms::{OrderType, SelfTrade, Side, TimeInForce, TradingState};
use crate::units::QuantityLots;

impl NaiveEngine {
    pub(super) fn new_order(&mut self, c: &NewOrder) -> Result<OrderId, RejectCode> {
        let account = self.check_account(&c.header)?;
        let instrument = *self.instruments.find(c.instrument)?;
        check_not_busy(&instrument)?;
        check_not_halted(&instrument)?;
        let mut order = Order {
            id: OrderId::NONE,
            account,
            instrument: c.instrument,
            client_order_id: c.client_order_id,
            side: Side::from_code(c.side).ok_or(RejectCode::InvalidField)?,
            pricing: OrderType::from_code(c.order_type).ok_or(RejectCode::InvalidField)?,
            time_in_force: TimeInForce::from_code(c.time_in_force).ok_or(RejectCode::InvalidField)?,
            post_only: c.flags & (NewOrder::POST_ONLY | NewOrder::POST_ONLY_SLIDE) != 0,
            slides: c.flags & NewOrder::POST_ONLY_SLIDE != 0,
            reduce_only: c.flags & NewOrder::REDUCE_ONLY != 0,
            self_trade: SelfTrade::from_code(c.self_trade).ok_or(RejectCode::InvalidField)?,
            price: c.price,
            leaves: c.quantity,
        };
        if order.pricing == OrderType::Market {
            order.price = c.price.max(instrument.limit_low).min(instrument.limit_high);
        }
        let immediate = !order.may_rest();
        if order.post_only && immediate {
            return Err(RejectCode::PostOnlyImmediate);
        }
        if instrument.state == TradingState::Auction && immediate {
            return Err(RejectCode::ImmediateInAuction);
        }
        if instrument.state == TradingState::Continuous && order.time_in_force == TimeInForce::GoodForAuction {
            return Err(RejectCode::GoodForAuctionInContinuous);
        }
        self.check_terms(&instrument, &mut order, None)?;
        self.clip_to_position(&instrument, &mut order)?;
        let slot = self.order_slots.take().ok_or(RejectCode::OrderTableFull)?;
        order.id = OrderId::new(self.sequence, slot);
        self.accept(&instrument, order);
        Ok(order.id)
    }

    /// The common first part of the four commands about an order: account, order, and an instrument that is not busy.
    fn find_target(&self, header: &CommandHeader, target: OrderTarget) -> Result<(Order, Instrument), RejectCode> {
        let account = self.check_account(header)?;
        let order = if target.by == OrderTarget::BY_ORDER_ID {
            let id = OrderId(target.id);
            if !self.order_slots.was_used(id.slot()) {
                return Err(RejectCode::UnknownOrder);
            }
            let order = self.book.get(id).ok_or(RejectCode::StaleOrder)?;
            if order.account != account {
                return Err(RejectCode::OrderNotOwned);
            }
            *order
        } else {
            *self.book.by_client_order_id(account, ClientOrderId(target.id)).ok_or(RejectCode::UnknownOrder)?
        };
        let instrument = *self.instruments.find(order.instrument)?;
        check_not_busy(&instrument)?;
        Ok((order, instrument))
    }

    pub(super) fn cancel_order(&mut self, c: &CancelOrder) -> Result<OrderId, RejectCode> {
        let (order, _) = self.find_target(&c.header, c.target)?;
        let best_before = self.book.best(order.instrument, order.side).map(|best| best.price);
        self.cancel_resting(&order, CancelReason::Requested);
        let best_after = self.book.best(order.instrument, order.side).map(|best| best.price);
        if self.canary == Canary::LevelLostAfterCancel && best_before != best_after {
            self.book.lose_best_level(order.instrument, order.side);
        }
        Ok(order.id)
    }

    pub(super) fn reduce_order(&mut self, c: &ReduceOrder) -> Result<OrderId, RejectCode> {
        let (order, instrument) = self.find_target(&c.header, c.target)?;
        if c.by.get() <= 0 {
            return Err(RejectCode::QuantityNotPositive);
        }
        instrument.check_lot(c.by)?;
        if c.by >= order.leaves {
            self.cancel_resting(&order, CancelReason::ReducedToZero);
            return Ok(order.id);
        }
        let mut reduced = order;
        reduced.leaves = QuantityLots(order.leaves.get().saturating_sub(c.by.get()));
        self.book.set_leaves(order.id, reduced.leaves);
        if self.canary == Canary::ReducedLosesPlace {
            self.book.remove(order.id);
            self.book.add(reduced);
        }
        self.emit_amended(&order, &reduced, Amended::KEEPS_PRIORITY);
        Ok(order.id)
    }

    pub(super) fn amend_order(&mut self, c: &AmendOrder) -> Result<OrderId, RejectCode> {
        let (order, instrument) = self.find_target(&c.header, c.target)?;
        check_not_halted(&instrument)?;
        let mut amended = order;
        if c.changes & AmendOrder::QUANTITY != 0 {
            if c.quantity.get() <= 0 {
                self.cancel_resting(&order, CancelReason::AmendedToZero);
                return Ok(order.id);
            }
            instrument.check_lot(c.quantity)?;
            instrument.check_maximum(c.quantity)?;
            amended.leaves = c.quantity;
        }
        if c.changes & AmendOrder::PRICE != 0 {
            instrument.check_price(c.price)?;
            amended.price = c.price;
        }
        let mut keeps_priority = amended.price == order.price && amended.leaves <= order.leaves;
        if self.canary == Canary::AmendedUpKeepsPlace && amended.price == order.price {
            keeps_priority = true;
        }
        if keeps_priority {
            self.book.set_leaves(order.id, amended.leaves);
            self.emit_amended(&order, &amended, Amended::KEEPS_PRIORITY);
            return Ok(order.id);
        }
        self.check_post_only(&instrument, &mut amended)?;
        self.check_room(&amended, Some(&order))?;
        self.clip_to_position(&instrument, &mut amended)?;
        self.book.remove(order.id);
        let rests = self.rests_at_once(&instrument, &amended);
        self.emit_amended(&order, &amended, if rests { Amended::RESTS } else { 0 });
        self.trade_or_rest(amended, rests);
        Ok(order.id)
    }

    pub(super) fn replace_order(&mut self, c: &ReplaceOrder) -> Result<OrderId, RejectCode> {
        let (old, instrument) = self.find_target(&c.header, c.target)?;
        check_not_halted(&instrument)?;
        let mut order = Order {
            // The old order's slot serves the new one.
            id: OrderId::new(self.sequence, old.id.slot()),
            client_order_id: c.client_order_id,
            price: c.price,
            leaves: c.quantity,
            ..old
        };
        self.check_terms(&instrument, &mut order, Some(&old))?;
        self.clip_to_position(&instrument, &mut order)?;
        self.book.remove(old.id);
        self.emit_cancelled(&old, CancelReason::Replaced, Cancelled::RESTED);
        self.accept(&instrument, order);
        Ok(order.id)
    }

    fn emit_amended(&mut self, old: &Order, new: &Order, flags: u8) {
        self.emit(Amended {
            side: new.side.code(),
            flags,
            instrument: new.instrument,
            account: new.account,
            order: new.id,
            client_order_id: new.client_order_id,
            old_price: old.price,
            old_leaves: old.leaves,
            price: new.price,
            leaves: new.leaves,
            ..Amended::zeroed()
        });
    }
}

fn check_not_busy(instrument: &Instrument) -> Result<(), RejectCode> {
    if instrument.state == TradingState::Uncrossing { Err(RejectCode::BookBusy) } else { Ok(()) }
}

fn check_not_halted(instrument: &Instrument) -> Result<(), RejectCode> {
    if instrument.state == TradingState::Halted { Err(RejectCode::InstrumentHalted) } else { Ok(()) }
}
