//! The units of a margined run, from the size of the flow's own prices and quantities.
//!
//! Margin is added up in 64-bit lanes: the largest position times the largest value of a lot must fit (`docs/FEEDS.md`, "Lanes
//! fit"). A flow may have ticks of anything and lots of anything, so what a tick is worth is chosen such that a usual order,
//! the median quantity at the median price, is worth up to 2^32 atoms, and an account may hold some half a million of these.

use novate_core::units::{CashAtoms, QuantityLots};

/// Half of the room that lanes have: a usual order, times as many as may be held, is worth less, in atoms.
const HELD_ATOMS_MAX: i128 = 1 << 52;
/// What a usual order is worth at most, in atoms, where a tick can be made worth so little.
const ORDER_ATOMS: i128 = 1 << 32;
/// How many usual orders' lots an account may hold of an instrument: as many as that, or as lanes have room for, which are
/// at least the lesser of these.
const HELD_ORDERS: [i128; 2] = [1 << 14, 1 << 19];
/// The index at first, in atoms, unless one atom for each tick is more.
const INDEX_ATOMS: i128 = 1_000_000_000_000;
/// The most that the index may rise to: so many times what it is at first.
const INDEX_RISE: i64 = 4;
/// Ticks that the index has, at least, as prices of futures and options have them.
const FINE_TICKS: i128 = 20_000;

/// What ticks, lots and orders are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    /// The price that the index begins at, in ticks of the flow; at least 1.
    pub(super) reference: i64,
    /// Lots of a usual order of the flow; at least 1.
    pub(super) usual: i64,
    /// Of the flow's perpetual: what a price difference of one is worth for one lot, in atoms.
    pub(super) multiplier: CashAtoms,
    /// Atoms for one unit of the underlying that one tick of the flow is worth.
    pub(super) price_unit: CashAtoms,
    /// The most that the index may be, in atoms for one unit.
    pub(super) index_max: CashAtoms,
    /// Usual orders that an account may hold of an instrument.
    pub(super) held_orders: i64,
    /// As `multiplier`, of futures and options: one lot of them is about as much as a usual order.
    pub(super) fine_multiplier: CashAtoms,
    /// As `price_unit`, of futures and options.
    pub(super) fine_unit: CashAtoms,
    /// What a usual order is worth, in atoms.
    pub(super) order: CashAtoms,
}

impl Scale {
    /// The scale of flows around a price, whatever its sign, and a quantity. None where an order is worth so much that lanes
    /// have no room for the positions of accounts: price times quantity is 2^38 or more.
    pub(super) fn new(price: i64, quantity: i64) -> Option<Self> {
        let (reference, usual) = (i128::from(price.unsigned_abs().max(1)), i128::from(quantity.max(1)));
        let multiplier = power_of_ten(ORDER_ATOMS / reference.checked_mul(usual)?);
        let order = reference * usual * multiplier;
        let [held_min, held_max] = HELD_ORDERS;
        let held = held_max.min((HELD_ATOMS_MAX - 1) / order);
        if held < held_min {
            return None;
        }
        let price_unit = power_of_ten(INDEX_ATOMS / reference);
        let index = reference * price_unit;
        let fine_unit = power_of_ten(index / FINE_TICKS);
        let fine_multiplier = (order * fine_unit / index).max(1);
        let whole = |number: i128| i64::try_from(number).ok();
        let atoms = |number: i128| whole(number).map(CashAtoms);
        Some(Self {
            reference: whole(reference)?,
            usual: whole(usual)?,
            multiplier: atoms(multiplier)?,
            price_unit: atoms(price_unit)?,
            index_max: CashAtoms(whole(index)?.checked_mul(INDEX_RISE)?),
            held_orders: whole(held)?,
            fine_multiplier: atoms(fine_multiplier)?,
            fine_unit: atoms(fine_unit)?,
            order: atoms(order)?,
        })
    }

    /// The index for a price of the flow, in atoms for one unit: from what one tick is worth to `index_max`.
    pub(super) fn index(&self, price: i64) -> CashAtoms {
        let index = price.max(1).saturating_mul(self.price_unit.0);
        CashAtoms(index.min(self.index_max.0))
    }

    /// The largest position in the flow's perpetual, in lots.
    pub(super) fn position_max(&self) -> QuantityLots {
        QuantityLots(self.held_orders.saturating_mul(self.usual))
    }
}

/// The largest power of ten that is not above a number, or one.
fn power_of_ten(number: i128) -> i128 {
    number.checked_ilog10().map_or(1, |digits| 10_i128.pow(digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use novate_core::command::UNDERLYING_PRICE_MAX;

    /// As the rules have it, for an instrument without lane bits.
    fn lanes_fit(scale: &Scale, position: i64, multiplier: CashAtoms, unit: CashAtoms) -> bool {
        let bound = 32 * i128::from(scale.index_max.0);
        i128::from(position) * bound * i128::from(multiplier.0) < (1 << 59) * i128::from(unit.0)
    }

    #[test]
    fn lanes_fit_whatever_ticks_and_lots_are() {
        for price in [i64::MIN, -1_000_000, -7, 0, 1, 9, 10, 19_058, 6_500_000, 1 << 37, 1 << 38, i64::MAX] {
            for quantity in [i64::MIN, 0, 1, 2, 9, 1_000, 1 << 20, 1 << 38, i64::MAX] {
                let is_small = i128::from(price.unsigned_abs().max(1)) * i128::from(quantity.max(1)) < 1 << 38;
                let Some(scale) = Scale::new(price, quantity) else {
                    assert!(!is_small, "{price} {quantity}");
                    continue;
                };
                assert!(is_small || price.unsigned_abs() == 1 << 38, "{price} {quantity}");
                assert!(scale.index_max <= UNDERLYING_PRICE_MAX, "{scale:?}");
                assert!(lanes_fit(&scale, scale.position_max().0, scale.multiplier, scale.price_unit), "{scale:?}");
                assert!(lanes_fit(&scale, scale.held_orders, scale.fine_multiplier, scale.fine_unit), "{scale:?}");
                let index = scale.index(scale.reference);
                assert!(index.0 / scale.fine_unit.0 >= 20_000 && index.0 <= scale.index_max.0 / 4, "{scale:?}");
                let lot = i128::from(index.0 / scale.fine_unit.0) * i128::from(scale.fine_multiplier.0);
                let order = i128::from(scale.order.0);
                assert!(lot <= order && lot > order * 99 / 100, "{scale:?}");
            }
        }
    }

    #[test]
    fn the_bundled_hour() {
        let scale = Scale::new(19_058, 1).expect("it fits");
        let atoms = |atoms: CashAtoms| atoms.0;
        assert_eq!((atoms(scale.multiplier), atoms(scale.price_unit)), (100_000, 10_000_000));
        assert_eq!((atoms(scale.fine_multiplier), atoms(scale.fine_unit)), (10_000, 1_000_000));
        assert_eq!(scale.index(0), scale.index(1));
        assert_eq!(scale.index(i64::MAX), scale.index_max);
    }
}
