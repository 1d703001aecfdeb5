//! `novate inspect`: every frame of a journal, decoded; with the events that commands caused, if they are asked for.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use indicatif::ProgressBar;
use novate_core::arena::Dirty;
use novate_core::engine::Engine;
use novate_core::event::OwnedEvent;
use novate_core::sink::{Discard, EventSink};
use novate_core::units::Sequence;
use novate_journal::folder::Folder;
use novate_journal::format::payload::Seal;
use novate_journal::reader::{Chain, Frame, Reader};
use novate_journal::state::State;
use novate_journal::storage::Storage;
use novate_journal::{JournalError, snapshot};

use super::Verdict;
use crate::decode::digest_text;
use crate::error::Error;
use crate::frames::{ChoiceArgs, event_object, event_text, frame_object, frame_text};
use crate::input::progress_bar;
use crate::journal::{JournalArg, note_torn_tail};
use crate::output::{Stream, tell};

/// Frames between two looks at the progress bar.
const FRAMES_A_STEP: u32 = 4_096;

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArg,

    /// Begin with this command. What comes before is not looked at, unless events are asked for.
    #[arg(long, value_name = "SEQ")]
    from: Option<u64>,

    /// End with this command and what belongs to it.
    #[arg(long, value_name = "SEQ")]
    to: Option<u64>,

    #[command(flatten)]
    choice: ChoiceArgs,

    /// Print the events of each command as well: the journal is replayed from its beginning, or from a snapshot if that
    /// was pruned.
    #[arg(long)]
    events: bool,
}

/// Prints the frames that are asked for, as they are read.
pub(crate) fn inspect(args: &InspectArgs, json: bool) -> Result<Verdict, Error> {
    let (from, to) = (args.from.unwrap_or(0), args.to.unwrap_or(u64::MAX));
    if from > to {
        return Err(Error::Usage(format!("expected --from at or below --to, found {from} and {to}")));
    }
    let storage = args.journal.storage();
    let folder = storage.name();
    let mut inspection = Inspection { args, range: (from, to), lines: Stream::new(json), progress: progress_bar() };
    let went = if args.events {
        let (mut state, mut reader) = replayable(&storage, args.from)?;
        let went = inspection.run(&mut reader, Some(state.attach()?));
        went.map(|verdict| (verdict, reader))
    } else {
        let mut reader = Reader::open_near(storage, Sequence(from))?;
        let went = inspection.run(&mut reader, None);
        went.map(|verdict| (verdict, reader))
    };
    inspection.progress.finish_and_clear();
    // What was printed before an error stands, and comes first.
    inspection.lines.flush()?;
    let (verdict, reader) = went?;
    note_torn_tail(&folder, reader.ending());
    let last = reader.sequence().0.0;
    if reader.ending().is_some() && last < from {
        return Err(JournalError::Beyond { what: format!("sequence {from}: it ends at {last}") }.into());
    }
    Ok(verdict)
}

/// A state and what is to be applied to it: all from the beginning or, where that was pruned, from a snapshot on, the newest
/// one before `from`.
fn replayable(storage: &Arc<dyn Storage>, from: Option<u64>) -> Result<(State, Reader), Error> {
    let folder = Folder::read_to_gap(Arc::clone(storage))?;
    let Some(oldest) = snapshot::beginning(&folder)? else {
        let reader = Reader::open(Arc::clone(storage), Chain::Ignored)?;
        return Ok((State::genesis(&reader.genesis()?)?, reader));
    };
    let oldest = oldest.sequence.0;
    match from {
        Some(from) if from <= oldest => {
            let what = format!("the events of sequence {from}: what the snapshot {oldest} was made of is pruned");
            return Err(JournalError::Beyond { what }.into());
        }
        Some(_) => {}
        None => tell(format_args!("{}: pruned; its events are known from sequence {} on", storage.name(), oldest + 1)),
    }
    let newest = folder.snapshots.iter().rev().find(|&&sequence| from.is_some_and(|from| sequence < from));
    let kept = snapshot::read(&**storage, newest.copied().unwrap_or(oldest))?;
    let reader = Reader::open_at(Arc::clone(storage), Chain::Ignored, &kept.header.place())?;
    Ok((kept.state()?, reader))
}

struct Inspection<'a> {
    args: &'a InspectArgs,
    /// The first and the last sequence.
    range: (u64, u64),
    lines: Stream,
    /// Shown until there is something to print.
    progress: ProgressBar,
}

impl Inspection<'_> {
    /// Goes over the frames; with an engine, applies the commands.
    fn run(&mut self, reader: &mut Reader, mut engine: Option<Engine<'_, Dirty<'_>>>) -> Result<Verdict, Error> {
        let mut verdict = Verdict::Right;
        let mut frames = 0_u32;
        let mut events = Vec::new();
        loop {
            if frames.is_multiple_of(FRAMES_A_STEP) && !self.progress.is_finished() {
                let (read, all) = reader.progress();
                self.progress.set_length(all);
                self.progress.set_position(read);
            }
            frames = frames.wrapping_add(1);
            let Some(frame) = reader.next()? else { return Ok(verdict) };
            let sequence = frame.raw.sequence().0;
            if sequence > self.range.1 {
                // Had there been a frame before this one, it would have been looked at.
                if frames == 1 {
                    let what = format!("sequence {}: what comes before {sequence} was pruned", self.range.1);
                    return Err(JournalError::Beyond { what }.into());
                }
                return Ok(verdict);
            }
            let is_wanted = sequence >= self.range.0 && self.args.choice.chooses(&frame);
            if is_wanted {
                self.progress.finish_and_clear();
                self.lines.line(|| frame_object(&frame), || frame_text(&frame))?;
            }
            let Some(engine) = &mut engine else { continue };
            if is_wanted {
                apply(engine, &frame, &mut events)?;
                self.print_events(&mut events)?;
            } else {
                apply(engine, &frame, &mut Discard)?;
            }
            // Once the events are others, they are at every seal that follows.
            if let Some(seal) = frame.seal()
                && verdict == Verdict::Right
                && seal.events_digest != engine.events_digest().to_bytes()
            {
                self.lines.flush()?;
                complain(seal, &frame, engine);
                verdict = Verdict::Wrong;
            }
        }
    }

    fn print_events(&mut self, events: &mut Vec<OwnedEvent>) -> Result<(), Error> {
        for event in events.drain(..) {
            self.lines.line(|| event_object(event.view()), || event_text(event.view()))?;
        }
        Ok(())
    }
}

/// Applies a command; nothing else is one.
fn apply(engine: &mut Engine<'_, Dirty<'_>>, frame: &Frame<'_>, mut sink: &mut dyn EventSink) -> Result<(), Error> {
    let Some(command) = frame.command() else { return Ok(()) };
    let applied = engine.apply(command.sequence, command.time, command.command, &mut sink);
    applied.map_err(|cause| Error::engine("applying a command", cause))
}

/// Says that the events that are printed are not those that the writer had.
fn complain(seal: &Seal, frame: &Frame<'_>, engine: &Engine<'_, Dirty<'_>>) {
    let (position, stated, found) = (frame.position, digest_text(seal.events_digest), engine.events_digest());
    let block = seal.block;
    // With standard error gone the exit code is all that is left to say.
    let _ = writeln!(
        io::stderr(),
        "novate: {position}: the seal of block {block} states the events digest {stated}, the replay came to {found}"
    );
}
