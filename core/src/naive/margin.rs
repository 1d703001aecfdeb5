//! Margin of accounts, cash and margin models: "Setting up" and "Margin" of `docs/RISK.md`.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bytemuck::Zeroable;
use ethnum::I256;

use super::book::Order;
use super::kept::Holding;
use super::parts::{event_atoms, narrow};
use super::portfolio::{Left, need};
use super::scene::{Scene, is_option, lot_at, lot_in_ticks};
use super::{Canary, NaiveEngine};
use crate::command::{AdjustCash, MarginTerms, SetMarginModel};
use crate::event::{CashAdjusted, MarginModelSet, MarginShortfall};
use crate::ids::{AccountId, ExpiryId, InstrumentId, UnderlyingId};
use crate::margin::standard::{self, Parameters, Position};
use crate::margin::{Rate, TooLarge};
use crate::reject::RejectCode;
use crate::terms::{MarginModel, OptionType, Side};
use crate::units::{CashAtoms, PriceTicks, QuantityLots};

/// Options of an expiry that the standard model looks at.
pub(super) const STANDARD_OPTIONS: usize = 32;

/// What is left of an account over its margins, in atoms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Margins {
    pub(super) initial: I256,
    pub(super) maintenance: I256,
}

/// Whose margin is asked for, were it not for what is the case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) model: Option<MarginModel>,
    /// Cash and flows.
    pub(super) money: I256,
    pub(super) holdings: &'a [Holding],
    /// What an underlying's initial margin is less.
    pub(super) less: Option<(UnderlyingId, i128)>,
}

/// A rate in ppm.
fn rate(ppm: u32) -> Rate {
    Rate::new(u128::from(ppm) * 1_000_000_000_000).unwrap_or(Rate::ONE)
}

fn parameters(terms: &MarginTerms) -> Parameters {
    Parameters {
        initial: rate(terms.initial),
        initial_min: rate(terms.initial_min),
        maintenance: terms.maintenance.map(rate),
        maintenance_of_mark: rate(terms.maintenance_of_mark),
        offset: rate(terms.offset),
        unpaired: terms.unpaired.map(rate),
    }
}

impl NaiveEngine {
    /// Cash and flows together.
    pub(super) fn money(&self, account: AccountId) -> I256 {
        self.accounts.find(account).map_or(I256::ZERO, |open| I256::from(open.cash) + I256::from(open.flows))
    }

    /// An account's margins as it is; none if it is not reckonable.
    pub(super) fn margin_of(&self, account: AccountId) -> Option<Margins> {
        let model = self.margin_model(account);
        let holdings = self.holdings(account, None);
        self.reckon(&Question { model, money: self.money(account), holdings: &holdings, less: None })
    }

    /// The margins that were asked for; none if an instrument has no array.
    pub(super) fn reckon(&self, question: &Question<'_>) -> Option<Margins> {
        let mut by_underlying: BTreeMap<UnderlyingId, Vec<Holding>> = BTreeMap::new();
        for holding in question.holdings {
            let underlying = self.instruments.find(holding.instrument).ok()?.terms.underlying_id;
            by_underlying.entry(underlying).or_default().push(*holding);
        }
        let mut margins = Margins { initial: question.money, maintenance: question.money };
        for (underlying, holdings) in by_underlying {
            let mut left = self.portfolio(question.model?, underlying, &holdings)?;
            if let Some((of, amount)) = question.less
                && of == underlying
            {
                left.initial -= amount;
            }
            let atoms = |lanes: i128| I256::from(lanes.div_euclid(1 << self.lane_bits(underlying)));
            margins.initial += atoms(left.initial);
            margins.maintenance += atoms(left.maintenance);
        }
        Some(margins)
    }

    fn portfolio(&self, model: MarginModel, underlying: UnderlyingId, holdings: &[Holding]) -> Option<Left> {
        let scene = self.valuation.scene(underlying)?;
        match model {
            MarginModel::Portfolio => self.by_scenarios(holdings, scene),
            MarginModel::Futures => self.by_factors(holdings),
            MarginModel::Standard => {
                let mut left = self.by_factors(holdings)?;
                let mut by_expiry: BTreeMap<ExpiryId, Vec<Holding>> = BTreeMap::new();
                for holding in holdings {
                    let terms = self.instruments.find(holding.instrument).ok()?.terms;
                    if is_option(&terms) {
                        by_expiry.entry(terms.expiry_id).or_default().push(*holding);
                    }
                }
                for options in by_expiry.values() {
                    let held: Vec<Holding> = options.iter().filter(|option| option.lots != 0).copied().collect();
                    left.maintenance += self.strike_by_strike(&held, scene, |option| option.lots)?.maintenance;
                    left.initial += self.strike_by_strike(options, scene, |option| option.ends()[1])?.initial;
                }
                Some(left)
            }
        }
    }

    /// Futures and perpetuals by risk factors; of the others only what their orders would lose at once.
    fn by_factors(&self, holdings: &[Holding]) -> Option<Left> {
        let mut left = Left::default();
        for holding in holdings {
            let (array, lot) = self.lot(holding.instrument)?;
            left.initial -= holding.adverse;
            if is_option(&self.instruments.find(holding.instrument).ok()?.terms) {
                continue;
            }
            let value = holding.lots * array.mark;
            let initial = holding.ends().map(|end| need(&lot, true, end)).into_iter().max()?;
            left.maintenance += value - need(&lot, false, holding.lots);
            left.initial += value - initial;
        }
        Some(left)
    }

    /// An expiry's options under the standard model.
    fn strike_by_strike(
        &self,
        options: &[Holding],
        scene: &Scene,
        lots: impl Fn(&Holding) -> i128,
    ) -> Option<standard::Margin> {
        let (mut positions, mut common) = (Vec::new(), (0, 0));
        for option in options {
            let (array, lot) = self.lot(option.instrument)?;
            let terms = self.instruments.find(option.instrument).ok()?.terms;
            let lane_bits = self.lane_bits(terms.underlying_id);
            let forward = scene.expiries.get(&terms.expiry_id)?.forward?;
            common = (lot.notional, lot_at(&terms, lane_bits, forward));
            let quantity = i64::try_from(lots(option)).ok()?;
            positions.push(Position {
                quantity,
                strike: narrow(lot_in_ticks(&terms, lane_bits, terms.strike.get())),
                is_call: terms.option_type == OptionType::Call.code(),
                mark: array.mark,
            });
        }
        let (spot, forward) = common;
        let margin: Result<_, TooLarge> =
            standard::margin(&parameters(&scene.terms), &standard::Expiry { positions: &positions, spot, forward });
        margin.ok()
    }

    pub(super) fn adjust_cash(&mut self, c: &AdjustCash) -> Result<(), RejectCode> {
        let account = c.header.account;
        let open = *self.accounts.find(account)?;
        let is_margined = self.genesis.is_margined();
        if is_margined && c.amount < CashAtoms::ZERO {
            self.make_current(account);
            let margins = self.margin_of(account).ok_or(RejectCode::InsufficientMargin)?;
            let then = margins.initial + I256::from(c.amount.get());
            self.check_initial(account, margins.initial, then)?;
        }
        let cash = open.cash.wrapping_add(c.amount.get().into());
        if let Some(open) = self.accounts.get_mut(account) {
            open.cash = cash;
        }
        let bits = cash.cast_unsigned();
        let halves = [bits as u64, (bits >> 64) as u64];
        self.emit(CashAdjusted { account, amount: c.amount, cash: halves, ..CashAdjusted::zeroed() });
        if is_margined {
            self.make_current(account);
            self.judge(account);
        }
        Ok(())
    }

    /// Says what is missing of an initial margin that would be below zero.
    fn check_initial(&mut self, account: AccountId, now: I256, then: I256) -> Result<(), RejectCode> {
        if then >= I256::ZERO {
            return Ok(());
        }
        self.emit_shortfall(account, InstrumentId::NONE, (then, now));
        Err(RejectCode::InsufficientMargin)
    }

    /// What would be left of the initial margin, which is below zero, and what is.
    pub(super) fn emit_shortfall(&mut self, account: AccountId, instrument: InstrumentId, (then, now): (I256, I256)) {
        let more = i64::from(self.canary == Canary::ShortfallOffByOne);
        self.emit(MarginShortfall {
            account,
            instrument,
            shortfall: CashAtoms(event_atoms(-then).saturating_add(more)),
            initial: CashAtoms(event_atoms(now)),
            ..MarginShortfall::zeroed()
        });
    }

    pub(super) fn set_margin_model(&mut self, c: &SetMarginModel) -> Result<(), RejectCode> {
        let account = c.header.account;
        let old = self.accounts.find(account)?.margin_model;
        let model = MarginModel::from_code(c.model).ok_or(RejectCode::InvalidField)?;
        let has_positions = self.positions.any_of_account(account);
        let is_margined = self.genesis.is_margined();
        if self.book.orders().any(|order| order.account == account) || has_positions && !is_margined {
            return Err(RejectCode::AccountInUse);
        }
        if has_positions && old != Some(model) {
            self.check_model(account, model)?;
        }
        if let Some(holder) = self.accounts.get_mut(account) {
            holder.margin_model = Some(model);
        }
        self.emit(MarginModelSet { model: c.model, account, ..MarginModelSet::zeroed() });
        if has_positions {
            self.make_current(account);
            self.judge(account);
        }
        Ok(())
    }

    /// Whether an account may be reckoned by another model.
    fn check_model(&mut self, account: AccountId, model: MarginModel) -> Result<(), RejectCode> {
        let options = self.options_of(account);
        let too_many = options.values().any(|count| *count > STANDARD_OPTIONS);
        if model == MarginModel::Futures && !options.is_empty() {
            return Err(RejectCode::ModelForbidsInstrument);
        }
        if model == MarginModel::Standard && too_many {
            return Err(RejectCode::TooManyOptions);
        }
        self.make_current(account);
        let (money, holdings) = (self.money(account), self.holdings(account, None));
        let now = self.margin_of(account).ok_or(RejectCode::InsufficientMargin)?.initial;
        let then = self.reckon(&Question { model: Some(model), money, holdings: &holdings, less: None });
        let then = then.ok_or(RejectCode::InsufficientMargin)?.initial;
        self.check_initial(account, now, then)
    }

    /// How many records of options an account has of each expiry.
    pub(super) fn options_of(&self, account: AccountId) -> BTreeMap<ExpiryId, usize> {
        let mut options = BTreeMap::new();
        for record in self.kept.of(account) {
            if self.instruments.find(record.instrument).is_ok_and(|listed| is_option(&listed.terms)) {
                *options.entry(record.expiry).or_default() += 1;
            }
        }
        options
    }

    /// A trade moves what both accounts have paid and were paid.
    pub(super) fn flow(&mut self, maker: &Order, taker: &Order, price: PriceTicks, quantity: QuantityLots) {
        if !self.genesis.is_margined() || maker.account == taker.account {
            return;
        }
        let multiplier = self.instruments.find(taker.instrument).map_or(0, |listed| listed.terms.multiplier.get());
        let multiplier = if self.canary == Canary::FlowsForgetMultiplier { 1 } else { multiplier };
        let paid = narrow(I256::from(price.notional(quantity)) * I256::from(multiplier));
        for leg in [maker, taker] {
            let flow = if leg.side == Side::Buy { -paid } else { paid };
            if let Some(open) = self.accounts.get_mut(leg.account) {
                open.flows = open.flows.wrapping_add(flow);
            }
        }
    }
}

impl NaiveEngine {
    /// What is left of an account over its initial margin, and over its maintenance margin, in atoms, by the arrays in
    /// force; none if it is unknown or not reckonable.
    pub fn margin(&self, account: AccountId) -> Option<(i128, i128)> {
        self.accounts.find(account).ok()?;
        let margins = self.margin_of(account)?;
        Some((narrow(margins.initial), narrow(margins.maintenance)))
    }

    /// What an account's resting orders with an underlying would lose at once, and the load of its portfolio there, in
    /// lanes; none without one.
    pub fn reserve(&self, account: AccountId, underlying: UnderlyingId) -> Option<(i128, i128)> {
        let holdings = self.holdings_in(account, underlying);
        let adverse = holdings.iter().map(|holding| holding.adverse).sum();
        (!holdings.is_empty()).then(|| (adverse, self.load(&holdings)))
    }

    /// An account's cash, and what its trades have brought in and cost, in atoms; none if it is unknown.
    pub fn cash_and_flows(&self, account: AccountId) -> Option<(i128, i128)> {
        self.accounts.find(account).ok().map(|open| (open.cash, open.flows))
    }
}
