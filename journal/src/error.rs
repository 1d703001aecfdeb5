//! What can be wrong with a journal: every case says what, where and what to do.

use std::io;

use novate_core::command::COMMAND_SCHEMA_VERSION;
use novate_core::digest::Hash256;
use novate_core::genesis::RULES_VERSIONS;

use crate::format::frame::{FrameKind, NoFrame};
use crate::format::header::HeaderFault;
use crate::format::{FORMAT_VERSION, Position, RELEASE};

/// Why a journal cannot be opened, read or written.
#[non_exhaustive]
#[derive(Debug)]
pub enum JournalError {
    /// There is no journal in the folder: it is missing, or no segment is in it.
    NoJournal {
        /// The folder.
        folder: String,
        /// What was found instead.
        found: &'static str,
    },
    /// A new journal was to begin in a folder that holds something.
    NotEmpty {
        /// The folder.
        folder: String,
        /// The first file in it.
        file: String,
    },
    /// A file of another version than this build reads; it is intact.
    OtherVersion {
        /// The file.
        file: String,
        /// What has another version.
        what: &'static str,
        /// Its version.
        found: u32,
    },
    /// A file of another journal; it is intact.
    OtherGenesis {
        /// The file.
        file: String,
        /// The genesis hash of the journal.
        expected: Hash256,
        /// The genesis hash of the file.
        found: Hash256,
    },
    /// Something in the folder is not what was written.
    Damaged(Damage),
    /// Settings or a configuration that cannot be used.
    Unusable {
        /// What and why.
        what: String,
    },
    /// Somebody else is writing the journal.
    Locked {
        /// The folder.
        folder: String,
    },
    /// What was asked for is beyond what the journal holds.
    Beyond {
        /// What was asked for.
        what: String,
    },
    /// The system did not do what it was asked for.
    Io {
        /// What was being done.
        doing: &'static str,
        /// With which file.
        file: String,
        /// The system's answer.
        cause: io::Error,
    },
}

/// Something in a journal's folder is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// The last sequence before, if any command was read.
    pub after_sequence: u64,
    /// What it is.
    pub fault: Fault,
}

/// What is wrong. Each case is a row of the decision table in `docs/FORMAT.md`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A file that is none of ours.
    ForeignFile,
    /// The control file's sum, magic or reserved bytes are not right.
    Control,
    /// A segment is missing between others, at the beginning, or at the end.
    MissingSegment,
    /// A segment is shorter than its header, or its size is not what the header says.
    SegmentSize {
        /// Bytes that the header says.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// A segment's header.
    SegmentHeader(HeaderFault),
    /// The segment's number is not that of its name.
    SegmentNumber(u32),
    /// The segment's first sequence is not that of its first command.
    FirstSequence {
        /// What follows from the frames.
        expected: u64,
        /// What the header says.
        found: u64,
    },
    /// No frame where one must be.
    NoFrame(NoFrame),
    /// The frame was written to another segment.
    FrameSegment(u32),
    /// The frame was written by an earlier incarnation: a left-over behind the end.
    OlderEpoch {
        /// The epoch in force.
        current: u32,
        /// The frame's.
        found: u32,
    },
    /// The frame's epoch is later than the control file's, or changes within a block.
    LaterEpoch {
        /// The latest possible.
        current: u32,
        /// The frame's.
        found: u32,
    },
    /// A frame's sequence is not the one that comes next.
    Sequence {
        /// The one that comes next.
        expected: u64,
        /// The frame's.
        found: u64,
    },
    /// A frame's time is before that of the command before it.
    Time {
        /// The time of the command before it.
        last: u64,
        /// The frame's.
        found: u64,
    },
    /// A frame of this kind cannot stand there.
    Misplaced(FrameKind),
    /// A payload is not one of its kind, or a field of it contradicts what was read.
    Payload {
        /// The frame's kind.
        kind: FrameKind,
        /// The field.
        field: &'static str,
    },
    /// A chain value is not that of the bytes.
    Chain {
        /// The block that it is stated for.
        block: u64,
        /// The chain value of the bytes.
        computed: Hash256,
        /// What is stated.
        stated: Hash256,
    },
    /// Bytes behind the end of a segment that was left, or of a journal that was closed, are not zero.
    BehindEnd,
    /// A frame kind that is laid out but that no release executes yet.
    Reserved(FrameKind),
    /// A snapshot's header or body.
    Snapshot(&'static str),
    /// A snapshot of a state beyond the journal's end.
    SnapshotBeyond {
        /// The journal's last sequence.
        last: u64,
    },
}

impl Fault {
    /// What should be there, and what is.
    pub fn expected_and_found(&self) -> (String, String) {
        let pair = |expected: &str, found: String| (expected.to_owned(), found);
        match self {
            Self::ForeignFile => pair("only files of this journal", "another".to_owned()),
            Self::Control => pair("an intact control file", "other bytes".to_owned()),
            Self::MissingSegment => pair("this segment", "none".to_owned()),
            Self::SegmentSize { expected, found } => {
                (format!("{expected} bytes, or an end frame"), format!("{found} bytes"))
            }
            Self::SegmentHeader(HeaderFault::Checksum { stated, computed }) => {
                (format!("a segment header with the sum {computed:08x}"), format!("{stated:08x}"))
            }
            Self::SegmentHeader(HeaderFault::Magic) => pair("a segment header", "other bytes".to_owned()),
            Self::SegmentHeader(HeaderFault::Field(field)) => {
                (format!("a segment header whose {field} is right"), "another".to_owned())
            }
            Self::SegmentHeader(
                HeaderFault::Format(version) | HeaderFault::CommandSchema(version) | HeaderFault::Rules(version),
            ) => pair("a segment header of a known version", version.to_string()),
            Self::SegmentNumber(found) => pair("the number in the file's name", found.to_string()),
            Self::FirstSequence { expected, found } => (format!("first sequence {expected}"), found.to_string()),
            Self::NoFrame(NoFrame::Nothing) => pair("a frame", "nothing".to_owned()),
            Self::NoFrame(NoFrame::Length(length)) => pair("a frame", format!("{length}, which is no frame's length")),
            Self::NoFrame(NoFrame::Checksum { stated, computed }) => {
                (format!("a frame with the sum {computed:08x}"), format!("{stated:08x}"))
            }
            Self::NoFrame(NoFrame::PayloadLength(bytes)) => {
                pair("a payload as long as its frame", format!("{bytes} bytes"))
            }
            Self::NoFrame(NoFrame::Kind(kind)) => pair("a frame of a known kind", format!("kind {kind}")),
            Self::NoFrame(NoFrame::NotZero(offset)) => {
                (format!("zeros {offset} bytes into the frame"), "others".to_owned())
            }
            Self::FrameSegment(found) => pair("a frame of this segment", format!("one of segment {found}")),
            Self::OlderEpoch { current, found } => {
                (format!("a frame of epoch {current}"), format!("one of epoch {found}, left over"))
            }
            Self::LaterEpoch { current, found } => (format!("a frame of epoch {current}"), format!("epoch {found}")),
            Self::Sequence { expected, found } => (format!("sequence {expected}"), found.to_string()),
            Self::Time { last, found } => (format!("a time from {last} ns on"), format!("{found} ns")),
            Self::Misplaced(kind) => pair("another kind of frame", kind.name().to_owned()),
            Self::Payload { kind, field } => {
                (format!("a {} whose {field} is right", kind.name()), "another".to_owned())
            }
            Self::Chain { block, computed, stated } => {
                (format!("chain value {computed} of block {block}"), stated.to_string())
            }
            Self::BehindEnd => pair("zeros behind the last frame", "others".to_owned()),
            Self::Reserved(kind) => pair("a frame that this release executes", kind.name().to_owned()),
            Self::Snapshot(what) => pair("an intact snapshot", format!("other bytes: {what}")),
            Self::SnapshotBeyond { last } => {
                (format!("a snapshot of the journal, which ends at sequence {last}"), "a later one".to_owned())
            }
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::ForeignFile => "move it out of the folder",
            Self::Control => {
                "bring it back from a backup, or remove it: `novate recover` makes it anew from the segments that are there"
            }
            Self::MissingSegment => "bring the segment back from a replica or a backup",
            Self::Snapshot(_) | Self::SnapshotBeyond { .. } => {
                "bring it back from a replica or a backup; if no segment was pruned, remove it and take another"
            }
            Self::Reserved(_) => "use a release that executes it",
            Self::OlderEpoch { .. } => "let `novate recover` cut it, if nothing durable lies behind",
            _ => "restore the file from a replica or a backup",
        }
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (expected, found) = self.fault.expected_and_found();
        let Self { file, offset, after_sequence, fault } = self;
        write!(f, "{file}, offset {offset}: expected {expected}, found {found} (after sequence {after_sequence}); ")?;
        f.write_str(fault.remedy())
    }
}

impl std::fmt::Display for JournalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoJournal { folder, found } => {
                write!(f, "{folder}: expected a journal, found {found}; `novate run --journal` begins one")
            }
            Self::NotEmpty { folder, file } => {
                write!(f, "{folder}: expected a new or empty folder, found {file} in it; choose another folder")
            }
            Self::OtherVersion { file, what, found } => write!(
                f,
                "{file}: {what} {found} is not known to this release, {RELEASE}, which reads format {FORMAT_VERSION}, \
                 schema {COMMAND_SCHEMA_VERSION}, rules {RULES_VERSIONS:?}; use the release that wrote it, or a later one"
            ),
            Self::OtherGenesis { file, expected, found } => {
                write!(f, "{file}: expected a file of the journal {expected}, found one of {found}; move it to its own")
            }
            Self::Damaged(damage) => damage.fmt(f),
            Self::Locked { folder } => {
                write!(f, "{folder}: somebody else is writing this journal; stop that writer first")
            }
            Self::Unusable { what } => f.write_str(what),
            Self::Beyond { what } => write!(f, "the journal does not hold {what}"),
            Self::Io { doing, file, cause } => write!(f, "{file}: {doing} failed: {cause}"),
        }
    }
}

impl std::error::Error for JournalError {}

impl From<Damage> for JournalError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// Names what was being done when the system failed.
pub(crate) fn io(doing: &'static str, file: impl Into<String>) -> impl FnOnce(io::Error) -> JournalError {
    let file = file.into();
    move |cause| JournalError::Io { doing, file, cause }
}

/// A want that passes when somebody makes room.
pub(crate) fn is_want_of_room(cause: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, OutOfMemory, QuotaExceeded, StorageFull};
    matches!(cause.kind(), StorageFull | QuotaExceeded | FileTooLarge | OutOfMemory)
}

impl JournalError {
    /// Whether there was no room on the disk, which passes when somebody makes room.
    pub fn is_want_of_room(&self) -> bool {
        matches!(self, Self::Io { cause, .. } if is_want_of_room(cause))
    }

    /// The same, with the last command before it if it is damage that does not say.
    pub(crate) fn after(self, sequence: u64) -> Self {
        match self {
            Self::Damaged(damage) if damage.after_sequence == 0 => {
                Self::Damaged(Damage { after_sequence: sequence, ..damage })
            }
            other => other,
        }
    }
}

impl Damage {
    /// Damage at a position.
    pub(crate) fn at(position: Position, after_sequence: u64, fault: Fault) -> Self {
        let file = crate::format::names::segment(position.segment);
        Self { file, offset: position.offset.into(), after_sequence, fault }
    }
}
