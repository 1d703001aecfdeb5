//! `novate verify`.

use serde_json::json;

use crate::journals::{Recipe, Writing, commands, frame_of, frames, journal, patch, tamper, torn};
use crate::support::{Folder, run};

#[test]
fn what_a_whole_journal_holds() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    let ran = run(&["verify", &path, "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.lines().count()), (0, "", 1));
    let (result, frames) = (ran.result(), frames(&path));
    assert_eq!((&result["journal"], &result["sequence"]), (&json!(path), &json!(60)));
    assert_eq!((&result["closed"], &result["torn_bytes"]), (&json!(true), &json!(0)));
    assert_eq!(result["frames"], json!(frames.len()));
    let last = frames.last().expect("an end frame");
    assert_eq!((&result["segments"], &result["blocks"]), (&json!(last.position.segment), &json!(last.payload[0])));
    assert_eq!((&result["snapshots"], &result["epoch"], result.get("begins_at")), (&json!(0), &json!(1), None));
    assert!(result["chain"].as_str().is_some_and(|chain| chain.len() == 64), "{result}");

    let text = run(&["verify", &path]);
    assert_eq!((text.code, text.stderr.as_str()), (0, ""));
    let lines: Vec<Vec<&str>> = text.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    for line in [&["sequence", "60"][..], &["ending", "closed"], &["epoch", "1"]] {
        assert!(lines.iter().any(|found| found == line), "{line:?} in {}", text.stdout);
    }
}

#[test]
fn json_stands_before_and_behind_the_verb() {
    let folder = Folder::new();
    let recipe = Recipe { segment_bytes: 1 << 16, ..Recipe::new() };
    let path = journal(&folder, "journal", &commands(20), recipe);
    for verb in [&["verify"][..], &["recover", "--plan"], &["snapshot"], &["prune", "--before-snapshot"]] {
        let before = run(&[&["--json"], verb, &[&path]].concat());
        let behind = run(&[verb, &[&path, "--json"]].concat());
        assert_eq!((before.code, behind.code), (0, 0), "{verb:?}: {}", before.stderr);
        let journals = [before.result()["journal"].clone(), behind.result()["journal"].clone()];
        assert_eq!(journals, [json!(path), json!(path)], "{verb:?}");
    }
}

#[test]
fn a_journal_that_was_not_closed_is_right() {
    let folder = Folder::new();
    let recipe = Recipe { is_closed: false, ..Recipe::new() };
    let path = journal(&folder, "journal", &commands(33), recipe);
    let ran = run(&["verify", &path, "--json"]);
    let result = ran.result();
    assert_eq!((ran.code, &result["sequence"]), (0, &json!(33)));
    assert_eq!((&result["closed"], &result["torn_bytes"], result.get("torn_at")), (&json!(false), &json!(0), None));
    assert!(run(&["verify", &path]).stdout.contains("not closed; nothing is torn"));
}

#[test]
fn a_torn_tail_is_reported_with_its_bytes() {
    let folder = Folder::new();
    let (path, position) = torn(&folder, "journal", 33);
    let ran = run(&["verify", &path, "--json"]);
    let result = ran.result();
    assert_eq!((ran.code, &result["sequence"], &result["closed"]), (0, &json!(33), &json!(false)));
    // Up to the last word that is not zero.
    assert_eq!((&result["torn_bytes"], &result["torn_at"]), (&json!(24), &json!(position.to_string())));
    let text = run(&["verify", &path]);
    assert_eq!(text.code, 0);
    assert!(text.stdout.contains(&format!("not closed; a torn tail of 24 bytes at {position} (found ")));
    assert!(text.stdout.contains("`novate recover` cuts it"), "{}", text.stdout);
}

#[test]
fn damage_says_where_what_and_what_to_do() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    let frame = frame_of(&path, 30);
    let (segment, offset) = (frame.position.segment, u64::from(frame.position.offset));
    patch(&path, segment, offset + 70, &[0xff]);
    let (ran, text) = (run(&["verify", &path, "--json"]), run(&["verify", &path]));
    assert_eq!((ran.code, ran.stdout.lines().count()), (3, 1), "{}", ran.stderr);
    let (result, file) = (ran.result(), format!("{path}/{segment:08}.segment"));
    let damage = &result["damage"];
    assert_eq!(
        (&result["journal"], &damage["file"], &damage["offset"], &damage["after_sequence"]),
        (&json!(path), &json!(file), &json!(offset), &json!(29))
    );
    let keys: Vec<&String> = damage.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["file", "offset", "after_sequence", "expected", "found", "remedy"]);
    let [expected, found, remedy] = ["expected", "found", "remedy"].map(|key| damage[key].as_str().expect("text"));
    let message =
        format!("novate: {file}, offset {offset}: expected {expected}, found {found} (after sequence 29); {remedy}\n");
    assert_eq!((ran.stderr, text.stderr), (message.clone(), message));
    assert_eq!((text.code, text.stdout.as_str()), (3, ""));
}

#[test]
fn what_was_durable_is_damaged_and_what_was_not_is_torn() {
    let folder = Folder::new();
    let recipe = Recipe { is_closed: false, segment_bytes: 1 << 16, ..Recipe::new() };
    let mut writing = Writing::begin(&folder, "journal", recipe);
    let commands = commands(30);
    writing.append_all(&commands[..15]);
    writing.flush();
    writing.append_all(&commands[15..]);
    writing.end();
    let path = format!("{}/journal", folder.path());
    // Commands 1 to 15 were durable, and the seals of 20 and later say so.
    for (sequence, code) in [(15, 3), (20, 0), (29, 0)] {
        let frame = frame_of(&path, sequence);
        let at = u64::from(frame.position.offset) + 48;
        let was = frame.payload[0].to_le_bytes();
        patch(&path, 1, at, &[!was[0]]);
        let ran = run(&["verify", &path, "--json"]);
        assert_eq!(ran.code, code, "{sequence}: {} {}", ran.stdout, ran.stderr);
        if code == 0 {
            let result = ran.result();
            assert_eq!(result["sequence"], json!(sequence - 1));
            assert_eq!(result["torn_at"], json!(frame.position.to_string()));
        }
        let replayed = run(&["replay", &path, "--json"]);
        assert_eq!((replayed.code, &replayed.result()["sequence"]), (code, &json!(sequence - 1)));
        patch(&path, 1, at, &was);
    }
}

#[test]
fn the_chain_finds_what_sums_do_not() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    tamper(&path, 32);
    let ran = run(&["verify", &path, "--json"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    let damage = ran.result()["damage"].clone();
    assert!(damage["expected"].as_str().is_some_and(|text| text.starts_with("chain value ")), "{damage}");
    assert!(damage["after_sequence"].as_u64().is_some_and(|sequence| sequence >= 32), "{damage}");
}
