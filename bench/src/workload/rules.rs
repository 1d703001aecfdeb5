//! Under which rules a flow is judged, and what came of it.

/// What comes of a flow under some rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The trades.
    pub tally: Tally,
    /// Cancels and reductions whose order was gone: none under the rules that the flow was made with.
    pub commands_without_order: u64,
}

/// How an engine reduces an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Takes a quantity off; the order keeps its place.
    TakesOff,
    /// Sets the open quantity; the order keeps its place unless the quantity grows, which sends it to the back.
    SetsOpenQuantity,
    /// Has no reduction: the order is cancelled and entered again, and loses its place.
    CancelsAndEntersAgain,
}

/// The rules in which engines differ on these flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How an order is reduced.
    pub reduction: Reduction,
    /// A limit order that crosses on entry then trades at any price, as if it were a market order.
    pub taker_trades_through_its_limit: bool,
}

impl Rules {
    /// Novate's rules, under which flows are made.
    pub const NOVATE: Self = Self { reduction: Reduction::TakesOff, taker_trades_through_its_limit: false };
}

/// A trade as the reference book reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The resting order.
    pub maker: u32,
    /// The entering order.
    pub taker: u32,
    /// What was traded.
    pub quantity_lots: u32,
    /// The maker's price.
    pub price_ticks: u32,
    /// What the maker has open now; at zero it is gone.
    pub maker_left_lots: u32,
}

/// Counts trades and folds them into a digest, so that engines that report the same trades in the same order have
/// the same tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Trades.
    pub trades: u64,
    /// Traded quantity.
    pub volume_lots: u64,
    /// Digest of makers, takers, quantities and prices in order.
    pub digest: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { trades: 0, volume_lots: 0, digest: 1_469_598_103_934_665_603 }
    }
}

impl Tally {
    /// Takes a trade in.
    #[inline]
    pub fn fill(&mut self, maker: u64, taker: u64, quantity_lots: u64, price_ticks: u64) {
        self.trades += 1;
        self.volume_lots += quantity_lots;
        let word = maker
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(taker)
            .wrapping_add(quantity_lots.wrapping_mul(131))
            .wrapping_add(price_ticks.wrapping_mul(65_537));
        self.digest = (self.digest ^ word).wrapping_mul(1_099_511_628_211);
    }
}
