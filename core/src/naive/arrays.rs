//! Risk arrays: "Values" of `docs/FEEDS.md`. All of the oracle's floating-point numbers are here.
//!
//! Every product and quotient is written in the order of the rules: another one would give other bits.

#![allow(clippy::float_arithmetic)]

use alloc::vec::Vec;

use ethnum::I256;

use super::passes::Feeds;
use super::underlyings::{Expiry, ScenarioSet};
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::command::{ListInstrument, ScenarioTerms, Shocks, SmileTerms};
use crate::ids::InstrumentId;
use crate::margin::{Array, Greeks};
use crate::pricing::pmrm::{self, Discounts, Grid, Scenario, SkewShock, VolatilityShock};
use crate::pricing::{Level, SCENARIOS_MAX, YEAR_SECONDS, black76, svi};
use crate::terms::{InstrumentKind, OptionType, Smile, Surface};
use crate::units::TimeNs;

/// Over so many nanoseconds before a future's expiry its settlement price is averaged: 1,800 seconds.
const SETTLEMENT: u64 = 1_800_000_000_000;

/// What one lot is worth, and its sensitivities.
type Valued = (Array<i128>, Greeks<i128>);

/// An integer, which becomes a float first of all.
#[expect(clippy::cast_precision_loss, reason = "the rules say so")]
fn float(integer: i64) -> f64 {
    integer as f64
}

/// The product of two integers, as a float.
#[expect(clippy::cast_precision_loss, reason = "the rules say so")]
fn product(one: i64, other: i64) -> f64 {
    (i128::from(one) * i128::from(other)) as f64
}

/// The same of nanoseconds, as seconds.
#[expect(clippy::cast_precision_loss, reason = "the rules say so")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// Parts per million.
fn ppm(parts: impl Into<f64>) -> f64 {
    parts.into() / 1e6
}

/// The smile of a record; none if its parameters are no smile's.
pub(super) fn smile_of(terms: &SmileTerms) -> Option<svi::Smile> {
    let part = |parameter: i64| float(parameter) / 1e12;
    let parameters = svi::Parameters {
        a: part(terms.a),
        b: part(terms.b),
        rho: part(terms.rho),
        m: part(terms.m),
        sigma: part(terms.sigma),
        forward: float(terms.forward.get()),
        years: part(terms.years),
    };
    svi::Smile::new(parameters).ok()
}

/// A smile's level: the volatility at its forward price, cut off to 1e-9.
pub(super) fn level_of(smile: &svi::Smile) -> i64 {
    (smile.volatility(smile.parameters().forward) * 1e9) as i64
}

/// 2^59 by the largest position, rounded down.
pub(super) fn lane_limit(terms: &ListInstrument) -> i128 {
    (1_i128 << 59) / i128::from(terms.position_max.get().max(1))
}

/// The factors of an expiry's sums, as fractions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factors {
    /// Of what is worth more than nothing, and of what is worth less.
    pub(super) discounts: [i128; 2],
    pub(super) basis: i128,
}

/// What a pass makes of an expiry's shocks.
pub(super) fn factors_of(shocks: &Shocks, expiry: &Expiry, now: TimeNs) -> Factors {
    let (one, most) = (1_i128 << 30, (1_i128 << 31) - 1);
    let seconds = seconds(expiry.time.get().saturating_sub(now.get()));
    let rate = expiry.rate.value.map(|reading| float(reading.value) / 1e9);
    let priced = pmrm::Expiry { seconds, forward: 0.0, rate: rate.unwrap_or_default() };
    let factors = pmrm::factors(Level::Software, &grid(&[], shocks).discounts, &priced);
    // To multiply with a power of two is exact.
    let [long, short, basis] = [factors.long, factors.short, factors.basis].map(|factor| factor * 1_073_741_824.0);
    let discounts = [i128::from(long as i64), up(short)].map(|discount| discount.clamp(0, most));
    Factors { discounts: if rate.is_some() { discounts } else { [one; 2] }, basis: up(basis).min(1 << 40) }
}

/// The next integer, of a number that is not negative; the largest of 64 bits for what is beyond.
#[expect(clippy::cast_precision_loss, reason = "what is cut off was there before")]
fn up(number: f64) -> i128 {
    let cut = number as i64;
    i128::from(cut.saturating_add(i64::from((cut as f64) < number)))
}

/// The bounds of a lane.
#[derive(Clone, Copy)]
struct Limit(i128);

impl Limit {
    fn of(terms: &ListInstrument) -> Self {
        Self(lane_limit(terms))
    }

    fn bound(self, lane: i128) -> i128 {
        lane.clamp(-self.0, self.0)
    }

    /// Cut off towards zero, then bounded.
    fn cut(self, lane: f64) -> i128 {
        self.bound(i128::from(lane as i64))
    }
}

/// The lanes of an array, each from what it has in common with the others.
fn array(mark: i128, basis: [i128; 2], scenarios: impl Iterator<Item = i128>) -> Array<i128> {
    let mut array = Array { mark, basis, scenarios: [0; SCENARIOS_MAX] };
    for (to, from) in array.scenarios.iter_mut().zip(scenarios) {
        *to = from;
    }
    array
}

impl NaiveEngine {
    /// What a pass computes for an instrument; none if something that it needs has no value.
    pub(super) fn array_of(&self, id: InstrumentId, listed: &Instrument, feeds: &Feeds) -> Option<Valued> {
        let set = feeds.set.as_ref()?;
        match InstrumentKind::from_code(listed.terms.kind)? {
            InstrumentKind::Future | InstrumentKind::Perpetual => self.linear_array(id, &listed.terms, feeds, set),
            InstrumentKind::EuropeanOption | InstrumentKind::OnDemandOption => {
                self.option_array(id, &listed.terms, feeds, set)
            }
        }
    }

    /// Futures and perpetuals, in integers: up to 166 bits of value, 25 of shock and 41 of time.
    fn linear_array(
        &self,
        id: InstrumentId,
        terms: &ListInstrument,
        feeds: &Feeds,
        set: &ScenarioSet,
    ) -> Option<Valued> {
        let (scenarios, shocks) = (set.scenarios.as_ref()?, set.shocks.as_ref()?);
        let mark = feeds.marks.get(&id)?.get();
        let (limit, wide) = (Limit::of(terms), |number: i64| I256::from(number));
        let clamped = |value: I256| value.clamp(I256::from(-limit.0), I256::from(limit.0));
        let lane = |value: I256| clamped(value).as_i128();
        let value = clamped(wide(mark) * wide(terms.multiplier.get()) * wide(1 << feeds.lane_bits));
        let is_future = terms.kind == InstrumentKind::Future.code();
        // The part of the settlement price that is still open; all of it but in a future's last half hour.
        let left = terms.expiry.get().saturating_sub(feeds.time.get()).min(SETTLEMENT);
        let is_settling = is_future && self.canary != Canary::SettlementIsSudden;
        let open = if is_settling { left } else { SETTLEMENT };
        let shocked = |factor: i64| {
            let change = value * wide(factor - 1_000_000) * I256::from(open);
            lane(value + change.div_euclid(wide(1_000_000) * I256::from(SETTLEMENT)))
        };
        let basis = shocks.basis.map(|factor| if is_future { shocked(factor.into()) } else { lane(value) });
        let array = array(lane(value), basis, scenarios.iter().map(|scenario| shocked(scenario.spot.into())));
        Some((array, Greeks { delta: lane(value), ..Greeks::default() }))
    }

    fn option_array(
        &self,
        id: InstrumentId,
        terms: &ListInstrument,
        feeds: &Feeds,
        set: &ScenarioSet,
    ) -> Option<Valued> {
        let (scenarios, shocks) = (set.scenarios.as_ref()?, set.shocks.as_ref()?);
        let fed = feeds.expiries.get(&terms.expiry_id)?;
        let forward = float(fed.forward.value?.value);
        let rate = float(fed.rate.value?.value) / 1e9;
        let strike = product(terms.strike.get(), terms.price_unit.get());
        let volatility = match fed.surface {
            Surface::Smile => smile_of(&fed.smile.value?.smile?)?.volatility(strike),
            Surface::Strikes => float(feeds.volatilities.get(&id)?.value) / 1e9,
        };
        let is_on_demand = terms.kind == InstrumentKind::OnDemandOption.code();
        let mut index = if is_on_demand { Some(float(feeds.index?.value)) } else { None };
        if self.canary == Canary::OnDemandIgnoresExercise {
            index = None;
        }
        let seconds = seconds(fed.time.get().saturating_sub(feeds.time.get()));
        let is_call = terms.option_type == OptionType::Call.code();
        let grid_scenarios: Vec<Scenario> = scenarios.iter().copied().map(scenario).collect();
        let expiry = pmrm::Expiry { seconds, forward, rate };
        let prepared = pmrm::Prepared::new(Level::Software, &grid(&grid_scenarios, shocks), &expiry);
        let worth = prepared.worth(&pmrm::Terms { strike, is_call, volatility });
        let factor = float(terms.multiplier.get()) / float(terms.price_unit.get()) * float(1 << feeds.lane_bits);
        let limit = Limit::of(terms);
        let pays = |index: f64, spot: f64| if is_call { index * spot - strike } else { strike - index * spot };
        let lane = |worth: f64, spot: f64| {
            let worth = index.map_or(worth, |index| worth.max(pays(index, spot)));
            limit.cut(worth * factor)
        };
        let shocked = worth.scenarios.iter().zip(&grid_scenarios).map(|(worth, shock)| lane(*worth, shock.spot));
        let array = array(lane(worth.mark, 1.0), worth.basis.map(|worth| lane(worth, 1.0)), shocked);
        if let Some(index) = index.filter(|index| pays(*index, 1.0) > worth.mark) {
            let delta = if is_call { index } else { -index };
            return Some((array, Greeks { delta: limit.cut(delta * factor), ..Greeks::default() }));
        }
        let years = seconds / YEAR_SECONDS;
        let now = black76::Terms { forward, strike, years, volatility, rate: rate.max(0.0) };
        Some((array, greeks(&now, is_call, factor, limit)))
    }
}

fn greeks(now: &black76::Terms, is_call: bool, factor: f64, limit: Limit) -> Greeks<i128> {
    let (value, f) = (black76::value(now), now.forward);
    let (delta, theta, rho) = if is_call {
        (value.delta_call, value.theta_call, value.rho_call)
    } else {
        (value.delta_put, value.theta_put, value.rho_put)
    };
    let lane = |sensitivity: f64| limit.cut(sensitivity * factor);
    Greeks {
        delta: lane(delta * f),
        gamma: lane(value.gamma * f * f),
        vega: lane(value.vega),
        theta: lane(theta / 365.0),
        rho: lane(rho),
        vanna: lane(value.vanna * f),
        volga: lane(value.volga),
    }
}

fn scenario(terms: ScenarioTerms) -> Scenario {
    // Records were checked: every scenario has a smile.
    Scenario { spot: ppm(terms.spot), smile: terms.smile().unwrap_or(Smile::Kept) }
}

fn grid<'a>(scenarios: &'a [Scenario], shocks: &Shocks) -> Grid<'a> {
    Grid {
        scenarios,
        volatility: VolatilityShock {
            range_up: ppm(shocks.range_up),
            range_down: ppm(shocks.range_down),
            short_power: ppm(shocks.short_power),
            long_power: ppm(shocks.long_power),
            floor_days: ppm(shocks.floor_days),
            evaluated_min: ppm(shocks.evaluated_min),
        },
        skew: SkewShock {
            linear: shocks.linear.map(ppm),
            absolute: shocks.absolute.map(ppm),
            width_min: ppm(shocks.width_min),
            width: ppm(shocks.width),
            volatility: shocks.volatility.map(ppm),
        },
        discounts: Discounts {
            fixed: shocks.fixed.map(ppm),
            rate_mult: shocks.rate_mult.map(ppm),
            rate_add: shocks.rate_add.map(ppm),
            basis: shocks.basis.map(ppm),
            basis_factor: shocks.basis_factor.map(ppm),
        },
    }
}
