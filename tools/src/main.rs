//! The `novate` command line: [`cli`] says what can be asked, [`verbs`] has one file for each verb, [`flow`] reads order
//! entry and feeds it to an engine, [`scenario`] does so with small files of commands and checks, [`decode`] names what
//! records hold, [`frames`] prints those of a journal, [`doctor`] looks at the machine.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done and right, 1 a check failed,
//! 2 wrong usage or unreadable input, 3 a damaged journal, 4 could not finish.

mod cli;
mod cores;
mod decode;
mod doctor;
mod error;
mod flow;
mod frames;
mod input;
mod journal;
mod named;
mod output;
mod portfolio;
mod reference;
mod scenario;
mod table;
mod text;
mod verbs;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use novate_journal::JournalError;

use crate::cli::{Check, Cli, Verb};
use crate::error::Error;
use crate::journal::{DamageObject, DamagedObject};
use crate::output::Output;
use crate::verbs::Verdict;

fn main() -> ExitCode {
    // A file that must not grow is an error like a full disk, and not the end of the process. Where the signal cannot be
    // caught, it is that.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    let outcome = match Cli::try_parse() {
        Ok(cli) => dispatch(cli),
        Err(answer) => answer_command_line(&answer),
    };
    match outcome {
        Ok(Verdict::Right) => ExitCode::SUCCESS,
        Ok(Verdict::Wrong) => ExitCode::FAILURE,
        Err(error) => {
            if let Some(message) = error.message() {
                output::tell(message);
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(cli: Cli) -> Result<Verdict, Error> {
    let json = cli.json;
    // Without a verb the options are those of `run`; before a verb they would be dropped without a word.
    if cli.verb.is_some() && !cli.run.is_empty() {
        return Err(Error::Usage("expected the options of a flow after the verb, found some before it".into()));
    }
    let folder = cli.journal().map(|folder| folder.display().to_string());
    let outcome = match cli.verb {
        None => verbs::run(cli.run, json),
        Some(Verb::Run(args)) => verbs::run(args, json),
        Some(Verb::Check(Check::Flow(args))) => verbs::check_flow(args, json),
        Some(Verb::Check(Check::Scenarios(args))) => verbs::check_scenarios(&args, json),
        Some(Verb::Check(Check::Black76(args))) => verbs::check_reference(&args, reference::black76, json),
        Some(Verb::Check(Check::FuturesMargin(args))) => verbs::check_reference(&args, reference::futures_margin, json),
        Some(Verb::Check(Check::Pmrm(args))) => verbs::check_pmrm(&args, json),
        Some(Verb::Check(Check::Iv(args))) => verbs::check_reference(&args, reference::iv, json),
        Some(Verb::Check(Check::Srm(args))) => verbs::check_reference(&args, reference::srm, json),
        Some(Verb::Check(Check::Haug(args))) => verbs::check_reference(&args, reference::haug, json),
        Some(Verb::Verify(args)) => verbs::verify(&args, json),
        Some(Verb::Replay(args)) => verbs::replay(&args, json),
        Some(Verb::Snapshot(args)) => verbs::snapshot(&args, json),
        Some(Verb::Recover(args)) => verbs::recover(&args, json),
        Some(Verb::Prune(args)) => verbs::prune(&args, json),
        Some(Verb::Inspect(args)) => verbs::inspect(&args, json),
        Some(Verb::Tail(args)) => verbs::tail(&args, json),
        Some(Verb::Diff(args)) => verbs::diff(&args, json),
        Some(Verb::Doctor(args)) => verbs::doctor(&args, json),
        Some(Verb::Latency(args)) => verbs::latency(&args, json),
        Some(Verb::Status(args)) => verbs::status(&args, json),
        Some(Verb::Price(args)) => verbs::price(&args, json),
        Some(Verb::Margin(args)) => verbs::margin(&args, json),
        Some(Verb::Divergence(args)) => verbs::divergence(&args, json),
        Some(Verb::Completions { shell }) => verbs::completions(shell),
        Some(Verb::Man { verb }) => verbs::man(&verb),
    };
    // Whoever reads the message can open the file that it names.
    let outcome = outcome.map_err(|error| folder.iter().fold(error, |error, folder| error.in_folder(folder)));
    if let (true, Err(Error::Journal(error))) = (json, &outcome) {
        print_damage(folder, error)?;
    }
    outcome
}

/// For programs damage is a result; people are told on standard error. Whatever else went wrong is no result.
fn print_damage(journal: Option<String>, error: &JournalError) -> Result<(), Error> {
    let Some(damage) = DamageObject::of(journal.as_deref().unwrap_or_default(), error) else { return Ok(()) };
    let mut output = Output::new(true);
    output.json_line(&DamagedObject { journal, damage });
    output.write()
}

/// Help, the version, or what is wrong with the command line.
fn answer_command_line(answer: &clap::Error) -> Result<Verdict, Error> {
    let printed = answer.print();
    if answer.use_stderr() {
        return Err(Error::CommandLine);
    }
    printed.map(|()| Verdict::Right).map_err(Error::Output)
}
