//! What is past: the journal's commands replayed, a few at a time, on the thread of whoever reads.

use std::io::ErrorKind;
use std::sync::Arc;

use novate_core::arena::Dirty;
use novate_core::engine::{Engine, Sequenced};
use novate_core::event::{Event, EventWord};
use novate_core::sink::EventSink;
use novate_core::units::Sequence;
use novate_journal::JournalError;
use novate_journal::folder::Folder;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::{Halt, Replay, Watch};
use novate_journal::snapshot::{self, Snapshot};
use novate_journal::storage::Storage;

use super::FeedError;

/// Commands that are replayed at once, at most: so many commands' events are in memory.
pub(super) const STEP_COMMANDS: u64 = 1_024;

/// The epoch that a command of the journal was written in.
pub(super) fn epoch_of(storage: &Arc<dyn Storage>, command: Sequence) -> Result<u32, FeedError> {
    let mut reader = match newest_before(storage, command)? {
        Some(kept) => Reader::open_at(Arc::clone(storage), Chain::Ignored, &kept.header.place())?,
        None => Reader::open(Arc::clone(storage), Chain::Ignored)?,
    };
    while reader.sequence().0 < command && reader.next()?.is_some() {}
    Ok(reader.walk().epoch)
}

/// The newest snapshot before a command; none if there is none, and all begins with genesis.
fn newest_before(storage: &Arc<dyn Storage>, command: Sequence) -> Result<Option<Snapshot>, FeedError> {
    loop {
        let folder = Folder::read(Arc::clone(storage))?;
        let Some(&sequence) = folder.snapshots.iter().rev().find(|&&sequence| sequence < command.0) else {
            return Ok(None);
        };
        match snapshot::read(&**storage, sequence) {
            // The shadow took it away meanwhile; it has taken newer ones.
            Err(JournalError::Io { cause, .. }) if cause.kind() == ErrorKind::NotFound => {}
            kept => return Ok(Some(kept?)),
        }
    }
}

/// A replay, and how far it has come.
#[derive(Debug)]
pub(super) struct Past {
    replay: Replay,
    at: Sequence,
}

impl Past {
    /// At the newest snapshot before a command, or at the beginning.
    pub(super) fn before(storage: &Arc<dyn Storage>, command: Sequence) -> Result<Self, FeedError> {
        let Some(kept) = newest_before(storage, command)? else {
            let replay = Replay::from_genesis(Reader::open(Arc::clone(storage), Chain::Ignored)?)?;
            return Ok(Self { replay, at: Sequence::ZERO });
        };
        let at = kept.header.place().sequence;
        let reader = Reader::open_at(Arc::clone(storage), Chain::Ignored, &kept.header.place())?;
        Ok(Self { replay: Replay::from_state(kept.state()?, reader), at })
    }

    /// The last command that was replayed.
    pub(super) fn at(&self) -> Sequence {
        self.at
    }

    /// The state after that command.
    pub(super) fn engine(&mut self) -> Result<Engine<'_, Dirty<'_>>, FeedError> {
        Ok(self.replay.state().attach()?)
    }

    /// Replays all commands up to one that was appended already; nobody is told of their events.
    pub(super) fn run_to(&mut self, to: Sequence) -> Result<(), FeedError> {
        while self.at < to {
            if !self.step(to, (Sequence(u64::MAX), u32::MAX), &mut Vec::new())? {
                // It is there: the next look, which looks farther, finds it.
                std::thread::yield_now();
            }
        }
        Ok(())
    }

    /// Replays some commands, up to one that was appended already, and keeps the events behind `after`. False if there
    /// was nothing to replay, or if it is not seen yet: then the next step, which looks farther, sees it.
    pub(super) fn step(
        &mut self,
        to: Sequence,
        after: (Sequence, u32),
        words: &mut Vec<EventWord>,
    ) -> Result<bool, FeedError> {
        let to = to.min(Sequence(self.at.0.saturating_add(STEP_COMMANDS)));
        let begin = self.at;
        let mut kept = Kept { after, words, at: begin };
        let halt = self.replay.follow(Some(to), &mut kept)?;
        self.at = kept.at;
        match halt {
            Halt::Reached | Halt::Waiting => Ok(self.at > begin),
            Halt::End(_) => Err(FeedError::Replay(format!("the journal ends before command {to}"))),
            Halt::Differs { seal, .. } => {
                let (first, last) = (seal.first_sequence, seal.last_sequence);
                Err(FeedError::Replay(format!("the events of commands {first} to {last} differ in a replay")))
            }
        }
    }
}

/// Keeps events, and how far the replay has come.
struct Kept<'w> {
    after: (Sequence, u32),
    words: &'w mut Vec<EventWord>,
    at: Sequence,
}

impl EventSink for Kept<'_> {
    fn emit(&mut self, event: Event<'_>) {
        if event.position() > self.after {
            self.words.extend_from_slice(event.words());
        }
    }
}

impl Watch for Kept<'_> {
    fn before(&mut self, commands: &[Sequenced<'_>]) {
        self.at = commands.last().map_or(self.at, |command| command.sequence);
    }

    fn wants_checkpoint(&self, _sequence: Sequence) -> bool {
        false
    }
}
