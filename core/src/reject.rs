//! Why a command was rejected and why an order was cancelled: stable numeric codes.
//!
//! Codes are grouped by domain, append-only and never renumbered: they stand in journals and in clients.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident: $repr:ty { $($(#[$vdoc:meta])* $variant:ident = $code:literal => $text:literal,)* }) => {
        $(#[$doc])*
        #[repr($repr)]
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant = $code,)* }

        impl $name {
            /// Every code of this version, in numeric order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that records carry.
            #[inline]
            pub const fn code(self) -> $repr { self as $repr }

            /// The reason with this number, if this version knows it.
            pub const fn from_code(code: $repr) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// The stable name, as tools print it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// One sentence: what is wrong, and what to do about it.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { f.write_str(self.name()) }
        }
    };
}

codes! {
    /// Why a command was rejected. A rejection is an event, never an `Err`, and changes nothing but the session's window, and
    /// where margin is checked what is kept of margin: the account may have been made current, and judged, before.
    RejectCode: u16 {
        /// 1xx: the record itself.
        MalformedRecord = 101 => "the record's kind is unknown or its size is not that of its kind; encode it with this version's record types",
        /// A reserved byte is set.
        ReservedNotZero = 102 => "a reserved byte is not zero; zero the record before filling it in",
        /// A field holds no defined value.
        InvalidField = 103 => "a field holds a value outside its definition; see the record's documentation",

        /// 2xx: session and role.
        UnknownSession = 201 => "no such session was ever opened here; open one with an operator session",
        /// The session was closed.
        StaleSession = 202 => "the session was closed; open a new one",
        /// A session sequence was left out.
        SessionSequenceGap = 203 => "the session sequence skips ahead; send the missing command first",
        /// The command is older than the outcome window.
        SessionSequenceTooOld = 204 => "the command is older than the session's outcome window; its outcome is no longer held",
        /// The role may not send this kind.
        RoleNotPermitted = 205 => "the session's role may not send this kind of command; use a session of the right role",
        /// The session may not act for this account.
        AccountNotPermitted = 206 => "the session may not act for this account; have an operator grant it",

        /// 3xx: identities.
        UnknownAccount = 301 => "no such account was ever opened here",
        /// The account was closed.
        StaleAccount = 302 => "the account was closed; its id is not used again",
        /// No such instrument.
        UnknownInstrument = 303 => "no such instrument was ever listed here",
        /// The instrument was delisted.
        StaleInstrument = 304 => "the instrument was delisted; its id is not used again",
        /// No such order.
        UnknownOrder = 305 => "no live order has this id",
        /// The order is gone.
        StaleOrder = 306 => "the order is no longer live: it was filled, cancelled or replaced",
        /// The order belongs to another account.
        OrderNotOwned = 307 => "the order belongs to another account",
        /// No such underlying.
        UnknownUnderlying = 308 => "no such underlying was ever listed here",
        /// The underlying was delisted.
        StaleUnderlying = 309 => "the underlying was delisted; its id is not used again",
        /// No such expiry.
        UnknownExpiry = 310 => "no such expiry was ever listed here",
        /// The expiry was delisted.
        StaleExpiry = 311 => "the expiry was delisted; its id is not used again",

        /// 4xx: the order's terms.
        DuplicateClientOrderId = 401 => "a live order of this account has the same client order id; choose another",
        /// Zero or negative.
        QuantityNotPositive = 402 => "the quantity must be at least one lot",
        /// Not a multiple of the lot.
        QuantityOffLot = 403 => "the quantity is not a multiple of the instrument's lot",
        /// Below the minimum.
        QuantityBelowMinimum = 404 => "the quantity is below the instrument's minimum",
        /// Above the maximum.
        QuantityAboveMaximum = 405 => "the quantity is above the instrument's maximum",
        /// Not a multiple of the tick.
        PriceOffTick = 406 => "the price is not a multiple of the instrument's tick",
        /// Outside the declared range.
        PriceOutOfRange = 407 => "the price is outside the range that the instrument declares",
        /// Outside the limits in force.
        PriceOutsideLimits = 408 => "the price is outside the price limits in force",
        /// Post-only would trade.
        PostOnlyWouldCross = 409 => "a post-only order must not trade on entry; price it away from the opposite side",
        /// FOK cannot fill.
        FillOrKillNotFillable = 410 => "the book cannot fill the whole quantity within the limit",
        /// FOK would exceed the bounded work.
        FillOrKillExceedsSteps = 411 => "filling the whole quantity would take more fills than one command may do",
        /// Immediate order in an auction.
        ImmediateInAuction = 412 => "market, immediate-or-cancel and fill-or-kill orders cannot be entered while the instrument is in auction",
        /// Post-only and immediate contradict.
        PostOnlyImmediate = 413 => "post-only contradicts market, immediate-or-cancel and fill-or-kill",
        /// The level's total would overflow.
        LevelQuantityOverflow = 414 => "the total quantity at this price would exceed the range of a 64-bit integer",
        /// Nothing to reduce.
        ReduceOnlyWithoutPosition = 415 => "the account has no position that this order would reduce",
        /// There is no auction that it could be good for.
        GoodForAuctionInContinuous = 416 => "orders that are good for an auction are taken in auctions only",
        /// A stop order without a trigger price.
        StopWithoutTrigger = 417 => "a stop order needs a trigger price; give one",
        /// A trigger price without a stop order.
        TriggerWithoutStop = 418 => "only stop orders have a trigger price; leave it out or make it a stop order",
        /// Stop and good for auction contradict.
        StopGoodForAuction = 419 => "stop orders trigger in continuous trading, so they cannot be good for an auction",
        /// More shown than there is.
        DisplayAboveQuantity = 420 => "the displayed quantity is above the order's quantity; show at most all of it",
        /// The least shown is more than is shown.
        DisplayMinimumAboveDisplay = 421 => "the display minimum is above the displayed quantity; it must not exceed it",
        /// No twin of that name.
        UnknownTwin = 422 => "no live order of this account has the twin's client order id; enter the twin first",
        /// A twin that cannot be one.
        TwinUnfit = 423 => "the twin is in another instrument or has a twin already; choose another",
        /// A date in the past.
        ExpiryInPast = 424 => "the expiry is not after the command's time; give a later one",
        /// A date without an order that is good till one.
        ExpiryWithoutGoodTillDate = 425 => "only good-till-date orders have an expiry; leave it out or make it one",
        /// A budget without fill-or-kill.
        BudgetWithoutFillOrKill = 426 => "only fill-or-kill orders have a budget; leave it out or make it one",
        /// The fills would cost more, or bring less.
        BudgetNotMet = 427 => "filling the whole quantity would cost more, or bring less, than the budget",
        /// A stop order that waits.
        StopNotTriggered = 428 => "the stop order has not triggered; until then it can only be cancelled",
        /// The account's protection has tripped.
        ProtectionTripped = 429 => "the account's market-maker protection has tripped; resume trading first",
        /// Nothing to resume.
        ProtectionNotTripped = 430 => "the account's market-maker protection has not tripped; there is nothing to resume",
        /// Its orders are still being cancelled.
        CancelsPending = 431 => "the account's orders are still being cancelled; resume when that is done",
        /// More levels than one command may look at.
        IndicativeExceedsSteps = 432 => "finding the indicative price would take more steps than one command may do",
        /// A trail without a stop order, or one that is no distance.
        InvalidTrail = 433 => "a trail belongs to a stop order, and is a positive multiple of the tick",
        /// Nothing to trail.
        NoLastPrice = 434 => "a trailing stop order needs a last price to trail; the instrument has none yet",
        /// Nothing to peg to.
        NoPegReference = 435 => "the book has no price of the kind that the order is to be pegged to",
        /// Pegged orders wait.
        PegImmediate = 436 => "pegged orders rest: they are neither immediate nor good for the auction",
        /// No price for it.
        PegOutOfReach = 437 => "the price that the order would be pegged to is outside the range or the price limits",
        /// Its price is not the client's to change.
        PegFixesPrice = 438 => "a pegged order's price follows its reference; only its quantity can be changed",

        /// 5xx: the instrument's state.
        InstrumentHalted = 501 => "the instrument is halted; only cancels and reductions are taken",
        /// An uncross is being worked off.
        BookBusy = 502 => "the instrument is filling an auction in slices; retry when its trading state changes",
        /// The book is crossed.
        BookCrossed = 503 => "the book is crossed; uncross it instead of opening it",

        /// 6xx: capacity, fixed at genesis.
        OrderTableFull = 601 => "the table of live orders is full; nothing was changed",
        /// No room for a price level.
        LevelTableFull = 602 => "the table of price levels is full; nothing was changed",
        /// No room in the price ladder.
        LadderFull = 603 => "the price ladder has too few free nodes; nothing was changed",
        /// No room for an account.
        AccountTableFull = 604 => "the table of accounts is full; nothing was changed",
        /// No room for a session.
        SessionTableFull = 605 => "the table of sessions is full; nothing was changed",
        /// No room for an instrument.
        InstrumentTableFull = 606 => "the table of instruments is full; nothing was changed",
        /// No room for a grant.
        GrantTableFull = 607 => "the table of grants is full; nothing was changed",
        /// No room in the work queue.
        WorkQueueFull = 608 => "the work queue is full; retry when pending work is done",
        /// No generation left.
        IdsExhausted = 609 => "all ids of this kind have been given out in this journal; begin a new one",
        /// The index has no entry near enough.
        ClientOrderIdsCrowded = 610 => "too many live client order ids share a place of the index; choose another id",
        /// No room for an order's further terms.
        ComplexOrderTableFull = 611 => "the table of complex orders is full; nothing was changed",

        /// No room for an underlying.
        UnderlyingTableFull = 612 => "the table of underlyings is full; nothing was changed",
        /// No room for an expiry.
        ExpiryTableFull = 613 => "the table of expiries is full; nothing was changed",
        /// No room for a record of position and orders.
        PositionTableFull = 614 => "the table of positions is full; nothing was changed",
        /// No room for an account's sums over an expiry.
        VectorTableFull = 615 => "the table of margin vectors is full; nothing was changed",

        /// 7xx: set-up.
        AccountInUse = 701 => "the account has live orders, positions, grants or cash; clear them first",
        /// The instrument has orders or positions.
        InstrumentInUse = 702 => "the instrument has live orders or open positions; clear them first",
        /// The session has grants.
        SessionInUse = 703 => "the session has grants, or is one that exists from genesis on",
        /// Granted before.
        AlreadyGranted = 704 => "the session may act for this account already",
        /// Not granted.
        NotGranted = 705 => "the session has no such grant",
        /// The definition contradicts itself.
        InvalidInstrument = 706 => "the instrument's definition contradicts itself: tick, lot and multiplier are at least 1, \
            minima at most maxima with a multiple of tick or lot between, price limits within the range, a strike above zero; \
            see ListInstrument",
        /// The limits contradict the range.
        InvalidPriceLimits = 707 => "the price limits are reversed or outside the declared range",
        /// The underlying is needed.
        UnderlyingInUse = 708 => "the underlying has expiries or instruments, is another's peg, or is being valued; clear these first",
        /// The expiry is needed.
        ExpiryInUse = 709 => "the expiry has instruments; delist them first",
        /// No such scenario set.
        UnknownScenarioSet = 710 => "there is no scenario set of this number, or it lacks scenarios, shocks or, where margin is checked, terms; set them first",
        /// Another expiry.
        ExpiryMismatch = 711 => "the expiry is another underlying's, or at another time than the instrument's",
        /// A risk array that could overflow.
        LanesDoNotFit = 712 => "the largest position times a lot's value under the largest shock exceeds 59 bits; \
            list smaller lots, a smaller largest position, or an underlying of fewer lane bits",
        /// The mark comes from feeds.
        MarkIsDerived = 713 => "the instrument has an underlying: its mark price comes from the book and the feeds",
        /// Options of one expiry and different lots.
        LotsDiffer = 714 => "the options of an expiry have one multiplier and one price unit; list it with those, or with another expiry",

        /// 8xx: feeds.
        NoSuchFeed = 801 => "there is no such feed: the expiry's volatilities come from elsewhere, or the instrument is no option",
        /// Out of all bounds.
        FeedValueAbsurd = 802 => "the value is outside what such a feed may say, or the smile's variance is negative somewhere",
        /// From the future.
        SourceTimeAhead = 803 => "the source's time is more than a second ahead of sequenced time; set its clock",
        /// Older than what is there.
        SourceTimeOld = 804 => "the source's time is not after that of the value that the feed has; nothing to do",

        /// 9xx: margin.
        NoMarginModel = 901 => "the account has no margin model; have an operator choose one",
        /// The model does not know such instruments.
        ModelForbidsInstrument = 902 => "the account's margin model is for futures and perpetuals only; have an operator choose another for options",
        /// The feeds are too old.
        FeedNotValid = 903 => "the feeds of the instrument are stale or invalid; until they are not, orders may only reduce positions",
        /// Nothing to reckon with.
        NoRiskArray = 904 => "an instrument of the account, or this one, has no risk array yet; until it has, orders may only reduce positions",
        /// More than the largest position.
        PositionTooLarge = 905 => "with this order the position could become larger than the instrument's largest position",
        /// The order's price is out of all bounds.
        PriceTooFar = 906 => "the price is further from the mark than margin can be reckoned with; price it nearer",
        /// More than margin can be reckoned with.
        PortfolioTooLarge = 907 => "with this order the account's positions and orders in this underlying are more than margin can be reckoned with",
        /// Not enough.
        InsufficientMargin = 908 => "the account's initial margin does not suffice for this; the event before says how much is missing",
        /// More options than the standard model looks at.
        TooManyOptions = 909 => "the standard margin model takes 32 options of an expiry; close some, or have an operator choose the portfolio model",
    }
}

codes! {
    /// Why an order, or what was left of it, was cancelled.
    CancelReason: u8 {
        /// By command.
        Requested = 1 => "cancelled by command",
        /// Market, IOC.
        ImmediateRemainder = 2 => "what an immediate order could not fill",
        /// `max_steps`.
        SweepLimit = 3 => "the sweep reached the number of fills that one command may do",
        /// By a replace.
        Replaced = 4 => "replaced by another order",
        /// Amended to nothing.
        AmendedToZero = 5 => "amended to an open quantity of zero or less",
        /// Reduced to nothing.
        ReducedToZero = 6 => "reduced by its whole open quantity or more",
        /// The position would overflow.
        PositionLimit = 7 => "a fill would take the position out of the range of a 64-bit integer",
        /// No room for a position.
        PositionTableFull = 8 => "the table of positions is full",
        /// Self-trade prevention.
        SelfTrade = 9 => "it would have traded with an order of the same owner",
        /// A reduce-only order without a position to reduce.
        ReduceOnly = 10 => "there is no position left that it would reduce",
        /// It was good for the auction.
        AuctionEnded = 11 => "the auction that it was good for is over",
        /// The other of the two traded or triggered.
        OneCancelsOther = 12 => "its twin traded or triggered",
        /// Its date has come.
        Expired = 13 => "its expiry has passed",
        /// By a mass cancel.
        MassCancelled = 14 => "cancelled by a mass cancel",
        /// The trading day ended.
        DayEnded = 15 => "the trading day has ended",
        /// Triggered outside the price limits.
        PriceOutsideLimits = 16 => "it triggered while its price was outside the price limits in force",
        /// Triggered and post-only.
        PostOnlyWouldCross = 17 => "it is post-only, and would have traded when it triggered",
        /// Triggered and fill-or-kill.
        FillOrKill = 18 => "it is fill-or-kill, and could not be filled whole when it triggered",
        /// Triggered without room for it.
        NoRoom = 19 => "it triggered, and there was no room for it at its price",
        /// Market-maker protection.
        ProtectionTripped = 20 => "the account's market-maker protection has tripped",
        /// It would have traded beyond the price band.
        PriceBand = 21 => "it would have traded beyond the price band",
        /// Triggered without margin for it.
        InsufficientMargin = 22 => "it triggered, and its account's margin did not allow it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_and_ascend() {
        assert!(RejectCode::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(RejectCode::ALL.iter().all(|&code| RejectCode::from_code(code.code()) == Some(code)));
        assert!(CancelReason::ALL.iter().all(|&reason| CancelReason::from_code(reason.code()) == Some(reason)));
        assert_eq!(RejectCode::from_code(0), None);
    }
}
