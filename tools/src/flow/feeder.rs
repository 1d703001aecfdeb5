//! Submits commands to a primary one by one, waits for each, and reads what came of it.

use novate_bench::latency::Recorder;
use novate_core::command::RawCommand;
use novate_core::event::{Event, EventWord};
use novate_core::ring::broadcast::Consumer;
use novate_core::ring::{Popped, PushError, RecordBuffer, Wait, mpsc};
use novate_core::sink::EventSink;
use novate_core::units::TimeNs;
use novate_replica::primary::{Primary, Submission};
use novate_replica::wait::{Waiter, Waiting};

use super::Tally;
use super::margin_tally::{MarginTally, is_of_margin};
use super::venue::{Line, Told, perpetual};
use crate::error::Error;

/// The ends of the primary's rings, and what was heard so far.
pub(super) struct Feeder {
    ingress: mpsc::Producer,
    events: Consumer,
    buffer: RecordBuffer,
    words: Vec<EventWord>,
    waiter: Waiter,
    submitted: u64,
    /// Since the last command that was sent.
    told: Told,
    /// Whether the set-up is over.
    has_begun: bool,
    /// Times of the rows.
    pub(super) recorder: Recorder,
    /// Of the rows.
    pub(super) tally: Tally,
    /// Of everything.
    pub(super) margin: MarginTally,
}

impl Feeder {
    /// Has sent nothing yet.
    ///
    /// # Errors
    /// The primary is gone.
    pub(super) fn new(primary: &Primary, waiting: Waiting) -> Result<Self, Error> {
        let events = primary.egress().gate().ok_or(Error::Gone)?;
        Ok(Self {
            ingress: primary.ingress(),
            events,
            buffer: RecordBuffer::new(),
            words: Vec::new(),
            waiter: Waiter::new(waiting),
            submitted: 0,
            told: Told::default(),
            has_begun: false,
            recorder: Recorder::new(),
            tally: Tally::default(),
            margin: MarginTally::default(),
        })
    }

    /// Sends commands all at once, and waits until they were executed, and what work they left was done.
    fn send(&mut self, primary: &Primary, submissions: &[Submission]) -> Result<(), Error> {
        self.told = Told::default();
        loop {
            match self.ingress.try_push_all(&submissions.iter().map(Submission::words)) {
                Ok(()) => break,
                Err(PushError::Full) => self.wait(primary)?,
                // Why it is gone, stopping it tells.
                Err(_) => return Err(Error::Gone),
            }
        }
        self.submitted += submissions.len() as u64;
        while primary.taken() < self.submitted {
            // What comes of one row may fill the ring, and then the row ends only when somebody reads.
            self.drain()?;
            self.wait(primary)?;
        }
        Ok(())
    }

    fn wait(&mut self, primary: &Primary) -> Result<(), Error> {
        if primary.has_ended() {
            return Err(Error::Gone);
        }
        self.waiter.wait();
        Ok(())
    }

    /// Takes the next record of events; false if there is none.
    fn take(&mut self) -> Result<bool, Error> {
        self.words.clear();
        match self.events.try_pop(&mut self.buffer) {
            Ok(Popped::Record(words)) => {
                self.words.extend_from_slice(bytemuck::try_cast_slice(words).unwrap_or(&[]));
                Ok(true)
            }
            Ok(Popped::Empty | Popped::Closed) => Ok(false),
            Err(lapped) => Err(Error::engine("reading events", lapped)),
        }
    }

    /// Counts what has come.
    ///
    /// # Errors
    /// Events were lost.
    pub(super) fn drain(&mut self) -> Result<(), Error> {
        while self.take()? {
            let mut words = &self.words[..];
            while let Some((event, rest)) = Event::split_first(words) {
                match event {
                    Event::Rejected(rejected) => self.told.rejected = Some(rejected.code),
                    Event::MarginShortfall(shortfall) => self.told.initial = Some(shortfall.initial),
                    Event::Trade(trade) if trade.instrument == perpetual() => self.told.traded = Some(trade.price),
                    Event::TradingStateChanged(changed) if changed.instrument == perpetual() => {
                        self.told.state = Some(changed.state);
                    }
                    _ => {}
                }
                self.margin.hear(event);
                if self.has_begun {
                    self.tally.emit(event);
                }
                words = rest;
            }
        }
        self.tally.fills.clear();
        Ok(())
    }
}

/// A feeder with the primary that it feeds.
pub(super) struct Wire<'w> {
    primary: &'w Primary,
    feeder: &'w mut Feeder,
    time: TimeNs,
}

impl<'w> Wire<'w> {
    /// Sends at time zero, until it is told another.
    pub(super) const fn new(primary: &'w Primary, feeder: &'w mut Feeder) -> Self {
        Self { primary, feeder, time: TimeNs::ZERO }
    }

    /// The set-up is over: from here on, trades and rejections are those of the flow.
    pub(super) const fn begin(&mut self) {
        self.feeder.has_begun = true;
    }

    /// Sends a row's command, and takes its time.
    ///
    /// # Errors
    /// The primary is gone.
    pub(super) fn play(&mut self, command: RawCommand<'_>) -> Result<Told, Error> {
        let submission = self.submission(command)?;
        let start = self.feeder.recorder.start();
        self.feeder.send(self.primary, &[submission])?;
        self.feeder.recorder.stop(start);
        self.heard()
    }

    /// Whether margin has refused an order of the flow.
    pub(super) fn has_refused(&self) -> bool {
        self.feeder.tally.rejects.keys().any(|code| is_of_margin(*code))
    }

    fn submission(&self, command: RawCommand<'_>) -> Result<Submission, Error> {
        Submission::new(self.time.0, command).ok_or(Error::Gone)
    }

    fn heard(&mut self) -> Result<Told, Error> {
        self.feeder.waiter.reset();
        self.feeder.drain()?;
        Ok(self.feeder.told)
    }
}

impl Line for Wire<'_> {
    fn set_time(&mut self, time: TimeNs) {
        self.time = time;
    }

    fn tell_all(&mut self, commands: &[Vec<u64>]) -> Result<Told, Error> {
        let submissions: Result<Vec<_>, _> =
            commands.iter().map(|words| self.submission(RawCommand::new(words))).collect();
        self.feeder.send(self.primary, &submissions?)?;
        self.heard()
    }
}
