//! Feeds: what is taken, what is held, and what is refused.

use alloc::string::String;

use super::market::{DAY, SMILE, STRIKES, U, flat, instrument, lenient, stamp};
use super::{Canary, Desk};
use crate::command::{FeedRules, FeedStamp, PPM, SmileTerms};
use crate::event::{Event, FeedUpdated};
use crate::ids::{ExpiryId, InstrumentId, UnderlyingId};
use crate::terms::{FeedKind, InstrumentKind, Surface};
use crate::units::{CashAtoms, TimeNs};

/// Moves beyond 5 % need two confirmations.
fn wary() -> FeedRules {
    FeedRules { move_max: 50_000, ..lenient() }
}

/// The events of ticks (price, source), a second after each other.
fn ticks(canary: Canary, rules: FeedRules, ticks: &[(i64, u16)]) -> String {
    let mut desk = Desk::market(rules, canary);
    let mut said = String::new();
    for (number, (price, source)) in (1..).zip(ticks) {
        let time = 1_000_000_000 * number;
        said += &desk.at(time).index(U, *price, stamp(time, *source)).replace(" Index", "");
        said += "; ";
    }
    said
}

#[test]
fn what_is_near_is_taken() {
    // 5 % of 1,000,000 is 50,000, of 950,000 is 47,500: of the value that the feed has, whichever the direction.
    let said = ticks(Canary::None, wary(), &[(1_000_000, 1), (950_000, 1), (997_500, 1), (950_000, 1), (997_501, 1)]);
    assert_eq!(said, "taken 1000000; taken 950000; taken 997500; taken 950000; held 997501; ");
    let said = ticks(Canary::None, lenient(), &[(1, 1), (1_000_000, 1), (1, 1)]);
    assert_eq!(said, "taken 1; taken 1000000; taken 1; ");
}

#[test]
fn a_held_value_is_confirmed_by_count() {
    // 205 is near 200, and 210 near 205: two confirmations.
    let said = ticks(Canary::None, wary(), &[(100, 1), (200, 1), (205, 1), (210, 1), (211, 1)]);
    assert_eq!(said, "taken 100; held 200; held 205; taken 210; taken 211; ");
    // 300 is far from what is held, and counts from zero; 101 is near the value, and ends all holding.
    let path = [(100, 1), (200, 1), (205, 1), (300, 1), (301, 1), (101, 1), (302, 1), (303, 1), (304, 1)];
    let said = ticks(Canary::None, wary(), &path);
    let expected = "taken 100; held 200; held 205; held 300; held 301; taken 101; held 302; held 303; taken 304; ";
    assert_eq!(said, expected);
    let one = FeedRules { confirmations: 1, ..wary() };
    assert_eq!(ticks(Canary::None, one, &[(100, 1), (200, 1), (200, 1)]), "taken 100; held 200; taken 200; ");
}

#[test]
fn a_second_source_confirms_at_once() {
    let path = [(100, 1), (200, 1), (201, 2), (100, 2), (101, 1)];
    let said = ticks(Canary::None, wary(), &path);
    assert_eq!(said, "taken 100; held 200; taken 201; held 100; taken 101; ");
    // Who disagrees with what another holds makes the count begin anew, and no more.
    let path_back = [(100, 1), (200, 1), (201, 1), (101, 2), (202, 1), (203, 1), (204, 1)];
    let said = ticks(Canary::None, wary(), &path_back);
    assert_eq!(said, "taken 100; held 200; held 201; taken 101; held 202; taken 203; taken 204; ");
    assert_ne!(ticks(Canary::NearForgetsHeld, wary(), &path_back), said);
    // The source of the held value counts, not that of the feed's; and only a value that is near confirms.
    let said = ticks(Canary::None, wary(), &[(100, 1), (200, 2), (300, 1), (301, 1), (302, 2)]);
    assert_eq!(said, "taken 100; held 200; held 300; held 301; taken 302; ");
    for canary in [Canary::HeldMoveIsTaken, Canary::SecondSourceDoesNotConfirm] {
        assert_ne!(ticks(canary, wary(), &path), ticks(Canary::None, wary(), &path), "{}", canary.name());
    }
}

#[test]
fn rates_are_near_by_points() {
    let mut desk = Desk::market(wary(), Canary::None);
    desk.at(100);
    // 5 % is 50,000,000, of any rate.
    for (time, rate, verb) in [
        (1, 0, "taken"),
        (2, 50_000_000, "taken"),
        (3, -1, "held"),
        (4, 0, "taken"),
        (5, -50_000_000, "taken"),
        (6, 0, "taken"),
        (7, -50_000_001, "held"),
    ] {
        assert_eq!(desk.rate(SMILE, rate, stamp(time, 1)), alloc::format!("{verb} Rate {rate}"));
    }
}

#[test]
fn smiles_move_by_their_level() {
    let mut desk = Desk::market(wary(), Canary::None);
    desk.at(100);
    // sqrt(0.25), sqrt(0.2704), sqrt(0.36)
    assert_eq!(desk.smile(SMILE, flat(250_000_000_000), stamp(1, 1)), "taken Surface 500000000");
    assert_eq!(desk.smile(SMILE, flat(270_400_000_000), stamp(2, 1)), "taken Surface 520000000");
    assert_eq!(desk.smile(SMILE, flat(360_000_000_000), stamp(3, 1)), "held Surface 600000000");
    assert_eq!(desk.smile(SMILE, flat(360_000_000_000), stamp(4, 2)), "taken Surface 600000000");
    // At its wings, whatever it is at the money; and by its forward price.
    let winged = SmileTerms { b: 1_000_000_000_000, sigma: 1_000, ..flat(360_000_000_000) };
    assert_eq!(desk.smile(SMILE, winged, stamp(5, 1)), "held Surface 600000000");
    let elsewhere = SmileTerms { forward: CashAtoms(1_051), ..flat(360_000_000_000) };
    assert_eq!(desk.smile(SMILE, elsewhere, stamp(6, 1)), "held Surface 600000000");
    let absurd = SmileTerms { b: 1_000 * 1_000_000_000_000, sigma: 1_000, ..flat(360_000_000_000) };
    assert_eq!(desk.smile(SMILE, absurd, stamp(7, 1)), "rejected FeedValueAbsurd");
}

#[test]
fn one_source_needs_time_and_confidence() {
    let rules = FeedRules { confirm_after_us: 1, confirmations: 1, confidence_min: 900_000, ..wary() };
    let said = |canary: Canary| {
        let mut desk = Desk::market(rules, canary);
        let mut tick = |time: u64, price, confidence| {
            desk.at(time).index(U, price, FeedStamp { confidence, ..stamp(time, 1) }).replace(" Index", "")
        };
        [
            tick(10_000, 100, PPM),
            tick(11_000, 200, PPM),
            tick(11_999, 200, PPM),
            tick(12_000, 200, 899_999),
            tick(12_001, 200, 900_000),
        ]
        .join("; ")
    };
    assert_eq!(said(Canary::None), "taken 100; held 200; passed 200; passed 200; taken 200");
    assert_ne!(said(Canary::DoubtConfirms), said(Canary::None));
}

#[test]
fn what_is_held_counts_for_so_long() {
    let rules = FeedRules { degraded_after: TimeNs(1_000), ..wary() };
    let mut desk = Desk::market(rules, Canary::None);
    let mut tick = |time: u64, price, source| desk.at(time).index(U, price, stamp(time, source));
    assert_eq!(tick(10_000, 100, 1), "taken Index 100");
    assert_eq!(tick(10_001, 200, 1), "held Index 200");
    assert_eq!(tick(11_001, 200, 2), "held Index 200");
    assert_eq!(tick(12_000, 200, 1), "taken Index 200");
}

#[test]
fn source_times() {
    let mut desk = Desk::market(wary(), Canary::None);
    let second = 1_000_000_000;
    let mut tick = |now: u64, price: i64, time: u64, source: u16| desk.at(now).index(U, price, stamp(time, source));
    assert_eq!(tick(1_000, 100, 1_001 + second, 1), "rejected SourceTimeAhead");
    assert_eq!(tick(1_001, 100, 1_001 + second, 1), "taken Index 100");
    // It counts as of the command's time.
    assert_eq!(tick(1_010, 101, 1_001, 2), "rejected SourceTimeOld");
    assert_eq!(tick(1_011, 101, 1_002, 2), "taken Index 101");
    // Held: the same source must go on, another one may be behind it.
    assert_eq!(tick(2 * second, 200, 2 * second, 1), "held Index 200");
    assert_eq!(tick(2 * second + 1, 201, 2 * second, 1), "rejected SourceTimeOld");
    assert_eq!(tick(2 * second + 2, 201, 2 * second - 1, 1), "rejected SourceTimeOld");
    assert_eq!(tick(2 * second + 3, 201, 2 * second - 1, 2), "taken Index 201");
    // What was held is forgotten, and its time with it.
    assert_eq!(tick(2 * second + 4, 202, 2 * second, 1), "taken Index 202");
}

#[test]
fn the_event_has_the_update_and_its_places() {
    let mut desk = Desk::market(lenient(), Canary::None);
    desk.list_call(InstrumentKind::EuropeanOption, STRIKES);
    desk.rest();
    let stamp = FeedStamp { source_time: TimeNs(7), confidence: 900_000, source: 3, reserved: 0 };
    assert_eq!(desk.volatility(instrument(2), 300_000_000, stamp), "taken Volatility 300000000");
    let Event::FeedUpdated(said) = desk.said[0].view() else { panic!("{:?}", desk.said) };
    assert_eq!((said.feed, said.flags, said.value), (FeedKind::Volatility.code(), 0, 300_000_000));
    assert_eq!((said.underlying, said.expiry, said.instrument), (U, STRIKES, instrument(2)));
    assert_eq!((said.source_time, said.confidence, said.source), (TimeNs(7), 900_000, 3));
    desk.at(100).index(U, 5, stamp);
    let Event::FeedUpdated(said) = desk.said[0].view() else { panic!("{:?}", desk.said) };
    assert_eq!((said.underlying, said.expiry, said.instrument), (U, ExpiryId::NONE, InstrumentId::NONE));
    assert_ne!(FeedUpdated::HELD, 0);
}

#[test]
fn absurd_values() {
    let mut desk = Desk::market(lenient(), Canary::None);
    desk.list_call(InstrumentKind::EuropeanOption, STRIKES);
    desk.rest();
    let option = instrument(2);
    let absurd = "rejected FeedValueAbsurd";
    desk.at(1_000);
    for price in [i64::MIN, -1, 0, 1_000_001, i64::MAX] {
        assert_eq!(desk.index(U, price, stamp(5, 1)), absurd);
        assert_eq!(desk.forward(SMILE, price, stamp(5, 1)), absurd);
        let smile = SmileTerms { forward: CashAtoms(price), ..flat(250_000_000_000) };
        assert_eq!(desk.smile(SMILE, smile, stamp(5, 1)), absurd);
    }
    for rate in [-1_000_000_001, 10_000_000_001] {
        assert_eq!(desk.rate(SMILE, rate, stamp(5, 1)), absurd);
    }
    for volatility in [0, 99_999, 10_000_000_001] {
        assert_eq!(desk.volatility(option, volatility, stamp(5, 1)), absurd);
    }
    // Volatilities of 99,999 and 10.1; a negative variance; no years.
    let one = 1_000_000_000_000;
    let none = SmileTerms { years: 0, ..flat(one) };
    for smile in [flat(9_999), flat(102 * one), flat(-1), none] {
        assert_eq!(desk.smile(SMILE, smile, stamp(5, 1)), absurd);
    }
    // The bounds themselves; nothing before was taken, or held.
    assert_eq!(desk.index(U, 1, stamp(1, 1)), "taken Index 1");
    assert!(desk.index(U, 1_000_000, stamp(2, 1)).starts_with("taken Index 1000000"));
    assert!(desk.rate(SMILE, -1_000_000_000, stamp(1, 1)).starts_with("taken Rate"));
    assert!(desk.rate(SMILE, 10_000_000_000, stamp(2, 1)).starts_with("taken Rate"));
    assert!(desk.volatility(option, 100_000, stamp(1, 1)).starts_with("taken Volatility"));
    assert!(desk.volatility(option, 10_000_000_000, stamp(2, 1)).starts_with("taken Volatility"));
    assert!(desk.smile(SMILE, flat(100 * one), stamp(1, 1)).starts_with("taken Surface 10000000000"));
}

#[test]
fn what_is_not_there_has_no_feed() {
    let mut desk = Desk::market(lenient(), Canary::None);
    desk.list(|_| ());
    desk.list_call(InstrumentKind::EuropeanOption, SMILE);
    desk.list_call(InstrumentKind::EuropeanOption, STRIKES);
    desk.expiry(U, 100 * DAY, Surface::Smile);
    desk.delist_expiry(ExpiryId::assemble(0, 3, 3));
    desk.underlying(|_| ());
    desk.delist_underlying(UnderlyingId::assemble(0, 2, 2));
    desk.delist(instrument(2));
    let (now, volatility) = (stamp(1, 1), 500_000_000);
    for (generation, code) in [(3, "UnknownUnderlying"), (2, "StaleUnderlying")] {
        let said = desk.index(UnderlyingId::assemble(0, generation, 2), 1, now);
        assert_eq!(said, alloc::format!("rejected {code}"));
    }
    for (generation, code) in [(4, "rejected UnknownExpiry"), (3, "rejected StaleExpiry")] {
        let gone = ExpiryId::assemble(0, generation, 3);
        assert_eq!(desk.forward(gone, 0, now), code);
        assert_eq!(desk.rate(gone, i64::MAX, now), code);
        assert_eq!(desk.smile(gone, flat(-1), now), code);
    }
    assert_eq!(desk.volatility(instrument(5), volatility, now), "rejected UnknownInstrument");
    assert_eq!(desk.volatility(instrument(2), volatility, now), "rejected StaleInstrument");
    // No option; an option whose expiry has smiles; an expiry without.
    assert_eq!(desk.volatility(instrument(1), volatility, now), "rejected NoSuchFeed");
    assert_eq!(desk.volatility(instrument(3), volatility, now), "rejected NoSuchFeed");
    let Event::Rejected(said) = desk.said[0].view() else { panic!("{:?}", desk.said) };
    assert_eq!(said.instrument, instrument(3));
    assert_eq!(desk.smile(STRIKES, flat(-1), now), "rejected NoSuchFeed");
    // At the expiry there are feeds no more, whatever they say, but for the index.
    desk.at(100 * DAY);
    assert_eq!(desk.forward(SMILE, 0, now), "rejected ExpiryInPast");
    assert_eq!(desk.rate(SMILE, i64::MAX, now), "rejected ExpiryInPast");
    assert_eq!(desk.smile(SMILE, flat(-1), now), "rejected ExpiryInPast");
    assert_eq!(desk.smile(STRIKES, flat(-1), now), "rejected NoSuchFeed");
    assert_eq!(desk.volatility(instrument(4), 0, now), "rejected ExpiryInPast");
    assert!(desk.index(U, 1, now).starts_with("taken Index 1"));
}
