//! `novate doctor`, on whatever machine this is.

use std::fs;

use serde_json::Value;

use crate::support::{Folder, novate, run};

/// Settings that the commands which it names would change.
const SETTINGS: [&str; 5] = [
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/mm/transparent_hugepage/defrag",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource",
    "/sys/devices/system/cpu/online",
    "/proc/swaps",
];

fn settings() -> Vec<Option<String>> {
    SETTINGS.map(|path| fs::read_to_string(path).ok()).to_vec()
}

#[test]
fn says_what_is_bad_and_what_the_machine_is() {
    let (folder, before) = (Folder::new(), settings());
    let output = novate().args(["doctor", "--json"]).current_dir(folder.path()).output().expect("the binary starts");
    let stdout = String::from_utf8(output.stdout).expect("text in UTF-8");
    let objects: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).expect("well-formed JSON")).collect();
    let (result, checks) = objects.split_last().expect("a result");

    let is = |verdict: &str| checks.iter().filter(|check| check["verdict"] == verdict).count();
    let counts = ["ok", "bad", "unknown"].map(|verdict| (result[verdict].as_u64(), is(verdict)));
    assert!(counts.iter().all(|(said, counted)| *said == Some(*counted as u64)), "{stdout}");
    assert_eq!(counts.iter().map(|(_, counted)| counted).sum::<usize>(), checks.len());
    assert_eq!(output.status.code(), Some(i32::from(is("bad") > 0)), "{stdout}");
    for check in checks {
        for key in ["check", "found", "why"] {
            assert!(check[key].as_str().is_some_and(|text| !text.is_empty()), "{check}");
        }
        assert_eq!(check["mend"].is_string(), check["verdict"] == "bad", "{check}");
    }
    assert!(result["machine"]["processor"].is_string() && result["machine"]["kernel"].is_string(), "{result}");
    for gaps in result["hiccups"].as_array().expect("a list") {
        assert!(gaps["elapsed_ns"].as_u64().is_some_and(|ns| ns >= 500_000_000), "{gaps}");
    }
    assert!(result["percentiles"]["meaningless"].is_array(), "{result}");

    assert_eq!(settings(), before);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "something was written");
}

#[test]
fn people_see_every_check_and_what_figures_are_worth() {
    let ran = run(&["doctor"]);
    assert!(matches!(ran.code, 0 | 1), "{}", ran.stderr);
    for text in ["processor  ", "governor  ", "isolated cores  ", "hiccups  ", "percentile"] {
        assert!(ran.stdout.to_lowercase().contains(text), "{text} in {}", ran.stdout);
    }
    let counts: Vec<&str> = ran.last_line().split(' ').collect();
    assert!(matches!(counts[..], [_, "ok,", _, "bad,", _, "unknown"]), "{}", ran.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn cores_that_are_not_there() {
    for cores in ["4096", "0,4096", "4096-4097"] {
        let ran = run(&["doctor", "--cores", cores]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{cores}");
        let message = ran.stderr.trim_end();
        assert!(message.starts_with("novate: expected --cores to be among "), "{message}");
        assert!(message.contains(", found 4096") && message.ends_with(" not there"), "{message}");
    }
    for cores in ["", "x", "1-0", "0-99999999", "-1"] {
        assert_eq!(run(&["doctor", "--cores", cores]).code, 2, "{cores}");
    }
}
