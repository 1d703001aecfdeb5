//! Rules about Rust files.

use super::source::{Source, line_of, words};
use super::{assert_none, at, sources};

/// Lines of a file, at most.
const FILE_LINES_MAX: usize = 700;
/// Lines of a function from `fn` to the closing brace, at most.
const FUNCTION_LINES_MAX: usize = 70;

/// The files that may hold `unsafe` code, and what for.
const UNSAFE_FILES: &[(&str, &str)] = &[
    ("core/src/arena/lanes.rs", "comparing a bucket's tags at once takes a vector instruction"),
    ("core/src/arena/prefetch.rs", "the prefetch hint is an instruction of its own"),
    ("core/src/pricing/level.rs", "kernels compiled for wider instructions run where these are"),
    ("journal/src/checksum.rs", "the checksum instruction"),
    ("journal/src/memory.rs", "mapped memory that one thread writes and others read"),
    ("journal/tests/it/hot_path.rs", "an allocator that counts"),
    ("core/tests/it/allocations.rs", "an allocator that counts"),
    ("replica/tests/hot_thread.rs", "an allocator that counts"),
];

/// Words of the first line of a file's documentation, at least: a placeholder has fewer.
const DOC_WORDS_MIN: usize = 2;

/// A file begins by saying what it is.
fn begins_with_documentation(source: &Source) -> Vec<String> {
    let first = source.text.lines().next().unwrap_or_default();
    let has_text = first.strip_prefix("//!").is_some_and(|text| text.split_whitespace().count() >= DOC_WORDS_MIN);
    if has_text { Vec::new() } else { vec![at(&source.path, 1, "begin with `//!` and what this file is")] }
}

fn is_short(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        let what = format!("{lines} lines, more than {FILE_LINES_MAX}: split the file");
        found.push(at(&source.path, 1, &what));
    }
    for function in source.functions().iter().filter(|function| function.lines > FUNCTION_LINES_MAX) {
        let what = format!("`{}` has {} lines, more than {FUNCTION_LINES_MAX}", function.name, function.lines);
        found.push(at(&source.path, function.line, &what));
    }
    found
}

/// `unsafe` stands in named files only, each block and impl with its proof on the lines above. (An `unsafe fn` is a demand
/// on its callers and needs none.)
fn is_safe(source: &Source, permitted: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    let is_permitted = permitted.iter().any(|(path, _)| *path == source.path);
    for (line, place, word) in source.words().filter(|(_, _, word)| *word == "unsafe") {
        let is_demand = words(&source.code[place + word.len()..]).next().is_some_and(|(_, next)| next == "fn");
        if !is_permitted {
            found.push(at(&source.path, line, "`unsafe` outside of the files that are named for it"));
        } else if !is_demand && !has_proof_above(source, line) {
            found.push(at(&source.path, line, "`unsafe` without a `// SAFETY:` comment above"));
        }
    }
    found
}

/// Whether the comment right above a line, or above the statement that rustfmt broke before it, holds a proof.
fn has_proof_above(source: &Source, line: usize) -> bool {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let mut above = lines[..line - 1].iter().rev().peekable();
    while above.next_if(|text| text.ends_with(['=', '(']) || text.starts_with("#[")).is_some() {}
    above.take_while(|text| text.starts_with("//")).any(|text| text.contains("SAFETY:"))
}

/// Nothing is left undone or switched off. What macros make of other names is not seen.
fn is_done(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (line, place, word) in source.words() {
        let is_call = source.code[place + word.len()..].starts_with('!');
        if is_call && ["todo", "unimplemented", "dbg"].contains(&word) {
            found.push(at(&source.path, line, &format!("`{word}!` is left in the code")));
        }
        let before = source.code[..place].trim_end();
        if word == "ignore" && (before.ends_with("#[") || before.ends_with(',')) {
            found.push(at(&source.path, line, "a test is switched off: make it run, or remove it"));
        }
    }
    for (number, text) in source.text.lines().enumerate() {
        if text.trim_start().starts_with("//") && text.contains("```ignore") {
            found.push(at(&source.path, number + 1, "an example is not compiled"));
        }
    }
    found
}

/// `core` names nothing of `std` outside of its tests.
fn is_without_std(source: &Source) -> Vec<String> {
    let is_test = source.path.contains("/tests/");
    if is_test || !source.path.starts_with("core/src/") {
        return Vec::new();
    }
    let code = source.code_outside_tests();
    words(&code)
        .filter(|(_, word)| *word == "std")
        .map(|(place, _)| at(&source.path, line_of(&code, place), "`std` in core: nothing there may know a system"))
        .collect()
}

#[test]
fn files_begin_with_documentation() {
    assert_none(&sources().iter().flat_map(begins_with_documentation).collect::<Vec<_>>());
}

#[test]
fn files_and_functions_are_short() {
    assert_none(&sources().iter().flat_map(is_short).collect::<Vec<_>>());
}

#[test]
fn unsafe_code_stands_in_named_files_with_proofs() {
    let sources = sources();
    let mut found: Vec<String> = sources.iter().flat_map(|source| is_safe(source, UNSAFE_FILES)).collect();
    for (path, _) in UNSAFE_FILES {
        let needs_it = |source: &Source| source.path == *path && source.words().any(|(_, _, word)| word == "unsafe");
        if !sources.iter().any(needs_it) {
            found.push(at(path, 1, "holds no `unsafe` any more: take it off the list"));
        }
    }
    assert_none(&found);
}

#[test]
fn nothing_is_left_undone() {
    assert_none(&sources().iter().flat_map(is_done).collect::<Vec<_>>());
}

#[test]
fn core_is_without_std() {
    let sources = sources();
    let mut found: Vec<String> = sources.iter().flat_map(is_without_std).collect();
    let declares = |source: &Source| source.path == "core/src/lib.rs" && source.code.contains("#![no_std]");
    if !sources.iter().any(declares) {
        found.push(at("core/src/lib.rs", 1, "`#![no_std]` is missing"));
    }
    assert_none(&found);
}

/// Every rule can fail.
mod can_fail {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("core/src/bad.rs", text.to_owned())
    }

    #[test]
    fn documentation() {
        for bad in ["", "use a;\n//! Too late.", "// A comment only.", "//! x"] {
            assert_eq!(begins_with_documentation(&source(bad)).len(), 1, "{bad}");
        }
        assert!(begins_with_documentation(&source("//! What it is.\n")).is_empty());
    }

    #[test]
    fn length() {
        assert_eq!(is_short(&source(&"\n".repeat(701))).len(), 1);
        assert!(is_short(&source(&"\n".repeat(700))).is_empty());
        let function =
            |lines: usize| format!("mod m {{\n    fn long() {{\n{}    }}\n}}\n", "        a();\n".repeat(lines));
        assert_eq!(is_short(&source(&function(69))), ["core/src/bad.rs:2: `long` has 71 lines, more than 70"]);
        assert!(is_short(&source(&function(68))).is_empty());
    }

    #[test]
    fn safety() {
        let permitted = [("core/src/bad.rs", "")];
        let bare = source("fn f() {\n    unsafe { g() }\n}\n");
        assert_eq!(is_safe(&bare, &[]).len(), 1);
        assert_eq!(is_safe(&bare, &permitted).len(), 1);
        let impl_of_trait = source("unsafe impl A for B {\n    unsafe fn f() {}\n}\n");
        assert_eq!(
            is_safe(&impl_of_trait, &permitted),
            ["core/src/bad.rs:1: `unsafe` without a `// SAFETY:` comment above"]
        );
        let far = source("// SAFETY: of something else.\nh();\nunsafe { g() }\n");
        assert_eq!(is_safe(&far, &permitted).len(), 1);
        for good in [
            "// SAFETY: g has no demands.\nunsafe { g() }\n",
            "// SAFETY: g has no demands,\n// none at all.\nlet x =\n    unsafe { g() };\n",
            "#[inline]\nunsafe fn f() {}\n",
            "// unsafe\nlet unsafe_code = \"unsafe\";\n",
        ] {
            assert!(is_safe(&source(good), &permitted).is_empty(), "{good}");
        }
    }

    #[test]
    fn undone() {
        for bad in [
            "todo!()",
            "std::unimplemented!(\"x\")",
            "dbg!(x);",
            "#[ignore]",
            "#[ignore = \"slow\"]",
            "#[cfg_attr(miri, ignore)]",
            "/// ```ignore\n",
        ] {
            assert_eq!(is_done(&source(bad)).len(), 1, "{bad}");
        }
        assert!(is_done(&source("// todo!\nlet todo = \"dbg!\"; fn ignore() {}")).is_empty());
    }

    #[test]
    fn standard_library() {
        for bad in ["use std::vec::Vec;", "extern crate std;", "fn f(x: ::std::time::Instant) {}"] {
            assert_eq!(is_without_std(&source(bad)).len(), 1, "{bad}");
        }
        let tests_only = "use core::fmt;\n#[cfg(test)]\nmod tests {\n    use std::vec;\n}\n// std::fs\n";
        assert!(is_without_std(&source(tests_only)).is_empty());
    }
}
