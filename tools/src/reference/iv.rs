//! Implied volatilities of normalised prices.

use std::f64::consts::PI;

use indicatif::ProgressBar;
use novate_core::pricing::implied::{NoVolatility, normalised_black, total_volatility};
use serde_json::Value;

use super::{Case, Off};
use crate::error::Error;
use crate::input::Source;
use crate::table::Table;

const COLUMNS: [&str; 3] = ["x_log_moneyness", "s_total_vol_exact", "normalised_black_beta"];
/// How far a volatility may be off, as a part of itself.
const TOLERANCE: f64 = 1e-11;
/// Where the last digit of a price moves the volatility by more than this part, the price tells nothing of it.
const MOVED_MAX: f64 = 0.01;
/// Units in the last place by which the price of what is found may then differ.
const UNITS: f64 = 2.0;

/// Computes every row. What the price's own last digit moves is no error.
pub(crate) fn iv(source: &Source) -> Result<Vec<Case>, Error> {
    let mut table = Table::open(source, COLUMNS, &ProgressBar::hidden())?;
    let mut cases = Vec::new();
    while table.advance()? {
        let (x, s, price) = (table.real(0)?, table.real(1)?, table.real(2)?);
        if s <= 0.0 {
            return Err(table.field_error(1, "above 0"));
        }
        if price <= 0.0 {
            return Err(table.field_error(2, "a price above 0 that a double can hold"));
        }
        cases.push(Case { name: format!("line {}", table.line()), off: compare(x, s, price).into_iter().collect() });
    }
    Ok(cases)
}

fn compare(x: f64, s: f64, price: f64) -> Option<Off> {
    let unit = price.next_up() - price;
    let price_of = |s| Off::beyond("price", normalised_black(x, s), price, UNITS * unit);
    // Whatever the price tells, what is expected has it.
    let is_expected_right = price_of(s).is_none();
    let off = |got, error| Off { field: "s_total_vol_exact".to_owned(), expected: s.into(), got, error };
    match total_volatility(x, price) {
        Ok(found) => {
            let moved = moved(x, found, unit);
            if !tells_nothing(moved) {
                return Off::beyond("s_total_vol_exact", found, s, found * TOLERANCE.max(moved));
            }
            let distance = (found - s).abs() / found;
            price_of(found).or_else(|| (!is_expected_right).then(|| off(Value::from(found), distance / MOVED_MAX)))
        }
        Err(NoVolatility::AtMost { most, .. }) if price >= most - UNITS * unit && is_expected_right => None,
        Err(refused) => Some(off(Value::from(refused.to_string()), 1.0)),
    }
}

/// What one unit in the last place of the price moves s by, as a part of it.
fn moved(x: f64, s: f64, unit: f64) -> f64 {
    let slope = (-0.5 * ((x / s) * (x / s) + 0.25 * s * s)).exp() / (2.0 * PI).sqrt();
    unit / (s * slope)
}

fn tells_nothing(moved: f64) -> bool {
    moved.is_nan() || moved >= MOVED_MAX
}
