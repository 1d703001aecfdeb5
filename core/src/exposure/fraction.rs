//! Parts of amounts: by fractions of 2^-30, so that whole arrays of lanes take a few instructions, and by ppm.

use crate::command::PPM;

/// One, as a fraction.
pub(crate) const ONE: u32 = 1 << 30;
/// The largest fraction.
pub(crate) const FRACTION_MAX: u32 = (1 << 31) - 1;

/// A part of a number, rounded down. Its size must be at most 2^62, unless the fraction is at most one.
///
/// Two products of 32 bits by 32: processors have them for vectors, and have none of 64 by 64.
#[inline(always)]
pub(crate) fn part(number: i64, fraction: u32) -> i64 {
    // Known to have 31 bits, so that vectors of them are multiplied as numbers of 32.
    let fraction = i64::from(fraction & FRACTION_MAX);
    let low = (number & 0xffff_ffff) * fraction;
    (((number >> 32) * fraction) << 2).wrapping_add((low.cast_unsigned() >> 30).cast_signed())
}

/// The same, rounded up.
#[inline(always)]
pub(crate) fn part_up(number: i64, fraction: u32) -> i64 {
    -part(-number, fraction)
}

/// A number of ppm of an amount, rounded down.
#[inline(always)]
pub(crate) fn floor_ppm(amount: i128, ppm: u32) -> i128 {
    let unit = i64::from(PPM);
    match i64::try_from(amount) {
        // Division by a constant, of 64 bits, is a multiplication.
        Ok(amount) => {
            let (whole, rest) = (amount.div_euclid(unit), amount.rem_euclid(unit));
            i128::from(whole) * i128::from(ppm) + i128::from(rest * i64::from(ppm) / unit)
        }
        Err(_) => (amount * i128::from(ppm)).div_euclid(i128::from(unit)),
    }
}

/// The same, rounded up.
#[inline(always)]
pub(crate) fn ceil_ppm(amount: i128, ppm: u32) -> i128 {
    -floor_ppm(-amount, ppm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_wide_arithmetic() {
        let numbers =
            [0, 1, 2, 5, 1 << 29, (1 << 32) - 1, 1 << 32, (1 << 40) + 12_345, 1 << 61, (1 << 62) - 1, 1 << 62];
        for number in numbers.into_iter().flat_map(|number| [number, -number]) {
            for fraction in [0, 1, 3, ONE / 3, ONE - 1, ONE, ONE + 1, FRACTION_MAX] {
                let product = i128::from(number) * i128::from(fraction);
                assert_eq!(i128::from(part(number, fraction)), product >> 30, "{number} {fraction}");
                assert_eq!(i128::from(part_up(number, fraction)), -(-product >> 30), "{number} {fraction}");
            }
            for ppm in [0, 1, 333_333, PPM, 16 * PPM] {
                for amount in [i128::from(number), i128::from(number) << 20] {
                    let product = amount * i128::from(ppm);
                    assert_eq!(floor_ppm(amount, ppm), product.div_euclid(1_000_000), "{amount} {ppm}");
                    assert_eq!(ceil_ppm(amount, ppm), -(-product).div_euclid(1_000_000), "{amount} {ppm}");
                }
            }
        }
        assert_eq!(part(i64::MIN, ONE), i64::MIN);
    }
}
