//! Party commands: accounts, sessions, grants.

use bytemuck::Zeroable;

use super::NaiveEngine;
use super::protection::Account;
use super::session::Session;
use crate::command::{CloseAccount, CloseSession, GrantAccount, OpenAccount, OpenSession, RevokeAccount};
use crate::event::{AccountClosed, AccountGranted, AccountOpened, AccountRevoked, SessionClosed, SessionOpened};
use crate::ids::SessionId;
use crate::reject::RejectCode;
use crate::terms::Role;

impl NaiveEngine {
    pub(super) fn open_account(&mut self, c: &OpenAccount) -> Result<(), RejectCode> {
        let account = self.accounts.open(Account::new(c.owner))?;
        self.emit(AccountOpened { account, owner: c.owner, ..AccountOpened::zeroed() });
        Ok(())
    }

    pub(super) fn close_account(&mut self, c: &CloseAccount) -> Result<(), RejectCode> {
        let account = c.header.account;
        let holder = *self.accounts.find(account)?;
        let has_orders = self.book.orders().any(|order| order.account == account);
        let has_cash = holder.cash.wrapping_add(holder.flows) != 0;
        let has_grants = self.grants.iter().any(|grant| grant.1 == account);
        let has_scan = self.has_protection_scan(account);
        if has_orders || self.positions.any_of_account(account) || has_grants || has_scan || has_cash {
            return Err(RejectCode::AccountInUse);
        }
        self.accounts.close(account);
        self.stop_watching(account);
        self.positions.forget(account);
        self.emit(AccountClosed { account, ..AccountClosed::zeroed() });
        Ok(())
    }

    pub(super) fn open_session(&mut self, c: &OpenSession) -> Result<(), RejectCode> {
        let role = Role::from_code(c.role).ok_or(RejectCode::InvalidField)?;
        let all_accounts = c.flags & OpenSession::ALL_ACCOUNTS != 0;
        let session = Session::new(role, all_accounts, self.genesis.outcome_window, self.canary);
        let session = self.sessions.open(session)?;
        self.emit(SessionOpened { session, role: c.role.into(), ..SessionOpened::zeroed() });
        Ok(())
    }

    pub(super) fn close_session(&mut self, c: &CloseSession) -> Result<(), RejectCode> {
        let session = c.session;
        self.sessions.find(session)?;
        let shard = self.genesis.shard();
        let from_genesis = session == SessionId::sequencer(shard) || session == SessionId::operator(shard);
        let has_grants = self.grants.iter().any(|grant| grant.0 == session);
        if has_grants || session == c.header.session || from_genesis {
            return Err(RejectCode::SessionInUse);
        }
        self.sessions.close(session);
        self.emit(SessionClosed { session, ..SessionClosed::zeroed() });
        Ok(())
    }

    pub(super) fn grant_account(&mut self, c: &GrantAccount) -> Result<(), RejectCode> {
        let (session, account) = (c.session, c.header.account);
        self.accounts.find(account)?;
        self.sessions.find(session)?;
        if self.grants.contains(&(session, account)) {
            return Err(RejectCode::AlreadyGranted);
        }
        if self.grants.len() >= self.genesis.capacities.grants as usize {
            return Err(RejectCode::GrantTableFull);
        }
        self.grants.insert((session, account));
        self.emit(AccountGranted { session, account, ..AccountGranted::zeroed() });
        Ok(())
    }

    pub(super) fn revoke_account(&mut self, c: &RevokeAccount) -> Result<(), RejectCode> {
        let (session, account) = (c.session, c.header.account);
        self.accounts.find(account)?;
        self.sessions.find(session)?;
        if !self.grants.remove(&(session, account)) {
            return Err(RejectCode::NotGranted);
        }
        self.emit(AccountRevoked { session, account, ..AccountRevoked::zeroed() });
        Ok(())
    }
}
