//! Portfolio margins: files, or folders of them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Case, Off};
use crate::error::Error;
use crate::named;
use crate::portfolio::{Computed, Portfolio, Results, compute};

/// How far an amount may be off: of itself, or of one.
const TOLERANCE: f64 = 1e-8;
/// What folders are looked through for.
const EXTENSION: &str = "json";

/// Computes all cases of these files and folders.
pub(crate) fn pmrm(paths: &[PathBuf]) -> Result<Vec<Case>, Error> {
    let mut files = Vec::new();
    for path in paths {
        gather(path, &mut files)?;
    }
    files.iter().map(|file| case(file)).collect()
}

/// The files of a path, in the order of their names.
fn gather(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let open = |cause| Error::Open { file: path.display().to_string(), cause };
    let entries = fs::read_dir(path).map_err(open)?;
    let mut inside =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(open)?;
    inside.sort();
    for entry in inside {
        if entry.is_dir() || entry.extension().is_some_and(|extension| extension == EXTENSION) {
            gather(&entry, files)?;
        }
    }
    Ok(())
}

/// Reads a portfolio.
pub(crate) fn read_portfolio(file: &Path) -> Result<Portfolio, Error> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|cause| Error::Open { file: name.clone(), cause })?;
    named::from_str(&text).map_err(|error| {
        let line = error.line() as u64;
        Error::data(&name, line, "a portfolio with all its fields", error.to_string())
    })
}

fn case(file: &Path) -> Result<Case, Error> {
    let (name, portfolio) = (file.display().to_string(), read_portfolio(file)?);
    let Some(results) = &portfolio.results else {
        return Err(Error::Usage(format!("{name}: expected the field `Result` to compare with, found none")));
    };
    let computed = compute(&portfolio).map_err(|what| Error::Usage(format!("{name}: {what}")))?;
    Ok(Case { name, off: compare(&computed, results) })
}

fn compare(computed: &Computed, results: &Results) -> Vec<Off> {
    let near = |field: &str, got, expected: f64| Off::beyond(field, got, expected, TOLERANCE * expected.abs().max(1.0));
    let plain = results.regular.iter().chain(&results.tails).map(|expected| (true, *expected));
    // What has another label was computed by nobody.
    let skews = results.skews.iter().map(|(label, expected)| (matches!(label.as_str(), "LINEAR" | "ABS"), *expected));
    let expected: Vec<(bool, f64)> = plain.chain(skews).collect();
    let mut off = Vec::new();
    if expected.len() != computed.scenarios.len() {
        off.push(Off {
            field: "scenarios".to_owned(),
            expected: Value::from(expected.len()),
            got: Value::from(computed.scenarios.len()),
            error: 1.0,
        });
    }
    for ((name, got), (is_compared, expected)) in computed.names.iter().zip(&computed.scenarios).zip(expected) {
        if is_compared {
            off.extend(near(name, *got, expected));
        }
    }
    off.extend(near("MM", computed.maintenance, results.maintenance));
    off.extend(near("IM", computed.initial, results.initial));
    off
}
