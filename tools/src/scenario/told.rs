//! What the engine's events tell becomes facts.

use novate_core::event::{Accepted, Cancelled, OwnedEvent, Repriced};
use novate_core::reject::{CancelReason, RejectCode};
use novate_core::units::{PriceTicks, QuantityLots};

use super::check::{OrderState, Trade};
use super::command::{OrderName, Owner};
use super::facts::{Fact, Facts, OrderRecord};
use super::stop::Stop;
use super::venue::name_of;
use crate::error::Error;

/// Which order a rejection is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    /// The one that would have been entered, of which this is known then.
    Entry { id: OrderName, refused: OrderRecord },
    /// The one that was named.
    Order { id: OrderName },
    /// None.
    Venue,
}

/// Takes in what an event tells. `owner` is whose order it is, where it tells of one that was accepted.
///
/// # Errors
/// It tells of what no scenario does.
pub(super) fn tell(facts: &mut Facts, event: &OwnedEvent, owner: Owner) -> Result<(), Stop> {
    match event {
        OwnedEvent::Accepted(accepted) => {
            let has = |flag: u8| accepted.flags & flag != 0;
            let record = OrderRecord {
                owner,
                order: Some(accepted.order),
                state: if has(Accepted::STOP) { OrderState::Pending } else { OrderState::Open },
                price: if has(Accepted::MARKET) { None } else { Some(accepted.price) },
                leaves: accepted.quantity,
                shown: None,
                filled: 0,
            };
            facts.accept(name_of(accepted.client_order_id), record);
        }
        OwnedEvent::Amended(amended) => {
            facts.amend(name_of(amended.client_order_id), amended.price, amended.leaves);
        }
        OwnedEvent::Rested(rested) => {
            facts.rest(name_of(rested.client_order_id), rested.price, rested.leaves, None);
        }
        OwnedEvent::Replenished(said) => {
            facts.rest(name_of(said.client_order_id), said.price, said.leaves, Some(said.shown));
        }
        OwnedEvent::Repriced(said) if said.flags & Repriced::RESTS != 0 => {
            facts.rest(name_of(said.client_order_id), said.price, said.leaves, None);
        }
        OwnedEvent::Triggered(triggered) => facts.trigger(name_of(triggered.client_order_id), triggered.leaves),
        OwnedEvent::Cancelled(cancelled) => tell_cancelled(facts, cancelled)?,
        OwnedEvent::Trade(traded) => {
            let trade = Trade {
                maker: name_of(traded.maker_client_order_id),
                taker: name_of(traded.taker_client_order_id),
                price: traded.price,
                quantity: traded.quantity,
            };
            // An auction's trades have no aggressor.
            if traded.aggressor == 0 {
                facts.auction_trade(trade, traded.maker_leaves, traded.taker_leaves);
            } else {
                facts.trade(trade, traded.maker_leaves, traded.taker_leaves);
            }
        }
        OwnedEvent::Decremented(met) => {
            let by = Trade {
                maker: name_of(met.maker_client_order_id),
                taker: name_of(met.taker_client_order_id),
                price: met.price,
                quantity: met.quantity,
            };
            facts.shrink(by, met.maker_leaves, met.taker_leaves);
        }
        OwnedEvent::Uncrossed(_) => facts.begin_auction(),
        // What the others lead to is asked for where a check is about it.
        _ => {}
    }
    Ok(())
}

fn tell_cancelled(facts: &mut Facts, cancelled: &Cancelled) -> Result<(), Stop> {
    let id = name_of(cancelled.client_order_id);
    let reason = CancelReason::from_code(cancelled.reason);
    let reason = reason.ok_or_else(|| Error::engine("playing a scenario", "a reason that is none"))?;
    let refuses = matches!(
        reason,
        CancelReason::PriceOutsideLimits
            | CancelReason::PostOnlyWouldCross
            | CancelReason::FillOrKill
            | CancelReason::NoRoom
            | CancelReason::ReduceOnly
            | CancelReason::InsufficientMargin
    );
    let has_triggered = facts.last().contains(&Fact::Triggered(id));
    facts.cancel(id, cancelled.leaves, reason);
    if refuses && has_triggered && cancelled.flags & Cancelled::RESTED == 0 {
        facts.refuse_triggered(id, reason);
    }
    Ok(())
}

/// Takes in that a command was rejected.
pub(super) fn tell_rejected(facts: &mut Facts, subject: Subject, code: RejectCode) {
    match subject {
        Subject::Entry { id, refused } => facts.refuse(id, refused, code),
        Subject::Order { id } => facts.reject(id, code),
        Subject::Venue => {}
    }
}

/// What is known of an order that was never accepted.
pub(super) const fn refused_order(owner: Owner, price: Option<PriceTicks>, quantity: QuantityLots) -> OrderRecord {
    OrderRecord { owner, order: None, state: OrderState::Dead, price, leaves: quantity, shown: None, filled: 0 }
}

/// Whether a rejection is an answer to what the scenario asks for. One of the record, of the session or of a table's size
/// is the fault of whoever wrote or opened these: a check takes it for the rejection that it expects only if it names it.
pub(super) const fn is_answer(code: RejectCode) -> bool {
    !matches!(code.code() / 100, 1 | 2 | 6)
}
