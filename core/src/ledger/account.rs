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
    pub(crate) reserved: u32,
    /// Realised profit and loss over all instruments, in atoms.
    pub(crate) realised: i128,
    pub(crate) reserved_tail: [u8; 208],
}

/// Realised profit and loss stay below this, in atoms, either way: a trade that might take them there is not made.
pub(crate) const REALISED_END: u128 = (1 << 127) - (1 << 64);

const _: () = assert!(size_of::<Account>() == 256);

impl Record for Account {}

impl Account {
    /// Adds a profit or loss, in price times lots, to what was realised.
    #[inline(always)]
    pub(crate) fn realise(&mut self, profit: i128, multiplier: i64) {
        // Nearly always narrow, and one multiplication. It saturates only for what rounding may add at the very bound of
        // 128 bits, where no venue comes.
        let value = match i64::try_from(profit) {
            Ok(profit) => i128::from(profit) * i128::from(multiplier),
            Err(_) => profit.saturating_mul(i128::from(multiplier)),
        };
        self.realised = self.realised.saturating_add(value);
    }
}

impl EntityRecord for Account {
    type Id = AccountId;
    #[inline(always)]
    fn id(&self) -> AccountId {
        self.id
    }
}
