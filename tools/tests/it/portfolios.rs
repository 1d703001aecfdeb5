//! `novate check pmrm` and `novate margin`.

use serde_json::{Value, json};

use crate::support::{Folder, run};

/// Portfolios that `generate.py` beside them makes.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/portfolios");

fn portfolio(index: u32) -> Value {
    let text = std::fs::read_to_string(format!("{FOLDER}/portfolio_{index:02}.json")).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn portfolios_come_to_what_they_do_with_fifty_digits() {
    let ran = run(&["check", "pmrm", FOLDER]);
    assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.trim_end()), (0, "", "16 passed, 0 failed"));
    // Folders in folders, and files.
    let folder = Folder::new();
    std::fs::create_dir_all(format!("{}/deeper/still", folder.path())).expect("a folder");
    folder.file("deeper/still/one.json", portfolio(3).to_string());
    folder.file("deeper/none.txt", "no portfolio");
    let files = [folder.file("two.json", portfolio(5).to_string()), format!("{}/deeper", folder.path())];
    let ran = run(&["check", "pmrm", &files[0], &files[1], "--json"]);
    assert_eq!((ran.code, ran.last_line()), (0, "2 passed, 0 failed"), "{}", ran.stderr);
    assert_eq!((&ran.result()["passed"], &ran.result()["failed"]), (&json!(2), &json!(0)));
}

/// Whatever is a little off is named; what has an unknown label is not compared.
#[test]
fn what_is_off_is_named() {
    let folder = Folder::new();
    let off = |path: &str| {
        let mut portfolio = portfolio(7);
        let number = portfolio.pointer_mut(path).expect("a number");
        let off = number.as_str().expect("a text").parse::<f64>().expect("a number") + 1.0;
        *number = json!(off.to_string());
        run(&["check", "pmrm", &folder.file("off.json", portfolio.to_string())])
    };
    for (path, name) in [
        ("/Result/reg_losses/4/2", "1.1 None"),
        ("/Result/tail_losses/0/2", "0.4 None"),
        ("/Result/MM", "MM"),
        ("/Result/IM", "IM"),
    ] {
        let ran = off(path);
        assert_eq!((ran.code, ran.last_line()), (1, "0 passed, 1 failed"), "{}", ran.stdout);
        assert!(
            ran.stdout.lines().count() == 2 && ran.stdout.contains(&format!("off.json, {name}: expected ")),
            "{}",
            ran.stdout
        );
    }
    let mut portfolio = portfolio(7);
    portfolio["Result"]["skew_losses"][1] = json!(["ABS", "1e6"]);
    let ran = run(&["check", "pmrm", &folder.file("off.json", portfolio.to_string())]);
    assert!(ran.code == 1 && ran.stdout.contains("off.json, 1 Abs: expected 1000000"), "{}", ran.stdout);
    portfolio["Result"]["skew_losses"][1] = json!(["LINEAR_SPOT_SHOCK", "1e6"]);
    assert_eq!(run(&["check", "pmrm", &folder.file("off.json", portfolio.to_string())]).code, 0);
    portfolio["Result"]["skew_losses"] = json!([]);
    let ran = run(&["check", "pmrm", &folder.file("off.json", portfolio.to_string())]);
    assert!(ran.code == 1 && ran.stdout.contains("off.json, scenarios: expected 25, got 27"), "{}", ran.stdout);
}

#[test]
fn what_is_no_portfolio_is_refused_with_file_and_field() {
    let folder = Folder::new();
    let changed = |path: &str, value: Value| {
        let mut portfolio = portfolio(7);
        *portfolio.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value;
        portfolio.to_string()
    };
    let mut lacking = portfolio(7);
    lacking["Scenario"].as_object_mut().expect("an object").remove("SpotPrice");
    let mut without = portfolio(7);
    without.as_object_mut().expect("an object").remove("Result");
    for (content, says) in [
        (
            lacking.to_string(),
            "off.json:1: expected a portfolio with all its fields, found Scenario: missing field `SpotPrice`",
        ),
        (changed("/Scenario/Cash", json!("much")), "found Scenario: Cash: expected a number, found \"much\""),
        (
            changed("/Scenario/OptionFeeds/0/SVIparam", json!([1, 2])),
            "expected seven: a, b, rho, m, sigma, forward, years",
        ),
        (
            changed("/Scenario/OptionFeeds/0/SVIparam/1", json!(-1)),
            "the smile's parameter b is -1; expected a number from 0",
        ),
        (changed("/Scenario/OptionFeeds/0/FeedExpiry", json!(7)), "OptionFeeds has no row with FeedExpiry "),
        (
            changed("/Scenario/Options/0/Strike", json!(0)),
            "Options: row 1: Strike: expected a number above 0, to 1e30, found 0",
        ),
        (changed("/Scenario/Options/0/Amount", json!(1e20)), "Options: row 1: Amount 1e20: an amount of 1e20 is"),
        (changed("/Scenario/SpotPrice", json!(-5)), "SpotPrice: expected a number above 0, to 1e30, found -5"),
        (
            changed("/Parameters/OtherContingency/CONF_MARGIN", json!(-1)),
            "CONF_MARGIN is -1; expected a number from 0 to",
        ),
        (
            changed("/Parameters/Scenarios", json!(vec![portfolio(7)["Parameters"]["Scenarios"][0].clone(); 33])),
            "Scenarios has 33 rows; expected 1 to 32",
        ),
        (without.to_string(), "off.json: expected the field `Result` to compare with, found none"),
        ("{".to_owned(), "off.json:1: expected a portfolio with all its fields, found EOF"),
    ] {
        let ran = run(&["check", "pmrm", &folder.file("off.json", content)]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{says}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    let empty = Folder::new();
    let ran = run(&["check", "pmrm", &empty.path()]);
    assert!(ran.code == 2 && ran.stderr.contains("expected cases to compare with, found none"), "{}", ran.stderr);
    assert_eq!(run(&["check", "pmrm", "nowhere.json"]).code, 2);
}

/// Both verbs refuse a portfolio.
fn assert_refused(content: &str, says: &str) {
    let folder = Folder::new();
    let file = folder.file("off.json", content);
    for verb in [&["check", "pmrm"][..], &["margin", "--portfolio"]] {
        let ran = run(&[verb, &[&file]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{says}: {}", ran.stderr);
        assert!(ran.stderr.contains("off.json") && ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
}

/// Data that would be computed with and mean nothing; of both verbs, with the place where it stands.
#[test]
fn what_makes_no_sense_is_refused() {
    const FEED: &str = "/Scenario/OptionFeeds/1";
    const SCENARIO: &str = "/Parameters/Scenarios/2";
    for (row, field, value, says) in [
        ("/Scenario", "PerpPrice", json!(-1), "Scenario: PerpPrice: expected a number from 0 to 1e30, found -1"),
        ("/Scenario", "PerpConfidence", json!(1.01), "PerpConfidence: expected a number from 0 to 1, found 1.01"),
        ("/Scenario", "SpotConfidence", json!(-0.01), "SpotConfidence: expected a number from 0 to 1, found -0.01"),
        ("/Scenario", "Cash", json!(-1e300), "Cash: expected a number from -1e30 to 1e30, found -1e300"),
        ("/Scenario", "NumPerps", json!(true), "NumPerps: expected a number, found true"),
        ("/Scenario/Collaterals/0", "Price", json!(-5), "Collaterals: row 1: Price: expected a number from 0 to"),
        (
            "/Scenario/Collaterals/0",
            "Confidence",
            json!(2),
            "Collaterals: row 1: Confidence: expected a number from 0 to",
        ),
        ("/Scenario/Options/2", "Amount", json!(true), "Options: row 3: Amount: expected a number, found true"),
        ("/Scenario/Options/2", "IsCall", json!(2), "Options: row 3: IsCall: expected true or false, found 2"),
        ("/Scenario/Options/2", "Expiry", json!(-5), "Options: row 3: Expiry: expected a number from 0 to"),
        (FEED, "Forward", json!(0), "OptionFeeds: row 2: Forward: expected a number above 0, to 1e30, found 0"),
        (FEED, "FeedExpiry", json!(-5), "OptionFeeds: row 2: FeedExpiry: expected a number from 0 to 1e30, found -5"),
        (
            FEED,
            "RateConfidence",
            json!(1.5),
            "OptionFeeds: row 2: RateConfidence: expected a number from 0 to 1, found",
        ),
        (
            FEED,
            "OptionVolConfidences",
            json!(-1),
            "row 2: OptionVolConfidences: expected a number from 0 to 1, found -1",
        ),
        (SCENARIO, "SpotShock", json!(1e10), "row 3: SpotShock: expected a number from -1e9 to 1e9, found 10000000000"),
        (SCENARIO, "VolShockDirection", json!("UPP"), "row 3: VolShockDirection: expected one of Up, Down, None, "),
        (SCENARIO, "VolShockDirection", json!("up "), "LINEAR, Abs, ABS, found \"up \""),
        ("/Parameters/VolShock", "VOLRANGEUP", json!("inf"), "VolShock: VOLRANGEUP: expected a number, found \"inf\""),
        (
            "/Parameters/Margin",
            "MM_LOSS_FACTOR",
            json!(1e308),
            "MM_LOSS_FACTOR: expected a number from -1e9 to 1e9, found",
        ),
        ("/Parameters", "Scenarios", json!([]), "Scenarios has 0 rows; expected 1 to 32"),
        (FEED, "SVIparam", json!([1, 2, true]), "OptionFeeds: row 2: SVIparam: row 3: expected a number, found true"),
    ] {
        let mut content = portfolio(12);
        let row = content.pointer_mut(row).unwrap_or_else(|| panic!("no {row}"));
        assert!(row.as_object_mut().expect("an object").insert(field.to_owned(), value).is_some(), "no {field}");
        assert_refused(&content.to_string(), says);
    }
}

#[test]
fn what_lacks_or_stands_twice_is_refused() {
    for (row, field) in [
        ("/Scenario", "Collaterals"),
        ("/Scenario/Options/1", "Amount"),
        ("/Scenario/OptionFeeds/0", "Rate"),
        ("/Parameters", "Scenarios"),
        ("/Parameters/VolShock", "DTE_FLOOR"),
    ] {
        let mut content = portfolio(12);
        let row = content.pointer_mut(row).and_then(Value::as_object_mut);
        assert!(row.expect("an object").shift_remove(field).is_some(), "no {field}");
        assert_refused(&content.to_string(), &format!("missing field `{field}`"));
    }
    let mut twice = portfolio(12);
    let feeds = twice["Scenario"]["OptionFeeds"].as_array_mut().expect("rows");
    let (expiry, row) = (feeds[0]["FeedExpiry"].clone(), feeds[0].clone());
    feeds.push(row);
    assert_refused(&twice.to_string(), &format!("OptionFeeds has two rows with FeedExpiry {expiry}; expected one"));
    let cash = portfolio(12).to_string().replacen("\"Cash\":", "\"Cash\":1,\"Cash\":", 1);
    assert_refused(&cash, "Scenario: expected Cash once, found it twice");
}

/// Amounts that an option may have, of more options than a sum of them has room for.
#[test]
fn amounts_too_large_together_are_refused() {
    let folder = Folder::new();
    for (rows, amount, strikes, says) in [
        (1_100, 90_071, 1, ": the amounts at strike 1000 are more than 92233720 together"),
        (1_100, -90_071, 1, ": the amounts at strike 1000 are more than 92233720 together"),
        (2_200, -90_071, 2_200, "the amounts of its expiry are more than 184467440 together"),
    ] {
        let mut content = portfolio(7);
        let option = content["Scenario"]["Options"][0].clone();
        let options = (0..rows).map(|row| {
            let mut option = option.clone();
            option["Amount"] = json!(amount);
            option["Strike"] = json!(1_000 + row % strikes);
            option
        });
        content["Scenario"]["Options"] = options.collect();
        let file = folder.file("many.json", content.to_string());
        for verb in [&["check", "pmrm"][..], &["margin", "--portfolio"]] {
            let ran = run(&[verb, &[&file]].concat());
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
            let place =
                format!("many.json: Options: row {}: Amount {amount}: ", if strikes == 1 { 1_025 } else { 2_049 });
            assert!(ran.stderr.contains(&place) && ran.stderr.contains(says), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_margin_is_printed() {
    let (folder, mut case) = (Folder::new(), portfolio(7));
    let expected: f64 = case["Result"]["IM"].as_str().expect("a text").parse().expect("a number");
    // A desk knows no results yet.
    case.as_object_mut().expect("an object").remove("Result");
    let file = folder.file("desk.json", case.to_string());
    let ran = run(&["margin", "--portfolio", &file, "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let result = ran.result();
    let number = |name: &str| result[name].as_f64().expect("a number");
    assert!((number("over_initial") - expected).abs() <= 1e-8 * expected.abs(), "{result}");
    assert_eq!(result["scenarios"].as_array().map(Vec::len), Some(27));
    assert_eq!(result["options"].as_array().map(Vec::len), case["Scenario"]["Options"].as_array().map(Vec::len));
    assert!(number("worst") <= number("basis_loss") && number("contingency_maintenance") >= 0.0, "{result}");
    let ran = run(&["margin", "--portfolio", &file]);
    assert!(ran.code == 0 && ran.stdout.contains("left over the initial margin"), "{}", ran.stdout);
    assert!(ran.stdout.contains("scenario 1.15 Up"), "{}", ran.stdout);
    assert_eq!(run(&["margin"]).code, 2);
}
