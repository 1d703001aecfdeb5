//! Planted bugs: whoever compares two implementations should see the comparison fail when it must.

/// A bug that the oracle has on purpose. Each is one `if` at the place concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Canary {
    /// No bug: the rules as written.
    #[default]
    None,
    /// A partially filled maker goes to the back of its level.
    MakerLosesPlace,
    /// A cancel that empties the best level also loses sight of the next one, until an order is added on that side.
    LevelLostAfterCancel,
    /// A sweep trades at the taker's price, not the maker's.
    TradeAtTakerPrice,
    /// A reduced order goes to the back of its level.
    ReducedLosesPlace,
    /// An order amended to a larger quantity at its price keeps its place.
    AmendedUpKeepsPlace,
    /// The test for fill-or-kill counts one maker beyond those that cross.
    FillOrKillCountsOneTooMany,
    /// A post-only order at exactly the opposite best price is taken not to cross.
    PostOnlyMayTouch,
    /// An auction's tie is broken by the last price even where all candidates have more bids, or all more asks.
    AuctionTieIgnoresPressure,
    /// An auction's trades do not set the last trade price.
    AuctionForgetsLastPrice,
    /// Pending work is done in slices one step too short.
    SliceOneStepShort,
    /// The oldest outcome in a session's window is not found.
    OutcomeWindowOneShort,
    /// Freed slots are used again oldest first.
    SlotsOldestFirst,
    /// A position that becomes zero keeps its record.
    ZeroPositionKept,
    /// The room at a price is computed without taking off the order's own leaves.
    RoomForgetsOwnLeaves,
    /// The cost that a closed part releases is rounded down.
    CostReleasedRoundedDown,
    /// The test for fill-or-kill counts makers that may only reduce a position.
    ReduceOnlyMakerCounts,
    /// A reduce-only order keeps its whole quantity on entry.
    ReduceOnlyNotClipped,
    /// A reduce-only order that rests trades whatever its position.
    ReduceOnlyMakerTrades,
    /// Self-trades are those of one account, not of one owner.
    SelfTradeByAccount,
    /// Self-trade prevention cancels the newest where it should cancel the oldest, and the other way round.
    SelfTradeCancelsTheOther,
    /// The end of an auction leaves asks that were good for it.
    GoodForAuctionAsksStay,
    /// A post-only order slides two ticks away from the opposite best price, not one.
    SlidesTwoTicks,
}

impl Canary {
    /// Every planted bug; [`Canary::None`] is not among them.
    pub const ALL: &'static [Self] = &[
        Self::MakerLosesPlace,
        Self::LevelLostAfterCancel,
        Self::TradeAtTakerPrice,
        Self::ReducedLosesPlace,
        Self::AmendedUpKeepsPlace,
        Self::FillOrKillCountsOneTooMany,
        Self::PostOnlyMayTouch,
        Self::AuctionTieIgnoresPressure,
        Self::AuctionForgetsLastPrice,
        Self::SliceOneStepShort,
        Self::OutcomeWindowOneShort,
        Self::SlotsOldestFirst,
        Self::ZeroPositionKept,
        Self::RoomForgetsOwnLeaves,
        Self::CostReleasedRoundedDown,
        Self::ReduceOnlyMakerCounts,
        Self::ReduceOnlyNotClipped,
        Self::ReduceOnlyMakerTrades,
        Self::SelfTradeByAccount,
        Self::SelfTradeCancelsTheOther,
        Self::GoodForAuctionAsksStay,
        Self::SlidesTwoTicks,
    ];

    /// The name, for command lines and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::MakerLosesPlace => "MakerLosesPlace",
            Self::LevelLostAfterCancel => "LevelLostAfterCancel",
            Self::TradeAtTakerPrice => "TradeAtTakerPrice",
            Self::ReducedLosesPlace => "ReducedLosesPlace",
            Self::AmendedUpKeepsPlace => "AmendedUpKeepsPlace",
            Self::FillOrKillCountsOneTooMany => "FillOrKillCountsOneTooMany",
            Self::PostOnlyMayTouch => "PostOnlyMayTouch",
            Self::AuctionTieIgnoresPressure => "AuctionTieIgnoresPressure",
            Self::AuctionForgetsLastPrice => "AuctionForgetsLastPrice",
            Self::SliceOneStepShort => "SliceOneStepShort",
            Self::OutcomeWindowOneShort => "OutcomeWindowOneShort",
            Self::SlotsOldestFirst => "SlotsOldestFirst",
            Self::ZeroPositionKept => "ZeroPositionKept",
            Self::RoomForgetsOwnLeaves => "RoomForgetsOwnLeaves",
            Self::CostReleasedRoundedDown => "CostReleasedRoundedDown",
            Self::ReduceOnlyMakerCounts => "ReduceOnlyMakerCounts",
            Self::ReduceOnlyNotClipped => "ReduceOnlyNotClipped",
            Self::ReduceOnlyMakerTrades => "ReduceOnlyMakerTrades",
            Self::SelfTradeByAccount => "SelfTradeByAccount",
            Self::SelfTradeCancelsTheOther => "SelfTradeCancelsTheOther",
            Self::GoodForAuctionAsksStay => "GoodForAuctionAsksStay",
            Self::SlidesTwoTicks => "SlidesTwoTicks",
        }
    }

    /// The canary of this name, `None` included.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == Self::None.name() {
            return Some(Self::None);
        }
        Self::ALL.iter().copied().find(|canary| canary.name() == name)
    }
}
