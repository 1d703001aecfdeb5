//! `novate doctor`: what on this machine spoils latency, and how to mend it. Changes nothing.

use clap::Args;
use novate_bench::machine::{CoreList, CoreToCore, HiccupSummary, Hiccups, Machine, Percentiles, System};
use serde::Serialize;

use super::Verdict;
use crate::cores::{Usable, core_list};
use crate::doctor::{Check, Facts, Finding, Measured, examine};
use crate::error::Error;
use crate::output::{Listing, Output, tell};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The cores that are to be measured on, as 2,3 or 2-5. Default: the last two, isolated ones first.
    #[arg(long, value_name = "A,B", value_parser = core_list)]
    cores: Option<CoreList>,
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
    let usable = Usable::of(&machine);
    let cores = usable.choose(args.cores.as_ref(), &machine)?;
    let measured = Measured::take(&system, &machine, &cores);
    let measured = measured.ok_or_else(|| {
        Error::Usage(format!(
            "expected --cores to be cores that this process may run on, found {cores}: the system refused"
        ))
    })?;
    let facts = Facts::read(&system, machine, usable.all, cores);
    let (checks, percentiles) = (examine(&facts, &measured), Percentiles::of(&measured.hiccups, facts.usable.len()));
    let is_right = !checks.iter().any(Check::is_bad);
    print(checks, percentiles, facts, measured, json)?;
    Ok(if is_right { Verdict::Right } else { Verdict::Wrong })
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
