//! Stop orders, and orders that are good till a date.

use alloc::vec::Vec;

use super::{Canary, Desk, small};

#[test]
fn the_terms_are_checked_in_their_order() {
    Desk::new().play(&[
        ("a buy 1 5@100 stop", "rejected StopWithoutTrigger"),
        ("a buy 1 5@100 extra-trigger=0", "rejected TriggerWithoutStop"),
        ("a buy 1 5@100 gfa trigger=99", "rejected StopGoodForAuction"),
        ("a buy 1 5@max market post trigger=99", "rejected PostOnlyImmediate"),
        ("a buy 1 5@100 ioc post trigger=99", "rejected PostOnlyImmediate"),
        ("a buy 1 5@100 expiry=9", "rejected ExpiryWithoutGoodTillDate"),
        ("a buy 1 5@100 till=0", "rejected ExpiryInPast"),
        ("a buy 1 5@1000001 trigger=99", "rejected PriceOutsideLimits"),
        ("a buy 1 5@100 post trigger=99", "accepted 1 stop"),
        ("a buy 2 5@max market trigger=99", "accepted 2 stop"),
        ("a reduce 1 1", "rejected StopNotTriggered"),
        ("a amend 1 1@", "rejected StopNotTriggered"),
        ("a replace 1 1 1@100", "rejected StopNotTriggered"),
        ("a cancel 1", "cancelled 1 5 Requested"),
        ("state auction", "Continuous->Auction"),
        ("a buy 1 5@100 ioc trigger=99", "accepted 1 stop"),
        ("state halted", "Auction->Halted"),
        ("a reduce 1 1", "rejected StopNotTriggered"),
        ("a amend 1 1@", "rejected InstrumentHalted"),
    ]);
}

#[test]
fn the_one_accepted_first_fires_first_and_all_is_asked_anew() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 1@100", "accepted 1 rests"),
        ("a sell 2 1@103", "accepted 2 rests"),
        ("a sell 3 1@105", "accepted 3 rests"),
        ("b buy 4 1@104 trigger=103", "accepted 4 stop"),
        ("b buy 5 1@103 trigger=100", "accepted 5 stop"),
        ("b sell 6 1@min market trigger=90", "accepted 6 stop"),
        ("b buy 7 1@max market trigger=90 down", "accepted 7 stop"),
        (
            // 5 is due at once; its trade at 103 makes 4 due.
            "c buy 8 1@100",
            "accepted 8; trade 1+8 1@100 left 0/0; triggered 5 1 at 100; trade 2+5 1@103 left 0/0; \
             triggered 4 1 at 103; rested 4 1@104",
        ),
        ("last 90", "LastPriceSet; triggered 6 1 at 90; trade 4+6 1@104 left 0/0"),
    ]);
    // 7 was due as well, but no longer when 6 had traded.
    assert_eq!(desk.engine.waiting_stops(desk.instrument).len(), 1);
    desk.play(&[("last 89", "LastPriceSet; triggered 7 1 at 90; trade 3+7 1@105 left 0/0")]);
    assert!(!desk.engine.work_pending());
    // A stop order that is due already fires in the command that enters it; an opening makes them due as well.
    desk.play(&[
        ("b buy 9 1@90 trigger=95", "accepted 9 stop; triggered 9 1 at 95; rested 9 1@90"),
        ("state auction", "Continuous->Auction"),
        ("b buy 10 1@91 trigger=95", "accepted 10 stop"),
        ("state continuous", "Auction->Continuous; triggered 10 1 at 95; rested 10 1@91"),
    ]);
}

#[test]
fn what_keeps_a_stop_from_acting() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 5@100", "accepted 1 rests"),
        ("b buy 2 3@105 trigger=100 post", "accepted 2 stop"),
        ("b buy 3 3@105 trigger=100 slide", "accepted 3 stop"),
        ("b buy 4 9@105 trigger=100 fok", "accepted 4 stop"),
        ("b buy 5 5@105 trigger=100 fok budget=499", "accepted 5 stop"),
        ("b buy 6 5@105 trigger=100 reducing", "accepted 6 stop"),
        ("b sell 7 5@97 trigger=101 down", "accepted 7 stop"),
        ("b buy 8 max@99 trigger=100", "accepted 8 stop"),
        ("b buy 9 2@max trigger=100 market till=2", "accepted 9 stop"),
        ("limits 98 110", "PriceLimitsSet"),
        (
            "last 100",
            "LastPriceSet; cancelled 9 2 Expired; triggered 2 3 at 100; cancelled 2 3 PostOnlyWouldCross; \
             triggered 3 3 at 100; rested 3 3@99; triggered 4 9 at 100; cancelled 4 9 FillOrKill; \
             triggered 5 5 at 100; cancelled 5 5 FillOrKill; triggered 6 5 at 100; cancelled 6 5 ReduceOnly; \
             triggered 7 5 at 101; cancelled 7 5 PriceOutsideLimits; triggered 8 9223372036854775807 at 100; \
             cancelled 8 9223372036854775807 NoRoom",
        ),
    ]);
}

#[test]
fn a_reducing_stop_is_clipped_when_it_triggers() {
    Desk::new().play(&[
        ("a sell 1 3@100", "accepted 1 rests"),
        ("b buy 2 3@100", "accepted 2; trade 1+2 3@100 left 0/0"),
        ("b sell 3 9@100 trigger=90 reducing", "accepted 3 stop"),
        ("last 90", "LastPriceSet; triggered 3 3 at 90; rested 3 3@100"),
    ]);
}

#[test]
fn stops_are_bounded_by_steps() {
    let mut desk = Desk::new();
    for name in 100..133 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    desk.line("b buy 1 1@99 trigger=100");
    // 33 steps are more than half of 64.
    let said = desk.line("c buy 2 33@100");
    assert!(said.ends_with("trade 132+2 1@100 left 0/0"), "{said}");
    assert!(desk.engine.work_pending());
    desk.play(&[("work", "triggered 1 1 at 100; rested 1 1@99")]);
    assert!(!desk.engine.work_pending());
    for name in 100..165 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    // 32 are not, and leave 32 to the stop order.
    desk.line("last 90");
    desk.line("b buy 3 64@101 trigger=100");
    let said = desk.line("c buy 4 32@100");
    assert!(said.contains("; triggered 3 64 at 100; trade 132+3 1@100 left 0/63"), "{said}");
    assert!(said.ends_with("trade 163+3 1@100 left 0/32; cancelled 3 32 SweepLimit"), "{said}");
}

#[test]
fn complex_orders_have_a_table_of_their_own() {
    let mut genesis = small();
    genesis.capacities.complex_orders = 2;
    let mut desk = Desk::with(&genesis, Canary::None);
    desk.play(&[
        ("a buy 1 1@90", "accepted 1 rests"),
        ("a buy 2 1@91 till=99", "accepted 2 rests"),
        // Neither this one nor the twin has a record.
        ("a buy 3 1@92 twin=1", "rejected ComplexOrderTableFull"),
        ("a buy 3 1@92 twin=2", "accepted 3 rests twin"),
        ("a buy 4 9@92 show=1", "rejected ComplexOrderTableFull"),
        ("a buy 4 9@92 ioc show=1", "accepted 4; cancelled 4 9 ImmediateRemainder"),
        ("a cancel 3", "cancelled 3 1 Requested resting"),
        ("a replace 2 2 9@91", "cancelled 2 1 Replaced resting; accepted 2 rests"),
        ("a buy 5 9@92 trigger=99", "accepted 5 stop"),
        ("a buy 4 9@92 show=1", "rejected ComplexOrderTableFull"),
        ("last 99", "LastPriceSet; triggered 5 9 at 99; rested 5 9@92"),
        ("a buy 4 9@92 show=1", "rejected ComplexOrderTableFull"),
        ("a cancel 5", "cancelled 5 9 Requested resting"),
        ("a buy 4 9@92 show=1", "accepted 4 iceberg; replenished 4 1 of 9"),
    ]);
}

#[test]
fn orders_expire_and_an_expired_maker_never_trades() {
    let mut desk = Desk::new();
    // More than one command's work: 65 orders, 16 units each.
    for name in 100..165 {
        desk.line(&alloc::format!("a sell {name} 1@100 till=500"));
    }
    desk.play(&[("b buy 1 5@90 trigger=95 till=500", "accepted 1 stop"), ("later 1000", "")]);
    let said = desk.line("c buy 2 1@100");
    // The sweep comes to all of them until the steps are used up.
    assert_eq!(said.matches("1 Expired resting").count(), 65);
    assert!(said.starts_with("accepted 2; cancelled 100 1 Expired resting; "), "{said}");
    assert!(said.contains("cancelled 163 1 Expired resting; cancelled 2 1 SweepLimit; cancelled 164 1 Expired"));
    assert!(said.ends_with("; cancelled 1 5 Expired"), "{said}");
    desk.play(&[
        ("a sell 1 1@100 till=2", "accepted 1 rests"),
        ("work", ""),
        ("work", "cancelled 1 1 Expired resting"),
        ("a sell 1 1@100 till=1", "accepted 1 rests"),
        ("a amend 1 2@", "rejected ExpiryInPast; cancelled 1 1 Expired resting"),
        ("a sell 1 1@100 till=1", "accepted 1 rests"),
        ("a replace 1 1 2@100", "rejected ExpiryInPast; cancelled 1 1 Expired resting"),
        ("a sell 1 2@100 till=1", "accepted 1 rests"),
        ("a reduce 1 1", "amended 1 1@100 keeps; cancelled 1 1 Expired resting"),
        ("a sell 1 1@100 till=1", "accepted 1 rests"),
        ("b buy 2 1@100 fok", "rejected FillOrKillNotFillable; cancelled 1 1 Expired resting"),
    ]);
    let slots: Vec<u32> = desk.engine.live_orders().iter().map(|id| id.slot()).collect();
    assert_eq!(slots.len(), 0);
}
