//! Shares, and the sweep over accounts: "The sweep" of `docs/RISK.md`.

use super::{Canary, NaiveEngine};
use crate::ids::AccountId;
use crate::terms::MarginModel;

/// Units of a share.
const UNITS: u32 = 64;
/// Shares that a `Work` command does; others do one.
pub(super) const SHARES_OF_WORK: u32 = 4;
/// Units of a record that is added.
pub(super) const ADD_UNITS: u32 = 16;
/// Units of a judgement, and beyond that of each vector.
const JUDGE_UNITS: u32 = 16;
/// The latter where the model is the standard one.
const STANDARD_UNITS: u32 = 64;

/// What a visit is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// The walk of the watch list.
    Walk,
    /// The turn over all slots.
    Turn,
}

impl NaiveEngine {
    /// After pending work: a command's shares.
    pub(super) fn do_shares(&mut self) {
        for _ in 0..self.shares {
            let (values, sweeps) = (self.valuation.is_pending(), self.is_sweeping());
            if sweeps && !(values && self.watch.swept_last) {
                self.watch.swept_last = true;
                let mut units = UNITS;
                while self.sweep_a_piece(&mut units) {}
            } else if values {
                self.watch.swept_last = false;
                self.valuate(UNITS);
            }
        }
    }

    pub(super) fn is_sweeping(&self) -> bool {
        self.watch.turn_left > 0 || self.watch.walk.is_some()
    }

    /// Arrays were published.
    pub(super) fn begin_sweep(&mut self) {
        if self.genesis.is_margined() {
            self.watch.turn_left = self.accounts.highest_used();
            self.begin_walk();
        }
    }

    /// A walk begins at the head of the list, unless one is under way.
    pub(super) fn begin_walk(&mut self) {
        if self.watch.walk.is_none() && self.canary != Canary::SweepSkipsWatchList {
            self.watch.walk = self.watch.list.first().copied();
        }
    }

    /// Does the next piece of a visit; false if there is none, or if there are too few units for it.
    fn sweep_a_piece(&mut self, units: &mut u32) -> bool {
        let Some((visit, account)) = self.next_visit() else { return false };
        let open = account.and_then(|id| Some((id, *self.accounts.find(id).ok()?)));
        let Some((account, open)) = open else { return self.end_visit(visit, None, (1, units)) };
        if !self.is_current(account) {
            if *units < ADD_UNITS {
                return false;
            }
            *units -= ADD_UNITS;
            return self.add_next(account);
        }
        if !open.is_to_be_judged && !open.is_unjudged {
            return self.end_visit(visit, Some(account), (1, units));
        }
        let is_standard = open.margin_model == Some(MarginModel::Standard);
        let of_each = if is_standard { STANDARD_UNITS } else { JUDGE_UNITS };
        let cost = JUDGE_UNITS + of_each * self.kept.vectors_of(account) as u32;
        // A whole share is enough for any.
        let cost = if *units == UNITS { cost.min(UNITS) } else { cost };
        let is_over = self.end_visit(visit, Some(account), (cost, units));
        if is_over {
            self.judge(account);
        }
        is_over
    }

    /// What is visited next, and whom it is to.
    fn next_visit(&self) -> Option<(Visit, Option<AccountId>)> {
        let (walks, turns) = (self.watch.walk.is_some(), self.watch.turn_left > 0);
        let visit = if walks && (!turns || self.watch.last != Some(Visit::Walk)) {
            Visit::Walk
        } else if turns {
            Visit::Turn
        } else {
            return None;
        };
        match visit {
            Visit::Walk => Some((visit, self.watch.walk)),
            Visit::Turn => Some((visit, self.accounts.in_slot(self.next_slot()))),
        }
    }

    /// The slot behind the one that was visited last, the first behind the highest.
    fn next_slot(&self) -> u32 {
        if self.watch.slot_last >= self.accounts.highest_used() { 1 } else { self.watch.slot_last + 1 }
    }

    /// The last piece of a visit, which takes so many units; false if there are too few.
    fn end_visit(&mut self, visit: Visit, account: Option<AccountId>, (cost, units): (u32, &mut u32)) -> bool {
        if *units < cost {
            return false;
        }
        *units -= cost;
        match visit {
            Visit::Walk => self.watch.walk = account.and_then(|account| self.watch.behind(account)),
            Visit::Turn => {
                self.watch.slot_last = self.next_slot();
                self.watch.turn_left -= 1;
            }
        }
        self.watch.last = Some(visit);
        true
    }
}
