//! The process that is killed: a whole primary with its gateway, which takes commands from a pipe and tells events to another.

use std::io::{self, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use novate_core::command::{ListInstrument, OpenAccount};
use novate_core::event::OwnedEvent;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, SessionId};
use novate_core::ring::Wait;
use novate_core::terms::Role;
use novate_core::units::Sequence;
use novate_journal::folder::Folder;
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::{Durability, Settings as JournalSettings};
use novate_replica::clock::CycleClock;
use novate_replica::follower::FollowerSettings;
use novate_replica::gateway::{Feed, FeedError, Gateway, Place, Release, Session, SubmitError};
use novate_replica::primary::{Primary, Settings};
use novate_replica::wait::{Waiter, Waiting};

use super::wire::{self, Kind};
use super::{CLIENTS, OUTCOME_WINDOW};
use crate::fuzz::trader::Order;

/// Segments small enough that many are begun.
const SEGMENT_BYTES: u32 = 256 << 10;
/// Sequenced time from one checkpoint to the next, and checkpoints from one snapshot to the next: kills meet them too.
const CHECKPOINT_NS: u64 = 10_000_000;
const SNAPSHOT_EVERY: u64 = 5;
/// Milliseconds from one flush to the next, where not every batch is flushed at once.
const FLUSH_MS: u32 = 10;
/// Words of events that are told at once, at most.
const EVENT_WORDS: usize = 1 << 12;

/// How the process is started.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Start {
    /// Makes every batch durable as soon as possible.
    #[arg(long)]
    pub batch: bool,
    /// Tells events as soon as their commands were executed: a mistake.
    #[arg(long)]
    pub executed: bool,
    /// Tells all events behind one, from the journal where they are past: its command. Else only those that come.
    #[arg(long)]
    pub after_sequence: Option<u64>,
    /// That event's place among its command's.
    #[arg(long, default_value_t = 0)]
    pub after_ordinal: u32,
}

impl Start {
    fn release(self) -> Release {
        if self.executed { Release::Executed } else { Release::Durable }
    }

    fn settings(self) -> Settings {
        let durability = if self.batch { Durability::Batch } else { Durability::Interval(FLUSH_MS) };
        Settings {
            ingress_lines: 1 << 12,
            egress_lines: 1 << 13,
            checkpoint_ns: CHECKPOINT_NS,
            shadow: Some(FollowerSettings { snapshot_every: SNAPSHOT_EVERY, ..FollowerSettings::new() }),
            waiting: Waiting::Park,
            ..Settings::new(JournalSettings { segment_bytes: SEGMENT_BYTES, durability })
        }
    }
}

/// Begins or opens the journal in a folder, and serves clients until there is nobody any more who could send something.
///
/// # Errors
/// In words.
pub fn serve(folder: &Path, start: Start) -> Result<(), String> {
    let disk = DiskStorage::new(folder);
    disk.create_folder().map_err(in_words)?;
    let storage: Arc<dyn Storage> = Arc::new(disk);
    let is_new = Folder::read(Arc::clone(&storage)).map_err(in_words)?.is_empty();
    let (clock, settings) = (CycleClock::new(), start.settings());
    let primary = if is_new {
        Primary::create(&storage, &genesis(), clock, &settings).map_err(in_words)?
    } else {
        Primary::open(&storage, clock, &settings).map_err(in_words)?
    };
    let gateway = primary.gateway();
    let venue = if is_new { set_up(&gateway)? } else { Vec::new() };
    let feed = match start.after_sequence {
        Some(sequence) => {
            // Whoever kills a process takes nothing back.
            let place = Place { epoch: gateway.epoch(), sequence: Sequence(sequence), ordinal: start.after_ordinal };
            gateway.feed_after(place, start.release())
        }
        None => gateway.feed(start.release()),
    };
    let mut teller = Teller { gateway: gateway.clone(), feed: feed.map_err(in_words)?, release: start.release() };
    let mut ready = Vec::new();
    wire::put(&mut ready, Kind::Ready, &[primary.executed().0], &venue);
    say(&ready)?;

    let listener = thread::spawn(move || listen(&gateway));
    let mut wait = Waiter::new(Waiting::Park);
    while !listener.is_finished() && !primary.has_ended() {
        if teller.tell()? { wait.reset() } else { wait.wait() }
    }
    if listener.is_finished() {
        listener.join().map_err(|_| "the listening thread died")??;
    }
    let stopped = primary.stop().map_err(in_words);
    // What was executed is durable now, or never will be.
    while teller.tell()? {}
    stopped.map(drop)
}

/// A venue for few orders, so that its tables are full at times and its snapshots are short.
fn genesis() -> Genesis {
    let capacities = Capacities { instruments: 4, accounts: 16, sessions: 16, ..Capacities::for_orders(1_024) };
    Genesis { outcome_window: OUTCOME_WINDOW, ..Genesis::new(0, 7, capacities) }
}

/// One instrument, and a session with an account for each client: all ids, in this order.
fn set_up(gateway: &Gateway) -> Result<Vec<u64>, String> {
    let mut wait = Waiter::new(Waiting::Park);
    let mut operator = gateway.attach(SessionId::operator(0), 0);
    let listed = gateway.call(&mut operator, |by| ListInstrument::perpetual(by, "CLIENTS-PERP"), &mut wait);
    let [OwnedEvent::InstrumentListed(listed)] = listed.map_err(in_words)?[..] else {
        return Err("the instrument was not listed".to_owned());
    };
    let mut ids = vec![listed.instrument.0];
    for owner in 1..=CLIENTS as u64 {
        let opened = gateway.call(&mut operator, |by| OpenAccount::new(by, owner), &mut wait);
        let [OwnedEvent::AccountOpened(opened)] = opened.map_err(in_words)?[..] else {
            return Err("an account was not opened".to_owned());
        };
        let accounts: [AccountId; 1] = [opened.account];
        let session = gateway.open_session(&mut operator, Role::Trader, Some(&accounts), &mut wait);
        ids.extend([session.map_err(in_words)?.id().0, opened.account.0]);
    }
    Ok(ids)
}

/// Takes what clients send, until the pipe is closed.
fn listen(gateway: &Gateway) -> Result<(), String> {
    let (mut from, mut wait) = (BufReader::new(io::stdin().lock()), Waiter::new(Waiting::Park));
    let mut sessions: [Option<Session>; CLIENTS] = std::array::from_fn(|_| None);
    while let Some((kind, words)) = wire::read(&mut from).map_err(in_words)? {
        let (client, rest) = words.split_first().ok_or("a message of no client")?;
        let place = sessions.get_mut(*client as usize).ok_or("no such client")?;
        match (kind, rest, place) {
            (Kind::Attach, &[session, last], place) => *place = Some(gateway.attach(SessionId(session), last)),
            (Kind::Submit, record, Some(session)) => {
                let order = Order::decode(record).ok_or("a record that no client sends")?;
                if order.number() != session.last() + 1 {
                    return Err(format!("client {client} sent {} behind {}", order.number(), session.last()));
                }
                order.submit(session, &mut wait).map_err(in_words)?;
            }
            (Kind::Resend, &[from], Some(session)) => {
                let sent = match session.resend(from, &mut wait) {
                    // Clients ask also for what is answered already, and may have attached this handle behind that.
                    Err(SubmitError::Forgotten { kept_from }) => session.resend(kept_from, &mut wait),
                    sent => sent,
                };
                sent.map_err(in_words)?;
            }
            (kind, ..) => return Err(format!("a message {kind:?} that makes no sense here")),
        }
    }
    Ok(())
}

/// Tells events.
struct Teller {
    gateway: Gateway,
    feed: Feed,
    release: Release,
}

impl Teller {
    /// Tells what has come; whether there was something.
    fn tell(&mut self) -> Result<bool, String> {
        let mut events: Vec<u64> = Vec::new();
        let mut lapped = None;
        while events.len() < EVENT_WORDS {
            match self.feed.next_event() {
                Ok(Some(event)) => events.extend_from_slice(bytemuck::cast_slice(event.words())),
                Ok(None) | Err(FeedError::Ended) => break,
                Err(FeedError::Lapped { after, .. }) => {
                    lapped = Some(after);
                    break;
                }
                Err(error) => return Err(in_words(error)),
            }
        }
        if !events.is_empty() {
            let mut message = Vec::new();
            // Asked after the events were taken, so that it is not below them.
            wire::put(&mut message, Kind::Durable, &[self.gateway.durable().0], &[]);
            wire::put(&mut message, Kind::Events, &[], &events);
            say(&message)?;
        }
        if let Some(after) = lapped {
            // The pipe was slower than the primary had patience for; what is lost is in the journal.
            self.feed = self.gateway.feed_after(after, self.release).map_err(in_words)?;
        }
        Ok(!events.is_empty() || lapped.is_some())
    }
}

fn say(message: &[u8]) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(message).and_then(|()| out.flush()).map_err(in_words)
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
