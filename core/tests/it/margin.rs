//! Margin models: against the same formulas in plain arithmetic, at the edges, and monotonic where they must be.

use novate_core::margin::futures::{Exposure, Levels, Parameters, levels};
use novate_core::margin::portfolio::{
    Account, Collateral, Expiry, Parameters as PortfolioParameters, Perpetuals, Scenario, margin,
};
use novate_core::margin::standard::{
    Expiry as StandardExpiry, Parameters as StandardParameters, Position, margin as standard_margin,
};
use novate_core::margin::{Array, ParseRateError, RATE_UNIT, Rate, TooLarge};
use novate_core::pricing::SCENARIOS_MAX;

fn rate_of(units: u128) -> Rate {
    Rate::new(units).expect("a rate")
}

#[test]
fn rates_are_read_and_written() {
    for (text, rate) in [
        ("0", 0),
        ("1", RATE_UNIT),
        ("0.5", RATE_UNIT / 2),
        ("3.2", 3_200_000_000_000_000_000),
        ("0.000000000000000001", 1),
        ("1000000", 1_000_000 * RATE_UNIT),
    ] {
        let rate = rate_of(rate);
        assert_eq!(text.parse(), Ok(rate));
        assert_eq!(rate.to_string(), text);
    }
    assert_eq!("00.50".parse(), Ok(rate_of(RATE_UNIT / 2)));
    assert_eq!(Rate::new(1_000_000 * RATE_UNIT + 1), None);
    for text in [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e3",
        "1000000.000000000000000001",
        "1000001",
        "0.0000000000000000001",
        "1.2.3",
        " 1",
        "99999999999999999999999999999999999999999",
    ] {
        assert_eq!(text.parse::<Rate>(), Err(ParseRateError), "{text:?}");
    }
}

/// The formulas as they stand in the documentation, on numbers that fit.
fn naive(parameters: &Parameters, exposure: &Exposure) -> Levels {
    let wide = |rate: Rate| rate.units().cast_signed();
    let (position, mark) = (i128::from(exposure.position), i128::from(exposure.mark));
    let side = |lots: i128, orders: u64, factor: Rate| {
        let orders = i128::from(orders);
        let slippage = wide(parameters.linear_slippage) * lots + wide(parameters.quadratic_slippage) * lots * lots;
        mark * slippage + mark * (lots + orders) * wide(factor)
    };
    let [buys, sells] = [exposure.buys, exposure.sells];
    let long = if position + i128::from(buys) > 0 { side(position.max(0), buys, parameters.long) } else { 0 };
    let short = if position - i128::from(sells) < 0 { side((-position).max(0), sells, parameters.short) } else { 0 };
    let unit = RATE_UNIT.cast_signed();
    let maintenance = (long.max(short) + unit - 1) / unit;
    let atoms = |amount: i128| i64::try_from(amount).expect("it fits");
    let multiple = |rate| atoms(maintenance * wide(rate) / unit);
    Levels {
        maintenance: atoms(maintenance),
        search: multiple(parameters.search),
        initial: multiple(parameters.initial),
        release: multiple(parameters.release),
    }
}

/// As one below 2^64.
const UNIT: u64 = 1_000_000_000_000_000_000;

/// Random numbers that need no crate.
fn random(state: &mut u64, below: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % below
}

#[test]
fn futures_levels_are_the_formulas() {
    let mut state = 0x1234_5678_9abc_def1;
    let mut next = |below| random(&mut state, below);
    for _ in 0..100_000 {
        let parameters = Parameters {
            long: rate_of(next(UNIT).into()),
            short: rate_of(next(UNIT).into()),
            linear_slippage: rate_of(next(UNIT).into()),
            quadratic_slippage: rate_of(next(UNIT / 1_000).into()),
            search: rate_of(RATE_UNIT + u128::from(next(UNIT))),
            initial: rate_of(2 * RATE_UNIT + u128::from(next(UNIT))),
            release: rate_of(3 * RATE_UNIT + u128::from(next(UNIT))),
        };
        let position = next(2_001).cast_signed() - 1_000;
        let exposure = Exposure { position, buys: next(1_500), sells: next(1_500), mark: next(1_000_000) };
        let found = levels(&parameters, &exposure).expect("it fits");
        assert_eq!(found, naive(&parameters, &exposure), "{parameters:?} {exposure:?}");
        // More orders never need less; nor, where nothing rests on the other side, does more of the same.
        let alone = Exposure { buys: 0, sells: 0, ..exposure };
        let more = Exposure { position: position + position.signum(), ..alone };
        let [alone, more] = [alone, more].map(|exposure| levels(&parameters, &exposure).expect("it fits").maintenance);
        assert!(more >= alone);
        let more = Exposure { buys: exposure.buys + 1, sells: exposure.sells + 1, ..exposure };
        assert!(levels(&parameters, &more).expect("it fits").maintenance >= found.maintenance);
    }
}

#[test]
fn what_closes_is_no_risk_and_what_is_too_large_is_said() {
    let full = Rate::ONE;
    let parameters = Parameters {
        long: full,
        short: full,
        linear_slippage: Rate::ZERO,
        quadratic_slippage: Rate::ZERO,
        search: full,
        initial: full,
        release: full,
    };
    let of = |position, buys, sells, mark| {
        levels(&parameters, &Exposure { position, buys, sells, mark }).map(|levels| levels.maintenance)
    };
    // Of a short position, buys up to its size only close it.
    assert_eq!((of(-10, 10, 0, 7), of(-10, 11, 0, 7), of(10, 0, 10, 7)), (Ok(70), Ok(77), Ok(70)));
    assert_eq!((of(0, 0, 0, u64::MAX), of(0, 3, 5, 7)), (Ok(0), Ok(35)));
    // Rounded up, also from almost nothing.
    let little = Parameters { long: rate_of(1), ..parameters };
    let found = levels(&little, &Exposure { position: 1, buys: 0, sells: 0, mark: 1 }).expect("it fits");
    assert_eq!(found.maintenance, 1);
    // The most, and one more; whatever the numbers, no panic.
    assert_eq!(of(1, 0, 0, i64::MAX as u64), Ok(i64::MAX));
    assert_eq!(of(1, 0, 0, i64::MAX as u64 + 1), Err(TooLarge));
    let most = rate_of(1_000_000 * RATE_UNIT);
    let extreme = Parameters {
        long: most,
        short: most,
        linear_slippage: most,
        quadratic_slippage: most,
        search: most,
        initial: most,
        release: most,
    };
    for position in [i64::MIN, -1, 0, 1, i64::MAX] {
        let exposure = Exposure { position, buys: u64::MAX, sells: u64::MAX, mark: u64::MAX };
        assert_eq!(levels(&extreme, &exposure), Err(TooLarge));
    }
}

/// What a random lot is worth under everything.
fn lot(next: &mut impl FnMut(u64) -> u64) -> Array<i64> {
    let mut lane = || next(2_000_000_000).cast_signed() - 200_000_000;
    Array { mark: lane(), basis: [lane(), lane()], scenarios: [(); SCENARIOS_MAX].map(|()| lane()) }
}

fn widened(array: &Array<i64>) -> Array<i128> {
    let Array { mark, basis, scenarios } = *array;
    Array { mark: mark.into(), basis: basis.map(i128::from), scenarios: scenarios.map(i128::from) }
}

/// In 64 bits as in 128, to the last of them; and what was added and taken away again leaves nothing.
#[test]
fn portfolios_are_the_same_in_both_widths() {
    let mut state = 0x0bad_cafe_1234_5677;
    let mut next = |below| random(&mut state, below);
    for _ in 0..2_000 {
        let scenarios: Vec<Scenario> = (0..=next(31))
            .map(|_| Scenario {
                spot: rate_of(next(3 * UNIT).into()),
                damping: rate_of(next(UNIT).into()),
                is_skew: next(4) == 0,
            })
            .collect();
        let (mut narrow, mut wide) = (Vec::new(), Vec::new());
        for _ in 0..next(4) {
            let (mut sums, mut wide_sums) = (Array::default(), Array::default());
            for _ in 0..=next(7) {
                let (quantity, lot) = (next(200_001).cast_signed() - 100_000, lot(&mut next));
                sums.add(quantity, &lot).expect("it fits");
                wide_sums.add(quantity, &widened(&lot)).expect("it fits");
                let (before, closed) = (sums, next(1_000).cast_signed());
                sums.add(closed, &lot).expect("it fits");
                sums.add(-closed, &lot).expect("it fits");
                assert_eq!(sums, before);
            }
            assert_eq!(widened(&sums), wide_sums);
            let [discount_long, discount_short, basis, confidence] = [(); 4].map(|()| rate_of(next(2 * UNIT).into()));
            let (naked, gross) = (next(1_000), 1_000 + next(1_000));
            narrow.push(Expiry { sums, discount_long, discount_short, basis, naked, gross, confidence });
            wide.push(Expiry { sums: wide_sums, discount_long, discount_short, basis, naked, gross, confidence });
        }
        let parameters = PortfolioParameters {
            maintenance_loss: rate_of(next(UNIT).into()),
            initial_loss: rate_of(next(2 * UNIT).into()),
            perpetual: [(); 2].map(|()| rate_of(next(UNIT).into())),
            option: [(); 2].map(|()| rate_of(next(UNIT).into())),
            confidence_threshold: rate_of(next(UNIT).into()),
            confidence: rate_of(next(UNIT).into()),
        };
        let collaterals = [Collateral {
            value: next(UNIT).into(),
            is_risk_cancelling: next(2) == 0,
            maintenance_haircut: rate_of(next(UNIT).into()),
            initial_haircut: rate_of(next(UNIT).into()),
            confidence: rate_of(next(UNIT).into()),
        }];
        let value = i128::from(next(UNIT).cast_signed() - next(UNIT).cast_signed());
        let perpetuals =
            Perpetuals { value, notional: value.abs(), unrealised: 7, confidence: rate_of(next(UNIT).into()) };
        let (cash, spot, collaterals) = (next(UNIT).into(), next(UNIT).into(), &collaterals[..]);
        let found =
            margin(&scenarios, &parameters, &Account { expiries: &narrow, perpetuals, collaterals, cash, spot });
        let again = margin(&scenarios, &parameters, &Account { expiries: &wide, perpetuals, collaterals, cash, spot });
        assert_eq!(found, again);
        let found = found.expect("it fits");
        assert!(found.worst <= found.basis && found.basis <= 0);
        assert!(found.contingency.iter().all(|added| *added >= 0));
        assert!(found.scenarios.iter().take(scenarios.len()).all(|profit| found.worst <= *profit));
    }
}

/// What does not fit is said, and nothing wraps.
#[test]
fn what_is_too_large_for_a_lane_is_said() {
    let most = Array { mark: i64::MAX, ..Array::default() };
    let mut sums = Array::default();
    assert_eq!(sums.add(1, &most), Ok(()));
    assert_eq!(sums.add(1, &most), Err(TooLarge));
    assert_eq!(Array::default().add(2, &most), Err(TooLarge));
    let extreme = Array { mark: i128::MIN, basis: [i128::MIN; 2], scenarios: [i128::MIN; SCENARIOS_MAX] };
    let expiry = Expiry {
        sums: extreme,
        discount_long: Rate::ONE,
        discount_short: rate_of(1_000_000 * RATE_UNIT),
        basis: Rate::ONE,
        naked: u64::MAX,
        gross: u64::MAX,
        confidence: Rate::ZERO,
    };
    let parameters = PortfolioParameters {
        maintenance_loss: Rate::ONE,
        initial_loss: Rate::ONE,
        perpetual: [Rate::ONE; 2],
        option: [Rate::ONE; 2],
        confidence_threshold: Rate::ONE,
        confidence: Rate::ONE,
    };
    let scenarios = [Scenario { spot: Rate::ONE, damping: Rate::ONE, is_skew: true }];
    // The least number cannot be negated: nobody tries.
    for sums in [
        Array { mark: i128::MIN, ..Array::default() },
        Array { basis: [i128::MIN; 2], ..Array::default() },
        Array { mark: 1, basis: [i128::MIN; 2], ..Array::default() },
        Array { scenarios: [i128::MIN; SCENARIOS_MAX], ..Array::default() },
    ] {
        let expiry = Expiry { sums, discount_short: Rate::ONE, naked: 0, gross: 0, ..expiry };
        let account =
            Account { expiries: &[expiry], perpetuals: Perpetuals::default(), collaterals: &[], cash: 0, spot: 1 };
        let found = margin(&scenarios, &parameters, &account);
        assert!(found == Err(TooLarge) || found.is_ok_and(|found| found.worst == i128::MIN), "{sums:?}");
    }
    for amount in [0, i128::MIN, i128::MAX] {
        let perpetuals = Perpetuals { value: amount, notional: amount, unrealised: amount, confidence: Rate::ZERO };
        for spot in [0, i128::MIN, i128::MAX] {
            let account = Account { expiries: &[expiry], perpetuals, collaterals: &[], cash: amount, spot };
            assert_eq!(margin(&scenarios, &parameters, &account), Err(TooLarge));
        }
    }
}

/// Standard margin once more, in plain arithmetic: every price may be a unit off for each lot.
#[allow(clippy::float_arithmetic, clippy::cast_precision_loss)]
fn standard_naive(positions: &[Position], spot: f64, forward: f64) -> [f64; 2] {
    let pays = |at: f64| {
        let each = positions.iter().map(|position| {
            let strike = position.strike as f64;
            position.quantity as f64 * if position.is_call { at - strike } else { strike - at }.max(0.0)
        });
        each.sum::<f64>().min(0.0)
    };
    let worst = positions.iter().map(|position| pays(position.strike as f64)).fold(pays(0.0), f64::min);
    let calls = positions.iter().filter(|position| position.is_call).map(|position| position.quantity as f64);
    let unpaired = calls.sum::<f64>().min(0.0);
    let mut isolated = [0.0; 2];
    for position in positions.iter().filter(|position| position.quantity < 0) {
        let (quantity, strike, mark) = (position.quantity as f64, position.strike as f64, position.mark as f64);
        let out = if position.is_call { strike - spot } else { spot - strike }.max(0.0);
        let initial = quantity * ((0.15 - out / spot).max(0.1) * spot + mark);
        let maintenance = if position.is_call {
            quantity * (mark + 0.075 * spot)
        } else {
            quantity * mark + (0.075 * spot * quantity).min(0.05 * quantity * mark)
        };
        isolated[0] += maintenance;
        isolated[1] += if position.is_call { initial } else { initial.min(1.05 * maintenance) };
    }
    [isolated[0].max(worst + 1.1 * forward * unpaired), isolated[1].max(worst + 1.2 * forward * unpaired)]
}

#[test]
#[allow(clippy::float_arithmetic, clippy::cast_precision_loss)]
fn options_strike_by_strike() {
    let rate = |text: &str| text.parse::<Rate>().expect("a rate");
    let parameters = StandardParameters {
        initial: rate("0.15"),
        initial_min: rate("0.1"),
        maintenance: [rate("0.075"); 2],
        maintenance_of_mark: rate("0.05"),
        offset: rate("1.05"),
        unpaired: [rate("1.1"), rate("1.2")],
    };
    let mut state = 0x7777_1234_5678_9abc;
    let mut next = |below| random(&mut state, below);
    for _ in 0..20_000 {
        let (spot, forward) = (1_000_000 + next(9_000_000), 1_000_000 + next(9_000_000));
        let positions: Vec<Position> = (0..next(7))
            .map(|_| Position {
                quantity: next(201).cast_signed() - 100,
                strike: i128::from(spot / 4 + next(2 * spot)),
                is_call: next(2) == 0,
                mark: i128::from(next(spot)),
            })
            .collect();
        let expiry = StandardExpiry { positions: &positions, spot: spot.into(), forward: forward.into() };
        let found = standard_margin(&parameters, &expiry).expect("it fits");
        let expected = standard_naive(&positions, spot as f64, forward as f64);
        let lots: u64 = positions.iter().map(|position| position.quantity.unsigned_abs()).sum();
        for (found, expected) in [found.maintenance, found.initial].into_iter().zip(expected) {
            assert!((found as f64 - expected).abs() <= 2.0 * lots as f64 + 2.0, "{found} for {expected} of {expiry:?}");
            assert!(found <= 0);
        }
        // Who has only bought owes nothing.
        let bought: Vec<Position> =
            positions.iter().map(|&position| Position { quantity: position.quantity.abs(), ..position }).collect();
        let found = standard_margin(&parameters, &StandardExpiry { positions: &bought, ..expiry }).expect("it fits");
        assert_eq!((found.maintenance, found.initial), (0, 0));
    }
    let position = Position { quantity: i64::MIN, strike: i128::MAX, is_call: true, mark: i128::MAX };
    let expiry = StandardExpiry { positions: &[position], spot: i128::MIN, forward: i128::MAX };
    assert_eq!(standard_margin(&parameters, &expiry), Err(TooLarge));
}
