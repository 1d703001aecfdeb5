//! `novate check black76`, `check haug`: numbers that are known.

use std::path::PathBuf;

use serde::Serialize;

use super::Verdict;
use crate::error::Error;
use crate::input::Source;
use crate::output::Output;
use crate::reference::{Case, Off};

/// What to compare with.
#[derive(Debug, clap::Args)]
pub(crate) struct ReferenceArgs {
    /// The numbers, as CSV, plain or gzip.
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
}

/// A number of a case as JSON.
#[derive(Serialize)]
struct OffObject<'c> {
    case: &'c str,
    #[serde(flatten)]
    off: &'c Off,
}

/// The result as JSON.
#[derive(Serialize)]
struct ReferenceObject {
    file: String,
    passed: usize,
    failed: usize,
}

/// Computes all cases, and prints what is off and the count.
pub(crate) fn check_reference(
    args: &ReferenceArgs,
    cases: impl FnOnce(&Source) -> Result<Vec<Case>, Error>,
    json: bool,
) -> Result<Verdict, Error> {
    let source = Source::File(args.file.clone());
    let cases = cases(&source)?;
    if cases.is_empty() {
        return Err(Error::Usage(format!("{}: expected rows to compare with, found none", source.name())));
    }
    let failed = cases.iter().filter(|case| !case.off.is_empty()).count();
    let mut output = Output::new(json);
    for Case { name, off } in &cases {
        for off in off {
            output.json_line(&OffObject { case: name, off });
            let Off { field, expected, got, error } = off;
            output.text_line(&format!(
                "{name}, {field}: expected {expected}, got {got}, {error:.3} times what it may be off"
            ));
        }
    }
    let passed = cases.len() - failed;
    output.json_line(&ReferenceObject { file: source.name(), passed, failed });
    output.line(&format!("{passed} passed, {failed} failed"));
    output.write()?;
    Ok(if failed == 0 { Verdict::Right } else { Verdict::Wrong })
}
