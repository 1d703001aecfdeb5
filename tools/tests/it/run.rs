//! `novate run`.

use serde_json::json;

use crate::support::{BUNDLED_DIGEST, BUNDLED_SEQUENCE, BUNDLED_STATE, Folder, bundled_text, gzip, run, run_flow};
use crate::tidy::read;

#[test]
fn the_bundled_hour_comes_to_the_golden_digest() {
    let ran = run(&["run", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout.lines().count(), 1);
    let result = ran.result();
    assert_eq!(result["events_digest"], BUNDLED_DIGEST);
    assert_eq!(result["commands"], 30_000);
    // A timer for each second in which something came, and the work of repricing and sweeping that feeds leave; a checkpoint
    // for each minute, and where an account falls below maintenance.
    assert_eq!((&result["sequence"], &result["work_commands"]), (&json!(BUNDLED_SEQUENCE), &json!(115_629)));
    assert_eq!((&result["state_digest"], &result["checkpoints"]), (&json!(BUNDLED_STATE), &json!(49)));
    // Shadow and replay from the disk.
    for witness in [&result["shadow"], &result["journal"]["replayed"]] {
        assert_eq!(
            (&witness["sequence"], &witness["events_digest"]),
            (&json!(BUNDLED_SEQUENCE), &json!(BUNDLED_DIGEST))
        );
        assert_eq!(witness["state_digest"], BUNDLED_STATE);
    }
    assert_eq!((&result["shadow"]["agrees"], &result["journal"]["agrees"]), (&json!(true), &json!(true)));
    assert_eq!(result["opening"], "auction");
    assert_eq!((&result["trades"], &result["volume"]), (&json!(2_137), &json!(2_979)));
    // What is done to an order that margin has refused, nobody knows of.
    let rejects = json!({"UnknownOrder": 933, "InsufficientMargin": 1_350});
    assert_eq!((&result["rejected"], &result["rejects"]), (&json!(2_283), &rejects));
    assert_eq!(result["best_bid"], json!({"price": 19_235, "quantity": 1, "orders": 1}));
    assert_eq!(result["best_ask"], json!({"price": 19_236, "quantity": 50, "orders": 17}));
    assert!(result["commands_per_second"].as_u64().expect("a whole number") > 0);
    assert!(result["ns_mean"].is_number() && result["ns_p50"].is_u64() && result["ns_p99"].is_u64());
}

#[test]
fn the_text_says_the_same() {
    let ran = run(&["run"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let lines: Vec<Vec<&str>> = ran.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    for expected in [
        &["commands", "30000"][..],
        &["trades", "2137"],
        &["rejects", "2283"],
        &["best", "bid", "19235", "x", "1", "(1", "order)"],
        &["best", "ask", "19236", "x", "50", "(17", "orders)"],
        &["events", "digest", BUNDLED_DIGEST],
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} in {}", ran.stdout);
    }
    assert!(ran.stdout.contains("ns per command, there and back  "), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\x1b'), "no colour");

    // What the README quotes of it is what is printed.
    let readme = read("README.md");
    let (_, quoted) = readme.split_once("```text\naccounts  ").expect("a listing");
    let (quoted, _) = quoted.split_once("```").expect("its end");
    assert_eq!(quoted.lines().count(), 7);
    for quoted in quoted.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()) {
        assert!(lines.iter().any(|line| line.ends_with(&quoted)), "{quoted:?} in {}", ran.stdout);
    }
}

#[test]
fn without_a_shadow_it_says_what_is_lost() {
    let folder = Folder::new();
    let flow = folder.flow("1,1,new,1,buy,10,5,gtc\n2,2,new,2,sell,10,5,gtc\n");
    let ran = run(&["run", "--flow", &flow, "--opening", "continuous", "--no-shadow", "--json"]);
    let said = "novate: no shadow: nobody compares the events with a replay meanwhile, and a fault of memory is found only at \
                the end\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (0, said));
    assert_eq!((&ran.result()["shadow"], &ran.result()["trades"]), (&json!(null), &json!(1)));
    assert_eq!(ran.result()["journal"]["agrees"], json!(true));
}

#[test]
fn run_is_meant_without_a_verb_and_json_stands_anywhere() {
    assert_eq!(run(&["--json"]).result()["events_digest"], BUNDLED_DIGEST);
    let folder = Folder::new();
    let flow = folder.file("rows.csv", first_rows());
    let digest = |args: &[&str]| run(args).result()["events_digest"].clone();
    let expected = digest(&["run", "--flow", &flow, "--json"]);
    for args in [["--flow", &flow, "--json"], ["--json", "--flow", &flow]] {
        assert_eq!(digest(&args), expected, "{args:?}");
    }
    assert_eq!(digest(&["--json", "run", "--flow", &flow]), expected);
}

/// Of the bundled hour as many rows as a test of forms needs.
fn first_rows() -> String {
    bundled_text("order_entry").split_inclusive('\n').take(1_501).collect()
}

#[test]
fn plain_and_gzip_are_told_apart_by_content() {
    let folder = Folder::new();
    let text = first_rows();
    let expected = run(&["run", "--json", "--flow", &folder.file("rows.csv", &text)]).result();
    let (head, tail) = text.split_at(text.len() / 2);
    let members = [gzip(head), gzip(tail)].concat();
    let returns = text.replace('\n', "\r\n");
    for flow in [
        folder.file("plain.csv.gz", &text),
        folder.file("gzip.csv", gzip(&text)),
        folder.file("two-members.gz", members),
        folder.file("returns.csv", returns),
        folder.file("mark.csv", format!("\u{feff}{text}")),
    ] {
        let result = run(&["run", "--json", "--flow", &flow]).result();
        assert_eq!(
            (&result["events_digest"], &result["commands"]),
            (&expected["events_digest"], &json!(1_500)),
            "{flow}"
        );
    }
}

#[test]
fn what_the_engine_must_judge_is_rejected_by_code() {
    let result = run_flow(
        "1,1,new,1,buy,10,5,gtc\n2,1,new,1,buy,10,5,gtc\n3,1,new,2,buy,10,0,gtc\n4,1,new,3,sell,11,-4,gtc\n\
         5,1,cancel,9,,,,\n6,1,amend,9,,,3,\n7,1,new,4,buy,1000000000000,1,fok\n",
        &[],
    );
    assert_eq!(result["rejected"], 6);
    let expected =
        json!({"DuplicateClientOrderId": 1, "QuantityNotPositive": 2, "UnknownOrder": 2, "FillOrKillNotFillable": 1});
    assert_eq!(result["rejects"], expected);
    assert_eq!(result["commands"], 7);
}

#[test]
fn rejections_are_listed_with_number_and_name() {
    let folder = Folder::new();
    let flow = folder.flow("1,1,cancel,9,,,,\n2,1,cancel,9,,,,\n");
    let ran = run(&["run", "--flow", &flow]);
    assert!(ran.stdout.contains("2 x 305 UnknownOrder"), "{}", ran.stdout);
}

#[test]
fn what_the_instrument_does_not_take_is_rejected_by_code_and_counted() {
    let lines = "1,1,new,1,buy,10,5,gtc\n2,1,new,1,buy,10,5,gtc\n3,1,new,2,buy,10,0,gtc\n4,1,new,3,buy,10,-5,gtc\n\
        5,1,new,4,buy,0,5,gtc\n6,1,new,5,buy,-7,5,gtc\n7,1,new,6,sell,9223372036854775807,5,gtc\n8,1,new,7,buy,9,5,gtc\n\
        9,1,new,8,buy,8,4,gtc\n";
    let rejects = |options: &[&str]| run_flow(lines, options)["rejects"].clone();
    let always = json!({"DuplicateClientOrderId": 1, "QuantityNotPositive": 2, "PriceOutOfRange": 3});
    assert_eq!(rejects(&[]), always);
    let terms = ["--tick", "2", "--lot", "5", "--price-min", "-7", "--price-max", "9223372036854775807"];
    let narrow = json!({"DuplicateClientOrderId": 1, "QuantityNotPositive": 2, "QuantityOffLot": 1, "PriceOffTick": 3});
    assert_eq!(rejects(&terms), narrow);
    let reversed = run(&["run", "--price-min", "5", "--price-max", "4"]);
    assert_eq!(reversed.code, 2);
    assert!(reversed.stderr.contains("expected --price-min at or below --price-max, found 5 and 4"));
}

#[test]
fn an_order_without_price_is_a_market_order() {
    let result = run_flow("1,1,new,1,sell,10,5,gtc\n2,2,new,2,sell,12,5,gtc\n3,3,new,3,buy,,8,gtc\n", &[]);
    assert_eq!((&result["trades"], &result["volume"]), (&json!(2), &json!(8)));
    assert_eq!(result["best_ask"], json!({"price": 12, "quantity": 2, "orders": 1}));
    let sold = run_flow("1,1,new,1,buy,-10,5,gtc\n2,2,new,2,sell,,9,ioc\n", &["--price-min", "-10"]);
    assert_eq!((&sold["volume"], &sold["best_bid"], &sold["best_ask"]), (&json!(5), &json!(null), &json!(null)));
}

#[test]
fn amends_change_what_they_give() {
    let lines = "1,1,new,1,buy,10,5,gtc\n2,1,amend,1,,11,,\n3,1,amend,1,,,9,\n4,1,amend,1,,12,3,\n";
    for (rows, price, quantity) in [(1, 10, 5), (2, 11, 5), (3, 11, 9), (4, 12, 3)] {
        let result = run_flow(&lines.split_inclusive('\n').take(rows).collect::<String>(), &[]);
        assert_eq!(result["best_bid"], json!({"price": price, "quantity": quantity, "orders": 1}), "{rows} rows");
    }
}

#[test]
fn a_flow_with_an_uncross_begins_in_auction() {
    let crossed = "1,1,new,1,buy,10,5,gtc\n2,1,new,2,sell,8,5,gtc\n";
    assert_eq!(run_flow(crossed, &[])["trades"], 1);
    let waiting = run_flow(crossed, &["--opening", "auction"]);
    assert_eq!((&waiting["trades"], &waiting["best_bid"]["price"]), (&json!(0), &json!(10)));
    let uncrossed = run_flow(&format!("{crossed}3,2,uncross,,,9,,\n"), &[]);
    assert_eq!((&uncrossed["opening"], &uncrossed["volume"]), (&json!("auction"), &json!(5)));
    assert_eq!(run_flow(&format!("{crossed}3,2,uncross,,,,,\n"), &[])["volume"], 5, "the engine finds the price");
}

/// So many buys and as many sells at one price, and an uncross behind them.
fn auction_of(pairs: usize) -> String {
    let last = 2 * pairs + 1;
    let mut rows: Vec<String> = Vec::new();
    rows.extend((1..=pairs).map(|n| format!("{n},1,new,{n},buy,10,1,gtc\n")));
    rows.extend((pairs + 1..last).map(|n| format!("{n},1,new,{n},sell,10,1,gtc\n")));
    rows.push(format!("{last},2,uncross,,,,,\n"));
    rows.concat()
}

#[test]
fn an_uncross_in_slices_is_worked_off_before_the_next_row() {
    let pairs = 20_000;
    let last = 2 * pairs + 1;
    let flow = format!("{}{},2,new,7,buy,3,1,gtc\n", auction_of(pairs), last + 1);
    // One account, whose cash is enough for all of it, and which trades with itself.
    let result = run_flow(&flow, &["--accounts", "1"]);
    // The uncross fills 16,384, each Work another 64: a slice of 3,616 takes 57 of them, beside those of margin.
    let first = run_flow(&auction_of(16_000), &["--accounts", "1"]);
    let work = |result: &serde_json::Value| result["work_commands"].as_u64().expect("a number");
    assert_eq!((&result["trades"], work(&result) - work(&first)), (&json!(pairs), 57));
    assert_eq!((&result["commands"], &result["rejected"]), (&json!(last + 1), &json!(0)));
    assert_eq!(result["best_bid"]["price"], 3);
}

/// The ring holds 65,536 lines: whoever waits for the row's end has to read meanwhile.
#[test]
fn what_comes_of_one_row_may_be_more_than_the_ring_of_events_holds() {
    let pairs = 30_000;
    let result = run_flow(&auction_of(pairs), &["--orders", "60000", "--accounts", "1"]);
    assert_eq!((&result["trades"], &result["volume"]), (&json!(pairs), &json!(pairs)));
    assert_eq!((&result["best_bid"], &result["best_ask"]), (&json!(null), &json!(null)));
}

#[test]
fn the_order_table_is_as_large_as_asked_for() {
    let result = run_flow("1,1,new,1,buy,10,5,gtc\n2,1,new,2,buy,10,5,gtc\n", &["--orders", "1"]);
    assert_eq!(result["rejects"], json!({"OrderTableFull": 1}));
}

#[test]
fn columns_are_found_by_name_and_others_are_ignored() {
    let folder = Folder::new();
    let flow = folder.file(
        "flow.csv",
        "tif,qty,note,instrument,px_ticks,side,order_id,cmd,ts_ns,n\n\ngtc,5,\"a, b\",ESH4,10,buy,1,new,1,4\n",
    );
    let ran = run(&["run", "--json", "--flow", &flow]);
    assert_eq!(ran.result()["best_bid"], json!({"price": 10, "quantity": 5, "orders": 1}), "{}", ran.stderr);
}

#[test]
fn an_empty_flow_is_a_flow() {
    let result = run_flow("", &[]);
    assert_eq!((&result["commands"], &result["checkpoints"]), (&json!(0), &json!(1)));
    assert_eq!((&result["margin"]["holdings"], &result["margin"]["reckonable"]), (&json!(252), &json!(100)));
}

/// Ctrl-C in the middle: a journal that nobody asked for is removed.
#[cfg(unix)]
#[test]
fn whoever_interrupts_it_finds_the_disk_as_it_was() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = Folder::new();
    let child = Command::new(assert_cmd::cargo::cargo_bin!("novate"))
        .arg("run")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let begin = Instant::now();
    let entries = || std::fs::read_dir(folder.path()).expect("a folder").count();
    while entries() == 0 {
        assert!(begin.elapsed() < Duration::from_mins(1), "it does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal is sent");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("text in UTF-8");
    assert_eq!((output.status.code(), output.stdout.len(), entries()), (Some(130), 0, 0), "{said}");
    assert!(said.contains("interrupted: nothing was kept"), "{said}");
}
