//! Sessions, parties and what every command has in common.

use alloc::vec::Vec;

use super::Desk;
use crate::command::{
    CancelOrder, CloseAccount, CloseSession, Command, CommandRecord, GrantAccount, NewOrder, OpenAccount, OpenSession,
    RevokeAccount,
};
use crate::event::OwnedEvent;
use crate::ids::{AccountId, ClientOrderId, OrderId, SessionId};
use crate::terms::{Role, Side};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

const A: AccountId = AccountId::assemble(0, 1, 1);

/// An order of the trader's under a session sequence of the test's choice.
fn order(desk: &Desk, session: SessionId, turn: u64, name: u64) -> NewOrder {
    let (price, quantity) = (PriceTicks(100), QuantityLots(1));
    NewOrder::limit((session, turn, A), desk.instrument, ClientOrderId(name), Side::Buy, price, quantity)
}

#[test]
fn a_resent_command_is_answered_from_the_window() {
    let mut desk = Desk::new();
    let trader = desk.trader;
    let mut send = |turn, name| {
        let record = order(&desk, trader, turn, name);
        desk.send(&record)
    };
    assert_eq!(send(0, 1), "rejected SessionSequenceTooOld");
    assert_eq!(send(2, 1), "rejected SessionSequenceGap");
    assert_eq!(send(1, 1), "accepted 1 rests");
    assert_eq!(send(2, 1), "rejected DuplicateClientOrderId");
    assert_eq!(send(1, 7), "resent 0");
    assert_eq!(send(2, 7), "resent 401");
    for turn in 3..=9 {
        assert_eq!(send(turn, 0), "accepted 0 rests");
    }
    // The window is 8: the outcomes of 2 to 9.
    assert_eq!(send(2, 0), "resent 401");
    assert_eq!(send(1, 0), "rejected SessionSequenceTooOld");
    assert_eq!(send(11, 0), "rejected SessionSequenceGap");
}

#[test]
fn unknown_and_stale_sessions() {
    let mut desk = Desk::new();
    let operator = desk.operator;
    let header = CloseSession::new_header(operator, desk.turn(1), AccountId::NONE);
    let trader = desk.trader;
    assert_eq!(desk.send(&CloseSession { header, session: trader }), "SessionClosed");
    for (session, expected) in [
        (trader, "rejected StaleSession"),
        (SessionId::assemble(0, 2, 1), "rejected StaleSession"),
        (SessionId::assemble(0, 4, 3), "rejected UnknownSession"),
        (SessionId::assemble(0, 3, 4), "rejected UnknownSession"),
        (SessionId::assemble(1, 3, 3), "rejected UnknownSession"),
        (SessionId::assemble(0, 0, 1), "rejected UnknownSession"),
        (SessionId::NONE, "rejected UnknownSession"),
    ] {
        let record = order(&desk, session, 1, 1);
        assert_eq!(desk.send(&record), expected, "{session}");
    }
    for session in [operator, SessionId::sequencer(0)] {
        let header = CloseSession::new_header(operator, desk.turn(1), AccountId::NONE);
        assert_eq!(desk.send(&CloseSession { header, session }), "rejected SessionInUse");
    }
    // The freed slot serves the next one, which begins anew.
    let header = OpenSession::new_header(operator, desk.turn(1), AccountId::NONE);
    let record = OpenSession { header, role: Role::Trader.code(), flags: 0, reserved: [0; 6] };
    assert_eq!(desk.send(&record), "SessionOpened");
    let record = order(&desk, SessionId::assemble(0, 4, 3), 1, 1);
    assert_eq!(desk.send(&record), "rejected AccountNotPermitted");
}

#[test]
fn grants_permit_and_hold_open() {
    let mut desk = Desk::new();
    let operator = desk.operator;
    let header = OpenSession::new_header(operator, desk.turn(1), AccountId::NONE);
    desk.send(&OpenSession { header, role: Role::Trader.code(), flags: 0, reserved: [0; 6] });
    let session = SessionId::assemble(0, 4, 4);
    let grant = |desk: &mut Desk| GrantAccount { header: GrantAccount::new_header(operator, desk.turn(1), A), session };
    let revoke =
        |desk: &mut Desk| RevokeAccount { header: RevokeAccount::new_header(operator, desk.turn(1), A), session };
    let record = grant(&mut desk);
    assert_eq!(desk.send(&record), "AccountGranted");
    let record = grant(&mut desk);
    assert_eq!(desk.send(&record), "rejected AlreadyGranted");
    let record = order(&desk, session, 1, 5);
    assert_eq!(desk.send(&record), "accepted 5 rests");
    let header = CloseSession::new_header(operator, desk.turn(1), AccountId::NONE);
    assert_eq!(desk.send(&CloseSession { header, session }), "rejected SessionInUse");
    let record = revoke(&mut desk);
    assert_eq!(desk.send(&record), "AccountRevoked");
    let record = revoke(&mut desk);
    assert_eq!(desk.send(&record), "rejected NotGranted");
    let header = CloseAccount::new_header(operator, desk.turn(1), A);
    assert_eq!(desk.send(&CloseAccount { header }), "rejected AccountInUse");
    // The operator may cancel for any account, but not enter orders.
    let header = CancelOrder::new_header(operator, desk.turn(1), A);
    assert_eq!(desk.send(&CancelOrder { header, target: ClientOrderId(5).into() }), "cancelled 5 1 Requested resting");
    let turn = desk.turn(1);
    let record = order(&desk, operator, turn, 5);
    assert_eq!(desk.send(&record), "rejected RoleNotPermitted");
    let header = CloseAccount::new_header(operator, desk.turn(1), A);
    assert_eq!(desk.send(&CloseAccount { header }), "AccountClosed");
    let trader = desk.trader;
    let record = order(&desk, trader, 1, 5);
    assert_eq!(desk.send(&record), "rejected StaleAccount");
}

#[test]
fn the_record_is_checked_before_the_role() {
    let mut desk = Desk::new();
    let mut record = OpenAccount { header: OpenAccount::new_header(desk.trader, 1, A), owner: 0 };
    assert_eq!(desk.send(&record), "rejected InvalidField");
    record.header.reserved = 1;
    record.header.session_sequence = 2;
    assert_eq!(desk.send(&record), "rejected ReservedNotZero");
    record.header.reserved = 0;
    record.header.account = AccountId::NONE;
    record.header.session_sequence = 3;
    assert_eq!(desk.send(&record), "rejected RoleNotPermitted");
}

#[test]
fn rejections_repeat_what_was_sent() {
    let mut desk = Desk::new();
    let mut events: Vec<OwnedEvent> = Vec::new();
    let header = CancelOrder::new_header(SessionId(77), 5, A);
    let record = CancelOrder { header, target: OrderId(9).into() };
    let (next, time) = (desk.sequence + 1, TimeNs(desk.sequence + 1));
    desk.engine.apply(Sequence(next), time, (&record).into(), &mut events).unwrap();
    desk.engine.apply(Sequence(next + 1), time, Command::Malformed { kind: 9 }, &mut events).unwrap();
    let [OwnedEvent::Rejected(first), OwnedEvent::Rejected(second)] = events[..] else { panic!("{events:?}") };
    assert_eq!((first.session, first.session_sequence, first.account, first.order), (SessionId(77), 5, A, OrderId(9)));
    assert_eq!((second.code, second.session, second.session_sequence), (101, SessionId::NONE, 0));
}
