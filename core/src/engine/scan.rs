//! Scans: cancelling all orders of an account, an instrument or a trading day, by looking at every slot of the order table.
//!
//! Nothing on the order path is kept for this: lists per account would cost every order two cache misses, and a scan looks
//! at a slot in a nanosecond.

use bytemuck::{Pod, Zeroable};

use super::Engine;
use super::emit::Emitter;
use super::gate::{About, Execute, Roles, Sender};
use super::orders::TRADER_OR_OPERATOR;
use super::venue::{OPERATOR, about_instrument};
use super::work::{STEP_UNITS, UNITS_PER_COMMAND, WorkItem};
use crate::arena::Marks;
use crate::book::Order;
use crate::command::{EndTradingDay, MassCancel};
use crate::event::MassCancelled;
use crate::ids::{AccountId, InstrumentId, OrderId};
use crate::reject::{CancelReason, RejectCode};
use crate::sink::EventSink;
use crate::terms::{TimeInForce, TradingState};
use crate::units::Sequence;

/// A scan that is under way.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct Scan {
    /// Whose orders; none for everybody's.
    account: AccountId,
    /// Where; none for everywhere.
    instrument: InstrumentId,
    /// The command that began it: orders that were accepted later are none of its business.
    begun: Sequence,
    /// Orders cancelled so far.
    cancelled: u64,
    /// The slot to be looked at next.
    cursor: u32,
    /// A [`CancelReason`].
    reason: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: [u8; 3],
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved_tail: [u64; 25],
}

/// Why a scan stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// Every slot was looked at, or no order can be left.
    Done,
    /// It has come to an order in a book that is being uncrossed.
    Blocked,
    /// No unit is left.
    Interrupted,
}

impl Scan {
    pub(super) fn of_account(account: AccountId, begun: Sequence, cursor: u32, cancelled: u64) -> Self {
        let reason = CancelReason::ProtectionTripped.code();
        Self { account, begun, cancelled, cursor, reason, ..Self::zeroed() }
    }

    pub(super) fn cursor_and_cancelled(&self) -> (u32, u64) {
        (self.cursor, self.cancelled)
    }

    /// Whether a slot is passed over at a glance: it is free, so that there is no id in it, or its order is another
    /// account's.
    #[inline(always)]
    fn passes_over(&self, order: &Order) -> bool {
        let account = if self.account == AccountId::NONE { order.account } else { self.account };
        order.id == OrderId::NONE || order.account != account
    }

    /// Whether it is about an order that is not passed over.
    fn is_about(&self, order: &Order, instrument: InstrumentId) -> bool {
        let only_day = self.reason == CancelReason::DayEnded.code();
        (self.instrument == InstrumentId::NONE || self.instrument == instrument)
            && (!only_day || order.terms.is(TimeInForce::Day))
            && order.id.is_from_before(self.begun)
    }
}

impl<M: Marks> Engine<'_, M> {
    /// Begins a scan; what one command's units do not reach is queued.
    fn begin_scan<S: EventSink>(&mut self, scan: Scan, out: &mut Emitter<'_, S>) -> Result<OrderId, RejectCode> {
        if !self.has_work_room() {
            return Err(RejectCode::WorkQueueFull);
        }
        let mut scan = Scan { begun: out.sequence(), cursor: 1, ..scan };
        let mut units_left = UNITS_PER_COMMAND;
        if self.scan_on(&mut scan, &mut units_left, out) != Stretch::Done {
            self.queue_work(WorkItem::scan(scan, out.sequence()));
        }
        Ok(OrderId::NONE)
    }

    /// Carries a scan on.
    pub(super) fn scan_on<S: EventSink>(
        &mut self,
        scan: &mut Scan,
        units_left: &mut u32,
        out: &mut Emitter<'_, S>,
    ) -> Stretch {
        let highest = self.book.highest_order_slot();
        while self.may_find(scan) && scan.cursor <= highest {
            if scan.passes_over(self.book.order(scan.cursor)) {
                if *units_left == 0 {
                    return Stretch::Interrupted;
                }
                let reach = highest.min(scan.cursor.saturating_add(*units_left - 1));
                let from = scan.cursor;
                while scan.cursor <= reach && scan.passes_over(self.book.order(scan.cursor)) {
                    scan.cursor += 1;
                }
                *units_left -= scan.cursor - from;
                continue;
            }
            let order = *self.book.order(scan.cursor);
            let instrument = self.instruments.slab.get(order.instrument);
            let is_about = scan.is_about(&order, instrument.id);
            if is_about && instrument.is_in(TradingState::Uncrossing) {
                return Stretch::Blocked;
            }
            let units = if is_about { STEP_UNITS } else { 1 };
            if *units_left < units {
                return Stretch::Interrupted;
            }
            *units_left -= units;
            if is_about {
                let reason = CancelReason::from_code(scan.reason).unwrap_or(CancelReason::MassCancelled);
                self.cancel(scan.cursor, reason, out);
                scan.cancelled += 1;
            }
            scan.cursor += 1;
        }
        out.emit(MassCancelled {
            reason: scan.reason,
            instrument: scan.instrument,
            account: scan.account,
            first_sequence: scan.begun,
            orders: scan.cancelled,
            ..MassCancelled::zeroed()
        });
        Stretch::Done
    }

    /// Whether the account, or else the instrument, has live orders at all.
    fn may_find(&self, scan: &Scan) -> bool {
        if scan.account != AccountId::NONE {
            return self.find_account(scan.account).is_ok_and(|slot| self.accounts.slab.get(slot).orders != 0);
        }
        scan.instrument == InstrumentId::NONE
            || self.find_instrument(scan.instrument).is_ok_and(|slot| self.instruments.slab.get(slot).orders != 0)
    }

    /// Checks the instrument of a scan, if one is named.
    fn check_scanned(&self, instrument: InstrumentId) -> Result<(), RejectCode> {
        if instrument != InstrumentId::NONE {
            self.find_idle_instrument(instrument)?;
        }
        Ok(())
    }
}

impl Execute for MassCancel {
    const ROLES: Roles = TRADER_OR_OPERATOR;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let account = self.header.account;
        if account != AccountId::NONE {
            engine.permitted_account(sender, account)?;
        } else if !sender.is_one_of(OPERATOR) {
            return Err(RejectCode::RoleNotPermitted);
        }
        engine.check_scanned(self.instrument)?;
        let reason = CancelReason::MassCancelled.code();
        engine.begin_scan(Scan { account, instrument: self.instrument, reason, ..Scan::zeroed() }, out)
    }
}

impl Execute for EndTradingDay {
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
        engine.check_scanned(self.instrument)?;
        let reason = CancelReason::DayEnded.code();
        engine.begin_scan(Scan { instrument: self.instrument, reason, ..Scan::zeroed() }, out)
    }
}
