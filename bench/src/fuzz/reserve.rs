//! What is reserved for orders suffices: whichever of an account's resting orders are filled, in whole or in part, the rest
//! resting on, no less is left over its initial margin than before, as long as marks are what they were.
//!
//! And what an order would leave is what is left once it rests, or is filled.
//!
//! The books are those of the fuzzer of margin. With a planted bug what is reserved is the oracle's, for as long as it and
//! the engine say the same.

use novate_core::arena::{Arena, Untracked};
use novate_core::command::Command;
use novate_core::engine::Engine;
use novate_core::ids::{AccountId, OrderId};
use novate_core::naive::{Canary, NaiveEngine};
use novate_core::terms::{InstrumentKind, MarginModel, Side};
use novate_core::units::QuantityLots;

use super::episode::{Episode, episodes};
use super::generator::decode;
use super::{Coverage, EPISODE_COMMANDS, Finding, Generator, World, estimates};
use crate::workload::random::Random;

/// One order of so many is asked about before: a liquidation price takes as long as hundreds of commands.
const ASKED_ONE_IN: u32 = 4;

/// Bugs in what is reserved, each of which a run finds.
pub const CANARIES: [Canary; 3] =
    [Canary::ReserveIgnoresSign, Canary::AdverseAtCurrentMark, Canary::FilledSideForgotten];

/// Tries `books` commands' books of margin's worlds from `seed` on, and counts under `most` what was filled.
///
/// # Errors
/// The first account that was left with less.
pub fn run(seed: u64, books: u64, canary: Canary, progress: &mut dyn FnMut(u64)) -> Result<Coverage, Box<Finding>> {
    let mut tried = 0;
    let mut coverage = episodes((seed, books, EPISODE_COMMANDS), Generator::margined, progress, |episode| {
        play(episode, canary, &mut tried)
    })?;
    coverage.most.insert("books with fills tried", tried);
    Ok(coverage)
}

fn play(episode: &mut Episode<'_>, canary: Canary, tried: &mut u64) -> Result<(), String> {
    let genesis = episode.genesis();
    let mut arena = Arena::for_genesis(&genesis).map_err(|error| error.to_string())?;
    let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(|error| error.to_string())?;
    let mut oracle = match canary {
        Canary::None => None,
        _ => Some(NaiveEngine::with_canary(&genesis, canary).map_err(|error| error.to_string())?),
    };
    let mut random = Random::new(episode.seed);
    let (mut got, mut expected) = (Vec::new(), Vec::new());
    while let Some(made) = episode.next(&engine) {
        let command = decode(&made.words);
        got.clear();
        let is_asked = oracle.is_none() && random.below(ASKED_ONE_IN) == 0;
        let guess = if is_asked { estimates::guess(&engine, &command) } else { None };
        engine.apply(made.sequence, made.time, command, &mut got).map_err(|error| error.to_string())?;
        if let Some(oracle) = &mut oracle {
            expected.clear();
            oracle.apply(made.sequence, made.time, command, &mut expected).map_err(|error| error.to_string())?;
            if got != expected {
                return Ok(());
            }
        }
        episode.hear(&made, &got)?;
        if let Some(guess) = guess {
            guess.check(&engine, &got, episode.most())?;
        }
        let account = named(command, episode.generator.world(), &mut random);
        let fills = some_fills(&engine, episode.generator.world(), account, &mut random);
        if fills.is_empty() {
            continue;
        }
        let reserved = match &oracle {
            None => engine.margin(account).and_then(|view| view.initial),
            Some(oracle) => oracle.margin(account).map(|left| left.0),
        };
        let after = engine.estimate_fills(account, &fills).map(|left| left.initial);
        if let (Some(reserved), Ok(after)) = (reserved, after) {
            *tried += 1;
            if after < reserved {
                return Err(format!("{account} has {reserved} left, and {after} after {fills:?}"));
            }
        }
    }
    Ok(())
}

/// The account that a command names, or any.
fn named(command: Command<'_>, world: &World, random: &mut Random) -> AccountId {
    let named = command.header().map_or(AccountId::NONE, |header| header.account);
    if named != AccountId::NONE || world.accounts.is_empty() {
        return named;
    }
    world.accounts[random.below(world.accounts.len() as u32) as usize].0
}

/// Some of an account's resting orders, and a part of each, or all of it: those that would lose no more than they had
/// reserved.
fn some_fills(
    engine: &Engine<'_>,
    world: &World,
    account: AccountId,
    random: &mut Random,
) -> Vec<(OrderId, QuantityLots)> {
    let of_account = world.orders.iter().filter(|known| known.account == account);
    let model = engine.account(account).and_then(|view| view.margin_model);
    let mut fills = Vec::new();
    for view in of_account.filter_map(|known| engine.order(known.order)) {
        if view.trigger.is_some() || random.below(2) == 0 {
            continue;
        }
        let (Some(risk), Some(listed)) = (engine.risk(view.instrument), engine.instrument(view.instrument)) else {
            return Vec::new();
        };
        let is_option = matches!(listed.kind, Some(InstrumentKind::EuropeanOption | InstrumentKind::OnDemandOption));
        let counts = !is_option || model != Some(MarginModel::Standard);
        let mark = if counts { i128::from(risk.array.mark) } else { 0 };
        let lanes = (i128::from(view.price.0) * i128::from(listed.multiplier.0)).saturating_mul(1 << risk.lane_bits);
        let over = if view.side == Side::Buy { lanes - mark } else { mark - lanes };
        if over > i128::from(view.reserve) {
            continue;
        }
        let part = 1 + random.below(u32::try_from(view.leaves.0).unwrap_or(u32::MAX));
        fills.push((view.order, if random.below(2) == 0 { view.leaves } else { QuantityLots(part.into()) }));
    }
    fills
}
