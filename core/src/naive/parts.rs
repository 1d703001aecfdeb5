//! Parts of amounts: rates of a millionth, fractions of 2^-30. "Units" of `docs/RISK.md`.

use ethnum::I256;

const MILLION: i128 = 1_000_000;
/// What a fraction of one is.
pub(super) const ONE: i128 = 1 << 30;

/// A part, rounded down.
pub(super) fn floor(amount: i128, rate: impl Into<i128>) -> i128 {
    (amount * rate.into()).div_euclid(MILLION)
}

/// A part, rounded up.
pub(super) fn ceil(amount: i128, rate: impl Into<i128>) -> i128 {
    -floor(-amount, rate)
}

/// A fraction of an amount, rounded down.
pub(super) fn floor_fraction(amount: i128, fraction: i128) -> i128 {
    (amount * fraction).div_euclid(ONE)
}

/// A fraction of an amount, rounded up.
pub(super) fn ceil_fraction(amount: i128, fraction: i128) -> i128 {
    -floor_fraction(-amount, fraction)
}

/// A number of 128 bits, or the nearest that is one.
pub(super) fn narrow(number: I256) -> i128 {
    number.clamp(I256::from(i128::MIN), I256::from(i128::MAX)).as_i128()
}

/// What an event has room for: at most 2^63 - 1 in size.
pub(super) fn event_atoms(number: I256) -> i64 {
    number.clamp(I256::from(-i64::MAX), I256::from(i64::MAX)).as_i64()
}
