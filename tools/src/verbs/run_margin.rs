//! What `novate run` says of margin.

use serde::Serialize;

use super::replay::Efforts;
use crate::flow::{MarginOutcome, Outcome, is_of_margin};
use crate::output::Listing;

/// Risk arrays, records of accounts, judgements, and looks at accounts that need nothing.
#[derive(Debug, Serialize)]
pub(super) struct EffortObject<N> {
    arrays: N,
    records: N,
    judged: N,
    looked: N,
}

impl<N> From<[N; 4]> for EffortObject<N> {
    fn from([arrays, records, judged, looked]: [N; 4]) -> Self {
        Self { arrays, records, judged, looked }
    }
}

/// What a run came to of margin, as JSON. `work` is what all commands together did of valuation and of the sweep over
/// accounts, `work_max` the most that one did of each.
#[derive(Debug, Serialize)]
pub(super) struct MarginObject {
    accounts: u32,
    seed: u64,
    holdings: u64,
    holdings_refused: u64,
    repricings: u64,
    repricing_commands_max: u64,
    rejected: u64,
    cancelled: u64,
    status_changes: u64,
    reckonable: u64,
    below_initial: u64,
    below_maintenance: u64,
    ever_below_maintenance: u64,
    work: EffortObject<u64>,
    work_max: EffortObject<u32>,
}

impl MarginObject {
    pub(super) fn new(margin: &MarginOutcome, outcome: &Outcome, efforts: &Efforts) -> Self {
        let of_margin = outcome.tally.rejects.iter().filter(|(code, _)| is_of_margin(**code));
        Self {
            accounts: margin.crowd.accounts,
            seed: margin.crowd.seed,
            holdings: margin.dealings.holdings,
            holdings_refused: margin.dealings.refused,
            repricings: margin.tally.passes,
            repricing_commands_max: margin.tally.pass_commands_max,
            rejected: of_margin.map(|(_, count)| count).sum(),
            cancelled: margin.tally.cancels,
            status_changes: margin.tally.status_changes,
            reckonable: margin.reckonable,
            below_initial: margin.below_initial,
            below_maintenance: margin.below_maintenance,
            ever_below_maintenance: margin.ever_below,
            work: efforts.sums.into(),
            work_max: efforts.most.into(),
        }
    }
}

/// Lists what a run came to of margin, for people.
pub(super) fn list_margin(listing: &mut Listing, margin: &MarginObject) {
    let refused = match margin.holdings_refused {
        0 => String::new(),
        refused => format!(", of which {refused} were refused"),
    };
    let MarginObject { accounts, seed, holdings, .. } = margin;
    listing.row("accounts", &format!("{accounts} of seed {seed}, with {holdings} holdings{refused}"));
    let MarginObject { repricings, work, work_max, .. } = margin;
    let commands = margin.repricing_commands_max;
    let arrays = work.arrays;
    listing.row("repricings", &format!("{repricings}, {arrays} risk arrays, each in at most {commands} commands"));
    let EffortObject { records, judged, looked, .. } = work;
    listing.row("sweeps", &format!("{judged} accounts judged, {records} records added up, {looked} looks in vain"));
    let MarginObject { rejected, cancelled, status_changes, .. } = margin;
    listing.row("margin rejections", &format!("{rejected}, and {cancelled} stop orders cancelled"));
    let MarginObject { below_initial, below_maintenance, ever_below_maintenance, .. } = margin;
    listing.row(
        "below maintenance",
        &format!(
            "{below_maintenance} accounts, {ever_below_maintenance} ever; {below_initial} only below initial margin"
        ),
    );
    listing.row("status changes", status_changes);
    let EffortObject { arrays, records, judged, looked } = work_max;
    listing
        .row("most work of a command", &format!("{arrays} arrays, {records} records, {judged} judged, {looked} looks"));
}
