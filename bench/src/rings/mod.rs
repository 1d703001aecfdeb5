//! Rings compared: novate's beside published rings and queues, messages of the same words handed from core to core.
//!
//! Subject and peer run in turns, and how far the cores are apart is measured before and after each round: rounds in which
//! they moved are tried again, and medians are formed over rounds in which they were equally far apart. What arrived is
//! hashed, and held against what was sent.

mod crossbeam;
mod disruptor;
mod ends;
mod hand_over;
pub mod latency;
mod message;
mod novate;
mod ringbuf;
mod rtrb;

use std::io;
use std::marker::PhantomData;

use clap::ValueEnum;
use serde::Serialize;

use self::crossbeam::{Channel, Queue};
use self::ends::{BATCH, BatchReceiver, BatchSender, Ring};
use self::hand_over::{Batches, OneByOne, TwoSenders};
use self::message::{LONG, SHORT};
use self::novate::{Mpsc, Spsc};
use self::ringbuf::Ringbuf;
use self::rtrb::Rtrb;
use crate::duel::{Contestant, Outcome, Round, in_turns};
use crate::placement::{ATTEMPTS, Distance, Placement, median_of, placed};
use crate::statistics::{median, nanoseconds_each, rounded};

/// Rounds of a comparison that is to be published, at least: all placements together, and each of one that reaches a goal.
pub const ROUNDS_MIN: u32 = 9;
/// Messages of a run.
const MESSAGES: u64 = 500_000;
/// Messages of a quick run.
const QUICK_MESSAGES: u64 = 20_000;
/// What a ratio should be at most.
const GOAL: f64 = 1.0;

const _: () = assert!(MESSAGES.is_multiple_of(BATCH as u64) && QUICK_MESSAGES.is_multiple_of(BATCH as u64));

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// One sender, one receiver, messages of 7 words one by one.
    #[value(name = "spsc-64")]
    Spsc64,
    /// One sender, one receiver, messages of 14 words one by one.
    #[value(name = "spsc-128")]
    Spsc128,
    /// One sender, one receiver, messages of 7 words in batches of 32.
    #[value(name = "spsc-64-batch")]
    Spsc64Batch,
    /// One sender of possibly many, messages of 7 words one by one.
    #[value(name = "mpsc-64-1p")]
    Mpsc64OneSender,
    /// Two senders, messages of 7 words one by one.
    #[value(name = "mpsc-64-2p")]
    Mpsc64TwoSenders,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 5] =
        [Self::Spsc64, Self::Spsc128, Self::Spsc64Batch, Self::Mpsc64OneSender, Self::Mpsc64TwoSenders];

    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spsc64 => "spsc-64",
            Self::Spsc128 => "spsc-128",
            Self::Spsc64Batch => "spsc-64-batch",
            Self::Mpsc64OneSender => "mpsc-64-1p",
            Self::Mpsc64TwoSenders => "mpsc-64-2p",
        }
    }

    /// What it is compared with: whoever can do the same.
    pub const fn peers(self) -> &'static [PeerKind] {
        use PeerKind::{CrossbeamChannel, CrossbeamQueue, Disruptor, Ringbuf, Rtrb};
        match self {
            Self::Spsc64 | Self::Spsc128 => &[Rtrb, Disruptor, Ringbuf, CrossbeamChannel, CrossbeamQueue],
            Self::Spsc64Batch => &[Rtrb, Disruptor, Ringbuf],
            Self::Mpsc64OneSender | Self::Mpsc64TwoSenders => &[Disruptor, CrossbeamChannel, CrossbeamQueue],
        }
    }

    /// What a reader of the case's rows should know.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Spsc64 => {
                "1,024 messages of 7 words fit; peers' messages are aligned to 64 bytes, which favours them; crossbeam's \
                 permit several senders and receivers"
            }
            Self::Spsc128 => {
                "1,024 messages of 14 words fit, in 2,048 lines of novate; peers' messages are aligned to 64 bytes, which \
                 favours them; crossbeam's permit several senders and receivers"
            }
            Self::Spsc64Batch => {
                "batches of 32, through each one's own interface for them, made in place and read there, but novate's copied \
                 out; crossbeam's have none"
            }
            Self::Mpsc64OneSender => {
                "one sender through a ring for several, beside one of novate's that sends nothing, as in a primary: novate \
                 would spare a lone sender a compare-and-swap; crossbeam's permit several receivers too"
            }
            Self::Mpsc64TwoSenders => {
                "both senders share one core and offer it to each other after 64 spins, whoever's ring it is; crossbeam's \
                 permit several receivers too"
            }
        }
    }
}

/// What a case is compared with: crates of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeerKind {
    /// One sender, one receiver.
    Rtrb,
    /// One or several senders, and receivers that it runs itself; with busy spinning.
    Disruptor,
    /// One sender, one receiver.
    Ringbuf,
    /// Several senders and receivers: its bounded channel.
    CrossbeamChannel,
    /// Several senders and receivers: its array queue.
    CrossbeamQueue,
}

impl PeerKind {
    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rtrb => "rtrb",
            Self::Disruptor => "disruptor",
            Self::Ringbuf => "ringbuf",
            Self::CrossbeamChannel => "crossbeam-channel",
            Self::CrossbeamQueue => "crossbeam-queue",
        }
    }
}

/// How comparisons run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The receiver's core, on which this thread is, and the senders'; none where nothing is pinned.
    cores: Option<(usize, usize)>,
    /// Messages of a run.
    messages: u64,
    is_quick: bool,
}

impl Plan {
    /// Of full or of quick runs. `cores` are the one that this thread is pinned to, and one beside it.
    pub const fn new(cores: Option<(usize, usize)>, is_quick: bool) -> Self {
        Self { cores, messages: if is_quick { QUICK_MESSAGES } else { MESSAGES }, is_quick }
    }
}

/// A round, and how far the cores were apart.
#[derive(Clone, Copy, Debug)]
pub struct PlacedRound {
    /// Both contestants' times.
    pub round: Round,
    /// Before and after them. Without a placement the round does not count.
    pub distance: Distance,
}

/// One comparison's result in one placement; the fields are the keys of its JSON form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Always `ring`.
    pub suite: &'static str,
    /// The case's name.
    pub case: &'static str,
    /// Always `novate`.
    pub subject: &'static str,
    /// What it is compared with.
    pub peer: &'static str,
    /// Novate's median time per message.
    pub subject_ns: f64,
    /// The peer's.
    pub peer_ns: f64,
    /// The median over rounds of novate's time divided by the peer's in the same round; below 1 novate is faster.
    pub ratio: f64,
    /// Rounds that the medians are over.
    pub rounds: u32,
    /// Where the cores were in these rounds.
    pub placement: Placement,
    /// The median over these rounds of the time from core to core.
    pub core_to_core_ns: f64,
    /// Of the messages as they arrived.
    pub hash: String,
    /// Messages in one run.
    pub messages: u64,
    /// What the ratio should be at most.
    pub goal: f64,
    /// Whether it is, over [`ROUNDS_MIN`] rounds at least, or in a quick run.
    pub reached: bool,
    /// Whether this was a quick run, whose figures are not for publication.
    pub quick: bool,
    /// Whether what was sent arrived at both, in every round.
    pub verified: bool,
}

impl Row {
    /// Whether too few rounds fell into this placement for their medians to say that a goal is reached.
    pub const fn has_too_few_rounds(&self) -> bool {
        !self.quick && self.rounds < ROUNDS_MIN
    }
}

/// Compares a case with one of its peers, and tells each round to `progress`, also those that do not count: one row for
/// each placement that the cores were in.
///
/// # Errors
/// The case has no such peer, or a thread could not be started.
pub fn compare(
    (case, peer): (Case, PeerKind),
    plan: Plan,
    rounds: u32,
    mut progress: impl FnMut(&PlacedRound),
) -> io::Result<Vec<Row>> {
    if !case.peers().contains(&peer) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the case has no such peer"));
    }
    let (mut subject, mut other) = (subject(case, plan), contestant(case, peer, plan));
    let mut taken = Vec::new();
    for index in 0..rounds {
        for _ in 0..ATTEMPTS {
            let both = || in_turns(index, plan.messages as usize, subject.as_mut(), other.as_mut());
            let (distance, outcome) = placed(plan.cores, both)?;
            let round = PlacedRound { round: outcome.round, distance };
            progress(&round);
            if let Some(placement) = distance.placement() {
                taken.push((placement, distance, outcome));
                break;
            }
        }
    }
    let of_placement = |placement| {
        let rounds: Vec<_> = taken.iter().filter(|(of, ..)| *of == placement).collect();
        (!rounds.is_empty()).then(|| row((case, peer), plan, placement, &rounds))
    };
    Ok(Placement::ALL.into_iter().filter_map(of_placement).collect())
}

fn row(
    (case, peer): (Case, PeerKind),
    plan: Plan,
    placement: Placement,
    rounds: &[&(Placement, Distance, Outcome)],
) -> Row {
    let median = |of: &dyn Fn(&Round) -> f64| rounded(median(rounds.iter().map(|(.., outcome)| of(&outcome.round))));
    let hash = rounds[0].2.hash.clone();
    let ratio = median(&Round::ratio);
    let mut row = Row {
        suite: "ring",
        case: case.name(),
        subject: "novate",
        peer: peer.name(),
        subject_ns: median(&|round| nanoseconds_each(round.subject, round.units)),
        peer_ns: median(&|round| nanoseconds_each(round.peer, round.units)),
        ratio,
        rounds: rounds.len() as u32,
        placement,
        core_to_core_ns: median_of(rounds.iter().map(|(_, distance, _)| distance)),
        verified: rounds.iter().all(|(.., outcome)| outcome.is_right && outcome.hash == hash),
        hash,
        messages: plan.messages,
        goal: GOAL,
        reached: ratio <= GOAL,
        quick: plan.is_quick,
    };
    row.reached &= !row.has_too_few_rounds();
    row
}

/// Novate, by the ring that is meant for the case.
fn subject(case: Case, plan: Plan) -> Box<dyn Contestant> {
    match case {
        Case::Spsc64 | Case::Spsc128 => one_sender::<Spsc>(case, plan),
        Case::Spsc64Batch => batches::<Spsc>(plan),
        Case::Mpsc64OneSender | Case::Mpsc64TwoSenders => any_senders::<Mpsc>(case, plan),
    }
}

/// A peer, in a case that it stands in.
fn contestant(case: Case, peer: PeerKind, plan: Plan) -> Box<dyn Contestant> {
    match (peer, case) {
        (PeerKind::Rtrb, Case::Spsc64Batch) => batches::<Rtrb>(plan),
        (PeerKind::Rtrb, _) => one_sender::<Rtrb>(case, plan),
        (PeerKind::Ringbuf, Case::Spsc64Batch) => batches::<Ringbuf>(plan),
        (PeerKind::Ringbuf, _) => one_sender::<Ringbuf>(case, plan),
        (PeerKind::CrossbeamChannel, _) => any_senders::<Channel>(case, plan),
        (PeerKind::CrossbeamQueue, _) => any_senders::<Queue>(case, plan),
        (PeerKind::Disruptor, Case::Spsc64) => Box::new(disruptor::Single::<SHORT>(plan)),
        (PeerKind::Disruptor, Case::Spsc128) => Box::new(disruptor::Single::<LONG>(plan)),
        (PeerKind::Disruptor, Case::Spsc64Batch) => Box::new(disruptor::Batches(plan)),
        (PeerKind::Disruptor, Case::Mpsc64OneSender) => Box::new(disruptor::Multi(plan)),
        (PeerKind::Disruptor, Case::Mpsc64TwoSenders) => Box::new(disruptor::MultiTwo(plan)),
    }
}

fn one_sender<R: Ring<SHORT> + Ring<LONG> + 'static>(case: Case, plan: Plan) -> Box<dyn Contestant> {
    if case == Case::Spsc128 {
        Box::new(OneByOne::<R, LONG>(plan, PhantomData))
    } else {
        Box::new(OneByOne::<R, SHORT>(plan, PhantomData))
    }
}

fn any_senders<R>(case: Case, plan: Plan) -> Box<dyn Contestant>
where
    R: Ring<SHORT, Sender: Clone> + Ring<LONG> + 'static,
{
    if case == Case::Mpsc64TwoSenders {
        Box::new(TwoSenders::<R>(plan, PhantomData))
    } else {
        one_sender::<R>(case, plan)
    }
}

fn batches<R: Ring<SHORT, Sender: BatchSender, Receiver: BatchReceiver> + 'static>(plan: Plan) -> Box<dyn Contestant> {
    Box::new(Batches::<R>(plan, PhantomData))
}
