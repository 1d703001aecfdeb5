//! Marks, worked by hand.

use alloc::vec::Vec;

use super::market::{DAY, SMILE, U, instrument, lenient, stamp};
use super::{Canary, Desk};
use crate::command::{FeedRules, ListInstrument};
use crate::ids::AccountId;
use crate::terms::InstrumentKind;
use crate::units::{CashAtoms, PriceTicks, TimeNs};

const PERPETUAL: crate::ids::InstrumentId = instrument(2);

/// A market with one perpetual, whose book the lines of scripts are about.
fn perpetual(rules: FeedRules, canary: Canary, edit: impl FnOnce(&mut ListInstrument)) -> Desk {
    let mut desk = Desk::market(rules, canary);
    assert_eq!(desk.list(edit), "InstrumentListed");
    desk.rest();
    desk.instrument = PERPETUAL;
    desk
}

/// The mark after a timer at each time.
fn at_timers<const N: usize>(desk: &mut Desk, times: [u64; N]) -> [Option<i64>; N] {
    times.map(|time| {
        desk.at(time).timer();
        desk.mark_of(PERPETUAL)
    })
}

fn worked_example(canary: Canary) -> Vec<Option<i64>> {
    let mut desk = perpetual(lenient(), canary, |_| ());
    desk.at(900).index(U, 1_000, stamp(900, 1));
    // Without a book it is the reference.
    let mut marks = Vec::from(at_timers(&mut desk, [1_000]));
    desk.at(1_010).line("a buy 1 1@1004");
    desk.line("b sell 2 1@1007");
    // 2011 for 40 ns.
    marks.extend(at_timers(&mut desk, [1_040]));
    desk.at(1_050).line("b cancel 2");
    desk.index(U, 1_010, stamp(1_050, 1));
    // And 2020 for 60 ns: 201,640 / 200 = 1008.2; then 2020 / 2 for 99 ns, which are too few, and for 150 in all.
    marks.extend(at_timers(&mut desk, [1_100, 1_199, 1_250]));
    marks
}

#[test]
fn marks_are_averages_over_time() {
    assert_eq!(worked_example(Canary::None), [1_000, 1_000, 1_008, 1_008, 1_010].map(Some));
    // 4031 / 4
    assert_eq!(worked_example(Canary::MarkWeighsSamplesAlike)[2], Some(1_007));
}

#[test]
fn a_mark_is_said_if_it_is_news() {
    let mut desk = perpetual(lenient(), Canary::None, |_| ());
    assert_eq!(desk.at(900).timer(), "");
    desk.at(910).index(U, 1_000, stamp(900, 1));
    desk.rest();
    // The underlying is due a pass then, too, which begins at once.
    assert_eq!(desk.at(1_000).timer(), "MarkPriceSet");
    let begun = desk.sequence;
    assert_eq!(desk.share(), alloc::format!("published 3 of 0 begun {begun}"));
    assert_eq!(desk.at(1_100).timer(), "");
    desk.index(U, 1_001, stamp(901, 1));
    desk.rest();
    assert_eq!(desk.at(1_200).timer(), "MarkPriceSet");
    desk.rest();
    // Two looks in the same nanosecond are one.
    assert_eq!(desk.at(1_201).timer(), "");
}

#[test]
fn a_first_mark_is_half_of_the_doubled_price_rounded_down() {
    let first = |bid: i64, ask: i64, canary: Canary| {
        let mut desk = perpetual(FeedRules { mark_band: 1_000_000, ..lenient() }, canary, |_| ());
        desk.at(900).index(U, 1_000, stamp(900, 1));
        desk.line(&alloc::format!("a buy 1 1@{bid}"));
        desk.line(&alloc::format!("b sell 2 1@{ask}"));
        at_timers(&mut desk, [1_000])[0]
    };
    assert_eq!(first(1_004, 1_007, Canary::None), Some(1_005));
    // -5.5 is rounded down, and may be no lower than nothing.
    assert_eq!(first(-8, -3, Canary::MarkIgnoresBand), Some(-6));
    assert_eq!(first(-8, -3, Canary::None), Some(0));
    // And no higher than twice the reference.
    assert_eq!(first(9_000, 9_001, Canary::None), Some(2_000));
}

#[test]
fn marks_are_clamped_to_band_and_range() {
    // The reference in ticks of 7 atoms, between two prices of the book.
    let mark = |reference: i64, band: u32, (bid, ask): (i64, i64), range: (i64, i64)| {
        let rules = FeedRules { mark_band: band, ..lenient() };
        let mut desk = perpetual(rules, Canary::None, |list| {
            list.price_unit = CashAtoms(7);
            (list.price_min, list.price_max) = (PriceTicks(range.0), PriceTicks(range.1));
            (list.limit_low, list.limit_high) = (list.price_min, list.price_max);
        });
        desk.at(900).index(U, reference, stamp(900, 1));
        desk.line(&alloc::format!("a buy 1 1@{bid}"));
        desk.line(&alloc::format!("b sell 2 1@{ask}"));
        at_timers(&mut desk, [1_000])[0]
    };
    let wide = (-100_000, 100_000);
    // 900 / 7 = 128.57 is rounded up, 1,100 / 7 = 157.14 down.
    assert_eq!(mark(1_000, 100_000, (1, 2), wide), Some(129));
    assert_eq!(mark(1_000, 100_000, (129, 129 + 1), wide), Some(129));
    assert_eq!(mark(1_000, 100_000, (300, 400), wide), Some(157));
    // Without a book: 142.86 is rounded down before it is doubled.
    assert_eq!(mark(1_000, 100_000, (1, -5), wide), Some(142));
    // No price at all is in a band of nothing around 10 / 7: 2 is above 1.
    assert_eq!(mark(10, 0, (300, 400), wide), Some(1));
    assert_eq!(mark(14, 0, (300, 400), wide), Some(2));
    // The range has the last word.
    assert_eq!(mark(1_000, 100_000, (120, 130), (1, 125)), Some(125));
    assert_eq!(mark(1_000, 100_000, (200, 400), (160, 500)), Some(160));
}

#[test]
fn an_invalid_feed_ends_the_window() {
    let marks = |canary: Canary| {
        let rules =
            FeedRules { degraded_after: TimeNs(50), stale_after: TimeNs(50), invalid_after: TimeNs(50), ..lenient() };
        let mut desk = perpetual(rules, canary, |_| ());
        desk.at(1_000).index(U, 1_000, stamp(1_000, 1));
        let mut marks = Vec::from(at_timers(&mut desk, [1_001]));
        desk.line("a buy 1 1@1009");
        desk.line("b sell 2 1@1011");
        // At 49 ns it is good yet, at 50 no more; and then there is no mark either, where there was none.
        marks.extend(at_timers(&mut desk, [1_049, 1_050]));
        desk.at(1_100).index(U, 1_000, stamp(1_100, 1));
        // A window begins at 1,110, and is long enough at 1,210, and not before.
        marks.extend(at_timers(&mut desk, [1_110]));
        desk.at(1_200).index(U, 1_000, stamp(1_200, 1));
        marks.extend(at_timers(&mut desk, [1_209, 1_210]));
        marks
    };
    assert_eq!(marks(Canary::None), [1_000, 1_000, 1_000, 1_000, 1_000, 1_010].map(Some));
    assert_eq!(marks(Canary::WindowOutlivesFeed)[3], Some(1_010));
}

#[test]
fn a_future_is_held_to_its_forward() {
    let mut desk = perpetual(lenient(), Canary::None, |list| {
        (list.kind, list.expiry, list.expiry_id) = (InstrumentKind::Future.code(), TimeNs(100 * DAY), SMILE);
    });
    desk.at(900).index(U, 1_000, stamp(900, 1));
    assert_eq!(at_timers(&mut desk, [1_000]), [None]);
    desk.at(1_001).forward(SMILE, 1_100, stamp(900, 1));
    assert_eq!(at_timers(&mut desk, [1_010]), [Some(1_100)]);
}

#[test]
fn a_book_counts_in_continuous_trading_only() {
    let mut desk = perpetual(lenient(), Canary::None, |_| ());
    desk.at(900).index(U, 1_000, stamp(900, 1));
    desk.line("a buy 1 1@1004");
    desk.line("b sell 2 1@1007");
    desk.line("state halted");
    assert_eq!(at_timers(&mut desk, [1_000]), [Some(1_000)]);
    desk.line("state continuous");
    assert_eq!(at_timers(&mut desk, [1_100]), [Some(1_005)]);
    desk.rest();
    assert_eq!(desk.line("mark 1000"), "rejected MarkIsDerived");
}

fn long_round(canary: Canary) -> [Option<i64>; 4] {
    let mut desk = Desk::market(lenient(), canary);
    (0..6).for_each(|_| drop(desk.list(|_| ())));
    desk.rest();
    desk.at(990).index(U, 1_000, stamp(900, 1));
    desk.rest();
    // 4 of 6 are looked at; a timer in between begins nothing.
    desk.at(1_100).timer();
    let (last, next) = (instrument(5), instrument(6));
    assert_eq!((desk.mark_of(last), desk.mark_of(next)), (Some(1_000), None));
    desk.timer();
    let begun = desk.mark_of(next);
    desk.rest();
    desk.at(1_150).index(U, 1_020, stamp(901, 1));
    desk.rest();
    desk.at(1_200).timer();
    let reached = desk.mark_of(last);
    desk.at(1_205).index(U, 1_030, stamp(902, 1));
    let after = [last, next].map(|id| desk.mark_of(id));
    [begun, reached, after[0], after[1]]
}

#[test]
fn a_round_has_the_time_of_its_timer() {
    // The windows of the last two began at 1,100 as well. Their feed is that of the moment at which they are looked at.
    assert_eq!(long_round(Canary::None), [Some(1_000), Some(1_020), Some(1_020), Some(1_030)]);
    assert_eq!(long_round(Canary::RoundTakesLateTimer)[3], Some(1_000));
}

#[test]
fn without_marked_instruments_there_is_no_round() {
    let mut desk = Desk::market(lenient(), Canary::None);
    desk.list_call(InstrumentKind::EuropeanOption, SMILE);
    desk.at(900).index(U, 1_000, stamp(900, 1));
    assert_eq!(desk.at(1_000).timer(), "");
    assert_eq!(desk.engine.last_and_mark(instrument(2)), (None, None));
    desk.rest();
    assert!(!desk.engine.work_pending());
    assert_eq!(desk.engine.margin_model(AccountId::NONE), None);
}
