//! Feeds: what they say, and which of it is taken.

use bytemuck::Zeroable;

use super::arrays::{level_of, smile_of};
use super::{Canary, NaiveEngine};
use crate::command::{
    FeedRules, FeedStamp, SmileTerms, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface, UpdateVolatility,
};
use crate::event::FeedUpdated;
use crate::ids::{ExpiryId, InstrumentId, UnderlyingId};
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

impl Feed {
    pub(super) fn has_held(&self) -> bool {
        self.held.is_some()
    }

    /// Check 5: the source's time.
    fn check_source_time(&self, stamp: FeedStamp, now: TimeNs) -> Result<(), RejectCode> {
        if u128::from(stamp.source_time.get()) > u128::from(now.get()) + AHEAD_MAX {
            return Err(RejectCode::SourceTimeAhead);
        }
        let is_old = |reading: Reading| stamp.source_time <= reading.stamp.source_time;
        let held = self.held.map(|held| held.reading).filter(|held| held.stamp.source == stamp.source);
        if self.value.is_some_and(is_old) || held.is_some_and(is_old) {
            return Err(RejectCode::SourceTimeOld);
        }
        Ok(())
    }

    /// Takes what the feed says, or holds it; true if it is taken.
    fn update(&mut self, kind: FeedKind, rules: &FeedRules, new: Reading, canary: Canary) -> bool {
        let is_near = |other: Reading| is_near(kind, rules, new.value, other.value);
        let is_taken = if self.value.is_none_or(is_near) || canary == Canary::HeldMoveIsTaken {
            true
        } else if let Some(held) = self.held.filter(|held| is_near(held.reading)) {
            let mut is_second_source = new.stamp.source != held.reading.stamp.source;
            if canary == Canary::SecondSourceDoesNotConfirm {
                is_second_source = false;
            }
            let confirmations = if is_second_source { held.confirmations } else { held.confirmations + 1 };
            self.held = Some(Held { reading: new, confirmations });
            is_second_source || confirmations >= u32::from(rules.confirmations)
        } else {
            self.held = Some(Held { reading: new, confirmations: 0 });
            false
        };
        if is_taken {
            *self = Self { value: Some(new), held: None };
        }
        is_taken
    }
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
        self.update(Place::index(c.underlying), Reading { value: c.price.get(), smile: None, stamp: c.stamp })
    }

    pub(super) fn update_forward(&mut self, c: &UpdateForward) -> Result<(), RejectCode> {
        let underlying = self.expiries.find(c.expiry)?.underlying;
        self.check_expiry_ahead(c.expiry)?;
        self.check_price_of(underlying, c.price)?;
        let place = Place::of_expiry(FeedKind::Forward, underlying, c.expiry);
        self.update(place, Reading { value: c.price.get(), smile: None, stamp: c.stamp })
    }

    pub(super) fn update_rate(&mut self, c: &UpdateRate) -> Result<(), RejectCode> {
        let underlying = self.expiries.find(c.expiry)?.underlying;
        self.check_expiry_ahead(c.expiry)?;
        check_within(c.rate, -1_000_000_000, 10_000_000_000)?;
        let place = Place::of_expiry(FeedKind::Rate, underlying, c.expiry);
        self.update(place, Reading { value: c.rate, smile: None, stamp: c.stamp })
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
        let place = Place::of_expiry(FeedKind::Surface, underlying, c.expiry);
        self.update(place, Reading { value: level, smile: Some(c.smile), stamp: c.stamp })
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
        self.update(place, Reading { value: c.volatility, smile: None, stamp: c.stamp })
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
    fn update(&mut self, place: Place, new: Reading) -> Result<(), RejectCode> {
        let (now, canary) = (self.time, self.canary);
        let rules = self.underlyings.find(place.underlying)?.rules;
        let Some(feed) = self.feed_mut(place) else { return Ok(()) };
        feed.check_source_time(new.stamp, now)?;
        let is_taken = feed.update(place.kind, &rules, new, canary);
        self.emit(FeedUpdated {
            feed: place.kind.code(),
            flags: if is_taken { 0 } else { FeedUpdated::HELD },
            underlying: place.underlying,
            expiry: place.expiry,
            instrument: place.instrument,
            value: new.value,
            source_time: new.stamp.source_time,
            confidence: new.stamp.confidence,
            source: new.stamp.source,
            ..FeedUpdated::zeroed()
        });
        if is_taken || self.canary == Canary::HeldValueIsNews {
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
