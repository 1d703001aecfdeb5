//! `novate margin JOURNAL`: what an account's margin is after a command, and what it would be with an order more.

use std::path::Path;
use std::sync::Arc;

use novate_core::arena::Dirty;
use novate_core::engine::{Engine, Estimate, Left, Liquidation, MarginView, Supposition};
use novate_core::ids::{AccountId, InstrumentId, UnderlyingId};
use novate_core::reject::RejectCode;
use novate_core::sink::Discard;
use novate_core::terms::Side;
use novate_core::units::{PriceTicks, QuantityLots, Sequence};
use novate_journal::folder::Folder;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::{Halt, Replay};
use novate_journal::storage::Storage;
use novate_journal::{JournalError, snapshot};
use serde::Serialize;

use super::Verdict;
use crate::error::Error;
use crate::journal::{note_torn_tail, storage};
use crate::output::{Listing, Output, tell};
use crate::text::quoted;

/// How a supposed order is written.
const WHAT_IF: &str = "buy|sell LOTS SYMBOL @ PRICE";

/// Which account, and when.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) journal: &'a Path,
    pub(crate) account: AccountId,
    pub(crate) at: Option<u64>,
    pub(crate) what_if: Option<&'a str>,
}

/// What is left over margins, and where an account would be liquidated.
#[derive(Serialize)]
struct LeftObject {
    initial: i128,
    maintenance: i128,
    liquidation: Vec<LiquidationObject>,
}

/// The prices of an underlying at which it would be liquidated.
#[derive(Serialize)]
struct LiquidationObject {
    underlying: String,
    below: Option<i64>,
    above: Option<i64>,
}

/// What is known of an account in an underlying.
#[derive(Serialize)]
struct UnderlyingObject {
    underlying: String,
    lane_bits: u8,
    mark: i128,
    delta: i128,
    gamma: i128,
    vega: i128,
    theta: i128,
    rho: i128,
    vanna: i128,
    volga: i128,
    profits: Vec<i128>,
}

/// A position.
#[derive(Serialize)]
struct PositionObject {
    symbol: String,
    instrument: String,
    lots: i64,
}

/// The result.
#[derive(Serialize)]
struct AccountObject<'a> {
    sequence: u64,
    account: String,
    model: Option<&'static str>,
    status: &'static str,
    cash: i128,
    flows: i128,
    initial: Option<i128>,
    maintenance: Option<i128>,
    liquidation: Vec<LiquidationObject>,
    positions: Vec<PositionObject>,
    underlyings: Vec<UnderlyingObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    what_if: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_resting: Option<LeftObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_filled: Option<LeftObject>,
}

/// Replays the journal up to the command, and prints the account's margin.
pub(crate) fn account_margin(asked: &Asked<'_>, json: bool) -> Result<Verdict, Error> {
    let mut replay = replayed(&storage(asked.journal), asked.at)?;
    let engine = replay.state().attach()?;
    if !engine.genesis_config().is_margined() {
        let expected = "a journal whose shard checks margin, as its genesis says";
        return Err(Error::Usage(format!("{}: expected {expected}, found one that does not", asked.journal.display())));
    }
    let account = asked.account;
    let Some(view) = engine.margin(account) else {
        let expected = "the id of an account that is open then, as `novate inspect` shows them";
        return Err(Error::Usage(format!("--account: expected {expected}, found {account}")));
    };
    let object = describe(&engine, account, &view, asked)?;
    let mut output = Output::new(json);
    output.json_line(&object);
    output.text_line(&text(&object));
    output.write()?;
    Ok(Verdict::Right)
}

/// A replay that has come to the command that is asked for, or to the end.
fn replayed(storage: &Arc<dyn Storage>, at: Option<u64>) -> Result<Replay, Error> {
    let folder = Folder::read_to_gap(Arc::clone(storage))?;
    let newest = folder.snapshots.iter().rev().find(|&&sequence| at.is_none_or(|at| sequence <= at));
    let mut replay = if let Some(&sequence) = newest {
        let kept = snapshot::read(&**storage, sequence)?;
        let reader = Reader::open_at(Arc::clone(storage), Chain::Ignored, &kept.header.place())?;
        Replay::from_state(kept.state()?, reader)
    } else {
        snapshot::beginning(&folder)?;
        Replay::from_genesis(Reader::open(Arc::clone(storage), Chain::Ignored)?)?
    };
    if let Halt::Differs { seal, .. } = replay.run(at.map(Sequence), &mut Discard)? {
        let (first, last) = (seal.first_sequence, seal.last_sequence);
        tell(format_args!("{}: the events of commands {first} to {last} differ; see `novate replay`", storage.name()));
    }
    note_torn_tail(&storage.name(), replay.reader().ending());
    let reached = replay.state().attach()?.sequence().0;
    match at {
        Some(at) if reached != at => {
            Err(JournalError::Beyond { what: format!("sequence {at}: it ends at {reached}") }.into())
        }
        _ => Ok(replay),
    }
}

fn describe<'a>(
    engine: &Engine<'_, Dirty<'_>>,
    account: AccountId,
    view: &MarginView,
    asked: &Asked<'a>,
) -> Result<AccountObject<'a>, Error> {
    let model = engine.account(account).and_then(|view| view.margin_model);
    let now = engine.estimate(account, None).ok();
    let (mut positions, mut underlyings) = (Vec::new(), Vec::new());
    let mut seen = Vec::<UnderlyingId>::new();
    for (id, listed) in engine.instruments().filter_map(|id| Some((id, engine.instrument(id)?))) {
        let lots = engine.position(account, id).0;
        if lots != 0 {
            let (symbol, instrument) = (label(&listed.symbol), id.to_string());
            positions.push(PositionObject { symbol, instrument, lots });
        }
        if let Some(underlying) = listed.underlying_id.filter(|id| !seen.contains(id)) {
            seen.push(underlying);
            underlyings.extend(of_underlying(engine, account, underlying));
        }
    }
    let supposed = asked.what_if.map(|text| parse(text, engine)).transpose()?;
    let what_if = |is_filled: bool| {
        let supposed = supposed.map(|supposed| Supposition { is_filled, ..supposed });
        supposed.map(|supposed| engine.estimate(account, Some(&supposed)).map_err(refused)).transpose()
    };
    let (if_resting, if_filled) = (what_if(false)?, what_if(true)?);
    Ok(AccountObject {
        sequence: engine.sequence().0,
        account: account.to_string(),
        model: model.map(novate_core::terms::MarginModel::name),
        status: view.status.name(),
        cash: view.cash,
        flows: view.flows,
        initial: view.initial,
        maintenance: view.maintenance,
        liquidation: now.as_ref().map(prices).unwrap_or_default(),
        positions,
        underlyings,
        what_if: asked.what_if,
        if_resting: if_resting.map(|estimate| left(&estimate)),
        if_filled: if_filled.map(|estimate| left(&estimate)),
    })
}

fn refused(code: RejectCode) -> Error {
    Error::Usage(format!("--what-if: {}: {}", code.name(), code.explanation()))
}

fn prices(estimate: &Estimate) -> Vec<LiquidationObject> {
    let object = |&Liquidation { underlying, below, above }: &Liquidation| LiquidationObject {
        underlying: underlying.to_string(),
        below: below.map(|price| price.0),
        above: above.map(|price| price.0),
    };
    estimate.liquidation.iter().map(object).collect()
}

fn left(estimate: &Estimate) -> LeftObject {
    let Left { initial, maintenance } = estimate.after;
    LeftObject { initial, maintenance, liquidation: prices(estimate) }
}

fn of_underlying(
    engine: &Engine<'_, Dirty<'_>>,
    account: AccountId,
    underlying: UnderlyingId,
) -> Option<UnderlyingObject> {
    engine.portfolio(account, underlying)?;
    let view = engine.scenarios(account, underlying)?;
    let greeks = view.greeks;
    Some(UnderlyingObject {
        underlying: underlying.to_string(),
        lane_bits: view.lane_bits,
        mark: view.mark,
        delta: greeks.delta,
        gamma: greeks.gamma,
        vega: greeks.vega,
        theta: greeks.theta,
        rho: greeks.rho,
        vanna: greeks.vanna,
        volga: greeks.volga,
        profits: view.profits,
    })
}

/// A label without the zeros behind it.
fn label(bytes: &[u8; 16]) -> String {
    bytes.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

/// Reads `buy 5 XYZ @ 10`.
fn parse(text: &str, engine: &Engine<'_, Dirty<'_>>) -> Result<Supposition, Error> {
    let complaint = |found: &str| Error::Usage(format!("--what-if: expected {WHAT_IF}, found {}", quoted(found)));
    let words: Vec<&str> = text.split_whitespace().collect();
    let [side, lots, symbol, at, price] = words[..] else { return Err(complaint(text)) };
    let side = match side {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err(complaint(side)),
    };
    if at != "@" {
        return Err(complaint(at));
    }
    let quantity = QuantityLots(lots.parse().map_err(|_| complaint(lots))?);
    let price = PriceTicks(price.parse().map_err(|_| complaint(price))?);
    let listed = |id: &InstrumentId| engine.instrument(*id).is_some_and(|view| label(&view.symbol) == symbol);
    let instrument = engine.instruments().find(listed).ok_or_else(|| {
        Error::Usage(format!("--what-if: expected the symbol of a listed instrument, found {}", quoted(symbol)))
    })?;
    Ok(Supposition { instrument, side, price, quantity, is_filled: false })
}

/// What the check of an order that is supposed says of margin; prices, limits and feeds are other questions.
fn verdict(object: &AccountObject<'_>) -> Option<String> {
    let (resting, filled) = (object.if_resting.as_ref()?.initial, object.if_filled.as_ref()?.initial);
    Some(if resting >= 0 {
        "passes".to_owned()
    } else if object.initial.is_some_and(|initial| filled >= initial) {
        "passes, since it reduces risk".to_owned()
    } else {
        format!("{}, {} short", RejectCode::InsufficientMargin.name(), -resting)
    })
}

/// At which prices of each underlying the account would be liquidated, an account that is short already, at any.
fn list_liquidation(listing: &mut Listing, what: &str, liquidation: &[LiquidationObject]) {
    let price = |price: Option<i64>| price.map_or_else(|| "none".to_owned(), |price| price.to_string());
    for LiquidationObject { underlying, below, above } in liquidation {
        if below.is_some() && below == above {
            listing.row(&format!("{what}liquidated with {underlying}"), &"now: it is below its maintenance margin");
            continue;
        }
        listing.row(&format!("{what}liquidated with {underlying} at or below, atoms a unit"), &price(*below));
        listing.row(&format!("{what}liquidated with {underlying} at or above, atoms a unit"), &price(*above));
    }
}

fn text(object: &AccountObject<'_>) -> String {
    let mut listing = Listing::new();
    let amount = |amount: Option<i128>| {
        amount.map_or_else(|| "not known: a risk array is missing".to_owned(), |a| a.to_string())
    };
    listing.row("sequence", &object.sequence);
    listing.row("account", &object.account);
    listing.row("model", &object.model.unwrap_or("none"));
    listing.row("status", &object.status);
    listing.row("cash, atoms", &object.cash);
    listing.row("brought in by trades, atoms", &object.flows);
    for PositionObject { symbol, lots, .. } in &object.positions {
        listing.row(&format!("position in {symbol}, lots"), lots);
    }
    for underlying in &object.underlyings {
        let name = |what: &str| format!("{what} in {}, 2^-{} atoms", underlying.underlying, underlying.lane_bits);
        listing.row(&name("value"), &underlying.mark);
        for (greek, sum) in [
            ("delta", underlying.delta),
            ("gamma", underlying.gamma),
            ("vega", underlying.vega),
            ("theta", underlying.theta),
            ("rho", underlying.rho),
            ("vanna", underlying.vanna),
            ("volga", underlying.volga),
        ] {
            listing.row(&name(greek), &sum);
        }
        if let Some(worst) = underlying.profits.iter().min() {
            listing.row(&name("worst scenario"), worst);
        }
    }
    listing.row("left over the initial margin, atoms", &amount(object.initial));
    listing.row("left over the maintenance margin, atoms", &amount(object.maintenance));
    list_liquidation(&mut listing, "", &object.liquidation);
    if let (Some(what_if), Some(verdict)) = (object.what_if, verdict(object)) {
        listing.row(&format!("with {what_if}: margin check"), &verdict);
    }
    for (name, left) in [("resting", &object.if_resting), ("filled", &object.if_filled)] {
        let (Some(left), Some(what_if)) = (left, object.what_if) else { continue };
        listing.row(&format!("with {what_if}, {name}: over initial"), &left.initial);
        listing.row(&format!("with {what_if}, {name}: over maintenance"), &left.maintenance);
        list_liquidation(&mut listing, &format!("with {what_if}, {name}: "), &left.liquidation);
    }
    listing.lines()
}
