//! Margin terms, cash and margin models.

use super::Engine;
use super::emit::Emitter;
use super::exposure::NO_LIMIT;
use super::gate::{Execute, Roles, Sender};
use super::judging::saturated;
use super::venue::OPERATOR;
use crate::arena::Marks;
use crate::command::{AdjustCash, SetMarginModel, SetMarginTerms};
use crate::event::{CashAdjusted, MarginModelSet, MarginShortfall, MarginTermsSet};
use crate::exposure::{Kind, STANDARD_OPTIONS_MAX};
use crate::ids::{InstrumentId, OrderId};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::MarginModel;
use bytemuck::Zeroable;

impl Execute for SetMarginTerms {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_set(self.set)?;
        let record = engine.terms.get_mut(slot);
        (record.terms, record.is_set) = (self.terms, 1);
        out.emit(MarginTermsSet { set: self.set, ..MarginTermsSet::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for AdjustCash {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_account(self.header.account)?;
        let amount = i128::from(self.amount.0);
        if engine.is_margined() && amount < 0 {
            engine.settle_account(slot, out);
            let initial = engine.margin_with(slot, Kind::Initial, None);
            engine.check_left(slot, InstrumentId::NONE, initial, initial.map(|left| left + amount), out)?;
        }
        let account = engine.accounts.slab.get_mut(slot);
        account.cash += amount;
        let (cash, account) = (account.cash.cast_unsigned(), self.header.account);
        let cash = [cash as u64, (cash >> 64) as u64];
        out.emit(CashAdjusted { account, amount: self.amount, cash, ..CashAdjusted::zeroed() });
        if engine.is_margined() {
            engine.settle_account(slot, out);
            engine.judge(slot, out);
        }
        Ok(OrderId::NONE)
    }
}

impl<M: Marks> Engine<'_, M> {
    /// Checks that what would be left over the initial margin is not below zero, and says how much is missing.
    pub(super) fn check_left<S: EventSink>(
        &self,
        account: u32,
        instrument: InstrumentId,
        before: Option<i128>,
        left: Option<i128>,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), RejectCode> {
        let (Some(before), Some(left)) = (before, left) else { return Err(RejectCode::InsufficientMargin) };
        if left >= 0 {
            return Ok(());
        }
        out.emit(MarginShortfall {
            account: self.accounts.slab.get(account).id,
            instrument,
            shortfall: saturated(-left),
            initial: saturated(before),
            ..MarginShortfall::zeroed()
        });
        Err(RejectCode::InsufficientMargin)
    }
}

impl Execute for SetMarginModel {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_account(self.header.account)?;
        let account = engine.accounts.slab.get(slot);
        if account.orders != 0 || account.positions != 0 && !engine.is_margined() {
            return Err(RejectCode::AccountInUse);
        }
        let has_sums = account.positions != 0;
        if has_sums && account.margin_model != self.model {
            engine.check_model(slot, self.model, out)?;
        }
        let account = engine.accounts.slab.get_mut(slot);
        (account.margin_model, account.has_floor) = (self.model, 0);
        out.emit(MarginModelSet { model: self.model, account: self.header.account, ..MarginModelSet::zeroed() });
        if has_sums {
            engine.forget_sums(slot);
            engine.settle_account(slot, out);
        }
        Ok(OrderId::NONE)
    }
}

impl<M: Marks> Engine<'_, M> {
    /// Checks that an account with positions may have another model.
    fn check_model<S: EventSink>(
        &mut self,
        account: u32,
        model: u8,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), RejectCode> {
        let model = MarginModel::from_code(model).ok_or(RejectCode::InvalidField)?;
        let mut portfolio = self.accounts.slab.get(account).portfolios.first;
        while portfolio != 0 {
            let record = self.exposures.portfolio(portfolio);
            let mut vector = record.first_vector;
            while vector != 0 {
                let options = self.exposures.vector(vector).options;
                if model == MarginModel::Futures && options != 0 {
                    return Err(RejectCode::ModelForbidsInstrument);
                }
                if model == MarginModel::Standard && options > STANDARD_OPTIONS_MAX {
                    return Err(RejectCode::TooManyOptions);
                }
                vector = self.exposures.vector(vector).siblings.next;
            }
            portfolio = record.siblings.next;
        }
        // By the new model first, and back again if it does not do.
        let old = self.accounts.slab.get(account).margin_model;
        self.settle_account(account, out);
        let before = self.margin_with(account, Kind::Initial, None);
        self.reckon_by(account, model.code());
        let left = self.margin_with(account, Kind::Initial, None);
        self.reckon_by(account, old);
        self.check_left(account, InstrumentId::NONE, before, left, out)
    }

    /// Adds an account's sums up by a model.
    fn reckon_by(&mut self, account: u32, model: u8) {
        self.accounts.slab.get_mut(account).margin_model = model;
        let due = self.accounts.slab.get(account).is_due;
        self.forget_sums(account);
        let mut units_left = NO_LIMIT;
        self.make_current(account, &mut units_left);
        self.accounts.slab.get_mut(account).is_due = due;
    }

    /// Has all sums of an account added up anew.
    fn forget_sums(&mut self, account: u32) {
        self.accounts.slab.get_mut(account).current_at = u64::MAX;
        let mut portfolio = self.accounts.slab.get(account).portfolios.first;
        while portfolio != 0 {
            let record = self.exposures.portfolio_mut(portfolio);
            record.generation = 0;
            let (mut vector, mut position) = (record.first_vector, record.positions.first);
            portfolio = record.siblings.next;
            while position != 0 {
                let record = self.positions.get_mut(position);
                record.added = 0;
                position = record.siblings.next;
            }
            while vector != 0 {
                let record = self.exposures.vector_mut(vector);
                record.generation = 0;
                vector = record.siblings.next;
            }
        }
    }
}
