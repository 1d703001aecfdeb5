//! Venue commands: instruments, their state and their price limits. `Uncross` has a file of its own.

use bytemuck::Zeroable;

use super::feeds::Feed;
use super::marks::Window;
use super::scene::is_option;
use super::{Canary, NaiveEngine};
use crate::command::{
    DelistInstrument, ListInstrument, ListUnderlying, SetLastPrice, SetMarkPrice, SetPriceLimits, SetTradingState,
};
use crate::event::{
    InstrumentDelisted, InstrumentListed, LastPriceSet, MarkPriceSet, PriceLimitsSet, TradingStateChanged,
};
use crate::ids::{ExpiryId, InstrumentId, UnderlyingId};
use crate::reject::RejectCode;
use crate::terms::{InstrumentKind, OptionType, TradingState};
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

/// One listed instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instrument {
    /// As it was listed; of its limits and state only the first ones stand here.
    pub(super) terms: ListInstrument,
    pub(super) state: TradingState,
    pub(super) limit_low: PriceTicks,
    pub(super) limit_high: PriceTicks,
    /// The last price: that of the last trade, or what it was set to.
    pub(super) last: Option<PriceTicks>,
    /// The mark price, once it was set.
    pub(super) mark: Option<PriceTicks>,
    /// The time over which the next mark price is averaged.
    pub(super) window: Option<Window>,
    /// Its own volatility, where its expiry has one for each option.
    pub(super) volatility: Feed,
    /// How far from its reference price it may trade; zero without a band.
    pub(super) band: PriceTicks,
    /// Whether an order that is good for the auction was accepted since the last auction.
    pub(super) has_auction_orders: bool,
}

impl Instrument {
    /// The checks of a quantity that both a new order and an amended one have.
    pub(super) fn check_lot(&self, quantity: QuantityLots) -> Result<(), RejectCode> {
        if quantity.get().checked_rem(self.terms.lot.get()) == Some(0) {
            Ok(())
        } else {
            Err(RejectCode::QuantityOffLot)
        }
    }

    pub(super) fn check_maximum(&self, quantity: QuantityLots) -> Result<(), RejectCode> {
        if quantity > self.terms.quantity_max { Err(RejectCode::QuantityAboveMaximum) } else { Ok(()) }
    }

    /// The checks of a new order's quantity.
    pub(super) fn check_new_quantity(&self, quantity: QuantityLots) -> Result<(), RejectCode> {
        if quantity.get() <= 0 {
            return Err(RejectCode::QuantityNotPositive);
        }
        self.check_lot(quantity)?;
        if quantity < self.terms.quantity_min {
            return Err(RejectCode::QuantityBelowMinimum);
        }
        self.check_maximum(quantity)
    }

    pub(super) fn check_price(&self, price: PriceTicks) -> Result<(), RejectCode> {
        self.check_tick(price)?;
        self.check_range(price)?;
        self.check_limits(price)
    }

    pub(super) fn check_limits(&self, price: PriceTicks) -> Result<(), RejectCode> {
        if price < self.limit_low || price > self.limit_high {
            return Err(RejectCode::PriceOutsideLimits);
        }
        Ok(())
    }

    /// The price, moved into the limits in force.
    pub(super) fn within_limits(&self, price: PriceTicks) -> PriceTicks {
        price.max(self.limit_low).min(self.limit_high)
    }

    pub(super) fn check_not_busy(&self) -> Result<(), RejectCode> {
        if self.state == TradingState::Uncrossing { Err(RejectCode::BookBusy) } else { Ok(()) }
    }

    pub(super) fn check_not_halted(&self) -> Result<(), RejectCode> {
        if self.state == TradingState::Halted { Err(RejectCode::InstrumentHalted) } else { Ok(()) }
    }

    pub(super) fn check_tick(&self, price: PriceTicks) -> Result<(), RejectCode> {
        if price.get().checked_rem(self.terms.tick.get()) == Some(0) { Ok(()) } else { Err(RejectCode::PriceOffTick) }
    }

    pub(super) fn check_range(&self, price: PriceTicks) -> Result<(), RejectCode> {
        let range = self.terms.price_min..=self.terms.price_max;
        if range.contains(&price) { Ok(()) } else { Err(RejectCode::PriceOutOfRange) }
    }
}

impl NaiveEngine {
    pub(super) fn list_instrument(&mut self, c: &ListInstrument) -> Result<(), RejectCode> {
        let state = TradingState::from_code(c.initial_state).ok_or(RejectCode::InvalidField)?;
        let is_without = self.genesis.is_margined() && c.underlying_id == UnderlyingId::NONE;
        if !is_valid(c, self.time) || is_without {
            return Err(RejectCode::InvalidInstrument);
        }
        self.check_valued(c)?;
        let (limit_low, limit_high) = (c.limit_low, c.limit_high);
        let listed = Instrument {
            terms: *c,
            state,
            limit_low,
            limit_high,
            last: None,
            mark: None,
            window: None,
            volatility: Feed::default(),
            band: PriceTicks::ZERO,
            has_auction_orders: false,
        };
        let instrument = self.instruments.open(listed)?;
        self.emit(InstrumentListed {
            instrument_kind: c.kind,
            state: c.initial_state,
            instrument,
            symbol: c.symbol,
            tick: c.tick,
            lot: c.lot,
            ..InstrumentListed::zeroed()
        });
        self.make_due(c.underlying_id);
        if self.genesis.is_margined() {
            self.offer(instrument);
        }
        Ok(())
    }

    /// What is asked of an instrument with an underlying: the underlying, the expiry, and lanes that fit.
    fn check_valued(&self, c: &ListInstrument) -> Result<(), RejectCode> {
        if c.underlying_id == UnderlyingId::NONE {
            return Ok(());
        }
        let underlying = self.underlyings.find(c.underlying_id)?;
        if c.kind != InstrumentKind::Perpetual.code() {
            let expiry = self.expiries.find(c.expiry_id)?;
            if expiry.underlying != c.underlying_id || expiry.time != c.expiry {
                return Err(RejectCode::ExpiryMismatch);
            }
        }
        self.check_lots(c)?;
        if lanes_fit(c, &underlying.terms) { Ok(()) } else { Err(RejectCode::LanesDoNotFit) }
    }

    /// In a margined shard the options of an expiry have one multiplier and one price unit.
    fn check_lots(&self, c: &ListInstrument) -> Result<(), RejectCode> {
        if !self.genesis.is_margined() || !is_option(c) {
            return Ok(());
        }
        let differs = |terms: &ListInstrument| terms.multiplier != c.multiplier || terms.price_unit != c.price_unit;
        let of_expiry = |terms: &ListInstrument| terms.expiry_id == c.expiry_id && is_option(terms);
        let listed = self.instruments.in_order();
        let differ = listed.iter().any(|(_, listed)| of_expiry(&listed.terms) && differs(&listed.terms));
        if differ { Err(RejectCode::LotsDiffer) } else { Ok(()) }
    }

    /// The instrument of a venue command: listed, and not uncrossing.
    pub(super) fn find_idle(&self, id: InstrumentId) -> Result<Instrument, RejectCode> {
        let instrument = *self.instruments.find(id)?;
        instrument.check_not_busy()?;
        Ok(instrument)
    }

    pub(super) fn delist_instrument(&mut self, c: &DelistInstrument) -> Result<(), RejectCode> {
        let instrument = c.instrument;
        self.find_idle(instrument)?;
        let has_orders = self.book.orders().any(|order| order.instrument == instrument);
        if has_orders || self.positions.any_of_instrument(instrument) {
            return Err(RejectCode::InstrumentInUse);
        }
        self.instruments.close(instrument);
        self.valuation.forget(instrument);
        self.withdraw(instrument);
        self.emit(InstrumentDelisted { instrument, ..InstrumentDelisted::zeroed() });
        Ok(())
    }

    pub(super) fn set_trading_state(&mut self, c: &SetTradingState) -> Result<(), RejectCode> {
        self.find_idle(c.instrument)?;
        let state = TradingState::from_code(c.state).ok_or(RejectCode::InvalidField)?;
        if state == TradingState::Continuous && self.book.is_crossed(c.instrument) {
            return Err(RejectCode::BookCrossed);
        }
        if state == TradingState::Continuous {
            return self.open_trading(c.instrument);
        }
        self.change_state(c.instrument, state);
        Ok(())
    }

    /// Moves the instrument to a state and says so, also where it is in it already.
    pub(super) fn change_state(&mut self, id: InstrumentId, state: TradingState) {
        let Some(instrument) = self.instruments.get_mut(id) else { return };
        let old_state = instrument.state.code();
        instrument.state = state;
        let state = state.code();
        self.emit(TradingStateChanged { old_state, state, instrument: id, ..TradingStateChanged::zeroed() });
        if self.canary != Canary::OpeningForgetsStops {
            self.join_stop_row(id);
        }
    }

    pub(super) fn set_price_limits(&mut self, c: &SetPriceLimits) -> Result<(), RejectCode> {
        let terms = self.find_idle(c.instrument)?.terms;
        let (low, high) = (c.low, c.high);
        if !(terms.price_min <= low && low <= high && high <= terms.price_max) {
            return Err(RejectCode::InvalidPriceLimits);
        }
        if let Some(instrument) = self.instruments.get_mut(c.instrument) {
            instrument.limit_low = low;
            instrument.limit_high = high;
        }
        self.emit(PriceLimitsSet { instrument: c.instrument, low, high, ..PriceLimitsSet::zeroed() });
        Ok(())
    }
}

impl NaiveEngine {
    pub(super) fn set_last_price(&mut self, c: &SetLastPrice) -> Result<(), RejectCode> {
        let instrument = self.find_idle(c.instrument)?;
        instrument.check_tick(c.price)?;
        instrument.check_range(c.price)?;
        if let Some(instrument) = self.instruments.get_mut(c.instrument) {
            instrument.last = Some(c.price);
        }
        self.emit(LastPriceSet { instrument: c.instrument, price: c.price, ..LastPriceSet::zeroed() });
        self.join_stop_row(c.instrument);
        Ok(())
    }

    pub(super) fn set_mark_price(&mut self, c: &SetMarkPrice) -> Result<(), RejectCode> {
        let instrument = self.find_idle(c.instrument)?;
        if instrument.terms.underlying_id != UnderlyingId::NONE {
            return Err(RejectCode::MarkIsDerived);
        }
        instrument.check_range(c.price)?;
        if let Some(instrument) = self.instruments.get_mut(c.instrument) {
            instrument.mark = Some(c.price);
        }
        self.emit(MarkPriceSet { instrument: c.instrument, price: c.price, ..MarkPriceSet::zeroed() });
        Ok(())
    }
}

/// The conditions of [`ListInstrument`], in the order of its documentation.
fn is_valid(c: &ListInstrument, now: TimeNs) -> bool {
    let labels = is_label(&c.symbol) && c.symbol.first() != Some(&0) && is_label(&c.underlying);
    let units = c.tick.get() >= 1 && c.lot.get() >= 1 && c.multiplier.get() >= 1;
    let (lot, tick) = (i128::from(c.lot.get()), i128::from(c.tick.get()));
    let some_quantity =
        lot >= 1 && i128::from(c.quantity_max.get()).div_euclid(lot) * lot >= i128::from(c.quantity_min.get());
    let some_price =
        tick >= 1 && i128::from(c.price_max.get()).div_euclid(tick) * tick >= i128::from(c.price_min.get());
    let quantities = c.quantity_min.get() >= 1 && some_quantity;
    let prices = some_price && c.price_min <= c.limit_low && c.limit_low <= c.limit_high && c.limit_high <= c.price_max;
    let kind = InstrumentKind::from_code(c.kind);
    let is_option = matches!(kind, Some(InstrumentKind::EuropeanOption | InstrumentKind::OnDemandOption));
    let has_type = c.option_type != OptionType::None.code();
    let option =
        if is_option { has_type && c.strike >= PriceTicks(1) } else { !has_type && c.strike == PriceTicks::ZERO };
    let is_perpetual = kind == Some(InstrumentKind::Perpetual);
    let expiry = if is_perpetual { c.expiry == TimeNs::ZERO } else { c.expiry > now };
    let valued = if c.underlying_id == UnderlyingId::NONE {
        c.price_unit == CashAtoms::ZERO && c.position_max == QuantityLots::ZERO && c.expiry_id == ExpiryId::NONE
    } else {
        let sizes = c.price_unit >= CashAtoms(1) && c.position_max >= QuantityLots(1);
        sizes && is_perpetual == (c.expiry_id == ExpiryId::NONE)
    };
    labels && units && quantities && prices && option && expiry && valued
}

/// Whether p x bound x multiplier x 2^`lane_bits` < 2^59 x price unit. All of it is positive, so a product on the left
/// that is beyond 128 bits is beyond the one on the right, which is within 122.
fn lanes_fit(c: &ListInstrument, underlying: &ListUnderlying) -> bool {
    let exact = |positive: i64| u128::from(positive.unsigned_abs());
    let unit = exact(c.price_unit.get());
    let bound = (32 * exact(underlying.price_max.get())).max(exact(c.strike.get()) * unit);
    let left = exact(c.position_max.get())
        .checked_mul(bound)
        .and_then(|product| product.checked_mul(exact(c.multiplier.get())))
        .and_then(|product| product.checked_mul(1 << underlying.lane_bits));
    left.is_some_and(|left| left < (1 << 59) * unit)
}

/// Printable ASCII (the space included), then nothing but zeros.
pub(super) fn is_label(label: &[u8]) -> bool {
    let text = label.iter().take_while(|byte| **byte != 0).count();
    label.iter().take(text).all(|byte| (b' '..=b'~').contains(byte)) && label.iter().skip(text).all(|byte| *byte == 0)
}
