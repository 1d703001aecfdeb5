//! Auctions: the price, and filling at it.

use super::{Canary, Desk, small};
use crate::terms::Side;

/// Enters the orders (account, side, terms) into an auction and returns what `uncross` says.
fn auction(desk: &mut Desk, orders: &[&str], uncross: &str) -> alloc::string::String {
    desk.line("state auction");
    for (order, name) in orders.iter().zip(1..) {
        let (account_and_side, terms) = order.rsplit_once(' ').unwrap();
        let line = alloc::format!("{account_and_side} {name} {terms}");
        assert_eq!(desk.line(&line), alloc::format!("accepted {name} rests"));
    }
    desk.line(uncross)
}

#[test]
fn nothing_crosses() {
    let mut desk = Desk::new();
    assert_eq!(auction(&mut desk, &["a buy 5@99", "b sell 5@100"], "uncross"), "Auction->Continuous");
    assert_eq!(desk.line("uncross"), "Continuous->Continuous");
}

#[test]
fn what_is_good_for_the_auction_goes_with_it() {
    let mut desk = Desk::new();
    assert_eq!(desk.line("a buy 9 5@99 gfa"), "rejected GoodForAuctionInContinuous");
    let orders = ["a buy 5@102", "b sell 9@100"];
    desk.line("state auction");
    for line in ["a buy 11 5@98 gfa", "b sell 12 2@101 gfa", "b sell 13 4@104 gfa post"] {
        assert!(desk.line(line).starts_with("accepted"), "{line}");
    }
    assert_eq!(
        auction(&mut desk, &orders, "uncross 100"),
        "uncrossed 100 5:9; trade 1+2 5@100 left 0/4; cancelled 11 5 AuctionEnded resting; \
         cancelled 12 2 AuctionEnded resting; cancelled 13 4 AuctionEnded resting; Auction->Continuous"
    );
    // Also where nothing crosses, and where the state is simply set; a halt does not end an auction.
    desk.line("state auction");
    desk.line("a buy 14 1@90 gfa");
    assert_eq!(desk.line("uncross"), "cancelled 14 1 AuctionEnded resting; Auction->Continuous");
    desk.line("state auction");
    desk.line("a buy 15 1@90 gfa");
    assert_eq!(desk.line("a amend 15 3@91"), "amended 15 3@91 rests");
    assert_eq!(desk.line("state halted"), "Auction->Halted");
    assert_eq!(desk.line("state continuous"), "cancelled 15 3 AuctionEnded resting; Halted->Continuous");
    assert_eq!(desk.line("state continuous"), "Continuous->Continuous");
}

#[test]
fn the_largest_volume_then_the_least_imbalance() {
    let orders = ["a buy 5@102", "a buy 5@101", "b sell 7@100", "b sell 9@101"];
    assert_eq!(
        auction(&mut Desk::new(), &orders, "uncross"),
        "uncrossed 101 10:16; trade 1+3 5@101 left 0/2; trade 2+3 2@101 left 3/0; trade 2+4 3@101 left 0/6; \
         Auction->Continuous"
    );
}

#[test]
fn ties_are_broken_by_pressure_last_price_and_the_lower_price() {
    let more_bids = ["a buy 9@103", "b sell 5@100"];
    let more_asks = ["a buy 5@103", "b sell 9@100"];
    let even = ["a buy 5@103", "b sell 5@100"];
    let price = |orders: &[&str], last: Option<&str>| {
        let mut desk = Desk::new();
        if let Some(last) = last {
            desk.line(&alloc::format!("c buy 90 1@{last}"));
            desk.line(&alloc::format!("d sell 91 1@{last}"));
        }
        let said = auction(&mut desk, orders, "uncross");
        said.split_whitespace().nth(1).unwrap().parse::<i64>().unwrap()
    };
    assert_eq!(price(&more_bids, Some("90")), 103);
    assert_eq!(price(&more_asks, Some("110")), 100);
    assert_eq!(price(&even, None), 100);
    assert_eq!(price(&even, Some("110")), 103);
    assert_eq!(price(&even, Some("102")), 103);
    assert_eq!(price(&["a buy 5@104", "b sell 5@100"], Some("102")), 100);
}

#[test]
fn a_given_price_may_leave_the_book_crossed() {
    let mut desk = Desk::new();
    let orders = ["a buy 5@102", "b sell 5@100"];
    assert_eq!(auction(&mut desk, &orders, "uncross 99"), "uncrossed 99 5:0; Auction->Auction");
    desk.play(&[
        ("state continuous", "rejected BookCrossed"),
        ("state halted", "Auction->Halted"),
        ("uncross", "rejected InstrumentHalted"),
        ("a amend 1 @101", "rejected InstrumentHalted"),
        ("a reduce 1 1", "amended 1 4@102 keeps"),
        ("state auction", "Halted->Auction"),
        ("a buy 9 1@1 ioc", "rejected ImmediateInAuction"),
        ("uncross 102", "uncrossed 102 4:5; trade 1+2 4@102 left 0/1; Auction->Continuous"),
    ]);
}

#[test]
fn a_large_auction_is_filled_in_slices() {
    let mut desk = Desk::new();
    desk.line("state auction");
    for name in 1..=150 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    desk.line("b buy 500 151@100");
    let said = desk.line("uncross");
    // Of 64 steps two find the price: one for the bids' level, one for the only price.
    assert_eq!(said.matches("trade").count(), 62);
    assert!(said.ends_with("; Auction->Uncrossing"), "{said}");
    assert!(desk.engine.work_pending());
    // Whatever the command, the work goes on after it.
    let said = desk.line("b cancel 500");
    assert!(said.starts_with("rejected BookBusy; trade 500+63 1@100"), "{said}");
    assert_eq!(said.matches("trade").count(), 64);
    let said = desk.line("work");
    assert_eq!(said.matches("trade").count(), 24);
    assert!(said.ends_with("; Uncrossing->Continuous"), "{said}");
    assert!(!desk.engine.work_pending());
    assert_eq!((desk.side(Side::Buy).as_str(), desk.side(Side::Sell).as_str()), ("500:1@100", ""));
    assert_eq!(desk.line("work"), "");
}

#[test]
fn a_price_among_many_is_found_in_slices() {
    let mut desk = Desk::new();
    desk.line("state auction");
    for name in 1..=50 {
        desk.line(&alloc::format!("a buy {name} 1@{}", 100 + name));
        desk.line(&alloc::format!("b sell {} 1@{}", 100 + name, 100 + name));
    }
    // 50 levels of bids and 50 prices to visit, then 25 trades.
    assert_eq!(desk.line("uncross"), "Auction->Uncrossing");
    let said = desk.line("a cancel 1");
    assert!(said.starts_with("rejected BookBusy; uncrossed 125 26:25; trade 50+101 1@125"), "{said}");
    assert!(said.ends_with("; Uncrossing->Continuous"), "{said}");
    assert_eq!(said.matches("trade").count(), 25);
    assert!(!desk.engine.work_pending());
}

#[test]
fn who_cannot_hold_the_position_is_cancelled() {
    let mut genesis = small();
    genesis.capacities.positions = 2;
    let mut desk = Desk::with(&genesis, Canary::None);
    let orders = ["a buy 5@100", "b sell 3@100", "c sell 1@100", "b sell 2@100"];
    assert_eq!(
        auction(&mut desk, &orders, "uncross"),
        "uncrossed 100 5:6; trade 1+2 3@100 left 2/0; cancelled 3 1 PositionTableFull resting; \
         trade 1+4 2@100 left 0/0; Auction->Continuous"
    );
}
