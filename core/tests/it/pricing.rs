//! Prices and Greeks: against numbers of 60 digits, against a book, and bit for bit on every level.
#![allow(clippy::float_arithmetic)]

use std::fs;
use std::path::Path;

use novate_core::pricing::Level;
use novate_core::pricing::black76::{Batch, LengthDiffers, Terms, Value, Values, value, values};

/// A golden hash: whoever changes a kernel changes the rules version with it.
const BITS: u64 = 0x5755_d643_8835_5cad;

pub(super) fn rows(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

pub(super) fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

#[test]
fn a_thousand_options_of_sixty_digits() {
    let rows = rows("black76.csv");
    assert_eq!(rows.len(), 1_000);
    for row in rows {
        let row: Vec<f64> = row.iter().map(|text| number(text)).collect();
        let [forward, strike, years, volatility, rate] = row[..5] else { panic!("{row:?}") };
        let found = value(&Terms { forward, strike, years, volatility, rate });
        let [call, put, delta_call, delta_put, gamma, vega, theta_call, theta_put, rho, vanna, volga] = row[5..] else {
            panic!("{row:?}")
        };
        let larger = forward.max(strike);
        assert!((found.call - call).abs() <= 1e-15 * forward, "call {} for {call} of {row:?}", found.call);
        assert!((found.put - put).abs() <= 1e-15 * larger, "put {} for {put} of {row:?}", found.put);
        for (name, found, expected) in [
            ("delta of the call", found.delta_call, delta_call),
            ("delta of the put", found.delta_put, delta_put),
            ("gamma", found.gamma, gamma),
            ("vega", found.vega, vega),
            ("theta of the call", found.theta_call, theta_call),
            ("theta of the put", found.theta_put, theta_put),
            ("vanna", found.vanna, vanna),
            ("volga", found.volga, volga),
        ] {
            assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{name} {found} for {expected} of {row:?}");
        }
        let off = (found.rho_call - rho).abs();
        assert!(off <= 1e-11 * rho.abs() || off <= 1e-15 * years * larger, "rho {} for {rho}", found.rho_call);
        assert!((found.rho_put + years * found.put).abs() <= 1e-15 * years * larger);
    }
}

#[test]
fn prices_of_the_book() {
    let rows = rows("haug_values.csv");
    assert_eq!(rows.len(), 43);
    for row in rows {
        let numbers: Vec<f64> = row[1..].iter().map(|text| number(text)).collect();
        let [strike, spot, dividend, rate, years, volatility, expected, tolerance] = numbers[..] else {
            panic!("{row:?}")
        };
        let forward = spot * ((rate - dividend) * years).exp();
        let found = value(&Terms { forward, strike, years, volatility, rate });
        let found = if row[0] == "call" { found.call } else { found.put };
        assert!((found - expected).abs() <= tolerance, "{found} for {row:?}");
    }
}

/// Random numbers that need no crate.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From one to another.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (f64::from((self.next() >> 32) as u32) / 4_294_967_296.0)
    }
}

/// All that can be said of a batch.
fn all(level: Level, batch: &Batch<'_>) -> Vec<f64> {
    let count = batch.forward.len();
    let mut found = vec![f64::NAN; 12 * count];
    let mut slices = found.chunks_exact_mut(count);
    let mut next = || slices.next().expect("twelve");
    let mut wanted = Values {
        call: next(),
        put: next(),
        delta_call: next(),
        gamma: next(),
        vega: next(),
        theta_call: next(),
        delta_put: next(),
        theta_put: next(),
        rho_call: next(),
        rho_put: next(),
        vanna: next(),
        volga: next(),
    };
    values(level, batch, &mut wanted).expect("of one length");
    found
}

fn fields(value: Value) -> [f64; 12] {
    let Value { call, put, delta_call, gamma, vega, theta_call, .. } = value;
    let Value { delta_put, theta_put, rho_call, rho_put, vanna, volga, .. } = value;
    [call, put, delta_call, gamma, vega, theta_call, delta_put, theta_put, rho_call, rho_put, vanna, volga]
}

/// Six hundred thousand numbers, the same on every level, in batches of every length, and one by one.
#[test]
fn every_level_has_the_same_bits() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut hash, mut numbers) = (0_u64, 0);
    for round in 0..900 {
        let count = 1 + round % 127;
        let (years, rate) = (random.between(1e-6, 5.0), random.between(-0.05, 0.2));
        let forward: Vec<f64> = (0..count).map(|_| random.between(1.0, 100_000.0)).collect();
        let strike: Vec<f64> = forward.iter().map(|forward| forward * random.between(0.2, 5.0)).collect();
        let volatility: Vec<f64> = (0..count).map(|_| random.between(0.01, 5.0)).collect();
        let batch = Batch { years, rate, forward: &forward, strike: &strike, volatility: &volatility };
        let found = all(Level::Software, &batch);
        for level in Level::ALL.into_iter().filter(|level| level.is_there()) {
            let other = all(level, &batch);
            assert!(
                found.iter().zip(&other).all(|(one, other)| one.to_bits() == other.to_bits()),
                "{level:?} {batch:?}"
            );
        }
        for option in 0..count {
            let (forward, strike, volatility) = (forward[option], strike[option], volatility[option]);
            let one = fields(value(&Terms { forward, strike, years, volatility, rate }));
            for (field, value) in one.into_iter().enumerate() {
                assert_eq!(value.to_bits(), found[field * count + option].to_bits(), "field {field} of {option}");
            }
        }
        numbers += found.len();
        for number in found {
            hash = (hash.rotate_left(5) ^ number.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    assert!(numbers >= 600_000, "{numbers}");
    assert_eq!(hash, BITS, "{hash:#018x} of {numbers} numbers");
}

/// Whatever bits come: a number or none, the same on every level, and no panic.
#[test]
fn any_bits_are_priced() {
    let mut random = Random(7);
    let special = [0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX];
    for _ in 0..if cfg!(debug_assertions) { 20_000 } else { 200_000 } {
        let [forward, strike, years, volatility, rate] = [(); 5].map(|()| match random.next() % 4 {
            0 => special[random.next() as usize % special.len()],
            1 => random.between(0.0, 200.0),
            _ => f64::from_bits(random.next()),
        });
        let one = fields(value(&Terms { forward, strike, years, volatility, rate }));
        let batch = Batch { years, rate, forward: &[forward], strike: &[strike], volatility: &[volatility] };
        for level in Level::ALL {
            // What is no number may have any sign.
            let same = |one: f64, other: f64| one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan();
            assert!(
                all(level, &batch).into_iter().zip(one).all(|(other, one)| same(one, other)),
                "{level:?} {batch:?}"
            );
        }
    }
}

/// At its end, or without volatility, an option is worth what it pays; so far out of the money that nothing is left, nothing.
#[test]
fn what_is_certain_is_worth_what_it_pays() {
    for (years, volatility) in [(0.0, 0.5), (1.0, 0.0), (0.0, 0.0)] {
        for (forward, strike) in [(100.0, 90.0), (100.0, 100.0), (100.0, 110.0)] {
            let found = value(&Terms { forward, strike, years, volatility, rate: 0.0 });
            assert_eq!((found.call, found.put), ((forward - strike).max(0.0), (strike - forward).max(0.0)));
            assert!(fields(found).iter().all(|field| field.is_finite()), "{found:?}");
            assert_eq!((found.gamma, found.theta_call, found.vanna), (0.0, 0.0, 0.0));
        }
    }
    let far = value(&Terms { forward: 1e-9, strike: 1e9, years: 1.0, volatility: 0.1, rate: 0.0 });
    assert_eq!((far.call, far.delta_call, far.delta_put), (0.0, 0.0, -1.0));
    let wild = value(&Terms { forward: 100.0, strike: 100.0, years: 1_000.0, volatility: 1_000.0, rate: 0.0 });
    assert_eq!((wild.call, wild.put), (100.0, 100.0));
}

#[test]
fn slices_of_one_length() {
    let batch = Batch { years: 1.0, rate: 0.0, forward: &[1.0, 2.0], strike: &[1.0], volatility: &[1.0, 1.0] };
    let refused = values(Level::best(), &batch, &mut Values::default());
    assert_eq!(refused, Err(LengthDiffers { options: 2, found: 1 }));
    let (batch, mut put) = (Batch { strike: &[1.0, 1.0], ..batch }, [7.0; 3]);
    let refused = values(Level::best(), &batch, &mut Values { put: &mut put, ..Values::default() });
    assert_eq!((refused, put), (Err(LengthDiffers { options: 2, found: 3 }), [7.0; 3]));
    assert_eq!(values(Level::best(), &batch, &mut Values::default()), Ok(()));
}
