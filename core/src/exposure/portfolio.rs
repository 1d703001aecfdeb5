//! From sums to margin.

use super::fraction::{ceil_ppm, floor_ppm, part};
use super::lot::Discounts;
use super::outlook::{Aspect, Outlook};
use super::records::Vector;
use crate::pricing::{Ieee, Kernel, Level, SCENARIOS_MAX};
use crate::valuation::Lanes;

/// What is left over the initial and over the maintenance margin; below zero it is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Margins {
    pub(crate) initial: i128,
    pub(crate) maintenance: i128,
}

/// Lanes as atoms, rounded down.
#[inline(always)]
pub(crate) fn atoms(lanes: i128, lane_bits: u8) -> i128 {
    lanes >> (lane_bits & 63)
}

/// Which of the two margins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Without orders.
    Maintenance,
    /// With them.
    Initial,
}

impl Kind {
    /// Where sums with and without orders stand side by side.
    fn index(self) -> usize {
        usize::from(self == Self::Initial)
    }
}

/// A vector and its lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SumsView<'a> {
    pub(crate) vector: &'a Vector,
    pub(crate) options: &'a Lanes,
    pub(crate) linear: &'a Lanes,
    pub(crate) orders: &'a Lanes,
}

/// What the vectors of a portfolio come to together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortfolioTotals<'a> {
    outlook: &'a Outlook,
    kind: Kind,
    profits: [i64; SCENARIOS_MAX],
    basis: i128,
    naked: i128,
    linear: i128,
    doubted: i128,
}

impl<'a> PortfolioTotals<'a> {
    pub(crate) fn new(outlook: &'a Outlook, kind: Kind) -> Self {
        Self { outlook, kind, profits: [0; SCENARIOS_MAX], basis: 0, naked: 0, linear: 0, doubted: 0 }
    }

    /// Adds a vector. `aspect` is that of its expiry; without one, of perpetuals, neither basis nor discounts count.
    #[inline(always)]
    pub(crate) fn add(&mut self, sums: SumsView<'_>, aspect: Option<&Aspect>) {
        let SumsView { vector, options, linear, orders } = sums;
        let with_orders = self.kind == Kind::Initial;
        let profits = Profits {
            options: (vector.options != 0).then_some(&options.0),
            linear: &linear.0,
            orders: with_orders.then_some(&orders.0),
            mark: vector.mark,
            discounts: aspect.map_or(Discounts::NONE, Discounts::of),
        };
        let mut profits = Level::best().run(profits);
        let mut left = self.outlook.skews;
        for upper in vector.upper {
            if left == 0 {
                break;
            }
            let place = left.trailing_zeros() as usize % SCENARIOS_MAX;
            let low = profits[place];
            let high = if with_orders { low - orders.0[place] + upper } else { low };
            profits[place] = -low.abs().max(high.abs());
            left &= left - 1;
        }
        for (total, profit) in self.profits.iter_mut().zip(profits) {
            *total = total.wrapping_add(profit);
        }
        if let Some(aspect) = aspect {
            let [up, down] = core::array::from_fn(|side| {
                let orders = if with_orders { vector.order_basis[side] } else { 0 };
                vector.basis[side] - vector.mark + orders
            });
            self.basis += (i128::from(up.min(down).min(0)) * i128::from(aspect.basis)) >> 30;
        }
        let index = self.kind.index();
        self.naked += i128::from(vector.naked[index]);
        self.linear += i128::from(vector.linear[index]);
        if with_orders {
            let doubt = aspect.map_or(self.outlook.doubt, |aspect| aspect.doubt);
            self.doubted += ceil_ppm(vector.doubted.into(), doubt);
        }
    }

    /// What is left over the margin, in lanes, where everything is worth `mark`; what orders lose at once not taken off.
    #[inline(always)]
    pub(crate) fn margin(&self, mark: i64) -> i128 {
        let Outlook { terms, initial_loss, scenarios, .. } = self.outlook;
        let used = SCENARIOS_MAX.min(*scenarios as usize);
        let losses = Level::best().run(Damped { profits: &self.profits, damping: &self.outlook.damping });
        let worst = losses[..used].iter().copied().fold(i64::MAX, i64::min);
        let worst = self.basis.min(worst.into());
        let mut contingency = ceil_ppm(self.linear, terms.linear[0]) + ceil_ppm(self.naked, terms.option[0]);
        if self.kind == Kind::Maintenance {
            return floor_ppm(worst, terms.maintenance_loss) - contingency + i128::from(mark);
        }
        contingency += ceil_ppm(self.linear, terms.linear[1]) + ceil_ppm(self.naked, terms.option[1]) + self.doubted;
        floor_ppm(worst, *initial_loss) - contingency + i128::from(mark)
    }
}

/// The profit of a vector under every scenario, skews not yet counted as losses.
struct Profits<'a> {
    options: Option<&'a [i64; SCENARIOS_MAX]>,
    linear: &'a [i64; SCENARIOS_MAX],
    orders: Option<&'a [i64; SCENARIOS_MAX]>,
    mark: i64,
    discounts: Discounts,
}

impl Kernel for Profits<'_> {
    type Output = [i64; SCENARIOS_MAX];

    #[inline(always)]
    fn run(self, _: impl Ieee) -> Self::Output {
        let mut profits = self.linear.map(|value| value.wrapping_sub(self.mark));
        if let Some(options) = self.options {
            for (profit, value) in profits.iter_mut().zip(options) {
                *profit = profit.wrapping_add(self.discounts.of_value(*value));
            }
        }
        if let Some(orders) = self.orders {
            for (profit, lost) in profits.iter_mut().zip(orders) {
                *profit = profit.wrapping_add(*lost);
            }
        }
        profits
    }
}

/// How much of every scenario's profit counts.
struct Damped<'a> {
    profits: &'a [i64; SCENARIOS_MAX],
    damping: &'a [u32; SCENARIOS_MAX],
}

impl Kernel for Damped<'_> {
    type Output = [i64; SCENARIOS_MAX];

    #[inline(always)]
    fn run(self, _: impl Ieee) -> Self::Output {
        let mut counted = *self.profits;
        for (profit, damping) in counted.iter_mut().zip(self.damping) {
            *profit = part(*profit, *damping);
        }
        counted
    }
}
