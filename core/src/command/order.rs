//! Order commands (kinds 1..=99): the order path.

use bytemuck::{Pod, Zeroable};

use super::{CommandHeader, CommandRecord, ORDER_SIZE_MAX, command_record};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId};
use crate::terms::{OrderType, PegReference, SelfTrade, Side, TimeInForce, TriggerDirection};
use crate::units::{PriceTicks, QuantityLots, TimeNs};

/// Enters an order. 80 bytes, the smallest frame.
///
/// Rules: `docs/ORDERS.md`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NewOrder {
    /// Kind 1.
    pub header: CommandHeader,
    /// Where.
    pub instrument: InstrumentId,
    /// The client's name for the order, unique among the account's live orders; zero for none.
    pub client_order_id: ClientOrderId,
    /// Limit price; for a market order its protection limit, clamped to the instrument's price limits (so
    /// [`PriceTicks::MAX`] for a buy and [`PriceTicks::MIN`] for a sell mean "as far as the limits allow").
    pub price: PriceTicks,
    /// Positive, a multiple of the instrument's lot.
    pub quantity: QuantityLots,
    /// A [`Side`].
    pub side: u8,
    /// An [`OrderType`]: limit or market.
    pub order_type: u8,
    /// A [`TimeInForce`], but not good till date; ignored by market orders, which never rest, but it must be defined.
    pub time_in_force: u8,
    /// Bits of [`NewOrder::POST_ONLY`], [`NewOrder::REDUCE_ONLY`] and [`NewOrder::POST_ONLY_SLIDE`]; others are reserved.
    pub flags: u8,
    /// A [`SelfTrade`].
    pub self_trade: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 11],
}

impl NewOrder {
    /// Flag: rejected rather than trading on entry.
    pub const POST_ONLY: u8 = 1;
    /// Flag: never adds to a position; clipped to it on entry, and again where it trades.
    pub const REDUCE_ONLY: u8 = 2;
    /// Flag: post-only, but where it would trade on entry its price becomes the best that would not.
    pub const POST_ONLY_SLIDE: u8 = 4;

    /// Side, order type, time in force, flags, wish for self-trades and three reserved bytes, in this order.
    ///
    /// Read as one word: taken one by one they would stay so many values for all that is done with them.
    #[inline(always)]
    pub(crate) fn terms(&self) -> u64 {
        const PLACE: usize = core::mem::offset_of!(NewOrder, side) / 8;
        bytemuck::must_cast_ref::<Self, [u64; size_of::<Self>() / 8]>(self)[PLACE]
    }

    /// A good-till-cancelled limit order.
    ///
    /// ```
    /// use novate_core::command::NewOrder;
    /// use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
    /// use novate_core::terms::{Side, TimeInForce};
    /// use novate_core::units::{PriceTicks, QuantityLots};
    ///
    /// let order = NewOrder::limit(
    ///     (SessionId(7), 1, AccountId(8)), InstrumentId(9), ClientOrderId(1), Side::Buy, PriceTicks(100), QuantityLots(5),
    /// );
    /// let ioc = order.with_time_in_force(TimeInForce::ImmediateOrCancel);
    /// assert_eq!(ioc.quantity, QuantityLots(5));
    /// ```
    pub fn limit(
        (session, session_sequence, account): (SessionId, u64, AccountId),
        instrument: InstrumentId,
        client_order_id: ClientOrderId,
        side: Side,
        price: PriceTicks,
        quantity: QuantityLots,
    ) -> Self {
        Self {
            header: Self::new_header(session, session_sequence, account),
            instrument,
            client_order_id,
            price,
            quantity,
            side: side.code(),
            order_type: OrderType::Limit.code(),
            time_in_force: TimeInForce::GoodTillCancelled.code(),
            flags: 0,
            self_trade: SelfTrade::Default.code(),
            reserved: [0; 11],
        }
    }

    /// The same order with another time in force.
    #[must_use]
    pub fn with_time_in_force(mut self, time_in_force: TimeInForce) -> Self {
        self.time_in_force = time_in_force.code();
        self
    }

    /// The same order as a market order; its price becomes the protection limit.
    #[must_use]
    pub fn as_market(mut self) -> Self {
        self.order_type = OrderType::Market.code();
        self
    }

    /// The same order, rejected rather than trading on entry.
    #[must_use]
    pub fn post_only(mut self) -> Self {
        self.flags |= Self::POST_ONLY;
        self
    }

    /// The same order, at the best price that does not trade where its own would.
    #[must_use]
    pub fn post_only_slide(mut self) -> Self {
        self.flags |= Self::POST_ONLY_SLIDE;
        self
    }

    /// The same order, never adding to a position.
    #[must_use]
    pub fn reduce_only(mut self) -> Self {
        self.flags |= Self::REDUCE_ONLY;
        self
    }

    /// The same order with its own wish for self-trades.
    #[must_use]
    pub fn with_self_trade(mut self, self_trade: SelfTrade) -> Self {
        self.self_trade = self_trade.code();
        self
    }
}

/// All flags of an order.
const FLAGS_MAX: u8 = NewOrder::POST_ONLY | NewOrder::REDUCE_ONLY | NewOrder::POST_ONLY_SLIDE;

command_record!(NewOrder, kind 1, size 80 <= ORDER_SIZE_MAX, account true,
    reserved |r| r.reserved == [0; 11],
    fields |f| each_within(f.terms().to_le_bytes(), [1, 1, 1, 0, 0, 0, 0, 0],
        [2, 2, TimeInForce::Day.code(), FLAGS_MAX, SelfTrade::Decrement.code(), 0, 0, 0]));

/// Whether each byte is from `first` to `last`, which are below 128; all at once, since all nearly always are.
#[inline(always)]
fn each_within(bytes: [u8; 8], first: [u8; 8], last: [u8; 8]) -> bool {
    const TOP: u64 = 0x8080_8080_8080_8080;
    let [bytes, first, last] = [bytes, first, last].map(u64::from_le_bytes);
    // With its top bit set no byte borrows from the next one, and the bit survives where the difference is not negative.
    let above_first = (bytes | TOP).wrapping_sub(first);
    let below_last = (last | TOP).wrapping_sub(bytes & !TOP);
    (above_first & below_last & !bytes) & TOP == TOP
}

/// Enters an order that is more than [`NewOrder`] can say: a stop order, an iceberg, one with a date, a twin or a budget.
/// 128 bytes.
///
/// Rules: `docs/ORDERS.md`. What an order does not use is zero.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NewComplexOrder {
    /// Kind 6.
    pub header: CommandHeader,
    /// As in [`NewOrder`].
    pub instrument: InstrumentId,
    /// As in [`NewOrder`].
    pub client_order_id: ClientOrderId,
    /// As in [`NewOrder`]; a stop order's protection limit is clamped when it triggers.
    pub price: PriceTicks,
    /// As in [`NewOrder`].
    pub quantity: QuantityLots,
    /// A [`Side`].
    pub side: u8,
    /// An [`OrderType`].
    pub order_type: u8,
    /// A [`TimeInForce`].
    pub time_in_force: u8,
    /// As in [`NewOrder`].
    pub flags: u8,
    /// A [`SelfTrade`].
    pub self_trade: u8,
    /// Bits of [`NewComplexOrder::TRIGGER`], [`NewComplexOrder::BUDGET`] and [`NewComplexOrder::TRAIL`].
    pub gives: u8,
    /// A [`TriggerDirection`]; default where no trigger is given.
    pub direction: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// The last price at which a stop order triggers: a multiple of the tick within the declared range. Of a trailing stop
    /// order the distance that its trigger price keeps: a positive multiple of the tick.
    pub trigger: PriceTicks,
    /// What an iceberg shows at once, a multiple of the lot; zero for an order that shows all. Without meaning for immediate
    /// orders.
    pub display: QuantityLots,
    /// What an iceberg shows at least when a taker is done with it; zero if it is to be replenished only when nothing shows.
    pub display_minimum: QuantityLots,
    /// The client order id of the live order that is cancelled when this one triggers or trades, and the other way round;
    /// zero for none.
    pub twin: ClientOrderId,
    /// When a good-till-date order expires; zero for all others.
    pub expiry: TimeNs,
    /// What a fill-or-kill buy may cost at most, or a sell must bring at least, in price times lots: low and high half of a
    /// signed 128-bit integer.
    pub budget: [u64; 2],
}

impl NewComplexOrder {
    /// Flag: the trigger price is given.
    pub const TRIGGER: u8 = 1;
    /// Flag: the budget is given.
    pub const BUDGET: u8 = 2;
    /// Flag: the trigger price trails the last price, at the distance that stands in its place.
    pub const TRAIL: u8 = 4;

    /// Side, order type, time in force, flags and wish for self-trades, as [`NewOrder::terms`] has them.
    pub(crate) fn terms(&self) -> u64 {
        let Self { side, order_type, time_in_force, flags, self_trade, .. } = *self;
        u64::from_le_bytes([side, order_type, time_in_force, flags, self_trade, 0, 0, 0])
    }

    /// The same order as a stop order: a limit order becomes a stop-limit order, a market order a stop order.
    ///
    /// ```
    /// use novate_core::command::{NewComplexOrder, NewOrder};
    /// use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
    /// use novate_core::terms::Side;
    /// use novate_core::units::{PriceTicks, QuantityLots};
    ///
    /// let by = (SessionId(7), 1, AccountId(8));
    /// let (name, price, lots) = (ClientOrderId(1), PriceTicks(101), QuantityLots(5));
    /// let limit = NewOrder::limit(by, InstrumentId(9), name, Side::Buy, price, lots);
    /// // Bought at 101 or below, once somebody has paid 100.
    /// let stop_limit = NewComplexOrder::from(limit).with_trigger(PriceTicks(100));
    /// assert_eq!(stop_limit.price, PriceTicks(101));
    /// ```
    #[must_use]
    pub fn with_trigger(mut self, trigger: PriceTicks) -> Self {
        let is_limit = matches!(OrderType::from_code(self.order_type), Some(OrderType::Limit | OrderType::StopLimit));
        self.order_type = if is_limit { OrderType::StopLimit } else { OrderType::Stop }.code();
        self.trigger = trigger;
        self.gives |= Self::TRIGGER;
        self
    }

    /// The same order as a stop order whose trigger price follows the last price at a distance, while that moves away from
    /// it.
    #[must_use]
    pub fn with_trail(self, distance: PriceTicks) -> Self {
        let order = self.with_trigger(distance);
        Self { gives: order.gives | Self::TRAIL, ..order }
    }

    /// The same order, triggered from the given side whatever its own.
    #[must_use]
    pub fn with_direction(mut self, direction: TriggerDirection) -> Self {
        self.direction = direction.code();
        self
    }

    /// The same order as an iceberg.
    #[must_use]
    pub fn with_display(mut self, display: QuantityLots, minimum: QuantityLots) -> Self {
        (self.display, self.display_minimum) = (display, minimum);
        self
    }

    /// The same order, of which and of a live one only one is to trade.
    #[must_use]
    pub fn with_twin(mut self, twin: ClientOrderId) -> Self {
        self.twin = twin;
        self
    }

    /// The same order, good till a date.
    #[must_use]
    pub fn with_expiry(mut self, expiry: TimeNs) -> Self {
        self.expiry = expiry;
        self.time_in_force = TimeInForce::GoodTillDate.code();
        self
    }

    /// The same order, rejected where its fills would cost more or bring less.
    #[must_use]
    pub fn with_budget(mut self, budget: i128) -> Self {
        let bits = budget.cast_unsigned();
        self.budget = [bits as u64, (bits >> 64) as u64];
        self.gives |= Self::BUDGET;
        self
    }
}

impl From<NewOrder> for NewComplexOrder {
    fn from(order: NewOrder) -> Self {
        let CommandHeader { session, session_sequence, account, .. } = order.header;
        Self {
            header: Self::new_header(session, session_sequence, account),
            instrument: order.instrument,
            client_order_id: order.client_order_id,
            price: order.price,
            quantity: order.quantity,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            flags: order.flags,
            self_trade: order.self_trade,
            ..Self::zeroed()
        }
    }
}

/// The first and the last value of each byte from the side on; the flags of what is given have all combinations.
const COMPLEX_FIRST: [u8; 8] = [1, 1, 1, 0, 0, 0, 0, 0];
const COMPLEX_LAST: [u8; 8] = [
    Side::Sell.code(),
    OrderType::StopLimit.code(),
    TimeInForce::GoodTillDate.code(),
    FLAGS_MAX,
    SelfTrade::Decrement.code(),
    NewComplexOrder::TRIGGER | NewComplexOrder::BUDGET | NewComplexOrder::TRAIL,
    TriggerDirection::Down.code(),
    0,
];

command_record!(NewComplexOrder, kind 6, size 128 <= ORDER_SIZE_MAX, account true,
    reserved |r| r.reserved == 0,
    fields |f| each_within(
            [f.side, f.order_type, f.time_in_force, f.flags, f.self_trade, f.gives, f.direction, 0], COMPLEX_FIRST, COMPLEX_LAST)
        && f.display >= QuantityLots::ZERO && f.display_minimum >= QuantityLots::ZERO
        && (f.gives & NewComplexOrder::TRAIL == 0 || f.gives & NewComplexOrder::TRIGGER != 0)
        && (f.gives & NewComplexOrder::TRIGGER != 0 || f.trigger == PriceTicks::ZERO && f.direction == 0)
        && (f.gives & NewComplexOrder::BUDGET != 0 || f.budget == [0; 2]));

/// How a command names the order that it is about. 16 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct OrderTarget {
    /// An [`OrderId`] or a [`ClientOrderId`], as `by` says.
    pub id: u64,
    /// [`OrderTarget::BY_ORDER_ID`] or [`OrderTarget::BY_CLIENT_ORDER_ID`].
    pub by: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 7],
}

impl OrderTarget {
    /// `id` is an order id: the fastest way, no look-up.
    pub const BY_ORDER_ID: u8 = 1;
    /// `id` is the account's client order id.
    pub const BY_CLIENT_ORDER_ID: u8 = 2;

    const fn defined(&self) -> bool {
        self.by.wrapping_sub(1) < 2
    }
}

impl From<OrderId> for OrderTarget {
    fn from(id: OrderId) -> Self {
        Self { id: id.0, by: Self::BY_ORDER_ID, reserved: [0; 7] }
    }
}

impl From<ClientOrderId> for OrderTarget {
    fn from(id: ClientOrderId) -> Self {
        Self { id: id.0, by: Self::BY_CLIENT_ORDER_ID, reserved: [0; 7] }
    }
}

/// Cancels a live order. 48 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CancelOrder {
    /// Kind 2.
    pub header: CommandHeader,
    /// Which.
    pub target: OrderTarget,
}

impl CancelOrder {
    /// Cancels an order by its order id or its client order id.
    ///
    /// ```
    /// use novate_core::command::CancelOrder;
    /// use novate_core::ids::{AccountId, ClientOrderId, SessionId};
    ///
    /// let cancel = CancelOrder::new((SessionId(7), 2, AccountId(8)), ClientOrderId(1));
    /// assert_eq!(cancel.target, ClientOrderId(1).into());
    /// ```
    pub fn new(by: (SessionId, u64, AccountId), target: impl Into<OrderTarget>) -> Self {
        let (session, session_sequence, account) = by;
        Self { header: Self::new_header(session, session_sequence, account), target: target.into() }
    }
}

command_record!(CancelOrder, kind 2, size 48 <= ORDER_SIZE_MAX, account true,
    reserved |r| r.target.reserved == [0; 7], fields |f| f.target.defined());

/// Takes quantity off a live order, which keeps its place in the queue. 56 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ReduceOrder {
    /// Kind 3.
    pub header: CommandHeader,
    /// Which.
    pub target: OrderTarget,
    /// How much to take off: positive, a multiple of the lot. The whole open quantity or more cancels the order.
    pub by: QuantityLots,
}

impl ReduceOrder {
    /// Takes `by` off an order's open quantity.
    pub fn new(by: (SessionId, u64, AccountId), target: impl Into<OrderTarget>, lots: QuantityLots) -> Self {
        let (session, session_sequence, account) = by;
        Self { header: Self::new_header(session, session_sequence, account), target: target.into(), by: lots }
    }
}

command_record!(ReduceOrder, kind 3, size 56 <= ORDER_SIZE_MAX, account true,
    reserved |r| r.target.reserved == [0; 7], fields |f| f.target.defined());

/// Changes a live order's price, its open quantity, or both. 72 bytes.
///
/// A lower open quantity at an unchanged price keeps the order's place; anything else loses it and may trade.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AmendOrder {
    /// Kind 4.
    pub header: CommandHeader,
    /// Which order. The seven reserved bytes of the target are zero.
    pub target: OrderTarget,
    /// The new price, if `changes` says so, else zero.
    pub price: PriceTicks,
    /// The new open quantity, if `changes` says so, else zero. Zero or less cancels the order.
    pub quantity: QuantityLots,
    /// Bits of [`AmendOrder::PRICE`] and [`AmendOrder::QUANTITY`], at least one.
    pub changes: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 7],
}

impl AmendOrder {
    /// Flag: the price changes.
    pub const PRICE: u8 = 1;
    /// Flag: the open quantity changes.
    pub const QUANTITY: u8 = 2;
}

impl AmendOrder {
    /// Changes what is given: the limit price, the open quantity, or both.
    pub fn new(
        by: (SessionId, u64, AccountId),
        target: impl Into<OrderTarget>,
        price: Option<PriceTicks>,
        quantity: Option<QuantityLots>,
    ) -> Self {
        let (session, session_sequence, account) = by;
        let change = |is_given: bool, flag: u8| if is_given { flag } else { 0 };
        Self {
            header: Self::new_header(session, session_sequence, account),
            target: target.into(),
            price: price.unwrap_or_default(),
            quantity: quantity.unwrap_or_default(),
            changes: change(price.is_some(), Self::PRICE) | change(quantity.is_some(), Self::QUANTITY),
            reserved: [0; 7],
        }
    }
}

command_record!(AmendOrder, kind 4, size 72 <= ORDER_SIZE_MAX, account true,
    reserved |r| r.target.reserved == [0; 7] && r.reserved == [0; 7],
    fields |f| f.target.defined() && f.changes.wrapping_sub(1) < 3
        && (f.changes & AmendOrder::PRICE != 0 || f.price == PriceTicks::ZERO)
        && (f.changes & AmendOrder::QUANTITY != 0 || f.quantity == QuantityLots::ZERO));

/// Cancels a live order and enters a limit order in its stead, or, if that would be rejected, does neither. 72 bytes.
///
/// The new order inherits account, instrument, side, time in force and flags.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ReplaceOrder {
    /// Kind 5.
    pub header: CommandHeader,
    /// Which order goes.
    pub target: OrderTarget,
    /// The new order's client order id; it may be that of the order it replaces.
    pub client_order_id: ClientOrderId,
    /// The new limit price.
    pub price: PriceTicks,
    /// The new order's whole quantity.
    pub quantity: QuantityLots,
}

impl ReplaceOrder {
    /// Cancels an order and enters another with its side, time in force and flags.
    pub fn new(
        by: (SessionId, u64, AccountId),
        target: impl Into<OrderTarget>,
        client_order_id: ClientOrderId,
        price: PriceTicks,
        quantity: QuantityLots,
    ) -> Self {
        let (session, session_sequence, account) = by;
        let header = Self::new_header(session, session_sequence, account);
        Self { header, target: target.into(), client_order_id, price, quantity }
    }
}

command_record!(ReplaceOrder, kind 5, size 72 <= ORDER_SIZE_MAX, account true,
    reserved |r| r.target.reserved == [0; 7], fields |f| f.target.defined());

/// Cancels all live orders of an account, of an instrument, or of an account in an instrument. 40 bytes.
///
/// Those that were entered before this command; at most 64 at once, the others by later commands.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MassCancel {
    /// Kind 7; the account may be none, for all accounts, if an operator says so.
    pub header: CommandHeader,
    /// Where; none for everywhere.
    pub instrument: InstrumentId,
}

impl MassCancel {
    /// Cancels the account's orders in an instrument, or in all of them.
    pub fn new(by: (SessionId, u64, AccountId), instrument: Option<InstrumentId>) -> Self {
        let (session, session_sequence, account) = by;
        let header = Self::new_header(session, session_sequence, account);
        Self { header, instrument: instrument.unwrap_or(InstrumentId::NONE) }
    }
}

command_record!(MassCancel, kind 7, size 40 <= ORDER_SIZE_MAX, account true, reserved |_r| true, fields |_f| true);

/// Sets an account's market-maker protection: how much of its resting orders may be filled in a window of sequenced time
/// before it is taken out of the market. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetProtection {
    /// Kind 8.
    pub header: CommandHeader,
    /// Length of the window; zero switches the protection off.
    pub window: TimeNs,
    /// It trips when so many lots were filled; zero for no limit.
    pub quantity: QuantityLots,
    /// It trips when so many fills were made; zero for no limit.
    pub fills: u64,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 8],
}

impl SetProtection {
    /// Sets window and limits.
    pub fn new(by: (SessionId, u64, AccountId), window: TimeNs, quantity: QuantityLots, fills: u64) -> Self {
        let (session, session_sequence, account) = by;
        let header = Self::new_header(session, session_sequence, account);
        Self { header, window, quantity, fills, reserved: [0; 8] }
    }
}

command_record!(SetProtection, kind 8, size 64 <= ORDER_SIZE_MAX, account true,
    reserved |r| r.reserved == [0; 8], fields |f| f.quantity >= QuantityLots::ZERO);

/// Lets an account whose protection has tripped trade again. 32 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ResumeTrading {
    /// Kind 9.
    pub header: CommandHeader,
}

impl ResumeTrading {
    /// Lets the account trade again.
    pub fn new((session, session_sequence, account): (SessionId, u64, AccountId)) -> Self {
        Self { header: Self::new_header(session, session_sequence, account) }
    }
}

command_record!(ResumeTrading, kind 9, size 32 <= ORDER_SIZE_MAX, account true, reserved |_r| true, fields |_f| true);

/// Enters an order whose price follows the book. 104 bytes.
///
/// It rests, never trades on entry or where it moves, and loses its place where its price changes. Rules: `docs/ORDERS.md`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NewPeggedOrder {
    /// Kind 10.
    pub header: CommandHeader,
    /// As in [`NewOrder`].
    pub instrument: InstrumentId,
    /// As in [`NewOrder`].
    pub client_order_id: ClientOrderId,
    /// The worst price that it may have: the highest of a buy, the lowest of a sell.
    pub limit: PriceTicks,
    /// As in [`NewOrder`].
    pub quantity: QuantityLots,
    /// A [`Side`].
    pub side: u8,
    /// A [`PegReference`].
    pub reference: u8,
    /// A [`TimeInForce`] of orders that rest: good till cancelled, day or good till date.
    pub time_in_force: u8,
    /// As in [`NewOrder`]; post-only is without meaning.
    pub flags: u8,
    /// A [`SelfTrade`].
    pub self_trade: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// What is added to the reference, negative or not.
    pub offset: PriceTicks,
    /// When a good-till-date order expires; zero for all others.
    pub expiry: TimeNs,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 16],
}

impl NewPeggedOrder {
    /// A good-till-cancelled order at an offset from a reference, bounded by nothing but the instrument's limits.
    ///
    /// ```
    /// use novate_core::command::NewPeggedOrder;
    /// use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
    /// use novate_core::terms::{PegReference, Side};
    /// use novate_core::units::{PriceTicks, QuantityLots};
    ///
    /// let by = (SessionId(7), 1, AccountId(8));
    /// let (name, lots) = (ClientOrderId(1), QuantityLots(5));
    /// // Two ticks below the best bid, wherever that is.
    /// let peg = NewPeggedOrder::new(by, InstrumentId(9), name, Side::Buy, lots, (PegReference::Primary, PriceTicks(-2)));
    /// assert_eq!(peg.limit, PriceTicks::MAX);
    /// ```
    pub fn new(
        (session, session_sequence, account): (SessionId, u64, AccountId),
        instrument: InstrumentId,
        client_order_id: ClientOrderId,
        side: Side,
        quantity: QuantityLots,
        (reference, offset): (PegReference, PriceTicks),
    ) -> Self {
        Self {
            header: Self::new_header(session, session_sequence, account),
            instrument,
            client_order_id,
            limit: if side == Side::Buy { PriceTicks::MAX } else { PriceTicks::MIN },
            quantity,
            side: side.code(),
            reference: reference.code(),
            time_in_force: TimeInForce::GoodTillCancelled.code(),
            offset,
            ..Self::zeroed()
        }
    }
}

command_record!(NewPeggedOrder, kind 10, size 104 <= ORDER_SIZE_MAX, account true,
    reserved |r| r.reserved == [0; 3] && r.reserved_tail == [0; 16],
    fields |f| each_within([f.side, f.reference, f.time_in_force, f.flags, f.self_trade, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0],
        [2, PegReference::Mid.code(), TimeInForce::GoodTillDate.code(), FLAGS_MAX, SelfTrade::Decrement.code(), 0, 0, 0]));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_at_once_are_bytes_one_by_one() {
        let (first, last) = ([1, 1, 1, 0, 0, 0, 5, 0], [2, 2, 3, 127, 5, 0, 5, 1]);
        for place in 0..8 {
            for other in [first, last, [2, 1, 4, 0, 0, 0, 5, 0], [0, 2, 1, 1, 5, 0, 5, 1], [2, 2, 3, 1, 6, 255, 5, 0]] {
                for value in 0..=u8::MAX {
                    let mut bytes = other;
                    bytes[place] = value;
                    let one_by_one = (0..8).all(|at| (first[at]..=last[at]).contains(&bytes[at]));
                    assert_eq!(each_within(bytes, first, last), one_by_one, "{bytes:?}");
                }
            }
        }
    }
}
