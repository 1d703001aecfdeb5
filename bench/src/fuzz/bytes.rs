//! Any bytes as a command: random records, and valid ones with bits changed, are applied or rejected, never a panic.
//!
//! Valid streams are made by the generator of [`book`](super::book); between them, records are drawn from random words
//! with a plausible kind and size, so that most get past the decoder. A rejected command changes nothing but its session's
//! window.

use novate_core::arena::{Arena, Untracked};
use novate_core::command::{Command, RawCommand};
use novate_core::engine::Engine;
use novate_core::event::OwnedEvent;
use novate_core::units::{Sequence, TimeNs};

use super::generator::Generator;
use super::{Coverage, EPISODE_COMMANDS, Finding};
use crate::workload::random::Random;

/// Runs `commands` random and mutated records from `seed` on.
///
/// # Errors
/// A command that the engine does not take; a panic is the process's.
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
    let mut random = Random::new(!seed);
    let mut generator = Generator::new(seed);
    let genesis = generator.world().genesis;
    let mut arena = Arena::for_genesis(&genesis).map_err(|error| found(0, error.to_string()))?;
    let mut engine =
        Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(|error| found(0, error.to_string()))?;
    let mut events: Vec<OwnedEvent> = Vec::new();
    for sequence in 1..=commands {
        let mut words = generator.next_command(&engine);
        if random.below(3) == 0 && sequence > 20 {
            mutate(&mut words, &mut random);
        }
        events.clear();
        engine
            .apply(Sequence(sequence), TimeNs(sequence), RawCommand::new(&words), &mut events)
            .map_err(|error| found(sequence, error.to_string()))?;
        for event in &events {
            generator.learn(&event.view());
            coverage.count(&event.view());
        }
        coverage.commands += 1;
    }
    Ok(())
}

/// Makes something else of a record.
fn mutate(words: &mut Vec<u64>, random: &mut Random) {
    match random.below(4) {
        0 => {
            let (kind, _, size) = Command::KINDS[random.below(Command::KINDS.len() as u32) as usize];
            let header = words.first().copied().unwrap_or(0);
            words.resize(size / 8, 0);
            for word in &mut words[4..] {
                *word = if random.below(2) == 0 { random.next() } else { u64::from(random.below(3)) };
            }
            words[0] = (header & !0xffff_ffff) | (size as u64) << 16 | u64::from(kind);
        }
        1 => words.iter_mut().for_each(|word| *word = random.next()),
        2 if words.len() > 4 => {
            let edges = [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1];
            let at = 4 + random.below(words.len() as u32 - 4) as usize;
            words[at] = edges[random.below(5) as usize];
        }
        _ => {
            for _ in 0..random.between(1, 4) {
                if !words.is_empty() {
                    let at = random.below(words.len() as u32) as usize;
                    words[at] ^= 1 << random.below(64);
                }
            }
        }
    }
}
