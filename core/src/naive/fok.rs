//! The test for fill-or-kill, and the budget.

use alloc::vec::Vec;

use super::band::Band;
use super::book::Order;
use super::{Canary, NaiveEngine};
use crate::reject::RejectCode;
use crate::terms::{SelfTrade, Side};
use crate::units::QuantityLots;

impl NaiveEngine {
    /// The test, see the rules. `order.leaves` is its whole quantity.
    pub(super) fn check_fill_or_kill(&self, order: &Order) -> Result<(), RejectCode> {
        let instrument = self.instruments.find(order.instrument)?;
        let wanted = i128::from(order.leaves.get());
        // The command's other sweeps have taken their steps already.
        let mut steps = u64::from(self.steps);
        let (mut sum, mut value, mut new_positions) = (0_i128, 0_i128, 0_usize);
        // Of what was wanted when the level was reached, and of what its first orders show.
        let (mut wanted_here, mut shown) = (wanted, 0_i128);
        for (maker, place) in self.makers_to_look_at(order) {
            if place == Place::First {
                (wanted_here, shown) = (wanted - sum, 0);
            }
            if sum >= wanted && (place != Place::TakesTurns || shown >= wanted_here) {
                break;
            }
            steps = steps.saturating_add(steps_of(&maker));
            if steps > u64::from(self.genesis.max_steps) {
                return Err(RejectCode::FillOrKillExceedsSteps);
            }
            if self.unfit(&maker).is_some() {
                continue;
            }
            match self.prevention(order, &maker) {
                // It will be cancelled on the way.
                Some(SelfTrade::CancelOldest) => continue,
                Some(_) => return Err(RejectCode::FillOrKillNotFillable),
                None if maker.reduce_only && self.canary != Canary::ReduceOnlyMakerCounts => continue,
                None => {}
            }
            if !self.positions.takes(&maker, order.leaves, instrument) {
                return Err(RejectCode::FillOrKillNotFillable);
            }
            let mut counts = i128::from(maker.leaves.get());
            if self.canary == Canary::FillOrKillForgetsHidden {
                counts = i128::from(maker.shows().get());
            }
            let taken = counts.min((wanted - sum).max(0));
            // All that is taken is at most the order's quantity, so the value is within a product of two 64-bit integers.
            value = value.saturating_add(i128::from(maker.price.get()).saturating_mul(taken));
            sum += counts;
            shown += i128::from(maker.shows().get());
            new_positions += usize::from(!self.positions.has_record(&maker));
        }
        new_positions += usize::from(!self.positions.has_record(order));
        let fillable = sum >= wanted
            && self.positions.takes(order, order.leaves, instrument)
            && new_positions <= self.positions.free_records();
        if !fillable {
            return Err(RejectCode::FillOrKillNotFillable);
        }
        if self.is_within_budget(order, value) { Ok(()) } else { Err(RejectCode::BudgetNotMet) }
    }

    /// A buy may cost no more than its budget, a sell must bring no less.
    fn is_within_budget(&self, order: &Order, value: i128) -> bool {
        let Some(budget) = order.budget else { return true };
        if self.canary == Canary::BudgetMustNotBeReached && value == budget {
            return false;
        }
        match order.side {
            Side::Buy => value <= budget,
            Side::Sell => value >= budget,
        }
    }

    /// The makers that cross within the price band, in priority order, each with its place in its level.
    fn makers_to_look_at(&self, order: &Order) -> impl Iterator<Item = (Order, Place)> {
        let (instrument, side) = (order.instrument, order.side.opposite());
        let band = self.band(instrument);
        let mut makers = Vec::new();
        let mut extra = usize::from(self.canary == Canary::FillOrKillCountsOneTooMany);
        for (price, ..) in self.book.levels(instrument, side) {
            let within = order.crosses(price) && band.as_ref().is_none_or(|band: &Band| band.contains(price));
            let queue = self.book.queue(instrument, side, price);
            let take = if within { queue.len() } else { core::mem::take(&mut extra) };
            if take == 0 {
                break;
            }
            let hides = queue.iter().any(|maker| maker.hides() > QuantityLots::ZERO);
            let behind = if hides { Place::TakesTurns } else { Place::Behind };
            let places = core::iter::once(Place::First).chain(core::iter::repeat(behind));
            makers.extend(queue.into_iter().copied().take(take).zip(places));
        }
        makers.into_iter()
    }
}

/// Where a maker stands in its level.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Behind,
    /// Behind, in a level in which any order hides quantity.
    TakesTurns,
}

/// How many steps looking at a maker takes: as many as its fills could at most.
fn steps_of(maker: &Order) -> u64 {
    if !maker.is_iceberg() {
        return 1;
    }
    let (hidden, display) = (maker.hides().get().unsigned_abs(), maker.display.get().unsigned_abs());
    hidden.div_ceil(display.max(1)).saturating_add(1)
}
