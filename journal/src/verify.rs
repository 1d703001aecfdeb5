//! Checking a whole journal without executing anything: every frame, the hash chain, what seals state, every snapshot.

use std::sync::Arc;

use novate_core::digest::Hash256;
use novate_core::units::{Sequence, TimeNs};

use crate::chain::Link;
use crate::error::{Damage, Fault, JournalError};
use crate::folder::{Folder, whole_file};
use crate::format::frame::NoFrame;
use crate::format::names;
use crate::reader::{Chain, Ending, Place, Reader};
use crate::snapshot::{self, SnapshotHeader};
use crate::storage::Storage;

/// What was found to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How the journal ends.
    pub ending: Ending,
    /// The last command, and its time.
    pub last: (Sequence, TimeNs),
    /// Frames that were checked, of all kinds.
    pub frames: u64,
    /// Segments, those made ahead included.
    pub segments: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// The last sealed block and its chain value.
    pub link: Link,
    /// The last epoch.
    pub epoch: u32,
    /// The genesis hash.
    pub genesis_hash: Hash256,
    /// The snapshot with which a pruned journal begins.
    pub begins_at: Option<Sequence>,
}

/// Checks a journal. `progress` is told now and then of bytes read and bytes there are.
///
/// # Errors
/// The first damage, or that there is no journal.
pub fn verify(storage: Arc<dyn Storage>, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, JournalError> {
    let folder = Folder::read_to_gap(Arc::clone(&storage))?;
    if folder.segments.is_empty() {
        return Err(folder.no_journal());
    }
    let mut snapshots = Snapshots::read(&folder)?;
    let begin = snapshot::beginning(&folder)?;
    let mut frames = 0;
    let mut reader = match &begin {
        None => Reader::open(storage, Chain::Verified)?,
        Some(place) => {
            // It, and what is older, cannot be compared with blocks that are gone.
            snapshots.left.retain(|header| header.sequence > place.sequence.0);
            frames += verify_before(Arc::clone(&storage), place)?;
            Reader::open_at(storage, Chain::Verified, place)?
        }
    };
    snapshots.check_genesis(reader.genesis_hash())?;
    while reader.next()?.is_some() {
        frames += 1;
        if frames % 1_024 == 0 {
            let (read, all) = reader.progress();
            progress(read, all);
        }
        snapshots.compare(&reader)?;
    }
    let last = reader.sequence();
    snapshots.finish(last.0)?;
    Ok(Verified {
        ending: reader.ending().cloned().unwrap_or(Ending::Closed),
        last,
        frames,
        segments: folder.segments.len() as u64,
        snapshots: folder.snapshots.len() as u64,
        link: reader.chain().unwrap_or(Link { block: 0, value: reader.genesis_hash() }),
        epoch: reader.walk().epoch,
        genesis_hash: reader.genesis_hash(),
        begins_at: begin.map(|place| place.sequence),
    })
}

/// Checks the frames of a pruned journal's first segments that lie before its snapshot, and returns how many they are. Whoever
/// reads from the snapshot on does not see them, and what it stands on was whole once.
///
/// # Errors
/// Damage.
pub fn verify_before(storage: Arc<dyn Storage>, place: &Place) -> Result<u64, JournalError> {
    let mut reader = Reader::open_near(storage, Sequence::ZERO)?;
    let mut frames = 0;
    while reader.position() < place.position && reader.next()?.is_some() {
        frames += 1;
    }
    if reader.position() < place.position {
        let (at, sequence) = (reader.position(), reader.sequence().0.0);
        return Err(Damage::at(at, sequence, Fault::NoFrame(NoFrame::Nothing)).into());
    }
    Ok(frames)
}

/// The journal's snapshots, whose own bytes are right.
struct Snapshots {
    /// In order; taken out once they were met in the journal.
    left: Vec<SnapshotHeader>,
    /// The sequence and the genesis hash of each.
    geneses: Vec<(u64, Hash256)>,
}

impl Snapshots {
    /// Reads every snapshot, recomputes its state digest, and keeps its header.
    fn read(folder: &Folder) -> Result<Self, JournalError> {
        let mut left = Vec::new();
        for &sequence in &folder.snapshots {
            let kept = snapshot::read(&**folder.storage(), sequence)?;
            kept.state()?;
            left.push(kept.header);
        }
        let geneses = left.iter().map(|header| (header.sequence, Hash256(header.genesis_hash))).collect();
        Ok(Self { left, geneses })
    }

    /// A snapshot of another journal is intact, and only in the wrong folder.
    fn check_genesis(&self, expected: Hash256) -> Result<(), JournalError> {
        match self.geneses.iter().find(|(_, found)| *found != expected) {
            Some(&(sequence, found)) => {
                Err(JournalError::OtherGenesis { file: names::snapshot(sequence), expected, found })
            }
            None => Ok(()),
        }
    }

    fn fault(&self, what: &'static str) -> JournalError {
        let sequence = self.left.first().map_or(0, |header| header.sequence);
        whole_file(&names::snapshot(sequence), Fault::Snapshot(what)).into()
    }

    /// Compares the snapshot of the block that was just sealed, if there is one.
    fn compare(&mut self, reader: &Reader) -> Result<(), JournalError> {
        let Some(sealed) = reader.walk().sealed else { return Ok(()) };
        let Some(header) = self.left.first().filter(|header| header.block <= sealed.seal.block) else { return Ok(()) };
        let at = header.place();
        let is_that_block = reader.chain() == Some(at.link)
            && at.position == sealed.end
            && header.sequence == sealed.seal.last_sequence
            && header.events_digest == sealed.seal.events_digest
            && header.time == reader.walk().time
            && header.epoch == sealed.seal.epoch;
        if !is_that_block {
            return Err(self.fault("it is not what the journal has at its block"));
        }
        self.left.remove(0);
        Ok(())
    }

    /// What is left lies beyond the journal's end.
    fn finish(&self, last: Sequence) -> Result<(), JournalError> {
        match self.left.first() {
            Some(header) if header.sequence > last.0 => {
                let fault = Fault::SnapshotBeyond { last: last.0 };
                Err(whole_file(&names::snapshot(header.sequence), fault).into())
            }
            Some(_) => Err(self.fault("the journal has no such block")),
            None => Ok(()),
        }
    }
}
