//! Options on forwards.

use indicatif::ProgressBar;
use novate_core::pricing::black76::{Terms, value};

use super::{Case, Off};
use crate::error::Error;
use crate::input::Source;
use crate::table::Table;

const COLUMNS: [&str; 16] = [
    "forward",
    "strike",
    "t_years",
    "vol",
    "rate",
    "call",
    "put",
    "delta_call",
    "delta_put",
    "gamma",
    "vega",
    "theta_call",
    "theta_put",
    "rho",
    "vanna",
    "volga",
];
/// How far a price may be off, as a part of what it is a price of.
const PRICE: f64 = 1e-15;
/// How far a Greek may be off, as a part of itself.
const GREEK: f64 = 1e-11;

/// Computes every row.
pub(crate) fn black76(source: &Source) -> Result<Vec<Case>, Error> {
    let mut table = Table::open(source, COLUMNS, &ProgressBar::hidden())?;
    let mut cases = Vec::new();
    while table.advance()? {
        let mut row = [0.0; COLUMNS.len()];
        for (column, number) in row.iter_mut().enumerate() {
            *number = table.real(column)?;
        }
        for column in [0, 1] {
            if row[column] <= 0.0 {
                return Err(table.field_error(column, "above 0"));
            }
        }
        for column in [2, 3] {
            if row[column] < 0.0 {
                return Err(table.field_error(column, "0 or more"));
            }
        }
        cases.push(Case { name: format!("line {}", table.line()), off: compare(&row) });
    }
    Ok(cases)
}

fn compare(row: &[f64; COLUMNS.len()]) -> Vec<Off> {
    let [forward, strike, years, volatility, rate, call, put, greeks @ ..] = *row;
    let [delta_call, delta_put, gamma, vega, theta_call, theta_put, rho, vanna, volga] = greeks;
    let got = value(&Terms { forward, strike, years, volatility, rate });
    let larger = forward.max(strike);
    let relative = |field, got, expected: f64| Off::beyond(field, got, expected, GREEK * expected.abs());
    let rho_tolerance = (GREEK * rho.abs()).max(PRICE * years * larger);
    let off = [
        Off::beyond("call", got.call, call, PRICE * forward),
        Off::beyond("put", got.put, put, PRICE * larger),
        relative("delta_call", got.delta_call, delta_call),
        relative("delta_put", got.delta_put, delta_put),
        relative("gamma", got.gamma, gamma),
        relative("vega", got.vega, vega),
        relative("theta_call", got.theta_call, theta_call),
        relative("theta_put", got.theta_put, theta_put),
        Off::beyond("rho", got.rho_call, rho, rho_tolerance),
        relative("vanna", got.vanna, vanna),
        relative("volga", got.volga, volga),
    ];
    off.into_iter().flatten().collect()
}
