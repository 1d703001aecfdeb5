//! The generator of random commands: mostly sensible, often at an edge, sometimes senseless.

use bytemuck::Zeroable;
use novate_core::arena::Marks;
use novate_core::command::{
    AmendOrder, CancelOrder, CloseAccount, CloseSession, Command, CommandHeader, CommandRecord, DelistInstrument,
    GrantAccount, ListInstrument, NewOrder, OpenAccount, OpenSession, OrderTarget, ReduceOrder, ReplaceOrder,
    RevokeAccount, SetLastPrice, SetMarkPrice, SetPriceLimits, SetTradingState, Uncross, Work,
};
use novate_core::engine::Engine;
use novate_core::event::Event;
use novate_core::ids::{AccountId, ClientOrderId, EntityId, InstrumentId, OrderId, SessionId};
use novate_core::terms::{InstrumentKind, OptionType, Role, TradingState};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

use super::World;
use super::world::{KnownInstrument, KnownSession};
use crate::workload::random::Random;

/// Set-up commands that an episode begins with: without parties there is nothing to trade.
const SET_UP_COMMANDS: u64 = 12;
/// How many commands back a resent one may lie.
const RESENDABLE: usize = 40;

/// A stream of encoded commands for one episode.
#[derive(Clone, Debug)]
pub struct Generator {
    random: Random,
    world: World,
    made: u64,
    sent: Vec<Vec<u64>>,
    /// Whether the last command was an uncross.
    uncrossed: bool,
}

impl Generator {
    /// The episode of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let world = World::draw(&mut random);
        Self { random, world, made: 0, sent: Vec::new(), uncrossed: false }
    }

    /// An episode of `seed` in which the book grows so large that batches look ahead.
    pub fn vast(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let world = World::vast(&mut random);
        Self { random, world, made: 0, sent: Vec::new(), uncrossed: false }
    }

    /// The episode's world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Tells the generator what the engine said.
    pub fn learn(&mut self, event: &Event<'_>) {
        self.world.learn(event);
    }

    /// The next command's bytes as 64-bit words, usually a record, and usually one that fits the engine's state.
    pub fn next_command<M: Marks>(&mut self, engine: &Engine<'_, M>) -> Vec<u64> {
        self.made += 1;
        self.world.look(engine);
        if self.made > SET_UP_COMMANDS && self.chance(15) && !self.sent.is_empty() {
            let back = self.random.below(self.sent.len() as u32) as usize;
            return self.sent[back].clone();
        }
        let mut words = self.fresh();
        if self.made > SET_UP_COMMANDS && self.chance(10) {
            self.spoil(&mut words);
        }
        if self.sent.len() == RESENDABLE {
            self.sent.remove(0);
        }
        self.sent.push(words.clone());
        words
    }

    /// The time of the next command: mostly the same, sometimes later.
    pub fn advance(&mut self, time: TimeNs) -> TimeNs {
        TimeNs(time.0 + if self.chance(300) { u64::from(self.random.below(1_000_000)) } else { 0 })
    }

    fn chance(&mut self, per_mille: u32) -> bool {
        self.random.below(1_000) < per_mille
    }

    fn fresh(&mut self) -> Vec<u64> {
        let set_up = self.made <= SET_UP_COMMANDS;
        // Auctions follow upon each other, so that work queues up.
        if core::mem::take(&mut self.uncrossed) && self.chance(300) {
            return self.uncross();
        }
        if set_up || self.chance(self.world.habits.admin_per_mille) {
            return self.admin(set_up);
        }
        if self.chance(self.world.habits.entry_per_mille) {
            return self.new_order();
        }
        match self.random.below(20) {
            0..7 => self.cancel(),
            7..10 => self.reduce(),
            10..15 => self.amend(),
            15..18 => self.replace(),
            _ => self.work(),
        }
    }

    fn admin(&mut self, set_up: bool) -> Vec<u64> {
        if set_up {
            return match self.made % 4 {
                1 => self.list_instrument(),
                2 => self.open_session(true),
                _ => self.open_account(),
            };
        }
        if self.chance(self.world.habits.auction_per_mille) {
            return match self.random.below(9) {
                0..4 => self.set_state(),
                4..8 => self.uncross(),
                _ if self.chance(500) => self.set_limits(),
                _ => self.set_price(),
            };
        }
        match self.random.below(12) {
            0 | 1 => self.list_instrument(),
            2 => self.delist(),
            3 => self.open_session(false),
            4 => self.close_session(),
            5 | 6 => self.open_account(),
            7 => self.close_account(),
            8..10 => self.grant(),
            10 => self.revoke(),
            _ => self.set_state(),
        }
    }

    /// Changes a few bits or the length.
    fn spoil(&mut self, words: &mut Vec<u64>) {
        match self.random.below(4) {
            0 => words.truncate(self.random.below(words.len() as u32) as usize),
            1 => words.push(self.random.next()),
            _ => {
                let word = self.random.below(words.len() as u32) as usize;
                words[word] ^= 1 << self.random.below(64);
            }
        }
    }

    /// An open session of the role, rarely any, and its next sequence, rarely another.
    fn sender(&mut self, role: Role) -> (SessionId, u64) {
        let any = self.chance(15);
        let fits = |known: &&KnownSession| any || known.role == role.code() && known.last.is_some();
        let fitting: Vec<KnownSession> = self.world.sessions.iter().filter(fits).copied().collect();
        if fitting.is_empty() {
            return (SessionId(self.random.next()), 1);
        }
        let known = fitting[self.random.below(fitting.len() as u32) as usize];
        let last = known.last.unwrap_or(0);
        if self.chance(10) {
            let off = u64::from(self.random.below(6));
            return (known.session, if self.chance(500) { last.saturating_sub(off) } else { last + 2 + off });
        }
        (known.session, last + 1)
    }

    fn header<C: CommandRecord>(&mut self, role: Role, account: AccountId) -> CommandHeader {
        let (session, session_sequence) = self.sender(role);
        C::new_header(session, session_sequence, account)
    }

    /// An account, usually an open one.
    fn account(&mut self) -> AccountId {
        let any = self.chance(20);
        let fitting: Vec<_> = self.world.accounts.iter().filter(|known| any || known.1).map(|known| known.0).collect();
        if fitting.is_empty() || self.chance(4) {
            return AccountId::from_parts(
                self.world.genesis.shard as u16,
                self.random.below(30),
                self.random.below(20),
            );
        }
        fitting[self.random.below(fitting.len() as u32) as usize]
    }

    /// An instrument with tick and lot, usually a listed one.
    fn instrument(&mut self) -> (InstrumentId, i64, i64) {
        let any = self.chance(20);
        let fits = |known: &&KnownInstrument| any || known.is_listed;
        let fitting: Vec<_> = self.world.instruments.iter().filter(fits).copied().collect();
        if fitting.is_empty() || self.chance(4) {
            let id =
                InstrumentId::from_parts(self.world.genesis.shard as u16, self.random.below(9), self.random.below(6));
            return (id, 1, 1);
        }
        let known = fitting[self.random.below(fitting.len() as u32) as usize];
        (known.instrument, known.tick, known.lot)
    }

    fn price(&mut self, tick: i64) -> i64 {
        if self.chance(self.world.habits.edge_per_mille) {
            let edges = [i64::MIN, i64::MAX, 0, -1, 1, i64::MIN + 1, i64::MAX - 1];
            return edges[self.random.below(7) as usize];
        }
        let step = i64::from(self.random.below(self.world.habits.price_span));
        let near = self.world.habits.price_base.saturating_add(step.saturating_mul(tick));
        if self.chance(970) { near - near % tick } else { near }
    }

    fn quantity(&mut self, lot: i64) -> i64 {
        if self.chance(self.world.habits.edge_per_mille) {
            let edges = [i64::MIN, i64::MAX, 0, -1, i64::MAX - 1, i64::MAX / 2, i64::MAX / 2 + 1];
            return edges[self.random.below(7) as usize];
        }
        let usual = i64::from(self.random.between(1, self.world.habits.quantity_span));
        let many = if self.chance(30) { 100 } else { 1 };
        // A mutated listing may have taught it any lot.
        usual.saturating_mul(lot).saturating_mul(many).saturating_add(i64::from(self.chance(10)))
    }

    fn client_order_id(&mut self) -> u64 {
        match self.random.below(20) {
            0 => 0,
            1..14 => u64::from(self.random.below(400)) + 1,
            _ => self.made + 1_000,
        }
    }

    fn new_order(&mut self) -> Vec<u64> {
        let account = self.account();
        let header = self.header::<NewOrder>(Role::Trader, account);
        let (instrument, tick, lot) = self.instrument();
        // Some orders want all that there is, and more.
        let sweeps = self.chance(self.world.habits.sweep_per_mille);
        let immediate = sweeps || self.chance(150);
        let (side, quantity) = (1 + self.random.below(2) as u8, self.quantity(lot));
        let mut price = self.price(tick);
        if self.chance(self.world.habits.passive_per_mille) {
            // Away from the other side, so that the book grows deep on both.
            let step = i64::from(self.random.below(self.world.habits.price_span)).saturating_mul(tick);
            let base = self.world.habits.price_base - self.world.habits.price_base % tick;
            price = if side == 1 { base.saturating_sub(step) } else { base.saturating_add(tick).saturating_add(step) };
        }
        let time_in_force = match immediate {
            true => 2 + self.random.below(2) as u8,
            false if self.chance(40) => 4,
            false => 1,
        };
        let order = NewOrder {
            header,
            instrument,
            client_order_id: ClientOrderId(self.client_order_id()),
            price: PriceTicks(price),
            quantity: QuantityLots(if sweeps { quantity.saturating_mul(100) } else { quantity }),
            side,
            order_type: if sweeps || self.chance(60) { 2 } else { 1 },
            time_in_force,
            flags: u8::from(self.chance(80)) | u8::from(self.chance(60)) << 1 | u8::from(self.chance(40)) << 2,
            self_trade: if self.chance(150) { self.random.below(6) as u8 } else { 0 },
            reserved: [0; 11],
        };
        encode(&order)
    }

    /// An order that is probably live, and its account.
    fn target(&mut self) -> (AccountId, OrderTarget) {
        if self.world.orders.is_empty() || self.chance(15) {
            let id = OrderId((u64::from(self.random.below(5_000)) << 24) | u64::from(self.random.below(320)));
            return (self.account(), id.into());
        }
        let at = self.random.below(self.world.orders.len() as u32) as usize;
        let (order, account, client) = self.world.orders[at];
        let account = if self.chance(10) { self.account() } else { account };
        let by_client = client != 0 && self.chance(600) || self.chance(5);
        (account, if by_client { ClientOrderId(client).into() } else { order.into() })
    }

    fn cancel(&mut self) -> Vec<u64> {
        let (account, target) = self.target();
        let role = if self.chance(30) { Role::Operator } else { Role::Trader };
        encode(&CancelOrder { header: self.header::<CancelOrder>(role, account), target })
    }

    fn reduce(&mut self) -> Vec<u64> {
        let (account, target) = self.target();
        let header = self.header::<ReduceOrder>(Role::Trader, account);
        encode(&ReduceOrder { header, target, by: QuantityLots(self.quantity(1)) })
    }

    fn amend(&mut self) -> Vec<u64> {
        let (account, target) = self.target();
        let header = self.header::<AmendOrder>(Role::Trader, account);
        let changes = 1 + self.random.below(3) as u8;
        let (_, tick, lot) = self.instrument();
        let price = if changes & AmendOrder::PRICE != 0 { self.price(tick) } else { 0 };
        let quantity = if changes & AmendOrder::QUANTITY != 0 { self.quantity(lot) } else { 0 };
        let (price, quantity) = (PriceTicks(price), QuantityLots(quantity));
        encode(&AmendOrder { header, target, price, quantity, changes, reserved: [0; 7] })
    }

    fn replace(&mut self) -> Vec<u64> {
        let (account, target) = self.target();
        let header = self.header::<ReplaceOrder>(Role::Trader, account);
        let (_, tick, lot) = self.instrument();
        let same = target.by == OrderTarget::BY_CLIENT_ORDER_ID && self.chance(300);
        let client_order_id = ClientOrderId(if same { target.id } else { self.client_order_id() });
        let (price, quantity) = (PriceTicks(self.price(tick)), QuantityLots(self.quantity(lot)));
        encode(&ReplaceOrder { header, target, client_order_id, price, quantity })
    }

    fn work(&mut self) -> Vec<u64> {
        encode(&Work { header: self.header::<Work>(Role::Sequencer, AccountId::NONE) })
    }

    fn list_instrument(&mut self) -> Vec<u64> {
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
        list.expiry = TimeNs(if list.kind == InstrumentKind::Perpetual.code() { 0 } else { u64::MAX });
        list.initial_state = if self.chance(300) { TradingState::Auction } else { TradingState::Continuous }.code();
        if self.chance(200) {
            list.quantity_min = QuantityLots(list.lot.0 * 2);
            list.quantity_max = QuantityLots(list.lot.0 * 500);
        }
        if self.chance(200) {
            let base = self.world.habits.price_base;
            let half = i64::from(self.world.habits.price_span) / 2;
            (list.price_min, list.price_max) = (PriceTicks(base - base.abs() % 2), PriceTicks::MAX);
            (list.limit_low, list.limit_high) = (list.price_min, PriceTicks(base.saturating_add(half)));
        }
        if self.chance(50) {
            list.limit_low = PriceTicks::MAX;
        }
        encode(&list)
    }

    fn delist(&mut self) -> Vec<u64> {
        let header = self.header::<DelistInstrument>(Role::Operator, AccountId::NONE);
        let instrument = self.instrument().0;
        encode(&DelistInstrument { header, instrument })
    }

    fn set_state(&mut self) -> Vec<u64> {
        let header = self.header::<SetTradingState>(Role::Operator, AccountId::NONE);
        let state = [1, 1, 1, 1, 2, 2, 2, 2, 2, 3][self.random.below(10) as usize];
        encode(&SetTradingState { header, instrument: self.instrument().0, state, reserved: [0; 7] })
    }

    fn uncross(&mut self) -> Vec<u64> {
        self.uncrossed = true;
        let header = self.header::<Uncross>(Role::Operator, AccountId::NONE);
        let (instrument, tick, _) = self.instrument();
        let priced = u8::from(self.chance(250));
        let price = PriceTicks(if priced == 1 { self.price(tick) } else { 0 });
        encode(&Uncross { header, instrument, price, priced, reserved: [0; 7] })
    }

    fn set_limits(&mut self) -> Vec<u64> {
        let header = self.header::<SetPriceLimits>(Role::Operator, AccountId::NONE);
        let (instrument, tick, _) = self.instrument();
        let wide = self.chance(850);
        let low = if wide { i64::MIN } else { self.price(tick) };
        let high = if wide { i64::MAX } else { self.price(tick) };
        encode(&SetPriceLimits { header, instrument, low: PriceTicks(low), high: PriceTicks(high) })
    }

    fn set_price(&mut self) -> Vec<u64> {
        let (instrument, tick, _) = self.instrument();
        let price = PriceTicks(self.price(tick));
        let role = if self.chance(300) { Role::Feed } else { Role::Operator };
        if self.chance(500) {
            let header = self.header::<SetLastPrice>(role, AccountId::NONE);
            return encode(&SetLastPrice { header, instrument, price });
        }
        encode(&SetMarkPrice { header: self.header::<SetMarkPrice>(role, AccountId::NONE), instrument, price })
    }

    fn open_account(&mut self) -> Vec<u64> {
        let header = self.header::<OpenAccount>(Role::Operator, AccountId::NONE);
        encode(&OpenAccount { header, owner: u64::from(self.random.below(4)) })
    }

    fn close_account(&mut self) -> Vec<u64> {
        let account = self.account();
        encode(&CloseAccount { header: self.header::<CloseAccount>(Role::Operator, account) })
    }

    fn open_session(&mut self, trader: bool) -> Vec<u64> {
        let header = self.header::<OpenSession>(Role::Operator, AccountId::NONE);
        let role = if trader || self.chance(700) { 1 } else { 1 + self.random.below(6) as u8 };
        let flags = u8::from(trader || self.chance(800));
        encode(&OpenSession { header, role, flags, reserved: [0; 6] })
    }

    fn any_session(&mut self) -> SessionId {
        let count = self.world.sessions.len() as u32;
        self.world.sessions[self.random.below(count) as usize].session
    }

    fn close_session(&mut self) -> Vec<u64> {
        let header = self.header::<CloseSession>(Role::Operator, AccountId::NONE);
        encode(&CloseSession { header, session: self.any_session() })
    }

    fn grant(&mut self) -> Vec<u64> {
        let account = self.account();
        let header = self.header::<GrantAccount>(Role::Operator, account);
        encode(&GrantAccount { header, session: self.any_session() })
    }

    fn revoke(&mut self) -> Vec<u64> {
        let account = self.account();
        let header = self.header::<RevokeAccount>(Role::Operator, account);
        encode(&RevokeAccount { header, session: self.any_session() })
    }
}

/// The record as words, as a ring or a frame holds it.
fn encode<C: CommandRecord>(record: &C) -> Vec<u64> {
    let mut words = vec![u64::zeroed(); size_of::<C>() / 8];
    bytemuck::cast_slice_mut::<u64, u8>(&mut words).copy_from_slice(bytemuck::bytes_of(record));
    words
}

/// The command that words hold.
pub(crate) fn decode(words: &[u64]) -> Command<'_> {
    Command::decode(words)
}
