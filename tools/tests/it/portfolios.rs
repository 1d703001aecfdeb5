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
        (lacking.to_string(), "off.json:1: expected a portfolio with all its fields, found missing field `SpotPrice`"),
        (changed("/Scenario/Cash", json!("much")), "expected a number, found \"much\""),
        (
            changed("/Scenario/OptionFeeds/0/SVIparam", json!([1, 2])),
            "expected seven: a, b, rho, m, sigma, forward, years",
        ),
        (
            changed("/Scenario/OptionFeeds/0/SVIparam/1", json!(-1)),
            "the smile's parameter b is -1; expected a number from 0",
        ),
        (changed("/Scenario/OptionFeeds/0/FeedExpiry", json!(7)), "OptionFeeds has no row with FeedExpiry "),
        (changed("/Scenario/Options/0/Strike", json!(0)), "Strike is 0; expected a price above 0"),
        (changed("/Scenario/Options/0/Amount", json!(1e300)), "an amount of "),
        (changed("/Scenario/SpotPrice", json!(-5)), "SpotPrice is -5; expected a number above 0"),
        (
            changed("/Parameters/OtherContingency/CONF_MARGIN", json!(-1)),
            "CONF_MARGIN is -1; expected a number from 0 to",
        ),
        (
            changed("/Parameters/Scenarios", json!(vec![portfolio(7)["Parameters"]["Scenarios"][0].clone(); 33])),
            "Scenarios has 33 rows",
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
