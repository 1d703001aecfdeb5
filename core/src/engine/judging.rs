//! Accounts are made current, their margin is reckoned, and they are judged by it.

use super::Engine;
use super::emit::Emitter;
use super::exposure::{NO_LIMIT, place};
use crate::arena::Marks;
use crate::command::MarginTerms;
use crate::event::MarginStatusChanged;
use crate::exposure::{
    Kind, Lots, Margins, Portfolio, PortfolioTotals, STANDARD_OPTIONS_MAX, SumsView, Vector, VectorKey, atoms,
};
use crate::ledger::{Account, Position};
use crate::margin::standard::{self, Expiry, Parameters};
use crate::margin::{Rate, TooLarge};
use crate::sink::EventSink;
use crate::terms::{MarginModel, MarginStatus, OptionType};
use crate::units::CashAtoms;
use crate::valuation::{Links, Worths};
use bytemuck::Zeroable;

/// An amount as events have it: at most 2^63 - 1 in size.
pub(super) fn saturated(amount: i128) -> CashAtoms {
    CashAtoms(i64::try_from(amount).unwrap_or(if amount < 0 { -i64::MAX } else { i64::MAX }).max(-i64::MAX))
}

/// A portfolio as it would be if an account's lots in one instrument were others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Supposed<'s> {
    pub(super) portfolio: &'s Portfolio,
    /// The slot of its vector that is another then; 0 for one that is not there yet.
    pub(super) vector: u32,
    /// That vector, where the model has sums by scenario.
    pub(super) sums: Option<SumsView<'s>>,
    /// The instrument, and the lots there would be.
    pub(super) instrument: u32,
    pub(super) lots: Lots,
}

/// The options of an expiry, as the standard model has them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strikes {
    options: [standard::Position; STANDARD_OPTIONS_MAX as usize],
    count: usize,
    /// The underlying of one lot.
    spot: i128,
    /// The forward price.
    pub(super) forward: i64,
}

impl<M: Marks> Engine<'_, M> {
    /// Makes an account current, as far as the units go; true if it is.
    pub(super) fn make_current(&mut self, account: u32, units_left: &mut u32) -> bool {
        let publications = self.valuation.get().publications;
        if self.accounts.slab.get(account).current_at == publications {
            return true;
        }
        let mut portfolio = self.accounts.slab.get(account).portfolios.first;
        while portfolio != 0 {
            if !self.add_up(portfolio, units_left) {
                return false;
            }
            portfolio = self.exposures.portfolio(portfolio).siblings.next;
        }
        self.accounts.slab.get_mut(account).current_at = publications;
        true
    }

    /// Whether all portfolios of an account are of the generation in force.
    pub(super) fn is_current_account(&self, account: u32) -> bool {
        let mut portfolio = self.accounts.slab.get(account).portfolios.first;
        while portfolio != 0 {
            let record = self.exposures.portfolio(portfolio);
            if !self.is_current_portfolio(record) {
                return false;
            }
            portfolio = record.siblings.next;
        }
        true
    }

    pub(super) fn is_current_portfolio(&self, portfolio: &Portfolio) -> bool {
        let in_force = self.underlyings.slab.get(portfolio.underlying).generation;
        portfolio.generation == in_force && portfolio.cursor == 0
    }

    /// Makes the account that a command names current; one that was not is judged. Says whether it was.
    pub(super) fn settle_account<S: EventSink>(&mut self, account: u32, out: &mut Emitter<'_, S>) -> bool {
        let publications = self.valuation.get().publications;
        if self.accounts.slab.get(account).current_at == publications {
            return false;
        }
        let was_current = self.is_current_account(account);
        let mut units_left = NO_LIMIT;
        self.make_current(account, &mut units_left);
        if !was_current {
            self.judge(account, out);
        }
        !was_current
    }

    /// The margins of a current account, in atoms; none if an array is missing.
    pub(super) fn margins(&self, account: u32) -> Option<Margins> {
        let [initial, maintenance] = self.margins_with(account, [Kind::Initial, Kind::Maintenance], None)?;
        Some(Margins { initial, maintenance })
    }

    /// What is left over a margin of a current account, in atoms, if one of its portfolios were another; a portfolio that it
    /// does not have is added. None if an array is missing.
    pub(super) fn margin_with(&self, account: u32, kind: Kind, supposed: Option<&Supposed<'_>>) -> Option<i128> {
        self.margins_with(account, [kind], supposed).map(|[left]| left)
    }

    /// The same over one margin or more.
    fn margins_with<const N: usize>(
        &self,
        account: u32,
        kinds: [Kind; N],
        supposed: Option<&Supposed<'_>>,
    ) -> Option<[i128; N]> {
        let record = self.accounts.slab.get(account);
        let model = self.model_of(account);
        let mut left = [record.cash + record.flows; N];
        let mut add = |portfolio: &Portfolio, supposed: Option<&Supposed<'_>>| {
            let more = self.margins_of(portfolio, model, kinds, supposed)?;
            left.iter_mut().zip(more).for_each(|(left, more)| *left += more);
            Some(())
        };
        let mut is_met = supposed.is_none();
        let mut slot = record.portfolios.first;
        while slot != 0 {
            let portfolio = self.exposures.portfolio(slot);
            if portfolio.missing != 0 {
                return None;
            }
            let other = supposed.filter(|supposed| supposed.portfolio.underlying == portfolio.underlying);
            is_met |= other.is_some();
            add(other.map_or(portfolio, |other| other.portfolio), other)?;
            slot = portfolio.siblings.next;
        }
        if let Some(supposed) = supposed.filter(|_| !is_met) {
            add(supposed.portfolio, Some(supposed))?;
        }
        Some(left)
    }

    /// What a portfolio adds to what is left over margins, in atoms.
    #[inline(always)]
    fn margins_of<const N: usize>(
        &self,
        portfolio: &Portfolio,
        model: MarginModel,
        kinds: [Kind; N],
        supposed: Option<&Supposed<'_>>,
    ) -> Option<[i128; N]> {
        let by_needs = kinds.map(|kind| i128::from(portfolio.mark - portfolio.needs[kind as usize]));
        let mut lanes = match model {
            MarginModel::Futures => by_needs,
            MarginModel::Portfolio => self.margins_by_scenarios(portfolio, kinds, supposed),
            MarginModel::Standard => {
                let mut lanes = by_needs;
                for (lanes, kind) in lanes.iter_mut().zip(kinds) {
                    *lanes += self.margin_by_strikes(portfolio, kind, supposed).ok()?;
                }
                lanes
            }
        };
        let lane_bits = self.underlyings.slab.get(portfolio.underlying).lane_bits;
        for (lanes, kind) in lanes.iter_mut().zip(kinds) {
            let adverse = if kind == Kind::Initial { portfolio.adverse } else { 0 };
            *lanes = atoms(*lanes - i128::from(adverse), lane_bits);
        }
        Some(lanes)
    }

    fn margins_by_scenarios<const N: usize>(
        &self,
        portfolio: &Portfolio,
        kinds: [Kind; N],
        supposed: Option<&Supposed<'_>>,
    ) -> [i128; N] {
        let generation = self.underlyings.slab.get(portfolio.underlying).generation;
        let aspect = |vector: &Vector| {
            let expiry = VectorKey(vector.key).expiry();
            (expiry != 0).then(|| self.aspects.get(place(expiry, generation)))
        };
        let mut totals = PortfolioTotals::new(self.outlooks.get(portfolio.underlying));
        let mut slot = portfolio.first_vector;
        while slot != 0 {
            let sums = self.exposures.sums(slot);
            let other = supposed.filter(|supposed| supposed.vector == slot).and_then(|supposed| supposed.sums);
            totals.add(other.unwrap_or(sums), aspect(sums.vector));
            slot = sums.vector.siblings.next;
        }
        if let Some(sums) = supposed.filter(|supposed| supposed.vector == 0).and_then(|supposed| supposed.sums) {
            totals.add(sums, aspect(sums.vector));
        }
        totals.margins(kinds, portfolio.mark)
    }

    /// The options of a portfolio, expiry by expiry, as the standard model has them.
    #[cold]
    #[inline(never)]
    fn margin_by_strikes(
        &self,
        portfolio: &Portfolio,
        kind: Kind,
        supposed: Option<&Supposed<'_>>,
    ) -> Result<i128, TooLarge> {
        let generation = self.underlyings.slab.get(portfolio.underlying).generation;
        let of_expiry = |vector: u32, expiry: u32, supposed: Option<&Supposed<'_>>| {
            if expiry == 0 {
                return Ok(0);
            }
            let strikes = self.strikes_of(vector, kind, supposed);
            let forward = self.aspects.get(place(expiry, generation)).forward;
            let terms = &self.outlooks.get(portfolio.underlying).terms;
            self.margin_of_strikes(&Strikes { forward, ..strikes }, expiry, kind, terms)
        };
        let mut sum = 0_i128;
        let mut slot = portfolio.first_vector;
        while slot != 0 {
            let vector = self.exposures.vector(slot);
            let of_this = supposed.filter(|supposed| supposed.vector == slot);
            sum += of_expiry(slot, VectorKey(vector.key).expiry(), of_this)?;
            slot = vector.siblings.next;
        }
        if let Some(supposed) = supposed.filter(|supposed| supposed.vector == 0) {
            sum += of_expiry(0, self.risks.get(supposed.instrument).expiry, Some(supposed))?;
        }
        Ok(sum)
    }

    /// The strikes of one of its expiries: with a supposed instrument's lots in place of its own.
    fn strikes_of(&self, vector: u32, kind: Kind, supposed: Option<&Supposed<'_>>) -> Strikes {
        let mut strikes = Strikes::default();
        let mut add = |instrument: u32, lots: Lots| {
            if let Some(lot) = self.lot(instrument).filter(|lot| lot.is_option) {
                self.add_strike(&mut strikes, instrument, lots, lot.worths, kind);
            }
        };
        let mut is_met = supposed.is_none();
        let mut slot = if vector == 0 { 0 } else { self.exposures.vector(vector).positions.first };
        while slot != 0 {
            let &Position { instrument, peers, .. } = self.positions.get(slot);
            let other = supposed.filter(|supposed| supposed.instrument == instrument);
            is_met |= other.is_some();
            add(instrument, other.map_or_else(|| self.positions.get(slot).lots(), |other| other.lots));
            slot = peers.next;
        }
        if let Some(supposed) = supposed.filter(|_| !is_met) {
            add(supposed.instrument, supposed.lots);
        }
        strikes
    }

    /// Adds an option to the strikes of its expiry.
    pub(super) fn add_strike(&self, strikes: &mut Strikes, instrument: u32, lots: Lots, worths: &Worths, kind: Kind) {
        let record = self.instruments.slab.get(instrument);
        let quantity = if kind == Kind::Initial { lots.held - lots.sells } else { lots.held };
        strikes.spot = worths.notional.into();
        // An order that is filled brings in its strike: with orders, strikes without lots count too.
        if quantity == 0 && kind == Kind::Maintenance {
            return;
        }
        if let Some(option) = strikes.options.get_mut(strikes.count) {
            *option = standard::Position {
                quantity,
                strike: self.price_in_lanes(instrument, record.strike),
                is_call: record.option_type == OptionType::Call.code(),
                mark: worths.mark.into(),
            };
        }
        strikes.count += 1;
    }

    /// What the options of an expiry need, by these terms. More than the model allows are too many.
    pub(super) fn margin_of_strikes(
        &self,
        strikes: &Strikes,
        expiry: u32,
        kind: Kind,
        terms: &MarginTerms,
    ) -> Result<i128, TooLarge> {
        let record = self.expiries.slab.get(expiry);
        let lane_bits = self.underlyings.slab.get(record.underlying).lane_bits;
        let product = i128::from(strikes.forward) * i128::from(record.multiplier);
        let unit = i128::from(record.price_unit.0.max(1));
        let forward = product.checked_shl(lane_bits.into()).ok_or(TooLarge)?.div_euclid(unit);
        let Strikes { options, count, spot, .. } = strikes;
        let positions = options.get(..*count).ok_or(TooLarge)?;
        let needed = standard::margin(&standard_parameters(terms), &Expiry { positions, spot: *spot, forward })?;
        Ok(if kind == Kind::Initial { needed.initial } else { needed.maintenance })
    }

    /// Judges a current account.
    pub(super) fn judge<S: EventSink>(&mut self, account: u32, out: &mut Emitter<'_, S>) {
        self.effort_mut().judged += 1;
        let margins = self.margins(account);
        let floor = margins.filter(|_| self.has_floors(account)).map(|margins| margins.initial);
        let record = self.accounts.slab.get_mut(account);
        (record.is_due, record.is_to_be_judged) = (0, 0);
        (record.has_floor, record.floor) = (floor.is_some().into(), floor.unwrap_or_default());
        if let Some(Margins { initial, maintenance }) = margins {
            let status = match (initial >= 0, maintenance >= 0) {
                (_, false) => MarginStatus::MaintenanceShort,
                (true, true) => MarginStatus::Healthy,
                (false, true) => MarginStatus::InitialShort,
            };
            let old = MarginStatus::from_code(record.margin_status).unwrap_or(MarginStatus::Healthy);
            if status != old {
                record.margin_status = status.code();
                out.emit(MarginStatusChanged {
                    status: status.code(),
                    old_status: old.code(),
                    account: record.id,
                    initial: saturated(initial),
                    maintenance: saturated(maintenance),
                    ..MarginStatusChanged::zeroed()
                });
                if status == MarginStatus::MaintenanceShort {
                    self.valuation.get_mut().wants_checkpoint = 1;
                }
            }
        }
        self.watch(account);
    }

    /// Whether an account has a floor, where it is known: by scenarios. By needs its margin is there to be read.
    #[inline(always)]
    pub(super) fn has_floors(&self, account: u32) -> bool {
        self.model_of(account) == MarginModel::Portfolio
    }

    /// An account is to be judged before long.
    pub(super) fn want_judged(&mut self, account: u32) {
        let record = self.accounts.slab.get_mut(account);
        if record.is_to_be_judged != 0 {
            return;
        }
        record.is_to_be_judged = 1;
        self.watch(account);
        self.begin_walk();
    }

    /// Puts an account on the watch list, or takes it off, as it stands.
    pub(super) fn watch(&mut self, account: u32) {
        let record = self.accounts.slab.get(account);
        let is_wanted = is_short(record) || record.is_to_be_judged != 0;
        match (record.is_watched != 0, is_wanted) {
            (false, true) => self.join_watch(account),
            (true, false) => self.leave_watch(account),
            _ => {}
        }
    }

    fn join_watch(&mut self, account: u32) {
        let row = &mut self.valuation.get_mut().watched;
        let previous = core::mem::replace(&mut row.last, account);
        if previous == 0 {
            row.first = account;
        } else {
            self.accounts.slab.get_mut(previous).watched.next = account;
        }
        let record = self.accounts.slab.get_mut(account);
        (record.is_watched, record.watched) = (1, Links { previous, next: 0 });
    }

    /// Takes an account off the watch list.
    pub(super) fn leave_watch(&mut self, account: u32) {
        let record = self.accounts.slab.get_mut(account);
        if record.is_watched == 0 {
            return;
        }
        let Links { previous, next } = core::mem::replace(&mut record.watched, Links { previous: 0, next: 0 });
        record.is_watched = 0;
        let valuation = self.valuation.get_mut();
        if valuation.walk_next == account {
            valuation.walk_next = next;
        }
        if previous == 0 {
            valuation.watched.first = next;
        }
        if next == 0 {
            valuation.watched.last = previous;
        }
        if previous != 0 {
            self.accounts.slab.get_mut(previous).watched.next = next;
        }
        if next != 0 {
            self.accounts.slab.get_mut(next).watched.previous = previous;
        }
    }
}

/// Whether an account's status is not healthy.
pub(super) fn is_short(account: &Account) -> bool {
    MarginStatus::from_code(account.margin_status).is_some_and(|status| status != MarginStatus::Healthy)
}

/// The terms of the standard model, as its formulas have them.
fn standard_parameters(terms: &MarginTerms) -> Parameters {
    // ppm in units of 1e-18: always within what a rate may be.
    let rate = |ppm: u32| Rate::new(u128::from(ppm) * 1_000_000_000_000).unwrap_or(Rate::ZERO);
    Parameters {
        initial: rate(terms.initial),
        initial_min: rate(terms.initial_min),
        maintenance: terms.maintenance.map(rate),
        maintenance_of_mark: rate(terms.maintenance_of_mark),
        offset: rate(terms.offset),
        unpaired: terms.unpaired.map(rate),
    }
}
