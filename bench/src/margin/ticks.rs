//! The slowest command while an index ticks: each tick has the arrays of all instruments made anew, and then all
//! accounts added up, a little with every command.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use novate_core::command::{Command, CommandRecord};
use novate_core::engine::effort::{Bounds, age_max};
use novate_core::event::Event;
use novate_core::ids::{AccountId, ClientOrderId};
use novate_core::sink::EventSink;
use novate_core::terms::{MarginModel, Side};
use novate_core::units::{CashAtoms, Sequence, TimeNs};

use super::stage::{Heard, Stage, places};
use super::venue::{Board, INDEX, Operator, Trader, account};
use super::{Contestant, Duel, Goal, Plan, Run, Ticks};
use crate::novate::COMMAND_INTERVAL_NS;
use crate::records::Records;
use crate::workload::random::Random;

/// Instruments in four expiries, and accounts that hold some of them.
const EXPIRIES: u32 = 4;
const OPTIONS: usize = 250;
const ACCOUNTS: usize = 10_000;
/// Options of each expiry that an account holds.
const HELD: u32 = 2;
/// Ticks, and commands behind each.
const TICKS: usize = 1_000;
/// Ticks before these, for which no command is timed: what is done for the first time misses every cache, its code included.
const TICKS_BEFORE: usize = 300;
const ORDERS_BETWEEN: usize = 9;
/// Orders that rest meanwhile, entered before the first tick.
const RESTING: usize = 1_000;
/// One order in so many takes one that rests.
const TAKES_ONE_IN: u32 = 8;
/// The index is off by so much, in turns to either side.
const STEP: i64 = INDEX.0 / 1_000;
/// Runs of which each command's least time is taken.
const RUNS: usize = 20;
/// Nanoseconds for a command, and for each instrument that its account holds.
const GOAL: f64 = 300.0;
const GOAL_EACH: f64 = 10.0;
/// The stream that accounts are drawn from.
const SEED: u64 = 42;

pub(super) fn duel(plan: Plan) -> io::Result<Duel> {
    let board = Board {
        model: MarginModel::Portfolio,
        accounts: plan.units(ACCOUNTS) as u32,
        expiries: EXPIRIES,
        options: plan.units(OPTIONS).next_multiple_of(2) as u32,
        held: HELD,
        orders: (RESTING + TICKS_BEFORE + TICKS) as u32,
        is_in_doubt: false,
    };
    let replayed = |has_ticks| {
        let (mut stage, mut trader, mut operator) = board.stage(true)?;
        let mut script = Script::new(stage.begin()?.sequence(), has_ticks);
        script.write(&board, [TICKS_BEFORE, TICKS].map(|ticks| plan.units(ticks)), (&mut trader, &mut operator));
        io::Result::Ok(Replayed { stage, script, runs: plan.units(RUNS) })
    };
    let (mut subject, peer) = (replayed(true)?, replayed(false)?);
    let ticks = subject.observe(&board)?;
    let goal = GOAL + GOAL_EACH * f64::from(board.holdings());
    Ok(Duel {
        unit: "slowest command",
        units: 1,
        goal: Goal::Extra(goal),
        subject: Box::new(subject),
        peer: Box::new(peer),
        ticks: Some(ticks),
    })
}

/// An order that rests.
#[derive(Clone, Copy)]
struct Resting {
    index: u32,
    holding: u32,
    side: Side,
    name: ClientOrderId,
}

/// Commands, with or without ticks between them.
struct Script {
    records: Records,
    /// The command before the next.
    last: Sequence,
    has_ticks: bool,
    resting: VecDeque<Resting>,
    takes: usize,
    /// Commands before the first that is timed.
    lead: usize,
}

impl Script {
    fn new(last: Sequence, has_ticks: bool) -> Self {
        let (records, resting) = (Records::default(), VecDeque::new());
        Self { records, last, has_ticks, resting, takes: 0, lead: 0 }
    }

    fn push<C: CommandRecord>(&mut self, record: &C) {
        self.records.push(record);
        self.last.0 += 1;
    }

    /// Writes orders that rest, ticks that are not timed, and those that are, with other commands behind each.
    fn write(&mut self, board: &Board, ticks: [usize; 2], (trader, operator): (&mut Trader, &mut Operator)) {
        let mut random = Random::new(SEED);
        for _ in 0..RESTING {
            self.enter(board, trader, &mut random);
        }
        let [before, timed] = ticks;
        for tick in 0..before + timed {
            if tick == before {
                self.lead = self.records.len();
            }
            if self.has_ticks {
                let step = if tick.is_multiple_of(2) { STEP } else { -STEP };
                let time = TimeNs((self.last.0 + 1) * COMMAND_INTERVAL_NS);
                self.push(&operator.tick(CashAtoms(INDEX.0 + step), time));
            }
            for number in 0..ORDERS_BETWEEN {
                match self.resting.front().copied() {
                    Some(oldest) if number % 2 == 1 => {
                        self.resting.pop_front();
                        self.end(board, trader, oldest, random.below(TAKES_ONE_IN) == 0);
                    }
                    _ => self.enter(board, trader, &mut random),
                }
            }
        }
    }

    /// An order of any account in something that it holds, which rests.
    fn enter(&mut self, board: &Board, trader: &mut Trader, random: &mut Random) {
        let (index, holding) = (random.below(board.accounts), random.below(board.holdings()));
        let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let instrument = board.instrument(index, holding);
        let (order, name) = trader.order(account(index), instrument, (side, board.passive_price(side), 1));
        self.push(&order);
        self.resting.push_back(Resting { index, holding, side, name });
    }

    /// Cancels an order, or takes it: by an account that holds the same.
    fn end(&mut self, board: &Board, trader: &mut Trader, order: Resting, is_taken: bool) {
        let Resting { index, holding, side, name } = order;
        if !is_taken {
            self.push(&trader.cancel(account(index), name));
            return;
        }
        let options = board.options;
        let other = if index < options { index + options } else { index - options };
        let taking = if side == Side::Buy { Side::Sell } else { Side::Buy };
        let instrument = board.instrument(other, holding);
        let (order, _) = trader.order(account(other), instrument, (taking, board.passive_price(side), 1));
        self.push(&order);
        self.takes += 1;
    }
}

/// A script that is played some times; its time is that of the slowest command that is timed.
struct Replayed {
    stage: Stage,
    script: Script,
    runs: usize,
}

impl Contestant for Replayed {
    fn run(&mut self) -> io::Result<Run> {
        let mut least = vec![Duration::MAX; self.script.records.len()];
        let (mut hash, mut is_right) = (String::new(), true);
        for _ in 0..self.runs {
            let mut engine = self.stage.begin()?;
            let mut heard = Heard::default();
            let commands = places(engine.sequence()).zip(self.script.records.iter());
            for (((sequence, time), command), least) in commands.zip(&mut least) {
                let start = Instant::now();
                engine.apply(sequence, time, command, &mut heard).map_err(io::Error::other)?;
                *least = start.elapsed().min(*least);
            }
            is_right &= heard == Heard { fills: self.script.takes, refusals: 0 };
            hash = engine.events_digest().to_string();
        }
        let elapsed = least.into_iter().skip(self.script.lead).max().unwrap_or_default();
        Ok(Run { elapsed, hash, is_right })
    }
}

impl Replayed {
    /// Plays the script once, looks at what each command does beside its own business, and at how old arrays become.
    fn observe(&mut self, board: &Board) -> io::Result<Ticks> {
        let mut engine = self.stage.begin()?;
        let mut published = Published::default();
        let instruments = board.instruments().into();
        let age_bound = age_max(instruments, instruments, 1);
        let mut most = Ticks { age_commands: 0, age_bound, publications: 0, arrays: 0, records: 0 };
        for ((sequence, time), command) in places(engine.sequence()).zip(self.script.records.iter()) {
            let decoded = Command::decode(command.words());
            let named = decoded.header().map_or(AccountId::NONE, |header| header.account);
            let bounds = Bounds::of(&decoded, engine.records(named).unwrap_or_default());
            let mut sink: &mut dyn EventSink = &mut published;
            engine.apply(sequence, time, command, &mut sink).map_err(io::Error::other)?;
            let effort = engine.effort();
            if !bounds.hold(&effort) {
                return Err(io::Error::other(format!("a command did too much: {effort:?}, at most {bounds:?}")));
            }
            most.arrays = most.arrays.max(effort.arrays);
            most.records = most.records.max(effort.swept.records);
        }
        if published.age_max > age_bound {
            return Err(io::Error::other(format!("arrays were {} commands old: {most:?}", published.age_max)));
        }
        Ok(Ticks { age_commands: published.age_max, publications: published.count, ..most })
    }
}

/// Publications of arrays: how old those in force became, in commands.
#[derive(Default)]
struct Published {
    count: u64,
    /// Where the pass of the last began.
    begun: Sequence,
    age_max: u64,
}

impl EventSink for Published {
    fn emit(&mut self, event: Event<'_>) {
        if let Event::ArraysPublished(event) = event {
            if self.count > 0 {
                self.age_max = self.age_max.max(event.sequence.0 - self.begun.0);
            }
            (self.begun, self.count) = (event.begun, self.count + 1);
        }
    }
}
