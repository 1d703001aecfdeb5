//! The commands of a scenario, typed, and how they are written.

use std::fmt;
use std::str::FromStr;

use novate_core::terms::{PegReference, SelfTrade, Side, TimeInForce, TradingState, TriggerDirection};
use novate_core::units::{PriceTicks, QuantityLots, TimeNs};

use super::fields::{Fields, Place, either, meaning};
use super::record::Written;
use super::short;
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

/// What happens where an order would trade with one of the same owner; each account has one of its own unless the
/// scenario says otherwise.
pub(super) const SELF_TRADES: &[(&str, SelfTrade)] = &[
    ("none", SelfTrade::Allow),
    ("cancel_taker", SelfTrade::CancelNewest),
    ("cancel_maker", SelfTrade::CancelOldest),
    ("cancel_both", SelfTrade::CancelBoth),
    ("decrement", SelfTrade::Decrement),
];

const LIFETIMES: &[(&str, TimeInForce)] = &[
    ("gtc", TimeInForce::GoodTillCancelled),
    ("ioc", TimeInForce::ImmediateOrCancel),
    ("fok", TimeInForce::FillOrKill),
    ("gfa", TimeInForce::GoodForAuction),
    ("day", TimeInForce::Day),
    ("gtd", TimeInForce::GoodTillDate),
];

const PEGS: &[(&str, PegReference)] =
    &[("primary", PegReference::Primary), ("market", PegReference::Market), ("mid", PegReference::Mid)];

const DIRECTIONS: &[(&str, TriggerDirection)] = &[("up", TriggerDirection::Up), ("down", TriggerDirection::Down)];

/// When a stop order triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// The trigger price.
    pub(crate) price: PriceTicks,
    /// From which side it is reached.
    pub(crate) direction: TriggerDirection,
    /// Whether the price is the distance that the trigger price keeps from the last price.
    pub(crate) is_trail: bool,
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
    pub(crate) lifetime: TimeInForce,
    /// When it expires.
    pub(crate) expiry: Option<TimeNs>,
    /// What an iceberg order shows at once; zero if it is none.
    pub(crate) display: QuantityLots,
    /// What it shows at least after a taker is done.
    pub(crate) display_min: QuantityLots,
    /// Rejected rather than trading on entry.
    pub(crate) is_post_only: bool,
    /// Post-only, at the best price that does not trade where its own would.
    pub(crate) slides: bool,
    /// Clipped to the account's position, and rejected if that is none.
    pub(crate) is_reduce_only: bool,
    /// The stop order that is cancelled when this one triggers, which may come later.
    pub(crate) oco: Option<OrderName>,
    /// The live order of which and of this one the first to trade or to trigger cancels the other.
    pub(crate) twin: Option<OrderName>,
    /// What a buy may cost, or a sell must bring, in all.
    pub(crate) budget: Option<i128>,
    /// Which price its own follows, and how far off.
    pub(crate) peg: Option<(PegReference, PriceTicks)>,
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

const MODES: &[(&str, TradingState)] =
    &[("auction", TradingState::Auction), ("continuous", TradingState::Continuous), ("halted", TradingState::Halted)];

impl OrderEntry {
    /// What the type has no use for (a market order's price, and that it is post-only; a limit order's trigger) must be
    /// well-formed and is dropped, as other engines' scenarios have it. Of this engine's own terms (pegs, trails, twins)
    /// nothing is: what contradicts them is a complaint.
    fn parse(place: Place<'_>, words: &[&str]) -> Result<Self, Error> {
        const KEYS: &str = "id acct side type tif px qty display minvis post_only reduce_only trigger dir oco budget stp \
             expiry slide twin trail peg offset";
        let fields = Fields::read(place, "new", words, KEYS)?;
        fields.alone("peg", "trigger trail dir display minvis oco twin budget")?;
        fields.alone("trail", "trigger")?;
        fields.alone("twin", "oco")?;
        fields.only_with("offset", "peg")?;
        let side = fields.word("side", SIDES)?;
        let kind = fields.word("type", KINDS)?;
        let price = fields.number_if_any("px")?.map(PriceTicks);
        let trigger = fields.number_if_any("trigger")?.map(PriceTicks);
        let direction = fields.word_if_any("dir", DIRECTIONS)?.unwrap_or(TriggerDirection::Default);
        let quantity_or_zero = |key| Ok::<_, Error>(QuantityLots(fields.number_if_any(key)?.unwrap_or(0)));
        let (is_post_only, slides) = (fields.is_set("post_only")?, fields.is_set("slide")?);
        let trail = fields.number_if_any("trail")?.map(PriceTicks);
        let is_trail = trail.is_some();
        let trigger = if kind.is_stop { Some(fields.given("trigger", trail.or(trigger))?) } else { None };
        let offset = PriceTicks(fields.number_if_any("offset")?.unwrap_or(0));
        for (key, fits, type_) in [
            ("peg", kind.has_limit && !kind.is_stop, "limit"),
            ("trail", kind.is_stop, "stop or stop_limit"),
            ("slide", kind.has_limit, "limit or stop_limit"),
        ] {
            if fields.text(key).is_some() && !fits {
                return Err(fields.field_error("type", format!("{type_} beside {key}=")));
            }
        }
        let peg = fields.word_if_any("peg", PEGS)?.map(|reference| (reference, offset));
        let has_limit = kind.has_limit && (peg.is_none() || price.is_some());
        Ok(Self {
            id: fields.number("id")?,
            owner: Owner(fields.number("acct")?),
            side,
            price: if has_limit { Some(fields.given("px", price)?) } else { None },
            trigger: trigger.map(|price| Trigger { price, direction, is_trail }),
            quantity: QuantityLots(fields.number("qty")?),
            lifetime: fields.word_if_any("tif", LIFETIMES)?.unwrap_or(TimeInForce::GoodTillCancelled),
            expiry: fields.number_if_any("expiry")?.map(TimeNs),
            display: quantity_or_zero("display")?,
            display_min: quantity_or_zero("minvis")?,
            is_post_only: is_post_only && kind.has_limit,
            slides,
            is_reduce_only: fields.is_set("reduce_only")?,
            oco: fields.number_if_any("oco")?,
            twin: fields.number_if_any("twin")?,
            budget: fields.number_if_any("budget")?,
            peg,
            self_trade: fields.word_if_any("stp", SELF_TRADES)?,
        })
    }

    /// Whether nothing of it may rest, whatever comes.
    pub(crate) fn is_immediate(&self) -> bool {
        let is_market = self.price.is_none() && self.peg.is_none();
        is_market || matches!(self.lifetime, TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill)
    }
}

/// One command. Where an owner is given, the order must be theirs; else the command is its owner's.
#[derive(Clone, Debug)]
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
    /// Begins an auction, continuous trading or a halt.
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
    /// Sets the time of the commands that follow; nothing is sent.
    Time {
        /// To this.
        time: TimeNs,
    },
    /// Gives pending work an opportunity.
    Work,
    /// Cancels many orders.
    MassCancel {
        /// Whose; everybody's if none.
        owner: Option<Owner>,
        /// Whether an operator does, not the trader.
        by_operator: bool,
    },
    /// Cancels the day orders.
    EndDay,
    /// Sets an account's protection.
    Protection {
        /// Whose.
        owner: Owner,
        /// Length of the window.
        window: TimeNs,
        /// How many lots; zero for no limit.
        quantity: QuantityLots,
        /// How many fills; zero for no limit.
        fills: u64,
    },
    /// Lets an account trade again.
    Resume {
        /// Whose.
        owner: Owner,
    },
    /// Sets the price band.
    Band {
        /// How far from the reference price.
        distance: PriceTicks,
    },
    /// Has the indicative price said.
    Publish,
    /// Sets the price limits.
    Limits {
        /// The lowest price.
        low: PriceTicks,
        /// The highest price.
        high: PriceTicks,
    },
    /// Opens an account.
    Account {
        /// Its name from now on.
        name: Owner,
        /// Who owns it, in the venue's numbering.
        owner: u64,
    },
    /// Sends a record as it is written.
    Send(Written),
}

impl Command {
    /// The first words of commands, but for those with [`short`] names for their fields.
    #[rustfmt::skip]
    pub(super) const NAMES: &'static [&'static str] = &[
        "new", "cancel", "reduce", "amend", "replace", "mode", "uncross", "last", "mark", "time", "work", "masscancel",
        "endday", "protection", "resume", "band", "publish", "limits", "account", "send",
    ];

    /// Reads a command by its first word and the others; none if the first is no command's.
    ///
    /// # Errors
    /// The command is not written as it must be.
    pub(super) fn parse(place: Place<'_>, name: &str, words: &[&str]) -> Result<Option<Self>, Error> {
        let read = |keys| Fields::read(place, name, words, keys);
        let price = |fields: &Fields<'_>| Ok::<_, Error>(PriceTicks(fields.number("px")?));
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
            "mode" => Self::Mode(parse_mode(place, words, false)?),
            "uncross" => Self::Uncross { price: read("px")?.number_if_any("px")?.map(PriceTicks) },
            "last" => Self::Last { price: price(&read("px")?)? },
            "mark" => Self::Mark { price: price(&read("px")?)? },
            "send" => Self::Send(Written::command(place, words)?),
            _ => return Self::parse_extension(place, name, words),
        }))
    }

    /// The commands that scenarios from elsewhere do not have.
    fn parse_extension(place: Place<'_>, name: &str, words: &[&str]) -> Result<Option<Self>, Error> {
        let read = |keys| Fields::read(place, name, words, keys);
        let bare =
            || if words.is_empty() { Ok(()) } else { Err(place.error(format!("{name} alone"), words.join(" "))) };
        Ok(Some(match name {
            "time" => Self::Time { time: TimeNs(read("ns")?.number("ns")?) },
            "work" => bare().map(|()| Self::Work)?,
            "masscancel" => {
                let fields = read("acct operator")?;
                Self::MassCancel { owner: owner_if_any(&fields)?, by_operator: fields.is_set("operator")? }
            }
            "endday" => bare().map(|()| Self::EndDay)?,
            "protection" => {
                let fields = read("acct window qty fills")?;
                Self::Protection {
                    owner: Owner(fields.number("acct")?),
                    window: TimeNs(fields.number("window")?),
                    quantity: QuantityLots(fields.number_if_any("qty")?.unwrap_or(0)),
                    fills: fields.number_if_any("fills")?.unwrap_or(0),
                }
            }
            "resume" => Self::Resume { owner: Owner(read("acct")?.number("acct")?) },
            "band" => Self::Band { distance: PriceTicks(read("px")?.number("px")?) },
            "publish" => bare().map(|()| Self::Publish)?,
            "limits" => {
                let fields = read("low high")?;
                let (low, high) = (PriceTicks(fields.number("low")?), PriceTicks(fields.number("high")?));
                Self::Limits { low, high }
            }
            "account" => {
                let fields = read("acct owner")?;
                Self::Account { name: Owner(fields.number("acct")?), owner: fields.number("owner")? }
            }
            _ => return Ok(short::parse(place, name, words)?.map(Self::Send)),
        }))
    }
}

fn owner_if_any(fields: &Fields<'_>) -> Result<Option<Owner>, Error> {
    Ok(fields.number_if_any("acct")?.map(Owner))
}

/// The one word after `mode`; a check may state one that no command sets.
pub(super) fn parse_mode(place: Place<'_>, words: &[&str], is_check: bool) -> Result<TradingState, Error> {
    let uncrossing = is_check.then_some(("uncrossing", TradingState::Uncrossing));
    let modes: Vec<(&str, TradingState)> = MODES.iter().copied().chain(uncrossing).collect();
    let mode = if let [word] = words { meaning(word, &modes) } else { None };
    mode.ok_or_else(|| place.error(format!("mode to be {}", either(&modes)), quoted(&words.join(" "))))
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

    fn entry(line: &str) -> OrderEntry {
        if let Command::New(entry) = parse(line) { entry } else { panic!("{line}") }
    }

    #[test]
    fn a_new_order_has_all_that_is_written() {
        let written = "new id=9 acct=4 side=sell type=stop_limit tif=ioc px=24 qty=10 display=3 minvis=2 post_only=1 \
                       reduce_only=1 trigger=25 dir=up oco=8 budget=170141183460469231731687303715884105727 \
                       stp=cancel_both expiry=77 slide=1";
        let full = OrderEntry {
            id: OrderName(9),
            owner: Owner(4),
            side: Side::Sell,
            price: Some(PriceTicks(24)),
            trigger: Some(Trigger { price: PriceTicks(25), direction: TriggerDirection::Up, is_trail: false }),
            quantity: QuantityLots(10),
            lifetime: TimeInForce::ImmediateOrCancel,
            expiry: Some(TimeNs(77)),
            display: QuantityLots(3),
            display_min: QuantityLots(2),
            is_post_only: true,
            slides: true,
            is_reduce_only: true,
            oco: Some(OrderName(8)),
            twin: None,
            budget: Some(i128::MAX),
            peg: None,
            self_trade: Some(SelfTrade::CancelBoth),
        };
        assert_eq!(entry(written), full);
        let plain = OrderEntry {
            price: None,
            trigger: None,
            lifetime: TimeInForce::GoodTillCancelled,
            display: QuantityLots(0),
            display_min: QuantityLots(0),
            is_post_only: false,
            slides: false,
            expiry: None,
            is_reduce_only: false,
            oco: None,
            budget: None,
            self_trade: None,
            ..full
        };
        assert_eq!(entry("new id=9 acct=4 side=sell type=market qty=10"), plain);
        let dropped = "new id=9 acct=4 side=sell type=market qty=10 px=7 trigger=8 dir=up post_only=1";
        assert_eq!(entry(dropped), plain);
        let twin = "new id=9 acct=4 side=sell type=market qty=10 twin=6";
        assert_eq!(entry(twin), OrderEntry { twin: Some(OrderName(6)), ..plain });
        let default = Trigger { price: PriceTicks(-5), direction: TriggerDirection::Default, is_trail: false };
        let stop = OrderEntry { trigger: Some(default), ..plain };
        assert_eq!(entry("new id=9 acct=4 side=sell type=stop qty=10 trigger=-5"), stop);
        let down = Trigger { direction: TriggerDirection::Down, ..default };
        let stop = OrderEntry { side: Side::Buy, trigger: Some(down), ..plain };
        assert_eq!(entry("new id=9 acct=4 side=buy type=stop qty=10 trigger=-5 dir=down"), stop);
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
            ("mode halted", Command::Mode(TradingState::Halted)),
            ("time ns=9", Command::Time { time: TimeNs(9) }),
            ("work", Command::Work),
            ("masscancel", Command::MassCancel { owner: None, by_operator: false }),
            ("masscancel acct=3 operator=1", Command::MassCancel { owner: Some(Owner(3)), by_operator: true }),
            ("endday", Command::EndDay),
            (
                "protection acct=3 window=9 qty=-1 fills=2",
                Command::Protection { owner: Owner(3), window: TimeNs(9), quantity, fills: 2 },
            ),
            ("resume acct=3", Command::Resume { owner: Owner(3) }),
            ("band px=45000000000", Command::Band { distance: price }),
            ("publish", Command::Publish),
            ("limits low=-1 high=45000000000", Command::Limits { low: PriceTicks(-1), high: price }),
            ("account acct=3 owner=1", Command::Account { name: Owner(3), owner: 1 }),
        ] {
            assert_eq!(format!("{:?}", parse(written)), format!("{expected:?}"), "{written}");
        }
    }
}
