//! Cores that a verb is told to measure on, or chooses.

use novate_bench::machine::{CoreList, Machine, can_run_on};

use crate::error::Error;

/// Cores that are chosen where nothing is said: one for each side of a hand-over.
const CORES: usize = 2;

/// Reads a list of at least one core.
pub(crate) fn core_list(text: &str) -> Result<CoreList, String> {
    let cores = CoreList::parse(text).filter(|cores| !cores.is_empty());
    cores.ok_or_else(|| "expected cores such as 2,3 or 2-5".to_owned())
}

/// Cores that threads of this process can be pinned to.
pub(crate) struct Usable {
    /// All of them.
    pub(crate) all: CoreList,
    /// Those that the scheduler puts nothing on by itself. They are not among those that the process may run on by itself.
    isolated: CoreList,
}

impl Usable {
    /// Tries the isolated ones.
    pub(crate) fn of(machine: &Machine) -> Self {
        let is_online = |core: usize| machine.cores_online.as_ref().is_some_and(|online| online.contains(core));
        let isolated = machine.isolated.iter().flat_map(CoreList::iter);
        let isolated = isolated.filter(|&core| is_online(core) && can_run_on(core)).collect();
        Self { all: machine.cores_allowed.clone().unwrap_or_default().or(&isolated), isolated }
    }

    /// The cores that were asked for, or the last ones; none on a system that tells of none.
    pub(crate) fn choose(&self, asked: Option<&CoreList>, machine: &Machine) -> Result<CoreList, Error> {
        let Some(asked) = asked else {
            let last = if self.isolated.len() >= CORES { &self.isolated } else { &self.all };
            return Ok(last.iter().rev().take(CORES).collect());
        };
        let wrong = asked.without(&self.all);
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
        Err(Error::Usage(format!("expected --cores to be among {}, found {what}", self.all)))
    }
}

#[cfg(test)]
mod tests {
    use novate_bench::machine::System;

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
        let choose = |all, isolated| {
            let usable = Usable { all: list(all), isolated: list(isolated) };
            usable.choose(None, &machine()).expect("a choice")
        };
        assert_eq!(choose("0-3", ""), list("2-3"));
        assert_eq!(choose("0-3", "0-1"), list("0-1"));
        assert_eq!(choose("0-3", "0"), list("2-3"));
        assert_eq!(choose("1", ""), list("1"));
        assert_eq!(choose("", ""), list(""));
    }

    #[test]
    fn cores_that_are_asked_for_must_be_usable() {
        let usable = Usable { all: list("0-1"), isolated: list("") };
        let choose = |asked| usable.choose(Some(&list(asked)), &machine());
        assert_eq!(choose("1").expect("one of two"), list("1"));
        let complaint = |asked| choose(asked).expect_err("not usable").to_string();
        assert_eq!(complaint("1-2"), "expected --cores to be among 0-1, found 2, where this process may not run");
        assert_eq!(complaint("2,7"), "expected --cores to be among 0-1, found 7, which is not there");
    }
}
