//! How large an engine a scenario needs: no table is ever full, and small scenarios have small engines.

use std::collections::BTreeSet;

use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::SLOT_MAX;

use super::command::Command;

/// The engine's number, of which there is one.
pub(super) const SHARD: u16 = 0;
/// A constant repeats a scenario to the byte.
const INDEX_SEED: u64 = 1;
/// Ladder nodes that a level takes at most, and that must be free besides for one more to be opened.
const LADDER_NODES_PER_LEVEL: usize = 11;
const LADDER_NODES_FREE: usize = 22;

/// What an engine begins with that has room for whatever these commands can leave.
pub(super) fn genesis<'c>(commands: impl Iterator<Item = &'c Command>) -> Genesis {
    let (mut orders, mut owners, mut prices) = (0, BTreeSet::new(), BTreeSet::new());
    for command in commands {
        match *command {
            Command::New(entry) => {
                orders += 1;
                owners.insert(entry.owner);
                prices.extend(entry.price);
            }
            Command::Cancel { owner, .. } | Command::Reduce { owner, .. } => owners.extend(owner),
            Command::Amend { owner, price, .. } => {
                owners.extend(owner);
                prices.extend(price);
            }
            Command::Replace { price, .. } => drop(prices.insert(price)),
            Command::Mode(_) | Command::Uncross { .. } | Command::Last { .. } | Command::Mark { .. } => {}
        }
    }
    // A level needs an order, and an order that moves finds room at its new price before it leaves the old one. Orders rest
    // on both sides of a price while there is an auction.
    let levels = (orders + 1).min(2 * prices.len());
    let ladder_nodes = levels * LADDER_NODES_PER_LEVEL + 2 * LADDER_NODES_FREE;
    let capacities = Capacities {
        instruments: 1,
        accounts: capacity(owners.len()),
        sessions: 3,
        grants: 1,
        orders: capacity(orders),
        levels: capacity(levels),
        ladder_nodes: capacity(ladder_nodes),
        // The test for fill-or-kill counts one for each order that it would meet, beside those that there are.
        positions: capacity(owners.len() + orders),
        work_items: 1,
        complex_orders: capacity(orders),
    };
    Genesis::new(SHARD, INDEX_SEED, capacities)
}

/// A table for so many records; a larger one than there can be is full some day, which is a rejection.
fn capacity(records: usize) -> u32 {
    u32::try_from(records).unwrap_or(SLOT_MAX).clamp(1, SLOT_MAX)
}
