//! Where a primary begins: at genesis, or where its journal ends.

use std::sync::Arc;

use novate_core::arena::{Chunk, Layout, Untracked};
use novate_core::digest::EventsDigest;
use novate_core::engine::Engine;
use novate_core::genesis::Genesis;
use novate_core::sink::{Discard, EventSink};
use novate_journal::folder::Folder;
use novate_journal::mapping::AnonymousMapping;
use novate_journal::snapshot;
use novate_journal::state::{State, StateError};
use novate_journal::storage::Storage;
use novate_journal::writer::{Opened, Opening, Settings, create};

use super::StartError;

/// Commands that are read, and then applied, at once.
const BATCH_COMMANDS: usize = 64;

/// A journal that is open for writing, and the state behind its last command.
pub(super) struct Origin {
    pub(super) opened: Opened,
    pub(super) memory: AnonymousMapping,
    pub(super) layout: Layout,
}

/// Begins a journal in a folder that is new or empty.
pub(super) fn begin(storage: Arc<dyn Storage>, genesis: &Genesis, settings: Settings) -> Result<Origin, StartError> {
    let opened = create(storage, genesis, settings)?;
    let layout = Layout::of(genesis);
    let mut memory = AnonymousMapping::new(layout.bytes()).map_err(StateError::NoMemory)?;
    let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(memory.as_bytes_mut());
    Engine::genesis(chunks, Untracked, genesis).map_err(StateError::Open)?;
    Ok(Origin { opened, memory, layout })
}

/// Goes on with a journal: from its newest snapshot, or from its beginning, through all commands behind that.
pub(super) fn resume(storage: Arc<dyn Storage>, settings: Settings) -> Result<Origin, StartError> {
    let folder = Folder::read(Arc::clone(&storage))?;
    let newest = folder.snapshots.last().map(|&sequence| snapshot::read(&*storage, sequence)).transpose()?;
    let place = newest.as_ref().map(|kept| kept.header.place());
    let genesis = newest.as_ref().map(snapshot::Snapshot::genesis).transpose()?;
    let mut opening = Opening::lock(storage, place.as_ref(), genesis)?;
    let state = match newest {
        Some(kept) => kept.state()?,
        None => State::genesis(&opening.reader().genesis()?)?,
    };
    let (mut memory, layout) = state.into_memory();
    let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(memory.as_bytes_mut());
    let mut engine = Engine::attach_as(&layout, chunks, Untracked).map_err(StateError::Open)?;
    let mut nobody: &mut dyn EventSink = &mut Discard;
    while let Some(span) = opening.reader().read_span(BATCH_COMMANDS)? {
        let batch = span.batch();
        engine.apply_batch(&batch.commands, &mut nobody).map_err(StartError::OutOfOrder)?;
        if let Some(seal) = batch.seal
            && seal.events_digest != engine.events_digest().to_bytes()
        {
            let (stated, replayed) = (EventsDigest::from_bytes(seal.events_digest), engine.events_digest());
            let [first, last] = [seal.first_sequence, seal.last_sequence];
            return Err(StartError::Differs { first, last, stated, replayed });
        }
    }
    let opened = opening.open(settings, engine.events_digest())?;
    Ok(Origin { opened, memory, layout })
}
