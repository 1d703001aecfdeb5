//! What is written is read back, in one segment and in many, closed and not.

use novate_core::digest::EventsDigest;
use novate_core::engine::Effort;
use novate_core::event::Event;
use novate_core::sink::EventSink;
use novate_core::units::Sequence;
use novate_journal::JournalError;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Replay, Watch};
use novate_journal::snapshot;
use novate_journal::storage::Storage;
use novate_journal::writer::{Durability, Flush, Opening, Settings, create};

use crate::support::{Folder, SMALL, Seen, Taking, check_replay, commands, from_memory, genesis, write};

const COUNT: usize = 300;

#[test]
fn what_is_written_is_replayed() {
    let (commands, folder) = (commands(1, COUNT), Folder::new());
    let trace = from_memory(&commands);
    for (place, settings) in [SMALL, Settings::new(Durability::None)].into_iter().enumerate() {
        let storage = novate_journal::storage::DiskStorage::new(folder.path(&place.to_string()));
        storage.create_folder().expect("a folder");
        let storage: std::sync::Arc<dyn Storage> = std::sync::Arc::new(storage);
        let mut opened = create(storage.clone(), &genesis(), settings).expect("a new journal");
        write(&mut opened, &commands, &trace, 0, 7);
        let (ending, last) = check_replay(storage.clone(), &trace);
        assert!(matches!(ending, Ending::Open { torn_bytes: 0, fault: None, .. }), "{ending:?}");
        assert_eq!(last, COUNT as u64);
        let closed = opened.close(trace.events[COUNT - 1]).expect("a clean close");
        assert_eq!(closed.segments > 1, settings == SMALL);
        assert_eq!(check_replay(storage.clone(), &trace), (Ending::Closed, COUNT as u64));
        let mut reader = Reader::open(storage, Chain::Verified).expect("a journal");
        while reader.next().expect("no damage").is_some() {}
        assert_eq!(reader.chain(), Some(closed.link));
    }
}

/// Notes after which commands it is told what they did.
struct Efforts(Vec<Sequence>);

impl EventSink for Efforts {
    fn emit(&mut self, _event: Event<'_>) {}
}

impl Watch for Efforts {
    fn wants_efforts(&self) -> bool {
        true
    }

    fn worked(&mut self, sequence: Sequence, effort: Effort) {
        assert_eq!(effort.arrays, 0, "nothing is valued here");
        self.0.push(sequence);
    }
}

#[test]
fn what_commands_did_is_told_one_by_one() {
    let (commands, folder) = (commands(3, COUNT), Folder::new());
    let trace = from_memory(&commands);
    std::fs::create_dir_all(folder.path("")).expect("a folder");
    let mut opened = create(folder.storage(), &genesis(), SMALL).expect("a new journal");
    write(&mut opened, &commands, &trace, 0, 7);
    let reader = Reader::open(folder.storage(), Chain::Ignored).expect("a journal");
    let (mut replay, mut efforts) = (Replay::from_genesis(reader).expect("a state"), Efforts(Vec::new()));
    replay.run(None, &mut efforts).expect("no damage");
    assert_eq!(efforts.0, (1..=COUNT as u64).map(Sequence).collect::<Vec<_>>());
    assert_eq!(replay.result().expect("a state").1, trace.events[COUNT - 1]);
}

#[test]
fn writing_goes_on_where_it_ended() {
    let (commands, folder) = (commands(2, COUNT), Folder::new());
    let trace = from_memory(&commands);
    std::fs::create_dir_all(folder.path("")).expect("a folder");
    let storage = folder.storage();
    let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
    for (part, end) in [40, 95, 96, 160, 161, 230, COUNT].into_iter().enumerate() {
        let first = opened.writer.sequence().0.0 as usize;
        write(&mut opened, &commands[..end], &trace, first, 6);
        // Every other time it is closed; else a block may be left open, as a process that dies leaves it.
        if part % 2 == 0 {
            opened.close(trace.events[end - 1]).expect("a clean close");
        } else {
            drop(opened);
        }
        let (_, last) = check_replay(storage.clone(), &trace);
        assert_eq!(last, end as u64);
        let opening = Opening::lock(storage.clone(), None, None).expect("nobody writes");
        opened = opening.open(SMALL, trace.events[end - 1]).expect("an opening");
        assert_eq!((opened.writer.sequence().0, opened.writer.epoch()), (Sequence(end as u64), part as u32 + 2));
        assert!(!opened.writer.has_open_block());
    }
    check_replay(storage, &trace);
}

#[test]
fn one_writer_at_a_time() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("")).expect("a folder");
    let mut first = create(folder.storage(), &genesis(), SMALL).expect("a new journal");
    assert!(matches!(create(folder.storage(), &genesis(), SMALL), Err(JournalError::NotEmpty { .. })));
    assert!(matches!(Opening::lock(folder.storage(), None, None), Err(JournalError::Locked { .. })));
    // Somebody removes the lock file, and another writer opens the journal: the first one notices and stops.
    std::fs::remove_file(folder.path("lock")).expect("a lock file");
    let mut second = Opening::lock(folder.storage(), None, None).expect("a lock of its own");
    second.reader().next().expect("no damage");
    let second = second.open(SMALL, EventsDigest::default()).expect("an opening");
    let commands = commands(3, 3);
    crate::support::append(&mut first, 1, &commands[0], EventsDigest::default()).expect("it does not know yet");
    let poison = first.flusher.step(Flush::All).expect_err("the epoch was raised");
    assert!(poison.to_string().contains("epoch 2 after 1"), "{poison}");
    assert!(first.writer.seal(EventsDigest::default()).is_err());
    assert!(first.preparer.step().is_err());
    // Also a writer that only makes segments ahead notices, before it names one over the other's.
    drop((first, second));
    let open = || {
        let mut opening = Opening::lock(folder.storage(), None, None).expect("nobody writes");
        while opening.reader().next().expect("no damage").is_some() {}
        opening.open(SMALL, EventsDigest::default()).expect("an opening")
    };
    let mut third = open();
    std::fs::remove_file(folder.path("lock")).expect("a lock file");
    let fourth = open();
    let control = std::fs::read(folder.path("control")).expect("a control file");
    assert!(third.preparer.step().is_err());
    assert_eq!(std::fs::read(folder.path("control")).expect("a control file"), control);
    drop((third, fourth));
}

#[test]
fn the_lock_is_held_as_long_as_anybody_can_write() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("")).expect("a folder");
    let (writer, background) = create(folder.storage(), &genesis(), SMALL).expect("new").start().expect("threads");
    drop(background);
    assert!(matches!(Opening::lock(folder.storage(), None, None), Err(JournalError::Locked { .. })));
    drop(writer);
    assert!(Opening::lock(folder.storage(), None, None).is_ok());
}

#[test]
fn snapshots_are_taken_and_gone_on_from() {
    let (commands, folder) = (commands(4, COUNT), Folder::new());
    let trace = from_memory(&commands);
    std::fs::create_dir_all(folder.path("")).expect("a folder");
    let storage = folder.storage();
    let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
    write(&mut opened, &commands, &trace, 0, 7);
    opened.close(trace.events[COUNT - 1]).expect("a clean close");

    let mut replay =
        Replay::from_genesis(Reader::open(storage.clone(), Chain::Verified).expect("a journal")).expect("a state");
    let mut seen = Seen::default();
    // Taken one by one: a snapshot needs the state at its checkpoint.
    for (sequence, digest) in &trace.states {
        replay.run(Some(Sequence(*sequence)), &mut seen).expect("no damage");
        replay.run(Some(Sequence(*sequence + 1)), &mut seen).expect("no damage");
        let at = *seen.checkpoints.last().expect("a checkpoint");
        assert_eq!((at.place.sequence.0, at.state_digest), (*sequence, *digest));
    }
    let mut take = Taking { storage: storage.clone(), at: 0 };
    let mut replay =
        Replay::from_genesis(Reader::open(storage.clone(), Chain::Verified).expect("a journal")).expect("a state");
    replay.run(None, &mut take).expect("no damage");
    for (sequence, digest) in &trace.states {
        let kept = snapshot::read(&*storage, *sequence).expect("a snapshot");
        assert_eq!(kept.header.state_digest, digest.0);
        let reader = Reader::open_at(storage.clone(), Chain::Verified, &kept.header.place()).expect("a place");
        let mut replay = Replay::from_state(kept.state().expect("a state"), reader);
        let mut seen = Seen::default();
        replay.run(None, &mut seen).expect("no damage");
        let (last, events_digest) = replay.result().expect("a state");
        assert_eq!((last.0, events_digest), (COUNT as u64, trace.events[COUNT - 1]));
        let rest: Vec<_> = trace.states.iter().filter(|state| state.0 > *sequence).copied().collect();
        let came: Vec<_> = seen.checkpoints.iter().map(|at| (at.place.sequence.0, at.state_digest)).collect();
        assert_eq!(came, rest);
    }
}
