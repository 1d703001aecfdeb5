//! How threads wait: gentler than spinning, where there are not enough cores for it.

use std::thread;
use std::time::Duration;

use novate_core::ring::{Spin, Wait};

/// Looks before others get the core.
const SPINS: u32 = 256;
/// Looks before a thread sleeps.
const YIELDS: u32 = SPINS + 256;
/// How long it sleeps.
const NAP: Duration = Duration::from_micros(50);

/// What a thread does while nothing comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It spins: the fastest answer, at the price of a core.
    Spin,
    /// It spins for a while, then lets others have the core between two looks.
    Yield,
    /// It spins, yields, then sleeps for 50 microseconds at a time, until something comes: an idle venue costs nothing.
    Park,
}

/// A [`Waiting`] under way.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    how: Waiting,
    looks: u32,
}

impl Waiter {
    /// Waits in this way.
    pub const fn new(how: Waiting) -> Self {
        Self { how, looks: 0 }
    }
}

impl Wait for Waiter {
    #[inline]
    fn wait(&mut self) {
        self.looks = self.looks.saturating_add(1);
        match self.how {
            Waiting::Spin => Spin.wait(),
            _ if self.looks < SPINS => Spin.wait(),
            Waiting::Park if self.looks > YIELDS => thread::sleep(NAP),
            Waiting::Yield | Waiting::Park => thread::yield_now(),
        }
    }

    #[inline(always)]
    fn reset(&mut self) {
        self.looks = 0;
    }
}
