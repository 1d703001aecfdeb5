//! A small venue, and who talks to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytemuck::cast_slice;
use novate_core::command::RawCommand;
use novate_core::event::{Event, EventWord};
use novate_core::prelude::*;
use novate_core::ring::{Popped, RecordBuffer, broadcast, mpsc};
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::Durability;
use novate_replica::primary::{Settings, Submission};
use novate_replica::wait::{Waiter, Waiting};
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A genesis with tables for a few thousand orders.
pub(crate) fn genesis() -> Genesis {
    let capacities = Capacities { instruments: 4, accounts: 16, sessions: 16, ..Capacities::for_orders(4_096) };
    Genesis::new(0, 7, capacities)
}

/// Settings for tests: segments that a run fills several of, threads that share cores, and a disk that others use too.
pub(crate) fn settings() -> Settings {
    let journal = novate_journal::writer::Settings {
        segment_bytes: 1 << 18,
        ..novate_journal::writer::Settings::new(Durability::Interval(10))
    };
    Settings { waiting: Waiting::Park, ..Settings::new(journal) }
}

/// A folder that goes away, and its storage.
pub(crate) fn folder() -> (TempDir, Arc<dyn Storage>) {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = Arc::new(DiskStorage::new(folder.path()));
    (folder, storage)
}

/// Reads events one by one.
pub(crate) struct Events {
    consumer: broadcast::Consumer,
    buffer: RecordBuffer,
    left: Vec<EventWord>,
}

impl Events {
    pub(crate) fn new(consumer: broadcast::Consumer) -> Self {
        Self { consumer, buffer: RecordBuffer::new(), left: Vec::new() }
    }

    /// What has come so far.
    pub(crate) fn poll(&mut self) -> Vec<OwnedEvent> {
        let mut events = Vec::new();
        while let Popped::Record(words) = self.consumer.try_pop(&mut self.buffer).expect("it gates") {
            self.left.extend_from_slice(cast_slice(words));
            let mut words = &self.left[..];
            while let Some((event, rest)) = Event::split_first(words) {
                events.push(event.to_owned());
                words = rest;
            }
            assert!(words.is_empty(), "a record holds whole events");
            self.left.clear();
        }
        events
    }

    /// Events until one is what is waited for.
    pub(crate) fn until(&mut self, mut is_it: impl FnMut(&OwnedEvent) -> bool) -> Vec<OwnedEvent> {
        let (begin, mut all) = (Instant::now(), Vec::new());
        loop {
            for event in self.poll() {
                let found = is_it(&event);
                all.push(event);
                if found {
                    return all;
                }
            }
            assert!(begin.elapsed() < PATIENCE, "what was waited for did not come; {} events did", all.len());
            std::thread::yield_now();
        }
    }
}

/// Submits a command.
pub(crate) fn submit<'c>(ingress: &mut mpsc::Producer, time: u64, command: impl Into<RawCommand<'c>>) {
    let submission = Submission::new(time, command).expect("a command's length");
    ingress.push(submission.words(), &mut Waiter::new(Waiting::Park)).expect("a primary");
}

/// What a venue was set up with.
pub(crate) struct Party {
    pub(crate) instrument: InstrumentId,
    pub(crate) account: AccountId,
    pub(crate) session: SessionId,
}

/// Lists an instrument, opens an account and a trader's session.
pub(crate) fn set_up(ingress: &mut mpsc::Producer, events: &mut Events, time: u64) -> Party {
    let operator = SessionId::operator(0);
    submit(ingress, time, &ListInstrument::perpetual((operator, 1), "BTC-PERP"));
    submit(ingress, time, &OpenAccount::new((operator, 2), 1));
    submit(ingress, time, &OpenSession::for_all_accounts((operator, 3), Role::Trader));
    let mut party = Party { instrument: InstrumentId::NONE, account: AccountId::NONE, session: SessionId::NONE };
    for event in events.until(|event| matches!(event, OwnedEvent::SessionOpened(_))) {
        match event {
            OwnedEvent::InstrumentListed(listed) => party.instrument = listed.instrument,
            OwnedEvent::AccountOpened(opened) => party.account = opened.account,
            OwnedEvent::SessionOpened(opened) => party.session = opened.session,
            _ => {}
        }
    }
    party
}

/// An order of the party: buys below, sells above, and some that cross.
pub(crate) fn order(party: &Party, number: u64) -> NewOrder {
    let side = if number.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let price = PriceTicks(1_000 + (number * 7 % 5).cast_signed());
    let by = (party.session, number, party.account);
    NewOrder::limit(
        by,
        party.instrument,
        ClientOrderId(number),
        side,
        price,
        QuantityLots(1 + (number % 3).cast_signed()),
    )
}
