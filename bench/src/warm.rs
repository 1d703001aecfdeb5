//! A filled book to measure single steps on, for the benchmarks in `benches/`.

use novate_core::arena::{Arena, Untracked};
use novate_core::command::{CancelOrder, Command, CommandRecord, NewOrder, OrderTarget};
use novate_core::engine::Engine;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId};
use novate_core::sink::Discard;
use novate_core::terms::Side;
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

use crate::novate::{Parties, set_up};

/// Levels to a side.
pub const LEVELS: i64 = 500;
/// Best bid; the best ask is two ticks above.
pub const BEST_BID: PriceTicks = PriceTicks(10_000);
/// Quantity of every resting order but the anchor.
const LOTS: QuantityLots = QuantityLots(10);
/// Client order id of the anchor: an order at the best ask that no cross will ever use up.
const ANCHOR: u64 = 1 << 32;

/// A book whose orders have client order ids 1 to their number, spread over the levels of both sides.
#[derive(Debug)]
pub struct WarmBook {
    /// The engine, for queries.
    pub engine: Engine<'static>,
    parties: Parties,
    orders: u64,
    session_sequence: u64,
}

impl WarmBook {
    /// A book of so many orders. Its memory is never given back: it serves until the benchmark ends.
    ///
    /// # Panics
    /// If there is no memory for it, or if there are more orders than an engine may hold.
    pub fn new(orders: u32) -> Self {
        let genesis = Genesis::new(0, 1, Capacities::for_orders(orders + 16));
        let arena = Box::leak(Box::new(Arena::for_genesis(&genesis).expect("memory for the book")));
        let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis).expect("a valid genesis");
        let parties = set_up(&mut engine).expect("an engine at its beginning");
        let mut book = Self { engine, parties, orders: orders.into(), session_sequence: 0 };
        book.enter(ANCHOR, Side::Sell, PriceTicks(BEST_BID.0 + 2), QuantityLots(1 << 50));
        (1..=book.orders).for_each(|id| book.enter_again(id));
        book
    }

    /// The orders that the book was filled with, in an order that has nothing to do with where they lie.
    pub fn shuffled_ids(&self) -> impl Iterator<Item = u64> + Clone + use<> {
        // A prime step visits all ids once, unless it divides their number.
        let orders = self.orders;
        (0..orders).map(move |place| place * 7_919 % orders + 1).cycle()
    }

    /// The account that an order belongs to.
    pub fn account(&self, id: u64) -> AccountId {
        let accounts = &self.parties.accounts;
        accounts[id as usize % accounts.len()]
    }

    /// The instrument.
    pub fn instrument(&self) -> InstrumentId {
        self.parties.instrument
    }

    /// Enters the order with this id where the book was filled with it.
    pub fn enter_again(&mut self, id: u64) {
        let depth = (id / 2 % LEVELS.cast_unsigned()).cast_signed();
        let (side, price) = if id.is_multiple_of(2) {
            (Side::Buy, PriceTicks(BEST_BID.0 - depth))
        } else {
            (Side::Sell, PriceTicks(BEST_BID.0 + 2 + depth))
        };
        self.enter(id, side, price, LOTS);
    }

    /// Enters an order.
    pub fn enter(&mut self, id: u64, side: Side, price: PriceTicks, quantity: QuantityLots) {
        let submitter = (self.parties.session, self.next_session_sequence(), self.account(id));
        let client_order_id = ClientOrderId(id);
        let order = NewOrder::limit(submitter, self.parties.instrument, client_order_id, side, price, quantity);
        self.apply(Command::from(&order));
    }

    /// Cancels an order by its client order id.
    pub fn cancel(&mut self, id: u64) {
        let header = CancelOrder::new_header(self.parties.session, self.next_session_sequence(), self.account(id));
        let cancel = CancelOrder { header, target: OrderTarget::from(ClientOrderId(id)) };
        self.apply(Command::from(&cancel));
    }

    fn next_session_sequence(&mut self) -> u64 {
        self.session_sequence += 1;
        self.session_sequence
    }

    fn apply(&mut self, command: Command<'_>) {
        let sequence = Sequence(self.engine.sequence().0 + 1);
        self.engine.apply(sequence, TimeNs(sequence.0), command, &mut Discard).expect("in sequence");
    }
}
