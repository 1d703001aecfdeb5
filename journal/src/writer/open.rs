//! Beginning a journal, and opening one to go on writing it: lock, epoch, and what a crash left.

use std::sync::Arc;

use bytemuck::Zeroable;
use novate_core::digest::EventsDigest;
use novate_core::genesis::Genesis;
use novate_core::units::{Sequence, TimeNs};

use super::flusher::{Begin, Flusher};
use super::preparer::{Preparer, now_ns};
use super::shared::Shared;
use super::{AppendError, Block, Durability, Ready, Writer};
use crate::chain::{Link, Unhashed};
use crate::error::{JournalError, io as io_error};
use crate::folder::Folder;
use crate::format::control::Control;
use crate::format::frame::{FrameHeader, FrameKind, encode};
use crate::format::header::{SEGMENT_BYTES, SEGMENT_HEADER_SIZE, SegmentHeader, is_segment_size};
use crate::format::names::Named;
use crate::format::payload::words;
use crate::format::{Position, names};
use crate::memory::Appender;
use crate::reader::{Chain, Ending, Place, Reader};
use crate::storage::{Lock, Storage};
use crate::walk::Walk;

/// Segments that are kept ready.
const SEGMENTS_AHEAD: usize = 2;

/// How a journal is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of new segments: a multiple of 4 KiB, from there to 1 GiB.
    pub segment_bytes: u32,
    /// When bytes are made durable.
    pub durability: Durability,
}

impl Settings {
    /// Segments of 16 MiB.
    pub const fn new(durability: Durability) -> Self {
        Self { segment_bytes: SEGMENT_BYTES, durability }
    }
}

/// A journal that is open for writing: its three parts, which hold the lock together.
pub struct Opened {
    /// The hot thread's part.
    pub writer: Writer,
    /// Makes bytes durable.
    pub flusher: Flusher,
    /// Makes segments ahead.
    pub preparer: Preparer,
    pub(super) storage: Arc<dyn Storage>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("writer", &self.writer).finish_non_exhaustive()
    }
}

/// Begins a journal in a folder that is new or empty. When this returns, its genesis is durable.
///
/// # Errors
/// The folder holds something, is locked, or cannot be written to; the genesis or the settings are not usable.
pub fn create(storage: Arc<dyn Storage>, genesis: &Genesis, settings: Settings) -> Result<Opened, JournalError> {
    check_settings(&storage, settings)?;
    if let Err(error) = genesis.validate() {
        return Err(JournalError::Unusable { what: error.to_string() });
    }
    if let Some(file) = first_file(&*storage)? {
        return Err(JournalError::NotEmpty { folder: storage.name(), file });
    }
    let lock = take_lock(&*storage)?;
    // Somebody may have begun, and closed, a journal here before we had the lock.
    if let Some(file) = first_file(&*storage)? {
        return Err(JournalError::NotEmpty { folder: storage.name(), file });
    }
    let folder = Folder::read(Arc::clone(&storage))?;
    remove_temporaries(&folder)?;
    let (epoch, hash) = (folder.last_epoch(0).saturating_add(1), genesis.hash());
    let control = Control::new(epoch, 1, 0, hash.0);
    Folder::write_control(&*storage, &control).map_err(io_error("writing", names::CONTROL))?;

    let (name, head) = (names::segment(1), first_segment(genesis, settings.segment_bytes, epoch));
    let temporary = names::temporary(&name);
    let named = storage
        .allocate(&temporary, &head, settings.segment_bytes.into())
        .and_then(|()| storage.rename(&temporary, &name))
        .and_then(|()| storage.sync_names());
    named.map_err(io_error("making the first segment", name.as_str()))?;
    let control = Control::new(epoch, 1, 1, hash.0);
    Folder::write_control(&*storage, &control).map_err(io_error("writing", names::CONTROL))?;

    let position = Position { segment: 1, offset: head.len() as u32 };
    let start = Start {
        genesis: *genesis,
        control,
        position,
        block: Block { index: 1, first_sequence: 1, begin: SEGMENT_HEADER_SIZE, epoch },
        last: (Sequence::ZERO, TimeNs::ZERO),
        chain: Link { block: 0, value: hash },
        is_at_checkpoint: false,
    };
    start.open(storage, lock, settings)
}

/// The first file that a folder holds besides what a crash leaves of a beginning.
fn first_file(storage: &dyn Storage) -> Result<Option<String>, JournalError> {
    let entries = storage.list().map_err(io_error("reading the folder", storage.name()))?;
    let may_stay =
        |name: &str| matches!(names::parse(name), Named::Control | Named::Lock | Named::Counters | Named::Temporary);
    Ok(entries.into_iter().find(|entry| !entry.is_file || !may_stay(&entry.name)).map(|entry| entry.name))
}

/// The first segment's header and genesis frame.
fn first_segment(genesis: &Genesis, segment_bytes: u32, epoch: u32) -> Vec<u8> {
    let mut header = SegmentHeader::new(genesis, 1, segment_bytes, now_ns());
    header.first_sequence = 1;
    let frame = FrameHeader {
        sequence: Sequence::ZERO,
        time: TimeNs::ZERO,
        epoch,
        segment: 1,
        kind: FrameKind::Genesis,
        payload_bytes: size_of::<Genesis>() as u32,
    };
    let mut head = bytemuck::bytes_of(&header).to_vec();
    head.extend_from_slice(bytemuck::cast_slice(&encode(frame, words(genesis))));
    head
}

fn check_settings(storage: &Arc<dyn Storage>, settings: Settings) -> Result<(), JournalError> {
    let unusable = |what| Err(JournalError::Unusable { what });
    if !is_segment_size(settings.segment_bytes) {
        return unusable(format!(
            "{}: segments of {} bytes; expected a multiple of 4096 from 4096 to 1073741824",
            storage.name(),
            settings.segment_bytes
        ));
    }
    if settings.durability == Durability::Interval(0) {
        return unusable(format!("{}: an interval of 0 ms; expected 1 or more", storage.name()));
    }
    Ok(())
}

fn take_lock(storage: &dyn Storage) -> Result<Box<dyn Lock>, JournalError> {
    let lock = storage.lock().map_err(io_error("locking", names::LOCK))?;
    lock.ok_or_else(|| JournalError::Locked { folder: storage.name() })
}

fn remove_temporaries(folder: &Folder) -> Result<(), JournalError> {
    for name in &folder.temporaries {
        match folder.storage().remove(name) {
            // The control file's may have been finished meanwhile.
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(io_error("removing", name.as_str())(cause));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Where writing begins; everything before is durable.
struct Start {
    genesis: Genesis,
    control: Control,
    position: Position,
    block: Block,
    last: (Sequence, TimeNs),
    chain: Link,
    is_at_checkpoint: bool,
}

impl Start {
    fn open(self, storage: Arc<dyn Storage>, lock: Box<dyn Lock>, settings: Settings) -> Result<Opened, JournalError> {
        let shared = Arc::new(Shared::new(SEGMENTS_AHEAD, lock));
        let (number, end) = (self.position.segment, self.position.offset as usize);
        let name = names::segment(number);
        let memory = storage.map(&name, true).map_err(io_error("mapping", name.as_str()))?.0;
        memory.touch().map_err(io_error("touching", name.as_str()))?;
        let ready = Ready { number, memory: Arc::clone(&memory) };
        let epoch = self.control.epoch;
        let begin = Begin {
            ready,
            end,
            first_frame: self.block.begin,
            block: self.block.index,
            chain: self.chain,
            sequence: self.last.0.0,
        };
        let writer = Writer {
            tail: Appender::new(memory, end),
            segment: number,
            epoch,
            sequence: self.last.0.0,
            time: self.last.1.0,
            block: self.block,
            is_at_checkpoint: self.is_at_checkpoint,
            events_digest: EventsDigest::zeroed(),
            chain: self.chain,
            shared: Arc::clone(&shared),
        };
        let beside = (self.genesis, settings.segment_bytes);
        let preparer = Preparer::new(Arc::clone(&storage), Arc::clone(&shared), beside, self.control);
        let flusher = Flusher::new(Arc::clone(&storage), shared, (settings.durability, epoch), begin);
        Ok(Opened { writer, flusher, preparer, storage })
    }
}

/// Commands that are cut off, though they were whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The first one.
    pub first: Sequence,
    /// The last one.
    pub last: Sequence,
}

/// What is to be cut off the end of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// From here on.
    pub position: Position,
    /// Bytes from there to the last one that is not zero.
    pub bytes: u64,
    /// Why what stands there is no frame, or is to be none any more.
    pub why: String,
}

/// What opening for writing would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How the journal ends.
    pub ending: Ending,
    /// What would be cut; none if nothing was torn.
    pub cut: Option<Cut>,
    /// Commands that would be lost; none unless the journal is to be cut back.
    pub lost: Option<Lost>,
    /// Files that would be removed or used for something else: unfinished ones, segments behind the end, and snapshots of
    /// commands that are lost.
    pub left_over: Vec<String>,
    /// Whether the control file is missing, and is made anew.
    pub lacks_control: bool,
    /// The last command that is kept, and its time.
    pub last: (Sequence, TimeNs),
    /// The epoch that the opening would begin.
    pub epoch: u32,
}

/// A journal that is being opened for writing: locked, and read to its end by whoever opens it.
pub struct Opening {
    lock: Box<dyn Lock>,
    reader: Reader,
    from: Option<Place>,
    genesis: Option<Genesis>,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening").field("reader", &self.reader).finish_non_exhaustive()
    }
}

impl Opening {
    /// Takes the lock, and begins to read: from the beginning, or from a place, of which the state is known from a snapshot.
    ///
    /// # Errors
    /// The journal is locked, or cannot be read.
    pub fn lock(
        storage: Arc<dyn Storage>,
        from: Option<&Place>,
        genesis: Option<Genesis>,
    ) -> Result<Self, JournalError> {
        // A folder without a journal gets no lock file either.
        let folder = Folder::read_to_gap(Arc::clone(&storage))?;
        if folder.segments.is_empty() {
            return Err(folder.no_journal());
        }
        let lock = take_lock(&*storage)?;
        let from = from.copied();
        Ok(Self { lock, reader: read_from(storage, from.as_ref())?, from, genesis })
    }

    /// The reader, to be read until it returns none.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// What opening would change, once all was read; nothing was changed yet.
    ///
    /// # Errors
    /// Reading on finds damage.
    pub fn plan(&mut self) -> Result<Plan, JournalError> {
        while self.reader.next()?.is_some() {}
        let ending = self.reader.ending().cloned().unwrap_or(Ending::Closed);
        let cut = match &ending {
            Ending::Open { position, torn_bytes, fault } if *torn_bytes > 0 || fault.is_some() => {
                let found = fault.as_ref().map_or("nothing".to_owned(), |fault| fault.expected_and_found().1);
                Some(Cut { position: *position, bytes: *torn_bytes, why: format!("expected a frame, found {found}") })
            }
            _ => None,
        };
        let (folder, last) = (self.reader.folder(), self.reader.sequence());
        // Behind a clean close there can be no snapshot.
        let left_over = self.left_over(self.reader.position(), (ending != Ending::Closed).then_some(last.0));
        let epoch = folder.last_epoch(self.reader.walk().epoch).saturating_add(1);
        let lacks_control = folder.control.is_none();
        Ok(Plan { ending, cut, lost: None, left_over, lacks_control, last, epoch })
    }

    /// What cutting the journal back would change: to the end of the last block all of whose commands are before `sequence`,
    /// or to the genesis. Nothing was changed yet.
    ///
    /// # Errors
    /// As [`Opening::plan`]: damage is no reason to give commands up. [`JournalError::Beyond`] if the journal does not hold
    /// the command, or not what comes before it.
    pub fn plan_before(&mut self, sequence: Sequence) -> Result<Plan, JournalError> {
        let whole = self.plan()?;
        let end = self.end_before(sequence)?;
        let behind = read_from(Arc::clone(self.reader.folder().storage()), Some(&end))?;
        let why = format!("cut back to before command {sequence}");
        let cut = Cut { position: end.position, bytes: behind.used_behind()?, why };
        let lost = Lost { first: Sequence(end.sequence.0.saturating_add(1)), last: whole.last.0 };
        let left_over = self.left_over(end.position, Some(end.sequence));
        Ok(Plan { cut: Some(cut), lost: Some(lost), left_over, last: (end.sequence, end.time), ..whole })
    }

    /// Where the last block ends whose commands are all before one that the journal holds; behind the genesis, if none is.
    fn end_before(&self, sequence: Sequence) -> Result<Place, JournalError> {
        let (first, last) = (self.from.map_or(1, |from| from.sequence.0.saturating_add(1)), self.reader.sequence().0);
        let beyond = |what| Err(JournalError::Beyond { what });
        if sequence > last {
            return beyond(format!("command {sequence}; its last is {last}"));
        }
        if sequence.0 < first && self.from.is_some() {
            return beyond(format!("what is before command {sequence}, which was pruned; name one from {first} on"));
        }
        if sequence.0 < first {
            return beyond(format!("command {sequence}; its first is {first}"));
        }
        let mut reader = read_from(Arc::clone(self.reader.folder().storage()), self.from.as_ref())?;
        let mut end = reader.place();
        while let Some(frame) = reader.next()?.filter(|frame| frame.raw.sequence() < sequence) {
            if matches!(frame.raw.kind(), FrameKind::Genesis | FrameKind::Seal) {
                end = reader.place();
            }
        }
        Ok(end)
    }

    /// Files that are of no use where the journal ends at a place, and, unless it was closed there, with a command.
    fn left_over(&self, end: Position, last: Option<Sequence>) -> Vec<String> {
        let folder = self.reader.folder();
        let behind = folder.segments.iter().filter(|file| file.number > end.segment);
        let mut left_over: Vec<String> = behind.map(|file| names::segment(file.number)).collect();
        left_over.extend(folder.temporaries.iter().cloned());
        // Snapshots of commands that are not there any more would be in the way of what comes in their place.
        let beyond = folder.snapshots.iter().filter(|&&snapshot| last.is_some_and(|last| snapshot > last.0));
        left_over.extend(beyond.map(|&snapshot| names::snapshot(snapshot)));
        left_over
    }

    /// Cuts what a crash left and begins a new epoch, without going on to write.
    ///
    /// # Errors
    /// As [`Opening::plan`]; the folder cannot be written to.
    pub fn recover(mut self) -> Result<Plan, JournalError> {
        let plan = self.plan()?;
        self.carry_out(plan)
    }

    /// Cuts the journal back as [`Opening::plan_before`] says and begins a new epoch, without going on to write. These commands
    /// are lost, though they may have been durable, and their events told.
    ///
    /// Whenever the power goes meanwhile, the journal that is left is whole: until the last step it still holds the command,
    /// and the same call goes on from there.
    ///
    /// # Errors
    /// As [`Opening::plan_before`]; the folder cannot be written to, or has no room for one more segment.
    pub fn recover_before(mut self, sequence: Sequence) -> Result<Plan, JournalError> {
        let plan = self.plan_before(sequence)?;
        self.carry_out(plan)
    }

    fn carry_out(self, plan: Plan) -> Result<Plan, JournalError> {
        let control = self.raise_epoch(&plan)?;
        self.cut(&plan, control)?;
        // Nobody goes on to write here, so what was taken away is no room for anything.
        remove_temporaries(&Folder::read(Arc::clone(self.reader.folder().storage()))?)?;
        Ok(plan)
    }

    /// Cuts what a crash left, begins a new epoch and goes on to write. `events_digest` is the engine's after the last
    /// command: with it a block that the crash left open is sealed.
    ///
    /// # Errors
    /// As [`Opening::recover`].
    pub fn open(mut self, settings: Settings, events_digest: EventsDigest) -> Result<Opened, JournalError> {
        let storage = Arc::clone(self.reader.folder().storage());
        check_settings(&storage, settings)?;
        let genesis = match self.genesis {
            Some(genesis) => genesis,
            None => self.reader.genesis()?,
        };
        let plan = self.plan()?;
        let control = self.raise_epoch(&plan)?;
        let control = self.cut(&plan, control)?;
        let Self { lock, reader, .. } = self;
        let end = reader.position();
        let (walk, unhashed) = reader.into_parts();
        let start = start(&*storage, &walk, unhashed, (genesis, settings, control), end)?;
        let mut opened = start.open(storage, lock, settings)?;
        if opened.writer.has_open_block() {
            opened.writer.seal(events_digest).map_err(|error| poisoned(&error))?;
        }
        opened.writer.events_digest = events_digest;
        Ok(opened)
    }

    /// Raises the epoch before anything else is changed.
    fn raise_epoch(&self, plan: &Plan) -> Result<Control, JournalError> {
        let folder = self.reader.folder();
        let oldest = folder.segments.first().map_or(1, |file| file.number);
        let newest = folder.segments.last().map_or(0, |file| file.number);
        let control = Control::new(plan.epoch, oldest, newest, self.reader.genesis_hash().0);
        Folder::write_control(&**folder.storage(), &control)
            .map_err(io_error("raising the epoch in", names::CONTROL))?;
        Ok(control)
    }

    /// Takes away what is behind the end: snapshots, segments, and in the end the rest of the last segment.
    fn cut(&self, plan: &Plan, control: Control) -> Result<Control, JournalError> {
        let (folder, cut) = (self.reader.folder(), plan.cut.as_ref());
        let (storage, last) = (folder.storage(), cut.map_or(self.reader.position(), |cut| cut.position).segment);
        self.sync_kept(last)?;
        remove_temporaries(folder)?;
        // Where there is no room for it, nothing is lost yet.
        let copy = match (cut, plan.lost) {
            (Some(cut), Some(_)) => Some(self.copy_kept(cut.position)?),
            _ => None,
        };
        for name in plan.left_over.iter().filter(|name| matches!(names::parse(name), Named::Snapshot(_))) {
            storage.remove(name).map_err(io_error("removing", name.as_str()))?;
        }
        storage.sync_names().map_err(io_error("removing files in", storage.name()))?;
        // First the control file, so that no segment is missing at any moment.
        let control = Control::new(control.epoch, control.oldest_segment, last, control.genesis_hash);
        Folder::write_control(&**storage, &control).map_err(io_error("writing", names::CONTROL))?;
        // The newest first: a crash in between leaves no gap.
        for file in folder.segments.iter().rev().filter(|file| file.number > last) {
            let name = names::segment(file.number);
            // What has a temporary name is room for the next segments.
            let moved = storage.rename(&name, &names::temporary(&name)).and_then(|()| storage.sync_names());
            moved.map_err(io_error("taking away", name.as_str()))?;
        }
        if let Some(Cut { position, .. }) = cut {
            let name = names::segment(position.segment);
            let done = match copy {
                Some(copy) => storage.rename(&copy, &name).and_then(|()| storage.sync_names()),
                None => storage.zero_from(&name, position.offset.into()),
            };
            done.map_err(io_error("cutting", name.as_str()))?;
        }
        Ok(control)
    }

    /// Makes a segment anew, under a temporary name, with what it holds before a place, as long as it was before any clean
    /// close. What was published never changes: whoever reads the old file has it until then.
    fn copy_kept(&self, end: Position) -> Result<String, JournalError> {
        let (folder, name) = (self.reader.folder(), names::segment(end.segment));
        let (storage, temporary) = (folder.storage(), names::temporary(&name));
        let segment_bytes = folder.open_segment(end.segment, false)?.header.segment_bytes;
        let mut kept = storage.read(&name).map_err(io_error("reading", name.as_str()))?;
        kept.truncate(end.offset as usize);
        if let Err(cause) = storage.allocate(&temporary, &kept, segment_bytes.into()) {
            // On a full disk half of one would only take room.
            let _ = storage.remove(&temporary);
            return Err(io_error("copying what is kept of", name)(cause));
        }
        Ok(temporary)
    }

    /// What is kept may never have been made durable, if only the process died; also a last end frame. Pages that could not be
    /// written once may pass for written since, so they are written to first.
    fn sync_kept(&self, last: u32) -> Result<(), JournalError> {
        let (folder, first) = (self.reader.folder(), self.reader.walk().durable.segment);
        for file in folder.segments.iter().filter(|file| (first.max(1)..=last).contains(&file.number)) {
            let segment = folder.open_segment(file.number, true)?;
            let synced = segment.memory.touch().and_then(|()| segment.memory.sync(0, segment.memory.len()));
            synced.map_err(io_error("making durable", names::segment(file.number)))?;
        }
        Ok(())
    }
}

/// A reader at the journal's beginning, or at a place.
fn read_from(storage: Arc<dyn Storage>, from: Option<&Place>) -> Result<Reader, JournalError> {
    match from {
        None => Reader::open(storage, Chain::Ignored),
        Some(place) => Reader::open_at(storage, Chain::Ignored, place),
    }
}

/// Where writing goes on: behind the last frame, or in a new segment where the journal was closed.
fn start(
    storage: &dyn Storage,
    walk: &Walk,
    unhashed: Unhashed,
    (genesis, settings, control): (Genesis, Settings, Control),
    end: Position,
) -> Result<Start, JournalError> {
    let chain = walk.closing_link().unwrap_or_else(|| unhashed.finish());
    let last = (Sequence(walk.sequence), TimeNs(walk.time));
    let index = walk.block.index.unwrap_or(1);
    let mut block = Block {
        index,
        first_sequence: walk.block.first_sequence,
        begin: walk.block.begin.offset as usize,
        epoch: walk.block.epoch.unwrap_or(control.epoch),
    };
    let (mut control, mut position) = (control, end);
    if walk.closed.is_some() {
        let number = control.newest_segment.saturating_add(1);
        let mut header = SegmentHeader::new(&genesis, number, settings.segment_bytes, now_ns());
        header.first_sequence = walk.sequence + 1;
        let name = names::segment(number);
        let temporary = names::temporary(&name);
        let named = storage
            .allocate(&temporary, bytemuck::bytes_of(&header), settings.segment_bytes.into())
            .and_then(|()| storage.rename(&temporary, &name))
            .and_then(|()| storage.sync_names());
        named.map_err(io_error("making the next segment", name.as_str()))?;
        control = Control::new(control.epoch, control.oldest_segment, number, control.genesis_hash);
        Folder::write_control(storage, &control).map_err(io_error("writing", names::CONTROL))?;
        position = Position { segment: number, offset: SEGMENT_HEADER_SIZE as u32 };
        block.begin = SEGMENT_HEADER_SIZE;
    }
    Ok(Start { genesis, control, position, block, last, chain, is_at_checkpoint: walk.is_at_checkpoint() })
}

fn poisoned(error: &AppendError) -> JournalError {
    let cause = std::io::Error::other(error.to_string());
    JournalError::Io { doing: "sealing", file: "the journal".to_owned(), cause }
}
