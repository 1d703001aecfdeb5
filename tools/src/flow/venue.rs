//! The venue of `novate run`, set up by commands: a shard that checks margin, with an underlying, the flow's perpetual on it,
//! futures and options, and accounts that hold some of them.
//!
//! There are three expiries, each with a future, and calls and puts at five strikes. The scenario set is that of Derive's
//! PMRM 2; terms are the usual ones, but that an initial margin is a tenth more than the maintenance margin, as futures
//! exchanges have it, and not a half or a quarter. Feeds are good for a second, and never invalid.
//!
//! The perpetual trades continuously while accounts are dealt their holdings, each by two orders, one of theirs and one of
//! the account that makes the market, at the price that the feeds say; then it goes into the state that the flow begins in.
//! All orders pass the check. The venue needs two seconds of sequenced time before the first row: marks are made by timers.

use novate_core::command::{
    CommandRecord, FeedRules, ListExpiry, ListInstrument, ListUnderlying, MarginTerms, OpenSession, SetMarginTerms,
    SetScenarios, SetShocks, SetTradingState,
};
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, EntityId, InstrumentId, SessionId};
use novate_core::margin::sets::derive_pmrm2;
use novate_core::reject::RejectCode;
use novate_core::terms::{InstrumentKind, OptionType, Role, Surface, TradingState};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

use super::dealer::{Counter, Dealer, Dealings, Dealt};
use super::feed::{SHARD, Terms};
use super::head::Survey;
use super::index::{EXPIRY_DAYS, Expiry, Feeds, expiries, underlying};
use super::portfolios::draw;
use super::scale::Scale;
use super::trader::{SYMBOL, Trader};
use crate::error::Error;

/// Accounts that a run may have, beside the one that makes the market.
pub(crate) const ACCOUNTS: [u32; 2] = [1, 1_000];
/// Sequenced time from the first command of a set-up to the first row.
pub(super) const SET_UP_NS: u64 = 2_000_000_000;
/// From the first feeds to the first marks.
const MARKS_NS: u64 = 1_000_000_000;

/// The scenario set's number.
const SET: u16 = 1;
/// An initial margin is 110 % of the maintenance margin, or that is 91 % of it.
const TERMS: MarginTerms = MarginTerms {
    initial_multiple: 1_100_000,
    maintenance_loss: 909_091,
    initial_loss: 1_000_000,
    linear: [20_000, 2_000],
    option: [10_000, 1_000],
    ..MarginTerms::USUAL
};
/// Feeds are good for a second, those of rates and smiles for a minute: the next row brings others, so none is ever invalid,
/// and marks of a second without rows are made of what was said last. The flow is the one source, and moves as it likes.
const RULES: FeedRules =
    FeedRules { invalid_after: TimeNs(u64::MAX), move_max: 0, scenario_set: SET, ..FeedRules::USUAL };
/// Strikes, in hundredths of the index at first.
const STRIKES: [i64; 5] = [90, 95, 100, 105, 110];
/// Records of an account: four holdings and the flow's perpetual, and room.
const RECORDS: u32 = 8;

/// Who the accounts of a run are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// How many, from the first of [`ACCOUNTS`] to the second.
    pub(crate) accounts: u32,
    /// The seed that they are drawn from.
    pub(crate) seed: u64,
}

impl Crowd {
    /// Room for them, beside what a flow takes.
    pub(super) const fn genesis(self, genesis: Genesis) -> Genesis {
        let (accounts, instruments) = (self.accounts + 1, (1 + EXPIRY_DAYS.len() * (1 + 2 * STRIKES.len())) as u32);
        let capacities = Capacities {
            accounts,
            vectors: accounts * (1 + EXPIRY_DAYS.len() as u32),
            positions: accounts * RECORDS + instruments,
            ladder_nodes: genesis.capacities.ladder_nodes + 8 * instruments,
            ..genesis.capacities
        };
        Genesis { capacities, ..genesis }
    }
}

/// What came of commands that were sent at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// The code of the rejection, of several the last.
    pub(super) rejected: Option<u16>,
    /// What is left over the account's initial margin, where that was too little for the command.
    pub(super) initial: Option<CashAtoms>,
    /// The price of the last trade in the flow's perpetual.
    pub(super) traded: Option<PriceTicks>,
    /// The code of the trading state that the flow's perpetual came to.
    pub(super) state: Option<u8>,
}

impl Told {
    /// For what is not refused.
    ///
    /// # Errors
    /// It was refused all the same.
    pub(super) fn accepted(self) -> Result<(), Error> {
        let Some(code) = self.rejected else { return Ok(()) };
        let name = RejectCode::from_code(code).map_or("an unknown code", RejectCode::name);
        Err(Error::engine(
            "setting the venue up, or saying prices",
            format!("a command of the operator's is rejected: {name}"),
        ))
    }
}

/// Commands that are sent at once, at most: an index, and three feeds of each expiry.
pub(super) const GROUP_MAX: usize = 1 + 3 * EXPIRY_DAYS.len();

/// Where commands are sent, and answered.
pub(super) trait Line {
    /// From here on, commands are sent at this time.
    fn set_time(&mut self, time: TimeNs);

    /// Sends commands, at most [`GROUP_MAX`], which the engine gets to see all at once, and waits until all that comes of them
    /// was heard.
    ///
    /// # Errors
    /// The engine is gone.
    fn tell_all(&mut self, commands: &[Vec<u64>]) -> Result<Told, Error>;

    /// Sends one command.
    ///
    /// # Errors
    /// As [`Line::tell_all`].
    fn tell(&mut self, command: &impl CommandRecord) -> Result<Told, Error> {
        self.tell_all(&[words(command)])
    }

    /// Sends one that is not refused.
    ///
    /// # Errors
    /// It was refused all the same, or the engine is gone.
    fn demand(&mut self, command: &impl CommandRecord) -> Result<(), Error> {
        self.tell(command)?.accepted()
    }
}

/// A command as it is sent.
pub(super) fn words(command: &impl CommandRecord) -> Vec<u64> {
    bytemuck::cast_slice(std::slice::from_ref(command)).to_vec()
}

/// The id of the how-many-th that was made of a kind of which none was ever taken away.
pub(super) fn nth<Id: EntityId>(number: u32) -> Id {
    Id::from_parts(SHARD, number, number)
}

/// The flow's perpetual: it is listed first.
pub(super) fn perpetual() -> InstrumentId {
    nth(1)
}

/// What is set up, and what goes on from there.
#[derive(Debug)]
pub(super) struct Margined {
    pub(super) trader: Trader,
    pub(super) feeds: Feeds,
    pub(super) crowd: Crowd,
    pub(super) scale: Scale,
    terms: Terms,
    expiries: [Expiry; EXPIRY_DAYS.len()],
    /// What holdings are dealt in: first what is no option.
    board: Vec<Dealt>,
}

impl Margined {
    /// Of a flow of which this is known, that begins then. None where its prices and quantities are too large.
    pub(super) fn new(survey: Survey, begin: TimeNs, terms: Terms, crowd: Crowd) -> Option<Self> {
        let scale = Scale::new(survey.price, survey.quantity)?;
        let expiries = expiries(begin);
        let feeds = Feeds::new(scale, expiries, survey.price);
        let trader = Trader::of_many(perpetual(), crowd.accounts);
        Some(Self { trader, feeds, crowd, scale, terms, expiries, board: Vec::new() })
    }

    /// Sends everything that comes before the first row, which is [`SET_UP_NS`] later.
    ///
    /// # Errors
    /// The engine refused what it does not refuse, or is gone.
    pub(super) fn set_up(
        &mut self,
        begin: TimeNs,
        opening: TradingState,
        line: &mut impl Line,
    ) -> Result<Dealings, Error> {
        line.set_time(begin);
        self.list(line)?;
        self.feeds.say(begin, &mut self.trader.operator, line)?;
        // A timer comes before what is sent a second later, and marks of it, and arrays, before what comes next.
        let marked = TimeNs(begin.0.saturating_add(MARKS_NS));
        line.set_time(marked);
        self.feeds.say(marked, &mut self.trader.operator, line)?;
        let dealings = self.deal(marked, line)?;
        if opening != TradingState::Continuous {
            let (session, sequence) = self.trader.operator.next();
            let header = SetTradingState::new_header(session, sequence, AccountId::NONE);
            let state = SetTradingState { header, instrument: perpetual(), state: opening.code(), reserved: [0; 7] };
            line.demand(&state)?;
        }
        Ok(dealings)
    }

    fn list(&mut self, line: &mut impl Line) -> Result<(), Error> {
        let operator = &mut self.trader.operator;
        let pmrm2 = derive_pmrm2();
        line.demand(&SetScenarios::new(operator.next(), SET, pmrm2.scenarios))?;
        line.demand(&SetShocks::new(operator.next(), SET, pmrm2.shocks))?;
        line.demand(&SetMarginTerms::new(operator.next(), SET, TERMS))?;
        let mut listed = ListUnderlying::new(operator.next(), "FLOW", self.scale.index_max);
        listed.lane_bits = 0;
        listed.rules = RULES;
        line.demand(&listed)?;
        let list = ListInstrument {
            tick: self.terms.tick,
            price_min: self.terms.price_min,
            price_max: self.terms.price_max,
            limit_low: self.terms.price_min,
            limit_high: self.terms.price_max,
            lot: self.terms.lot,
            multiplier: self.scale.multiplier,
            underlying_id: underlying(),
            price_unit: self.scale.price_unit,
            position_max: self.scale.position_max(),
            ..ListInstrument::perpetual(operator.next(), SYMBOL)
        };
        line.demand(&list)?;
        for expiry in self.expiries {
            line.demand(&ListExpiry::new(operator.next(), underlying(), expiry.time, Surface::Smile))?;
        }
        for (number, list) in (2..).zip(self.derivatives()) {
            let header = ListInstrument::perpetual(self.trader.operator.next(), "").header;
            line.demand(&ListInstrument { header, ..list })?;
            self.board.push(Dealt { instrument: nth(number), terms: list });
        }
        // The perpetual comes last of what is no option.
        self.board.insert(EXPIRY_DAYS.len(), Dealt { instrument: perpetual(), terms: list });
        Ok(())
    }

    /// Futures of all expiries, then options expiry by expiry, strike by strike, calls first.
    fn derivatives(&self) -> Vec<ListInstrument> {
        let price_max = PriceTicks(self.scale.index_max.0 / self.scale.fine_unit.0);
        let dated = |expiry: &Expiry, kind: InstrumentKind, symbol: &str| ListInstrument {
            kind: kind.code(),
            expiry: expiry.time,
            expiry_id: expiry.id,
            price_min: PriceTicks(1),
            price_max,
            limit_low: PriceTicks(1),
            limit_high: price_max,
            multiplier: self.scale.fine_multiplier,
            underlying_id: underlying(),
            price_unit: self.scale.fine_unit,
            position_max: QuantityLots(self.scale.held_orders),
            ..ListInstrument::perpetual((SessionId::NONE, 0), symbol)
        };
        let days = || EXPIRY_DAYS.into_iter().zip(&self.expiries);
        let mut all: Vec<_> =
            days().map(|(days, expiry)| dated(expiry, InstrumentKind::Future, &format!("FLOW-{days}D"))).collect();
        for (days, expiry) in days() {
            for percent in STRIKES {
                for (option_type, letter) in [(OptionType::Call, 'C'), (OptionType::Put, 'P')] {
                    let symbol = format!("FLOW-{days}D-{percent}{letter}");
                    let strike = PriceTicks(self.feeds.fine_index() * percent / 100);
                    let option_type = option_type.code();
                    let option = dated(expiry, InstrumentKind::EuropeanOption, &symbol);
                    all.push(ListInstrument { strike, option_type, ..option });
                }
            }
        }
        all
    }

    /// Opens accounts, and deals them what they hold.
    fn deal(&mut self, now: TimeNs, line: &mut impl Line) -> Result<Dealings, Error> {
        let Self { trader, feeds, crowd, scale, expiries, board, .. } = self;
        let session = OpenSession::for_all_accounts(trader.operator.next(), Role::Trader);
        line.demand(&session)?;
        let counters = board.iter().map(|dealt| Counter::new(dealt, (feeds, scale, expiries), now)).collect();
        let linear = EXPIRY_DAYS.len() as u32 + 1;
        let portfolios = draw(crowd.seed, crowd.accounts, (linear, board.len() as u32));
        Dealer { trader, line, scale, counters, dealings: Dealings::default() }.deal(&portfolios)
    }
}
