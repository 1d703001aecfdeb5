//! Amounts of 127 bits, and parts of them: no product wraps, and each is rounded against the account.

use core::fmt;

use ethnum::I256;

use super::{RATE_UNIT, Rate};

/// A number is beyond what is reckoned with: 127 bits on the way, 63 of a level. A command that needs it is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of the margin is too large")
    }
}

impl core::error::Error for TooLarge {}

/// A part of an amount, rounded down.
pub(super) fn part(amount: i128, rate: Rate) -> Result<i128, TooLarge> {
    scaled(amount, signed(rate))
}

/// The same with a rate of any sign.
pub(super) fn scaled(amount: i128, rate: i128) -> Result<i128, TooLarge> {
    // Nearly always narrow; dividing 256 bits takes several times as long.
    if let Some(product) = amount.checked_mul(rate) {
        return Ok(product.div_euclid(RATE_UNIT.cast_signed()));
    }
    // 127 and 81 bits fit.
    let product = I256::from(amount) * I256::from(rate);
    product.div_euclid(I256::from(RATE_UNIT)).try_into().map_err(|_| TooLarge)
}

/// A rate, which has 80 bits, as a number that others are taken from.
pub(super) fn signed(rate: Rate) -> i128 {
    rate.units().cast_signed()
}

/// A part of an amount, rounded up: what is taken from the account.
pub(super) fn cost(amount: i128, rate: Rate) -> Result<i128, TooLarge> {
    part(amount.checked_neg().ok_or(TooLarge)?, rate)?.checked_neg().ok_or(TooLarge)
}

pub(super) fn sum(amounts: impl IntoIterator<Item = i128>) -> Result<i128, TooLarge> {
    amounts.into_iter().try_fold(0_i128, i128::checked_add).ok_or(TooLarge)
}

/// One amount less another.
pub(super) fn difference(amount: i128, less: i128) -> Result<i128, TooLarge> {
    amount.checked_sub(less).ok_or(TooLarge)
}
