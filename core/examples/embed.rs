//! Embedding the engine: set up a venue by commands, enter an order, read the book.
//!
//! The README shows this file from here on. Run it: `cargo run -p novate-core --example embed`.

use novate_core::arena::{Arena, Untracked};
use novate_core::command::{Command, CommandRecord, ListInstrument, NewOrder, OpenAccount, OpenSession};
use novate_core::engine::Engine;
use novate_core::event::Event;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, EntityId, InstrumentId, SessionId};
use novate_core::sink::FnSink;
use novate_core::terms::{Role, Side};
use novate_core::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let genesis = Genesis::new(0, Capacities::for_orders(10_000));
    let mut arena = Arena::for_genesis(&genesis)?;
    let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis)?;
    let (operator, trader) = (SessionId::operator(0), SessionId::from_parts(0, 3, 3));
    let (alice, perp) = (AccountId::from_parts(0, 1, 1), InstrumentId::from_parts(0, 1, 1));
    let list = ListInstrument::perpetual((operator, 1), "BTC-PERP");
    let account = OpenAccount { header: OpenAccount::new_header(operator, 2, AccountId::NONE), owner: 7 };
    let header = OpenSession::new_header(operator, 3, AccountId::NONE);
    let session = OpenSession { header, role: Role::Trader.code(), flags: OpenSession::ALL_ACCOUNTS, reserved: [0; 6] };
    let bid = NewOrder::limit((trader, 1, alice), perp, ClientOrderId(1), Side::Buy, PriceTicks(100), QuantityLots(5));
    let commands = [Command::from(&list), (&account).into(), (&session).into(), (&bid).into()];
    for (place, command) in (1..).zip(commands) {
        let mut sink = FnSink(|event: Event<'_>| println!("{event:?}"));
        engine.apply(Sequence(place), TimeNs(place), command, &mut sink)?;
    }
    assert_eq!(engine.top(perp, Side::Buy).next().map(|level| level.quantity), Some(QuantityLots(5)));
    Ok(())
}
