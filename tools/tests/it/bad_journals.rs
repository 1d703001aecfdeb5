//! Folders that are no journal, and journals that are not right: what each verb says.

use std::collections::BTreeMap;
use std::fs;

use novate_core::prelude::Genesis;
use novate_journal::checksum::crc32c;

use crate::journals::{Recipe, commands, copy, files, genesis, journal, patch, set_version};
use crate::support::{Folder, run};

/// The verbs that read a journal, with what they need besides it.
const VERBS: [&[&str]; 7] = [
    &["verify"],
    &["replay"],
    &["replay", "--from-snapshot"],
    &["snapshot"],
    &["recover"],
    &["recover", "--plan"],
    &["prune", "--before-snapshot", "--yes"],
];

#[test]
fn where_there_is_no_journal() {
    let folder = Folder::new();
    let file = folder.file("foreign/notes.txt", "x");
    let [nowhere, foreign, empty, inside] =
        ["nowhere", "foreign", "empty", "empty/folder"].map(|name| format!("{}/{name}", folder.path()));
    fs::create_dir_all(&inside).expect("folders");
    for (path, found) in [
        (&nowhere, "no folder"),
        (&file, "a file"),
        (&format!("{file}/journal"), "a file"),
        (&inside, "no segment"),
        (&foreign, "no segment"),
        (&empty, "no segment"),
    ] {
        for verb in VERBS {
            for json in [&[][..], &["--json"]] {
                let ran = run(&[verb, &[path], json].concat());
                assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{verb:?} {path}: {}", ran.stderr);
                let said =
                    format!("novate: {path}: expected a journal, found {found}; `novate run --journal` begins one\n");
                assert_eq!(ran.stderr, said, "{verb:?}");
            }
        }
    }
    assert!(fs::read_dir(&inside).expect("a folder").next().is_none(), "nothing was made");
}

/// A change, the exit code, and what the message names.
type Case<'c> = (&'c str, &'c dyn Fn(&str), i32, &'c str, &'c str);

#[test]
fn what_is_wrong_inside_a_journal() {
    let folder = Folder::new();
    let whole = journal(&folder, "whole", &commands(60), Recipe::new());
    let other = Recipe { genesis: Genesis { index_seed: 9, ..genesis() }, ..Recipe::new() };
    let other = journal(&folder, "other", &commands(60), other);
    let last = format!("{:08}.segment", files(&whole).keys().filter(|name| name.ends_with(".segment")).count());
    let remove = |name: &str| {
        let name = name.to_owned();
        move |path: &str| fs::remove_file(format!("{path}/{name}")).expect("a file")
    };
    let (first, second, end) = (remove("00000001.segment"), remove("00000002.segment"), remove(&last));
    let replace = |path: &str| {
        fs::copy(format!("{other}/00000002.segment"), format!("{path}/00000002.segment")).expect("a segment");
    };
    let swap = |path: &str| {
        let [two, three] = ["00000002.segment", "00000003.segment"].map(|name| files(path)[name].clone());
        fs::write(format!("{path}/00000002.segment"), three).expect("a file takes bytes");
        fs::write(format!("{path}/00000003.segment"), two).expect("a file takes bytes");
    };
    let write = |name: &'static str, bytes: &'static str| {
        move |path: &str| fs::write(format!("{path}/{name}"), bytes).expect("a file takes bytes")
    };
    let (foreign, numbered, empty) = (write("notes.txt", "x"), write("1.segment", "x"), write("00000002.segment", ""));
    let control = |path: &str| {
        let mut bytes = files(path)["control"].clone();
        bytes[30] ^= 1;
        fs::write(format!("{path}/control"), bytes).expect("a file takes bytes");
    };
    let later = |path: &str| {
        let mut bytes = files(path)["control"].clone();
        bytes[12] = 2;
        let sum = crc32c(&bytes[12..]);
        bytes[8..12].copy_from_slice(&sum.to_le_bytes());
        fs::write(format!("{path}/control"), bytes).expect("a file takes bytes");
    };
    let inner = |path: &str| fs::create_dir(format!("{path}/backup")).expect("a folder");
    let cases: [Case<'_>; 17] = [
        ("first missing", &first, 3, "00000001.segment", "bring the segment back"),
        ("middle missing", &second, 3, "00000002.segment", "bring the segment back"),
        ("last missing", &end, 3, &last, "bring the segment back"),
        ("foreign file", &foreign, 3, "notes.txt", "move it out of the folder"),
        ("foreign segment", &numbered, 3, "1.segment", "move it out of the folder"),
        ("foreign folder", &inner, 3, "backup", "move it out of the folder"),
        ("empty segment", &empty, 3, "00000002.segment", "found 0 bytes"),
        ("exchanged segments", &swap, 3, "00000002.segment", "expected the number in the file's name, found 3"),
        (
            "magic",
            &|path| patch(path, 1, 0, b"N"),
            3,
            "00000001.segment",
            "expected a segment header, found other bytes",
        ),
        ("version byte", &|path| patch(path, 1, 12, &[9]), 3, "00000001.segment", "expected a segment header with"),
        ("second header", &|path| patch(path, 2, 60, &[1]), 3, "00000002.segment", "expected a segment header with"),
        ("control", &control, 3, "control", "expected an intact control file"),
        ("other control", &later, 2, "control", "journal format 2 is not known"),
        ("other genesis", &replace, 2, "00000002.segment", "expected a file of the journal "),
        ("other format", &|path| set_version(path, 1, 12, 7), 2, "00000001.segment", "journal format 7 is not known"),
        ("other schema", &|path| set_version(path, 2, 16, 9), 2, "00000002.segment", "command schema 9 is not known"),
        ("other rules", &|path| set_version(path, 2, 20, 99), 2, "00000002.segment", "rules version 99 is not known"),
    ];
    for case in cases {
        check(&folder, &whole, case);
    }
}

/// Every verb says so, and none changes anything.
fn check(folder: &Folder, whole: &str, (name, change, code, file, says): Case<'_>) {
    let path = copy(folder, whole, name);
    change(&path);
    // A folder is no part of what can be compared.
    let listed = || if name == "foreign folder" { BTreeMap::new() } else { files(&path) };
    let before = listed();
    for verb in [&["verify"][..], &["replay"], &["snapshot"], &["recover"], &["recover", "--plan"]] {
        let ran = run(&[verb, &[&path]].concat());
        assert_eq!(ran.code, code, "{name}, {verb:?}: {}", ran.stderr);
        let last = ran.stderr.lines().next_back().unwrap_or_default();
        assert!(last.starts_with(&format!("novate: {path}/{file}")) && last.contains(says), "{name}: {last}");
        assert!(verb == ["replay"] || ran.stdout.is_empty(), "{name}, {verb:?}");
        let json = run(&[verb, &[&path, "--json"]].concat());
        // Where reading came to a segment of another journal, a replay has a result before it.
        if code == 3 || verb != ["replay"] {
            assert_eq!(json.objects().len(), usize::from(code == 3), "{name}: damage is a result, others are none");
        }
    }
    assert_eq!(listed(), before, "{name}: nothing is changed");
    let json = run(&["verify", &path, "--json"]);
    if code == 2 {
        let release =
            format!("this release, {}, which reads format 1, schema 1, rules [1]; ", env!("CARGO_PKG_VERSION"));
        assert!(name == "other genesis" || json.stderr.contains(&release), "{}", json.stderr);
    }
}
