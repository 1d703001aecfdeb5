//! What comes of a flow: the sink that counts trades and rejections and keeps the fills of the current row.

use std::collections::BTreeMap;

use novate_core::event::Event;
use novate_core::ids::ClientOrderId;
use novate_core::reject::RejectCode;
use novate_core::sink::EventSink;
use novate_core::units::{PriceTicks, QuantityLots};

/// A fill in continuous trading, as far as exchange and engine can be compared: orders by client order id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    /// The order that rested.
    pub(crate) maker: ClientOrderId,
    /// The order that came.
    pub(crate) taker: ClientOrderId,
    /// At what price.
    pub(crate) price: PriceTicks,
    /// How much.
    pub(crate) quantity: QuantityLots,
}

impl std::fmt::Display for Fill {
    /// With the names of the columns that a fills file has.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "maker {} taker {} px {} qty {}", self.maker, self.taker, self.price, self.quantity)
    }
}

/// Counts over the rows of a flow; set-up is not fed through it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Trades, those of auctions included.
    pub(crate) trades: u64,
    /// Their quantity.
    pub(crate) volume: i128,
    /// Rejections by code.
    pub(crate) rejects: BTreeMap<u16, u64>,
    /// Fills of the current row, without those of auctions.
    pub(crate) fills: Vec<Fill>,
}

impl Tally {
    /// All rejections.
    pub(crate) fn rejects_total(&self) -> u64 {
        self.rejects.values().sum()
    }

    /// Rejections by the code's number and name, in numeric order.
    pub(crate) fn rejects_by_name(&self) -> impl Iterator<Item = (u16, &'static str, u64)> {
        let name = |code| RejectCode::from_code(code).map_or("Unknown", RejectCode::name);
        self.rejects.iter().map(move |(&code, &count)| (code, name(code), count))
    }
}

impl EventSink for Tally {
    #[inline]
    fn emit(&mut self, event: Event<'_>) {
        match event {
            Event::Trade(trade) => {
                self.trades += 1;
                self.volume += i128::from(trade.quantity.get());
                // An auction's trades have no aggressor.
                if trade.aggressor != 0 {
                    self.fills.push(Fill {
                        maker: trade.maker_client_order_id,
                        taker: trade.taker_client_order_id,
                        price: trade.price,
                        quantity: trade.quantity,
                    });
                }
            }
            Event::Rejected(rejected) => *self.rejects.entry(rejected.code).or_default() += 1,
            _ => {}
        }
    }
}
