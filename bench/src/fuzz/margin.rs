//! Margin: what the engine keeps in sums is what the oracle reckons from scratch.

use std::collections::BTreeMap;

use novate_core::command::Command;
use novate_core::engine::effort::{Bounds, Effort};
use novate_core::engine::{Engine, VectorView};
use novate_core::event::OwnedEvent;
use novate_core::ids::{AccountId, ExpiryId, UnderlyingId};
use novate_core::margin::Greeks;
use novate_core::naive::{NaiveEngine, NaiveVector};
use novate_core::terms::MarginModel;

use super::World;
use super::episode::note;

/// Accounts of resting orders that are compared after a command, at most.
const MAKERS_MAX: usize = 4;

/// Compares, where margin is checked, the account that a command names, those whose resting orders it filled, and one other
/// in turn.
pub(super) fn compare(
    engine: &Engine<'_>,
    oracle: &NaiveEngine,
    world: &World,
    command: Command<'_>,
    (made, said): (u64, &[OwnedEvent]),
) -> Result<(), String> {
    if !world.genesis.is_margined() || world.accounts.is_empty() {
        return Ok(());
    }
    let turn = world.accounts[made as usize % world.accounts.len()].0;
    let named = command.header().map_or(AccountId::NONE, |header| header.account);
    let makers = said.iter().filter_map(|event| match event {
        OwnedEvent::Trade(trade) => Some(trade.maker_account),
        _ => None,
    });
    for account in [named, turn].into_iter().chain(makers.take(MAKERS_MAX)) {
        compare_account(engine, oracle, world, account)?;
    }
    if engine.wants_checkpoint() != oracle.wants_checkpoint() {
        return Err(format!("a checkpoint is wanted: {}", engine.wants_checkpoint()));
    }
    Ok(())
}

/// What a command that comes next may do of valuation and margin.
pub(super) fn bounds(engine: &Engine<'_>, command: &Command<'_>) -> Bounds {
    let named = command.header().map_or(AccountId::NONE, |header| header.account);
    Bounds::of(command, engine.records(named).unwrap_or_default())
}

/// Checks that it did no more, and remembers the most of each.
pub(super) fn check_effort(
    engine: &Engine<'_>,
    bounds: &Bounds,
    most: &mut BTreeMap<&'static str, u64>,
) -> Result<(), String> {
    let effort = engine.effort();
    let Effort { arrays, records, judged, looked, swept, before_stops, .. } = effort;
    if !bounds.hold(&effort) {
        return Err(format!("a command did too much: {effort:?}, at most {bounds:?}"));
    }
    for (name, count) in [
        ("arrays that a command made", arrays),
        ("accounts that the sweep looked at", looked),
        ("records that the sweep added", swept.records),
        ("accounts that the sweep judged", swept.judged),
        ("records added before stop orders", before_stops.records),
        ("accounts judged before stop orders", before_stops.judged),
        ("records added of the account named", records - swept.records - before_stops.records),
        ("times that the account named was judged", judged - swept.judged - before_stops.judged),
    ] {
        note(most, name, count.into());
    }
    Ok(())
}

fn compare_account(engine: &Engine<'_>, oracle: &NaiveEngine, world: &World, account: AccountId) -> Result<(), String> {
    let Some(ours) = engine.margin(account) else { return Ok(()) };
    let differs =
        |what: &str, ours: String, theirs: String| Err(format!("{what} of account {account}: {ours}, oracle {theirs}"));
    let theirs = (oracle.cash_and_flows(account), oracle.margin_status(account), oracle.is_current(account));
    let own = (Some((ours.cash, ours.flows)), Some(ours.status), engine.is_current(account));
    if own != theirs {
        return differs("cash, flows, status, being current", format!("{own:?}"), format!("{theirs:?}"));
    }
    let (is_current, model) = (own.2, engine.account(account).and_then(|view| view.margin_model));
    for known in world.underlyings.iter().filter(|known| known.is_listed) {
        let underlying = known.underlying;
        let portfolio = engine.portfolio(account, underlying);
        let sums = portfolio.map(|view| (i128::from(view.adverse), i128::from(view.load)));
        if sums != oracle.reserve(account, underlying) {
            return differs(
                "adverse sum and load",
                format!("{sums:?}"),
                format!("{:?}", oracle.reserve(account, underlying)),
            );
        }
        if !is_current || ours.initial.is_none() {
            continue;
        }
        let greeks = portfolio.map(|view| wide(view.greeks));
        if greeks != oracle.greeks(account, underlying) {
            return differs("Greeks", format!("{greeks:?}"), format!("{:?}", oracle.greeks(account, underlying)));
        }
        if model != Some(MarginModel::Portfolio) {
            continue;
        }
        compare_vector(engine, oracle, account, (underlying, None))?;
        for expiry in world.expiries.iter().filter(|expiry| expiry.is_listed && expiry.underlying == underlying) {
            compare_vector(engine, oracle, account, (underlying, Some(expiry.expiry)))?;
        }
    }
    if let Some((floor, initial)) = engine.initial_floor(account).zip(ours.initial)
        && floor > initial
    {
        return Err(format!("floor of account {account}: {floor}, above its initial margin, {initial}"));
    }
    let margins = ours.initial.zip(ours.maintenance);
    if margins != oracle.margin(account) {
        return differs("margins", format!("{margins:?} by {model:?}"), format!("{:?}", oracle.margin(account)));
    }
    Ok(())
}

fn wide(greeks: Greeks<i64>) -> Greeks<i128> {
    let Greeks { delta, gamma, vega, theta, rho, vanna, volga } = greeks;
    let [delta, gamma, vega, theta, rho, vanna, volga] = [delta, gamma, vega, theta, rho, vanna, volga].map(i128::from);
    Greeks { delta, gamma, vega, theta, rho, vanna, volga }
}

fn compare_vector(
    engine: &Engine<'_>,
    oracle: &NaiveEngine,
    account: AccountId,
    (underlying, expiry): (UnderlyingId, Option<ExpiryId>),
) -> Result<(), String> {
    let ours = engine.vector(account, underlying, expiry);
    let theirs = oracle.vector(account, underlying, expiry);
    let is_same = match (&ours, &theirs) {
        (None, None) => true,
        (Some(ours), Some(theirs)) => is_same(ours, theirs),
        _ => false,
    };
    let place = expiry.map_or_else(|| format!("{underlying}"), |expiry| format!("{expiry}"));
    if is_same { Ok(()) } else { Err(format!("vector of {account} in {place}: {ours:?}, oracle {theirs:?}")) }
}

fn is_same(ours: &VectorView, theirs: &NaiveVector) -> bool {
    let NaiveVector { options, linear, .. } = theirs;
    let basis = [0, 1].map(|side| options.basis[side] + linear.basis[side]);
    i128::from(ours.mark) == options.mark + linear.mark
        && ours.basis.map(i128::from) == basis
        && ours.options.map(i128::from) == options.scenarios
        && ours.linear.map(i128::from) == linear.scenarios
        && ours.lower.map(i128::from) == theirs.lower
        && ours.upper.map(i128::from) == theirs.upper
        && ours.order_basis.map(i128::from) == theirs.order_basis
        && ours.naked.map(i128::from) == theirs.naked
        && ours.linear_notional.map(i128::from) == theirs.linear_notional
        && i128::from(ours.doubted) == theirs.doubted
}
