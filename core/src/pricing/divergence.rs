//! How likely the price has left a hedge's band before anybody could act.
//!
//! A log price with volatility v moves in a lag of L years by a normal variable with the deviation v sqrt(L). The chance
//! that it is more than h away from where it was is 2 (1 - N(h / (v sqrt(L)))); that it has been so at any time meanwhile,
//! by the reflection principle, at most twice that. See W. Feller, An Introduction to Probability Theory and Its
//! Applications, vol. 2, 2nd ed. (1971), chapter X.

use core::fmt;

use super::YEAR_SECONDS;
use super::kernels::{mills_pair, normal_density};
use super::level::{Ieee, Kernel, Level};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Volatility a year: 0.8 is 80 %; from 0 to 1,000.
    pub volatility: f64,
    /// Seconds until somebody can act: the age of a feed and the lag of a replica; from 0 to a year.
    pub lag_seconds: f64,
    /// The band to either side, as a part of the price: 0.001 is 0.1 %; above 0, to 1.
    pub band: f64,
}

/// Chances, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// That the price is outside of the band at the end.
    pub at_the_end: f64,
    /// That it was outside at any time until then, at most.
    pub at_any_time: f64,
}

/// An exposure that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoExposure {
    /// What of it.
    pub name: &'static str,
    /// What it is.
    pub value: f64,
    /// What it may be.
    pub expected: &'static str,
}

impl fmt::Display for NoExposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, expected } = self;
        write!(f, "{name} is {value}; expected {expected}")
    }
}

impl core::error::Error for NoExposure {}

/// Computes the chances.
///
/// # Errors
/// [`NoExposure`].
///
/// ```
/// use novate_core::pricing::divergence::{Exposure, divergence};
///
/// // 80 % a year, one second, a band of 0.05 %.
/// let chance = divergence(&Exposure { volatility: 0.8, lag_seconds: 1.0, band: 0.0005 })?;
/// assert!((chance.at_the_end - 4.4843e-4).abs() < 1e-8);
/// # Ok::<(), novate_core::pricing::divergence::NoExposure>(())
/// ```
pub fn divergence(exposure: &Exposure) -> Result<Divergence, NoExposure> {
    let Exposure { volatility, lag_seconds, band } = *exposure;
    for (name, value, low, high, expected) in [
        ("the volatility", volatility, 0.0, 1e3, "a number from 0 to 1,000"),
        ("the lag", lag_seconds, 0.0, YEAR_SECONDS, "seconds from 0 to a year's 31,536,000"),
        ("the band", band, f64::MIN_POSITIVE, 1.0, "a part of the price above 0, to 1"),
    ] {
        if !(low..=high).contains(&value) {
            return Err(NoExposure { name, value, expected });
        }
    }
    let at_the_end = Level::best().run(Outside(*exposure));
    Ok(Divergence { at_the_end, at_any_time: (2.0 * at_the_end).min(1.0) })
}

/// 2 (1 - N(z)).
struct Outside(Exposure);

impl Kernel for Outside {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        let Exposure { volatility, lag_seconds, band } = self.0;
        let deviation = volatility * ieee.sqrt(lag_seconds / YEAR_SECONDS);
        if deviation <= 0.0 {
            return 0.0;
        }
        // Farther out there is nothing left of it.
        let z = (band / deviation).min(40.0);
        2.0 * normal_density(ieee, z) * mills_pair(ieee, [z, z])[0]
    }
}
