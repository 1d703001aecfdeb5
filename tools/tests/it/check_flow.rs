//! `novate check flow`.

use serde_json::json;

use crate::support::{Folder, Ran, bundled, bundled_text, check_flow};

/// 1,239 commands that fill, 153 checkpoints.
const ALL_PASSED: &str = "1392 passed, 0 failed";

fn check_bundled(args: &[&str]) -> Ran {
    check_flow(&bundled("order_entry"), &bundled("fills"), &bundled("checkpoints"), args)
}

#[test]
fn the_bundled_hour_is_reproduced() {
    let ran = check_bundled(&[]);
    assert_eq!((ran.code, ran.stderr.as_str(), ran.last_line()), (0, "", ALL_PASSED));
    assert!(ran.stdout.contains("1239 of 1239") && ran.stdout.contains("153 of 153"), "{}", ran.stdout);
    // There is no way there and back: the engine runs on the thread that reads the flow.
    assert!(ran.stdout.contains("ns per command  "), "{}", ran.stdout);
}

#[test]
fn json_holds_the_same() {
    let ran = check_bundled(&["--json"]);
    assert_eq!((ran.code, ran.last_line()), (0, ALL_PASSED));
    assert_eq!(ran.stdout.lines().count(), 2);
    let result = ran.result();
    // Checkpoints every thousand rows and no timers: other sequences than those of a run.
    assert_eq!(result["events_digest"], "1896003cf6c90f340014aede80227bd2");
    assert_eq!((result["commands"].as_u64(), result["rejected"].as_u64()), (Some(30_000), Some(0)));
    assert_eq!((result["fills"].as_u64(), result["fill_cases"]["failed"].as_u64()), (Some(2_275), Some(0)));
    assert_eq!(result["checkpoint_cases"]["cases"].as_u64(), Some(153));
    assert_eq!((result["passed"].as_u64(), result["failed"].as_u64()), (Some(1_392), Some(0)));
}

/// The bundled hour against altered fills.
fn with_fills(alter: impl FnOnce(&mut Vec<String>), args: &[&str]) -> Ran {
    let folder = Folder::new();
    let mut lines: Vec<String> = bundled_text("fills").lines().map(str::to_owned).collect();
    alter(&mut lines);
    let fills = folder.file("fills.csv", lines.join("\n"));
    check_flow(&bundled("order_entry"), &fills, &bundled("checkpoints"), args)
}

/// The first fill that is compared: its place among the lines, and the row that it is of.
fn first_fifo(lines: &[String]) -> (usize, String) {
    let place = lines.iter().position(|line| line.ends_with(",fifo")).expect("a fill to compare");
    (place, lines[place].split(',').next().expect("a first field").to_owned())
}

#[test]
fn a_fill_of_another_quantity_is_named() {
    let mut named = String::new();
    let ran = with_fills(
        |lines| {
            let (place, row) = first_fifo(lines);
            let mut fields: Vec<&str> = lines[place].split(',').collect();
            fields[5] = "77";
            lines[place] = fields.join(",");
            named = row;
        },
        &[],
    );
    assert_eq!((ran.code, ran.stderr.as_str(), ran.last_line()), (1, "", "1391 passed, 1 failed"));
    assert!(ran.stdout.contains(&format!("row {named}, fills:\n  expected ")), "{}", ran.stdout);
    assert!(ran.stdout.contains("qty 77"), "{}", ran.stdout);
}

#[test]
fn a_missing_fill_is_named() {
    let mut named = String::new();
    let ran = with_fills(
        |lines| {
            let (place, row) = first_fifo(lines);
            lines.retain(|line| !line.starts_with(&format!("{row},")));
            assert!(place < lines.len());
            named = row;
        },
        &["--json"],
    );
    assert_eq!((ran.code, ran.last_line()), (1, "1391 passed, 1 failed"));
    let first: serde_json::Value = serde_json::from_str(ran.stdout.lines().next().expect("a line")).expect("JSON");
    assert_eq!((first["row"].to_string(), first["case"].as_str()), (named, Some("fills")));
    assert_eq!(first["expected"], "no fill");
}

#[test]
fn fills_in_another_order_are_a_difference() {
    let ran = with_fills(
        |lines| {
            let row = |line: &str| line.split(',').next().unwrap_or_default().to_owned();
            let pair =
                |pair: &[String]| pair.iter().all(|line| line.ends_with(",fifo")) && row(&pair[0]) == row(&pair[1]);
            let place = lines.windows(2).position(pair).expect("a command with two fills");
            lines.swap(place, place + 1);
        },
        &[],
    );
    assert_eq!((ran.code, ran.last_line()), (1, "1391 passed, 1 failed"));
}

#[test]
fn the_exchanges_auction_is_not_compared() {
    let ran = with_fills(|lines| lines.retain(|line| !line.contains(",auction")), &[]);
    assert_eq!((ran.code, ran.last_line()), (0, ALL_PASSED));
}

#[test]
fn another_book_at_a_checkpoint_is_named() {
    let folder = Folder::new();
    let text = bundled_text("checkpoints").replacen("19196:16:4", "19196:16:5", 1);
    let checkpoints = folder.file("checkpoints.csv", text);
    let ran = check_flow(&bundled("order_entry"), &bundled("fills"), &checkpoints, &[]);
    assert_eq!((ran.code, ran.stderr.as_str(), ran.last_line()), (1, "", "1391 passed, 1 failed"));
    assert!(ran.stdout.contains("row 8758, checkpoint:\n  expected bids 19196:16:5 "), "{}", ran.stdout);
    assert!(ran.stdout.contains("\n  got      bids 19196:16:4 "), "{}", ran.stdout);
}

#[test]
fn another_opening_is_another_hour() {
    let ran = check_bundled(&["--opening", "continuous"]);
    assert_eq!(ran.code, 1);
    let shown = ran.stdout.lines().filter(|line| line.starts_with("row ")).count();
    assert_eq!(shown, 10, "the first differences only: {}", ran.stdout);
}

#[test]
fn a_part_of_the_hour_is_compared_with_what_is_about_it() {
    let folder = Folder::new();
    let text = bundled_text("order_entry");
    let part: String = text.split_inclusive('\n').take(20_001).collect();
    let ran = check_flow(&folder.file("part.csv", part), &bundled("fills"), &bundled("checkpoints"), &["--json"]);
    let result = ran.result();
    assert_eq!((ran.code, &result["commands"], &result["failed"]), (0, &json!(20_000), &json!(0)), "{}", ran.stdout);
    let (passed, beyond) = (result["passed"].as_u64().unwrap(), result["beyond"].as_u64().unwrap());
    assert_eq!(passed + beyond, 1_239 + 153);
    assert!(passed > 500, "{passed}");
}

#[test]
fn a_clock_that_steps_back_stands_still() {
    let folder = Folder::new();
    let flow = folder.flow("1,5,new,1,sell,10,5,gtc\n2,4,new,2,buy,10,2,ioc\n");
    let fills = folder.file("fills.csv", "n,maker,taker,px_ticks,qty,kind\n2,1,2,10,2,fifo\n");
    let checkpoints = folder.file("checkpoints.csv", "after_cmd,bids_px:qty:orders,asks_px:qty:orders\n");
    let ran = check_flow(&flow, &fills, &checkpoints, &[]);
    assert_eq!((ran.code, ran.last_line()), (0, "1 passed, 0 failed"));
}

#[test]
fn nothing_to_compare_is_no_success() {
    let folder = Folder::new();
    let fills = folder.file("fills.csv", "n,maker,taker,px_ticks,qty,kind\n");
    let checkpoints = folder.file("checkpoints.csv", "after_cmd,bids_px:qty:orders,asks_px:qty:orders\n");
    for rows in ["", "1,5,new,1,sell,10,5,gtc\n"] {
        let ran = check_flow(&folder.flow(rows), &fills, &checkpoints, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(
            ran.stderr.ends_with(": expected fills or checkpoints to compare with, found none\n"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn small_files_are_compared_whole() {
    let folder = Folder::new();
    let flow = folder.flow("1,1,new,1,sell,10,5,gtc\n2,2,new,2,buy,10,2,ioc\n3,3,cancel,1,,,,\n");
    let fills = folder.file("fills.csv", "n,maker,taker,px_ticks,qty,kind\n2,1,2,10,2,fifo\n");
    let header = "after_cmd,bids_px:qty:orders,asks_px:qty:orders\n";
    let checkpoints = folder.file("checkpoints.csv", format!("{header}2,,10:3:1\n3,,\n2,,10:3:1\n"));
    let ran = check_flow(&flow, &fills, &checkpoints, &[]);
    assert_eq!((ran.code, ran.stderr.as_str(), ran.last_line()), (0, "", "4 passed, 0 failed"));
}
