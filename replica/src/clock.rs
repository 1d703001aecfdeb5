//! Where sequenced time comes from: one named clock.

use std::time::{SystemTime, UNIX_EPOCH};

use novate_core::units::TimeNs;

/// A clock that commands are stamped with. It may step back: the sequencer does not.
pub trait Clock: Send {
    /// Its name, for operators.
    fn name(&self) -> &'static str;

    /// The time of a command that is being sequenced; `submitted` is what its gateway has put beside it.
    fn stamp(&mut self, submitted: u64) -> TimeNs;

    /// The time while no command comes; none where only commands bring time along.
    fn now(&mut self) -> Option<TimeNs>;
}

/// Nanoseconds since 1970, counted on by the processor's cycle counter from the moment when this is made: it never steps
/// back, and does not follow corrections of the system's clock either.
#[derive(Clone, Debug)]
pub struct CycleClock {
    counter: quanta::Clock,
    begin: u64,
    begin_ns: u64,
}

impl CycleClock {
    /// Calibrates the counter, which takes up to a fifth of a second the first time in a process.
    pub fn new() -> Self {
        let counter = quanta::Clock::new();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Nanoseconds fit until the year 2554.
        let begin_ns = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let begin = counter.raw();
        Self { counter, begin, begin_ns }
    }

    #[inline(always)]
    fn read(&self) -> TimeNs {
        TimeNs(self.begin_ns.saturating_add(self.counter.delta_as_nanos(self.begin, self.counter.raw())))
    }
}

impl Default for CycleClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for CycleClock {
    fn name(&self) -> &'static str {
        "cycle counter since start, from the system's time"
    }

    #[inline(always)]
    fn stamp(&mut self, _submitted: u64) -> TimeNs {
        self.read()
    }

    #[inline(always)]
    fn now(&mut self) -> Option<TimeNs> {
        Some(self.read())
    }
}

/// The time that each command was submitted with: recorded flows are sequenced at the times that they were recorded with, and
/// alike whenever they are. A batch has the time of its first command: with
/// [`batch_commands`](crate::primary::Settings::batch_commands) of 1 each has its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubmittedTime;

impl Clock for SubmittedTime {
    fn name(&self) -> &'static str {
        "the time that commands are submitted with"
    }

    #[inline(always)]
    fn stamp(&mut self, submitted: u64) -> TimeNs {
        TimeNs(submitted)
    }

    #[inline(always)]
    fn now(&mut self) -> Option<TimeNs> {
        None
    }
}
