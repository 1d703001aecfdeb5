//! A scenario file: one command or check a line, `#` begins a comment.

use std::io::Read;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use novate_core::genesis::Genesis;
use novate_core::units::TimeNs;

use super::capacity;
use super::check::Check;
use super::command::Command;
use super::config::Config;
use super::fields::{Place, enumerated};
use super::short;
use crate::error::Error;
use crate::input::Source;
use crate::text::quoted;

/// A scenario: what is sent to a new venue, and what must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The file as the user named it.
    pub(crate) file: String,
    /// What its venue begins with.
    pub(crate) config: Config,
    /// Where that stands, counted from 1; 1 if nowhere.
    pub(crate) config_line: u64,
    /// Its other lines that say something.
    pub(crate) lines: Vec<Line>,
}

/// A line of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Where it stands, counted from 1.
    pub(crate) number: u64,
    /// As it is written, without comment and with single blanks.
    pub(crate) text: String,
    /// What it says.
    pub(crate) statement: Statement,
}

/// What a line says.
#[derive(Clone, Debug)]
pub(crate) enum Statement {
    /// A command.
    Command(Command),
    /// A check.
    Check {
        /// Whether the test that the scenario was taken from does not assert it: a line `also`.
        is_also: bool,
        /// What is compared.
        check: Check,
    },
}

/// First words of lines that are no commands.
const CONFIG: &str = "config";
const EXPECT: &str = "expect";
const ALSO: &str = "also";

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// The file is unreadable, or a line is no command and no check.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let source = Source::File(path.to_owned());
        let file = source.name();
        let mut bytes = Vec::new();
        let mut input = source.open(&ProgressBar::hidden())?;
        input.read_to_end(&mut bytes).map_err(|cause| Error::data(&file, 1, "readable data", cause.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
            Error::data(&file, line as u64, "text in UTF-8", "other bytes")
        })?;
        Self::parse(file, &text)
    }

    fn parse(file: String, text: &str) -> Result<Self, Error> {
        let mut scenario = Self { file, config: Config::default(), config_line: 1, lines: Vec::new() };
        let (mut is_configured, mut trades_before, mut time, mut last) = (false, 0, TimeNs::ZERO, 1);
        for (number, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            last = number;
            let words: Vec<&str> = text.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
            let Some((first, rest)) = words.split_first() else { continue };
            let place = Place { file: &scenario.file, line: number };
            if *first == CONFIG {
                if is_configured || !scenario.lines.is_empty() {
                    return Err(place.error("config once, before commands and checks", "it after one"));
                }
                (scenario.config, scenario.config_line, is_configured) = (Config::parse(place, rest)?, number, true);
                continue;
            }
            let statement = parse_statement(place, first, rest, trades_before)?;
            match &statement {
                Statement::Command(Command::Time { time: next }) if *next < time => {
                    return Err(place.error(format!("ns to be {time} or later"), quoted(&next.to_string())));
                }
                Statement::Command(command) => {
                    trades_before = 0;
                    if let Command::Time { time: next } = command {
                        time = *next;
                    }
                }
                Statement::Check { check: Check::Trade { .. }, .. } => trades_before += 1,
                Statement::Check { .. } => {}
            }
            scenario.lines.push(Line { number, text: words.join(" "), statement });
        }
        // A file that was cut off would pass otherwise.
        if !scenario.lines.iter().any(|line| matches!(line.statement, Statement::Check { .. })) {
            return Err(Error::data(&scenario.file, last, "a check somewhere", "the end of the file without one"));
        }
        scenario.genesis().validate().map_err(|cause| scenario.config_error("sizes in range", cause.to_string()))?;
        Ok(scenario)
    }

    /// What its engine begins with.
    pub(crate) fn genesis(&self) -> Genesis {
        let mut genesis = capacity::genesis(self.commands());
        self.config.resize(&mut genesis);
        genesis
    }

    /// A complaint about the line `config`.
    pub(crate) fn config_error(&self, expected: &str, found: impl Into<String>) -> Error {
        Error::data(&self.file, self.config_line, format!("config with {expected}"), found)
    }

    /// Whether a check that belongs to the command in this place states that it is rejected.
    pub(crate) fn states_rejection(&self, place: usize) -> bool {
        let checks = self.lines[place + 1..].iter().map_while(|line| match &line.statement {
            Statement::Check { check, .. } => Some(check),
            Statement::Command(_) => None,
        });
        checks.into_iter().any(Check::states_rejection)
    }

    /// The commands, in order.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.lines.iter().filter_map(|line| match &line.statement {
            Statement::Command(command) => Some(command),
            Statement::Check { .. } => None,
        })
    }
}

fn parse_statement(place: Place<'_>, first: &str, rest: &[&str], trades_before: usize) -> Result<Statement, Error> {
    match first {
        EXPECT | ALSO => {
            let (name, words) = rest.split_first().map_or(("", rest), |(name, words)| (*name, words));
            let unknown =
                || place.error(format!("a check, {}", enumerated(Check::NAMES.iter().copied(), "or")), quoted(name));
            let check = Check::parse(place, name, words, trades_before)?.ok_or_else(unknown)?;
            Ok(Statement::Check { is_also: first == ALSO, check })
        }
        name => {
            let names = Command::NAMES.iter().copied().chain(short::words()).chain([CONFIG, EXPECT, ALSO]);
            let unknown = || place.error(enumerated(names, "or"), quoted(name));
            Ok(Statement::Command(Command::parse(place, name, rest)?.ok_or_else(unknown)?))
        }
    }
}

/// The scenario files that a path names: itself, or all files `*.nsf` in the folder and its folders, in order. Links to
/// folders are not followed, since they may lead in circles.
///
/// # Errors
/// There is no such path, a folder cannot be read, or none of these files is in it.
pub(crate) fn find_files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |path: &Path, cause| Error::Open { file: path.display().to_string(), cause };
    let metadata = path.metadata().map_err(|cause| unreadable(path, cause))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let (mut files, mut folders) = (Vec::new(), vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().map_err(|cause| unreadable(&folder, cause))? {
            let entry = entry.map_err(|cause| unreadable(&folder, cause))?;
            let kind = entry.file_type().map_err(|cause| unreadable(&entry.path(), cause))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|extension| extension == "nsf") {
                let path = entry.path();
                // A pipe would be waited for.
                if !path.metadata().map_err(|cause| unreadable(&path, cause))?.is_file() {
                    let message = format!("{}: expected a file, found a pipe, socket or device", path.display());
                    return Err(Error::Usage(message));
                }
                files.push(path);
            }
        }
    }
    if files.is_empty() {
        let message = format!("{}: expected a folder with files *.nsf in it, found none", path.display());
        return Err(Error::Usage(message));
    }
    files.sort();
    Ok(files)
}
