//! A book to begin with: every resting order of an instrument, as of a command, and the feed that goes on from there.

use novate_core::engine::OrderView;
use novate_core::ids::InstrumentId;
use novate_core::terms::Side;
use novate_core::units::Sequence;

use super::past::Past;
use super::{Feed, FeedError, Gateway, Release};

/// The resting orders of one instrument, as of a command.
#[derive(Clone, Debug)]
pub struct Book {
    /// The last command that it is of.
    pub sequence: Sequence,
    /// The buy orders: best price first, then oldest first.
    pub bids: Vec<OrderView>,
    /// The sell orders, likewise.
    pub asks: Vec<OrderView>,
}

impl Gateway {
    /// The book of an instrument, empty if it is not listed, and all events of the venue behind it, without a gap. The
    /// book is rebuilt from the journal, on this thread.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn book(&self, instrument: InstrumentId, release: Release) -> Result<(Book, Feed), FeedError> {
        let appended = self.shared.appended();
        let mut past = Past::before(&self.storage, appended)?;
        past.run_to(appended)?;
        let engine = past.engine()?;
        let sequence = engine.sequence();
        let side = |side| {
            let prices: Vec<_> = engine.top(instrument, side).map(|level| level.price).collect();
            prices.into_iter().flat_map(|price| engine.queue(instrument, side, price).collect::<Vec<_>>()).collect()
        };
        let book = Book { sequence, bids: side(Side::Buy), asks: side(Side::Sell) };
        // The feed goes on with the same replay.
        Ok((book, Feed::behind(self.clone(), past, (sequence, u32::MAX), release)?))
    }
}
