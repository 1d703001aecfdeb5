//! The price band, and how a volatility auction begins.

use bytemuck::Zeroable;

use super::book::Order;
use super::{Canary, NaiveEngine};
use crate::command::SetPriceBand;
use crate::event::{PriceBandBreached, PriceBandSet};
use crate::ids::InstrumentId;
use crate::reject::{CancelReason, RejectCode};
use crate::terms::TradingState;
use crate::units::PriceTicks;

/// The prices that a sweep may trade at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    reference: PriceTicks,
    distance: PriceTicks,
}

impl Band {
    pub(super) fn contains(&self, price: PriceTicks) -> bool {
        price.get().abs_diff(self.reference.get()) <= self.distance.get().unsigned_abs()
    }
}

impl NaiveEngine {
    pub(super) fn set_price_band(&mut self, c: &SetPriceBand) -> Result<(), RejectCode> {
        self.find_idle(c.instrument)?;
        if let Some(instrument) = self.instruments.get_mut(c.instrument) {
            instrument.band = c.distance;
        }
        self.emit(PriceBandSet { instrument: c.instrument, distance: c.distance, ..PriceBandSet::zeroed() });
        Ok(())
    }

    /// The band that holds for a sweep that begins now: around the mark price, else around the last price.
    pub(super) fn band(&self, id: InstrumentId) -> Option<Band> {
        let instrument = self.instruments.find(id).ok().filter(|listed| listed.band > PriceTicks::ZERO)?;
        let mut reference = instrument.mark.or(instrument.last)?;
        if self.canary == Canary::BandIgnoresMark {
            reference = instrument.last.unwrap_or(reference);
        }
        Some(Band { reference, distance: instrument.band })
    }

    /// A sweep ended because of the band: what is left of the taker rests if it may, and an auction begins.
    pub(super) fn begin_volatility_auction(&mut self, order: &Order, band: Option<Band>) {
        let (id, best) = (order.instrument, self.book.best(order.instrument, order.side.opposite()));
        if let (Some(best), Some(band)) = (best, band) {
            self.emit(PriceBandBreached {
                instrument: id,
                price: best.price,
                reference: band.reference,
                distance: band.distance,
                order: order.id,
                ..PriceBandBreached::zeroed()
            });
        }
        if order.may_rest() && self.canary != Canary::VolatilityAuctionCancels {
            self.rest(order);
        } else {
            self.cancel_taker(order, CancelReason::PriceBand);
        }
        self.change_state(id, TradingState::Auction);
    }
}
