//! Witnesses: a command executed again on an arena that holds only the chunks that the witness tracker recorded, all
//! else absent and guarded, must say the same events and write the same chunks.

use std::cell::Cell;

use novate_core::arena::{Arena, Chunk, Guarded, Layout, Untracked, Witness};
use novate_core::engine::Engine;
use novate_core::event::OwnedEvent;

use super::episode::{Episode, Made, episodes};
use super::generator::decode;
use super::{Coverage, EPISODE_COMMANDS, Finding, Generator};

/// Runs and re-executes `commands` random commands from `seed` on.
///
/// # Errors
/// The first command whose re-execution strays or differs.
pub fn run(seed: u64, commands: u64, progress: &mut dyn FnMut(u64)) -> Result<Coverage, Box<Finding>> {
    episodes((seed, commands, EPISODE_COMMANDS), Generator::mixed, progress, play)
}

/// What one execution left.
struct Executed {
    events: Vec<OwnedEvent>,
    read: Vec<Cell<u8>>,
    written: Vec<Cell<u8>>,
}

fn play(episode: &mut Episode<'_>) -> Result<(), String> {
    let genesis = episode.genesis();
    let mut arena = Arena::for_genesis(&genesis).map_err(|error| error.to_string())?;
    let mut referee = Arena::for_genesis(&genesis).map_err(|error| error.to_string())?;
    Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(|error| error.to_string())?;
    let (mut before, count) = (arena.chunks().to_vec(), Layout::of(&genesis).chunks());
    loop {
        let next = {
            let engine = Engine::attach(arena.chunks_mut(), Untracked).map_err(|error| error.to_string())?;
            episode.next(&engine)
        };
        let Some(made) = next else { break };
        let executed = execute(arena.chunks_mut(), count, &made)?;
        re_execute(&before, arena.chunks(), referee.chunks_mut(), &executed, &made)?;
        for chunk in marked(&executed.written) {
            before[chunk] = arena.chunks()[chunk];
        }
        episode.hear(&made, &executed.events)?;
    }
    if before == arena.chunks() { Ok(()) } else { Err("a chunk was written without a mark".to_owned()) }
}

fn marked(marks: &[Cell<u8>]) -> impl Iterator<Item = usize> {
    marks.iter().enumerate().filter(|(_, mark)| mark.get() != 0).map(|(chunk, _)| chunk)
}

/// Executes a command and records its witness.
fn execute(chunks: &mut [Chunk], count: usize, made: &Made) -> Result<Executed, String> {
    let (read, written) = (vec![Cell::new(0); count], vec![Cell::new(0); count]);
    let mut events = Vec::new();
    let mut engine = Engine::attach(chunks, Witness { read: &read, written: &written }).map_err(|e| e.to_string())?;
    engine.apply(made.sequence, made.time, made.command(), &mut events).map_err(|error| error.to_string())?;
    Ok(Executed { events, read, written })
}

/// Executes it again on the recorded chunks alone, and leaves the referee's arena empty.
fn re_execute(
    before: &[Chunk],
    after: &[Chunk],
    referee: &mut [Chunk],
    executed: &Executed,
    made: &Made,
) -> Result<(), String> {
    let command = decode(&made.words);
    for chunk in marked(&executed.read) {
        referee[chunk] = before[chunk];
    }
    let strayed = Cell::new(0);
    let mut events: Vec<OwnedEvent> = Vec::new();
    let guarded = Guarded { present: &executed.read, strayed: &strayed };
    let mut engine = Engine::attach(referee, guarded).map_err(|error| error.to_string())?;
    engine.apply(made.sequence, made.time, made.command(), &mut events).map_err(|error| error.to_string())?;
    if strayed.get() != 0 {
        return Err(format!("{command:?} touched {} chunks that its witness lacks", strayed.get()));
    }
    if events != executed.events {
        return Err(format!("{command:?}: events differ\n  {:?}\n  {events:?}", executed.events));
    }
    for chunk in marked(&executed.read) {
        if referee[chunk] != after[chunk] {
            return Err(format!("{command:?}: chunk {chunk} differs after re-execution"));
        }
        referee[chunk] = bytemuck::Zeroable::zeroed();
    }
    Ok(())
}
