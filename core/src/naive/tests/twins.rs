//! Twins: one cancels the other.

use super::Desk;

#[test]
fn a_twin_is_a_live_order_of_the_account_without_one() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a buy 1 5@90", "accepted 1 rests"),
        ("a buy 2 5@91 twin=9", "rejected UnknownTwin"),
        ("b buy 2 5@91 twin=1", "rejected UnknownTwin"),
        ("a buy 2 5@91 twin=1", "accepted 2 rests twin"),
        ("a buy 3 5@91 twin=1", "rejected TwinUnfit"),
    ]);
    let ids = desk.engine.live_orders();
    assert_eq!((desk.engine.twin(ids[0]), desk.engine.twin(ids[1])), (Some(ids[1]), Some(ids[0])));
    desk.play(&[
        // Whatever else ends an order leaves its twin alone and without one.
        ("a cancel 2", "cancelled 2 5 Requested resting"),
        ("a buy 3 5@91 twin=1", "accepted 3 rests twin"),
        // A replaced order's twin is its successor's.
        ("a replace 1 4 5@92", "cancelled 1 5 Replaced resting; accepted 4 rests twin"),
        ("b sell 5 2@92", "accepted 5; trade 4+5 2@92 left 3/0; cancelled 3 5 OneCancelsOther resting"),
        ("b sell 5 2@92", "accepted 5; trade 4+5 2@92 left 1/0"),
    ]);
    assert!(desk.engine.live_orders().iter().all(|id| desk.engine.twin(*id).is_none()));
}

#[test]
fn a_trigger_cancels_the_twin_and_a_trade_the_stop() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 5@110", "accepted 1 rests"),
        ("a sell 2 5@min market trigger=90 twin=1", "accepted 2 stop twin"),
        (
            "last 90",
            "LastPriceSet; triggered 2 5 at 90; cancelled 1 5 OneCancelsOther resting; \
          cancelled 2 5 ImmediateRemainder",
        ),
        ("last 100", "LastPriceSet"),
        ("a sell 1 5@110", "accepted 1 rests"),
        ("a sell 2 5@min market trigger=90 twin=1", "accepted 2 stop twin"),
        ("b buy 3 2@110", "accepted 3; trade 1+3 2@110 left 3/0; cancelled 2 5 OneCancelsOther"),
    ]);
}

#[test]
fn the_makers_twin_goes_before_the_takers_and_after_what_it_shows() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 5@100 show=2", "accepted 1 iceberg; replenished 1 2 of 5"),
        ("a sell 2 5@120 twin=1", "accepted 2 rests twin"),
        ("b buy 3 5@80", "accepted 3 rests"),
        (
            "b buy 4 3@100 twin=3",
            "accepted 4 twin; trade 1+4 2@100 left 3/1; replenished 1 2 of 3; cancelled 2 5 OneCancelsOther resting; \
             cancelled 3 5 OneCancelsOther resting; trade 1+4 1@100 left 2/0",
        ),
    ]);
    // Of two that trade with each other what is left of the maker goes, then the sweep ends.
    desk.play(&[
        (
            "a buy 5 1@100 twin=1",
            "accepted 5 twin; trade 1+5 1@100 left 1/0; replenished 1 1 of 1; cancelled 1 1 OneCancelsOther resting",
        ),
        ("a sell 1 1@100", "accepted 1 rests"),
        ("a buy 5 3@100 twin=1", "accepted 5 twin; trade 1+5 1@100 left 0/2; cancelled 5 2 OneCancelsOther"),
        // A decrement is no trade.
        ("a sell 1 2@100", "accepted 1 rests"),
        ("a sell 2 2@110 twin=1", "accepted 2 rests twin"),
        ("a buy 5 1@100 decrement", "accepted 5; decremented 1+5 1 left 1/0"),
        ("a buy 5 1@100", "accepted 5; trade 1+5 1@100 left 0/0; cancelled 2 2 OneCancelsOther resting"),
    ]);
}

#[test]
fn in_an_auction_the_buyers_twin_goes_first() {
    let mut desk = Desk::new();
    desk.play(&[
        ("state auction", "Continuous->Auction"),
        ("a buy 1 3@100", "accepted 1 rests"),
        ("a buy 2 3@90 twin=1", "accepted 2 rests twin"),
        ("b sell 3 2@100 show=1", "accepted 3 iceberg; replenished 3 1 of 2"),
        ("b sell 4 9@100 twin=3", "accepted 4 rests twin"),
        ("a sell 5 1@100 trigger=1", "accepted 5 stop"),
        (
            "uncross 100",
            "uncrossed 100 3:11; trade 1+3 2@100 left 1/0; cancelled 2 3 OneCancelsOther resting; \
             cancelled 4 9 OneCancelsOther resting; Auction->Continuous",
        ),
        ("state auction", "Continuous->Auction"),
        ("a sell 6 3@100 twin=1", "accepted 6 rests twin"),
        (
            "uncross",
            "uncrossed 100 1:3; trade 1+6 1@100 left 0/2; cancelled 6 2 OneCancelsOther resting; Auction->Continuous",
        ),
    ]);
}
