//! Golden digests: debug and release, today and later, must say the same of the same commands. A change here is a change
//! of the rules, and raises the rules version once there was a release.

use novate_core::arena::Chunk;
use novate_core::command::{AmendOrder, Command, CommandRecord, NewOrder, ReduceOrder, ReplaceOrder};
use novate_core::command::{SetTradingState, Uncross};
use novate_core::digest::Hash256;
use novate_core::ids::{AccountId, ClientOrderId};
use novate_core::terms::{Side, TimeInForce, TradingState};
use novate_core::units::{PriceTicks, QuantityLots};

use crate::venue::{Desk, arena, engine, genesis, send};

/// A linear congruential row of numbers (Knuth's MMIX constants), so that the golden stream depends on nothing else.
struct Row(u64);

impl Row {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn ten_thousand_commands_have_their_digests() {
    let genesis = genesis(2_000);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let mut row = Row(2_024);
    for client in 1..=10_000u64 {
        let side = if row.below(2) == 0 { Side::Buy } else { Side::Sell };
        let price = 1_000 + row.below(60).cast_signed() - 30;
        let quantity = 1 + row.below(20).cast_signed();
        let target = ClientOrderId(client.saturating_sub(row.below(300)));
        let account = desk.accounts[(row.below(8) == 0) as usize];
        match row.below(20) {
            0..10 => {
                let mut order = desk.limit(client, side, price, quantity);
                order.header.account = account;
                send(&mut engine, Command::from(&order));
            }
            10 | 11 => {
                let order = desk.limit(client, side, price, quantity);
                let order = order.with_time_in_force(if row.below(2) == 0 {
                    TimeInForce::ImmediateOrCancel
                } else {
                    TimeInForce::FillOrKill
                });
                send(&mut engine, Command::from(&NewOrder { flags: 0, ..order }));
            }
            12..16 => {
                let cancel = desk.cancel(target);
                send(&mut engine, Command::from(&cancel));
            }
            16 => {
                let header = desk.trader::<ReduceOrder>(desk.accounts[0]);
                send(&mut engine, Command::from(&ReduceOrder { header, target: target.into(), by: QuantityLots(3) }));
            }
            17 => {
                let mut amend = desk.amend_price(target, price);
                (amend.changes, amend.quantity) = (AmendOrder::PRICE | AmendOrder::QUANTITY, QuantityLots(quantity));
                send(&mut engine, Command::from(&amend));
            }
            18 => {
                let header = desk.trader::<ReplaceOrder>(desk.accounts[0]);
                let (price, quantity) = (PriceTicks(price), QuantityLots(quantity));
                let client_order_id = ClientOrderId(client);
                let replace = ReplaceOrder { header, target: target.into(), client_order_id, price, quantity };
                send(&mut engine, Command::from(&replace));
            }
            _ => auction(&mut engine, &mut desk, client),
        }
    }
    let events = engine.events_digest().to_string();
    let state = Hash256::of("golden state", &[bytemuck::cast_slice::<Chunk, u8>(arena.chunks())]).to_string();
    assert_eq!(
        (events.as_str(), state.as_str()),
        ("0f8a0ddcac27b2178f8f7452adb90caa", "07a883167e38567de6d69bb0076c68da9e7ce27813fd33767ad199b9668f6f39"),
    );
}

fn auction(engine: &mut novate_core::engine::Engine<'_>, desk: &mut Desk, step: u64) {
    let instrument = desk.instrument;
    if step.is_multiple_of(2) {
        let (header, state) = (desk.operator::<SetTradingState>(AccountId::NONE), TradingState::Auction.code());
        send(engine, Command::from(&SetTradingState { header, instrument, state, reserved: [0; 7] }));
    } else {
        let header =
            Uncross::new_header(novate_core::ids::SessionId::operator(0), desk.next_operator(), AccountId::NONE);
        send(engine, Command::from(&Uncross { header, instrument, price: PriceTicks(0), priced: 0, reserved: [0; 7] }));
    }
}
