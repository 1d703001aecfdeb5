//! Passes: the risk arrays of an underlying's instruments, computed at the feeds of one moment, a few a command, and
//! published at once.
//!
//! Feeds go on changing meanwhile. What a pass began with is kept where it changes first: an expiry, a volatility, a mark
//! remembers its old value, with the number of the pass, before it takes a new one. So a tick costs the same whether or not
//! a pass is under way, and however many instruments there are.

use super::Engine;
use super::effort::{ARRAY_UNITS, BEGIN_UNITS};
use super::emit::Emitter;
use super::exposure::{parity, place};
use crate::arena::Marks;
use crate::command::{MarginTerms, SmileTerms};
use crate::event::ArraysPublished;
use crate::exposure::{Aspect, Discounts, Outlook, Staked, ceil_ppm, charges, doubt};
use crate::ids::InstrumentId;
use crate::instrument::Instrument;
use crate::margin::{Array, Greeks};
use crate::pricing::array::{ExpiryFeeds, Lot, OptionFeeds, PreparedExpiry, ScenarioSet, Volatility};
use crate::sink::EventSink;
use crate::terms::{InstrumentKind, OptionType};
use crate::units::TimeNs;
use crate::valuation::{Expiry, Lanes, Risk, Valuation, Worths, clamp, linear_array};
use bytemuck::Zeroable;

/// Bits of an expiry's `frozen_has`.
const FORWARD: u8 = 1;
const RATE: u8 = 2;
const SURFACE: u8 = 4;

/// What one lot of an instrument is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskView {
    /// The generation of its underlying's arrays that it is of.
    pub generation: u64,
    /// Bits behind the atom that all values have.
    pub lane_bits: u8,
    /// Its value now, under basis shocks, and under each scenario.
    pub array: Array<i64>,
    /// How its value changes.
    pub greeks: Greeks<i64>,
}

/// Forward, rate and smile of an expiry at a pass's begin, as far as there were these.
type FeedsThen = (Option<i64>, Option<i64>, Option<SmileTerms>);

/// An expiry as the pass under way was last asked for it: instruments that follow each other often have the same. Nothing
/// that is not made again if it is not there.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pass: u64,
    expiry: u32,
    feeds: ExpiryFeeds,
    at_pass: PreparedExpiry,
}

impl<M: Marks> Engine<'_, M> {
    /// What one lot of an instrument is worth, after the last pass; none without an underlying, before the first pass, and
    /// where a feed is missing.
    pub fn risk(&self, instrument: InstrumentId) -> Option<RiskView> {
        let slot = self.find_instrument(instrument).ok()?;
        let underlying = self.risks.get(slot).underlying;
        if underlying == 0 {
            return None;
        }
        let record = self.underlyings.slab.get(underlying);
        let (generation, lane_bits) = (record.generation, record.lane_bits);
        let place = place(slot, generation);
        if generation == 0 || self.arrays.worths(place).generation != generation {
            return None;
        }
        let (array, greeks) = self.arrays.array(place);
        Some(RiskView { generation, lane_bits, array, greeks })
    }

    /// Whether a round or a pass is under way, or is waited for.
    pub(super) fn has_valuation(&self) -> bool {
        let valuation = self.valuation.get();
        valuation.round_next != 0 || valuation.pass_underlying != 0 || valuation.waiting.first != 0
    }

    /// Puts an underlying that has instruments at the end of the row of those that wait for a pass.
    pub(super) fn wait_for_pass(&mut self, underlying: u32) {
        let record = self.underlyings.slab.get(underlying);
        if record.is_waiting != 0 || record.instruments.first == 0 {
            return;
        }
        self.underlyings.slab.get_mut(underlying).is_waiting = 1;
        let row = &mut self.valuation.get_mut().waiting;
        let before = core::mem::replace(&mut row.last, underlying);
        if before == 0 {
            row.first = underlying;
        } else {
            self.underlyings.slab.get_mut(before).next_waiting = underlying;
        }
        self.header.get_mut().wake = TimeNs::ZERO;
    }

    /// The number of the pass under way over this underlying; 0 without one.
    fn pass_over(&self, underlying: u32) -> u64 {
        let valuation = self.valuation.get();
        if valuation.pass_underlying == underlying { valuation.pass } else { 0 }
    }

    /// Keeps an expiry's feeds for the pass under way, before the first of them changes.
    pub(super) fn freeze_expiry(&mut self, slot: u32) {
        let record = self.expiries.slab.get(slot);
        let pass = self.pass_over(record.underlying);
        if pass == 0 || record.frozen_in == pass {
            return;
        }
        let feeds = [record.forward.value(), record.rate.value(), record.surface.value()];
        let confidence = record.confidence();
        let record = self.expiries.slab.get_mut(slot);
        (record.frozen_in, record.frozen_confidence) = (pass, confidence);
        record.frozen = [feeds[0].unwrap_or_default(), feeds[1].unwrap_or_default()];
        record.frozen_has = [FORWARD, RATE, SURFACE]
            .into_iter()
            .zip(feeds)
            .fold(0, |has, (bit, feed)| if feed.is_some() { has | bit } else { has });
        let smiles = self.smiles.get_mut(slot);
        smiles.frozen = smiles.current;
    }

    /// The same for an option's volatility.
    pub(super) fn freeze_volatility(&mut self, slot: u32) {
        let volatility = self.risks.get(slot).volatility.value();
        self.freeze(slot, volatility);
    }

    /// The same for a mark price.
    pub(super) fn freeze_mark(&mut self, slot: u32) {
        let mark = self.instruments.slab.get(slot).mark().map(|mark| mark.0);
        self.freeze(slot, mark);
    }

    fn freeze(&mut self, slot: u32, value: Option<i64>) {
        let pass = self.pass_over(self.risks.get(slot).underlying);
        let risk = self.risks.get_mut(slot);
        if pass != 0 && risk.frozen_in != pass {
            risk.frozen_in = pass;
            (risk.frozen, risk.frozen_has) = (value.unwrap_or_default(), u8::from(value.is_some()));
        }
    }

    /// Does a share of valuation.
    pub(super) fn valuate<S: EventSink>(&mut self, units: u32, out: &mut Emitter<'_, S>) {
        let mut units_left = units;
        if !self.carry_round_on(&mut units_left, out) {
            return;
        }
        while self.valuation.get().pass_underlying != 0 || self.begin_pass(&mut units_left) {
            if !self.carry_valuing_on(&mut units_left, out) {
                return;
            }
        }
    }

    /// Begins a pass over the first underlying that waits; false if none does, or if there are too few units left.
    fn begin_pass(&mut self, units_left: &mut u32) -> bool {
        let underlying = self.valuation.get().waiting.first;
        if underlying == 0 || *units_left < BEGIN_UNITS {
            return false;
        }
        *units_left -= BEGIN_UNITS;
        let &super::Header { sequence, time, .. } = self.header.get();
        let record = self.underlyings.slab.get_mut(underlying);
        let next_waiting = core::mem::take(&mut record.next_waiting);
        record.is_waiting = 0;
        let (first, set) = (record.instruments.first, u32::from(record.rules.scenario_set));
        let (index, confidence, peg) = (record.index.value(), record.index.confidence_or_one(), record.peg);
        if set != 0 {
            *self.scenarios.get_mut(0) = *self.scenarios.get(set);
            *self.shocks.get_mut(0) = *self.shocks.get(set);
            *self.terms.get_mut(0) = *self.terms.get(set);
        }
        let peg = if peg == 0 { None } else { self.underlyings.slab.get(peg).index.value() };
        let valuation = self.valuation.get_mut();
        valuation.waiting.first = next_waiting;
        if next_waiting == 0 {
            valuation.waiting.last = 0;
        }
        *valuation = Valuation {
            pass: valuation.pass + 1,
            pass_time: time,
            pass_begun: sequence,
            pass_index: index.unwrap_or_default(),
            pass_has_index: index.is_some().into(),
            pass_underlying: underlying,
            pass_next: first,
            pass_arrays: 0,
            pass_has_set: u8::from(set != 0),
            pass_confidence: confidence,
            pass_peg: peg.unwrap_or_default(),
            pass_has_peg: peg.is_some().into(),
            ..*valuation
        };
        if self.is_margined() {
            *self.outlooks.get_mut(0) = self.outlook_of_pass();
        }
        true
    }

    /// Carries the pass on, and publishes what it made; false if the units run out.
    fn carry_valuing_on<S: EventSink>(&mut self, units_left: &mut u32, out: &mut Emitter<'_, S>) -> bool {
        loop {
            let &Valuation { pass_next, pass_has_set, .. } = self.valuation.get();
            if pass_next == 0 {
                self.publish(out);
                return true;
            }
            if *units_left < ARRAY_UNITS {
                return false;
            }
            *units_left -= ARRAY_UNITS;
            if pass_has_set != 0 {
                self.value_instrument(pass_next);
            }
            self.valuation.get_mut().pass_next = self.risks.get(pass_next).siblings.next;
        }
    }

    fn publish<S: EventSink>(&mut self, out: &mut Emitter<'_, S>) {
        let valuation = self.valuation.get_mut();
        let underlying = core::mem::take(&mut valuation.pass_underlying);
        let (begun, instruments) = (valuation.pass_begun, valuation.pass_arrays);
        if self.is_margined() {
            *self.outlooks.get_mut(underlying) = *self.outlooks.get(0);
        }
        self.begin_turn();
        let record = self.underlyings.slab.get_mut(underlying);
        record.generation += 1;
        let (underlying, generation) = (record.id, record.generation);
        out.emit(ArraysPublished { underlying, generation, begun, instruments, ..ArraysPublished::zeroed() });
    }

    /// Makes the array of the next generation, if all that it needs is there.
    fn value_instrument(&mut self, slot: u32) {
        let is_option = self.instruments.slab.get(slot).is_option();
        let found = if is_option { self.value_option(slot) } else { self.value_linear(slot) };
        let Some((array, greeks)) = found else { return };
        let generation = self.underlyings.slab.get(self.risks.get(slot).underlying).generation + 1;
        let place = place(slot, generation);
        let (mut worths, lanes) = Worths::store(generation, &array, &greeks);
        if self.is_margined() {
            self.value_for_margin(slot, generation, &mut worths);
            self.stake_for_margin(slot, generation, (&worths, &lanes));
        }
        self.arrays.set(place, &worths, &lanes);
        self.valuation.get_mut().pass_arrays += 1;
        self.effort_mut().arrays += 1;
    }

    /// What the pass under way makes for its underlying as a whole.
    fn outlook_of_pass(&self) -> Outlook {
        let &Valuation { pass_has_set, pass_confidence, pass_has_peg, pass_peg, .. } = self.valuation.get();
        if pass_has_set == 0 {
            return Outlook::zeroed();
        }
        let peg = (pass_has_peg != 0).then_some(pass_peg);
        Outlook::new(self.scenarios.get(0).used(), &self.terms.get(0).terms, pass_confidence, peg)
    }

    /// What margin needs of an instrument beside its array, and of its expiry.
    fn value_for_margin(&mut self, slot: u32, generation: u64, worths: &mut Worths) {
        let expiry = self.risks.get(slot).expiry;
        let &Valuation { pass_index, pass_has_index, .. } = self.valuation.get();
        let forward = if expiry == 0 { None } else { self.expiry_feeds(expiry).0 };
        let price = if pass_has_index != 0 { pass_index } else { forward.unwrap_or_default() };
        self.value_for_margin_at(slot, price, &self.terms.get(0).terms, worths);
        if expiry != 0 && self.aspects.get(place(expiry, generation)).generation != generation {
            *self.aspects.get_mut(place(expiry, generation)) = Aspect { generation, ..self.aspect(expiry) };
        }
    }

    /// What a lot of an instrument that rests may do, and what orders are charged, by its array of a generation.
    fn stake_for_margin(&mut self, slot: u32, generation: u64, (worths, lanes): (&Worths, &Lanes)) {
        let (risk, outlook) = (self.risks.get(slot), self.outlooks.get(0));
        let (is_option, at) = (risk.is_option != 0, place(slot, generation));
        let aspect = (risk.expiry != 0).then(|| self.aspects.get(place(risk.expiry, generation)));
        let discounts = aspect.filter(|_| is_option).map_or(Discounts::NONE, Discounts::of);
        let staked = Staked::new(worths, lanes, discounts, outlook);
        let charges = charges(&staked, (worths.notional, is_option), outlook, aspect);
        self.risks.get_mut(slot).charges[parity(generation)] = charges;
        self.arrays.set_staked(at, &staked);
    }

    /// The same, by the price of the underlying that options are reckoned with.
    pub(super) fn value_for_margin_at(&self, slot: u32, price: i64, terms: &MarginTerms, worths: &mut Worths) {
        let (risk, record) = (self.risks.get(slot), self.instruments.slab.get(slot));
        let limit = risk.lane_limit;
        if record.is_option() {
            let lane_bits = self.underlyings.slab.get(risk.underlying).lane_bits;
            let value = (i128::from(price) * i128::from(record.multiplier)).saturating_mul(1 << lane_bits);
            worths.notional = clamp(value.div_euclid(i128::from(risk.price_unit.0.max(1))), limit);
        } else {
            let value = i128::from(worths.mark.abs());
            let most = 2 * i128::from(limit);
            let need = |factor: u32| ceil_ppm(value, terms.slippage + factor).min(most);
            let maintenance = [need(terms.long), need(terms.short)];
            let initial = maintenance.map(|need| ceil_ppm(need, terms.initial_multiple).min(most));
            worths.notional = worths.mark.abs();
            worths.needs = [maintenance, initial].map(|needs| needs.map(|need| need as i64));
        }
    }

    /// What the pass under way makes for an expiry.
    fn aspect(&self, expiry: u32) -> Aspect {
        let record = self.expiries.slab.get(expiry);
        let &Valuation { pass, pass_confidence, .. } = self.valuation.get();
        let own = if record.frozen_in == pass { record.frozen_confidence } else { record.confidence() };
        let (forward, rate, _) = self.expiry_feeds(expiry);
        let shocks = &self.shocks.get(0).shocks;
        Aspect {
            forward: forward.unwrap_or_default(),
            doubt: doubt(&self.terms.get(0).terms, own.min(pass_confidence)),
            ..Aspect::new(shocks, rate, self.expires_in(record.time))
        }
    }

    /// Forgets both arrays of an instrument that is delisted.
    pub(super) fn forget_array(&mut self, slot: u32, underlying: u32) {
        let next = self.underlyings.slab.get(underlying).generation + 1;
        let was_made = self.arrays.worths(place(slot, next)).generation == next;
        let valuation = self.valuation.get_mut();
        if valuation.pass_underlying == underlying && was_made {
            valuation.pass_arrays -= 1;
        }
        for place in [2 * slot, 2 * slot + 1] {
            self.arrays.forget(place, self.is_margined);
        }
    }

    /// A volatility or mark price as it was when the pass began.
    fn then(&self, risk: &Risk, now: Option<i64>) -> Option<i64> {
        if risk.frozen_in == self.valuation.get().pass { (risk.frozen_has != 0).then_some(risk.frozen) } else { now }
    }

    fn expiry_feeds(&self, slot: u32) -> FeedsThen {
        let record = self.expiries.slab.get(slot);
        let smiles = self.smiles.get(slot);
        if record.frozen_in == self.valuation.get().pass {
            let has = |bit| record.frozen_has & bit != 0;
            let [forward, rate] = record.frozen;
            return (has(FORWARD).then_some(forward), has(RATE).then_some(rate), has(SURFACE).then_some(smiles.frozen));
        }
        let &Expiry { forward, rate, surface, .. } = record;
        (forward.value(), rate.value(), surface.value().map(|_| smiles.current))
    }

    /// Nanoseconds from the pass to an expiry.
    fn expires_in(&self, expiry: TimeNs) -> u64 {
        expiry.0.saturating_sub(self.valuation.get().pass_time.0)
    }

    fn value_option(&mut self, slot: u32) -> Option<(Array<i64>, Greeks<i64>)> {
        let (risk, record) = (self.risks.get(slot), self.instruments.slab.get(slot));
        let (forward, rate, smile) = self.expiry_feeds(risk.expiry);
        let volatility = if self.expiries.slab.get(risk.expiry).has_smiles() {
            Volatility::Of(smile?)
        } else {
            Volatility::Own(self.then(risk, risk.volatility.value())?)
        };
        let valuation = self.valuation.get();
        let is_on_demand = record.kind == InstrumentKind::OnDemandOption.code();
        if is_on_demand && valuation.pass_has_index == 0 {
            return None;
        }
        let price_unit = risk.price_unit.0;
        let feeds = OptionFeeds {
            is_call: record.option_type == OptionType::Call.code(),
            strike: i128::from(record.strike.0) * i128::from(price_unit),
            volatility,
            exercised_at: is_on_demand.then_some(valuation.pass_index),
        };
        let nanoseconds = self.expires_in(record.expiry);
        let expiry = ExpiryFeeds { forward: forward?, rate: rate?, nanoseconds };
        let lot = self.lot_to_value(risk, record);
        Some(self.prepared_expiry(risk.expiry, &expiry).option_array(&feeds, &lot))
    }

    /// An expiry under the pass's scenario set.
    #[inline(always)]
    fn prepared_expiry(&mut self, expiry: u32, feeds: &ExpiryFeeds) -> &PreparedExpiry {
        let pass = self.valuation.get().pass;
        let is_same = |last: &Prepared| (last.pass, last.expiry, &last.feeds) == (pass, expiry, feeds);
        if self.prepared.as_ref().is_some_and(|last| !is_same(last)) {
            self.prepared = None;
        }
        let (scenarios, shocks) = (&self.scenarios, &self.shocks);
        let prepare = || {
            let at_pass = ScenarioSet::new(scenarios.get(0).used(), &shocks.get(0).shocks).prepare(feeds);
            Prepared { pass, expiry, feeds: *feeds, at_pass }
        };
        &self.prepared.get_or_insert_with(prepare).at_pass
    }

    pub(super) fn lot_to_value(&self, risk: &Risk, record: &Instrument) -> Lot {
        Lot {
            multiplier: record.multiplier,
            price_unit: risk.price_unit.0,
            lane_bits: self.underlyings.slab.get(risk.underlying).lane_bits,
            limit: risk.lane_limit,
        }
    }

    fn value_linear(&self, slot: u32) -> Option<(Array<i64>, Greeks<i64>)> {
        let (risk, record) = (self.risks.get(slot), self.instruments.slab.get(slot));
        let mark = self.then(risk, record.mark().map(|mark| mark.0))?;
        let lane_bits = self.underlyings.slab.get(risk.underlying).lane_bits;
        let value = (i128::from(mark) * i128::from(record.multiplier)).saturating_mul(1 << lane_bits);
        let expires_in = (risk.expiry != 0).then(|| self.expires_in(record.expiry));
        let value = clamp(value, risk.lane_limit);
        Some(linear_array(value, risk.lane_limit, expires_in, self.scenarios.get(0), self.shocks.get(0)))
    }
}
