//! The shadow: a follower in the primary's process, on a thread and a memory of its own, over the primary's mapped journal.
//! It gives a lone primary its state digests and snapshots, and has it halt when they do not agree.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use novate_core::ring::Wait;

use super::Drill;
use super::shared::Shared;
use crate::affinity::pin;
use crate::counters::{Counter, Counters};
use crate::follower::{Follower, Report, Step};
use crate::halt::Halt;
use crate::wait::{Waiter, Waiting};

/// The shadow's thread's name.
pub(super) const SHADOW: &str = "novate-shadow";

/// The thread: follows until the journal is closed, until nobody writes it any more, or until something is wrong, which halts
/// the primary.
pub(super) fn run(
    mut follower: Follower,
    (shared, counters): (&Arc<Shared>, &Counters),
    (core, waiting): (Option<usize>, Waiting),
    drill: Option<Drill>,
) -> Option<Report> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        core.map_or(Ok(()), pin).map_err(Halt::Core)?;
        follow(&mut follower, (shared, counters), waiting, drill)
    }));
    match outcome.unwrap_or(Err(Halt::ThreadDied(SHADOW))) {
        Ok(()) => Some(follower.report()),
        Err(halt) => {
            shared.halt(halt);
            None
        }
    }
}

fn follow(
    follower: &mut Follower,
    (shared, counters): (&Arc<Shared>, &Counters),
    waiting: Waiting,
    mut drill: Option<Drill>,
) -> Result<(), Halt> {
    let mut waiter = Waiter::new(waiting);
    loop {
        // Asked before the journal is looked at: what was written before is followed.
        let is_over = shared.is_over();
        let step = follower.step()?;
        let Report { sequence, checkpoints, scrubs, snapshots_missed, .. } = follower.report();
        counters.set(Counter::ShadowSequence, sequence.0);
        counters.set(Counter::ShadowCheckpoints, checkpoints);
        counters.set(Counter::ShadowScrubs, scrubs);
        counters.set(Counter::SnapshotsMissed, snapshots_missed);
        match step {
            Step::Closed => return Ok(()),
            Step::Idle if is_over => {
                if !follower.has_more()? {
                    return Ok(());
                }
            }
            Step::Idle => waiter.wait(),
            Step::Busy => waiter.reset(),
        }
        if let Some(Drill::FlippedBit(after)) = drill
            && follower.report().sequence >= after
        {
            drill = None;
            let last = follower.state().layout().chunks() - 1;
            follower.state().flip_bit(last, 7);
        }
    }
}
