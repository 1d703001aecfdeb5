//! The suite `ring`: novate's rings beside published rings and queues.

use std::io::{self, Write};

use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use novate_bench::rings::{Case, PeerKind, Plan, Row, compare as compare_case};

use crate::common::{Common, put, reached, tell_distance, tell_round, yes_or_no};

#[derive(Debug, Args)]
pub(crate) struct Ring {
    /// Only this case.
    #[arg(long, value_enum)]
    case: Option<Case>,
    /// Only this peer, in the cases that it stands in.
    #[arg(long, value_enum)]
    peer: Option<PeerKind>,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Ring {
    /// The cases with their peers, as far as they were asked for.
    fn pairs(&self) -> Vec<(Case, PeerKind)> {
        let cases = Case::ALL.into_iter().filter(|&case| self.case.is_none_or(|only| only == case));
        let pairs = cases.flat_map(|case| case.peers().iter().map(move |&peer| (case, peer)));
        pairs.filter(|&(_, peer)| self.peer.is_none_or(|only| only == peer)).collect()
    }

    /// What is wrong with the arguments, if something is.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        let complaint =
            "that peer does not stand in that case, because it cannot do the same; leave out --peer or --case";
        self.pairs().is_empty().then_some(complaint)
    }
}

/// Runs all comparisons; true if what was sent arrived, at everybody.
pub(crate) fn compare(ring: &Ring, cores: Option<(usize, usize)>, rounds: u32) -> io::Result<bool> {
    let plan = Plan::new(cores, ring.common.quick);
    let mut rows = Vec::new();
    for (case, peer) in ring.pairs() {
        let (case_name, peer_name) = (case.name(), peer.name());
        eprintln!("case {case_name}: novate and {peer_name}");
        let of_pair = compare_case((case, peer), plan, rounds, |placed| {
            tell_round(case_name, peer_name, &placed.round);
            tell_distance(case_name, placed.round.index, &placed.distance);
        })?;
        for row in of_pair {
            put(ring.common.json, &mut rows, row)?;
        }
    }
    if !ring.common.json {
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
        "peer",
        "placement",
        "novate ns",
        "peer ns",
        "ratio",
        "core to core ns",
        "rounds",
        "goal",
        "reached",
        "verified",
    ]);
    for row in rows {
        table.add_row([
            row.case.to_owned(),
            row.peer.to_owned(),
            row.placement.name().to_owned(),
            format!("{:.1}", row.subject_ns),
            format!("{:.1}", row.peer_ns),
            format!("{:.3}", row.ratio),
            format!("{:.0}", row.core_to_core_ns),
            row.rounds.to_string(),
            format!("ratio {:.1}", row.goal),
            reached(row.reached, row.has_too_few_rounds()),
            yes_or_no(row.verified),
        ]);
    }
    for column in table.column_iter_mut().skip(3).take(5) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
