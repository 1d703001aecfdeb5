//! Engine against oracle: the same commands, every event compared byte for byte, the books compared now and then.

use novate_core::arena::{Arena, Untracked};
use novate_core::command::Command;
use novate_core::engine::Engine;
use novate_core::event::{Event, OwnedEvent};
use novate_core::ids::{AccountId, InstrumentId};
use novate_core::l2::L2Books;
use novate_core::margin::{Array, Greeks};
use novate_core::naive::{Canary, NaiveEngine};
use novate_core::terms::Side;

use super::episode::{Episode, episodes};
use super::generator::decode;
use super::{Coverage, EPISODE_COMMANDS, Finding, Generator, World};

/// How many commands lie between two comparisons of the whole books.
const COMPARE_EVERY: u64 = 500;

/// Runs `commands` random commands from `seed` on, the oracle with a planted bug unless `canary` is none. `progress` is
/// told the number of commands done after every episode.
///
/// # Errors
/// The first difference.
pub fn run(seed: u64, commands: u64, canary: Canary, progress: &mut dyn FnMut(u64)) -> Result<Coverage, Box<Finding>> {
    episodes((seed, commands, EPISODE_COMMANDS), Generator::new, progress, |episode| play(episode, canary))
}

/// The same in worlds in which margin is checked.
///
/// # Errors
/// The first difference.
pub fn run_margined(
    seed: u64,
    commands: u64,
    canary: Canary,
    progress: &mut dyn FnMut(u64),
) -> Result<Coverage, Box<Finding>> {
    episodes((seed, commands, EPISODE_COMMANDS), Generator::margined, progress, |episode| play(episode, canary))
}

fn play(episode: &mut Episode<'_>, canary: Canary) -> Result<(), String> {
    let genesis = episode.genesis();
    let mut arena = Arena::for_genesis(&genesis).map_err(|error| error.to_string())?;
    let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(|error| error.to_string())?;
    let mut oracle = NaiveEngine::with_canary(&genesis, canary).map_err(|error| error.to_string())?;
    let (mut got, mut expected) = (Vec::new(), Vec::new());
    let mut books = L2Books::default();
    while let Some(made) = episode.next(&engine) {
        let command = decode(&made.words);
        got.clear();
        expected.clear();
        let bounds = super::margin::bounds(&engine, &command);
        let ours = engine.apply(made.sequence, made.time, command, &mut got);
        let theirs = oracle.apply(made.sequence, made.time, command, &mut expected);
        if ours.is_err() || theirs.is_err() {
            return Err(format!("out of order: engine {ours:?}, oracle {theirs:?}"));
        }
        if got != expected || engine.work_pending() != oracle.work_pending() {
            return Err(describe(&got, &expected, &format!("{command:?}")));
        }
        super::margin::compare(&engine, &oracle, episode.generator.world(), command, (episode.made, &got))
            .map_err(|what| format!("{what}\n  after {command:?}\n  events {got:?}"))?;
        super::margin::check_effort(&engine, &bounds, episode.most())
            .map_err(|what| format!("{what}\n  after {command:?}"))?;
        if matches!(command, Command::Timer(_)) {
            compare_valuation(&engine, &oracle, episode.generator.world())?;
        }
        episode.hear(&made, &got)?;
        for event in got.iter().map(OwnedEvent::view) {
            books.apply(&event).map_err(|gap| gap.to_string())?;
            check_bounded(&event)?;
        }
        if episode.made.is_multiple_of(COMPARE_EVERY) || episode.made == episode.commands {
            compare_books(&engine, &oracle, &books, episode.generator.world())?;
        }
    }
    Ok(())
}

/// Quantities that no rule lets an event have.
fn check_bounded(event: &Event<'_>) -> Result<(), String> {
    let sound = match event {
        Event::Trade(trade) => trade.quantity.0 > 0 && trade.maker_leaves.0 >= 0 && trade.taker_leaves.0 >= 0,
        Event::Rested(rested) => rested.leaves.0 > 0,
        Event::Cancelled(cancelled) => cancelled.leaves.0 > 0,
        Event::Amended(amended) => amended.leaves.0 > 0,
        Event::Triggered(triggered) => triggered.leaves.0 > 0,
        Event::Replenished(shows) => shows.shown.0 > 0 && shows.shown <= shows.leaves,
        Event::Decremented(met) => met.quantity.0 > 0 && met.maker_leaves.0 >= 0 && met.taker_leaves.0 >= 0,
        _ => true,
    };
    if sound { Ok(()) } else { Err(format!("an impossible quantity: {event:?}")) }
}

fn describe(got: &[OwnedEvent], expected: &[OwnedEvent], command: &str) -> String {
    let first = got.iter().zip(expected).position(|(ours, theirs)| ours != theirs);
    let at = first.unwrap_or(got.len().min(expected.len()));
    format!(
        "event {at} differs (or work pending, or a count: {} and {} events)\n  command {command}\n  engine {:?}\n  oracle {:?}",
        got.len(),
        expected.len(),
        got.get(at),
        expected.get(at),
    )
}

/// Engine, oracle and the builder that only listens must hold the same books, positions and digests.
fn compare_books(engine: &Engine<'_>, oracle: &NaiveEngine, books: &L2Books, world: &World) -> Result<(), String> {
    if engine.events_digest() != oracle.events_digest() || engine.event_count() != oracle.event_count() {
        return Err(format!("digests differ: {} and {}", engine.events_digest(), oracle.events_digest()));
    }
    for instrument in world.instruments.iter().map(|known| known.instrument) {
        let prices = engine.instrument(instrument).map_or((None, None), |view| (view.last_price, view.mark_price));
        if prices != oracle.last_and_mark(instrument) {
            return Err(format!("last and mark price of {instrument}: {prices:?}"));
        }
        for &side in Side::ALL {
            compare_side(engine, oracle, books, instrument, side)?;
        }
        let waiting = oracle.waiting_stops(instrument);
        // An order that does not wait has no trigger.
        let ours: Vec<_> = waiting
            .iter()
            .filter_map(|&(order, _)| engine.order(order).and_then(|view| Some((order, view.trigger?))))
            .collect();
        if ours != waiting {
            return Err(format!("stop orders that wait in {instrument}: {ours:?}, oracle {waiting:?}"));
        }
        for &(account, _) in &world.accounts {
            compare_holding(engine, oracle, account, instrument)?;
        }
    }
    for &(account, _) in &world.accounts {
        let (ours, theirs) = (engine.account(account).is_some_and(|view| view.has_tripped), oracle.is_tripped(account));
        if ours != theirs {
            return Err(format!("protection of {account} has tripped: {ours}, oracle {theirs}"));
        }
    }
    compare_valuation(engine, oracle, world)?;
    for &(account, _) in &world.accounts {
        let ours = engine.account(account).and_then(|view| view.margin_model);
        let theirs = oracle.margin_model(account);
        if ours != theirs {
            return Err(format!("margin model of {account}: {ours:?}, oracle {theirs:?}"));
        }
    }
    for order in oracle.live_orders() {
        let Some(view) = engine.order(order) else { return Err(format!("order {order} is live for the oracle only")) };
        if view.twin != oracle.twin(order) {
            return Err(format!("twin of {order}: {:?}, oracle {:?}", view.twin, oracle.twin(order)));
        }
    }
    Ok(())
}

fn compare_side(
    engine: &Engine<'_>,
    oracle: &NaiveEngine,
    books: &L2Books,
    instrument: InstrumentId,
    side: Side,
) -> Result<(), String> {
    let ours: Vec<_> =
        engine.top(instrument, side).map(|level| (level.price, level.quantity, level.shown, level.orders)).collect();
    let theirs = oracle.levels(instrument, side);
    // Others see what is shown, and no more.
    let seen: Vec<_> = ours.iter().map(|&(price, _, shown, orders)| (price, shown, orders)).collect();
    let heard: Vec<_> =
        books.levels(instrument, side).map(|(price, level)| (price, level.quantity, level.orders)).collect();
    if ours != theirs || seen != heard {
        return Err(format!("levels of {instrument} {side:?}: {ours:?}, oracle {theirs:?}, feed {heard:?}"));
    }
    for &(price, ..) in &ours {
        let queue = engine.queue(instrument, side, price);
        let queue: Vec<_> = queue.map(|order| (order.order, order.leaves, order.shown)).collect();
        if queue != oracle.queue(instrument, side, price) {
            return Err(format!("queue of {instrument} {side:?} {price}: {queue:?}"));
        }
    }
    Ok(())
}

/// How far feeds are to be trusted, and what came of them.
fn compare_valuation(engine: &Engine<'_>, oracle: &NaiveEngine, world: &World) -> Result<(), String> {
    for known in &world.underlyings {
        let (ours, theirs) = (engine.validity(known.underlying), oracle.validity(known.underlying));
        if ours != theirs {
            return Err(format!("validity of {}: {ours:?}, oracle {theirs:?}", known.underlying));
        }
    }
    for known in &world.expiries {
        let (ours, theirs) = (engine.expiry_validity(known.expiry), oracle.expiry_validity(known.expiry));
        if ours != theirs {
            return Err(format!("validity of {}: {ours:?}, oracle {theirs:?}", known.expiry));
        }
    }
    for known in &world.instruments {
        compare_risk(engine, oracle, known.instrument)?;
        let ours = engine.instrument(known.instrument).and_then(|view| view.pair);
        let theirs = oracle.pair(known.instrument);
        if ours != theirs {
            return Err(format!("pair of {}: {ours:?}, oracle {theirs:?}", known.instrument));
        }
        let ours = engine.instrument_validity(known.instrument);
        let theirs = oracle.instrument_validity(known.instrument);
        if ours != theirs {
            return Err(format!("validity of {}: {ours:?}, oracle {theirs:?}", known.instrument));
        }
    }
    Ok(())
}

/// Risk arrays: the engine's 64 bits hold what the oracle's 128 do.
fn compare_risk(engine: &Engine<'_>, oracle: &NaiveEngine, instrument: InstrumentId) -> Result<(), String> {
    let ours = engine.risk(instrument);
    let wide = ours.map(|risk| {
        let Array { mark, basis, scenarios } = risk.array;
        let array = Array { mark: mark.into(), basis: basis.map(i128::from), scenarios: scenarios.map(i128::from) };
        let Greeks { delta, gamma, vega, theta, rho, vanna, volga } = risk.greeks;
        let [delta, gamma, vega, theta, rho, vanna, volga] =
            [delta, gamma, vega, theta, rho, vanna, volga].map(i128::from);
        (risk.generation, array, Greeks { delta, gamma, vega, theta, rho, vanna, volga })
    });
    let theirs = oracle.array(instrument);
    if wide == theirs { Ok(()) } else { Err(format!("risk array of {instrument}: {wide:?}, oracle {theirs:?}")) }
}

fn compare_holding(
    engine: &Engine<'_>,
    oracle: &NaiveEngine,
    account: AccountId,
    instrument: InstrumentId,
) -> Result<(), String> {
    let (ours, theirs) = (engine.position(account, instrument), oracle.position(account, instrument));
    if ours != theirs {
        return Err(format!("position of {account} in {instrument}: {ours}, oracle {theirs}"));
    }
    let cost = engine.position_view(account, instrument).map_or(0, |position| position.cost);
    let realised = engine.account(account).map_or(0, |account| account.realised);
    let theirs = oracle.cost_and_realised(account, instrument);
    if (cost, realised) != theirs {
        return Err(format!("cost and profit of {account} in {instrument}: {cost}, {realised}, oracle {theirs:?}"));
    }
    Ok(())
}
