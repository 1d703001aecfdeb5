//! A storm of ticks: the price jumps at every command, by several percent, while accounts are hedged across a hundred
//! instruments. Whatever is half done meanwhile, none of them is ever seen to lose.

use std::collections::BTreeMap;

use novate_core::arena::{Arena, Chunk, Untracked};
use novate_core::command::RawCommand;
use novate_core::engine::effort::{
    ARRAY_UNITS, Accounted, Effort, JUDGED_BEFORE_STOPS, RECORD_UNITS, RECORDS_BEFORE_STOPS, SHARE_UNITS, age_max,
};
use novate_core::engine::{Engine, Sequenced};
use novate_core::event::OwnedEvent;
use novate_core::ids::{AccountId, EntityId, UnderlyingId};
use novate_core::naive::{Canary, NaiveEngine};
use novate_core::terms::{MarginModel, MarginStatus, Side};
use novate_core::units::Sequence;

use crate::hedged::{
    EXPIRIES, Hedged, INDEX, OPTIONS, OTHER_INSTRUMENTS, OTHERS, genesis, genesis_with, nth, rounding, time_of,
};
use crate::pricing::Random;

/// Accounts that are hedged: so many that the sweep is not over when the next arrays are published.
const HEDGED: u32 = 16;
const COMMANDS: u64 = 1_500;

/// How old arrays in force become.
#[derive(Default)]
struct Ages {
    /// Where the pass of those in force began.
    begun: BTreeMap<UnderlyingId, Sequence>,
    /// The most commands from there to the next publication.
    worst: BTreeMap<UnderlyingId, u64>,
}

impl Ages {
    fn hear(&mut self, events: &[OwnedEvent]) {
        for event in events {
            let OwnedEvent::ArraysPublished(published) = event else { continue };
            if let Some(before) = self.begun.insert(published.underlying, published.begun) {
                let worst = self.worst.entry(published.underlying).or_default();
                *worst = (*worst).max(published.sequence.0 - before.0);
            }
        }
    }
}

/// The price after the next jump.
fn jump(random: &mut Random) -> i64 {
    INDEX / 100 * (92 + (random.next() % 17).cast_signed())
}

/// A tick of the underlying, or of one of its expiries.
fn tick(venue: &mut Hedged<'_>, random: &mut Random) -> Vec<OwnedEvent> {
    let price = jump(random);
    match random.next() % u64::from(EXPIRIES + 1) {
        0 => venue.index(1, price),
        expiry => venue.forward(expiry as u32, price),
    }
}

/// No hedged account has lost anything, whether or not its sums are current.
fn check(venue: &Hedged<'_>, events: &[OwnedEvent]) -> bool {
    let mut is_stale = false;
    for number in 1..=venue.count {
        let account: AccountId = nth(number);
        let view = venue.engine.margin(account).expect("an account");
        is_stale |= !venue.engine.is_current(account);
        assert_eq!(view.status, MarginStatus::Healthy);
        for left in [view.initial, view.maintenance] {
            let left = left.expect("all arrays are there");
            assert!((0..=2 * i128::from(rounding())).contains(&left), "{account}: {left} is left");
        }
    }
    let is_hedged = |account: AccountId| account.slot() <= venue.count;
    let is_false = |event: &OwnedEvent| matches!(event, OwnedEvent::MarginStatusChanged(e) if is_hedged(e.account));
    assert!(!events.iter().any(is_false), "{events:?}");
    is_stale
}

#[test]
fn nobody_hedged_is_seen_to_lose_in_a_storm_and_arrays_stay_young() {
    let mut arena = Arena::for_genesis(&genesis(HEDGED)).expect("memory");
    let mut venue = Hedged::new(arena.chunks_mut(), HEDGED);
    let (mut random, mut ages, mut stale) = (Random(7), Ages::default(), 0);
    for _ in 0..COMMANDS {
        let events = tick(&mut venue, &mut random);
        ages.hear(&events);
        stale += u64::from(check(&venue, &events));
    }
    assert!(stale > COMMANDS / 2, "accounts are hardly ever behind: {stale}");
    let (worst, bound) = (ages.worst[&nth(1)], age_max(OPTIONS.into(), OPTIONS.into(), 1));
    println!("arrays of {OPTIONS} instruments, a tick at every command: at most {worst} commands old, of {bound}");
    // Passes and the sweep take turns all the time, so that the bound is reached.
    assert_eq!(worst, bound);
}

/// A timer comes every so many turns.
const TIMER_EVERY: u64 = 48;

/// Orders of hedged accounts between ticks, which have them made current at once, and another underlying's ticks.
#[test]
fn orders_in_a_storm_see_no_loss_either() {
    let mut arena = Arena::for_genesis(&genesis(HEDGED)).expect("memory");
    let mut venue = Hedged::new(arena.chunks_mut(), HEDGED);
    let (mut random, mut ages, mut changes) = (Random(3), Ages::default(), 0);
    venue.most = Effort::default();
    let (unhedged, maker): (AccountId, AccountId) = (nth(HEDGED + 1), nth(HEDGED + 2));
    for command in 0..COMMANDS {
        let events = match command % 8 {
            1 => {
                // There is no cash for it; yet to say so its account is made current.
                let account = nth(1 + (random.next() % u64::from(HEDGED)) as u32);
                let events = venue.order(account, nth(1 + (command % 100) as u32), (Side::Buy, 60_000, 1)).0;
                assert!(matches!(events[..2], [OwnedEvent::MarginShortfall(_), OwnedEvent::Rejected(_)]), "{events:?}");
                assert!(venue.engine.is_current(account) || venue.engine.under_way().turn_left == HEDGED + OTHERS);
                events
            }
            3 => venue.forward(EXPIRIES + 1, jump(&mut random)),
            6 if command % TIMER_EVERY == 6 => {
                let mut events = venue.index(2, jump(&mut random));
                events.extend(venue.timer());
                events
            }
            5 => {
                let (mut events, name) = venue.order(maker, nth(1 + (command % 100) as u32), (Side::Buy, 1, 1));
                events.extend(venue.cancel(maker, name));
                events
            }
            // Nearly all that the account without a hedge has, or some of it back.
            7 if command % 16 == 7 => {
                let left = venue.engine.margin(unhedged).and_then(|view| view.initial).expect("an array");
                venue.cash(unhedged, -(left as i64).max(-1_000_000))
            }
            _ => tick(&mut venue, &mut random),
        };
        ages.hear(&events);
        changes += events.iter().filter(|event| matches!(event, OwnedEvent::MarginStatusChanged(_))).count();
        check(&venue, &events);
    }
    assert!(changes > 2, "who is not hedged stands the same all the time: {changes} changes");
    let all = u64::from(OPTIONS + OTHER_INSTRUMENTS);
    for (underlying, own) in [(1, u64::from(OPTIONS)), (2, u64::from(OTHER_INSTRUMENTS))] {
        let (worst, bound) = (ages.worst[&nth(underlying)], age_max(own, all, 2));
        // The one mark's round, at each timer.
        let bound = bound + 2 * (1 + bound.div_ceil(TIMER_EVERY));
        println!("arrays of {own} instruments of {all} in two underlyings: at most {worst} commands old, of {bound}");
        assert!(worst <= bound, "{worst} of {bound}");
    }
    // Each bound is met: with one less a command would have done too much.
    let share = Accounted { records: SHARE_UNITS / RECORD_UNITS, judged: 1 };
    assert_eq!((venue.most.arrays, venue.most.swept), (SHARE_UNITS / ARRAY_UNITS, share));
    assert_eq!(venue.most.records, OPTIONS + share.records, "an order of an account, and a share of the sweep");
    for _ in 0..10 {
        tick(&mut venue, &mut random);
        venue.work();
    }
    assert_eq!(venue.most.arrays, 2 * SHARE_UNITS / ARRAY_UNITS, "a Work command does four shares, in turns");
}

/// The same storm where arrays are published one by one: accounts are seen to lose what they never had.
#[test]
fn mixed_generations_would_be_seen() {
    let mut arena = Arena::for_genesis(&genesis(1)).expect("memory");
    let mut venue = Hedged::new(arena.chunks_mut(), 1);
    let set_up = venue.log.len();
    let mut random = Random(7);
    for _ in 0..2 * OPTIONS {
        tick(&mut venue, &mut random);
    }
    let least = |canary: Canary| {
        let mut oracle = NaiveEngine::with_canary(&genesis(1), canary).expect("a genesis");
        let mut least = i128::MAX;
        for (command, sequence) in venue.log.iter().zip(1..) {
            let sequence = Sequence(sequence);
            let command = novate_core::command::Command::decode(command);
            let mut events = Vec::<OwnedEvent>::new();
            oracle.apply(sequence, time_of(sequence), command, &mut events).expect("in order");
            if sequence.0 as usize > set_up {
                let (_, maintenance) = oracle.margin(nth(1)).expect("all arrays are there");
                least = least.min(maintenance);
            }
        }
        least
    };
    let (right, mixed) = (least(Canary::None), least(Canary::PublishesEachAtOnce));
    println!("rounding may come to {} atoms; {right} are left at least, and {mixed} by mixed arrays", rounding());
    assert!(right >= 0 && mixed < -100 * i128::from(rounding()), "{right} {mixed}");
}

/// A copy of the memory as it was in the middle of everything, gone on with: the same events and the same memory.
#[test]
fn a_state_in_the_middle_of_anything_goes_on_as_if_it_had_not_been_left() {
    const AHEAD: u64 = 60;
    let genesis = genesis(3);
    let mut arena = Arena::for_genesis(&genesis).expect("memory");
    let mut venue = Hedged::new(arena.chunks_mut(), 3);
    let set_up = venue.log.len();
    let mut random = Random(11);
    for command in 0..400 {
        match command % 4 {
            3 => drop(venue.order(nth(1), nth(1), (Side::Buy, 60_000, 1))),
            _ => drop(tick(&mut venue, &mut random)),
        }
    }
    let log = core::mem::take(&mut venue.log);
    let apply = |engine: &mut Engine<'_>, place: usize| {
        let sequence = Sequence(place as u64 + 1);
        let command = RawCommand::new(&log[place]);
        engine.apply(sequence, time_of(sequence), command, &mut Vec::<OwnedEvent>::new()).expect("in order");
    };
    let mut arena = Arena::for_genesis(&genesis).expect("memory");
    let _ = Engine::genesis(arena.chunks_mut(), Untracked, &genesis).expect("a genesis");
    let mut left: Vec<(usize, Vec<Chunk>)> = Vec::new();
    let [mut in_pass, mut in_sweep, mut in_account] = [0; 3];
    for place in 0..log.len() {
        let mut engine = Engine::attach(arena.chunks_mut(), Untracked).expect("its own state");
        apply(&mut engine, place);
        let under_way = engine.under_way();
        let mut portfolios = (1..=3).filter_map(|account| engine.portfolio(nth(account), nth(1)));
        let is_begun = portfolios.any(|portfolio| portfolio.is_begun);
        let digest = engine.events_digest();
        if left.first().is_some_and(|(at, _)| place == at + AHEAD as usize) {
            let (at, mut chunks) = left.remove(0);
            let mut engine = Engine::attach(&mut chunks, Untracked).expect("a state");
            (at + 1..=place).for_each(|place| apply(&mut engine, place));
            assert_eq!(engine.events_digest(), digest);
            assert!(chunks == arena.chunks(), "left at {at}, looked at {place}");
        }
        if place > set_up && place % 3 == 0 && place + (AHEAD as usize) < log.len() {
            in_pass += u32::from(under_way.pass.is_some());
            in_sweep += u32::from(under_way.turn_left > 0);
            in_account += u32::from(is_begun);
            left.push((place, arena.chunks().to_vec()));
        }
    }
    assert!(in_pass > 20 && in_sweep > 20 && in_account > 5, "{in_pass} {in_sweep} {in_account}");
}

/// Beyond so many live orders batches look ahead.
#[test]
fn batches_in_a_storm_are_their_commands_one_by_one() {
    const LIVE_ORDERS: u32 = 17_000;
    let genesis = genesis_with(1, LIVE_ORDERS + 100);
    let mut arena = Arena::for_genesis(&genesis).expect("memory");
    let mut venue = Hedged::of(arena.chunks_mut(), &genesis, 1);
    let (maker, perpetual) = (nth(3), nth(OPTIONS + OTHER_INSTRUMENTS));
    let mut names = Vec::new();
    for order in 0..i64::from(LIVE_ORDERS) {
        let (side, price) = if order % 2 == 0 { (Side::Buy, 999_900) } else { (Side::Sell, 1_000_100) };
        let off = if side == Side::Buy { -(order % 500) } else { order % 500 };
        names.push(venue.order(maker, perpetual, (side, price + off, 1)).1);
    }
    let mut random = Random(13);
    for command in 0..900 {
        match command % 6 {
            0 => drop(venue.cancel(maker, names[random.next() as usize % names.len()])),
            2 => drop(venue.order(nth(4), perpetual, (Side::Buy, 1_000_110, 3))),
            4 => drop(venue.order(nth(1), nth(1), (Side::Buy, 60_000, 1))),
            5 => drop(venue.timer()),
            _ => drop(tick(&mut venue, &mut random)),
        }
    }
    let (log, digest) = (core::mem::take(&mut venue.log), venue.engine.events_digest());
    assert!(venue.engine.instrument(perpetual).is_some_and(|view| view.orders > 16_384));
    let mut batched = Arena::for_genesis(&genesis).expect("memory");
    let mut engine = Engine::genesis(batched.chunks_mut(), Untracked, &genesis).expect("a genesis");
    let sequenced: Vec<_> = (1..)
        .map(Sequence)
        .zip(&log)
        .map(|(sequence, words)| Sequenced { sequence, time: time_of(sequence), command: RawCommand::new(words) })
        .collect();
    for batch in sequenced.chunks(64) {
        engine.apply_batch(batch, &mut Vec::<OwnedEvent>::new()).expect("in order");
    }
    assert_eq!(engine.events_digest(), digest);
    assert!(batched.chunks() == arena.chunks());
}

/// Ticks an underlying until new arrays of its are in force, and nobody was visited since.
fn publish(venue: &mut Hedged<'_>, underlying: u32, price: i64) {
    let is_of = |event: &OwnedEvent| matches!(event, OwnedEvent::ArraysPublished(e) if e.underlying == nth(underlying));
    while !venue.index(underlying, price).iter().any(is_of) {}
}

/// Stop orders of accounts that are all behind: as many accounts as a command has work for, and as many records.
#[test]
fn what_is_done_before_stop_orders_fire_is_bounded() {
    const ACCOUNTS: u32 = 60;
    let mut genesis = genesis(0);
    genesis.capacities.accounts += ACCOUNTS;
    genesis.capacities.positions += ACCOUNTS;
    genesis.capacities.vectors += ACCOUNTS;
    genesis.capacities.orders += 2 * ACCOUNTS;
    let mut arena = Arena::for_genesis(&genesis).expect("memory");
    let mut venue = Hedged::of(arena.chunks_mut(), &genesis, 0);
    let (maker, perpetual) = (nth(2), nth(OPTIONS + OTHER_INSTRUMENTS));
    let trade = |venue: &mut Hedged<'_>, account: AccountId, instrument, price| {
        venue.order(maker, instrument, (Side::Sell, price, 1));
        venue.order(account, instrument, (Side::Buy, price, 1));
    };
    for number in OTHERS + 1..=OTHERS + ACCOUNTS {
        venue.open(number, MarginModel::Futures);
        trade(&mut venue, nth(number), perpetual, 1_000_000);
        let events = venue.stop(nth(number), perpetual, 1_000_100);
        assert!(matches!(events[..], [OwnedEvent::Accepted(_)]), "{events:?}");
    }
    venue.settle();
    venue.most = Effort::default();
    publish(&mut venue, 2, INDEX);
    venue.last(perpetual, 1_000_100);
    let judged = JUDGED_BEFORE_STOPS;
    assert_eq!(venue.most.before_stops, Accounted { records: judged, judged });
    // Three accounts with lots in everything.
    for account in [1, 3, 4].map(nth) {
        (1..=OPTIONS).for_each(|option| trade(&mut venue, account, nth(option), 5_000));
        venue.stop(account, perpetual, 1_000_200);
    }
    venue.settle();
    venue.most = Effort::default();
    publish(&mut venue, 1, INDEX);
    venue.last(perpetual, 1_000_200);
    // The first of them takes all that a command has, and more: nothing fires yet.
    assert_eq!(venue.most.before_stops.records, RECORDS_BEFORE_STOPS);
}
