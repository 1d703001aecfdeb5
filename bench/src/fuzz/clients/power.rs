//! A loss of power at its worst: nothing is left of a journal but what is durable.

use std::sync::Arc;

use novate_journal::JournalError;
use novate_journal::folder::Folder;
use novate_journal::format::header::FIRST_SEQUENCE_OFFSET;
use novate_journal::format::names;
use novate_journal::reader::{Chain, Reader};
use novate_journal::snapshot;
use novate_journal::storage::Storage;

/// Takes away everything behind a command. What a snapshot was made of was made durable before it.
pub(super) fn lose(storage: &Arc<dyn Storage>, durable: u64) -> Result<(), String> {
    let kept = |error: JournalError| error.to_string();
    let mut reader = Reader::open(Arc::clone(storage), Chain::Ignored).map_err(kept)?;
    let mut end = reader.position();
    while let Some(frame) = reader.next().map_err(kept)? {
        if frame.command().is_some_and(|command| command.sequence.0 > durable) {
            break;
        }
        end = reader.position();
    }
    let folder = Folder::read(Arc::clone(storage)).map_err(kept)?;
    if let Some(&newest) = folder.snapshots.last() {
        end = end.max(snapshot::read(&**storage, newest).map_err(kept)?.header.place().position);
    }
    for file in folder.segments.iter().filter(|file| file.number >= end.segment) {
        // A segment that nothing was written to has no first sequence either.
        let from = if file.number == end.segment { end.offset as usize } else { FIRST_SEQUENCE_OFFSET };
        storage.zero_from(&names::segment(file.number), from as u64).map_err(|error| error.to_string())?;
    }
    Ok(())
}
