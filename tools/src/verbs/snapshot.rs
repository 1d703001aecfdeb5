//! `novate snapshot`: the state at a journal's last checkpoint, kept beside it.

use std::sync::Arc;

use indicatif::ProgressBar;
use novate_core::command::{Checkpoint, CommandRecord};
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::event::Event;
use novate_core::sink::EventSink;
use novate_core::units::Sequence;
use novate_journal::folder::Folder;
use novate_journal::format::names;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::{Checkpointed, Halt, Replay, Watch};
use novate_journal::snapshot::{self, SnapshotHeader};
use novate_journal::state::State;
use novate_journal::storage::Storage;
use novate_journal::{Damage, Fault, JournalError};
use serde::Serialize;

use super::Verdict;
use crate::cli::SnapshotArgs;
use crate::error::Error;
use crate::input::progress_bar;
use crate::output::{Listing, Output, tell};

/// The result as JSON.
#[derive(Serialize)]
struct SnapshotObject {
    journal: String,
    snapshot: String,
    sequence: u64,
    events_digest: String,
    state_digest: String,
    bytes: u64,
    is_new: bool,
}

/// Takes a snapshot at the last checkpoint at or before the one asked for.
pub(crate) fn snapshot(args: &SnapshotArgs, json: bool) -> Result<Verdict, Error> {
    let storage = args.journal.storage();
    let folder = Folder::read(Arc::clone(&storage))?;
    let at = last_checkpoint(&storage, &folder, args.at.unwrap_or(u64::MAX))?;
    let is_new = !folder.snapshots.contains(&at.0);
    if is_new && take(&storage, &folder, at)? == Verdict::Wrong {
        return Ok(Verdict::Wrong);
    }
    let kept = snapshot::read(&*storage, at.0)?;
    let SnapshotHeader { events_digest, state_digest, .. } = kept.header;
    let object = SnapshotObject {
        journal: args.journal.journal.display().to_string(),
        snapshot: names::snapshot(at.0),
        sequence: at.0,
        events_digest: EventsDigest::from_bytes(events_digest).to_string(),
        state_digest: Hash256(state_digest).to_string(),
        bytes: kept.file_bytes(),
        is_new,
    };
    let mut output = Output::new(json);
    let mut listing = Listing::new();
    listing.row("journal", &object.journal);
    listing.row("snapshot", &object.snapshot);
    listing.row("sequence", &object.sequence);
    listing.row("events digest", &object.events_digest);
    listing.row("state digest", &object.state_digest);
    listing.row("bytes", &object.bytes);
    if !is_new {
        listing.row("note", &"it was there already");
    }
    output.json_line(&object);
    output.text_line(&listing.lines());
    output.write()?;
    Ok(Verdict::Right)
}

/// The last checkpoint whose block is sealed, found by reading on from the last snapshot.
fn last_checkpoint(storage: &Arc<dyn Storage>, folder: &Folder, at_most: u64) -> Result<Sequence, Error> {
    let known =
        folder.snapshots.iter().rev().find(|&&sequence| sequence <= at_most).map(|&sequence| Sequence(sequence));
    let mut reader = Reader::open_near(Arc::clone(storage), known.unwrap_or(Sequence::ZERO))?;
    let (mut last, mut sealed) = (known, known);
    let progress = progress_bar();
    while let Some(frame) = reader.next()? {
        if let Some(command) = frame.command() {
            let kind = command.command.words().first().map_or(0, |word| *word as u16);
            if command.sequence.0 > at_most {
                break;
            }
            if kind == Checkpoint::KIND {
                last = Some(command.sequence);
            }
        } else if frame.seal().is_some() {
            sealed = last;
            show(&progress, reader.progress());
        }
    }
    progress.finish_and_clear();
    let end = reader.sequence().0.0;
    if let Some(known) = known.filter(|known| known.0 > end) {
        let (file, fault) = (names::snapshot(known.0), Fault::SnapshotBeyond { last: end });
        return Err(JournalError::from(Damage { file, offset: 0, after_sequence: end, fault }).into());
    }
    let what = || match at_most {
        u64::MAX => "a checkpoint that is sealed".to_owned(),
        at_most => format!("a sealed checkpoint at or before sequence {at_most}"),
    };
    sealed.ok_or_else(|| JournalError::Beyond { what: what() }.into())
}

/// Replays, from the newest older snapshot if there is one, and takes the snapshot on the way; none of a state that the
/// journal contradicts.
fn take(storage: &Arc<dyn Storage>, folder: &Folder, at: Sequence) -> Result<Verdict, Error> {
    let older = folder.snapshots.iter().rev().find(|&&sequence| sequence < at.0);
    let mut replay = if let Some(&sequence) = older {
        let kept = snapshot::read(&**storage, sequence)?;
        let reader = Reader::open_at(Arc::clone(storage), Chain::Verified, &kept.header.place())?;
        Replay::from_state(kept.state()?, reader)
    } else {
        // A pruned journal without any has lost what it begins with.
        snapshot::beginning(folder)?;
        Replay::from_genesis(Reader::open(Arc::clone(storage), Chain::Verified)?)?
    };
    let mut taking = Taking { storage: &**storage, at, is_taken: false, bar: progress_bar() };
    // Up to the seal behind the checkpoint, and so to the command behind that, if there is one.
    match replay.run(Some(Sequence(at.0.saturating_add(1))), &mut taking)? {
        Halt::Differs { seal, .. } => {
            let (folder, first, last) = (storage.name(), seal.first_sequence, seal.last_sequence);
            tell(format_args!(
                "{folder}: no snapshot is taken: the events of commands {first} to {last} differ from what the journal \
                 states; see `novate replay`"
            ));
            Ok(Verdict::Wrong)
        }
        _ if taking.is_taken => Ok(Verdict::Right),
        _ => Err(JournalError::Beyond { what: format!("the checkpoint {at}") }.into()),
    }
}

fn show(bar: &ProgressBar, (read, all): (u64, u64)) {
    if !bar.is_hidden() {
        bar.set_length(all);
        bar.set_position(read);
    }
}

/// Takes the snapshot when its checkpoint comes.
struct Taking<'s> {
    storage: &'s dyn Storage,
    at: Sequence,
    is_taken: bool,
    bar: ProgressBar,
}

impl EventSink for Taking<'_> {
    #[inline]
    fn emit(&mut self, _event: Event<'_>) {}
}

impl Watch for Taking<'_> {
    fn wants_checkpoint(&self, sequence: Sequence) -> bool {
        sequence == self.at
    }

    fn progress(&mut self, read: u64, all: u64) {
        show(&self.bar, (read, all));
    }

    fn checkpoint(&mut self, at: &Checkpointed, state: &State) -> Result<(), JournalError> {
        if at.place.sequence == self.at {
            self.bar.finish_and_clear();
            snapshot::take(self.storage, at, state)?;
            self.is_taken = true;
        }
        Ok(())
    }
}
