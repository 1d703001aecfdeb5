//! An account that falls below its maintenance margin: whoever sequences commands makes a checkpoint for it.

use novate_core::command::{
    AdjustCash, CommandRecord, FeedRules, FeedStamp, ListUnderlying, MarginTerms, PPM, SetMarginModel, SetMarginTerms,
    SetScenarios, SetShocks, UpdateIndex,
};
use novate_core::ids::{EntityId, UnderlyingId};
use novate_core::margin::sets::derive_pmrm2;
use novate_core::prelude::*;
use novate_core::terms::{MarginModel, MarginStatus};
use novate_core::units::CashAtoms;
use novate_replica::clock::SubmittedTime;
use novate_replica::primary::{Primary, Settings, WorkWhen};

use crate::support::{Events, folder, genesis, settings, submit};

const OPERATOR: SessionId = SessionId::operator(0);

fn underlying() -> UnderlyingId {
    UnderlyingId::from_parts(0, 1, 1)
}

fn perpetual() -> InstrumentId {
    InstrumentId::from_parts(0, 1, 1)
}

fn trader() -> SessionId {
    SessionId::from_parts(0, 3, 3)
}

fn account(number: u32) -> AccountId {
    AccountId::from_parts(0, number, number)
}

fn index(sequence: u64, time: u64, price: i64) -> UpdateIndex {
    UpdateIndex::new((OPERATOR, sequence), underlying(), CashAtoms(price), FeedStamp::sure(0, TimeNs(time)))
}

/// Runs a venue of two accounts, one of which buys what the other sells; then the index falls to a price. Returns how many
/// checkpoints there were.
fn checkpoints(price: i64, expected: Option<MarginStatus>) -> u64 {
    let (_folder, storage) = folder();
    let genesis = Genesis::new(0, 7, Capacities { vectors: 16, ..genesis().capacities });
    // One command a batch: each has its own time.
    let settings =
        Settings { batch_commands: 1, timer_ns: 1, checkpoint_ns: 0, work: WorkWhen::BeforeNext, ..settings() };
    let primary = Primary::create(&storage, &genesis, SubmittedTime, &settings).expect("a primary");
    let (mut ingress, mut events) = (primary.ingress(), Events::new(primary.egress().gate().expect("a place")));
    let set = derive_pmrm2();
    submit(&mut ingress, 1, &SetScenarios::new((OPERATOR, 1), 1, set.scenarios));
    submit(&mut ingress, 1, &SetShocks::new((OPERATOR, 2), 1, set.shocks));
    submit(&mut ingress, 1, &SetMarginTerms::new((OPERATOR, 3), 1, MarginTerms::USUAL));
    let mut coin = ListUnderlying::new((OPERATOR, 4), "COIN", CashAtoms(2_000_000));
    let (scenario_set, mark_window, mark_band) = (1, TimeNs(1), PPM);
    coin.rules = FeedRules { scenario_set, mark_window, mark_band, move_max: 0, ..FeedRules::USUAL };
    submit(&mut ingress, 1, &coin);
    let (price_unit, position_max) = (CashAtoms(1_000), QuantityLots(1_000));
    let (limit_low, limit_high) = (PriceTicks(1), PriceTicks(2_000));
    submit(
        &mut ingress,
        1,
        &ListInstrument {
            underlying_id: underlying(),
            price_unit,
            position_max,
            limit_low,
            limit_high,
            ..ListInstrument::perpetual((OPERATOR, 5), "COIN-PERP")
        },
    );
    for (number, sequence) in [(1, 6), (2, 9)] {
        submit(&mut ingress, 1, &OpenAccount::new((OPERATOR, sequence), number.into()));
        let header = SetMarginModel::new_header(OPERATOR, sequence + 1, account(number));
        submit(&mut ingress, 1, &SetMarginModel { header, model: MarginModel::Futures.code(), reserved: [0; 7] });
        submit(&mut ingress, 1, &AdjustCash::new((OPERATOR, sequence + 2), account(number), CashAtoms(10_000)));
    }
    submit(&mut ingress, 1, &OpenSession::for_all_accounts((OPERATOR, 12), Role::Trader));
    submit(&mut ingress, 1, &index(13, 1, 1_000_000));
    // The timer before it makes the mark, and the work behind it the first array.
    submit(&mut ingress, 5, &AdjustCash::new((OPERATOR, 14), account(1), CashAtoms(1)));
    for (number, side) in [(1, Side::Buy), (2, Side::Sell)] {
        let (by, id) = ((trader(), number.into(), account(number)), ClientOrderId(number.into()));
        let order = NewOrder::limit(by, perpetual(), id, side, PriceTicks(1_000), QuantityLots(100));
        submit(&mut ingress, 10 * u64::from(number), &order);
    }
    events.until(|event| matches!(event, OwnedEvent::Trade(_)));
    submit(&mut ingress, 30, &index(15, 30, price));
    for (sequence, time, amount) in [(16, 40, 2), (17, 50, 3)] {
        submit(&mut ingress, time, &AdjustCash::new((OPERATOR, sequence), account(2), CashAtoms(amount)));
    }
    let is_last = |event: &OwnedEvent| matches!(event, OwnedEvent::CashAdjusted(adjusted) if adjusted.amount.0 == 3);
    let said = events.until(is_last);
    let status = said.iter().find_map(|event| match event {
        OwnedEvent::MarginStatusChanged(changed) => MarginStatus::from_code(changed.status),
        _ => None,
    });
    assert_eq!(status, expected);
    primary.stop().expect("in order").checkpoints
}

#[test]
fn a_checkpoint_is_made_when_one_is_wanted() {
    let none = checkpoints(1_000_000, None);
    assert_eq!(checkpoints(980_000, None), none);
    assert_eq!(checkpoints(850_000, Some(MarginStatus::MaintenanceShort)), none + 1);
}
