//! Verbs, help, exit codes, and standard output that takes nothing.

use crate::journals::{Recipe, commands, journal};
use crate::support::{Folder, bundled, novate, run};

#[test]
fn every_verb_has_help_with_an_example() {
    let checks = [&["check"][..], &["check", "flow"], &["check", "scenarios"]];
    let journals = [&["verify"][..], &["replay"], &["snapshot"], &["recover"], &["prune"]];
    let others = [&["run"][..], &["inspect"], &["tail"], &["diff"], &["doctor"], &["completions"], &["man"], &[]];
    for verb in checks.into_iter().chain(journals).chain(others) {
        let ran = run(&[verb, &["--help"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{verb:?}");
        let example = format!("  {}", [&["novate"], verb].concat().join(" "));
        let after = ran.stdout.split("Example").nth(1).unwrap_or_else(|| panic!("no example: {}", ran.stdout));
        assert!(after.contains(&example), "{}", ran.stdout);
    }
}

#[test]
fn version() {
    let ran = run(&["--version"]);
    assert_eq!((ran.code, ran.stdout), (0, format!("novate {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn wrong_usage() {
    let flow = bundled("order_entry");
    for args in [
        &["frobnicate"][..],
        &["check"],
        &["check", "flow"],
        &["check", "flow", &flow],
        &["check", "scenarios"],
        &["check", "scenarios", "--only-also", &flow],
        &["run", "--orders", "0"],
        &["run", "--orders", "16777216"],
        &["run", "--opening", "halted"],
        &["run", &flow],
        &["--flow", &flow, "run"],
        &["--journal", "journal", "run"],
        &["run", "--journal"],
        &["run", "--sync", "sometimes"],
        &["verify"],
        &["verify", "journal", "other"],
        &["verify", "journal", "--to", "3"],
        &["replay"],
        &["replay", "journal", "--to", "-1"],
        &["replay", "journal", "--to"],
        &["snapshot"],
        &["snapshot", "journal", "--at", "x"],
        &["recover"],
        &["recover", "journal", "--yes"],
        &["recover", "journal", "--before", "x"],
        &["recover", "journal", "--accept-loss"],
        &["prune", "journal"],
        &["prune", "--before-snapshot"],
        &["inspect"],
        &["inspect", "journal", "--from", "x"],
        &["inspect", "journal", "--kind", "seals"],
        &["tail"],
        &["tail", "journal", "--events"],
        &["tail", "journal", "-n", "-1"],
        &["diff", "journal"],
        &["doctor", "journal"],
        &["doctor", "--cores"],
        &["completions", "cmd.exe"],
        &["man", "frobnicate"],
    ] {
        let ran = run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn completions_and_manual_pages() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        assert!(ran.stdout.contains("novate") && ran.stdout.contains("flow"), "{shell}");
        for word in ["only-expect", "from-snapshot", "before-snapshot", "accept-loss", "segment-size"] {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
    for (verb, title) in [
        (&[][..], ".TH novate 1"),
        (&["run"], ".TH novate-run 1"),
        (&["verify"], ".TH novate-verify 1"),
        (&["replay"], ".TH novate-replay 1"),
        (&["snapshot"], ".TH novate-snapshot 1"),
        (&["recover"], ".TH novate-recover 1"),
        (&["prune"], ".TH novate-prune 1"),
        (&["inspect"], ".TH novate-inspect 1"),
        (&["tail"], ".TH novate-tail 1"),
        (&["diff"], ".TH novate-diff 1"),
        (&["doctor"], ".TH novate-doctor 1"),
        (&["check", "flow"], ".TH novate-check-flow 1"),
        (&["check", "scenarios"], ".TH novate-check-scenarios 1"),
    ] {
        let ran = run(&[&["man"], verb].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{verb:?}");
        assert!(ran.stdout.contains(title), "{}", ran.stdout);
    }
}

/// A full disk: the result is lost, which must be said.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    use std::process::{Command, Stdio};
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let folder = Folder::new();
    let flow = folder.flow("1,1,new,1,buy,10,5,gtc\n2,2,new,2,sell,10,5,gtc\n");
    let journal = journal(&folder, "journal", &commands(300), Recipe::new());
    for args in [
        &["run", "--flow", &flow][..],
        &["run", "--flow", &flow, "--json"],
        &["verify", &journal],
        &["replay", &journal, "--json"],
        &["snapshot", &journal],
        &["recover", &journal],
        &["inspect", &journal],
        &["inspect", &journal, "--events", "--json"],
        &["tail", &journal],
        &["tail", &journal, "-f"],
        &["diff", &journal, &journal],
        &["doctor"],
        &["prune", &journal, "--before-snapshot", "--yes"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let mut command = Command::new(novate().get_program());
        let output = command.args(args).stdout(full()).stderr(Stdio::piped()).output().expect("the binary starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{args:?} {stderr}");
        assert!(stderr.starts_with("novate: cannot write to standard output: "), "{args:?} {stderr}");
    }
}

/// A reader that went away, as `head` does: no panic and nothing to say.
#[test]
fn a_broken_pipe() {
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let flow = folder.flow("1,1,new,1,buy,10,5,gtc\n2,2,new,2,sell,10,5,gtc\n");
    let journal = journal(&folder, "journal", &commands(2_000), Recipe { segment_bytes: 1 << 20, ..Recipe::new() });
    for args in [
        &["run", "--flow", &flow][..],
        &["run", "--flow", &flow, "--json"],
        &["verify", &journal],
        &["replay", &journal, "--json"],
        &["snapshot", &journal],
        &["recover", &journal, "--json"],
        &["inspect", &journal],
        &["inspect", &journal, "--events", "--json"],
        &["tail", &journal, "-n", "5000"],
        &["tail", &journal, "-f"],
        &["diff", &journal, &journal, "--json"],
        &["doctor", "--json"],
        &["prune", &journal, "--before-snapshot", "--yes"],
        &["--help"],
    ] {
        let mut command = Command::new(novate().get_program());
        let spawned = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("the binary starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the binary ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert!(matches!(output.status.code(), Some(0 | 4)), "{args:?}");
    }
}
