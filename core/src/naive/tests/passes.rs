//! Passes: when they begin, what they see, and when they are published.

use alloc::string::String;

use super::market::{SMILE, U, flat, instrument, lenient, stamp};
use super::{Canary, Desk};
use crate::command::{CommandRecord, FeedRules, Work};
use crate::ids::{AccountId, InstrumentId, UnderlyingId};
use crate::terms::InstrumentKind;

const V: UnderlyingId = UnderlyingId::assemble(0, 2, 2);

/// So many calls on demand with a strike of 50, worth next to nothing but what exercise pays.
fn calls(number: u32, canary: Canary) -> Desk {
    let mut desk = Desk::market(FeedRules { scenario_set: 1, ..lenient() }, canary);
    (0..number).for_each(|_| drop(desk.list_call(InstrumentKind::OnDemandOption, SMILE)));
    desk.rest();
    desk.at(1_000).forward(SMILE, 10, stamp(1, 1));
    desk.rate(SMILE, 0, stamp(1, 1));
    desk.smile(SMILE, flat(10_000), stamp(1, 1));
    desk.index(U, 100, stamp(1, 1));
    desk.rest();
    desk
}

/// The generation of an array, and what a lot is worth now.
fn seen(desk: &Desk, instrument: InstrumentId) -> Option<(u64, i128)> {
    desk.engine.array(instrument).map(|(generation, array, _)| (generation, array.mark))
}

fn generation(desk: &Desk) -> u64 {
    seen(desk, instrument(3)).map_or(0, |(generation, _)| generation)
}

/// A pass of three commands, with a tick in the last: arrays of the first and the last instrument, at each step.
fn tick_in_the_middle(canary: Canary) -> [[i128; 2]; 4] {
    let mut desk = calls(2, canary);
    let g = generation(&desk);
    let values = |desk: &Desk| [2, 3].map(|number| seen(desk, instrument(number)).unwrap().1);
    let before = values(&desk);
    // It begins, and has 48 units left, which are too few for an instrument.
    assert_eq!(desk.at(2_000).index(U, 200, stamp(2, 1)), "taken Index 200");
    let begun = desk.sequence;
    assert_eq!(desk.share(), "");
    let half = values(&desk);
    assert!(desk.engine.work_pending());
    let published = alloc::format!("taken Index 190; published {} of 2 begun {begun}", g + 1);
    assert_eq!(desk.index(U, 190, stamp(3, 1)), published);
    let whole = values(&desk);
    // Nothing is left of that share for the next one; it takes three of the four of this command.
    assert_eq!(desk.work(), alloc::format!("published {} of 2", g + 2));
    assert!(!desk.engine.work_pending());
    [before, half, whole, values(&desk)]
}

#[test]
fn a_pass_sees_what_was_when_it_began() {
    // Twice the index less 50.
    assert_eq!(tick_in_the_middle(Canary::None), [[100, 100], [100, 100], [300, 300], [280, 280]]);
    assert_eq!(tick_in_the_middle(Canary::PassSeesNewFeed)[2], [300, 280]);
    assert_eq!(tick_in_the_middle(Canary::PublishesEachAtOnce)[1], [300, 100]);
}

#[test]
fn sets_and_rules_are_those_of_the_begin() {
    let mut desk = calls(2, Canary::None);
    let first = |desk: &Desk| desk.engine.array(instrument(3)).unwrap().1.scenarios;
    desk.at(2_000).index(U, 200, stamp(2, 1));
    // 220 and 66.67, less 50, twice.
    desk.scenarios(1, [1_500_000]);
    desk.share();
    assert_eq!(first(&desk)[..3], [340, 33, 0]);
    assert!(!desk.engine.work_pending());
    // The next pass has the new ones, and what follows is gone.
    desk.index(U, 200, stamp(3, 1));
    desk.rest();
    assert_eq!(first(&desk)[..3], [500, 0, 0]);
}

#[test]
fn listed_and_delisted_meanwhile() {
    let mut desk = calls(5, Canary::None);
    let g = generation(&desk);
    desk.at(2_000).index(U, 200, stamp(2, 1));
    let begun = desk.sequence;
    desk.share();
    // One that was valued, and one that was not; that slot serves the new one, which is the last all the same.
    assert_eq!(desk.delist(instrument(2)), "InstrumentDelisted");
    assert_eq!(seen(&desk, instrument(2)), None);
    assert_eq!(desk.delist(instrument(6)), "InstrumentDelisted");
    assert_eq!(desk.list_call(InstrumentKind::OnDemandOption, SMILE), "InstrumentListed");
    assert_eq!(desk.share(), alloc::format!("published {} of 4 begun {begun}", g + 1));
    assert_eq!(seen(&desk, InstrumentId::assemble(0, 7, 6)), Some((g + 1, 300)));
    assert_eq!((seen(&desk, instrument(3)), seen(&desk, instrument(2))), (Some((g + 1, 300)), None));
    desk.rest();
    assert_eq!(generation(&desk), g + 2);
}

#[test]
fn a_new_listing_waits_for_its_pass() {
    let mut desk = calls(2, Canary::None);
    let g = generation(&desk);
    // The pass that it is due begins at once, and reaches it in the third share behind.
    assert_eq!(desk.list_call(InstrumentKind::OnDemandOption, SMILE), "InstrumentListed");
    assert_eq!((desk.share(), desk.share()), (String::new(), String::new()));
    assert_eq!((seen(&desk, instrument(4)), seen(&desk, instrument(3))), (None, Some((g, 100))));
    assert!(desk.share().starts_with("published"));
    assert_eq!(seen(&desk, instrument(4)), Some((g + 1, 100)));
}

#[test]
fn what_is_due_waits_in_a_row() {
    let mut desk = calls(2, Canary::None);
    desk.underlying(|_| ());
    assert_eq!(desk.list(|list| list.underlying_id = V), "InstrumentListed");
    assert!(desk.work().starts_with("published 1 of 0"));
    let g = generation(&desk);
    desk.at(2_000).index(U, 200, stamp(2, 1));
    let begun = desk.sequence;
    // The one under way joins behind the other; each joins but once.
    assert_eq!(desk.index(V, 7, stamp(1, 1)), "taken Index 7");
    let said = alloc::format!("taken Index 190; published {} of 2 begun {begun}", g + 1);
    assert_eq!(desk.index(U, 190, stamp(3, 1)), said);
    assert_eq!(desk.index(V, 7, stamp(2, 1)), "taken Index 7");
    let begun = desk.sequence;
    assert_eq!(desk.index(V, 7, stamp(3, 1)), alloc::format!("taken Index 7; published 2 of 0 begun {begun}"));
    // Three shares for the one, and in the fourth the other begins again.
    assert_eq!(desk.work(), alloc::format!("published {} of 2", g + 2));
    let begun = desk.sequence;
    assert_eq!(desk.share(), alloc::format!("published 3 of 0 begun {begun}"));
    assert!(!desk.engine.work_pending());
}

#[test]
fn an_underlying_that_waits_is_in_use() {
    let mut desk = calls(2, Canary::None);
    desk.underlying(|_| ());
    desk.list(|list| list.underlying_id = V);
    desk.rest();
    desk.at(2_000).index(U, 200, stamp(2, 1));
    desk.index(V, 7, stamp(1, 1));
    let said = desk.delist(instrument(4));
    assert!(said.starts_with("InstrumentDelisted; published"), "{said}");
    // Its pass has nothing to value, and is published in the share that it begins in.
    assert_eq!(desk.delist_underlying(V), "rejected UnderlyingInUse; published 2 of 0");
    assert_eq!(desk.delist_underlying(V), "UnderlyingDelisted");
}

#[test]
fn what_is_held_is_no_news() {
    let held = |canary: Canary| {
        let rules = FeedRules { move_max: 50_000, ..lenient() };
        let mut desk = Desk::market(rules, canary);
        // Without instruments nothing is due.
        assert_eq!(desk.index(U, 100, stamp(1, 1)), "taken Index 100");
        assert!(!desk.engine.work_pending());
        desk.list(|_| ());
        desk.rest();
        assert_eq!(desk.index(U, 200, stamp(2, 1)), "held Index 200");
        desk.engine.work_pending()
    };
    assert_eq!((held(Canary::None), held(Canary::HeldValueIsNews)), (false, true));
}

#[test]
fn a_share_is_begun_anew_by_each_command() {
    let mut desk = Desk::market(lenient(), Canary::None);
    (0..5).for_each(|_| drop(desk.list(|_| ())));
    desk.rest();
    desk.at(990).index(U, 1_000, stamp(900, 1));
    desk.rest();
    let marked = |desk: &Desk| (2..=6).filter(|number| desk.mark_of(instrument(*number)).is_some()).count();
    // A round of five: four in its own command. Then the fifth, and the begin of a pass; 32 units are too few for more.
    desk.at(1_000).timer();
    assert_eq!(marked(&desk), 4);
    desk.share();
    assert_eq!(marked(&desk), 5);
    // A work command that is refused does no more than any other: one instrument.
    let refused = desk.trader;
    let header = Work::new_header(refused, desk.turn(2), AccountId::NONE);
    assert_eq!(desk.send(&Work { header }), "rejected RoleNotPermitted");
    let begun = desk.sequence - 1;
    let said = desk.work();
    assert!(said.starts_with("published ") && said.ends_with(&alloc::format!(" of 0 begun {begun}")), "{said}");
}
