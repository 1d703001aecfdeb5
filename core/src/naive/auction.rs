//! The uncross: finding the auction's price and filling at it, in slices.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use bytemuck::Zeroable;

use super::book::Order;
use super::work::{Item, Work};
use super::{Canary, NaiveEngine};
use crate::command::{PublishIndicative, Uncross};
use crate::event::{IndicativePrice, Uncrossed};
use crate::ids::InstrumentId;
use crate::reject::{CancelReason, RejectCode};
use crate::terms::{Side, TimeInForce, TradingState};
use crate::units::{PriceTicks, QuantityLots};

/// What an auction at a price would find.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    price: PriceTicks,
    /// B: bid quantity at the price or higher.
    bids: i128,
    /// A: ask quantity at the price or lower.
    asks: i128,
}

impl Candidate {
    fn volume(&self) -> i128 {
        self.bids.min(self.asks)
    }

    fn imbalance(&self) -> u128 {
        self.bids.abs_diff(self.asks)
    }
}

/// An auction that is being worked on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Auction {
    instrument: InstrumentId,
    given: Option<PriceTicks>,
    /// Steps that finding the price still takes.
    search_left: u32,
    /// The price, once it is fixed.
    price: Option<PriceTicks>,
    /// After the fills: how many orders were looked at and stay.
    stay: usize,
}

impl Auction {
    pub(super) fn instrument(&self) -> InstrumentId {
        self.instrument
    }
}

impl NaiveEngine {
    pub(super) fn publish_indicative(&mut self, c: &PublishIndicative) -> Result<(), RejectCode> {
        let id = c.instrument;
        let last = self.find_idle(id)?.last;
        if self.search_steps(id, None) > self.genesis.max_steps && self.book.is_crossed(id) {
            return Err(RejectCode::IndicativeExceedsSteps);
        }
        let mut said = IndicativePrice { instrument: id, ..IndicativePrice::zeroed() };
        if let Some(price) = self.auction_price(id, last).filter(|_| self.book.is_crossed(id)) {
            let found = self.candidate(id, price);
            said.crosses = 1;
            said.price = price;
            said.bid_quantity = halves(found.bids);
            said.ask_quantity = halves(found.asks);
        }
        self.emit(said);
        Ok(())
    }

    pub(super) fn uncross(&mut self, c: &Uncross) -> Result<(), RejectCode> {
        let id = c.instrument;
        let instrument = self.find_idle(id)?;
        if instrument.state == TradingState::Halted {
            return Err(RejectCode::InstrumentHalted);
        }
        let given = (c.priced == 1).then_some(c.price);
        if let Some(price) = given {
            instrument.check_tick(price)?;
            instrument.check_range(price)?;
        }
        if !self.book.is_crossed(id) {
            return self.open_trading(id);
        }
        let search_left = self.search_steps(id, given);
        self.begin(Auction { instrument: id, given, search_left, price: None, stay: 0 })
    }

    /// Opens trading in a book that is not crossed; what was good for the auction is cancelled first.
    pub(super) fn open_trading(&mut self, id: InstrumentId) -> Result<(), RejectCode> {
        if !self.has_auction_orders(id) {
            self.change_state(id, TradingState::Continuous);
            return Ok(());
        }
        // Nothing crosses, so nothing fills at any price.
        self.begin(Auction { instrument: id, given: None, search_left: 0, price: Some(PriceTicks::ZERO), stay: 0 })
    }

    fn begin(&mut self, mut auction: Auction) -> Result<(), RejectCode> {
        let id = auction.instrument;
        self.check_queue()?;
        let mut steps_left = self.genesis.max_steps.saturating_sub(self.steps);
        let is_over = self.carry_on(&mut auction, &mut steps_left);
        self.steps = self.genesis.max_steps.saturating_sub(steps_left);
        if is_over {
            self.conclude(id);
        } else {
            self.change_state(id, TradingState::Uncrossing);
            self.queue.push_back(Item { moved: self.sequence, work: Work::Auction(auction) });
        }
        Ok(())
    }

    /// Steps that finding the price takes: a bid level each that crosses, then a price each that crosses (for a given
    /// price an ask level each that it reaches).
    fn search_steps(&self, id: InstrumentId, given: Option<PriceTicks>) -> u32 {
        let (bids, asks) = (self.book.levels(id, Side::Buy), self.book.levels(id, Side::Sell));
        let (Some(best_bid), Some(best_ask)) = (bids.first(), asks.first()) else { return 0 };
        let lowest_bid = given.unwrap_or(best_ask.0);
        let highest_ask = given.unwrap_or(best_bid.0);
        let bid_prices: Vec<PriceTicks> = bids.iter().map(|level| level.0).filter(|p| *p >= lowest_bid).collect();
        let ask_prices: Vec<PriceTicks> = asks.iter().map(|level| level.0).filter(|p| *p <= highest_ask).collect();
        let second = match given {
            Some(_) => ask_prices.len(),
            None => bid_prices.iter().chain(&ask_prices).collect::<BTreeSet<_>>().len(),
        };
        (bid_prices.len() + second) as u32
    }

    /// Carries an auction on; true when nothing is left to do, false when no step is.
    pub(super) fn carry_on(&mut self, auction: &mut Auction, steps_left: &mut u32) -> bool {
        let id = auction.instrument;
        let steps = auction.search_left.min(*steps_left);
        auction.search_left -= steps;
        *steps_left -= steps;
        if auction.search_left > 0 {
            return false;
        }
        let price = match auction.price {
            Some(price) => price,
            None => self.fix_price(auction),
        };
        self.fill(id, price, steps_left) && self.cancel_remainders(auction, steps_left)
    }

    fn has_auction_orders(&self, id: InstrumentId) -> bool {
        self.instruments.find(id).is_ok_and(|instrument| instrument.has_auction_orders)
    }

    /// Looks at all orders, bids first, and cancels those that were good for the auction; a step each. True when all were
    /// looked at.
    fn cancel_remainders(&mut self, auction: &mut Auction, steps_left: &mut u32) -> bool {
        let id = auction.instrument;
        if !self.has_auction_orders(id) {
            return true;
        }
        let [bids, asks] = [Side::Buy, Side::Sell].map(|side| self.book.in_priority(id, side));
        let orders: Vec<Order> = bids.into_iter().chain(asks).skip(auction.stay).copied().collect();
        for order in orders {
            if *steps_left == 0 {
                return false;
            }
            *steps_left -= 1;
            let forgotten = self.canary == Canary::GoodForAuctionAsksStay && order.side == Side::Sell;
            if order.time_in_force == TimeInForce::GoodForAuction && !forgotten {
                self.cancel_live(&order, CancelReason::AuctionEnded);
            } else {
                auction.stay += 1;
            }
        }
        if let Some(instrument) = self.instruments.get_mut(id) {
            instrument.has_auction_orders = false;
        }
        true
    }

    fn fix_price(&mut self, auction: &mut Auction) -> PriceTicks {
        let id = auction.instrument;
        let last_trade = self.instruments.find(id).ok().and_then(|instrument| instrument.last);
        // A crossed book has prices, so one is found.
        let price = auction.given.or_else(|| self.auction_price(id, last_trade)).unwrap_or_default();
        auction.price = Some(price);
        let found = self.candidate(id, price);
        self.emit(Uncrossed {
            instrument: id,
            price,
            bid_quantity: halves(found.bids),
            ask_quantity: halves(found.asks),
            ..Uncrossed::zeroed()
        });
        price
    }

    /// Nothing more fills: on to continuous trading, or back to auction if the book is still crossed.
    pub(super) fn conclude(&mut self, id: InstrumentId) {
        let crossed = self.book.is_crossed(id);
        self.change_state(id, if crossed { TradingState::Auction } else { TradingState::Continuous });
    }

    /// Does steps at the price until nothing more fills (true) or no steps are left while something does (false).
    fn fill(&mut self, id: InstrumentId, price: PriceTicks, steps_left: &mut u32) -> bool {
        loop {
            let bid = self.book.best(id, Side::Buy).filter(|bid| bid.price >= price);
            let ask = self.book.best(id, Side::Sell).filter(|ask| ask.price <= price);
            let (Some(bid), Some(ask)) = (bid, ask) else { return true };
            if *steps_left == 0 {
                return false;
            }
            *steps_left -= 1;
            self.meet_in_auction(&bid, &ask, price);
        }
    }

    /// One step of an auction: the two trade, or one of them is cancelled. The sell order has the taker's place.
    fn meet_in_auction(&mut self, bid: &Order, ask: &Order, price: PriceTicks) {
        for order in [ask, bid] {
            if let Some(reason) = self.unfit(order) {
                return self.cancel_live(order, reason);
            }
        }
        for order in [ask, bid] {
            if self.tradable(order, order.leaves) == QuantityLots::ZERO {
                return self.cancel_live(order, CancelReason::ReduceOnly);
            }
        }
        let quantity = self.tradable(bid, bid.leaves).min(self.tradable(ask, ask.leaves));
        let Ok(terms) = self.instruments.find(ask.instrument).copied() else { return };
        if let Some(reason) = self.positions.taker_obstacle(ask, quantity, &terms) {
            return self.cancel_live(ask, reason);
        }
        if let Some(reason) = self.positions.maker_obstacle(bid, ask, quantity, &terms) {
            return self.cancel_live(bid, reason);
        }
        let twins = (self.twin_of(bid.id), self.twin_of(ask.id));
        self.trade(bid, ask, price, quantity, 0);
        self.notice_fill(bid, ask, price);
        self.notice_fill(ask, bid, price);
        self.take_off_in_auction(bid, quantity);
        self.take_off_in_auction(ask, quantity);
        self.keep(bid.account, bid.instrument);
        self.keep(ask.account, ask.instrument);
        self.auction_cancels_twins(bid.id, ask.id, twins);
    }

    /// B and A at a price.
    fn candidate(&self, id: InstrumentId, price: PriceTicks) -> Candidate {
        let (bids, asks) = (self.book.levels(id, Side::Buy), self.book.levels(id, Side::Sell));
        candidate(&bids, &asks, price)
    }

    /// The price that the rules find, none if there are no orders.
    fn auction_price(&self, id: InstrumentId, last_trade: Option<PriceTicks>) -> Option<PriceTicks> {
        let (bids, asks) = (self.book.levels(id, Side::Buy), self.book.levels(id, Side::Sell));
        let prices: BTreeSet<PriceTicks> = bids.iter().chain(&asks).map(|level| level.0).collect();
        let mut candidates: Vec<Candidate> = prices.into_iter().map(|price| candidate(&bids, &asks, price)).collect();
        let largest = candidates.iter().map(Candidate::volume).max()?;
        candidates.retain(|candidate| candidate.volume() == largest);
        let smallest = candidates.iter().map(Candidate::imbalance).min()?;
        candidates.retain(|candidate| candidate.imbalance() == smallest);
        // What is left is in ascending order of prices.
        let pressure_decides = self.canary != Canary::AuctionTieIgnoresPressure;
        let (lowest, highest) = (candidates.first()?.price, candidates.last()?.price);
        if pressure_decides && candidates.iter().all(|candidate| candidate.bids > candidate.asks) {
            return Some(highest);
        }
        if pressure_decides && candidates.iter().all(|candidate| candidate.asks > candidate.bids) {
            return Some(lowest);
        }
        let Some(last) = last_trade else { return Some(lowest) };
        let distance = |price: PriceTicks| price.get().abs_diff(last.get());
        // The nearest, then the lowest.
        candidates.iter().map(|candidate| candidate.price).min_by_key(|price| (distance(*price), *price))
    }
}

/// B and A at a price, given the levels of both sides.
fn candidate(bids: &[(PriceTicks, i128, usize)], asks: &[(PriceTicks, i128, usize)], price: PriceTicks) -> Candidate {
    Candidate {
        price,
        bids: bids.iter().filter(|level| level.0 >= price).map(|level| level.1).sum(),
        asks: asks.iter().filter(|level| level.0 <= price).map(|level| level.1).sum(),
    }
}

/// Low and high half of an unsigned 128-bit integer.
fn halves(quantity: i128) -> [u64; 2] {
    let quantity = quantity.unsigned_abs();
    [quantity as u64, (quantity >> 64) as u64]
}
