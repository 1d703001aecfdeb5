//! Pairs: a call and a put of one expiry, strike and kind. "Pairs" of `docs/RISK.md`.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::NaiveEngine;
use crate::ids::{ExpiryId, InstrumentId};
use crate::terms::OptionType;

/// Who has whom, and who is on offer.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    pairs: BTreeMap<InstrumentId, InstrumentId>,
    offered: Vec<InstrumentId>,
}

/// What the two of a pair have in common, and the type, in which they differ.
type Place = ((ExpiryId, i64, u8), u8);

impl NaiveEngine {
    fn place_of(&self, option: InstrumentId) -> Option<Place> {
        let terms = self.instruments.find(option).ok()?.terms;
        Some(((terms.expiry_id, terms.strike.get(), terms.kind), terms.option_type))
    }

    /// Offers an option a pair.
    pub(super) fn offer(&mut self, option: InstrumentId) {
        let Some((own, own_type)) = self.place_of(option) else { return };
        if own_type == OptionType::None.code() {
            return;
        }
        let offered = |is_other: bool| {
            let fits = |place: Place| place.0 == own && (place.1 != own_type) == is_other;
            self.pairs.offered.iter().copied().find(|id| self.place_of(*id).is_some_and(fits))
        };
        if let Some(pair) = offered(true) {
            self.pairs.offered.retain(|id| *id != pair);
            self.pairs.pairs.insert(option, pair);
            self.pairs.pairs.insert(pair, option);
        } else if offered(false).is_none() {
            self.pairs.offered.push(option);
        }
    }

    /// An option was delisted.
    pub(super) fn withdraw(&mut self, option: InstrumentId) {
        self.pairs.offered.retain(|id| *id != option);
        if let Some(pair) = self.pairs.pairs.remove(&option) {
            self.pairs.pairs.remove(&pair);
            let has_orders = self.book.orders().any(|order| order.instrument == pair);
            if !has_orders && !self.positions.any_of_instrument(pair) {
                self.offer(pair);
            }
        }
    }

    /// The other of an option's pair.
    pub fn pair(&self, option: InstrumentId) -> Option<InstrumentId> {
        self.pair_of(option)
    }

    /// The other of a pair.
    pub(super) fn pair_of(&self, option: InstrumentId) -> Option<InstrumentId> {
        self.pairs.pairs.get(&option).copied()
    }
}
