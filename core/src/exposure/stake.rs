//! What one lot that rests may do to its account's sums, bought or sold. Made once, with its array: orders that come to rest,
//! are filled or leave only add it or take it away.

use bytemuck::{Pod, Zeroable};

use super::lot::Discounts;
use super::outlook::{Outlook, Skews};
use super::records::SKEWS_MAX;
use crate::pricing::{Ieee, Kernel, Level, SCENARIOS_MAX};
use crate::valuation::{Lanes, Worths};

/// What it may do beside lanes: bought, and sold. Instruments have two, one of them being made.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Stakes {
    /// What it may lose with the forward up, and down: at most zero.
    pub(super) basis: [[i64; 2]; 2],
    /// What it may gain under each of the skews.
    pub(super) gained: [[i64; SKEWS_MAX]; 2],
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 32],
}

const _: () = assert!(size_of::<Stakes>() == 128);

/// All of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Staked {
    pub(crate) stakes: Stakes,
    /// What it may lose under each scenario, bought and sold: at most zero, and zero where there is no scenario.
    pub(crate) losses: [Lanes; 2],
}

impl Staked {
    /// That of a lot that is worth this. `discounts` are those of the options of its expiry.
    pub(crate) fn new(worths: &Worths, lanes: &Lanes, discounts: Discounts, outlook: &Outlook) -> Self {
        let scenarios = (outlook.scenarios as usize).min(SCENARIOS_MAX);
        let sides = [0, -1].map(|turn| Resting { mark: worths.mark, discounts, turn });
        let stakes = Stakes {
            basis: sides.map(|side| worths.basis.map(|basis| side.lost_by(basis))),
            gained: sides.map(|side| side.gained_under(outlook.skews, lanes)),
            ..Stakes::zeroed()
        };
        Self { stakes, losses: sides.map(|side| Level::best().run(Losses { side, lanes, scenarios })) }
    }
}

/// A lot that rests on one side.
#[derive(Clone, Copy, Debug)]
struct Resting {
    mark: i64,
    discounts: Discounts,
    /// Zero where it is to be bought; -1 where it is to be sold, and values count the other way round.
    turn: i64,
}

impl Resting {
    #[inline(always)]
    fn turned(&self, value: i64) -> i64 {
        (value ^ self.turn).wrapping_sub(self.turn)
    }

    /// What it may lose where a lot is worth `lane`, as a number below zero.
    #[inline(always)]
    fn lost(&self, lane: i64) -> i64 {
        self.discounts.least(self.turned(lane)).wrapping_sub(self.turned(self.mark)).min(0)
    }

    /// What it loses where a lot is worth a basis, as a number below zero.
    fn lost_by(&self, basis: i64) -> i64 {
        (self.turned(basis) - self.turned(self.mark)).min(0)
    }

    /// What it may gain where a lot is worth `lane`.
    fn gained(&self, lane: i64) -> i64 {
        (self.discounts.most(self.turned(lane)) - self.turned(self.mark)).max(0)
    }

    /// The same under each of the skews.
    fn gained_under(&self, skews: Skews, lanes: &Lanes) -> [i64; SKEWS_MAX] {
        let mut gained = [0; SKEWS_MAX];
        for (gained, place) in gained.iter_mut().zip(skews.places()) {
            *gained = self.gained(lanes.0[place]);
        }
        gained
    }
}

/// What a lot may lose under each scenario.
struct Losses<'a> {
    side: Resting,
    lanes: &'a Lanes,
    scenarios: usize,
}

impl Kernel for Losses<'_> {
    type Output = Lanes;

    #[inline(always)]
    fn run(self, _: impl Ieee) -> Lanes {
        let Self { side, lanes, scenarios } = self;
        let mut losses = [0; SCENARIOS_MAX];
        for (loss, lane) in losses.iter_mut().zip(&lanes.0) {
            *loss = side.lost(*lane);
        }
        losses[scenarios..].fill(0);
        Lanes(losses)
    }
}
