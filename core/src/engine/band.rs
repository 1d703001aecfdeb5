//! The price band: how far from its reference price an instrument trades before a volatility auction begins.

use super::Engine;
use super::emit::Emitter;
use super::gate::{About, Execute, Roles, Sender};
use super::sweep::Taker;
use super::venue::{OPERATOR, about_instrument};
use crate::arena::Marks;
use crate::command::SetPriceBand;
use crate::event::{PriceBandBreached, PriceBandSet};
use crate::ids::OrderId;
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::units::PriceTicks;
use bytemuck::Zeroable;

impl<M: Marks> Engine<'_, M> {
    /// The mark price, else the last price, of an instrument with a band; none if it has no band, or neither price.
    #[inline(always)]
    pub(super) fn band_reference(&self, instrument: u32) -> Option<PriceTicks> {
        let record = self.instruments.slab.get(instrument);
        if record.has_band == 0 {
            return None;
        }
        if record.has_mark != 0 { Some(record.mark_price) } else { record.last() }
    }

    /// Whether a price is beyond the band around a reference price, if there is one.
    #[inline(always)]
    pub(super) fn is_beyond_band(&self, instrument: u32, reference: Option<PriceTicks>, price: PriceTicks) -> bool {
        reference
            .is_some_and(|reference| price.0.abs_diff(reference.0) > self.markets.get(instrument).band.0.unsigned_abs())
    }

    /// Says what the taker would have traded at beyond the band.
    #[cold]
    #[inline(never)]
    pub(super) fn say_breached<S: EventSink>(&self, taker: &Taker, out: &mut Emitter<'_, S>) {
        let record = self.instruments.slab.get(taker.order.instrument);
        out.emit(PriceBandBreached {
            instrument: record.id,
            price: record.side(taker.order.side().opposite()).best_price,
            reference: taker.reference.unwrap_or_default(),
            distance: self.markets.get(taker.order.instrument).band,
            order: taker.order.id,
            ..PriceBandBreached::zeroed()
        });
    }
}

impl Execute for SetPriceBand {
    const ROLES: Roles = OPERATOR;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_idle_instrument(self.instrument)?;
        engine.instruments.slab.get_mut(slot).has_band = u8::from(self.distance > PriceTicks::ZERO);
        engine.markets.get_mut(slot).band = self.distance;
        let (instrument, distance) = (self.instrument, self.distance);
        out.emit(PriceBandSet { instrument, distance, ..PriceBandSet::zeroed() });
        Ok(OrderId::NONE)
    }
}
