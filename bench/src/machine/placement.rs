//! Which thread runs on which core, and how long it waited for one.

use std::fs;
use std::thread;
use std::time::Duration;

use novate_replica::affinity::{allowed, pin as pin_to};

/// Pins this thread to a core: to `core` if given, else to the last one it may run on, which interrupts visit least.
/// Returns the core, or nothing if the system refused.
pub fn pin(core: Option<usize>) -> Option<usize> {
    let chosen = core.or_else(|| allowed().last().copied())?;
    pin_to(chosen).ok().map(|()| chosen)
}

/// Whether the system lets a thread of this process run on a core. Tries it on a thread of its own.
pub fn can_run_on(core: usize) -> bool {
    thread::spawn(move || pin(Some(core)).is_some()).join().unwrap_or(false)
}

/// A core for the threads beside one that will be pinned to `own`: the last other one that this thread may run on. To be
/// asked before pinning, after which only one is left.
pub fn beside(own: Option<usize>) -> Option<(usize, usize)> {
    let cores = allowed();
    let own = own.or_else(|| cores.last().copied())?;
    let other = cores.into_iter().rfind(|&core| core != own)?;
    Some((own, other))
}

/// Does something on the core beside, where the threads that it starts stay, and comes back. `cores` are the own one and
/// the one beside it; without them everything stays where it is.
pub fn work_beside<T>(cores: Option<(usize, usize)>, work: impl FnOnce() -> T) -> T {
    let Some((own, other)) = cores else { return work() };
    pin(Some(other));
    let done = work();
    pin(Some(own));
    done
}

/// How long this thread has been ready to run while others had its core; zero where the system does not tell.
pub fn waited() -> Duration {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited_ns = statistics.split_whitespace().nth(1).and_then(|field| field.parse().ok());
    Duration::from_nanos(waited_ns.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_that_cannot_be_are_refused() {
        for core in [1_024, usize::MAX] {
            assert_eq!((pin(Some(core)), can_run_on(core)), (None, false));
        }
    }
}
