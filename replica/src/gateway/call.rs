//! Calls: a command, and what came of it.

use std::collections::VecDeque;

use novate_core::command::{CloseSession, CommandRecord, GrantAccount, OpenSession, RevokeAccount};
use novate_core::event::{Event, OwnedEvent};
use novate_core::ids::{AccountId, SessionId};
use novate_core::reject::RejectCode;
use novate_core::ring::Wait;
use novate_core::terms::Role;
use novate_core::units::Sequence;

use super::{Feed, FeedError, Gateway, Release, Session, SubmitError};

/// Why a call came to nothing.
#[derive(Debug)]
pub enum CallError {
    /// It was not taken.
    Submit(SubmitError),
    /// It was rejected. Where that is for a gap of session sequences, or for one that is too old, the session was
    /// attached with another last sequence than the engine knows: see [`Gateway::attach_again`].
    Rejected(RejectCode),
    /// It did not run: an earlier command of the session had this session sequence.
    AlreadyUsed {
        /// Which command of the journal that was.
        first_sequence: Sequence,
    },
    /// It was executed, but its events are not among the last that were kept. [`Gateway::feed_after`] has them.
    EventsLost {
        /// Which command of the journal it is.
        sequence: Sequence,
    },
    /// No answer could be read.
    Feed(FeedError),
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Submit(error) => error.fmt(f),
            Self::Rejected(code) => write!(f, "rejected: {}", code.explanation()),
            Self::AlreadyUsed { first_sequence } => write!(
                f,
                "the session sequence was used, by command {first_sequence}; attach the session with its last one"
            ),
            Self::EventsLost { sequence } => {
                write!(f, "it is command {sequence}, whose events went by; read them by replay from there")
            }
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

impl Gateway {
    /// Opens a session that may act for these accounts, or for all of them. `operator` is a session of that role.
    ///
    /// # Errors
    /// [`CallError`]: the operator may not, there is no such account, or there is no room. No session is open then.
    pub fn open_session(
        &self,
        operator: &mut Session,
        role: Role,
        accounts: Option<&[AccountId]>,
        wait: &mut impl Wait,
    ) -> Result<Session, CallError> {
        let flags = if accounts.is_none() { OpenSession::ALL_ACCOUNTS } else { 0 };
        let make = |(session, sequence)| OpenSession {
            header: OpenSession::new_header(session, sequence, AccountId::NONE),
            role: role.code(),
            flags,
            reserved: [0; 6],
        };
        let (sequence, events) = self.call_at(operator, make, wait)?;
        let opened = events.iter().find_map(|event| match event {
            OwnedEvent::SessionOpened(opened) => Some(opened.session),
            _ => None,
        });
        let id = opened.ok_or(CallError::EventsLost { sequence })?;
        for &account in accounts.unwrap_or(&[]) {
            if let Err(error) = self.call(operator, |by| GrantAccount::new(by, account, id), wait) {
                self.close_again(operator, id, accounts.unwrap_or(&[]), wait);
                return Err(error);
            }
        }
        Ok(self.attach(id, 0))
    }

    /// Closes a session that could not be opened as it was wanted: nobody would know its id, and it would take a place for
    /// ever. What is said is why it came to this.
    fn close_again(&self, operator: &mut Session, id: SessionId, accounts: &[AccountId], wait: &mut impl Wait) {
        for &account in accounts {
            let revoke = |(session, sequence)| RevokeAccount {
                header: RevokeAccount::new_header(session, sequence, account),
                session: id,
            };
            // The first that was not granted ends them.
            if self.call(operator, revoke, wait).is_err() {
                break;
            }
        }
        let close = |(session, sequence)| CloseSession {
            header: CloseSession::new_header(session, sequence, AccountId::NONE),
            session: id,
        };
        let _ = self.call(operator, close, wait);
    }

    /// Submits a command and waits for what comes of it: its events. It is sent twice, which has the engine say under
    /// which sequence it ran; for commands of operators, not of traders. Nobody else uses the session meanwhile, and
    /// nothing of it is on its way from before it was attached.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call<C: CommandRecord>(
        &self,
        session: &mut Session,
        make: impl FnOnce((SessionId, u64)) -> C,
        wait: &mut impl Wait,
    ) -> Result<Vec<OwnedEvent>, CallError> {
        self.call_at(session, make, wait).map(|(_, events)| events)
    }

    /// The same, with the command's place in the journal.
    fn call_at<C: CommandRecord>(
        &self,
        session: &mut Session,
        make: impl FnOnce((SessionId, u64)) -> C,
        wait: &mut impl Wait,
    ) -> Result<(Sequence, Vec<OwnedEvent>), CallError> {
        let mut feed = self.feed(Release::Executed)?;
        let before = feed.last().sequence;
        let number = session.submit(make, wait)?;
        session.resend_last(wait)?;
        let own = (session.id(), number);
        let mut kept = Kept::new(KEPT_MAX);
        loop {
            let Some(event) = next_waited(&mut feed, wait)? else {
                return Err(CallError::Submit(SubmitError::Closed));
            };
            match event.view() {
                // Also for a session sequence out of order, of which no outcome is kept and resent.
                Event::Rejected(rejected) if (rejected.session, rejected.session_sequence) == own => {
                    return Err(rejection(rejected.code, rejected.sequence));
                }
                Event::Resent(resent) if (resent.session, resent.session_sequence) == own => {
                    let sequence = resent.first_sequence;
                    if sequence <= before {
                        return Err(CallError::AlreadyUsed { first_sequence: sequence });
                    }
                    if resent.code != 0 {
                        return Err(rejection(resent.code, sequence));
                    }
                    let events = kept.of(sequence).ok_or(CallError::EventsLost { sequence })?;
                    return Ok((sequence, events));
                }
                _ => kept.push(event),
            }
        }
    }
}

/// Why a command was rejected. Every code is one of this build's, whose engine has said it.
fn rejection(code: u16, sequence: Sequence) -> CallError {
    RejectCode::from_code(code).map_or(CallError::EventsLost { sequence }, CallError::Rejected)
}

/// Events that a call keeps until it knows which are its own, at most: others trade meanwhile.
const KEPT_MAX: usize = 1 << 16;

/// The last events.
struct Kept {
    events: VecDeque<OwnedEvent>,
    most: usize,
    /// The last command of which an event was forgotten.
    forgotten: Sequence,
}

impl Kept {
    fn new(most: usize) -> Self {
        Self { events: VecDeque::new(), most, forgotten: Sequence::ZERO }
    }

    fn push(&mut self, event: OwnedEvent) {
        if self.events.len() == self.most
            && let Some(forgotten) = self.events.pop_front()
        {
            self.forgotten = forgotten.view().position().0;
        }
        self.events.push_back(event);
    }

    /// The events of a command; none if some were forgotten.
    fn of(self, sequence: Sequence) -> Option<Vec<OwnedEvent>> {
        let is_its = |event: &OwnedEvent| event.view().position().0 == sequence;
        (sequence > self.forgotten).then(|| self.events.into_iter().filter(is_its).collect())
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

#[cfg(test)]
mod tests {
    use novate_core::event::AccountOpened;

    use super::*;

    #[test]
    fn only_so_many_events_are_kept() {
        let opened = |sequence| {
            OwnedEvent::AccountOpened(AccountOpened { sequence: Sequence(sequence), ..bytemuck::Zeroable::zeroed() })
        };
        let all = |sequences: std::ops::RangeInclusive<u64>| {
            let mut kept = Kept::new(3);
            sequences.for_each(|sequence| kept.push(opened(sequence)));
            kept
        };
        assert_eq!(all(1..=3).of(Sequence(1)), Some(vec![opened(1)]));
        assert_eq!(all(1..=5).of(Sequence(2)), None);
        assert_eq!(all(1..=5).of(Sequence(3)), Some(vec![opened(3)]));
        assert_eq!(all(1..=5).of(Sequence(9)), Some(Vec::new()));
    }
}
