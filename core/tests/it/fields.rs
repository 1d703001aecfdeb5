//! What the feature `serde` makes of records: every table's, commands, hashes.

use novate_core::arena::{Arena, Layout, Untracked};
use novate_core::command::{Command, MassCancel, NewOrder, RawCommand};
use novate_core::engine::Engine;
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::terms::Side;
use novate_core::units::{PriceTicks, QuantityLots};
use serde_json::{Value, json};

fn serialised(object: &impl serde::Serialize) -> Value {
    serde_json::to_value(object).expect("records are plain objects")
}

/// Whether any field is one of reserved bytes.
fn shows_reserved(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.starts_with("reserved") || shows_reserved(value))
        }
        Value::Array(values) => values.iter().any(shows_reserved),
        _ => false,
    }
}

#[test]
fn every_record_of_every_table_is_taken_apart() {
    let genesis = Genesis::new(3, 1, Capacities::for_orders(64));
    let layout = Layout::of(&genesis);
    let mut arena = Arena::for_genesis(&genesis).expect("room");
    Engine::genesis(arena.chunks_mut(), Untracked, &genesis).expect("a state");
    let mut counted = vec![0; layout.tables().len()];
    for (chunk, bytes) in arena.chunks().iter().enumerate() {
        for record in layout.records_in(chunk, bytes) {
            let place = layout.tables().iter().position(|table| table == record.table()).expect("a table");
            assert_eq!(record.index(), counted[place]);
            assert_eq!(record.bytes().len(), record.table().record_size);
            counted[place] += 1;
            assert!(!shows_reserved(&serialised(&record)), "{record:?}");
        }
    }
    let all: Vec<u64> = layout.tables().iter().map(|table| table.records).collect();
    assert_eq!(counted, all);
    assert_eq!(layout.records_in(layout.chunks(), &arena.chunks()[0]).count(), 0);

    let header = layout.records_in(0, &arena.chunks()[0]).next().expect("a header");
    let header = serialised(&header);
    assert_eq!(header["genesis_hash"], json!(genesis.hash().to_string()));
    assert_eq!(header["digest"], json!("0".repeat(32)));
    assert_eq!(header["genesis"]["capacities"]["orders"], json!(64));
    assert_eq!(header["due"], json!({"first": 0, "last": 0}));
}

#[test]
fn commands_are_named_and_taken_apart() {
    let by = (SessionId(7), 1, AccountId(8));
    let (name, lots) = (ClientOrderId(1), QuantityLots(5));
    let order = NewOrder::limit(by, InstrumentId(9), name, Side::Sell, PriceTicks(-100), lots);
    let header = json!({"kind": 1, "size": 80, "session": 7, "session_sequence": 1, "account": 8});
    let expected = json!({"NewOrder": {
        "header": header, "instrument": 9, "client_order_id": 1, "price": -100, "quantity": 5, "side": 2, "order_type": 1,
        "time_in_force": 1, "flags": 0, "self_trade": 0,
    }});
    assert_eq!(serialised(&Command::from(&order)), expected);
    let words = RawCommand::from(&order).words();
    assert_eq!(words.len(), 10);
    assert_eq!(serialised(&Command::decode(&words[1..])), json!({"Malformed": {"kind": 7}}));
    let cancel = MassCancel::new(by, None);
    assert_eq!(serialised(&Command::from(&cancel))["MassCancel"]["instrument"], json!(0));
}
