//! What options are worth under the scenarios of a portfolio margin in the manner of Derive's PMRM 2: shocks of spot and
//! volatility, far tails, and skews of the smile.
//!
//! With T years and s seconds to the expiry, F the forward and v an option's volatility:
//!
//! - spot: F is multiplied by the scenario's shock; in the last half hour, in which the settlement price is averaged, only
//!   the part s / 1,800 of it that is not settled yet;
//! - volatility: with tau = (30 days / max(s, floor))^p, where p is the power for short expiries up to 30 days and the one
//!   for long ones behind, up is v (1 + range tau), at least the smallest that is evaluated, down v max(0, 1 - range tau);
//! - skew: with w = max(k*, sqrt(T) width (static + sqrt(T) scale)) and the cap c = base sqrt(T) + cap,
//!   v max(0, 1 + min(c, k c / w)) for k >= 0, and v max(0, 1 + max(-c, k c / w)) below, where k is ln(K/F) in the linear
//!   scenario and its size in the absolute one;
//! - basis: F times up and down, volatility unchanged; their worst counts with add + mult T.
//!
//! An expiry's value counts with a discount: long static e^(-T (r mult + add)) if it is above zero,
//! min(e^(rT), short static e^(T (r mult + add))) below.
//!
//! Derive (Lyra) v2-core, `PMRMLib_2.sol` and its documentation of portfolio margin.

use super::black76;
use super::kernels::{exp, ln_ratio};
use super::level::{Ieee, Kernel, Level};
use super::side::{Place, Side, total_volatility};
use super::{SCENARIOS_MAX, YEAR_SECONDS};
pub use crate::terms::Smile;

/// Seconds before the expiry in which the settlement price is averaged.
const SETTLEMENT_SECONDS: f64 = 1_800.0;
/// Where short expiries end.
const SHORT_SECONDS: f64 = 30.0 * DAY_SECONDS;
const DAY_SECONDS: f64 = 86_400.0;

/// Kinds of [`Smile`].
const SMILES: usize = Smile::ALL.len();
/// A number of each: one comparison is of a vector of them.
const MARKS: [f64; SMILES] = [0.0, 1.0, 2.0, 3.0, 4.0];

/// A scenario: what the spot price is multiplied with, and what the smile does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenario {
    /// The factor of the spot price.
    pub spot: f64,
    /// The smile.
    pub smile: Smile,
}

/// How volatilities are shocked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolatilityShock {
    /// Range upwards, as a part of the volatility.
    pub range_up: f64,
    /// Range downwards.
    pub range_down: f64,
    /// Power of time up to 30 days.
    pub short_power: f64,
    /// Power of time behind.
    pub long_power: f64,
    /// Days below which time does not count any more.
    pub floor_days: f64,
    /// The smallest volatility that is evaluated upwards.
    pub evaluated_min: f64,
}

/// How smiles are skewed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkewShock {
    /// Cap of the linear multiplier at no time, and what it grows with sqrt(T).
    pub linear: [f64; 2],
    /// Of the absolute one.
    pub absolute: [f64; 2],
    /// The smallest width.
    pub width_min: f64,
    /// Width, in standard deviations.
    pub width: f64,
    /// The volatility that width is measured in, at no time, and what it grows with sqrt(T).
    pub volatility: [f64; 2],
}

/// Discounts and basis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Discounts {
    /// Static discount of what is above zero, and below.
    pub fixed: [f64; 2],
    /// What the rate is multiplied with, above and below.
    pub rate_mult: [f64; 2],
    /// What is added to it.
    pub rate_add: [f64; 2],
    /// Shocks of the forward for the basis: up, down.
    pub basis: [f64; 2],
    /// The basis loss counts with this, and for each year with so much more.
    pub basis_factor: [f64; 2],
}

/// All of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid<'a> {
    /// At most [`SCENARIOS_MAX`].
    pub scenarios: &'a [Scenario],
    /// Volatility.
    pub volatility: VolatilityShock,
    /// Skew.
    pub skew: SkewShock,
    /// Discounts.
    pub discounts: Discounts,
}

/// Feeds of an expiry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expiry {
    /// Seconds to it; below 0 is 0.
    pub seconds: f64,
    /// Forward price.
    pub forward: f64,
    /// Rate; below 0 is 0.
    pub rate: f64,
}

/// An option of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Strike.
    pub strike: f64,
    /// Call or put.
    pub is_call: bool,
    /// Volatility, of the smile.
    pub volatility: f64,
}

/// What one unit of an option is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// Now.
    pub mark: f64,
    /// With the forward up, and down.
    pub basis: [f64; 2],
    /// Under each scenario.
    pub scenarios: [f64; SCENARIOS_MAX],
}

/// Factors of an expiry's sums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// Of a value above zero.
    pub long: f64,
    /// Of a value below zero.
    pub short: f64,
    /// Of the loss by basis.
    pub basis: f64,
}

/// e^x.
struct Exp(f64);

impl Kernel for Exp {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        exp(ieee, self.0)
    }
}

/// ln(a/b).
struct LnRatio(f64, f64);

impl Kernel for LnRatio {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        ln_ratio(ieee, self.0, self.1)
    }
}

/// ln of each forward divided by the one now.
struct Shifts<'a>(&'a [f64; LANES_MAX], f64);

impl Kernel for Shifts<'_> {
    type Output = [f64; LANES_MAX];

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> Self::Output {
        let Self(forwards, now) = self;
        let mut shifts = [0.0; LANES_MAX];
        for at in 0..LANES_MAX {
            shifts[at] = ln_ratio(ieee, forwards[at], now);
        }
        shifts
    }
}

impl Expiry {
    fn years(&self) -> f64 {
        self.seconds.max(0.0) / YEAR_SECONDS
    }
}

/// The factors of an expiry's sums.
pub fn factors(level: Level, discounts: &Discounts, expiry: &Expiry) -> Factors {
    let Discounts { fixed, rate_mult, rate_add, basis_factor, .. } = discounts;
    let (years, rate) = (expiry.years(), expiry.rate.max(0.0));
    let grown =
        |side: usize, sign: f64| fixed[side] * level.run(Exp(sign * years * (rate * rate_mult[side] + rate_add[side])));
    Factors {
        long: grown(0, -1.0),
        short: grown(1, 1.0).min(level.run(Exp(rate * years))),
        basis: basis_factor[0] + basis_factor[1] * years,
    }
}

/// What volatilities are multiplied with, up and down.
fn volatility_factors(level: Level, shock: &VolatilityShock, expiry: &Expiry) -> [f64; 2] {
    let seconds = expiry.seconds.max(0.0);
    let power = if seconds <= SHORT_SECONDS { shock.short_power } else { shock.long_power };
    let ratio = level.run(LnRatio(SHORT_SECONDS, seconds.max(shock.floor_days * DAY_SECONDS)));
    let tau = level.run(Exp(power * ratio));
    [1.0 + shock.range_up * tau, (1.0 - shock.range_down * tau).max(0.0)]
}

/// Lanes of an option: every scenario, now, both shocks of the basis, and what makes vectors of eight whole.
const LANES_MAX: usize = (SCENARIOS_MAX + 3).next_multiple_of(8);

/// What all options of an expiry have in common under a grid: made once, for as many options as there are.
///
/// ```
/// use novate_core::pricing::Level;
/// # use novate_core::pricing::pmrm::{Discounts, SkewShock, VolatilityShock};
/// use novate_core::pricing::pmrm::{Expiry, Grid, Prepared, Scenario, Smile, Terms};
///
/// let up = Scenario { spot: 1.1, smile: Smile::Up };
/// let grid = Grid {
///     scenarios: &[up],
///     // ...
/// #   volatility: VolatilityShock {
/// #       range_up: 0.45, range_down: 0.3, short_power: 0.3, long_power: 0.14, floor_days: 1.0, evaluated_min: 0.4,
/// #   },
/// #   skew: SkewShock {
/// #       linear: [0.2, -0.04], absolute: [0.18, -0.03], width_min: 0.02, width: 3.5, volatility: [0.65, -0.15],
/// #   },
/// #   discounts: Discounts {
/// #       fixed: [0.96, 1.03], rate_mult: [1.0, 0.5], rate_add: [0.09, 0.07], basis: [1.04, 0.96],
/// #       basis_factor: [0.25, 0.01],
/// #   },
/// };
/// let expiry = Prepared::new(Level::best(), &grid, &Expiry { seconds: 604_800.0, forward: 30_000.0, rate: 0.03 });
/// let worth = expiry.worth(&Terms { strike: 31_000.0, is_call: true, volatility: 0.5 });
/// assert!(worth.scenarios[0] > worth.mark);
/// ```
#[derive(Clone, Debug)]
pub struct Prepared {
    level: Level,
    /// Scenarios of the grid.
    scenarios: usize,
    /// The forward price now.
    forward: f64,
    common: black76::Expiry,
    /// What volatilities are multiplied with, up and down.
    volatility_factors: [f64; 2],
    /// The smallest volatility that is evaluated upwards.
    evaluated_min: f64,
    /// Caps of the skew's linear and of its absolute multiplier.
    skew_caps: [f64; 2],
    /// The same, divided by its width.
    skew_slopes: [f64; 2],
    /// Forward and smile of each lane: scenarios, now, basis up and down; what is behind is as now. Smiles are
    /// their [`MARKS`].
    forwards: [f64; LANES_MAX],
    smiles: [f64; LANES_MAX],
    /// ln of each forward divided by the one now: an option's logarithm is taken once, and a lane adds its own to it.
    shifts: [f64; LANES_MAX],
}

impl Prepared {
    /// Prepares an expiry under a grid, on a level: the bits do not depend on it.
    pub fn new(level: Level, grid: &Grid<'_>, expiry: &Expiry) -> Self {
        let scenarios = &grid.scenarios[..grid.scenarios.len().min(SCENARIOS_MAX)];
        let open = (expiry.seconds.max(0.0) / SETTLEMENT_SECONDS).min(1.0) * expiry.forward;
        let settled = expiry.forward - open;
        let (mut forwards, mut smiles) = ([expiry.forward; LANES_MAX], [Smile::Kept; LANES_MAX]);
        for ((forward, smile), scenario) in forwards.iter_mut().zip(&mut smiles).zip(scenarios) {
            *smile = scenario.smile;
            if !scenario.smile.is_skew() {
                *forward = open * scenario.spot + settled;
            }
        }
        for (forward, shock) in forwards[scenarios.len() + 1..].iter_mut().zip(grid.discounts.basis) {
            *forward = open * shock + settled;
        }
        let common = level.run(Common { years: expiry.years(), rate: expiry.rate.max(0.0) });
        let (root, skew) = (common.root, &grid.skew);
        let skew_width = skew.width_min.max(root * skew.width * (skew.volatility[0] + root * skew.volatility[1]));
        let skew_caps = [skew.linear, skew.absolute].map(|[fixed, base]| base * root + fixed);
        Self {
            level,
            scenarios: scenarios.len(),
            forward: expiry.forward,
            common,
            volatility_factors: volatility_factors(level, &grid.volatility, expiry),
            evaluated_min: grid.volatility.evaluated_min,
            skew_caps,
            skew_slopes: skew_caps.map(|cap| cap / skew_width),
            smiles: smiles.map(|smile| MARKS[smile.index()]),
            shifts: level.run(Shifts(&forwards, expiry.forward)),
            forwards,
        }
    }

    /// What one unit of an option of the expiry is worth now and under every scenario. What is behind the grid's
    /// scenarios is worth what it is now.
    pub fn worth(&self, terms: &Terms) -> Worth {
        let prices = self.level.run(EveryLane(self, terms));
        let now = self.scenarios;
        let mut scenarios = [prices[now]; SCENARIOS_MAX];
        scenarios[..now].copy_from_slice(&prices[..now]);
        Worth { mark: prices[now], basis: [prices[now + 1], prices[now + 2]], scenarios }
    }

    /// An option's total volatility under each smile, in their order, from ln(K/F).
    #[inline(always)]
    fn totals(&self, volatility: f64, moneyness: f64) -> [f64; SMILES] {
        let [up, down] = self.volatility_factors;
        let skewed = |cap: f64, slope: f64, k: f64| {
            let tilt = k * slope;
            volatility * (1.0 + if k >= 0.0 { tilt.min(cap) } else { tilt.max(-cap) }).max(0.0)
        };
        let ([linear, absolute], [linear_slope, absolute_slope]) = (self.skew_caps, self.skew_slopes);
        let kept = volatility;
        let (up, down) = ((volatility * up).max(self.evaluated_min), volatility * down);
        let (linear, absolute) =
            (skewed(linear, linear_slope, moneyness), skewed(absolute, absolute_slope, moneyness.abs()));
        [kept, up, down, linear, absolute].map(|volatility| total_volatility(volatility * self.common.root))
    }
}

/// What pricing needs of an expiry.
struct Common {
    years: f64,
    rate: f64,
}

impl Kernel for Common {
    type Output = black76::Expiry;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> black76::Expiry {
        black76::Expiry::new(ieee, self.years, self.rate)
    }
}

/// The price of an option in every lane.
struct EveryLane<'a>(&'a Prepared, &'a Terms);

impl Kernel for EveryLane<'_> {
    type Output = [f64; LANES_MAX];

    #[expect(clippy::float_cmp, reason = "marks are compared with themselves")]
    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> [f64; LANES_MAX] {
        let Self(expiry, terms) = self;
        let moneyness = ln_ratio(ieee, expiry.forward, terms.strike);
        let totals = expiry.totals(terms.volatility, -moneyness);
        let vector = if ieee.is_wide() { 8 } else { 4 };
        let count = (expiry.scenarios + 3).next_multiple_of(vector).min(LANES_MAX);
        let none = [0.0; LANES_MAX];
        let (mut high, mut low, mut weight, mut prices) = (none, none, none, none);
        for at in 0..count {
            // Without gathering: each lane has one of five.
            let mut total = totals[0];
            let mut smile = 1;
            while smile < SMILES {
                total = if expiry.smiles[at] == MARKS[smile] { totals[smile] } else { total };
                smile += 1;
            }
            let place = Place::new(ieee, moneyness + expiry.shifts[at], total, 1.0 / total);
            weight[at] = place.weight(ieee, expiry.forwards[at], terms.strike);
            high[at] = place.high;
            low[at] = place.low;
        }
        for at in 0..count {
            let (forward, place) = (expiry.forwards[at], Place { high: high[at], low: low[at] });
            let side = Side::new(ieee, forward, terms.strike, place, weight[at]);
            let [call, put] = side.prices(expiry.common.discount, forward, terms.strike);
            prices[at] = if terms.is_call { call } else { put };
        }
        prices
    }
}
