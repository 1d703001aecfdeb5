//! The crate `disruptor`: it runs the receiver itself, on a thread that it starts where the ring is made.

use std::io;
use std::sync::mpsc;
use std::time::Instant;

use disruptor::{BusySpin, Producer, Sequence, build_multi_producer, build_single_producer};

use super::Plan;
use super::ends::{BATCH, CAPACITY, Patience};
use super::hand_over::{hand_over, run, send_all};
use super::message::{Fold, Message, SHORT};
use crate::duel::{Contestant, Run};

/// Where the receiver says when it had everything, and what.
type End<const S: usize> = mpsc::Receiver<(Instant, Fold<S>)>;

/// What the receiver does with each message.
fn handler<const W: usize, const S: usize>(
    plan: Plan,
) -> (impl FnMut(&Message<W>, Sequence, bool) + Send + 'static, End<S>) {
    let (told, end) = mpsc::channel();
    let (mut fold, mut missing) = (Fold::new(), plan.messages);
    let handle = move |message: &Message<W>, _: Sequence, _: bool| {
        fold.add(&message.0);
        missing -= 1;
        if missing == 0 {
            // Nobody is left to be told only where everything is over.
            let _ = told.send((Instant::now(), fold.clone()));
        }
    };
    (handle, end)
}

/// The receiver's time, once everything was received. This thread sleeps meanwhile: the receiver has its core.
fn wait_for<const S: usize>(end: &End<S>) -> io::Result<(Instant, Fold<S>)> {
    end.recv().map_err(io::Error::other)
}

fn one_by_one<const W: usize, const S: usize>(
    plan: Plan,
    producers: [impl Producer<Message<W>> + Send; S],
    end: &End<S>,
) -> io::Result<Run> {
    let senders = producers.into_iter().zip(0..).map(|(mut producer, index)| {
        move || {
            send_all::<W, S>(plan, index, |number| {
                producer.try_publish(|message| *message = Message::nth(number)).is_ok()
            });
            producer
        }
    });
    let (elapsed, fold) = hand_over(plan.cores, senders.collect(), || wait_for(end))?;
    Ok(run::<W, S>(plan, elapsed, &fold))
}

/// One sender that is known to be the only one, messages one by one.
pub(super) struct Single<const W: usize>(pub(super) Plan);

impl<const W: usize> Contestant for Single<W> {
    fn run(&mut self) -> io::Result<Run> {
        let (handle, end) = handler::<W, 1>(self.0);
        let producer = build_single_producer(CAPACITY, Message::default, BusySpin).handle_events_with(handle).build();
        one_by_one(self.0, [producer], &end)
    }
}

/// One sender of possibly many.
pub(super) struct Multi(pub(super) Plan);

impl Contestant for Multi {
    fn run(&mut self) -> io::Result<Run> {
        let (handle, end) = handler::<SHORT, 1>(self.0);
        let producer = build_multi_producer(CAPACITY, Message::default, BusySpin).handle_events_with(handle).build();
        one_by_one(self.0, [producer], &end)
    }
}

/// Two senders.
pub(super) struct MultiTwo(pub(super) Plan);

impl Contestant for MultiTwo {
    fn run(&mut self) -> io::Result<Run> {
        let (handle, end) = handler::<SHORT, 2>(self.0);
        let producer = build_multi_producer(CAPACITY, Message::default, BusySpin).handle_events_with(handle).build();
        one_by_one(self.0, [producer.clone(), producer], &end)
    }
}

/// One sender, messages in batches.
pub(super) struct Batches(pub(super) Plan);

impl Contestant for Batches {
    fn run(&mut self) -> io::Result<Run> {
        let plan = self.0;
        let (handle, end) = handler::<SHORT, 1>(plan);
        let mut producer =
            build_single_producer(CAPACITY, Message::default, BusySpin).handle_events_with(handle).build();
        let send = move || {
            for first in (0..plan.messages).step_by(BATCH) {
                Patience::OWN_CORE.until(|| {
                    let fill = |messages| std::iter::zip(messages, first..).for_each(fill_one);
                    producer.try_batch_publish(BATCH, fill).is_ok()
                });
            }
            producer
        };
        let (elapsed, fold) = hand_over(plan.cores, vec![send], || wait_for(&end))?;
        Ok(run::<SHORT, 1>(plan, elapsed, &fold))
    }
}

#[inline(always)]
fn fill_one((message, number): (&mut Message<SHORT>, u64)) {
    *message = Message::nth(number);
}
