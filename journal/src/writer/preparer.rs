//! Makes the next segments ahead of the hot thread: on the disk, zero, mapped, touched.

use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use novate_core::genesis::Genesis;

use super::Ready;
use super::flusher::SharedStorage;
use super::shared::{Poison, Shared};
use crate::error::is_want_of_room;
use crate::folder::Folder;
use crate::format::control::Control;
use crate::format::header::SegmentHeader;
use crate::format::names;
use crate::storage::Storage;

/// Makes segments ahead, one step at a time.
#[derive(Debug)]
pub struct Preparer {
    storage: SharedStorage,
    pub(super) shared: Arc<Shared>,
    genesis: Genesis,
    segment_bytes: u32,
    control: Control,
    /// The number of the next segment to make.
    next: u32,
}

impl Preparer {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        shared: Arc<Shared>,
        (genesis, segment_bytes): (Genesis, u32),
        control: Control,
    ) -> Self {
        let next = control.newest_segment + 1;
        Self { storage: SharedStorage(storage), shared, genesis, segment_bytes, control, next }
    }

    /// Makes a segment if one is wanted. Returns whether one was made.
    ///
    /// A full disk is no failure here: the hot thread is told when it has no segment left, and each further step tries
    /// again.
    ///
    /// # Errors
    /// The disk failed in another way: nothing is written any more.
    pub fn step(&mut self) -> Result<bool, Poison> {
        if let Some(poison) = self.shared.poison() {
            return Err(poison);
        }
        if self.shared.ahead.is_full() {
            return Ok(false);
        }
        self.shared.check_epoch(&*self.storage.0, self.control.epoch)?;
        match self.make(self.next) {
            Ok(ready) => {
                self.shared.set_no_room(None);
                self.next += 1;
                // Nobody else pushes, and it was not full.
                let _ = self.shared.ahead.push(ready);
                self.shared.watermarks.set_newest_segment(self.next - 1);
                Ok(true)
            }
            Err(cause) if is_want_of_room(&cause) => {
                self.shared.set_no_room(Some(cause.to_string()));
                Ok(false)
            }
            Err(cause) => Err(self.shared.set_poison("making the next segment", cause)),
        }
    }

    /// Makes a segment under a temporary name, and names it when all of it is durable. A file that has the temporary name is
    /// what a crash, or opening after it, left of another segment: its room is used again.
    fn make(&mut self, number: u32) -> io::Result<Ready> {
        let (storage, name) = (&*self.storage.0, names::segment(number));
        let temporary = names::temporary(&name);
        let header = SegmentHeader::new(&self.genesis, number, self.segment_bytes, now_ns());
        storage.allocate(&temporary, bytemuck::bytes_of(&header), self.segment_bytes.into())?;
        storage.rename(&temporary, &name)?;
        storage.sync_names()?;
        let control = Control::new(self.control.epoch, self.control.oldest_segment, number, self.control.genesis_hash);
        Folder::write_control(storage, &control)?;
        self.control = control;
        let memory = storage.map(&name, true)?.0;
        memory.touch()?;
        Ok(Ready { number, memory })
    }

    /// The control file as it was written last.
    pub(super) fn control(&self) -> Control {
        self.control
    }
}

/// The machine's clock; before 1970 it is 0.
pub(super) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
