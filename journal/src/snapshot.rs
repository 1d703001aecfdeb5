//! Snapshots: the chunks of a state that are not zero, with what is needed to go on from there.
//!
//! A snapshot is taken at a checkpoint, at the end of its block, by whoever replays; never by the thread that writes.
//!
//! ```text
//! 0        256                             next multiple of 256
//! +--------+-----------+-------+-- zeros --+-----------+-----------+-- ... --+
//! | header | index u32 | index |           | chunk 256 | chunk     |         |
//! +--------+-----------+-------+-----------+-----------+-----------+---------+
//! ```

use bytemuck::{Pod, Zeroable};
use novate_core::arena::{CHUNK_SIZE, Chunk, Layout};
use novate_core::command::COMMAND_SCHEMA_VERSION;
use novate_core::digest::Hash256;
use novate_core::genesis::{Genesis, RULES_VERSIONS};
use novate_core::units::{Sequence, TimeNs};

use crate::chain::Link;
use crate::checksum::crc32c;
use crate::error::{Fault, JournalError, io as io_error};
use crate::folder::{Folder, other_version, whole_file};
use crate::format::{FORMAT_VERSION, Position, names};
use crate::reader::Place;
use crate::replay::Checkpointed;
use crate::state::{State, StateError};
use crate::storage::Storage;

/// What a snapshot begins with.
pub const SNAPSHOT_MAGIC: [u8; 8] = *b"novatess";

/// What a snapshot begins with. 256 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SnapshotHeader {
    /// [`SNAPSHOT_MAGIC`].
    pub magic: [u8; 8],
    /// CRC32C of the bytes from 12 to 256.
    pub checksum: u32,
    /// [`FORMAT_VERSION`].
    pub format: u32,
    /// The command schema's version.
    pub command_schema: u32,
    /// The rules version.
    pub rules: u32,
    /// The shard.
    pub shard: u32,
    /// The epoch of the block that ends here.
    pub epoch: u32,
    /// The checkpoint's sequence.
    pub sequence: u64,
    /// The checkpoint's time, in nanoseconds.
    pub time: u64,
    /// The index of the block that ends here.
    pub block: u64,
    /// Where that block ends, as [`Position::to_bits`].
    pub position: u64,
    /// Chunks of the state.
    pub chunks: u64,
    /// Those that are not zero, which are in the file.
    pub stored: u64,
    /// CRC32C of all bytes behind the header.
    pub body_checksum: u32,
    /// Zero.
    pub reserved: u32,
    /// The chain value of the block that ends here.
    pub chain: [u8; 32],
    /// The digest of all events up to here.
    pub events_digest: [u8; 16],
    /// The state digest.
    pub state_digest: [u8; 32],
    /// The genesis hash.
    pub genesis_hash: [u8; 32],
    /// The layout's hash.
    pub layout_hash: [u8; 32],
    /// Zero.
    pub reserved_tail: [u8; 24],
}

const _: () = assert!(size_of::<SnapshotHeader>() == CHUNK_SIZE);

/// Where the genesis record stands in the state's first chunk: `docs/DETERMINISM.md` freezes it.
const GENESIS_IN_HEADER: usize = 112;

impl SnapshotHeader {
    fn sum(&self) -> u32 {
        crc32c(&bytemuck::bytes_of(self)[12..])
    }

    /// The place where reading the journal goes on.
    pub fn place(&self) -> Place {
        Place {
            position: Position::from_bits(self.position),
            link: Link { block: self.block, value: Hash256(self.chain) },
            sequence: Sequence(self.sequence),
            time: TimeNs(self.time),
            epoch: self.epoch,
        }
    }

    fn check(&self, name: &str) -> Result<(), JournalError> {
        let damaged = |what| Err(whole_file(name, Fault::Snapshot(what)).into());
        if self.checksum != self.sum() {
            return damaged("the header's sum");
        }
        if self.magic != SNAPSHOT_MAGIC {
            return damaged("no snapshot");
        }
        if self.format != FORMAT_VERSION {
            return Err(other_version(name.to_owned(), "journal format", self.format));
        }
        if self.command_schema != COMMAND_SCHEMA_VERSION {
            return Err(other_version(name.to_owned(), "command schema", self.command_schema));
        }
        if !RULES_VERSIONS.contains(&self.rules) {
            return Err(other_version(name.to_owned(), "rules version", self.rules));
        }
        if self.reserved != 0
            || self.reserved_tail != [0; 24]
            || self.stored > self.chunks
            || self.chunks > u64::from(u32::MAX)
        {
            return damaged("a reserved byte, or a count");
        }
        if names::snapshot(self.sequence) != name {
            return damaged("the sequence is not that of the name");
        }
        Ok(())
    }
}

/// Writes a snapshot: under a temporary name, made durable, then named. Returns the name.
///
/// # Errors
/// The disk is full, or failed; [`JournalError::Unusable`] where the replay does not compute the hash chain.
pub fn take(storage: &dyn Storage, at: &Checkpointed, state: &State) -> Result<String, JournalError> {
    let (chunks, genesis) = (state.chunks(), state.layout().genesis());
    if at.place.link.value == Hash256::default() {
        let what = "a snapshot needs the chain value: replay with the hash chain verified".to_owned();
        return Err(JournalError::Unusable { what });
    }
    let stored: Vec<u32> =
        (0..chunks.len() as u32).filter(|&place| chunks[place as usize].0 != [0; CHUNK_SIZE]).collect();
    let mut body: Vec<u8> = bytemuck::cast_slice(&stored).to_vec();
    body.resize(body.len().next_multiple_of(CHUNK_SIZE), 0);
    for &place in &stored {
        body.extend_from_slice(&chunks[place as usize].0);
    }
    let mut header = SnapshotHeader {
        magic: SNAPSHOT_MAGIC,
        format: FORMAT_VERSION,
        command_schema: genesis.command_schema,
        rules: genesis.rules,
        shard: genesis.shard,
        epoch: at.place.epoch,
        sequence: at.place.sequence.0,
        time: at.place.time.0,
        block: at.place.link.block,
        position: at.place.position.to_bits(),
        chunks: chunks.len() as u64,
        stored: stored.len() as u64,
        body_checksum: crc32c(&body),
        chain: at.place.link.value.0,
        events_digest: at.events_digest.to_bytes(),
        state_digest: at.state_digest.0,
        genesis_hash: state.layout().genesis_hash().0,
        layout_hash: state.layout().hash().0,
        ..SnapshotHeader::zeroed()
    };
    header.checksum = header.sum();
    let mut bytes = bytemuck::bytes_of(&header).to_vec();
    bytes.append(&mut body);
    // A snapshot outlives a loss of power, and so must the commands that it was made of.
    Folder::make_durable(storage, at.place.position)?;
    let name = names::snapshot(header.sequence);
    let temporary = names::temporary(&name);
    let written = storage
        .write(&temporary, &bytes)
        .and_then(|()| storage.rename(&temporary, &name))
        .and_then(|()| storage.sync_names());
    if let Err(cause) = written {
        // On a full disk half of one would only take room from the journal.
        let _ = storage.remove(&temporary);
        return Err(io_error("writing a snapshot", name.as_str())(cause));
    }
    Ok(name)
}

/// A snapshot whose sums were checked.
#[derive(Debug)]
pub struct Snapshot {
    /// Its header.
    pub header: SnapshotHeader,
    name: String,
    stored: Vec<u32>,
    chunks: Vec<Chunk>,
}

/// Where reading a pruned journal begins: at its oldest snapshot that its segments reach back to. None if it was not pruned.
///
/// # Errors
/// [`Fault::MissingSegment`] if there is no such snapshot; as [`read`].
pub fn beginning(folder: &Folder) -> Result<Option<Place>, JournalError> {
    let first = folder.segments.first().map_or(1, |file| file.number);
    if first == 1 {
        return Ok(None);
    }
    for &sequence in &folder.snapshots {
        let place = read(&**folder.storage(), sequence)?.header.place();
        if place.position.segment >= first {
            return Ok(Some(place));
        }
    }
    Err(whole_file(&names::segment(first - 1), Fault::MissingSegment).into())
}

/// Reads a snapshot and checks its sums and form; the state's digest is not computed.
///
/// # Errors
/// It cannot be read, is damaged, or of another version.
pub fn read(storage: &dyn Storage, sequence: u64) -> Result<Snapshot, JournalError> {
    let name = names::snapshot(sequence);
    let bytes = storage.read(&name).map_err(io_error("reading", name.as_str()))?;
    let damaged = |what| JournalError::from(whole_file(&name, Fault::Snapshot(what)));
    let Some((head, body)) = bytes.split_first_chunk::<CHUNK_SIZE>() else {
        return Err(damaged("shorter than its header"));
    };
    let header: SnapshotHeader = bytemuck::must_cast(*head);
    header.check(&name)?;
    let index_bytes = header.stored.saturating_mul(4).next_multiple_of(CHUNK_SIZE as u64);
    let expected = index_bytes.saturating_add(header.stored.saturating_mul(CHUNK_SIZE as u64));
    if body.len() as u64 != expected {
        return Err(damaged("its length is not what its header says"));
    }
    if crc32c(body) != header.body_checksum {
        return Err(damaged("the body's sum"));
    }
    let (index, stored_chunks) = body.split_at(index_bytes as usize);
    let (index, rest) = index.split_at(header.stored as usize * 4);
    let stored: Vec<u32> = bytemuck::pod_collect_to_vec(index);
    let ascends = stored.windows(2).all(|pair| pair[0] < pair[1]);
    let fits = stored.last().is_none_or(|&last| u64::from(last) < header.chunks);
    if !ascends || !fits || stored.first() != Some(&0) || rest.iter().any(|&byte| byte != 0) {
        return Err(damaged("the index"));
    }
    let chunks: Vec<Chunk> = bytemuck::pod_collect_to_vec(stored_chunks);
    if chunks.iter().any(|chunk| chunk.0 == [0; CHUNK_SIZE]) {
        return Err(damaged("a chunk of zeros is stored"));
    }
    Ok(Snapshot { header, name, stored, chunks })
}

impl Snapshot {
    /// Bytes of its file.
    pub fn file_bytes(&self) -> u64 {
        let index = (self.stored.len() * 4).next_multiple_of(CHUNK_SIZE);
        (CHUNK_SIZE + index + self.chunks.len() * CHUNK_SIZE) as u64
    }

    /// The configuration that the journal began with, as the state holds it.
    ///
    /// # Errors
    /// The state's first chunk is not what the header says.
    pub fn genesis(&self) -> Result<Genesis, JournalError> {
        let record = self.chunks.first().map(|chunk| &chunk.0[GENESIS_IN_HEADER..][..size_of::<Genesis>()]);
        let genesis: Genesis = record.map_or(Genesis::zeroed(), bytemuck::pod_read_unaligned);
        if genesis.hash() != Hash256(self.header.genesis_hash) || genesis.validate().is_err() {
            return Err(whole_file(&self.name, Fault::Snapshot("the genesis record")).into());
        }
        Ok(genesis)
    }

    /// The state, whose digest was computed and compared.
    ///
    /// # Errors
    /// The digest or the layout is not what the header says; no memory.
    pub fn state(&self) -> Result<State, JournalError> {
        let damaged = |what| JournalError::from(whole_file(&self.name, Fault::Snapshot(what)));
        let layout = Layout::of(&self.genesis()?);
        if layout.chunks() as u64 != self.header.chunks || layout.hash() != Hash256(self.header.layout_hash) {
            return Err(damaged("the layout"));
        }
        let stored = self.stored.iter().map(|&place| place as usize).zip(&self.chunks);
        let mut state = State::of_chunks(layout, stored).map_err(|error| match error {
            StateError::NoMemory(cause) => io_error("mapping memory for", self.name.as_str())(cause),
            StateError::Open(_) => damaged("the state"),
        })?;
        if state.digest() != Hash256(self.header.state_digest) {
            return Err(damaged("the state digest"));
        }
        let engine = state.attach().map_err(|_| damaged("the state"))?;
        let is_the_one = engine.sequence().0 == self.header.sequence
            && engine.time().0 == self.header.time
            && engine.events_digest().to_bytes() == self.header.events_digest;
        if !is_the_one {
            return Err(damaged("the state is of another command"));
        }
        Ok(state)
    }
}
