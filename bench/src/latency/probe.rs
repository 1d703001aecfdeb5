//! What the hot thread does between two events of a batch, told to the client through a ring of its own.

use novate_core::ring::{Spin, spsc};
use novate_replica::probe::Probe;

use crate::open_loop::OpenLoop;

/// A batch that was executed: the client need not wait longer than the hot thread for its turn to read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Commands that were taken so far, its own included.
    pub(super) commands: u64,
    /// When it was taken from the ring, in nanoseconds of the pace.
    pub(super) taken: u64,
    /// When all of it lay in the journal.
    pub(super) appended: u64,
    /// When all of it was executed.
    pub(super) applied: u64,
}

impl Mark {
    /// From the ring.
    pub(super) fn of(words: &[u64]) -> Option<Self> {
        let &[commands, taken, appended, applied] = words else { return None };
        Some(Self { commands, taken, appended, applied })
    }
}

/// Reads the clock three times for each batch.
pub(super) struct StageProbe {
    pace: OpenLoop,
    marks: spsc::Producer,
    mark: Mark,
    /// Whether what is executed was taken from the ring, and not sequenced by the primary itself.
    is_taken: bool,
}

impl StageProbe {
    pub(super) fn new(pace: OpenLoop, marks: spsc::Producer) -> Self {
        Self { pace, marks, mark: Mark::default(), is_taken: false }
    }
}

impl Probe for StageProbe {
    #[inline(always)]
    fn taken(&mut self, commands: usize) {
        self.mark.commands += commands as u64;
        self.mark.taken = self.pace.now();
        self.is_taken = true;
    }

    #[inline(always)]
    fn appended(&mut self) {
        if self.is_taken {
            self.mark.appended = self.pace.now();
        }
    }

    #[inline(always)]
    fn applied(&mut self) {
        if !std::mem::take(&mut self.is_taken) {
            return;
        }
        let Mark { commands, taken, appended, .. } = self.mark;
        // A client that ended reads no more.
        let _ = self.marks.push(&[commands, taken, appended, self.pace.now()], &mut Spin);
    }
}

#[cfg(test)]
mod tests {
    use novate_core::ring::{Popped, RecordBuffer};

    use super::*;

    #[test]
    fn what_was_not_taken_is_not_marked() {
        let (producer, mut marks) = spsc::ring(64).expect("a power of two");
        let mut probe = StageProbe::new(OpenLoop::new(1), producer);
        probe.appended();
        probe.applied();
        for commands in [3, 4] {
            probe.taken(commands);
            probe.appended();
            probe.applied();
            probe.applied();
        }
        let mut buffer = RecordBuffer::new();
        for commands in [3, 7] {
            let Popped::Record(words) = marks.try_pop(&mut buffer) else { panic!("a mark") };
            let mark = Mark::of(words).expect("four words");
            assert_eq!(mark.commands, commands);
            assert!(mark.taken <= mark.appended && mark.appended <= mark.applied);
        }
        assert_eq!(marks.try_pop(&mut buffer), Popped::Empty);
    }
}
