//! The naive oracle: a second implementation of the rules (`docs/ORDERS.md`, `docs/FEEDS.md` and `docs/RISK.md`),
//! written to be read beside them.
//!
//! It keeps orders in ordered maps and queues, searches where an index would be faster, and computes every total anew.
//! It shares the vocabulary with the engine (records and their decoding, ids, genesis, the digest's formula, the
//! formulas of prices) and none of the rules, so that the two can be run against each other: the same commands must
//! give the same events, byte for byte.
//!
//! Of the genesis capacities it models all but `ladder_nodes`: it has no ladder, and never answers `LadderFull`.
//!
//! ```
//! use novate_core::command::{Command, CommandRecord, OpenAccount};
//! use novate_core::genesis::{Capacities, Genesis};
//! use novate_core::ids::{AccountId, SessionId};
//! use novate_core::naive::NaiveEngine;
//! use novate_core::units::{Sequence, TimeNs};
//!
//! let mut oracle = NaiveEngine::genesis(&Genesis::new(0, 1, Capacities::for_orders(100)))?;
//! let header = OpenAccount::new_header(SessionId::operator(0), 1, AccountId::NONE);
//! let open = OpenAccount { header, owner: 7 };
//! let mut events = Vec::new();
//! oracle.apply(Sequence(1), TimeNs(0), Command::from(&open), &mut events).unwrap();
//! assert_eq!(events[0].view().name(), "AccountOpened");
//! # Ok::<(), novate_core::genesis::GenesisError>(())
//! ```

mod arrays;
mod auction;
mod band;
mod book;
mod canary;
mod command;
mod complex;
mod entry;
mod feeds;
mod fok;
mod following;
mod iceberg;
mod judge;
mod kept;
mod margin;
mod marks;
mod orders;
mod pairs;
mod parts;
mod party;
mod passes;
mod pegs;
mod portfolio;
mod positions;
mod protection;
mod records;
mod reserve;
mod scan;
mod scene;
mod session;
mod share;
mod stops;
mod sweep;
mod tables;
mod twins;
mod underlyings;
mod validity;
mod venue;
mod work;

#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

pub use self::canary::Canary;
pub use self::portfolio::NaiveVector;

use self::book::Book;
use self::following::Following;
use self::judge::Watch;
use self::kept::Kept;
use self::pairs::Pairs;
use self::passes::Valuation;
use self::positions::Positions;
use self::protection::Account;
use self::scan::Scan;
use self::session::Session;
use self::tables::{EntityTable, Slots, TableCodes};
use self::underlyings::{Expiry, ScenarioSet, Underlying};
use self::venue::Instrument;
use self::work::Item;
use crate::command::Command;
use crate::digest::EventsDigest;
use crate::event::{EventRecord, OwnedEvent};
use crate::genesis::{Genesis, GenesisError};
use crate::ids::{AccountId, ExpiryId, InstrumentId, OrderId, SessionId, UnderlyingId};
use crate::sink::EventSink;
use crate::terms::{MarginModel, Role, Side};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

/// The caller handed a command out of order; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NaiveOutOfOrder {
    /// The last sequence applied; the next is one more.
    pub last_sequence: Sequence,
    /// The last time applied; the next is no earlier.
    pub last_time: TimeNs,
}

impl core::fmt::Display for NaiveOutOfOrder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the next command follows sequence {} and time {}", self.last_sequence, self.last_time)
    }
}

impl core::error::Error for NaiveOutOfOrder {}

/// The oracle's whole state.
#[derive(Clone, Debug)]
pub struct NaiveEngine {
    genesis: Genesis,
    canary: Canary,
    sequence: Sequence,
    time: TimeNs,
    sessions: EntityTable<SessionId, Session>,
    accounts: EntityTable<AccountId, Account>,
    instruments: EntityTable<InstrumentId, Instrument>,
    underlyings: EntityTable<UnderlyingId, Underlying>,
    expiries: EntityTable<ExpiryId, Expiry>,
    /// By their numbers, as far as anything of them was set.
    scenario_sets: BTreeMap<u16, ScenarioSet>,
    valuation: Valuation,
    pairs: Pairs,
    kept: Kept,
    watch: Watch,
    /// Shares of valuation and of the sweep that the command at hand does.
    shares: u32,
    grants: BTreeSet<(SessionId, AccountId)>,
    order_slots: Slots,
    book: Book,
    /// Orders of which one cancels the other, each with the other.
    twins: BTreeMap<OrderId, OrderId>,
    positions: Positions,
    /// Steps that the command at hand has made.
    steps: u32,
    /// Instruments with due stop orders, the one that has been waiting longest first.
    stop_row: VecDeque<InstrumentId>,
    following: Following,
    /// Scans of accounts whose protection tripped, first in, first out.
    protection_scans: VecDeque<Scan>,
    /// Auctions and other scans to be carried on, first in, first out.
    queue: VecDeque<Item>,
    /// The events of the command at hand.
    outbox: Vec<OwnedEvent>,
    digest: EventsDigest,
    event_count: u64,
}

impl NaiveEngine {
    /// The state before the first command.
    ///
    /// # Errors
    /// What [`Genesis::validate`] finds.
    pub fn genesis(genesis: &Genesis) -> Result<Self, GenesisError> {
        Self::with_canary(genesis, Canary::None)
    }

    /// The same with a planted bug.
    ///
    /// # Errors
    /// What [`Genesis::validate`] finds.
    pub fn with_canary(genesis: &Genesis, canary: Canary) -> Result<Self, GenesisError> {
        genesis.validate()?;
        let (c, shard) = (&genesis.capacities, genesis.shard());
        let slots = |capacity| Slots::new(capacity, canary);
        let mut sessions = EntityTable::new(shard, slots(c.sessions), TableCodes::SESSIONS);
        for (role, all_accounts) in [(Role::Sequencer, false), (Role::Operator, true)] {
            // Validation has seen to it that there is room for both.
            let _ = sessions.open(Session::new(role, all_accounts, genesis.outcome_window, canary));
        }
        Ok(Self {
            genesis: *genesis,
            canary,
            sequence: Sequence::ZERO,
            time: TimeNs::ZERO,
            sessions,
            accounts: EntityTable::new(shard, slots(c.accounts), TableCodes::ACCOUNTS),
            instruments: EntityTable::new(shard, slots(c.instruments), TableCodes::INSTRUMENTS),
            underlyings: EntityTable::new(shard, slots(c.underlyings), TableCodes::UNDERLYINGS),
            expiries: EntityTable::new(shard, slots(c.expiries), TableCodes::EXPIRIES),
            scenario_sets: BTreeMap::new(),
            valuation: Valuation::default(),
            pairs: Pairs::default(),
            kept: Kept::default(),
            watch: Watch::default(),
            shares: 1,
            grants: BTreeSet::new(),
            order_slots: slots(c.orders),
            book: Book::default(),
            twins: BTreeMap::new(),
            positions: Positions::new((!genesis.is_margined()).then_some(c.positions), canary),
            steps: 0,
            stop_row: VecDeque::new(),
            following: Following::default(),
            protection_scans: VecDeque::new(),
            queue: VecDeque::new(),
            outbox: Vec::new(),
            digest: EventsDigest::default(),
            event_count: 0,
        })
    }

    /// Applies one command and appends its events to `sink`.
    ///
    /// # Errors
    /// If `sequence` is not the next one or `time` goes back. Nothing has changed then.
    pub fn apply(
        &mut self,
        sequence: Sequence,
        time: TimeNs,
        command: Command<'_>,
        sink: &mut impl EventSink,
    ) -> Result<(), NaiveOutOfOrder> {
        if self.sequence.get().checked_add(1) != Some(sequence.get()) || time < self.time {
            return Err(NaiveOutOfOrder { last_sequence: self.sequence, last_time: self.time });
        }
        self.sequence = sequence;
        self.time = time;
        self.steps = 0;
        self.shares = 1;
        self.begin_following();
        self.run(command);
        self.work_off();
        self.do_shares();
        self.notice_events();
        for event in core::mem::take(&mut self.outbox) {
            event.view().words().iter().for_each(|word| self.digest.fold(word));
            self.event_count += 1;
            sink.emit(event.view());
        }
        Ok(())
    }

    /// Says an event: the next of the command at hand.
    fn emit<R: EventRecord>(&mut self, mut record: R) {
        record.stamp(self.sequence, self.outbox.len() as u32);
        self.outbox.push(record.event().to_owned());
    }

    /// The digest of all events so far.
    pub fn events_digest(&self) -> EventsDigest {
        self.digest
    }

    /// How many events there were so far.
    pub fn event_count(&self) -> u64 {
        self.event_count
    }

    /// The levels of one side, best first: price, total open quantity, what of it is shown, number of orders.
    pub fn levels(&self, instrument: InstrumentId, side: Side) -> Vec<(PriceTicks, QuantityLots, QuantityLots, u32)> {
        // The rules keep every total within an i64.
        let lots = |total: i128| QuantityLots(i64::try_from(total).unwrap_or(i64::MAX));
        let shown = |price: PriceTicks| {
            let queue = self.book.queue(instrument, side, price).into_iter();
            lots(queue.map(|order| i128::from(order.shows().get())).sum())
        };
        let levels = self.book.levels(instrument, side).into_iter();
        levels.map(|(price, total, orders)| (price, lots(total), shown(price), orders as u32)).collect()
    }

    /// The orders of one level, oldest first, with what they have left and what of it they show.
    pub fn queue(
        &self,
        instrument: InstrumentId,
        side: Side,
        price: PriceTicks,
    ) -> Vec<(OrderId, QuantityLots, QuantityLots)> {
        let queue = self.book.queue(instrument, side, price).into_iter();
        queue.map(|order| (order.id, order.leaves, order.shows())).collect()
    }

    /// The instrument's stop orders that wait, the one accepted first first, each with its trigger price.
    pub fn waiting_stops(&self, instrument: InstrumentId) -> Vec<(OrderId, PriceTicks)> {
        let waiting = self.book.waiting(instrument);
        waiting.filter_map(|order| order.trigger.map(|trigger| (order.id, trigger.price))).collect()
    }

    /// The other of two orders of which one cancels the other.
    pub fn twin(&self, order: OrderId) -> Option<OrderId> {
        self.twin_of(order)
    }

    /// An account's position in an instrument, zero if it has none.
    pub fn position(&self, account: AccountId, instrument: InstrumentId) -> QuantityLots {
        QuantityLots(self.positions.get(account, instrument))
    }

    /// What an account's open position in an instrument cost, zero if it has none, and what the account has realised over
    /// all instruments, in atoms.
    pub fn cost_and_realised(&self, account: AccountId, instrument: InstrumentId) -> (i128, i128) {
        (self.positions.cost(account, instrument), self.positions.realised(account))
    }

    /// An instrument's last and mark price, as far as it has them.
    pub fn last_and_mark(&self, instrument: InstrumentId) -> (Option<PriceTicks>, Option<PriceTicks>) {
        self.instruments.find(instrument).map_or((None, None), |listed| (listed.last, listed.mark))
    }

    /// The margin model that was chosen for an account, if there is one.
    pub fn margin_model(&self, account: AccountId) -> Option<MarginModel> {
        self.accounts.find(account).ok()?.margin_model
    }

    /// Every live order, stop orders that wait included, in no order that means anything.
    pub fn live_orders(&self) -> Vec<OrderId> {
        self.book.orders().map(|order| order.id).collect()
    }
}
