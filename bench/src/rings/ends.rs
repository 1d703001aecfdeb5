//! What a ring has to be able to do to be compared: messages go in at one end and come out at the other.

use std::hint;
use std::io;
use std::thread;

use super::message::{Message, SHORT};

/// Messages that everybody's ring has room for.
pub(super) const CAPACITY: usize = 1_024;
/// Messages of a batch.
pub(super) const BATCH: usize = 32;

/// A kind of ring, for messages of `W` words.
pub(super) trait Ring<const W: usize> {
    type Sender: Sender<W>;
    type Receiver: Receiver<W>;

    /// Makes one.
    fn ring() -> io::Result<(Self::Sender, Self::Receiver)>;
}

/// Where messages go in.
pub(super) trait Sender<const W: usize>: Send {
    /// Sends a message if there is room.
    fn try_send(&mut self, message: &Message<W>) -> bool;
}

/// Where they come out.
pub(super) trait Receiver<const W: usize> {
    /// Takes a message if there is one.
    fn try_receive(&mut self, take: impl FnMut(&[u64; W])) -> bool;
}

/// Where batches go in.
pub(super) trait BatchSender {
    /// Sends a batch, of messages that are numbered from `first`, as soon as there is room.
    fn send_batch(&mut self, first: u64, patience: Patience);
}

/// Where they come out.
pub(super) trait BatchReceiver {
    /// Takes as many messages as are there, at most a batch, and says how many.
    fn try_receive_batch(&mut self, take: impl FnMut(&[u64; SHORT])) -> usize;
}

/// How long a thread spins before it offers its core to others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    spins: u32,
}

impl Patience {
    /// For a thread that has a core: it gives way only where whoever it waits for seems to have lost its own.
    pub(super) const OWN_CORE: Self = Self { spins: 4_096 };
    /// For threads that share a core: what one of them waits for may be another one's turn.
    pub(super) const SHARED_CORE: Self = Self { spins: 64 };

    /// Begins to wait.
    #[inline(always)]
    pub(super) fn begin(self) -> Waiting {
        Waiting { patience: self, spins: 0 }
    }

    /// Tries until it succeeds.
    #[inline(always)]
    pub(super) fn until(self, mut attempt: impl FnMut() -> bool) {
        let mut waiting = self.begin();
        while !attempt() {
            waiting.spin();
        }
    }
}

/// A thread that waits. What it waits for is tried in its loop: compilers keep closures apart that have grown.
#[derive(Debug)]
pub(super) struct Waiting {
    patience: Patience,
    spins: u32,
}

impl Waiting {
    /// Spins once, and offers the core to others when it did so for long.
    #[inline(always)]
    pub(super) fn spin(&mut self) {
        hint::spin_loop();
        self.spins += 1;
        if self.spins == self.patience.spins {
            thread::yield_now();
            self.spins = 0;
        }
    }
}
