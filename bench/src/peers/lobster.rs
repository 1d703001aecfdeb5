//! The crate `lobster`: a B-tree of levels, a vector per level, orders in an arena behind a `HashMap`.
//!
//! Differences:
//! - It cannot reduce an order. A reduction is a cancel and a new order with what should be left, under the same id,
//!   which loses the order's place. Reductions of orders that are already filled here are left out: the answer does not
//!   tell that an order was gone, and entering it again would bring it back to life. Its owner would know from the fills.
//! - A filled maker is never removed from the arena, which therefore grows with every fill.
//! - A cancel searches its level from the front, and levels are not removed when they become empty.

use lobster::{OrderBook, OrderEvent, OrderType};

use super::{Encoded, Peer};
use crate::workload::{Flow, FlowCommand, FlowKind, Reduction, ReferenceBook, Rules, Side, Tally};

/// Orders that a level has room for at first; the crate's own default.
const QUEUE_CAPACITY: usize = 10;

/// The crate `lobster`.
#[derive(Debug)]
pub struct Lobster {
    book: OrderBook,
}

impl Peer for Lobster {
    const NAME: &'static str = "lobster";
    const RULES: Rules = Rules { reduction: Reduction::CancelsAndEntersAgain, taker_trades_through_its_limit: false };
    const NOTE: &'static str = "a reduction is a cancel and a new order, which loses the order's place";
    type Input = OrderType;

    fn encode(flow: &Flow) -> Encoded<OrderType> {
        let mut book = ReferenceBook::new(Self::RULES, flow.max_id);
        let mut translate = |commands: &[FlowCommand]| {
            let mut inputs = Vec::with_capacity(commands.len() + commands.len() / 16);
            for command in commands {
                let id = command.id.into();
                let found = book.apply(command, |_| {});
                match command.kind {
                    FlowKind::Passive | FlowKind::Aggressive => inputs.push(limit(command, command.quantity_lots)),
                    FlowKind::Cancel => inputs.push(OrderType::Cancel { id }),
                    FlowKind::Reduce if found => {
                        inputs.extend([OrderType::Cancel { id }, limit(command, command.left_lots)]);
                    }
                    FlowKind::Reduce => {}
                }
            }
            inputs
        };
        let (prefill, measured) = (translate(flow.prefill()), translate(flow.measured()));
        Encoded { prefill, measured, native_ids: Vec::new() }
    }

    fn new(flow: &Flow) -> Self {
        Self { book: OrderBook::new(flow.live_orders_max as usize, QUEUE_CAPACITY, false) }
    }

    fn execute(&mut self, inputs: &[OrderType], tally: &mut Tally) {
        for &input in inputs {
            let (OrderEvent::Filled { fills, .. } | OrderEvent::PartiallyFilled { fills, .. }) =
                self.book.execute(input)
            else {
                continue;
            };
            for fill in &fills {
                tally.fill(fill.order_2 as u64, fill.order_1 as u64, fill.qty, fill.price);
            }
        }
    }
}

fn limit(command: &FlowCommand, quantity_lots: u32) -> OrderType {
    let side = match command.side {
        Side::Buy => lobster::Side::Bid,
        Side::Sell => lobster::Side::Ask,
    };
    OrderType::Limit { id: command.id.into(), side, qty: quantity_lots.into(), price: command.price_ticks.into() }
}
