//! Emission: stamps an event, folds it into the digest, hands it to the sink.

use crate::digest::EventsDigest;
use crate::event::EventRecord;
use crate::sink::EventSink;
use crate::units::Sequence;

/// The events of one command.
pub(super) struct Emitter<'s, S> {
    sink: &'s mut S,
    sequence: Sequence,
    ordinal: u32,
    digest: EventsDigest,
}

impl<'s, S: EventSink> Emitter<'s, S> {
    #[inline(always)]
    pub(super) fn new(sink: &'s mut S, sequence: Sequence, digest: EventsDigest) -> Self {
        Self { sink, sequence, ordinal: 0, digest }
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

    /// The command's sequence.
    #[inline(always)]
    pub(super) fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// How many events the command has caused so far.
    #[inline(always)]
    pub(super) fn ordinal(&self) -> u32 {
        self.ordinal
    }

    #[inline(always)]
    pub(super) fn digest(&self) -> EventsDigest {
        self.digest
    }
}
