//! The record of what a complex order is beyond an [`Order`](super::Order): hidden quantity, trigger, date, twin.

use bytemuck::{Pod, Zeroable};

use super::waiting::Links;
use crate::terms::{PegReference, Side, TriggerDirection};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

/// What an order is beyond its order record. Two to a chunk.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Complex {
    /// The slot of its order.
    pub(crate) order: u32,
    /// The slot of its twin's order; 0 if it has none.
    pub(crate) twin: u32,
    /// The command by which it was accepted: who comes first.
    pub(crate) accepted: Sequence,
    /// What an iceberg shows at once; 0 for an order that shows all.
    pub(crate) display: QuantityLots,
    pub(crate) display_minimum: QuantityLots,
    /// What of an order in the book is not shown.
    pub(crate) hidden: QuantityLots,
    pub(crate) trigger: PriceTicks,
    /// When it expires; 0 for never.
    pub(crate) expiry: TimeNs,
    /// Low and high half of a signed number.
    pub(crate) budget: [u64; 2],
    /// Its place among the stop orders that wait.
    pub(crate) by_trigger: Links,
    /// Its place among the orders that expire.
    pub(crate) by_expiry: Links,
    /// What a pegged order adds to its reference; the distance that a trailing stop order's trigger price keeps.
    pub(crate) offset: PriceTicks,
    /// The worst price that a pegged order may have.
    pub(crate) limit: PriceTicks,
    /// Its neighbours among its instrument's followers.
    pub(crate) previous_follower: u32,
    pub(crate) next_follower: u32,
    /// 1 if it triggers when the last price falls to its trigger price, 0 when it rises to it.
    pub(crate) triggers_down: u8,
    /// 1 if it has a budget.
    pub(crate) has_budget: u8,
    /// 1 if it is among the orders that expire.
    pub(crate) is_dated: u8,
    /// A [`PegReference`]; 0 if it is not pegged.
    pub(crate) peg: u8,
    /// 1 if it is a stop order whose trigger price trails the last price.
    pub(crate) trails: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 3],
}

const _: () = assert!(size_of::<Complex>() == 128);

impl Complex {
    /// The budget, if it has one.
    pub(crate) fn budget(&self) -> Option<i128> {
        let [low, high] = self.budget.map(u128::from);
        (self.has_budget != 0).then_some((high << 64 | low).cast_signed())
    }

    /// What it is pegged to, if it is.
    pub(crate) fn reference(&self) -> Option<PegReference> {
        PegReference::from_code(self.peg)
    }

    /// What of an open quantity it shows when it comes to rest, or is replenished.
    pub(crate) fn shown_of(&self, leaves: i64) -> i64 {
        if self.display.0 == 0 { leaves } else { leaves.min(self.display.0) }
    }
}

/// Whether a stop order waits for the last price to fall.
pub(crate) fn triggers_down(side: Side, direction: u8) -> bool {
    match TriggerDirection::from_code(direction) {
        Some(TriggerDirection::Up) => false,
        Some(TriggerDirection::Down) => true,
        _ => side == Side::Sell,
    }
}
