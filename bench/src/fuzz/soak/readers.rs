//! Who reads events: two for whom the primary waits, and one that is too slow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use novate_core::digest::EventsDigest;
use novate_core::event::{Event, EventWord};
use novate_core::ring::broadcast::Consumer;
use novate_core::ring::{LINE_WORDS, Popped, RecordBuffer, Wait};
use novate_core::units::Sequence;
use novate_replica::gateway::{Feed, FeedError};
use novate_replica::wait::{Waiter, Waiting};

use super::SoakCanary;
use super::load::EGRESS_LINES;

/// Records that the slow reader takes before it falls asleep.
const RECORDS_AWAKE: u32 = 64;
/// The event that is passed over where that is the mistake.
const PASSED_OVER: u64 = 1_000;

/// How far the primary is, for the slow reader.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Lines of the ring that were written, as far as a reader knows.
    lines: AtomicU64,
    /// The primary has stopped.
    is_over: AtomicBool,
}

impl Progress {
    pub(super) fn set_over(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

/// What a reader has of the events.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    pub(super) events: u64,
    pub(super) digest: EventsDigest,
    /// Lines of the ring that were read, and lines that were lost, and how often some were.
    pub(super) lines: u64,
    pub(super) lost_lines: u64,
    pub(super) laps: u64,
    /// Where the reader stands in the ring.
    pub(super) position: u64,
    last: (Sequence, u32),
}

impl Heard {
    /// Takes the next event in. An event's place among its command's events says whether one before it is missing.
    fn take(&mut self, event: &Event<'_>) -> Result<(), String> {
        let (sequence, ordinal) = event.position();
        let follows = if sequence == self.last.0 { ordinal == self.last.1 + 1 } else { ordinal == 0 };
        if sequence < self.last.0 || !follows {
            return Err(format!("event ({sequence}, {ordinal}) came behind {:?}", self.last));
        }
        self.last = (sequence, ordinal);
        self.events += 1;
        event.words().iter().for_each(|word| self.digest.fold(word));
        Ok(())
    }

    /// Takes a record of the ring in: whole events.
    fn take_record(
        &mut self,
        words: &[u64],
        mut take: impl FnMut(&mut Self, &Event<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        self.lines += words.len().div_ceil(LINE_WORDS) as u64;
        let mut left: &[EventWord] = bytemuck::try_cast_slice(words).map_err(|error| error.to_string())?;
        while let Some((event, rest)) = Event::split_first(left) {
            take(self, &event)?;
            left = rest;
        }
        if left.is_empty() { Ok(()) } else { Err(format!("a record behind {:?} has more than events", self.last)) }
    }
}

/// Reads the ring, which waits for it.
pub(super) fn read(mut consumer: Consumer, progress: &Progress, canary: SoakCanary) -> Result<Heard, String> {
    let (mut heard, mut buffer, mut wait) = (Heard::default(), RecordBuffer::new(), Waiter::new(Waiting::Park));
    let (mut came, passed_over) = (0, (canary == SoakCanary::PassedOver).then_some(PASSED_OVER));
    loop {
        match consumer.try_pop(&mut buffer).map_err(|lapped| format!("a reader that is waited for: {lapped}"))? {
            Popped::Record(words) => {
                heard.take_record(words, |heard, event| {
                    came += 1;
                    if Some(came) == passed_over { Ok(()) } else { heard.take(event) }
                })?;
                progress.lines.store(consumer.position(), Ordering::Release);
                wait.reset();
            }
            Popped::Empty => wait.wait(),
            Popped::Closed => break,
        }
    }
    heard.position = consumer.position();
    Ok(heard)
}

/// Reads a feed of what is durable, which the primary waits for.
pub(super) fn follow(mut feed: Feed, progress: &Progress) -> Result<Heard, String> {
    let (mut heard, mut wait) = (Heard::default(), Waiter::new(Waiting::Park));
    loop {
        // Asked before the feed is looked at: what came before the end is read.
        let is_over = progress.is_over();
        match feed.next_event() {
            Ok(Some(event)) => {
                heard.take(&event)?;
                wait.reset();
            }
            Err(FeedError::Ended) => return Ok(heard),
            Ok(None) if is_over => return Ok(heard),
            Ok(None) => wait.wait(),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Reads a little, and sleeps until all of it was written over, again and again.
pub(super) fn lag(mut consumer: Consumer, progress: &Progress) -> Result<Heard, String> {
    let (mut heard, mut buffer, mut awake) = (Heard::default(), RecordBuffer::new(), 0);
    loop {
        match consumer.try_pop(&mut buffer) {
            Ok(Popped::Record(words)) => {
                // Others may be missing before an event, but none comes twice or too late.
                heard.take_record(words, |heard, event| {
                    let is_later = event.position() > heard.last || heard.events == 0;
                    (heard.last, heard.events) = (event.position(), heard.events + 1);
                    if is_later { Ok(()) } else { Err(format!("{event:?} came too late")) }
                })?;
                awake += 1;
            }
            Ok(Popped::Empty) => thread::sleep(Duration::from_micros(50)),
            Ok(Popped::Closed) => break,
            Err(lapped) => {
                heard.lost_lines += lapped.lines;
                heard.laps += 1;
            }
        }
        if awake == RECORDS_AWAKE {
            awake = 0;
            let lap = consumer.position() + EGRESS_LINES as u64;
            while progress.lines.load(Ordering::Acquire) <= lap && !progress.is_over() {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
    heard.position = consumer.position();
    Ok(heard)
}
