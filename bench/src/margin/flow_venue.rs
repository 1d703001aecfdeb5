//! The venue of the flows with margin checked on every order: their perpetual has an underlying with feeds, and their
//! accounts have a model and cash.

use novate_core::command::{
    AdjustCash, CommandRecord, FeedStamp, ListInstrument, ListUnderlying, MarginTerms, OpenAccount, OpenSession,
    SetMarginModel, SetMarginTerms, SetScenarios, SetShocks, Timer, UpdateIndex, Work,
};
use novate_core::genesis::{Capacities, Genesis};
use novate_core::ids::{AccountId, EntityId, SessionId, UnderlyingId};
use novate_core::margin::sets::derive_pmrm2;
use novate_core::terms::{MarginModel, Role};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

use super::venue::ageless;
use crate::records::Records;
use crate::workload::{Flow, PRICE_TICKS_END};

/// What a tick is worth, in atoms for one unit of the underlying: one.
const TICK_ATOMS: i64 = 1_000_000;
/// The scenario set's number.
const SET: u16 = 1;
/// What each account has: more than flows use up.
const CASH: CashAtoms = CashAtoms(1 << 55);
/// The most lots that an account may have.
const POSITION_MAX: QuantityLots = QuantityLots(1 << 31);
/// `Work` commands after which what a set-up leaves to be done is done.
const WORK_COMMANDS: usize = 8;

/// A genesis with room for a flow's orders, in a shard that checks margin.
pub(crate) fn genesis_of(flow: &Flow) -> Genesis {
    let capacities = Capacities::for_orders(flow.live_orders_max + 1);
    Genesis::new(0, 1, Capacities { vectors: capacities.accounts, ..capacities })
}

/// What the operator sends, and the sequencer: everything up to the first risk array.
pub(crate) fn set_up_records(owners: &[u64], model: MarginModel) -> Records {
    let operator = SessionId::operator(0);
    let mut number = 0;
    let mut next = || {
        number += 1;
        (operator, number)
    };
    let mut records = Records::default();
    let pmrm2 = derive_pmrm2();
    records.push(&SetScenarios::new(next(), SET, pmrm2.scenarios));
    records.push(&SetShocks::new(next(), SET, pmrm2.shocks));
    records.push(&SetMarginTerms::new(next(), SET, MarginTerms::USUAL));
    let index = CashAtoms(i64::from(PRICE_TICKS_END / 2) * TICK_ATOMS);
    let mut underlying = ListUnderlying::new(next(), "FLOW", CashAtoms(2 * index.0));
    underlying.lane_bits = 4;
    underlying.rules = ageless(SET);
    records.push(&underlying);
    let id = UnderlyingId::from_parts(0, 1, 1);
    records.push(&ListInstrument {
        price_min: PriceTicks(0),
        price_max: PriceTicks(PRICE_TICKS_END.into()),
        limit_low: PriceTicks(0),
        limit_high: PriceTicks(PRICE_TICKS_END.into()),
        underlying_id: id,
        price_unit: CashAtoms(TICK_ATOMS),
        position_max: POSITION_MAX,
        ..ListInstrument::perpetual(next(), "FLOW-PERP")
    });
    for (slot, &owner) in (1..).zip(owners) {
        let account = AccountId::from_parts(0, slot, slot);
        records.push(&OpenAccount::new(next(), owner));
        let (session, sequence) = next();
        let header = SetMarginModel::new_header(session, sequence, account);
        records.push(&SetMarginModel { header, model: model.code(), reserved: [0; 7] });
        records.push(&AdjustCash::new(next(), account, CASH));
    }
    records.push(&UpdateIndex::new(next(), id, index, FeedStamp::sure(0, TimeNs(1))));
    let sequencer = SessionId::sequencer(0);
    records.push(&Timer { header: Timer::new_header(sequencer, 1, AccountId::NONE) });
    for sequence in (2..).take(WORK_COMMANDS) {
        records.push(&Work { header: Work::new_header(sequencer, sequence, AccountId::NONE) });
    }
    records.push(&OpenSession::for_all_accounts(next(), Role::Trader));
    records
}
