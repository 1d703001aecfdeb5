//! Events as they come, each once and in order, from any event on: what is past is replayed from the journal.

use novate_core::event::{Event, EventWord};
use novate_core::ids::{AccountId, SessionId};
use novate_core::ring::broadcast::{Consumer, Lapped};
use novate_core::ring::{Popped, RecordBuffer};
use novate_core::units::Sequence;
use novate_journal::JournalError;
use novate_journal::replay::ReplayError;
use novate_journal::state::StateError;

use super::Gateway;
use super::past::{self, Past, STEP_COMMANDS};

/// Words of events that wait for the disk, at most: 8 MiB.
const HELD_WORDS_MAX: usize = (8 << 20) / size_of::<EventWord>();

/// Which watermark an event has to be below before it is given out. There will be more: replicated, and attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Release {
    /// Its command was executed.
    Executed,
    /// Its command is durable: no loss of power takes it back. Under [`Durability::None`](novate_journal::writer::Durability)
    /// only whole segments become so, and what is left at the end.
    Durable,
}

/// An event, or all events up to one: where a feed was, and where another goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// [`Gateway::epoch`] of the primary that told of it. A loss of power may take back what an earlier one has told, if it
    /// was not durable, and the journal then goes on with other commands under the same sequences.
    pub epoch: u32,
    /// Its command.
    pub sequence: Sequence,
    /// Its place among that command's events; `u32::MAX` for all of them.
    pub ordinal: u32,
}

impl Place {
    /// Before the first event.
    pub const BEGINNING: Self = Self { epoch: 0, sequence: Sequence::ZERO, ordinal: 0 };
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { epoch, sequence, ordinal } = self;
        write!(f, "({sequence}, {ordinal}) of epoch {epoch}")
    }
}

/// Why a feed gives out no more.
#[derive(Debug)]
pub enum FeedError {
    /// As many readers hold the primary up already as may. A feed that is in the past asks again at the next look.
    TooManyReaders,
    /// Everything was read, and nothing will come: the primary has ended.
    Ended,
    /// The event that it was to go on behind is one of a command that the journal has not: another journal's, or one
    /// that a loss of power took back.
    Ahead {
        /// The event.
        after: Place,
        /// The journal's last command.
        appended: Sequence,
    },
    /// The event that it was to go on behind was taken back by a loss of power, and another command stands in the place of
    /// its.
    TakenBack {
        /// The event.
        after: Place,
        /// The epoch of the command that stands there now.
        epoch: u32,
    },
    /// It was not read for so long that events were written over. [`Gateway::feed_after`] goes on where it was.
    Lapped {
        /// The last event that was given out, or what was before the first.
        after: Place,
        /// Lines of the ring that were lost.
        lines: u64,
    },
    /// The journal, from which the past is replayed.
    Journal(JournalError),
    /// The memory for replaying it.
    State(StateError),
    /// The replay came to other events than the journal states, or its snapshot does not fit.
    Replay(String),
}

impl std::fmt::Display for FeedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooManyReaders => f.write_str("no place for another reader of events; raise `gates`, or end one"),
            Self::Ended => f.write_str("the primary has ended, and all its events were read"),
            Self::Ahead { after, appended } => write!(
                f,
                "{after} is ahead of the journal, whose last command is {appended}: what was known behind that is void; \
                 begin again with a book"
            ),
            Self::TakenBack { after, epoch } => write!(
                f,
                "{after} was taken back by a loss of power: the journal has another command there, of epoch {epoch}; what \
                 was known is void where it was not durable; begin again with a book"
            ),
            Self::Lapped { after, lines } => write!(
                f,
                "{lines} lines of events behind {after} were written over before they were read; go on from there by \
                 replay, and read faster"
            ),
            Self::Journal(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::Replay(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for FeedError {}

impl From<ReplayError> for FeedError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Journal(error) => Self::Journal(error),
            ReplayError::State(error) => Self::State(error),
            ReplayError::OutOfOrder(error) => Self::Replay(error.to_string()),
        }
    }
}

impl From<JournalError> for FeedError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<StateError> for FeedError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl Gateway {
    /// The events of all commands that are executed from now on. The primary waits for whoever holds this, for a while.
    ///
    /// # Errors
    /// [`FeedError::TooManyReaders`].
    pub fn feed(&self, release: Release) -> Result<Feed, FeedError> {
        let mut feed = Feed::new(self.clone(), release, (Sequence::ZERO, 0));
        feed.join()?;
        feed.last = (feed.known, u32::MAX);
        Ok(feed)
    }

    /// All events behind one, the last that is known: those of the past by replay, the others as they come, without a gap
    /// and each once.
    ///
    /// The past is replayed a few commands at a time, as the feed is read. The primary waits for whoever holds this
    /// only from when the replay has come close to what is executed.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn feed_after(&self, place: Place, release: Release) -> Result<Feed, FeedError> {
        let (appended, after) = (self.shared.appended(), (place.sequence, place.ordinal));
        if place.sequence > appended {
            return Err(FeedError::Ahead { after: place, appended });
        }
        if place.epoch < self.epoch && place.sequence > Sequence::ZERO {
            let epoch = past::epoch_of(&self.storage, place.sequence)?;
            if epoch > place.epoch {
                return Err(FeedError::TakenBack { after: place, epoch });
            }
        }
        if after == (appended, u32::MAX) {
            let feed = self.feed(release)?;
            if feed.last == after {
                return Ok(feed);
            }
            // Commands came meanwhile: they are past.
        }
        Feed::behind(self.clone(), Past::before(&self.storage, after.0)?, after, release)
    }
}

/// Events, each once and in order.
#[derive(Debug)]
pub struct Feed {
    gateway: Gateway,
    /// What is replayed still.
    past: Option<Past>,
    /// What is live; none before the replay has come close to it.
    consumer: Option<Consumer>,
    buffer: RecordBuffer,
    release: Release,
    client: Option<Client>,
    /// Events that were taken from the ring or from the past.
    words: Vec<EventWord>,
    /// Where in them the next one begins.
    at: usize,
    /// What the ring holds of commands up to this one is replayed, or is not wanted.
    known: Sequence,
    last: (Sequence, u32),
}

/// Whose events are wanted.
#[derive(Debug)]
struct Client {
    session: SessionId,
    accounts: Vec<AccountId>,
}

impl Client {
    fn is_concerned(&self, event: &Event<'_>) -> bool {
        match event {
            Event::Rejected(rejected) => rejected.session == self.session,
            Event::Resent(resent) => resent.session == self.session,
            _ => event.accounts().iter().any(|account| self.accounts.contains(account)),
        }
    }
}

impl Feed {
    fn new(gateway: Gateway, release: Release, last: (Sequence, u32)) -> Self {
        Self {
            gateway,
            past: None,
            consumer: None,
            buffer: RecordBuffer::new(),
            release,
            client: None,
            words: Vec::new(),
            at: 0,
            known: last.0,
            last,
        }
    }

    /// Goes on with a replay.
    pub(super) fn behind(
        gateway: Gateway,
        past: Past,
        after: (Sequence, u32),
        release: Release,
    ) -> Result<Self, FeedError> {
        let mut feed = Self { past: Some(past), ..Self::new(gateway, release, after) };
        match feed.refill() {
            // It says so itself, when it is asked.
            Ok(_) | Err(FeedError::Ended) => Ok(feed),
            Err(error) => Err(error),
        }
    }

    /// Gives out only what concerns a client: the rejections and answers that its session gets, and all else that
    /// happens to its accounts. Accounts and not sessions, since an account's orders trade, expire and are cancelled
    /// whoever has sent them, and since events name no session but in those two cases.
    #[must_use]
    pub fn of_client(mut self, session: SessionId, accounts: &[AccountId]) -> Self {
        let accounts = accounts.iter().copied().filter(|account| *account != AccountId::NONE).collect();
        self.client = Some(Client { session, accounts });
        self
    }

    /// The next event, if there is one that may be given out.
    ///
    /// # Errors
    /// [`FeedError::Ended`], [`FeedError::Lapped`]; those of [`Gateway::feed_after`] while the past is replayed.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, FeedError> {
        let (begin, end) = loop {
            let Some((event, rest)) = Event::split_first(&self.words[self.at..]) else {
                if self.refill()? {
                    continue;
                }
                return Ok(None);
            };
            let position = event.position();
            if !self.may_release(position.0)? {
                self.hold()?;
                return Ok(None);
            }
            let is_wanted = self.client.as_ref().is_none_or(|client| client.is_concerned(&event));
            let (begin, end) = (self.at, self.words.len() - rest.len());
            self.last = position;
            self.at = end;
            if is_wanted {
                break (begin, end);
            }
        };
        // It was split off just now.
        Ok(Event::decode(&self.words[begin..end]))
    }

    /// The last event that was given out, or passed over as another client's: where [`Gateway::feed_after`] goes on.
    pub fn last(&self) -> Place {
        let (sequence, ordinal) = self.last;
        Place { epoch: self.gateway.epoch, sequence, ordinal }
    }

    fn may_release(&self, sequence: Sequence) -> Result<bool, FeedError> {
        if self.release == Release::Executed || sequence <= self.gateway.durable() {
            return Ok(true);
        }
        // Asked first: after the end, nothing becomes durable any more.
        let has_ended = self.gateway.has_ended();
        match sequence <= self.gateway.durable() {
            false if has_ended => Err(FeedError::Ended),
            is_durable => Ok(is_durable),
        }
    }

    /// Keeps what comes while what came before waits for the disk: the primary does not. What is too much is left to a
    /// replay.
    fn hold(&mut self) -> Result<(), FeedError> {
        if self.consumer.is_none() {
            return Ok(());
        }
        self.words.drain(..self.at);
        self.at = 0;
        while self.words.len() < HELD_WORDS_MAX {
            match self.take_live() {
                Ok(true) => {}
                // What is held is given out first.
                Ok(false) | Err(FeedError::Ended) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.past = Some(Past::before(&self.gateway.storage, self.last.0)?);
        self.consumer = None;
        self.words.clear();
        Ok(())
    }

    /// Begins to gate. Every command whose events were published before that is known then, and of all others the
    /// events come.
    fn join(&mut self) -> Result<(), FeedError> {
        self.consumer = Some(self.gateway.egress.gate().ok_or(FeedError::TooManyReaders)?);
        self.known = self.gateway.shared.appended();
        Ok(())
    }

    /// Takes the next events; false if there are none.
    fn refill(&mut self) -> Result<bool, FeedError> {
        self.words.clear();
        self.at = 0;
        while self.past.is_some() {
            let has_replayed = self.replay_some()?;
            if !self.words.is_empty() {
                return Ok(true);
            }
            if !has_replayed {
                return Ok(false);
            }
        }
        self.take_live()
    }

    /// Replays some more of the past, and gates once it is close to the present; false if nothing is seen yet.
    fn replay_some(&mut self) -> Result<bool, FeedError> {
        let Some(at) = self.past.as_ref().map(Past::at) else { return Ok(true) };
        let appended = self.gateway.shared.appended();
        if self.consumer.is_none() && appended.0.saturating_sub(at.0) <= STEP_COMMANDS {
            self.join()?;
        }
        let to = if self.consumer.is_some() { self.known } else { appended };
        let Some(past) = &mut self.past else { return Ok(true) };
        let has_replayed = past.step(to, self.last, &mut self.words)?;
        if self.consumer.is_some() && past.at() >= self.known {
            self.past = None;
            return Ok(true);
        }
        Ok(has_replayed)
    }

    /// Takes the next record from the ring; false if there is none.
    fn take_live(&mut self) -> Result<bool, FeedError> {
        let Some(consumer) = &mut self.consumer else { return Ok(false) };
        loop {
            let words: &[EventWord] = match consumer.try_pop(&mut self.buffer) {
                Ok(Popped::Record(words)) => bytemuck::try_cast_slice(words).unwrap_or(&[]),
                Ok(Popped::Empty) => return Ok(false),
                Ok(Popped::Closed) => return Err(FeedError::Ended),
                Err(Lapped { lines }) => return Err(FeedError::Lapped { after: self.last(), lines }),
            };
            let mut left = words;
            while let Some((event, rest)) = Event::split_first(left) {
                if event.position().0 > self.known {
                    self.words.extend_from_slice(left);
                    return Ok(true);
                }
                left = rest;
            }
        }
    }
}
