//! Removing the beginning of a journal that a snapshot replaces.

use std::sync::Arc;

use crate::error::{JournalError, io as io_error};
use crate::folder::Folder;
use crate::format::control::Control;
use crate::format::{Position, names};
use crate::snapshot;
use crate::storage::{Lock, Storage};
use crate::verify::verify;

/// What pruning would remove, or has removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The sequence of the snapshot with which the journal will begin.
    pub snapshot: u64,
    /// Segments that lie before its block's.
    pub segments: Vec<String>,
    /// Older snapshots, of no use without these segments.
    pub snapshots: Vec<String>,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// A journal that is to be pruned; nobody writes it meanwhile.
pub struct Prune {
    folder: Folder,
    plan: Pruned,
    place: Position,
    epoch: u32,
    lock: Box<dyn Lock>,
}

impl std::fmt::Debug for Prune {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prune").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Prune {
    /// Verifies the journal, since what is removed cannot be looked at again, and finds out what its newest snapshot
    /// replaces. Nothing is removed yet. `progress` is told now and then of bytes read and bytes there are.
    ///
    /// # Errors
    /// There is no journal or no snapshot; the journal is being written; it is damaged.
    pub fn new(storage: &Arc<dyn Storage>, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, JournalError> {
        // A folder without a journal gets no lock file.
        let folder = Folder::read(Arc::clone(storage))?;
        if folder.segments.is_empty() {
            return Err(folder.no_journal());
        }
        let locked = storage.lock().map_err(io_error("locking", names::LOCK))?;
        let lock = locked.ok_or_else(|| JournalError::Locked { folder: storage.name() })?;
        let verified = verify(Arc::clone(storage), progress)?;
        let folder = Folder::read(Arc::clone(storage))?;
        let Some(&newest) = folder.snapshots.last() else {
            return Err(JournalError::Beyond { what: "a snapshot; take one with `novate snapshot`".to_owned() });
        };
        let place = snapshot::read(&**storage, newest)?.header.place().position;
        let keep_from = place.segment;
        let mut plan = Pruned { snapshot: newest, segments: Vec::new(), snapshots: Vec::new(), bytes: 0 };
        for file in folder.segments.iter().filter(|file| file.number < keep_from) {
            plan.segments.push(names::segment(file.number));
            plan.bytes += file.bytes;
        }
        for &sequence in &folder.snapshots {
            let kept = snapshot::read(&**storage, sequence)?;
            if kept.header.place().position.segment < keep_from {
                plan.snapshots.push(names::snapshot(sequence));
                plan.bytes += kept.file_bytes();
            }
        }
        let epoch = folder.last_epoch(verified.epoch);
        Ok(Self { folder, plan, place, epoch, lock })
    }

    /// What would be removed.
    pub fn plan(&self) -> &Pruned {
        &self.plan
    }

    /// Removes it, once everything that it is kept for is durable. The control file says first from where on segments are kept, so that none is missing at any moment.
    ///
    /// # Errors
    /// The folder cannot be written to; what is left is whole all the same.
    pub fn run(self) -> Result<Pruned, JournalError> {
        let Self { folder, plan, place, epoch, lock } = self;
        let storage = folder.storage();
        Folder::make_durable(&**storage, place)?;
        let newest = folder.segments.last().map_or(place.segment, |file| file.number);
        let genesis = snapshot::read(&**storage, plan.snapshot)?.header.genesis_hash;
        let control = Control::new(epoch, place.segment, newest, genesis);
        Folder::write_control(&**storage, &control).map_err(io_error("writing", names::CONTROL))?;
        for name in plan.snapshots.iter().chain(&plan.segments) {
            storage.remove(name).map_err(io_error("removing", name.as_str()))?;
        }
        storage.sync_names().map_err(io_error("removing files in", storage.name()))?;
        drop(lock);
        Ok(plan)
    }
}
