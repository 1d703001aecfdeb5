//! `compare`: novate beside published engines and logs, on the same commands, in the same run.
//!
//! Rows go to standard output, as a table or as JSON; what machine this is and how far it has come, to standard error.
//! Exit codes: 0 done, 1 somebody computed something else than was to be computed, 2 wrong usage, 4 could not finish.

mod book;
mod common;
mod journal;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use novate_bench::machine::{self, Machine};

use crate::book::Book;
use crate::common::Common;
use crate::journal::Journal;

/// Compares novate with published engines and logs and prints medians and ratios.
#[derive(Debug, Parser)]
#[command(name = "compare", version, after_help = "Example:\n  compare book --case A --peer matchcore --json")]
struct Arguments {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Debug, Subcommand)]
enum Suite {
    /// Order books: adds, cancels, reductions and crossing orders on one instrument.
    Book(Book),
    /// The journal: appends, the loop with it, latency, replay, durability, digests, recovery.
    Journal(Journal),
}

impl Suite {
    fn common(&self) -> &Common {
        match self {
            Self::Book(book) => &book.common,
            Self::Journal(journal) => &journal.common,
        }
    }

    fn complaint(&self) -> Option<&'static str> {
        match self {
            Self::Book(book) => book.complaint(),
            Self::Journal(journal) => journal.complaint(),
        }
    }
}

fn main() -> ExitCode {
    let suite = Arguments::parse().suite;
    let complaint = suite.complaint().map_or(Ok(()), |complaint| Err(complaint.to_owned()));
    let rounds = match complaint.and_then(|()| suite.common().rounds()) {
        Ok(rounds) => rounds,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    match compare(&suite, rounds) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // Whoever reads the rows has seen enough of them.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(4)
        }
    }
}

fn compare(suite: &Suite, rounds: u32) -> io::Result<bool> {
    let common = suite.common();
    let cores = describe_machine(common.core);
    if cfg!(debug_assertions) {
        eprintln!("built without optimisation: the figures mean nothing; build with --release");
    }
    if common.quick {
        eprintln!("quick run: short flows, {rounds} rounds; these figures are not for publication");
    }
    match suite {
        Suite::Book(book) => book::compare(book, rounds),
        Suite::Journal(journal) => journal::compare(journal, cores, rounds),
    }
}

/// Says what machine this is, pins this thread, and returns its core and one beside it, if there are such.
fn describe_machine(core: Option<usize>) -> Option<(usize, usize)> {
    eprintln!("{}", Machine::inspect());
    let cores = machine::beside(core);
    match (machine::pin(core), core) {
        (Some(pinned), _) => {
            eprintln!("pinned to core {pinned}");
            return cores;
        }
        (None, Some(core)) => eprintln!("not pinned: the system refused core {core}"),
        (None, None) => eprintln!("not pinned: the system refused"),
    }
    None
}
