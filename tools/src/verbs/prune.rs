//! `novate prune`: removes the segments that the newest snapshot replaces.

use std::io::{self, IsTerminal, Write};

use novate_journal::prune::{Prune, Pruned};
use serde::Serialize;

use super::Verdict;
use crate::cli::PruneArgs;
use crate::error::Error;
use crate::input::progress_bar;
use crate::output::{Listing, Output};

/// The result as JSON.
#[derive(Serialize)]
struct PruneObject {
    journal: String,
    snapshot: u64,
    segments: Vec<String>,
    snapshots: Vec<String>,
    bytes: u64,
    done: bool,
}

/// Verifies the journal, says what would go, asks, and removes it.
pub(crate) fn prune(args: &PruneArgs, json: bool) -> Result<Verdict, Error> {
    let (journal, storage) = (args.journal.journal.display().to_string(), args.journal.storage());
    let progress = progress_bar();
    let prune = Prune::new(&storage, &mut |read, all| {
        progress.set_length(all);
        progress.set_position(read);
    });
    progress.finish_and_clear();
    let prune = prune?;
    let plan = prune.plan().clone();
    let is_needed = !plan.segments.is_empty() || !plan.snapshots.is_empty();
    let done = is_needed && (args.yes || asks(&journal, &plan)?);
    if done {
        prune.run()?;
    }
    let Pruned { snapshot, segments, snapshots, bytes } = plan;
    let object = PruneObject { journal, snapshot, segments, snapshots, bytes, done };
    let mut output = Output::new(json);
    let mut listing = Listing::new();
    listing.row("journal", &object.journal);
    listing.row("begins at snapshot", &object.snapshot);
    listing.row("segments", &object.segments.len());
    listing.row("older snapshots", &object.snapshots.len());
    listing.row("bytes", &object.bytes);
    let outcome = match (is_needed, done) {
        (false, _) => "nothing to remove",
        (true, true) => "removed",
        (true, false) => "nothing was removed",
    };
    listing.row("outcome", &outcome);
    output.json_line(&object);
    output.text_line(&listing.lines());
    output.write()?;
    Ok(Verdict::Right)
}

/// Asks whoever sits at the terminal.
fn asks(journal: &str, plan: &Pruned) -> Result<bool, Error> {
    if !io::stdin().is_terminal() {
        return Err(Error::Usage("expected --yes, or a terminal to ask at, found neither".into()));
    }
    // Whoever cannot be asked has not answered either.
    let _ = write!(
        io::stderr(),
        "{journal}: remove {} segments and {} snapshots, {} bytes, before snapshot {}? [y/N] ",
        plan.segments.len(),
        plan.snapshots.len(),
        plan.bytes,
        plan.snapshot
    );
    let _ = io::stderr().flush();
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(Error::Output)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
