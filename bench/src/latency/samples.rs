//! Times of one stage, in intervals.

use std::io;

use hdrhistogram::Histogram;

use crate::open_loop::histogram;

/// What a time is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// From when a command was meant to be sent until its last event was read.
    EndToEnd,
    /// From when it was meant to be sent until the client began to send it: the client's own delay.
    Late,
    /// From when it was meant to be sent until the hot thread took it from the ring.
    Ring,
    /// Until it and those taken with it were stamped and lay in the journal.
    Journal,
    /// Until they were executed.
    Match,
    /// Until the client had read its last event; nothing where that was published before all of its batch was executed.
    Events,
}

impl Stage {
    /// What is measured while nothing else is.
    pub const OUTSIDE: [Self; 2] = [Self::EndToEnd, Self::Late];
    /// What is measured with the hot thread's help.
    pub const INSIDE: [Self; 4] = [Self::Ring, Self::Journal, Self::Match, Self::Events];

    /// The name in tables, files and tags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndToEnd => "end-to-end",
            Self::Late => "late",
            Self::Ring => "ring",
            Self::Journal => "journal",
            Self::Match => "match",
            Self::Events => "events",
        }
    }
}

/// The times, by when their commands were meant to be sent.
#[derive(Clone, Debug)]
pub struct Samples {
    intervals: Vec<Histogram<u64>>,
    interval_ns: u64,
    current: usize,
    /// When the current interval ends.
    end_ns: u64,
}

impl Samples {
    /// For so many intervals of this length. Recording allocates nothing afterwards.
    pub(super) fn new(interval_ns: u64, intervals: usize) -> io::Result<Self> {
        let mut intervals: Vec<_> = (0..intervals.max(1)).map(|_| histogram()).collect::<io::Result<_>>()?;
        // Written to, so that no page is touched for the first time while a clock runs.
        intervals.iter_mut().for_each(Histogram::reset);
        Ok(Self { intervals, interval_ns, current: 0, end_ns: interval_ns })
    }

    /// The first interval begins here.
    pub(super) fn begin(&mut self, begin_ns: u64) {
        self.end_ns = begin_ns.saturating_add(self.interval_ns);
    }

    /// A time of a command; commands come in the order in which they were meant to be sent.
    #[inline(always)]
    pub(super) fn record(&mut self, intended: u64, ns: u64) {
        while intended >= self.end_ns && self.current + 1 < self.intervals.len() {
            self.current += 1;
            self.end_ns += self.interval_ns;
        }
        self.intervals[self.current].saturating_record(ns);
    }

    /// The intervals one by one.
    pub fn intervals(&self) -> &[Histogram<u64>] {
        &self.intervals
    }

    /// How long each is.
    pub const fn interval_ns(&self) -> u64 {
        self.interval_ns
    }

    /// All of them together.
    pub fn total(&self) -> Histogram<u64> {
        let mut total = self.intervals[0].clone();
        for interval in &self.intervals[1..] {
            // Both have the same bounds.
            let _ = total.add(interval);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_belong_to_when_commands_were_meant_to_be_sent() {
        let mut samples = Samples::new(100, 3).expect("bounds in range");
        samples.begin(1_000);
        for (intended, ns) in [(1_000, 5), (1_099, 700), (1_100, 6), (1_250, 7), (9_000, 8)] {
            samples.record(intended, ns);
        }
        assert_eq!(samples.intervals().iter().map(Histogram::len).collect::<Vec<_>>(), [2, 1, 2]);
        assert_eq!((samples.total().len(), samples.total().max()), (5, 700));
    }
}
