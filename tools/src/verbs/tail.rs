//! `novate tail`: the last frames of a journal, and those that a writer appends meanwhile.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use novate_core::units::Sequence;
use novate_journal::reader::{Ending, Frame, Idle, Reader, Tail};
use novate_journal::storage::Storage;

use super::Verdict;
use crate::error::Error;
use crate::frames::{ChoiceArgs, frame_object, frame_text};
use crate::journal::{JournalArg, note_torn_tail};
use crate::output::Stream;

/// How long to sleep between two looks: nobody who reads lines notices it.
const NAP: Duration = Duration::from_millis(2);

/// Arguments of `tail`.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArg,

    /// Go on while a writer appends, until it closes the journal. Ctrl-C ends it as a signal does, which shells report as
    /// 130.
    #[arg(short, long)]
    follow: bool,

    /// How many of the last frames, of those that are asked for.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    number: u64,

    #[command(flatten)]
    choice: ChoiceArgs,
}

/// Sleeps between two looks if it may wait at all.
struct Naps {
    waits: bool,
}

impl Idle for Naps {
    fn wait(&mut self, _looks: u32) -> bool {
        if self.waits {
            std::thread::sleep(NAP);
        }
        self.waits
    }
}

/// Prints the last frames, and what follows.
pub(crate) fn tail(args: &TailArgs, json: bool) -> Result<Verdict, Error> {
    let storage = args.journal.storage();
    let folder = storage.name();
    let (near, skip) = first_of_last(&storage, args)?;
    let reader = Reader::open_near(storage, near)?;
    let mut lines = Stream::new(json);
    let mut printed = Printed { args, lines: &mut lines, skip };
    let ending = if args.follow { printed.follow(reader) } else { printed.read_all(reader) };
    // What was printed before an error stands, and comes first.
    lines.flush()?;
    note_torn_tail(&folder, ending?.as_ref());
    Ok(Verdict::Right)
}

/// Where to begin reading, and how many of the chosen frames from there on come before the last ones: the last segment is
/// enough mostly, then the last two are, else all are looked at.
fn first_of_last(storage: &Arc<dyn Storage>, args: &TailArgs) -> Result<(Sequence, u64), Error> {
    let mut near = Sequence(u64::MAX);
    for is_second in [false, true] {
        let reader = Reader::open_near(Arc::clone(storage), near)?;
        // The first command of the segment, so that the second reading begins there as well.
        let first = Sequence(reader.sequence().0.0.saturating_add(1));
        let oldest = reader.folder().segments.first().map(|segment| segment.number);
        let is_oldest = oldest == Some(reader.position().segment);
        let chosen = count(reader, args);
        if chosen >= args.number || is_oldest {
            return Ok((first, chosen.saturating_sub(args.number)));
        }
        near = if is_second { Sequence::ZERO } else { Sequence(first.0.saturating_sub(1)) };
    }
    let chosen = count(Reader::open_near(Arc::clone(storage), near)?, args);
    Ok((near, chosen.saturating_sub(args.number)))
}

/// Chosen frames up to the end, for now, or to damage, which whoever prints them will come to again.
fn count(reader: Reader, args: &TailArgs) -> u64 {
    let (mut tail, mut chosen) = (Tail::new(reader), 0);
    // A tail that does not wait does not judge either how a journal ends that is being written.
    while let Ok(Some(frame)) = tail.next(&mut Naps { waits: false }) {
        chosen += u64::from(args.choice.chooses(&frame));
    }
    chosen
}

/// Prints chosen frames but the first ones.
struct Printed<'a> {
    args: &'a TailArgs,
    lines: &'a mut Stream,
    skip: u64,
}

impl Printed<'_> {
    fn read_all(&mut self, mut reader: Reader) -> Result<Option<Ending>, Error> {
        while let Some(frame) = reader.next()? {
            self.print(&frame)?;
        }
        Ok(reader.ending().cloned())
    }

    /// Each line arrives before the next one is waited for.
    fn follow(&mut self, reader: Reader) -> Result<Option<Ending>, Error> {
        let mut tail = Tail::new(reader);
        while let Some(frame) = tail.next(&mut Naps { waits: true })? {
            self.print(&frame)?;
            self.lines.flush()?;
        }
        Ok(tail.reader().ending().cloned())
    }

    fn print(&mut self, frame: &Frame<'_>) -> Result<(), Error> {
        if !self.args.choice.chooses(frame) {
            return Ok(());
        }
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        self.lines.line(|| frame_object(frame), || frame_text(frame))
    }
}
