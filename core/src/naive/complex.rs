//! How orders are entered, with all that a complex order may ask for. A new order asks for none of it.

use super::book::{Order, PostOnly, Trigger};
use super::following::trailing;
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::command::{NewComplexOrder, NewOrder};
use crate::ids::{AccountId, ClientOrderId, OrderId};
use crate::reject::RejectCode;
use crate::terms::{OrderType, SelfTrade, Side, TimeInForce, TradingState, TriggerDirection};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

impl NaiveEngine {
    pub(super) fn new_order(&mut self, c: &NewOrder) -> Result<OrderId, RejectCode> {
        self.new_complex_order(&NewComplexOrder::from(*c))
    }

    pub(super) fn new_complex_order(&mut self, c: &NewComplexOrder) -> Result<OrderId, RejectCode> {
        let account = self.check_trader(&c.header)?;
        let instrument = *self.instruments.find(c.instrument)?;
        instrument.check_not_busy()?;
        instrument.check_not_halted()?;
        let mut order = draft(c, account)?;
        order.accepted = self.sequence;
        if order.pricing == OrderType::Market {
            order.price = instrument.within_limits(order.price);
        }
        check_combination(c, &order)?;
        self.check_expiry(c.time_in_force, c.expiry)?;
        if !order.is_waiting() {
            check_state(&instrument, &order)?;
        }
        instrument.check_new_quantity(order.leaves)?;
        check_display(&instrument, c)?;
        if matches!(order.pricing, OrderType::Limit | OrderType::StopLimit) {
            instrument.check_price(order.price)?;
        }
        if let (Some(trail), Some(trigger)) = (order.trail, &mut order.trigger) {
            if trail <= PriceTicks::ZERO || instrument.check_tick(trail).is_err() {
                return Err(RejectCode::InvalidTrail);
            }
            let last = instrument.last.ok_or(RejectCode::NoLastPrice)?;
            trigger.price = trailing(last, trail, trigger.up).ok_or(RejectCode::PriceOutOfRange)?;
        }
        if let Some(trigger) = order.trigger {
            instrument.check_tick(trigger.price)?;
            instrument.check_range(trigger.price)?;
        }
        self.check_name(&order, None)?;
        let twin = self.find_twin(&order, c.twin)?;
        if self.order_slots.is_full() {
            return Err(RejectCode::OrderTableFull);
        }
        order.complex = order.is_waiting()
            || order.time_in_force == TimeInForce::GoodTillDate
            || twin.is_some()
            || order.is_iceberg();
        self.check_complex_room(&order, twin.as_ref())?;
        if order.is_waiting() {
            // As if it triggered now.
            let is_market = order.pricing == OrderType::Stop;
            let price = if is_market { instrument.within_limits(order.price) } else { order.price };
            self.check_margin(&Order { price, ..order }, None)?;
        } else {
            self.check_entry(&instrument, &mut order, None)?;
            self.clip_to_position(&instrument, &mut order)?;
            self.check_margin(&order, None)?;
        }
        let slot = self.order_slots.take().ok_or(RejectCode::OrderTableFull)?;
        order.id = OrderId::new(self.sequence, slot);
        if let Some(twin) = twin {
            self.join_twins(order.id, twin.id);
        }
        self.accept(&instrument, order);
        Ok(order.id)
    }

    pub(super) fn check_expiry(&self, time_in_force: u8, expiry: TimeNs) -> Result<(), RejectCode> {
        let good_till_date = time_in_force == TimeInForce::GoodTillDate.code();
        if !good_till_date && expiry != TimeNs::ZERO {
            return Err(RejectCode::ExpiryWithoutGoodTillDate);
        }
        if good_till_date && expiry <= self.time {
            return Err(RejectCode::ExpiryInPast);
        }
        Ok(())
    }

    /// The order that is to be the twin, if one is named.
    fn find_twin(&self, order: &Order, name: ClientOrderId) -> Result<Option<Order>, RejectCode> {
        if name == ClientOrderId::NONE {
            return Ok(None);
        }
        let twin = self.book.by_client_order_id(order.account, name).ok_or(RejectCode::UnknownTwin)?;
        if twin.instrument != order.instrument || self.twin_of(twin.id).is_some() {
            return Err(RejectCode::TwinUnfit);
        }
        Ok(Some(*twin))
    }

    /// Complex records for the order, and for its twin if that had none.
    pub(super) fn check_complex_room(&self, order: &Order, twin: Option<&Order>) -> Result<(), RejectCode> {
        let mut needed = usize::from(order.complex);
        if self.canary != Canary::TwinTakesNoRecord {
            needed += usize::from(twin.is_some_and(|twin| !twin.complex));
        }
        if needed == 0 {
            return Ok(());
        }
        let used = self.book.orders().filter(|order| order.complex).count();
        let full = used + needed > self.genesis.capacities.complex_orders as usize;
        if full { Err(RejectCode::ComplexOrderTableFull) } else { Ok(()) }
    }
}

/// The order as it was sent, without id, time and record.
fn draft(c: &NewComplexOrder, account: AccountId) -> Result<Order, RejectCode> {
    let side = Side::from_code(c.side).ok_or(RejectCode::InvalidField)?;
    let pricing = OrderType::from_code(c.order_type).ok_or(RejectCode::InvalidField)?;
    let time_in_force = TimeInForce::from_code(c.time_in_force).ok_or(RejectCode::InvalidField)?;
    let direction = TriggerDirection::from_code(c.direction).ok_or(RejectCode::InvalidField)?;
    let up = match direction {
        TriggerDirection::Up => true,
        TriggerDirection::Down => false,
        TriggerDirection::Default => side == Side::Buy,
    };
    let is_stop = matches!(pricing, OrderType::Stop | OrderType::StopLimit);
    let bits = (u128::from(c.budget[1]) << 64) | u128::from(c.budget[0]);
    let mut order = Order {
        id: OrderId::NONE,
        account,
        instrument: c.instrument,
        client_order_id: c.client_order_id,
        side,
        pricing,
        time_in_force,
        post_only: post_only(c.flags),
        reduce_only: c.flags & NewOrder::REDUCE_ONLY != 0,
        self_trade: SelfTrade::from_code(c.self_trade).ok_or(RejectCode::InvalidField)?,
        price: c.price,
        leaves: c.quantity,
        accepted: Sequence::ZERO,
        trigger: is_stop.then_some(Trigger { price: c.trigger, up }),
        display: c.display,
        display_minimum: c.display_minimum,
        shown: QuantityLots::ZERO,
        peg: None,
        trail: (c.gives & NewComplexOrder::TRAIL != 0).then_some(c.trigger),
        expiry: (time_in_force == TimeInForce::GoodTillDate).then_some(c.expiry),
        budget: (c.gives & NewComplexOrder::BUDGET != 0).then_some(bits.cast_signed()),
        complex: false,
        adverse: 0,
    };
    if !order.may_rest() {
        // What is shown has no meaning where nothing can rest.
        (order.display, order.display_minimum) = (QuantityLots::ZERO, QuantityLots::ZERO);
    }
    Ok(order)
}

/// A slide is a post-only order, whether the other flag says so or not.
pub(super) fn post_only(flags: u8) -> PostOnly {
    if flags & NewOrder::POST_ONLY_SLIDE != 0 {
        PostOnly::Slides
    } else if flags & NewOrder::POST_ONLY != 0 {
        PostOnly::Rejected
    } else {
        PostOnly::No
    }
}

/// What contradicts itself whatever the market is.
fn check_combination(c: &NewComplexOrder, order: &Order) -> Result<(), RejectCode> {
    let has_trigger = c.gives & NewComplexOrder::TRIGGER != 0;
    if order.is_waiting() && !has_trigger {
        return Err(RejectCode::StopWithoutTrigger);
    }
    if !order.is_waiting() && has_trigger {
        return Err(RejectCode::TriggerWithoutStop);
    }
    if order.is_waiting() && order.time_in_force == TimeInForce::GoodForAuction {
        return Err(RejectCode::StopGoodForAuction);
    }
    if order.post_only != PostOnly::No && !order.may_rest() {
        return Err(RejectCode::PostOnlyImmediate);
    }
    if order.budget.is_some() && order.time_in_force != TimeInForce::FillOrKill {
        return Err(RejectCode::BudgetWithoutFillOrKill);
    }
    Ok(())
}

/// What an order that acts at once may not be in the state that the instrument is in.
fn check_state(instrument: &Instrument, order: &Order) -> Result<(), RejectCode> {
    if instrument.state == TradingState::Auction && !order.may_rest() {
        return Err(RejectCode::ImmediateInAuction);
    }
    if instrument.state == TradingState::Continuous && order.time_in_force == TimeInForce::GoodForAuction {
        return Err(RejectCode::GoodForAuctionInContinuous);
    }
    Ok(())
}

/// What is shown, as it was sent: checked also where it is without meaning.
fn check_display(instrument: &Instrument, c: &NewComplexOrder) -> Result<(), RejectCode> {
    instrument.check_lot(c.display)?;
    if c.display > c.quantity {
        return Err(RejectCode::DisplayAboveQuantity);
    }
    if c.display_minimum > c.display {
        return Err(RejectCode::DisplayMinimumAboveDisplay);
    }
    Ok(())
}
