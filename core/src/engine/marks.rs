//! Marks of futures and perpetuals: rounds that timer commands begin.

use super::Engine;
use super::effort::ROUND_UNITS;
use super::emit::Emitter;
use super::gate::{Execute, Roles, Sender};
use super::venue::SEQUENCER;
use crate::arena::Marks;
use crate::command::Timer;
use crate::event::MarkPriceSet;
use crate::ids::OrderId;
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::{InstrumentKind, Side, TradingState, Validity};
use crate::units::{PriceTicks, TimeNs};
use crate::valuation::{Judge, Risk, within_band};
use bytemuck::Zeroable;

impl Execute for Timer {
    const ROLES: Roles = SEQUENCER;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        _out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let now = engine.header.get().time;
        let valuation = engine.valuation.get_mut();
        if valuation.round_next == 0 && valuation.marked.first != 0 {
            (valuation.round_next, valuation.round_time) = (valuation.marked.first, now);
            engine.header.get_mut().wake = TimeNs::ZERO;
        }
        Ok(OrderId::NONE)
    }
}

impl<M: Marks> Engine<'_, M> {
    /// Carries the round on; true if it is over.
    pub(super) fn carry_round_on<S: EventSink>(&mut self, units_left: &mut u32, out: &mut Emitter<'_, S>) -> bool {
        loop {
            let slot = self.valuation.get().round_next;
            if slot == 0 {
                return true;
            }
            if *units_left < ROUND_UNITS {
                return false;
            }
            *units_left -= ROUND_UNITS;
            self.look_at_mark(slot, out);
            self.valuation.get_mut().round_next = self.risks.get(slot).marked.next;
        }
    }

    /// What an instrument's mark is held to: none while that feed is invalid.
    fn mark_reference(&self, slot: u32, at: TimeNs) -> Option<i64> {
        let risk = self.risks.get(slot);
        let underlying = self.underlyings.slab.get(risk.underlying);
        let is_perpetual = self.instruments.slab.get(slot).kind == InstrumentKind::Perpetual.code();
        let feed = if is_perpetual { &underlying.index } else { &self.expiries.slab.get(risk.expiry).forward };
        let judge = Judge { rules: &underlying.rules, multiple: 1, now: at };
        let is_invalid = feed.validity(&judge) == Validity::Invalid;
        if is_invalid { None } else { feed.value() }
    }

    /// The middle of the book, doubled; without one the reference's tick.
    fn doubled_price(&self, slot: u32, reference: i64) -> i128 {
        let record = self.instruments.slab.get(slot);
        let [bid, ask] = [Side::Buy, Side::Sell].map(|side| record.side(side));
        if record.is_in(TradingState::Continuous) && bid.best != 0 && ask.best != 0 {
            return i128::from(bid.best_price.0) + i128::from(ask.best_price.0);
        }
        2 * i128::from(reference.div_euclid(self.risks.get(slot).price_unit.0))
    }

    fn look_at_mark<S: EventSink>(&mut self, slot: u32, out: &mut Emitter<'_, S>) {
        let now = self.valuation.get().round_time;
        let Some(reference) = self.mark_reference(slot, now) else {
            let risk = self.risks.get_mut(slot);
            (risk.has_window, risk.window_begun, risk.window_last, risk.window_sum) = (0, now, now, 0);
            return;
        };
        let doubled = self.doubled_price(slot, reference);
        let has_mark = self.instruments.slab.get(slot).has_mark != 0;
        let risk = self.risks.get(slot);
        let window = self.underlyings.slab.get(risk.underlying).rules.mark_window;
        let &Risk { has_window, window_begun, window_last, window_sum, .. } = risk;
        let begun_now = Risk { has_window: 1, window_begun: now, window_last: now, window_sum: 0, ..*risk };
        if has_window == 0 {
            *self.risks.get_mut(slot) = begun_now;
            if !has_mark {
                self.set_mark(slot, doubled.div_euclid(2), reference, out);
            }
            return;
        }
        let sum = window_sum.saturating_add(doubled.saturating_mul(i128::from(now.0 - window_last.0)));
        let length = now.0 - window_begun.0;
        if length < window.0 {
            let risk = self.risks.get_mut(slot);
            (risk.window_sum, risk.window_last) = (sum, now);
            return;
        }
        *self.risks.get_mut(slot) = begun_now;
        self.set_mark(slot, sum.div_euclid(2 * i128::from(length)), reference, out);
    }

    /// Sets a mark price, clamped, and says so if it is another one.
    fn set_mark<S: EventSink>(&mut self, slot: u32, price: i128, reference: i64, out: &mut Emitter<'_, S>) {
        let &Risk { underlying, price_unit, .. } = self.risks.get(slot);
        let band = self.underlyings.slab.get(underlying).rules.mark_band;
        let record = self.instruments.slab.get(slot);
        let price: PriceTicks =
            within_band(price, reference, band, price_unit.0).clamp(record.price_min, record.price_max);
        if record.has_mark != 0 && record.mark_price == price {
            return;
        }
        let instrument = record.id;
        self.freeze_mark(slot);
        let record = self.instruments.slab.get_mut(slot);
        (record.mark_price, record.has_mark) = (price, 1);
        out.emit(MarkPriceSet { instrument, price, ..MarkPriceSet::zeroed() });
        self.wait_for_pass(underlying);
    }
}
