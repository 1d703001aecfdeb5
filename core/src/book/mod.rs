//! The order book: price-time priority on intrusive queues.
//!
//! Orders and price levels lie in slabs shared by all instruments. A level holds its queue's ends; levels of one side are
//! linked from the best to the worst; a [`ladder`] (radix tree of bit sets) finds a level by its price. Memory follows live
//! orders and levels: a level is one 64-byte record, and its part of 264-byte ladder nodes (one holds 64 adjacent prices).

mod complex;
mod ladder;
mod level;
mod order;
mod tables;
mod waiting;

pub(crate) use self::complex::{Complex, triggers_down};
pub(crate) use self::ladder::{LadderKey, Node};
pub(crate) use self::level::{BookSide, Level};
pub(crate) use self::order::{Order, Terms};
pub(crate) use self::tables::{Book, Place, client_hash};
pub(crate) use self::waiting::{Wait, trigger_bound};
