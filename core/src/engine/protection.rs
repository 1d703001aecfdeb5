//! Market-maker protection: an account whose resting orders are filled too fast is taken out of the market.

use super::Engine;
use super::emit::Emitter;
use super::gate::{Execute, Roles, Sender};
use super::orders::TRADER_OR_OPERATOR;
use super::scan::{Scan, Stretch};
use super::work::Worked;
use crate::arena::Marks;
use crate::book::Order;
use crate::command::{ResumeTrading, SetProtection};
use crate::event::{ProtectionSet, ProtectionTripped, TradingResumed};
use crate::ids::{EntityId, OrderId};
use crate::ledger::{Account, Protection};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::units::{QuantityLots, TimeNs};
use bytemuck::Zeroable;

impl Protection {
    /// Counts a fill at a time; true if a limit is reached.
    fn count(&mut self, quantity: QuantityLots, now: TimeNs) -> bool {
        let end = self.begun.0.saturating_add(self.window.0);
        if self.has_begun == 0 || now.0 >= end {
            (self.has_begun, self.begun, self.quantity, self.fills) = (1, now, QuantityLots::ZERO, 0);
        }
        self.quantity.0 = self.quantity.0.saturating_add(quantity.0);
        self.fills += 1;
        let too_much = self.quantity_limit.0 != 0 && self.quantity >= self.quantity_limit;
        too_much || self.fills_limit != 0 && self.fills >= self.fills_limit
    }
}

impl<M: Marks> Engine<'_, M> {
    /// Counts the fill of a resting order, whose account is protected.
    #[cold]
    #[inline(never)]
    pub(super) fn count_fill<S: EventSink>(&mut self, maker: &Order, quantity: QuantityLots, out: &mut Emitter<'_, S>) {
        let (now, slot) = (self.header.get().time, maker.account.slot());
        let account = self.accounts.slab.get_mut(slot);
        if !account.protection.count(quantity, now) || account.has_tripped() {
            return;
        }
        account.guard |= Account::TRIPPED;
        account.protection.tripped = out.sequence();
        (account.protection.cursor, account.protection.cancelled) = (1, 0);
        let Protection { quantity, fills, .. } = account.protection;
        out.emit(ProtectionTripped {
            instrument: self.instruments.slab.get(maker.instrument).id,
            account: maker.account,
            quantity,
            fills,
            ..ProtectionTripped::zeroed()
        });
        let header = self.header.get_mut();
        header.wake = TimeNs::ZERO;
        let before = core::mem::replace(&mut header.protecting.last, slot);
        if before == 0 {
            header.protecting.first = slot;
        } else {
            self.accounts.slab.get_mut(before).protection.next = slot;
        }
    }

    /// Pending work: cancels orders of the account whose protection tripped first.
    pub(super) fn protect<S: EventSink>(&mut self, units_left: &mut u32, out: &mut Emitter<'_, S>) -> Worked {
        let slot = self.header.get().protecting.first;
        if slot == 0 {
            return Worked::Nothing;
        }
        let account = self.accounts.slab.get(slot);
        let Protection { tripped, cursor, cancelled, .. } = account.protection;
        let mut scan = Scan::of_account(account.id, tripped, cursor, cancelled);
        let stretch = self.scan_on(&mut scan, units_left, out);
        let protection = &mut self.accounts.slab.get_mut(slot).protection;
        (protection.cursor, protection.cancelled) = scan.cursor_and_cancelled();
        match stretch {
            Stretch::Blocked => return Worked::Nothing,
            Stretch::Interrupted => return Worked::Enough,
            Stretch::Done => {}
        }
        let next = core::mem::replace(&mut protection.next, 0);
        (protection.cursor, protection.cancelled) = (0, 0);
        let row = &mut self.header.get_mut().protecting;
        row.first = next;
        if next == 0 {
            row.last = 0;
        }
        Worked::Something
    }
}

impl Execute for SetProtection {
    const ROLES: Roles = TRADER_OR_OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.permitted_account(sender, self.header.account)?;
        let account = engine.accounts.slab.get_mut(slot);
        let counts = if self.window == TimeNs::ZERO { 0 } else { Account::PROTECTED };
        account.guard = account.guard & Account::TRIPPED | counts;
        let Protection { tripped, cancelled, cursor, next, .. } = account.protection;
        account.protection = Protection {
            window: self.window,
            quantity_limit: self.quantity,
            fills_limit: self.fills,
            tripped,
            cancelled,
            cursor,
            next,
            ..Protection::zeroed()
        };
        out.emit(ProtectionSet {
            account: self.header.account,
            window: self.window,
            quantity: self.quantity,
            fills: self.fills,
            ..ProtectionSet::zeroed()
        });
        Ok(OrderId::NONE)
    }
}

impl Execute for ResumeTrading {
    const ROLES: Roles = TRADER_OR_OPERATOR;

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.permitted_account(sender, self.header.account)?;
        let account = engine.accounts.slab.get_mut(slot);
        if !account.has_tripped() {
            return Err(RejectCode::ProtectionNotTripped);
        }
        if account.protection.cursor != 0 {
            return Err(RejectCode::CancelsPending);
        }
        account.guard &= !Account::TRIPPED;
        account.protection.has_begun = 0;
        out.emit(TradingResumed { account: self.header.account, ..TradingResumed::zeroed() });
        Ok(OrderId::NONE)
    }
}
