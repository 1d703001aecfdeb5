//! What a pass makes beyond arrays: how the sums of an underlying's and an expiry's lots count.

use bytemuck::{Pod, Zeroable};

use super::fraction::{FRACTION_MAX, ONE, ceil_ppm};
use super::records::SKEWS_MAX;
use crate::command::{MarginTerms, PPM, ScenarioTerms, Shocks};
use crate::pricing::SCENARIOS_MAX;
use crate::pricing::array::fractions;
use crate::terms::Smile;

/// The margin terms of a set. Slot 0 is those of the pass under way.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct TermsSet {
    pub(crate) terms: MarginTerms,
    /// 1 once they were set.
    pub(crate) is_set: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 31],
}

const _: () = assert!(size_of::<TermsSet>() == 128);

/// How the sums of an underlying count, as of its last pass.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Outlook {
    /// How much of a scenario's loss counts, as fractions.
    pub(crate) damping: [u32; SCENARIOS_MAX],
    pub(crate) terms: MarginTerms,
    /// Those of which gain counts as loss.
    pub(crate) skews: Skews,
    /// How many scenarios there are.
    pub(crate) scenarios: u32,
    /// Factor of the worst loss for the initial margin, with what a lost peg adds, in ppm.
    pub(crate) initial_loss: u32,
    /// What is added for want of confidence in the index, in ppm of the notional.
    pub(crate) doubt: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 12],
}

const _: () = assert!(size_of::<Outlook>() == 256);

/// Where the skews are among scenarios: in order, and zero where there are fewer.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Skews {
    count: u32,
    places: [u8; SKEWS_MAX],
}

impl Skews {
    fn push(&mut self, scenario: u32) {
        debug_assert!(self.count < SKEWS_MAX as u32);
        if let Some(place) = self.places.get_mut(self.count as usize) {
            *place = scenario as u8;
            self.count += 1;
        }
    }

    /// Their places.
    #[inline(always)]
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        self.places.iter().take(self.count as usize).map(|place| usize::from(*place) % SCENARIOS_MAX)
    }

    /// Their lanes; any where there are fewer.
    #[inline(always)]
    pub(super) fn of(self, lanes: &[i64; SCENARIOS_MAX]) -> [i64; SKEWS_MAX] {
        self.places.map(|place| lanes[usize::from(place) % SCENARIOS_MAX])
    }

    /// Makes their lanes others.
    #[inline(always)]
    pub(super) fn set(self, lanes: &mut [i64; SCENARIOS_MAX], values: &[i64; SKEWS_MAX]) {
        for (place, value) in self.places().zip(values) {
            lanes[place] = *value;
        }
    }
}

impl Outlook {
    /// What follows from a set, the least confidence of the index, and the peg's price, if there is one.
    pub(crate) fn new<'s>(
        scenarios: impl Iterator<Item = &'s ScenarioTerms>,
        terms: &MarginTerms,
        confidence: u32,
        peg: Option<i64>,
    ) -> Self {
        let mut outlook = Self { terms: *terms, doubt: doubt(terms, confidence), ..Self::zeroed() };
        for (damping, scenario) in outlook.damping.iter_mut().zip(scenarios) {
            *damping = (u64::from(scenario.damping()) << 30).div_ceil(u64::from(PPM)) as u32;
            if scenario.smile().is_some_and(Smile::is_skew) {
                outlook.skews.push(outlook.scenarios);
            }
            outlook.scenarios += 1;
        }
        let lost = peg.map_or(0, |peg| (i64::from(terms.peg_threshold) - peg).max(0));
        // At most 16 times 16, in ppm.
        outlook.initial_loss = terms.initial_loss + ceil_ppm(lost.into(), terms.peg_loss).unsigned_abs() as u32;
        outlook
    }
}

/// What is added for want of confidence, in ppm of the notional.
pub(crate) fn doubt(terms: &MarginTerms, confidence: u32) -> u32 {
    if confidence >= terms.confidence_threshold {
        return 0;
    }
    ceil_ppm((PPM - confidence).into(), terms.doubt).unsigned_abs() as u32
}

/// How the sums of an expiry count. Expiries have two, one of them being made.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Aspect {
    /// The generation that it is of.
    pub(crate) generation: u64,
    /// The factor of the loss by basis, as a fraction of any size.
    pub(crate) basis: i64,
    /// The forward price; zero without one.
    pub(crate) forward: i64,
    /// Fractions by which options' values above and below zero count.
    pub(crate) discounts: [u32; 2],
    /// What is added for want of confidence, in ppm of the notional.
    pub(crate) doubt: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 28],
}

const _: () = assert!(size_of::<Aspect>() == 64);

/// Largest factor of a loss by basis, as a fraction.
const BASIS_MAX: i64 = 1 << 40;

impl Aspect {
    /// What follows from the shocks and the rate, if there is one, so many nanoseconds before the expiry.
    pub(crate) fn new(shocks: &Shocks, rate: Option<i64>, nanoseconds: u64) -> Self {
        let (discounts, basis) = fractions(shocks, rate.unwrap_or_default(), nanoseconds);
        let bounded = |discount: i64| discount.clamp(0, FRACTION_MAX.into()).unsigned_abs() as u32;
        let discounts = if rate.is_some() { discounts.map(bounded) } else { [ONE; 2] };
        Self { basis: basis.clamp(0, BASIS_MAX), discounts, ..Self::zeroed() }
    }
}
