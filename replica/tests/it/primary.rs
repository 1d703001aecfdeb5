//! A primary from its beginning to its end, and again from where it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use novate_core::command::{Checkpoint, CommandRecord, RawCommand, Work};
use novate_core::prelude::*;
use novate_core::ring::PushError;
use novate_core::sink::Discard;
use novate_journal::JournalError;
use novate_journal::reader::{Chain, Ending, Reader};
use novate_journal::replay::{Halt as ReplayHalt, Replay};
use novate_journal::storage::Storage;
use novate_journal::writer::{Lost, Opening};
use novate_replica::affinity::{self, Cores, NoSuchCore};
use novate_replica::clock::{Clock, CycleClock, SubmittedTime};
use novate_replica::follower::FollowerSettings;
use novate_replica::halt::{Halt, Halted};
use novate_replica::primary::{Drill, Primary, Settings, StartError, Stopped, Submission, WorkWhen};
use novate_replica::wait::Waiting;

use crate::support::{Events, PATIENCE, Party, folder, genesis, order, set_up, settings, submit};

const ORDERS: u64 = 5_000;

/// The journal replays to the state that the primary ended with.
fn replays_to(storage: &Arc<dyn Storage>, stopped: &Stopped) {
    let reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
    let mut replay = Replay::from_genesis(reader).expect("a state");
    let halt = replay.run(None, &mut Discard).expect("no damage");
    assert_eq!(halt, ReplayHalt::End(Ending::Closed));
    assert_eq!(replay.result().expect("a state"), (stopped.last.0, stopped.events_digest));
    assert_eq!(replay.state().digest(), stopped.state_digest);
}

/// Runs orders from a number on through a primary, and returns it stopped.
fn trade(primary: Primary, from: u64, time: impl Fn(u64) -> u64 + Send + 'static) -> Stopped {
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().gate().expect("a place")));
    let party = if from == 1 {
        set_up(&mut ingress, &mut events, time(0))
    } else {
        let shard = 0;
        Party {
            instrument: InstrumentId::from_parts(shard, 1, 1),
            account: AccountId::from_parts(shard, 1, 1),
            session: SessionId::from_parts(shard, 3, 3),
        }
    };
    let sender = std::thread::spawn(move || {
        for number in from..from + ORDERS {
            submit(&mut ingress, time(number), &order(&party, number));
        }
    });
    let last = from + ORDERS - 1;
    let is_last = |event: &OwnedEvent| match event {
        OwnedEvent::Accepted(accepted) => accepted.client_order_id == ClientOrderId(last),
        OwnedEvent::Rejected(rejected) => panic!("{rejected:?}"),
        _ => false,
    };
    let said = events.until(is_last);
    let accepted = said.iter().filter(|event| matches!(event, OwnedEvent::Accepted(_))).count();
    assert_eq!(accepted as u64, ORDERS, "each order once");
    sender.join().expect("no panic");
    primary.stop().expect("in order")
}

#[test]
fn orders_go_through_and_the_journal_tells_the_same() {
    let (_folder, storage) = folder();
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings()).expect("a primary");
    let stopped = trade(primary, 1, |_| 0);
    assert!(stopped.last.0.0 > ORDERS);
    replays_to(&storage, &stopped);

    // Again from where it ended, then from a snapshot.
    let primary = Primary::open(&storage, CycleClock::new(), &settings()).expect("a primary");
    assert!(primary.executed() >= stopped.last.0, "timers may have come already");
    let again = trade(primary, 1 + ORDERS, |_| 0);
    assert!(again.last > stopped.last);
    replays_to(&storage, &again);
}

/// With the times that commands are submitted with, what happens does not depend on how fast anything goes.
#[test]
fn submitted_times_give_the_same_every_time() {
    let recorded = Settings {
        batch_commands: 1,
        work: WorkWhen::BeforeNext,
        timer_ns: 10_000,
        checkpoint_ns: 100_000,
        ..settings()
    };
    let mut ends = Vec::new();
    for lines in [64, 1 << 12] {
        let (_folder, storage) = folder();
        let settings = Settings { ingress_lines: lines, egress_lines: lines, ..recorded };
        let primary = Primary::create(&storage, &genesis(), SubmittedTime, &settings).expect("a primary");
        let stopped = trade(primary, 1, |number| 1_000 + number * 37);
        replays_to(&storage, &stopped);
        ends.push((stopped.last, stopped.events_digest, stopped.state_digest));
    }
    assert_eq!(ends[0], ends[1]);
}

/// Submits orders until the primary ends, and returns why.
fn until_it_halts(storage: &Arc<dyn Storage>, settings: &Settings) -> Halted {
    let primary = Primary::create(storage, &genesis(), CycleClock::new(), settings).expect("a primary");
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().observe()));
    let party = set_up(&mut ingress, &mut events, 0);
    let begin = Instant::now();
    for number in 1.. {
        assert!(begin.elapsed() < PATIENCE, "it goes on");
        let submission = Submission::new(0, &order(&party, number)).expect("a command's length");
        if primary.has_ended() || ingress.try_push(submission.words()) == Err(PushError::Closed) {
            break;
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    primary.stop().expect_err("it has halted")
}

#[test]
fn a_wrong_event_is_found_by_the_shadow() {
    let (_folder, storage) = folder();
    let drill = Some(Drill::WrongEvent(Sequence(40)));
    let halted = until_it_halts(&storage, &Settings { drill, ..settings() });
    let Halt::Diverged { first, last, stated, replayed } = halted.reason else { panic!("{halted}") };
    assert!(first <= Sequence(40) && Sequence(40) <= last && last <= halted.last && stated != replayed, "{halted}");
}

/// Where the primary was wrong, its journal is cut back to before that, and another primary goes on.
#[test]
fn a_journal_with_a_wrong_event_is_cut_back_and_gone_on_with() {
    let (_folder, storage) = folder();
    let drill = Some(Drill::WrongEvent(Sequence(400)));
    let halted = until_it_halts(&storage, &Settings { drill, ..settings() });
    let Halt::Diverged { first: diverged, .. } = halted.reason else { panic!("{halted}") };
    let refused = Primary::open(&storage, CycleClock::new(), &settings()).map(drop);
    let Err(StartError::Differs { first, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(Sequence(first), diverged);

    let opening = Opening::lock(storage.clone(), None, None).expect("nobody writes");
    let plan = opening.recover_before(Sequence(first)).expect("it is held");
    let lost = Some(Lost { first: Sequence(first), last: halted.last });
    assert_eq!((plan.last.0, plan.lost), (Sequence(first - 1), lost));
    let mut reader = Reader::open(storage.clone(), Chain::Verified).expect("a journal");
    let mut orders = 0;
    while let Some(frame) = reader.next().expect("no damage") {
        let kind = frame.command().and_then(|sequenced| sequenced.command.words().first().copied());
        orders += u64::from(kind.is_some_and(|word| word as u16 == NewOrder::KIND));
    }
    assert!(orders > 0, "nothing was left");

    let primary = Primary::open(&storage, CycleClock::new(), &settings()).expect("a primary");
    // The orders that were lost are sent again, and more.
    let stopped = trade(primary, orders + 1, |_| 0);
    replays_to(&storage, &stopped);
}

#[test]
fn a_flipped_bit_is_found_by_scrubbing() {
    let (_folder, storage) = folder();
    let shadow = Some(FollowerSettings { scrub_chunks: 1 << 12, snapshot_every: 0, ..FollowerSettings::new() });
    let drill = Some(Drill::FlippedBit(Sequence(40)));
    let halted = until_it_halts(&storage, &Settings { drill, shadow, checkpoint_ns: 1_000_000, ..settings() });
    assert!(matches!(halted.reason, Halt::MemoryFault { .. }), "{halted}");
    assert!(halted.to_string().starts_with(&format!("halted after sequence {}: memory of the shadow", halted.last)));
}

#[test]
fn a_jump_of_the_clock_halts_before_anything_is_appended() {
    let (_folder, storage) = folder();
    let primary = Primary::create(&storage, &genesis(), SubmittedTime, &settings()).expect("a primary");
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().observe()));
    let party = set_up(&mut ingress, &mut events, 5_000);
    let jump = 5_000 + genesis().max_time_jump_ns + 1;
    submit(&mut ingress, jump, &order(&party, 1));
    while !primary.has_ended() {
        std::thread::yield_now();
    }
    let halted = primary.stop().expect_err("it has halted");
    let max_ns = genesis().max_time_jump_ns;
    assert_eq!(halted.reason, Halt::TimeJump { last: TimeNs(5_000), next: TimeNs(jump), max_ns });
    // What is left is a journal that nobody closed, and a primary goes on from it.
    let primary = Primary::open(&storage, SubmittedTime, &settings()).expect("a primary");
    assert_eq!(primary.executed(), halted.last);
    primary.stop().expect("in order");
}

#[test]
fn snapshots_are_taken_beside() {
    let (_folder, storage) = folder();
    let shadow = Some(FollowerSettings { scrub_chunks: 1 << 14, snapshot_every: 3, snapshots_kept: 2 });
    let settings = Settings { shadow, timer_ns: 1_000, checkpoint_ns: 10_000, ..settings() };
    let primary = Primary::create(&storage, &genesis(), SubmittedTime, &settings).expect("a primary");
    let stopped = trade(primary, 1, |number| 1_000 + number * 37);
    let report = stopped.shadow.expect("a shadow");
    assert!(report.snapshots > 0 && report.scrubs > 0 && report.checkpoints / 3 == report.snapshots, "{report:?}");
    let folder = novate_journal::folder::Folder::read(storage.clone()).expect("a folder");
    assert!(report.snapshots > 2 && report.snapshots_missed == 0, "{report:?}");
    assert_eq!(folder.snapshots.len(), 2, "older ones are taken away");
    novate_journal::verify::verify(storage.clone(), &mut |_, _| {}).expect("no damage");
    // The next one begins there.
    let primary = Primary::open(&storage, SubmittedTime, &settings).expect("a primary");
    assert_eq!(primary.executed(), stopped.last.0);
    let again = primary.stop().expect("in order");
    replays_to(&storage, &again);
}

#[test]
fn one_writer_at_a_time() {
    let (_folder, storage) = folder();
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings()).expect("a primary");
    let second = Primary::open(&storage, CycleClock::new(), &settings()).map(drop);
    assert!(matches!(second, Err(StartError::Journal(JournalError::Locked { .. }))), "{second:?}");
    let third = Primary::create(&storage, &genesis(), CycleClock::new(), &settings()).map(drop);
    assert!(matches!(third, Err(StartError::Journal(JournalError::NotEmpty { .. }))), "{third:?}");
    primary.stop().expect("in order");
}

#[test]
fn a_core_that_there_is_not() {
    let (_folder, storage) = folder();
    for (hot, shadow) in [(Some(9_999), None), (None, Some(9_999)), (None, Some(1_023))] {
        let settings = Settings { cores: Cores { hot, shadow }, ..settings() };
        let refused = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).map(drop);
        let Err(StartError::Core(NoSuchCore { core, allowed })) = &refused else { panic!("{refused:?}") };
        assert!(Some(*core) == hot.or(shadow) && *allowed == affinity::allowed(), "{refused:?}");
        let said = refused.as_ref().map_err(ToString::to_string).expect_err("refused");
        assert!(
            said.starts_with(&format!("core {core} is not there, or not for this process; it may use [")),
            "{said}"
        );
        assert!(storage.list().expect("a folder").is_empty(), "nothing was begun");
    }
}

/// Two threads that spin want two cores, unless one has no shadow beside it.
#[test]
fn nobody_spins_without_a_core_for_it() {
    let allowed = affinity::allowed();
    let waiting = |cores, shadow: Option<FollowerSettings>| {
        let (_folder, storage) = folder();
        let settings = Settings { cores, shadow, waiting: Waiting::Spin, ..settings() };
        let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
        let waiting = primary.waiting();
        primary.stop().expect("in order");
        waiting
    };
    let expected = |threads| if allowed.len() >= threads { Waiting::Spin } else { Waiting::Yield };
    assert_eq!(waiting(Cores::default(), Some(FollowerSettings::new())), expected(2));
    let hot = Cores { hot: allowed.first().copied(), shadow: None };
    assert_eq!(waiting(hot, Some(FollowerSettings::new())), expected(2));
    assert_eq!(waiting(hot, None), Waiting::Spin);
}

/// Threads that are pinned leave whoever started them where it was.
#[test]
fn cores_that_there_are() {
    let (_folder, storage) = folder();
    let allowed = affinity::allowed();
    let (hot, shadow) = (allowed.first().copied(), allowed.last().copied());
    // One core is not enough for two.
    let cores = Cores { hot, shadow: shadow.filter(|_| shadow != hot) };
    let settings = Settings { cores, ..settings() };
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
    assert_eq!(affinity::allowed(), allowed);
    let stopped = trade(primary, 1, |_| 0);
    assert!(stopped.shadow.is_some());
}

/// Commands that are the sequencer's own are rejected, wherever in a batch they stand, and halt nobody.
#[test]
fn who_sends_the_sequencers_commands_is_rejected() {
    let (_folder, storage) = folder();
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings()).expect("a primary");
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().gate().expect("a place")));
    let party = set_up(&mut ingress, &mut events, 0);
    let checkpoint = |number| Checkpoint { header: Checkpoint::new_header(party.session, number, AccountId::NONE) };
    let work = Work { header: Work::new_header(party.session, 4, AccountId::NONE) };
    let batch = [
        Submission::new(0, &order(&party, 1)),
        Submission::new(0, &checkpoint(2)),
        Submission::new(0, &checkpoint(3)),
        Submission::new(0, &work),
        Submission::new(0, RawCommand::new(&[u64::from(Checkpoint::KIND)])),
        Submission::new(0, &order(&party, 5)),
    ]
    .map(|submission| submission.expect("a command's length"));
    ingress.try_push_all(&batch.iter().map(Submission::words)).expect("room");
    let is_last = |event: &OwnedEvent| matches!(event, OwnedEvent::Accepted(order) if order.client_order_id.0 == 5);
    let said = events.until(is_last);
    assert_eq!(said.iter().filter(|event| matches!(event, OwnedEvent::Rejected(_))).count(), 4);
    replays_to(&storage, &primary.stop().expect("in order"));
}

/// A reader that gates and never reads holds everybody up only for a while.
#[test]
fn a_reader_that_never_reads_is_let_go() {
    let (_folder, storage) = folder();
    let settings = Settings { egress_lines: 64, patience: Duration::from_millis(500), ..settings() };
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
    let lazy = primary.egress().gate().expect("a place");
    let stopped = trade(primary, 1, |_| 0);
    assert_eq!(stopped.gates_released, 1);
    assert!(lazy.is_gating(), "it has never looked");
    replays_to(&storage, &stopped);
}

/// Whoever stops a primary does not wait for a reader as long as its commands would.
#[test]
fn a_stop_waits_for_no_reader() {
    let (_folder, storage) = folder();
    let settings = Settings { egress_lines: 64, patience: Duration::MAX, ..settings() };
    let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
    let _lazy = primary.egress().gate().expect("a place");
    let mut ingress = primary.ingress();
    for number in 1..=500 {
        submit(&mut ingress, 0, &order(&NOBODY, number));
    }
    assert_eq!(primary.stop().expect("in order").gates_released, 1);
}

/// Whose orders are rejected, which is an event.
const NOBODY: Party = Party { instrument: InstrumentId::NONE, account: AccountId::NONE, session: SessionId::NONE };

/// With the patience that nobody has changed, whichever way threads wait, it is a moment.
#[test]
fn nobody_waits_long_for_a_reader() {
    for waiting in [Waiting::Spin, Waiting::Yield, Waiting::Park] {
        let (_folder, storage) = folder();
        let settings = Settings { egress_lines: 64, waiting, ..settings() };
        let primary = Primary::create(&storage, &genesis(), CycleClock::new(), &settings).expect("a primary");
        let _lazy = primary.egress().gate().expect("a place");
        let begin = Instant::now();
        let mut ingress = primary.ingress();
        for number in 1..=500 {
            submit(&mut ingress, 0, &order(&NOBODY, number));
        }
        let stopped = primary.stop().expect("in order");
        assert_eq!(stopped.gates_released, 1);
        assert!(begin.elapsed() < Duration::from_secs(20), "{waiting:?} waited {:?}", begin.elapsed());
    }
}

/// A clock that goes back an hour after a few commands, and never comes back.
struct SteppingBack(CycleClock, u64);

impl Clock for SteppingBack {
    fn name(&self) -> &'static str {
        "one that steps back"
    }

    fn stamp(&mut self, submitted: u64) -> TimeNs {
        self.1 += 1;
        let now = self.0.stamp(submitted);
        if self.1 > 5 { TimeNs(now.0 - 3_600_000_000_000) } else { now }
    }

    fn now(&mut self) -> Option<TimeNs> {
        Some(self.stamp(0))
    }
}

#[test]
fn a_clock_that_steps_back_holds_time_up_and_nothing_else() {
    let (_folder, storage) = folder();
    let clock = SteppingBack(CycleClock::new(), 0);
    let primary = Primary::create(&storage, &genesis(), clock, &settings()).expect("a primary");
    let stopped = trade(primary, 1, |_| 0);
    assert!(stopped.clock_steps_back > 0 && stopped.last.0 > Sequence(ORDERS), "{stopped:?}");
    replays_to(&storage, &stopped);
}

/// A venue that was down over the weekend opens; one whose clock is a year ahead does not go on.
#[test]
fn a_journal_is_opened_after_a_while() {
    let (_folder, storage) = folder();
    let primary = Primary::create(&storage, &genesis(), SubmittedTime, &settings()).expect("a primary");
    trade(primary, 1, |_| 5_000);
    let hours = |hours: u64| hours * 3_600_000_000_000;
    let begin = |time: u64| {
        let primary = Primary::open(&storage, SubmittedTime, &settings()).expect("a primary");
        submit(&mut primary.ingress(), time, &order(&NOBODY, 1));
        primary.stop()
    };
    let stopped = begin(hours(60)).expect("in order");
    assert_eq!(stopped.last.1, TimeNs(hours(60)));
    let halted = begin(hours(60 + 365 * 24)).expect_err("the clock is wrong");
    assert!(matches!(halted.reason, Halt::TimeJump { .. }), "{halted}");
}

#[test]
fn settings_that_no_primary_has() {
    let (_folder, storage) = folder();
    let start = |settings: Settings| {
        Primary::create(&storage, &genesis(), SubmittedTime, &settings).map(drop).expect_err("not usable")
    };
    assert!(matches!(start(Settings { batch_commands: 0, ..settings() }), StartError::Setting { .. }));
    assert!(matches!(start(Settings { batch_commands: 64, ..settings() }), StartError::Setting { .. }));
    assert!(matches!(start(Settings { gates: 0, ..settings() }), StartError::Setting { .. }));
    let core = affinity::allowed().first().copied();
    let cores = Cores { hot: core, shadow: core };
    assert!(matches!(start(Settings { cores, ..settings() }), StartError::Setting { name: "cores.shadow", .. }));
    assert!(matches!(start(Settings { gates: 1 << 40, ..settings() }), StartError::Setting { .. }));
    assert!(matches!(start(Settings { ingress_lines: 1_000, ..settings() }), StartError::Ring(_)));
    assert!(matches!(start(Settings { egress_lines: 0, ..settings() }), StartError::Ring(_)));
    assert!(storage.list().expect("a folder").is_empty(), "nothing was begun");
}
