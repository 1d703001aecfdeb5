//! Smiles, and the chance that a price leaves its band: against numbers of 40 digits, and what is refused.
#![allow(clippy::float_arithmetic, clippy::excessive_precision, clippy::unreadable_literal)]

use novate_core::pricing::divergence::{Exposure, NoExposure, divergence};
use novate_core::pricing::svi::{NotASmile, Parameters, Smile};

/// a, b, rho, m, sigma, forward, years, strike, volatility.
const SMILES: [[f64; 9]; 24] = [
    [0.1871, 0.5934, 0.561, 0.265, 0.447, 83010.03, 0.0754, 332040.12, 4.1148529943619588],
    [0.2329, 0.1992, -0.851, -0.206, 0.229, 78161.41, 0.9538, 23448.42, 0.79711577450769068],
    [0.1724, 0.0105, -0.538, -0.132, 0.551, 68917.63, 0.4015, 20675.29, 0.68992235281896968],
    [0.0421, 0.494, -0.709, -0.299, 0.524, 18858.98, 0.5411, 13201.29, 0.77227837349534193],
    [0.2618, 0.2314, 0.877, 0.024, 0.41, 18438.11, 2.3526, 17516.2, 0.38182182325414741],
    [0.29, 0.715, -0.382, -0.083, 0.108, 13121.71, 0.1657, 13121.71, 1.4836057002647724],
    [0.2453, 0.4689, 0.182, 0.125, 0.049, 31988.07, 0.7672, 33267.59, 0.60874468445706146],
    [0.0558, 0.378, -0.615, -0.146, 0.564, 85430.35, 0.896, 128145.53, 0.50196971837538750],
    [0.0059, 0.6302, -0.254, 0.047, 0.015, 4214.97, 0.4548, 4004.22, 0.43051928053001871],
    [0.0361, 0.1969, 0.607, -0.023, 0.312, 80345.07, 0.6295, 321380.28, 0.84179298066734723],
    [0.0329, 0.5987, 0.565, 0.216, 0.032, 85122.56, 0.2307, 88527.46, 0.59129449056324179],
    [0.1541, 0.2901, -0.668, -0.135, 0.425, 8295.68, 1.7159, 8295.68, 0.38723581909667044],
    [0.0537, 0.0626, -0.667, 0.114, 0.598, 14546.04, 0.1242, 436381.2, 0.83242841702733813],
    [0.2771, 0.0255, 0.457, -0.094, 0.158, 58590.47, 0.3666, 2929.52, 0.91260460449897986],
    [0.2406, 0.2673, -0.557, 0.289, 0.343, 11958.6, 2.2416, 17937.9, 0.37787972542796524],
    [0.0324, 0.3476, -0.666, 0.207, 0.184, 40789.41, 2.4983, 28552.59, 0.38431802157180762],
    [0.2928, 0.3628, -0.022, 0.138, 0.293, 26199.13, 1.0113, 18339.39, 0.70688676179895182],
    [0.0342, 0.6576, 0.06, -0.192, 0.563, 78103.23, 0.4528, 312412.92, 1.6268613819334380],
    [0.0821, 0.6256, 0.698, -0.083, 0.474, 69743.08, 1.7374, 3487.15, 0.56808907577297345],
    [0.228, 0.2907, 0.388, -0.131, 0.297, 69279.58, 1.7281, 69279.58, 0.44169259462982064],
    [0.2871, 0.2721, -0.611, 0.211, 0.29, 69636.79, 0.8168, 69636.79, 0.71687775449554364],
    [0.1392, 0.6533, 0.28, 0.179, 0.215, 57969.24, 1.8454, 86953.86, 0.45653779263406902],
    [100.0, 900.0, 0.703, 0.113, 0.586, 86086.92, 1.2968, 2582607.6, 10.537673667232641],
    [0.2941, 0.1589, -0.262, 0.212, 0.177, 7104.52, 1.6781, 10656.78, 0.44191346973990283],
];

/// Volatility, seconds, band, chance at the end.
const EXPOSURES: [[f64; 4]; 8] = [
    [0.8, 1.0, 0.0005, 0.00044843089880887279],
    [0.5, 0.01, 0.0001, 2.8596182363700754e-29],
    [1.2, 60.0, 0.001, 0.54574239161117829],
    [0.3, 3600.0, 0.01, 0.0018095602171466654],
    [0.9, 0.0005, 2e-05, 2.392498464558682e-8],
    [2.0, 10.0, 0.002, 0.075759650370074935],
    [0.6, 86400.0, 0.02, 0.52423399370589202],
    [0.4, 1.0, 0.0008, 2.8596182363700918e-29],
];

#[test]
fn smiles_of_forty_digits() {
    for [a, b, rho, m, sigma, forward, years, strike, expected] in SMILES {
        let smile = Smile::new(Parameters { a, b, rho, m, sigma, forward, years }).expect("a smile");
        let found = smile.volatility(strike);
        assert!((found - expected).abs() <= 1e-14 * expected, "{found} for {expected} at {strike} of {smile:?}");
    }
}

#[test]
fn what_is_no_smile() {
    let good = Parameters { a: 0.04, b: 0.4, rho: -0.5, m: 0.1, sigma: 0.2, forward: 100.0, years: 0.5 };
    let name = |parameters| match Smile::new(parameters) {
        Err(NotASmile::Parameter { name, .. }) => name,
        Err(NotASmile::NegativeVariance { least }) => {
            assert!(least < 0.0);
            "variance"
        }
        Ok(_) => "",
    };
    assert_eq!(name(good), "");
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e300] {
        assert_eq!(name(Parameters { a: wrong, ..good }), "a");
        assert_eq!(name(Parameters { b: wrong, ..good }), "b");
        assert_eq!(name(Parameters { rho: wrong, ..good }), "rho");
        assert_eq!(name(Parameters { m: wrong, ..good }), "m");
        assert_eq!(name(Parameters { sigma: wrong, ..good }), "sigma");
        assert_eq!(name(Parameters { forward: wrong, ..good }), "forward");
        assert_eq!(name(Parameters { years: wrong, ..good }), "years");
    }
    for (wrong, expected) in [
        (Parameters { sigma: 0.0, ..good }, "sigma"),
        (Parameters { b: -0.1, ..good }, "b"),
        (Parameters { rho: 1.1, ..good }, "rho"),
        (Parameters { forward: 0.0, ..good }, "forward"),
        (Parameters { years: 0.0, ..good }, "years"),
        (Parameters { a: -0.07, ..good }, "variance"),
    ] {
        assert_eq!(name(wrong), expected);
    }
    // The least variance is a + b sigma sqrt(1 - rho^2): 0.04 less than 0.0693.
    assert_eq!(name(Parameters { a: -0.069, ..good }), "");
    let says = Smile::new(Parameters { b: f64::NAN, ..good }).expect_err("no smile").to_string();
    assert_eq!(says, "the smile's parameter b is NaN; expected a number from 0 to 1,000");
}

/// At any strike a smile is a volatility.
#[test]
fn any_strike_has_a_volatility() {
    let smile = Smile::new(Parameters { a: 0.04, b: 0.4, rho: -0.5, m: 0.1, sigma: 0.2, forward: 100.0, years: 0.5 });
    let smile = smile.expect("a smile");
    for strike in [f64::MIN_POSITIVE, 1e-30, 1.0, 100.0, 1e30, f64::MAX] {
        let volatility = smile.volatility(strike);
        assert!(volatility > 0.0 && volatility <= 17.0, "{volatility} at {strike}");
    }
}

#[test]
fn how_likely_a_price_leaves_its_band() {
    for [volatility, lag_seconds, band, expected] in EXPOSURES {
        let found = divergence(&Exposure { volatility, lag_seconds, band }).expect("an exposure");
        assert!((found.at_the_end - expected).abs() <= 1e-13 * expected, "{found:?} for {expected}");
        assert!((found.at_any_time - (2.0 * expected).min(1.0)).abs() <= 1e-13);
    }
    let still = divergence(&Exposure { volatility: 0.0, lag_seconds: 1.0, band: 0.1 }).expect("an exposure");
    assert_eq!((still.at_the_end, still.at_any_time), (0.0, 0.0));
    let far = divergence(&Exposure { volatility: 0.01, lag_seconds: 0.001, band: 1.0 }).expect("an exposure");
    assert!(far.at_the_end < 1e-300);
}

#[test]
fn what_is_no_exposure() {
    let good = Exposure { volatility: 0.5, lag_seconds: 1.0, band: 0.01 };
    let name = |exposure| divergence(&exposure).err().map(|NoExposure { name, .. }| name);
    for wrong in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        assert_eq!(name(Exposure { volatility: wrong, ..good }), Some("the volatility"));
        assert_eq!(name(Exposure { lag_seconds: wrong, ..good }), Some("the lag"));
        assert_eq!(name(Exposure { band: wrong, ..good }), Some("the band"));
    }
    assert_eq!(name(Exposure { band: 0.0, ..good }), Some("the band"));
}
