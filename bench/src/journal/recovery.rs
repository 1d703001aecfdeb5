//! Coming back from a snapshot that 1 % of a journal's commands follow, beside a replay of all of it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use novate_core::command::{Checkpoint, CommandRecord};
use novate_core::event::Event;
use novate_core::ids::{AccountId, SessionId};
use novate_core::sink::{Discard, EventSink};
use novate_journal::JournalError;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::{Checkpointed, Halt, Replay, Watch};
use novate_journal::snapshot;
use novate_journal::state::State;
use novate_journal::storage::Storage;

use super::place::{Empty, Place};
use super::story::{set_up, write};
use super::{Contestant, Duel, Goal, Run};
use crate::novate::Told;
use crate::records::Records;
use crate::workload::{Flow, FlowSpec};

/// Commands of a journal of 1 GiB: frames of 128 bytes, and a seal for 1,024 of them.
const COMMANDS: u32 = 8_300_000;
/// Commands of a quick one, of 32 MiB.
const QUICK_COMMANDS: u32 = 260_000;
/// One command in so many follows the snapshot.
const TAIL_ONE_IN: usize = 100;

pub(super) fn duel(place: &Place) -> io::Result<Duel> {
    let commands = if place.is_quick() { QUICK_COMMANDS } else { COMMANDS };
    let told = Told::of(&Flow::generate(FlowSpec::A.with_commands(commands)))?;
    let tail = told.measured.len() / TAIL_ONE_IN;
    let (mut before, mut after) = (Records::default(), Records::default());
    let mut measured = told.measured.iter();
    before.extend(measured.by_ref().take(told.measured.len() - tail));
    let header = Checkpoint::new_header(SessionId::sequencer(0), 1, AccountId::NONE);
    before.push(&Checkpoint { header });
    after.extend(measured);
    let folder = place.folder("journal");
    folder.anew()?;
    let parts = [&set_up(), &told.prefill, &before, &after];
    // Nobody closes it: that is what there is to recover from.
    drop(write(folder.storage(), &told.genesis, &parts)?);
    let mut take = Take { storage: folder.storage(), taken: None };
    let reader = Reader::open(folder.storage(), Chain::Verified).map_err(io::Error::other)?;
    let mut replay = Replay::from_genesis(reader).map_err(io::Error::other)?;
    replay.run(None, &mut take).map_err(io::Error::other)?;
    let sequence = take.taken.ok_or_else(|| io::Error::other("no snapshot was taken"))?;
    let expected = replay.state().digest().to_string();
    let folder = Arc::new(folder);
    Ok(Duel {
        unit: "recovery".to_owned(),
        units: 1,
        goal: Goal::Ratio(0.1),
        note: "a journal that nobody closed, in the page cache; 1 % of its commands follow the snapshot; both end with the \
               state's digest, which is not in the time",
        subject: Box::new(Recovery {
            folder: Arc::clone(&folder),
            snapshot: Some(sequence),
            expected: expected.clone(),
        }),
        peer: Box::new(Recovery { folder, snapshot: None, expected }),
    })
}

/// Takes a snapshot at the checkpoint.
struct Take {
    storage: Arc<dyn Storage>,
    taken: Option<u64>,
}

impl EventSink for Take {
    fn emit(&mut self, _event: Event<'_>) {}
}

impl Watch for Take {
    fn checkpoint(&mut self, at: &Checkpointed, state: &State) -> Result<(), JournalError> {
        self.taken = Some(at.place.sequence.0);
        snapshot::take(&*self.storage, at, state).map(drop)
    }
}

/// Opens the journal at its snapshot, or at its beginning, and replays what follows.
struct Recovery {
    folder: Arc<Empty>,
    snapshot: Option<u64>,
    expected: String,
}

impl Recovery {
    fn recover(&self) -> io::Result<(Replay, Halt, Duration)> {
        let storage: Arc<dyn Storage> = self.folder.storage();
        let start = Instant::now();
        let mut replay = if let Some(sequence) = self.snapshot {
            let kept = snapshot::read(&*storage, sequence).map_err(io::Error::other)?;
            let place = kept.header.place();
            let state = kept.state().map_err(io::Error::other)?;
            let reader = Reader::open_at(storage, Chain::Ignored, &place).map_err(io::Error::other)?;
            Replay::from_state(state, reader)
        } else {
            let reader = Reader::open(storage, Chain::Ignored).map_err(io::Error::other)?;
            Replay::from_genesis(reader).map_err(io::Error::other)?
        };
        let halt = replay.run(None, &mut Discard).map_err(io::Error::other)?;
        let elapsed = start.elapsed();
        Ok((replay, halt, elapsed))
    }
}

impl Contestant for Recovery {
    fn run(&mut self) -> io::Result<Run> {
        let (mut replay, halt, elapsed) = self.recover()?;
        let digest = replay.state().digest().to_string();
        let is_right = matches!(halt, Halt::End(_)) && digest == self.expected;
        Ok(Run { elapsed, hash: digest, is_right })
    }
}
