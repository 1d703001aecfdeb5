//! The order of pending work.

use alloc::format;

use super::{Desk, small};
use crate::command::{CommandRecord, ListInstrument, MassCancel, SetTradingState, Uncross};
use crate::genesis::Genesis;
use crate::ids::{AccountId, InstrumentId};
use crate::terms::TradingState;
use crate::units::PriceTicks;

/// A book with 150 asks and a bid for them all, its auction begun: it takes three commands.
fn uncrossing() -> Desk {
    let mut desk = Desk::new();
    desk.line("d sell 1 1@1000000 till=500");
    desk.line("state auction");
    for name in 101..=150 {
        desk.line(&format!("a sell {name} 1@100"));
    }
    for name in 151..=180 {
        desk.line(&format!("d sell {name} 1@100"));
    }
    desk.line("b buy 500 80@100");
    let said = desk.line("uncross");
    assert!(said.ends_with("; Auction->Uncrossing"), "{said}");
    desk
}

#[test]
fn a_book_that_is_uncrossed_holds_up_expiry_and_scans() {
    let mut desk = uncrossing();
    desk.line("later 1000");
    // The mass cancel comes to an order of the busy book and is queued. Expiry waits; the auction goes on and ends (18
    // steps); expiry is asked again before the scan, which this command queued.
    let said = desk.line("mass");
    assert!(said.starts_with("trade 500+163 1@100 left 17/0"), "{said}");
    assert!(said.ends_with("; Uncrossing->Continuous; cancelled 1 1 Expired resting"), "{said}");
    assert_eq!(said.matches("trade").count(), 18);
    assert!(desk.engine.work_pending());
    assert_eq!(desk.line("work"), "mass-cancelled 0 MassCancelled");
    assert!(!desk.engine.work_pending());
}

#[test]
fn an_item_that_is_stopped_goes_to_the_back() {
    let mut genesis: Genesis = small();
    genesis.max_steps = 64;
    let mut desk = Desk::with(&genesis, super::Canary::None);
    let operator = desk.operator;
    let mut second = ListInstrument::perpetual((operator, desk.turn(1)), "SECOND");
    second.initial_state = TradingState::Auction.code();
    desk.send(&second);
    let (first, second) = (desk.instrument, InstrumentId::assemble(0, 2, 2));
    desk.line("state auction");
    for name in 1..=80 {
        desk.line(&format!("a sell {name} 1@100"));
    }
    desk.line("b buy 500 80@100");
    desk.instrument = second;
    desk.line("c buy 7 1@50");
    for name in 1..=10 {
        desk.line(&format!("c sell {name}0 1@100"));
    }
    desk.instrument = first;
    let said = desk.line("uncross");
    assert_eq!(said.matches("trade").count(), 62);
    // The scan is stopped at once, by the bid: it has slot 81, the first 62 slots are free.
    let header = MassCancel::new_header(operator, desk.turn(1), AccountId::NONE);
    let said = desk.send(&MassCancel { header, instrument: InstrumentId::NONE });
    assert!(said.ends_with("Uncrossing->Continuous"), "{said}");
    assert_eq!(said.matches("trade").count(), 18);
    let said = desk.line("work");
    assert!(said.starts_with("cancelled 7 1 MassCancelled resting; cancelled 10 1 "), "{said}");
    assert!(said.ends_with("; mass-cancelled 11 MassCancelled"), "{said}");
}

#[test]
fn instruments_take_their_turns_in_the_row() {
    let mut desk = Desk::new();
    let operator = desk.operator;
    let second = ListInstrument::perpetual((operator, desk.turn(1)), "SECOND");
    desk.send(&second);
    let (first, second) = (desk.instrument, InstrumentId::assemble(0, 2, 2));
    let in_second = |desk: &mut Desk, line: &str| {
        desk.instrument = second;
        let said = desk.line(line);
        desk.instrument = first;
        said
    };
    // 65 stop orders in the first: one more than a command fires.
    for name in 100..165 {
        desk.line(&format!("a buy {name} 1@50 trigger=100"));
    }
    in_second(&mut desk, "a buy 1 1@50 trigger=100");
    let said = desk.line("last 100");
    assert_eq!(said.matches("triggered").count(), 64);
    let said = in_second(&mut desk, "last 100");
    assert_eq!(said, "LastPriceSet; triggered 164 1 at 100; rested 164 1@50; triggered 1 1 at 100; rested 1 1@50");
    assert!(!desk.engine.work_pending());
}

#[test]
fn an_instrument_that_has_nothing_due_leaves_the_row_when_asked() {
    let mut desk = Desk::new();
    for name in 100..133 {
        desk.line(&format!("a sell {name} 1@100"));
    }
    desk.line("b buy 1 1@99 trigger=100");
    desk.line("c buy 2 33@100");
    assert!(desk.engine.work_pending());
    // Cancelled before it fired: the row still has the instrument, until it is asked.
    desk.play(&[("b cancel 1", "cancelled 1 1 Requested")]);
    assert!(!desk.engine.work_pending());
}

#[test]
fn indicative_prices_take_a_bounded_number_of_steps() {
    let mut desk = Desk::new();
    desk.line("state auction");
    for name in 1..=22 {
        desk.line(&format!("a buy {name} 1@{}", 100 + 2 * name));
        desk.line(&format!("b sell {name} 1@{}", 99 + 2 * name));
    }
    // 22 levels of bids, and 44 prices from 101 to 144 at which orders rest.
    assert_eq!(desk.line("indicative"), "rejected IndicativeExceedsSteps");
    desk.line("b cancel 22");
    assert_eq!(desk.line("indicative"), "rejected IndicativeExceedsSteps");
    desk.line("b cancel 21");
    assert!(desk.line("indicative").starts_with("indicative 1 "), "64 steps");
    let header = SetTradingState::new_header(desk.operator, desk.turn(1), AccountId::NONE);
    let state = TradingState::Halted.code();
    let instrument = desk.instrument;
    desk.send(&SetTradingState { header, instrument, state, reserved: [0; 7] });
    assert!(desk.line("indicative").starts_with("indicative 1 "));
    let header = Uncross::new_header(desk.operator, desk.turn(1), AccountId::NONE);
    let price = PriceTicks::ZERO;
    assert_eq!(
        desk.send(&Uncross { header, instrument, price, priced: 0, reserved: [0; 7] }),
        "rejected InstrumentHalted"
    );
}
