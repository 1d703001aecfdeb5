//! `novate check scenarios`.

use serde_json::{Value, json};

use crate::support::{Folder, Ran, check_scenarios};

/// Runs one scenario.
fn play(text: &str, args: &[&str]) -> Ran {
    let folder = Folder::new();
    let ran = check_scenarios(&[&folder.file("a.nsf", text)], args);
    assert_eq!(ran.stderr, "");
    ran
}

/// Runs a scenario that must pass.
fn passes(text: &str) {
    let ran = play(text, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "1 passed, 0 failed\n"), "{text}");
}

/// Runs a scenario that must fail in its last line, and returns what was got there.
fn failure(text: &str) -> String {
    let ran = play(text, &[]);
    assert_eq!((ran.code, ran.last_line()), (1, "0 passed, 1 failed"), "{text}");
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    let (number, last) = text.lines().enumerate().last().expect("a line");
    let line = format!("a.nsf:{}: {}: got ", number + 1, last.trim());
    let told = ran.stdout.lines().next().and_then(|told| told.split_once(&line));
    let (before, got) = told.unwrap_or_else(|| panic!("not in the last line: {}", ran.stdout));
    assert!(before.starts_with("FAIL /"), "{before}");
    got.to_owned()
}

/// A taker that trades with three makers at two prices, and is filled.
const TAKER: &str = "
    new id=1 acct=1 side=sell type=limit tif=gtc px=10 qty=5
    new id=2 acct=2 side=sell type=limit tif=gtc px=11 qty=2
    new id=3 acct=1 side=sell type=limit tif=gtc px=11 qty=4
    new id=4 acct=3 side=buy type=limit tif=gtc px=11 qty=8";

#[test]
fn every_check_passes_where_it_is_right() {
    for check in [
        "trades n=3",
        "pairs n=3",
        "pair maker=1 taker=4 px=10 qty=5",
        "pair maker=1 taker=4 px=11 qty=0",
        "fill id=4 qty=8",
        "fill id=4 qty=8 notional=83",
        "fill id=3 qty=1 notional=11",
        "accept id=4",
        "order id=1 state=filled",
        "order id=1 state=filled leaves=0 filled=5 vis=0 px=10",
        "order id=3 state=open leaves=3 filled=1 vis=3 px=11",
        "order id=4",
        "level side=sell px=11 qty=3 vis=3 orders=1",
        "level side=sell px=10 qty=0",
        "level side=buy px=-9223372036854775808 orders=0",
        "book bids=- asks=11:3:1",
        "book asks=11:3",
        "top bids=- asks=11:3",
        "top asks=-",
        "totals bid_orders=0 bid_qty=0 ask_orders=1 ask_qty=3",
        "queue side=sell px=11 ids=3",
        "last px=11",
        "mode continuous",
        "uncrossed qty=0 px=5",
        "afill id=4 qty=0",
        "position acct=1 qty=-6",
        "position acct=3 qty=8 tol=2",
        "position acct=99 qty=0",
    ] {
        passes(&format!("{TAKER}\nexpect {check}\nalso {check}\n"));
    }
}

#[test]
fn every_check_fails_where_it_is_wrong() {
    let trades = "n=3: maker=1 taker=4 px=10 qty=5, maker=2 taker=4 px=11 qty=2, maker=3 taker=4 px=11 qty=1";
    let did = "accept id=4, trade maker=1 taker=4 px=10 qty=5, trade maker=2 taker=4 px=11 qty=2, \
        trade maker=3 taker=4 px=11 qty=1";
    let filled = "state=filled leaves=0 filled=5 vis=0 px=10";
    let totals = "bid_orders=0 bid_qty=0 ask_orders=1 ask_qty=3";
    for (check, got) in [
        ("trades n=2", trades),
        ("trade maker=2 taker=4 px=11 qty=2", "maker=1 taker=4 px=10 qty=5"),
        ("pairs n=1", trades),
        ("pair maker=2 taker=4 px=11 qty=3", "qty=2"),
        ("fill id=4 qty=7", "qty=8 notional=83"),
        ("fill id=4 qty=8 notional=84", "qty=8 notional=83"),
        ("fill id=5 qty=0", "no such order"),
        ("accept id=3", did),
        ("reject id=4", did),
        ("cancelled id=4", did),
        ("order id=5", "no such order"),
        ("order id=1 state=dead", filled),
        ("order id=1 leaves=1", filled),
        ("order id=1 filled=4", filled),
        ("order id=1 vis=5", filled),
        ("order id=1 px=11", filled),
        ("level side=sell px=11 qty=4", "qty=3 vis=3 orders=1"),
        ("level side=sell px=11 vis=4", "qty=3 vis=3 orders=1"),
        ("level side=sell px=11 orders=2", "qty=3 vis=3 orders=1"),
        ("level side=buy px=11 qty=1", "qty=0 vis=0 orders=0"),
        ("book bids=- asks=-", "bids=- asks=11:3:1"),
        ("book asks=11:3:2", "asks=11:3:1"),
        ("book asks=11:3:1,12:1:1", "asks=11:3:1"),
        ("top asks=11:2", "asks=11:3:1"),
        ("top bids=10:1", "bids=-"),
        ("totals bid_orders=1", totals),
        ("totals bid_qty=1", totals),
        ("totals ask_orders=0", totals),
        ("totals ask_qty=4", totals),
        ("queue side=sell px=11 ids=3,2", "ids=3"),
        ("queue side=buy px=11 ids=3", "ids=-"),
        ("last px=10", "px=11"),
        ("mode auction", "continuous"),
        ("uncrossed qty=1", "qty=0 px=none"),
        ("afill id=4 qty=8", "qty=0"),
        ("position acct=1 qty=-5", "qty=-6 upnl=-5 rpnl=0"),
    ] {
        assert_eq!(failure(&format!("{TAKER}\nalso {check}\n")), got, "{check}");
    }
}

#[test]
fn the_lines_trade_are_the_trades_in_order() {
    let first = "trade maker=1 taker=4 px=10 qty=5";
    let second = "trade maker=2 taker=4 px=11 qty=2";
    let third = "trade maker=3 taker=4 px=11 qty=1";
    passes(&format!("{TAKER}\nexpect {first}\nalso {second}\nexpect trades n=3\nexpect {third}\n"));
    assert_eq!(failure(&format!("{TAKER}\nexpect {first}\nexpect {third}\n")), "maker=2 taker=4 px=11 qty=2");
    let fourth = format!("{TAKER}\nexpect {first}\nalso {second}\nexpect {third}\nexpect {third}\n");
    assert_eq!(failure(&fourth), "no more trades");
    let next = "new id=5 acct=3 side=buy type=market qty=1\nexpect trade maker=3 taker=5 px=11 qty=1\n";
    passes(&format!("{TAKER}\nalso {first}\n{next}"));
    // Lines that are left out are counted all the same.
    let left_out = format!("{TAKER}\nalso trade maker=9 taker=9 px=9 qty=9\nexpect {second}\n");
    assert_eq!(play(&left_out, &["--only-expect"]).code, 0);
    assert_eq!(play(&left_out, &[]).code, 1);
}

#[test]
fn checks_are_about_the_last_command() {
    let more = format!("{TAKER}\ncancel id=3\n");
    passes(&format!(
        "{more}
        expect cancelled id=3
        expect cancelled id=3 qty=3
        expect trades n=0
        expect fill id=4 qty=0 notional=0
        expect order id=3 state=dead leaves=3 filled=1"
    ));
    let cancelled = "cancelled id=3 qty=3 reason=Requested";
    assert_eq!(failure(&format!("{more}expect cancelled id=3 qty=2\n")), cancelled);
    assert_eq!(failure(&format!("{more}expect accept id=4\n")), cancelled);
    passes("expect trades n=0\nexpect book bids=- asks=-\nexpect mode continuous\n");
    assert_eq!(failure("expect last px=0\n"), "px=none");
    assert_eq!(failure("expect accept id=1\n"), "nothing");
}

#[test]
fn long_answers_are_cut() {
    let maker = |id: u32| format!("new id={id} acct=1 side=buy type=limit px=5 qty=1\n");
    let makers: Vec<String> = (1..=9).map(maker).collect();
    let taker = "new id=10 acct=2 side=sell type=market qty=9\n";
    let got = failure(&format!("{}{taker}expect trades n=1\n", makers.concat()));
    assert!(got.starts_with("n=9: maker=1 ") && got.ends_with("maker=6 taker=10 px=5 qty=1, 3 more"), "{got}");
}

#[test]
fn reduce_and_amend() {
    let two = "new id=1 acct=1 side=buy type=limit px=10 qty=5\nnew id=2 acct=1 side=buy type=limit px=10 qty=5\n";
    passes(&format!(
        "{two}
        reduce id=1 by=2
        expect accept id=1
        expect queue side=buy px=10 ids=1,2
        expect order id=1 leaves=3
        reduce id=1 by=0
        expect reject id=1
        reduce id=1 acct=1 by=3
        expect cancelled id=1 qty=3"
    ));
    passes(&format!(
        "{two}
        amend id=1 qty=6
        expect accept id=1
        expect queue side=buy px=10 ids=2,1
        amend id=1 qty=4 acct=1
        expect order id=1 leaves=4
        amend id=2 px=11
        expect book bids=11:5:1,10:4:1
        amend id=2 px=10 qty=0
        expect cancelled id=2 qty=5"
    ));
}

#[test]
fn replace() {
    let two = "new id=1 acct=1 side=buy type=limit px=10 qty=5\nnew id=2 acct=1 side=buy type=limit px=10 qty=5\n";
    passes(&format!(
        "{two}
        replace id=1 new_id=7 px=9 qty=8
        expect cancelled id=1 qty=5
        expect accept id=7
        expect order id=1 state=dead
        expect order id=7 state=open leaves=8 filled=0
        replace id=7 new_id=7 px=8 qty=1
        expect book bids=10:5:1,8:1:1"
    ));
    passes(&format!(
        "{two}
        replace id=9 new_id=7 px=9 qty=8
        expect reject id=9
        replace id=1 new_id=2 px=9 qty=8
        expect cancelled id=1 qty=5
        expect reject id=2
        expect order id=2 state=open
        replace id=2 new_id=7 px=9 qty=-1
        expect cancelled id=2 qty=5
        expect reject id=7
        replace id=2 new_id=7 px=9 qty=1
        expect reject id=2"
    ));
    passes(
        "new id=1 acct=1 side=sell type=limit px=100 qty=30 display=5
        replace id=1 new_id=2 px=101 qty=20
        expect order id=2 leaves=20 vis=20
        new id=3 acct=1 side=sell type=limit px=105 qty=5 post_only=1
        new id=4 acct=2 side=buy type=limit px=99 qty=5
        replace id=3 new_id=5 px=99 qty=5
        expect trade maker=4 taker=5 px=99 qty=5
        new id=6 acct=2 side=buy type=stop trigger=200 qty=5
        replace id=6 new_id=7 px=9 qty=1
        expect reject id=6
        expect order id=6 state=pending",
    );
}

#[test]
fn orders_that_do_not_rest() {
    passes(
        "new id=1 acct=1 side=sell type=limit tif=ioc px=10 qty=5
        expect accept id=1
        expect cancelled id=1 qty=5
        expect order id=1 state=dead leaves=5
        new id=2 acct=1 side=sell type=market tif=fok qty=5
        expect reject id=2
        expect order id=2 state=dead
        new id=3 acct=1 side=sell type=limit px=3 qty=5 post_only=1
        expect accept id=3
        new id=4 acct=2 side=buy type=limit px=3 qty=5 post_only=1
        expect reject id=4
        expect trades n=0
        new id=5 acct=2 side=buy type=market tif=gtc qty=7
        expect trade maker=3 taker=5 px=3 qty=5
        expect cancelled id=5 qty=2
        expect order id=5 state=dead leaves=2 filled=5",
    );
}

#[test]
fn ids_are_global_and_may_be_used_again() {
    let zero = "new id=0 acct=1 side=buy type=limit px=10 qty=5\n";
    passes(&format!(
        "{zero}
        new id=0 acct=1 side=buy type=limit px=11 qty=1
        expect reject id=0
        expect order id=0 state=open px=10 leaves=5
        expect queue side=buy px=10 ids=0
        cancel id=0
        new id=0 acct=2 side=sell type=limit px=12 qty=2
        expect order id=0 state=open px=12 leaves=2
        new id=0 acct=2 side=sell type=limit px=13 qty=0
        expect reject id=0
        cancel id=0 acct=2
        new id=0 acct=2 side=sell type=limit px=13 qty=0
        expect reject id=0
        expect order id=0 px=12 state=dead leaves=2"
    ));
    passes(
        "new id=18446744073709551614 acct=18446744073709551615 side=buy type=limit px=10 qty=5
        expect order id=18446744073709551614 state=open
        expect queue side=buy px=10 ids=18446744073709551614",
    );
    assert_eq!(
        failure(&format!("{zero}expect trades n=0\nnew id=0 acct=2 side=buy type=limit px=11 qty=1\n")),
        "unsupported by this engine: the rejection of an id that another account's live order has"
    );
}

#[test]
fn only_the_owner_may_touch_an_order() {
    let order = "new id=1 acct=1 side=buy type=limit px=10 qty=5\n";
    let untouched = "expect order id=1 state=open leaves=5\n";
    for command in ["cancel id=1", "reduce id=1 by=1", "amend id=1 qty=1"] {
        passes(&format!("{order}{command} acct=2\nexpect reject id=1\n{untouched}"));
        let other = "new id=2 acct=2 side=buy type=limit px=10 qty=5\n";
        passes(&format!("{order}{other}{command} acct=2\nexpect reject id=1\n{untouched}"));
        for (commands, got) in [
            (format!("{order}{command} acct=2\n"), "reject id=1 (OrderNotOwned)"),
            (format!("{order}cancel id=1\n{command}\n"), "reject id=1 (StaleOrder)"),
            (format!("{command} acct=2\n"), "reject id=1 (UnknownOrder)"),
            (format!("{command}\n"), "reject id=1 (UnknownAccount)"),
        ] {
            assert_eq!(failure(&format!("{commands}expect accept id=1\n")), got, "{command}");
        }
        let got = failure(&format!("{order}{command} acct=1\nexpect reject id=1\n"));
        assert!(["cancelled id=1 qty=5 reason=Requested", "accept id=1"].contains(&got.as_str()), "{got}");
    }
}

/// Two bids and an ask that would trade at 10 or at 11, and an ask that would not.
const AUCTION: &str = "
    mode auction
    new id=1 acct=1 side=buy type=limit px=11 qty=4
    new id=2 acct=2 side=buy type=limit px=11 qty=5
    new id=3 acct=3 side=sell type=limit px=10 qty=7
    new id=4 acct=4 side=sell type=limit px=20 qty=1";

#[test]
fn auctions_are_told_apart_from_continuous_trading() {
    passes(&format!(
        "{AUCTION}
        expect mode auction
        expect trades n=0
        uncross
        expect mode continuous
        expect trades n=0
        expect pairs n=0
        expect uncrossed qty=7
        expect afill id=1 qty=4
        expect afill id=2 qty=3
        expect afill id=3 qty=7
        expect afill id=4 qty=0
        expect fill id=3 qty=7
        expect order id=2 state=open leaves=2 filled=3
        expect position acct=3 qty=-7
        new id=5 acct=5 side=sell type=limit px=11 qty=1
        expect trades n=1
        expect trade maker=2 taker=5 px=11 qty=1
        expect uncrossed qty=0
        expect afill id=2 qty=3
        expect order id=2 leaves=1 filled=4
        mode auction
        new id=6 acct=5 side=sell type=limit px=11 qty=1
        uncross
        expect afill id=1 qty=0
        expect afill id=2 qty=1"
    ));
    passes(&format!("{AUCTION}\nnew id=5 acct=5 side=sell type=market qty=1\nexpect reject id=5\n"));
}

#[test]
fn the_price_of_an_auction_may_be_given() {
    passes(&format!(
        "{AUCTION}
        uncross px=10
        expect uncrossed qty=7 px=10
        expect last px=10
        expect fill id=3 qty=7 notional=70"
    ));
    let eleven = format!("{AUCTION}\nuncross px=11\n");
    assert_eq!(failure(&format!("{eleven}expect uncrossed qty=7 px=10\n")), "qty=7 px=11");
    assert_eq!(failure(&format!("{eleven}expect uncrossed qty=6\n")), "qty=7 px=11");
    assert_eq!(failure(&format!("{eleven}expect afill id=1 qty=3\n")), "qty=4");
    let (first, second) = ("buyer=1 seller=3 px=11 qty=4", "buyer=2 seller=3 px=11 qty=3");
    let did = format!("auction trade {first}, auction trade {second}");
    assert_eq!(failure(&format!("{eleven}expect accept id=3\n")), did);
}

#[test]
fn a_command_of_the_venue_that_is_refused_is_a_failure() {
    let got = failure(&format!("{AUCTION}\nexpect trades n=0\nmode continuous\n"));
    assert_eq!(got, "a rejection, 503 BookCrossed: the book is crossed; uncross it instead of opening it");
}

#[test]
fn the_work_that_a_command_leaves_is_the_commands() {
    let pairs = 17_000;
    let order =
        |id: u32, acct: u32, side: &str| format!("new id={id} acct={acct} side={side} type=limit px=10 qty=1\n");
    let mut lines = vec!["mode auction\n".to_owned()];
    lines.extend((0..pairs).flat_map(|id| [order(id, 1, "buy"), order(pairs + id, 2, "sell")]));
    lines.push(format!("uncross\nexpect uncrossed qty={pairs} px=10\nexpect afill id={} qty=1\n", pairs - 1));
    lines.push("expect mode continuous\nexpect book bids=- asks=-\n".to_owned());
    passes(&lines.concat());
}

#[test]
fn prices_and_quantities_are_as_large_as_they_are() {
    passes(
        "new id=1 acct=1 side=sell type=limit px=45000000000 qty=9000000000000000000
        new id=2 acct=1 side=sell type=limit px=45000000001 qty=9000000000000000000
        expect totals ask_orders=2 ask_qty=18000000000000000000
        new id=3 acct=2 side=buy type=limit px=45000000000 qty=9000000000000000000
        expect fill id=3 qty=9000000000000000000 notional=405000000000000000000000000000
        new id=4 acct=3 side=sell type=limit px=-9223372036854775808 qty=1
        expect order id=4 state=open px=-9223372036854775808
        new id=5 acct=3 side=buy type=market qty=1
        expect trade maker=4 taker=5 px=-9223372036854775808 qty=1",
    );
}

#[test]
fn an_id_that_another_account_uses_is_not_taken_for_a_rejection() {
    let order = "new id=1 side=buy type=limit px=10 qty=5";
    let got = failure(&format!("expect trades n=0\n{order} acct=1\n{order} acct=2\n"));
    assert_eq!(got, "unsupported by this engine: the rejection of an id that another account's live order has");
}

#[test]
fn what_is_good_for_the_auction_goes_with_it() {
    passes(
        "new id=1 acct=1 side=buy type=limit tif=gfa px=10 qty=5
        expect reject id=1
        mode auction
        new id=1 acct=1 side=buy type=limit tif=gfa px=10 qty=5
        new id=2 acct=2 side=sell type=limit px=9 qty=3
        new id=3 acct=3 side=sell type=limit tif=gfa px=12 qty=1
        expect indicative qty=3 px=9
        also indicative qty=3 px=10
        uncross
        expect afill id=1 qty=3
        also cancelled id=1 qty=2
        also cancelled id=3 qty=1
        also mode continuous
        also book bids=- asks=-
        also indicative qty=0",
    );
    let crossed = "mode auction\nnew id=1 acct=1 side=buy type=limit px=10 qty=5
        new id=2 acct=2 side=sell type=limit px=9 qty=3\n";
    for check in ["indicative qty=2", "indicative qty=3 px=11", "indicative qty=3 px=8"] {
        assert_eq!(failure(&format!("{crossed}expect {check}\n")), "qty=3 px=10", "{check}");
    }
}

#[test]
fn self_trades_are_prevented_as_configured_or_as_the_order_says() {
    let orders = |config: &str, taker: &str| {
        format!(
            "{config}
            new id=1 acct=1 side=sell type=limit px=10 qty=3
            new id=2 acct=2 side=sell type=limit px=10 qty=3
            new id=3 acct=1 side=buy type=limit px=10 qty=5 {taker}\n"
        )
    };
    let traded = "expect trade maker=1 taker=3 px=10 qty=3\nalso trade maker=2 taker=3 px=10 qty=2";
    let taker_cancelled = "expect trades n=0\nalso cancelled id=3 qty=5\nexpect order id=1 state=open leaves=3";
    let maker_cancelled = "expect trades n=1\nalso cancelled id=1 qty=3\nexpect trade maker=2 taker=3 px=10 qty=3
        expect order id=3 state=open leaves=2";
    let both_cancelled = "expect trades n=0\nalso cancelled id=1 qty=3\nalso cancelled id=3 qty=5
        expect queue side=sell px=10 ids=2";
    for (config, taker, outcome) in [
        ("", "", traded),
        ("config stp=none", "", traded),
        ("config stp=cancel_taker", "", taker_cancelled),
        ("config stp=cancel_maker", "", maker_cancelled),
        ("config stp=cancel_both", "", both_cancelled),
        ("config stp=cancel_both", "stp=none", traded),
        ("", "stp=cancel_taker", taker_cancelled),
        ("config stp=cancel_taker", "stp=cancel_maker", maker_cancelled),
        ("config stp=cancel_maker", "stp=cancel_both", both_cancelled),
    ] {
        passes(&(orders(config, taker) + outcome));
    }
}

#[test]
fn reduce_only_orders_take_what_is_held() {
    let held = "new id=1 acct=1 side=sell type=limit px=10 qty=9\nnew id=2 acct=2 side=buy type=market qty=4\n";
    passes(&format!(
        "{held}
        new id=3 acct=2 side=sell type=limit px=11 qty=9 reduce_only=1
        expect accept id=3
        expect order id=3 state=open leaves=4
        new id=4 acct=2 side=buy type=limit px=10 qty=1 reduce_only=1
        expect reject id=4
        new id=5 acct=3 side=buy type=limit px=11 qty=9 reduce_only=1
        expect reject id=5"
    ));
}

#[test]
fn profit_is_by_average_entry_at_the_mark_price_or_else_the_last() {
    let held = "
        new id=1 acct=1 side=sell type=limit px=10 qty=4
        new id=2 acct=1 side=sell type=limit px=13 qty=2
        new id=3 acct=2 side=buy type=market qty=6\n";
    passes(&format!(
        "expect position acct=2 qty=0 upnl=0 rpnl=0
        {held}
        expect position acct=2 qty=6 upnl=12 rpnl=0 tol=0
        last px=20
        expect position acct=2 qty=6 upnl=54 rpnl=0 tol=0
        mark px=9
        expect position acct=2 qty=6 upnl=-12 rpnl=0 tol=0
        expect position acct=1 qty=-6 upnl=12 rpnl=0 tol=0
        new id=4 acct=3 side=buy type=limit px=12 qty=2
        new id=5 acct=2 side=sell type=market qty=2
        expect position acct=2 qty=4 upnl=-8 rpnl=2 tol=0
        expect position acct=2 qty=4 upnl=-8.4 rpnl=1.6 tol=0.4"
    ));
    for (check, got) in [
        ("qty=5 upnl=12", "qty=6 upnl=12 rpnl=0"),
        ("qty=6 upnl=13.5", "qty=6 upnl=12 rpnl=0"),
        ("qty=6 rpnl=0.5 tol=0.25", "qty=6 upnl=12 rpnl=0"),
    ] {
        assert_eq!(failure(&format!("{held}expect position acct=2 {check}\n")), got);
    }
}

#[test]
fn the_first_line_that_differs_is_named_and_no_other() {
    let text = "# nsf 1\nexpect  trades\tn=0 # so far\n\nalso trades n=1 # no\nexpect trades n=2\n";
    let ran = play(text, &[]);
    assert_eq!(ran.code, 1);
    let told = "a.nsf:4: also trades n=1: got n=0: nothing\n0 passed, 1 failed\n";
    assert!(ran.stdout.ends_with(told), "{}", ran.stdout);
    let ran = play(text, &["--only-expect"]);
    assert!(ran.stdout.contains("a.nsf:5: expect trades n=2: got n=0: nothing\n"), "{}", ran.stdout);
    assert_eq!(play("also trades n=1\n", &["--only-expect"]).code, 0);
}

#[test]
fn files_and_folders_are_played_in_order() {
    let folder = Folder::new();
    let (right, wrong) = ("expect trades n=0\n", "expect trades n=1\n");
    for (name, text) in [
        ("b/2.nsf", wrong),
        ("b/10.nsf", wrong),
        ("b/deep/er/x.nsf", wrong),
        ("a.nsf", wrong),
        ("a.txt", "nonsense"),
        ("c/right.nsf", right),
        ("nsf", "nonsense"),
    ] {
        folder.file(name, text);
    }
    let alone = folder.file("d/any.name", right);
    let ran = check_scenarios(&[&alone, &folder.path()], &[]);
    assert_eq!((ran.code, ran.stderr.as_str(), ran.last_line()), (1, "", "2 passed, 4 failed"));
    let named = |line: &str| line.strip_prefix(&format!("FAIL {}/", folder.path())).map(str::to_owned);
    let failed: Vec<String> = ran.stdout.lines().filter_map(named).collect();
    let expected = ["a.nsf", "b/10.nsf", "b/2.nsf", "b/deep/er/x.nsf"];
    assert_eq!(failed, expected.map(|name| format!("{name}:1: expect trades n=1: got n=0: nothing")));
    let ran = check_scenarios(&[&alone, &alone], &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "2 passed, 0 failed\n"));
}

#[test]
fn json_says_the_same() {
    let folder = Folder::new();
    let wrong = folder.file("wrong.nsf", "# nsf 1\nexpect trades n=0\nalso trades n=1\n");
    let right = folder.file("right.nsf", "expect trades n=0\nalso trades n=0\n");
    let failure = json!({"file": wrong, "line": 3, "check": "also trades n=1", "got": "n=0: nothing"});
    let one_failed = vec![failure, json!({"scenarios": 2, "checks": 4, "passed": 1, "failed": 1})];
    let none_failed = vec![json!({"scenarios": 2, "checks": 2, "passed": 2, "failed": 0})];
    for (args, code, objects, last) in [
        (&["--json"][..], 1, one_failed, "1 passed, 1 failed"),
        (&["--json", "--only-expect"], 0, none_failed, "2 passed, 0 failed"),
    ] {
        let ran = check_scenarios(&[&wrong, &right], args);
        assert_eq!((ran.code, ran.stderr.as_str(), ran.last_line()), (code, "", last));
        let lines = ran.stdout.lines().take(ran.stdout.lines().count() - 1);
        let told: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(told, objects);
    }
}

#[test]
fn line_ends_and_marks_of_other_editors_are_taken() {
    passes("\u{feff}# nsf 1\r\nnew id=1 acct=1 side=buy type=limit px=1 qty=1\r\n\r\nexpect accept id=1");
}

#[test]
fn negative_quantities_are_rejected_as_that() {
    for kind in ["limit px=10", "limit px=10 display=3", "market", "limit tif=ioc px=10", "stop_limit trigger=9 px=10"]
    {
        passes(&format!("new id=1 acct=1 side=buy type={kind} qty=-5\nexpect reject id=1 code=QuantityNotPositive"));
        passes(&format!("new id=1 acct=1 side=buy type={kind} qty=0\nexpect reject id=1"));
    }
}

#[test]
fn what_expires_while_an_account_is_opened_is_told() {
    passes(
        "time ns=10
        new id=1 acct=1 side=buy type=limit px=100 qty=5 tif=gtd expiry=20
        new id=2 acct=2 side=buy type=limit px=100 qty=5 tif=day
        time ns=20
        new id=3 acct=3 side=sell type=limit px=100 qty=5
        expect cancelled id=1 reason=Expired
        expect trade maker=2 taker=3 px=100 qty=5",
    );
}

#[test]
fn what_is_named_as_oco_is_cancelled_by_a_trigger_only_while_it_waits() {
    let stop = "acct=1 side=sell type=stop_limit qty=3";
    // The first to come triggers at once and rests: it is no twin of the second, and its fill cancels nothing.
    passes(&format!(
        "last px=95
        new id=1 {stop} px=97 trigger=95 oco=2
        expect trigger id=1
        new id=2 {stop} px=90 trigger=80 oco=1
        new id=3 acct=2 side=buy type=limit px=97 qty=3
        expect trade maker=1 taker=3 px=97 qty=3
        expect order id=2 state=pending leaves=3"
    ));
    // Nor is a limit order, another account's order, or one that has a twin.
    let waiting = format!("new id=1 {stop} px=90 trigger=80 oco=2\n");
    for second in [
        "acct=1 side=sell type=limit qty=3 px=105 oco=1",
        "acct=2 side=sell type=stop_limit qty=3 px=105 trigger=100 dir=up oco=1",
    ] {
        passes(&format!("{waiting}new id=2 {second}\nexpect accept id=2\nlast px=80\nexpect order id=2 leaves=3"));
        passes(&format!("{waiting}new id=2 {second}\nlast px=80\nexpect trigger id=1\nexpect accept id=1"));
    }
    passes(&format!(
        "{waiting}
        new id=2 {stop} px=91 trigger=81 oco=1
        new id=3 {stop} px=92 trigger=82 oco=1
        expect accept id=3
        last px=81
        expect trigger id=3
        expect trigger id=2
        expect cancelled id=1 qty=3 reason=OneCancelsOther"
    ));
}
