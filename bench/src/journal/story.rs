//! Flows as journals: written beside the engine, and read back.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use novate_core::arena::{Chunk, Layout, Marks, Untracked};
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::engine::{Engine, Sequenced};
use novate_core::genesis::Genesis;
use novate_core::sink::{Discard, EventSink};
use novate_core::units::{Sequence, TimeNs};
use novate_journal::format::frame::FRAME_MAX;
use novate_journal::mapping::AnonymousMapping;
use novate_journal::reader::{Chain, Reader};
use novate_journal::storage::Storage;
use novate_journal::writer::{Durability, Flush, Opened, Settings, create};

use crate::novate::{BATCH_COMMANDS, COMMAND_INTERVAL_NS, owners, set_up_records};
use crate::records::Records;

/// Commands to a block.
pub(super) const BLOCK_COMMANDS: usize = 1_024;
/// Blocks between two pauses, in which the parts beside the writer work: they fit into a segment of 16 MiB.
pub(super) const PAUSE_BLOCKS: usize = 117;
/// Commands between two pauses.
const PAUSE_COMMANDS: usize = PAUSE_BLOCKS * BLOCK_COMMANDS;

/// What goes on beside the engine.
pub(super) trait Keep {
    /// Before a batch is applied; `digest` is that of all events before it.
    fn before(&mut self, batch: &[Sequenced<'_>], digest: EventsDigest) -> io::Result<()>;

    /// After it was applied.
    fn after(&mut self, batch: &[Sequenced<'_>], digest: EventsDigest) -> io::Result<()>;

    /// Now and then; in no time.
    fn pause(&mut self) -> io::Result<()>;
}

/// Applies records in batches and returns how long that took, pauses left out.
pub(super) fn feed<M: Marks>(
    engine: &mut Engine<'_, M>,
    records: &Records,
    events: &mut impl EventSink,
    keep: &mut impl Keep,
) -> io::Result<Duration> {
    let (mut sequence, mut elapsed) = (engine.sequence().0, Duration::ZERO);
    let mut records = records.iter();
    let mut batch = Vec::with_capacity(BATCH_COMMANDS);
    loop {
        keep.pause()?;
        let start = Instant::now();
        for _ in 0..PAUSE_COMMANDS / BATCH_COMMANDS {
            batch.clear();
            batch.extend(records.by_ref().take(BATCH_COMMANDS).map(|command| {
                sequence += 1;
                Sequenced { sequence: Sequence(sequence), time: TimeNs(sequence * COMMAND_INTERVAL_NS), command }
            }));
            if batch.is_empty() {
                return Ok(elapsed + start.elapsed());
            }
            keep.before(&batch, engine.events_digest())?;
            engine.apply_batch(&batch, events).map_err(io::Error::other)?;
            keep.after(&batch, engine.events_digest())?;
        }
        elapsed += start.elapsed();
    }
}

/// Nothing goes on beside the engine.
pub(super) struct NoJournal;

impl Keep for NoJournal {
    #[inline(always)]
    fn before(&mut self, _batch: &[Sequenced<'_>], _digest: EventsDigest) -> io::Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn after(&mut self, _batch: &[Sequenced<'_>], _digest: EventsDigest) -> io::Result<()> {
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every command is appended before it is applied. There are no threads: what they would do is done in the pauses, so that
/// the disk never keeps anybody waiting.
pub(super) struct Journaled {
    pub(super) opened: Opened,
    in_block: usize,
}

impl Journaled {
    /// Begins a journal in an empty folder.
    pub(super) fn create(storage: Arc<dyn Storage>, genesis: &Genesis) -> io::Result<Self> {
        let opened = create(storage, genesis, Settings::new(Durability::None)).map_err(io::Error::other)?;
        Ok(Self { opened, in_block: 0 })
    }
}

impl Keep for Journaled {
    #[inline(always)]
    fn before(&mut self, batch: &[Sequenced<'_>], digest: EventsDigest) -> io::Result<()> {
        let writer = &mut self.opened.writer;
        // A batch that is appended before it is applied lies in one segment: no seal can come between its commands.
        if !writer.fits(BATCH_COMMANDS * FRAME_MAX) {
            writer.seal(digest).and_then(|()| writer.reserve(BATCH_COMMANDS * FRAME_MAX)).map_err(io::Error::other)?;
            self.in_block = 0;
        }
        for command in batch {
            writer.append(command.sequence, command.time, command.command).map_err(io::Error::other)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn after(&mut self, batch: &[Sequenced<'_>], digest: EventsDigest) -> io::Result<()> {
        self.in_block += batch.len();
        if self.in_block >= BLOCK_COMMANDS {
            self.in_block = 0;
            self.opened.writer.seal(digest).map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        self.opened.flusher.step(Flush::Nothing).map_err(io::Error::other)?;
        while self.opened.preparer.step().map_err(io::Error::other)? {}
        Ok(())
    }
}

/// What the operator sends before a flow.
pub(super) fn set_up() -> Records {
    set_up_records(&owners())
}

/// Writes a journal of these commands, and returns it open with the digest of all events.
pub(super) fn write(
    storage: Arc<dyn Storage>,
    genesis: &Genesis,
    parts: &[&Records],
) -> io::Result<(Opened, EventsDigest)> {
    let mut memory = AnonymousMapping::new(Layout::of(genesis).bytes())?;
    let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(memory.as_bytes_mut());
    let mut engine = Engine::genesis(chunks, Untracked, genesis).map_err(io::Error::other)?;
    let mut journaled = Journaled::create(storage, genesis)?;
    for records in parts {
        feed(&mut engine, records, &mut Discard, &mut journaled)?;
    }
    let digest = engine.events_digest();
    journaled.opened.writer.seal(digest).map_err(io::Error::other)?;
    Ok((journaled.opened, digest))
}

/// Folds words into a hash, 65,536 at a time, so that it does not depend on how they are given.
#[derive(Debug, Default)]
pub(super) struct Fold {
    words: Vec<u64>,
    hash: Hash256,
}

/// Words that are hashed at once.
const FOLD_WORDS: usize = 65_536;

impl Fold {
    pub(super) fn take(&mut self, words: &[u64]) {
        self.words.extend_from_slice(words);
        if self.words.len() >= FOLD_WORDS {
            let rest = self.words.split_off(FOLD_WORDS);
            self.fold();
            self.words = rest;
        }
    }

    fn fold(&mut self) {
        let bytes = bytemuck::cast_slice(&self.words);
        self.hash = Hash256::of("novate bench journal 1", &[&self.hash.0, bytes]);
    }

    /// The hash, in hexadecimal.
    pub(super) fn finish(mut self) -> String {
        self.fold();
        self.hash.to_string()
    }
}

/// The hash of these commands.
pub(super) fn hash_of(parts: &[&Records]) -> String {
    let mut fold = Fold::default();
    for command in parts.iter().flat_map(|records| records.iter()) {
        fold.take(command.words());
    }
    fold.finish()
}

/// Reads a journal, checks its chain, and returns the hash of its commands.
pub(super) fn read_back(storage: Arc<dyn Storage>) -> io::Result<String> {
    let mut reader = Reader::open(storage, Chain::Verified).map_err(io::Error::other)?;
    let mut fold = Fold::default();
    while let Some(frame) = reader.next().map_err(io::Error::other)? {
        if let Some(command) = frame.command() {
            fold.take(command.command.words());
        }
    }
    Ok(fold.finish())
}
