//! Batches: the same commands one after the other, and, where the book is larger than the cache, a look ahead at what
//! the next ones will touch.
//!
//! A cancel in a large book misses the cache four times in a row: index, order, level, neighbours. Looking ahead turns
//! that row into parallel fetches, in three steps, each of which needs what the one before it fetched.

use super::{Engine, OutOfOrder};
use crate::arena::Marks;
use crate::book::client_tag;
use crate::command::{Command, CommandHeader, NewOrder, OrderTarget};
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
    pub command: Command<'c>,
}

/// Live orders above which looking ahead pays: below, orders and index stay in the second-level cache.
const LOOK_AHEAD_ABOVE_ORDERS: u32 = 8_192;
/// How many commands ahead the index entry is fetched.
const FAR: usize = 12;
/// How many commands ahead the order, or the level that it joins, is fetched.
const MIDDLE: usize = 8;
/// How many commands ahead the order's level and neighbours are fetched.
const NEAR: usize = 4;

impl<M: Marks> Engine<'_, M> {
    /// Applies commands in order; exactly what [`Engine::apply`] does one by one, faster in large books.
    ///
    /// # Errors
    /// [`OutOfOrder`] at the first command out of order: those before it are applied, it and those behind it are not.
    pub fn apply_batch(&mut self, commands: &[Sequenced<'_>], sink: &mut impl EventSink) -> Result<(), OutOfOrder> {
        if self.book.peek_live_orders() <= LOOK_AHEAD_ABOVE_ORDERS {
            for next in commands {
                self.apply(next.sequence, next.time, next.command, sink)?;
            }
            return Ok(());
        }
        for next in commands.iter().take(FAR) {
            self.look_far(&next.command);
        }
        for next in commands.iter().take(MIDDLE) {
            self.look_middle(&next.command);
        }
        for next in commands.iter().take(NEAR) {
            self.look_near(&next.command);
        }
        for (place, next) in commands.iter().enumerate() {
            if let Some(ahead) = commands.get(place + FAR) {
                self.look_far(&ahead.command);
            }
            if let Some(ahead) = commands.get(place + MIDDLE) {
                self.look_middle(&ahead.command);
            }
            if let Some(ahead) = commands.get(place + NEAR) {
                self.look_near(&ahead.command);
            }
            self.apply(next.sequence, next.time, next.command, sink)?;
        }
        Ok(())
    }

    /// Fetches the place in the index.
    #[inline(always)]
    fn look_far(&self, command: &Command<'_>) {
        let Some((header, id)) = client_order_id(command) else { return };
        self.book.prefetch_client(client_tag(self.seed(), header.account, id));
    }

    /// Fetches the order, or the level that a new one joins.
    #[inline(always)]
    fn look_middle(&self, command: &Command<'_>) {
        if let Command::NewOrder(order) = command {
            self.book.prefetch_level(self.peek_level(order));
        } else {
            self.book.prefetch_order(self.peek_target(command));
        }
    }

    /// Fetches what surrounds the order, or the newest order of the level that a new one joins.
    #[inline(always)]
    fn look_near(&self, command: &Command<'_>) {
        if let Command::NewOrder(order) = command {
            self.book.prefetch_tail(self.peek_level(order));
        } else {
            self.book.prefetch_around(self.peek_target(command));
        }
    }

    /// The level that a new order would join; 0 if there is none yet.
    #[inline(always)]
    fn peek_level(&self, order: &NewOrder) -> u32 {
        let side = if order.side == Side::Sell.code() { Side::Sell } else { Side::Buy };
        match self.instruments.slab.peek(order.instrument.slot()) {
            Some(instrument) => self.book.peek_level_at(instrument.side(side), order.price),
            None => 0,
        }
    }

    /// The slot of the order that a command is probably about; 0 if there is none.
    #[inline(always)]
    fn peek_target(&self, command: &Command<'_>) -> u32 {
        match (client_order_id(command), target_of(command)) {
            (Some((header, id)), _) => self.book.peek_client(client_tag(self.seed(), header.account, id)),
            (None, Some((_, target))) => OrderId(target.id).slot(),
            (None, None) => 0,
        }
    }
}

/// The client order id that a command will look up.
#[inline(always)]
fn client_order_id<'c>(command: &Command<'c>) -> Option<(&'c CommandHeader, ClientOrderId)> {
    if let Command::NewOrder(order) = command {
        return Some((&order.header, order.client_order_id));
    }
    let (header, target) = target_of(command)?;
    (target.by == OrderTarget::BY_CLIENT_ORDER_ID).then_some((header, ClientOrderId(target.id)))
}

/// The order that a command names.
#[inline(always)]
fn target_of<'c>(command: &Command<'c>) -> Option<(&'c CommandHeader, OrderTarget)> {
    match *command {
        Command::CancelOrder(record) => Some((&record.header, record.target)),
        Command::ReduceOrder(record) => Some((&record.header, record.target)),
        Command::AmendOrder(record) => Some((&record.header, record.target)),
        Command::ReplaceOrder(record) => Some((&record.header, record.target)),
        _ => None,
    }
}
