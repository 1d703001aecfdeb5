//! What would be: an account's margin if an order came, the price at which it would be liquidated, and what it gains or
//! loses under every scenario. Queries: state is not touched.

use alloc::vec::Vec;

use super::Engine;
use super::reckoning::Held;
use super::sweep::{paid, signed};
use crate::arena::Marks;
use crate::command::PPM;
use crate::exposure::{Kind, LOAD_MAX, Lots, Outlook, STANDARD_OPTIONS_MAX};
use crate::ids::{AccountId, EntityId, InstrumentId, OrderId, UnderlyingId};
use crate::margin::Greeks;
use crate::reject::RejectCode;
use crate::terms::{MarginModel, Side};
use crate::units::{CashAtoms, PriceTicks, QuantityLots};

/// How far prices are looked at for a liquidation price: from a hundredth of what they are to four times that.
const PARTS: [(u32, i32); 2] = [(10_000, -10_000), (4 * PPM, 30_000)];

/// An order that rests: instrument, side, price, open quantity.
type Resting = (u32, Side, PriceTicks, i64);

/// An order that might come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supposition {
    /// Where.
    pub instrument: InstrumentId,
    /// Bought or sold.
    pub side: Side,
    /// At this price.
    pub price: PriceTicks,
    /// So many lots.
    pub quantity: QuantityLots,
    /// Whether it is filled; else it rests.
    pub is_filled: bool,
}

/// What is left over margins, in atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Over the initial margin.
    pub initial: i128,
    /// Over the maintenance margin.
    pub maintenance: i128,
}

/// The prices of an underlying, below and above what its index says, at which an account would fall below its maintenance
/// margin: all its instruments there follow the price, its other positions stay what they are, volatilities and rates too,
/// and its orders are filled where the price passes them. None if there is no such price from a hundredth of the index to
/// four times it, or a feed is missing; the index itself if the account is below already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidation {
    /// The underlying.
    pub underlying: UnderlyingId,
    /// The nearest price below.
    pub below: Option<CashAtoms>,
    /// The nearest price above.
    pub above: Option<CashAtoms>,
}

/// What an account's margin is, and would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// As it is.
    pub before: Left,
    /// As it would be.
    pub after: Left,
    /// At which prices it would then be liquidated: of each underlying in which it would have something.
    pub liquidation: Vec<Liquidation>,
}

/// An account's sensitivities in an underlying, and what its positions there gain under each scenario, in lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioView {
    /// Bits behind the atom that all of them have.
    pub lane_bits: u8,
    /// Sums of sensitivities.
    pub greeks: Greeks<i128>,
    /// Value now.
    pub mark: i128,
    /// What is gained by each scenario, undiscounted and undamped; below zero it is lost.
    pub profits: Vec<i128>,
}

impl<M: Marks> Engine<'_, M> {
    /// An account's margin as it is and, if something is supposed, as it would be. Reckoned from scratch: nothing of it needs
    /// to be current, and nothing is touched.
    ///
    /// # Errors
    /// The code with which an order would be rejected: an account or instrument that there is not, an account without a
    /// model or one whose model forbids the instrument, a risk array that is missing, a quantity below one lot, a position
    /// that is too large, a price too far, too many options of an expiry, a portfolio that is too large.
    pub fn estimate(&self, account: AccountId, supposed: Option<&Supposition>) -> Result<Estimate, RejectCode> {
        let slot = self.find_account(account)?;
        let record = self.accounts.slab.get(slot);
        let model = MarginModel::from_code(record.margin_model).ok_or(RejectCode::NoMarginModel)?;
        let cash = record.cash + record.flows;
        let holdings = self.holdings(slot).ok_or(RejectCode::NoRiskArray)?;
        let before = self.left(model, &holdings, cash)?;
        let Some(supposed) = supposed else {
            let liquidation = self.liquidations(slot, model, (&holdings, None), cash);
            return Ok(Estimate { before, after: before, liquidation });
        };
        let instrument = self.find_instrument(supposed.instrument)?;
        let (holdings, cash) = self.with_supposed(slot, model, holdings, cash, (instrument, supposed))?;
        let after = self.left(model, &holdings, cash)?;
        let &Supposition { side, price, quantity, is_filled, .. } = supposed;
        let order = (!is_filled).then_some((instrument, side, price, quantity.0));
        let liquidation = self.liquidations(slot, model, (&holdings, order), cash);
        Ok(Estimate { before, after, liquidation })
    }

    /// What an account would have left if resting orders of its were filled at their prices, so many lots of each, the others
    /// resting on.
    ///
    /// # Errors
    /// As [`Engine::estimate`]; [`RejectCode::UnknownOrder`] for an order that does not rest, or has not as many lots open,
    /// [`RejectCode::OrderNotOwned`] for another's.
    pub fn estimate_fills(&self, account: AccountId, fills: &[(OrderId, QuantityLots)]) -> Result<Left, RejectCode> {
        let slot = self.find_account(account)?;
        let record = self.accounts.slab.get(slot);
        let model = MarginModel::from_code(record.margin_model).ok_or(RejectCode::NoMarginModel)?;
        let mut cash = record.cash + record.flows;
        let mut holdings = self.holdings(slot).ok_or(RejectCode::NoRiskArray)?;
        for &(id, quantity) in fills {
            let order = self.book.try_order(id.slot()).filter(|order| order.id == id && order.level != 0);
            let order = order.ok_or(RejectCode::UnknownOrder)?;
            if order.account != account {
                return Err(RejectCode::OrderNotOwned);
            }
            let held = holdings.iter_mut().find(|held| held.instrument == order.instrument);
            let held = held.filter(|_| (0..=self.open_quantity(order).0).contains(&quantity.0));
            let held = held.ok_or(RejectCode::UnknownOrder)?;
            let bought = signed(order.side(), quantity.0);
            held.lots.held += bought;
            match order.side() {
                Side::Buy => held.lots.buys -= quantity.0,
                Side::Sell => held.lots.sells -= quantity.0,
            }
            held.adverse -= i128::from(quantity.0) * i128::from(self.exposures.reserve(id.slot()).adverse);
            cash -= paid(bought, order.price, self.instruments.slab.get(order.instrument).multiplier);
        }
        self.left(model, &holdings, cash)
    }

    fn left(&self, model: MarginModel, holdings: &[Held], cash: i128) -> Result<Left, RejectCode> {
        let left = |kind| self.reckon(model, holdings, cash, kind, None).ok_or(RejectCode::NoRiskArray);
        Ok(Left { initial: left(Kind::Initial)?, maintenance: left(Kind::Maintenance)? })
    }

    /// What an account has, with what is supposed.
    fn with_supposed(
        &self,
        account: u32,
        model: MarginModel,
        mut holdings: Vec<Held>,
        cash: i128,
        (instrument, supposed): (u32, &Supposition),
    ) -> Result<(Vec<Held>, i128), RejectCode> {
        let record = self.instruments.slab.get(instrument);
        record.check_lot(supposed.quantity)?;
        if self.underlying_of(instrument) == 0 || !self.is_margined() {
            return Err(RejectCode::NoRiskArray);
        }
        if model == MarginModel::Futures && record.is_option() {
            return Err(RejectCode::ModelForbidsInstrument);
        }
        let worth = self.worth_in_force(instrument).ok_or(RejectCode::NoRiskArray)?;
        let risk = self.risks.get(instrument);
        let adverse = self.adverse(account, instrument, supposed.side, supposed.price);
        if adverse > i128::from(risk.lane_limit) {
            return Err(RejectCode::PriceTooFar);
        }
        let place = holdings.iter().position(|held| held.instrument == instrument);
        if place.is_none() && model == MarginModel::Standard && record.is_option() {
            let is_of_expiry = |held: &&Held| {
                let other = self.risks.get(held.instrument);
                other.is_option != 0 && other.expiry == risk.expiry
            };
            if holdings.iter().filter(is_of_expiry).count() >= STANDARD_OPTIONS_MAX as usize {
                return Err(RejectCode::TooManyOptions);
            }
        }
        let place = place.unwrap_or_else(|| {
            holdings.push(Held { instrument, lots: Lots::NONE, adverse: 0, worth });
            holdings.len() - 1
        });
        let held = &mut holdings[place];
        let quantity = supposed.quantity.0;
        let reached = match supposed.side {
            Side::Buy => i128::from(held.lots.held) + i128::from(held.lots.buys),
            Side::Sell => i128::from(held.lots.sells) - i128::from(held.lots.held),
        };
        if reached + i128::from(quantity) > i128::from(risk.position_max) {
            return Err(RejectCode::PositionTooLarge);
        }
        let mut cash = cash;
        if supposed.is_filled {
            let bought = signed(supposed.side, quantity);
            held.lots.held += bought;
            cash -= paid(bought, supposed.price, record.multiplier);
        } else {
            match supposed.side {
                Side::Buy => held.lots.buys += quantity,
                Side::Sell => held.lots.sells += quantity,
            }
            held.adverse += adverse * i128::from(quantity);
        }
        let load =
            |held: &Held| i128::from(held.lots.weight()) * i128::from(self.risks.get(held.instrument).lane_limit);
        let of_underlying = |held: &&Held| self.underlying_of(held.instrument) == risk.underlying;
        if holdings.iter().filter(of_underlying).map(load).sum::<i128>() > i128::from(LOAD_MAX) {
            return Err(RejectCode::PortfolioTooLarge);
        }
        Ok((holdings, cash))
    }

    /// At which prices an account with these lots, and one order more than it has, falls below its maintenance margin.
    fn liquidations(
        &self,
        account: u32,
        model: MarginModel,
        (holdings, order): (&[Held], Option<Resting>),
        cash: i128,
    ) -> Vec<Liquidation> {
        let has_something = holdings.iter().filter(|held| !held.lots.are_none());
        let mut underlyings: Vec<u32> = has_something.map(|held| self.underlying_of(held.instrument)).collect();
        underlyings.sort_unstable();
        underlyings.dedup();
        let of = |underlying: u32| {
            let order = order.filter(|order| self.underlying_of(order.0) == underlying);
            let [below, above] = self.liquidation(account, model, (holdings, order), cash, underlying);
            Liquidation { underlying: self.underlyings.slab.get(underlying).id, below, above }
        };
        underlyings.into_iter().map(of).collect()
    }

    /// The prices of one underlying.
    fn liquidation(
        &self,
        account: u32,
        model: MarginModel,
        (holdings, order): (&[Held], Option<Resting>),
        cash: i128,
        underlying: u32,
    ) -> [Option<CashAtoms>; 2] {
        let index = self.underlyings.slab.get(underlying).index.value();
        let Some((index, outlook)) = index.zip(self.outlook_now(underlying)) else { return [None; 2] };
        let mut orders = self.orders_of(account, underlying);
        orders.extend(order);
        let is_short = |part: u32| {
            let left = self.maintenance_at(model, holdings, cash, underlying, (part, &orders, &outlook));
            left.is_some_and(|left| left < 0)
        };
        let price = |part: u32| CashAtoms((i128::from(index) * i128::from(part) / i128::from(PPM)) as i64);
        PARTS.map(|(last, step)| {
            let (mut sound, mut part) = (PPM, PPM);
            while !is_short(part) {
                if part == last {
                    return None;
                }
                sound = part;
                part = part.saturating_add_signed(step);
            }
            // The nearest part that is short lies between.
            while sound.abs_diff(part) > 1 {
                let middle = sound.midpoint(part);
                if is_short(middle) {
                    part = middle;
                } else {
                    sound = middle;
                }
            }
            Some(price(part))
        })
    }

    /// An account's resting orders in an underlying's instruments.
    fn orders_of(&self, account: u32, underlying: u32) -> Vec<Resting> {
        let slots = 1..=self.book.highest_order_slot();
        let orders = slots.map(|slot| self.book.order(slot)).filter(|order| {
            order.account.slot() == account && order.level != 0 && self.underlying_of(order.instrument) == underlying
        });
        orders.map(|order| (order.instrument, order.side(), order.price, self.open_quantity(order).0)).collect()
    }

    /// What is left over the maintenance margin if an underlying's prices were a part of what they are.
    fn maintenance_at(
        &self,
        model: MarginModel,
        holdings: &[Held],
        cash: i128,
        underlying: u32,
        (part, orders, outlook): (u32, &[Resting], &Outlook),
    ) -> Option<i128> {
        let mut cash = cash;
        let mut moved = Vec::with_capacity(holdings.len());
        for held in holdings {
            if self.underlying_of(held.instrument) != underlying {
                moved.push(*held);
                continue;
            }
            let worth = self.worth_at(held.instrument, part)?;
            let mut lots = held.lots;
            for &(_, side, price, open) in orders.iter().filter(|order| order.0 == held.instrument) {
                let over = self.price_in_lanes(held.instrument, price) - i128::from(worth.worths.mark);
                if over == 0 || (over > 0) == (side == Side::Buy) {
                    let bought = signed(side, open);
                    lots.held += bought;
                    cash -= paid(bought, price, self.instruments.slab.get(held.instrument).multiplier);
                }
            }
            moved.push(Held { lots, worth, ..*held });
        }
        self.reckon(model, &moved, cash, Kind::Maintenance, Some((underlying, outlook)))
    }

    /// An account's sensitivities in an underlying, and what its positions there gain under each scenario, by the arrays in
    /// force: none if one is missing, or there is no such account or underlying.
    pub fn scenarios(&self, account: AccountId, underlying: UnderlyingId) -> Option<ScenarioView> {
        let (account, underlying) = (self.find_account(account).ok()?, self.find_underlying(underlying).ok()?);
        let count = self.outlooks.try_get(underlying)?.scenarios as usize;
        let lane_bits = self.underlyings.slab.get(underlying).lane_bits;
        let (mut greeks, mut mark, mut profits) = (Greeks::default(), 0, alloc::vec![0; count]);
        for held in self.holdings(account)?.iter().filter(|held| self.underlying_of(held.instrument) == underlying) {
            let (lots, worth) = (i128::from(held.lots.held), &held.worth);
            add_greeks(&mut greeks, lots, &worth.worths.greeks());
            mark += lots * i128::from(worth.worths.mark);
            for (profit, lane) in profits.iter_mut().zip(worth.lanes.0) {
                *profit += lots * (i128::from(lane) - i128::from(worth.worths.mark));
            }
        }
        Some(ScenarioView { lane_bits, greeks, mark, profits })
    }
}

fn add_greeks(sums: &mut Greeks<i128>, lots: i128, lot: &Greeks<i64>) {
    let pairs = [
        (&mut sums.delta, lot.delta),
        (&mut sums.gamma, lot.gamma),
        (&mut sums.vega, lot.vega),
        (&mut sums.theta, lot.theta),
        (&mut sums.rho, lot.rho),
        (&mut sums.vanna, lot.vanna),
        (&mut sums.volga, lot.volga),
    ];
    for (sum, each) in pairs {
        *sum += lots * i128::from(each);
    }
}
