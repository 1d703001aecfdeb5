//! The record check, step 6 of "Every command", written out from the records' documentation: reserved bytes are zero,
//! every enumeration holds a defined number, and a kind that concerns no account names none.

use crate::command::{Command, NewComplexOrder, OrderTarget};
use crate::ids::AccountId;
use crate::reject::RejectCode;
use crate::units::{PriceTicks, QuantityLots};

/// Checks what a record alone can show.
pub(super) fn check(command: Command<'_>) -> Result<(), RejectCode> {
    let Some(header) = command.header() else {
        return Err(RejectCode::MalformedRecord);
    };
    if header.reserved != 0 || !reserved_is_zero(command) {
        return Err(RejectCode::ReservedNotZero);
    }
    if header.account != AccountId::NONE && !concerns_an_account(command) {
        return Err(RejectCode::InvalidField);
    }
    if fields_are_defined(command) { Ok(()) } else { Err(RejectCode::InvalidField) }
}

fn reserved_is_zero(command: Command<'_>) -> bool {
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    match command {
        Command::NewOrder(c) => is_zero(&c.reserved),
        Command::NewComplexOrder(c) => c.reserved == 0,
        Command::NewPeggedOrder(c) => is_zero(&c.reserved) && is_zero(&c.reserved_tail),
        Command::SetProtection(c) => is_zero(&c.reserved),
        Command::CancelOrder(c) => is_zero(&c.target.reserved),
        Command::ReduceOrder(c) => is_zero(&c.target.reserved),
        Command::AmendOrder(c) => is_zero(&c.target.reserved) && is_zero(&c.reserved),
        Command::ReplaceOrder(c) => is_zero(&c.target.reserved),
        Command::ListInstrument(c) => is_zero(&c.reserved),
        Command::SetTradingState(c) => is_zero(&c.reserved),
        Command::Uncross(c) => is_zero(&c.reserved),
        Command::OpenSession(c) => is_zero(&c.reserved),
        _ => true,
    }
}

/// The order commands, and of the party commands those about an account that exists.
fn concerns_an_account(command: Command<'_>) -> bool {
    matches!(
        command,
        Command::NewOrder(_)
            | Command::CancelOrder(_)
            | Command::ReduceOrder(_)
            | Command::AmendOrder(_)
            | Command::ReplaceOrder(_)
            | Command::NewComplexOrder(_)
            | Command::NewPeggedOrder(_)
            | Command::MassCancel(_)
            | Command::SetProtection(_)
            | Command::ResumeTrading(_)
            | Command::CloseAccount(_)
            | Command::GrantAccount(_)
            | Command::RevokeAccount(_)
    )
}

fn fields_are_defined(command: Command<'_>) -> bool {
    let names_an_order = |target: &OrderTarget| matches!(target.by, 1 | 2);
    match command {
        Command::NewOrder(c) => {
            let terms = matches!(c.side, 1 | 2) && matches!(c.order_type, 1 | 2);
            terms && matches!(c.time_in_force, 1..=5) && matches!(c.flags, 0..=7) && matches!(c.self_trade, 0..=5)
        }
        Command::NewComplexOrder(c) => complex_terms_are_defined(c),
        Command::NewPeggedOrder(c) => {
            let terms = matches!(c.side, 1 | 2) && matches!(c.reference, 1..=3) && matches!(c.time_in_force, 1..=6);
            terms && matches!(c.flags, 0..=7) && matches!(c.self_trade, 0..=5)
        }
        Command::SetProtection(c) => c.quantity >= QuantityLots::ZERO,
        Command::SetPriceBand(c) => c.distance >= PriceTicks::ZERO,
        Command::CancelOrder(c) => names_an_order(&c.target),
        Command::ReduceOrder(c) => names_an_order(&c.target),
        Command::AmendOrder(c) => {
            // What is not changed is zero.
            let (price, quantity) = match c.changes {
                1 => (true, c.quantity == QuantityLots::ZERO),
                2 => (c.price == PriceTicks::ZERO, true),
                3 => (true, true),
                _ => (false, false),
            };
            names_an_order(&c.target) && price && quantity
        }
        Command::ReplaceOrder(c) => names_an_order(&c.target),
        Command::ListInstrument(c) => {
            let kind = matches!(c.kind, 1..=4) && matches!(c.option_type, 0..=2);
            kind && matches!(c.initial_state, 1..=3) && matches!(c.self_trade, 0..=5)
        }
        Command::SetTradingState(c) => matches!(c.state, 1..=3),
        Command::Uncross(c) => c.priced == 1 || c.priced == 0 && c.price == PriceTicks::ZERO,
        // A sequencer's session (role 6) is not for anybody to open.
        Command::OpenSession(c) => matches!(c.role, 1..=5) && matches!(c.flags, 0 | 1),
        _ => true,
    }
}

/// What is not given is zero, and no display is negative.
fn complex_terms_are_defined(c: &NewComplexOrder) -> bool {
    let terms = matches!(c.side, 1 | 2) && matches!(c.order_type, 1..=4) && matches!(c.time_in_force, 1..=6);
    let wishes = matches!(c.flags, 0..=7) && matches!(c.self_trade, 0..=5);
    // Trigger 1, budget 2, trail 4, which is one of a trigger.
    let given = matches!(c.gives, 0..=3 | 5 | 7) && matches!(c.direction, 0..=2);
    let display = c.display >= QuantityLots::ZERO && c.display_minimum >= QuantityLots::ZERO;
    let trigger = matches!(c.gives, 1 | 3 | 5 | 7) || c.trigger == PriceTicks::ZERO && c.direction == 0;
    let budget = matches!(c.gives, 2 | 3 | 7) || c.budget == [0, 0];
    terms && wishes && given && display && trigger && budget
}
