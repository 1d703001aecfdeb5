//! How a pegged order is entered.

use super::NaiveEngine;
use super::book::Order;
use super::complex::post_only;
use super::following::{Peg, within_reach};
use crate::command::{NewOrder, NewPeggedOrder};
use crate::ids::OrderId;
use crate::reject::RejectCode;
use crate::terms::{OrderType, PegReference, SelfTrade, Side, TimeInForce};
use crate::units::{PriceTicks, QuantityLots};

impl NaiveEngine {
    pub(super) fn new_pegged_order(&mut self, c: &NewPeggedOrder) -> Result<OrderId, RejectCode> {
        let account = self.check_trader(&c.header)?;
        let instrument = *self.instruments.find(c.instrument)?;
        instrument.check_not_busy()?;
        instrument.check_not_halted()?;
        let time_in_force = TimeInForce::from_code(c.time_in_force).ok_or(RejectCode::InvalidField)?;
        let peg = Peg {
            reference: PegReference::from_code(c.reference).ok_or(RejectCode::InvalidField)?,
            offset: c.offset,
            limit: c.limit,
        };
        let mut order = Order {
            id: OrderId::NONE,
            account,
            instrument: c.instrument,
            client_order_id: c.client_order_id,
            side: Side::from_code(c.side).ok_or(RejectCode::InvalidField)?,
            pricing: OrderType::Limit,
            time_in_force,
            post_only: post_only(c.flags),
            reduce_only: c.flags & NewOrder::REDUCE_ONLY != 0,
            self_trade: SelfTrade::from_code(c.self_trade).ok_or(RejectCode::InvalidField)?,
            price: PriceTicks::ZERO,
            leaves: c.quantity,
            accepted: self.sequence,
            trigger: None,
            display: QuantityLots::ZERO,
            display_minimum: QuantityLots::ZERO,
            shown: QuantityLots::ZERO,
            peg: Some(peg),
            trail: None,
            expiry: (time_in_force == TimeInForce::GoodTillDate).then_some(c.expiry),
            budget: None,
            complex: true,
            adverse: 0,
        };
        if !order.may_rest() || time_in_force == TimeInForce::GoodForAuction {
            return Err(RejectCode::PegImmediate);
        }
        self.check_expiry(c.time_in_force, c.expiry)?;
        instrument.check_new_quantity(order.leaves)?;
        let view = self.view_of(c.instrument);
        let price = self.pegged_price(&instrument, &order, peg, view).ok_or(RejectCode::NoPegReference)?;
        order.price = within_reach(&instrument, price).ok_or(RejectCode::PegOutOfReach)?;
        self.check_name(&order, None)?;
        if self.order_slots.is_full() {
            return Err(RejectCode::OrderTableFull);
        }
        self.check_complex_room(&order, None)?;
        self.check_room(&order, None)?;
        self.clip_to_position(&instrument, &mut order)?;
        self.check_margin(&order, None)?;
        let slot = self.order_slots.take().ok_or(RejectCode::OrderTableFull)?;
        order.id = OrderId::new(self.sequence, slot);
        self.accept(&instrument, order);
        Ok(order.id)
    }
}
