//! Emission: stamps an event, folds it into the digest, hands it to the sink.

use crate::digest::EventsDigest;
use crate::event::EventRecord;
use crate::sink::EventSink;
use crate::units::Sequence;

/// The events of a batch of commands.
pub(super) struct Emitter<'s, S> {
    sink: &'s mut S,
    sequence: Sequence,
    ordinal: u32,
    /// Steps that the current command has made.
    pub(super) steps: u32,
    /// How many events the current command had said when following was asked last.
    pub(super) followed: u32,
    /// Shares of valuation and sweep that the current command does.
    pub(super) shares: u32,
    digest: EventsDigest,
    /// Events of the commands before the current one.
    events: u64,
}

impl<'s, S: EventSink> Emitter<'s, S> {
    #[inline(always)]
    pub(super) fn new(sink: &'s mut S, digest: EventsDigest) -> Self {
        Self { sink, sequence: Sequence::ZERO, ordinal: 0, steps: 0, followed: 0, shares: 1, digest, events: 0 }
    }

    /// What follows is of this command.
    #[inline(always)]
    pub(super) fn begin(&mut self, sequence: Sequence) {
        self.events += u64::from(self.ordinal);
        self.ordinal = 0;
        self.steps = 0;
        self.followed = 0;
        self.shares = 1;
        self.sequence = sequence;
    }

    /// Says one event.
    #[inline(always)]
    pub(super) fn emit<E: EventRecord>(&mut self, mut event: E) {
        event.stamp(self.sequence, self.ordinal);
        self.ordinal += 1;
        for word in event.words() {
            self.digest.fold(word);
        }
        self.sink.emit(event.event());
    }

    /// Whether events were said since the last time that this was asked.
    pub(super) fn has_said_more(&mut self) -> bool {
        core::mem::replace(&mut self.followed, self.ordinal) != self.ordinal
    }

    /// The command's sequence.
    #[inline(always)]
    pub(super) fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The digest after, and the number of, all events said.
    #[inline(always)]
    pub(super) fn finish(self) -> (EventsDigest, u64) {
        (self.digest, self.events + u64::from(self.ordinal))
    }
}
