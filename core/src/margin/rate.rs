//! Rates: parts of something, as integers.

use core::fmt;
use core::str::FromStr;

/// What a rate of one is: its unit is 1e-18.
pub const RATE_UNIT: u128 = 1_000_000_000_000_000_000;
/// A rate is at most this: a million.
const MAX: u128 = 1_000_000 * RATE_UNIT;
/// Digits behind the point of a rate.
const DIGITS: usize = 18;

/// A rate or factor in units of 1e-18: from 0 to a million.
///
/// ```
/// use novate_core::margin::Rate;
///
/// let slippage: Rate = "0.0873794174757282".parse()?;
/// assert_eq!(slippage.units(), 87_379_417_475_728_200);
/// # Ok::<(), novate_core::margin::ParseRateError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u128);

impl Rate {
    /// Nothing of it.
    pub const ZERO: Self = Self(0);
    /// All of it, once.
    pub const ONE: Self = Self(RATE_UNIT);

    /// So many units of 1e-18; none if that is more than a million.
    pub const fn new(units: u128) -> Option<Self> {
        if units <= MAX { Some(Self(units)) } else { None }
    }

    /// Its units of 1e-18.
    pub const fn units(self) -> u128 {
        self.0
    }
}

/// A text that is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseRateError;

impl fmt::Display for ParseRateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a rate from 0 to 1000000, of at most 18 digits behind the point")
    }
}

impl core::error::Error for ParseRateError {}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(part) || part.len() > DIGITS {
            return Err(ParseRateError);
        }
        let number = |digits: &str| digits.parse::<u128>().map_err(|_| ParseRateError);
        let scale = 10_u128.pow((DIGITS - part.len()) as u32);
        let units = number(whole)?.checked_mul(RATE_UNIT).ok_or(ParseRateError)?;
        let rest = number(part)?.checked_mul(scale).ok_or(ParseRateError)?;
        units.checked_add(rest).and_then(Self::new).ok_or(ParseRateError)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / RATE_UNIT, self.0 % RATE_UNIT);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let mut digits = [0; DIGITS];
        let mut left = part;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
        let used = DIGITS - digits.iter().rev().take_while(|digit| **digit == b'0').count();
        write!(f, "{whole}.{}", core::str::from_utf8(&digits[..used]).unwrap_or_default())
    }
}
