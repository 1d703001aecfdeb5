//! Mass cancels and the end of the trading day.

use super::{Canary, Desk, small};
use crate::command::{CommandRecord, MassCancel};
use crate::ids::{AccountId, InstrumentId};

#[test]
fn whose_and_where() {
    let mut desk = Desk::new();
    desk.play(&[
        ("mass", "mass-cancelled 0 MassCancelled"),
        ("a buy 1 1@100", "accepted 1 rests"),
        ("b buy 2 2@100", "accepted 2 rests"),
        ("a sell 3 3@min market trigger=1", "accepted 3 stop"),
        ("a mass", "cancelled 1 1 MassCancelled resting; cancelled 3 3 MassCancelled; mass-cancelled 2 MassCancelled"),
        ("b mass here", "cancelled 2 2 MassCancelled resting; mass-cancelled 1 MassCancelled"),
        ("b buy 2 2@100", "accepted 2 rests"),
        ("mass", "cancelled 2 2 MassCancelled resting; mass-cancelled 1 MassCancelled"),
    ]);
    let header = MassCancel::new_header(desk.trader, desk.turn(2), AccountId::NONE);
    assert_eq!(desk.send(&MassCancel { header, instrument: InstrumentId::NONE }), "rejected RoleNotPermitted");
    let header = MassCancel::new_header(desk.trader, desk.turn(2), AccountId::assemble(0, 1, 1));
    assert_eq!(desk.send(&MassCancel { header, instrument: InstrumentId(5) }), "rejected UnknownInstrument");
}

#[test]
fn the_day_ends_for_day_orders() {
    Desk::new().play(&[
        ("a buy 1 1@100 day", "accepted 1 rests"),
        ("b buy 2 2@100", "accepted 2 rests"),
        ("a sell 3 3@min market day trigger=1", "accepted 3 stop"),
        ("b replace 2 2 3@100", "cancelled 2 2 Replaced resting; accepted 2 rests"),
        ("a replace 1 1 3@100", "cancelled 1 1 Replaced resting; accepted 1 rests"),
        ("day-end", "cancelled 1 3 DayEnded resting; cancelled 3 3 DayEnded; mass-cancelled 2 DayEnded"),
        ("day-end", "mass-cancelled 0 DayEnded"),
    ]);
}

#[test]
fn what_the_units_do_not_reach_is_queued() {
    let mut genesis = small();
    genesis.capacities.work_items = 1;
    let mut desk = Desk::with(&genesis, Canary::None);
    for name in 100..170 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    let said = desk.line("a mass");
    assert_eq!(said.matches("1 MassCancelled resting").count(), 64);
    assert!(desk.engine.work_pending());
    // Orders that are accepted meanwhile stay; they take the slots freed last. Another scan has no place in the queue.
    let said = desk.line("b mass");
    assert!(said.starts_with("rejected WorkQueueFull; cancelled 164 1 MassCancelled resting"), "{said}");
    assert!(said.ends_with("; mass-cancelled 70 MassCancelled"), "{said}");
    for name in 100..170 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    desk.line("mass");
    let said = desk.line("a buy 1 1@50");
    // Slot 64 was freed last but five, and the scan had passed it; all orders are gone but the new one.
    assert!(said.starts_with("accepted 1 rests; cancelled "), "{said}");
    assert!(said.ends_with("; mass-cancelled 70 MassCancelled"), "{said}");
    assert_eq!(desk.engine.live_orders().len(), 1);
}
