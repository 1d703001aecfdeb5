//! Pegged orders: entering them, and the price that follows from a view.

use super::Engine;
use super::emit::Emitter;
use super::following::View;
use super::gate::{About, Execute, Roles, Sender};
use super::lifecycle::Acting;
use super::orders::{Entry, TRADER, check_open};
use super::sweep::Means;
use crate::arena::Marks;
use crate::book::{Complex, Terms};
use crate::command::NewPeggedOrder;
use crate::ids::OrderId;
use crate::instrument::Instrument;
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::{PegReference, Side, TimeInForce, TradingState};
use crate::units::{PriceTicks, TimeNs};
use bytemuck::Zeroable;

impl Execute for NewPeggedOrder {
    const ROLES: Roles = TRADER;

    fn about(&self) -> About {
        About { instrument: self.instrument, client_order_id: self.client_order_id, ..About::default() }
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        engine.entering_account(sender, self.header.account)?;
        let instrument_slot = engine.find_instrument(self.instrument)?;
        let instrument = engine.instruments.slab.get(instrument_slot);
        check_open(instrument)?;
        let terms = Terms::of_pegged(self);
        if !terms.may_rest() || terms.is(TimeInForce::GoodForAuction) {
            return Err(RejectCode::PegImmediate);
        }
        check_expiry(terms, self.expiry, engine.header.get().time)?;
        instrument.check_quantity(self.quantity)?;
        let record = Complex {
            accepted: out.sequence(),
            expiry: self.expiry,
            offset: self.offset,
            limit: self.limit,
            peg: self.reference,
            ..Complex::zeroed()
        };
        let view = engine.view_of(instrument_slot);
        let price = pegged_price(instrument, terms.side(), &record, view).ok_or(RejectCode::NoPegReference)?;
        let mut entry = Entry {
            account: self.header.account,
            instrument: instrument_slot,
            instrument_id: self.instrument,
            client_order_id: self.client_order_id,
            price: price?,
            quantity: self.quantity,
            terms,
        };
        let name = engine.check_client_order_id(&entry, 0)?;
        if !engine.book.has_order_room() {
            return Err(RejectCode::OrderTableFull);
        }
        if engine.book.complex_room() == 0 {
            return Err(RejectCode::ComplexOrderTableFull);
        }
        let rests = engine.check_placement(instrument, &mut entry, None, Means::ALL)?.rests;
        entry.quantity = engine.reducible(&entry)?;
        if engine.is_margined() {
            let bound = match terms.side() {
                Side::Buy => self.limit.min(instrument.limit_high),
                Side::Sell => self.limit.max(instrument.limit_low),
            };
            engine.check_margin(&entry, bound, None, out)?;
        }
        let slot = engine.book.take_order();
        let complex = engine.book.take_complex(Complex { order: slot, ..record });
        entry.terms = terms.with_complex(complex);
        engine.begin_following(instrument_slot, complex);
        let order = engine.enter_complex(&entry, slot, name.hash, rests, out);
        engine.act(&order, slot, Acting { rests, is_said: true }, out);
        Ok(order.id)
    }
}

/// Checks that an order has an expiry if it is good till a date, one that is still to come, and else none.
pub(super) fn check_expiry(terms: Terms, expiry: TimeNs, now: TimeNs) -> Result<(), RejectCode> {
    if !terms.is(TimeInForce::GoodTillDate) {
        return if expiry == TimeNs::ZERO { Ok(()) } else { Err(RejectCode::ExpiryWithoutGoodTillDate) };
    }
    if expiry <= now { Err(RejectCode::ExpiryInPast) } else { Ok(()) }
}

impl<M: Marks> Engine<'_, M> {
    /// Whether an order's price follows the book.
    pub(super) fn is_pegged(&self, terms: Terms) -> bool {
        terms.complex() != 0 && self.book.complex(terms.complex()).peg != 0
    }
}

/// The price of a pegged order in a view: none if the view has not what its reference needs, an error if it is out of
/// reach.
pub(super) fn pegged_price(
    instrument: &Instrument,
    side: Side,
    order: &Complex,
    view: View,
) -> Option<Result<PriceTicks, RejectCode>> {
    let price = |price: PriceTicks| i128::from(price.0);
    let (own, other) = if side == Side::Buy { (view.bid, view.ask) } else { (view.ask, view.bid) };
    // In half units, so that the middle is exact.
    let reference = match order.reference()? {
        PegReference::Primary => 2 * price(own?),
        PegReference::Market => 2 * price(other?),
        PegReference::Mid => price(own?) + price(other?),
    };
    let wanted = reference + 2 * price(order.offset);
    let (tick, opposite) = (price(instrument.tick), instrument.side(side.opposite()));
    let is_open = instrument.is_in(TradingState::Continuous) && opposite.best != 0;
    let best = price(opposite.best_price);
    let pegged = match side {
        Side::Buy => {
            let bound = wanted.min(2 * price(order.limit)).min(2 * price(instrument.limit_high));
            let rounded = bound.div_euclid(2 * tick) * tick;
            if is_open { rounded.min(best - tick) } else { rounded }
        }
        Side::Sell => {
            let bound = wanted.max(2 * price(order.limit)).max(2 * price(instrument.limit_low));
            let rounded = -(-bound).div_euclid(2 * tick) * tick;
            if is_open { rounded.max(best + tick) } else { rounded }
        }
    };
    let found = i64::try_from(pegged).map(PriceTicks).map_err(|_| RejectCode::PegOutOfReach);
    Some(found.and_then(|price| instrument.check_price(price).map(|()| price).map_err(|_| RejectCode::PegOutOfReach)))
}
