//! The record of a live order.

use bytemuck::{Pod, Zeroable};

use crate::arena::Record;
use crate::command::NewOrder;
use crate::ids::{AccountId, ClientOrderId, OrderId};
use crate::terms::{OrderType, Side, TimeInForce};
use crate::units::{PriceTicks, QuantityLots};

/// A live order: one cache line.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) client_order_id: ClientOrderId,
    pub(crate) account: AccountId,
    pub(crate) price: PriceTicks,
    /// Open quantity, positive.
    pub(crate) leaves: QuantityLots,
    /// The order behind in the level's queue.
    pub(crate) next: u32,
    /// The order before in the level's queue.
    pub(crate) previous: u32,
    /// The level it rests in.
    pub(crate) level: u32,
    /// Its instrument's slot.
    pub(crate) instrument: u32,
    pub(crate) terms: Terms,
}

const _: () = assert!(size_of::<Order>() == 64);

impl Record for Order {}

impl Order {
    #[inline(always)]
    pub(crate) fn side(&self) -> Side {
        self.terms.side()
    }
}

/// An order's side, type, time in force, flags and wish for self-trades, as [`NewOrder`] has them: bytes that are moved and
/// compared at once.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct Terms(u64);

impl Terms {
    /// The terms of a checked command.
    #[inline(always)]
    pub(crate) fn of(order: &NewOrder) -> Self {
        Self(order.terms())
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

    /// Limit orders that are good till cancelled or for the auction may rest; all others are immediate.
    #[inline(always)]
    pub(crate) fn may_rest(self) -> bool {
        self.is_usual() || self.is_limit(TimeInForce::GoodForAuction)
    }
}
