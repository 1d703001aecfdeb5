//! Auctions: the price that moves the most, and the slices that fill at it.

use super::Engine;
use super::emit::Emitter;
use super::sweep::Unable;
use crate::arena::Marks;
use crate::event::{Trade, TradingStateChanged, Uncrossed};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::terms::{Side, TradingState};
use crate::units::{PriceTicks, QuantityLots};
use bytemuck::Zeroable;

/// What an auction at one price would meet.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    price: PriceTicks,
    /// Bids at the price or higher.
    bids: i128,
    /// Asks at the price or lower.
    asks: i128,
}

impl Candidate {
    fn volume(&self) -> i128 {
        self.bids.min(self.asks)
    }

    fn imbalance(&self) -> i128 {
        (self.bids - self.asks).abs()
    }

    fn distance(&self, from: PriceTicks) -> u64 {
        self.price.0.abs_diff(from.0)
    }
}

/// The best candidates so far: equal in volume and imbalance, in ascending order of price.
///
/// Of these the choice needs the lowest, the highest, the one nearest to the last price, and on which side the surplus is.
#[derive(Clone, Copy, Debug)]
struct Best {
    lowest: Candidate,
    highest: Candidate,
    nearest: Candidate,
    all_bid_surplus: bool,
    all_ask_surplus: bool,
}

impl Best {
    fn only(candidate: Candidate) -> Self {
        Self {
            lowest: candidate,
            highest: candidate,
            nearest: candidate,
            all_bid_surplus: candidate.bids > candidate.asks,
            all_ask_surplus: candidate.asks > candidate.bids,
        }
    }

    /// Takes the next higher candidate into account.
    fn consider(&mut self, candidate: Candidate, last: Option<PriceTicks>) {
        let rank = |c: &Candidate| (-c.volume(), c.imbalance());
        match rank(&candidate).cmp(&rank(&self.lowest)) {
            core::cmp::Ordering::Less => *self = Self::only(candidate),
            core::cmp::Ordering::Equal => {
                self.highest = candidate;
                if last.is_some_and(|last| candidate.distance(last) < self.nearest.distance(last)) {
                    self.nearest = candidate;
                }
                self.all_bid_surplus &= candidate.bids > candidate.asks;
                self.all_ask_surplus &= candidate.asks > candidate.bids;
            }
            core::cmp::Ordering::Greater => {}
        }
    }

    fn choice(&self) -> Candidate {
        if self.all_bid_surplus {
            self.highest
        } else if self.all_ask_surplus {
            self.lowest
        } else {
            self.nearest
        }
    }
}

impl<M: Marks> Engine<'_, M> {
    /// Fixes the auction's price and fills up to `max_steps` of it; the rest becomes pending work.
    pub(super) fn uncross<S: EventSink>(
        &mut self,
        instrument: u32,
        given: Option<PriceTicks>,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), RejectCode> {
        let record = self.instruments.slab.get(instrument);
        if !record.is_crossed() {
            self.enter_state(instrument, TradingState::Continuous, out);
            return Ok(());
        }
        if !self.has_work_room() {
            return Err(RejectCode::WorkQueueFull);
        }
        let at = match given {
            Some(price) => self.candidate(instrument, price),
            None => self.auction_price(instrument),
        };
        out.emit(Uncrossed {
            instrument: self.instruments.slab.get(instrument).id,
            price: at.price,
            bid_quantity: halves(at.bids),
            ask_quantity: halves(at.asks),
            ..Uncrossed::zeroed()
        });
        let max_steps = self.header.get().genesis.max_steps;
        self.fill_auction(instrument, at.price, max_steps, out);
        if self.auction_fills_at(instrument, at.price) {
            self.enter_state(instrument, TradingState::Uncrossing, out);
            self.queue_uncross(instrument, at.price);
        } else {
            self.end_auction(instrument, out);
        }
        Ok(())
    }

    /// Opens trading after the last fill, unless a given price left the book crossed.
    pub(super) fn end_auction<S: EventSink>(&mut self, instrument: u32, out: &mut Emitter<'_, S>) {
        let crossed = self.instruments.slab.get(instrument).is_crossed();
        let state = if crossed { TradingState::Auction } else { TradingState::Continuous };
        self.enter_state(instrument, state, out);
    }

    /// Changes the trading state and says so.
    pub(super) fn enter_state<S: EventSink>(&mut self, instrument: u32, state: TradingState, out: &mut Emitter<'_, S>) {
        let record = self.instruments.slab.get_mut(instrument);
        let old_state = core::mem::replace(&mut record.state, state.code());
        out.emit(TradingStateChanged {
            old_state,
            state: state.code(),
            instrument: record.id,
            ..TradingStateChanged::zeroed()
        });
    }

    /// Whether a bid at `price` or higher and an ask at `price` or lower exist.
    pub(super) fn auction_fills_at(&self, instrument: u32, price: PriceTicks) -> bool {
        let record = self.instruments.slab.get(instrument);
        record.crosses(Side::Sell, price) && record.crosses(Side::Buy, price)
    }

    /// Does up to `budget` steps of an auction at `price` and returns how many it did.
    pub(super) fn fill_auction<S: EventSink>(
        &mut self,
        instrument: u32,
        price: PriceTicks,
        budget: u32,
        out: &mut Emitter<'_, S>,
    ) -> u32 {
        let mut steps = 0;
        while steps < budget && self.auction_fills_at(instrument, price) {
            self.auction_step(instrument, price, out);
            steps += 1;
        }
        steps
    }

    /// One trade between the best bid's and the best ask's oldest orders, or the cancel of one that cannot take it.
    fn auction_step<S: EventSink>(&mut self, instrument: u32, price: PriceTicks, out: &mut Emitter<'_, S>) {
        let record = self.instruments.slab.get(instrument);
        let bid_slot = self.book.level(record.side(Side::Buy).best).head;
        let ask_slot = self.book.level(record.side(Side::Sell).best).head;
        let (bid, ask) = (*self.book.order(bid_slot), *self.book.order(ask_slot));
        let quantity = bid.leaves.min(ask.leaves);
        let (bid_position, ask_position) = match self.exchange(&bid, &ask, -quantity.0) {
            Ok(positions) => positions,
            Err(Unable::Maker(reason)) => {
                self.cancel(bid_slot, reason, out);
                return;
            }
            Err(Unable::Taker(reason)) => {
                self.cancel(ask_slot, reason, out);
                return;
            }
        };
        let record = self.instruments.slab.get_mut(instrument);
        (record.last_price, record.has_traded) = (price, 1);
        out.emit(Trade {
            instrument: record.id,
            price,
            quantity,
            maker_order: bid.id,
            taker_order: ask.id,
            maker_client_order_id: bid.client_order_id,
            taker_client_order_id: ask.client_order_id,
            maker_account: bid.account,
            taker_account: ask.account,
            maker_leaves: QuantityLots(bid.leaves.0 - quantity.0),
            taker_leaves: QuantityLots(ask.leaves.0 - quantity.0),
            maker_position: QuantityLots(bid_position),
            taker_position: QuantityLots(ask_position),
            ..Trade::zeroed()
        });
        for (order, slot) in [(bid, bid_slot), (ask, ask_slot)] {
            if order.leaves == quantity {
                self.remove(&order, slot);
            } else {
                self.book.take_off(slot, quantity.0);
            }
        }
    }

    /// What an auction at `price` would meet: one walk over the levels that trade.
    fn candidate(&self, instrument: u32, price: PriceTicks) -> Candidate {
        let record = self.instruments.slab.get(instrument);
        let mut quantities = [0i128; 2];
        for (quantity, side) in quantities.iter_mut().zip(Side::ALL) {
            let mut slot = record.side(*side).best;
            while slot != 0 {
                let level = self.book.level(slot);
                let trades = match side {
                    Side::Buy => level.price >= price,
                    Side::Sell => level.price <= price,
                };
                if !trades {
                    break;
                }
                *quantity += i128::from(level.quantity);
                slot = level.worse;
            }
        }
        Candidate { price, bids: quantities[0], asks: quantities[1] }
    }

    /// The price of a crossed book's auction, found by one ascending walk over its crossing levels on both sides.
    fn auction_price(&self, instrument: u32) -> Candidate {
        let record = self.instruments.slab.get(instrument);
        let last = (record.has_traded != 0).then_some(record.last_price);
        let lowest_ask = record.side(Side::Sell).best_price;
        let highest_bid = record.side(Side::Buy).best_price;
        // All bids that cross, and the lowest of them, from where the walk upwards begins.
        let (mut bids, mut bid, mut slot) = (0i128, 0, record.side(Side::Buy).best);
        while slot != 0 && self.book.level(slot).price >= lowest_ask {
            bids += i128::from(self.book.level(slot).quantity);
            bid = slot;
            slot = self.book.level(slot).worse;
        }
        let (mut asks, mut ask) = (0i128, record.side(Side::Sell).best);
        let mut best: Option<Best> = None;
        loop {
            let bid_price = (bid != 0).then(|| self.book.level(bid).price);
            let ask_price = (ask != 0).then(|| self.book.level(ask).price).filter(|price| *price <= highest_bid);
            let price = match (bid_price, ask_price) {
                (Some(bid), Some(ask)) => bid.min(ask),
                (Some(price), None) | (None, Some(price)) => price,
                (None, None) => break,
            };
            if ask_price == Some(price) {
                asks += i128::from(self.book.level(ask).quantity);
                ask = self.book.level(ask).worse;
            }
            let candidate = Candidate { price, bids, asks };
            match &mut best {
                Some(best) => best.consider(candidate, last),
                None => best = Some(Best::only(candidate)),
            }
            if bid_price == Some(price) {
                bids -= i128::from(self.book.level(bid).quantity);
                bid = self.book.level(bid).better;
            }
        }
        best.map_or(Candidate { price: lowest_ask, bids: 0, asks: 0 }, |best| best.choice())
    }
}

/// Low and high half of a quantity that is not negative.
fn halves(quantity: i128) -> [u64; 2] {
    let quantity = quantity.cast_unsigned();
    [quantity as u64, (quantity >> 64) as u64]
}
