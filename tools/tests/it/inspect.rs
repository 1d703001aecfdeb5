//! `novate inspect`.

use std::fs;

use novate_core::command::{Command, CommandRecord, Work};
use novate_core::prelude::*;
use serde_json::{Value, json};

use crate::journals::{ACCOUNTS, INSTRUMENT, Made, Recipe, bytes_of, commands, frame_of, journal, patch};
use crate::support::{Folder, Ran, run};

/// Bytes of a segment's header and of a genesis frame.
const HEAD: u64 = 256 + 192;

fn inspect(journal: &str, args: &[&str]) -> Ran {
    run(&[&["inspect", journal], args].concat())
}

/// The objects of a run that found nothing to say on standard error.
fn objects(journal: &str, args: &[&str]) -> Vec<Value> {
    let ran = inspect(journal, &[args, &["--json"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
    ran.stdout.lines().map(|line| serde_json::from_str(line).expect("well-formed JSON")).collect()
}

/// What stands under a name in each object that has it.
fn of<'o>(objects: &'o [Value], name: &str) -> Vec<&'o Value> {
    objects.iter().filter_map(|object| object.get(name)).collect()
}

fn sequences(objects: &[Value]) -> Vec<u64> {
    of(objects, "sequence").into_iter().map(|sequence| sequence.as_u64().expect("a number")).collect()
}

fn made(folder: &Folder, count: u64) -> String {
    journal(folder, "journal", &commands(count), Recipe::new())
}

#[test]
fn every_frame_is_one_line() {
    let folder = Folder::new();
    let journal = made(&folder, 25);
    let objects = objects(&journal, &[]);
    let frames: Vec<&str> = of(&objects, "frame").into_iter().map(|frame| frame.as_str().expect("a name")).collect();
    assert_eq!(frames.iter().filter(|frame| ["command", "work"].contains(frame)).count(), 25);
    assert_eq!((frames[0], frames[frames.len() - 1]), ("genesis", "end"));
    assert_eq!(sequences(&objects).last(), Some(&25));
    assert!(frames.contains(&"seal") && frames.contains(&"work"));
    assert_eq!(objects[0]["position"], "00000001.segment:256");
    assert_eq!((&objects[0]["capacities.orders"], &objects[0]["index_seed"]), (&json!(64), &json!(7)));
    let names: Vec<&str> = objects[1].as_object().expect("an object").keys().map(String::as_str).take(9).collect();
    let expected =
        ["position", "sequence", "time_ns", "epoch", "frame", "kind", "session", "session_sequence", "account"];
    assert_eq!(names, expected);
    assert_eq!((&objects[1]["kind"], &objects[1]["symbol"]), (&json!("ListInstrument"), &json!("BTC-PERP")));
    let seal = objects.iter().find(|object| object["frame"] == "seal").expect("a seal");
    assert_eq!(
        (&seal["block"], &seal["first_sequence"], &seal["block_epoch"], seal.get("kind")),
        (&json!(1), &json!(1), &json!(1), None)
    );

    let text = inspect(&journal, &[]);
    assert_eq!((text.code, text.stderr.as_str()), (0, ""));
    assert_eq!(text.stdout.lines().count(), objects.len());
    let first = text.stdout.lines().nth(5).expect("a line");
    let expected = format!(
        "00000001.segment:{} sequence=5 time_ns=50 epoch=1 command NewOrder session=50331651 session_sequence=1 \
         account=16777217 instrument=16777217 client_order_id=101 price=100 quantity=3 side=Sell order_type=Limit \
         time_in_force=GoodTillCancelled",
        HEAD + commands(4).iter().map(bytes_of).sum::<u64>()
    );
    assert_eq!(first, expected);
}

#[test]
fn a_range_is_as_it_is_in_the_whole() {
    let folder = Folder::new();
    let journal = made(&folder, 60);
    let all = objects(&journal, &[]);
    let in_range = |from: u64, to: u64| -> Vec<Value> {
        let is_in = |object: &&Value| (from..=to).contains(&object["sequence"].as_u64().expect("a number"));
        all.iter().filter(is_in).cloned().collect()
    };
    for (from, to) in [(0, 0), (1, 1), (14, 14), (15, 40), (33, 33), (60, 60), (60, 99)] {
        let (first, last) = (from.to_string(), to.to_string());
        for more in [&[][..], &["--events"]] {
            let args = [&["--from", &first, "--to", &last], more].concat();
            let frames: Vec<Value> =
                objects(&journal, &args).into_iter().filter(|object| object.get("frame").is_some()).collect();
            assert_eq!(frames, in_range(from, to), "{args:?}");
        }
    }
    assert_eq!(objects(&journal, &["--from", "58"]), in_range(58, 60));
    assert_eq!(objects(&journal, &["--to", "3"]), in_range(0, 3));
    for more in [&[][..], &["--events"], &["--to", "99"]] {
        let beyond = inspect(&journal, &[&["--from", "61"], more].concat());
        assert_eq!((beyond.code, beyond.stdout.as_str()), (2, ""));
        assert!(beyond.stderr.contains("the journal does not hold sequence 61: it ends at 60"), "{}", beyond.stderr);
    }
    let reversed = inspect(&journal, &["--from", "5", "--to", "4"]);
    assert_eq!((reversed.code, reversed.stdout.as_str()), (2, ""));
    assert_eq!(reversed.stderr, "novate: expected --from at or below --to, found 5 and 4\n");
}

#[test]
fn filters() {
    let folder = Folder::new();
    let journal = made(&folder, 30);
    let found = |args: &[&str]| objects(&journal, args);
    assert_eq!(of(&found(&["--kind", "genesis"]), "sequence"), [&json!(0)]);
    let seals = found(&["--kind", "seal"]);
    assert!(seals.len() > 4 && of(&seals, "frame").iter().all(|frame| **frame == "seal"));
    assert_eq!(sequences(&found(&["--kind", "work"])), [7, 17, 27]);
    assert_eq!(found(&["--kind", "Work"]), found(&["--kind", "work"]));
    assert_eq!(sequences(&found(&["--kind", "Checkpoint"])), [10, 20, 30]);
    assert_eq!(sequences(&found(&["--kind", "CancelOrder", "--kind", "OpenAccount"])), [2, 3, 8]);
    assert_eq!(found(&["--kind", "Malformed"]), Vec::<Value>::new());
    assert_eq!(found(&["--kind", "end"])[0]["block"], found(&["--kind", "seal"]).last().expect("a seal")["block"]);

    let of_account = found(&["--account", ACCOUNTS[1]]);
    assert_eq!(of_account, found(&["--account", "33554434"]));
    assert!(of(&of_account, "account").iter().all(|account| **account == json!(33_554_434)));
    assert_eq!(sequences(&of_account)[..3], [6, 8, 12]);
    let instrument = found(&["--instrument", INSTRUMENT, "--to", "9"]);
    assert_eq!(sequences(&instrument), [5, 6, 9]);
    // Command 6 put its order into the second slot; the cancel names it.
    let order = found(&["--order", "6.2"]);
    assert_eq!(sequences(&order), [6, 8]);
    assert_eq!(order, found(&["--order", &OrderId::new(Sequence(6), 2).0.to_string()]));
    assert_eq!(sequences(&found(&["--order", "6.2", "--account", ACCOUNTS[0]])), [0; 0]);
    assert_eq!(sequences(&found(&["--account", ACCOUNTS[0], "--client-order-id", "101"])), [5]);
    assert_eq!(sequences(&found(&["--account", ACCOUNTS[1], "--client-order-id", "101"])), [0; 0]);

    for (args, complaint) in [
        (&["--kind", "order"][..], "[possible values: genesis, command, seal, "),
        (&["--account", "1/2"], "expected a number, or shard/slot.generation as 0/1.1"),
        (&["--instrument", "+1"], "expected a number, or shard/slot.generation as 0/1.1"),
        (&["--order", "0/1.1"], "expected a number, or sequence.slot as 7.1"),
        (&["--client-order-id", "7"], "--account <ID>"),
    ] {
        let ran = inspect(&journal, args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(ran.stderr.contains(complaint), "{args:?}: {}", ran.stderr);
    }
    let all = inspect(&journal, &["--kind", "x"]).stderr;
    assert!(["genesis", "end", "NewOrder", "Checkpoint", "Malformed"].iter().all(|kind| all.contains(kind)), "{all}");
}

#[test]
fn events_follow_their_command() {
    let folder = Folder::new();
    let journal = made(&folder, 40);
    let objects = objects(&journal, &["--events", "--from", "9", "--kind", "NewOrder", "--to", "12"]);
    let lines: Vec<(&Value, &Value)> = objects
        .iter()
        .map(|object| (&object["sequence"], object.get("event").or(object.get("kind")).expect("a kind")))
        .collect();
    let names: Vec<String> =
        lines.iter().map(|(sequence, name)| format!("{sequence} {}", name.as_str().unwrap_or(""))).collect();
    assert_eq!(
        names,
        ["9 NewOrder", "9 Accepted", "11 NewOrder", "11 Accepted", "12 NewOrder", "12 Accepted", "12 Trade",]
    );
    let trade = objects.last().expect("a trade");
    let keys: Vec<&str> = trade.as_object().expect("an object").keys().map(String::as_str).take(3).collect();
    assert_eq!(keys, ["sequence", "ordinal", "event"]);
    assert_eq!((&trade["price"], &trade["quantity"]), (&json!(100), &json!(3)));
    let text = inspect(&journal, &["--events", "--from", "12", "--to", "12", "--kind", "command"]);
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert!(lines[0].contains(" command NewOrder "), "{}", lines[0]);
    assert!(lines[2].starts_with("  Trade sequence=12 ordinal=1 "), "{}", lines[2]);
}

/// Of a pruned journal the events are those of the whole, as far as its snapshots reach.
#[test]
fn what_is_left_of_a_pruned_journal() {
    let folder = Folder::new();
    let journal = made(&folder, 60);
    let whole = objects(&journal, &["--events"]);
    for at in ["20", "40"] {
        assert_eq!(run(&["snapshot", &journal, "--at", at]).code, 0);
    }
    let segment_of = |sequence| frame_of(&journal, sequence).position.segment;
    assert!(segment_of(1) < segment_of(20), "a segment to prune");
    let behind = |sequence: u64| -> Vec<Value> {
        whole.iter().filter(|object| object["sequence"].as_u64().expect("a number") > sequence).cloned().collect()
    };
    // By hand, so that both snapshots stay.
    for number in 1..segment_of(20) {
        fs::remove_file(format!("{journal}/{number:08}.segment")).expect("a segment");
    }
    fs::remove_file(format!("{journal}/control")).expect("a control file");
    let all = run(&["inspect", &journal, "--events", "--json"]);
    let note = format!("novate: {journal}: pruned; its events are known from sequence 21 on\n");
    assert_eq!((all.code, &all.stderr), (0, &note));
    assert_eq!(all.objects(), behind(20));
    for from in [21, 40, 41, 60] {
        assert_eq!(objects(&journal, &["--events", "--from", &from.to_string()]), behind(from - 1), "{from}");
    }
    let early = inspect(&journal, &["--events", "--from", "20"]);
    assert_eq!((early.code, early.stdout.as_str()), (2, ""));
    assert!(early.stderr.contains("the snapshot 20 was made of is pruned"), "{}", early.stderr);
    let gone = inspect(&journal, &["--to", "1"]);
    assert_eq!((gone.code, gone.stdout.as_str()), (2, ""));
    assert!(gone.stderr.contains("sequence 1: what comes before "), "{}", gone.stderr);
}

#[test]
fn seals_that_state_other_events_are_named() {
    let folder = Folder::new();
    let wrong = Recipe { wrong_from: 14, ..Recipe::new() };
    let journal = journal(&folder, "journal", &commands(25), wrong);
    let ran = inspect(&journal, &["--events", "--kind", "genesis"]);
    assert_eq!((ran.code, ran.stdout.lines().count(), ran.stderr.lines().count()), (1, 1, 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("states the events digest 00000000000000000000000000000000, the replay came to "));
    assert_eq!(inspect(&journal, &["--kind", "genesis"]).code, 0, "without events nothing is replayed");
}

#[test]
fn what_is_no_command_is_shown_as_it_is() {
    let folder = Folder::new();
    let mut commands = commands(6);
    commands.push(Made { time: 70, words: vec![0x0010_0007, u64::MAX] });
    commands.push(Made { time: 70, words: Vec::new() });
    let journal = journal(&folder, "journal", &commands, Recipe::new());
    let objects = objects(&journal, &["--kind", "Malformed", "--events"]);
    assert_eq!((&objects[0]["kind"], &objects[0]["found_kind"]), (&json!("Malformed"), &json!(7)));
    assert_eq!(objects[0]["words"], "0700100000000000ffffffffffffffff");
    assert_eq!((&objects[1]["event"], &objects[1]["sequence"]), (&json!("Rejected"), &json!(7)));
    assert_eq!(objects[2]["words"], "");
}

#[test]
fn a_torn_tail_is_said() {
    let folder = Folder::new();
    let journal = journal(&folder, "journal", &commands(5), Recipe { is_closed: false, ..Recipe::new() });
    let whole = inspect(&journal, &[]);
    assert_eq!((whole.code, whole.stderr.as_str()), (0, ""), "open, and nothing is torn");
    // Behind the genesis, five commands and a seal.
    let end = HEAD + commands(5).iter().map(bytes_of).sum::<u64>() + 192;
    patch(&journal, 1, end, &[0x80]);
    let torn = inspect(&journal, &["--json"]);
    assert_eq!(torn.code, 0);
    assert_eq!(torn.stdout.lines().count(), whole.stdout.lines().count());
    let expected = format!("novate: {journal}: not closed; a torn tail of 8 bytes at 00000001.segment:{end} (found ");
    assert!(torn.stderr.starts_with(&expected), "{}", torn.stderr);
    let cut = inspect(&journal, &["--to", "4"]);
    assert_eq!((cut.code, cut.stderr.as_str()), (0, ""), "nobody asked for the tail");
}

#[test]
fn damage_comes_after_what_is_before_it() {
    let folder = Folder::new();
    let journal = made(&folder, 30);
    let whole = inspect(&journal, &[]);
    // The quantity of command 5.
    let at = HEAD + commands(4).iter().map(bytes_of).sum::<u64>();
    patch(&journal, 1, at + 100, &[0xff]);
    for args in [&[][..], &["--events", "--kind", "command"], &["--from", "2"]] {
        let ran = inspect(&journal, args);
        let name = format!("novate: {journal}/00000001.segment, offset {at}: expected a frame with the sum ");
        assert_eq!((ran.code, ran.stderr.lines().count()), (3, 1), "{}", ran.stderr);
        assert!(ran.stderr.starts_with(&name), "{}", ran.stderr);
        let lines: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
        let expected: Vec<&str> = whole.stdout.lines().take(5).collect();
        assert_eq!(lines[..], expected[expected.len() - lines.len()..], "{args:?}");
        assert!(ran.stdout.contains("sequence=4 "));
    }
    assert_eq!(inspect(&journal, &["--to", "3"]).code, 0);
}

#[test]
fn where_there_is_no_journal() {
    let folder = Folder::new();
    let file = folder.file("some/file", "x");
    let nowhere = format!("{}/nowhere", folder.path());
    let some = format!("{}/some", folder.path());
    for path in [&nowhere, &file, &some] {
        for verb in ["inspect", "tail"] {
            let ran = run(&[verb, path]);
            assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.lines().count()), (2, "", 1), "{}", ran.stderr);
        }
        let ran = run(&["diff", path, path, "--json"]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.lines().count()), (2, "", 1), "{}", ran.stderr);
        assert!(ran.stderr.contains(path.as_str()), "{}", ran.stderr);
    }
}

/// Frames have names for their own fields that no command has, else one would hide the other.
#[test]
fn no_field_hides_another() {
    let folder = Folder::new();
    let all: Vec<Made> = Command::KINDS
        .iter()
        .filter(|(kind, ..)| *kind != Work::KIND)
        .map(|&(kind, _, size)| {
            let mut words = vec![0; size / 8];
            words[0] = u64::from(kind) | (size as u64) << 16;
            Made { time: 1, words }
        })
        .collect();
    let journal = journal(&folder, "journal", &all, Recipe::new());
    for object in objects(&journal, &["--kind", "command"]) {
        let names: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names[..6], ["position", "sequence", "time_ns", "epoch", "frame", "kind"]);
        assert!(object["kind"].is_string() && object["frame"] == "command", "{object}");
        assert!(object["time_ns"] == 1 && object["epoch"] == 1, "{object}");
    }
}
