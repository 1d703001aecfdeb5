//! Nothing runs twice: resent commands, stale and unknown ids, roles and grants.

use novate_core::command::{
    Checkpoint, CloseAccount, CloseSession, Command, CommandHeader, CommandRecord, DelistInstrument, GrantAccount,
    NewOrder, OpenAccount, OpenSession,
};
use novate_core::event::OwnedEvent;
use novate_core::ids::{AccountId, ClientOrderId, OrderId, SessionId};
use novate_core::reject::RejectCode;
use novate_core::terms::{Role, Side};
use novate_core::units::{QuantityLots, Sequence};

use crate::venue::{Desk, accepted, arena, code, engine, genesis, send};

#[test]
fn a_resent_command_returns_its_first_outcome_and_changes_nothing() {
    let genesis = genesis(100);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let order = desk.limit(1, Side::Buy, 100, 5);
    let first = send(&mut engine, Command::from(&order));
    let first_sequence = engine.sequence();
    let bad = desk.limit(2, Side::Buy, 100, 0);
    assert_eq!(code(&send(&mut engine, Command::from(&bad))), Some(RejectCode::QuantityNotPositive));
    let (levels, account) = (engine.top(desk.instrument, Side::Buy).count(), engine.account(desk.accounts[0]));
    for (command, expected) in [(order, None), (bad, Some(RejectCode::QuantityNotPositive))] {
        let again = send(&mut engine, Command::from(&command));
        let [OwnedEvent::Resent(resent)] = again.as_slice() else { panic!("{again:?}") };
        assert_eq!(RejectCode::from_code(resent.code), expected);
        assert_eq!(resent.order, if expected.is_none() { accepted(&first) } else { OrderId::NONE });
        assert_eq!(resent.first_sequence, Sequence(first_sequence.0 + u64::from(expected.is_some())));
    }
    assert_eq!(engine.top(desk.instrument, Side::Buy).count(), levels);
    assert_eq!(engine.account(desk.accounts[0]), account);
    assert_eq!(engine.session(desk.session).map(|session| session.last_session_sequence), Some(2));
}

#[test]
fn sequences_outside_the_window_have_their_own_codes() {
    let mut genesis = genesis(100);
    genesis.outcome_window = 8;
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let orders: Vec<NewOrder> = (1..=9).map(|client| desk.limit(client, Side::Buy, 100, 1)).collect();
    for order in &orders {
        send(&mut engine, Command::from(order));
    }
    assert_eq!(code(&send(&mut engine, Command::from(&orders[0]))), Some(RejectCode::SessionSequenceTooOld));
    assert!(matches!(send(&mut engine, Command::from(&orders[1])).as_slice(), [OwnedEvent::Resent(_)]));
    let mut ahead = desk.limit(10, Side::Buy, 100, 1);
    ahead.header.session_sequence += 1;
    assert_eq!(code(&send(&mut engine, Command::from(&ahead))), Some(RejectCode::SessionSequenceGap));
    ahead.header.session_sequence = 0;
    assert_eq!(code(&send(&mut engine, Command::from(&ahead))), Some(RejectCode::SessionSequenceTooOld));
}

#[test]
fn stale_ids_are_told_from_unknown_ones() {
    let genesis = genesis(100);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);

    let order = desk.limit(1, Side::Buy, 100, 5);
    let id = accepted(&send(&mut engine, Command::from(&order)));
    let cancel = desk.cancel(id);
    send(&mut engine, Command::from(&cancel));
    let again = desk.cancel(id);
    assert_eq!(code(&send(&mut engine, Command::from(&again))), Some(RejectCode::StaleOrder));
    let never = desk.cancel(OrderId::new(Sequence(3), 77));
    assert_eq!(code(&send(&mut engine, Command::from(&never))), Some(RejectCode::UnknownOrder));
    let by_client = desk.cancel(ClientOrderId(1));
    assert_eq!(code(&send(&mut engine, Command::from(&by_client))), Some(RejectCode::UnknownOrder));

    let gone = desk.accounts[1];
    let header = desk.operator::<CloseAccount>(gone);
    send(&mut engine, Command::from(&CloseAccount { header }));
    let header = desk.operator::<OpenAccount>(AccountId::NONE);
    send(&mut engine, Command::from(&OpenAccount { header, owner: 9 }));
    let mut order = desk.limit(2, Side::Buy, 100, 1);
    order.header.account = gone;
    assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(RejectCode::StaleAccount));
    let mut order = desk.limit(3, Side::Buy, 100, 1);
    order.header.account = AccountId(gone.0 + 9);
    assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(RejectCode::UnknownAccount));

    let header = desk.operator::<DelistInstrument>(AccountId::NONE);
    let instrument = desk.instrument;
    send(&mut engine, Command::from(&DelistInstrument { header, instrument }));
    let order = desk.limit(4, Side::Buy, 100, 1);
    assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(RejectCode::StaleInstrument));

    let header = desk.operator::<CloseSession>(AccountId::NONE);
    let session = desk.session;
    send(&mut engine, Command::from(&CloseSession { header, session }));
    let order = desk.limit(5, Side::Buy, 100, 1);
    assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(RejectCode::StaleSession));
}

#[test]
fn roles_and_grants_are_checked() {
    let genesis = genesis(100);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let narrow = desk.open_session(&mut engine, Role::Trader, 0);
    let mut order = desk.limit(1, Side::Buy, 100, 1);
    (order.header.session, order.header.session_sequence) = (narrow, 1);
    assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(RejectCode::AccountNotPermitted));
    let header = desk.operator::<GrantAccount>(desk.accounts[0]);
    send(&mut engine, Command::from(&GrantAccount { header, session: narrow }));
    order.header.session_sequence = 2;
    assert_ne!(accepted(&send(&mut engine, Command::from(&order))), OrderId::NONE);
    order.header.session = SessionId::operator(0);
    order.header.session_sequence = desk.next_operator();
    assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(RejectCode::RoleNotPermitted));
    let header = OpenSession::new_header(narrow, 3, AccountId::NONE);
    let open = OpenSession { header, role: Role::Operator.code(), flags: 0, reserved: [0; 6] };
    assert_eq!(code(&send(&mut engine, Command::from(&open))), Some(RejectCode::RoleNotPermitted));
}

#[test]
fn a_checkpoint_is_for_the_sequencer_and_says_nothing() {
    let genesis = genesis(100);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let header = Checkpoint::new_header(SessionId::operator(0), 1, AccountId::NONE);
    assert_eq!(code(&send(&mut engine, &Checkpoint { header })), Some(RejectCode::RoleNotPermitted));
    let header = Checkpoint::new_header(SessionId::sequencer(0), 1, AccountId::NONE);
    let checkpoint = Checkpoint { header };
    assert!(send(&mut engine, &checkpoint).is_empty());
    assert!(matches!(send(&mut engine, &checkpoint).as_slice(), [OwnedEvent::Resent(_)]));
    let padded = Checkpoint { header: CommandHeader { session_sequence: 2, reserved: 1, ..header } };
    assert_eq!(code(&send(&mut engine, &padded)), Some(RejectCode::ReservedNotZero));
}

#[test]
fn one_account_cannot_reach_the_orders_of_another() {
    let genesis = genesis(100);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let order = desk.limit(1, Side::Buy, 100, 1);
    let id = accepted(&send(&mut engine, Command::from(&order)));
    let mut by_id = desk.cancel(id);
    by_id.header.account = desk.accounts[1];
    assert_eq!(code(&send(&mut engine, Command::from(&by_id))), Some(RejectCode::OrderNotOwned));
    let mut by_client = desk.cancel(ClientOrderId(1));
    by_client.header.account = desk.accounts[1];
    assert_eq!(code(&send(&mut engine, Command::from(&by_client))), Some(RejectCode::UnknownOrder));
    assert_eq!(engine.order(id).map(|order| order.leaves), Some(QuantityLots(1)));
}
