//! A small venue whose commands are written to a journal and applied, and the same from memory.

use std::sync::Arc;

use novate_core::command::{Checkpoint, CommandRecord, RawCommand, Work};
use novate_core::digest::{EventsDigest, Hash256};
use novate_core::prelude::*;
use novate_journal::JournalError;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Checkpointed, Halt, Replay, Watch};
use novate_journal::snapshot;
use novate_journal::state::State;
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::{AppendError, Durability, Flush, Opened, Settings};
use tempfile::TempDir;

/// Settings with the smallest segments, and nothing durable unless it is asked for.
pub(crate) const SMALL: Settings = Settings { segment_bytes: 4_096, durability: Durability::None };

/// Numbers from a seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A genesis with tables as small as they may be for a few dozen orders.
pub(crate) fn genesis() -> Genesis {
    let capacities = Capacities {
        instruments: 2,
        accounts: 4,
        sessions: 4,
        grants: 4,
        positions: 16,
        work_items: 4,
        complex_orders: 4,
        ladder_nodes: 64,
        ..Capacities::for_orders(32)
    };
    Genesis { outcome_window: 8, ..Genesis::new(0, 7, capacities) }
}

/// A command as words, with its time.
pub(crate) type Made = (TimeNs, Vec<u64>);

fn made<C: CommandRecord>(time: u64, record: &C) -> Made {
    (TimeNs(time), bytemuck::cast_slice(std::slice::from_ref(record)).to_vec())
}

/// Commands from a seed: a set-up, then orders that rest, trade, are cancelled or refused, with a checkpoint every ten.
pub(crate) fn commands(seed: u64, count: usize) -> Vec<Made> {
    let mut random = Random(seed);
    let operator = SessionId::operator(0);
    let mut all = vec![
        made(1, &ListInstrument::perpetual((operator, 1), "BTC-PERP")),
        made(1, &OpenAccount::new((operator, 2), 1)),
        made(1, &OpenAccount::new((operator, 3), 2)),
        made(2, &OpenSession::for_all_accounts((operator, 4), Role::Trader)),
    ];
    let (ids, session) = ids();
    let (mut session_sequence, mut sequencer_sequence, mut time) = (0, 0, 10);
    while all.len() < count {
        time += random.below(50);
        if all.len() % 10 == 9 {
            sequencer_sequence += 1;
            let header = Checkpoint::new_header(SessionId::sequencer(0), sequencer_sequence, AccountId::NONE);
            all.push(made(time, &Checkpoint { header }));
            continue;
        }
        if random.below(20) == 0 {
            sequencer_sequence += 1;
            let header = Work::new_header(SessionId::sequencer(0), sequencer_sequence, AccountId::NONE);
            all.push(made(time, &Work { header }));
            continue;
        }
        session_sequence += 1;
        let by = (session, session_sequence, ids.1[random.below(2) as usize]);
        let id = ClientOrderId(1 + random.below(40));
        if random.below(3) == 0 {
            let header = CancelOrder::new_header(by.0, by.1, by.2);
            all.push(made(time, &CancelOrder { header, target: id.into() }));
            continue;
        }
        let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let (price, quantity) =
            (PriceTicks(95 + random.below(10).cast_signed()), QuantityLots(1 + random.below(9).cast_signed()));
        all.push(made(time, &NewOrder::limit(by, ids.0, id, side, price, quantity)));
    }
    all.truncate(count);
    all
}

/// What the set-up gives out.
fn ids() -> ((InstrumentId, [AccountId; 2]), SessionId) {
    let mut state = State::genesis(&genesis()).expect("a small state");
    let (mut engine, mut said) = (state.attach().expect("a state"), Vec::new());
    let operator = SessionId::operator(0);
    let commands = [
        made(1, &ListInstrument::perpetual((operator, 1), "BTC-PERP")),
        made(1, &OpenAccount::new((operator, 2), 1)),
        made(1, &OpenAccount::new((operator, 3), 2)),
        made(2, &OpenSession::for_all_accounts((operator, 4), Role::Trader)),
    ];
    for (place, (time, words)) in commands.iter().enumerate() {
        engine.apply(Sequence(place as u64 + 1), *time, RawCommand::new(words), &mut said).expect("in order");
    }
    let [
        OwnedEvent::InstrumentListed(listed),
        OwnedEvent::AccountOpened(one),
        OwnedEvent::AccountOpened(two),
        OwnedEvent::SessionOpened(opened),
    ] = said[..]
    else {
        panic!("the set-up was refused: {said:?}");
    };
    ((listed.instrument, [one.account, two.account]), opened.session)
}

/// What the live side came to after each command: events digest and, at checkpoints, state digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) events: Vec<EventsDigest>,
    pub(crate) states: Vec<(u64, Hash256)>,
}

/// Applies commands from memory.
pub(crate) fn from_memory(commands: &[Made]) -> Trace {
    let mut state = State::genesis(&genesis()).expect("a small state");
    let mut trace = Trace::default();
    for (place, (time, words)) in commands.iter().enumerate() {
        let sequence = Sequence(place as u64 + 1);
        let mut engine = state.attach().expect("a state");
        engine.apply(sequence, *time, RawCommand::new(words), &mut Discard).expect("in order");
        trace.events.push(engine.events_digest());
        if words[0] as u16 == Checkpoint::KIND {
            trace.states.push((sequence.0, state.digest()));
        }
    }
    trace
}

/// Appends a command and seals where that is wanted; the parts beside the writer are run in turns.
pub(crate) fn append(opened: &mut Opened, sequence: u64, made: &Made, before: EventsDigest) -> Result<(), AppendError> {
    loop {
        match opened.writer.append(Sequence(sequence), made.0, RawCommand::new(&made.1)) {
            Err(AppendError::SealFirst) => opened.writer.seal(before)?,
            Err(AppendError::NotReady) => {
                opened.flusher.step(Flush::Nothing).map_err(AppendError::Poisoned)?;
                opened.preparer.step().map_err(AppendError::Poisoned)?;
            }
            other => return other,
        }
    }
}

/// Writes commands with their trace, sealing after every `block` commands and at checkpoints.
pub(crate) fn write(opened: &mut Opened, commands: &[Made], trace: &Trace, first: usize, block: usize) {
    for (place, made) in commands.iter().enumerate().skip(first) {
        let before = if place == 0 { EventsDigest::default() } else { trace.events[place - 1] };
        append(opened, place as u64 + 1, made, before).expect("room");
        if made.1[0] as u16 == Checkpoint::KIND || place % block == block - 1 {
            opened.writer.seal(trace.events[place]).expect("not poisoned");
        }
    }
}

/// A folder on the disk that goes away.
pub(crate) struct Folder {
    pub(crate) dir: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().expect("a temporary folder") }
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(DiskStorage::new(self.dir.path().join("journal")))
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join("journal").join(name)
    }
}

/// Keeps what a replay came to.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) seals: Vec<(u64, [u8; 16])>,
    pub(crate) checkpoints: Vec<Checkpointed>,
}

impl EventSink for Seen {
    fn emit(&mut self, _event: Event<'_>) {}
}

impl Watch for Seen {
    fn sealed(&mut self, seal: &novate_journal::format::payload::Seal, events_digest: EventsDigest) {
        self.seals.push((seal.last_sequence, events_digest.to_bytes()));
    }

    fn checkpoint(&mut self, at: &Checkpointed, _state: &State) -> Result<(), JournalError> {
        self.checkpoints.push(*at);
        Ok(())
    }
}

/// Replays a whole journal and compares it with a trace; returns how it ends and its last sequence.
pub(crate) fn check_replay(storage: Arc<dyn Storage>, trace: &Trace) -> (Ending, u64) {
    let mut replay = Replay::from_genesis(Reader::open(storage, Chain::Verified).expect("a journal")).expect("a state");
    let mut seen = Seen::default();
    let halt = replay.run(None, &mut seen).expect("no damage");
    let (sequence, digest) = replay.result().expect("a state");
    if sequence.0 > 0 {
        assert_eq!(digest, trace.events[sequence.0 as usize - 1]);
    }
    for at in &seen.checkpoints {
        let known = trace.states.iter().find(|(sequence, _)| *sequence == at.place.sequence.0);
        assert_eq!(known.map(|known| known.1), Some(at.state_digest));
    }
    match halt {
        Halt::End(ending) => (ending, sequence.0),
        other => panic!("{other:?}"),
    }
}

/// Takes a snapshot at one checkpoint, or at every one.
pub(crate) struct Taking {
    pub(crate) storage: Arc<dyn Storage>,
    /// Where; 0 for everywhere.
    pub(crate) at: u64,
}

impl EventSink for Taking {
    fn emit(&mut self, _event: Event<'_>) {}
}

impl Watch for Taking {
    fn checkpoint(&mut self, at: &Checkpointed, state: &State) -> Result<(), JournalError> {
        if self.at == 0 || self.at == at.place.sequence.0 {
            snapshot::take(&*self.storage, at, state)?;
        }
        Ok(())
    }
}
