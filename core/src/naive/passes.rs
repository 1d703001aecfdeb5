//! Passes, and the work of valuation: "Passes" and "Valuation work" of `docs/FEEDS.md`.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use bytemuck::Zeroable;

use super::feeds::Reading;
use super::marks::Round;
use super::scene::{Lot, Scene};
use super::underlyings::{Expiry, ScenarioSet};
use super::{Canary, NaiveEngine};
use crate::event::ArraysPublished;
use crate::ids::{EntityId, ExpiryId, InstrumentId, UnderlyingId};
use crate::margin::{Array, Greeks};
use crate::units::{PriceTicks, Sequence, TimeNs};

/// Units of an instrument in a round.
const ROUND_UNITS: u32 = 16;
/// Units of an instrument in a pass.
const PASS_UNITS: u32 = 64;
/// Units of the begin of a pass.
const BEGIN_UNITS: u32 = 16;

/// All that a pass computes with.
#[derive(Clone, Debug)]
pub(super) struct Feeds {
    pub(super) time: TimeNs,
    pub(super) lane_bits: u8,
    pub(super) index: Option<Reading>,
    pub(super) expiries: BTreeMap<ExpiryId, Expiry>,
    /// Options' own.
    pub(super) volatilities: BTreeMap<InstrumentId, Reading>,
    pub(super) marks: BTreeMap<InstrumentId, PriceTicks>,
    /// None if the underlying has none.
    pub(super) set: Option<ScenarioSet>,
    /// The price of the settlement asset, if it has one.
    pub(super) peg: Option<Reading>,
}

/// A pass that is under way.
#[derive(Clone, Debug)]
struct Pass {
    underlying: UnderlyingId,
    begun: Sequence,
    feeds: Feeds,
    /// The generation of the instrument that was valued last.
    last: u32,
    /// What was computed so far.
    arrays: BTreeMap<InstrumentId, (Array<i128>, Greeks<i128>)>,
    lots: BTreeMap<InstrumentId, Lot>,
}

/// Where valuation stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Valuation {
    pub(super) round: Option<Round>,
    /// The underlyings that wait for a pass, first in, first out.
    row: VecDeque<UnderlyingId>,
    pass: Option<Pass>,
    /// Those that are published, each with the generation that it was computed in.
    published: BTreeMap<InstrumentId, (u64, Array<i128>, Greeks<i128>)>,
    /// In a margined shard, what is published with them.
    lots: BTreeMap<InstrumentId, Lot>,
    scenes: BTreeMap<UnderlyingId, Scene>,
}

impl Valuation {
    /// Whether a pass over the underlying is under way or waited for.
    pub(super) fn concerns(&self, underlying: UnderlyingId) -> bool {
        self.row.contains(&underlying) || self.pass.as_ref().is_some_and(|pass| pass.underlying == underlying)
    }

    /// An instrument was delisted: the pass under way leaves it out, also if it was valued already.
    pub(super) fn forget(&mut self, instrument: InstrumentId) {
        self.published.remove(&instrument);
        self.lots.remove(&instrument);
        if let Some(pass) = &mut self.pass {
            pass.arrays.remove(&instrument);
            pass.lots.remove(&instrument);
        }
    }

    pub(super) fn lot(&self, instrument: InstrumentId) -> Option<Lot> {
        self.lots.get(&instrument).copied()
    }

    pub(super) fn scene(&self, underlying: UnderlyingId) -> Option<&Scene> {
        self.scenes.get(&underlying)
    }

    pub(super) fn is_pending(&self) -> bool {
        self.round.is_some() || self.pass.is_some() || !self.row.is_empty()
    }
}

impl NaiveEngine {
    /// The instruments of an underlying in the order of their listing.
    pub(super) fn instruments_of(&self, underlying: UnderlyingId) -> Vec<InstrumentId> {
        let listed = self.instruments.in_order();
        listed.iter().filter(|(_, listed)| listed.terms.underlying_id == underlying).map(|(id, _)| *id).collect()
    }

    /// An underlying is due a pass: it joins the row, if it has instruments and is not in it.
    pub(super) fn make_due(&mut self, underlying: UnderlyingId) {
        if underlying != UnderlyingId::NONE
            && !self.instruments_of(underlying).is_empty()
            && !self.valuation.row.contains(&underlying)
        {
            self.valuation.row.push_back(underlying);
        }
    }

    /// A share of valuation.
    pub(super) fn valuate(&mut self, mut units: u32) {
        while self.value_a_piece(&mut units) {}
    }

    /// Does the next piece; false if there is none, or if there are too few units for it.
    fn value_a_piece(&mut self, units: &mut u32) -> bool {
        if let Some(round) = self.valuation.round {
            return self.carry_on_round(round, units, ROUND_UNITS);
        }
        let Some(pass) = self.valuation.pass.take() else {
            if *units < BEGIN_UNITS {
                return false;
            }
            let Some(next) = self.valuation.row.pop_front() else { return false };
            *units -= BEGIN_UNITS;
            self.valuation.pass = self.new_pass(next);
            return true;
        };
        let next = self.instruments_of(pass.underlying).into_iter().find(|id| id.generation() > pass.last);
        // Its end takes none.
        let cost = if next.is_some() { PASS_UNITS } else { 0 };
        if *units < cost {
            self.valuation.pass = Some(pass);
            return false;
        }
        *units -= cost;
        match next {
            Some(instrument) => self.value_next(pass, instrument),
            None => self.publish(pass),
        }
        true
    }

    fn new_pass(&self, underlying: UnderlyingId) -> Option<Pass> {
        let feeds = self.feeds_now(underlying)?;
        Some(Pass { underlying, begun: self.sequence, feeds, last: 0, arrays: BTreeMap::new(), lots: BTreeMap::new() })
    }

    /// Everything that a pass which begins now computes with.
    fn feeds_now(&self, id: UnderlyingId) -> Option<Feeds> {
        let underlying = self.underlyings.find(id).ok()?;
        let expiries = self.expiries.in_order().into_iter().filter(|(_, expiry)| expiry.underlying == id);
        let listed = self.instruments.in_order();
        let volatilities = listed.iter().filter_map(|(id, listed)| Some((*id, listed.volatility.value?)));
        let marks = listed.iter().filter_map(|(id, listed)| Some((*id, listed.mark?)));
        Some(Feeds {
            time: self.time,
            lane_bits: underlying.terms.lane_bits,
            index: underlying.index.value,
            expiries: expiries.map(|(id, expiry)| (id, *expiry)).collect(),
            volatilities: volatilities.collect(),
            marks: marks.collect(),
            set: self.scenario_sets.get(&underlying.rules.scenario_set).cloned(),
            peg: self.underlyings.find(underlying.terms.peg).ok().and_then(|peg| peg.index.value),
        })
    }

    fn value_next(&mut self, mut pass: Pass, instrument: InstrumentId) {
        pass.last = instrument.generation();
        if self.canary == Canary::PassSeesNewFeed
            && let Some(feeds) = self.feeds_now(pass.underlying)
        {
            pass.feeds = feeds;
        }
        let listed = self.instruments.find(instrument).ok();
        if let Some(array) = listed.and_then(|listed| self.array_of(instrument, listed, &pass.feeds)) {
            if let Some(lot) = listed
                .filter(|_| self.genesis.is_margined())
                .and_then(|listed| Self::lot_of(listed, &array.0, &pass.feeds))
            {
                pass.lots.insert(instrument, lot);
            }
            pass.arrays.insert(instrument, array);
            if self.canary == Canary::PublishesEachAtOnce {
                let generation = self.underlyings.find(pass.underlying).map_or(0, |listed| listed.generation);
                self.valuation.published.insert(instrument, (generation + 1, array.0, array.1));
            }
        }
        self.valuation.pass = Some(pass);
    }

    /// The end of a pass: its arrays take the place of all that the underlying's instruments had.
    fn publish(&mut self, pass: Pass) {
        let Some(underlying) = self.underlyings.get_mut(pass.underlying) else { return };
        underlying.generation += 1;
        let generation = underlying.generation;
        for instrument in self.instruments_of(pass.underlying) {
            self.valuation.published.remove(&instrument);
            self.valuation.lots.remove(&instrument);
        }
        self.valuation.lots.extend(pass.lots);
        self.publish_scene(pass.underlying, &pass.feeds);
        let instruments = pass.arrays.len() as u32;
        for (instrument, (array, greeks)) in pass.arrays {
            self.valuation.published.insert(instrument, (generation, array, greeks));
        }
        let (underlying, begun) = (pass.underlying, pass.begun);
        self.emit(ArraysPublished { underlying, generation, begun, instruments, ..ArraysPublished::zeroed() });
        self.begin_sweep();
    }

    fn publish_scene(&mut self, underlying: UnderlyingId, feeds: &Feeds) {
        let scene = Self::scene_of(feeds).filter(|_| self.genesis.is_margined());
        match scene {
            Some(scene) => drop(self.valuation.scenes.insert(underlying, scene)),
            None => drop(self.valuation.scenes.remove(&underlying)),
        }
    }

    /// The generation of an instrument's array, what one lot is worth by it, and its sensitivities. None if it has no
    /// array in the generation that its underlying is at.
    pub fn array(&self, instrument: InstrumentId) -> Option<(u64, Array<i128>, Greeks<i128>)> {
        self.valuation.published.get(&instrument).copied()
    }
}
