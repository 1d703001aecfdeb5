//! What is said of margin: terms, cash, orders that are not accepted for want of it, and accounts that fall short.

use bytemuck::{Pod, Zeroable};

use super::event_record;
use crate::ids::{AccountId, InstrumentId};
use crate::units::{CashAtoms, Sequence};

/// Margin is missing for what a command wants, which is why the next event says that it does not happen. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MarginShortfall {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 16.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Whose.
    pub account: AccountId,
    /// Of an order: where; none of cash and margin models.
    pub instrument: InstrumentId,
    /// How much is missing for it, at most 2^63 - 1.
    pub shortfall: CashAtoms,
    /// What is left over the initial margin without it, which may be below zero; at most 2^63 - 1 in size.
    pub initial: CashAtoms,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 16],
}

event_record!(MarginShortfall, kind 16, words 1);

/// A set's margin terms were set. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MarginTermsSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 120.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// Its number.
    pub set: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 48],
}

event_record!(MarginTermsSet, kind 120, words 1);

/// An account's cash is another. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CashAdjusted {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 208.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Whose.
    pub account: AccountId,
    /// How much was added; below zero it was taken.
    pub amount: CashAtoms,
    /// What it is now, low and high 64 bits of a signed number.
    pub cash: [u64; 2],
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 16],
}

event_record!(CashAdjusted, kind 208, words 1);

/// An account was judged, and stands otherwise than before. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MarginStatusChanged {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 209.
    pub kind: u8,
    /// A [`MarginStatus`](crate::terms::MarginStatus).
    pub status: u8,
    /// What it was before.
    pub old_status: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
    /// Whose.
    pub account: AccountId,
    /// What is left over the initial margin; at most 2^63 - 1 in size.
    pub initial: CashAtoms,
    /// What is left over the maintenance margin, likewise.
    pub maintenance: CashAtoms,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 24],
}

event_record!(MarginStatusChanged, kind 209, words 1);
