//! Rules about the documents: they are there, they point to what exists, and their lines can be read.

use super::{assert_none, at, files, read, root};

/// What a reader may expect to find.
const EXPECTED: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "SECURITY.md",
    "docs/ARCHITECTURE.md",
    "docs/DETERMINISM.md",
    "docs/FEEDS.md",
    "docs/FORMAT.md",
    "docs/MARGIN.md",
    "docs/ORDERS.md",
    "docs/RISK.md",
    "docs/RUNBOOK.md",
    "docs/SCENARIOS.md",
    "docs/TUTORIAL.md",
    "docs/VERSIONING.md",
    "tools/data/es-20231225/NOTICE.md",
    ".ci/run",
];

/// Characters of a line at most; rows of tables cannot be broken.
const LINE_CHARS_MAX: usize = 120;

/// Code spans that begin so are paths.
const FOLDERS: &[&str] = &["core/", "journal/", "replica/", "bench/", "tools/", "docs/", ".ci/"];

/// The lines outside of code blocks, with their numbers from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((number + 1, line))
    })
}

/// Links and paths of a document that lead nowhere; `exists` is told paths relative to the repository. Headings after
/// a `#` are not looked up, nor are addresses elsewhere.
fn dead_links(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (line, text) in prose(text) {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let is_elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            if !is_elsewhere && !exists(&joined(folder, file)) {
                found.push(at(path, line, &format!("the link to `{link}` leads nowhere")));
            }
        }
        let spans = text.split('`').skip(1).step_by(2);
        for span in spans.filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder)) && !span.contains(' ')) {
            if !exists(span) {
                found.push(at(path, line, &format!("`{span}` does not exist")));
            }
        }
    }
    found
}

/// A link's path from the repository's root.
fn joined(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn long_lines(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let long = lines.filter(|(_, line)| line.chars().count() > LINE_CHARS_MAX && !line.starts_with('|'));
    long.map(|(number, _)| at(path, number + 1, "longer than 120 characters")).collect()
}

fn documents() -> Vec<(String, String)> {
    files(".md").into_iter().map(|path| (path.clone(), read(&path))).collect()
}

#[test]
fn documents_are_there() {
    let missing = EXPECTED.iter().filter(|path| !root().join(path).exists());
    assert_none(&missing.map(|path| at(path, 1, "is missing")).collect::<Vec<_>>());
}

#[test]
fn links_lead_somewhere() {
    let dead = |(path, text): &(String, String)| dead_links(path, text, |path| root().join(path).exists());
    assert_none(&documents().iter().flat_map(dead).collect::<Vec<_>>());
}

#[test]
fn lines_can_be_read() {
    assert_none(&documents().iter().flat_map(|(path, text)| long_lines(path, text)).collect::<Vec<_>>());
}

/// Every rule can fail.
mod can_fail {
    use super::*;

    #[test]
    fn links() {
        let exists = |path: &str| ["docs/A.md", "README.md", "core/src"].contains(&path);
        let dead = |text: &str| dead_links("docs/B.md", text, exists).len();
        assert_eq!(dead("[a](A.md) [b](../README.md#top) [c](https://example.org/x) [d](#here) `core/src`"), 0);
        assert_eq!(dead("```\n[a](nowhere.md)\n```\n"), 0);
        for bad in ["[a](C.md)", "[a](A.md) [b](README.md)", "[a](../docs/C.md#top)", "see `core/source`"] {
            assert_eq!(dead(bad), 1, "{bad}");
        }
    }

    #[test]
    fn lines() {
        let long = "x".repeat(121);
        assert_eq!(long_lines("x.md", &format!("a\n{long}\n")), ["x.md:2: longer than 120 characters"]);
        assert!(long_lines("x.md", &format!("| {long} |\n{}\n", "é".repeat(120))).is_empty());
    }
}
