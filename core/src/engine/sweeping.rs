//! The sweep over accounts: all of them are looked through when arrays were published, and those that are watched; and what
//! of valuation and sweep a command does.

use super::Engine;
use super::effort::{JUDGE_UNITS, LOOK_UNITS, SHARE_UNITS, STRIKES_UNITS, VECTOR_UNITS};
use super::emit::Emitter;
use crate::arena::Marks;
use crate::ids::AccountId;
use crate::sink::EventSink;
use crate::terms::MarginModel;
use crate::units::TimeNs;
use crate::valuation::Valuation;

impl<M: Marks> Engine<'_, M> {
    /// Has all accounts looked through, since arrays were published.
    pub(super) fn begin_turn(&mut self) {
        if !self.is_margined() {
            return;
        }
        let slots = self.accounts.slab.high_water();
        let valuation = self.valuation.get_mut();
        valuation.publications += 1;
        valuation.turn_left = slots;
        self.begin_walk();
    }

    /// Has the watch list walked through, unless that is under way.
    pub(super) fn begin_walk(&mut self) {
        let valuation = self.valuation.get_mut();
        if valuation.walk_next == 0 {
            valuation.walk_next = valuation.watched.first;
        }
        self.header.get_mut().wake = TimeNs::ZERO;
    }

    /// Whether accounts are to be visited.
    pub(super) fn has_sweep(&self) -> bool {
        let valuation = self.valuation.get();
        valuation.walk_next != 0 || valuation.turn_left != 0
    }

    /// Does one command's shares of valuation and sweep.
    pub(super) fn do_shares<S: EventSink>(&mut self, shares: u32, out: &mut Emitter<'_, S>) {
        for _ in 0..shares {
            let (values, sweeps) = (self.has_valuation(), self.has_sweep());
            let sweeps = sweeps && !(values && self.valuation.get().has_swept != 0);
            if !values && !sweeps {
                return;
            }
            self.valuation.get_mut().has_swept = sweeps.into();
            if sweeps {
                let before = *self.effort_mut();
                self.sweep_accounts(out);
                let effort = self.effort_mut();
                effort.swept.records += effort.records - before.records;
                effort.swept.judged += effort.judged - before.judged;
            } else {
                self.valuate(SHARE_UNITS, out);
            }
        }
    }

    fn sweep_accounts<S: EventSink>(&mut self, out: &mut Emitter<'_, S>) {
        let mut units_left = SHARE_UNITS;
        loop {
            let &Valuation { walk_next, turn_left, turn_last, has_walked, .. } = self.valuation.get();
            let walks = walk_next != 0 && (turn_left == 0 || has_walked == 0);
            if !walks && turn_left == 0 {
                return;
            }
            let in_turn = if turn_last >= self.accounts.slab.high_water() { 1 } else { turn_last + 1 };
            let account = if walks { walk_next } else { in_turn };
            let behind = if walks { self.accounts.slab.get(account).watched.next } else { 0 };
            if !self.visit(account, &mut units_left, out) {
                return;
            }
            let valuation = self.valuation.get_mut();
            valuation.has_walked = walks.into();
            if walks {
                valuation.walk_next = behind;
            } else {
                (valuation.turn_last, valuation.turn_left) = (in_turn, turn_left - 1);
            }
        }
    }

    /// Visits an account; false if the units ran out before it was done.
    fn visit<S: EventSink>(&mut self, account: u32, units_left: &mut u32, out: &mut Emitter<'_, S>) -> bool {
        let is_whole = *units_left == SHARE_UNITS;
        let record = self.accounts.slab.get(account);
        let is_there = record.id != AccountId::NONE;
        let is_wanted = record.is_due != 0 || record.is_to_be_judged != 0;
        if !is_there || !is_wanted && self.is_current_account(account) {
            let is_looked_at = take(units_left, LOOK_UNITS);
            self.effort_mut().looked += u32::from(is_looked_at);
            return is_looked_at;
        }
        self.look_behind_visited(account);
        if !self.make_current(account, units_left) {
            return false;
        }
        let units = self.judging_units(account);
        if is_whole && *units_left == SHARE_UNITS && units > SHARE_UNITS {
            *units_left = 0;
        } else if !take(units_left, units) {
            return false;
        }
        self.judge(account, out);
        true
    }

    /// What judging an account costs.
    fn judging_units(&self, account: u32) -> u32 {
        let each = if self.model_of(account) == MarginModel::Standard { STRIKES_UNITS } else { VECTOR_UNITS };
        let mut units = JUDGE_UNITS;
        let mut portfolio = self.accounts.slab.get(account).portfolios.first;
        while portfolio != 0 {
            let record = self.exposures.portfolio(portfolio);
            units = units.saturating_add(each.saturating_mul(record.vectors));
            portfolio = record.siblings.next;
        }
        units
    }
}

/// Takes so many units, if there are as many.
fn take(units_left: &mut u32, units: u32) -> bool {
    let enough = *units_left >= units;
    if enough {
        *units_left -= units;
    }
    enough
}
