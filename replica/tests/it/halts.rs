//! Disks that fill up or fail, and what an operator reads of that and of everything else that ends a primary.

use std::fmt::{Debug, Display};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use novate_core::digest::{EventsDigest, Hash256};
use novate_core::engine::OutOfOrder;
use novate_core::prelude::*;
use novate_core::ring::{PushError, RingSize};
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::writer::{AppendError, Poison};
use novate_journal::{Damage, Fault, JournalError};
use novate_replica::affinity::NoSuchCore;
use novate_replica::clock::CycleClock;
use novate_replica::counters::{Counter, Snapshot};
use novate_replica::follower::FollowerSettings;
use novate_replica::halt::{Halt, Halted};
use novate_replica::primary::{Primary, Settings, StartError, Submission};

use crate::support::{Events, PATIENCE, genesis, order, set_up, settings};

/// Submits orders to a primary on a disk that goes wrong once the venue is there, until no more are taken for a while.
fn on_a_disk(goes_wrong: impl FnOnce(&CrashStorage)) -> (Halted, Snapshot) {
    let disk = CrashStorage::new();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    // A snapshot at every checkpoint, of which there are many.
    let shadow = Some(FollowerSettings { snapshot_every: 1, ..FollowerSettings::new() });
    let settings = Settings { ingress_lines: 1 << 8, checkpoint_ns: 1_000_000, shadow, ..settings() };
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().observe()));
    let party = set_up(&mut ingress, &mut events, 0);
    goes_wrong(&disk);
    let (begin, mut last, mut taken_at) = (Instant::now(), 0, Instant::now());
    let mut number = 1;
    while taken_at.elapsed() < Duration::from_millis(200) && !primary.has_ended() {
        assert!(begin.elapsed() < PATIENCE, "{number} orders were taken");
        let submission = Submission::new(0, &order(&party, number)).expect("a command's length");
        match ingress.try_push(submission.words()) {
            Ok(()) => number += 1,
            Err(PushError::Closed) => break,
            Err(_) => thread::sleep(Duration::from_micros(100)),
        }
        if primary.taken() > last {
            (last, taken_at) = (primary.taken(), Instant::now());
        }
    }
    let halted = primary.stop().expect_err("it cannot stop in order");
    (halted, Snapshot::read(&*storage).expect("counters"))
}

/// While the disk is full commands wait; that nobody can take them any more is said when the primary is to stop.
#[test]
fn a_full_disk_holds_commands_up() {
    let (halted, counters) = on_a_disk(CrashStorage::fill_up);
    assert!(matches!(halted.reason, Halt::Append(AppendError::NoRoom { .. })), "{halted}");
    // The segments that were there were filled: one at least, of 256 KiB.
    assert!(halted.last > Sequence(1_500), "{halted}");
    assert!(counters.get(Counter::SnapshotsMissed) > 0, "snapshots find no room either");
}

#[test]
fn a_disk_that_fails_halts() {
    let (halted, _) = on_a_disk(|disk| disk.fail_syncs_after(0));
    // Whichever of writer and shadow comes to it first.
    let says = halted.reason.to_string();
    assert!(matches!(halted.reason, Halt::Journal(_) | Halt::Shadow(_)) && says.contains("as was ordered"), "{halted}");
}

/// The runbook has a row for something: its name, and words of its message.
#[track_caller]
fn has_row(runbook: &str, kind: &str, what: &(impl Debug + Display)) {
    let (name, says) = (format!("{what:?}"), what.to_string());
    let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let begin = format!("| `{kind}::{name}` | `");
    let row = runbook.lines().find_map(|line| line.strip_prefix(&begin)).unwrap_or_else(|| panic!("no row {begin}"));
    let quoted = row.split('`').next().unwrap_or_default();
    assert!(quoted.len() > 5 && says.contains(quoted), "{kind}::{name} says: {says}");
}

fn runbook() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RUNBOOK.md");
    std::fs::read_to_string(path).expect("the runbook")
}

#[test]
fn the_runbook_names_every_halt() {
    let (stated, replayed) = (EventsDigest::default(), EventsDigest::default());
    let (own, shadow) = (Hash256::default(), Hash256::default());
    let (sequence, time) = (Sequence(1), TimeNs(2));
    let all = [
        Halt::TimeJump { last: time, next: time, max_ns: 3 },
        Halt::Journal(Poison { doing: "making the journal durable", cause: String::new() }),
        Halt::Append(AppendError::NoRoom { cause: String::new() }),
        Halt::Engine(OutOfOrder::Time { last: time, given: time }),
        Halt::Diverged { first: sequence, last: sequence, stated, replayed },
        Halt::StateDiffers { after: sequence, own, shadow },
        Halt::MemoryFault { chunk: 1, place: String::new() },
        Halt::Shadow(String::new()),
        Halt::Core(NoSuchCore { core: 1, allowed: Vec::new() }),
        Halt::ThreadDied("novate-hot"),
    ];
    let runbook = runbook();
    for halt in &all {
        // A new one does not compile: add it above, and to the runbook.
        match halt {
            Halt::TimeJump { .. }
            | Halt::Journal(_)
            | Halt::Append(_)
            | Halt::Engine(_)
            | Halt::Diverged { .. }
            | Halt::StateDiffers { .. }
            | Halt::MemoryFault { .. }
            | Halt::Shadow(_)
            | Halt::Core(_)
            | Halt::ThreadDied(_) => {}
        }
        has_row(&runbook, "Halt", halt);
    }
    assert!(runbook.contains("`halted after sequence`"));
}

fn journal_errors() -> Vec<JournalError> {
    let text = String::new;
    let damage = Damage { file: text(), offset: 0, after_sequence: 0, fault: Fault::Control };
    let (expected, found) = (Hash256::default(), Hash256::default());
    let storage: Arc<dyn Storage> = Arc::new(CrashStorage::new());
    let journal = novate_journal::writer::Settings { segment_bytes: 1, ..settings().journal };
    let unusable = novate_journal::writer::create(storage, &genesis(), journal).map(drop).expect_err("too small");
    vec![
        JournalError::NoJournal { folder: text(), found: "no folder" },
        JournalError::NotEmpty { folder: text(), file: text() },
        JournalError::OtherVersion { file: text(), what: "format", found: 9 },
        JournalError::OtherGenesis { file: text(), expected, found },
        JournalError::Damaged(damage),
        unusable,
        JournalError::Locked { folder: text() },
        JournalError::Beyond { what: text() },
        JournalError::Io { doing: "reading", file: text(), cause: std::io::ErrorKind::Other.into() },
    ]
}

#[test]
fn the_runbook_names_every_reason_not_to_start() {
    let runbook = runbook();
    let cause = || std::io::Error::from(std::io::ErrorKind::Other);
    let no_journal = JournalError::NoJournal { folder: String::new(), found: "no folder" };
    let (stated, replayed) = (EventsDigest::default(), EventsDigest::default());
    let all = [
        StartError::Journal(JournalError::Locked { folder: String::new() }),
        StartError::State(novate_journal::state::StateError::NoMemory(cause())),
        StartError::OutOfOrder(OutOfOrder::Sequence { expected: Sequence(1), given: Sequence(2) }),
        StartError::Ring(RingSize { lines: 1 }),
        StartError::Setting { name: "batch_commands", value: 0, expected: "from 1 to 63" },
        StartError::Shadow(novate_journal::replay::ReplayError::Journal(no_journal)),
        StartError::Core(NoSuchCore { core: 1, allowed: Vec::new() }),
        StartError::Differs { first: 1, last: 2, stated, replayed },
        StartError::Counters(cause()),
        StartError::Thread(cause()),
    ];
    for error in &all {
        // A new one does not compile: add it above, and to the runbook.
        match error {
            StartError::Journal(_)
            | StartError::State(_)
            | StartError::OutOfOrder(_)
            | StartError::Ring(_)
            | StartError::Setting { .. }
            | StartError::Shadow(_)
            | StartError::Core(_)
            | StartError::Differs { .. }
            | StartError::Counters(_)
            | StartError::Thread(_) => {}
        }
        has_row(&runbook, "StartError", error);
    }
    for error in &journal_errors() {
        has_row(&runbook, "JournalError", error);
    }
}

#[test]
fn the_runbook_names_every_counter() {
    let runbook = runbook();
    let rows: Vec<&str> = runbook.lines().filter(|line| line.starts_with("| `")).collect();
    for counter in Counter::ALL {
        let name = format!("`{}`", counter.name());
        assert!(rows.iter().any(|row| row.split('|').nth(1).is_some_and(|names| names.contains(&name))), "{name}");
    }
}
