//! The tables of what instruments' lots are worth and do: two places for each, one of them being made.

use super::lot::Lot;
use super::stake::{Staked, Stakes};
use crate::arena::{Carver, Marks, Table};
use crate::margin::{Array, Greeks};
use crate::terms::Side;
use crate::valuation::{Lanes, Worths};
use bytemuck::Zeroable;

/// Cache lines of a record of lanes.
pub(super) const LANES_LINES: usize = size_of::<Lanes>() / 64;

/// All of them. Where margin is not checked nobody has stakes.
#[derive(Debug)]
pub(crate) struct Arrays<'a, M> {
    worths: Table<'a, Worths, M>,
    lanes: Table<'a, Lanes, M>,
    stakes: Table<'a, Stakes, M>,
    losses: Table<'a, Lanes, M>,
}

/// Where the losses of a place are: bought, and sold.
#[inline(always)]
fn loss_places(place: u32) -> [u32; 2] {
    [2 * place, 2 * place + 1]
}

impl<'a, M: Marks> Arrays<'a, M> {
    pub(crate) fn carve(carver: &mut Carver<'a, M>) -> Self {
        Self {
            worths: carver.table("worths"),
            lanes: carver.table("lanes"),
            stakes: carver.table("stakes"),
            losses: carver.table("losses"),
        }
    }

    /// The tables' bytes, in the layout's order.
    pub(crate) fn bytes(&self) -> [&[u8]; 4] {
        [self.worths.bytes(), self.lanes.bytes(), self.stakes.bytes(), self.losses.bytes()]
    }

    #[inline(always)]
    pub(crate) fn worths(&self, place: u32) -> &Worths {
        self.worths.get(place)
    }

    /// As a pass computed it.
    pub(crate) fn array(&self, place: u32) -> (Array<i64>, Greeks<i64>) {
        self.worths.get(place).load(self.lanes.get(place))
    }

    /// What a lot is worth, if the place has an array of this generation.
    #[inline(always)]
    pub(crate) fn lot(&self, place: u32, generation: u64, is_option: bool) -> Option<Lot<'_>> {
        let worths = self.worths.get(place);
        if worths.generation != generation || generation == 0 {
            return None;
        }
        let (lanes, stakes) = (self.lanes.get(place), self.stakes.get(place));
        let losses = loss_places(place).map(|place| self.losses.get(place));
        Some(Lot { worths, lanes, is_option, losses, stakes })
    }

    pub(crate) fn set(&mut self, place: u32, worths: &Worths, lanes: &Lanes) {
        *self.worths.get_mut(place) = *worths;
        *self.lanes.get_mut(place) = *lanes;
    }

    pub(crate) fn set_staked(&mut self, place: u32, staked: &Staked) {
        *self.stakes.get_mut(place) = staked.stakes;
        for (place, losses) in loss_places(place).into_iter().zip(staked.losses) {
            *self.losses.get_mut(place) = losses;
        }
    }

    /// Forgets an array, with its stakes where there are any.
    pub(crate) fn forget(&mut self, place: u32, has_stakes: bool) {
        let none = Lanes::zeroed();
        self.set(place, &Worths::zeroed(), &none);
        if has_stakes {
            self.set_staked(place, &Staked { stakes: Stakes::zeroed(), losses: [none; 2] });
        }
    }

    /// For prefetching, as what follows: nothing of it is marked. What a lot that is held is worth.
    #[inline(always)]
    pub(crate) fn prefetch_held(&self, place: u32) {
        self.worths.prefetch_lines(place, 0..2);
        self.lanes.prefetch_lines(place, 0..LANES_LINES);
    }

    /// What one does that rests on a side.
    #[inline(always)]
    pub(crate) fn prefetch_resting(&self, place: u32, side: Side) {
        self.worths.prefetch_lines(place, 0..2);
        self.stakes.prefetch_lines(place, 0..2);
        let [bought, sold] = loss_places(place);
        self.losses.prefetch_lines(if side == Side::Buy { bought } else { sold }, 0..LANES_LINES);
    }
}
