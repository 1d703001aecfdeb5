//! The suite `book`: novate beside published engines on flows of commands.

use std::io::{self, Write};

use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use novate_bench::compare::{Case, Comparison, FLOW_A, PeerKind, Round, Row};
use novate_bench::flow_c::FlowC;
use novate_bench::workload::Flow;

use crate::common::{Common, put, tell_disturbed};

#[derive(Debug, Args)]
pub(crate) struct Book {
    /// Only this flow: A is a book of 10,000 orders, B one of 1,000,000, C as A with icebergs, stop orders, self-trade
    /// prevention and mass cancels, of which no peer has all: its ratio is to novate on flow A.
    #[arg(long, value_enum, ignore_case = true)]
    case: Option<Case>,
    /// Only this peer, on flows A and B.
    #[arg(long, value_enum, ignore_case = true)]
    peer: Option<PeerKind>,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Book {
    /// What is wrong with the arguments, if something is.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        let is_wrong = self.case == Some(Case::C) && self.peer.is_some();
        is_wrong.then_some("flow C has no peers; leave out --peer, or give --case A or --case B")
    }
}

/// Runs all comparisons; true if everybody's trades were what the rules demand.
pub(crate) fn compare(book: &Book, rounds: u32) -> io::Result<bool> {
    let cases = match (book.case, book.peer) {
        (Some(case), _) => vec![case],
        (None, Some(_)) => vec![Case::A, Case::B],
        (None, None) => Case::ALL.to_vec(),
    };
    let mut rows = Vec::new();
    for case in cases {
        eprintln!("case {}: making the flow", case.name());
        if case == Case::C {
            compare_c(book, rounds, &mut rows)?;
        } else {
            compare_peers(case, book, rounds, &mut rows)?;
        }
    }
    if !book.common.json {
        writeln!(io::stdout(), "{}", table(&rows))?;
        for row in rows.iter().filter(|row| !row.note.is_empty()) {
            writeln!(io::stdout(), "{} {}: {}", row.case, row.peer, row.note)?;
        }
    }
    Ok(rows.iter().all(|row| row.verified))
}

/// Novate beside its peers.
fn compare_peers(case: Case, book: &Book, rounds: u32, rows: &mut Vec<Row>) -> io::Result<()> {
    let peers = book.peer.map_or(PeerKind::ALL.to_vec(), |peer| vec![peer]);
    let flow = Flow::generate(case.spec(book.common.quick));
    let mut comparison = Comparison::new(case, book.common.quick, &flow)?;
    for &peer in &peers {
        let commands = flow.measured().len();
        let row = comparison.against(peer, rounds, |round| tell(case, peer.name(), round, commands))?;
        put(book.common.json, rows, row)?;
    }
    tell_memory(case, &comparison);
    Ok(())
}

/// Novate on flow C beside novate on flow A.
fn compare_c(book: &Book, rounds: u32, rows: &mut Vec<Row>) -> io::Result<()> {
    let flow = FlowC::generate(Case::C.spec(book.common.quick))?;
    let flow_a = Flow::generate(Case::A.spec(book.common.quick));
    let mut comparison = Comparison::with_flow_c(book.common.quick, &flow, &flow_a)?;
    let commands = flow.commands().1;
    let row = comparison.against_flow_a(rounds, |round| tell(Case::C, FLOW_A, round, commands))?;
    put(book.common.json, rows, row)?;
    tell_memory(Case::C, &comparison);
    Ok(())
}

fn tell_memory(case: Case, comparison: &Comparison<'_>) {
    let (bytes, huge) = comparison.memory_bytes();
    eprintln!("case {}: novate's arena {} KiB, {} KiB of it on huge pages", case.name(), bytes >> 10, huge >> 10);
}

fn tell(case: Case, peer: &str, round: &Round, commands: usize) {
    let per_command = |elapsed: std::time::Duration| elapsed.as_nanos() / commands as u128;
    let (subject_ns, peer_ns) = (per_command(round.subject.elapsed), per_command(round.peer.elapsed));
    let (case, number) = (case.name(), round.index + 1);
    eprintln!("case {case}, round {number}: novate {subject_ns} ns, {peer} {peer_ns} ns, ratio {:.3}", round.ratio());
    tell_disturbed(case, number, round.waited, round.subject.elapsed + round.peer.elapsed);
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_header([
        "case",
        "peer",
        "novate ns",
        "peer ns",
        "ratio",
        "trades",
        "peer's",
        "verified",
    ]);
    for row in rows {
        table.add_row([
            row.case.to_owned(),
            row.peer.to_owned(),
            format!("{:.1}", row.subject_ns),
            format!("{:.1}", row.peer_ns),
            format!("{:.3}", row.ratio),
            row.trades.to_string(),
            row.peer_trades.to_string(),
            if row.verified { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
