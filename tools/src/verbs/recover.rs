//! `novate recover`: cuts what a crash left behind the last frame of a journal, and says before what and why.

use std::sync::Arc;

use novate_journal::folder::Folder;
use novate_journal::reader::Place;
use novate_journal::storage::Storage;
use novate_journal::writer::{Cut, Opening, Plan};
use novate_journal::{JournalError, snapshot};
use serde::Serialize;

use super::Verdict;
use crate::cli::RecoverArgs;
use crate::error::Error;
use crate::input::progress_bar;
use crate::journal::EndingObject;
use crate::output::{Listing, Output, tell};

/// The result as JSON.
#[derive(Serialize)]
struct RecoverObject {
    journal: String,
    sequence: u64,
    #[serde(flatten)]
    ending: EndingObject,
    cut_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    left_over: Vec<String>,
    done: bool,
}

/// Cuts a torn tail, unless only the plan is wanted or nothing is to be done.
pub(crate) fn recover(args: &RecoverArgs, json: bool) -> Result<Verdict, Error> {
    let journal = args.journal.journal.display().to_string();
    let storage = args.journal.storage();
    let begin = beginning(&storage)?;
    let mut opening = Opening::lock(storage, begin.as_ref(), None)?;
    let planned = read_to_end(&mut opening).and_then(|()| opening.plan());
    if let Err(JournalError::Damaged(_)) = &planned {
        tell(format_args!("{journal}: refused, nothing is cut: this is damage, and not what a crash leaves"));
    }
    let plan = planned?;
    let is_needed = plan.cut.is_some() || !plan.left_over.is_empty();
    tell_plan(&journal, &plan);
    if is_needed && !args.plan {
        opening.recover()?;
    }
    let done = is_needed && !args.plan;
    let object = RecoverObject {
        journal,
        sequence: plan.last.0.0,
        ending: EndingObject::from(&plan.ending),
        cut_bytes: plan.cut.as_ref().map_or(0, |cut| cut.bytes),
        cut_at: plan.cut.as_ref().map(|cut| cut.position.to_string()),
        why: plan.cut.map(|cut| cut.why),
        left_over: plan.left_over,
        done,
    };
    let mut output = Output::new(json);
    let mut listing = Listing::new();
    listing.row("journal", &object.journal);
    listing.row("last sequence kept", &object.sequence);
    listing.row("bytes cut", &object.cut_bytes);
    listing.row(
        "left over",
        &if object.left_over.is_empty() { "nothing".to_owned() } else { object.left_over.join(", ") },
    );
    let what = match (is_needed, args.plan) {
        (false, _) => "nothing to do",
        (true, true) => "nothing was changed: this is the plan",
        (true, false) => "done",
    };
    listing.row("outcome", &what);
    output.json_line(&object);
    output.text_line(&listing.lines());
    output.write()?;
    Ok(Verdict::Right)
}

/// Reads all of it, which is what takes its time.
fn read_to_end(opening: &mut Opening) -> Result<(), JournalError> {
    let progress = progress_bar();
    while opening.reader().next()?.is_some() {
        if !progress.is_hidden() {
            let (read, all) = opening.reader().progress();
            progress.set_length(all);
            progress.set_position(read);
        }
    }
    progress.finish_and_clear();
    Ok(())
}

/// Says what will be cut before anything is.
fn tell_plan(journal: &str, plan: &Plan) {
    let epoch = plan.epoch;
    if let Some(Cut { position, bytes, why }) = &plan.cut {
        tell(format_args!("{journal}: to be cut: {bytes} bytes from {position} on ({why}); epoch {epoch} begins"));
    }
    for name in &plan.left_over {
        tell(format_args!("{journal}: to be taken away: {name}, left over"));
    }
}

/// The place of the oldest snapshot from which a pruned journal can be read; none for one that was not pruned.
fn beginning(storage: &Arc<dyn Storage>) -> Result<Option<Place>, Error> {
    let folder = Folder::read(Arc::clone(storage))?;
    let first = folder.segments.first().map_or(1, |file| file.number);
    if first == 1 {
        return Ok(None);
    }
    for &sequence in &folder.snapshots {
        let place = snapshot::read(&**storage, sequence)?.header.place();
        if place.position.segment >= first {
            return Ok(Some(place));
        }
    }
    let what = "a snapshot from which it can be read; its beginning was pruned".to_owned();
    Err(JournalError::Beyond { what }.into())
}
