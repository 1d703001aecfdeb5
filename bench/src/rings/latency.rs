//! How long a message is on its way from one core to another, beside how long the shortest way takes.
//!
//! The pace is an open loop of a million messages a second: every message says when it was meant to be sent, and whoever
//! receives it looks at the same clock. A reading of the clock is in each time at both ends.

use std::io;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;

use super::Plan;
use super::crossbeam::{Channel, Queue};
use super::ends::{CAPACITY, Patience, Receiver, Ring, Sender};
use super::hand_over::hand_over;
use super::message::{Message, SHORT};
use super::novate::{Broadcast, Mpsc, Spsc};
use super::ringbuf::Ringbuf;
use super::rtrb::Rtrb;
use crate::open_loop::{OpenLoop, histogram};
use crate::placement::{ATTEMPTS, Distance, Placement, median_of, placed};
use crate::statistics::{median, nanoseconds_each, rounded, times};

/// Messages a second.
const RATE: u64 = 1_000_000;
/// Messages of a run that are timed.
const MESSAGES: u64 = 50_000;
/// Messages of a quick run that are timed.
const QUICK_MESSAGES: u64 = 5_000;
/// Beats that pass while threads start.
const LEAD: u64 = 1_000;
/// Messages that are sent first and not timed: whoever has just taken memory touches it now.
const WARM: u64 = CAPACITY as u64;

/// What readers of the rows should know.
pub const NOTE: &str = "1,000,000 messages of 7 words a second, timed from when each was meant to be sent; a reading of the \
                        clock at both ends is in each time; multiple = p50 / core to core";

/// What is measured: a message of 7 words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// Through a ring for one sender and one receiver.
    #[value(name = "spsc-64")]
    Spsc64,
    /// Through a ring for any number of senders.
    #[value(name = "mpsc-64")]
    Mpsc64,
    /// Through a ring for any number of receivers that see everything, to one that the sender waits for.
    #[value(name = "broadcast-64")]
    Broadcast64,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 3] = [Self::Spsc64, Self::Mpsc64, Self::Broadcast64];

    /// The name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spsc64 => "spsc-64",
            Self::Mpsc64 => "mpsc-64",
            Self::Broadcast64 => "broadcast-64",
        }
    }

    /// Who is measured beside novate.
    pub const fn peers(self) -> &'static [PeerKind] {
        match self {
            Self::Spsc64 => &[PeerKind::Rtrb, PeerKind::Ringbuf, PeerKind::CrossbeamChannel, PeerKind::CrossbeamQueue],
            Self::Mpsc64 => &[PeerKind::CrossbeamChannel, PeerKind::CrossbeamQueue],
            Self::Broadcast64 => &[],
        }
    }

    /// A measurement of novate, or of a peer.
    fn measurement(self, peer: Option<PeerKind>) -> fn(Plan) -> io::Result<Times> {
        match (peer, self) {
            (None, Self::Spsc64) => measure::<Spsc>,
            (None, Self::Mpsc64) => measure::<Mpsc>,
            (None, Self::Broadcast64) => measure::<Broadcast>,
            (Some(PeerKind::Rtrb), _) => measure::<Rtrb>,
            (Some(PeerKind::Ringbuf), _) => measure::<Ringbuf>,
            (Some(PeerKind::CrossbeamChannel), _) => measure::<Channel>,
            (Some(PeerKind::CrossbeamQueue), _) => measure::<Queue>,
        }
    }
}

/// Who is measured beside novate: crates of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeerKind {
    /// One sender, one receiver.
    Rtrb,
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
            Self::Ringbuf => "ringbuf",
            Self::CrossbeamChannel => "crossbeam-channel",
            Self::CrossbeamQueue => "crossbeam-queue",
        }
    }
}

/// What one run came to.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Half of the messages took at most this.
    pub p50: Duration,
    /// 99 of 100 took at most this.
    pub p99: Duration,
    /// Whether all messages came, in their order.
    pub is_right: bool,
}

/// A run, and how far the cores were apart.
#[derive(Clone, Copy, Debug)]
pub struct PlacedTimes {
    /// Which round, from 0.
    pub index: u32,
    /// Who was measured.
    pub subject: &'static str,
    /// How long messages took.
    pub times: Times,
    /// Before and after. Without a placement the run does not count.
    pub distance: Distance,
}

/// The result of one contestant in one placement; the fields are the keys of its JSON form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Always `ring-latency`.
    pub suite: &'static str,
    /// The case's name.
    pub case: &'static str,
    /// Who was measured.
    pub subject: &'static str,
    /// The median over rounds of the median time of a message.
    pub p50_ns: f64,
    /// The median over rounds of the 99th percentile.
    pub p99_ns: f64,
    /// The median over rounds of the time from core to core.
    pub core_to_core_ns: f64,
    /// The median over rounds of the round's median time divided by its time from core to core.
    pub multiple: f64,
    /// Rounds that the medians are over.
    pub rounds: u32,
    /// Where the cores were in these rounds.
    pub placement: Placement,
    /// Messages of a run that were timed.
    pub messages: u64,
    /// Whether this was a quick run, whose figures are not for publication.
    pub quick: bool,
    /// Whether all messages came, in their order, in every round.
    pub verified: bool,
}

/// Measures novate and these peers in turns, and tells each run to `progress`, also those that do not count: one row for
/// each of them and each placement that the cores were in.
///
/// # Errors
/// The case has no such peer, or a thread could not be started.
pub fn compare(
    (case, peers): (Case, &[PeerKind]),
    plan: Plan,
    rounds: u32,
    mut progress: impl FnMut(&PlacedTimes),
) -> io::Result<Vec<Row>> {
    if peers.iter().any(|peer| !case.peers().contains(peer)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the case has no such peer"));
    }
    let of_peer = |&peer: &PeerKind| (peer.name(), case.measurement(Some(peer)));
    let subjects: Vec<_> = [("novate", case.measurement(None))].into_iter().chain(peers.iter().map(of_peer)).collect();
    let mut taken = Vec::new();
    for index in 0..rounds {
        for turn in 0..subjects.len() {
            // Whoever begins a round ends the next one.
            let (subject, measure) = subjects[(turn + index as usize) % subjects.len()];
            for _ in 0..ATTEMPTS {
                let (distance, times) = placed(plan.cores, || measure(plan))?;
                let run = PlacedTimes { index, subject, times, distance };
                progress(&run);
                if let Some(placement) = distance.placement() {
                    taken.push((placement, run));
                    break;
                }
            }
        }
    }
    let mut rows = Vec::new();
    for (subject, _) in subjects {
        for placement in Placement::ALL {
            let is_meant = |(of, run): &&(Placement, PlacedTimes)| *of == placement && run.subject == subject;
            let runs: Vec<PlacedTimes> = taken.iter().filter(is_meant).map(|(_, run)| *run).collect();
            if !runs.is_empty() {
                rows.push(row((case, subject), plan, placement, &runs));
            }
        }
    }
    Ok(rows)
}

fn row((case, subject): (Case, &'static str), plan: Plan, placement: Placement, runs: &[PlacedTimes]) -> Row {
    let median = |of: &dyn Fn(&PlacedTimes) -> f64| rounded(median(runs.iter().map(of)));
    Row {
        suite: "ring-latency",
        case: case.name(),
        subject,
        p50_ns: median(&|run| nanoseconds_each(run.times.p50, 1)),
        p99_ns: median(&|run| nanoseconds_each(run.times.p99, 1)),
        core_to_core_ns: median_of(runs.iter().map(|run| &run.distance)),
        multiple: median(&|run| times(nanoseconds_each(run.times.p50, 1), run.distance.mean_ns())),
        rounds: runs.len() as u32,
        placement,
        messages: messages(plan),
        quick: plan.is_quick,
        verified: runs.iter().all(|run| run.times.is_right),
    }
}

fn messages(plan: Plan) -> u64 {
    if plan.is_quick { QUICK_MESSAGES } else { MESSAGES }
}

/// One run through a ring of that kind.
fn measure<R: Ring<SHORT>>(plan: Plan) -> io::Result<Times> {
    let (mut sender, mut receiver) = R::ring()?;
    let mut histogram = histogram()?;
    let open_loop = OpenLoop::new(RATE);
    let beats = LEAD..LEAD + WARM + messages(plan);
    let send = || {
        for beat in beats.clone() {
            let message = Message::nth(open_loop.wait_for(beat));
            Patience::OWN_CORE.until(|| sender.try_send(&message));
        }
    };
    let receive = || {
        let mut is_right = true;
        for beat in beats.clone() {
            let mut intended = 0;
            Patience::OWN_CORE.until(|| receiver.try_receive(|words| intended = words[0]));
            let now = open_loop.now();
            is_right &= intended == open_loop.intended(beat);
            if beat >= LEAD + WARM {
                histogram.saturating_record(now.saturating_sub(intended));
            }
        }
        Ok((Instant::now(), is_right))
    };
    let (_, is_right): (Duration, bool) = hand_over(plan.cores, vec![send], receive)?;
    let quantile = |of| Duration::from_nanos(histogram.value_at_quantile(of));
    Ok(Times { p50: quantile(0.5), p99: quantile(0.99), is_right })
}
