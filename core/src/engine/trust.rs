//! Queries about feeds: what they say, and how far they are to be trusted.

use super::Engine;
use crate::arena::Marks;
use crate::command::FeedRules;
use crate::ids::{ExpiryId, InstrumentId, UnderlyingId};
use crate::terms::Validity;
use crate::units::TimeNs;
use crate::valuation::{Feed, Judge};

/// A feed that has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedView {
    /// The value, in the feed's unit; of a smile, its volatility at its forward price in 1e-9.
    pub value: i64,
    /// When the source saw it.
    pub source_time: TimeNs,
    /// How sure the source was, in ppm.
    pub confidence: u32,
    /// Whether another value is held back, since it moved too far.
    pub holds_move: bool,
    /// How far it is to be trusted now.
    pub validity: Validity,
}

impl<M: Marks> Engine<'_, M> {
    /// The price of an underlying, if there was one.
    pub fn index(&self, underlying: UnderlyingId) -> Option<FeedView> {
        let record = self.underlyings.slab.get(self.find_underlying(underlying).ok()?);
        self.feed_view(&record.index, &record.rules, 1)
    }

    /// The forward price of an expiry, if there was one.
    pub fn forward(&self, expiry: ExpiryId) -> Option<FeedView> {
        let record = self.expiries.slab.get(self.find_expiry(expiry).ok()?);
        self.feed_view(&record.forward, &self.underlyings.slab.get(record.underlying).rules, 1)
    }

    /// The rate to an expiry, if there was one.
    pub fn rate(&self, expiry: ExpiryId) -> Option<FeedView> {
        let record = self.expiries.slab.get(self.find_expiry(expiry).ok()?);
        let rules = &self.underlyings.slab.get(record.underlying).rules;
        self.feed_view(&record.rate, rules, rules.slow_multiple)
    }

    /// The level of an expiry's smile, if there was one.
    pub fn surface(&self, expiry: ExpiryId) -> Option<FeedView> {
        let record = self.expiries.slab.get(self.find_expiry(expiry).ok()?);
        let rules = &self.underlyings.slab.get(record.underlying).rules;
        self.feed_view(&record.surface, rules, rules.slow_multiple)
    }

    /// An option's own volatility, if there was one.
    pub fn volatility(&self, instrument: InstrumentId) -> Option<FeedView> {
        let risk = self.risks.get(self.find_instrument(instrument).ok()?);
        let rules = &self.underlyings.slab.get(risk.underlying).rules;
        self.feed_view(&risk.volatility, rules, rules.slow_multiple)
    }

    fn judge_by<'r>(&self, rules: &'r FeedRules, multiple: u32) -> Judge<'r> {
        Judge { rules, multiple, now: self.header.get().time }
    }

    fn feed_view(&self, feed: &Feed, rules: &FeedRules, multiple: u32) -> Option<FeedView> {
        let judge = self.judge_by(rules, multiple);
        Some(FeedView {
            value: feed.value()?,
            source_time: feed.time(),
            confidence: feed.confidence(),
            holds_move: feed.held(&judge).is_some(),
            validity: feed.validity(&judge),
        })
    }

    /// How far an underlying's price is to be trusted now: none if it is not listed.
    pub fn validity(&self, underlying: UnderlyingId) -> Option<Validity> {
        Some(self.validity_of(self.find_underlying(underlying).ok()?))
    }

    /// How far the prices of an expiry are to be trusted now, its underlying's included: none if it is not listed.
    pub fn expiry_validity(&self, expiry: ExpiryId) -> Option<Validity> {
        Some(self.validity_of_expiry(self.find_expiry(expiry).ok()?))
    }

    fn validity_of(&self, underlying: u32) -> Validity {
        let record = self.underlyings.slab.get(underlying);
        let own = record.index.validity(&self.judge_by(&record.rules, 1));
        if record.peg == 0 {
            return own;
        }
        let peg = self.underlyings.slab.get(record.peg);
        own.max(peg.index.validity(&self.judge_by(&peg.rules, 1)))
    }

    fn validity_of_expiry(&self, expiry: u32) -> Validity {
        let record = self.expiries.slab.get(expiry);
        let rules = &self.underlyings.slab.get(record.underlying).rules;
        let (fast, slow) = (self.judge_by(rules, 1), self.judge_by(rules, rules.slow_multiple));
        let worst = self.validity_of(record.underlying).max(record.forward.validity(&fast));
        let worst = worst.max(record.rate.validity(&slow));
        if record.has_smiles() { worst.max(record.surface.validity(&slow)) } else { worst }
    }

    /// How far an instrument's value is to be trusted now: as its expiry, or underlying, and its own volatility. None if it
    /// is not listed, or has no underlying.
    pub fn instrument_validity(&self, instrument: InstrumentId) -> Option<Validity> {
        let slot = self.find_instrument(instrument).ok()?;
        (self.risks.get(slot).underlying != 0).then(|| self.validity_of_instrument(slot))
    }

    /// The same of the instrument in a slot, which has an underlying.
    pub(super) fn validity_of_instrument(&self, slot: u32) -> Validity {
        let risk = self.risks.get(slot);
        if risk.expiry == 0 {
            return self.validity_of(risk.underlying);
        }
        let worst = self.validity_of_expiry(risk.expiry);
        let has_own = self.instruments.slab.get(slot).is_option() && !self.expiries.slab.get(risk.expiry).has_smiles();
        if !has_own {
            return worst;
        }
        let rules = &self.underlyings.slab.get(risk.underlying).rules;
        worst.max(risk.volatility.validity(&self.judge_by(rules, rules.slow_multiple)))
    }
}
