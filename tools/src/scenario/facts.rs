//! What the events told: of the last command, and of every order since it was entered.

use std::collections::BTreeMap;
use std::fmt;

use novate_core::ids::OrderId;
use novate_core::reject::{CancelReason, RejectCode};
use novate_core::units::{PriceTicks, QuantityLots};

use super::check::{OrderState, Trade};
use super::command::{OrderName, Owner};

/// One thing that the last command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// An order was accepted, or its price or open quantity changed.
    Accepted(OrderName),
    /// A command about an order was rejected.
    Rejected(OrderName, RejectCode),
    /// A stop order triggered.
    Triggered(OrderName),
    /// A stop order that triggered was refused then.
    RefusedWhenTriggered(OrderName, CancelReason),
    /// An order, or what was left of it, was cancelled.
    Cancelled(OrderName, QuantityLots, CancelReason),
    /// Two orders of one owner shrank without a trade.
    Shrunk(Trade),
    /// Two orders traded in continuous trading.
    Traded(Trade),
    /// Two orders traded in an auction.
    AuctionTraded {
        /// Who bought.
        buyer: OrderName,
        /// Who sold.
        seller: OrderName,
        /// At what price.
        price: PriceTicks,
        /// How much.
        quantity: QuantityLots,
    },
}

impl fmt::Display for Fact {
    /// As checks are written, as far as there are checks for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(id) => write!(f, "accept id={id}"),
            Self::Rejected(id, code) => write!(f, "reject id={id} ({code})"),
            Self::Triggered(id) => write!(f, "trigger id={id}"),
            Self::RefusedWhenTriggered(id, reason) => write!(f, "reject id={id} ({reason}, when it triggered)"),
            Self::Cancelled(id, quantity, reason) => write!(f, "cancelled id={id} qty={quantity} reason={reason}"),
            Self::Shrunk(trade) => write!(f, "decremented {trade}"),
            Self::Traded(trade) => write!(f, "trade {trade}"),
            Self::AuctionTraded { buyer, seller, price, quantity } => {
                write!(f, "auction trade buyer={buyer} seller={seller} px={price} qty={quantity}")
            }
        }
    }
}

/// What is known of an order by name; of the last one, where a name was used again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderRecord {
    /// Whose.
    pub(crate) owner: Owner,
    /// The engine's id for it; none if it never accepted it.
    pub(crate) order: Option<OrderId>,
    /// What became of it.
    pub(crate) state: OrderState,
    /// Its limit price; none for a market order, or a stop order that becomes one.
    pub(crate) price: Option<PriceTicks>,
    /// Its open quantity; what it had left, if it is dead.
    pub(crate) leaves: QuantityLots,
    /// What of it others see while it rests, if it hides anything; else they see all.
    pub(crate) shown: Option<QuantityLots>,
    /// All that it has traded.
    pub(crate) filled: i128,
}

impl OrderRecord {
    /// Whether its name is taken.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.state, OrderState::Open | OrderState::Pending)
    }

    /// So much of what it shows is gone.
    fn hide(&mut self, quantity: QuantityLots) {
        self.shown = self.shown.map(|shown| QuantityLots(shown.0.saturating_sub(quantity.0)));
    }

    /// What of it others see if it rests.
    pub(crate) fn visible(&self) -> QuantityLots {
        self.shown.unwrap_or(self.leaves)
    }
}

/// Everything that the events told, as far as checks ask for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    last: Vec<Fact>,
    orders: BTreeMap<OrderName, OrderRecord>,
    auction_fills: BTreeMap<OrderName, i128>,
}

impl Facts {
    /// What follows is of another command.
    pub(crate) fn begin(&mut self) {
        self.last.clear();
    }

    /// An order has this name from now on.
    pub(crate) fn accept(&mut self, id: OrderName, record: OrderRecord) {
        self.orders.insert(id, record);
        self.last.push(Fact::Accepted(id));
    }

    /// A command about an order was rejected, which changed nothing.
    pub(crate) fn reject(&mut self, id: OrderName, code: RejectCode) {
        self.last.push(Fact::Rejected(id, code));
    }

    /// An order with this name was refused, dead from the start. The name stays that of the order which has it, if that
    /// one is live or this one was for nothing, which is no order at all.
    pub(crate) fn refuse(&mut self, id: OrderName, record: OrderRecord, code: RejectCode) {
        let is_taken = self.order(id).is_some_and(OrderRecord::is_live);
        if !is_taken && record.leaves > QuantityLots::ZERO {
            self.orders.insert(id, record);
        }
        self.reject(id, code);
    }

    /// A resting order's price or open quantity changed. What is taken off comes off what it hides.
    pub(crate) fn amend(&mut self, id: OrderName, price: PriceTicks, leaves: QuantityLots) {
        if let Some(record) = self.orders.get_mut(&id) {
            (record.price, record.leaves) = (Some(price), leaves);
            record.shown = record.shown.map(|shown| shown.min(leaves));
        }
        self.last.push(Fact::Accepted(id));
    }

    /// An order rests, or shows another part of it.
    pub(crate) fn rest(&mut self, id: OrderName, price: PriceTicks, leaves: QuantityLots, shown: Option<QuantityLots>) {
        if let Some(record) = self.orders.get_mut(&id) {
            (record.price, record.leaves, record.shown) = (Some(price), leaves, shown);
        }
    }

    /// A stop order triggered with so much.
    pub(crate) fn trigger(&mut self, id: OrderName, leaves: QuantityLots) {
        if let Some(record) = self.orders.get_mut(&id) {
            (record.state, record.leaves) = (OrderState::Open, leaves);
        }
        self.last.push(Fact::Triggered(id));
    }

    /// An order, or what was left of it, was cancelled.
    pub(crate) fn cancel(&mut self, id: OrderName, leaves: QuantityLots, reason: CancelReason) {
        if let Some(record) = self.orders.get_mut(&id) {
            (record.state, record.leaves) = (OrderState::Dead, leaves);
        }
        self.last.push(Fact::Cancelled(id, leaves, reason));
    }

    /// A stop order's own terms did not let it go on when it triggered.
    pub(crate) fn refuse_triggered(&mut self, id: OrderName, reason: CancelReason) {
        self.last.push(Fact::RefusedWhenTriggered(id, reason));
    }

    /// Maker and taker lost a quantity without a trade, and have this left. One that has nothing left is gone.
    pub(crate) fn shrink(&mut self, by: Trade, maker_leaves: QuantityLots, taker_leaves: QuantityLots) {
        for (id, leaves, is_maker) in [(by.maker, maker_leaves, true), (by.taker, taker_leaves, false)] {
            if let Some(record) = self.orders.get_mut(&id) {
                record.leaves = leaves;
                if is_maker {
                    record.hide(by.quantity);
                }
                if leaves == QuantityLots::ZERO {
                    record.state = OrderState::Dead;
                }
            }
        }
        self.last.push(Fact::Shrunk(by));
    }

    /// Maker and taker traded, and have this left.
    pub(crate) fn trade(&mut self, trade: Trade, maker_leaves: QuantityLots, taker_leaves: QuantityLots) {
        self.fill(trade.maker, trade.quantity, maker_leaves);
        if let Some(maker) = self.orders.get_mut(&trade.maker) {
            maker.hide(trade.quantity);
        }
        self.fill(trade.taker, trade.quantity, taker_leaves);
        self.last.push(Fact::Traded(trade));
    }

    /// An auction's price is fixed: fills of an earlier one are no longer of the last one.
    pub(crate) fn begin_auction(&mut self) {
        self.auction_fills.clear();
    }

    /// Buyer (as maker) and seller (as taker) traded in an auction, and have this left.
    pub(crate) fn auction_trade(&mut self, trade: Trade, buyer_leaves: QuantityLots, seller_leaves: QuantityLots) {
        let Trade { maker: buyer, taker: seller, price, quantity } = trade;
        for (id, leaves) in [(buyer, buyer_leaves), (seller, seller_leaves)] {
            self.fill(id, quantity, leaves);
            *self.auction_fills.entry(id).or_default() += i128::from(quantity.get());
        }
        self.last.push(Fact::AuctionTraded { buyer, seller, price, quantity });
    }

    fn fill(&mut self, id: OrderName, quantity: QuantityLots, leaves: QuantityLots) {
        if let Some(record) = self.orders.get_mut(&id) {
            record.filled += i128::from(quantity.get());
            record.leaves = leaves;
            if leaves == QuantityLots::ZERO {
                record.state = OrderState::Filled;
            }
        }
    }

    /// What the last command did, in order.
    pub(crate) fn last(&self) -> &[Fact] {
        &self.last
    }

    /// The trades of the last command in continuous trading, in order.
    pub(crate) fn trades(&self) -> impl Iterator<Item = Trade> + '_ {
        self.last.iter().filter_map(|fact| if let Fact::Traded(trade) = fact { Some(*trade) } else { None })
    }

    /// What an order traded in the last auction.
    pub(crate) fn auction_fill(&self, id: OrderName) -> i128 {
        self.auction_fills.get(&id).copied().unwrap_or(0)
    }

    /// The order that has this name, or had it last.
    pub(crate) fn order(&self, id: OrderName) -> Option<&OrderRecord> {
        self.orders.get(&id)
    }

    /// The name of an order that was accepted at some time.
    pub(crate) fn name_of(&self, order: OrderId) -> Option<OrderName> {
        self.orders.iter().find(|(_, record)| record.order == Some(order)).map(|(name, _)| *name)
    }

    /// The orders that the last command did something to, some of them more than once.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (OrderName, &OrderRecord)> {
        let names = self.last.iter().flat_map(|fact| match *fact {
            Fact::Accepted(id)
            | Fact::Rejected(id, _)
            | Fact::Triggered(id)
            | Fact::RefusedWhenTriggered(id, _)
            | Fact::Cancelled(id, ..) => [Some(id), None],
            Fact::Traded(Trade { maker, taker, .. }) | Fact::Shrunk(Trade { maker, taker, .. }) => {
                [Some(maker), Some(taker)]
            }
            Fact::AuctionTraded { buyer, seller, .. } => [Some(buyer), Some(seller)],
        });
        names.flatten().filter_map(|id| Some((id, self.order(id)?)))
    }
}

/// A price that there may be none of.
pub(crate) fn price_text(price: Option<PriceTicks>) -> String {
    price.map_or_else(|| "none".to_owned(), |price| price.to_string())
}
