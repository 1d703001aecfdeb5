//! What on a machine spoils latency: [`facts`] are read and measured, each check is a function of them alone.

mod cores;
mod facts;
mod measured;
mod settings;

use serde::Serialize;

pub(crate) use self::facts::{Facts, Measured};

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Finding {
    /// As it should be.
    Ok,
    /// Spoils latency.
    Bad,
    /// It cannot be read.
    Unknown,
}

impl Finding {
    /// The word that people and programs see.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

/// One check, as people and programs see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    #[serde(rename = "check")]
    pub(crate) name: &'static str,
    #[serde(rename = "verdict")]
    pub(crate) finding: Finding,
    /// What was found.
    pub(crate) found: String,
    /// Why it matters, in a sentence.
    pub(crate) why: &'static str,
    /// The command that mends what is bad, or what else does.
    pub(crate) mend: Option<String>,
}

impl Check {
    fn ok(name: &'static str, why: &'static str, found: impl Into<String>) -> Self {
        Self { name, finding: Finding::Ok, found: found.into(), why, mend: None }
    }

    fn bad(name: &'static str, why: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, finding: Finding::Bad, found: found.into(), why, mend: Some(mend.into()) }
    }

    fn unknown(name: &'static str, why: &'static str) -> Self {
        Self { name, finding: Finding::Unknown, found: "the system does not tell".into(), why, mend: None }
    }

    /// Whether latency is spoilt by this.
    pub(crate) fn is_bad(&self) -> bool {
        self.finding == Finding::Bad
    }
}

/// Every check, in the order in which they are printed.
pub(crate) fn examine(facts: &Facts, measured: &Measured) -> Vec<Check> {
    vec![
        cores::count(facts),
        cores::governor(facts),
        cores::siblings(facts, measured),
        cores::isolation(facts),
        cores::timer_tick(facts),
        cores::interrupts(facts),
        settings::clock_source(facts),
        settings::huge_pages(facts),
        settings::compaction(facts),
        settings::locked_memory(facts),
        settings::realtime_priority(facts),
        settings::open_files(facts),
        settings::swap(facts),
        settings::mitigations(facts),
        measured::load(facts, measured),
        measured::stolen_time(facts, measured),
        measured::hiccups(measured),
        measured::core_to_core(measured),
    ]
}

#[cfg(test)]
mod tests;
