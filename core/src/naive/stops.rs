//! Stop orders: the row of instruments in which some are due, and what they do when they fire.

use bytemuck::Zeroable;

use super::book::Order;
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::event::Triggered;
use crate::ids::InstrumentId;
use crate::reject::CancelReason;
use crate::terms::{OrderType, TimeInForce, TradingState};
use crate::units::QuantityLots;

impl NaiveEngine {
    /// Of the instrument's stop orders that are due the one that was accepted first.
    fn first_due_stop(&self, id: InstrumentId) -> Option<Order> {
        let instrument = self.instruments.find(id).ok()?;
        let last = instrument.last.filter(|_| instrument.state == TradingState::Continuous)?;
        let mut due = self.book.waiting(id).filter(|order| order.trigger.is_some_and(|trigger| trigger.is_due(last)));
        if self.canary == Canary::StopsFireByTriggerPrice {
            return due.min_by_key(|order| order.trigger.map(|trigger| trigger.price)).copied();
        }
        due.next().copied()
    }

    /// Has the instrument join the row, if it has a due stop order and is not in it.
    pub(super) fn join_stop_row(&mut self, id: InstrumentId) {
        if !self.stop_row.contains(&id) && self.first_due_stop(id).is_some() {
            self.stop_row.push_back(id);
        }
    }

    /// The stop order that fires next: of the instrument that is first in the row. Instruments that have none that is
    /// due leave the row.
    pub(super) fn next_in_row(&mut self) -> Option<Order> {
        while let Some(id) = self.stop_row.front().copied() {
            if let Some(order) = self.first_due_stop(id) {
                return Some(order);
            }
            self.stop_row.pop_front();
        }
        None
    }

    /// Fires it.
    pub(super) fn fire_next(&mut self, order: Order) {
        self.trigger(order);
        if self.canary == Canary::StopsNotAskedAnew {
            self.stop_row.pop_front();
        }
    }

    /// Whether its account's margin forbids an order that has triggered.
    fn margin_obstacle(&mut self, order: &Order, asked: QuantityLots) -> Option<CancelReason> {
        let whole = Order { leaves: asked, ..*order };
        self.check_margin(&whole, None).err().map(|_| CancelReason::InsufficientMargin)
    }

    fn trigger(&mut self, waiting: Order) {
        let Ok(instrument) = self.instruments.find(waiting.instrument).copied() else { return };
        self.book.remove(waiting.id);
        let mut order = Order { trigger: None, ..waiting };
        if order.pricing == OrderType::Stop {
            order.pricing = OrderType::Market;
            order.price = instrument.within_limits(order.price);
        } else {
            order.pricing = OrderType::Limit;
        }
        let reducible = self.positions.reducible(&order);
        if order.reduce_only && reducible > QuantityLots::ZERO {
            order.leaves = order.leaves.min(reducible);
        }
        self.emit(Triggered {
            side: order.side.code(),
            instrument: order.instrument,
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            trigger: waiting.trigger.map(|trigger| trigger.price).unwrap_or_default(),
            leaves: order.leaves,
            ..Triggered::zeroed()
        });
        let twin = self.twin_of(order.id);
        self.cancel_twin(twin);
        let obstacle = self.obstacle_to_firing(&instrument, &mut order, waiting.leaves);
        match obstacle.or_else(|| self.margin_obstacle(&order, waiting.leaves)) {
            Some(reason) => {
                self.cancel_taker(&order, reason);
            }
            None => self.trade_or_rest(order, false),
        }
    }

    /// Why an order that has triggered is cancelled instead of acting; one that slides is moved on the way.
    /// It is asked with the quantity that it was entered with, as a new order is.
    fn obstacle_to_firing(
        &self,
        instrument: &Instrument,
        order: &mut Order,
        asked: QuantityLots,
    ) -> Option<CancelReason> {
        if self.is_tripped(order.account) {
            return Some(CancelReason::ProtectionTripped);
        }
        if order.is_expired(self.time) {
            return Some(CancelReason::Expired);
        }
        if order.pricing == OrderType::Limit && instrument.check_limits(order.price).is_err() {
            return Some(CancelReason::PriceOutsideLimits);
        }
        if self.check_post_only(instrument, order).is_err() {
            return Some(CancelReason::PostOnlyWouldCross);
        }
        let whole = Order { leaves: asked, ..*order };
        if order.time_in_force == TimeInForce::FillOrKill && self.check_fill_or_kill(&whole).is_err() {
            return Some(CancelReason::FillOrKill);
        }
        if order.may_rest() && self.check_room(&whole, None).is_err() {
            return Some(CancelReason::NoRoom);
        }
        if order.reduce_only && self.positions.reducible(order) == QuantityLots::ZERO {
            return Some(CancelReason::ReduceOnly);
        }
        None
    }
}
