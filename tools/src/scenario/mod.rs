//! Scenarios: small files of commands and of what must come of them, each played on a venue of its own.
//!
//! `docs/SCENARIOS.md` says how they are written. A file is read whole before anything is played ([`parse`]), into typed
//! [`command`]s and [`check`]s. The [`venue`] turns commands into the engine's records (orders: [`entry`]) and its events
//! into [`facts`] ([`told`]); [`mod@compare`] answers checks from these and from the engine's queries. Any [`record`] can
//! be written, and looked into, by the names of its fields ([`tables`]), some by [`short`] ones. Nothing here decides
//! what matches.

mod capacity;
mod check;
mod command;
mod compare;
mod config;
mod entry;
mod facts;
mod fields;
mod parse;
mod record;
mod short;
mod stop;
mod tables;
mod told;
mod venue;

pub(crate) use self::parse::{Scenario, find_files};
pub(crate) use self::record::{Form, Reads, command_form, event_form, scenario_text, state_form};

use novate_core::arena::Arena;

use self::compare::compare;
use self::parse::{Line, Statement};
use self::stop::Stop;
use self::venue::Venue;
use crate::error::Error;

/// What a scenario came to.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    /// How many checks were compared.
    pub(crate) checks: u64,
    /// Where it failed, if it did.
    pub(crate) failure: Option<Failure>,
}

/// The first line that did not come to what it should.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Where it stands, counted from 1.
    pub(crate) line: u64,
    /// The line: a check, or a command that the engine lacks something for.
    pub(crate) check: String,
    /// What came of it instead.
    pub(crate) got: String,
}

/// Plays a scenario up to its first failure. With `only_expect` the checks `also` are left out.
///
/// # Errors
/// The engine cannot begin, or refuses what it must take.
pub(crate) fn play(scenario: &Scenario, only_expect: bool) -> Result<Played, Error> {
    let genesis = scenario.genesis();
    let mut arena = Arena::for_genesis(&genesis)
        .map_err(|cause| Error::engine("allocating the memory of a scenario's engine", cause))?;
    let mut venue = match Venue::open(arena.chunks_mut(), &genesis, &scenario.config) {
        Ok(venue) => venue,
        Err(Stop::Broken(error)) => return Err(error),
        Err(stop) => return Err(scenario.config_error("an instrument that can be listed", stop.to_string())),
    };
    let mut checks = 0;
    for (place, Line { number, text, statement }) in scenario.lines.iter().enumerate() {
        let went = match statement {
            Statement::Command(command) => venue.play(command, scenario.states_rejection(place)),
            Statement::Check { is_also: true, .. } if only_expect => Ok(()),
            Statement::Check { check, .. } => {
                checks += 1;
                compare(check, &venue)
            }
        };
        match went {
            Ok(()) => {}
            Err(Stop::Broken(Error::Engine { doing, cause })) => {
                return Err(Error::engine(doing, format!("{}:{number}: {cause}", scenario.file)));
            }
            Err(Stop::Broken(error)) => return Err(error),
            Err(stop) => {
                let failure = Failure { line: *number, check: text.clone(), got: stop.to_string() };
                return Ok(Played { checks, failure: Some(failure) });
            }
        }
    }
    Ok(Played { checks, failure: None })
}
