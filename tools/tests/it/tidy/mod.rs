//! Tidy: what must hold of the repository itself, as tests. Every rule is shown to fail on a small bad example.
//!
//! The rules read text. They know comments, strings and braces ([`source`]), no grammar: what macros expand to is not
//! seen, and each rule states what else it cannot see.

mod code;
mod documents;
mod manifests;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use self::source::Source;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("packages lie in folders of the repository")
}

/// A text file of the repository.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Paths of all files with this ending, relative to the repository, in order. Hidden folders and build output (which
/// cargo tags as a cache) are left out.
fn files(ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a readable folder") {
            let entry = entry.expect("a readable folder");
            let name = entry.file_name().into_string().expect("names in UTF-8");
            let path = folder.join(&name);
            let is_folder = entry.file_type().expect("a readable folder").is_dir();
            let is_skipped = name.starts_with('.') || name == "target" || entry.path().join("CACHEDIR.TAG").exists();
            if is_folder && !is_skipped {
                folders.push(path);
            } else if !is_folder && name.ends_with(ending) {
                found.push(path.to_str().expect("names in UTF-8").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let sources: Vec<Source> = files(".rs").into_iter().map(|path| Source::new(&path, read(&path))).collect();
    assert!(sources.iter().any(|source| source.path == "core/src/lib.rs"), "the sources were not found");
    sources
}

/// Fails with everything that was found, one a line.
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// One finding, as compilers print them.
fn at(path: &str, line: usize, what: &str) -> String {
    format!("{path}:{line}: {what}")
}
