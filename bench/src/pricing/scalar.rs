//! The peer that everybody can write: the formulas of the textbook, one option after the other, in doubles.
//!
//! N(x) is erfc(-x / sqrt 2) / 2. Logarithms, exponentials and roots are those of the standard library, which are the
//! platform's; it has no erfc yet, so that is the crate `libm`'s. What an expiry's options have in common is computed once.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// What all options of an expiry have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry {
    years: f64,
    rate: f64,
    root: f64,
    discount: f64,
}

/// What prices and Greeks have in common.
struct Core {
    d1: f64,
    /// N(d1).
    delta: f64,
    /// v sqrt(T).
    total: f64,
    /// Of call and put.
    prices: [f64; 2],
}

impl Expiry {
    pub(super) fn new(years: f64, rate: f64) -> Self {
        Self { years, rate, root: years.sqrt(), discount: (-rate * years).exp() }
    }

    /// Years to it.
    pub(super) fn years(&self) -> f64 {
        self.years
    }

    /// sqrt(T).
    pub(super) fn root(&self) -> f64 {
        self.root
    }

    #[inline]
    fn core(&self, forward: f64, strike: f64, volatility: f64) -> Core {
        let total = volatility * self.root;
        let d1 = (forward / strike).ln() / total + 0.5 * total;
        let delta = cumulative(d1);
        let call = self.discount * (forward * delta - strike * cumulative(d1 - total));
        Core { d1, delta, total, prices: [call, call - self.discount * (forward - strike)] }
    }

    /// Prices of call and put.
    #[inline]
    pub(super) fn prices(&self, forward: f64, strike: f64, volatility: f64) -> [f64; 2] {
        self.core(forward, strike, volatility).prices
    }

    /// Prices of call and put; delta, gamma, vega and theta of the call.
    #[inline]
    pub(super) fn values(&self, forward: f64, strike: f64, volatility: f64) -> [f64; 6] {
        let Core { d1, delta, total, prices: [call, put] } = self.core(forward, strike, volatility);
        let density = self.discount * density(d1);
        let vega = forward * density * self.root;
        let theta = self.rate * call - vega * volatility / (2.0 * self.years);
        [call, put, self.discount * delta, density / (forward * total), vega, theta]
    }
}

/// N(x).
#[inline]
fn cumulative(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// n(x).
#[inline]
fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}
