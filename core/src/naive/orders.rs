//! The four commands about an order that is live.

use bytemuck::Zeroable;

use super::book::Order;
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::command::{AmendOrder, CancelOrder, CommandHeader, OrderTarget, ReduceOrder, ReplaceOrder};
use crate::event::{Amended, Cancelled};
use crate::ids::{AccountId, ClientOrderId, OrderId};
use crate::reject::{CancelReason, RejectCode};
use crate::units::QuantityLots;

impl NaiveEngine {
    /// The common part of the four commands after the account: the order, and an instrument that is not busy.
    fn find_target(&self, account: AccountId, target: OrderTarget) -> Result<(Order, Instrument), RejectCode> {
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
        instrument.check_not_busy()?;
        Ok((order, instrument))
    }

    /// The common part of the two commands that may have an order trade.
    fn find_active(&self, header: &CommandHeader, target: OrderTarget) -> Result<(Order, Instrument), RejectCode> {
        let account = self.check_trader(header)?;
        let (order, instrument) = self.find_target(account, target)?;
        instrument.check_not_halted()?;
        check_triggered(&order)?;
        if order.is_expired(self.time) {
            return Err(RejectCode::ExpiryInPast);
        }
        Ok((order, instrument))
    }

    pub(super) fn cancel_order(&mut self, c: &CancelOrder) -> Result<OrderId, RejectCode> {
        let account = self.check_account(&c.header)?;
        let (order, _) = self.find_target(account, c.target)?;
        let best_before = self.book.best(order.instrument, order.side).map(|best| best.price);
        self.cancel_live(&order, CancelReason::Requested);
        let best_after = self.book.best(order.instrument, order.side).map(|best| best.price);
        if self.canary == Canary::LevelLostAfterCancel && best_before != best_after {
            self.book.lose_best_level(order.instrument, order.side);
        }
        Ok(order.id)
    }

    pub(super) fn reduce_order(&mut self, c: &ReduceOrder) -> Result<OrderId, RejectCode> {
        let account = self.check_account(&c.header)?;
        let (order, instrument) = self.find_target(account, c.target)?;
        check_triggered(&order)?;
        if c.by.get() <= 0 {
            return Err(RejectCode::QuantityNotPositive);
        }
        instrument.check_lot(c.by)?;
        if c.by >= order.leaves {
            self.cancel_live(&order, CancelReason::ReducedToZero);
            return Ok(order.id);
        }
        let mut reduced = order;
        reduced.leaves = QuantityLots(order.leaves.get().saturating_sub(c.by.get()));
        self.shrink(&order, reduced.leaves);
        if self.canary == Canary::ReducedLosesPlace {
            self.book.remove(order.id);
            self.book.add(reduced);
        }
        self.emit_amended(&order, &reduced, Amended::KEEPS_PRIORITY);
        Ok(order.id)
    }

    pub(super) fn amend_order(&mut self, c: &AmendOrder) -> Result<OrderId, RejectCode> {
        let (order, instrument) = self.find_active(&c.header, c.target)?;
        if order.peg.is_some() && c.changes & AmendOrder::PRICE != 0 {
            return Err(RejectCode::PegFixesPrice);
        }
        let mut amended = order;
        if c.changes & AmendOrder::QUANTITY != 0 {
            if c.quantity.get() <= 0 {
                self.cancel_live(&order, CancelReason::AmendedToZero);
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
            self.shrink(&order, amended.leaves);
            self.emit_amended(&order, &amended, Amended::KEEPS_PRIORITY);
            return Ok(order.id);
        }
        self.check_post_only(&instrument, &mut amended)?;
        self.check_room(&amended, Some(&order))?;
        self.clip_to_position(&instrument, &mut amended)?;
        self.check_margin(&amended, Some(&order))?;
        self.book.remove(order.id);
        self.keep(order.account, order.instrument);
        let rests = self.rests_at_once(&instrument, &amended);
        self.emit_amended(&order, &amended, if rests && !order.is_iceberg() { Amended::RESTS } else { 0 });
        self.trade_or_rest(amended, rests);
        Ok(order.id)
    }

    pub(super) fn replace_order(&mut self, c: &ReplaceOrder) -> Result<OrderId, RejectCode> {
        let (old, instrument) = self.find_active(&c.header, c.target)?;
        if old.peg.is_some() {
            return Err(RejectCode::PegFixesPrice);
        }
        let mut order = Order {
            // The old order's slot serves the new one.
            id: OrderId::new(self.sequence, old.id.slot()),
            accepted: self.sequence,
            client_order_id: c.client_order_id,
            price: c.price,
            leaves: c.quantity,
            ..old
        };
        instrument.check_new_quantity(order.leaves)?;
        instrument.check_price(order.price)?;
        self.check_name(&order, Some(&old))?;
        self.check_entry(&instrument, &mut order, Some(&old))?;
        self.clip_to_position(&instrument, &mut order)?;
        self.check_margin(&order, Some(&old))?;
        self.book.remove(old.id);
        self.keep(old.account, old.instrument);
        self.emit_cancelled(&old, CancelReason::Replaced, Cancelled::RESTED);
        self.hand_twin_on(old.id, order.id);
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

/// A stop order that waits can only be cancelled.
fn check_triggered(order: &Order) -> Result<(), RejectCode> {
    if order.is_waiting() { Err(RejectCode::StopNotTriggered) } else { Ok(()) }
}
