//! Messages handed over from threads on one core to a thread on another, as fast as they go.

use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Plan;
use super::ends::{BATCH, BatchReceiver, BatchSender, Patience, Receiver, Ring, Sender};
use super::message::{Fold, Message, SHORT};
use crate::duel::{Contestant, Run};
use crate::machine::work_beside;

/// Senders wait for the word.
const WAIT: u8 = 0;
/// They send.
const GO: u8 = 1;
/// Not all of them came to be: they go home.
const GIVE_UP: u8 = 2;

/// Runs senders on the core beside and a receiver here, which says when it had everything, and returns the time between.
/// What senders return is dropped when all are done: a ring whose other sender has gone is another ring.
pub(super) fn hand_over<F: FnOnce() -> S + Send, S: Send, T>(
    cores: Option<(usize, usize)>,
    senders: Vec<F>,
    receive: impl FnOnce() -> io::Result<(Instant, T)>,
) -> io::Result<(Duration, T)> {
    let count = senders.len();
    let (ready, word) = (&AtomicUsize::new(0), &AtomicU8::new(WAIT));
    thread::scope(|scope| {
        let start = |send: F| {
            thread::Builder::new().spawn_scoped(scope, move || {
                ready.fetch_add(1, Ordering::Release);
                Patience::SHARED_CORE.until(|| word.load(Ordering::Acquire) != WAIT);
                let begun = Instant::now();
                (begun, (word.load(Ordering::Acquire) == GO).then(send))
            })
        };
        let threads = work_beside(cores, || senders.into_iter().map(start).collect::<io::Result<Vec<_>>>());
        let threads = threads.inspect_err(|_| word.store(GIVE_UP, Ordering::Release))?;
        while ready.load(Ordering::Acquire) < count {
            thread::yield_now();
        }
        word.store(GO, Ordering::Release);
        let (end, received) = receive()?;
        let ended = threads.into_iter().map(|thread| thread.join().map_err(|_| io::Error::other("a sender died")));
        let ended = ended.collect::<io::Result<Vec<_>>>()?;
        let elapsed = ended.iter().map(|(begun, _)| end.saturating_duration_since(*begun)).max().unwrap_or_default();
        Ok((elapsed, received))
    })
}

/// What a run says about itself.
pub(super) fn run<const W: usize, const S: usize>(plan: Plan, elapsed: Duration, fold: &Fold<S>) -> Run {
    Run { elapsed, hash: fold.hex(), is_right: *fold == Fold::of::<W>(plan.messages) }
}

/// Sends every `S`th message from number `index` on.
#[inline(always)]
pub(super) fn send_all<const W: usize, const S: usize>(plan: Plan, index: u64, mut try_send: impl FnMut(u64) -> bool) {
    let patience = if S == 1 { Patience::OWN_CORE } else { Patience::SHARED_CORE };
    let mut number = index;
    while number < plan.messages {
        patience.until(|| try_send(number));
        number += S as u64;
    }
}

/// Receives all messages one by one.
#[inline(always)]
fn receive_all<const W: usize, const S: usize>(plan: Plan, mut receiver: impl Receiver<W>) -> (Instant, Fold<S>) {
    let mut fold = Fold::new();
    for _ in 0..plan.messages {
        let mut waiting = Patience::OWN_CORE.begin();
        while !receiver.try_receive(|words| fold.add(words)) {
            waiting.spin();
        }
    }
    (Instant::now(), fold)
}

fn one_by_one<const W: usize, const S: usize>(
    plan: Plan,
    senders: [impl Sender<W>; S],
    receiver: impl Receiver<W>,
) -> io::Result<Run> {
    let senders = senders.into_iter().zip(0..).map(|(mut sender, index)| {
        move || {
            send_all::<W, S>(plan, index, |number| sender.try_send(&Message::nth(number)));
            sender
        }
    });
    let (elapsed, fold) = hand_over(plan.cores, senders.collect(), || Ok(receive_all(plan, receiver)))?;
    Ok(run::<W, S>(plan, elapsed, &fold))
}

/// One sender, messages one by one.
pub(super) struct OneByOne<R, const W: usize>(pub(super) Plan, pub(super) PhantomData<R>);

impl<R: Ring<W>, const W: usize> Contestant for OneByOne<R, W> {
    fn run(&mut self) -> io::Result<Run> {
        let (sender, receiver) = R::ring()?;
        one_by_one(self.0, [sender], receiver)
    }
}

/// Two senders, messages one by one.
pub(super) struct TwoSenders<R>(pub(super) Plan, pub(super) PhantomData<R>);

impl<R: Ring<SHORT, Sender: Clone>> Contestant for TwoSenders<R> {
    fn run(&mut self) -> io::Result<Run> {
        let (sender, receiver) = R::ring()?;
        one_by_one(self.0, [sender.clone(), sender], receiver)
    }
}

/// One sender, messages in batches.
pub(super) struct Batches<R>(pub(super) Plan, pub(super) PhantomData<R>);

impl<R: Ring<SHORT, Sender: BatchSender, Receiver: BatchReceiver>> Contestant for Batches<R> {
    fn run(&mut self) -> io::Result<Run> {
        let plan = self.0;
        let (mut sender, mut receiver) = R::ring()?;
        let send = move || {
            for first in (0..plan.messages).step_by(BATCH) {
                sender.send_batch(first, Patience::OWN_CORE);
            }
            sender
        };
        let receive = || {
            let (mut fold, mut count) = (Fold::<1>::new(), 0);
            while count < plan.messages {
                let mut waiting = Patience::OWN_CORE.begin();
                let taken = loop {
                    match receiver.try_receive_batch(|words| fold.add(words)) {
                        0 => waiting.spin(),
                        taken => break taken,
                    }
                };
                count += taken as u64;
            }
            Ok((Instant::now(), fold))
        };
        let (elapsed, fold) = hand_over(plan.cores, vec![send], receive)?;
        Ok(run::<SHORT, 1>(plan, elapsed, &fold))
    }
}
