//! Checks of the kernel's settings and of this process's limits.

use super::Check;
use super::facts::{Facts, Limit};

/// Clock sources that are read by an instruction, without the kernel.
const FAST_CLOCKS: [&str; 2] = ["tsc", "arch_sys_counter"];
/// Open files that are enough: every session is a socket, every segment of a journal a file.
const OPEN_FILES_MIN: u64 = 4_096;
/// The bit of the capability to lock any amount of memory.
const CAP_IPC_LOCK: u32 = 14;
/// The bit of the capability to raise any priority.
const CAP_SYS_NICE: u32 = 23;

pub(super) fn clock_source(facts: &Facts) -> Check {
    const NAME: &str = "clock source";
    const WHY: &str = "Time from elsewhere than the core's own counter takes up to a microsecond to read.";
    const FOLDER: &str = "/sys/devices/system/clocksource/clocksource0";
    let source = facts.machine.clock_source.as_str();
    if source == "unknown" {
        return Check::unknown(NAME, WHY);
    }
    if FAST_CLOCKS.contains(&source) {
        return Check::ok(NAME, WHY, source);
    }
    let available = facts.clock_sources.as_deref().unwrap_or_default();
    let mend = if available.split_whitespace().any(|other| other == "tsc") {
        format!("echo tsc > {FOLDER}/current_clocksource")
    } else {
        "boot parameters clocksource=tsc tsc=reliable, if the processor's counter is".into()
    };
    Check::bad(NAME, WHY, source, mend)
}

pub(super) fn huge_pages(facts: &Facts) -> Check {
    const NAME: &str = "huge pages";
    const WHY: &str = "An arena asks for huge pages; for memory that does not, the kernel makes them while it runs.";
    const MEND: &str = "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled";
    match facts.machine.huge_pages.as_str() {
        "madvise" => Check::ok(NAME, WHY, "madvise"),
        "always" => Check::bad(NAME, WHY, "always: also for memory that does not ask", MEND),
        "never" => Check::bad(NAME, WHY, "never: an arena lies on small pages", MEND),
        _ => Check::unknown(NAME, WHY),
    }
}

pub(super) fn compaction(facts: &Facts) -> Check {
    const NAME: &str = "compaction";
    const WHY: &str = "A thread that touches new memory moves other pages out of the way first, for milliseconds.";
    const MEND: &str = "echo madvise > /sys/kernel/mm/transparent_hugepage/defrag";
    match facts.compaction.as_deref() {
        None | Some("") => Check::unknown(NAME, WHY),
        Some("always") => Check::bad(NAME, WHY, "always, for any memory", MEND),
        Some(other) => Check::ok(NAME, WHY, other),
    }
}

/// Compares a limit with what is wanted; a process with the capability has none.
struct Wanted {
    name: &'static str,
    why: &'static str,
    least: u64,
    /// The letter of `ulimit`, what to give it, and the item of `limits.conf`.
    option: (char, &'static str, &'static str),
    capability: Option<u32>,
}

impl Wanted {
    fn check(&self, limit: Option<Limit>, capabilities: u64) -> Check {
        let Some(Limit { soft, hard }) = limit else { return Check::unknown(self.name, self.why) };
        let found = if soft == u64::MAX { "unlimited".to_owned() } else { soft.to_string() };
        if soft >= self.least {
            return Check::ok(self.name, self.why, found);
        }
        if self.capability.is_some_and(|bit| capabilities >> bit & 1 == 1) {
            return Check::ok(self.name, self.why, format!("{found}, which does not bind this privileged process"));
        }
        let (letter, value, item) = self.option;
        let command = format!("ulimit -{letter} {value}");
        let mend = if hard >= self.least {
            command
        } else {
            format!("{command}, allowed by a line `* - {item} {value}` in /etc/security/limits.conf and a new login")
        };
        Check::bad(self.name, self.why, found, mend)
    }
}

pub(super) fn locked_memory(facts: &Facts) -> Check {
    let wanted = Wanted {
        name: "locked memory",
        why: "Memory that cannot be locked may be taken away, and comes back with a page fault.",
        least: u64::MAX,
        option: ('l', "unlimited", "memlock"),
        capability: Some(CAP_IPC_LOCK),
    };
    wanted.check(facts.locked_memory, facts.capabilities)
}

pub(super) fn realtime_priority(facts: &Facts) -> Check {
    let wanted = Wanted {
        name: "real-time priority",
        why: "A thread of normal priority gives way to others whenever the scheduler finds it fair.",
        least: 1,
        option: ('r', "99", "rtprio"),
        capability: Some(CAP_SYS_NICE),
    };
    wanted.check(facts.realtime_priority, facts.capabilities)
}

pub(super) fn open_files(facts: &Facts) -> Check {
    let wanted = Wanted {
        name: "open files",
        why: "Every session is a socket and every segment of a journal a file; at the limit new ones are refused.",
        least: OPEN_FILES_MIN,
        option: ('n', "65536", "nofile"),
        capability: None,
    };
    wanted.check(facts.open_files, facts.capabilities)
}

pub(super) fn swap(facts: &Facts) -> Check {
    const NAME: &str = "swap";
    const WHY: &str = "A page that was swapped out is read from a disk when it is touched.";
    match (facts.swaps.as_deref(), facts.swappiness) {
        (None, _) => Check::unknown(NAME, WHY),
        (Some([]), _) => Check::ok(NAME, WHY, "none"),
        (Some(swaps), Some(0)) => Check::ok(NAME, WHY, format!("{}, with vm.swappiness 0", swaps.join(", "))),
        (Some(swaps), swappiness) => {
            let swappiness = swappiness.map(|value| format!(", with vm.swappiness {value}")).unwrap_or_default();
            let found = format!("{}{swappiness}", swaps.join(", "));
            Check::bad(NAME, WHY, found, "swapoff -a, or sysctl vm.swappiness=0")
        }
    }
}

pub(super) fn mitigations(facts: &Facts) -> Check {
    const NAME: &str = "mitigations";
    const WHY: &str = "Defences against leaks between programs make system calls and indirect branches slower.";
    const MEND: &str =
        "boot parameter mitigations=off, a trade for security: only where every program that runs is trusted";
    let Some(vulnerabilities) = &facts.vulnerabilities else { return Check::unknown(NAME, WHY) };
    let active = vulnerabilities.iter().filter(|(_, state)| state.starts_with("Mitigation"));
    let names: Vec<&str> = active.map(|(name, _)| name.as_str()).collect();
    if names.is_empty() { Check::ok(NAME, WHY, "none active") } else { Check::bad(NAME, WHY, names.join(", "), MEND) }
}
