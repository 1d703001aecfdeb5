//! Portfolio margin: what a whole account loses in the worst of many scenarios, and what is added for what no scenario
//! holds. In the manner of Derive's PMRM 2 (`PMRMLib_2.sol` of its v2-core); the scenarios themselves are in
//! [`crate::pricing::pmrm`].
//!
//! A *lane* is what one lot is worth under a scenario, as an integer of 2^-k atoms; sums of lanes are exact. An expiry's sum
//! V under scenario i, with M its sum now, the discounts of values above and below zero, and the scenario's damping d:
//!
//! pnl(i) = d (V discount - M), in skew scenarios -|pnl(i)|;
//!
//! over all expiries, plus d (shock - 1) times the value of perpetuals and of collateral that moves with the price. The
//! basis loss is the sum over expiries of min(up - M, down - M, 0) times the expiry's factor. With the worst of all these:
//!
//! - maintenance = worst factor(MM) - contingency(MM) + mark to market + cash,
//! - initial = worst factor(IM) - contingency(IM) - contingency(MM) + mark to market + cash;
//!
//! negative is less than is needed. Every product is rounded down, against the account, to 2^-k atoms.

use super::amount::{cost, difference, part, scaled, signed, sum};
use super::{Array, Lane, RATE_UNIT, Rate, TooLarge};
use crate::pricing::SCENARIOS_MAX;

/// A scenario: how much of it counts, and what is not in the arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The factor of the spot price, for what has no array.
    pub spot: Rate,
    /// How much of the loss counts.
    pub damping: Rate,
    /// Whether gain counts as loss.
    pub is_skew: bool,
}

/// An expiry's sums, and its factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry<L> {
    /// The sum of quantity times array over its options.
    pub sums: Array<L>,
    /// Discount of a value above zero.
    pub discount_long: Rate,
    /// Of one below.
    pub discount_short: Rate,
    /// Factor of the loss by basis.
    pub basis: Rate,
    /// Lots that are short, strike by strike, calls and puts together.
    pub naked: u64,
    /// All lots, long and short.
    pub gross: u64,
    /// The least confidence of its feeds.
    pub confidence: Rate,
}

/// Perpetuals of the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Perpetuals {
    /// Quantity times the perpetual's price.
    pub value: i128,
    /// Size of the quantity times the spot price.
    pub notional: i128,
    /// Profit and funding that were not paid yet.
    pub unrealised: i128,
    /// The least confidence of spot and perpetual.
    pub confidence: Rate,
}

/// Collateral that is not cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collateral {
    /// Its value.
    pub value: i128,
    /// Whether it moves with the price, and so offsets what is short.
    pub is_risk_cancelling: bool,
    /// What is taken off for maintenance.
    pub maintenance_haircut: Rate,
    /// What is taken off beyond that for the initial margin.
    pub initial_haircut: Rate,
    /// The least confidence of its price and of spot.
    pub confidence: Rate,
}

/// What is added for what no scenario holds, and how losses count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Factor of the worst loss for maintenance.
    pub maintenance_loss: Rate,
    /// For the initial margin, with what a peg that is lost adds.
    pub initial_loss: Rate,
    /// Of perpetuals' notional, for maintenance and beyond that for the initial margin.
    pub perpetual: [Rate; 2],
    /// Of naked shorts' spot value, likewise.
    pub option: [Rate; 2],
    /// Below this confidence something is added.
    pub confidence_threshold: Rate,
    /// Of notional and of what is missing of confidence.
    pub confidence: Rate,
}

/// An account; amounts are in 2^-k atoms.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a, L> {
    /// Its expiries.
    pub expiries: &'a [Expiry<L>],
    /// Its perpetuals.
    pub perpetuals: Perpetuals,
    /// Its collateral.
    pub collaterals: &'a [Collateral],
    /// Its cash.
    pub cash: i128,
    /// The spot price of one lot.
    pub spot: i128,
}

/// What comes of it; amounts are in 2^-k atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin {
    /// Profit under each scenario.
    pub scenarios: [i128; SCENARIOS_MAX],
    /// The loss by basis, not above zero.
    pub basis: i128,
    /// The worst of these.
    pub worst: i128,
    /// Value of all positions, collateral and cash.
    pub mark_to_market: i128,
    /// What is added for maintenance, and beyond that for the initial margin.
    pub contingency: [i128; 2],
    /// What is left over the maintenance margin.
    pub maintenance: i128,
    /// What is left over the initial margin.
    pub initial: i128,
}

impl Parameters {
    /// What is added for a confidence that is too low.
    fn doubt(&self, confidence: Rate, notional: i128) -> Result<i128, TooLarge> {
        if confidence >= self.confidence_threshold {
            return Ok(0);
        }
        let missing = Rate::new(RATE_UNIT.saturating_sub(confidence.units())).unwrap_or(Rate::ZERO);
        cost(cost(notional, missing)?, self.confidence)
    }
}

impl<L: Lane> Expiry<L> {
    /// Its profit under a scenario.
    fn profit(&self, index: usize, scenario: &Scenario) -> Result<i128, TooLarge> {
        let value = self.sums.scenarios[index].widen();
        let discounted = part(value, if value >= 0 { self.discount_long } else { self.discount_short })?;
        let profit = part(difference(discounted, self.sums.mark.widen())?, scenario.damping)?;
        // The least number has no size.
        Ok(if scenario.is_skew { -profit.checked_abs().ok_or(TooLarge)? } else { profit })
    }

    /// Its loss by basis.
    fn basis_loss(&self) -> Result<i128, TooLarge> {
        let [up, down] = self.sums.basis.map(Lane::widen);
        let mark = self.sums.mark.widen();
        let worst = difference(up, mark)?.min(difference(down, mark)?).min(0);
        part(worst, self.basis)
    }
}

/// Computes the margin of an account. Scenarios beyond [`SCENARIOS_MAX`] are not looked at.
///
/// # Errors
/// [`TooLarge`].
pub fn margin<L: Lane>(
    scenarios: &[Scenario],
    parameters: &Parameters,
    account: &Account<'_, L>,
) -> Result<Margin, TooLarge> {
    let Account { expiries, perpetuals, collaterals, cash, spot } = *account;
    let moving =
        collaterals.iter().filter(|collateral| collateral.is_risk_cancelling).map(|collateral| collateral.value);
    let moving = sum(moving.chain([perpetuals.value]))?;
    let mut profits = [0; SCENARIOS_MAX];
    for (index, (profit, scenario)) in profits.iter_mut().zip(scenarios).enumerate() {
        let moved = scaled(moving, signed(scenario.spot) - signed(Rate::ONE))?;
        *profit = part(moved, scenario.damping)?;
        for expiry in expiries {
            *profit = sum([*profit, expiry.profit(index, scenario)?])?;
        }
    }
    let mut basis = 0;
    for expiry in expiries {
        basis = sum([basis, expiry.basis_loss()?])?;
    }
    let worst = profits.iter().take(scenarios.len()).copied().fold(basis, i128::min);
    let contingency = contingencies(parameters, account, spot)?;
    let values = expiries.iter().map(|expiry| expiry.sums.mark.widen());
    let values = values.chain(collaterals.iter().map(|collateral| collateral.value));
    let mark_to_market = sum(values.chain([perpetuals.unrealised, cash]))?;
    let held = difference(mark_to_market, contingency[0])?;
    let maintenance = sum([part(worst, parameters.maintenance_loss)?, held])?;
    let initial = difference(sum([part(worst, parameters.initial_loss)?, held])?, contingency[1])?;
    Ok(Margin { scenarios: profits, basis, worst, mark_to_market, contingency, maintenance, initial })
}

/// What is added for maintenance, and beyond that for the initial margin.
fn contingencies<L: Lane>(
    parameters: &Parameters,
    account: &Account<'_, L>,
    spot: i128,
) -> Result<[i128; 2], TooLarge> {
    let Account { expiries, perpetuals, collaterals, .. } = *account;
    let notional = perpetuals.notional;
    let mut added = [cost(notional, parameters.perpetual[0])?, cost(notional, parameters.perpetual[1])?];
    added[1] = sum([added[1], parameters.doubt(perpetuals.confidence, notional)?])?;
    let at_spot = |lots: u64| i128::from(lots).checked_mul(spot).ok_or(TooLarge);
    for expiry in expiries {
        let naked = at_spot(expiry.naked)?;
        added[0] = sum([added[0], cost(naked, parameters.option[0])?])?;
        let doubt = parameters.doubt(expiry.confidence, at_spot(expiry.gross)?)?;
        added[1] = sum([added[1], cost(naked, parameters.option[1])?, doubt])?;
    }
    for collateral in collaterals {
        let value = collateral.value;
        added[0] = sum([added[0], cost(value, collateral.maintenance_haircut)?])?;
        let doubt = parameters.doubt(collateral.confidence, value)?;
        added[1] = sum([added[1], cost(value, collateral.initial_haircut)?, doubt])?;
    }
    Ok(added)
}
