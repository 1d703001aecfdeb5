//! Embedding the engine: set up a venue by commands, enter an order, read the book.
//!
//! The README shows this file from here on. Run it: `cargo run -p novate-core --example embed`.

use novate_core::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let genesis = Genesis::new(0, 0x5eed, Capacities::for_orders(10_000));
    let mut arena = Arena::for_genesis(&genesis)?;
    let mut engine = Engine::genesis(arena.chunks_mut(), Untracked, &genesis)?;
    let (operator, mut said) = (SessionId::operator(0), Vec::new());
    engine.apply(Sequence(1), TimeNs(1), &ListInstrument::perpetual((operator, 1), "BTC-PERP"), &mut said)?;
    engine.apply(Sequence(2), TimeNs(2), &OpenAccount::new((operator, 2), 7), &mut said)?;
    engine.apply(Sequence(3), TimeNs(3), &OpenSession::for_all_accounts((operator, 3), Role::Trader), &mut said)?;
    let [OwnedEvent::InstrumentListed(perp), OwnedEvent::AccountOpened(alice), OwnedEvent::SessionOpened(trader)] =
        said[..]
    else {
        return Err(format!("the venue is not as expected: {said:?}").into());
    };
    let by = (trader.session, 1, alice.account);
    let bid = NewOrder::limit(by, perp.instrument, ClientOrderId(1), Side::Buy, PriceTicks(100), QuantityLots(5));
    engine.apply(Sequence(4), TimeNs(4), &bid, &mut said)?;
    println!("{:?}\n{:?}", said.last(), engine.top(perp.instrument, Side::Buy).next());
    Ok(())
}
