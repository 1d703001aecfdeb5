//! Scenario sets that venues use, as commands set them. A venue may use these, change them, or make its own.

use alloc::vec::Vec;

use crate::command::{PPM, ScenarioTerms, Shocks};
use crate::terms::Smile;

/// A scenario set: [`SetScenarios`](crate::command::SetScenarios) and [`SetShocks`](crate::command::SetShocks) take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioSet {
    /// At most [`SCENARIOS_MAX`](crate::pricing::SCENARIOS_MAX).
    pub scenarios: Vec<ScenarioTerms>,
    /// The shocks.
    pub shocks: Shocks,
}

/// One, in ppm, as shocks have it.
const ONE: i32 = PPM.cast_signed();

/// Nothing of it is shocked, discounted or skewed.
const NO_SHOCKS: Shocks = Shocks {
    range_up: 0,
    range_down: 0,
    short_power: 0,
    long_power: 0,
    floor_days: ONE,
    evaluated_min: 0,
    linear: [0; 2],
    absolute: [0; 2],
    volatility: [0; 2],
    width_min: ONE,
    width: 0,
    fixed: [ONE; 2],
    rate_mult: [0; 2],
    rate_add: [0; 2],
    basis: [ONE; 2],
    basis_factor: [0; 2],
};

fn whole(spot: u32, smile: Smile) -> ScenarioTerms {
    ScenarioTerms::new(spot, PPM, smile)
}

/// Derive's PMRM 2, with the parameters of its tests: spot moves of 4.5 % to 18 %, volatilities up, kept and down, damped
/// tails, and the two skews. (Derive v2-core, `PMRMLib_2.sol`.)
pub fn derive_pmrm2() -> ScenarioSet {
    let inner = [1_135_000, 1_090_000, 1_045_000, PPM, 955_000, 910_000, 865_000];
    let mut scenarios = alloc::vec![whole(1_180_000, Smile::Up)];
    scenarios.extend(
        inner.into_iter().flat_map(|spot| [Smile::Down, Smile::Kept, Smile::Up].map(|smile| whole(spot, smile))),
    );
    scenarios.push(whole(820_000, Smile::Up));
    let tails = [
        (340_000, 54_545),
        (670_000, 109_091),
        (1_500_000, 72_000),
        (2_000_000, 36_000),
        (3_000_000, 18_000),
        (4_000_000, 12_000),
    ];
    scenarios.extend(tails.map(|(spot, damping)| ScenarioTerms::new(spot, damping, Smile::Up)));
    scenarios.extend([Smile::Linear, Smile::Absolute].map(|smile| whole(PPM, smile)));
    let shocks = Shocks {
        range_up: 500_000,
        range_down: 275_000,
        short_power: 300_000,
        long_power: 130_000,
        floor_days: 1_000_000,
        evaluated_min: 450_000,
        linear: [150_000, -50_000],
        absolute: [150_000, -50_000],
        volatility: [600_000, -100_000],
        width_min: 10_000,
        width: 4_000_000,
        fixed: [950_000, 1_040_000],
        rate_mult: [1_000_000, 500_000],
        rate_add: [80_000, 80_000],
        basis: [1_045_000, 955_000],
        basis_factor: [500_000, 2_000_000],
    };
    ScenarioSet { scenarios, shocks }
}

/// The sixteen scenarios of SPAN: the price moves by nothing, a third, two thirds and all of its range either way, each
/// with volatilities up and down; and by an extreme move either way, of whose loss a part counts.
///
/// `price_range` and `volatility_range` are in ppm of price and volatility; `extreme` is what the range is multiplied with,
/// and `cover` the part that counts, in ppm: usually two or three, and about a third. (Chicago Mercantile Exchange,
/// Standard Portfolio Analysis of Risk.) What falls below nothing ends at the smallest factor.
pub fn span_16(price_range: u32, volatility_range: i32, extreme: u32, cover: u32) -> ScenarioSet {
    let factor = |move_ppm: i64| u32::try_from((i64::from(PPM) + move_ppm).max(1)).unwrap_or(u32::MAX);
    let range = i64::from(price_range);
    let mut scenarios = Vec::new();
    for third in [0, 1, -1, 2, -2, 3, -3] {
        scenarios.extend([Smile::Up, Smile::Down].map(|smile| whole(factor(range * third / 3), smile)));
    }
    for sign in [1, -1] {
        let far = range * i64::from(extreme) / i64::from(PPM);
        scenarios.push(ScenarioTerms::new(factor(sign * far), cover, Smile::Kept));
    }
    let shocks = Shocks { range_up: volatility_range, range_down: volatility_range, ..NO_SHOCKS };
    ScenarioSet { scenarios, shocks }
}

/// Nine prices over 16 % either way, each with volatilities up, kept and down, and an extended table of five far moves,
/// damped: in the manner of Deribit's portfolio margin, with its ranges for bitcoin. (Its table has eight far moves; there
/// is room for five.)
pub fn nine_by_three() -> ScenarioSet {
    let mut scenarios = Vec::new();
    for step in 0..9 {
        let spot = 840_000 + 40_000 * step;
        scenarios.extend([Smile::Up, Smile::Kept, Smile::Down].map(|smile| whole(spot, smile)));
    }
    let far = [(340_000, 242_000), (670_000, 485_000), (1_500_000, 320_000), (2_000_000, 160_000), (6_000_000, 32_000)];
    scenarios.extend(far.map(|(spot, damping)| ScenarioTerms::new(spot, damping, Smile::Up)));
    let shocks = Shocks {
        range_up: 500_000,
        range_down: 250_000,
        short_power: 300_000,
        long_power: 130_000,
        evaluated_min: 500_000,
        ..NO_SHOCKS
    };
    ScenarioSet { scenarios, shocks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CommandRecord, SetScenarios, SetShocks};
    use crate::ids::SessionId;

    #[test]
    fn sets_are_what_commands_take() {
        let sets = [
            derive_pmrm2(),
            span_16(120_000, 250_000, 3 * PPM, 330_000),
            nine_by_three(),
            span_16(900_000, 0, 3 * PPM, 0),
        ];
        for (set, count) in sets.into_iter().zip([31, 16, 32, 16]) {
            assert_eq!(set.scenarios.len(), count);
            let session = (SessionId::operator(0), 1);
            assert_eq!(SetScenarios::new(session, 1, set.scenarios).check(), Ok(()));
            assert_eq!(SetShocks::new(session, 1, set.shocks).check(), Ok(()));
        }
    }
}
