//! `novate status`: what a running primary says of itself, read from outside at no cost to it.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use novate_replica::counters::{Counter, Snapshot, state};
use serde_json::{Map, Value};

use super::Verdict;
use crate::error::Error;
use crate::journal::JournalArg;
use crate::output::{Listing, Stream};

/// From one look to the next.
const INTERVAL: Duration = Duration::from_secs(1);

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) journal: JournalArg,

    /// Look every second, with rates, until the primary has ended.
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
    print(&mut lines, &last, None)?;
    while args.watch && last.get(Counter::State) == state::RUNNING {
        thread::sleep(INTERVAL);
        let next = read()?;
        let elapsed = at.elapsed();
        at = Instant::now();
        print(&mut lines, &next, Some((&last, elapsed)))?;
        last = next;
    }
    Ok(Verdict::Right)
}

fn print(lines: &mut Stream, now: &Snapshot, before: Option<(&Snapshot, Duration)>) -> Result<(), Error> {
    let rate = before.map(|(before, elapsed)| {
        let executed = now.get(Counter::Sequence).saturating_sub(before.get(Counter::Sequence));
        u64::try_from(u128::from(executed) * 1_000_000_000 / elapsed.as_nanos().max(1)).unwrap_or(u64::MAX)
    });
    lines.line(|| object(now, rate), || text(now, rate))?;
    lines.flush()
}

/// The state in a word.
fn state_name(now: &Snapshot) -> &'static str {
    match now.get(Counter::State) {
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

fn object(now: &Snapshot, rate: Option<u64>) -> Map<String, Value> {
    let mut object: Map<String, Value> =
        Counter::ALL.iter().map(|&counter| (counter.name().to_owned(), now.get(counter).into())).collect();
    object.insert("state".into(), state_name(now).into());
    object.insert("durable_lag".into(), lag(now, Counter::Durable).into());
    object.insert("shadow_lag".into(), lag(now, Counter::ShadowSequence).into());
    if let Some(rate) = rate {
        object.insert("commands_per_second".into(), rate.into());
    }
    object
}

fn text(now: &Snapshot, rate: Option<u64>) -> String {
    let mut listing = Listing::new();
    listing.row("state", &state_name(now));
    for &counter in &Counter::ALL[1..] {
        listing.row(&counter.name().replace('_', " "), &now.get(counter));
    }
    listing.row("durable lag", &lag(now, Counter::Durable));
    listing.row("shadow lag", &lag(now, Counter::ShadowSequence));
    if let Some(rate) = rate {
        listing.row("commands per second", &rate);
    }
    listing.lines()
}

/// Prometheus' text format, version 0.0.4.
fn prometheus(now: &Snapshot) -> String {
    let mut text = String::new();
    for &counter in Counter::ALL {
        let (name, help, value) = (counter.name(), counter.help(), now.get(counter));
        // To a string nothing fails.
        let _ = writeln!(text, "# HELP novate_{name} {help}\n# TYPE novate_{name} gauge\nnovate_{name} {value}");
    }
    text
}
