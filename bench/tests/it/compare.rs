//! The command `compare` as its users meet it.

use assert_cmd::Command;
use serde_json::Value;

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

#[test]
fn wrong_usage_is_explained_and_exits_with_two() {
    let cases: [(&[&str], &str); 9] = [
        (&[], "Usage"),
        (&["ring"], "ring"),
        (&["book", "--case", "D"], "possible values: A, B, C"),
        (&["book", "--case", "C", "--peer", "lobster"], "no peers"),
        (&["book", "--peer", "nobody"], "matchcore"),
        (&["book", "--rounds", "4"], "at least 5"),
        (&["journal", "--case", "append", "--peer", "okaywal"], "no such peer"),
        (&["journal", "--rounds", "4"], "at least 5"),
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
