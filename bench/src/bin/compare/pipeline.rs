//! The suite `pipeline`: a whole primary beside the bare book.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use novate_bench::journal::Place;
use novate_bench::pipeline::{Case, NOTE, PEER, Row, compare as compare_case};
use novate_bench::placement::Placement;

use crate::common::{Common, put, reached, tell_distance, tell_round, yes_or_no};

/// The only peer.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum PeerKind {
    /// The engine alone, on commands from memory.
    Book,
}

#[derive(Debug, Args)]
pub(crate) struct Pipeline {
    /// Only this case.
    #[arg(long, value_enum)]
    case: Option<Case>,
    /// Only this peer.
    #[arg(long, value_enum)]
    peer: Option<PeerKind>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Below this folder a temporary one is made for the journal [default: the system's folder for temporary files].
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Runs all comparisons; true if everybody said the same events.
pub(crate) fn compare(pipeline: &Pipeline, cores: Option<(usize, usize)>, rounds: u32) -> io::Result<bool> {
    let place = Place::new(pipeline.dir.as_deref(), cores, pipeline.common.quick)?;
    let PeerKind::Book = pipeline.peer.unwrap_or(PeerKind::Book);
    let mut rows = Vec::new();
    for case in Case::ALL.into_iter().filter(|&case| pipeline.case.is_none_or(|only| only == case)) {
        eprintln!("case {}: preparing the flow", case.name());
        let of_case = compare_case(case, &place, rounds, |round, distance| {
            tell_round(case.name(), PEER, round);
            tell_distance(case.name(), round.index, distance);
        })?;
        for row in of_case {
            put(pipeline.common.json, &mut rows, row)?;
        }
    }
    if !pipeline.common.json {
        writeln!(io::stdout().lock(), "{}\n{NOTE}", table(&rows))?;
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
        "commands/s",
        "core to core ns",
        "rounds",
        "goal",
        "reached",
        "pinned",
        "verified",
    ]);
    for row in rows {
        table.add_row([
            row.case.to_owned(),
            row.peer.to_owned(),
            row.placement.map_or("moved", Placement::name).to_owned(),
            format!("{:.1}", row.subject_ns),
            format!("{:.1}", row.peer_ns),
            format!("{:.3}", row.ratio),
            format!("{:.0}", row.commands_per_second),
            format!("{:.0}", row.core_to_core_ns),
            row.rounds.to_string(),
            row.goal.clone(),
            reached(row.reached, row.has_too_few_rounds()),
            yes_or_no(row.pinned),
            yes_or_no(row.verified),
        ]);
    }
    for column in table.column_iter_mut().skip(3).take(6) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
