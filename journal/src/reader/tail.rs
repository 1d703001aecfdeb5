//! Following a journal that is being written, by this process or another.

use std::time::Duration;

use super::{Frame, Reader};
use crate::error::JournalError;

/// What to do while nothing comes: the strategy for waiting.
pub trait Idle {
    /// Called after each look that found nothing, with how many there were in a row; false ends the waiting.
    fn wait(&mut self, looks: u32) -> bool;
}

/// Spins for a while, then sleeps for a tenth of a millisecond at a time; waits for ever.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpinThenSleep;

/// Looks before the first sleep.
const SPINS: u32 = 1_000;
/// How long a sleep is.
const SLEEP: Duration = Duration::from_micros(100);

impl Idle for SpinThenSleep {
    fn wait(&mut self, looks: u32) -> bool {
        if looks < SPINS {
            std::hint::spin_loop();
        } else {
            std::thread::sleep(SLEEP);
        }
        true
    }
}

/// Looks from one for the next segment to the next.
const WIDE_EVERY: u32 = 16;

/// A reader that waits for frames.
#[derive(Debug)]
pub struct Tail {
    reader: Reader,
}

impl Tail {
    /// Goes on where the reader is.
    pub fn new(reader: Reader) -> Self {
        Self { reader }
    }

    /// The reader.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The next frame, waiting for it; none when the journal was closed, or when `idle` does not want to wait on.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn next(&mut self, idle: &mut impl Idle) -> Result<Option<Frame<'_>>, JournalError> {
        let mut looks = 0_u32;
        // The next segment is looked for every now and then: that asks the system.
        while !self.reader.has_next(looks.is_multiple_of(WIDE_EVERY))? {
            if self.reader.walk().closed.is_some() || !idle.wait(looks) {
                return Ok(None);
            }
            looks = looks.saturating_add(1);
        }
        self.reader.next()
    }
}
