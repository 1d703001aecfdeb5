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
use novate_replica::wait::{Waiter, Waiting};

use super::client::{Client, Length, Looped};
use super::load::Load;
use super::probe::StageProbe;
use super::sweep::Plan;
use crate::machine::pin;
use crate::open_loop::OpenLoop;

/// Lines of the ring that the hot thread's marks come through: one each, and more than a client is ever behind.
const MARK_LINES: usize = 1 << 12;

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
    let mut client = Client::new(&primary, events, (pace, Waiter::new(plan.waiting())), marks, &plan.is_cancelled);
    let looped = client.set_up(load, &mut commands).and_then(|()| client.run(&mut commands, length));
    drop(client);
    // Why the primary halted tells more than that it did.
    primary.stop().map_err(io::Error::other)?;
    looped
}

impl Plan {
    /// Threads that have a core spin on it.
    pub(super) const fn waiting(&self) -> Waiting {
        if self.cores.is_some() { Waiting::Spin } else { Waiting::Yield }
    }
}
