//! The one session that trades for all accounts of a flow, and the operator who sets its venue up: rows in, commands out.

use novate_bench::workload::Random;
use novate_core::command::{
    AmendOrder, CancelOrder, CommandRecord, ListInstrument, NewOrder, OpenAccount, OpenSession, RawCommand, Uncross,
};
use novate_core::event::Event;
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::terms::{Role, Side, TradingState};
use novate_core::units::{PriceTicks, QuantityLots};

use super::feed::{SHARD, Terms};
use super::venue::nth;
use super::{Action, Row};
use crate::error::Error;

/// The flow's instrument.
pub(super) const SYMBOL: &str = "FLOW-PERP";

/// What a row asks for, as a command.
pub(crate) enum Made {
    /// An order.
    New(NewOrder),
    /// A change of one.
    Amend(AmendOrder),
    /// A cancel.
    Cancel(CancelOrder),
    /// The end of the auction.
    Uncross(Uncross),
}

impl Made {
    /// As it is sent.
    pub(crate) fn raw(&self) -> RawCommand<'_> {
        match self {
            Self::New(record) => record.into(),
            Self::Amend(record) => record.into(),
            Self::Cancel(record) => record.into(),
            Self::Uncross(record) => record.into(),
        }
    }
}

/// The operator's session: how many commands it has sent.
#[derive(Debug)]
pub(super) struct Operator(u64);

impl Operator {
    /// The next command's session and session sequence.
    pub(super) const fn next(&mut self) -> (SessionId, u64) {
        self.0 += 1;
        (SessionId::operator(SHARD), self.0)
    }
}

/// Who sends the commands of a flow.
#[derive(Debug)]
pub(crate) struct Trader {
    pub(crate) instrument: InstrumentId,
    pub(super) operator: Operator,
    /// The first account, or the only one.
    account: AccountId,
    /// How many there are.
    accounts: u32,
    session: SessionId,
    sequence: u64,
}

/// Market orders end at the farthest price there is: their limit is the instrument's.
pub(super) const fn farthest(side: Side) -> PriceTicks {
    match side {
        Side::Buy => PriceTicks::MAX,
        Side::Sell => PriceTicks::MIN,
    }
}

/// What the operator sends first where margin is not checked.
pub(crate) struct SetUp {
    list: ListInstrument,
    open_account: OpenAccount,
    open_session: OpenSession,
}

impl SetUp {
    pub(crate) fn new(opening: TradingState, terms: Terms) -> Self {
        let operator = SessionId::operator(SHARD);
        let list = ListInstrument {
            initial_state: opening.code(),
            tick: terms.tick,
            price_min: terms.price_min,
            price_max: terms.price_max,
            limit_low: terms.price_min,
            limit_high: terms.price_max,
            lot: terms.lot,
            ..ListInstrument::perpetual((operator, 1), SYMBOL)
        };
        let open_account = OpenAccount::new((operator, 2), 1);
        let open_session = OpenSession::for_all_accounts((operator, 3), Role::Trader);
        Self { list, open_account, open_session }
    }

    /// In order.
    pub(crate) fn commands(&self) -> [RawCommand<'_>; 3] {
        [(&self.list).into(), (&self.open_account).into(), (&self.open_session).into()]
    }
}

impl Trader {
    /// Before the venue is set up: nothing has an id.
    pub(crate) const fn new() -> Self {
        Self {
            instrument: InstrumentId::NONE,
            operator: Operator(3),
            account: AccountId::NONE,
            accounts: 1,
            session: SessionId::NONE,
            sequence: 0,
        }
    }

    /// Of a venue that is set up by this trader's operator: with ids as they are given out where nothing is taken away.
    pub(super) fn of_many(instrument: InstrumentId, accounts: u32) -> Self {
        // Two sessions are there from the beginning on.
        let (operator, account, session) = (Operator(0), nth(1), nth(3));
        Self { instrument, operator, account, accounts, session, sequence: 0 }
    }

    /// Learns an id that the set-up has given out.
    pub(crate) fn learn(&mut self, event: Event<'_>) -> Result<(), Error> {
        match event {
            Event::InstrumentListed(listed) => self.instrument = listed.instrument,
            Event::AccountOpened(opened) => self.account = opened.account,
            Event::SessionOpened(opened) => self.session = opened.session,
            other => return Err(Error::engine("setting the venue up", format!("{other:?}"))),
        }
        Ok(())
    }

    /// What a row asks for. A market order ends where `protection` says for its side.
    pub(crate) fn make(&mut self, row: &Row, protection: impl Fn(Side) -> PriceTicks) -> Made {
        match row.action {
            Action::New { client_order_id, side, price, quantity, time_in_force } => {
                let order = self.new_order(client_order_id, side, price.unwrap_or_else(|| protection(side)), quantity);
                let order = order.with_time_in_force(time_in_force);
                Made::New(if price.is_some() { order } else { order.as_market() })
            }
            Action::Amend { client_order_id, price, quantity } => {
                Made::Amend(self.amend_order(client_order_id, price, quantity))
            }
            Action::Cancel { client_order_id } => {
                Made::Cancel(CancelOrder::new(self.sender_of(client_order_id), client_order_id))
            }
            Action::Uncross { price } => Made::Uncross(self.uncross(price)),
        }
    }

    /// The next command's session, session sequence and account, as the trader sends it.
    pub(super) const fn sender(&mut self, account: AccountId) -> (SessionId, u64, AccountId) {
        self.sequence += 1;
        (self.session, self.sequence, account)
    }

    /// An order and what is done to it are of one account: the first number of the stream that the order's name is the seed
    /// of, below the number of accounts, says of which.
    fn sender_of(&mut self, client_order_id: ClientOrderId) -> (SessionId, u64, AccountId) {
        let account = match self.accounts {
            1 => self.account,
            accounts => nth(1 + Random::new(client_order_id.0).below(accounts)),
        };
        self.sender(account)
    }

    fn new_order(
        &mut self,
        client_order_id: ClientOrderId,
        side: Side,
        limit: PriceTicks,
        quantity: QuantityLots,
    ) -> NewOrder {
        let sender = self.sender_of(client_order_id);
        NewOrder::limit(sender, self.instrument, client_order_id, side, limit, quantity)
    }

    fn amend_order(
        &mut self,
        client_order_id: ClientOrderId,
        price: Option<PriceTicks>,
        quantity: Option<QuantityLots>,
    ) -> AmendOrder {
        let (session, sequence, account) = self.sender_of(client_order_id);
        let price_flag = if price.is_some() { AmendOrder::PRICE } else { 0 };
        let quantity_flag = if quantity.is_some() { AmendOrder::QUANTITY } else { 0 };
        AmendOrder {
            header: AmendOrder::new_header(session, sequence, account),
            target: client_order_id.into(),
            price: price.unwrap_or_default(),
            quantity: quantity.unwrap_or_default(),
            changes: price_flag | quantity_flag,
            reserved: [0; 7],
        }
    }

    /// Ends the auction, at a price or where the engine finds one.
    pub(super) fn uncross(&mut self, price: Option<PriceTicks>) -> Uncross {
        let (session, sequence) = self.operator.next();
        Uncross {
            header: Uncross::new_header(session, sequence, AccountId::NONE),
            instrument: self.instrument,
            price: price.unwrap_or_default(),
            priced: u8::from(price.is_some()),
            reserved: [0; 7],
        }
    }
}
