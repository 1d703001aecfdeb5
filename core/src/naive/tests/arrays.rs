//! What lots are worth. What is expected of options is computed here by the formula alone, in floats.

#![allow(clippy::float_arithmetic)]

use super::market::{DAY, SMILE, STRIKES, U, call, flat, instrument, lenient, stamp};
use super::{Canary, Desk};
use crate::command::{FeedRules, ListInstrument, PPM, ScenarioTerms, SetScenarios, SmileTerms};
use crate::margin::{Array, Greeks};
use crate::pricing::YEAR_SECONDS;
use crate::pricing::black76::{Terms, Value, value};
use crate::terms::{InstrumentKind, OptionType, Smile};
use crate::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

const SECOND: u64 = 1_000_000_000;

fn valued(canary: Canary) -> Desk {
    Desk::market(FeedRules { scenario_set: 1, ..lenient() }, canary)
}

/// The first lanes: now, basis, three scenarios.
fn lanes(desk: &Desk, number: u32) -> [i128; 6] {
    let (_, array, _) = desk.engine.array(instrument(number)).unwrap();
    let Array { mark, basis: [up, down], scenarios: [first, second, third, ..] } = array;
    [mark, up, down, first, second, third]
}

fn greeks(desk: &Desk, number: u32) -> Greeks<i128> {
    desk.engine.array(instrument(number)).unwrap().2
}

fn future(list: &mut ListInstrument) {
    (list.kind, list.expiry, list.expiry_id) = (InstrumentKind::Future.code(), TimeNs(100 * DAY), SMILE);
    list.multiplier = CashAtoms(3);
}

#[test]
fn futures_and_perpetuals_in_integers() {
    let mut desk = valued(Canary::None);
    desk.list(|list| list.multiplier = CashAtoms(3));
    desk.list(future);
    desk.at(900).index(U, 1_000, stamp(1, 1));
    desk.rest();
    assert_eq!(desk.engine.array(instrument(2)), None);
    desk.forward(SMILE, 1_000, stamp(1, 1));
    desk.at(1_000).timer();
    desk.rest();
    // 2 x 3 x 1,000; a third of it: 6,000 - 4,000.002, rounded down.
    assert_eq!(lanes(&desk, 2), [6_000, 6_000, 6_000, 6_600, 1_999, 0]);
    assert_eq!(lanes(&desk, 3), [6_000, 7_200, 5_400, 6_600, 1_999, 0]);
    let delta = Greeks { delta: 6_000, ..Greeks::default() };
    assert_eq!((greeks(&desk, 2), greeks(&desk, 3)), (delta, delta));
}

fn settling(canary: Canary, left: u64) -> [i128; 6] {
    let mut desk = valued(canary);
    desk.list(future);
    desk.at(900).forward(SMILE, 1_000, stamp(1, 1));
    desk.rest();
    // The pass begins in the timer's command.
    desk.at(100 * DAY - left).timer();
    desk.rest();
    lanes(&desk, 2)
}

#[test]
fn a_future_settles_over_half_an_hour() {
    let whole = [6_000, 7_200, 5_400, 6_600, 1_999, 0];
    assert_eq!(settling(Canary::None, 1_801 * SECOND), whole);
    assert_eq!(settling(Canary::None, 1_800 * SECOND), whole);
    // Half of it: 6,000 - 2,000.001.
    assert_eq!(settling(Canary::None, 900 * SECOND), [6_000, 6_600, 5_700, 6_300, 3_999, 0]);
    assert_eq!(settling(Canary::None, 0), [6_000, 6_000, 6_000, 6_000, 6_000, 0]);
    assert_eq!(settling(Canary::SettlementIsSudden, 0), whole);
}

/// An option on forward and index of 1,000 in a year, with a volatility of 50 % and a strike of 500 ticks of two atoms.
fn option(canary: Canary, edit: impl FnOnce(&mut ListInstrument), (index, rate): (i64, i64)) -> Desk {
    let mut desk = valued(canary);
    desk.list(|list| {
        call(list, InstrumentKind::EuropeanOption, SMILE);
        (list.strike, list.price_unit, list.multiplier) = (PriceTicks(500), CashAtoms(2), CashAtoms(3));
        edit(list);
    });
    desk.at(100).index(U, index, stamp(1, 1));
    desk.forward(SMILE, 1_000, stamp(1, 1));
    desk.rate(SMILE, rate, stamp(1, 1));
    desk.rest();
    desk.at(10 * DAY).smile(SMILE, flat(250_000_000_000), stamp(1, 1));
    desk.rest();
    desk
}

/// The same by the formula alone.
fn expected(rate: f64) -> Value {
    let years = 90.0 * 86_400.0 / YEAR_SECONDS;
    value(&Terms { forward: 1_000.0, strike: 1_000.0, years, volatility: 0.5, rate })
}

fn put(list: &mut ListInstrument) {
    list.option_type = OptionType::Put.code();
}

fn on_demand(list: &mut ListInstrument) {
    list.kind = InstrumentKind::OnDemandOption.code();
}

#[test]
fn options_by_the_formula() {
    let found = option(Canary::None, |_| (), (1_000, 50_000_000));
    let expected_now = expected(0.05);
    // A lot is one and a half units, and lanes have one bit behind the atom.
    let lane = |worth: f64| i128::from((worth * 3.0) as i64);
    assert_eq!(lanes(&found, 2)[0], lane(expected_now.call));
    assert_eq!(
        greeks(&found, 2),
        Greeks {
            delta: lane(expected_now.delta_call * 1_000.0),
            gamma: lane(expected_now.gamma * 1_000.0 * 1_000.0),
            vega: lane(expected_now.vega),
            theta: lane(expected_now.theta_call / 365.0),
            rho: lane(expected_now.rho_call),
            vanna: lane(expected_now.vanna * 1_000.0),
            volga: lane(expected_now.volga),
        }
    );
    // About 98 atoms.
    assert!((290..300).contains(&lanes(&found, 2)[0]), "{:?}", lanes(&found, 2));
    let [now, up, down, first, second, third] = lanes(&found, 2);
    assert!(up > first && first > now && now > down && down > second && second == 0 && third == 0);
    // A negative rate is none.
    let found = option(Canary::None, put, (1_000, -50_000_000));
    let none = option(Canary::None, put, (1_000, 0));
    assert_eq!((lanes(&found, 2), greeks(&found, 2)), (lanes(&none, 2), greeks(&none, 2)));
    assert_eq!(lanes(&found, 2)[0], lane(expected(0.0).put));
    assert_eq!(greeks(&found, 2).delta, lane(expected(0.0).delta_put * 1_000.0));
    assert_eq!(greeks(&found, 2).theta, lane(expected(0.0).theta_put / 365.0));
}

#[test]
fn on_demand_is_worth_what_exercise_pays() {
    // 300 units of 1.5, twice; up 10 % it is 430, down to a third nothing.
    let call = option(Canary::None, on_demand, (1_300, 0));
    let [now, up, down, first, second, _] = lanes(&call, 2);
    assert_eq!([now, up, first], [900, 900, 1_290]);
    // With the forward 10 % lower the index is where it was; a third of it is worth nothing.
    assert_eq!((down, second), (900, 0));
    assert_eq!(greeks(&call, 2), Greeks { delta: 3_900, ..Greeks::default() });
    // 1,000 less 600, 660 and 199.9998: 2,400.0006 is cut off.
    let put = option(Canary::None, |list| (put(list), on_demand(list)).0, (600, 0));
    let [now, up, down, first, second, _] = lanes(&put, 2);
    assert_eq!([now, up, down, first, second], [1_200, 1_200, 1_200, 1_020, 2_400]);
    assert_eq!(greeks(&put, 2), Greeks { delta: -1_800, ..Greeks::default() });
    // Where it pays less than the model says it is an option like any other.
    let (less, european) = (option(Canary::None, on_demand, (1_000, 0)), option(Canary::None, |_| (), (1_000, 0)));
    assert_eq!(greeks(&less, 2), greeks(&european, 2));
    assert_eq!(lanes(&less, 2)[..3], lanes(&european, 2)[..3]);
    let ignored = option(Canary::OnDemandIgnoresExercise, on_demand, (1_300, 0));
    assert_eq!(lanes(&ignored, 2), lanes(&european, 2));
}

#[test]
fn what_lacks_a_feed_has_no_array() {
    let mut desk = valued(Canary::None);
    for kind in [InstrumentKind::EuropeanOption, InstrumentKind::OnDemandOption] {
        desk.list_call(kind, SMILE);
        desk.list_call(kind, STRIKES);
    }
    let have = |desk: &mut Desk| {
        desk.rest();
        [2, 3, 4, 5].map(|number| desk.engine.array(instrument(number)).is_some())
    };
    for expiry in [SMILE, STRIKES] {
        desk.forward(expiry, 100, stamp(1, 1));
        assert_eq!(have(&mut desk), [false; 4]);
        desk.rate(expiry, 0, stamp(1, 1));
        assert_eq!(have(&mut desk), [false; 4]);
    }
    desk.smile(SMILE, flat(250_000_000_000), stamp(1, 1));
    assert_eq!(have(&mut desk), [true, false, false, false]);
    desk.volatility(instrument(3), 500_000_000, stamp(1, 1));
    desk.volatility(instrument(5), 500_000_000, stamp(1, 1));
    assert_eq!(have(&mut desk), [true, true, false, false]);
    desk.rest();
    desk.index(U, 100, stamp(1, 1));
    assert_eq!(have(&mut desk), [true; 4]);
    // The same volatility, from either place.
    assert_eq!(lanes(&desk, 2), lanes(&desk, 3));
    // Without a set there are none, from the next pass on.
    assert_eq!(desk.configure(lenient()), "UnderlyingConfigured");
    assert_eq!(have(&mut desk), [true; 4]);
    desk.index(U, 100, stamp(2, 1));
    assert_eq!(have(&mut desk), [false; 4]);
}

#[test]
fn a_smile_is_asked_at_the_strike() {
    let one = 1_000_000_000_000;
    let skewed = SmileTerms { a: one / 10, b: one / 10, rho: -one / 2, ..flat(0) };
    let at_strike = |strike: i64| {
        let mut desk = option(Canary::None, |list| list.strike = PriceTicks(strike), (1_000, 0));
        let flat = greeks(&desk, 2).vega;
        desk.smile(SMILE, skewed, stamp(2, 1));
        desk.rest();
        (flat, greeks(&desk, 2).vega, lanes(&desk, 2)[0])
    };
    let (low, high) = (at_strike(400), at_strike(600));
    assert!(low.1 != low.0 && high.1 != high.0 && low.2 > 600 && high.2 < 300, "{low:?} {high:?}");
}

#[test]
fn skews_leave_the_index_where_it_is() {
    let mut desk = option(Canary::None, on_demand, (1_300, 0));
    let scenarios = [Smile::Linear, Smile::Absolute, Smile::Up].map(|smile| ScenarioTerms::new(PPM, PPM, smile));
    let record = SetScenarios::new(desk.operators(), 1, scenarios);
    assert_eq!(desk.send(&record), "ScenariosSet");
    desk.index(U, 1_300, stamp(2, 1));
    desk.rest();
    assert_eq!(lanes(&desk, 2), [900; 6]);
}

#[test]
fn a_lane_has_a_limit() {
    let position_max = 5_000_000_000;
    let mut desk = option(Canary::None, |list| list.position_max = QuantityLots(position_max), (1_000, 0));
    let limit = (1_i128 << 59) / i128::from(position_max);
    // Next to the expiry gamma is beyond all bounds.
    desk.at(100 * DAY - 1).smile(SMILE, flat(10_000), stamp(2, 1));
    desk.rest();
    assert_eq!(greeks(&desk, 2).gamma, limit);
    assert!(greeks(&desk, 2).vega < limit);
}
