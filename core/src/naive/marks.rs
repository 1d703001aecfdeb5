//! Rounds of marks: "Timer" of `docs/FEEDS.md`.

use bytemuck::Zeroable;

use super::feeds::Place;
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::command::ListInstrument;
use crate::event::MarkPriceSet;
use crate::ids::{EntityId, InstrumentId, UnderlyingId};
use crate::terms::{FeedKind, InstrumentKind, Side, TradingState, Validity};
use crate::units::{PriceTicks, TimeNs};

/// A round that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    time: TimeNs,
    /// The generation of the instrument that it came to last.
    last: u32,
}

/// The time over which a mark price is averaged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    begun: TimeNs,
    /// The time of the last look.
    looked: TimeNs,
    /// Doubled prices, each times the time that it stands for.
    sum: i128,
    /// The time that these stand for: the window's length.
    weight: u64,
}

impl Window {
    fn new(begun: TimeNs) -> Self {
        Self { begun, looked: begun, sum: 0, weight: 0 }
    }
}

/// Futures and perpetuals with an underlying are marked.
fn is_marked(terms: &ListInstrument) -> bool {
    let kind = InstrumentKind::from_code(terms.kind);
    let is_linear = matches!(kind, Some(InstrumentKind::Future | InstrumentKind::Perpetual));
    is_linear && terms.underlying_id != UnderlyingId::NONE
}

impl NaiveEngine {
    pub(super) fn begin_round(&mut self) {
        let is_any_marked = self.next_marked(0).is_some();
        if self.valuation.round.is_none() && is_any_marked {
            self.valuation.round = Some(Round { time: self.time, last: 0 });
        }
        if let (Canary::RoundTakesLateTimer, Some(round)) = (self.canary, &mut self.valuation.round) {
            round.time = self.time;
        }
    }

    /// The first marked instrument that was listed after one of this generation.
    fn next_marked(&self, last: u32) -> Option<InstrumentId> {
        let listed = self.instruments.in_order();
        listed.iter().find(|(id, listed)| id.generation() > last && is_marked(&listed.terms)).map(|(id, _)| *id)
    }

    /// Carries a round on by one instrument, which takes so many units; false if there are too few.
    pub(super) fn carry_on_round(&mut self, round: Round, units: &mut u32, cost: u32) -> bool {
        let Some(id) = self.next_marked(round.last) else {
            self.valuation.round = None;
            return true;
        };
        if *units < cost {
            return false;
        }
        *units -= cost;
        self.look_at(id, round.time);
        self.valuation.round = Some(Round { last: id.generation(), ..round });
        true
    }

    /// The round comes to an instrument.
    fn look_at(&mut self, id: InstrumentId, now: TimeNs) {
        let Ok(listed) = self.instruments.find(id).copied() else { return };
        let Some(reference) = self.reference_of(&listed, now) else {
            if self.canary != Canary::WindowOutlivesFeed {
                self.set_window(id, None);
            }
            return;
        };
        let doubled = self.doubled_price(id, &listed, reference);
        let Some(mut window) = listed.window else {
            self.set_window(id, Some(Window::new(now)));
            if listed.mark.is_none() {
                self.set_mark(id, &listed, doubled.div_euclid(2), reference);
            }
            return;
        };
        let mut weight = now.get().saturating_sub(window.looked.get());
        if self.canary == Canary::MarkWeighsSamplesAlike {
            weight = 1;
        }
        window.sum = window.sum.saturating_add(doubled.saturating_mul(weight.into()));
        (window.weight, window.looked) = (window.weight.saturating_add(weight), now);
        let length = now.get().saturating_sub(window.begun.get());
        let mark_window = self.underlyings.find(listed.terms.underlying_id).map(|listed| listed.rules.mark_window);
        if length == 0 || mark_window.is_ok_and(|at_least| length < at_least.get()) {
            return self.set_window(id, Some(window));
        }
        self.set_window(id, Some(Window::new(now)));
        let divisor = 2 * i128::from(window.weight.max(1));
        self.set_mark(id, &listed, window.sum.div_euclid(divisor), reference);
    }

    /// 1: what the mark price is held to; none if its feed is invalid at the round's time.
    fn reference_of(&self, listed: &Instrument, now: TimeNs) -> Option<i128> {
        let (underlying, expiry) = (listed.terms.underlying_id, listed.terms.expiry_id);
        let place = if listed.terms.kind == InstrumentKind::Perpetual.code() {
            Place::index(underlying)
        } else {
            Place::of_expiry(FeedKind::Forward, underlying, expiry)
        };
        if self.validity_at(place, now)? == Validity::Invalid {
            return None;
        }
        Some(self.feed(place)?.value?.value.into())
    }

    /// 2: twice the price of the moment.
    fn doubled_price(&self, id: InstrumentId, listed: &Instrument, reference: i128) -> i128 {
        let best = |side| self.book.best(id, side).map(|order| i128::from(order.price.get()));
        match (listed.state, best(Side::Buy), best(Side::Sell)) {
            (TradingState::Continuous, Some(bid), Some(ask)) => bid + ask,
            _ => 2 * reference.div_euclid(listed.terms.price_unit.get().into()),
        }
    }

    /// 4 and 5: the price, clamped, is the mark price; said if that is news.
    fn set_mark(&mut self, id: InstrumentId, listed: &Instrument, price: i128, reference: i128) {
        let terms = &listed.terms;
        let Ok(underlying) = self.underlyings.find(terms.underlying_id) else { return };
        let (unit, band) = (i128::from(terms.price_unit.get()), i128::from(underlying.rules.mark_band));
        let low = -(-(reference * (1_000_000 - band))).div_euclid(1_000_000 * unit);
        let high = (reference * (1_000_000 + band)).div_euclid(1_000_000 * unit);
        let price = if self.canary == Canary::MarkIgnoresBand {
            price
        } else if low > high {
            reference.div_euclid(unit)
        } else {
            price.clamp(low, high)
        };
        let (range_low, range_high) = (terms.price_min.get().into(), terms.price_max.get().into());
        let Ok(price) = i64::try_from(price.clamp(range_low, range_high)).map(PriceTicks) else { return };
        if listed.mark == Some(price) {
            return;
        }
        if let Some(instrument) = self.instruments.get_mut(id) {
            instrument.mark = Some(price);
        }
        self.emit(MarkPriceSet { instrument: id, price, ..MarkPriceSet::zeroed() });
        self.make_due(terms.underlying_id);
    }

    fn set_window(&mut self, id: InstrumentId, window: Option<Window>) {
        if let Some(instrument) = self.instruments.get_mut(id) {
            instrument.window = window;
        }
    }
}
