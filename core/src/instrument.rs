//! The instrument record: definition, trading state, and the roots of its book.

use bytemuck::{Pod, Zeroable};

use crate::arena::EntityRecord;
use crate::book::{BookSide, LadderKey};
use crate::command::ListInstrument;
use crate::ids::{ExpiryId, InstrumentId, UnderlyingId};
use crate::reject::RejectCode;
use crate::terms::{InstrumentKind, OptionType, Side, TradingState};
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

/// An instrument. What an order touches comes first.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Instrument {
    pub(crate) id: InstrumentId,
    /// A [`TradingState`].
    pub(crate) state: u8,
    /// An [`InstrumentKind`].
    pub(crate) kind: u8,
    /// An [`OptionType`].
    pub(crate) option_type: u8,
    /// 1 once it has a last price.
    pub(crate) has_last: u8,
    /// Live orders.
    pub(crate) orders: u32,
    /// Bids, asks.
    sides: [BookSide; 2],
    pub(crate) limit_low: PriceTicks,
    pub(crate) limit_high: PriceTicks,
    pub(crate) tick: PriceTicks,
    pub(crate) lot: QuantityLots,
    pub(crate) quantity_min: QuantityLots,
    pub(crate) quantity_max: QuantityLots,
    pub(crate) price_min: PriceTicks,
    pub(crate) price_max: PriceTicks,
    /// Price of the last trade, or what it was set to, if there is one.
    pub(crate) last_price: PriceTicks,
    pub(crate) multiplier: i64,
    pub(crate) strike: PriceTicks,
    pub(crate) expiry: TimeNs,
    pub(crate) symbol: [u8; 16],
    pub(crate) underlying: [u8; 16],
    /// Open positions.
    pub(crate) positions: u32,
    /// 1 once a mark price was set.
    pub(crate) has_mark: u8,
    /// The [`SelfTrade`](crate::terms::SelfTrade) of orders that have no wish of their own.
    pub(crate) self_trade: u8,
    /// 1 if an order that is good for the auction was accepted since the last auction.
    pub(crate) has_auction_orders: u8,
    /// 1 if it has a price band, which is in its [`Market`].
    pub(crate) has_band: u8,
    /// The mark price, if it was set.
    pub(crate) mark_price: PriceTicks,
    /// Lots that gain or lose less than [`SAFE_VALUE`] whatever happens, so that nearly every trade needs no wide arithmetic.
    pub(crate) safe_lots: u64,
    /// The roots of the stop orders that wait for the last price to rise, and to fall.
    pub(crate) stops: [u32; 2],
}

const _: () = assert!(size_of::<Instrument>() == 256);

/// What of an instrument is rarely needed, in the slot of its [`Instrument`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Market {
    /// The largest distance of a trade from the reference price; 0 for no band.
    pub(crate) band: PriceTicks,
    /// The next in the row of instruments with due stop orders.
    pub(crate) next_due: u32,
    /// 1 if it is in that row.
    pub(crate) is_due: u8,
    /// Which of the three prices of `view` there are, one bit each, and one for the view itself.
    pub(crate) view_has: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 2],
    /// The complex records of the first and the last of its followers.
    pub(crate) first_follower: u32,
    pub(crate) last_follower: u32,
    /// Its neighbours in the ring of instruments with followers; of slot 0 the ring's ends.
    pub(crate) previous_in_ring: u32,
    pub(crate) next_in_ring: u32,
    /// The follower that the pass under way comes to next; 0 without a pass.
    pub(crate) pass: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved_middle: u32,
    /// The view with which the last pass began: last price, best bid, best ask.
    pub(crate) view: [PriceTicks; 3],
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved_tail: [u8; 64],
}

const _: () = assert!(size_of::<Market>() == 128);

impl EntityRecord for Instrument {
    type Id = InstrumentId;
    #[inline(always)]
    fn id(&self) -> InstrumentId {
        self.id
    }
}

impl Instrument {
    /// The record of a definition that was checked.
    pub(crate) fn listed(id: InstrumentId, list: &ListInstrument) -> Self {
        let value_each = value_of_range(list.price_min, list.price_max, list.multiplier.0);
        Self {
            safe_lots: u64::try_from(SAFE_VALUE / value_each.max(1)).unwrap_or(u64::MAX),
            id,
            state: list.initial_state,
            kind: list.kind,
            option_type: list.option_type,
            self_trade: list.self_trade,
            limit_low: list.limit_low,
            limit_high: list.limit_high,
            tick: list.tick,
            lot: list.lot,
            quantity_min: list.quantity_min,
            quantity_max: list.quantity_max,
            price_min: list.price_min,
            price_max: list.price_max,
            multiplier: list.multiplier.0,
            strike: list.strike,
            expiry: list.expiry,
            symbol: list.symbol,
            underlying: list.underlying,
            ..Self::zeroed()
        }
    }

    /// The trading state; a record that holds none was damaged and counts as halted.
    #[inline(always)]
    pub(crate) fn state(&self) -> TradingState {
        TradingState::from_code(self.state).unwrap_or(TradingState::Halted)
    }

    /// Whether it is in this trading state: one comparison.
    #[inline(always)]
    pub(crate) fn is_in(&self, state: TradingState) -> bool {
        self.state == state.code()
    }

    /// Whether it is an option.
    pub(crate) fn is_option(&self) -> bool {
        is_option(self.kind)
    }

    /// The mark price, if it has one.
    pub(crate) fn mark(&self) -> Option<PriceTicks> {
        (self.has_mark != 0).then_some(self.mark_price)
    }

    /// The last price, if it has one.
    pub(crate) fn last(&self) -> Option<PriceTicks> {
        (self.has_last != 0).then_some(self.last_price)
    }

    #[inline(always)]
    pub(crate) fn side(&self, side: Side) -> &BookSide {
        &self.sides[side.index()]
    }

    #[inline(always)]
    pub(crate) fn side_mut(&mut self, side: Side) -> &mut BookSide {
        &mut self.sides[side.index()]
    }

    /// Whether a `side` order at `price` trades against the best opposite level.
    #[inline(always)]
    pub(crate) fn crosses(&self, side: Side, price: PriceTicks) -> bool {
        let opposite = self.side(side.opposite());
        opposite.best != 0 && side.crosses(price.0, opposite.best_price.0)
    }

    /// Whether the best bid is at or above the best ask.
    pub(crate) fn is_crossed(&self) -> bool {
        let bids = self.side(Side::Buy);
        bids.best != 0 && self.crosses(Side::Buy, bids.best_price)
    }

    /// The most, in atoms, that so many lots can gain or lose between any two prices of the range; none where that is
    /// beyond 128 bits.
    #[inline(always)]
    pub(crate) fn value_at_most(&self, lots: u64) -> Option<u128> {
        value_of_range(self.price_min, self.price_max, self.multiplier).checked_mul(u128::from(lots))
    }

    /// Where the ladder has a price that is a multiple of the tick.
    #[inline(always)]
    pub(crate) fn ladder_key(&self, price: PriceTicks) -> LadderKey {
        // Most instruments have a tick of one: the comparison saves a division.
        LadderKey::of_ticks(if self.tick.0 > 1 { price.0 / self.tick.0 } else { price.0 })
    }

    /// Checks the quantity of a new order.
    #[inline(always)]
    pub(crate) fn check_quantity(&self, quantity: QuantityLots) -> Result<(), RejectCode> {
        self.check_lot(quantity)?;
        if quantity < self.quantity_min {
            return Err(RejectCode::QuantityBelowMinimum);
        }
        self.check_maximum(quantity)
    }

    /// Checks that a quantity is positive and a multiple of the lot.
    #[inline(always)]
    pub(crate) fn check_lot(&self, quantity: QuantityLots) -> Result<(), RejectCode> {
        if quantity.0 <= 0 {
            return Err(RejectCode::QuantityNotPositive);
        }
        // Most instruments have a lot of one: the comparison saves a division.
        if self.lot.0 > 1 && quantity.0 % self.lot.0 != 0 {
            return Err(RejectCode::QuantityOffLot);
        }
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn check_maximum(&self, quantity: QuantityLots) -> Result<(), RejectCode> {
        if quantity > self.quantity_max { Err(RejectCode::QuantityAboveMaximum) } else { Ok(()) }
    }

    /// Checks a limit price.
    #[inline(always)]
    pub(crate) fn check_price(&self, price: PriceTicks) -> Result<(), RejectCode> {
        self.check_tick(price)?;
        if price < self.limit_low || price > self.limit_high {
            // The limits lie within the range, so a price within the limits needs no second look.
            self.check_range(price)?;
            return Err(RejectCode::PriceOutsideLimits);
        }
        Ok(())
    }

    /// Checks that a price is a multiple of the tick.
    #[inline(always)]
    pub(crate) fn check_tick(&self, price: PriceTicks) -> Result<(), RejectCode> {
        // Most instruments have a tick of one: the comparison saves a division.
        if self.tick.0 > 1 && price.0 % self.tick.0 != 0 { Err(RejectCode::PriceOffTick) } else { Ok(()) }
    }

    /// Checks that a price is in the declared range, whatever limits are in force.
    #[inline(always)]
    pub(crate) fn check_range(&self, price: PriceTicks) -> Result<(), RejectCode> {
        let in_range = price >= self.price_min && price <= self.price_max;
        if in_range { Ok(()) } else { Err(RejectCode::PriceOutOfRange) }
    }
}

/// A value so small that it and a realised profit as small may always be added.
pub(crate) const SAFE_VALUE: u128 = 1 << 120;

/// What one lot gains, in atoms, if the price moves from one end of the range to the other.
fn value_of_range(low: PriceTicks, high: PriceTicks, multiplier: i64) -> u128 {
    u128::from(high.0.abs_diff(low.0)) * u128::from(multiplier.unsigned_abs())
}

/// Whether a kind of instrument is one of option.
fn is_option(kind: u8) -> bool {
    let kind = InstrumentKind::from_code(kind);
    matches!(kind, Some(InstrumentKind::EuropeanOption | InstrumentKind::OnDemandOption))
}

/// Whether a definition does not contradict itself; [`ListInstrument`] lists the conditions.
pub(crate) fn definition_is_sound(list: &ListInstrument, now: TimeNs) -> bool {
    let is_option = is_option(list.kind);
    let is_perpetual = InstrumentKind::from_code(list.kind) == Some(InstrumentKind::Perpetual);
    let has_option_type = OptionType::from_code(list.option_type) != Some(OptionType::None);
    let labels = list.symbol[0] != 0 && is_label(&list.symbol) && is_label(&list.underlying);
    let increments = list.tick.0 >= 1 && list.lot.0 >= 1 && list.multiplier.0 >= 1;
    let quantities = list.quantity_min.0 >= 1 && has_multiple(list.lot.0, list.quantity_min.0, list.quantity_max.0);
    let prices =
        list.price_min <= list.limit_low && list.limit_low <= list.limit_high && list.limit_high <= list.price_max;
    let tradable = has_multiple(list.tick.0, list.price_min.0, list.price_max.0);
    let option = is_option == has_option_type
        && if is_option { list.strike > PriceTicks::ZERO } else { list.strike == PriceTicks::ZERO };
    let expiry = if is_perpetual { list.expiry == TimeNs::ZERO } else { list.expiry > now };
    let is_valued = list.underlying_id != UnderlyingId::NONE;
    let sizes = if is_valued {
        list.price_unit.0 >= 1 && list.position_max.0 >= 1
    } else {
        list.price_unit == CashAtoms::ZERO && list.position_max == QuantityLots::ZERO
    };
    let expiry_id = (list.expiry_id != ExpiryId::NONE) == (is_valued && !is_perpetual);
    labels && increments && quantities && prices && tradable && option && expiry && sizes && expiry_id
}

/// Whether a multiple of the unit lies between two bounds, which do.
fn has_multiple(unit: i64, from: i64, to: i64) -> bool {
    // The largest multiple that is not above `to`, less `from`: in a wider integer, since the bounds may be far apart.
    unit >= 1 && i128::from(to) - i128::from(to.rem_euclid(unit)) >= i128::from(from)
}

/// Printable ASCII, then zeros.
pub(crate) fn is_label(bytes: &[u8; 16]) -> bool {
    let text = bytes.iter().take_while(|byte| **byte != 0).count();
    bytes[..text].iter().all(|byte| (0x20..0x7f).contains(byte)) && bytes[text..].iter().all(|byte| *byte == 0)
}
