//! Machines that are made up, and what the checks find on them.

use std::fs;
use std::time::Duration;

use novate_bench::machine::{CoreList, CoreToCore, Hiccups, Load, Machine, Percentiles, System};
use tempfile::TempDir;

use super::{Check, Facts, Finding, Measured, examine};

/// Six cores, the last two of which are set up for latency. Each file with its text.
const GOOD: &[(&str, &str)] = &[
    ("proc/cpuinfo", "model name\t: Fast\nflags\t\t: fpu tsc\n"),
    ("proc/self/status", "CapEff:\t0000000000000000\nCpus_allowed_list:\t0-5\n"),
    ("proc/self/limits", LIMITS),
    ("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"),
    ("proc/sys/vm/swappiness", "60\n"),
    ("proc/interrupts", INTERRUPTS),
    ("proc/irq/24/smp_affinity_list", "0-3\n"),
    ("proc/irq/25/smp_affinity_list", "0-5\n"),
    ("sys/devices/system/cpu/online", "0-5\n"),
    ("sys/devices/system/cpu/isolated", "4-5\n"),
    ("sys/devices/system/cpu/nohz_full", "4-5\n"),
    ("sys/devices/system/cpu/cpu4/cpufreq/scaling_governor", "performance\n"),
    ("sys/devices/system/cpu/cpu5/cpufreq/scaling_governor", "performance\n"),
    ("sys/devices/system/cpu/vulnerabilities/meltdown", "Not affected\n"),
    ("sys/devices/system/cpu/vulnerabilities/spectre_v1", "Vulnerable\n"),
    ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
    ("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet\n"),
    ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
    ("sys/kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise [madvise] never\n"),
];

const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units
Max open files            20000                20000                files
Max locked memory         unlimited            unlimited            bytes
Max realtime priority     99                   99
";

/// Interrupt 24 came to core 5 once, but may not any more; 25 may, but never came.
const INTERRUPTS: &str = "
           CPU0       CPU1       CPU2       CPU3       CPU4       CPU5
 24:          1          0          0          0          0          9  IO-APIC   5-edge      disk
 25:          7          0          0          0          0          0  IO-APIC   6-edge      net
NMI:          3          3          3          3          3          3   Non-maskable interrupts
";

/// The facts of a machine with these files besides, or instead of, those of a good one.
fn facts(cores: &str, files: &[(&str, &str)]) -> Facts {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, text) in GOOD.iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("folders in a temporary folder");
        fs::write(path, text.trim_start_matches('\n')).expect("a file in a temporary folder");
    }
    let system = System::at(folder.path());
    let machine = Machine::of(&system);
    let usable = machine.cores_allowed.clone().expect("cores");
    Facts::read(&system, machine, usable, list(cores))
}

fn list(cores: &str) -> CoreList {
    CoreList::parse(cores).expect("a list of cores")
}

fn load(core: usize, busy_percent: u64, stolen_percent: u64) -> (usize, Load) {
    (core, Load { busy_percent, stolen_percent })
}

/// What was measured on two quiet cores.
fn quiet() -> Measured {
    let half_a_second = Duration::from_millis(500);
    Measured {
        loads: [load(4, 0, 0), load(5, 5, 0)].into(),
        hiccups: vec![Hiccups::of(4, half_a_second, &[2_000]), Hiccups::of(5, half_a_second, &[])],
        core_to_core: vec![CoreToCore { a: 4, b: 5, bounces: 1_000, min_ns: 60, median_ns: 70 }],
    }
}

/// A check of a good machine with these changes, by its name.
fn check(name: &str, files: &[(&str, &str)]) -> Check {
    named(name, &facts("4-5", files), &quiet())
}

fn named(name: &str, facts: &Facts, measured: &Measured) -> Check {
    let mut checks = examine(facts, measured).into_iter();
    checks.find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}"))
}

#[track_caller]
fn assert_bad(check: &Check, found: &str, mend: &str) {
    assert_eq!((check.finding, check.found.as_str(), check.mend.as_deref()), (Finding::Bad, found, Some(mend)));
}

#[track_caller]
fn assert_ok(check: &Check, found: &str) {
    assert_eq!((check.finding, check.found.as_str(), check.mend.as_deref()), (Finding::Ok, found, None));
}

#[test]
fn on_a_good_machine_everything_is_ok() {
    let (facts, measured) = (facts("4-5", &[]), quiet());
    let checks = examine(&facts, &measured);
    let others: Vec<&Check> = checks.iter().filter(|check| check.finding != Finding::Ok).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(checks.iter().all(|check| check.mend.is_none() && check.why.ends_with('.')));
    let percentiles = Percentiles::of(&measured.hiccups, facts.usable.len());
    let json = serde_json::to_value(&percentiles).expect("plain fields");
    assert_eq!(json, serde_json::json!({"sound_up_to": 100, "meaningless": [], "threads_max": 6}));
    assert_eq!(percentiles.lines().len(), 1);
}

#[test]
fn of_a_machine_that_tells_nothing_everything_is_unknown() {
    let system = System::at("/nowhere/at/all");
    let facts = Facts::read(&system, Machine::of(&system), CoreList::default(), CoreList::default());
    let checks = examine(&facts, &Measured::default());
    let others: Vec<&Check> = checks.iter().filter(|check| check.finding != Finding::Unknown).collect();
    assert!(others.is_empty(), "{others:#?}");
    let percentiles = Percentiles::of([], facts.usable.len());
    assert_eq!(percentiles.lines(), ["Nothing was measured: what percentiles mean here is unknown."]);
}

#[test]
fn too_few_cores() {
    let status = |cores| [("proc/self/status", cores)];
    let allowed = check("cores", &status("Cpus_allowed_list:\t4-5\n"));
    assert_bad(&allowed, "2 for the 5 threads of a pipeline: 4-5", "taskset -c 0-5 novate doctor");
    let files = [("proc/self/status", "Cpus_allowed_list:\t0-3\n"), ("sys/devices/system/cpu/online", "0-3\n")];
    let there = check("cores", &files);
    let mend = "none here: a machine with 5 cores, or fewer threads";
    assert_bad(&there, "4 for the 5 threads of a pipeline: 0-3", mend);
    let percentiles = Percentiles::of(&quiet().hiccups, facts("4-5", &files).usable.len()).lines();
    assert!(percentiles[1].starts_with("Of runs with more threads than cores (4 here) everything above p50"));
}

#[test]
fn governors_of_the_cores_and_of_no_others() {
    let governor = |core: &'static str| [(core, "powersave\n")];
    let other = check("governor", &governor("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    assert_ok(&other, "performance");
    let own = check("governor", &governor("sys/devices/system/cpu/cpu5/cpufreq/scaling_governor"));
    assert_bad(&own, "powersave on 5", "cpupower -c 4-5 frequency-set -g performance");
    assert_eq!(named("governor", &facts("0", &[]), &quiet()).finding, Finding::Unknown);
}

#[test]
fn siblings_that_are_busy() {
    let siblings = |of: &'static str, group: &'static str| (of, group);
    let (four, five) = (
        "sys/devices/system/cpu/cpu4/topology/thread_siblings_list",
        "sys/devices/system/cpu/cpu5/topology/thread_siblings_list",
    );
    let with_three = facts("4-5", &[siblings(four, "3-4\n")]);
    let measured =
        |percent| Measured { loads: quiet().loads.into_iter().chain([load(3, percent, 0)]).collect(), ..quiet() };
    assert_ok(&named("SMT siblings", &with_three, &measured(5)), "idle: core 3 5 %");
    let busy = named("SMT siblings", &with_three, &measured(40));
    assert_bad(&busy, "busy: core 3 40 %", "echo 0 > /sys/devices/system/cpu/cpu3/online");
    assert_eq!(named("SMT siblings", &with_three, &quiet()).finding, Finding::Unknown);
    let one = check("SMT siblings", &[siblings(four, "4-5\n"), siblings(five, "4-5\n")]);
    assert_bad(&one, "4-5 are one core", "novate doctor --cores 3-4");
}

#[test]
fn cores_that_others_may_use() {
    let none = [("sys/devices/system/cpu/isolated", "\n"), ("sys/devices/system/cpu/nohz_full", " (null)\n")];
    let parameters =
        "boot parameters isolcpus=4-5 nohz_full=4-5 rcu_nocbs=4-5 irqaffinity=0-3; then novate doctor --cores 4-5";
    assert_bad(&check("isolated cores", &none), "4-5 not isolated", parameters);
    assert_bad(&check("timer tick", &none), "on 4-5", parameters);
    let chosen_badly = named("isolated cores", &facts("3-4", &[]), &quiet());
    assert_bad(&chosen_badly, "3 not isolated, but 4-5", "novate doctor --cores 4-5");
    // The kernel keeps a core for itself.
    let all = named("isolated cores", &facts("0-5", &none), &quiet());
    let parameters =
        "boot parameters isolcpus=1-5 nohz_full=1-5 rcu_nocbs=1-5 irqaffinity=0; then novate doctor --cores 1-5";
    assert_bad(&all, "0-5 not isolated", parameters);
    let one = [none[0], ("sys/devices/system/cpu/online", "0\n"), ("proc/self/status", "Cpus_allowed_list:\t0\n")];
    let alone = named("isolated cores", &facts("0", &one), &quiet());
    assert_bad(&alone, "0 not isolated", "none here: a machine with more than one core");
}

#[test]
fn interrupts_that_land_on_the_cores() {
    assert_ok(&check("interrupts", &[]), "none of 2 on 4-5");
    let lands = [("proc/irq/24/smp_affinity_list", "0-5\n")];
    let mend = "systemctl stop irqbalance; for irq in 24; do echo 0-3 > /proc/irq/$irq/smp_affinity_list; done";
    assert_bad(&check("interrupts", &lands), "1 on 4-5: 24", mend);
    let all = named("interrupts", &facts("0-5", &lands), &quiet());
    let mend = "systemctl stop irqbalance; for irq in 24 25; do echo 0 > /proc/irq/$irq/smp_affinity_list; done; \
        then novate doctor --cores 1-5";
    assert_bad(&all, "2 on 0-5: 24, 25", mend);
    // A column for each core online, not for each core.
    let shifted = "      CPU0 CPU4\n 24:  0  0 x\n 25:  0  1 y\n";
    assert_eq!(check("interrupts", &[("proc/interrupts", shifted)]).found, "1 on 4-5: 25");
    assert_eq!(check("interrupts", &[("proc/interrupts", "nonsense")]).finding, Finding::Unknown);
}

#[test]
fn slow_clocks() {
    let folder = "sys/devices/system/clocksource/clocksource0";
    let (current, available) = (format!("{folder}/current_clocksource"), format!("{folder}/available_clocksource"));
    let hpet = check("clock source", &[(&current, "hpet\n")]);
    assert_bad(&hpet, "hpet", "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource");
    let only = check("clock source", &[(&current, "hpet\n"), (&available, "hpet acpi_pm\n")]);
    assert_bad(&only, "hpet", "boot parameters clocksource=tsc tsc=reliable, if the processor's counter is");
    assert_ok(&check("clock source", &[(&current, "arch_sys_counter\n")]), "arch_sys_counter");
}

#[test]
fn huge_pages_without_being_asked() {
    let enabled = |choices| check("huge pages", &[("sys/kernel/mm/transparent_hugepage/enabled", choices)]);
    let mend = "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled";
    assert_bad(&enabled("[always] madvise never\n"), "always: also for memory that does not ask", mend);
    assert_bad(&enabled("always madvise [never]\n"), "never: an arena lies on small pages", mend);
    let compaction = |choices| check("compaction", &[("sys/kernel/mm/transparent_hugepage/defrag", choices)]);
    let mend = "echo madvise > /sys/kernel/mm/transparent_hugepage/defrag";
    assert_bad(&compaction("[always] defer defer+madvise madvise never\n"), "always, for any memory", mend);
    assert_ok(&compaction("always [defer] defer+madvise madvise never\n"), "defer");
    assert_eq!(compaction("nonsense").finding, Finding::Unknown);
}

#[test]
fn limits_of_this_process() {
    let low = "\
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
Max realtime priority     0                    0
";
    let low = [("proc/self/limits", low)];
    assert_bad(&check("open files", &low), "1024", "ulimit -n 65536");
    let mend =
        "ulimit -l unlimited, allowed by a line `* - memlock unlimited` in /etc/security/limits.conf and a new login";
    assert_bad(&check("locked memory", &low), "8388608", mend);
    let mend = "ulimit -r 99, allowed by a line `* - rtprio 99` in /etc/security/limits.conf and a new login";
    assert_bad(&check("real-time priority", &low), "0", mend);
    let privileged = [low[0], ("proc/self/status", "CapEff:\t0000000000804000\nCpus_allowed_list:\t0-5\n")];
    for name in ["locked memory", "real-time priority"] {
        assert_eq!(check(name, &privileged).finding, Finding::Ok, "{name}");
    }
    let unreadable = [("proc/self/limits", "Max open files  many  1\n")];
    assert_eq!(check("open files", &unreadable).finding, Finding::Unknown);
}

#[test]
fn swap_that_is_on() {
    let on = ("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n/swap file 1 0 -3\n");
    let bad = check("swap", &[on]);
    assert_bad(&bad, "/dev/sda2, /swap, with vm.swappiness 60", "swapoff -a, or sysctl vm.swappiness=0");
    assert_ok(&check("swap", &[on, ("proc/sys/vm/swappiness", "0\n")]), "/dev/sda2, /swap, with vm.swappiness 0");
}

#[test]
fn mitigations_that_are_active() {
    let state = ("sys/devices/system/cpu/vulnerabilities/spectre_v2", "Mitigation: Retpolines\n");
    let bad = check("mitigations", &[state]);
    assert_eq!((bad.finding, bad.found.as_str()), (Finding::Bad, "spectre_v2"));
    assert!(bad.mend.is_some_and(|mend| mend.contains("mitigations=off") && mend.contains("security")));
}

#[test]
fn cores_that_others_use() {
    let facts = facts("4-5", &[]);
    let measured = Measured { loads: [load(4, 5, 0), load(5, 50, 15)].into(), ..quiet() };
    let busy = named("load", &facts, &measured);
    assert_eq!((busy.finding, busy.found.as_str()), (Finding::Bad, "core 5 50 %"));
    assert!(busy.mend.is_some_and(|mend| mend.contains("awk '$1 == 5'")));
    let stolen = named("stolen time", &facts, &measured);
    assert_eq!((stolen.finding, stolen.found.as_str()), (Finding::Bad, "core 5 15 %"));
}

#[test]
fn gaps_say_which_percentiles_mean_nothing() {
    let facts = facts("4-5", &[]);
    let gaps = Hiccups::of(5, Duration::from_millis(500), &[1_000_000, 4_000]);
    let measured = Measured { hiccups: vec![quiet().hiccups.remove(0), gaps], ..quiet() };
    let bad = named("hiccups", &facts, &measured);
    assert_eq!(
        (bad.finding, bad.found.as_str()),
        (
            Finding::Bad,
            "core 4 none of 10 us in 500 ms, the longest 2 us; core 5 1 of 10 us or more in 500 ms, the longest 1001 us"
        )
    );
    // A thousandth of 500 ms is 0.5 ms: two thousandths of the time are gone.
    let json = serde_json::to_value(Percentiles::of(&measured.hiccups, facts.usable.len())).expect("plain fields");
    assert_eq!(json["meaningless"], serde_json::json!(["p99.9", "p99.99", "p99.999", "max"]));
    let text = &Percentiles::of(&measured.hiccups, facts.usable.len()).lines()[0];
    assert!(
        text.starts_with("Percentiles above p99.79") && text.ends_with("p99.9, p99.99, p99.999, max mean nothing."),
        "{text}"
    );
}

#[test]
fn cores_that_are_far_apart() {
    let far = CoreToCore { a: 4, b: 5, bounces: 1_000, min_ns: 230, median_ns: 245 };
    let bad = named("core to core", &facts("4-5", &[]), &Measured { core_to_core: vec![far], ..quiet() });
    assert_eq!((bad.finding, bad.found.as_str()), (Finding::Bad, "4 to 5 245 ns, at best 230"));
    // Where somebody else had the cores meanwhile, only the median is large.
    let disturbed = CoreToCore { min_ns: 60, ..far };
    let ok = named("core to core", &facts("4-5", &[]), &Measured { core_to_core: vec![disturbed], ..quiet() });
    assert_eq!(ok.finding, Finding::Ok);
}
