//! Every flipped bit and every cut of a small journal is found, or changes nothing.

use std::sync::Arc;

use novate_core::digest::Hash256;
use novate_core::sink::Discard;
use novate_journal::JournalError;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Halt, Replay, ReplayError};
use novate_journal::snapshot;
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::verify::verify;
use novate_journal::writer::{Flush, create};

use crate::support::{SMALL, Taking, commands, from_memory, genesis, write};

/// The files of a journal: names and bytes.
type Files = Vec<(String, Vec<u8>)>;

/// Commands: two segments, a few blocks, one snapshot.
const COUNT: usize = 40;

fn files(storage: &dyn Storage) -> Files {
    let entries = storage.list().expect("a folder in memory");
    entries.into_iter().map(|entry| (entry.name.clone(), storage.read(&entry.name).expect("a file"))).collect()
}

fn stored(files: &[(String, Vec<u8>)]) -> Arc<dyn Storage> {
    let storage = CrashStorage::new();
    for (name, bytes) in files {
        storage.write(name, bytes).expect("memory takes it");
    }
    Arc::new(storage)
}

/// A small journal, closed or as a process that died leaves it, with a snapshot in the middle.
fn small(is_closed: bool) -> Files {
    let commands = commands(5, COUNT);
    let trace = from_memory(&commands);
    let storage: Arc<dyn Storage> = Arc::new(CrashStorage::new());
    let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
    write(&mut opened, &commands, &trace, 0, 8);
    opened.flusher.step(Flush::All).expect("memory does not fail");
    if is_closed {
        opened.close(trace.events[COUNT - 1]).expect("a clean close");
        let reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
        let mut replay = Replay::from_genesis(reader).expect("a state");
        let mut taking = Taking { storage: storage.clone(), at: trace.states[1].0 };
        replay.run(None, &mut taking).expect("no damage");
    }
    files(&*storage)
}

/// What is said of a journal: its last sequence, state and whether it is closed, or why not.
fn judge(storage: &Arc<dyn Storage>) -> Result<(u64, Hash256, Ending), JournalError> {
    let verified = verify(storage.clone(), &mut |_, _| {})?;
    let replayed = replay(storage)?;
    assert_eq!((verified.last.0.0, &verified.ending), (replayed.0, &replayed.2), "verify and replay disagree");
    Ok(replayed)
}

fn replay(storage: &Arc<dyn Storage>) -> Result<(u64, Hash256, Ending), JournalError> {
    let text = |error: ReplayError| match error {
        ReplayError::Journal(error) => error,
        other => panic!("{other}"),
    };
    let mut replay = Replay::from_genesis(Reader::open(storage.clone(), Chain::Verified)?).map_err(text)?;
    match replay.run(None, &mut Discard).map_err(text)? {
        Halt::End(ending) => Ok((replay.result().expect("a state").0.0, replay.state().digest(), ending)),
        other => panic!("{other:?}"),
    }
}

fn exit_code_is_damage(error: &JournalError) -> bool {
    matches!(error, JournalError::Damaged(_))
}

#[test]
fn every_flipped_bit_of_a_closed_journal_is_found() {
    let files = small(true);
    assert!(files.iter().any(|file| file.0.ends_with(".snapshot")) && files.len() >= 5, "{}", files.len());
    let right = judge(&stored(&files)).expect("no damage");
    assert_eq!((right.0, &right.2), (COUNT as u64, &Ending::Closed));
    for (place, (name, bytes)) in files.iter().enumerate() {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = files.clone();
            flipped[place].1[bit / 8] ^= 1 << (bit % 8);
            match judge(&stored(&flipped)) {
                Err(error) => assert!(exit_code_is_damage(&error), "{name}, bit {bit}: {error}"),
                Ok(other) => panic!("{name}, bit {bit}: not found; {other:?}"),
            }
        }
    }
}

#[test]
fn a_flipped_bit_of_an_open_journal_is_found_or_ends_it() {
    let files = small(false);
    let states = prefix_states();
    let right = judge(&stored(&files)).expect("no damage");
    assert!(matches!(right.2, Ending::Open { torn_bytes: 0, fault: None, .. }));
    let mut torn = 0;
    for (place, (name, bytes)) in files.iter().enumerate() {
        // Segments made ahead are mostly zeros, which are all alike.
        for bit in (0..bytes.len() * 8).step_by(if name.contains("1.segment") { 1 } else { 7 }) {
            let mut flipped = files.clone();
            flipped[place].1[bit / 8] ^= 1 << (bit % 8);
            match judge(&stored(&flipped)) {
                Err(error) => assert!(exit_code_is_damage(&error), "{name}, bit {bit}: {error}"),
                Ok((last, state, ending)) => {
                    let is_told =
                        matches!(&ending, Ending::Open { torn_bytes, fault, .. } if *torn_bytes > 0 || fault.is_some());
                    assert!(is_told, "{name}, bit {bit}: not found");
                    assert_eq!(state, states[last as usize], "{name}, bit {bit}: not the state of a first part");
                    torn += 1;
                }
            }
        }
    }
    assert!(torn > 0);
}

/// The state digest after each command, from memory.
fn prefix_states() -> Vec<Hash256> {
    let commands = commands(5, COUNT);
    let mut state = novate_journal::state::State::genesis(&genesis()).expect("a small state");
    let mut states = vec![state.digest()];
    for (place, (time, words)) in commands.iter().enumerate() {
        let sequence = novate_core::units::Sequence(place as u64 + 1);
        let command = novate_core::command::RawCommand::new(words);
        state.attach().expect("a state").apply(sequence, *time, command, &mut Discard).expect("in order");
        states.push(state.digest());
    }
    states
}

#[test]
fn every_cut_is_told() {
    for is_closed in [true, false] {
        let files = small(is_closed);
        let states = prefix_states();
        let right = judge(&stored(&files)).expect("no damage");
        for (place, (name, bytes)) in files.iter().enumerate() {
            for len in 0..bytes.len() {
                let mut cut = files.clone();
                cut[place].1.truncate(len);
                match judge(&stored(&cut)) {
                    Err(error) => assert!(exit_code_is_damage(&error), "{name} cut to {len}: {error}"),
                    Ok((last, state, ending)) => {
                        assert_ne!((&ending, last), (&right.2, right.0), "{name} cut to {len}: not told");
                        assert_eq!(state, states[last as usize], "{name} cut to {len}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_snapshot_beyond_the_journal_is_told() {
    let mut files = small(true);
    let kept = files.iter().find(|file| file.0.ends_with(".snapshot")).expect("a snapshot").clone();
    assert!(snapshot::read(&*stored(&files), 20).is_ok());
    let moved = ("00000000000000000999.snapshot".to_owned(), kept.1);
    files.push(moved);
    let error = judge(&stored(&files)).expect_err("its name is not its sequence");
    assert!(error.to_string().contains("00000000000000000999.snapshot"), "{error}");
}
