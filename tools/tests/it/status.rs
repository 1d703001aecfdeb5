//! `novate status`.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use novate_core::genesis::{Capacities, Genesis};
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::{Durability, Settings as JournalSettings};
use novate_replica::clock::CycleClock;
use novate_replica::primary::{Primary, Settings, Submission};
use novate_replica::wait::Waiting;
use serde_json::json;

use crate::support::{Folder, novate, run};

#[test]
fn what_a_primary_leaves() {
    let folder = Folder::new();
    let path = format!("{}/journal", folder.path());
    let flow = folder.flow("1,1,new,1,buy,10,5,gtc\n2,2,new,2,sell,10,5,gtc\n3,3,cancel,9,,,,\n");
    let ran = run(&["run", "--flow", &flow, "--opening", "continuous", "--journal", &path, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let result = ran.result();
    let status = run(&["status", &path, "--json"]);
    assert_eq!((status.code, status.stderr.as_str(), status.objects().len()), (0, "", 1));
    let status = status.result();
    assert_eq!((&status["state"], &status["epoch"]), (&json!("stopped"), &json!(1)));
    assert_eq!((&status["commands_per_second"], &status["durable_lag_bytes"]), (&json!(0), &json!(0)));
    for key in ["sequence", "work_commands", "checkpoints"] {
        assert_eq!(status[key], result[key], "{key}");
    }
    // One row is rejected, and each account that asks for more cash than it may take.
    assert!(status["submissions"].as_u64() > Some(500) && status["rejected"].as_u64() > Some(1), "{status}");
    assert_eq!((&status["shadow_sequence"], &status["shadow_lag"]), (&result["sequence"], &json!(0)));
    let text = run(&["status", &path, "--watch"]);
    assert!(text.code == 0 && text.stdout.contains("stopped"), "{}", text.stdout);
    let scraped = run(&["status", &path, "--prometheus"]).stdout;
    let line = format!("\n# TYPE novate_sequence counter\nnovate_sequence {}\n", result["sequence"]);
    assert!(scraped.starts_with("# HELP novate_state ") && scraped.contains(&line), "{scraped}");
    assert!(
        scraped.contains("# HELP novate_durable_lag commands that were executed and are not yet durable\n"),
        "{scraped}"
    );
    // The file is no part of the journal.
    assert_eq!(run(&["verify", &path]).code, 0);
    std::fs::remove_file(format!("{path}/counters")).expect("a file");
    assert_eq!(run(&["verify", &path]).code, 0);
    let none = run(&["status", &path]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    assert!(none.stderr.contains("found none; no primary has run on this journal"), "{}", none.stderr);
    std::fs::write(format!("{path}/counters"), "x").expect("a file");
    let other = run(&["status", &path]);
    assert_eq!((other.code, other.stderr.contains("found another file")), (2, true), "{}", other.stderr);
    let both = run(&["status", &path, "--prometheus", "--json"]);
    assert_eq!((both.code, both.stderr.contains("found both")), (2, true), "{}", both.stderr);
}

/// A primary that runs in this process, to which commands come that it rejects.
fn under_load(folder: &Folder, look: impl FnOnce(&str)) {
    let path = folder.path();
    let storage: Arc<dyn Storage> = Arc::new(DiskStorage::new(&path));
    let genesis = Genesis::new(0, 7, Capacities::for_orders(64));
    let journal = JournalSettings { segment_bytes: 1 << 18, ..JournalSettings::new(Durability::Interval(10)) };
    let settings = Settings { waiting: Waiting::Park, ..Settings::new(journal) };
    let primary = Primary::create(&storage, &genesis, CycleClock::new(), &settings).expect("a primary");
    let (mut ingress, is_over) = (primary.ingress(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let submission = Submission::new(0, novate_core::command::RawCommand::new(&[7])).expect("a length");
                let _ = ingress.try_push(submission.words());
                thread::sleep(Duration::from_millis(1));
            }
        });
        look(&path);
        is_over.store(true, Ordering::Relaxed);
    });
    primary.stop().expect("in order");
}

#[test]
fn a_primary_that_runs() {
    let folder = Folder::new();
    under_load(&folder, |path| {
        let once = run(&["status", path, "--json"]);
        assert_eq!((once.code, once.stderr.as_str(), once.objects().len()), (0, "", 1));
        let status = once.result();
        assert_eq!((&status["state"], &status["process"]), (&json!("running"), &json!(std::process::id())));
        let number = |key: &str| status[key].as_u64().unwrap_or_else(|| panic!("{key} of {status}"));
        // A command a millisecond, less where others have the cores; each is rejected. Timers come besides.
        let rates = ["commands_per_second", "submissions_per_second", "rejected_per_second"].map(number);
        assert!(rates.iter().all(|rate| (1..=5_000).contains(rate)) && rates[0] >= rates[1], "{rates:?}");
        number("durable_per_second");
        assert_eq!((number("ingress_size"), number("egress_size")), (1 << 14, 1 << 16));
        assert!(number("ingress_fill") <= 1 << 14 && number("egress_fill") == 0, "nobody gates");
        assert!(number("durable_sequence") + number("durable_lag") >= number("sequence"));
        assert!(number("durable_lag_bytes") < 1 << 20 && number("segment_wait") <= 1);
        let scraped = run(&["status", path, "--prometheus"]).stdout;
        for name in ["ingress_fill", "egress_fill", "durable_lag_bytes", "durable_lag", "shadow_lag", "segment_wait"] {
            assert!(scraped.contains(&format!("\n# TYPE novate_{name} gauge\nnovate_{name} ")), "{name} in {scraped}");
        }
    });
}

/// What was killed cannot say so; the system does.
#[cfg(target_os = "linux")]
#[test]
fn a_primary_that_died() {
    let folder = Folder::new();
    let path = format!("{}/journal", folder.path());
    // A flow that does not end.
    let flow = format!("{}/flow", folder.path());
    assert!(Command::new("mkfifo").arg(&flow).status().expect("a program of every system").success());
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("novate"))
        .args(["run", "--flow", &flow, "--opening", "continuous", "--journal", &path])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut rows = std::fs::OpenOptions::new().write(true).open(&flow).expect("a pipe");
    // So many rows are read ahead, to see what the flow is like.
    writeln!(rows, "{}1,1,new,1,buy,10,5,gtc", crate::support::HEADER).expect("a reader");
    for n in 2..=4_096 {
        writeln!(rows, "{n},1,cancel,9,,,,").expect("a reader");
    }
    let begin = Instant::now();
    while !run(&["status", &path]).stdout.contains("running") {
        assert!(begin.elapsed() < Duration::from_mins(1), "it does not begin");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("a process");
    child.wait().expect("it ends");
    let once = run(&["status", &path, "--json"]);
    assert_eq!((once.code, &once.result()["state"]), (0, &json!("died")), "{}", once.stdout);
    assert_eq!(once.result()["commands_per_second"], json!(0));
    let watched = run(&["status", &path, "--watch"]);
    assert!(watched.code == 0 && watched.stdout.contains("died"), "{}", watched.stdout);
}

/// Who watches sees rates in every look, and the end.
#[test]
fn watching_ends_with_the_primary() {
    let folder = Folder::new();
    let watch = thread::scope(|scope| {
        let mut watching = None;
        under_load(&folder, |path| {
            let path = path.to_owned();
            let started = scope.spawn(move || novate().args(["status", &path, "--watch", "--json"]).output());
            thread::sleep(Duration::from_millis(600));
            watching = Some(started);
        });
        watching.expect("a thread").join().expect("no panic").expect("the binary runs")
    });
    let text = String::from_utf8(watch.stdout).expect("text");
    let looks: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert!(looks.len() >= 2, "{text}");
    assert!(looks[0]["state"] == "running" && looks[0]["commands_per_second"].as_u64() > Some(0), "{text}");
    let last = looks.last().expect("a look");
    assert!(last["state"] == "stopped" && last["commands_per_second"] == 0 && last["durable_lag_bytes"] == 0, "{text}");
}
