//! The header record: what the whole state hangs on.

use bytemuck::{Pod, Zeroable};

use crate::digest::{EventsDigest, Hash256};
use crate::genesis::Genesis;
use crate::units::{Sequence, TimeNs};

/// The arena's first chunk. What every command touches comes first.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Header {
    /// The last command's sequence.
    pub(crate) sequence: Sequence,
    /// The last command's time.
    pub(crate) time: TimeNs,
    /// Over every event so far.
    pub(crate) digest: EventsDigest,
    /// How many events so far.
    pub(crate) events: u64,
    /// Place of the oldest pending piece of work in the queue.
    pub(crate) work_first: u32,
    /// Pieces of work pending.
    pub(crate) work_pending: u32,
    pub(crate) genesis_hash: Hash256,
    pub(crate) layout_hash: Hash256,
    pub(crate) genesis: Genesis,
    /// From this time on a command has work to do at its end: 0 while any is pending.
    pub(crate) wake: TimeNs,
    /// No live order expires before.
    pub(crate) next_expiry: TimeNs,
    /// The root of the orders that expire.
    pub(crate) dated: u32,
    /// The first and the last of the instruments with due stop orders.
    pub(crate) due: Row,
    /// The first and the last of the accounts whose protection cancels their orders.
    pub(crate) protecting: Row,
    /// The instrument of the ring of those with followers that was looked at last.
    pub(crate) looked_last: u32,
    /// How many are in the ring, and how many of these are to be looked at.
    pub(crate) in_ring: u32,
    pub(crate) unlooked: u32,
}

/// The ends of a row whose members know the next one; 0 for none.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Row {
    pub(crate) first: u32,
    pub(crate) last: u32,
}

const _: () = assert!(size_of::<Header>() == 256);
