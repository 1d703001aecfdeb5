//! From sums to margin.

use super::fraction::{ceil_ppm, floor_ppm, part};
use super::lot::Discounts;
use super::outlook::{Aspect, Outlook};
use super::records::{Sheet, Vector, VectorSums};
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
    /// Its lanes; none where nothing was added to them.
    #[inline(always)]
    pub(crate) fn lanes(&self, sheet: Sheet) -> Option<&[i64; SCENARIOS_MAX]> {
        let lanes = match sheet {
            Sheet::Options => self.options,
            Sheet::Linear => self.linear,
            Sheet::Orders => self.orders,
        };
        self.vector.uses(sheet).then_some(&lanes.0)
    }

    /// The profits under every scenario, without orders, skews not yet counted as losses.
    #[inline(always)]
    fn profits(&self, discounts: Discounts) -> [i64; SCENARIOS_MAX] {
        let mut profits = [0_i64.wrapping_sub(self.vector.sums.mark); SCENARIOS_MAX];
        if let Some(linear) = self.lanes(Sheet::Linear) {
            for (profit, value) in profits.iter_mut().zip(linear) {
                *profit = profit.wrapping_add(*value);
            }
        }
        if let Some(options) = self.lanes(Sheet::Options) {
            for (profit, value) in profits.iter_mut().zip(options) {
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
    /// Notional of naked options.
    naked: i128,
    /// Notional of futures and perpetuals.
    linear: i128,
}

impl Counts {
    /// Adds a vector's.
    #[inline(always)]
    fn add(&mut self, kind: Kind, aspect: Option<&Aspect>, sums: &VectorSums) {
        if let Some(aspect) = aspect {
            let [up, down] = core::array::from_fn(|side| {
                let orders = if kind == Kind::Initial { sums.order_basis[side] } else { 0 };
                sums.basis[side] - sums.mark + orders
            });
            self.basis += (i128::from(up.min(down).min(0)) * i128::from(aspect.basis)) >> 30;
        }
        self.naked += i128::from(sums.naked[kind.index()]);
        self.linear += i128::from(sums.linear[kind.index()]);
    }
}

/// What the vectors of a portfolio come to together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortfolioTotals<'a> {
    outlook: &'a Outlook,
    /// Under every scenario, without orders.
    profits: [i64; SCENARIOS_MAX],
    /// What orders change of that; nothing where no vector has any.
    by_orders: [i64; SCENARIOS_MAX],
    has_orders: bool,
    /// Without orders, and with them.
    counts: [Counts; 2],
    /// What is added for want of confidence, with orders.
    doubt: i128,
}

impl<'a> PortfolioTotals<'a> {
    pub(crate) fn new(outlook: &'a Outlook) -> Self {
        let none = [0; SCENARIOS_MAX];
        Self { outlook, profits: none, by_orders: none, has_orders: false, counts: [Counts::default(); 2], doubt: 0 }
    }

    /// Adds a vector. `aspect` is that of its expiry; without one, of perpetuals, neither basis nor discounts count.
    #[inline(always)]
    pub(crate) fn add(&mut self, sums: SumsView<'_>, aspect: Option<&Aspect>) {
        Level::best().run(AddVector { totals: self, sums, aspect });
        let sums = &sums.vector.sums;
        for kind in [Kind::Maintenance, Kind::Initial] {
            self.counts[kind.index()].add(kind, aspect, sums);
        }
        let doubt = aspect.map_or(self.outlook.doubt, |aspect| aspect.doubt);
        if doubt != 0 {
            self.doubt += ceil_ppm(sums.doubted.into(), doubt);
        }
    }

    /// What is left over margins, in lanes, where everything is worth `mark`; what orders lose at once not taken off.
    pub(crate) fn margins<const N: usize>(&self, kinds: [Kind; N], mark: i64) -> [i128; N] {
        let damping = &self.outlook.damping;
        let worst_of = |profits: &[i64; SCENARIOS_MAX]| i128::from(Level::best().run(Worst { profits, damping }));
        let held = worst_of(&self.profits);
        kinds.map(|kind| {
            if kind == Kind::Maintenance || !self.has_orders {
                return self.margin(kind, held, mark);
            }
            let mut profits = self.profits;
            for (profit, by_orders) in profits.iter_mut().zip(&self.by_orders) {
                *profit = profit.wrapping_add(*by_orders);
            }
            self.margin(kind, worst_of(&profits), mark)
        })
    }

    fn margin(&self, kind: Kind, worst: i128, mark: i64) -> i128 {
        let Self { outlook: Outlook { terms, initial_loss, .. }, counts, .. } = self;
        let counts = &counts[kind.index()];
        let worst = counts.basis.min(worst);
        let part = |amount: i128, ppm| if amount == 0 { 0 } else { ceil_ppm(amount, ppm) };
        let charge = |place: usize| part(counts.linear, terms.linear[place]) + part(counts.naked, terms.option[place]);
        match kind {
            Kind::Maintenance => floor_ppm(worst, terms.maintenance_loss) - charge(0) + i128::from(mark),
            Kind::Initial => floor_ppm(worst, *initial_loss) - charge(0) - charge(1) - self.doubt + i128::from(mark),
        }
    }
}

/// Adds a vector's lanes to what vectors come to.
struct AddVector<'t, 'o, 'a> {
    totals: &'t mut PortfolioTotals<'o>,
    sums: SumsView<'a>,
    aspect: Option<&'a Aspect>,
}

impl Kernel for AddVector<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Ieee) {
        let Self { totals, sums, aspect } = self;
        let PortfolioTotals { outlook, profits: totals, by_orders, has_orders, .. } = totals;
        let skews = outlook.skews;
        let profits = sums.profits(aspect.map_or(Discounts::NONE, Discounts::of));
        let (before, skewed) = (skews.of(totals), skews.of(&profits));
        add_all(totals, &profits);
        // Under skews whatever changes counts as loss: with orders the worse of what these may do to it either way.
        skews.set(totals, &core::array::from_fn(|skew| before[skew] - skewed[skew].abs()));
        if let Some(orders) = sums.lanes(Sheet::Orders) {
            *has_orders = true;
            let (before, lost, upper) = (skews.of(by_orders), skews.of(orders), sums.vector.sums.upper);
            add_all(by_orders, orders);
            let worse = |skew: usize| {
                let profit: i64 = skewed[skew];
                (profit + lost[skew]).abs().max((profit + upper[skew]).abs()) - profit.abs()
            };
            skews.set(by_orders, &core::array::from_fn(|skew| before[skew] - worse(skew)));
        }
    }
}

#[inline(always)]
fn add_all(sums: &mut [i64; SCENARIOS_MAX], others: &[i64; SCENARIOS_MAX]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum = sum.wrapping_add(*other);
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
