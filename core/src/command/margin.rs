//! Margin (kinds 118 and 208): the terms of a scenario set, and what accounts have in cash. `docs/RISK.md` has the rules.

use bytemuck::{Pod, Zeroable};

use super::{CommandHeader, CommandRecord, PPM, RARE_SIZE_MAX, command_record};
use crate::ids::{AccountId, SessionId};
use crate::units::CashAtoms;

/// How much margin there must be, in ppm. 96 bytes.
///
/// Rates are at most [`RATE_MAX`](Self::RATE_MAX) unless said otherwise.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MarginTerms {
    /// Futures model: what a long position may lose, as a part of its value; at most [`FACTOR_MAX`](Self::FACTOR_MAX).
    pub long: u32,
    /// What a short position may lose; likewise.
    pub short: u32,
    /// What closing a position costs; likewise.
    pub slippage: u32,
    /// Initial margin as a multiple of maintenance; from one to [`FACTOR_MAX`](Self::FACTOR_MAX).
    pub initial_multiple: u32,
    /// Portfolio model: factor of the worst loss, for maintenance.
    pub maintenance_loss: u32,
    /// For the initial margin; at least that.
    pub initial_loss: u32,
    /// Of the notional of futures and perpetuals: for maintenance, and beyond that for the initial margin.
    pub linear: [u32; 2],
    /// Of the notional of naked options, likewise.
    pub option: [u32; 2],
    /// Below this confidence the initial margin is more; at most one.
    pub confidence_threshold: u32,
    /// By so much of the notional, for each part that is missing of confidence; all of it while a feed is degraded.
    pub doubt: u32,
    /// Below this price of the settlement asset losses count more.
    pub peg_threshold: u32,
    /// By so much, for each part that is missing of the price.
    pub peg_loss: u32,
    /// Standard model: initial margin of an option at the money, as a part of spot.
    pub initial: u32,
    /// However far out of the money.
    pub initial_min: u32,
    /// Maintenance margin of calls and of puts, as a part of spot.
    pub maintenance: [u32; 2],
    /// Maintenance margin of puts, as a part of the mark.
    pub maintenance_of_mark: u32,
    /// Initial margin of puts, as a multiple of maintenance.
    pub offset: u32,
    /// Of the forward for each call that is sold and not bought: maintenance, initial.
    pub unpaired: [u32; 2],
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u32; 2],
}

impl MarginTerms {
    /// Largest risk factor, slippage and initial multiple: four.
    pub const FACTOR_MAX: u32 = 4 * PPM;
    /// Largest of all other rates: sixteen.
    pub const RATE_MAX: u32 = 16 * PPM;

    /// Futures: 4 % either way and 1 % of slippage, initial margin half as much again. Portfolios: Derive's PMRM 2, with the
    /// parameters of its tests. Standard: Derive's standard manager, likewise. (Derive v2-core, `PMRMLib_2.sol`,
    /// `StandardManager.sol`.)
    pub const USUAL: Self = Self {
        long: 40_000,
        short: 40_000,
        slippage: 10_000,
        initial_multiple: 1_500_000,
        maintenance_loss: 800_000,
        initial_loss: 1_000_000,
        linear: [20_000, 10_000],
        option: [10_000, 10_000],
        confidence_threshold: 600_000,
        doubt: 400_000,
        peg_threshold: 980_000,
        peg_loss: 1_000_000,
        initial: 150_000,
        initial_min: 100_000,
        maintenance: [75_000, 75_000],
        maintenance_of_mark: 75_000,
        offset: 1_050_000,
        unpaired: [1_010_000, 1_020_000],
        reserved: [0; 2],
    };

    fn are_sound(&self) -> bool {
        let Self { long, short, slippage, initial_multiple, maintenance_loss, initial_loss, .. } = *self;
        let factors = [long, short, slippage, initial_multiple].iter().all(|factor| *factor <= Self::FACTOR_MAX);
        let [linear, option, maintenance, unpaired] = [self.linear, self.option, self.maintenance, self.unpaired];
        let pairs = [linear, option, maintenance, unpaired, [maintenance_loss, initial_loss]];
        let pairs = pairs.into_iter().chain([
            [self.doubt, self.peg_threshold],
            [self.peg_loss, self.initial],
            [self.initial_min, self.maintenance_of_mark],
            [self.offset, 0],
        ]);
        let rates = pairs.flatten().all(|rate| rate <= Self::RATE_MAX);
        let ordered = initial_multiple >= PPM && initial_loss >= maintenance_loss;
        factors && rates && ordered && self.confidence_threshold <= PPM
    }
}

/// Sets the margin terms of a set. 136 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetMarginTerms {
    /// Kind 118.
    pub header: CommandHeader,
    /// The set's number: from 1 to the capacity of genesis.
    pub set: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 6],
    /// The terms.
    pub terms: MarginTerms,
}

impl SetMarginTerms {
    /// The terms of a set.
    pub fn new((session, session_sequence): (SessionId, u64), set: u16, terms: MarginTerms) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, set, reserved: [0; 6], terms }
    }
}

command_record!(SetMarginTerms, kind 118, size 136 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 6] && r.terms.reserved == [0; 2], fields |f| f.terms.are_sound());

/// Adds to an account's cash, or takes from it. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AdjustCash {
    /// Kind 208; `account` is whose.
    pub header: CommandHeader,
    /// How much is added; below zero it is taken.
    pub amount: CashAtoms,
}

impl AdjustCash {
    /// So much more, or less, for an account.
    pub fn new((session, session_sequence): (SessionId, u64), account: AccountId, amount: CashAtoms) -> Self {
        Self { header: Self::new_header(session, session_sequence, account), amount }
    }
}

command_record!(AdjustCash, kind 208, size 40 <= RARE_SIZE_MAX, account true, reserved |_r| true, fields |_f| true);
