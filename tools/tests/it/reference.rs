//! `novate check black76`, `check haug`, `price` and `divergence`.

use serde_json::json;

use crate::support::{Folder, run};

/// A file of numbers that core's tests use too.
fn data(name: &str) -> String {
    format!("{}/../core/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn text(name: &str) -> String {
    std::fs::read_to_string(data(name)).expect("a file")
}

#[test]
fn known_numbers_are_met() {
    for (what, file, last) in [
        ("black76", "black76.csv", "1000 passed, 0 failed"),
        ("haug", "haug_values.csv", "43 passed, 0 failed"),
        ("haug", "haug_greeks.csv", "11 passed, 0 failed"),
        ("iv", "implied.csv", "129 passed, 0 failed"),
    ] {
        let ran = run(&["check", what, &data(file)]);
        assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.trim_end()), (0, "", last), "{file}");
        let ran = run(&["check", what, &data(file), "--json"]);
        assert_eq!((ran.code, ran.last_line()), (0, last));
        assert_eq!(ran.result()["failed"], 0);
    }
}

/// Every field of a row that is a little off is named, and nothing else.
#[test]
fn what_is_off_is_named() {
    let (folder, all) = (Folder::new(), text("black76.csv"));
    let lines: Vec<&str> = all.lines().collect();
    let fields: Vec<&str> = lines[0].split(',').collect();
    for (column, field) in fields.iter().enumerate().skip(5) {
        let mut row: Vec<String> = lines[500].split(',').map(str::to_owned).collect();
        let number: f64 = row[column].parse().expect("a number");
        row[column] = (number * (1.0 + 1e-9)).to_string();
        let file = folder.file("off.csv", format!("{}\n{}\n{}\n", lines[0], lines[400], row.join(",")));
        let ran = run(&["check", "black76", &file]);
        assert_eq!((ran.code, ran.last_line()), (1, "1 passed, 1 failed"), "{}", ran.stdout);
        assert!(ran.stdout.starts_with(&format!("line 3, {field}: expected {}", row[column])), "{}", ran.stdout);
        assert_eq!(ran.stdout.lines().count(), 2);
        let ran = run(&["check", "black76", &file, "--json"]);
        let off: serde_json::Value = serde_json::from_str(ran.stdout.lines().next().expect("a line")).expect("JSON");
        assert_eq!((&off["case"], &off["field"]), (&json!("line 3"), &json!(field)));
        assert_eq!(ran.result(), json!({ "file": file, "passed": 1, "failed": 1 }));
    }
    let header = "x_log_moneyness,s_total_vol_exact,normalised_black_beta\n";
    let rows = format!("{header}0.0,1e-06,3.9894228040141604e-7\n0.0,1e-06,3.98942280411e-7\n0.0,0.5,1.5\n");
    let ran = run(&["check", "iv", &folder.file("iv.csv", rows)]);
    assert_eq!((ran.code, ran.last_line()), (1, "1 passed, 2 failed"), "{}", ran.stdout);
    assert!(ran.stdout.starts_with("line 3, s_total_vol_exact: expected 1e-6, got 1.00000000"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("line 4, s_total_vol_exact: expected 0.5, got \"a price of 1.5 is out of"),
        "{}",
        ran.stdout
    );
    // A volatility at which no price tells anything is still wrong where the price tells another.
    let rows = format!("{header}0.0,20,3.9894228040141604e-7\n0.0,20,1\n1.0,1e-3,0.6065306597126334\n");
    let ran = run(&["check", "iv", &folder.file("iv.csv", rows)]);
    assert_eq!((ran.code, ran.last_line()), (1, "1 passed, 2 failed"), "{}", ran.stdout);
    assert!(ran.stdout.starts_with("line 2, s_total_vol_exact: expected 20.0, got 9.99999"), "{}", ran.stdout);
    let wrong = text("haug_greeks.csv").replace("-4.8775", "-4.8778");
    let ran = run(&["check", "haug", &folder.file("greeks.csv", wrong)]);
    assert_eq!((ran.code, ran.last_line()), (1, "10 passed, 1 failed"));
    assert!(ran.stdout.starts_with("line 4, elasticity: expected -4.8778, got -4.877"), "{}", ran.stdout);
}

#[test]
fn what_is_no_case_is_refused_with_file_line_and_field() {
    let folder = Folder::new();
    let header = text("black76.csv").lines().next().expect("a header").to_owned();
    let row = |first: &str| format!("{header}\n{first},90,0.5,0.2,0.01,1,1,1,1,1,1,1,1,1,1,1\n");
    for (content, says) in [
        (row("many"), "off.csv:2: expected forward to be a number, found \"many\""),
        (row(""), "off.csv:2: expected forward to be a number, found nothing"),
        (row("NaN"), "off.csv:2: expected forward to be a number, found \"NaN\""),
        (row("0"), "off.csv:2: expected forward to be above 0, found \"0\""),
        (row("1,2"), "off.csv:2: expected 16 fields, as the header has, found 17"),
        (header.replace("gamma", "gama"), "off.csv:1: expected a header with the column gamma"),
        (header.clone(), "off.csv: expected cases to compare with, found none"),
        (String::new(), "off.csv:1: expected a header with the column forward"),
    ] {
        let ran = run(&["check", "black76", &folder.file("off.csv", content)]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    let book = text("haug_values.csv");
    for (content, says) in [
        (book.replacen("call", "straddle", 1), "2: expected type to be call or put, found \"straddle\""),
        (book.replacen("65.00", "0", 1), "2: expected strike to be above 0"),
        (text("haug_greeks.csv").replacen("delta,", "speed,", 1), "2: expected greek to be delta, elasticity, gamma"),
        (book.replacen("tolerance", "tol", 1), "1: expected a header with the column tolerance"),
    ] {
        let ran = run(&["check", "haug", &folder.file("book.csv", content)]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    for (row, says) in [
        ("0,0,0.1", "expected s_total_vol_exact to be above 0"),
        ("0,1,0", "expected normalised_black_beta to be a price above 0 that a double can hold"),
        ("x,1,0.1", "expected x_log_moneyness to be a number"),
    ] {
        let content = format!("x_log_moneyness,s_total_vol_exact,normalised_black_beta\n{row}\n");
        let ran = run(&["check", "iv", &folder.file("iv.csv", content)]);
        assert!(ran.code == 2 && ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    assert_eq!(run(&["check", "haug", "nowhere.csv"]).code, 2);
}

#[test]
fn an_option_is_priced() {
    let option = ["price", "--forward", "19", "--strike", "19", "--days", "273.75", "--vol", "0.28", "--rate", "0.1"];
    let ran = run(&option);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("price       call 1.70105"), "{}", ran.stdout);
    let ran = run(&[&option[..], &["--json"]].concat());
    let priced = ran.result();
    // The book says 1.7011, of call and put.
    assert!((priced["call"].as_f64().expect("a number") - 1.7011).abs() < 5e-5, "{priced}");
    assert_eq!((&priced["years"], &priced["rate"]), (&json!(0.75), &json!(0.1)));
    // Back from the price to the volatility.
    for (side, price) in [("--call", &priced["call"]), ("--put", &priced["put"])] {
        let price = price.to_string();
        let quoted = [&option[..7], &[side, &price, "--rate", "0.1", "--json"]].concat();
        let volatility = run(&quoted).result()["vol"].as_f64().expect("a number");
        assert!((volatility - 0.28).abs() < 1e-14, "{volatility}");
    }
    let ran = run(&[&option[..7], &["--call", "99"]].concat());
    assert!(
        ran.code == 2 && ran.stderr.contains("a price of 99.0 is out of every volatility's reach"),
        "{}",
        ran.stderr
    );
    assert_eq!(run(&option[..7]).code, 2, "neither volatility nor price");
    assert_eq!(run(&[&option[..], &["--put", "1"]].concat()).code, 2, "both");
    for (name, wrong) in
        [("--forward", "0"), ("--strike", "-1"), ("--days", "1e9"), ("--vol", "NaN"), ("--rate", "inf")]
    {
        let mut option = option;
        let place = option.iter().position(|word| *word == name).expect("an option");
        option[place + 1] = wrong;
        let ran = run(&option);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{name}");
        assert!(ran.stderr.contains(&format!("{name}: expected a number from ")), "{}", ran.stderr);
    }
}

/// Formulas divide by what is left of time: where nothing is left, Greeks are those of an exercise.
#[test]
fn an_option_whose_time_is_over() {
    let greeks = ["gamma", "vega", "theta_call", "theta_put", "rho_call", "rho_put", "vanna", "volga"];
    for (forward, call, put) in [("100", 0.0, 0.0_f64), ("110", 1.0, 0.0), ("90", 0.0, -1.0)] {
        let option = ["price", "--forward", forward, "--strike", "100", "--days", "0", "--vol", "0.5", "--rate", "0.1"];
        let priced = run(&[&option[..], &["--json"]].concat()).result();
        assert_eq!((&priced["delta_call"], &priced["delta_put"]), (&json!(call), &json!(put)), "{priced}");
        assert_eq!((&priced["call"], &priced["put"]), (&json!(10.0 * call), &json!(10.0 * put.abs())), "{priced}");
        for greek in greeks {
            assert_eq!(priced[greek].to_string(), "0.0", "{priced}");
        }
        let ran = run(&option);
        assert_eq!(ran.code, 0);
        for line in ["gamma", "theta", "rho"] {
            let line = ran.stdout.lines().find(|found| found.starts_with(line)).expect("a line");
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            assert_eq!(words, ["call", "0", "put", "0"], "{}", ran.stdout);
        }
    }
    // Nothing is uncertain, and a zero has no sign.
    let ran = run(&["price", "--forward", "100", "--strike", "100", "--days", "9", "--vol", "0"]);
    let gamma = ran.stdout.lines().find(|line| line.starts_with("gamma")).expect("a line");
    assert!(gamma.ends_with("put 0") && !ran.stdout.contains("-0\n"), "{}", ran.stdout);
}

#[test]
fn numbers_of_any_size_are_short() {
    let vast = ["price", "--forward", "1e30", "--strike", "1e-30", "--days", "365", "--vol", "0.5"];
    let ran = run(&vast);
    assert!(ran.code == 0 && ran.stdout.contains("price       call 1e30 "), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.len() < 80), "{}", ran.stdout);
    for (args, says) in [
        (
            &["price", "--forward", "1e300", "--strike", "1", "--days", "1", "--vol", "1"][..],
            "--forward: expected a number from 1e-30 to 1e30, found 1e300",
        ),
        (
            &["divergence", "--vol", "1e308", "--lag", "1", "--band", "1"],
            "the volatility is 1e308; expected a number from",
        ),
    ] {
        let ran = run(args);
        assert!(ran.code == 2 && ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
}

#[test]
fn how_likely_a_price_is_gone() {
    let ran = run(&["divergence", "--vol", "0.8", "--lag", "1", "--band", "0.0005", "--json"]);
    let chance = ran.result()["outside_at_the_end"].as_f64().expect("a number");
    assert!((chance - 4.484_308_988_088_73e-4).abs() < 1e-15, "{chance}");
    let ran = run(&["divergence", "--vol", "0.8", "--lag", "1", "--band", "0.0005"]);
    assert!(ran.code == 0 && ran.stdout.contains("outside the band at the end   4.484309e-4"), "{}", ran.stdout);
    let ran = run(&["divergence", "--vol", "0.8", "--lag", "-1", "--band", "0.0005"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("the lag is -1; expected seconds from 0 to a year's 31,536,000"), "{}", ran.stderr);
}

/// A position of thirteen lots, by hand: 0.25 of 130,000,000 for slippage and 0.2 for the risk factor.
const LEVELS: &str = "\
feature,party,open_volume,buy_orders,sell_orders,mark_price,linear_slippage,quadratic_slippage,rf_long,rf_short,search_f,\
initial_f,release_f,exp_maintenance,exp_search,exp_initial,exp_release
by hand,one,13,0,0,10000000,0.25,0,0.2,0.1,3.2,4,5,58500000,187200000,234000000,292500000
by hand,two,-13,0,2,10000000,0.25,0,0.2,0.1,3.2,4,5,47500000,,,
by hand,three,-13,13,0,10000000,0.25,0.001,0.2,0.1,3.2,4,5,47190000,151008000,,
";

#[test]
fn levels_of_futures() {
    let folder = Folder::new();
    let ran = run(&["check", "futures-margin", &folder.file("levels.csv", LEVELS)]);
    assert_eq!((ran.code, ran.stdout.trim_end()), (0, "3 passed, 0 failed"), "{}", ran.stderr);
    let ran = run(&["check", "futures-margin", &folder.file("levels.csv", LEVELS.replace("234000000", "234000001"))]);
    assert_eq!((ran.code, ran.last_line()), (1, "2 passed, 1 failed"));
    let says = "line 2 (by hand one), exp_initial: expected 234000001, got 234000000, ";
    assert!(ran.stdout.starts_with(says), "{}", ran.stdout);
    for (from, to, says) in [
        (
            "0.25,0,0.2",
            "-0.25,0,0.2",
            "2: expected linear_slippage to be a rate, found \"-0.25\": expected a rate from 0 to",
        ),
        ("one,13,", "one,13.5,", "2: expected open_volume to be "),
        (
            "10000000,",
            "18446744073709551615,",
            "2: expected levels that cash can be, found a number of the margin is too large",
        ),
        ("exp_release", "exp", "1: expected a header with the column exp_release"),
    ] {
        let ran = run(&["check", "futures-margin", &folder.file("levels.csv", LEVELS.replacen(from, to, 1))]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
}

/// One call sold at the money, a put spread bought, and an underlying without options; the mark of the call is that of a
/// volatility of zero: nothing.
fn standard(initial: &str) -> serde_json::Value {
    let unit = |number: f64| json!(format!("{number}e18").parse::<f64>().expect("a number"));
    json!({ "sold": {
        "Scenario": {
            "OptionUnderlying": ["ETH", "ETH", "ETH"], "OptionExpiries": [864_000, 1_728_000, 1_728_000],
            "OptionStrikes": [unit(1000.0), unit(900.0), unit(800.0)], "OptionIsCall": [1, 0, 0],
            "OptionAmounts": [unit(-2.0), unit(1.0), unit(-1.0)], "OptionVols": [0, 0, 0],
            "ETHSpotPrice": unit(1000.0), "BTCSpotPrice": unit(20_000.0), "FeedExpiries": [864_000, 1_728_000, 864_000],
            "Forwards": [unit(1000.0), unit(1000.0), unit(20_000.0)], "SettlementPriceETH": null,
            "SettlementPriceBTC": null,
        },
        "Result": {
            "ETHOptionMM": unit(-150.0), "ETHOptionIM": initial.parse::<f64>().map(unit).unwrap_or(json!(initial)),
            "BTCOptionMM": 0, "BTCOptionIM": 0,
        },
    } })
}

#[test]
fn options_strike_by_strike() {
    let folder = Folder::new();
    let check = |content: String| run(&["check", "srm", &folder.file("cases.json", content)]);
    let ran = check(standard("-300").to_string());
    assert_eq!((ran.code, ran.stdout.trim_end()), (0, "2 passed, 0 failed"), "{}", ran.stderr);
    let ran = check(standard("-301").to_string());
    assert_eq!((ran.code, ran.last_line()), (1, "1 passed, 1 failed"));
    assert!(ran.stdout.starts_with("sold ETH, IM: expected -301.0, got -300.0"), "{}", ran.stdout);
    let mut short = standard("-300");
    short["sold"]["Scenario"]["OptionVols"] = json!([0]);
    let mut soon = standard("-300");
    soon["sold"]["Scenario"]["OptionExpiries"] = json!([60, 60, 60]);
    let with = |field: &str, value: serde_json::Value| {
        let mut cases = standard("-300");
        cases["sold"]["Scenario"][field] = value;
        cases.to_string()
    };
    let mut lacking = standard("-300");
    lacking["sold"]["Scenario"].as_object_mut().expect("an object").remove("Forwards");
    let mut unfed = standard("-300");
    unfed["sold"]["Scenario"]["FeedExpiries"] = json!([1, 2, 3]);
    for (content, says) in [
        (short.to_string(), "cases.json: sold: the lists of options have different lengths"),
        (soon.to_string(), "cases.json: sold: SettlementPriceETH is missing"),
        (unfed.to_string(), "cases.json: sold: FeedExpiries has no 864000"),
        (
            lacking.to_string(),
            "cases.json:1: expected cases with all their fields, found sold: Scenario: missing field `Forwards`",
        ),
        (standard("much").to_string(), "found sold: Result: ETHOptionIM: invalid type: string \"much\", expected f64"),
        (
            with("OptionAmounts", json!([1, true, 1])),
            "found sold: Scenario: OptionAmounts: row 2: invalid type: boolean `true`, expected f64",
        ),
        (
            with("ETHSpotPrice", json!(-1e300)),
            "found sold: Scenario: ETHSpotPrice: expected a price above 0, found -1e300",
        ),
        (with("BTCSpotPrice", json!(0)), "found sold: Scenario: BTCSpotPrice: expected a price above 0, found 0"),
        (
            with("OptionUnderlying", json!(["ETH", "SOL", "ETH"])),
            "cases.json: sold: OptionUnderlying: expected ETH or BTC, found \"SOL\"",
        ),
        (
            standard("-300").to_string().replacen('{', &format!("{{\"sold\":{},", standard("-300")["sold"]), 1),
            "cases.json:1: expected cases with all their fields, found expected sold once, found it twice",
        ),
        ("{}".to_owned(), "cases.json: expected cases to compare with, found none"),
    ] {
        let ran = check(content);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{says}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
}
