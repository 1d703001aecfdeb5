//! What cores were busy with between two readings of the kernel's counters.

use std::collections::BTreeMap;

use serde::Serialize;

use super::system::System;

/// The counters of all cores at one time, in the kernel's ticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<usize, Ticks>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ticks {
    busy: u64,
    idle: u64,
    stolen: u64,
}

/// What a core was busy with, in per cent of the time, rounded up. With ticks of 10 ms the resolution over 200 ms is 5 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Programs, the kernel, interrupts.
    pub busy_percent: u64,
    /// Time in which the host ran something else on the core of a virtual machine.
    pub stolen_percent: u64,
}

impl Counters {
    /// Reads `/proc/stat`; nothing is known where it cannot be read.
    pub fn read(system: &System) -> Self {
        let text = system.read("proc/stat").unwrap_or_default();
        Self(text.lines().filter_map(core_line).collect())
    }

    /// A core's load between these counters and later ones; nothing where they did not move or do not know the core.
    pub fn load_until(&self, later: &Self, core: usize) -> Option<Load> {
        let (before, after) = (self.0.get(&core)?, later.0.get(&core)?);
        // Some kernels let idle time step back by a tick.
        let [busy, idle, stolen] =
            [(before.busy, after.busy), (before.idle, after.idle), (before.stolen, after.stolen)]
                .map(|(before, after)| after.saturating_sub(before));
        let all = busy + idle + stolen;
        let percent = |part: u64| (part * 100).div_ceil(all);
        (all > 0).then(|| Load { busy_percent: percent(busy), stolen_percent: percent(stolen) })
    }
}

/// `cpu1 user nice system idle iowait irq softirq steal guest guest_nice`; guests are in user time already.
fn core_line(line: &str) -> Option<(usize, Ticks)> {
    let (name, rest) = line.split_once(' ')?;
    let core = name.strip_prefix("cpu")?.parse().ok()?;
    let fields: Vec<u64> = rest.split_whitespace().map_while(|field| field.parse().ok()).collect();
    let [user, nice, system, idle, waiting, interrupts, soft, stolen, ..] = fields[..] else { return None };
    Some((core, Ticks { busy: user + nice + system + interrupts + soft, idle: idle + waiting, stolen }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(text: &str) -> Counters {
        Counters(text.lines().filter_map(core_line).collect())
    }

    #[test]
    fn loads_are_differences() {
        let before =
            counters("cpu  1 1 1 1 1 1 1 1 0 0\ncpu0 100 0 10 500 5 0 0 3 0 0\ncpu1 0 0 0 90 0 0 0 0 0 0\nintr 5");
        let after = counters("cpu0 101 1 10 515 5 1 1 4 0 0\ncpu1 0 0 0 90 0 0 0 0 0 0\n");
        assert_eq!(before.load_until(&after, 0), Some(Load { busy_percent: 20, stolen_percent: 5 }));
        assert_eq!(before.load_until(&after, 1), None, "a core that is off has no time");
        assert_eq!(before.load_until(&after, 7), None);
        assert_eq!(counters("cpu0 nonsense\ncpux 1 2 3 4 5 6 7 8\ncpu\n"), Counters::default());
    }
}
