//! New orders: what a scenario says of one becomes the record that says it.

use std::collections::BTreeMap;

use novate_core::command::{Command, NewComplexOrder, NewOrder, NewPeggedOrder};
use novate_core::ids::{AccountId, InstrumentId, SessionId};
use novate_core::terms::{SelfTrade, Side, TimeInForce};
use novate_core::units::{PriceTicks, QuantityLots, TimeNs};

use super::check::OrderState;
use super::command::{OrderEntry, OrderName};
use super::facts::{Facts, OrderRecord};
use super::venue::client_order_id;

/// An order as a record: the smallest kind that can say it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    /// One without further terms.
    Plain(NewOrder),
    /// One with.
    Complex(NewComplexOrder),
    /// One whose price follows the book.
    Pegged(NewPeggedOrder),
}

impl Entry {
    /// The record of an order. `self_trade` is the wish of those that have none, `twin` the live order that is to be its
    /// twin.
    pub(super) fn new(
        order: &OrderEntry,
        by: (SessionId, u64, AccountId),
        instrument: InstrumentId,
        self_trade: SelfTrade,
        twin: Option<OrderName>,
    ) -> Self {
        let (name, self_trade) = (client_order_id(order.id), order.self_trade.unwrap_or(self_trade));
        let expiry = order.expiry.unwrap_or(TimeNs::ZERO);
        if let Some(peg) = order.peg {
            let mut pegged = NewPeggedOrder::new(by, instrument, name, order.side, order.quantity, peg);
            pegged.limit = order.price.unwrap_or(pegged.limit);
            (pegged.time_in_force, pegged.expiry) = (order.lifetime.code(), expiry);
            (pegged.flags, pegged.self_trade) = (flags(order), self_trade.code());
            return Self::Pegged(pegged);
        }
        // A market order's price is the farthest there is: its protection limit is the instrument's.
        let farthest = if order.side == Side::Buy { PriceTicks::MAX } else { PriceTicks::MIN };
        let limit = order.price.unwrap_or(farthest);
        let mut plain = NewOrder::limit(by, instrument, name, order.side, limit, order.quantity)
            .with_time_in_force(order.lifetime)
            .with_self_trade(self_trade);
        if order.price.is_none() {
            plain = plain.as_market();
        }
        plain.flags = flags(order);
        // What is shown at once is at most all, and nobody asks for it where nothing rests.
        let all = order.quantity.max(QuantityLots::ZERO);
        let display = if order.is_immediate() { QuantityLots::ZERO } else { order.display.min(all) };
        let is_complex = order.trigger.is_some()
            || display != QuantityLots::ZERO
            || order.lifetime == TimeInForce::GoodTillDate
            || order.expiry.is_some()
            || order.budget.is_some()
            || twin.is_some();
        if !is_complex {
            return Self::Plain(plain);
        }
        let mut complex = NewComplexOrder::from(plain).with_display(display, order.display_min.min(display));
        complex.expiry = expiry;
        if let Some(trigger) = order.trigger {
            complex =
                if trigger.is_trail { complex.with_trail(trigger.price) } else { complex.with_trigger(trigger.price) };
            complex = complex.with_direction(trigger.direction);
        }
        if let Some(budget) = order.budget {
            complex = complex.with_budget(budget);
        }
        Self::Complex(match twin {
            Some(twin) => complex.with_twin(client_order_id(twin)),
            None => complex,
        })
    }

    /// The record as a command.
    pub(super) fn command(&self) -> Command<'_> {
        match self {
            Self::Plain(order) => Command::from(order),
            Self::Complex(order) => Command::from(order),
            Self::Pegged(order) => Command::from(order),
        }
    }
}

fn flags(order: &OrderEntry) -> u8 {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    flag(order.is_post_only, NewOrder::POST_ONLY)
        | flag(order.is_reduce_only, NewOrder::REDUCE_ONLY)
        | flag(order.slides, NewOrder::POST_ONLY_SLIDE)
}

/// Stop orders that named each other as the one that cancels the other (`oco=`), which the first to come can only do before
/// the other is there; the engine wants a twin that is.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    /// The order that an order named.
    named: BTreeMap<OrderName, OrderName>,
}

impl Pairs {
    /// The order that is to be a new one's twin: the one that it names, else one that has named it. What is named as `oco`
    /// is cancelled by a trigger, and only while it waits for its own: between orders of which one does not wait it means
    /// nothing, while the engine's twins also trade. `is_free` tells whether an order has no twin yet.
    pub(super) fn twin(
        &mut self,
        order: &OrderEntry,
        facts: &Facts,
        is_free: impl Fn(&OrderRecord) -> bool,
    ) -> Option<OrderName> {
        if order.twin.is_some() {
            return order.twin;
        }
        let waits = |record: &OrderRecord| record.state == OrderState::Pending && record.owner == order.owner;
        let may_be_one = |id: &OrderName| facts.order(*id).is_some_and(|record| waits(record) && is_free(record));
        let waits_for_it = self.named.iter().filter(|(_, named)| **named == order.id).map(|(by, _)| *by);
        let twin = order.oco.into_iter().chain(waits_for_it).find(may_be_one).filter(|_| order.trigger.is_some());
        self.named.remove(&order.id);
        self.named.extend(order.oco.map(|oco| (order.id, oco)));
        twin
    }
}
