//! Venue commands: instruments and their trading state.

use super::Engine;
use super::effort::WORK_SHARES;
use super::emit::Emitter;
use super::gate::{About, Execute, Roles, Sender};
use crate::arena::{Full, Marks};
use crate::command::{
    Checkpoint, DelistInstrument, ListInstrument, SetLastPrice, SetMarkPrice, SetPriceLimits, SetTradingState, Uncross,
    Work,
};
use crate::event::{InstrumentDelisted, InstrumentListed, LastPriceSet, MarkPriceSet, PriceLimitsSet};
use crate::ids::{InstrumentId, OrderId};
use crate::instrument::{Instrument, definition_is_sound};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::{Role, TradingState};
use crate::units::PriceTicks;
use bytemuck::Zeroable;

pub(super) const OPERATOR: Roles = Roles(1 << Role::Operator.code());
pub(super) const OPERATOR_OR_FEED: Roles = Roles(1 << Role::Operator.code() | 1 << Role::Feed.code());
pub(super) const SEQUENCER: Roles = Roles(1 << Role::Sequencer.code());

/// Why no id was given out, for one kind of entity.
pub(super) fn full(full: Full, table: RejectCode) -> RejectCode {
    match full {
        Full::Table => table,
        Full::Ids => RejectCode::IdsExhausted,
    }
}

pub(super) fn about_instrument(instrument: InstrumentId) -> About {
    About { instrument, ..About::default() }
}

impl<M: Marks> Engine<'_, M> {
    /// The slot of an instrument that is not being worked on.
    pub(super) fn find_idle_instrument(&self, id: InstrumentId) -> Result<u32, RejectCode> {
        let slot = self.find_instrument(id)?;
        let busy = self.instruments.slab.get(slot).state() == TradingState::Uncrossing;
        if busy { Err(RejectCode::BookBusy) } else { Ok(slot) }
    }
}

impl Execute for ListInstrument {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        if !definition_is_sound(self, engine.header.get().time) {
            return Err(RejectCode::InvalidInstrument);
        }
        let valued_by = engine.check_valued(self)?;
        let issued = engine.instruments.issue(engine.shard());
        let (slot, id) = issued.map_err(|why| full(why, RejectCode::InstrumentTableFull))?;
        *engine.instruments.slab.get_mut(slot) = Instrument::listed(id, self);
        if valued_by.0 != 0 {
            engine.begin_valuing(slot, valued_by, self);
        }
        out.emit(InstrumentListed {
            instrument_kind: self.kind,
            state: self.initial_state,
            instrument: id,
            symbol: self.symbol,
            tick: self.tick,
            lot: self.lot,
            ..InstrumentListed::zeroed()
        });
        Ok(OrderId::NONE)
    }
}

impl Execute for DelistInstrument {
    const ROLES: Roles = OPERATOR;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_idle_instrument(self.instrument)?;
        let record = engine.instruments.slab.get(slot);
        if record.orders != 0 || record.positions != 0 {
            return Err(RejectCode::InstrumentInUse);
        }
        engine.end_valuing(slot);
        engine.instruments.slab.give_back(slot);
        engine.markets.get_mut(slot).band = PriceTicks::ZERO;
        out.emit(InstrumentDelisted { instrument: self.instrument, ..InstrumentDelisted::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for SetTradingState {
    const ROLES: Roles = OPERATOR;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_idle_instrument(self.instrument)?;
        let state = TradingState::from_code(self.state).ok_or(RejectCode::InvalidField)?;
        if state == TradingState::Continuous && engine.instruments.slab.get(slot).is_crossed() {
            return Err(RejectCode::BookCrossed);
        }
        if state == TradingState::Continuous {
            engine.open_trading(slot, out)?;
        } else {
            engine.enter_state(slot, state, out);
        }
        Ok(OrderId::NONE)
    }
}

impl Execute for Uncross {
    const ROLES: Roles = OPERATOR;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_idle_instrument(self.instrument)?;
        if engine.instruments.slab.get(slot).state() == TradingState::Halted {
            return Err(RejectCode::InstrumentHalted);
        }
        let given = (self.priced == 1).then_some(self.price);
        if let Some(price) = given {
            let record = engine.instruments.slab.get(slot);
            record.check_tick(price)?;
            record.check_range(price)?;
        }
        engine.uncross(slot, given, out)?;
        Ok(OrderId::NONE)
    }
}

impl Execute for SetPriceLimits {
    const ROLES: Roles = OPERATOR;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_idle_instrument(self.instrument)?;
        let record = engine.instruments.slab.get(slot);
        if self.low < record.price_min || self.low > self.high || self.high > record.price_max {
            return Err(RejectCode::InvalidPriceLimits);
        }
        let record = engine.instruments.slab.get_mut(slot);
        (record.limit_low, record.limit_high) = (self.low, self.high);
        let instrument = self.instrument;
        out.emit(PriceLimitsSet { instrument, low: self.low, high: self.high, ..PriceLimitsSet::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for SetLastPrice {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_idle_instrument(self.instrument)?;
        let record = engine.instruments.slab.get_mut(slot);
        record.check_tick(self.price)?;
        record.check_range(self.price)?;
        (record.last_price, record.has_last) = (self.price, 1);
        engine.look_for_due(slot);
        out.emit(LastPriceSet { instrument: self.instrument, price: self.price, ..LastPriceSet::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for SetMarkPrice {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_idle_instrument(self.instrument)?;
        if engine.risks.get(slot).underlying != 0 {
            return Err(RejectCode::MarkIsDerived);
        }
        let record = engine.instruments.slab.get_mut(slot);
        record.check_range(self.price)?;
        (record.mark_price, record.has_mark) = (self.price, 1);
        out.emit(MarkPriceSet { instrument: self.instrument, price: self.price, ..MarkPriceSet::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for Work {
    const ROLES: Roles = SEQUENCER;

    /// Nothing: every command is an opportunity to work, and this is no more than that; but it has time for more shares.
    fn execute<M: Marks, S: EventSink>(
        &self,
        _engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        out.shares = WORK_SHARES;
        Ok(OrderId::NONE)
    }
}

impl Execute for Checkpoint {
    const ROLES: Roles = SEQUENCER;

    /// That it stands in the order of commands is all there is to it: whoever wanted one has it.
    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        _out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        engine.valuation.get_mut().wants_checkpoint = 0;
        Ok(OrderId::NONE)
    }
}
