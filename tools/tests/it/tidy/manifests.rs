//! Rules about packages and what they depend on, and about cargo's own configuration.
//!
//! A manifest is read line by line, in the form that ours have: a table's name in brackets, one key to a line. Inline
//! tables that span lines and quoted keys are not understood.

use std::path::Path;

use super::{assert_none, at, read, root};

/// The packages by folder, each with those of ours that it may use: one way.
const DIRECTION: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("journal", &["core"]),
    ("replica", &["core", "journal"]),
    ("bench", &["core", "journal", "replica"]),
    // The latency recorder and the machine's card: `run`, `doctor` and the benchmarks measure alike.
    ("tools", &["core", "journal", "replica", "bench"]),
];

/// Crates that more than one package may use, and why.
const SHARED: &[(&str, &str)] = &[
    ("bytemuck", "records become bytes and bytes become records wherever an arena or a frame is touched"),
    ("clap", "bench and tools both have command lines"),
    ("comfy-table", "bench and tools both print tables"),
    ("libm", "core computes with it where the processor cannot; bench measures formulas that call it"),
    ("quanta", "the primary's clock is that of measurements"),
    ("serde", "core's records can be serialised, for tools; bench and tools both print JSON"),
    ("tempfile", "tools run journals that nobody keeps; tests make folders"),
    ("serde_json", "bench and tools both print JSON; tests of core look at its serialised records"),
];

/// The home of crates that only tests use, in any package.
const TESTS: &str = "tests";

/// One key of a manifest.
struct Entry<'m> {
    /// The table, without brackets.
    table: &'m str,
    /// The key up to the first dot: `clap` of `clap.workspace = true`.
    key: &'m str,
    /// What follows the key: `.workspace = true`.
    rest: &'m str,
    /// The first line of the comment above the key, or above the group of keys that it is in.
    comment: &'m str,
    /// From 1.
    line: usize,
}

fn entries(manifest: &str) -> Vec<Entry<'_>> {
    let mut all = Vec::new();
    let (mut table, mut comment, mut follows_comment) = ("", "", false);
    for (number, line) in manifest.lines().enumerate() {
        if let Some(text) = line.strip_prefix('#') {
            if !follows_comment {
                comment = text.trim();
            }
            follows_comment = true;
            continue;
        }
        follows_comment = false;
        let end = line.find(|c: char| !(c.is_alphanumeric() || "-_".contains(c))).unwrap_or(line.len());
        if line.is_empty() {
            comment = "";
        } else if let Some(name) = line.strip_prefix('[') {
            table = name.trim_end().trim_end_matches(']');
            comment = "";
        } else if end > 0 && line.contains('=') {
            all.push(Entry { table, key: &line[..end], rest: &line[end..], comment, line: number + 1 });
        }
    }
    all
}

/// The dependencies of a package, of every kind and for every target: the key, and whether it is for tests only.
fn dependencies<'e>(entries: &'e [Entry<'_>]) -> impl Iterator<Item = (&'e Entry<'e>, bool)> {
    entries.iter().filter_map(|entry| {
        let kind = entry.table.rsplit('.').next().unwrap_or_default();
        kind.ends_with("dependencies").then_some((entry, kind == "dev-dependencies"))
    })
}

/// A dependency on a package of ours, or on a crate that the workspace does not declare.
fn direction(folder: &str, manifest: &str) -> Vec<String> {
    let path = format!("{folder}/Cargo.toml");
    let permitted = DIRECTION.iter().find(|(name, _)| *name == folder).map_or(&[][..], |(_, permitted)| *permitted);
    let entries = entries(manifest);
    let mut found = Vec::new();
    for (entry, _) in dependencies(&entries) {
        if let Some(name) = entry.key.strip_prefix("novate-")
            && !permitted.contains(&name)
        {
            found.push(at(&path, entry.line, &format!("{folder} may not depend on {name}")));
        }
        if !entry.rest.replace(' ', "").contains("workspace=true") {
            found.push(at(&path, entry.line, &format!("declare `{}` in the root and inherit it", entry.key)));
        }
    }
    let inherits = |table: &str| {
        entries.iter().any(|entry| entry.table == table && format!("{}{}", entry.key, entry.rest) == "workspace = true")
    };
    if !inherits("lints") {
        found.push(at(&path, 1, "inherit the workspace's lints"));
    }
    found
}

/// The homes that a comment names: `bench: why` or `bench and tools, because: why`. None without a reason.
fn homes(comment: &str) -> Vec<&str> {
    let Some((homes, reason)) = comment.split_once(':') else { return Vec::new() };
    if reason.trim().is_empty() {
        return Vec::new();
    }
    let is_home = |word: &&str| *word == TESTS || DIRECTION.iter().any(|(name, _)| name == word);
    homes.split(|c: char| !c.is_alphanumeric()).filter(is_home).collect()
}

/// Every crate of others has one home and a reason, and is used there.
fn third_party(root: &str, packages: &[(&str, String)]) -> Vec<String> {
    let is_shared = |key: &str| SHARED.iter().any(|(name, _)| *name == key);
    let mut found = Vec::new();
    let declared = entries(root);
    let third_party = |entry: &&Entry<'_>| entry.table == "workspace.dependencies" && !entry.key.starts_with("novate-");
    for entry in declared.iter().filter(third_party) {
        let homes = homes(entry.comment);
        let mut say = |what: String| found.push(at("Cargo.toml", entry.line, &what));
        let key = entry.key;
        if homes.is_empty() {
            say(format!("`{key}` has no comment that names its home package and a reason (`# bench: why.`)"));
        } else if homes.len() > 1 && !is_shared(key) {
            say(format!("`{key}` has {} homes; one is enough, or list it as shared, with the reason", homes.len()));
        }
        let mut is_used = false;
        for (folder, manifest) in packages {
            let entries = entries(manifest);
            for (_, is_for_tests) in dependencies(&entries).filter(|(used, _)| used.key == key) {
                is_used = true;
                let is_at_home = homes.contains(folder) || homes.contains(&TESTS) && is_for_tests;
                if !is_at_home && !is_shared(key) {
                    say(format!("`{key}` is used by {folder}, which is not its home"));
                }
            }
        }
        if !is_used {
            say(format!("`{key}` is declared and used by nobody"));
        }
    }
    found
}

/// The repository's cargo configuration leaves target, target folder and compiler flags to whoever builds.
fn cargo_configuration(path: &str, configuration: &str) -> Vec<String> {
    let words = ["target", "target-dir", "rustflags", "build-rustflags", "RUSTFLAGS", "CARGO_TARGET_DIR", "target-cpu"];
    let sets = |line: &str| {
        let code = line.split('#').next().unwrap_or_default();
        let (keys, value) = code.split_once('=')?;
        let names =
            keys.split(['.', ' ', '"']).chain(value.split(|c: char| !(c.is_alphanumeric() || "-_".contains(c))));
        words.into_iter().find(|word| names.clone().any(|name| name == *word))
    };
    let found = configuration.lines().enumerate().filter_map(|(number, line)| Some((number + 1, sets(line)?)));
    found.map(|(line, word)| at(path, line, &format!("sets `{word}`, which belongs to whoever builds"))).collect()
}

fn packages() -> Vec<(&'static str, String)> {
    DIRECTION.iter().map(|(folder, _)| (*folder, read(&format!("{folder}/Cargo.toml")))).collect()
}

#[test]
fn dependencies_point_one_way() {
    let found = packages().iter().flat_map(|(folder, manifest)| direction(folder, manifest)).collect::<Vec<_>>();
    assert_none(&found);
    let root = read("Cargo.toml");
    let members = entries(&root).iter().find(|entry| entry.key == "members").map(|entry| entry.rest.to_owned());
    let expected: Vec<String> = DIRECTION.iter().map(|(folder, _)| format!("\"{folder}\"")).collect();
    assert_eq!(members, Some(format!(" = [{}]", expected.join(", "))), "a package is not in the list");
}

#[test]
fn third_party_crates_have_one_home_and_a_reason() {
    assert_none(&third_party(&read("Cargo.toml"), &packages()));
}

#[test]
fn cargo_configuration_leaves_the_build_alone() {
    let folders = [""].into_iter().chain(DIRECTION.iter().map(|(folder, _)| *folder));
    for folder in folders {
        for name in ["config", "config.toml"] {
            let path = Path::new(folder).join(".cargo").join(name);
            let path = path.to_str().expect("names in UTF-8");
            if root().join(path).exists() {
                assert_none(&cargo_configuration(path, &read(path)));
            }
        }
    }
}

/// Every rule can fail.
mod can_fail {
    use super::*;

    const LINTS: &str = "[lints]\nworkspace = true\n";

    #[test]
    fn direction_of_dependencies() {
        for (folder, bad) in [
            ("core", "[dependencies]\nnovate-journal.workspace = true\n"),
            ("core", "[dev-dependencies]\nnovate-bench = { workspace = true }\n"),
            ("bench", "[target.'cfg(unix)'.dependencies]\nnovate-tools.workspace = true\n"),
            ("tools", "[dependencies]\nclap = \"4\"\n"),
        ] {
            assert_eq!(direction(folder, &format!("{bad}\n{LINTS}")).len(), 1, "{bad}");
        }
        assert_eq!(direction("core", "").len(), 1, "lints are not inherited");
        let good = format!("[dependencies]\nnovate-core.workspace = true\n\n{LINTS}");
        assert!(direction("journal", &good).is_empty());
    }

    #[test]
    fn homes_and_reasons() {
        let user = [("bench", "[dependencies]\nsome-clock.workspace = true\n".to_owned())];
        let root = |comment: &str| format!("[workspace.dependencies]\n{comment}some-clock = \"1\"\n");
        assert!(third_party(&root("# bench: the clock.\n# More of it.\n"), &user).is_empty());
        for bad in ["", "# tools: the clock.\n", "# the clock\n", "# bench:\n", "# bench and tools: the clock.\n"] {
            assert!(!third_party(&root(bad), &user).is_empty(), "{bad}");
        }
        assert_eq!(third_party(&root("# bench: the clock.\n"), &[]).len(), 1, "used by nobody");
        let tests = root("# tests: the clock.\n");
        assert_eq!(third_party(&tests, &user).len(), 1, "not for tests only");
        let user = [("core", "[dev-dependencies]\nsome-clock.workspace = true\n".to_owned())];
        assert!(third_party(&tests, &user).is_empty());
    }

    #[test]
    fn configuration() {
        for bad in [
            "[build]\ntarget = \"x\"",
            "[build]\ntarget-dir = \"x\"",
            "build.rustflags = []",
            "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-C\", \"target-cpu=native\"]",
            "[env]\nRUSTFLAGS = \"-O\"",
        ] {
            assert_eq!(cargo_configuration("x", bad).len(), 1, "{bad}");
        }
        let good = "[alias]\nxtask = \"run -p tools\" # no rustflags\n[net]\nretry = 3\n";
        assert!(cargo_configuration("x", good).is_empty());
    }
}
