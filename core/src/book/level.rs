//! Price levels and the side of a book that they form.

use bytemuck::{Pod, Zeroable};

use super::LadderKey;
use crate::units::PriceTicks;

/// A price level with at least one order: one cache line.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Level {
    pub(crate) price: PriceTicks,
    /// The price as the ladder knows it.
    pub(crate) key: LadderKey,
    /// Sum of what the orders show; with `hidden` it fits, because an order that would overflow it is rejected.
    pub(crate) quantity: i64,
    /// The oldest order.
    pub(crate) head: u32,
    /// The newest order.
    pub(crate) tail: u32,
    /// How many orders.
    pub(crate) orders: u32,
    /// The next better level; 0 for the best.
    pub(crate) better: u32,
    /// The next worse level; 0 for the worst.
    pub(crate) worse: u32,
    /// How many of the orders are pegged.
    pub(crate) pegged: u32,
    /// Sum of what they hide.
    pub(crate) hidden: i64,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved_tail: [u8; 8],
}

impl Level {
    /// Sum of the orders' open quantities.
    #[inline(always)]
    pub(crate) fn total(&self) -> i64 {
        self.quantity + self.hidden
    }
}

const _: () = assert!(size_of::<Level>() == 64);

/// One side of one instrument's book; part of the instrument's record. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct BookSide {
    /// The best level's price, if there is one.
    pub(crate) best_price: PriceTicks,
    /// The best level; 0 if the side is empty.
    pub(crate) best: u32,
    /// The ladder's root node; 0 if the side is empty.
    pub(crate) root: u32,
    /// What all keys of the side have in common above the root's reach.
    pub(crate) prefix: u64,
    /// Ones where the key is above the root's reach.
    pub(crate) above: u64,
    /// How far to the right the root's bits of the key are to be moved.
    pub(crate) shift: u32,
    /// Live levels.
    pub(crate) levels: u32,
}

const _: () = assert!(size_of::<BookSide>() == 40);
