//! Options on something that pays a dividend yield q, after Haug: F = S e^((r - q) T), and Greeks by the chain rule.

use indicatif::ProgressBar;
use novate_core::pricing::black76::{Terms, Value, value};

use super::{Case, Off};
use crate::error::Error;
use crate::input::Source;
use crate::table::Table;

/// How a file of prices begins; one of Greeks has a column `greek` before these.
const PRICES: [&str; 9] =
    ["type", "strike", "spot", "div_yield_q", "rate_r", "t_years", "vol", "expected_price", "tolerance"];
const GREEKS: [&str; 9] = ["type", "strike", "spot", "div_yield_q", "rate_r", "t_years", "vol", "expected", "greek"];
const NAMES: &str = "delta, elasticity, gamma, vega, theta, theta per day, rho or dividendRho";
/// The book prints four digits.
const LAST_DIGIT: f64 = 1e-4;
const DAYS_A_YEAR: f64 = 365.0;

/// An option on something that pays a dividend yield.
struct SpotOption {
    is_call: bool,
    spot: f64,
    dividend: f64,
    terms: Terms,
}

/// Computes every row.
pub(crate) fn haug(source: &Source) -> Result<Vec<Case>, Error> {
    // The one column that tells the two kinds of files apart.
    match Table::open(source, GREEKS, &ProgressBar::hidden()) {
        Ok(table) => greeks(table),
        Err(_) => prices(Table::open(source, PRICES, &ProgressBar::hidden())?),
    }
}

fn prices(mut table: Table<{ PRICES.len() }>) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    while table.advance()? {
        let option = read(&table)?;
        let (expected, tolerance) = (table.real(7)?, table.real(8)?);
        let off = Off::beyond("price", option.price(&value(&option.terms)), expected, tolerance);
        cases.push(Case { name: format!("line {}", table.line()), off: off.into_iter().collect() });
    }
    Ok(cases)
}

fn greeks(mut table: Table<{ GREEKS.len() }>) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    while table.advance()? {
        let (option, expected) = (read(&table)?, table.real(7)?);
        let Some((field, got)) = option.greek(table.text(8)) else { return Err(table.field_error(8, NAMES)) };
        let off = Off::beyond(field, got, expected, LAST_DIGIT);
        cases.push(Case { name: format!("line {}", table.line()), off: off.into_iter().collect() });
    }
    Ok(cases)
}

/// The first seven columns, which are the same in both.
fn read<const N: usize>(table: &Table<N>) -> Result<SpotOption, Error> {
    let is_call = match table.text(0) {
        "call" => true,
        "put" => false,
        _ => return Err(table.field_error(0, "call or put")),
    };
    let positive = |column| {
        let number = table.real(column)?;
        if number > 0.0 { Ok(number) } else { Err(table.field_error(column, "above 0")) }
    };
    let (strike, spot, years, volatility) = (positive(1)?, positive(2)?, positive(5)?, positive(6)?);
    let (dividend, rate) = (table.real(3)?, table.real(4)?);
    let forward = spot * ((rate - dividend) * years).exp();
    Ok(SpotOption { is_call, spot, dividend, terms: Terms { forward, strike, years, volatility, rate } })
}

impl SpotOption {
    fn price(&self, value: &Value) -> f64 {
        if self.is_call { value.call } else { value.put }
    }

    /// A Greek of the spot price, and its name.
    fn greek(&self, name: &str) -> Option<(&'static str, f64)> {
        let Self { is_call, spot, dividend, terms } = self;
        let value = value(terms);
        // dF/dS, and what the carry takes from F as time goes by.
        let (slope, carry) = (terms.forward / spot, (terms.rate - dividend) * terms.forward);
        let (delta, theta, rho) = if *is_call {
            (value.delta_call, value.theta_call, value.rho_call)
        } else {
            (value.delta_put, value.theta_put, value.rho_put)
        };
        let theta = theta - carry * delta;
        Some(match name {
            "delta" => ("delta", delta * slope),
            "elasticity" => ("elasticity", delta * slope * spot / self.price(&value)),
            "gamma" => ("gamma", value.gamma * slope * slope),
            "vega" => ("vega", value.vega),
            "theta" => ("theta", theta),
            "theta per day" => ("theta per day", theta / DAYS_A_YEAR),
            "rho" => ("rho", rho + delta * terms.years * terms.forward),
            "dividendRho" => ("dividendRho", -delta * terms.years * terms.forward),
            _ => return None,
        })
    }
}
