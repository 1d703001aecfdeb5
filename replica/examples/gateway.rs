//! A primary with its threads and journal, and a gateway with two sessions that trade; then all of it again, from the
//! journal.
//!
//! `cargo run -p novate-replica --example gateway -- FOLDER`, where the folder is new or empty.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use novate_core::prelude::*;
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::{Durability, Settings as Journal};
use novate_replica::clock::CycleClock;
use novate_replica::gateway::Release;
use novate_replica::primary::{Primary, Settings, Stopped};
use novate_replica::wait::{Waiter, Waiting};

fn main() -> ExitCode {
    // Said as a sentence: what `main` returns is printed as a value of Rust.
    match trade() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn trade() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("expected a folder that is new or empty, found none")?;
    let disk = DiskStorage::new(folder.as_str());
    disk.create_folder()?;
    let storage: Arc<dyn Storage> = Arc::new(disk);
    let genesis = Genesis::new(0, 0x5eed, Capacities::for_orders(1_000));
    // Everything is made durable every millisecond; threads sleep while nothing happens.
    let settings = Settings { waiting: Waiting::Park, ..Settings::new(Journal::new(Durability::Interval(1))) };
    let primary = Primary::create(&storage, &genesis, CycleClock::new(), &settings)?;
    let (gateway, mut wait) = (primary.gateway(), Waiter::new(Waiting::Park));

    // The operator's session exists from the beginning.
    let mut operator = gateway.attach(SessionId::operator(0), 0);
    let listed = gateway.call(&mut operator, |by| ListInstrument::perpetual(by, "BTC-PERP"), &mut wait)?;
    let [OwnedEvent::InstrumentListed(listed)] = listed[..] else { return Err("not listed".into()) };
    let mut parties = Vec::new();
    for owner in [7, 8] {
        let opened = gateway.call(&mut operator, |by| OpenAccount::new(by, owner), &mut wait)?;
        let [OwnedEvent::AccountOpened(opened)] = opened[..] else { return Err("not opened".into()) };
        let accounts = [opened.account];
        let session = gateway.open_session(&mut operator, Role::Trader, Some(&accounts), &mut wait)?;
        parties.push((session, opened.account));
    }

    // A reply is released when no loss of power can take it back.
    let mut feed = gateway.feed(Release::Durable)?;
    for ((session, account), side) in parties.iter_mut().zip([Side::Sell, Side::Buy]) {
        session.submit(
            |(session, number)| {
                let by = (session, number, *account);
                NewOrder::limit(by, listed.instrument, ClientOrderId(1), side, PriceTicks(100), QuantityLots(3))
            },
            &mut wait,
        )?;
    }
    loop {
        match feed.next_event()? {
            Some(event @ Event::Trade(_)) => break println!("{event:?}"),
            Some(event) => println!("{event:?}"),
            None => std::thread::yield_now(),
        }
    }
    drop((feed, gateway));
    let stopped = primary.stop()?;
    print(&stopped);

    // A journal alone rebuilds everything.
    let primary = Primary::open(&storage, CycleClock::new(), &settings)?;
    println!("back after {}", primary.executed());
    // The stop marked one more checkpoint: these are the digests that a replay comes to.
    print(&primary.stop()?);
    Ok(())
}

fn print(stopped: &Stopped) {
    println!("stopped after {}: events {}, state {}", stopped.last.0, stopped.events_digest, stopped.state_digest);
}
