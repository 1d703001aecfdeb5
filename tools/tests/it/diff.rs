//! `novate diff`.

use novate_core::prelude::*;
use serde_json::{Value, json};

use crate::journals::{Recipe, commands, genesis, journal, limit, made, patch};
use crate::support::{Folder, Ran, run};

fn diff(one: &str, other: &str, args: &[&str]) -> Ran {
    run(&[&["diff", one, other], args].concat())
}

/// The objects of a run, each line of which is one, and its code.
fn objects(one: &str, other: &str, args: &[&str]) -> (i32, Vec<Value>) {
    let ran = diff(one, other, &[args, &["--json"]].concat());
    assert_eq!(ran.stderr, "");
    (ran.code, ran.stdout.lines().map(|line| serde_json::from_str(line).expect("well-formed JSON")).collect())
}

#[test]
fn equal_however_they_lie_in_files() {
    let folder = Folder::new();
    let commands = commands(60);
    let one = journal(&folder, "one", &commands, Recipe::new());
    let recipe = Recipe { segment_bytes: 1 << 16, block: 3, is_closed: false, ..Recipe::new() };
    let other = journal(&folder, "other", &commands, recipe);
    let (code, objects) = objects(&one, &other, &[]);
    assert_eq!((code, objects.len()), (0, 1), "{objects:?}");
    let result = &objects[0];
    assert_eq!((&result["equal"], &result["first_difference"]), (&json!(true), &json!(null)));
    assert_eq!((&result["commands"], &result["state_fields"]), (&json!(60), &json!(0)));
    for digests in ["events_digests", "state_digests"] {
        assert_eq!(result[digests][0], result[digests][1]);
    }
    let text = diff(&one, &other, &[]);
    assert_eq!((text.code, text.last_line()), (0, "equal: 60 commands, and what came of them"));
}

#[test]
fn one_price_differs() {
    let folder = Folder::new();
    let (mut one, mut other) = (commands(40), commands(40));
    // A buy that rests, below whatever sells.
    one[24] = made(250, &limit(17, 2, Side::Buy, 50, 7));
    other[24] = made(251, &limit(17, 2, Side::Buy, 51, 7));
    let one = journal(&folder, "one", &one, Recipe::new());
    let other = journal(&folder, "other", &other, Recipe::new());
    let (code, found) = objects(&one, &other, &["--all"]);
    let result = found.last().expect("a result");
    assert_eq!(code, 1);
    assert_eq!(
        (&result["equal"], &result["first_difference"], &result["commands"]),
        (&json!(false), &json!(25), &json!(24))
    );
    let of = |difference: &str| -> Vec<&Value> {
        found.iter().filter(|object| object["difference"] == difference).collect()
    };
    let fields: Vec<(&Value, &Value)> =
        of("command").iter().map(|object| (&object["field"], &object["values"])).collect();
    assert_eq!(fields, [(&json!("time_ns"), &json!([250, 251])), (&json!("price"), &json!([50, 51]))]);
    let states = of("state");
    assert_eq!(json!(states.len()), result["state_fields"]);
    let level = states.iter().find(|object| object["table"] == "levels" && object["field"] == "price");
    assert_eq!(level.expect("a level")["values"], json!([50, 51]));
    assert!(states.iter().any(|object| object["table"] == "header"), "the events digest is part of the state");

    let text = diff(&one, &other, &[]);
    assert_eq!(text.code, 1);
    for lines in [
        "command 25 differs first, NewOrder:\n  time_ns: 250 in A, 251 in B\n  price: 50 in A, 51 in B\n",
        "the states differ after command 25:\n  header 0 time: 250 in A, 251 in B\n",
        "\n  levels 2 price: 50 in A, 51 in B\n",
    ] {
        assert!(text.stdout.contains(lines), "{}", text.stdout);
    }
    assert_eq!(text.last_line(), "different from command 25 on");
}

#[test]
fn only_twenty_fields_of_the_state_are_printed() {
    let folder = Folder::new();
    let (one, mut other) = (commands(30), commands(30));
    // Another kind of command at a place where an order was.
    other[24] = made(250, &OpenAccount::new((SessionId::operator(0), 5), 3));
    let one = journal(&folder, "one", &one, Recipe::new());
    let other = journal(&folder, "other", &other, Recipe::new());
    let (code, some) = objects(&one, &other, &[]);
    let (_, all) = objects(&one, &other, &["--all"]);
    let count = |objects: &[Value]| objects.iter().filter(|object| object["difference"] == "state").count();
    assert_eq!((code, count(&some)), (1, 20));
    let fields = some.last().expect("a result")["state_fields"].as_u64().expect("a number");
    assert_eq!(fields, count(&all) as u64);
    assert!(fields > 20);
    assert_eq!((&some[0]["field"], &some[0]["values"]), (&json!("kind"), &json!(["NewOrder", "OpenAccount"])));
    let label = some.iter().find(|object| object["field"] == "price").expect("a field of one only");
    assert!(label["values"][0].is_number() && label["values"][1].is_null(), "{label}");
    let text = diff(&one, &other, &[]).stdout;
    assert!(text.contains(&format!("\n  {} more; --all prints them\n", fields - 20)), "{text}");
}

#[test]
fn one_is_shorter() {
    let folder = Folder::new();
    let one = journal(&folder, "one", &commands(33), Recipe::new());
    let other = journal(&folder, "other", &commands(41), Recipe::new());
    for (pair, name) in [([&one, &other], "A"), ([&other, &one], "B")] {
        let (code, found) = objects(pair[0], pair[1], &[]);
        let result = found.last().expect("a result");
        assert_eq!((code, found.len()), (1, 2), "{found:?}");
        assert_eq!((&found[0]["difference"], &found[0]["journal"]), (&json!("end"), &json!(name)));
        assert_eq!(found[0]["sequence"], 33);
        assert_eq!((&result["first_difference"], &result["shorter"]), (&json!(34), &json!(name)));
        assert_eq!((&result["commands"], &result["state_fields"]), (&json!(33), &json!(0)));
        let text = diff(pair[0], pair[1], &[]).stdout;
        assert!(text.contains(&format!("\n{name} ends after command 33, at 0000000")), "{text}");
    }
}

#[test]
fn another_genesis() {
    let folder = Folder::new();
    let one = journal(&folder, "one", &commands(9), Recipe::new());
    let other = Genesis { index_seed: 8, max_steps: 64, ..genesis() };
    let other = journal(&folder, "other", &commands(9), Recipe { genesis: other, ..Recipe::new() });
    let (code, found) = objects(&one, &other, &[]);
    let fields: Vec<&Value> = found.iter().filter_map(|object| object.get("field")).collect();
    assert_eq!((code, fields), (1, vec![&json!("max_steps"), &json!("index_seed")]));
    assert_eq!(found[1]["values"], json!([7, 8]));
    let result = found.last().expect("a result");
    assert_eq!((&result["equal"], &result["first_difference"]), (&json!(false), &json!(0)));
    assert!(diff(&one, &other, &[]).stdout.contains("the geneses differ:\n  max_steps: 16384 in A, 64 in B\n"));
}

#[test]
fn seals_that_state_other_events_are_named() {
    let folder = Folder::new();
    let one = journal(&folder, "one", &commands(30), Recipe::new());
    let other = journal(&folder, "other", &commands(30), Recipe { wrong_from: 14, ..Recipe::new() });
    let (code, found) = objects(&one, &other, &[]);
    let result = found.last().expect("a result");
    assert_eq!((code, found.len()), (1, 2), "{found:?}");
    assert_eq!((&found[0]["difference"], &found[0]["journal"]), (&json!("seal"), &json!("B")));
    assert_eq!(found[0]["stated"], "0".repeat(32));
    assert_eq!((&result["equal"], &result["first_difference"]), (&json!(false), &json!(null)));
    assert_eq!(result["events_digests"][0], result["events_digests"][1]);
    let text = diff(&one, &other, &[]);
    assert_eq!(text.last_line(), "different, though the first 30 commands are equal");
}

#[test]
fn bytes_that_no_field_shows_are_named() {
    let folder = Folder::new();
    let (one, mut other) = (commands(12), commands(12));
    // Bytes 4 to 7 of a command are reserved.
    other[8].words[0] |= 0x0102 << 32;
    let one = journal(&folder, "one", &one, Recipe::new());
    let other = journal(&folder, "other", &other, Recipe::new());
    let (code, found) = objects(&one, &other, &[]);
    assert_eq!((code, &found[0]["difference"], &found[0]["field"]), (1, &json!("command"), &json!("reserved")));
    assert_eq!((&found[0]["values"], &found[0]["sequence"]), (&json!(["0000", "0201"]), &json!(9)));
}

#[test]
fn damage_is_named_with_its_folder() {
    let folder = Folder::new();
    let one = journal(&folder, "one", &commands(30), Recipe::new());
    let other = journal(&folder, "other", &commands(30), Recipe::new());
    patch(&other, 1, 256 + 192 + 64, &[0xff]);
    for pair in [[&one, &other], [&other, &one]] {
        let ran = diff(pair[0], pair[1], &[]);
        assert_eq!(ran.code, 3);
        assert!(ran.stderr.starts_with(&format!("novate: {other}/00000001.segment, offset 448: ")), "{}", ran.stderr);
    }
}
