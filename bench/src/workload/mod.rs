//! Order flows A and B: reproducible streams of adds, cancels, reductions and crossing orders on one instrument.
//!
//! A flow is made by a [generator](Flow::generate) that watches a [`ReferenceBook`] of its own, so that every cancel
//! and reduction names a live order, prices gather around a market that wanders, and the number of live orders stays
//! where it is wanted. The same [`FlowSpec`] is the same flow, to the byte, on every platform.
//!
//! What a flow leaves out: bursts, hidden quantity, many instruments, and any reaction to what was filled. For what only
//! novate's own kinds of orders can say there is flow C ([`FlowC`](crate::flow_c::FlowC)).

mod command;
mod generator;
pub(crate) mod live_orders;
pub(crate) mod random;
mod reference_book;
mod rules;

use novate_core::digest::Hash256;

pub use self::command::{FlowCommand, FlowKind, Side};
pub use self::random::Random;
pub use self::reference_book::{PRICE_TICKS_END, ReferenceBook};
pub use self::rules::{Expected, Fill, Reduction, Rules, Tally};

/// What determines a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowSpec {
    /// Live orders: the book is filled up to so many, and their number then reverts to it.
    pub live_orders: u32,
    /// Mean distance of passive orders from the other side's best price.
    pub distance_mean_ticks: u32,
    /// Commands after the book was filled.
    pub commands: u32,
    /// Seed of the randomness.
    pub seed: u64,
}

impl FlowSpec {
    /// Flow A: a book of 10,000 orders near the market, which lives in the processor's caches.
    pub const A: Self = Self { live_orders: 10_000, distance_mean_ticks: 17, commands: 5_000_000, seed: 20_240_601 };
    /// Flow B: a book of 1,000,000 orders over thousands of levels, which lives in memory.
    pub const B: Self =
        Self { live_orders: 1_000_000, distance_mean_ticks: 1_800, commands: 5_000_000, seed: 20_240_602 };
    /// Flow C: as A, with icebergs, stop orders, self-trade prevention and mass cancels; made by
    /// [`FlowC`](crate::flow_c::FlowC), not by [`Flow`].
    pub const C: Self = Self { live_orders: 10_000, distance_mean_ticks: 17, commands: 5_000_000, seed: 20_240_603 };

    /// The same flow, cut after so many commands: what comes before the cut does not depend on it.
    #[must_use]
    pub const fn with_commands(self, commands: u32) -> Self {
        Self { commands, ..self }
    }
}

/// A flow: first the orders that fill the book, then the commands to be measured.
#[derive(Clone, Debug)]
pub struct Flow {
    commands: Vec<FlowCommand>,
    prefill: usize,
    /// The largest order id.
    pub max_id: u32,
    /// The most orders that were ever live at once.
    pub live_orders_max: u32,
}

impl Flow {
    /// The orders that fill the book; none of them trades.
    pub fn prefill(&self) -> &[FlowCommand] {
        &self.commands[..self.prefill]
    }

    /// The commands to be measured.
    pub fn measured(&self) -> &[FlowCommand] {
        &self.commands[self.prefill..]
    }

    /// All commands.
    pub fn commands(&self) -> &[FlowCommand] {
        &self.commands
    }

    /// The name of this stream of commands: hashes of 65,536 commands at a time, each over the one before.
    pub fn hash(&self) -> Hash256 {
        self.commands.chunks(65_536).fold(Hash256::default(), |previous, chunk| {
            let bytes: Vec<u8> = chunk.iter().flat_map(FlowCommand::to_bytes).collect();
            Hash256::of("novate bench flow 1", &[&previous.0, &bytes])
        })
    }

    /// What a plain book makes of the measured commands under the given rules. Order ids in the digest are replaced
    /// by `native_id`, the number under which the judged engine knows an order.
    pub fn expected(&self, rules: Rules, native_id: impl Fn(u32) -> u64) -> Expected {
        let mut book = ReferenceBook::new(rules, self.max_id);
        for command in self.prefill() {
            book.apply(command, |_| {});
        }
        let mut expected = Expected::default();
        for command in self.measured() {
            let found = book.apply(command, |fill| {
                let (maker, taker) = (native_id(fill.maker), native_id(fill.taker));
                expected.tally.fill(maker, taker, u64::from(fill.quantity_lots), u64::from(fill.price_ticks));
            });
            expected.commands_without_order += u64::from(!found);
        }
        expected
    }
}
