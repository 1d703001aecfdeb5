//! What is said of an order before it comes is what its account has left once it did.

use std::collections::BTreeMap;

use novate_core::command::Command;
use novate_core::engine::{Engine, Estimate, Left, Supposition};
use novate_core::event::OwnedEvent;
use novate_core::ids::AccountId;
use novate_core::terms::{OrderType, Side};
use novate_core::units::{PriceTicks, QuantityLots, TimeNs};

/// What is said of a limit order: if it rests, and if it is filled.
pub(super) struct Guess {
    account: AccountId,
    /// What it would be filled at: the best price of the other side, if that is no worse than its own.
    price: PriceTicks,
    quantity: QuantityLots,
    /// When it was said: options are worth another amount later.
    time: TimeNs,
    rests: Option<Estimate>,
    filled: Option<Estimate>,
}

/// Asks about the command that comes next, if it is a plain limit order.
pub(super) fn guess(engine: &Engine<'_>, command: &Command<'_>) -> Option<Guess> {
    let Command::NewOrder(order) = command else { return None };
    if order.flags != 0 || order.order_type != OrderType::Limit.code() {
        return None;
    }
    let (account, quantity, instrument) = (order.header.account, order.quantity, order.instrument);
    let side = Side::from_code(order.side)?;
    let estimate = |price, is_filled| {
        engine.estimate(account, Some(&Supposition { instrument, side, price, quantity, is_filled })).ok()
    };
    let best = engine.top(instrument, side.opposite()).next().map_or(order.price, |level| level.price);
    let price = if side == Side::Buy { best.min(order.price) } else { best.max(order.price) };
    let (time, rests, filled) = (engine.time(), estimate(order.price, false), estimate(price, true));
    Some(Guess { account, price, quantity, time, rests, filled })
}

impl Guess {
    /// Compares it with what came of the order, where nothing else did, and counts that.
    ///
    /// # Errors
    /// Something else is left.
    pub(super) fn check(
        &self,
        engine: &Engine<'_>,
        events: &[OwnedEvent],
        counts: &mut BTreeMap<&'static str, u64>,
    ) -> Result<(), String> {
        let Some((name, estimate)) = self.outcome(engine, events) else { return Ok(()) };
        let view = engine.margin(self.account);
        let left = view.and_then(|view| Some(Left { initial: view.initial?, maintenance: view.maintenance? }));
        if left != Some(estimate.after) {
            return Err(format!("{name}: said was {estimate:?}, and {left:?} is left"));
        }
        if engine.time() == self.time {
            let now = engine.estimate(self.account, None).map(|now| now.liquidation);
            if now.as_ref() != Ok(&estimate.liquidation) {
                return Err(format!("{name}: said was {estimate:?}, and liquidation is at {now:?}"));
            }
            *counts.entry("estimates of liquidation prices").or_default() += 1;
        }
        *counts.entry(name).or_default() += 1;
        Ok(())
    }

    /// What happened, and what was said of that; none if something else happened too.
    fn outcome(&self, engine: &Engine<'_>, events: &[OwnedEvent]) -> Option<(&'static str, &Estimate)> {
        let OwnedEvent::Accepted(accepted) = events.iter().find(|event| !is_about_margin(event))? else { return None };
        let mut filled = 0;
        for event in events.iter().filter(|event| !is_about_margin(event)).skip(1) {
            let OwnedEvent::Trade(trade) = event else { return None };
            let is_plain = trade.taker_order == accepted.order && trade.maker_account != self.account;
            if !is_plain || trade.price != self.price {
                return None;
            }
            filled += trade.quantity.0;
        }
        let rests = engine.order(accepted.order).is_some_and(|view| view.leaves == self.quantity);
        // Where an array is missing, nothing is said.
        match (filled, rests) {
            (0, true) => Some(("estimates of orders that rested", self.rests.as_ref()?)),
            (lots, false) if lots == self.quantity.0 => {
                Some(("estimates of orders that were filled", self.filled.as_ref()?))
            }
            _ => None,
        }
    }
}

fn is_about_margin(event: &OwnedEvent) -> bool {
    matches!(event, OwnedEvent::MarginStatusChanged(_) | OwnedEvent::MarginShortfall(_))
}
