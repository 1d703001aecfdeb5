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

use super::black76::{Batch, Values, values};
use super::kernels::{exp, ln_ratio};
use super::level::{Ieee, Kernel, Level};
use super::{SCENARIOS_MAX, YEAR_SECONDS};
pub use crate::terms::Smile;

/// Seconds before the expiry in which the settlement price is averaged.
const SETTLEMENT_SECONDS: f64 = 1_800.0;
/// Where short expiries end.
const SHORT_SECONDS: f64 = 30.0 * DAY_SECONDS;
const DAY_SECONDS: f64 = 86_400.0;

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

struct Root(f64);

impl Kernel for Root {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        ieee.sqrt(self.0)
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

/// What an option's volatility is multiplied with in the linear and in the absolute scenario.
fn skew_factors(level: Level, shock: &SkewShock, expiry: &Expiry, strike: f64) -> [f64; 2] {
    let root = level.run(Root(expiry.years()));
    let width = shock.width_min.max(root * shock.width * (shock.volatility[0] + root * shock.volatility[1]));
    let moneyness = level.run(LnRatio(strike, expiry.forward));
    let factor = |[fixed, base]: [f64; 2], k: f64| {
        let cap = base * root + fixed;
        let tilt = k * cap / width;
        (1.0 + if k >= 0.0 { tilt.min(cap) } else { tilt.max(-cap) }).max(0.0)
    };
    [factor(shock.linear, moneyness), factor(shock.absolute, moneyness.abs())]
}

/// What one unit of an option is worth now and under every scenario.
pub fn worth(level: Level, grid: &Grid<'_>, expiry: &Expiry, terms: &Terms) -> Worth {
    const MARK: usize = SCENARIOS_MAX;
    const ALL: usize = SCENARIOS_MAX + 3;
    let seconds = expiry.seconds.max(0.0);
    let open = (seconds / SETTLEMENT_SECONDS).min(1.0) * expiry.forward;
    let settled = expiry.forward - open;
    let [up, down] = volatility_factors(level, &grid.volatility, expiry);
    let [linear, absolute] = skew_factors(level, &grid.skew, expiry, terms.strike);
    let (mut forward, mut volatility) = ([expiry.forward; ALL], [terms.volatility; ALL]);
    for ((forward, volatility), scenario) in forward.iter_mut().zip(&mut volatility).zip(grid.scenarios) {
        *volatility = match scenario.smile {
            Smile::Kept => terms.volatility,
            Smile::Up => (terms.volatility * up).max(grid.volatility.evaluated_min),
            Smile::Down => terms.volatility * down,
            Smile::Linear => terms.volatility * linear,
            Smile::Absolute => terms.volatility * absolute,
        };
        if !scenario.smile.is_skew() {
            *forward = open * scenario.spot + settled;
        }
    }
    for (forward, shock) in forward[MARK + 1..].iter_mut().zip(grid.discounts.basis) {
        *forward = open * shock + settled;
    }
    let mut prices = [0.0; ALL];
    let batch = Batch {
        years: expiry.years(),
        rate: expiry.rate.max(0.0),
        forward: &forward,
        strike: &[terms.strike; ALL],
        volatility: &volatility,
    };
    let wanted = &mut prices[..];
    let mut wanted = if terms.is_call {
        Values { call: wanted, ..Values::default() }
    } else {
        Values { put: wanted, ..Values::default() }
    };
    // All have one length.
    let _ = values(level, &batch, &mut wanted);
    let mut scenarios = [0.0; SCENARIOS_MAX];
    scenarios.copy_from_slice(&prices[..SCENARIOS_MAX]);
    Worth { mark: prices[MARK], basis: [prices[MARK + 1], prices[MARK + 2]], scenarios }
}
