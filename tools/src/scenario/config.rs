//! What a scenario's venue begins with, where it is not as usual.

use novate_core::command::ListInstrument;
use novate_core::genesis::Genesis;
use novate_core::terms::SelfTrade;

use super::command::SELF_TRADES;
use super::fields::{Fields, Place};
use crate::error::Error;

/// The line `config`.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// What happens where an account would trade with itself, for all orders that say nothing of it.
    pub(crate) self_trade: SelfTrade,
    /// Whether pending work waits for lines that do it.
    pub(crate) is_work_held: bool,
    sizes: Vec<(Size, u32)>,
    terms: Vec<(Term, i64)>,
}

type Size = fn(&mut Genesis) -> &mut u32;
type Term = fn(&mut ListInstrument) -> &mut i64;

const SIZES: &[(&str, Size)] = &[
    ("orders", |genesis| &mut genesis.capacities.orders),
    ("complex_orders", |genesis| &mut genesis.capacities.complex_orders),
    ("levels", |genesis| &mut genesis.capacities.levels),
    ("ladder_nodes", |genesis| &mut genesis.capacities.ladder_nodes),
    ("positions", |genesis| &mut genesis.capacities.positions),
    ("instruments", |genesis| &mut genesis.capacities.instruments),
    ("accounts", |genesis| &mut genesis.capacities.accounts),
    ("sessions", |genesis| &mut genesis.capacities.sessions),
    ("grants", |genesis| &mut genesis.capacities.grants),
    ("work_items", |genesis| &mut genesis.capacities.work_items),
    ("underlyings", |genesis| &mut genesis.capacities.underlyings),
    ("expiries", |genesis| &mut genesis.capacities.expiries),
    ("scenario_sets", |genesis| &mut genesis.capacities.scenario_sets),
    ("vectors", |genesis| &mut genesis.capacities.vectors),
    ("max_steps", |genesis| &mut genesis.max_steps),
    ("outcome_window", |genesis| &mut genesis.outcome_window),
];

const TERMS: &[(&str, Term)] = &[
    ("tick", |list| &mut list.tick.0),
    ("lot", |list| &mut list.lot.0),
    ("price_min", |list| &mut list.price_min.0),
    ("price_max", |list| &mut list.price_max.0),
    ("limit_low", |list| &mut list.limit_low.0),
    ("limit_high", |list| &mut list.limit_high.0),
    ("quantity_min", |list| &mut list.quantity_min.0),
    ("quantity_max", |list| &mut list.quantity_max.0),
    ("multiplier", |list| &mut list.multiplier.0),
];

impl Default for Config {
    fn default() -> Self {
        Self { self_trade: SelfTrade::Allow, is_work_held: false, sizes: Vec::new(), terms: Vec::new() }
    }
}

impl Config {
    /// Reads what follows `config`.
    ///
    /// # Errors
    /// It is not written as it must be.
    pub(super) fn parse(place: Place<'_>, words: &[&str]) -> Result<Self, Error> {
        let names = SIZES.iter().map(|(name, _)| *name).chain(TERMS.iter().map(|(name, _)| *name));
        let keys: Vec<&str> = ["stp", "work"].into_iter().chain(names).collect();
        let keys = keys.join(" ");
        let fields = Fields::read(place, "config", words, &keys)?;
        fields.any_of(&keys)?;
        let mut config = Self {
            self_trade: fields.word_if_any("stp", SELF_TRADES)?.unwrap_or(SelfTrade::Allow),
            is_work_held: fields.word_if_any("work", &[("done", false), ("held", true)])?.unwrap_or(false),
            ..Self::default()
        };
        for (name, size) in SIZES {
            config.sizes.extend(fields.number_if_any(name)?.map(|number| (*size, number)));
        }
        for (name, term) in TERMS {
            config.terms.extend(fields.number_if_any(name)?.map(|number| (*term, number)));
        }
        // Limits that are not given are as wide as the range.
        for (bound, limit) in [("price_min", "limit_low"), ("price_max", "limit_high")] {
            if fields.text(limit).is_none() {
                let term = TERMS.iter().find(|(name, _)| *name == limit);
                let number = fields.number_if_any(bound)?;
                config.terms.extend(term.zip(number).map(|((_, term), number)| (*term, number)));
            }
        }
        Ok(config)
    }

    /// Sets the sizes that are given.
    pub(super) fn resize(&self, genesis: &mut Genesis) {
        for (size, number) in &self.sizes {
            *size(genesis) = *number;
        }
    }

    /// Sets the terms of the instrument that are given.
    pub(super) fn narrow(&self, list: &mut ListInstrument) {
        for (term, number) in &self.terms {
            *term(list) = *number;
        }
    }
}
