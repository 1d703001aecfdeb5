//! A panic in a thread beside the hot one: a defect, which must not go unheard.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use novate_core::prelude::*;
use novate_core::ring::PushError;
use novate_journal::storage::{CrashStorage, Entry, Lock, Mapped, Storage};
use novate_replica::clock::CycleClock;
use novate_replica::primary::{Primary, Settings, Submission};

use crate::support::{Events, PATIENCE, genesis, order, set_up, settings};

/// A disk that panics on a thread of this name, as a defect there would, once it is told to.
struct Panicking {
    disk: CrashStorage,
    thread: &'static str,
    is_armed: AtomicBool,
}

impl Panicking {
    fn disk(&self) -> &CrashStorage {
        let is_meant = thread::current().name() == Some(self.thread);
        assert!(!(is_meant && self.is_armed.load(Ordering::Relaxed)), "a defect in {}", self.thread);
        &self.disk
    }
}

impl Storage for Panicking {
    fn name(&self) -> String {
        self.disk().name()
    }
    fn list(&self) -> io::Result<Vec<Entry>> {
        self.disk().list()
    }
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.disk().read(name)
    }
    fn read_from(&self, name: &str, from: u64) -> io::Result<Vec<u8>> {
        self.disk().read_from(name, from)
    }
    fn bytes(&self, name: &str) -> io::Result<u64> {
        self.disk().bytes(name)
    }
    fn is_shared(&self) -> bool {
        self.disk().is_shared()
    }
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.disk().write(name, bytes)
    }
    fn allocate(&self, name: &str, head: &[u8], bytes: u64) -> io::Result<()> {
        self.disk().allocate(name, head, bytes)
    }
    fn map(&self, name: &str, is_writable: bool) -> io::Result<Mapped> {
        self.disk().map(name, is_writable)
    }
    fn zero_from(&self, name: &str, from: u64) -> io::Result<()> {
        self.disk().zero_from(name, from)
    }
    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        self.disk().truncate(name, bytes)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk().rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk().remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        self.disk().sync_names()
    }
    fn lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        self.disk().lock()
    }
}

/// Orders come until the primary has ended; what it says then, and the last command that it had executed.
fn ends_when_a_thread_panics(name: &'static str) {
    let storage = Arc::new(Panicking { disk: CrashStorage::new(), thread: name, is_armed: AtomicBool::new(false) });
    let (disk, settings): (Arc<dyn Storage>, _) = (storage.clone(), Settings { ingress_lines: 1 << 8, ..settings() });
    let primary = Primary::create(&disk, &genesis(), CycleClock::new(), &settings).expect("a primary");
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().observe()));
    let party = set_up(&mut ingress, &mut events, 0);
    storage.is_armed.store(true, Ordering::Relaxed);
    let (begin, mut number) = (Instant::now(), 1);
    while !primary.has_ended() {
        assert!(begin.elapsed() < PATIENCE, "{name} died, and nobody heard of it");
        let submission = Submission::new(0, &order(&party, number)).expect("a command's length");
        match ingress.try_push(submission.words()) {
            Ok(()) => number += 1,
            Err(PushError::Closed) => break,
            Err(_) => thread::sleep(Duration::from_micros(100)),
        }
    }
    let executed = primary.executed();
    let halted = primary.stop().expect_err("it has halted");
    assert!(halted.to_string().contains(name), "{halted}");
    assert!(halted.last == executed && executed >= Sequence(3), "{halted}, {executed} executed");
}

#[test]
fn of_the_flusher() {
    ends_when_a_thread_panics("novate-flush");
}

#[test]
fn of_the_preparer() {
    ends_when_a_thread_panics("novate-prepare");
}

#[test]
fn of_the_shadow() {
    ends_when_a_thread_panics("novate-shadow");
}
