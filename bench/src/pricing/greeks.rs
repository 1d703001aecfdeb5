//! Prices of call and put and four Greeks of the call, expiry by expiry.

use std::io;
use std::time::Instant;

use novate_core::pricing::Level;
use novate_core::pricing::black76::{Batch, Values, values};

use super::grid::Grid;
use super::{Contestant, Duel, Goal, PeerKind, Plan, ROUNDING, Run, agree, hash, scalar};

/// Call, put, delta, gamma, vega, theta.
const FIELDS: usize = 6;
/// Times that all options are priced in a run.
const PASSES: usize = 20;
/// Of a year, and of 1: in what black-76 states theta and vega.
const DAYS: f64 = 365.25;
const PERCENT: f64 = 100.0;
/// How exact its N(x) is.
const BLACK_76_ROUNDING: f64 = 1e-10;
/// The ratio to formulas in scalar code, with vectors.
const GOAL: f64 = 0.1;

pub(super) fn duel(level: Level, peer: PeerKind, plan: Plan) -> io::Result<Duel> {
    let grid = Grid::new();
    let mut found = Found::new(&grid);
    novate(Level::Software, &grid, &mut found)?;
    let passes = plan.passes(PASSES);
    let (formulas, rounding): (fn(&Grid, &mut Found), f64) = match peer {
        PeerKind::Black76 => (black_76, BLACK_76_ROUNDING),
        _ => (formulas, ROUNDING),
    };
    let price: Price = Box::new(move |grid, found| {
        formulas(grid, found);
        Ok(())
    });
    Ok(Duel {
        unit: "option",
        units: grid.len() * passes,
        goal: if peer == PeerKind::Scalar && level != Level::Software { Goal::Ratio(GOAL) } else { Goal::Open },
        subject: Box::new(All {
            price: Box::new(move |grid, found| novate(level, grid, found)),
            grid: grid.clone(),
            passes,
            expected: found.clone(),
            rounding: None,
        }),
        peer: Box::new(All { price, grid, passes, expected: found, rounding: Some(rounding) }),
    })
}

/// Whoever prices all options.
type Price = Box<dyn Fn(&Grid, &mut Found) -> io::Result<()>>;

/// A number of each field for each option.
#[derive(Clone)]
struct Found([Vec<f64>; FIELDS]);

impl Found {
    fn new(grid: &Grid) -> Self {
        Self(std::array::from_fn(|_| vec![f64::NAN; grid.len()]))
    }
}

struct All {
    price: Price,
    grid: Grid,
    passes: usize,
    expected: Found,
    /// How exact N(x) is; if nothing is said, all bits have to be as expected.
    rounding: Option<f64>,
}

impl Contestant for All {
    fn run(&mut self) -> io::Result<Run> {
        let mut found = Found::new(&self.grid);
        let start = Instant::now();
        for _ in 0..self.passes {
            (self.price)(&self.grid, &mut found)?;
        }
        let elapsed = start.elapsed();
        let own = hash(&found.0);
        let is_right = match self.rounding {
            None => own == hash(&self.expected.0),
            Some(rounding) => self.is_near(&found, rounding),
        };
        Ok(Run { elapsed, hash: own, is_right })
    }
}

impl All {
    /// Prices by N(x) are as exact as it is, as a part of forward or strike, not of themselves.
    fn is_near(&self, found: &Found, rounding: f64) -> bool {
        let Grid { forward, strike, .. } = &self.grid;
        found.0.iter().zip(&self.expected.0).enumerate().all(|(field, (found, expected))| {
            (0..self.grid.len()).all(|option| {
                let scale = match field {
                    0 | 1 | 5 => forward[option].max(strike[option]),
                    2 => 1.0,
                    _ => 0.0,
                };
                agree(found[option], expected[option], rounding * scale)
            })
        })
    }
}

fn novate(level: Level, grid: &Grid, found: &mut Found) -> io::Result<()> {
    for expiry in &grid.expiries {
        let options = expiry.options.clone();
        let batch = Batch {
            years: expiry.years,
            rate: expiry.rate,
            forward: &grid.forward[options.clone()],
            strike: &grid.strike[options.clone()],
            volatility: &grid.volatility[options.clone()],
        };
        let [call, put, delta_call, gamma, vega, theta_call] =
            found.0.each_mut().map(|field| &mut field[options.clone()]);
        let mut wanted = Values { call, put, delta_call, gamma, vega, theta_call, ..Values::default() };
        values(level, &batch, &mut wanted).map_err(io::Error::other)?;
    }
    Ok(())
}

fn formulas(grid: &Grid, found: &mut Found) {
    for expiry in &grid.expiries {
        let common = scalar::Expiry::new(expiry.years, expiry.rate);
        for option in expiry.options.clone() {
            let values = common.values(grid.forward[option], grid.strike[option], grid.volatility[option]);
            for (field, value) in found.0.iter_mut().zip(values) {
                field[option] = value;
            }
        }
    }
}

/// Its vega is per 1 % and its theta per day.
fn black_76(grid: &Grid, found: &mut Found) {
    for expiry in &grid.expiries {
        let (years, rate) = (expiry.years, expiry.rate);
        let discount = (-rate * years).exp();
        for option in expiry.options.clone() {
            let (forward, strike, volatility) = (grid.forward[option], grid.strike[option], grid.volatility[option]);
            let call = black_76::call_price(forward, strike, years, volatility, rate);
            let put = call - discount * (forward - strike);
            let greeks = black_76::compute_greeks(forward, strike, years, volatility, rate, true);
            let values = [call, put, greeks.delta, greeks.gamma, greeks.vega * PERCENT, greeks.theta * DAYS];
            for (field, value) in found.0.iter_mut().zip(values) {
                field[option] = value;
            }
        }
    }
}
