//! Records, portfolios and vectors, in the order in which they were made: "What is kept" of `docs/RISK.md`.
//!
//! A record holds no more than whose it is and with which generation it was added: lots are counted anew where they are
//! asked for.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::book::Order;
use super::{Canary, NaiveEngine};
use crate::ids::{AccountId, ExpiryId, InstrumentId, UnderlyingId};
use crate::terms::Side;

/// An account has a position or a resting order in an instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
    pub(super) underlying: UnderlyingId,
    /// None of a perpetual: its vector is the underlying's.
    pub(super) expiry: ExpiryId,
    /// The generation of the arrays that it was added with.
    generation: u64,
}

/// All of them, the one that was made first first.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    records: Vec<Record>,
    portfolios: Vec<(AccountId, UnderlyingId)>,
}

impl Kept {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn of(&self, account: AccountId) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.account == account)
    }

    pub(super) fn find(&self, account: AccountId, instrument: InstrumentId) -> Option<&Record> {
        self.of(account).find(|record| record.instrument == instrument)
    }

    /// How many vectors there are.
    pub(super) fn vectors(&self) -> usize {
        let vector = |record: &Record| (record.account, record.underlying, record.expiry);
        self.records.iter().map(vector).collect::<BTreeSet<_>>().len()
    }

    /// How many of them an account has.
    pub(super) fn vectors_of(&self, account: AccountId) -> usize {
        self.of(account).map(|record| (record.underlying, record.expiry)).collect::<BTreeSet<_>>().len()
    }
}

/// What an account has of an instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    pub(super) instrument: InstrumentId,
    /// Lots held: q.
    pub(super) lots: i128,
    /// Lots of resting orders: b.
    pub(super) buys: i128,
    /// And s.
    pub(super) sells: i128,
    /// What these would lose at once: lots times adverse price.
    pub(super) adverse: i128,
}

impl Holding {
    pub(super) fn none(instrument: InstrumentId) -> Self {
        Self { instrument, lots: 0, buys: 0, sells: 0, adverse: 0 }
    }

    /// The same with an order that rests.
    pub(super) fn with(self, order: &Order, adverse: i128) -> Self {
        let lots = i128::from(order.leaves.get());
        let (buys, sells) = if order.side == Side::Buy { (lots, 0) } else { (0, lots) };
        let adverse = self.adverse + lots * adverse;
        Self { buys: self.buys + buys, sells: self.sells + sells, adverse, ..self }
    }

    /// Both ends: with all buy orders filled, and with all sell orders.
    pub(super) fn ends(&self) -> [i128; 2] {
        [self.lots + self.buys, self.lots - self.sells]
    }

    /// The size of the larger of both ends.
    pub(super) fn reach(&self) -> i128 {
        self.ends().into_iter().map(i128::abs).max().unwrap_or(0)
    }
}

impl NaiveEngine {
    /// An account's position or orders in an instrument have changed: its record is made, or given back.
    pub(super) fn keep(&mut self, account: AccountId, instrument: InstrumentId) {
        if !self.genesis.is_margined() {
            return;
        }
        let rests = |order: &Order| order.account == account && order.instrument == instrument && !order.is_waiting();
        let is_wanted = self.positions.get(account, instrument) != 0 || self.book.orders().any(rests);
        let is_kept = self.kept.find(account, instrument).is_some();
        if is_wanted && !is_kept {
            self.make_record(account, instrument);
        } else if is_kept && !is_wanted {
            let kept = &mut self.kept;
            kept.records.retain(|record| record.account != account || record.instrument != instrument);
            let records = &kept.records;
            let has_some = |(account, underlying): &(AccountId, UnderlyingId)| {
                records.iter().any(|record| record.account == *account && record.underlying == *underlying)
            };
            kept.portfolios.retain(has_some);
        }
    }

    fn make_record(&mut self, account: AccountId, instrument: InstrumentId) {
        let Ok(listed) = self.instruments.find(instrument) else { return };
        let (underlying, expiry) = (listed.terms.underlying_id, listed.terms.expiry_id);
        let generation = self.generation_in_force(underlying);
        self.kept.records.push(Record { account, instrument, underlying, expiry, generation });
        if !self.kept.portfolios.contains(&(account, underlying)) {
            self.kept.portfolios.push((account, underlying));
        }
    }

    fn generation_in_force(&self, underlying: UnderlyingId) -> u64 {
        self.underlyings.find(underlying).map_or(0, |listed| listed.generation)
    }

    fn is_outdated(&self, record: &Record) -> bool {
        record.generation != self.generation_in_force(record.underlying)
    }

    /// Whether all portfolios of an account are of the generations in force.
    pub fn is_current(&self, account: AccountId) -> bool {
        self.accounts.find(account).is_ok() && !self.kept.of(account).any(|record| self.is_outdated(record))
    }

    /// Whether one of them is.
    pub(super) fn is_portfolio_current(&self, account: AccountId, underlying: UnderlyingId) -> bool {
        let mut records = self.kept.of(account).filter(|record| record.underlying == underlying);
        !records.any(|record| self.is_outdated(record))
    }

    /// The record that is to be added next to make an account current.
    fn next_outdated(&self, account: AccountId) -> Option<InstrumentId> {
        let portfolios = self.kept.portfolios.iter().filter(|portfolio| portfolio.0 == account);
        let mut records = portfolios.flat_map(|(_, underlying)| {
            self.kept.of(account).filter(|record| record.underlying == *underlying && self.is_outdated(record))
        });
        records.next().map(|record| record.instrument)
    }

    /// Adds the next record of an account; false if it is current.
    pub(super) fn add_next(&mut self, account: AccountId) -> bool {
        let Some(instrument) = self.next_outdated(account) else { return false };
        self.add_record(account, instrument);
        true
    }

    fn add_record(&mut self, account: AccountId, instrument: InstrumentId) {
        let Some(record) = self.kept.find(account, instrument).copied() else { return };
        let generation = self.generation_in_force(record.underlying);
        let mut records = self.kept.records.iter_mut();
        if let Some(record) = records.find(|other| other.account == account && other.instrument == instrument) {
            record.generation = generation;
        }
        if let Some(open) = self.accounts.get_mut(account) {
            open.is_unjudged = true;
        }
    }

    /// For `Canary::MixedGenerations`: adds the records of one underlying.
    pub(super) fn add_portfolio(&mut self, account: AccountId, underlying: UnderlyingId) {
        let records = self.kept.of(account).filter(|record| record.underlying == underlying);
        for instrument in records.map(|record| record.instrument).collect::<Vec<_>>() {
            self.add_record(account, instrument);
        }
    }

    /// What an account has, record by record; an order that is to be replaced or amended does not count.
    pub(super) fn holdings(&self, account: AccountId, without: Option<&Order>) -> Vec<Holding> {
        let mut holdings: Vec<Holding> = self.kept.of(account).map(|record| Holding::none(record.instrument)).collect();
        for holding in &mut holdings {
            holding.lots = self.positions.get(account, holding.instrument).into();
        }
        let counts = |order: &&Order| {
            order.account == account && !order.is_waiting() && Some(order.id) != without.map(|without| without.id)
        };
        for order in self.book.orders().filter(counts) {
            let mut adverse = order.adverse;
            if self.canary == Canary::AdverseAtCurrentMark {
                adverse = self.kept_adverse(order);
            }
            if let Some(holding) = holdings.iter_mut().find(|holding| holding.instrument == order.instrument) {
                *holding = holding.with(order, adverse);
            }
        }
        holdings
    }
}
