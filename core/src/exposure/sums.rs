//! Changing sums: what is added for lots that are held or rest now, and taken away for those that did before.

use super::lot::{Discounts, Lot, Lots};
use super::records::{Portfolio, Vector};
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
    fn held(&self) -> i64 {
        self.after.held - self.before.held
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
pub(crate) fn need_more(worths: &Worths, before: Lots, after: Lots) -> i64 {
    let [_, initial] = worths.needs;
    need_of_ends(after, initial) - need_of_ends(before, initial)
}

impl Portfolio {
    /// The same for futures and perpetuals of an account whose model has needs.
    #[inline(always)]
    pub(crate) fn restate_linear(&mut self, worths: &Worths, change: &Change) {
        let Change { before, after } = *change;
        let [maintenance, initial] = worths.needs;
        let held = change.held();
        if held != 0 {
            self.mark += held * worths.mark;
            self.delta += held * worths.delta;
            self.needs[0] += need(after.held, maintenance) - need(before.held, maintenance);
        }
        self.needs[1] += need_of_ends(after, initial) - need_of_ends(before, initial);
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

/// A vector and its lanes, to be changed.
#[derive(Debug)]
pub(crate) struct Sums<'a> {
    pub(crate) vector: &'a mut Vector,
    /// What its options are worth under each scenario, and what its futures and perpetuals are; none where no lots come to be
    /// held.
    pub(crate) held: Option<[&'a mut Lanes; 2]>,
    /// What orders may lose, at most.
    pub(crate) orders: &'a mut Lanes,
}

impl Sums<'_> {
    /// Forgets what was added up, to begin anew with the arrays of a generation.
    pub(crate) fn begin(&mut self, generation: u64) {
        *self.vector = Vector {
            generation,
            mark: 0,
            basis: [0; 2],
            order_basis: [0; 2],
            upper: [0; super::records::SKEWS_MAX],
            naked: [0; 2],
            linear: [0; 2],
            doubted: 0,
            ..*self.vector
        };
        for lanes in self.held.iter_mut().flatten().map(|lanes| &mut **lanes).chain([&mut *self.orders]) {
            lanes.0 = [0; SCENARIOS_MAX];
        }
    }

    /// What a change of lots does. `pair` is what the account has of an option's pair, as far as that was added;
    /// `skews` has a bit for each scenario that is one.
    #[inline(always)]
    pub(crate) fn restate(&mut self, lot: &Lot<'_>, change: &Change, pair: Lots, skews: u32) {
        let Change { before, after } = *change;
        let held = change.held();
        if held != 0 {
            self.vector.mark += held * lot.worths.mark;
            for (sum, each) in self.vector.basis.iter_mut().zip(lot.worths.basis) {
                *sum += held * each;
            }
            if let Some([options, linear]) = &mut self.held {
                let sums = if lot.is_option { &mut options.0 } else { &mut linear.0 };
                Level::best().run(AddProduct { sums, lots: held, lanes: &lot.lanes.0 });
            }
        }
        self.add_resting(after.buys - before.buys, 1, lot, skews);
        self.add_resting(after.sells - before.sells, -1, lot, skews);
        let notional = lot.worths.notional;
        let ends = after.larger_end() - before.larger_end();
        self.vector.doubted += ends * notional;
        if lot.is_option {
            let (old, new) = (before.naked_with(pair), after.naked_with(pair));
            for (sum, (new, old)) in self.vector.naked.iter_mut().zip(new.into_iter().zip(old)) {
                *sum += (new - old) * notional;
            }
        } else {
            self.vector.linear[0] += (after.held.abs() - before.held.abs()) * notional;
            self.vector.linear[1] += ends * notional;
        }
    }

    /// Adds lots that rest, with the sign 1 to be bought and -1 to be sold; what is taken away is below zero.
    #[inline(always)]
    fn add_resting(&mut self, lots: i64, sign: i64, lot: &Lot<'_>, skews: u32) {
        if lots == 0 {
            return;
        }
        let paid = sign * lot.worths.mark;
        for (sum, basis) in self.vector.order_basis.iter_mut().zip(lot.worths.basis) {
            *sum += lots * (sign * basis - paid).min(0);
        }
        let discounts = lot.discounts;
        let mut left = skews;
        for sum in &mut self.vector.upper {
            if left == 0 {
                break;
            }
            let lane = lot.lanes.0[left.trailing_zeros() as usize % SCENARIOS_MAX];
            *sum += lots * (discounts.most(sign * lane) - paid).max(0);
            left &= left - 1;
        }
        let lanes = &lot.lanes.0;
        Level::best().run(AddResting { sums: &mut self.orders.0, lots, sign, paid, lanes, discounts });
    }
}

/// Adds so many lots of lanes to sums. The load keeps sums within 64 bits.
struct AddProduct<'a> {
    sums: &'a mut [i64; SCENARIOS_MAX],
    lots: i64,
    lanes: &'a [i64; SCENARIOS_MAX],
}

impl Kernel for AddProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Ieee) {
        for (sum, lane) in self.sums.iter_mut().zip(self.lanes) {
            *sum = sum.wrapping_add(self.lots.wrapping_mul(*lane));
        }
    }
}

/// Adds what so many resting lots may lose under each scenario.
struct AddResting<'a> {
    sums: &'a mut [i64; SCENARIOS_MAX],
    lots: i64,
    sign: i64,
    /// The mark, with the sign.
    paid: i64,
    lanes: &'a [i64; SCENARIOS_MAX],
    discounts: Discounts,
}

impl Kernel for AddResting<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Ieee) {
        for (sum, lane) in self.sums.iter_mut().zip(self.lanes) {
            let lost = (self.discounts.least(self.sign * lane) - self.paid).min(0);
            *sum = sum.wrapping_add(self.lots.wrapping_mul(lost));
        }
    }
}
