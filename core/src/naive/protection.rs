//! Accounts and their market-maker protection.

use bytemuck::Zeroable;

use super::book::Order;
use super::scan::Scan;
use super::{Canary, NaiveEngine};
use crate::command::{ResumeTrading, SetProtection};
use crate::event::{ProtectionSet, ProtectionTripped, TradingResumed};
use crate::ids::{AccountId, InstrumentId};
use crate::reject::{CancelReason, RejectCode};
use crate::terms::{MarginModel, MarginStatus};
use crate::units::{QuantityLots, TimeNs};

/// What matters of an account that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) owner: u64,
    /// None until it is chosen.
    pub(super) margin_model: Option<MarginModel>,
    /// In atoms.
    pub(super) cash: i128,
    /// What its trades have brought in and cost, in atoms.
    pub(super) flows: i128,
    pub(super) status: MarginStatus,
    /// It is to be judged whatever happens to arrays.
    pub(super) is_to_be_judged: bool,
    /// A record was added since it was judged.
    pub(super) is_unjudged: bool,
    protection: Protection,
}

impl Account {
    pub(super) fn new(owner: u64) -> Self {
        Self {
            owner,
            margin_model: None,
            cash: 0,
            flows: 0,
            status: MarginStatus::Healthy,
            is_to_be_judged: false,
            is_unjudged: false,
            protection: Protection::default(),
        }
    }
}

/// The limits, and what was filled in the window.
#[derive(Clone, Copy, Debug, Default)]
struct Protection {
    /// Zero: off.
    window: TimeNs,
    /// Zero: no limit.
    quantity: QuantityLots,
    /// Zero: no limit.
    fills: u64,
    tripped: bool,
    /// When the window began; none until the next fill.
    begun: Option<TimeNs>,
    filled: QuantityLots,
    filled_times: u64,
}

impl Protection {
    /// Counts a fill; true if a limit is reached.
    fn count(&mut self, now: TimeNs, quantity: QuantityLots) -> bool {
        let over = |begun: TimeNs| begun.get().checked_add(self.window.get()).is_some_and(|end| now.get() >= end);
        if self.begun.is_none_or(over) {
            self.begun = Some(now);
            (self.filled, self.filled_times) = (QuantityLots::ZERO, 0);
        }
        self.filled = QuantityLots(self.filled.get().saturating_add(quantity.get()));
        self.filled_times = self.filled_times.saturating_add(1);
        let by_quantity = self.quantity > QuantityLots::ZERO && self.filled >= self.quantity;
        by_quantity || self.fills > 0 && self.filled_times >= self.fills
    }
}

impl NaiveEngine {
    pub(super) fn set_protection(&mut self, c: &SetProtection) -> Result<(), RejectCode> {
        let account = self.check_account(&c.header)?;
        if let Some(open) = self.accounts.get_mut(account) {
            let (window, quantity, fills) = (c.window, c.quantity, c.fills);
            open.protection = Protection { window, quantity, fills, begun: None, ..open.protection };
        }
        self.emit(ProtectionSet {
            account,
            window: c.window,
            quantity: c.quantity,
            fills: c.fills,
            ..ProtectionSet::zeroed()
        });
        Ok(())
    }

    pub(super) fn resume_trading(&mut self, c: &ResumeTrading) -> Result<(), RejectCode> {
        let account = self.check_account(&c.header)?;
        if !self.is_tripped(account) {
            return Err(RejectCode::ProtectionNotTripped);
        }
        if self.has_protection_scan(account) {
            return Err(RejectCode::CancelsPending);
        }
        if let Some(open) = self.accounts.get_mut(account) {
            open.protection.tripped = false;
            open.protection.begun = None;
        }
        self.emit(TradingResumed { account, ..TradingResumed::zeroed() });
        Ok(())
    }

    /// Whether the account's protection has tripped.
    pub fn is_tripped(&self, account: AccountId) -> bool {
        self.accounts.find(account).is_ok_and(|open| open.protection.tripped)
    }

    /// Whether the scan of the account's orders, begun when its protection tripped, is not done.
    pub(super) fn has_protection_scan(&self, account: AccountId) -> bool {
        self.protection_scans.iter().any(|scan| scan.account == account)
    }

    /// Why a maker must not trade.
    pub(super) fn unfit(&self, maker: &Order) -> Option<CancelReason> {
        if maker.is_expired(self.time) && self.canary != Canary::ExpiredMakerTrades {
            return Some(CancelReason::Expired);
        }
        self.is_tripped(maker.account).then_some(CancelReason::ProtectionTripped)
    }

    /// Counts a fill of a resting order in continuous trading, and trips the account's protection if it must.
    pub(super) fn count_fill(&mut self, maker: &Order, taker: &Order, quantity: QuantityLots) {
        let account = if self.canary == Canary::ProtectionCountsTaker { taker.account } else { maker.account };
        let now = self.time;
        let Some(open) = self.accounts.get_mut(account) else { return };
        let protection = &mut open.protection;
        if protection.window == TimeNs::ZERO || !protection.count(now, quantity) || protection.tripped {
            return;
        }
        protection.tripped = true;
        let (quantity, fills) = (protection.filled, protection.filled_times);
        let instrument = maker.instrument;
        self.emit(ProtectionTripped { instrument, account, quantity, fills, ..ProtectionTripped::zeroed() });
        let scan = Scan::new(account, InstrumentId::NONE, CancelReason::ProtectionTripped, self.sequence);
        self.protection_scans.push_back(scan);
    }
}
