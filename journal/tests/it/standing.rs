//! What stands on something must not outlive it: snapshots on commands, pruned journals on snapshots.

use std::sync::Arc;

use novate_journal::folder::Folder;
use novate_journal::prune::Prune;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::Replay;
use novate_journal::snapshot;
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::verify::verify;
use novate_journal::writer::{Opening, create};

use crate::support::{Random, SMALL, Taking, commands, from_memory, genesis, write};

const COUNT: usize = 100;

/// A journal of which nothing but its beginning was made durable, with a snapshot; then the power goes, or first what the
/// snapshot replaces.
fn after_a_crash(prunes: bool, seed: u64) -> (Arc<dyn Storage>, u64) {
    let commands = commands(seed, COUNT);
    let trace = from_memory(&commands);
    let disk = Arc::new(CrashStorage::new());
    let storage: Arc<dyn Storage> = disk.clone();
    let mut opened = create(storage.clone(), &genesis(), SMALL).expect("a new journal");
    write(&mut opened, &commands, &trace, 0, 5);
    drop(opened);
    let at = trace.states.last().expect("a checkpoint").0;
    let reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
    let mut taking = Taking { storage: storage.clone(), at };
    Replay::from_genesis(reader).expect("a state").run(None, &mut taking).expect("no damage");
    if prunes {
        let prune = Prune::new(&storage, &mut |_, _| {}).expect("a snapshot");
        assert!(!prune.plan().segments.is_empty(), "nothing to prune");
        prune.run().expect("memory takes it");
    }
    let mut random = Random(seed);
    (Arc::new(disk.crash(&mut || random.next())), at)
}

#[test]
fn no_snapshot_outlives_its_commands() {
    for seed in 0..40 {
        for prunes in [false, true] {
            let (storage, at) = after_a_crash(prunes, seed);
            let verified = verify(storage.clone(), &mut |_, _| {}).expect("a torn tail at most");
            assert!(verified.last.0.0 >= at, "command {at} is lost, seed {seed}");
            let begin = snapshot::beginning(&Folder::read(storage.clone()).expect("a folder")).expect("a snapshot");
            assert_eq!(begin.is_some(), prunes);
            let plan = Opening::lock(storage.clone(), begin.as_ref(), None).and_then(Opening::recover);
            assert_eq!(plan.expect("a torn tail at most").last, verified.last);
            assert_eq!(Folder::read(storage).expect("a folder").snapshots, [at]);
        }
    }
}
