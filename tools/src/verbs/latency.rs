//! `novate latency`: how long commands take through a whole primary.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use novate_bench::latency::report::{self, Row};
use novate_bench::latency::sweep::{PATIENCE, RATES};
use novate_bench::latency::{Plan, Rate, Sweep, sweep};
use novate_bench::machine::{
    CoreList, CoreToCore, HiccupSummary, Hiccups, Machine, PIPELINE_THREADS, PUBLISHED, Percentiles,
};
use novate_journal::writer::{Durability, Settings as JournalSettings};
use serde::Serialize;

use super::{Verdict, stop_on_signals};
use crate::cli::durability;
use crate::cores::Usable;
use crate::error::Error;
use crate::output::{Listing, Output, tell};

/// Bytes of a segment: a few seconds of a million commands a second.
const SEGMENT_BYTES: u32 = 64 << 20;
/// How often the journal is made durable where nothing is said, in milliseconds.
const INTERVAL_MS: u32 = 10;

/// What the table's times count from.
const STAGES: &str = "end-to-end, late and ring count from when a command was meant to be sent (ring includes late), the other \
    stages from the one before; stages are of another run than end-to-end.";

/// Arguments of `latency`.
#[derive(Debug, Args)]
pub(crate) struct LatencyArgs {
    /// Commands a second. Default: from 100000 to 20000000 until the primary cannot follow.
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rate: Option<u64>,

    /// How long each rate is timed, in seconds; a quarter as long, up to a second, is sent before.
    #[arg(long, value_name = "S", default_value = "2", value_parser = seconds)]
    duration: Duration,

    /// The client's core and the hot thread's, as 2,3. Default: the last two, isolated ones first.
    #[arg(long, value_name = "A,B", value_parser = core_pair)]
    cores: Option<(usize, usize)>,

    /// Write a page, logs and distributions to this folder, which is new or empty.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    /// When the journal is made durable: `none`, `batch`, or every so many milliseconds. Default: 10.
    #[arg(long, value_name = "none|batch|MS", value_parser = durability)]
    sync: Option<Durability>,

    /// A folder on the disk that journals are written to meanwhile. Default: that of temporary files.
    #[arg(long, value_name = "DIR")]
    disk: Option<PathBuf>,
}

/// Reads seconds: more than nothing, up to a day.
fn seconds(text: &str) -> Result<Duration, String> {
    let duration = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let is_in_range = |duration: &Duration| (Duration::from_millis(1)..=Duration::from_hours(24)).contains(duration);
    duration.filter(is_in_range).ok_or_else(|| "expected seconds from 0.001 to 86400".to_owned())
}

/// Reads two different cores, in their order.
fn core_pair(text: &str) -> Result<(usize, usize), String> {
    let pair = text.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    pair.filter(|(a, b)| a != b).ok_or_else(|| "expected two different cores such as 2,3".to_owned())
}

/// The result as JSON.
#[derive(Serialize)]
struct LatencyObject {
    /// The fastest rate that was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    followed: Option<u64>,
    /// The rate that was not, and what was answered instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    saturated: Option<[u64; 2]>,
    duration_ns: u64,
    cores: Option<(usize, usize)>,
    shadow: bool,
    percentiles: Percentiles,
    core_to_core: [Option<CoreToCore>; 2],
    hiccups: [Vec<HiccupSummary>; 2],
    machine: Machine,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
}

/// Measures and prints.
pub(crate) fn latency(args: &LatencyArgs, json: bool) -> Result<Verdict, Error> {
    let machine = Machine::inspect();
    let usable = Usable::of(&machine);
    let cores = choose(args.cores, &usable, &machine)?;
    if let Some(folder) = &args.report {
        report::claim(folder).map_err(|cause| of_report(folder, cause))?;
    }
    let disk = args.disk.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::tempdir_in(&disk)
        .map_err(|cause| Error::Write { file: format!("a folder in {}", disk.display()), cause })?;
    // What is on the disk meanwhile is removed before the process ends.
    let is_cancelled = stop_on_signals();
    let shadow = usable.all.len() >= PIPELINE_THREADS;
    let plan = Plan {
        rates: args.rate.map_or(RATES.to_vec(), |rate| vec![rate]),
        duration: args.duration,
        warm_up: (args.duration / 4).min(Duration::from_secs(1)),
        cores,
        is_crowded: usable.all.len() <= 2,
        folder: folder.path().to_owned(),
        journal: JournalSettings {
            segment_bytes: SEGMENT_BYTES,
            durability: args.sync.unwrap_or(Durability::Interval(INTERVAL_MS)),
        },
        shadow,
        patience: PATIENCE,
        is_cancelled,
    };
    if cores.is_none() {
        tell("one core for all threads: they are not pinned and wait by yielding; the figures are the scheduler's");
    }
    let measured = sweep(plan, |rate: &Rate| tell(format!("{} a second: {} answered", rate.rate, rate.answered)));
    let measured = measured.map_err(|cause| match cause.kind() {
        io::ErrorKind::Interrupted => Error::Interrupted,
        io::ErrorKind::TimedOut => Error::Disk { folder: disk.display().to_string(), cause },
        _ => Error::engine("measuring", cause),
    })?;
    // Printed first: where the report cannot be written, the measurement is not lost.
    print(&measured, args.report.as_deref(), json)?;
    if let Some(folder) = &args.report {
        let written = report::write(&measured, folder);
        written.map_err(|(file, cause)| Error::Write { file: file.display().to_string(), cause })?;
    }
    Ok(Verdict::Right)
}

fn of_report(folder: &Path, cause: io::Error) -> Error {
    let file = folder.display().to_string();
    match cause.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            Error::Usage(format!("{file}: expected a new or empty folder for the report; choose another one"))
        }
        _ => Error::Write { file, cause },
    }
}

/// The two cores that were asked for, or the last ones; none where there are no two.
fn choose(asked: Option<(usize, usize)>, usable: &Usable, machine: &Machine) -> Result<Option<(usize, usize)>, Error> {
    if let Some((client, hot)) = asked {
        usable.choose(Some(&CoreList::from_iter([client, hot])), machine)?;
        return Ok(asked);
    }
    let chosen: Vec<usize> = usable.choose(None, machine)?.iter().collect();
    Ok(<[usize; 2]>::try_from(chosen).ok().map(|[client, hot]| (client, hot)))
}

fn print(measured: &Sweep, report: Option<&Path>, json: bool) -> Result<(), Error> {
    let rows = report::rows(measured);
    let percentiles = report::percentiles(measured);
    let (plan, [before, after]) = (&measured.plan, &measured.surroundings);
    let last = measured.rates.last();
    let saturated = last.filter(|rate| rate.is_saturated()).map(|rate| [rate.rate, rate.answered]);
    let followed = measured.rates.iter().rfind(|rate| !rate.is_saturated()).map(|rate| rate.rate);
    let report = report.map(|folder| folder.display().to_string());

    let mut card = Listing::new();
    for (name, value) in measured.machine.lines() {
        card.row(name, &value);
    }
    if let Some((client, hot)) = plan.cores {
        card.row("measured on", &format!("cores {client} (client) and {hot} (hot thread)"));
    }
    let apart = [before, after].map(|around| around.core_to_core.as_ref().map(|apart| apart.median_ns));
    if let [Some(before), Some(after)] = apart {
        card.row("core to core", &format!("{before} ns before, {after} ns after"));
    }
    card.row("shadow", &if plan.shadow { "yes" } else { "none: there are not enough cores" });
    let mut listing = Listing::new();
    if let Some(rate) = followed {
        listing.row("followed", &format!("up to {rate} commands a second"));
    }
    if let Some([rate, answered]) = saturated {
        listing.row("saturated", &format!("at {rate} commands a second, of which {answered} were answered"));
    }
    if let Some(row) = at_a_million(&rows)
        && let (Some(apart), Some(multiple)) = (row.core_to_core, row.multiple)
    {
        let mark = if row.is_p50_sound() { "" } else { "?" };
        listing.row(
            "p50 at 1000000",
            &format!("{multiple}{mark} times the {apart} ns from core to core; aim 3, where four cores are free"),
        );
    }
    if let Some(folder) = &report {
        listing.row("report", &format!("{folder}/index.html"));
    }
    let sentences = percentiles.lines().join("\n");
    let mut output = Output::new(json);
    let table = table(&rows);
    output.text_line(&format!("{}\n\n{table}\n{STAGES}\n\n{sentences}\n{}", card.lines(), listing.lines()));
    for row in &rows {
        output.json_line(row);
    }
    output.json_line(&LatencyObject {
        followed,
        saturated,
        duration_ns: u64::try_from(plan.duration.as_nanos()).unwrap_or(u64::MAX),
        cores: plan.cores,
        shadow: plan.shadow,
        percentiles,
        core_to_core: [before, after].map(|around| around.core_to_core),
        hiccups: [before, after].map(|around| around.hiccups.iter().map(Hiccups::summary).collect()),
        machine: measured.machine.clone(),
        report,
    });
    output.write()
}

/// End to end at a million a second.
fn at_a_million(rows: &[Row]) -> Option<&Row> {
    rows.iter().find(|row| row.rate == 1_000_000 && row.core_to_core.is_some())
}

/// Every stage at every rate; what means nothing has a question mark.
fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let names = PUBLISHED.map(|(_, name)| name.to_owned());
    let heading = ["a second", "answered", "stage, ns"].map(str::to_owned);
    table.set_header(heading.iter().chain(&names));
    for row in rows {
        let mark = |name: &&str| if row.meaningless.contains(name) { "?" } else { "" };
        let times = PUBLISHED.iter().zip(row.percentiles()).map(|((_, name), ns)| format!("{ns}{}", mark(name)));
        let begin = [row.rate.to_string(), row.answered.to_string(), row.stage.to_owned()];
        table.add_row(begin.into_iter().chain(times));
    }
    for column in table.column_iter_mut().filter(|column| column.index != 2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_cores_are_read() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for bad in ["0", "-1", "x", "nan", "inf", "86401"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(core_pair("3, 2"), Ok((3, 2)));
        for bad in ["1", "1,1", "1,2,3", "a,b", "-1,2"] {
            assert!(core_pair(bad).is_err(), "{bad}");
        }
    }
}
