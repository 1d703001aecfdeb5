//! Which thread runs on which core.

use std::thread;

use core_affinity::CoreId;

use crate::wait::Waiting;

/// Cores for the threads that never sleep; none where a thread goes wherever the system puts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cores {
    /// The hot thread's.
    pub hot: Option<usize>,
    /// The shadow's.
    pub shadow: Option<usize>,
}

/// A core that this process may not run on, or that there is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchCore {
    /// The core that was asked for.
    pub core: usize,
    /// Those that there are.
    pub allowed: Vec<usize>,
}

impl std::fmt::Display for NoSuchCore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { core, allowed } = self;
        write!(f, "core {core} is not there, or not for this process; it may use {allowed:?}, and isolated ones")
    }
}

impl std::error::Error for NoSuchCore {}

/// The cores that this thread may run on, in order; isolated ones are not among them.
pub fn allowed() -> Vec<usize> {
    let mut cores: Vec<usize> =
        core_affinity::get_core_ids().unwrap_or_default().into_iter().map(|core| core.id).collect();
    cores.sort_unstable();
    cores
}

/// Cores that the set in the system call has room for; to ask for one beyond it is an error that this process would not
/// survive.
const CORES_MAX: usize = 1_024;

/// Pins this thread to a core.
///
/// # Errors
/// [`NoSuchCore`]: the system refused.
pub fn pin(core: usize) -> Result<(), NoSuchCore> {
    // The list hides isolated cores, so the core is not looked up in it: the system knows.
    if core < CORES_MAX && core_affinity::set_for_current(CoreId { id: core }) {
        Ok(())
    } else {
        Err(NoSuchCore { core, allowed: allowed() })
    }
}

/// Whether a thread of this process can be pinned to a core: tried on one that ends, so that this one stays where it is.
///
/// # Errors
/// [`NoSuchCore`]: the system refused.
pub fn try_pin(core: usize) -> Result<(), NoSuchCore> {
    // A thread that the system has no room for is missed again where it is needed, and named there.
    thread::Builder::new().spawn(move || pin(core)).map_or(Ok(()), |tried| tried.join().unwrap_or(Ok(())))
}

/// How threads wait of which some are pinned: as they were told to, unless one that spins had no core for itself. Isolated
/// cores are not among those that are allowed, but a thread may be pinned to them.
pub(crate) fn waiting_on(cores: [Option<usize>; 2], told: Waiting) -> Waiting {
    let pinned = cores.iter().flatten().count();
    let left = allowed().iter().filter(|&&core| !cores.contains(&Some(core))).count();
    if told == Waiting::Spin && cores.len() - pinned > left { Waiting::Yield } else { told }
}

/// How threads wait where so many of them want a core of their own: they spin if there are enough cores.
pub fn waiting_for(threads: usize) -> Waiting {
    if allowed().len() >= threads { Waiting::Spin } else { Waiting::Yield }
}
