//! The types of records that tables hold, in one list: each is a value too, so that a layout can say what lies where.

use super::Record;
use super::index::Bucket;
use super::slab::SlabHead;
use crate::book::{Complex, Level, Node, Order};
use crate::engine::{Header, Outcome, Session, WorkItem};
use crate::exposure::{Aspect, Outlook, Portfolio, Reserve, Stakes, TermsSet, Vector};
use crate::instrument::{Instrument, Market};
use crate::ledger::{Account, Grant, Position};
use crate::valuation::{Expiry, Lanes, Risk, Scenarios, ShockSet, Smiles, Underlying, Valuation, Worths};

macro_rules! record_types {
    ($($(#[$doc:meta])* $name:ident($record:ty),)*) => {
        /// A type of record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum RecordType { $($(#[$doc])* $name,)* }

        $(impl Record for $record {
            const TYPE: RecordType = RecordType::$name;
        })*

        impl RecordType {
            /// The stable name, as tools print it.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Serialises the record that `bytes` are.
            #[cfg(feature = "serde")]
            pub(super) fn serialize<S: serde::Serializer>(self, bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$name => match bytemuck::try_from_bytes::<$record>(bytes) {
                        Ok(record) => serde::Serialize::serialize(record, serializer),
                        Err(error) => Err(serde::ser::Error::custom(error)),
                    },)*
                }
            }
        }
    };
}

record_types! {
    Header(Header),
    Session(Session),
    Instrument(Instrument),
    Account(Account),
    Market(Market),
    WorkItem(WorkItem),
    Grant(Grant),
    Outcome(Outcome),
    Position(Position),
    Node(Node),
    /// Which children a node has.
    Bitmap(u64),
    Level(Level),
    Complex(Complex),
    Order(Order),
    /// Entries of a hash index.
    Bucket(Bucket),
    Valuation(Valuation),
    Underlying(Underlying),
    Expiry(Expiry),
    Smiles(Smiles),
    Scenarios(Scenarios),
    ShockSet(ShockSet),
    Risk(Risk),
    Lanes(Lanes),
    Worths(Worths),
    TermsSet(TermsSet),
    Outlook(Outlook),
    Aspect(Aspect),
    Stakes(Stakes),
    Portfolio(Portfolio),
    Vector(Vector),
    Reserve(Reserve),
    SlabHead(SlabHead),
    /// A slot of a slab that is free.
    Slot(u32),
}
