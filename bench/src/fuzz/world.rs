//! The world of an episode: its genesis, its habits, and what its generator has learned from the events.

use novate_core::arena::Marks;
use novate_core::engine::Engine;
use novate_core::event::Event;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, InstrumentId, OrderId, SessionId};
use novate_core::terms::Role;

use crate::workload::random::Random;

/// What an episode tends to do.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Prices lie from 1 to this, times the tick, around the middle.
    pub price_span: u32,
    /// Usual quantities go up to this.
    pub quantity_span: u32,
    /// Per mille of new orders that are priced away from the other side.
    pub passive_per_mille: u32,
    /// Per mille of new orders that are to sweep whatever rests.
    pub sweep_per_mille: u32,
    /// Per mille of new orders among order commands: the higher, the fuller the book.
    pub entry_per_mille: u32,
    /// Per mille of commands about venue and parties.
    pub admin_per_mille: u32,
    /// Per mille of auctions among venue commands.
    pub auction_per_mille: u32,
    /// Per mille of numbers at the edges of an i64.
    pub edge_per_mille: u32,
    /// Where prices begin: far from zero on either side, or at it.
    pub price_base: i64,
}

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
    /// The last orders that were accepted, newest last.
    pub orders: Vec<(OrderId, AccountId, u64)>,
}

/// How many accepted orders are remembered.
const REMEMBERED_ORDERS: usize = 192;
/// How many entities of a kind are remembered: beyond, the oldest are forgotten.
const REMEMBERED_ENTITIES: usize = 12;

impl World {
    /// Draws an episode's world.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let orders = [6, 60, 400, 400][random.below(4) as usize];
        let mut capacities = Capacities::for_orders(orders);
        let roomy = random.below(3) > 0;
        let mut size = |small: u32, large: u32| if roomy { large } else { random.between(1, small) };
        capacities.instruments = size(3, 4);
        capacities.accounts = size(4, 16);
        capacities.grants = size(6, 64);
        capacities.levels = size(40, 800);
        capacities.positions = size(4, 64);
        capacities.work_items = size(1, 4);
        capacities.sessions = size(4, 12) + 3;
        // Wherever the prices are: the oracle has no ladder to fill.
        capacities.ladder_nodes = capacities.levels * 11 + 64;
        let mut genesis = Genesis::new(random.below(3) as u16, random.next(), capacities);
        genesis.outcome_window = [8, 16, 64][random.below(3) as usize];
        genesis.max_steps = [64, 64, 100, 16_384][random.below(4) as usize];
        let habits = Habits {
            price_span: [4, 12, 60, 5_000][random.below(4) as usize],
            quantity_span: [1, 3, 10, 1_000][random.below(4) as usize],
            sweep_per_mille: 10,
            passive_per_mille: 0,
            entry_per_mille: [550, 700, 950][random.below(3) as usize],
            admin_per_mille: [5, 20, 60, 200][random.below(4) as usize],
            auction_per_mille: [300, 800][random.below(2) as usize],
            edge_per_mille: [0, 2, 40, 200][random.below(4) as usize],
            price_base: [0, 1_000, -30, i64::MAX - 6_000, i64::MIN + 10, 1 << 40][random.below(6) as usize],
        };
        let (genesis, habits) = if random.below(5) < 2 { deep(genesis, random) } else { (genesis, habits) };
        Self::new(genesis, habits)
    }

    /// Draws a world in which orders outnumber what batches handle without looking ahead.
    pub(crate) fn vast(random: &mut Random) -> Self {
        let genesis = Genesis::new(1, random.next(), Capacities::for_orders(24_000));
        let habits = Habits {
            price_span: [300, 5_000][random.below(2) as usize],
            quantity_span: [3, 1_000][random.below(2) as usize],
            sweep_per_mille: 10,
            passive_per_mille: 0,
            entry_per_mille: 800,
            admin_per_mille: 2,
            auction_per_mille: 300,
            edge_per_mille: 1,
            price_base: [100_000, -50_000][random.below(2) as usize],
        };
        Self::new(genesis, habits)
    }

    /// Before the first command.
    fn new(genesis: Genesis, habits: Habits) -> Self {
        let shard = genesis.shard as u16;
        let sessions = [
            (SessionId::sequencer(shard), Role::Sequencer.code()),
            (SessionId::operator(shard), Role::Operator.code()),
        ];
        let sessions =
            sessions.into_iter().map(|(session, role)| KnownSession { session, role, last: Some(0) }).collect();
        Self { genesis, habits, sessions, accounts: Vec::new(), instruments: Vec::new(), orders: Vec::new() }
    }

    /// Looks which of the known entities are there still.
    pub(crate) fn look<M: Marks>(&mut self, engine: &Engine<'_, M>) {
        for known in &mut self.sessions {
            known.last = engine.session(known.session).map(|session| session.last_session_sequence);
        }
        for (account, is_open) in &mut self.accounts {
            *is_open = engine.account(*account).is_some();
        }
        for known in &mut self.instruments {
            known.is_listed = engine.instrument(known.instrument).is_some();
        }
        // Most of what is gone is forgotten; some of it stays, to be named all the same.
        if self.orders.len() > REMEMBERED_ORDERS / 2 {
            self.orders.retain(|(order, ..)| (order.0 >> 24) % 16 == 0 || engine.order(*order).is_some());
        }
    }

    /// Learns from an event.
    pub(crate) fn learn(&mut self, event: &Event<'_>) {
        match event {
            Event::SessionOpened(opened) => {
                forget(&mut self.sessions, REMEMBERED_ENTITIES, 2);
                self.sessions.push(KnownSession { session: opened.session, role: opened.role as u8, last: Some(0) });
            }
            Event::AccountOpened(opened) => {
                forget(&mut self.accounts, REMEMBERED_ENTITIES, 0);
                self.accounts.push((opened.account, true));
            }
            Event::InstrumentListed(listed) => {
                forget(&mut self.instruments, REMEMBERED_ENTITIES, 0);
                let (tick, lot) = (listed.tick.0, listed.lot.0);
                self.instruments.push(KnownInstrument { instrument: listed.instrument, tick, lot, is_listed: true });
            }
            Event::Accepted(accepted) => {
                forget(&mut self.orders, REMEMBERED_ORDERS, 0);
                self.orders.push((accepted.order, accepted.account, accepted.client_order_id.0));
            }
            _ => {}
        }
    }
}

/// A world in which books grow deep between auctions: sweeps and uncrosses reach `max_steps`.
fn deep(mut genesis: Genesis, random: &mut Random) -> (Genesis, Habits) {
    genesis.capacities = Capacities::for_orders(600);
    genesis.capacities.work_items = random.between(1, 2);
    genesis.max_steps = 64;
    let habits = Habits {
        price_span: [3, 12, 100][random.below(3) as usize],
        quantity_span: [1, 2, 8][random.below(3) as usize],
        sweep_per_mille: 15,
        passive_per_mille: [0, 800][random.below(2) as usize],
        entry_per_mille: 960,
        admin_per_mille: [4, 10][random.below(2) as usize],
        auction_per_mille: 900,
        edge_per_mille: 1,
        price_base: 100,
    };
    (genesis, habits)
}

/// Makes room for one more, the first `keep` staying.
fn forget<T>(known: &mut Vec<T>, most: usize, keep: usize) {
    if known.len() >= most {
        known.remove(keep);
    }
}
