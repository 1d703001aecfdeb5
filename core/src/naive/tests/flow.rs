//! Whatever feeds say, and whatever is listed and delisted meanwhile, arrays are sound and valuation comes to an end.

use super::canary::Dice;
use super::market::{DAY, SMILE, STRIKES, U, call, flat, instrument, lenient, stamp};
use super::{Canary, Desk};
use crate::command::FeedRules;
use crate::ids::{EntityId, InstrumentId};
use crate::terms::InstrumentKind;
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

const LIVE: usize = 40;

/// Mostly what is usual, sometimes what is at the edge.
fn any(dice: &mut Dice, usual: u64, most: i64) -> i64 {
    match dice.roll(12) {
        0 => most,
        1 => 1,
        _ => 1 + dice.roll(usual).cast_signed(),
    }
}

fn list_any(desk: &mut Desk, dice: &mut Dice) {
    let kind = InstrumentKind::ALL[dice.roll(4) as usize];
    let expiry = if dice.roll(2) == 0 { SMILE } else { STRIKES };
    let sizes = [any(dice, 100, 1 << 30), any(dice, 9, 1 << 40), any(dice, 9, 1 << 30)];
    let strike = any(dice, 2_000, i64::MAX);
    desk.list(|list| {
        call(list, kind, expiry);
        (list.position_max, list.multiplier, list.price_unit) =
            (QuantityLots(sizes[0]), CashAtoms(sizes[1]), CashAtoms(sizes[2]));
        list.strike = PriceTicks(strike);
        match kind {
            InstrumentKind::Future => (list.option_type, list.strike) = (0, PriceTicks::ZERO),
            InstrumentKind::Perpetual => {
                (list.option_type, list.strike) = (0, PriceTicks::ZERO);
                (list.expiry, list.expiry_id) = (TimeNs::ZERO, crate::ids::ExpiryId::NONE);
            }
            _ => list.option_type = 1 + dice.roll(2) as u8,
        }
    });
}

fn do_anything(desk: &mut Desk, dice: &mut Dice, number: u64) {
    let live: alloc::vec::Vec<InstrumentId> = desk.engine.instruments_of(U);
    let one = live.get(dice.roll(LIVE as u64) as usize).copied().unwrap_or(instrument(1));
    let expiry = if dice.roll(2) == 0 { SMILE } else { STRIKES };
    let stamp = stamp(number, 1 + dice.roll(2) as u16);
    match dice.roll(40) {
        0..8 if live.len() < LIVE => list_any(desk, dice),
        0..4 => drop(desk.delist(one)),
        4..14 => drop(desk.index(U, any(dice, 2_000, 1_000_000), stamp)),
        14..20 => drop(desk.forward(expiry, any(dice, 2_000, 1_000_000), stamp)),
        20..22 => drop(desk.rate(expiry, any(dice, 100_000_000, -1_000_000_000), stamp)),
        22..26 => drop(desk.smile(SMILE, flat(any(dice, 1_000_000_000_000, 100_000_000_000_000)), stamp)),
        26..32 => drop(desk.volatility(one, 100_000 * any(dice, 20_000, 100_000), stamp)),
        32..34 => drop(desk.scenarios(1, [16_000_000, 1, 1_000_000].iter().take(1 + dice.roll(3) as usize).copied())),
        34 => drop(desk.configure(FeedRules { move_max: 50_000 * dice.roll(9) as u32, ..of_flow() })),
        _ => drop(desk.timer()),
    }
}

fn of_flow() -> FeedRules {
    FeedRules {
        scenario_set: 1,
        move_max: 400_000,
        mark_window: TimeNs(3),
        invalid_after: TimeNs(u64::MAX),
        ..lenient()
    }
}

/// Lanes are within their limit, and all of one generation that is not behind the one before.
fn check(desk: &Desk, last: u64) -> u64 {
    let mut generations = alloc::collections::BTreeSet::from([last]);
    for id in desk.engine.instruments_of(U) {
        let Some((generation, array, greeks)) = desk.engine.array(id) else { continue };
        let limit = (1_i128 << 59) / i128::from(desk.engine.instruments.find(id).unwrap().terms.position_max.get());
        let lanes = [array.mark, greeks.delta, greeks.gamma].into_iter().chain(array.basis).chain(array.scenarios);
        assert!(lanes.into_iter().all(|lane| (-limit..=limit).contains(&lane)), "{id} {array:?}");
        generations.insert(generation);
    }
    assert!(generations.len() <= 2, "{generations:?}");
    generations.pop_last().unwrap()
}

#[test]
fn a_random_flow_leaves_sound_arrays() {
    for seed in 0..8 {
        let (mut desk, mut dice) = (Desk::market(of_flow(), Canary::None), Dice(seed));
        let (mut generation, mut valued) = (0, 0);
        for number in 0..400 {
            // In the end it is half an hour before the expiry, and then it is over.
            if number == 300 {
                desk.at(100 * DAY - 900_000_000_000);
            } else if number == 380 {
                desk.at(100 * DAY);
            }
            do_anything(&mut desk, &mut dice, number + 1);
            (0..4).for_each(|_| drop(desk.work()));
            generation = check(&desk, generation);
            let live = desk.engine.instruments_of(U);
            valued += live.iter().filter(|id| desk.engine.array(**id).is_some()).count();
            assert!(live.windows(2).all(|pair| pair[0].generation() < pair[1].generation()));
        }
        assert!(generation > 50 && valued > 1_000, "{seed}: {generation} {valued}");
        for _ in 0..40 {
            desk.work();
        }
        assert!(!desk.engine.work_pending());
    }
}
