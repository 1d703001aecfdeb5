//! The price band.

use super::Desk;

#[test]
fn a_sweep_ends_at_the_band_and_an_auction_begins() {
    let mut desk = Desk::new();
    desk.play(&[
        ("band -1", "rejected InvalidField"),
        ("band 5", "PriceBandSet"),
        ("a sell 1 1@100", "accepted 1 rests"),
        ("a sell 2 1@105", "accepted 2 rests"),
        ("a sell 3 1@106", "accepted 3 rests"),
        // Neither price: no band.
        ("b buy 4 1@200", "accepted 4; trade 1+4 1@100 left 0/0"),
        ("b buy 4 2@200 fok", "rejected FillOrKillNotFillable"),
        (
            // The reference is the last price when the sweep begins.
            "b buy 4 5@200",
            "accepted 4; trade 2+4 1@105 left 0/4; breached 106 from 100 by 5; rested 4 4@200; Continuous->Auction",
        ),
        ("indicative", "indicative 1 200 4:1"),
        ("uncross", "uncrossed 200 4:1; trade 4+3 1@200 left 3/0; Auction->Continuous"),
    ]);
}

#[test]
fn what_may_not_rest_is_cancelled_and_the_mark_comes_first() {
    Desk::new().play(&[
        ("band 5", "PriceBandSet"),
        ("last 150", "LastPriceSet"),
        ("mark 100", "MarkPriceSet"),
        ("a sell 1 1@106", "accepted 1 rests"),
        ("b buy 2 1@106 ioc", "accepted 2; breached 106 from 100 by 5; cancelled 2 1 PriceBand; Continuous->Auction"),
        ("state continuous", "Auction->Continuous"),
        (
            "b buy 3 9@106 show=2",
            "accepted 3 iceberg; breached 106 from 100 by 5; replenished 3 2 of 9; Continuous->Auction",
        ),
        ("uncross", "uncrossed 106 9:1; trade 3+1 1@106 left 8/0; replenished 3 2 of 8 keeps; Auction->Continuous"),
        ("band 0", "PriceBandSet"),
        ("a sell 1 1@106", "accepted 1; trade 3+1 1@106 left 7/0"),
    ]);
}

#[test]
fn stops_wait_for_the_end_of_the_volatility_auction() {
    let mut desk = Desk::new();
    desk.play(&[
        ("band 5", "PriceBandSet"),
        ("mark 100", "MarkPriceSet"),
        ("a sell 1 1@100", "accepted 1 rests"),
        ("a sell 2 1@110", "accepted 2 rests"),
        ("c buy 3 1@50 trigger=100", "accepted 3 stop"),
        (
            "b buy 4 2@110",
            "accepted 4; trade 1+4 1@100 left 0/1; breached 110 from 100 by 5; rested 4 1@110; Continuous->Auction",
        ),
    ]);
    assert!(!desk.engine.work_pending());
    desk.play(&[(
        "uncross",
        "uncrossed 110 1:1; trade 4+2 1@110 left 0/0; Auction->Continuous; triggered 3 1 at 100; rested 3 1@50",
    )]);
}
