//! Margin in `novate run`: accounts with portfolios, on whose orders it is checked, and an index that the flow drives.

use novate_core::engine::effort::{ARRAY_UNITS, JUDGE_UNITS, LOOK_UNITS, RECORD_UNITS, SHARE_UNITS, WORK_SHARES};
use serde_json::{Value, json};

use crate::support::{BUNDLED_DIGEST, Folder, bundled_text, run, run_flow};

/// So many of the bundled hour's first rows.
fn rows(folder: &Folder, count: usize) -> String {
    let text: String = bundled_text("order_entry").split_inclusive('\n').take(count + 1).collect();
    folder.file("rows.csv", text)
}

fn number(object: &Value) -> u64 {
    object.as_u64().unwrap_or_else(|| panic!("{object} is no number"))
}

#[test]
fn the_bundled_hour_has_some_of_everything() {
    let result = run(&["run", "--seed", "1", "--accounts", "100", "--json"]).result();
    assert_eq!(result["events_digest"], BUNDLED_DIGEST, "these are what is taken where nothing is said");
    let margin = &result["margin"];
    assert_eq!(
        (&margin["accounts"], &margin["seed"], &margin["holdings_refused"]),
        (&json!(100), &json!(1), &json!(0))
    );
    assert_eq!(margin["reckonable"], 100, "all that accounts hold has risk arrays");
    assert_eq!((&margin["holdings"], &margin["rejected"]), (&json!(252), &result["rejects"]["InsufficientMargin"]));
    let (rejected, ever) = (number(&margin["rejected"]), number(&margin["ever_below_maintenance"]));
    assert!((100..3_000).contains(&rejected) && (2..20).contains(&ever), "most orders pass: {margin}");
    assert!(number(&margin["below_maintenance"]) <= ever && number(&margin["status_changes"]) >= ever, "{margin}");
    // A second brings a pass for what feeds say, and one for the marks that a timer makes; none is done in vain.
    let repricings = number(&margin["repricings"]);
    assert!((1_477..=2 * 1_477 + 64).contains(&repricings), "{margin}");
    assert!(number(&margin["work"]["arrays"]) > 30 * repricings, "{margin}");
    assert!(number(&margin["work"]["judged"]) > 1_477 * 50, "{margin}");

    // What a `Work` command does at most. Records of the account that a command names are added at once, and it has no more
    // than instruments are.
    let most = |what: &str| number(&margin["work_max"][what]);
    let units = u64::from(WORK_SHARES * SHARE_UNITS);
    assert!(most("arrays") <= units / u64::from(ARRAY_UNITS) && most("looked") <= units / u64::from(LOOK_UNITS));
    assert!(most("judged") <= units / u64::from(JUDGE_UNITS) + 1, "{margin}");
    assert!(most("records") <= units / u64::from(RECORD_UNITS) + 34, "{margin}");
}

#[test]
fn a_seed_is_one_run() {
    let folder = Folder::new();
    let flow = rows(&folder, 2_000);
    let of =
        |args: &[&str]| run(&[&["run", "--flow", &flow, "--opening", "continuous", "--json"], args].concat()).result();
    let first = of(&["--seed", "7", "--accounts", "40"]);
    for (args, is_same) in [
        (&["--seed", "7", "--accounts", "40"][..], true),
        (&["--seed", "7", "--accounts", "40", "--no-shadow", "--sync", "batch"], true),
        (&["--seed", "8", "--accounts", "40"], false),
        (&["--seed", "7", "--accounts", "41"], false),
    ] {
        let again = of(args);
        for digest in ["events_digest", "state_digest"] {
            assert_eq!(again[digest] == first[digest], is_same, "{args:?}");
        }
    }
}

#[test]
fn rows_of_a_pipe_are_those_of_the_file() {
    let folder = Folder::new();
    let flow = rows(&folder, 5_000);
    let args = ["run", "--opening", "auction", "--json", "--flow"];
    let of_file = run(&[&args[..], &[&flow]].concat()).result();
    let pipe = std::fs::File::open(&flow).expect("a file");
    let mut cat =
        std::process::Command::new("cat").stdin(pipe).stdout(std::process::Stdio::piped()).spawn().expect("cat");
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("novate"))
        .args([&args[..], &["/dev/stdin"]].concat())
        .stdin(cat.stdout.take().expect("its output"))
        .output()
        .expect("the binary starts");
    cat.wait().expect("it ends");
    let of_pipe: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(of_pipe["state_digest"], of_file["state_digest"]);
}

#[test]
fn how_many_accounts_there_may_be() {
    for wrong in ["0", "1001", "-1", "many"] {
        let ran = run(&["run", &format!("--accounts={wrong}")]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{wrong}");
        assert!(ran.stderr.contains("--accounts"), "{}", ran.stderr);
    }
    let ran = run(&["run", "--accounts", "1001"]);
    assert!(ran.stderr.contains("1001 is not in 1..=1000"), "{}", ran.stderr);
    for right in ["1", "1000"] {
        let result = run_flow("1,1,new,1,buy,10,5,gtc\n2,2,new,2,sell,10,5,gtc\n", &["--accounts", right]);
        let accounts = json!(right.parse::<u64>().ok());
        assert_eq!((&result["commands"], &result["margin"]["reckonable"]), (&json!(2), &accounts));
        assert_eq!(result["margin"]["holdings_refused"], 0);
    }
}

#[test]
fn whatever_prices_are() {
    let crossed = |price: i64, quantity: i64| {
        format!("1,1,new,1,buy,{price},{quantity},gtc\n2,2,new,2,sell,{price},{quantity},gtc\n")
    };
    let anything = ["--price-min", "-9223372036854775808", "--price-max", "9223372036854775807"];
    for (price, quantity) in [(1, 1), (0, 3), (-10, 1), (-1_000_000, 7), (274_877_906_943, 1), (1, 274_877_906_943)] {
        let result = run_flow(&crossed(price, quantity), &anything);
        assert_eq!((&result["trades"], &result["rejected"]), (&json!(1), &json!(0)), "{price} x {quantity}: {result}");
        assert_eq!(result["margin"]["reckonable"], 100, "{price} x {quantity}: {result}");
        assert_eq!((&result["journal"]["agrees"], &result["shadow"]["agrees"]), (&json!(true), &json!(true)));
    }
    // Terms that leave no price, or no quantity, to deal the perpetual at: accounts go without it.
    let lowest = ["--price-min", "-9223372036854775808", "--price-max", "-9223372036854775800", "--tick", "5"];
    for terms in [&["--price-min", "500", "--price-max", "600"][..], &["--lot", "9000000000000000000"], &lowest] {
        let result = run_flow("1,1,new,1,buy,10,5,gtc\n", terms);
        assert_eq!((&result["rejected"], &result["margin"]["reckonable"]), (&json!(1), &json!(100)), "{terms:?}");
        assert!(number(&result["margin"]["holdings_refused"]) < 70, "{terms:?}: {result}");
    }
}

#[test]
fn what_margin_has_no_room_for() {
    let folder = Folder::new();
    let flow = folder.flow("1,1,new,1,buy,6500000,100000000,gtc\n");
    let journal = format!("{}/journal", folder.path());
    let ran = run(&["run", "--flow", &flow, "--journal", &journal]);
    let said = format!(
        "novate: {flow}: expected a median price times a median quantity below 2^38 among its first orders, so that margin has \
         room in 64 bits, found 6500000 times 100000000; give prices in larger ticks, or quantities in larger lots\n"
    );
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr), (2, "", said));
}

#[test]
fn a_flow_at_the_end_of_time() {
    let folder = Folder::new();
    let late = folder.flow("1,18446744073709551615,new,1,buy,10,5,gtc\n");
    let ran = run(&["run", "--flow", &late]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("expected the first row at 18438968073709551615 ns or before"), "{}", ran.stderr);
    let result = run_flow("1,18438968073709551615,new,1,buy,10,5,gtc\n", &[]);
    assert_eq!((&result["commands"], &result["rejected"]), (&json!(1), &json!(0)));
}

/// The index follows the flow's trades. Rows are as far apart as they may be, and the flow outlives its expiries.
#[test]
fn feeds_are_fresh_whenever_a_row_comes() {
    let pairs = (0..20_u64).flat_map(|n| {
        let (time, price) = (n * 600_000_000_000_000, 1_000 + 50 * n);
        ["buy", "sell"].map(|side| {
            let order = 2 * n + if side == "buy" { 1 } else { 2 };
            format!("{order},{time},new,{order},{side},{price},3,gtc\n")
        })
    });
    let folder = Folder::new();
    let (flow, journal) = (folder.flow(&pairs.collect::<Vec<_>>().concat()), format!("{}/journal", folder.path()));
    let result = run(&["run", "--accounts", "1", "--flow", &flow, "--journal", &journal, "--json"]).result();
    assert_eq!((&result["trades"], &result["rejected"]), (&json!(20), &json!(0)), "{result}");
    let feeds = run(&["inspect", &journal, "--kind", "UpdateIndex", "--json"]);
    assert_eq!(feeds.code, 0, "{}", feeds.stderr);
    let prices: Vec<i64> = feeds.objects().iter().filter_map(price_of).collect();
    // The median, twice before the first row and once with it; then each price, but the last, with the rows behind it.
    let expected: Vec<i64> = [1_500; 3].into_iter().chain((0..19).map(|n| 1_000 + 50 * n)).collect();
    assert_eq!(prices.iter().map(|price| price / 100_000_000).collect::<Vec<_>>(), expected);
}

/// The price in a decoded frame, wherever in it it stands.
fn price_of(object: &Value) -> Option<i64> {
    let Value::Object(fields) = object else { return None };
    fields.get("price").and_then(Value::as_i64).or_else(|| fields.values().find_map(price_of))
}

#[test]
fn an_account_of_a_run_can_be_looked_at() {
    let folder = Folder::new();
    let (flow, journal) = (rows(&folder, 3_000), format!("{}/journal", folder.path()));
    let ran = run(&["run", "--flow", &flow, "--journal", &journal, "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let mut models = std::collections::BTreeSet::new();
    for number in 1..=12_u64 {
        let account = (number << 24 | number).to_string();
        let looked = run(&["margin", &journal, "--account", &account, "--json"]);
        assert_eq!((looked.code, looked.stderr.as_str()), (0, ""), "{account}");
        let object = looked.result();
        assert!(object["initial"].is_i64() && object["maintenance"].is_i64(), "{object}");
        assert!(object["positions"].as_array().is_some_and(|positions| !positions.is_empty()), "{object}");
        models.insert(object["model"].as_str().map(str::to_owned));
    }
    assert_eq!(models.len(), 3, "{models:?}");
    assert_eq!(run(&["verify", &journal]).code, 0);
    let replayed = run(&["replay", &journal, "--json"]).result();
    for digest in ["events_digest", "state_digest"] {
        assert_eq!(replayed[digest], ran.result()[digest]);
    }
}
