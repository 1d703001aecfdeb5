//! From an option's feeds to its risk array: integers in, floats within, integers out. `docs/FEEDS.md`, "Values", has the
//! rules.

#![allow(clippy::cast_precision_loss)] // Integers become floats here: the rules say which, and in what order.

use super::black76::{self, Value};
use super::level::Level;
use super::pmrm::{self, Discounts, Grid, Scenario, SkewShock, VolatilityShock};
use super::svi::Smile;
use super::{SCENARIOS_MAX, YEAR_SECONDS};
use crate::command::{PPM, ScenarioTerms, Shocks, SmileTerms};
use crate::margin::{Array, Greeks};
use crate::terms::Smile as SmileShock;

/// Parts of one of rates and volatilities.
const NANO: f64 = 1e9;
const NANOSECONDS: f64 = 1e9;
const DAYS_A_YEAR: f64 = 365.0;

/// Where an option's volatility comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Volatility {
    /// From a smile that was checked.
    Of(SmileTerms),
    /// Its own, in 1e-9.
    Own(i64),
}

/// What feeds say of an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExpiryFeeds {
    /// Forward price, in atoms for one unit.
    pub(crate) forward: i64,
    /// Rate, in 1e-9.
    pub(crate) rate: i64,
    /// To the expiry.
    pub(crate) nanoseconds: u64,
}

/// An option.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionFeeds {
    pub(crate) is_call: bool,
    /// Strike, in atoms for one unit.
    pub(crate) strike: i128,
    pub(crate) volatility: Volatility,
    /// The index, in atoms for one unit, of an option that is exercised on demand.
    pub(crate) exercised_at: Option<i64>,
}

/// What a lot is of a unit, and of what its value is an integer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lot {
    pub(crate) multiplier: i64,
    pub(crate) price_unit: i64,
    pub(crate) lane_bits: u8,
    pub(crate) limit: i64,
}

impl Lot {
    /// Lanes to an atom for one unit.
    fn factor(&self) -> f64 {
        self.multiplier as f64 / self.price_unit as f64 * (1_u64 << (self.lane_bits & 63)) as f64
    }

    /// A number as a lane: cut off towards zero; what is beyond is at the limit, and what is no number is zero.
    fn lane(&self, number: f64) -> i64 {
        (number as i64).clamp(-self.limit, self.limit)
    }
}

/// A scenario set, as floats.
#[derive(Clone, Debug)]
pub(crate) struct ScenarioSet {
    scenarios: [Scenario; SCENARIOS_MAX],
    count: usize,
    volatility: VolatilityShock,
    skew: SkewShock,
    discounts: Discounts,
}

fn ppm(parts: impl Into<f64>) -> f64 {
    parts.into() / f64::from(PPM)
}

fn discounts(shocks: &Shocks) -> Discounts {
    Discounts {
        fixed: shocks.fixed.map(ppm),
        rate_mult: shocks.rate_mult.map(ppm),
        rate_add: shocks.rate_add.map(ppm),
        basis: shocks.basis.map(ppm),
        basis_factor: shocks.basis_factor.map(ppm),
    }
}

/// One, as a fraction of margin.
const FRACTION_UNIT: f64 = (1_u64 << 30) as f64;

/// A number that is not negative, rounded up.
fn ceil(number: f64) -> i64 {
    let whole = number as i64;
    whole.saturating_add(i64::from((whole as f64) < number))
}

/// What the sums of an expiry count with, in 2^-30: values above zero, rounded down, and below, rounded up; and the loss by
/// basis, rounded up.
pub(crate) fn fractions(shocks: &Shocks, rate: i64, nanoseconds: u64) -> ([i64; 2], i64) {
    let seconds = nanoseconds as f64 / NANOSECONDS;
    let expiry = pmrm::Expiry { seconds, forward: 1.0, rate: rate as f64 / NANO };
    let pmrm::Factors { long, short, basis } = pmrm::factors(Level::best(), &discounts(shocks), &expiry);
    let short = ceil(short * FRACTION_UNIT);
    ([(long * FRACTION_UNIT) as i64, short], ceil(basis * FRACTION_UNIT))
}

impl ScenarioSet {
    pub(crate) fn new<'s>(terms: impl Iterator<Item = &'s ScenarioTerms>, shocks: &Shocks) -> Self {
        let mut scenarios = [Scenario { spot: 1.0, smile: SmileShock::Kept }; SCENARIOS_MAX];
        let mut count = 0;
        for (scenario, terms) in scenarios.iter_mut().zip(terms) {
            // Sets are checked when they are set.
            let smile = terms.smile().unwrap_or(SmileShock::Kept);
            *scenario = Scenario { spot: ppm(terms.spot), smile };
            count += 1;
        }
        Self {
            scenarios,
            count,
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
            discounts: discounts(shocks),
        }
    }
}

/// An expiry under a scenario set, for all of its options.
#[derive(Clone, Debug)]
pub(crate) struct PreparedExpiry {
    prepared: pmrm::Prepared,
    /// The spot factors of the scenarios.
    spots: [f64; SCENARIOS_MAX],
    count: usize,
    forward: f64,
    rate: f64,
    years: f64,
}

impl ScenarioSet {
    pub(crate) fn prepare(&self, feeds: &ExpiryFeeds) -> PreparedExpiry {
        let grid = Grid {
            scenarios: &self.scenarios[..self.count],
            volatility: self.volatility,
            skew: self.skew,
            discounts: self.discounts,
        };
        let (forward, rate) = (feeds.forward as f64, feeds.rate as f64 / NANO);
        let seconds = feeds.nanoseconds as f64 / NANOSECONDS;
        let expiry = pmrm::Expiry { seconds, forward, rate };
        PreparedExpiry {
            prepared: pmrm::Prepared::new(Level::best(), &grid, &expiry),
            spots: self.scenarios.map(|scenario| scenario.spot),
            count: self.count,
            forward,
            rate: rate.max(0.0),
            years: seconds / YEAR_SECONDS,
        }
    }
}

impl PreparedExpiry {
    /// The array of one lot of an option, and its Greeks.
    pub(crate) fn option_array(&self, feeds: &OptionFeeds, lot: &Lot) -> (Array<i64>, Greeks<i64>) {
        let (strike, is_call, factor) = (feeds.strike as f64, feeds.is_call, lot.factor());
        let volatility = match feeds.volatility {
            Volatility::Own(nano) => nano as f64 / NANO,
            // It was a smile when it was taken.
            Volatility::Of(terms) => Smile::try_from(&terms).map_or(0.0, |smile| smile.volatility(strike)),
        };
        let worth = self.prepared.worth(&pmrm::Terms { strike, is_call, volatility });
        let index = feeds.exercised_at.map(|index| index as f64);
        let pays = |spot: f64| index.map(|index| if is_call { index * spot - strike } else { strike - index * spot });
        let best = |worth: f64, spot: f64| pays(spot).map_or(worth, |pays| worth.max(pays));
        let mut scenarios = [0; SCENARIOS_MAX];
        for ((lane, spot), worth) in scenarios.iter_mut().zip(&self.spots[..self.count]).zip(worth.scenarios) {
            *lane = lot.lane(best(worth, *spot) * factor);
        }
        let basis = worth.basis.map(|worth| lot.lane(best(worth, 1.0) * factor));
        let array = Array { mark: lot.lane(best(worth.mark, 1.0) * factor), basis, scenarios };
        if let (Some(pays), Some(index)) = (pays(1.0), index)
            && pays > worth.mark
        {
            let delta = lot.lane(if is_call { index } else { -index } * factor);
            return (array, Greeks { delta, ..Greeks::default() });
        }
        (array, self.greeks(is_call, strike, volatility, lot))
    }

    fn greeks(&self, is_call: bool, strike: f64, volatility: f64, lot: &Lot) -> Greeks<i64> {
        let Self { forward, rate, years, .. } = *self;
        let value = black76::value(&black76::Terms { forward, strike, years, volatility, rate });
        let Value { gamma, vega, vanna, volga, .. } = value;
        let (delta, theta, rho) = if is_call {
            (value.delta_call, value.theta_call, value.rho_call)
        } else {
            (value.delta_put, value.theta_put, value.rho_put)
        };
        let factor = lot.factor();
        let lane = |sensitivity: f64| lot.lane(sensitivity * factor);
        Greeks {
            delta: lane(delta * forward),
            gamma: lane(gamma * forward * forward),
            vega: lane(vega),
            theta: lane(theta / DAYS_A_YEAR),
            rho: lane(rho),
            vanna: lane(vanna * forward),
            volga: lane(volga),
        }
    }
}
