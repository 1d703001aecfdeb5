//! What becomes of an order once its checks are done: it is accepted, trades, rests, moves, leaves.

use super::Engine;
use super::emit::Emitter;
use super::orders::{Entry, Name, Placement};
use super::sweep::{Means, Taker};
use crate::arena::{Found, KeyHash, Marks, NO_PLACE};
use crate::book::{Order, client_hash};
use crate::event::{Accepted, Amended, Cancelled, Rested};
use crate::ids::{ClientOrderId, EntityId, InstrumentId, OrderId};
use crate::reject::{CancelReason, RejectCode};
use crate::sink::EventSink;
use crate::terms::TradingState;
use crate::units::{PriceTicks, QuantityLots};
use bytemuck::Zeroable;

/// How a live order that is in no queue goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acting {
    /// Whether it rests without trading.
    pub(super) rests: bool,
    /// Whether an event has said already that it rests, if it does.
    pub(super) is_said: bool,
}

/// Whether an order that has something left after its sweep rests, as the sweep ended.
#[inline(always)]
fn may_rest_after(left: &Order, ended: Option<CancelReason>) -> bool {
    left.terms.may_rest() && matches!(ended, None | Some(CancelReason::PriceBand))
}

impl<M: Marks> Engine<'_, M> {
    pub(super) fn level_at(&self, entry: &Entry) -> u32 {
        self.book.level_at(self.instruments.slab.get(entry.instrument), entry.terms.side(), entry.price)
    }

    /// Says that an order is accepted, and makes its record.
    #[inline(always)]
    fn say_accepted<S: EventSink>(entry: &Entry, slot: u32, flags: u8, out: &mut Emitter<'_, S>) -> Order {
        let id = OrderId::new(out.sequence(), slot);
        let market = u8::from(entry.terms.is_market()) * Accepted::MARKET;
        let post_only = u8::from(entry.terms.is_post_only()) * Accepted::POST_ONLY;
        let reduce_only = u8::from(entry.terms.is_reduce_only()) * Accepted::REDUCE_ONLY;
        out.emit(Accepted {
            side: entry.terms.side().code(),
            time_in_force: entry.terms.time_in_force_code(),
            flags: flags | market | post_only | reduce_only,
            instrument: entry.instrument_id,
            account: entry.account,
            order: id,
            client_order_id: entry.client_order_id,
            price: entry.price,
            quantity: entry.quantity,
            ..Accepted::zeroed()
        });
        Order {
            id,
            client_order_id: entry.client_order_id,
            account: entry.account,
            price: entry.price,
            leaves: entry.quantity,
            instrument: entry.instrument,
            terms: entry.terms,
            ..Order::zeroed()
        }
    }

    /// Accepts a checked order into `slot` that rests as it comes.
    #[inline(always)]
    pub(super) fn accept_resting<S: EventSink>(
        &mut self,
        entry: &Entry,
        placement: Placement,
        slot: u32,
        name: Name,
        out: &mut Emitter<'_, S>,
    ) -> OrderId {
        let order = Self::say_accepted(entry, slot, Accepted::RESTS, out);
        if order.client_order_id != ClientOrderId::NONE {
            self.book.index_client_at(name.hash, slot, name.place);
        }
        self.rest(&order, slot, placement.level);
        order.id
    }

    /// Accepts a checked order into `slot` that trades on entry, or tries to.
    #[inline(never)]
    pub(super) fn accept_taker<S: EventSink>(
        &mut self,
        entry: &Entry,
        slot: u32,
        hash: KeyHash,
        out: &mut Emitter<'_, S>,
    ) -> OrderId {
        let order = Self::say_accepted(entry, slot, 0, out);
        let mut taker = Taker::of(&order);
        let ended = self.sweep(&mut taker, out);
        let left = Order { leaves: taker.leaves, ..order };
        if left.leaves.0 > 0 && may_rest_after(&left, ended) {
            if left.client_order_id != ClientOrderId::NONE {
                self.book.index_client(hash, slot);
            }
            self.rest(&left, slot, 0);
            self.say_rested(&left, out);
        } else {
            if left.leaves.0 > 0 {
                self.say_cancelled(&left, ended.unwrap_or(CancelReason::ImmediateRemainder), 0, out);
            }
            self.book.give_order_back(slot);
        }
        self.end_sweep(entry.instrument, ended, out);
        order.id
    }

    /// What a sweep does to its instrument: a volatility auction, stop orders that are due.
    #[inline(always)]
    fn end_sweep<S: EventSink>(&mut self, instrument: u32, ended: Option<CancelReason>, out: &mut Emitter<'_, S>) {
        if ended == Some(CancelReason::PriceBand) {
            self.enter_state(instrument, TradingState::Auction, out);
        }
        self.look_for_due(instrument);
    }

    /// Lets an order that is live, but in no queue, trade; then it rests or ends.
    pub(super) fn act<S: EventSink>(&mut self, order: &Order, slot: u32, acting: Acting, out: &mut Emitter<'_, S>) {
        let mut left = *order;
        let mut ended = None;
        if !acting.rests {
            let mut taker = Taker::of(order);
            ended = self.sweep(&mut taker, out);
            left.leaves = taker.leaves;
        }
        if left.leaves.0 > 0 && may_rest_after(&left, ended) {
            self.come_to_rest(&left, slot);
            self.reserve(slot);
            if self.is_iceberg(left.terms) {
                self.say_replenished(&left, self.book.order(slot).leaves, left.leaves, 0, out);
            } else if !(acting.rests && acting.is_said) {
                self.say_rested(&left, out);
            }
        } else {
            if left.leaves.0 > 0 {
                self.say_cancelled(&left, ended.unwrap_or(CancelReason::ImmediateRemainder), 0, out);
            }
            self.forget_complex(&left, slot);
        }
        if !acting.rests {
            self.end_sweep(order.instrument, ended, out);
        }
    }

    /// Puts a live order that is in no queue at the back of its price's; of an iceberg a part is shown.
    pub(super) fn come_to_rest(&mut self, order: &Order, slot: u32) {
        let complex = order.terms.complex();
        let shown = if complex == 0 { order.leaves.0 } else { self.book.complex(complex).shown_of(order.leaves.0) };
        let record = self.instruments.slab.get(order.instrument);
        let level = self.book.level_at(record, order.side(), order.price);
        let instrument = self.instruments.slab.get_mut(order.instrument);
        instrument.orders += 1;
        self.book.join(instrument, slot, &Order { leaves: QuantityLots(shown), ..*order }, level);
        if complex != 0 {
            let rested = *self.book.order(slot);
            self.book.hide(&rested, order.leaves.0 - shown);
            if self.book.complex(complex).peg != 0 {
                self.book.count_pegged(rested.level, true);
            }
            self.date(complex);
        }
    }

    /// Replaces a complex order by one that has its complex record.
    pub(super) fn replace_complex<S: EventSink>(
        &mut self,
        entry: &Entry,
        rests: bool,
        slot: u32,
        hash: KeyHash,
        out: &mut Emitter<'_, S>,
    ) -> OrderId {
        let old = *self.book.order(slot);
        self.say_complex_cancelled(&old, CancelReason::Replaced, out);
        let complex = old.terms.complex();
        self.release(slot, old.side(), self.open_quantity(&old).0);
        self.leave_complex(&old);
        self.undate(complex);
        self.forget(&old, slot);
        let slot = self.book.take_order();
        self.book.complex_mut(complex).accepted = out.sequence();
        let order = self.enter_complex(entry, slot, hash, rests, out);
        self.act(&order, slot, Acting { rests, is_said: true }, out);
        order.id
    }

    /// Accepts a checked order that may have a complex record: it is live, but in no queue yet.
    pub(super) fn enter_complex<S: EventSink>(
        &mut self,
        entry: &Entry,
        slot: u32,
        hash: KeyHash,
        rests: bool,
        out: &mut Emitter<'_, S>,
    ) -> Order {
        let shows_all = rests && !self.is_iceberg(entry.terms);
        let flags = self.complex_flags(entry.terms) | if shows_all { Accepted::RESTS } else { 0 };
        let order = Self::say_accepted(entry, slot, flags, out);
        if order.client_order_id != ClientOrderId::NONE {
            self.book.index_client(hash, slot);
        }
        self.accounts.slab.get_mut(order.account.slot()).orders += 1;
        order
    }

    /// Puts an order that was not in the book there, at the back of its price's queue.
    #[inline(always)]
    fn rest(&mut self, order: &Order, slot: u32, level: u32) {
        let instrument = self.instruments.slab.get_mut(order.instrument);
        instrument.orders += 1;
        self.book.join(instrument, slot, order, level);
        self.accounts.slab.get_mut(order.account.slot()).orders += 1;
        self.reserve(slot);
    }

    /// Takes a live order, as it stands in its slot, out of the book.
    #[inline(always)]
    pub(super) fn remove(&mut self, order: &Order, slot: u32) {
        if order.terms.complex() != 0 {
            if !order.terms.waits() {
                self.release(slot, order.side(), self.open_quantity(order).0);
            }
            self.leave_complex(order);
            return self.forget_complex(order, slot);
        }
        self.release(slot, order.side(), order.leaves.0);
        self.leave(order);
        self.forget(order, slot);
    }

    /// As [`Engine::remove`], for an order that was just found by the command.
    #[inline(always)]
    pub(super) fn remove_found(&mut self, order: &Order, found: Found) {
        self.release(found.slot, order.side(), order.leaves.0);
        self.leave(order);
        if found.place == NO_PLACE {
            self.forget(order, found.slot);
        } else {
            self.accounts.slab.get_mut(order.account.slot()).orders -= 1;
            self.book.unindex_found(found);
            self.book.give_order_back(found.slot);
        }
    }

    #[inline(always)]
    pub(super) fn leave(&mut self, order: &Order) {
        let instrument = self.instruments.slab.get_mut(order.instrument);
        instrument.orders -= 1;
        self.book.leave(instrument, order);
    }

    /// Gives back all that an order which is out of its queue still has.
    #[inline(always)]
    pub(super) fn forget(&mut self, order: &Order, slot: u32) {
        self.accounts.slab.get_mut(order.account.slot()).orders -= 1;
        if order.client_order_id != ClientOrderId::NONE {
            let hash = client_hash(self.seed(), order.account, order.client_order_id);
            self.book.unindex_client(hash, slot);
        }
        self.book.give_order_back(slot);
    }

    /// Cancels the live order in `slot`.
    pub(super) fn cancel<S: EventSink>(
        &mut self,
        slot: u32,
        reason: CancelReason,
        out: &mut Emitter<'_, S>,
    ) -> OrderId {
        let order = *self.book.order(slot);
        self.say_complex_cancelled(&order, reason, out);
        self.remove(&order, slot);
        order.id
    }

    /// Lowers a live order's open quantity to `leaves` (or leaves it as it is); it keeps its place.
    #[inline(always)]
    pub(super) fn lower<S: EventSink>(&mut self, slot: u32, leaves: i64, out: &mut Emitter<'_, S>) -> OrderId {
        let order = *self.book.order(slot);
        if order.terms.complex() != 0 {
            return self.lower_complex(slot, leaves, out);
        }
        self.say_amended(&order, order.price, QuantityLots(leaves), Amended::KEEPS_PRIORITY, out);
        self.release(slot, order.side(), order.leaves.0 - leaves);
        self.book.take_off(slot, order.leaves.0 - leaves);
        order.id
    }

    /// Moves a live order to another price, or raises its quantity: it loses its place and may trade.
    pub(super) fn move_order<S: EventSink>(
        &mut self,
        slot: u32,
        order: &Order,
        price: PriceTicks,
        leaves: QuantityLots,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let instrument = self.instruments.slab.get(order.instrument);
        let mut entry = Entry { price, ..Entry::of(order, instrument, leaves) };
        let Placement { rests, .. } = self.check_placement(instrument, &mut entry, Some(order), Means::ALL)?;
        let leaves = self.reducible(&entry)?;
        if self.is_margined() {
            let price = self.worst_price(&Order { price: entry.price, ..*order });
            self.check_margin(&Entry { quantity: leaves, ..entry }, price, Some(order), out)?;
        }
        let open = Order { leaves: self.open_quantity(order), ..*order };
        self.release(slot, order.side(), open.leaves.0);
        if order.terms.complex() == 0 {
            self.leave(order);
        } else {
            self.leave_complex(order);
        }
        let flags = if rests && !self.is_iceberg(order.terms) { Amended::RESTS } else { 0 };
        self.say_amended(&open, entry.price, leaves, flags, out);
        let moved = Order { price: entry.price, leaves, ..*order };
        self.act(&moved, slot, Acting { rests, is_said: true }, out);
        Ok(order.id)
    }

    #[inline(always)]
    fn instrument_id(&self, order: &Order) -> InstrumentId {
        self.instruments.slab.get(order.instrument).id
    }

    #[inline(always)]
    pub(super) fn say_cancelled<S: EventSink>(
        &self,
        order: &Order,
        reason: CancelReason,
        flags: u8,
        out: &mut Emitter<'_, S>,
    ) {
        out.emit(Cancelled {
            side: order.side().code(),
            reason: reason.code(),
            flags,
            instrument: self.instrument_id(order),
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            price: order.price,
            leaves: order.leaves,
            ..Cancelled::zeroed()
        });
    }

    fn say_rested<S: EventSink>(&self, order: &Order, out: &mut Emitter<'_, S>) {
        out.emit(Rested {
            side: order.side().code(),
            instrument: self.instrument_id(order),
            account: order.account,
            order: order.id,
            client_order_id: order.client_order_id,
            price: order.price,
            leaves: order.leaves,
            ..Rested::zeroed()
        });
    }

    pub(super) fn say_amended<S: EventSink>(
        &self,
        old: &Order,
        price: PriceTicks,
        leaves: QuantityLots,
        flags: u8,
        out: &mut Emitter<'_, S>,
    ) {
        out.emit(Amended {
            side: old.side().code(),
            flags,
            instrument: self.instrument_id(old),
            account: old.account,
            order: old.id,
            client_order_id: old.client_order_id,
            old_price: old.price,
            old_leaves: old.leaves,
            price,
            leaves,
            ..Amended::zeroed()
        });
    }
}
