//! The sweep: an incoming order against the opposite side, best level first, oldest order first, at the maker's price.

use super::Engine;
use super::emit::Emitter;
use crate::arena::Marks;
use crate::book::Order;
use crate::event::Trade;
use crate::ids::EntityId;
use crate::ledger::moved;
use crate::reject::{CancelReason, RejectCode};
use crate::sink::EventSink;
use crate::terms::Side;
use crate::units::{PriceTicks, QuantityLots};
use bytemuck::Zeroable;

/// The incoming order, as far as it matters to a sweep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taker {
    order: Order,
    /// What it still wants.
    pub(super) leaves: QuantityLots,
}

impl Taker {
    pub(super) fn of(order: &Order) -> Self {
        Self { order: *order, leaves: order.leaves }
    }
}

/// Whose position cannot take a trade, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unable {
    Maker(CancelReason),
    Taker(CancelReason),
}

/// How a buyer's or seller's position moves by a quantity, which is not negative. Without a branch.
#[inline(always)]
pub(super) fn signed(side: Side, quantity: i64) -> i64 {
    let flip = side.flip();
    (quantity ^ flip) - flip
}

impl<M: Marks> Engine<'_, M> {
    /// Lets the taker trade until it has nothing left, nothing crosses, or the returned reason stops it.
    pub(super) fn sweep<S: EventSink>(&mut self, taker: &mut Taker, out: &mut Emitter<'_, S>) -> Option<CancelReason> {
        let (side, price, instrument) = (taker.order.side(), taker.order.price, taker.order.instrument);
        let max_steps = self.header.get().genesis.max_steps;
        let mut steps = 0;
        while taker.leaves.0 > 0 {
            let record = self.instruments.slab.get(instrument);
            if !record.crosses(side, price) {
                return None;
            }
            if steps == max_steps {
                return Some(CancelReason::SweepLimit);
            }
            steps += 1;
            let best = record.side(side.opposite()).best;
            let maker = self.book.level(best).head;
            match self.trade_with(taker, maker, out) {
                Ok(()) => {}
                Err(Unable::Maker(reason)) => {
                    self.cancel(maker, reason, out);
                }
                Err(Unable::Taker(reason)) => return Some(reason),
            }
        }
        None
    }

    /// One trade with the maker in `slot`.
    #[inline(always)]
    fn trade_with<S: EventSink>(
        &mut self,
        taker: &mut Taker,
        slot: u32,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), Unable> {
        let maker = *self.book.order(slot);
        let order = taker.order;
        let quantity = maker.leaves.min(taker.leaves);
        let taker_delta = signed(order.side(), quantity.0);
        let (maker_position, taker_position) = self.exchange(&maker, &order, taker_delta)?;
        taker.leaves.0 -= quantity.0;
        let maker_leaves = QuantityLots(maker.leaves.0 - quantity.0);
        let instrument = self.instruments.slab.get_mut(order.instrument);
        instrument.last_price = maker.price;
        instrument.has_traded = 1;
        out.emit(Trade {
            aggressor: order.side().code(),
            instrument: instrument.id,
            price: maker.price,
            quantity,
            maker_order: maker.id,
            taker_order: order.id,
            maker_client_order_id: maker.client_order_id,
            taker_client_order_id: order.client_order_id,
            maker_account: maker.account,
            taker_account: order.account,
            maker_leaves,
            taker_leaves: taker.leaves,
            maker_position: QuantityLots(maker_position),
            taker_position: QuantityLots(taker_position),
            ..Trade::zeroed()
        });
        if maker_leaves.0 == 0 {
            self.remove(&maker, slot);
        } else {
            self.book.take_off(slot, quantity.0);
        }
        Ok(())
    }

    /// Moves both positions, the taker's by `taker_delta`, the maker's against it, or neither. Returns what they are then.
    #[inline(always)]
    pub(super) fn exchange(&mut self, maker: &Order, taker: &Order, taker_delta: i64) -> Result<(i64, i64), Unable> {
        let (seed, instrument) = (self.seed(), taker.instrument);
        let taker_slot = self.positions.find(seed, taker.account.slot(), instrument);
        let taker_old = self.positions.quantity(taker_slot);
        let Some(taker_new) = moved(taker_old, taker_delta) else {
            return Err(Unable::Taker(CancelReason::PositionLimit));
        };
        let room = self.positions.room();
        let taker_needs = u32::from(taker_slot == 0);
        if room < taker_needs {
            return Err(Unable::Taker(CancelReason::PositionTableFull));
        }
        if maker.account == taker.account {
            // Both legs cancel out; each alone must still fit.
            let fits = moved(taker_old, -taker_delta).is_some();
            return if fits { Ok((taker_old, taker_old)) } else { Err(Unable::Maker(CancelReason::PositionLimit)) };
        }
        let maker_slot = self.positions.find(seed, maker.account.slot(), instrument);
        let Some(maker_new) = moved(self.positions.quantity(maker_slot), -taker_delta) else {
            return Err(Unable::Maker(CancelReason::PositionLimit));
        };
        if maker_slot == 0 && room < taker_needs + 1 {
            return Err(Unable::Maker(CancelReason::PositionTableFull));
        }
        self.put_position(maker_slot, maker, maker_new);
        self.put_position(taker_slot, taker, taker_new);
        Ok((maker_new, taker_new))
    }

    /// Opens, changes or closes the position of an order's account.
    #[inline(always)]
    fn put_position(&mut self, slot: u32, order: &Order, quantity: i64) {
        let seed = self.seed();
        if slot != 0 && quantity != 0 {
            self.positions.set(slot, quantity);
        } else if slot != 0 {
            self.positions.close(seed, slot);
            self.accounts.slab.get_mut(order.account.slot()).positions -= 1;
            self.instruments.slab.get_mut(order.instrument).positions -= 1;
        } else if quantity != 0 {
            self.positions.open(seed, order.account.slot(), order.instrument, quantity);
            self.accounts.slab.get_mut(order.account.slot()).positions += 1;
            self.instruments.slab.get_mut(order.instrument).positions += 1;
        }
    }

    /// The test for FOK: whether the whole quantity is sure to fill within the bounded work.
    pub(super) fn check_fill_or_kill(
        &self,
        instrument: u32,
        account: u32,
        side: Side,
        price: PriceTicks,
        quantity: QuantityLots,
    ) -> Result<(), RejectCode> {
        let max_steps = self.header.get().genesis.max_steps;
        let record = self.instruments.slab.get(instrument);
        let mut level = record.side(side.opposite()).best;
        let mut maker = if level == 0 { 0 } else { self.book.level(level).head };
        let (mut wanted, mut steps, mut records) = (quantity.0, 0, 0);
        let fits = |account: u32, delta: i64| {
            let slot = self.positions.find(self.seed(), account, instrument);
            moved(self.positions.quantity(slot), delta).map(|_| u32::from(slot == 0))
        };
        while wanted > 0 {
            let crosses = level != 0 && side.crosses(price.0, self.book.level(level).price.0);
            if !crosses {
                return Err(RejectCode::FillOrKillNotFillable);
            }
            if steps == max_steps {
                return Err(RejectCode::FillOrKillExceedsSteps);
            }
            steps += 1;
            let order = self.book.order(maker);
            let needs = fits(order.account.slot(), signed(side.opposite(), quantity.0));
            records += needs.ok_or(RejectCode::FillOrKillNotFillable)?;
            wanted = wanted.saturating_sub(order.leaves.0);
            maker = order.next;
            if maker == 0 {
                level = self.book.level(level).worse;
                maker = if level == 0 { 0 } else { self.book.level(level).head };
            }
        }
        records += fits(account, signed(side, quantity.0)).ok_or(RejectCode::FillOrKillNotFillable)?;
        if records > self.positions.room() { Err(RejectCode::FillOrKillNotFillable) } else { Ok(()) }
    }
}
