//! A primary from its beginning to its end, and again from where it ended.

use std::sync::Arc;

use novate_core::prelude::*;
use novate_core::sink::Discard;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Halt as ReplayHalt, Replay};
use novate_journal::storage::Storage;
use novate_replica::clock::{CycleClock, SubmittedTime};
use novate_replica::primary::{Primary, Settings, StartError, Stopped, WorkWhen};

use crate::support::{Events, folder, genesis, order, set_up, settings, submit};

const ORDERS: u64 = 5_000;

/// The journal replays to the state that the primary ended with.
fn replays_to(storage: &Arc<dyn Storage>, stopped: &Stopped) {
    let reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
    let mut replay = Replay::from_genesis(reader).expect("a state");
    let halt = replay.run(None, &mut Discard).expect("no damage");
    assert_eq!(halt, ReplayHalt::End(Ending::Closed));
    assert_eq!(replay.result().expect("a state"), (stopped.last.0, stopped.events_digest));
    assert_eq!(replay.state().digest(), stopped.state_digest);
}

/// Runs orders from a number on through a primary, and returns it stopped.
fn trade(primary: Primary, from: u64, time: impl Fn(u64) -> u64 + Send + 'static) -> Stopped {
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().gate().expect("a place")));
    let party = if from == 1 {
        set_up(&mut ingress, &mut events, time(0))
    } else {
        let shard = 0;
        crate::support::Party {
            instrument: InstrumentId::from_parts(shard, 1, 1),
            account: AccountId::from_parts(shard, 1, 1),
            session: SessionId::from_parts(shard, 3, 3),
        }
    };
    let sender = std::thread::spawn(move || {
        for number in from..from + ORDERS {
            submit(&mut ingress, time(number), &order(&party, number));
        }
    });
    let last = from + ORDERS - 1;
    let is_last = |event: &OwnedEvent| match event {
        OwnedEvent::Accepted(accepted) => accepted.client_order_id == ClientOrderId(last),
        OwnedEvent::Rejected(rejected) => panic!("{rejected:?}"),
        _ => false,
    };
    let said = events.until(is_last);
    let accepted = said.iter().filter(|event| matches!(event, OwnedEvent::Accepted(_))).count();
    assert_eq!(accepted as u64, ORDERS, "each order once");
    sender.join().expect("no panic");
    primary.stop().expect("in order")
}

#[test]
fn orders_go_through_and_the_journal_tells_the_same() {
    let (_folder, storage) = folder();
    let primary = Primary::create(storage.clone(), &genesis(), CycleClock::new(), &settings()).expect("a primary");
    let stopped = trade(primary, 1, |_| 0);
    assert!(stopped.last.0.0 > ORDERS);
    replays_to(&storage, &stopped);

    // Again from where it ended, then from a snapshot.
    let primary = Primary::open(storage.clone(), CycleClock::new(), &settings()).expect("a primary");
    assert_eq!(primary.executed(), stopped.last.0);
    let again = trade(primary, 1 + ORDERS, |_| 0);
    assert!(again.last > stopped.last);
    replays_to(&storage, &again);
}

/// With the times that commands are submitted with, what happens does not depend on how fast anything goes.
#[test]
fn submitted_times_give_the_same_every_time() {
    let recorded = Settings {
        batch_commands: 1,
        work: WorkWhen::BeforeNext,
        timer_ns: 10_000,
        checkpoint_ns: 100_000,
        ..settings()
    };
    let mut ends = Vec::new();
    for lines in [64, 1 << 12] {
        let (_folder, storage) = folder();
        let settings = Settings { ingress_lines: lines, egress_lines: lines, ..recorded };
        let primary = Primary::create(storage.clone(), &genesis(), SubmittedTime, &settings).expect("a primary");
        let stopped = trade(primary, 1, |number| 1_000 + number * 37);
        replays_to(&storage, &stopped);
        ends.push((stopped.last, stopped.events_digest, stopped.state_digest));
    }
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn settings_that_no_primary_has() {
    let (_folder, storage) = folder();
    let start = |settings: Settings| {
        Primary::create(storage.clone(), &genesis(), SubmittedTime, &settings).map(drop).expect_err("not usable")
    };
    assert!(matches!(start(Settings { batch_commands: 0, ..settings() }), StartError::Setting { .. }));
    assert!(matches!(start(Settings { batch_commands: 64, ..settings() }), StartError::Setting { .. }));
    assert!(storage.list().expect("a folder").is_empty(), "nothing was begun");
}
