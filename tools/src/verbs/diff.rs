//! `novate diff`: where two journals begin to differ, in what they were told and in what came of it.
//!
//! Both are read and replayed side by side, so that two states are all that is kept.

use std::sync::Arc;

use clap::Args;
use indicatif::ProgressBar;
use novate_core::arena::Dirty;
use novate_core::command::{Checkpoint, CommandRecord, RawCommand};
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::engine::Engine;
use novate_core::genesis::Genesis;
use novate_core::sink::{Discard, EventSink};
use novate_core::units::{Sequence, TimeNs};
use novate_journal::reader::{Chain, Frame, Reader};
use novate_journal::state::State;
use serde::Serialize;
use serde_json::{Value, json};

use super::Verdict;
use crate::decode::{Difference, Differing, command_differences, differences, digest_text, genesis_differences, text};
use crate::error::Error;
use crate::input::progress_bar;
use crate::journal::{in_folder, note_torn_tail, storage};
use crate::output::Stream;

/// Fields of the state that are printed unless all are asked for.
const SHOWN_MAX: u64 = 20;
/// Commands between two looks at the progress bar.
const COMMANDS_A_STEP: u64 = 4_096;
/// What the two journals are called.
const NAMES: [&str; 2] = ["A", "B"];

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// A journal: a folder of segments.
    #[arg(value_name = "A")]
    one: std::path::PathBuf,

    /// The journal to compare it with.
    #[arg(value_name = "B")]
    other: std::path::PathBuf,

    /// Print every field in which the states differ, not only the first 20.
    #[arg(long)]
    all: bool,
}

/// A field in which the journals differ, as JSON.
#[derive(Serialize)]
struct FieldObject<'f> {
    /// `genesis`, `command` or `events`.
    difference: &'static str,
    sequence: u64,
    field: &'f str,
    values: &'f [Value; 2],
}

/// A field in which the states differ, as JSON.
#[derive(Serialize)]
struct StateObject<'f> {
    difference: &'static str,
    sequence: u64,
    table: &'static str,
    part: &'static str,
    record: Option<u64>,
    field: &'f str,
    values: &'f [Value; 2],
}

/// A seal that states another digest than its own journal's replay came to.
#[derive(Clone, Serialize)]
struct SealObject {
    difference: &'static str,
    journal: &'static str,
    sequence: u64,
    block: u64,
    field: &'static str,
    stated: String,
    replayed: String,
}

/// The result as JSON.
#[derive(Serialize)]
struct DiffObject {
    equal: bool,
    /// The first command that is not in both, 0 for the genesis; null where all commands are equal.
    first_difference: Option<u64>,
    /// The journal that ends before it, if one does.
    shorter: Option<&'static str>,
    /// Commands that are equal.
    commands: u64,
    /// Fields in which the states differ after it, of which only the first ones may have been printed.
    state_fields: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    events_digests: Option<[String; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_digests: Option<[String; 2]>,
}

/// Why the comparison stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// A checkpoint: the states are to be compared.
    Checkpoint,
    /// Both journals end.
    End,
    /// Only this one ends.
    Shorter(usize),
    /// The commands differ. Both were applied.
    Command,
    /// The commands do not differ and their events do.
    Events,
}

/// One of the two journals.
struct Side {
    name: &'static str,
    folder: String,
    reader: Reader,
    command: Read,
    wrong_seal: Option<SealObject>,
}

/// A command that was read.
#[derive(Default)]
struct Read {
    sequence: Sequence,
    time: TimeNs,
    words: Vec<u64>,
}

impl Side {
    fn open(name: &'static str, folder: &std::path::Path) -> Result<Self, Error> {
        let storage = storage(folder);
        let folder = storage.name();
        let opened = Reader::open(Arc::clone(&storage), Chain::Verified);
        let reader = opened.map_err(|error| in_folder(&folder, error))?;
        Ok(Self { name, folder, reader, command: Read::default(), wrong_seal: None })
    }

    fn genesis(&self) -> Result<Genesis, Error> {
        Ok(self.reader.genesis().map_err(|error| in_folder(&self.folder, error))?)
    }

    /// Reads the next command; false where there is none. Seals before it are compared with the replay.
    fn read(&mut self, engine: &Engine<'_, Dirty<'_>>) -> Result<bool, Error> {
        loop {
            let next = self.reader.next().map_err(|error| in_folder(&self.folder, error))?;
            let Some(frame) = next else { return Ok(false) };
            if let Some(command) = frame.command() {
                self.command.sequence = command.sequence;
                self.command.time = command.time;
                self.command.words.clear();
                self.command.words.extend_from_slice(command.command.words());
                return Ok(true);
            }
            // Once the events are others, they are at every seal that follows.
            if self.wrong_seal.is_none() {
                self.wrong_seal = wrong_seal(self.name, &frame, engine.events_digest());
            }
        }
    }

    fn apply(&self, engine: &mut Engine<'_, Dirty<'_>>) -> Result<(), Error> {
        let Read { sequence, time, ref words } = self.command;
        let mut nobody: &mut dyn EventSink = &mut Discard;
        let applied = engine.apply(sequence, time, RawCommand::new(words), &mut nobody);
        applied.map_err(|cause| Error::engine("applying a command", cause))
    }
}

fn wrong_seal(journal: &'static str, frame: &Frame<'_>, replayed: EventsDigest) -> Option<SealObject> {
    let seal = frame.seal().filter(|seal| seal.events_digest != replayed.to_bytes())?;
    Some(SealObject {
        difference: "seal",
        journal,
        sequence: seal.last_sequence,
        block: seal.block,
        field: "events_digest",
        stated: digest_text(seal.events_digest),
        replayed: replayed.to_string(),
    })
}

/// Compares two journals and prints where they begin to differ.
pub(crate) fn diff(args: &DiffArgs, json: bool) -> Result<Verdict, Error> {
    let sides = [Side::open(NAMES[0], &args.one)?, Side::open(NAMES[1], &args.other)?];
    let genesis = [sides[0].genesis()?, sides[1].genesis()?];
    let progress = progress_bar();
    let mut comparison = Comparison { sides, lines: Stream::new(json), progress, all: args.all };
    let went = comparison.run(&genesis);
    comparison.progress.finish_and_clear();
    // What was printed before an error stands, and comes first.
    comparison.lines.flush()?;
    for side in &comparison.sides {
        note_torn_tail(&side.folder, side.reader.ending());
    }
    went
}

struct Comparison {
    sides: [Side; 2],
    lines: Stream,
    progress: ProgressBar,
    all: bool,
}

impl Comparison {
    fn run(&mut self, genesis: &[Genesis; 2]) -> Result<Verdict, Error> {
        for side in &self.sides {
            self.lines.text_line(&format!("{}: {}", side.name, side.folder))?;
        }
        let found = genesis_differences([&genesis[0], &genesis[1]]);
        let (sequence, result) = if found.is_empty() {
            self.replay(genesis)?
        } else {
            // Other tables and other ids: nothing that follows can be compared.
            self.lines.text_line("the geneses differ:")?;
            self.print_fields("genesis", 0, &found)?;
            let nothing = DiffObject {
                equal: false,
                first_difference: Some(0),
                shorter: None,
                commands: 0,
                state_fields: 0,
                events_digests: None,
                state_digests: None,
            };
            (0, nothing)
        };
        let verdict = if result.equal { Verdict::Right } else { Verdict::Wrong };
        let last = match (result.equal, result.first_difference) {
            (true, _) => format!("equal: {sequence} commands, and what came of them"),
            (false, Some(first)) => format!("different from command {first} on"),
            (false, None) => format!("different, though the first {sequence} commands are equal"),
        };
        self.lines.line(|| result, || last)?;
        Ok(verdict)
    }

    /// Replays both side by side until something differs.
    fn replay(&mut self, genesis: &[Genesis; 2]) -> Result<(u64, DiffObject), Error> {
        let mut states = [State::genesis(&genesis[0])?, State::genesis(&genesis[1])?];
        loop {
            let stop = self.run_to_stop(&mut states)?;
            let digests = [states[0].digest(), states[1].digest()];
            if stop == Stop::Checkpoint && digests[0] == digests[1] {
                continue;
            }
            return self.judge(stop, &mut states, digests);
        }
    }

    /// Applies equal commands to both, up to a checkpoint or to something that differs.
    fn run_to_stop(&mut self, states: &mut [State; 2]) -> Result<Stop, Error> {
        let [state, other_state] = states;
        let [one, other] = &mut self.sides;
        let mut engines = [state.attach()?, other_state.attach()?];
        loop {
            match [one.read(&engines[0])?, other.read(&engines[1])?] {
                [true, true] => {}
                [false, false] => return Ok(Stop::End),
                [is_there, _] => return Ok(Stop::Shorter(usize::from(is_there))),
            }
            if one.command.sequence.0.is_multiple_of(COMMANDS_A_STEP) {
                let (read, all) = one.reader.progress();
                self.progress.set_length(all);
                self.progress.set_position(read);
            }
            one.apply(&mut engines[0])?;
            other.apply(&mut engines[1])?;
            if one.command.time != other.command.time || one.command.words != other.command.words {
                return Ok(Stop::Command);
            }
            // Closer than at every seal, and cheaper than finding out where the other one's seals are.
            if engines[0].events_digest() != engines[1].events_digest() {
                return Ok(Stop::Events);
            }
            if one.command.words.first().is_some_and(|word| *word as u16 == Checkpoint::KIND) {
                return Ok(Stop::Checkpoint);
            }
        }
    }

    /// Says what differs, and in which fields the states do.
    fn judge(
        &mut self,
        stop: Stop,
        states: &mut [State; 2],
        digests: [Hash256; 2],
    ) -> Result<(u64, DiffObject), Error> {
        let mut last = [Sequence::ZERO; 2];
        let mut events = [EventsDigest::default(); 2];
        for (place, state) in states.iter_mut().enumerate() {
            let engine = state.attach()?;
            (last[place], events[place]) = (engine.sequence(), engine.events_digest());
        }
        let sequence = last[0].0;
        let (commands, first_difference) = match stop {
            Stop::Command => (sequence - 1, Some(sequence)),
            Stop::Shorter(_) => (sequence, Some(sequence + 1)),
            Stop::Checkpoint | Stop::End | Stop::Events => (sequence, None),
        };
        for seal in self.sides.iter().filter_map(|side| side.wrong_seal.clone()).collect::<Vec<_>>() {
            let text = format!(
                "the seal of block {} in {}, at sequence {}, states the events digest {}; its replay came to {}",
                seal.block, seal.journal, seal.sequence, seal.stated, seal.replayed
            );
            self.lines.line(|| &seal, || text)?;
        }
        self.print_stop(stop, sequence, events)?;
        let state_fields = if digests[0] == digests[1] { 0 } else { self.print_states(sequence, states)? };
        let is_right = self.sides.iter().all(|side| side.wrong_seal.is_none());
        let object = DiffObject {
            equal: is_right && stop == Stop::End && digests[0] == digests[1],
            first_difference,
            shorter: if let Stop::Shorter(place) = stop { Some(NAMES[place]) } else { None },
            commands,
            state_fields,
            events_digests: Some(events.map(|digest| digest.to_string())),
            state_digests: Some(digests.map(|digest| digest.to_string())),
        };
        Ok((commands, object))
    }

    fn print_stop(&mut self, stop: Stop, sequence: u64, events: [EventsDigest; 2]) -> Result<(), Error> {
        match stop {
            Stop::Checkpoint | Stop::End => Ok(()),
            Stop::Shorter(place) => {
                let side = &self.sides[place];
                let (name, position) = (side.name, side.reader.position());
                let object = json!({"difference": "end", "journal": name, "sequence": sequence,
                    "position": position.to_string()});
                let text = format!("{name} ends after command {sequence}, at {position}; the other goes on");
                self.lines.line(|| object, || text)
            }
            Stop::Command => {
                let [one, other] = &self.sides;
                let time = (one.command.time != other.command.time)
                    .then(|| ("time_ns".to_owned(), [one, other].map(|side| side.command.time.0.into())));
                let fields = command_differences([&one.command.words, &other.command.words]);
                let found: Vec<Differing> = time.into_iter().chain(fields).collect();
                let kind = RawCommand::new(&one.command.words).decode().name();
                self.lines.text_line(&format!("command {sequence} differs first, {kind}:"))?;
                self.print_fields("command", sequence, &found)
            }
            Stop::Events => {
                let values = events.map(|digest| Value::from(digest.to_string()));
                self.lines.text_line(&format!("the events differ after command {sequence}, and no command does:"))?;
                self.print_fields("events", sequence, &[("events_digest".to_owned(), values)])
            }
        }
    }

    fn print_fields(&mut self, difference: &'static str, sequence: u64, found: &[Differing]) -> Result<(), Error> {
        for (field, values) in found {
            let object = || FieldObject { difference, sequence, field, values };
            self.lines.line(object, || format!("  {field}: {}", both(values)))?;
        }
        Ok(())
    }

    /// The fields in which the states differ, in the order of memory; says how many there are.
    fn print_states(&mut self, sequence: u64, states: &[State; 2]) -> Result<u64, Error> {
        let [one, other] = states;
        self.lines.text_line(&format!("the states differ after command {sequence}:"))?;
        let shown = if self.all { u64::MAX } else { SHOWN_MAX };
        let mut fields = 0;
        for chunk in one.tree().differing(other.tree()) {
            for found in differences(one.layout(), chunk, [&one.chunks()[chunk], &other.chunks()[chunk]]) {
                fields += 1;
                if fields <= shown {
                    self.print_state(sequence, &found)?;
                }
            }
        }
        if fields > shown {
            self.lines.text_line(&format!("  {} more; --all prints them", fields - shown))?;
        }
        Ok(fields)
    }

    fn print_state(&mut self, sequence: u64, found: &Difference) -> Result<(), Error> {
        let Difference { table, part, record, ref field, ref values } = *found;
        let object = || StateObject { difference: "state", sequence, table, part, record, field, values };
        self.lines.line(object, || {
            let part = if part == "records" { String::new() } else { format!(" {part}") };
            let record = record.map_or_else(|| "behind the records".to_owned(), |record| record.to_string());
            format!("  {table}{part} {record} {field}: {}", both(values))
        })
    }
}

fn both(values: &[Value; 2]) -> String {
    let [one, other] = values;
    format!("{} in A, {} in B", text(one), text(other))
}
