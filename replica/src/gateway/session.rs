//! Sessions: who sends, and in which order.

use std::collections::VecDeque;
use std::sync::Arc;

use novate_core::command::RawCommand;
use novate_core::command::{CommandHeader, CommandRecord};
use novate_core::ids::{AccountId, SessionId};
use novate_core::ring::{PushError, Wait, mpsc};

use super::past::Past;
use super::{Canceller, FeedError, Gateway};
use crate::primary::{Shared, Submission};

/// Why a command was not taken. The session's sequence was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmitError {
    /// The ring is full: the primary is behind. Try again.
    Full,
    /// The primary has ended, or is being stopped.
    Closed,
    /// There is no session sequence behind the last one. Open another session.
    SequencesUsedUp,
    /// Nothing was sent again: this handle has not kept what was to be sent first.
    Forgotten {
        /// The first that it has kept, or the next one that it would use.
        kept_from: u64,
    },
}

impl std::fmt::Display for SubmitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full => f.write_str("the primary is behind; try again"),
            Self::Closed => {
                f.write_str("the primary has ended; start it again, reattach, and send again what has no answer")
            }
            Self::SequencesUsedUp => f.write_str("the session's last sequence is used; open another session"),
            Self::Forgotten { kept_from } => write!(
                f,
                "commands before session sequence {kept_from} are not kept any more; attach the session again, and submit \
                 anew what the engine does not know, in its order"
            ),
        }
    }
}

impl std::error::Error for SubmitError {}

/// One who sends commands.
pub struct Session {
    id: SessionId,
    last: u64,
    ingress: mpsc::Producer,
    shared: Arc<Shared>,
    /// The last commands, as many as the engine remembers the outcomes of.
    sent: VecDeque<Submission>,
    window: usize,
    /// Accounts whose orders are cancelled when this is dropped, and by whom.
    cancels: Option<(Canceller, Vec<AccountId>)>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.id).field("last", &self.last).finish_non_exhaustive()
    }
}

impl Gateway {
    /// A session that exists, for whoever was it before: `last` is the last session sequence that it has used, 0 if
    /// none. What it then submits under a sequence that had run is answered by what came of it then.
    pub fn attach(&self, id: SessionId, last: u64) -> Session {
        let window = self.shared.outcome_window();
        Session {
            id,
            last,
            ingress: self.ingress.clone(),
            shared: Arc::clone(&self.shared),
            sent: VecDeque::new(),
            window,
            cancels: None,
        }
    }

    /// A session whose last session sequence nobody has kept, as the engine knows it, by replay on this thread; none if
    /// it is not open. What is on its way to the engine is not in it: ask when nothing of that session is.
    ///
    /// # Errors
    /// [`FeedError`]: the journal cannot be replayed.
    pub fn attach_again(&self, id: SessionId) -> Result<Option<Session>, FeedError> {
        let appended = self.shared.appended();
        let mut past = Past::before(&self.storage, appended)?;
        past.run_to(appended)?;
        let view = past.engine()?.session(id);
        Ok(view.map(|view| self.attach(id, view.last_session_sequence)))
    }
}

impl Session {
    /// Its id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// The last session sequence that it has used.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Submits the command that `make` makes of this session and its next sequence, if there is room; returns that
    /// sequence.
    ///
    /// # Errors
    /// [`SubmitError`]: nothing was sent, and the sequence is the next one's.
    #[inline]
    pub fn try_submit<C: CommandRecord>(
        &mut self,
        make: impl FnOnce((SessionId, u64)) -> C,
    ) -> Result<u64, SubmitError> {
        if !self.shared.takes_submissions() {
            return Err(SubmitError::Closed);
        }
        let next = self.last.checked_add(1).ok_or(SubmitError::SequencesUsedUp)?;
        let record = make((self.id, next));
        let words: &[u64] = bytemuck::try_cast_slice(bytemuck::bytes_of(&record)).unwrap_or(&[]);
        // Every kind of record fits.
        let submission = Submission::new(0, RawCommand::new(words)).ok_or(SubmitError::Closed)?;
        self.ingress.try_push(submission.words()).map_err(refusal)?;
        self.last = next;
        if self.sent.len() == self.window {
            self.sent.pop_front();
        }
        self.sent.push_back(submission);
        Ok(self.last)
    }

    /// The same, as soon as there is room.
    ///
    /// # Errors
    /// [`SubmitError`], but for [`SubmitError::Full`].
    pub fn submit<C: CommandRecord>(
        &mut self,
        make: impl FnOnce((SessionId, u64)) -> C,
        wait: &mut impl Wait,
    ) -> Result<u64, SubmitError> {
        let record = make((self.id, self.last.checked_add(1).ok_or(SubmitError::SequencesUsedUp)?));
        loop {
            match self.try_submit(|_| record) {
                Err(SubmitError::Full) => wait.wait(),
                done => {
                    wait.reset();
                    return done;
                }
            }
        }
    }

    /// Sends commands again, from a session sequence on. What had run is answered by what came of it then; what had not
    /// runs now. Returns how many were sent; nothing was, where that session sequence is still to come.
    ///
    /// As many are kept as the engine remembers the outcomes of, the genesis' `outcome_window`. A client that has more
    /// than that under way and then loses its primary asks [`Gateway::attach_again`] how far the engine is, and submits
    /// itself what is behind that.
    ///
    /// # Errors
    /// [`SubmitError::Closed`], [`SubmitError::Forgotten`].
    pub fn resend(&mut self, from: u64, wait: &mut impl Wait) -> Result<usize, SubmitError> {
        let kept_from = self.sent.front().map_or(self.last.saturating_add(1), sequence_of);
        if from.max(1) < kept_from {
            return Err(SubmitError::Forgotten { kept_from });
        }
        let mut count = 0;
        for submission in self.sent.iter().filter(|submission| sequence_of(submission) >= from) {
            if !self.shared.takes_submissions() {
                return Err(SubmitError::Closed);
            }
            self.ingress.push(submission.words(), wait).map_err(refusal)?;
            count += 1;
        }
        Ok(count)
    }

    pub(super) fn resend_last(&mut self, wait: &mut impl Wait) -> Result<(), SubmitError> {
        self.resend(self.last, wait).map(drop)
    }

    /// The session with another gateway: that of a primary which was started again.
    pub fn reattach(&mut self, gateway: &Gateway) {
        self.ingress = gateway.ingress.clone();
        self.shared = Arc::clone(&gateway.shared);
    }

    /// Has these accounts' orders cancelled when this is dropped, as when the client's connection is lost. The cancels
    /// are the canceller's commands, not this session's, whose sequences stay the client's own: it attaches again with
    /// the last that it has used, and sends again what has no answer.
    pub fn cancel_on_disconnect(&mut self, accounts: &[AccountId], by: &Canceller) {
        self.cancels = Some((by.clone(), accounts.to_vec()));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some((by, accounts)) = self.cancels.take() {
            by.cancel(&accounts);
        }
    }
}

fn refusal(error: PushError) -> SubmitError {
    if error == PushError::Full { SubmitError::Full } else { SubmitError::Closed }
}

/// The session sequence of a command that was submitted.
fn sequence_of(submission: &Submission) -> u64 {
    let header = submission.words().get(1..=size_of::<CommandHeader>() / 8);
    let header: Option<&CommandHeader> =
        header.and_then(|words| bytemuck::try_from_bytes(bytemuck::cast_slice(words)).ok());
    header.map_or(0, |header| header.session_sequence)
}
