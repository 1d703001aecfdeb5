//! Order commands in continuous trading.

use super::{Canary, Desk, small};
use crate::genesis::Genesis;
use crate::terms::Side;

fn with(change: impl FnOnce(&mut Genesis)) -> Desk {
    let mut genesis = small();
    change(&mut genesis);
    Desk::with(&genesis, Canary::None)
}

#[test]
fn a_sweep_takes_the_best_price_first_and_the_oldest_there() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 5@101", "accepted 1 rests"),
        ("a sell 2 5@100", "accepted 2 rests"),
        ("b sell 3 5@100", "accepted 3 rests"),
        ("c buy 4 7@100", "accepted 4; trade 2+4 5@100 left 0/2; trade 3+4 2@100 left 3/0"),
        ("c buy 5 9@101", "accepted 5; trade 3+5 3@100 left 0/6; trade 1+5 5@101 left 0/1; rested 5 1@101"),
    ]);
    assert_eq!((desk.side(Side::Buy).as_str(), desk.side(Side::Sell).as_str()), ("5:1@101", ""));
}

#[test]
fn immediate_orders_do_not_rest() {
    Desk::new().play(&[
        ("a sell 1 5@100", "accepted 1 rests"),
        ("b buy 2 7@100 ioc", "accepted 2; trade 1+2 5@100 left 0/2; cancelled 2 2 ImmediateRemainder"),
        ("b buy 3 7@max market", "accepted 3; cancelled 3 7 ImmediateRemainder"),
        ("b buy 4 7@100 ioc post", "rejected PostOnlyImmediate"),
        ("a sell 5 5@100", "accepted 5 rests"),
        ("b buy 6 1@100 post", "rejected PostOnlyWouldCross"),
        ("b buy 7 1@99 post", "accepted 7 rests"),
        ("b buy 10 1@105 slide", "accepted 10 rests"),
        ("b amend 10 1@101", "amended 10 1@99 rests"),
        ("a sell 11 1@90 slide", "accepted 11 rests"),
        ("b buy 12 1@99 slide", "accepted 12 rests"),
        ("b buy 13 1@100 slide ioc", "rejected PostOnlyImmediate"),
        ("b buy 7 1@98", "rejected DuplicateClientOrderId"),
        ("b buy 8 0@98", "rejected QuantityNotPositive"),
        ("b buy 9 1@1000001", "rejected PriceOutsideLimits"),
    ]);
}

#[test]
fn fill_or_kill_fills_whole_or_is_rejected() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 5@100", "accepted 1 rests"),
        ("a sell 2 5@101", "accepted 2 rests"),
        ("b buy 3 6@100 fok", "rejected FillOrKillNotFillable"),
        ("b buy 3 6@101 fok", "accepted 3; trade 1+3 5@100 left 0/1; trade 2+3 1@101 left 4/0"),
        ("b buy 4 5@max market fok", "rejected FillOrKillNotFillable"),
        ("b buy 4 4@max market fok", "accepted 4; trade 2+4 4@101 left 0/0"),
    ]);
    for name in 100..165 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    desk.play(&[("b buy 5 65@100 fok", "rejected FillOrKillExceedsSteps")]);
    assert!(desk.line("b buy 5 64@100 fok").ends_with("trade 163+5 1@100 left 0/0"));
    desk.play(&[("b buy 6 2@100 fok", "rejected FillOrKillNotFillable")]);
}

#[test]
fn a_sweep_ends_at_its_limit() {
    let mut desk = Desk::new();
    for name in 100..165 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    assert!(desk.line("b buy 1 66@100").ends_with("trade 163+1 1@100 left 0/2; cancelled 1 2 SweepLimit"));
    desk.play(&[("b buy 2 3@100", "accepted 2; trade 164+2 1@100 left 0/2; rested 2 2@100")]);
}

#[test]
fn amending_keeps_or_loses_the_place() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 5@100", "accepted 1 rests"),
        ("b sell 2 5@100", "accepted 2 rests"),
        ("a amend 1 3@", "amended 1 3@100 keeps"),
        ("a amend 1 @100", "amended 1 3@100 keeps"),
        ("a reduce 1 1", "amended 1 2@100 keeps"),
        ("a amend 1 4@", "amended 1 4@100 rests"),
        ("c buy 3 1@90", "accepted 3 rests"),
        ("c amend 3 8@100", "amended 3 8@100; trade 2+3 5@100 left 0/3; trade 1+3 3@100 left 1/0"),
        ("c cancel 3", "rejected UnknownOrder"),
        ("a amend 1 0@-7", "cancelled 1 1 AmendedToZero resting"),
        ("a sell 4 5@100", "accepted 4 rests"),
        ("a reduce 4 5", "cancelled 4 5 ReducedToZero resting"),
    ]);
}

#[test]
fn replacing_does_both_or_neither() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 5@100", "accepted 1 rests"),
        ("b buy 2 5@99 post", "accepted 2 rests"),
        ("b replace 2 2 6@100", "rejected PostOnlyWouldCross"),
        ("b replace 2 2 6@98", "cancelled 2 5 Replaced resting; accepted 2 rests"),
        ("b buy 3 5@97", "accepted 3 rests"),
        ("b replace 3 2 5@97", "rejected DuplicateClientOrderId"),
        ("b replace 3 4 7@100", "cancelled 3 5 Replaced resting; accepted 4; trade 1+4 5@100 left 0/2; rested 4 2@100"),
        ("b cancel 3", "rejected UnknownOrder"),
    ]);
}

#[test]
fn order_ids_tell_unknown_from_stale() {
    let mut desk = Desk::new();
    desk.play(&[("a sell 1 5@100", "accepted 1 rests")]);
    let id = desk.engine.live_orders()[0];
    assert_eq!(id.slot(), 1);
    let by_id = |account: &str| alloc::format!("{account} cancel-id {}", id.0);
    assert_eq!(desk.line("a cancel-id 2"), "rejected UnknownOrder");
    assert_eq!(desk.line("a cancel-id 0"), "rejected UnknownOrder");
    assert_eq!(desk.line("a cancel-id 1"), "rejected StaleOrder");
    assert_eq!(desk.line(&by_id("b")), "rejected OrderNotOwned");
    assert_eq!(desk.line(&by_id("a")), "cancelled 1 5 Requested resting");
    assert_eq!(desk.line(&by_id("a")), "rejected StaleOrder");
}

#[test]
fn a_taker_gives_its_slot_back_after_its_makers() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 1@100", "accepted 1 rests"),
        ("a sell 2 1@100", "accepted 2 rests"),
        ("b buy 3 2@100", "accepted 3; trade 1+3 1@100 left 0/1; trade 2+3 1@100 left 0/0"),
    ]);
    for name in 4..8 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    let ids = desk.engine.queue(desk.instrument, Side::Sell, crate::units::PriceTicks(100));
    assert_eq!(ids.iter().map(|entry| entry.0.slot()).collect::<alloc::vec::Vec<_>>(), [3, 2, 1, 4]);
}

#[test]
fn full_tables_are_told() {
    with(|genesis| genesis.capacities.orders = 1).play(&[
        ("a sell 1 1@100", "accepted 1 rests"),
        ("b buy 2 1@100 ioc", "rejected OrderTableFull"),
        ("a replace 1 3 2@101", "cancelled 1 1 Replaced resting; accepted 3 rests"),
    ]);
    with(|genesis| genesis.capacities.levels = 1).play(&[
        ("a sell 1 1@100", "accepted 1 rests"),
        ("a sell 2 max@100", "rejected LevelQuantityOverflow"),
        ("b buy 2 1@100", "rejected LevelTableFull"),
        ("a amend 1 @101", "rejected LevelTableFull"),
        ("b buy 2 1@100 ioc", "accepted 2; trade 1+2 1@100 left 0/0"),
    ]);
}

#[test]
fn positions_bound_a_sweep() {
    with(|genesis| genesis.capacities.positions = 2).play(&[
        ("a sell 1 1@100", "accepted 1 rests"),
        ("c sell 2 1@100", "accepted 2 rests"),
        ("a sell 3 1@100", "accepted 3 rests"),
        ("b buy 4 9@100 fok", "rejected FillOrKillNotFillable"),
        (
            "b buy 4 2@100",
            "accepted 4; trade 1+4 1@100 left 0/1; cancelled 2 1 PositionTableFull resting; trade 3+4 1@100 left 0/0",
        ),
        ("a sell 5 1@100", "accepted 5 rests"),
        ("d buy 6 1@100", "accepted 6; cancelled 6 1 PositionTableFull"),
        ("b buy 7 max@100", "accepted 7; trade 5+7 1@100 left 0/9223372036854775806; rested 7 9223372036854775806@100"),
    ]);
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 max@100", "accepted 1 rests"),
        ("b buy 2 max@100", "accepted 2; trade 1+2 9223372036854775807@100 left 0/0"),
        ("c sell 3 1@100", "accepted 3 rests"),
        ("b buy 4 1@100", "accepted 4; cancelled 4 1 PositionLimit"),
        ("c cancel 3", "cancelled 3 1 Requested resting"),
        ("b buy 5 1@100", "accepted 5 rests"),
        ("c sell 6 1@100", "accepted 6; cancelled 5 1 PositionLimit resting; rested 6 1@100"),
    ]);
}

#[test]
fn one_account_may_trade_with_itself() {
    let mut desk = with(|genesis| genesis.capacities.positions = 1);
    desk.play(&[("a sell 1 5@100", "accepted 1 rests"), ("a buy 2 3@100", "accepted 2; trade 1+2 3@100 left 2/0")]);
    assert_eq!(desk.engine.positions.free_records(), 1);
}
