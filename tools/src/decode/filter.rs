//! Which commands somebody asks for: those that concern an account, an instrument or an order.

use novate_core::command::{Command, RawCommand};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};
use novate_core::units::Sequence;

use super::message::describe_command;

/// What a command is to concern: all that is given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    /// Commands for this account, or for all.
    pub(crate) account: Option<AccountId>,
    /// Commands that name this instrument, or are about all. What names an order only, as a cancel does, is not known to
    /// be about any.
    pub(crate) instrument: Option<InstrumentId>,
    /// The command that the order was accepted by, and those that name it by this id.
    pub(crate) order: Option<OrderId>,
    /// Commands that enter an order under this name, or name an order or its twin by it. The name is an account's own: to
    /// be asked for together with the account.
    pub(crate) client_order_id: Option<ClientOrderId>,
}

/// Fields by which a command names orders of its account.
const CLIENT_ORDER_IDS: [&str; 3] = ["client_order_id", "target_client_order_id", "twin"];

/// Whether the command of this sequence concerns everything that the filter gives. What is malformed concerns nothing.
pub(crate) fn concerns(command: RawCommand<'_>, sequence: Sequence, filter: &Filter) -> bool {
    let decoded = command.decode();
    let described = describe_command(command);
    let names = |field: &str, id: u64| described.value(field).and_then(serde_json::Value::as_u64) == Some(id);
    // These two are about everything that they do not name.
    let is_for_all = |field: &str| {
        let is_scan = matches!(decoded, Command::MassCancel(_) | Command::EndTradingDay(_));
        is_scan && names(field, 0)
    };
    let about = |field: &str, id: u64| names(field, id) || is_for_all(field);
    filter.account.is_none_or(|account| about("account", account.0))
        && filter.instrument.is_none_or(|instrument| about("instrument", instrument.0))
        && filter.order.is_none_or(|order| names("target_order", order.0) || is_accepted_by(order, &decoded, sequence))
        && filter.client_order_id.is_none_or(|id| CLIENT_ORDER_IDS.iter().any(|field| names(field, id.0)))
}

/// Whether the order was accepted by the command of this sequence, whose low 40 bits its id holds.
fn is_accepted_by(order: OrderId, command: &Command<'_>, sequence: Sequence) -> bool {
    let enters = matches!(
        command,
        Command::NewOrder(_) | Command::NewComplexOrder(_) | Command::NewPeggedOrder(_) | Command::ReplaceOrder(_)
    );
    enters && OrderId::new(sequence, order.slot()) == order
}

#[cfg(test)]
mod tests {
    use novate_core::command::{CancelOrder, MassCancel, NewComplexOrder, NewOrder, OpenAccount, ReplaceOrder};
    use novate_core::ids::SessionId;
    use novate_core::terms::Side;
    use novate_core::units::{PriceTicks, QuantityLots};

    use super::*;

    const BY: (SessionId, u64, AccountId) = (SessionId(7), 2, AccountId(8));
    const AT: Sequence = Sequence(1 << 40 | 5);

    #[test]
    fn commands_concern_what_they_name() {
        let order = NewOrder::limit(BY, InstrumentId(9), ClientOrderId(1), Side::Buy, PriceTicks(0), QuantityLots(5));
        let twin = NewComplexOrder::from(order).with_twin(ClientOrderId(2));
        let cancel = CancelOrder::new(BY, OrderId::new(AT, 3));
        let replace = ReplaceOrder::new(BY, ClientOrderId(1), ClientOrderId(4), PriceTicks(0), QuantityLots(5));
        let everywhere = MassCancel::new((SessionId(7), 2, AccountId::NONE), None);
        let open = OpenAccount::new((SessionId(7), 2), 8);
        let commands: [RawCommand<'_>; 7] = [
            (&order).into(),
            (&twin).into(),
            (&cancel).into(),
            (&replace).into(),
            (&everywhere).into(),
            (&open).into(),
            RawCommand::new(&[8; 4]),
        ];
        let account = |id| Filter { account: Some(AccountId(id)), ..Filter::default() };
        let instrument = |id| Filter { instrument: Some(InstrumentId(id)), ..Filter::default() };
        let order = |id| Filter { order: Some(id), ..Filter::default() };
        let client = |id| Filter { client_order_id: Some(ClientOrderId(id)), ..Filter::default() };
        for (filter, expected) in [
            (Filter::default(), "1111111"),
            (account(8), "1111100"),
            (account(9), "0000100"),
            (instrument(9), "1100100"),
            (instrument(8), "0000100"),
            (order(OrderId::new(AT, 3)), "1111000"),
            (order(OrderId::new(Sequence(6), 3)), "0000000"),
            (client(1), "1101000"),
            (client(2), "0100000"),
            (client(4), "0001000"),
            (Filter { account: Some(AccountId(9)), ..client(1) }, "0000000"),
        ] {
            let found: String =
                commands.iter().map(|command| if concerns(*command, AT, &filter) { '1' } else { '0' }).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}
