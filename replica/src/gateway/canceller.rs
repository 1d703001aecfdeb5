//! Whoever cancels what sessions leave behind.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use novate_core::command::MassCancel;
use novate_core::ids::AccountId;
use parking_lot::Mutex;

use super::{FeedError, Gateway, Session};

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
    /// The session sequence of each account's last cancel.
    sent: BTreeMap<AccountId, u64>,
}

impl Canceller {
    /// Cancels over this session, an operator's or a trader's, which may act for all accounts that are cancelled.
    pub fn new(session: Session) -> Self {
        Self(Arc::new(Mutex::new(Cancels { session, left: VecDeque::new(), sent: BTreeMap::new() })))
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

    /// Goes on with another gateway, that of a primary which was started again: has cancelled anew what did not run, and
    /// then what is left. Returns how many accounts are left still; none if its session is not open there any more, as
    /// when a loss of power took back the command that opened it: then open another, and make another canceller.
    ///
    /// # Errors
    /// [`FeedError`]: how far its session is, could not be read from the journal.
    pub fn reattach(&self, gateway: &Gateway) -> Result<Option<usize>, FeedError> {
        let mut cancels = self.0.lock();
        let Some(session) = gateway.attach_again(cancels.session.id())? else { return Ok(None) };
        let did_run = session.last();
        cancels.session = session;
        let mut lost: Vec<(u64, AccountId)> =
            cancels.sent.iter().map(|(account, number)| (*number, *account)).collect();
        lost.retain(|(number, _)| *number > did_run);
        lost.sort_unstable();
        for (_, account) in lost.into_iter().rev() {
            cancels.left.push_front(account);
        }
        Ok(Some(cancels.send()))
    }
}

impl Cancels {
    fn send(&mut self) -> usize {
        while let Some(&account) = self.left.front() {
            let make = |(session, sequence)| MassCancel::new((session, sequence, account), None);
            let Ok(number) = self.session.try_submit(make) else { break };
            self.sent.insert(account, number);
            self.left.pop_front();
        }
        self.left.len()
    }
}
