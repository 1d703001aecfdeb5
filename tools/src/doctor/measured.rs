//! Checks of what was measured.

use novate_bench::machine::core_to_core::FAR_NS;

use super::Check;
use super::facts::{Facts, Measured};

/// From here on a core is busy. Two readings 200 ms apart tell no less than 5 % apart.
pub(super) const BUSY_PERCENT: u64 = 10;

/// `core 3 20 %, core 4 5 %`.
pub(super) fn loads_text(loads: &[(usize, u64)]) -> String {
    loads.iter().map(|(core, percent)| format!("core {core} {percent} %")).collect::<Vec<_>>().join(", ")
}

pub(super) fn load(facts: &Facts, measured: &Measured) -> Check {
    const NAME: &str = "load";
    const WHY: &str = "Whatever else runs on a core stops the thread that is measured there.";
    let loads: Vec<_> = loads(facts, measured).map(|(core, busy, _)| (core, busy)).collect();
    if loads.is_empty() {
        return Check::unknown(NAME, WHY);
    }
    let busy: Vec<_> = loads.iter().copied().filter(|(_, percent)| *percent >= BUSY_PERCENT).collect();
    if busy.is_empty() {
        return Check::ok(NAME, WHY, loads_text(&loads));
    }
    let cores: Vec<String> = busy.iter().map(|(core, _)| format!("$1 == {core}")).collect();
    let mend = format!(
        "ps -eLo psr,pcpu,tid,comm --sort=-pcpu | awk '{}' names who runs there; taskset -p -c CORE TID sends it elsewhere",
        cores.join(" || ")
    );
    Check::bad(NAME, WHY, loads_text(&busy), mend)
}

pub(super) fn stolen_time(facts: &Facts, measured: &Measured) -> Check {
    const NAME: &str = "stolen time";
    const WHY: &str = "While the host runs something else on the core, everything in the virtual machine stands still.";
    const MEND: &str = "none from inside: a host of one's own, or on the host virsh vcpupin";
    let loads: Vec<_> = loads(facts, measured).map(|(core, _, stolen)| (core, stolen)).collect();
    if loads.is_empty() {
        return Check::unknown(NAME, WHY);
    }
    let stolen: Vec<_> = loads.into_iter().filter(|(_, percent)| *percent > 0).collect();
    if stolen.is_empty() { Check::ok(NAME, WHY, "none") } else { Check::bad(NAME, WHY, loads_text(&stolen), MEND) }
}

/// Core, busy and stolen per cent of the cores that are looked at.
fn loads(facts: &Facts, measured: &Measured) -> impl Iterator<Item = (usize, u64, u64)> {
    let load = |core| measured.loads.get(&core).map(|load| (core, load.busy_percent, load.stolen_percent));
    facts.cores.iter().filter_map(load)
}

pub(super) fn hiccups(measured: &Measured) -> Check {
    const NAME: &str = "hiccups";
    const WHY: &str = "A thread that does nothing but read the clock was kept from it: so is every other.";
    const MEND: &str =
        "what is bad above; what remains is below the kernel, and `hwlatdetect --duration=60` measures it";
    let summaries: Vec<_> = measured.hiccups.iter().map(novate_bench::machine::Hiccups::summary).collect();
    if summaries.is_empty() {
        return Check::unknown(NAME, WHY);
    }
    let found: Vec<String> = summaries
        .iter()
        .map(|summary| {
            let (ms, longest_us) = (summary.elapsed_ns / 1_000_000, summary.max_ns.div_ceil(1_000));
            let [all, long, ..] = summary.gaps.map(|gap| gap.count);
            match long {
                0 if all == 0 => format!("core {} none in {ms} ms", summary.core),
                0 => format!("core {} none of 10 us in {ms} ms, the longest {longest_us} us", summary.core),
                long => {
                    format!("core {} {long} of 10 us or more in {ms} ms, the longest {longest_us} us", summary.core)
                }
            }
        })
        .collect();
    if summaries.iter().all(|summary| summary.long_ppm == 0) {
        Check::ok(NAME, WHY, found.join("; "))
    } else {
        Check::bad(NAME, WHY, found.join("; "), MEND)
    }
}

pub(super) fn core_to_core(measured: &Measured) -> Check {
    const NAME: &str = "core to core";
    const WHY: &str = "Every command crosses from core to core at least twice on its way through a pipeline.";
    const MEND: &str =
        "lscpu --extended=CPU,SOCKET,CACHE shows which cores share their last cache: choose those with --cores";
    let found: Vec<String> = measured
        .core_to_core
        .iter()
        .map(|pair| format!("{} to {} {} ns, at best {}", pair.a, pair.b, pair.median_ns, pair.min_ns))
        .collect();
    if found.is_empty() {
        return Check { found: "not measured: it takes two cores".into(), ..Check::unknown(NAME, WHY) };
    }
    // The best time is that of the way between them; the median also knows who else was there.
    if measured.core_to_core.iter().any(|pair| pair.min_ns >= u64::from(FAR_NS)) {
        Check::bad(NAME, WHY, found.join("; "), MEND)
    } else {
        Check::ok(NAME, WHY, found.join("; "))
    }
}
