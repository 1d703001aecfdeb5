//! `novate latency`, on whatever machine this is: what it says adds up, whatever the times are.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Folder, run};

/// Commands a second and a duration that a debug build on a busy machine follows, or says that it did not.
const RATE: u64 = 5_000;
const TIMED: u64 = 1_000;

#[test]
fn every_stage_is_measured_and_reported() {
    let (folder, report) = (Folder::new(), Folder::new());
    let disk = folder.path();
    let place = format!("{}/report", report.path());
    let rate = RATE.to_string();
    let ran = run(&["latency", "--rate", &rate, "--duration", "0.2", "--report", &place, "--disk", &disk, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let objects = ran.objects();
    let (result, rows) = objects.split_last().expect("a result");

    let stages: Vec<&str> = rows.iter().filter_map(|row| row["stage"].as_str()).collect();
    assert_eq!(stages, ["end-to-end", "late", "ring", "journal", "match", "events"]);
    let names = ["p50", "p90", "p99", "p99.9", "p99.99", "p99.999", "max"];
    for row in rows {
        assert_eq!((row["rate"].as_u64(), row["count"].as_u64()), (Some(RATE), Some(TIMED)), "{row}");
        let times = names.map(|name| row[name].as_u64().expect("nanoseconds"));
        assert!(times.is_sorted(), "{row}");
        // Nothing of a thousand times says what one of a hundred thousand is.
        let meaningless = row["meaningless"].as_array().expect("a list");
        assert!(meaningless.contains(&"p99.999".into()) && meaningless.contains(&"max".into()), "{row}");
    }
    let whole = rows[0]["p50"].as_u64().expect("nanoseconds");
    assert!(whole > rows[1]["p50"].as_u64().expect("nanoseconds"), "answered before it was sent: {rows:?}");
    assert!(result["followed"] == RATE || result["saturated"][0] == RATE, "{result}");
    assert!(result["machine"]["processor"].is_string() && result["percentiles"]["meaningless"].is_array(), "{result}");

    let files = |name: &str| fs::read_to_string(format!("{place}/{name}")).expect("a file");
    for stage in stages {
        let text = files(&format!("{RATE}-{stage}.hgrm"));
        let total = text.lines().rfind(|line| line.starts_with("#[Max")).expect("a total").split_whitespace().last();
        assert_eq!(total, Some(format!("{TIMED}]").as_str()), "{text}");
        assert!(files(&format!("{RATE}.hlog")).contains(&format!("Tag={stage},")));
    }
    let page = files("index.html");
    assert!(page.matches("<svg").count() == 4 && page.contains("end-to-end"), "{page}");
    let ways_out = ways_out(&page);
    assert!(ways_out.is_empty(), "{ways_out:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "a journal was left");
}

/// What leads out of a page, or may. SVG's own name is an address that nobody loads.
fn ways_out(page: &str) -> Vec<String> {
    let page = page.to_ascii_lowercase().replace(['"', '\''], "");
    let mut found = Vec::new();
    for (mark, inside) in [
        ("http", &["://www.w3.org/2000/svg>", "://www.w3.org/2000/svg "][..]),
        ("src=", &["#", "data:"]),
        ("href=", &["#", "data:"]),
        ("url(", &["#", "data:"]),
        ("@import", &[]),
    ] {
        let places = page.split(mark).skip(1).filter(|rest| !inside.iter().any(|inside| rest.starts_with(inside)));
        found.extend(places.map(|rest| format!("{mark}{}", rest.split('>').next().unwrap_or_default())));
    }
    found
}

#[test]
fn a_page_that_leads_elsewhere_is_found_out() {
    let svg = r#"<svg xmlns="http://www.w3.org/2000/svg">"#;
    for inside in ["", r##"<use href="#a"/>"##, r#"<img src="data:image/png;base64,AA==">"#, "<a style='fill:url(#a)'>"]
    {
        assert!(ways_out(&format!("{svg}{inside}")).is_empty(), "{inside}");
    }
    for outside in [
        r#"<script src="https://example.org/a.js">"#,
        r#"<SCRIPT SRC="HTTPS://EXAMPLE.ORG/A.JS">"#,
        r#"<link href="//example.org/a.css">"#,
        "<link href='a.css'>",
        "<img src=a.png>",
        r#"<p style="background:url(a.png)">"#,
        "<style>@import 'a.css'</style>",
        r#"<p x="http://www.w3.org/2000/svg/a.js">"#,
    ] {
        assert!(!ways_out(&format!("{svg}{outside}")).is_empty(), "{outside}");
    }
}

#[test]
fn people_see_the_machine_and_what_figures_are_worth() {
    let ran = run(&["latency", "--rate", "2000", "--duration", "0.05"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for text in ["processor  ", "a second", "end-to-end", "p99.99", "ercentiles", "?"] {
        assert!(ran.stdout.contains(text), "{text} in {}", ran.stdout);
    }
    assert!(ran.stderr.contains("2000 a second: "), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_is() {
    let folder = Folder::new();
    let full = folder.path();
    let file = format!("{full}/file");
    fs::write(&file, "").expect("a file");
    let missing = format!("{full}/missing");
    for (args, code, text) in [
        (vec!["--rate", "0"], 2, "0 is not in 1..=100000000"),
        (vec!["--duration", "0"], 2, "expected seconds from 0.001 to 86400"),
        (vec!["--cores", "0"], 2, "expected two different cores such as 2,3"),
        (vec!["--cores", "0,5000"], 2, "expected --cores to be among"),
        (vec!["--report", &full], 2, "expected a new or empty folder for the report"),
        (vec!["--report", &file], 2, "expected a new or empty folder for the report"),
        (vec!["--disk", &missing], 4, "cannot be made"),
        (vec!["--sync", "0"], 2, "expected none, batch or milliseconds"),
    ] {
        let ran = run(&[&["latency"], &args[..]].concat());
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
}

/// What was measured is told where its report cannot be written.
#[test]
fn a_report_that_fails_loses_no_figure() {
    let folder = Folder::new();
    let place = format!("{}/report", folder.path());
    let child = Command::new(assert_cmd::cargo::cargo_bin!("novate"))
        .args(["latency", "--rate", "2000", "--duration", "1", "--disk", &folder.path(), "--report", &place, "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let begin = Instant::now();
    while !fs::exists(&place).expect("a folder") {
        assert!(begin.elapsed() < Duration::from_mins(1), "it does not begin");
        thread::sleep(Duration::from_millis(5));
    }
    fs::write(format!("{place}/in the way"), "").expect("a file");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("text in UTF-8");
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains(&format!("{place}: it cannot be made")), "{said}");
    assert!(String::from_utf8(output.stdout).expect("text in UTF-8").contains("\"duration_ns\":"), "{said}");
}

/// Ctrl-C in the middle: it ends soon, and leaves nothing on the disk.
#[cfg(unix)]
#[test]
fn whoever_interrupts_it_finds_the_disk_as_it_was() {
    let folder = Folder::new();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("novate"))
        .args(["latency", "--rate", "1000", "--duration", "3600", "--disk", &folder.path()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let begin = Instant::now();
    let is_begun = || fs::read_dir(folder.path()).expect("a folder").count() > 0;
    while !is_begun() || begin.elapsed() < Duration::from_secs(2) {
        assert!(begin.elapsed() < Duration::from_mins(1), "it does not begin");
        thread::sleep(Duration::from_millis(20));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal is sent");
    assert!(killed.success());
    let status = child.wait().expect("it ends");
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text in UTF-8");
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted: nothing was kept"), "{said}");
    assert!(!is_begun(), "a journal was left");
}
