//! Order flow C: as [flow A](crate::workload), with what only novate's own kinds of commands can say.
//!
//! Of the entered orders 10 % are icebergs, 5 % stop and stop-limit orders around the market, 3 % post-only. Of the
//! measured commands 2 % are orders that run into self-trade prevention, 1 % cancel all orders of an account that has
//! some tens; the rest are as in flow A: crossing orders, reductions, and passive orders and cancels that keep the
//! number of live orders where it is wanted.
//!
//! The flow is made by running the engine beside its generator, which hears from the events what is live: a reference
//! book would have to know all rules, and whether the engine follows them is for the naive oracle to say. The same
//! [`FlowSpec`] is the same flow, to the byte, as long as the rules are the same.

use std::io;

use novate_core::arena::{Arena, Untracked};
use novate_core::command::{
    CancelOrder, CommandRecord, MassCancel, NewComplexOrder, NewOrder, RawCommand, ReduceOrder,
};
use novate_core::digest::Hash256;
use novate_core::engine::{Engine, LevelView};
use novate_core::event::{Event, OwnedEvent};
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, SessionId};
use novate_core::terms::{SelfTrade, Side};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

use crate::novate::{COMMAND_INTERVAL_NS, Parties, set_up_for};
use crate::records::Records;
use crate::workload::live_orders::LiveOrders;
use crate::workload::random::{Geometric, Random};
use crate::workload::{FlowSpec, PRICE_TICKS_END, Tally};

/// Accounts that the orders are spread over, two to an owner: each has about 25 orders.
const ACCOUNTS: u32 = 400;
/// Where the market starts.
const PRICE_MIDDLE_TICKS: i64 = PRICE_TICKS_END as i64 / 2;
/// Passive prices and triggers are moved into this range.
const PRICE_TICKS_MIN: i64 = 64;
const PRICE_TICKS_MAX: i64 = 65_400;
/// Where the shares of the measured commands end.
const AGGRESSIVE_END: f64 = 0.07;
const REDUCE_END: f64 = 0.10;
const SELF_TRADE_END: f64 = 0.12;
const MASS_CANCEL_END: f64 = 0.13;
/// Per mille of entered orders.
const ICEBERG_PER_MILLE: u32 = 100;
const STOP_PER_MILLE: u32 = 50;
const POST_ONLY_PER_MILLE: u32 = 30;
/// Below so many live orders nothing is cancelled.
const LIVE_ORDERS_MIN: u32 = 16;
/// Orders that an account has which is emptied, at least and at most.
const MASS_CANCEL_ORDERS: core::ops::RangeInclusive<u32> = 10..=100;
/// One crossing order in so many takes out the whole best level and more.
const LEVEL_SWEEP_ONE_IN: u32 = 500;
const LEVEL_SWEEP_LOTS_MAX: i64 = 200_000;
/// How many orders are looked at for one that can be reduced, or whose account can be emptied.
const ATTEMPTS: usize = 8;

/// A flow: first the orders that fill the book, then the commands to be measured.
#[derive(Clone, Debug)]
pub struct FlowC {
    genesis: Genesis,
    prefill: Records,
    measured: Records,
    summary: Summary,
}

/// What came of the measured commands while the flow was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Trades.
    pub tally: Tally,
    /// Stop orders that fired.
    pub triggered: u64,
    /// New parts that icebergs showed, on coming to rest or after trades.
    pub replenished: u64,
    /// Orders that mass cancels took.
    pub mass_cancelled: u64,
    /// Times that self-trade prevention acted.
    pub self_trades: u64,
    /// Commands that were rejected.
    pub rejected: u64,
    /// Live orders after the last command.
    pub live_orders: u32,
}

impl FlowC {
    /// Makes the flow.
    ///
    /// # Errors
    /// If there is no memory for the engine, or if it refuses what it is fed.
    pub fn generate(spec: FlowSpec) -> io::Result<Self> {
        let genesis = Genesis::new(0, 1, Capacities::for_orders(spec.live_orders + spec.live_orders / 4 + 64));
        let mut arena = Arena::for_genesis(&genesis).map_err(io::Error::other)?;
        let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis).map_err(io::Error::other)?;
        let parties = set_up_for(&mut engine, &Self::owners())?;
        let mut generator = Generator::new(spec, engine, parties);
        while generator.live.len() < spec.live_orders {
            generator.enter(false)?;
        }
        let prefill = core::mem::take(&mut generator.records);
        generator.summary = Summary::default();
        for _ in 0..spec.commands {
            generator.step()?;
        }
        let summary = Summary { live_orders: generator.live.len(), ..generator.summary };
        Ok(Self { genesis, prefill, measured: generator.records, summary })
    }

    /// The owner of each account.
    pub(crate) fn owners() -> Vec<u64> {
        (0..ACCOUNTS).map(|account| u64::from(account / 2) + 1).collect()
    }

    /// The configuration that the flow is made for.
    pub fn genesis(&self) -> Genesis {
        self.genesis
    }

    pub(crate) fn prefill(&self) -> &Records {
        &self.prefill
    }

    pub(crate) fn measured(&self) -> &Records {
        &self.measured
    }

    /// How many commands fill the book, and how many are to be measured.
    pub fn commands(&self) -> (usize, usize) {
        (self.prefill.len(), self.measured.len())
    }

    /// What came of the measured commands while the flow was made.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// The name of this stream of commands: hashes of 65,536 words at a time, each over the one before.
    pub fn hash(&self) -> Hash256 {
        [&self.prefill, &self.measured]
            .into_iter()
            .flat_map(|records| records.words().chunks(65_536))
            .fold(Hash256::default(), |previous, words| {
                Hash256::of("novate bench flow C 1", &[&previous.0, bytemuck::cast_slice(words)])
            })
    }
}

struct Generator<'e> {
    spec: FlowSpec,
    random: Random,
    distance: Geometric,
    engine: Engine<'e>,
    parties: Parties,
    session_sequence: u64,
    live: LiveOrders,
    /// By order the place of its account.
    accounts: Vec<u32>,
    records: Records,
    events: Vec<OwnedEvent>,
    summary: Summary,
}

impl<'e> Generator<'e> {
    fn new(spec: FlowSpec, engine: Engine<'e>, parties: Parties) -> Self {
        Self {
            spec,
            random: Random::new(spec.seed),
            distance: Geometric::new(spec.distance_mean_ticks),
            engine,
            parties,
            session_sequence: 0,
            // Every command may enter an order, and almost every order of the prefill is live.
            live: LiveOrders::up_to(spec.live_orders * 2 + spec.commands + 16),
            accounts: vec![0],
            records: Records::default(),
            events: Vec::new(),
            summary: Summary::default(),
        }
    }

    /// One measured command.
    fn step(&mut self) -> io::Result<()> {
        let draw = self.random.unit();
        let written = if draw < AGGRESSIVE_END {
            return self.enter(true);
        } else if draw < REDUCE_END {
            self.reduce()?
        } else if draw < SELF_TRADE_END {
            self.trade_with_oneself()?
        } else if draw < MASS_CANCEL_END {
            self.mass_cancel()?
        } else if draw < self.passive_end() || self.live.len() < LIVE_ORDERS_MIN {
            false
        } else {
            self.cancel()?
        };
        if written { Ok(()) } else { self.enter(false) }
    }

    /// Where the share of passive orders ends, which brings the number of live orders back to where it is wanted.
    #[expect(clippy::float_arithmetic, reason = "IEEE roundings only, the same on every platform")]
    fn passive_end(&self) -> f64 {
        let wanted = f64::from(self.spec.live_orders);
        let shortage = (wanted - f64::from(self.live.len())) / wanted;
        MASS_CANCEL_END + (0.58 + 0.5 * shortage * 20.0).clamp(0.28, 0.80)
    }

    /// Who sends the next command for an account.
    fn submitter(&mut self, account: u32) -> (SessionId, u64, AccountId) {
        self.session_sequence += 1;
        (self.parties.session, self.session_sequence, self.parties.accounts[account as usize])
    }

    fn best(&self, side: Side) -> Option<LevelView> {
        self.engine.top(self.parties.instrument, side).next()
    }

    fn side(&mut self) -> Side {
        if self.random.below(2) == 0 { Side::Buy } else { Side::Sell }
    }

    /// A good-till-cancelled limit order of the next id.
    fn limit(&mut self, account: u32, side: Side, price: i64, quantity: i64) -> NewOrder {
        let name = ClientOrderId(self.accounts.len() as u64);
        self.accounts.push(account);
        let submitter = self.submitter(account);
        NewOrder::limit(submitter, self.parties.instrument, name, side, PriceTicks(price), QuantityLots(quantity))
    }

    /// Writes an order: stop and post-only orders rest near the market in any case.
    fn enter(&mut self, aggressive: bool) -> io::Result<()> {
        let (account, side) = (self.random.below(ACCOUNTS), self.side());
        match self.random.below(1_000) {
            draw if draw < STOP_PER_MILLE => self.stop(account, side),
            draw if draw < STOP_PER_MILLE + POST_ONLY_PER_MILLE => {
                let (price, quantity) = self.passive_terms(side);
                let order = self.limit(account, side, price, quantity).post_only();
                self.write(&order)
            }
            draw => {
                let crossing = if aggressive { self.aggressive_terms(side) } else { None };
                let (price, quantity) = crossing.unwrap_or_else(|| self.passive_terms(side));
                if draw < STOP_PER_MILLE + POST_ONLY_PER_MILLE + ICEBERG_PER_MILLE {
                    return self.iceberg(account, side, (price, quantity));
                }
                let order = self.limit(account, side, price, quantity);
                self.write(&order)
            }
        }
    }

    /// A price some ticks away from the other side's best, and a quantity.
    fn passive_terms(&mut self, side: Side) -> (i64, i64) {
        let distance = i64::from(self.distance.sample(&mut self.random)) + 1;
        let opposite = self.best(side.opposite()).map(|level| level.price.0);
        let price = match side {
            Side::Buy => opposite.unwrap_or(PRICE_MIDDLE_TICKS + 1) - distance,
            Side::Sell => opposite.unwrap_or(PRICE_MIDDLE_TICKS - 1) + distance,
        };
        (price.clamp(PRICE_TICKS_MIN, PRICE_TICKS_MAX), i64::from(self.random.between(1, 100)))
    }

    /// A price at the other side's best or up to three ticks beyond, and a quantity, if there is something to cross.
    fn aggressive_terms(&mut self, side: Side) -> Option<(i64, i64)> {
        let best = self.best(side.opposite())?;
        let beyond = i64::from(self.random.below(4));
        if self.random.below(LEVEL_SWEEP_ONE_IN) == 0 {
            let lots = best.quantity.0 + i64::from(self.random.between(1, 100));
            return Some((best.price.0, lots.min(LEVEL_SWEEP_LOTS_MAX)));
        }
        let price = if side == Side::Buy { best.price.0 + beyond } else { (best.price.0 - beyond).max(1) };
        Some((price, i64::from(self.random.between(1, 60))))
    }

    /// Writes an order that shows up to 100 lots of two to ten times as many.
    fn iceberg(&mut self, account: u32, side: Side, (price, display): (i64, i64)) -> io::Result<()> {
        let quantity = display * i64::from(self.random.between(2, 10));
        let minimum = if self.random.below(2) == 0 { 0 } else { 1 + display / 4 };
        let order = NewComplexOrder::from(self.limit(account, side, price, quantity));
        self.write(&order.with_display(QuantityLots(display), QuantityLots(minimum)))
    }

    /// Writes a stop order (to buy above the market, or to sell below), or a stop-limit order with a little room.
    fn stop(&mut self, account: u32, side: Side) -> io::Result<()> {
        let distance = i64::from(self.distance.sample(&mut self.random)) + 1;
        let opposite = self.best(side.opposite()).map_or(PRICE_MIDDLE_TICKS, |level| level.price.0);
        let (is_limit, room) = (self.random.below(2) == 0, i64::from(self.random.below(5)));
        let quantity = i64::from(self.random.between(1, 60));
        let away = |by: i64| if side == Side::Buy { opposite + by } else { opposite - by };
        let trigger = away(distance).clamp(PRICE_TICKS_MIN, PRICE_TICKS_MAX);
        let limit = away(distance + room).clamp(PRICE_TICKS_MIN, PRICE_TICKS_MAX);
        let end = if side == Side::Buy { i64::from(PRICE_TICKS_END) } else { 0 };
        let order = self.limit(account, side, if is_limit { limit } else { end }, quantity);
        let order = NewComplexOrder::from(if is_limit { order } else { order.as_market() });
        self.write(&order.with_trigger(PriceTicks(trigger)))
    }

    /// Writes an order that meets one of the same owner first, if there is one to meet.
    fn trade_with_oneself(&mut self) -> io::Result<bool> {
        let side = self.side();
        let Some(best) = self.best(side.opposite()) else { return Ok(false) };
        let mut queue = self.engine.queue(self.parties.instrument, side.opposite(), best.price);
        let Some(maker) = queue.next() else { return Ok(false) };
        drop(queue);
        // The owner's other account.
        let account = self.accounts[maker.client_order_id.0 as usize] ^ 1;
        let wishes = [SelfTrade::CancelNewest, SelfTrade::CancelOldest, SelfTrade::CancelBoth, SelfTrade::Decrement];
        let wish = wishes[self.random.below(4) as usize];
        let quantity = i64::from(self.random.between(1, 60));
        let order = self.limit(account, side, best.price.0, quantity).with_self_trade(wish);
        self.write(&order)?;
        Ok(true)
    }

    /// Writes a reduction by a part of a live order, if one is found with more than a lot that waits for no trigger.
    fn reduce(&mut self) -> io::Result<bool> {
        for _ in 0..ATTEMPTS {
            let Some(id) = self.live.pick(&mut self.random) else { return Ok(false) };
            let account = self.accounts[id as usize];
            let name = ClientOrderId(id.into());
            let view = self.engine.order_by_client(self.parties.accounts[account as usize], name);
            if let Some(view) = view
                && view.trigger.is_none()
                && view.leaves.0 > 1
            {
                let open = u32::try_from(view.leaves.0).unwrap_or(u32::MAX);
                let lots = QuantityLots(self.random.between(1, open - 1).into());
                let reduce = ReduceOrder::new(self.submitter(account), name, lots);
                self.write(&reduce)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes a cancel of a live order.
    fn cancel(&mut self) -> io::Result<bool> {
        let Some(id) = self.live.pick(&mut self.random) else { return Ok(false) };
        let cancel = CancelOrder::new(self.submitter(self.accounts[id as usize]), ClientOrderId(id.into()));
        self.write(&cancel)?;
        Ok(true)
    }

    /// Writes a mass cancel for an account with some tens of orders, if one is found.
    fn mass_cancel(&mut self) -> io::Result<bool> {
        for _ in 0..ATTEMPTS {
            let account = self.random.below(ACCOUNTS);
            let view = self.engine.account(self.parties.accounts[account as usize]);
            if view.is_some_and(|view| MASS_CANCEL_ORDERS.contains(&view.orders)) {
                let instrument = (self.random.below(2) == 0).then_some(self.parties.instrument);
                let cancel = MassCancel::new(self.submitter(account), instrument);
                self.write(&cancel)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes a command, has the engine execute it, and hears what is live now.
    fn write<C: CommandRecord>(&mut self, record: &C) -> io::Result<()> {
        self.records.push(record);
        self.events.clear();
        let sequence = self.engine.sequence().0 + 1;
        let (at, time) = (Sequence(sequence), TimeNs(sequence * COMMAND_INTERVAL_NS));
        let command = RawCommand::new(bytemuck::cast_slice(std::slice::from_ref(record)));
        self.engine.apply(at, time, command, &mut self.events).map_err(io::Error::other)?;
        for event in &self.events {
            hear(&event.view(), &mut self.live, &mut self.summary);
        }
        if self.summary.rejected > 0 {
            return Err(io::Error::other(format!("flow C: command {sequence} was rejected: {:?}", self.events)));
        }
        Ok(())
    }
}

/// Takes in an event: what is live, and what is counted.
fn hear(event: &Event<'_>, live: &mut LiveOrders, summary: &mut Summary) {
    let mut leave = |name: ClientOrderId, leaves: QuantityLots| {
        if leaves == QuantityLots::ZERO {
            live.remove(name.0 as u32);
        }
    };
    match event {
        Event::Accepted(accepted) => live.add(accepted.client_order_id.0 as u32),
        Event::Cancelled(cancelled) => {
            use novate_core::reject::CancelReason::{MassCancelled, SelfTrade};
            leave(cancelled.client_order_id, QuantityLots::ZERO);
            summary.mass_cancelled += u64::from(cancelled.reason == MassCancelled.code());
            summary.self_trades += u64::from(cancelled.reason == SelfTrade.code());
        }
        Event::Trade(trade) => {
            let (maker, taker) = (trade.maker_client_order_id, trade.taker_client_order_id);
            leave(maker, trade.maker_leaves);
            leave(taker, trade.taker_leaves);
            let (quantity, price) = (trade.quantity.0.cast_unsigned(), trade.price.0.cast_unsigned());
            summary.tally.fill(maker.0, taker.0, quantity, price);
        }
        Event::Decremented(decremented) => {
            leave(decremented.maker_client_order_id, decremented.maker_leaves);
            leave(decremented.taker_client_order_id, decremented.taker_leaves);
            summary.self_trades += 1;
        }
        Event::Triggered(_) => summary.triggered += 1,
        Event::Replenished(_) => summary.replenished += 1,
        Event::Rejected(_) => summary.rejected += 1,
        _ => {}
    }
}
