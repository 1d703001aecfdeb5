//! The venue that a scenario is played on: commands become the engine's records, its events become facts.
//!
//! With [`entry`](super::entry) and [`told`](super::told) the only files that know how the engine says things.

use std::collections::BTreeMap;
use std::fmt;

use novate_core::arena::{Chunk, Untracked};
use novate_core::command::{
    AmendOrder, CancelOrder, Checkpoint, Command as EngineCommand, CommandHeader, CommandRecord, EndTradingDay,
    ListInstrument, MassCancel, NewOrder, OpenAccount, OpenSession, OrderTarget, PublishIndicative, RawCommand,
    ReduceOrder, ReplaceOrder, ResumeTrading, SetLastPrice, SetMarkPrice, SetPriceBand, SetPriceLimits, SetProtection,
    SetTradingState, Timer, Uncross, Work,
};
use novate_core::engine::{Engine, LevelView};
use novate_core::event::OwnedEvent;
use novate_core::genesis::Genesis;
use novate_core::ids::{AccountId, ClientOrderId, ExpiryId, InstrumentId, OrderId, SessionId, UnderlyingId};
use novate_core::reject::RejectCode;
use novate_core::sink::EventSink;
use novate_core::terms::{Role, SelfTrade, Side, TradingState};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

use super::capacity::SHARD;
use super::check::OrderState;
use super::command::{Command, OrderEntry, OrderName, Owner};
use super::config::Config;
use super::entry::{Entry, Pairs};
use super::facts::{Facts, OrderRecord, price_text};
use super::record::{Reads, Value, Written};
use super::stop::{Stop, Unsupported};
use super::told::{Subject, is_answer, refused_order, tell, tell_rejected};
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

/// An engine with one instrument and one trader who may act for all accounts, and what its events told.
pub(crate) struct Venue<'a> {
    engine: Engine<'a, Untracked>,
    sequence: u64,
    time: TimeNs,
    /// In the order of opening; of the instruments the first is the scenario's.
    instruments: Vec<InstrumentId>,
    underlyings: Vec<UnderlyingId>,
    expiries: Vec<ExpiryId>,
    sessions: Vec<SessionId>,
    trader: SessionId,
    accounts: BTreeMap<Owner, AccountId>,
    /// What the account is called that is being opened, if not as its owner.
    opened_as: Option<Owner>,
    self_trade: SelfTrade,
    is_work_held: bool,
    pairs: Pairs,
    facts: Facts,
    /// Of the last command, and of the work that it left.
    events: Vec<OwnedEvent>,
}

impl<'a> Venue<'a> {
    /// Begins at genesis: one instrument that takes every price and quantity, unless the scenario narrows it, and trades
    /// continuously; none where margin is checked.
    ///
    /// # Errors
    /// The engine cannot begin, or does not take the instrument.
    pub(crate) fn open(chunks: &'a mut [Chunk], genesis: &Genesis, config: &Config) -> Result<Self, Stop> {
        let engine = Engine::genesis(chunks, Untracked, genesis)
            .map_err(|cause| Error::engine("starting a scenario's engine", cause))?;
        let mut venue = Self {
            engine,
            sequence: 0,
            time: TimeNs::ZERO,
            instruments: Vec::new(),
            underlyings: Vec::new(),
            expiries: Vec::new(),
            sessions: vec![SessionId::sequencer(SHARD), SessionId::operator(SHARD)],
            trader: SessionId::NONE,
            accounts: BTreeMap::new(),
            opened_as: None,
            self_trade: config.self_trade,
            is_work_held: config.is_work_held,
            pairs: Pairs::default(),
            facts: Facts::default(),
            events: Vec::new(),
        };
        // Where margin is checked every instrument has an underlying: the first is the scenario's to list.
        if !genesis.is_margined() {
            let mut list = ListInstrument::perpetual(venue.operator(), SYMBOL);
            config.narrow(&mut list);
            venue.set_up(EngineCommand::from(&list))?;
        }
        let open_session = OpenSession::for_all_accounts(venue.operator(), Role::Trader);
        venue.set_up(EngineCommand::from(&open_session))?;
        venue.trader = venue.sessions.last().copied().unwrap_or(SessionId::NONE);
        Ok(venue)
    }

    /// Plays a command, then `Work` until none is pending, unless that is held: its events are the command's too. A
    /// rejection that is about no order, or that is the scenario's own fault, must be stated.
    ///
    /// # Errors
    /// The engine lacks what it needs, refuses it where nobody states that, or contradicts itself.
    pub(crate) fn play(&mut self, command: &Command, is_rejection_stated: bool) -> Result<(), Stop> {
        if let Command::Time { time } = command {
            self.time = *time;
            return Ok(());
        }
        self.facts.begin();
        self.events.clear();
        let subject = self.send(command)?;
        while !self.is_work_held && self.engine.work_pending() {
            self.work()?;
        }
        for event in std::mem::take(&mut self.events) {
            self.take(subject, &event, is_rejection_stated)?;
            self.events.push(event);
        }
        self.reconcile()
    }

    /// Sends what a command says, and returns what it is about.
    fn send(&mut self, command: &Command) -> Result<Subject, Stop> {
        match command {
            Command::New(entry) => return self.enter(entry),
            Command::Cancel { id, owner } => {
                let (account, target) = self.address(*id, *owner)?;
                let cancel = CancelOrder { header: self.trader_header::<CancelOrder>(account), target };
                self.apply(&cancel)?;
                return Ok(Subject::Order { id: *id });
            }
            Command::Reduce { id, owner, by } => {
                let (account, target) = self.address(*id, *owner)?;
                let reduce = ReduceOrder { header: self.trader_header::<ReduceOrder>(account), target, by: *by };
                self.apply(&reduce)?;
                return Ok(Subject::Order { id: *id });
            }
            Command::Amend { id, owner, price, quantity } => {
                let (account, target) = self.address(*id, *owner)?;
                let (session, sequence) = self.trader();
                self.apply(&AmendOrder::new((session, sequence, account), target, *price, *quantity))?;
                return Ok(Subject::Order { id: *id });
            }
            Command::Replace { id, new_id, price, quantity } => return self.replace(*id, *new_id, *price, *quantity),
            Command::Work => self.work()?,
            Command::Account { name, owner } => {
                self.opened_as = Some(*name);
                let open = OpenAccount::new(self.operator(), *owner);
                self.apply(&open)?;
            }
            Command::Send(written) => self.send_written(written)?,
            other => self.send_to_venue(other)?,
        }
        Ok(Subject::Venue)
    }

    /// What is about no order.
    fn send_to_venue(&mut self, command: &Command) -> Result<(), Stop> {
        let (operator, instrument) = (self.operator(), self.instrument());
        match *command {
            Command::Mode(state) => self.apply(&SetTradingState::new(operator, instrument, state)),
            Command::Uncross { price } => self.apply(&Uncross::new(operator, instrument, price)),
            Command::Last { price } => {
                let header = self.operator_header::<SetLastPrice>();
                self.apply(&SetLastPrice { header, instrument, price })
            }
            Command::Mark { price } => {
                let header = self.operator_header::<SetMarkPrice>();
                self.apply(&SetMarkPrice { header, instrument, price })
            }
            Command::Band { distance } => {
                let header = self.operator_header::<SetPriceBand>();
                self.apply(&SetPriceBand { header, instrument, distance })
            }
            Command::Limits { low, high } => {
                let header = self.operator_header::<SetPriceLimits>();
                self.apply(&SetPriceLimits { header, instrument, low, high })
            }
            Command::Publish => {
                let header = self.operator_header::<PublishIndicative>();
                self.apply(&PublishIndicative { header, instrument })
            }
            Command::EndDay => {
                let header = self.operator_header::<EndTradingDay>();
                self.apply(&EndTradingDay { header, instrument })
            }
            Command::MassCancel { owner, by_operator } => {
                let account = owner.map_or(Ok(AccountId::NONE), |owner| self.account(owner))?;
                let (session, sequence) = if by_operator { self.operator() } else { self.trader() };
                self.apply(&MassCancel::new((session, sequence, account), None))
            }
            Command::Protection { owner, window, quantity, fills } => {
                let by = self.trader_for(owner)?;
                self.apply(&SetProtection::new(by, window, quantity, fills))
            }
            Command::Resume { owner } => {
                let by = self.trader_for(owner)?;
                self.apply(&ResumeTrading::new(by))
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, order: &OrderEntry) -> Result<Subject, Stop> {
        self.check_name(order.id, order.owner)?;
        let by = self.trader_for(order.owner)?;
        let engine = &self.engine;
        let held = |record: &OrderRecord| record.order.and_then(|order| engine.order(order));
        let is_free = |record: &OrderRecord| held(record).is_some_and(|order| order.twin.is_none());
        let twin = self.pairs.twin(order, &self.facts, is_free);
        let entry = Entry::new(order, by, self.instrument(), self.self_trade, twin);
        self.apply_command(entry.command().into())?;
        let refused = refused_order(order.owner, order.price, order.quantity);
        Ok(Subject::Entry { id: order.id, refused })
    }

    /// A cancel, then a limit order without further terms: what a scenario means by it, and not the engine's own
    /// `ReplaceOrder`, whose order keeps the terms of the one that it replaces.
    fn replace(
        &mut self,
        id: OrderName,
        new_id: OrderName,
        price: PriceTicks,
        quantity: QuantityLots,
    ) -> Result<Subject, Stop> {
        let (account, target) = self.address(id, None)?;
        let resting = self.facts.order(id).copied().filter(|record| record.state == OrderState::Open);
        let resting = resting.and_then(|record| Some((record.owner, self.engine.order(record.order?)?.side)));
        let Some((owner, side)) = resting else {
            // Which rejection it is, the engine says.
            let (session, sequence) = self.trader();
            let by = (session, sequence, account);
            self.apply(&ReplaceOrder::new(by, target, client_order_id(new_id), price, quantity))?;
            return Ok(Subject::Order { id });
        };
        self.check_name(new_id, owner)?;
        self.apply(&CancelOrder { header: self.trader_header::<CancelOrder>(account), target })?;
        let (session, sequence) = self.trader();
        let by = (session, sequence, account);
        let order = NewOrder::limit(by, self.instrument(), client_order_id(new_id), side, price, quantity)
            .with_self_trade(self.self_trade);
        self.apply(&order)?;
        Ok(Subject::Entry { id: new_id, refused: refused_order(owner, Some(price), quantity) })
    }

    /// The engine would accept a name that an order of another account has, and then two orders would have it.
    fn check_name(&self, id: OrderName, owner: Owner) -> Result<(), Unsupported> {
        let is_taken = self.facts.order(id).is_some_and(|record| record.is_live() && record.owner != owner);
        if is_taken { Err(Unsupported::IdOfAnotherAccount) } else { Ok(()) }
    }

    /// Sends a record as it is written; what is not written is what makes it an ordinary command.
    fn send_written(&mut self, written: &Written) -> Result<(), Stop> {
        for (_, value) in &written.fields {
            if let Value::Account(owner) = value {
                self.account(*owner)?;
            }
        }
        let (kind, size) = written.record.kind_and_size();
        let mut bytes = written.base.clone();
        let usual = match kind {
            0..100 => self.trader,
            Work::KIND | Checkpoint::KIND | Timer::KIND => SessionId::sequencer(SHARD),
            _ => SessionId::operator(SHARD),
        };
        let named = written.fields.iter().find(|(field, _)| field.name == "header.session");
        let session = named.map_or(usual, |(_, value)| SessionId(self.bits_of(*value) as u64));
        let header = [
            ("header.kind", u128::from(kind)),
            ("header.size", size as u128),
            ("header.session", u128::from(session.0)),
            ("header.session_sequence", u128::from(self.next_of(session))),
        ];
        let given = written.fields.iter().map(|(field, value)| (*field, self.bits_of(*value)));
        let usual = header.iter().filter_map(|(name, bits)| Some((written.record.field(name)?, *bits)));
        for (field, bits) in usual.chain(given) {
            let to = field.offset..field.offset + field.form.width;
            bytes[to].copy_from_slice(&bits.to_le_bytes()[..field.form.width]);
        }
        let words: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes);
        self.apply_command(RawCommand::new(&words))
    }

    /// How a command names an order: the account that it is sent for, and the engine's id if there ever was one.
    ///
    /// An order that never was is looked for among client order ids, for nobody if nobody is named: that the engine finds
    /// none is for it to say.
    fn address(&mut self, id: OrderName, owner: Option<Owner>) -> Result<(AccountId, OrderTarget), Stop> {
        let record = self.facts.order(id).copied();
        let account = match owner.or(record.map(|record| record.owner)) {
            Some(owner) => self.account(owner)?,
            None => AccountId::NONE,
        };
        let by_name = OrderTarget::from(client_order_id(id));
        Ok((account, record.and_then(|record| record.order).map_or(by_name, OrderTarget::from)))
    }

    /// The engine's id for an account, which is opened when it is met first.
    fn account(&mut self, owner: Owner) -> Result<AccountId, Stop> {
        if let Some(account) = self.accounts.get(&owner) {
            return Ok(*account);
        }
        let open = OpenAccount::new(self.operator(), owner.0);
        self.set_up(EngineCommand::from(&open))?;
        let missing = || Error::engine("opening an account", "it is not there");
        Ok(self.accounts.get(&owner).copied().ok_or_else(missing)?)
    }

    fn instrument(&self) -> InstrumentId {
        self.instruments.first().copied().unwrap_or(InstrumentId::NONE)
    }

    /// The session sequence of a session's next command.
    fn next_of(&self, session: SessionId) -> u64 {
        self.engine.session(session).map_or(1, |session| session.last_session_sequence.saturating_add(1))
    }

    /// The session and session sequence of the operator's next command.
    fn operator(&self) -> (SessionId, u64) {
        let operator = SessionId::operator(SHARD);
        (operator, self.next_of(operator))
    }

    /// The session and session sequence of the trader's next command.
    fn trader(&self) -> (SessionId, u64) {
        (self.trader, self.next_of(self.trader))
    }

    /// The same for an account.
    fn trader_for(&mut self, owner: Owner) -> Result<(SessionId, u64, AccountId), Stop> {
        let account = self.account(owner)?;
        let (session, sequence) = self.trader();
        Ok((session, sequence, account))
    }

    fn operator_header<C: CommandRecord>(&self) -> CommandHeader {
        let (session, session_sequence) = self.operator();
        C::new_header(session, session_sequence, AccountId::NONE)
    }

    fn trader_header<C: CommandRecord>(&self, account: AccountId) -> CommandHeader {
        let (session, session_sequence) = self.trader();
        C::new_header(session, session_sequence, account)
    }

    /// Applies a command that must be taken, and which the scenario does not know of: that something was opened is not its
    /// business. What the command's opportunity did of pending work, or at its time, is.
    fn set_up(&mut self, command: EngineCommand<'_>) -> Result<(), Stop> {
        let kept = std::mem::take(&mut self.events);
        self.apply_command(command.into())?;
        let events = std::mem::replace(&mut self.events, kept);
        if let Some(code) = events.iter().find_map(rejection) {
            return Err(Stop::Refused(code));
        }
        let is_opening = |event: &OwnedEvent| {
            use OwnedEvent::{AccountOpened, InstrumentListed, SessionOpened};
            matches!(event, AccountOpened(_) | InstrumentListed(_) | SessionOpened(_))
        };
        self.events.extend(events.into_iter().filter(|event| !is_opening(event)));
        Ok(())
    }

    fn work(&mut self) -> Result<(), Stop> {
        let session = SessionId::sequencer(SHARD);
        let header = Work::new_header(session, self.next_of(session), AccountId::NONE);
        self.apply(&Work { header })
    }

    fn apply<'c, R>(&mut self, record: &'c R) -> Result<(), Stop>
    where
        RawCommand<'c>: From<&'c R>,
    {
        self.apply_command(record.into())
    }

    fn apply_command(&mut self, command: RawCommand<'_>) -> Result<(), Stop> {
        self.sequence += 1;
        let from = self.events.len();
        let mut sink: &mut dyn EventSink = &mut self.events;
        self.engine
            .apply(Sequence(self.sequence), self.time, command, &mut sink)
            .map_err(|cause| Error::engine("applying a scenario's command", cause))?;
        // What was opened has a name from here on.
        for event in &self.events[from..] {
            match event {
                OwnedEvent::InstrumentListed(listed) => self.instruments.push(listed.instrument),
                OwnedEvent::UnderlyingListed(listed) => self.underlyings.push(listed.underlying),
                OwnedEvent::ExpiryListed(listed) => self.expiries.push(listed.expiry),
                OwnedEvent::SessionOpened(opened) => self.sessions.push(opened.session),
                OwnedEvent::AccountOpened(opened) => {
                    let name = self.opened_as.take().unwrap_or(Owner(opened.owner));
                    self.accounts.insert(name, opened.account);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes in what an event tells.
    fn take(&mut self, subject: Subject, event: &OwnedEvent, is_rejection_stated: bool) -> Result<(), Stop> {
        if let Some(code) = rejection(event) {
            let is_about_an_order = !matches!(subject, Subject::Venue);
            let is_expected = is_rejection_stated || is_about_an_order && is_answer(code);
            if !is_expected {
                return Err(Stop::Refused(code));
            }
            tell_rejected(&mut self.facts, subject, code);
        }
        let account = match event {
            OwnedEvent::Accepted(accepted) => accepted.account,
            _ => AccountId::NONE,
        };
        let owner = self.accounts.iter().find(|(_, known)| **known == account).map_or(Owner(0), |(owner, _)| *owner);
        tell(&mut self.facts, event, owner)
    }

    /// Compares what the events told of the orders that the command touched with what the engine holds: checks are
    /// answered from both.
    fn reconcile(&self) -> Result<(), Stop> {
        for (id, record) in self.facts.touched() {
            let held = record.order.and_then(|order| self.engine.order(order));
            let (told, held) = match record.state {
                OrderState::Open => (
                    Some((record.price, record.leaves, record.visible())),
                    held.filter(|order| order.trigger.is_none())
                        .map(|order| (Some(order.price), order.leaves, order.shown)),
                ),
                OrderState::Pending => (
                    Some((None, record.leaves, QuantityLots::ZERO)),
                    held.filter(|order| order.trigger.is_some()).map(|order| (None, order.leaves, order.shown)),
                ),
                OrderState::Filled | OrderState::Dead => {
                    (None, held.map(|order| (Some(order.price), order.leaves, order.shown)))
                }
            };
            if told != held {
                let text = |live: Option<(Option<PriceTicks>, QuantityLots, QuantityLots)>| match live {
                    Some((price, leaves, shown)) => {
                        format!("live px={} leaves={leaves} vis={shown}", price_text(price))
                    }
                    None => "not live so".to_owned(),
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

    /// The last command's events.
    pub(crate) fn events(&self) -> impl Iterator<Item = novate_core::event::Event<'_>> {
        self.events.iter().map(OwnedEvent::view)
    }

    /// The last command's rejections.
    pub(crate) fn rejections(&self) -> impl Iterator<Item = RejectCode> + '_ {
        self.events.iter().filter_map(rejection)
    }

    /// Whether work is pending.
    pub(crate) fn is_work_pending(&self) -> bool {
        self.engine.work_pending()
    }

    /// What a written value is in the engine's records; all ones for what is not there, which nothing is called.
    pub(crate) fn bits_of(&self, value: Value) -> u128 {
        let place = |number: u64| usize::try_from(number.wrapping_sub(1)).unwrap_or(usize::MAX);
        let order = |id| self.facts.order(id).and_then(|record| record.order).map(|order| order.0);
        let found = match value {
            Value::Bits(bits) => return bits,
            Value::Account(owner) => self.accounts.get(&owner).map(|account| account.0),
            Value::Instrument(number) => self.instruments.get(place(number)).map(|instrument| instrument.0),
            Value::Underlying(number) => self.underlyings.get(place(number)).map(|underlying| underlying.0),
            Value::Expiry(number) => self.expiries.get(place(number)).map(|expiry| expiry.0),
            Value::Now => Some(self.time.0),
            Value::Session(number) => self.sessions.get(place(number)).map(|session| session.0),
            Value::Order(id) => order(id),
            Value::Client(id) => Some(client_order_id(id).0),
            Value::TargetOrder(id) => return target_bits(order(id), OrderTarget::BY_ORDER_ID),
            Value::TargetClient(id) => {
                return target_bits(Some(client_order_id(id).0), OrderTarget::BY_CLIENT_ORDER_ID);
            }
        };
        found.map_or(u128::from(u64::MAX), u128::from)
    }

    /// The scenario's name for something that a record names.
    pub(crate) fn name_of_bits(&self, reads: Reads, bits: u128) -> Option<String> {
        let bits = u64::try_from(bits).ok().filter(|bits| *bits != 0)?;
        let number = |place: Option<usize>| place.map(|place| (place + 1).to_string());
        match reads {
            Reads::Account => {
                self.accounts.iter().find(|(_, account)| account.0 == bits).map(|(owner, _)| owner.0.to_string())
            }
            Reads::Instrument => number(self.instruments.iter().position(|instrument| instrument.0 == bits)),
            Reads::Underlying => number(self.underlyings.iter().position(|underlying| underlying.0 == bits)),
            Reads::Expiry => number(self.expiries.iter().position(|expiry| expiry.0 == bits)),
            Reads::Session => number(self.sessions.iter().position(|session| session.0 == bits)),
            Reads::Order => self.facts.name_of(OrderId(bits)).map(|name| name.to_string()),
            Reads::Client => Some(name_of(ClientOrderId(bits)).to_string()),
            _ => None,
        }
    }

    /// What others see of an order; nothing of one that does not rest.
    pub(crate) fn visible(&self, record: &OrderRecord) -> QuantityLots {
        let order = record.order.and_then(|order| self.engine.order(order));
        order.map_or(QuantityLots::ZERO, |order| order.shown)
    }

    /// The levels of a side, best first.
    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.engine.top(self.instrument(), side).map(Level::from)
    }

    /// The level at a price, empty if there is none.
    pub(crate) fn level(&self, side: Side, price: PriceTicks) -> Level {
        let level = self.engine.level(self.instrument(), side, price);
        level.map_or(Level { price, ..Level::default() }, Level::from)
    }

    /// The orders of a level, oldest first.
    pub(crate) fn queue(&self, side: Side, price: PriceTicks) -> Vec<OrderName> {
        self.engine.queue(self.instrument(), side, price).map(|order| name_of(order.client_order_id)).collect()
    }

    /// The last trade's price, if there was one.
    pub(crate) fn last_price(&self) -> Option<PriceTicks> {
        self.engine.instrument(self.instrument()).and_then(|instrument| instrument.last_price)
    }

    /// The trading state.
    pub(crate) fn state(&self) -> TradingState {
        self.engine.instrument(self.instrument()).map_or(TradingState::Halted, |instrument| instrument.state)
    }

    /// What an uncross would trade now, and at which price; at a given price, if there is one. Nothing if nothing crosses.
    pub(crate) fn indicative(&self, given: Option<PriceTicks>) -> (i128, Option<PriceTicks>) {
        let found = self.engine.indicative(self.instrument(), given);
        found.map_or((0, None), |found| (found.bids.min(found.asks), Some(found.price)))
    }

    /// What an account holds and has made. With the usual multiplier of one atoms are price ticks times lots.
    pub(crate) fn position(&self, owner: Owner) -> Position {
        let account = self.accounts.get(&owner).copied().unwrap_or(AccountId::NONE);
        let realised = self.engine.account(account).map_or(0, |account| account.realised);
        let Some(held) = self.engine.position_view(account, self.instrument()) else {
            return Position { quantity: QuantityLots::ZERO, unrealised: Some(0), realised };
        };
        Position { quantity: held.quantity, unrealised: held.unrealised, realised }
    }
}

/// A target's sixteen bytes. An order that was never accepted has the largest id, which none has.
fn target_bits(id: Option<u64>, by: u8) -> u128 {
    u128::from(id.unwrap_or(u64::MAX)) | u128::from(by) << 64
}

fn rejection(event: &OwnedEvent) -> Option<RejectCode> {
    match event {
        OwnedEvent::Rejected(rejected) => RejectCode::from_code(rejected.code),
        _ => None,
    }
}

/// The engine's name for an order. Zero means none there, and scenarios have orders of that number: names are one higher.
pub(super) const fn client_order_id(id: OrderName) -> ClientOrderId {
    ClientOrderId(id.0 + 1)
}

/// The scenario's name for an order. Every order was given one, so none has the largest number.
pub(super) const fn name_of(id: ClientOrderId) -> OrderName {
    OrderName(id.0.wrapping_sub(1))
}
