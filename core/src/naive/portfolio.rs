//! The sums of vectors, and margin under the model `Portfolio`: "Margin" of `docs/RISK.md`. Everything from scratch.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::arrays::Factors;
use super::kept::Holding;
use super::parts::{ONE, ceil, ceil_fraction, floor, floor_fraction};
use super::scene::{Lot, Scene, is_option};
use super::{Canary, NaiveEngine};
use crate::ids::{AccountId, ExpiryId, UnderlyingId};
use crate::margin::{Array, Greeks};
use crate::pricing::SCENARIOS_MAX;

/// What an account has of an expiry, or of what has none of an underlying, in lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NaiveVector {
    /// Quantity times lanes, over options.
    pub options: Array<i128>,
    /// Over futures and perpetuals.
    pub linear: Array<i128>,
    /// What resting orders add to each scenario's lower sum; zero behind the scenarios.
    pub lower: [i128; SCENARIOS_MAX],
    /// To the upper sum; zero where the scenario is no skew.
    pub upper: [i128; SCENARIOS_MAX],
    /// To both sums of the basis.
    pub order_basis: [i128; 2],
    /// Naked options' notional: without orders, with orders.
    pub naked: [i128; 2],
    /// The notional of futures and perpetuals, likewise.
    pub linear_notional: [i128; 2],
    /// What doubt is a part of: the notional of all, with orders.
    pub doubted: i128,
}

/// What a portfolio needs, as what is left over it: in lanes, without cash and flows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Left {
    pub(super) initial: i128,
    pub(super) maintenance: i128,
}

/// What counts of a sum above zero, or below.
fn discounted(sum: i128, [above, below]: [i128; 2]) -> i128 {
    floor_fraction(sum, if sum >= 0 { above } else { below })
}

/// L: the least that may count of what one lot of an order is worth.
fn least(value: i128, discounts: [i128; 2]) -> i128 {
    let (low, high) = (discounts[0].min(discounts[1]), discounts[0].max(discounts[1]));
    floor_fraction(value, if value >= 0 { low } else { high })
}

/// U: the most.
fn most(value: i128, discounts: [i128; 2]) -> i128 {
    let (low, high) = (discounts[0].min(discounts[1]), discounts[0].max(discounts[1]));
    ceil_fraction(value, if value >= 0 { high } else { low })
}

/// So many times an array, added.
fn add(sums: &mut Array<i128>, lots: i128, lot: &Array<i128>) {
    sums.mark += lots * lot.mark;
    for (sum, lane) in sums.basis.iter_mut().zip(lot.basis) {
        *sum += lots * lane;
    }
    for (sum, lane) in sums.scenarios.iter_mut().zip(lot.scenarios) {
        *sum += lots * lane;
    }
}

impl NaiveVector {
    fn mark(&self) -> i128 {
        self.options.mark + self.linear.mark
    }

    /// X(i).
    fn gain(&self, scenario: usize, factors: &Factors) -> i128 {
        let options = discounted(self.options.scenarios[scenario], factors.discounts);
        options + self.linear.scenarios[scenario] - self.mark()
    }

    fn profit(&self, scenario: usize, is_skew: bool, factors: &Factors, with_orders: bool) -> i128 {
        let gain = self.gain(scenario, factors);
        let orders = if with_orders { [self.lower[scenario], self.upper[scenario]] } else { [0; 2] };
        if !is_skew {
            return gain + orders[0];
        }
        orders.map(|order| -(gain + order).abs()).into_iter().min().unwrap_or(0)
    }

    fn basis_loss(&self, factors: &Factors, with_orders: bool) -> i128 {
        let shocked = [0, 1].map(|shock| {
            let sum = self.options.basis[shock] + self.linear.basis[shock] - self.mark();
            sum + if with_orders { self.order_basis[shock] } else { 0 }
        });
        floor_fraction(shocked[0].min(shocked[1]).min(0), factors.basis)
    }
}

impl NaiveEngine {
    /// The sums of one vector's holdings; none if one of them has no array.
    pub(super) fn vector_of(&self, holdings: &[Holding], scene: &Scene, factors: &Factors) -> Option<NaiveVector> {
        let mut vector = NaiveVector::default();
        for holding in holdings {
            let (array, lot) = self.lot(holding.instrument)?;
            let is_option = is_option(&self.instruments.find(holding.instrument).ok()?.terms);
            add(if is_option { &mut vector.options } else { &mut vector.linear }, holding.lots, &array);
            let discounts = if is_option { factors.discounts } else { [ONE; 2] };
            self.add_orders(&mut vector, holding, &array, (scene, discounts));
            vector.doubted += holding.reach() * lot.notional;
            if is_option {
                let naked = self.naked(holding, holdings).map(|lots| lots * lot.notional);
                vector.naked = [vector.naked[0] + naked[0], vector.naked[1] + naked[1]];
            } else {
                let [without, with] = &mut vector.linear_notional;
                *without += holding.lots.abs() * lot.notional;
                *with += holding.reach() * lot.notional;
            }
        }
        Some(vector)
    }

    /// What an instrument's resting orders add.
    fn add_orders(
        &self,
        vector: &mut NaiveVector,
        holding: &Holding,
        array: &Array<i128>,
        (scene, discounts): (&Scene, [i128; 2]),
    ) {
        let (buys, sells, mark) = (holding.buys, holding.sells, array.mark);
        let least =
            |value: i128| if self.canary == Canary::ReserveIgnoresSign { value } else { least(value, discounts) };
        for (scenario, shock) in scene.shocks.iter().enumerate() {
            let value = array.scenarios[scenario];
            vector.lower[scenario] += buys * (least(value) - mark).min(0) + sells * (least(-value) + mark).min(0);
            if shock.is_skew {
                let most = |value: i128| most(value, discounts);
                vector.upper[scenario] += buys * (most(value) - mark).max(0) + sells * (most(-value) + mark).max(0);
            }
        }
        for (sum, basis) in vector.order_basis.iter_mut().zip(array.basis) {
            *sum += buys * (basis - mark).min(0) + sells * (mark - basis).min(0);
        }
    }

    /// Lots of an option and its pair that are sold and not bought, without and with orders; none at a pair's second.
    fn naked(&self, option: &Holding, holdings: &[Holding]) -> [i128; 2] {
        let pair = self.pair_of(option.instrument).filter(|_| self.canary != Canary::NakedIgnoresPair);
        let pair = holdings.iter().find(|holding| Some(holding.instrument) == pair).copied();
        let pair = pair.unwrap_or(Holding::none(option.instrument));
        if pair.instrument < option.instrument {
            return [0; 2];
        }
        let lots = option.lots + pair.lots;
        let sells = option.sells + pair.sells;
        let sells = if self.canary == Canary::FilledSideForgotten { 0 } else { sells };
        [lots, lots - sells].map(|lots| (-lots).max(0))
    }

    /// The factors of a vector; those of one without an expiry discount nothing, and have no basis.
    pub(super) fn factors_in(scene: &Scene, expiry: ExpiryId) -> (Factors, i128) {
        let none = (Factors { discounts: [ONE; 2], basis: 0 }, scene.doubt);
        scene.expiries.get(&expiry).map_or(none, |dated| (dated.factors, dated.doubt))
    }

    /// A portfolio's vectors, each with its factors and its doubt; none if an instrument has no array.
    fn vectors_in(&self, holdings: &[Holding], scene: &Scene) -> Option<Vec<(NaiveVector, Factors, i128)>> {
        let mut by_expiry: BTreeMap<ExpiryId, Vec<Holding>> = BTreeMap::new();
        for holding in holdings {
            let expiry = self.instruments.find(holding.instrument).ok()?.terms.expiry_id;
            by_expiry.entry(expiry).or_default().push(*holding);
        }
        let vectors = by_expiry.iter().map(|(expiry, holdings)| {
            let (factors, doubt) = Self::factors_in(scene, *expiry);
            Some((self.vector_of(holdings, scene, &factors)?, factors, doubt))
        });
        vectors.collect()
    }

    /// A portfolio under the model of scenarios; none if an instrument has no array.
    pub(super) fn by_scenarios(&self, holdings: &[Holding], scene: &Scene) -> Option<Left> {
        let (vectors, terms) = (self.vectors_in(holdings, scene)?, &scene.terms);
        let worst = |with_orders: bool| {
            let basis: i128 = vectors.iter().map(|(vector, factors, _)| vector.basis_loss(factors, with_orders)).sum();
            let profits = scene.shocks.iter().enumerate().map(|(scenario, shock)| {
                let profit = |(vector, factors, _): &(NaiveVector, Factors, i128)| {
                    vector.profit(scenario, shock.is_skew, factors, with_orders)
                };
                let damping = if self.canary == Canary::DampingForgotten { ONE } else { shock.damping };
                floor_fraction(vectors.iter().map(profit).sum(), damping)
            });
            profits.chain([basis]).min().unwrap_or(0)
        };
        let over = |part: fn(&NaiveVector) -> i128| vectors.iter().map(|(vector, ..)| part(vector)).sum::<i128>();
        let mark = over(NaiveVector::mark);
        let adverse: i128 = holdings.iter().map(|holding| holding.adverse).sum();
        let doubted: i128 = vectors.iter().map(|(vector, _, doubt)| ceil(vector.doubted, *doubt)).sum();
        let (linear, naked) = (over(|vector| vector.linear_notional[0]), over(|vector| vector.naked[0]));
        let maintenance =
            floor(worst(false), terms.maintenance_loss) - ceil(linear, terms.linear[0]) - ceil(naked, terms.option[0])
                + mark;
        let (linear, naked) = (over(|vector| vector.linear_notional[1]), over(|vector| vector.naked[1]));
        let contingency = [0, 1].map(|kind| ceil(linear, terms.linear[kind]) + ceil(naked, terms.option[kind]));
        let initial =
            floor(worst(true), scene.initial_loss) - contingency[0] - contingency[1] - doubted + mark - adverse;
        Some(Left { initial, maintenance })
    }

    /// What an account has of an expiry, or of an underlying's instruments without one: none if it has nothing there,
    /// or something without an array.
    pub fn vector(
        &self,
        account: AccountId,
        underlying: UnderlyingId,
        expiry: Option<ExpiryId>,
    ) -> Option<NaiveVector> {
        let expiry = expiry.unwrap_or(ExpiryId::NONE);
        let is_of = |holding: &Holding| {
            let record = self.kept.find(account, holding.instrument);
            record.is_some_and(|record| record.underlying == underlying && record.expiry == expiry)
        };
        let holdings: Vec<Holding> = self.holdings(account, None).into_iter().filter(is_of).collect();
        if holdings.is_empty() {
            return None;
        }
        let scene = self.valuation.scene(underlying)?;
        self.vector_of(&holdings, scene, &Self::factors_in(scene, expiry).0)
    }

    /// An account's sensitivities over what it holds with an underlying: none if that is nothing, or has no array.
    pub fn greeks(&self, account: AccountId, underlying: UnderlyingId) -> Option<Greeks<i128>> {
        let holdings = self.holdings_in(account, underlying);
        if holdings.is_empty() {
            return None;
        }
        let mut sum = Greeks::default();
        for holding in holdings {
            let (_, _, lot) = self.array(holding.instrument)?;
            sum = Greeks {
                delta: sum.delta + holding.lots * lot.delta,
                gamma: sum.gamma + holding.lots * lot.gamma,
                vega: sum.vega + holding.lots * lot.vega,
                theta: sum.theta + holding.lots * lot.theta,
                rho: sum.rho + holding.lots * lot.rho,
                vanna: sum.vanna + holding.lots * lot.vanna,
                volga: sum.volga + holding.lots * lot.volga,
            };
        }
        Some(sum)
    }

    /// What an account has with an underlying.
    pub(super) fn holdings_in(&self, account: AccountId, underlying: UnderlyingId) -> Vec<Holding> {
        let is_of = |holding: &Holding| {
            self.kept.find(account, holding.instrument).is_some_and(|record| record.underlying == underlying)
        };
        self.holdings(account, None).into_iter().filter(is_of).collect()
    }
}

/// What one lot of futures and perpetuals needs for so many.
pub(super) fn need(lot: &Lot, is_initial: bool, lots: i128) -> i128 {
    let [long, short] = lot.needs[usize::from(is_initial)];
    if lots >= 0 { lots * long } else { -lots * short }
}
