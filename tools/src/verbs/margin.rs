//! `novate margin`: what an account's margin is in a journal, or a portfolio's, scenario by scenario.

use std::path::{Path, PathBuf};

use novate_core::ids::AccountId;
use serde::Serialize;

use super::Verdict;
use super::account_margin::{Asked, account_margin};
use crate::error::Error;
use crate::frames::entity;
use crate::output::{Listing, Output};
use crate::portfolio::{Computed, compute};
use crate::reference::read_portfolio;
use crate::text::{number, rounded};

/// Digits of cash behind the point.
const DIGITS: usize = 6;

/// The account, or the portfolio.
#[derive(Debug, clap::Args)]
pub(crate) struct MarginArgs {
    /// The journal: a folder of segments.
    #[arg(
        value_name = "DIR",
        required_unless_present = "portfolio",
        conflicts_with = "portfolio",
        requires = "account"
    )]
    pub(crate) journal: Option<PathBuf>,

    /// The account's id, in one of its two forms: 16777217 or 0/1.1.
    #[arg(long, value_name = "ID", requires = "journal", value_parser = entity::<AccountId>)]
    account: Option<AccountId>,

    /// After this command. Default: the last one.
    #[arg(long, value_name = "SEQ", requires = "journal")]
    at: Option<u64>,

    /// With this order more, at rest and filled, in lots and ticks: "buy 5 XYZ @ 10".
    #[arg(long, value_name = "ORDER", requires = "journal")]
    what_if: Option<String>,

    /// Instead: market, positions and parameters as JSON, in the form of the cases of `check pmrm`.
    #[arg(long, value_name = "FILE.json")]
    portfolio: Option<PathBuf>,
}

/// A scenario as JSON.
#[derive(Serialize)]
struct ScenarioObject<'c> {
    scenario: &'c str,
    profit: f64,
}

/// An option as JSON.
#[derive(Serialize)]
struct OptionObject {
    expiry_seconds: f64,
    strike: f64,
    is_call: bool,
    amount: f64,
    price: f64,
}

/// The result as JSON.
#[derive(Serialize)]
struct MarginObject<'c> {
    portfolio: String,
    options: Vec<OptionObject>,
    scenarios: Vec<ScenarioObject<'c>>,
    basis_loss: f64,
    worst: f64,
    mark_to_market: f64,
    contingency_maintenance: f64,
    contingency_initial: f64,
    over_maintenance: f64,
    over_initial: f64,
}

/// Prints what is asked for.
pub(crate) fn margin(args: &MarginArgs, json: bool) -> Result<Verdict, Error> {
    match (&args.portfolio, &args.journal, args.account) {
        (None, Some(journal), Some(account)) => {
            account_margin(&Asked { journal, account, at: args.at, what_if: args.what_if.as_deref() }, json)
        }
        (Some(portfolio), ..) => of_portfolio(portfolio, json),
        _ => Err(Error::Usage("expected a journal with --account, or --portfolio".into())),
    }
}

/// Computes and prints all of it.
fn of_portfolio(path: &Path, json: bool) -> Result<Verdict, Error> {
    let name = path.display().to_string();
    let portfolio = read_portfolio(path)?;
    let computed = compute(&portfolio).map_err(|what| Error::Usage(format!("{name}: {what}")))?;
    let Computed { names, scenarios, marks, .. } = &computed;
    let worst = scenarios.iter().copied().fold(computed.basis, f64::min);
    let options = portfolio.market.options.iter().zip(marks).map(|(option, price)| OptionObject {
        expiry_seconds: option.expiry,
        strike: option.strike,
        is_call: option.is_call,
        amount: option.amount,
        price: *price,
    });
    let object = MarginObject {
        portfolio: name,
        options: options.collect(),
        scenarios: names.iter().zip(scenarios).map(|(scenario, &profit)| ScenarioObject { scenario, profit }).collect(),
        basis_loss: computed.basis,
        worst,
        mark_to_market: computed.mark_to_market,
        contingency_maintenance: computed.contingency[0],
        contingency_initial: computed.contingency[1],
        over_maintenance: computed.maintenance,
        over_initial: computed.initial,
    };
    let mut output = Output::new(json);
    output.json_line(&object);
    output.text_line(&text(&object));
    output.write()?;
    Ok(Verdict::Right)
}

fn text(object: &MarginObject<'_>) -> String {
    let mut listing = Listing::new();
    for option in &object.options {
        let kind = if option.is_call { "call" } else { "put" };
        let [amount, strike, seconds] = [option.amount, option.strike, option.expiry_seconds].map(number);
        let name = format!("{amount} {kind} {strike} in {seconds} s");
        listing.row(&name, &format!("price {}", rounded(option.price, DIGITS)));
    }
    for ScenarioObject { scenario, profit } in &object.scenarios {
        listing.row(&format!("scenario {scenario}"), &rounded(*profit, DIGITS));
    }
    for (name, amount) in [
        ("loss by basis", object.basis_loss),
        ("worst", object.worst),
        ("mark to market", object.mark_to_market),
        ("contingency, maintenance", object.contingency_maintenance),
        ("contingency, initial, beyond that", object.contingency_initial),
        ("left over the maintenance margin", object.over_maintenance),
        ("left over the initial margin", object.over_initial),
    ] {
        listing.row(name, &rounded(amount, DIGITS));
    }
    listing.lines()
}
