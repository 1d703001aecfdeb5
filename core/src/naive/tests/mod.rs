//! Scripts: a line of text is a command, what it must cause is a line of text.
//!
//! ```text
//! a buy 1 5@100 [ioc|fok|market|post|...]     account a, client order id 1
//! a buy 1 5@100 trigger=99 [up|down] show=2 least=1 twin=3 till=50 budget=500     a complex order; its date is 50 from now
//! a cancel 1      a reduce 1 2      a amend 1 5@101 (or 5@, or @101)      a replace 1 2 5@101
//! a mass [here]   a protect 100 5 2 (window, lots, fills)    a resume
//! state auction   uncross [100]     limits 90 110    last 100    mark 100    band 5    day-end    indicative    mass
//! work            later 50 (time passes; no command)
//! ```

mod arrays;
mod auction;
mod band;
mod bounds;
mod canary;
mod feeds;
mod flow;
mod following;
mod iceberg;
mod margin;
mod market;
mod marks;
mod orders;
mod passes;
mod protection;
mod reserve;
mod risk;
mod risk_flow;
mod scan;
mod session;
mod sound;
mod stops;
mod sweep;
mod text;
mod twins;
mod underlyings;
mod validity;
mod work;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytemuck::Zeroable;

use self::text::{amounts, number, pegged, render, with_complex_flag, with_flag};
use super::{Canary, NaiveEngine};
use crate::command::{
    AmendOrder, CancelOrder, Command, CommandRecord, EndTradingDay, ListInstrument, MassCancel, NewComplexOrder,
    NewOrder, OpenAccount, OpenSession, OrderTarget, PublishIndicative, ReduceOrder, ReplaceOrder, ResumeTrading,
    SetLastPrice, SetMarkPrice, SetPriceBand, SetPriceLimits, SetProtection, SetTradingState, Uncross, Work,
};
use crate::event::OwnedEvent;
use crate::genesis::{Capacities, Genesis};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId};
use crate::terms::{Role, Side, TradingState};
use crate::units::{PriceTicks, QuantityLots, Sequence, TimeNs};

/// An oracle with one instrument in continuous trading, accounts a to d and a trader for all of them.
pub(super) struct Desk {
    engine: NaiveEngine,
    sequence: u64,
    /// How much later it is than the sequence says.
    later: u64,
    trader: SessionId,
    operator: SessionId,
    instrument: InstrumentId,
    /// Next session sequence of sequencer, operator, trader and feed.
    next: [u64; 4],
    /// The events of the last command.
    said: Vec<OwnedEvent>,
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
            later: 0,
            trader: SessionId::assemble(0, 3, 3),
            operator,
            instrument: InstrumentId::assemble(0, 1, 1),
            next: [1; 4],
            said: Vec::new(),
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
        let time = TimeNs(self.sequence + self.later);
        self.engine.apply(Sequence(self.sequence), time, record.into(), &mut events).unwrap();
        let places: Vec<u32> = events.iter().map(|event| event.view().position().1).collect();
        assert_eq!(places, (0..events.len() as u32).collect::<Vec<_>>());
        self.said = events;
        self.said.iter().map(|event| render(&event.view())).collect::<Vec<_>>().join("; ")
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
            ["later", by] => {
                self.later += number(by).unsigned_abs();
                String::new()
            }
            ["mass" | "day-end" | "indicative"] => self.venue_line(words[0], PriceTicks::ZERO),
            [verb @ ("last" | "mark" | "band"), price] => self.venue_line(verb, PriceTicks(number(price))),
            [account, ref order @ ..] => {
                let letter = u32::from(account.as_bytes()[0] - b'a') + 1;
                self.order_line(AccountId::assemble(0, letter, letter), order)
            }
            [] => String::new(),
        }
    }

    fn venue_line(&mut self, verb: &str, price: PriceTicks) -> String {
        let (s, n, a) = (self.operator, self.turn(1), AccountId::NONE);
        let instrument = self.instrument;
        match verb {
            "mass" => self.send(&MassCancel::new((s, n, a), None)),
            "day-end" => self.send(&EndTradingDay { header: EndTradingDay::new_header(s, n, a), instrument }),
            "indicative" => {
                self.send(&PublishIndicative { header: PublishIndicative::new_header(s, n, a), instrument })
            }
            "last" => self.send(&SetLastPrice { header: SetLastPrice::new_header(s, n, a), instrument, price }),
            "mark" => self.send(&SetMarkPrice { header: SetMarkPrice::new_header(s, n, a), instrument, price }),
            _ => {
                let header = SetPriceBand::new_header(s, n, a);
                self.send(&SetPriceBand { header, instrument, distance: price })
            }
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
                let is_peg = |flag: &&str| flag.starts_with("peg:");
                if let Some(peg) = flags.iter().find(|flag| is_peg(flag)) {
                    for flag in flags.iter().filter(|flag| !is_peg(flag)) {
                        order = with_flag(order, flag);
                    }
                    return self.send(&pegged(order, peg).unwrap());
                }
                let is_complex = |flag: &&&str| flag.contains('=') || matches!(**flag, "up" | "down" | "stop");
                for flag in flags.iter().filter(|flag| !is_complex(flag)) {
                    order = with_flag(order, flag);
                }
                if !flags.iter().any(|flag| is_complex(&flag)) {
                    return self.send(&order);
                }
                let (mut complex, now) = (NewComplexOrder::from(order), self.sequence + 1 + self.later);
                for flag in flags.iter().filter(is_complex) {
                    complex = with_complex_flag(complex, flag, now);
                }
                self.send(&complex)
            }
            ["mass", ref here @ ..] => {
                let instrument = here.first().map(|_| self.instrument);
                self.send(&MassCancel::new((session, turn, account), instrument))
            }
            ["protect", window, quantity, fills] => {
                let (window, fills) = (TimeNs(number(window).unsigned_abs()), number(fills).unsigned_abs());
                self.send(&SetProtection::new((session, turn, account), window, QuantityLots(number(quantity)), fills))
            }
            ["resume"] => self.send(&ResumeTrading::new((session, turn, account))),
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
