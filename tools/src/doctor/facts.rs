//! What the checks are about: what the system's files say, and what is measured in about a second.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use novate_bench::machine::{CoreList, CoreToCore, Counters, Hiccups, Load, Machine, System, chosen, core_to_core};

/// Time between two readings of the cores' counters.
const LOAD_TIME: Duration = Duration::from_millis(200);
/// For how long gaps are looked for.
const HICCUPS_TIME: Duration = Duration::from_millis(500);

/// What the files say. What cannot be read is nothing.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) machine: Machine,
    /// The cores that are to be looked at: of those that can be used.
    pub(crate) cores: CoreList,
    /// The cores that threads can be pinned to.
    pub(crate) usable: CoreList,
    pub(crate) clock_sources: Option<String>,
    /// When the kernel makes huge pages by moving others out of the way.
    pub(crate) compaction: Option<String>,
    pub(crate) locked_memory: Option<Limit>,
    pub(crate) realtime_priority: Option<Limit>,
    pub(crate) open_files: Option<Limit>,
    /// The capabilities in force, as the kernel numbers their bits.
    pub(crate) capabilities: u64,
    /// The names of swap files and devices in use.
    pub(crate) swaps: Option<Vec<String>>,
    pub(crate) swappiness: Option<u64>,
    /// Names of vulnerabilities and what the kernel says about each.
    pub(crate) vulnerabilities: Option<Vec<(String, String)>>,
    pub(crate) interrupts: Option<Vec<Interrupt>>,
}

/// A limit on this process; `u64::MAX` is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) soft: u64,
    /// What the process may raise it to.
    pub(crate) hard: u64,
}

/// A device's interrupt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interrupt {
    pub(crate) number: u64,
    /// Cores that it has come to since the system started.
    pub(crate) came: CoreList,
    /// Cores that it may come to.
    pub(crate) affinity: CoreList,
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Of the cores and their siblings, while this process did nothing.
    pub(crate) loads: BTreeMap<usize, Load>,
    /// Of each core, all at the same time.
    pub(crate) hiccups: Vec<Hiccups>,
    /// Of each core and the next.
    pub(crate) core_to_core: Vec<CoreToCore>,
}

impl Facts {
    /// Reads everything about a machine whose cores are known.
    pub(crate) fn read(system: &System, machine: Machine, usable: CoreList, cores: CoreList) -> Self {
        let limits = system.read("proc/self/limits").unwrap_or_default();
        let status = system.read("proc/self/status").unwrap_or_default();
        let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        let transparent = "sys/kernel/mm/transparent_hugepage/defrag";
        Self {
            machine,
            cores,
            usable,
            clock_sources: system.read("sys/devices/system/clocksource/clocksource0/available_clocksource"),
            compaction: system.read(transparent).map(|choices| chosen(&choices).to_owned()),
            locked_memory: limit(&limits, "Max locked memory"),
            realtime_priority: limit(&limits, "Max realtime priority"),
            open_files: limit(&limits, "Max open files"),
            capabilities: capabilities.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0),
            swaps: system.read("proc/swaps").map(|text| swaps(&text)),
            swappiness: system.read_number("proc/sys/vm/swappiness"),
            vulnerabilities: vulnerabilities(system),
            interrupts: interrupts(system),
        }
    }
}

impl Measured {
    /// Measures for about a second. Nothing where the system does not let this process run on one of the cores.
    pub(crate) fn take(system: &System, machine: &Machine, cores: &CoreList) -> Option<Self> {
        let siblings = machine.siblings_of(cores).flat_map(CoreList::iter).collect();
        let before = Counters::read(system);
        thread::sleep(LOAD_TIME);
        let after = Counters::read(system);
        let load = |core| Some((core, before.load_until(&after, core)?));
        let list: Vec<usize> = cores.iter().collect();
        Some(Self {
            loads: cores.or(&siblings).iter().filter_map(load).collect(),
            hiccups: Hiccups::measure_all(&list, HICCUPS_TIME)?,
            core_to_core: list.windows(2).filter_map(|pair| core_to_core::measure(pair[0], pair[1])).collect(),
        })
    }
}

/// A line `Max open files    1024    4096    files`.
fn limit(limits: &str, name: &str) -> Option<Limit> {
    let fields = limits.lines().find_map(|line| line.strip_prefix(name))?;
    let mut fields = fields.split_whitespace().map(|field| match field {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    });
    Some(Limit { soft: fields.next()??, hard: fields.next()?? })
}

/// The first words of all lines but the heading.
fn swaps(text: &str) -> Vec<String> {
    text.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn vulnerabilities(system: &System) -> Option<Vec<(String, String)>> {
    let folder = "sys/devices/system/cpu/vulnerabilities";
    let names = system.names(folder)?;
    Some(names.into_iter().filter_map(|name| Some((name.clone(), system.read(&format!("{folder}/{name}"))?))).collect())
}

/// The numbered lines under a heading that names the columns' cores. An interrupt of which the kernel does not tell where
/// it may come is not one that could be sent elsewhere.
fn interrupts(system: &System) -> Option<Vec<Interrupt>> {
    let text = system.read("proc/interrupts")?;
    let mut lines = text.lines();
    let heading = lines.next()?.split_whitespace();
    let columns: Vec<usize> = heading.map_while(|name| name.strip_prefix("CPU")?.parse().ok()).collect();
    let interrupt = |line: &str| {
        let (number, counts) = line.split_once(':')?;
        let number = number.trim().parse().ok()?;
        let counts = counts.split_whitespace().map_while(|count| count.parse::<u64>().ok());
        let came = columns.iter().zip(counts).filter(|(_, count)| *count > 0).map(|(core, _)| *core).collect();
        let affinity = system.read_cores(&format!("proc/irq/{number}/smp_affinity_list"))?;
        Some(Interrupt { number, came, affinity })
    };
    Some(lines.filter_map(interrupt).collect())
}
