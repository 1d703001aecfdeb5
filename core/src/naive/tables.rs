//! Slots and the tables of entities (accounts, instruments, sessions, underlyings, expiries) that use them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Canary;
use crate::ids::{EntityId, GENERATION_MAX};
use crate::reject::RejectCode;

/// Gives out slots: the last one freed first, else the lowest never used, from 1.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    capacity: u32,
    highest_used: u32,
    freed: Vec<u32>,
    canary: Canary,
}

impl Slots {
    pub(super) fn new(capacity: u32, canary: Canary) -> Self {
        Self { capacity, highest_used: 0, freed: Vec::new(), canary }
    }

    pub(super) fn is_full(&self) -> bool {
        self.freed.is_empty() && self.highest_used >= self.capacity
    }

    /// Whether the slot was ever given out; slot 0 never is.
    pub(super) fn was_used(&self, slot: u32) -> bool {
        (1..=self.highest_used).contains(&slot)
    }

    /// The highest slot ever given out; zero if none was.
    pub(super) fn highest_used(&self) -> u32 {
        self.highest_used
    }

    pub(super) fn take(&mut self) -> Option<u32> {
        if self.canary == Canary::SlotsOldestFirst && !self.freed.is_empty() {
            return Some(self.freed.remove(0));
        }
        if let Some(slot) = self.freed.pop() {
            return Some(slot);
        }
        if self.highest_used >= self.capacity {
            return None;
        }
        self.highest_used += 1;
        Some(self.highest_used)
    }

    pub(super) fn give_back(&mut self, slot: u32) {
        self.freed.push(slot);
    }
}

/// What a table answers when it has no answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableCodes {
    pub(super) unknown: RejectCode,
    pub(super) stale: RejectCode,
    pub(super) full: RejectCode,
}

impl TableCodes {
    pub(super) const SESSIONS: Self = Self {
        unknown: RejectCode::UnknownSession,
        stale: RejectCode::StaleSession,
        full: RejectCode::SessionTableFull,
    };
    pub(super) const ACCOUNTS: Self = Self {
        unknown: RejectCode::UnknownAccount,
        stale: RejectCode::StaleAccount,
        full: RejectCode::AccountTableFull,
    };
    pub(super) const INSTRUMENTS: Self = Self {
        unknown: RejectCode::UnknownInstrument,
        stale: RejectCode::StaleInstrument,
        full: RejectCode::InstrumentTableFull,
    };
    pub(super) const UNDERLYINGS: Self = Self {
        unknown: RejectCode::UnknownUnderlying,
        stale: RejectCode::StaleUnderlying,
        full: RejectCode::UnderlyingTableFull,
    };
    pub(super) const EXPIRIES: Self =
        Self { unknown: RejectCode::UnknownExpiry, stale: RejectCode::StaleExpiry, full: RejectCode::ExpiryTableFull };
}

/// The entities of one kind that are open.
#[derive(Clone, Debug)]
pub(super) struct EntityTable<I, T> {
    shard: u16,
    codes: TableCodes,
    slots: Slots,
    /// How many entities of the kind were ever given out: the latest generation.
    given_out: u32,
    open: BTreeMap<u32, (I, T)>,
}

impl<I: EntityId, T> EntityTable<I, T> {
    pub(super) fn new(shard: u16, slots: Slots, codes: TableCodes) -> Self {
        Self { shard, codes, slots, given_out: 0, open: BTreeMap::new() }
    }

    /// Unknown: the slot was never used, or the shard or generation was never given out. Stale: anything else that is
    /// not what the slot holds.
    pub(super) fn find(&self, id: I) -> Result<&T, RejectCode> {
        let generation_given_out = (1..=self.given_out).contains(&id.generation());
        if !self.slots.was_used(id.slot()) || id.shard() != self.shard || !generation_given_out {
            return Err(self.codes.unknown);
        }
        match self.open.get(&id.slot()) {
            Some((holder, entity)) if *holder == id => Ok(entity),
            _ => Err(self.codes.stale),
        }
    }

    pub(super) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.open.get_mut(&id.slot()).filter(|(holder, _)| *holder == id).map(|(_, entity)| entity)
    }

    /// Opens an entity: a full table is told before exhausted generations.
    pub(super) fn open(&mut self, entity: T) -> Result<I, RejectCode> {
        if self.slots.is_full() {
            return Err(self.codes.full);
        }
        if self.given_out >= GENERATION_MAX {
            return Err(RejectCode::IdsExhausted);
        }
        let slot = self.slots.take().ok_or(self.codes.full)?;
        self.given_out += 1;
        let id = I::from_parts(self.shard, self.given_out, slot);
        self.open.insert(slot, (id, entity));
        Ok(id)
    }

    /// How many slots were ever used.
    pub(super) fn highest_used(&self) -> u32 {
        self.slots.highest_used()
    }

    /// Whose a slot is.
    pub(super) fn in_slot(&self, slot: u32) -> Option<I> {
        self.open.get(&slot).map(|(holder, _)| *holder)
    }

    /// All that are open, in the order in which they were opened.
    pub(super) fn in_order(&self) -> Vec<(I, &T)> {
        let mut all: Vec<(I, &T)> = self.open.values().map(|(id, entity)| (*id, entity)).collect();
        all.sort_by_key(|(id, _)| id.generation());
        all
    }

    pub(super) fn close(&mut self, id: I) {
        self.open.remove(&id.slot());
        self.slots.give_back(id.slot());
    }
}
