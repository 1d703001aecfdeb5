//! Order flow: reading it from files, feeding it to the engine, and what it is expected to do.

mod dealer;
mod expected;
mod feed;
mod feeder;
mod head;
mod index;
mod margin_tally;
mod pipeline;
mod portfolios;
mod reader;
mod scale;
mod tally;
mod trader;
mod venue;

pub(crate) use self::expected::{
    Checkpoint, CheckpointsByRow, FillsByRow, TOP_LEVELS, leftover_error, read_checkpoints, read_fills,
};
pub(crate) use self::feed::{Level, Observer, Outcome, Settings, Terms, Venue, feed};
pub(crate) use self::margin_tally::{MarginOutcome, is_of_margin};
pub(crate) use self::pipeline::{Piped, pipe};
pub(crate) use self::tally::{Fill, Tally};
pub(crate) use self::venue::{ACCOUNTS, Crowd};

use novate_core::ids::ClientOrderId;
use novate_core::terms::{Side, TimeInForce};
use novate_core::units::{PriceTicks, QuantityLots, TimeNs};

/// One row of an order-entry file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The row's name in fills, checkpoints and reports.
    pub(crate) n: u64,
    /// When, in nanoseconds since the Unix epoch.
    pub(crate) time: TimeNs,
    /// What.
    pub(crate) action: Action,
}

/// What a row asks for. Orders are named by client order id: the file was written before the engine gave out its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// Enters an order.
    New {
        /// The client's name for it.
        client_order_id: ClientOrderId,
        /// Which side.
        side: Side,
        /// Limit price; none for a market order.
        price: Option<PriceTicks>,
        /// How much.
        quantity: QuantityLots,
        /// How long it lives.
        time_in_force: TimeInForce,
    },
    /// Changes an order's price, open quantity or both.
    Amend {
        /// Which order.
        client_order_id: ClientOrderId,
        /// The new price, if it changes.
        price: Option<PriceTicks>,
        /// The new open quantity, if it changes.
        quantity: Option<QuantityLots>,
    },
    /// Cancels an order.
    Cancel {
        /// Which order.
        client_order_id: ClientOrderId,
    },
    /// Ends the auction.
    Uncross {
        /// The price to fill at; none where the engine finds it.
        price: Option<PriceTicks>,
    },
}
