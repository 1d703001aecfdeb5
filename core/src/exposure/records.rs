//! The records: an account's portfolio in an underlying, its vector in an expiry, and what an order has reserved.

use bytemuck::{Pod, Zeroable};

use crate::engine::Row;
use crate::margin::Greeks;
use crate::pricing::SCENARIOS_MAX;
use crate::valuation::{Lanes, Links};

/// Records whose slots a portfolio has beside their row: a cache line of them.
const NEARBY_MAX: usize = 16;

/// An account's positions and orders in one underlying: what is summed up over all of them.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Portfolio {
    /// Slots; while it is there neither can be closed.
    pub(crate) account: u32,
    pub(crate) underlying: u32,
    /// The generation of arrays that it is, or is being, added up with.
    pub(crate) generation: u64,
    /// The record to be added next; 0 if all were.
    pub(crate) cursor: u32,
    /// Records that were added of instruments without an array.
    pub(crate) missing: u32,
    /// Value of what is held, as far as the account's model counts it, in lanes.
    pub(crate) mark: i64,
    /// What futures and perpetuals need, where the model has needs: maintenance, and initial with orders.
    pub(crate) needs: [i64; 2],
    /// What orders lose at once if they are filled, in lanes.
    pub(crate) adverse: i64,
    /// How much of what sums have room for is in use.
    pub(crate) load: i64,
    /// The records of its positions, in the order in which they were made.
    pub(crate) positions: Row,
    /// Among those of the account.
    pub(crate) siblings: Links,
    /// The first of its vectors.
    pub(crate) first_vector: u32,
    /// How many it has.
    pub(crate) vectors: u32,
    /// Sensitivities.
    pub(crate) delta: i64,
    pub(crate) gamma: i64,
    pub(crate) vega: i64,
    pub(crate) theta: i64,
    pub(crate) rho: i64,
    pub(crate) vanna: i64,
    pub(crate) volga: i64,
    /// How many records it has.
    pub(crate) records: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 44],
    /// Slots of the first of its records, in any order, so that all can be fetched at once; 0 where there are fewer.
    pub(crate) nearby: [u32; NEARBY_MAX],
}

const _: () = assert!(size_of::<Portfolio>() == 256);

impl Portfolio {
    /// Its sensitivities.
    pub(crate) fn greeks(&self) -> Greeks<i64> {
        let &Self { delta, gamma, vega, theta, rho, vanna, volga, .. } = self;
        Greeks { delta, gamma, vega, theta, rho, vanna, volga }
    }

    /// Adds those of so many lots.
    #[inline(always)]
    pub(crate) fn add_greeks(&mut self, quantity: i64, lot: &Greeks<i64>) {
        let sums = [
            (&mut self.delta, lot.delta),
            (&mut self.gamma, lot.gamma),
            (&mut self.vega, lot.vega),
            (&mut self.theta, lot.theta),
            (&mut self.rho, lot.rho),
            (&mut self.vanna, lot.vanna),
            (&mut self.volga, lot.volga),
        ];
        for (sum, each) in sums {
            *sum += quantity * each;
        }
    }

    /// Keeps a record's slot at hand, where there is a place left.
    pub(crate) fn add_nearby(&mut self, record: u32) {
        if let Some(place) = self.nearby.iter_mut().find(|place| **place == 0) {
            *place = record;
        }
    }

    /// Forgets a record that is closed.
    pub(crate) fn remove_nearby(&mut self, record: u32) {
        if let Some(place) = self.nearby.iter_mut().find(|place| **place == record) {
            *place = 0;
        }
    }

    /// Forgets what was added up, to begin anew with the arrays of a generation.
    pub(crate) fn begin(&mut self, generation: u64) {
        *self = Self {
            generation,
            cursor: self.positions.first,
            missing: 0,
            mark: 0,
            needs: [0; 2],
            delta: 0,
            gamma: 0,
            vega: 0,
            theta: 0,
            rho: 0,
            vanna: 0,
            volga: 0,
            ..*self
        };
    }
}

/// Scenario sums that count as loss both ways, at most, in a set.
pub(crate) const SKEWS_MAX: usize = 4;

/// An account's positions and orders in one expiry of an underlying, or in its perpetuals: what is summed up beside lanes,
/// which are in tables of their own. Only the portfolio model uses the sums.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Vector {
    /// Slots.
    pub(crate) account: u32,
    pub(crate) portfolio: u32,
    /// A [`VectorKey`](super::VectorKey).
    pub(crate) key: u32,
    /// Records in it, and those among them of options.
    pub(crate) records: u32,
    pub(crate) options: u32,
    /// Which of its [`Sheet`]s count, a bit each; those that nothing was added to since its sums were begun hold
    /// anything.
    pub(crate) used: u32,
    /// Among those of the portfolio.
    pub(crate) siblings: Links,
    /// The generation of arrays that its sums are of.
    pub(crate) generation: u64,
    pub(crate) sums: VectorSums,
    /// The records of its positions, in the order in which they were made.
    pub(crate) positions: Row,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved_tail: [u8; 96],
}

const _: () = assert!(size_of::<Vector>() == 256);

/// Lanes of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// What its options are worth under each scenario.
    Options,
    /// What its futures and perpetuals are.
    Linear,
    /// What its orders may lose, at most.
    Orders,
}

impl Sheet {
    /// That of what is held of an instrument.
    #[inline(always)]
    pub(super) fn of_held(is_option: bool) -> Self {
        if is_option { Self::Options } else { Self::Linear }
    }
}

impl Vector {
    /// Forgets what was added up, to begin anew with the arrays of a generation.
    #[inline(always)]
    pub(crate) fn begin(&mut self, generation: u64) {
        *self = Self { generation, used: 0, sums: VectorSums::zeroed(), ..*self };
    }

    /// Whether anything was added to lanes since the sums were begun.
    #[inline(always)]
    pub(super) fn uses(&self, sheet: Sheet) -> bool {
        self.used & (1 << sheet as u32) != 0
    }

    /// Its lanes, to add to: from zero, if nothing was added since the sums were begun.
    #[inline(always)]
    pub(super) fn lanes_of<'l>(&mut self, sheet: Sheet, lanes: &'l mut Lanes) -> &'l mut [i64; SCENARIOS_MAX] {
        if !self.uses(sheet) {
            self.used |= 1 << sheet as u32;
            lanes.0 = [0; SCENARIOS_MAX];
        }
        &mut lanes.0
    }
}

/// What is summed up over the records of a vector, beside lanes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct VectorSums {
    /// Value of what is held.
    pub(crate) mark: i64,
    /// With the forward up, and down.
    pub(crate) basis: [i64; 2],
    /// What orders may lose by it, at most.
    pub(crate) order_basis: [i64; 2],
    /// What orders may gain, at most, under each of the skews.
    pub(crate) upper: [i64; SKEWS_MAX],
    /// Notional of naked options: now, and with all sell orders filled.
    pub(crate) naked: [i64; 2],
    /// Notional of futures and perpetuals: now, and with all orders of the worse side filled.
    pub(crate) linear: [i64; 2],
    /// Notional of everything, with all orders of the worse side filled.
    pub(crate) doubted: i64,
}

/// What a resting order adds to its account's sums beside its quantity. In the slot of the order.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Reserve {
    /// What a lot loses at once if it is filled at the order's price, as it was when the order came to rest, in lanes.
    pub(crate) adverse: i64,
    /// The record of the account's position in the instrument.
    pub(crate) position: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: u32,
}

const _: () = assert!(size_of::<Reserve>() == 16);
