//! `novate check scenarios`: small files of commands, and what other engines' tests say must come of them.

use serde::Serialize;

use super::Verdict;
use crate::cli::CheckScenariosArgs;
use crate::error::Error;
use crate::input::progress_bar;
use crate::output::Output;
use crate::scenario::{Failure, Scenario, find_files, play};

/// A scenario that failed, as JSON.
#[derive(Serialize)]
struct FailureObject<'s> {
    file: &'s str,
    line: u64,
    check: String,
    got: String,
}

/// The result as JSON.
#[derive(Serialize)]
struct CheckScenariosObject {
    scenarios: u64,
    checks: u64,
    passed: u64,
    failed: u64,
}

/// Plays every scenario and prints where each that failed did, and the counts.
pub(crate) fn check_scenarios(args: &CheckScenariosArgs, json: bool) -> Result<Verdict, Error> {
    let mut scenarios = Vec::new();
    for path in &args.paths {
        for file in find_files(path)? {
            scenarios.push(Scenario::read(&file)?);
        }
    }

    let mut output = Output::new(json);
    let mut result = CheckScenariosObject { scenarios: scenarios.len() as u64, checks: 0, passed: 0, failed: 0 };
    let progress = progress_bar();
    progress.set_length(result.scenarios);
    for scenario in &scenarios {
        let played = play(scenario, args.only_expect)?;
        progress.inc(1);
        result.checks += played.checks;
        match played.failure {
            None => result.passed += 1,
            Some(Failure { line, check, got }) => {
                result.failed += 1;
                let file = &scenario.file;
                output.text_line(&format!("FAIL {file}:{line}: {check}: got {got}"));
                output.json_line(&FailureObject { file, line, check, got });
            }
        }
    }
    progress.finish_and_clear();

    output.json_line(&result);
    output.line(&format!("{} passed, {} failed", result.passed, result.failed));
    output.write()?;
    Ok(if result.failed == 0 { Verdict::Right } else { Verdict::Wrong })
}
