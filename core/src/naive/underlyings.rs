//! Underlyings, their expiries and the scenario sets: "Setting up" of `docs/FEEDS.md`.

use alloc::vec::Vec;

use bytemuck::Zeroable;

use super::NaiveEngine;
use super::feeds::Feed;
use crate::command::{
    ConfigureUnderlying, DelistExpiry, DelistUnderlying, FeedRules, ListExpiry, ListUnderlying, MarginTerms,
    ScenarioTerms, SetMarginTerms, SetScenarios, SetShocks, Shocks,
};
use crate::event::{
    ExpiryDelisted, ExpiryListed, MarginTermsSet, ScenariosSet, ShocksSet, UnderlyingConfigured, UnderlyingDelisted,
    UnderlyingListed,
};
use crate::ids::UnderlyingId;
use crate::reject::RejectCode;
use crate::terms::Surface;
use crate::units::TimeNs;

/// One listed underlying.
#[derive(Clone, Copy, Debug)]
pub(super) struct Underlying {
    /// As it was listed; of its rules only the first ones stand here.
    pub(super) terms: ListUnderlying,
    pub(super) rules: FeedRules,
    pub(super) index: Feed,
    /// How many passes over it were published.
    pub(super) generation: u64,
}

/// One listed expiry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry {
    pub(super) underlying: UnderlyingId,
    pub(super) time: TimeNs,
    pub(super) surface: Surface,
    pub(super) forward: Feed,
    pub(super) rate: Feed,
    /// Without a value where its volatilities are those of its options.
    pub(super) smile: Feed,
}

/// What was set of a scenario set.
#[derive(Clone, Debug, Default)]
pub(super) struct ScenarioSet {
    pub(super) scenarios: Option<Vec<ScenarioTerms>>,
    pub(super) shocks: Option<Shocks>,
    pub(super) terms: Option<MarginTerms>,
}

impl NaiveEngine {
    /// A set is known once it has both scenarios and shocks, and, in a margined shard, terms. Set 0 is none, and always
    /// known.
    fn check_set_known(&self, set: u16) -> Result<(), RejectCode> {
        let is_margined = self.genesis.is_margined();
        let has_all = |set: &ScenarioSet| {
            set.scenarios.is_some() && set.shocks.is_some() && (set.terms.is_some() || !is_margined)
        };
        let is_known = set == 0 || self.scenario_sets.get(&set).is_some_and(has_all);
        if is_known { Ok(()) } else { Err(RejectCode::UnknownScenarioSet) }
    }

    /// A set that may be set.
    fn check_set_number(&self, set: u16) -> Result<(), RejectCode> {
        let numbers = 1..=self.genesis.capacities.scenario_sets;
        if numbers.contains(&u32::from(set)) { Ok(()) } else { Err(RejectCode::UnknownScenarioSet) }
    }

    pub(super) fn list_underlying(&mut self, c: &ListUnderlying) -> Result<(), RejectCode> {
        if c.peg != UnderlyingId::NONE {
            self.underlyings.find(c.peg)?;
        }
        self.check_set_known(c.rules.scenario_set)?;
        let listed = Underlying { terms: *c, rules: c.rules, index: Feed::default(), generation: 0 };
        let underlying = self.underlyings.open(listed)?;
        self.emit(UnderlyingListed {
            lane_bits: c.lane_bits,
            underlying,
            symbol: c.symbol,
            price_max: c.price_max,
            peg: c.peg,
            ..UnderlyingListed::zeroed()
        });
        Ok(())
    }

    pub(super) fn configure_underlying(&mut self, c: &ConfigureUnderlying) -> Result<(), RejectCode> {
        self.underlyings.find(c.underlying)?;
        self.check_set_known(c.rules.scenario_set)?;
        if let Some(underlying) = self.underlyings.get_mut(c.underlying) {
            underlying.rules = c.rules;
        }
        let (underlying, scenario_set) = (c.underlying, c.rules.scenario_set);
        self.emit(UnderlyingConfigured { underlying, scenario_set, ..UnderlyingConfigured::zeroed() });
        Ok(())
    }

    pub(super) fn delist_underlying(&mut self, c: &DelistUnderlying) -> Result<(), RejectCode> {
        let id = c.underlying;
        self.underlyings.find(id)?;
        let has_expiries = self.expiries.in_order().iter().any(|(_, expiry)| expiry.underlying == id);
        let is_peg = self.underlyings.in_order().iter().any(|(_, other)| other.terms.peg == id);
        let has_instruments = !self.instruments_of(id).is_empty();
        if has_expiries || has_instruments || is_peg || self.valuation.concerns(id) {
            return Err(RejectCode::UnderlyingInUse);
        }
        self.underlyings.close(id);
        self.emit(UnderlyingDelisted { underlying: id, ..UnderlyingDelisted::zeroed() });
        Ok(())
    }

    pub(super) fn list_expiry(&mut self, c: &ListExpiry) -> Result<(), RejectCode> {
        self.underlyings.find(c.underlying)?;
        if c.time <= self.time {
            return Err(RejectCode::ExpiryInPast);
        }
        let surface = Surface::from_code(c.surface).ok_or(RejectCode::InvalidField)?;
        let none = Feed::default();
        let (underlying, time) = (c.underlying, c.time);
        let listed = Expiry { underlying, time, surface, forward: none, rate: none, smile: none };
        let expiry = self.expiries.open(listed)?;
        self.emit(ExpiryListed { surface: c.surface, expiry, underlying, time, ..ExpiryListed::zeroed() });
        Ok(())
    }

    pub(super) fn delist_expiry(&mut self, c: &DelistExpiry) -> Result<(), RejectCode> {
        let expiry = c.expiry;
        self.expiries.find(expiry)?;
        if self.instruments.in_order().iter().any(|(_, listed)| listed.terms.expiry_id == expiry) {
            return Err(RejectCode::ExpiryInUse);
        }
        self.expiries.close(expiry);
        self.emit(ExpiryDelisted { expiry, ..ExpiryDelisted::zeroed() });
        Ok(())
    }

    pub(super) fn set_scenarios(&mut self, c: &SetScenarios) -> Result<(), RejectCode> {
        self.check_set_number(c.set)?;
        let scenarios = c.scenarios.iter().take(c.count.into()).copied().collect();
        self.scenario_sets.entry(c.set).or_default().scenarios = Some(scenarios);
        self.emit(ScenariosSet { count: c.count, set: c.set, ..ScenariosSet::zeroed() });
        Ok(())
    }

    pub(super) fn set_shocks(&mut self, c: &SetShocks) -> Result<(), RejectCode> {
        self.check_set_number(c.set)?;
        self.scenario_sets.entry(c.set).or_default().shocks = Some(c.shocks);
        self.emit(ShocksSet { set: c.set, ..ShocksSet::zeroed() });
        Ok(())
    }

    pub(super) fn set_margin_terms(&mut self, c: &SetMarginTerms) -> Result<(), RejectCode> {
        self.check_set_number(c.set)?;
        self.scenario_sets.entry(c.set).or_default().terms = Some(c.terms);
        self.emit(MarginTermsSet { set: c.set, ..MarginTermsSet::zeroed() });
        Ok(())
    }
}
