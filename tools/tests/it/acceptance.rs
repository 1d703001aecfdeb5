//! The same checks on a folder outside the repository, where one is named.

use std::path::PathBuf;

use crate::support::{check_flow, check_scenarios, run, utf8};

/// Names a folder, absolute, with a folder `market` like that of the bundled data in it, and folders `scenarios` and
/// `vectors`.
const FOLDER: &str = "NOVATE_ACCEPTANCE";

/// Scenarios that pass; raised whenever more do.
const SCENARIOS_PASSED_MIN: u64 = 313;

fn acceptance_folder(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(FOLDER);
    if folder.is_none() {
        println!("SKIPPED ({FOLDER} is not set)");
    }
    folder.map(|folder| PathBuf::from(folder).join(name))
}

#[test]
fn acceptance_market_hour_is_reproduced() {
    let Some(market) = acceptance_folder("market") else { return };
    let file = |name: &str| utf8(&market.join(format!("es_20231225_{name}.csv.gz")));
    for form in [&[][..], &["--json"]] {
        let ran = check_flow(&file("order_entry"), &file("fills"), &file("checkpoints"), form);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        let passed = ran.last_line().strip_suffix(" passed, 0 failed").and_then(|count| count.parse::<u64>().ok());
        assert!(passed.is_some_and(|count| count > 0), "{}", ran.stdout);
    }
}

#[test]
fn acceptance_scenarios_pass_or_need_what_the_engine_lacks() {
    let Some(folder) = acceptance_folder("scenarios") else { return };
    let folder = utf8(&folder);
    for form in [&[][..], &["--only-expect"]] {
        let ran = check_scenarios(&[&folder], &[&["--json"], form].concat());
        assert_eq!(ran.stderr, "");
        let result = ran.result();
        let count = |field: &str| result[field].as_u64().expect("a count");
        assert_eq!(ran.code, i32::from(count("failed") > 0));
        assert!(count("passed") >= SCENARIOS_PASSED_MIN, "{}", ran.last_line());
        for failed in ran.stdout.lines().filter(|line| line.contains("\"got\":")) {
            assert!(failed.contains("\"got\":\"unsupported by this engine: "), "{failed}");
        }
    }
}

#[test]
fn acceptance_numbers_are_met() {
    let Some(folder) = acceptance_folder("vectors") else { return };
    for (what, path) in [
        ("black76", "black76_mp/black76.csv"),
        ("haug", "haug/haug_values.csv"),
        ("haug", "haug/haug_greeks.csv"),
        ("iv", "iv_extremes/lbr.csv"),
        ("pmrm", "derive_pmrm2/cases"),
        ("srm", "derive_srm/test-cases.json"),
        ("futures-margin", "vega/margin_levels.csv"),
    ] {
        let ran = run(&["check", what, &utf8(&folder.join(path))]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{path}: {}", ran.stdout);
        let passed = ran.last_line().strip_suffix(" passed, 0 failed").and_then(|count| count.parse::<u64>().ok());
        assert!(passed.is_some_and(|count| count > 0), "{path}: {}", ran.stdout);
    }
}
