//! Orders that follow the market.

use alloc::format;

use super::Desk;

#[test]
fn pegged_orders_follow_the_best_prices_of_others() {
    Desk::new().play(&[
        ("a buy 1 5@max peg:primary:-1", "rejected NoPegReference"),
        ("b buy 2 5@100", "accepted 2 rests"),
        ("b sell 3 5@110", "accepted 3 rests"),
        ("a buy 4 5@max peg:primary:-1", "accepted 4 rests follows"),
        ("a buy 5 5@max peg:mid:0", "accepted 5 rests follows"),
        ("a sell 6 5@min peg:market:3", "accepted 6 rests follows"),
        // The middle of 100 and 107: 103 for a buy. 6 wants three above the bid of 100, and passes over the pegged bid.
        ("b sell 7 1@107", "accepted 7 rests; repriced 5 5@105->103; repriced 6 5@106->104"),
        ("b buy 8 1@101", "accepted 8 rests; repriced 4 5@99->100"),
        ("b cancel 8", "cancelled 8 1 Requested resting; repriced 4 5@100->99"),
        ("a amend 4 @98", "rejected PegFixesPrice"),
        ("a replace 4 9 5@98", "rejected PegFixesPrice"),
        ("a amend 4 7@", "amended 4 7@99 rests"),
        ("a buy 9 1@max peg:primary:0 ioc", "rejected PegImmediate"),
        ("a buy 9 1@max peg:primary:0 gfa", "rejected PegImmediate"),
    ]);
}

#[test]
fn pegged_orders_never_cross_and_keep_their_limits() {
    Desk::new().play(&[
        ("b buy 1 5@100", "accepted 1 rests"),
        ("b sell 2 5@103", "accepted 2 rests"),
        // 105 would cross the ask.
        ("a buy 3 5@max peg:primary:5", "accepted 3 rests follows"),
        ("a buy 4 5@99 peg:primary:0", "accepted 4 rests follows"),
        ("b buy 5 1@101", "accepted 5 rests"),
        ("c sell 6 5@102", "accepted 6; trade 3+6 5@102 left 0/0"),
        ("c sell 7 1@101", "accepted 7; trade 5+7 1@101 left 0/0"),
        ("c sell 8 6@99", "accepted 8; trade 1+8 5@100 left 0/1; trade 4+8 1@99 left 4/0"),
        // No bid but its own: it stays.
        ("b sell 9 1@98", "accepted 9; trade 4+9 1@99 left 3/0"),
        ("a buy 10 1@max peg:primary:0", "rejected NoPegReference"),
        ("limits 90 99", "PriceLimitsSet"),
        ("a sell 11 1@min peg:market:0", "rejected NoPegReference"),
        ("b buy 12 1@98", "accepted 12 rests; repriced 4 3@99->98"),
        ("a sell 13 1@min peg:market:9", "rejected PegOutOfReach"),
    ]);
}

#[test]
fn trailing_stops_follow_the_last_price_one_way() {
    Desk::new().play(&[
        ("a sell 1 5@0 stop trail=3", "rejected NoLastPrice"),
        ("last 100", "LastPriceSet"),
        ("a sell 1 5@0 stop trail=0", "rejected InvalidTrail"),
        ("a sell 1 5@95 trail=3", "accepted 1 stop follows"),
        ("last 104", "LastPriceSet; trailed 1 97->101 at 95->99"),
        ("last 102", "LastPriceSet"),
        ("a buy 2 5@105 trail=4", "accepted 2 stop follows"),
        ("last 105", "LastPriceSet; trailed 1 101->102 at 99->100"),
        ("b buy 3 5@100", "accepted 3 rests"),
        ("last 102", "LastPriceSet; triggered 1 5 at 102; trade 3+1 5@100 left 0/0; trailed 2 106->104 at 105->103"),
    ]);
}

#[test]
fn a_pass_sees_the_market_as_it_was_when_it_began() {
    let mut desk = Desk::new();
    desk.line("b buy 1 5@100");
    for name in 100..180 {
        desk.line(&format!("a buy {name} 1@max peg:primary:-1"));
    }
    // 64 in one command, and the others at the view of then, whatever comes meanwhile.
    let first = desk.line("b buy 2 5@102");
    assert_eq!(first.matches("repriced").count(), 63);
    let second = desk.line("b buy 3 5@104");
    assert_eq!(second.matches("->101").count(), 17, "{second}");
    assert_eq!(second.matches("->103").count(), 46, "{second}");
    let third = desk.line("work");
    assert_eq!(third.matches("101->103").count(), 34, "{third}");
    assert_eq!(desk.line("work"), "");
}
