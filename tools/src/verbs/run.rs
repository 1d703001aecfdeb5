//! `novate run`: feed a flow and sum up what came of it; with a journal, write it, and replay it from the disk.

use std::path::Path;
use std::sync::Arc;

use novate_journal::storage::{DiskStorage, Storage};
use serde::Serialize;

use super::Verdict;
use super::replay::replay_journal;
use crate::cli::RunArgs;
use crate::error::Error;
use crate::flow::{Journaling, Outcome, Settings, feed};
use crate::input::Source;
use crate::journal::ResultObject;
use crate::output::{Listing, OutcomeObject, Output, list_outcome};

/// The result as JSON.
#[derive(Serialize)]
struct RunObject {
    flow: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<JournalObject>,
    #[serde(flatten)]
    outcome: OutcomeObject,
}

/// What became of the journal.
#[derive(Clone, Serialize)]
struct JournalObject {
    folder: String,
    segments: usize,
    bytes: u64,
    replayed: ResultObject,
    agrees: bool,
}

/// Feeds the flow and prints its outcome.
pub(crate) fn run(args: RunArgs, json: bool) -> Result<Verdict, Error> {
    let writing = args.writing()?;
    let (source, folder) = (args.flow.map_or(Source::Bundled, Source::File), args.journal);
    let disk = folder.as_deref().map(DiskStorage::new);
    let outcome = feed(&source, Settings::try_from(args.feed)?, &mut (), |genesis| {
        disk.as_ref().map(|disk| Journaling::begin(disk, genesis, writing)).transpose()
    })?;
    let journal = folder.as_deref().map(|folder| read_back(folder, &outcome)).transpose()?;

    let agrees = journal.as_ref().is_none_or(|journal| journal.agrees);
    let mut output = Output::new(json);
    let mut listing = Listing::new();
    listing.row("flow", &source.name());
    list_outcome(&mut listing, &outcome);
    if let Some(journal) = &journal {
        listing.row("journal", &format!("{}, {} segments, {} bytes", journal.folder, journal.segments, journal.bytes));
        let agreement = if agrees { "the same digests" } else { "OTHER digests" };
        let rate = journal.replayed.commands_per_second;
        listing.row("replayed", &format!("{agreement}, {rate} commands per second"));
    }
    let flow = source.name();
    output.json_line(&RunObject { flow, journal, outcome: OutcomeObject::from(&outcome) });
    output.text_line(&listing.lines());
    output.write()?;
    Ok(if agrees { Verdict::Right } else { Verdict::Wrong })
}

/// Replays what was written, from the disk, and compares.
fn read_back(folder: &Path, outcome: &Outcome) -> Result<JournalObject, Error> {
    let storage: Arc<dyn Storage> = crate::journal::storage(folder);
    let replayed = replay_journal(&storage, (false, None), true)?.sound()?;
    let agrees = replayed.sequence == outcome.sequence
        && replayed.events_digest == outcome.events_digest
        && replayed.state_digest == outcome.state_digest;
    let found = novate_journal::folder::Folder::read(storage)?;
    Ok(JournalObject {
        folder: folder.display().to_string(),
        segments: found.segments.len(),
        bytes: found.segments.iter().map(|file| file.bytes).sum(),
        replayed,
        agrees,
    })
}
