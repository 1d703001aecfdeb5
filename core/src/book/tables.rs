//! The book's tables and the moves of a single order: find, join a level's queue, leave it.

use super::ladder::{Direction, Ladder};
use super::waiting::Wait;
use super::{BookSide, Complex, Level, Order};
use crate::arena::{CHOSEN_KEYS, Carver, Found, KeyHash, Marks, Slab, SlotIndex};
use crate::ids::{AccountId, ClientOrderId, EntityId, OrderId};
use crate::instrument::Instrument;
use crate::terms::Side;
use crate::units::{PriceTicks, QuantityLots};

/// Orders, levels, ladders and client order ids of all instruments, and what complex orders are beyond orders.
#[derive(Debug)]
pub(crate) struct Book<'a, M> {
    ladder: Ladder<'a, M>,
    levels: Slab<'a, Level, M>,
    client_order_ids: SlotIndex<'a, M, CHOSEN_KEYS>,
    complex: Slab<'a, Complex, M>,
    orders: Slab<'a, Order, M>,
}

/// Where an order is after it has changed what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where it was.
    Same,
    /// At the back of its level.
    Back,
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
            complex: Slab::carve(carver, "complex_orders"),
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

    /// Moves the order in `slot`, which is not the last of its level, behind the last.
    fn move_to_back(&mut self, slot: u32) {
        let order = *self.orders.get(slot);
        self.unlink(&order);
        let level = self.levels.get_mut(order.level);
        level.head = if order.previous == 0 { order.next } else { level.head };
        let tail = core::mem::replace(&mut level.tail, slot);
        self.orders.get_mut(tail).next = slot;
        let order = self.orders.get_mut(slot);
        (order.previous, order.next) = (tail, 0);
    }

    /// Closes the gap that an order leaves in its queue.
    ///
    /// Whether there are neighbours is as good as random: rather than ask, nobody (slot 0) is written to as well, and zeroed
    /// again.
    #[inline(always)]
    fn unlink(&mut self, order: &Order) {
        self.orders.get_mut(order.previous).next = order.next;
        self.orders.get_mut(order.next).previous = order.previous;
        let nobody = self.orders.get_mut(0);
        (nobody.next, nobody.previous) = (0, 0);
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
        self.unlink(order);
        // As for the neighbours, so for the level's ends: rather than ask, they are written.
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

    #[inline(always)]
    pub(crate) fn order_mut(&mut self, slot: u32) -> &mut Order {
        self.orders.get_mut(slot)
    }

    pub(crate) fn complex(&self, slot: u32) -> &Complex {
        self.complex.get(slot)
    }

    pub(crate) fn complex_mut(&mut self, slot: u32) -> &mut Complex {
        self.complex.get_mut(slot)
    }

    /// Complex records that can still be taken.
    pub(crate) fn complex_room(&self) -> u32 {
        self.complex.room()
    }

    /// Takes a complex record; the caller made sure of room.
    pub(crate) fn take_complex(&mut self, record: Complex) -> u32 {
        let slot = self.complex.take();
        *self.complex.get_mut(slot) = record;
        slot
    }

    pub(crate) fn give_complex_back(&mut self, slot: u32) {
        self.complex.give_back(slot);
    }

    /// Adds an order to those that wait, and returns the root of their tree.
    pub(crate) fn start_waiting(&mut self, wait: Wait, root: u32, complex: u32) -> u32 {
        wait.add(&mut self.complex, root, complex)
    }

    /// Takes an order from those that wait, and returns the root of their tree.
    pub(crate) fn stop_waiting(&mut self, wait: Wait, root: u32, complex: u32) -> u32 {
        wait.remove(&mut self.complex, root, complex)
    }

    /// The complex record of the order that was accepted first of those whose key is within the bound; 0 if there is none.
    pub(crate) fn first_waiting(&self, wait: Wait, root: u32, bound: u64) -> u32 {
        wait.first_within(&self.complex, root, bound)
    }

    /// The smallest key of the orders that wait.
    pub(crate) fn smallest_waiting(&self, wait: Wait, root: u32) -> Option<u64> {
        wait.smallest_key(&self.complex, root)
    }

    /// What of an order's open quantity is not shown.
    #[inline(always)]
    pub(crate) fn hidden(&self, order: &Order) -> i64 {
        // Slot 0 is nobody's, and hides nothing.
        match order.terms.complex() {
            0 => 0,
            complex => self.complex.get(complex).hidden.0,
        }
    }

    /// Changes what an order in the book hides.
    pub(crate) fn hide(&mut self, order: &Order, hidden: i64) {
        let record = self.complex.get_mut(order.terms.complex());
        let old = core::mem::replace(&mut record.hidden.0, hidden);
        // Taken off first: both sums fit.
        let level = self.levels.get_mut(order.level);
        level.hidden -= old;
        level.hidden += hidden;
    }

    /// Has an iceberg in the book show and hide so much from now on, at the back of its level or in its place.
    pub(crate) fn show(&mut self, slot: u32, shown: i64, hidden: i64, place: Place) {
        let order = *self.orders.get(slot);
        self.hide(&order, hidden);
        self.levels.get_mut(order.level).quantity += shown - order.leaves.0;
        self.orders.get_mut(slot).leaves.0 = shown;
        if place == Place::Back && order.next != 0 {
            self.move_to_back(slot);
        }
    }

    /// Counts an order in the book among the pegged ones of its level, or no longer.
    pub(crate) fn count_pegged(&mut self, level: u32, is_pegged: bool) {
        let level = self.levels.get_mut(level);
        level.pegged = if is_pegged { level.pegged + 1 } else { level.pegged - 1 };
    }

    /// The best price of a side, pegged orders left out. Walks over the levels that have only pegged orders.
    pub(crate) fn best_unpegged(&self, side: &BookSide) -> Option<PriceTicks> {
        let mut at = side.best;
        while at != 0 {
            let level = self.levels.get(at);
            if level.pegged != level.orders {
                return Some(level.price);
            }
            at = level.worse;
        }
        None
    }

    /// The highest slot that an order ever had.
    pub(crate) fn highest_order_slot(&self) -> u32 {
        self.orders.high_water()
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
        let ids = [self.client_order_ids.bytes()];
        let orders = self.complex.bytes().into_iter().chain(self.orders.bytes());
        self.ladder.bytes().chain(self.levels.bytes()).chain(ids).chain(orders)
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
