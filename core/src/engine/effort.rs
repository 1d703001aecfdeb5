//! What a command does of valuation and margin beside its own business: units, and the most that follows from them.
//!
//! The rules are in `docs/FEEDS.md` ("Valuation work") and `docs/RISK.md` ("The sweep", "The check of an order").

use super::work::{STEP_UNITS, UNITS_PER_COMMAND};
use crate::command::Command;
use crate::units::Sequence;

/// Units of a share.
pub const SHARE_UNITS: u32 = 64;
/// Shares that a `Work` command does; every other does one.
pub const WORK_SHARES: u32 = 4;
/// Units of looking at a mark, in a round.
pub const ROUND_UNITS: u32 = 16;
/// Units of beginning a pass.
pub const BEGIN_UNITS: u32 = 16;
/// Units of an instrument's array: a share makes one.
pub const ARRAY_UNITS: u32 = 64;
/// Units of adding a record.
pub const RECORD_UNITS: u32 = 16;
/// Units of looking at an account that needs nothing.
pub const LOOK_UNITS: u32 = 1;
/// Units of judging an account, besides its vectors.
pub const JUDGE_UNITS: u32 = 16;
/// Units of a vector, for judging its account.
pub const VECTOR_UNITS: u32 = 16;
/// Units of a vector by strikes.
pub const STRIKES_UNITS: u32 = 64;

/// Records that are added before stop orders fire, at most: out of what a command does of pending work.
pub const RECORDS_BEFORE_STOPS: u32 = UNITS_PER_COMMAND / RECORD_UNITS;
/// Accounts that are judged before stop orders fire, at most: each had a record added, and each has an order that fires.
pub const JUDGED_BEFORE_STOPS: u32 = UNITS_PER_COMMAND / (RECORD_UNITS + STEP_UNITS);

/// Records and accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounted {
    /// Records added up anew.
    pub records: u32,
    /// Accounts judged.
    pub judged: u32,
}

/// What the last command did of valuation and margin beside its own business: each of it is [bounded](Bounds).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Risk arrays made.
    pub arrays: u32,
    /// Records added up anew, those of the account that the command named included.
    pub records: u32,
    /// Accounts judged, the one that the command named included.
    pub judged: u32,
    /// Accounts looked at that needed nothing.
    pub looked: u32,
    /// Of the records and accounts, those of the sweep.
    pub swept: Accounted,
    /// Of the records and accounts, those that were added and judged before stop orders fired.
    pub before_stops: Accounted,
    /// The command.
    pub(super) sequence: Sequence,
}

/// What a command may do at most of valuation and margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Shares.
    pub shares: u32,
    /// For the account that it names.
    pub named: Accounted,
}

impl Bounds {
    /// Of a command, the account that it names having so many records before it.
    pub fn of(command: &Command<'_>, records: u32) -> Self {
        let shares = if matches!(command, Command::Work(_)) { WORK_SHARES } else { 1 };
        let named = match command {
            Command::NewOrder(_)
            | Command::NewComplexOrder(_)
            | Command::NewPeggedOrder(_)
            | Command::AmendOrder(_)
            | Command::ReplaceOrder(_) => Accounted { records, judged: 1 },
            // It is made current, and judged; then judged by what cash there is.
            Command::AdjustCash(_) => Accounted { records, judged: 2 },
            // It is made current, and judged; by the new model and back again; then by the one that it has.
            Command::SetMarginModel(_) => Accounted { records: 4 * records, judged: 2 },
            _ => Accounted::default(),
        };
        Self { shares, named }
    }

    /// Whether an effort is no more than this.
    pub const fn hold(&self, effort: &Effort) -> bool {
        let &Effort { arrays, records, judged, looked, swept, before_stops, .. } = effort;
        let shared =
            arrays * ARRAY_UNITS + swept.records * RECORD_UNITS + swept.judged * JUDGE_UNITS + looked * LOOK_UNITS;
        shared <= self.shares * SHARE_UNITS
            && before_stops.records <= RECORDS_BEFORE_STOPS
            && before_stops.judged <= JUDGED_BEFORE_STOPS
            && records - swept.records - before_stops.records <= self.named.records
            && judged - swept.judged - before_stops.judged <= self.named.judged
    }
}

/// The most commands from the begin of a pass until newer arrays of its underlying are in force, if that is ticked
/// meanwhile: how old arrays in force become. `own` instruments of the underlying, `all` instruments of so many
/// `underlyings`, all of which may be ticked.
///
/// A pass takes a share to begin and one for each instrument; after that of the first, those of all follow, its own last
/// of them: `own + all + underlyings` shares, and every second share may be the sweep's. A round over `m` marks, which a
/// timer begins, goes first: each that comes between adds `2 * m.div_ceil(4)`.
pub const fn age_max(own: u64, all: u64, underlyings: u64) -> u64 {
    2 * (own + all + underlyings)
}
