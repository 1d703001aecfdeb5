//! Batches: the same commands one by one and in batches of random size, in books so large that batches look ahead. Both
//! must say the same events and leave the same memory, byte for byte.

use novate_core::arena::{Arena, Untracked};
use novate_core::command::RawCommand;
use novate_core::engine::{Engine, Sequenced};
use novate_core::event::OwnedEvent;
use novate_core::genesis::Genesis;
use novate_core::units::{Sequence, TimeNs};

use super::generator::Generator;
use super::{Coverage, Finding};
use crate::workload::random::Random;

/// Commands of one episode: half of them fill the book beyond the size above which batches look ahead.
const EPISODE_COMMANDS: u64 = 60_000;
/// Commands to a batch, at most.
const BATCH_COMMANDS_MAX: u32 = 100;

/// Runs `commands` random commands from `seed` on.
///
/// # Errors
/// The first batch that differs from its commands one by one.
pub fn run(seed: u64, commands: u64, progress: &mut dyn FnMut(u64)) -> Result<Coverage, Box<Finding>> {
    let mut coverage = Coverage::default();
    let mut episode_seed = seed;
    while coverage.commands < commands {
        let count = EPISODE_COMMANDS.min(commands - coverage.commands);
        episode(episode_seed, count, &mut coverage)?;
        episode_seed = episode_seed.wrapping_add(1);
        progress(coverage.commands);
    }
    Ok(coverage)
}

fn episode(seed: u64, commands: u64, coverage: &mut Coverage) -> Result<(), Box<Finding>> {
    let found = |sequence: u64, what: String| Box::new(Finding { seed, sequence, what });
    let mut generator = Generator::vast(seed);
    let mut sizes = Random::new(!seed);
    let genesis: Genesis = generator.world().genesis;
    let fail = |error: &dyn std::fmt::Display| found(0, error.to_string());
    let mut single_arena = Arena::for_genesis(&genesis).map_err(|error| fail(&error))?;
    let mut batch_arena = Arena::for_genesis(&genesis).map_err(|error| fail(&error))?;
    let mut single = Engine::genesis(single_arena.chunks_mut(), Untracked, &genesis).map_err(|error| fail(&error))?;
    let mut batched = Engine::genesis(batch_arena.chunks_mut(), Untracked, &genesis).map_err(|error| fail(&error))?;
    let (mut sequence, mut time) = (0, TimeNs(1));
    while sequence < commands {
        let size = u64::from(sizes.between(1, BATCH_COMMANDS_MAX)).min(commands - sequence);
        let mut batch: Vec<(Sequence, TimeNs, Vec<u64>)> = Vec::new();
        let (mut one_by_one, mut at_once) = (Vec::<OwnedEvent>::new(), Vec::<OwnedEvent>::new());
        for _ in 0..size {
            sequence += 1;
            time = generator.advance(time);
            let words = generator.next_command(&single);
            let from = one_by_one.len();
            single
                .apply(Sequence(sequence), time, RawCommand::new(&words), &mut one_by_one)
                .map_err(|error| found(sequence, error.to_string()))?;
            for event in one_by_one[from..].iter().map(OwnedEvent::view) {
                generator.learn(&event);
                coverage.count(&event);
            }
            batch.push((Sequence(sequence), time, words));
        }
        let sequenced: Vec<Sequenced<'_>> = batch
            .iter()
            .map(|(sequence, time, words)| Sequenced {
                sequence: *sequence,
                time: *time,
                command: RawCommand::new(words),
            })
            .collect();
        batched.apply_batch(&sequenced, &mut at_once).map_err(|error| found(sequence, error.to_string()))?;
        if one_by_one != at_once || single.events_digest() != batched.events_digest() {
            return Err(found(sequence, format!("the batch of {size} that ends here says other events")));
        }
    }
    coverage.commands += commands;
    if single_arena.chunks() != batch_arena.chunks() {
        return Err(found(commands, "the memory differs".to_owned()));
    }
    Ok(())
}
