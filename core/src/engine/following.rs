//! Orders that follow the market: pegged orders the best prices, trailing stop orders the last price.
//!
//! Nothing on the order path knows of them. Instruments with followers stand in a ring, and whenever a command has said
//! something, pending work looks at each: is its view another than the last time? If so, a pass over its followers moves
//! those that have to move. So an instrument without followers costs nothing, and one that has them a look a command.

use super::Engine;
use super::emit::Emitter;
use super::pegs::pegged_price;
use super::work::{STEP_UNITS, Worked};
use crate::arena::Marks;
use crate::book::{Order, Wait};
use crate::event::Repriced;
use crate::reject::CancelReason;
use crate::sink::EventSink;
use crate::terms::{Side, TradingState};
use crate::units::{PriceTicks, TimeNs};
use bytemuck::Zeroable;

/// What followers look at: last price, best bid, best ask, the best prices without pegged orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) last: Option<PriceTicks>,
    pub(super) bid: Option<PriceTicks>,
    pub(super) ask: Option<PriceTicks>,
}

impl View {
    /// As a record holds it: which prices there are, the topmost of four bits always set, and the prices.
    fn parts(self) -> (u8, [PriceTicks; 3]) {
        let prices = [self.last, self.bid, self.ask];
        let bit = |place: usize| u8::from(prices[place].is_some()) << place;
        (8 | bit(0) | bit(1) | bit(2), prices.map(Option::unwrap_or_default))
    }

    fn of_parts(has: u8, prices: [PriceTicks; 3]) -> Self {
        let price = |place: usize| (has >> place & 1 != 0).then_some(prices[place]);
        Self { last: price(0), bid: price(1), ask: price(2) }
    }
}

/// The trigger price at a distance from the last price, if there is such a price.
pub(super) fn trailed(last: PriceTicks, distance: PriceTicks, down: bool) -> Option<PriceTicks> {
    let trigger = if down { last.0.checked_sub(distance.0) } else { last.0.checked_add(distance.0) };
    trigger.map(PriceTicks)
}

/// What following a view changes of an order.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// A pegged order's price.
    Price(PriceTicks),
    /// A trailing stop order's trigger price and limit price.
    Trigger(PriceTicks, PriceTicks),
}

impl<M: Marks> Engine<'_, M> {
    /// Makes a live order the last of its instrument's followers.
    pub(super) fn begin_following(&mut self, instrument: u32, complex: u32) {
        let market = self.markets.get_mut(instrument);
        let before = core::mem::replace(&mut market.last_follower, complex);
        if before != 0 {
            self.book.complex_mut(before).next_follower = complex;
            self.book.complex_mut(complex).previous_follower = before;
            return;
        }
        market.first_follower = complex;
        market.view_has = 0;
        // Slot 0 of the markets holds the ends of the ring.
        let last = core::mem::replace(&mut self.markets.get_mut(0).previous_in_ring, instrument);
        self.markets.get_mut(last).next_in_ring = instrument;
        let market = self.markets.get_mut(instrument);
        (market.previous_in_ring, market.next_in_ring) = (last, 0);
        let header = self.header.get_mut();
        header.in_ring += 1;
        header.wake = TimeNs::ZERO;
    }

    /// Takes an order from the followers, if it is one.
    pub(super) fn end_following(&mut self, order: &Order, complex: u32) {
        let record = self.book.complex_mut(complex);
        let (previous, next) = (record.previous_follower, record.next_follower);
        (record.previous_follower, record.next_follower) = (0, 0);
        let market = self.markets.get_mut(order.instrument);
        if previous == 0 && market.first_follower != complex {
            return;
        }
        if market.pass == complex {
            market.pass = next;
        }
        if previous == 0 {
            market.first_follower = next;
        }
        if next == 0 {
            market.last_follower = previous;
        }
        let is_last = market.first_follower == 0;
        if previous != 0 {
            self.book.complex_mut(previous).next_follower = next;
        }
        if next != 0 {
            self.book.complex_mut(next).previous_follower = previous;
        }
        if is_last {
            self.leave_ring(order.instrument);
        }
    }

    fn leave_ring(&mut self, instrument: u32) {
        let market = self.markets.get_mut(instrument);
        let (previous, next) = (market.previous_in_ring, market.next_in_ring);
        (market.previous_in_ring, market.next_in_ring) = (0, 0);
        self.markets.get_mut(previous).next_in_ring = next;
        self.markets.get_mut(next).previous_in_ring = previous;
        let header = self.header.get_mut();
        header.in_ring -= 1;
        if header.looked_last == instrument {
            header.looked_last = previous;
        }
    }

    /// The view of an instrument.
    pub(super) fn view_of(&self, instrument: u32) -> View {
        let record = self.instruments.slab.get(instrument);
        let [bid, ask] = [Side::Buy, Side::Sell].map(|side| self.book.best_unpegged(record.side(side)));
        View { last: record.last(), bid, ask }
    }

    /// Whether instruments are to be looked at, or a pass is under way.
    pub(super) fn has_following(&self) -> bool {
        let header = self.header.get();
        header.in_ring != 0 && (header.unlooked != 0 || self.markets.get(header.looked_last).pass != 0)
    }

    /// Has all instruments of the ring looked at again if there were events.
    pub(super) fn notice_events<S: EventSink>(&mut self, out: &mut Emitter<'_, S>) {
        if out.has_said_more() {
            let header = self.header.get_mut();
            header.unlooked = header.in_ring;
        }
    }

    /// Pending work: looks at the instruments of the ring, and carries passes on.
    pub(super) fn follow<S: EventSink>(&mut self, units_left: &mut u32, out: &mut Emitter<'_, S>) -> Worked {
        if self.header.get().in_ring == 0 {
            return Worked::Nothing;
        }
        self.notice_events(out);
        loop {
            let instrument = self.header.get().looked_last;
            if self.markets.get(instrument).pass != 0 {
                if self.carry_pass_on(instrument, units_left, out) == Worked::Enough {
                    return Worked::Enough;
                }
                self.notice_events(out);
            } else if self.header.get().unlooked == 0 || *units_left == 0 {
                return Worked::Nothing;
            } else {
                *units_left -= 1;
                self.look_at_next();
            }
        }
    }

    /// Looks at the next instrument of the ring; a pass begins if it shows another view.
    fn look_at_next(&mut self) {
        let last = self.header.get().looked_last;
        let next = match self.markets.get(last).next_in_ring {
            // Behind the last comes the first.
            0 => self.markets.get(0).next_in_ring,
            next => next,
        };
        let header = self.header.get_mut();
        (header.looked_last, header.unlooked) = (next, header.unlooked - 1);
        if !self.instruments.slab.get(next).is_in(TradingState::Continuous) {
            return;
        }
        let (has, view) = self.view_of(next).parts();
        let market = self.markets.get_mut(next);
        if (market.view_has, market.view) != (has, view) {
            (market.view_has, market.view, market.pass) = (has, view, market.first_follower);
        }
    }

    fn carry_pass_on<S: EventSink>(
        &mut self,
        instrument: u32,
        units_left: &mut u32,
        out: &mut Emitter<'_, S>,
    ) -> Worked {
        if !self.instruments.slab.get(instrument).is_in(TradingState::Continuous) {
            self.markets.get_mut(instrument).pass = 0;
            return Worked::Something;
        }
        let market = self.markets.get(instrument);
        let view = View::of_parts(market.view_has, market.view);
        loop {
            let complex = self.markets.get(instrument).pass;
            if complex == 0 {
                return Worked::Something;
            }
            let change = self.change(complex, view);
            let units = if change.is_some() { STEP_UNITS } else { 1 };
            if *units_left < units {
                return Worked::Enough;
            }
            *units_left -= units;
            self.markets.get_mut(instrument).pass = self.book.complex(complex).next_follower;
            match change {
                Some(Change::Price(price)) => self.move_pegged(complex, price, out),
                Some(Change::Trigger(trigger, limit)) => self.move_trigger(complex, trigger, limit, out),
                None => {}
            }
        }
    }

    /// What a follower has to change to follow a view.
    fn change(&self, complex: u32, view: View) -> Option<Change> {
        let record = self.book.complex(complex);
        let order = self.book.order(record.order);
        let instrument = self.instruments.slab.get(order.instrument);
        if record.peg != 0 {
            let price = pegged_price(instrument, order.side(), record, view)?.ok()?;
            return (price != order.price).then_some(Change::Price(price));
        }
        let down = record.triggers_down != 0;
        let trigger = trailed(view.last?, record.offset, down)?;
        let is_nearer = if down { trigger > record.trigger } else { trigger < record.trigger };
        if !is_nearer || instrument.check_range(trigger).is_err() {
            return None;
        }
        let shifted = i128::from(order.price.0) + i128::from(trigger.0) - i128::from(record.trigger.0);
        let shifted = i64::try_from(shifted).map(PriceTicks).ok();
        let shifted = shifted.filter(|price| !order.terms.is_market_stop() && instrument.check_range(*price).is_ok());
        Some(Change::Trigger(trigger, shifted.unwrap_or(order.price)))
    }

    /// Moves a pegged order to the back of another price; without room there it is cancelled.
    fn move_pegged<S: EventSink>(&mut self, complex: u32, price: PriceTicks, out: &mut Emitter<'_, S>) {
        let slot = self.book.complex(complex).order;
        let order = *self.book.order(slot);
        let open = self.open_quantity(&order);
        let instrument = self.instruments.slab.get(order.instrument);
        if self.room_at(instrument, order.side(), price, open, Some(&order)).is_err() {
            self.cancel(slot, CancelReason::NoRoom, out);
            return;
        }
        self.leave_complex(&order);
        let moved = Order { price, leaves: open, ..order };
        self.come_to_rest(&moved, slot);
        let trigger = PriceTicks::ZERO;
        self.say_repriced(&Order { leaves: open, ..order }, price, (trigger, trigger), Repriced::RESTS, out);
    }

    fn move_trigger<S: EventSink>(
        &mut self,
        complex: u32,
        trigger: PriceTicks,
        limit: PriceTicks,
        out: &mut Emitter<'_, S>,
    ) {
        let record = *self.book.complex(complex);
        let order = *self.book.order(record.order);
        let down = usize::from(record.triggers_down) & 1;
        let root = self.instruments.slab.get(order.instrument).stops[down];
        let root = self.book.stop_waiting(Wait::Trigger, root, complex);
        self.book.complex_mut(complex).trigger = trigger;
        let root = self.book.start_waiting(Wait::Trigger, root, complex);
        self.instruments.slab.get_mut(order.instrument).stops[down] = root;
        self.book.order_mut(record.order).price = limit;
        self.say_repriced(&order, limit, (record.trigger, trigger), 0, out);
    }

    fn say_repriced<S: EventSink>(
        &self,
        old: &Order,
        price: PriceTicks,
        (old_trigger, trigger): (PriceTicks, PriceTicks),
        flags: u8,
        out: &mut Emitter<'_, S>,
    ) {
        out.emit(Repriced {
            side: old.side().code(),
            flags,
            instrument: self.instruments.slab.get(old.instrument).id,
            account: old.account,
            order: old.id,
            client_order_id: old.client_order_id,
            old_price: old.price,
            price,
            old_trigger,
            trigger,
            leaves: old.leaves,
            ..Repriced::zeroed()
        });
    }
}
