//! Sessions: who sends, and in which order.

use std::collections::VecDeque;

use novate_core::command::RawCommand;
use novate_core::command::{CommandHeader, CommandRecord, GrantAccount, MassCancel, OpenSession};
use novate_core::event::{Event, OwnedEvent};
use novate_core::ids::{AccountId, SessionId};
use novate_core::reject::RejectCode;
use novate_core::ring::{PushError, Wait, mpsc};
use novate_core::terms::Role;

use super::{Feed, FeedError, Gateway, Release};
use crate::primary::Submission;

/// Why a command was not taken. The session's sequence was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmitError {
    /// The ring is full: the primary is behind. Try again.
    Full,
    /// The primary is gone.
    Closed,
}

impl std::fmt::Display for SubmitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Full => "the primary is behind; try again",
            Self::Closed => "the primary is gone; start it again, reattach, and send again what has no answer",
        })
    }
}

impl std::error::Error for SubmitError {}

/// Why a call came to nothing.
#[derive(Debug)]
pub enum CallError {
    /// It was not taken.
    Submit(SubmitError),
    /// It was rejected.
    Rejected(RejectCode),
    /// No answer could be read.
    Feed(FeedError),
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Submit(error) => error.fmt(f),
            Self::Rejected(code) => write!(f, "rejected: {}", code.explanation()),
            Self::Feed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CallError {}

impl From<SubmitError> for CallError {
    fn from(error: SubmitError) -> Self {
        Self::Submit(error)
    }
}

impl From<FeedError> for CallError {
    fn from(error: FeedError) -> Self {
        Self::Feed(error)
    }
}

/// One who sends commands.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    last: u64,
    ingress: mpsc::Producer,
    /// The last commands, as many as the engine remembers the outcomes of.
    sent: VecDeque<Submission>,
    window: usize,
    /// Accounts whose orders are cancelled when this is dropped.
    cancels: Vec<AccountId>,
}

impl Gateway {
    /// A session that exists, for whoever was it before: `last` is the last session sequence that it has used, 0 if none.
    pub fn attach(&self, id: SessionId, last: u64) -> Session {
        let window = self.shared.outcome_window();
        Session { id, last, ingress: self.ingress.clone(), sent: VecDeque::new(), window, cancels: Vec::new() }
    }

    /// Opens a session that may act for these accounts, or for all of them. `operator` is a session of that role.
    ///
    /// # Errors
    /// [`CallError`]: the operator may not, or there is no room.
    pub fn open_session(
        &self,
        operator: &mut Session,
        role: Role,
        accounts: Option<&[AccountId]>,
        wait: &mut impl Wait,
    ) -> Result<Session, CallError> {
        let flags = if accounts.is_none() { OpenSession::ALL_ACCOUNTS } else { 0 };
        let events = self.call(
            operator,
            |(session, sequence)| OpenSession {
                header: OpenSession::new_header(session, sequence, AccountId::NONE),
                role: role.code(),
                flags,
                reserved: [0; 6],
            },
            wait,
        )?;
        let opened = events.iter().find_map(|event| match event {
            OwnedEvent::SessionOpened(opened) => Some(opened.session),
            _ => None,
        });
        // An executed command of this kind has said it.
        let id = opened.ok_or(CallError::Rejected(RejectCode::MalformedRecord))?;
        for &account in accounts.unwrap_or(&[]) {
            self.call(operator, |by| GrantAccount::new(by, account, id), wait)?;
        }
        Ok(self.attach(id, 0))
    }

    /// Submits a command and waits for what comes of it: its events. It is sent twice, which has the engine say under which
    /// sequence it ran; for commands of operators, not of traders.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call<C: CommandRecord>(
        &self,
        session: &mut Session,
        make: impl FnOnce((SessionId, u64)) -> C,
        wait: &mut impl Wait,
    ) -> Result<Vec<OwnedEvent>, CallError> {
        let mut feed = self.feed(Release::Executed)?;
        let number = session.submit(make, wait)?;
        session.resend_last(wait)?;
        let mut events = Vec::new();
        loop {
            let Some(event) = next_waited(&mut feed, wait)? else {
                return Err(CallError::Submit(SubmitError::Closed));
            };
            match event.view() {
                Event::Resent(resent) if resent.session == session.id && resent.session_sequence == number => {
                    events.retain(|event: &OwnedEvent| event.view().position().0 == resent.first_sequence);
                    return match RejectCode::from_code(resent.code) {
                        Some(code) if resent.code != 0 => Err(CallError::Rejected(code)),
                        _ => Ok(events),
                    };
                }
                _ => events.push(event),
            }
        }
    }
}

/// The next event, waited for; none if the primary has ended.
fn next_waited(feed: &mut Feed, wait: &mut impl Wait) -> Result<Option<OwnedEvent>, FeedError> {
    loop {
        match feed.next_event() {
            Ok(Some(event)) => {
                wait.reset();
                return Ok(Some(event.to_owned()));
            }
            Ok(None) => wait.wait(),
            Err(FeedError::Ended) => return Ok(None),
            Err(error) => return Err(error),
        }
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

    /// Submits the command that `make` makes of this session and its next sequence, if there is room; returns that sequence.
    ///
    /// # Errors
    /// [`SubmitError`]: nothing was sent, and the sequence is the next one's.
    #[inline]
    pub fn try_submit<C: CommandRecord>(
        &mut self,
        make: impl FnOnce((SessionId, u64)) -> C,
    ) -> Result<u64, SubmitError> {
        let record = make((self.id, self.last + 1));
        let words: &[u64] = bytemuck::try_cast_slice(bytemuck::bytes_of(&record)).unwrap_or(&[]);
        // Every kind of record fits.
        let submission = Submission::new(0, RawCommand::new(words)).ok_or(SubmitError::Closed)?;
        self.ingress.try_push(submission.words()).map_err(refusal)?;
        self.last += 1;
        if self.sent.len() == self.window {
            self.sent.pop_front();
        }
        self.sent.push_back(submission);
        Ok(self.last)
    }

    /// The same, as soon as there is room.
    ///
    /// # Errors
    /// [`SubmitError::Closed`].
    pub fn submit<C: CommandRecord>(
        &mut self,
        make: impl FnOnce((SessionId, u64)) -> C,
        wait: &mut impl Wait,
    ) -> Result<u64, SubmitError> {
        let record = make((self.id, self.last + 1));
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

    /// Sends the last commands again, from a session sequence on: as many as the engine remembers. What had run is answered by
    /// what came of it then; what had not runs now. Returns how many were sent.
    ///
    /// # Errors
    /// [`SubmitError::Closed`].
    pub fn resend(&mut self, from: u64, wait: &mut impl Wait) -> Result<usize, SubmitError> {
        let mut count = 0;
        for submission in &self.sent {
            if sequence_of(submission) >= from {
                self.ingress.push(submission.words(), wait).map_err(refusal)?;
                count += 1;
            }
        }
        Ok(count)
    }

    fn resend_last(&mut self, wait: &mut impl Wait) -> Result<(), SubmitError> {
        self.resend(self.last, wait).map(drop)
    }

    /// The session with another gateway: that of a primary which was started again.
    pub fn reattach(&mut self, gateway: &Gateway) {
        self.ingress = gateway.ingress.clone();
    }

    /// Has these accounts' orders cancelled when this is dropped, as when the client's connection is lost.
    pub fn cancel_on_disconnect(&mut self, accounts: &[AccountId]) {
        self.cancels = accounts.to_vec();
    }
}

/// How often room for a cancel is asked for when a session ends.
const CANCEL_ATTEMPTS: u32 = 1_000_000;

impl Drop for Session {
    fn drop(&mut self) {
        for account in std::mem::take(&mut self.cancels) {
            for _ in 0..CANCEL_ATTEMPTS {
                let sent = self.try_submit(|(session, sequence)| MassCancel::new((session, sequence, account), None));
                if sent != Err(SubmitError::Full) {
                    break;
                }
                std::thread::yield_now();
            }
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
