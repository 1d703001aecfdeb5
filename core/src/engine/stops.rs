//! Stop orders: they wait outside the book until the last price reaches their trigger price, then act.
//!
//! Instruments with due stop orders stand in a row. Firing one may make others due, or no longer due, so which comes next
//! is asked anew each time.

use super::Engine;
use super::emit::Emitter;
use super::lifecycle::Acting;
use super::orders::Entry;
use super::sweep::Means;
use super::work::{STEP_UNITS, Worked};
use crate::arena::Marks;
use crate::book::{Order, Wait, trigger_bound};
use crate::event::Triggered;
use crate::ids::EntityId;
use crate::reject::{CancelReason, RejectCode};
use crate::sink::EventSink;
use crate::terms::TradingState;
use crate::units::{QuantityLots, TimeNs};
use bytemuck::Zeroable;

impl<M: Marks> Engine<'_, M> {
    /// Puts an accepted stop order where it waits.
    pub(super) fn wait_for_trigger(&mut self, order: &Order, slot: u32) {
        *self.book.order_mut(slot) = *order;
        let complex = order.terms.complex();
        let down = usize::from(self.book.complex(complex).triggers_down);
        let root = self.instruments.slab.get(order.instrument).stops[down & 1];
        let root = self.book.start_waiting(Wait::Trigger, root, complex);
        let instrument = self.instruments.slab.get_mut(order.instrument);
        instrument.stops[down & 1] = root;
        instrument.orders += 1;
        self.date(complex);
        if self.book.complex(complex).trails != 0 {
            self.begin_following(order.instrument, complex);
        }
        self.look_for_due(order.instrument);
    }

    /// Takes a stop order from where it waits.
    pub(super) fn end_waiting(&mut self, order: &Order) {
        let complex = order.terms.complex();
        let down = usize::from(self.book.complex(complex).triggers_down) & 1;
        let root = self.instruments.slab.get(order.instrument).stops[down];
        let root = self.book.stop_waiting(Wait::Trigger, root, complex);
        let instrument = self.instruments.slab.get_mut(order.instrument);
        instrument.stops[down] = root;
        instrument.orders -= 1;
    }

    /// Lets an instrument join the row if it has a due stop order.
    #[inline(always)]
    pub(super) fn look_for_due(&mut self, instrument: u32) {
        if self.instruments.slab.get(instrument).stops != [0; 2] {
            self.join_row(instrument);
        }
    }

    #[cold]
    #[inline(never)]
    fn join_row(&mut self, instrument: u32) {
        if self.markets.get(instrument).is_due != 0 || self.due_stop(instrument) == 0 {
            return;
        }
        self.markets.get_mut(instrument).is_due = 1;
        let header = self.header.get_mut();
        header.wake = TimeNs::ZERO;
        let before = core::mem::replace(&mut header.due.last, instrument);
        if before == 0 {
            header.due.first = instrument;
        } else {
            self.markets.get_mut(before).next_due = instrument;
        }
    }

    /// The first in the row leaves it.
    fn leave_row(&mut self, instrument: u32) {
        let market = self.markets.get_mut(instrument);
        market.is_due = 0;
        let next = core::mem::replace(&mut market.next_due, 0);
        let row = &mut self.header.get_mut().due;
        row.first = next;
        if next == 0 {
            row.last = 0;
        }
    }

    /// The complex record of the due stop order that was accepted first; 0 if none is due.
    fn due_stop(&self, instrument: u32) -> u32 {
        let record = self.instruments.slab.get(instrument);
        let Some(last) = record.last().filter(|_| record.is_in(TradingState::Continuous)) else { return 0 };
        let [up, down] = [false, true].map(|down| {
            let root = record.stops[usize::from(down)];
            self.book.first_waiting(Wait::Trigger, root, trigger_bound(last.0, down))
        });
        if up == 0 || down == 0 {
            return up | down;
        }
        if self.book.complex(up).accepted < self.book.complex(down).accepted { up } else { down }
    }

    /// Pending work: fires the next due stop order of the instrument that has been waiting longest.
    pub(super) fn fire_due<S: EventSink>(&mut self, units_left: &mut u32, out: &mut Emitter<'_, S>) -> Worked {
        if *units_left < STEP_UNITS || out.steps > self.header.get().genesis.max_steps / 2 {
            return Worked::Nothing;
        }
        loop {
            let instrument = self.header.get().due.first;
            if instrument == 0 {
                return Worked::Nothing;
            }
            let complex = self.due_stop(instrument);
            if complex != 0 {
                if self.is_margined() {
                    let account = self.book.order(self.book.complex(complex).order).account.slot();
                    if let Some(worked) = self.settle_before_firing(account, units_left, out) {
                        return worked;
                    }
                }
                *units_left -= STEP_UNITS;
                self.fire(complex, out);
                return Worked::Something;
            }
            self.leave_row(instrument);
        }
    }

    fn fire<S: EventSink>(&mut self, complex: u32, out: &mut Emitter<'_, S>) {
        let slot = self.book.complex(complex).order;
        let waiting = *self.book.order(slot);
        self.end_waiting(&waiting);
        self.end_following(&waiting, complex);
        let instrument = self.instruments.slab.get(waiting.instrument);
        let mut order = Order { terms: waiting.terms.triggered(), ..waiting };
        if order.terms.is_market() {
            order.price = order.price.max(instrument.limit_low).min(instrument.limit_high);
        }
        let asked = order.leaves;
        let lots = if order.terms.is_reduce_only() { self.tradable(&order, asked) } else { asked };
        order.leaves = if lots.0 == 0 { asked } else { lots };
        out.emit(Triggered {
            side: order.side().code(),
            instrument: instrument.id,
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            trigger: self.book.complex(complex).trigger,
            leaves: order.leaves,
            ..Triggered::zeroed()
        });
        *self.book.order_mut(slot) = order;
        let twin = self.book.complex(complex).twin;
        self.cancel_twin(twin, out);
        let checked = if lots.0 == 0 { Err(CancelReason::ReduceOnly) } else { Ok(()) };
        let checked = self.check_fired(&mut order, asked, out.steps).and_then(|acting| checked.map(|()| acting));
        let checked = checked.and_then(|acting| self.check_fired_margin(&order, asked, out).map(|()| acting));
        match checked {
            Ok(acting) => self.act(&order, slot, acting, out),
            Err(reason) => {
                self.say_cancelled(&order, reason, 0, out);
                self.forget_complex(&order, slot);
            }
        }
    }

    /// Checks the margin for an order that has just triggered, with the quantity asked for.
    fn check_fired_margin<S: EventSink>(
        &mut self,
        order: &Order,
        asked: QuantityLots,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), CancelReason> {
        if !self.is_margined() {
            return Ok(());
        }
        let entry = Entry::of(order, self.instruments.slab.get(order.instrument), asked);
        self.check_margin(&entry, order.price, None, out).map_err(|_| CancelReason::InsufficientMargin)
    }

    /// Checks an order that has just triggered as if it were entered now with the quantity asked for, and slides its price if
    /// it wants that.
    fn check_fired(&self, order: &mut Order, asked: QuantityLots, steps_made: u32) -> Result<Acting, CancelReason> {
        let account = self.accounts.slab.get(order.account.slot());
        let instrument = self.instruments.slab.get(order.instrument);
        if account.has_tripped() {
            return Err(CancelReason::ProtectionTripped);
        }
        if self.has_expired(order) {
            return Err(CancelReason::Expired);
        }
        if !order.terms.is_market() && (order.price < instrument.limit_low || order.price > instrument.limit_high) {
            return Err(CancelReason::PriceOutsideLimits);
        }
        let mut entry = Entry::of(order, instrument, asked);
        let budget = self.book.complex(order.terms.complex()).budget();
        let checked = self.check_placement(instrument, &mut entry, None, Means { budget, steps_made });
        // One that slid and has no room there is cancelled at the price that it slid to.
        order.price = entry.price;
        let placement = checked.map_err(|code| match code {
            RejectCode::PostOnlyWouldCross => CancelReason::PostOnlyWouldCross,
            RejectCode::LevelQuantityOverflow | RejectCode::LevelTableFull | RejectCode::LadderFull => {
                CancelReason::NoRoom
            }
            _ => CancelReason::FillOrKill,
        })?;
        Ok(Acting { rests: placement.rests, is_said: false })
    }
}
