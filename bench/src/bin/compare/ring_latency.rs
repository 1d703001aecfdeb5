//! The suite `ring-latency`: how long a message is on its way through novate's rings and others, beside the time from core
//! to core.

use std::io::{self, Write};

use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use novate_bench::rings::Plan;
use novate_bench::rings::latency::{Case, NOTE, PeerKind, PlacedTimes, Row, compare as compare_case};

use crate::common::{Common, put, tell_distance, yes_or_no};

#[derive(Debug, Args)]
pub(crate) struct RingLatency {
    /// Only this case.
    #[arg(long, value_enum)]
    case: Option<Case>,
    /// Only this peer beside novate, in the cases that it stands in.
    #[arg(long, value_enum)]
    peer: Option<PeerKind>,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl RingLatency {
    /// The cases with their peers, as far as they were asked for.
    fn cases(&self) -> Vec<(Case, Vec<PeerKind>)> {
        let cases = Case::ALL.into_iter().filter(|&case| self.case.is_none_or(|only| only == case));
        let Some(only) = self.peer else { return cases.map(|case| (case, case.peers().to_vec())).collect() };
        cases.filter(|case| case.peers().contains(&only)).map(|case| (case, vec![only])).collect()
    }

    /// What is wrong with the arguments, if something is.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        let complaint =
            "that peer does not stand in that case, because it cannot do the same; leave out --peer or --case";
        self.cases().is_empty().then_some(complaint)
    }
}

/// Measures everybody; true if all messages arrived, in their order.
pub(crate) fn compare(ring: &RingLatency, cores: Option<(usize, usize)>, rounds: u32) -> io::Result<bool> {
    let plan = Plan::new(cores, ring.common.quick);
    let mut rows = Vec::new();
    for (case, peers) in ring.cases() {
        for row in compare_case((case, &peers), plan, rounds, |run| tell(case, run))? {
            put(ring.common.json, &mut rows, row)?;
        }
    }
    if !ring.common.json {
        writeln!(io::stdout(), "{}\n{NOTE}", table(&rows))?;
    }
    Ok(rows.iter().all(|row| row.verified))
}

fn tell(case: Case, run: &PlacedTimes) {
    let (case, number, times) = (case.name(), run.index + 1, run.times);
    eprintln!(
        "case {case}, round {number}: {} p50 {} ns, p99 {} ns",
        run.subject,
        times.p50.as_nanos(),
        times.p99.as_nanos()
    );
    tell_distance(case, run.index, &run.distance);
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_header([
        "case",
        "ring",
        "placement",
        "p50 ns",
        "p99 ns",
        "core to core ns",
        "multiple",
        "rounds",
        "verified",
    ]);
    for row in rows {
        table.add_row([
            row.case.to_owned(),
            row.subject.to_owned(),
            row.placement.name().to_owned(),
            format!("{:.0}", row.p50_ns),
            format!("{:.0}", row.p99_ns),
            format!("{:.0}", row.core_to_core_ns),
            format!("{:.2}", row.multiple),
            row.rounds.to_string(),
            yes_or_no(row.verified),
        ]);
    }
    for column in table.column_iter_mut().skip(3).take(5) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
