//! Market-maker protection.

use super::Desk;
use crate::ids::AccountId;

const A: AccountId = AccountId::assemble(0, 1, 1);

#[test]
fn it_trips_at_a_limit_and_takes_the_account_out() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a resume", "rejected ProtectionNotTripped"),
        ("a protect 1000 5 0", "ProtectionSet"),
        ("a sell 1 3@100", "accepted 1 rests"),
        ("a sell 2 9@100", "accepted 2 rests"),
        ("a sell 3 9@100", "accepted 3 rests"),
        ("b sell 4 9@100", "accepted 4 rests"),
        ("a sell 5 1@min market trigger=90", "accepted 5 stop"),
        (
            // What the sweep meets is unfit at once; the rest goes at the end of the command.
            "c buy 6 6@100",
            "accepted 6; trade 1+6 3@100 left 0/3; trade 2+6 3@100 left 6/0; tripped 6 in 2; \
             cancelled 2 6 ProtectionTripped resting; cancelled 3 9 ProtectionTripped resting; \
             cancelled 5 1 ProtectionTripped; mass-cancelled 3 ProtectionTripped",
        ),
        ("a sell 1 3@100", "rejected ProtectionTripped"),
        ("a mass", "mass-cancelled 0 MassCancelled"),
    ]);
    assert!(desk.engine.is_tripped(A));
    desk.play(&[("a resume", "TradingResumed"), ("a sell 1 3@100", "accepted 1 rests")]);
    assert!(!desk.engine.is_tripped(A));
}

#[test]
fn an_unfit_maker_is_cancelled_on_the_way() {
    let mut desk = Desk::new();
    desk.play(&[
        ("a protect 1000 0 1", "ProtectionSet"),
        ("a sell 1 1@100", "accepted 1 rests"),
        ("a sell 2 1@100", "accepted 2 rests"),
        ("a sell 3 1@120", "accepted 3 rests"),
        ("b sell 4 1@100", "accepted 4 rests"),
        (
            "c buy 5 2@100",
            "accepted 5; trade 1+5 1@100 left 0/1; tripped 1 in 1; cancelled 2 1 ProtectionTripped resting; \
             trade 4+5 1@100 left 0/0; cancelled 3 1 ProtectionTripped resting; mass-cancelled 1 ProtectionTripped",
        ),
    ]);
}

#[test]
fn the_window_moves_on() {
    Desk::new().play(&[
        ("a protect 10 0 2", "ProtectionSet"),
        ("a sell 1 9@100", "accepted 1 rests"),
        ("c buy 2 1@100", "accepted 2; trade 1+2 1@100 left 8/0"),
        ("later 8", ""),
        // Nine after the first: the same window would end it; one more is a new one.
        ("later 1", ""),
        ("c buy 2 1@100", "accepted 2; trade 1+2 1@100 left 7/0"),
        ("later 8", ""),
        ("a protect 10 0 2", "ProtectionSet"),
        ("c buy 2 1@100", "accepted 2; trade 1+2 1@100 left 6/0"),
        ("later 8", ""),
        (
            "c buy 2 1@100",
            "accepted 2; trade 1+2 1@100 left 5/0; tripped 2 in 2; cancelled 1 5 ProtectionTripped resting; \
             mass-cancelled 1 ProtectionTripped",
        ),
        ("a resume", "TradingResumed"),
        ("a protect 0 1 1", "ProtectionSet"),
        ("a sell 1 9@100", "accepted 1 rests"),
        ("c buy 2 1@100", "accepted 2; trade 1+2 1@100 left 8/0"),
        // Neither fills of a taker count, nor those of an auction.
        ("a protect 99 1 1", "ProtectionSet"),
        ("d buy 3 1@99", "accepted 3 rests"),
        ("a sell 4 1@99", "accepted 4; trade 3+4 1@99 left 0/0"),
        ("state auction", "Continuous->Auction"),
        ("d buy 3 1@100", "accepted 3 rests"),
        ("uncross", "uncrossed 100 1:8; trade 3+1 1@100 left 0/7; Auction->Continuous"),
    ]);
}

#[test]
fn resuming_waits_for_the_cancels() {
    let mut desk = Desk::new();
    desk.line("a protect 1000 1 0");
    for name in 100..170 {
        desk.line(&alloc::format!("a sell {name} 1@100"));
    }
    let said = desk.line("b buy 1 1@100");
    assert!(said.starts_with("accepted 1; trade 100+1 1@100 left 0/0; tripped 1 in 1; cancelled 101 1 "), "{said}");
    // One unit for the slot of the order that traded, 63 times 16; what is left is too little for one more.
    assert_eq!(said.matches("ProtectionTripped resting").count(), 63);
    assert!(desk.engine.work_pending());
    let said = desk.line("a resume");
    assert!(said.starts_with("rejected CancelsPending; cancelled 164 1 "), "{said}");
    assert!(said.ends_with("; mass-cancelled 69 ProtectionTripped"), "{said}");
    assert!(!desk.engine.work_pending());
    // An order that was entered later is not the scan's.
    desk.play(&[("a resume", "TradingResumed")]);
}
