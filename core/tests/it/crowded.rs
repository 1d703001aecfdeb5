//! Keys chosen by somebody who knows the indexes' seed. Client order ids: a bounded look-up, and a code of its own.
//! Positions: as many as there are records for, wherever their keys lie.

use novate_core::command::{Command, ListInstrument};
use novate_core::event::OwnedEvent;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, EntityId, InstrumentId, SessionId};
use novate_core::reject::RejectCode;
use novate_core::terms::Side;
use novate_core::units::QuantityLots;

use crate::venue::{Desk, arena, code, engine, genesis, send};

const ORDERS: u32 = 1_000;
/// Entries of a bucket, and how many full buckets an entry may pass.
const ENTRIES: u64 = 12;
const PASSES: u64 = 32;

/// The bucket where a search for a pair begins in an index of so many places, as the engine computes it.
fn pair_home(seed: u64, first: u64, second: u64, capacity: u32) -> u64 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xd1b5_4a32_d192_ed03;
    let a = (first ^ seed).wrapping_mul(A);
    let hash = (a ^ (a >> 32) ^ second.wrapping_mul(B)).wrapping_mul(A) >> 32;
    (hash * u64::from(capacity.div_ceil(6))) >> 32
}

fn home(seed: u64, account: AccountId, id: u64) -> u64 {
    pair_home(seed, id, account.slot().into(), ORDERS)
}

#[test]
fn chosen_ids_are_rejected_before_look_ups_grow_long() {
    let genesis = genesis(ORDERS);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let account = desk.accounts[0];
    let mut colliding = (1..).filter(|id| home(genesis.index_seed, account, *id) == 7);
    let fitting = ENTRIES * (PASSES + 1);
    let entered: Vec<u64> = colliding.by_ref().take(fitting as usize).collect();
    for &id in &entered {
        let order = desk.limit(id, Side::Buy, 100, 1);
        assert_eq!(code(&send(&mut engine, Command::from(&order))), None);
    }
    let one_more = colliding.next().expect("ids without end");
    let order = desk.limit(one_more, Side::Buy, 100, 1);
    assert_eq!(code(&send(&mut engine, Command::from(&order))), Some(RejectCode::ClientOrderIdsCrowded));
    // Others are as free as before, all that rest are found, and an entry that leaves makes room.
    let elsewhere = (1..1 << 20).find(|id| home(genesis.index_seed, account, *id) == 90).expect("one of many");
    let order = desk.limit(elsewhere, Side::Buy, 100, 1);
    assert_eq!(code(&send(&mut engine, Command::from(&order))), None);
    assert!(entered.iter().all(|id| engine.order_by_client(account, ClientOrderId(*id)).is_some()));
    let cancel = desk.cancel(ClientOrderId(entered[20]));
    assert_eq!(code(&send(&mut engine, Command::from(&cancel))), None);
    let order = desk.limit(one_more, Side::Buy, 100, 1);
    assert_eq!(code(&send(&mut engine, Command::from(&order))), None);
    assert!(engine.order_by_client(account, ClientOrderId(one_more)).is_some());
    for &id in entered.iter().filter(|id| **id != entered[20]) {
        let cancel = desk.cancel(ClientOrderId(id));
        assert_eq!(code(&send(&mut engine, Command::from(&cancel))), None);
    }
    assert!(engine.order_by_client(account, ClientOrderId(one_more)).is_some());
}

#[test]
fn chosen_positions_are_all_found() {
    const POSITIONS: u32 = 4_096;
    let capacities = Capacities { positions: POSITIONS, ..Capacities::for_orders(100) };
    let genesis = Genesis::new(0, 1, capacities);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let maker = desk.accounts[0];
    let accounts: Vec<AccountId> = (0..1_000).map(|_| desk.open_account(&mut engine)).collect();
    let mut instruments = vec![desk.instrument];
    for _ in 1..64 {
        let list = ListInstrument::perpetual((SessionId::operator(0), desk.next_operator()), "MORE");
        if let [OwnedEvent::InstrumentListed(listed)] = send(&mut engine, Command::from(&list)).as_slice() {
            instruments.push(listed.instrument);
        }
    }
    // More than fit into a row of buckets as long as an entry may pass where keys are chosen by clients.
    let is_chosen = |account: &AccountId, instrument: InstrumentId| {
        (7..12).contains(&pair_home(1, account.slot().into(), instrument.slot().into(), POSITIONS))
    };
    let chosen: Vec<(AccountId, InstrumentId)> = instruments
        .iter()
        .flat_map(|&instrument| accounts.iter().map(move |&account| (account, instrument)))
        .filter(|(account, instrument)| is_chosen(account, *instrument))
        .collect();
    assert!(chosen.len() as u64 > ENTRIES * (PASSES + 5), "{}", chosen.len());
    for (side, expected) in [(Side::Buy, 1), (Side::Sell, 0)] {
        for &(account, instrument) in &chosen {
            desk.instrument = instrument;
            let mut resting = desk.limit(1, side.opposite(), 100, 1);
            resting.header.account = maker;
            send(&mut engine, Command::from(&resting));
            let mut taking = desk.limit(2, side, 100, 1);
            taking.header.account = account;
            send(&mut engine, Command::from(&taking));
        }
        for &(account, instrument) in &chosen {
            assert_eq!(engine.position(account, instrument), QuantityLots(expected));
        }
    }
    assert!(accounts.iter().all(|account| engine.account(*account).is_some_and(|view| view.positions == 0)));
}
