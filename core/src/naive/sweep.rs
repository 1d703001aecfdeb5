//! The sweep of continuous trading, and the trade that it shares with auctions.

use bytemuck::Zeroable;

use super::band::Band;
use super::book::Order;
use super::iceberg::less;
use super::{Canary, NaiveEngine};
use crate::event::{Decremented, Trade};
use crate::reject::CancelReason;
use crate::terms::SelfTrade;
use crate::units::{PriceTicks, QuantityLots};

impl NaiveEngine {
    /// Trades while the taker has leaves and the best opposite level crosses; returns the reason if it ended earlier.
    pub(super) fn sweep(&mut self, taker: &mut Order, band: Option<Band>) -> Option<CancelReason> {
        while taker.leaves > QuantityLots::ZERO {
            let best = self.book.best(taker.instrument, taker.side.opposite());
            let maker = best.filter(|maker| taker.crosses(maker.price))?;
            if band.is_some_and(|band| !band.contains(maker.price)) {
                return Some(CancelReason::PriceBand);
            }
            if self.steps >= self.genesis.max_steps {
                return Some(CancelReason::SweepLimit);
            }
            self.steps += 1;
            if let Some(reason) = self.meet(taker, &maker) {
                return Some(reason);
            }
        }
        None
    }

    /// One step of a sweep: the taker trades with the maker that is next, or that one is cancelled. Returns the reason if
    /// the sweep is to end.
    fn meet(&mut self, taker: &mut Order, maker: &Order) -> Option<CancelReason> {
        if let Some(reason) = self.unfit(maker) {
            self.cancel_live(maker, reason);
            return None;
        }
        if let Some(mode) = self.prevention(taker, maker) {
            return self.prevent(mode, taker, maker).then_some(CancelReason::SelfTrade);
        }
        let quantity = self.tradable(maker, maker.shows()).min(taker.leaves);
        if quantity == QuantityLots::ZERO {
            self.cancel_live(maker, CancelReason::ReduceOnly);
            return None;
        }
        let terms = *self.instruments.find(taker.instrument).ok()?;
        if let Some(reason) = self.positions.taker_obstacle(taker, quantity, &terms) {
            return Some(reason);
        }
        if let Some(reason) = self.positions.maker_obstacle(maker, taker, quantity, &terms) {
            self.cancel_live(maker, reason);
            return None;
        }
        let mut price = maker.price;
        if self.canary == Canary::TradeAtTakerPrice {
            price = taker.price;
        }
        let twins = (self.twin_of(maker.id), self.twin_of(taker.id));
        self.trade(maker, taker, price, quantity, taker.side.code());
        taker.leaves = less(taker.leaves, quantity);
        self.notice_fill(maker, taker, price);
        self.take_off(maker, quantity, taker.leaves == QuantityLots::ZERO);
        self.keep(maker.account, maker.instrument);
        self.keep(taker.account, taker.instrument);
        let were_twins = self.trade_cancels_twins(maker.id, taker.id, twins);
        self.count_fill(maker, taker, quantity);
        were_twins.then_some(CancelReason::OneCancelsOther)
    }

    /// What is done where the two would trade; none where they may.
    pub(super) fn prevention(&self, taker: &Order, maker: &Order) -> Option<SelfTrade> {
        let owner = |order: &Order| self.accounts.find(order.account).ok().map(|account| account.owner);
        let instrument = self.instruments.find(taker.instrument).ok()?;
        let default = SelfTrade::from_code(instrument.terms.self_trade)?;
        let mode = if taker.self_trade == SelfTrade::Default { default } else { taker.self_trade };
        let prevents = !matches!(mode, SelfTrade::Default | SelfTrade::Allow);
        let same = match self.canary {
            Canary::SelfTradeByAccount => taker.account == maker.account,
            _ => owner(taker) == owner(maker),
        };
        (prevents && same).then_some(mode)
    }

    /// Does it; true if the taker is to be cancelled.
    fn prevent(&mut self, mode: SelfTrade, taker: &mut Order, maker: &Order) -> bool {
        let mode = match (self.canary, mode) {
            (Canary::SelfTradeCancelsTheOther, SelfTrade::CancelNewest) => SelfTrade::CancelOldest,
            (Canary::SelfTradeCancelsTheOther, SelfTrade::CancelOldest) => SelfTrade::CancelNewest,
            (_, mode) => mode,
        };
        match mode {
            SelfTrade::CancelNewest => true,
            SelfTrade::CancelOldest => {
                self.cancel_live(maker, CancelReason::SelfTrade);
                false
            }
            SelfTrade::CancelBoth => {
                self.cancel_live(maker, CancelReason::SelfTrade);
                true
            }
            SelfTrade::Default | SelfTrade::Allow | SelfTrade::Decrement => {
                let quantity = maker.shows().min(taker.leaves);
                taker.leaves = less(taker.leaves, quantity);
                self.emit(Decremented {
                    aggressor: taker.side.code(),
                    instrument: taker.instrument,
                    price: maker.price,
                    quantity,
                    maker_order: maker.id,
                    taker_order: taker.id,
                    maker_client_order_id: maker.client_order_id,
                    taker_client_order_id: taker.client_order_id,
                    maker_account: maker.account,
                    taker_account: taker.account,
                    maker_leaves: less(maker.leaves, quantity),
                    taker_leaves: taker.leaves,
                    ..Decremented::zeroed()
                });
                self.take_off(maker, quantity, taker.leaves == QuantityLots::ZERO);
                self.keep(maker.account, maker.instrument);
                false
            }
        }
    }

    /// The most that an order that rested may trade of what it offers.
    pub(super) fn tradable(&self, order: &Order, offered: QuantityLots) -> QuantityLots {
        let unbounded = !order.reduce_only || self.canary == Canary::ReduceOnlyMakerTrades;
        if unbounded { offered } else { offered.min(self.positions.reducible(order)) }
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
        let multiplier = self.instruments.find(taker.instrument).map_or(0, |listed| listed.terms.multiplier.get());
        let (maker_position, taker_position) = self.positions.trade(maker, taker, quantity, price, multiplier);
        self.flow(maker, taker, price, quantity);
        let in_auction = aggressor == 0;
        let forgets = self.canary == Canary::AuctionForgetsLastPrice && in_auction;
        if let Some(instrument) = self.instruments.get_mut(taker.instrument).filter(|_| !forgets) {
            instrument.last = Some(price);
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
}
