//! The command `compare` as its users meet it.

use assert_cmd::Command;
use serde_json::{Value, json};

fn compare(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("compare").expect("the binary was built").args(arguments).output().expect("it starts")
}

#[test]
fn json_rows_have_the_fixed_keys_and_nothing_else_is_printed() {
    let output = compare(&["book", "--case", "A", "--peer", "matchcore", "--quick", "--rounds", "1", "--json"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("quick run"), "{errors}");
    let rows: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is an object"))
        .collect();
    let [row] = rows.as_slice() else { panic!("one row, not {rows:?}") };
    for (key, value) in [("suite", "book"), ("case", "A"), ("subject", "novate"), ("peer", "matchcore")] {
        assert_eq!(row[key], value);
    }
    assert!(row["subject_ns"].as_f64() > Some(0.0) && row["peer_ns"].as_f64() > Some(0.0), "{row}");
    assert_eq!(
        (row["rounds"].as_u64(), row["quick"].as_bool(), row["verified"].as_bool()),
        (Some(1), Some(true), Some(true))
    );
    assert_eq!(row["hash"].as_str().map(str::len), Some(32));
    assert_eq!((row["trades"].as_u64(), row["peer_trades"].as_u64()), (Some(24_094), Some(24_281)));
    assert!(row["note"].as_str().is_some_and(|note| note.contains("limit price")), "{row}");
}

#[test]
fn case_c_is_novate_beside_itself() {
    let output = compare(&["book", "--case", "C", "--quick", "--rounds", "1", "--json"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let row: Value = serde_json::from_slice(&output.stdout).expect("one object");
    for (key, value) in [("suite", "book"), ("case", "C"), ("subject", "novate"), ("peer", "novate on A")] {
        assert_eq!(row[key], value);
    }
    assert!(row["ratio"].as_f64() > Some(0.0), "{row}");
    assert_eq!((row["verified"].as_bool(), row["peer_trades"].as_u64()), (Some(true), Some(24_094)));
    assert!(row["note"].as_str().is_some_and(|note| note.contains("no peer")), "{row}");
}

#[test]
fn every_case_of_the_journal_runs_and_verifies_itself() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("compare-journal");
    let dir = folder.to_str().expect("a name in UTF-8");
    let output = compare(&["journal", "--quick", "--rounds", "1", "--json", "--dir", dir]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect();
    let pairs: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["case"].as_str().unwrap_or(""), row["peer"].as_str().unwrap_or(""))).collect();
    let expected = [
        ("append", "bare stores"),
        ("loop", "no journal"),
        ("p99", "bare stores"),
        ("p99", "bare stores"),
        ("replay", "memory"),
        ("durable", "fdatasync"),
        ("durable", "okaywal"),
        ("durable", "commitlog"),
        ("digest", "one by one"),
        ("recovery", "full replay"),
    ];
    assert_eq!(pairs, expected);
    for row in &rows {
        assert_eq!((row["suite"].as_str(), row["subject"].as_str()), (Some("journal"), Some("novate")));
        assert!(row["subject_ns"].as_f64() > Some(0.0) && row["peer_ns"].as_f64() > Some(0.0), "{row}");
        assert!(row["ratio"].as_f64() > Some(0.0) && !row["hash"].as_str().unwrap_or("").is_empty(), "{row}");
        assert_eq!((row["rounds"].as_u64(), row["verified"].as_bool()), (Some(1), Some(true)), "{row}");
    }
    let left: Vec<_> = std::fs::read_dir(&folder).expect("the folder was made").collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The rows of a quick run, or none where the machine has one core only.
fn quick_rows(arguments: &[&str]) -> Vec<Value> {
    let output = compare(&[arguments, &["--quick", "--rounds", "1", "--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    if lines.is_empty() {
        assert!(errors.contains("SKIPPED (") || errors.contains("left out, the cores moved"), "{errors}");
    }
    lines.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect()
}

/// What a row says it is about.
fn names<'r>(row: &'r Value, second: &str) -> (&'r str, &'r str) {
    (row["case"].as_str().unwrap_or(""), row[second].as_str().unwrap_or(""))
}

#[test]
fn every_ring_hands_over_the_same_messages() {
    let rows = quick_rows(&["ring"]);
    let single = ["rtrb", "disruptor", "ringbuf", "crossbeam-channel", "crossbeam-queue"];
    let many = ["disruptor", "crossbeam-channel", "crossbeam-queue"];
    let cases = [
        ("spsc-64", &single[..]),
        ("spsc-128", &single),
        ("spsc-64-batch", &single[..3]),
        ("mpsc-64-1p", &many),
        ("mpsc-64-2p", &many),
    ];
    let expected: Vec<_> =
        cases.iter().flat_map(|(case, peers)| peers.iter().map(move |&peer| (*case, peer))).collect();
    // A pair during which the cores moved each time has no row.
    assert!(rows.iter().all(|row| expected.contains(&names(row, "peer"))), "{rows:?}");
    for row in &rows {
        assert_eq!((row["suite"].as_str(), row["subject"].as_str()), (Some("ring"), Some("novate")));
        assert!(row["subject_ns"].as_f64() > Some(0.0) && row["peer_ns"].as_f64() > Some(0.0), "{row}");
        assert!(row["ratio"].as_f64() > Some(0.0) && row["core_to_core_ns"].as_f64() > Some(0.0), "{row}");
        assert!(["near", "far"].contains(&row["placement"].as_str().unwrap_or("")), "{row}");
        // Both hashes are held against what was sent.
        assert_eq!((row["rounds"].as_u64(), row["verified"].as_bool()), (Some(1), Some(true)), "{row}");
        let same = rows.iter().find(|other| other["case"] == row["case"]).map(|other| &other["hash"]);
        assert!(row["hash"].as_str().is_some_and(|hash| hash.len() >= 16) && same == Some(&row["hash"]), "{row}");
    }
}

#[test]
fn latency_stands_beside_the_time_from_core_to_core() {
    let rows = quick_rows(&["ring-latency"]);
    let everybody = ["novate", "rtrb", "ringbuf", "crossbeam-channel", "crossbeam-queue"];
    for row in &rows {
        assert!(["spsc-64", "mpsc-64", "broadcast-64"].contains(&names(row, "subject").0), "{row}");
        assert!(everybody.contains(&names(row, "subject").1), "{row}");
        assert_eq!((row["suite"].as_str(), row["verified"].as_bool()), (Some("ring-latency"), Some(true)), "{row}");
        let figure = |key: &str| row[key].as_f64().unwrap_or(0.0);
        assert!(figure("p50_ns") > 0.0 && figure("p99_ns") >= figure("p50_ns"), "{row}");
        // Beside other work, either can take as long as that has the core.
        let multiple = figure("p50_ns") / figure("core_to_core_ns");
        assert!((figure("multiple") - multiple).abs() <= 0.0006 + multiple / 100.0, "{row}");
        assert_eq!(figure("core_to_core_ns") < 120.0, row["placement"] == "near", "{row}");
    }
    let only = quick_rows(&["ring-latency", "--case", "mpsc-64", "--peer", "crossbeam-queue"]);
    assert!(only.iter().all(|row| ["novate", "crossbeam-queue"].contains(&names(row, "subject").1)), "{only:?}");
}

#[test]
fn the_pipeline_says_the_same_events_as_the_bare_book() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().to_str().expect("text");
    let output = compare(&["pipeline", "--case", "A", "--quick", "--rounds", "1", "--json", "--dir", dir]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let row: Value = serde_json::from_slice(&output.stdout).expect("one row");
    assert_eq!((&row["suite"], &row["case"], &row["peer"]), (&json!("pipeline"), &json!("A"), &json!("book")));
    assert_eq!((&row["verified"], &row["commands"]), (&json!(true), &json!(200_000)));
    assert_eq!(row["hash"].as_str().map(str::len), Some(32));
    assert!(row["note"].as_str().is_some_and(|note| note.contains("no shadow")), "{row}");
    assert!(folder.path().read_dir().expect("a folder").next().is_none(), "nothing is left");
}

#[test]
fn with_margin_the_pipeline_makes_the_same_trades() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().to_str().expect("text");
    let rows = quick_rows(&["pipeline", "--case", "A-margin", "--dir", dir]);
    let [row] = rows.as_slice() else { panic!("one row, not {rows:?}") };
    assert_eq!((&row["suite"], names(row, "peer")), (&json!("pipeline"), ("A-margin", "book")));
    assert_eq!((&row["verified"], &row["commands"]), (&json!(true), &json!(200_000)));
    assert!(row["commands_per_second"].as_f64() > Some(0.0), "{row}");
    assert!(row["goal"].as_str().is_some_and(|goal| goal.contains("commands/s")), "{row}");
}

#[test]
fn what_margin_costs_is_measured_on_the_same_events() {
    let rows = quick_rows(&["margin"]);
    let cases = [
        ("flow-futures", "ratio 1.6"),
        ("flow-portfolio", "none"),
        ("fill-futures", "10 ns more"),
        ("fill-portfolio", "10 ns more"),
        ("check-futures", "30 ns more"),
        ("check-portfolio", "100 ns more"),
        ("check-full", "100 ns more"),
        ("check-far", "250 ns more"),
        ("rest-futures", "none"),
        ("rest-portfolio", "none"),
        ("ticks", "380 ns more"),
    ];
    assert_eq!(rows.len(), cases.len(), "{rows:?}");
    for (row, (case, goal)) in rows.iter().zip(cases) {
        let peer = if case == "ticks" { "without ticks" } else { "without margin" };
        assert_eq!((names(row, "peer"), row["goal"].as_str()), ((case, peer), Some(goal)));
        assert_eq!((row["suite"].as_str(), row["subject"].as_str()), (Some("margin"), Some("novate")));
        assert!(row["subject_ns"].as_f64() > Some(0.0) && row["peer_ns"].as_f64() > Some(0.0), "{row}");
        assert!(row["ratio"].as_f64() > Some(0.0) && row["extra_ns"].as_f64().is_some(), "{row}");
        assert!(row["reached"].as_bool().is_some() && row["units"].as_u64() > Some(0), "{row}");
        assert_eq!((row["rounds"].as_u64(), row["verified"].as_bool()), (Some(1), Some(true)), "{row}");
        assert_eq!(row["hash"].as_str().map(str::len), Some(32), "{row}");
        assert_eq!(row.get("age_commands").is_some(), case == "ticks", "{row}");
    }
    let ticks = &rows[cases.len() - 1];
    assert!(ticks["publications"].as_u64() > Some(1) && ticks["age_commands"].as_u64() > Some(0), "{ticks}");
    assert!(ticks["arrays"].as_u64() == Some(1) && ticks["records"].as_u64() <= Some(4), "{ticks}");
}

#[test]
fn every_price_is_the_same_on_every_level_and_at_everybody() {
    let rows = quick_rows(&["pricing"]);
    let pairs =
        [("greeks", "scalar"), ("greeks", "black-76"), ("implied", "implied-vol"), ("implied-far", "implied-vol")];
    let expected = [&pairs[..], &[("risk-array", "scalar")]].concat();
    for pair in &expected {
        let of_pair: Vec<_> = rows.iter().filter(|row| names(row, "peer") == *pair).collect();
        // The level that every processor has comes last.
        assert_eq!(of_pair.last().map(|row| row["level"].as_str()), Some(Some("software")), "{pair:?}");
        assert!(of_pair.iter().all(|row| row["hash"] == of_pair[0]["hash"]), "{of_pair:?}");
    }
    for row in &rows {
        assert!(expected.contains(&names(row, "peer")), "{row}");
        assert_eq!((row["suite"].as_str(), row["subject"].as_str()), (Some("pricing"), Some("novate")));
        assert!(["avx512", "avx2", "software"].contains(&row["level"].as_str().unwrap_or("")), "{row}");
        assert!(row["subject_ns"].as_f64() > Some(0.0) && row["peer_ns"].as_f64() > Some(0.0), "{row}");
        assert!(row["ratio"].as_f64() > Some(0.0) && row["units"].as_u64() > Some(1_000), "{row}");
        assert_eq!((row["rounds"].as_u64(), row["verified"].as_bool()), (Some(1), Some(true)), "{row}");
        assert_eq!(row["hash"].as_str().map(str::len), Some(64), "{row}");
    }
}

#[test]
fn wrong_usage_is_explained_and_exits_with_two() {
    let cases: [(&[&str], &str); 21] = [
        (&[], "Usage"),
        (&["rings"], "ring"),
        (&["ring", "--case", "spsc-256"], "possible values: spsc-64, spsc-128"),
        (&["ring", "--peer", "nobody"], "rtrb"),
        (&["ring", "--case", "mpsc-64-1p", "--peer", "rtrb"], "does not stand in that case"),
        (&["ring", "--case", "spsc-64-batch", "--peer", "crossbeam-queue"], "does not stand in that case"),
        (&["ring", "--rounds", "8"], "at least 9"),
        (&["ring-latency", "--peer", "disruptor"], "rtrb"),
        (&["ring-latency", "--case", "broadcast-64", "--peer", "rtrb"], "does not stand in that case"),
        (&["book", "--case", "D"], "possible values: A, B, C"),
        (&["book", "--case", "C", "--peer", "lobster"], "no peers"),
        (&["book", "--peer", "nobody"], "matchcore"),
        (&["book", "--rounds", "4"], "at least 5"),
        (&["journal", "--case", "append", "--peer", "okaywal"], "no such peer"),
        (&["journal", "--rounds", "4"], "at least 5"),
        (&["pricing", "--case", "risk-array", "--peer", "black-76"], "no such peer"),
        (&["pricing", "--rounds", "8"], "at least 9"),
        (&["margin", "--case", "fill"], "possible values: flow-futures"),
        (&["margin", "--case", "ticks", "--peer", "without-margin"], "no such peer"),
        (&["margin", "--rounds", "8"], "at least 9"),
        (&["book", "--rounds", "0", "--quick"], "1..=1000"),
    ];
    for (arguments, hint) in cases {
        let output = compare(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(hint), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
