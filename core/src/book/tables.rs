//! The book's tables and the moves of a single order: find, join a level's queue, leave it.

use super::ladder::{Direction, Ladder};
use super::{BookSide, Level, Order};
use crate::arena::{CHOSEN_KEYS, Carver, Found, KeyHash, Marks, Slab, SlotIndex};
use crate::ids::{AccountId, ClientOrderId, EntityId, OrderId};
use crate::instrument::Instrument;
use crate::terms::Side;
use crate::units::{PriceTicks, QuantityLots};

/// Orders, levels, ladders and client order ids of all instruments.
#[derive(Debug)]
pub(crate) struct Book<'a, M> {
    ladder: Ladder<'a, M>,
    levels: Slab<'a, Level, M>,
    client_order_ids: SlotIndex<'a, M, CHOSEN_KEYS>,
    orders: Slab<'a, Order, M>,
}

/// The hash under which the index holds an account's client order id.
#[inline(always)]
pub(crate) fn client_hash(seed: u64, account: AccountId, id: ClientOrderId) -> KeyHash {
    KeyHash::of_pair(seed, id.0, u64::from(account.slot()))
}

impl<'a, M: Marks> Book<'a, M> {
    pub(crate) fn carve(carver: &mut Carver<'a, M>) -> Self {
        Self {
            ladder: Ladder::carve(carver),
            levels: Slab::carve(carver, "levels"),
            client_order_ids: SlotIndex::carve(carver, "client_order_ids"),
            orders: Slab::carve(carver, "orders"),
        }
    }

    #[inline(always)]
    pub(crate) fn order(&self, slot: u32) -> &Order {
        self.orders.get(slot)
    }

    #[inline(always)]
    pub(crate) fn try_order(&self, slot: u32) -> Option<&Order> {
        self.orders.try_get(slot)
    }

    #[inline(always)]
    pub(crate) fn level(&self, slot: u32) -> &Level {
        self.levels.get(slot)
    }

    #[inline(always)]
    pub(crate) fn has_order_room(&self) -> bool {
        self.orders.room() != 0
    }

    #[inline(always)]
    pub(crate) fn has_level_room(&self) -> bool {
        self.levels.room() != 0
    }

    #[inline(always)]
    pub(crate) fn has_ladder_room(&self) -> bool {
        self.ladder.has_room()
    }

    /// Whether an order was ever in `slot`.
    pub(crate) fn slot_was_used(&self, slot: u32) -> bool {
        self.orders.was_used(slot)
    }

    /// The level of `side` at `price`, which is a multiple of the tick; 0 if there is none.
    #[inline(always)]
    pub(crate) fn level_at(&self, instrument: &Instrument, side: Side, price: PriceTicks) -> u32 {
        self.ladder.find(instrument.side(side), instrument.ladder_key(price))
    }

    /// Looks for the account's live order with this client order id.
    #[inline(always)]
    pub(crate) fn find_client(&self, hash: KeyHash, account: AccountId, id: ClientOrderId) -> Found {
        self.client_order_ids.find(hash, |slot| {
            let order = self.orders.get(slot);
            order.client_order_id == id && order.account == account
        })
    }

    /// Whether one more client order id of this hash can be indexed.
    #[inline(always)]
    pub(crate) fn has_client_room(&self, hash: KeyHash) -> bool {
        self.client_order_ids.has_room(hash)
    }

    /// Takes a slot for an order that is being accepted; the caller made sure of room.
    #[inline(always)]
    pub(crate) fn take_order(&mut self) -> u32 {
        self.orders.take()
    }

    /// Gives the slot of an order that is no longer live back.
    #[inline(always)]
    pub(crate) fn give_order_back(&mut self, slot: u32) {
        self.orders.give_back(slot);
    }

    /// Lets the order in `slot` be found by its client order id.
    #[inline(always)]
    pub(crate) fn index_client(&mut self, hash: KeyHash, slot: u32) {
        self.client_order_ids.insert(hash, slot);
    }

    /// As [`Book::index_client`], at the place where [`Book::find_client`] ended, the index being as it was then.
    #[inline(always)]
    pub(crate) fn index_client_at(&mut self, hash: KeyHash, slot: u32, place: u32) {
        self.client_order_ids.insert_at(hash, slot, place);
    }

    /// The order in `slot` is no longer found by its client order id.
    #[inline(always)]
    pub(crate) fn unindex_client(&mut self, hash: KeyHash, slot: u32) {
        self.client_order_ids.remove(hash, slot);
    }

    /// As [`Book::unindex_client`], of what [`Book::find_client`] found.
    #[inline(always)]
    pub(crate) fn unindex_found(&mut self, found: Found) {
        self.client_order_ids.remove_found(found);
    }

    /// Writes `order` into `slot` and puts it at the back of its price's queue. `level` is that price's level, 0 if there
    /// is none; the caller made sure of room for one.
    #[inline(always)]
    pub(crate) fn join(&mut self, instrument: &mut Instrument, slot: u32, order: &Order, level: u32) {
        let side = order.side();
        let level = if level != 0 { level } else { self.open_level(instrument, side, order.price) };
        let record = self.levels.get_mut(level);
        let tail = core::mem::replace(&mut record.tail, slot);
        record.quantity += order.leaves.0;
        record.orders += 1;
        if tail == 0 {
            record.head = slot;
        } else {
            self.orders.get_mut(tail).next = slot;
        }
        *self.orders.get_mut(slot) = Order { level, previous: tail, next: 0, ..*order };
    }

    #[inline(never)]
    fn open_level(&mut self, instrument: &mut Instrument, side: Side, price: PriceTicks) -> u32 {
        let level = self.levels.take();
        let towards_better = match side {
            Side::Buy => Direction::Up,
            Side::Sell => Direction::Down,
        };
        let key = instrument.ladder_key(price);
        let side = instrument.side_mut(side);
        let better = self.ladder.insert(side, key, level, towards_better);
        let worse = if better == 0 {
            side.best_price = price;
            core::mem::replace(&mut side.best, level)
        } else {
            core::mem::replace(&mut self.levels.get_mut(better).worse, level)
        };
        if worse != 0 {
            self.levels.get_mut(worse).better = level;
        }
        let record = self.levels.get_mut(level);
        (record.price, record.key, record.better, record.worse) = (price, key, better, worse);
        side.levels += 1;
        level
    }

    /// Takes `order`, as it stands in its slot, out of its level's queue; its slot and its client order id stay.
    #[inline(always)]
    pub(crate) fn leave(&mut self, instrument: &mut Instrument, order: &Order) {
        // Whether there are neighbours is as good as random: rather than ask, nobody (slot 0) is written to as well, and
        // zeroed again. The same holds for the level's ends.
        self.orders.get_mut(order.previous).next = order.next;
        self.orders.get_mut(order.next).previous = order.previous;
        let nobody = self.orders.get_mut(0);
        (nobody.next, nobody.previous) = (0, 0);
        let level = self.levels.get_mut(order.level);
        level.quantity -= order.leaves.0;
        level.orders -= 1;
        level.head = if order.previous == 0 { order.next } else { level.head };
        level.tail = if order.next == 0 { order.previous } else { level.tail };
        if level.orders == 0 {
            self.close_level(instrument.side_mut(order.side()), order.level);
        }
    }

    #[inline(never)]
    fn close_level(&mut self, side: &mut BookSide, slot: u32) {
        let Level { key, better, worse, .. } = *self.levels.get(slot);
        if better != 0 {
            self.levels.get_mut(better).worse = worse;
        } else {
            side.best = worse;
            side.best_price = PriceTicks::ZERO;
        }
        if worse != 0 {
            let worse = self.levels.get_mut(worse);
            worse.better = better;
            if better == 0 {
                side.best_price = worse.price;
            }
        }
        self.ladder.remove(side, key);
        self.levels.give_back(slot);
        side.levels -= 1;
    }

    /// Takes `by`, less than its leaves, off the order in `slot`; it keeps its place.
    #[inline(always)]
    pub(crate) fn take_off(&mut self, slot: u32, by: i64) -> QuantityLots {
        let order = self.orders.get_mut(slot);
        order.leaves.0 -= by;
        let (level, leaves) = (order.level, order.leaves);
        self.levels.get_mut(level).quantity -= by;
        leaves
    }

    /// The live order with this id, if there is one.
    pub(crate) fn by_id(&self, id: OrderId) -> Option<&Order> {
        let order = self.orders.try_get(id.slot())?;
        (id != OrderId::NONE && order.id == id).then_some(order)
    }

    /// Live orders, without telling the tracker.
    #[inline(always)]
    pub(crate) fn peek_live_orders(&self) -> u32 {
        self.orders.peek_live()
    }

    /// The tables' bytes, in the layout's order.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.ladder.bytes().chain(self.levels.bytes()).chain([self.client_order_ids.bytes()]).chain(self.orders.bytes())
    }
}

/// Prefetching, in three steps of looking ahead; nothing here is marked or changes anything.
impl<M: Marks> Book<'_, M> {
    #[inline(always)]
    pub(crate) fn prefetch_client(&self, hash: KeyHash) {
        self.client_order_ids.prefetch(hash);
    }

    #[inline(always)]
    pub(crate) fn peek_client(&self, hash: KeyHash) -> u32 {
        self.client_order_ids.peek(hash)
    }

    #[inline(always)]
    pub(crate) fn prefetch_order(&self, slot: u32) {
        self.orders.prefetch(slot);
    }

    /// What leaving the book will touch: the order's level and neighbours.
    #[inline(always)]
    pub(crate) fn prefetch_around(&self, slot: u32) {
        if let Some(order) = self.orders.peek(slot) {
            self.levels.prefetch(order.level);
            self.orders.prefetch(order.previous);
            self.orders.prefetch(order.next);
        }
    }

    #[inline(always)]
    pub(crate) fn peek_level_at(&self, instrument: &Instrument, side: Side, price: PriceTicks) -> u32 {
        self.ladder.peek(instrument.side(side), instrument.ladder_key(price))
    }

    #[inline(always)]
    pub(crate) fn prefetch_level(&self, level: u32) {
        self.levels.prefetch(level);
    }

    /// What joining a level will touch: its newest order.
    #[inline(always)]
    pub(crate) fn prefetch_tail(&self, level: u32) {
        if let Some(level) = self.levels.peek(level) {
            self.orders.prefetch(level.tail);
        }
    }
}
