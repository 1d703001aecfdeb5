//! Writing what is fed to a journal, before it is applied.

use std::io::ErrorKind;
use std::thread;

use novate_core::command::RawCommand;
use novate_core::digest::EventsDigest;
use novate_core::genesis::Genesis;
use novate_core::units::{Sequence, TimeNs};
use novate_journal::storage::DiskStorage;
use novate_journal::writer::{AppendError, Background, Settings, Writer, create};

use crate::error::Error;

/// A journal that is being written.
#[derive(Debug)]
pub(crate) struct Journaling {
    writer: Writer,
    background: Background,
}

impl Journaling {
    /// Begins a journal in a folder that is new or empty.
    ///
    /// # Errors
    /// It holds something, or cannot be written to.
    pub(crate) fn begin(folder: &DiskStorage, genesis: &Genesis, settings: Settings) -> Result<Self, Error> {
        folder.create_folder().map_err(|cause| {
            let file = folder.folder().display().to_string();
            match cause.kind() {
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Error::Usage(format!(
                    "{file}: expected a new or empty folder, found a file in its place; choose another folder"
                )),
                _ => Error::Write { file, cause },
            }
        })?;
        let opened = create(std::sync::Arc::new(folder.clone()), genesis, settings)?;
        let (writer, background) = opened.start()?;
        Ok(Self { writer, background })
    }

    /// Writes a command; `before` is the digest of all events before it.
    #[inline]
    pub(crate) fn append(
        &mut self,
        sequence: Sequence,
        time: TimeNs,
        command: RawCommand<'_>,
        before: EventsDigest,
    ) -> Result<(), Error> {
        loop {
            match self.writer.append(sequence, time, command) {
                Ok(()) => return Ok(()),
                Err(AppendError::SealFirst) => self.seal(before)?,
                // A recorded flow can wait for the disk.
                Err(AppendError::NotReady) => thread::yield_now(),
                Err(error) => return Err(Error::engine("writing the journal", error)),
            }
        }
    }

    /// Ends the block.
    pub(crate) fn seal(&mut self, events_digest: EventsDigest) -> Result<(), Error> {
        self.writer.seal(events_digest).map_err(|error| Error::engine("writing the journal", error))
    }

    /// Closes the journal.
    pub(crate) fn close(self, events_digest: EventsDigest) -> Result<(), Error> {
        self.background.close(self.writer, events_digest)?;
        Ok(())
    }
}
