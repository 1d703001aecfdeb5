//! What is reserved for orders suffices: whichever of them are filled, at the price that they are reserved for, there is
//! no less left over the initial margin than there was.

use alloc::vec::Vec;

use ethnum::I256;

use super::canary::Dice;
use super::market::{SMILE, call, instrument, stamp, terms};
use super::risk::put;
use super::{Canary, Desk};
use crate::command::{MarginTerms, ScenarioTerms, SetScenarios, SetShocks, Shocks};
use crate::terms::{InstrumentKind, MarginModel, Smile};
use crate::units::PriceTicks;

use super::super::kept::Holding;
use super::super::margin::Question;

const OPTIONS: u32 = 6;

/// Calls and puts with three strikes, and a perpetual; discounts, a basis, a skew and a damped tail.
fn desk(canary: Canary) -> Desk {
    let mut desk = Desk::options(MarginModel::Portfolio, canary, |desk| {
        let smiles =
            [(1_100_000, Smile::Up), (900_000, Smile::Down), (1_000_000, Smile::Linear), (4_000_000, Smile::Kept)];
        let scenarios = smiles
            .map(|(spot, smile)| ScenarioTerms::new(spot, if spot > 2_000_000 { 300_001 } else { 1_000_000 }, smile));
        let record = SetScenarios::new(desk.operators(), 1, scenarios);
        desk.send(&record);
        let mut shocks = Shocks::default();
        (shocks.range_up, shocks.range_down) = (450_000, 300_000);
        (shocks.floor_days, shocks.width_min, shocks.width) = (1_000_000, 20_000, 3_500_000);
        (shocks.linear, shocks.absolute) = ([200_000, -40_000], [180_000, -30_000]);
        (shocks.fixed, shocks.rate_mult) = ([960_000, 1_030_000], [1_000_000, 500_000]);
        (shocks.basis, shocks.basis_factor) = ([1_040_000, 960_000], [250_000, 10_000]);
        let record = SetShocks::new(desk.operators(), 1, shocks);
        desk.send(&record);
        desk.set_terms(MarginTerms { doubt: 300_000, confidence_threshold: 1_000_000, ..terms() });
    });
    for strike in [90, 110] {
        desk.list(|list| {
            call(list, InstrumentKind::EuropeanOption, SMILE);
            list.strike = PriceTicks(strike);
        });
        desk.list(|list| {
            put(list, strike);
            list.kind = InstrumentKind::EuropeanOption.code();
        });
    }
    desk.list(|_| ());
    desk.rest();
    desk.at(5_000).rate(SMILE, 500_000_000, stamp(2, 1));
    desk.smile(SMILE, super::market::flat(360_000_000_000), stamp(2, 1));
    desk.timer();
    desk.rest();
    desk
}

/// Lots held, and orders on both sides with what a lot of each loses at once, in whole atoms.
struct Case {
    holding: Holding,
    adverse: [i128; 2],
}

fn any_case(dice: &mut Dice, number: u32) -> Case {
    let mut lots = |most: u64| i128::from(dice.roll(most + 1));
    let (buys, sells, adverse) = (lots(9) * lots(1), lots(9) * lots(1), [2 * lots(8), 2 * lots(8)]);
    let holding = Holding {
        instrument: instrument(number),
        lots: lots(20) - 10,
        buys,
        sells,
        adverse: buys * adverse[0] + sells * adverse[1],
    };
    Case { holding, adverse }
}

#[test]
fn whichever_orders_are_filled() {
    assert_eq!(short_of_reserve(Canary::None), 0);
    for canary in [Canary::ReserveIgnoresSign, Canary::FilledSideForgotten] {
        assert!(short_of_reserve(canary) > 0, "{}", canary.name());
    }
}

/// How often fills cost more than was reserved.
fn short_of_reserve(canary: Canary) -> usize {
    let desk = desk(canary);
    let initial = |model: MarginModel, money: I256, holdings: &[Holding]| {
        let question = Question { model: Some(model), money, holdings, less: None };
        desk.engine.reckon(&question).unwrap().initial
    };
    let mut dice = Dice(7);
    let (mut tight, mut short) = (0, 0);
    for round in 0..6_000 {
        let model = MarginModel::ALL[round % 3];
        let first = if model == MarginModel::Futures { OPTIONS + 1 } else { 1 };
        let numbers = (first..=OPTIONS + 1).filter(|number| *number > OPTIONS || dice.roll(2) == 0).collect::<Vec<_>>();
        let cases: Vec<Case> = numbers.iter().map(|number| any_case(&mut dice, *number)).collect();
        let before: Vec<Holding> = cases.iter().map(|case| case.holding).collect();
        let (mut after, mut paid) = (Vec::new(), 0_i128);
        for Case { holding, adverse } in &cases {
            let (array, _) = desk.engine.lot(holding.instrument).unwrap();
            let is_paid_for = model == MarginModel::Standard && holding.instrument != instrument(OPTIONS + 1);
            let mark = if is_paid_for { 0 } else { array.mark };
            // Those of a side are filled, some or all.
            let [bought, sold] =
                [holding.buys, holding.sells].map(|most| i128::from(dice.roll(most.unsigned_abs() as u64 + 1)));
            paid += bought * (mark + adverse[0]) - sold * (mark - adverse[1]);
            after.push(Holding {
                lots: holding.lots + bought - sold,
                buys: holding.buys - bought,
                sells: holding.sells - sold,
                adverse: holding.adverse - bought * adverse[0] - sold * adverse[1],
                ..*holding
            });
        }
        // An atom is two lanes.
        let then = initial(model, -I256::from(paid.div_euclid(2) + paid.rem_euclid(2)), &after);
        let reserved = initial(model, I256::ZERO, &before);
        // What was paid in half atoms may have been rounded up by one.
        short += usize::from(then + 1 < reserved);
        tight += usize::from(then == reserved);
    }
    assert!(tight > 100, "{tight}");
    short
}
