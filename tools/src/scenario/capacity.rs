//! How large an engine a scenario needs: no table is ever full, and small scenarios have small engines.

use std::collections::BTreeSet;

use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::SLOT_MAX;
use novate_core::units::PriceTicks;

use super::command::{Command, Owner};
use super::record::{Value, Written};

/// The engine's number, of which there is one.
pub(super) const SHARD: u16 = 0;
/// A constant repeats a scenario to the byte.
const INDEX_SEED: u64 = 1;
/// Ladder nodes that a level takes at most, and that must be free besides for one more to be opened.
const LADDER_NODES_PER_LEVEL: usize = 11;
const LADDER_NODES_FREE: usize = 22;

/// What an engine begins with that has room for whatever these commands can leave.
pub(super) fn genesis<'c>(commands: impl Iterator<Item = &'c Command>) -> Genesis {
    let mut needs = Needs::default();
    commands.for_each(|command| needs.add(command));
    let Needs { orders, prices, price_is_open, owners, sessions, grants, instruments, scans, .. } = needs;
    // A level needs an order, and an order that moves finds room at its new price before it leaves the old one. Orders rest
    // on both sides of a price while there is an auction.
    let levels = if price_is_open { orders + 1 } else { (orders + 1).min(2 * prices.len()) };
    let ladder_nodes = levels * LADDER_NODES_PER_LEVEL + 2 * LADDER_NODES_FREE;
    let capacities = Capacities {
        instruments: capacity(1 + instruments),
        accounts: capacity(owners.len()),
        sessions: capacity(3 + sessions),
        grants: capacity(grants),
        orders: capacity(orders),
        levels: capacity(levels),
        ladder_nodes: capacity(ladder_nodes),
        // The test for fill-or-kill counts one for each order that it would meet, beside those that there are.
        positions: capacity(owners.len() * (1 + instruments) + orders),
        work_items: capacity(1 + instruments + scans),
        complex_orders: capacity(orders),
        underlyings: capacity(needs.underlyings),
        expiries: capacity(needs.expiries),
        scenario_sets: capacity(needs.scenario_sets),
        // A scenario that is about margin says how many.
        vectors: 0,
    };
    Genesis::new(SHARD, INDEX_SEED, capacities)
}

/// What commands can leave.
#[derive(Debug, Default)]
struct Needs {
    orders: usize,
    prices: BTreeSet<PriceTicks>,
    /// Whether orders may rest at prices that are not among these.
    price_is_open: bool,
    owners: BTreeSet<Owner>,
    sessions: usize,
    grants: usize,
    instruments: usize,
    scans: usize,
    underlyings: usize,
    expiries: usize,
    /// The largest number of one that is set.
    scenario_sets: usize,
}

impl Needs {
    fn add(&mut self, command: &Command) {
        match command {
            Command::New(entry) => {
                self.orders += 1;
                self.owners.insert(entry.owner);
                self.prices.extend(entry.price);
                self.price_is_open |= entry.slides || entry.peg.is_some();
            }
            Command::Cancel { owner, .. } | Command::Reduce { owner, .. } => self.owners.extend(*owner),
            Command::Amend { owner, price, .. } => {
                self.owners.extend(*owner);
                self.prices.extend(*price);
            }
            Command::Replace { price, .. } => drop(self.prices.insert(*price)),
            Command::MassCancel { owner, .. } => {
                self.owners.extend(*owner);
                self.scans += 1;
            }
            Command::EndDay => self.scans += 1,
            Command::Protection { owner, .. } | Command::Resume { owner } => drop(self.owners.insert(*owner)),
            Command::Account { name, .. } => drop(self.owners.insert(*name)),
            Command::Send(written) => self.add_record(written),
            Command::Mode(_)
            | Command::Uncross { .. }
            | Command::Last { .. }
            | Command::Mark { .. }
            | Command::Time { .. }
            | Command::Work
            | Command::Band { .. }
            | Command::Publish
            | Command::Limits { .. } => {}
        }
    }

    fn add_record(&mut self, written: &Written) {
        self.price_is_open = true;
        self.owners.extend(written.fields.iter().filter_map(|(_, value)| match value {
            Value::Account(owner) => Some(*owner),
            _ => None,
        }));
        match written.record.name {
            "NewOrder" | "NewComplexOrder" | "NewPeggedOrder" => self.orders += 1,
            "OpenSession" => self.sessions += 1,
            "GrantAccount" => self.grants += 1,
            "ListInstrument" => self.instruments += 1,
            "ListUnderlying" => self.underlyings += 1,
            "ListExpiry" => self.expiries += 1,
            "SetScenarios" | "SetShocks" | "SetMarginTerms" => {
                let set = written.fields.iter().find_map(|(field, value)| match value {
                    Value::Bits(set) if field.name == "set" => Some(*set as usize),
                    _ => None,
                });
                self.scenario_sets = self.scenario_sets.max(set.unwrap_or(0));
            }
            "MassCancel" | "EndTradingDay" => self.scans += 1,
            // It is called as its owner is.
            "OpenAccount" => self.owners.extend(written.fields.iter().filter_map(|(field, value)| match value {
                Value::Bits(owner) if field.name == "owner" => Some(Owner(*owner as u64)),
                _ => None,
            })),
            _ => {}
        }
    }
}

/// A table for so many records; a larger one than there can be is full some day, which is a rejection.
fn capacity(records: usize) -> u32 {
    u32::try_from(records).unwrap_or(SLOT_MAX).clamp(1, SLOT_MAX)
}
