//! The checks of a scenario, typed, and how they are written.

use std::fmt;
use std::str::FromStr;

use novate_core::reject::{CancelReason, RejectCode};
use novate_core::terms::{Side, TradingState};
use novate_core::units::{PriceTicks, QuantityLots};

use super::command::{OrderName, Owner, SIDES, parse_mode};
use super::fields::{Fields, Place};
use super::record::{Written, event_name};
use crate::error::Error;
use crate::text::quoted;

/// A trade in continuous trading, or the sum of those between two orders at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trade {
    /// The order that rested.
    pub(crate) maker: OrderName,
    /// The order that came.
    pub(crate) taker: OrderName,
    /// At what price.
    pub(crate) price: PriceTicks,
    /// How much.
    pub(crate) quantity: QuantityLots,
}

impl fmt::Display for Trade {
    /// As checks are written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "maker={} taker={} px={} qty={}", self.maker, self.taker, self.price, self.quantity)
    }
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderState {
    /// It rests in the book.
    Open,
    /// It waits for its trigger.
    Pending,
    /// It was filled whole.
    Filled,
    /// It was cancelled or rejected.
    Dead,
}

const STATES: &[(&str, OrderState)] = &[
    ("open", OrderState::Open),
    ("pending", OrderState::Pending),
    ("filled", OrderState::Filled),
    ("dead", OrderState::Dead),
];

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = STATES.iter().find(|(_, state)| state == self).map_or("unknown", |(word, _)| word);
        f.write_str(word)
    }
}

/// What is stated of an order; what is not, is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderCheck {
    /// Which.
    pub(crate) id: OrderName,
    /// What became of it.
    pub(crate) state: Option<OrderState>,
    /// Its open quantity; what it had left, if it is dead.
    pub(crate) leaves: Option<i64>,
    /// All that it has traded.
    pub(crate) filled: Option<i64>,
    /// What of it others see.
    pub(crate) visible: Option<i64>,
    /// Its limit price.
    pub(crate) price: Option<PriceTicks>,
}

/// What is stated of a price level, which may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LevelCheck {
    /// On which side.
    pub(crate) side: Side,
    /// At what price.
    pub(crate) price: PriceTicks,
    /// The open quantity of its orders.
    pub(crate) quantity: Option<i64>,
    /// What of it others see.
    pub(crate) visible: Option<i64>,
    /// How many orders.
    pub(crate) orders: Option<u64>,
}

/// A price level as books are written: `price:quantity:orders`, or without the orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatedLevel {
    /// Its price.
    pub(crate) price: PriceTicks,
    /// The open quantity of its orders.
    pub(crate) quantity: QuantityLots,
    /// How many orders.
    pub(crate) orders: Option<u64>,
}

impl FromStr for StatedLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(':');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).ok_or(());
        let (price, quantity) = (PriceTicks(number()?), QuantityLots(number()?));
        let orders = parts.next().map(str::parse).transpose().map_err(|_| ())?;
        if parts.next().is_none() { Ok(Self { price, quantity, orders }) } else { Err(()) }
    }
}

/// What is stated of the two sides of the book, best levels first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BookCheck {
    /// Bids.
    pub(crate) bids: Option<Vec<StatedLevel>>,
    /// Asks.
    pub(crate) asks: Option<Vec<StatedLevel>>,
}

/// What is stated of all orders of a side together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TotalsCheck {
    /// How many bids.
    pub(crate) bid_orders: Option<u64>,
    /// Their open quantity.
    pub(crate) bid_quantity: Option<i128>,
    /// How many asks.
    pub(crate) ask_orders: Option<u64>,
    /// Their open quantity.
    pub(crate) ask_quantity: Option<i128>,
}

/// A number with up to six decimals, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) i128);

impl Decimal {
    const EXPECTED: &'static str = "a number with at most six decimals";
    const ONE: Self = Self(1_000_000);

    /// Whether a whole number is no further than this from another number.
    pub(crate) fn covers(self, stated: Self, got: i128) -> bool {
        let distance = got.checked_mul(Self::ONE.0).and_then(|got| got.checked_sub(stated.0));
        distance.and_then(i128::checked_abs).is_some_and(|distance| distance <= self.0)
    }
}

impl FromStr for Decimal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if decimals.is_empty() || decimals.len() > 6 || !is_plain(decimals) {
            return Err(());
        }
        // Padded to six digits it is a number of millionths, of the sign that stands before the point: also of `-0`.
        let millionths: i128 = format!("{decimals:0<6}").parse().map_err(|_| ())?;
        let signed = if whole.starts_with('-') { -millionths } else { millionths };
        let whole: i128 = whole.parse().map_err(|_| ())?;
        whole.checked_mul(1_000_000).and_then(|whole| whole.checked_add(signed)).map(Self).ok_or(())
    }
}

/// What is stated of an account's position: in price ticks times lots, by average entry price, at the mark price, or at
/// the last price while there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PositionCheck {
    /// Whose.
    pub(crate) owner: Owner,
    /// How much, negative if short.
    pub(crate) quantity: QuantityLots,
    /// Profit or loss of what is open.
    pub(crate) unrealised: Option<Decimal>,
    /// Profit or loss of what was closed.
    pub(crate) realised: Option<Decimal>,
    /// How far the two may be off.
    pub(crate) tolerance: Decimal,
}

/// One check: of what the last command did, or of the state after it.
#[derive(Clone, Debug)]
pub(crate) enum Check {
    /// How many trades there were, those of an auction left out.
    Trades {
        /// So many.
        count: u64,
    },
    /// One of these trades.
    Trade {
        /// Which, counted from 0: the first such line is the first trade.
        place: usize,
        /// What it was.
        trade: Trade,
    },
    /// How many pairs of orders traded, counted once for each price.
    Pairs {
        /// So many.
        count: u64,
    },
    /// What a pair of orders traded at a price in all.
    Pair(Trade),
    /// What an order traded, in auctions too.
    Fill {
        /// Which.
        id: OrderName,
        /// How much.
        quantity: i128,
        /// The sum of price times quantity.
        notional: Option<i128>,
    },
    /// An order was accepted or changed.
    Accept {
        /// Which.
        id: OrderName,
    },
    /// A command about an order was rejected.
    Reject {
        /// Which.
        id: OrderName,
        /// Why.
        code: Option<RejectCode>,
    },
    /// A command was rejected, whatever it was about.
    Rejected {
        /// Why.
        code: RejectCode,
    },
    /// A stop order triggered.
    Trigger {
        /// Which.
        id: OrderName,
    },
    /// An order, or what was left of it, was cancelled.
    Cancelled {
        /// Which.
        id: OrderName,
        /// What was left of it.
        quantity: Option<i64>,
        /// Why.
        reason: Option<CancelReason>,
    },
    /// An order.
    Order(OrderCheck),
    /// A price level.
    Level(LevelCheck),
    /// All levels of a side.
    Book(BookCheck),
    /// The best levels of a side; there may be more.
    Top(BookCheck),
    /// Sums over a side.
    Totals(TotalsCheck),
    /// The orders of a level, oldest first.
    Queue {
        /// On which side.
        side: Side,
        /// At what price.
        price: PriceTicks,
        /// Which.
        ids: Vec<OrderName>,
    },
    /// The last trade's price.
    Last {
        /// The price.
        price: PriceTicks,
    },
    /// The trading state.
    Mode(TradingState),
    /// What an auction traded in all.
    Uncrossed {
        /// How much.
        quantity: i128,
        /// At what price; not compared where nothing traded.
        price: Option<PriceTicks>,
    },
    /// What an order traded in the last auction.
    AuctionFill {
        /// Which.
        id: OrderName,
        /// How much.
        quantity: i128,
    },
    /// What an uncross would trade.
    Indicative {
        /// How much.
        quantity: i128,
        /// A price at which it would be so much.
        price: Option<PriceTicks>,
    },
    /// An account's position.
    Position(PositionCheck),
    /// An event with these fields.
    Event(Written),
    /// The names of all events, in order.
    Events {
        /// Which.
        names: Vec<&'static str>,
    },
    /// Whether work is pending.
    Work {
        /// Whether it is.
        is_pending: bool,
    },
}

impl Check {
    /// The first words of checks.
    pub(super) const NAMES: &'static [&'static str] = &[
        "trades",
        "trade",
        "pairs",
        "pair",
        "fill",
        "accept",
        "reject",
        "cancelled",
        "trigger",
        "order",
        "level",
        "book",
        "top",
        "totals",
        "queue",
        "last",
        "mode",
        "uncrossed",
        "afill",
        "indicative",
        "position",
        "rejected",
        "event",
        "events",
        "work",
    ];

    /// Whether it states that a command was rejected.
    pub(super) fn states_rejection(&self) -> bool {
        const REJECTED: &str = "Rejected";
        match self {
            Self::Reject { .. } | Self::Rejected { .. } => true,
            Self::Event(written) => written.record.name == REJECTED,
            Self::Events { names } => names.contains(&REJECTED),
            _ => false,
        }
    }

    /// Reads a check by its first word and the others; none if the first is no check's. `trades_before` counts the lines
    /// `trade` since the last command.
    ///
    /// # Errors
    /// The check is not written as it must be.
    pub(super) fn parse(
        place: Place<'_>,
        name: &str,
        words: &[&str],
        trades_before: usize,
    ) -> Result<Option<Self>, Error> {
        let read = |keys| Fields::read(place, name, words, keys);
        let id = || read("id")?.number("id");
        Ok(Some(match name {
            "trades" => Self::Trades { count: read("n")?.number("n")? },
            "trade" => Self::Trade { place: trades_before, trade: parse_trade(&read(TRADE_KEYS)?)? },
            "pairs" => Self::Pairs { count: read("n")?.number("n")? },
            "pair" => Self::Pair(parse_trade(&read(TRADE_KEYS)?)?),
            "fill" => {
                let fields = read("id qty notional")?;
                let (id, quantity) = (fields.number("id")?, fields.number("qty")?);
                Self::Fill { id, quantity, notional: fields.number_if_any("notional")? }
            }
            "accept" => Self::Accept { id: id()? },
            "reject" => {
                let fields = read("id code")?;
                Self::Reject { id: fields.number("id")?, code: fields.word_if_any("code", &reject_codes())? }
            }
            "trigger" => Self::Trigger { id: id()? },
            "cancelled" => {
                let fields = read("id qty reason")?;
                let reason = fields.word_if_any("reason", &cancel_reasons())?;
                Self::Cancelled { id: fields.number("id")?, quantity: fields.number_if_any("qty")?, reason }
            }
            "order" => Self::Order(parse_order(&read("id state leaves filled vis px")?)?),
            "level" => Self::Level(parse_level(&read("side px qty vis orders")?)?),
            "book" => Self::Book(parse_book(&read("bids asks")?)?),
            "top" => Self::Top(parse_book(&read("bids asks")?)?),
            "totals" => Self::Totals(parse_totals(&read("bid_orders bid_qty ask_orders ask_qty")?)?),
            "queue" => {
                let fields = read("side px ids")?;
                let (side, price) = (fields.word("side", SIDES)?, PriceTicks(fields.number("px")?));
                let ids = fields.list_if_any("ids", "order ids with commas between them")?;
                Self::Queue { side, price, ids: fields.given("ids", ids)? }
            }
            "last" => Self::Last { price: PriceTicks(read("px")?.number("px")?) },
            "mode" => Self::Mode(parse_mode(place, words, true)?),
            "uncrossed" => {
                let (quantity, price) = parse_quantity_and_price(&read("qty px")?)?;
                Self::Uncrossed { quantity, price }
            }
            "afill" => {
                let fields = read("id qty")?;
                Self::AuctionFill { id: fields.number("id")?, quantity: fields.number("qty")? }
            }
            "indicative" => {
                let (quantity, price) = parse_quantity_and_price(&read("qty px")?)?;
                Self::Indicative { quantity, price }
            }
            "position" => Self::Position(parse_position(&read("acct qty upnl rpnl tol")?)?),
            _ => return Self::parse_extension(place, name, words),
        }))
    }

    /// The checks that scenarios from elsewhere do not have.
    fn parse_extension(place: Place<'_>, name: &str, words: &[&str]) -> Result<Option<Self>, Error> {
        let read = |keys| Fields::read(place, name, words, keys);
        Ok(Some(match name {
            "rejected" => Self::Rejected { code: read("code")?.word("code", &reject_codes())? },
            "event" => Self::Event(Written::event(place, words)?),
            "events" => Self::Events { names: parse_events(place, words)? },
            "work" => {
                let fields = read("pending")?;
                fields.any_of("pending")?;
                Self::Work { is_pending: fields.is_set("pending")? }
            }
            _ => return Ok(None),
        }))
    }
}

fn reject_codes() -> Vec<(&'static str, RejectCode)> {
    RejectCode::ALL.iter().map(|code| (code.name(), *code)).collect()
}

fn cancel_reasons() -> Vec<(&'static str, CancelReason)> {
    CancelReason::ALL.iter().map(|reason| (reason.name(), *reason)).collect()
}

/// Names of events with commas between them, or `-` for none.
fn parse_events(place: Place<'_>, words: &[&str]) -> Result<Vec<&'static str>, Error> {
    match words {
        ["-"] => Ok(Vec::new()),
        [list] => list.split(',').map(|name| event_name(place, name)).collect(),
        _ => Err(place.error("names of events with commas between them, or -", quoted(&words.join(" ")))),
    }
}

const TRADE_KEYS: &str = "maker taker px qty";

fn parse_trade(fields: &Fields<'_>) -> Result<Trade, Error> {
    Ok(Trade {
        maker: fields.number("maker")?,
        taker: fields.number("taker")?,
        price: PriceTicks(fields.number("px")?),
        quantity: QuantityLots(fields.number("qty")?),
    })
}

fn parse_order(fields: &Fields<'_>) -> Result<OrderCheck, Error> {
    Ok(OrderCheck {
        id: fields.number("id")?,
        state: fields.word_if_any("state", STATES)?,
        leaves: fields.number_if_any("leaves")?,
        filled: fields.number_if_any("filled")?,
        visible: fields.number_if_any("vis")?,
        price: fields.number_if_any("px")?.map(PriceTicks),
    })
}

fn parse_level(fields: &Fields<'_>) -> Result<LevelCheck, Error> {
    fields.any_of("qty vis orders")?;
    Ok(LevelCheck {
        side: fields.word("side", SIDES)?,
        price: PriceTicks(fields.number("px")?),
        quantity: fields.number_if_any("qty")?,
        visible: fields.number_if_any("vis")?,
        orders: fields.number_if_any("orders")?,
    })
}

fn parse_book(fields: &Fields<'_>) -> Result<BookCheck, Error> {
    fields.any_of("bids asks")?;
    let levels = |key: &str| match fields.text(key) {
        Some("-") => Ok(Some(Vec::new())),
        _ => fields.list_if_any(key, "levels price:quantity:orders with commas between them, or -"),
    };
    Ok(BookCheck { bids: levels("bids")?, asks: levels("asks")? })
}

fn parse_totals(fields: &Fields<'_>) -> Result<TotalsCheck, Error> {
    fields.any_of("bid_orders bid_qty ask_orders ask_qty")?;
    Ok(TotalsCheck {
        bid_orders: fields.number_if_any("bid_orders")?,
        bid_quantity: fields.number_if_any("bid_qty")?,
        ask_orders: fields.number_if_any("ask_orders")?,
        ask_quantity: fields.number_if_any("ask_qty")?,
    })
}

fn parse_quantity_and_price(fields: &Fields<'_>) -> Result<(i128, Option<PriceTicks>), Error> {
    Ok((fields.number("qty")?, fields.number_if_any("px")?.map(PriceTicks)))
}

fn parse_position(fields: &Fields<'_>) -> Result<PositionCheck, Error> {
    let decimal = |key| fields.parsed_if_any(key, Decimal::EXPECTED);
    Ok(PositionCheck {
        owner: Owner(fields.number("acct")?),
        quantity: QuantityLots(fields.number("qty")?),
        unrealised: decimal("upnl")?,
        realised: decimal("rpnl")?,
        tolerance: decimal("tol")?.unwrap_or(Decimal::ONE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Check {
        let words: Vec<&str> = line.split_whitespace().collect();
        let place = Place { file: "x.nsf", line: 1 };
        Check::parse(place, words[0], &words[1..], 2).expect("well-formed").expect("a check")
    }

    fn same(line: &str, expected: &Check) {
        assert_eq!(format!("{:?}", parse(line)), format!("{expected:?}"), "{line}");
    }

    #[test]
    fn decimals_are_exact() {
        for (text, millionths) in [
            ("0", 0),
            ("-0.5", -500_000),
            ("-3", -3_000_000),
            ("+31600000.25", 31_600_000_250_000),
            ("0.000001", 1),
            ("-1.000001", -1_000_001),
            ("170141183460469231731687303715884.105727", i128::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Decimal(millionths)), "{text}");
        }
        for text in ["", ".", "1.", ".5", "1e3", "1.+5", "0x1", "1.1.1", "170141183460469231731687303715884.105728"] {
            assert_eq!(text.parse::<Decimal>(), Err(()), "{text}");
        }
    }

    #[test]
    fn triggers_auctions_and_positions_are_read() {
        let (quantity, price, id) = (7, PriceTicks(-5), OrderName(3));
        same("trigger id=3", &Check::Trigger { id });
        same("indicative qty=7 px=-5", &Check::Indicative { quantity, price: Some(price) });
        same("indicative qty=7", &Check::Indicative { quantity, price: None });
        let stated = PositionCheck {
            owner: Owner(2),
            quantity: QuantityLots(-7),
            unrealised: Some(Decimal(-1_500_000)),
            realised: Some(Decimal(0)),
            tolerance: Decimal(250_000),
        };
        same("position acct=2 qty=-7 upnl=-1.5 rpnl=0 tol=0.25", &Check::Position(stated));
        let bare = PositionCheck { unrealised: None, realised: None, tolerance: Decimal::ONE, ..stated };
        same("position acct=2 qty=-7", &Check::Position(bare));
    }
}
