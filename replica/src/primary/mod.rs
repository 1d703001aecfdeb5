//! The primary: one thread that stamps, journals, applies and publishes, and what belongs to it.

mod hot;
mod origin;
mod shadow;
mod shared;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use novate_core::arena::{Chunk, Untracked};
use novate_core::command::RawCommand;
use novate_core::digest::{EventsDigest, Hash256, StateTree};
use novate_core::engine::{Engine, OutOfOrder};
use novate_core::genesis::Genesis;
use novate_core::ids::SessionId;
use novate_core::ring::{RECORD_WORDS_MAX, RingSize, Wait, broadcast, mpsc};
use novate_core::units::{Sequence, TimeNs};
use novate_journal::JournalError;
use novate_journal::mapping::AnonymousMapping;
use novate_journal::replay::ReplayError;
use novate_journal::state::StateError;
use novate_journal::storage::Storage;
use novate_journal::writer::{Background, Closed, Watermarks, Writer};

pub(crate) use self::shared::Shared;

use self::hot::{Hot, Turn};
use self::origin::Origin;
use crate::affinity::{Cores, NoSuchCore, pin, try_pin, waiting_on};
use crate::clock::Clock;
use crate::counters::{Counter, Counters, state};
use crate::egress::Egress;
use crate::follower::{Follower, FollowerSettings, Report};
use crate::gateway::Gateway;
use crate::halt::{Halt, Halted};
use crate::probe::Probe;
use crate::sequencer::Sequencer;
use crate::wait::{Waiter, Waiting};

/// Commands that are taken from the ring at once, at most.
pub const BATCH_COMMANDS_MAX: usize = 64;

/// When pending work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkWhen {
    /// When no command waits: commands come first.
    Idle,
    /// Before the next batch: with batches of one command, no command finds a book busy, and what happens does not depend on
    /// how fast commands come.
    BeforeNext,
}

/// Something that goes wrong on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drill {
    /// With this command the engine is told something else than the journal, and says other events.
    WrongEvent(Sequence),
    /// After this command a bit of the shadow's memory flips.
    FlippedBit(Sequence),
}

/// How a primary is to run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Segments, and when bytes are made durable.
    pub journal: novate_journal::writer::Settings,
    /// Lines of the ring that commands come through: a power of two.
    pub ingress_lines: usize,
    /// Lines of the ring that events leave through: a power of two.
    pub egress_lines: usize,
    /// Readers of events that may gate, at most.
    pub gates: usize,
    /// How long a reader that gates and reads nothing may hold everybody up before it is let go. Whoever reads slowly is not
    /// let go, and slows everybody down.
    pub patience: Duration,
    /// Commands that are taken from the ring at once: 1 to [`BATCH_COMMANDS_MAX`] - 1.
    pub batch_commands: usize,
    /// Sequenced time between two timer commands, in nanoseconds; 0 for none.
    pub timer_ns: u64,
    /// Sequenced time between two checkpoints, in nanoseconds; 0 for none but the last.
    pub checkpoint_ns: u64,
    /// How long after its last command a journal may be opened again; after more than that, and than the genesis'
    /// `max_time_jump_ns`, the clock is taken for wrong.
    pub downtime_max: Duration,
    /// When pending work is done.
    pub work: WorkWhen,
    /// What the shadow does; none for no shadow: then nobody computes state digests or takes snapshots meanwhile, and a fault
    /// of the primary's memory is found only when the journal is replayed.
    pub shadow: Option<FollowerSettings>,
    /// Which threads have cores of their own.
    pub cores: Cores,
    /// How threads wait; see also [`Primary::waiting`].
    pub waiting: Waiting,
    /// What goes wrong on purpose.
    pub drill: Option<Drill>,
}

impl Settings {
    /// Rings of 16,384 and 65,536 lines, a timer every 10 ms, a checkpoint every 100 ms, unpinned.
    pub const fn new(journal: novate_journal::writer::Settings) -> Self {
        Self {
            journal,
            ingress_lines: 1 << 14,
            egress_lines: 1 << 16,
            gates: 64,
            patience: Duration::from_millis(10),
            batch_commands: BATCH_COMMANDS_MAX - 1,
            timer_ns: 10_000_000,
            checkpoint_ns: 100_000_000,
            downtime_max: Duration::from_hours(7 * 24),
            work: WorkWhen::Idle,
            shadow: Some(FollowerSettings::new()),
            cores: Cores { hot: None, shadow: None },
            waiting: Waiting::Yield,
            drill: None,
        }
    }
}

/// Why a primary did not start.
#[derive(Debug)]
pub enum StartError {
    /// The journal.
    Journal(JournalError),
    /// The state.
    State(StateError),
    /// The state is not the one before the journal's next command.
    OutOfOrder(OutOfOrder),
    /// A ring cannot have this size.
    Ring(RingSize),
    /// A setting is out of range.
    Setting {
        /// Its name.
        name: &'static str,
        /// What it is.
        value: u64,
        /// What it may be.
        expected: &'static str,
    },
    /// The shadow could not begin.
    Shadow(ReplayError),
    /// A core that a thread was to have.
    Core(NoSuchCore),
    /// The commands of a block, replayed, come to other events than its seal states.
    Differs {
        /// Its first command.
        first: u64,
        /// Its last one.
        last: u64,
        /// What is stated.
        stated: EventsDigest,
        /// What the replay came to.
        replayed: EventsDigest,
    },
    /// The file with the counters cannot be made.
    Counters(io::Error),
    /// The system has no room for a thread.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::OutOfOrder(error) => error.fmt(f),
            Self::Ring(error) => error.fmt(f),
            Self::Setting { name, value, expected } => write!(f, "{name} is {value}; set it {expected}"),
            Self::Shadow(error) => error.fmt(f),
            Self::Core(error) => error.fmt(f),
            Self::Differs { first, last, stated, replayed } => write!(
                f,
                "the events of commands {first} to {last} differ: the journal states {stated}, the replay comes to \
                 {replayed}; replay it elsewhere with `novate replay`: if it differs there too, `novate recover --before \
                 {first}` leads on"
            ),
            Self::Counters(cause) => write!(f, "the file `counters` cannot be made: {cause}"),
            Self::Thread(cause) => write!(f, "no thread could be started: {cause}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<JournalError> for StartError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<StateError> for StartError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl From<RingSize> for StartError {
    fn from(error: RingSize) -> Self {
        Self::Ring(error)
    }
}

/// A command as it lies in the ingress ring: one word that the clock may make use of, then the command's.
#[derive(Clone, Copy, Debug)]
pub struct Submission {
    words: [u64; RECORD_WORDS_MAX],
    used: usize,
}

impl Submission {
    /// A command, submitted at a time. None where it is longer than any command.
    #[inline]
    pub fn new<'c>(submitted: u64, command: impl Into<RawCommand<'c>>) -> Option<Self> {
        let command = command.into().words();
        let mut words = [0; RECORD_WORDS_MAX];
        words[0] = submitted;
        words[1..].get_mut(..command.len())?.copy_from_slice(command);
        Some(Self { words, used: 1 + command.len() })
    }

    /// For the ring.
    #[inline]
    pub fn words(&self) -> &[u64] {
        &self.words[..self.used]
    }
}

/// A primary that was stopped in order.
#[derive(Debug)]
pub struct Stopped {
    /// The last command and its time.
    pub last: (Sequence, TimeNs),
    /// The digest of all events.
    pub events_digest: EventsDigest,
    /// The digest of the state.
    pub state_digest: Hash256,
    /// How often readers of events had to be waited for.
    pub egress_stalls: u64,
    /// Readers that did not gate any more in the end.
    pub gates_released: u64,
    /// Commands of the sequencer that let the engine work, timers included.
    pub work_commands: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// How often the clock was behind the last command.
    pub clock_steps_back: u64,
    /// What the journal was closed with.
    pub closed: Closed,
    /// What the shadow found, which is the same; none without a shadow.
    pub shadow: Option<Report>,
    /// The state itself.
    pub memory: AnonymousMapping,
}

/// A running primary.
pub struct Primary {
    shared: Arc<Shared>,
    hot: Option<JoinHandle<Result<Stopped, Halted>>>,
    shadow: Option<JoinHandle<Option<Report>>>,
    ingress: mpsc::Producer,
    egress: broadcast::Subscriber,
    watermarks: Arc<Watermarks>,
    storage: Arc<dyn Storage>,
    counters: Counters,
    clock: &'static str,
    waiting: Waiting,
    epoch: u32,
}

impl fmt::Debug for Primary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Primary")
            .field("clock", &self.clock)
            .field("executed", &self.executed())
            .finish_non_exhaustive()
    }
}

impl Primary {
    /// Begins a journal in a folder that is new or empty, and starts.
    ///
    /// # Errors
    /// [`StartError`]; no thread runs then.
    pub fn create(
        storage: &Arc<dyn Storage>,
        genesis: &Genesis,
        clock: impl Clock + 'static,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        Self::create_probed(storage, genesis, (clock, ()), settings)
    }

    /// As [`Primary::create`], with somebody who is told how far the hot thread is.
    ///
    /// # Errors
    /// [`StartError`]; no thread runs then.
    pub fn create_probed(
        storage: &Arc<dyn Storage>,
        genesis: &Genesis,
        (clock, probe): (impl Clock + 'static, impl Probe + 'static),
        settings: &Settings,
    ) -> Result<Self, StartError> {
        let rings = Rings::new(settings)?;
        start(origin::begin(Arc::clone(storage), genesis, settings.journal)?, rings, storage, (clock, probe), settings)
    }

    /// Goes on with a journal, from its newest snapshot if there is one, and starts. What a crash left is cut.
    ///
    /// # Errors
    /// [`StartError`]; no thread runs then.
    pub fn open(
        storage: &Arc<dyn Storage>,
        clock: impl Clock + 'static,
        settings: &Settings,
    ) -> Result<Self, StartError> {
        let rings = Rings::new(settings)?;
        start(origin::resume(Arc::clone(storage), settings.journal)?, rings, storage, (clock, ()), settings)
    }

    /// A way in and out for whoever speaks to clients.
    pub fn gateway(&self) -> Gateway {
        Gateway {
            ingress: self.ingress.clone(),
            egress: self.egress.clone(),
            shared: Arc::clone(&self.shared),
            watermarks: Arc::clone(&self.watermarks),
            storage: Arc::clone(&self.storage),
            epoch: self.epoch,
        }
    }

    /// A way in for commands: records that [`Submission::words`] gives.
    pub fn ingress(&self) -> mpsc::Producer {
        self.ingress.clone()
    }

    /// The way out for events: records of one or more of them.
    pub fn egress(&self) -> &broadcast::Subscriber {
        &self.egress
    }

    /// How its threads wait. They do not spin, whatever they were told, where one of them would have no core for itself.
    pub const fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// The name of the clock that commands are stamped with.
    pub const fn clock(&self) -> &'static str {
        self.clock
    }

    /// The last command that was executed, and whose events were published.
    pub fn executed(&self) -> Sequence {
        self.shared.executed()
    }

    /// How many submissions were executed since it was started, and what came of them published.
    pub fn taken(&self) -> u64 {
        self.shared.taken()
    }

    /// What is durable.
    pub fn watermarks(&self) -> Arc<Watermarks> {
        Arc::clone(&self.watermarks)
    }

    /// Whether it has ended, by a halt.
    pub fn has_ended(&self) -> bool {
        self.hot.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Takes what is in the ring, marks a last checkpoint, closes the journal, and waits for the shadow to say the same.
    ///
    /// # Errors
    /// [`Halted`]: it had halted before, or did now.
    pub fn stop(mut self) -> Result<Stopped, Halted> {
        self.end()
    }

    fn end(&mut self) -> Result<Stopped, Halted> {
        let ended = self.join();
        self.counters.set(Counter::State, if ended.is_ok() { state::STOPPED } else { state::HALTED });
        ended
    }

    fn join(&mut self) -> Result<Stopped, Halted> {
        self.shared.stop();
        let died = |name| Halted { reason: Halt::ThreadDied(name), last: self.shared.executed() };
        let hot = self.hot.take().ok_or_else(|| died(HOT))?;
        let stopped = hot.join().unwrap_or_else(|_| Err(died(HOT)));
        self.shared.set_over();
        let shadow = self.shadow.take().map(JoinHandle::join);
        let mut stopped = stopped?;
        let halted = |reason| Halted { reason, last: stopped.last.0 };
        if let Some(reason) = self.shared.reason() {
            return Err(halted(reason));
        }
        let Some(report) = shadow else { return Ok(stopped) };
        let report = report.ok().flatten().ok_or_else(|| halted(Halt::ThreadDied(shadow::SHADOW)))?;
        let own = (stopped.last.0, stopped.state_digest);
        if report.checkpoint != own {
            let (after, shadow) = report.checkpoint;
            return Err(halted(Halt::StateDiffers { after, own: own.1, shadow }));
        }
        stopped.shadow = Some(report);
        Ok(stopped)
    }
}

/// Whoever drops a primary stops it, and hears nothing of how that went.
impl Drop for Primary {
    fn drop(&mut self) {
        if self.hot.is_some() {
            let _ = self.end();
        }
    }
}

/// The hot thread's name.
const HOT: &str = "novate-hot";

/// Readers that gate, at most.
const GATES_MAX: usize = 4_096;

/// The ends of both rings.
struct Rings {
    ingress: mpsc::Producer,
    consumer: novate_core::ring::Consumer,
    producer: broadcast::Producer,
    egress: broadcast::Subscriber,
    waiting: Waiting,
}

impl Rings {
    /// Checks the settings, and makes the rings, before anything is begun: a journal without a primary would only be in the
    /// way.
    fn new(settings: &Settings) -> Result<Self, StartError> {
        let (batch, gates) = (settings.batch_commands, settings.gates);
        for (name, value, most, expected) in [
            ("batch_commands", batch, BATCH_COMMANDS_MAX - 1, "from 1 to 63"),
            ("gates", gates, GATES_MAX, "from 1 to 4096"),
        ] {
            if !(1..=most).contains(&value) {
                return Err(StartError::Setting { name, value: value as u64, expected });
            }
        }
        let Cores { hot, shadow } = settings.cores;
        [hot, shadow].into_iter().flatten().try_for_each(try_pin).map_err(StartError::Core)?;
        if let Some(core) = hot
            && shadow == hot
        {
            let expected = "to another core than the hot thread's, or to none";
            return Err(StartError::Setting { name: "cores.shadow", value: core as u64, expected });
        }
        // Without a shadow there is one thread only.
        let second = if settings.shadow.is_some() { shadow } else { hot };
        let waiting = waiting_on([hot, second], settings.waiting);
        let (ingress, consumer) = mpsc::ring(settings.ingress_lines)?;
        let (producer, egress) = broadcast::ring(settings.egress_lines, gates)?;
        Ok(Self { ingress, consumer, producer, egress, waiting })
    }
}

fn start(
    origin: Origin,
    rings: Rings,
    storage: &Arc<dyn Storage>,
    timing: (impl Clock + 'static, impl Probe + 'static),
    settings: &Settings,
) -> Result<Primary, StartError> {
    let Rings { ingress, consumer, producer, egress, waiting } = rings;
    let Origin { opened, memory, layout } = origin;
    let follower = settings.shadow.map(|shadow| Follower::new(Arc::clone(storage), shadow)).transpose();
    let follower = follower.map_err(StartError::Shadow)?;
    let counters = begin_counters(&**storage, &opened.writer, settings).map_err(StartError::Counters)?;
    let watermarks = opened.writer.watermarks();
    let shared = Arc::new(Shared::new(opened.writer.sequence().0, layout.genesis().outcome_window, settings.drill));
    let epoch = opened.writer.epoch();
    let (writer, background) = opened.start()?;
    let parts = Parts {
        memory,
        layout,
        writer,
        background,
        consumer,
        producer,
        shared: Arc::clone(&shared),
        counters: counters.clone(),
    };
    let (ending, clock) = (counters.clone(), timing.0.name());
    let settings = Settings { waiting, ..*settings };
    let hot = thread::Builder::new().name(HOT.into()).spawn(move || {
        let shared = Arc::clone(&parts.shared);
        let ran = catch_unwind(AssertUnwindSafe(|| run(parts, timing, &settings)));
        let ended = ran.unwrap_or_else(|_| Err(Halted { reason: Halt::ThreadDied(HOT), last: shared.executed() }));
        if ended.is_err() {
            shared.set_over();
        }
        if let Ok(stopped) = &ended {
            ending.set(Counter::Durable, stopped.last.0.0);
            ending.set(Counter::DurableLagBytes, 0);
        }
        // Whether it was stopped in order is known when the shadow has said the same.
        if ended.is_err() {
            ending.set(Counter::State, state::HALTED);
        }
        ended
    });
    let hot = hot.map_err(StartError::Thread)?;
    let mut primary = Primary {
        shared,
        hot: Some(hot),
        shadow: None,
        ingress,
        egress,
        watermarks,
        storage: Arc::clone(storage),
        counters: counters.clone(),
        clock,
        waiting,
        epoch,
    };
    if let Some(follower) = follower {
        let (shared, how) = (Arc::clone(&primary.shared), (settings.cores.shadow, settings.waiting));
        let spawned = thread::Builder::new()
            .name(shadow::SHADOW.into())
            .spawn(move || shadow::run(follower, (&shared, &counters), how, settings.drill));
        // Whatever runs already is stopped when the primary is dropped.
        primary.shadow = Some(spawned.map_err(StartError::Thread)?);
    }
    Ok(primary)
}

fn begin_counters(storage: &dyn Storage, writer: &Writer, settings: &Settings) -> io::Result<Counters> {
    let counters = Counters::create(storage)?;
    for (counter, value) in [
        (Counter::State, state::RUNNING),
        (Counter::Epoch, writer.epoch().into()),
        (Counter::Process, std::process::id().into()),
        (Counter::Sequence, writer.sequence().0.0),
        (Counter::IngressSize, settings.ingress_lines as u64),
        (Counter::EgressSize, settings.egress_lines as u64),
    ] {
        counters.set(counter, value);
    }
    Ok(counters)
}

/// What the hot thread is given.
struct Parts {
    memory: AnonymousMapping,
    layout: novate_core::arena::Layout,
    writer: Writer,
    background: Background,
    consumer: novate_core::ring::Consumer,
    producer: broadcast::Producer,
    shared: Arc<Shared>,
    counters: Counters,
}

/// The hot thread.
fn run(parts: Parts, timing: (impl Clock, impl Probe), settings: &Settings) -> Result<Stopped, Halted> {
    let Parts { mut memory, layout, writer, background, consumer, producer, shared, counters } = parts;
    let refused = |core: NoSuchCore| Halted { reason: Halt::Core(core), last: shared.executed() };
    settings.cores.hot.map_or(Ok(()), pin).map_err(refused)?;
    let genesis = *layout.genesis();
    let chunks: &mut [Chunk] = bytemuck::cast_slice_mut(memory.as_bytes_mut());
    let engine = Engine::attach_as(&layout, chunks, Untracked)
        .map_err(|_| Halted { reason: Halt::ThreadDied(HOT), last: shared.executed() })?;
    let session = SessionId::sequencer(genesis.shard as u16);
    let session_sequence = engine.session(session).map_or(0, |session| session.last_session_sequence);
    let last = (engine.sequence(), engine.time());
    let intervals = (settings.timer_ns, settings.checkpoint_ns);
    let downtime_ns = u64::try_from(settings.downtime_max.as_nanos()).unwrap_or(u64::MAX);
    let jumps = (genesis.max_time_jump_ns, downtime_ns);
    let sequencer = Sequencer::new((session, session_sequence), last, jumps, intervals);
    let egress = Egress::new(producer, Waiter::new(settings.waiting), settings.patience, Arc::clone(&shared));
    let how = (settings.work, settings.batch_commands, settings.journal.segment_bytes);
    let waiter = Waiter::new(settings.waiting);
    let mut hot = Hot::new(engine, writer, consumer, egress, sequencer, timing, waiter, (shared, counters), how);
    let ended = turn_until_stopped(&mut hot);
    let (last, halted) = (hot.last(), |reason| Halted { reason, last: hot.last() });
    ended.map_err(halted)?;
    let (events_digest, last) = (hot.engine.events_digest(), (last, hot.engine.time()));
    let Hot { writer, egress, sequencer, .. } = hot;
    let closed = background.close(writer, events_digest).map_err(|error| Halted {
        reason: Halt::Journal(novate_journal::writer::Poison { doing: "closing", cause: error.to_string() }),
        last: last.0,
    })?;
    let chunks: &[Chunk] = bytemuck::cast_slice(memory.as_bytes());
    let state_digest = StateTree::new(chunks).digest(chunks);
    Ok(Stopped {
        last,
        events_digest,
        state_digest,
        egress_stalls: egress.stalls,
        gates_released: egress.released,
        work_commands: sequencer.work_commands,
        checkpoints: sequencer.checkpoints,
        clock_steps_back: sequencer.steps_back,
        closed,
        shadow: None,
        memory,
    })
}

/// Turns until somebody wants it to stop and nothing is left to do.
fn turn_until_stopped(hot: &mut Hot<'_, impl Clock, impl Probe>) -> Result<(), Halt> {
    loop {
        // Asked before the ring is looked at: what was put there before is taken.
        let is_stopping = hot.shared.is_stopping();
        match hot.turn()? {
            Turn::Busy => hot.waiter.reset(),
            Turn::Idle if is_stopping => break,
            Turn::Idle => hot.waiter.wait(),
        }
    }
    while hot.engine.work_pending() {
        hot.do_work()?;
    }
    let checkpointed = hot.checkpoint();
    hot.count();
    checkpointed
}
