//! Venue events (kinds 101..=149): instruments and their trading state.

use bytemuck::{Pod, Zeroable};

use super::event_record;
use crate::ids::{InstrumentId, OrderId};
use crate::units::{PriceTicks, QuantityLots, Sequence};

/// An instrument was listed. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct InstrumentListed {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 101.
    pub kind: u8,
    /// Its [`InstrumentKind`](crate::terms::InstrumentKind).
    pub instrument_kind: u8,
    /// Its first [`TradingState`](crate::terms::TradingState).
    pub state: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// Its id from now on.
    pub instrument: InstrumentId,
    /// Its label.
    pub symbol: [u8; 16],
    /// Its price increment.
    pub tick: PriceTicks,
    /// Its quantity increment.
    pub lot: QuantityLots,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 8],
}

event_record!(InstrumentListed, kind 101, words 1);

/// An instrument was delisted. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct InstrumentDelisted {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 102.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub instrument: InstrumentId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

event_record!(InstrumentDelisted, kind 102, words 1);

/// An instrument's trading state changed, or was set to what it was. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TradingStateChanged {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 103.
    pub kind: u8,
    /// The [`TradingState`](crate::terms::TradingState) until now.
    pub old_state: u8,
    /// The [`TradingState`](crate::terms::TradingState) from now on.
    pub state: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// Which.
    pub instrument: InstrumentId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

event_record!(TradingStateChanged, kind 103, words 1);

/// An auction's price was fixed; its trades follow, in this command or, sliced, in later ones. 64 bytes.
///
/// Not said where nothing crosses.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Uncrossed {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 104.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub instrument: InstrumentId,
    /// The price of every trade of this auction.
    pub price: PriceTicks,
    /// Bid quantity at the price or higher; low and high half of an unsigned 128-bit integer.
    pub bid_quantity: [u64; 2],
    /// Ask quantity at the price or lower; low and high half of an unsigned 128-bit integer.
    pub ask_quantity: [u64; 2],
}

event_record!(Uncrossed, kind 104, words 1);

/// The price limits changed. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PriceLimitsSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 105.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub instrument: InstrumentId,
    /// Lowest price of an order from now on.
    pub low: PriceTicks,
    /// Highest price of an order from now on.
    pub high: PriceTicks,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 24],
}

event_record!(PriceLimitsSet, kind 105, words 1);

/// An instrument's last price was set by command. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LastPriceSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 106.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub instrument: InstrumentId,
    /// The last price from now on.
    pub price: PriceTicks,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 32],
}

event_record!(LastPriceSet, kind 106, words 1);

/// An instrument's mark price was set. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MarkPriceSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 107.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub instrument: InstrumentId,
    /// The mark price from now on.
    pub price: PriceTicks,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 32],
}

event_record!(MarkPriceSet, kind 107, words 1);

/// An instrument's price band was set. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PriceBandSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 108.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub instrument: InstrumentId,
    /// The largest distance from the reference price from now on; zero for no band.
    pub distance: PriceTicks,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 32],
}

event_record!(PriceBandSet, kind 108, words 1);

/// An order would have traded beyond the price band; a volatility auction begins. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PriceBandBreached {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 109.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub instrument: InstrumentId,
    /// The price at which it would have traded.
    pub price: PriceTicks,
    /// The reference price.
    pub reference: PriceTicks,
    /// The band.
    pub distance: PriceTicks,
    /// The order that would have traded.
    pub order: OrderId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 8],
}

event_record!(PriceBandBreached, kind 109, words 1);

/// What an uncross would find now. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct IndicativePrice {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 110.
    pub kind: u8,
    /// 1 if anything crosses; else price and quantities are zero.
    pub crosses: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Which.
    pub instrument: InstrumentId,
    /// The price at which most would trade.
    pub price: PriceTicks,
    /// Bid quantity at the price or higher; low and high half of an unsigned 128-bit integer.
    pub bid_quantity: [u64; 2],
    /// Ask quantity at the price or lower; low and high half of an unsigned 128-bit integer.
    pub ask_quantity: [u64; 2],
}

event_record!(IndicativePrice, kind 110, words 1);
