//! Engine against oracle: the same commands, every event compared byte for byte, the books compared now and then.

use novate_core::arena::{Arena, Untracked};
use novate_core::engine::Engine;
use novate_core::event::{Event, OwnedEvent};
use novate_core::l2::L2Books;
use novate_core::naive::{Canary, NaiveEngine};
use novate_core::terms::Side;
use novate_core::units::{Sequence, TimeNs};

use super::generator::{Generator, decode};
use super::{Coverage, EPISODE_COMMANDS, Finding, World};

/// How many commands lie between two comparisons of the whole books.
const COMPARE_EVERY: u64 = 500;

/// Runs `commands` random commands from `seed` on, the oracle with a planted bug unless `canary` is none. `progress` is
/// told the number of commands done after every episode.
///
/// # Errors
/// The first difference.
pub fn run(seed: u64, commands: u64, canary: Canary, progress: &mut dyn FnMut(u64)) -> Result<Coverage, Box<Finding>> {
    let mut coverage = Coverage::default();
    let mut episode_seed = seed;
    while coverage.commands < commands {
        let count = EPISODE_COMMANDS.min(commands - coverage.commands);
        episode(episode_seed, count, canary, &mut coverage)?;
        episode_seed = episode_seed.wrapping_add(1);
        progress(coverage.commands);
    }
    Ok(coverage)
}

fn episode(seed: u64, commands: u64, canary: Canary, coverage: &mut Coverage) -> Result<(), Box<Finding>> {
    let mut sequence = 0;
    let found = |sequence: u64, what: String| Box::new(Finding { seed, sequence, what });
    let mut generator = Generator::new(seed);
    let genesis = generator.world().genesis;
    let mut arena = Arena::for_genesis(&genesis).map_err(|error| found(0, error.to_string()))?;
    let mut engine =
        Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(|error| found(0, error.to_string()))?;
    let mut oracle = NaiveEngine::with_canary(&genesis, canary).map_err(|error| found(0, error.to_string()))?;
    let (mut got, mut expected) = (Vec::new(), Vec::new());
    let (mut books, mut time) = (L2Books::default(), TimeNs(1));
    while sequence < commands {
        sequence += 1;
        time = generator.advance(time);
        let words = generator.next_command(&engine);
        let command = decode(&words);
        got.clear();
        expected.clear();
        let ours = engine.apply(Sequence(sequence), time, command, &mut got);
        let theirs = oracle.apply(Sequence(sequence), time, command, &mut expected);
        if ours.is_err() || theirs.is_err() {
            return Err(found(sequence, format!("out of order: engine {ours:?}, oracle {theirs:?}")));
        }
        if got != expected || engine.work_pending() != oracle.work_pending() {
            return Err(found(sequence, describe(&got, &expected, &format!("{command:?}"))));
        }
        for event in got.iter().map(OwnedEvent::view) {
            generator.learn(&event);
            coverage.count(&event);
            books.apply(&event).map_err(|gap| found(sequence, gap.to_string()))?;
            check_bounded(&event).map_err(|what| found(sequence, what))?;
        }
        coverage.commands += 1;
        if sequence % COMPARE_EVERY == 0 || sequence == commands {
            compare_books(&engine, &oracle, &books, generator.world()).map_err(|what| found(sequence, what))?;
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
            let ours: Vec<_> =
                engine.top(instrument, side).map(|level| (level.price, level.quantity, level.orders)).collect();
            let expected = oracle.levels(instrument, side).into_iter();
            let theirs: Vec<_> = expected.map(|(price, quantity, _, orders)| (price, quantity, orders)).collect();
            let heard: Vec<_> =
                books.levels(instrument, side).map(|(price, level)| (price, level.quantity, level.orders)).collect();
            if ours != theirs || ours != heard {
                return Err(format!("levels of {instrument} {side:?}: {ours:?}, oracle {theirs:?}, feed {heard:?}"));
            }
            for &(price, ..) in &ours {
                let queue: Vec<_> = engine
                    .queue(instrument, side, price)
                    .map(|order| (order.order, order.leaves, order.shown))
                    .collect();
                if queue != oracle.queue(instrument, side, price) {
                    return Err(format!("queue of {instrument} {side:?} {price}: {queue:?}"));
                }
            }
        }
        for &(account, _) in &world.accounts {
            let (ours, theirs) = (engine.position(account, instrument), oracle.position(account, instrument));
            if ours != theirs {
                return Err(format!("position of {account} in {instrument}: {ours}, oracle {theirs}"));
            }
            let cost = engine.position_view(account, instrument).map_or(0, |position| position.cost);
            let realised = engine.account(account).map_or(0, |account| account.realised);
            let theirs = oracle.cost_and_realised(account, instrument);
            if (cost, realised) != theirs {
                return Err(format!(
                    "cost and profit of {account} in {instrument}: {cost}, {realised}, oracle {theirs:?}"
                ));
            }
        }
    }
    Ok(())
}
