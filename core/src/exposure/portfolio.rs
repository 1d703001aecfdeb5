//! From sums to margin.

use super::fraction::{ceil_ppm, floor_ppm, part};
use super::lot::Discounts;
use super::outlook::{Aspect, Outlook};
use super::records::{Vector, VectorSums};
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

impl SumsView<'_> {
    /// The profits under every scenario, without orders, skews not yet counted as losses.
    #[inline(always)]
    fn profits(&self, discounts: Discounts) -> [i64; SCENARIOS_MAX] {
        let mark = self.vector.sums.mark;
        let mut profits = self.linear.0;
        for profit in &mut profits {
            *profit = profit.wrapping_sub(mark);
        }
        if self.vector.options != 0 {
            for (profit, value) in profits.iter_mut().zip(&self.options.0) {
                *profit = profit.wrapping_add(discounts.of_value(*value));
            }
        }
        profits
    }
}

/// What is summed up over the vectors of a portfolio beside lanes.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// What is lost by basis, at most zero.
    basis: i128,
    /// What is added for want of confidence.
    doubt: i128,
    /// Notional of naked options.
    naked: i128,
    /// Notional of futures and perpetuals.
    linear: i128,
}

impl Counts {
    /// Adds a vector's.
    #[inline(always)]
    fn add(&mut self, kind: Kind, (outlook, aspect): (&Outlook, Option<&Aspect>), sums: &VectorSums) {
        let with_orders = kind == Kind::Initial;
        if let Some(aspect) = aspect {
            let [up, down] = core::array::from_fn(|side| {
                let orders = if with_orders { sums.order_basis[side] } else { 0 };
                sums.basis[side] - sums.mark + orders
            });
            self.basis += (i128::from(up.min(down).min(0)) * i128::from(aspect.basis)) >> 30;
        }
        let doubt = aspect.map_or(outlook.doubt, |aspect| aspect.doubt);
        if with_orders && doubt != 0 {
            self.doubt += ceil_ppm(sums.doubted.into(), doubt);
        }
        self.naked += i128::from(sums.naked[kind.index()]);
        self.linear += i128::from(sums.linear[kind.index()]);
    }
}

/// What the vectors of a portfolio come to together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortfolioTotals<'a> {
    outlook: &'a Outlook,
    kind: Kind,
    profits: [i64; SCENARIOS_MAX],
    counts: Counts,
}

impl<'a> PortfolioTotals<'a> {
    pub(crate) fn new(outlook: &'a Outlook, kind: Kind) -> Self {
        Self { outlook, kind, profits: [0; SCENARIOS_MAX], counts: Counts::default() }
    }

    /// What is left over the margin, in lanes, where everything is worth `mark`; what orders lose at once not taken off.
    pub(crate) fn margin(&self, mark: i64) -> i128 {
        let Self { outlook: Outlook { terms, initial_loss, damping, .. }, counts, .. } = self;
        let worst = counts.basis.min(Level::best().run(Worst { profits: &self.profits, damping }).into());
        let part = |amount: i128, ppm| if amount == 0 { 0 } else { ceil_ppm(amount, ppm) };
        let charge = |place: usize| part(counts.linear, terms.linear[place]) + part(counts.naked, terms.option[place]);
        match self.kind {
            Kind::Maintenance => floor_ppm(worst, terms.maintenance_loss) - charge(0) + i128::from(mark),
            Kind::Initial => floor_ppm(worst, *initial_loss) - charge(0) - charge(1) - counts.doubt + i128::from(mark),
        }
    }
}

/// Adds a vector to what vectors come to, for one margin or for both. `aspect` is that of its expiry; without one, of
/// perpetuals, neither basis nor discounts count.
#[inline(always)]
pub(crate) fn add_vector(totals: &mut [PortfolioTotals<'_>], sums: SumsView<'_>, aspect: Option<&Aspect>) {
    Level::best().run(AddVector { totals, sums, aspect });
}

struct AddVector<'t, 'o, 'a> {
    totals: &'t mut [PortfolioTotals<'o>],
    sums: SumsView<'a>,
    aspect: Option<&'a Aspect>,
}

impl Kernel for AddVector<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Ieee) {
        let Self { totals, sums, aspect } = self;
        let profits = sums.profits(aspect.map_or(Discounts::NONE, Discounts::of));
        for PortfolioTotals { outlook, kind, profits: totals, counts } in totals {
            let skews = outlook.skews;
            let (before, mut lows, mut highs) = (skews.of(totals), skews.of(&profits), skews.of(&profits));
            for (total, profit) in totals.iter_mut().zip(&profits) {
                *total = total.wrapping_add(*profit);
            }
            if *kind == Kind::Initial {
                let lost = skews.of(&sums.orders.0);
                for (skew, upper) in sums.vector.sums.upper.into_iter().enumerate() {
                    lows[skew] += lost[skew];
                    highs[skew] += upper;
                }
                for (total, lost) in totals.iter_mut().zip(&sums.orders.0) {
                    *total = total.wrapping_add(*lost);
                }
            }
            // Under skews whatever changes counts as loss: the worse of what orders may do to it either way.
            skews.set(totals, &core::array::from_fn(|skew| before[skew] - lows[skew].abs().max(highs[skew].abs())));
            counts.add(*kind, (outlook, aspect), &sums.vector.sums);
        }
    }
}

/// The least of profits, as far as each counts; zero, if all are above. (Scenarios that are not used count for nothing.)
struct Worst<'a> {
    profits: &'a [i64; SCENARIOS_MAX],
    damping: &'a [u32; SCENARIOS_MAX],
}

impl Kernel for Worst<'_> {
    type Output = i64;

    #[inline(always)]
    fn run(self, _: impl Ieee) -> i64 {
        worst_of(self.profits, self.damping)
    }
}

/// See [`Worst`]; for kernels.
#[inline(always)]
pub(super) fn worst_of(profits: &[i64; SCENARIOS_MAX], damping: &[u32; SCENARIOS_MAX]) -> i64 {
    /// Numbers that are compared at once.
    const LANES: usize = 8;
    let mut least = [0; LANES];
    for (profits, damping) in profits.chunks_exact(LANES).zip(damping.chunks_exact(LANES)) {
        for ((least, profit), damping) in least.iter_mut().zip(profits).zip(damping) {
            *least = part(*profit, *damping).min(*least);
        }
    }
    least.into_iter().fold(0, i64::min)
}
