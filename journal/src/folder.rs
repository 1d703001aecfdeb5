//! A journal's folder: which files are there, and whether they are all and only those that may be.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use novate_core::digest::Hash256;

use crate::error::{Damage, Fault, JournalError, io as io_error};
use crate::format::control::{Control, NoControl};
use crate::format::header::{HeaderFault, SEGMENT_HEADER_SIZE, SegmentHeader};
use crate::format::names::{self, Named};
use crate::format::{FORMAT_VERSION, Position, header};
use crate::memory::Memory;
use crate::storage::{Entry, Storage};

/// How often the folder is looked at before a segment is said to be missing.
const LOOKS: u32 = 4;
/// How long to wait between these looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// A segment's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFile {
    /// Its number.
    pub number: u32,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What is in the folder.
#[derive(Clone)]
pub struct Folder {
    storage: Arc<dyn Storage>,
    /// The control file, if it is there.
    pub control: Option<Control>,
    /// The segments, in order and without gaps.
    pub segments: Vec<SegmentFile>,
    /// The segment that is missing behind them.
    pub gap: Option<u32>,
    /// The sequences of the snapshots, in order.
    pub snapshots: Vec<u64>,
    /// Files that were not finished.
    pub temporaries: Vec<String>,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folder")
            .field("name", &self.storage.name())
            .field("segments", &self.segments)
            .field("snapshots", &self.snapshots)
            .finish_non_exhaustive()
    }
}

/// A mapped segment whose header was checked.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    pub(crate) memory: Arc<Memory>,
    pub(crate) bytes: u64,
}

impl Segment {
    /// The first command's sequence, as the writer stored it when it moved here; 0 before.
    pub(crate) fn first_sequence(&self) -> u64 {
        self.memory.word(header::FIRST_SEQUENCE_OFFSET)
    }

    /// Where frames begin.
    pub(crate) fn begin(&self) -> Position {
        Position { segment: self.header.segment, offset: SEGMENT_HEADER_SIZE as u32 }
    }

    /// Whether the file is as long as its header says: a clean close cuts the last segment, nothing else does.
    pub(crate) fn is_whole(&self) -> bool {
        self.bytes == u64::from(self.header.segment_bytes)
    }
}

impl Folder {
    /// Looks at the folder's files, and into the control file.
    ///
    /// # Errors
    /// There is no folder, a file is none of ours, a segment is missing, the control file is damaged. A folder without
    /// segments is no error here.
    pub fn read(storage: Arc<dyn Storage>) -> Result<Self, JournalError> {
        let folder = Self::read_to_gap(storage)?;
        match folder.gap {
            Some(missing) => Err(whole_file(&names::segment(missing), Fault::MissingSegment).into()),
            None => Ok(folder),
        }
    }

    /// The same for who reads in order: a segment that is missing behind others is no error yet, but a [`Folder::gap`], and
    /// segments behind it are not among the folder's.
    ///
    /// # Errors
    /// As [`Folder::read`].
    pub fn read_to_gap(storage: Arc<dyn Storage>) -> Result<Self, JournalError> {
        for _ in 1..LOOKS {
            let looked = Self::look(Arc::clone(&storage));
            let lacks_segment = match &looked {
                Ok(folder) => folder.gap.is_some(),
                Err(JournalError::Damaged(damage)) => damage.fault == Fault::MissingSegment,
                Err(_) => false,
            };
            // Somebody may have made or removed segments between our two looks.
            if !lacks_segment || !storage.is_shared() {
                return looked;
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        Self::look(storage)
    }

    fn look(storage: Arc<dyn Storage>) -> Result<Self, JournalError> {
        let name = storage.name();
        let no_journal = |found| JournalError::NoJournal { folder: name.clone(), found };
        let entries = match storage.list() {
            Ok(entries) => entries,
            Err(cause) => {
                return Err(match cause.kind() {
                    io::ErrorKind::NotFound => no_journal("no folder"),
                    io::ErrorKind::NotADirectory => no_journal("a file"),
                    io::ErrorKind::PermissionDenied => no_journal("a folder that may not be read"),
                    _ => io_error("reading the folder", name)(cause),
                });
            }
        };
        let mut folder = Self {
            storage,
            control: None,
            segments: Vec::new(),
            gap: None,
            snapshots: Vec::new(),
            temporaries: Vec::new(),
        };
        let has_segment = |entry: &Entry| entry.is_file && matches!(names::parse(&entry.name), Named::Segment(_));
        // What holds no segment is somebody else's folder, not a damaged journal.
        let is_journal = entries.iter().any(has_segment);
        for entry in entries {
            match names::parse(&entry.name) {
                named if is_journal && (!entry.is_file || named == Named::Foreign) => return Err(foreign(entry.name)),
                _ if !entry.is_file => {}
                Named::Control => folder.control = Some(folder.read_control()?),
                Named::Lock | Named::Counters | Named::Foreign => {}
                Named::Segment(number) => folder.segments.push(SegmentFile { number, bytes: entry.bytes }),
                Named::Snapshot(sequence) => folder.snapshots.push(sequence),
                Named::Temporary => folder.temporaries.push(entry.name),
            }
        }
        folder.segments.sort_by_key(|segment| segment.number);
        folder.snapshots.sort_unstable();
        folder.find_unlisted();
        folder.check_numbers()?;
        Ok(folder)
    }

    /// The control file as it is now; none if it is gone or damaged.
    pub(crate) fn control_now(&self) -> Option<Control> {
        self.read_control().ok()
    }

    fn read_control(&self) -> Result<Control, JournalError> {
        let bytes = self.storage.read(names::CONTROL).map_err(io_error("reading", names::CONTROL))?;
        Control::from_bytes(&bytes).map_err(|fault| match fault {
            NoControl::Damaged => whole_file(names::CONTROL, Fault::Control).into(),
            NoControl::Format(found) => other_version(names::CONTROL.to_owned(), "journal format", found),
        })
    }

    /// A list of a large folder may pass over a file that was renamed meanwhile: a segment that it lacks is asked for by name.
    fn find_unlisted(&mut self) {
        let Some(first) = self.segments.first().map(|file| file.number) else { return };
        let listed = self.segments.last().map_or(first, |file| file.number);
        let newest = self.control.map_or(listed, |control| control.newest_segment.max(listed));
        let oldest = self.control.map_or(first, |control| control.oldest_segment.max(1).min(first));
        let mut found = Vec::new();
        for number in oldest..=newest {
            if self.segments.binary_search_by_key(&number, |file| file.number).is_ok() {
                continue;
            }
            // The first one that is not there either is missing.
            let Ok(bytes) = self.storage.bytes(&names::segment(number)) else { break };
            found.push(SegmentFile { number, bytes });
        }
        self.segments.append(&mut found);
        self.segments.sort_by_key(|file| file.number);
    }

    /// Segments are numbered from 1, or from what the control file says of a pruned journal, without gaps, up to at least
    /// what the control file says.
    fn check_numbers(&mut self) -> Result<(), JournalError> {
        let missing = |number| Err(whole_file(&names::segment(number), Fault::MissingSegment).into());
        let Some(first) = self.segments.first() else {
            return match self.control {
                Some(control) if control.newest_segment > 0 => missing(control.oldest_segment),
                _ => Ok(()),
            };
        };
        // Without a control file, a snapshot is the only reason why a journal may begin later.
        let oldest = self.control.map_or(1, |control| control.oldest_segment.max(1));
        let may_be_pruned = self.control.is_none() && !self.snapshots.is_empty();
        if first.number > oldest && !may_be_pruned {
            return missing(oldest);
        }
        let (begin, newest) = (first.number, self.control.map_or(0, |control| control.newest_segment));
        let (in_order, last) = self
            .segments
            .iter()
            .zip(begin..)
            .take_while(|(file, next)| file.number == *next)
            .fold((0, begin), |(count, _), (file, _)| (count + 1, file.number));
        if in_order < self.segments.len() || newest > last {
            self.segments.truncate(in_order);
            self.gap = last.checked_add(1);
        }
        Ok(())
    }

    /// The storage.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// Whether a new journal may begin here: no segment and no snapshot, at most what a crash leaves of a beginning.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.snapshots.is_empty()
    }

    /// The error for a folder without segments.
    pub(crate) fn no_journal(&self) -> JournalError {
        JournalError::NoJournal { folder: self.storage.name(), found: "no segment" }
    }

    /// Maps a segment and checks its header.
    pub(crate) fn open_segment(&self, number: u32, is_writable: bool) -> Result<Segment, JournalError> {
        let name = names::segment(number);
        let damaged = |fault| JournalError::from(whole_file(&name, fault));
        let bytes = self.segments.iter().find(|segment| segment.number == number).map_or(0, |segment| segment.bytes);
        if bytes < SEGMENT_HEADER_SIZE as u64 {
            let fault = Fault::SegmentSize { expected: SEGMENT_HEADER_SIZE as u64, found: bytes };
            return Err(damaged(fault));
        }
        let mapped = self.storage.map(&name, is_writable).map_err(io_error("mapping", name.as_str()))?;
        let mut words = [0_u64; SEGMENT_HEADER_SIZE / 8];
        mapped.0.copy_words(0, &mut words);
        let header: SegmentHeader = bytemuck::must_cast(words);
        match header.check() {
            Ok(()) => {}
            Err(HeaderFault::Format(found)) => return Err(other_version(name, "journal format", found)),
            Err(HeaderFault::CommandSchema(found)) => return Err(other_version(name, "command schema", found)),
            Err(HeaderFault::Rules(found)) => return Err(other_version(name, "rules version", found)),
            Err(fault) => return Err(damaged(Fault::SegmentHeader(fault))),
        }
        if header.segment != number {
            return Err(damaged(Fault::SegmentNumber(header.segment)));
        }
        if bytes > u64::from(header.segment_bytes) || !bytes.is_multiple_of(8) {
            return Err(damaged(Fault::SegmentSize { expected: header.segment_bytes.into(), found: bytes }));
        }
        Ok(Segment { header, memory: mapped.0, bytes })
    }

    /// The same, for a segment of a journal that is known.
    pub(crate) fn open_own_segment(&self, number: u32, genesis: Hash256) -> Result<Segment, JournalError> {
        let segment = self.open_segment(number, false)?;
        let found = segment.header.genesis();
        if found != genesis {
            return Err(JournalError::OtherGenesis { file: names::segment(number), expected: genesis, found });
        }
        Ok(segment)
    }

    /// Makes everything durable that lies before a place: frames that nobody has made durable yet may be lost, and what stands
    /// on them must not outlive them. The writer, if there is one, waits for at most one page.
    pub(crate) fn make_durable(storage: &dyn Storage, to: Position) -> Result<(), JournalError> {
        let entries = storage.list().map_err(io_error("reading the folder", storage.name()))?;
        for entry in entries.iter().filter(|entry| entry.is_file) {
            let Named::Segment(number) = names::parse(&entry.name) else { continue };
            if number > to.segment {
                continue;
            }
            let error = |cause| io_error("making durable", entry.name.as_str())(cause);
            let memory = storage.map(&entry.name, false).map_err(error)?.0;
            let end = if number == to.segment { memory.len().min(to.offset as usize) } else { memory.len() };
            memory.sync(0, end).map_err(error)?;
        }
        Ok(())
    }

    /// Replaces the control file, durably.
    pub(crate) fn write_control(storage: &dyn Storage, control: &Control) -> io::Result<()> {
        let temporary = names::temporary(names::CONTROL);
        storage.write(&temporary, bytemuck::bytes_of(control))?;
        storage.rename(&temporary, names::CONTROL)?;
        storage.sync_names()
    }

    /// The epoch of the last opening for writing, as far as the control file and the given frames tell.
    pub(crate) fn last_epoch(&self, of_frames: u32) -> u32 {
        self.control.map_or(0, |control| control.epoch).max(of_frames)
    }
}

fn foreign(name: String) -> JournalError {
    JournalError::Damaged(Damage { file: name, offset: 0, after_sequence: 0, fault: Fault::ForeignFile })
}

/// Damage of a whole file.
pub(crate) fn whole_file(name: &str, fault: Fault) -> Damage {
    Damage { file: name.to_owned(), offset: 0, after_sequence: 0, fault }
}

pub(crate) fn other_version(file: String, what: &'static str, found: u32) -> JournalError {
    debug_assert!(what != "journal format" || found != FORMAT_VERSION);
    JournalError::OtherVersion { file, what, found }
}
