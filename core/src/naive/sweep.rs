//! The sweep of continuous trading, and the trade that it shares with auctions.

use bytemuck::Zeroable;

use super::book::Order;
use super::{Canary, NaiveEngine};
use crate::event::Trade;
use crate::reject::CancelReason;
use crate::units::{PriceTicks, QuantityLots};

impl NaiveEngine {
    /// Trades while the taker has leaves and the best opposite level crosses; returns the reason if it ended earlier.
    pub(super) fn sweep(&mut self, taker: &mut Order) -> Option<CancelReason> {
        let mut steps = 0;
        while taker.leaves > QuantityLots::ZERO {
            let best = self.book.best(taker.instrument, taker.side.opposite());
            let maker = best.filter(|maker| taker.crosses(maker.price))?;
            if steps == self.genesis.max_steps {
                return Some(CancelReason::SweepLimit);
            }
            steps += 1;
            let quantity = maker.leaves.min(taker.leaves);
            if let Some(reason) = self.positions.taker_obstacle(taker, quantity) {
                return Some(reason);
            }
            if let Some(reason) = self.positions.maker_obstacle(&maker, taker, quantity) {
                self.cancel_resting(&maker, reason);
                continue;
            }
            let mut price = maker.price;
            if self.canary == Canary::TradeAtTakerPrice {
                price = taker.price;
            }
            self.trade(&maker, taker, price, quantity, taker.side.code());
            taker.leaves = less(taker.leaves, quantity);
            self.take_off(&maker, quantity);
        }
        None
    }

    /// Moves both positions, notes the price and says `Trade`. The book is the caller's.
    pub(super) fn trade(
        &mut self,
        maker: &Order,
        taker: &Order,
        price: PriceTicks,
        quantity: QuantityLots,
        aggressor: u8,
    ) {
        let (maker_position, taker_position) = self.positions.trade(maker, taker, quantity);
        let in_auction = aggressor == 0;
        let forgets = self.canary == Canary::AuctionForgetsLastPrice && in_auction;
        if let Some(instrument) = self.instruments.get_mut(taker.instrument).filter(|_| !forgets) {
            instrument.last_trade = Some(price);
        }
        self.emit(Trade {
            aggressor,
            instrument: taker.instrument,
            price,
            quantity,
            maker_order: maker.id,
            taker_order: taker.id,
            maker_client_order_id: maker.client_order_id,
            taker_client_order_id: taker.client_order_id,
            maker_account: maker.account,
            taker_account: taker.account,
            maker_leaves: less(maker.leaves, quantity),
            taker_leaves: less(taker.leaves, quantity),
            maker_position: QuantityLots(maker_position),
            taker_position: QuantityLots(taker_position),
            ..Trade::zeroed()
        });
    }

    /// Takes traded quantity off an order that rests. Fully filled, it leaves the book and gives its slot back.
    pub(super) fn take_off(&mut self, order: &Order, quantity: QuantityLots) {
        let leaves = less(order.leaves, quantity);
        if leaves == QuantityLots::ZERO {
            self.book.remove(order.id);
            self.order_slots.give_back(order.id.slot());
            return;
        }
        self.book.set_leaves(order.id, leaves);
        if self.canary == Canary::MakerLosesPlace {
            self.book.remove(order.id);
            self.book.add(Order { leaves, ..*order });
        }
    }
}

/// What is left of `leaves` after a fill of `quantity`, which is never more.
fn less(leaves: QuantityLots, quantity: QuantityLots) -> QuantityLots {
    QuantityLots(leaves.get().saturating_sub(quantity.get()))
}
