//! What a gateway's clients meet in the long run: more under way than is kept, slow disks, tables that fill up, and ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use novate_core::prelude::*;
use novate_journal::storage::{CrashStorage, Storage};
use novate_journal::writer::Durability;
use novate_replica::clock::{CycleClock, SubmittedTime};
use novate_replica::counters::{Counter, Snapshot, state};
use novate_replica::gateway::{CallError, Feed, FeedError, Gateway, Place, Release, SubmitError};
use novate_replica::primary::{Primary, Settings};

use crate::gateway::{executed, is_accepted, set_up, until, waiter};
use crate::support::{PATIENCE, folder, genesis, settings, submit};

fn started(storage: &Arc<dyn Storage>, settings: &Settings) -> Primary {
    Primary::create(storage, &genesis(), CycleClock::new(), settings).expect("a primary")
}

/// With this interval between two flushes, or with none.
fn durable_every(durability: Durability) -> Settings {
    let journal = novate_journal::writer::Settings { durability, ..settings().journal };
    Settings { journal, egress_lines: 1 << 10, patience: PATIENCE, ..settings() }
}

/// What the handle has not kept it does not pass over.
#[test]
fn what_is_forgotten_is_not_sent_again() {
    let (_folder, storage) = folder();
    let primary = started(&storage, &settings());
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let window = u64::from(genesis().outcome_window);
    for id in 1..=window + 2 {
        venue.order(0, id, Side::Buy, 90);
    }
    let forgotten = Err(SubmitError::Forgotten { kept_from: 3 });
    assert_eq!(venue.sessions[0].resend(0, &mut waiter()), forgotten);
    assert_eq!(venue.sessions[0].resend(2, &mut waiter()), forgotten);
    assert_eq!(venue.sessions[0].resend(3, &mut waiter()), Ok(window as usize));
    assert_eq!(venue.sessions[0].resend(window + 3, &mut waiter()), Ok(0), "it is still to come");
    // A handle that somebody else has used before keeps nothing of that.
    let mut other = gateway.attach(venue.sessions[0].id(), window + 2);
    assert_eq!(other.resend(window + 2, &mut waiter()), Err(SubmitError::Forgotten { kept_from: window + 3 }));
    assert_eq!(other.resend(window + 3, &mut waiter()), Ok(0));
    primary.stop().expect("in order");
}

#[test]
fn no_session_sequence_is_behind_the_last() {
    let (_folder, storage) = folder();
    let primary = started(&storage, &settings());
    let gateway = primary.gateway();
    let mut session = gateway.attach(SessionId::operator(0), u64::MAX);
    let open = |by| OpenAccount::new(by, 7);
    assert_eq!(session.try_submit(open), Err(SubmitError::SequencesUsedUp));
    assert_eq!(session.submit(open, &mut waiter()), Err(SubmitError::SequencesUsedUp));
    assert_eq!(session.resend(0, &mut waiter()), Err(SubmitError::Forgotten { kept_from: u64::MAX }));
    primary.stop().expect("in order");
}

/// A session with a wrong account leaves no session behind, however often.
#[test]
fn what_is_not_opened_takes_no_place() {
    let (_folder, storage) = folder();
    let primary = started(&storage, &settings());
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let accounts = [venue.accounts[0], AccountId(999)];
    for _ in 0..2 * genesis().capacities.sessions {
        let refused = gateway.open_session(&mut venue.operator, Role::Trader, Some(&accounts), &mut waiter());
        assert!(matches!(refused, Err(CallError::Rejected(_))), "{refused:?}");
    }
    let accounts = [venue.accounts[0]];
    gateway.open_session(&mut venue.operator, Role::Trader, Some(&accounts), &mut waiter()).expect("there is room");
    primary.stop().expect("in order");
}

/// Submits orders that are rejected, reading meanwhile, until so many were executed; nothing may be told so early.
fn rejected_unheard(primary: &Primary, gateway: &Gateway, feed: &mut Feed, count: u64) {
    let (begin, taken) = (Instant::now(), primary.taken());
    let mut session = gateway.attach(SessionId::operator(0), 1_000_000);
    let mut sent = 0;
    while primary.taken() < taken + count {
        assert!(begin.elapsed() < PATIENCE, "{} of {count} were executed", primary.taken() - taken);
        if sent < count && session.try_submit(|by| OpenAccount::new(by, 7)).is_ok() {
            sent += 1;
        }
        let event = feed.next_event().expect("it is read").map(|event| event.to_owned());
        assert!(event.is_none() || gateway.durable() > Sequence::ZERO, "{event:?}");
    }
}

/// Whoever waits for the disk reads on meanwhile: the primary waits for nobody.
#[test]
fn a_slow_disk_holds_no_one_up() {
    let (_folder, storage) = folder();
    let primary = started(&storage, &durable_every(Durability::Interval(4_000)));
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let mut feed = gateway.feed(Release::Durable).expect("a place");
    let before = gateway.executed();
    rejected_unheard(&primary, &gateway, &mut feed, 4_000);
    let behind = gateway.executed().0 - gateway.durable().0.max(before.0);
    assert!(behind > 2 * (1 << 10), "only {behind} commands were executed that are not durable");
    // Then all of it is told.
    venue.order(0, 1, Side::Buy, 90);
    let events = until(&mut feed, is_accepted(1));
    assert_eq!(events.iter().filter(|event| matches!(event, OwnedEvent::Rejected(_))).count(), 4_000);
    assert_eq!(primary.stop().expect("in order").gates_released, 0);
}

/// What is more than a reader may keep is replayed when the disk has it.
#[test]
fn what_waits_for_the_disk_is_not_kept_for_ever() {
    const MANY: u64 = 150_000;
    let (_folder, storage) = folder();
    let journal = novate_journal::writer::Settings {
        segment_bytes: 1 << 26,
        ..novate_journal::writer::Settings::new(Durability::None)
    };
    let primary = started(&storage, &Settings { journal, ..durable_every(Durability::None) });
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let mut feed = gateway.feed(Release::Durable).expect("a place");
    rejected_unheard(&primary, &gateway, &mut feed, MANY);
    venue.order(0, 1, Side::Buy, 90);
    executed(&primary, MANY + 8);
    assert_eq!(primary.stop().expect("in order").gates_released, 0);
    let (mut rejected, mut last) = (0, (Sequence::ZERO, 0));
    loop {
        match feed.next_event() {
            Ok(Some(event)) => {
                assert!(event.position() > last, "in order, and each once");
                last = event.position();
                rejected += u64::from(matches!(event, Event::Rejected(_)));
            }
            Ok(None) => {}
            Err(FeedError::Ended) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(rejected, MANY);
}

/// What a loss of power takes back is not gone on behind, also when as much has come since.
#[test]
fn a_feed_does_not_go_on_in_another_history() {
    let disk = CrashStorage::new();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let primary = started(&storage, &settings());
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let mut feed = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
    venue.order(0, 1, Side::Buy, 90);
    until(&mut feed, is_accepted(1));
    let kept = feed.last();
    primary.stop().expect("in order");

    // Nothing of what follows is durable.
    let slow = Settings { shadow: None, ..durable_every(Durability::None) };
    let primary = Primary::open(&storage, CycleClock::new(), &slow).expect("a primary");
    let gateway = primary.gateway();
    let mut feed = gateway.feed_after(kept, Release::Executed).expect("a place");
    venue.sessions[0].reattach(&gateway);
    for id in 2..=100 {
        venue.order(0, id, Side::Buy, 90);
    }
    until(&mut feed, is_accepted(100));
    let lost = feed.last();
    let left: Arc<dyn Storage> = Arc::new(disk.crash(&mut || 0));
    drop(primary);

    let primary = Primary::open(&left, CycleClock::new(), &settings()).expect("a primary");
    let gateway = primary.gateway();
    assert!(gateway.epoch() > lost.epoch && lost.epoch > kept.epoch);
    let refused = gateway.feed_after(lost, Release::Executed);
    let Err(FeedError::Ahead { after, .. }) = refused else { panic!("it goes on") };
    assert_eq!(after, lost);
    let mut session = gateway.attach_again(venue.sessions[0].id()).expect("it is read").expect("it is open");
    while gateway.executed() <= lost.sequence {
        session.submit(|by| OpenAccount::new(by, 7), &mut waiter()).expect("a primary");
    }
    let refused = gateway.feed_after(lost, Release::Executed);
    let Err(FeedError::TakenBack { after, epoch }) = refused else { panic!("it goes on") };
    assert_eq!((after, epoch), (lost, gateway.epoch()));
    gateway.feed_after(kept, Release::Executed).expect("that was durable");
    primary.stop().expect("in order");
}

/// The last book is there, also when nothing follows it.
#[test]
fn the_book_of_a_primary_that_has_ended() {
    let (_folder, storage) = folder();
    let primary = started(&storage, &settings());
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    venue.order(0, 1, Side::Buy, 90);
    let last = primary.stop().expect("in order").last.0;
    let (book, mut feed) = gateway.book(venue.instrument, Release::Executed).expect("a book");
    assert_eq!((book.sequence, book.bids.len()), (last, 1));
    assert!(matches!(feed.next_event(), Err(FeedError::Ended)));
}

/// A handle that is dropped late says nothing of the one that runs now.
#[test]
fn counters_are_those_of_the_last_primary() {
    let (_folder, storage) = folder();
    let halted = Primary::create(&storage, &genesis(), SubmittedTime, &settings()).expect("a primary");
    let session = SessionId::operator(0);
    for (number, time) in [(1, 5_000), (2, 5_001 + genesis().max_time_jump_ns)] {
        submit(&mut halted.ingress(), time, &OpenAccount::new((session, number), 7));
        if number == 1 {
            executed(&halted, 1);
        }
    }
    let begin = Instant::now();
    while !halted.has_ended() {
        assert!(begin.elapsed() < PATIENCE, "it runs on");
        std::thread::sleep(Duration::from_millis(1));
    }
    let primary = Primary::open(&storage, SubmittedTime, &settings()).expect("a primary");
    drop(halted);
    assert_eq!(Snapshot::read(&*storage).expect("counters").get(Counter::State), state::RUNNING);
    primary.stop().expect("in order");
    assert_eq!(Snapshot::read(&*storage).expect("counters").get(Counter::State), state::STOPPED);
}
