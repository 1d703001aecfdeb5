//! `novate check flow`: an exchange's recorded hour, fill by fill and checkpoint by checkpoint.

use std::fmt::Display;

use novate_core::terms::Side;
use serde::Serialize;

use super::Verdict;
use crate::cli::CheckFlowArgs;
use crate::error::Error;
use crate::flow::{
    Checkpoint, CheckpointsByRow, Fill, FillsByRow, Level, Observer, Row, Settings, TOP_LEVELS, Venue, feed,
    leftover_error, read_checkpoints, read_fills,
};
use crate::input::Source;
use crate::output::{Listing, OutcomeObject, Output, list_outcome};

/// How many differences are shown; the counts cover all.
const SHOWN_MAX: usize = 10;
/// How many fills of a difference are shown, from the first that differs.
const SHOWN_FILLS_MAX: usize = 4;

/// A case that failed.
#[derive(Debug, Serialize)]
struct Difference {
    row: u64,
    case: &'static str,
    expected: String,
    got: String,
}

/// How many cases of a kind there were.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Count {
    cases: u64,
    failed: u64,
}

/// Compares while the flow is fed. What was compared is taken out of the expectations.
struct Comparison {
    expected_fills: FillsByRow,
    expected_checkpoints: CheckpointsByRow,
    fills: u64,
    fill_cases: Count,
    checkpoint_cases: Count,
    differences: Vec<Difference>,
    /// The first and the last row of the flow.
    rows: (u64, u64),
}

impl Observer for Comparison {
    fn after(&mut self, row: &Row, fills: &[Fill], venue: &Venue<'_>) {
        self.rows = (self.rows.0.min(row.n), row.n);
        self.compare_fills(row.n, fills);
        if let Some(checkpoints) = self.expected_checkpoints.remove(&row.n) {
            let bids: Vec<Level> = venue.levels(Side::Buy).take(TOP_LEVELS).collect();
            let asks: Vec<Level> = venue.levels(Side::Sell).take(TOP_LEVELS).collect();
            for checkpoint in checkpoints {
                self.compare_checkpoint(row.n, &checkpoint, &bids, &asks);
            }
        }
    }
}

impl Comparison {
    fn compare_fills(&mut self, row: u64, got: &[Fill]) {
        let expected = self.expected_fills.remove(&row).map(|(_line, fills)| fills).unwrap_or_default();
        if expected.is_empty() && got.is_empty() {
            return;
        }
        self.fills += expected.len() as u64;
        self.fill_cases.cases += 1;
        if expected == got {
            return;
        }
        self.fill_cases.failed += 1;
        let same = expected.iter().zip(got).take_while(|(expected, got)| expected == got).count();
        self.show(|| Difference {
            row,
            case: "fills",
            expected: fills_text(&expected, same),
            got: fills_text(got, same),
        });
    }

    fn compare_checkpoint(&mut self, row: u64, expected: &Checkpoint, bids: &[Level], asks: &[Level]) {
        self.checkpoint_cases.cases += 1;
        if expected.bids == bids && expected.asks == asks {
            return;
        }
        self.checkpoint_cases.failed += 1;
        self.show(|| Difference {
            row,
            case: "checkpoint",
            expected: book_text(&expected.bids, &expected.asks),
            got: book_text(bids, asks),
        });
    }

    fn show(&mut self, difference: impl FnOnce() -> Difference) {
        if self.differences.len() < SHOWN_MAX {
            self.differences.push(difference());
        }
    }

    const fn failed(&self) -> u64 {
        self.fill_cases.failed + self.checkpoint_cases.failed
    }

    const fn passed(&self) -> u64 {
        self.fill_cases.cases + self.checkpoint_cases.cases - self.failed()
    }

    /// An expectation about a row that is missing between others is a mistake in the files, not a difference. Those about
    /// rows before or after the flow, which may be a part of an hour, are counted.
    fn leftovers(&self, fills: &Source, checkpoints: &Source) -> Result<u64, Error> {
        let (first, last) = self.rows;
        if let Some((&n, (line, _))) = self.expected_fills.range(first..=last).next() {
            return Err(leftover_error(fills, *line, "n", n));
        }
        if let Some((&n, left)) = self.expected_checkpoints.range(first..=last).next() {
            let line = left.first().map_or(1, |checkpoint| checkpoint.line);
            return Err(leftover_error(checkpoints, line, "after_cmd", n));
        }
        let checkpoints: usize = self.expected_checkpoints.values().map(Vec::len).sum();
        Ok((self.expected_fills.len() + checkpoints) as u64)
    }
}

/// The result as JSON.
#[derive(Serialize)]
struct CheckFlowObject {
    flow: String,
    fills: u64,
    fill_cases: Count,
    checkpoint_cases: Count,
    /// Commands that fill and checkpoints of rows before or after the flow, which were not compared.
    beyond: u64,
    passed: u64,
    failed: u64,
    #[serde(flatten)]
    outcome: OutcomeObject,
}

/// Feeds the flow, compares, and prints the count of cases.
pub(crate) fn check_flow(args: CheckFlowArgs, json: bool) -> Result<Verdict, Error> {
    let (flow, fills) = (Source::File(args.order_entry), Source::File(args.fills));
    let checkpoints = Source::File(args.checkpoints);
    let mut comparison = Comparison {
        expected_fills: read_fills(&fills)?,
        expected_checkpoints: read_checkpoints(&checkpoints)?,
        fills: 0,
        fill_cases: Count::default(),
        checkpoint_cases: Count::default(),
        differences: Vec::new(),
        rows: (u64::MAX, 0),
    };
    let outcome = feed(&flow, Settings::try_from(args.feed)?, &mut comparison)?;
    let beyond = if outcome.commands == 0 { 0 } else { comparison.leftovers(&fills, &checkpoints)? };

    let (passed, failed) = (comparison.passed(), comparison.failed());
    if passed + failed == 0 {
        let name = flow.name();
        return Err(Error::Usage(format!("{name}: expected fills or checkpoints to compare with, found none")));
    }
    let mut output = Output::new(json);
    for difference in &comparison.differences {
        output.json_line(difference);
        let Difference { row, case, expected, got } = difference;
        output.text_line(&format!("row {row}, {case}:\n  expected {expected}\n  got      {got}"));
    }
    output.json_line(&CheckFlowObject {
        flow: flow.name(),
        fills: comparison.fills,
        fill_cases: comparison.fill_cases,
        checkpoint_cases: comparison.checkpoint_cases,
        beyond,
        passed,
        failed,
        outcome: OutcomeObject::from(&outcome),
    });
    let mut listing = Listing::new();
    listing.row("flow", &flow.name());
    list_outcome(&mut listing, &outcome, "ns per command");
    listing.row("fills compared", &comparison.fills);
    listing.row("commands that fill", &count_text(comparison.fill_cases));
    listing.row("checkpoints", &count_text(comparison.checkpoint_cases));
    if beyond > 0 {
        listing.row("not compared", &format!("{beyond} cases of rows before or after the flow"));
    }
    output.text_line(&listing.lines());
    output.line(&format!("{passed} passed, {failed} failed"));
    output.write()?;
    Ok(if failed == 0 { Verdict::Right } else { Verdict::Wrong })
}

fn count_text(count: Count) -> String {
    format!("{} of {} as expected", count.cases - count.failed, count.cases)
}

/// Fills from the first that differs, since what comes before is the same on both sides.
fn fills_text(fills: &[Fill], same: usize) -> String {
    if fills.is_empty() {
        return "no fill".to_owned();
    }
    let rest = &fills[same.min(fills.len())..];
    let mut parts: Vec<String> = rest.iter().take(SHOWN_FILLS_MAX).map(Fill::to_string).collect();
    if same > 0 {
        parts.insert(0, format!("{same} the same"));
    }
    if rest.len() > SHOWN_FILLS_MAX {
        parts.push(format!("{} more", rest.len() - SHOWN_FILLS_MAX));
    } else if rest.is_empty() {
        parts.push("no more".to_owned());
    }
    parts.join(", ")
}

fn book_text(bids: &[Level], asks: &[Level]) -> String {
    format!("bids {} asks {}", joined(bids), joined(asks))
}

fn joined(levels: &[impl Display]) -> String {
    let levels: Vec<String> = levels.iter().map(ToString::to_string).collect();
    if levels.is_empty() { "none".to_owned() } else { levels.join(" ") }
}
