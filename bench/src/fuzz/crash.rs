//! Losses of power: a journal is written to a disk that forgets, at random moments the power goes, and what is left is
//! opened again. Nothing that was said to be durable may be missing, nothing that was not written may be there, and what is
//! left must not look damaged.

use std::collections::BTreeMap;
use std::sync::Arc;

use novate_core::command::RawCommand;
use novate_core::sink::Discard;
use novate_core::units::Sequence;
use novate_journal::JournalError;
use novate_journal::folder::Folder;
use novate_journal::format::frame::{FRAME_MAX, FrameKind};
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Halt, Replay};
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::writer::{AppendError, Durability, Flush, Opened, Opening, Settings, create};

use super::Finding;
use super::script::Script;
use crate::workload::random::Random;

/// Losses of power in one episode, each of which goes on with what the one before left.
const EPISODE_CRASHES: u64 = 12;
/// Commands of one episode, at most.
const EPISODE_COMMANDS: u32 = 400;
/// Commands from one checkpoint to the next.
const CHECKPOINT_EVERY: usize = 50;
/// One of so many losses is followed by a whole replay; after the others what is read is compared.
const REPLAY_ONE_IN: u32 = 16;

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Crashes {
    /// Losses of power.
    pub crashes: u64,
    /// How often what was met.
    pub met: BTreeMap<&'static str, u64>,
}

/// A bug that is planted; a run must find it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CrashCanary {
    /// No bug.
    #[default]
    None,
    /// A disk that says that pages are durable when they are not.
    LyingDisk,
}

/// Runs so many losses of power from `seed` on. `progress` is told the number of losses after every episode.
///
/// # Errors
/// The first loss after which something is wrong.
pub fn run(
    seed: u64,
    crashes: u64,
    canary: CrashCanary,
    progress: &mut dyn FnMut(u64),
) -> Result<Crashes, Box<Finding>> {
    let (mut done, mut seed) = (Crashes::default(), seed);
    while done.crashes < crashes {
        let most = EPISODE_CRASHES.min(crashes - done.crashes);
        let before = done.crashes;
        play((seed, most), canary, &mut done)
            .map_err(|what| Box::new(Finding { seed, sequence: done.crashes - before, what }))?;
        seed = seed.wrapping_add(1);
        progress(done.crashes);
    }
    Ok(done)
}

/// What is known of the journal, whatever the disk says.
struct Known {
    /// Whether it was there for sure.
    exists: bool,
    /// The last command that was said to be durable.
    durable: u64,
    /// The last command that was appended.
    appended: u64,
    /// Whether the last thing that happened was a clean close.
    is_closed: bool,
}

fn play((seed, crashes): (u64, u64), canary: CrashCanary, done: &mut Crashes) -> Result<(), String> {
    let mut random = Random::new(!seed);
    let count = random.between(20, EPISODE_COMMANDS);
    let script = Script::new(seed, count, CHECKPOINT_EVERY)?;
    if script.genesis.is_margined() {
        *done.met.entry("margined").or_default() += 1;
        let judged = script.coverage.events.get("MarginStatusChanged").copied();
        *done.met.entry("judged").or_default() += judged.unwrap_or_default();
    }
    let durability = [Durability::Batch, Durability::Interval(1), Durability::None][random.below(3) as usize];
    let settings = Settings { segment_bytes: 4_096 << random.below(3), durability };
    let mut disk = CrashStorage::new();
    let mut known = Known { exists: false, durable: 0, appended: 0, is_closed: false };
    for _ in 0..crashes {
        let is_faulty = order_faults(&disk, &mut random);
        if canary == CrashCanary::LyingDisk {
            disk.lie();
        }
        write(&disk, &script, (settings, is_faulty), &mut random, &mut known, done)?;
        disk = disk.crash(&mut || u64::from(random.below(u32::MAX)) << 32 | u64::from(random.below(u32::MAX)));
        done.crashes += 1;
        check(&disk, &script, &mut known, random.below(REPLAY_ONE_IN) == 0, done)?;
    }
    Ok(())
}

/// What will go wrong before the power does; whether anything will.
fn order_faults(disk: &CrashStorage, random: &mut Random) -> bool {
    let kind = random.below(8);
    match kind {
        // In the middle of opening, cutting or making a segment.
        0..3 => disk.cut_power_after(random.below(25).into()),
        3 => disk.cut_power_after(random.below(400).into()),
        4 => disk.fail_syncs_after(random.below(30).into()),
        _ => return false,
    }
    true
}

/// Opens or begins the journal and writes to it for a while.
fn write(
    disk: &CrashStorage,
    script: &Script,
    (settings, is_faulty): (Settings, bool),
    random: &mut Random,
    known: &mut Known,
    done: &mut Crashes,
) -> Result<(), String> {
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let is_new = Folder::read(Arc::clone(&storage)).is_ok_and(|folder| folder.is_empty());
    let opened = if is_new { create(storage, &script.genesis, settings) } else { open(storage, script, settings) };
    // What was begun may have gone on behind the end.
    known.is_closed = false;
    let mut opened = match opened {
        Ok(opened) => opened,
        // The power went, or the disk was full, on the way.
        Err(JournalError::Io { .. }) if is_faulty => {
            *done.met.entry("gone while opening").or_default() += 1;
            return Ok(());
        }
        Err(error) => return Err(format!("cannot be opened: {error}")),
    };
    known.exists = true;
    known.appended = opened.writer.sequence().0.0;
    if random.below(8) == 0 {
        disk.fill_up();
    }
    for _ in 0..random.below(300) {
        let step = step(&mut opened, script, random);
        known.durable = known.durable.max(opened.writer.watermarks().durable().sequence.0);
        known.appended = opened.writer.sequence().0.0;
        if let Some(end) = step {
            *done.met.entry(end).or_default() += 1;
            break;
        }
    }
    if random.below(6) == 0 {
        let digest = script.digests[known.appended as usize];
        if opened.close(digest).is_ok() {
            *known = Known { exists: true, durable: known.appended, appended: known.appended, is_closed: true };
            *done.met.entry("closed").or_default() += 1;
        }
    }
    Ok(())
}

fn open(storage: Arc<dyn Storage>, script: &Script, settings: Settings) -> Result<Opened, JournalError> {
    let mut opening = Opening::lock(storage, None, None)?;
    let plan = opening.plan()?;
    opening.open(settings, script.digests[plan.last.0.0 as usize])
}

/// One step of one of the three parts; a word if it was the last.
fn step(opened: &mut Opened, script: &Script, random: &mut Random) -> Option<&'static str> {
    let last = opened.writer.sequence().0.0 as usize;
    let failed = match random.below(10) {
        0..6 => {
            let Some((time, words)) = script.commands.get(last) else { return Some("all written") };
            match opened.writer.append(Sequence(last as u64 + 1), *time, RawCommand::new(words)) {
                Ok(()) | Err(AppendError::NotReady) => None,
                Err(AppendError::SealFirst) => opened.writer.seal(script.digests[last]).err(),
                Err(AppendError::NoRoom { .. }) => return Some("no room"),
                Err(error) => Some(error),
            }
        }
        6 => opened.writer.seal(script.digests[last]).err(),
        7 => opened.flusher.step(Flush::FullPages).err().map(AppendError::Poisoned),
        8 => {
            opened.flusher.step([Flush::All, Flush::Nothing][random.below(2) as usize]).err().map(AppendError::Poisoned)
        }
        _ => opened.preparer.step().err().map(AppendError::Poisoned),
    };
    failed.map(|_| "poisoned")
}

/// What is left must be a prefix of what was written, and hold all that was durable.
fn check(
    disk: &CrashStorage,
    script: &Script,
    known: &mut Known,
    replays: bool,
    done: &mut Crashes,
) -> Result<(), String> {
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut reader = match Reader::open(Arc::clone(&storage), Chain::Verified) {
        Ok(reader) => reader,
        Err(JournalError::NoJournal { .. }) if !known.exists => {
            *done.met.entry("no journal yet").or_default() += 1;
            return Ok(());
        }
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    known.exists = true;
    while let Some(frame) = reader.next().map_err(|error| format!("looks damaged: {error}"))? {
        let Some(command) = frame.command() else { continue };
        let (time, words) = &script.commands[command.sequence.0 as usize - 1];
        if command.command.words() != words || command.time != *time {
            return Err(format!("command {} is not what was written", command.sequence));
        }
        debug_assert!(frame.raw.size() <= FRAME_MAX && frame.raw.kind() != FrameKind::End);
    }
    let last = reader.sequence().0.0;
    if last < known.durable || last > known.appended {
        return Err(format!("ends at {last}; {} was durable, {} appended", known.durable, known.appended));
    }
    let what = match reader.ending() {
        Some(Ending::Closed) => "left closed",
        Some(Ending::Open { torn_bytes: 0, fault: None, .. }) => "left whole",
        _ => "left torn",
    };
    if known.is_closed && what != "left closed" {
        return Err(format!("was closed, and is {what}"));
    }
    *done.met.entry(what).or_default() += 1;
    known.appended = last;
    if replays { replay(storage, script, last) } else { Ok(()) }
}

/// The replay agrees with every seal, and comes to the digest of the commands that are left.
fn replay(storage: Arc<dyn Storage>, script: &Script, last: u64) -> Result<(), String> {
    let reader = Reader::open(storage, Chain::Verified).map_err(|error| error.to_string())?;
    let mut replay = Replay::from_genesis(reader).map_err(|error| error.to_string())?;
    match replay.run(None, &mut Discard) {
        Ok(Halt::End(_)) => {}
        other => return Err(format!("the replay stops: {other:?}")),
    }
    let (sequence, digest) = replay.result().map_err(|error| error.to_string())?;
    if (sequence.0, digest) != (last, script.digests[last as usize]) {
        return Err(format!("the replay comes to {digest} at {sequence}, not at {last}"));
    }
    Ok(())
}
