//! Groups of 64 commands made durable one after the other: by the journal, by a plain file, and by published logs.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use novate_core::digest::EventsDigest;
use novate_journal::format::header::SEGMENT_BYTES;
use novate_journal::storage::Storage;
use novate_journal::writer::{Durability, Settings, create};

use super::append::{append, genesis, hash_of_orders, order};
use super::bare::RECORD_WORDS;
use super::logs::{Commitlog, Okaywal};
use super::place::{Empty, Place};
use super::story::{BLOCK_COMMANDS, Fold, read_back};
use super::{Contestant, Duel, Goal, PeerKind, Run};
use crate::machine::work_beside;

/// Commands to a group.
pub(super) const GROUP_COMMANDS: usize = 64;
/// Groups in a run.
const GROUPS: usize = 300;
const QUICK_GROUPS: usize = 20;

pub(super) fn duel(place: &Place, peer: PeerKind) -> Duel {
    let groups = if place.is_quick() { QUICK_GROUPS } else { GROUPS };
    let (folder, inputs) = (place.folder("peer"), Inputs::new(groups));
    let (contestant, note): (Box<dyn Contestant>, _) = match peer {
        PeerKind::Okaywal => {
            let note = "an entry of 64 chunks of 128 bytes, committed; its own headers besides";
            (Box::new(Okaywal { folder, inputs }), note)
        }
        PeerKind::Commitlog => {
            let note =
                "64 messages of 128 bytes; its flush leaves the segment to the system, so fdatasync is called besides";
            (Box::new(Commitlog { folder, inputs }), note)
        }
        _ => (Box::new(Fdatasync { folder, inputs }), "as many bytes written to a file that has its size"),
    };
    Duel {
        unit: "group of 64 commands".to_owned(),
        units: groups,
        goal: Goal::Open,
        note,
        subject: Box::new(Durable { folder: place.folder("journal"), groups, cores: place.cores() }),
        peer: contestant,
    }
}

/// What the peers are given: groups of as many bytes as frames have.
pub(super) struct Inputs {
    pub(super) words: Vec<u64>,
}

impl Inputs {
    fn new(groups: usize) -> Self {
        let words = groups * GROUP_COMMANDS * RECORD_WORDS;
        Self { words: (1..=words as u64).map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect() }
    }

    /// The groups, each as bytes.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[u8]> {
        self.words.chunks_exact(GROUP_COMMANDS * RECORD_WORDS).map(bytemuck::must_cast_slice)
    }

    /// Whether these bytes are the inputs.
    pub(super) fn are(&self, bytes: &[u8]) -> bool {
        bytemuck::must_cast_slice::<u64, u8>(&self.words) == bytes
    }

    /// The hash of them.
    pub(super) fn hash(&self) -> String {
        let mut fold = Fold::default();
        fold.take(&self.words);
        fold.finish()
    }
}

/// The journal under the policy `batch`: its flusher runs on another core, and the watermark is waited for.
struct Durable {
    folder: Empty,
    groups: usize,
    cores: Option<(usize, usize)>,
}

impl Contestant for Durable {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        let storage: Arc<dyn Storage> = self.folder.storage();
        let settings = Settings::new(Durability::Batch);
        let mut opened = create(Arc::clone(&storage), &genesis(), settings).map_err(io::Error::other)?;
        while opened.preparer.step().map_err(io::Error::other)? {}
        let (mut writer, background) = work_beside(self.cores, || opened.start()).map_err(io::Error::other)?;
        let watermarks = writer.watermarks();
        let mut sequence = 0;
        let start = Instant::now();
        for _ in 0..self.groups {
            for _ in 0..GROUP_COMMANDS {
                sequence += 1;
                append(&mut writer, sequence, &order(sequence)).map_err(io::Error::other)?;
            }
            if sequence % BLOCK_COMMANDS as u64 == 0 {
                writer.seal(EventsDigest::default()).map_err(io::Error::other)?;
            }
            while watermarks.durable().sequence.0 < sequence {
                std::thread::yield_now();
            }
        }
        let elapsed = start.elapsed();
        background.close(writer, EventsDigest::default()).map_err(io::Error::other)?;
        let hash = read_back(storage)?;
        let is_right = hash == hash_of_orders(self.groups * GROUP_COMMANDS);
        Ok(Run { elapsed, hash, is_right })
    }
}

/// `write` and `fdatasync`.
struct Fdatasync {
    folder: Empty,
    inputs: Inputs,
}

impl Contestant for Fdatasync {
    fn run(&mut self) -> io::Result<Run> {
        self.folder.anew()?;
        self.folder.storage().allocate("file", &[], SEGMENT_BYTES.into())?;
        let path = self.folder.path().join("file");
        let mut file = File::options().write(true).open(&path)?;
        let start = Instant::now();
        for group in self.inputs.groups() {
            file.write_all(group)?;
            file.sync_data()?;
        }
        let elapsed = start.elapsed();
        let bytes = std::fs::read(&path)?;
        let is_right = self.inputs.are(&bytes[..self.inputs.words.len() * 8]);
        Ok(Run { elapsed, hash: self.inputs.hash(), is_right })
    }
}
