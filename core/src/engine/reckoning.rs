//! Margin from scratch, for queries: what an account would have left if it had other lots, or if prices were others. State
//! is not touched, and nothing of it needs to be current.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bytemuck::Zeroable;

use super::Engine;
use super::exposure::place;
use super::judging::Strikes;
use crate::arena::Marks;
use crate::command::{MarginTerms, PPM};
use crate::exposure::{
    Aspect, Change, Discounts, Kind, Lot, Lots, Margins, Outlook, Portfolio, PortfolioTotals, Staked, Sums, SumsView,
    Vector, VectorKey, atoms,
};
use crate::pricing::SCENARIOS_MAX;
use crate::pricing::array::{ExpiryFeeds, OptionFeeds, ScenarioSet, Volatility};
use crate::terms::{InstrumentKind, MarginModel, OptionType};
use crate::units::TimeNs;
use crate::valuation::{Lanes, Worths, clamp, linear_array};

/// An account's lots in an instrument, and what a lot of it is worth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) instrument: u32,
    pub(super) lots: Lots,
    /// What its orders lose at once, in all.
    pub(super) adverse: i128,
    pub(super) worth: Worth,
}

/// What a lot is worth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    pub(super) worths: Worths,
    pub(super) lanes: Lanes,
    pub(super) aspect: Aspect,
}

/// A vector and its lanes.
struct Summed {
    vector: Vector,
    options: Lanes,
    linear: Lanes,
    orders: Lanes,
}

impl Summed {
    fn new() -> Self {
        let none = Lanes([0; SCENARIOS_MAX]);
        Self { vector: Vector::zeroed(), options: none, linear: none, orders: none }
    }
}

impl<M: Marks> Engine<'_, M> {
    /// The margins of an account, whether or not its sums are current.
    pub(super) fn margins_from_scratch(&self, account: u32) -> Option<Margins> {
        let record = self.accounts.slab.get(account);
        let (model, cash) = (self.model_of(account), record.cash + record.flows);
        let holdings = self.holdings(account)?;
        Some(Margins {
            initial: self.reckon(model, &holdings, cash, Kind::Initial, None)?,
            maintenance: self.reckon(model, &holdings, cash, Kind::Maintenance, None)?,
        })
    }

    /// All that an account has, by the arrays in force; none if one is missing.
    pub(super) fn holdings(&self, account: u32) -> Option<Vec<Held>> {
        let mut holdings = Vec::new();
        let mut portfolio = self.accounts.slab.get(account).portfolios.first;
        while portfolio != 0 {
            let record = self.exposures.portfolio(portfolio);
            let mut position = record.positions.first;
            while position != 0 {
                let held = self.positions.get(position);
                let (instrument, lots) = (held.instrument, held.lots());
                holdings.push(Held { instrument, lots, adverse: 0, worth: self.worth_in_force(instrument)? });
                position = held.siblings.next;
            }
            // Orders are not known one by one: what they lose in all is the first one's.
            if let Some(first) =
                holdings.iter_mut().find(|held| self.underlying_of(held.instrument) == record.underlying)
            {
                first.adverse = record.adverse.into();
            }
            portfolio = record.siblings.next;
        }
        Some(holdings)
    }

    pub(super) fn underlying_of(&self, instrument: u32) -> u32 {
        self.risks.get(instrument).underlying
    }

    /// What a lot is worth by the arrays in force.
    pub(super) fn worth_in_force(&self, instrument: u32) -> Option<Worth> {
        let lot = self.lot(instrument)?;
        let expiry = self.risks.get(instrument).expiry;
        let aspect = *self.aspects.get(place(expiry, self.generation_of(instrument)));
        Some(Worth { worths: *lot.worths, lanes: *lot.lanes, aspect })
    }

    /// What is left over a margin, in atoms, where an account has these lots and so much cash, trades' flows included. Sums
    /// count as of the last passes, but for an underlying of which it is said how they do.
    pub(super) fn reckon(
        &self,
        model: MarginModel,
        holdings: &[Held],
        cash: i128,
        kind: Kind,
        supposed: Option<(u32, &Outlook)>,
    ) -> Option<i128> {
        let mut left = cash;
        let mut underlyings: Vec<u32> = holdings.iter().map(|held| self.underlying_of(held.instrument)).collect();
        underlyings.sort_unstable();
        underlyings.dedup();
        for underlying in underlyings {
            let held = holdings.iter().filter(|held| self.underlying_of(held.instrument) == underlying);
            let outlook = supposed.filter(|(of, _)| *of == underlying).map(|(_, outlook)| outlook);
            let outlook = outlook.unwrap_or_else(|| self.outlooks.get(underlying));
            let held: Vec<_> = held.copied().collect();
            let lanes = self.reckon_portfolio(model, &held, (underlying, outlook), kind)?;
            left += atoms(lanes, self.underlyings.slab.get(underlying).lane_bits);
        }
        Some(left)
    }

    fn reckon_portfolio(
        &self,
        model: MarginModel,
        holdings: &[Held],
        (underlying, outlook): (u32, &Outlook),
        kind: Kind,
    ) -> Option<i128> {
        let mut portfolio = Portfolio::zeroed();
        let mut vectors = BTreeMap::new();
        let mut adverse = 0;
        for (place, held) in holdings.iter().enumerate() {
            let risk = self.risks.get(held.instrument);
            let is_option = self.instruments.slab.get(held.instrument).is_option();
            let Worth { worths, lanes, aspect } = &held.worth;
            let discounts = if is_option { Discounts::of(aspect) } else { Discounts::NONE };
            let Staked { stakes, losses } = &Staked::new(worths, lanes, discounts, outlook);
            let lot = Lot { worths, lanes, is_option, losses: losses.each_ref(), stakes };
            let change = Change { before: Lots::NONE, after: held.lots };
            portfolio.restate(model, &lot, &change);
            adverse += held.adverse;
            if model == MarginModel::Portfolio {
                let pair = holdings[..place].iter().find(|other| risk.pair != 0 && other.instrument == risk.pair);
                let key = VectorKey::new(underlying, risk.expiry);
                let (summed, _) = vectors.entry(key.0).or_insert_with(|| (Summed::new(), *aspect));
                summed.vector.key = key.0;
                let Summed { vector, options, linear, orders } = summed;
                let pair = pair.map_or(Lots::NONE, |pair| pair.lots);
                let held = Some(if is_option { options } else { linear });
                Sums { vector, held, orders: Some(orders) }.restate(&lot, &change, pair);
            }
        }
        let adverse = if kind == Kind::Initial { adverse } else { 0 };
        let lanes = match model {
            MarginModel::Futures => i128::from(portfolio.mark - portfolio.needs[kind as usize]),
            MarginModel::Portfolio => reckon_vectors(outlook, vectors.values(), portfolio.mark, kind),
            MarginModel::Standard => {
                i128::from(portfolio.mark - portfolio.needs[kind as usize])
                    + self.reckon_strikes(holdings, kind, &outlook.terms)?
            }
        };
        Some(lanes - adverse)
    }

    fn reckon_strikes(&self, holdings: &[Held], kind: Kind, terms: &MarginTerms) -> Option<i128> {
        let mut expiries = BTreeMap::<u32, Strikes>::new();
        for held in holdings.iter().filter(|held| self.instruments.slab.get(held.instrument).is_option()) {
            let expiry = self.risks.get(held.instrument).expiry;
            let strikes = expiries.entry(expiry).or_default();
            strikes.forward = held.worth.aspect.forward;
            self.add_strike(strikes, held.instrument, held.lots, &held.worth.worths, kind);
        }
        expiries.iter().try_fold(0, |sum, (expiry, strikes)| {
            Some(sum + self.margin_of_strikes(strikes, *expiry, kind, terms).ok()?)
        })
    }

    /// How sums of an underlying would count after a pass now; none without a scenario set.
    pub(super) fn outlook_now(&self, underlying: u32) -> Option<Outlook> {
        let record = self.underlyings.slab.get(underlying);
        let set = u32::from(record.rules.scenario_set);
        if set == 0 {
            return None;
        }
        let peg = if record.peg == 0 { None } else { self.underlyings.slab.get(record.peg).index.value() };
        let confidence = record.index.confidence_or_one();
        Some(Outlook::new(self.scenarios.get(set).used(), &self.terms.get(set).terms, confidence, peg))
    }

    /// What a lot would be worth, and how sums of it would count, if the prices of its underlying were a part of what they are,
    /// in ppm, all else being as feeds say now. None where one says nothing.
    pub(super) fn worth_at(&self, instrument: u32, part: u32) -> Option<Worth> {
        let (risk, record) = (self.risks.get(instrument), self.instruments.slab.get(instrument));
        let underlying = self.underlyings.slab.get(risk.underlying);
        let set = u32::from(underlying.rules.scenario_set);
        if set == 0 {
            return None;
        }
        let (scenarios, shocks) = (self.scenarios.get(set), self.shocks.get(set));
        let scaled = |price: i64| (i128::from(price) * i128::from(part) / i128::from(PPM)) as i64;
        let now = self.header.get().time;
        let until = |expiry: TimeNs| expiry.0.saturating_sub(now.0);
        let mut aspect = Aspect::zeroed();
        if risk.expiry != 0 {
            let expiry = self.expiries.slab.get(risk.expiry);
            aspect = Aspect::new(&shocks.shocks, expiry.rate.value(), until(expiry.time));
            aspect.forward = expiry.forward.value().map_or(0, scaled);
        }
        let (array, greeks) = if record.is_option() {
            let expiry = self.expiries.slab.get(risk.expiry);
            let forward = scaled(expiry.forward.value()?);
            let volatility = if expiry.has_smiles() {
                expiry.surface.value()?;
                Volatility::Of(self.smiles.get(risk.expiry).current)
            } else {
                Volatility::Own(risk.volatility.value()?)
            };
            let is_on_demand = record.kind == InstrumentKind::OnDemandOption.code();
            let feeds = OptionFeeds {
                is_call: record.option_type == OptionType::Call.code(),
                strike: i128::from(record.strike.0) * i128::from(risk.price_unit.0),
                volatility,
                exercised_at: if is_on_demand { Some(scaled(underlying.index.value()?)) } else { None },
            };
            let feeds_then = ExpiryFeeds { forward, rate: expiry.rate.value()?, nanoseconds: until(expiry.time) };
            let prepared = ScenarioSet::new(scenarios.used(), &shocks.shocks).prepare(&feeds_then);
            prepared.option_array(&feeds, &self.lot_to_value(risk, record))
        } else {
            let value = i128::from(scaled(record.mark()?.0)) * i128::from(record.multiplier);
            let value = clamp(value.saturating_mul(1 << underlying.lane_bits), risk.lane_limit);
            let expires_in = (risk.expiry != 0).then(|| until(record.expiry));
            linear_array(value, risk.lane_limit, expires_in, scenarios, shocks)
        };
        let (mut worths, lanes) = Worths::store(1, &array, &greeks);
        let price = underlying.index.value().map_or(aspect.forward, scaled);
        self.value_for_margin_at(instrument, price, &self.terms.get(set).terms, &mut worths);
        Some(Worth { worths, lanes, aspect })
    }
}

fn reckon_vectors<'v>(
    outlook: &Outlook,
    vectors: impl Iterator<Item = &'v (Summed, Aspect)>,
    mark: i64,
    kind: Kind,
) -> i128 {
    let mut totals = PortfolioTotals::new(outlook);
    for (Summed { vector, options, linear, orders }, aspect) in vectors {
        let has_expiry = VectorKey(vector.key).expiry() != 0;
        totals.add(SumsView { vector, options, linear, orders }, has_expiry.then_some(aspect));
    }
    let [left] = totals.margins([kind], mark);
    left
}
