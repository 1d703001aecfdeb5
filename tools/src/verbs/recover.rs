//! `novate recover`: cuts what a crash left behind the last frame of a journal, or all from a command on, and says before
//! what and why.

use std::sync::Arc;

use novate_core::units::Sequence;
use novate_journal::folder::Folder;
use novate_journal::storage::Storage;
use novate_journal::verify::verify_before;
use novate_journal::writer::{Cut, Lost, Opening, Plan};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<LostObject>,
    left_over: Vec<String>,
    done: bool,
}

/// Commands that are lost, as JSON.
#[derive(Serialize)]
struct LostObject {
    first_sequence: u64,
    last_sequence: u64,
}

/// Cuts a torn tail, or back to before a command, unless only the plan is wanted or nothing is to be done.
pub(crate) fn recover(args: &RecoverArgs, json: bool) -> Result<Verdict, Error> {
    let journal = args.journal.journal.display().to_string();
    let (storage, before) = (args.journal.storage(), args.before.map(Sequence));
    let planned = open(storage).and_then(|mut opening| {
        read_to_end(&mut opening)?;
        let plan = match before {
            Some(sequence) => opening.plan_before(sequence)?,
            None => opening.plan()?,
        };
        Ok((opening, plan))
    });
    if let Err(JournalError::Damaged(_)) = &planned {
        tell(format_args!("{journal}: refused, nothing is cut: this is damage, and not what a crash leaves"));
    }
    let (opening, plan) = planned?;
    tell_plan(&journal, &plan);
    let is_needed = plan.cut.is_some() || !plan.left_over.is_empty() || plan.lacks_control;
    let refused = plan.lost.filter(|_| !args.plan && !args.accept_loss);
    let done = is_needed && !args.plan && refused.is_none();
    if done {
        match before {
            Some(sequence) => opening.recover_before(sequence)?,
            None => opening.recover()?,
        };
    }
    let outcome = match (is_needed, args.plan, done) {
        (false, ..) => "nothing to do",
        (true, true, _) => "nothing was changed: this is the plan",
        (true, false, true) => "done",
        (true, false, false) => "nothing was changed: --accept-loss is missing",
    };
    print(journal, plan, (done, outcome), json)?;
    match refused {
        Some(Lost { first, last }) => Err(Error::Usage(format!(
            "expected --accept-loss, or --plan, found neither: commands {first} to {last} would be lost"
        ))),
        None => Ok(Verdict::Right),
    }
}

fn print(journal: String, plan: Plan, (done, outcome): (bool, &str), json: bool) -> Result<(), Error> {
    let lost = |Lost { first, last }| LostObject { first_sequence: first.0, last_sequence: last.0 };
    let object = RecoverObject {
        journal,
        sequence: plan.last.0.0,
        ending: EndingObject::from(&plan.ending),
        cut_bytes: plan.cut.as_ref().map_or(0, |cut| cut.bytes),
        cut_at: plan.cut.as_ref().map(|cut| cut.position.to_string()),
        why: plan.cut.map(|cut| cut.why),
        lost: plan.lost.map(lost),
        left_over: plan.left_over,
        done,
    };
    let mut output = Output::new(json);
    let mut listing = Listing::new();
    listing.row("journal", &object.journal);
    listing.row("last sequence kept", &object.sequence);
    if let Some(Lost { first, last }) = plan.lost {
        listing.row("commands lost", &format!("{first} to {last}"));
    }
    listing.row("bytes cut", &object.cut_bytes);
    listing.row(
        if plan.lost.is_some() { "taken away" } else { "left over" },
        &if object.left_over.is_empty() { "nothing".to_owned() } else { object.left_over.join(", ") },
    );
    listing.row("outcome", &outcome);
    output.json_line(&object);
    output.text_line(&listing.lines());
    output.write()
}

/// Locks the journal, to be read from the beginning or, if that was pruned, from a snapshot.
fn open(storage: Arc<dyn Storage>) -> Result<Opening, JournalError> {
    let begin = snapshot::beginning(&Folder::read_to_gap(Arc::clone(&storage))?)?;
    if let Some(place) = &begin {
        verify_before(Arc::clone(&storage), place)?;
    }
    Opening::lock(storage, begin.as_ref(), None)
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
    if let Some(Lost { first, last }) = plan.lost {
        tell(format_args!("{journal}: to be lost: commands {first} to {last}, and what clients were told of them"));
    }
    if let Some(Cut { position, bytes, why }) = &plan.cut {
        tell(format_args!("{journal}: to be cut: {bytes} bytes from {position} on ({why}); epoch {epoch} begins"));
    }
    if plan.lacks_control {
        tell(format_args!("{journal}: to be made anew: the control file, which is missing; epoch {epoch} begins"));
    }
    let why = if plan.lost.is_some() { "" } else { ", left over" };
    for name in &plan.left_over {
        tell(format_args!("{journal}: to be taken away: {name}{why}"));
    }
}
