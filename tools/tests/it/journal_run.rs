//! `novate run --journal`.

use std::fs;

use serde_json::json;

use crate::journals::files;
use crate::support::{BUNDLED_DIGEST, BUNDLED_SEQUENCE, BUNDLED_STATE, Folder, bundled_text, novate, run};

/// The first rows of the bundled hour.
fn rows(folder: &Folder, count: usize) -> String {
    let text: String = bundled_text("order_entry").split_inclusive('\n').take(count + 1).collect();
    folder.file("rows.csv", text)
}

#[test]
fn the_bundled_hour_is_written_and_replayed() {
    let folder = Folder::new();
    let path = format!("{}/new/journal", folder.path());
    let ran = run(&["run", "--journal", &path, "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.lines().count()), (0, "", 1));
    let result = ran.result();
    assert_eq!((&result["sequence"], &result["commands"]), (&json!(BUNDLED_SEQUENCE), &json!(30_000)));
    let journal = &result["journal"];
    for object in [&result, &journal["replayed"], &run(&["replay", &path, "--json"]).result()] {
        assert_eq!((&object["sequence"], &object["events_digest"]), (&json!(BUNDLED_SEQUENCE), &json!(BUNDLED_DIGEST)));
        assert_eq!(object["state_digest"], BUNDLED_STATE);
        assert!(object["commands"].is_u64() && object["commands_per_second"].is_u64());
    }
    assert_eq!((&journal["folder"], &journal["agrees"]), (&json!(path), &json!(true)));
    let segments: Vec<Vec<u8>> =
        files(&path).into_iter().filter(|file| file.0.ends_with(".segment")).map(|file| file.1).collect();
    assert_eq!(journal["segments"], json!(segments.len()));
    assert_eq!(journal["bytes"], json!(segments.iter().map(Vec::len).sum::<usize>()));
    let verified = run(&["verify", &path, "--json"]);
    assert_eq!((verified.code, &verified.result()["closed"]), (0, &json!(true)));
    assert_eq!(run(&["replay", &path, "--from-snapshot"]).code, 2);
    assert_eq!(run(&["snapshot", &path]).code, 0);
    assert_eq!(run(&["replay", &path, "--from-snapshot", "--json"]).result()["state_digest"], BUNDLED_STATE);
}

#[test]
fn segments_and_durability_change_nothing() {
    let folder = Folder::new();
    let flow = rows(&folder, 2_500);
    let plain = run(&["run", "--flow", &flow, "--json"]).result();
    for (place, args) in [
        &["--segment-size", "4096", "--sync", "none"][..],
        &["--segment-size", "65536", "--sync", "batch"],
        &["--sync", "5"],
        &["--sync", "none"],
        &[],
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("{}/journal-{place}", folder.path());
        let ran = run(&[&["run", "--flow", &flow, "--journal", &path, "--json"], args].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
        let segments = ran.result()["journal"]["segments"].as_u64().expect("a number");
        assert_eq!(segments > 50, args.contains(&"4096"), "{segments}");
        for object in [ran.result(), run(&["replay", &path, "--json"]).result()] {
            for key in ["sequence", "events_digest", "state_digest"] {
                assert_eq!(object[key], plain[key], "{args:?}");
            }
        }
        assert_eq!(run(&["verify", &path, "--json"]).result()["sequence"], plain["sequence"]);
    }
}

#[test]
fn the_text_names_the_journal() {
    let folder = Folder::new();
    let (flow, path) = (rows(&folder, 50), format!("{}/journal", folder.path()));
    let ran = run(&["run", "--flow", &flow, "--journal", &path]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains(&format!("{path}, 1 segment, ")), "{}", ran.stdout);
    assert!(ran.stdout.contains("the same digests, "), "{}", ran.stdout);
}

#[test]
fn a_folder_that_holds_something_is_refused() {
    let folder = Folder::new();
    let flow = rows(&folder, 50);
    let path = format!("{}/journal", folder.path());
    let begin = |path: &str| run(&["run", "--flow", &flow, "--journal", path]);
    assert_eq!(begin(&path).code, 0);
    let file = folder.file("foreign/notes.txt", "x");
    let foreign = format!("{}/foreign", folder.path());
    let sub = format!("{}/with-folder", folder.path());
    fs::create_dir_all(format!("{sub}/lock")).expect("a folder");
    for (path, held) in [(&path, "00000001.segment"), (&foreign, "notes.txt"), (&sub, "lock")] {
        let before: Vec<_> =
            fs::read_dir(path).expect("a folder").map(|entry| entry.expect("a file").file_name()).collect();
        let ran = begin(path);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        let said =
            format!("novate: {path}: expected a new or empty folder, found {held} in it; choose another folder\n");
        assert_eq!(ran.stderr, said);
        assert_eq!(fs::read_dir(path).expect("a folder").count(), before.len());
    }
    for path in [file.clone(), format!("{file}/journal")] {
        let ran = begin(&path);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        let said = format!(
            "novate: {path}: expected a new or empty folder, found a file in its place; choose another folder\n"
        );
        assert_eq!(ran.stderr, said);
    }
}

/// A file that must not grow is an error like a full disk, not the end of the process.
#[test]
fn where_files_must_not_grow() {
    let folder = Folder::new();
    let path = format!("{}/journal", folder.path());
    let limited = format!("ulimit -f 1; exec {} run --journal {path}", novate().get_program().display());
    let ran = std::process::Command::new("bash").args(["-c", &limited]).output().expect("a shell");
    let said = String::from_utf8(ran.stderr).expect("text");
    assert_eq!(ran.status.code(), Some(4), "{said}");
    assert!(said.starts_with(&format!("novate: {path}/00000001.segment: making the first segment failed: ")), "{said}");
}

/// What a crash leaves of a beginning is no journal, and none is lost by beginning again.
#[test]
fn what_a_crash_left_of_a_beginning_counts_as_empty() {
    let folder = Folder::new();
    let flow = rows(&folder, 50);
    folder.file("journal/lock", "");
    folder.file("journal/00000001.segment.tmp", "half of it");
    let path = format!("{}/journal", folder.path());
    for verb in [&["verify"][..], &["replay"], &["snapshot"], &["recover"], &["prune", "--before-snapshot", "--yes"]] {
        let ran = run(&[verb, &[&path, "--json"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{verb:?}: {}", ran.stderr);
        let said = format!("novate: {path}: expected a journal, found no segment; `novate run --journal` begins one\n");
        assert_eq!(ran.stderr, said);
    }
    assert_eq!(run(&["run", "--flow", &flow, "--journal", &path]).code, 0);
    assert_eq!(run(&["verify", &path]).code, 0);
    let names: Vec<String> = files(&path).into_keys().collect();
    assert_eq!(names, ["00000001.segment", "control", "counters", "lock"]);
    // The control file of a beginning that got so far, and no segment.
    fs::remove_file(format!("{path}/00000001.segment")).expect("a segment");
    let ran = run(&["verify", &path]);
    assert_eq!(ran.code, 3, "a control file that knows of a segment is no beginning: {}", ran.stderr);
}

/// Whoever runs the tests may be able to write anywhere, so the folder is where nobody can make one.
#[test]
fn a_folder_that_cannot_be_made() {
    let ran = run(&["run", "--journal", "/proc/novate-journal"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""));
    assert!(ran.stderr.starts_with("novate: /proc/novate-journal: it cannot be made: "), "{}", ran.stderr);
}

#[test]
fn options_of_the_journal() {
    let folder = Folder::new();
    let path = format!("{}/journal", folder.path());
    for args in [
        &["--journal", &path, "--sync", "0"][..],
        &["--journal", &path, "--sync", "often"],
        &["--journal", &path, "--segment-size", "4097"],
        &["--journal", &path, "--segment-size", "0"],
        &["--journal", &path, "--segment-size", "1073745920"],
    ] {
        let ran = run(&[&["run"], args].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(ran.stderr.contains("expected") || ran.stderr.contains("--journal"), "{args:?}: {}", ran.stderr);
    }
    assert!(!fs::exists(&path).expect("an answer"), "nothing was made");
}

#[test]
fn where_the_flow_ends_in_a_complaint_the_journal_is_whole() {
    let folder = Folder::new();
    let flow = folder.flow("1,1,new,1,buy,10,5,gtc\n2,2,new,2,sell,10,5,gtc\n3,3,frobnicate,3,buy,1,1,gtc\n");
    let path = format!("{}/journal", folder.path());
    let ran = run(&["run", "--flow", &flow, "--opening", "continuous", "--journal", &path]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    let verified = run(&["verify", &path, "--json"]);
    assert_eq!((verified.code, &verified.result()["closed"]), (0, &json!(true)), "{}", verified.stderr);
}
