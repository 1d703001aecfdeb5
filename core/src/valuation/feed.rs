//! One feed: its value, a value that is held back until it is confirmed, and how far it is to be trusted.

use bytemuck::{Pod, Zeroable};

use crate::command::{FeedRules, FeedStamp, PPM};
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
    /// When the source saw it.
    time: TimeNs,
    /// A value that moved too far to be believed at once, if there is one.
    held: i64,
    held_time: TimeNs,
    confidence: u32,
    held_confidence: u32,
    held_source: u16,
    /// 1 once it has a value.
    has_value: u8,
    /// 1 while a value is held.
    has_held: u8,
    /// Confirmations of what is held.
    confirmations: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: [u8; 3],
}

const _: () = assert!(size_of::<Feed>() == 48);

/// In what moves are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Parts of the value.
    Relative,
    /// For rates, whose unit is 1e-9: ppm of one.
    Absolute,
}

/// A value on its way into a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) value: i64,
    pub(crate) stamp: FeedStamp,
    pub(crate) measure: Measure,
}

impl Update {
    /// Whether it is near another value.
    fn is_near(&self, other: i64, rules: &FeedRules) -> bool {
        let distance = (i128::from(self.value) - i128::from(other)).unsigned_abs();
        let limit = u128::from(rules.move_max);
        let is_within = match self.measure {
            Measure::Relative => distance * u128::from(PPM) <= limit * u128::from(other.unsigned_abs()),
            Measure::Absolute => distance <= limit * 1_000,
        };
        limit == 0 || is_within
    }
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

    /// How sure the source was, in ppm.
    pub(crate) fn confidence(&self) -> u32 {
        self.confidence
    }

    /// Whether a value is held.
    pub(crate) fn holds_move(&self) -> bool {
        self.has_held != 0
    }

    /// Checks where in time an update belongs.
    pub(crate) fn check_time(&self, stamp: &FeedStamp, now: TimeNs) -> Result<(), RejectCode> {
        if stamp.source_time.0 > now.0.saturating_add(AHEAD_MAX_NS) {
            return Err(RejectCode::SourceTimeAhead);
        }
        let is_old = self.has_value != 0 && stamp.source_time <= self.time;
        let is_repeated = self.has_held != 0 && stamp.source == self.held_source && stamp.source_time <= self.held_time;
        if is_old || is_repeated { Err(RejectCode::SourceTimeOld) } else { Ok(()) }
    }

    /// The feed after an update; true if it took the value, false if it holds it.
    pub(crate) fn after(&self, update: &Update, rules: &FeedRules) -> (Self, bool) {
        let Update { value, stamp, .. } = *update;
        let taken =
            Self { value, time: stamp.source_time, confidence: stamp.confidence, has_value: 1, ..Self::zeroed() };
        if self.has_value == 0 || update.is_near(self.value, rules) {
            return (taken, true);
        }
        let confirms = self.has_held != 0 && update.is_near(self.held, rules);
        let confirmations = if confirms { self.confirmations.saturating_add(1) } else { 0 };
        if confirms && (stamp.source != self.held_source || confirmations >= rules.confirmations) {
            return (taken, true);
        }
        let holding = Self {
            held: value,
            held_time: stamp.source_time,
            held_confidence: stamp.confidence,
            held_source: stamp.source,
            has_held: 1,
            confirmations,
            ..*self
        };
        (holding, false)
    }

    /// How far it is to be trusted at a time; `multiple` is what ages are multiplied with.
    pub(crate) fn validity(&self, rules: &FeedRules, multiple: u32, now: TimeNs) -> Validity {
        let age = now.0.saturating_sub(self.time.0);
        let is_at_least = |limit: TimeNs| age >= limit.0.saturating_mul(u64::from(multiple));
        if self.has_value == 0 || is_at_least(rules.invalid_after) {
            Validity::Invalid
        } else if is_at_least(rules.stale_after) {
            Validity::Stale
        } else if is_at_least(rules.degraded_after) || self.confidence < rules.confidence_min || self.has_held != 0 {
            Validity::Degraded
        } else {
            Validity::Good
        }
    }
}
