//! Pending work: what is done at the end of every command.

use super::auction::Auction;
use super::following::Followed;
use super::scan::{Scan, ScanEnd};
use super::share::ADD_UNITS;
use super::{Canary, NaiveEngine};
use crate::ids::{AccountId, InstrumentId};
use crate::reject::{CancelReason, RejectCode};
use crate::terms::TradingState;
use crate::units::Sequence;

/// Units of work at the end of one command; a scan that a command begins has as many before.
pub(super) const UNITS: u32 = 1_024;
/// Units that an order cancelled by a scan takes.
pub(super) const CANCEL_UNITS: u32 = 16;
/// Units that an order which expires or triggers takes, and an auction's step.
const STEP_UNITS: u32 = 16;

/// What stands in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    Auction(Auction),
    Scan(Scan),
}

/// Work in the queue, and the command that put it to the back last, which does no more of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) moved: Sequence,
    pub(super) work: Work,
}

/// What came of asking for a piece of work of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// A piece was done: everything is asked anew.
    Done,
    /// None can be done now: the next kind is asked.
    None,
    /// Units or steps ran out on the way.
    Over,
}

impl NaiveEngine {
    /// Step 9 of "Every command".
    pub(super) fn work_off(&mut self) {
        let mut units = UNITS;
        if self.canary == Canary::SliceOneStepShort {
            units -= STEP_UNITS;
        }
        while self.do_a_piece(&mut units) {}
    }

    /// Does a piece of the first kind that can go on; false if the command's work is over.
    fn do_a_piece(&mut self, units: &mut u32) -> bool {
        if self.expire(units) {
            return true;
        }
        match self.fire(units) {
            Asked::Done => return true,
            Asked::Over => return false,
            Asked::None => {}
        }
        if self.follow(units) == Followed::OutOfUnits {
            return false;
        }
        match self.protect(units) {
            Asked::Done => true,
            Asked::Over => false,
            Asked::None => self.carry_on_queue(units) == Asked::Done,
        }
    }

    /// 1: cancels one order whose expiry has come.
    fn expire(&mut self, units: &mut u32) -> bool {
        let now = self.time;
        let early = self.canary == Canary::ExpiresOneLate;
        let due = self.book.dated().find(|order| order.is_expired(now) && !(early && order.expiry == Some(now)));
        let Some(order) = due.copied() else { return false };
        if self.is_uncrossing(order.instrument) || *units < STEP_UNITS {
            return false;
        }
        self.cancel_live(&order, CancelReason::Expired);
        *units -= STEP_UNITS;
        true
    }

    /// 2: fires one stop order, if the command has steps enough left, and its account is current.
    fn fire(&mut self, units: &mut u32) -> Asked {
        let steps_left = self.steps <= self.genesis.max_steps / 2;
        if !steps_left || *units < STEP_UNITS {
            return Asked::None;
        }
        let Some(order) = self.next_in_row() else { return Asked::None };
        if !self.is_current(order.account) {
            return self.make_current_for_stop(order.account, units);
        }
        self.fire_next(order);
        *units -= STEP_UNITS;
        Asked::Done
    }

    /// Adds the records of an account; it is judged when it is current, and then everything is asked anew.
    fn make_current_for_stop(&mut self, account: AccountId, units: &mut u32) -> Asked {
        while !self.is_current(account) {
            if *units < ADD_UNITS {
                return Asked::Over;
            }
            *units -= ADD_UNITS;
            self.add_next(account);
        }
        self.judge(account);
        Asked::Done
    }

    /// 3: carries on the scan of the account whose protection tripped first.
    fn protect(&mut self, units: &mut u32) -> Asked {
        let Some(mut scan) = self.protection_scans.pop_front() else { return Asked::None };
        let end = self.carry_on_scan(&mut scan, units);
        if end == ScanEnd::Done {
            return Asked::Done;
        }
        self.protection_scans.push_front(scan);
        if end == ScanEnd::Stopped { Asked::None } else { Asked::Over }
    }

    /// 4: carries on the queue's first item, unless this command put it where it is.
    fn carry_on_queue(&mut self, units: &mut u32) -> Asked {
        let sequence = self.sequence;
        if self.queue.front().is_none_or(|item| item.moved == sequence) {
            return Asked::None;
        }
        let Some(mut item) = self.queue.pop_front() else { return Asked::None };
        match &mut item.work {
            Work::Auction(auction) => {
                if self.carry_on_pending(auction, units) {
                    return Asked::Done;
                }
            }
            Work::Scan(scan) => match self.carry_on_scan(scan, units) {
                ScanEnd::Done => return Asked::Done,
                ScanEnd::Interrupted => {}
                ScanEnd::Stopped => {
                    item.moved = sequence;
                    self.queue.push_back(item);
                    return Asked::Done;
                }
            },
        }
        self.queue.push_front(item);
        Asked::Over
    }

    /// Carries a queued auction on: a step takes units as well. True when it is over.
    fn carry_on_pending(&mut self, auction: &mut Auction, units: &mut u32) -> bool {
        let allowed = (*units / STEP_UNITS).min(self.genesis.max_steps.saturating_sub(self.steps));
        let mut left = allowed;
        let is_over = self.carry_on(auction, &mut left);
        let done = allowed - left;
        self.steps += done;
        *units -= done * STEP_UNITS;
        if is_over {
            self.conclude(auction.instrument());
        }
        is_over
    }

    pub(super) fn check_queue(&self) -> Result<(), RejectCode> {
        let full = self.queue.len() >= self.genesis.capacities.work_items as usize;
        if full { Err(RejectCode::WorkQueueFull) } else { Ok(()) }
    }

    pub(super) fn is_uncrossing(&self, id: InstrumentId) -> bool {
        self.instruments.find(id).is_ok_and(|instrument| instrument.state == TradingState::Uncrossing)
    }

    /// Whether there is anything that a later command of the same time could do.
    pub fn work_pending(&self) -> bool {
        let expired = self.book.dated().any(|order| order.is_expired(self.time));
        expired
            || self.is_following()
            || !self.stop_row.is_empty()
            || !self.protection_scans.is_empty()
            || !self.queue.is_empty()
            || self.valuation.is_pending()
            || self.is_sweeping()
    }
}
