//! The JSON form: that of the cases of Derive's PMRM 2, names included.

use serde::de::{Deserializer, Error as _, Unexpected};
use serde::{Deserialize, de};
use serde_json::Value;

use crate::text::{number as written, quoted};

/// Numbers of a market are at most this large.
const MARKET_MAX: f64 = 1e30;
/// Parameters are at most this large.
const PARAMETER_MAX: f64 = 1e9;
/// What a scenario may do to a smile, as it is written there.
const DIRECTIONS: [&str; 7] = ["Up", "Down", "None", "Linear", "LINEAR", "Abs", "ABS"];

/// A case.
#[derive(Debug, Deserialize)]
pub(crate) struct Portfolio {
    #[serde(rename = "Scenario")]
    pub(crate) market: Market,
    #[serde(rename = "Parameters")]
    pub(crate) parameters: Parameters,
    #[serde(rename = "Result")]
    pub(crate) results: Option<Results>,
}

/// Positions and feeds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Market {
    #[serde(deserialize_with = "real")]
    pub(crate) cash: f64,
    pub(crate) collaterals: Vec<Collateral>,
    #[serde(deserialize_with = "positive")]
    pub(crate) spot_price: f64,
    #[serde(deserialize_with = "confidence")]
    pub(crate) spot_confidence: f64,
    #[serde(deserialize_with = "positive")]
    pub(crate) stable_price: f64,
    #[serde(deserialize_with = "real")]
    pub(crate) num_perps: f64,
    #[serde(deserialize_with = "not_negative")]
    pub(crate) perp_price: f64,
    #[serde(deserialize_with = "confidence")]
    pub(crate) perp_confidence: f64,
    #[serde(rename = "UnrealisedPerpPNL", deserialize_with = "real")]
    pub(crate) unrealised_perp_pnl: f64,
    #[serde(deserialize_with = "real")]
    pub(crate) unrealised_funding: f64,
    pub(crate) options: Vec<Position>,
    #[serde(default)]
    pub(crate) option_feeds: Vec<Feed>,
}

/// Collateral that is not cash.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Collateral {
    #[serde(deserialize_with = "real")]
    pub(crate) amount: f64,
    #[serde(deserialize_with = "not_negative")]
    pub(crate) price: f64,
    #[serde(deserialize_with = "confidence")]
    pub(crate) confidence: f64,
    #[serde(deserialize_with = "truth")]
    pub(crate) is_risk_cancelling: bool,
    #[serde(rename = "IMHaircut", deserialize_with = "real")]
    pub(crate) initial_haircut: f64,
    #[serde(rename = "MMHaircut", deserialize_with = "real")]
    pub(crate) maintenance_haircut: f64,
}

/// An option and how many of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Position {
    #[serde(deserialize_with = "not_negative")]
    pub(crate) expiry: f64,
    #[serde(deserialize_with = "positive")]
    pub(crate) strike: f64,
    #[serde(deserialize_with = "truth")]
    pub(crate) is_call: bool,
    #[serde(deserialize_with = "real")]
    pub(crate) amount: f64,
}

/// Feeds of an expiry.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Feed {
    #[serde(rename = "FeedExpiry", deserialize_with = "not_negative")]
    pub(crate) expiry: f64,
    #[serde(deserialize_with = "positive")]
    pub(crate) forward: f64,
    #[serde(deserialize_with = "confidence")]
    pub(crate) forward_confidence: f64,
    #[serde(deserialize_with = "real")]
    pub(crate) rate: f64,
    #[serde(deserialize_with = "confidence")]
    pub(crate) rate_confidence: f64,
    #[serde(rename = "SVIparam", deserialize_with = "seven")]
    pub(crate) smile: [f64; 7],
    #[serde(deserialize_with = "confidence")]
    pub(crate) option_vol_confidences: f64,
}

/// All parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Parameters {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) skew_shock: SkewShock,
    pub(crate) vol_shock: VolShock,
    pub(crate) margin: Margin,
    pub(crate) basis_contingency: BasisContingency,
    pub(crate) other_contingency: OtherContingency,
}

/// A scenario.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Scenario {
    #[serde(deserialize_with = "parameter")]
    pub(crate) spot_shock: f64,
    #[serde(deserialize_with = "direction")]
    pub(crate) vol_shock_direction: String,
    /// As it is written there.
    #[serde(rename = "DampeningFactor", deserialize_with = "parameter")]
    pub(crate) damping: f64,
}

macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident { $($field:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub(crate) struct $name { $(#[serde(deserialize_with = "parameter")] pub(crate) $field: f64,)* }
    };
}

numbers! {
    /// How smiles are skewed.
    SkewShock {
        linear_scale_cap,
        linear_cbase,
        abs_scale_cap,
        abs_cbase,
        min_k_star,
        min_width_scale,
        vol_param_static,
        vol_param_scale,
    }
}
numbers! {
    /// How volatilities are shocked.
    VolShock { volrangeup, volrangedown, min_vol_eval_shocked, shorttermpower, longtermpower, dte_floor, }
}
numbers! {
    /// How losses count, and discounts.
    Margin {
        mm_loss_factor,
        im_loss_factor,
        short_rate_multscale,
        long_rate_multscale,
        short_rate_addscale,
        long_rate_addscale,
        base_static_discount,
        base_static_discount_neg,
    }
}
numbers! {
    /// The loss by basis.
    BasisContingency { scenario_spot_up, scenario_spot_down, basis_cont_add_factor, basis_cont_mult_factor, }
}
numbers! {
    /// What no scenario holds.
    OtherContingency {
        peg_loss_threshold,
        peg_loss_factor,
        conf_threshold,
        conf_margin,
        mm_perp_percent,
        im_perp_percent,
        mm_option_percent,
        im_option_percent,
    }
}

/// What is expected.
#[derive(Debug, Deserialize)]
pub(crate) struct Results {
    #[serde(rename = "reg_losses", deserialize_with = "thirds")]
    pub(crate) regular: Vec<f64>,
    #[serde(rename = "tail_losses", deserialize_with = "thirds")]
    pub(crate) tails: Vec<f64>,
    #[serde(rename = "skew_losses", deserialize_with = "labelled")]
    pub(crate) skews: Vec<(String, f64)>,
    #[serde(rename = "IM", deserialize_with = "real")]
    pub(crate) initial: f64,
    #[serde(rename = "MM", deserialize_with = "real")]
    pub(crate) maintenance: f64,
}

/// A number of a list that may hold text.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Real(#[serde(deserialize_with = "real")] f64);

/// A finite number, bare or as text.
fn number<E: de::Error>(value: &Value) -> Result<f64, E> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let expected = || E::custom(format!("expected a number, found {}", shown(value)));
    number.filter(|number| number.is_finite()).ok_or_else(expected)
}

/// A value as messages show it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        // A number may have any number of digits.
        plain => plain.to_string().chars().take(60).collect(),
    }
}

/// A number that is one of those expected.
fn number_if<'de, D: Deserializer<'de>>(
    from: D,
    is_right: impl FnOnce(f64) -> bool,
    expected: &str,
) -> Result<f64, D::Error> {
    let found = number(&Value::deserialize(from)?)?;
    if is_right(found) {
        Ok(found)
    } else {
        Err(D::Error::custom(format!("expected {expected}, found {}", written(found))))
    }
}

fn real<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    number_if(from, |found| found.abs() <= MARKET_MAX, "a number from -1e30 to 1e30")
}

fn positive<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    number_if(from, |found| found > 0.0 && found <= MARKET_MAX, "a number above 0, to 1e30")
}

fn not_negative<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    number_if(from, |found| (0.0..=MARKET_MAX).contains(&found), "a number from 0 to 1e30")
}

fn confidence<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    number_if(from, |found| (0.0..=1.0).contains(&found), "a number from 0 to 1")
}

fn parameter<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    number_if(from, |found| found.abs() <= PARAMETER_MAX, "a number from -1e9 to 1e9")
}

fn direction<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let found = String::deserialize(from)?;
    if DIRECTIONS.contains(&found.as_str()) {
        return Ok(found);
    }
    Err(D::Error::custom(format!("expected one of {}, found {}", DIRECTIONS.join(", "), quoted(&found))))
}

/// True or false, also as a number.
fn truth<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(from)?;
    let truth = match &value {
        Value::Bool(truth) => Some(*truth),
        other => {
            number::<D::Error>(other).ok().filter(|number| [0.0, 1.0].contains(number)).map(|number| number == 1.0)
        }
    };
    truth.ok_or_else(|| D::Error::custom(format!("expected true or false, found {}", shown(&value))))
}

fn seven<'de, D: Deserializer<'de>>(from: D) -> Result<[f64; 7], D::Error> {
    let numbers: Vec<f64> = Vec::<Real>::deserialize(from)?.into_iter().map(|Real(number)| number).collect();
    numbers
        .try_into()
        .map_err(|found: Vec<f64>| D::Error::invalid_length(found.len(), &"seven: a, b, rho, m, sigma, forward, years"))
}

/// The third number of each row.
fn thirds<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let rows = Vec::<Vec<Value>>::deserialize(from)?;
    rows.iter().map(|row| number(row.get(2).unwrap_or(&Value::Null))).collect()
}

/// The label and the number of each row.
fn labelled<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, f64)>, D::Error> {
    let rows = Vec::<Vec<Value>>::deserialize(from)?;
    let read = |row: &Vec<Value>| {
        let Some(Value::String(label)) = row.first() else {
            return Err(D::Error::invalid_type(Unexpected::Other("no text"), &"a label before the number"));
        };
        Ok((label.clone(), number(row.get(1).unwrap_or(&Value::Null))?))
    };
    rows.iter().map(read).collect()
}
