//! Icebergs, and the test for fill-or-kill where quantity is hidden.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Desk;
use crate::terms::Side;
use crate::units::PriceTicks;

/// "client order id: leaves/shown" of one level, oldest first.
fn level(desk: &Desk, side: Side, price: i64) -> String {
    let queue = desk.engine.book.queue(desk.instrument, side, PriceTicks(price)).into_iter();
    let texts: Vec<String> =
        queue.map(|order| format!("{}:{}/{}", order.client_order_id, order.leaves, order.shows())).collect();
    texts.join(" ")
}

#[test]
fn the_terms_are_checked_in_their_order() {
    Desk::new().play(&[
        ("a buy 1 5@100 show=6", "rejected DisplayAboveQuantity"),
        ("a buy 1 5@100 show=2 least=3", "rejected DisplayMinimumAboveDisplay"),
        ("a buy 1 5@100 least=1", "rejected DisplayMinimumAboveDisplay"),
        ("a buy 1 5@100 ioc show=6", "rejected DisplayAboveQuantity"),
        ("a buy 1 5@100 show=-1", "rejected InvalidField"),
        ("a buy 1 0@100 show=6", "rejected QuantityNotPositive"),
        ("a buy 1 5@1000001 show=6", "rejected DisplayAboveQuantity"),
        ("a buy 1 5@100 ioc show=5", "accepted 1; cancelled 1 5 ImmediateRemainder"),
        ("a buy 1 5@100 show=5", "accepted 1 iceberg; replenished 1 5 of 5"),
    ]);
}

#[test]
fn it_shows_a_part_and_goes_to_the_back() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 7@100 show=3", "accepted 1 iceberg; replenished 1 3 of 7"),
        ("b sell 2 5@100", "accepted 2 rests"),
        ("c buy 3 4@100", "accepted 3; trade 1+3 3@100 left 4/1; replenished 1 3 of 4; trade 2+3 1@100 left 4/0"),
    ]);
    assert_eq!(level(&desk, Side::Sell, 100), "2:4/4 1:4/3");
    let levels = desk.engine.levels(desk.instrument, Side::Sell);
    assert_eq!(levels.iter().map(|level| (level.1.0, level.2.0, level.3)).collect::<Vec<_>>(), [(8, 7, 2)]);
    desk.play(&[
        (
            "c buy 4 8@100",
            "accepted 4; trade 2+4 4@100 left 0/4; trade 1+4 3@100 left 1/1; replenished 1 1 of 1; \
             trade 1+4 1@100 left 0/0",
        ),
        ("a cancel 1", "rejected UnknownOrder"),
        ("a sell 5 4@100 show=3", "accepted 5 iceberg; replenished 5 3 of 4"),
        (
            "b buy 6 9@100 show=2",
            "accepted 6 iceberg; trade 5+6 3@100 left 1/6; replenished 5 1 of 1; \
          trade 5+6 1@100 left 0/5; replenished 6 2 of 5",
        ),
    ]);
}

#[test]
fn too_little_shown_is_replenished_once_the_taker_is_done() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 7@100 show=3 least=2", "accepted 1 iceberg; replenished 1 3 of 7"),
        ("b sell 2 5@100", "accepted 2 rests"),
        ("c buy 3 1@100", "accepted 3; trade 1+3 1@100 left 6/0"),
        ("c buy 3 1@100", "accepted 3; trade 1+3 1@100 left 5/0; replenished 1 3 of 5"),
    ]);
    assert_eq!(level(&desk, Side::Sell, 100), "2:5/5 1:5/3");
    // Also where there is no more to show.
    desk.play(&[
        ("b cancel 2", "cancelled 2 5 Requested resting"),
        ("c buy 3 3@100", "accepted 3; trade 1+3 3@100 left 2/0; replenished 1 2 of 2"),
        ("b sell 2 1@100", "accepted 2 rests"),
        ("c buy 3 1@100", "accepted 3; trade 1+3 1@100 left 1/0; replenished 1 1 of 1"),
    ]);
    assert_eq!(level(&desk, Side::Sell, 100), "2:1/1 1:1/1");
    // A decrement is as a trade, and takes at most what shows.
    desk.play(&[
        ("b cancel 2", "cancelled 2 1 Requested resting"),
        ("a cancel 1", "cancelled 1 1 Requested resting"),
        ("a sell 1 5@100 show=2", "accepted 1 iceberg; replenished 1 2 of 5"),
        (
            "c buy 3 3@100 decrement",
            "accepted 3; decremented 1+3 2 left 3/1; replenished 1 2 of 3; decremented 1+3 1 left 2/0",
        ),
    ]);
    assert_eq!(level(&desk, Side::Sell, 100), "1:2/1");
}

#[test]
fn commands_take_from_the_hidden_part_first() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a buy 1 9@100 show=3", "accepted 1 iceberg; replenished 1 3 of 9"),
        ("b buy 2 1@100", "accepted 2 rests"),
        ("a reduce 1 2", "amended 1 7@100 keeps"),
    ]);
    assert_eq!(level(&desk, Side::Buy, 100), "1:7/3 2:1/1");
    desk.play(&[("a amend 1 2@", "amended 1 2@100 keeps"), ("a amend 1 2@100", "amended 1 2@100 keeps")]);
    assert_eq!(level(&desk, Side::Buy, 100), "1:2/2 2:1/1");
    desk.play(&[("a amend 1 8@", "amended 1 8@100; replenished 1 3 of 8")]);
    assert_eq!(level(&desk, Side::Buy, 100), "2:1/1 1:8/3");
    desk.play(&[
        ("a replace 1 4 2@99", "cancelled 1 8 Replaced resting; accepted 4 iceberg; replenished 4 2 of 2"),
        ("a replace 4 4 9@99", "cancelled 4 2 Replaced resting; accepted 4 iceberg; replenished 4 3 of 9"),
    ]);
}

#[test]
fn an_auction_takes_the_whole_and_replenishes_in_place() {
    let mut desk = Desk::new();
    desk.play(&[
        ("state auction", "Continuous->Auction"),
        ("a buy 1 9@100 show=2", "accepted 1 iceberg; replenished 1 2 of 9"),
        ("b buy 2 5@100", "accepted 2 rests"),
        ("c sell 3 4@100", "accepted 3 rests"),
        ("d sell 4 4@100", "accepted 4 rests"),
        ("indicative", "indicative 1 100 14:8"),
        (
            "uncross",
            "uncrossed 100 14:8; trade 1+3 4@100 left 5/0; replenished 1 2 of 5 keeps; trade 1+4 4@100 left 1/0; \
             replenished 1 1 of 1 keeps; Auction->Continuous",
        ),
        ("indicative", "indicative 0 0 0:0"),
    ]);
    assert_eq!(level(&desk, Side::Buy, 100), "1:1/1 2:5/5");
}

#[test]
fn fill_or_kill_counts_what_is_hidden() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a sell 1 60@100 show=1", "accepted 1 iceberg; replenished 1 1 of 60"),
        ("b sell 2 5@100", "accepted 2 rests"),
        ("c buy 3 66@100 fok", "rejected FillOrKillNotFillable"),
        // One step and 59 for the iceberg, one for the other: what they show is enough for two, and no more than that.
        ("c buy 3 2@100 fok budget=199", "rejected BudgetNotMet"),
        (
            "c buy 3 2@100 fok budget=200",
            "accepted 3; trade 1+3 1@100 left 59/1; replenished 1 1 of 59; \
          trade 2+3 1@100 left 4/0",
        ),
        ("a sell 5 4@100 show=1", "accepted 5 iceberg; replenished 5 1 of 4"),
        // 1 + 58 + 1 + 1 + 3 are 64.
        ("c buy 3 68@100 fok", "rejected FillOrKillNotFillable"),
        ("a sell 6 1@100", "accepted 6 rests"),
        // 4 and 3 times 1 are shown: for more than 7 their fills take turns, and all of them are looked at.
        ("c buy 3 8@100 fok", "rejected FillOrKillExceedsSteps"),
        ("c buy 3 4@100 fok", "accepted 3; trade 2+3 4@100 left 0/0"),
        ("c sell 3 1@90 fok budget=1", "rejected FillOrKillNotFillable"),
        ("d buy 7 3@95", "accepted 7 rests"),
        ("c sell 3 2@90 fok budget=191", "rejected BudgetNotMet"),
        ("c sell 3 2@90 fok budget=190", "accepted 3; trade 7+3 2@95 left 1/0"),
        ("c sell 3 2@90 budget=190", "rejected BudgetWithoutFillOrKill"),
    ]);
}
