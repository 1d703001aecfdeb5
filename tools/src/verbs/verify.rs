//! `novate verify`: every frame, the hash chain, seals and snapshots of a journal, without executing anything.

use novate_journal::verify::{Verified, verify as verify_journal};
use serde::Serialize;

use super::Verdict;
use crate::error::Error;
use crate::input::progress_bar;
use crate::journal::{EndingObject, JournalArg, ending_text};
use crate::output::{Listing, Output};

/// What was found to be right, as JSON.
#[derive(Serialize)]
struct VerifiedObject {
    journal: String,
    sequence: u64,
    frames: u64,
    blocks: u64,
    chain: String,
    segments: u64,
    snapshots: u64,
    epoch: u32,
    genesis: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    begins_at: Option<u64>,
    #[serde(flatten)]
    ending: EndingObject,
}

/// Checks a journal and prints what it holds.
pub(crate) fn verify(args: &JournalArg, json: bool) -> Result<Verdict, Error> {
    let progress = progress_bar();
    let verified = verify_journal(args.storage(), &mut |read, all| {
        progress.set_length(all);
        progress.set_position(read);
    });
    progress.finish_and_clear();

    let journal = args.journal.display().to_string();
    let Verified { ending, last, frames, segments, snapshots, link, epoch, genesis_hash, begins_at } = verified?;
    let mut output = Output::new(json);
    output.json_line(&VerifiedObject {
        journal: journal.clone(),
        sequence: last.0.0,
        frames,
        blocks: link.block,
        chain: link.value.to_string(),
        segments,
        snapshots,
        epoch,
        genesis: genesis_hash.to_string(),
        begins_at: begins_at.map(|sequence| sequence.0),
        ending: EndingObject::from(&ending),
    });
    let mut listing = Listing::new();
    listing.row("journal", &journal);
    listing.row("sequence", &last.0);
    listing.row("frames", &frames);
    listing.row("blocks", &link.block);
    listing.row("chain", &link.value);
    listing.row("segments", &segments);
    listing.row("snapshots", &snapshots);
    listing.row("epoch", &epoch);
    listing.row("genesis", &genesis_hash);
    if let Some(sequence) = begins_at {
        listing.row("begins at", &format!("snapshot {sequence}; what was before is pruned"));
    }
    listing.row("ending", &ending_text(&ending));
    output.text_line(&listing.lines());
    output.write()?;
    Ok(Verdict::Right)
}
