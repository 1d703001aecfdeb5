//! What options are worth under scenarios, bit for bit on every level.
#![allow(clippy::float_arithmetic)]

use novate_core::pricing::pmrm::{
    Discounts, Expiry, Grid, Prepared, Scenario, SkewShock, Smile, Terms, VolatilityShock, Worth,
};
use novate_core::pricing::{Level, SCENARIOS_MAX};

use super::pricing::Random;

/// A golden hash: whoever changes a kernel changes the rules version with it.
const BITS: u64 = 0x70ea_1c54_480a_5a0a;
/// Grids, each with an expiry.
const GRIDS: usize = 200;
/// Options of each.
const OPTIONS: usize = 5;

const SMILES: [Smile; 5] = [Smile::Kept, Smile::Up, Smile::Down, Smile::Linear, Smile::Absolute];

fn scenarios(random: &mut Random, count: usize) -> Vec<Scenario> {
    let one = |_| Scenario {
        // Some of them more than once.
        spot: 0.4 + 0.05 * f64::from((random.next() % 40) as u32),
        smile: SMILES[(random.next() % 5) as usize],
    };
    (0..count).map(one).collect()
}

fn grid<'a>(random: &mut Random, scenarios: &'a [Scenario]) -> Grid<'a> {
    Grid {
        scenarios,
        volatility: VolatilityShock {
            range_up: random.between(0.0, 1.0),
            range_down: random.between(0.0, 1.5),
            short_power: random.between(0.0, 1.0),
            long_power: random.between(0.0, 1.0),
            floor_days: random.between(0.0, 2.0),
            evaluated_min: random.between(0.0, 0.6),
        },
        skew: SkewShock {
            linear: [random.between(0.0, 0.4), random.between(-0.1, 0.1)],
            absolute: [random.between(0.0, 0.4), random.between(-0.1, 0.1)],
            width_min: 0.02,
            width: random.between(1.0, 5.0),
            volatility: [0.65, random.between(-0.2, 0.2)],
        },
        discounts: Discounts {
            fixed: [0.96, 1.03],
            rate_mult: [1.0, 0.5],
            rate_add: [0.09, 0.07],
            basis: [1.04, 0.96],
            basis_factor: [0.25, 0.01],
        },
    }
}

/// An expiry: over, in its last half hour, or up to three years away.
fn expiry(random: &mut Random, number: usize) -> Expiry {
    let seconds = match number % 4 {
        0 => random.between(-10.0, 1_800.0),
        1 => random.between(1_800.0, 3e6),
        _ => random.between(3e6, 9.5e7),
    };
    Expiry { seconds, forward: random.between(1.0, 1e5), rate: random.between(-0.05, 0.2) }
}

fn fold(hash: &mut u64, worth: &Worth) {
    for number in [worth.mark].iter().chain(&worth.basis).chain(&worth.scenarios) {
        *hash = (*hash ^ number.to_bits()).wrapping_mul(0x100_0000_01b3).rotate_left(29);
    }
}

/// Over all numbers of scenarios.
#[test]
fn every_level_has_the_same_bits() {
    let mut hashes = [0xcbf2_9ce4_8422_2325_u64; 3];
    let mut random = Random(7);
    for number in 0..GRIDS {
        let scenarios = scenarios(&mut random, number % (SCENARIOS_MAX + 1));
        let (grid, expiry) = (grid(&mut random, &scenarios), expiry(&mut random, number));
        let prepared = Level::ALL.map(|level| Prepared::new(level, &grid, &expiry));
        for option in 0..OPTIONS {
            let strike = expiry.forward * random.between(0.3, 3.0);
            let terms = Terms { strike, is_call: option % 2 == 0, volatility: random.between(0.02, 3.0) };
            for (hash, prepared) in hashes.iter_mut().zip(&prepared) {
                fold(hash, &prepared.worth(&terms));
            }
        }
    }
    assert!(hashes.iter().all(|hash| *hash == BITS), "{hashes:x?}");
}
