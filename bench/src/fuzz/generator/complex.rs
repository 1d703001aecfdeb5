//! Orders with further terms: stop orders, icebergs, dates, twins and budgets, alone and together.

use novate_core::command::{NewComplexOrder, NewOrder, NewPeggedOrder};
use novate_core::ids::ClientOrderId;
use novate_core::terms::{OrderType, PegReference, Role, Side, TimeInForce, TriggerDirection};
use novate_core::units::{PriceTicks, QuantityLots, TimeNs};

use super::super::world::KnownInstrument;
use super::{Generator, encode};

/// The side whose orders are bids.
const BUY: u8 = 1;

impl Generator {
    pub(super) fn new_complex_order(&mut self) -> Vec<u64> {
        let terms = self.world.habits.terms;
        let (mut account, mut at) = (self.account(), self.instrument());
        let mut twin = 0;
        if self.chance(terms.twin_per_mille)
            && let Some(known) = self.known_order()
        {
            // One that usually exists, of the same account and in the same instrument.
            (account, twin) = (known.account, if self.chance(30) { self.client_order_id() } else { known.client });
            let same = |other: &&KnownInstrument| other.instrument == known.instrument;
            if self.chance(950) {
                at = self.world.instruments.iter().find(same).copied().unwrap_or(at);
            }
        }
        let mut order = NewComplexOrder::from(self.plain_order(account, &at)).with_twin(ClientOrderId(twin));
        if self.chance(terms.stop_per_mille) {
            self.make_stop(&mut order, &at);
        }
        if self.chance(terms.iceberg_per_mille) {
            self.make_iceberg(&mut order, at.lot);
        }
        if order.time_in_force == TimeInForce::GoodTillCancelled.code() && self.chance(terms.dated_per_mille) {
            order = order.with_expiry(self.date());
        }
        if order.time_in_force == TimeInForce::FillOrKill.code() && self.chance(500) {
            order = order.with_budget(self.budget(&order, &at));
        }
        if self.chance(40) {
            self.contradict(&mut order, &at);
        }
        encode(&order)
    }

    /// A stop or stop-limit order whose trigger lies where the last price may come.
    fn make_stop(&mut self, order: &mut NewComplexOrder, at: &KnownInstrument) {
        // Good for auction and post-only market orders contradict it; some may stay.
        if order.time_in_force == TimeInForce::GoodForAuction.code() && self.chance(950) {
            order.time_in_force = TimeInForce::GoodTillCancelled.code();
        }
        let is_limit = self.chance(500);
        order.order_type = if is_limit { OrderType::StopLimit } else { OrderType::Stop }.code();
        if !is_limit && self.chance(950) {
            order.flags &= !(NewOrder::POST_ONLY | NewOrder::POST_ONLY_SLIDE);
        }
        if self.chance(100) {
            order.flags |= NewOrder::REDUCE_ONLY;
        }
        order.direction = if self.chance(200) { 1 + self.random.below(2) as u8 } else { 0 };
        let rises = match order.direction {
            0 => order.side == BUY,
            direction => direction == TriggerDirection::Up.code(),
        };
        let trigger = self.trigger(rises, at);
        order.gives |= NewComplexOrder::TRIGGER;
        order.trigger = PriceTicks(trigger);
        let beyond = at.tick.saturating_mul(i64::from(self.random.below(4)));
        let towards = if order.side == BUY { beyond } else { -beyond };
        match self.random.below(4) {
            // As drawn.
            0 => {}
            1 if !is_limit => order.price = if order.side == BUY { PriceTicks::MAX } else { PriceTicks::MIN },
            _ => order.price = PriceTicks(trigger.saturating_add(towards)),
        }
        if self.chance(120) {
            // At a distance from the last price, rarely at one that is none.
            let distance = at.tick.saturating_mul(i64::from(self.random.below(6)) + i64::from(self.chance(900)));
            order.gives |= NewComplexOrder::TRAIL;
            order.trigger = PriceTicks(distance.saturating_add(i64::from(self.chance(20))));
        }
    }

    /// An order that follows the book, mostly closely, rarely to where no order may be.
    pub(super) fn new_pegged_order(&mut self) -> Vec<u64> {
        let (account, at) = (self.account(), self.instrument());
        let plain = self.plain_order(account, &at);
        let side = if plain.side == BUY { Side::Buy } else { Side::Sell };
        let by = self.sender(Role::Trader);
        let reference = PegReference::ALL[self.random.below(3) as usize];
        let away = i64::from(self.random.below(8)) - i64::from(self.random.below(3));
        let away = away.saturating_mul(at.tick).saturating_add(i64::from(self.chance(50)));
        let offset = PriceTicks(if self.chance(20) {
            self.price(at.tick)
        } else {
            away * if plain.side == BUY { -1 } else { 1 }
        });
        let (name, by) = (plain.client_order_id, (by.0, by.1, account));
        let mut order = NewPeggedOrder::new(by, at.instrument, name, side, plain.quantity, (reference, offset));
        if self.chance(300) {
            order.limit = plain.price;
        }
        let time_in_force = match self.random.below(40) {
            0 => 1 + self.random.below(6) as u8,
            1..5 => TimeInForce::Day.code(),
            5..15 => TimeInForce::GoodTillDate.code(),
            _ => TimeInForce::GoodTillCancelled.code(),
        };
        (order.time_in_force, order.self_trade) = (time_in_force, plain.self_trade);
        order.flags = plain.flags & !(u8::from(self.chance(500)) * NewOrder::REDUCE_ONLY);
        if (time_in_force == TimeInForce::GoodTillDate.code()) != self.chance(20) {
            order.expiry = self.date();
        }
        encode(&order)
    }

    fn trigger(&mut self, rises: bool, at: &KnownInstrument) -> i64 {
        let habits = self.world.habits;
        let ticks = |count: u32| at.tick.saturating_mul(count.into());
        let towards = |from: i64, by: i64| if rises { from.saturating_add(by) } else { from.saturating_sub(by) };
        let price = if self.chance(habits.terms.far_stop_per_mille) {
            let end =
                if rises { habits.price_base.saturating_add(ticks(habits.price_span)) } else { habits.price_base };
            towards(end, ticks(1 + self.random.below(3)))
        } else {
            let market = at.last.or(at.best[0]).or(at.best[1]).unwrap_or(habits.price_base);
            match self.random.below(12) {
                0 => return self.price(at.tick),
                // Due already.
                1 => market,
                2 => towards(market, -ticks(self.random.below(3))),
                _ => towards(market, ticks(1 + self.random.below(habits.price_span / 4 + 2))),
            }
        };
        price - price % at.tick
    }

    fn make_iceberg(&mut self, order: &mut NewComplexOrder, lot: i64) {
        if self.chance(600) {
            order.quantity.0 = order.quantity.0.saturating_mul(i64::from(self.random.between(2, 12)));
        }
        let lots = u32::try_from(order.quantity.0 / lot).unwrap_or(1).max(1);
        let shown = match self.random.below(8) {
            0 => lots,
            1 => self.random.between(1, lots),
            _ => self.random.between(1, lots.min(self.world.habits.quantity_span)),
        };
        order.display = QuantityLots(i64::from(shown).saturating_mul(lot));
        if self.chance(400) {
            let minimum = i64::from(self.random.between(1, shown)).saturating_mul(lot);
            order.display_minimum = QuantityLots(minimum - i64::from(self.chance(50)));
        }
    }

    /// A date ahead, rarely one that has come.
    fn date(&mut self) -> TimeNs {
        let now = self.time.0;
        match self.random.below(40) {
            0 => return TimeNs(now - u64::from(self.random.below(2)) * now.min(1_000)),
            1 => return TimeNs(now + u64::from(self.random.below(3))),
            2 => return TimeNs(u64::MAX),
            _ => {}
        }
        let terms = self.world.habits.terms;
        let ahead = (u64::from(self.random.below(1 << 16)) * terms.horizon_ns) >> 16;
        self.date = (now + ahead + 1).next_multiple_of(terms.date_grid_ns);
        TimeNs(self.date)
    }

    /// About what the best level would take for the whole quantity.
    fn budget(&mut self, order: &NewComplexOrder, at: &KnownInstrument) -> i128 {
        if self.chance(30) {
            return [0, i128::MAX, i128::MIN, -1][self.random.below(4) as usize];
        }
        let best = at.best[usize::from(order.side == BUY)].unwrap_or(order.price.0);
        let cost = i128::from(best) * i128::from(order.quantity.0);
        let spread = i128::from(at.tick) * i128::from(order.quantity.0);
        match self.random.below(6) {
            0 | 1 => cost,
            2 => cost + 1,
            3 => cost - 1,
            4 => cost + spread,
            _ => cost - spread,
        }
    }

    /// Makes one term contradict another.
    fn contradict(&mut self, order: &mut NewComplexOrder, at: &KnownInstrument) {
        match self.random.below(16) {
            0 => order.gives ^= NewComplexOrder::TRIGGER,
            1 => (order.gives, order.trigger, order.direction) = (0, PriceTicks(0), 0),
            2 => *order = order.with_trigger(PriceTicks(self.price(at.tick))),
            3 => order.order_type = 1 + self.random.below(4) as u8,
            4 => order.time_in_force = 1 + self.random.below(6) as u8,
            5 => order.time_in_force = TimeInForce::GoodForAuction.code(),
            6 => order.flags = self.random.below(8) as u8,
            7 => order.display = QuantityLots(order.quantity.0.saturating_add(at.lot)),
            8 => order.display = QuantityLots(order.quantity.0 / 2 + 1),
            9 => order.display_minimum = QuantityLots(order.display.0.saturating_add(1)),
            10 => order.expiry = self.date(),
            11 => *order = order.with_expiry(TimeNs(self.time.0)),
            12 => *order = order.with_budget(self.budget(order, at)),
            13 => order.twin = ClientOrderId(self.random.next()),
            14 => order.trigger = PriceTicks(order.trigger.0.saturating_add(1)),
            _ => order.twin = order.client_order_id,
        }
    }
}
