//! Full tables and the edges of 64-bit numbers: typed rejections, and nothing else changes.

use novate_core::arena::Layout;
use novate_core::command::{Command, ListInstrument, SetTradingState, Uncross};
use novate_core::engine::Engine;
use novate_core::event::OwnedEvent;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, SessionId};
use novate_core::reject::RejectCode;
use novate_core::terms::{Role, Side, TimeInForce, TradingState};
use novate_core::units::{PriceTicks, QuantityLots};

use crate::venue::{Desk, arena, code, engine, genesis, send};

/// All of the state but the header (sequence, time, digest) and the sender's session and outcomes.
fn state(engine: &Engine<'_>) -> Vec<Vec<u8>> {
    let own = |place: usize| place != 0 && !(1..=3).contains(&place) && place != OUTCOMES;
    engine.tables().enumerate().filter(|(place, _)| own(*place)).map(|(_, bytes)| bytes.to_vec()).collect()
}

/// The outcomes' place among the tables.
const OUTCOMES: usize = 35;

#[test]
fn the_outcomes_are_where_the_tests_think() {
    let layout = Layout::of(&genesis(10));
    assert_eq!(layout.tables()[OUTCOMES].name, "outcomes");
    assert_eq!(layout.tables()[1].name, "sessions");
}

#[test]
fn a_full_order_table_changes_nothing() {
    let genesis = genesis(3);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    for client in 1..=3 {
        let order = desk.limit(client, Side::Buy, 100, 1);
        assert_eq!(code(&send(&mut engine, Command::from(&order))), None);
    }
    let before = state(&engine);
    let order = desk.limit(4, Side::Sell, 100, 1);
    assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(RejectCode::OrderTableFull));
    assert_eq!(state(&engine), before);
}

#[test]
fn a_full_level_table_or_ladder_changes_nothing() {
    for (levels, ladder_nodes, expected) in [(2, 1_000, RejectCode::LevelTableFull), (100, 26, RejectCode::LadderFull)]
    {
        let capacities = Capacities { levels, ladder_nodes, ..Capacities::for_orders(50) };
        let genesis = Genesis::new(0, 1, capacities);
        let mut arena = arena(&genesis);
        let mut engine = engine(&mut arena, &genesis);
        let mut desk = Desk::open(&mut engine);
        // Prices far from each other take many nodes.
        let mut rejected = None;
        for (client, price) in (1..).zip([100, 1 << 40, -(1 << 50), 1 << 60, 7]) {
            let before = state(&engine);
            let order = desk.limit(client, Side::Buy, price, 1);
            rejected = code(&send(&mut engine, Command::from(&order)));
            if rejected.is_some() {
                assert_eq!(state(&engine), before);
                break;
            }
        }
        assert_eq!(rejected, Some(expected));
        // An order at a price that has a level needs neither.
        let order = desk.limit(99, Side::Buy, 100, 1);
        assert_eq!(code(&send(&mut engine, Command::from(&order))), None);
    }
}

#[test]
fn full_entity_tables_have_their_own_codes() {
    let capacities = Capacities { instruments: 1, accounts: 2, sessions: 3, ..Capacities::for_orders(10) };
    let genesis = Genesis::new(0, 1, capacities);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let before = state(&engine);
    let list = ListInstrument::perpetual((SessionId::operator(0), desk.next_operator()), "MORE");
    assert_eq!(code(&send(&mut engine, Command::from(&list))), Some(RejectCode::InstrumentTableFull));
    assert_eq!(desk.open_account(&mut engine), AccountId::NONE);
    assert_eq!(desk.open_session(&mut engine, Role::Feed, 0), SessionId::NONE);
    assert_eq!(state(&engine), before);
}

#[test]
fn the_edges_of_a_64_bit_integer_are_rejected_not_wrapped() {
    let genesis = genesis(50);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let most = i64::MAX;
    let first = desk.limit(1, Side::Buy, most, most);
    assert_eq!(code(&send(&mut engine, Command::from(&first))), None);
    let second = desk.limit(2, Side::Buy, most, 1);
    assert_eq!(code(&send(&mut engine, Command::from(&second))), Some(RejectCode::LevelQuantityOverflow));
    for (quantity, expected) in [(0, RejectCode::QuantityNotPositive), (i64::MIN, RejectCode::QuantityNotPositive)] {
        let order = desk.limit(3, Side::Buy, 1, quantity);
        assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(expected));
    }
    // Two sells of the whole range against each other's bids: the second would leave the position's range.
    let mut sell = desk.limit(4, Side::Sell, i64::MIN, most);
    sell.header.account = desk.accounts[1];
    send(&mut engine, Command::from(&sell));
    assert_eq!(engine.position(desk.accounts[0], desk.instrument), QuantityLots(most));
    assert_eq!(engine.position(desk.accounts[1], desk.instrument), QuantityLots(-most));
    let mut bid = desk.limit(5, Side::Buy, 0, most);
    bid.header.account = desk.accounts[0];
    send(&mut engine, Command::from(&bid));
    let mut sell = desk.limit(6, Side::Sell, 0, 1);
    sell.header.account = desk.accounts[1];
    send(&mut engine, Command::from(&sell));
    assert_eq!(engine.position(desk.accounts[1], desk.instrument), QuantityLots(-most));
    assert_eq!(engine.order_by_client(desk.accounts[1], ClientOrderId(6)), None);
    assert!(engine.level(desk.instrument, Side::Buy, PriceTicks(0)).is_some());
}

#[test]
fn a_thousand_instruments_fit_in_a_gigabyte() {
    let capacities = Capacities { instruments: 1_000, accounts: 10_000, ..Capacities::for_orders(1_000_000) };
    let bytes = Layout::of(&Genesis::new(0, 1, capacities)).bytes();
    assert!(bytes < 1 << 30, "{bytes}");
    let more = Capacities { instruments: 2_000, ..capacities };
    let per_instrument = (Layout::of(&Genesis::new(0, 1, more)).bytes() - bytes) / 1_000;
    assert!((1_408..=1_416).contains(&per_instrument), "{per_instrument} bytes an instrument");
}

/// Enters `count` sells of one lot at a price.
fn sell_wall(engine: &mut Engine<'_>, desk: &mut Desk, from: u64, count: u64) {
    for client in from..from + count {
        let order = desk.limit(client, Side::Sell, 100, 1);
        assert_eq!(code(&send(engine, Command::from(&order))), None);
    }
}

#[test]
fn more_fills_than_one_command_may_do() {
    let mut genesis = genesis(400);
    genesis.max_steps = 64;
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    sell_wall(&mut engine, &mut desk, 1, 66);
    let mut all = desk.limit(900, Side::Buy, 100, 65).with_time_in_force(TimeInForce::FillOrKill);
    all.header.account = desk.accounts[1];
    let before = state(&engine);
    assert_eq!(code(&send(&mut engine, Command::from(&all))), Some(RejectCode::FillOrKillExceedsSteps));
    assert_eq!(state(&engine), before);
    let mut most = desk.limit(901, Side::Buy, 100, 64).with_time_in_force(TimeInForce::FillOrKill);
    most.header.account = desk.accounts[1];
    assert_eq!(send(&mut engine, Command::from(&most)).len(), 65);
    assert_eq!(engine.level(desk.instrument, Side::Sell, PriceTicks(100)).map(|level| level.orders), Some(2));
}

#[test]
fn a_full_work_queue_rejects_an_auction_and_changes_nothing() {
    let mut genesis = genesis(800);
    (genesis.max_steps, genesis.capacities.work_items) = (64, 1);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let first = desk.instrument;
    let list = ListInstrument::perpetual((SessionId::operator(0), desk.next_operator()), "SECOND");
    let listed = send(&mut engine, Command::from(&list));
    let second = match listed.as_slice() {
        [OwnedEvent::InstrumentListed(listed)] => listed.instrument,
        other => panic!("{other:?}"),
    };
    for (place, instrument) in [first, second].into_iter().enumerate() {
        desk.instrument = instrument;
        let header = desk.operator::<SetTradingState>(AccountId::NONE);
        let auction = SetTradingState { header, instrument, state: TradingState::Auction.code(), reserved: [0; 7] };
        send(&mut engine, Command::from(&auction));
        sell_wall(&mut engine, &mut desk, place as u64 * 1_000 + 1, 300);
        let mut bid = desk.limit(place as u64 * 1_000 + 900, Side::Buy, 100, 300);
        bid.header.account = desk.accounts[1];
        send(&mut engine, Command::from(&bid));
    }
    let mut uncross = |desk: &mut Desk, instrument| {
        let header = desk.operator::<Uncross>(AccountId::NONE);
        let uncross = Uncross { header, instrument, price: PriceTicks(0), priced: 0, reserved: [0; 7] };
        send(&mut engine, Command::from(&uncross))
    };
    assert_eq!(code(&uncross(&mut desk, first)), None);
    // The second is rejected; the first goes on behind it.
    let said = uncross(&mut desk, second);
    assert_eq!(code(&said[..1]), Some(RejectCode::WorkQueueFull));
    assert_eq!(said.len(), 65);
    while engine.work_pending() {
        let cancel = desk.cancel(ClientOrderId(5_000));
        send(&mut engine, Command::from(&cancel));
    }
    assert_eq!(engine.instrument(first).map(|view| view.state), Some(TradingState::Continuous));
    assert_eq!(engine.instrument(second).map(|view| view.state), Some(TradingState::Auction));
}
