//! `novate check black76`, `check haug`, `check iv`, `check futures-margin`, `check pmrm`, `check srm`: numbers that are known.

use std::path::PathBuf;

use serde::Serialize;

use super::Verdict;
use crate::error::Error;
use crate::input::Source;
use crate::output::Output;
use crate::reference::{Case, Off, pmrm};
use crate::text::rounded;

/// What to compare with.
#[derive(Debug, clap::Args)]
pub(crate) struct ReferenceArgs {
    /// The numbers: CSV, plain or gzip; of `srm`, JSON.
    #[arg(value_name = "FILE")]
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

/// Portfolios to compare with.
#[derive(Debug, clap::Args)]
pub(crate) struct PmrmArgs {
    /// Portfolios as JSON, or folders, which are looked through for `.json`.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

/// Computes all rows of a file.
pub(crate) fn check_reference(
    args: &ReferenceArgs,
    cases: impl FnOnce(&Source) -> Result<Vec<Case>, Error>,
    json: bool,
) -> Result<Verdict, Error> {
    let source = Source::File(args.file.clone());
    report(source.name(), &cases(&source)?, json)
}

/// Computes all portfolios.
pub(crate) fn check_pmrm(args: &PmrmArgs, json: bool) -> Result<Verdict, Error> {
    let names: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
    report(names.join(" "), &pmrm(&args.paths)?, json)
}

/// Prints what is off and the count.
fn report(file: String, cases: &[Case], json: bool) -> Result<Verdict, Error> {
    if cases.is_empty() {
        return Err(Error::Usage(format!("{file}: expected cases to compare with, found none")));
    }
    let failed = cases.iter().filter(|case| !case.off.is_empty()).count();
    let mut output = Output::new(json);
    for Case { name, off } in cases {
        for off in off {
            output.json_line(&OffObject { case: name, off });
            let Off { field, expected, got, error } = off;
            let error = rounded(*error, 3);
            output.text_line(&format!("{name}, {field}: expected {expected}, got {got}, error {error}"));
        }
    }
    let passed = cases.len() - failed;
    output.json_line(&ReferenceObject { file, passed, failed });
    output.line(&format!("{passed} passed, {failed} failed"));
    output.write()?;
    Ok(if failed == 0 { Verdict::Right } else { Verdict::Wrong })
}
