//! `novate status`: what a running primary says of itself, read from outside at no cost to it.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use novate_replica::counters::{Counter, Snapshot, state};
use serde_json::{Map, Value};

use super::Verdict;
use crate::error::Error;
use crate::journal::JournalArg;
use crate::output::{Listing, Stream};

/// From one look to the next, when it goes on looking.
const INTERVAL: Duration = Duration::from_secs(1);
/// From the first look to the second, which a rate takes.
const FIRST_INTERVAL: Duration = Duration::from_millis(200);

/// What is said of how fast a counter goes.
const RATES: [(Counter, &str); 4] = [
    (Counter::Sequence, "commands_per_second"),
    (Counter::Taken, "submissions_per_second"),
    (Counter::Rejected, "rejected_per_second"),
    (Counter::Durable, "durable_per_second"),
];

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArg,

    /// Look every second, until the primary has ended or died.
    #[arg(long, conflicts_with = "prometheus")]
    watch: bool,

    /// Print what Prometheus scrapes.
    #[arg(long)]
    prometheus: bool,
}

/// Prints the counters, once or again and again.
pub(crate) fn status(args: &StatusArgs, json: bool) -> Result<Verdict, Error> {
    if args.prometheus && json {
        return Err(Error::Usage("expected --prometheus or --json, found both".into()));
    }
    let storage = args.journal.storage();
    let read = || {
        Snapshot::read(&*storage).map_err(|cause| {
            let file = format!("{}/counters", storage.name());
            let found = match cause.kind() {
                ErrorKind::NotFound => "none; no primary has run on this journal",
                ErrorKind::InvalidData => "another file",
                _ => return Error::Open { file, cause },
            };
            Error::Usage(format!("{file}: expected the counters of a primary, found {found}"))
        })
    };
    let mut lines = Stream::new(json);
    let (mut last, mut at) = (read()?, Instant::now());
    if args.prometheus {
        lines.text_line(prometheus(&last).trim_end())?;
        lines.flush()?;
        return Ok(Verdict::Right);
    }
    let mut interval = FIRST_INTERVAL;
    loop {
        // What has ended goes at no rate: one look is enough.
        if is_running(&last) {
            thread::sleep(interval);
        }
        let (next, now) = (read()?, Instant::now());
        print(&mut lines, &next, (&last, now - at))?;
        if !args.watch || !is_running(&next) {
            return Ok(Verdict::Right);
        }
        (last, at, interval) = (next, now, INTERVAL);
    }
}

fn print(lines: &mut Stream, now: &Snapshot, (before, elapsed): (&Snapshot, Duration)) -> Result<(), Error> {
    let rates = RATES.map(|(counter, name)| (name, per_second(now, before, counter, elapsed)));
    lines.line(|| object(now, &rates), || text(now, &rates))?;
    lines.flush()
}

/// How much a counter has grown, by the second; nothing where it has begun anew, or has stopped.
fn per_second(now: &Snapshot, before: &Snapshot, counter: Counter, elapsed: Duration) -> u64 {
    if !is_running(now) {
        return 0;
    }
    let grown = now.get(counter).saturating_sub(before.get(counter));
    u64::try_from(u128::from(grown) * 1_000_000_000 / elapsed.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// Whether it runs: it says so, and its process is there, as far as the system tells.
fn is_running(now: &Snapshot) -> bool {
    now.get(Counter::State) == state::RUNNING && !is_gone(now.get(Counter::Process))
}

/// Whether there is no such process; false where processes are not to be seen, or where none has been named yet.
fn is_gone(process: u64) -> bool {
    let processes = Path::new("/proc");
    let are_seen = cfg!(target_os = "linux") && processes.join("self").exists();
    process != 0 && are_seen && !processes.join(process.to_string()).exists()
}

/// The state in a word.
fn state_name(now: &Snapshot) -> &'static str {
    match now.get(Counter::State) {
        state::RUNNING if !is_running(now) => "died",
        state::RUNNING => "running",
        state::STOPPED => "stopped",
        state::HALTED => "halted",
        _ => "unknown",
    }
}

/// How far a watermark is behind the last command.
fn lag(now: &Snapshot, counter: Counter) -> u64 {
    now.get(Counter::Sequence).saturating_sub(now.get(counter))
}

/// What follows from several counters: the name, what it means and how much it is.
fn lags(now: &Snapshot) -> [(&'static str, &'static str, u64); 2] {
    [
        ("durable_lag", "commands that were executed and are not yet durable", lag(now, Counter::Durable)),
        ("shadow_lag", "commands that the shadow has not yet executed", lag(now, Counter::ShadowSequence)),
    ]
}

/// Whether it only grows while a primary runs; what is counted since the start then begins anew.
const fn only_grows(counter: Counter) -> bool {
    match counter {
        Counter::Epoch
        | Counter::Sequence
        | Counter::Durable
        | Counter::Taken
        | Counter::Rejected
        | Counter::WorkCommands
        | Counter::Checkpoints
        | Counter::IngressLines
        | Counter::EgressLines
        | Counter::EgressStalls
        | Counter::GatesReleased
        | Counter::SegmentStalls
        | Counter::StepsBack
        | Counter::ShadowSequence
        | Counter::ShadowCheckpoints
        | Counter::ShadowScrubs
        | Counter::SnapshotsMissed => true,
        // A time is a gauge by Prometheus' habit.
        Counter::State
        | Counter::Process
        | Counter::TimeNs
        | Counter::IngressSize
        | Counter::IngressFill
        | Counter::EgressSize
        | Counter::EgressFill
        | Counter::DurableLagBytes
        | Counter::SegmentWait => false,
    }
}

fn object(now: &Snapshot, rates: &[(&str, u64)]) -> Map<String, Value> {
    let counters = Counter::ALL.iter().map(|&counter| (counter.name(), now.get(counter)));
    let lags = lags(now).into_iter().map(|(name, _, value)| (name, value));
    let all = counters.chain(lags).chain(rates.iter().copied());
    let mut object: Map<String, Value> = all.map(|(name, value)| (name.to_owned(), value.into())).collect();
    object.insert("state".into(), state_name(now).into());
    object
}

fn text(now: &Snapshot, rates: &[(&str, u64)]) -> String {
    let mut listing = Listing::new();
    listing.row("state", &state_name(now));
    let counters = Counter::ALL[1..].iter().map(|&counter| (counter.name(), now.get(counter)));
    let lags = lags(now).into_iter().map(|(name, _, value)| (name, value));
    for (name, value) in counters.chain(lags).chain(rates.iter().copied()) {
        listing.row(&name.replace('_', " "), &value);
    }
    listing.lines()
}

/// Prometheus' text format, version 0.0.4.
fn prometheus(now: &Snapshot) -> String {
    let mut text = String::new();
    let mut put = |(name, help, value): (&str, &str, u64), kind: &str| {
        // To a string nothing fails.
        let _ = writeln!(text, "# HELP novate_{name} {help}\n# TYPE novate_{name} {kind}\nnovate_{name} {value}");
    };
    for &counter in Counter::ALL {
        let kind = if only_grows(counter) { "counter" } else { "gauge" };
        put((counter.name(), counter.help(), now.get(counter)), kind);
    }
    for lag in lags(now) {
        put(lag, "gauge");
    }
    let runs = "1 if the state is running and the process is there, else 0";
    put(("running", runs, u64::from(is_running(now))), "gauge");
    text
}
