//! Why a scenario ends before its last line.

use novate_core::reject::RejectCode;

use crate::error::Error;

/// What the engine lacks. Each use of a variant is a place where something is to be added once the engine has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsupported {
    /// Client order ids are unique per account there, and over all accounts in scenarios.
    #[error("the rejection of an id that another account's live order has")]
    IdOfAnotherAccount,
}

/// Why a scenario ends before its last line; all but the last variant are what was got instead of that line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// A check differs.
    #[error("{0}")]
    Differs(String),
    /// The line needs what the engine lacks. It fails: what was not compared did not pass.
    #[error("unsupported by this engine: {0}")]
    Unsupported(#[from] Unsupported),
    /// The engine refused a command that is about no order, which no check can expect.
    #[error("a rejection, {} {}: {}", .0.code(), .0.name(), .0.explanation())]
    Refused(RejectCode),
    /// What the engine's events tell of an order is not what its state holds.
    #[error("events that contradict the state: {0}")]
    Contradiction(String),
    /// The scenario cannot be played at all.
    #[error(transparent)]
    Broken(#[from] Error),
}
