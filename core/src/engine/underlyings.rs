//! Setting up: underlyings, expiries, scenario sets; and what an instrument with an underlying has to do with them.

use super::emit::Emitter;
use super::gate::{Execute, Roles, Sender};
use super::venue::{OPERATOR, full};
use super::{Engine, Row};
use crate::arena::{KeyHash, Marks, Missing};
use crate::command::{
    ConfigureUnderlying, DelistExpiry, DelistUnderlying, FeedRules, ListExpiry, ListInstrument, ListUnderlying,
    SetScenarios, SetShocks,
};
use crate::event::{
    ExpiryDelisted, ExpiryListed, ScenariosSet, ShocksSet, UnderlyingConfigured, UnderlyingDelisted, UnderlyingListed,
};
use crate::ids::{ExpiryId, OrderId, UnderlyingId};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::{InstrumentKind, OptionType};
use crate::units::{CashAtoms, TimeNs};
use crate::valuation::{Expiry, Links, Risk, Scenarios, ShockSet, Underlying, lane_limit, lanes_fit};
use bytemuck::Zeroable;

/// Which of an instrument's two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Among {
    /// Those of its underlying.
    Siblings,
    /// Those that are marked.
    Marked,
}

impl<M: Marks> Engine<'_, M> {
    pub(super) fn find_underlying(&self, id: UnderlyingId) -> Result<u32, RejectCode> {
        self.underlyings.find(id, self.shard()).map_err(|missing| match missing {
            Missing::Unknown => RejectCode::UnknownUnderlying,
            Missing::Stale => RejectCode::StaleUnderlying,
        })
    }

    pub(super) fn find_expiry(&self, id: ExpiryId) -> Result<u32, RejectCode> {
        self.expiries.find(id, self.shard()).map_err(|missing| match missing {
            Missing::Unknown => RejectCode::UnknownExpiry,
            Missing::Stale => RejectCode::StaleExpiry,
        })
    }

    /// Checks that rules name a known scenario set, or none.
    fn check_set(&self, rules: &FeedRules) -> Result<(), RejectCode> {
        let set = rules.scenario_set;
        let has_terms = !self.is_margined() || self.terms.try_get(set.into()).is_some_and(|terms| terms.is_set != 0);
        let is_known = set == 0 || self.shocks.try_get(set.into()).is_some_and(ShockSet::is_known) && has_terms;
        if is_known { Ok(()) } else { Err(RejectCode::UnknownScenarioSet) }
    }

    /// The slot of a set that may be set.
    pub(super) fn find_set(&self, set: u16) -> Result<u32, RejectCode> {
        let exists = set != 0 && usize::from(set) < self.shocks.len();
        if exists { Ok(set.into()) } else { Err(RejectCode::UnknownScenarioSet) }
    }

    /// The slots of the underlying and of the expiry that a definition names, 0 where it names none.
    pub(super) fn check_valued(&self, list: &ListInstrument) -> Result<(u32, u32), RejectCode> {
        if list.underlying_id == UnderlyingId::NONE {
            return if self.is_margined() { Err(RejectCode::InvalidInstrument) } else { Ok((0, 0)) };
        }
        let underlying = self.find_underlying(list.underlying_id)?;
        let expiry = if list.expiry_id == ExpiryId::NONE { 0 } else { self.find_expiry(list.expiry_id)? };
        if expiry != 0 {
            let record = self.expiries.slab.get(expiry);
            if record.underlying != underlying || record.time != list.expiry {
                return Err(RejectCode::ExpiryMismatch);
            }
            let is_option = list.option_type != OptionType::None.code();
            let differs = record.multiplier != list.multiplier.0 || record.price_unit != list.price_unit;
            if self.is_margined() && is_option && record.options != 0 && differs {
                return Err(RejectCode::LotsDiffer);
            }
        }
        let fits = lanes_fit(list, self.underlyings.slab.get(underlying));
        if fits { Ok((underlying, expiry)) } else { Err(RejectCode::LanesDoNotFit) }
    }

    /// Has an instrument that was just listed valued from now on.
    pub(super) fn begin_valuing(&mut self, slot: u32, (underlying, expiry): (u32, u32), list: &ListInstrument) {
        let (price_unit, lane_limit) = (list.price_unit, lane_limit(list));
        let is_option = self.instruments.slab.get(slot).is_option();
        *self.risks.get_mut(slot) = Risk {
            price_unit,
            lane_limit,
            underlying,
            expiry,
            position_max: list.position_max.0,
            is_option: is_option.into(),
            ..Risk::zeroed()
        };
        self.underlyings.slab.get_mut(underlying).users += 1;
        if expiry != 0 {
            self.expiries.slab.get_mut(expiry).instruments += 1;
        }
        if self.is_margined() && is_option {
            let record = self.expiries.slab.get_mut(expiry);
            record.options += 1;
            (record.multiplier, record.price_unit) = (list.multiplier.0, list.price_unit);
            self.offer_pair(slot);
        }
        self.link(Among::Siblings, underlying, slot);
        if is_marked(list.kind) {
            self.link(Among::Marked, underlying, slot);
        }
        let valuation = self.valuation.get_mut();
        if valuation.pass_underlying == underlying && valuation.pass_next == 0 {
            valuation.pass_next = slot;
        }
        self.wait_for_pass(underlying);
    }

    /// Forgets a valued instrument that is delisted.
    pub(super) fn end_valuing(&mut self, slot: u32) {
        let &Risk { underlying, expiry, siblings, marked, .. } = self.risks.get(slot);
        if underlying == 0 {
            return;
        }
        let is_marked = is_marked(self.instruments.slab.get(slot).kind);
        let valuation = self.valuation.get_mut();
        if valuation.pass_underlying == underlying && valuation.pass_next == slot {
            valuation.pass_next = siblings.next;
        }
        if valuation.round_next == slot {
            valuation.round_next = marked.next;
        }
        self.forget_array(slot, underlying);
        self.unlink(Among::Siblings, underlying, siblings);
        if is_marked {
            self.unlink(Among::Marked, underlying, marked);
        }
        self.underlyings.slab.get_mut(underlying).users -= 1;
        if expiry != 0 {
            self.expiries.slab.get_mut(expiry).instruments -= 1;
        }
        if self.is_margined() && self.instruments.slab.get(slot).is_option() {
            self.expiries.slab.get_mut(expiry).options -= 1;
            self.part_pair(slot);
        }
        *self.risks.get_mut(slot) = Risk::zeroed();
    }

    /// What options must have in common with an option's pair, or be its equal, as a hash.
    fn pair_hash(&self, slot: u32) -> KeyHash {
        let (risk, record) = (self.risks.get(slot), self.instruments.slab.get(slot));
        KeyHash::of_pair(
            self.seed(),
            record.strike.0.cast_unsigned(),
            u64::from(risk.expiry) << 8 | u64::from(record.kind),
        )
    }

    /// An option on offer of the same expiry, strike and kind, of this type.
    fn offered(&self, slot: u32, option_type: u8) -> u32 {
        let (risk, record) = (self.risks.get(slot), self.instruments.slab.get(slot));
        let is_it = |other: u32| {
            let (other_risk, other) = (self.risks.get(other), self.instruments.slab.get(other));
            let is_like = (other_risk.expiry, other.strike, other.kind) == (risk.expiry, record.strike, record.kind);
            is_like && other.option_type == option_type
        };
        self.pairs.find(self.pair_hash(slot), is_it).slot
    }

    /// Looks for an option's pair; without one it is on offer itself, unless one like it is.
    fn offer_pair(&mut self, slot: u32) {
        let own = self.instruments.slab.get(slot).option_type;
        let other = if own == OptionType::Call.code() { OptionType::Put } else { OptionType::Call };
        let pair = self.offered(slot, other.code());
        if pair != 0 {
            self.withdraw(pair);
            self.risks.get_mut(slot).pair = pair;
            self.risks.get_mut(pair).pair = slot;
        } else if self.offered(slot, own) == 0 {
            self.pairs.insert(self.pair_hash(slot), slot);
            self.risks.get_mut(slot).is_offered = 1;
        }
    }

    fn withdraw(&mut self, slot: u32) {
        self.pairs.remove(self.pair_hash(slot), slot);
        self.risks.get_mut(slot).is_offered = 0;
    }

    /// An option that is delisted leaves its pair, which is offered one anew unless somebody has lots of it: nobody's lots
    /// become naked, or covered, by a listing.
    fn part_pair(&mut self, slot: u32) {
        if self.risks.get(slot).is_offered != 0 {
            self.withdraw(slot);
        }
        let pair = core::mem::replace(&mut self.risks.get_mut(slot).pair, 0);
        if pair != 0 {
            self.risks.get_mut(pair).pair = 0;
            let record = self.instruments.slab.get(pair);
            if record.orders == 0 && record.positions == 0 {
                self.offer_pair(pair);
            }
        }
    }

    fn row_mut(&mut self, among: Among, underlying: u32) -> &mut Row {
        match among {
            Among::Siblings => &mut self.underlyings.slab.get_mut(underlying).instruments,
            Among::Marked => &mut self.valuation.get_mut().marked,
        }
    }

    fn links_mut(&mut self, among: Among, slot: u32) -> &mut Links {
        let risk = self.risks.get_mut(slot);
        if among == Among::Siblings { &mut risk.siblings } else { &mut risk.marked }
    }

    fn link(&mut self, among: Among, underlying: u32, slot: u32) {
        let row = self.row_mut(among, underlying);
        let previous = core::mem::replace(&mut row.last, slot);
        if previous == 0 {
            row.first = slot;
        } else {
            self.links_mut(among, previous).next = slot;
        }
        *self.links_mut(among, slot) = Links { previous, next: 0 };
    }

    fn unlink(&mut self, among: Among, underlying: u32, Links { previous, next }: Links) {
        if previous == 0 {
            self.row_mut(among, underlying).first = next;
        } else {
            self.links_mut(among, previous).next = next;
        }
        if next == 0 {
            self.row_mut(among, underlying).last = previous;
        } else {
            self.links_mut(among, next).previous = previous;
        }
    }
}

/// Whether instruments of this kind, if they have an underlying, are marked by rounds.
fn is_marked(kind: u8) -> bool {
    matches!(InstrumentKind::from_code(kind), Some(InstrumentKind::Future | InstrumentKind::Perpetual))
}

impl Execute for ListUnderlying {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let peg = if self.peg == UnderlyingId::NONE { 0 } else { engine.find_underlying(self.peg)? };
        engine.check_set(&self.rules)?;
        let issued = engine.underlyings.issue(engine.shard());
        let (slot, id) = issued.map_err(|why| full(why, RejectCode::UnderlyingTableFull))?;
        let &Self { symbol, price_max, rules, lane_bits, .. } = self;
        *engine.underlyings.slab.get_mut(slot) =
            Underlying { id, symbol, price_max, rules, peg, lane_bits, ..Underlying::zeroed() };
        if peg != 0 {
            engine.underlyings.slab.get_mut(peg).users += 1;
        }
        let underlying = id;
        out.emit(UnderlyingListed { lane_bits, underlying, symbol, price_max, peg: self.peg, ..Zeroable::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for ConfigureUnderlying {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_underlying(self.underlying)?;
        engine.check_set(&self.rules)?;
        engine.underlyings.slab.get_mut(slot).rules = self.rules;
        let (underlying, scenario_set) = (self.underlying, self.rules.scenario_set);
        out.emit(UnderlyingConfigured { underlying, scenario_set, ..Zeroable::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for DelistUnderlying {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_underlying(self.underlying)?;
        let &Underlying { users, is_waiting, peg, .. } = engine.underlyings.slab.get(slot);
        if users != 0 || is_waiting != 0 || engine.valuation.get().pass_underlying == slot {
            return Err(RejectCode::UnderlyingInUse);
        }
        engine.underlyings.slab.give_back(slot);
        if engine.is_margined() {
            *engine.outlooks.get_mut(slot) = Zeroable::zeroed();
        }
        if peg != 0 {
            engine.underlyings.slab.get_mut(peg).users -= 1;
        }
        out.emit(UnderlyingDelisted { underlying: self.underlying, ..Zeroable::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for ListExpiry {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let underlying = engine.find_underlying(self.underlying)?;
        engine.check_before(self.time)?;
        let issued = engine.expiries.issue(engine.shard());
        let (slot, id) = issued.map_err(|why| full(why, RejectCode::ExpiryTableFull))?;
        let &Self { time, surface, .. } = self;
        *engine.expiries.slab.get_mut(slot) =
            Expiry { id, time, underlying, surface_kind: surface, ..Expiry::zeroed() };
        engine.underlyings.slab.get_mut(underlying).users += 1;
        out.emit(ExpiryListed { surface, expiry: id, underlying: self.underlying, time, ..Zeroable::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl<M: Marks> Engine<'_, M> {
    /// Checks that a time has not come yet.
    pub(super) fn check_before(&self, expiry: TimeNs) -> Result<(), RejectCode> {
        if expiry > self.header.get().time { Ok(()) } else { Err(RejectCode::ExpiryInPast) }
    }
}

impl Execute for DelistExpiry {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_expiry(self.expiry)?;
        let &Expiry { instruments, underlying, .. } = engine.expiries.slab.get(slot);
        if instruments != 0 {
            return Err(RejectCode::ExpiryInUse);
        }
        engine.expiries.slab.give_back(slot);
        *engine.smiles.get_mut(slot) = Zeroable::zeroed();
        if engine.is_margined() {
            for place in [2 * slot, 2 * slot + 1] {
                *engine.aspects.get_mut(place) = Zeroable::zeroed();
            }
        }
        engine.underlyings.slab.get_mut(underlying).users -= 1;
        out.emit(ExpiryDelisted { expiry: self.expiry, ..Zeroable::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for SetScenarios {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_set(self.set)?;
        *engine.scenarios.get_mut(slot) = Scenarios(self.scenarios);
        engine.shocks.get_mut(slot).has_scenarios = 1;
        out.emit(ScenariosSet { count: self.count, set: self.set, ..Zeroable::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for SetShocks {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_set(self.set)?;
        let record = engine.shocks.get_mut(slot);
        (record.shocks, record.is_set) = (self.shocks, 1);
        out.emit(ShocksSet { set: self.set, ..Zeroable::zeroed() });
        Ok(OrderId::NONE)
    }
}

/// The price of one unit may not be above what its underlying says.
pub(super) fn is_price(price: CashAtoms, underlying: &Underlying) -> bool {
    price.0 >= 1 && price <= underlying.price_max
}
