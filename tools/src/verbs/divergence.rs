//! `novate divergence`: how likely a price has left a band.

use novate_core::pricing::divergence::{Exposure, NoExposure, divergence as chances};
use serde::Serialize;

use super::Verdict;
use crate::error::Error;
use crate::output::{Listing, Output};
use crate::text::number;

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct DivergenceArgs {
    /// Volatility a year: 0.8 is 80 %.
    #[arg(long = "vol", value_name = "NUMBER", allow_negative_numbers = true)]
    volatility: f64,
    /// Seconds until somebody can act.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    lag: f64,
    /// The band to either side, as a part of the price: 0.0005 is 0.05 %.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    band: f64,
}

/// The result as JSON.
#[derive(Serialize)]
struct DivergenceObject {
    vol: f64,
    lag_seconds: f64,
    band: f64,
    outside_at_the_end: f64,
    outside_at_any_time_at_most: f64,
}

/// Computes and prints the chances.
pub(crate) fn divergence(args: &DivergenceArgs, json: bool) -> Result<Verdict, Error> {
    let DivergenceArgs { volatility, lag, band } = *args;
    let exposure = Exposure { volatility, lag_seconds: lag, band };
    let chance = chances(&exposure).map_err(|NoExposure { name, value, expected }| {
        Error::Usage(format!("{name} is {}; expected {expected}", number(value)))
    })?;
    let mut output = Output::new(json);
    output.json_line(&DivergenceObject {
        vol: volatility,
        lag_seconds: lag,
        band,
        outside_at_the_end: chance.at_the_end,
        outside_at_any_time_at_most: chance.at_any_time,
    });
    let mut listing = Listing::new();
    listing.row("outside the band at the end", &format!("{:.6e}", chance.at_the_end));
    listing.row("outside at any time, at most", &format!("{:.6e}", chance.at_any_time));
    output.text_line(&listing.lines());
    output.write()?;
    Ok(Verdict::Right)
}
