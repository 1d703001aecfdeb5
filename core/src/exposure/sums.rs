//! Changing sums: what is added for lots that are held or rest now, and taken away for those that did before.

use bytemuck::Zeroable;

use super::lot::{Lot, Lots};
use super::outlook::Skews;
use super::records::{Portfolio, Vector, VectorSums};
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

/// Lots of an instrument that come to rest on one side, or no longer do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resting<'a> {
    lot: &'a Lot<'a>,
    /// How many more.
    lots: i64,
    /// Zero where they are to be bought; -1 where they are to be sold, and values count the other way round.
    turn: i64,
}

impl<'a> Resting<'a> {
    /// A lot to be bought, and one to be sold.
    pub(super) fn one_of_each(lot: &'a Lot<'a>) -> [Self; 2] {
        [0, -1].map(|turn| Self { lot, lots: 1, turn })
    }

    #[inline(always)]
    pub(super) fn is_sold(&self) -> bool {
        self.turn != 0
    }

    #[inline(always)]
    fn turned(&self, value: i64) -> i64 {
        (value ^ self.turn).wrapping_sub(self.turn)
    }

    /// The mark, with the side's sign.
    #[inline(always)]
    fn paid(&self) -> i64 {
        self.turned(self.lot.worths.mark)
    }

    /// What each may lose where a lot is worth `lane`, as a number below zero.
    #[inline(always)]
    fn lost(&self, lane: i64) -> i64 {
        self.lot.discounts.least(self.turned(lane)).wrapping_sub(self.paid()).min(0)
    }

    /// What each loses where a lot is worth a basis, as a number below zero.
    #[inline(always)]
    pub(super) fn lost_by(&self, basis: i64) -> i64 {
        (self.turned(basis) - self.paid()).min(0)
    }

    /// What each may gain.
    #[inline(always)]
    pub(super) fn gained(&self, lane: i64) -> i64 {
        (self.lot.discounts.most(self.turned(lane)) - self.paid()).max(0)
    }

    /// Adds to sums what all may lose.
    #[inline(always)]
    pub(super) fn add_lost(&self, sums: &mut [i64; SCENARIOS_MAX]) {
        if self.lots == 0 {
            return;
        }
        for (sum, lane) in sums.iter_mut().zip(&self.lot.lanes.0) {
            *sum = sum.wrapping_add(self.lots.wrapping_mul(self.lost(*lane)));
        }
    }
}

impl Change {
    /// What comes to rest by it, on either side.
    #[inline(always)]
    pub(super) fn resting<'a>(&self, lot: &'a Lot<'a>) -> [Resting<'a>; 2] {
        let Self { before, after } = self;
        [
            Resting { lot, lots: after.buys - before.buys, turn: 0 },
            Resting { lot, lots: after.sells - before.sells, turn: -1 },
        ]
    }
}

impl VectorSums {
    /// What a change of lots does, beside lanes. `pair` is what the account has of an option's pair, as far as that was
    /// added.
    #[inline(always)]
    pub(super) fn restate(&mut self, lot: &Lot<'_>, change: &Change, pair: Lots, skews: Skews) {
        let Change { before, after } = *change;
        let held = change.held();
        if held != 0 {
            self.mark += held * lot.worths.mark;
            for (sum, each) in self.basis.iter_mut().zip(lot.worths.basis) {
                *sum += held * each;
            }
        }
        for resting in change.resting(lot) {
            self.add_resting(&resting, skews);
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

    #[inline(always)]
    fn add_resting(&mut self, resting: &Resting<'_>, skews: Skews) {
        let lots = resting.lots;
        if lots == 0 {
            return;
        }
        for (sum, basis) in self.order_basis.iter_mut().zip(resting.lot.worths.basis) {
            *sum += lots * resting.lost_by(basis);
        }
        let lanes = skews.of(&resting.lot.lanes.0);
        for ((sum, lane), is_used) in self.upper.iter_mut().zip(lanes).zip(skews.are_used()) {
            *sum += if is_used { lots * resting.gained(lane) } else { 0 };
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
        (self.vector.generation, self.vector.sums) = (generation, VectorSums::zeroed());
        for lanes in self.held.iter_mut().flatten().map(|lanes| &mut **lanes).chain([&mut *self.orders]) {
            lanes.0 = [0; SCENARIOS_MAX];
        }
    }

    /// What a change of lots does. `pair` is what the account has of an option's pair, as far as that was added.
    #[inline(always)]
    pub(crate) fn restate(&mut self, lot: &Lot<'_>, change: &Change, pair: Lots, skews: Skews) {
        self.vector.sums.restate(lot, change, pair, skews);
        let held = match &mut self.held {
            Some([options, linear]) => Some(if lot.is_option { &mut options.0 } else { &mut linear.0 }),
            None => None,
        };
        Level::best().run(AddLots { held, orders: &mut self.orders.0, lot, change });
    }
}

/// Adds a change of lots to lanes. The load keeps sums within 64 bits.
struct AddLots<'a> {
    held: Option<&'a mut [i64; SCENARIOS_MAX]>,
    orders: &'a mut [i64; SCENARIOS_MAX],
    lot: &'a Lot<'a>,
    change: &'a Change,
}

impl Kernel for AddLots<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Ieee) {
        let Self { held, orders, lot, change } = self;
        let lots = change.held();
        if let Some(sums) = held.filter(|_| lots != 0) {
            for (sum, lane) in sums.iter_mut().zip(&lot.lanes.0) {
                *sum = sum.wrapping_add(lots.wrapping_mul(*lane));
            }
        }
        for resting in change.resting(lot) {
            resting.add_lost(orders);
        }
    }
}
