//! Killed processes: a child that writes a journal at full speed is killed at random moments, and what it left is opened
//! again. Every command that it had reported as durable must be there, and the state must be that of an uninterrupted run.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use novate_core::command::{Checkpoint, CommandRecord, RawCommand};
use novate_core::sink::{Discard, EventSink};
use novate_core::units::Sequence;
use novate_journal::JournalError;
use novate_journal::folder::Folder;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::{Halt, Replay};
use novate_journal::state::State;
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::{AppendError, Durability, Opened, Opening, Settings, Writer, create};

use super::Finding;
use super::script::Script;
use crate::workload::random::Random;

/// Commands that one journal gets.
const COMMANDS: u32 = 40_000;
/// Commands from one checkpoint to the next.
const CHECKPOINT_EVERY: usize = 500;
/// Commands to a block.
const BLOCK: usize = 64;
/// The latest moment of a kill after the child has begun to write, in microseconds.
const KILL_AFTER_US: u32 = 12_000;
/// Segments small enough that many are begun.
const SEGMENT_BYTES: u32 = 256 << 10;
/// What the child says before it writes.
const READY: u64 = u64::MAX;

/// Kills a child so many times. `program` is the binary `fuzz`, `folder` an empty folder for journals.
///
/// # Errors
/// The first kill after which something is wrong.
pub fn run(
    program: &Path,
    folder: &Path,
    (seed, kills): (u64, u64),
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Box<Finding>> {
    let mut random = Random::new(!seed);
    let (mut journal, mut durable) = (seed, 0);
    let mut script = script(journal).map_err(|what| Box::new(Finding { seed, sequence: 0, what }))?;
    for kill in 1..=kills {
        let finding = |what: String| Box::new(Finding { seed: journal, sequence: kill, what });
        let place = folder.join(journal.to_string());
        let said = kill_one(program, &place, journal, &mut random).map_err(|error| finding(error.to_string()))?;
        durable = durable.max(said);
        let last = check(&place, &script, durable).map_err(finding)?;
        progress(kill);
        if last == u64::from(COMMANDS) && kill < kills {
            std::fs::remove_dir_all(&place).map_err(|error| finding(error.to_string()))?;
            (journal, durable) = (journal.wrapping_add(1), 0);
            script = self::script(journal).map_err(|what| Box::new(Finding { seed, sequence: kill, what }))?;
        }
    }
    Ok(kills)
}

fn script(seed: u64) -> Result<Script, String> {
    Script::new(seed, COMMANDS, CHECKPOINT_EVERY)
}

/// Starts a child, kills it, and returns the last sequence that it had reported as durable.
fn kill_one(program: &Path, place: &Path, seed: u64, random: &mut Random) -> io::Result<u64> {
    let mut child: Child = Command::new(program)
        .arg("kill-child")
        .arg(place)
        .args(["--seed", &seed.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
    // Read all the while, so that the child never waits for the pipe.
    let mut first = [0; 8];
    said.read_exact(&mut first)?;
    let reading = thread::spawn(move || {
        let mut bytes = Vec::new();
        said.read_to_end(&mut bytes).map(|_| bytes)
    });
    thread::sleep(Duration::from_micros(random.below(KILL_AFTER_US).into()));
    child.kill()?;
    child.wait()?;
    let bytes = reading.join().map_err(|_| io::Error::other("the reading thread died"))??;
    if first != READY.to_le_bytes() {
        return Err(io::Error::other("the child could not begin"));
    }
    let whole = bytes.len() / 8 * 8;
    let last = bytes[..whole].last_chunk::<8>();
    Ok(last.map_or(0, |last| u64::from_le_bytes(*last)))
}

/// What the child left is opened, compared, and cut for the next one. Returns its last sequence.
fn check(place: &Path, script: &Script, durable: u64) -> Result<u64, String> {
    let storage: Arc<dyn Storage> = Arc::new(DiskStorage::new(place));
    let reader = Reader::open(Arc::clone(&storage), Chain::Verified).map_err(|error| error.to_string())?;
    let mut replay = Replay::from_genesis(reader).map_err(|error| error.to_string())?;
    match replay.run(None, &mut Discard) {
        Ok(Halt::End(_)) => {}
        other => return Err(format!("the replay stops: {other:?}")),
    }
    let (sequence, digest) = replay.result().map_err(|error| error.to_string())?;
    if sequence.0 < durable {
        return Err(format!("ends at {sequence}; {durable} had been reported as durable"));
    }
    if digest != script.digests[sequence.0 as usize] {
        return Err(format!("the events digest at {sequence} is not that of an uninterrupted run"));
    }
    if replay.state().digest() != uninterrupted(script, sequence.0)? {
        return Err(format!("the state at {sequence} is not that of an uninterrupted run"));
    }
    let opening = Opening::lock(storage, None, None).map_err(|error| error.to_string())?;
    opening.recover().map_err(|error| error.to_string())?;
    Ok(sequence.0)
}

/// The state digest after so many commands from memory.
fn uninterrupted(script: &Script, count: u64) -> Result<novate_core::digest::Hash256, String> {
    let mut state = State::genesis(&script.genesis).map_err(|error| error.to_string())?;
    let mut engine = state.attach().map_err(|error| error.to_string())?;
    let mut nobody: &mut dyn EventSink = &mut Discard;
    for (place, (time, words)) in script.commands[..count as usize].iter().enumerate() {
        let applied = engine.apply(Sequence(place as u64 + 1), *time, RawCommand::new(words), &mut nobody);
        applied.map_err(|error| error.to_string())?;
    }
    Ok(state.digest())
}

/// What the child does: begins or opens the journal, writes what is missing at full speed, and says how far it is durable;
/// never ends by itself.
///
/// # Errors
/// In words.
pub fn child(place: &Path, seed: u64) -> Result<(), String> {
    let script = script(seed)?;
    let disk = DiskStorage::new(place);
    disk.create_folder().map_err(|error| error.to_string())?;
    let opened = begin(Arc::new(disk), &script).map_err(|error| error.to_string())?;
    let (mut writer, _background) = opened.start().map_err(|error| error.to_string())?;
    say(READY)?;
    let (first, watermarks) = (writer.sequence().0.0 as usize, writer.watermarks());
    let mut said = 0;
    for place in first..script.commands.len() {
        write_one(&mut writer, &script, place)?;
        let durable = watermarks.durable().sequence.0;
        if durable > said && place % BLOCK == 0 {
            said = durable;
            say(said)?;
        }
    }
    loop {
        let durable = watermarks.durable().sequence.0;
        if durable > said {
            said = durable;
            say(said)?;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn begin(storage: Arc<dyn Storage>, script: &Script) -> Result<Opened, JournalError> {
    let settings = Settings { segment_bytes: SEGMENT_BYTES, durability: Durability::Batch };
    if Folder::read(Arc::clone(&storage))?.is_empty() {
        return create(storage, &script.genesis, settings);
    }
    let mut opening = Opening::lock(storage, None, None)?;
    let plan = opening.plan()?;
    opening.open(settings, script.digests[plan.last.0.0 as usize])
}

fn write_one(writer: &mut Writer, script: &Script, place: usize) -> Result<(), String> {
    let (time, words) = &script.commands[place];
    loop {
        match writer.append(Sequence(place as u64 + 1), *time, RawCommand::new(words)) {
            Ok(()) => break,
            Err(AppendError::SealFirst) => writer.seal(script.digests[place]).map_err(|error| error.to_string())?,
            Err(AppendError::NotReady) => thread::yield_now(),
            Err(error) => return Err(error.to_string()),
        }
    }
    let is_checkpoint = words.first().is_some_and(|word| *word as u16 == Checkpoint::KIND);
    if is_checkpoint || place % BLOCK == BLOCK - 1 {
        writer.seal(script.digests[place + 1]).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn say(number: u64) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(&number.to_le_bytes()).and_then(|()| out.flush()).map_err(|error| error.to_string())
}
