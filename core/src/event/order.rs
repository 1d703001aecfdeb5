//! Order events (kinds 1..=99): the L3 feed.
//!
//! What they do to the book: `Accepted` and `Amended` with the flag `RESTS`, and `Rested`, put an order at the back of
//! the level of their price; `Amended` without `KEEPS_PRIORITY` takes it from its old level first; `Trade` takes quantity
//! off the maker (off both orders in an auction); `Cancelled` with the flag `RESTED` takes what was left. `Replenished` says
//! what an iceberg shows; the leaves of all events are what an order has open, hidden quantity included.

use bytemuck::{Pod, Zeroable};

use super::event_record;
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

/// An order was accepted. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Accepted {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 1.
    pub kind: u8,
    /// The order's [`Side`](crate::terms::Side).
    pub side: u8,
    /// The order's [`TimeInForce`](crate::terms::TimeInForce).
    pub time_in_force: u8,
    /// Bits of [`Accepted::RESTS`] and the other flags.
    pub flags: u8,
    /// Where.
    pub instrument: InstrumentId,
    /// For whom.
    pub account: AccountId,
    /// The order's name from now on.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Limit price, or the protection limit of a market order after clamping.
    pub price: PriceTicks,
    /// The whole quantity; of a reduce-only order what its position left of it.
    pub quantity: QuantityLots,
}

impl Accepted {
    /// Flag: nothing crosses, the whole quantity rests and shows. An iceberg's [`Replenished`] follows instead.
    pub const RESTS: u8 = 1;
    /// Flag: a market order.
    pub const MARKET: u8 = 2;
    /// Flag: post-only.
    pub const POST_ONLY: u8 = 4;
    /// Flag: reduce-only.
    pub const REDUCE_ONLY: u8 = 8;
    /// Flag: a stop order, which waits for its trigger price. Its price is as sent.
    pub const STOP: u8 = 16;
    /// Flag: an iceberg.
    pub const ICEBERG: u8 = 32;
    /// Flag: it has a twin.
    pub const TWIN: u8 = 64;
    /// Flag: it follows the market: a pegged order, or with [`Accepted::STOP`] a trailing one.
    pub const FOLLOWS: u8 = 128;
}

event_record!(Accepted, kind 1, words 1);

/// A command was rejected; nothing changed but the session's outcome window. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Rejected {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 2.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// A [`RejectCode`](crate::reject::RejectCode).
    pub code: u16,
    /// The command's session, as sent; zero for a malformed record, like all that follows.
    pub session: SessionId,
    /// The command's session sequence, as sent.
    pub session_sequence: u64,
    /// The command's account, as sent.
    pub account: AccountId,
    /// The command's instrument, as sent; zero where the kind has none.
    pub instrument: InstrumentId,
    /// The order id that the command named; zero where it named none.
    pub order: OrderId,
    /// The client order id of the command: that of the new order, else the target's.
    pub client_order_id: ClientOrderId,
}

event_record!(Rejected, kind 2, words 1);

/// Two orders traded. 128 bytes.
///
/// In continuous trading the maker rested and the taker is the aggressor, and the price is the maker's. In an auction
/// (`aggressor` 0) the "maker" is the buy order and the "taker" the sell order.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Trade {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 3.
    pub kind: u8,
    /// The taker's [`Side`](crate::terms::Side); 0 in an auction.
    pub aggressor: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Where.
    pub instrument: InstrumentId,
    /// The trade's price.
    pub price: PriceTicks,
    /// The trade's quantity.
    pub quantity: QuantityLots,
    /// The maker's order.
    pub maker_order: OrderId,
    /// The taker's order.
    pub taker_order: OrderId,
    /// The maker's client order id.
    pub maker_client_order_id: ClientOrderId,
    /// The taker's client order id.
    pub taker_client_order_id: ClientOrderId,
    /// The maker's account.
    pub maker_account: AccountId,
    /// The taker's account.
    pub taker_account: AccountId,
    /// What the maker's order has left.
    pub maker_leaves: QuantityLots,
    /// What the taker's order has left.
    pub taker_leaves: QuantityLots,
    /// The maker's position after the trade, signed. Where one account trades with itself, after both legs.
    pub maker_position: QuantityLots,
    /// The taker's position after the trade, signed.
    pub taker_position: QuantityLots,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 8],
}

event_record!(Trade, kind 3, words 2);

/// What an accepted or amended order left after trading now rests in the book. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Rested {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 4.
    pub kind: u8,
    /// The order's [`Side`](crate::terms::Side).
    pub side: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Where.
    pub instrument: InstrumentId,
    /// For whom.
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Its limit price.
    pub price: PriceTicks,
    /// What rests.
    pub leaves: QuantityLots,
}

event_record!(Rested, kind 4, words 1);

/// An order, or what was left of it, was cancelled. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Cancelled {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 5.
    pub kind: u8,
    /// The order's [`Side`](crate::terms::Side).
    pub side: u8,
    /// A [`CancelReason`](crate::reject::CancelReason).
    pub reason: u8,
    /// Bits of [`Cancelled::RESTED`].
    pub flags: u8,
    /// Where.
    pub instrument: InstrumentId,
    /// For whom.
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Its limit price.
    pub price: PriceTicks,
    /// What was left of it.
    pub leaves: QuantityLots,
}

impl Cancelled {
    /// Flag: what was left rested in the book.
    pub const RESTED: u8 = 1;
}

event_record!(Cancelled, kind 5, words 1);

/// An order's price or open quantity changed. 128 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Amended {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 6.
    pub kind: u8,
    /// The order's [`Side`](crate::terms::Side).
    pub side: u8,
    /// Bits of [`Amended::KEEPS_PRIORITY`] and [`Amended::RESTS`].
    pub flags: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// Where.
    pub instrument: InstrumentId,
    /// For whom.
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Limit price until now.
    pub old_price: PriceTicks,
    /// Open quantity until now.
    pub old_leaves: QuantityLots,
    /// Limit price from now on.
    pub price: PriceTicks,
    /// Open quantity from now on, before it trades.
    pub leaves: QuantityLots,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 48],
}

impl Amended {
    /// Flag: the order keeps its place in the queue; else it went to the back of its level.
    pub const KEEPS_PRIORITY: u8 = 1;
    /// Flag: the whole open quantity rests at the new price without trading, and shows. An iceberg's [`Replenished`] follows
    /// instead.
    pub const RESTS: u8 = 2;
}

event_record!(Amended, kind 6, words 2);

/// A command was sent again. It ran once; this is what came of it then. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Resent {
    /// The sequence of the repeated command.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 7.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// 0 if the command was executed, else its [`RejectCode`](crate::reject::RejectCode).
    pub code: u16,
    /// Whose command.
    pub session: SessionId,
    /// Its session sequence.
    pub session_sequence: u64,
    /// The sequence under which it ran.
    pub first_sequence: Sequence,
    /// The order that it entered or concerned, none if it was about no order.
    pub order: OrderId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 16],
}

event_record!(Resent, kind 7, words 1);

/// Two orders of one owner met and shrank without a trade ([`SelfTrade::Decrement`](crate::terms::SelfTrade)). 128 bytes.
///
/// One that has nothing left is gone: the maker from the book, the taker before it got there.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Decremented {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 8.
    pub kind: u8,
    /// The taker's [`Side`](crate::terms::Side).
    pub aggressor: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Where.
    pub instrument: InstrumentId,
    /// The maker's price.
    pub price: PriceTicks,
    /// What both lost.
    pub quantity: QuantityLots,
    /// The maker's order.
    pub maker_order: OrderId,
    /// The taker's order.
    pub taker_order: OrderId,
    /// The maker's client order id.
    pub maker_client_order_id: ClientOrderId,
    /// The taker's client order id.
    pub taker_client_order_id: ClientOrderId,
    /// The maker's account.
    pub maker_account: AccountId,
    /// The taker's account.
    pub taker_account: AccountId,
    /// What the maker's order has left.
    pub maker_leaves: QuantityLots,
    /// What the taker's order has left.
    pub taker_leaves: QuantityLots,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 24],
}

event_record!(Decremented, kind 8, words 2);

/// A stop order triggered; what it does as a market or limit order follows. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Triggered {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 9.
    pub kind: u8,
    /// The order's [`Side`](crate::terms::Side).
    pub side: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Where.
    pub instrument: InstrumentId,
    /// For whom.
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Its trigger price.
    pub trigger: PriceTicks,
    /// The quantity with which it goes on; of a reduce-only order what its position leaves of it.
    pub leaves: QuantityLots,
}

event_record!(Triggered, kind 9, words 1);

/// An iceberg shows a new part of its quantity, in the book for the first time or again. 128 bytes.
///
/// Whatever it showed before is gone; it rests at the back of its level unless the flag says otherwise.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Replenished {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 10.
    pub kind: u8,
    /// The order's [`Side`](crate::terms::Side).
    pub side: u8,
    /// Bits of [`Replenished::KEEPS_PRIORITY`].
    pub flags: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// Where.
    pub instrument: InstrumentId,
    /// For whom.
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Its limit price.
    pub price: PriceTicks,
    /// What it shows from now on.
    pub shown: QuantityLots,
    /// Its open quantity, shown and hidden.
    pub leaves: QuantityLots,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 56],
}

impl Replenished {
    /// Flag: the order keeps its place in the queue, after an auction.
    pub const KEEPS_PRIORITY: u8 = 1;
}

event_record!(Replenished, kind 10, words 2);

/// A mass cancel is done: every order that it was about is gone. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MassCancelled {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 11.
    pub kind: u8,
    /// Why the orders were cancelled: a [`CancelReason`](crate::reject::CancelReason).
    pub reason: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Where; zero for everywhere.
    pub instrument: InstrumentId,
    /// Whose; zero for everybody's.
    pub account: AccountId,
    /// The sequence of the command that began it.
    pub first_sequence: Sequence,
    /// How many orders it cancelled.
    pub orders: u64,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 16],
}

event_record!(MassCancelled, kind 11, words 1);

/// An account's market-maker protection was set. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ProtectionSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 12.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Whose.
    pub account: AccountId,
    /// Length of the window; zero if it is off.
    pub window: TimeNs,
    /// It trips when so many lots were filled; zero for no limit.
    pub quantity: QuantityLots,
    /// It trips when so many fills were made; zero for no limit.
    pub fills: u64,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 16],
}

event_record!(ProtectionSet, kind 12, words 1);

/// An account's market-maker protection tripped: it trades no more until it is resumed. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ProtectionTripped {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 13.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Where the last fill was.
    pub instrument: InstrumentId,
    /// Whose.
    pub account: AccountId,
    /// Lots filled in the window.
    pub quantity: QuantityLots,
    /// Fills in the window.
    pub fills: u64,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 16],
}

event_record!(ProtectionTripped, kind 13, words 1);

/// An account whose protection had tripped may trade again. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TradingResumed {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 14.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Whose.
    pub account: AccountId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

event_record!(TradingResumed, kind 14, words 1);

/// An order follows the market: a pegged order has another price, or a trailing stop order another trigger price. 128 bytes.
///
/// A pegged order leaves its place and rests at the back of the new price.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Repriced {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 15.
    pub kind: u8,
    /// The order's [`Side`](crate::terms::Side).
    pub side: u8,
    /// Bits of [`Repriced::RESTS`].
    pub flags: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// Where.
    pub instrument: InstrumentId,
    /// For whom.
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// The client's name for it.
    pub client_order_id: ClientOrderId,
    /// Its price until now.
    pub old_price: PriceTicks,
    /// Its price from now on.
    pub price: PriceTicks,
    /// Its trigger price until now; zero of a pegged order.
    pub old_trigger: PriceTicks,
    /// Its trigger price from now on; zero of a pegged order.
    pub trigger: PriceTicks,
    /// What it has open.
    pub leaves: QuantityLots,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

impl Repriced {
    /// Flag: it is in the book, a pegged order.
    pub const RESTS: u8 = 1;
}

event_record!(Repriced, kind 15, words 2);
