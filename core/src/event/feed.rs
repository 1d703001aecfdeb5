//! Events of underlyings and their feeds (kinds 111..=149).

use bytemuck::{Pod, Zeroable};

use super::event_record;
use crate::ids::{ExpiryId, InstrumentId, UnderlyingId};
use crate::units::{CashAtoms, Sequence, TimeNs};

/// An underlying was listed. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UnderlyingListed {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 111.
    pub kind: u8,
    /// Bits behind the atom of its instruments' risk arrays.
    pub lane_bits: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Its id from now on.
    pub underlying: UnderlyingId,
    /// Its label.
    pub symbol: [u8; 16],
    /// The largest price that feeds may say of it.
    pub price_max: CashAtoms,
    /// The underlying whose index is the price of its settlement asset.
    pub peg: UnderlyingId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 8],
}

event_record!(UnderlyingListed, kind 111, words 1);

/// An underlying was delisted. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UnderlyingDelisted {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 112.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub underlying: UnderlyingId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

event_record!(UnderlyingDelisted, kind 112, words 1);

/// An underlying has other rules. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UnderlyingConfigured {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 113.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub underlying: UnderlyingId,
    /// Its scenario set from now on; zero for none.
    pub scenario_set: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 38],
}

event_record!(UnderlyingConfigured, kind 113, words 1);

/// An expiry was listed. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ExpiryListed {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 114.
    pub kind: u8,
    /// Its [`Surface`](crate::terms::Surface).
    pub surface: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 2],
    /// Its id from now on.
    pub expiry: ExpiryId,
    /// Of which underlying.
    pub underlying: UnderlyingId,
    /// When it is.
    pub time: TimeNs,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 24],
}

event_record!(ExpiryListed, kind 114, words 1);

/// An expiry was delisted. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ExpiryDelisted {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 115.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub expiry: ExpiryId,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 40],
}

event_record!(ExpiryDelisted, kind 115, words 1);

/// A set's scenarios were set. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ScenariosSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 116.
    pub kind: u8,
    /// How many there are.
    pub count: u8,
    /// Its number.
    pub set: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 48],
}

event_record!(ScenariosSet, kind 116, words 1);

/// A set's shocks were set. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ShocksSet {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 117.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Its number.
    pub set: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 46],
}

event_record!(ShocksSet, kind 117, words 1);

/// A feed has another value, or holds one back until it is confirmed. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FeedUpdated {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 118.
    pub kind: u8,
    /// Its [`FeedKind`](crate::terms::FeedKind).
    pub feed: u8,
    /// One of [`FeedUpdated::HELD`] and [`FeedUpdated::PASSED`], or zero.
    pub flags: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 1],
    /// Its underlying.
    pub underlying: UnderlyingId,
    /// Its expiry; none for an index.
    pub expiry: ExpiryId,
    /// Its option; none for others.
    pub instrument: InstrumentId,
    /// The value, in the feed's unit; of a smile, its volatility at its forward price.
    pub value: i64,
    /// When the source saw it.
    pub source_time: TimeNs,
    /// How sure the source is, in ppm.
    pub confidence: u32,
    /// The source's number.
    pub source: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 2],
}

impl FeedUpdated {
    /// Flag: the value is held back: it moved too far from the feed's, and was not confirmed yet.
    pub const HELD: u8 = 1;
    /// Flag: the value is passed over: another is held, and this one neither confirms nor replaces it.
    pub const PASSED: u8 = 2;
}

event_record!(FeedUpdated, kind 118, words 1);

/// The risk arrays of an underlying were computed anew. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ArraysPublished {
    /// The command's sequence.
    pub sequence: Sequence,
    /// How many events of the command came before.
    pub ordinal: u32,
    /// Kind 119.
    pub kind: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 3],
    /// Which.
    pub underlying: UnderlyingId,
    /// Their generation.
    pub generation: u64,
    /// The command in which the pass began, whose feeds they were computed with.
    pub begun: Sequence,
    /// How many instruments have an array.
    pub instruments: u32,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 20],
}

event_record!(ArraysPublished, kind 119, words 1);
