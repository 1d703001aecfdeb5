//! Volatilities found from prices, and held against those that the prices were made from.

use std::io;
use std::time::Instant;

use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatility};
use novate_core::pricing::Level;
use novate_core::pricing::black76::{Terms, value};
use novate_core::pricing::implied::{Quote, volatility_on};

use super::grid::Grid;
use super::{Contestant, Duel, Goal, Plan, Run, hash};

/// Times that all volatilities are looked for in a run.
const PASSES: usize = 4;
/// Nanoseconds for one.
const GOAL: f64 = 250.0;
/// So many standard deviations from the forward is near.
const NEAR: f64 = 3.0;
/// Prices below this part of the forward are left out: what rounds to a subnormal number says little.
const PRICE_MIN: f64 = 1e-290;
/// Roundings of the price that a volatility may be off by.
const ROUNDINGS: f64 = 16.0;
/// The part of the volatility that it may be off by besides: the price of an option that is nearly over, the difference of
/// two Mills ratios that are almost the same, has lost three digits before anybody looks for its volatility.
const PART: f64 = 1e-12;
/// The part of the volatility that rounding the price may hide; above it, the price does not say what it is.
const HIDDEN_MAX: f64 = 0.01;

/// A price, and the volatility that it was made from.
#[derive(Clone, Copy, Debug)]
struct Made {
    quote: Quote,
    volatility: f64,
    /// How far off a volatility may be.
    tolerance: f64,
}

/// Which quotes are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Out of the money, by up to [`NEAR`] standard deviations.
    Near,
    /// All others: farther out, down to 1e-290 of the forward, and in the money, as long as rounding the price leaves two
    /// digits of the volatility.
    Far,
}

pub(super) fn duel(level: Level, kind: Kind, plan: Plan) -> Duel {
    let quotes = quotes(kind);
    let passes = plan.passes(PASSES);
    Duel {
        unit: "quote",
        units: quotes.len() * passes,
        goal: if level == Level::Software { Goal::Open } else { Goal::Subject(GOAL) },
        subject: Box::new(All {
            find: Box::new(move |quotes, found| novate(level, quotes, found)),
            quotes: quotes.clone(),
            passes,
        }),
        peer: Box::new(All { find: Box::new(implied_vol), quotes, passes }),
    }
}

/// A call and a put of each option, where they are of the kind. There is no rate: the peer takes prices without discount.
fn quotes(kind: Kind) -> Vec<Made> {
    let grid = Grid::new();
    let mut made = Vec::new();
    for expiry in &grid.expiries {
        for option in expiry.options.clone() {
            let (forward, strike, volatility) = (grid.forward[option], grid.strike[option], grid.volatility[option]);
            let (years, rate) = (expiry.years, 0.0);
            let value = value(&Terms { forward, strike, years, volatility, rate });
            let deviations = (strike / forward).ln().abs() / (volatility * years.sqrt());
            for is_call in [true, false] {
                let price = if is_call { value.call } else { value.put };
                let is_near = is_call == (forward <= strike) && deviations <= NEAR;
                let rounding = price * f64::EPSILON / value.vega;
                let is_known = price >= PRICE_MIN * forward && rounding <= HIDDEN_MAX * volatility / ROUNDINGS;
                if is_known && is_near == (kind == Kind::Near) {
                    let tolerance = ROUNDINGS * rounding + PART * volatility;
                    let quote = Quote { forward, strike, years, rate, price, is_call };
                    made.push(Made { quote, volatility, tolerance });
                }
            }
        }
    }
    made
}

/// Whoever finds all volatilities; what it does not find is no number.
type Find = Box<dyn Fn(&[Made], &mut [f64])>;

struct All {
    find: Find,
    quotes: Vec<Made>,
    passes: usize,
}

impl Contestant for All {
    fn run(&mut self) -> io::Result<Run> {
        let mut found = vec![f64::NAN; self.quotes.len()];
        let start = Instant::now();
        for _ in 0..self.passes {
            (self.find)(&self.quotes, &mut found);
        }
        let elapsed = start.elapsed();
        let is_right =
            self.quotes.iter().zip(&found).all(|(made, found)| (found - made.volatility).abs() <= made.tolerance);
        Ok(Run { elapsed, hash: hash(&[found]), is_right })
    }
}

fn novate(level: Level, quotes: &[Made], found: &mut [f64]) {
    for (Made { quote, .. }, found) in quotes.iter().zip(found) {
        *found = volatility_on(level, quote).unwrap_or(f64::NAN);
    }
}

fn implied_vol(quotes: &[Made], found: &mut [f64]) {
    for (Made { quote, .. }, found) in quotes.iter().zip(found) {
        let option = ImpliedBlackVolatility::builder()
            .option_price(quote.price)
            .forward(quote.forward)
            .strike(quote.strike)
            .expiry(quote.years)
            .is_call(quote.is_call)
            .build();
        *found = option.and_then(|option| option.calculate::<DefaultSpecialFn>()).unwrap_or(f64::NAN);
    }
}
