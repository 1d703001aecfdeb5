//! Stamping: which sequence and which time a command has, and which commands the sequencer adds of its own. No clock, no
//! thread and no file: time comes in, decisions go out.

use novate_core::command::{Checkpoint, CommandRecord, Timer, Work};
use novate_core::ids::{AccountId, SessionId};
use novate_core::units::{Sequence, TimeNs};

use crate::halt::Halt;

/// Something that is to be done whenever so much sequenced time has passed; never if that is zero.
#[derive(Clone, Copy, Debug)]
struct Cadence {
    interval: u64,
    next: u64,
}

impl Cadence {
    /// Counts from multiples of the interval, so that a restart changes nothing.
    fn new(interval: u64, now: u64) -> Self {
        let mut cadence = Self { interval, next: u64::MAX };
        cadence.done(now);
        cadence
    }

    #[inline(always)]
    fn is_due(&self, now: u64) -> bool {
        now >= self.next
    }

    /// However many intervals have passed: once is enough.
    fn done(&mut self, now: u64) {
        let periods = now.checked_div(self.interval).map(|periods| periods + 1);
        self.next = periods.and_then(|periods| periods.checked_mul(self.interval)).unwrap_or(u64::MAX);
    }
}

/// Gives out sequences and times.
#[derive(Clone, Debug)]
pub(crate) struct Sequencer {
    session: SessionId,
    session_sequence: u64,
    sequence: u64,
    time: u64,
    max_jump: u64,
    /// The same for the next reading: the first one may come after a downtime.
    max_next_jump: u64,
    timer: Cadence,
    checkpoint: Cadence,
    /// How often the clock was behind the last command.
    pub(crate) steps_back: u64,
    /// Commands that let the engine work, timers included.
    pub(crate) work_commands: u64,
    /// Checkpoints.
    pub(crate) checkpoints: u64,
}

impl Sequencer {
    /// Goes on behind the last command. `intervals_ns` are those of timer commands and of checkpoints.
    pub(crate) fn new(
        (session, session_sequence): (SessionId, u64),
        (sequence, time): (Sequence, TimeNs),
        (max_jump_ns, downtime_ns): (u64, u64),
        intervals_ns: (u64, u64),
    ) -> Self {
        let (timer, checkpoint) = (Cadence::new(intervals_ns.0, time.0), Cadence::new(intervals_ns.1, time.0));
        Self {
            session,
            session_sequence,
            sequence: sequence.0,
            time: time.0,
            max_jump: max_jump_ns,
            max_next_jump: max_jump_ns.max(downtime_ns),
            timer,
            checkpoint,
            steps_back: 0,
            work_commands: 0,
            checkpoints: 0,
        }
    }

    /// The last command.
    pub(crate) fn last(&self) -> (Sequence, TimeNs) {
        (Sequence(self.sequence), TimeNs(self.time))
    }

    /// Takes the clock's time for the commands that follow. Sequenced time stays where it is until a clock that has stepped
    /// back has caught up.
    ///
    /// # Errors
    /// [`Halt::TimeJump`]. The first command of a journal may be at any time.
    #[inline(always)]
    pub(crate) fn set_time(&mut self, clock: TimeNs) -> Result<(), Halt> {
        if clock.0 < self.time {
            self.steps_back += 1;
            return Ok(());
        }
        if clock.0 - self.time > self.max_next_jump && self.sequence > 0 {
            return Err(Halt::TimeJump { last: TimeNs(self.time), next: clock, max_ns: self.max_next_jump });
        }
        self.max_next_jump = self.max_jump;
        if self.sequence == 0 && self.time != clock.0 {
            self.timer.done(clock.0);
            self.checkpoint.done(clock.0);
        }
        self.time = clock.0;
        Ok(())
    }

    /// The stamp of the next command.
    #[inline(always)]
    pub(crate) fn stamp(&mut self) -> (Sequence, TimeNs) {
        self.sequence += 1;
        (Sequence(self.sequence), TimeNs(self.time))
    }

    /// The timer command, if it is due.
    #[inline(always)]
    pub(crate) fn timer(&mut self) -> Option<Timer> {
        if !self.timer.is_due(self.time) {
            return None;
        }
        self.timer.done(self.time);
        self.session_sequence += 1;
        self.work_commands += 1;
        Some(Timer { header: Timer::new_header(self.session, self.session_sequence, AccountId::NONE) })
    }

    /// A command that does nothing but work off what is pending.
    pub(crate) fn work(&mut self) -> Work {
        self.session_sequence += 1;
        self.work_commands += 1;
        Work { header: Work::new_header(self.session, self.session_sequence, AccountId::NONE) }
    }

    /// Whether a checkpoint is due.
    #[inline(always)]
    pub(crate) fn is_checkpoint_due(&self) -> bool {
        self.checkpoint.is_due(self.time)
    }

    /// The checkpoint.
    pub(crate) fn checkpoint(&mut self) -> Checkpoint {
        self.checkpoint.done(self.time);
        self.session_sequence += 1;
        self.checkpoints += 1;
        Checkpoint { header: Checkpoint::new_header(self.session, self.session_sequence, AccountId::NONE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequencer(last: (u64, u64), intervals: (u64, u64)) -> Sequencer {
        Sequencer::new((SessionId::sequencer(0), 5), (Sequence(last.0), TimeNs(last.1)), (1_000, 0), intervals)
    }

    #[test]
    fn a_clock_that_steps_back_holds_time_up() {
        let mut sequencer = sequencer((7, 500), (0, 0));
        for (clock, time) in [(500, 500), (499, 500), (0, 500), (501, 501), (1_501, 1_501)] {
            sequencer.set_time(TimeNs(clock)).expect("no jump");
            assert_eq!(sequencer.last().1, TimeNs(time));
        }
        assert_eq!(sequencer.steps_back, 2);
        assert_eq!(sequencer.stamp(), (Sequence(8), TimeNs(1_501)));
    }

    #[test]
    fn a_jump_halts_unless_nothing_was_before() {
        let mut begun = sequencer((1, 500), (0, 0));
        let jump = Halt::TimeJump { last: TimeNs(500), next: TimeNs(1_501), max_ns: 1_000 };
        assert_eq!(begun.set_time(TimeNs(1_501)), Err(jump));
        assert_eq!(begun.last(), (Sequence(1), TimeNs(500)), "nothing has changed");
        let mut back = Sequencer::new((SessionId::sequencer(0), 5), (Sequence(1), TimeNs(500)), (1_000, 9_000), (0, 0));
        assert_eq!(back.clone().set_time(TimeNs(9_501)).map_err(|halt| halt.to_string().contains("9000")), Err(true));
        assert_eq!(back.set_time(TimeNs(9_500)), Ok(()), "it was down for a while");
        assert!(back.set_time(TimeNs(10_501)).is_err(), "and is not any more");
        let mut new = sequencer((0, 0), (10, 10));
        assert_eq!(new.set_time(TimeNs(1 << 60)), Ok(()));
        assert!(new.timer().is_none(), "nothing is late before there was anything");
    }

    #[test]
    fn timers_are_due_once_however_late() {
        let mut sequencer = sequencer((3, 95), (10, 100));
        let mut timers = Vec::new();
        for clock in [96, 99, 100, 101, 109, 110, 195, 195, 200] {
            sequencer.set_time(TimeNs(clock)).expect("no jump");
            timers.extend(sequencer.timer().map(|work| (clock, work.header.session_sequence)));
            if sequencer.is_checkpoint_due() {
                timers.push((clock, sequencer.checkpoint().header.session_sequence));
            }
        }
        assert_eq!(timers, [(100, 6), (100, 7), (110, 8), (195, 9), (200, 10), (200, 11)]);
        assert!(!sequencer.is_checkpoint_due());
    }
}
