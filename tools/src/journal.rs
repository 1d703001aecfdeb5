//! What the verbs that read a journal have in common: its folder, how it ends, and their results.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::units::Sequence;
use novate_journal::reader::Ending;
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::{Damage, JournalError};
use serde::Serialize;

use crate::output::{Listing, tell};

/// The journal that a verb reads: always its first argument.
#[derive(Clone, Debug, Args)]
pub(crate) struct JournalArg {
    /// The journal: a folder of segments.
    #[arg(value_name = "DIR")]
    pub(crate) journal: PathBuf,
}

impl JournalArg {
    /// The folder.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        storage(&self.journal)
    }
}

/// A folder on the disk.
pub(crate) fn storage(folder: &Path) -> Arc<dyn Storage> {
    Arc::new(DiskStorage::new(folder))
}

/// An error whose file is named with the folder, unless it is already.
pub(crate) fn in_folder(folder: &str, error: JournalError) -> JournalError {
    let joined = |file: String| in_its_folder(folder, &file);
    match error {
        JournalError::Damaged(damage) => {
            let file = joined(damage.file);
            JournalError::Damaged(Damage { file, ..damage })
        }
        JournalError::OtherVersion { file, what, found } => {
            JournalError::OtherVersion { file: joined(file), what, found }
        }
        JournalError::OtherGenesis { file, expected, found } => {
            JournalError::OtherGenesis { file: joined(file), expected, found }
        }
        JournalError::Io { doing, file, cause } => JournalError::Io { doing, file: joined(file), cause },
        JournalError::Beyond { what } => JournalError::Beyond { what: format!("{what} (in {folder})") },
        named => named,
    }
}

fn in_its_folder(folder: &str, file: &str) -> String {
    if Path::new(file).starts_with(folder) {
        return file.to_owned();
    }
    Path::new(folder).join(file).display().to_string()
}

/// Says on standard error that a journal has a torn tail, if it has one: no damage, but not nothing either.
pub(crate) fn note_torn_tail(folder: &str, ending: Option<&Ending>) {
    if let Some(ending @ Ending::Open { torn_bytes, fault, .. }) = ending
        && (*torn_bytes > 0 || fault.is_some())
    {
        tell(format_args!("{folder}: {}", ending_text(ending)));
    }
}

/// What a replay came to. The names are those of every verb's result.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ResultObject {
    pub(crate) sequence: u64,
    pub(crate) events_digest: String,
    pub(crate) state_digest: String,
    pub(crate) commands: u64,
    pub(crate) commands_per_second: u64,
}

impl ResultObject {
    pub(crate) fn new(
        sequence: Sequence,
        (events_digest, state_digest): (EventsDigest, Hash256),
        commands: u64,
        elapsed: Duration,
    ) -> Self {
        let rate = u128::from(commands) * 1_000_000_000 / elapsed.as_nanos().max(1);
        Self {
            sequence: sequence.0,
            events_digest: events_digest.to_string(),
            state_digest: state_digest.to_string(),
            commands,
            commands_per_second: u64::try_from(rate).unwrap_or(u64::MAX),
        }
    }

    /// The same for people.
    pub(crate) fn list(&self, listing: &mut Listing) {
        listing.row("sequence", &self.sequence);
        listing.row("events digest", &self.events_digest);
        listing.row("state digest", &self.state_digest);
        listing.row("commands", &self.commands);
        listing.row("commands per second", &self.commands_per_second);
    }
}

/// The first damage, as JSON.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DamageObject {
    file: String,
    offset: u64,
    /// The last command before it; 0 where none was read.
    after_sequence: u64,
    expected: String,
    found: String,
    remedy: &'static str,
}

impl DamageObject {
    /// The damage that an error is, if it is one, its file named with the folder.
    pub(crate) fn of(folder: &str, error: &JournalError) -> Option<Self> {
        let JournalError::Damaged(Damage { file, offset, after_sequence, fault }) = error else { return None };
        let (expected, found) = fault.expected_and_found();
        let (file, remedy) = (in_its_folder(folder, file), fault.remedy());
        Some(Self { file, offset: *offset, after_sequence: *after_sequence, expected, found, remedy })
    }
}

/// That a journal is damaged, as the result of a verb that came to none.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DamagedObject {
    /// The folder as it was named; none where it is one of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) journal: Option<String>,
    pub(crate) damage: DamageObject,
}

/// How a journal ends, as JSON.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EndingObject {
    /// Whether it was closed.
    pub(crate) closed: bool,
    /// Bytes that a crash left behind the last frame; `novate recover` cuts them.
    pub(crate) torn_bytes: u64,
    /// Where they begin: the end of what is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) torn_at: Option<String>,
}

impl From<&Ending> for EndingObject {
    fn from(ending: &Ending) -> Self {
        match ending {
            Ending::Closed => Self { closed: true, torn_bytes: 0, torn_at: None },
            Ending::Open { position, torn_bytes, fault } => {
                let is_torn = *torn_bytes > 0 || fault.is_some();
                Self { closed: false, torn_bytes: *torn_bytes, torn_at: is_torn.then(|| position.to_string()) }
            }
        }
    }
}

/// How a journal ends, in words.
pub(crate) fn ending_text(ending: &Ending) -> String {
    match ending {
        Ending::Closed => "closed".to_owned(),
        Ending::Open { torn_bytes: 0, fault: None, .. } => "not closed; nothing is torn".to_owned(),
        Ending::Open { position, torn_bytes, fault } => {
            let found = fault.as_ref().map_or_else(|| "nothing".to_owned(), |fault| fault.expected_and_found().1);
            format!(
                "not closed; a torn tail of {torn_bytes} bytes at {position} (found {found}): `novate recover` cuts it"
            )
        }
    }
}
