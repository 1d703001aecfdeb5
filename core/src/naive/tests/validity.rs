//! Validity, at each of its thresholds.

use super::market::{DAY, SMILE, STRIKES, U, flat, instrument, lenient, stamp};
use super::{Canary, Desk};
use crate::command::{FeedRules, FeedStamp};
use crate::ids::{AccountId, UnderlyingId};
use crate::terms::Validity::{Degraded, Good, Invalid, Stale};
use crate::terms::{InstrumentKind, MarginModel};
use crate::units::TimeNs;

fn strict() -> FeedRules {
    FeedRules {
        degraded_after: TimeNs(10),
        stale_after: TimeNs(20),
        invalid_after: TimeNs(30),
        confidence_min: 900_000,
        slow_multiple: 5,
        move_max: 50_000,
        ..lenient()
    }
}

#[test]
fn feeds_grow_old() {
    let mut desk = Desk::market(strict(), Canary::None);
    assert_eq!(desk.engine.validity(U), Some(Invalid));
    desk.at(1_000).index(U, 100, stamp(1_000, 1));
    for (age, validity) in
        [(1, Good), (9, Good), (10, Degraded), (19, Degraded), (20, Stale), (29, Stale), (30, Invalid), (999, Invalid)]
    {
        desk.at(1_000 + age).work();
        assert_eq!(desk.engine.validity(U), Some(validity), "{age}");
    }
    // One from the future is as old as the command that it came in.
    let ahead = |canary: Canary| {
        let mut desk = Desk::market(strict(), canary);
        desk.at(3_000).index(U, 100, stamp(4_000, 1));
        desk.at(3_009).work();
        assert_eq!(desk.engine.validity(U), Some(Good));
        desk.at(3_010).work();
        desk.engine.validity(U)
    };
    assert_eq!((ahead(Canary::None), ahead(Canary::ClockAheadIsKept)), (Some(Degraded), Some(Good)));
    assert_eq!(desk.engine.validity(UnderlyingId::assemble(0, 2, 2)), None);
}

#[test]
fn a_doubtful_feed_is_degraded() {
    let mut desk = Desk::market(strict(), Canary::None);
    let sure = |time, confidence| FeedStamp { confidence, ..stamp(time, 1) };
    desk.at(1_000).index(U, 100, sure(1_000, 899_999));
    assert_eq!(desk.engine.validity(U), Some(Degraded));
    desk.at(1_001).index(U, 100, sure(1_001, 900_000));
    assert_eq!(desk.engine.validity(U), Some(Good));
    // A value that is held, however sure.
    assert_eq!(desk.at(1_002).index(U, 200, sure(1_002, 1_000_000)), "held Index 200");
    assert_eq!(desk.engine.validity(U), Some(Degraded));
    desk.at(1_021).work();
    assert_eq!(desk.engine.validity(U), Some(Stale));
    desk.at(1_022).index(U, 101, stamp(1_022, 1));
    assert_eq!(desk.engine.validity(U), Some(Good));
}

#[test]
fn an_underlying_is_as_valid_as_its_peg() {
    let of = |canary: Canary| {
        let mut desk = Desk::market(strict(), canary);
        let other = UnderlyingId::assemble(0, 2, 2);
        desk.underlying(|list| list.peg = U);
        desk.at(1_000).index(other, 100, stamp(1_000, 1));
        let first = desk.engine.validity(other);
        desk.at(1_001).index(U, 100, stamp(1_001, 1));
        let then = desk.engine.validity(other);
        // By the peg's own rules: the other's feeds never grow old.
        desk.at(1_020).work();
        (first, then, desk.engine.validity(other))
    };
    assert_eq!(of(Canary::None), (Some(Invalid), Some(Good), Some(Degraded)));
    assert_ne!(of(Canary::PegIgnored), of(Canary::None));
}

#[test]
fn an_expiry_is_as_valid_as_the_worst_of_its_feeds() {
    let mut desk = Desk::market(strict(), Canary::None);
    desk.list_call(InstrumentKind::EuropeanOption, SMILE);
    desk.list_call(InstrumentKind::EuropeanOption, STRIKES);
    desk.list(|_| ());
    let valid = |desk: &Desk| {
        let [smile, strikes] = [SMILE, STRIKES].map(|expiry| desk.engine.expiry_validity(expiry).unwrap());
        let instruments = [2, 3, 4].map(|number| desk.engine.instrument_validity(instrument(number)).unwrap());
        (smile, strikes, instruments)
    };
    desk.at(1_000).index(U, 100, stamp(1_000, 1));
    for expiry in [SMILE, STRIKES] {
        desk.at(1_000).forward(expiry, 100, stamp(1_000, 1));
        assert_eq!(desk.engine.expiry_validity(expiry), Some(Invalid));
        desk.at(1_000).rate(expiry, 0, stamp(1_000, 1));
    }
    assert_eq!(valid(&desk), (Invalid, Good, [Invalid, Invalid, Good]));
    desk.at(1_001).smile(SMILE, flat(250_000_000_000), stamp(1_001, 1));
    desk.at(1_002).volatility(instrument(3), 500_000_000, stamp(1_002, 1));
    assert_eq!(valid(&desk), (Good, Good, [Good, Good, Good]));
    // What is slow is good for five times as long: 50 ns from 1,000, 1,001 and 1,002.
    for (now, expected) in
        [(1_049, (Good, Good, [Good, Good, Good])), (1_050, (Degraded, Degraded, [Degraded, Degraded, Good]))]
    {
        desk.at(now).index(U, 100, stamp(now, 1));
        for expiry in [SMILE, STRIKES] {
            desk.at(now).forward(expiry, 100, stamp(now, 1));
        }
        assert_eq!(valid(&desk), expected);
    }
    let refresh = |desk: &mut Desk, now: u64| {
        desk.at(now).index(U, 100, stamp(now, 1));
        for expiry in [SMILE, STRIKES] {
            desk.at(now).forward(expiry, 100, stamp(now, 1));
            desk.at(now).rate(expiry, 0, stamp(now, 1));
        }
    };
    refresh(&mut desk, 1_051);
    assert_eq!(valid(&desk), (Degraded, Good, [Degraded, Good, Good]));
    refresh(&mut desk, 1_052);
    assert_eq!(valid(&desk), (Degraded, Good, [Degraded, Degraded, Good]));
    refresh(&mut desk, 1_100);
    assert_eq!(valid(&desk), (Degraded, Good, [Degraded, Degraded, Good]));
    refresh(&mut desk, 1_101);
    assert_eq!(valid(&desk), (Stale, Good, [Stale, Degraded, Good]));
    refresh(&mut desk, 1_152);
    assert_eq!(valid(&desk), (Invalid, Good, [Invalid, Invalid, Good]));
    assert_eq!(desk.engine.instrument_validity(instrument(1)), None);
    desk.at(100 * DAY).work();
    assert_eq!(valid(&desk), (Invalid, Invalid, [Invalid; 3]));
}

#[test]
fn the_canary_is_late() {
    let at_ten = |canary: Canary| {
        let mut desk = Desk::market(strict(), canary);
        desk.at(1_000).index(U, 100, stamp(1_000, 1));
        desk.at(1_010).work();
        desk.engine.validity(U)
    };
    assert_eq!((at_ten(Canary::None), at_ten(Canary::StaleOneLate)), (Some(Degraded), Some(Good)));
}

#[test]
fn a_margin_model_is_chosen_without_positions() {
    let mut desk = Desk::market(lenient(), Canary::None);
    let account = AccountId::assemble(0, 1, 1);
    assert_eq!(desk.engine.margin_model(account), None);
    assert_eq!(desk.margin_model(account, 2), "MarginModelSet");
    assert_eq!(desk.engine.margin_model(account).map(MarginModel::code), Some(2));
    assert_eq!(desk.margin_model(account, 4), "rejected InvalidField");
    assert_eq!(desk.margin_model(AccountId::assemble(0, 9, 9), 1), "rejected UnknownAccount");
    desk.line("a buy 1 1@100");
    assert_eq!(desk.margin_model(account, 1), "rejected AccountInUse");
    desk.line("b sell 2 1@100");
    assert_eq!(desk.margin_model(account, 1), "rejected AccountInUse");
    desk.line("a sell 3 1@100");
    desk.line("b buy 4 1@100");
    assert_eq!(desk.margin_model(account, 1), "MarginModelSet");
}
