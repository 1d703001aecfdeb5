//! Published logs, each given groups to make durable through its own interface.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use commitlog::message::{MessageBuf, MessageSet};
use commitlog::{CommitLog, LogOptions, ReadLimit};
use novate_journal::format::header::SEGMENT_BYTES;
use okaywal::{Configuration, Entry, EntryId, LogManager, LogVoid, SegmentReader, WriteAheadLog};

use super::bare::RECORD_BYTES;
use super::durable::Inputs;
use super::place::Empty;
use super::{Contestant, Run};

/// The crate `okaywal`: a group is an entry, each record a chunk of it. Its file has its size before, and is not
/// checkpointed meanwhile.
pub(super) struct Okaywal {
    pub(super) folder: Empty,
    pub(super) inputs: Inputs,
}

impl Okaywal {
    fn configuration(&self) -> Configuration {
        let bytes = SEGMENT_BYTES;
        Configuration::default_for(self.folder.path()).preallocate_bytes(bytes).checkpoint_after_bytes(bytes.into())
    }
}

impl Contestant for Okaywal {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let log = self.configuration().open(LogVoid)?;
        let start = Instant::now();
        for group in self.inputs.groups() {
            let mut entry = log.begin_entry()?;
            for record in group.chunks_exact(RECORD_BYTES) {
                entry.write_chunk(record)?;
            }
            entry.commit()?;
        }
        let elapsed = start.elapsed();
        log.shutdown()?;
        let kept = Kept::default();
        self.configuration().open(kept.clone())?.shutdown()?;
        let is_right = self.inputs.are(&kept.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Run { elapsed, hash: self.inputs.hash(), is_right })
    }
}

/// All bytes that `okaywal` finds when it opens a log.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl LogManager for Kept {
    fn recover(&mut self, entry: &mut Entry<'_>) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(entry.read_all_chunks()?.into_iter().flatten().flatten());
        Ok(())
    }

    fn checkpoint_to(
        &mut self,
        _last_checkpointed_id: EntryId,
        _checkpointed_entries: &mut SegmentReader,
        _wal: &WriteAheadLog,
    ) -> io::Result<()> {
        Ok(())
    }
}

/// The crate `commitlog`: a group is a set of messages. Its flush makes its index durable and calls `File::flush` for its
/// segment, which does nothing: `fdatasync` is called for it.
pub(super) struct Commitlog {
    pub(super) folder: Empty,
    pub(super) inputs: Inputs,
}

impl Contestant for Commitlog {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let mut log = CommitLog::new(LogOptions::new(self.folder.path()))?;
        let segment = File::open(self.folder.path().join(format!("{:020}.log", 0)))?;
        let start = Instant::now();
        for group in self.inputs.groups() {
            let mut messages: MessageBuf = group.chunks_exact(RECORD_BYTES).collect();
            log.append(&mut messages).map_err(io::Error::other)?;
            log.flush()?;
            segment.sync_data()?;
        }
        let elapsed = start.elapsed();
        let mut kept = Vec::new();
        let mut next = 0;
        while Some(next) <= log.last_offset() {
            let messages = log.read(next, ReadLimit::max_bytes(SEGMENT_BYTES as usize)).map_err(io::Error::other)?;
            for message in messages.iter() {
                kept.extend_from_slice(message.payload());
                next = message.offset() + 1;
            }
        }
        Ok(Run { elapsed, hash: self.inputs.hash(), is_right: self.inputs.are(&kept) })
    }
}
