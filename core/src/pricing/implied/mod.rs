//! Implied volatility: the volatility at which [`black76`](super::black76) gives a price.
//!
//! With x = ln(F/K), the total volatility s = v sqrt(T) and N the normal distribution, the price of the option that is
//! out of the money, without its discount and divided by sqrt(F K), is
//!
//! b(x, s) = e^(-|x| / 2) N(-|x| / s + s / 2) - e^(|x| / 2) N(-|x| / s - s / 2),
//!
//! which grows with s from 0 to e^(-|x| / 2). Implied volatility is its inverse, by the method of P. Jaeckel, Let's be
//! rational, Wilmott (January 2015): a first s by rational interpolation in one of four branches, then Householder's
//! steps of third order on a function that is almost straight in that branch.
//!
//! Normalised prices are at most 2e-15 of themselves off wherever they are normal numbers. Total volatilities are as
//! exact as their price allows: an error of e in b, as a part of it, is one of e b / (s b'(s)) in s. That factor is 1 or
//! less out of the money, and grows without bound where the price is almost the most that it can be.

mod black;
mod solve;

use core::fmt;

use self::solve::Known;
use super::kernels::{exp, exp_pair, ln_ratio};
use super::level::{Ieee, Kernel, Level};

/// |ln(F/K)| is no more than this.
const LOG_MONEYNESS_MAX: f64 = 1_000.0;
/// Years to the expiry are no more than this.
const YEARS_MAX: f64 = 1_000.0;
/// Rate times years is no more than this, nor less than its negative: beyond it, there is no discount that is a number.
const RATE_YEARS_MAX: f64 = 700.0;
/// A price below intrinsic by this part of it is intrinsic: so much may come from rounding the price and its discount.
const ROUNDING: f64 = 1e-15;

/// A price, and all that it depends on but the volatility.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// Forward price for the expiry: positive and normal, and from the strike at most a factor of e^1000 away.
    pub forward: f64,
    /// Strike: the same.
    pub strike: f64,
    /// Years to the expiry: positive and normal, at most 1,000.
    pub years: f64,
    /// Rate, continuously compounded, 0.05 being 5 % a year: times years from -700 to 700.
    pub rate: f64,
    /// Price, discounted, in the unit of forward and strike: from intrinsic to less than the discounted forward of a
    /// call, or strike of a put.
    pub price: f64,
    /// Whether it is a call; otherwise it is a put.
    pub is_call: bool,
}

/// A number that has a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A quote's forward.
    Forward,
    /// Its strike.
    Strike,
    /// Its years.
    Years,
    /// Its rate times its years.
    RateTimesYears,
    /// Its price, or a normalised one.
    Price,
    /// ln(F/K).
    LogMoneyness,
}

/// Why there is no volatility for a price.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum NoVolatility {
    /// A number is outside of its range.
    OutOfRange {
        /// Which one.
        input: Input,
        /// What it was.
        found: f64,
    },
    /// The price is less than what exercise would pay, discounted.
    BelowIntrinsic {
        /// The price.
        price: f64,
        /// The least that it can be.
        intrinsic: f64,
    },
    /// The price is at or above what no volatility reaches.
    AtMost {
        /// The price.
        price: f64,
        /// The discounted forward of a call, the discounted strike of a put; e^(-|x| / 2) if normalised.
        most: f64,
    },
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "forward, a positive normal number",
            Self::Strike => "strike, a positive normal number",
            Self::Years => "years, a positive normal number up to 1,000",
            Self::RateTimesYears => "rate times years, from -700 to 700",
            Self::Price => "price, a finite number",
            Self::LogMoneyness => "log-moneyness, from -1,000 to 1,000",
        })
    }
}

impl fmt::Display for NoVolatility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { input, found } => write!(f, "{found:?} is outside of the range of {input}"),
            Self::BelowIntrinsic { price, intrinsic } => {
                write!(f, "a price of {price:?} is below intrinsic, {intrinsic:?}")
            }
            Self::AtMost { price, most } => {
                write!(f, "a price of {price:?} is out of every volatility's reach: it is less than {most:?}")
            }
        }
    }
}

impl core::error::Error for NoVolatility {}

/// The volatility of a quote: 0.5 is 50 % a year. 0 where the price is intrinsic.
///
/// An in-the-money price is turned into that of the other side, by parity: what rounding took is a larger part of that.
///
/// # Errors
/// [`NoVolatility`]: a number outside of the range that [`Quote`] states, or a price that no volatility gives.
///
/// ```
/// use novate_core::pricing::implied::{Quote, volatility};
///
/// // Haug's example of Black 76, backwards.
/// let quote = Quote { forward: 19.0, strike: 19.0, years: 0.75, rate: 0.1, price: 1.7011, is_call: true };
/// assert!((volatility(&quote).unwrap() - 0.28).abs() < 1e-5);
/// ```
pub fn volatility(quote: &Quote) -> Result<f64, NoVolatility> {
    volatility_on(Level::best(), quote)
}

/// [`volatility`] on a level: the bits do not depend on it.
///
/// # Errors
/// The same.
pub fn volatility_on(level: Level, quote: &Quote) -> Result<f64, NoVolatility> {
    level.run(OfQuote(quote))
}

/// The total volatility s at which b(x, s) is a normalised price: 0 where that is 0.
///
/// x = ln(F/K) is from -1,000 to 1,000, its sign without effect. The price is that of the option out of the money, from
/// 0 to less than e^(-|x| / 2).
///
/// # Errors
/// [`NoVolatility`]: a number outside of its range.
///
/// ```
/// use novate_core::pricing::implied::{normalised_black, total_volatility};
///
/// let price = normalised_black(-20.0, 1.0);
/// assert!((price / 1.209774972612160091e-90 - 1.0).abs() < 2e-15);
/// assert!((total_volatility(-20.0, price).unwrap() - 1.0).abs() < 1e-15);
/// ```
pub fn total_volatility(log_moneyness: f64, normalised_price: f64) -> Result<f64, NoVolatility> {
    total_volatility_on(Level::best(), log_moneyness, normalised_price)
}

/// [`total_volatility`] on a level: the bits do not depend on it.
///
/// # Errors
/// The same.
pub fn total_volatility_on(level: Level, log_moneyness: f64, normalised_price: f64) -> Result<f64, NoVolatility> {
    level.run(OfNormalised { log_moneyness, price: normalised_price })
}

/// The normalised price b(x, s) of the option out of the money, at x and the total volatility s.
///
/// x = ln(F/K) is from -1,000 to 1,000, its sign without effect; s is from 0. Anything else gives a number without
/// meaning, or none. Where it is a normal number, at most 2e-15 of it is off.
///
/// ```
/// use novate_core::pricing::implied::normalised_black;
///
/// // At the money, nearly s / sqrt(2 pi).
/// assert!((normalised_black(0.0, 1e-6) / 3.989422804014161e-7 - 1.0).abs() < 1e-15);
/// ```
pub fn normalised_black(log_moneyness: f64, total_volatility: f64) -> f64 {
    normalised_black_on(Level::best(), log_moneyness, total_volatility)
}

/// [`normalised_black`] on a level: the bits do not depend on it.
pub fn normalised_black_on(level: Level, log_moneyness: f64, total_volatility: f64) -> f64 {
    level.run(OfVolatility { log_moneyness, total_volatility })
}

struct OfQuote<'a>(&'a Quote);

impl Kernel for OfQuote<'_> {
    type Output = Result<f64, NoVolatility>;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> Self::Output {
        let &Quote { forward, strike, years, rate, price, is_call } = self.0;
        check(Input::Forward, forward, is_normal(forward))?;
        check(Input::Strike, strike, is_normal(strike))?;
        check(Input::Years, years, is_normal(years) && years <= YEARS_MAX)?;
        check(Input::RateTimesYears, rate * years, (rate * years).abs() <= RATE_YEARS_MAX)?;
        check(Input::Price, price, price.is_finite())?;
        let log_moneyness = ln_ratio(ieee, forward, strike);
        let moneyness = log_moneyness.abs();
        check(Input::LogMoneyness, log_moneyness, moneyness <= LOG_MONEYNESS_MAX)?;

        let growth = exp(ieee, rate * years);
        let (most, least) = if is_call { (forward, strike) } else { (strike, forward) };
        let intrinsic = if most > least { most - least } else { 0.0 };
        // What is left of the price is that of the side out of the money; what both lack is the same.
        let left = ieee.fma(price, growth, -intrinsic);
        let lacking = ieee.fma(-price, growth, most);
        if left < -ROUNDING * intrinsic {
            return Err(NoVolatility::BelowIntrinsic { price, intrinsic: intrinsic / growth });
        }
        if lacking <= 0.0 {
            return Err(NoVolatility::AtMost { price, most: most / growth });
        }
        let unit = ieee.sqrt(forward) * ieee.sqrt(strike);
        let known = Known {
            moneyness,
            price: left / unit,
            complement: lacking / unit,
            most: if most > least { least } else { most } / unit,
        };
        if known.price > 0.0 { Ok(known.total_volatility(ieee) / ieee.sqrt(years)) } else { Ok(0.0) }
    }
}

struct OfNormalised {
    log_moneyness: f64,
    price: f64,
}

impl Kernel for OfNormalised {
    type Output = Result<f64, NoVolatility>;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> Self::Output {
        let Self { log_moneyness, price } = self;
        let moneyness = log_moneyness.abs();
        check(Input::LogMoneyness, log_moneyness, moneyness <= LOG_MONEYNESS_MAX)?;
        check(Input::Price, price, price.is_finite())?;
        let [most, lost] = exp_pair(ieee, -0.5 * moneyness);
        let complement = most - price + lost;
        if price < 0.0 {
            return Err(NoVolatility::BelowIntrinsic { price, intrinsic: 0.0 });
        }
        if complement <= 0.0 {
            return Err(NoVolatility::AtMost { price, most });
        }
        let known = Known { moneyness, price, complement, most };
        if price > 0.0 { Ok(known.total_volatility(ieee)) } else { Ok(0.0) }
    }
}

struct OfVolatility {
    log_moneyness: f64,
    total_volatility: f64,
}

impl Kernel for OfVolatility {
    type Output = f64;

    #[inline(always)]
    fn run(self, ieee: impl Ieee) -> f64 {
        if self.total_volatility > 0.0 {
            black::price(ieee, self.log_moneyness.abs(), self.total_volatility)
        } else {
            0.0
        }
    }
}

/// Whether it is a positive normal number.
#[inline(always)]
fn is_normal(number: f64) -> bool {
    (f64::MIN_POSITIVE..=f64::MAX).contains(&number)
}

#[inline(always)]
fn check(input: Input, found: f64, is_in_range: bool) -> Result<(), NoVolatility> {
    if is_in_range { Ok(()) } else { Err(NoVolatility::OutOfRange { input, found }) }
}
