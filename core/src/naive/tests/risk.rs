//! Desks of margined shards, for the tests of `docs/RISK.md`. Their instruments are numbered from 1: the one that has
//! no underlying is not listed.

use alloc::string::String;

use super::market::{SMILE, U, call, flat, instrument, lenient, stamp};
use super::{Canary, Desk, small};
use crate::command::{AdjustCash, FeedRules, ListInstrument, MarginTerms};
use crate::genesis::Genesis;
use crate::ids::AccountId;
use crate::terms::{InstrumentKind, MarginModel, OptionType};
use crate::units::{CashAtoms, PriceTicks};

pub(super) const A: AccountId = account(1);
pub(super) const B: AccountId = account(2);
pub(super) const C: AccountId = account(3);
pub(super) const D: AccountId = account(4);

const fn account(number: u32) -> AccountId {
    AccountId::assemble(0, number, number)
}

pub(super) fn margined() -> Genesis {
    let mut genesis = small();
    (genesis.capacities.instruments, genesis.capacities.positions, genesis.capacities.vectors) = (128, 128, 8);
    genesis
}

/// With the first scenario set, nothing else of note.
pub(super) fn with_scenarios() -> FeedRules {
    FeedRules { scenario_set: 1, ..lenient() }
}

impl Desk {
    pub(super) fn cash(&mut self, account: AccountId, amount: i64) -> String {
        let record = AdjustCash::new(self.operators(), account, CashAtoms(amount));
        self.send(&record)
    }

    /// All accounts have the model, and 100,000 atoms.
    pub(super) fn fund(&mut self, model: MarginModel) {
        for account in [A, B, C, D] {
            assert_eq!(self.margin_model(account, model.code()), "MarginModelSet");
            assert!(self.cash(account, 100_000).starts_with("cash 100000"));
        }
    }

    /// A perpetual at 1,000: a lot is worth 2,000 lanes, 2,200 or 666 under a scenario.
    pub(super) fn perpetual(genesis: &Genesis, model: MarginModel, canary: Canary) -> Self {
        let mut desk = Self::market_of(genesis, with_scenarios(), canary);
        assert_eq!(desk.list(|_| ()), "InstrumentListed");
        desk.instrument = instrument(1);
        desk.at(900).index(U, 1_000, stamp(1, 1));
        desk.at(1_000).timer();
        desk.rest();
        desk.fund(model);
        desk
    }

    /// Moves the index and the mark; 200 ns and more go by. What follows is still to be done.
    pub(super) fn mark_at(&mut self, price: i64) -> String {
        let now = self.sequence + self.later;
        self.index(U, price, stamp(now, 1));
        self.rest();
        self.later += 200;
        self.timer()
    }

    /// The same, and everything that follows.
    pub(super) fn move_to(&mut self, price: i64) {
        self.mark_at(price);
        self.rest();
        assert_eq!(self.mark_of(instrument(1)), Some(price));
    }

    /// A call and a put on demand with a strike of 50, at 100 and with next to no volatility: the call is worth 100
    /// lanes, 120 or 0 under a scenario; the put 0, 0 or 33. Basis: 140 and 100 for the call, nothing for the put.
    pub(super) fn options(model: MarginModel, canary: Canary, edit: impl FnOnce(&mut Self)) -> Self {
        let mut desk = Self::market_of(&margined(), with_scenarios(), canary);
        edit(&mut desk);
        assert_eq!(desk.list_call(InstrumentKind::OnDemandOption, SMILE), "InstrumentListed");
        assert_eq!(desk.list(|list| put(list, 50)), "InstrumentListed");
        desk.feed_options();
        desk.instrument = instrument(1);
        desk.fund(model);
        desk
    }

    pub(super) fn feed_options(&mut self) {
        if self.sequence + self.later < 900 {
            self.at(900);
        }
        self.forward(SMILE, 100, stamp(1, 1));
        self.rate(SMILE, 0, stamp(1, 1));
        self.smile(SMILE, flat(10_000), stamp(1, 1));
        self.index(U, 100, stamp(2, 1));
        self.rest();
    }

    pub(super) fn set_terms(&mut self, terms: MarginTerms) {
        assert_eq!(self.terms(1, terms), "MarginTermsSet");
    }
}

pub(super) fn put(list: &mut ListInstrument, strike: i64) {
    call(list, InstrumentKind::OnDemandOption, SMILE);
    (list.option_type, list.strike) = (OptionType::Put.code(), PriceTicks(strike));
}
