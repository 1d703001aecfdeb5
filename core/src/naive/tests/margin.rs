//! Margin of the three models, worked by hand. A lane is half an atom.

use super::market::{SMILE, U, instrument, stamp, terms};
use super::risk::{A, B, C, margined};
use super::{Canary, Desk};
use crate::command::{MarginTerms, ScenarioTerms, SetScenarios, SetShocks, Shocks};
use crate::terms::{InstrumentKind, MarginModel, Smile};

use bytemuck::Zeroable;

const MILLION: i32 = 1_000_000;

/// Other shocks than the market's, as long as nothing is listed.
fn shocks(desk: &mut Desk, fixed: [i32; 2], basis_factor: i32) {
    let shocks = Shocks {
        floor_days: MILLION,
        width_min: MILLION,
        basis: [1_200_000, 900_000],
        fixed,
        basis_factor: [basis_factor, 0],
        ..Shocks::zeroed()
    };
    let record = SetShocks::new(desk.operators(), 1, shocks);
    assert_eq!(desk.send(&record), "ShocksSet");
}

fn scenarios(desk: &mut Desk, scenarios: &[ScenarioTerms]) {
    let record = SetScenarios::new(desk.operators(), 1, scenarios.iter().copied());
    assert_eq!(desk.send(&record), "ScenariosSet");
}

/// A lane is half an atom.
fn half(lanes: i128) -> i128 {
    lanes / 2
}

#[test]
fn cash_and_flows() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    assert_eq!(desk.engine.margin(A), Some((100_000, 100_000)));
    desk.line("a buy 1 10@1001");
    desk.line("b sell 2 4@1001");
    desk.line("b sell 3 6@1001");
    assert_eq!(desk.engine.cash_and_flows(A), Some((100_000, -10_010)));
    assert_eq!(desk.engine.cash_and_flows(B), Some((100_000, 10_010)));
    // With itself nothing flows.
    desk.line("a buy 1 3@1000");
    desk.line("a sell 2 3@1000");
    assert_eq!(desk.engine.cash_and_flows(A), Some((100_000, -10_010)));
    assert_eq!(desk.engine.cash_and_flows(super::AccountId::NONE), None);
    let flows = |canary: Canary| {
        let mut desk = Desk::market_of(&margined(), super::risk::with_scenarios(), canary);
        desk.list(|list| list.multiplier = crate::units::CashAtoms(3));
        desk.instrument = instrument(1);
        desk.at(900).index(U, 1_000, stamp(1, 1));
        desk.at(1_000).timer();
        desk.rest();
        desk.fund(MarginModel::Futures);
        desk.line("a buy 1 2@1000");
        desk.line("b sell 2 2@1000");
        desk.engine.cash_and_flows(A).unwrap().1
    };
    assert_eq!((flows(Canary::None), flows(Canary::FlowsForgetMultiplier)), (-6_000, -2_000));
}

#[test]
fn futures_by_risk_factors() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, Canary::None);
    desk.line("a buy 1 10@1000");
    desk.line("b sell 2 10@1000");
    // A lot needs 5 % of 2,000: 100 lanes; half as much again initially. 90,000 and half of 20,000 less 1,000 (1,500).
    assert_eq!(desk.engine.margin(A), Some((99_250, 99_500)));
    // Short: 110,000 and half of -20,000 less as much.
    assert_eq!(desk.engine.margin(B), Some((99_250, 99_500)));
    // 14 lots could be, and each of four loses 2 lanes at once.
    desk.line("a buy 3 4@1001");
    assert_eq!(desk.engine.margin(A), Some((100_000 - half(2_100 + 8), 99_500)));
    assert_eq!(desk.engine.reserve(A, U), Some((8, 22 * ((1 << 59) / 1_000))));
    // 20 lots short are more than 14 long; what is sold above the mark loses nothing at once.
    desk.line("a sell 4 30@1003");
    assert_eq!(desk.engine.margin(A), Some((100_000 - half(3_000 + 8), 99_500)));
    assert_eq!(desk.engine.greeks(A, U).unwrap().delta, 20_000);
    // What one would lose at once is fixed: at 990 it is still 8 lanes. V is 1,980, a lot needs 99, and 148.5: 149.
    desk.line("a cancel 4");
    let at_990 = |canary: Canary| {
        let mut desk = Desk::perpetual(&margined(), MarginModel::Futures, canary);
        desk.line("a buy 1 4@1001");
        desk.move_to(990);
        (desk.engine.margin(A).unwrap().0, desk.engine.reserve(A, U).unwrap().0)
    };
    assert_eq!(at_990(Canary::None), (100_000 - half(4 * 149 + 8), 8));
    assert_eq!(at_990(Canary::AdverseAtCurrentMark), (100_000 - half(4 * 149 + 88), 88));
}

#[test]
fn portfolios_by_the_worst_scenario() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Portfolio, Canary::None);
    desk.line("a buy 1 10@1000");
    desk.line("b sell 2 10@1000");
    // Worst: 6,660 - 20,000; 80 % of it, and 2 % of 20,000. Initially all of it, and 3 %.
    assert_eq!(
        desk.engine.margin(A),
        Some((90_000 + half(20_000 - 13_340 - 600), 90_000 + half(20_000 - 10_672 - 400)))
    );
    // Short: 2,000 are lost at 1.1.
    assert_eq!(
        desk.engine.margin(B),
        Some((110_000 - half(20_000 + 2_000 + 600), 110_000 - half(20_000 + 1_600 + 400)))
    );
    // 1,334 more for each lot that could be bought, and 2 lanes at once; 14 lots of futures.
    desk.line("a buy 3 4@1001");
    let expected = 90_000 + half(20_000 - 13_340 - 5_336 - 560 - 280 - 8);
    assert_eq!(desk.engine.margin(A).unwrap().0, expected);
    let vector = desk.engine.vector(A, U, None).unwrap();
    assert_eq!((vector.lower[..3].to_vec(), vector.upper), (alloc::vec![0, -5_336, 0], [0; 32]));
    assert_eq!((vector.linear.mark, vector.linear.scenarios[1], vector.options.mark), (20_000, 6_660, 0));
    assert_eq!((vector.linear_notional, vector.naked, vector.doubted), ([20_000, 28_000], [0, 0], 28_000));
    // To sell costs where it is worth more: 200 for each at 1.1, which is not the worst. 20 lots could be short.
    desk.line("a sell 4 30@1003");
    let vector = desk.engine.vector(A, U, None).unwrap();
    assert_eq!(vector.lower[..2], [-6_000, -5_336]);
    assert_eq!(desk.engine.margin(A).unwrap().0, expected - half(800 - 560 + 400 - 280));
    assert_eq!(desk.engine.vector(A, U, Some(SMILE)), None);
}

#[test]
fn scenarios_are_damped() {
    let of = |canary: Canary| {
        let mut desk = Desk::perpetual(&margined(), MarginModel::Portfolio, canary);
        scenarios(&mut desk, &[ScenarioTerms::new(500_000, 333_333, Smile::Kept)]);
        desk.line("a buy 1 10@1000");
        desk.line("b sell 2 10@1000");
        desk.move_to(1_000 - 1);
        desk.engine.margin(A).unwrap().0
    };
    // V is 1,998: 9,990 are lost, of which 3,329.9967: 3,330. 3 % of 19,980: 400 and 200.
    assert_eq!(of(Canary::None), 90_000 + half(19_980 - 3_330 - 600));
    assert_eq!(of(Canary::DampingForgotten), 90_000 + half(19_980 - 9_990 - 600));
}

#[test]
fn skews_lose_either_way() {
    let mut desk = Desk::perpetual(&margined(), MarginModel::Portfolio, Canary::None);
    // What no smile moves neither gains nor loses.
    scenarios(&mut desk, &[ScenarioTerms::new(1_000_000, 1_000_000, Smile::Linear)]);
    desk.line("a buy 1 10@1000");
    desk.line("b sell 2 10@1000");
    desk.move_to(999);
    assert_eq!(desk.engine.margin(A).unwrap().0, 90_000 + half(19_980 - 600));
    let vector = desk.engine.vector(A, U, None).unwrap();
    assert_eq!((vector.lower, vector.upper), ([0; 32], [0; 32]));
    // A discount makes both of it: calls worth 100 count as 96 where they are had.
    let linear = [ScenarioTerms::new(1_000_000, 1_000_000, Smile::Linear)];
    let mut desk = Desk::options(MarginModel::Portfolio, Canary::None, |desk| {
        shocks(desk, [960_000, MILLION], 0);
        scenarios(desk, &linear);
    });
    desk.line("a buy 1 10@50");
    // L(100) = 95 (95.99...), U(100) = 100: between 5 less a lot, and nothing.
    let vector = desk.engine.vector(A, U, Some(SMILE)).unwrap();
    assert_eq!((vector.lower[0], vector.upper[0]), (-50, 0));
    desk.line("a cancel 1");
    desk.line("a sell 1 10@50");
    // L(-100) = -100, U(-100) = -95.99...: up to -95.
    let vector = desk.engine.vector(A, U, Some(SMILE)).unwrap();
    assert_eq!((vector.lower[0], vector.upper[0]), (0, 50));
    // -5 x 10, 4 lanes of 10 naked: 20 and 20.
    assert_eq!(desk.engine.margin(A).unwrap().0, 100_000 - half(50 + 20 + 20));
}

#[test]
fn options_with_discounts_and_basis() {
    let of = |canary: Canary| {
        Desk::options(MarginModel::Portfolio, canary, |desk| shocks(desk, [960_000, MILLION], 600_000))
    };
    let mut desk = of(Canary::None);
    desk.line("a buy 1 10@50");
    desk.line("b sell 2 10@50");
    let long = desk.engine.vector(A, U, Some(SMILE)).unwrap();
    assert_eq!(
        (long.options.mark, long.options.basis, long.options.scenarios[..2].to_vec()),
        (1_000, [1_400, 1_000], alloc::vec![1_200, 0])
    );
    // All of 1,000 is lost; 80 % for maintenance.
    assert_eq!(desk.engine.margin(A), Some((99_500, 99_500 + 100)));
    // Short: 200 are lost at 1.1, but 400 with the forward up, of which 60 % and a bit: 241. 10 lots of 200 are naked.
    assert_eq!(
        desk.engine.margin(B),
        Some((100_500 - half(241 + 20 + 20 + 1_000) - 1, 100_500 - half(193 + 20 + 1_000) - 1))
    );
    // A lot to buy: 115 (115.2 at 0.96) less 100 gains; with itself nothing; 0 less 100. It loses 10 at once: 55.
    desk.line("c buy 3 2@55");
    let vector = desk.engine.vector(C, U, Some(SMILE)).unwrap();
    assert_eq!((vector.lower[..2].to_vec(), vector.order_basis), (alloc::vec![0, -200], [0, 0]));
    assert_eq!(desk.engine.margin(C).unwrap().0, 100_000 - half(200 + 2 * 10));
    // A lot to sell: -120 plus 100; and with the forward up 40.
    desk.line("c cancel 3");
    desk.line("c sell 4 2@55");
    let vector = desk.engine.vector(C, U, Some(SMILE)).unwrap();
    assert_eq!((vector.lower[..2].to_vec(), vector.order_basis), (alloc::vec![-40, 0], [-80, 0]));
    // Basis: 80 x 0.6 = 48 and a bit; 4 and 4 of 400 naked.
    assert_eq!(desk.engine.margin(C).unwrap(), (100_000 - half(49 + 8) - 1, 100_000));
    let naked = |canary: Canary| {
        let mut desk = of(canary);
        desk.line("c sell 4 2@55");
        desk.engine.vector(C, U, Some(SMILE)).unwrap().naked
    };
    assert_eq!((naked(Canary::None), naked(Canary::FilledSideForgotten)), ([0, 400], [0, 0]));
    let lower = |canary: Canary| {
        let mut desk = Desk::options(MarginModel::Portfolio, canary, |desk| {
            shocks(desk, [500_000, MILLION], 0);
        });
        desk.line("c buy 3 2@50");
        desk.engine.vector(C, U, Some(SMILE)).unwrap().lower[0]
    };
    // 120 count as 60.
    assert_eq!((lower(Canary::None), lower(Canary::ReserveIgnoresSign)), (-80, 0));
}

#[test]
fn a_put_covers_its_call() {
    let of = |canary: Canary| {
        let mut desk = Desk::options(MarginModel::Portfolio, canary, |_| ());
        desk.line("a sell 1 10@50");
        desk.line("b buy 2 10@50");
        desk.instrument = instrument(2);
        desk.line("a buy 3 4@1");
        desk.line("b sell 4 4@1");
        desk.line("a sell 5 9@1");
        desk.engine.vector(A, U, Some(SMILE)).unwrap().naked
    };
    // 6 of 200, and with what could be sold 15.
    assert_eq!(of(Canary::None), [1_200, 3_000]);
    // Else 10 calls, and 5 puts.
    assert_eq!(of(Canary::NakedIgnoresPair), [2_000, 2_000 + 1_000]);
}

#[test]
fn pairs_are_offered() {
    let mut desk = Desk::options(MarginModel::Portfolio, Canary::None, |_| ());
    let pair = |desk: &Desk, number: u32| desk.engine.pair_of(instrument(number));
    assert_eq!((pair(&desk, 1), pair(&desk, 2)), (Some(instrument(2)), Some(instrument(1))));
    // Another kind or strike is no pair; the first call of its place is on offer, the second is not.
    desk.list_call(InstrumentKind::EuropeanOption, SMILE);
    desk.list(|list| super::risk::put(list, 51));
    desk.list_call(InstrumentKind::OnDemandOption, SMILE);
    desk.list_call(InstrumentKind::OnDemandOption, SMILE);
    assert!((3..=6).all(|number| pair(&desk, number).is_none()));
    desk.list(|list| super::risk::put(list, 50));
    assert_eq!((pair(&desk, 5), pair(&desk, 7), pair(&desk, 6)), (Some(instrument(7)), Some(instrument(5)), None));
    // Neither is the sixth now.
    desk.list(|list| super::risk::put(list, 50));
    assert_eq!((pair(&desk, 6), pair(&desk, 8)), (None, None));
    // Its pair gone, the fifth takes the one on offer.
    desk.delist(instrument(7));
    assert_eq!((pair(&desk, 5), pair(&desk, 8)), (Some(instrument(8)), Some(instrument(5))));
    desk.delist(instrument(5));
    desk.delist(instrument(1));
    // The eighth is on offer again, so the second is not.
    assert_eq!((pair(&desk, 2), pair(&desk, 8)), (None, None));
    desk.delist(instrument(8));
    desk.list_call(InstrumentKind::OnDemandOption, SMILE);
    assert_eq!(pair(&desk, 2), None);
}

#[test]
fn options_strike_by_strike() {
    let mut desk = Desk::options(MarginModel::Standard, Canary::None, |_| ());
    desk.line("a buy 1 10@50");
    desk.line("b sell 2 10@50");
    // What is had counts for nothing.
    assert_eq!(desk.engine.margin(A), Some((99_500, 99_500)));
    // 7.5 % of 200, and the mark: 115 a lot; initially 15 %: 130.
    assert_eq!(desk.engine.margin(B), Some((100_500 - 650, 100_500 - 575)));
    // Five more that could be sold; to be paid for is what is bought: 80 lanes a lot.
    desk.line("b sell 3 5@60");
    assert_eq!(desk.engine.margin(B), Some((100_500 - 975, 100_500 - 575)));
    desk.line("b buy 4 3@40");
    assert_eq!(desk.engine.margin(B), Some((100_500 - 975 - 120, 100_500 - 575)));
    // A put, by itself: nothing of the mark, 15 of spot; initially 30 - 100 out of the money: 20, more than 1.05 x 15.
    desk.instrument = instrument(2);
    desk.line("c sell 5 10@1");
    assert_eq!(desk.engine.margin(C), Some((100_000 - 100, 100_000)));
    // Whoever is paid to buy loses nothing by it, and who pays to sell does.
    desk.line("c cancel 5");
    desk.line("c sell 6 10@-3");
    assert_eq!(desk.engine.margin(C), Some((100_000 - 100 - 30, 100_000)));
}

#[test]
fn an_order_to_buy_brings_in_its_strike() {
    let mut desk = Desk::options(MarginModel::Standard, Canary::None, |desk| {
        desk.set_terms(MarginTerms { maintenance: [4_000_000; 2], initial: 4_000_000, unpaired: [0; 2], ..terms() });
    });
    desk.list(|list| {
        super::market::call(list, InstrumentKind::OnDemandOption, SMILE);
        list.strike = crate::units::PriceTicks(500);
    });
    desk.rest();
    desk.line("a sell 1 10@50");
    desk.line("b buy 2 10@50");
    // At a price of 50 nothing is paid, and there is no higher one.
    assert_eq!(desk.engine.margin(A), Some((100_500, 100_500)));
    desk.instrument = instrument(3);
    // At 500 it is 450 for each, if the order were filled.
    desk.line("a buy 3 1@0");
    assert_eq!(desk.engine.margin(A), Some((100_500 - 4_500, 100_500)));
}

#[test]
fn doubt_and_a_lost_peg_cost() {
    let peg = crate::ids::UnderlyingId::assemble(0, 2, 2);
    let of = |confidence: u32, price: i64| {
        let mut desk = Desk::market_of(&margined(), super::risk::with_scenarios(), Canary::None);
        desk.set_terms(MarginTerms { doubt: 400_000, peg_loss: 2_000_000, ..terms() });
        desk.underlying(|list| list.rules.scenario_set = 0);
        desk.underlying(|list| (list.peg, list.rules.scenario_set) = (peg, 1));
        let third = crate::ids::UnderlyingId::assemble(0, 3, 3);
        desk.index(peg, price, stamp(1, 1));
        desk.list(|list| list.underlying_id = third);
        desk.instrument = instrument(1);
        desk.at(900).index(third, 1_000, crate::command::FeedStamp { confidence, ..stamp(1, 1) });
        desk.at(1_000).timer();
        desk.rest();
        desk.fund(MarginModel::Portfolio);
        desk.line("a buy 1 10@1000");
        desk.line("b sell 2 10@1000");
        let margin = desk.engine.margin(A).unwrap();
        (margin.0 - 90_000, margin.1 - 90_000)
    };
    let (initial, maintenance) = (half(20_000 - 13_340 - 600), half(20_000 - 10_672 - 400));
    assert_eq!(of(600_000, 980_000), (initial, maintenance));
    // 40 % of 0.4: 16 % of 20,000 (and 0.00004 %: 160,001 ppm).
    assert_eq!(of(599_999, 980_000), (initial - 1_601, maintenance));
    // 2 x 0.03 of 13,340 more: 800.4.
    assert_eq!(of(600_000, 950_000), (initial - 401, maintenance));
}
