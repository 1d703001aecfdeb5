//! The words of scripts: flags of orders, numbers, and events as text.

use alloc::format;
use alloc::string::{String, ToString};

use crate::command::{NewComplexOrder, NewOrder, NewPeggedOrder};
use crate::event::{Accepted, Amended, Cancelled, Event, FeedUpdated, Replenished, Repriced};
use crate::ids::ClientOrderId;
use crate::reject::{CancelReason, RejectCode};
use crate::terms::{
    FeedKind, MarginStatus, OrderType, PegReference, SelfTrade, Side, TimeInForce, TradingState, TriggerDirection,
};
use crate::units::{PriceTicks, QuantityLots, TimeNs};

pub(super) fn with_flag(order: NewOrder, flag: &str) -> NewOrder {
    match flag {
        "ioc" => order.with_time_in_force(TimeInForce::ImmediateOrCancel),
        "fok" => order.with_time_in_force(TimeInForce::FillOrKill),
        "slide" => order.post_only_slide(),
        "gfa" => order.with_time_in_force(TimeInForce::GoodForAuction),
        "day" => order.with_time_in_force(TimeInForce::Day),
        "market" => order.as_market(),
        "reducing" => order.reduce_only(),
        "oldest" => order.with_self_trade(SelfTrade::CancelOldest),
        "newest" => order.with_self_trade(SelfTrade::CancelNewest),
        "decrement" => order.with_self_trade(SelfTrade::Decrement),
        "post" => order.post_only(),
        _ => panic!("no such flag: {flag}"),
    }
}

pub(super) fn with_complex_flag(mut order: NewComplexOrder, flag: &str, now: u64) -> NewComplexOrder {
    let (name, value) = flag.split_once('=').unwrap_or((flag, "0"));
    let value = number(value);
    match name {
        "trigger" => order.with_trigger(PriceTicks(value)),
        "trail" => order.with_trail(PriceTicks(value)),
        "up" => order.with_direction(TriggerDirection::Up),
        "down" => order.with_direction(TriggerDirection::Down),
        "show" => order.with_display(QuantityLots(value), order.display_minimum),
        "least" => order.with_display(order.display, QuantityLots(value)),
        "twin" => order.with_twin(ClientOrderId(value.unsigned_abs())),
        "till" => order.with_expiry(TimeNs(now + value.unsigned_abs())),
        "expiry" => {
            order.expiry = TimeNs(value.unsigned_abs());
            order
        }
        "budget" => order.with_budget(value.into()),
        "stop" => {
            order.order_type = OrderType::Stop.code();
            order
        }
        "extra-trigger" => {
            order.gives |= NewComplexOrder::TRIGGER;
            order
        }
        _ => panic!("no such flag: {flag}"),
    }
}

/// `peg:reference:offset`: a pegged order; the price is its limit.
pub(super) fn pegged(order: NewOrder, flag: &str) -> Option<NewPeggedOrder> {
    let (reference, offset) = flag.strip_prefix("peg:")?.split_once(':')?;
    let reference = PegReference::ALL.iter().find(|known| known.name().eq_ignore_ascii_case(reference))?;
    let side = Side::from_code(order.side)?;
    let by = (order.header.session, order.header.session_sequence, order.header.account);
    let peg = (*reference, PriceTicks(number(offset)));
    let mut pegged = NewPeggedOrder::new(by, order.instrument, order.client_order_id, side, order.quantity, peg);
    (pegged.limit, pegged.time_in_force) = (order.price, order.time_in_force);
    Some(pegged)
}

pub(super) fn number(text: &str) -> i64 {
    match text {
        "max" => i64::MAX,
        "min" => i64::MIN,
        _ => text.parse().unwrap(),
    }
}

/// `quantity@price`; what is missing is zero.
pub(super) fn amounts(text: &str) -> (QuantityLots, PriceTicks) {
    let (quantity, price) = text.split_once('@').unwrap();
    let given = |text: &str| if text.is_empty() { 0 } else { number(text) };
    (QuantityLots(given(quantity)), PriceTicks(given(price)))
}

pub(super) fn render(event: &Event<'_>) -> String {
    let flag = |flags: u8, flag: u8, text: &'static str| if flags & flag == 0 { "" } else { text };
    let state = |code: u8| TradingState::from_code(code).unwrap().name();
    match *event {
        Event::Accepted(e) => format!(
            "accepted {}{}{}{}{}{}",
            e.client_order_id,
            flag(e.flags, Accepted::RESTS, " rests"),
            flag(e.flags, Accepted::STOP, " stop"),
            flag(e.flags, Accepted::ICEBERG, " iceberg"),
            flag(e.flags, Accepted::TWIN, " twin"),
            flag(e.flags, Accepted::FOLLOWS, " follows"),
        ),
        Event::Triggered(e) => format!("triggered {} {} at {}", e.client_order_id, e.leaves, e.trigger),
        Event::Repriced(e) if e.flags & Repriced::RESTS != 0 => {
            format!("repriced {} {}@{}->{}", e.client_order_id, e.leaves, e.old_price, e.price)
        }
        Event::Repriced(e) => {
            format!("trailed {} {}->{} at {}->{}", e.client_order_id, e.old_trigger, e.trigger, e.old_price, e.price)
        }
        Event::Replenished(e) => format!(
            "replenished {} {} of {}{}",
            e.client_order_id,
            e.shown,
            e.leaves,
            flag(e.flags, Replenished::KEEPS_PRIORITY, " keeps")
        ),
        Event::MassCancelled(e) => {
            format!("mass-cancelled {} {}", e.orders, CancelReason::from_code(e.reason).unwrap())
        }
        Event::ProtectionTripped(e) => format!("tripped {} in {}", e.quantity, e.fills),
        Event::PriceBandBreached(e) => format!("breached {} from {} by {}", e.price, e.reference, e.distance),
        Event::IndicativePrice(e) => {
            format!("indicative {} {} {}:{}", e.crosses, e.price, e.bid_quantity[0], e.ask_quantity[0])
        }
        Event::Decremented(e) => format!(
            "decremented {}+{} {} left {}/{}",
            e.maker_client_order_id, e.taker_client_order_id, e.quantity, e.maker_leaves, e.taker_leaves
        ),
        Event::Rejected(e) => format!("rejected {}", RejectCode::from_code(e.code).unwrap()),
        Event::Trade(e) => format!(
            "trade {}+{} {}@{} left {}/{}",
            e.maker_client_order_id, e.taker_client_order_id, e.quantity, e.price, e.maker_leaves, e.taker_leaves
        ),
        Event::Rested(e) => format!("rested {} {}@{}", e.client_order_id, e.leaves, e.price),
        Event::Cancelled(e) => format!(
            "cancelled {} {} {}{}",
            e.client_order_id,
            e.leaves,
            CancelReason::from_code(e.reason).unwrap(),
            flag(e.flags, Cancelled::RESTED, " resting")
        ),
        Event::Amended(e) => format!(
            "amended {} {}@{}{}{}",
            e.client_order_id,
            e.leaves,
            e.price,
            flag(e.flags, Amended::KEEPS_PRIORITY, " keeps"),
            flag(e.flags, Amended::RESTS, " rests")
        ),
        Event::Resent(e) => format!("resent {}", e.code),
        Event::TradingStateChanged(e) => format!("{}->{}", state(e.old_state), state(e.state)),
        Event::Uncrossed(e) => format!("uncrossed {} {}:{}", e.price, e.bid_quantity[0], e.ask_quantity[0]),
        _ => render_feed(event),
    }
}

/// What is said of feeds, and whatever needs no more than its name.
fn render_feed(event: &Event<'_>) -> String {
    match *event {
        Event::FeedUpdated(e) => {
            let verb = match e.flags {
                FeedUpdated::HELD => "held",
                FeedUpdated::PASSED => "passed",
                _ => "taken",
            };
            format!("{verb} {} {}", FeedKind::from_code(e.feed).unwrap().name(), e.value)
        }
        Event::ArraysPublished(e) if e.begun == e.sequence => {
            format!("published {} of {}", e.generation, e.instruments)
        }
        Event::MarginShortfall(e) => format!("short {} of {}", e.shortfall, e.initial),
        Event::CashAdjusted(e) => format!("cash {}", e.cash[0].cast_signed()),
        Event::MarginStatusChanged(e) => {
            let status = MarginStatus::from_code(e.status).unwrap().name();
            format!("{status} {} {}", e.initial, e.maintenance)
        }
        Event::ArraysPublished(e) => format!("published {} of {} begun {}", e.generation, e.instruments, e.begun),
        _ => event.name().to_string(),
    }
}
