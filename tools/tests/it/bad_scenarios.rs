//! Scenarios that are none: named by file and line on standard error, exit code 2, nothing that looks like a result.

use crate::support::{Folder, check_scenarios};

/// Runs a file that must be refused beside one that is right, and returns the message without the program's and the
/// file's names.
fn refusal(bytes: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    let right = folder.file("1.nsf", "expect trades n=0\n");
    let bad = folder.file("2.nsf", bytes);
    let mut messages = Vec::new();
    for args in [&[][..], &["--json"]] {
        let ran = check_scenarios(&[&right, &bad], args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        let message = ran.stderr.trim_end().strip_prefix(&format!("novate: {bad}:"));
        messages.push(message.unwrap_or_else(|| panic!("no file is named: {}", ran.stderr)).to_owned());
    }
    assert_eq!(messages[0], messages[1]);
    messages.swap_remove(0)
}

/// The same for a bad line after two good ones.
fn line_refusal(line: &str) -> String {
    let message = refusal(format!("# nsf 1\nexpect trades n=0\n{line}\n"));
    message.strip_prefix("3: ").unwrap_or_else(|| panic!("{line}: {message}")).to_owned()
}

const COMMANDS: &str = "new, cancel, reduce, amend, replace, mode, uncross, last, mark, time, work, masscancel, endday, \
    protection, resume, band, publish, limits, account, send, list_instrument, list_underlying, configure_underlying, \
    delist_underlying, list_expiry, delist_expiry, set_scenarios, set_shocks, update_index, update_forward, update_rate, \
    update_surface, update_volatility, set_margin_model, set_margin_terms, adjust_cash, timer, config, expect or also";
const CHECKS: &str = "trades, trade, pairs, pair, fill, accept, reject, cancelled, trigger, order, level, book, top, \
    totals, queue, last, mode, uncrossed, afill, indicative, position, rejected, event, events or work";
const NEW_KEYS: &str = "id, acct, side, type, tif, px, qty, display, minvis, post_only, reduce_only, trigger, dir, oco, \
    budget, stp, expiry, slide, twin, trail, peg and offset";
const STP: &str = "none, cancel_taker, cancel_maker, cancel_both or decrement";

const CONFIG_KEYS: &str = "1: expected config with no other keys than stp, work, orders, complex_orders, levels, \
    ladder_nodes, positions, instruments, accounts, sessions, grants, work_items, underlyings, \
    expiries, scenario_sets, vectors, max_steps, outcome_window, tick, lot, \
    price_min, price_max, limit_low, limit_high, quantity_min, quantity_max and multiplier, found \"px\"";

/// A complaint with the ranges of numbers, and what else is long, written out.
fn whole(complaint: &str) -> String {
    let complaint = complaint
        .replace("ATOMS", "a whole number of atoms (1e-6 of the settlement asset's unit) from -9223372036854775808 to 9223372036854775807")
        .replace("I64", "a whole number from -9223372036854775808 to 9223372036854775807")
        .replace("I128", "a whole number of at most 128 bits")
        .replace("U64", "a whole number from 0 to 18446744073709551615")
        .replace("ID", "a whole number from 0 to 18446744073709551614")
        .replace("DECIMAL", "a number with at most six decimals")
        .replace("LEVELS", "levels price:quantity:orders with commas between them, or -")
        .replace("COMMANDS", COMMANDS)
        .replace("CHECKS", CHECKS)
        .replace("NEW_KEYS", NEW_KEYS)
        .replace("STP", STP);
    format!("expected {complaint}")
}

#[test]
fn new_orders() {
    let order = "new id=1 acct=1 side=buy type=limit px=10 qty=5";
    // What is altered, and into what.
    for (from, to, complaint) in [
        ("px=10", "px=10 tif=week", "tif to be gtc, ioc, fok, gfa, day or gtd, found \"week\""),
        ("px=10", "px=10 tif=gtd expiry=-1", "expiry to be U64, found \"-1\""),
        ("px=10", "px=10 slide=yes", "slide to be 0 or 1, found \"yes\""),
        ("px=10", "px=10 twin=x", "twin to be ID, found \"x\""),
        ("px=10", "px=10 trail=x", "trail to be I64, found \"x\""),
        ("px=10", "peg=last", "peg to be primary, market or mid, found \"last\""),
        ("px=10", "peg=mid offset=x", "offset to be I64, found \"x\""),
        ("px=10", "px=10 gtc", "key=value, found \"gtc\""),
        ("px=10", "px=10 px=10", "px once, found it twice"),
        ("px=10", "px=1e3", "px to be I64, found \"1e3\""),
        ("px=10", "px=10 post_only=2", "post_only to be 0 or 1, found \"2\""),
        ("px=10", "px=10 reduce_only=", "reduce_only to be 0 or 1, found nothing"),
        ("px=10", "px=10 display=x", "display to be I64, found \"x\""),
        ("px=10", "px=10 minvis=0x5", "minvis to be I64, found \"0x5\""),
        ("px=10", "px=10 trigger=1.5", "trigger to be I64, found \"1.5\""),
        ("px=10", "px=10 dir=left", "dir to be up or down, found \"left\""),
        ("px=10", "px=10 oco=-1", "oco to be ID, found \"-1\""),
        ("px=10", "px=10 budget=many", "budget to be I128, found \"many\""),
        ("px=10", "px=10 stp=all", "stp to be STP, found \"all\""),
        ("px=10", "px=10 tiff=gtc", "new with no other keys than NEW_KEYS, found \"tiff\""),
        ("id=1", "id=18446744073709551615", "id to be ID, found \"18446744073709551615\""),
        ("acct=1", "acct=-1", "acct to be U64, found \"-1\""),
        ("side=buy", "side=bid", "side to be buy or sell, found \"bid\""),
        ("type=limit", "type=peg", "type to be limit, market, stop or stop_limit, found \"peg\""),
        ("qty=5", "qty=9223372036854775808", "qty to be I64, found \"9223372036854775808\""),
        ("id=1", "", "new with id=, found none"),
        ("px=10", "", "new with px=, found none"),
        ("qty=5", "", "new with qty=, found none"),
        ("acct=1", "", "new with acct=, found none"),
        ("side=buy", "", "new with side=, found none"),
        ("type=limit", "", "new with type=, found none"),
        ("type=limit", "type=stop", "new with trigger=, found none"),
        ("type=limit px=10", "type=stop_limit trigger=1", "new with px=, found none"),
        (
            "px=10",
            "peg=mid twin=3",
            "new with peg= and without trigger, trail, dir, display, minvis, oco, twin and budget, \
          found \"twin\"",
        ),
        ("type=limit", "type=market peg=mid", "type to be limit beside peg=, found \"market\""),
        ("type=limit", "type=limit trail=2", "type to be stop or stop_limit beside trail=, found \"limit\""),
        ("type=limit", "type=market slide=1", "type to be limit or stop_limit beside slide=, found \"market\""),
        ("type=limit", "type=stop trail=2 trigger=3", "new with trail= and without trigger, found \"trigger\""),
        ("px=10", "px=10 twin=3 oco=3", "new with twin= and without oco, found \"oco\""),
        ("px=10", "px=10 offset=3", "new with peg= beside offset=, found none"),
    ] {
        let line = order.replacen(from, to, 1);
        assert_eq!(line_refusal(&line), whole(complaint), "{line}");
    }
}

#[test]
fn other_commands() {
    for (line, complaint) in [
        ("sell id=1", "COMMANDS, found \"sell\""),
        ("cancel", "cancel with id=, found none"),
        ("cancel id=1 qty=1", "cancel with no other keys than id and acct, found \"qty\""),
        ("cancel id=1 acct=me", "acct to be U64, found \"me\""),
        ("reduce id=1", "reduce with by=, found none"),
        ("amend id=1", "amend with px or qty, found none"),
        ("amend px=1", "amend with id=, found none"),
        ("replace id=1 px=1 qty=1", "replace with new_id=, found none"),
        ("replace id=1 new_id=2 qty=1", "replace with px=, found none"),
        ("mode", "mode to be auction, continuous or halted, found nothing"),
        ("mode uncrossing", "mode to be auction, continuous or halted, found \"uncrossing\""),
        ("mode auction continuous", "mode to be auction, continuous or halted, found \"auction continuous\""),
        ("time", "time with ns=, found none"),
        ("time ns=-1", "ns to be U64, found \"-1\""),
        ("work 64", "work alone, found 64"),
        ("endday now", "endday alone, found now"),
        ("masscancel operator=yes", "operator to be 0 or 1, found \"yes\""),
        ("protection acct=1", "protection with window=, found none"),
        ("resume", "resume with acct=, found none"),
        ("band", "band with px=, found none"),
        ("limits low=1", "limits with high=, found none"),
        ("account acct=1", "account with owner=, found none"),
        (
            "send ResumeTrading px=1",
            "ResumeTrading with no other keys than header.kind, header.size, header.reserved, \
            header.session, header.session_sequence and account, found \"px\"",
        ),
        (
            "send CancelOrder target=client:",
            "target to be an order's id, client: and an order's id, none, or # and a \
            number, found \"client:\"",
        ),
        ("uncross qty=1", "uncross with no other keys than px, found \"qty\""),
        ("last", "last with px=, found none"),
        ("mark px=high", "px to be I64, found \"high\""),
        ("config stp=none", "config once, before commands and checks, found it after one"),
    ] {
        assert_eq!(line_refusal(line), whole(complaint), "{line}");
    }
    for (lines, complaint) in [
        ("config work=later", "1: expected work to be done or held, found \"later\""),
        (
            "config orders=0",
            "1: expected config with sizes in range, found genesis field `capacities.orders` is 0; set it \
            from 1 to 16777215",
        ),
        (
            "config tick=0",
            "1: expected config with an instrument that can be listed, found a rejection, 706 \
            InvalidInstrument: the instrument's definition contradicts itself: tick, lot and multiplier are at least 1, \
            minima at most maxima with a multiple of tick or lot between, price limits within the range, a strike above zero; \
            see ListInstrument",
        ),
        (
            "config orders=4294967296",
            "1: expected orders to be a whole number from 0 to 4294967295, found \"4294967296\"",
        ),
        ("config px=1", CONFIG_KEYS),
        ("config stp=no", &format!("1: expected stp to be {STP}, found \"no\"")),
        ("config stp=none\nconfig", "2: expected config once, before commands and checks, found it after one"),
    ] {
        assert_eq!(refusal(format!("{lines}\nexpect trades n=0\n")), complaint);
    }
}

/// Feeds say whole numbers: nothing else gets as far as the engine.
#[test]
fn feeds() {
    for (line, complaint) in [
        ("update_index underlying=1 price=NaN", "price to be ATOMS, found \"NaN\""),
        ("update_forward expiry=1 price=0.5", "price to be ATOMS, found \"0.5\""),
        ("send UpdateIndex price=inf", "price to be ATOMS, found \"inf\""),
        ("list_expiry underlying=1", "list_expiry with time=, found none"),
        ("timer now", "timer alone, found now"),
        (
            "update_rate expiry=1 rate=0.05",
            "rate to be a whole number of 1e-9 from -9223372036854775808 to \
            9223372036854775807, found \"0.05\"",
        ),
        (
            "list_underlying symbol=BTC price_max=1 band=1",
            "list_underlying with no other keys than symbol, price_max, peg, \
            lane_bits, degraded_after, stale_after, invalid_after, mark_window, move_max, mark_band, confidence_min, \
            slow_multiple, confirm_after_us, scenario_set and confirmations, found \"band\"",
        ),
    ] {
        assert_eq!(line_refusal(line), whole(complaint), "{line}");
    }
}

#[test]
fn checks() {
    for (line, complaint) in [
        ("", "a check, CHECKS, found nothing"),
        ("bananas n=1", "a check, CHECKS, found \"bananas\""),
        ("mode=auction", "a check, CHECKS, found \"mode=auction\""),
        ("trades", "trades with n=, found none"),
        ("trades n=-1", "n to be U64, found \"-1\""),
        ("trade maker=1 taker=2 px=1", "trade with qty=, found none"),
        ("pairs px=1", "pairs with no other keys than n, found \"px\""),
        ("pair maker=1 taker=2 qty=1", "pair with px=, found none"),
        ("fill id=1", "fill with qty=, found none"),
        ("fill id=1 qty=1 notional=1.5", "notional to be I128, found \"1.5\""),
        ("accept", "accept with id=, found none"),
        ("reject id=one", "id to be ID, found \"one\""),
        ("rejected", "rejected with code=, found none"),
        ("work", "work with pending, found none"),
        ("events Accepted, Trade", "names of events with commas between them, or -, found \"Accepted, Trade\""),
        ("trigger 1", "key=value, found \"1\""),
        ("cancelled qty=1", "cancelled with id=, found none"),
        ("order state=open", "order with id=, found none"),
        ("order id=1 state=live", "state to be open, pending, filled or dead, found \"live\""),
        ("level side=buy px=1", "level with qty, vis or orders, found none"),
        ("level px=1 qty=1", "level with side=, found none"),
        ("level side=buy px=1 orders=-1", "orders to be U64, found \"-1\""),
        ("book", "book with bids or asks, found none"),
        ("book bids=", "bids to be LEVELS, found nothing"),
        ("book asks=1:2:3,4", "asks to be LEVELS, found \"1:2:3,4\""),
        ("top asks=1:2:3:4", "asks to be LEVELS, found \"1:2:3:4\""),
        ("top asks=1:2:many", "asks to be LEVELS, found \"1:2:many\""),
        ("totals", "totals with bid_orders, bid_qty, ask_orders or ask_qty, found none"),
        ("queue side=buy px=1", "queue with ids=, found none"),
        ("queue side=buy px=1 ids=1,", "ids to be order ids with commas between them, found \"1,\""),
        ("last", "last with px=, found none"),
        ("mode open", "mode to be auction, continuous, halted or uncrossing, found \"open\""),
        ("uncrossed px=1", "uncrossed with qty=, found none"),
        ("afill id=1", "afill with qty=, found none"),
        ("indicative px=1", "indicative with qty=, found none"),
        ("position acct=1", "position with qty=, found none"),
        ("position acct=1 qty=0 upnl=1e3", "upnl to be DECIMAL, found \"1e3\""),
        ("position acct=1 qty=0 rpnl=0.1234567", "rpnl to be DECIMAL, found \"0.1234567\""),
        ("position acct=1 qty=0 tol=1.-5", "tol to be DECIMAL, found \"1.-5\""),
    ] {
        assert_eq!(line_refusal(&format!("expect {line}")), whole(complaint), "{line}");
        assert_eq!(line_refusal(&format!("also {line} # why")), whole(complaint), "{line}");
    }
}

#[test]
fn files() {
    let nothing = "expected a check somewhere, found the end of the file without one";
    assert_eq!(refusal(""), format!("1: {nothing}"));
    assert_eq!(refusal("# nsf 1\n# only\n"), format!("2: {nothing}"));
    assert_eq!(refusal("# nsf 1\ncancel id=1\n"), format!("2: {nothing}"));
    assert_eq!(refusal("# nsf 1\ncancel id=1\nexp"), format!("3: {}", whole("COMMANDS, found \"exp\"")));
    assert_eq!(refusal(b"# nsf 1\n# caf\xe9\nexpect trades n=0\n"), "2: expected text in UTF-8, found other bytes");
    let long = line_refusal(&format!("\x1b[31m{}", "x".repeat(10_000)));
    assert!(long.contains("found \"\\u{1b}[31mxxx") && long.ends_with("x\"...") && long.len() < 600, "{long}");
}

#[test]
fn paths() {
    let folder = Folder::new();
    let right = folder.file("right.nsf", "expect trades n=0\n");
    folder.file("empty/right.txt", "expect trades n=0\n");
    let (missing, empty) = (folder.path() + "/missing", folder.path() + "/empty");
    for (bad, complaint) in [
        (&missing, "expected a readable file, found none: "),
        (&empty, "expected a folder with files *.nsf in it, found none\n"),
    ] {
        for args in [&[][..], &["--json"]] {
            let ran = check_scenarios(&[&right, bad], args);
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
            assert!(ran.stderr.starts_with(&format!("novate: {bad}: {complaint}")), "{}", ran.stderr);
        }
    }
}

/// Links are what they lead to, but for those to folders.
#[cfg(unix)]
#[test]
fn links() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let right = folder.file("a/right.nsf", "expect trades n=0\n");
    symlink(folder.path(), folder.path() + "/a/circle").expect("a link");
    symlink(&right, folder.path() + "/a/again.nsf").expect("a link");
    assert_eq!(check_scenarios(&[&folder.path()], &[]).stdout, "2 passed, 0 failed\n");
    symlink(folder.path() + "/missing", folder.path() + "/a/broken.nsf").expect("a link");
    let ran = check_scenarios(&[&folder.path()], &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
}

/// What nobody may ever write to is not waited for.
#[cfg(unix)]
#[test]
fn sockets_are_no_scenarios() {
    let folder = Folder::new();
    folder.file("right.nsf", "expect trades n=0\n");
    let _socket = std::os::unix::net::UnixListener::bind(folder.path() + "/a.nsf").expect("a socket");
    let ran = check_scenarios(&[&folder.path()], &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("a.nsf: expected a file, found a pipe, socket or device"), "{}", ran.stderr);
}
