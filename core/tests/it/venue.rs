//! A small venue for the tests: one perpetual, a trader's session for all accounts, two accounts; and the shorthand to
//! send it commands.

use novate_core::arena::{Arena, Marks, Untracked};
use novate_core::command::{
    AmendOrder, CancelOrder, Command, CommandHeader, CommandRecord, ListInstrument, NewOrder, OpenAccount, OpenSession,
    OrderTarget, RawCommand,
};
use novate_core::engine::Engine;
use novate_core::event::{Event, OwnedEvent};
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId};
use novate_core::reject::RejectCode;
use novate_core::terms::{Role, Side};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

/// Ids and session sequences of a venue that was set up; the engine is passed beside it, whatever its tracker.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) instrument: InstrumentId,
    pub(crate) session: SessionId,
    pub(crate) accounts: [AccountId; 2],
    pub(crate) operator_sequence: u64,
    pub(crate) trader_sequence: u64,
}

/// Capacities that leave room for everything here.
pub(crate) fn genesis(orders: u32) -> Genesis {
    Genesis::new(0, 1, Capacities::for_orders(orders))
}

/// Memory for an engine.
pub(crate) fn arena(genesis: &Genesis) -> Arena {
    Arena::for_genesis(genesis).expect("the tests' arenas are small")
}

/// An engine at genesis.
pub(crate) fn engine<'a>(arena: &'a mut Arena, genesis: &Genesis) -> Engine<'a> {
    Engine::genesis(arena.chunks_mut(), Untracked, genesis).expect("a valid genesis")
}

/// Applies the next command and returns its events.
pub(crate) fn send<'c, M: Marks>(engine: &mut Engine<'_, M>, command: impl Into<RawCommand<'c>>) -> Vec<OwnedEvent> {
    let mut events = Vec::new();
    let sequence = Sequence(engine.sequence().0 + 1);
    engine.apply(sequence, TimeNs(sequence.0), command, &mut events).expect("in order");
    events
}

/// The code of a command that is expected to be rejected, and nothing else to be said.
pub(crate) fn code(events: &[OwnedEvent]) -> Option<RejectCode> {
    match events {
        [OwnedEvent::Rejected(rejected)] => RejectCode::from_code(rejected.code),
        _ => None,
    }
}

impl Desk {
    /// Lists the instrument and opens the session and the accounts.
    pub(crate) fn open<M: Marks>(engine: &mut Engine<'_, M>) -> Self {
        let mut desk = Self {
            instrument: InstrumentId::NONE,
            session: SessionId::NONE,
            accounts: [AccountId::NONE; 2],
            operator_sequence: 0,
            trader_sequence: 0,
        };
        let list = ListInstrument::perpetual((SessionId::operator(0), desk.next_operator()), "TEST-PERP");
        let listed = send(engine, Command::from(&list));
        if let [OwnedEvent::InstrumentListed(listed)] = listed.as_slice() {
            desk.instrument = listed.instrument;
        }
        desk.session = desk.open_session(engine, Role::Trader, OpenSession::ALL_ACCOUNTS);
        for place in 0..2 {
            desk.accounts[place] = desk.open_account(engine);
        }
        desk
    }

    pub(crate) fn next_operator(&mut self) -> u64 {
        self.operator_sequence += 1;
        self.operator_sequence
    }

    /// A header of the operator's next command.
    pub(crate) fn operator<C: CommandRecord>(&mut self, account: AccountId) -> CommandHeader {
        C::new_header(SessionId::operator(0), self.next_operator(), account)
    }

    /// A header of the trader's next command.
    pub(crate) fn trader<C: CommandRecord>(&mut self, account: AccountId) -> CommandHeader {
        self.trader_sequence += 1;
        C::new_header(self.session, self.trader_sequence, account)
    }

    pub(crate) fn open_session<M: Marks>(&mut self, engine: &mut Engine<'_, M>, role: Role, flags: u8) -> SessionId {
        let header = self.operator::<OpenSession>(AccountId::NONE);
        let events = send(engine, Command::from(&OpenSession { header, role: role.code(), flags, reserved: [0; 6] }));
        match events.as_slice() {
            [OwnedEvent::SessionOpened(opened)] => opened.session,
            _ => SessionId::NONE,
        }
    }

    pub(crate) fn open_account<M: Marks>(&mut self, engine: &mut Engine<'_, M>) -> AccountId {
        let header = self.operator::<OpenAccount>(AccountId::NONE);
        match send(engine, Command::from(&OpenAccount { header, owner: 1 })).as_slice() {
            [OwnedEvent::AccountOpened(opened)] => opened.account,
            _ => AccountId::NONE,
        }
    }

    /// A limit order of the first account's next command.
    pub(crate) fn limit(&mut self, client: u64, side: Side, price: i64, quantity: i64) -> NewOrder {
        let header = self.trader::<NewOrder>(self.accounts[0]);
        let by = (header.session, header.session_sequence, header.account);
        NewOrder::limit(by, self.instrument, ClientOrderId(client), side, PriceTicks(price), QuantityLots(quantity))
    }

    pub(crate) fn cancel(&mut self, target: impl Into<OrderTarget>) -> CancelOrder {
        CancelOrder { header: self.trader::<CancelOrder>(self.accounts[0]), target: target.into() }
    }

    pub(crate) fn amend_price(&mut self, target: impl Into<OrderTarget>, price: i64) -> AmendOrder {
        AmendOrder {
            header: self.trader::<AmendOrder>(self.accounts[0]),
            target: target.into(),
            price: PriceTicks(price),
            quantity: QuantityLots::ZERO,
            changes: AmendOrder::PRICE,
            reserved: [0; 7],
        }
    }
}

/// The order id of the first event, if it accepts an order.
pub(crate) fn accepted(events: &[OwnedEvent]) -> OrderId {
    match events.first().map(OwnedEvent::view) {
        Some(Event::Accepted(accepted)) => accepted.order,
        _ => OrderId::NONE,
    }
}
