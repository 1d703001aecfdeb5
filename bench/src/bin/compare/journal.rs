//! The suite `journal`: novate's journal beside memory, files and logs.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use comfy_table::Table;
use novate_bench::journal::{Case, PeerKind, Place, Row, compare as compare_case};

use crate::common::{Common, more_table, put, tell_round, yes_or_no};

#[derive(Debug, Args)]
pub(crate) struct Journal {
    /// Only this case.
    #[arg(long, value_enum)]
    case: Option<Case>,
    /// Only this peer, in the cases that have it.
    #[arg(long, value_enum)]
    peer: Option<PeerKind>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Below this folder a temporary one is made for files, on the disk that is to be measured [default: the system's
    /// folder for temporary files].
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Journal {
    /// The cases with their peers, as far as they were asked for.
    fn pairs(&self) -> Vec<(Case, PeerKind)> {
        let cases = Case::ALL.into_iter().filter(|&case| self.case.is_none_or(|only| only == case));
        let pairs = cases.flat_map(|case| case.peers().iter().map(move |&peer| (case, peer)));
        pairs.filter(|&(_, peer)| self.peer.is_none_or(|only| only == peer)).collect()
    }

    /// What is wrong with the arguments, if something is.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        self.pairs().is_empty().then_some("that case has no such peer; leave out --peer or --case")
    }
}

/// Runs all comparisons; true if everybody computed what was to be computed.
pub(crate) fn compare(journal: &Journal, cores: Option<(usize, usize)>, rounds: u32) -> io::Result<bool> {
    let place = Place::new(journal.dir.as_deref(), cores, journal.common.quick)?;
    let mut rows = Vec::new();
    for pair in journal.pairs() {
        eprintln!("case {}: preparing novate and {}", pair.0.name(), pair.1.name());
        for row in compare_case(pair, &place, rounds, |round| tell_round(pair.0.name(), pair.1.name(), round))? {
            put(journal.common.json, &mut rows, row)?;
        }
    }
    if !journal.common.json {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", table(&rows))?;
        for row in &rows {
            writeln!(out, "{} {}: {}", row.case, row.peer, row.note)?;
        }
    }
    Ok(rows.iter().all(|row| row.verified))
}

fn table(rows: &[Row]) -> Table {
    more_table(rows.iter().map(|row| {
        [
            row.case.to_owned(),
            row.peer.to_owned(),
            row.unit.clone(),
            format!("{:.1}", row.subject_ns),
            format!("{:.1}", row.peer_ns),
            format!("{:.1}", row.difference_ns),
            format!("{:.3}", row.ratio),
            row.goal.clone(),
            yes_or_no(row.reached),
            yes_or_no(row.verified),
        ]
    }))
}
