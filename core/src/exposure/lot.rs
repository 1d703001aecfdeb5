//! What one lot adds to sums, and what lots there are.

use super::Aspect;
use super::fraction::{part, part_up};
use super::stake::Stakes;
use crate::valuation::{Lanes, Worths};

/// An account's lots in an instrument: held, and resting to be bought and sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lots {
    /// Signed.
    pub(crate) held: i64,
    pub(crate) buys: i64,
    pub(crate) sells: i64,
}

impl Lots {
    /// None.
    pub(crate) const NONE: Self = Self { held: 0, buys: 0, sells: 0 };

    pub(crate) fn are_none(self) -> bool {
        self == Self::NONE
    }

    /// What is held once all that rests to be bought is filled, and once all that rests to be sold is.
    #[inline(always)]
    pub(crate) fn ends(self) -> [i64; 2] {
        [self.held + self.buys, self.held - self.sells]
    }

    /// The size of the larger end.
    #[inline(always)]
    pub(crate) fn larger_end(self) -> i64 {
        let [up, down] = self.ends();
        up.abs().max(down.abs())
    }

    /// What they weigh in a load.
    #[inline(always)]
    pub(crate) fn weight(self) -> i64 {
        self.held.abs() + super::RESTING_WEIGHT * (self.buys + self.sells)
    }

    /// Lots of an option and its pair that are sold and not bought, and the same with all sell orders filled.
    #[inline(always)]
    pub(crate) fn naked_with(self, pair: Self) -> [i64; 2] {
        let held = self.held + pair.held;
        [-held.min(0), -(held - self.sells - pair.sells).min(0)]
    }
}

/// What one lot of an instrument is worth, as sums need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lot<'a> {
    pub(crate) worths: &'a Worths,
    pub(crate) lanes: &'a Lanes,
    pub(crate) is_option: bool,
    /// What one that rests may do: lanes where it is bought, and where it is sold, and the rest.
    pub(crate) losses: [&'a Lanes; 2],
    pub(crate) stakes: &'a Stakes,
}

/// Fractions that values are discounted with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Discounts {
    /// Above zero.
    pub(crate) above: u32,
    /// Below zero.
    pub(crate) below: u32,
}

impl Discounts {
    /// Those of futures and perpetuals.
    pub(crate) const NONE: Self = Self { above: super::fraction::ONE, below: super::fraction::ONE };

    /// Those of the options of an expiry.
    pub(crate) fn of(aspect: &Aspect) -> Self {
        let [above, below] = aspect.discounts;
        Self { above, below }
    }

    /// A value, discounted.
    #[inline(always)]
    pub(crate) fn of_value(self, value: i64) -> i64 {
        part(value, if value >= 0 { self.above } else { self.below })
    }

    /// The least by which a sum's discounted value changes where the sum changes by this, whatever the sum is.
    #[inline(always)]
    pub(crate) fn least(self, change: i64) -> i64 {
        part(change, if change >= 0 { self.above.min(self.below) } else { self.above.max(self.below) })
    }

    /// The most.
    #[inline(always)]
    pub(crate) fn most(self, change: i64) -> i64 {
        part_up(change, if change >= 0 { self.above.max(self.below) } else { self.above.min(self.below) })
    }
}
