//! The options that are priced: some 6,500 of 96 expiries, the same in every run.

use std::ops::Range;

use novate_core::pricing::YEAR_SECONDS;

use crate::workload::random::Random;

/// The stream that the options are drawn from.
const SEED: u64 = 76;
/// Expiries, each one batch.
const EXPIRIES: usize = 96;
/// Options of an expiry: at least, and at most.
const OPTIONS: [u32; 2] = [16, 120];
/// Years to an expiry: from an hour to three years.
const YEARS: [f64; 2] = [3_600.0 / YEAR_SECONDS, 3.0];
/// Forward prices.
const FORWARDS: [f64; 2] = [1.0, 100_000.0];
/// Strikes, in forwards.
const STRIKES: [f64; 2] = [0.5, 2.0];
/// Volatilities: from 5 % to 300 %.
const VOLATILITIES: [f64; 2] = [0.05, 3.0];
/// Rates.
const RATES: [f64; 2] = [0.0, 0.1];

/// All options, each in the columns' same place, and which of them an expiry has.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    pub(super) expiries: Vec<Expiry>,
    /// That of the expiry, once for each option.
    pub(super) forward: Vec<f64>,
    pub(super) strike: Vec<f64>,
    pub(super) volatility: Vec<f64>,
}

/// What options of an expiry have in common.
#[derive(Clone, Debug)]
pub(super) struct Expiry {
    pub(super) years: f64,
    pub(super) rate: f64,
    pub(super) options: Range<usize>,
}

impl Grid {
    /// Strikes and volatilities in no order, so that nothing about an option follows from the one before.
    pub(super) fn new() -> Self {
        let mut random = Random::new(SEED);
        let mut grid = Self::default();
        for _ in 0..EXPIRIES {
            let first = grid.strike.len();
            let options = first..first + random.between(OPTIONS[0], OPTIONS[1]) as usize;
            let (years, forward) = (by_octave(&mut random, YEARS), by_octave(&mut random, FORWARDS));
            let rate = RATES[0] + (RATES[1] - RATES[0]) * random.unit();
            for _ in options.clone() {
                grid.forward.push(forward);
                grid.strike.push(forward * (STRIKES[0] + (STRIKES[1] - STRIKES[0]) * random.unit()));
                grid.volatility.push(by_octave(&mut random, VOLATILITIES));
            }
            grid.expiries.push(Expiry { years, rate, options });
        }
        grid
    }

    pub(super) fn len(&self) -> usize {
        self.strike.len()
    }
}

/// As often in each octave from low to high. By products only, which every platform rounds alike.
fn by_octave(random: &mut Random, [low, high]: [f64; 2]) -> f64 {
    let octaves = std::iter::successors(Some(low), |from| Some(from * 2.0)).take_while(|from| *from < high).count();
    let from = f64::from(1_u32 << random.below(octaves as u32)) * low;
    (from * (1.0 + random.unit())).min(high)
}
