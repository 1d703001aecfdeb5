//! Batches: the same commands one after the other, and, where the book is larger than the cache, a look ahead at what
//! the next ones will touch.
//!
//! A cancel in a large book misses the cache four times in a row: index, order, level, neighbours. Looking ahead turns
//! that row into parallel fetches, in three steps, each of which needs what the one before it fetched.

use super::emit::Emitter;
use super::{Engine, OutOfOrder};
use crate::arena::{KeyHash, Marks};
use crate::book::client_hash;
use crate::command::{
    AmendOrder, CancelOrder, CommandHeader, CommandRecord, NewOrder, OrderTarget, RawCommand, ReduceOrder, ReplaceOrder,
};
use crate::ids::{ClientOrderId, EntityId, OrderId};
use crate::sink::EventSink;
use crate::terms::Side;
use crate::units::{Sequence, TimeNs};

/// A command with its place in the order of all commands.
#[derive(Clone, Copy, Debug)]
pub struct Sequenced<'c> {
    /// Its sequence.
    pub sequence: Sequence,
    /// Its time.
    pub time: TimeNs,
    /// What it says.
    pub command: RawCommand<'c>,
}

/// Live orders above which looking ahead pays: below, orders and index stay in the second-level cache.
const LOOK_AHEAD_ABOVE_ORDERS: u32 = 16_384;
/// How many commands ahead the index entry is fetched.
const FAR: usize = 12;
/// How many commands ahead the order, or the level that it joins, is fetched.
const MIDDLE: usize = 8;
/// How many commands ahead the order's level and neighbours are fetched.
const NEAR: usize = 4;
/// Places of the memory that one step leaves for the next; a power of two above [`FAR`].
const REMEMBERED: usize = 16;

/// What one step found for the next.
#[derive(Clone, Copy, Default)]
struct Ahead {
    /// Hash of the order's name, then the order's slot, or that of the level that it joins.
    order: u32,
    /// Hash of the position's key, then its slot.
    position: u32,
}

impl<M: Marks> Engine<'_, M> {
    /// Applies commands in order; exactly what [`Engine::apply`] does one by one, faster in large books.
    ///
    /// # Errors
    /// [`OutOfOrder`] at the first command out of order: those before it are applied, it and those behind it are not.
    pub fn apply_batch(&mut self, commands: &[Sequenced<'_>], sink: &mut impl EventSink) -> Result<(), OutOfOrder> {
        let mut out = Emitter::new(sink, self.header.get().digest);
        let is_large = self.book.peek_live_orders() > LOOK_AHEAD_ABOVE_ORDERS || self.has_many_vectors();
        let result = if is_large {
            self.apply_looking_ahead(commands, &mut out)
        } else {
            commands.iter().try_for_each(|next| self.apply_in_order(next, &mut out))
        };
        self.finish(out);
        result
    }

    #[inline(always)]
    fn apply_in_order<S: EventSink>(
        &mut self,
        next: &Sequenced<'_>,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), OutOfOrder> {
        self.check_order(next.sequence, next.time)?;
        self.apply_next(next.sequence, next.time, next.command, out);
        Ok(())
    }

    fn apply_looking_ahead<S: EventSink>(
        &mut self,
        commands: &[Sequenced<'_>],
        out: &mut Emitter<'_, S>,
    ) -> Result<(), OutOfOrder> {
        // What one step found for the next, by the command's place modulo the size.
        let mut keys = [Ahead::default(); REMEMBERED];
        for step in 0..commands.len() + FAR {
            if let Some(next) = commands.get(step) {
                keys[step % REMEMBERED] = self.look_far(next.command);
            }
            if step >= FAR - MIDDLE
                && let Some(next) = commands.get(step - (FAR - MIDDLE))
            {
                let key = &mut keys[(step - (FAR - MIDDLE)) % REMEMBERED];
                *key = self.look_middle(next.command, *key);
            }
            if step >= FAR - NEAR
                && let Some(next) = commands.get(step - (FAR - NEAR))
            {
                self.look_near(next.command, keys[(step - (FAR - NEAR)) % REMEMBERED]);
            }
            if step >= FAR
                && let Some(next) = commands.get(step - FAR)
            {
                self.apply_in_order(next, out)?;
            }
        }
        Ok(())
    }

    /// Fetches the place in the index, and returns the hash.
    #[inline(always)]
    fn look_far(&self, command: RawCommand<'_>) -> Ahead {
        let mut ahead = Ahead::default();
        if self.is_margined()
            && let Some(order) = command.record::<NewOrder>()
        {
            ahead.position = self.look_far_at_position(order);
        }
        if let Some((header, id)) = client_order_id(command) {
            let hash = client_hash(self.seed(), header.account, id);
            self.book.prefetch_client(hash);
            ahead.order = hash.0;
        }
        ahead
    }

    /// Fetches the order, or the level that a new one joins, and returns its slot.
    #[inline(always)]
    fn look_middle(&self, command: RawCommand<'_>, ahead: Ahead) -> Ahead {
        if let Some(order) = command.record::<NewOrder>() {
            let level = self.peek_level(order);
            self.book.prefetch_level(level);
            let position = if self.is_margined() { self.look_middle_at_position(order, ahead.position) } else { 0 };
            return Ahead { order: level, position };
        }
        let Some((_, target)) = target_of(command) else { return Ahead::default() };
        let by_id = target.by == OrderTarget::BY_ORDER_ID;
        let slot = if by_id { OrderId(target.id).slot() } else { self.book.peek_client(KeyHash(ahead.order)) };
        self.book.prefetch_order(slot);
        if self.is_margined() {
            self.look_at_reserve(slot);
        }
        Ahead { order: slot, position: 0 }
    }

    /// Fetches what surrounds the order, or the newest order of the level.
    #[inline(always)]
    fn look_near(&self, command: RawCommand<'_>, ahead: Ahead) {
        let is_new = command.kind() == NewOrder::KIND;
        if is_new {
            self.book.prefetch_tail(ahead.order);
        } else {
            self.book.prefetch_around(ahead.order);
        }
        match (self.is_margined(), is_new) {
            (false, _) => {}
            (true, true) => self.look_near_at_vector(ahead.position),
            (true, false) => self.look_near_at_reserve(ahead.order),
        }
    }

    /// The level that a new order would join; 0 if there is none yet.
    #[inline(always)]
    fn peek_level(&self, order: &NewOrder) -> u32 {
        let side = if order.side == Side::Sell.code() { Side::Sell } else { Side::Buy };
        match self.instruments.slab.peek(order.instrument.slot()) {
            Some(instrument) => self.book.peek_level_at(instrument, side, order.price),
            None => 0,
        }
    }
}

/// The client order id that a command will look up.
#[inline(always)]
fn client_order_id(command: RawCommand<'_>) -> Option<(&CommandHeader, ClientOrderId)> {
    if let Some(order) = command.record::<NewOrder>() {
        return Some((&order.header, order.client_order_id));
    }
    let (header, target) = target_of(command)?;
    (target.by == OrderTarget::BY_CLIENT_ORDER_ID).then_some((header, ClientOrderId(target.id)))
}

/// The order that a command names.
#[inline(always)]
fn target_of(command: RawCommand<'_>) -> Option<(&CommandHeader, OrderTarget)> {
    match command.kind() {
        CancelOrder::KIND => command.record::<CancelOrder>().map(|record| (&record.header, record.target)),
        ReduceOrder::KIND => command.record::<ReduceOrder>().map(|record| (&record.header, record.target)),
        AmendOrder::KIND => command.record::<AmendOrder>().map(|record| (&record.header, record.target)),
        ReplaceOrder::KIND => command.record::<ReplaceOrder>().map(|record| (&record.header, record.target)),
        _ => None,
    }
}
