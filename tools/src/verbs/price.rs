//! `novate price`: an option's prices and Greeks.
#![allow(clippy::float_arithmetic)]

use novate_core::pricing::black76::{Terms, Value, value};
use novate_core::pricing::implied::{self, Quote};
use serde::Serialize;

use super::Verdict;
use crate::error::Error;
use crate::output::{Listing, Output};
use crate::text::number;

const DAYS_A_YEAR: f64 = 365.0;

/// The option.
#[derive(Debug, clap::Args)]
pub(crate) struct PriceArgs {
    /// Forward price for the expiry: from 1e-30 to 1e30.
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    forward: f64,
    /// Strike: from 1e-30 to 1e30.
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true)]
    strike: f64,
    /// Days to the expiry, of which a year has 365.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    days: f64,
    /// Volatility a year: 0.55 is 55 %; from 0 to 1,000.
    #[arg(long = "vol", value_name = "NUMBER", allow_negative_numbers = true, required_unless_present_any = ["call", "put"])]
    volatility: Option<f64>,
    /// The call's price: its volatility is computed.
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true, conflicts_with_all = ["volatility", "put"])]
    call: Option<f64>,
    /// The put's price: its volatility is computed.
    #[arg(long, value_name = "PRICE", allow_negative_numbers = true, conflicts_with = "volatility")]
    put: Option<f64>,
    /// Rate, continuously compounded: 0.03 is 3 % a year; from -10 to 10. Default: 0.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    rate: Option<f64>,
}

/// The result as JSON.
#[derive(Serialize)]
struct PriceObject {
    forward: f64,
    strike: f64,
    years: f64,
    vol: f64,
    rate: f64,
    call: f64,
    put: f64,
    delta_call: f64,
    delta_put: f64,
    gamma: f64,
    vega: f64,
    theta_call: f64,
    theta_put: f64,
    rho_call: f64,
    rho_put: f64,
    vanna: f64,
    volga: f64,
}

/// Computes and prints all of it.
pub(crate) fn price(args: &PriceArgs, json: bool) -> Result<Verdict, Error> {
    let PriceArgs { forward, strike, days, rate, .. } = *args;
    let (rate, years) = (rate.unwrap_or(0.0), days / DAYS_A_YEAR);
    let quoted = args.call.map(|price| (price, true)).or(args.put.map(|price| (price, false)));
    let volatility = match quoted {
        Some((price, is_call)) => {
            let found = implied::volatility(&Quote { forward, strike, years, rate, price, is_call });
            found.map_err(|refused| Error::Usage(refused.to_string()))?
        }
        // One of the three is there.
        None => args.volatility.unwrap_or(0.0),
    };
    // What is no number is in no range.
    for (name, value, low, high) in [
        ("--forward", forward, 1e-30, 1e30),
        ("--strike", strike, 1e-30, 1e30),
        ("--days", days, 0.0, 1e3 * DAYS_A_YEAR),
        ("--vol", volatility, 0.0, 1e3),
        ("--rate", rate, -10.0, 10.0),
    ] {
        if !(low..=high).contains(&value) {
            let [low, high, value] = [low, high, value].map(number);
            return Err(Error::Usage(format!("{name}: expected a number from {low} to {high}, found {value}")));
        }
    }
    let terms = Terms { forward, strike, years, volatility, rate };
    let found = settled(&terms, value(&terms));
    let mut output = Output::new(json);
    output.json_line(&object(&terms, &found));
    output.text_line(&text(volatility, &found));
    output.write()?;
    Ok(Verdict::Right)
}

/// Greeks of an option that cannot change any more: formulas divide by its time, or by its volatility.
fn settled(terms: &Terms, found: Value) -> Value {
    let Terms { forward, strike, years, volatility, .. } = *terms;
    if years > 0.0 {
        // Where nothing is uncertain, delta jumps at the strike and has no slope beside it.
        return if volatility > 0.0 { found } else { Value { gamma: 0.0, ..found } };
    }
    // What is exercised now follows the forward, undiscounted.
    let delta = |is_exercised: bool, slope| if is_exercised { slope } else { 0.0 };
    Value {
        call: found.call,
        put: found.put,
        delta_call: delta(forward > strike, 1.0),
        delta_put: delta(forward < strike, -1.0),
        ..Value::default()
    }
}

fn object(terms: &Terms, found: &Value) -> PriceObject {
    // Plus zero: zeros have no sign.
    PriceObject {
        forward: terms.forward,
        strike: terms.strike,
        years: terms.years + 0.0,
        vol: terms.volatility + 0.0,
        rate: terms.rate + 0.0,
        call: found.call + 0.0,
        put: found.put + 0.0,
        delta_call: found.delta_call + 0.0,
        delta_put: found.delta_put + 0.0,
        gamma: found.gamma + 0.0,
        vega: found.vega + 0.0,
        theta_call: found.theta_call + 0.0,
        theta_put: found.theta_put + 0.0,
        rho_call: found.rho_call + 0.0,
        rho_put: found.rho_put + 0.0,
        vanna: found.vanna + 0.0,
        volga: found.volga + 0.0,
    }
}

fn text(volatility: f64, found: &Value) -> String {
    let mut listing = Listing::new();
    listing.row("volatility", &number(volatility));
    for (name, call, put) in [
        ("price", found.call, found.put),
        ("delta", found.delta_call, found.delta_put),
        ("gamma", found.gamma, found.gamma),
        ("vega", found.vega, found.vega),
        ("theta", found.theta_call, found.theta_put),
        ("rho", found.rho_call, found.rho_put),
        ("vanna", found.vanna, found.vanna),
        ("volga", found.volga, found.volga),
    ] {
        listing.row(name, &format!("call {:<24} put {}", number(call), number(put)));
    }
    listing.lines()
}
