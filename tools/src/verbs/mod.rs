//! The verbs, one a file.

mod check_flow;
mod check_scenarios;
mod completions;
mod diff;
mod inspect;
mod man;
mod run;
mod tail;

pub(crate) use self::check_flow::check_flow;
pub(crate) use self::check_scenarios::check_scenarios;
pub(crate) use self::completions::completions;
pub(crate) use self::diff::{DiffArgs, diff};
pub(crate) use self::inspect::{InspectArgs, inspect};
pub(crate) use self::man::man;
pub(crate) use self::run::run;
pub(crate) use self::tail::{TailArgs, tail};

/// What a verb found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Done, and everything compared was right.
    Right,
    /// Something compared was wrong.
    Wrong,
}
