//! What an option is worth now and under 32 scenarios, expiry by expiry.

use std::io;
use std::time::Instant;

use novate_core::pricing::pmrm::{
    Discounts, Expiry, Grid as Scenarios, Prepared, Scenario, SkewShock, Smile, Terms, VolatilityShock,
};
use novate_core::pricing::{Level, SCENARIOS_MAX, YEAR_SECONDS};

use super::grid::Grid;
use super::{Contestant, Duel, Goal, Plan, ROUNDING, Run, agree, hash, scalar};

/// Times that all options are priced in a run.
const PASSES: usize = 10;
/// Options of so many expiries are priced: all their values fit into the second-level cache.
const EXPIRIES: usize = 16;
/// Nanoseconds for an option.
const GOAL_AVX2: f64 = 200.0;
const GOAL_AVX512: f64 = 100.0;

/// Spot shocks, each with volatilities up, as they are, and down.
const SPOTS: [f64; 9] = [1.2, 1.15, 1.1, 1.05, 1.0, 0.95, 0.9, 0.85, 0.8];
/// Far tails, with volatilities as they are.
const TAILS: [f64; 3] = [0.4, 1.5, 3.0];
/// Up and down.
const VOLATILITY: VolatilityShock = VolatilityShock {
    range_up: 0.45,
    range_down: 0.3,
    short_power: 0.3,
    long_power: 0.14,
    floor_days: 1.0,
    evaluated_min: 0.4,
};
const SKEW: SkewShock =
    SkewShock { linear: [0.2, -0.04], absolute: [0.18, -0.03], width_min: 0.02, width: 3.5, volatility: [0.65, -0.15] };
const DISCOUNTS: Discounts = Discounts {
    fixed: [0.96, 1.03],
    rate_mult: [1.0, 0.5],
    rate_add: [0.09, 0.07],
    basis: [1.04, 0.96],
    basis_factor: [0.25, 0.01],
};
/// What an option is worth now, at both forwards of the basis, and under the scenarios.
const LANES: usize = 3 + SCENARIOS_MAX;

type Lanes = [f64; LANES];

pub(super) fn duel(level: Level, plan: Plan) -> Duel {
    let mut grid = Grid::new();
    grid.expiries.truncate(EXPIRIES);
    let options = grid.expiries.last().map_or(0, |expiry| expiry.options.end);
    let scenarios = scenarios();
    let mut expected = vec![[f64::NAN; LANES]; options];
    novate(Level::Software, &scenarios, &grid, &mut expected);
    let passes = plan.passes(PASSES);
    let all = |price: Price, is_exact| {
        let (scenarios, grid, expected) = (scenarios.clone(), grid.clone(), expected.clone());
        Box::new(All { price, scenarios, grid, passes, expected, is_exact })
    };
    Duel {
        unit: "option",
        units: options * passes,
        goal: match level {
            Level::Software => Goal::Open,
            Level::Avx2 => Goal::Subject(GOAL_AVX2),
            Level::Avx512 => Goal::Subject(GOAL_AVX512),
        },
        subject: all(Box::new(move |scenarios, grid, found| novate(level, scenarios, grid, found)), true),
        peer: all(Box::new(formulas), false),
    }
}

/// In the manner of Derive's: 27 of spot and volatility, three tails, two of the smile's form.
fn scenarios() -> Vec<Scenario> {
    let smiles = [Smile::Up, Smile::Kept, Smile::Down];
    let shocks = SPOTS.into_iter().flat_map(|spot| smiles.map(|smile| Scenario { spot, smile }));
    let tails = TAILS.into_iter().map(|spot| Scenario { spot, smile: Smile::Kept });
    let skews = [Smile::Linear, Smile::Absolute].map(|smile| Scenario { spot: 1.0, smile });
    shocks.chain(tails).chain(skews).collect()
}

/// Whoever prices all options.
type Price = Box<dyn Fn(&[Scenario], &Grid, &mut [Lanes])>;

struct All {
    price: Price,
    scenarios: Vec<Scenario>,
    grid: Grid,
    passes: usize,
    expected: Vec<Lanes>,
    /// Whether all bits have to be as expected.
    is_exact: bool,
}

impl Contestant for All {
    fn run(&mut self) -> io::Result<Run> {
        let mut found = vec![[f64::NAN; LANES]; self.expected.len()];
        let start = Instant::now();
        for _ in 0..self.passes {
            (self.price)(&self.scenarios, &self.grid, &mut found);
        }
        let elapsed = start.elapsed();
        let own = hash(&found);
        let is_right = if self.is_exact { own == hash(&self.expected) } else { self.is_near(&found) };
        Ok(Run { elapsed, hash: own, is_right })
    }
}

impl All {
    fn is_near(&self, found: &[Lanes]) -> bool {
        let Grid { forward, strike, .. } = &self.grid;
        found.iter().zip(&self.expected).enumerate().all(|(option, (found, expected))| {
            let scale = forward[option].max(strike[option]);
            found.iter().zip(expected).all(|(&found, &expected)| agree(found, expected, ROUNDING * scale))
        })
    }
}

fn novate(level: Level, scenarios: &[Scenario], grid: &Grid, found: &mut [Lanes]) {
    let shocks = Scenarios { scenarios, volatility: VOLATILITY, skew: SKEW, discounts: DISCOUNTS };
    for expiry in &grid.expiries {
        let forward = grid.forward[expiry.options.start];
        let feeds = Expiry { seconds: expiry.years * YEAR_SECONDS, forward, rate: expiry.rate };
        let prepared = Prepared::new(level, &shocks, &feeds);
        for option in expiry.options.clone() {
            let (strike, volatility) = (grid.strike[option], grid.volatility[option]);
            let worth = prepared.worth(&Terms { strike, is_call: is_call(option), volatility });
            let lanes = &mut found[option];
            lanes[0] = worth.mark;
            lanes[1..3].copy_from_slice(&worth.basis);
            lanes[3..].copy_from_slice(&worth.scenarios);
        }
    }
}

/// Calls and puts in turns.
fn is_call(option: usize) -> bool {
    option.is_multiple_of(2)
}

/// Price by price with [`scalar`] formulas; the shocks are those that `novate_core::pricing::pmrm` states.
fn formulas(scenarios: &[Scenario], grid: &Grid, found: &mut [Lanes]) {
    for expiry in &grid.expiries {
        let shocked = Shocked::new(scalar::Expiry::new(expiry.years, expiry.rate));
        for option in expiry.options.clone() {
            let (forward, strike, volatility) = (grid.forward[option], grid.strike[option], grid.volatility[option]);
            let price = |forward, volatility| {
                let [call, put] = shocked.expiry.prices(forward, strike, volatility);
                if is_call(option) { call } else { put }
            };
            let lanes = &mut found[option];
            lanes[0] = price(forward, volatility);
            for (lane, shock) in lanes[1..3].iter_mut().zip(DISCOUNTS.basis) {
                *lane = price(shocked.forward(forward, shock), volatility);
            }
            let smiles = shocked.volatilities(forward, strike, volatility);
            for (lane, scenario) in lanes[3..].iter_mut().zip(scenarios) {
                let spot = if scenario.smile.is_skew() { 1.0 } else { scenario.spot };
                *lane = price(shocked.forward(forward, spot), smiles[scenario.smile.index()]);
            }
        }
    }
}

/// An expiry with what its options' shocks have in common.
struct Shocked {
    expiry: scalar::Expiry,
    /// The part of the settlement price that is not settled yet.
    open: f64,
    up: f64,
    down: f64,
    width: f64,
    caps: [f64; 2],
}

impl Shocked {
    fn new(expiry: scalar::Expiry) -> Self {
        let (seconds, root) = (expiry.years() * YEAR_SECONDS, expiry.root());
        let month = 30.0 * 86_400.0;
        let power = if seconds <= month { VOLATILITY.short_power } else { VOLATILITY.long_power };
        let tau = (month / seconds.max(VOLATILITY.floor_days * 86_400.0)).powf(power);
        Self {
            expiry,
            open: (seconds / 1_800.0).min(1.0),
            up: 1.0 + VOLATILITY.range_up * tau,
            down: (1.0 - VOLATILITY.range_down * tau).max(0.0),
            width: SKEW.width_min.max(root * SKEW.width * (SKEW.volatility[0] + root * SKEW.volatility[1])),
            caps: [SKEW.linear, SKEW.absolute].map(|[fixed, base]| base * root + fixed),
        }
    }

    fn forward(&self, forward: f64, shock: f64) -> f64 {
        forward * (self.open * shock + (1.0 - self.open))
    }

    /// An option's volatility under each smile, in their order.
    fn volatilities(&self, forward: f64, strike: f64, volatility: f64) -> [f64; 5] {
        let k = (strike / forward).ln();
        let [linear, absolute] = [(k, self.caps[0]), (k.abs(), self.caps[1])].map(|(k, cap)| {
            let tilt = k * cap / self.width;
            (1.0 + if k >= 0.0 { tilt.min(cap) } else { tilt.max(-cap) }).max(0.0)
        });
        let up = (volatility * self.up).max(VOLATILITY.evaluated_min);
        [volatility, up, volatility * self.down, volatility * linear, volatility * absolute]
    }
}
