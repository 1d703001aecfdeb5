//! One page that needs nothing from elsewhere.

use std::io;

use hdrhistogram::Histogram;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use novate_journal::writer::Durability;

use super::plots::{self, Line};
use super::{Row, hiccups, percentiles, rows, threads};
use crate::latency::samples::{Samples, Stage};
use crate::latency::sweep::{Rate, Sweep};
use crate::machine::PUBLISHED;

const STYLE: &str = "body{font:15px/1.5 sans-serif;margin:2em auto;max-width:62em;padding:0 1em}\
    table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:right}\
    td.name,th.name{text-align:left}.void{color:#999;text-decoration:line-through}.full td{background:#fff4e5}\
    svg{max-width:100%;height:auto}";

/// Lines are drawn only where the table strikes nothing out.
const AS_FAR: &str = "as far as figures mean something";

const METHOD: &str = "Open loop: one client thread sends at a steady rate, whatever comes back, and reads all events. End to \
    end, late and ring count from when a command was meant to be sent, so that what a delay holds up is in the figures of \
    all commands behind it (coordinated omission, corrected once, here); ring therefore includes late, the client's own \
    delay. Journal, match and events count from the end of the stage before. End to end and late come from one run, the \
    stages from another, in which the hot thread reads the clock three times a batch: they do not add up to end to end. \
    Commands are flow A: a book of 10,000 orders, 7 % \
    of commands cross. Times are in nanoseconds; a reading of the clock is in each at both ends, and nothing is subtracted.";

/// The page.
pub(super) fn page(sweep: &Sweep) -> io::Result<String> {
    let rows = rows(sweep);
    let plots = [by_rate(sweep, &rows)?, all_rates(sweep)?, stages(sweep)?, gaps(sweep)?];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "novate: latency" } style { (PreEscaped(STYLE)) } }
            body {
                h1 { "Latency" }
                p { (METHOD) }
                h2 { "What was measured" }
                (facts(&asked(sweep)))
                h2 { "What the figures mean" }
                @for line in percentiles(sweep).lines() { p { (line) } }
                p { "Percentiles that say nothing about what was measured are struck out: gaps in the cores' time reach below \
                     them, threads shared cores, or fewer than ten times lie above." }
                h2 { "Times" }
                (table(&rows))
                p { "Core to core is the mean of before and after the run of that row: where cores are virtual they move." }
                @for svg in &plots { (PreEscaped(svg)) }
                h2 { "The machine" }
                (facts(&sweep.machine.lines()))
                h2 { "Around the measurement" }
                (around(sweep))
            }
        }
    };
    Ok(page.into_string())
}

fn facts(lines: &[(&'static str, String)]) -> Markup {
    html! { table { @for (name, value) in lines { tr { td.name { (name) } td.name { (value) } } } } }
}

fn asked(sweep: &Sweep) -> Vec<(&'static str, String)> {
    let plan = &sweep.plan;
    let cores = match plan.cores {
        Some((client, hot)) if plan.is_crowded => format!("hot thread on {hot}, client and all others on {client}"),
        Some((client, hot)) => format!("client on {client}, hot thread on {hot}, others wherever the system puts them"),
        None => "threads were not pinned, and waited by yielding".to_owned(),
    };
    let apart = sweep.surroundings.each_ref().map(|around| {
        around.core_to_core.as_ref().map_or_else(|| "unknown".to_owned(), |apart| format!("{} ns", apart.median_ns))
    });
    let durability = match plan.journal.durability {
        Durability::None => "when the system writes it back".to_owned(),
        Durability::Interval(ms) => format!("every {ms} ms"),
        Durability::Batch => "as fast as the disk is".to_owned(),
    };
    vec![
        ("timed", format!("{:?} at each rate, after {:?} of warm-up", plan.duration, plan.warm_up)),
        ("cores", cores),
        ("core to core, around all rates", format!("{} before, {} after", apart[0], apart[1])),
        ("journal", format!("{} MiB a segment, durable {}", plan.journal.segment_bytes >> 20, durability)),
        ("threads that want a core", threads(sweep).to_string()),
    ]
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table {
            tr {
                th { "a second" } th { "answered" } th.name { "stage" } th { "count" }
                @for (_, name) in PUBLISHED { th { (name) } }
                th { "core to core" } th { "p50 / core to core" }
            }
            @for row in rows {
                tr.full[row.saturated] {
                    td { (row.rate) } td { (row.answered) } td.name { (row.stage) } td { (row.count) }
                    @for ((_, name), ns) in PUBLISHED.iter().zip(row.percentiles()) {
                        td.void[row.meaningless.contains(name)] { (ns) }
                    }
                    td { @if let Some(apart) = row.core_to_core { (apart) } }
                    td.void[!row.is_p50_sound()] { @if let Some(multiple) = row.multiple { (multiple) } }
                }
            }
        }
    }
}

fn around(sweep: &Sweep) -> Markup {
    html! {
        table {
            tr { th.name { "when" } th { "core" } th { "watched" } th { "longest gap, ns" } th { "in gaps of 10 us, ppm" } }
            @for (when, hiccups) in hiccups(sweep) {
                @let summary = hiccups.summary();
                tr {
                    td.name { (when) } td { (summary.core) } td { (summary.elapsed_ns / 1_000_000) " ms" }
                    td { (summary.max_ns) } td { (summary.long_ppm) }
                }
            }
        }
    }
}

/// End to end at every rate, by rate.
fn by_rate(sweep: &Sweep, rows: &[Row]) -> io::Result<String> {
    let of_stage = |stage: Stage| rows.iter().filter(move |row| row.stage == stage.name());
    let line = |(place, name): (usize, &'static str)| -> Line {
        let sound = of_stage(Stage::EndToEnd).filter(|row| !row.meaningless.contains(&name));
        (name.to_owned(), sound.map(|row| (row.rate as f64, row.percentiles()[place].max(1) as f64)).collect())
    };
    let names = PUBLISHED.iter().enumerate().filter(|(_, (ppm, _))| [500_000, 990_000, 999_000].contains(ppm));
    let lines: Vec<Line> = names.map(|(place, (_, name))| line((place, name))).collect();
    let last = sweep.rates.last().filter(|rate| rate.is_saturated());
    let title = last.map_or_else(
        || format!("End to end by rate, {AS_FAR}"),
        |rate| format!("End to end by rate, {AS_FAR}; at {} a second {} were answered", rate.rate, rate.answered),
    );
    plots::by_rate(&title, &lines)
}

/// End to end at every rate, by percentile.
fn all_rates(sweep: &Sweep) -> io::Result<String> {
    let total = |rate: &Rate| Some((format!("{} a second", rate.rate), rate.samples(Stage::EndToEnd)?.total()));
    let histograms: Vec<_> = sweep.rates.iter().filter_map(total).collect();
    plots::by_percentile(&format!("End to end, {AS_FAR}"), &histograms, is_sound(sweep))
}

/// The stages at the fastest rate that was followed.
fn stages(sweep: &Sweep) -> io::Result<String> {
    let followed = sweep.rates.iter().rfind(|rate| !rate.is_saturated()).or(sweep.rates.last());
    let total = |(stage, samples): &(Stage, Samples)| (stage.name().to_owned(), samples.total());
    let histograms: Vec<(String, Histogram<u64>)> = followed.iter().flat_map(|rate| &rate.samples).map(total).collect();
    let rate = followed.map_or(0, |rate| rate.rate);
    plots::by_percentile(&format!("Stages at {rate} a second, {AS_FAR}"), &histograms, is_sound(sweep))
}

/// Whether a percentile, in millionths, of so many times means something, by what was seen around the sweep.
fn is_sound(sweep: &Sweep) -> impl Fn(u64, u64) -> bool {
    let (percentiles, threads) = (percentiles(sweep), threads(sweep));
    move |ppm, count| percentiles.is_sound(ppm, count, threads)
}

fn gaps(sweep: &Sweep) -> io::Result<String> {
    let line = |(when, hiccups): (&str, &crate::machine::Hiccups)| -> Line {
        let summary = hiccups.summary();
        let points = summary.gaps.iter().filter(|gap| gap.count > 0);
        (format!("core {} {when}", summary.core), points.map(|gap| (gap.from_ns as f64, gap.count as f64)).collect())
    };
    plots::gaps("Gaps in the cores' time", &hiccups(sweep).into_iter().map(line).collect::<Vec<_>>())
}
