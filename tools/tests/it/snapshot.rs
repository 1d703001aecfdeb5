//! `novate snapshot`, and what snapshots that are not right do to other verbs.

use std::fs;

use novate_core::prelude::{Genesis, Side};
use serde_json::json;

use crate::journals::{Recipe, commands, files, frame_of, genesis, journal, limit, made, patch, torn};
use crate::support::{Folder, run};

#[test]
fn the_state_at_a_checkpoint_is_kept() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(57), Recipe::new());
    // The last checkpoint, the one before a command, the one itself.
    for (args, at) in [(&[][..], 50), (&["--at", "49"], 40), (&["--at", "20"], 20), (&["--at", "10000"], 50)] {
        let is_new = !files(&path).contains_key(&format!("{at:020}.snapshot"));
        let ran = run(&[&["snapshot", &path, "--json"], args].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
        let result = ran.result();
        assert_eq!((&result["sequence"], &result["is_new"]), (&json!(at), &json!(is_new)), "{args:?}");
        let name = result["snapshot"].as_str().expect("a name").to_owned();
        assert_eq!(files(&path)[&name].len() as u64, result["bytes"].as_u64().expect("a number"));
        let replayed = run(&["replay", &path, "--to", &at.to_string(), "--json"]).result();
        for digest in ["events_digest", "state_digest"] {
            assert_eq!(result[digest], replayed[digest]);
        }
    }
    assert_eq!(run(&["verify", &path, "--json"]).result()["snapshots"], 3);
}

#[test]
fn a_second_one_changes_nothing() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(57), Recipe::new());
    let first = run(&["snapshot", &path]);
    assert!(first.code == 0 && !first.stdout.contains("it was there already"));
    let before = files(&path);
    let second = run(&["snapshot", &path]);
    assert!(second.code == 0 && second.stdout.contains("it was there already"), "{}", second.stdout);
    assert_eq!(files(&path), before);
}

#[test]
fn where_there_is_no_checkpoint() {
    let folder = Folder::new();
    let short = journal(&folder, "short", &commands(9), Recipe::new());
    let long = journal(&folder, "long", &commands(30), Recipe::new());
    for (args, what) in [
        (&["snapshot", &short][..], format!("a checkpoint that is sealed (in {short})")),
        (&["snapshot", &long, "--at", "9"], format!("a sealed checkpoint at or before sequence 9 (in {long})")),
        (&["snapshot", &long, "--at", "0"], format!("a sealed checkpoint at or before sequence 0 (in {long})")),
    ] {
        let ran = run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert_eq!(ran.stderr, format!("novate: the journal does not hold {what}\n"));
    }
}

#[test]
fn of_a_torn_journal_and_not_of_a_damaged_one() {
    let folder = Folder::new();
    let (path, _) = torn(&folder, "torn", 33);
    let ran = run(&["snapshot", &path, "--json"]);
    assert_eq!((ran.code, &ran.result()["sequence"]), (0, &json!(30)));
    let path = journal(&folder, "damaged", &commands(60), Recipe::new());
    let frame = frame_of(&path, 37);
    patch(&path, frame.position.segment, u64::from(frame.position.offset) + 8, &[0xff]);
    let before = files(&path);
    let ran = run(&["snapshot", &path]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    assert_eq!(files(&path), before);
    assert_eq!(run(&["snapshot", &path, "--at", "35"]).code, 0, "what lies before the damage can be kept");
}

#[test]
fn not_where_the_replay_differs() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe { wrong_from: 24, ..Recipe::new() });
    let before = files(&path);
    let ran = run(&["snapshot", &path]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("no snapshot is taken: the events of commands 22 to 28 differ"), "{}", ran.stderr);
    assert_eq!(files(&path), before);
}

#[test]
fn a_flipped_bit_is_found_where_the_snapshot_is_used() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    let name = "00000000000000000040.snapshot";
    assert_eq!(run(&["snapshot", &path, "--at", "40"]).code, 0);
    let whole = files(&path)[name].clone();
    // The sum, the header, the index, the chunks.
    for at in [9, 100, 260, whole.len() - 7] {
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        fs::write(format!("{path}/{name}"), flipped).expect("a file takes bytes");
        for (args, code) in [
            (&["verify", &path][..], 3),
            (&["replay", &path, "--from-snapshot"], 3),
            (&["snapshot", &path, "--at", "40"], 3),
            (&["prune", &path, "--before-snapshot", "--yes"], 3),
            (&["replay", &path], 0),
            (&["recover", &path], 0),
        ] {
            let ran = run(args);
            assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
            if code == 3 {
                assert!(ran.stderr.starts_with(&format!("novate: {path}/{name}, offset 0: ")), "{}", ran.stderr);
                assert!(
                    ran.stderr.ends_with("if no segment was pruned, remove it and take another\n")
                        && ran.stdout.is_empty()
                );
            }
        }
    }
}

#[test]
fn beyond_the_journal() {
    let folder = Folder::new();
    let long = journal(&folder, "long", &commands(60), Recipe::new());
    for (name, segment_bytes) in [("other-segment", 4_096), ("same-segment", 1 << 16)] {
        let recipe = Recipe { segment_bytes, is_closed: false, ..Recipe::new() };
        let long = journal(&folder, &format!("{name}-long"), &commands(60), recipe);
        assert_eq!(run(&["snapshot", &long]).code, 0);
        let path = journal(&folder, name, &commands(30), recipe);
        let name = "00000000000000000060.snapshot";
        fs::copy(format!("{long}/{name}"), format!("{path}/{name}")).expect("a file");
        let said = format!(
            "novate: {path}/{name}, offset 0: expected a snapshot of the journal, which ends at sequence 30, found a later one"
        );
        for args in [&["verify", &path][..], &["replay", &path, "--from-snapshot"]] {
            let ran = run(args);
            assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{args:?}: {}", ran.stderr);
            assert!(ran.stderr.starts_with(&said), "{}", ran.stderr);
        }
        assert_eq!(run(&["replay", &path]).code, 0);
    }
    drop(long);
}

#[test]
fn of_another_history_or_another_journal() {
    let folder = Folder::new();
    let recipe = Recipe { segment_bytes: 1 << 16, is_closed: false, ..Recipe::new() };
    let path = journal(&folder, "journal", &commands(30), recipe);
    let name = "00000000000000000030.snapshot";
    let mut others = commands(30);
    others[24] = made(250, &limit(17, 2, Side::Buy, 50, 7));
    for (from, recipe, commands, code) in [
        ("history", recipe, others, 3),
        ("genesis", Recipe { genesis: Genesis { index_seed: 9, ..genesis() }, ..recipe }, commands(30), 2),
    ] {
        let other = journal(&folder, from, &commands, recipe);
        assert_eq!(run(&["snapshot", &other]).code, 0);
        fs::copy(format!("{other}/{name}"), format!("{path}/{name}")).expect("a file");
        for args in [&["verify", &path][..], &["replay", &path, "--from-snapshot"]] {
            let ran = run(args);
            assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{from} {args:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(&format!("{path}/{name}")), "{}", ran.stderr);
        }
    }
}
