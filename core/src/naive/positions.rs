//! Positions with their cost, what accounts have realised, and whether they can take a trade.

use alloc::collections::BTreeMap;

use super::Canary;
use super::book::Order;
use super::venue::Instrument;
use crate::ids::{AccountId, InstrumentId};
use crate::reject::CancelReason;
use crate::terms::Side;
use crate::units::{PriceTicks, QuantityLots};

/// Realised profit and loss stay below this, in atoms.
const REALISED_END: u128 = (1 << 127) - (1 << 64);

/// An open position: its signed quantity, not zero, and what it cost.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    quantity: i64,
    cost: i128,
}

/// The open positions per account and instrument, and the realised profit per account.
#[derive(Clone, Debug)]
pub(super) struct Positions {
    records: BTreeMap<(AccountId, InstrumentId), Position>,
    realised: BTreeMap<AccountId, i128>,
    /// None in a margined shard, in which whoever trades has a record, or room for one.
    capacity: Option<usize>,
    canary: Canary,
}

impl Positions {
    pub(super) fn new(capacity: Option<u32>, canary: Canary) -> Self {
        Self {
            records: BTreeMap::new(),
            realised: BTreeMap::new(),
            capacity: capacity.map(|capacity| capacity as usize),
            canary,
        }
    }

    pub(super) fn get(&self, account: AccountId, instrument: InstrumentId) -> i64 {
        self.records.get(&(account, instrument)).map_or(0, |position| position.quantity)
    }

    /// What an open position cost; zero without one.
    pub(super) fn cost(&self, account: AccountId, instrument: InstrumentId) -> i128 {
        self.records.get(&(account, instrument)).map_or(0, |position| position.cost)
    }

    /// What the account has realised so far, in atoms.
    pub(super) fn realised(&self, account: AccountId) -> i128 {
        self.realised.get(&account).copied().unwrap_or(0)
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
        self.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(self.records.len()))
    }

    /// The order's position after a fill of `quantity`, if it stays within ±(2^63 - 1).
    fn moved(&self, order: &Order, quantity: QuantityLots) -> Option<i64> {
        let position = self.get(order.account, order.instrument);
        let moved = match order.side {
            Side::Buy => position.checked_add(quantity.get()),
            Side::Sell => position.checked_sub(quantity.get()),
        };
        moved.filter(|position| *position != i64::MIN)
    }

    /// Whether a fill of `quantity` keeps the order's position in range, and whatever it realises the account's profit.
    pub(super) fn takes(&self, order: &Order, quantity: QuantityLots, terms: &Instrument) -> bool {
        let terms = &terms.terms;
        let span = terms.price_max.get().abs_diff(terms.price_min.get());
        let value = u128::from(span)
            .checked_mul(u128::from(quantity.get().unsigned_abs()))
            .and_then(|value| value.checked_mul(u128::from(terms.multiplier.get().unsigned_abs())))
            .and_then(|value| value.checked_add(self.realised(order.account).unsigned_abs()));
        self.moved(order, quantity).is_some() && value.is_some_and(|value| value < REALISED_END)
    }

    /// Lots that the order would take off its account's position.
    pub(super) fn reducible(&self, order: &Order) -> QuantityLots {
        let position = self.get(order.account, order.instrument);
        let against = if order.side == Side::Buy { position < 0 } else { position > 0 };
        // A position is never the lowest i64, so its size is one.
        QuantityLots(if against { position.saturating_abs() } else { 0 })
    }

    /// Why the taker's position cannot take the trade.
    pub(super) fn taker_obstacle(
        &self,
        taker: &Order,
        quantity: QuantityLots,
        terms: &Instrument,
    ) -> Option<CancelReason> {
        if !self.takes(taker, quantity, terms) {
            return Some(CancelReason::PositionLimit);
        }
        if !self.has_record(taker) && self.free_records() < 1 {
            return Some(CancelReason::PositionTableFull);
        }
        None
    }

    /// Why the maker's position cannot take the trade, the taker's being able to.
    pub(super) fn maker_obstacle(
        &self,
        maker: &Order,
        taker: &Order,
        quantity: QuantityLots,
        terms: &Instrument,
    ) -> Option<CancelReason> {
        if !self.takes(maker, quantity, terms) {
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

    /// Applies both legs, the maker's first, and gives back the records of positions that became zero. An account that
    /// trades with itself is left as it was. Returns the positions of maker and taker after both legs.
    pub(super) fn trade(
        &mut self,
        maker: &Order,
        taker: &Order,
        quantity: QuantityLots,
        price: PriceTicks,
        multiplier: i64,
    ) -> (i64, i64) {
        if maker.account != taker.account {
            for leg in [maker, taker] {
                self.apply(leg, quantity, price, multiplier);
            }
        }
        (self.get(maker.account, maker.instrument), self.get(taker.account, taker.instrument))
    }

    fn apply(&mut self, leg: &Order, quantity: QuantityLots, price: PriceTicks, multiplier: i64) {
        let key = (leg.account, leg.instrument);
        let old = self.records.get(&key).copied().unwrap_or_default();
        let Some(moved) = self.moved(leg, quantity) else { return };
        let sign = if leg.side == Side::Buy { 1 } else { -1 };
        // The part that closes, and the part that opens.
        let against = old.quantity.signum() == -sign;
        let closed = if against { old.quantity.unsigned_abs().min(quantity.get().unsigned_abs()) } else { 0 };
        let opened = i128::from(quantity.get()) - i128::from(closed);
        let mut released = mul_div_ceil(old.cost, closed, old.quantity.unsigned_abs());
        if self.canary == Canary::CostReleasedRoundedDown {
            released = -mul_div_ceil(-old.cost, closed, old.quantity.unsigned_abs());
        }
        let (price, sign) = (i128::from(price.get()), i128::from(sign));
        let realised = -sign * i128::from(closed) * price - released;
        let cost = old.cost - released + sign * opened * price;
        let total = self.realised.entry(leg.account).or_default();
        *total = total.saturating_add(realised.saturating_mul(i128::from(multiplier)));
        if moved == 0 && self.canary != Canary::ZeroPositionKept {
            self.records.remove(&key);
        } else {
            self.records.insert(key, Position { quantity: moved, cost });
        }
    }

    /// Forgets what a closed account has realised.
    pub(super) fn forget(&mut self, account: AccountId) {
        self.realised.remove(&account);
    }
}

/// `value` times `part` / `whole`, rounded up, exact whatever the size of the product: long division with digits of 64
/// bits. Zero if `part` is.
fn mul_div_ceil(value: i128, part: u64, whole: u64) -> i128 {
    if part == 0 {
        return 0;
    }
    let (magnitude, part, whole) = (value.unsigned_abs(), u128::from(part), u128::from(whole));
    let (low, high) = (magnitude % (1 << 64) * part, (magnitude >> 64) * part);
    let high = high + (low >> 64);
    let mut quotient = 0_u128;
    let mut remainder = 0_u128;
    for digit in [high >> 64, high % (1 << 64), low % (1 << 64)] {
        let dividend = (remainder << 64) | digit;
        quotient = (quotient << 64) | (dividend / whole);
        remainder = dividend % whole;
    }
    // A negative number is rounded up by leaving the remainder out.
    if value < 0 { -quotient.cast_signed() } else { quotient.cast_signed() + i128::from(remainder > 0) }
}
