//! Elementary functions, made of operations that have one right result, so that they have the same bits everywhere.
//!
//! Each is straight-line code with selections instead of branches: compilers make vectors of it.

use super::coefficients::{
    EXP, FOOT, INVERSE_SQRT_2_PI, LN, LN2_HIGH, LN2_LOW, LOG2_E, MILLS_ABOVE, MILLS_BELOW, MILLS_WIDE, QUANTILE,
};
use super::level::Ieee;

/// Added to a small number, it leaves the nearest integer in the last bits: 1.5 x 2^52.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// Where e^x is 0, rather than a number that has lost bits.
const EXP_LOW: f64 = -708.0;
/// Where e^x is still finite.
const EXP_HIGH: f64 = 709.0;
/// The largest exponent of what is scaled.
const SCALE_MAX: f64 = 1_021.0;
/// 2^54: a subnormal number times this is normal.
const TWO_TO_54: f64 = 18_014_398_509_481_984.0;
/// Bits of a double that are not its exponent or sign.
const FRACTION_BITS: u32 = 52;

/// Half a binary logarithm, in the bits of a double.
const HALF_A_BINARY: u64 = 1 << (FRACTION_BITS - 1);
/// Keeps differences of exponents positive.
const BIAS: u64 = 2_048 << FRACTION_BITS;
/// The exponent, and the sign.
const EXPONENT_BITS: u64 = u64::MAX << FRACTION_BITS;
/// Where the density of the normal distribution is 0, rather than a number that has lost bits: -x^2 / 2.
const DENSITY_LOW: f64 = -706.0;

/// A polynomial with an even number of coefficients, lowest first: even and odd powers side by side, in one order.
#[inline(always)]
pub(super) fn polynomial<const N: usize>(ieee: impl Ieee, coefficients: &[f64; N], x: f64) -> f64 {
    const { assert!(N.is_multiple_of(2)) };
    let squared = x * x;
    let mut power = N - 2;
    let [mut even, mut odd] = [coefficients[power], coefficients[power + 1]];
    while power > 0 {
        power -= 2;
        even = ieee.fma(even, squared, coefficients[power]);
        odd = ieee.fma(odd, squared, coefficients[power + 1]);
    }
    ieee.fma(odd, x, even)
}

/// e^x: to 1.5 units in the last place between -708 and 709, 0 below; above, and of what is no number, no meaning.
#[inline(always)]
pub(super) fn exp(ieee: impl Ieee, x: f64) -> f64 {
    let within = if x < EXP_LOW { EXP_LOW } else { x };
    let within = if within > EXP_HIGH { EXP_HIGH } else { within };
    let [shifted, excess] = exp_parts(ieee, within);
    // Two halves: 2^1024 is no number, and its half is.
    let value = (1.0 + excess) * half_scale(shifted) * 2.0;
    if x < EXP_LOW { 0.0 } else { value }
}

/// e^x, where x is from -1,000,000 to 709, as 2^n (1 + q): n with [`ROUNDER`] added to it, and q.
#[inline(always)]
fn exp_parts(ieee: impl Ieee, x: f64) -> [f64; 2] {
    let [shifted, rest] = exp_rest(ieee, x);
    [shifted, ieee.fma(rest * rest, polynomial(ieee, &EXP, rest), rest)]
}

/// x as n ln 2 + r, where r is at most half of ln 2: n with [`ROUNDER`] added to it, and r.
#[inline(always)]
fn exp_rest(ieee: impl Ieee, x: f64) -> [f64; 2] {
    let shifted = ieee.fma(x, LOG2_E, ROUNDER);
    let whole = shifted - ROUNDER;
    [shifted, ieee.fma(whole, -LN2_LOW, ieee.fma(whole, -LN2_HIGH, x))]
}

/// 2^(n - 1), where n is from -1,021 to 1,024 and comes with [`ROUNDER`] added to it.
#[inline(always)]
fn half_scale(shifted: f64) -> f64 {
    f64::from_bits((shifted.to_bits() << FRACTION_BITS).wrapping_add(1022 << FRACTION_BITS))
}

/// e^x as a number and what its rounding took, where x is from -700 to 700: to a third of a unit in the last place.
#[inline(always)]
pub(super) fn exp_pair(ieee: impl Ieee, x: f64) -> [f64; 2] {
    let [shifted, excess] = exp_parts(ieee, x);
    let power = 1.0 + excess;
    let scale = half_scale(shifted);
    [power * scale * 2.0, (excess - (power - 1.0)) * scale * 2.0]
}

/// e^x 2^-n, where x is from -1,000,000 to 700 and n an integer: 0 from about 2^-1021 down, and about 2^1021 at most.
#[inline(always)]
pub(super) fn exp_scaled(ieee: impl Ieee, x: f64, n: f64) -> f64 {
    let [shifted, excess] = exp_parts(ieee, x);
    let exponent = shifted - ROUNDER - n;
    let within = if exponent < SCALE_MAX { exponent } else { SCALE_MAX };
    let value = (1.0 + excess) * half_scale(within + ROUNDER) * 2.0;
    if exponent > -SCALE_MAX { value } else { 0.0 }
}

/// A positive number as a number from 1 to 2 and n, of which 2^n is the other factor; subnormal numbers too.
#[inline(always)]
pub(super) fn fraction_and_exponent(x: f64) -> [f64; 2] {
    let (normal, bias) = if x < f64::MIN_POSITIVE { (x * TWO_TO_54, 1_023.0 + 54.0) } else { (x, 1_023.0) };
    let exponent = f64::from((normal.to_bits() >> FRACTION_BITS) as u32) - bias;
    let fraction = f64::from_bits(normal.to_bits() & ((1 << FRACTION_BITS) - 1) | 1.0_f64.to_bits());
    [fraction, exponent]
}

/// The logarithm of what [`fraction_and_exponent`] has taken apart.
#[inline(always)]
pub(super) fn ln_parts(ieee: impl Ieee, [fraction, exponent]: [f64; 2]) -> f64 {
    let log = ln_ratio(ieee, fraction, 1.0);
    ieee.fma(exponent, LN2_HIGH, ieee.fma(exponent, LN2_LOW, log))
}

/// ln(a / b) of two positive normal numbers: with full relative precision also where they are almost the same.
#[inline(always)]
pub(super) fn ln_ratio(ieee: impl Ieee, a: f64, b: f64) -> f64 {
    // The difference of what bits say is about that of binary logarithms: half a one is added, to round it.
    let difference = a.to_bits().wrapping_sub(b.to_bits()).wrapping_add(HALF_A_BINARY + BIAS);
    let exponent =
        f64::from_bits(0x4330_0000_0000_0000 | difference >> FRACTION_BITS) - (4_503_599_627_370_496.0 + 2_048.0);
    // b 2^n, whose sign is the bias.
    let negative = f64::from_bits(b.to_bits().wrapping_add(difference & EXPONENT_BITS));
    // ln(a / b 2^n) = 2 atanh u.
    let u = (a + negative) / (a - negative);
    let w = u * u;
    let log = ieee.fma(u * w, polynomial(ieee, &LN, w), 2.0 * u);
    ieee.fma(exponent, LN2_HIGH, ieee.fma(exponent, LN2_LOW, log))
}

/// The density of the normal distribution at x; 0 where it would lose bits, from 37.57 on.
#[inline(always)]
pub(super) fn normal_density(ieee: impl Ieee, x: f64) -> f64 {
    // What rounding takes from x^2 is lost to its exponential by a factor, unless it is given back.
    let squared = x * x;
    let lost = ieee.fma(x, x, -squared);
    let exponent = -0.5 * squared;
    let [shifted, rest] = exp_rest(ieee, exponent);
    let rest = ieee.fma(-0.5, lost, rest);
    let excess = ieee.fma(rest * rest, polynomial(ieee, &EXP, rest), rest);
    // 2^n / sqrt(2 pi) by adding n to the exponent.
    let scale = f64::from_bits((shifted.to_bits() << FRACTION_BITS).wrapping_add(INVERSE_SQRT_2_PI.to_bits()));
    if exponent < DENSITY_LOW { 0.0 } else { ieee.fma(scale, excess, scale) }
}

/// The Mills ratios (1 - N(z)) / n(z) of two numbers from 0 to 10^13, as numerators and denominators.
///
/// All terms are positive: nothing cancels. Two quotients take fewer operations than two polynomials, and have one division
/// together, as has their difference.
#[inline(always)]
pub(super) fn mills_parts(ieee: impl Ieee, [first, second]: [f64; 2]) -> [[f64; 2]; 2] {
    // By Horner's rule there are as few operations as can be: four chains in step do not wait for each other.
    let (mut above, mut below) = ([1.0; 2], [1.0; 2]);
    let mut power = MILLS_BELOW.len() - 1;
    while power > 0 {
        power -= 1;
        let coefficient = MILLS_BELOW[power];
        below = [ieee.fma(below[0], first, coefficient), ieee.fma(below[1], second, coefficient)];
        if power < MILLS_ABOVE.len() - 1 {
            let coefficient = MILLS_ABOVE[power];
            above = [ieee.fma(above[0], first, coefficient), ieee.fma(above[1], second, coefficient)];
        }
    }
    [above, below]
}

/// The Mills ratios of two numbers from 0 to 10^13, by one division.
#[inline(always)]
pub(super) fn mills_pair(ieee: impl Ieee, z: [f64; 2]) -> [f64; 2] {
    let [above, below] = mills_parts(ieee, z);
    let inverse = 1.0 / (below[0] * below[1]);
    [above[0] * below[1] * inverse, above[1] * below[0] * inverse]
}

/// (M(z) - M(z + width)) / width, M being the Mills ratio, z at least -1 and width from 0: to full relative precision.
///
/// Nothing cancels however small the width is or however large z: M is a polynomial by z + 2, and the difference
/// quotient of the polynomial is one in both places.
#[inline(always)]
pub(super) fn mills_slope(ieee: impl Ieee, z: f64, width: f64) -> f64 {
    let (far, near) = ([z + 6.0, z + width + 6.0], [z + 2.0, z + width + 2.0]);
    let products = [far[0] * far[1], near[0] * near[1]];
    let inverse = 1.0 / (products[0] * products[1]);
    let [inverse_far, inverse_near] = [inverse * products[1], inverse * products[0]];
    let places = [(z - 4.0) * far[1] * inverse_far, (z + width - 4.0) * far[0] * inverse_far];
    let squares = [places[0] * places[0], places[1] * places[1]];
    // p(t) = e(t^2) + t o(t^2): e and o at the first place, and their difference quotients.
    let (mut values, mut quotients) = ([0.0; 2], [0.0; 2]);
    for &[even, odd] in MILLS_WIDE.as_chunks::<2>().0.iter().rev() {
        quotients = [ieee.fma(quotients[0], squares[1], values[0]), ieee.fma(quotients[1], squares[1], values[1])];
        values = [ieee.fma(values[0], squares[0], even), ieee.fma(values[1], squares[0], odd)];
    }
    let value = ieee.fma(places[0], values[1], values[0]);
    let both = ieee.fma(places[1], quotients[1], quotients[0]);
    let quotient = ieee.fma(places[0] + places[1], both, values[1]);
    ieee.fma(-10.0 * near[0] * inverse_far, quotient, value) * inverse_near
}

/// (z - sqrt(pi / 2) + M(z)) / z^2, where M is the Mills ratio and z from 0: to nine digits.
#[inline(always)]
pub(super) fn mills_foot(ieee: impl Ieee, z: f64) -> f64 {
    let (below, above) = (z + 1.0, z + 4.0);
    let inverse = 1.0 / (below * above);
    polynomial(ieee, &FOOT, (z - 4.0) * (below * inverse)) * (above * inverse)
}

/// The z at which N(-z) = e^-w, where w is from 0.85 to 880: to six digits.
#[inline(always)]
pub(super) fn normal_quantile(ieee: impl Ieee, w: f64) -> f64 {
    let u = ieee.sqrt(2.0 * w);
    u * polynomial(ieee, &QUANTILE, (u - 2.0) / (u + 2.0))
}
