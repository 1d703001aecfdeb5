//! `novate replay`.

use std::fs;

use novate_core::command::RawCommand;
use novate_core::prelude::*;
use novate_journal::state::State;
use serde_json::{Value, json};

use crate::journals::{Made, Recipe, commands, copy, files, frame_of, genesis, journal, patch, tamper, torn};
use crate::support::{Folder, Ran, run};

fn replay(journal: &str, args: &[&str]) -> Ran {
    run(&[&["replay", journal, "--json"], args].concat())
}

/// Events digest and state digest from memory, before the first command and after each.
fn digests(commands: &[Made]) -> Vec<[String; 2]> {
    let mut state = State::genesis(&genesis()).expect("a small state");
    let mut all = Vec::new();
    for sequence in 0..=commands.len() {
        if let Some(before) = sequence.checked_sub(1) {
            let Made { time, words } = &commands[before];
            let mut engine = state.attach().expect("a state");
            let by = (Sequence(sequence as u64), TimeNs(*time));
            engine.apply(by.0, by.1, RawCommand::new(words), &mut Discard).expect("in order");
        }
        let events = state.attach().expect("a state").events_digest();
        all.push([events.to_string(), state.digest().to_string()]);
    }
    all
}

/// That a result is what the first commands come to.
fn assert_is(result: &Value, sequence: u64, digests: &[[String; 2]]) {
    assert_eq!(result["sequence"], json!(sequence), "{result}");
    let [events, state] = &digests[sequence as usize];
    assert_eq!((&result["events_digest"], &result["state_digest"]), (&json!(events), &json!(state)), "{result}");
}

#[test]
fn everything_is_rebuilt_and_nothing_is_written() {
    let folder = Folder::new();
    let commands = commands(60);
    let digests = digests(&commands);
    for (name, recipe) in [
        ("small", Recipe::new()),
        ("one", Recipe { segment_bytes: 1 << 20, block: 3, ..Recipe::new() }),
        ("open", Recipe { is_closed: false, ..Recipe::new() }),
    ] {
        let path = journal(&folder, name, &commands, recipe);
        let before = files(&path);
        for args in [&[][..], &["--no-verify"]] {
            let ran = replay(&path, args);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            assert_is(&ran.result(), 60, &digests);
            assert_eq!((&ran.result()["commands"], &ran.result()["closed"]), (&json!(60), &json!(recipe.is_closed)));
            assert!(ran.result()["commands_per_second"].as_u64().is_some_and(|rate| rate > 0));
            let said =
                if recipe.is_closed { String::new() } else { format!("novate: {path}: not closed; nothing is torn\n") };
            assert_eq!(ran.stderr, said);
        }
        let text = run(&["replay", &path]);
        let lines: Vec<Vec<&str>> = text.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
        for line in
            [&["sequence", "60"][..], &["events", "digest", &digests[60][0]], &["state", "digest", &digests[60][1]]]
        {
            assert!(lines.iter().any(|found| found == line), "{line:?} in {}", text.stdout);
        }
        assert_eq!(files(&path), before);
    }
}

#[test]
fn it_stops_wherever_it_is_told_to() {
    let folder = Folder::new();
    let commands = commands(60);
    let digests = digests(&commands);
    let path = journal(&folder, "journal", &commands, Recipe::new());
    assert_eq!(run(&["snapshot", &path, "--at", "20"]).code, 0);
    // Genesis, inside of blocks, at their ends, at checkpoints, at the snapshot, behind each, and the end.
    for to in [0, 1, 3, 7, 8, 10, 11, 14, 19, 20, 21, 33, 59, 60] {
        let sequence = to.to_string();
        for args in [&["--to", &sequence][..], &["--to", &sequence, "--no-verify"]] {
            let ran = replay(&path, args);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
            assert_is(&ran.result(), to, &digests);
            assert_eq!(ran.result()["commands"], json!(to));
        }
        let ran = replay(&path, &["--from-snapshot", "--to", &sequence]);
        if to < 20 {
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{to}: there is no snapshot before");
            assert!(
                ran.stderr.contains(&format!("a snapshot at or before sequence {to} (in {path})")),
                "{}",
                ran.stderr
            );
        } else {
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{to}");
            assert_is(&ran.result(), to, &digests);
            assert_eq!((&ran.result()["from_snapshot"], &ran.result()["commands"]), (&json!(20), &json!(to - 20)));
        }
    }
    for to in ["61", "18446744073709551615"] {
        for args in [&["--to", to][..], &["--to", to, "--from-snapshot"], &["--to", to, "--no-verify"]] {
            let ran = replay(&path, args);
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
            let message =
                format!("novate: the journal does not hold sequence {to}: it ends at 60, closed (in {path})\n");
            assert_eq!(ran.stderr, message);
        }
    }
}

#[test]
fn from_the_newest_snapshot_it_comes_to_the_same() {
    let folder = Folder::new();
    let commands = commands(60);
    let path = journal(&folder, "journal", &commands, Recipe::new());
    let none = replay(&path, &["--from-snapshot"]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    assert!(none.stderr.contains("a snapshot; take one with `novate snapshot`"), "{}", none.stderr);
    for at in ["10", "40", "60"] {
        assert_eq!(run(&["snapshot", &path, "--at", at]).code, 0);
        let ran = replay(&path, &["--from-snapshot"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert_is(&ran.result(), 60, &digests(&commands));
        assert_eq!(ran.result()["from_snapshot"].to_string(), at);
        let text = run(&["replay", &path, "--from-snapshot"]).stdout;
        assert!(text.lines().any(|line| line.split_whitespace().eq(["from", "snapshot", at])), "{text}");
    }
}

#[test]
fn at_a_torn_tail_it_stops_and_says_so() {
    let folder = Folder::new();
    let (path, position) = torn(&folder, "journal", 33);
    let ran = replay(&path, &[]);
    assert_eq!(ran.code, 0);
    assert_is(&ran.result(), 33, &digests(&commands(33)));
    assert_eq!((&ran.result()["closed"], &ran.result()["torn_bytes"]), (&json!(false), &json!(24)));
    assert_eq!(ran.result()["torn_at"], json!(position.to_string()));
    let said = format!("novate: {path}: not closed; a torn tail of 24 bytes at {position} (found ");
    assert!(ran.stderr.starts_with(&said), "{}", ran.stderr);
    let beyond = replay(&path, &["--to", "34"]);
    assert_eq!((beyond.code, beyond.stdout.as_str()), (2, ""));
    assert!(beyond.stderr.contains("sequence 34: it ends at 33, not closed; a torn tail of 24 bytes"));
    assert_eq!(replay(&path, &["--to", "33"]).stderr, "", "nobody asked for the tail");
}

#[test]
fn at_damage_it_prints_the_last_good_result() {
    let folder = Folder::new();
    let commands = commands(60);
    let digests = digests(&commands);
    // The middle of a batch, the first command of a block, a checkpoint, the first command of all.
    for sequence in [37, 31, 30, 1] {
        let path = journal(&folder, &format!("journal-{sequence}"), &commands, Recipe::new());
        let frame = frame_of(&path, sequence);
        let offset = u64::from(frame.position.offset);
        patch(&path, frame.position.segment, offset + 48, &[!frame.payload[0].to_le_bytes()[0]]);
        for args in [&[][..], &["--no-verify"], &["--to", "60"]] {
            let ran = replay(&path, args);
            assert_eq!((ran.code, ran.stdout.lines().count()), (3, 1), "{args:?}: {}", ran.stderr);
            assert_is(&ran.result(), sequence - 1, &digests);
            let damage = ran.result()["damage"].clone();
            assert_eq!((&damage["offset"], &damage["after_sequence"]), (&json!(offset), &json!(sequence - 1)));
            assert!(ran.stderr.starts_with(&format!("novate: {path}/0000000")), "{}", ran.stderr);
        }
        let text = run(&["replay", &path]);
        assert_eq!((text.code, text.stderr), (3, replay(&path, &[]).stderr));
        assert!(text.stdout.contains(&digests[sequence as usize - 1][1]), "{}", text.stdout);
        let before = replay(&path, &["--to", &(sequence - 1).to_string()]);
        assert_eq!(before.code, 0, "{}", before.stderr);
    }
}

#[test]
fn a_later_segment_that_is_damaged_stops_it_where_it_begins() {
    let folder = Folder::new();
    let commands = commands(60);
    let path = journal(&folder, "journal", &commands, Recipe::new());
    let first = (1..=60).find(|&sequence| frame_of(&path, sequence).position.segment == 3).expect("a third segment");
    patch(&path, 3, 36, &[0xff]);
    let ran = replay(&path, &[]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_is(&ran.result(), first - 1, &digests(&commands));
    assert!(ran.stderr.starts_with(&format!("novate: {path}/00000003.segment, offset 0: expected a segment header")));
}

#[test]
fn a_segment_that_is_missing_stops_it_where_that_would_begin() {
    let folder = Folder::new();
    let commands = commands(60);
    let whole = journal(&folder, "whole", &commands, Recipe::new());
    let last = frame_of(&whole, 60).position.segment;
    for missing in 2..=last {
        let path = copy(&folder, &whole, &format!("without-{missing}"));
        fs::remove_file(format!("{path}/{missing:08}.segment")).expect("a segment");
        let first =
            (1..=60).find(|&sequence| frame_of(&whole, sequence).position.segment == missing).expect("a command");
        for args in [&[][..], &["--no-verify"]] {
            let ran = replay(&path, args);
            assert_eq!(ran.code, 3, "{}", ran.stderr);
            assert_is(&ran.result(), first - 1, &digests(&commands));
            let damage = ran.result()["damage"].clone();
            assert_eq!(damage["after_sequence"], json!(first - 1));
            assert!(damage["file"].as_str().expect("a file").ends_with(&format!("{missing:08}.segment")));
        }
        assert_eq!(replay(&path, &["--to", &(first - 1).to_string()]).code, 0, "nothing is missing up to there");
        let verified = run(&["verify", &path, "--json"]);
        assert_eq!((verified.code, &verified.result()["damage"]["after_sequence"]), (3, &json!(first - 1)));
    }
}

#[test]
fn a_tampered_command_is_damage_by_the_chain_and_a_difference_without() {
    let folder = Folder::new();
    let commands = commands(60);
    let path = journal(&folder, "journal", &commands, Recipe::new());
    // It rests or trades, with another quantity: what comes of it is other than what was sealed.
    tamper(&path, 32);
    for args in [&[][..], &["--from-snapshot"]] {
        // The second time a snapshot before it is there.
        let ran = replay(&path, args);
        assert_eq!(ran.code, 3, "{args:?}: {}", ran.stderr);
        let result = ran.result();
        let last_good = result["sequence"].as_u64().expect("a number");
        assert!(last_good < 32, "the block of command 32 is not good: {last_good}");
        assert_is(&result, last_good, &digests(&commands));
        assert!(result.get("difference").is_none() && result["damage"]["expected"].is_string(), "{result}");
        assert_eq!(run(&["snapshot", &path, "--at", "20"]).code, 0);
    }
    let ran = replay(&path, &["--no-verify"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let difference = ran.result()["difference"].clone();
    let [first, last] = ["first_sequence", "last_sequence"].map(|key| difference[key].as_u64().expect("a number"));
    assert!((first..=last).contains(&32) && last - first < 7, "{difference}");
    assert_eq!(difference["expected"], json!(digests(&commands)[last as usize][0]));
    let said =
        format!("novate: {path}: the events of commands {first} to {last} differ: the journal states the digest ");
    assert!(ran.stderr.starts_with(&said), "{}", ran.stderr);
}

#[test]
fn where_the_events_differ_the_first_block_is_named() {
    let folder = Folder::new();
    let wrong = Recipe { wrong_from: 24, ..Recipe::new() };
    let path = journal(&folder, "journal", &commands(60), wrong);
    // The chain is right up to there and, the second time, not behind it: the difference comes first.
    for _ in 0..2 {
        for args in [&[][..], &["--no-verify"]] {
            let ran = replay(&path, args);
            assert_eq!(ran.code, 1, "{}", ran.stderr);
            let result = ran.result();
            assert_eq!(
                (&result["difference"]["first_sequence"], &result["difference"]["last_sequence"]),
                (&json!(22), &json!(28))
            );
            assert_eq!(result["difference"]["expected"], "0".repeat(32));
            assert_eq!(result["difference"]["got"], json!(digests(&commands(60))[28][0]));
            assert_eq!(result["sequence"], 28);
        }
        assert_eq!(run(&["replay", &path, "--to", "20"]).code, 0);
        tamper(&path, 52);
    }
}

#[test]
fn damage_is_told_even_where_nobody_takes_the_result() {
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    tamper(&path, 32);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let mut command = Command::new(crate::support::novate().get_program());
    let output =
        command.args(["replay", &path]).stdout(full).stderr(Stdio::piped()).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("expected chain value "));
}
