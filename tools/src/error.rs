//! What can go wrong, and the exit code that says so.

use std::fmt::Display;
use std::io;

use novate_journal::JournalError;
use novate_journal::replay::ReplayError;
use novate_journal::state::StateError;
use novate_replica::halt::Halted;
use novate_replica::primary::StartError;

use crate::journal::in_folder;

/// Why a verb could not give its result. A check that failed is a result, not an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The input was read but is not what the verb takes.
    #[error("{file}:{line}: expected {expected}, found {found}")]
    Data {
        /// The file as the user named it.
        file: String,
        /// The line, counted from 1, of the decompressed text.
        line: u64,
        /// What the line should have held.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// The input cannot be opened.
    #[error("{file}: expected a readable file, found none: {cause}")]
    Open {
        /// The file as the user named it.
        file: String,
        /// The system's answer.
        cause: io::Error,
    },
    /// A file or folder cannot be made.
    #[error("{file}: it cannot be made: {cause}")]
    Write {
        /// The file as the user named it.
        file: String,
        /// The system's answer.
        cause: io::Error,
    },
    /// What is measured takes nothing any more: the disk has no room, most likely.
    #[error("{folder}: {cause}; --disk chooses another folder")]
    Disk {
        /// The folder as the user named it.
        folder: String,
        /// What was waited for, and what room it takes.
        cause: io::Error,
    },
    /// The journal cannot be opened, read or written.
    #[error("{0}")]
    Journal(#[from] JournalError),
    /// The journal is damaged, and the result says so already.
    #[error("{0}")]
    Told(Box<JournalError>),
    /// The primary did not start.
    #[error("{0}")]
    Start(Box<StartError>),
    /// The primary has halted.
    #[error("{0}")]
    Halted(Box<Halted>),
    /// The primary has ended; why, stopping it tells.
    #[error("the primary has ended")]
    Gone,
    /// There is no memory for the state, or it is none.
    #[error("{0}")]
    State(#[from] StateError),
    /// The command line asks for what cannot be done.
    #[error("{0}")]
    Usage(String),
    /// The command line is no command line of ours; what is wrong with it has been said.
    #[error("see --help")]
    CommandLine,
    /// Somebody wanted it to end early.
    #[error("interrupted: nothing was kept")]
    Interrupted,
    /// Standard output did not take the result.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// The engine refused what it must take: a defect of this program or a lack of memory.
    #[error("{doing}: {cause}")]
    Engine {
        /// What was being done.
        doing: &'static str,
        /// The engine's answer.
        cause: String,
    },
}

impl Error {
    /// A complaint about a line of a file.
    pub(crate) fn data(file: &str, line: u64, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Data { file: file.to_owned(), line, expected: expected.into(), found: found.into() }
    }

    /// The engine's answer to what it must take.
    pub(crate) fn engine(doing: &'static str, cause: impl Display) -> Self {
        Self::Engine { doing, cause: cause.to_string() }
    }

    /// The same, with files of a journal named with their folder.
    pub(crate) fn in_folder(self, folder: &str) -> Self {
        match self {
            Self::Journal(error) => Self::Journal(in_folder(folder, error)),
            Self::Told(error) => Self::Told(Box::new(in_folder(folder, *error))),
            other => other,
        }
    }

    /// The process's exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Data { .. } | Self::Open { .. } | Self::Usage(_) | Self::CommandLine => 2,
            Self::Journal(error) => journal_exit_code(error),
            Self::Told(error) => journal_exit_code(error),
            Self::Start(_)
            | Self::Halted(_)
            | Self::Gone
            | Self::Output(_)
            | Self::Engine { .. }
            | Self::State(_)
            | Self::Disk { .. }
            | Self::Write { .. } => 4,
            Self::Interrupted => 130,
        }
    }

    /// What to say. Nothing where it was said already, or where the reader of standard output went away, as `head`
    /// does: it knows.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::CommandLine => None,
            Self::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe => None,
            other => Some(other.to_string()),
        }
    }
}

/// 2 for what is no journal or one of another kind, 3 for damage, 4 for what the system did not do.
const fn journal_exit_code(error: &JournalError) -> u8 {
    match error {
        JournalError::Damaged(_) => 3,
        JournalError::Locked { .. } | JournalError::Io { .. } => 4,
        _ => 2,
    }
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Journal(error) => Self::Journal(error),
            other => Self::Start(Box::new(other)),
        }
    }
}

impl From<Halted> for Error {
    fn from(halted: Halted) -> Self {
        Self::Halted(Box::new(halted))
    }
}

impl From<ReplayError> for Error {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Journal(error) => Self::Journal(error),
            ReplayError::State(error) => Self::State(error),
            ReplayError::OutOfOrder(error) => Self::engine("applying a command", error),
        }
    }
}
