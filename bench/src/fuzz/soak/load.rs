//! One load: a primary with a journal of its own, from its beginning to its end, and what is checked of it.

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use novate_core::command::{ListInstrument, OpenAccount};
use novate_core::event::OwnedEvent;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::SessionId;
use novate_core::sink::EventSink;
use novate_core::terms::Role;
use novate_core::units::Sequence;
use novate_journal::format::names::{self, Named};
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Halt, Replay, Watch};
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::{Durability, Settings as JournalSettings};
use novate_replica::clock::CycleClock;
use novate_replica::counters::{Counter, Snapshot};
use novate_replica::follower::FollowerSettings;
use novate_replica::gateway::{Release, Session};
use novate_replica::primary::{Drill, Primary, Settings, Stopped};
use novate_replica::wait::{Waiter, Waiting};

use super::readers::{self, Heard, Progress};
use super::senders::Sender;
use super::{Loaded, SoakCanary};
use crate::fuzz::Finding;
use crate::fuzz::trader::Trader;

/// Who sends.
const SENDERS: usize = 2;
/// Orders of each that are left alone.
const DEPTH: usize = 1_000;
/// Live orders that there is room for.
const ORDERS: u32 = 8_192;
/// Lines of the ring of events: more than come between two flushes, for which who reads what is durable waits; few enough
/// that a slow reader is soon a lap behind.
pub(super) const EGRESS_LINES: usize = 1 << 16;
/// Milliseconds from one flush to the next.
const FLUSH_MS: u32 = 10;
/// The command after which a bit flips, where that is the mistake.
const FLIPPED_AFTER: Sequence = Sequence(1_000);
/// Chunks of the shadow's memory that are compared at each checkpoint: all of them, so that the last one finds what flipped.
const SCRUB_CHUNKS: usize = 1 << 15;
/// How long nothing may happen.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) seed: u64,
    pub(super) duration: Duration,
    /// Commands a second; none for as many as are taken.
    pub(super) pace: Option<u64>,
    /// Commands, at most, where there is no pace.
    pub(super) commands_max: u64,
    pub(super) canary: SoakCanary,
}

/// What everybody has come to when the primary has stopped.
struct Ended {
    stopped: Stopped,
    senders: Vec<Sender>,
    elapsed: Duration,
    read: Heard,
    followed: Heard,
    lagged: Heard,
}

impl Load {
    /// Runs it with a journal in a folder that is made, and removed when nothing was found.
    pub(super) fn run(&self, place: &Path) -> Result<Loaded, Box<Finding>> {
        let disk = DiskStorage::new(place);
        let (result, sequence) = match disk.create_folder() {
            Ok(()) => {
                let storage: Arc<dyn Storage> = Arc::new(disk);
                let result = self.load(&storage);
                // How far it has come is in the journal's counters.
                let last = Snapshot::read(&*storage).map_or(0, |counters| counters.get(Counter::Sequence));
                (result, last)
            }
            Err(error) => (Err(error.to_string()), 0),
        };
        let result = result.and_then(|loaded| std::fs::remove_dir_all(place).map(|()| loaded).map_err(in_words));
        result.map_err(|what| Box::new(Finding { seed: self.seed, sequence, what }))
    }

    fn load(&self, storage: &Arc<dyn Storage>) -> Result<Loaded, String> {
        let ended = self.play(storage)?;
        let bytes = segment_bytes(&**storage)?;
        let counters = Snapshot::read(&**storage).map_err(in_words)?;
        check(storage, &ended)?;
        let Ended { stopped, senders, elapsed, read, lagged, .. } = ended;
        let shadow = stopped.shadow.ok_or("there was no shadow")?;
        Ok(Loaded {
            commands: senders.iter().map(|sender| sender.session.last()).sum(),
            elapsed,
            events: read.events,
            lines: read.lines,
            lost_lines: lagged.lost_lines,
            laps: lagged.laps,
            late: senders.iter().map(|sender| sender.late).sum(),
            late_max: senders.iter().map(|sender| sender.late_max).max().unwrap_or_default(),
            segment_stalls: counters.get(Counter::SegmentStalls),
            egress_stalls: stopped.egress_stalls,
            checkpoints: shadow.checkpoints,
            snapshots: shadow.snapshots,
            bytes,
        })
    }

    fn settings(&self) -> Settings {
        Settings {
            egress_lines: EGRESS_LINES,
            // Readers that gate are waited for as long as it takes: none may lose anything.
            patience: Duration::MAX,
            shadow: Some(FollowerSettings { scrub_chunks: SCRUB_CHUNKS, ..FollowerSettings::new() }),
            waiting: Waiting::Park,
            drill: (self.canary == SoakCanary::FlippedBit).then_some(Drill::FlippedBit(FLIPPED_AFTER)),
            ..Settings::new(JournalSettings::new(Durability::Interval(FLUSH_MS)))
        }
    }

    /// From the first command to the last.
    fn play(&self, storage: &Arc<dyn Storage>) -> Result<Ended, String> {
        let genesis = Genesis::new(0, self.seed, Capacities::for_orders(ORDERS));
        let primary = Primary::create(storage, &genesis, CycleClock::new(), &self.settings()).map_err(in_words)?;
        let gating = primary.egress().gate().ok_or("no place for a reader")?;
        let feed = primary.gateway().feed(Release::Durable).map_err(in_words)?;
        let slow = primary.egress().observe();
        let (mut senders, set_up) = self.set_up(&primary)?;
        let (progress, canary) = (Progress::default(), self.canary);
        thread::scope(|scope| {
            let read = scope.spawn(|| readers::read(gating, &progress, canary));
            let followed = scope.spawn(|| readers::follow(feed, &progress));
            let lagged = scope.spawn(|| readers::lag(slow, &progress));
            let begin = Instant::now();
            let sending: Vec<_> = senders.iter_mut().map(|sender| scope.spawn(|| self.send(sender))).collect();
            let sent: Result<Vec<_>, _> = sending.into_iter().map(joined).collect();
            let sent = sent.and_then(|sent| {
                let submitted = set_up + sent.iter().sum::<u64>();
                wait_for(&primary, submitted, || read.is_finished() || followed.is_finished())
            });
            let elapsed = begin.elapsed();
            // A reader that has given up holds nobody up any more. Why the primary has ended comes first, then the rest.
            let stopped = primary.stop().map_err(in_words);
            progress.set_over();
            let (read, followed, lagged) = (joined(read), joined(followed), joined(lagged));
            let stopped = stopped?;
            let (read, followed, lagged) = (read?, followed?, lagged?);
            sent?;
            Ok((stopped, elapsed, read, followed, lagged))
        })
        .map(|(stopped, elapsed, read, followed, lagged)| Ended {
            stopped,
            senders,
            elapsed,
            read,
            followed,
            lagged,
        })
    }

    /// One instrument, and a session with an account for each who sends. Returns how many submissions that took, too.
    fn set_up(&self, primary: &Primary) -> Result<(Vec<Sender>, u64), String> {
        let (gateway, mut wait) = (primary.gateway(), Waiter::new(Waiting::Park));
        let mut operator: Session = gateway.attach(SessionId::operator(0), 0);
        let listed = gateway.call(&mut operator, |by| ListInstrument::perpetual(by, "SOAK-PERP"), &mut wait);
        let [OwnedEvent::InstrumentListed(listed)] = listed.map_err(in_words)?[..] else {
            return Err("the instrument was not listed".to_owned());
        };
        let mut senders = Vec::new();
        for owner in 1..=SENDERS as u64 {
            let opened = gateway.call(&mut operator, |by| OpenAccount::new(by, owner), &mut wait);
            let [OwnedEvent::AccountOpened(opened)] = opened.map_err(in_words)?[..] else {
                return Err("an account was not opened".to_owned());
            };
            let session = gateway.open_session(&mut operator, Role::Trader, Some(&[opened.account]), &mut wait);
            let session = session.map_err(in_words)?;
            let ids = (session.id(), opened.account, listed.instrument);
            senders.push(Sender::new(session, Trader::new(self.seed ^ owner << 32, ids, DEPTH)));
        }
        // A call is sent twice.
        Ok((senders, 2 * operator.last()))
    }

    /// Sends, and returns how many commands.
    fn send(&self, sender: &mut Sender) -> Result<u64, String> {
        let share = SENDERS as u64;
        match self.pace {
            None => sender.as_fast(self.duration, self.commands_max / share)?,
            Some(pace) => sender.at_pace(self.duration, (pace / share).max(1))?,
        }
        Ok(sender.session.last())
    }
}

/// Until so many submissions were executed and are durable, or there is a reason not to wait any more.
fn wait_for(primary: &Primary, submitted: u64, has_failed: impl Fn() -> bool) -> Result<(), String> {
    let (mut seen, mut since) = ((0, Sequence::ZERO), Instant::now());
    loop {
        let now = (primary.taken(), primary.watermarks().durable().sequence);
        if now.0 >= submitted && now.1 >= primary.executed() || primary.has_ended() || has_failed() {
            break;
        }
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            break;
        }
        thread::sleep(Duration::from_micros(200));
    }
    let taken = primary.taken();
    if taken == submitted { Ok(()) } else { Err(format!("{submitted} commands were submitted, {taken} executed")) }
}

/// What everybody has must be the same, and nothing may be missing.
fn check(storage: &Arc<dyn Storage>, ended: &Ended) -> Result<(), String> {
    let Ended { stopped, senders, read, followed, lagged, .. } = ended;
    let shadow = stopped.shadow.ok_or("there was no shadow")?;
    let reader = Reader::open(Arc::clone(storage), Chain::Verified).map_err(in_words)?;
    let mut replay = Replay::from_genesis(reader).map_err(in_words)?;
    let mut counted = Counted::default();
    let halt = replay.run(None, &mut counted).map_err(in_words)?;
    if halt != Halt::End(Ending::Closed) {
        return Err(format!("the replay stops: {halt:?}"));
    }
    let (last, digest) = replay.result().map_err(in_words)?;
    for (who, other) in [
        ("the primary", (stopped.last.0, stopped.events_digest)),
        ("the shadow", (shadow.sequence, shadow.events_digest)),
        ("the reader", (last, read.digest)),
        ("the feed", (last, followed.digest)),
    ] {
        if other != (last, digest) {
            return Err(format!("{who} comes to {} at {}, the replay to {digest} at {last}", other.1, other.0));
        }
    }
    let state = replay.state().digest();
    if state != stopped.state_digest || shadow.checkpoint != (last, state) {
        let (own, its) = (stopped.state_digest, shadow.checkpoint.1);
        return Err(format!("the state at {last}: primary {own}, shadow {its}, replay {state}"));
    }
    let Counted { events } = counted;
    if (read.events, followed.events) != (events, events) {
        return Err(format!("of {events} events the reader has {}, the feed {}", read.events, followed.events));
    }
    let all = read.position;
    if read.lines != all || lagged.lines + lagged.lost_lines != all || lagged.position != all {
        let Heard { lines, lost_lines, .. } = lagged;
        return Err(format!(
            "of {all} lines the reader has {}, the slow one {lines}, and {lost_lines} lost",
            read.lines
        ));
    }
    if lagged.laps == 0 {
        return Err(format!("{all} lines were too few for a reader to be lapped: run for longer"));
    }
    let engine = replay.state().attach().map_err(in_words)?;
    for sender in senders {
        let (id, sent) = (sender.session.id(), sender.session.last());
        let executed = engine.session(id).map_or(0, |session| session.last_session_sequence);
        if executed != sent {
            return Err(format!("session {id} has sent {sent} commands, {executed} are in the journal"));
        }
    }
    Ok(())
}

/// Counts events.
#[derive(Debug, Default)]
struct Counted {
    events: u64,
}

impl EventSink for Counted {
    fn emit(&mut self, _event: novate_core::event::Event<'_>) {
        self.events += 1;
    }
}

impl Watch for Counted {
    fn wants_checkpoint(&self, _sequence: Sequence) -> bool {
        false
    }
}

/// Bytes of a journal's segments.
fn segment_bytes(storage: &dyn Storage) -> Result<u64, String> {
    let entries = storage.list().map_err(in_words)?;
    let segments = entries.iter().filter(|entry| matches!(names::parse(&entry.name), Named::Segment(_)));
    segments.map(|entry| storage.bytes(&entry.name).map_err(in_words)).sum()
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, String>>) -> Result<T, String> {
    thread.join().map_err(|_| "a thread died".to_owned())?
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
