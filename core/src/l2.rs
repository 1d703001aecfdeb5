//! A book builder for the other side of the feed: order events in, price levels out. Runs off the hot thread and
//! allocates; ordered maps only, so that two builders iterate alike.
//!
//! It keeps what rests, order by order (L3), and the sums per price (L2). It trusts nothing but the events, so that it also
//! tells whether a feed is complete: see [`L2Books::apply`].

use alloc::collections::BTreeMap;

use crate::event::{Accepted, Amended, Cancelled, Event, Replenished, Repriced, Trade};
use crate::ids::{InstrumentId, OrderId};
use crate::terms::Side;
use crate::units::{PriceTicks, QuantityLots};

/// A resting order as the feed tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestingOrder {
    /// Where.
    pub instrument: InstrumentId,
    /// On which side.
    pub side: Side,
    /// At which price.
    pub price: PriceTicks,
    /// How much, shown and hidden.
    pub leaves: QuantityLots,
    /// How much of it others see.
    pub shown: QuantityLots,
}

/// The sum of the orders at one price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L2Level {
    /// Sum of what they show.
    pub quantity: QuantityLots,
    /// How many.
    pub orders: u32,
}

/// The event does not fit what came before: the feed has a gap, or began in the middle. Nothing was changed; begin anew
/// from a snapshot of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedGap {
    /// The order that the event is about.
    pub order: OrderId,
}

impl core::fmt::Display for FeedGap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the feed does not fit the book at order {}; begin anew from a snapshot", self.order)
    }
}

impl core::error::Error for FeedGap {}

/// The books of every instrument that the feed speaks of.
///
/// ```
/// use novate_core::l2::L2Books;
/// # use novate_core::{event::Event, ids::InstrumentId, terms::Side};
/// # fn feed() -> Vec<novate_core::event::OwnedEvent> { Vec::new() }
///
/// let mut books = L2Books::default();
/// for event in feed() {
///     books.apply(&event.view())?;
/// }
/// let best_bid = books.levels(InstrumentId(1), Side::Buy).next();
/// # assert_eq!(best_bid, None);
/// # Ok::<(), novate_core::l2::FeedGap>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct L2Books {
    orders: BTreeMap<OrderId, RestingOrder>,
    levels: BTreeMap<(InstrumentId, Side), BTreeMap<PriceTicks, L2Level>>,
}

impl L2Books {
    /// Takes the next event; those that are not about orders in the book change nothing.
    ///
    /// # Errors
    /// [`FeedGap`] where the event cannot follow what came before.
    pub fn apply(&mut self, event: &Event<'_>) -> Result<(), FeedGap> {
        match event {
            Event::Accepted(accepted) if accepted.flags & Accepted::RESTS != 0 => {
                let Accepted { order, instrument, side, price, quantity, .. } = **accepted;
                self.add(order, instrument, side, price, quantity)
            }
            Event::Rested(rested) => {
                self.add(rested.order, rested.instrument, rested.side, rested.price, rested.leaves)
            }
            Event::Replenished(replenished) => self.replenish(replenished),
            Event::Repriced(repriced) if repriced.flags & Repriced::RESTS != 0 => {
                let Repriced { order, instrument, side, price, leaves, .. } = **repriced;
                self.take(order, leaves, QuantityLots::ZERO)?;
                self.add(order, instrument, side, price, leaves)
            }
            Event::Cancelled(cancelled) if cancelled.flags & Cancelled::RESTED != 0 => {
                self.take(cancelled.order, cancelled.leaves, QuantityLots::ZERO)
            }
            Event::Amended(amended) => self.amend(amended),
            Event::Trade(trade) => self.trade(trade),
            Event::Decremented(met) => self.take(met.maker_order, met.quantity, met.maker_leaves),
            _ => Ok(()),
        }
    }

    /// The levels of one side, best first.
    pub fn levels(&self, instrument: InstrumentId, side: Side) -> impl Iterator<Item = (PriceTicks, L2Level)> {
        let levels = self.levels.get(&(instrument, side)).into_iter();
        let (mut up, mut down) = (levels.clone().flat_map(BTreeMap::iter), levels.flat_map(|map| map.iter().rev()));
        core::iter::from_fn(move || match side {
            Side::Buy => down.next(),
            Side::Sell => up.next(),
        })
        .map(|(price, level)| (*price, *level))
    }

    /// A resting order.
    pub fn order(&self, order: OrderId) -> Option<&RestingOrder> {
        self.orders.get(&order)
    }

    /// How many orders rest.
    pub fn order_count(&self) -> usize {
        self.orders.len()
    }

    fn add(
        &mut self,
        order: OrderId,
        instrument: InstrumentId,
        side: u8,
        price: PriceTicks,
        leaves: QuantityLots,
    ) -> Result<(), FeedGap> {
        let gap = FeedGap { order };
        let side = Side::from_code(side).ok_or(gap)?;
        if self.orders.contains_key(&order) {
            return Err(gap);
        }
        let level = self.levels.entry((instrument, side)).or_default().entry(price).or_default();
        let quantity = level.quantity.0.checked_add(leaves.0).ok_or(gap)?;
        self.orders.insert(order, RestingOrder { instrument, side, price, leaves, shown: leaves });
        *level = L2Level { quantity: QuantityLots(quantity), orders: level.orders + 1 };
        Ok(())
    }

    /// Takes quantity off an order, which must leave it with what the event says; one that has nothing left goes. Of an
    /// iceberg that goes off what it shows, as far as there is any: what it shows then is for `Replenished` to say.
    fn take(&mut self, order: OrderId, quantity: QuantityLots, left: QuantityLots) -> Result<(), FeedGap> {
        let known = self.orders.get(&order).ok_or(FeedGap { order })?;
        let fits = quantity.0 >= 0 && left.0 >= 0 && known.leaves.0.checked_sub(quantity.0) == Some(left.0);
        let shown = if left.0 == 0 { 0 } else { known.shown.0.saturating_sub(quantity.0).max(0) };
        if fits { self.set(order, left, QuantityLots(shown)) } else { Err(FeedGap { order }) }
    }

    /// Sets what a known order has open and shows; one that has nothing open goes.
    fn set(&mut self, order: OrderId, leaves: QuantityLots, shown: QuantityLots) -> Result<(), FeedGap> {
        let gap = FeedGap { order };
        let record = self.orders.get_mut(&order).ok_or(gap)?;
        let RestingOrder { instrument, side, price, shown: old, .. } = *record;
        (record.leaves, record.shown) = (leaves, shown);
        if leaves.0 == 0 {
            self.orders.remove(&order);
        }
        let levels = self.levels.get_mut(&(instrument, side)).ok_or(gap)?;
        let level = levels.get_mut(&price).ok_or(gap)?;
        level.quantity.0 = level.quantity.0.checked_sub(old.0).and_then(|rest| rest.checked_add(shown.0)).ok_or(gap)?;
        level.orders -= u32::from(leaves.0 == 0);
        if level.orders == 0 {
            levels.remove(&price);
        }
        if levels.is_empty() {
            self.levels.remove(&(instrument, side));
        }
        Ok(())
    }

    /// An iceberg shows a new part; one that is not known comes to rest.
    fn replenish(&mut self, said: &Replenished) -> Result<(), FeedGap> {
        let Replenished { order, instrument, side, price, shown, leaves, .. } = *said;
        let is_new = !self.orders.contains_key(&order);
        if is_new {
            self.add(order, instrument, side, price, leaves)?;
        }
        let fits = self.orders.get(&order).is_some_and(|record| record.leaves == leaves && record.price == price);
        if fits && shown.0 > 0 && shown <= leaves { self.set(order, leaves, shown) } else { Err(FeedGap { order }) }
    }

    fn amend(&mut self, amended: &Amended) -> Result<(), FeedGap> {
        let Amended { order, instrument, side, old_leaves, price, leaves, .. } = *amended;
        let known = self.orders.get(&order).is_some_and(|record| record.leaves == old_leaves);
        let keeps_priority = amended.flags & Amended::KEEPS_PRIORITY != 0;
        let lowered = old_leaves.0.checked_sub(leaves.0).filter(|lowered| *lowered >= 0);
        if !known || keeps_priority && lowered.is_none() {
            return Err(FeedGap { order });
        }
        if let (true, Some(record)) = (keeps_priority, self.orders.get(&order)) {
            // What is hidden goes first.
            return self.set(order, leaves, record.shown.min(leaves));
        }
        self.take(order, old_leaves, QuantityLots::ZERO)?;
        if amended.flags & Amended::RESTS != 0 { self.add(order, instrument, side, price, leaves) } else { Ok(()) }
    }

    fn trade(&mut self, trade: &Trade) -> Result<(), FeedGap> {
        self.take(trade.maker_order, trade.quantity, trade.maker_leaves)?;
        // In an auction both orders rested; elsewhere the taker is not in the book.
        if trade.aggressor == 0 { self.take(trade.taker_order, trade.quantity, trade.taker_leaves) } else { Ok(()) }
    }
}
