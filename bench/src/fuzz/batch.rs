//! Batches: the same commands one by one and in batches of random size, in books so large that batches look ahead. Both
//! must say the same events and leave the same memory, byte for byte.

use novate_core::arena::{Arena, Untracked};
use novate_core::engine::{Engine, Sequenced};
use novate_core::event::OwnedEvent;

use super::episode::{Episode, Made, episodes};
use super::{Coverage, Finding, Generator};
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
    episodes((seed, commands, EPISODE_COMMANDS), Generator::vast, progress, play)
}

fn play(episode: &mut Episode<'_>) -> Result<(), String> {
    let (genesis, mut sizes) = (episode.genesis(), Random::new(!episode.seed));
    let mut single_arena = Arena::for_genesis(&genesis).map_err(|error| error.to_string())?;
    let mut batch_arena = Arena::for_genesis(&genesis).map_err(|error| error.to_string())?;
    let begin = |arena| Engine::genesis(arena, Untracked, &genesis).map_err(|error| error.to_string());
    let (mut single, mut batched) = (begin(single_arena.chunks_mut())?, begin(batch_arena.chunks_mut())?);
    loop {
        let size = sizes.between(1, BATCH_COMMANDS_MAX) as usize;
        let mut batch: Vec<Made> = Vec::new();
        let (mut one_by_one, mut at_once) = (Vec::<OwnedEvent>::new(), Vec::<OwnedEvent>::new());
        while batch.len() < size
            && let Some(made) = episode.next(&single)
        {
            let from = one_by_one.len();
            single
                .apply(made.sequence, made.time, made.command(), &mut one_by_one)
                .map_err(|error| error.to_string())?;
            episode.hear(&made, &one_by_one[from..])?;
            batch.push(made);
        }
        if batch.is_empty() {
            break;
        }
        let sequenced: Vec<Sequenced<'_>> = batch
            .iter()
            .map(|made| Sequenced { sequence: made.sequence, time: made.time, command: made.command() })
            .collect();
        batched.apply_batch(&sequenced, &mut at_once).map_err(|error| error.to_string())?;
        if one_by_one != at_once || single.events_digest() != batched.events_digest() {
            return Err(format!("the batch of {} that ends here says other events", batch.len()));
        }
    }
    if single_arena.chunks() == batch_arena.chunks() { Ok(()) } else { Err("the memory differs".to_owned()) }
}
