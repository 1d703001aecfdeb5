//! What the hot thread and whoever holds the primary share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use novate_core::units::Sequence;
use parking_lot::Mutex;

use super::Drill;
use crate::halt::Halt;

/// Flags, and how far the hot thread has come.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    progress: Progress,
    /// Outcomes that the engine remembers of each session.
    outcome_window: usize,
    is_stopping: AtomicBool,
    is_halting: AtomicBool,
    is_over: AtomicBool,
    /// The first reason to halt.
    reason: Mutex<Option<Halt>>,
    drill: Option<Drill>,
}

/// What the hot thread stores with every batch, on lines of its own: whoever submits reads the flags beside it.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Progress {
    appended: AtomicU64,
    executed: AtomicU64,
    taken: AtomicU64,
    stalls: AtomicU64,
}

impl Shared {
    pub(super) fn new(last: Sequence, outcome_window: u32, drill: Option<Drill>) -> Self {
        let [appended, executed] = [(); 2].map(|()| AtomicU64::new(last.0));
        let progress = Progress { appended, executed, ..Progress::default() };
        Self { progress, outcome_window: outcome_window as usize, drill, ..Self::default() }
    }

    /// Outcomes that the engine remembers of each session.
    pub(crate) fn outcome_window(&self) -> usize {
        self.outcome_window
    }

    /// The last command that was appended: the events of no later one were published.
    pub(crate) fn appended(&self) -> Sequence {
        Sequence(self.progress.appended.load(Ordering::Acquire))
    }

    #[inline(always)]
    pub(super) fn set_appended(&self, sequence: Sequence) {
        self.progress.appended.store(sequence.0, Ordering::Release);
    }

    /// The last command that was appended and applied, and whose events were published.
    pub(crate) fn executed(&self) -> Sequence {
        Sequence(self.progress.executed.load(Ordering::Acquire))
    }

    #[inline(always)]
    pub(super) fn set_executed(&self, sequence: Sequence) {
        self.progress.executed.store(sequence.0, Ordering::Release);
    }

    /// How many submissions were executed, and what came of them published.
    pub(crate) fn taken(&self) -> u64 {
        self.progress.taken.load(Ordering::Acquire)
    }

    #[inline(always)]
    pub(super) fn add_taken(&self, count: usize) {
        // The hot thread is the only one that counts.
        self.progress.taken.store(self.progress.taken.load(Ordering::Relaxed) + count as u64, Ordering::Release);
    }

    /// Has the hot thread halt before its next batch; the first reason stays.
    pub(crate) fn halt(&self, reason: Halt) {
        self.reason.lock().get_or_insert(reason);
        self.is_halting.store(true, Ordering::Release);
    }

    #[inline(always)]
    pub(super) fn asked_to_halt(&self) -> Option<Halt> {
        if self.is_halting.load(Ordering::Relaxed) { self.reason.lock().clone() } else { None }
    }

    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
    }

    #[inline(always)]
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Whether it is to end, in order or not.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_stopping() || self.is_halting.load(Ordering::Relaxed)
    }

    /// Nobody writes the journal any more.
    pub(super) fn set_over(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Whether what is put into the ring is taken from it.
    #[inline(always)]
    pub(crate) fn takes_submissions(&self) -> bool {
        !self.is_stopping() && !self.is_over()
    }

    /// Why somebody wanted it to halt, if so.
    pub(super) fn reason(&self) -> Option<Halt> {
        self.reason.lock().clone()
    }

    pub(super) fn stalls(&self) -> u64 {
        self.progress.stalls.load(Ordering::Relaxed)
    }

    pub(super) fn count_stall(&self) {
        self.progress.stalls.fetch_add(1, Ordering::Relaxed);
    }

    /// The command with which the engine goes wrong on purpose.
    pub(super) fn wrong_at(&self) -> Option<Sequence> {
        match self.drill {
            Some(Drill::WrongEvent(at)) => Some(at),
            _ => None,
        }
    }
}
