//! Grants: which session may act for which account.

use bytemuck::{Pod, Zeroable};

use crate::arena::{Carver, GIVEN_KEYS, KeyHash, Marks, Slab, SlotIndex};

/// One grant, by slots: a session or account with grants cannot be closed, so the slots stay theirs.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Grant {
    session: u32,
    account: u32,
}

/// The set of grants.
#[derive(Debug)]
pub(crate) struct Grants<'a, M> {
    records: Slab<'a, Grant, M>,
    index: SlotIndex<'a, M, GIVEN_KEYS>,
}

impl<'a, M: Marks> Grants<'a, M> {
    pub(crate) fn carve(carver: &mut Carver<'a, M>) -> Self {
        Self { records: Slab::carve(carver, "grants"), index: SlotIndex::carve(carver, "grants_index") }
    }

    #[inline(always)]
    fn find(&self, seed: u64, session: u32, account: u32) -> u32 {
        let hash = KeyHash::of_pair(seed, u64::from(session), u64::from(account));
        self.index
            .find(hash, |slot| {
                let grant = self.records.get(slot);
                grant.session == session && grant.account == account
            })
            .slot
    }

    #[inline(always)]
    pub(crate) fn has(&self, seed: u64, session: u32, account: u32) -> bool {
        self.find(seed, session, account) != 0
    }

    /// Adds a grant that is not there yet; false if the table is full.
    pub(crate) fn add(&mut self, seed: u64, session: u32, account: u32) -> bool {
        let slot = self.records.take();
        if slot == 0 {
            return false;
        }
        *self.records.get_mut(slot) = Grant { session, account };
        self.index.insert(KeyHash::of_pair(seed, u64::from(session), u64::from(account)), slot);
        true
    }

    /// Removes a grant; false if there is none.
    pub(crate) fn remove(&mut self, seed: u64, session: u32, account: u32) -> bool {
        let slot = self.find(seed, session, account);
        if slot == 0 {
            return false;
        }
        self.index.remove(KeyHash::of_pair(seed, u64::from(session), u64::from(account)), slot);
        self.records.give_back(slot);
        true
    }

    /// The tables' bytes, in the layout's order.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.records.bytes().into_iter().chain([self.index.bytes()])
    }
}
