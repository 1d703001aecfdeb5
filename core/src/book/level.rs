//! Price levels and the side of a book that they form.

use bytemuck::{Pod, Zeroable};

use crate::arena::Record;
use crate::units::PriceTicks;

/// A price level with at least one order: one cache line.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Level {
    pub(crate) price: PriceTicks,
    /// Sum of the orders' leaves; fits, because an order that would overflow it is rejected.
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
    pub(crate) reserved: [u8; 28],
}

const _: () = assert!(size_of::<Level>() == 64);

impl Record for Level {}

/// One side of one instrument's book; part of the instrument's record. 32 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct BookSide {
    /// The best level's price, if there is one.
    pub(crate) best_price: PriceTicks,
    /// The best level; 0 if the side is empty.
    pub(crate) best: u32,
    /// The ladder's root node; 0 if the side is empty.
    pub(crate) root: u32,
    /// What all keys of the side have in common above the root's reach.
    pub(crate) prefix: u64,
    /// Nodes on the way from the root to a level.
    pub(crate) height: u32,
    /// Live levels.
    pub(crate) levels: u32,
}

const _: () = assert!(size_of::<BookSide>() == 32);
