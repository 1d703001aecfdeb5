//! The verbs, one a file.

mod account_margin;
mod check_flow;
mod check_reference;
mod check_scenarios;
mod completions;
mod diff;
mod divergence;
mod doctor;
mod inspect;
mod latency;
mod man;
mod margin;
mod price;
mod prune;
mod recover;
mod replay;
mod run;
mod run_margin;
mod snapshot;
mod status;
mod tail;
mod verify;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::error::Error;

pub(crate) use self::check_flow::check_flow;
pub(crate) use self::check_reference::{PmrmArgs, ReferenceArgs, check_pmrm, check_reference};
pub(crate) use self::check_scenarios::check_scenarios;
pub(crate) use self::completions::completions;
pub(crate) use self::diff::{DiffArgs, diff};
pub(crate) use self::divergence::{DivergenceArgs, divergence};
pub(crate) use self::doctor::{DoctorArgs, doctor};
pub(crate) use self::inspect::{InspectArgs, inspect};
pub(crate) use self::latency::{LatencyArgs, latency};
pub(crate) use self::man::man;
pub(crate) use self::margin::{MarginArgs, margin};
pub(crate) use self::price::{PriceArgs, price};
pub(crate) use self::prune::prune;
pub(crate) use self::recover::recover;
pub(crate) use self::replay::replay;
pub(crate) use self::run::run;
pub(crate) use self::snapshot::snapshot;
pub(crate) use self::status::{StatusArgs, status};
pub(crate) use self::tail::{TailArgs, tail};
pub(crate) use self::verify::verify;

/// What a verb found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Done, and everything compared was right.
    Right,
    /// Something compared was wrong.
    Wrong,
}

/// Set when the process is asked to end, by Ctrl-C or by the system: for verbs that leave nothing behind. Who asks twice does
/// not want to wait. Where the system takes no handler it ends at once, as it would without.
pub(crate) fn stop_on_signals() -> Arc<AtomicBool> {
    let is_asked = Arc::default();
    for signal in [SIGINT, SIGTERM] {
        let exit_code = Error::Interrupted.exit_code().into();
        let _ = signal_hook::flag::register_conditional_shutdown(signal, exit_code, Arc::clone(&is_asked));
        let _ = signal_hook::flag::register(signal, Arc::clone(&is_asked));
    }
    is_asked
}
