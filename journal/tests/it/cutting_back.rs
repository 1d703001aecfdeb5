//! Cutting a journal back to before a command that was whole, and losses of power meanwhile.

use std::sync::Arc;

use novate_core::digest::EventsDigest;
use novate_core::units::Sequence;
use novate_journal::folder::Folder;
use novate_journal::format::Position;
use novate_journal::prune::Prune;
use novate_journal::reader::{Chain, Ending, Place, Reader};
use novate_journal::replay::Replay;
use novate_journal::snapshot;
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::verify::verify;
use novate_journal::writer::{Flush, Lost, Opening, Plan, create};
use novate_journal::{Fault, JournalError};

use crate::support::{Made, Random, SMALL, Taking, Trace, append, check_replay, commands, from_memory, genesis, write};

const COUNT: u64 = 60;

/// How a journal was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Closed,
    /// With commands behind the last seal, and segments made ahead.
    Open,
    /// Closed in the middle, and in order at the end.
    ClosedTwice,
    /// As [`Left::Open`], and begun at a snapshot.
    Pruned,
}

struct Venue {
    commands: Vec<Made>,
    trace: Trace,
}

impl Venue {
    fn new() -> Self {
        let commands = commands(9, COUNT as usize);
        let trace = from_memory(&commands);
        Self { commands, trace }
    }

    /// A journal of some small segments with a snapshot at every checkpoint.
    fn journal(&self, left: Left) -> CrashStorage {
        let (Self { commands, trace }, disk) = (self, CrashStorage::new());
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
        let mut first = 0;
        if left == Left::ClosedTwice {
            first = 33;
            write(&mut opened, &commands[..first], trace, 0, 5);
            opened.close(trace.events[first - 1]).expect("a clean close");
            let opening = Opening::lock(storage.clone(), None, None).expect("a journal");
            opened = opening.open(SMALL, trace.events[first - 1]).expect("nobody writes");
        }
        write(&mut opened, &commands[..57], trace, first, 5);
        opened.flusher.step(Flush::All).expect("memory does not fail");
        for (place, command) in commands.iter().enumerate().skip(57) {
            append(&mut opened, place as u64 + 1, command, trace.events[place - 1]).expect("room");
        }
        if left == Left::Open || left == Left::Pruned {
            while opened.preparer.step().expect("memory does not fail") {}
            drop(opened);
        } else {
            opened.close(trace.events[commands.len() - 1]).expect("a clean close");
        }
        let reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
        let mut taking = Taking { storage: storage.clone(), at: 0 };
        Replay::from_genesis(reader).expect("a state").run(None, &mut taking).expect("no damage");
        if left == Left::Pruned {
            storage.remove(&names(&storage, ".snapshot").pop().expect("a snapshot")).expect("a file");
            let pruned = Prune::new(&storage, &mut |_, _| {}).and_then(Prune::run).expect("a snapshot");
            assert!(!pruned.segments.is_empty(), "nothing to prune");
        }
        storage.sync_names().expect("memory does not fail");
        disk
    }

    /// The rest of the commands is written to what was cut, which is then what it would have been.
    fn write_rest(&self, storage: &Arc<dyn Storage>) {
        let mut opening = lock(storage).expect("a journal");
        let last = opening.plan().expect("no damage").last.0.0 as usize;
        let digest = if last == 0 { EventsDigest::default() } else { self.trace.events[last - 1] };
        let mut opened = opening.open(SMALL, digest).expect("nobody writes");
        write(&mut opened, &self.commands, &self.trace, last, 5);
        opened.close(self.trace.events[COUNT as usize - 1]).expect("a clean close");
        assert_eq!(verify(storage.clone(), &mut |_, _| {}).expect("no damage").last.0, Sequence(COUNT));
        if beginning(storage).is_none() {
            assert_eq!(check_replay(storage.clone(), &self.trace), (Ending::Closed, COUNT));
        }
    }
}

fn names(storage: &Arc<dyn Storage>, end: &str) -> Vec<String> {
    let entries = storage.list().expect("a folder").into_iter();
    entries.map(|entry| entry.name).filter(|name| name.ends_with(end)).collect()
}

fn beginning(storage: &Arc<dyn Storage>) -> Option<Place> {
    snapshot::beginning(&Folder::read(storage.clone()).expect("a folder")).expect("a snapshot")
}

fn lock(storage: &Arc<dyn Storage>) -> Result<Opening, JournalError> {
    Opening::lock(storage.clone(), beginning(storage).as_ref(), Some(genesis()))
}

fn recover_before(storage: &Arc<dyn Storage>, sequence: u64) -> Result<Plan, JournalError> {
    lock(storage)?.recover_before(Sequence(sequence))
}

/// Where each block ends, and its last command; the genesis frame too.
fn blocks(storage: &Arc<dyn Storage>) -> Vec<(Position, u64)> {
    let begin = beginning(storage);
    let mut reader = match &begin {
        None => Reader::open(storage.clone(), Chain::Ignored).expect("a journal"),
        Some(place) => Reader::open_at(storage.clone(), Chain::Ignored, place).expect("a journal"),
    };
    let mut blocks = Vec::from_iter(begin.map(|place| (place.position, place.sequence.0)));
    while let Some(frame) = reader.next().expect("no damage") {
        let is_end = frame.seal().is_some() || frame.raw.sequence() == Sequence::ZERO;
        if is_end {
            blocks.push((reader.position(), reader.sequence().0.0));
        }
    }
    blocks
}

/// The end of the last block before a command.
fn end_before(blocks: &[(Position, u64)], sequence: u64) -> (Position, u64) {
    *blocks.iter().rfind(|block| block.1 < sequence).expect("a genesis")
}

fn files(storage: &Arc<dyn Storage>) -> Vec<(String, Vec<u8>)> {
    let names = names(storage, "").into_iter();
    names.map(|name| (name.clone(), storage.read(&name).expect("a file"))).collect()
}

const ALL: [Left; 4] = [Left::Closed, Left::Open, Left::ClosedTwice, Left::Pruned];

#[test]
fn a_journal_is_cut_back_to_before_any_command() {
    let venue = Venue::new();
    for left in ALL {
        let whole: Arc<dyn Storage> = Arc::new(venue.journal(left));
        let first = beginning(&whole).map_or(1, |place| place.sequence.0 + 1);
        let blocks = blocks(&whole);
        for sequence in first..=COUNT {
            let storage: Arc<dyn Storage> = Arc::new(venue.journal(left));
            let (end, last) = end_before(&blocks, sequence);
            let before = files(&storage);
            let planned = lock(&storage).and_then(|mut opening| opening.plan_before(Sequence(sequence)));
            let planned = planned.expect("it is held");
            assert_eq!(files(&storage), before, "a plan changes nothing");
            let plan = recover_before(&storage, sequence).expect("it is held");
            assert_eq!(plan, planned);
            assert_eq!(plan.lost, Some(Lost { first: Sequence(last + 1), last: Sequence(COUNT) }));
            assert_eq!((plan.last.0, plan.cut.map(|cut| cut.position)), (Sequence(last), Some(end)));
            let verified = verify(storage.clone(), &mut |_, _| {}).expect("no damage");
            let expected = Ending::Open { position: end, torn_bytes: 0, fault: None };
            assert_eq!((verified.last.0, verified.ending), (Sequence(last), expected), "{left:?} {sequence}");
            assert_eq!(storage.bytes(&format!("{:08}.segment", end.segment)).expect("a file"), 4_096);
            assert_eq!(names(&storage, ".tmp"), [""; 0]);
            venue.write_rest(&storage);
        }
    }
}

#[test]
fn a_loss_of_power_leaves_a_whole_journal_that_ends_later_or_as_was_wanted() {
    let (venue, mut random) = (Venue::new(), Random(7));
    for (left, sequence) in ALL.into_iter().zip([1, 14, 30, 45]) {
        let whole: Arc<dyn Storage> = Arc::new(venue.journal(left));
        let (end, last) = end_before(&blocks(&whole), sequence);
        // At every change of a file or a name, and some losses each.
        for changes in 0.. {
            let mut is_done = false;
            for _ in 0..12 {
                let disk = venue.journal(left);
                disk.cut_power_after(changes);
                let storage: Arc<dyn Storage> = Arc::new(disk.clone());
                is_done = recover_before(&storage, sequence).is_ok();
                let storage: Arc<dyn Storage> = Arc::new(disk.crash(&mut || random.next()));
                let verified = verify(storage.clone(), &mut |_, _| {}).expect("no damage");
                let found = verified.last.0.0;
                assert!(found == last || found >= sequence, "{left:?}, {changes} changes: ends at {found}");
                assert!(!is_done || found == last, "it was said to be done");
                if found >= sequence {
                    let plan = recover_before(&storage, sequence).expect("what is left is whole");
                    assert_eq!(plan.cut.map(|cut| cut.position), Some(end));
                }
                let verified = verify(storage.clone(), &mut |_, _| {}).expect("no damage");
                assert_eq!(verified.last.0, Sequence(last));
                venue.write_rest(&storage);
            }
            if is_done {
                assert!(changes > 12, "{changes} changes are too few");
                break;
            }
        }
    }
}

#[test]
fn what_the_journal_does_not_hold_is_refused() {
    let venue = Venue::new();
    let refused = |left, sequence| {
        let storage: Arc<dyn Storage> = Arc::new(venue.journal(left));
        let before = files(&storage);
        let error = recover_before(&storage, sequence).expect_err("it is not held");
        assert!(matches!(error, JournalError::Beyond { .. }), "{error}");
        assert_eq!(files(&storage), before);
        error.to_string()
    };
    assert_eq!(refused(Left::Closed, 0), "the journal does not hold command 0; its first is 1");
    assert_eq!(refused(Left::Open, COUNT + 1), "the journal does not hold command 61; its last is 60");
    for sequence in [0, 1, 40] {
        let says = format!("what is before command {sequence}, which was pruned; name one from 41 on");
        assert_eq!(refused(Left::Pruned, sequence), format!("the journal does not hold {says}"));
    }
}

#[test]
fn damage_a_writer_and_a_full_disk_are_no_reason_to_lose_commands() {
    let venue = Venue::new();
    for damaged in [10, 50] {
        let storage: Arc<dyn Storage> = Arc::new(venue.journal(Left::Closed));
        let position = end_before(&blocks(&storage), damaged).0;
        let name = format!("{:08}.segment", position.segment);
        let mut bytes = storage.read(&name).expect("a file");
        bytes[position.offset as usize + 70] ^= 1;
        storage.write(&name, &bytes).expect("memory takes it");
        let before = files(&storage);
        let error = recover_before(&storage, 30).expect_err("damage");
        assert!(matches!(&error, JournalError::Damaged(damage) if matches!(damage.fault, Fault::NoFrame(_))));
        assert_eq!(files(&storage), before);
    }

    let disk = venue.journal(Left::Open);
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let held = lock(&storage).expect("nobody writes");
    assert!(matches!(lock(&storage), Err(JournalError::Locked { .. })));
    drop(held);

    disk.fill_up();
    let before = files(&storage);
    assert!(recover_before(&storage, 30).expect_err("a full disk").is_want_of_room());
    assert_eq!(files(&storage), before);
}
