//! Party events (kinds 201..=249): accounts, sessions and which may act for which.

use bytemuck::{Pod, Zeroable};

use super::event_record;
use crate::ids::{AccountId, SessionId};
use crate::units::Sequence;

/// An account was opened. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AccountOpened {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 201.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Its id from now on.
    pub account: AccountId,
    /// Its owner, in the venue's own numbering.
    pub owner: u64,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 32],
}

event_record!(AccountOpened, kind 201, words 1);

/// An account was closed. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AccountClosed {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 202.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub account: AccountId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

event_record!(AccountClosed, kind 202, words 1);

/// A session was opened. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SessionOpened {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 203.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Its id from now on.
    pub session: SessionId,
    /// Its [`Role`](crate::terms::Role).
    pub role: u64,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 32],
}

event_record!(SessionOpened, kind 203, words 1);

/// A session was closed. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SessionClosed {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 204.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub session: SessionId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

event_record!(SessionClosed, kind 204, words 1);

/// A session may act for an account. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AccountGranted {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 205.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Who.
    pub session: SessionId,
    /// For whom.
    pub account: AccountId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 32],
}

event_record!(AccountGranted, kind 205, words 1);

/// A session may no longer act for an account. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AccountRevoked {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 206.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Who.
    pub session: SessionId,
    /// For whom.
    pub account: AccountId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 32],
}

event_record!(AccountRevoked, kind 206, words 1);

/// An account's margin model was chosen. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MarginModelSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 207.
    pub kind: u8,
    /// A [`MarginModel`](crate::terms::MarginModel).
    pub model: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Whose.
    pub account: AccountId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

event_record!(MarginModelSet, kind 207, words 1);
