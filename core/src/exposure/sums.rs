//! Changing sums: what is added for lots that are held or rest now, and taken away for those that did before.

use super::lot::{Lot, Lots};
use super::records::{Portfolio, Sheet, Vector, VectorSums};
use super::stake::Stakes;
use crate::pricing::{Ieee, Kernel, Level, SCENARIOS_MAX};
use crate::terms::MarginModel;
use crate::valuation::{Lanes, Worths};

/// A change of an account's lots in an instrument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) before: Lots,
    pub(crate) after: Lots,
}

impl Change {
    /// Lots held that it adds.
    #[inline(always)]
    pub(crate) fn held(&self) -> i64 {
        self.after.held - self.before.held
    }

    /// Lots that come to rest by it, to be bought and to be sold; below zero where they no longer do.
    #[inline(always)]
    fn resting(&self) -> [i64; 2] {
        [self.after.buys - self.before.buys, self.after.sells - self.before.sells]
    }

    /// Whether it is one of what rests.
    #[inline(always)]
    pub(crate) fn rests(&self) -> bool {
        self.resting() != [0; 2]
    }
}

/// Lots, each of which needs one of two amounts: those of a long and of a short position.
#[inline(always)]
fn need(held: i64, [long, short]: [i64; 2]) -> i64 {
    if held >= 0 { held * long } else { -held * short }
}

/// What the worse of both ends needs.
#[inline(always)]
fn need_of_ends(lots: Lots, each: [i64; 2]) -> i64 {
    let [up, down] = lots.ends();
    need(up, each).max(need(down, each))
}

/// What more the worse of both ends needs for the initial margin.
#[inline(always)]
pub(crate) fn need_more(worths: &Worths, change: &Change) -> i64 {
    let [_, initial] = worths.needs;
    need_of_ends(change.after, initial) - need_of_ends(change.before, initial)
}

impl Portfolio {
    /// The same for futures and perpetuals of an account whose model has needs.
    #[inline(always)]
    pub(crate) fn restate_linear(&mut self, worths: &Worths, change: &Change) {
        let Change { before, after } = *change;
        let [maintenance, _] = worths.needs;
        let held = change.held();
        if held != 0 {
            self.mark += held * worths.mark;
            self.delta += held * worths.delta;
            self.needs[0] += need(after.held, maintenance) - need(before.held, maintenance);
        }
        self.needs[1] += need_more(worths, change);
    }

    /// What a change of lots does to the sums over a portfolio.
    #[inline(always)]
    pub(crate) fn restate(&mut self, model: MarginModel, lot: &Lot<'_>, change: &Change) {
        let by_scenarios = model == MarginModel::Portfolio;
        if !by_scenarios && !lot.is_option {
            return self.restate_linear(lot.worths, change);
        }
        let held = change.held();
        if held != 0 {
            if by_scenarios {
                self.mark += held * lot.worths.mark;
            }
            self.add_greeks(held, &lot.worths.greeks());
        }
    }
}

impl VectorSums {
    /// What a change of lots does, beside lanes. `pair` is what the account has of an option's pair, as far as that was
    /// added.
    #[inline(always)]
    pub(super) fn restate(&mut self, lot: &Lot<'_>, change: &Change, pair: Lots) {
        let Change { before, after } = *change;
        let held = change.held();
        if held != 0 {
            self.mark += held * lot.worths.mark;
            for (sum, each) in self.basis.iter_mut().zip(lot.worths.basis) {
                *sum += held * each;
            }
        }
        for (side, lots) in change.resting().into_iter().enumerate().filter(|(_, lots)| *lots != 0) {
            let Stakes { basis, gained, .. } = lot.stakes;
            for (sum, lost) in self.order_basis.iter_mut().zip(&basis[side]) {
                *sum += lots * lost;
            }
            for (sum, gained) in self.upper.iter_mut().zip(&gained[side]) {
                *sum += lots * gained;
            }
        }
        let notional = lot.worths.notional;
        let ends = (after.larger_end() - before.larger_end()) * notional;
        self.doubted += ends;
        if lot.is_option {
            let (old, new) = (before.naked_with(pair), after.naked_with(pair));
            for (sum, (new, old)) in self.naked.iter_mut().zip(new.into_iter().zip(old)) {
                *sum += (new - old) * notional;
            }
        } else {
            self.linear[0] += (after.held.abs() - before.held.abs()) * notional;
            self.linear[1] += ends;
        }
    }
}

/// A vector and those of its lanes that a change of lots adds to.
#[derive(Debug)]
pub(crate) struct Sums<'a> {
    pub(crate) vector: &'a mut Vector,
    /// What its options are worth under each scenario, or what its futures and perpetuals are; none where no lots come to be
    /// held.
    pub(crate) held: Option<&'a mut Lanes>,
    /// What orders may lose, at most; none where nothing changes of what rests.
    pub(crate) orders: Option<&'a mut Lanes>,
}

impl Sums<'_> {
    /// What a change of lots does. `pair` is what the account has of an option's pair, as far as that was added.
    #[inline(always)]
    pub(crate) fn restate(self, lot: &Lot<'_>, change: &Change, pair: Lots) {
        let Self { vector, held, orders } = self;
        vector.sums.restate(lot, change, pair);
        let held = held.map(|lanes| vector.lanes_of(Sheet::of_held(lot.is_option), lanes));
        let orders = orders.map(|lanes| vector.lanes_of(Sheet::Orders, lanes));
        Level::best().run(AddLots { held, orders, lot, change });
    }
}

/// Adds so many times each.
#[inline(always)]
fn add_each(sums: &mut [i64; SCENARIOS_MAX], lots: i64, lanes: &Lanes) {
    for (sum, lane) in sums.iter_mut().zip(&lanes.0) {
        *sum = sum.wrapping_add(lots.wrapping_mul(*lane));
    }
}

/// Adds a change of lots to lanes. The load keeps sums within 64 bits.
struct AddLots<'a> {
    held: Option<&'a mut [i64; SCENARIOS_MAX]>,
    orders: Option<&'a mut [i64; SCENARIOS_MAX]>,
    lot: &'a Lot<'a>,
    change: &'a Change,
}

impl Kernel for AddLots<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Ieee) {
        let Self { held, orders, lot, change } = self;
        if let Some(sums) = held {
            add_each(sums, change.held(), lot.lanes);
        }
        if let Some(sums) = orders {
            for (lots, losses) in change.resting().into_iter().zip(lot.losses).filter(|(lots, _)| *lots != 0) {
                add_each(sums, lots, losses);
            }
        }
    }
}
