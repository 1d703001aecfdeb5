//! Bad input: named by file and line on standard error, exit code 2, nothing that looks like a result.

use crate::support::{Folder, HEADER, bundled, bundled_text, check_flow, gzip, run};

/// Runs a file that must be refused, and returns the message without the program's and the file's names.
fn refusal(bytes: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    let flow = folder.file("flow.csv", bytes);
    let mut messages = Vec::new();
    for args in [&["run", "--flow", &flow][..], &["run", "--json", "--opening", "auction", "--flow", &flow]] {
        let ran = run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        let message = ran.stderr.trim_end().strip_prefix(&format!("novate: {flow}:"));
        messages.push(message.unwrap_or_else(|| panic!("no file is named: {}", ran.stderr)).to_owned());
    }
    assert_eq!(messages[0], messages[1]);
    messages.swap_remove(0)
}

/// The same for a bad line after two good ones.
fn line_refusal(line: &str) -> String {
    refusal(format!("{HEADER}1,5,new,1,buy,10,5,gtc\n2,5,cancel,1,,,,\n{line}\n5,9,cancel,1,,,,\n"))
}

#[test]
fn malformed_lines() {
    let i64_range = "a whole number from -9223372036854775808 to 9223372036854775807";
    let id_range = "a whole number from 1 to 18446744073709551615";
    for (line, complaint) in [
        ("3,6,new,2,buy,10,5", "expected 8 fields, as the header has, found 7"),
        ("3,6,new,2,buy,10,5,gtc,0", "expected 8 fields, as the header has, found 9"),
        ("nonsense", "expected 8 fields, as the header has, found 1"),
        ("3,6,new,2,buy,10,1.5,gtc", &format!("expected qty to be {i64_range}, found \"1.5\"")),
        (
            "3,6,new,2,buy,10,9223372036854775808,gtc",
            &format!("expected qty to be {i64_range}, found \"9223372036854775808\""),
        ),
        ("3,6,new,2,buy,1e3,1,gtc", &format!("expected px_ticks to be {i64_range}, found \"1e3\"")),
        ("3,6,cancel,1,, ,,", &format!("expected px_ticks to be {i64_range}, found \" \"")),
        ("3,6,new,0,buy,10,1,gtc", &format!("expected order_id to be {id_range}, found \"0\"")),
        (
            "3,6,new,18446744073709551616,buy,10,1,gtc",
            &format!("expected order_id to be {id_range}, found \"18446744073709551616\""),
        ),
        ("3,6,new,,buy,10,1,gtc", &format!("expected order_id to be {id_range}, found nothing")),
        ("3,6,cancel,-1,,,,", &format!("expected order_id to be {id_range}, found \"-1\"")),
        ("3,6,sell,2,buy,10,1,gtc", "expected cmd to be new, amend, cancel or uncross, found \"sell\""),
        ("3,6,,2,buy,10,1,gtc", "expected cmd to be new, amend, cancel or uncross, found nothing"),
        ("3,6,new,2,bid,10,1,gtc", "expected side to be buy or sell, found \"bid\""),
        ("3,6,new,2,,10,1,gtc", "expected side to be buy or sell, found nothing"),
        ("3,6,new,2,buy,10,1,day", "expected tif to be gtc, ioc or fok, found \"day\""),
        ("3,6,new,2,buy,10,1,", "expected tif to be gtc, ioc or fok, found nothing"),
        ("3,6,new,2,buy,10,,gtc", "expected qty to be the quantity of the new order, found nothing"),
        ("3,6,amend,2,,,,", "expected an amend to give px_ticks, qty or both, found neither"),
        ("3,-1,cancel,1,,,,", "expected ts_ns to be a whole number from 0 to 18446744073709551615, found \"-1\""),
        ("2,6,cancel,1,,,,", "expected n to be greater than the row before, 2, found \"2\""),
        ("x,6,cancel,1,,,,", &format!("expected n to be {id_range}, found \"x\"")),
    ] {
        assert_eq!(line_refusal(line), format!("4: {complaint}"), "{line}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let bad = "3,6,new,2,bid,10,1,gtc";
    let complaint = "expected side to be buy or sell, found \"bid\"";
    assert_eq!(line_refusal(&format!("\n\n{bad}")), format!("6: {complaint}"));
    assert_eq!(refusal(format!("{HEADER}{bad}")), format!("2: {complaint}"), "no line feed at the end");
    let returns = format!("{HEADER}1,1,cancel,1,,,,\n\n{bad}\n").replace('\n', "\r\n");
    assert_eq!(refusal(returns), format!("4: {complaint}"));
    let quoted = format!("{HEADER}1,1,cancel,1,,,,\n3,6,new,2,\"bid\n\",10,1,gtc\n");
    assert_eq!(refusal(quoted), "3: expected side to be buy or sell, found \"bid\\n\"");
    let unclosed = format!("{HEADER}1,1,cancel,1,,,,\n3,6,new,2,\"buy,10,1,gtc\n4,6,cancel,2,,,,\n");
    assert_eq!(refusal(unclosed), "3: expected 8 fields, as the header has, found 5");
}

#[test]
fn headers() {
    let lacking = refusal(HEADER.replace(",qty", "") + "1,1,new,1,buy,10,gtc\n");
    assert_eq!(lacking, "1: expected a header with the column qty, found \"n,ts_ns,cmd,order_id,side,px_ticks,tif\"");
    assert_eq!(refusal(HEADER.replace("tif", "qty")), "1: expected the column qty once, found it twice");
    assert_eq!(refusal(""), "1: expected a header with the column n, found nothing");
    assert_eq!(refusal([0xff, 0xfe, 0]), "1: expected text in UTF-8, found other bytes");
}

#[test]
fn what_is_quoted_is_harmless_and_short() {
    let message = line_refusal(&format!("3,6,\x1b[31m{},1,,,,", "x".repeat(10_000)));
    assert!(message.contains("\\u{1b}[31mxxx") && message.len() < 200, "{message}");
}

#[test]
fn another_instrument() {
    let flow = "n,ts_ns,cmd,order_id,side,px_ticks,qty,tif,instrument\n1,1,cancel,1,,,,,ESH4\n2,1,cancel,1,,,,,NQH4\n";
    assert_eq!(refusal(flow), "3: expected the instrument of the rows before, \"ESH4\", found \"NQH4\"");
}

/// A primary takes a longer jump of its clock for a fault, and the clock is the flow's here.
#[test]
fn rows_more_than_a_week_apart() {
    const WEEK_NS: u64 = 604_800_000_000_000;
    let (first, last) = (3 * WEEK_NS, 4 * WEEK_NS + 1);
    let rows = format!("4,{first},uncross,,,,,\n5,{first},cancel,1,,,,\n8,{last},cancel,1,,,,\n");
    let message = refusal(format!("{HEADER}{rows}"));
    let complaint = "4: expected row 8 at most 7 days (604800000000000 ns) after row 5, found 604800000000001 ns; a run goes by \
                     the flow's clock, and takes a longer jump for a fault: split the flow before row 8";
    assert_eq!(message, complaint);

    // It is said before anything is written, and what is as far apart as may be is played.
    let folder = Folder::new();
    let journal = folder.path() + "/journal";
    let ran = run(&["run", "--flow", &folder.flow(&rows), "--journal", &journal]);
    assert_eq!((ran.code, std::fs::read_dir(&journal).expect("a folder").count()), (2, 0), "{}", ran.stderr);
    let near = folder.flow(&rows.replace(&last.to_string(), &(last - 1).to_string()));
    let ran = run(&["run", "--flow", &near, "--journal", &journal, "--json"]);
    assert_eq!((ran.code, &ran.result()["commands"]), (0, &3.into()), "{}", ran.stderr);
}

#[test]
fn damaged_gzip() {
    let rows: String = bundled_text("order_entry").split_inclusive('\n').take(6_000).collect();
    let whole = gzip(rows);
    for cut in [5, whole.len() / 2, whole.len() - 4] {
        let message = refusal(&whole[..cut]);
        assert!(
            message.ends_with(": expected the rest of the gzip stream, found the end of the file: it is truncated, or ends in bytes of something else"),
            "{message}"
        );
    }
    let mut flipped = whole.clone();
    let last = whole.len() - 6;
    flipped[last] ^= 1;
    assert!(refusal(&flipped).contains(": expected readable data, found "), "the checksum tells");
    assert!(refusal([0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]).starts_with("1: expected readable data, found "));
}

#[test]
fn files_that_are_none() {
    let folder = Folder::new();
    let missing = folder.file("here", "") + "-not";
    for args in [&["run", "--flow", &missing][..], &["--opening", "auction", "--flow", &missing]] {
        let ran = run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.starts_with(&format!("novate: {missing}: expected a readable file, found none: ")));
    }
    let ran = run(&["run", "--flow", env!("CARGO_MANIFEST_DIR")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "a folder");
    assert!(ran.stderr.ends_with(": expected a file, found a folder\n"), "{}", ran.stderr);
    let ran = run(&["run", "--opening", "auction", "--flow", env!("CARGO_MANIFEST_DIR")]);
    assert!(ran.stderr.ends_with(": expected a file, found a folder\n"), "{}", ran.stderr);
}

/// Checks a flow of two rows against expectations that must be refused.
fn expectation_refusal(fills: &str, checkpoints: &str) -> String {
    let folder = Folder::new();
    let flow = folder.flow("1,1,new,1,sell,10,5,gtc\n7,2,new,2,buy,10,2,ioc\n");
    let fills = folder.file("fills.csv", format!("n,maker,taker,px_ticks,qty,kind\n{fills}"));
    let checkpoints =
        folder.file("checkpoints.csv", format!("after_cmd,bids_px:qty:orders,asks_px:qty:orders\n{checkpoints}"));
    for args in [&[][..], &["--json"]] {
        let ran = check_flow(&flow, &fills, &checkpoints, args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    }
    let ran = check_flow(&flow, &fills, &checkpoints, &[]);
    let name = ran.stderr.rsplit('/').next().unwrap_or_default();
    name.trim_end().to_owned()
}

#[test]
fn malformed_expectations() {
    let fill = "7,1,2,10,2,fifo\n";
    let levels = "checkpoints.csv:2: expected bids_px:qty:orders to be at most 5 times price:quantity:orders";
    for (fills, checkpoints, complaint) in [
        (
            "7,1,2,10,2,fill\n",
            "",
            "fills.csv:2: expected kind to be fifo, auction or auction_undisplayed, found \"fill\"",
        ),
        (
            "7,1,,10,2,fifo\n",
            "",
            "fills.csv:2: expected taker to be a whole number from 0 to 18446744073709551615, found nothing",
        ),
        ("3,1,2,10,2,fifo\n", "", "fills.csv:2: expected n to name a row of the flow, found 3, which it does not have"),
        (
            fill,
            "7,,10:3:1\n3,,\n",
            "checkpoints.csv:3: expected after_cmd to name a row of the flow, found 3, which it does not have",
        ),
        (fill, "7,10:3,\n", &format!("{levels}, found \"10:3\"")),
        (fill, "7,10:3:1:1,\n", &format!("{levels}, found \"10:3:1:1\"")),
    ] {
        assert_eq!(expectation_refusal(fills, checkpoints), complaint);
    }
}

#[test]
fn missing_expectations() {
    let folder = Folder::new();
    let empty = folder.file("empty.csv", "");
    let ran = check_flow(&bundled("order_entry"), &empty, &bundled("checkpoints"), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert_eq!(ran.stderr, format!("novate: {empty}:1: expected a header with the column n, found nothing\n"));
    let ran = check_flow(&bundled("order_entry"), &bundled("fills"), "no-such-file", &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.starts_with("novate: no-such-file: expected a readable file, found none: "));
}
