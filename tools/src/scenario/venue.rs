//! The venue that a scenario is played on: commands become the engine's records, its events become facts.
//!
//! The only file that knows how the engine says things. Where it lacks something the answer is an [`Unsupported`], never
//! something near it. A feature is added where its variant is used: what a command needs in [`Venue::play`] and the
//! functions below it, what events tell in [`Venue::take`], what the state shows in the queries at the end and, for checks
//! that nothing answers yet, in `compare`.

use std::collections::BTreeMap;
use std::fmt;

use novate_core::arena::{Chunk, Untracked};
use novate_core::command::{
    AmendOrder, CancelOrder, Command as EngineCommand, CommandHeader, CommandRecord, ListInstrument, NewOrder,
    OpenAccount, OpenSession, OrderTarget, ReduceOrder, ReplaceOrder, SetLastPrice, SetMarkPrice, SetTradingState,
    Uncross, Work,
};
use novate_core::engine::{Engine, LevelView};
use novate_core::event::{Accepted, OwnedEvent};
use novate_core::genesis::Genesis;
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::reject::RejectCode;
use novate_core::terms::{self, Role, Side, TimeInForce, TradingState};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

use super::capacity::SHARD;
use super::check::{OrderState, Trade};
use super::command::{Command, Lifetime, OrderEntry, OrderName, Owner, SelfTrade};
use super::facts::{Facts, OrderRecord, price_text};
use super::stop::{Stop, Unsupported};
use crate::error::Error;

const SYMBOL: &str = "SCENARIO-PERP";

/// A price level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// Its price.
    pub(crate) price: PriceTicks,
    /// The open quantity of its orders.
    pub(crate) quantity: QuantityLots,
    /// What of it others see.
    pub(crate) visible: QuantityLots,
    /// How many orders.
    pub(crate) orders: u64,
}

impl From<LevelView> for Level {
    fn from(level: LevelView) -> Self {
        let LevelView { price, quantity, shown, orders } = level;
        Self { price, quantity, visible: shown, orders: u64::from(orders) }
    }
}

impl fmt::Display for Level {
    /// As books are written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.price, self.quantity, self.orders)
    }
}

/// What an account holds and has made, in price ticks times lots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// How much it holds, negative if short.
    pub(crate) quantity: QuantityLots,
    /// Profit or loss of what is open; none if there is no price to reckon it at.
    pub(crate) unrealised: Option<i128>,
    /// Profit or loss of what was closed.
    pub(crate) realised: i128,
}

/// Which order a rejection is about.
#[derive(Clone, Copy, Debug)]
enum Subject {
    /// The one that would have been entered, of which this is known then.
    Entry { id: OrderName, refused: OrderRecord },
    /// The one that was named.
    Order { id: OrderName },
    /// The one that would have been replaced, or the one that would have been entered in its stead.
    Replace { id: OrderName, new_id: OrderName, refused: OrderRecord },
    /// None.
    Venue,
}

/// An engine with one instrument and one trader who may act for all accounts, and what its events told.
pub(crate) struct Venue<'a> {
    engine: Engine<'a, Untracked>,
    sequence: u64,
    sequencer_sequence: u64,
    operator_sequence: u64,
    trader_sequence: u64,
    instrument: InstrumentId,
    trader: SessionId,
    accounts: BTreeMap<Owner, AccountId>,
    self_trade: SelfTrade,
    facts: Facts,
}

impl<'a> Venue<'a> {
    /// Begins at genesis: one instrument that takes every price and quantity and trades continuously.
    ///
    /// # Errors
    /// The engine cannot begin.
    pub(crate) fn open(chunks: &'a mut [Chunk], genesis: &Genesis) -> Result<Self, Error> {
        let engine = Engine::genesis(chunks, Untracked, genesis)
            .map_err(|cause| Error::engine("starting a scenario's engine", cause))?;
        let mut venue = Self {
            engine,
            sequence: 0,
            sequencer_sequence: 0,
            operator_sequence: 0,
            trader_sequence: 0,
            instrument: InstrumentId::NONE,
            trader: SessionId::NONE,
            accounts: BTreeMap::new(),
            self_trade: SelfTrade::Permitted,
            facts: Facts::default(),
        };
        let list = ListInstrument::perpetual(venue.operator(), SYMBOL);
        venue.set_up(EngineCommand::from(&list))?;
        let open_session = OpenSession::for_all_accounts(venue.operator(), Role::Trader);
        venue.set_up(EngineCommand::from(&open_session))?;
        Ok(venue)
    }

    /// Sets what happens where an account would trade with itself, for all orders that say nothing of it.
    pub(crate) fn configure(&mut self, self_trade: SelfTrade) {
        self.self_trade = self_trade;
    }

    /// Plays a command, then `Work` until none is pending: its events are the command's too.
    ///
    /// # Errors
    /// The engine lacks what it needs, refuses it where it is about no order, or contradicts itself.
    pub(crate) fn play(&mut self, command: &Command) -> Result<(), Stop> {
        self.facts.begin();
        match *command {
            Command::New(entry) => self.enter(&entry),
            Command::Cancel { id, owner } => {
                let (account, target) = self.address(id, owner)?;
                let cancel = CancelOrder { header: self.trader_header::<CancelOrder>(account), target };
                self.send(Subject::Order { id }, EngineCommand::from(&cancel))
            }
            Command::Reduce { id, owner, by } => {
                let (account, target) = self.address(id, owner)?;
                let reduce = ReduceOrder { header: self.trader_header::<ReduceOrder>(account), target, by };
                self.send(Subject::Order { id }, EngineCommand::from(&reduce))
            }
            Command::Amend { id, owner, price, quantity } => self.amend(id, owner, price, quantity),
            Command::Replace { id, new_id, price, quantity } => self.replace(id, new_id, price, quantity),
            Command::Mode(state) => {
                let set = SetTradingState {
                    header: self.operator_header::<SetTradingState>(),
                    instrument: self.instrument,
                    state: state.code(),
                    reserved: [0; 7],
                };
                self.send(Subject::Venue, EngineCommand::from(&set))
            }
            Command::Uncross { price } => {
                let uncross = Uncross {
                    header: self.operator_header::<Uncross>(),
                    instrument: self.instrument,
                    price: price.unwrap_or_default(),
                    priced: u8::from(price.is_some()),
                    reserved: [0; 7],
                };
                self.send(Subject::Venue, EngineCommand::from(&uncross))
            }
            Command::Last { price } => {
                let header = self.operator_header::<SetLastPrice>();
                let set = SetLastPrice { header, instrument: self.instrument, price };
                self.send(Subject::Venue, EngineCommand::from(&set))
            }
            Command::Mark { price } => {
                let header = self.operator_header::<SetMarkPrice>();
                let set = SetMarkPrice { header, instrument: self.instrument, price };
                self.send(Subject::Venue, EngineCommand::from(&set))
            }
        }
    }

    fn enter(&mut self, entry: &OrderEntry) -> Result<(), Stop> {
        let time_in_force = supported_terms(entry)?;
        self.check_name(entry.id, entry.owner)?;
        let account = self.account(entry.owner)?;
        // A market order's price is the farthest there is: its protection limit is the instrument's.
        let farthest = if entry.side == Side::Buy { PriceTicks::MAX } else { PriceTicks::MIN };
        let limit = entry.price.unwrap_or(farthest);
        let (session, session_sequence) = self.trader();
        let by = (session, session_sequence, account);
        let name = client_order_id(entry.id);
        let mut order = NewOrder::limit(by, self.instrument, name, entry.side, limit, entry.quantity)
            .with_time_in_force(time_in_force)
            .with_self_trade(wish(entry.self_trade.unwrap_or(self.self_trade)));
        if entry.price.is_none() {
            order = order.as_market();
        }
        if entry.is_post_only {
            order = order.post_only();
        }
        if entry.is_reduce_only {
            order = order.reduce_only();
        }
        let refused = refused_order(entry.owner, entry.price, entry.quantity);
        self.send(Subject::Entry { id: entry.id, refused }, EngineCommand::from(&order))
    }

    fn amend(
        &mut self,
        id: OrderName,
        owner: Option<Owner>,
        price: Option<PriceTicks>,
        quantity: Option<QuantityLots>,
    ) -> Result<(), Stop> {
        let (account, target) = self.address(id, owner)?;
        let price_flag = if price.is_some() { AmendOrder::PRICE } else { 0 };
        let quantity_flag = if quantity.is_some() { AmendOrder::QUANTITY } else { 0 };
        let amend = AmendOrder {
            header: self.trader_header::<AmendOrder>(account),
            target,
            price: price.unwrap_or_default(),
            quantity: quantity.unwrap_or_default(),
            changes: price_flag | quantity_flag,
            reserved: [0; 7],
        };
        self.send(Subject::Order { id }, EngineCommand::from(&amend))
    }

    fn replace(
        &mut self,
        id: OrderName,
        new_id: OrderName,
        price: PriceTicks,
        quantity: QuantityLots,
    ) -> Result<(), Stop> {
        let (account, target) = self.address(id, None)?;
        let subject = match self.facts.order(id).copied() {
            Some(OrderRecord { owner, state: OrderState::Open, .. }) => {
                self.check_name(new_id, owner)?;
                Subject::Replace { id, new_id, refused: refused_order(owner, Some(price), quantity) }
            }
            _ => Subject::Order { id },
        };
        let replace = ReplaceOrder {
            header: self.trader_header::<ReplaceOrder>(account),
            target,
            client_order_id: client_order_id(new_id),
            price,
            quantity,
        };
        self.send(subject, EngineCommand::from(&replace))
    }

    /// The engine would accept a name that an order of another account has, and then two orders would have it.
    fn check_name(&self, id: OrderName, owner: Owner) -> Result<(), Unsupported> {
        let is_taken = self.facts.order(id).is_some_and(|record| record.is_live() && record.owner != owner);
        if is_taken { Err(Unsupported::IdOfAnotherAccount) } else { Ok(()) }
    }

    /// How a command names an order: the account that it is sent for, and the engine's id if there ever was one.
    ///
    /// An order that never was is looked for among client order ids, for nobody if nobody is named: that the engine finds
    /// none is for it to say.
    fn address(&mut self, id: OrderName, owner: Option<Owner>) -> Result<(AccountId, OrderTarget), Error> {
        let record = self.facts.order(id).copied();
        let account = match owner.or(record.map(|record| record.owner)) {
            Some(owner) => self.account(owner)?,
            None => AccountId::NONE,
        };
        let by_name = OrderTarget::from(client_order_id(id));
        Ok((account, record.and_then(|record| record.order).map_or(by_name, OrderTarget::from)))
    }

    /// The engine's id for an account, which is opened when it is met first.
    fn account(&mut self, owner: Owner) -> Result<AccountId, Error> {
        if let Some(account) = self.accounts.get(&owner) {
            return Ok(*account);
        }
        let open = OpenAccount::new(self.operator(), owner.0);
        self.set_up(EngineCommand::from(&open))?;
        self.accounts.get(&owner).copied().ok_or_else(|| Error::engine("opening an account", "it is not there"))
    }

    /// The session and session sequence of the operator's next command.
    fn operator(&mut self) -> (SessionId, u64) {
        self.operator_sequence += 1;
        (SessionId::operator(SHARD), self.operator_sequence)
    }

    /// The session and session sequence of the trader's next command.
    fn trader(&mut self) -> (SessionId, u64) {
        self.trader_sequence += 1;
        (self.trader, self.trader_sequence)
    }

    fn operator_header<C: CommandRecord>(&mut self) -> CommandHeader {
        let (session, session_sequence) = self.operator();
        C::new_header(session, session_sequence, AccountId::NONE)
    }

    fn trader_header<C: CommandRecord>(&mut self, account: AccountId) -> CommandHeader {
        let (session, session_sequence) = self.trader();
        C::new_header(session, session_sequence, account)
    }

    /// Applies a command that opens something, and keeps what it is called.
    fn set_up(&mut self, command: EngineCommand<'_>) -> Result<(), Error> {
        let mut events = Vec::new();
        self.apply(command, &mut events)?;
        for event in events {
            match event {
                OwnedEvent::InstrumentListed(listed) => self.instrument = listed.instrument,
                OwnedEvent::SessionOpened(opened) => self.trader = opened.session,
                OwnedEvent::AccountOpened(opened) => {
                    self.accounts.insert(Owner(opened.owner), opened.account);
                }
                other => return Err(Error::engine("setting a scenario's venue up", format!("{other:?}"))),
            }
        }
        Ok(())
    }

    /// Applies a command and the work that it leaves, and takes in what the events tell.
    fn send(&mut self, subject: Subject, command: EngineCommand<'_>) -> Result<(), Stop> {
        let mut events = Vec::new();
        self.apply(command, &mut events)?;
        while self.engine.work_pending() {
            self.sequencer_sequence += 1;
            let session = SessionId::sequencer(SHARD);
            let work = Work { header: Work::new_header(session, self.sequencer_sequence, AccountId::NONE) };
            self.apply(EngineCommand::from(&work), &mut events)?;
        }
        for event in &events {
            self.take(subject, event)?;
        }
        self.reconcile()
    }

    fn apply(&mut self, command: EngineCommand<'_>, events: &mut Vec<OwnedEvent>) -> Result<(), Error> {
        self.sequence += 1;
        // Nothing that scenarios do depends on time.
        self.engine
            .apply(Sequence(self.sequence), TimeNs::ZERO, command, events)
            .map_err(|cause| Error::engine("applying a scenario's command", cause))
    }

    /// Takes in what an event tells.
    fn take(&mut self, subject: Subject, event: &OwnedEvent) -> Result<(), Stop> {
        match event {
            OwnedEvent::Accepted(accepted) => {
                let is_market = accepted.flags & Accepted::MARKET != 0;
                let owner = self.engine.account(accepted.account).map_or(0, |account| account.owner);
                let record = OrderRecord {
                    owner: Owner(owner),
                    order: Some(accepted.order),
                    state: OrderState::Open,
                    price: if is_market { None } else { Some(accepted.price) },
                    leaves: accepted.quantity,
                    filled: 0,
                };
                self.facts.accept(name_of(accepted.client_order_id), record);
            }
            OwnedEvent::Amended(amended) => {
                self.facts.amend(name_of(amended.client_order_id), amended.price, amended.leaves);
            }
            OwnedEvent::Cancelled(cancelled) => {
                self.facts.cancel(name_of(cancelled.client_order_id), cancelled.leaves);
            }
            OwnedEvent::Trade(traded) => {
                let trade = Trade {
                    maker: name_of(traded.maker_client_order_id),
                    taker: name_of(traded.taker_client_order_id),
                    price: traded.price,
                    quantity: traded.quantity,
                };
                // An auction's trades have no aggressor.
                if traded.aggressor == 0 {
                    self.facts.auction_trade(trade, traded.maker_leaves, traded.taker_leaves);
                } else {
                    self.facts.trade(trade, traded.maker_leaves, traded.taker_leaves);
                }
            }
            OwnedEvent::Uncrossed(_) => self.facts.begin_auction(),
            OwnedEvent::Rejected(rejected) => self.take_rejection(subject, rejected.code)?,
            // What these lead to is asked for where a check is about it.
            OwnedEvent::Rested(_)
            | OwnedEvent::TradingStateChanged(_)
            | OwnedEvent::LastPriceSet(_)
            | OwnedEvent::MarkPriceSet(_) => {}
            other => return Err(Error::engine("playing a scenario", format!("{other:?}")).into()),
        }
        Ok(())
    }

    fn take_rejection(&mut self, subject: Subject, code: u16) -> Result<(), Stop> {
        let Some(code) = RejectCode::from_code(code).filter(|code| is_answer(*code)) else {
            return Err(Error::engine("playing a scenario", format!("a rejection with code {code}")).into());
        };
        let names_nothing =
            matches!(code, RejectCode::UnknownOrder | RejectCode::StaleOrder | RejectCode::OrderNotOwned);
        match subject {
            Subject::Entry { id, refused } => self.facts.refuse(id, refused, code),
            Subject::Replace { new_id, refused, .. } if !names_nothing => self.facts.refuse(new_id, refused, code),
            Subject::Order { id } | Subject::Replace { id, .. } => self.facts.reject(id, code),
            Subject::Venue => return Err(Stop::Refused(code)),
        }
        Ok(())
    }

    /// Compares what the events told of the orders that the command touched with what the engine holds: checks are
    /// answered from both.
    fn reconcile(&self) -> Result<(), Stop> {
        for (id, record) in self.facts.touched() {
            let told = (record.state == OrderState::Open).then_some((record.price, record.leaves));
            let held = record.order.and_then(|order| self.engine.order(order));
            let held = held.map(|order| (Some(order.price), order.leaves));
            if told != held {
                let text = |open: Option<(Option<PriceTicks>, QuantityLots)>| match open {
                    Some((price, leaves)) => format!("open px={} leaves={leaves}", price_text(price)),
                    None => "not open".to_owned(),
                };
                return Err(Stop::Contradiction(format!("order id={id} is {}, {} held", text(told), text(held))));
            }
        }
        Ok(())
    }

    /// What the events told.
    pub(crate) const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What others see of an order; nothing of one that does not rest. No order hides anything yet.
    pub(crate) fn visible(&self, record: &OrderRecord) -> QuantityLots {
        let order = record.order.and_then(|order| self.engine.order(order));
        order.map_or(QuantityLots::ZERO, |order| order.leaves)
    }

    /// The levels of a side, best first.
    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.engine.top(self.instrument, side).map(Level::from)
    }

    /// The level at a price, empty if there is none.
    pub(crate) fn level(&self, side: Side, price: PriceTicks) -> Level {
        let level = self.engine.level(self.instrument, side, price);
        level.map_or(Level { price, ..Level::default() }, Level::from)
    }

    /// The orders of a level, oldest first.
    pub(crate) fn queue(&self, side: Side, price: PriceTicks) -> Vec<OrderName> {
        self.engine.queue(self.instrument, side, price).map(|order| name_of(order.client_order_id)).collect()
    }

    /// The last trade's price, if there was one.
    pub(crate) fn last_price(&self) -> Option<PriceTicks> {
        self.engine.instrument(self.instrument).and_then(|instrument| instrument.last_price)
    }

    /// The trading state.
    pub(crate) fn state(&self) -> TradingState {
        self.engine.instrument(self.instrument).map_or(TradingState::Halted, |instrument| instrument.state)
    }

    /// What an uncross would trade now, and at which price; at a given price, if there is one. Nothing if nothing crosses.
    pub(crate) fn indicative(&self, given: Option<PriceTicks>) -> (i128, Option<PriceTicks>) {
        let found = self.engine.indicative(self.instrument, given);
        found.map_or((0, None), |found| (found.bids.min(found.asks), Some(found.price)))
    }

    /// What an account holds and has made. The instrument's multiplier is one: atoms are price ticks times lots.
    pub(crate) fn position(&self, owner: Owner) -> Position {
        let account = self.accounts.get(&owner).copied().unwrap_or(AccountId::NONE);
        let realised = self.engine.account(account).map_or(0, |account| account.realised);
        let Some(held) = self.engine.position_view(account, self.instrument) else {
            return Position { quantity: QuantityLots::ZERO, unrealised: Some(0), realised };
        };
        Position { quantity: held.quantity, unrealised: held.unrealised, realised }
    }
}

/// The time in force of an order of which the engine has every other term.
fn supported_terms(entry: &OrderEntry) -> Result<TimeInForce, Unsupported> {
    let lacking = [
        (entry.oco.is_some(), Unsupported::OneCancelsOther),
        (entry.trigger.is_some(), Unsupported::StopOrders),
        (entry.display != QuantityLots::ZERO || entry.display_min != QuantityLots::ZERO, Unsupported::IcebergOrders),
        (entry.budget.is_some(), Unsupported::Budget),
    ];
    if let Some((_, unsupported)) = lacking.into_iter().find(|(is_asked_for, _)| *is_asked_for) {
        return Err(unsupported);
    }
    match entry.lifetime {
        Lifetime::GoodTillCancelled => Ok(TimeInForce::GoodTillCancelled),
        Lifetime::ImmediateOrCancel => Ok(TimeInForce::ImmediateOrCancel),
        Lifetime::FillOrKill => Ok(TimeInForce::FillOrKill),
        Lifetime::GoodForAuction => Ok(TimeInForce::GoodForAuction),
    }
}

/// The engine's word for what happens where an account would trade with itself. Each account has an owner of its own.
const fn wish(self_trade: SelfTrade) -> terms::SelfTrade {
    match self_trade {
        SelfTrade::Permitted => terms::SelfTrade::Allow,
        SelfTrade::CancelTaker => terms::SelfTrade::CancelNewest,
        SelfTrade::CancelMaker => terms::SelfTrade::CancelOldest,
        SelfTrade::CancelBoth => terms::SelfTrade::CancelBoth,
    }
}

/// What is known of an order that was never accepted.
const fn refused_order(owner: Owner, price: Option<PriceTicks>, quantity: QuantityLots) -> OrderRecord {
    OrderRecord { owner, order: None, state: OrderState::Dead, price, leaves: quantity, filled: 0 }
}

/// The engine's name for an order. Zero means none there, and scenarios have orders of that number: names are one higher.
const fn client_order_id(id: OrderName) -> ClientOrderId {
    ClientOrderId(id.0 + 1)
}

/// The scenario's name for an order. Every order was given one, so none has the largest number.
const fn name_of(id: ClientOrderId) -> OrderName {
    OrderName(id.0.wrapping_sub(1))
}

/// Whether a rejection is an answer to what the scenario asks for. One of the record, of the session or of a table's size
/// is the fault of whoever wrote or opened these: no check may take it for the rejection that it expects.
const fn is_answer(code: RejectCode) -> bool {
    !matches!(code.code() / 100, 1 | 2 | 6)
}
