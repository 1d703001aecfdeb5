//! What the suites have in common: arguments, rows as JSON, rounds that were disturbed.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use novate_bench::compare::ROUNDS_MIN;
use serde::Serialize;

/// A round is called disturbed when others had the core for more than one part in so many of it.
const DISTURBED_ONE_IN: u32 = 50;
/// Rounds of a quick run.
const QUICK_ROUNDS: u32 = 3;

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Rounds to take medians over: at least 5, or 1 with --quick [default: 5, or 3 with --quick].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: Option<u32>,
    /// Short flows and few rounds: shows that everything runs; its figures are not for publication.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Prints one JSON object a line and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
    /// Pins the measurement to this core [default: the last one available].
    #[arg(long)]
    pub(crate) core: Option<usize>,
}

impl Common {
    /// How many rounds, or why not so many.
    pub(crate) fn rounds(&self) -> Result<u32, String> {
        match (self.rounds, self.quick) {
            (None, true) => Ok(QUICK_ROUNDS),
            (None, false) => Ok(ROUNDS_MIN),
            (Some(rounds), false) if rounds < ROUNDS_MIN => {
                Err(format!("--rounds {rounds} is too few for a median; give at least {ROUNDS_MIN}, or add --quick"))
            }
            (Some(rounds), _) => Ok(rounds),
        }
    }
}

/// Prints the row if it is to be JSON, and keeps it.
pub(crate) fn put<R: Serialize>(is_json: bool, rows: &mut Vec<R>, row: R) -> io::Result<()> {
    if is_json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &row).map_err(io::Error::from)?;
        writeln!(out)?;
        out.flush()?;
    }
    rows.push(row);
    Ok(())
}

/// Says so if others had the core for long.
pub(crate) fn tell_disturbed(case: &str, number: u32, waited: Duration, elapsed: Duration) {
    if waited > elapsed / DISTURBED_ONE_IN {
        eprintln!("case {case}, round {number}: disturbed, others had the core for {} ms", waited.as_millis());
    }
}
