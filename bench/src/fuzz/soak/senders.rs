//! Who sends: as fast as commands are taken, or at a pace that nothing slows down.

use std::time::{Duration, Instant};

use novate_core::ring::Wait;
use novate_replica::gateway::{Session, SubmitError};
use novate_replica::wait::{Waiter, Waiting};

use super::load::PATIENCE;
use crate::fuzz::trader::Trader;

/// A command is late that is taken so long after it was meant to be.
const LATE: Duration = Duration::from_millis(1);
/// Commands between two looks at the clock, where they are sent as fast as they are taken.
const COMMANDS_A_LOOK: u64 = 64;

/// A session and who uses it.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) session: Session,
    pub(super) trader: Trader,
    /// Commands that were taken more than a millisecond late.
    pub(super) late: u64,
    pub(super) late_max: Duration,
}

impl Sender {
    pub(super) fn new(session: Session, trader: Trader) -> Self {
        Self { session, trader, late: 0, late_max: Duration::ZERO }
    }

    /// Sends as fast as commands are taken, for a while, but no more than so many.
    pub(super) fn as_fast(&mut self, duration: Duration, most: u64) -> Result<(), String> {
        let (begin, mut wait) = (Instant::now(), Waiter::new(Waiting::Park));
        while begin.elapsed() < duration && self.session.last() < most {
            for _ in 0..COMMANDS_A_LOOK {
                self.send(&mut wait)?;
            }
        }
        Ok(())
    }

    /// Sends so many commands a second, each when it is meant to be, or as soon as it is taken after that: one that is late
    /// makes others late, and none is left out.
    pub(super) fn at_pace(&mut self, duration: Duration, pace: u64) -> Result<(), String> {
        let (begin, mut wait, mut room) = (Instant::now(), Waiter::new(Waiting::Park), Waiter::new(Waiting::Park));
        let all = due(duration, pace);
        while self.session.last() < all {
            if self.session.last() >= due(begin.elapsed(), pace) {
                wait.wait();
                continue;
            }
            wait.reset();
            let meant = Duration::from_nanos_u128(u128::from(self.session.last()) * 1_000_000_000 / u128::from(pace));
            self.send(&mut room)?;
            let late = begin.elapsed().saturating_sub(meant);
            self.late += u64::from(late > LATE);
            self.late_max = self.late_max.max(late);
        }
        Ok(())
    }

    #[inline]
    fn send(&mut self, wait: &mut impl Wait) -> Result<(), String> {
        let order = self.trader.next_order(self.session.last() + 1);
        let mut full_since = None;
        loop {
            match order.try_submit(&mut self.session) {
                Ok(_) => break,
                Err(SubmitError::Full) if full_since.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {
                    wait.wait();
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        wait.reset();
        Ok(())
    }
}

/// How many commands are due after a while.
fn due(elapsed: Duration, pace: u64) -> u64 {
    (elapsed.as_nanos() * u128::from(pace) / 1_000_000_000).try_into().unwrap_or(u64::MAX)
}
