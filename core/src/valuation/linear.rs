//! Futures and perpetuals: their risk arrays, and the band that their marks keep to. In integers.

use crate::command::PPM;
use crate::margin::{Array, Greeks};
use crate::pricing::SCENARIOS_MAX;
use crate::units::PriceTicks;

use super::records::{Scenarios, ShockSet};

/// Nanoseconds before the expiry in which the settlement price is averaged.
const SETTLEMENT_NS: u64 = 1_800_000_000_000;

/// The array of one lot that is worth `value` now, of an instrument that expires in so many nanoseconds, or never.
pub(crate) fn linear_array(
    value: i64,
    limit: i64,
    expires_in: Option<u64>,
    scenarios: &Scenarios,
    shocks: &ShockSet,
) -> (Array<i64>, Greeks<i64>) {
    let open_ns = i128::from(expires_in.map_or(SETTLEMENT_NS, |left| left.min(SETTLEMENT_NS)));
    let unit = i128::from(PPM) * i128::from(SETTLEMENT_NS);
    let moved = |factor: i128| {
        let change = i128::from(value) * (factor - i128::from(PPM)) * open_ns;
        clamp(i128::from(value) + change.div_euclid(unit), limit)
    };
    let mut lanes = [0; SCENARIOS_MAX];
    for (lane, scenario) in lanes.iter_mut().zip(scenarios.used()) {
        *lane = moved(scenario.spot.into());
    }
    let basis = if expires_in.is_some() { shocks.shocks.basis.map(|factor| moved(factor.into())) } else { [value; 2] };
    (Array { mark: value, basis, scenarios: lanes }, Greeks { delta: value, ..Greeks::default() })
}

/// A number at plus or minus the limit where it is beyond.
pub(crate) fn clamp(number: i128, limit: i64) -> i64 {
    let limit = i128::from(limit);
    number.clamp(-limit, limit) as i64
}

/// A price, moved to within `band` ppm of a reference in atoms, where a tick is so many atoms.
pub(crate) fn within_band(price: i128, reference: i64, band: u32, tick_atoms: i64) -> PriceTicks {
    let unit = i128::from(tick_atoms) * i128::from(PPM);
    let scaled = |part: i128| i128::from(reference) * part;
    let low = -(-scaled(i128::from(PPM) - i128::from(band))).div_euclid(unit);
    let high = scaled(i128::from(PPM) + i128::from(band)).div_euclid(unit);
    let middle = i128::from(reference).div_euclid(i128::from(tick_atoms));
    let price = if low > high { middle } else { price.clamp(low, high) };
    // References are at most 1e15, bands at most one.
    PriceTicks(i64::try_from(price).unwrap_or(i64::MAX))
}
