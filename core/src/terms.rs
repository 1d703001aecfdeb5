//! The vocabulary of orders, instruments and sessions: the enumerations that records carry as one byte.
//!
//! Zero is never a defined value (except for [`OptionType::None`]), so a record that was not filled in is noticed.

macro_rules! byte_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[repr(u8)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant = $code,)* }

        impl $name {
            /// Every value of this version, in numeric order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The byte that records carry.
            #[inline]
            pub const fn code(self) -> u8 { self as u8 }

            /// The value with this byte, if this version knows it.
            #[inline]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// The stable name, as tools print it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }
        }
    };
}

byte_enum! {
    /// Which side of the book an order is on.
    Side {
        /// Bids.
        Buy = 1,
        /// Asks.
        Sell = 2,
    }
}

impl Side {
    /// 0 for buy, 1 for sell: for arrays of two.
    #[inline(always)]
    pub(crate) const fn index(self) -> usize {
        (self as usize - 1) & 1
    }

    /// All bits for sell, none for buy: inverts what it is combined with, or leaves it.
    #[inline(always)]
    pub(crate) const fn flip(self) -> i64 {
        -((self as i64) >> 1)
    }

    /// Whether an order of this side at `price` trades against a `resting` price.
    ///
    /// Without a branch: which side comes next is what no predictor can know. (Inverting all bits reverses the order.)
    #[inline(always)]
    pub(crate) const fn crosses(self, price: i64, resting: i64) -> bool {
        let flip = self.flip();
        (resting ^ flip) <= (price ^ flip)
    }

    /// The other side.
    #[inline]
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

byte_enum! {
    /// How an order is priced.
    OrderType {
        /// Trades at its limit price or better; what is left may rest.
        Limit = 1,
        /// Trades at its protection limit or better; what is left is cancelled.
        Market = 2,
        /// Waits for its trigger price, then is a market order.
        Stop = 3,
        /// Waits for its trigger price, then is a limit order.
        StopLimit = 4,
    }
}

byte_enum! {
    /// How long an order lives.
    TimeInForce {
        /// Good till cancelled.
        GoodTillCancelled = 1,
        /// Immediate or cancel: fills what it can, the rest is cancelled.
        ImmediateOrCancel = 2,
        /// Fill or kill: fills whole or is rejected.
        FillOrKill = 3,
        /// Good for auction: rests while there is an auction, and is cancelled when it ends.
        GoodForAuction = 4,
        /// Rests until the trading day is ended by command.
        Day = 5,
        /// Good till date: rests until its date.
        GoodTillDate = 6,
    }
}

byte_enum! {
    /// What is done where two orders of one owner would trade with each other, after the incoming order's wish.
    SelfTrade {
        /// What the instrument says; of an instrument: they trade.
        Default = 0,
        /// They trade.
        Allow = 1,
        /// What is left of the incoming order is cancelled.
        CancelNewest = 2,
        /// The resting order is cancelled, and the incoming one goes on.
        CancelOldest = 3,
        /// Both are cancelled.
        CancelBoth = 4,
        /// Both shrink by the smaller of their open quantities, without a trade.
        Decrement = 5,
    }
}

byte_enum! {
    /// From which side the last price must reach a stop order's trigger price.
    TriggerDirection {
        /// Upwards for a buy, downwards for a sell.
        Default = 0,
        /// The last price is at the trigger price or above.
        Up = 1,
        /// The last price is at the trigger price or below.
        Down = 2,
    }
}

byte_enum! {
    /// Which price a pegged order follows. Orders that are pegged themselves do not count.
    PegReference {
        /// The best price of its own side.
        Primary = 1,
        /// The best price of the other side.
        Market = 2,
        /// The middle between the two.
        Mid = 3,
    }
}

byte_enum! {
    /// What a session may do.
    Role {
        /// Enters and manages orders.
        Trader = 1,
        /// Publishes prices.
        Feed = 2,
        /// Reports deposits and settled withdrawals.
        Custody = 3,
        /// Sets up the venue and its parties, and may cancel for any account.
        Operator = 4,
        /// Attests to state.
        Replica = 5,
        /// Appends `Work`, `Checkpoint` and `Timer`; the sequencer's own role, open to nobody else.
        Sequencer = 6,
    }
}

byte_enum! {
    /// The kind of contract. Matching treats all alike.
    InstrumentKind {
        /// A dated future.
        Future = 1,
        /// A perpetual future.
        Perpetual = 2,
        /// An option exercised at expiry.
        EuropeanOption = 3,
        /// An option exercisable on demand.
        OnDemandOption = 4,
    }
}

byte_enum! {
    /// Call or put; `None` for what is no option.
    OptionType {
        /// Not an option.
        None = 0,
        /// The right to buy.
        Call = 1,
        /// The right to sell.
        Put = 2,
    }
}

byte_enum! {
    /// An instrument's trading state.
    TradingState {
        /// Orders rest and nothing trades; left by an uncross.
        Auction = 1,
        /// Orders trade on entry.
        Continuous = 2,
        /// Only cancels and reductions are taken.
        Halted = 3,
        /// An uncross is being worked off in slices; the book answers `BookBusy`. Entered by an uncross only.
        Uncrossing = 4,
    }
}

byte_enum! {
    /// Where the volatilities of an expiry's options come from.
    Surface {
        /// A smile of five parameters, for all strikes.
        Smile = 1,
        /// One for each option.
        Strikes = 2,
    }
}

byte_enum! {
    /// What a scenario does to the volatility smile.
    Smile {
        /// Nothing.
        Kept = 1,
        /// Volatilities rise.
        Up = 2,
        /// Volatilities fall.
        Down = 3,
        /// The smile tilts.
        Linear = 4,
        /// Its wings rise or fall.
        Absolute = 5,
    }
}

impl Smile {
    /// From zero on: for arrays of one for each.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self as usize - 1
    }

    /// Whether the scenario is of the smile's form: then gain and loss both count as loss.
    pub const fn is_skew(self) -> bool {
        matches!(self, Self::Linear | Self::Absolute)
    }
}

byte_enum! {
    /// How far a feed is to be trusted.
    Validity {
        /// As it should be.
        Good = 1,
        /// Old, doubtful, or in the middle of a move that was not confirmed: more margin is needed.
        Degraded = 2,
        /// Older: positions may only be reduced.
        Stale = 3,
        /// None, or too old to act on.
        Invalid = 4,
    }
}

byte_enum! {
    /// How an account's margin is reckoned, see [`crate::margin`].
    MarginModel {
        /// The worst of many scenarios.
        Portfolio = 1,
        /// Options strike by strike, without perpetuals.
        Standard = 2,
        /// Risk factors and slippage, for futures and perpetuals.
        Futures = 3,
    }
}

byte_enum! {
    /// How an account stood when its margin was reckoned last.
    MarginStatus {
        /// It has what initial and maintenance margin ask for.
        Healthy = 1,
        /// Less than the initial margin: what it enters must reduce its risk.
        InitialShort = 2,
        /// Less than the maintenance margin.
        MaintenanceShort = 3,
    }
}

byte_enum! {
    /// Which feed.
    FeedKind {
        /// Price of an underlying.
        Index = 1,
        /// Forward price of an expiry.
        Forward = 2,
        /// Rate to an expiry.
        Rate = 3,
        /// Smile of an expiry.
        Surface = 4,
        /// Volatility of an option.
        Volatility = 5,
    }
}
