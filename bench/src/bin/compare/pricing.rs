//! The suite `pricing`: novate's pricing kernels beside formulas in scalar code and published crates.

use std::io::{self, Write};

use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use novate_bench::pricing::{Case, PeerKind, Plan, Row, compare as compare_case, level_name};
use novate_core::pricing::Level;

use crate::common::{Common, put, tell_round, yes_or_no};

#[derive(Debug, Args)]
pub(crate) struct Pricing {
    /// Only this case.
    #[arg(long, value_enum)]
    case: Option<Case>,
    /// Only this peer, in the cases that it stands in.
    #[arg(long, value_enum)]
    peer: Option<PeerKind>,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Pricing {
    /// The cases with their peers, as far as they were asked for.
    fn pairs(&self) -> Vec<(Case, PeerKind)> {
        let cases = Case::ALL.into_iter().filter(|&case| self.case.is_none_or(|only| only == case));
        let pairs = cases.flat_map(|case| case.peers().iter().map(move |&peer| (case, peer)));
        pairs.filter(|&(_, peer)| self.peer.is_none_or(|only| only == peer)).collect()
    }

    /// What is wrong with the arguments, if something is.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        self.pairs().is_empty().then_some("that case has no such peer; leave out --peer or --case")
    }
}

/// Runs all comparisons on every level that there is; true if everybody computed what was to be computed.
pub(crate) fn compare(pricing: &Pricing, rounds: u32) -> io::Result<bool> {
    let plan = Plan { is_quick: pricing.common.quick };
    for level in Level::ALL.into_iter().filter(|level| !level.is_there()) {
        eprintln!("level {} left out: this processor has no such instructions", level_name(level));
    }
    let mut rows = Vec::new();
    for (case, peer) in pricing.pairs() {
        for level in Level::ALL.into_iter().rev().filter(|level| level.is_there()) {
            let name = format!("{} on {}", case.name(), level_name(level));
            let row = compare_case((case, level, peer), plan, rounds, |round| tell_round(&name, peer.name(), round))?;
            put(pricing.common.json, &mut rows, row)?;
        }
    }
    if !pricing.common.json {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", table(&rows))?;
        for case in Case::ALL.into_iter().filter(|case| rows.iter().any(|row| row.case == case.name())) {
            writeln!(out, "{}: {}", case.name(), case.note())?;
        }
    }
    Ok(rows.iter().all(|row| row.verified))
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_header([
        "case",
        "level",
        "peer",
        "of a",
        "novate ns",
        "peer ns",
        "ratio",
        "goal",
        "reached",
        "verified",
    ]);
    for row in rows {
        table.add_row([
            row.case.to_owned(),
            row.level.to_owned(),
            row.peer.to_owned(),
            row.unit.to_owned(),
            format!("{:.1}", row.subject_ns),
            format!("{:.1}", row.peer_ns),
            format!("{:.3}", row.ratio),
            row.goal.clone(),
            yes_or_no(row.reached),
            yes_or_no(row.verified),
        ]);
    }
    for column in table.column_iter_mut().skip(4).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
