//! Statuses, the watch list, and the sweep by shares.

use super::market::{U, instrument};
use super::risk::{A, B, C, D, margined};
use super::{Canary, Desk};
use crate::command::{Checkpoint, CommandRecord};
use crate::ids::{AccountId, SessionId};
use crate::terms::MarginModel;
use crate::terms::MarginStatus::{Healthy, InitialShort, MaintenanceShort};

/// a has 900 lots of b; a lot needs 5 % for maintenance, 7.5 % initially.
fn long(canary: Canary) -> Desk {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, canary);
    desk.line("a buy 1 900@1000");
    desk.line("b sell 2 900@1000");
    desk.rest();
    desk
}

fn statuses(desk: &Desk) -> [crate::terms::MarginStatus; 4] {
    [A, B, C, D].map(|account| desk.engine.margin_status(account).unwrap())
}

#[test]
fn accounts_are_judged_by_the_sweep() {
    let mut desk = long(Canary::None);
    // The round, and the begin of a pass; then its one instrument, and it is published.
    assert_eq!(desk.mark_at(960), "MarkPriceSet");
    assert!(desk.share().starts_with("published"));
    assert!(!desk.engine.is_current(A) && !desk.engine.is_current(B));
    assert!(desk.engine.is_current(C));
    // 900 lots have lost 40 and need 72: 100,000 - 36,000 - 64,800.
    assert_eq!(desk.share(), "InitialShort -800 20800");
    // That took 16 units for its record, and 32 for the judgement; b's record 16, so its judgement waits.
    assert!(desk.engine.is_current(A) && desk.engine.is_current(B));
    assert!(desk.engine.work_pending());
    assert_eq!(desk.share(), "");
    assert!(!desk.engine.work_pending());
    assert_eq!(statuses(&desk), [InitialShort, Healthy, Healthy, Healthy]);
    assert!(!desk.engine.wants_checkpoint());
    desk.move_to(930);
    // V is 1,860: a lot needs 93 lanes, and 139.5: 140. 37,000 - 70 x 900 and - 46.5 x 900.
    assert_eq!(desk.engine.margin(A), Some((37_000 - 63_000, 37_000 - 41_850)));
    assert_eq!(statuses(&desk), [MaintenanceShort, Healthy, Healthy, Healthy]);
    assert!(desk.engine.wants_checkpoint());
    let header = Checkpoint::new_header(SessionId::sequencer(0), desk.turn(0), AccountId::NONE);
    desk.send(&Checkpoint { header });
    assert!(!desk.engine.wants_checkpoint());
    // Cash is judged at once.
    assert_eq!(desk.cash(A, 4_850), "cash 104850; InitialShort -21150 0");
    assert_eq!(desk.cash(A, 21_150), "cash 126000; Healthy 0 21150");
    assert_eq!(desk.cash(A, -1), "short 1 of 0; rejected InsufficientMargin");
    assert_eq!(desk.cash(C, -100_000), "cash 0");
}

#[test]
fn an_order_makes_its_account_current() {
    let orders = |canary: Canary| {
        let mut desk = long(canary);
        desk.mark_at(960);
        assert!(desk.share().starts_with("published"));
        // Before the sweep comes to it: it is judged, then its order is. (What the command's share says comes after.)
        let said = desk.line("a buy 3 1@960");
        (said, desk.engine.margin_status(A).unwrap())
    };
    let expected = "InitialShort -800 20800; short 872 of -800; rejected InsufficientMargin";
    assert_eq!(orders(Canary::None).0, expected);
    let late = "short 872 of -800; rejected InsufficientMargin; InitialShort -800 20800";
    assert_eq!(orders(Canary::JudgedLate).0, late);
}

#[test]
fn an_order_makes_all_portfolios_current() {
    let others = |canary: Canary| {
        let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, canary);
        let v = crate::ids::UnderlyingId::assemble(0, 2, 2);
        desk.underlying(|list| list.rules = super::risk::with_scenarios());
        desk.list(|list| list.underlying_id = v);
        desk.index(v, 1_000, super::market::stamp(1, 1));
        desk.move_to(1_000);
        desk.line("a buy 1 1@900");
        desk.instrument = instrument(2);
        desk.line("a buy 2 1@900");
        desk.rest();
        // As if both had been published, and nobody visited.
        for underlying in [U, v] {
            desk.engine.underlyings.get_mut(underlying).unwrap().generation += 1;
        }
        desk.line("a buy 3 1@900");
        desk.engine.is_current(A)
    };
    assert_eq!((others(Canary::None), others(Canary::MixedGenerations)), (true, false));
}

#[test]
fn unlucky_fills_are_judged_by_a_walk() {
    let of = |canary: Canary| {
        let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, canary);
        // At 1,000 it loses nothing at once.
        assert_eq!(desk.line("a buy 1 1000@1000"), "accepted 1 rests");
        desk.move_to(950);
        // At 950 it does: 50 each; and 142.5 lanes are 143. All are current; the fill's command walks at once.
        assert_eq!(desk.engine.margin(A), Some((100_000 - 71_500, 100_000)));
        desk.line("b sell 2 1000@1000")
    };
    let trade = "accepted 2; trade 1+2 1000@1000 left 0/0";
    assert_eq!(of(Canary::None), alloc::format!("{trade}; InitialShort -21500 2500"));
    assert_eq!(of(Canary::SweepSkipsWatchList), trade);
}

#[test]
fn a_share_ends_where_units_do() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    for _ in 2..=18 {
        desk.list(|_| ());
    }
    desk.rest();
    desk.move_to(1_000);
    for number in 1..=18 {
        desk.instrument = instrument(number);
        desk.line("c buy 0 1@900");
    }
    desk.rest();
    desk.mark_at(1_001);
    assert!((0..30).any(|_| desk.share().contains("published")));
    let turn = |desk: &Desk| (desk.engine.watch.slot_last, desk.engine.watch.turn_left);
    assert_eq!(turn(&desk), (4, 4));
    // a and b take a unit each, and 3 of 18 records 48: 14 units are left.
    desk.share();
    assert_eq!(turn(&desk), (2, 2));
    assert!(!desk.engine.is_current(C));
    // As if arrays were published in the middle: the turn begins anew where it stands, with all records.
    desk.engine.underlyings.get_mut(U).unwrap().generation += 1;
    desk.engine.begin_sweep();
    assert_eq!(turn(&desk), (2, 4));
    // Four times 4 of them; then 32 units for two, and 32 for the judgement; then one each for d, a and b.
    for _ in 0..4 {
        desk.share();
        assert_eq!((turn(&desk), desk.engine.is_current(C)), ((2, 4), false));
    }
    desk.share();
    assert_eq!((turn(&desk), desk.engine.is_current(C)), ((3, 3), true));
    desk.share();
    assert_eq!((turn(&desk), desk.engine.is_current(C)), ((2, 0), true));
    assert!(!desk.engine.work_pending());
}

#[test]
fn a_record_given_back_is_not_waited_for() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    for _ in 2..=18 {
        desk.list(|_| ());
    }
    desk.rest();
    desk.move_to(1_000);
    for number in 1..=16 {
        desk.instrument = instrument(number);
        desk.line("a buy 0 1@900");
    }
    desk.instrument = instrument(17);
    desk.line("a buy 7 1@900");
    desk.rest();
    desk.mark_at(1_001);
    assert!((0..30).any(|_| desk.share().starts_with("published")));
    // 16 of 17 are added. The last is cancelled: the account is current, and judged by the visit all the same.
    for _ in 0..4 {
        desk.share();
    }
    assert!(!desk.engine.is_current(A));
    let units = |desk: &Desk| (desk.engine.watch.slot_last, desk.engine.watch.turn_left);
    assert_eq!(units(&desk), (4, 4));
    desk.line("a cancel 7");
    assert!(desk.engine.is_current(A));
    assert!(!desk.engine.accounts.find(A).unwrap().is_unjudged);
    assert_eq!(units(&desk), (4, 0));
}

#[test]
fn a_judgement_may_take_a_whole_share() {
    let mut genesis = margined();
    genesis.capacities.vectors = 32;
    let mut desk = Desk::perpetual(&genesis, MarginModel::Standard, Canary::None);
    desk.line("a buy 1 1@900");
    desk.rest();
    desk.mark_at(1_001);
    assert!(desk.share().starts_with("published"));
    // One vector: 16 units for the record; 80 for the judgement are more than 48, and than 64.
    desk.share();
    assert_eq!((desk.engine.is_current(A), desk.engine.watch.turn_left), (true, 4));
    desk.share();
    assert_eq!(desk.engine.watch.turn_left, 3);
    desk.share();
    assert!(!desk.engine.work_pending());
}

#[test]
fn walk_and_turn_alternate_and_so_do_shares() {
    let mut desk = long(Canary::None);
    desk.move_to(960);
    assert_eq!(desk.engine.watch.list, [A]);
    // A walk with one, and a turn with four.
    desk.mark_at(970);
    desk.share();
    let sweep = |desk: &Desk| (desk.engine.watch.walk, desk.engine.watch.turn_left);
    assert_eq!(sweep(&desk), (Some(A), 4));
    assert_eq!(desk.engine.watch.last, Some(super::super::share::Visit::Turn));
    // An update makes valuation pending: after a share of it comes one of the sweep. a: 16, 32; the turn: 1, and too few
    // for b's 16.
    assert_eq!(desk.index(U, 970, super::market::stamp(9_000, 1)), "taken Index 970; Healthy 7300 29350");
    assert_eq!((sweep(&desk), desk.engine.watch.list.len()), ((None, 3), 0));
    assert!(desk.engine.work_pending());
}

#[test]
fn who_is_closed_is_not_watched() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    desk.line("a buy 1 1000@1000");
    desk.line("b sell 2 1000@1000");
    desk.move_to(930);
    assert_eq!(statuses(&desk)[0], MaintenanceShort);
    // It reduces risk, and all that there is is lost; who is short is judged when a resting order is filled.
    assert_eq!(desk.line("a sell 3 1000@900"), "accepted 3 rests");
    assert_eq!(desk.line("b buy 3 1000@900"), "accepted 3; trade 3+3 1000@900 left 0/0; Healthy 0 0");
    assert!(desk.engine.margin(A) == Some((0, 0)) && desk.engine.watch.list.is_empty());
    assert_eq!(desk.close(B), "rejected AccountInUse");
    desk.engine.mark_to_be_judged(A);
    assert_eq!(desk.engine.watch.list, [A]);
    assert_eq!(desk.close(A), "AccountClosed");
    assert_eq!((desk.engine.margin(A), desk.engine.margin_status(A), desk.engine.is_current(A)), (None, None, false));
    assert!(desk.engine.watch.list.is_empty());
    assert_eq!(desk.engine.cash_and_flows(A), None);
}
