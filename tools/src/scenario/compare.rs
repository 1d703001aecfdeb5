//! Checks against what the events told and what the engine holds. Only what a check states is compared.

use std::collections::BTreeMap;
use std::fmt::Display;

use novate_core::reject::RejectCode;
use novate_core::terms::Side;
use novate_core::units::PriceTicks;

use super::check::{BookCheck, Check, Decimal, LevelCheck, OrderCheck, PositionCheck, StatedLevel, TotalsCheck, Trade};
use super::command::{OrderName, mode_word};
use super::facts::{Fact, price_text};
use super::record::{Field, Form, Written};
use super::stop::Stop;
use super::told::is_answer;
use super::venue::{Level, Position, Venue};

/// How many things that the last command did are shown where a check of it differs.
const SHOWN_MAX: usize = 6;

/// Compares one check.
///
/// # Errors
/// It differs, or the engine lacks what it asks for.
pub(crate) fn compare(check: &Check, venue: &Venue<'_>) -> Result<(), Stop> {
    let facts = venue.facts();
    match check {
        Check::Trades { count } => {
            let trades: Vec<Trade> = facts.trades().collect();
            same(trades.len() as u64 == *count, || format!("n={}: {}", trades.len(), listed(trades)))
        }
        Check::Trade { place, trade } => {
            let got = facts.trades().nth(*place);
            same(got == Some(*trade), || got.map_or_else(|| "no more trades".to_owned(), |got| got.to_string()))
        }
        Check::Pairs { count } => {
            let pairs = pairs(venue);
            same(pairs.len() as u64 == *count, || format!("n={}: {}", pairs.len(), listed(facts.trades())))
        }
        Check::Pair(Trade { maker, taker, price, quantity }) => {
            let got = pairs(venue).get(&(*maker, *taker, *price)).copied().unwrap_or(0);
            same(got == i128::from(quantity.get()), || format!("qty={got}"))
        }
        Check::Fill { id, quantity, notional } => compare_fill(*id, *quantity, *notional, venue),
        Check::Accept { id } => did(venue, |fact| matches!(fact, Fact::Accepted(it) | Fact::Triggered(it) if it == id)),
        Check::Reject { id, code } => did(venue, |fact| match fact {
            // One that is the scenario's own fault is expected only by name.
            Fact::Rejected(it, why) => it == id && code.map_or(is_answer(*why), |code| code == *why),
            Fact::RefusedWhenTriggered(it, _) => it == id && code.is_none(),
            _ => false,
        }),
        Check::Rejected { code } => {
            let got: Vec<RejectCode> = venue.rejections().collect();
            same(got.contains(code), || listed(got))
        }
        Check::Trigger { id } => did(venue, |fact| *fact == Fact::Triggered(*id)),
        Check::Cancelled { id, quantity, reason } => did(venue, |fact| match fact {
            Fact::Cancelled(it, left, why) => it == id && states(*quantity, left.get()) && states(*reason, *why),
            _ => false,
        }),
        Check::Order(check) => compare_order(check, venue),
        Check::Level(check) => compare_level(check, venue),
        Check::Book(check) => compare_book(check, venue, Extent::Whole),
        Check::Top(check) => compare_book(check, venue, Extent::AsStated),
        Check::Totals(check) => compare_totals(check, venue),
        Check::Queue { side, price, ids } => {
            let queue = venue.queue(*side, *price);
            same(queue == *ids, || format!("ids={}", joined(&queue)))
        }
        Check::Last { price } => {
            let got = venue.last_price();
            same(got == Some(*price), || format!("px={}", price_text(got)))
        }
        Check::Mode(state) => same(venue.state() == *state, || mode_word(venue.state())),
        Check::Uncrossed { quantity, price } => compare_uncrossed(*quantity, *price, venue),
        Check::AuctionFill { id, quantity } => {
            let got = facts.auction_fill(*id);
            same(got == *quantity, || format!("qty={got}"))
        }
        Check::Indicative { quantity, price } => compare_indicative(*quantity, *price, venue),
        Check::Position(check) => compare_position(check, venue),
        Check::Event(written) => compare_event(written, venue),
        Check::Events { names } => {
            let got: Vec<&str> = venue.events().map(|event| event.name()).collect();
            same(got == *names, || joined(&got))
        }
        Check::Work { is_pending } => {
            let got = venue.is_work_pending();
            same(got == *is_pending, || format!("pending={}", u8::from(got)))
        }
    }
}

/// Whether an event has the fields that are stated. Where none does, those of its kind are shown, as far as stated.
fn compare_event(written: &Written, venue: &Venue<'_>) -> Result<(), Stop> {
    let mut got = Vec::new();
    for event in venue.events() {
        if !written.record.is_kind_of(&event) {
            continue;
        }
        let bits = |offset, form: &Form| form.bits(event.bytes(), offset);
        if written.fields.iter().all(|(field, value)| bits(field.offset, &field.form) == venue.bits_of(*value)) {
            return Ok(());
        }
        let text = |form: &Form, bits| venue.name_of_bits(form.reads, bits).unwrap_or_else(|| form.text(bits));
        let shown = written.fields.iter().map(|(field, _)| {
            let Field { name, offset, form } = field;
            format!("{name}={}", text(form, bits(*offset, form)))
        });
        got.push([event.name().to_owned()].into_iter().chain(shown).collect::<Vec<_>>().join(" "));
    }
    if got.is_empty() {
        got.extend(venue.events().map(|event| event.name().to_owned()));
    }
    Err(Stop::Differs(listed(got)))
}

/// Nothing to complain about, or what was got instead.
fn same(is_same: bool, got: impl FnOnce() -> String) -> Result<(), Stop> {
    if is_same { Ok(()) } else { Err(Stop::Differs(got())) }
}

/// Whether a value is the one that is stated, if one is.
fn states<T: Copy + PartialEq>(stated: Option<T>, got: T) -> bool {
    stated.is_none_or(|stated| stated == got)
}

/// Whether the last command did what a check is about.
fn did(venue: &Venue<'_>, is_it: impl FnMut(&Fact) -> bool) -> Result<(), Stop> {
    let last = venue.facts().last();
    same(last.iter().any(is_it), || listed(last))
}

/// The quantities that pairs of orders traded with the last command, for each price.
fn pairs(venue: &Venue<'_>) -> BTreeMap<(OrderName, OrderName, PriceTicks), i128> {
    let mut sums = BTreeMap::new();
    for Trade { maker, taker, price, quantity } in venue.facts().trades() {
        *sums.entry((maker, taker, price)).or_default() += i128::from(quantity.get());
    }
    sums
}

fn compare_fill(id: OrderName, quantity: i128, notional: Option<i128>, venue: &Venue<'_>) -> Result<(), Stop> {
    if venue.facts().order(id).is_none() {
        return Err(no_such_order());
    }
    let (mut got, mut got_notional) = (0, 0);
    for fact in venue.facts().last() {
        let (one, other, price, traded) = match *fact {
            Fact::Traded(Trade { maker, taker, price, quantity }) => (maker, taker, price, quantity),
            Fact::AuctionTraded { buyer, seller, price, quantity } => (buyer, seller, price, quantity),
            _ => continue,
        };
        if id == one || id == other {
            got += i128::from(traded.get());
            got_notional += price.notional(traded);
        }
    }
    let is_same = got == quantity && states(notional, got_notional);
    same(is_same, || format!("qty={got} notional={got_notional}"))
}

fn compare_order(check: &OrderCheck, venue: &Venue<'_>) -> Result<(), Stop> {
    let Some(record) = venue.facts().order(check.id) else { return Err(no_such_order()) };
    let visible = venue.visible(record);
    let is_same = states(check.state, record.state)
        && states(check.leaves, record.leaves.get())
        && states(check.filled.map(i128::from), record.filled)
        && states(check.visible, visible.get())
        && states(check.price.map(Some), record.price);
    same(is_same, || {
        let (state, leaves, filled) = (record.state, record.leaves, record.filled);
        format!("state={state} leaves={leaves} filled={filled} vis={visible} px={}", price_text(record.price))
    })
}

fn no_such_order() -> Stop {
    Stop::Differs("no such order".to_owned())
}

fn compare_level(check: &LevelCheck, venue: &Venue<'_>) -> Result<(), Stop> {
    let level = venue.level(check.side, check.price);
    let is_same = states(check.quantity, level.quantity.get())
        && states(check.visible, level.visible.get())
        && states(check.orders, level.orders);
    same(is_same, || format!("qty={} vis={} orders={}", level.quantity, level.visible, level.orders))
}

/// How much of a side is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All levels.
    Whole,
    /// As many of the best levels as are stated.
    AsStated,
}

fn compare_book(check: &BookCheck, venue: &Venue<'_>, extent: Extent) -> Result<(), Stop> {
    let (mut is_same, mut got) = (true, Vec::new());
    for (name, side, stated) in [("bids", Side::Buy, &check.bids), ("asks", Side::Sell, &check.asks)] {
        let Some(stated) = stated else { continue };
        let depth = if extent == Extent::Whole { usize::MAX } else { stated.len() };
        let levels: Vec<Level> = venue.levels(side).take(depth).collect();
        is_same &=
            levels.len() == stated.len() && stated.iter().zip(&levels).all(|(stated, got)| is_level(stated, got));
        got.push(format!("{name}={}", joined(&levels)));
    }
    same(is_same, || got.join(" "))
}

fn is_level(stated: &StatedLevel, level: &Level) -> bool {
    stated.price == level.price && stated.quantity == level.quantity && states(stated.orders, level.orders)
}

fn compare_totals(check: &TotalsCheck, venue: &Venue<'_>) -> Result<(), Stop> {
    let sums = |side| {
        venue.levels(side).fold((0, 0), |(orders, quantity), level| {
            (orders + level.orders, quantity + i128::from(level.quantity.get()))
        })
    };
    let ((bid_orders, bid_quantity), (ask_orders, ask_quantity)) = (sums(Side::Buy), sums(Side::Sell));
    let is_same = states(check.bid_orders, bid_orders)
        && states(check.bid_quantity, bid_quantity)
        && states(check.ask_orders, ask_orders)
        && states(check.ask_quantity, ask_quantity);
    same(is_same, || {
        format!("bid_orders={bid_orders} bid_qty={bid_quantity} ask_orders={ask_orders} ask_qty={ask_quantity}")
    })
}

fn compare_uncrossed(quantity: i128, price: Option<PriceTicks>, venue: &Venue<'_>) -> Result<(), Stop> {
    let (mut got, mut got_price) = (0, None);
    for fact in venue.facts().last() {
        if let Fact::AuctionTraded { price, quantity, .. } = fact {
            got += i128::from(quantity.get());
            got_price = Some(*price);
        }
    }
    let is_same = got == quantity && (got == 0 || price.is_none() || price == got_price);
    same(is_same, || format!("qty={got} px={}", price_text(got_price)))
}

/// The largest volume, and a price at which it is so much: there may be several.
fn compare_indicative(quantity: i128, price: Option<PriceTicks>, venue: &Venue<'_>) -> Result<(), Stop> {
    let (got, got_price) = venue.indicative(None);
    let is_price = got == 0 || price.is_none_or(|price| venue.indicative(Some(price)).0 == got);
    same(got == quantity && is_price, || format!("qty={got} px={}", price_text(got_price)))
}

fn compare_position(check: &PositionCheck, venue: &Venue<'_>) -> Result<(), Stop> {
    let Position { quantity, unrealised, realised } = venue.position(check.owner);
    let is_near = |stated: Option<Decimal>, got: Option<i128>| match (stated, got) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(stated), Some(got)) => check.tolerance.covers(stated, got),
    };
    let is_same =
        quantity == check.quantity && is_near(check.unrealised, unrealised) && is_near(check.realised, Some(realised));
    same(is_same, || {
        let unrealised = unrealised.map_or_else(|| "none".to_owned(), |profit| profit.to_string());
        format!("qty={quantity} upnl={unrealised} rpnl={realised}")
    })
}

/// The first of some things; `nothing` if there are none.
fn listed<T: Display>(things: impl IntoIterator<Item = T>) -> String {
    let mut texts: Vec<String> = things.into_iter().map(|thing| thing.to_string()).collect();
    if texts.is_empty() {
        return "nothing".to_owned();
    }
    if texts.len() > SHOWN_MAX {
        let more = texts.len() - SHOWN_MAX;
        texts.truncate(SHOWN_MAX);
        texts.push(format!("{more} more"));
    }
    texts.join(", ")
}

/// All of some things, as checks are written; `-` if there are none.
fn joined<T: Display>(things: &[T]) -> String {
    if things.is_empty() {
        return "-".to_owned();
    }
    things.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}
