//! Client order ids chosen by somebody who knows the index's seed: a bounded look-up, and a code of its own.

use novate_core::command::Command;
use novate_core::ids::{AccountId, ClientOrderId, EntityId};
use novate_core::reject::RejectCode;
use novate_core::terms::Side;

use crate::venue::{Desk, arena, code, engine, genesis, send};

const ORDERS: u32 = 1_000;
/// Entries of a bucket, and how many full buckets an entry may pass.
const ENTRIES: u64 = 12;
const PASSES: u64 = 32;

/// The bucket where an id's search begins, as the engine computes it.
fn home(seed: u64, account: AccountId, id: u64) -> u64 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xd1b5_4a32_d192_ed03;
    let a = (id ^ seed).wrapping_mul(A);
    let hash = (a ^ (a >> 32) ^ u64::from(account.slot()).wrapping_mul(B)).wrapping_mul(A) >> 32;
    (hash * u64::from(ORDERS.div_ceil(6))) >> 32
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
