//! Auctions: the price that moves the most, and the fills at it, in slices of bounded work.
//!
//! An auction is a record that any command can carry on: it sums the bids that cross, walks upwards over the prices that
//! cross and keeps the best of them, then fills, then cancels what was good for the auction only. Each level, price or
//! order that it visits and each fill is a step.

use bytemuck::{Pod, Zeroable};

use super::Engine;
use super::emit::Emitter;
use super::gate::{About, Execute, Roles, Sender};
use super::sweep::Unable;
use super::venue::{OPERATOR_OR_FEED, about_instrument};
use super::work::WorkItem;
use crate::arena::Marks;
use crate::book::{Order, Place};
use crate::command::PublishIndicative;
use crate::event::{IndicativePrice, Trade, TradingStateChanged, Uncrossed};
use crate::ids::OrderId;
use crate::reject::{CancelReason, RejectCode};
use crate::sink::EventSink;
use crate::terms::{Side, TimeInForce, TradingState};
use crate::units::{PriceTicks, QuantityLots};

/// What an auction at one price would meet.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
struct Candidate {
    /// Bids at the price or higher.
    bids: i128,
    /// Asks at the price or lower.
    asks: i128,
    price: PriceTicks,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: u64,
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
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
struct Best {
    lowest: Candidate,
    highest: Candidate,
    nearest: Candidate,
    /// How many there are.
    candidates: u64,
    /// How many of them have more bids than asks, and more asks than bids.
    with_bid_surplus: u64,
    with_ask_surplus: u64,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: u64,
}

impl Best {
    /// Takes the next higher candidate into account.
    fn consider(&mut self, candidate: Candidate, last: Option<PriceTicks>) {
        let rank = |c: &Candidate| (-c.volume(), c.imbalance());
        let is_better = self.candidates == 0 || rank(&candidate) < rank(&self.lowest);
        if !is_better && rank(&candidate) > rank(&self.lowest) {
            return;
        }
        if is_better {
            *self = Self { lowest: candidate, nearest: candidate, ..Self::zeroed() };
        }
        self.highest = candidate;
        if last.is_some_and(|last| candidate.distance(last) < self.nearest.distance(last)) {
            self.nearest = candidate;
        }
        self.candidates += 1;
        self.with_bid_surplus += u64::from(candidate.bids > candidate.asks);
        self.with_ask_surplus += u64::from(candidate.asks > candidate.bids);
    }

    fn choice(&self) -> Candidate {
        if self.with_bid_surplus == self.candidates {
            self.highest
        } else if self.with_ask_surplus == self.candidates {
            self.lowest
        } else {
            self.nearest
        }
    }
}

/// An auction that is being worked on: the body of a piece of work.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct Auction {
    best: Best,
    /// What was summed so far: bids that are at the walk's price or higher, asks that are at it or lower.
    bids: i128,
    asks: i128,
    /// The price, once it is fixed or if it was given.
    price: PriceTicks,
    /// The instrument's slot; it stays listed, because its book is busy.
    instrument: u32,
    /// The levels to be visited next.
    bid: u32,
    ask: u32,
    /// The order to be visited next, of those that were not filled.
    order: u32,
    /// A [`Phase`].
    phase: u8,
    /// 1 if the price was given.
    is_given: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: [u8; 6],
}

/// What an auction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Summing the bids that cross.
    Bids = 1,
    /// Summing the asks at a given price or lower.
    Asks = 2,
    /// Walking upwards over the prices that cross.
    Prices = 3,
    /// Filling at the price.
    Fills = 4,
    /// Looking over the orders that are left for those that were good for the auction.
    Remainders = 5,
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Done,
    Pending,
}

impl<M: Marks> Engine<'_, M> {
    /// Begins an auction and does up to `max_steps` of it; the rest becomes pending work.
    pub(super) fn uncross<S: EventSink>(
        &mut self,
        instrument: u32,
        given: Option<PriceTicks>,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), RejectCode> {
        let record = self.instruments.slab.get(instrument);
        if !record.is_crossed() {
            return self.open_trading(instrument, out);
        }
        self.begin(self.auction(instrument, given), out)
    }

    /// An auction that has not begun.
    fn auction(&self, instrument: u32, given: Option<PriceTicks>) -> Auction {
        let record = self.instruments.slab.get(instrument);
        Auction {
            price: given.unwrap_or(PriceTicks::ZERO),
            instrument,
            bid: record.side(Side::Buy).best,
            ask: record.side(Side::Sell).best,
            phase: Phase::Bids as u8,
            is_given: u8::from(given.is_some()),
            ..Auction::zeroed()
        }
    }

    /// Price, bids and asks that an uncross would say now, none if nothing crosses; `Pending` if so many steps do not find
    /// them.
    pub(super) fn outlook(
        &self,
        instrument: u32,
        given: Option<PriceTicks>,
        mut steps: u32,
    ) -> Result<Option<(PriceTicks, i128, i128)>, Progress> {
        if !self.instruments.slab.get(instrument).is_crossed() {
            return Ok(None);
        }
        let mut auction = self.auction(instrument, given);
        let mut progress = self.sum_bids(&mut auction, &mut steps);
        if progress == Progress::Done {
            progress = match given {
                Some(_) => self.sum_asks(&mut auction, &mut steps),
                None => self.walk_prices(&mut auction, &mut steps),
            };
        }
        let chosen = auction.best.choice();
        let found = given.map_or((chosen.price, chosen.bids, chosen.asks), |price| (price, auction.bids, auction.asks));
        if progress == Progress::Done { Ok(Some(found)) } else { Err(progress) }
    }

    /// Opens trading in a book that is not crossed; first goes what was good for the auction only.
    pub(super) fn open_trading<S: EventSink>(
        &mut self,
        instrument: u32,
        out: &mut Emitter<'_, S>,
    ) -> Result<(), RejectCode> {
        if self.instruments.slab.get(instrument).has_auction_orders == 0 {
            self.enter_state(instrument, TradingState::Continuous, out);
            return Ok(());
        }
        let order = self.first_order(instrument);
        self.begin(Auction { instrument, order, phase: Phase::Remainders as u8, ..Auction::zeroed() }, out)
    }

    fn begin<S: EventSink>(&mut self, mut auction: Auction, out: &mut Emitter<'_, S>) -> Result<(), RejectCode> {
        if !self.has_work_room() {
            return Err(RejectCode::WorkQueueFull);
        }
        let instrument = auction.instrument;
        let mut steps_left = self.header.get().genesis.max_steps;
        if self.advance(&mut auction, &mut steps_left, out) == Progress::Pending {
            self.enter_state(instrument, TradingState::Uncrossing, out);
            self.queue_work(WorkItem::auction(auction, out.sequence()));
        }
        Ok(())
    }

    /// Carries an auction on until it is done or no step is left; counts the steps.
    pub(super) fn advance<S: EventSink>(
        &mut self,
        auction: &mut Auction,
        steps_left: &mut u32,
        out: &mut Emitter<'_, S>,
    ) -> Progress {
        let before = *steps_left;
        let progress = self.advance_by(auction, steps_left, out);
        out.steps += before - *steps_left;
        if progress == Progress::Done {
            self.end_auction(auction.instrument, out);
        }
        progress
    }

    fn advance_by<S: EventSink>(
        &mut self,
        auction: &mut Auction,
        steps_left: &mut u32,
        out: &mut Emitter<'_, S>,
    ) -> Progress {
        if auction.phase == Phase::Bids as u8 {
            if self.sum_bids(auction, steps_left) == Progress::Pending {
                return Progress::Pending;
            }
            auction.phase = if auction.is_given != 0 { Phase::Asks } else { Phase::Prices } as u8;
        }
        if auction.phase == Phase::Asks as u8 {
            if self.sum_asks(auction, steps_left) == Progress::Pending {
                return Progress::Pending;
            }
            let met = Candidate { bids: auction.bids, asks: auction.asks, price: auction.price, reserved: 0 };
            self.fix_price(auction, met, out);
        }
        if auction.phase == Phase::Prices as u8 {
            if self.walk_prices(auction, steps_left) == Progress::Pending {
                return Progress::Pending;
            }
            self.fix_price(auction, auction.best.choice(), out);
        }
        if auction.phase == Phase::Fills as u8 {
            while self.auction_fills_at(auction.instrument, auction.price) {
                if *steps_left == 0 {
                    return Progress::Pending;
                }
                *steps_left -= 1;
                self.auction_step(auction.instrument, auction.price, out);
            }
            auction.phase = Phase::Remainders as u8;
            auction.order = self.first_order(auction.instrument);
        }
        self.cancel_remainders(auction, steps_left, out)
    }

    /// Sums the bids at the given price or higher, else at the lowest ask or higher, from the best downwards; leaves the
    /// lowest of them in `auction.bid`.
    fn sum_bids(&self, auction: &mut Auction, steps_left: &mut u32) -> Progress {
        let sides = self.instruments.slab.get(auction.instrument);
        let lowest = if auction.is_given != 0 { auction.price } else { sides.side(Side::Sell).best_price };
        loop {
            // The cursor stays on a level that was summed, except at the very beginning.
            let next = if auction.bids == 0 { auction.bid } else { self.book.level(auction.bid).worse };
            if next == 0 || self.book.level(next).price < lowest {
                return Progress::Done;
            }
            if *steps_left == 0 {
                return Progress::Pending;
            }
            *steps_left -= 1;
            auction.bids += i128::from(self.book.level(next).total());
            auction.bid = next;
        }
    }

    /// Sums the asks at the given price or lower, from the best upwards.
    fn sum_asks(&self, auction: &mut Auction, steps_left: &mut u32) -> Progress {
        while auction.ask != 0 && self.book.level(auction.ask).price <= auction.price {
            if *steps_left == 0 {
                return Progress::Pending;
            }
            *steps_left -= 1;
            let level = self.book.level(auction.ask);
            auction.asks += i128::from(level.total());
            auction.ask = level.worse;
        }
        Progress::Done
    }

    /// Walks over the prices that cross on both sides, in ascending order, and keeps the best candidates.
    fn walk_prices(&self, auction: &mut Auction, steps_left: &mut u32) -> Progress {
        let record = self.instruments.slab.get(auction.instrument);
        let last = (record.has_last != 0).then_some(record.last_price);
        let highest_bid = record.side(Side::Buy).best_price;
        loop {
            let bid_price = (auction.bid != 0).then(|| self.book.level(auction.bid).price);
            let ask = (auction.ask != 0).then(|| self.book.level(auction.ask).price);
            let ask_price = ask.filter(|price| *price <= highest_bid);
            let price = match (bid_price, ask_price) {
                (Some(bid), Some(ask)) => bid.min(ask),
                (Some(price), None) | (None, Some(price)) => price,
                (None, None) => return Progress::Done,
            };
            if *steps_left == 0 {
                return Progress::Pending;
            }
            *steps_left -= 1;
            if ask_price == Some(price) {
                auction.asks += i128::from(self.book.level(auction.ask).total());
                auction.ask = self.book.level(auction.ask).worse;
            }
            let candidate = Candidate { price, bids: auction.bids, asks: auction.asks, reserved: 0 };
            auction.best.consider(candidate, last);
            if bid_price == Some(price) {
                auction.bids -= i128::from(self.book.level(auction.bid).total());
                auction.bid = self.book.level(auction.bid).better;
            }
        }
    }

    /// The price is known: says so, and goes over to filling.
    fn fix_price<S: EventSink>(&self, auction: &mut Auction, met: Candidate, out: &mut Emitter<'_, S>) {
        auction.price = met.price;
        auction.phase = Phase::Fills as u8;
        out.emit(Uncrossed {
            instrument: self.instruments.slab.get(auction.instrument).id,
            price: met.price,
            bid_quantity: halves(met.bids),
            ask_quantity: halves(met.asks),
            ..Uncrossed::zeroed()
        });
    }

    /// Cancels the orders that were good for the auction: looks at all that are left, bids first, in priority order.
    fn cancel_remainders<S: EventSink>(
        &mut self,
        auction: &mut Auction,
        steps_left: &mut u32,
        out: &mut Emitter<'_, S>,
    ) -> Progress {
        if self.instruments.slab.get(auction.instrument).has_auction_orders == 0 {
            return Progress::Done;
        }
        while auction.order != 0 {
            if *steps_left == 0 {
                return Progress::Pending;
            }
            *steps_left -= 1;
            let slot = auction.order;
            auction.order = self.order_after(slot);
            if self.book.order(slot).terms.is(TimeInForce::GoodForAuction) {
                self.cancel(slot, CancelReason::AuctionEnded, out);
            }
        }
        self.instruments.slab.get_mut(auction.instrument).has_auction_orders = 0;
        Progress::Done
    }

    /// The first of an instrument's resting orders, bids first, in priority order; 0 if there are none.
    fn first_order(&self, instrument: u32) -> u32 {
        match self.best_order(instrument, Side::Buy) {
            0 => self.best_order(instrument, Side::Sell),
            bid => bid,
        }
    }

    /// The one after it, 0 after the last.
    fn order_after(&self, slot: u32) -> u32 {
        let order = self.book.order(slot);
        if order.next != 0 {
            return order.next;
        }
        match (self.book.level(order.level).worse, order.side()) {
            (0, Side::Buy) => self.best_order(order.instrument, Side::Sell),
            (0, Side::Sell) => 0,
            (level, _) => self.book.level(level).head,
        }
    }

    fn best_order(&self, instrument: u32, side: Side) -> u32 {
        match self.instruments.slab.get(instrument).side(side).best {
            0 => 0,
            level => self.book.level(level).head,
        }
    }

    /// Opens trading after the last fill, unless a given price left the book crossed.
    fn end_auction<S: EventSink>(&mut self, instrument: u32, out: &mut Emitter<'_, S>) {
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
        if state == TradingState::Continuous {
            self.look_for_due(instrument);
        }
    }

    /// Whether a bid at `price` or higher and an ask at `price` or lower exist.
    fn auction_fills_at(&self, instrument: u32, price: PriceTicks) -> bool {
        let record = self.instruments.slab.get(instrument);
        record.crosses(Side::Sell, price) && record.crosses(Side::Buy, price)
    }

    /// One trade between the best bid's and the best ask's oldest orders, or the cancel of one that cannot take it.
    fn auction_step<S: EventSink>(&mut self, instrument: u32, price: PriceTicks, out: &mut Emitter<'_, S>) {
        let record = self.instruments.slab.get(instrument);
        let bid_slot = self.book.level(record.side(Side::Buy).best).head;
        let ask_slot = self.book.level(record.side(Side::Sell).best).head;
        let (bid, ask) = (*self.book.order(bid_slot), *self.book.order(ask_slot));
        // As in a sweep: the sell order, in the taker's place, is looked at first.
        for (order, slot) in [(&ask, ask_slot), (&bid, bid_slot)] {
            if let Some(reason) = self.unfit(order) {
                self.cancel(slot, reason, out);
                return;
            }
        }
        let (bid_open, ask_open) = (self.open_quantity(&bid), self.open_quantity(&ask));
        let (bid_lots, ask_lots) = (self.tradable(&bid, bid_open), self.tradable(&ask, ask_open));
        for (lots, slot) in [(ask_lots, ask_slot), (bid_lots, bid_slot)] {
            if lots.0 == 0 {
                self.cancel(slot, CancelReason::ReduceOnly, out);
                return;
            }
        }
        let quantity = bid_lots.min(ask_lots);
        let (bid_position, ask_position) = match self.exchange((&bid, false), &ask, -quantity.0, price) {
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
        self.note_fill(bid_slot, ask.account, price);
        self.note_fill(ask_slot, bid.account, price);
        let record = self.instruments.slab.get_mut(instrument);
        (record.last_price, record.has_last) = (price, 1);
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
            maker_leaves: QuantityLots(bid_open.0 - quantity.0),
            taker_leaves: QuantityLots(ask_open.0 - quantity.0),
            maker_position: QuantityLots(bid_position),
            taker_position: QuantityLots(ask_position),
            ..Trade::zeroed()
        });
        let (bid_twin, ask_twin) = (self.twin_of(&bid), self.twin_of(&ask));
        for (order, open, slot) in [(&bid, bid_open, bid_slot), (&ask, ask_open, ask_slot)] {
            self.take_open(order, slot, QuantityLots(open.0 - quantity.0), quantity, out);
        }
        if bid_twin != 0 && bid_twin == ask.terms.complex() {
            self.cancel_crossed_twins([&bid, &ask], out);
        } else {
            self.cancel_twin(bid_twin, out);
            self.cancel_twin(ask_twin, out);
        }
    }

    /// After an auction's trade left so much of an order open: it leaves, shows a part of that anew, or stays.
    fn take_open<S: EventSink>(
        &mut self,
        order: &Order,
        slot: u32,
        open: QuantityLots,
        traded: QuantityLots,
        out: &mut Emitter<'_, S>,
    ) {
        if open.0 == 0 {
            self.remove(order, slot);
            return;
        }
        self.release(slot, order.side(), traded.0);
        if self.is_iceberg(order.terms) {
            self.replenish(slot, open.0, Place::Same, out);
        } else {
            self.book.take_off(slot, traded.0);
        }
    }

    /// Cancels what an auction's trade left of two orders that are each other's twins.
    fn cancel_crossed_twins<S: EventSink>(&mut self, twins: [&Order; 2], out: &mut Emitter<'_, S>) {
        for order in twins {
            if self.book.by_id(order.id).is_some() {
                self.cancel(order.id.slot(), CancelReason::OneCancelsOther, out);
            }
        }
    }
}

impl Execute for PublishIndicative {
    const ROLES: Roles = OPERATOR_OR_FEED;

    fn about(&self) -> About {
        about_instrument(self.instrument)
    }

    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        _sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode> {
        let slot = engine.find_idle_instrument(self.instrument)?;
        let max_steps = engine.header.get().genesis.max_steps;
        let found = engine.outlook(slot, None, max_steps).map_err(|_| RejectCode::IndicativeExceedsSteps)?;
        let (price, bids, asks) = found.unwrap_or_default();
        out.emit(IndicativePrice {
            crosses: u8::from(found.is_some()),
            instrument: self.instrument,
            price,
            bid_quantity: halves(bids),
            ask_quantity: halves(asks),
            ..IndicativePrice::zeroed()
        });
        Ok(OrderId::NONE)
    }
}

/// Low and high half of a quantity that is not negative.
fn halves(quantity: i128) -> [u64; 2] {
    let quantity = quantity.cast_unsigned();
    [quantity as u64, (quantity >> 64) as u64]
}
