//! What embedding the engine takes, for `use novate_core::prelude::*`.

pub use crate::arena::{Arena, Untracked};
pub use crate::command::{
    AmendOrder, CancelOrder, Command, ListInstrument, NewOrder, OpenAccount, OpenSession, ReduceOrder, ReplaceOrder,
};
pub use crate::engine::{Engine, Sequenced};
pub use crate::event::{Event, OwnedEvent};
pub use crate::genesis::{Capacities, Genesis};
pub use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId};
pub use crate::sink::{EventSink, FnSink};
pub use crate::terms::{Role, Side, TimeInForce};
pub use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};
