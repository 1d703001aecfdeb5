//! Command records: everything that the outside world can tell the engine.
//!
//! A command is a plain-old-data record, little-endian, of a size fixed per kind: at most [`ORDER_SIZE_MAX`] bytes on
//! the order path, at most [`RARE_SIZE_MAX`] for rare kinds. Each begins with a [`CommandHeader`] (session, session
//! sequence, account). Kinds and fields are append-only: a number is never used again with another meaning.
//!
//! [`Command::decode`] is total: any words are a command, if only a [`Command::Malformed`] one, which the engine rejects.

mod feed;
mod margin;
mod order;
mod party;
mod venue;

use bytemuck::{Pod, Zeroable};

pub use self::feed::{
    ConfigureUnderlying, DelistExpiry, DelistUnderlying, FeedRules, FeedStamp, LANE_BITS_MAX, ListExpiry,
    ListUnderlying, PPM, SPOT_FACTOR_MAX, ScenarioTerms, SetScenarios, SetShocks, Shocks, SmileTerms,
    UNDERLYING_PRICE_MAX, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface, UpdateVolatility,
};
pub use self::margin::{AdjustCash, MarginTerms, SetMarginTerms};
pub use self::order::{
    AmendOrder, CancelOrder, MassCancel, NewComplexOrder, NewOrder, NewPeggedOrder, OrderTarget, ReduceOrder,
    ReplaceOrder, ResumeTrading, SetProtection,
};
pub use self::party::{
    CloseAccount, CloseSession, GrantAccount, OpenAccount, OpenSession, RevokeAccount, SetMarginModel,
};
pub use self::venue::{
    Checkpoint, DelistInstrument, EndTradingDay, ListInstrument, PublishIndicative, SetLastPrice, SetMarkPrice,
    SetPriceBand, SetPriceLimits, SetTradingState, Timer, Uncross, Work,
};

use crate::ids::{AccountId, SessionId};
use crate::reject::RejectCode;

/// The command schema's version: raised when a kind or a field is added.
pub const COMMAND_SCHEMA_VERSION: u32 = 1;
/// Numbers of kinds that do not exist yet, by the names that they will have: no other kind gets them.
pub const RESERVED_KINDS: &[(u16, &str)] =
    &[(303, "Attest"), (401, "BustTrade"), (402, "AdjustTrade"), (403, "BlockTrade"), (404, "TransferPosition")];
/// Largest record on the order path, in bytes.
pub const ORDER_SIZE_MAX: usize = 128;
/// Largest record of any kind, in bytes.
pub const RARE_SIZE_MAX: usize = 320;

/// What every command begins with. 32 bytes.
///
/// ```text
/// 0        2        4          8            16                  24         32
/// +--------+--------+----------+------------+-------------------+----------+
/// | kind   | size   | reserved | session    | session sequence  | account  |
/// +--------+--------+----------+------------+-------------------+----------+
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CommandHeader {
    /// Number of the kind; [`CommandRecord::new_header`] sets it.
    pub kind: u16,
    /// The record's whole size in bytes.
    pub size: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u32,
    /// Who sends.
    pub session: SessionId,
    /// One more than the session's previous command: a resent command has the number that it had.
    pub session_sequence: u64,
    /// For whom; [`AccountId::NONE`] where the kind concerns no account.
    pub account: AccountId,
}

const _: () = assert!(size_of::<CommandHeader>() == 32 && align_of::<CommandHeader>() == 8);

/// A command record: its kind, and the check of its own fields.
pub trait CommandRecord: Pod {
    /// The kind's number.
    const KIND: u16;
    /// The record's size in bytes as the header states it.
    const SIZE: u16 = size_of::<Self>() as u16;

    /// The header that every record begins with.
    fn header(&self) -> &CommandHeader;

    /// Checks what the record alone can show: reserved bytes are zero, enumerations are defined.
    ///
    /// # Errors
    /// [`RejectCode::ReservedNotZero`], then [`RejectCode::InvalidField`].
    fn check(&self) -> Result<(), RejectCode>;

    /// A header for this kind.
    fn new_header(session: SessionId, session_sequence: u64, account: AccountId) -> CommandHeader {
        CommandHeader { kind: Self::KIND, size: Self::SIZE, reserved: 0, session, session_sequence, account }
    }
}

/// Implements [`CommandRecord`] with its size checked at compile time. `$limit` bounds the size, `$account` says
/// whether the kind concerns an account.
macro_rules! command_record {
    ($name:ident, kind $kind:literal, size $size:literal <= $limit:expr, account $account:literal, reserved |$r:ident| $reserved:expr, fields |$f:ident| $fields:expr) => {
        const _: () = assert!(size_of::<$name>() == $size && $size <= $limit && $size % 8 == 0);
        const _: () = assert!(align_of::<$name>() == 8);

        impl $crate::command::CommandRecord for $name {
            const KIND: u16 = $kind;

            #[inline]
            fn header(&self) -> &$crate::command::CommandHeader {
                &self.header
            }

            #[inline]
            fn check(&self) -> Result<(), $crate::reject::RejectCode> {
                let $r = self;
                if self.header.reserved != 0 || !$reserved {
                    return Err($crate::reject::RejectCode::ReservedNotZero);
                }
                let $f = self;
                let account_fits = $account || self.header.account == $crate::ids::AccountId::NONE;
                if !account_fits || !$fields {
                    return Err($crate::reject::RejectCode::InvalidField);
                }
                Ok(())
            }
        }

        impl<'a> From<&'a $name> for $crate::command::RawCommand<'a> {
            #[inline(always)]
            fn from(record: &'a $name) -> Self {
                Self::new(bytemuck::must_cast_slice(core::slice::from_ref(record)))
            }
        }

        impl<'a> From<&'a $name> for $crate::command::Command<'a> {
            #[inline]
            fn from(record: &'a $name) -> Self {
                // What would not decode from a frame must not run from memory either.
                if record.header.kind == <$name as $crate::command::CommandRecord>::KIND
                    && record.header.size == <$name as $crate::command::CommandRecord>::SIZE
                {
                    Self::$name(record)
                } else {
                    Self::Malformed { kind: record.header.kind }
                }
            }
        }
    };
}
pub(crate) use command_record;

/// A command as it stands in a ring or a frame: words that should be one record, not yet looked at.
///
/// What the engine takes. It reads the kind once, where it acts on it: decoding first would choose among the kinds twice,
/// and which kind comes next is what no branch predictor knows.
#[derive(Clone, Copy, Debug)]
pub struct RawCommand<'a> {
    words: &'a [u64],
}

impl<'a> RawCommand<'a> {
    /// Any words; the engine rejects what is no record.
    #[inline]
    pub const fn new(words: &'a [u64]) -> Self {
        Self { words }
    }

    /// The words as they stand in the ring or frame, whatever they are.
    pub const fn words(&self) -> &'a [u64] {
        self.words
    }

    /// What stands where a kind should; 0 if there is nothing.
    #[inline(always)]
    pub(crate) fn kind(&self) -> u16 {
        self.words.first().map_or(0, |word| *word as u16)
    }

    /// The record, if it is one of this type.
    #[inline(always)]
    pub(crate) fn record<C: CommandRecord>(&self) -> Option<&'a C> {
        let first = *self.words.first()? as u32;
        let fits = self.words.len() * 8 == size_of::<C>() && first == u32::from(C::SIZE) << 16 | u32::from(C::KIND);
        if fits { bytemuck::try_from_bytes(bytemuck::must_cast_slice(self.words)).ok() } else { None }
    }

    /// The command, decoded.
    pub fn decode(&self) -> Command<'a> {
        Command::decode(self.words)
    }
}

impl<'a> From<Command<'a>> for RawCommand<'a> {
    /// A malformed command has no words.
    fn from(command: Command<'a>) -> Self {
        // Records are made of words, so the cast does not fail.
        Self { words: bytemuck::try_cast_slice(command.bytes()).unwrap_or(&[]) }
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A view of one command record.
        #[derive(Clone, Copy, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub enum Command<'a> {
            $($(#[$doc])* $name(&'a $name),)*
            /// Bytes that are no record of this version; `kind` is what stands where a kind should.
            Malformed {
                /// The first two bytes, zero where there are none.
                kind: u16,
            },
        }

        impl<'a> Command<'a> {
            /// Every kind's number, name and size in bytes, in numeric order.
            pub const KINDS: &'static [(u16, &'static str, usize)] =
                &[$(($name::KIND, stringify!($name), size_of::<$name>()),)*];

            /// Reads the record in `words`. Total: what is no record becomes [`Command::Malformed`].
            ///
            /// `words` must be exactly the record. Words rather than bytes, so that where they lie in memory decides nothing.
            pub fn decode(words: &'a [u64]) -> Self {
                let kind = words.first().map_or(0, |word| *word as u16);
                let size = words.first().map_or(0, |word| (*word >> 16) as u16);
                let bytes: &[u8] = bytemuck::must_cast_slice(words);
                if usize::from(size) != bytes.len() {
                    return Self::Malformed { kind };
                }
                match kind {
                    $($name::KIND => match bytemuck::try_from_bytes::<$name>(bytes) {
                        Ok(record) => Self::from(record),
                        Err(_) => Self::Malformed { kind },
                    },)*
                    _ => Self::Malformed { kind },
                }
            }

            /// The record's bytes as they stand in a frame; empty for a malformed one.
            pub fn bytes(&self) -> &'a [u8] {
                match self {
                    $(Self::$name(record) => bytemuck::bytes_of(*record),)*
                    Self::Malformed { .. } => &[],
                }
            }

            /// The header; none for a malformed record.
            #[inline]
            pub fn header(&self) -> Option<&'a CommandHeader> {
                match self {
                    $(Self::$name(record) => Some(&record.header),)*
                    Self::Malformed { .. } => None,
                }
            }

            /// The kind's stable name.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    Self::Malformed { .. } => "Malformed",
                }
            }
        }
    };
}

commands! {
    /// Enters an order.
    NewOrder,
    /// Cancels an order.
    CancelOrder,
    /// Takes quantity off an order; it keeps its place.
    ReduceOrder,
    /// Changes an order's price or open quantity.
    AmendOrder,
    /// Cancels an order and enters another, or does neither.
    ReplaceOrder,
    /// Enters an order with further terms.
    NewComplexOrder,
    /// Cancels many orders.
    MassCancel,
    /// Sets an account's market-maker protection.
    SetProtection,
    /// Lets an account trade again whose protection has tripped.
    ResumeTrading,
    /// Enters an order whose price follows the book.
    NewPeggedOrder,
    /// Lists an instrument.
    ListInstrument,
    /// Delists an instrument.
    DelistInstrument,
    /// Moves an instrument between auction, continuous trading and halt.
    SetTradingState,
    /// Ends an auction.
    Uncross,
    /// Sets the price limits in force.
    SetPriceLimits,
    /// Sets the last price.
    SetLastPrice,
    /// Sets the mark price.
    SetMarkPrice,
    /// Sets the price band.
    SetPriceBand,
    /// Cancels the day orders.
    EndTradingDay,
    /// Has the indicative price said.
    PublishIndicative,
    /// Lists an underlying.
    ListUnderlying,
    /// Delists an underlying.
    DelistUnderlying,
    /// Gives an underlying other rules.
    ConfigureUnderlying,
    /// Lists an expiry of an underlying.
    ListExpiry,
    /// Delists an expiry.
    DelistExpiry,
    /// Sets the scenarios of a set.
    SetScenarios,
    /// Sets the shocks of a set.
    SetShocks,
    /// Sets the margin terms of a set.
    SetMarginTerms,
    /// Says the price of an underlying.
    UpdateIndex,
    /// Says the forward price of an expiry.
    UpdateForward,
    /// Says the rate to an expiry.
    UpdateRate,
    /// Says the volatility smile of an expiry.
    UpdateSurface,
    /// Says the volatility of an option.
    UpdateVolatility,
    /// Opens an account.
    OpenAccount,
    /// Closes an account.
    CloseAccount,
    /// Opens a session.
    OpenSession,
    /// Closes a session.
    CloseSession,
    /// Lets a session act for an account.
    GrantAccount,
    /// Takes a grant back.
    RevokeAccount,
    /// Chooses an account's margin model.
    SetMarginModel,
    /// Adds to an account's cash, or takes from it.
    AdjustCash,
    /// Works off pending work; appended by the sequencer.
    Work,
    /// Marks where the state digest is computed; appended by the sequencer.
    Checkpoint,
    /// Begins a round of marks; appended by the sequencer.
    Timer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decode_is_total_and_exact() {
        let mut record = Work::zeroed();
        record.header = Work::new_header(SessionId::sequencer(0), 1, AccountId::NONE);
        let words: &[u64] = bytemuck::cast_slice(core::slice::from_ref(&record));
        assert!(matches!(Command::decode(words), Command::Work(_)));
        for cut in 0..words.len() {
            assert!(matches!(Command::decode(&words[..cut]), Command::Malformed { .. }), "{cut}");
        }
        assert!(matches!(Command::decode(&[0; 48]), Command::Malformed { kind: 0 }));
        let mut longer = words.to_vec();
        longer.push(0);
        assert!(matches!(Command::decode(&longer), Command::Malformed { kind: Work::KIND }));
    }

    #[test]
    fn reserved_kinds_are_nobodys() {
        for (reserved, name) in RESERVED_KINDS {
            assert!(Command::KINDS.iter().all(|kind| kind.0 != *reserved && kind.1 != *name), "{reserved} {name}");
        }
    }

    #[test]
    fn kinds_ascend_and_fit() {
        assert!(Command::KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(Command::KINDS.iter().all(|kind| kind.2 <= if kind.0 < 100 { ORDER_SIZE_MAX } else { RARE_SIZE_MAX }));
    }
}
