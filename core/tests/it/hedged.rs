//! A margined venue whose accounts hold options that are worth nothing together, whatever the price: for storms of ticks.
//! Every command that it is sent is kept.

use novate_core::arena::{Chunk, Untracked};
use novate_core::command::{
    AdjustCash, CancelOrder, Command, CommandRecord, FeedRules, FeedStamp, ListExpiry, ListInstrument, ListUnderlying,
    MarginTerms, NewComplexOrder, NewOrder, OpenAccount, OpenSession, RawCommand, SetLastPrice, SetMarginModel,
    SetMarginTerms, SetScenarios, SetShocks, SmileTerms, Timer, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface,
    Work,
};
use novate_core::engine::Engine;
use novate_core::engine::effort::{Bounds, Effort};
use novate_core::event::OwnedEvent;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, EntityId, ExpiryId, InstrumentId, SessionId, UnderlyingId};
use novate_core::margin::sets::derive_pmrm2;
use novate_core::terms::{InstrumentKind, MarginModel, OptionType, Role, Side, Surface};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, Sequence, TimeNs};

/// Atoms of a dollar.
const DOLLAR: i64 = 1_000_000;
/// What one unit of the underlying costs.
pub(crate) const INDEX: i64 = 1_000 * DOLLAR;
/// Bits of a lane behind the atom.
const LANE_BITS: u8 = 4;
const DAY_NS: u64 = 86_400_000_000_000;
/// Expiries of the underlying, a month apart.
pub(crate) const EXPIRIES: u32 = 5;
/// Options of the underlying.
pub(crate) const OPTIONS: u32 = 2 * EXPIRIES * SHAPE.len() as u32;
/// Bought at one strike after another, as calls, and sold as puts: a condor and two butterflies. Neither the weights nor
/// the weights times the strikes have a sum, so that nothing depends on the forward price.
const SHAPE: [i64; 10] = [1, -1, -1, 1, 1, -2, 1, 1, -2, 1];
/// Lots for a weight of one.
const LOTS: i64 = 10;
/// What every option trades at: the same, so that trades bring in what they cost.
const PRICE: i64 = 5_000;
/// What accounts have that need not count it.
const RICH: i64 = 1 << 50;
/// A stamp's source.
const SOURCE: u16 = 0;

/// The id of the how-many-th that was made of a kind of which none was ever taken away.
pub(crate) fn nth<Id: EntityId>(number: u32) -> Id {
    Id::from_parts(0, number, number)
}

/// What a hedged account needs, in atoms: what rounding may come to, and nothing else.
///
/// An array's lanes are cut off, each by less than one: of an account's lots in an expiry, `lots` lanes at most. Their value
/// now, and each scenario's less that, discounted by less than two and rounded, are within `lots` and `3 lots + 1`. The
/// worst of the scenarios counts in full, at most; so does what the basis may lose, which is less. Sums are rounded down to
/// atoms.
pub(crate) fn rounding() -> i64 {
    let lots = 2 * LOTS * SHAPE.iter().map(|weight| weight.abs()).sum::<i64>();
    let lanes = i64::from(EXPIRIES) * (lots + 3 * lots + 1);
    (lanes >> LANE_BITS) + 2
}

/// The engine, and who sends what to it.
pub(crate) struct Hedged<'a> {
    pub(crate) engine: Engine<'a>,
    pub(crate) log: Vec<Vec<u64>>,
    /// Accounts that are hedged: the first of all.
    pub(crate) count: u32,
    operator: u64,
    trader: u64,
    sequencer: u64,
    names: u64,
    /// The most of each that a command did.
    pub(crate) most: Effort,
}

/// Accounts besides: one that has something and no hedge, one that makes the market, two that have nothing.
pub(crate) const OTHERS: u32 = 4;
/// Instruments of the other underlying: some options, and last a perpetual, of which 0.0001 % of its price is a tick.
pub(crate) const OTHER_INSTRUMENTS: u32 = 4;

/// Room for so many accounts that are hedged, and the others.
pub(crate) fn genesis(hedged: u32) -> Genesis {
    genesis_with(hedged, 64)
}

/// The same, and for so many live orders.
pub(crate) fn genesis_with(hedged: u32, orders: u32) -> Genesis {
    let capacities = Capacities {
        instruments: 2 * OPTIONS,
        accounts: hedged + OTHERS,
        positions: (hedged + OTHERS) * OPTIONS + 8,
        vectors: (hedged + OTHERS) * (EXPIRIES + 2),
        underlyings: 2,
        expiries: EXPIRIES + 1,
        ..Capacities::for_orders(orders)
    };
    Genesis::new(0, 1, capacities)
}

/// The time of a command.
pub(crate) fn time_of(sequence: Sequence) -> TimeNs {
    TimeNs(sequence.0 * 1_000)
}

impl<'a> Hedged<'a> {
    /// Lists everything, has so many accounts trade their options, and takes from them what they do not need.
    pub(crate) fn new(chunks: &'a mut [Chunk], hedged: u32) -> Self {
        Self::of(chunks, &genesis(hedged), hedged)
    }

    /// The same with another genesis.
    pub(crate) fn of(chunks: &'a mut [Chunk], genesis: &Genesis, hedged: u32) -> Self {
        let engine = Engine::genesis(chunks, Untracked, genesis).expect("a genesis");
        let (log, most) = (Vec::new(), Effort::default());
        let mut venue = Self { engine, log, count: hedged, operator: 0, trader: 0, sequencer: 0, names: 0, most };
        venue.list();
        venue.open_accounts();
        venue.feed();
        venue.trade();
        venue
    }

    /// Applies a command; what it does of valuation and margin is within its bounds.
    pub(crate) fn send<C: CommandRecord>(&mut self, record: &C) -> Vec<OwnedEvent> {
        let words: Vec<u64> = bytemuck::cast_slice(std::slice::from_ref(record)).to_vec();
        let command = Command::decode(&words);
        let named = command.header().map_or(AccountId::NONE, |header| header.account);
        let bounds = Bounds::of(&command, self.engine.records(named).unwrap_or_default());
        let sequence = Sequence(self.engine.sequence().0 + 1);
        let mut events = Vec::new();
        let raw = RawCommand::new(&words);
        self.engine.apply(sequence, time_of(sequence), raw, &mut events).expect("in order");
        let effort = self.engine.effort();
        assert!(bounds.hold(&effort), "{command:?}: {effort:?} {bounds:?}");
        self.note(&effort);
        self.log.push(words);
        events
    }

    fn note(&mut self, effort: &Effort) {
        let most = &mut self.most;
        most.arrays = most.arrays.max(effort.arrays);
        most.looked = most.looked.max(effort.looked);
        most.records = most.records.max(effort.records);
        most.swept.records = most.swept.records.max(effort.swept.records);
        most.swept.judged = most.swept.judged.max(effort.swept.judged);
        most.before_stops.records = most.before_stops.records.max(effort.before_stops.records);
        most.before_stops.judged = most.before_stops.judged.max(effort.before_stops.judged);
    }

    fn operator(&mut self) -> (SessionId, u64) {
        self.operator += 1;
        (SessionId::operator(0), self.operator)
    }

    fn stamp(&self) -> FeedStamp {
        FeedStamp::sure(SOURCE, time_of(Sequence(self.engine.sequence().0 + 1)))
    }

    pub(crate) fn work(&mut self) -> Vec<OwnedEvent> {
        self.sequencer += 1;
        let header = Work::new_header(SessionId::sequencer(0), self.sequencer, AccountId::NONE);
        self.send(&Work { header })
    }

    pub(crate) fn settle(&mut self) {
        while self.engine.work_pending() {
            self.work();
        }
    }

    pub(crate) fn index(&mut self, underlying: u32, price: i64) -> Vec<OwnedEvent> {
        let (by, stamp) = (self.operator(), self.stamp());
        self.send(&UpdateIndex::new(by, nth(underlying), CashAtoms(price), stamp))
    }

    pub(crate) fn forward(&mut self, expiry: u32, price: i64) -> Vec<OwnedEvent> {
        let (by, stamp) = (self.operator(), self.stamp());
        self.send(&UpdateForward::new(by, nth(expiry), CashAtoms(price), stamp))
    }

    pub(crate) fn cash(&mut self, account: AccountId, amount: i64) -> Vec<OwnedEvent> {
        let by = self.operator();
        self.send(&AdjustCash::new(by, account, CashAtoms(amount)))
    }

    pub(crate) fn model(&mut self, account: AccountId, model: MarginModel) -> Vec<OwnedEvent> {
        let (session, sequence) = self.operator();
        let header = SetMarginModel::new_header(session, sequence, account);
        self.send(&SetMarginModel { header, model: model.code(), reserved: [0; 7] })
    }

    /// Looks at the marks.
    pub(crate) fn timer(&mut self) -> Vec<OwnedEvent> {
        self.sequencer += 1;
        let header = Timer::new_header(SessionId::sequencer(0), self.sequencer, AccountId::NONE);
        self.send(&Timer { header })
    }

    /// A limit order, and its name.
    pub(crate) fn order(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        (side, price, lots): (Side, i64, i64),
    ) -> (Vec<OwnedEvent>, ClientOrderId) {
        (self.trader, self.names) = (self.trader + 1, self.names + 1);
        let (by, name) = ((nth(3), self.trader, account), ClientOrderId(self.names));
        let order = NewOrder::limit(by, instrument, name, side, PriceTicks(price), QuantityLots(lots));
        (self.send(&order), name)
    }

    /// A stop order that buys a lot at its trigger price.
    pub(crate) fn stop(&mut self, account: AccountId, instrument: InstrumentId, trigger: i64) -> Vec<OwnedEvent> {
        (self.trader, self.names) = (self.trader + 1, self.names + 1);
        let (by, name, price) = ((nth(3), self.trader, account), ClientOrderId(self.names), PriceTicks(trigger));
        let order = NewOrder::limit(by, instrument, name, Side::Buy, price, QuantityLots(1));
        self.send(&NewComplexOrder::from(order).with_trigger(price))
    }

    /// Sets the last price.
    pub(crate) fn last(&mut self, instrument: InstrumentId, price: i64) -> Vec<OwnedEvent> {
        let (session, sequence) = self.operator();
        let header = SetLastPrice::new_header(session, sequence, AccountId::NONE);
        self.send(&SetLastPrice { header, instrument, price: PriceTicks(price) })
    }

    /// Opens one more account, which has cash enough.
    pub(crate) fn open(&mut self, number: u32, model: MarginModel) {
        let by = self.operator();
        self.send(&OpenAccount::new(by, number.into()));
        self.model(nth(number), model);
        self.cash(nth(number), RICH);
    }

    pub(crate) fn cancel(&mut self, account: AccountId, name: ClientOrderId) -> Vec<OwnedEvent> {
        self.trader += 1;
        let by = (nth(3), self.trader, account);
        self.send(&CancelOrder::new(by, name))
    }

    pub(crate) fn terms(&mut self, terms: MarginTerms) -> Vec<OwnedEvent> {
        let by = self.operator();
        self.send(&SetMarginTerms::new(by, 1, terms))
    }

    fn list(&mut self) {
        let set = derive_pmrm2();
        let by = self.operator();
        self.send(&SetScenarios::new(by, 1, set.scenarios));
        let by = self.operator();
        self.send(&SetShocks::new(by, 1, set.shocks));
        let by = self.operator();
        self.send(&SetMarginTerms::new(by, 1, MarginTerms::USUAL));
        for _ in 0..2 {
            let by = self.operator();
            let mut underlying = ListUnderlying::new(by, "STORM", CashAtoms(4 * INDEX));
            underlying.lane_bits = LANE_BITS;
            underlying.rules = FeedRules { move_max: 0, mark_window: TimeNs(1), scenario_set: 1, ..FeedRules::USUAL };
            self.send(&underlying);
        }
        for expiry in 1..=EXPIRIES {
            let by = self.operator();
            self.send(&ListExpiry::new(by, nth(1), expires_at(expiry), Surface::Smile));
            for (step, _) in (0..).zip(SHAPE) {
                self.list_option(1, expiry, (OptionType::Call, 80_000 + 4_000 * step));
                self.list_option(1, expiry, (OptionType::Put, 80_000 + 4_000 * step));
            }
        }
        let by = self.operator();
        self.send(&ListExpiry::new(by, nth(2), expires_at(1), Surface::Smile));
        for strike in [90_000, 100_000, 110_000] {
            self.list_option(2, EXPIRIES + 1, (OptionType::Call, strike));
        }
        let by = self.operator();
        self.send(&ListInstrument {
            underlying_id: nth::<UnderlyingId>(2),
            price_unit: CashAtoms(INDEX / 1_000_000),
            multiplier: CashAtoms(100),
            position_max: QuantityLots(1 << 20),
            ..ListInstrument::perpetual(by, "PERPETUAL")
        });
    }

    /// Ticks are cents, lots a hundredth of a unit.
    fn list_option(&mut self, underlying: u32, expiry: u32, (option_type, strike): (OptionType, i64)) {
        let by = self.operator();
        let events = self.send(&ListInstrument {
            kind: InstrumentKind::EuropeanOption.code(),
            option_type: option_type.code(),
            strike: PriceTicks(strike),
            underlying_id: nth::<UnderlyingId>(underlying),
            expiry: expires_at(if underlying == 1 { expiry } else { 1 }),
            expiry_id: nth::<ExpiryId>(expiry),
            price_unit: CashAtoms(10_000),
            multiplier: CashAtoms(100),
            position_max: QuantityLots(1 << 20),
            ..ListInstrument::perpetual(by, "OPTION")
        });
        assert!(matches!(events[0], OwnedEvent::InstrumentListed(_)), "{events:?}");
    }

    fn open_accounts(&mut self) {
        for number in 1..=self.count + OTHERS {
            self.open(number, MarginModel::Portfolio);
        }
        let by = self.operator();
        self.send(&OpenSession::for_all_accounts(by, Role::Trader));
    }

    fn feed(&mut self) {
        for underlying in 1..=2 {
            self.index(underlying, INDEX);
        }
        for expiry in 1..=EXPIRIES + 1 {
            self.forward(expiry, INDEX);
            let (by, stamp) = (self.operator(), self.stamp());
            self.send(&UpdateRate::new(by, nth(expiry), 50_000_000, stamp));
            let (by, stamp) = (self.operator(), self.stamp());
            self.send(&UpdateSurface::new(by, nth(expiry), smile(), stamp));
        }
        self.timer();
        self.settle();
    }

    /// The last account sells to all what they buy, and buys what they sell.
    fn trade(&mut self) {
        let maker = nth(self.count + 2);
        for number in 1..=self.count {
            for option in 0..OPTIONS {
                let weight = SHAPE[(option / 2) as usize % SHAPE.len()] * if option.is_multiple_of(2) { 1 } else { -1 };
                let (side, lots) = if weight > 0 { (Side::Buy, weight) } else { (Side::Sell, -weight) };
                self.order(maker, nth(1 + option), (side.opposite(), PRICE, lots * LOTS));
                self.order(nth(number), nth(1 + option), (side, PRICE, lots * LOTS));
            }
            self.cash(nth(number), rounding() - RICH);
        }
        // The one before it is not hedged at all.
        self.order(maker, nth(1), (Side::Sell, PRICE, 100));
        self.order(nth(self.count + 1), nth(1), (Side::Buy, PRICE, 100));
        self.settle();
    }
}

fn expires_at(expiry: u32) -> TimeNs {
    TimeNs(u64::from(expiry) * 30 * DAY_NS)
}

fn smile() -> SmileTerms {
    const ONE: i64 = 1_000_000_000_000;
    SmileTerms {
        a: ONE / 50,
        b: ONE / 10,
        rho: -ONE / 5,
        m: ONE / 100,
        sigma: ONE / 5,
        forward: CashAtoms(INDEX),
        years: ONE / 12,
    }
}
