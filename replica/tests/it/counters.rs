//! What a primary says of itself while it runs.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use novate_core::prelude::*;
use novate_journal::storage::Storage;
use novate_replica::clock::Clock;
use novate_replica::counters::{Counter, Snapshot, segment_wait, state};
use novate_replica::primary::{Primary, Settings};

use crate::support::{Events, PATIENCE, folder, genesis, order, set_up, settings, submit};

/// A clock that says when it is asked for a command's time, and then waits for being told to answer.
struct SteppedClock {
    asked: SyncSender<u64>,
    go_on: Receiver<()>,
}

impl Clock for SteppedClock {
    fn name(&self) -> &'static str {
        "in steps"
    }

    fn stamp(&mut self, submitted: u64) -> TimeNs {
        // Who steps it is gone when the test has ended, well or not.
        let _ = self.asked.send(submitted);
        let _ = self.go_on.recv();
        TimeNs(submitted)
    }

    fn now(&mut self) -> Option<TimeNs> {
        None
    }
}

/// Counters as they are when one has come to a value.
fn until(storage: &dyn Storage, counter: Counter, value: u64) -> Snapshot {
    let begin = Instant::now();
    loop {
        let counters = Snapshot::read(storage).expect("counters");
        if counters.get(counter) == value {
            return counters;
        }
        assert!(begin.elapsed() < PATIENCE, "{counter:?} is {}, not {value}", counters.get(counter));
        std::thread::yield_now();
    }
}

#[test]
fn fills_and_lags_are_those_of_the_last_seal() {
    let (_folder, storage) = folder();
    let ((asked, is_asked), (step, go_on)) = (sync_channel(0), sync_channel(0));
    let settings = Settings { batch_commands: 1, timer_ns: 0, checkpoint_ns: 0, ..settings() };
    let clock = SteppedClock { asked, go_on };
    let primary = Primary::create(&storage, &genesis(), clock, &settings).expect("a primary");
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().observe()));
    let lazy = primary.egress().gate().expect("a place");
    let next = || {
        let number = is_asked.recv().expect("a command");
        step.send(()).expect("a primary");
        number
    };
    let party = std::thread::scope(|scope| {
        let venue = scope.spawn(|| set_up(&mut ingress, &mut events, 1_000));
        (0..3).for_each(|_| assert_eq!(next(), 1_000));
        venue.join().expect("a venue")
    });
    // The first orders come at once, the third of them ends a block by its time.
    let times = [2_000, 3_000, 5_000_000, 5_000_001, 5_000_002];
    for (number, time) in (1..).zip(times) {
        submit(&mut ingress, time, &order(&party, number));
    }
    let executed_before = 3;
    assert_eq!((next(), next(), next()), (2_000, 3_000, 5_000_000));
    // The fourth is taken from the ring and waits for its time: the fifth is left, with what it takes of the ring.
    assert_eq!(is_asked.recv(), Ok(5_000_001));
    let counters = until(&*storage, Counter::Taken, executed_before + 3);
    let lines_each = 2;
    assert_eq!(counters.get(Counter::IngressFill), 2 * lines_each, "the fourth and the fifth");
    let written = counters.get(Counter::EgressLines);
    assert_eq!(counters.get(Counter::EgressFill), written, "who gates has read nothing");
    assert!(written >= 6 && counters.get(Counter::EgressSize) == settings.egress_lines as u64);
    assert_eq!(counters.get(Counter::IngressSize), settings.ingress_lines as u64);
    let lag = counters.get(Counter::DurableLagBytes);
    assert!(lag > 0 && lag < 3_000, "a few frames of 128 bytes, or all nine: {lag}");
    assert_eq!((counters.get(Counter::SegmentWait), counters.get(Counter::SegmentStalls)), (segment_wait::NONE, 0));
    drop((step, is_asked, lazy));
    let stopped = primary.stop().expect("in order");
    let counters = Snapshot::read(&*storage).expect("counters");
    for (counter, value) in [
        (Counter::State, state::STOPPED),
        (Counter::Sequence, stopped.last.0.0),
        (Counter::Durable, stopped.last.0.0),
        (Counter::DurableLagBytes, 0),
        (Counter::IngressFill, 0),
    ] {
        assert_eq!(counters.get(counter), value, "{counter:?}");
    }
}
