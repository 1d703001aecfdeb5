//! Commands about the venue, and the sequencer's own.

use novate_core::command::{
    Checkpoint, DelistInstrument, EndTradingDay, ListInstrument, PublishIndicative, SetLastPrice, SetMarkPrice,
    SetPriceBand, SetPriceLimits, SetTradingState, Uncross, Work,
};
use novate_core::ids::{AccountId, InstrumentId};
use novate_core::terms::{InstrumentKind, OptionType, Role, TradingState};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

use super::super::world::KnownInstrument;
use super::{Follows, Generator, encode};

/// One in so many of the sequencer's commands is a checkpoint.
const CHECKPOINT_EVERY: u64 = 8;

impl Generator {
    /// Work, and now and then a checkpoint, which takes no more random numbers.
    pub(super) fn work(&mut self) -> Vec<u64> {
        if self.made.is_multiple_of(CHECKPOINT_EVERY) {
            return encode(&Checkpoint { header: self.header::<Checkpoint>(Role::Sequencer, AccountId::NONE) });
        }
        encode(&Work { header: self.header::<Work>(Role::Sequencer, AccountId::NONE) })
    }

    pub(super) fn list_instrument(&mut self) -> Vec<u64> {
        let (session, sequence) = self.sender(Role::Operator);
        let mut list = ListInstrument::perpetual((session, sequence), "FUZZ");
        list.tick = PriceTicks([1, 1, 5][self.random.below(3) as usize]);
        list.lot = QuantityLots([1, 1, 10][self.random.below(3) as usize]);
        list.multiplier =
            CashAtoms(if self.chance(40) { i64::MAX } else { [1, 1_000_000][self.random.below(2) as usize] });
        list.self_trade = if self.chance(400) { self.random.below(6) as u8 } else { 0 };
        list.kind = 1 + self.random.below(4) as u8;
        let is_option = list.kind >= InstrumentKind::EuropeanOption.code();
        list.option_type = if is_option { OptionType::Put.code() } else { 0 };
        list.strike = PriceTicks(i64::from(is_option && !self.chance(30)));
        list.expiry = TimeNs(if list.kind == InstrumentKind::Perpetual.code() { 0 } else { u64::MAX });
        if !self.world.underlyings.is_empty() && self.chance(700) {
            self.value(&mut list);
        }
        list.initial_state = if self.chance(300) { TradingState::Auction } else { TradingState::Continuous }.code();
        if self.chance(200) {
            list.quantity_min = QuantityLots(list.lot.0 * i64::from(self.random.between(1, 2)));
            list.quantity_max = QuantityLots(list.lot.0 * 500);
        }
        if self.chance(200) {
            let base = self.world.habits.price_base;
            list.price_min = self.narrow_range_low();
            let half = i64::from(self.world.habits.price_span) / 2;
            (list.limit_low, list.limit_high) = (list.price_min, PriceTicks(base.saturating_add(half)));
        }
        if self.chance(50) {
            list.limit_low = PriceTicks::MAX;
        }
        encode(&list)
    }

    /// Where the declared range begins of instruments that do not take every price.
    fn narrow_range_low(&self) -> PriceTicks {
        let base = self.world.habits.price_base;
        PriceTicks(base - base.abs() % 2)
    }

    pub(super) fn delist(&mut self) -> Vec<u64> {
        let header = self.header::<DelistInstrument>(Role::Operator, AccountId::NONE);
        let instrument = self.instrument().instrument;
        encode(&DelistInstrument { header, instrument })
    }

    pub(super) fn set_state(&mut self) -> Vec<u64> {
        let header = self.header::<SetTradingState>(Role::Operator, AccountId::NONE);
        let state = [1, 1, 1, 1, 2, 2, 2, 2, 2, 3][self.random.below(10) as usize];
        encode(&SetTradingState { header, instrument: self.instrument().instrument, state, reserved: [0; 7] })
    }

    pub(super) fn uncross(&mut self) -> Vec<u64> {
        let at = self.instrument();
        let price = self.chance(250).then(|| PriceTicks(self.price(at.tick)));
        self.uncross_at(at.instrument, price)
    }

    fn uncross_at(&mut self, instrument: InstrumentId, price: Option<PriceTicks>) -> Vec<u64> {
        self.follows = Some(Follows::Work);
        encode(&Uncross::new(self.sender(Role::Operator), instrument, price))
    }

    /// Ends the volatility auction of an instrument, or takes away what began it, lest it stays in auctions.
    pub(super) fn settle(&mut self, at: &KnownInstrument) -> Vec<u64> {
        match self.random.below(8) {
            0 => self.set_mark_near(at),
            1 => self.set_band(at),
            _ => self.uncross_at(at.instrument, None),
        }
    }

    /// A band or the mark price, near enough to the market that the band holds now and then.
    pub(super) fn set_band_or_mark(&mut self) -> Vec<u64> {
        let at = self.instrument();
        if self.chance(500) { self.set_band(&at) } else { self.set_mark_near(&at) }
    }

    fn set_band(&mut self, at: &KnownInstrument) -> Vec<u64> {
        let header = self.header::<SetPriceBand>(Role::Operator, AccountId::NONE);
        let near = self.random.below(self.world.habits.price_span / 2 + 2);
        let distance = match self.random.below(16) {
            0..4 => 0,
            4 => 1,
            5 => i64::MAX,
            6 if self.chance(200) => -1,
            _ => at.tick.saturating_mul(near.into()),
        };
        encode(&SetPriceBand { header, instrument: at.instrument, distance: PriceTicks(distance) })
    }

    fn set_mark_near(&mut self, at: &KnownInstrument) -> Vec<u64> {
        let role = if self.chance(300) { Role::Feed } else { Role::Operator };
        let header = self.header::<SetMarkPrice>(role, AccountId::NONE);
        let by = i64::from(self.random.below(5)) - 2;
        let price = at.last.map_or_else(|| self.price(at.tick), |last| last.saturating_add(by));
        encode(&SetMarkPrice { header, instrument: at.instrument, price: PriceTicks(price) })
    }

    /// Moves the last price beyond where trades move it, so that the stop orders that wait there fire at once.
    pub(super) fn shock(&mut self) -> Vec<u64> {
        let at = self.instrument();
        let header = self.header::<SetLastPrice>(Role::Operator, AccountId::NONE);
        let (base, beyond) = (self.world.habits.price_base, at.tick.saturating_mul(4));
        let end = base.saturating_add(at.tick.saturating_mul(self.world.habits.price_span.into()));
        let price = match self.random.below(3) {
            0 => base.saturating_sub(beyond),
            1 => end.saturating_add(beyond),
            // Back in the middle, so that stop orders gather again.
            _ => base / 2 + end / 2,
        };
        encode(&SetLastPrice { header, instrument: at.instrument, price: PriceTicks(price - price % at.tick) })
    }

    pub(super) fn end_day(&mut self) -> Vec<u64> {
        self.follows = Some(Follows::Work);
        let header = self.header::<EndTradingDay>(Role::Operator, AccountId::NONE);
        let instrument = if self.chance(500) { self.instrument().instrument } else { InstrumentId::NONE };
        encode(&EndTradingDay { header, instrument })
    }

    pub(super) fn publish_indicative(&mut self) -> Vec<u64> {
        let role = if self.chance(300) { Role::Feed } else { Role::Operator };
        let header = self.header::<PublishIndicative>(role, AccountId::NONE);
        let mut at = self.instrument();
        if self.chance(800) {
            let in_auction = |known: &&KnownInstrument| known.state == Some(TradingState::Auction);
            at = self.world.instruments.iter().find(in_auction).copied().unwrap_or(at);
        }
        encode(&PublishIndicative { header, instrument: at.instrument })
    }

    pub(super) fn set_limits(&mut self) -> Vec<u64> {
        let at = self.instrument();
        if self.chance(500) {
            return self.widen_limits(&at);
        }
        let header = self.header::<SetPriceLimits>(Role::Operator, AccountId::NONE);
        let (one, other) = (self.price(at.tick), self.price(at.tick));
        let (low, high) = if self.chance(900) { (one.min(other), one.max(other)) } else { (one, other) };
        encode(&SetPriceLimits { header, instrument: at.instrument, low: PriceTicks(low), high: PriceTicks(high) })
    }

    pub(super) fn widen_limits(&mut self, at: &KnownInstrument) -> Vec<u64> {
        let header = self.header::<SetPriceLimits>(Role::Operator, AccountId::NONE);
        // One of the two ranges that are declared.
        let low = if self.chance(500) { PriceTicks::MIN } else { self.narrow_range_low() };
        let high = PriceTicks::MAX;
        encode(&SetPriceLimits { header, instrument: at.instrument, low, high })
    }

    pub(super) fn reopen(&mut self, at: &KnownInstrument) -> Vec<u64> {
        let state = if self.chance(500) { TradingState::Auction } else { TradingState::Continuous };
        encode(&SetTradingState::new(self.sender(Role::Operator), at.instrument, state))
    }

    pub(super) fn set_price(&mut self) -> Vec<u64> {
        let KnownInstrument { instrument, tick, .. } = self.instrument();
        let price = PriceTicks(self.price(tick));
        let role = if self.chance(300) { Role::Feed } else { Role::Operator };
        if self.chance(500) {
            let header = self.header::<SetLastPrice>(role, AccountId::NONE);
            return encode(&SetLastPrice { header, instrument, price });
        }
        encode(&SetMarkPrice { header: self.header::<SetMarkPrice>(role, AccountId::NONE), instrument, price })
    }
}
