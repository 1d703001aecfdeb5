//! The one trader of a flow, and the operator who sets its venue up: rows in, commands out.

use novate_core::command::{
    AmendOrder, CancelOrder, CommandRecord, ListInstrument, NewOrder, OpenAccount, OpenSession, RawCommand, Uncross,
};
use novate_core::event::Event;
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, SessionId};
use novate_core::terms::{Role, Side, TimeInForce, TradingState};
use novate_core::units::{PriceTicks, QuantityLots};

use super::feed::{SHARD, Terms};
use super::{Action, Row};
use crate::error::Error;

const SYMBOL: &str = "FLOW-PERP";

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

/// Who sends the commands of a flow.
#[derive(Debug)]
pub(crate) struct Trader {
    pub(crate) instrument: InstrumentId,
    account: AccountId,
    session: SessionId,
    operator_sequence: u64,
    sequence: u64,
}

/// What the operator sends first.
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
            account: AccountId::NONE,
            session: SessionId::NONE,
            operator_sequence: 3,
            sequence: 0,
        }
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

    /// Whether all ids are known.
    pub(crate) fn is_ready(&self) -> bool {
        self.session != SessionId::NONE
    }

    /// What a row asks for.
    pub(crate) fn make(&mut self, row: &Row) -> Made {
        match row.action {
            Action::New { client_order_id, side, price, quantity, time_in_force } => {
                Made::New(self.new_order(client_order_id, side, price, quantity, time_in_force))
            }
            Action::Amend { client_order_id, price, quantity } => {
                Made::Amend(self.amend_order(client_order_id, price, quantity))
            }
            Action::Cancel { client_order_id } => {
                let (session, sequence, account) = self.sender();
                let header = CancelOrder::new_header(session, sequence, account);
                Made::Cancel(CancelOrder { header, target: client_order_id.into() })
            }
            Action::Uncross { price } => Made::Uncross(self.uncross(price)),
        }
    }

    /// The next command's session, session sequence and account, as the trader sends it.
    fn sender(&mut self) -> (SessionId, u64, AccountId) {
        self.sequence += 1;
        (self.session, self.sequence, self.account)
    }

    fn new_order(
        &mut self,
        client_order_id: ClientOrderId,
        side: Side,
        price: Option<PriceTicks>,
        quantity: QuantityLots,
        time_in_force: TimeInForce,
    ) -> NewOrder {
        // A market order's price is the farthest there is: its protection limit is the instrument's.
        let farthest = if side == Side::Buy { PriceTicks::MAX } else { PriceTicks::MIN };
        let limit = price.unwrap_or(farthest);
        let order = NewOrder::limit(self.sender(), self.instrument, client_order_id, side, limit, quantity)
            .with_time_in_force(time_in_force);
        if price.is_some() { order } else { order.as_market() }
    }

    fn amend_order(
        &mut self,
        client_order_id: ClientOrderId,
        price: Option<PriceTicks>,
        quantity: Option<QuantityLots>,
    ) -> AmendOrder {
        let (session, sequence, account) = self.sender();
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

    fn uncross(&mut self, price: Option<PriceTicks>) -> Uncross {
        self.operator_sequence += 1;
        Uncross {
            header: Uncross::new_header(SessionId::operator(SHARD), self.operator_sequence, AccountId::NONE),
            instrument: self.instrument,
            price: price.unwrap_or_default(),
            priced: u8::from(price.is_some()),
            reserved: [0; 7],
        }
    }
}
