//! `novate run`: a flow through a whole primary - ring, journal, engine, events, a shadow beside it - then replayed from the
//! disk, and whether all came to the same.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use novate_journal::storage::{DiskStorage, Storage};
use novate_replica::affinity;
use novate_replica::follower::Report;
use novate_replica::wait::Waiting;
use serde::Serialize;

use super::replay::{Efforts, Wanted, replay_journal};
use super::run_margin::{MarginObject, list_margin};
use super::{Verdict, stop_on_signals};
use crate::cli::RunArgs;
use crate::error::Error;
use crate::flow::{Outcome, Piped, Settings, pipe};
use crate::input::Source;
use crate::journal::ResultObject;
use crate::output::{Listing, OutcomeObject, Output, list_outcome, tell};
use crate::text::counted;

/// The result as JSON.
#[derive(Serialize)]
struct RunObject {
    flow: String,
    journal: JournalObject,
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow: Option<ShadowObject>,
    waiting: &'static str,
    margin: MarginObject,
    #[serde(flatten)]
    outcome: OutcomeObject,
}

/// What became of the journal.
#[derive(Clone, Serialize)]
struct JournalObject {
    /// None where it was a temporary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    segments: usize,
    bytes: u64,
    replayed: ResultObject,
    agrees: bool,
}

/// What the shadow found.
#[derive(Clone, Serialize)]
struct ShadowObject {
    sequence: u64,
    events_digest: String,
    state_digest: String,
    checkpoints: u64,
    scrubs: u64,
    agrees: bool,
}

impl ShadowObject {
    fn new(report: &Report, outcome: &Outcome) -> Self {
        let Report { sequence, events_digest, checkpoints, checkpoint, scrubs, .. } = *report;
        let (events_digest, state_digest) = (events_digest.to_string(), checkpoint.1.to_string());
        let agrees = sequence.0 == outcome.sequence
            && events_digest == outcome.events_digest
            && state_digest == outcome.state_digest;
        Self { sequence: sequence.0, events_digest, state_digest, checkpoints, scrubs, agrees }
    }
}

/// Feeds the flow and prints its outcome.
pub(crate) fn run(args: RunArgs, json: bool) -> Result<Verdict, Error> {
    let settings_of_journal = args.writing()?;
    let (settings, crowd) = (Settings::try_from(args.feed)?, args.crowd());
    let source = args.flow.map_or(Source::Bundled, Source::File);
    if args.no_shadow {
        tell(
            "no shadow: nobody compares the events with a replay meanwhile, and a fault of memory is found only at the end",
        );
    }
    // What is temporary is removed before the process ends; a journal that was asked for stays as after a crash.
    let is_interrupted = if args.journal.is_none() { stop_on_signals() } else { Arc::default() };
    let temporary = match args.journal {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|cause| Error::Write { file: "a temporary folder".into(), cause })?),
    };
    let folder = args.journal.as_deref().or(temporary.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new(""));
    let storage = begin(folder)?;
    let writing = (&storage, settings_of_journal);
    let Piped { outcome, margin, shadow, waiting } =
        pipe(&source, (settings, crowd), writing, !args.no_shadow, &is_interrupted)?;
    let (journal, efforts) = read_back(args.journal.as_deref(), &storage, &outcome)?;
    if is_interrupted.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    let shadow = shadow.map(|report| ShadowObject::new(&report, &outcome));

    let agrees = journal.agrees && shadow.as_ref().is_none_or(|shadow| shadow.agrees);
    let mut output = Output::new(json);
    let mut listing = Listing::new();
    listing.row("flow", &source.name());
    list_outcome(&mut listing, &outcome, "ns per command, there and back");
    let margin = MarginObject::new(&margin, &outcome, &efforts);
    list_margin(&mut listing, &margin);
    let agreement = |agrees| if agrees { "the same digests" } else { "OTHER digests" };
    if let Some(ShadowObject { agrees, checkpoints, scrubs, .. }) = &shadow {
        let found = agreement(*agrees);
        let (checkpoints, scrubs) = (counted(*checkpoints, "checkpoint"), counted(*scrubs, "scrub"));
        listing.row("shadow", &format!("{found}, {checkpoints}, {scrubs} of its memory"));
    }
    let place = journal.folder.as_deref().unwrap_or("temporary");
    let segments = counted(journal.segments as u64, "segment");
    listing.row("journal", &format!("{place}, {segments}, {} bytes", journal.bytes));
    let rate = journal.replayed.commands_per_second;
    listing.row("replayed", &format!("{}, {rate} commands per second", agreement(journal.agrees)));
    let how = match waiting {
        Waiting::Spin => "spin",
        Waiting::Yield | Waiting::Park => {
            let cores = affinity::allowed().len();
            listing.row("threads", &format!("unpinned, and wait by yielding: {cores} cores are not enough for all"));
            "yield"
        }
    };
    let flow = source.name();
    output.json_line(&RunObject {
        flow,
        journal,
        shadow,
        waiting: how,
        margin,
        outcome: OutcomeObject::from(&outcome),
    });
    output.text_line(&listing.lines());
    output.write()?;
    Ok(if agrees { Verdict::Right } else { Verdict::Wrong })
}

/// Makes the folder, if it is not there.
fn begin(folder: &Path) -> Result<Arc<dyn Storage>, Error> {
    let disk = DiskStorage::new(folder);
    disk.create_folder().map_err(|cause| {
        let file = folder.display().to_string();
        match cause.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Error::Usage(format!(
                "{file}: expected a new or empty folder, found a file in its place; choose another folder"
            )),
            _ => Error::Write { file, cause },
        }
    })?;
    Ok(Arc::new(disk))
}

/// Replays what was written, from the disk, and compares.
fn read_back(
    folder: Option<&Path>,
    storage: &Arc<dyn Storage>,
    outcome: &Outcome,
) -> Result<(JournalObject, Efforts), Error> {
    // The hot thread adds no efforts up: a command's time would be more for it.
    let wanted = Wanted { chain: true, efforts: true };
    let (replayed, efforts) = replay_journal(storage, (false, None), wanted)?.sound()?;
    let agrees = replayed.sequence == outcome.sequence
        && replayed.events_digest == outcome.events_digest
        && replayed.state_digest == outcome.state_digest;
    let found = novate_journal::folder::Folder::read(Arc::clone(storage))?;
    let journal = JournalObject {
        folder: folder.map(|folder| folder.display().to_string()),
        segments: found.segments.len(),
        bytes: found.segments.iter().map(|file| file.bytes).sum(),
        replayed,
        agrees,
    };
    Ok((journal, efforts))
}
