//! `novate completions`: shell completions from the same definitions as the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Verdict;
use crate::cli::Cli;
use crate::error::Error;
use crate::output::write_stdout;

/// Prints the completions of a shell.
pub(crate) fn completions(shell: Shell) -> Result<Verdict, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "novate", &mut script);
    write_stdout(&script)?;
    Ok(Verdict::Right)
}
