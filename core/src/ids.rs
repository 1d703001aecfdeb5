//! Typed identifiers.
//!
//! Accounts, instruments, sessions, underlyings and expiries are named by 64 bits: shard (12) | generation (28) | slot (24). The generation
//! is the number of entities of that kind opened so far in the journal, so an id is never given out twice and a stale
//! one is told from an unknown one. An order id is the low 40 bits of the accepting command's sequence | slot (24):
//! a cancel by order id needs no hashing. Zero is never a valid id of any kind.

use bytemuck::{Pod, Zeroable};

use crate::units::Sequence;

/// Bits of an id that name the slot in its table.
pub const SLOT_BITS: u32 = 24;
/// Bits of an entity id that hold the generation.
pub const GENERATION_BITS: u32 = 28;
/// Largest usable slot; every table's capacity is at most this.
pub const SLOT_MAX: u32 = (1 << SLOT_BITS) - 1;
/// Largest generation; opening one more entity is rejected with `IdsExhausted`.
pub const GENERATION_MAX: u32 = (1 << GENERATION_BITS) - 1;
/// Largest shard number.
pub const SHARD_MAX: u16 = (1 << (64 - SLOT_BITS - GENERATION_BITS)) - 1;

/// What the kinds of entity ids have in common; used by the tables that give them out.
pub trait EntityId: Copy + Eq {
    /// Builds an id; each part must lie within its bits.
    fn from_parts(shard: u16, generation: u32, slot: u32) -> Self;
    /// The slot in the entity's table.
    fn slot(self) -> u32;
    /// The how-many-th entity of its kind this is.
    fn generation(self) -> u32;
    /// The shard that gave the id out.
    fn shard(self) -> u16;
}

macro_rules! entity_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub struct $name(pub u64);

        impl $name {
            /// No entity: what a record holds where the field does not apply.
            pub const NONE: Self = Self(0);

            /// Builds an id from its parts, for constants.
            pub(crate) const fn assemble(shard: u16, generation: u32, slot: u32) -> Self {
                Self(((shard as u64) << (SLOT_BITS + GENERATION_BITS)) | ((generation as u64) << SLOT_BITS) | slot as u64)
            }
        }

        impl EntityId for $name {
            #[inline]
            fn from_parts(shard: u16, generation: u32, slot: u32) -> Self {
                debug_assert!(shard <= SHARD_MAX && generation <= GENERATION_MAX && slot <= SLOT_MAX);
                Self::assemble(shard, generation, slot)
            }
            #[inline]
            fn slot(self) -> u32 {
                (self.0 as u32) & SLOT_MAX
            }
            #[inline]
            fn generation(self) -> u32 {
                ((self.0 >> SLOT_BITS) as u32) & GENERATION_MAX
            }
            #[inline]
            fn shard(self) -> u16 {
                (self.0 >> (SLOT_BITS + GENERATION_BITS)) as u16
            }
        }

        impl core::fmt::Display for $name {
            /// `shard/slot.generation`, as the tools print and read it.
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}/{}.{}", self.shard(), self.slot(), self.generation())
            }
        }
    };
}

entity_id! {
    /// Names an account.
    AccountId
}
entity_id! {
    /// Names an instrument.
    InstrumentId
}
entity_id! {
    /// Names an underlying: what has an index price.
    UnderlyingId
}
entity_id! {
    /// Names an expiry of an underlying: what has a forward price, a rate and volatilities.
    ExpiryId
}
entity_id! {
    /// Names a session: the identity under which commands are submitted.
    SessionId
}

impl SessionId {
    /// The session under which the sequencer itself appends `Work`, `Checkpoint` and `Timer`; exists from genesis on.
    pub const fn sequencer(shard: u16) -> Self {
        Self::assemble(shard, 1, 1)
    }

    /// The operator's first session; exists from genesis on, so that everything else can be set up by commands.
    pub const fn operator(shard: u16) -> Self {
        Self::assemble(shard, 2, 2)
    }
}

/// Names a live order: low 40 bits of the accepting command's sequence | slot (24 bits).
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct OrderId(pub u64);

impl OrderId {
    /// No order.
    pub const NONE: Self = Self(0);

    /// The id of the order that the command `sequence` put into `slot`.
    #[inline]
    pub const fn new(sequence: Sequence, slot: u32) -> Self {
        Self((sequence.0 << SLOT_BITS) | slot as u64)
    }

    /// The slot of the order table.
    #[inline]
    pub const fn slot(self) -> u32 {
        (self.0 as u32) & SLOT_MAX
    }

    /// Whether the order was accepted by a command before `sequence`, and less than 2^39 commands before: an id holds the low
    /// 40 bits of the sequence.
    pub(crate) const fn is_from_before(self, sequence: Sequence) -> bool {
        let distance = (sequence.0 << SLOT_BITS).wrapping_sub(self.0 & !(SLOT_MAX as u64)) >> SLOT_BITS;
        distance < 1 << 39
    }
}

impl core::fmt::Display for OrderId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.0 >> SLOT_BITS, self.slot())
    }
}

/// An order's name given by its client, unique among the live orders of one account. Zero means "none": the order
/// can then be reached by order id only.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ClientOrderId(pub u64);

impl ClientOrderId {
    /// No client order id.
    pub const NONE: Self = Self(0);
}

impl core::fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_entity_id_come_back() {
        let id = AccountId::from_parts(SHARD_MAX, GENERATION_MAX - 1, SLOT_MAX);
        assert_eq!((id.shard(), id.generation(), id.slot()), (SHARD_MAX, GENERATION_MAX - 1, SLOT_MAX));
    }

    #[test]
    fn order_id_keeps_the_low_forty_bits_of_the_sequence() {
        let id = OrderId::new(Sequence((1 << 40) + 5), 7);
        assert_eq!((id.0 >> SLOT_BITS, id.slot()), (5, 7));
    }
}
