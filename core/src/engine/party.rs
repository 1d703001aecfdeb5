//! Party commands: accounts, sessions, grants.

use super::emit::Emitter;
use super::gate::{Execute, Roles, Sender};
use super::venue::{OPERATOR, full};
use super::{Engine, Session};
use crate::arena::Marks;
use crate::command::{CloseAccount, CloseSession, GrantAccount, OpenAccount, OpenSession, RevokeAccount};
use crate::event::{AccountClosed, AccountGranted, AccountOpened, AccountRevoked, SessionClosed, SessionOpened};
use crate::ids::{EntityId, OrderId, SessionId};
use crate::ledger::Account;
use crate::reject::RejectCode;
use crate::sink::EventSink;
use bytemuck::Zeroable;

impl<M: Marks> Engine<'_, M> {
    fn find_session(&self, id: SessionId) -> Result<u32, RejectCode> {
        Ok(self.sessions.find(id, self.shard())?)
    }
}

impl Execute for OpenAccount {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let issued = engine.accounts.issue(engine.shard());
        let (slot, id) = issued.map_err(|why| full(why, RejectCode::AccountTableFull))?;
        *engine.accounts.slab.get_mut(slot) = Account { id, owner: self.owner, ..Account::zeroed() };
        out.emit(AccountOpened { account: id, owner: self.owner, ..AccountOpened::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for CloseAccount {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_account(self.header.account)?;
        let account = engine.accounts.slab.get(slot);
        let is_scanned = account.protection.cursor != 0;
        let has_cash = account.cash + account.flows != 0;
        if account.orders != 0 || account.positions != 0 || account.grants != 0 || is_scanned || has_cash {
            return Err(RejectCode::AccountInUse);
        }
        engine.leave_watch(slot);
        engine.accounts.slab.give_back(slot);
        out.emit(AccountClosed { account: self.header.account, ..AccountClosed::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for OpenSession {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let issued = engine.sessions.issue(engine.shard());
        let (slot, id) = issued.map_err(|why| full(why, RejectCode::SessionTableFull))?;
        *engine.sessions.slab.get_mut(slot) = Session::opened(id, self.role, self.flags);
        out.emit(SessionOpened { session: id, role: u64::from(self.role), ..SessionOpened::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for CloseSession {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_session(self.session)?;
        let from_genesis = self.session.generation() <= SessionId::operator(engine.shard()).generation();
        if from_genesis || self.session == self.header.session || engine.sessions.slab.get(slot).grants != 0 {
            return Err(RejectCode::SessionInUse);
        }
        engine.clear_outcomes(slot);
        engine.sessions.slab.give_back(slot);
        out.emit(SessionClosed { session: self.session, ..SessionClosed::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for GrantAccount {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let account = engine.find_account(self.header.account)?;
        let session = engine.find_session(self.session)?;
        let seed = engine.seed();
        if engine.grants.has(seed, session, account) {
            return Err(RejectCode::AlreadyGranted);
        }
        if !engine.grants.add(seed, session, account) {
            return Err(RejectCode::GrantTableFull);
        }
        engine.accounts.slab.get_mut(account).grants += 1;
        engine.sessions.slab.get_mut(session).grants += 1;
        let (session, account) = (self.session, self.header.account);
        out.emit(AccountGranted { session, account, ..AccountGranted::zeroed() });
        Ok(OrderId::NONE)
    }
}

impl Execute for RevokeAccount {
    const ROLES: Roles = OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let account = engine.find_account(self.header.account)?;
        let session = engine.find_session(self.session)?;
        if !engine.grants.remove(engine.seed(), session, account) {
            return Err(RejectCode::NotGranted);
        }
        engine.accounts.slab.get_mut(account).grants -= 1;
        engine.sessions.slab.get_mut(session).grants -= 1;
        let (session, account) = (self.session, self.header.account);
        out.emit(AccountRevoked { session, account, ..AccountRevoked::zeroed() });
        Ok(OrderId::NONE)
    }
}
