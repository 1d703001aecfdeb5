//! The account record.

use bytemuck::{Pod, Zeroable};

use crate::arena::{EntityRecord, Record};
use crate::ids::AccountId;

/// An account. It fills a chunk: no two owners' accounts share one, so that an account is proven without its neighbours.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    /// The owner, in the venue's own numbering.
    pub(crate) owner: u64,
    /// Live orders.
    pub(crate) orders: u32,
    /// Open positions.
    pub(crate) positions: u32,
    /// Sessions that were granted it.
    pub(crate) grants: u32,
    pub(crate) reserved: [u8; 228],
}

const _: () = assert!(size_of::<Account>() == 256);

impl Record for Account {}

impl EntityRecord for Account {
    type Id = AccountId;
    #[inline(always)]
    fn id(&self) -> AccountId {
        self.id
    }
}
