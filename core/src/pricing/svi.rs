//! Volatility smiles of one expiry, by five parameters: "stochastic volatility inspired", after Gatheral.
//!
//! With k = ln(K/F), the total variance w = v^2 T of an option with that strike is
//! w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)).
//!
//! J. Gatheral, A parsimonious arbitrage-free implied volatility parameterization, Global Derivatives (2004); in these terms
//! J. Gatheral, A. Jacquier, Arbitrage-free SVI volatility surfaces, Quantitative Finance 14 (2014).
//!
//! Far out a smile is drawn on by nobody's quotes: beyond k = 4 sqrt(a + b sigma) to either side it is flat, and w is at
//! most 144.

use core::fmt;

use super::kernels::{exp, ln_ratio};
use super::level::{Ieee, Kernel, Level};
use crate::command::SmileTerms;
use crate::units::CashAtoms;

/// The total variance is at most this: a standard deviation of 1,200 %.
const TOTAL_VARIANCE_MAX: f64 = 144.0;
/// Deviations at the money to which the smile is followed.
const DEVIATIONS_MAX: f64 = 4.0;

/// The parameters of one expiry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Level of the variance.
    pub a: f64,
    /// Slope of the wings; not negative.
    pub b: f64,
    /// Skew: from -1 to 1.
    pub rho: f64,
    /// Where the smile is centred, in k.
    pub m: f64,
    /// How round the smile is at its bottom; above 0.
    pub sigma: f64,
    /// The forward price that they were fitted at.
    pub forward: f64,
    /// The years to the expiry that they were fitted at.
    pub years: f64,
}

/// Parts of one that a command's parameters are made of.
const PARTS: f64 = 1e12;
/// Strikes that a smile is judged at.
pub(crate) const STRIKES: usize = 5;
/// The one of them that is its forward price.
pub(crate) const AT_THE_MONEY: usize = 2;
/// Parts of one of a smile's level.
const LEVEL_PARTS: f64 = 1e9;

/// Parameters that are no smile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NotASmile {
    /// A parameter is out of its range.
    Parameter {
        /// Which.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// The variance is negative where it is the least.
    NegativeVariance {
        /// a + b sigma sqrt(1 - rho^2).
        least: f64,
    },
}

impl fmt::Display for NotASmile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name, value, expected } => {
                write!(f, "the smile's parameter {name} is {value}; expected {expected}")
            }
            Self::NegativeVariance { least } => {
                write!(f, "the smile's variance is {least} where it is the least; raise `a` until it is not negative")
            }
        }
    }
}

impl core::error::Error for NotASmile {}

/// A smile whose parameters were checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smile(Parameters);

impl Smile {
    /// Checks parameters.
    ///
    /// # Errors
    /// [`NotASmile`].
    pub fn new(parameters: Parameters) -> Result<Self, NotASmile> {
        let Parameters { a, b, rho, m, sigma, forward, years } = parameters;
        // What is no number is in no range.
        for (name, value, low, high, expected) in [
            ("a", a, -TOTAL_VARIANCE_MAX, TOTAL_VARIANCE_MAX, "a number from -144 to 144"),
            ("b", b, 0.0, 1e3, "a number from 0 to 1,000"),
            ("rho", rho, -1.0, 1.0, "a number from -1 to 1"),
            ("m", m, -1e3, 1e3, "a number from -1,000 to 1,000"),
            ("sigma", sigma, 1e-9, 1e3, "a number from 1e-9 to 1,000"),
            ("forward", forward, 1e-30, 1e30, "a price from 1e-30 to 1e30"),
            ("years", years, 1e-9, 1e3, "years from 1e-9 to 1,000"),
        ] {
            if !(low..=high).contains(&value) {
                return Err(NotASmile::Parameter { name, value, expected });
            }
        }
        let least = Level::best().run(Least(parameters));
        if least < 0.0 { Err(NotASmile::NegativeVariance { least }) } else { Ok(Self(parameters)) }
    }

    /// What it was made of.
    pub const fn parameters(&self) -> &Parameters {
        &self.0
    }

    /// The volatility of options with a strike, of any price above 0.
    ///
    /// ```
    /// use novate_core::pricing::svi::{Parameters, Smile};
    ///
    /// let flat = Parameters { a: 0.09, b: 0.0, rho: 0.0, m: 0.0, sigma: 0.1, forward: 100.0, years: 0.25 };
    /// assert!((Smile::new(flat)?.volatility(120.0) - 0.6).abs() < 1e-15);
    /// # Ok::<(), novate_core::pricing::svi::NotASmile>(())
    /// ```
    pub fn volatility(&self, strike: f64) -> f64 {
        Level::best().run(At(self.0, strike))
    }
}

impl TryFrom<&SmileTerms> for Smile {
    type Error = NotASmile;

    /// From a command's integers; prices become floats of atoms.
    #[expect(clippy::cast_precision_loss, reason = "the rules say so")]
    fn try_from(terms: &SmileTerms) -> Result<Self, NotASmile> {
        let part = |parts: i64| parts as f64 / PARTS;
        Self::new(Parameters {
            a: part(terms.a),
            b: part(terms.b),
            rho: part(terms.rho),
            m: part(terms.m),
            sigma: part(terms.sigma),
            forward: terms.forward.0 as f64,
            years: part(terms.years),
        })
    }
}

impl Smile {
    /// As a command says it, each parameter cut off to parts of 1e-12; its forward price is one of atoms. None where a
    /// number does not fit into 64 bits.
    ///
    /// ```
    /// use novate_core::pricing::svi::{Parameters, Smile};
    ///
    /// let fitted = Parameters { a: 0.01, b: 0.1, rho: -0.3, m: 0.0, sigma: 0.2, forward: 6e10, years: 0.25 };
    /// let terms = Smile::new(fitted)?.terms().expect("it fits");
    /// assert_eq!((terms.rho, terms.forward.0), (-300_000_000_000, 60_000_000_000));
    /// # Ok::<(), novate_core::pricing::svi::NotASmile>(())
    /// ```
    pub fn terms(&self) -> Option<SmileTerms> {
        let Parameters { a, b, rho, m, sigma, forward, years } = self.0;
        let whole = |number: f64| {
            const END: f64 = 9.2e18;
            (-END..=END).contains(&number).then_some(number as i64)
        };
        let part = |number: f64| whole(number * PARTS);
        let forward = CashAtoms(whole(forward)?);
        let (a, b, rho, m, sigma) = (part(a)?, part(b)?, part(rho)?, part(m)?, part(sigma)?);
        Some(SmileTerms { a, b, rho, m, sigma, forward, years: part(years)? })
    }

    /// Five strikes that a smile is judged at: its forward price, a deviation to either side of it, and where it is flat
    /// from: there its volatility is the largest.
    pub(crate) fn strikes(&self) -> [f64; STRIKES] {
        let Parameters { a, b, sigma, forward, .. } = self.0;
        let level = Level::best();
        let deviation = level.run(Deviation { a, b, sigma });
        let far = DEVIATIONS_MAX * deviation;
        [-far, -deviation, 0.0, deviation, far].map(|k| forward * level.run(Exp(k)))
    }

    /// The volatilities at strikes, in parts of 1e-9, cut off.
    pub(crate) fn levels(&self, strikes: &[f64; STRIKES]) -> [i64; STRIKES] {
        strikes.map(|strike| (self.volatility(strike) * LEVEL_PARTS) as i64)
    }
}

/// The square root of the variance about the money.
struct Deviation {
    a: f64,
    b: f64,
    sigma: f64,
}

impl Kernel for Deviation {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        let middle = ieee.fma(self.b, self.sigma, self.a);
        ieee.sqrt(if middle > 0.0 { middle } else { 0.0 })
    }
}

/// e^k.
struct Exp(f64);

impl Kernel for Exp {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        exp(ieee, self.0)
    }
}

/// The variance where it is the least.
struct Least(Parameters);

impl Kernel for Least {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        let Parameters { a, b, rho, sigma, .. } = self.0;
        ieee.fma(b * sigma, ieee.sqrt(ieee.fma(-rho, rho, 1.0)), a)
    }
}

/// The volatility at a strike.
struct At(Parameters, f64);

impl Kernel for At {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        let Self(Parameters { a, b, rho, m, sigma, forward, years }, strike) = self;
        let bound = DEVIATIONS_MAX * Deviation { a, b, sigma }.run(ieee);
        let k = ln_ratio(ieee, strike, forward).clamp(-bound, bound);
        let distance = k - m;
        let bend = ieee.sqrt(ieee.fma(distance, distance, sigma * sigma));
        let total = ieee.fma(b, ieee.fma(rho, distance, bend), a);
        ieee.sqrt(total.clamp(0.0, TOTAL_VARIANCE_MAX) / years)
    }
}
