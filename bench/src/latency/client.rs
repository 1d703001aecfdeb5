//! The client: one thread that sends at its pace, whatever comes back, and reads all events meanwhile.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use novate_core::ring::{Consumer as MarkConsumer, Popped, PushError, RecordBuffer, Wait, broadcast, mpsc};
use novate_replica::primary::Primary;
use novate_replica::wait::Waiter;

use super::load::{Commands, Load};
use super::probe::Mark;
use super::replies::{Replies, Timed};
use super::samples::{Samples, Stage};
use super::sweep::Plan;
use crate::open_loop::OpenLoop;

/// Both ends of a primary, in one hand.
pub(super) struct Client<'p> {
    primary: &'p Primary,
    ingress: mpsc::Producer,
    events: broadcast::Consumer,
    record: RecordBuffer,
    marks: Option<(MarkConsumer, RecordBuffer)>,
    pace: OpenLoop,
    waiter: Waiter,
    sent: u64,
    /// Commands that found the ring full.
    full: u64,
    replies: Replies,
    patience: Duration,
    is_cancelled: &'p AtomicBool,
}

/// How long an open loop is: beats that warm up, beats that are timed, and how the times are divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    pub(super) warm_up: u64,
    pub(super) timed: u64,
    pub(super) interval_ns: u64,
    pub(super) intervals: usize,
}

/// What an open loop came to.
#[derive(Debug)]
pub(super) struct Looped {
    pub(super) samples: Vec<(Stage, Samples)>,
    /// From when the first timed command was meant to be sent until the last event was read.
    pub(super) elapsed_ns: u64,
    /// Commands that found the ring full.
    pub(super) full: u64,
    /// Commands that were rejected.
    pub(super) rejected: u64,
}

impl<'p> Client<'p> {
    /// A client of a primary to which nothing was sent yet.
    pub(super) fn new(
        primary: &'p Primary,
        events: broadcast::Consumer,
        pace: OpenLoop,
        marks: Option<MarkConsumer>,
        plan: &'p Plan,
    ) -> Self {
        Self {
            primary,
            ingress: primary.ingress(),
            events,
            record: RecordBuffer::new(),
            marks: marks.map(|consumer| (consumer, RecordBuffer::new())),
            replies: Replies::new(pace.clone()),
            pace,
            waiter: Waiter::new(plan.waiting()),
            sent: 0,
            full: 0,
            patience: plan.patience,
            is_cancelled: &plan.is_cancelled,
        }
    }

    /// Sends what lists the instrument, opens accounts and fills the book, as fast as it goes.
    pub(super) fn set_up(&mut self, load: &Load, commands: &mut Commands<'_>) -> io::Result<()> {
        for command in load.set_up.iter() {
            let words = [&[0], command.words()].concat();
            self.send(&words)?;
        }
        for _ in 0..load.prefill() {
            self.send_next(commands, 0)?;
        }
        self.read_rest()
    }

    /// Sends at the pace, and returns the times of what came after the warm-up, and how long all of that took.
    pub(super) fn run(&mut self, commands: &mut Commands<'_>, length: Length) -> io::Result<Looped> {
        let Length { warm_up, timed, interval_ns, intervals } = length;
        let stages: &[Stage] = if self.marks.is_some() { &Stage::INSIDE } else { &Stage::OUTSIDE };
        let new = |&stage| Ok((stage, Samples::new(interval_ns, intervals)?));
        let mut samples: Vec<_> = stages.iter().map(new).collect::<io::Result<_>>()?;
        let first_beat = self.pace.next_beat();
        let beat = first_beat + warm_up;
        let begin_ns = self.pace.intended(beat);
        for (_, samples) in &mut samples {
            samples.begin(begin_ns);
        }
        self.replies.time(Timed { first: self.sent + warm_up + 1, beat, samples });
        self.full = 0;
        for beat in first_beat..beat + timed {
            let intended = self.pace.intended(beat);
            let mut now = self.pace.now();
            while now < intended {
                self.poll()?;
                now = self.pace.now();
            }
            self.replies.send(self.sent + 1, now);
            self.send_next(commands, intended)?;
        }
        self.read_rest()?;
        Ok(Looped {
            samples: self.replies.take_samples(),
            elapsed_ns: self.replies.read_at().saturating_sub(begin_ns),
            full: self.full,
            rejected: self.replies.rejected(),
        })
    }

    #[inline(always)]
    fn send_next(&mut self, commands: &mut Commands<'_>, submitted: u64) -> io::Result<()> {
        let mut sent = Ok(());
        commands.next(submitted, |words| sent = self.send(words));
        sent
    }

    /// Sends, as soon as there is room.
    #[inline(always)]
    fn send(&mut self, words: &[u64]) -> io::Result<()> {
        self.check_cancelled()?;
        match self.ingress.try_push(words) {
            Ok(()) => {}
            Err(PushError::Full) => self.send_later(words)?,
            Err(error) => return Err(io::Error::other(error)),
        }
        self.sent += 1;
        Ok(())
    }

    /// Reads until there is room, and sends.
    fn send_later(&mut self, words: &[u64]) -> io::Result<()> {
        self.full += 1;
        let mut silence = Silence::new(self.patience);
        while let Err(error) = self.ingress.try_push(words) {
            if error != PushError::Full {
                return Err(io::Error::other(error));
            }
            self.poll_within(&mut silence)?;
        }
        Ok(())
    }

    /// Polls, and gives up when there was nothing for too long: a primary whose disk is full waits for room, for ever.
    fn poll_within(&mut self, silence: &mut Silence) -> io::Result<()> {
        if self.poll()? {
            silence.end();
        } else if silence.is_too_long(self.pace.now()) {
            let message = format!("nothing was answered for {:?}", self.patience);
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        Ok(())
    }

    #[inline(always)]
    fn check_cancelled(&self) -> io::Result<()> {
        if self.is_cancelled.load(Ordering::Relaxed) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    /// Reads one record of events, and one of the hot thread's marks. False where there was neither.
    #[inline(always)]
    fn poll(&mut self) -> io::Result<bool> {
        let mut is_marked = false;
        if let Some((consumer, buffer)) = &mut self.marks
            && let Popped::Record(words) = consumer.try_pop(buffer)
            && let Some(mark) = Mark::of(words)
        {
            self.replies.mark(mark);
            is_marked = true;
        }
        match self.events.try_pop(&mut self.record).map_err(io::Error::other)? {
            Popped::Record(words) => {
                self.replies.read(bytemuck::try_cast_slice(words).unwrap_or_default(), self.pace.now());
                self.waiter.reset();
                return Ok(true);
            }
            Popped::Empty => {}
            Popped::Closed => return Err(self.ended()),
        }
        if !is_marked {
            self.check_cancelled()?;
            self.waiter.wait();
        }
        Ok(is_marked)
    }

    /// Reads until everything that was sent is executed and answered.
    fn read_rest(&mut self) -> io::Result<()> {
        let mut silence = Silence::new(self.patience);
        while self.primary.taken() < self.sent {
            if self.primary.has_ended() {
                return Err(self.ended());
            }
            self.poll_within(&mut silence)?;
        }
        // What is executed was published.
        while self.poll()? {}
        self.replies.answer();
        self.replies.match_marks();
        if self.replies.answered() == self.sent {
            return Ok(());
        }
        Err(io::Error::other(format!("{} commands were sent, {} answered", self.sent, self.replies.answered())))
    }

    fn ended(&self) -> io::Error {
        io::Error::other(format!("the primary halted after command {}", self.primary.executed()))
    }
}

/// How long nothing has been answered while something is waited for.
#[derive(Debug)]
struct Silence {
    patience_ns: u64,
    since_ns: Option<u64>,
}

impl Silence {
    fn new(patience: Duration) -> Self {
        Self { patience_ns: u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX), since_ns: None }
    }

    /// Something was answered.
    fn end(&mut self) {
        self.since_ns = None;
    }

    /// Nothing was.
    fn is_too_long(&mut self, now_ns: u64) -> bool {
        let since_ns = *self.since_ns.get_or_insert(now_ns);
        now_ns.saturating_sub(since_ns) > self.patience_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_begins_anew_with_every_answer() {
        let mut silence = Silence::new(Duration::from_nanos(100));
        assert!(!silence.is_too_long(50) && !silence.is_too_long(150));
        silence.end();
        assert!(!silence.is_too_long(160) && !silence.is_too_long(260));
        assert!(silence.is_too_long(261));
    }
}
