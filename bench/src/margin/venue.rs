//! The venue of the cases that have no flow: an underlying, options in some expiries or one perpetual, and accounts
//! that hold some of them, all by trading with one that makes the market.

use std::io;

use novate_core::command::{
    AdjustCash, CancelOrder, CommandRecord, FeedRules, FeedStamp, ListExpiry, ListInstrument, ListUnderlying,
    MarginTerms, NewOrder, OpenAccount, OpenSession, RawCommand, SetMarginModel, SetMarginTerms, SetScenarios,
    SetShocks, SmileTerms, Timer, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface, Work,
};
use novate_core::engine::Engine;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, EntityId, ExpiryId, InstrumentId, SessionId};
use novate_core::margin::sets::derive_pmrm2;
use novate_core::terms::{InstrumentKind, MarginModel, OptionType, Role, Side, Surface};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

use super::stage::{Heard, Stage, places};
use crate::novate::COMMAND_INTERVAL_NS;

/// Atoms of a dollar.
const DOLLAR: i64 = 1_000_000;
/// The underlying's price, and the forward prices.
pub(super) const INDEX: CashAtoms = CashAtoms(1_000 * DOLLAR);
/// A tick is a cent; a lot is a hundredth of the underlying's unit.
const PRICE_UNIT: CashAtoms = CashAtoms(10_000);
const MULTIPLIER: CashAtoms = CashAtoms(100);
/// The scenario set's number.
const SET: u16 = 1;
/// What each account has: more than it can lose.
const CASH: CashAtoms = CashAtoms(1 << 50);
/// The most lots that an account may have.
const POSITION_MAX: QuantityLots = QuantityLots(1 << 24);
/// Strikes, in ticks: from 0.7 to 1.3 forwards.
const STRIKES: [i64; 2] = [70_000, 130_000];
const DAY_NS: u64 = 86_400 * 1_000_000_000;
/// From one expiry to the next.
const EXPIRY_DAYS: u64 = 30;
/// What options are traded at, in ticks.
const OPTION_PRICE: i64 = 5_000;
/// `Work` commands after which what a small venue leaves to be done is done.
const WORK_COMMANDS_MIN: u32 = 64;
/// Lots that an account holds, long or short, of what it holds.
pub(super) const HELD_LOTS: i64 = 10;

/// What is listed, and who holds what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Board {
    pub(super) model: MarginModel,
    /// Accounts, besides the one that makes the market.
    pub(super) accounts: u32,
    /// Expiries; without any there is one perpetual.
    pub(super) expiries: u32,
    /// Options of each expiry: calls and puts of half as many strikes.
    pub(super) options: u32,
    /// Of how many options of each expiry an account holds lots.
    pub(super) held: u32,
    /// Orders that will rest at once.
    pub(super) orders: u32,
    /// Whether the sources of feeds are not sure of them.
    pub(super) is_in_doubt: bool,
}

impl Board {
    pub(super) const fn instruments(&self) -> u32 {
        if self.expiries == 0 { 1 } else { self.expiries * self.options }
    }

    /// How many instruments an account has lots in.
    pub(super) const fn holdings(&self) -> u32 {
        if self.expiries == 0 { 1 } else { self.expiries * self.held }
    }

    /// What instruments are traded at, in ticks.
    pub(super) const fn price(&self) -> i64 {
        if self.expiries == 0 { INDEX.0 / PRICE_UNIT.0 } else { OPTION_PRICE }
    }

    /// What is bid or asked for by who does not trade at once, in ticks.
    pub(super) const fn passive_price(&self, side: Side) -> i64 {
        self.price() / 5 * if matches!(side, Side::Buy) { 4 } else { 6 }
    }

    /// The instrument of an account's how-many-th holding.
    pub(super) fn instrument(&self, account: u32, holding: u32) -> InstrumentId {
        if self.expiries == 0 {
            return nth(1);
        }
        let (expiry, of_expiry) = (holding / self.held, holding % self.held);
        let option = (account + of_expiry * (self.options / self.held)) % self.options;
        nth(1 + expiry * self.options + option)
    }

    /// Who makes the market.
    pub(super) fn maker(&self) -> AccountId {
        account(self.accounts)
    }

    /// A genesis with room for it; with margin, or without.
    pub(super) fn genesis(&self, is_margined: bool) -> Genesis {
        let (accounts, instruments) = (self.accounts + 1, self.instruments());
        let vectors = accounts * self.expiries.max(1);
        let capacities = Capacities {
            instruments,
            accounts,
            positions: self.accounts * self.holdings() + instruments,
            expiries: self.expiries.max(1),
            vectors: if is_margined { vectors } else { 0 },
            ladder_nodes: 4 * self.orders + 8 * instruments + 512,
            ..Capacities::for_orders(self.orders + 1)
        };
        Genesis::new(0, 1, capacities)
    }

    /// Sets it up, and returns what the trader and the operator go on with.
    pub(super) fn stage(&self, is_margined: bool) -> io::Result<(Stage, Trader, Operator)> {
        let (mut trader, mut operator) = (Trader::new(), Operator(0));
        let stage = Stage::new(&self.genesis(is_margined), |engine| {
            let mut venue = Venue { engine, board: self, operator, sequencer: 0, heard: Heard::default() };
            venue.list()?;
            venue.open_accounts()?;
            venue.feed()?;
            venue.trade(&mut trader)?;
            venue.settle()?;
            operator = venue.operator;
            match venue.heard.refusals {
                0 => Ok(()),
                refused => Err(io::Error::other(format!("the engine refused {refused} commands of the set-up"))),
            }
        })?;
        Ok((stage, trader, operator))
    }
}

/// The id of the how-many-th that was made of a kind of which none was ever taken away.
fn nth<Id: EntityId>(number: u32) -> Id {
    Id::from_parts(0, number, number)
}

/// An account, from 0; the last makes the market.
pub(super) fn account(index: u32) -> AccountId {
    nth(index + 1)
}

/// The one session that sends orders, for all accounts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trader {
    sent: u64,
    /// Orders that it sent.
    orders: u64,
}

impl Trader {
    fn new() -> Self {
        Self { sent: 0, orders: 0 }
    }

    fn next(&mut self, account: AccountId) -> (SessionId, u64, AccountId) {
        self.sent += 1;
        (nth(3), self.sent, account)
    }

    /// A limit order, and its name.
    pub(super) fn order(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        (side, ticks, lots): (Side, i64, i64),
    ) -> (NewOrder, ClientOrderId) {
        self.orders += 1;
        let name = ClientOrderId(self.orders);
        let submitter = self.next(account);
        (NewOrder::limit(submitter, instrument, name, side, PriceTicks(ticks), QuantityLots(lots)), name)
    }

    /// Cancels an order.
    pub(super) fn cancel(&mut self, account: AccountId, name: ClientOrderId) -> CancelOrder {
        CancelOrder::new(self.next(account), name)
    }
}

/// The operator's session: how many commands it has sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator(u64);

impl Operator {
    fn next(&mut self) -> (SessionId, u64) {
        self.0 += 1;
        (SessionId::operator(0), self.0)
    }

    /// Says the underlying's price, as it was seen at a time.
    pub(super) fn tick(&mut self, price: CashAtoms, time: TimeNs) -> UpdateIndex {
        UpdateIndex::new(self.next(), nth(1), price, FeedStamp::sure(0, time))
    }
}

/// A venue that is being set up.
struct Venue<'e, 'm> {
    engine: &'e mut Engine<'m>,
    board: &'e Board,
    operator: Operator,
    /// Commands that the sequencer sent.
    sequencer: u64,
    heard: Heard,
}

impl Venue<'_, '_> {
    fn send<C: CommandRecord>(&mut self, record: &C) -> io::Result<()> {
        let command = RawCommand::new(bytemuck::cast_slice(std::slice::from_ref(record)));
        let Some((sequence, time)) = places(self.engine.sequence()).next() else { return Ok(()) };
        self.engine.apply(sequence, time, command, &mut self.heard).map_err(io::Error::other)
    }

    /// Until no work is pending: with as many commands without margin as with it, so that orders have the same ids.
    fn settle(&mut self) -> io::Result<()> {
        for _ in 0..self.board.instruments() + self.board.accounts + WORK_COMMANDS_MIN {
            self.sequencer += 1;
            let header = Work::new_header(SessionId::sequencer(0), self.sequencer, AccountId::NONE);
            self.send(&Work { header })?;
        }
        if self.engine.work_pending() { Err(io::Error::other("the venue does not come to rest")) } else { Ok(()) }
    }

    fn list(&mut self) -> io::Result<()> {
        let pmrm2 = derive_pmrm2();
        let scenarios = SetScenarios::new(self.operator.next(), SET, pmrm2.scenarios);
        self.send(&scenarios)?;
        let shocks = SetShocks::new(self.operator.next(), SET, pmrm2.shocks);
        self.send(&shocks)?;
        let terms = SetMarginTerms::new(self.operator.next(), SET, MarginTerms::USUAL);
        self.send(&terms)?;
        let mut underlying = ListUnderlying::new(self.operator.next(), "BENCH", CashAtoms(2 * INDEX.0));
        underlying.lane_bits = 4;
        underlying.rules = ageless(SET);
        self.send(&underlying)?;
        for expiry in 1..=self.board.expiries {
            let list = ListExpiry::new(self.operator.next(), nth(1), expires_at(expiry), Surface::Smile);
            self.send(&list)?;
            for option in 0..self.board.options {
                self.list_instrument(|list| option_terms(list, expiry, option, self.board.options))?;
            }
        }
        if self.board.expiries == 0 { self.list_instrument(|_| {}) } else { Ok(()) }
    }

    fn list_instrument(&mut self, change: impl FnOnce(&mut ListInstrument)) -> io::Result<()> {
        let mut list = ListInstrument {
            underlying_id: nth(1),
            price_unit: PRICE_UNIT,
            multiplier: MULTIPLIER,
            position_max: POSITION_MAX,
            ..ListInstrument::perpetual(self.operator.next(), "BENCH")
        };
        change(&mut list);
        self.send(&list)
    }

    fn open_accounts(&mut self) -> io::Result<()> {
        for index in 0..=self.board.accounts {
            let account = account(index);
            let open = OpenAccount::new(self.operator.next(), u64::from(index) + 1);
            self.send(&open)?;
            let (session, sequence) = self.operator.next();
            let header = SetMarginModel::new_header(session, sequence, account);
            self.send(&SetMarginModel { header, model: self.board.model.code(), reserved: [0; 7] })?;
            let cash = AdjustCash::new(self.operator.next(), account, CASH);
            self.send(&cash)?;
        }
        let session = OpenSession::for_all_accounts(self.operator.next(), Role::Trader);
        self.send(&session)
    }

    /// Index, forward prices, rates and smiles, the first mark, and the first arrays.
    fn feed(&mut self) -> io::Result<()> {
        let mut stamp = FeedStamp::sure(0, TimeNs((self.engine.sequence().0 + 1) * COMMAND_INTERVAL_NS));
        if self.board.is_in_doubt {
            stamp.confidence = 0;
        }
        let index = self.operator.tick(INDEX, stamp.source_time);
        self.send(&index)?;
        for number in 1..=self.board.expiries {
            let expiry: ExpiryId = nth(number);
            let forward = UpdateForward::new(self.operator.next(), expiry, INDEX, stamp);
            self.send(&forward)?;
            let rate = UpdateRate::new(self.operator.next(), expiry, 50_000_000, stamp);
            self.send(&rate)?;
            let surface = UpdateSurface::new(self.operator.next(), expiry, smile(number), stamp);
            self.send(&surface)?;
        }
        self.sequencer += 1;
        let header = Timer::new_header(SessionId::sequencer(0), self.sequencer, AccountId::NONE);
        self.send(&Timer { header })?;
        self.settle()
    }

    /// Each account trades what it is to hold, every second one of its holdings being short.
    fn trade(&mut self, trader: &mut Trader) -> io::Result<()> {
        for index in 0..self.board.accounts {
            for holding in 0..self.board.holdings() {
                let instrument = self.board.instrument(index, holding);
                let (own, other) =
                    if (index + holding).is_multiple_of(2) { (Side::Buy, Side::Sell) } else { (Side::Sell, Side::Buy) };
                let (order, _) = trader.order(self.board.maker(), instrument, (other, self.board.price(), HELD_LOTS));
                self.send(&order)?;
                let (order, _) = trader.order(account(index), instrument, (own, self.board.price(), HELD_LOTS));
                self.send(&order)?;
            }
        }
        Ok(())
    }
}

/// The usual rules, but that no feed is ever too old: nobody sends what would keep it young.
pub(super) fn ageless(scenario_set: u16) -> FeedRules {
    let forever = TimeNs(u64::MAX);
    FeedRules {
        degraded_after: forever,
        stale_after: forever,
        invalid_after: forever,
        scenario_set,
        ..FeedRules::USUAL
    }
}

fn expires_at(expiry: u32) -> TimeNs {
    TimeNs(u64::from(expiry) * EXPIRY_DAYS * DAY_NS)
}

/// Calls and puts in turns, strike by strike.
fn option_terms(list: &mut ListInstrument, expiry: u32, option: u32, options: u32) {
    let [low, high] = STRIKES;
    let (strike, strikes) = (i64::from(option / 2), i64::from(options / 2));
    let is_call = option.is_multiple_of(2);
    list.kind = InstrumentKind::EuropeanOption.code();
    list.option_type = if is_call { OptionType::Call } else { OptionType::Put }.code();
    list.strike = PriceTicks(low + (high - low) * strike / strikes);
    (list.expiry, list.expiry_id) = (expires_at(expiry), nth(expiry));
}

fn smile(expiry: u32) -> SmileTerms {
    const ONE: i64 = 1_000_000_000_000;
    SmileTerms {
        a: ONE / 50,
        b: ONE / 10,
        rho: -ONE / 5,
        m: ONE / 100,
        sigma: ONE / 5,
        forward: INDEX,
        years: ONE * i64::from(expiry) * EXPIRY_DAYS.cast_signed() / 365,
    }
}
