//! `novate man`: manual pages from the same definitions as the command line.

use clap::CommandFactory;
use clap_mangen::Man;

use super::Verdict;
use crate::cli::Cli;
use crate::error::Error;
use crate::output::write_stdout;

/// Prints the page of a verb, given in as many words as it has; of novate itself, if none.
pub(crate) fn man(verb: &[String]) -> Result<Verdict, Error> {
    let mut command = Cli::command();
    // Makes the names of pages and usages whole: `novate-check-flow`, not `flow`.
    command.build();
    for word in verb {
        let Some(found) = command.find_subcommand(word) else {
            return Err(Error::Usage(format!("expected a verb of novate, found {:?}", verb.join(" "))));
        };
        command = found.clone();
    }
    let mut page = Vec::new();
    let source = concat!("novate ", env!("CARGO_PKG_VERSION"));
    Man::new(command).source(source).render(&mut page).map_err(Error::Output)?;
    write_stdout(&page)?;
    Ok(Verdict::Right)
}
