//! Any bytes as a command: random records, and valid ones with bits changed, are applied or rejected, never a panic.
//!
//! Valid streams are made by the generator of [`book`](super::book); between them, records are drawn from random words
//! with a plausible kind and size, so that most get past the decoder. A rejected command changes nothing but its session's
//! window.

use novate_core::arena::{Arena, Untracked};
use novate_core::command::Command;
use novate_core::engine::Engine;
use novate_core::event::OwnedEvent;

use super::episode::{Episode, episodes};
use super::{Coverage, EPISODE_COMMANDS, Finding, Generator};
use crate::workload::random::Random;

/// Runs `commands` random and mutated records from `seed` on.
///
/// # Errors
/// A command that the engine does not take; a panic is the process's.
pub fn run(seed: u64, commands: u64, progress: &mut dyn FnMut(u64)) -> Result<Coverage, Box<Finding>> {
    episodes((seed, commands, EPISODE_COMMANDS), Generator::new, progress, play)
}

fn play(episode: &mut Episode<'_>) -> Result<(), String> {
    let (genesis, mut random) = (episode.genesis(), Random::new(!episode.seed));
    let mut arena = Arena::for_genesis(&genesis).map_err(|error| error.to_string())?;
    let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(|error| error.to_string())?;
    let mut events: Vec<OwnedEvent> = Vec::new();
    while let Some(mut made) = episode.next(&engine) {
        if random.below(3) == 0 && episode.made > 20 {
            mutate(&mut made.words, &mut random);
        }
        events.clear();
        engine.apply(made.sequence, made.time, made.command(), &mut events).map_err(|error| error.to_string())?;
        episode.hear(&made, &events)?;
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
