//! Clients of a primary that is killed: a process with a whole primary and its gateway is killed under load, at random
//! moments, is started again, and its clients send again whatever has no answer, and some of what has.
//!
//! After every kill the journal is replayed: nothing may have run twice, every client's commands must have run in their
//! order, and what was told must be there, event by event. Killing a process takes nothing from what the system has, so after
//! some kills the power is lost as well, in the simplest way: everything behind the last command that was said to be
//! durable is zeros, as in segments that nothing was written to. (What a disk may keep of it is the fuzzer
//! [`crash`](super::crash)'s part.)
//!
//! What clients send and when they are killed depends on the seed; how far they come until then does not.

mod audit;
mod client;
mod power;
mod process;
mod running;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use novate_core::event::{Event, EventWord};
use novate_core::ids::{AccountId, InstrumentId, SessionId};
use novate_journal::storage::{DiskStorage, Storage};

pub use self::process::{Start, serve};

use self::audit::{Audited, Found, Told, audit};
use self::client::Client;
use self::running::Running;
use self::wire::Kind;
use super::Finding;
use crate::workload::random::Random;

/// Clients, each with a session and an account.
const CLIENTS: usize = 4;
/// Commands of a client that have no answer, at most.
const UNANSWERED_MAX: usize = 64;
/// Outcomes that the engine remembers of each session.
const OUTCOME_WINDOW: u32 = 128;
/// Kills of primaries on one journal, at most; each goes on with what the one before left.
const JOURNAL_KILLS: u64 = 8;
/// The latest moment of a kill after the primary takes commands, in microseconds.
const KILL_AFTER_US: u32 = 120_000;
/// One of so many kills may come before, while the journal is opened.
const EARLY_ONE_IN: u32 = 4;
/// The latest moment of such a kill after the process was started.
const EARLY_KILL_AFTER_US: u32 = 20_000;
/// How long there is load before a primary is stopped in order.
const LOAD_BEFORE_STOP: Duration = Duration::from_millis(50);
/// One of so many messages has a client's session send again.
const RESEND_ONE_IN: u32 = 64;
/// How long a primary may say nothing.
const PATIENCE: Duration = Duration::from_mins(1);

const _: () = assert!(UNANSWERED_MAX <= OUTCOME_WINDOW as usize);

/// A mistake that is planted; a run must find it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ClientsCanary {
    /// No mistake.
    #[default]
    None,
    /// Clients that send what has no answer under new numbers.
    ResendAnew,
    /// A primary that tells events before they are durable.
    TellExecuted,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clients {
    /// Kills.
    pub kills: u64,
    /// Kills before the primary took commands.
    pub early: u64,
    /// Kills after which what was not durable was lost.
    pub losses: u64,
    /// Journals.
    pub journals: u64,
    /// Commands of clients that ran.
    pub commands: u64,
    /// Trades between them.
    pub trades: u64,
    /// Commands that were sent again, and answered by what had come of them.
    pub again: u64,
    /// Commands that had no answer when a primary was killed.
    pub unanswered: u64,
    /// Those of them that had run.
    pub unanswered_had_run: u64,
}

/// Kills primaries so many times. `program` is the binary `fuzz`, `folder` an empty folder for journals.
///
/// # Errors
/// The first thing that is wrong.
pub fn run(
    program: &Path,
    folder: &Path,
    (seed, kills): (u64, u64),
    canary: ClientsCanary,
    progress: &mut dyn FnMut(u64),
) -> Result<Clients, Box<Finding>> {
    let (mut done, mut seed) = (Clients::default(), seed);
    while done.kills < kills {
        let place = folder.join(seed.to_string());
        let mut journal = Journal::new(program, place.clone(), seed, canary);
        let kills = JOURNAL_KILLS.min(kills - done.kills);
        let removed = |error: std::io::Error| Found { sequence: 0, what: error.to_string() };
        journal
            .play(kills, &mut done, progress)
            .and_then(|()| std::fs::remove_dir_all(&place).map_err(removed))
            .map_err(|Found { sequence, what }| Box::new(Finding { seed, sequence, what }))?;
        done.journals += 1;
        seed = seed.wrapping_add(1);
    }
    Ok(done)
}

/// When a primary's life ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It is killed so long after it takes commands.
    Killed(Duration),
    /// It is killed so long after it was started.
    KilledEarly(Duration),
    /// Its clients leave, once all that they have sent is answered.
    InOrder,
}

/// A journal, and who sends.
struct Journal<'p> {
    program: &'p Path,
    place: PathBuf,
    storage: Arc<dyn Storage>,
    seed: u64,
    canary: ClientsCanary,
    random: Random,
    batch: bool,
    clients: Vec<Client>,
    told: Told,
    /// The last command that was said to be durable.
    durable: u64,
}

impl<'p> Journal<'p> {
    fn new(program: &'p Path, place: PathBuf, seed: u64, canary: ClientsCanary) -> Self {
        let storage: Arc<dyn Storage> = Arc::new(DiskStorage::new(&place));
        let mut random = Random::new(!seed);
        let batch = random.below(2) == 0;
        let (clients, told) = (Vec::new(), Told::default());
        Self { program, place, storage, seed, canary, random, batch, clients, told, durable: 0 }
    }

    /// So many primaries that are killed, and one that ends in order.
    fn play(&mut self, kills: u64, done: &mut Clients, progress: &mut dyn FnMut(u64)) -> Result<(), Found> {
        if self.place.exists() {
            return Err(self.found(format!("{} is there already; give a folder that is empty", self.place.display())));
        }
        for kill in 0..kills {
            let is_early = kill > 0 && self.random.below(EARLY_ONE_IN) == 0;
            let most = if is_early { EARLY_KILL_AFTER_US } else { KILL_AFTER_US };
            let after = Duration::from_micros(self.random.below(most).into());
            let was_ready = self.live(if is_early { End::KilledEarly(after) } else { End::Killed(after) })?;
            done.kills += 1;
            done.early += u64::from(!was_ready);
            // That mistake shows only then.
            if self.random.below(2) == 0 || self.canary == ClientsCanary::TellExecuted {
                power::lose(&self.storage, self.durable).map_err(|what| self.found(what))?;
                done.losses += 1;
            }
            let audited = audit(&self.storage, &self.clients, &self.told)?;
            self.count(&audited, done);
            if self.canary == ClientsCanary::ResendAnew {
                for (client, &executed) in self.clients.iter_mut().zip(&audited.executed) {
                    client.renumber(executed);
                }
            }
            progress(done.kills);
        }
        self.live(End::InOrder)?;
        let audited = audit(&self.storage, &self.clients, &self.told)?;
        for (client, &executed) in self.clients.iter().zip(&audited.executed) {
            if executed != client.sent.len() {
                let sent = client.sent.len();
                return Err(self.found(format!("{} sent {sent} commands, {executed} ran", client.session)));
            }
        }
        done.commands += audited.executed.iter().sum::<usize>() as u64;
        done.trades += audited.trades;
        done.again += audited.again;
        Ok(())
    }

    fn count(&self, audited: &Audited, done: &mut Clients) {
        for (client, &executed) in self.clients.iter().zip(&audited.executed) {
            let had_run = client.sent[..executed].iter().filter(|sent| sent.answer.is_none()).count();
            done.unanswered += client.unanswered() as u64;
            done.unanswered_had_run += had_run as u64;
        }
    }

    fn found(&self, what: String) -> Found {
        Found { sequence: self.told.last.0.0, what }
    }

    /// A primary's life; whether it came to taking commands.
    fn live(&mut self, end: End) -> Result<bool, Found> {
        self.live_until(end).map_err(|what| self.found(what))
    }

    fn live_until(&mut self, end: End) -> Result<bool, String> {
        let how = self.start();
        let mut running = Running::start(self.program, &self.place, how)?;
        let begin = Instant::now();
        let (mut ready, mut out) = (None, Vec::new());
        loop {
            let is_over = match end {
                End::Killed(after) => ready.is_some_and(|ready: Instant| ready.elapsed() >= after),
                End::KilledEarly(after) => begin.elapsed() >= after,
                End::InOrder => {
                    let is_quiet = self.clients.iter().all(Client::is_answered);
                    is_quiet && ready.is_some_and(|ready| ready.elapsed() >= LOAD_BEFORE_STOP)
                }
            };
            if is_over {
                break;
            }
            let Some((kind, words)) = running.heard()? else { continue };
            self.take(kind, &words, &mut out)?;
            if kind == Kind::Ready {
                ready = Some(Instant::now());
            }
            let ends = matches!(end, End::InOrder) && ready.is_some_and(|ready| ready.elapsed() >= LOAD_BEFORE_STOP);
            if ready.is_some() && !ends {
                self.send(&mut out);
            }
            running.say(&out)?;
            out.clear();
        }
        // What it has said before is heard to its end.
        let rest = if matches!(end, End::InOrder) { running.leave()? } else { running.kill()? };
        for (kind, words) in rest {
            self.take(kind, &words, &mut out)?;
        }
        Ok(ready.is_some())
    }

    /// How the next primary is started: some clients want to know what they have missed, others only what comes.
    fn start(&mut self) -> Start {
        let is_first = self.clients.is_empty();
        let tells_all = is_first || self.random.below(2) == 0;
        if !tells_all {
            self.told.gaps.push(self.told.words.len());
        }
        let (sequence, after_ordinal) = self.told.last;
        let executed = self.canary == ClientsCanary::TellExecuted;
        Start { batch: self.batch, executed, after_sequence: tells_all.then_some(sequence.0), after_ordinal }
    }

    fn send(&mut self, out: &mut Vec<u8>) {
        for client in &mut self.clients {
            client.send(out);
            if self.random.below(RESEND_ONE_IN) == 0 {
                client.have_resent(out);
            }
        }
    }

    fn take(&mut self, kind: Kind, words: &[u64], out: &mut Vec<u8>) -> Result<(), String> {
        match (kind, words) {
            (Kind::Ready, &[found, ref venue @ ..]) => {
                self.durable = self.durable.max(found);
                if let &[instrument, ref ids @ ..] = venue {
                    let ids =
                        ids.as_chunks().0.iter().map(|&[session, account]| (SessionId(session), AccountId(account)));
                    let clients = ids
                        .enumerate()
                        .map(|(index, ids)| Client::new(index, self.seed, ids, InstrumentId(instrument)));
                    self.clients = clients.collect();
                }
                self.clients.iter_mut().for_each(|client| client.reconnect(out));
                Ok(())
            }
            (Kind::Durable, &[durable]) => {
                self.durable = self.durable.max(durable);
                Ok(())
            }
            (Kind::Events, words) => self.learn(bytemuck::try_cast_slice(words).map_err(|error| error.to_string())?),
            _ => Err(format!("the primary's process said {kind:?} {words:?}")),
        }
    }

    fn learn(&mut self, events: &[EventWord]) -> Result<(), String> {
        let mut left = events;
        while let Some((event, rest)) = Event::split_first(left) {
            if event.position() <= self.told.last {
                return Err(format!("{event:?} was told behind {:?}", self.told.last));
            }
            self.told.last = event.position();
            for client in &mut self.clients {
                client.learn(&event)?;
            }
            left = rest;
        }
        self.told.words.extend_from_slice(events);
        if left.is_empty() { Ok(()) } else { Err("what the primary's process told is no event".to_owned()) }
    }
}
