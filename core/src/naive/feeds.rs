//! Feeds: what they say, and which of it is taken.

use bytemuck::Zeroable;

use super::arrays::{level_of, smile_of};
use super::{Canary, NaiveEngine};
use crate::command::{
    FeedRules, FeedStamp, SmileTerms, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface, UpdateVolatility,
};
use crate::event::FeedUpdated;
use crate::ids::{ExpiryId, InstrumentId, SessionId, UnderlyingId};
use crate::reject::RejectCode;
use crate::terms::{FeedKind, InstrumentKind, Surface};
use crate::units::{CashAtoms, TimeNs};

/// How far a source's time may be ahead of sequenced time: a second.
const AHEAD_MAX: u128 = 1_000_000_000;

/// Something that a feed said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// In the feed's unit; of a smile its level.
    pub(super) value: i64,
    /// The smile itself, of a feed of smiles.
    pub(super) smile: Option<SmileTerms>,
    pub(super) stamp: FeedStamp,
}

/// A value held back until it is confirmed.
#[derive(Clone, Copy, Debug)]
struct Held {
    reading: Reading,
    /// Who said it.
    by: SessionId,
    /// How many updates of the same source came near it.
    confirmations: u32,
}

/// One feed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Feed {
    pub(super) value: Option<Reading>,
    held: Option<Held>,
}

/// Which feed: of what, and where it is kept. What does not apply is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) kind: FeedKind,
    pub(super) underlying: UnderlyingId,
    pub(super) expiry: ExpiryId,
    pub(super) instrument: InstrumentId,
}

impl Place {
    pub(super) fn index(underlying: UnderlyingId) -> Self {
        Self { kind: FeedKind::Index, underlying, expiry: ExpiryId::NONE, instrument: InstrumentId::NONE }
    }

    pub(super) fn of_expiry(kind: FeedKind, underlying: UnderlyingId, expiry: ExpiryId) -> Self {
        Self { kind, underlying, expiry, instrument: InstrumentId::NONE }
    }
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Taken,
    Held,
    PassedOver,
}

/// An age, and whether it has come to a limit that is multiplied for slow feeds.
pub(super) fn has_reached(now: TimeNs, since: TimeNs, limit: TimeNs, kind: FeedKind, rules: &FeedRules) -> bool {
    let multiple = match kind {
        FeedKind::Index | FeedKind::Forward => 1,
        FeedKind::Rate | FeedKind::Surface | FeedKind::Volatility => u64::from(rules.slow_multiple),
    };
    now.get().saturating_sub(since.get()) >= limit.get().saturating_mul(multiple)
}

impl Feed {
    /// What is held and not too old.
    fn counting(&self, now: TimeNs, kind: FeedKind, rules: &FeedRules) -> Option<Held> {
        self.held.filter(|held| !has_reached(now, held.reading.stamp.source_time, rules.degraded_after, kind, rules))
    }

    pub(super) fn has_held(&self, now: TimeNs, kind: FeedKind, rules: &FeedRules) -> bool {
        self.counting(now, kind, rules).is_some()
    }

    /// Check 5: the source's time.
    fn check_source_time(
        &self,
        held: Option<Held>,
        stamp: FeedStamp,
        by: SessionId,
        now: TimeNs,
    ) -> Result<(), RejectCode> {
        if u128::from(stamp.source_time.get()) > u128::from(now.get()) + AHEAD_MAX {
            return Err(RejectCode::SourceTimeAhead);
        }
        let is_old = |reading: Reading| stamp.source_time <= reading.stamp.source_time;
        let own = held.filter(|held| held.by == by).map(|held| held.reading);
        if self.value.is_some_and(is_old) || own.is_some_and(is_old) {
            return Err(RejectCode::SourceTimeOld);
        }
        Ok(())
    }

    /// "Then" of the rules.
    fn update(&mut self, kind: FeedKind, rules: &FeedRules, said: &Said, canary: Canary) -> Fate {
        let new = said.reading;
        let held = self.counting(said.now, kind, rules);
        let is_near = |other: Reading| is_reading_near(kind, rules, new, other);
        let take = |held: Option<Held>| Self { value: Some(new), held };
        let keep = |confirmations| Some(Held { reading: new, by: said.by, confirmations });
        // 1 and 2.
        if self.value.is_none() || canary == Canary::HeldMoveIsTaken {
            *self = take(None);
            return Fate::Taken;
        }
        if self.value.is_some_and(is_near) {
            let others = held.filter(|held| held.by != said.by && canary != Canary::NearForgetsHeld);
            *self = take(others.map(|held| Held { confirmations: 0, ..held }));
            return Fate::Taken;
        }
        // 3.
        let Some(held) = held else {
            self.held = keep(0);
            return Fate::Held;
        };
        // 4.
        let is_sure = new.stamp.confidence >= rules.confidence_min || canary == Canary::DoubtConfirms;
        if !is_sure {
            return Fate::PassedOver;
        }
        // 5.
        if !is_near(held.reading) {
            self.held = keep(0);
            return Fate::Held;
        }
        // 6.
        if held.by != said.by && canary != Canary::SecondSourceDoesNotConfirm {
            *self = take(None);
            return Fate::Taken;
        }
        // 7.
        let waited = new.stamp.source_time.get().saturating_sub(held.reading.stamp.source_time.get());
        if waited < u64::from(rules.confirm_after_us) * 1_000 {
            return Fate::PassedOver;
        }
        if held.confirmations + 1 >= u32::from(rules.confirmations) {
            *self = take(None);
            return Fate::Taken;
        }
        self.held = keep(held.confirmations + 1);
        Fate::Held
    }
}

/// Something that is said, by whom and when.
#[derive(Clone, Copy, Debug)]
struct Said {
    reading: Reading,
    by: SessionId,
    now: TimeNs,
}

/// Whether v is near w; smiles by their forward prices and by their volatilities at w's strikes.
fn is_reading_near(kind: FeedKind, rules: &FeedRules, v: Reading, w: Reading) -> bool {
    let (Some(mine), Some(other)) = (v.smile, w.smile) else { return is_near(kind, rules, v.value, w.value) };
    let is_near = |v, w| is_near(kind, rules, v, w);
    let (Some(smile), Some(other_smile)) = (smile_of(&mine), smile_of(&other)) else { return false };
    let strikes = other_smile.strikes();
    let pairs = smile.levels(&strikes).into_iter().zip(other_smile.levels(&strikes));
    is_near(mine.forward.get(), other.forward.get()) && pairs.into_iter().all(|(v, w)| is_near(v, w))
}

/// Whether v is near w.
fn is_near(kind: FeedKind, rules: &FeedRules, v: i64, w: i64) -> bool {
    let (distance, move_max) = (u128::from(v.abs_diff(w)), u128::from(rules.move_max));
    if kind == FeedKind::Rate {
        return move_max == 0 || distance <= move_max * 1_000;
    }
    move_max == 0 || distance * 1_000_000 <= move_max * u128::from(w.unsigned_abs())
}

impl NaiveEngine {
    pub(super) fn feed(&self, place: Place) -> Option<Feed> {
        match place.kind {
            FeedKind::Index => self.underlyings.find(place.underlying).ok().map(|underlying| underlying.index),
            FeedKind::Forward => self.expiries.find(place.expiry).ok().map(|expiry| expiry.forward),
            FeedKind::Rate => self.expiries.find(place.expiry).ok().map(|expiry| expiry.rate),
            FeedKind::Surface => self.expiries.find(place.expiry).ok().map(|expiry| expiry.smile),
            FeedKind::Volatility => self.instruments.find(place.instrument).ok().map(|listed| listed.volatility),
        }
    }

    fn feed_mut(&mut self, place: Place) -> Option<&mut Feed> {
        match place.kind {
            FeedKind::Index => self.underlyings.get_mut(place.underlying).map(|underlying| &mut underlying.index),
            FeedKind::Forward => self.expiries.get_mut(place.expiry).map(|expiry| &mut expiry.forward),
            FeedKind::Rate => self.expiries.get_mut(place.expiry).map(|expiry| &mut expiry.rate),
            FeedKind::Surface => self.expiries.get_mut(place.expiry).map(|expiry| &mut expiry.smile),
            FeedKind::Volatility => self.instruments.get_mut(place.instrument).map(|listed| &mut listed.volatility),
        }
    }

    pub(super) fn update_index(&mut self, c: &UpdateIndex) -> Result<(), RejectCode> {
        self.underlyings.find(c.underlying)?;
        self.check_price_of(c.underlying, c.price)?;
        self.update(
            Place::index(c.underlying),
            Reading { value: c.price.get(), smile: None, stamp: c.stamp },
            c.header.session,
        )
    }

    pub(super) fn update_forward(&mut self, c: &UpdateForward) -> Result<(), RejectCode> {
        let underlying = self.expiries.find(c.expiry)?.underlying;
        self.check_expiry_ahead(c.expiry)?;
        self.check_price_of(underlying, c.price)?;
        let place = Place::of_expiry(FeedKind::Forward, underlying, c.expiry);
        self.update(place, Reading { value: c.price.get(), smile: None, stamp: c.stamp }, c.header.session)
    }

    pub(super) fn update_rate(&mut self, c: &UpdateRate) -> Result<(), RejectCode> {
        let underlying = self.expiries.find(c.expiry)?.underlying;
        self.check_expiry_ahead(c.expiry)?;
        check_within(c.rate, -1_000_000_000, 10_000_000_000)?;
        let place = Place::of_expiry(FeedKind::Rate, underlying, c.expiry);
        self.update(place, Reading { value: c.rate, smile: None, stamp: c.stamp }, c.header.session)
    }

    pub(super) fn update_surface(&mut self, c: &UpdateSurface) -> Result<(), RejectCode> {
        let expiry = self.expiries.find(c.expiry)?;
        let underlying = expiry.underlying;
        if expiry.surface != Surface::Smile {
            return Err(RejectCode::NoSuchFeed);
        }
        self.check_expiry_ahead(c.expiry)?;
        self.check_price_of(underlying, c.smile.forward)?;
        let smile = smile_of(&c.smile).ok_or(RejectCode::FeedValueAbsurd)?;
        let level = level_of(&smile);
        check_volatility(level)?;
        for volatility in smile.levels(&smile.strikes()) {
            check_within(volatility, 0, 10_000_000_000)?;
        }
        let place = Place::of_expiry(FeedKind::Surface, underlying, c.expiry);
        self.update(place, Reading { value: level, smile: Some(c.smile), stamp: c.stamp }, c.header.session)
    }

    pub(super) fn update_volatility(&mut self, c: &UpdateVolatility) -> Result<(), RejectCode> {
        let terms = self.instruments.find(c.instrument)?.terms;
        let kind = InstrumentKind::from_code(terms.kind);
        let is_option = matches!(kind, Some(InstrumentKind::EuropeanOption | InstrumentKind::OnDemandOption));
        // An option without an underlying has no expiry that could be found.
        let surface = self.expiries.find(terms.expiry_id).map(|expiry| expiry.surface);
        if !is_option || surface != Ok(Surface::Strikes) {
            return Err(RejectCode::NoSuchFeed);
        }
        self.check_expiry_ahead(terms.expiry_id)?;
        check_volatility(c.volatility)?;
        let place = Place {
            kind: FeedKind::Volatility,
            underlying: terms.underlying_id,
            expiry: terms.expiry_id,
            instrument: c.instrument,
        };
        self.update(place, Reading { value: c.volatility, smile: None, stamp: c.stamp }, c.header.session)
    }

    /// Check 3.
    fn check_expiry_ahead(&self, id: ExpiryId) -> Result<(), RejectCode> {
        if self.expiries.find(id)?.time > self.time { Ok(()) } else { Err(RejectCode::ExpiryInPast) }
    }

    /// Check 4 of prices.
    fn check_price_of(&self, underlying: UnderlyingId, price: CashAtoms) -> Result<(), RejectCode> {
        let price_max = self.underlyings.find(underlying)?.terms.price_max;
        check_within(price.get(), 1, price_max.get())
    }

    /// From check 5 on.
    fn update(&mut self, place: Place, new: Reading, by: SessionId) -> Result<(), RejectCode> {
        let (now, canary, kind) = (self.time, self.canary, place.kind);
        let rules = self.underlyings.find(place.underlying)?.rules;
        let Some(feed) = self.feed_mut(place) else { return Ok(()) };
        feed.check_source_time(feed.counting(now, kind, &rules), new.stamp, by, now)?;
        let mut reading = new;
        if canary != Canary::ClockAheadIsKept {
            reading.stamp.source_time = new.stamp.source_time.min(now);
        }
        let fate = feed.update(kind, &rules, &Said { reading, by, now }, canary);
        self.emit(FeedUpdated {
            feed: place.kind.code(),
            flags: match fate {
                Fate::Taken => 0,
                Fate::Held => FeedUpdated::HELD,
                Fate::PassedOver => FeedUpdated::PASSED,
            },
            underlying: place.underlying,
            expiry: place.expiry,
            instrument: place.instrument,
            value: new.value,
            source_time: new.stamp.source_time,
            confidence: new.stamp.confidence,
            source: new.stamp.source,
            ..FeedUpdated::zeroed()
        });
        if fate == Fate::Taken || self.canary == Canary::HeldValueIsNews {
            self.make_due(place.underlying);
        }
        Ok(())
    }
}

fn check_volatility(volatility: i64) -> Result<(), RejectCode> {
    check_within(volatility, 100_000, 10_000_000_000)
}

fn check_within(value: i64, low: i64, high: i64) -> Result<(), RejectCode> {
    if (low..=high).contains(&value) { Ok(()) } else { Err(RejectCode::FeedValueAbsurd) }
}
