//! What feeds say: checked, taken or held back, and told.

use super::Engine;
use super::emit::Emitter;
use super::gate::{About, Execute, Roles, Sender};
use super::underlyings::is_price;
use super::venue::{OPERATOR_OR_FEED, about_instrument};
use crate::arena::Marks;
use crate::command::{
    FeedRules, FeedStamp, SmileTerms, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface, UpdateVolatility,
};
use crate::event::FeedUpdated;
use crate::ids::{ExpiryId, InstrumentId, OrderId};
use crate::pricing::svi::{AT_THE_MONEY, Smile};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::FeedKind;
use crate::valuation::{Expiry, Fate, Feed, Judge, Smiles, Underlying, Update};
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

impl Place {
    /// What ages are multiplied with.
    fn multiple(self, rules: &FeedRules) -> u32 {
        match self.kind {
            FeedKind::Index | FeedKind::Forward => 1,
            FeedKind::Rate | FeedKind::Surface | FeedKind::Volatility => rules.slow_multiple,
        }
    }

    /// What moves are parts of: one, for rates, in their unit; the value itself for others.
    fn scale(self) -> Option<u64> {
        (self.kind == FeedKind::Rate).then_some(1_000_000_000)
    }
}

/// What a feed is offered.
#[derive(Clone, Copy, Debug)]
struct Offer<'a> {
    value: i64,
    stamp: &'a FeedStamp,
    /// The smile whose level the value is.
    smile: Option<&'a SmileTerms>,
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

    /// Offers a value to a feed: it is taken, held back, or passed over.
    fn offer<S: EventSink>(
        &mut self,
        place: Place,
        offer: &Offer<'_>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let &Offer { value, stamp, smile } = offer;
        let (underlying, expiry) = self.owners(place);
        let rules = self.underlyings.slab.get(underlying).rules;
        let judge = Judge { rules: &rules, multiple: place.multiple(&rules), now: self.header.get().time };
        let sender = self.sessions.slab.get(sender.session).id;
        let feed = *self.feed_mut(place);
        feed.check_time(stamp, sender, &judge)?;
        let is_near = [feed.value(), feed.held(&judge)];
        let is_near = if let Some(smile) = smile {
            let &Smiles { current, held, .. } = self.smiles.get(place.slot);
            [current, held].map(|other| is_smile_near(&judge, smile, &other))
        } else {
            is_near.map(|other| other.is_some_and(|other| judge.is_near(value, other, place.scale())))
        };
        let (after, fate) = feed.after(&Update { value, stamp: *stamp, sender, is_near }, &judge);
        self.keep(place, after, fate, smile);
        let instrument = match place.kind {
            FeedKind::Volatility => self.instruments.slab.get(place.slot).id,
            _ => InstrumentId::NONE,
        };
        out.emit(FeedUpdated {
            feed: place.kind.code(),
            flags: match fate {
                Fate::Taken => 0,
                Fate::Held => FeedUpdated::HELD,
                Fate::Passed => FeedUpdated::PASSED,
            },
            underlying: self.underlyings.slab.get(underlying).id,
            expiry: if expiry == 0 { ExpiryId::NONE } else { self.expiries.slab.get(expiry).id },
            instrument,
            value,
            source_time: stamp.source_time,
            confidence: stamp.confidence,
            source: stamp.source,
            ..FeedUpdated::zeroed()
        });
        if fate == Fate::Taken {
            self.wait_for_pass(underlying);
        }
        Ok(OrderId::NONE)
    }

    /// Stores a feed, and the smile that goes with it; a pass under way keeps what was.
    fn keep(&mut self, place: Place, after: Feed, fate: Fate, smile: Option<&SmileTerms>) {
        if fate == Fate::Taken {
            match place.kind {
                FeedKind::Index => {}
                FeedKind::Forward | FeedKind::Rate | FeedKind::Surface => self.freeze_expiry(place.slot),
                FeedKind::Volatility => self.freeze_volatility(place.slot),
            }
        }
        *self.feed_mut(place) = after;
        let Some(smile) = smile else { return };
        let smiles = self.smiles.get_mut(place.slot);
        match fate {
            Fate::Taken => smiles.current = *smile,
            Fate::Held => smiles.held = *smile,
            Fate::Passed => {}
        }
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
    let smile = Smile::try_from(terms).map_err(|_| RejectCode::FeedValueAbsurd)?;
    let levels = smile.levels(&smile.strikes());
    let level = levels[AT_THE_MONEY];
    let is_low = levels.iter().all(|level| level <= VOLATILITY.end());
    let is_sound = is_price(terms.forward, underlying) && VOLATILITY.contains(&level) && is_low;
    if is_sound { Ok(level) } else { Err(RejectCode::FeedValueAbsurd) }
}

/// Whether a smile is near another: its forward price, and its volatilities at the strikes that the other is judged at.
fn is_smile_near(judge: &Judge<'_>, terms: &SmileTerms, other_terms: &SmileTerms) -> bool {
    let (Ok(smile), Ok(other)) = (Smile::try_from(terms), Smile::try_from(other_terms)) else { return false };
    let strikes = other.strikes();
    let levels = smile.levels(&strikes).into_iter().zip(other.levels(&strikes));
    let forwards = (terms.forward.0, other_terms.forward.0);
    levels.chain([forwards]).all(|(level, other)| judge.is_near(level, other, None))
}

impl Execute for UpdateIndex {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_underlying(self.underlying)?;
        if !is_price(self.price, engine.underlyings.slab.get(slot)) {
            return Err(RejectCode::FeedValueAbsurd);
        }
        let offer = Offer { value: self.price.0, stamp: &self.stamp, smile: None };
        engine.offer(Place { kind: FeedKind::Index, slot }, &offer, sender, out)
    }
}

impl Execute for UpdateForward {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_open_expiry(self.expiry)?;
        let underlying = engine.expiries.slab.get(slot).underlying;
        if !is_price(self.price, engine.underlyings.slab.get(underlying)) {
            return Err(RejectCode::FeedValueAbsurd);
        }
        let offer = Offer { value: self.price.0, stamp: &self.stamp, smile: None };
        engine.offer(Place { kind: FeedKind::Forward, slot }, &offer, sender, out)
    }
}

impl Execute for UpdateRate {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_open_expiry(self.expiry)?;
        if !RATE.contains(&self.rate) {
            return Err(RejectCode::FeedValueAbsurd);
        }
        let offer = Offer { value: self.rate, stamp: &self.stamp, smile: None };
        engine.offer(Place { kind: FeedKind::Rate, slot }, &offer, sender, out)
    }
}

impl Execute for UpdateSurface {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_expiry(self.expiry)?;
        let &Expiry { time, underlying, .. } = engine.expiries.slab.get(slot);
        if !engine.expiries.slab.get(slot).has_smiles() {
            return Err(RejectCode::NoSuchFeed);
        }
        engine.check_before(time)?;
        let level = check_smile(&self.smile, engine.underlyings.slab.get(underlying))?;
        let offer = Offer { value: level, stamp: &self.stamp, smile: Some(&self.smile) };
        engine.offer(Place { kind: FeedKind::Surface, slot }, &offer, sender, out)
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
        sender: Sender,
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
        let offer = Offer { value: self.volatility, stamp: &self.stamp, smile: None };
        engine.offer(Place { kind: FeedKind::Volatility, slot }, &offer, sender, out)
    }
}
