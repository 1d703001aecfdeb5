//! One primary under one load.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use novate_core::ring::spsc;
use novate_journal::storage::{DiskStorage, Storage};
use novate_replica::affinity::Cores;
use novate_replica::clock::CycleClock;
use novate_replica::follower::FollowerSettings;
use novate_replica::primary::{Primary, Settings};
use novate_replica::wait::Waiting;

use super::client::{Client, Length, Looped};
use super::load::Load;
use super::probe::StageProbe;
use super::sweep::Plan;
use crate::machine::pin;
use crate::open_loop::OpenLoop;

/// Lines of the ring that the hot thread's marks come through: one each, and more than a client is ever behind.
const MARK_LINES: usize = 1 << 12;
/// Bytes of the journal for each command, about.
const BYTES_A_COMMAND: u64 = 130;

/// Whether the hot thread is asked where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// It is left alone.
    Outside,
    /// It reads the clock between its stages.
    Inside,
}

/// Removed with all that is in it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Begins a journal, sends the load at a rate, and stops.
pub(super) fn run(load: &Load, plan: &Plan, (rate, length): (u64, Length), view: View) -> io::Result<Looped> {
    let folder = Folder(plan.folder.join("journal"));
    let disk = DiskStorage::new(&folder.0);
    disk.create_folder()?;
    let storage: Arc<dyn Storage> = Arc::new(disk);
    let settings = Settings {
        cores: Cores { hot: plan.cores.map(|(_, hot)| hot), shadow: None },
        waiting: plan.waiting(),
        shadow: plan.shadow.then(FollowerSettings::new),
        ..Settings::new(plan.journal)
    };
    // On a thread of its own, which may be pinned.
    thread::scope(|scope| {
        let run = || send((load, plan), (rate, length), (&storage, &settings), view);
        let client = thread::Builder::new().name("client".into()).spawn_scoped(scope, run)?;
        client.join().map_err(|_| io::Error::other("the client died"))?
    })
    .map_err(|error| {
        if error.kind() == io::ErrorKind::TimedOut { without_room(&error, load, rate, length) } else { error }
    })
}

/// Why a primary takes nothing any more, most likely, and what would help.
fn without_room(silence: &io::Error, load: &Load, rate: u64, length: Length) -> io::Error {
    let commands = (load.set_up.len() + load.prefill()) as u64 + length.warm_up + length.timed;
    let bytes = commands.saturating_mul(BYTES_A_COMMAND);
    let message = format!(
        "the primary takes nothing any more, most likely since the disk has no room: {silence}; at {rate} commands a second \
         the journal needs about {bytes} bytes"
    );
    io::Error::new(silence.kind(), message)
}

/// The client's thread.
fn send(
    (load, plan): (&Load, &Plan),
    (rate, length): (u64, Length),
    (storage, settings): (&Arc<dyn Storage>, &Settings),
    view: View,
) -> io::Result<Looped> {
    let own = plan.cores.map(|(own, _)| own);
    let take_core = || match own {
        Some(core) if pin(Some(core)).is_none() => {
            Err(io::Error::other(format!("the system refused core {core} for the client")))
        }
        _ => Ok(()),
    };
    // Threads begin where the one that starts them is: where there is no third core, they share the client's, and the hot
    // thread has its own.
    if plan.is_crowded {
        take_core()?;
    }
    let (pace, clock) = (OpenLoop::new(rate), CycleClock::new());
    let (primary, marks) = match view {
        View::Outside => (Primary::create(storage, &load.genesis, clock, settings), None),
        View::Inside => {
            let (producer, consumer) = spsc::ring(MARK_LINES).map_err(io::Error::other)?;
            let probe = StageProbe::new(pace.clone(), producer);
            (Primary::create_probed(storage, &load.genesis, (clock, probe), settings), Some(consumer))
        }
    };
    let primary = primary.map_err(io::Error::other)?;
    take_core()?;
    let events = primary.egress().gate().ok_or_else(|| io::Error::other("no reader may gate"))?;
    let mut commands = load.commands();
    let mut client = Client::new(&primary, events, pace, marks, plan);
    let looped = client.set_up(load, &mut commands).and_then(|()| client.run(&mut commands, length));
    drop(client);
    let stopped = primary.stop();
    // Why the primary halted tells more than that it did, but where it was stopped while it waited for room.
    match looped {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(error),
        looped => stopped.map_err(io::Error::other).and(looped),
    }
}

impl Plan {
    /// Threads that have a core spin on it.
    pub(super) const fn waiting(&self) -> Waiting {
        if self.cores.is_some() { Waiting::Spin } else { Waiting::Yield }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use novate_journal::storage::CrashStorage;
    use novate_journal::writer::{Durability, Settings as JournalSettings};

    use super::*;

    /// A journal whose disk is full waits for room; the client does not wait for ever.
    #[test]
    fn whoever_gets_no_answer_gives_up() {
        let load = Load::new().expect("a flow");
        let journal = JournalSettings { segment_bytes: 1 << 18, ..JournalSettings::new(Durability::None) };
        let plan = Plan {
            rates: vec![1_000_000],
            duration: Duration::from_hours(1),
            warm_up: Duration::ZERO,
            cores: None,
            is_crowded: false,
            folder: PathBuf::new(),
            journal,
            shadow: false,
            patience: Duration::from_millis(300),
            is_cancelled: Arc::new(AtomicBool::new(false)),
        };
        let disk = CrashStorage::new();
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let settings = Settings { waiting: plan.waiting(), shadow: None, ..Settings::new(journal) };
        let length = Length { warm_up: 0, timed: 3_600_000_000, interval_ns: 1 << 40, intervals: 1 };
        let error = thread::scope(|scope| {
            scope.spawn(|| {
                while storage.read(novate_journal::format::names::COUNTERS).is_err() {
                    thread::sleep(Duration::from_millis(5));
                }
                thread::sleep(Duration::from_millis(50));
                disk.fill_up();
            });
            send((&load, &plan), (1_000_000, length), (&storage, &settings), View::Outside).expect_err("no room")
        });
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        let told = without_room(&error, &load, 1_000, Length { timed: 1_000, ..length }).to_string();
        assert!(told.contains("the disk has no room: nothing was answered for 300ms; at 1000 commands"), "{told}");
    }
}
