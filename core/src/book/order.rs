//! The record of a live order.

use bytemuck::{Pod, Zeroable};

use crate::command::{NewComplexOrder, NewOrder, NewPeggedOrder};
use crate::ids::{AccountId, ClientOrderId, OrderId};
use crate::terms::{OrderType, Side, TimeInForce};
use crate::units::{PriceTicks, QuantityLots};

/// A live order: one cache line.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) client_order_id: ClientOrderId,
    pub(crate) account: AccountId,
    pub(crate) price: PriceTicks,
    /// Open quantity; of an order in the book what of it is shown.
    pub(crate) leaves: QuantityLots,
    /// The order behind in the level's queue.
    pub(crate) next: u32,
    /// The order before in the level's queue.
    pub(crate) previous: u32,
    /// The level it rests in; 0 for a stop order that waits.
    pub(crate) level: u32,
    /// Its instrument's slot.
    pub(crate) instrument: u32,
    pub(crate) terms: Terms,
}

const _: () = assert!(size_of::<Order>() == 64);

impl Order {
    #[inline(always)]
    pub(crate) fn side(&self) -> Side {
        self.terms.side()
    }
}

/// An order's side, type, time in force, flags and wish for self-trades, as [`NewOrder`] has them, and in the last three
/// bytes the slot of its complex record: bytes that are moved and compared at once.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct Terms(u64);

/// Where the slot of the complex record begins, and where the flags are.
const COMPLEX_BIT: u32 = 40;
const FLAGS_BIT: u32 = 24;

impl Terms {
    /// The terms of a checked command.
    #[inline(always)]
    pub(crate) fn of(order: &NewOrder) -> Self {
        Self(order.terms())
    }

    /// The terms of a checked command; its complex record is to be told.
    pub(crate) fn of_complex(order: &NewComplexOrder) -> Self {
        Self(order.terms())
    }

    /// The terms of a pegged order: a limit order's.
    pub(crate) fn of_pegged(order: &NewPeggedOrder) -> Self {
        let &NewPeggedOrder { side, time_in_force, flags, self_trade, .. } = order;
        Self(u64::from_le_bytes([side, OrderType::Limit.code(), time_in_force, flags, self_trade, 0, 0, 0]))
    }

    /// The slot of its complex record; 0 if it has none.
    #[inline(always)]
    pub(crate) fn complex(self) -> u32 {
        (self.0 >> COMPLEX_BIT) as u32
    }

    #[must_use]
    pub(crate) fn with_complex(self, slot: u32) -> Self {
        Self(self.0 & !(u64::MAX << COMPLEX_BIT) | u64::from(slot) << COMPLEX_BIT)
    }

    /// Whether what a trade does to the order is all that there is to it: no complex record, not reduce-only.
    #[inline(always)]
    pub(crate) fn is_plain(self) -> bool {
        self.0 & (u64::MAX << COMPLEX_BIT | u64::from(NewOrder::REDUCE_ONLY) << FLAGS_BIT) == 0
    }

    /// Whether a new order has something that an order seldom has: it must only reduce, or is not just good till cancelled.
    #[inline(always)]
    pub(crate) fn is_seldom(self) -> bool {
        // The one bit that the times in force from good-for-auction on have in common.
        const SELDOM: u64 = (NewOrder::REDUCE_ONLY as u64) << FLAGS_BIT | (TimeInForce::GoodForAuction as u64) << 16;
        self.0 & SELDOM != 0
    }

    /// Whether it waits for its trigger price.
    #[inline(always)]
    pub(crate) fn waits(self) -> bool {
        self.byte(1) >= OrderType::Stop.code()
    }

    /// Whether it is a stop order that becomes a market order.
    pub(crate) fn is_market_stop(self) -> bool {
        self.byte(1) == OrderType::Stop.code()
    }

    /// The terms of a stop order once it has triggered: a market or a limit order's.
    #[must_use]
    pub(crate) fn triggered(self) -> Self {
        let order_type = if self.is_market_stop() { OrderType::Market } else { OrderType::Limit };
        Self(self.0 & !0xff00 | u64::from(order_type.code()) << 8)
    }

    #[inline(always)]
    fn byte(self, place: u32) -> u8 {
        (self.0 >> (8 * place)) as u8
    }

    #[inline(always)]
    pub(crate) fn side(self) -> Side {
        if self.byte(0) == Side::Sell.code() { Side::Sell } else { Side::Buy }
    }

    #[inline(always)]
    pub(crate) fn is_market(self) -> bool {
        self.byte(1) == OrderType::Market.code()
    }

    #[inline(always)]
    pub(crate) fn is(self, time_in_force: TimeInForce) -> bool {
        self.byte(2) == time_in_force.code()
    }

    #[inline(always)]
    pub(crate) fn time_in_force(self) -> TimeInForce {
        TimeInForce::from_code(self.byte(2)).unwrap_or(TimeInForce::GoodTillCancelled)
    }

    #[inline(always)]
    pub(crate) fn time_in_force_code(self) -> u8 {
        self.byte(2)
    }

    #[inline(always)]
    pub(crate) fn is_post_only(self) -> bool {
        self.byte(3) & (NewOrder::POST_ONLY | NewOrder::POST_ONLY_SLIDE) != 0
    }

    #[inline(always)]
    pub(crate) fn slides(self) -> bool {
        self.byte(3) & NewOrder::POST_ONLY_SLIDE != 0
    }

    #[inline(always)]
    pub(crate) fn is_reduce_only(self) -> bool {
        self.byte(3) & NewOrder::REDUCE_ONLY != 0
    }

    /// A [`SelfTrade`](crate::terms::SelfTrade).
    #[inline(always)]
    pub(crate) fn self_trade_code(self) -> u8 {
        self.byte(4)
    }

    #[inline(always)]
    fn is_limit(self, time_in_force: TimeInForce) -> bool {
        self.0 & 0x00ff_ff00 == u64::from(OrderType::Limit.code()) << 8 | u64::from(time_in_force.code()) << 16
    }

    /// Whether it is a limit order that is good till cancelled, as nearly all are.
    #[inline(always)]
    pub(crate) fn is_usual(self) -> bool {
        self.is_limit(TimeInForce::GoodTillCancelled)
    }

    /// Limit orders that are neither immediate-or-cancel nor fill-or-kill may rest; all others are immediate.
    #[inline(always)]
    pub(crate) fn may_rest(self) -> bool {
        self.is_usual()
            || self.is_limit_at_all() && !self.is(TimeInForce::ImmediateOrCancel) && !self.is(TimeInForce::FillOrKill)
    }

    #[inline(always)]
    fn is_limit_at_all(self) -> bool {
        self.byte(1) == OrderType::Limit.code()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Terms {
    /// What is packed into them, each under the name that it has in [`NewOrder`].
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = serializer.serialize_struct("Terms", 6)?;
        for (place, name) in (0..).zip(["side", "order_type", "time_in_force", "flags", "self_trade"]) {
            fields.serialize_field(name, &self.byte(place))?;
        }
        fields.serialize_field("complex", &self.complex())?;
        fields.end()
    }
}
