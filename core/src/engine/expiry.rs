//! Orders with a date: they expire by sequenced time.

use super::Engine;
use super::emit::Emitter;
use super::work::{STEP_UNITS, Worked};
use crate::arena::Marks;
use crate::book::{Order, Wait};
use crate::ids::EntityId;
use crate::ledger::Account;
use crate::reject::CancelReason;
use crate::sink::EventSink;
use crate::terms::TradingState;
use crate::units::TimeNs;

impl<M: Marks> Engine<'_, M> {
    /// Whether a date has come. Zero is no date.
    pub(super) fn is_past(&self, expiry: TimeNs) -> bool {
        expiry != TimeNs::ZERO && expiry <= self.header.get().time
    }

    /// Whether a live order has outlived its date, and is still to be cancelled.
    pub(super) fn has_expired(&self, order: &Order) -> bool {
        let complex = order.terms.complex();
        complex != 0 && self.is_past(self.book.complex(complex).expiry)
    }

    /// Why an order in the book must not trade; none if it may.
    #[inline(always)]
    pub(super) fn unfit(&self, order: &Order) -> Option<CancelReason> {
        let guard = self.accounts.slab.get(order.account.slot()).guard;
        if order.terms.complex() == 0 && guard & Account::TRIPPED == 0 {
            return None;
        }
        if self.has_expired(order) {
            return Some(CancelReason::Expired);
        }
        (guard & Account::TRIPPED != 0).then_some(CancelReason::ProtectionTripped)
    }

    /// Notes the date of an order that is live from now on.
    pub(super) fn date(&mut self, complex: u32) {
        let record = self.book.complex_mut(complex);
        if record.expiry == TimeNs::ZERO || record.is_dated != 0 {
            return;
        }
        record.is_dated = 1;
        let expiry = record.expiry;
        let root = self.book.start_waiting(Wait::Expiry, self.header.get().dated, complex);
        let header = self.header.get_mut();
        header.dated = root;
        header.next_expiry = header.next_expiry.min(expiry);
        header.wake = header.wake.min(expiry);
    }

    /// Forgets the date of an order.
    pub(super) fn undate(&mut self, complex: u32) {
        let record = self.book.complex_mut(complex);
        if core::mem::replace(&mut record.is_dated, 0) != 0 {
            self.header.get_mut().dated = self.book.stop_waiting(Wait::Expiry, self.header.get().dated, complex);
        }
    }

    /// Pending work: cancels the next order that has expired.
    pub(super) fn expire<S: EventSink>(&mut self, units_left: &mut u32, out: &mut Emitter<'_, S>) -> Worked {
        let &super::Header { time, next_expiry, dated, .. } = self.header.get();
        if time < next_expiry {
            return Worked::Nothing;
        }
        let complex = self.book.first_waiting(Wait::Expiry, dated, time.0);
        if complex == 0 {
            let next = self.book.smallest_waiting(Wait::Expiry, dated);
            self.header.get_mut().next_expiry = next.map_or(TimeNs::MAX, TimeNs);
            return Worked::Nothing;
        }
        let slot = self.book.complex(complex).order;
        let is_busy = self.instruments.slab.get(self.book.order(slot).instrument).is_in(TradingState::Uncrossing);
        if is_busy || *units_left < STEP_UNITS {
            return Worked::Nothing;
        }
        *units_left -= STEP_UNITS;
        self.cancel(slot, CancelReason::Expired, out);
        Worked::Something
    }
}
