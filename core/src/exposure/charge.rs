//! What a lot that comes to rest takes off the initial margin by scenarios, at most.
//!
//! An account's floor is what is left over its initial margin at least. Most orders are checked by it, in a few
//! instructions: they pass where the floor bears their charge. Only where it does not, the margin is reckoned. So what is
//! accepted is the same, however near the floor is to the margin; and it may only ever be too low:
//!
//! - an order that comes to rest lowers it by its charge, and by what it loses at once. Under no scenario does a lot cost
//!   more than the worst of its resting losses (in skews, of its gains too), so neither do all scenarios together; the
//!   contingencies grow by its notional at most;
//! - one that leaves never lowers the margin: sums of resting lots only come nearer to zero;
//! - one that is filled at its price leaves no less over the margin than before: that is what reserves are for. (The price
//!   may lose more than was reserved, if the mark has moved; then the floor is not known any more.) An order that trades
//!   on entry is taken as one that rests first.

use super::fraction::ceil_ppm;
use super::outlook::{Aspect, Outlook};
use super::portfolio::worst_of;
use super::records::SKEWS_MAX;
use super::stake::Staked;
use crate::pricing::{Ieee, Kernel, Level};
use crate::valuation::Lanes;

/// What rounding may take besides, in lanes, whatever the number of lots: a few units, and one of the worst loss, which is
/// multiplied by at most 272.
const ROUNDING: i128 = 1_024;

/// Instead of a charge that does not fit: by such lots no floor is known.
pub(crate) const NO_CHARGE: i64 = i64::MAX;

/// The charges of lots bought and sold, by the model of portfolios, in lanes.
pub(crate) fn charges(
    staked: &Staked,
    (notional, is_option): (i64, bool),
    outlook: &Outlook,
    aspect: Option<&Aspect>,
) -> [i64; 2] {
    let Staked { stakes, losses } = staked;
    [0, 1].map(|side| {
        let (losses, gained) = (&losses[side], &stakes.gained[side]);
        let by_scenario = -i128::from(Level::best().run(WorstOfOne { losses, gained, outlook }));
        let by_basis = aspect.map_or(0, |aspect| {
            let [up, down] = stakes.basis[side];
            -((i128::from(up.min(down)) * i128::from(aspect.basis)) >> 30)
        });
        let worst = ceil_ppm(by_scenario.max(by_basis), outlook.initial_loss);
        let terms = &outlook.terms;
        let contingency = match (is_option, side) {
            (false, _) => terms.linear[0] + terms.linear[1],
            (true, 1) => terms.option[0] + terms.option[1],
            (true, _) => 0,
        };
        let doubt = aspect.map_or(outlook.doubt, |aspect| aspect.doubt);
        let notional = ceil_ppm(notional.into(), contingency + doubt);
        i64::try_from(worst + notional).unwrap_or(NO_CHARGE)
    })
}

/// The worst that a resting lot does under a scenario.
struct WorstOfOne<'a> {
    losses: &'a Lanes,
    gained: &'a [i64; SKEWS_MAX],
    outlook: &'a Outlook,
}

impl Kernel for WorstOfOne<'_> {
    type Output = i64;

    #[inline(always)]
    fn run(self, _: impl Ieee) -> i64 {
        let Self { losses, gained, outlook } = self;
        let mut profits = losses.0;
        for (place, gained) in outlook.skews.places().zip(gained) {
            profits[place] = profits[place].min(-gained);
        }
        worst_of(&profits, &outlook.damping)
    }
}

/// What so many lots may take off, in atoms, with what each of them loses at once.
#[inline(always)]
pub(crate) fn charge_of(lots: i64, charge: i64, adverse: i64, lane_bits: u8) -> i128 {
    let lanes = i128::from(lots) * (i128::from(charge) + i128::from(adverse)) + ROUNDING;
    (lanes >> (lane_bits & 63)) + 1
}
