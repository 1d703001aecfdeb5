//! Planted bugs: whoever compares two implementations should see the comparison fail when it must.

macro_rules! canaries {
    ($(#[$doc:meta] $name:ident,)*) => {
        /// A bug that the oracle has on purpose. Each is one `if` at the place concerned.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Canary {
            /// No bug: the rules as written.
            #[default]
            None,
            $(#[$doc] $name,)*
        }

        impl Canary {
            /// Every planted bug; [`Canary::None`] is not among them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name, for command lines and reports.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::None => "None",
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

canaries! {
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
    /// An iceberg that is replenished by a sweep keeps its place.
    IcebergKeepsItsPlace,
    /// An iceberg is replenished only when nothing shows, whatever its display minimum.
    DisplayMinimumIgnored,
    /// An iceberg that an auction replenishes goes to the back of its level.
    AuctionReplenishesAtBack,
    /// What a reduce takes off an iceberg comes off what it shows first.
    ReduceTakesFromShown,
    /// Of the stop orders that are due the one with the lowest trigger price fires first.
    StopsFireByTriggerPrice,
    /// An instrument leaves the row after one stop order fired, whatever else is due.
    StopsNotAskedAnew,
    /// A change to continuous trading does not bring stop orders into the row.
    OpeningForgetsStops,
    /// A maker's fill does not cancel its twin.
    MakersTwinSurvives,
    /// An order that becomes a twin takes no complex record.
    TwinTakesNoRecord,
    /// A maker whose expiry has come, but which is still to be cancelled, trades.
    ExpiredMakerTrades,
    /// An order that is good till a date does not expire at that very time.
    ExpiresOneLate,
    /// The test for fill-or-kill counts only what makers show.
    FillOrKillForgetsHidden,
    /// A fill-or-kill order whose fills cost or bring exactly its budget is rejected.
    BudgetMustNotBeReached,
    /// A scan also takes orders that were accepted after it began.
    ScanTakesLaterOrders,
    /// A scan that is queued goes on in the command that queued it.
    QueuedScanGoesOn,
    /// The end of the trading day leaves stop orders that wait.
    DayStopsSurvive,
    /// Fills count for the protection of the taker's account, not of the maker's.
    ProtectionCountsTaker,
    /// The price band is measured from the last price although a mark price is set.
    BandIgnoresMark,
    /// Pegged orders count among the prices that pegged orders follow.
    PegsSeeEachOther,
    /// The price of a pegged buy order is rounded up, and not bounded.
    MidRoundsUp,
    /// A trailing stop order's trigger price follows the last price towards it as well.
    TrailsBothWays,
    /// A pass sees the market as it is, not as it was when it began.
    PassSeesNewView,
    /// A volatility auction cancels what is left of the taker, also where that may rest.
    VolatilityAuctionCancels,
    /// A move beyond the limit is taken at once.
    HeldMoveIsTaken,
    /// A second source confirms a held value no sooner than the first.
    SecondSourceDoesNotConfirm,
    /// A value near the feed's forgets what another source's is held.
    NearForgetsHeld,
    /// A source that is not sure of it confirms a move, too.
    DoubtConfirms,
    /// A source's time ahead of the command's is kept as it is.
    ClockAheadIsKept,
    /// A value that is held makes its underlying due a pass.
    HeldValueIsNews,
    /// A feed is worse than before not at the age where it should be, but right behind it.
    StaleOneLate,
    /// An underlying is as valid as its own index, whatever its peg's.
    PegIgnored,
    /// A timer moves the time of a round that is under way.
    RoundTakesLateTimer,
    /// A mark price may be any distance from the feed.
    MarkIgnoresBand,
    /// A mark price is an average over looks, not over time.
    MarkWeighsSamplesAlike,
    /// A round that finds a feed invalid leaves the window as it is.
    WindowOutlivesFeed,
    /// A pass uses feeds as they are, not as they were when it began.
    PassSeesNewFeed,
    /// An array is published when it is computed, not when its pass ends.
    PublishesEachAtOnce,
    /// An option on demand is worth what one at expiry is.
    OnDemandIgnoresExercise,
    /// A future's last half hour is like any other time.
    SettlementIsSudden,
    /// What resting orders may lose is reckoned without discounts.
    ReserveIgnoresSign,
    /// Options that are being sold do not count as naked.
    FilledSideForgotten,
    /// An option counts as naked whatever its pair.
    NakedIgnoresPair,
    /// What a resting order would lose at once is reckoned with the mark as it is, not as it was when it came to rest.
    AdverseAtCurrentMark,
    /// Nobody walks the watch list.
    SweepSkipsWatchList,
    /// An order makes only the portfolio current that it belongs to.
    MixedGenerations,
    /// An order that only reduces a position is accepted whatever it costs.
    ReduceAlwaysAccepted,
    /// All of a scenario's loss counts, however damped it is.
    DampingForgotten,
    /// An atom more is missing than is.
    ShortfallOffByOne,
    /// What trades bring in and cost is reckoned without the multiplier.
    FlowsForgetMultiplier,
    /// An account that an order makes current is judged by the sweep, not at once.
    JudgedLate,
}

impl Canary {
    /// Bugs in rules about margin: what checks none cannot show them.
    pub const OF_MARGIN: [Self; 11] = [
        Self::ReserveIgnoresSign,
        Self::FilledSideForgotten,
        Self::NakedIgnoresPair,
        Self::AdverseAtCurrentMark,
        Self::SweepSkipsWatchList,
        Self::MixedGenerations,
        Self::ReduceAlwaysAccepted,
        Self::DampingForgotten,
        Self::ShortfallOffByOne,
        Self::FlowsForgetMultiplier,
        Self::JudgedLate,
    ];

    /// The canary of this name, `None` included.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == Self::None.name() {
            return Some(Self::None);
        }
        Self::ALL.iter().copied().find(|canary| canary.name() == name)
    }
}
