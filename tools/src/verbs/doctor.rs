//! `novate doctor`: what on this machine spoils latency, and how to mend it. Changes nothing.

use clap::Args;
use novate_bench::machine::{CoreList, CoreToCore, HiccupSummary, Hiccups, Machine, System, can_run_on};
use serde::Serialize;

use super::Verdict;
use crate::doctor::{Check, Facts, Finding, Measured, Percentiles, examine};
use crate::error::Error;
use crate::output::{Listing, Output, tell};

/// Cores that are looked at where nothing is said: one for each side of a hand-over.
const CORES: usize = 2;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The cores that are to be measured on, as 2,3 or 2-5. Default: the last two, isolated ones first.
    #[arg(long, value_name = "A,B", value_parser = core_list)]
    cores: Option<CoreList>,
}

/// Reads a list of at least one core.
fn core_list(text: &str) -> Result<CoreList, String> {
    let cores = CoreList::parse(text).filter(|cores| !cores.is_empty());
    cores.ok_or_else(|| "expected cores such as 2,3 or 2-5".to_owned())
}

/// The result as JSON.
#[derive(Serialize)]
struct DoctorObject {
    ok: usize,
    bad: usize,
    unknown: usize,
    cores: CoreList,
    percentiles: Percentiles,
    core_to_core: Vec<CoreToCore>,
    hiccups: Vec<HiccupSummary>,
    machine: Machine,
}

/// Reads, measures, and says what is bad.
pub(crate) fn doctor(args: &DoctorArgs, json: bool) -> Result<Verdict, Error> {
    let system = System::running();
    let machine = Machine::of(&system);
    if !cfg!(target_os = "linux") {
        tell("doctor knows Linux only; here everything is unknown");
    }
    let isolated = isolated(&machine);
    let usable = machine.cores_allowed.clone().unwrap_or_default().or(&isolated);
    let cores = choose(args.cores.as_ref(), &machine, &usable, &isolated)?;
    let measured = Measured::take(&system, &machine, &cores);
    let measured = measured.ok_or_else(|| {
        Error::Usage(format!(
            "expected --cores to be cores that this process may run on, found {cores}: the system refused"
        ))
    })?;
    let facts = Facts::read(&system, machine, usable, cores);
    let (checks, percentiles) = (examine(&facts, &measured), Percentiles::of(&facts, &measured));
    let is_right = !checks.iter().any(Check::is_bad);
    print(checks, percentiles, facts, measured, json)?;
    Ok(if is_right { Verdict::Right } else { Verdict::Wrong })
}

/// The isolated cores that the system lets this process run on. They are not among those that it may run on by itself.
fn isolated(machine: &Machine) -> CoreList {
    let isolated = machine.isolated.iter().flat_map(CoreList::iter);
    let is_online = |core: usize| machine.cores_online.as_ref().is_some_and(|online| online.contains(core));
    isolated.filter(|&core| is_online(core) && can_run_on(core)).collect()
}

/// The cores that were asked for, or the last ones; none on a system that tells of none.
fn choose(
    asked: Option<&CoreList>,
    machine: &Machine,
    usable: &CoreList,
    isolated: &CoreList,
) -> Result<CoreList, Error> {
    let Some(asked) = asked else {
        let last = if isolated.len() >= CORES { isolated } else { usable };
        return Ok(last.iter().rev().take(CORES).collect());
    };
    let wrong = asked.without(usable);
    if wrong.is_empty() {
        return Ok(asked.clone());
    }
    let there = machine.cores_online.clone().unwrap_or_default();
    let missing = wrong.without(&there);
    let what = if missing.is_empty() {
        format!("{wrong}, where this process may not run")
    } else {
        format!("{missing}, which is not there")
    };
    Err(Error::Usage(format!("expected --cores to be among {usable}, found {what}")))
}

fn print(
    checks: Vec<Check>,
    percentiles: Percentiles,
    facts: Facts,
    measured: Measured,
    json: bool,
) -> Result<(), Error> {
    let mut output = Output::new(json);
    let count = |finding| checks.iter().filter(|check| check.finding == finding).count();
    let [ok, bad, unknown] = [Finding::Ok, Finding::Bad, Finding::Unknown].map(count);
    let mut card = Listing::new();
    for (name, value) in facts.machine.lines() {
        card.row(name, &value);
    }
    card.row("looked at", &format!("cores {}", facts.cores));
    let mut listing = Listing::new();
    for Check { name, finding, found, why, mend } in &checks {
        listing.row(name, &format!("{}: {found}", finding.name()));
        if let Some(mend) = mend {
            listing.row("", why);
            listing.row("", &format!("mend: {mend}"));
        }
    }
    let sentences = percentiles.lines().join("\n");
    let counts = format!("{ok} ok, {bad} bad, {unknown} unknown");
    output.text_line(&format!("{}\n\n{}\n\n{sentences}\n{counts}", card.lines(), listing.lines()));
    for check in checks {
        output.json_line(&check);
    }
    output.json_line(&DoctorObject {
        ok,
        bad,
        unknown,
        cores: facts.cores,
        percentiles,
        core_to_core: measured.core_to_core,
        hiccups: measured.hiccups.iter().map(Hiccups::summary).collect(),
        machine: facts.machine,
    });
    output.write()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(cores: &str) -> CoreList {
        CoreList::parse(cores).expect("a list of cores")
    }

    /// Four cores, of which two are this process's.
    fn machine() -> Machine {
        Machine { cores_online: Some(list("0-3")), ..Machine::of(&System::at("/nowhere/at/all")) }
    }

    #[test]
    fn the_last_cores_are_looked_at_and_isolated_ones_first() {
        let choose = |usable, isolated| choose(None, &machine(), &list(usable), &list(isolated)).expect("a choice");
        assert_eq!(choose("0-3", ""), list("2-3"));
        assert_eq!(choose("0-3", "0-1"), list("0-1"));
        assert_eq!(choose("0-3", "0"), list("2-3"));
        assert_eq!(choose("1", ""), list("1"));
        assert_eq!(choose("", ""), list(""));
    }

    #[test]
    fn cores_that_are_asked_for_must_be_usable() {
        let choose = |asked| choose(Some(&list(asked)), &machine(), &list("0-1"), &list(""));
        assert_eq!(choose("1").expect("one of two"), list("1"));
        let complaint = |asked| choose(asked).expect_err("not usable").to_string();
        assert_eq!(complaint("1-2"), "expected --cores to be among 0-1, found 2, where this process may not run");
        assert_eq!(complaint("2,7"), "expected --cores to be among 0-1, found 7, which is not there");
    }
}
