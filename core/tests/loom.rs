//! Every order in which the loads and stores of small rings can take effect, tried one by one.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p novate-core --test loom --release`. For loom a ring has four lines of one word, and
//! a record one or two of them, so that few steps go around it.
#![cfg(loom)]

use std::cell::Cell;

use loom::model::Builder;
use loom::thread;
use novate_core::ring::{Popped, PushError, RecordBuffer, Spin, broadcast, mpsc, spsc};

/// Tries all orders with up to so many switches between threads that none of them asked for.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// Pops so many records of an ingress ring.
fn take(consumer: &mut novate_core::ring::Consumer, records: usize) -> Vec<Vec<u64>> {
    let mut buffer = RecordBuffer::new();
    (0..records).map(|_| consumer.pop(&mut buffer, &mut Spin).expect("a writer").to_vec()).collect()
}

#[test]
fn single_around_the_ring() {
    check(3, || {
        let (mut producer, mut consumer) = spsc::ring(4).expect("a ring");
        let writer = thread::spawn(move || {
            for record in [&[1][..], &[2, 3], &[4, 5], &[6]] {
                producer.push(record, &mut Spin).expect("a reader");
            }
        });
        assert_eq!(take(&mut consumer, 4), [&[1][..], &[2, 3], &[4, 5], &[6]]);
        writer.join().expect("no panic");
        assert_eq!(consumer.try_pop(&mut RecordBuffer::new()), Popped::Closed);
    });
}

#[test]
fn single_in_a_batch() {
    check(3, || {
        let (mut producer, mut consumer) = spsc::ring(4).expect("a ring");
        let writer = thread::spawn(move || {
            producer.try_push_all(&[&[1][..], &[2, 3]].iter()).expect("room");
            while producer.try_push_all(&[&[4, 5][..], &[6]].iter()) == Err(PushError::Full) {
                thread::yield_now();
            }
        });
        assert_eq!(take(&mut consumer, 2), [&[1][..], &[2, 3]]);
        assert_eq!(take(&mut consumer, 2), [&[4, 5][..], &[6]]);
        writer.join().expect("no panic");
    });
}

/// Two records when they are counted, and one when they are stored.
#[derive(Clone)]
struct OneIsGone<'c>(&'c Cell<u64>, u64);

impl Iterator for OneIsGone<'_> {
    type Item = [u64; 1];

    fn next(&mut self) -> Option<[u64; 1]> {
        self.0.set(self.0.get() + 1);
        self.1 += 1;
        (self.1 < if self.0.get() <= 3 { 3 } else { 2 }).then_some([self.1])
    }
}

/// Its lines are given back and written again.
#[test]
fn a_batch_that_cannot_be_made() {
    check(3, || {
        let (mut producer, mut consumer) = mpsc::ring(4).expect("a ring");
        let writer = thread::spawn(move || {
            producer.try_push(&[1]).expect("room");
            assert_eq!(producer.try_push_all(&OneIsGone(&Cell::new(0), 0)), Err(PushError::Size { words: 0 }));
            for record in [[2, 3], [4, 5]] {
                producer.push(&record, &mut Spin).expect("a reader");
            }
        });
        assert_eq!(take(&mut consumer, 3), [&[1][..], &[2, 3], &[4, 5]]);
        writer.join().expect("no panic");
        assert_eq!(consumer.try_pop(&mut RecordBuffer::new()), Popped::Closed);
    });
}

#[test]
fn a_reader_that_goes() {
    check(3, || {
        let (mut producer, mut consumer) = spsc::ring(4).expect("a ring");
        let reader = thread::spawn(move || drop(take(&mut consumer, 1)));
        let mut pushed = 0;
        while producer.push(&[pushed], &mut Spin).is_ok() {
            pushed += 1;
        }
        assert!(pushed >= 4, "there was room for {pushed} only");
        reader.join().expect("no panic");
    });
}

/// Both at the end of the ring, where a record goes around it; the first is alone before, and either may be in the end, where
/// it moves the tail without the other's leave. There is room for all: of two writers that wait for it, loom lets each wait
/// for the other for ever.
#[test]
fn two_writers() {
    check(3, || {
        let (mut one, mut consumer) = mpsc::ring(4).expect("a ring");
        one.try_push_all(&[&[7, 8][..], &[9]].iter()).expect("room");
        assert_eq!(take(&mut consumer, 2), [&[7, 8][..], &[9]]);
        assert_eq!(consumer.try_pop(&mut RecordBuffer::new()), Popped::Empty);
        let mut other = one.clone();
        let writers = [
            thread::spawn(move || one.try_push_all(&[&[1][..], &[2]].iter())),
            thread::spawn(move || other.try_push(&[11, 12])),
        ];
        let records = take(&mut consumer, 3);
        let of = |low: u64, high: u64| -> Vec<Vec<u64>> {
            records.iter().filter(|record| (low..high).contains(&record[0])).cloned().collect()
        };
        assert_eq!(of(0, 10), [[1], [2]]);
        assert_eq!(of(10, 20), [[11, 12]]);
        assert!(records[0] == [11, 12] || records[2] == [11, 12], "a batch lies together");
        for writer in writers {
            writer.join().expect("no panic").expect("room");
        }
        assert_eq!(consumer.try_pop(&mut RecordBuffer::new()), Popped::Closed);
    });
}

/// One of them finds the ring full, or neither does: nothing is lost either way.
#[test]
fn two_writers_and_too_little_room() {
    check(2, || {
        let (mut one, mut consumer) = mpsc::ring(4).expect("a ring");
        one.try_push_all(&[&[7, 8][..], &[9]].iter()).expect("room");
        let mut other = one.clone();
        let writers = [thread::spawn(move || one.try_push(&[1])), thread::spawn(move || other.try_push(&[11]))];
        let mut buffer = RecordBuffer::new();
        let mut read = 0;
        for _ in 0..2 {
            read += usize::from(matches!(consumer.try_pop(&mut buffer), Popped::Record(_)));
        }
        assert_eq!(read, 2, "these were there before");
        consumer.drain(1, &mut buffer, |_| read += 1);
        let taken = writers.map(|writer| writer.join().expect("no panic"));
        let taken = taken.iter().filter(|taken| taken.is_ok()).count();
        assert!(taken > 0, "there was room for one");
        while consumer.pop(&mut buffer, &mut Spin).is_some() {
            read += 1;
        }
        assert_eq!(read, 2 + taken);
    });
}

/// Records that a writer laps: each two words that belong together.
const LAPS: [[u64; 2]; 4] = [[10, 11], [20, 21], [30, 31], [40, 41]];

/// Reads to the end: every record whole and in order, every line read or said to be lost.
fn account_for_all(mut consumer: broadcast::Consumer) {
    let mut buffer = RecordBuffer::new();
    let (mut lines, mut last) = (0, None);
    loop {
        match consumer.pop(&mut buffer, &mut Spin) {
            Ok(None) => break,
            Ok(Some(words)) => {
                let place = LAPS.iter().position(|record| record == words).expect("a whole record");
                assert!(last < Some(place), "backwards");
                last = Some(place);
                lines += 2;
            }
            Err(lapped) => lines += lapped.lines,
        }
    }
    assert_eq!(lines, 8, "every line was read, or said to be lost");
}

#[test]
fn a_reader_that_is_lapped() {
    check(2, || {
        let (mut producer, subscriber) = broadcast::ring(4, 0).expect("a ring");
        let observer = subscriber.observe();
        let writer = thread::spawn(move || {
            let [first, second, third, last] = LAPS;
            producer.try_push(&first).expect("nobody gates");
            producer.try_push_all(&[&second, &third].iter()).expect("nobody gates");
            producer.try_push(&last).expect("nobody gates");
        });
        account_for_all(observer);
        writer.join().expect("no panic");
    });
}

#[test]
fn a_reader_that_gates() {
    check(2, || {
        let (mut producer, subscriber) = broadcast::ring(4, 1).expect("a ring");
        let mut consumer = subscriber.gate().expect("a place");
        let writer = thread::spawn(move || {
            for record in LAPS {
                producer.push(&record, &mut Spin).expect("room at last");
            }
        });
        let mut buffer = RecordBuffer::new();
        for record in LAPS {
            assert_eq!(consumer.pop(&mut buffer, &mut Spin), Ok(Some(&record[..])));
        }
        writer.join().expect("no panic");
    });
}

/// Whoever comes while the writer goes around the ring loses nothing of what follows.
#[test]
fn a_reader_that_comes() {
    check(2, || {
        let (mut producer, subscriber) = broadcast::ring(4, 1).expect("a ring");
        let writer = thread::spawn(move || {
            for record in LAPS {
                producer.push(&record, &mut Spin).expect("room at last");
            }
        });
        let mut consumer = subscriber.gate().expect("a place");
        let mut buffer = RecordBuffer::new();
        let mut last = None;
        while let Some(words) = consumer.pop(&mut buffer, &mut Spin).expect("who gates is not lapped") {
            let place = LAPS.iter().position(|record| record == words).expect("a whole record");
            assert!(last.is_none_or(|last| place == last + 1), "a gap");
            last = Some(place);
        }
        assert!(last.is_none_or(|last| last == LAPS.len() - 1), "the end is missing");
        writer.join().expect("no panic");
    });
}

#[test]
fn a_reader_that_is_let_go() {
    check(2, || {
        let (mut producer, subscriber) = broadcast::ring(4, 1).expect("a ring");
        let consumer = subscriber.gate().expect("a place");
        let writer = thread::spawn(move || {
            for record in LAPS {
                if producer.try_push(&record).is_err() {
                    if let Some((gate, _)) = producer.slowest() {
                        producer.release(gate);
                    }
                    producer.push(&record, &mut Spin).expect("room");
                }
            }
        });
        account_for_all(consumer);
        writer.join().expect("no panic");
    });
}
