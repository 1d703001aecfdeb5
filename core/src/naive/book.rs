//! The book: live orders, and per instrument and side the levels, each a queue of orders.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use super::following::Peg;
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};
use crate::terms::{OrderType, SelfTrade, Side, TimeInForce};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

/// What a stop order waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger {
    pub(super) price: PriceTicks,
    /// Due at the price or above; else at the price or below.
    pub(super) up: bool,
}

impl Trigger {
    pub(super) fn is_due(&self, last: PriceTicks) -> bool {
        if self.up { last >= self.price } else { last <= self.price }
    }
}

/// What an order does where it would trade on entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PostOnly {
    /// It trades.
    No,
    /// It is rejected.
    Rejected,
    /// It takes the next price that does not trade.
    Slides,
}

/// An order: resting, waiting for its trigger, or about to trade.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) id: OrderId,
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
    pub(super) client_order_id: ClientOrderId,
    pub(super) side: Side,
    pub(super) pricing: OrderType,
    pub(super) time_in_force: TimeInForce,
    pub(super) post_only: PostOnly,
    pub(super) reduce_only: bool,
    /// Its own wish for self-trades.
    pub(super) self_trade: SelfTrade,
    pub(super) price: PriceTicks,
    /// What is open of it, shown and hidden.
    pub(super) leaves: QuantityLots,
    /// The command that accepted it.
    pub(super) accepted: Sequence,
    /// What it waits for; none once it has triggered, and for all that are no stop orders.
    pub(super) trigger: Option<Trigger>,
    /// What an iceberg shows at once; zero for all others.
    pub(super) display: QuantityLots,
    pub(super) display_minimum: QuantityLots,
    /// What an iceberg that rests shows now; without meaning for all others.
    pub(super) shown: QuantityLots,
    /// What its price follows, if it is pegged.
    pub(super) peg: Option<Peg>,
    /// The distance that its trigger price keeps from the last price, if it trails.
    pub(super) trail: Option<PriceTicks>,
    /// When it expires, if it is good till a date.
    pub(super) expiry: Option<TimeNs>,
    /// What its fills may cost at most, or must bring at least.
    pub(super) budget: Option<i128>,
    /// Whether it has a complex record: from its acceptance on, or from that of its twin, for as long as it lives.
    pub(super) complex: bool,
    /// What one lot would lose at once if it were filled at its price; fixed when the order came to rest.
    pub(super) adverse: i128,
}

impl Order {
    /// Limit orders (and what will be one) that are neither immediate nor fill-or-kill may rest; all others are immediate.
    pub(super) fn may_rest(&self) -> bool {
        let immediate = matches!(self.time_in_force, TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill);
        matches!(self.pricing, OrderType::Limit | OrderType::StopLimit) && !immediate
    }

    /// Whether it is a stop order that has not triggered.
    pub(super) fn is_waiting(&self) -> bool {
        self.trigger.is_some()
    }

    /// Whether it follows the market: it is pegged, or waits with a trigger price that trails.
    pub(super) fn is_follower(&self) -> bool {
        self.peg.is_some() || self.trail.is_some() && self.is_waiting()
    }

    pub(super) fn is_iceberg(&self) -> bool {
        self.display > QuantityLots::ZERO
    }

    /// What others see of it where it rests.
    pub(super) fn shows(&self) -> QuantityLots {
        if self.is_iceberg() { self.shown.min(self.leaves) } else { self.leaves }
    }

    /// What others do not see of it.
    pub(super) fn hides(&self) -> QuantityLots {
        QuantityLots(self.leaves.get().saturating_sub(self.shows().get()))
    }

    /// Whether its expiry is not after `now`.
    pub(super) fn is_expired(&self, now: TimeNs) -> bool {
        self.expiry.is_some_and(|expiry| expiry <= now)
    }

    /// Whether this order's price crosses a resting price of the other side.
    pub(super) fn crosses(&self, resting: PriceTicks) -> bool {
        match self.side {
            Side::Buy => resting <= self.price,
            Side::Sell => resting >= self.price,
        }
    }
}

/// Price to queue, oldest order first. A level without orders is not kept.
type Levels = BTreeMap<PriceTicks, VecDeque<OrderId>>;

/// All orders that are live: those that rest, and stop orders that wait outside the levels.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    orders: BTreeMap<OrderId, Order>,
    sides: BTreeMap<(InstrumentId, Side), Levels>,
    /// Stop orders that wait, the one accepted first first.
    waiting: BTreeMap<InstrumentId, BTreeSet<(Sequence, OrderId)>>,
    /// Orders that are good till a date, the one accepted first first.
    dated: BTreeSet<(Sequence, OrderId)>,
    /// Orders that follow the market, the one accepted first first.
    followers: BTreeMap<InstrumentId, BTreeSet<(Sequence, OrderId)>>,
    /// Levels that `Canary::LevelLostAfterCancel` has lost sight of; empty without it.
    lost: BTreeMap<(InstrumentId, Side), PriceTicks>,
}

impl Book {
    /// Puts the order at the back of the level of its price.
    pub(super) fn add(&mut self, order: Order) {
        let side = (order.instrument, order.side);
        self.lost.remove(&side);
        self.sides.entry(side).or_default().entry(order.price).or_default().push_back(order.id);
        self.hold(order);
    }

    /// Keeps a stop order that waits: live, but in no level.
    pub(super) fn add_waiting(&mut self, order: Order) {
        self.waiting.entry(order.instrument).or_default().insert((order.accepted, order.id));
        self.hold(order);
    }

    fn hold(&mut self, order: Order) {
        if order.expiry.is_some() {
            self.dated.insert((order.accepted, order.id));
        }
        if order.is_follower() {
            self.followers.entry(order.instrument).or_default().insert((order.accepted, order.id));
        }
        self.orders.insert(order.id, order);
    }

    /// Takes the order out, wherever it is, and its level if it was the only one there.
    pub(super) fn remove(&mut self, id: OrderId) {
        let Some(order) = self.orders.remove(&id) else { return };
        self.dated.remove(&(order.accepted, id));
        if let Some(followers) = self.followers.get_mut(&order.instrument) {
            followers.remove(&(order.accepted, id));
        }
        if order.is_waiting() {
            self.stop_waiting(&order);
        } else {
            self.leave_level(&order);
        }
    }

    fn stop_waiting(&mut self, order: &Order) {
        let Some(waiting) = self.waiting.get_mut(&order.instrument) else { return };
        waiting.remove(&(order.accepted, order.id));
        if waiting.is_empty() {
            self.waiting.remove(&order.instrument);
        }
    }

    fn leave_level(&mut self, order: &Order) {
        let Some(levels) = self.sides.get_mut(&(order.instrument, order.side)) else { return };
        if let Some(queue) = levels.get_mut(&order.price) {
            queue.retain(|other| *other != order.id);
            if queue.is_empty() {
                levels.remove(&order.price);
            }
        }
        if levels.is_empty() {
            self.sides.remove(&(order.instrument, order.side));
        }
    }

    /// Changes what the order has left and what it shows of it; it keeps its place.
    pub(super) fn set_open(&mut self, id: OrderId, leaves: QuantityLots, shown: QuantityLots) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.leaves = leaves;
            order.shown = shown;
        }
    }

    /// Gives the order a complex record, if it had none.
    pub(super) fn make_complex(&mut self, id: OrderId) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.complex = true;
        }
    }

    /// The instrument's stop orders that wait, the one accepted first first.
    pub(super) fn waiting(&self, instrument: InstrumentId) -> impl Iterator<Item = &Order> {
        self.waiting.get(&instrument).into_iter().flatten().filter_map(|(_, id)| self.orders.get(id))
    }

    /// The instrument's orders that follow the market, the one accepted first first.
    pub(super) fn followers(&self, instrument: InstrumentId) -> impl Iterator<Item = &Order> {
        self.followers.get(&instrument).into_iter().flatten().filter_map(|(_, id)| self.orders.get(id))
    }

    /// The orders that are good till a date, the one accepted first first.
    pub(super) fn dated(&self) -> impl Iterator<Item = &Order> {
        self.dated.iter().filter_map(|(_, id)| self.orders.get(id))
    }

    pub(super) fn get(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id)
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// The account's live order of this name. Zero is no name.
    pub(super) fn by_client_order_id(&self, account: AccountId, name: ClientOrderId) -> Option<&Order> {
        if name == ClientOrderId::NONE {
            return None;
        }
        self.orders().find(|order| order.account == account && order.client_order_id == name)
    }

    /// How many levels there are, over all instruments and both sides.
    pub(super) fn level_count(&self) -> usize {
        self.sides.values().map(BTreeMap::len).sum()
    }

    /// The total of the level at this price, if there is one.
    pub(super) fn level_total(&self, instrument: InstrumentId, side: Side, price: PriceTicks) -> Option<i128> {
        let queue = self.sides.get(&(instrument, side))?.get(&price)?;
        Some(self.total(queue))
    }

    fn total(&self, queue: &VecDeque<OrderId>) -> i128 {
        queue.iter().filter_map(|id| self.orders.get(id)).map(|order| i128::from(order.leaves.get())).sum()
    }

    /// Price, total and number of orders of every level, best first.
    pub(super) fn levels(&self, instrument: InstrumentId, side: Side) -> Vec<(PriceTicks, i128, usize)> {
        let Some(levels) = self.sides.get(&(instrument, side)) else { return Vec::new() };
        let mut list: Vec<_> = levels.iter().map(|(price, queue)| (*price, self.total(queue), queue.len())).collect();
        if side == Side::Buy {
            list.reverse();
        }
        list
    }

    /// The orders of one level, oldest first.
    pub(super) fn queue(&self, instrument: InstrumentId, side: Side, price: PriceTicks) -> Vec<&Order> {
        let queue = self.sides.get(&(instrument, side)).and_then(|levels| levels.get(&price));
        queue.into_iter().flatten().filter_map(|id| self.orders.get(id)).collect()
    }

    /// The orders of one side in price-time priority.
    pub(super) fn in_priority(&self, instrument: InstrumentId, side: Side) -> Vec<&Order> {
        let levels = self.levels(instrument, side);
        levels.iter().flat_map(|(price, ..)| self.queue(instrument, side, *price)).collect()
    }

    /// The side's order with the highest priority.
    pub(super) fn best(&self, instrument: InstrumentId, side: Side) -> Option<Order> {
        let levels = self.sides.get(&(instrument, side))?;
        let lost = self.lost.get(&(instrument, side));
        let mut seen = levels.iter().filter(|(price, _)| lost != Some(price));
        let (_, queue) = if side == Side::Buy { seen.next_back() } else { seen.next() }?;
        queue.front().and_then(|id| self.orders.get(id)).copied()
    }

    /// Whether an order on the other side crosses this one's price.
    pub(super) fn has_crossing(&self, order: &Order) -> bool {
        self.best(order.instrument, order.side.opposite()).is_some_and(|best| order.crosses(best.price))
    }

    /// Best bid at or above best ask.
    pub(super) fn is_crossed(&self, instrument: InstrumentId) -> bool {
        self.best(instrument, Side::Buy).is_some_and(|bid| self.has_crossing(&bid))
    }

    /// For `Canary::LevelLostAfterCancel`: hides the side's best level until an order is added.
    pub(super) fn lose_best_level(&mut self, instrument: InstrumentId, side: Side) {
        if let Some(best) = self.best(instrument, side) {
            self.lost.insert((instrument, side), best.price);
        }
    }
}
