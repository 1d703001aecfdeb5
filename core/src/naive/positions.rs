//! Positions, and whether they can take a trade.

use alloc::collections::BTreeMap;

use super::Canary;
use super::book::Order;
use crate::ids::{AccountId, InstrumentId};
use crate::reject::CancelReason;
use crate::terms::Side;
use crate::units::QuantityLots;

/// The open positions per account and instrument; none of them is zero.
#[derive(Clone, Debug)]
pub(super) struct Positions {
    records: BTreeMap<(AccountId, InstrumentId), i64>,
    capacity: usize,
    canary: Canary,
}

impl Positions {
    pub(super) fn new(capacity: u32, canary: Canary) -> Self {
        Self { records: BTreeMap::new(), capacity: capacity as usize, canary }
    }

    pub(super) fn get(&self, account: AccountId, instrument: InstrumentId) -> i64 {
        self.records.get(&(account, instrument)).copied().unwrap_or(0)
    }

    /// Whether the order's account has a record for the order's instrument.
    pub(super) fn has_record(&self, order: &Order) -> bool {
        self.records.contains_key(&(order.account, order.instrument))
    }

    pub(super) fn any_of_account(&self, account: AccountId) -> bool {
        self.records.keys().any(|key| key.0 == account)
    }

    pub(super) fn any_of_instrument(&self, instrument: InstrumentId) -> bool {
        self.records.keys().any(|key| key.1 == instrument)
    }

    pub(super) fn free_records(&self) -> usize {
        self.capacity.saturating_sub(self.records.len())
    }

    /// The order's position after a fill of `quantity`, if it stays within ±(2^63 - 1).
    pub(super) fn moved(&self, order: &Order, quantity: QuantityLots) -> Option<i64> {
        let position = self.get(order.account, order.instrument);
        let moved = match order.side {
            Side::Buy => position.checked_add(quantity.get()),
            Side::Sell => position.checked_sub(quantity.get()),
        };
        moved.filter(|position| *position != i64::MIN)
    }

    /// Why the taker's position cannot take the trade.
    pub(super) fn taker_obstacle(&self, taker: &Order, quantity: QuantityLots) -> Option<CancelReason> {
        if self.moved(taker, quantity).is_none() {
            return Some(CancelReason::PositionLimit);
        }
        if !self.has_record(taker) && self.free_records() < 1 {
            return Some(CancelReason::PositionTableFull);
        }
        None
    }

    /// Why the maker's position cannot take the trade, the taker's being able to.
    pub(super) fn maker_obstacle(&self, maker: &Order, taker: &Order, quantity: QuantityLots) -> Option<CancelReason> {
        if self.moved(maker, quantity).is_none() {
            return Some(CancelReason::PositionLimit);
        }
        if self.has_record(maker) || maker.account == taker.account {
            return None;
        }
        let taker_needs = usize::from(!self.has_record(taker));
        if self.free_records() < taker_needs + 1 {
            return Some(CancelReason::PositionTableFull);
        }
        None
    }

    /// Applies both legs, the maker's first, and gives back the records of positions that became zero. Returns the
    /// positions of maker and taker after both legs.
    pub(super) fn trade(&mut self, maker: &Order, taker: &Order, quantity: QuantityLots) -> (i64, i64) {
        for leg in [maker, taker] {
            if let Some(moved) = self.moved(leg, quantity) {
                self.records.insert((leg.account, leg.instrument), moved);
            }
        }
        for leg in [maker, taker] {
            if self.get(leg.account, leg.instrument) == 0 && self.canary != Canary::ZeroPositionKept {
                self.records.remove(&(leg.account, leg.instrument));
            }
        }
        (self.get(maker.account, maker.instrument), self.get(taker.account, taker.instrument))
    }
}
