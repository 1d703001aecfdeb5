//! Scans: looking at the slots of orders one after another, and cancelling those that a mass cancel, the end of a day or a
//! protection that tripped is about.

use alloc::collections::BTreeMap;

use bytemuck::Zeroable;

use super::book::Order;
use super::work::{CANCEL_UNITS, Item, UNITS, Work};
use super::{Canary, NaiveEngine};
use crate::command::{EndTradingDay, MassCancel};
use crate::event::MassCancelled;
use crate::ids::{AccountId, InstrumentId, OrderId, SLOT_BITS};
use crate::reject::{CancelReason, RejectCode};
use crate::terms::{Role, TimeInForce};
use crate::units::Sequence;

/// A scan that is being worked on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    /// Whose orders; none for everybody's.
    pub(super) account: AccountId,
    /// Where; none for everywhere.
    instrument: InstrumentId,
    reason: CancelReason,
    /// The command that began it.
    begun: Sequence,
    /// The slot to be looked at next.
    next_slot: u32,
    /// How many orders it has cancelled.
    cancelled: u64,
}

/// How far a scan got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanEnd {
    Done,
    /// It came to an order in a book that is being uncrossed.
    Stopped,
    /// Units ran out.
    Interrupted,
}

impl Scan {
    pub(super) fn new(account: AccountId, instrument: InstrumentId, reason: CancelReason, begun: Sequence) -> Self {
        Self { account, instrument, reason, begun, next_slot: 1, cancelled: 0 }
    }

    /// Whether an order is one of those that it looks for, whenever it was accepted.
    fn concerns(&self, order: &Order, canary: Canary) -> bool {
        let account = self.account == AccountId::NONE || order.account == self.account;
        let instrument = self.instrument == InstrumentId::NONE || order.instrument == self.instrument;
        let survives = canary == Canary::DayStopsSurvive && order.is_waiting();
        let day = self.reason != CancelReason::DayEnded || order.time_in_force == TimeInForce::Day && !survives;
        account && instrument && day
    }

    /// Whether the order was accepted no later than the scan began, judged by the 40 bits of a sequence that its id has.
    fn began_after(&self, id: OrderId, canary: Canary) -> bool {
        let behind = self.begun.get().wrapping_sub(id.0 >> SLOT_BITS) & ((1 << 40) - 1);
        (0..1 << 39).contains(&behind) || canary == Canary::ScanTakesLaterOrders
    }
}

impl NaiveEngine {
    pub(super) fn mass_cancel(&mut self, c: &MassCancel) -> Result<(), RejectCode> {
        if c.header.account != AccountId::NONE {
            self.check_account(&c.header)?;
        } else if self.sessions.find(c.header.session)?.role != Role::Operator {
            return Err(RejectCode::RoleNotPermitted);
        }
        self.begin_scan(c.header.account, c.instrument, CancelReason::MassCancelled)
    }

    pub(super) fn end_trading_day(&mut self, c: &EndTradingDay) -> Result<(), RejectCode> {
        self.begin_scan(AccountId::NONE, c.instrument, CancelReason::DayEnded)
    }

    /// Begins a scan; what the command's first units do not reach is queued.
    fn begin_scan(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        reason: CancelReason,
    ) -> Result<(), RejectCode> {
        if instrument != InstrumentId::NONE {
            self.find_idle(instrument)?;
        }
        self.check_queue()?;
        let mut scan = Scan::new(account, instrument, reason, self.sequence);
        let mut units = UNITS;
        if self.carry_on_scan(&mut scan, &mut units) != ScanEnd::Done {
            let mut moved = self.sequence;
            if self.canary == Canary::QueuedScanGoesOn {
                moved = Sequence::ZERO;
            }
            self.queue.push_back(Item { moved, work: Work::Scan(scan) });
        }
        Ok(())
    }

    /// Carries a scan on for as many units as there are, and says so when it is done.
    pub(super) fn carry_on_scan(&mut self, scan: &mut Scan, units: &mut u32) -> ScanEnd {
        // Made anew for every slice: nothing but the scan changes anything meanwhile.
        let slots: BTreeMap<u32, OrderId> = self.book.orders().map(|order| (order.id.slot(), order.id)).collect();
        let mut live = self.live_orders_of(scan);
        while live != Some(0) && scan.next_slot <= self.order_slots.highest_used() {
            if *units == 0 {
                return ScanEnd::Interrupted;
            }
            let order = slots.get(&scan.next_slot).and_then(|id| self.book.get(*id)).copied();
            let canary = self.canary;
            let sought = |order: &Order| scan.concerns(order, canary) && scan.began_after(order.id, canary);
            let cost = match order.filter(sought) {
                None => 1,
                Some(order) if self.is_uncrossing(order.instrument) => return ScanEnd::Stopped,
                Some(_) if *units < CANCEL_UNITS => return ScanEnd::Interrupted,
                Some(order) => {
                    self.cancel_live(&order, scan.reason);
                    scan.cancelled = scan.cancelled.saturating_add(1);
                    live = live.map(|live| live.saturating_sub(1));
                    CANCEL_UNITS
                }
            };
            *units -= cost;
            scan.next_slot += 1;
        }
        self.emit(MassCancelled {
            reason: scan.reason.code(),
            instrument: scan.instrument,
            account: scan.account,
            first_sequence: scan.begun,
            orders: scan.cancelled,
            ..MassCancelled::zeroed()
        });
        ScanEnd::Done
    }

    /// How many live orders the scan's account has, or else its instrument; none if it is about all of all.
    fn live_orders_of(&self, scan: &Scan) -> Option<usize> {
        if scan.account != AccountId::NONE {
            return Some(self.book.orders().filter(|order| order.account == scan.account).count());
        }
        if scan.instrument != InstrumentId::NONE {
            return Some(self.book.orders().filter(|order| order.instrument == scan.instrument).count());
        }
        None
    }
}
