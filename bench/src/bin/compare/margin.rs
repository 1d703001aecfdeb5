//! The suite `margin`: what margin costs, novate with it beside novate without it.

use std::io::{self, Write};

use clap::Args;
use comfy_table::Table;
use novate_bench::margin::{Case, PeerKind, Plan, Row, Ticks, compare as compare_case};

use crate::common::{Common, more_table, put, tell_round, yes_or_no};

#[derive(Debug, Args)]
pub(crate) struct Margin {
    /// Only this case.
    #[arg(long, value_enum)]
    case: Option<Case>,
    /// Only this peer, in the cases that it stands in.
    #[arg(long, value_enum)]
    peer: Option<PeerKind>,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Margin {
    /// The cases, as far as they were asked for.
    fn cases(&self) -> impl Iterator<Item = Case> {
        let cases = Case::ALL.into_iter().filter(|&case| self.case.is_none_or(|only| only == case));
        cases.filter(|case| self.peer.is_none_or(|only| only == case.peer()))
    }

    /// What is wrong with the arguments, if something is.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        self.cases().next().is_none().then_some("that case has no such peer; leave out --peer or --case")
    }
}

/// Runs all comparisons; true if everybody did what was to be done.
pub(crate) fn compare(margin: &Margin, rounds: u32) -> io::Result<bool> {
    let plan = Plan { is_quick: margin.common.quick };
    let mut rows = Vec::new();
    for case in margin.cases() {
        eprintln!("case {}: preparing the venue", case.name());
        let row = compare_case(case, plan, rounds, |round| tell_round(case.name(), case.peer().name(), round))?;
        put(margin.common.json, &mut rows, row)?;
    }
    if !margin.common.json {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", table(&rows))?;
        for case in margin.cases() {
            writeln!(out, "{}: {}", case.name(), case.note())?;
        }
        for (row, ticks) in rows.iter().filter_map(|row| Some((row, row.ticks?))) {
            let Ticks { age_commands, age_bound, publications, .. } = ticks;
            let case = row.case;
            writeln!(
                out,
                "{case}: arrays in force were {age_commands} commands old at most, of {age_bound}; {publications} times published"
            )?;
        }
    }
    Ok(rows.iter().all(|row| row.verified))
}

fn table(rows: &[Row]) -> Table {
    more_table(rows.iter().map(|row| {
        [
            row.case.to_owned(),
            row.peer.to_owned(),
            row.unit.to_owned(),
            format!("{:.1}", row.subject_ns),
            format!("{:.1}", row.peer_ns),
            format!("{:.1}", row.extra_ns),
            format!("{:.3}", row.ratio),
            row.goal.clone(),
            yes_or_no(row.reached),
            yes_or_no(row.verified),
        ]
    }))
}
