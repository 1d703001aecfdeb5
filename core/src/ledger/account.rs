//! The account record.

use bytemuck::{Pod, Zeroable};

use crate::arena::EntityRecord;
use crate::engine::Row;
use crate::ids::AccountId;
use crate::units::{QuantityLots, Sequence, TimeNs};
use crate::valuation::Links;

/// An account. It fills a chunk: no two owners' accounts share one, so that an account is proven without its neighbours. What
/// the check of an order needs is in the first two cache lines.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
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
    /// Bits of [`Account::PROTECTED`] and [`Account::TRIPPED`].
    pub(crate) guard: u32,
    /// Realised profit and loss over all instruments, in atoms.
    pub(crate) realised: i128,
    /// A [`MarginModel`](crate::terms::MarginModel); 0 until one was chosen.
    pub(crate) margin_model: u8,
    /// A [`MarginStatus`](crate::terms::MarginStatus); 0 until it was judged.
    pub(crate) margin_status: u8,
    /// 1 if it is to be judged.
    pub(crate) is_to_be_judged: u8,
    /// 1 if it is on the watch list.
    pub(crate) is_watched: u8,
    /// 1 if sums of it were begun anew since it was judged last.
    pub(crate) is_due: u8,
    /// 1 if its floor is known; never by the other models, once it was judged.
    pub(crate) has_floor: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 2],
    /// Its portfolios, in the order in which they were made.
    pub(crate) portfolios: Row,
    /// Arrays had been published so often when all its sums were made current last.
    pub(crate) current_at: u64,
    /// Its neighbours on the watch list.
    pub(crate) watched: Links,
    /// In atoms.
    pub(crate) cash: i128,
    /// What its trades have brought in, less what they have cost, in atoms; where margin is checked.
    pub(crate) flows: i128,
    /// What is left over its initial margin at least, in atoms, by the model of portfolios; where it is known, and the
    /// account is current.
    pub(crate) floor: i128,
    pub(crate) protection: Protection,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved_tail: [u8; 48],
}

/// Realised profit and loss stay below this, in atoms, either way: a trade that might take them there is not made.
pub(crate) const REALISED_END: u128 = (1 << 127) - (1 << 64);

const _: () = assert!(size_of::<Account>() == 256);

/// Market-maker protection: limits, what was filled in the window, and the scan that cancels the account's orders.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Protection {
    /// Length of the window.
    pub(crate) window: TimeNs,
    /// 0 for no limit.
    pub(crate) quantity_limit: QuantityLots,
    /// 0 for no limit.
    pub(crate) fills_limit: u64,
    /// When the window began, if it did.
    pub(crate) begun: TimeNs,
    /// Lots filled in it.
    pub(crate) quantity: QuantityLots,
    /// Fills in it.
    pub(crate) fills: u64,
    /// The command by which it tripped.
    pub(crate) tripped: Sequence,
    /// Orders that its scan has cancelled.
    pub(crate) cancelled: u64,
    /// The slot that its scan comes to next; 0 without a scan.
    pub(crate) cursor: u32,
    /// The next account with a scan.
    pub(crate) next: u32,
    /// 1 once a window began.
    pub(crate) has_begun: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 7],
}

impl Account {
    /// Its fills are counted.
    pub(crate) const PROTECTED: u32 = 1;
    /// It has tripped.
    pub(crate) const TRIPPED: u32 = 2;

    pub(crate) fn has_tripped(&self) -> bool {
        self.guard & Self::TRIPPED != 0
    }

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
