//! The hot thread, under load and with bytes made durable meanwhile: it makes no system call, calls no allocator, and its
//! page faults are counted. `NOVATE_HOT_COMMANDS` says how many commands; 300,000 unless it does.
//!
//! Each run is a child process. Its clock, which the hot thread reads for each batch, arms what watches that thread after a
//! warm-up: a seccomp filter under which any system call of this thread kills the process, and an allocator that counts.
//! Each of the three is shown to find what a clock does wrong on purpose.

#[expect(dead_code, reason = "the venue is that of the other tests, which use all of it")]
#[path = "it/support.rs"]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::ops::RangeInclusive;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytemuck::cast_slice;
use novate_core::event::Event;
use novate_core::prelude::*;
use novate_core::ring::broadcast;
use novate_core::ring::{Popped, PushError, RecordBuffer, mpsc};
use novate_journal::storage::{DiskStorage, Storage};
use novate_journal::writer::Durability;
use novate_replica::clock::{Clock, CycleClock};
use novate_replica::primary::{Primary, Settings, Submission};
use novate_replica::wait::Waiting;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

/// Commands before the hot thread is watched: its rings have been filled once, and it has sealed and changed segments.
const WARM_UP: u64 = 100_000;
/// Commands of a test, unless it is told.
const COMMANDS: u64 = 300_000;
/// A segment of a test: a run fills many. A long run has larger ones, since a disk takes only so many files a second.
const SEGMENT_BYTES: u32 = 1 << 18;
const LONG_SEGMENT_BYTES: u32 = 1 << 24;
/// Bytes of a page.
const PAGE: usize = 4_096;
/// Pages that a clock touches for the first time to see that their faults are counted: too few for a huge page.
const OFFENCE_PAGES: usize = 256;
/// Faults that do not come from flushes: reading the count takes one, and the page of the counters is written back by the
/// system now and then.
const FAULTS_MAX: u64 = 8;
/// How long Linux leaves changed pages alone, by default.
const DIRTY_MS: u64 = 30_000;
/// The signal of a system call that a filter does not let through.
const SIGSYS: i32 = 31;
/// Sequenced time: a wait for the disk, with other people's work on the same cores, is no jump of the clock.
const MAX_TIME_JUMP_NS: u64 = 3_600 * 1_000_000_000;

/// What a child is told by: its commands, its interval and its offence.
const RUN: &str = "NOVATE_HOT_RUN";
/// Commands that set the venue up.
const SET_UP_COMMANDS: u64 = 3;
/// How long nothing comes: several flushes.
const IDLE: Duration = Duration::from_millis(50);

/// Counts the calls of the thread that asks for it.
struct Counting;

std::thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
}
static HEAP_CALLS: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count_call() {
    if COUNTS.try_with(Cell::get).unwrap_or(false) {
        HEAP_CALLS.fetch_add(1, Ordering::Relaxed);
    }
}

#[allow(unsafe_code)]
// SAFETY: every call is passed to the system's allocator with its arguments unchanged; counting touches neither.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_call();
        // SAFETY: the caller's layout, as the trait's contract has it.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count_call();
        // SAFETY: the caller's memory and layout, as the trait's contract has them.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// What a clock does wrong on purpose, once, while the thread that reads it is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offence {
    None,
    SystemCall,
    Allocation,
    PageFaults,
}

impl Offence {
    const ALL: [Self; 4] = [Self::None, Self::SystemCall, Self::Allocation, Self::PageFaults];
}

/// Page faults of a thread so far: those that needed no disk, and those that did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Faults {
    minor: u64,
    major: u64,
}

/// The id and the page faults of a thread, from its folder in `/proc`.
fn thread_statistics(folder: &str) -> (u64, Faults) {
    let text = fs::read_to_string(format!("{folder}/stat")).expect("Linux tells");
    let id = text.split(' ').next().and_then(|id| id.parse().ok()).expect("a thread's id");
    // Fields are counted behind the name, which is in parentheses: state is the 3rd, the faults are the 10th and 12th.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let [minor, major] = [7, 9].map(|field| fields[field].parse().expect("a number"));
    (id, Faults { minor, major })
}

/// What the hot thread has found out about itself when it was armed.
#[derive(Debug, Default)]
struct Armed {
    /// Its id; 0 before.
    thread: AtomicU64,
    minor: AtomicU64,
    major: AtomicU64,
    /// 1 if its system calls are filtered, -1 if the system does not let it.
    filter: AtomicI64,
}

/// A clock that watches the thread which reads it. Commands are submitted with their number.
struct WatchingClock {
    clock: CycleClock,
    filter: Option<BpfProgram>,
    armed: Arc<Armed>,
    is_armed: bool,
    offence: Offence,
    untouched: Vec<u8>,
}

impl WatchingClock {
    fn new(armed: Arc<Armed>, offence: Offence) -> Self {
        // No rule: whatever is called is no match.
        let filter = std::env::consts::ARCH.try_into().ok().and_then(|arch| {
            let (mismatch, matched) = (SeccompAction::KillProcess, SeccompAction::Allow);
            SeccompFilter::new(BTreeMap::new(), mismatch, matched, arch).ok()?.try_into().ok()
        });
        let untouched = Vec::with_capacity(OFFENCE_PAGES * PAGE);
        Self { clock: CycleClock::new(), filter, armed, is_armed: false, offence, untouched }
    }

    /// From here on the thread is watched.
    #[cold]
    fn arm(&mut self) {
        self.is_armed = true;
        let (thread, faults) = thread_statistics("/proc/thread-self");
        self.armed.minor.store(faults.minor, Ordering::Relaxed);
        self.armed.major.store(faults.major, Ordering::Relaxed);
        let is_filtered = self.filter.as_ref().is_some_and(|program| apply_filter(program).is_ok());
        self.armed.filter.store(if is_filtered { 1 } else { -1 }, Ordering::Relaxed);
        COUNTS.set(true);
        self.armed.thread.store(thread, Ordering::Release);
    }

    #[cold]
    fn offend(&mut self) {
        match std::mem::replace(&mut self.offence, Offence::None) {
            Offence::None => {}
            Offence::SystemCall => thread::yield_now(),
            Offence::Allocation => drop(black_box(vec![0_u8; 16])),
            Offence::PageFaults => self.untouched.resize(OFFENCE_PAGES * PAGE, 1),
        }
    }
}

impl Clock for WatchingClock {
    fn name(&self) -> &'static str {
        "a clock that watches"
    }

    fn stamp(&mut self, submitted: u64) -> TimeNs {
        if submitted > WARM_UP {
            if !self.is_armed {
                self.arm();
            } else if self.offence != Offence::None {
                self.offend();
            }
        }
        self.clock.stamp(submitted)
    }

    fn now(&mut self) -> Option<TimeNs> {
        self.clock.now()
    }
}

/// What came of commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    accepted: u64,
    trades: u64,
    cancelled: u64,
    rejected: u64,
}

/// Sends orders that rest, trade and are cancelled, and reads what comes of them, as fast as it goes.
struct Load<'p> {
    primary: &'p Primary,
    ingress: mpsc::Producer,
    events: broadcast::Consumer,
    buffer: RecordBuffer,
    party: support::Party,
    tally: Tally,
}

/// Commands after which the next ones are of the same kinds again.
const CYCLE: u64 = 6;
/// Cycles that an order which does not trade rests for.
const REST_CYCLES: u64 = 300;

impl<'p> Load<'p> {
    fn new(primary: &'p Primary) -> Self {
        let mut ingress = primary.ingress();
        let mut events = support::Events::new(primary.egress().observe());
        let party = support::set_up(&mut ingress, &mut events, 0);
        let events = primary.egress().gate().expect("a place");
        Self { primary, ingress, events, buffer: RecordBuffer::new(), party, tally: Tally::default() }
    }

    /// The command with this number, from 1 on: of six, two rest apart from each other, two trade with each other, and two
    /// cancel what has rested for long.
    fn submission(&self, number: u64) -> Submission {
        let support::Party { instrument, account, session } = self.party;
        let by = (session, number, account);
        let (cycle, apart) = (number / CYCLE, (number / CYCLE % 16).cast_signed());
        let order = |side, price, lots| {
            let order = NewOrder::limit(by, instrument, ClientOrderId(number), side, PriceTicks(price), lots);
            Submission::new(number, &order)
        };
        let submission = match number % CYCLE {
            0 => order(Side::Buy, 990 - apart, QuantityLots(3)),
            1 => order(Side::Sell, 1_010 + apart, QuantityLots(3)),
            2 => order(Side::Sell, 1_000, QuantityLots(2)),
            3 => order(Side::Buy, 1_000, QuantityLots(2)),
            // Nothing has rested for long enough yet.
            _ if cycle <= REST_CYCLES => order(Side::Buy, 900 - apart, QuantityLots(1)),
            // The fifth cancels what a first has entered, the sixth what a second has.
            _ => Submission::new(number, &CancelOrder::new(by, ClientOrderId(number - 4 - REST_CYCLES * CYCLE))),
        };
        submission.expect("a command's length")
    }

    /// Sends commands, and returns when what came of them was read.
    fn run(&mut self, numbers: RangeInclusive<u64>) {
        let (begin, last) = (Instant::now(), *numbers.end());
        let patience = support::PATIENCE + Duration::from_micros(20 * last);
        for number in numbers {
            let submission = self.submission(number);
            while self.ingress.try_push(submission.words()) == Err(PushError::Full) {
                self.read_or_yield();
            }
        }
        while self.primary.taken() < SET_UP_COMMANDS + last {
            assert!(begin.elapsed() < patience && !self.primary.has_ended(), "{} were taken", self.primary.taken());
            self.read_or_yield();
        }
        while self.read() {}
    }

    fn read_or_yield(&mut self) {
        if !self.read() {
            thread::yield_now();
        }
    }

    /// Reads a record of events, and returns whether there was one.
    fn read(&mut self) -> bool {
        let Popped::Record(words) = self.events.try_pop(&mut self.buffer).expect("it gates") else { return false };
        let mut words = cast_slice(words);
        while let Some((event, rest)) = Event::split_first(words) {
            match event {
                Event::Accepted(_) => self.tally.accepted += 1,
                Event::Trade(_) => self.tally.trades += 1,
                Event::Cancelled(_) => self.tally.cancelled += 1,
                Event::Rejected(_) => self.tally.rejected += 1,
                _ => {}
            }
            words = rest;
        }
        true
    }
}

/// What a child has measured of its hot thread after the warm-up.
#[derive(Clone, Copy, Debug)]
struct Measured {
    is_filtered: bool,
    heap_calls: u64,
    faults: Faults,
    milliseconds: u64,
    segments: u64,
    tally: Tally,
}

impl Measured {
    /// Words for the parent.
    fn to_line(self) -> String {
        let Self { is_filtered, heap_calls, faults, milliseconds, segments, tally } = self;
        let Tally { accepted, trades, cancelled, rejected } = tally;
        let words =
            [is_filtered.into(), heap_calls, faults.minor, faults.major, milliseconds, segments, accepted, trades];
        words.into_iter().chain([cancelled, rejected]).map(|word| word.to_string()).collect::<Vec<_>>().join(" ")
    }

    fn from_line(line: &str) -> Option<Self> {
        let words: Vec<u64> = line.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let [is_filtered, heap_calls, minor, major, milliseconds, segments, accepted, trades, cancelled, rejected] =
            words.try_into().ok()?;
        let (faults, tally) = (Faults { minor, major }, Tally { accepted, trades, cancelled, rejected });
        Some(Self { is_filtered: is_filtered == 1, heap_calls, faults, milliseconds, segments, tally })
    }
}

impl Measured {
    /// Faults that are explained, at most. The pages of segments are there before they are needed. Only a page that is written
    /// back while it is being filled is protected, and faults again: one for each flush that found nothing to have come
    /// since the one before, because the load paused, or because its threads had no core. None where a disk is so slow that
    /// the system writes whatever it likes.
    fn faults_max(&self, run: Run) -> Option<u64> {
        let flushes = self.milliseconds.checked_div(run.interval.into()).unwrap_or(0);
        (self.milliseconds < DIRTY_MS).then_some(FAULTS_MAX + flushes)
    }

    fn are_faults_few(&self, run: Run) -> bool {
        self.faults.major == 0 && self.faults_max(run).is_none_or(|most| self.faults.minor <= most)
    }
}

/// One run.
#[derive(Clone, Copy, Debug)]
struct Run {
    commands: u64,
    /// Milliseconds between two flushes; 0 for none.
    interval: u32,
    offence: Offence,
}

impl Run {
    fn segment_bytes(self) -> u32 {
        if self.commands > COMMANDS { LONG_SEGMENT_BYTES } else { SEGMENT_BYTES }
    }

    fn settings(self) -> Settings {
        let durability = if self.interval == 0 { Durability::None } else { Durability::Interval(self.interval) };
        let journal = novate_journal::writer::Settings {
            segment_bytes: self.segment_bytes(),
            ..novate_journal::writer::Settings::new(durability)
        };
        // To yield or to sleep is a system call. A shadow is another thread, which would spin too.
        // And whoever sends and reads may be without a core for a while.
        Settings { waiting: Waiting::Spin, shadow: None, patience: Duration::MAX, ..Settings::new(journal) }
    }

    /// Runs in this process, which it ends: the hot thread may not even end any more.
    fn here(self, folder: &str) -> ! {
        let storage: Arc<dyn Storage> = Arc::new(DiskStorage::new(folder));
        let armed = Arc::new(Armed::default());
        let genesis = Genesis { max_time_jump_ns: MAX_TIME_JUMP_NS, ..support::genesis() };
        let clock = WatchingClock::new(Arc::clone(&armed), self.offence);
        let primary = Primary::create(&storage, &genesis, clock, &self.settings()).expect("a primary");
        let mut load = Load::new(&primary);
        load.run(1..=WARM_UP);
        let (begin, warm) = (Instant::now(), primary.watermarks().durable().position.segment);
        load.run(WARM_UP + 1..=self.commands);
        // Nothing comes for a while, then something again.
        thread::sleep(IDLE);
        load.run(self.commands + 1..=self.commands + CYCLE);
        let (_, after) = thread_statistics(&format!("/proc/self/task/{}", armed.thread.load(Ordering::Acquire)));
        let measured = Measured {
            is_filtered: armed.filter.load(Ordering::Relaxed) == 1,
            heap_calls: HEAP_CALLS.load(Ordering::Relaxed),
            faults: Faults {
                minor: after.minor - armed.minor.load(Ordering::Relaxed),
                major: after.major - armed.major.load(Ordering::Relaxed),
            },
            milliseconds: begin.elapsed().as_millis() as u64,
            segments: u64::from(primary.watermarks().durable().position.segment - warm),
            tally: load.tally,
        };
        println!("{}", measured.to_line());
        std::process::exit(0)
    }

    /// Runs in a child; the signal that killed it, if one did.
    fn measure(self) -> Result<Measured, i32> {
        let folder = tempfile::tempdir().expect("a folder");
        let this = std::env::current_exe().expect("a program");
        let mut child = Command::new(this);
        child.env(RUN, format!("{} {} {}", self.commands, self.interval, self.offence as usize));
        let ended = child.arg(folder.path()).output().expect("a child");
        if let Some(signal) = ended.status.signal() {
            return Err(signal);
        }
        let (said, complaint) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        Ok(Measured::from_line(&said).unwrap_or_else(|| panic!("{self:?}: {}: {said}{complaint}", ended.status)))
    }
}

/// A run in which nothing is done wrong.
fn is_undisturbed(commands: u64, interval: u32) {
    let run = Run { commands, interval, offence: Offence::None };
    let measured = run.measure().unwrap_or_else(|signal| {
        panic!("{run:?}: the hot thread made a system call (signal {signal}); the kernel's log says which")
    });
    let Measured { is_filtered, heap_calls, faults, milliseconds, segments, tally } = measured;
    let calls = if is_filtered { "0 system calls" } else { "SKIPPED (no thread may filter its system calls here)" };
    println!(
        "{}: {} commands after warm-up in {milliseconds} ms: {calls}, {heap_calls} calls of the allocator, {} minor and \
         {} major page faults, {} at most, {segments} segments of {} pages",
        if interval == 0 { "none".to_owned() } else { format!("every {interval} ms") },
        commands - WARM_UP,
        faults.minor,
        faults.major,
        measured.faults_max(run).map_or("any".to_owned(), |most| most.to_string()),
        run.segment_bytes() as usize / PAGE,
    );
    if measured.faults_max(run).is_none() {
        println!("SKIPPED (a bound on minor page faults: in {DIRTY_MS} ms and more the system writes back by itself)");
    }
    assert!(heap_calls == 0 && measured.are_faults_few(run), "{run:?}: {measured:?}");
    // The load is one: orders rest, trade and are cancelled, and segments change under the filter.
    let Tally { accepted, trades, cancelled, rejected } = tally;
    assert!(accepted > commands / 2 && trades >= commands / CYCLE && cancelled > commands / 4, "{tally:?}");
    assert!(rejected == 0 && segments > 20, "{measured:?}");
}

/// What is done wrong on purpose is found.
fn is_found(offence: Offence) {
    let run = Run { commands: COMMANDS / 2, interval: 0, offence };
    let measured = run.measure();
    let found = match (offence, measured) {
        (Offence::SystemCall, Ok(measured)) if !measured.is_filtered => return,
        (Offence::SystemCall, measured) => matches!(measured, Err(SIGSYS)),
        (Offence::Allocation, Ok(measured)) => measured.heap_calls > 0,
        (Offence::PageFaults, Ok(measured)) => !measured.are_faults_few(run),
        _ => false,
    };
    assert!(found, "{run:?} was not found: {measured:?}");
    println!("{offence:?} on purpose: found");
}

fn main() {
    if let Ok(run) = std::env::var(RUN) {
        let words: Vec<u32> = run.split(' ').map(|word| word.parse().expect("a number")).collect();
        let (commands, interval, offence) = (words[0].into(), words[1], Offence::ALL[words[2] as usize]);
        Run { commands, interval, offence }.here(&std::env::args().nth(1).expect("a folder"));
    }
    // Whoever lists tests, finds none to choose from.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let commands = std::env::var("NOVATE_HOT_COMMANDS").ok();
    let commands = commands.map_or(COMMANDS, |text| text.parse().expect("NOVATE_HOT_COMMANDS is a number"));
    assert!(commands >= COMMANDS, "NOVATE_HOT_COMMANDS: {COMMANDS} or more");
    is_undisturbed(commands, 0);
    is_undisturbed(commands, 10);
    [Offence::SystemCall, Offence::Allocation, Offence::PageFaults].into_iter().for_each(is_found);
}
