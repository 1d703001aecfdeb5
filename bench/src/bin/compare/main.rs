//! `compare`: novate beside published engines, logs, rings and option pricers, and beside itself without margin, on the
//! same commands, messages or options, in the same run.
//!
//! Rows go to standard output, as a table or as JSON; what machine this is and how far it has come, to standard error.
//! Exit codes: 0 done, 1 somebody computed something else than was to be computed, 2 wrong usage, 4 could not finish.

mod book;
mod common;
mod journal;
mod margin;
mod pipeline;
mod pricing;
mod ring;
mod ring_latency;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use novate_bench::machine::{self, Machine};

use crate::book::Book;
use crate::common::Common;
use crate::journal::Journal;
use crate::margin::Margin;
use crate::pipeline::Pipeline;
use crate::pricing::Pricing;
use crate::ring::Ring;
use crate::ring_latency::RingLatency;

/// Compares novate with published engines, logs, rings and option pricers and prints medians and ratios.
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
    /// The pipeline: a whole primary - ring, journal, engine, events - beside the bare book.
    Pipeline(Pipeline),
    /// Rings: messages handed from one core to another, as fast as they go.
    Ring(Ring),
    /// Rings: how long a message is on its way, beside the time from core to core.
    RingLatency(RingLatency),
    /// Pricing kernels: prices with Greeks, implied volatilities, values under scenarios.
    Pricing(Pricing),
    /// Margin: what it costs on a flow, at a fill, before an order, and while prices change.
    Margin(Margin),
}

impl Suite {
    fn common(&self) -> &Common {
        match self {
            Self::Book(book) => &book.common,
            Self::Journal(journal) => &journal.common,
            Self::Pipeline(pipeline) => &pipeline.common,
            Self::Ring(ring) => &ring.common,
            Self::RingLatency(ring) => &ring.common,
            Self::Pricing(pricing) => &pricing.common,
            Self::Margin(margin) => &margin.common,
        }
    }

    fn complaint(&self) -> Option<&'static str> {
        match self {
            Self::Book(book) => book.complaint(),
            Self::Journal(journal) => journal.complaint(),
            Self::Pipeline(_) => None,
            Self::Ring(ring) => ring.complaint(),
            Self::RingLatency(ring) => ring.complaint(),
            Self::Pricing(pricing) => pricing.complaint(),
            Self::Margin(margin) => margin.complaint(),
        }
    }

    /// Rounds for figures that may be published.
    fn rounds_min(&self) -> u32 {
        match self {
            Self::Book(_) | Self::Journal(_) | Self::Pipeline(_) => novate_bench::compare::ROUNDS_MIN,
            Self::Ring(_) | Self::RingLatency(_) => novate_bench::rings::ROUNDS_MIN,
            Self::Pricing(_) => novate_bench::pricing::ROUNDS_MIN,
            Self::Margin(_) => novate_bench::margin::ROUNDS_MIN,
        }
    }

    /// Whether two threads have to run at the same time.
    fn needs_two_cores(&self) -> bool {
        matches!(self, Self::Ring(_) | Self::RingLatency(_))
    }
}

fn main() -> ExitCode {
    let suite = Arguments::parse().suite;
    let complaint = suite.complaint().map_or(Ok(()), |complaint| Err(complaint.to_owned()));
    let rounds = match complaint.and_then(|()| suite.common().rounds(suite.rounds_min())) {
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
    let machine = Machine::inspect();
    eprintln!("{machine}");
    if suite.needs_two_cores() && machine.cores_allowed.as_ref().is_some_and(|cores| cores.len() < 2) {
        eprintln!("SKIPPED (rings need two cores, and this process may use one)");
        return Ok(true);
    }
    let cores = pin(common.core);
    if cfg!(debug_assertions) {
        eprintln!("built without optimisation: the figures mean nothing; build with --release");
    }
    if common.quick {
        eprintln!("quick run: short flows, {rounds} rounds; these figures are not for publication");
    }
    match suite {
        Suite::Book(book) => book::compare(book, rounds),
        Suite::Journal(journal) => journal::compare(journal, cores, rounds),
        Suite::Pipeline(pipeline) => pipeline::compare(pipeline, cores, rounds),
        Suite::Ring(ring) => ring::compare(ring, cores, rounds),
        Suite::RingLatency(ring) => ring_latency::compare(ring, cores, rounds),
        Suite::Pricing(pricing) => pricing::compare(pricing, rounds),
        Suite::Margin(margin) => margin::compare(margin, rounds),
    }
}

/// Pins this thread, says so, and returns its core and one beside it, if there are such.
fn pin(core: Option<usize>) -> Option<(usize, usize)> {
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
