//! The loop that all fuzzers share: episodes of generated commands, each watched for more work than a command may do.

use std::collections::BTreeMap;

use novate_core::arena::Marks;
use novate_core::command::{CommandRecord, EndTradingDay, MassCancel, RawCommand};
use novate_core::engine::Engine;
use novate_core::event::{Cancelled, Event, OwnedEvent};
use novate_core::genesis::Genesis;
use novate_core::reject::CancelReason;
use novate_core::units::{Sequence, TimeNs};

use super::{Coverage, Finding, Generator};

/// Pieces of pending work (cancels, triggers) that one command does at most: 1,024 units of work, 16 for each.
const PIECES_MAX: u64 = 64;

/// A generated command.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) sequence: Sequence,
    pub(super) time: TimeNs,
    pub(super) words: Vec<u64>,
}

impl Made {
    /// The command as the engine takes it.
    pub(super) fn command(&self) -> RawCommand<'_> {
        RawCommand::new(&self.words)
    }
}

/// One episode under way.
#[derive(Debug)]
pub(super) struct Episode<'a> {
    /// Its seed.
    pub(super) seed: u64,
    /// Makes the commands.
    pub(super) generator: Generator,
    /// Commands made.
    pub(super) made: u64,
    /// How many there will be.
    pub(super) commands: u64,
    coverage: &'a mut Coverage,
}

/// Runs `commands` commands in episodes of at most `length`, the first with the given seed, each further one with the
/// next. `progress` is told the number of commands done after every episode.
pub(super) fn episodes(
    (seed, commands, length): (u64, u64, u64),
    begin: impl Fn(u64) -> Generator,
    progress: &mut dyn FnMut(u64),
    mut play: impl FnMut(&mut Episode<'_>) -> Result<(), String>,
) -> Result<Coverage, Box<Finding>> {
    let (mut coverage, mut seed) = (Coverage::default(), seed);
    while coverage.commands < commands {
        let count = length.min(commands - coverage.commands);
        let generator = begin(seed);
        let mut episode = Episode { seed, generator, made: 0, commands: count, coverage: &mut coverage };
        let result = play(&mut episode);
        result.map_err(|what| Box::new(Finding { seed, sequence: episode.made, what }))?;
        coverage.commands += count;
        seed = seed.wrapping_add(1);
        progress(coverage.commands);
    }
    Ok(coverage)
}

impl Episode<'_> {
    /// The configuration to begin with.
    pub(super) fn genesis(&self) -> Genesis {
        self.generator.world().genesis
    }

    /// The most of a kind that one command did.
    pub(super) fn most(&mut self) -> &mut BTreeMap<&'static str, u64> {
        &mut self.coverage.most
    }

    /// The next command, none at the end. `engine` has executed all before it.
    pub(super) fn next<M: Marks>(&mut self, engine: &Engine<'_, M>) -> Option<Made> {
        if self.made == self.commands {
            return None;
        }
        self.made += 1;
        let listed = self.generator.world().instruments.iter();
        let live =
            listed.filter_map(|known| engine.instrument(known.instrument)).map(|view| u64::from(view.orders)).sum();
        note(&mut self.coverage.most, "live orders", live);
        let (time, words) = self.generator.next_command(engine);
        Some(Made { sequence: Sequence(self.made), time, words })
    }

    /// Takes in what a command caused.
    pub(super) fn hear(&mut self, made: &Made, events: &[OwnedEvent]) -> Result<(), String> {
        let mut done = WorkDone::default();
        for event in events.iter().map(OwnedEvent::view) {
            self.generator.learn(&event);
            self.coverage.count(&event);
            done.count(&event);
        }
        done.note(&mut self.coverage.most);
        let kind = made.words.first().map_or(0, |word| *word as u16);
        // These two have a command's work of their own.
        let own = if kind == MassCancel::KIND || kind == EndTradingDay::KIND { PIECES_MAX } else { 0 };
        done.check(self.genesis().max_steps.into(), PIECES_MAX + own)
    }
}

/// The work of one command, as far as its events tell.
#[derive(Clone, Copy, Debug, Default)]
struct WorkDone {
    /// Fills, and makers cancelled on the way.
    steps: u64,
    /// Stop orders that fired.
    triggers: u64,
    /// Cancels by scans of mass cancels and of the day's end.
    scanned: u64,
    /// Cancels of what expired, pending work or steps.
    expired: u64,
    /// Cancels of an account whose protection tripped, pending work or steps.
    tripped: u64,
    /// Marks that were set.
    marks: u64,
    /// Arrays that the largest pass published: several commands made them.
    arrays: u64,
    /// Commands from the begin of a pass to its end.
    pass_commands: u64,
}

impl WorkDone {
    fn count(&mut self, event: &Event<'_>) {
        use CancelReason::{
            AuctionEnded, DayEnded, Expired, MassCancelled, PositionLimit, PositionTableFull, ProtectionTripped,
            ReduceOnly, SelfTrade,
        };
        match event {
            Event::Trade(_) | Event::Decremented(_) => self.steps += 1,
            Event::Triggered(_) => self.triggers += 1,
            Event::MarkPriceSet(_) => self.marks += 1,
            Event::ArraysPublished(published) => {
                self.arrays = self.arrays.max(published.instruments.into());
                self.pass_commands = self.pass_commands.max(published.sequence.0 - published.begun.0);
            }
            Event::Cancelled(cancelled) => {
                // What did not rest was a stop order that waited, one that had just triggered, or a taker.
                let rested = u64::from(cancelled.flags & Cancelled::RESTED);
                match CancelReason::from_code(cancelled.reason) {
                    Some(MassCancelled | DayEnded) => self.scanned += 1,
                    Some(Expired) => self.expired += rested,
                    Some(ProtectionTripped) => self.tripped += rested,
                    Some(SelfTrade | ReduceOnly | PositionLimit | PositionTableFull | AuctionEnded) => {
                        self.steps += rested;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn check(&self, steps_max: u64, pieces_max: u64) -> Result<(), String> {
        let pieces = self.triggers + self.scanned;
        let all = self.steps + pieces + self.expired + self.tripped;
        // Rounds have a budget as large as that of other work; one mark more may be set by command.
        if self.marks <= PIECES_MAX + 1
            && self.steps <= steps_max
            && pieces <= pieces_max
            && all <= steps_max + pieces_max
        {
            return Ok(());
        }
        Err(format!("too much work: {self:?}, but {steps_max} steps and {pieces_max} pieces are the most"))
    }

    /// Remembers the most of each that one command did.
    fn note(&self, most: &mut BTreeMap<&'static str, u64>) {
        let Self { steps, triggers, scanned, expired, tripped, marks, arrays, pass_commands } = *self;
        for (name, count) in [
            ("steps", steps),
            ("triggers", triggers),
            ("scanned", scanned),
            ("expired", expired),
            ("tripped", tripped),
            ("marks", marks),
            ("arrays", arrays),
            ("age of published arrays, in commands", pass_commands),
        ] {
            note(most, name, count);
        }
    }
}

pub(super) fn note(most: &mut BTreeMap<&'static str, u64>, name: &'static str, count: u64) {
    let known = most.entry(name).or_default();
    *known = count.max(*known);
}
