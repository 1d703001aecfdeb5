//! Event records: everything that the engine says.
//!
//! An event is a plain-old-data record of one or two 64-byte words, little-endian, that begins with (command sequence,
//! ordinal): a consumer resumes at any event by replay. The order events are the L3 feed. Kinds and fields are
//! append-only.

mod feed;
mod margin;
mod order;
mod party;
mod venue;

use bytemuck::Pod;

pub use self::feed::{
    ArraysPublished, ExpiryDelisted, ExpiryListed, FeedUpdated, ScenariosSet, ShocksSet, UnderlyingConfigured,
    UnderlyingDelisted, UnderlyingListed,
};
pub use self::margin::{CashAdjusted, MarginShortfall, MarginStatusChanged, MarginTermsSet};
pub use self::order::{
    Accepted, Amended, Cancelled, Decremented, MassCancelled, ProtectionSet, ProtectionTripped, Rejected, Replenished,
    Repriced, Resent, Rested, Trade, TradingResumed, Triggered,
};
pub use self::party::{
    AccountClosed, AccountGranted, AccountOpened, AccountRevoked, MarginModelSet, SessionClosed, SessionOpened,
};
pub use self::venue::{
    IndicativePrice, InstrumentDelisted, InstrumentListed, LastPriceSet, MarkPriceSet, PriceBandBreached, PriceBandSet,
    PriceLimitsSet, TradingStateChanged, Uncrossed,
};

use crate::ids::AccountId;
use crate::units::Sequence;

/// One 64-byte word of an event, as the events digest folds it.
pub type EventWord = [u64; 8];

/// An event record; implemented for the kinds of this module only.
pub trait EventRecord: Pod {
    /// The kind's number.
    const KIND: u8;

    /// Writes sequence, ordinal and kind into the record.
    fn stamp(&mut self, sequence: Sequence, ordinal: u32);

    /// The record as 64-byte words.
    fn words(&self) -> &[EventWord];

    /// The record as one of the kinds.
    fn event(&self) -> Event<'_>;
}

/// Implements [`EventRecord`] with the size checked at compile time: `$words` 64-byte words.
macro_rules! event_record {
    ($name:ident, kind $kind:literal, words $words:literal) => {
        const _: () = assert!(size_of::<$name>() == 64 * $words && align_of::<$name>() == 8);

        impl $crate::event::EventRecord for $name {
            const KIND: u8 = $kind;

            #[inline(always)]
            fn stamp(&mut self, sequence: $crate::units::Sequence, ordinal: u32) {
                self.sequence = sequence;
                self.ordinal = ordinal;
                self.kind = $kind;
            }

            #[inline(always)]
            fn words(&self) -> &[$crate::event::EventWord] {
                bytemuck::must_cast_ref::<Self, [$crate::event::EventWord; $words]>(self)
            }

            #[inline(always)]
            fn event(&self) -> $crate::event::Event<'_> {
                $crate::event::Event::$name(self)
            }
        }
    };
}
pub(crate) use event_record;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A view of one event record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub enum Event<'a> { $($(#[$doc])* $name(&'a $name),)* }

        /// An event record by value, for keeping.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[allow(clippy::large_enum_variant)]
        pub enum OwnedEvent { $($(#[$doc])* $name($name),)* }

        impl<'a> Event<'a> {
            /// Reads the record in `words`, which must be exactly the record. Total: none where they are no record.
            pub fn decode(words: &'a [EventWord]) -> Option<Self> {
                // The kind stands behind sequence and ordinal.
                let [_, _, _, _, kind, ..] = words.first()?[1].to_le_bytes();
                let bytes: &[u8] = bytemuck::must_cast_slice(words);
                match kind {
                    $($name::KIND => bytemuck::try_from_bytes::<$name>(bytes).ok().map(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl<'a> Event<'a> {
            /// Reads the first of the records in `words`, and returns what is behind it. Total: none where there is no record,
            /// and where all is read.
            pub fn split_first(words: &'a [EventWord]) -> Option<(Self, &'a [EventWord])> {
                let [_, _, _, _, kind, ..] = words.first()?[1].to_le_bytes();
                let size = match kind {
                    $($name::KIND => size_of::<$name>() / size_of::<EventWord>(),)*
                    _ => return None,
                };
                let (first, rest) = words.split_at_checked(size)?;
                Some((Self::decode(first)?, rest))
            }
        }

        impl Event<'_> {
            /// Every kind's number, name and size in bytes, in numeric order.
            pub const KINDS: &'static [(u8, &'static str, usize)] =
                &[$(($name::KIND, stringify!($name), size_of::<$name>()),)*];

            /// The record's bytes.
            #[inline]
            pub fn bytes(&self) -> &[u8] {
                match self { $(Self::$name(record) => bytemuck::bytes_of(*record),)* }
            }

            /// The record as 64-byte words.
            #[inline]
            pub fn words(&self) -> &[EventWord] {
                match self { $(Self::$name(record) => record.words(),)* }
            }

            /// (command sequence, ordinal): where the event stands in the stream.
            pub fn position(&self) -> (Sequence, u32) {
                match self { $(Self::$name(record) => (record.sequence, record.ordinal),)* }
            }

            /// The kind's stable name.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }

            /// A copy to keep.
            pub fn to_owned(&self) -> OwnedEvent {
                match self { $(Self::$name(record) => OwnedEvent::$name(**record),)* }
            }
        }

        impl OwnedEvent {
            /// The record as a view.
            pub fn view(&self) -> Event<'_> {
                match self { $(Self::$name(record) => Event::$name(record),)* }
            }
        }
    };
}

events! {
    /// An order was accepted.
    Accepted,
    /// A command was rejected.
    Rejected,
    /// Two orders traded.
    Trade,
    /// What an accepted or amended order left after trading now rests in the book.
    Rested,
    /// An order, or what was left of it, was cancelled.
    Cancelled,
    /// An order's price or open quantity changed.
    Amended,
    /// A command was sent again: its first outcome.
    Resent,
    /// Two orders of one owner shrank without a trade.
    Decremented,
    /// A stop order triggered.
    Triggered,
    /// An iceberg shows a new part.
    Replenished,
    /// A mass cancel is done.
    MassCancelled,
    /// An account's market-maker protection was set.
    ProtectionSet,
    /// An account's market-maker protection tripped.
    ProtectionTripped,
    /// An account may trade again.
    TradingResumed,
    /// An order follows the market.
    Repriced,
    /// Margin is missing for what a command wants.
    MarginShortfall,
    /// An instrument was listed.
    InstrumentListed,
    /// An instrument was delisted.
    InstrumentDelisted,
    /// An instrument's trading state changed.
    TradingStateChanged,
    /// An auction's price was fixed.
    Uncrossed,
    /// The price limits changed.
    PriceLimitsSet,
    /// The last price was set by command.
    LastPriceSet,
    /// The mark price was set.
    MarkPriceSet,
    /// The price band was set.
    PriceBandSet,
    /// An order would have traded beyond the price band.
    PriceBandBreached,
    /// What an uncross would find.
    IndicativePrice,
    /// An underlying was listed.
    UnderlyingListed,
    /// An underlying was delisted.
    UnderlyingDelisted,
    /// An underlying has other rules.
    UnderlyingConfigured,
    /// An expiry was listed.
    ExpiryListed,
    /// An expiry was delisted.
    ExpiryDelisted,
    /// A set's scenarios were set.
    ScenariosSet,
    /// A set's shocks were set.
    ShocksSet,
    /// A feed has another value, or holds one back.
    FeedUpdated,
    /// An underlying's risk arrays were computed anew.
    ArraysPublished,
    /// A set's margin terms were set.
    MarginTermsSet,
    /// An account was opened.
    AccountOpened,
    /// An account was closed.
    AccountClosed,
    /// A session was opened.
    SessionOpened,
    /// A session was closed.
    SessionClosed,
    /// A session may act for an account.
    AccountGranted,
    /// A session may no longer act for an account.
    AccountRevoked,
    /// An account's margin model was chosen.
    MarginModelSet,
    /// An account's cash is another.
    CashAdjusted,
    /// An account stands otherwise than before.
    MarginStatusChanged,
}

impl Event<'_> {
    /// The accounts that it is about; two where two traded or met.
    pub fn accounts(&self) -> [AccountId; 2] {
        let of = |account| [account, AccountId::NONE];
        match self {
            Self::Accepted(event) => of(event.account),
            Self::Rejected(event) => of(event.account),
            Self::Trade(event) => [event.maker_account, event.taker_account],
            Self::Decremented(event) => [event.maker_account, event.taker_account],
            Self::Rested(event) => of(event.account),
            Self::Cancelled(event) => of(event.account),
            Self::Amended(event) => of(event.account),
            Self::Triggered(event) => of(event.account),
            Self::Replenished(event) => of(event.account),
            Self::MassCancelled(event) => of(event.account),
            Self::ProtectionSet(event) => of(event.account),
            Self::ProtectionTripped(event) => of(event.account),
            Self::TradingResumed(event) => of(event.account),
            Self::Repriced(event) => of(event.account),
            Self::AccountOpened(event) => of(event.account),
            Self::AccountClosed(event) => of(event.account),
            Self::AccountGranted(event) => of(event.account),
            Self::AccountRevoked(event) => of(event.account),
            Self::MarginModelSet(event) => of(event.account),
            Self::MarginShortfall(event) => of(event.account),
            Self::CashAdjusted(event) => of(event.account),
            Self::MarginStatusChanged(event) => of(event.account),
            _ => [AccountId::NONE; 2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_decoded_exactly() {
        for (kind, name, size) in Event::KINDS {
            let mut words = [[0; 8]; 3];
            words[0][1] = u64::from(*kind) << 32;
            let own = size / 64;
            let event = Event::decode(&words[..own]).expect("a record");
            assert_eq!((event.name(), event.words()), (*name, &words[..own]));
            assert_eq!((Event::decode(&words[..own - 1]), Event::decode(&words[..=own])), (None, None));
        }
        assert_eq!(Event::decode(&[[0; 8]]), None);
    }

    #[test]
    fn kinds_ascend() {
        assert!(Event::KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
