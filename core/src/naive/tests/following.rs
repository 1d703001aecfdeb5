//! Orders that follow the market.

use alloc::format;
use alloc::vec::Vec;

use super::Desk;
use crate::command::{ListInstrument, NewComplexOrder, NewOrder, NewPeggedOrder};
use crate::ids::{AccountId, ClientOrderId, InstrumentId};
use crate::terms::{PegReference, Side};
use crate::units::{PriceTicks, QuantityLots, TimeNs};

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

/// A pegged sell order of the desk's trader, two above the best bid.
fn peg(desk: &mut Desk) -> NewPeggedOrder {
    let by = (desk.trader, desk.turn(2), AccountId::assemble(0, 1, 1));
    let (name, lots) = (ClientOrderId(7), QuantityLots(5));
    NewPeggedOrder::new(by, desk.instrument, name, Side::Sell, lots, (PegReference::Market, PriceTicks(2)))
}

#[test]
fn the_records_of_followers_are_checked_first() {
    let mut desk = Desk::new();
    desk.line("b buy 1 5@100");
    for (change, expected) in [
        ((|c| c.reserved = [0, 0, 1]) as fn(&mut NewPeggedOrder), "rejected ReservedNotZero"),
        (|c| c.reserved_tail[15] = 1, "rejected ReservedNotZero"),
        (|c| c.side = 3, "rejected InvalidField"),
        (|c| c.reference = 0, "rejected InvalidField"),
        (|c| c.reference = 4, "rejected InvalidField"),
        (|c| c.time_in_force = 7, "rejected InvalidField"),
        (|c| c.flags = 8, "rejected InvalidField"),
        (|c| c.self_trade = 6, "rejected InvalidField"),
        (|c| c.expiry = TimeNs(9), "rejected ExpiryWithoutGoodTillDate"),
        (|c| (c.time_in_force, c.expiry) = (6, TimeNs(1)), "rejected ExpiryInPast"),
        (|c| c.quantity = QuantityLots(0), "rejected QuantityNotPositive"),
        (|c| c.flags = NewOrder::REDUCE_ONLY, "rejected ReduceOnlyWithoutPosition"),
        (|_| (), "accepted 7 rests follows"),
        (|_| (), "rejected DuplicateClientOrderId"),
    ] {
        let mut record = peg(&mut desk);
        change(&mut record);
        assert_eq!(desk.send(&record), expected, "{record:?}");
    }
    // A trail is one of a trigger.
    let by = (desk.trader, desk.turn(2), AccountId::assemble(0, 1, 1));
    let limit = NewOrder::limit(by, desk.instrument, ClientOrderId(8), Side::Buy, PriceTicks(9), QuantityLots(1));
    let order = NewComplexOrder { gives: NewComplexOrder::TRAIL, ..NewComplexOrder::from(limit) };
    assert_eq!(desk.send(&order), "rejected InvalidField");
    let mut record = peg(&mut desk);
    (record.header.session, record.header.session_sequence) = (desk.operator, desk.turn(1));
    assert_eq!(desk.send(&record), "rejected RoleNotPermitted");
}

#[test]
fn a_middle_is_rounded_away_from_the_other_side() {
    Desk::new().play(&[
        ("b buy 1 5@100", "accepted 1 rests"),
        ("b sell 2 5@103", "accepted 2 rests"),
        ("a buy 3 1@max peg:mid:0", "accepted 3 rests follows"),
        ("a sell 4 1@min peg:mid:0", "accepted 4 rests follows"),
        ("c sell 5 1@101", "accepted 5; trade 3+5 1@101 left 0/0"),
        ("c buy 6 1@102", "accepted 6; trade 4+6 1@102 left 0/0"),
    ]);
}

#[test]
fn a_repriced_order_goes_to_the_back() {
    let mut desk = Desk::new();
    desk.play(&[
        ("b buy 1 5@100", "accepted 1 rests"),
        ("a buy 2 1@max peg:primary:-1", "accepted 2 rests follows"),
        ("c buy 3 1@99", "accepted 3 rests"),
        ("b buy 4 5@99", "accepted 4 rests"),
        ("b buy 5 1@101", "accepted 5 rests; repriced 2 1@99->100"),
        ("b cancel 5", "cancelled 5 1 Requested resting; repriced 2 1@100->99"),
    ]);
    assert_eq!(desk.side(Side::Buy), "1:5@100 3:1@99 4:5@99 2:1@99");
}

#[test]
fn a_trigger_keeps_within_the_range_and_a_limit_may_stay_behind() {
    let mut desk = Desk::new();
    let mut bounded = ListInstrument::perpetual((desk.operator, desk.turn(1)), "BOUNDED");
    (bounded.price_min, bounded.price_max, bounded.tick) = (PriceTicks(10), PriceTicks(200), PriceTicks(5));
    (bounded.limit_low, bounded.limit_high) = (PriceTicks(10), PriceTicks(200));
    assert_eq!(desk.send(&bounded), "InstrumentListed");
    desk.instrument = InstrumentId::assemble(0, 2, 2);
    desk.play(&[
        ("last 100", "LastPriceSet"),
        ("a sell 1 1@0 stop trail=7", "rejected InvalidTrail"),
        ("a sell 1 1@0 stop trail=-5", "rejected InvalidTrail"),
        ("a sell 1 1@0 stop trail=95", "rejected PriceOutOfRange"),
        ("a sell 1 1@195 trail=20", "accepted 1 stop follows"),
        // A limit of 205 is outside the range, and a trigger of 105 is not.
        ("last 125", "LastPriceSet; trailed 1 80->105 at 195->195"),
        ("a sell 2 1@150 trail=20 up", "accepted 2 stop follows"),
    ]);
    assert_eq!(
        desk.engine.waiting_stops(desk.instrument).iter().map(|stop| stop.1.get()).collect::<Vec<_>>(),
        [105, 145]
    );
}

#[test]
fn an_auction_holds_followers_up() {
    let mut desk = Desk::new();
    desk.play(&[
        ("b buy 1 5@100", "accepted 1 rests"),
        ("a buy 2 1@max peg:primary:-1", "accepted 2 rests follows"),
        ("state auction", "Continuous->Auction"),
        ("b buy 3 1@105", "accepted 3 rests"),
        ("b sell 4 1@103", "accepted 4 rests"),
        // In an auction a pegged order may cross.
        ("a buy 5 1@max peg:primary:0", "accepted 5 rests follows"),
    ]);
    let said = desk.line("uncross");
    assert!(said.contains("Auction->Continuous"), "{said}");
    assert!(said.ends_with("repriced 5 1@105->100"), "{said}");
}

#[test]
fn instruments_are_looked_at_in_turn() {
    let mut desk = Desk::new();
    let first = desk.instrument;
    let second = ListInstrument::perpetual((desk.operator, desk.turn(1)), "SECOND");
    desk.send(&second);
    let second = InstrumentId::assemble(0, 2, 2);
    // 70 followers in each: a pass takes a command and a bit.
    for (instrument, names) in [(first, 100..170), (second, 200..270)] {
        desk.instrument = instrument;
        desk.line(if instrument == first { "b buy 1 5@100" } else { "b buy 2 5@100" });
        for name in names {
            assert_eq!(
                desk.line(&format!("a buy {name} 1@max peg:primary:-1")),
                format!("accepted {name} rests follows")
            );
        }
    }
    assert!(!desk.engine.work_pending());
    desk.instrument = first;
    let said = desk.line("b buy 3 5@102");
    // The second was looked at last: the first is next, and 1 + 63 * 16 = 1009 units are used.
    assert_eq!(said.matches("repriced").count(), 63, "{said}");
    assert!(desk.engine.work_pending());
    desk.instrument = second;
    let said = desk.line("b buy 4 5@102");
    // 7 of the first, then two looks, then 56 of the second.
    assert_eq!(said.matches("repriced").count(), 7 + 56, "{said}");
    assert!(
        said.contains("repriced 163 ") && said.contains("repriced 255 ") && !said.contains("repriced 256 "),
        "{said}"
    );
    let said = desk.line("work");
    assert_eq!(said.matches("repriced").count(), 14, "{said}");
    assert!(!desk.engine.work_pending());
    assert_eq!(desk.line("work"), "");
}

#[test]
fn a_trail_that_triggers_rests_as_any_order() {
    let mut desk = Desk::new();
    desk.play(&[
        ("last 100", "LastPriceSet"),
        ("a sell 1 5@110 trail=3", "accepted 1 stop follows"),
        ("last 97", "LastPriceSet; triggered 1 5 at 97; rested 1 5@110"),
        ("last 120", "LastPriceSet"),
        ("a amend 1 @111", "amended 1 5@111 rests"),
    ]);
    assert!(!desk.engine.work_pending());
}
