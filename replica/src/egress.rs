//! Where the engine's events go: several to a record of the broadcast ring, in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use novate_core::event::Event;
use novate_core::ring::broadcast::Producer;
use novate_core::ring::{PushError, RECORD_WORDS_MAX, Wait};
use novate_core::sink::EventSink;

use crate::primary::Shared;
use crate::wait::Waiter;

/// How long a reader that gates is waited for, at most, when the primary is to end.
const LAST_PATIENCE: Duration = Duration::from_millis(10);

/// Packs events into records and publishes them.
#[derive(Debug)]
pub(crate) struct Egress {
    producer: Producer,
    record: [u64; RECORD_WORDS_MAX],
    used: usize,
    waiter: Waiter,
    /// How long a reader that gates may be waited for before it is let go.
    patience: Duration,
    shared: Arc<Shared>,
    pub(crate) stalls: u64,
    pub(crate) released: u64,
    pub(crate) rejected: u64,
}

impl Egress {
    pub(crate) fn new(producer: Producer, waiter: Waiter, patience: Duration, shared: Arc<Shared>) -> Self {
        let (record, used) = ([0; RECORD_WORDS_MAX], 0);
        Self { producer, record, used, waiter, patience, shared, stalls: 0, released: 0, rejected: 0 }
    }

    /// Lines that were written.
    pub(crate) fn position(&self) -> u64 {
        self.producer.position()
    }

    /// Lines by which the slowest reader that gates is behind; 0 if none gates.
    pub(crate) fn backlog(&self) -> u64 {
        self.producer.slowest().map_or(0, |(_, lines)| lines)
    }

    /// Publishes what was taken so far.
    #[inline(always)]
    pub(crate) fn flush(&mut self) {
        if self.used == 0 {
            return;
        }
        if self.producer.try_push(&self.record[..self.used]) == Err(PushError::Full) {
            self.wait_for_room();
        }
        self.used = 0;
    }

    /// A reader that gates is a whole ring behind. While it reads, however slowly, it is waited for; if it reads nothing for
    /// a while, or if the primary is to end, it is let go: it learns what it lost, and can read it from the journal.
    #[cold]
    fn wait_for_room(&mut self) {
        self.stalls += 1;
        let begin = Instant::now();
        while self.producer.try_push(&self.record[..self.used]) == Err(PushError::Full) {
            let patience = if self.shared.is_ending() { self.patience.min(LAST_PATIENCE) } else { self.patience };
            if begin.elapsed() < patience {
                self.waiter.wait();
            } else if let Some((gate, _)) = self.producer.slowest()
                && self.producer.release(gate)
            {
                self.released += 1;
            }
        }
        self.waiter.reset();
    }
}

impl EventSink for Egress {
    #[inline(always)]
    fn emit(&mut self, event: Event<'_>) {
        self.rejected += u64::from(matches!(event, Event::Rejected(_)));
        let words: &[u64] = bytemuck::must_cast_slice(event.words());
        if self.used + words.len() > RECORD_WORDS_MAX {
            self.flush();
        }
        self.record[self.used..self.used + words.len()].copy_from_slice(words);
        self.used += words.len();
    }
}
