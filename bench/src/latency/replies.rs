//! What the client reads, and which command's times it tells.

use std::collections::VecDeque;

use novate_core::event::{Event, EventWord};

use super::probe::Mark;
use super::samples::{Samples, Stage};
use crate::open_loop::OpenLoop;

/// Room for what waits for its mark, or for its events: more than are under way between two looks.
const UNDER_WAY: usize = 1 << 16;

/// How far the answers have come. Commands are numbered from 1 in the order in which they are sent, and every command has
/// events.
pub(super) struct Replies {
    pace: OpenLoop,
    /// The sequence of the command whose events come, and when the last of them was read.
    sequence: u64,
    read: u64,
    /// Commands of which all events were read.
    answered: u64,
    rejected: u64,
    /// Commands up to the last mark.
    marked: u64,
    /// Marks of batches of which not all commands are answered: up to which command, and when they were executed.
    applied: VecDeque<(u64, u64)>,
    /// Commands that were answered and whose mark was not read yet, and when.
    unmarked: VecDeque<(u64, u64)>,
    timed: Option<Timed>,
}

/// What is timed: commands from the `first` on, which was meant for a beat.
pub(super) struct Timed {
    pub(super) first: u64,
    pub(super) beat: u64,
    pub(super) samples: Vec<(Stage, Samples)>,
}

impl Timed {
    /// When a command was meant to be sent, if it is timed.
    #[inline(always)]
    fn intended(&self, pace: &OpenLoop, command: u64) -> Option<u64> {
        Some(pace.intended(self.beat + command.checked_sub(self.first)?))
    }

    #[inline(always)]
    fn record(&mut self, stage: Stage, intended: u64, ns: u64) {
        // At most four: looked through faster than looked up.
        if let Some((_, samples)) = self.samples.iter_mut().find(|(of, _)| *of == stage) {
            samples.record(intended, ns);
        }
    }
}

impl Replies {
    pub(super) fn new(pace: OpenLoop) -> Self {
        Self {
            pace,
            sequence: 0,
            read: 0,
            answered: 0,
            rejected: 0,
            marked: 0,
            applied: VecDeque::with_capacity(UNDER_WAY),
            unmarked: VecDeque::with_capacity(UNDER_WAY),
            timed: None,
        }
    }

    /// From here on times are recorded.
    pub(super) fn time(&mut self, timed: Timed) {
        self.timed = Some(timed);
    }

    /// What was recorded.
    pub(super) fn take_samples(&mut self) -> Vec<(Stage, Samples)> {
        self.timed.take().map(|timed| timed.samples).unwrap_or_default()
    }

    /// Commands that were answered.
    pub(super) const fn answered(&self) -> u64 {
        self.answered
    }

    /// Of those, commands that were rejected.
    pub(super) const fn rejected(&self) -> u64 {
        self.rejected
    }

    /// When the last event was read.
    pub(super) const fn read_at(&self) -> u64 {
        self.read
    }

    /// A command that is sent now.
    #[inline(always)]
    pub(super) fn send(&mut self, command: u64, now: u64) {
        if let Some(timed) = &mut self.timed
            && let Some(intended) = timed.intended(&self.pace, command)
        {
            timed.record(Stage::Late, intended, now.saturating_sub(intended));
        }
    }

    /// Events that were read now.
    #[inline(always)]
    pub(super) fn read(&mut self, mut words: &[EventWord], now: u64) {
        while let Some((event, rest)) = Event::split_first(words) {
            let (sequence, _) = event.position();
            if sequence.0 != self.sequence {
                self.answer();
                self.sequence = sequence.0;
            }
            self.rejected += u64::from(matches!(event, Event::Rejected(_)));
            (self.read, words) = (now, rest);
        }
    }

    /// The command whose events came has had its last one: another one's came, or nothing is left to come.
    #[inline(always)]
    pub(super) fn answer(&mut self) {
        if std::mem::take(&mut self.sequence) == 0 {
            return;
        }
        self.answered += 1;
        let Some(timed) = &mut self.timed else { return };
        let Some(intended) = timed.intended(&self.pace, self.answered) else { return };
        timed.record(Stage::EndToEnd, intended, self.read.saturating_sub(intended));
        if self.marked > 0 {
            self.unmarked.push_back((self.answered, self.read));
        }
    }

    /// A mark that was read.
    #[inline(always)]
    pub(super) fn mark(&mut self, mark: Mark) {
        self.applied.push_back((mark.commands, mark.applied));
        while self.marked < mark.commands {
            self.marked += 1;
            let Some(timed) = &mut self.timed else { continue };
            let Some(intended) = timed.intended(&self.pace, self.marked) else { continue };
            timed.record(Stage::Ring, intended, mark.taken.saturating_sub(intended));
            timed.record(Stage::Journal, intended, mark.appended.saturating_sub(mark.taken));
            timed.record(Stage::Match, intended, mark.applied.saturating_sub(mark.appended));
        }
        self.match_marks();
    }

    /// Answers and marks that belong together.
    #[inline(always)]
    pub(super) fn match_marks(&mut self) {
        while let (Some(&(command, read)), Some(&(last, applied))) = (self.unmarked.front(), self.applied.front()) {
            if command > last {
                self.applied.pop_front();
                continue;
            }
            self.unmarked.pop_front();
            if let Some(timed) = &mut self.timed
                && let Some(intended) = timed.intended(&self.pace, command)
            {
                timed.record(Stage::Events, intended, read.saturating_sub(applied));
            }
        }
    }
}
