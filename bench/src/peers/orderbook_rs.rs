//! The crate `orderbook-rs`: lock-free skip lists of levels, a concurrent map per level, made for many threads.
//!
//! Its rules agree with novate's here: an update sets the open quantity, and an order that does not grow keeps its
//! place. It is run by one thread, which never waits for its locks. Time comes with the commands, as in novate: the
//! book's clock is a constant, so that no system clock is read. Trades are read from the result of each submit, so no
//! listener is called; orders carry owners, but self-trade prevention, fees, risk limits and state tracking stay off,
//! as they are by default.

use std::sync::Arc;

use orderbook_rs::prelude::{Clock, TimestampMs};
use orderbook_rs::{Id, OrderBook, OrderType, TimeInForce};
use pricelevel::{Hash32, OrderUpdate, Price, Quantity};

use super::{Encoded, Peer};
use crate::workload::{Flow, FlowCommand, FlowKind, Reduction, Rules, Side, Tally};

/// The crate `orderbook-rs`.
pub struct OrderbookRs {
    book: OrderBook<()>,
}

/// A command as the crate takes it.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// `add_order_with_result`.
    Add(OrderType<()>),
    /// `cancel_order`.
    Cancel(Id),
    /// `update_order`.
    Update(OrderUpdate),
}

/// The time at which everything happens.
#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now_millis(&self) -> TimestampMs {
        TimestampMs::new(0)
    }
}

impl Peer for OrderbookRs {
    const NAME: &'static str = "orderbook-rs";
    const RULES: Rules = Rules { reduction: Reduction::SetsOpenQuantity, taker_trades_through_its_limit: false };
    const NOTE: &'static str = "";
    type Input = Input;

    fn encode(flow: &Flow) -> Encoded<Input> {
        let translate = |commands: &[FlowCommand]| commands.iter().map(input).collect();
        Encoded { prefill: translate(flow.prefill()), measured: translate(flow.measured()), native_ids: Vec::new() }
    }

    fn new(_flow: &Flow) -> Self {
        Self { book: OrderBook::with_clock("BENCH", Arc::new(StoppedClock)) }
    }

    fn execute(&mut self, inputs: &[Input], tally: &mut Tally) {
        for &input in inputs {
            match input {
                Input::Add(order) => {
                    let Ok((_, Some(result))) = self.book.add_order_with_result(order) else { continue };
                    for trade in result.match_result.trades().as_vec() {
                        let (maker, taker) = (trade.maker_order_id(), trade.taker_order_id());
                        let (Some(maker), Some(taker)) = (maker.as_u64(), taker.as_u64()) else { continue };
                        tally.fill(maker, taker, trade.quantity().as_u64(), trade.price().as_u128() as u64);
                    }
                }
                Input::Cancel(id) => drop(std::hint::black_box(self.book.cancel_order(id))),
                Input::Update(update) => drop(std::hint::black_box(self.book.update_order(update))),
            }
        }
    }
}

fn input(command: &FlowCommand) -> Input {
    let id = Id::sequential(command.id.into());
    match command.kind {
        FlowKind::Passive | FlowKind::Aggressive => Input::Add(OrderType::Standard {
            id,
            price: Price::new(command.price_ticks.into()),
            quantity: Quantity::new(command.quantity_lots.into()),
            side: match command.side {
                Side::Buy => orderbook_rs::Side::Buy,
                Side::Sell => orderbook_rs::Side::Sell,
            },
            user_id: Hash32::zero(),
            timestamp: TimestampMs::new(0),
            time_in_force: TimeInForce::Gtc,
            extra_fields: (),
        }),
        FlowKind::Cancel => Input::Cancel(id),
        FlowKind::Reduce => {
            let new_quantity = Quantity::new(command.left_lots.into());
            Input::Update(OrderUpdate::UpdateQuantity { order_id: id, new_quantity })
        }
    }
}
