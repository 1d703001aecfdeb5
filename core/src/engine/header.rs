//! The header record: what the whole state hangs on.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

use super::OpenError;
use crate::arena::{ArenaError, Chunk, Layout};
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
// Whoever verifies a proof without this crate finds them there: `docs/DETERMINISM.md` says where.
const _: () = assert!(offset_of!(Header, genesis_hash) == 48 && offset_of!(Header, layout_hash) == 80);
const _: () = assert!(offset_of!(Header, genesis) == 112);

impl Header {
    /// The header that an arena's first chunk holds, if it holds one: any 256 bytes have this form.
    pub(crate) fn read(chunk: &Chunk) -> Self {
        bytemuck::must_cast(chunk.0)
    }

    /// The layout that the state under this header has.
    ///
    /// # Errors
    /// A header that does not bear its own genesis' hash, a genesis that this build does not execute, and one that it
    /// lays out otherwise than the state was.
    pub(crate) fn layout(&self) -> Result<Layout, OpenError> {
        if self.genesis.hash() != self.genesis_hash {
            return Err(ArenaError::NoState.into());
        }
        self.genesis.validate()?;
        let layout = Layout::of(&self.genesis);
        if layout.hash() == self.layout_hash { Ok(layout) } else { Err(ArenaError::OtherLayout.into()) }
    }

    /// What [`Header::layout`] checks, by comparing with a layout whose hashes are known: nothing is hashed.
    ///
    /// # Errors
    /// As [`Header::layout`]; [`ArenaError::OtherLayout`] also where the state comes from another genesis.
    pub(crate) fn check_is_of(&self, layout: &Layout) -> Result<(), OpenError> {
        if self.genesis != *layout.genesis() {
            // It may be no state at all, which is the better answer.
            self.layout()?;
            return Err(ArenaError::OtherLayout.into());
        }
        if self.genesis_hash != layout.genesis_hash() {
            return Err(ArenaError::NoState.into());
        }
        self.genesis.validate()?;
        if self.layout_hash == layout.hash() { Ok(()) } else { Err(ArenaError::OtherLayout.into()) }
    }
}
