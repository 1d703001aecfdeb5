//! Standard margins of options, as Derive's tests of its standard manager have them.

use std::collections::BTreeMap;
use std::fs;

use novate_core::margin::Rate;
use novate_core::margin::standard::{Expiry, Parameters, Position, margin};
use novate_core::pricing::YEAR_SECONDS;
use novate_core::pricing::black76::{Terms, value};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::{Case, Off};
use crate::error::Error;
use crate::input::Source;
use crate::named;
use crate::portfolio::{cash, lot, lots};
use crate::text::{number, quoted};

/// How far an amount may be off: of itself, or of one.
const TOLERANCE: f64 = 1e-6;
/// Numbers have 18 digits behind the point.
const UNIT: f64 = 1e18;
/// Until an hour before the expiry the forward is a feed, then what was averaged so far.
const AVERAGED_SECONDS: f64 = 3_600.0;

/// A case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Test {
    scenario: Scenario,
    result: Results,
}

/// Positions and feeds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Scenario {
    option_underlying: Vec<String>,
    option_expiries: Vec<f64>,
    option_strikes: Vec<f64>,
    option_is_call: Vec<f64>,
    option_amounts: Vec<f64>,
    option_vols: Vec<f64>,
    #[serde(rename = "ETHSpotPrice", deserialize_with = "price")]
    eth_spot: f64,
    #[serde(rename = "BTCSpotPrice", deserialize_with = "price")]
    btc_spot: f64,
    feed_expiries: Vec<f64>,
    forwards: Vec<f64>,
    #[serde(rename = "SettlementPriceETH")]
    eth_settlement: Option<f64>,
    #[serde(rename = "SettlementPriceBTC")]
    btc_settlement: Option<f64>,
}

/// What is expected.
#[derive(Debug, Deserialize)]
struct Results {
    #[serde(rename = "ETHOptionMM")]
    eth_maintenance: f64,
    #[serde(rename = "ETHOptionIM")]
    eth_initial: f64,
    #[serde(rename = "BTCOptionMM")]
    btc_maintenance: f64,
    #[serde(rename = "BTCOptionIM")]
    btc_initial: f64,
}

/// A price of an underlying.
fn price<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let found = f64::deserialize(from)?;
    let expected = || D::Error::custom(format!("expected a price above 0, found {}", number(found)));
    if found > 0.0 { Ok(found) } else { Err(expected()) }
}

/// Options of one underlying, and its feeds.
struct Underlying<'t> {
    scenario: &'t Scenario,
    name: &'static str,
    spot: f64,
    settlement: Option<f64>,
}

/// Computes every underlying of every case: maintenance and initial margin are a case each.
pub(crate) fn srm(source: &Source) -> Result<Vec<Case>, Error> {
    let Source::File(path) = source else { return Ok(Vec::new()) };
    let file = source.name();
    let text = fs::read_to_string(path).map_err(|cause| Error::Open { file: file.clone(), cause })?;
    let tests: BTreeMap<String, Test> = named::from_str(&text)
        .map_err(|error| Error::data(&file, error.line() as u64, "cases with all their fields", error.to_string()))?;
    let mut cases = Vec::new();
    for (name, Test { scenario, result }) in &tests {
        let eth = (result.eth_maintenance, result.eth_initial);
        let btc = (result.btc_maintenance, result.btc_initial);
        for (underlying, spot, settlement, (maintenance, initial)) in [
            ("ETH", scenario.eth_spot, scenario.eth_settlement, eth),
            ("BTC", scenario.btc_spot, scenario.btc_settlement, btc),
        ] {
            let of = Underlying { scenario, name: underlying, spot: spot / UNIT, settlement };
            let needed = of.needed().map_err(|what| Error::Usage(format!("{file}: {name}: {what}")))?;
            let Some((got_maintenance, got_initial)) = needed else { continue };
            for (field, got, expected) in
                [("MM", got_maintenance, maintenance / UNIT), ("IM", got_initial, initial / UNIT)]
            {
                let off = Off::beyond(field, got, expected, TOLERANCE * expected.abs().max(1.0));
                cases.push(Case { name: format!("{name} {underlying}"), off: off.into_iter().collect() });
            }
        }
    }
    Ok(cases)
}

/// Those of Derive's tests.
fn parameters() -> Result<Parameters, String> {
    let rate = |text: &str| text.parse::<Rate>().map_err(|error| error.to_string());
    Ok(Parameters {
        initial: rate("0.15")?,
        initial_min: rate("0.1")?,
        maintenance: [rate("0.075")?; 2],
        maintenance_of_mark: rate("0.075")?,
        offset: rate("1.05")?,
        unpaired: [rate("1.1")?, rate("1.2")?],
    })
}

impl Underlying<'_> {
    /// What all its expiries need; none if it has no options.
    fn needed(&self) -> Result<Option<(f64, f64)>, String> {
        let Scenario { option_underlying, option_expiries, .. } = self.scenario;
        let lengths = [&self.scenario.option_strikes, &self.scenario.option_is_call, &self.scenario.option_amounts];
        let lengths = lengths.into_iter().chain([&self.scenario.option_vols, option_expiries]).map(Vec::len);
        if lengths.into_iter().any(|length| length != option_underlying.len()) {
            return Err("the lists of options have different lengths".to_owned());
        }
        if let Some(other) = option_underlying.iter().find(|name| !["ETH", "BTC"].contains(&name.as_str())) {
            return Err(format!("OptionUnderlying: expected ETH or BTC, found {}", quoted(other)));
        }
        let own: Vec<usize> =
            (0..option_underlying.len()).filter(|&place| option_underlying[place] == self.name).collect();
        let mut expiries: Vec<f64> = own.iter().map(|&place| option_expiries[place]).collect();
        expiries.sort_unstable_by(f64::total_cmp);
        expiries.dedup();
        let (mut maintenance, mut initial) = (0_i128, 0_i128);
        for &seconds in &expiries {
            let forward = self.forward(seconds)?;
            let places = own.iter().copied().filter(|&place| option_expiries[place] == seconds);
            let positions = places.map(|place| self.position(place, seconds, forward));
            let positions = positions.collect::<Result<Vec<_>, String>>()?;
            let expiry = Expiry { positions: &positions, spot: lot(self.spot)?, forward: lot(forward)? };
            let needed = margin(&parameters()?, &expiry).map_err(|error| error.to_string())?;
            let sum = |one: i128, other| one.checked_add(other).ok_or("a margin of all expiries is too large");
            (maintenance, initial) = (sum(maintenance, needed.maintenance)?, sum(initial, needed.initial)?);
        }
        Ok((!own.is_empty()).then(|| (cash(maintenance), cash(initial))))
    }

    /// The feed of an expiry. Feeds of both underlyings are in one list: the nearest to spot is this one's.
    fn forward(&self, seconds: f64) -> Result<f64, String> {
        if seconds < AVERAGED_SECONDS {
            let settlement = self.settlement.map(|price| price / UNIT);
            return settlement.ok_or_else(|| format!("SettlementPrice{} is missing", self.name));
        }
        let feeds = self.scenario.feed_expiries.iter().zip(&self.scenario.forwards);
        let own = feeds.filter(|(expiry, _)| **expiry == seconds).map(|(_, forward)| forward / UNIT);
        let far = |forward: &f64| (forward - self.spot).abs();
        own.min_by(|one, other| far(one).total_cmp(&far(other)))
            .ok_or_else(|| format!("FeedExpiries has no {}", number(seconds)))
    }

    fn position(&self, place: usize, seconds: f64, forward: f64) -> Result<Position, String> {
        let Scenario { option_strikes, option_is_call, option_amounts, option_vols, .. } = self.scenario;
        let (strike, is_call) = (option_strikes[place] / UNIT, option_is_call[place] != 0.0);
        if strike <= 0.0 || forward <= 0.0 {
            let [strike, forward] = [strike, forward].map(number);
            return Err(format!("the strike is {strike} and the forward {forward}; expected prices above 0"));
        }
        // Marks are without discount.
        let years = seconds.max(0.0) / YEAR_SECONDS;
        let worth = value(&Terms { forward, strike, years, volatility: option_vols[place] / UNIT, rate: 0.0 });
        let mark = if is_call { worth.call } else { worth.put };
        let quantity = lots(option_amounts[place] / UNIT)?;
        Ok(Position { quantity, strike: lot(strike)?, is_call, mark: lot(mark)? })
    }
}
