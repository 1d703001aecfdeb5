//! What a pass makes beyond arrays: "What a pass makes beyond arrays" of `docs/RISK.md`.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use ethnum::I256;

use super::NaiveEngine;
use super::arrays::{Factors, factors_of, lane_limit};
use super::parts::{ceil, narrow};
use super::passes::Feeds;
use super::venue::Instrument;
use crate::command::{ListInstrument, MarginTerms};
use crate::ids::{ExpiryId, InstrumentId, UnderlyingId};
use crate::margin::Array;
use crate::terms::InstrumentKind;

/// Of an instrument, what margin wants to know of one lot beside its array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lot {
    pub(super) notional: i128,
    /// Of a future or perpetual: maintenance and initial, each long and short.
    pub(super) needs: [[i128; 2]; 2],
}

/// A scenario, as far as margin wants it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shock {
    /// As a fraction.
    pub(super) damping: i128,
    pub(super) is_skew: bool,
}

/// Of an expiry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dated {
    pub(super) factors: Factors,
    /// In ppm.
    pub(super) doubt: i128,
    /// The forward price, if there is one.
    pub(super) forward: Option<i64>,
}

/// Of an underlying.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) shocks: Vec<Shock>,
    pub(super) terms: MarginTerms,
    /// Factor of the worst loss for the initial margin, in ppm.
    pub(super) initial_loss: i128,
    /// Of what has no expiry, in ppm.
    pub(super) doubt: i128,
    pub(super) expiries: BTreeMap<ExpiryId, Dated>,
}

/// Whether it is an option.
pub(super) fn is_option(terms: &ListInstrument) -> bool {
    let kind = InstrumentKind::from_code(terms.kind);
    matches!(kind, Some(InstrumentKind::EuropeanOption | InstrumentKind::OnDemandOption))
}

/// A price in atoms for one unit of the underlying, as the lanes of one lot, rounded down.
pub(super) fn lot_at(terms: &ListInstrument, lane_bits: u8, price: i64) -> i128 {
    let product = I256::from(price) * I256::from(terms.multiplier.get()) * I256::from(1_i64 << lane_bits);
    narrow(product.div_euclid(I256::from(terms.price_unit.get().max(1))))
}

/// A price in ticks, as the lanes of one lot.
pub(super) fn lot_in_ticks(terms: &ListInstrument, lane_bits: u8, price: i64) -> I256 {
    I256::from(price) * I256::from(terms.multiplier.get()) * I256::from(1_i64 << lane_bits)
}

/// By how much the least confidence falls short, times what that costs.
fn doubt(confidences: impl IntoIterator<Item = Option<u32>>, terms: &MarginTerms) -> i128 {
    let least = confidences.into_iter().flatten().min().unwrap_or(1_000_000);
    if least >= terms.confidence_threshold {
        return 0;
    }
    ceil(1_000_000 - i128::from(least), terms.doubt)
}

impl NaiveEngine {
    /// What margin wants to know of one lot of an instrument that has an array.
    pub(super) fn lot_of(listed: &Instrument, array: &Array<i128>, feeds: &Feeds) -> Option<Lot> {
        let (terms, limit) = (&listed.terms, lane_limit(&listed.terms));
        if is_option(terms) {
            let forward = feeds.expiries.get(&terms.expiry_id).and_then(|expiry| expiry.forward.value);
            let price = feeds.index.or(forward)?.value;
            let notional = lot_at(terms, feeds.lane_bits, price).min(limit);
            return Some(Lot { notional, needs: [[0; 2]; 2] });
        }
        let margin = feeds.set.as_ref()?.terms?;
        let notional = array.mark.abs();
        let most = |need: i128| need.min(2 * limit);
        let maintenance = [margin.long, margin.short].map(|factor| most(ceil(notional, margin.slippage + factor)));
        let initial = maintenance.map(|need| most(ceil(need, margin.initial_multiple)));
        Some(Lot { notional, needs: [maintenance, initial] })
    }

    /// What margin wants to know of an underlying and its expiries.
    pub(super) fn scene_of(feeds: &Feeds) -> Option<Scene> {
        let set = feeds.set.as_ref()?;
        let (terms, shocks) = (set.terms?, set.shocks.as_ref()?);
        let scenarios = set.scenarios.as_ref()?;
        let damping = |ppm: u32| -(-(i128::from(ppm) << 30)).div_euclid(1_000_000);
        let index = feeds.index.map(|reading| reading.stamp.confidence);
        let expiries = feeds.expiries.iter().map(|(id, expiry)| {
            let readings = [expiry.forward, expiry.rate, expiry.smile].map(|feed| feed.value);
            let confidences = readings.map(|reading| reading.map(|reading| reading.stamp.confidence));
            let dated = Dated {
                factors: factors_of(shocks, expiry, feeds.time),
                doubt: doubt(confidences.into_iter().chain([index]), &terms),
                forward: expiry.forward.value.map(|reading| reading.value),
            };
            (*id, dated)
        });
        let below = feeds.peg.map_or(0, |peg| (i64::from(terms.peg_threshold) - peg.value).max(0));
        Some(Scene {
            shocks: scenarios
                .iter()
                .map(|scenario| Shock {
                    damping: damping(scenario.damping()),
                    is_skew: scenario.smile().is_some_and(crate::terms::Smile::is_skew),
                })
                .collect(),
            terms,
            initial_loss: i128::from(terms.initial_loss) + ceil(below.into(), terms.peg_loss),
            doubt: doubt([index], &terms),
            expiries: expiries.collect(),
        })
    }

    /// What is published of one lot: its array, and the rest.
    pub(super) fn lot(&self, instrument: InstrumentId) -> Option<(Array<i128>, Lot)> {
        let (_, array, _) = self.array(instrument)?;
        Some((array, self.valuation.lot(instrument)?))
    }

    /// The bits behind the atom of an underlying's lanes.
    pub(super) fn lane_bits(&self, underlying: UnderlyingId) -> u8 {
        self.underlyings.find(underlying).map_or(0, |listed| listed.terms.lane_bits)
    }
}
