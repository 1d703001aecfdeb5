//! What the suites have in common: arguments, rows as JSON, rounds that were disturbed.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use novate_bench::duel::Round;
use novate_bench::placement::Distance;
use serde::Serialize;

/// A round is called disturbed when others had the core for more than one part in so many of it.
const DISTURBED_ONE_IN: u32 = 50;
/// Rounds of a quick run.
const QUICK_ROUNDS: u32 = 3;

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Rounds to take medians over: at least 5, of rings, prices and margin 9, or 1 with --quick [default: the least, or 3 with --quick].
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
    /// How many rounds, or why not so many; at least `least` for figures that may be published.
    pub(crate) fn rounds(&self, least: u32) -> Result<u32, String> {
        match (self.rounds, self.quick) {
            (None, true) => Ok(QUICK_ROUNDS),
            (None, false) => Ok(least),
            (Some(rounds), false) if rounds < least => {
                Err(format!("--rounds {rounds} is too few for a median; give at least {least}, or add --quick"))
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

/// Says what a round came to, and whether it was disturbed.
pub(crate) fn tell_round(case: &str, peer: &str, round: &Round) {
    let each = |elapsed: Duration| elapsed.as_nanos() / round.units as u128;
    let (number, subject_ns, peer_ns) = (round.index + 1, each(round.subject), each(round.peer));
    eprintln!("case {case}, round {number}: novate {subject_ns} ns, {peer} {peer_ns} ns, ratio {:.3}", round.ratio());
    tell_disturbed(case, number, round.waited, round.subject + round.peer);
}

/// Says so if others had the core for long.
pub(crate) fn tell_disturbed(case: &str, number: u32, waited: Duration, elapsed: Duration) {
    if waited > elapsed / DISTURBED_ONE_IN {
        eprintln!("case {case}, round {number}: disturbed, others had the core for {} ms", waited.as_millis());
    }
}

/// For a table; what should not be is to be seen at once.
pub(crate) fn yes_or_no(is_so: bool) -> String {
    if is_so { "yes" } else { "NO" }.to_owned()
}

/// Whether a goal was reached, for a table.
pub(crate) fn reached(is_reached: bool, has_too_few_rounds: bool) -> String {
    if has_too_few_rounds { "too few".to_owned() } else { yes_or_no(is_reached) }
}

/// The table of suites whose goals are often what novate takes more than a peer.
pub(crate) fn more_table(rows: impl Iterator<Item = [String; 10]>) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["case", "peer", "of a", "novate ns", "peer ns", "more ns", "ratio", "goal", "reached", "verified"])
        .add_rows(rows);
    for column in table.column_iter_mut().skip(3).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Says how far the cores were apart, and what follows where they moved.
pub(crate) fn tell_distance(case: &str, index: u32, distance: &Distance) {
    let ([before, after], number) = (distance.one_way_ns, index + 1);
    match distance.placement() {
        Some(placement) => {
            eprintln!("case {case}, round {number}: core to core {before:.0} and {after:.0} ns, {}", placement.name());
        }
        None => eprintln!("case {case}, round {number}: the cores moved: {before:.0} and {after:.0} ns"),
    }
}
