//! The machine that a measurement ran on: figures without it mean nothing.
//!
//! [`Machine`] is its card, read from the kernel's files; what changes from minute to minute is measured: [`Hiccups`],
//! the latency from [core to core](core_to_core), the [load](Counters) of cores. Nothing here writes anything.

pub mod core_to_core;
mod hiccups;
mod load;
mod percentiles;
mod placement;
mod system;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

pub use self::core_to_core::CoreToCore;
pub use self::hiccups::{GapCount, HiccupSummary, Hiccups, LONG_NS, THRESHOLD_NS};
pub use self::load::{Counters, Load};
pub use self::percentiles::{PIPELINE_THREADS, PUBLISHED, Percentiles};
pub use self::placement::{beside, can_run_on, pin, waited, work_beside};
pub use self::system::{CoreList, System};

/// What is worth knowing about a machine. Text that cannot be read is `unknown`, anything else nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The processor's name for itself.
    pub processor: String,
    /// Cores that are switched on.
    pub cores_online: Option<CoreList>,
    /// Cores that this process may run on. Isolated cores are not among them, though a thread may be pinned to one.
    pub cores_allowed: Option<CoreList>,
    /// Frequency governors, and which of the cores online each has.
    pub governors: BTreeMap<String, CoreList>,
    /// Whether processors run more than one thread on a core.
    pub smt: Option<bool>,
    /// The cores online that share a processor with others, in groups.
    pub siblings: Vec<CoreList>,
    /// Cores that the scheduler puts nothing on by itself.
    pub isolated: Option<CoreList>,
    /// Cores without a timer tick while they run one thread.
    pub nohz_full: Option<CoreList>,
    /// What the kernel reads time from.
    pub clock_source: String,
    /// For which memory the kernel uses huge pages: `always`, `madvise` or `never`.
    pub huge_pages: String,
    /// Explicit huge pages that are free, of the default size.
    pub huge_pages_free: Option<u64>,
    /// Whether there is a hypervisor below the kernel.
    pub virtualised: Option<bool>,
    /// The name that the maker gave the machine, or the hypervisor its own.
    pub product: String,
    /// The kernel's name and version.
    pub kernel: String,
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
}

impl Machine {
    /// Looks around.
    pub fn inspect() -> Self {
        Self::of(&System::running())
    }

    /// Looks at any system's files.
    pub fn of(system: &System) -> Self {
        let read = |path: &str| system.read(path).unwrap_or_default();
        let (cpuinfo, meminfo) = (read("proc/cpuinfo"), read("proc/meminfo"));
        let cores_online = system.read_cores("sys/devices/system/cpu/online");
        let online: Vec<usize> = cores_online.iter().flat_map(CoreList::iter).collect();
        let product = [read("sys/class/dmi/id/sys_vendor"), read("sys/class/dmi/id/product_name")].join(" ");
        Self {
            processor: known(value(&cpuinfo, "model name")),
            cores_allowed: CoreList::parse(value(&read("proc/self/status"), "Cpus_allowed_list"))
                .filter(|cores| !cores.is_empty()),
            governors: governors(system, &online),
            smt: system.read_number("sys/devices/system/cpu/smt/active").map(|active| active != 0),
            siblings: siblings(system, &online),
            isolated: system.read_cores("sys/devices/system/cpu/isolated"),
            nohz_full: system.read_cores("sys/devices/system/cpu/nohz_full"),
            clock_source: known(&read("sys/devices/system/clocksource/clocksource0/current_clocksource")),
            huge_pages: known(chosen(&read("sys/kernel/mm/transparent_hugepage/enabled"))),
            huge_pages_free: value(&meminfo, "HugePages_Free").parse().ok(),
            virtualised: virtualised(system, value(&cpuinfo, "flags")),
            product: known(product.trim()),
            kernel: known(&read("proc/version").split_whitespace().take(3).collect::<Vec<_>>().join(" ")),
            memory_bytes: value(&meminfo, "MemTotal").trim_end_matches(" kB").parse().ok().map(|kb: u64| kb * 1_024),
            cores_online,
        }
    }

    /// The processors' groups of siblings in which these cores are.
    pub fn siblings_of(&self, cores: &CoreList) -> impl Iterator<Item = &CoreList> {
        self.siblings.iter().filter(|group| !group.and(cores).is_empty())
    }

    /// The card as names and values for people.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let cores = |cores: &Option<CoreList>| cores.as_ref().map_or_else(unknown, ToString::to_string);
        let yes = |fact: Option<bool>| fact.map_or_else(unknown, |fact| if fact { "yes" } else { "no" }.to_owned());
        let governors = self.governors.iter().map(|(name, cores)| format!("{name} on {cores}"));
        let siblings = self.siblings.iter().map(ToString::to_string);
        let free = self.huge_pages_free.map_or_else(unknown, |free| free.to_string());
        let memory = self.memory_bytes.map_or_else(unknown, |bytes| format!("{} MiB", bytes >> 20));
        vec![
            ("processor", self.processor.clone()),
            ("cores online", cores(&self.cores_online)),
            ("cores allowed", cores(&self.cores_allowed)),
            ("governor", joined(governors, "unknown")),
            ("SMT", yes(self.smt)),
            ("siblings", joined(siblings, "none")),
            ("isolated", cores(&self.isolated)),
            ("nohz_full", cores(&self.nohz_full)),
            ("clock source", self.clock_source.clone()),
            ("huge pages", format!("{}, {free} explicit ones free", self.huge_pages)),
            ("virtual", yes(self.virtualised)),
            ("product", self.product.clone()),
            ("kernel", self.kernel.clone()),
            ("memory", memory),
        ]
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines().into_iter().map(|(name, value)| format!("{name}: {value}"));
        f.write_str(&lines.collect::<Vec<_>>().join("; "))
    }
}

fn joined(texts: impl Iterator<Item = String>, nothing: &str) -> String {
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { nothing.to_owned() } else { texts.join(" and ") }
}

fn unknown() -> String {
    known("")
}

fn known(text: &str) -> String {
    if text.is_empty() { "unknown" } else { text }.to_owned()
}

/// The governors of these cores; those that cannot be read are `unknown`.
fn governors(system: &System, online: &[usize]) -> BTreeMap<String, CoreList> {
    let mut governors: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for &core in online {
        let path = format!("sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor");
        governors.entry(known(&system.read(&path).unwrap_or_default())).or_default().push(core);
    }
    governors.into_iter().map(|(name, cores)| (name, cores.into_iter().collect())).collect()
}

/// The groups of more than one sibling among these cores.
fn siblings(system: &System, online: &[usize]) -> Vec<CoreList> {
    let group = |core| system.read_cores(&format!("sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"));
    let mut groups: Vec<CoreList> = online.iter().filter_map(group).filter(|group| group.len() > 1).collect();
    groups.sort();
    groups.dedup();
    groups
}

/// What the processor's flags say, where it has such, or the files of Xen.
fn virtualised(system: &System, flags: &str) -> Option<bool> {
    let is_xen = system.has("proc/xen") || system.read("sys/hypervisor/type").is_some_and(|name| !name.is_empty());
    let has_flag = (!flags.is_empty()).then(|| flags.split_whitespace().any(|flag| flag == "hypervisor"));
    if is_xen { Some(true) } else { has_flag }
}

/// The value of the first `key : value` line; empty without one.
fn value<'t>(text: &'t str, key: &str) -> &'t str {
    let value = text.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim() == key);
    value.map(|(_, value)| value.trim()).unwrap_or_default()
}

/// The word in brackets: what is in force among the choices. Empty without one.
pub fn chosen(choices: &str) -> &str {
    let inner = choices.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    inner.map(|(word, _)| word).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> Machine {
        let folder = TempDir::new().expect("a temporary folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a file in a folder")).expect("folders");
            fs::write(path, text).expect("a file");
        }
        Machine::of(&System::at(folder.path()))
    }

    #[test]
    fn system_files_are_understood() {
        assert_eq!(value("processor\t: 0\nmodel name\t: A: B\n", "model name"), "A: B");
        assert_eq!(chosen("always [madvise] never\n"), "madvise");
        assert_eq!(known(chosen("nonsense")), "unknown");
    }

    #[test]
    fn a_machine_of_which_everything_is_told() {
        let cpu = "sys/devices/system/cpu";
        let file = |name: &str| format!("{cpu}/{name}");
        let names: Vec<String> = ["online", "isolated", "nohz_full", "smt/active"]
            .into_iter()
            .chain(["cpu0/cpufreq/scaling_governor", "cpu1/cpufreq/scaling_governor", "cpu2/cpufreq/scaling_governor"])
            .chain(["cpu0/topology/thread_siblings_list", "cpu2/topology/thread_siblings_list"])
            .map(file)
            .collect();
        let texts = ["0-2\n", "2\n", "\n", "1\n", "powersave\n", "powersave\n", "performance\n", "0,2\n", "0,2\n"];
        let mut files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts).collect();
        files.extend([
            ("proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast\nflags\t\t: fpu tsc hypervisor\n"),
            ("proc/meminfo", "MemTotal:       24684092 kB\nHugePages_Free:       7\n"),
            ("proc/version", "Linux version 6.1 (somebody)\n"),
            ("proc/self/status", "Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n"),
            ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
            ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
            ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
            ("sys/class/dmi/id/product_name", "Standard PC\n"),
        ]);
        let machine = machine(&files);
        assert_eq!(
            machine.to_string(),
            "processor: Fast; cores online: 0-2; cores allowed: 0-1; governor: performance on 2 and powersave on 0-1; \
             SMT: yes; siblings: 0,2; isolated: 2; nohz_full: none; clock source: tsc; \
             huge pages: madvise, 7 explicit ones free; virtual: yes; product: QEMU Standard PC; \
             kernel: Linux version 6.1; memory: 24105 MiB"
        );
        let json = serde_json::to_value(&machine).expect("plain fields");
        assert_eq!((&json["cores_online"], &json["virtualised"]), (&"0-2".into(), &true.into()));
        assert_eq!(json["governors"], serde_json::json!({"performance": "2", "powersave": "0-1"}));
        assert_eq!(machine.siblings_of(&CoreList::from_iter([2])).count(), 1);
        assert_eq!(machine.siblings_of(&CoreList::from_iter([1])).count(), 0);
    }

    #[test]
    fn a_machine_of_which_nothing_is_told() {
        let machine = machine(&[]);
        assert_eq!((machine.cores_online.as_ref(), machine.virtualised, machine.smt), (None, None, None));
        assert!(machine.lines().iter().all(|(_, value)| value.starts_with("unknown") || value == "none"), "{machine}");
    }

    #[test]
    fn virtual_or_not() {
        let flags = |flags: &'static str| ("proc/cpuinfo", flags);
        assert_eq!(machine(&[flags("flags : fpu tsc")]).virtualised, Some(false));
        assert_eq!(machine(&[flags("Features : fp asimd")]).virtualised, None);
        assert_eq!(machine(&[flags("flags : fpu"), ("sys/hypervisor/type", "xen\n")]).virtualised, Some(true));
        assert_eq!(machine(&[("proc/xen/capabilities", "")]).virtualised, Some(true));
    }
}
