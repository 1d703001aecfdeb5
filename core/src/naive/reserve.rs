//! The check of an order, adverse prices and unlucky fills: "Adverse price" and "The check of an order" of
//! `docs/RISK.md`.

use ethnum::I256;

use super::arrays::lane_limit;
use super::book::Order;
use super::kept::Holding;
use super::margin::{Question, STANDARD_OPTIONS};
use super::parts::{ceil, narrow};
use super::scene::{is_option, lot_in_ticks};
use super::venue::Instrument;
use super::{Canary, NaiveEngine};
use crate::ids::{AccountId, InstrumentId, UnderlyingId};
use crate::reject::RejectCode;
use crate::terms::{MarginModel, MarginStatus, Side, Validity};
use crate::units::PriceTicks;

/// A portfolio's load is at most this.
const LOAD_MAX: i128 = 1 << 61;

/// An order to be checked, and what there is without it.
struct Proposal<'a> {
    order: &'a Order,
    listed: Instrument,
    model: MarginModel,
    holdings: &'a [Holding],
    /// What of these is of its instrument.
    own: Holding,
    validity: Validity,
}

impl NaiveEngine {
    /// What one lot of an order would lose at once at a price; none without an array.
    fn adverse_at(&self, order: &Order, price: PriceTicks) -> Option<I256> {
        let terms = self.instruments.find(order.instrument).ok()?.terms;
        let (_, array, _) = self.array(order.instrument)?;
        let mut mark = array.mark;
        if is_option(&terms) && self.margin_model(order.account) == Some(MarginModel::Standard) {
            mark = 0;
        }
        let more = lot_in_ticks(&terms, self.lane_bits(terms.underlying_id), price.get()) - I256::from(mark);
        let loss = if order.side == Side::Buy { more } else { -more };
        Some(loss.max(I256::ZERO))
    }

    /// The price that a check takes an order to have: of a pegged order the worst that it may come to.
    fn price_in_check(&self, order: &Order) -> PriceTicks {
        let (Some(peg), Ok(listed)) = (order.peg, self.instruments.find(order.instrument)) else { return order.price };
        match order.side {
            Side::Buy => peg.limit.min(listed.limit_high),
            Side::Sell => peg.limit.max(listed.limit_low),
        }
    }

    /// What is kept of an order that comes to rest: its adverse price, at most the lane limit, zero without an array.
    pub(super) fn kept_adverse(&self, order: &Order) -> i128 {
        if !self.genesis.is_margined() {
            return 0;
        }
        let Ok(listed) = self.instruments.find(order.instrument) else { return 0 };
        let adverse = self.adverse_at(order, self.price_in_check(order)).map_or(0, narrow);
        adverse.min(lane_limit(&listed.terms))
    }

    /// An order that rested was filled: if it loses more than it was reserved for, and where its account is short or its
    /// portfolio not current, the account is to be judged.
    pub(super) fn notice_fill(&mut self, order: &Order, other: &Order, price: PriceTicks) {
        if !self.genesis.is_margined() || order.account == other.account {
            return;
        }
        let Ok(listed) = self.instruments.find(order.instrument) else { return };
        let is_current = self.is_portfolio_current(order.account, listed.terms.underlying_id);
        let loses_more = self.adverse_at(order, price).is_some_and(|loss| loss > I256::from(order.adverse));
        let is_short = self.margin_status(order.account).is_some_and(|status| status != MarginStatus::Healthy);
        if loses_more || !is_current || is_short {
            self.mark_to_be_judged(order.account);
        }
    }

    /// The load of what an account has with one underlying.
    pub(super) fn load(&self, holdings: &[Holding]) -> i128 {
        let load = |holding: &Holding| {
            let limit = self.instruments.find(holding.instrument).map_or(0, |listed| lane_limit(&listed.terms));
            (holding.lots.abs() + 3 * (holding.buys + holding.sells)) * limit
        };
        holdings.iter().map(load).sum()
    }

    /// The check of an order, after all others. `replaced` is what it replaces, or was.
    pub(super) fn check_margin(&mut self, order: &Order, replaced: Option<&Order>) -> Result<(), RejectCode> {
        if !self.genesis.is_margined() {
            return Ok(());
        }
        let (account, id) = (order.account, order.instrument);
        let listed = *self.instruments.find(id)?;
        // 1.
        let model = self.margin_model(account).ok_or(RejectCode::NoMarginModel)?;
        if model == MarginModel::Futures && is_option(&listed.terms) {
            return Err(RejectCode::ModelForbidsInstrument);
        }
        // 2.
        if self.kept.find(account, id).is_none() {
            self.check_tables(account, &listed, model)?;
        }
        let holdings = self.holdings(account, replaced);
        let own = holdings.iter().find(|holding| holding.instrument == id).copied().unwrap_or(Holding::none(id));
        // 3.
        let (reached, reducible) = match order.side {
            Side::Buy => (own.buys + i128::from(order.leaves.get()), -own.lots),
            Side::Sell => (own.sells + i128::from(order.leaves.get()), own.lots),
        };
        let only_reduces = reached <= reducible;
        // 4.
        if !only_reduces && reached - reducible > i128::from(listed.terms.position_max.get()) {
            return Err(RejectCode::PositionTooLarge);
        }
        // 5.
        let validity = self.instrument_validity(id).unwrap_or(Validity::Invalid);
        if !only_reduces && matches!(validity, Validity::Stale | Validity::Invalid) {
            return Err(RejectCode::FeedNotValid);
        }
        // 6.
        let without_array = if only_reduces { Ok(()) } else { Err(RejectCode::NoRiskArray) };
        if self.lot(id).is_none() || only_reduces && self.canary == Canary::ReduceAlwaysAccepted {
            return without_array;
        }
        // 7.
        self.make_current_for_order(account, listed.terms.underlying_id);
        if self.margin_of(account).is_none() {
            return without_array;
        }
        self.check_reserve(&Proposal { order, listed, model, holdings: &holdings, own, validity })
    }

    fn make_current_for_order(&mut self, account: AccountId, underlying: UnderlyingId) {
        match self.canary {
            Canary::MixedGenerations => self.add_portfolio(account, underlying),
            Canary::JudgedLate if !self.is_current(account) => {
                while self.add_next(account) {}
                self.mark_to_be_judged(account);
            }
            _ => self.make_current(account),
        }
    }

    /// Room for a record.
    fn check_tables(&self, account: AccountId, listed: &Instrument, model: MarginModel) -> Result<(), RejectCode> {
        let (capacities, terms) = (&self.genesis.capacities, &listed.terms);
        if self.kept.len() >= capacities.positions as usize {
            return Err(RejectCode::PositionTableFull);
        }
        let is_of = |(underlying, expiry)| underlying == terms.underlying_id && expiry == terms.expiry_id;
        let has_vector = self.kept.of(account).any(|record| is_of((record.underlying, record.expiry)));
        if !has_vector && self.kept.vectors() >= capacities.vectors as usize {
            return Err(RejectCode::VectorTableFull);
        }
        let options = self.options_of(account).get(&terms.expiry_id).copied().unwrap_or_default();
        if model == MarginModel::Standard && is_option(terms) && options >= STANDARD_OPTIONS {
            return Err(RejectCode::TooManyOptions);
        }
        Ok(())
    }

    /// 8 to 11 of the check.
    fn check_reserve(&mut self, proposal: &Proposal<'_>) -> Result<(), RejectCode> {
        let &Proposal { order, listed, model, holdings, own, validity } = proposal;
        let (account, terms) = (order.account, &listed.terms);
        let price = self.price_in_check(order);
        let adverse = self.adverse_at(order, price).ok_or(RejectCode::NoRiskArray)?;
        if adverse > I256::from(lane_limit(terms)) {
            return Err(RejectCode::PriceTooFar);
        }
        let with = |own: Holding| {
            let others = holdings.iter().copied().filter(|holding| holding.instrument != own.instrument);
            others.chain([own]).collect::<alloc::vec::Vec<_>>()
        };
        let rested = with(own.with(order, narrow(adverse)));
        let in_portfolio = |holding: &&Holding| self.underlying_of(holding.instrument) == terms.underlying_id;
        let portfolio: alloc::vec::Vec<Holding> = rested.iter().filter(in_portfolio).copied().collect();
        if self.load(&portfolio) > LOAD_MAX {
            return Err(RejectCode::PortfolioTooLarge);
        }
        let (money, lots) = (self.money(account), i128::from(order.leaves.get()));
        let ask = |money: I256, holdings: &[Holding], less: i128| {
            let less = Some((terms.underlying_id, less));
            let question = Question { model: Some(model), money, holdings, less };
            self.reckon(&question).map(|margins| margins.initial).ok_or(RejectCode::NoRiskArray)
        };
        let mut doubted = 0;
        if validity == Validity::Degraded
            && let (Some((_, lot)), Some(scene)) =
                (self.lot(order.instrument), self.valuation.scene(terms.underlying_id))
        {
            doubted = ceil(lots * lot.notional, scene.terms.doubt);
        }
        let reserved = ask(money, &rested, doubted)?;
        if reserved >= I256::ZERO {
            return Ok(());
        }
        let without = ask(money, holdings, 0)?;
        let signed = if order.side == Side::Buy { lots } else { -lots };
        let paid = I256::from(signed) * I256::from(price.get()) * I256::from(terms.multiplier.get());
        let filled = ask(money - paid, &with(Holding { lots: own.lots + signed, ..own }), 0)?;
        if filled >= without {
            self.mark_to_be_judged(account);
            return Ok(());
        }
        self.emit_shortfall(account, order.instrument, (reserved, without));
        Err(RejectCode::InsufficientMargin)
    }

    fn underlying_of(&self, instrument: InstrumentId) -> UnderlyingId {
        self.instruments.find(instrument).map_or(UnderlyingId::NONE, |listed| listed.terms.underlying_id)
    }
}
