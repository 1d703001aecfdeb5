//! Scripts: a line of text is a command, what it must cause is a line of text.
//!
//! ```text
//! a buy 1 5@100 [ioc|fok|market|market-fok|post]     account a, client order id 1
//! a cancel 1      a reduce 1 2      a amend 1 5@101 (or 5@, or @101)      a replace 1 2 5@101
//! state auction   uncross [100]     limits 90 110    work
//! ```

mod auction;
mod canary;
mod orders;
mod session;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytemuck::Zeroable;

use super::{Canary, NaiveEngine};
use crate::command::{
    AmendOrder, CancelOrder, Command, CommandRecord, ListInstrument, NewOrder, OpenAccount, OpenSession, OrderTarget,
    ReduceOrder, ReplaceOrder, SetPriceLimits, SetTradingState, Uncross, Work,
};
use crate::event::{Accepted, Amended, Cancelled, Event, OwnedEvent};
use crate::genesis::{Capacities, Genesis};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId};
use crate::reject::{CancelReason, RejectCode};
use crate::terms::{Role, Side, TimeInForce, TradingState};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

/// An oracle with one instrument in continuous trading, accounts a to d and a trader for all of them.
pub(super) struct Desk {
    engine: NaiveEngine,
    sequence: u64,
    trader: SessionId,
    operator: SessionId,
    instrument: InstrumentId,
    /// Next session sequence of sequencer, operator and trader.
    next: [u64; 3],
}

fn small() -> Genesis {
    let mut genesis = Genesis::new(0, 1, Capacities::for_orders(200));
    genesis.outcome_window = 8;
    genesis.max_steps = 64;
    genesis
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::with(&small(), Canary::None)
    }

    pub(super) fn with(genesis: &Genesis, canary: Canary) -> Self {
        let engine = NaiveEngine::with_canary(genesis, canary).unwrap();
        let operator = SessionId::operator(0);
        let mut desk = Self {
            engine,
            sequence: 0,
            trader: SessionId::assemble(0, 3, 3),
            operator,
            instrument: InstrumentId::assemble(0, 1, 1),
            next: [1; 3],
        };
        let mut perpetual = ListInstrument::perpetual((operator, desk.turn(1)), "TEST");
        perpetual.limit_high = PriceTicks(1_000_000);
        desk.send(&perpetual);
        for _ in 0..4 {
            let header = OpenAccount::new_header(operator, desk.turn(1), AccountId::NONE);
            desk.send(&OpenAccount { header, owner: 0 });
        }
        let header = OpenSession::new_header(operator, desk.turn(1), AccountId::NONE);
        let (role, flags) = (Role::Trader.code(), OpenSession::ALL_ACCOUNTS);
        assert_eq!(desk.send(&OpenSession { header, role, flags, reserved: [0; 6] }), "SessionOpened");
        desk
    }

    /// The next session sequence.
    fn turn(&mut self, session: usize) -> u64 {
        self.next[session] += 1;
        self.next[session] - 1
    }

    /// Applies the record and renders its events.
    pub(super) fn send<'a, R>(&mut self, record: &'a R) -> String
    where
        Command<'a>: From<&'a R>,
    {
        self.sequence += 1;
        let mut events: Vec<OwnedEvent> = Vec::new();
        self.engine.apply(Sequence(self.sequence), TimeNs(self.sequence), record.into(), &mut events).unwrap();
        let places: Vec<u32> = events.iter().map(|event| event.view().position().1).collect();
        assert_eq!(places, (0..events.len() as u32).collect::<Vec<_>>());
        events.iter().map(|event| render(&event.view())).collect::<Vec<_>>().join("; ")
    }

    /// Runs a script of (command, events).
    pub(super) fn play(&mut self, script: &[(&str, &str)]) {
        for (line, expected) in script {
            assert_eq!(self.line(line), *expected, "{line}");
        }
    }

    pub(super) fn line(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let operator = |desk: &mut Self| (desk.operator, desk.turn(1), AccountId::NONE);
        let instrument = self.instrument;
        match words[..] {
            ["work"] => {
                let header = Work::new_header(SessionId::sequencer(0), self.turn(0), AccountId::NONE);
                self.send(&Work { header })
            }
            ["state", name] => {
                let (s, n, a) = operator(self);
                let state = TradingState::ALL.iter().find(|state| state.name().eq_ignore_ascii_case(name)).unwrap();
                let header = SetTradingState::new_header(s, n, a);
                self.send(&SetTradingState { header, instrument, state: state.code(), reserved: [0; 7] })
            }
            ["limits", low, high] => {
                let (s, n, a) = operator(self);
                let (low, high) = (PriceTicks(number(low)), PriceTicks(number(high)));
                self.send(&SetPriceLimits { header: SetPriceLimits::new_header(s, n, a), instrument, low, high })
            }
            ["uncross", ref price @ ..] => {
                let (s, n, a) = operator(self);
                let price = price.first().map(|price| PriceTicks(number(price)));
                let (priced, price) = (u8::from(price.is_some()), price.unwrap_or_default());
                let header = Uncross::new_header(s, n, a);
                self.send(&Uncross { header, instrument, price, priced, reserved: [0; 7] })
            }
            [account, ref order @ ..] => {
                let letter = u32::from(account.as_bytes()[0] - b'a') + 1;
                self.order_line(AccountId::assemble(0, letter, letter), order)
            }
            [] => String::new(),
        }
    }

    fn order_line(&mut self, account: AccountId, words: &[&str]) -> String {
        let (session, turn) = (self.trader, self.turn(2));
        let target = |name: &str| OrderTarget::from(ClientOrderId(number(name).cast_unsigned()));
        match *words {
            [verb @ ("buy" | "sell"), name, terms, ref flags @ ..] => {
                let side = if verb == "buy" { Side::Buy } else { Side::Sell };
                let (quantity, price) = amounts(terms);
                let name = ClientOrderId(number(name).cast_unsigned());
                let sender = (session, turn, account);
                let mut order = NewOrder::limit(sender, self.instrument, name, side, price, quantity);
                for flag in flags {
                    order = match *flag {
                        "ioc" => order.with_time_in_force(TimeInForce::ImmediateOrCancel),
                        "fok" => order.with_time_in_force(TimeInForce::FillOrKill),
                        "slide" => order.post_only_slide(),
                        "gfa" => order.with_time_in_force(TimeInForce::GoodForAuction),
                        "market" => order.as_market(),
                        _ => order.post_only(),
                    };
                }
                self.send(&order)
            }
            ["cancel", name] => {
                let header = CancelOrder::new_header(session, turn, account);
                self.send(&CancelOrder { header, target: target(name) })
            }
            ["cancel-id", id] => {
                let header = CancelOrder::new_header(session, turn, account);
                self.send(&CancelOrder { header, target: OrderId(number(id).cast_unsigned()).into() })
            }
            ["reduce", name, by] => {
                let header = ReduceOrder::new_header(session, turn, account);
                self.send(&ReduceOrder { header, target: target(name), by: QuantityLots(number(by)) })
            }
            ["amend", name, terms] => {
                let (quantity, price) = amounts(terms);
                let header = AmendOrder::new_header(session, turn, account);
                let mut changes = 0;
                changes |= if terms.starts_with('@') { 0 } else { AmendOrder::QUANTITY };
                changes |= if terms.ends_with('@') { 0 } else { AmendOrder::PRICE };
                self.send(&AmendOrder { header, target: target(name), price, quantity, changes, reserved: [0; 7] })
            }
            ["replace", name, new_name, terms] => {
                let (quantity, price) = amounts(terms);
                let header = ReplaceOrder::new_header(session, turn, account);
                let client_order_id = ClientOrderId(number(new_name).cast_unsigned());
                self.send(&ReplaceOrder { header, target: target(name), client_order_id, price, quantity })
            }
            _ => panic!("no such command: {words:?}"),
        }
    }

    /// One side's book as text: "price: client order ids", best first.
    pub(super) fn side(&self, side: Side) -> String {
        let orders = self.engine.book.in_priority(self.instrument, side);
        orders
            .iter()
            .map(|order| format!("{}:{}@{}", order.client_order_id, order.leaves, order.price))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn number(text: &str) -> i64 {
    match text {
        "max" => i64::MAX,
        "min" => i64::MIN,
        _ => text.parse().unwrap(),
    }
}

/// `quantity@price`; what is missing is zero.
fn amounts(text: &str) -> (QuantityLots, PriceTicks) {
    let (quantity, price) = text.split_once('@').unwrap();
    let given = |text: &str| if text.is_empty() { 0 } else { number(text) };
    (QuantityLots(given(quantity)), PriceTicks(given(price)))
}

fn render(event: &Event<'_>) -> String {
    let flag = |flags: u8, flag: u8, text: &'static str| if flags & flag == 0 { "" } else { text };
    let state = |code: u8| TradingState::from_code(code).unwrap().name();
    match *event {
        Event::Accepted(e) => format!("accepted {}{}", e.client_order_id, flag(e.flags, Accepted::RESTS, " rests")),
        Event::Rejected(e) => format!("rejected {}", RejectCode::from_code(e.code).unwrap()),
        Event::Trade(e) => format!(
            "trade {}+{} {}@{} left {}/{}",
            e.maker_client_order_id, e.taker_client_order_id, e.quantity, e.price, e.maker_leaves, e.taker_leaves
        ),
        Event::Rested(e) => format!("rested {} {}@{}", e.client_order_id, e.leaves, e.price),
        Event::Cancelled(e) => format!(
            "cancelled {} {} {}{}",
            e.client_order_id,
            e.leaves,
            CancelReason::from_code(e.reason).unwrap(),
            flag(e.flags, Cancelled::RESTED, " resting")
        ),
        Event::Amended(e) => format!(
            "amended {} {}@{}{}{}",
            e.client_order_id,
            e.leaves,
            e.price,
            flag(e.flags, Amended::KEEPS_PRIORITY, " keeps"),
            flag(e.flags, Amended::RESTS, " rests")
        ),
        Event::Resent(e) => format!("resent {}", e.code),
        Event::TradingStateChanged(e) => format!("{}->{}", state(e.old_state), state(e.state)),
        Event::Uncrossed(e) => format!("uncrossed {} {}:{}", e.price, e.bid_quantity[0], e.ask_quantity[0]),
        _ => event.name().to_string(),
    }
}

#[test]
fn out_of_order_changes_nothing() {
    let mut engine = NaiveEngine::genesis(&small()).unwrap();
    let mut events: Vec<OwnedEvent> = Vec::new();
    let work = Work::zeroed();
    assert!(engine.apply(Sequence(2), TimeNs(5), (&work).into(), &mut events).is_err());
    assert_eq!(engine.apply(Sequence(1), TimeNs(5), (&work).into(), &mut events), Ok(()));
    assert!(engine.apply(Sequence(2), TimeNs(4), (&work).into(), &mut events).is_err());
    assert_eq!((events.len(), engine.event_count()), (1, 1));
}
