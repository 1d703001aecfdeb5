//! A desk's underlyings, expiries and feeds. What nothing is said of is as unremarkable as it can be.

use alloc::string::String;
use alloc::vec::Vec;

use bytemuck::Zeroable;

use super::{Canary, Desk, small};
use crate::command::{
    CloseAccount, CommandRecord, ConfigureUnderlying, DelistExpiry, DelistInstrument, DelistUnderlying, FeedRules,
    FeedStamp, ListExpiry, ListInstrument, ListUnderlying, MarginTerms, OpenSession, PPM, ScenarioTerms,
    SetMarginModel, SetMarginTerms, SetScenarios, SetShocks, Shocks, SmileTerms, Timer, UpdateForward, UpdateIndex,
    UpdateRate, UpdateSurface, UpdateVolatility, Work,
};
use crate::genesis::Genesis;
use crate::ids::{AccountId, ExpiryId, InstrumentId, SessionId, UnderlyingId};
use crate::terms::{InstrumentKind, OptionType, Role, Smile, Surface};
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

pub(super) const DAY: u64 = 86_400_000_000_000;
/// The desk's first underlying, and its first two expiries.
pub(super) const U: UnderlyingId = UnderlyingId::assemble(0, 1, 1);
pub(super) const SMILE: ExpiryId = ExpiryId::assemble(0, 1, 1);
pub(super) const STRIKES: ExpiryId = ExpiryId::assemble(0, 2, 2);

/// The how-many-th instrument of a desk that delists none; the first has no underlying.
pub(super) const fn instrument(number: u32) -> InstrumentId {
    InstrumentId::assemble(0, number, number)
}

/// Nothing grows old, any move is taken, marks are averages of 100 ns within 10 %.
pub(super) fn lenient() -> FeedRules {
    FeedRules {
        degraded_after: TimeNs(u64::MAX),
        stale_after: TimeNs(u64::MAX),
        invalid_after: TimeNs(u64::MAX),
        mark_window: TimeNs(100),
        move_max: 0,
        mark_band: 100_000,
        confidence_min: 0,
        slow_multiple: 1,
        scenario_set: 0,
        confirmations: 2,
        confirm_after_us: 0,
        reserved: 0,
    }
}

/// From a source that is sure.
pub(super) fn stamp(source_time: u64, source: u16) -> FeedStamp {
    FeedStamp { source_time: TimeNs(source_time), confidence: PPM, source, reserved: 0 }
}

/// A smile that is none: a volatility of sqrt(`a`), so many parts of 1e-12.
pub(super) fn flat(a: i64) -> SmileTerms {
    let one = 1_000_000_000_000;
    SmileTerms { a, b: 0, rho: 0, m: 0, sigma: one / 10, forward: CashAtoms(1_000), years: one }
}

/// Terms that are easy to reckon with: 4 % either way and 1 % of slippage, half as much again; losses by 80 %
/// and whole; 2 % and 1 % of futures, 1 % and 1 % of naked options; nothing for doubt and pegs.
pub(super) fn terms() -> MarginTerms {
    MarginTerms { doubt: 0, peg_loss: 0, ..MarginTerms::USUAL }
}

impl Desk {
    /// A desk with an underlying of these rules, and an expiry of each surface in a hundred days.
    pub(super) fn market(rules: FeedRules, canary: Canary) -> Self {
        let mut genesis = small();
        genesis.capacities.instruments = 128;
        Self::market_of(&genesis, rules, canary)
    }

    /// The same with another genesis. Terms are [`terms`].
    pub(super) fn market_of(genesis: &Genesis, rules: FeedRules, canary: Canary) -> Self {
        let mut desk = Self::with(genesis, canary);
        assert_eq!(desk.open(Role::Feed), "SessionOpened");
        assert_eq!(desk.scenarios(1, [1_100_000, 333_333]), "ScenariosSet");
        assert_eq!(desk.shocks(1), "ShocksSet");
        assert_eq!(desk.terms(1, terms()), "MarginTermsSet");
        assert_eq!(desk.underlying(|list| list.rules = rules), "UnderlyingListed");
        assert_eq!(desk.expiry(U, 100 * DAY, Surface::Smile), "ExpiryListed");
        assert_eq!(desk.expiry(U, 100 * DAY, Surface::Strikes), "ExpiryListed");
        desk
    }

    /// The next command's time.
    pub(super) fn at(&mut self, time: u64) -> &mut Self {
        self.later = time - (self.sequence + 1);
        self
    }

    pub(super) fn operators(&mut self) -> (SessionId, u64) {
        (self.operator, self.turn(1))
    }

    /// Who speaks as a source of this number: the operator as the first, the feed's own session as any other.
    fn source(&mut self, number: u16) -> (SessionId, u64) {
        if number <= 1 { self.operators() } else { (SessionId::assemble(0, 4, 4), self.turn(3)) }
    }

    pub(super) fn underlying(&mut self, edit: impl FnOnce(&mut ListUnderlying)) -> String {
        let mut list = ListUnderlying::new(self.operators(), "U", CashAtoms(1_000_000));
        (list.lane_bits, list.rules) = (1, lenient());
        edit(&mut list);
        self.send(&list)
    }

    /// Gives the first underlying other rules.
    pub(super) fn configure(&mut self, rules: FeedRules) -> String {
        let (session, turn) = self.operators();
        let header = ConfigureUnderlying::new_header(session, turn, AccountId::NONE);
        self.send(&ConfigureUnderlying { header, underlying: U, rules })
    }

    pub(super) fn open(&mut self, role: Role) -> String {
        let (session, turn) = self.operators();
        let header = OpenSession::new_header(session, turn, AccountId::NONE);
        self.send(&OpenSession { header, role: role.code(), flags: 0, reserved: [0; 6] })
    }

    pub(super) fn expiry(&mut self, underlying: UnderlyingId, time: u64, surface: Surface) -> String {
        let (session, turn) = self.operators();
        let header = ListExpiry::new_header(session, turn, AccountId::NONE);
        let (time, surface) = (TimeNs(time), surface.code());
        self.send(&ListExpiry { header, underlying, time, surface, reserved: [0; 7] })
    }

    /// Scenarios of these spot factors, the smile being kept.
    pub(super) fn scenarios(&mut self, set: u16, spots: impl IntoIterator<Item = u32>) -> String {
        let scenarios: Vec<_> = spots.into_iter().map(|spot| ScenarioTerms::new(spot, PPM, Smile::Kept)).collect();
        let record = SetScenarios::new(self.operators(), set, scenarios);
        self.send(&record)
    }

    /// Shocks that change nothing but the basis: 20 % up, 10 % down.
    pub(super) fn shocks(&mut self, set: u16) -> String {
        const ONE: i32 = 1_000_000;
        let basis = [1_200_000, 900_000];
        let shocks = Shocks { floor_days: ONE, width_min: ONE, basis, fixed: [ONE; 2], ..Shocks::zeroed() };
        let (session, turn) = self.operators();
        let header = SetShocks::new_header(session, turn, AccountId::NONE);
        self.send(&SetShocks { header, set, reserved: [0; 6], shocks })
    }

    pub(super) fn terms(&mut self, set: u16, terms: MarginTerms) -> String {
        let record = SetMarginTerms::new(self.operators(), set, terms);
        self.send(&record)
    }

    /// A perpetual of the first underlying, and what is changed of it.
    pub(super) fn list(&mut self, edit: impl FnOnce(&mut ListInstrument)) -> String {
        let mut list = ListInstrument::perpetual(self.operators(), "I");
        (list.underlying_id, list.price_unit, list.position_max) = (U, CashAtoms(1), QuantityLots(1_000));
        edit(&mut list);
        self.send(&list)
    }

    /// A call of that kind and expiry with a strike of 50.
    pub(super) fn list_call(&mut self, kind: InstrumentKind, expiry: ExpiryId) -> String {
        self.list(|list| call(list, kind, expiry))
    }

    pub(super) fn delist(&mut self, instrument: InstrumentId) -> String {
        let (session, turn) = self.operators();
        self.send(&DelistInstrument {
            header: DelistInstrument::new_header(session, turn, AccountId::NONE),
            instrument,
        })
    }

    pub(super) fn delist_expiry(&mut self, expiry: ExpiryId) -> String {
        let (session, turn) = self.operators();
        self.send(&DelistExpiry { header: DelistExpiry::new_header(session, turn, AccountId::NONE), expiry })
    }

    pub(super) fn delist_underlying(&mut self, underlying: UnderlyingId) -> String {
        let (session, turn) = self.operators();
        self.send(&DelistUnderlying {
            header: DelistUnderlying::new_header(session, turn, AccountId::NONE),
            underlying,
        })
    }

    pub(super) fn index(&mut self, underlying: UnderlyingId, price: i64, stamp: FeedStamp) -> String {
        let (session, turn) = self.source(stamp.source);
        let header = UpdateIndex::new_header(session, turn, AccountId::NONE);
        self.send(&UpdateIndex { header, underlying, price: CashAtoms(price), stamp })
    }

    pub(super) fn forward(&mut self, expiry: ExpiryId, price: i64, stamp: FeedStamp) -> String {
        let (session, turn) = self.source(stamp.source);
        let header = UpdateForward::new_header(session, turn, AccountId::NONE);
        self.send(&UpdateForward { header, expiry, price: CashAtoms(price), stamp })
    }

    pub(super) fn rate(&mut self, expiry: ExpiryId, rate: i64, stamp: FeedStamp) -> String {
        let (session, turn) = self.source(stamp.source);
        let header = UpdateRate::new_header(session, turn, AccountId::NONE);
        self.send(&UpdateRate { header, expiry, rate, stamp })
    }

    pub(super) fn smile(&mut self, expiry: ExpiryId, smile: SmileTerms, stamp: FeedStamp) -> String {
        let (session, turn) = self.source(stamp.source);
        let header = UpdateSurface::new_header(session, turn, AccountId::NONE);
        self.send(&UpdateSurface { header, expiry, smile, stamp })
    }

    pub(super) fn volatility(&mut self, instrument: InstrumentId, volatility: i64, stamp: FeedStamp) -> String {
        let (session, turn) = self.source(stamp.source);
        let header = UpdateVolatility::new_header(session, turn, AccountId::NONE);
        self.send(&UpdateVolatility { header, instrument, volatility, stamp })
    }

    pub(super) fn margin_model(&mut self, account: AccountId, model: u8) -> String {
        let (session, turn) = self.operators();
        let header = SetMarginModel::new_header(session, turn, account);
        self.send(&SetMarginModel { header, model, reserved: [0; 7] })
    }

    pub(super) fn close(&mut self, account: AccountId) -> String {
        let (session, turn) = self.operators();
        self.send(&CloseAccount { header: CloseAccount::new_header(session, turn, account) })
    }

    pub(super) fn timer(&mut self) -> String {
        let header = Timer::new_header(SessionId::sequencer(0), self.turn(0), AccountId::NONE);
        self.send(&Timer { header })
    }

    pub(super) fn work(&mut self) -> String {
        let header = Work::new_header(SessionId::sequencer(0), self.turn(0), AccountId::NONE);
        self.send(&Work { header })
    }

    /// Works until nothing is left to do.
    pub(super) fn rest(&mut self) {
        for _ in 0..10_000 {
            if !self.engine.work_pending() {
                return;
            }
            self.work();
        }
        panic!("work without an end");
    }

    /// A command that changes nothing, and does a share.
    pub(super) fn share(&mut self) -> String {
        let said = self.line("d cancel 999");
        String::from(said.strip_prefix("rejected UnknownOrder").unwrap().trim_start_matches("; "))
    }

    pub(super) fn mark_of(&self, instrument: InstrumentId) -> Option<i64> {
        self.engine.last_and_mark(instrument).1.map(PriceTicks::get)
    }
}

/// Makes a call of what is listed, with the time of the market's expiries.
pub(super) fn call(list: &mut ListInstrument, kind: InstrumentKind, expiry: ExpiryId) {
    (list.kind, list.option_type, list.strike) = (kind.code(), OptionType::Call.code(), PriceTicks(50));
    (list.expiry, list.expiry_id) = (TimeNs(100 * DAY), expiry);
}
