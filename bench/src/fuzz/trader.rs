//! Whoever trades in a run of a whole primary: orders around one price, so that they meet, and cancels and replaces of them.

use std::collections::VecDeque;

use novate_core::command::{CancelOrder, Command, CommandRecord, NewOrder, RawCommand, ReplaceOrder};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::ring::Wait;
use novate_core::terms::{Side, TimeInForce};
use novate_core::units::{PriceTicks, QuantityLots};
use novate_replica::gateway::{Session, SubmitError};

use crate::workload::random::Random;

/// The price that all orders are around.
const PRICE: i64 = 10_000;
/// Prices of orders are at most so far from it.
const PRICE_SPREAD: u32 = 8;
/// Lots of an order, at most.
const LOTS_MAX: u32 = 20;

/// What a trader sends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// A new one.
    New(NewOrder),
    /// A cancel by client order id.
    Cancel(CancelOrder),
    /// A replace by client order id.
    Replace(ReplaceOrder),
}

impl Order {
    /// Reads a record; none where it is one that no trader sends.
    pub(super) fn decode(words: &[u64]) -> Option<Self> {
        match Command::decode(words) {
            Command::NewOrder(record) => Some(Self::New(*record)),
            Command::CancelOrder(record) => Some(Self::Cancel(*record)),
            Command::ReplaceOrder(record) => Some(Self::Replace(*record)),
            _ => None,
        }
    }

    /// The record.
    pub(super) fn raw(&self) -> RawCommand<'_> {
        match self {
            Self::New(record) => record.into(),
            Self::Cancel(record) => record.into(),
            Self::Replace(record) => record.into(),
        }
    }

    /// The number that its session has given it.
    pub(super) fn number(&self) -> u64 {
        match self {
            Self::New(record) => record.header().session_sequence,
            Self::Cancel(record) => record.header().session_sequence,
            Self::Replace(record) => record.header().session_sequence,
        }
    }

    /// The same under another number.
    pub(super) fn renumbered(mut self, number: u64) -> Self {
        match &mut self {
            Self::New(record) => record.header.session_sequence = number,
            Self::Cancel(record) => record.header.session_sequence = number,
            Self::Replace(record) => record.header.session_sequence = number,
        }
        self
    }

    /// Submits it, if there is room.
    #[inline]
    pub(super) fn try_submit(&self, session: &mut Session) -> Result<u64, SubmitError> {
        match *self {
            Self::New(record) => session.try_submit(|_| record),
            Self::Cancel(record) => session.try_submit(|_| record),
            Self::Replace(record) => session.try_submit(|_| record),
        }
    }

    /// Submits it as soon as there is room.
    pub(super) fn submit(&self, session: &mut Session, wait: &mut impl Wait) -> Result<u64, SubmitError> {
        loop {
            match self.try_submit(session) {
                Err(SubmitError::Full) => wait.wait(),
                done => {
                    wait.reset();
                    return done;
                }
            }
        }
    }
}

/// One who trades. What it sends depends on its seed alone, not on what comes of it.
#[derive(Debug)]
pub(super) struct Trader {
    random: Random,
    session: SessionId,
    account: AccountId,
    instrument: InstrumentId,
    /// The last client order id; they count from 1 and are never used again.
    last_id: u64,
    /// Orders that may rest; each is cancelled or replaced once.
    open: VecDeque<ClientOrderId>,
    /// So many of them are left alone.
    depth: usize,
}

impl Trader {
    pub(super) fn new(
        seed: u64,
        (session, account, instrument): (SessionId, AccountId, InstrumentId),
        depth: usize,
    ) -> Self {
        Self { random: Random::new(seed), session, account, instrument, last_id: 0, open: VecDeque::new(), depth }
    }

    /// What it sends next, under this number.
    pub(super) fn next_order(&mut self, number: u64) -> Order {
        let by = (self.session, number, self.account);
        if self.open.len() > self.depth
            && let Some(oldest) = self.open.pop_front()
        {
            if self.random.below(4) > 0 {
                return Order::Cancel(CancelOrder::new(by, oldest));
            }
            let (price, lots) = (self.price(), self.lots());
            return Order::Replace(ReplaceOrder::new(by, oldest, self.new_id(), price, lots));
        }
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let (price, lots) = (self.price(), self.lots());
        let order = NewOrder::limit(by, self.instrument, self.new_id(), side, price, lots);
        Order::New(match self.random.below(16) {
            0..3 => order.with_time_in_force(TimeInForce::ImmediateOrCancel),
            3 => order.as_market(),
            4 => order.post_only(),
            _ => order,
        })
    }

    /// Orders that were entered, or were to replace others.
    pub(super) fn last_id(&self) -> u64 {
        self.last_id
    }

    fn new_id(&mut self) -> ClientOrderId {
        self.last_id += 1;
        self.open.push_back(ClientOrderId(self.last_id));
        ClientOrderId(self.last_id)
    }

    fn price(&mut self) -> PriceTicks {
        PriceTicks(PRICE - i64::from(PRICE_SPREAD) + i64::from(self.random.below(2 * PRICE_SPREAD + 1)))
    }

    fn lots(&mut self) -> QuantityLots {
        QuantityLots(i64::from(self.random.between(1, LOTS_MAX)))
    }
}
