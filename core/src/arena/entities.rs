//! Accounts, instruments, sessions: slabs whose records are named by ids that are never given out twice.

use super::{Marks, Record, Slab};
use crate::ids::{EntityId, GENERATION_MAX};

/// A record that holds its own id.
pub(crate) trait EntityRecord: Record {
    /// The kind of id.
    type Id: EntityId + Default;
    /// The record's id; the default (zero) in a free slot.
    fn id(&self) -> Self::Id;
}

/// Why an id names no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It was never given out.
    Unknown,
    /// It was given out, and its entity is gone.
    Stale,
}

/// Why no id can be given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Every slot is taken.
    Table,
    /// Every generation was used.
    Ids,
}

/// A slab of entities.
#[derive(Debug)]
pub(crate) struct Entities<'a, R, M> {
    pub(crate) slab: Slab<'a, R, M>,
}

impl<R: EntityRecord, M: Marks> Entities<'_, R, M> {
    /// The slot of the entity named `id`.
    #[inline(always)]
    pub(crate) fn find(&self, id: R::Id, shard: u16) -> Result<u32, Missing> {
        let slot = id.slot();
        match self.slab.try_get(slot) {
            Some(record) if slot != 0 && record.id() == id => Ok(slot),
            _ => Err(self.why_missing(id, shard)),
        }
    }

    #[cold]
    #[inline(never)]
    fn why_missing(&self, id: R::Id, shard: u16) -> Missing {
        let generation_given_out = id.generation() != 0 && id.generation() <= self.slab.issued();
        if generation_given_out && id.shard() == shard && self.slab.was_used(id.slot()) {
            Missing::Stale
        } else {
            Missing::Unknown
        }
    }

    /// Takes a slot and a new id; the caller fills the record in.
    pub(crate) fn issue(&mut self, shard: u16) -> Result<(u32, R::Id), Full> {
        if self.slab.room() == 0 {
            return Err(Full::Table);
        }
        if self.slab.issued() >= GENERATION_MAX {
            return Err(Full::Ids);
        }
        let slot = self.slab.take();
        let generation = self.slab.issue();
        Ok((slot, R::Id::from_parts(shard, generation, slot)))
    }
}
