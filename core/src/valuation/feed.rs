//! One feed: its value, a value that is held back until it is confirmed, and how far it is to be trusted.

use bytemuck::{Pod, Zeroable};

use crate::command::{FeedRules, FeedStamp, PPM};
use crate::ids::SessionId;
use crate::reject::RejectCode;
use crate::terms::Validity;
use crate::units::TimeNs;

/// How far ahead of sequenced time a source's clock may be.
const AHEAD_MAX_NS: u64 = 1_000_000_000;

/// A feed.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Feed {
    /// The value, if there is one.
    value: i64,
    /// When the source saw it, and no later than it came.
    time: TimeNs,
    /// A value that moved too far to be believed at once, if there is one.
    held: i64,
    held_time: TimeNs,
    /// Who said it.
    held_by: SessionId,
    confidence: u32,
    /// 1 once it has a value.
    has_value: u8,
    /// 1 if a value is held; it counts only while it is not too old.
    has_held: u8,
    /// Confirmations of what is held.
    confirmations: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: u8,
}

const _: () = assert!(size_of::<Feed>() == 48);

/// What is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) rules: &'a FeedRules,
    /// What ages are multiplied with.
    pub(crate) multiple: u32,
    pub(crate) now: TimeNs,
}

impl Judge<'_> {
    /// Whether an age has come to a limit.
    fn is_past(&self, since: TimeNs, limit: TimeNs) -> bool {
        self.now.0.saturating_sub(since.0) >= limit.0.saturating_mul(u64::from(self.multiple))
    }

    /// Whether so large a number is near another: in parts of that, or of one where `scale` is given.
    pub(crate) fn is_near(&self, value: i64, other: i64, scale: Option<u64>) -> bool {
        let distance = u128::from(value.abs_diff(other)) * u128::from(PPM);
        let size = u128::from(scale.unwrap_or(other.unsigned_abs()));
        self.rules.move_max == 0 || distance <= u128::from(self.rules.move_max) * size
    }
}

/// A value on its way into a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) value: i64,
    pub(crate) stamp: FeedStamp,
    pub(crate) sender: SessionId,
    /// Whether it is near the feed's value, and near the held one; without meaning where there is none.
    pub(crate) is_near: [bool; 2],
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is the feed's value.
    Taken,
    /// It is held.
    Held,
    /// Something else is held, and goes on to be.
    Passed,
}

impl Feed {
    /// The value, if there is one.
    pub(crate) fn value(&self) -> Option<i64> {
        (self.has_value != 0).then_some(self.value)
    }

    /// When the source saw the value.
    pub(crate) fn time(&self) -> TimeNs {
        self.time
    }

    /// How sure the source was, in ppm; one without a value.
    pub(crate) fn confidence_or_one(&self) -> u32 {
        if self.has_value != 0 { self.confidence } else { PPM }
    }

    /// How sure the source was.
    pub(crate) fn confidence(&self) -> u32 {
        self.confidence
    }

    /// The value that is held, if there is one that counts.
    pub(crate) fn held(&self, judge: &Judge<'_>) -> Option<i64> {
        let counts = self.has_held != 0 && !judge.is_past(self.held_time, judge.rules.degraded_after);
        counts.then_some(self.held)
    }

    /// Checks where in time an update belongs.
    pub(crate) fn check_time(&self, stamp: &FeedStamp, sender: SessionId, judge: &Judge<'_>) -> Result<(), RejectCode> {
        if stamp.source_time.0 > judge.now.0.saturating_add(AHEAD_MAX_NS) {
            return Err(RejectCode::SourceTimeAhead);
        }
        let is_old = self.has_value != 0 && stamp.source_time <= self.time;
        let is_repeated = self.held(judge).is_some() && sender == self.held_by && stamp.source_time <= self.held_time;
        if is_old || is_repeated { Err(RejectCode::SourceTimeOld) } else { Ok(()) }
    }

    /// The feed after an update, and what became of that.
    pub(crate) fn after(&self, update: &Update, judge: &Judge<'_>) -> (Self, Fate) {
        let Update { value, stamp, sender, is_near } = *update;
        // A clock that is ahead must not shut the others out.
        let time = stamp.source_time.min(judge.now);
        let taken = Self { value, time, confidence: stamp.confidence, has_value: 1, ..Self::zeroed() };
        let holds = self.held(judge).is_some();
        let is_own = holds && sender == self.held_by;
        if self.has_value == 0 {
            return (taken, Fate::Taken);
        }
        if is_near[0] {
            // Who takes back what it said, takes it back; who disagrees does not make others wrong, only less sure.
            let still_held = Self { value, time, confidence: stamp.confidence, confirmations: 0, ..*self };
            return (if holds && !is_own { still_held } else { taken }, Fate::Taken);
        }
        let is_sure = stamp.confidence >= judge.rules.confidence_min;
        let holding = Self { held: value, held_time: time, held_by: sender, has_held: 1, confirmations: 0, ..*self };
        if !holds {
            return (holding, Fate::Held);
        }
        if !is_sure {
            return (*self, Fate::Passed);
        }
        if !is_near[1] {
            return (holding, Fate::Held);
        }
        if !is_own {
            return (taken, Fate::Taken);
        }
        let wait = u64::from(judge.rules.confirm_after_us) * 1_000;
        if time.0.saturating_sub(self.held_time.0) < wait {
            return (*self, Fate::Passed);
        }
        let confirmations = self.confirmations.saturating_add(1);
        if confirmations >= judge.rules.confirmations {
            return (taken, Fate::Taken);
        }
        (Self { confirmations, ..holding }, Fate::Held)
    }

    /// How far it is to be trusted.
    pub(crate) fn validity(&self, judge: &Judge<'_>) -> Validity {
        let FeedRules { degraded_after, stale_after, invalid_after, confidence_min, .. } = *judge.rules;
        if self.has_value == 0 {
            return Validity::Invalid;
        }
        // Limits rise, so that nearly always one of them is asked.
        if !judge.is_past(self.time, degraded_after) {
            let is_doubtful = self.confidence < confidence_min || self.held(judge).is_some();
            return if is_doubtful { Validity::Degraded } else { Validity::Good };
        }
        match (judge.is_past(self.time, stale_after), judge.is_past(self.time, invalid_after)) {
            (_, true) => Validity::Invalid,
            (true, false) => Validity::Stale,
            (false, false) => Validity::Degraded,
        }
    }
}
