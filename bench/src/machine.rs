//! The machine that a measurement ran on: figures without it mean nothing.

use std::fs;
use std::time::Duration;

use core_affinity::CoreId;

/// What is worth knowing about this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The processor's name for itself.
    pub processor: String,
    /// Cores that this process may run on.
    pub cores: usize,
    /// The kernel's name and version.
    pub kernel: String,
    /// The kernel's setting for huge pages: `always`, `madvise` or `never`.
    pub huge_pages: String,
    /// The frequency governor of the first core, where there is one to see.
    pub governor: String,
}

impl Machine {
    /// Looks around. What cannot be read is `unknown`.
    pub fn inspect() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self {
            processor: known(cpuinfo_value(&read("/proc/cpuinfo"), "model name")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: known(read("/proc/version").split_whitespace().take(3).collect::<Vec<_>>().join(" ")),
            huge_pages: known(chosen(&read("/sys/kernel/mm/transparent_hugepage/enabled"))),
            governor: known(read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").trim().to_owned()),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { processor, cores, kernel, huge_pages, governor } = self;
        write!(f, "{processor}, {cores} cores, {kernel}, huge pages {huge_pages}, governor {governor}")
    }
}

/// Pins this thread to a core: to `core` if given, else to the last one it may run on, which interrupts visit least.
/// Returns the core, or nothing if the system refused.
pub fn pin(core: Option<usize>) -> Option<usize> {
    // The list hides isolated cores, so a core that was asked for is not looked up in it.
    let chosen = match core {
        Some(id) => CoreId { id },
        None => core_affinity::get_core_ids()?.into_iter().max_by_key(|core| core.id)?,
    };
    core_affinity::set_for_current(chosen).then_some(chosen.id)
}

/// A core for the threads beside one that will be pinned to `own`: the last other one that this thread may run on. To be
/// asked before pinning, after which only one is left.
pub fn beside(own: Option<usize>) -> Option<(usize, usize)> {
    let mut cores: Vec<usize> = core_affinity::get_core_ids()?.into_iter().map(|core| core.id).collect();
    cores.sort_unstable();
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

fn known(text: String) -> String {
    if text.is_empty() { "unknown".to_owned() } else { text }
}

/// The value of the first `key : value` line.
fn cpuinfo_value(cpuinfo: &str, key: &str) -> String {
    let value = cpuinfo.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim() == key);
    value.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// The word in brackets: what is in force among the choices.
fn chosen(choices: &str) -> String {
    let inner = choices.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    inner.map(|(word, _)| word.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_files_are_understood() {
        assert_eq!(cpuinfo_value("processor\t: 0\nmodel name\t: A: B\n", "model name"), "A: B");
        assert_eq!(chosen("always [madvise] never\n"), "madvise");
        assert_eq!(known(chosen("nonsense")), "unknown");
    }
}
