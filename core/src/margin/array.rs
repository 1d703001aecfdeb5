//! Risk arrays: what a lot is worth under every scenario, and sums of it.

use core::fmt;

use super::TooLarge;
use crate::pricing::SCENARIOS_MAX;

/// An integer that lanes and their sums are made of: 64 bits where every lot's lanes fit, 128 in checks.
pub trait Lane: Copy + Default + fmt::Debug + Eq {
    /// A product with a quantity, added.
    fn add_product(self, quantity: i64, lane: Self) -> Option<Self>;
    /// As wide as it gets.
    fn widen(self) -> i128;
    /// As narrow as it must be.
    fn narrow(number: i128) -> Option<Self>;
}

impl Lane for i64 {
    #[inline]
    fn add_product(self, quantity: i64, lane: Self) -> Option<Self> {
        self.checked_add(quantity.checked_mul(lane)?)
    }

    fn widen(self) -> i128 {
        self.into()
    }

    fn narrow(number: i128) -> Option<Self> {
        number.try_into().ok()
    }
}

impl Lane for i128 {
    #[inline]
    fn add_product(self, quantity: i64, lane: Self) -> Option<Self> {
        self.checked_add(i128::from(quantity).checked_mul(lane)?)
    }

    fn widen(self) -> i128 {
        self
    }

    fn narrow(number: i128) -> Option<Self> {
        Some(number)
    }
}

/// What one lot is worth, or what many are: now, with the forward up and down, and under each scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array<L> {
    /// Now.
    pub mark: L,
    /// With the forward up, and down.
    pub basis: [L; 2],
    /// Under each scenario.
    pub scenarios: [L; SCENARIOS_MAX],
}

impl<L: Lane> Default for Array<L> {
    fn default() -> Self {
        Self { mark: L::default(), basis: [L::default(); 2], scenarios: [L::default(); SCENARIOS_MAX] }
    }
}

impl<L: Lane> Array<L> {
    /// Adds so many lots: to buy adds, to sell adds a negative quantity.
    ///
    /// # Errors
    /// [`TooLarge`]; some lanes may have been added to.
    pub fn add(&mut self, quantity: i64, lot: &Self) -> Result<(), TooLarge> {
        let own = [&mut self.mark].into_iter().chain(&mut self.basis).chain(&mut self.scenarios);
        let other = [&lot.mark].into_iter().chain(&lot.basis).chain(&lot.scenarios);
        for (sum, lane) in own.zip(other) {
            *sum = sum.add_product(quantity, *lane).ok_or(TooLarge)?;
        }
        Ok(())
    }
}

/// Sensitivities of what one lot is worth now, or of many, in the unit of its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Greeks<L> {
    /// Delta times the forward price: what a move of 1 % changes is a hundredth of it.
    pub delta: L,
    /// Gamma times the square of the forward price.
    pub gamma: L,
    /// For 1 of volatility.
    pub vega: L,
    /// For a day that goes by.
    pub theta: L,
    /// For 1 of rate.
    pub rho: L,
    /// Vanna times the forward price.
    pub vanna: L,
    /// Volga.
    pub volga: L,
}
