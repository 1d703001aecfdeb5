//! `novate prune`.

use serde_json::json;

use crate::journals::{Recipe, Writing, commands, files, frame_of, journal, patch};
use crate::support::{Folder, Ran, run};

fn prune(journal: &str, args: &[&str]) -> Ran {
    run(&[&["prune", journal, "--before-snapshot"], args].concat())
}

/// A closed journal with snapshots at 20 and 50.
fn made(folder: &Folder) -> String {
    let path = journal(folder, "journal", &commands(60), Recipe::new());
    for at in ["20", "50"] {
        assert_eq!(run(&["snapshot", &path, "--at", at]).code, 0);
    }
    path
}

#[test]
fn the_journal_begins_at_the_snapshot_then() {
    let folder = Folder::new();
    let path = made(&folder);
    let (before, segment) = (files(&path), frame_of(&path, 50).position.segment);
    let whole = run(&["replay", &path, "--json"]).result();
    let ran = prune(&path, &["--yes", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let result = ran.result();
    assert_eq!((&result["snapshot"], &result["done"]), (&json!(50), &json!(true)));
    let segments: Vec<String> = (1..segment).map(|number| format!("{number:08}.segment")).collect();
    let snapshot = "00000000000000000020.snapshot".to_owned();
    assert_eq!((&result["segments"], &result["snapshots"]), (&json!(segments), &json!([snapshot])));
    let gone = segments.iter().chain([&snapshot]);
    assert_eq!(result["bytes"], json!(gone.clone().map(|name| before[name].len()).sum::<usize>()));
    let mut left = before.clone();
    gone.for_each(|name| drop(left.remove(name)));
    let names = |files: &std::collections::BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&files(&path)), names(&left));

    let verified = run(&["verify", &path, "--json"]);
    assert_eq!((verified.code, &verified.result()["begins_at"]), (0, &json!(50)), "{}", verified.stderr);
    assert!(run(&["verify", &path]).stdout.contains("snapshot 50; what was before is pruned"));
    for args in [&[][..], &["--from-snapshot"], &["--to", "60"], &["--no-verify"]] {
        let replayed = run(&[&["replay", &path, "--json"], args].concat());
        assert_eq!((replayed.code, replayed.stderr.as_str()), (0, ""), "{args:?}");
        let result = replayed.result();
        assert_eq!((&result["from_snapshot"], &result["commands"]), (&json!(50), &json!(10)), "{args:?}");
        for key in ["sequence", "events_digest", "state_digest"] {
            assert_eq!(result[key], whole[key], "{args:?}");
        }
    }
    let at = run(&["replay", &path, "--to", "50", "--json"]);
    assert_eq!((at.code, &at.result()["sequence"]), (0, &json!(50)));
    let early = run(&["replay", &path, "--to", "49", "--json"]);
    assert_eq!((early.code, early.stdout.as_str()), (2, ""));
    assert!(early.stderr.contains("a snapshot at or before sequence 49"), "{}", early.stderr);

    let again = prune(&path, &[]);
    assert_eq!(again.code, 0);
    assert!(again.stdout.contains("nothing to remove"), "{}", again.stdout);
    let later = run(&["snapshot", &path, "--json"]);
    assert_eq!((later.code, &later.result()["sequence"]), (0, &json!(60)));
}

#[test]
fn without_its_snapshot_it_has_lost_its_beginning() {
    let folder = Folder::new();
    let path = made(&folder);
    assert_eq!(prune(&path, &["--yes"]).code, 0);
    std::fs::remove_file(format!("{path}/00000000000000000050.snapshot")).expect("a snapshot");
    let first = files(&path).into_keys().find(|name| name.ends_with(".segment")).expect("a segment");
    let number: u32 = first[..8].parse().expect("a number");
    for verb in [&["verify"][..], &["replay"], &["snapshot"], &["recover"], &["inspect", "--events"]] {
        let ran = run(&[verb, &[&path]].concat());
        let last = ran.stderr.lines().next_back().unwrap_or_default();
        let missing = format!("novate: {path}/{:08}.segment", number - 1);
        assert!(ran.code == 3 && last.starts_with(&missing), "{verb:?}: {} {last}", ran.code);
    }
}

/// What lies before the snapshot, in the segment with which a pruned journal begins, is part of it.
#[test]
fn what_is_kept_before_the_snapshot_is_checked() {
    let folder = Folder::new();
    let path = made(&folder);
    assert_eq!(prune(&path, &["--yes"]).code, 0);
    let first = files(&path).into_keys().find(|name| name.ends_with(".segment")).expect("a segment");
    let segment: u32 = first[..8].parse().expect("a number");
    patch(&path, segment, 256 + 70, &[0xff]);
    let before = files(&path);
    for verb in [&["verify"][..], &["replay"], &["recover"], &["recover", "--plan"], &["prune", "--before-snapshot"]] {
        let ran = run(&[verb, &[&path, "--json"]].concat());
        let last = ran.stderr.lines().next_back().unwrap_or_default();
        assert!(
            ran.code == 3 && last.starts_with(&format!("novate: {path}/{first}, offset 256: ")),
            "{verb:?}: {last}"
        );
        assert_eq!(ran.result()["damage"]["offset"], json!(256), "{verb:?}");
    }
    assert_eq!(files(&path), before);
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let folder = Folder::new();
    let path = made(&folder);
    let before = files(&path);
    for args in [&[][..], &["--json"]] {
        let ran = prune(&path, args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert_eq!(ran.stderr, "novate: expected --yes, or a terminal to ask at, found neither\n");
    }
    let ran = run(&["prune", &path, "--yes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "what to remove has to be said");
    assert_eq!(files(&path), before);
}

#[test]
fn nothing_to_remove() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe { segment_bytes: 1 << 16, ..Recipe::new() });
    let none = prune(&path, &["--yes"]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    assert!(none.stderr.contains("a snapshot; take one with `novate snapshot`"), "{}", none.stderr);
    assert_eq!(run(&["snapshot", &path]).code, 0);
    let before = files(&path);
    let ran = prune(&path, &["--json"]);
    assert_eq!((ran.code, &ran.result()["done"], &ran.result()["bytes"]), (0, &json!(false), &json!(0)));
    assert_eq!(files(&path), before);
}

#[test]
fn what_is_damaged_or_being_written_is_left_alone() {
    let folder = Folder::new();
    let path = made(&folder);
    let frame = frame_of(&path, 13);
    patch(&path, frame.position.segment, u64::from(frame.position.offset) + 8, &[0xff]);
    let before = files(&path);
    let ran = prune(&path, &["--yes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
    assert_eq!(files(&path), before);

    let mut writing = Writing::begin(&folder, "writing", Recipe::new());
    writing.append_all(&commands(60));
    let path = format!("{}/writing", folder.path());
    assert_eq!(run(&["snapshot", &path]).code, 0);
    let before = files(&path);
    let ran = prune(&path, &["--yes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{}", ran.stderr);
    assert!(ran.stderr.starts_with(&format!("novate: {path}: somebody else is writing this journal; ")));
    assert_eq!(files(&path), before);
    writing.end();
    assert_eq!(prune(&path, &["--yes"]).code, 0);
}
