//! The side of an option that is out of the money, without discount.
//!
//! A put is a call with forward and strike exchanged: F N(d1) - K N(d2) becomes a N(h) - b N(l), where a is the less of the
//! two, b the other, h = s/2 - |ln(F/K)| / s and l = h - s, which is at most -s/2.
//!
//! Whoever prices many options goes through them stage by stage: places, weights, prices. An option is a long chain of
//! operations each of which waits for the one before; of a stage, a processor has several vectors in flight.

use super::kernels::{mills_parts, normal_density};
use super::level::Ieee;

/// s is at least this: an option whose time or volatility is over is worth what it pays.
const TOTAL_VOLATILITY_MIN: f64 = 1e-30;
/// |ln(F/K)| counts as so much more, which is nothing by any s but the least: then it is a hundred deviations, and even at
/// the money nothing is left of the side.
const DISTANCE_MIN: f64 = 1e-28;

/// s = v sqrt(T), so that it can be divided by.
#[inline(always)]
pub(super) fn total_volatility(total: f64) -> f64 {
    if total > TOTAL_VOLATILITY_MIN { total } else { TOTAL_VOLATILITY_MIN }
}

/// Whether the side is the call.
#[inline(always)]
pub(super) fn is_call(forward: f64, strike: f64) -> bool {
    forward <= strike
}

/// a.
#[inline(always)]
fn less(forward: f64, strike: f64) -> f64 {
    if forward < strike { forward } else { strike }
}

/// Where the strike is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// h.
    pub(super) high: f64,
    /// -l.
    pub(super) low: f64,
}

impl Place {
    /// From ln(F/K), s and 1/s.
    #[inline(always)]
    pub(super) fn new(ieee: impl Ieee, moneyness: f64, total: f64, inverse_total: f64) -> Self {
        let (distance, half) = (moneyness.abs() + DISTANCE_MIN, 0.5 * total);
        let high = ieee.fma(-distance, inverse_total, half);
        let low = ieee.fma(distance, inverse_total, half);
        Self { high, low }
    }

    /// a n(h) = b n(l), which is F n(d1) on either side.
    #[inline(always)]
    pub(super) fn weight(self, ieee: impl Ieee, forward: f64, strike: f64) -> f64 {
        less(forward, strike) * normal_density(ieee, self.high)
    }
}

/// What prices and Greeks are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    /// Its price.
    price: f64,
    /// The Mills ratio of |d1|.
    pub(super) mills: f64,
}

impl Side {
    /// Of a place and its weight.
    #[inline(always)]
    pub(super) fn new(ieee: impl Ieee, forward: f64, strike: f64, place: Place, weight: f64) -> Self {
        let [[above, above_low], [below, below_low]] = mills_parts(ieee, [place.high.abs(), place.low]);
        let product = above_low * below;
        // One division for both Mills ratios. From 10^13 on, where the weight is 0, products are beyond all numbers, and what
        // comes of them may be none: price and ratio are 0 then.
        let inverse = 1.0 / (below * below_low);
        // N(h) is by M(|h|), or 1 less that; N(l) is by M(-l).
        let whole = if place.high <= 0.0 { 0.0 } else { less(forward, strike) };
        let difference = ieee.fma(above.copysign(-place.high), below_low, -product) * inverse;
        let price = ieee.fma(weight, difference, whole);
        let own = if is_call(forward, strike) { above * below_low } else { product };
        Self { price: if price > 0.0 { price } else { 0.0 }, mills: if inverse > 0.0 { inverse * own } else { 0.0 } }
    }

    /// Prices of call and put: one is the side's own, the other follows from parity.
    #[inline(always)]
    pub(super) fn prices(self, discount: f64, forward: f64, strike: f64) -> [f64; 2] {
        let (price, is_call, parity) = (self.price, is_call(forward, strike), forward - strike);
        [
            discount * if is_call { price } else { price + parity },
            discount * if is_call { price - parity } else { price },
        ]
    }
}
