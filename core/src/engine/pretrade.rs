//! The check of an order against its account's margin, before it is accepted.

use super::Engine;
use super::emit::Emitter;
use super::exposure::{Checked, charge_by, narrow_product, place};
use super::judging::{Supposed, is_short};
use super::orders::Entry;
use super::sweep::paid;
use super::work::Worked;
use crate::arena::Marks;
use crate::book::Order;
use crate::exposure::{
    Change, Kind, LOAD_MAX, Lot, Lots, Portfolio, RESTING_WEIGHT, STANDARD_OPTIONS_MAX, Sums, SumsView, Vector,
    VectorKey, ceil_ppm, charge_of, need_more,
};
use crate::ids::{AccountId, EntityId};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::{MarginModel, Side, Validity};
use crate::units::PriceTicks;
use crate::valuation::{Lanes, Underlying};
use bytemuck::Zeroable;

/// Where an account has lots in an instrument, 0 for what is not there, and what they are without the order at hand and
/// the one that it replaces.
#[derive(Clone, Copy, Debug)]
struct Standing {
    account: u32,
    instrument: u32,
    position: u32,
    vector: u32,
    portfolio: u32,
    /// Without the order that is replaced.
    lots: Lots,
    /// What that one had reserved.
    adverse: i128,
}

/// A vector and lanes of one's own, to suppose changes of.
#[derive(Clone, Copy)]
struct Copied {
    vector: Vector,
    /// Those of options, or of futures and perpetuals, where these change.
    held: Option<Lanes>,
    /// Those of orders, where these change.
    orders: Option<Lanes>,
    is_option: bool,
}

impl Copied {
    fn sums(&mut self) -> Sums<'_> {
        let Self { vector, held, orders, .. } = self;
        Sums { vector, held: held.as_mut(), orders: orders.as_mut() }
    }

    /// With what did not change as it is.
    fn view<'a>(&'a self, state: SumsView<'a>) -> SumsView<'a> {
        let Self { vector, held, orders, is_option } = self;
        let (options, linear) = match held {
            Some(options) if *is_option => (options, state.linear),
            Some(linear) => (state.options, linear),
            None => (state.options, state.linear),
        };
        SumsView { vector, options, linear, orders: orders.as_ref().unwrap_or(state.orders) }
    }
}

/// What an order adds, or what it does once it is filled.
#[derive(Clone, Copy, Debug)]
struct Step {
    lots: Lots,
    /// What orders lose at once, in all.
    adverse: i128,
}

impl<M: Marks> Engine<'_, M> {
    /// Checks an order, at a price, as if nothing were there of the order that it replaces. Where it fails for want of
    /// margin, what is missing is said.
    #[inline(never)]
    pub(super) fn check_margin<S: EventSink>(
        &mut self,
        entry: &Entry,
        price: PriceTicks,
        leaving: Option<&Order>,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), RejectCode> {
        self.checked.position = 0;
        if leaving.is_none() && self.passes_at_once(entry, price) {
            return Ok(());
        }
        let standing = self.standing(entry, leaving);
        let (side, quantity) = (entry.terms.side(), entry.quantity.0);
        self.check_records(&standing)?;
        let Standing { account, instrument, lots, .. } = standing;
        let only_reduces = match side {
            Side::Buy => i128::from(lots.buys) + i128::from(quantity) <= -i128::from(lots.held),
            Side::Sell => i128::from(lots.sells) + i128::from(quantity) <= i128::from(lots.held),
        };
        let validity = self.validity_of_instrument(instrument);
        if !only_reduces {
            self.check_more(&standing, (side, quantity), validity)?;
        }
        let without_array = if only_reduces { Ok(()) } else { Err(RejectCode::NoRiskArray) };
        if self.lot(instrument).is_none() {
            return without_array;
        }
        let is_judged = self.settle_account(account, out);
        // Its floor is known now, as high as it can be.
        if is_judged && leaving.is_none() && self.passes_at_once(entry, price) {
            return Ok(());
        }
        if !self.is_reckonable(account) {
            return without_array;
        }
        let lane_limit = self.risks.get(instrument).lane_limit;
        let adverse = self.adverse(account, instrument, side, price);
        if adverse > i128::from(lane_limit) {
            return Err(RejectCode::PriceTooFar);
        }
        let resting = match side {
            Side::Buy => Lots { buys: lots.buys + quantity, ..lots },
            Side::Sell => Lots { sells: lots.sells + quantity, ..lots },
        };
        self.check_load(&standing, resting, lane_limit)?;
        let adverse = adverse * i128::from(quantity);
        let doubted = if validity == Validity::Degraded { quantity } else { 0 };
        let reserved = self.suppose(&standing, Step { lots: resting, adverse }, doubted);
        if let (Some(reserved), None) = (reserved, leaving) {
            self.raise_floor(account, reserved);
        }
        if reserved.is_some_and(|reserved| reserved >= 0) {
            return Ok(());
        }
        let before = match leaving {
            None => self.margin_with(account, Kind::Initial, None),
            Some(_) => self.suppose(&standing, Step { lots, adverse: 0 }, 0),
        };
        let bought = if side == Side::Buy { quantity } else { -quantity };
        let filled = self.suppose(&standing, Step { lots: Lots { held: lots.held + bought, ..lots }, adverse: 0 }, 0);
        let paid = paid(bought, price, self.instruments.slab.get(instrument).multiplier);
        if filled.zip(before).is_some_and(|(filled, before)| filled - paid >= before) {
            self.want_judged(account);
            return Ok(());
        }
        self.check_left(account, entry.instrument_id, before, reserved, out)
    }

    /// Steps 4 and 5, for what may add to a position.
    fn check_more(
        &self,
        standing: &Standing,
        (side, quantity): (Side, i64),
        validity: Validity,
    ) -> Result<(), RejectCode> {
        let Lots { held, buys, sells } = standing.lots;
        let furthest = match side {
            Side::Buy => i128::from(held) + i128::from(buys),
            Side::Sell => i128::from(sells) - i128::from(held),
        };
        if furthest + i128::from(quantity) > i128::from(self.risks.get(standing.instrument).position_max) {
            return Err(RejectCode::PositionTooLarge);
        }
        if validity >= Validity::Stale { Err(RejectCode::FeedNotValid) } else { Ok(()) }
    }

    /// Whether a new order passes without its margin being reckoned in full, as most do: nothing is in doubt, and the account's
    /// floor bears the order's charge, or, by the model of futures, what its sums say is enough. What this does not answer
    /// for is checked in full.
    #[inline(always)]
    fn passes_at_once(&mut self, entry: &Entry, price: PriceTicks) -> bool {
        let (account, instrument, side) = (entry.account.slot(), entry.instrument, entry.terms.side());
        let (model, has_floor) = (self.model_of(account), self.accounts.slab.get(account).has_floor != 0);
        if !self.is_still_current(account) {
            self.look_at_account(account);
            return false;
        }
        if !(has_floor || model == MarginModel::Futures) {
            return false;
        }
        let position = self.positions.find(self.seed(), account, instrument);
        let risk = self.risks.get(instrument);
        let &Underlying { generation, lane_bits, .. } = self.underlyings.slab.get(risk.underlying);
        let worths = self.arrays.worths(place(instrument, generation));
        let is_there = position != 0 && generation != 0 && worths.generation == generation;
        if !is_there || self.validity_of_instrument(instrument) != Validity::Good {
            return false;
        }
        let before = self.positions.get(position).lots();
        let (quantity, is_buy) = (entry.quantity.0, side == Side::Buy);
        let after = if is_buy {
            Lots { buys: before.buys.saturating_add(quantity), ..before }
        } else {
            Lots { sells: before.sells.saturating_add(quantity), ..before }
        };
        let end = if is_buy { after.held.checked_add(after.buys) } else { after.sells.checked_sub(after.held) };
        let multiplier = self.instruments.slab.get(instrument).multiplier;
        let (Some(end), Some(lanes)) = (end, narrow_product(price.0, multiplier, lane_bits)) else { return false };
        let Some(over) = lanes.checked_sub(worths.mark) else { return false };
        let adverse = if is_buy { over } else { -over }.max(0);
        if end > risk.position_max || adverse > risk.lane_limit {
            return false;
        }
        // No more lots than a position may have, so that products fit.
        let portfolio = self.positions.get(position).portfolio;
        if self.exposures.portfolio(portfolio).load + RESTING_WEIGHT * quantity * risk.lane_limit > LOAD_MAX {
            return false;
        }
        let mut charge = 0;
        let is_enough = if model == MarginModel::Futures {
            let more = need_more(worths, &Change { before, after }) + adverse * quantity;
            self.initial_by_needs(account, (portfolio, more)).is_some_and(|left| left >= 0)
        } else if let Some(known) = charge_by(risk, side, generation) {
            charge = known;
            self.accounts.slab.get(account).floor >= charge_of(quantity, charge, adverse, lane_bits)
        } else {
            false
        };
        if is_enough {
            let sequence = self.header.get().sequence;
            self.checked = Checked { sequence, position, price, adverse, charge, lane_bits };
        }
        is_enough
    }

    /// What is left over the initial margin of a current account by the model of futures, if one of its portfolios needed
    /// so much more; none if an array is missing.
    #[inline(always)]
    fn initial_by_needs(&self, account: u32, (portfolio, more): (u32, i64)) -> Option<i128> {
        let record = self.accounts.slab.get(account);
        let mut left = record.cash + record.flows;
        let mut slot = record.portfolios.first;
        while slot != 0 {
            let sums = self.exposures.portfolio(slot);
            if sums.missing != 0 {
                return None;
            }
            let needed = sums.needs[1] + sums.adverse + if slot == portfolio { more } else { 0 };
            // Both are bounded by the load: 64 bits are enough.
            left += i128::from((sums.mark - needed) >> (self.underlyings.slab.get(sums.underlying).lane_bits & 63));
            slot = sums.siblings.next;
        }
        Some(left)
    }

    /// Whether an account is current; what publications of other underlyings left as it was needs no second look.
    #[inline(always)]
    fn is_still_current(&mut self, account: u32) -> bool {
        let publications = self.valuation.get().publications;
        if self.accounts.slab.get(account).current_at != publications {
            if !self.is_current_account(account) {
                return false;
            }
            self.accounts.slab.get_mut(account).current_at = publications;
        }
        true
    }

    /// The floor is no lower than what the full check found with an order, unless there is none by the model.
    fn raise_floor(&mut self, account: u32, reserved: i128) {
        let has_floors = self.has_floors(account);
        let record = self.accounts.slab.get_mut(account);
        if has_floors && (record.has_floor == 0 || record.floor < reserved) {
            (record.has_floor, record.floor) = (1, reserved);
        }
    }

    /// Whether every record of a current account has an array.
    fn is_reckonable(&self, account: u32) -> bool {
        let mut slot = self.accounts.slab.get(account).portfolios.first;
        while slot != 0 {
            let portfolio = self.exposures.portfolio(slot);
            if portfolio.missing != 0 {
                return false;
            }
            slot = portfolio.siblings.next;
        }
        true
    }

    fn standing(&self, entry: &Entry, leaving: Option<&Order>) -> Standing {
        let (account, instrument) = (entry.account.slot(), entry.instrument);
        let seed = self.seed();
        let position = self.positions.find(seed, account, instrument);
        let record = self.positions.get(position);
        let (vector, portfolio) = if position != 0 {
            (record.vector, record.portfolio)
        } else {
            let risk = self.risks.get(instrument);
            let vector = self.exposures.find_vector(seed, account, VectorKey::new(risk.underlying, risk.expiry));
            let portfolio = match vector {
                0 => self.exposures.find_portfolio(seed, account, risk.underlying),
                vector => self.exposures.vector(vector).portfolio,
            };
            (vector, portfolio)
        };
        let mut standing =
            Standing { account, instrument, position, vector, portfolio, lots: record.lots(), adverse: 0 };
        if let Some(order) = leaving {
            let open = self.open_quantity(order).0;
            match order.side() {
                Side::Buy => standing.lots.buys -= open,
                Side::Sell => standing.lots.sells -= open,
            }
            standing.adverse = i128::from(open) * i128::from(self.exposures.reserve(order.id.slot()).adverse);
        }
        standing
    }

    /// Steps 1 and 2 of the check.
    fn check_records(&self, standing: &Standing) -> Result<(), RejectCode> {
        let record = self.accounts.slab.get(standing.account);
        let model = MarginModel::from_code(record.margin_model).ok_or(RejectCode::NoMarginModel)?;
        let is_option = self.risks.get(standing.instrument).is_option != 0;
        if is_option && model == MarginModel::Futures {
            return Err(RejectCode::ModelForbidsInstrument);
        }
        if standing.position != 0 {
            return Ok(());
        }
        if self.positions.room() == 0 {
            return Err(RejectCode::PositionTableFull);
        }
        if standing.vector == 0 {
            return if self.exposures.vector_room() == 0 { Err(RejectCode::VectorTableFull) } else { Ok(()) };
        }
        let options = self.exposures.vector(standing.vector).options;
        let is_full = is_option && model == MarginModel::Standard && options >= STANDARD_OPTIONS_MAX;
        if is_full { Err(RejectCode::TooManyOptions) } else { Ok(()) }
    }

    fn check_load(&self, standing: &Standing, lots: Lots, lane_limit: i64) -> Result<(), RejectCode> {
        let old = self.positions.get(standing.position).lots().weight();
        let more = i128::from(lots.weight() - old) * i128::from(lane_limit);
        let load = i128::from(self.exposures.portfolio(standing.portfolio).load) + more;
        if load > i128::from(LOAD_MAX) { Err(RejectCode::PortfolioTooLarge) } else { Ok(()) }
    }

    /// The initial margin of a current account, in atoms, if its lots in the instrument were those of a step, with so many
    /// lots on top whose worth is in doubt. None if an array is missing.
    fn suppose(&self, standing: &Standing, step: Step, doubted: i64) -> Option<i128> {
        let &Standing { account, instrument, position, vector, portfolio, .. } = standing;
        let lot = self.lot(instrument)?;
        let change = Change { before: self.positions.get(position).lots(), after: step.lots };
        let model = self.model_of(account);
        let underlying = self.risks.get(instrument).underlying;
        let mut supposed = *self.exposures.portfolio(portfolio);
        if portfolio == 0 {
            supposed = Portfolio { account, underlying, ..Portfolio::zeroed() };
        }
        supposed.restate(model, &lot, &change);
        // Both are bounded by the load.
        let notional = i128::from(doubted) * i128::from(lot.worths.notional);
        let doubt = ceil_ppm(notional, self.outlooks.get(underlying).terms.doubt);
        supposed.adverse += i64::try_from(step.adverse - standing.adverse + doubt).unwrap_or(i64::MAX / 2);
        let copied = (model == MarginModel::Portfolio).then(|| self.copy_changed(standing, &lot, &change));
        let sums = copied.as_ref().map(|copied| copied.view(self.exposures.sums(vector)));
        let supposed = Supposed { portfolio: &supposed, vector, sums, instrument, lots: step.lots };
        self.margin_with(account, Kind::Initial, Some(&supposed))
    }

    /// A vector, if there were other lots.
    fn copy_changed(&self, standing: &Standing, lot: &Lot<'_>, change: &Change) -> Copied {
        let SumsView { vector, options, linear, orders } = self.exposures.sums(standing.vector);
        let held = if lot.is_option { *options } else { *linear };
        let mut copied = Copied {
            vector: *vector,
            held: if change.held() != 0 { Some(held) } else { None },
            orders: if change.rests() { Some(*orders) } else { None },
            is_option: lot.is_option,
        };
        let risk = self.risks.get(standing.instrument);
        if standing.vector == 0 {
            let key = VectorKey::new(risk.underlying, risk.expiry).0;
            copied.vector = Vector { key, ..Vector::zeroed() };
        }
        let pair = match (standing.position, risk.pair) {
            (_, 0) => 0,
            (0, pair) => self.positions.find(self.seed(), standing.account, pair),
            (position, _) => self.positions.get(position).pair,
        };
        copied.sums().restate(lot, change, self.positions.get(pair).lots());
        copied
    }

    /// Notes that the resting order in a slot is filled by another account's at a price. Its account is to be judged where
    /// that costs more than the order had reserved, where it is short already, and where its portfolio is behind: what is
    /// left of that nobody may come to judge.
    #[inline(always)]
    pub(super) fn note_fill(&mut self, slot: u32, other: AccountId, price: PriceTicks) {
        if self.is_margined() {
            self.look_at_fill(slot, other, price);
        }
    }

    #[inline(never)]
    fn look_at_fill(&mut self, slot: u32, other: AccountId, price: PriceTicks) {
        let order = self.book.order(slot);
        if order.account == other {
            return;
        }
        let (account, reserve) = (order.account.slot(), self.exposures.reserve(slot));
        let portfolio = self.exposures.portfolio(self.positions.get(reserve.position).portfolio);
        let loses_more = self.adverse(account, order.instrument, order.side(), price) > i128::from(reserve.adverse);
        let is_behind = !self.is_current_portfolio(portfolio);
        let record = self.accounts.slab.get_mut(account);
        if loses_more {
            record.has_floor = 0;
        }
        if loses_more || is_behind || is_short(record) {
            self.want_judged(account);
        }
    }

    /// Before a stop order fires: makes its account current and judges it, if it is not; none if it is.
    pub(super) fn settle_before_firing<S: EventSink>(
        &mut self,
        account: u32,
        units_left: &mut u32,
        out: &mut Emitter<'_, S>,
    ) -> Option<Worked> {
        if self.is_current_account(account) {
            return None;
        }
        let before = self.effort_mut().records;
        let is_current = self.make_current(account, units_left);
        let effort = self.effort_mut();
        effort.before_stops.records += effort.records - before;
        if !is_current {
            return Some(Worked::Enough);
        }
        effort.before_stops.judged += 1;
        self.judge(account, out);
        Some(Worked::Something)
    }
}
