//! What a gateway's sessions and feeds see, across readers that come late, restarts and resends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use novate_core::prelude::*;
use novate_core::reject::RejectCode;
use novate_journal::storage::Storage;
use novate_replica::clock::CycleClock;
use novate_replica::gateway::{CallError, Canceller, Feed, FeedError, Gateway, Place, Release, Session, SubmitError};
use novate_replica::primary::{Drill, Primary, Settings};
use novate_replica::wait::{Waiter, Waiting};

use crate::support::{PATIENCE, folder, genesis, settings};

pub(crate) fn waiter() -> Waiter {
    Waiter::new(Waiting::Park)
}

fn started(storage: &Arc<dyn Storage>) -> Primary {
    Primary::create(storage, &genesis(), CycleClock::new(), &settings()).expect("a primary")
}

/// A venue of one instrument and two accounts, each with a trader's session of its own.
pub(crate) struct Venue {
    pub(crate) operator: Session,
    pub(crate) instrument: InstrumentId,
    pub(crate) accounts: [AccountId; 2],
    pub(crate) sessions: [Session; 2],
}

pub(crate) fn set_up(gateway: &Gateway) -> Venue {
    let mut operator = gateway.attach(SessionId::operator(0), 0);
    let listed = gateway.call(&mut operator, |by| ListInstrument::perpetual(by, "BTC-PERP"), &mut waiter());
    let OwnedEvent::InstrumentListed(listed) = listed.expect("listed")[0] else { panic!("another event") };
    let accounts = [1, 2].map(|owner| {
        let opened = gateway.call(&mut operator, |by| OpenAccount::new(by, owner), &mut waiter()).expect("opened");
        let OwnedEvent::AccountOpened(opened) = opened[0] else { panic!("another event") };
        opened.account
    });
    let sessions = accounts.map(|account| {
        gateway.open_session(&mut operator, Role::Trader, Some(&[account]), &mut waiter()).expect("a session")
    });
    Venue { operator, instrument: listed.instrument, accounts, sessions }
}

impl Venue {
    pub(crate) fn order(&mut self, who: usize, id: u64, side: Side, price: i64) -> u64 {
        let (instrument, account) = (self.instrument, self.accounts[who]);
        let make = |(session, sequence)| {
            let (id, price) = (ClientOrderId(id), PriceTicks(price));
            NewOrder::limit((session, sequence, account), instrument, id, side, price, QuantityLots(5))
        };
        self.sessions[who].submit(make, &mut waiter()).expect("a primary")
    }
}

/// Reads until an event is what is waited for.
pub(crate) fn until(feed: &mut Feed, mut is_it: impl FnMut(&Event<'_>) -> bool) -> Vec<OwnedEvent> {
    let (begin, mut all) = (std::time::Instant::now(), Vec::new());
    loop {
        if let Some(event) = feed.next_event().expect("it is read") {
            all.push(event.to_owned());
            if is_it(&event) {
                return all;
            }
        } else {
            assert!(begin.elapsed() < PATIENCE, "what was waited for did not come; {} events did", all.len());
            std::thread::yield_now();
        }
    }
}

/// Waits until so many submissions were executed.
pub(crate) fn executed(primary: &Primary, count: u64) {
    let begin = std::time::Instant::now();
    while primary.taken() < count {
        assert!(begin.elapsed() < PATIENCE, "{} of {count} were executed", primary.taken());
        std::thread::yield_now();
    }
}

/// Where this primary tells of an event.
pub(crate) fn place(gateway: &Gateway, (sequence, ordinal): (Sequence, u32)) -> Place {
    Place { epoch: gateway.epoch(), sequence, ordinal }
}

pub(crate) fn is_accepted(id: u64) -> impl FnMut(&Event<'_>) -> bool {
    move |event| matches!(event, Event::Accepted(accepted) if accepted.client_order_id == ClientOrderId(id))
}

#[test]
fn sessions_trade_and_feeds_tell() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let mut feed = gateway.feed(Release::Executed).expect("a place");
    let mut durable = gateway.feed(Release::Durable).expect("a place");
    venue.order(0, 1, Side::Sell, 100);
    venue.order(1, 2, Side::Buy, 100);
    let events = until(&mut feed, |event| matches!(event, Event::Trade(_)));
    let Some(OwnedEvent::Trade(trade)) = events.last() else { panic!("{events:?}") };
    assert_eq!((trade.maker_account, trade.taker_account), (venue.accounts[0], venue.accounts[1]));
    assert_eq!(events.last().expect("a trade").view().accounts(), venue.accounts);
    // The same, once no loss of power takes it back.
    assert_eq!(until(&mut durable, |event| matches!(event, Event::Trade(_))), events);
    assert!(gateway.durable() >= trade.sequence);

    // For an account that is another's.
    let (instrument, other) = (venue.instrument, venue.accounts[1]);
    let make = |(session, sequence)| {
        let by = (session, sequence, other);
        NewOrder::limit(by, instrument, ClientOrderId(9), Side::Buy, PriceTicks(50), QuantityLots(1))
    };
    let refused = gateway.call(&mut venue.sessions[0], make, &mut waiter()).expect_err("not permitted");
    assert!(matches!(refused, CallError::Rejected(RejectCode::AccountNotPermitted)), "{refused}");
    // A trader is no operator.
    let refused = gateway.call(&mut venue.sessions[0], |by| OpenAccount::new(by, 7), &mut waiter());
    assert!(matches!(refused, Err(CallError::Rejected(_))), "{refused:?}");
    primary.stop().expect("in order");
}

#[test]
fn a_feed_goes_on_from_any_event() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut all = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
    let mut venue = set_up(&gateway);
    for id in 1..200 {
        venue.order(
            (id % 2) as usize,
            id,
            if id % 2 == 0 { Side::Buy } else { Side::Sell },
            100 + (id.cast_signed() % 7),
        );
    }
    let whole = until(&mut all, is_accepted(199));
    let positions: Vec<_> = whole.iter().map(|event| event.view().position()).collect();
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "each once, in order");
    for from in (0..positions.len() - 1).step_by(17) {
        let mut feed = gateway.feed_after(place(&gateway, positions[from]), Release::Executed).expect("a place");
        assert_eq!(until(&mut feed, is_accepted(199)), whole[from + 1..]);
        assert_eq!(feed.last(), place(&gateway, *positions.last().expect("some")));
    }
    // Of the past and of what comes, with commands coming all the while.
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for id in 200..3_000 {
                venue.order(
                    (id % 2) as usize,
                    id,
                    if id % 2 == 0 { Side::Buy } else { Side::Sell },
                    100 + (id.cast_signed() % 7),
                );
            }
        });
        for _ in 0..5 {
            let mut feed = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
            let events = until(&mut feed, is_accepted(1_000));
            assert_eq!(events[..whole.len()], whole);
            assert!(events.windows(2).all(|pair| pair[0].view().position() < pair[1].view().position()));
        }
        sender.join().expect("no panic");
    });
    primary.stop().expect("in order");
}

#[test]
fn a_book_and_what_follows() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    for id in 1..=20 {
        venue.order(
            0,
            id,
            if id % 2 == 0 { Side::Buy } else { Side::Sell },
            if id % 2 == 0 { 90 } else { 110 } + id.cast_signed() % 3,
        );
    }
    let mut feed = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
    until(&mut feed, is_accepted(20));
    let (book, mut behind) = gateway.book(venue.instrument, Release::Executed).expect("a book");
    assert_eq!((book.bids.len(), book.asks.len()), (10, 10));
    assert!(book.bids.windows(2).all(|pair| pair[0].price >= pair[1].price));
    assert!(book.asks.windows(2).all(|pair| pair[0].price <= pair[1].price));
    venue.order(1, 21, Side::Buy, 80);
    let events = until(&mut behind, is_accepted(21));
    assert!(events[0].view().position().0 > book.sequence);
    let (none, _) = gateway.book(InstrumentId(99), Release::Executed).expect("an empty book");
    assert!(none.bids.is_empty() && none.asks.is_empty());
    primary.stop().expect("in order");
}

#[test]
fn what_is_sent_again_runs_once() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let mut feed = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
    for id in 1..=10 {
        venue.order(0, id, Side::Buy, 90);
    }
    until(&mut feed, is_accepted(10));
    let count = |events: &[OwnedEvent]| {
        let accepted = events.iter().filter(|event| matches!(event, OwnedEvent::Accepted(_))).count();
        (accepted, events.iter().filter(|event| matches!(event, OwnedEvent::Resent(_))).count())
    };
    assert_eq!(venue.sessions[0].resend(4, &mut waiter()), Ok(7));
    let is_last = |event: &Event<'_>| matches!(event, Event::Resent(resent) if resent.session_sequence == 10);
    assert_eq!(count(&until(&mut feed, is_last)), (0, 7));
    primary.stop().expect("in order");

    // The primary is started again; the session sends what it has no answer to.
    let primary = Primary::open(&storage, CycleClock::new(), &settings()).expect("a primary");
    let gateway = primary.gateway();
    let mut feed = gateway.feed(Release::Executed).expect("a place");
    venue.sessions[0].reattach(&gateway);
    venue.order(0, 11, Side::Buy, 91);
    assert_eq!(venue.sessions[0].resend(9, &mut waiter()), Ok(3));
    let is_last = |event: &Event<'_>| matches!(event, Event::Resent(resent) if resent.session_sequence == 11);
    assert_eq!(count(&until(&mut feed, is_last)), (1, 3));
    drop(venue);
    primary.stop().expect("in order");
}

/// Who cancels what sessions leave, for all accounts.
fn canceller(gateway: &Gateway, venue: &mut Venue) -> Canceller {
    let session = gateway.open_session(&mut venue.operator, Role::Trader, None, &mut waiter());
    Canceller::new(session.expect("a session"))
}

fn cancelled(events: &[OwnedEvent]) -> Vec<u64> {
    let cancelled = events.iter().filter_map(|event| match event {
        OwnedEvent::Cancelled(cancelled) => Some(cancelled.client_order_id.0),
        _ => None,
    });
    cancelled.collect()
}

#[test]
fn orders_are_cancelled_when_a_session_ends() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let canceller = canceller(&gateway, &mut venue);
    let mut feed = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
    for id in 1..=3 {
        venue.order(0, id, Side::Buy, 90);
    }
    venue.order(1, 4, Side::Buy, 90);
    until(&mut feed, is_accepted(4));
    let (session, last) = (venue.sessions[0].id(), venue.sessions[0].last());
    venue.sessions[0].cancel_on_disconnect(&[venue.accounts[0]], &canceller);
    venue.sessions[0] = gateway.attach(session, last - 1);
    let events = until(&mut feed, |event| matches!(event, Event::MassCancelled(_)));
    assert_eq!(cancelled(&events), [1, 2, 3]);

    // The client comes back: what it had sent does not run again, and what it sends next does.
    venue.order(0, 3, Side::Buy, 90);
    let is_again = |event: &Event<'_>| matches!(event, Event::Resent(resent) if resent.session == session);
    assert!(!until(&mut feed, is_again).iter().any(|event| matches!(event, OwnedEvent::Accepted(_))));
    assert_eq!(venue.order(0, 5, Side::Buy, 90), last + 1);
    assert!(!until(&mut feed, is_accepted(5)).iter().any(|event| matches!(event, OwnedEvent::Resent(_))));
    primary.stop().expect("in order");
}

#[test]
fn what_a_session_leaves_when_the_primary_has_ended_is_cancelled_later() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let canceller = canceller(&gateway, &mut venue);
    venue.order(0, 1, Side::Buy, 90);
    venue.sessions[0].cancel_on_disconnect(&[venue.accounts[0]], &canceller);
    primary.stop().expect("in order");

    // Nothing is taken any more, and whoever ends a session does not wait.
    let last = venue.sessions[1].last();
    let refused = venue.sessions[1].try_submit(|(session, number)| OpenAccount::new((session, number), 7));
    assert_eq!((refused, venue.sessions[1].last()), (Err(SubmitError::Closed), last));
    assert_eq!(venue.sessions[1].resend(0, &mut waiter()), Ok(0));
    assert_eq!(venue.operator.resend(1, &mut waiter()), Err(SubmitError::Closed));
    drop(venue.sessions);
    assert_eq!((canceller.retry(), canceller.last()), (1, 0));

    let primary = Primary::open(&storage, CycleClock::new(), &settings()).expect("a primary");
    let gateway = primary.gateway();
    let mut feed = gateway.feed(Release::Executed).expect("a place");
    assert_eq!(canceller.reattach(&gateway).expect("it is read"), Some(0));
    let events = until(&mut feed, |event| matches!(event, Event::MassCancelled(_)));
    assert_eq!((cancelled(&events), canceller.last()), (vec![1], 1));
    primary.stop().expect("in order");
}

#[test]
fn a_call_with_a_wrong_session_sequence_says_so() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let venue = set_up(&gateway);
    let id = SessionId::operator(0);
    let open = |session: &mut Session| gateway.call(session, |by| OpenAccount::new(by, 9), &mut waiter());
    let gap = open(&mut gateway.attach(id, 1_000)).expect_err("a gap");
    assert!(matches!(gap, CallError::Rejected(RejectCode::SessionSequenceGap)), "{gap}");
    // Number 1 listed the instrument: it opens no account.
    let used = open(&mut gateway.attach(id, 0)).expect_err("used");
    let CallError::AlreadyUsed { first_sequence } = used else { panic!("{used}") };
    assert!(first_sequence > Sequence::ZERO && first_sequence < gateway.executed());
    let used = gateway.open_session(&mut gateway.attach(id, 1), Role::Trader, None, &mut waiter());
    assert!(matches!(used, Err(CallError::AlreadyUsed { .. })), "{used:?}");

    let mut again = gateway.attach_again(id).expect("a replay").expect("it is open");
    assert_eq!(again.last(), venue.operator.last());
    assert!(matches!(open(&mut again).expect("opened")[..], [OwnedEvent::AccountOpened(_)]));
    assert!(gateway.attach_again(SessionId(u64::MAX)).expect("a replay").is_none());
    primary.stop().expect("in order");
    let ended = open(&mut again).expect_err("it has ended");
    assert!(matches!(ended, CallError::Submit(SubmitError::Closed)), "{ended}");
}

#[test]
fn a_feed_that_is_not_read_is_lapped_and_goes_on_by_replay() {
    let (_folder, storage) = folder();
    let settings = Settings { egress_lines: 64, patience: Duration::from_micros(100), gates: 2, ..settings() };
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let mut lazy = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
    let first = lazy.next_event().expect("the past").map(|event| event.position());
    let mut good = gateway.feed(Release::Executed).expect("a place");
    assert!(matches!(gateway.feed(Release::Executed), Err(FeedError::TooManyReaders)));
    for id in 1..=500 {
        venue.order(0, id, Side::Buy, 90);
        until(&mut good, is_accepted(id));
    }
    let lapped = loop {
        match lazy.next_event() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it was lapped"),
            Err(error) => break error,
        }
    };
    let FeedError::Lapped { after, lines } = lapped else { panic!("{lapped}") };
    assert!(lines > 64 && Some((after.sequence, after.ordinal)) >= first);
    drop(lazy);
    let mut again = gateway.feed_after(after, Release::Executed).expect("a place");
    let events = until(&mut again, is_accepted(500));
    assert_eq!(events.iter().filter(|event| matches!(event, OwnedEvent::Accepted(_))).count(), 500);
    primary.stop().expect("in order");
}

#[test]
fn nobody_waits_for_a_feed_that_is_in_the_past() {
    let (_folder, storage) = folder();
    let settings = Settings { egress_lines: 64, patience: Duration::from_millis(1), ..settings() };
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    // Seven calls, each of which is sent twice.
    executed(&primary, 14);
    for id in 1..=2_500 {
        venue.order((id % 2) as usize, id, if id % 2 == 0 { Side::Buy } else { Side::Sell }, 100);
    }
    executed(&primary, 14 + 2_500);
    let mut feed = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
    for id in 2_501..=3_000 {
        venue.order((id % 2) as usize, id, if id % 2 == 0 { Side::Buy } else { Side::Sell }, 100);
    }
    executed(&primary, 14 + 3_000);
    let whole = until(&mut feed, is_accepted(3_000));
    let accepted: Vec<_> = whole
        .iter()
        .filter_map(|event| match event {
            OwnedEvent::Accepted(accepted) => Some(accepted.client_order_id.0),
            _ => None,
        })
        .collect();
    assert!(accepted.iter().copied().eq(1..=3_000), "each once, in order");
    drop(feed);
    let stopped = primary.stop().expect("in order");
    assert_eq!((stopped.egress_stalls, stopped.gates_released), (0, 0));
}

/// An order that ends a test.
const LAST: u64 = 1_000_000;

#[test]
fn a_book_under_load_and_what_follows() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let (instrument, has_enough) = (venue.instrument, AtomicBool::new(false));
    // One that rests all the while. (Not only what the venue sends is taken: so many would not say that it was.)
    let mut feed = gateway.feed(Release::Executed).expect("a place");
    venue.order(0, LAST + 1, Side::Buy, 80);
    until(&mut feed, is_accepted(LAST + 1));
    drop(feed);
    let (first, _) = gateway.book(instrument, Release::Executed).expect("a book");
    assert_eq!(first.bids.len(), 1, "one rests");
    let books: Vec<_> = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for id in (1..LAST).take_while(|_| !has_enough.load(Ordering::Relaxed)) {
                venue.order((id % 2) as usize, id, if id % 2 == 0 { Side::Buy } else { Side::Sell }, 100);
            }
            venue.order(0, LAST, Side::Buy, 90);
        });
        let books = (0..4).map(|_| gateway.book(instrument, Release::Executed).expect("a book")).collect();
        has_enough.store(true, Ordering::Relaxed);
        sender.join().expect("no panic");
        books
    });
    let mut whole = gateway.feed_after(Place::BEGINNING, Release::Executed).expect("a place");
    until(&mut whole, is_accepted(LAST));
    drop(whole);
    let (last, _) = gateway.book(instrument, Release::Executed).expect("a book");
    assert!(books.iter().any(|(book, _)| !(book.bids.is_empty() && book.asks.is_empty())), "nothing rests");
    for (book, mut feed) in books {
        let begin = feed.last();
        assert_eq!((begin.sequence, begin.ordinal), (book.sequence, u32::MAX));
        let events = until(&mut feed, is_accepted(LAST));
        let mut again = gateway.feed_after(begin, Release::Executed).expect("a place");
        assert_eq!(until(&mut again, is_accepted(LAST)), events);
        // The events lead from this book to the last one.
        let mut resting: BTreeMap<OrderId, i64> =
            book.bids.iter().chain(&book.asks).map(|order| (order.order, order.leaves.0)).collect();
        for event in &events {
            match event {
                OwnedEvent::Accepted(order) => drop(resting.insert(order.order, order.quantity.0)),
                OwnedEvent::Trade(trade) => {
                    for order in [trade.maker_order, trade.taker_order] {
                        *resting.get_mut(&order).expect("an order of the book") -= trade.quantity.0;
                    }
                }
                other => panic!("nobody expects {other:?}"),
            }
        }
        resting.retain(|_, quantity| *quantity > 0);
        let orders = last.bids.iter().chain(&last.asks).map(|order| (order.order, order.leaves.0));
        assert_eq!(resting, orders.collect());
    }
    primary.stop().expect("in order");
}

#[test]
fn a_feed_says_that_nothing_will_come() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let mut feeds = [Release::Executed, Release::Durable].map(|release| gateway.feed(release).expect("a place"));
    venue.order(0, 1, Side::Buy, 90);
    assert!(!gateway.has_ended());
    let last = primary.stop().expect("in order").last.0;
    assert!(gateway.has_ended());
    let past = gateway.feed_after(Place::BEGINNING, Release::Durable).expect("the past");
    let mut accepted = 0;
    for feed in feeds.iter_mut().chain([&mut { past }]) {
        let begin = std::time::Instant::now();
        let ended = loop {
            match feed.next_event() {
                Ok(event) => accepted += u32::from(matches!(event, Some(Event::Accepted(_)))),
                Err(error) => break error,
            }
            assert!(begin.elapsed() < PATIENCE, "nothing says that it has ended");
        };
        assert!(matches!(ended, FeedError::Ended), "{ended}");
    }
    assert_eq!(accepted, 3);

    // What is ahead of the journal is not waited for.
    let ahead = place(&gateway, (Sequence(last.0 + 1), 0));
    let refused = gateway.feed_after(ahead, Release::Executed).expect_err("it is not there");
    let FeedError::Ahead { after, appended } = refused else { panic!("{refused}") };
    assert_eq!((after, appended), (ahead, last));
    gateway.feed_after(place(&gateway, (last, u32::MAX)), Release::Executed).expect("nothing is behind it");
}

#[test]
fn after_a_halt_nothing_is_taken_and_feeds_end() {
    let (_folder, storage) = folder();
    let settings = Settings { drill: Some(Drill::WrongEvent(Sequence(100))), ..settings() };
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let mut feeds = [Release::Executed, Release::Durable].map(|release| gateway.feed(release).expect("a place"));
    for id in 1..=200 {
        let (instrument, account) = (venue.instrument, venue.accounts[0]);
        let make = |(session, sequence)| {
            let (id, price) = (ClientOrderId(id), PriceTicks(90));
            NewOrder::limit((session, sequence, account), instrument, id, Side::Buy, price, QuantityLots(1))
        };
        // It halts in the midst of it.
        let _ = venue.sessions[0].submit(make, &mut waiter());
    }
    let begin = std::time::Instant::now();
    while !gateway.has_ended() {
        assert!(begin.elapsed() < PATIENCE, "it did not halt");
        std::thread::yield_now();
    }
    let refused = venue.operator.try_submit(|by| OpenAccount::new(by, 7));
    assert_eq!(refused, Err(SubmitError::Closed));
    for feed in &mut feeds {
        let ended = loop {
            match feed.next_event() {
                Ok(event) => assert!(event.is_some() || begin.elapsed() < PATIENCE, "nothing says that it has ended"),
                Err(error) => break error,
            }
        };
        assert!(matches!(ended, FeedError::Ended), "{ended}");
    }
    primary.stop().expect_err("it has halted");
}

#[test]
fn a_client_hears_what_concerns_it() {
    let (_folder, storage) = folder();
    let primary = started(&storage);
    let gateway = primary.gateway();
    let mut venue = set_up(&gateway);
    let sessions = [0, 1].map(|who: usize| venue.sessions[who].id());
    let feed = gateway.feed(Release::Executed).expect("a place");
    let mut feed = feed.of_client(sessions[0], &[venue.accounts[0], AccountId::NONE]);
    let mut all = gateway.feed(Release::Executed).expect("a place");
    venue.order(1, 1, Side::Buy, 90);
    venue.order(0, 2, Side::Sell, 95);
    venue.order(1, 3, Side::Buy, 95);
    for who in [1, 0] {
        // For the other one's account: a rejection, which is the sender's alone.
        let (instrument, account) = (venue.instrument, venue.accounts[1 - who]);
        let make = |(session, sequence)| {
            let by = (session, sequence, account);
            NewOrder::limit(by, instrument, ClientOrderId(9), Side::Buy, PriceTicks(50), QuantityLots(1))
        };
        venue.sessions[who].submit(make, &mut waiter()).expect("a primary");
        let last = venue.sessions[who].last();
        venue.sessions[who].resend(last, &mut waiter()).expect("a primary");
    }
    let is_answer = |event: &Event<'_>| matches!(event, Event::Resent(resent) if resent.session == sessions[0]);
    let events = until(&mut feed, is_answer);
    let mut expected = until(&mut all, is_answer);
    expected.retain(|event| match event {
        OwnedEvent::Rejected(rejected) => rejected.session == sessions[0],
        OwnedEvent::Resent(resent) => resent.session == sessions[0],
        event => event.view().accounts().contains(&venue.accounts[0]),
    });
    assert_eq!(events, expected);
    for (kind, is_there) in [
        ("its order", events.iter().any(|event| matches!(event, OwnedEvent::Accepted(_)))),
        ("its trade", events.iter().any(|event| matches!(event, OwnedEvent::Trade(_)))),
        ("its rejection", events.iter().any(|event| matches!(event, OwnedEvent::Rejected(_)))),
    ] {
        assert!(is_there, "{kind} is missing");
    }
    primary.stop().expect("in order");
}
