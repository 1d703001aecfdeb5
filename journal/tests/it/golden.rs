//! Files of released format versions: they are read for ever, and this version still writes the same bytes.

use std::path::PathBuf;
use std::sync::Arc;

use novate_core::sink::Discard;
use novate_journal::format::FORMAT_VERSION;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Halt, Replay};
use novate_journal::snapshot;
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::verify::verify;
use novate_journal::writer::{Flush, create};

use crate::support::{SMALL, Taking, commands, from_memory, genesis, write};

const COUNT: usize = 50;
/// What the golden journal comes to.
const EVENTS_DIGEST: &str = "b704477bfd28e763ef4d7bcea1c34ae5";
const STATE_DIGEST: &str = "deadb05613ae7aeff261c2a2059c4d8b8dc4c757c7ffe59546a9d318cd2849a8";
const CHAIN: &str = "31513721741cb36978c0e48f88f6165b4f695eedc9f6861d2087977f229f4cc6";

/// The journal's files as they are committed, by the format's version.
fn golden(version: u32) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", &version.to_string()].iter().collect()
}

fn committed(version: u32) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(golden(version)).expect("a committed folder");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let entry = entry.expect("a readable folder");
            let name = entry.file_name().into_string().expect("names in UTF-8");
            (name, std::fs::read(entry.path()).expect("a readable file"))
        })
        .collect();
    files.sort();
    files
}

/// The same commands, written today.
fn written() -> Vec<(String, Vec<u8>)> {
    let commands = commands(11, COUNT);
    let trace = from_memory(&commands);
    let storage: Arc<dyn Storage> = Arc::new(CrashStorage::new());
    let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
    write(&mut opened, &commands[..30], &trace, 0, 6);
    opened.flusher.step(Flush::All).expect("memory does not fail");
    write(&mut opened, &commands, &trace, 30, 6);
    opened.close(trace.events[COUNT - 1]).expect("a clean close");
    let reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
    let mut taking = Taking { storage: storage.clone(), at: trace.states[1].0 };
    Replay::from_genesis(reader).expect("a state").run(None, &mut taking).expect("no damage");
    let entries = storage.list().expect("a folder");
    entries.into_iter().map(|entry| (entry.name.clone(), storage.read(&entry.name).expect("a file"))).collect()
}

#[test]
fn files_of_every_version_are_read() {
    for version in 1..=FORMAT_VERSION {
        let storage = CrashStorage::new();
        for (name, bytes) in committed(version) {
            storage.write(&name, &bytes).expect("memory takes it");
        }
        let storage: Arc<dyn Storage> = Arc::new(storage);
        let verified = verify(storage.clone(), &mut |_, _| {}).expect("a golden journal");
        assert_eq!((verified.ending, verified.last.0.0, verified.snapshots), (Ending::Closed, COUNT as u64, 1));
        assert_eq!(verified.link.value.to_string(), CHAIN);
        let reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
        let mut replay = Replay::from_genesis(reader).expect("a state");
        assert_eq!(replay.run(None, &mut Discard).expect("no damage"), Halt::End(Ending::Closed));
        assert_eq!(replay.result().expect("a state").1.to_string(), EVENTS_DIGEST);
        assert_eq!(replay.state().digest().to_string(), STATE_DIGEST);
        let kept = snapshot::read(&*storage, 20).expect("a snapshot");
        let reader = Reader::open_at(storage, Chain::Verified, &kept.header.place()).expect("its place");
        let mut replay = Replay::from_state(kept.state().expect("a state"), reader);
        replay.run(None, &mut Discard).expect("no damage");
        assert_eq!(replay.state().digest().to_string(), STATE_DIGEST);
    }
}

#[test]
fn this_version_writes_the_same_bytes() {
    let (mut golden, mut today) = (committed(FORMAT_VERSION), written());
    for files in [&mut golden, &mut today] {
        files.retain(|file| file.0 != "lock");
        for (_, bytes) in files.iter_mut().filter(|file| file.0.ends_with(".segment")) {
            // When the file was made, and the sum over that.
            bytes[8..12].fill(0);
            bytes[40..48].fill(0);
        }
    }
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|file| file.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&golden), names(&today));
    for (one, other) in golden.iter().zip(&today) {
        let first = one.1.iter().zip(&other.1).position(|(one, other)| one != other);
        assert!(one.1 == other.1, "{} differs at {first:?}", one.0);
    }
}
