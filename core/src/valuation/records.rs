//! The records: underlyings, expiries, scenario sets, and what instruments are worth.

use bytemuck::{Pod, Zeroable};
use ethnum::U256;

use super::Feed;
use crate::arena::EntityRecord;
use crate::command::{FeedRules, ListInstrument, PPM, ScenarioTerms, Shocks, SmileTerms};
use crate::engine::Row;
use crate::ids::{ExpiryId, UnderlyingId};
use crate::margin::{Array, Greeks};
use crate::pricing::SCENARIOS_MAX;
use crate::terms::Surface;
use crate::units::{CashAtoms, Sequence, TimeNs};

/// An underlying.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Underlying {
    pub(crate) id: UnderlyingId,
    pub(crate) symbol: [u8; 16],
    pub(crate) price_max: CashAtoms,
    /// Its generation of risk arrays.
    pub(crate) generation: u64,
    pub(crate) index: Feed,
    pub(crate) rules: FeedRules,
    /// The first and the last of its instruments, in the order of their listing.
    pub(crate) instruments: Row,
    /// How many expiries, instruments, and underlyings that have it as their peg.
    pub(crate) users: u32,
    /// Its peg; 0 for none.
    pub(crate) peg: u32,
    /// The next in the row of those that wait for a pass.
    pub(crate) next_waiting: u32,
    /// 1 if it is in that row.
    pub(crate) is_waiting: u8,
    pub(crate) lane_bits: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 90],
}

const _: () = assert!(size_of::<Underlying>() == 256);

impl EntityRecord for Underlying {
    type Id = UnderlyingId;
    #[inline(always)]
    fn id(&self) -> UnderlyingId {
        self.id
    }
}

/// An expiry.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Expiry {
    pub(crate) id: ExpiryId,
    pub(crate) time: TimeNs,
    pub(crate) forward: Feed,
    pub(crate) rate: Feed,
    /// Its value is the smile's level; the smile is in the [`Smiles`] of the slot.
    pub(crate) surface: Feed,
    /// Forward and rate as they were when the pass of this number began, if they have changed since.
    pub(crate) frozen: [i64; 2],
    pub(crate) frozen_in: u64,
    pub(crate) underlying: u32,
    pub(crate) instruments: u32,
    /// Which of forward, rate and surface there were, a bit each.
    pub(crate) frozen_has: u8,
    /// A [`Surface`](crate::terms::Surface).
    pub(crate) surface_kind: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 2],
    /// The least confidence then of forward, rate and surface.
    pub(crate) frozen_confidence: u32,
    /// How many options are listed with it, and what a lot of each is, where margin is checked.
    pub(crate) options: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved_middle: [u8; 4],
    pub(crate) multiplier: i64,
    pub(crate) price_unit: CashAtoms,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved_tail: [u8; 32],
}

const _: () = assert!(size_of::<Expiry>() == 256);

impl Expiry {
    /// The least confidence of its feeds, as far as these have values.
    pub(crate) fn confidence(&self) -> u32 {
        [&self.forward, &self.rate, &self.surface].into_iter().map(Feed::confidence_or_one).fold(PPM, u32::min)
    }

    /// Whether its volatilities come from smiles.
    pub(crate) fn has_smiles(&self) -> bool {
        self.surface_kind == Surface::Smile.code()
    }
}

impl EntityRecord for Expiry {
    type Id = ExpiryId;
    #[inline(always)]
    fn id(&self) -> ExpiryId {
        self.id
    }
}

/// The smiles of an expiry.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Smiles {
    /// The one in force.
    pub(crate) current: SmileTerms,
    /// The one that is held, if one is.
    pub(crate) held: SmileTerms,
    /// As it was when the pass began that the expiry was frozen in.
    pub(crate) frozen: SmileTerms,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u64; 11],
}

const _: () = assert!(size_of::<Smiles>() == 256);

/// The scenarios of a set. Slot 0 is those of the pass under way.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Scenarios(pub(crate) [ScenarioTerms; SCENARIOS_MAX]);

const _: () = assert!(size_of::<Scenarios>() == 256);

impl Scenarios {
    /// Those that there are: a spot factor is never zero.
    pub(crate) fn used(&self) -> impl Iterator<Item = &ScenarioTerms> {
        self.0.iter().take_while(|scenario| scenario.spot != 0)
    }
}

/// The shocks of a set. Slot 0 is those of the pass under way.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct ShockSet {
    pub(crate) shocks: Shocks,
    /// 1 once they were set.
    pub(crate) is_set: u8,
    /// 1 once the scenarios were.
    pub(crate) has_scenarios: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 30],
}

const _: () = assert!(size_of::<ShockSet>() == 128);

impl ShockSet {
    /// Whether the set is known.
    pub(crate) fn is_known(&self) -> bool {
        self.is_set != 0 && self.has_scenarios != 0
    }
}

/// Neighbours in a row; 0 for none.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Links {
    pub(crate) previous: u32,
    pub(crate) next: u32,
}

/// What an instrument is valued by, in the slot of its record; all zero without an underlying.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Risk {
    pub(crate) underlying: u32,
    pub(crate) expiry: u32,
    /// The option of the other type, with the same expiry, strike and kind; 0 without one.
    pub(crate) pair: u32,
    /// 1 for an option.
    pub(crate) is_option: u8,
    /// 1 if there was a volatility or mark when the pass of `frozen_in` began.
    pub(crate) frozen_has: u8,
    /// 1 once a window began.
    pub(crate) has_window: u8,
    /// 1 while the option is on offer as another's pair.
    pub(crate) is_offered: u8,
    /// What a lane is at most, either way.
    pub(crate) lane_limit: i64,
    /// The most lots that an account may have.
    pub(crate) position_max: i64,
    /// What a lot that comes to rest takes off an initial margin by scenarios, at most, in lanes: where it is bought, and
    /// where it is sold; by even generations, and by odd ones.
    pub(crate) charges: [[i64; 2]; 2],
    /// The sum of doubled prices times time.
    pub(crate) window_sum: i128,
    pub(crate) window_begun: TimeNs,
    pub(crate) window_last: TimeNs,
    pub(crate) price_unit: CashAtoms,
    pub(crate) volatility: Feed,
    /// Volatility, or mark price, as it was when the pass of this number began, if it has changed since.
    pub(crate) frozen: i64,
    pub(crate) frozen_in: u64,
    /// Among the instruments of its underlying.
    pub(crate) siblings: Links,
    /// Among those that are marked.
    pub(crate) marked: Links,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 72],
}

const _: () = assert!(size_of::<Risk>() == 256);

/// What one lot is worth under every scenario. Instruments have two, one of them being made.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Lanes(pub(crate) [i64; SCENARIOS_MAX]);

const _: () = assert!(size_of::<Lanes>() == 256);

/// What one lot is worth now, and how that changes. Instruments have two, one of them being made.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Worths {
    /// The generation that it is of; 0 for none.
    pub(crate) generation: u64,
    pub(crate) mark: i64,
    pub(crate) basis: [i64; 2],
    pub(crate) delta: i64,
    gamma: i64,
    vega: i64,
    theta: i64,
    rho: i64,
    vanna: i64,
    volga: i64,
    /// What margin reckons with, where it is checked: the value of the underlying, and what a future or perpetual needs
    /// where it is held long and short: maintenance, initial.
    pub(crate) notional: i64,
    pub(crate) needs: [[i64; 2]; 2],
}

const _: () = assert!(size_of::<Worths>() == 128);

impl Worths {
    /// As two records hold them.
    pub(crate) fn store(generation: u64, array: &Array<i64>, greeks: &Greeks<i64>) -> (Self, Lanes) {
        let &Array { mark, basis, scenarios } = array;
        let &Greeks { delta, gamma, vega, theta, rho, vanna, volga } = greeks;
        let made = Self { generation, mark, basis, delta, gamma, vega, theta, rho, vanna, volga, ..Self::zeroed() };
        (made, Lanes(scenarios))
    }

    /// Its sensitivities.
    #[inline(always)]
    pub(crate) fn greeks(&self) -> Greeks<i64> {
        let &Self { delta, gamma, vega, theta, rho, vanna, volga, .. } = self;
        Greeks { delta, gamma, vega, theta, rho, vanna, volga }
    }

    /// From the two records.
    pub(crate) fn load(&self, lanes: &Lanes) -> (Array<i64>, Greeks<i64>) {
        let &Self { mark, basis, .. } = self;
        (Array { mark, basis, scenarios: lanes.0 }, self.greeks())
    }
}

/// What valuation hangs on: the round of marks and the pass under way, and who waits.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Valuation {
    /// The first and the last of the underlyings that wait for a pass.
    pub(crate) waiting: Row,
    /// The first and the last of the instruments that are marked.
    pub(crate) marked: Row,
    /// The time of the round under way.
    pub(crate) round_time: TimeNs,
    /// Passes begun so far.
    pub(crate) pass: u64,
    /// The time of the pass under way.
    pub(crate) pass_time: TimeNs,
    /// The command in which it began.
    pub(crate) pass_begun: Sequence,
    /// The index then, if there was one.
    pub(crate) pass_index: i64,
    /// The underlying of the pass under way; 0 without one.
    pub(crate) pass_underlying: u32,
    /// The instrument that it comes to next; 0 behind the last.
    pub(crate) pass_next: u32,
    /// Arrays that it has made.
    pub(crate) pass_arrays: u32,
    /// The instrument that the round comes to next; 0 behind the last, and without a round.
    pub(crate) round_next: u32,
    pub(crate) pass_has_index: u8,
    /// 1 if the pass has a scenario set.
    pub(crate) pass_has_set: u8,
    /// 1 if there was a price of the underlying's peg.
    pub(crate) pass_has_peg: u8,
    /// 1 if the last share was of the sweep.
    pub(crate) has_swept: u8,
    /// The confidence in the index then.
    pub(crate) pass_confidence: u32,
    /// The price of the underlying's peg then.
    pub(crate) pass_peg: i64,
    /// Arrays published so far.
    pub(crate) publications: u64,
    /// The accounts that are watched, in the order in which that began.
    pub(crate) watched: Row,
    /// The one of them that the walk comes to next; 0 without a walk.
    pub(crate) walk_next: u32,
    /// Account slots that the turn has yet to visit, and the one that was visited last.
    pub(crate) turn_left: u32,
    pub(crate) turn_last: u32,
    /// 1 if the last visit was of the walk.
    pub(crate) has_walked: u8,
    /// 1 if an account has fallen below its maintenance margin since the last checkpoint.
    pub(crate) wants_checkpoint: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 2],
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved_tail: u64,
}

const _: () = assert!(size_of::<Valuation>() == 128);

/// What the lanes of the largest position in one instrument stay below, in bits.
const POSITION_BITS: u32 = 59;
/// Largest spot factor, times how far above its reference a band lets a mark be.
const SHOCKED_MAX: i64 = 32;

/// Whether lots are small enough for their underlying's lanes; prices are sound.
pub(crate) fn lanes_fit(list: &ListInstrument, underlying: &Underlying) -> bool {
    let shocked = U256::from((underlying.price_max.0 * SHOCKED_MAX).unsigned_abs());
    let strike = U256::from(list.strike.0.unsigned_abs()) * U256::from(list.price_unit.0.unsigned_abs());
    let factors = [list.position_max.0.unsigned_abs(), list.multiplier.0.unsigned_abs(), 1 << underlying.lane_bits];
    let product =
        factors.into_iter().try_fold(shocked.max(strike), |product, factor| product.checked_mul(factor.into()));
    product.is_some_and(|product| product < U256::from(list.price_unit.0.unsigned_abs()) << POSITION_BITS)
}

/// What a lane is at most.
pub(crate) fn lane_limit(list: &ListInstrument) -> i64 {
    (1_i64 << POSITION_BITS) / list.position_max.0.max(1)
}
