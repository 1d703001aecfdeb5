//! The two forms of a result: text for people, JSON lines for programs.
//!
//! A result is built whole and written once, at the end: whoever reads standard output sees a result or nothing. What may
//! be longer than memory is a [`Stream`] of lines instead.

use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

use comfy_table::{Table, presets};
use novate_core::reject::RejectCode;
use serde::Serialize;

use crate::error::Error;
use crate::flow::{Level, Outcome};

/// What a verb has to say, in one of the two forms.
pub(crate) struct Output {
    json: bool,
    text: String,
}

impl Output {
    /// Nothing yet.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, text: String::new() }
    }

    /// Adds an object as one line of JSON; nothing in the form for people.
    pub(crate) fn json_line(&mut self, object: &impl Serialize) {
        if self.json {
            // Numbers and strings only: there is nothing in our objects that JSON cannot say.
            let line = serde_json::to_string(object).expect("results are plain objects");
            self.line(&line);
        }
    }

    /// Adds a line for people; nothing in JSON.
    pub(crate) fn text_line(&mut self, line: &str) {
        if !self.json {
            self.line(line);
        }
    }

    /// Adds a line in both forms.
    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes everything to standard output.
    ///
    /// # Errors
    /// It was not taken.
    pub(crate) fn write(self) -> Result<(), Error> {
        write_stdout(self.text.as_bytes())
    }
}

/// Lines that are written as they come, for what may be longer than memory.
pub(crate) struct Stream {
    json: bool,
    out: BufWriter<StdoutLock<'static>>,
}

/// Bytes that are kept until they are written together.
const STREAM_BUFFER: usize = 1 << 16;

impl Stream {
    /// Nothing written yet.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, out: BufWriter::with_capacity(STREAM_BUFFER, io::stdout().lock()) }
    }

    /// Writes an object as one line of JSON, or a line for people: only the form that is wanted is made.
    ///
    /// # Errors
    /// It was not taken: the disk is full, or the reader is gone.
    pub(crate) fn line<O: Serialize>(
        &mut self,
        object: impl FnOnce() -> O,
        text: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        if self.json {
            // As of results: there is nothing in our objects that JSON cannot say.
            let line = serde_json::to_string(&object()).expect("results are plain objects");
            self.write(&line)
        } else {
            self.write(&text())
        }
    }

    /// Writes a line for people; nothing in JSON.
    ///
    /// # Errors
    /// As [`Stream::line`].
    pub(crate) fn text_line(&mut self, text: &str) -> Result<(), Error> {
        if self.json { Ok(()) } else { self.write(text) }
    }

    fn write(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.out, "{line}").map_err(Error::Output)
    }

    /// Makes sure that everything arrived.
    ///
    /// # Errors
    /// As [`Stream::line`].
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(Error::Output)
    }
}

/// Writes to standard output and makes sure that it arrived.
///
/// # Errors
/// It was not taken: the disk is full, or the reader is gone.
pub(crate) fn write_stdout(bytes: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Error::Output)
}

/// Says something on standard error. With that gone there is nobody to tell, and what is being done goes on.
pub(crate) fn tell(text: impl Display) {
    let _ = writeln!(io::stderr(), "novate: {text}");
}

/// A list of names and values for people, aligned, without lines around it.
pub(crate) struct Listing(Table);

impl Listing {
    /// An empty list.
    pub(crate) fn new() -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        Self(table)
    }

    /// Adds a name and its value.
    pub(crate) fn row(&mut self, name: &str, value: &impl ToString) {
        self.0.add_row([name.to_owned(), value.to_string()]);
    }

    /// The list as lines, each without blanks around it but those that align.
    pub(crate) fn lines(&self) -> String {
        let text = self.0.trim_fmt();
        let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        lines.join("\n")
    }
}

/// One price level as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct LevelObject {
    price: i64,
    quantity: i64,
    orders: u32,
}

impl From<Level> for LevelObject {
    fn from(level: Level) -> Self {
        Self { price: level.price.get(), quantity: level.quantity.get(), orders: level.orders }
    }
}

/// What a flow came to, as JSON. The names of the first four are those of every verb's result.
#[derive(Debug, Serialize)]
pub(crate) struct OutcomeObject {
    sequence: u64,
    events_digest: String,
    state_digest: String,
    commands: u64,
    commands_per_second: u64,
    work_commands: u64,
    checkpoints: u64,
    events: u64,
    opening: String,
    trades: u64,
    volume: i128,
    rejected: u64,
    rejects: serde_json::Map<String, serde_json::Value>,
    best_bid: Option<LevelObject>,
    best_ask: Option<LevelObject>,
    ns_mean: serde_json::Number,
    ns_p50: u64,
    ns_p99: u64,
    ns_max: u64,
    ns_clock: u64,
}

impl From<&Outcome> for OutcomeObject {
    fn from(outcome: &Outcome) -> Self {
        let latency = &outcome.latency;
        Self {
            sequence: outcome.sequence,
            events_digest: outcome.events_digest.clone(),
            state_digest: outcome.state_digest.clone(),
            commands: outcome.commands,
            commands_per_second: latency.per_second(),
            work_commands: outcome.work_commands,
            checkpoints: outcome.checkpoints,
            events: outcome.events,
            opening: outcome.opening.name().to_lowercase(),
            trades: outcome.tally.trades,
            volume: outcome.tally.volume,
            rejected: outcome.tally.rejects_total(),
            rejects: outcome.tally.rejects_by_name().map(|(_, name, count)| (name.to_owned(), count.into())).collect(),
            best_bid: outcome.best_bid.map(LevelObject::from),
            best_ask: outcome.best_ask.map(LevelObject::from),
            ns_mean: tenths_number(latency.mean_tenths_ns()),
            ns_p50: latency.p50_ns,
            ns_p99: latency.p99_ns,
            ns_max: latency.max_ns,
            ns_clock: latency.clock_ns,
        }
    }
}

/// Tenths as a decimal number, without a detour through binary fractions.
fn tenths_number(tenths: u64) -> serde_json::Number {
    tenths_text(tenths).parse().unwrap_or_else(|_| tenths.into())
}

/// Tenths with their decimal point.
pub(crate) fn tenths_text(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Lists what a flow came to, for people; `timed` says what of a command the times are.
pub(crate) fn list_outcome(listing: &mut Listing, outcome: &Outcome, timed: &str) {
    let level = |level: Option<Level>| match level {
        Some(Level { price, quantity, orders: 1 }) => format!("{price} x {quantity} (1 order)"),
        Some(Level { price, quantity, orders }) => format!("{price} x {quantity} ({orders} orders)"),
        None => "none".to_owned(),
    };
    let (tally, latency) = (&outcome.tally, &outcome.latency);
    listing.row("opening", &outcome.opening.name().to_lowercase());
    listing.row("commands", &outcome.commands);
    if outcome.work_commands > 0 {
        listing.row("work commands", &outcome.work_commands);
    }
    listing.row("trades", &tally.trades);
    listing.row("volume", &tally.volume);
    listing.row("rejects", &tally.rejects_total());
    for (code, name, count) in tally.rejects_by_name() {
        listing.row("", &format!("{count} x {code} {name}"));
        if code == RejectCode::OrderTableFull.code() {
            listing.row("", &"  (--orders N makes room for N live orders)");
        }
    }
    listing.row("best bid", &level(outcome.best_bid));
    listing.row("best ask", &level(outcome.best_ask));
    listing.row("events", &outcome.events);
    listing.row("events digest", &outcome.events_digest);
    listing.row("state digest", &outcome.state_digest);
    listing.row("commands per second", &latency.per_second());
    listing.row(
        timed,
        &format!(
            "mean {}, p50 {}, p99 {}, of which the clock takes {}",
            tenths_text(latency.mean_tenths_ns()),
            latency.p50_ns,
            latency.p99_ns,
            latency.clock_ns
        ),
    );
}
