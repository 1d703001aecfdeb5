//! The record of a live order.

use bytemuck::{Pod, Zeroable};

use crate::arena::Record;
use crate::ids::{AccountId, ClientOrderId, OrderId};
use crate::terms::Side;
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
    /// A [`Side`].
    pub(crate) side: u8,
    /// A [`TimeInForce`](crate::terms::TimeInForce).
    pub(crate) time_in_force: u8,
    /// As in [`NewOrder`](crate::command::NewOrder).
    pub(crate) flags: u8,
    pub(crate) reserved: [u8; 5],
}

const _: () = assert!(size_of::<Order>() == 64);

impl Record for Order {}

impl Order {
    #[inline(always)]
    pub(crate) fn side(&self) -> Side {
        if self.side == Side::Sell.code() { Side::Sell } else { Side::Buy }
    }
}
