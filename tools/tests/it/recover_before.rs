//! `novate recover --before`: a journal is cut back, and what it loses is named before.

use serde_json::json;

use crate::journals::{Recipe, Writing, commands, copy, files, frame_of, frames, journal, patch};
use crate::support::{Folder, Ran, run};

fn recover(journal: &str, args: &[&str]) -> Ran {
    run(&[&["recover", journal], args].concat())
}

/// What a segment's file holds.
fn segment(journal: &str, number: u32) -> Vec<u8> {
    files(journal)[&format!("{number:08}.segment")].clone()
}

/// A primary stated other events from command 30 on; `replay` names the first command of that block.
#[test]
fn a_journal_of_a_primary_that_was_wrong_is_cut_back() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe { wrong_from: 30, ..Recipe::new() });
    let right = journal(&folder, "right", &commands(28), Recipe::new());
    let replayed = run(&["replay", &path, "--json"]);
    let first = replayed.result()["difference"]["first_sequence"].to_string();
    assert_eq!((replayed.code, first.as_str()), (1, "29"));

    let (before, end) = (files(&path), frame_of(&path, 29).position);
    let segments: Vec<&String> = before.keys().filter(|name| name.ends_with(".segment")).collect();
    let behind = &segments[end.segment as usize..];
    let used =
        |name: &String| (before[name].iter().rposition(|&byte| byte != 0).expect("frames") + 1).next_multiple_of(8);
    let (last, between) = behind.split_last().expect("later segments");
    let bytes = 4_096 - end.offset as usize + between.len() * (4_096 - 256) + used(last) - 256;
    let mut said = vec![
        "to be lost: commands 29 to 60, and what clients were told of them".to_owned(),
        format!("to be cut: {bytes} bytes from {end} on (cut back to before command 29); epoch 2 begins"),
    ];
    said.extend(behind.iter().map(|name| format!("to be taken away: {name}")));
    let said: String = said.iter().map(|line| ["novate: ", &path, ": ", line, "\n"].concat()).collect();
    let listed = |outcome: &str| {
        let names: Vec<&str> = behind.iter().map(|name| name.as_str()).collect();
        format!(
            "journal             {path}\nlast sequence kept  28\ncommands lost       29 to 60\nbytes cut           {bytes}\n\
             taken away          {}\noutcome             {outcome}\n",
            names.join(", ")
        )
    };

    let plan = recover(&path, &["--before", &first, "--plan"]);
    assert_eq!((plan.code, &plan.stderr), (0, &said));
    assert_eq!(plan.stdout, listed("nothing was changed: this is the plan"));
    let refused = recover(&path, &["--before", &first]);
    let why = "novate: expected --accept-loss, or --plan, found neither: commands 29 to 60 would be lost\n";
    assert_eq!((refused.code, refused.stderr), (2, format!("{said}{why}")));
    assert_eq!(refused.stdout, listed("nothing was changed: --accept-loss is missing"));
    assert_eq!(recover(&path, &["--before", &first, "--accept-loss", "--plan"]).stdout, plan.stdout);
    assert_eq!(files(&path), before, "nothing was changed");

    let done = recover(&path, &["--before", &first, "--accept-loss"]);
    assert_eq!((done.code, &done.stderr), (0, &said), "what was planned is said, and done");
    assert_eq!(done.stdout, listed("done"));
    assert!(behind.iter().all(|name| !files(&path).contains_key(*name)));
    let verified = run(&["verify", &path, "--json"]);
    assert_eq!((verified.code, &verified.result()["sequence"]), (0, &json!(28)));
    let (cut, short) = (run(&["replay", &path, "--json"]), run(&["replay", &right, "--json"]));
    assert_eq!((cut.code, &cut.result()["state_digest"]), (0, &short.result()["state_digest"]));
    let again = recover(&path, &["--json"]);
    assert_eq!((again.code, again.stderr.as_str(), &again.result()["done"]), (0, "", &json!(false)));
}

#[test]
fn the_result_as_json() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(64), Recipe::new());
    let end = frame_of(&path, 61).position;
    // The last segment's file was cut at the close, and is as long as before it again.
    assert!(segment(&path, end.segment).len() < 4_096);
    for (args, code, is_done) in [(&["--json"][..], 2, false), (&["--json", "--accept-loss"], 0, true)] {
        let ran = recover(&path, &[&["--before", "62"], args].concat());
        let result = ran.result();
        assert_eq!((ran.code, ran.objects().len(), &result["done"]), (code, 1, &json!(is_done)));
        assert_eq!(result["lost"], json!({ "first_sequence": 61, "last_sequence": 64 }));
        assert_eq!((&result["sequence"], &result["cut_at"]), (&json!(60), &json!(end.to_string())));
        assert_eq!((&result["closed"], &result["left_over"]), (&json!(true), &json!([])));
    }
    let bytes = segment(&path, end.segment);
    assert!(bytes.len() == 4_096 && bytes[end.offset as usize..].iter().all(|&byte| byte == 0));
    assert_eq!(run(&["verify", &path]).code, 0);
}

#[test]
fn snapshots_go_with_their_commands() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe { is_closed: false, ..Recipe::new() });
    for at in ["20", "50"] {
        assert_eq!(run(&["snapshot", &path, "--at", at]).code, 0);
    }
    assert_eq!(recover(&path, &["--before", "21", "--accept-loss"]).code, 0);
    let snapshots: Vec<String> = files(&path).into_keys().filter(|name| name.ends_with(".snapshot")).collect();
    assert_eq!(snapshots, ["00000000000000000020.snapshot"]);
    assert_eq!(run(&["verify", &path]).code, 0);
    let replayed = run(&["replay", &path, "--from-snapshot", "--json"]).result();
    assert_eq!((&replayed["sequence"], &replayed["commands"]), (&json!(20), &json!(0)));
}

#[test]
fn all_is_cut_down_to_the_genesis() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    let genesis = frames(&path)[0].clone();
    let ran = recover(&path, &["--before", "1", "--accept-loss", "--json"]);
    assert_eq!((ran.code, &ran.result()["sequence"]), (0, &json!(0)));
    let left = frames(&path);
    assert_eq!((left.len(), left[0].header), (1, genesis.header));
    assert_eq!(run(&["verify", &path]).code, 0);
    assert_eq!(run(&["replay", &path, "--json"]).result()["sequence"], 0);
}

#[test]
fn what_cannot_be_cut_is_refused_and_nothing_is_changed() {
    let folder = Folder::new();
    let path = journal(&folder, "journal", &commands(60), Recipe::new());
    let pruned = copy(&folder, &path, "pruned");
    assert_eq!(run(&["snapshot", &pruned, "--at", "50"]).code, 0);
    assert_eq!(run(&["prune", &pruned, "--before-snapshot", "--yes"]).code, 0);
    let refused = |path: &str, sequence: &str, code: i32| {
        let before = files(path);
        let ran = recover(path, &["--before", sequence, "--accept-loss"]);
        assert_eq!((ran.code, ran.stdout.as_str(), files(path)), (code, "", before), "{}", ran.stderr);
        ran.stderr
    };
    let beyond = |what: &str, path: &str| format!("novate: the journal does not hold {what} (in {path})\n");
    assert_eq!(refused(&path, "0", 2), beyond("command 0; its first is 1", &path));
    assert_eq!(refused(&path, "61", 2), beyond("command 61; its last is 60", &path));
    let what = "what is before command 50, which was pruned; name one from 51 on";
    assert_eq!(refused(&pruned, "50", 2), beyond(what, &pruned));
    assert_eq!(recover(&pruned, &["--before", "51", "--accept-loss"]).code, 0);
    assert_eq!(run(&["verify", &pruned, "--json"]).result()["sequence"], 50);

    let none = format!("{}/none", folder.path());
    assert_eq!(recover(&none, &["--before", "5", "--accept-loss"]).code, 2);

    // Damage is no reason to lose commands, wherever it is.
    for damaged in [20, 40] {
        let path = copy(&folder, &path, &format!("damaged-{damaged}"));
        let frame = frame_of(&path, damaged);
        patch(&path, frame.position.segment, u64::from(frame.position.offset) + 70, &[0xff]);
        let before = files(&path);
        let ran = recover(&path, &["--before", "30", "--accept-loss"]);
        assert_eq!((ran.code, files(&path)), (3, before));
        assert!(ran.stderr.contains("refused, nothing is cut: this is damage"), "{}", ran.stderr);
    }

    let mut writing = Writing::begin(&folder, "writing", Recipe::new());
    writing.append_all(&commands(33));
    let path = format!("{}/writing", folder.path());
    let said = format!("novate: {path}: somebody else is writing this journal; stop that writer first\n");
    assert_eq!(refused(&path, "20", 4), said);
    writing.end();
}
