//! Current and judged accounts, and the watch list: "Current, judged" of `docs/RISK.md`.

use alloc::vec::Vec;

use bytemuck::Zeroable;
use ethnum::I256;

use super::NaiveEngine;
use super::parts::event_atoms;
use super::share::Visit;
use crate::event::MarginStatusChanged;
use crate::ids::AccountId;
use crate::terms::MarginStatus;
use crate::units::CashAtoms;

/// Who is watched, and how far the sweep has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Accounts that are not healthy, or to be judged, in the order in which they became that.
    pub(super) list: Vec<AccountId>,
    /// Where the walk of the list is; none without one.
    pub(super) walk: Option<AccountId>,
    /// How many slots of accounts the turn is still to visit.
    pub(super) turn_left: u32,
    /// The slot that a turn visited last.
    pub(super) slot_last: u32,
    /// Of which kind the last visit was.
    pub(super) last: Option<Visit>,
    /// Whether the last share was of the sweep.
    pub(super) swept_last: bool,
    pub(super) wants_checkpoint: bool,
}

impl Watch {
    /// The account behind one of the list.
    pub(super) fn behind(&self, account: AccountId) -> Option<AccountId> {
        let place = self.list.iter().position(|other| *other == account)?;
        self.list.get(place + 1).copied()
    }

    fn leave(&mut self, account: AccountId) {
        if self.walk == Some(account) {
            self.walk = self.behind(account);
        }
        self.list.retain(|other| *other != account);
    }
}

impl NaiveEngine {
    /// Adds up anew what is not of the generation in force, and judges the account if that was anything.
    pub(super) fn make_current(&mut self, account: AccountId) {
        if self.is_current(account) {
            return;
        }
        while self.add_next(account) {}
        self.judge(account);
    }

    /// Judges an account by what it has and by the arrays in force.
    pub(super) fn judge(&mut self, account: AccountId) {
        let reckoned = self.margin_of(account);
        let Some(open) = self.accounts.get_mut(account) else { return };
        open.is_to_be_judged = false;
        open.is_unjudged = false;
        let old = open.status;
        if let Some(reckoned) = reckoned {
            open.status = if reckoned.maintenance < I256::ZERO {
                MarginStatus::MaintenanceShort
            } else if reckoned.initial < I256::ZERO {
                MarginStatus::InitialShort
            } else {
                MarginStatus::Healthy
            };
            let status = open.status;
            if status != old {
                self.watch.wants_checkpoint |= status == MarginStatus::MaintenanceShort;
                self.emit(MarginStatusChanged {
                    status: status.code(),
                    old_status: old.code(),
                    account,
                    initial: CashAtoms(event_atoms(reckoned.initial)),
                    maintenance: CashAtoms(event_atoms(reckoned.maintenance)),
                    ..MarginStatusChanged::zeroed()
                });
            }
        }
        self.mend_watch_list(account);
    }

    /// From now on an account is to be judged; that begins a walk.
    pub(super) fn mark_to_be_judged(&mut self, account: AccountId) {
        let Some(open) = self.accounts.get_mut(account) else { return };
        if open.is_to_be_judged {
            return;
        }
        open.is_to_be_judged = true;
        self.mend_watch_list(account);
        self.begin_walk();
    }

    /// An account joins the watch list, or leaves it.
    fn mend_watch_list(&mut self, account: AccountId) {
        let open = self.accounts.find(account);
        let is_watched = open.is_ok_and(|open| open.status != MarginStatus::Healthy || open.is_to_be_judged);
        if !is_watched {
            self.watch.leave(account);
        } else if !self.watch.list.contains(&account) {
            self.watch.list.push(account);
        }
    }

    /// An account was closed.
    pub(super) fn stop_watching(&mut self, account: AccountId) {
        self.watch.leave(account);
    }

    /// How an account stood when it was judged last; none if it is unknown.
    pub fn margin_status(&self, account: AccountId) -> Option<MarginStatus> {
        self.accounts.find(account).ok().map(|open| open.status)
    }

    /// Whether an account has become short of its maintenance margin since the last checkpoint.
    pub fn wants_checkpoint(&self) -> bool {
        self.watch.wants_checkpoint
    }
}
