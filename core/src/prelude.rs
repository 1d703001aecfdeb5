//! What embedding the engine takes, for `use novate_core::prelude::*`.

pub use crate::arena::{Arena, Untracked};
pub use crate::command::{
    AmendOrder, CancelOrder, Command, CommandRecord, GrantAccount, ListInstrument, NewOrder, OpenAccount, OpenSession,
    OrderTarget, ReduceOrder, ReplaceOrder, SetTradingState, Uncross,
};
pub use crate::engine::{Engine, Sequenced};
pub use crate::event::{Event, OwnedEvent};
pub use crate::genesis::{Capacities, Genesis};
pub use crate::ids::{AccountId, ClientOrderId, EntityId, InstrumentId, OrderId, SessionId};
pub use crate::reject::{CancelReason, RejectCode};
pub use crate::sink::{Discard, EventSink, FnSink};
pub use crate::terms::{Role, Side, TimeInForce, TradingState};
pub use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};
