//! `novate recover`.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::journals::{Recipe, Writing, commands, copy, files, frame_of, frames, journal, patch, torn};
use crate::support::{Folder, Ran, novate, run};

fn recover(journal: &str, args: &[&str]) -> Ran {
    run(&[&["recover", journal, "--json"], args].concat())
}

#[test]
fn a_torn_tail_is_planned_and_cut() {
    let folder = Folder::new();
    let (path, position) = torn(&folder, "journal", 33);
    let before = files(&path);
    let replayed = run(&["replay", &path, "--json"]).result();
    let plan = recover(&path, &["--plan"]);
    assert_eq!(plan.code, 0);
    assert_eq!(files(&path), before, "a plan changes nothing");
    let first = plan.stderr.lines().next().expect("a line").to_owned();
    let said = format!("novate: {path}: to be cut: 24 bytes from {position} on (expected a frame, found ");
    assert!(first.starts_with(&said) && first.ends_with("; epoch 2 begins"), "{first}");
    let result = plan.result();
    assert_eq!((&result["cut_bytes"], &result["done"], &result["sequence"]), (&json!(24), &json!(false), &json!(33)));
    assert_eq!(result["cut_at"], json!(position.to_string()));
    assert!(run(&["recover", &path, "--plan"]).stdout.contains("nothing was changed: this is the plan"));
    assert_eq!(files(&path), before);

    let cut = recover(&path, &[]);
    assert_eq!((cut.code, &cut.stderr), (0, &plan.stderr), "what was planned is said, and done");
    assert_eq!((&cut.result()["cut_bytes"], &cut.result()["done"]), (&json!(24), &json!(true)));
    let verified = run(&["verify", &path, "--json"]).result();
    assert_eq!((&verified["torn_bytes"], &verified["sequence"]), (&json!(0), &json!(33)));
    let again = run(&["replay", &path, "--json"]).result();
    assert_eq!(again["state_digest"], replayed["state_digest"]);

    let before = files(&path);
    let second = recover(&path, &[]);
    assert_eq!((second.code, second.stderr.as_str()), (0, ""), "nothing is left to do");
    assert_eq!((&second.result()["done"], &second.result()["left_over"]), (&json!(false), &json!([])));
    assert!(run(&["recover", &path]).stdout.contains("nothing to do"));
    assert_eq!(files(&path), before);
}

#[test]
fn what_was_made_ahead_is_taken_away() {
    let folder = Folder::new();
    let mut writing = Writing::begin(&folder, "journal", Recipe { is_closed: false, ..Recipe::new() });
    writing.append_all(&commands(33));
    writing.prepare();
    writing.end();
    let path = format!("{}/journal", folder.path());
    let last = frames(&path).last().expect("a frame").position.segment;
    let ahead: Vec<String> = files(&path)
        .into_keys()
        .filter(|name| name.ends_with(".segment") && *name > format!("{last:08}.segment"))
        .collect();
    assert!(!ahead.is_empty());
    folder.file("journal/control.tmp", "x");
    let left: Vec<String> = ahead.iter().cloned().chain(["control.tmp".to_owned()]).collect();
    let plan = recover(&path, &["--plan"]);
    assert_eq!((plan.code, &plan.result()["left_over"]), (0, &json!(left)));
    for name in &left {
        assert!(
            plan.stderr.contains(&format!("novate: {path}: to be taken away: {name}, left over\n")),
            "{}",
            plan.stderr
        );
    }
    assert_eq!(recover(&path, &[]).code, 0);
    let kept: Vec<String> =
        files(&path).into_keys().filter(|name| name.contains(".tmp") || ahead.contains(name)).collect();
    assert_eq!(kept, [""; 0]);
    assert_eq!(recover(&path, &[]).stderr, "");
}

#[test]
fn damage_is_refused_and_nothing_is_changed() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    let open = {
        let recipe = Recipe { is_closed: false, ..Recipe::new() };
        let mut writing = Writing::begin(&folder, "open", recipe);
        let commands = commands(60);
        writing.append_all(&commands[..50]);
        writing.flush();
        writing.append_all(&commands[50..]);
        writing.end();
        format!("{}/open", folder.path())
    };
    for path in [path, open] {
        let frame = frame_of(&path, 30);
        patch(&path, frame.position.segment, u64::from(frame.position.offset) + 70, &[0xff]);
        let before = files(&path);
        for args in [&["--plan"][..], &[]] {
            let ran = recover(&path, args);
            assert_eq!((ran.code, ran.objects().len()), (3, 1));
            let result = ran.result();
            assert_eq!((&result["done"], &result["damage"]["offset"]), (&json!(null), &json!(frame.position.offset)));
            let lines: Vec<&str> = ran.stderr.lines().collect();
            assert_eq!(
                lines[0],
                format!("novate: {path}: refused, nothing is cut: this is damage, and not what a crash leaves")
            );
            let name =
                format!("novate: {path}/{}, offset {}: ", &frame.position.to_string()[..16], frame.position.offset);
            assert!(lines.len() == 2 && lines[1].starts_with(&name), "{}", ran.stderr);
            assert_eq!(files(&path), before);
        }
    }
}

#[test]
fn a_closed_journal_has_nothing_to_recover() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    let before = files(&path);
    let ran = recover(&path, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!((&ran.result()["closed"], &ran.result()["done"]), (&json!(true), &json!(false)));
    assert_eq!(files(&path), before);
}

#[test]
fn while_somebody_writes_only_reading_goes_on() {
    let folder = Folder::new();
    let mut writing = Writing::begin(&folder, "journal", Recipe::new());
    writing.append_all(&commands(33));
    let path = format!("{}/journal", folder.path());
    let before = files(&path);
    for args in [&[][..], &["--plan"]] {
        let ran = recover(&path, args);
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""));
        let said = format!("novate: {path}: somebody else is writing this journal; stop that writer first\n");
        assert_eq!(ran.stderr, said);
    }
    assert_eq!(files(&path), before);
    for args in
        [&["verify", &path][..], &["replay", &path], &["snapshot", &path], &["inspect", &path], &["tail", &path]]
    {
        let ran = run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    }
    writing.end();
    // Another test's process may hold the lock a moment longer: between its fork and its exec it has all open files.
    let is_locked = |ran: &Ran| ran.code == 4;
    let ran = (0..100).map(|_| recover(&path, &[])).find(|ran| !is_locked(ran));
    assert_eq!(ran.map(|ran| ran.code), Some(0));
}

#[test]
fn a_full_or_closed_standard_error_stops_nothing() {
    let folder = Folder::new();
    let (path, _) = torn(&folder, "journal", 33);
    for (name, is_full) in [("full", true), ("closed", false)] {
        let path = copy(&folder, &path, name);
        for verb in ["replay", "recover"] {
            let mut command = Command::new(novate().get_program());
            command.args([verb, &path]).stdout(Stdio::piped());
            let code = if is_full {
                let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
                command.stderr(full).status().expect("the binary starts").code()
            } else {
                let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary starts");
                drop(child.stderr.take());
                child.wait_with_output().expect("the binary ends").status.code()
            };
            assert_eq!(code, Some(0), "{name} {verb}");
        }
        assert_eq!(run(&["verify", &path, "--json"]).result()["torn_bytes"], 0, "{name}");
    }
}

#[test]
fn the_control_file_is_made_anew() {
    let folder = Folder::new();
    for is_closed in [true, false] {
        let recipe = Recipe { is_closed, ..Recipe::new() };
        let path = journal(&folder, &format!("closed-{is_closed}"), &commands(20), recipe);
        let control = files(&path)["control"].clone();
        std::fs::remove_file(format!("{path}/control")).expect("a file");
        let plan = recover(&path, &["--plan"]);
        let said = format!("novate: {path}: to be made anew: the control file, which is missing; epoch 2 begins\n");
        assert_eq!((plan.code, plan.stderr), (0, said));
        assert!(!files(&path).contains_key("control"));
        assert_eq!(recover(&path, &[]).result()["done"], json!(true));
        let made = files(&path)["control"].clone();
        assert_eq!((made.len(), made == control), (control.len(), false), "of the next epoch");
        assert_eq!(run(&["verify", &path]).code, 0);
        assert_eq!(recover(&path, &[]).result()["done"], json!(false));
    }
}

/// What a crash leaves of a journal whose beginning was pruned is read from its snapshot on.
#[test]
fn a_pruned_journal_is_recovered_too() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe { is_closed: false, ..Recipe::new() });
    assert_eq!(run(&["snapshot", &path, "--at", "50"]).code, 0);
    assert_eq!(run(&["prune", &path, "--before-snapshot", "--yes"]).code, 0);
    assert!(!files(&path).contains_key("00000001.segment"), "nothing was pruned");
    let ran = recover(&path, &[]);
    assert_eq!((ran.code, &ran.result()["sequence"]), (0, &json!(60)), "{}", ran.stderr);
    assert_eq!(run(&["verify", &path]).code, 0);
}
