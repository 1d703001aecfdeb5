//! The world of an episode: its genesis, its habits, and what its generator has learned from the events.

use novate_core::arena::Marks;
use novate_core::engine::Engine;
use novate_core::event::Event;
use novate_core::genesis::Genesis;
use novate_core::ids::{AccountId, ExpiryId, InstrumentId, OrderId, SessionId, UnderlyingId};
use novate_core::reject::RejectCode;
use novate_core::terms::{Role, Side, TradingState};

use super::Habits;

/// A session that was opened once.
#[derive(Clone, Copy, Debug)]
pub struct KnownSession {
    /// Its id.
    pub session: SessionId,
    /// Its role.
    pub role: u8,
    /// Its last session sequence; none if it is closed.
    pub last: Option<u64>,
}

/// An instrument that was listed once.
#[derive(Clone, Copy, Debug)]
pub struct KnownInstrument {
    /// Its id.
    pub instrument: InstrumentId,
    /// Its price increment.
    pub tick: i64,
    /// Its quantity increment.
    pub lot: i64,
    /// Whether it is listed still.
    pub is_listed: bool,
    /// Its last price.
    pub last: Option<i64>,
    /// Its best bid and its best ask.
    pub best: [Option<i64>; 2],
    /// Its trading state, none if it is not listed.
    pub state: Option<TradingState>,
    /// Whether it is in an auction that began because of the price band.
    pub is_breached: bool,
    /// Whether an order was rejected because of its price limits since they were set.
    pub is_narrow: bool,
    /// What a lot is worth by its risk array, where margin is checked, in price ticks.
    pub near: Option<i64>,
}

impl KnownInstrument {
    /// One that was just listed.
    pub(crate) fn new(instrument: InstrumentId, tick: i64, lot: i64) -> Self {
        let (last, best, state) = (None, [None; 2], None);
        Self {
            instrument,
            tick,
            lot,
            is_listed: true,
            last,
            best,
            state,
            is_breached: false,
            is_narrow: false,
            near: None,
        }
    }
}

/// An underlying that was listed once.
#[derive(Clone, Copy, Debug)]
pub struct KnownUnderlying {
    /// Its id.
    pub underlying: UnderlyingId,
    /// The largest price that it takes.
    pub price_max: i64,
    /// Whether it is listed still.
    pub is_listed: bool,
}

/// An expiry that was listed once.
#[derive(Clone, Copy, Debug)]
pub struct KnownExpiry {
    /// Its id.
    pub expiry: ExpiryId,
    /// Its underlying.
    pub underlying: UnderlyingId,
    /// When it is.
    pub time: u64,
    /// Whether it is listed still.
    pub is_listed: bool,
}

/// An order that was accepted once.
#[derive(Clone, Copy, Debug)]
pub struct KnownOrder {
    /// Its id.
    pub order: OrderId,
    /// Whose it is.
    pub account: AccountId,
    /// The client's name for it, zero for none.
    pub client: u64,
    /// Where it is.
    pub instrument: InstrumentId,
}

/// What is known of the state, by listening and looking.
#[derive(Clone, Debug)]
pub struct World {
    /// The configuration.
    pub genesis: Genesis,
    /// The habits.
    pub habits: Habits,
    /// Sessions, closed ones too.
    pub sessions: Vec<KnownSession>,
    /// Accounts and whether they are open.
    pub accounts: Vec<(AccountId, bool)>,
    /// Instruments, delisted ones too.
    pub instruments: Vec<KnownInstrument>,
    /// Underlyings, delisted ones too.
    pub underlyings: Vec<KnownUnderlying>,
    /// Expiries, delisted ones too.
    pub expiries: Vec<KnownExpiry>,
    /// The last orders that were accepted, newest last.
    pub orders: Vec<KnownOrder>,
    /// Accounts whose protection has tripped and was not resumed, as far as is remembered.
    pub tripped: Vec<AccountId>,
    /// Whether the last order that was to be entered found the table of orders full.
    pub is_full: bool,
}

/// How many accepted orders are remembered.
const REMEMBERED_ORDERS: usize = 192;
/// How many entities of a kind are remembered: beyond, the oldest are forgotten.
const REMEMBERED_ENTITIES: usize = 12;
/// Of accounts and instruments, where margin is checked.
const REMEMBERED_BY_MARGIN: usize = 400;

impl World {
    /// Before the first command.
    pub(crate) fn new((genesis, habits): (Genesis, Habits)) -> Self {
        let shard = genesis.shard as u16;
        let sessions = [
            (SessionId::sequencer(shard), Role::Sequencer.code()),
            (SessionId::operator(shard), Role::Operator.code()),
        ];
        let sessions =
            sessions.into_iter().map(|(session, role)| KnownSession { session, role, last: Some(0) }).collect();
        Self {
            genesis,
            habits,
            sessions,
            accounts: Vec::new(),
            instruments: Vec::new(),
            underlyings: Vec::new(),
            expiries: Vec::new(),
            orders: Vec::new(),
            tripped: Vec::new(),
            is_full: false,
        }
    }

    /// Whether margin is checked, of many accounts and instruments.
    pub(crate) fn is_vast(&self) -> bool {
        self.genesis.is_margined() && self.genesis.capacities.instruments >= 400
    }

    /// Whether margin is checked, of many options of one expiry.
    pub(crate) fn is_crowded(&self) -> bool {
        self.genesis.is_margined() && self.genesis.capacities.expiries == 1
    }

    /// Whether margin is checked, of more orders than batches handle without looking ahead.
    pub(crate) fn is_deep(&self) -> bool {
        self.genesis.is_margined() && self.genesis.capacities.orders > 16_384
    }

    /// Looks which of the known entities are there still.
    pub(crate) fn look<M: Marks>(&mut self, engine: &Engine<'_, M>) {
        for known in &mut self.sessions {
            known.last = engine.session(known.session).map(|session| session.last_session_sequence);
        }
        for (account, is_open) in &mut self.accounts {
            *is_open = engine.account(*account).is_some();
        }
        for known in &mut self.underlyings {
            known.is_listed = engine.validity(known.underlying).is_some();
        }
        for known in &mut self.expiries {
            known.is_listed = engine.expiry_validity(known.expiry).is_some();
        }
        for known in &mut self.instruments {
            let view = engine.instrument(known.instrument);
            known.is_listed = view.is_some();
            known.last = view.and_then(|view| view.last_price).map(|price| price.0);
            known.state = view.map(|view| view.state);
            let best = |side| engine.top(known.instrument, side).next().map(|level| level.price.0);
            known.best = [best(Side::Buy), best(Side::Sell)];
            let is_margined = self.genesis.is_margined();
            known.near =
                view.filter(|_| is_margined).and_then(|view| near(engine, known.instrument, view.multiplier.0));
        }
        // Most of what is gone is forgotten; some of it stays, to be named all the same.
        if self.orders.len() > REMEMBERED_ORDERS / 2 {
            self.orders.retain(|known| (known.order.0 >> 24) % 16 == 0 || engine.order(known.order).is_some());
        }
    }

    /// Learns from an event.
    pub(crate) fn learn(&mut self, event: &Event<'_>) {
        let most = if self.genesis.is_margined() { REMEMBERED_BY_MARGIN } else { REMEMBERED_ENTITIES };
        match event {
            Event::SessionOpened(opened) => {
                forget(&mut self.sessions, REMEMBERED_ENTITIES, 2);
                self.sessions.push(KnownSession { session: opened.session, role: opened.role as u8, last: Some(0) });
            }
            Event::AccountOpened(opened) => {
                forget(&mut self.accounts, most, 0);
                self.accounts.push((opened.account, true));
            }
            Event::InstrumentListed(listed) => {
                forget(&mut self.instruments, most, 0);
                self.instruments.push(KnownInstrument::new(listed.instrument, listed.tick.0, listed.lot.0));
            }
            Event::UnderlyingListed(listed) => {
                forget(&mut self.underlyings, REMEMBERED_ENTITIES, 0);
                let (underlying, price_max) = (listed.underlying, listed.price_max.0);
                self.underlyings.push(KnownUnderlying { underlying, price_max, is_listed: true });
            }
            Event::ExpiryListed(listed) => {
                forget(&mut self.expiries, REMEMBERED_ENTITIES, 0);
                let (expiry, underlying, time) = (listed.expiry, listed.underlying, listed.time.0);
                self.expiries.push(KnownExpiry { expiry, underlying, time, is_listed: true });
            }
            Event::Accepted(accepted) => {
                self.is_full = false;
                forget(&mut self.orders, REMEMBERED_ORDERS, 0);
                let (order, account, client) = (accepted.order, accepted.account, accepted.client_order_id.0);
                self.orders.push(KnownOrder { order, account, client, instrument: accepted.instrument });
            }
            Event::ProtectionTripped(tripped) => {
                forget(&mut self.tripped, REMEMBERED_ENTITIES, 0);
                self.tripped.push(tripped.account);
            }
            Event::TradingResumed(resumed) => self.tripped.retain(|&account| account != resumed.account),
            Event::AccountClosed(closed) => self.tripped.retain(|&account| account != closed.account),
            Event::PriceBandBreached(breached) => self.note(breached.instrument, |known| known.is_breached = true),
            Event::TradingStateChanged(changed) if changed.state == TradingState::Continuous.code() => {
                self.note(changed.instrument, |known| known.is_breached = false);
            }
            Event::PriceLimitsSet(limits) => self.note(limits.instrument, |known| known.is_narrow = false),
            Event::Rejected(rejected) => match RejectCode::from_code(rejected.code) {
                Some(RejectCode::PriceOutsideLimits) => self.note(rejected.instrument, |known| known.is_narrow = true),
                Some(RejectCode::OrderTableFull) => self.is_full = true,
                _ => {}
            },
            _ => {}
        }
    }

    fn note(&mut self, instrument: InstrumentId, change: impl Fn(&mut KnownInstrument)) {
        self.instruments.iter_mut().filter(|known| known.instrument == instrument).for_each(change);
    }
}

/// What a lot is worth, in ticks.
fn near<M: Marks>(engine: &Engine<'_, M>, instrument: InstrumentId, multiplier: i64) -> Option<i64> {
    let risk = engine.risk(instrument)?;
    Some((risk.array.mark >> risk.lane_bits) / multiplier.max(1))
}

/// Makes room for one more, the first `keep` staying.
fn forget<T>(known: &mut Vec<T>, most: usize, keep: usize) {
    if known.len() >= most {
        known.remove(keep);
    }
}
