//! Elementary functions, made of operations that have one right result, so that they have the same bits everywhere.
//!
//! Each is straight-line code with selections instead of branches: compilers make vectors of it.

use super::coefficients::{EXP, INVERSE_SQRT_2_PI, LN, LN2_HIGH, LN2_LOW, LOG2_E, MILLS};
use super::level::Ieee;

/// Added to a small number, it leaves the nearest integer in the last bits: 1.5 x 2^52.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// Where e^x is 0, rather than a number that has lost bits.
const EXP_LOW: f64 = -708.0;
/// Where e^x is still finite.
const EXP_HIGH: f64 = 709.0;
/// Bits of a double that are not its exponent or sign.
const FRACTION_BITS: u32 = 52;

/// A polynomial, lowest coefficient first: four chains in x^4 side by side, always in the same order.
#[inline(always)]
pub(super) fn polynomial<const N: usize>(ieee: impl Ieee, coefficients: &[f64; N], x: f64) -> f64 {
    let at = |power: usize| if power < N { coefficients[power] } else { 0.0 };
    let squared = x * x;
    let fourth = squared * squared;
    let mut power = (N - 1) / 4 * 4;
    let mut sums = [at(power), at(power + 1), at(power + 2), at(power + 3)];
    while power > 0 {
        power -= 4;
        sums = [
            ieee.fma(sums[0], fourth, coefficients[power]),
            ieee.fma(sums[1], fourth, coefficients[power + 1]),
            ieee.fma(sums[2], fourth, coefficients[power + 2]),
            ieee.fma(sums[3], fourth, coefficients[power + 3]),
        ];
    }
    ieee.fma(squared, ieee.fma(sums[3], x, sums[2]), ieee.fma(sums[1], x, sums[0]))
}

/// e^x: to 1.5 units in the last place between -708 and 709, 0 below; above, and of what is no number, no meaning.
#[inline(always)]
pub(super) fn exp(ieee: impl Ieee, x: f64) -> f64 {
    let within = if x < EXP_LOW { EXP_LOW } else { x };
    let within = if within > EXP_HIGH { EXP_HIGH } else { within };
    // x = n ln 2 + r, where r is at most half of ln 2.
    let shifted = ieee.fma(within, LOG2_E, ROUNDER);
    let whole = shifted - ROUNDER;
    let rest = ieee.fma(whole, -LN2_LOW, ieee.fma(whole, -LN2_HIGH, within));
    let power = 1.0 + ieee.fma(rest * rest, polynomial(ieee, &EXP, rest), rest);
    // Two halves: 2^1024 is no number, and its half is.
    let scale = f64::from_bits((shifted.to_bits() << FRACTION_BITS).wrapping_add(1022 << FRACTION_BITS));
    let value = power * scale * 2.0;
    if x < EXP_LOW { 0.0 } else { value }
}

/// ln(a / b) of two positive normal numbers: with full relative precision also where they are almost the same.
#[inline(always)]
pub(super) fn ln_ratio(ieee: impl Ieee, a: f64, b: f64) -> f64 {
    // The difference of what bits say is about that of binary logarithms: half a one is added, to round it.
    let difference = a.to_bits().wrapping_sub(b.to_bits()).wrapping_add(1 << (FRACTION_BITS - 1));
    let biased = difference.wrapping_add(2_048 << FRACTION_BITS) >> FRACTION_BITS;
    let exponent = f64::from_bits(0x4330_0000_0000_0000 | biased) - (4_503_599_627_370_496.0 + 2_048.0);
    let near = f64::from_bits(b.to_bits().wrapping_add(biased.wrapping_sub(2_048) << FRACTION_BITS));
    // ln(a / near) = 2 atanh u.
    let u = (a - near) / (a + near);
    let w = u * u;
    let log = ieee.fma(u * w, polynomial(ieee, &LN, w), 2.0 * u);
    ieee.fma(exponent, LN2_HIGH, ieee.fma(exponent, LN2_LOW, log))
}

/// The density of the normal distribution at x.
#[inline(always)]
pub(super) fn normal_density(ieee: impl Ieee, x: f64) -> f64 {
    // What rounding takes from x^2 is lost to its exponential by a factor, unless it is given back.
    let squared = x * x;
    let lost = ieee.fma(x, x, -squared);
    let density = exp(ieee, -0.5 * squared) * INVERSE_SQRT_2_PI;
    ieee.fma(-0.5 * lost, density, density)
}

/// The Mills ratios of two numbers that are not negative, (1 - N(z)) / n(z), by one division.
#[inline(always)]
pub(super) fn mills_pair(ieee: impl Ieee, [first, second]: [f64; 2]) -> [f64; 2] {
    let (a, b) = ([first + 5.0, second + 5.0], [first + 1.0, second + 1.0]);
    let products = [a[0] * b[0], a[1] * b[1]];
    let inverse = 1.0 / (products[0] * products[1]);
    let inverses = [inverse * products[1], inverse * products[0]];
    // t = (z - 5) / (z + 5), and the polynomial is (z + 1) times what is looked for.
    [
        polynomial(ieee, &MILLS, (first - 5.0) * (b[0] * inverses[0])) * (a[0] * inverses[0]),
        polynomial(ieee, &MILLS, (second - 5.0) * (b[1] * inverses[1])) * (a[1] * inverses[1]),
    ]
}
