//! What feeds say: checked, taken or held back, and told.

use super::Engine;
use super::emit::Emitter;
use super::gate::{About, Execute, Roles, Sender};
use super::underlyings::is_price;
use super::venue::{OPERATOR_OR_FEED, about_instrument};
use crate::arena::Marks;
use crate::command::{FeedStamp, SmileTerms, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface, UpdateVolatility};
use crate::event::FeedUpdated;
use crate::ids::{ExpiryId, InstrumentId, OrderId};
use crate::pricing::svi::Smile;
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::{FeedKind, InstrumentKind, Surface};
use crate::valuation::{Expiry, Feed, Measure, Underlying, Update};
use bytemuck::Zeroable;

/// What a rate may be, in 1e-9.
const RATE: core::ops::RangeInclusive<i64> = -1_000_000_000..=10_000_000_000;
/// What a volatility may be, in 1e-9.
const VOLATILITY: core::ops::RangeInclusive<i64> = 100_000..=10_000_000_000;

/// A feed: which, and the slot of whose it is.
#[derive(Clone, Copy, Debug)]
struct Place {
    kind: FeedKind,
    slot: u32,
}

impl<M: Marks> Engine<'_, M> {
    fn feed_mut(&mut self, Place { kind, slot }: Place) -> &mut Feed {
        match kind {
            FeedKind::Index => &mut self.underlyings.slab.get_mut(slot).index,
            FeedKind::Forward => &mut self.expiries.slab.get_mut(slot).forward,
            FeedKind::Rate => &mut self.expiries.slab.get_mut(slot).rate,
            FeedKind::Surface => &mut self.expiries.slab.get_mut(slot).surface,
            FeedKind::Volatility => &mut self.risks.get_mut(slot).volatility,
        }
    }

    /// The slots of its underlying and of its expiry, 0 for none.
    fn owners(&self, Place { kind, slot }: Place) -> (u32, u32) {
        match kind {
            FeedKind::Index => (slot, 0),
            FeedKind::Forward | FeedKind::Rate | FeedKind::Surface => (self.expiries.slab.get(slot).underlying, slot),
            FeedKind::Volatility => {
                let risk = self.risks.get(slot);
                (risk.underlying, risk.expiry)
            }
        }
    }

    /// Offers a value to a feed; true if it took it.
    fn offer<S: EventSink>(
        &mut self,
        place: Place,
        value: i64,
        stamp: &FeedStamp,
        out: &mut Emitter<'_, S>,
    ) -> Result<bool, RejectCode> {
        let now = self.header.get().time;
        let (underlying, expiry) = self.owners(place);
        let rules = self.underlyings.slab.get(underlying).rules;
        let feed = *self.feed_mut(place);
        feed.check_time(stamp, now)?;
        let measure = if place.kind == FeedKind::Rate { Measure::Absolute } else { Measure::Relative };
        let (after, is_taken) = feed.after(&Update { value, stamp: *stamp, measure }, &rules);
        if is_taken {
            match place.kind {
                FeedKind::Index => {}
                FeedKind::Forward | FeedKind::Rate | FeedKind::Surface => self.freeze_expiry(place.slot),
                FeedKind::Volatility => self.freeze_volatility(place.slot),
            }
        }
        *self.feed_mut(place) = after;
        let instrument = match place.kind {
            FeedKind::Volatility => self.instruments.slab.get(place.slot).id,
            _ => InstrumentId::NONE,
        };
        out.emit(FeedUpdated {
            feed: place.kind.code(),
            flags: if is_taken { 0 } else { FeedUpdated::HELD },
            underlying: self.underlyings.slab.get(underlying).id,
            expiry: if expiry == 0 { ExpiryId::NONE } else { self.expiries.slab.get(expiry).id },
            instrument,
            value,
            source_time: stamp.source_time,
            confidence: stamp.confidence,
            source: stamp.source,
            ..FeedUpdated::zeroed()
        });
        if is_taken {
            self.wait_for_pass(underlying);
        }
        Ok(is_taken)
    }

    /// An expiry that is not over.
    fn find_open_expiry(&self, id: ExpiryId) -> Result<u32, RejectCode> {
        let slot = self.find_expiry(id)?;
        self.check_before(self.expiries.slab.get(slot).time)?;
        Ok(slot)
    }
}

/// Checks a smile; its level.
fn check_smile(terms: &SmileTerms, underlying: &Underlying) -> Result<i64, RejectCode> {
    let level = Smile::try_from(terms).map_or(0, |smile| smile.level());
    let is_sound = is_price(terms.forward, underlying) && VOLATILITY.contains(&level);
    if is_sound { Ok(level) } else { Err(RejectCode::FeedValueAbsurd) }
}

impl Expiry {
    /// Whether its volatilities come from smiles.
    pub(super) fn has_smiles(&self) -> bool {
        self.surface_kind == Surface::Smile.code()
    }
}

impl Execute for UpdateIndex {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_underlying(self.underlying)?;
        if !is_price(self.price, engine.underlyings.slab.get(slot)) {
            return Err(RejectCode::FeedValueAbsurd);
        }
        engine.offer(Place { kind: FeedKind::Index, slot }, self.price.0, &self.stamp, out)?;
        Ok(OrderId::NONE)
    }
}

impl Execute for UpdateForward {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_open_expiry(self.expiry)?;
        let underlying = engine.expiries.slab.get(slot).underlying;
        if !is_price(self.price, engine.underlyings.slab.get(underlying)) {
            return Err(RejectCode::FeedValueAbsurd);
        }
        engine.offer(Place { kind: FeedKind::Forward, slot }, self.price.0, &self.stamp, out)?;
        Ok(OrderId::NONE)
    }
}

impl Execute for UpdateRate {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_open_expiry(self.expiry)?;
        if !RATE.contains(&self.rate) {
            return Err(RejectCode::FeedValueAbsurd);
        }
        engine.offer(Place { kind: FeedKind::Rate, slot }, self.rate, &self.stamp, out)?;
        Ok(OrderId::NONE)
    }
}

impl Execute for UpdateSurface {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_expiry(self.expiry)?;
        let &Expiry { time, underlying, .. } = engine.expiries.slab.get(slot);
        if !engine.expiries.slab.get(slot).has_smiles() {
            return Err(RejectCode::NoSuchFeed);
        }
        engine.check_before(time)?;
        let level = check_smile(&self.smile, engine.underlyings.slab.get(underlying))?;
        if engine.offer(Place { kind: FeedKind::Surface, slot }, level, &self.stamp, out)? {
            engine.smiles.get_mut(slot).current = self.smile;
        }
        Ok(OrderId::NONE)
    }
}

impl Execute for UpdateVolatility {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_instrument(self.instrument)?;
        let expiry = engine.risks.get(slot).expiry;
        let is_fed = engine.instruments.slab.get(slot).is_option()
            && expiry != 0
            && !engine.expiries.slab.get(expiry).has_smiles();
        if !is_fed {
            return Err(RejectCode::NoSuchFeed);
        }
        engine.check_before(engine.expiries.slab.get(expiry).time)?;
        if !VOLATILITY.contains(&self.volatility) {
            return Err(RejectCode::FeedValueAbsurd);
        }
        engine.offer(Place { kind: FeedKind::Volatility, slot }, self.volatility, &self.stamp, out)?;
        Ok(OrderId::NONE)
    }
}

impl crate::instrument::Instrument {
    /// Whether it is an option.
    pub(super) fn is_option(&self) -> bool {
        matches!(
            InstrumentKind::from_code(self.kind),
            Some(InstrumentKind::EuropeanOption | InstrumentKind::OnDemandOption)
        )
    }
}
