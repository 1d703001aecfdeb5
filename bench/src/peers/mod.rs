//! Published matching engines, each fed a flow through its own interface.
//!
//! Every peer runs in its fastest configuration that still does the work: no logging, no statistics, no validation
//! that it does not do by default, and its trades read where it delivers them. What it needs to be fed (its own order
//! ids and command values) is made before the clock starts. Where a peer's rules differ from novate's, its
//! [`Rules`] say so, and a [reference book](crate::workload::ReferenceBook) with those rules must give the very same
//! trades: the difference is explained, not excused.

#[cfg(feature = "peers")]
mod lobster;
#[cfg(feature = "peers")]
mod matchcore;
#[cfg(feature = "peers")]
mod orderbook_rs;

use std::io;
use std::time::{Duration, Instant};

use crate::workload::{Expected, Flow, Rules, Tally};

#[cfg(feature = "peers")]
pub use self::{lobster::Lobster, matchcore::Matchcore, orderbook_rs::OrderbookRs};

/// An engine that was given a flow and can run it as often as wanted.
pub trait Contender {
    /// The crate's name.
    fn name(&self) -> &'static str;

    /// In which rules it differs from novate, for people; empty if in none.
    fn note(&self) -> &'static str;

    /// What its own rules make of the flow.
    fn expected(&self, flow: &Flow) -> Expected;

    /// Builds a fresh engine, fills its book, then executes the measured commands against the clock.
    ///
    /// # Errors
    /// If the engine cannot run the flow at all.
    fn run(&mut self) -> io::Result<Measured>;
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// How long the measured commands took.
    pub elapsed: Duration,
    /// What they traded.
    pub tally: Tally,
    /// A digest of what was computed, in hexadecimal: all events where the engine has a digest of them, else the trades.
    pub hash: String,
}

/// A peer: how a flow becomes its inputs, and how it takes them.
pub trait Peer: Sized {
    /// The crate's name.
    const NAME: &'static str;
    /// The rules under which it matches.
    const RULES: Rules;
    /// What [`Peer::RULES`] mean where they differ from novate's; empty if they don't.
    const NOTE: &'static str;
    /// A command as the peer takes it.
    type Input;

    /// Translates a flow.
    fn encode(flow: &Flow) -> Encoded<Self::Input>;

    /// An empty book, with room for the flow where the peer can be told of it.
    fn new(flow: &Flow) -> Self;

    /// Executes inputs in order and tallies the trades.
    fn execute(&mut self, inputs: &[Self::Input], tally: &mut Tally);
}

/// A flow in a peer's terms.
#[derive(Debug)]
pub struct Encoded<I> {
    /// The orders that fill the book.
    pub prefill: Vec<I>,
    /// The measured commands.
    pub measured: Vec<I>,
    /// By order id of the flow the peer's number for it; empty where they are the same.
    pub native_ids: Vec<u64>,
}

/// A [`Peer`] with a flow in its own terms.
#[derive(Debug)]
pub struct Prepared<'f, P: Peer> {
    flow: &'f Flow,
    encoded: Encoded<P::Input>,
}

impl<'f, P: Peer> Prepared<'f, P> {
    /// Translates the flow.
    pub fn new(flow: &'f Flow) -> Self {
        Self { flow, encoded: P::encode(flow) }
    }
}

impl<P: Peer> Contender for Prepared<'_, P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn note(&self) -> &'static str {
        P::NOTE
    }

    fn expected(&self, flow: &Flow) -> Expected {
        let native_ids = &self.encoded.native_ids;
        flow.expected(P::RULES, |id| native_ids.get(id as usize).copied().unwrap_or(u64::from(id)))
    }

    fn run(&mut self) -> io::Result<Measured> {
        let mut peer = P::new(self.flow);
        peer.execute(&self.encoded.prefill, &mut Tally::default());
        let mut tally = Tally::default();
        let start = Instant::now();
        peer.execute(&self.encoded.measured, &mut tally);
        let elapsed = start.elapsed();
        Ok(Measured { elapsed, tally, hash: format!("{:016x}", tally.digest) })
    }
}
