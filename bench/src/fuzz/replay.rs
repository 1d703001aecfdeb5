//! Replays: one list of commands, applied from memory and replayed from journals of one segment and of many, from the
//! beginning and from every snapshot. All must come to the same digests at every seal and every checkpoint.

use std::sync::Arc;

use novate_core::command::{Checkpoint, CommandRecord, RawCommand};
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::event::Event;
use novate_core::sink::{Discard, EventSink};
use novate_core::units::Sequence;
use novate_journal::JournalError;
use novate_journal::format::payload::Seal;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Checkpointed, Halt, Replay, Watch};
use novate_journal::snapshot;
use novate_journal::state::State;
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::writer::{AppendError, Durability, Flush, Opened, Settings, create};

use super::script::Script;
use super::{Coverage, Finding, Midway};
use crate::workload::random::Random;

/// Commands of one journal, at most.
const COMMANDS: u32 = 1_000;
/// Commands from one checkpoint to the next, at most.
const CHECKPOINT_EVERY: u32 = 120;
/// The sizes of segments: many to a journal, a few, one.
const SEGMENT_BYTES: [u32; 3] = [4_096, 16_384, 1 << 20];

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Replays {
    /// Journals, each of which was written and replayed in all ways.
    pub journals: u64,
    /// Commands of all journals.
    pub commands: u64,
    /// Checkpoints of all journals, each of which was compared with every replay.
    pub checkpoints: u64,
    /// What was under way at them.
    pub midway: Midway,
    /// Events of all journals.
    pub coverage: Coverage,
    /// Over all state and events digests: the same in every build.
    pub hash: Hash256,
}

/// Writes and replays journals, the first one's commands from `seed`, each further one's from the next.
///
/// # Errors
/// The first difference.
pub fn run(seed: u64, journals: u64, progress: &mut dyn FnMut(u64)) -> Result<Replays, Box<Finding>> {
    let mut done = Replays::default();
    for number in 0..journals {
        let seed = seed.wrapping_add(number);
        play(seed, &mut done).map_err(|what| Box::new(Finding { seed, sequence: done.commands, what }))?;
        done.journals += 1;
        progress(done.journals);
    }
    Ok(done)
}

/// What the commands come to, applied from memory one by one.
#[derive(Debug, Default, PartialEq, Eq)]
struct Trace {
    states: Vec<(Sequence, Hash256)>,
    last: Hash256,
}

fn play(seed: u64, done: &mut Replays) -> Result<(), String> {
    let mut random = Random::new(!seed);
    let every = random.between(5, CHECKPOINT_EVERY) as usize;
    let script = Script::new(seed, random.between(20, COMMANDS), every)?;
    let trace = from_memory(&script)?;
    for segment_bytes in SEGMENT_BYTES {
        let storage: Arc<dyn Storage> = Arc::new(CrashStorage::new());
        write(&storage, &script, segment_bytes, &mut random)?;
        let from_genesis = replay(&storage, None, &script)?;
        if from_genesis != trace {
            return Err(format!("segments of {segment_bytes}: replayed {from_genesis:?}, applied {trace:?}"));
        }
        for place in 0..trace.states.len() {
            let from_snapshot = replay(&storage, Some(trace.states[place].0), &script)?;
            if from_snapshot.last != trace.last || from_snapshot.states != trace.states[place + 1..] {
                return Err(format!("segments of {segment_bytes}: the replay from snapshot {place} differs"));
            }
        }
    }
    done.commands += script.commands.len() as u64;
    done.checkpoints += trace.states.len() as u64;
    done.midway.add(&script.midway);
    done.coverage.add_events(&script.coverage);
    let mut parts = vec![done.hash, trace.last];
    parts.extend(trace.states.iter().map(|state| state.1));
    done.hash = Hash256::of("novate fuzz replay", &[bytemuck::cast_slice(&parts)]);
    Ok(())
}

fn from_memory(script: &Script) -> Result<Trace, String> {
    let mut state = State::genesis(&script.genesis).map_err(|error| error.to_string())?;
    let mut trace = Trace::default();
    let mut nobody: &mut dyn EventSink = &mut Discard;
    for (place, (time, words)) in script.commands.iter().enumerate() {
        let sequence = Sequence(place as u64 + 1);
        let mut engine = state.attach().map_err(|error| error.to_string())?;
        let applied = engine.apply(sequence, *time, RawCommand::new(words), &mut nobody);
        applied.map_err(|error| error.to_string())?;
        if engine.events_digest() != script.digests[place + 1] {
            return Err(format!("command {sequence} says other events the second time"));
        }
        if is_checkpoint(words) {
            trace.states.push((sequence, state.digest()));
        }
    }
    trace.last = state.digest();
    Ok(trace)
}

fn is_checkpoint(words: &[u64]) -> bool {
    words.first().is_some_and(|word| *word as u16 == Checkpoint::KIND)
}

/// Writes the commands, sealing at checkpoints and at random, and closes the journal.
fn write(storage: &Arc<dyn Storage>, script: &Script, segment_bytes: u32, random: &mut Random) -> Result<(), String> {
    let settings = Settings { segment_bytes, durability: Durability::None };
    let mut opened = create(Arc::clone(storage), &script.genesis, settings).map_err(|error| error.to_string())?;
    for (place, (_, words)) in script.commands.iter().enumerate() {
        while let Err(error) = append(&mut opened, script, place) {
            make_way(&mut opened, error, script.digests[place])?;
        }
        if is_checkpoint(words) || random.below(20) == 0 {
            opened.writer.seal(script.digests[place + 1]).map_err(|error| error.to_string())?;
        }
    }
    let digest = script.digests[script.commands.len()];
    opened.close(digest).map(drop).map_err(|error| error.to_string())
}

fn append(opened: &mut Opened, script: &Script, place: usize) -> Result<(), AppendError> {
    let (time, words) = &script.commands[place];
    opened.writer.append(Sequence(place as u64 + 1), *time, RawCommand::new(words))
}

/// Does what an append waits for.
fn make_way(opened: &mut Opened, error: AppendError, digest: EventsDigest) -> Result<(), String> {
    match error {
        AppendError::SealFirst => opened.writer.seal(digest).map_err(|error| error.to_string()),
        AppendError::NotReady => {
            opened.flusher.step(Flush::Nothing).map_err(|error| error.to_string())?;
            opened.preparer.step().map(drop).map_err(|error| error.to_string())
        }
        other => Err(other.to_string()),
    }
}

/// Replays from the beginning, where a snapshot is taken at every checkpoint, or from one of these.
fn replay(storage: &Arc<dyn Storage>, from: Option<Sequence>, script: &Script) -> Result<Trace, String> {
    let text = |error: JournalError| error.to_string();
    let mut replay = match from {
        None => {
            let reader = Reader::open(Arc::clone(storage), Chain::Verified).map_err(text)?;
            Replay::from_genesis(reader).map_err(|error| error.to_string())?
        }
        Some(sequence) => {
            let kept = snapshot::read(&**storage, sequence.0).map_err(text)?;
            let place = kept.header.place();
            let reader = Reader::open_at(Arc::clone(storage), Chain::Verified, &place).map_err(text)?;
            Replay::from_state(kept.state().map_err(text)?, reader)
        }
    };
    let mut watch =
        Compare { script, storage: from.is_none().then_some(&**storage), trace: Trace::default(), wrong: None };
    match replay.run(None, &mut watch).map_err(|error| error.to_string())? {
        Halt::End(Ending::Closed) => {}
        other => return Err(format!("the replay stops: {other:?}")),
    }
    if let Some(sequence) = watch.wrong {
        return Err(format!("the events digest at {sequence} is not what it was"));
    }
    let (mut trace, commands) = (watch.trace, script.commands.len() as u64);
    trace.last = replay.state().digest();
    let (sequence, events_digest) = replay.result().map_err(|error| error.to_string())?;
    if sequence.0 != commands || events_digest != script.digests[commands as usize] {
        return Err(format!("the replay ends at {sequence} with {events_digest}"));
    }
    Ok(trace)
}

/// Compares every seal, and keeps what every checkpoint came to.
struct Compare<'s> {
    script: &'s Script,
    /// Where to put snapshots.
    storage: Option<&'s dyn Storage>,
    trace: Trace,
    wrong: Option<u64>,
}

impl EventSink for Compare<'_> {
    fn emit(&mut self, _event: Event<'_>) {}
}

impl Watch for Compare<'_> {
    fn sealed(&mut self, seal: &Seal, events_digest: EventsDigest) {
        if events_digest != self.script.digests[seal.last_sequence as usize] {
            self.wrong.get_or_insert(seal.last_sequence);
        }
    }

    fn checkpoint(&mut self, at: &Checkpointed, state: &State) -> Result<(), JournalError> {
        self.trace.states.push((at.place.sequence, at.state_digest));
        match self.storage {
            Some(storage) => snapshot::take(storage, at, state).map(drop),
            None => Ok(()),
        }
    }
}
