//! The commands of a scenario, typed, and how they are written.

use std::fmt;
use std::str::FromStr;

use novate_core::terms::{Side, TradingState};
use novate_core::units::{PriceTicks, QuantityLots};

use super::fields::{Fields, Place, either, meaning};
use crate::error::Error;
use crate::text::{Whole, quoted};

/// The number by which a scenario names an order. One name is one order at a time, whoever's it is; it may be used again
/// when the order is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderName(pub(super) u64);

impl FromStr for OrderName {
    type Err = ();

    /// The largest number is left out: the engine's names are one higher, see the venue.
    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().ok().filter(|&number| number < u64::MAX).map(Self).ok_or(())
    }
}

impl Whole for OrderName {
    const EXPECTED: &'static str = "a whole number from 0 to 18446744073709551614";
}

impl fmt::Display for OrderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number by which a scenario names an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner(pub(super) u64);

/// What happens where an order would trade with one of the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelfTrade {
    /// They trade.
    Permitted,
    /// What is left of the incoming order is cancelled.
    CancelTaker,
    /// The resting order is cancelled.
    CancelMaker,
    /// Both are.
    CancelBoth,
}

const SELF_TRADES: &[(&str, SelfTrade)] = &[
    ("none", SelfTrade::Permitted),
    ("cancel_taker", SelfTrade::CancelTaker),
    ("cancel_maker", SelfTrade::CancelMaker),
    ("cancel_both", SelfTrade::CancelBoth),
];

impl SelfTrade {
    /// Reads what follows `config`.
    ///
    /// # Errors
    /// It is not `stp=` and one of the four words.
    pub(super) fn parse_config(place: Place<'_>, words: &[&str]) -> Result<Self, Error> {
        Fields::read(place, "config", words, "stp")?.word("stp", SELF_TRADES)
    }
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until it is cancelled.
    GoodTillCancelled,
    /// It fills what it can at once.
    ImmediateOrCancel,
    /// It fills whole at once or not at all.
    FillOrKill,
    /// Until the auction that it is entered in ends.
    GoodForAuction,
}

const LIFETIMES: &[(&str, Lifetime)] = &[
    ("gtc", Lifetime::GoodTillCancelled),
    ("ioc", Lifetime::ImmediateOrCancel),
    ("fok", Lifetime::FillOrKill),
    ("gfa", Lifetime::GoodForAuction),
];

/// Where the last price must be for a stop order to trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// At the trigger price or above.
    Up,
    /// At the trigger price or below.
    Down,
}

/// When a stop order triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// The trigger price.
    pub(crate) price: PriceTicks,
    /// From which side it is reached: upwards for a buy and downwards for a sell unless the scenario says otherwise.
    pub(crate) direction: Direction,
}

/// A new order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderEntry {
    /// Its name from now on.
    pub(crate) id: OrderName,
    /// Whose.
    pub(crate) owner: Owner,
    /// On which side.
    pub(crate) side: Side,
    /// The limit price; none for a market order, or a stop order that becomes one.
    pub(crate) price: Option<PriceTicks>,
    /// When it triggers, if it is a stop order.
    pub(crate) trigger: Option<Trigger>,
    /// How much.
    pub(crate) quantity: QuantityLots,
    /// How long it lives.
    pub(crate) lifetime: Lifetime,
    /// What an iceberg order shows at once; zero if it is none.
    pub(crate) display: QuantityLots,
    /// What it shows at least after a taker is done.
    pub(crate) display_min: QuantityLots,
    /// Rejected rather than trading on entry.
    pub(crate) is_post_only: bool,
    /// Clipped to the account's position, and rejected if that is none.
    pub(crate) is_reduce_only: bool,
    /// The stop order that is cancelled when this one triggers.
    pub(crate) oco: Option<OrderName>,
    /// What a buy may cost, or a sell must bring, in all.
    pub(crate) budget: Option<i128>,
    /// What happens where it meets its own account, if not what the scenario's configuration says.
    pub(crate) self_trade: Option<SelfTrade>,
}

/// How an order is priced, as `type=` has it.
#[derive(Clone, Copy, Debug)]
struct Kind {
    has_limit: bool,
    is_stop: bool,
}

const KINDS: &[(&str, Kind)] = &[
    ("limit", Kind { has_limit: true, is_stop: false }),
    ("market", Kind { has_limit: false, is_stop: false }),
    ("stop", Kind { has_limit: false, is_stop: true }),
    ("stop_limit", Kind { has_limit: true, is_stop: true }),
];

pub(super) const SIDES: &[(&str, Side)] = &[("buy", Side::Buy), ("sell", Side::Sell)];

pub(super) const MODES: &[(&str, TradingState)] =
    &[("auction", TradingState::Auction), ("continuous", TradingState::Continuous)];

impl OrderEntry {
    /// What the type has no use for (a market order's price, a limit order's trigger) must be well-formed and is dropped.
    fn parse(place: Place<'_>, words: &[&str]) -> Result<Self, Error> {
        const KEYS: &str =
            "id acct side type tif px qty display minvis post_only reduce_only trigger dir oco budget stp";
        let fields = Fields::read(place, "new", words, KEYS)?;
        let side = fields.word("side", SIDES)?;
        let kind = fields.word("type", KINDS)?;
        let price = fields.number_if_any("px")?.map(PriceTicks);
        let trigger = fields.number_if_any("trigger")?.map(PriceTicks);
        let direction = fields.word_if_any("dir", &[("up", Direction::Up), ("down", Direction::Down)])?;
        let usual = if side == Side::Buy { Direction::Up } else { Direction::Down };
        let trigger_at = |price| Trigger { price, direction: direction.unwrap_or(usual) };
        let quantity_or_zero = |key| Ok(QuantityLots(fields.number_if_any(key)?.unwrap_or(0)));
        Ok(Self {
            id: fields.number("id")?,
            owner: Owner(fields.number("acct")?),
            side,
            price: if kind.has_limit { Some(fields.given("px", price)?) } else { None },
            trigger: if kind.is_stop { Some(trigger_at(fields.given("trigger", trigger)?)) } else { None },
            quantity: QuantityLots(fields.number("qty")?),
            lifetime: fields.word_if_any("tif", LIFETIMES)?.unwrap_or(Lifetime::GoodTillCancelled),
            display: quantity_or_zero("display")?,
            display_min: quantity_or_zero("minvis")?,
            is_post_only: fields.is_set("post_only")?,
            is_reduce_only: fields.is_set("reduce_only")?,
            oco: fields.number_if_any("oco")?,
            budget: fields.number_if_any("budget")?,
            self_trade: fields.word_if_any("stp", SELF_TRADES)?,
        })
    }
}

/// One command. Where an owner is given, the order must be theirs; else the command is its owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Enters an order.
    New(OrderEntry),
    /// Cancels an order.
    Cancel {
        /// Which.
        id: OrderName,
        /// For whom.
        owner: Option<Owner>,
    },
    /// Takes quantity off an order.
    Reduce {
        /// Which.
        id: OrderName,
        /// For whom.
        owner: Option<Owner>,
        /// How much.
        by: QuantityLots,
    },
    /// Changes an order's price, its open quantity, or both.
    Amend {
        /// Which.
        id: OrderName,
        /// For whom.
        owner: Option<Owner>,
        /// The new price.
        price: Option<PriceTicks>,
        /// The new open quantity.
        quantity: Option<QuantityLots>,
    },
    /// Cancels an order and enters another for its owner.
    Replace {
        /// Which goes.
        id: OrderName,
        /// The name of the one that comes.
        new_id: OrderName,
        /// Its limit price.
        price: PriceTicks,
        /// Its whole quantity.
        quantity: QuantityLots,
    },
    /// Begins an auction or continuous trading.
    Mode(TradingState),
    /// Ends an auction with trades at one price.
    Uncross {
        /// The price; none where the engine finds it.
        price: Option<PriceTicks>,
    },
    /// Sets the last trade's price.
    Last {
        /// To this.
        price: PriceTicks,
    },
    /// Sets the mark price.
    Mark {
        /// To this.
        price: PriceTicks,
    },
}

impl Command {
    /// The first words of commands.
    pub(super) const NAMES: &'static [&'static str] =
        &["new", "cancel", "reduce", "amend", "replace", "mode", "uncross", "last", "mark"];

    /// Reads a command by its first word and the others; none if the first is no command's.
    ///
    /// # Errors
    /// The command is not written as it must be.
    pub(super) fn parse(place: Place<'_>, name: &str, words: &[&str]) -> Result<Option<Self>, Error> {
        let read = |keys| Fields::read(place, name, words, keys);
        let price = |fields: &Fields<'_>| Ok(PriceTicks(fields.number("px")?));
        Ok(Some(match name {
            "new" => Self::New(OrderEntry::parse(place, words)?),
            "cancel" => {
                let fields = read("id acct")?;
                Self::Cancel { id: fields.number("id")?, owner: owner_if_any(&fields)? }
            }
            "reduce" => {
                let fields = read("id by acct")?;
                let by = QuantityLots(fields.number("by")?);
                Self::Reduce { id: fields.number("id")?, owner: owner_if_any(&fields)?, by }
            }
            "amend" => {
                let fields = read("id px qty acct")?;
                fields.any_of("px qty")?;
                Self::Amend {
                    id: fields.number("id")?,
                    owner: owner_if_any(&fields)?,
                    price: fields.number_if_any("px")?.map(PriceTicks),
                    quantity: fields.number_if_any("qty")?.map(QuantityLots),
                }
            }
            "replace" => {
                let fields = read("id new_id px qty")?;
                Self::Replace {
                    id: fields.number("id")?,
                    new_id: fields.number("new_id")?,
                    price: price(&fields)?,
                    quantity: QuantityLots(fields.number("qty")?),
                }
            }
            "mode" => Self::Mode(parse_mode(place, words)?),
            "uncross" => Self::Uncross { price: read("px")?.number_if_any("px")?.map(PriceTicks) },
            "last" => Self::Last { price: price(&read("px")?)? },
            "mark" => Self::Mark { price: price(&read("px")?)? },
            _ => return Ok(None),
        }))
    }
}

fn owner_if_any(fields: &Fields<'_>) -> Result<Option<Owner>, Error> {
    Ok(fields.number_if_any("acct")?.map(Owner))
}

/// The one word after `mode`.
pub(super) fn parse_mode(place: Place<'_>, words: &[&str]) -> Result<TradingState, Error> {
    let mode = if let [word] = words { meaning(word, MODES) } else { None };
    mode.ok_or_else(|| place.error(format!("mode to be {}", either(MODES)), quoted(&words.join(" "))))
}

/// The word for a trading state.
pub(super) fn mode_word(state: TradingState) -> String {
    state.name().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Command {
        let words: Vec<&str> = line.split_whitespace().collect();
        let place = Place { file: "x.nsf", line: 1 };
        Command::parse(place, words[0], &words[1..]).expect("well-formed").expect("a command")
    }

    #[test]
    fn a_new_order_has_all_that_is_written() {
        let written = "new id=9 acct=4 side=sell type=stop_limit tif=ioc px=24 qty=10 display=3 minvis=2 post_only=1 \
                       reduce_only=1 trigger=25 dir=up oco=8 budget=170141183460469231731687303715884105727 \
                       stp=cancel_both";
        let full = OrderEntry {
            id: OrderName(9),
            owner: Owner(4),
            side: Side::Sell,
            price: Some(PriceTicks(24)),
            trigger: Some(Trigger { price: PriceTicks(25), direction: Direction::Up }),
            quantity: QuantityLots(10),
            lifetime: Lifetime::ImmediateOrCancel,
            display: QuantityLots(3),
            display_min: QuantityLots(2),
            is_post_only: true,
            is_reduce_only: true,
            oco: Some(OrderName(8)),
            budget: Some(i128::MAX),
            self_trade: Some(SelfTrade::CancelBoth),
        };
        assert_eq!(parse(written), Command::New(full));
        let plain = OrderEntry {
            price: None,
            trigger: None,
            lifetime: Lifetime::GoodTillCancelled,
            display: QuantityLots(0),
            display_min: QuantityLots(0),
            is_post_only: false,
            is_reduce_only: false,
            oco: None,
            budget: None,
            self_trade: None,
            ..full
        };
        assert_eq!(parse("new id=9 acct=4 side=sell type=market qty=10"), Command::New(plain));
        let dropped = "new id=9 acct=4 side=sell type=market qty=10 px=7 trigger=8 dir=up post_only=0";
        assert_eq!(parse(dropped), Command::New(plain));
        let down = Trigger { price: PriceTicks(-5), direction: Direction::Down };
        let stop = OrderEntry { trigger: Some(down), ..plain };
        assert_eq!(parse("new id=9 acct=4 side=sell type=stop qty=10 trigger=-5"), Command::New(stop));
        let up = Trigger { direction: Direction::Up, ..down };
        let stop = OrderEntry { side: Side::Buy, trigger: Some(up), ..plain };
        assert_eq!(parse("new id=9 acct=4 side=buy type=stop qty=10 trigger=-5"), Command::New(stop));
    }

    #[test]
    fn other_commands_have_all_that_is_written() {
        let (id, price, quantity) = (OrderName(2), PriceTicks(45_000_000_000), QuantityLots(-1));
        for (written, expected) in [
            ("cancel id=2", Command::Cancel { id, owner: None }),
            ("cancel acct=3 id=2", Command::Cancel { id, owner: Some(Owner(3)) }),
            ("reduce id=2 by=-1 acct=3", Command::Reduce { id, owner: Some(Owner(3)), by: quantity }),
            ("amend id=2 px=45000000000", Command::Amend { id, owner: None, price: Some(price), quantity: None }),
            (
                "amend id=2 qty=-1 acct=3",
                Command::Amend { id, owner: Some(Owner(3)), price: None, quantity: Some(quantity) },
            ),
            (
                "replace id=2 new_id=3 px=45000000000 qty=-1",
                Command::Replace { id, new_id: OrderName(3), price, quantity },
            ),
            ("mode auction", Command::Mode(TradingState::Auction)),
            ("mode continuous", Command::Mode(TradingState::Continuous)),
            ("uncross", Command::Uncross { price: None }),
            ("uncross px=45000000000", Command::Uncross { price: Some(price) }),
            ("last px=45000000000", Command::Last { price }),
            ("mark px=45000000000", Command::Mark { price }),
        ] {
            assert_eq!(parse(written), expected, "{written}");
        }
    }
}
