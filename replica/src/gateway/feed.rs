//! Events as they come, each once and in order, from any event on: what is past is replayed from the journal.

use std::sync::Arc;

use novate_core::event::{Event, EventWord};
use novate_core::ring::broadcast::{Consumer, Lapped};
use novate_core::ring::{Popped, RecordBuffer};
use novate_core::sink::EventSink;
use novate_core::units::Sequence;
use novate_journal::JournalError;
use novate_journal::folder::Folder;
use novate_journal::reader::{Chain, Reader};
use novate_journal::replay::{Halt, Replay, ReplayError, Watch};
use novate_journal::snapshot;
use novate_journal::state::StateError;
use novate_journal::storage::Storage;

use super::Gateway;

/// Which watermark an event has to be below before it is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Its command was executed.
    Executed,
    /// Its command is durable: no loss of power takes it back.
    Durable,
}

/// Why a feed gives out no more.
#[derive(Debug)]
pub enum FeedError {
    /// As many readers hold the primary up already as may.
    TooManyReaders,
    /// It was not read for so long that events were written over. [`Gateway::feed_after`] goes on where it was.
    Lapped {
        /// The last event that was given out: its command and place among that's events; zeros if none was.
        after: (Sequence, u32),
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
            Self::Lapped { after: (sequence, ordinal), lines } => write!(
                f,
                "{lines} lines of events behind ({sequence}, {ordinal}) were written over before they were read; go on from \
                 there by replay, and read faster"
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

impl Gateway {
    /// The events of all commands that are executed from now on. The primary waits for whoever holds this, for a while.
    ///
    /// # Errors
    /// [`FeedError::TooManyReaders`].
    pub fn feed(&self, release: Release) -> Result<Feed, FeedError> {
        let consumer = self.egress.gate().ok_or(FeedError::TooManyReaders)?;
        Ok(Feed::new(self.clone(), consumer, release, (self.shared.appended(), u32::MAX)))
    }

    /// All events behind one: those of the past by replay, the others as they come, without a gap and each once. `after` is the
    /// last one that is known: its command, and its place among that's events; zeros for all there are.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn feed_after(&self, after: (Sequence, u32), release: Release) -> Result<Feed, FeedError> {
        // First the live ones, so that nothing is lost between the two.
        let consumer = self.egress.gate().ok_or(FeedError::TooManyReaders)?;
        let mut feed = Feed::new(self.clone(), consumer, release, after);
        let to = self.shared.appended();
        if to > after.0 || after.1 < u32::MAX {
            let mut past = Past { after, words: Vec::new() };
            let mut replay = replay_before(&self.storage, after.0)?;
            replay_to(&mut replay, to, &mut past)?;
            feed.words = past.words;
            // What the ring holds of these commands has been replayed.
            feed.known = to;
        }
        Ok(feed)
    }
}

/// A replay from the newest snapshot before a command, or from the beginning.
pub(super) fn replay_before(storage: &Arc<dyn Storage>, command: Sequence) -> Result<Replay, FeedError> {
    let folder = Folder::read(Arc::clone(storage))?;
    let Some(&sequence) = folder.snapshots.iter().rev().find(|&&sequence| sequence < command.0) else {
        return Ok(Replay::from_genesis(Reader::open(Arc::clone(storage), Chain::Ignored)?)?);
    };
    let kept = snapshot::read(&**storage, sequence)?;
    let reader = Reader::open_at(Arc::clone(storage), Chain::Ignored, &kept.header.place())?;
    Ok(Replay::from_state(kept.state()?, reader))
}

/// Replays up to a command that was appended already.
pub(super) fn replay_to(replay: &mut Replay, to: Sequence, watch: &mut impl Watch) -> Result<(), FeedError> {
    loop {
        match replay.follow(Some(to), watch)? {
            Halt::Reached => return Ok(()),
            // It is there: the next look, which looks farther, finds it.
            Halt::Waiting => std::thread::yield_now(),
            Halt::End(_) => return Err(FeedError::Replay(format!("the journal ends before command {to}"))),
            Halt::Differs { seal, .. } => {
                let (first, last) = (seal.first_sequence, seal.last_sequence);
                return Err(FeedError::Replay(format!("the events of commands {first} to {last} differ in a replay")));
            }
        }
    }
}

/// Keeps the events of the past.
struct Past {
    after: (Sequence, u32),
    words: Vec<EventWord>,
}

impl EventSink for Past {
    fn emit(&mut self, event: Event<'_>) {
        if event.position() > self.after {
            self.words.extend_from_slice(event.words());
        }
    }
}

impl Watch for Past {
    fn wants_checkpoint(&self, _sequence: Sequence) -> bool {
        false
    }
}

/// Events, each once and in order.
#[derive(Debug)]
pub struct Feed {
    gateway: Gateway,
    consumer: Consumer,
    buffer: RecordBuffer,
    release: Release,
    /// Events that were taken from the ring or from the past.
    words: Vec<EventWord>,
    /// Where in them the next one begins.
    at: usize,
    /// What the ring holds of commands up to this one was given out already, or is not wanted.
    known: Sequence,
    last: (Sequence, u32),
}

impl Feed {
    fn new(gateway: Gateway, consumer: Consumer, release: Release, last: (Sequence, u32)) -> Self {
        let buffer = RecordBuffer::new();
        Self { gateway, consumer, buffer, release, words: Vec::new(), at: 0, known: last.0, last }
    }

    /// The next event, if there is one that may be given out.
    ///
    /// # Errors
    /// [`FeedError::Lapped`].
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, FeedError> {
        let size = loop {
            if let Some((event, rest)) = Event::split_first(&self.words[self.at..]) {
                let position = event.position();
                if !self.may_release(position.0) {
                    return Ok(None);
                }
                self.last = position;
                break self.words.len() - self.at - rest.len();
            }
            if !self.refill()? {
                return Ok(None);
            }
        };
        let begin = self.at;
        self.at += size;
        // It was split off just now.
        Ok(Event::decode(&self.words[begin..self.at]))
    }

    /// The last event that was given out: where [`Gateway::feed_after`] goes on.
    pub fn last(&self) -> (Sequence, u32) {
        self.last
    }

    fn may_release(&self, sequence: Sequence) -> bool {
        match self.release {
            Release::Executed => true,
            Release::Durable => sequence <= self.gateway.durable(),
        }
    }

    /// Takes the next record from the ring; false if there is none.
    fn refill(&mut self) -> Result<bool, FeedError> {
        self.words.clear();
        self.at = 0;
        loop {
            let words: &[EventWord] = match self.consumer.try_pop(&mut self.buffer) {
                Ok(Popped::Record(words)) => bytemuck::try_cast_slice(words).unwrap_or(&[]),
                Ok(Popped::Empty | Popped::Closed) => return Ok(false),
                Err(Lapped { lines }) => return Err(FeedError::Lapped { after: self.last, lines }),
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
