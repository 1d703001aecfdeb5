//! Following a journal that is written by somebody else: everything is applied, and what comes of it compared with what is
//! stated. One step at a time, and no thread: a primary's shadow runs it on one, a simulation in turns.

use std::collections::VecDeque;
use std::sync::Arc;

use novate_core::digest::{EventsDigest, Flipped, Hash256};
use novate_core::event::Event;
use novate_core::sink::EventSink;
use novate_core::units::Sequence;
use novate_journal::JournalError;
use novate_journal::folder::Folder;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Checkpointed, Halt as ReplayHalt, Replay, ReplayError, Watch};
use novate_journal::snapshot;
use novate_journal::state::State;
use novate_journal::storage::Storage;

use crate::halt::Halt;

/// Commands of one step, at most.
const COMMANDS_A_STEP: u64 = 1_024;

/// What a follower does besides applying.
#[derive(Clone, Copy, Debug)]
pub struct FollowerSettings {
    /// Chunks of its memory that are hashed again and compared at each checkpoint, round robin; 0 for none.
    pub scrub_chunks: usize,
    /// Checkpoints from one snapshot to the next; 0 for none.
    pub snapshot_every: u64,
    /// Snapshots that are kept of those that this follower takes: the newest ones; at least one.
    pub snapshots_kept: usize,
}

impl FollowerSettings {
    /// 4,096 chunks, one mebibyte, at each checkpoint, and a snapshot every 600 checkpoints, of which three are kept.
    pub const fn new() -> Self {
        Self { scrub_chunks: 4_096, snapshot_every: 600, snapshots_kept: 3 }
    }
}

impl Default for FollowerSettings {
    fn default() -> Self {
        Self::new()
    }
}

/// What one step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something was applied.
    Busy,
    /// There is nothing yet.
    Idle,
    /// The journal was closed.
    Closed,
}

/// What a follower has found so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The last command applied.
    pub sequence: Sequence,
    /// The digest of all events up to it.
    pub events_digest: EventsDigest,
    /// Checkpoints that it came to.
    pub checkpoints: u64,
    /// The last of them, and the state digest there.
    pub checkpoint: (Sequence, Hash256),
    /// Snapshots taken.
    pub snapshots: u64,
    /// Snapshots that found no room on the disk.
    pub snapshots_missed: u64,
    /// How often all of the memory was compared with its hashes.
    pub scrubs: u64,
}

/// Follows a journal.
pub struct Follower {
    replay: Replay,
    watcher: Watcher,
    sequence: Sequence,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").field("report", &self.watcher.report).finish_non_exhaustive()
    }
}

impl Follower {
    /// Begins at the newest snapshot, or where the journal begins.
    ///
    /// # Errors
    /// The journal or the snapshot cannot be read; no memory.
    pub fn new(storage: Arc<dyn Storage>, settings: FollowerSettings) -> Result<Self, ReplayError> {
        let folder = Folder::read(Arc::clone(&storage))?;
        let newest = folder.snapshots.last().map(|&sequence| snapshot::read(&*storage, sequence)).transpose()?;
        let mut replay = match newest {
            Some(kept) => {
                let reader = Reader::open_at(Arc::clone(&storage), Chain::Verified, &kept.header.place())?;
                Replay::from_state(kept.state()?, reader)
            }
            None => Replay::from_genesis(Reader::open(Arc::clone(&storage), Chain::Verified)?)?,
        };
        let (sequence, events_digest) = replay.result()?;
        let report = Report { sequence, events_digest, ..Report::default() };
        let watcher = Watcher { storage, settings, scrub_at: 0, flipped: None, taken: VecDeque::new(), report };
        Ok(Self { replay, watcher, sequence })
    }

    /// Applies some of what has come.
    ///
    /// # Errors
    /// What it found is not what is stated, or it cannot go on: the state stays as it is.
    pub fn step(&mut self) -> Result<Step, Halt> {
        let to = Sequence(self.sequence.0.saturating_add(COMMANDS_A_STEP));
        let halt = self.replay.follow(Some(to), &mut self.watcher).map_err(|error| Halt::Shadow(error.to_string()))?;
        if let Some(chunk) = self.watcher.flipped {
            let table = self.replay.state().layout().locate(chunk);
            let place =
                table.map_or_else(|| "no table".to_owned(), |(table, record)| format!("{} {record}", table.name));
            return Err(Halt::MemoryFault { chunk, place });
        }
        let (sequence, events_digest) = self.replay.result().map_err(|error| Halt::Shadow(error.to_string()))?;
        (self.watcher.report.sequence, self.watcher.report.events_digest) = (sequence, events_digest);
        let has_moved = sequence > self.sequence;
        self.sequence = sequence;
        match halt {
            ReplayHalt::Differs { seal, events_digest } => Err(Halt::Diverged {
                first: Sequence(seal.first_sequence),
                last: Sequence(seal.last_sequence),
                stated: EventsDigest::from_bytes(seal.events_digest),
                replayed: events_digest,
            }),
            ReplayHalt::End(Ending::Closed) => Ok(Step::Closed),
            // A frame that is being stored just now.
            ReplayHalt::End(Ending::Open { .. }) => Ok(Step::Idle),
            ReplayHalt::Reached => Ok(Step::Busy),
            ReplayHalt::Waiting => Ok(if has_moved { Step::Busy } else { Step::Idle }),
        }
    }

    /// Whether there is more, looked for everywhere: a step looks for the next segment now and then only.
    ///
    /// # Errors
    /// The next segment cannot be opened.
    pub fn has_more(&mut self) -> Result<bool, Halt> {
        self.replay.reader().has_next(true).map_err(|error| Halt::Shadow(error.to_string()))
    }

    /// What was found so far.
    pub fn report(&self) -> Report {
        self.watcher.report
    }

    /// The state as it is now.
    pub fn state(&mut self) -> &mut State {
        self.replay.state()
    }
}

/// What is done at checkpoints.
struct Watcher {
    storage: Arc<dyn Storage>,
    settings: FollowerSettings,
    scrub_at: usize,
    flipped: Option<usize>,
    /// The snapshots that are there of those it has taken.
    taken: VecDeque<String>,
    report: Report,
}

impl Watcher {
    /// Takes a snapshot, and the oldest one away. Without room for it the journal is whole all the same: the next one may
    /// find some.
    fn take_snapshot(&mut self, at: &Checkpointed, state: &State) -> Result<(), JournalError> {
        match snapshot::take(&*self.storage, at, state) {
            Ok(name) => self.taken.push_back(name),
            Err(error) if error.is_want_of_room() => {
                self.report.snapshots_missed += 1;
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        self.report.snapshots += 1;
        while self.taken.len() > self.settings.snapshots_kept.max(1)
            && let Some(name) = self.taken.pop_front()
        {
            // Somebody may have taken it away; and one too many harms nobody.
            let _ = self.storage.remove(&name);
        }
        Ok(())
    }
}

impl EventSink for Watcher {
    #[inline]
    fn emit(&mut self, _event: Event<'_>) {}
}

impl Watch for Watcher {
    fn checkpoint(&mut self, at: &Checkpointed, state: &State) -> Result<(), JournalError> {
        let FollowerSettings { scrub_chunks, snapshot_every, .. } = self.settings;
        self.report.checkpoints += 1;
        self.report.checkpoint = (at.place.sequence, at.state_digest);
        if scrub_chunks > 0 {
            match state.scrub(self.scrub_at, scrub_chunks) {
                Ok(next) => self.scrub_at = next,
                // No snapshot of that.
                Err(Flipped { chunk }) => {
                    self.flipped = Some(chunk);
                    return Ok(());
                }
            }
            self.report.scrubs += u64::from(self.scrub_at == 0);
        }
        if snapshot_every > 0 && self.report.checkpoints.is_multiple_of(snapshot_every) {
            self.take_snapshot(at, state)?;
        }
        Ok(())
    }
}
