//! Implied volatility: against numbers of 400 digits, back and forth, and bit for bit on every level.
#![allow(clippy::float_arithmetic)]

use std::f64::consts::PI;

use novate_core::pricing::black76::{Terms, value};
use novate_core::pricing::implied::{
    Input, NoVolatility, Quote, normalised_black, normalised_black_on, total_volatility, total_volatility_on,
    volatility, volatility_on,
};
use novate_core::pricing::{Level, black76};

use super::pricing::{Random, number, rows};

/// A golden hash: whoever changes a kernel changes the rules version with it.
const BITS: u64 = 0x6f95_2a8a_a750_7552;

/// b'(s).
fn slope(x: f64, s: f64) -> f64 {
    (-0.5 * ((x / s) * (x / s) + 0.25 * s * s)).exp() / (2.0 * PI).sqrt()
}

/// e^(-|x| / 2) - b(x, s) where s is large, by the Mills ratio's continued fraction.
fn complement(x: f64, s: f64) -> f64 {
    let mills = |z: f64| 1.0 / (1..200).rev().fold(z, |below, n| z + f64::from(n) / below);
    slope(x, s) * (mills(0.5 * s + x / s) + mills(0.5 * s - x / s))
}

fn last_place(number: f64) -> f64 {
    number.next_up() - number
}

/// Ill-conditioned is a row where one unit in the last place of its price moves s by more than 1e-11 of it, or whose
/// price is no normal number: 26 of them. Every row may be off by what that unit does; where that is more than 1 %, the
/// price lacks no more than two units, and s is bounded below only.
#[test]
fn extreme_volatilities_of_four_hundred_digits() {
    let rows = rows("implied.csv");
    assert_eq!(rows.len(), 129);
    let mut well_conditioned = 0;
    for row in rows {
        let row: Vec<f64> = row.iter().map(|text| number(text)).collect();
        let [x, s, beta] = row[..] else { panic!("{row:?}") };
        let unit = last_place(beta);
        let moved = unit / (s * slope(x, s));
        let found = total_volatility(x, beta);
        if moved < 0.01 {
            let off = (found.expect("a volatility") / s - 1.0).abs();
            assert!(off <= 1e-15 + moved, "{found:?}, {off:e} off, for {row:?}");
            if moved <= 1e-11 && beta >= f64::MIN_POSITIVE {
                assert!(off <= 1e-11);
                well_conditioned += 1;
            }
        } else {
            match found {
                Ok(found) => assert!(complement(x, found) <= 2.0 * unit, "{found} for {row:?}"),
                Err(refused) => assert!(matches!(refused, NoVolatility::AtMost { .. }), "{refused} for {row:?}"),
            }
            assert!(complement(x, s) <= 2.0 * unit);
        }
        if beta >= f64::MIN_POSITIVE {
            let off = (normalised_black(x, s) / beta - 1.0).abs();
            assert!(off <= 1e-13, "{} is {off:e} off for {row:?}", normalised_black(x, s));
        }
    }
    assert_eq!(well_conditioned, 103);
}

/// A number between two powers of two, all magnitudes being as likely.
fn magnitude(random: &mut Random, low: i32, high: i32) -> f64 {
    let exponent = random.between(f64::from(low), f64::from(high)).floor() as i64;
    f64::from_bits((1_023 + exponent).cast_unsigned() << 52) * random.between(1.0, 2.0)
}

/// x and s with a price that is a normal number: of the kinds in turn that markets know, that are far out, that are
/// extreme, and that are next to nothing. No mathematical library decides on them.
fn place(random: &mut Random, kind: u64) -> [f64; 2] {
    loop {
        let mut magnitude = |low, high| magnitude(random, low, high);
        let [x, s] = match kind % 4 {
            0 => [magnitude(-10, 1), magnitude(-7, 2)],
            1 => {
                let x = magnitude(-53, 9);
                [x, x * magnitude(-6, 5)]
            }
            2 => [magnitude(-53, 9), magnitude(-20, 5)],
            _ => {
                let x = magnitude(-1_010, -53);
                [x, x * magnitude(-5, 16)]
            }
        };
        if normalised_black(-x, s) >= f64::MIN_POSITIVE {
            return [-x, s];
        }
    }
}

#[test]
fn from_volatility_to_price_and_back() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for kind in 0..200_000 {
        let [x, s] = place(&mut random, kind);
        let beta = normalised_black(x, s);
        let condition = beta / (s * slope(x, s));
        if condition > 1e10 {
            continue;
        }
        let found = total_volatility(x, beta).expect("a volatility");
        let off = (found / s - 1.0).abs();
        assert!(off <= 1e-15 + 1e-15 * condition, "{found}, {off:e} off, for {x:?}, {s:?}");
    }
}

#[test]
fn from_price_to_volatility_and_back() {
    let mut random = Random(0xdead_beef_cafe);
    for _ in 0..100_000 {
        let forward = random.between(1.0, 100_000.0);
        let strike = forward * random.between(-2.0, 2.0).exp();
        let (years, rate) = (random.between(1e-4, 5.0), random.between(-0.05, 0.2));
        let terms = Terms { forward, strike, years, volatility: random.between(0.01, 3.0), rate };
        for is_call in [true, false] {
            let side = |value: black76::Value| if is_call { value.call } else { value.put };
            let price = side(value(&terms));
            let found = volatility(&Quote { forward, strike, years, rate, price, is_call }).expect("a volatility");
            let again = side(value(&Terms { volatility: found, ..terms }));
            // Out of the money, `black76` rounds n deviations, and a difference of the order of s; else parity.
            let is_out = is_call == (forward < strike);
            let off = (again - price).abs();
            let allowed = if is_out && price > 1e-300 {
                1e-14 * price * ((forward / price).ln().abs() + 1.0 / (found * years.sqrt()))
            } else {
                2e-15 * forward.max(strike)
            };
            assert!(off <= allowed, "{again} for {price} at {found} of {terms:?}");
        }
    }
}

/// Also from the smallest number on, and up to almost the most.
#[test]
fn a_higher_price_has_a_higher_volatility() {
    let mut random = Random(3);
    for kind in 0..500 {
        let x = match kind % 3 {
            0 => 0.0,
            1 => -magnitude(&mut random, -60, 9),
            _ => -magnitude(&mut random, -1_022, -60),
        };
        let most = (0.5 * x).exp();
        let mut prices: Vec<f64> = (0..300)
            .map(|price| match price % 3 {
                0 => most * random.between(0.0, 1.0),
                1 => most * (1.0 - 10_f64.powf(random.between(-15.0, 0.0))),
                _ => most * 10_f64.powf(random.between(-323.0, 0.0)),
            })
            .collect();
        prices.sort_by(f64::total_cmp);
        let mut last = [0.0; 2];
        for price in prices {
            // What differs by rounding alone may be told apart or not.
            if price > last[0] + 1e-13 * most.min(last[0] + 1e-307) {
                let found = total_volatility(x, price).expect("a volatility");
                assert!(found > last[1] && found < 100.0, "{found} after {last:?} at {price:e} of {x:?}");
                last = [price, found];
            }
        }
    }
}

/// A number, zero or any bits.
fn any(random: &mut Random) -> f64 {
    let special = [0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX];
    match random.next() % 5 {
        0 => special[random.next() as usize % special.len()],
        1 => random.between(0.0, 1.0),
        2 => random.between(-1_000.0, 1_000.0),
        _ => f64::from_bits(random.next()),
    }
}

/// Whatever bits come: a volatility or an error, the same on every level, and no panic.
#[test]
fn any_bits_have_a_volatility_or_none() {
    let mut random = Random(11);
    for _ in 0..if cfg!(debug_assertions) { 30_000 } else { 300_000 } {
        let [forward, strike, years, rate, price] = [(); 5].map(|()| any(&mut random));
        let quote = Quote { forward, strike, years, rate, price, is_call: random.next().is_multiple_of(2) };
        let found = volatility(&quote);
        assert!(found.is_err() || found.is_ok_and(|found| found >= 0.0 && found.is_finite()), "{found:?} of {quote:?}");
        let total = total_volatility(rate, price);
        assert!(total.is_err() || total.is_ok_and(|found| (0.0..100.0).contains(&found)), "{total:?} of {quote:?}");
        let normalised = normalised_black(rate, price);
        for level in Level::ALL {
            // What is no number may have any sign.
            let bits = |found: f64| if found.is_nan() { 0 } else { found.to_bits() };
            let all = |found: Result<f64, NoVolatility>| found.map(bits).map_err(|refused| refused.to_string());
            assert_eq!(all(volatility_on(level, &quote)), all(found), "{level:?} {quote:?}");
            assert_eq!(all(total_volatility_on(level, rate, price)), all(total), "{level:?} {quote:?}");
            assert_eq!(bits(normalised_black_on(level, rate, price)), bits(normalised), "{level:?} {quote:?}");
        }
    }
}

/// More than a hundred thousand prices and volatilities, the same on every level.
#[test]
fn every_level_has_the_same_bits() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut hash, mut numbers) = (0_u64, 0);
    for kind in 0..40_000 {
        let [x, s] = place(&mut random, kind);
        let (forward, years, rate) = (random.between(0.1, 100.0), random.between(0.01, 2.0), random.between(-0.1, 0.1));
        let strike = forward * random.between(0.2, 5.0);
        let price = forward.min(strike) * random.between(0.0, 1.0);
        let all = |level| {
            let normalised = normalised_black_on(level, x, s);
            let quote = Quote { forward, strike, years, rate, price, is_call: true };
            // What has no volatility is -1 here.
            let [total, call, put] = [
                total_volatility_on(level, x, normalised),
                volatility_on(level, &quote),
                volatility_on(level, &Quote { is_call: false, ..quote }),
            ]
            .map(|found| found.unwrap_or(-1.0));
            [normalised, total, call, put].map(f64::to_bits)
        };
        let found = all(Level::Software);
        for level in Level::ALL.into_iter().filter(|level| level.is_there()) {
            assert_eq!(all(level), found, "{level:?} {x:?} {s:?}");
        }
        for bits in found {
            numbers += u32::from(f64::from_bits(bits) > 0.0);
            hash = (hash.rotate_left(5) ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    assert!(numbers >= 100_000, "{numbers}");
    assert_eq!(hash, BITS, "{hash:#018x} of {numbers} numbers");
}

#[test]
fn what_has_no_volatility_says_why() {
    let quote = Quote { forward: 100.0, strike: 80.0, years: 0.5, rate: 0.0, price: 25.0, is_call: true };
    assert!(volatility(&quote).is_ok());
    let refused = |quote: Quote| volatility(&quote).expect_err("no volatility");
    assert_eq!(refused(Quote { price: 19.5, ..quote }), NoVolatility::BelowIntrinsic { price: 19.5, intrinsic: 20.0 });
    assert_eq!(refused(Quote { price: 100.0, ..quote }), NoVolatility::AtMost { price: 100.0, most: 100.0 });
    assert_eq!(
        refused(Quote { price: 80.0, is_call: false, ..quote }),
        NoVolatility::AtMost { price: 80.0, most: 80.0 }
    );
    assert_eq!(
        refused(Quote { price: -1.0, is_call: false, ..quote }),
        NoVolatility::BelowIntrinsic { price: -1.0, intrinsic: 0.0 }
    );
    for (input, quote, found) in [
        (Input::Forward, Quote { forward: 0.0, ..quote }, 0.0),
        (Input::Strike, Quote { strike: 5e-324, ..quote }, 5e-324),
        (Input::Years, Quote { years: 1_000.5, ..quote }, 1_000.5),
        (Input::RateTimesYears, Quote { rate: 1_402.0, ..quote }, 701.0),
        (Input::Price, Quote { price: f64::INFINITY, ..quote }, f64::INFINITY),
    ] {
        assert_eq!(refused(quote), NoVolatility::OutOfRange { input, found });
    }
    let refused = total_volatility(-1_001.0, 0.1).expect_err("no volatility");
    assert_eq!(refused, NoVolatility::OutOfRange { input: Input::LogMoneyness, found: -1_001.0 });
    assert_eq!(refused.to_string(), "-1001.0 is outside of the range of log-moneyness, from -1,000 to 1,000");
    assert!(matches!(total_volatility(0.0, 1.0), Err(NoVolatility::AtMost { price: 1.0, most: 1.0 })));
    // Intrinsic, also by a unit less, and nothing at all.
    for price in [20.0, 20.0_f64.next_down()] {
        assert_eq!(volatility(&Quote { price, ..quote }), Ok(0.0));
    }
    assert_eq!(total_volatility(-1.0, 0.0), Ok(0.0));
    assert_eq!((normalised_black(-1.0, 0.0), normalised_black(0.0, 0.0)), (0.0, 0.0));
}
