//! Order commands: plain orders and what is done to one that is live.

use novate_core::command::{
    AmendOrder, CancelOrder, MassCancel, NewOrder, OrderTarget, ReduceOrder, ReplaceOrder, ResumeTrading, SetProtection,
};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};
use novate_core::terms::{OrderType, Role, TimeInForce};
use novate_core::units::{PriceTicks, QuantityLots, TimeNs};

use super::super::world::{KnownInstrument, KnownOrder};
use super::{Follows, Generator, encode};

/// The side whose orders are bids.
pub(super) const BUY: u8 = 1;

impl Generator {
    pub(super) fn client_order_id(&mut self) -> u64 {
        match self.random.below(20) {
            0 => 0,
            // Few enough that one is often live already, but not that most are.
            1..14 => u64::from(self.random.below(self.world.genesis.capacities.orders.max(400))) + 1,
            _ => self.made + 1_000,
        }
    }

    pub(super) fn enter(&mut self) -> Vec<u64> {
        if !self.chance(self.world.habits.terms.complex_per_mille) {
            return self.new_order();
        }
        if self.chance(80) { self.new_pegged_order() } else { self.new_complex_order() }
    }

    fn new_order(&mut self) -> Vec<u64> {
        let (account, at) = (self.account(), self.instrument());
        let mut order = self.plain_order(account, &at);
        // What only complex orders may have.
        match self.random.below(1_000) {
            0 => order.order_type = [OrderType::Stop, OrderType::StopLimit][self.random.below(2) as usize].code(),
            1 => order.time_in_force = TimeInForce::GoodTillDate.code(),
            _ => {}
        }
        encode(&order)
    }

    /// An order without further terms.
    pub(super) fn plain_order(&mut self, account: AccountId, at: &KnownInstrument) -> NewOrder {
        let header = self.header::<NewOrder>(Role::Trader, account);
        // Some orders want all that there is, and more.
        let sweeps = self.chance(self.world.habits.sweep_per_mille);
        let immediate = sweeps || self.chance(150);
        let (side, quantity) = (1 + self.random.below(2) as u8, self.quantity(at.lot));
        let time_in_force = match immediate {
            true => 2 + self.random.below(2) as u8,
            false if self.chance(40) => TimeInForce::GoodForAuction.code(),
            false if self.chance(self.world.habits.terms.day_per_mille) => TimeInForce::Day.code(),
            false => TimeInForce::GoodTillCancelled.code(),
        };
        NewOrder {
            header,
            instrument: at.instrument,
            client_order_id: ClientOrderId(self.client_order_id()),
            price: PriceTicks(self.price_of_order(side, at)),
            quantity: QuantityLots(if sweeps { quantity.saturating_mul(100) } else { quantity }),
            side,
            order_type: if sweeps || self.chance(60) { 2 } else { 1 },
            time_in_force,
            flags: u8::from(self.chance(80)) | u8::from(self.chance(60)) << 1 | u8::from(self.chance(40)) << 2,
            self_trade: if self.chance(150) { self.random.below(6) as u8 } else { 0 },
            reserved: [0; 11],
        }
    }

    /// Near the mark, where margin is checked and there is one; else anywhere in the span.
    fn price_of_order(&mut self, side: u8, at: &KnownInstrument) -> i64 {
        match at.near {
            Some(near) if self.chance(950) => self.price_near_mark(side, near, at.tick),
            _ => self.limit_price(side, at.tick),
        }
    }

    fn limit_price(&mut self, side: u8, tick: i64) -> i64 {
        let price = self.price(tick);
        if !self.chance(self.world.habits.passive_per_mille) {
            return price;
        }
        // Away from the other side, so that the book grows deep on both.
        let step = i64::from(self.random.below(self.world.habits.price_span)).saturating_mul(tick);
        let base = self.world.habits.price_base - self.world.habits.price_base % tick;
        if side == BUY { base.saturating_sub(step) } else { base.saturating_add(tick).saturating_add(step) }
    }

    /// An order that was accepted once, and probably lives.
    pub(super) fn known_order(&mut self) -> Option<KnownOrder> {
        let count = self.world.orders.len() as u32;
        (count > 0).then(|| self.world.orders[self.random.below(count) as usize])
    }

    /// An order that is probably live, and its account.
    fn target(&mut self) -> (AccountId, OrderTarget) {
        let known = if self.chance(15) { None } else { self.known_order() };
        let Some(KnownOrder { order, account, client, .. }) = known else {
            let id = OrderId((u64::from(self.random.below(5_000)) << 24) | u64::from(self.random.below(320)));
            return (self.account(), id.into());
        };
        let account = if self.chance(10) { self.account() } else { account };
        let by_client = client != 0 && self.chance(600) || self.chance(5);
        (account, if by_client { ClientOrderId(client).into() } else { order.into() })
    }

    pub(super) fn cancel(&mut self) -> Vec<u64> {
        let (account, target) = self.target();
        let role = self.trader_or_operator();
        encode(&CancelOrder { header: self.header::<CancelOrder>(role, account), target })
    }

    pub(super) fn reduce(&mut self) -> Vec<u64> {
        let (account, target) = self.target();
        let header = self.header::<ReduceOrder>(Role::Trader, account);
        encode(&ReduceOrder { header, target, by: QuantityLots(self.quantity(1)) })
    }

    pub(super) fn amend(&mut self) -> Vec<u64> {
        let (account, target) = self.target();
        let header = self.header::<AmendOrder>(Role::Trader, account);
        let changes = 1 + self.random.below(3) as u8;
        let KnownInstrument { tick, lot, .. } = self.instrument();
        let price = if changes & AmendOrder::PRICE != 0 { self.price(tick) } else { 0 };
        let quantity = if changes & AmendOrder::QUANTITY != 0 { self.quantity(lot) } else { 0 };
        let (price, quantity) = (PriceTicks(price), QuantityLots(quantity));
        encode(&AmendOrder { header, target, price, quantity, changes, reserved: [0; 7] })
    }

    pub(super) fn replace(&mut self) -> Vec<u64> {
        let (account, target) = self.target();
        let header = self.header::<ReplaceOrder>(Role::Trader, account);
        let KnownInstrument { tick, lot, .. } = self.instrument();
        let same = target.by == OrderTarget::BY_CLIENT_ORDER_ID && self.chance(300);
        let client_order_id = ClientOrderId(if same { target.id } else { self.client_order_id() });
        let (price, quantity) = (PriceTicks(self.price(tick)), QuantityLots(self.quantity(lot)));
        encode(&ReplaceOrder { header, target, client_order_id, price, quantity })
    }

    fn trader_or_operator(&mut self) -> Role {
        if self.chance(30) { Role::Operator } else { Role::Trader }
    }

    /// Of an account, an instrument, both or all; the last two mostly by operators, who alone may.
    pub(super) fn mass_cancel(&mut self) -> Vec<u64> {
        self.follows = Some(Follows::Work);
        let of_all = self.chance(250);
        let instrument = if self.chance(400) { self.instrument().instrument } else { InstrumentId::NONE };
        let account = if of_all { AccountId::NONE } else { self.account() };
        let role = if of_all && self.chance(900) { Role::Operator } else { self.trader_or_operator() };
        encode(&MassCancel { header: self.header::<MassCancel>(role, account), instrument })
    }

    /// Limits so low that they are reached, in windows from one command to all of them.
    pub(super) fn set_protection(&mut self) -> Vec<u64> {
        let (account, role) = (self.account(), self.trader_or_operator());
        let header = self.header::<SetProtection>(role, account);
        let windows = [0, 1, 400_000, 5_000_000, 5_000_000, 1 << 40, u64::MAX];
        let window = TimeNs(windows[self.random.below(7) as usize]);
        let quantity = if self.chance(500) { 0 } else { self.quantity(1).saturating_mul(3) };
        let fills = if self.chance(400) { 0 } else { u64::from(self.random.between(1, 6)) };
        encode(&SetProtection { header, window, quantity: QuantityLots(quantity), fills, reserved: [0; 8] })
    }

    /// Of an account that has tripped, rarely of another.
    pub(super) fn resume(&mut self) -> Vec<u64> {
        let count = self.world.tripped.len() as u32;
        let is_tripped = count > 0 && self.chance(950);
        let account = if is_tripped { self.world.tripped[self.random.below(count) as usize] } else { self.account() };
        let role = self.trader_or_operator();
        encode(&ResumeTrading { header: self.header::<ResumeTrading>(role, account) })
    }
}
