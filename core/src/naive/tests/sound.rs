//! Whatever is sent, the state that is left is sound.

use alloc::collections::BTreeSet;
use alloc::format;

use super::canary::{Dice, any_line};
use super::{Canary, Desk, small};
use crate::terms::{Side, TradingState};
use crate::units::QuantityLots;

fn check(desk: &Desk) {
    let engine = &desk.engine;
    let mut slots = BTreeSet::new();
    for order in engine.book.orders() {
        assert!(order.leaves > QuantityLots::ZERO, "{order:?}");
        assert!(order.is_waiting() || order.shows() > QuantityLots::ZERO, "{order:?}");
        assert!(order.shows() <= order.leaves && order.may_rest() || order.is_waiting(), "{order:?}");
        assert!(slots.insert(order.id.slot()), "{order:?}");
    }
    for (one, other) in &engine.twins {
        assert_eq!(engine.twins.get(other), Some(one));
        assert!(engine.book.get(*one).is_some_and(|order| order.complex));
    }
    let in_levels: usize =
        [Side::Buy, Side::Sell].map(|side| engine.book.in_priority(desk.instrument, side).len()).iter().sum();
    assert_eq!(in_levels + engine.waiting_stops(desk.instrument).len(), engine.live_orders().len());
    let continuous = engine.instruments.find(desk.instrument).unwrap().state == TradingState::Continuous;
    assert!(!continuous || !engine.book.is_crossed(desk.instrument));
}

#[test]
fn a_random_flow_leaves_a_sound_book() {
    for seed in 0..20 {
        let mut genesis = small();
        genesis.capacities.complex_orders = 5 + seed as u32;
        genesis.capacities.work_items = 1;
        let (mut dice, mut desk) = (Dice(seed), Desk::with(&genesis, Canary::None));
        for _ in 0..1_000 {
            let line = match dice.roll(60) {
                // Names of no order, so that many are live at once.
                0..20 => {
                    format!("{} buy 0 {}@{}", ["a", "b"][dice.roll(2) as usize], dice.roll(9) + 1, 80 + dice.roll(20))
                }
                20..40 => format!(
                    "{} sell 0 {}@{} till={}",
                    ["a", "b"][dice.roll(2) as usize],
                    dice.roll(9) + 1,
                    96 + dice.roll(9),
                    dice.roll(90)
                ),
                40 => format!("later {}", dice.roll(40)),
                41 => format!("a buy 0 max@{} show={}", 95 + dice.roll(9), dice.roll(5)),
                _ => any_line(&mut dice),
            };
            desk.line(&line);
            check(&desk);
        }
        // With nothing else to do, all that can be done is done.
        for _ in 0..20 {
            desk.line("work");
        }
        assert!(!desk.engine.work_pending());
    }
}
