//! Complex orders: entering them, and what moves their hidden quantity.

use super::Engine;
use super::emit::Emitter;
use super::following::trailed;
use super::gate::{About, Execute, Roles, Sender};
use super::lifecycle::Acting;
use super::orders::{Entry, TRADER, check_open, check_timing};
use super::pegs::check_expiry;
use super::sweep::Means;
use crate::arena::Marks;
use crate::book::{Complex, Order, Place, Terms, triggers_down};
use crate::command::NewComplexOrder;
use crate::event::{Accepted, Amended, Cancelled, Replenished};
use crate::ids::{ClientOrderId, OrderId};
use crate::instrument::Instrument;
use crate::reject::{CancelReason, RejectCode};
use crate::sink::EventSink;
use crate::terms::{OrderType, TimeInForce};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};
use bytemuck::Zeroable;

impl Execute for NewComplexOrder {
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
        let mut entry = Entry {
            account: self.header.account,
            instrument: instrument_slot,
            instrument_id: self.instrument,
            client_order_id: self.client_order_id,
            price: self.price,
            quantity: self.quantity,
            terms: Terms::of_complex(self),
        };
        self.check_terms(engine.header.get().time, instrument, &mut entry)?;
        let name = engine.check_client_order_id(&entry, 0)?;
        let twin = engine.find_twin(self, instrument_slot)?;
        if !engine.book.has_order_room() {
            return Err(RejectCode::OrderTableFull);
        }
        let is_complex = self.needs_record(entry.terms);
        let twin_needs_one = twin != 0 && engine.book.order(twin).terms.complex() == 0;
        if engine.book.complex_room() < u32::from(is_complex) + u32::from(twin_needs_one) {
            return Err(RejectCode::ComplexOrderTableFull);
        }
        let mut acting = Acting { rests: false, is_said: true };
        if !entry.terms.waits() {
            acting.rests = engine
                .check_placement(instrument, &mut entry, None, Means { budget: self.budget(), ..Means::ALL })?
                .rests;
            entry.quantity = engine.reducible(&entry)?;
        }
        if engine.is_margined() {
            let price = engine.acting_price(&entry);
            engine.check_margin(&entry, price, None, out)?;
        }
        if entry.terms.is(TimeInForce::GoodForAuction) {
            engine.instruments.slab.get_mut(instrument_slot).has_auction_orders = 1;
        }
        let slot = engine.book.take_order();
        if is_complex {
            let instrument = engine.instruments.slab.get(instrument_slot);
            let record = self.record(instrument, &entry, slot, out.sequence());
            entry.terms = entry.terms.with_complex(engine.book.take_complex(record));
        }
        if twin != 0 {
            engine.make_twins(entry.terms.complex(), twin);
        }
        let order = engine.enter_complex(&entry, slot, name.hash, acting.rests, out);
        if order.terms.waits() {
            engine.wait_for_trigger(&order, slot);
        } else {
            engine.act(&order, slot, acting, out);
        }
        Ok(order.id)
    }
}

impl NewComplexOrder {
    /// The checks that need neither book nor other orders, in the order of the rules.
    fn check_terms(&self, now: TimeNs, instrument: &Instrument, entry: &mut Entry) -> Result<(), RejectCode> {
        let terms = entry.terms;
        let has_trigger = self.gives & Self::TRIGGER != 0;
        if terms.waits() != has_trigger {
            return Err(if has_trigger { RejectCode::TriggerWithoutStop } else { RejectCode::StopWithoutTrigger });
        }
        if terms.waits() && terms.is(TimeInForce::GoodForAuction) {
            return Err(RejectCode::StopGoodForAuction);
        }
        let acts_as = if terms.waits() { terms.triggered() } else { terms };
        if terms.is_post_only() && !acts_as.may_rest() {
            return Err(RejectCode::PostOnlyImmediate);
        }
        if self.budget().is_some() && !terms.is(TimeInForce::FillOrKill) {
            return Err(RejectCode::BudgetWithoutFillOrKill);
        }
        check_expiry(terms, self.expiry, now)?;
        if !terms.waits() {
            check_timing(terms, instrument)?;
        }
        instrument.check_quantity(self.quantity)?;
        if self.display != QuantityLots::ZERO {
            instrument.check_lot(self.display)?;
        }
        if self.display > self.quantity {
            return Err(RejectCode::DisplayAboveQuantity);
        }
        if self.display_minimum > self.display {
            return Err(RejectCode::DisplayMinimumAboveDisplay);
        }
        if terms.is_market() {
            entry.price = entry.price.max(instrument.limit_low).min(instrument.limit_high);
        } else if self.order_type != OrderType::Stop.code() {
            instrument.check_price(self.price)?;
        }
        if has_trigger {
            let trigger = self.first_trigger(instrument, entry)?;
            instrument.check_tick(trigger)?;
            instrument.check_range(trigger)?;
        }
        Ok(())
    }

    fn trails(&self) -> bool {
        self.gives & Self::TRAIL != 0
    }

    /// The trigger price on entry: as given, or at its distance from the last price.
    fn first_trigger(&self, instrument: &Instrument, entry: &Entry) -> Result<PriceTicks, RejectCode> {
        if !self.trails() {
            return Ok(self.trigger);
        }
        if self.trigger <= PriceTicks::ZERO || instrument.check_tick(self.trigger).is_err() {
            return Err(RejectCode::InvalidTrail);
        }
        let last = instrument.last().ok_or(RejectCode::NoLastPrice)?;
        let down = triggers_down(entry.terms.side(), self.direction);
        trailed(last, self.trigger, down).ok_or(RejectCode::PriceOutOfRange)
    }

    fn budget(&self) -> Option<i128> {
        let [low, high] = self.budget.map(u128::from);
        (self.gives & Self::BUDGET != 0).then_some((high << 64 | low).cast_signed())
    }

    /// Whether it needs more than an order record. What is immediate hides nothing.
    fn needs_record(&self, terms: Terms) -> bool {
        let hides = self.display != QuantityLots::ZERO && terms.may_rest();
        terms.waits() || hides || self.twin != ClientOrderId::NONE || terms.is(TimeInForce::GoodTillDate)
    }

    fn record(&self, instrument: &Instrument, entry: &Entry, slot: u32, accepted: Sequence) -> Complex {
        let acts_as = if entry.terms.waits() { entry.terms.triggered() } else { entry.terms };
        let display = if acts_as.may_rest() { self.display } else { QuantityLots::ZERO };
        Complex {
            order: slot,
            accepted,
            display,
            display_minimum: if display.0 == 0 { display } else { self.display_minimum },
            // It was computed once before, without an error.
            trigger: self.first_trigger(instrument, entry).unwrap_or(self.trigger),
            offset: if self.trails() { self.trigger } else { PriceTicks::ZERO },
            trails: u8::from(self.trails()),
            expiry: self.expiry,
            budget: self.budget,
            triggers_down: u8::from(triggers_down(entry.terms.side(), self.direction)),
            has_budget: u8::from(self.budget().is_some()),
            ..Complex::zeroed()
        }
    }
}

impl<M: Marks> Engine<'_, M> {
    /// The slot of the order that is to be a new one's twin; 0 if it names none.
    fn find_twin(&self, order: &NewComplexOrder, instrument: u32) -> Result<u32, RejectCode> {
        if order.twin == ClientOrderId::NONE {
            return Ok(0);
        }
        let slot = self.find_client_order(order.header.account, order.twin).slot;
        if slot == 0 {
            return Err(RejectCode::UnknownTwin);
        }
        let twin = self.book.order(slot);
        let is_fit = twin.instrument == instrument && self.twin_of(twin) == 0;
        if is_fit { Ok(slot) } else { Err(RejectCode::TwinUnfit) }
    }

    /// What an order has open, shown and hidden.
    #[inline(always)]
    pub(super) fn open_quantity(&self, order: &Order) -> QuantityLots {
        QuantityLots(order.leaves.0 + self.book.hidden(order))
    }

    /// The flags that say what a complex order is.
    pub(super) fn complex_flags(&self, order_terms: Terms) -> u8 {
        let record = self.book.complex(order_terms.complex());
        let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
        flag(order_terms.waits(), Accepted::STOP)
            | flag(order_terms.is_market_stop(), Accepted::MARKET)
            | flag(record.display.0 != 0, Accepted::ICEBERG)
            | flag(record.twin != 0, Accepted::TWIN)
            | flag(record.peg != 0 || order_terms.waits() && record.trails != 0, Accepted::FOLLOWS)
    }

    /// Whether an order shows only a part of its quantity at once.
    #[inline(always)]
    pub(super) fn is_iceberg(&self, terms: Terms) -> bool {
        terms.complex() != 0 && self.book.complex(terms.complex()).display.0 != 0
    }

    /// After a trade took `quantity` of what a resting complex order shows: it leaves, is replenished, or stays.
    pub(super) fn take_shown<S: EventSink>(
        &mut self,
        slot: u32,
        quantity: QuantityLots,
        taker_is_done: bool,
        out: &mut Emitter<'_, S>,
    ) {
        let order = *self.book.order(slot);
        let (shown, hidden) = (order.leaves.0 - quantity.0, self.book.hidden(&order));
        if shown + hidden == 0 {
            return self.remove(&order, slot);
        }
        self.release(slot, order.side(), quantity.0);
        let record = self.book.complex(order.terms.complex());
        let shows_too_little = taker_is_done && shown < record.display_minimum.0;
        if shown == 0 || shows_too_little {
            self.replenish(slot, shown + hidden, Place::Back, out);
        } else {
            self.book.take_off(slot, quantity.0);
        }
    }

    /// Has an iceberg show its display, or all that is left, and says so.
    pub(super) fn replenish<S: EventSink>(&mut self, slot: u32, open: i64, place: Place, out: &mut Emitter<'_, S>) {
        let order = *self.book.order(slot);
        let shown = self.book.complex(order.terms.complex()).shown_of(open);
        self.book.show(slot, shown, open - shown, place);
        let flags = if place == Place::Same { Replenished::KEEPS_PRIORITY } else { 0 };
        self.say_replenished(&order, QuantityLots(shown), QuantityLots(open), flags, out);
    }

    pub(super) fn say_replenished<S: EventSink>(
        &self,
        order: &Order,
        shown: QuantityLots,
        leaves: QuantityLots,
        flags: u8,
        out: &mut Emitter<'_, S>,
    ) {
        out.emit(Replenished {
            side: order.side().code(),
            flags,
            instrument: self.instruments.slab.get(order.instrument).id,
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            price: order.price,
            shown,
            leaves,
            ..Replenished::zeroed()
        });
    }

    /// Lowers a complex order's open quantity; it keeps its place. What is hidden goes first.
    pub(super) fn lower_complex<S: EventSink>(&mut self, slot: u32, leaves: i64, out: &mut Emitter<'_, S>) -> OrderId {
        let order = *self.book.order(slot);
        let open = Order { leaves: self.open_quantity(&order), ..order };
        self.say_amended(&open, open.price, QuantityLots(leaves), Amended::KEEPS_PRIORITY, out);
        self.release(slot, order.side(), open.leaves.0 - leaves);
        let shown = order.leaves.0.min(leaves);
        self.book.show(slot, shown, leaves - shown, Place::Same);
        order.id
    }

    /// Says that a live complex order is cancelled.
    pub(super) fn say_complex_cancelled<S: EventSink>(
        &self,
        order: &Order,
        reason: CancelReason,
        out: &mut Emitter<'_, S>,
    ) {
        let flags = if order.terms.waits() { 0 } else { Cancelled::RESTED };
        self.say_cancelled(&Order { leaves: self.open_quantity(order), ..*order }, reason, flags, out);
    }

    /// Takes a live complex order, as it stands in its slot, out of the book or from where it waits.
    pub(super) fn leave_complex(&mut self, order: &Order) {
        if order.terms.waits() {
            return self.end_waiting(order);
        }
        self.book.hide(order, 0);
        if self.is_pegged(order.terms) {
            self.book.count_pegged(order.level, false);
        }
        self.leave(order);
    }

    /// Gives back all that a complex order which is in no queue still has.
    #[cold]
    #[inline(never)]
    pub(super) fn forget_complex(&mut self, order: &Order, slot: u32) {
        let complex = order.terms.complex();
        if complex != 0 {
            self.undate(complex);
            self.end_following(order, complex);
            self.part_twins(complex);
            self.book.give_complex_back(complex);
        }
        self.forget(order, slot);
    }
}
