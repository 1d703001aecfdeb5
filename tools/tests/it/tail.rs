//! `novate tail`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::journals::{ACCOUNTS, Recipe, Writing, commands, journal, patch};
use crate::support::{Folder, novate, run};

#[test]
fn the_last_frames_are_the_end_of_all() {
    let folder = Folder::new();
    for (name, segment_bytes) in [("small", 4_096), ("one", 1 << 20)] {
        let journal = journal(&folder, name, &commands(90), Recipe { segment_bytes, ..Recipe::new() });
        for args in [&[][..], &["--kind", "seal"], &["--account", ACCOUNTS[0]], &["--kind", "genesis"], &["--json"]] {
            let all = run(&[&["inspect", &journal], args].concat()).stdout;
            let all: Vec<&str> = all.lines().collect();
            for number in [0, 1, 3, 10, 20, 1_000] {
                let count = number.to_string();
                let mut asked = [&["tail", &journal], args].concat();
                if number != 10 {
                    asked.extend(["-n", &count]);
                }
                let ran = run(&asked);
                assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{asked:?}");
                let lines: Vec<&str> = ran.stdout.lines().collect();
                assert_eq!(lines, all[all.len().saturating_sub(number)..], "{asked:?}");
            }
        }
    }
}

#[test]
fn torn_tails_are_said() {
    let folder = Folder::new();
    let recipe = Recipe { is_closed: false, segment_bytes: 1 << 16, ..Recipe::new() };
    let journal = journal(&folder, "journal", &commands(9), recipe);
    let last = run(&["inspect", &journal, "--json"]).result();
    let last = last["position"].as_str().and_then(|place| place.split(':').nth(1)).expect("an offset");
    let last: u64 = last.parse().expect("a number");
    patch(&journal, 1, last + 192, &[1]);
    for args in [&[][..], &["-f"]] {
        let ran = run(&[&["tail", &journal, "-n", "2"], args].concat());
        assert_eq!((ran.code, ran.stdout.lines().count()), (0, 2), "{}", ran.stderr);
        assert!(ran.stderr.contains(": not closed; a torn tail of 8 bytes at 00000001.segment:"), "{}", ran.stderr);
    }
}

#[test]
fn damage_comes_after_what_is_before_it() {
    let folder = Folder::new();
    let recipe = Recipe { segment_bytes: 1 << 16, ..Recipe::new() };
    let journal = journal(&folder, "journal", &commands(9), recipe);
    // A byte of the second command, whose frame begins at 704.
    patch(&journal, 1, 704 + 70, &[0xff]);
    for args in [&[][..], &["-f"]] {
        let ran = run(&[&["tail", &journal, "-n", "2"], args].concat());
        assert_eq!((ran.code, ran.stdout.lines().count()), (3, 2), "{}", ran.stderr);
        let name = format!("novate: {journal}/00000001.segment, offset 704: ");
        assert!(ran.stderr.starts_with(&name), "{}", ran.stderr);
        assert!(ran.last_line().contains(" sequence=1 "), "{}", ran.stdout);
    }
}

/// The binary, following; killed if the test fails.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn following_a_writer_to_its_end() {
    let folder = Folder::new();
    let recipe = Recipe::new();
    let mut writing = Writing::begin(&folder, "journal", recipe);
    let commands = commands(120);
    commands[..5].iter().for_each(|command| writing.append(command));
    let path = format!("{}/journal", folder.path());
    let mut command = Command::new(novate().get_program());
    command.args(["tail", "-f", "-n", "2", &path, "--json", "--kind", "command", "--kind", "work", "--kind", "end"]);
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut following = Following(spawned.expect("the binary starts"));
    let stdout = following.0.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(stdout).lines().map(|line| {
        let line = line.expect("text in UTF-8");
        serde_json::from_str::<Value>(&line).expect("well-formed JSON")
    });
    let mut next = || lines.next().expect("a line");
    assert_eq!((&next()["sequence"], &next()["sequence"]), (&json!(4), &json!(5)));
    // Each line arrives while the writer waits, over many segments.
    for (place, command) in commands.iter().enumerate().skip(5) {
        writing.append(command);
        assert_eq!(next()["sequence"], json!(place + 1));
    }
    writing.end();
    assert_eq!(next()["frame"], "end");
    assert!(lines.next().is_none());
    let status = following.0.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
}
