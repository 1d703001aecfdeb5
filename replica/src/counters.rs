//! What a running primary says of itself, in a small mapped file beside its journal: the hot thread stores, anybody reads, and
//! asks nobody. The idea is Aeron's.
//!
//! ```text
//! word 0        1         2...
//! +-------------+---------+-----------+-----------+----
//! | "novatecr"  | 1       | counter 0 | counter 1 | ...     4,096 bytes, little-endian words of 64 bits
//! +-------------+---------+-----------+-----------+----
//! ```

use std::io;
use std::sync::Arc;

use novate_journal::format::names::{self, COUNTERS};
use novate_journal::storage::{Mapped, Storage};

/// What the file begins with.
const MAGIC: u64 = u64::from_le_bytes(*b"novatecr");
/// Its layout's version: counters are only added.
const VERSION: u64 = 1;
/// Bytes of the file.
const BYTES: usize = 4_096;
/// Words before the first counter.
const HEAD_WORDS: usize = 2;

macro_rules! counters {
    ($($name:ident $text:literal $help:literal,)*) => {
        /// What is counted; its number is its place in the file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Counter { $(#[doc = $help] $name,)* }

        impl Counter {
            /// All of them, in the order of the file.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in JSON, and behind `novate_` in Prometheus' text.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => $help,)* }
            }
        }
    };
}

counters! {
    State "state" "1 running, 2 stopped in order, 3 halted",
    Epoch "epoch" "number of the writing incarnation",
    Process "process" "id of the process",
    Sequence "sequence" "last command that was executed",
    TimeNs "time_ns" "its sequenced time",
    Durable "durable_sequence" "last command that is durable",
    Taken "submissions" "submissions that were executed since the start",
    Rejected "rejected" "commands that were rejected since the start",
    WorkCommands "work_commands" "commands of the sequencer that let the engine work, timers included, since the start",
    Checkpoints "checkpoints" "checkpoints since the start",
    IngressLines "ingress_lines" "lines that were read from the ingress ring since the start",
    EgressLines "egress_lines" "lines that were written to the egress ring since the start",
    EgressStalls "egress_stalls" "times that a reader of events had to be waited for, since the start",
    GatesReleased "gates_released" "readers of events that did not gate any more, since the start",
    SegmentStalls "segment_stalls" "looks for a segment that was not ready, since the start",
    StepsBack "clock_steps_back" "readings of the clock that were behind the last command, since the start",
    ShadowSequence "shadow_sequence" "last command that the shadow has executed",
    ShadowCheckpoints "shadow_checkpoints" "checkpoints at which the shadow has computed the state digest",
    ShadowScrubs "shadow_scrubs" "times that the shadow has compared all of its memory with its hashes",
    IngressSize "ingress_size" "lines of the ingress ring",
    IngressFill "ingress_fill" "lines that waited in the ingress ring at the last seal",
    EgressSize "egress_size" "lines of the egress ring",
    EgressFill "egress_fill" "lines by which the slowest reader that gates was behind at the last seal",
    DurableLagBytes "durable_lag_bytes" "bytes of the journal that were not durable at the last seal",
    SegmentWait "segment_wait" "0 none, 1 it waits for a segment that is being made, 2 for room on the disk",
    SnapshotsMissed "snapshots_missed" "snapshots that found no room on the disk, since the start",
}

const _: () = assert!((HEAD_WORDS + Counter::ALL.len()) * 8 <= BYTES);

/// The states of [`Counter::State`].
pub mod state {
    /// It runs, or it died without a word.
    pub const RUNNING: u64 = 1;
    /// It was stopped in order.
    pub const STOPPED: u64 = 2;
    /// It halted by itself.
    pub const HALTED: u64 = 3;
}

/// What [`Counter::SegmentWait`] says.
pub mod segment_wait {
    /// It does not wait.
    pub const NONE: u64 = 0;
    /// The next segment is being made: the disk is slower than the commands.
    pub const NOT_READY: u64 = 1;
    /// The disk is full.
    pub const NO_ROOM: u64 = 2;
}

/// A primary's counters.
#[derive(Clone, Debug)]
pub(crate) struct Counters(Arc<Mapped>);

impl Counters {
    /// Makes the file anew.
    pub(crate) fn create(storage: &dyn Storage) -> io::Result<Self> {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[8..16].copy_from_slice(&VERSION.to_le_bytes());
        // A new file in the old one's place: whoever had that one writes on to nobody.
        let temporary = names::temporary(COUNTERS);
        storage.write(&temporary, &bytes)?;
        storage.rename(&temporary, COUNTERS)?;
        Ok(Self(Arc::new(storage.map(COUNTERS, true)?)))
    }

    #[inline(always)]
    pub(crate) fn set(&self, counter: Counter, value: u64) {
        self.0.store(HEAD_WORDS + counter as usize, value);
    }
}

/// The counters of a primary as they were at some moment; each is right, but not all of the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot(Vec<u64>);

impl Snapshot {
    /// Reads the file that a primary keeps in its journal's folder.
    ///
    /// # Errors
    /// The system's: `NotFound` where no primary has run; `InvalidData` where it is no such file.
    pub fn read(storage: &dyn Storage) -> io::Result<Self> {
        let bytes = storage.read(COUNTERS)?;
        let words: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes[..bytes.len() & !7]);
        if bytes.len() < BYTES || words[0] != MAGIC || words[1] != VERSION {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self(words[HEAD_WORDS..].to_vec()))
    }

    /// One of them.
    pub fn get(&self, counter: Counter) -> u64 {
        self.0.get(counter as usize).copied().unwrap_or(0)
    }
}
