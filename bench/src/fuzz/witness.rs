//! Witnesses: a command executed again on an arena that holds only the chunks that the witness tracker recorded, all
//! else absent and guarded, must say the same events and write the same chunks.

use std::cell::Cell;

use novate_core::arena::{Arena, Chunk, Guarded, Layout, Untracked, Witness};
use novate_core::command::Command;
use novate_core::engine::Engine;
use novate_core::event::OwnedEvent;
use novate_core::units::{Sequence, TimeNs};

use super::generator::{Generator, decode};
use super::{Coverage, EPISODE_COMMANDS, Finding};

/// Runs and re-executes `commands` random commands from `seed` on.
///
/// # Errors
/// The first command whose re-execution strays or differs.
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

/// What one execution left.
struct Executed {
    events: Vec<OwnedEvent>,
    read: Vec<Cell<u8>>,
    written: Vec<Cell<u8>>,
}

fn episode(seed: u64, commands: u64, coverage: &mut Coverage) -> Result<(), Box<Finding>> {
    let found = |sequence: u64, what: String| Box::new(Finding { seed, sequence, what });
    let mut generator = Generator::new(seed);
    let genesis = generator.world().genesis;
    let count = Layout::of(&genesis).chunks();
    let mut arena = Arena::for_genesis(&genesis).map_err(|error| found(0, error.to_string()))?;
    let mut referee = Arena::for_genesis(&genesis).map_err(|error| found(0, error.to_string()))?;
    Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(|error| found(0, error.to_string()))?;
    let mut before = arena.chunks().to_vec();
    for sequence in 1..=commands {
        let words = {
            let engine = Engine::attach(arena.chunks_mut(), Untracked).map_err(|e| found(sequence, e.to_string()))?;
            generator.next_command(&engine)
        };
        let (at, time) = (Sequence(sequence), TimeNs(sequence));
        let executed =
            execute(arena.chunks_mut(), count, at, time, decode(&words)).map_err(|what| found(sequence, what))?;
        re_execute(&before, arena.chunks(), referee.chunks_mut(), &executed, (at, time), decode(&words))
            .map_err(|what| found(sequence, what))?;
        for chunk in marked(&executed.written) {
            before[chunk] = arena.chunks()[chunk];
        }
        for event in &executed.events {
            generator.learn(&event.view());
            coverage.count(&event.view());
        }
        coverage.commands += 1;
    }
    if before != arena.chunks() {
        return Err(found(commands, "a chunk was written without a mark".to_owned()));
    }
    Ok(())
}

fn marked(marks: &[Cell<u8>]) -> impl Iterator<Item = usize> {
    marks.iter().enumerate().filter(|(_, mark)| mark.get() != 0).map(|(chunk, _)| chunk)
}

/// Executes a command and records its witness.
fn execute(
    chunks: &mut [Chunk],
    count: usize,
    sequence: Sequence,
    time: TimeNs,
    command: Command<'_>,
) -> Result<Executed, String> {
    let (read, written) = (vec![Cell::new(0); count], vec![Cell::new(0); count]);
    let mut events = Vec::new();
    let mut engine = Engine::attach(chunks, Witness { read: &read, written: &written }).map_err(|e| e.to_string())?;
    engine.apply(sequence, time, command, &mut events).map_err(|error| error.to_string())?;
    Ok(Executed { events, read, written })
}

/// Executes it again on the recorded chunks alone, and leaves the referee's arena empty.
fn re_execute(
    before: &[Chunk],
    after: &[Chunk],
    referee: &mut [Chunk],
    executed: &Executed,
    (sequence, time): (Sequence, TimeNs),
    command: Command<'_>,
) -> Result<(), String> {
    for chunk in marked(&executed.read) {
        referee[chunk] = before[chunk];
    }
    let strayed = Cell::new(0);
    let mut events: Vec<OwnedEvent> = Vec::new();
    let guarded = Guarded { present: &executed.read, strayed: &strayed };
    let mut engine = Engine::attach(referee, guarded).map_err(|error| error.to_string())?;
    engine.apply(sequence, time, command, &mut events).map_err(|error| error.to_string())?;
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
