//! `compare`: novate beside published engines, on the same commands, in the same run.
//!
//! Rows go to standard output, as a table or as JSON; what machine this is and how far it has come, to standard error.
//! Exit codes: 0 done, 1 somebody's trades are not what the rules demand, 2 wrong usage, 4 could not finish.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use novate_bench::compare::{Case, Comparison, FLOW_A, PeerKind, ROUNDS_MIN, Round, Row};
use novate_bench::flow_c::FlowC;
use novate_bench::machine::{self, Machine};
use novate_bench::workload::Flow;

/// A round is called disturbed when others had the core for more than one part in so many of it.
const DISTURBED_ONE_IN: u32 = 50;
/// Rounds of a quick run.
const QUICK_ROUNDS: u32 = 3;

/// Compares novate with published engines and prints medians and ratios.
#[derive(Debug, Parser)]
#[command(name = "compare", version, after_help = "Example:\n  compare book --case A --peer matchcore --json")]
struct Arguments {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Debug, Subcommand)]
enum Suite {
    /// Order books: adds, cancels, reductions and crossing orders on one instrument.
    Book(BookArguments),
}

#[derive(Debug, clap::Args)]
struct BookArguments {
    /// Only this flow: A is a book of 10,000 orders, B one of 1,000,000, C as A with icebergs, stop orders, self-trade
    /// prevention and mass cancels, of which no peer has all: its ratio is to novate on flow A.
    #[arg(long, value_enum, ignore_case = true)]
    case: Option<Case>,
    /// Only this peer, on flows A and B.
    #[arg(long, value_enum, ignore_case = true)]
    peer: Option<PeerKind>,
    /// Rounds to take medians over: at least 5, or 1 with --quick [default: 5, or 3 with --quick].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: Option<u32>,
    /// Short flows and few rounds: shows that everything runs; its figures are not for publication.
    #[arg(long)]
    quick: bool,
    /// Prints one JSON object a line and nothing else.
    #[arg(long)]
    json: bool,
    /// Pins the measurement to this core [default: the last one available].
    #[arg(long)]
    core: Option<usize>,
}

fn main() -> ExitCode {
    let Suite::Book(arguments) = Arguments::parse().suite;
    if arguments.case == Some(Case::C) && arguments.peer.is_some() {
        eprintln!("error: flow C has no peers; leave out --peer, or give --case A or --case B");
        return ExitCode::from(2);
    }
    let rounds = match rounds(&arguments) {
        Ok(rounds) => rounds,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    match compare(&arguments, rounds) {
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

fn rounds(arguments: &BookArguments) -> Result<u32, String> {
    match (arguments.rounds, arguments.quick) {
        (None, true) => Ok(QUICK_ROUNDS),
        (None, false) => Ok(ROUNDS_MIN),
        (Some(rounds), false) if rounds < ROUNDS_MIN => {
            Err(format!("--rounds {rounds} is too few for a median; give at least {ROUNDS_MIN}, or add --quick"))
        }
        (Some(rounds), _) => Ok(rounds),
    }
}

/// Runs all comparisons; true if everybody's trades were what the rules demand.
fn compare(arguments: &BookArguments, rounds: u32) -> io::Result<bool> {
    describe_machine(arguments.core);
    if cfg!(debug_assertions) {
        eprintln!("built without optimisation: the figures mean nothing; build with --release");
    }
    if arguments.quick {
        eprintln!("quick run: short flows, {rounds} rounds; these figures are not for publication");
    }
    let cases = match (arguments.case, arguments.peer) {
        (Some(case), _) => vec![case],
        (None, Some(_)) => vec![Case::A, Case::B],
        (None, None) => Case::ALL.to_vec(),
    };
    let mut rows = Vec::new();
    for case in cases {
        eprintln!("case {}: making the flow", case.name());
        if case == Case::C {
            compare_c(arguments, rounds, &mut rows)?;
        } else {
            compare_peers(case, arguments, rounds, &mut rows)?;
        }
    }
    if !arguments.json {
        writeln!(io::stdout(), "{}", table(&rows))?;
        for row in rows.iter().filter(|row| !row.note.is_empty()) {
            writeln!(io::stdout(), "{} {}: {}", row.case, row.peer, row.note)?;
        }
    }
    Ok(rows.iter().all(|row| row.verified))
}

/// Novate beside its peers.
fn compare_peers(case: Case, arguments: &BookArguments, rounds: u32, rows: &mut Vec<Row>) -> io::Result<()> {
    let peers = arguments.peer.map_or(PeerKind::ALL.to_vec(), |peer| vec![peer]);
    let flow = Flow::generate(case.spec(arguments.quick));
    let mut comparison = Comparison::new(case, arguments.quick, &flow)?;
    for &peer in &peers {
        let commands = flow.measured().len();
        let row = comparison.against(peer, rounds, |round| tell(case, peer.name(), round, commands))?;
        put(arguments, rows, row)?;
    }
    tell_memory(case, &comparison);
    Ok(())
}

/// Novate on flow C beside novate on flow A.
fn compare_c(arguments: &BookArguments, rounds: u32, rows: &mut Vec<Row>) -> io::Result<()> {
    let flow = FlowC::generate(Case::C.spec(arguments.quick))?;
    let flow_a = Flow::generate(Case::A.spec(arguments.quick));
    let mut comparison = Comparison::with_flow_c(arguments.quick, &flow, &flow_a)?;
    let commands = flow.commands().1;
    let row = comparison.against_flow_a(rounds, |round| tell(Case::C, FLOW_A, round, commands))?;
    put(arguments, rows, row)?;
    tell_memory(Case::C, &comparison);
    Ok(())
}

/// Prints the row if it is to be JSON, and keeps it.
fn put(arguments: &BookArguments, rows: &mut Vec<Row>, row: Row) -> io::Result<()> {
    if arguments.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &row).map_err(io::Error::from)?;
        writeln!(out)?;
        out.flush()?;
    }
    rows.push(row);
    Ok(())
}

fn tell_memory(case: Case, comparison: &Comparison<'_>) {
    let (bytes, huge) = comparison.memory_bytes();
    eprintln!("case {}: novate's arena {} KiB, {} KiB of it on huge pages", case.name(), bytes >> 10, huge >> 10);
}

fn describe_machine(core: Option<usize>) {
    eprintln!("{}", Machine::inspect());
    match (machine::pin(core), core) {
        (Some(pinned), _) => eprintln!("pinned to core {pinned}"),
        (None, Some(core)) => eprintln!("not pinned: the system refused core {core}"),
        (None, None) => eprintln!("not pinned: the system refused"),
    }
}

fn tell(case: Case, peer: &str, round: &Round, commands: usize) {
    let per_command = |elapsed: std::time::Duration| elapsed.as_nanos() / commands as u128;
    let (subject_ns, peer_ns) = (per_command(round.subject.elapsed), per_command(round.peer.elapsed));
    let (case, number) = (case.name(), round.index + 1);
    eprintln!("case {case}, round {number}: novate {subject_ns} ns, {peer} {peer_ns} ns, ratio {:.3}", round.ratio());
    if round.waited > (round.subject.elapsed + round.peer.elapsed) / DISTURBED_ONE_IN {
        eprintln!("case {case}, round {number}: disturbed, others had the core for {} ms", round.waited.as_millis());
    }
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
