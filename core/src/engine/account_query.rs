//! Queries about accounts' margin, without touching state.

use super::Engine;
use super::effort::Effort;
use crate::arena::Marks;
use crate::exposure::{Margins, Portfolio, Sheet, VectorKey};
use crate::ids::{AccountId, ExpiryId, UnderlyingId};
use crate::margin::Greeks;
use crate::pricing::SCENARIOS_MAX;
use crate::terms::MarginStatus;
use crate::units::Sequence;
use crate::valuation::Valuation;

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginView {
    /// What it was judged to be last.
    pub status: MarginStatus,
    /// Cash, in atoms.
    pub cash: i128,
    /// What its trades have brought in, less what they have cost, in atoms.
    pub flows: i128,
    /// What is left over the initial margin, in atoms, by the arrays in force; none if an array is missing.
    pub initial: Option<i128>,
    /// The same over the maintenance margin.
    pub maintenance: Option<i128>,
}

/// An account's sums in an expiry, or in an underlying's perpetuals, as the portfolio model has them; in lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorView {
    /// The generation of arrays that they are of.
    pub generation: u64,
    /// Value now, and with the forward up and down.
    pub mark: i64,
    /// With the forward up, and down.
    pub basis: [i64; 2],
    /// Value of options under each scenario.
    pub options: [i64; SCENARIOS_MAX],
    /// Value of futures and perpetuals.
    pub linear: [i64; SCENARIOS_MAX],
    /// What orders may lose, at most.
    pub lower: [i64; SCENARIOS_MAX],
    /// What they may gain, at most, in skews; zero elsewhere.
    pub upper: [i64; SCENARIOS_MAX],
    /// What they may lose by basis.
    pub order_basis: [i64; 2],
    /// Notional of naked options: now, and with all sell orders filled.
    pub naked: [i64; 2],
    /// Notional of futures and perpetuals: now, and with the orders of the worse side filled.
    pub linear_notional: [i64; 2],
    /// Notional of everything, likewise.
    pub doubted: i64,
}

/// An account's sums in an underlying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortfolioView {
    /// Whether they are of the generation in force.
    pub is_current: bool,
    /// Whether some of its records, and not all, were added with that generation.
    pub is_begun: bool,
    /// What orders lose at once if they are filled, in lanes.
    pub adverse: i64,
    /// How much of what sums have room for is in use: at most 2^61.
    pub load: i64,
    /// Sensitivities, in lanes.
    pub greeks: Greeks<i64>,
}

/// What is begun, and not done, of what follows ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The underlying whose arrays are being made, and the command at which that began.
    pub pass: Option<(UnderlyingId, Sequence)>,
    /// How many slots of accounts the sweep is still to visit in its turn.
    pub turn_left: u32,
    /// Whether it walks the watch list.
    pub is_walking: bool,
}

impl<M: Marks> Engine<'_, M> {
    /// How an account stands; none if there is no such account.
    pub fn margin(&self, account: AccountId) -> Option<MarginView> {
        let slot = self.find_account(account).ok()?;
        let record = self.accounts.slab.get(slot);
        let margins = if self.is_current_account(slot) { self.margins(slot) } else { self.margins_from_scratch(slot) };
        Some(MarginView {
            status: MarginStatus::from_code(record.margin_status).unwrap_or(MarginStatus::Healthy),
            cash: record.cash,
            flows: record.flows,
            initial: margins.map(|Margins { initial, .. }| initial),
            maintenance: margins.map(|Margins { maintenance, .. }| maintenance),
        })
    }

    /// Whether all sums of an account are of the generation in force.
    pub fn is_current(&self, account: AccountId) -> bool {
        self.find_account(account).is_ok_and(|slot| self.is_current_account(slot))
    }

    /// An account's sums in an underlying, if it has positions or orders there.
    pub fn portfolio(&self, account: AccountId, underlying: UnderlyingId) -> Option<PortfolioView> {
        let (account, underlying) = (self.find_account(account).ok()?, self.find_underlying(underlying).ok()?);
        if !self.is_margined() {
            return None;
        }
        let slot = self.exposures.find_portfolio(self.seed(), account, underlying);
        let record = (slot != 0).then(|| self.exposures.portfolio(slot))?;
        Some(PortfolioView {
            is_current: self.is_current_portfolio(record),
            is_begun: self.is_begun_portfolio(record),
            adverse: record.adverse,
            load: record.load,
            greeks: record.greeks(),
        })
    }

    /// Some of its records are added with the generation in force, others not yet.
    fn is_begun_portfolio(&self, portfolio: &Portfolio) -> bool {
        let in_force = self.underlyings.slab.get(portfolio.underlying).generation;
        portfolio.generation == in_force && portfolio.cursor != 0 && portfolio.cursor != portfolio.positions.first
    }

    /// In how many instruments an account has lots or resting orders; none if there is no such account. Only a margined
    /// shard keeps count.
    pub fn records(&self, account: AccountId) -> Option<u32> {
        let mut portfolio = self.accounts.slab.get(self.find_account(account).ok()?).portfolios.first;
        let mut records = 0_u32;
        while portfolio != 0 {
            let record = self.exposures.portfolio(portfolio);
            records = records.saturating_add(record.records);
            portfolio = record.siblings.next;
        }
        Some(records)
    }

    /// What of passes and of the sweep is begun, and not done.
    pub fn under_way(&self) -> UnderWay {
        let &Valuation { pass_underlying, pass_begun, turn_left, walk_next, .. } = self.valuation.get();
        let pass = (pass_underlying != 0).then(|| (self.underlyings.slab.get(pass_underlying).id, pass_begun));
        UnderWay { pass, turn_left, is_walking: walk_next != 0 }
    }

    /// An account's sums in an expiry, or in an underlying's perpetuals, if it has positions or orders there, and its model
    /// is that of portfolios.
    pub fn vector(&self, account: AccountId, underlying: UnderlyingId, expiry: Option<ExpiryId>) -> Option<VectorView> {
        let (account, underlying) = (self.find_account(account).ok()?, self.find_underlying(underlying).ok()?);
        let expiry = expiry.map_or(Some(0), |expiry| self.find_expiry(expiry).ok())?;
        if !self.is_margined() {
            return None;
        }
        let slot = self.exposures.find_vector(self.seed(), account, VectorKey::new(underlying, expiry));
        if slot == 0 {
            return None;
        }
        let sums = self.exposures.sums(slot);
        let lanes = |sheet| sums.lanes(sheet).copied().unwrap_or_default();
        let mut upper = [0; SCENARIOS_MAX];
        for (place, sum) in self.outlooks.get(underlying).skews.places().zip(sums.vector.sums.upper) {
            upper[place] = sum;
        }
        Some(VectorView {
            generation: sums.vector.generation,
            mark: sums.vector.sums.mark,
            basis: sums.vector.sums.basis,
            options: lanes(Sheet::Options),
            linear: lanes(Sheet::Linear),
            lower: lanes(Sheet::Orders),
            upper,
            order_basis: sums.vector.sums.order_basis,
            naked: sums.vector.sums.naked,
            linear_notional: sums.vector.sums.linear,
            doubted: sums.vector.sums.doubted,
        })
    }

    /// Whether an account has fallen below its maintenance margin since the last checkpoint: whoever sequences commands is
    /// asked for one.
    pub fn wants_checkpoint(&self) -> bool {
        self.valuation.get().wants_checkpoint != 0
    }

    /// What is left over an account's initial margin at least, in atoms: what most orders are checked by where the model is
    /// that of portfolios. None by the other models, if it is not known without reckoning, and if the account is not
    /// current.
    pub fn initial_floor(&self, account: AccountId) -> Option<i128> {
        let slot = self.find_account(account).ok()?;
        let record = self.accounts.slab.get(slot);
        (record.has_floor != 0 && self.is_current_account(slot)).then_some(record.floor)
    }

    /// What the last command did of valuation and margin.
    pub fn effort(&self) -> Effort {
        if self.effort.sequence == self.header.get().sequence { self.effort } else { Effort::default() }
    }
}
