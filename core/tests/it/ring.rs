//! Rings: what one thread sees, and what several do.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use novate_core::ring::{
    Consumer, LINES_MAX, LINES_MIN, Popped, PushError, RECORD_WORDS_MAX, RecordBuffer, RingSize, Spin, Wait, broadcast,
    mpsc, spsc,
};

/// Spins for a while, then lets others have the core: tests run where threads are more than cores.
#[derive(Default)]
struct Patient(u32);

impl Wait for Patient {
    fn wait(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(64) { thread::yield_now() } else { Spin.wait() }
    }
}

/// A record that says who wrote it and which of its records it is, and whose words follow from that.
fn record(writer: u64, number: u64) -> Vec<u64> {
    let length =
        1 + (writer.wrapping_mul(31) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % RECORD_WORDS_MAX as u64;
    let tag = writer << 48 | number;
    (0..length).map(|word| if word == 0 { tag } else { tag.rotate_left(word as u32) ^ word }).collect()
}

/// Who wrote a record, and which it is; it must be whole.
fn tag(words: &[u64]) -> (u64, u64) {
    let (writer, number) = (words[0] >> 48, words[0] & ((1 << 48) - 1));
    assert_eq!(words, record(writer, number), "a torn record");
    (writer, number)
}

fn lines(words: &[u64]) -> u64 {
    words.len().div_ceil(7) as u64
}

fn next(consumer: &mut Consumer) -> Option<Vec<u64>> {
    let mut buffer = RecordBuffer::new();
    match consumer.try_pop(&mut buffer) {
        Popped::Record(words) => Some(words.to_vec()),
        Popped::Empty | Popped::Closed => None,
    }
}

#[test]
fn sizes_that_no_ring_has() {
    for lines in [0, 1, 4, 7, 9, 1_000, LINES_MAX + 1, LINES_MAX * 2, usize::MAX] {
        assert_eq!(spsc::ring(lines).err(), Some(RingSize { lines }));
        assert_eq!(mpsc::ring(lines).err(), Some(RingSize { lines }));
        assert_eq!(broadcast::ring(lines, 1).err(), Some(RingSize { lines }));
        assert!(RingSize { lines }.to_string().contains("take a power of two from 8 to 16777216"));
    }
    assert!(spsc::ring(LINES_MIN).is_ok());
}

#[test]
fn a_backlog_is_what_was_not_read() {
    let (mut one, mut consumer) = mpsc::ring(64).expect("a ring");
    let mut other = one.clone();
    assert_eq!(consumer.backlog(), 0);
    one.try_push(&[1; 7]).expect("room");
    other.try_push(&[2; 8]).expect("room");
    assert_eq!(consumer.backlog(), 1 + 2);
    assert_eq!(next(&mut consumer).as_deref(), Some(&[1; 7][..]));
    assert_eq!(consumer.backlog(), 2);
    while next(&mut consumer).is_some() {}
    assert_eq!(consumer.backlog(), 0);
    let (mut lone, consumer) = spsc::ring(64).expect("a ring");
    lone.try_push(&[1]).expect("room");
    assert_eq!(consumer.backlog(), 0, "it does not say how far it is");
}

#[test]
fn records_that_no_ring_takes() {
    let (mut single, _reader) = spsc::ring(64).expect("a ring");
    let (mut multi, _other) = mpsc::ring(64).expect("a ring");
    let (mut wide, _subscriber) = broadcast::ring(64, 1).expect("a ring");
    for words in [0, RECORD_WORDS_MAX + 1, 1_000] {
        let (record, refused) = (vec![1; words], Err(PushError::Size { words }));
        assert_eq!(single.try_push(&record), refused);
        assert_eq!(multi.try_push(&record), refused);
        assert_eq!(wide.try_push(&record), refused);
        assert_eq!(single.push(&record, &mut Spin), refused, "nobody waits for what never comes");
        assert_eq!(multi.try_push_all(&[&[1][..], &record].iter()), refused);
        assert_eq!(wide.try_push_all(&[&[1][..], &record].iter()), refused);
    }
    assert_eq!(single.try_push_all(&[[0; 0]; 0].iter()), Err(PushError::Size { words: 0 }));
    let long = [[5; RECORD_WORDS_MAX]; 11];
    let refused = Err(PushError::Size { words: 11 * RECORD_WORDS_MAX });
    assert_eq!(single.try_push_all(&long.iter()), refused, "more than the ring holds");
    assert_eq!(multi.try_push_all(&long.iter()), refused);
    assert_eq!(single.try_push_all(&long[..10].iter()), Ok(()));
}

#[test]
fn every_length_comes_out_as_it_went_in() {
    let (mut single, mut of_single) = spsc::ring(8).expect("a ring");
    let (mut multi, mut of_multi) = mpsc::ring(8).expect("a ring");
    let (mut wide, subscriber) = broadcast::ring(8, 1).expect("a ring");
    let mut of_wide = subscriber.gate().expect("a place");
    let mut buffer = RecordBuffer::new();
    for number in 0..if cfg!(miri) { 50 } else { 2_000 } {
        let record = record(3, number);
        single.try_push(&record).expect("room");
        multi.try_push(&record).expect("room");
        wide.try_push(&record).expect("room");
        assert_eq!(next(&mut of_single).as_ref(), Some(&record));
        assert_eq!(next(&mut of_multi).as_ref(), Some(&record));
        assert_eq!(of_wide.try_pop(&mut buffer), Ok(Popped::Record(&record)));
        assert_eq!(next(&mut of_single), None);
        assert_eq!(next(&mut of_multi), None);
        assert_eq!(of_wide.try_pop(&mut buffer), Ok(Popped::Empty));
    }
}

/// Words that look like the stamps of lines are words.
#[test]
fn no_word_passes_for_a_stamp() {
    let (mut producer, mut consumer) = spsc::ring(8).expect("a ring");
    for position in 0..100_u64 {
        let like = [0, 1, 2, 7, 8, 9].map(|ahead| (position + ahead + 1) << 6 | 7);
        let record: Vec<u64> = like.into_iter().cycle().take(15).collect();
        producer.try_push(&record).expect("room");
        assert_eq!(next(&mut consumer), Some(record));
        assert_eq!(next(&mut consumer), None);
    }
}

#[test]
fn a_full_ring_refuses_and_goes_on() {
    let (mut producer, mut consumer) = mpsc::ring(8).expect("a ring");
    for number in 0..8 {
        assert_eq!(producer.try_push(&[number]), Ok(()));
    }
    assert_eq!(producer.try_push(&[8]), Err(PushError::Full));
    assert_eq!(producer.clone().try_push(&[8]), Err(PushError::Full));
    assert_eq!(next(&mut consumer), Some(vec![0]));
    assert_eq!(next(&mut consumer), Some(vec![1]), "two lines are said to be free now");
    assert_eq!(producer.try_push(&[8; 15]), Err(PushError::Full), "three are too many");
    assert_eq!(producer.try_push(&[8; 14]), Ok(()));
    assert_eq!(producer.try_push_all(&[&[9][..], &[10]].iter()), Err(PushError::Full));
    for number in 2..8 {
        assert_eq!(next(&mut consumer), Some(vec![number]));
    }
    assert_eq!(next(&mut consumer), Some(vec![8; 14]));
    assert_eq!(next(&mut consumer), None);
    assert_eq!(producer.try_push_all(&[&[9][..], &[10; 42]].iter()), Ok(()));
    assert_eq!(next(&mut consumer), Some(vec![9]));
    assert_eq!(next(&mut consumer), Some(vec![10; 42]));
}

#[test]
fn who_is_gone_is_known() {
    let (mut producer, consumer) = spsc::ring(8).expect("a ring");
    drop(consumer);
    for _ in 0..8 {
        assert_eq!(producer.try_push(&[1]), Ok(()), "there is room, and nobody looks");
    }
    assert_eq!(producer.push(&[1], &mut Spin), Err(PushError::Closed));

    let (mut producer, mut consumer) = mpsc::ring(8).expect("a ring");
    let other = producer.clone();
    producer.try_push(&[7]).expect("room");
    drop((producer, other));
    let mut buffer = RecordBuffer::new();
    assert_eq!(consumer.pop(&mut buffer, &mut Spin), Some(&[7][..]), "what was written is read");
    assert_eq!(consumer.pop(&mut buffer, &mut Spin), None);
    assert_eq!(consumer.try_pop(&mut buffer), Popped::Closed);

    let (producer, subscriber) = broadcast::ring(8, 0).expect("a ring");
    assert!(subscriber.gate().is_none(), "no places");
    let mut observer = subscriber.observe();
    drop(producer);
    assert_eq!(observer.pop(&mut buffer, &mut Spin), Ok(None));
}

#[test]
fn one_thread_to_another() {
    const RECORDS: u64 = if cfg!(miri) { 300 } else { 200_000 };
    let (mut producer, mut consumer) = spsc::ring(64).expect("a ring");
    let writer = thread::spawn(move || {
        let mut wait = Patient::default();
        let mut number = 0;
        while number < RECORDS {
            if number % 3 == 0 && number + 4 <= RECORDS {
                let batch = (number..number + 4).map(|number| record(1, number));
                while producer.try_push_all(&batch) == Err(PushError::Full) {
                    wait.wait();
                }
                number += 4;
            } else {
                producer.push(&record(1, number), &mut wait).expect("a reader");
                number += 1;
            }
        }
    });
    let (mut buffer, mut wait) = (RecordBuffer::new(), Patient::default());
    for number in 0..RECORDS {
        assert_eq!(consumer.pop(&mut buffer, &mut wait).map(tag), Some((1, number)));
    }
    assert_eq!(consumer.pop(&mut buffer, &mut wait), None);
    writer.join().expect("no panic");
}

#[test]
fn a_batch_to_many() {
    let (mut producer, subscriber) = broadcast::ring(16, 1).expect("a ring");
    let (mut gate, mut observer) = (subscriber.gate().expect("a place"), subscriber.observe());
    let mut buffer = RecordBuffer::new();
    let mut drain = |consumer: &mut broadcast::Consumer, most| {
        let mut read = Vec::new();
        let count = consumer.drain(most, &mut buffer, |words| read.push(words.to_vec())).expect("not lapped");
        assert_eq!(count, read.len());
        read
    };
    let records = [vec![1; 3], vec![2; 20], vec![3; 7], vec![4; 42]];
    let batch = records.iter();
    assert_eq!(producer.try_push_all(&batch), Ok(()));
    // Eleven lines are taken: there is no room for as many again until who gates has read.
    assert_eq!(producer.try_push_all(&batch), Err(PushError::Full));
    assert_eq!(drain(&mut gate, 3), records[..3]);
    assert_eq!(drain(&mut gate, 9), records[3..]);
    assert_eq!(drain(&mut gate, 9), Vec::<Vec<u64>>::new());
    assert_eq!(drain(&mut observer, 9), records);
    assert_eq!(producer.try_push_all(&batch), Ok(()));
    assert_eq!(drain(&mut observer, 9), records);
}

/// Three records, then a panic at the second time.
#[derive(Clone)]
struct Fails<'c>(&'c Cell<u64>, u64);

impl Iterator for Fails<'_> {
    type Item = [u64; 10];

    fn next(&mut self) -> Option<[u64; 10]> {
        self.1 += 1;
        self.0.set(self.0.get() + 1);
        assert!(self.0.get() < 8, "planted");
        (self.1 <= 4).then_some([self.1; 10])
    }
}

/// Another number of records, or longer ones, whenever it is gone through.
#[derive(Clone)]
struct Changes<'c>(&'c Cell<usize>, usize, [(usize, usize); 2]);

impl Iterator for Changes<'_> {
    type Item = Vec<u64>;

    fn next(&mut self) -> Option<Vec<u64>> {
        let (records, words) = self.2[usize::from(self.0.get() > 0)];
        self.1 += 1;
        if self.1 > records {
            self.0.set(self.0.get() + 1);
        }
        (self.1 <= records).then(|| vec![9; words])
    }
}

/// What a batch could not be made of, nobody reads, and what is written behind it, everybody does.
#[test]
fn a_batch_that_cannot_be_made() {
    let (mut single, mut of_single) = spsc::ring(32).expect("a ring");
    let (mut multi, mut of_multi) = mpsc::ring(32).expect("a ring");
    let (mut wide, subscriber) = broadcast::ring(32, 1).expect("a ring");
    let (mut of_wide, mut observer) = (subscriber.gate().expect("a place"), subscriber.observe());
    let mut buffer = RecordBuffer::new();
    let others =
        [[(3, 7), (4, 7)], [(3, 7), (2, 7)], [(3, 7), (3, 8)], [(3, 7), (3, 0)], [(1, 1), (1, 43)], [(1, 1), (0, 0)]];
    for round in 0..20 {
        let calls = [(); 3].map(|()| Cell::new(0));
        let failed = [
            panic::catch_unwind(AssertUnwindSafe(|| single.try_push_all(&Fails(&calls[0], 0)))),
            panic::catch_unwind(AssertUnwindSafe(|| multi.try_push_all(&Fails(&calls[1], 0)))),
            panic::catch_unwind(AssertUnwindSafe(|| wide.try_push_all(&Fails(&calls[2], 0)))),
        ];
        assert!(failed.iter().all(Result::is_err));
        for other in others {
            let calls = [(); 3].map(|()| Cell::new(0));
            assert!(matches!(single.try_push_all(&Changes(&calls[0], 0, other)), Err(PushError::Size { .. })));
            assert!(matches!(multi.try_push_all(&Changes(&calls[1], 0, other)), Err(PushError::Size { .. })));
            assert!(matches!(wide.try_push_all(&Changes(&calls[2], 0, other)), Err(PushError::Size { .. })));
        }
        let record = [round; 8];
        single.try_push(&record).expect("room");
        multi.try_push(&record).expect("room");
        wide.try_push(&record).expect("room");
        assert_eq!(next(&mut of_single).as_deref(), Some(&record[..]));
        assert_eq!(next(&mut of_multi).as_deref(), Some(&record[..]));
        assert_eq!(of_wide.try_pop(&mut buffer), Ok(Popped::Record(&record)));
        assert_eq!(observer.try_pop(&mut buffer), Ok(Popped::Record(&record)));
        assert_eq!(next(&mut of_single), None);
        assert_eq!(next(&mut of_multi), None);
        assert_eq!(of_wide.try_pop(&mut buffer), Ok(Popped::Empty));
    }
}

#[test]
fn many_threads_to_one() {
    const WRITERS: u64 = 4;
    const RECORDS: u64 = if cfg!(miri) { 100 } else { 50_000 };
    let (producer, mut consumer) = mpsc::ring(64).expect("a ring");
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let mut producer = producer.clone();
            thread::spawn(move || {
                let mut wait = Patient::default();
                for number in 0..RECORDS {
                    producer.push(&record(writer, number), &mut wait).expect("a reader");
                }
            })
        })
        .collect();
    drop(producer);
    let (mut buffer, mut wait) = (RecordBuffer::new(), Patient::default());
    let mut next = [0; WRITERS as usize];
    while let Some(words) = consumer.pop(&mut buffer, &mut wait) {
        let (writer, number) = tag(words);
        assert_eq!(number, next[writer as usize], "a record of writer {writer} is lost, or repeated");
        next[writer as usize] += 1;
    }
    assert_eq!(next, [RECORDS; WRITERS as usize]);
    for writer in writers {
        writer.join().expect("no panic");
    }
}

/// Reads to the end: what was read first and last, and how many lines in all, read or lost.
fn read_all(mut consumer: broadcast::Consumer, is_slow: bool) -> (Option<u64>, u64, u64, u64) {
    let (mut buffer, mut wait) = (RecordBuffer::new(), Patient::default());
    let (mut first, mut newest, mut read, mut lost) = (None, 0, 0, 0);
    loop {
        match consumer.pop(&mut buffer, &mut wait) {
            Ok(None) => return (first, newest, read, lost),
            Ok(Some(words)) => {
                let (_, number) = tag(words);
                read += lines(words);
                assert!(lost > 0 || first.is_none_or(|_| number == newest + 1), "a gap that nobody was told of");
                assert!(first.is_none() || number > newest);
                (first, newest) = (first.or(Some(number)), number);
            }
            Err(lapped) => {
                assert!(!consumer.is_gating() && lapped.lines > 0);
                lost += lapped.lines;
            }
        }
        if is_slow {
            thread::yield_now();
        }
    }
}

#[test]
fn one_thread_to_many() {
    const RECORDS: u64 = if cfg!(miri) { 300 } else { 100_000 };
    let (mut producer, subscriber) = broadcast::ring(64, 3).expect("a ring");
    let all: u64 = (0..RECORDS).map(|number| lines(&record(0, number))).sum();
    thread::scope(|scope| {
        let gating: Vec<_> = (0..2)
            .map(|reader| {
                let consumer = subscriber.gate().expect("a place");
                scope.spawn(move || read_all(consumer, reader == 1))
            })
            .collect();
        let observer = subscriber.observe();
        let observing = scope.spawn(move || read_all(observer, true));
        // Readers that come while others read, and go again.
        let late = subscriber.clone();
        let joining = scope.spawn(move || {
            let mut buffer = RecordBuffer::new();
            for _ in 0..200 {
                let mut consumer = late.gate().expect("a place");
                let mut last = None;
                for _ in 0..20 {
                    match consumer.pop(&mut buffer, &mut Patient::default()).expect("who gates is not lapped") {
                        Some(words) => {
                            let (_, number) = tag(words);
                            assert!(last.is_none_or(|last| number == last + 1));
                            last = Some(number);
                        }
                        None => return,
                    }
                }
            }
        });
        let mut wait = Patient::default();
        for number in 0..RECORDS {
            producer.push(&record(0, number), &mut wait).expect("room at last");
        }
        drop(producer);
        for reader in gating {
            assert_eq!(reader.join().expect("no panic"), (Some(0), RECORDS - 1, all, 0));
        }
        let (_, _, read, lost) = observing.join().expect("no panic");
        assert_eq!(read + lost, all, "every line was read, or said to be lost");
        joining.join().expect("no panic");
    });
}

#[test]
fn who_never_reads_is_let_go() {
    let (mut producer, subscriber) = broadcast::ring(8, 2).expect("a ring");
    let (mut lazy, mut good) = (subscriber.gate().expect("a place"), subscriber.gate().expect("a place"));
    assert!(subscriber.gate().is_none(), "all places are taken");
    let mut buffer = RecordBuffer::new();
    for number in 0..8 {
        producer.try_push(&[number]).expect("room");
        assert_eq!(good.try_pop(&mut buffer), Ok(Popped::Record(&[number])));
    }
    assert_eq!(good.try_pop(&mut buffer), Ok(Popped::Empty));
    assert_eq!(producer.try_push(&[8]), Err(PushError::Full));
    let (gate, behind) = producer.slowest().expect("a gate");
    assert_eq!(behind, 8);
    assert!(producer.release(gate));
    assert!(!producer.release(gate), "once is enough");
    for number in 8..20 {
        producer.try_push(&[number]).expect("room");
        assert_eq!(good.try_pop(&mut buffer), Ok(Popped::Record(&[number])));
    }
    assert!(lazy.is_gating(), "it has not looked yet");
    let lapped = lazy.try_pop(&mut buffer).expect_err("it was lapped");
    assert_eq!(lapped.lines, 20);
    assert_eq!(lapped.to_string(), "20 lines of the ring were written over before they were read");
    assert!(!lazy.is_gating() && good.is_gating());
    producer.try_push(&[20]).expect("room");
    assert_eq!(lazy.try_pop(&mut buffer), Ok(Popped::Record(&[20])));
    assert!(subscriber.gate().is_some(), "its place is free again");
    drop(good);
    assert_eq!(producer.slowest(), None);
}
