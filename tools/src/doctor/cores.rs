//! Checks of the cores: how many there are, how fast they run, and who else comes to them.

use novate_bench::machine::{CoreList, PIPELINE_THREADS};

use super::Check;
use super::facts::{Facts, Measured};
use super::measured::{BUSY_PERCENT, loads_text};

pub(super) fn count(facts: &Facts) -> Check {
    const NAME: &str = "cores";
    const WHY: &str = "Threads that share a core wait for each other's time slices, which are milliseconds.";
    let (usable, count) = (&facts.usable, facts.usable.len());
    if usable.is_empty() {
        return Check::unknown(NAME, WHY);
    }
    if count >= PIPELINE_THREADS {
        return Check::ok(NAME, WHY, format!("{count} cores for the {PIPELINE_THREADS} threads of a pipeline"));
    }
    let found = format!("{count} for the {PIPELINE_THREADS} threads of a pipeline: {usable}");
    let online = facts.machine.cores_online.clone().unwrap_or_default();
    let mend = if online.len() >= PIPELINE_THREADS {
        format!("taskset -c {online} novate doctor")
    } else {
        format!("none here: a machine with {PIPELINE_THREADS} cores, or fewer threads")
    };
    Check::bad(NAME, WHY, found, mend)
}

pub(super) fn governor(facts: &Facts) -> Check {
    const NAME: &str = "governor";
    const WHY: &str = "A core that slowed down while it was idle takes the next command slowly.";
    let has = |cores: &CoreList| !cores.and(&facts.cores).is_empty();
    let governors = facts.machine.governors.iter().filter(|(_, cores)| has(cores));
    let (fast, slow): (Vec<_>, Vec<_>) =
        governors.filter(|(name, _)| *name != "unknown").partition(|(name, _)| *name == "performance");
    if !slow.is_empty() {
        let found: Vec<String> =
            slow.iter().map(|(name, cores)| format!("{name} on {}", cores.and(&facts.cores))).collect();
        return Check::bad(
            NAME,
            WHY,
            found.join(", "),
            format!("cpupower -c {} frequency-set -g performance", facts.cores),
        );
    }
    if fast.is_empty() { Check::unknown(NAME, WHY) } else { Check::ok(NAME, WHY, "performance") }
}

pub(super) fn siblings(facts: &Facts, measured: &Measured) -> Check {
    const NAME: &str = "SMT siblings";
    const WHY: &str = "Two threads on one core share its execution units and first-level cache.";
    let Facts { machine, cores, .. } = facts;
    if machine.cores_online.is_none() || cores.is_empty() {
        return Check::unknown(NAME, WHY);
    }
    let groups: Vec<&CoreList> = machine.siblings_of(cores).collect();
    if let Some(group) = groups.iter().find(|group| group.and(cores).len() > 1) {
        let shared = group.and(cores);
        return Check::bad(NAME, WHY, format!("{shared} are one core"), other_cores(facts, &shared));
    }
    let others = groups.into_iter().flat_map(CoreList::iter).collect::<CoreList>().without(cores);
    if others.is_empty() {
        return Check::ok(NAME, WHY, "none online");
    }
    let loads: Vec<_> =
        others.iter().filter_map(|core| Some((core, measured.loads.get(&core)?.busy_percent))).collect();
    if loads.is_empty() {
        return Check { found: format!("{others}, of unknown load"), ..Check::unknown(NAME, WHY) };
    }
    let busy: Vec<_> = loads.iter().copied().filter(|(_, percent)| *percent >= BUSY_PERCENT).collect();
    if busy.is_empty() {
        return Check::ok(NAME, WHY, format!("idle: {}", loads_text(&loads)));
    }
    let mend = busy.iter().map(|(core, _)| format!("echo 0 > /sys/devices/system/cpu/cpu{core}/online"));
    Check::bad(NAME, WHY, format!("busy: {}", loads_text(&busy)), mend.collect::<Vec<_>>().join("; "))
}

/// The same look at cores that share nothing, if there are as many.
fn other_cores(facts: &Facts, shared: &CoreList) -> String {
    let first_of_group = |core: &usize| {
        let group = facts.machine.siblings.iter().find(|group| group.contains(*core));
        group.is_none_or(|group| group.and(&facts.usable).iter().next() == Some(*core))
    };
    let apart: Vec<usize> = facts.usable.iter().filter(first_of_group).collect();
    let last: CoreList = apart.into_iter().rev().take(facts.cores.len()).collect();
    if last.len() > 1 {
        format!("novate doctor --cores {last}")
    } else {
        format!("novate doctor --cores {}", shared.iter().take(1).collect::<CoreList>())
    }
}

pub(super) fn isolation(facts: &Facts) -> Check {
    const NAME: &str = "isolated cores";
    const WHY: &str = "The scheduler puts any thread of any program on a core that is not isolated.";
    let Some(isolated) = facts.machine.isolated.as_ref().filter(|_| !facts.cores.is_empty()) else {
        return Check::unknown(NAME, WHY);
    };
    let open = facts.cores.without(isolated);
    if open.is_empty() {
        return Check::ok(NAME, WHY, facts.cores.to_string());
    }
    let others = isolated.and(&facts.usable);
    if others.len() >= facts.cores.len() {
        let found = format!("{open} not isolated, but {others}");
        return Check::bad(NAME, WHY, found, format!("novate doctor --cores {others}"));
    }
    Check::bad(NAME, WHY, format!("{open} not isolated"), boot_parameters(facts))
}

pub(super) fn timer_tick(facts: &Facts) -> Check {
    const NAME: &str = "timer tick";
    const WHY: &str = "The kernel interrupts a core up to 1,000 times a second to look after it.";
    let Some(tickless) = facts.machine.nohz_full.as_ref().filter(|_| !facts.cores.is_empty()) else {
        return Check::unknown(NAME, WHY);
    };
    let ticking = facts.cores.without(tickless);
    if ticking.is_empty() {
        return Check::ok(NAME, WHY, format!("none on {}", facts.cores));
    }
    Check::bad(NAME, WHY, format!("on {ticking}"), boot_parameters(facts))
}

/// What takes everybody else from the cores. The kernel keeps at least one for itself.
fn boot_parameters(facts: &Facts) -> String {
    let kept = others(facts);
    let isolated = facts.usable.or(&facts.cores).and(&facts.cores).without(&kept);
    if isolated.is_empty() {
        return "none here: a machine with more than one core".into();
    }
    format!(
        "boot parameters isolcpus={isolated} nohz_full={isolated} rcu_nocbs={isolated} irqaffinity={kept}; \
         then novate doctor --cores {isolated}"
    )
}

/// The cores online that are not looked at; if all are, the first one.
fn others(facts: &Facts) -> CoreList {
    let online = facts.machine.cores_online.clone().unwrap_or_default();
    let others = online.without(&facts.cores);
    if others.is_empty() { online.iter().take(1).collect() } else { others }
}

pub(super) fn interrupts(facts: &Facts) -> Check {
    const NAME: &str = "interrupts";
    const WHY: &str = "A device's interrupt takes the core from its thread for microseconds.";
    /// More are not named one by one.
    const NAMED_MAX: usize = 8;
    let Some(all) = facts.interrupts.as_ref().filter(|all| !all.is_empty() && !facts.cores.is_empty()) else {
        return Check::unknown(NAME, WHY);
    };
    let comes = |cores: &CoreList| !cores.and(&facts.cores).is_empty();
    let landing = all.iter().filter(|interrupt| comes(&interrupt.came.and(&interrupt.affinity)));
    let numbers: Vec<String> = landing.map(|interrupt| interrupt.number.to_string()).collect();
    if numbers.is_empty() {
        return Check::ok(NAME, WHY, format!("none of {} on {}", all.len(), facts.cores));
    }
    let more = if numbers.len() > NAMED_MAX { ", ..." } else { "" };
    let found = format!(
        "{} on {}: {}{more}",
        numbers.len(),
        facts.cores,
        numbers.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ")
    );
    let online = facts.machine.cores_online.clone().unwrap_or_default();
    let elsewhere = others(facts);
    let moving = format!(
        "systemctl stop irqbalance; for irq in {}; do echo {elsewhere} > /proc/irq/$irq/smp_affinity_list; done",
        numbers.join(" ")
    );
    let left = facts.cores.without(&elsewhere);
    let mend = match (left == facts.cores, left.is_empty()) {
        (true, _) => moving,
        (false, false) => format!("{moving}; then novate doctor --cores {left}"),
        (false, true) => format!("none here: {online} is all there is"),
    };
    Check::bad(NAME, WHY, found, mend)
}
