//! A batch is its commands one by one, also where it looks ahead.

use novate_core::command::{CommandRecord, NewOrder, RawCommand};
use novate_core::engine::{OutOfOrder, Sequenced};
use novate_core::event::OwnedEvent;
use novate_core::ids::ClientOrderId;
use novate_core::terms::Side;
use novate_core::units::{Sequence, TimeNs};

use crate::venue::{Desk, arena, engine, genesis};

/// Enough live orders for the engine to look ahead.
const LIVE_ORDERS: u64 = 20_000;

fn words<C: CommandRecord>(record: &C) -> Vec<u64> {
    bytemuck::cast_slice(core::slice::from_ref(record)).to_vec()
}

/// Orders that rest, then a mixture of everything, nonsense included.
fn stream(desk: &mut Desk) -> Vec<Vec<u64>> {
    let mut stream = Vec::new();
    for client in 1..=LIVE_ORDERS {
        let spread = i64::try_from(client % 700).unwrap_or(0);
        let order = if client % 2 == 0 {
            desk.limit(client, Side::Buy, 10_000 - spread, 5)
        } else {
            desk.limit(client, Side::Sell, 10_001 + spread, 5)
        };
        stream.push(words(&order));
    }
    for step in 0..3_000u64 {
        let target = ClientOrderId(step * 6_151 % LIVE_ORDERS + 1);
        stream.push(match step % 5 {
            0 => words(&desk.cancel(target)),
            1 => words(&desk.limit(LIVE_ORDERS + step, Side::Buy, 10_003, 7)),
            2 => words(&desk.amend_price(target, 9_990)),
            3 => words(&desk.limit(LIVE_ORDERS + step, Side::Sell, 12_345, 7)),
            _ => vec![step; (step % 12) as usize],
        });
    }
    stream
}

#[test]
fn a_batch_is_its_commands_one_by_one() {
    let genesis = genesis(30_000);
    let (mut one_arena, mut batch_arena) = (arena(&genesis), arena(&genesis));
    let (mut one, mut batched) = (engine(&mut one_arena, &genesis), engine(&mut batch_arena, &genesis));
    let mut desk = Desk::open(&mut one);
    Desk::open(&mut batched);
    let stream = stream(&mut desk);
    let mut one_events: Vec<OwnedEvent> = Vec::new();
    let mut batch_events: Vec<OwnedEvent> = Vec::new();
    let start = one.sequence().0;
    let sequenced: Vec<Sequenced<'_>> = (start + 1..)
        .zip(&stream)
        .map(|(at, words)| Sequenced { sequence: Sequence(at), time: TimeNs(at), command: RawCommand::new(words) })
        .collect();
    for part in sequenced.chunks(64) {
        for next in part {
            one.apply(next.sequence, next.time, next.command, &mut one_events).expect("in order");
        }
        batched.apply_batch(part, &mut batch_events).expect("in order");
    }
    assert!(one_events == batch_events);
    assert_eq!(one.events_digest(), batched.events_digest());
    assert_eq!(one.event_count(), batch_events.len() as u64 + 4);
    assert!(one_arena.chunks() == batch_arena.chunks());
}

#[test]
fn a_batch_stops_at_the_first_command_out_of_order() {
    let genesis = genesis(10);
    let mut arena = arena(&genesis);
    let mut engine = engine(&mut arena, &genesis);
    let mut desk = Desk::open(&mut engine);
    let start = engine.sequence().0;
    let orders: Vec<NewOrder> = (1..=3).map(|client| desk.limit(client, Side::Buy, 5, 1)).collect();
    let at = |place: usize, sequence: u64, time: u64| Sequenced {
        sequence: Sequence(sequence),
        time: TimeNs(time),
        command: RawCommand::from(&orders[place]),
    };
    let mut events: Vec<OwnedEvent> = Vec::new();
    let gap = engine.apply_batch(&[at(0, start + 1, 50), at(1, start + 3, 50)], &mut events);
    let expected = Sequence(start + 2);
    assert_eq!(gap, Err(OutOfOrder::Sequence { expected, given: Sequence(start + 3) }));
    assert_eq!((engine.sequence().0, events.len()), (start + 1, 1));
    let back = engine.apply_batch(&[at(1, start + 2, 49)], &mut events);
    assert_eq!(back, Err(OutOfOrder::Time { last: TimeNs(50), given: TimeNs(49) }));
    assert_eq!((engine.sequence().0, events.len(), engine.event_count()), (start + 1, 1, 5));
    engine.apply_batch(&[at(1, start + 2, 50)], &mut events).expect("in order");
    assert_eq!((engine.sequence().0, events.len()), (start + 2, 2));
}
