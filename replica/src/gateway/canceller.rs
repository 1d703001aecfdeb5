//! Whoever cancels what sessions leave behind.

use std::collections::VecDeque;
use std::sync::Arc;

use novate_core::command::MassCancel;
use novate_core::ids::AccountId;
use novate_core::ring::Wait;
use parking_lot::Mutex;

use super::{Gateway, Session, SubmitError};

/// Cancels the orders of accounts whose sessions end, under a session of its own. There may be any number of handles,
/// on any thread.
///
/// Whoever drops a session waits for nothing. What finds no room, because the primary is behind, has ended or is being
/// stopped, is kept, and sent with the next cancel or by [`Canceller::retry`]; until then those orders stay. Let no
/// client in again while something of its is left: a late cancel takes its new orders too.
#[derive(Clone, Debug)]
pub struct Canceller(Arc<Mutex<Cancels>>);

#[derive(Debug)]
struct Cancels {
    session: Session,
    /// Accounts whose cancel has found no room yet.
    left: VecDeque<AccountId>,
}

impl Canceller {
    /// Cancels over this session, an operator's or a trader's, which may act for all accounts that are cancelled.
    pub fn new(session: Session) -> Self {
        Self(Arc::new(Mutex::new(Cancels { session, left: VecDeque::new() })))
    }

    /// Has these accounts' orders cancelled; returns how many accounts are left that found no room.
    pub fn cancel(&self, accounts: &[AccountId]) -> usize {
        let mut cancels = self.0.lock();
        cancels.left.extend(accounts);
        cancels.send()
    }

    /// Sends what has found no room; returns how many accounts are left.
    pub fn retry(&self) -> usize {
        self.0.lock().send()
    }

    /// The last session sequence that it has used.
    pub fn last(&self) -> u64 {
        self.0.lock().session.last()
    }

    /// Goes on with another gateway, that of a primary which was started again: sends again what it sent last, which
    /// runs once, and then what is left, of which it returns how many accounts are left still.
    ///
    /// # Errors
    /// [`SubmitError::Closed`].
    pub fn reattach(&self, gateway: &Gateway, wait: &mut impl Wait) -> Result<usize, SubmitError> {
        let mut cancels = self.0.lock();
        cancels.session.reattach(gateway);
        cancels.session.resend(0, wait)?;
        Ok(cancels.send())
    }
}

impl Cancels {
    fn send(&mut self) -> usize {
        while let Some(&account) = self.left.front() {
            let make = |(session, sequence)| MassCancel::new((session, sequence, account), None);
            if self.session.try_submit(make).is_err() {
                break;
            }
            self.left.pop_front();
        }
        self.left.len()
    }
}
