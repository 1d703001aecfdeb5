//! Setting up: what is asked of records, and every reason why one is rejected.

use alloc::string::String;

use bytemuck::Zeroable;

use super::market::{DAY, SMILE, STRIKES, U, call, instrument, lenient, stamp};
use super::{Canary, Desk, small};
use crate::command::{
    CommandRecord, FeedRules, FeedStamp, ListInstrument, ListUnderlying, PPM, ScenarioTerms, SetScenarios, SetShocks,
    Shocks, Timer, UpdateIndex,
};
use crate::ids::{AccountId, ExpiryId, SessionId, UnderlyingId};
use crate::terms::{InstrumentKind, Role, Smile, Surface};
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

const INVALID: &str = "rejected InvalidField";
/// Of the market's underlying the second generation, in the second slot.
const SECOND: UnderlyingId = UnderlyingId::assemble(0, 2, 2);

#[test]
fn records_of_underlyings() {
    let mut desk = Desk::market(lenient(), Canary::None);
    let edits: [fn(&mut ListUnderlying); 17] = [
        |list| list.symbol = [0; 16],
        |list| list.symbol[3] = b'x',
        |list| list.symbol[0] = 0x7f,
        |list| list.price_max = CashAtoms(0),
        |list| list.price_max = CashAtoms(1_000_000_000_000_001),
        |list| list.lane_bits = 41,
        |list| list.rules.degraded_after = TimeNs(0),
        |list| list.rules.stale_after = TimeNs(u64::MAX - 1),
        |list| list.rules.invalid_after = TimeNs(u64::MAX - 1),
        |list| list.rules.slow_multiple = 0,
        |list| list.rules.slow_multiple = 1_000_001,
        |list| list.rules.mark_window = TimeNs(0),
        |list| list.rules.confirmations = 0,
        |list| list.rules.mark_band = 1_000_001,
        |list| list.rules.confidence_min = 1_000_001,
        |list| list.header.account = AccountId(1),
        // The record before whom it names.
        |list| (list.peg, list.lane_bits) = (SECOND, 41),
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        assert_eq!(desk.underlying(edit), INVALID, "{number}");
    }
    let edits: [fn(&mut ListUnderlying); 3] =
        [|list| list.reserved[6] = 1, |list| list.reserved_tail[15] = 1, |list| list.rules.reserved = 1];
    for edit in edits {
        assert_eq!(desk.underlying(edit), "rejected ReservedNotZero");
    }
    let widest = FeedRules { slow_multiple: 1_000_000, mark_band: PPM, confidence_min: PPM, ..lenient() };
    let said = desk.underlying(|list| {
        (list.price_max, list.lane_bits, list.rules) = (CashAtoms(1_000_000_000_000_000), 40, widest);
    });
    assert_eq!(said, "UnderlyingListed");
    assert_eq!(desk.configure(FeedRules { confirmations: 0, ..lenient() }), INVALID);
    assert_eq!(desk.configure(FeedRules { reserved: 1, ..lenient() }), "rejected ReservedNotZero");
    let unsure = FeedStamp { confidence: 1_000_001, ..stamp(1, 1) };
    assert_eq!(desk.index(U, 0, unsure), INVALID);
    assert_eq!(desk.index(U, 0, FeedStamp { reserved: 1, ..unsure }), "rejected ReservedNotZero");
}

#[test]
fn underlyings_and_expiries_come_and_go() {
    let mut genesis = small();
    (genesis.capacities.underlyings, genesis.capacities.expiries) = (2, 2);
    let mut desk = Desk::with(&genesis, Canary::None);
    let peg = |underlying| move |list: &mut ListUnderlying| list.peg = underlying;
    assert_eq!(desk.underlying(peg(U)), "rejected UnknownUnderlying");
    assert_eq!(desk.underlying(|_| ()), "UnderlyingListed");
    assert_eq!(desk.underlying(peg(U)), "UnderlyingListed");
    assert_eq!(desk.underlying(|list| list.rules.scenario_set = 1), "rejected UnknownScenarioSet");
    assert_eq!(desk.underlying(|_| ()), "rejected UnderlyingTableFull");
    assert_eq!(desk.delist_underlying(U), "rejected UnderlyingInUse");
    assert_eq!(desk.delist_underlying(SECOND), "UnderlyingDelisted");
    assert_eq!(desk.delist_underlying(SECOND), "rejected StaleUnderlying");
    assert_eq!(desk.underlying(peg(SECOND)), "rejected StaleUnderlying");
    assert_eq!(desk.underlying(peg(UnderlyingId::assemble(0, 3, 2))), "rejected UnknownUnderlying");
    // Expiries.
    assert_eq!(desk.expiry(SECOND, DAY, Surface::Smile), "rejected StaleUnderlying");
    assert_eq!(desk.expiry(UnderlyingId::NONE, DAY, Surface::Smile), "rejected UnknownUnderlying");
    assert_eq!(desk.at(1_000).expiry(U, 1_000, Surface::Smile), "rejected ExpiryInPast");
    assert_eq!(desk.at(1_001).expiry(U, 1_002, Surface::Smile), "ExpiryListed");
    assert_eq!(desk.expiry(U, DAY, Surface::Strikes), "ExpiryListed");
    assert_eq!(desk.expiry(U, 1_000, Surface::Strikes), "rejected ExpiryInPast");
    assert_eq!(desk.expiry(U, DAY, Surface::Strikes), "rejected ExpiryTableFull");
    assert_eq!(desk.delist_underlying(U), "rejected UnderlyingInUse");
    assert_eq!(desk.delist_expiry(SMILE), "ExpiryDelisted");
    assert_eq!(desk.delist_expiry(SMILE), "rejected StaleExpiry");
    assert_eq!(desk.delist_expiry(ExpiryId::assemble(0, 3, 1)), "rejected UnknownExpiry");
    let listed = desk.list(|list| {
        call(list, InstrumentKind::EuropeanOption, STRIKES);
        list.expiry = TimeNs(DAY);
    });
    assert_eq!(listed, "InstrumentListed");
    desk.rest();
    assert_eq!(desk.delist_expiry(STRIKES), "rejected ExpiryInUse");
    assert_eq!(desk.delist(instrument(2)), "InstrumentDelisted");
    assert_eq!(desk.delist_expiry(STRIKES), "ExpiryDelisted");
    assert_eq!(desk.list(|_| ()), "InstrumentListed");
    desk.rest();
    assert_eq!(desk.delist_underlying(U), "rejected UnderlyingInUse");
}

#[test]
fn a_set_is_known_once_it_has_both() {
    let mut genesis = small();
    genesis.capacities.scenario_sets = 2;
    let mut desk = Desk::with(&genesis, Canary::None);
    desk.underlying(|_| ());
    let with = |set| FeedRules { scenario_set: set, ..lenient() };
    for set in [0, 3, u16::MAX] {
        assert_eq!(desk.scenarios(set, [PPM]), "rejected UnknownScenarioSet");
        assert_eq!(desk.shocks(set), "rejected UnknownScenarioSet");
    }
    assert_eq!(desk.scenarios(1, [PPM]), "ScenariosSet");
    assert_eq!(desk.configure(with(1)), "rejected UnknownScenarioSet");
    assert_eq!(desk.shocks(1), "ShocksSet");
    assert_eq!(desk.configure(with(1)), "UnderlyingConfigured");
    assert_eq!(desk.shocks(2), "ShocksSet");
    assert_eq!(desk.configure(with(2)), "rejected UnknownScenarioSet");
    assert_eq!(desk.configure(with(3)), "rejected UnknownScenarioSet");
    assert_eq!(desk.configure(with(0)), "UnderlyingConfigured");
}

#[test]
fn records_of_sets() {
    let mut desk = Desk::market(lenient(), Canary::None);
    let one = |spot, damping, smile| ScenarioTerms::new(spot, damping, smile);
    let mut set = |scenarios: &[ScenarioTerms], edit: fn(&mut SetScenarios)| {
        let mut record = SetScenarios::new(desk.operators(), 1, scenarios.iter().copied());
        edit(&mut record);
        desk.send(&record)
    };
    let kept = one(PPM, PPM, Smile::Kept);
    assert_eq!(set(&[kept; 32], |_| ()), "ScenariosSet");
    assert_eq!(set(&[kept; 33], |_| ()), "ScenariosSet");
    assert_eq!(set(&[], |_| ()), INVALID);
    assert_eq!(set(&[kept; 32], |record| record.count = 33), INVALID);
    assert_eq!(set(&[kept; 2], |record| record.count = 1), INVALID);
    assert_eq!(set(&[kept; 2], |record| record.count = 3), INVALID);
    assert_eq!(set(&[kept], |record| record.reserved[0] = 1), "rejected ReservedNotZero");
    for wrong in [
        one(0, PPM, Smile::Kept),
        one(16_000_001, PPM, Smile::Kept),
        one(PPM, PPM + 1, Smile::Kept),
        one(PPM + 1, PPM, Smile::Linear),
        one(PPM - 1, PPM, Smile::Absolute),
    ] {
        assert_eq!(set(&[kept, wrong], |_| ()), INVALID, "{wrong:?}");
    }
    for right in [one(1, 0, Smile::Up), one(16_000_000, PPM, Smile::Down), one(PPM, 0, Smile::Linear)] {
        assert_eq!(set(&[right], |_| ()), "ScenariosSet");
    }
    let (most, many) = (1_000_000_000, 16_000_000);
    let widest = Shocks {
        range_up: most,
        floor_days: most,
        width_min: 1,
        fixed: [most, 0],
        linear: [most, -most],
        short_power: 10_000_000,
        basis: [1, many],
        basis_factor: [most; 2],
        ..Shocks::zeroed()
    };
    let mut shocks = |shocks: Shocks| {
        let (session, turn) = desk.operators();
        let header = SetShocks::new_header(session, turn, AccountId::NONE);
        desk.send(&SetShocks { header, set: 1, reserved: [0; 6], shocks })
    };
    assert_eq!(shocks(widest), "ShocksSet");
    for wrong in [
        Shocks { range_up: most + 1, ..widest },
        Shocks { width_min: 0, ..widest },
        Shocks { width: most + 1, ..widest },
        Shocks { fixed: [0, most + 1], ..widest },
        Shocks { fixed: [0, -1], ..widest },
        Shocks { floor_days: 0, ..widest },
        Shocks { short_power: 10_000_001, ..widest },
        Shocks { long_power: 10_000_001, ..widest },
        Shocks { basis: [0, many], ..widest },
        Shocks { basis: [many, many + 1], ..widest },
        Shocks { absolute: [0, -most - 1], ..widest },
        Shocks { basis_factor: [0, most + 1], ..widest },
        Shocks { volatility: [most + 1, 0], ..widest },
    ] {
        assert_eq!(shocks(wrong), INVALID, "{wrong:?}");
    }
}

#[test]
fn conditions_of_listing() {
    let mut desk = Desk::market(lenient(), Canary::None);
    let invalid = "rejected InvalidInstrument";
    let european = |list: &mut ListInstrument| call(list, InstrumentKind::EuropeanOption, STRIKES);
    let edits: [fn(&mut ListInstrument); 8] = [
        |list| list.price_unit = CashAtoms(0),
        |list| list.position_max = QuantityLots(0),
        |list| list.expiry_id = SMILE,
        |list| list.underlying_id = UnderlyingId::NONE,
        |list| (list.underlying_id, list.price_unit) = (UnderlyingId::NONE, CashAtoms(0)),
        |list| (list.underlying_id, list.position_max) = (UnderlyingId::NONE, QuantityLots(0)),
        // Before what it names is looked for.
        |list| (list.underlying_id, list.price_unit) = (SECOND, CashAtoms(-1)),
        |list| (list.underlying_id, list.position_max) = (SECOND, QuantityLots(-1)),
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        assert_eq!(desk.list(edit), invalid, "{number}");
    }
    let edits: [fn(&mut ListInstrument); 4] = [
        |list| list.expiry_id = ExpiryId::NONE,
        |list| list.strike = PriceTicks(0),
        |list| list.strike = PriceTicks(-1),
        |list| {
            (list.underlying_id, list.price_unit) = (UnderlyingId::NONE, CashAtoms(0));
            list.position_max = QuantityLots(0);
        },
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let said = desk.list(|list| {
            european(list);
            edit(list);
        });
        assert_eq!(said, invalid, "{number}");
    }
    // What it names: the underlying, then the expiry, of that underlying and at that time.
    desk.underlying(|_| ());
    desk.expiry(SECOND, 100 * DAY, Surface::Smile);
    let (third, fourth) = (ExpiryId::assemble(0, 3, 3), ExpiryId::assemble(0, 4, 4));
    let mut european_with = |underlying, expiry, days| {
        desk.list(|list| {
            european(list);
            (list.underlying_id, list.expiry_id, list.expiry) = (underlying, expiry, TimeNs(days * DAY));
        })
    };
    assert_eq!(european_with(UnderlyingId::assemble(0, 3, 3), fourth, 99), "rejected UnknownUnderlying");
    assert_eq!(european_with(UnderlyingId::assemble(0, 2, 1), fourth, 99), "rejected StaleUnderlying");
    assert_eq!(european_with(U, fourth, 99), "rejected UnknownExpiry");
    assert_eq!(european_with(U, ExpiryId::assemble(0, 3, 1), 99), "rejected StaleExpiry");
    assert_eq!(european_with(U, third, 100), "rejected ExpiryMismatch");
    assert_eq!(european_with(U, SMILE, 99), "rejected ExpiryMismatch");
    assert_eq!(european_with(SECOND, third, 100), "InstrumentListed");
    assert!(european_with(U, STRIKES, 100).starts_with("InstrumentListed"));
}

#[test]
fn lanes_must_fit() {
    let mut desk = Desk::market(lenient(), Canary::None);
    // 2^20 atoms, and two bits: p x 2^25 x multiplier x 2^2 < 2^59 x price unit.
    desk.underlying(|list| (list.price_max, list.lane_bits) = (CashAtoms(1 << 20), 2));
    let mut fits = |position: i64, multiplier: i64, unit: i64, strike: i64| {
        let said = desk.list(|list| {
            list.underlying_id = SECOND;
            (list.position_max, list.multiplier) = (QuantityLots(position), CashAtoms(multiplier));
            list.price_unit = CashAtoms(unit);
            if strike > 0 {
                (list.kind, list.option_type) = (InstrumentKind::EuropeanOption.code(), 2);
                // Fails behind the lanes: this is another underlying's, so the first one's is used.
                (list.underlying_id, list.expiry, list.expiry_id) = (U, TimeNs(100 * DAY), SMILE);
                list.strike = PriceTicks(strike);
            }
        });
        desk.rest();
        if said.starts_with("rejected LanesDoNotFit") { false } else { said.starts_with("InstrumentListed") }
    };
    assert!(fits((1 << 32) - 1, 1, 1, 0) && !fits(1 << 32, 1, 1, 0));
    assert!(fits((1 << 31) - 1, 2, 1, 0) && !fits(1 << 31, 2, 1, 0));
    assert!(fits((1 << 33) - 1, 1, 2, 0) && !fits(1 << 33, 1, 2, 0));
    assert!(!fits(i64::MAX, i64::MAX, i64::MAX, 0) && !fits(i64::MAX, i64::MAX, 1, 0));
    // Of the first underlying, of one bit and 32,000,000 at most: a strike of 2^20 x 2^10 atoms is more.
    assert!(fits((1 << 38) - 1, 1, 1 << 10, 1 << 20) && !fits(1 << 38, 1, 1 << 10, 1 << 20));
    assert!(!fits(i64::MAX, i64::MAX, i64::MAX, i64::MAX));
}

fn from(desk: &mut Desk, session: SessionId, turn: u64) -> [String; 2] {
    let index = UpdateIndex::new_header(session, turn, AccountId::NONE);
    let timer = Timer::new_header(session, turn + 1, AccountId::NONE);
    let index = UpdateIndex { header: index, underlying: U, price: CashAtoms(1), stamp: stamp(turn, 1) };
    [desk.send(&index), desk.send(&Timer { header: timer })]
}

#[test]
fn roles() {
    let mut desk = Desk::market(lenient(), Canary::None);
    let refused = "rejected RoleNotPermitted";
    let (trader, operator) = (desk.trader, desk.operator);
    assert_eq!(from(&mut desk, trader, 1), [refused, refused]);
    let turn = desk.next[1];
    assert_eq!(from(&mut desk, operator, turn), ["taken Index 1", refused]);
    assert_eq!(from(&mut desk, SessionId::sequencer(0), 1), [refused, ""]);
    desk.next[1] += 2;
    assert_eq!(desk.open(Role::Feed), "SessionOpened");
    let feed = SessionId::assemble(0, 4, 4);
    assert_eq!(from(&mut desk, feed, 100)[0], "rejected SessionSequenceGap");
    assert_eq!(from(&mut desk, feed, 1), ["rejected SourceTimeOld", refused]);
    desk.operator = feed;
    desk.next[1] = 3;
    for said in [
        desk.underlying(|_| ()),
        desk.delist_underlying(U),
        desk.configure(lenient()),
        desk.expiry(U, DAY, Surface::Smile),
        desk.delist_expiry(SMILE),
        desk.scenarios(1, [PPM]),
        desk.shocks(1),
        desk.margin_model(AccountId::assemble(0, 1, 1), 1),
    ] {
        assert_eq!(said, refused);
    }
}
