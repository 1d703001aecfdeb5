//! Sessions: what they may do, what they have sent, and the outcomes kept for commands sent again.

use alloc::collections::VecDeque;

use super::Canary;
use crate::ids::OrderId;
use crate::reject::RejectCode;
use crate::terms::Role;
use crate::units::Sequence;

/// What came of a command that consumed its session sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// The command's sequence in the journal.
    pub(super) sequence: Sequence,
    /// 0 if it was executed.
    pub(super) code: u16,
    /// The order concerned, if any.
    pub(super) order: OrderId,
}

/// What a session sequence says about a command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    /// The next one: to be executed.
    Next,
    /// Sent again: it had this outcome.
    Again(Outcome),
    /// Neither.
    Refused(RejectCode),
}

/// One open session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) role: Role,
    pub(super) all_accounts: bool,
    /// The last session sequence consumed.
    last: u64,
    /// The outcomes of the last `window` session sequences up to `last`, oldest first.
    outcomes: VecDeque<Outcome>,
    window: u64,
    canary: Canary,
}

impl Session {
    pub(super) fn new(role: Role, all_accounts: bool, window: u32, canary: Canary) -> Self {
        Self { role, all_accounts, last: 0, outcomes: VecDeque::new(), window: window.into(), canary }
    }

    /// Rule 4 of every command.
    pub(super) fn turn(&self, session_sequence: u64) -> Turn {
        if session_sequence == 0 {
            return Turn::Refused(RejectCode::SessionSequenceTooOld);
        }
        let Some(behind) = self.last.checked_sub(session_sequence) else {
            let is_next = self.last.checked_add(1) == Some(session_sequence);
            return if is_next { Turn::Next } else { Turn::Refused(RejectCode::SessionSequenceGap) };
        };
        let mut window = self.window;
        if self.canary == Canary::OutcomeWindowOneShort {
            window -= 1;
        }
        if behind >= window {
            return Turn::Refused(RejectCode::SessionSequenceTooOld);
        }
        match self.outcomes.iter().rev().nth(behind as usize) {
            Some(outcome) => Turn::Again(*outcome),
            None => Turn::Refused(RejectCode::SessionSequenceTooOld),
        }
    }

    /// Consumes the next session sequence and keeps its outcome.
    pub(super) fn consume(&mut self, outcome: Outcome) {
        self.last = self.last.saturating_add(1);
        self.outcomes.push_back(outcome);
        if self.outcomes.len() as u64 > self.window {
            self.outcomes.pop_front();
        }
    }
}
