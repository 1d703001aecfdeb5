//! What happens to every command: session, session sequence, record check, role, and the rejection if there is one.

use bytemuck::Zeroable;

use super::session::{Outcome, Turn};
use super::share::SHARES_OF_WORK;
use super::{NaiveEngine, records};
use crate::command::{Command, CommandHeader, OrderTarget};
use crate::event::{Rejected, Resent};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId};
use crate::reject::RejectCode;
use crate::terms::Role;

impl NaiveEngine {
    /// Steps 2 to 8 of "Every command".
    pub(super) fn run(&mut self, command: Command<'_>) {
        let Some(header) = command.header() else {
            return self.emit(Rejected { code: RejectCode::MalformedRecord.code(), ..Rejected::zeroed() });
        };
        let turn = match self.sessions.find(header.session) {
            Ok(session) => session.turn(header.session_sequence),
            Err(code) => Turn::Refused(code),
        };
        match turn {
            Turn::Refused(code) => self.reject(header, command, code),
            Turn::Again(outcome) => self.emit(Resent {
                code: outcome.code,
                session: header.session,
                session_sequence: header.session_sequence,
                first_sequence: outcome.sequence,
                order: outcome.order,
                ..Resent::zeroed()
            }),
            Turn::Next => {
                let (code, order) = match self.execute(header, command) {
                    Ok(order) => (0, order),
                    Err(code) => {
                        self.reject(header, command, code);
                        (code.code(), OrderId::NONE)
                    }
                };
                let outcome = Outcome { sequence: self.sequence, code, order };
                // A session cannot close itself, so the sender is still there.
                if let Some(session) = self.sessions.get_mut(header.session) {
                    session.consume(outcome);
                }
            }
        }
    }

    /// Steps 6 to 8. An `Err` has changed nothing and said nothing, but of margin: an account may have been made current
    /// and judged, and what is missing is said.
    fn execute(&mut self, header: &CommandHeader, command: Command<'_>) -> Result<OrderId, RejectCode> {
        records::check(command)?;
        self.check_role(header.session, command)?;
        match command {
            Command::NewOrder(c) => self.new_order(c),
            Command::NewComplexOrder(c) => self.new_complex_order(c),
            Command::NewPeggedOrder(c) => self.new_pegged_order(c),
            Command::CancelOrder(c) => self.cancel_order(c),
            Command::ReduceOrder(c) => self.reduce_order(c),
            Command::AmendOrder(c) => self.amend_order(c),
            Command::ReplaceOrder(c) => self.replace_order(c),
            _ => self.execute_rare(command).map(|()| OrderId::NONE),
        }
    }

    fn execute_rare(&mut self, command: Command<'_>) -> Result<(), RejectCode> {
        match command {
            Command::MassCancel(c) => self.mass_cancel(c),
            Command::SetProtection(c) => self.set_protection(c),
            Command::ResumeTrading(c) => self.resume_trading(c),
            Command::ListInstrument(c) => self.list_instrument(c),
            Command::DelistInstrument(c) => self.delist_instrument(c),
            Command::SetTradingState(c) => self.set_trading_state(c),
            Command::Uncross(c) => self.uncross(c),
            Command::SetPriceLimits(c) => self.set_price_limits(c),
            Command::SetLastPrice(c) => self.set_last_price(c),
            Command::SetMarkPrice(c) => self.set_mark_price(c),
            Command::SetPriceBand(c) => self.set_price_band(c),
            Command::EndTradingDay(c) => self.end_trading_day(c),
            Command::PublishIndicative(c) => self.publish_indicative(c),
            Command::OpenAccount(c) => self.open_account(c),
            Command::CloseAccount(c) => self.close_account(c),
            Command::OpenSession(c) => self.open_session(c),
            Command::CloseSession(c) => self.close_session(c),
            Command::GrantAccount(c) => self.grant_account(c),
            Command::RevokeAccount(c) => self.revoke_account(c),
            Command::SetMarginModel(c) => self.set_margin_model(c),
            Command::AdjustCash(c) => self.adjust_cash(c),
            _ => self.execute_feed(command),
        }
    }

    /// The commands of `docs/FEEDS.md`.
    fn execute_feed(&mut self, command: Command<'_>) -> Result<(), RejectCode> {
        match command {
            Command::ListUnderlying(c) => self.list_underlying(c),
            Command::DelistUnderlying(c) => self.delist_underlying(c),
            Command::ConfigureUnderlying(c) => self.configure_underlying(c),
            Command::ListExpiry(c) => self.list_expiry(c),
            Command::DelistExpiry(c) => self.delist_expiry(c),
            Command::SetScenarios(c) => self.set_scenarios(c),
            Command::SetShocks(c) => self.set_shocks(c),
            Command::SetMarginTerms(c) => self.set_margin_terms(c),
            Command::UpdateIndex(c) => self.update_index(c),
            Command::UpdateForward(c) => self.update_forward(c),
            Command::UpdateRate(c) => self.update_rate(c),
            Command::UpdateSurface(c) => self.update_surface(c),
            Command::UpdateVolatility(c) => self.update_volatility(c),
            Command::Timer(_) => {
                self.begin_round();
                Ok(())
            }
            Command::Work(_) => {
                self.shares = SHARES_OF_WORK;
                Ok(())
            }
            Command::Checkpoint(_) => {
                self.watch.wants_checkpoint = false;
                Ok(())
            }
            // The others were dealt with before.
            _ => Ok(()),
        }
    }

    fn check_role(&self, session: SessionId, command: Command<'_>) -> Result<(), RejectCode> {
        let role = self.sessions.find(session)?.role;
        let permitted = match command {
            Command::NewOrder(_)
            | Command::NewComplexOrder(_)
            | Command::NewPeggedOrder(_)
            | Command::AmendOrder(_)
            | Command::ReplaceOrder(_) => role == Role::Trader,
            Command::CancelOrder(_)
            | Command::ReduceOrder(_)
            | Command::MassCancel(_)
            | Command::SetProtection(_)
            | Command::ResumeTrading(_) => role == Role::Trader || role == Role::Operator,
            Command::SetLastPrice(_)
            | Command::SetMarkPrice(_)
            | Command::PublishIndicative(_)
            | Command::UpdateIndex(_)
            | Command::UpdateForward(_)
            | Command::UpdateRate(_)
            | Command::UpdateSurface(_)
            | Command::UpdateVolatility(_) => role == Role::Operator || role == Role::Feed,
            Command::Work(_) | Command::Checkpoint(_) | Command::Timer(_) => role == Role::Sequencer,
            _ => role == Role::Operator,
        };
        if permitted { Ok(()) } else { Err(RejectCode::RoleNotPermitted) }
    }

    /// The account of an order command: open, and the session may act for it.
    pub(super) fn check_account(&self, header: &CommandHeader) -> Result<AccountId, RejectCode> {
        self.accounts.find(header.account)?;
        let session = self.sessions.find(header.session)?;
        if session.all_accounts || self.grants.contains(&(header.session, header.account)) {
            Ok(header.account)
        } else {
            Err(RejectCode::AccountNotPermitted)
        }
    }

    /// The account of an order command that may make it trade: its protection must not have tripped.
    pub(super) fn check_trader(&self, header: &CommandHeader) -> Result<AccountId, RejectCode> {
        let account = self.check_account(header)?;
        if self.is_tripped(account) { Err(RejectCode::ProtectionTripped) } else { Ok(account) }
    }

    fn reject(&mut self, header: &CommandHeader, command: Command<'_>, code: RejectCode) {
        let (order, client_order_id) = names(command);
        self.emit(Rejected {
            code: code.code(),
            session: header.session,
            session_sequence: header.session_sequence,
            account: header.account,
            instrument: instrument_of(command),
            order,
            client_order_id,
            ..Rejected::zeroed()
        });
    }
}

/// The instrument as sent, where the kind has the field.
fn instrument_of(command: Command<'_>) -> InstrumentId {
    match command {
        Command::NewOrder(c) => c.instrument,
        Command::NewComplexOrder(c) => c.instrument,
        Command::NewPeggedOrder(c) => c.instrument,
        Command::MassCancel(c) => c.instrument,
        Command::DelistInstrument(c) => c.instrument,
        Command::SetTradingState(c) => c.instrument,
        Command::Uncross(c) => c.instrument,
        Command::SetPriceLimits(c) => c.instrument,
        Command::SetLastPrice(c) => c.instrument,
        Command::SetMarkPrice(c) => c.instrument,
        Command::SetPriceBand(c) => c.instrument,
        Command::EndTradingDay(c) => c.instrument,
        Command::PublishIndicative(c) => c.instrument,
        Command::UpdateVolatility(c) => c.instrument,
        _ => InstrumentId::NONE,
    }
}

/// The order id and the client order id as sent: the new order's client order id, else the target's.
fn names(command: Command<'_>) -> (OrderId, ClientOrderId) {
    match command {
        Command::NewOrder(c) => (OrderId::NONE, c.client_order_id),
        Command::NewComplexOrder(c) => (OrderId::NONE, c.client_order_id),
        Command::NewPeggedOrder(c) => (OrderId::NONE, c.client_order_id),
        Command::CancelOrder(c) => target_names(c.target),
        Command::ReduceOrder(c) => target_names(c.target),
        Command::AmendOrder(c) => target_names(c.target),
        Command::ReplaceOrder(c) => (target_names(c.target).0, c.client_order_id),
        _ => (OrderId::NONE, ClientOrderId::NONE),
    }
}

fn target_names(target: OrderTarget) -> (OrderId, ClientOrderId) {
    match target.by {
        OrderTarget::BY_ORDER_ID => (OrderId(target.id), ClientOrderId::NONE),
        OrderTarget::BY_CLIENT_ORDER_ID => (OrderId::NONE, ClientOrderId(target.id)),
        _ => (OrderId::NONE, ClientOrderId::NONE),
    }
}
