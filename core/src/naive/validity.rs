//! How far feeds are to be trusted.

use super::feeds::{Feed, Place, has_reached};
use super::{Canary, NaiveEngine};
use crate::command::FeedRules;
use crate::ids::{ExpiryId, InstrumentId, UnderlyingId};
use crate::terms::{FeedKind, Surface, Validity};
use crate::units::TimeNs;

impl Feed {
    /// "Validity" of `docs/FEEDS.md`, at a time.
    fn validity(&self, now: TimeNs, kind: FeedKind, rules: &FeedRules, canary: Canary) -> Validity {
        let Some(reading) = self.value else { return Validity::Invalid };
        let since = reading.stamp.source_time;
        let has_reached = |limit: TimeNs| {
            let late = TimeNs(now.get().saturating_sub(u64::from(canary == Canary::StaleOneLate)));
            has_reached(late, since, limit, kind, rules)
        };
        if has_reached(rules.invalid_after) {
            Validity::Invalid
        } else if has_reached(rules.stale_after) {
            Validity::Stale
        } else if has_reached(rules.degraded_after)
            || reading.stamp.confidence < rules.confidence_min
            || self.has_held(now, kind, rules)
        {
            Validity::Degraded
        } else {
            Validity::Good
        }
    }
}

impl NaiveEngine {
    /// How far one feed is to be trusted at a time, by its underlying's rules.
    pub(super) fn validity_at(&self, place: Place, now: TimeNs) -> Option<Validity> {
        let rules = self.underlyings.find(place.underlying).ok()?.rules;
        Some(self.feed(place)?.validity(now, place.kind, &rules, self.canary))
    }

    /// How far an underlying is to be trusted at the time of the last command: the worst of its index and its peg's,
    /// each by its own rules. None if there is no such underlying.
    pub fn validity(&self, underlying: UnderlyingId) -> Option<Validity> {
        let peg = self.underlyings.find(underlying).ok()?.terms.peg;
        let own = self.validity_at(Place::index(underlying), self.time)?;
        if peg == UnderlyingId::NONE || self.canary == Canary::PegIgnored {
            return Some(own);
        }
        Some(own.max(self.validity_at(Place::index(peg), self.time)?))
    }

    /// The same of an expiry: the worst of its underlying, its forward, its rate and, where it has smiles, its surface.
    pub fn expiry_validity(&self, expiry: ExpiryId) -> Option<Validity> {
        let listed = self.expiries.find(expiry).ok()?;
        let of = |kind| self.validity_at(Place::of_expiry(kind, listed.underlying, expiry), self.time);
        let mut worst = self.validity(listed.underlying)?.max(of(FeedKind::Forward)?).max(of(FeedKind::Rate)?);
        if listed.surface == Surface::Smile {
            worst = worst.max(of(FeedKind::Surface)?);
        }
        Some(worst)
    }

    /// The same of an instrument: as its expiry, an option with a volatility of its own also as that; as its underlying
    /// where it has no expiry. None without an underlying.
    pub fn instrument_validity(&self, instrument: InstrumentId) -> Option<Validity> {
        let terms = self.instruments.find(instrument).ok()?.terms;
        let (underlying, expiry) = (terms.underlying_id, terms.expiry_id);
        if expiry == ExpiryId::NONE {
            return self.validity(underlying);
        }
        let worst = self.expiry_validity(expiry)?;
        let is_option = terms.option_type != 0;
        if !is_option || self.expiries.find(expiry).ok()?.surface != Surface::Strikes {
            return Some(worst);
        }
        let own = Place { kind: FeedKind::Volatility, underlying, expiry, instrument };
        Some(worst.max(self.validity_at(own, self.time)?))
    }
}
