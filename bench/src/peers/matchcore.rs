//! The crate `matchcore`: a B-tree of levels, a deque per level, orders in an `FxHashMap`.
//!
//! Differences:
//! - A limit order that crosses when it enters is matched without its limit price (`submit_crossable_order` passes no
//!   limit to the matching loop). It trades through its own price until it is filled or the other side is empty, so
//!   it almost never rests.
//! - An amend sets the open quantity instead of taking a quantity off. Where the order was filled further than in
//!   novate's book this can raise it, which sends it to the back of its level.
//! - Cancels and amends of orders that are gone are answered `OrderNotFound`; they are left in the flow.
//!
//! The first difference makes the books drift apart, so later passive orders may cross here as well.

use matchcore::{
    AmendCmd, AmendPatch, CancelCmd, Command, CommandKind, CommandMeta, CommandOutcome, CommandReport, LimitOrder,
    LimitOrderPatch, NewOrder, OrderBook, OrderFlags, OrderId, OrderKind, Price, Quantity, QuantityPolicy,
    SequenceNumber, SubmitCmd, TimeInForce, Timestamp,
};

use super::{Encoded, Peer};
use crate::workload::{Flow, FlowCommand, FlowKind, Reduction, Rules, Side, Tally};

/// The crate `matchcore`.
#[derive(Debug)]
pub struct Matchcore {
    book: OrderBook,
}

impl Peer for Matchcore {
    const NAME: &'static str = "matchcore";
    const RULES: Rules = Rules { reduction: Reduction::SetsOpenQuantity, taker_trades_through_its_limit: true };
    const NOTE: &'static str = "a limit order that crosses trades through its own limit price until it is filled";
    type Input = Command;

    /// An order's id is the sequence number of the command that entered it, so ids follow from positions.
    fn encode(flow: &Flow) -> Encoded<Command> {
        let mut native_ids = vec![0; flow.max_id as usize + 1];
        let mut commands = flow.commands().iter().zip(0..).map(|(command, sequence)| {
            if command.is_entry() {
                native_ids[command.id as usize] = sequence;
            }
            let meta = CommandMeta { sequence_number: SequenceNumber(sequence), timestamp: Timestamp(sequence) };
            Command { meta, kind: kind(command, OrderId(native_ids[command.id as usize])) }
        });
        let prefill = commands.by_ref().take(flow.prefill().len()).collect();
        let measured = commands.collect();
        Encoded { prefill, measured, native_ids }
    }

    fn new(_flow: &Flow) -> Self {
        Self { book: OrderBook::new("BENCH") }
    }

    fn execute(&mut self, inputs: &[Command], tally: &mut Tally) {
        for command in inputs {
            let outcome = self.book.execute(command);
            let CommandOutcome::Applied(CommandReport::Submit(effects)) = outcome else { continue };
            let Some(result) = effects.target_order().match_result() else { continue };
            for trade in result.trades() {
                let (maker, taker) = (trade.maker_order_id().0, effects.target_order().order_id().0);
                tally.fill(maker, taker, trade.quantity().0, trade.price().0);
            }
        }
    }
}

fn kind(command: &FlowCommand, order_id: OrderId) -> CommandKind {
    match command.kind {
        FlowKind::Passive | FlowKind::Aggressive => {
            let side = match command.side {
                Side::Buy => matchcore::Side::Buy,
                Side::Sell => matchcore::Side::Sell,
            };
            let order = LimitOrder::new(
                Price(command.price_ticks.into()),
                QuantityPolicy::Standard { quantity: Quantity(command.quantity_lots.into()) },
                OrderFlags::new(side, false, TimeInForce::Gtc),
            );
            CommandKind::Submit(SubmitCmd { order: NewOrder::Limit(order) })
        }
        FlowKind::Cancel => CommandKind::Cancel(CancelCmd { order_id, order_kind: OrderKind::Limit }),
        FlowKind::Reduce => {
            let quantity = Quantity(command.left_lots.into());
            let patch = LimitOrderPatch::new().with_quantity_policy(QuantityPolicy::Standard { quantity });
            CommandKind::Amend(AmendCmd { order_id, patch: AmendPatch::Limit(patch) })
        }
    }
}
