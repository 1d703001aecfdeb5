//! Any record by the names of its fields: commands as the line `send` writes them, events as the check `event` states
//! them. What can be written of a field follows from its form in one of two tables; a third has the forms of what the
//! engine's own records hold.

use std::mem::offset_of;

use novate_core::command::{AmendOrder, Command, CommandHeader, NewComplexOrder, NewOrder, OpenSession};
use novate_core::event::{Accepted, Amended, Cancelled, Event, Replenished, Repriced};
use novate_core::reject::{CancelReason, RejectCode};
use novate_core::terms::{
    InstrumentKind, OptionType, OrderType, PegReference, Role, SelfTrade, Side, TimeInForce, TradingState,
    TriggerDirection,
};

use super::command::{OrderName, Owner};
use super::fields::{Fields, Place, enumerated};
use crate::error::Error;
use crate::text::quoted;

/// What can be written of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Its size in bytes.
    pub(crate) width: usize,
    /// Whether it has negative values.
    pub(crate) is_signed: bool,
    /// How it is written, besides as a number.
    pub(crate) reads: Reads,
}

/// How the value of a field is written, besides as a number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reads {
    /// In no other way.
    Number,
    /// As one of an enumeration's names.
    Name(fn() -> Vec<(&'static str, u64)>),
    /// As names of bits, with `+` between them.
    Flags(&'static [(&'static str, u8)]),
    /// As a text of at most 16 bytes.
    Label,
    /// By the scenario's names for these, or `none`; numbers that are none of them are written after `#`.
    Account,
    /// The how-many-th to be listed.
    Instrument,
    /// The how-many-th to be opened, with the two that there are from genesis on.
    Session,
    /// An order by its name, as the engine's order id.
    Order,
    /// The same as a client order id.
    Client,
    /// The same as either of the two: `7` is by order id, `client:7` by client order id.
    Target,
}

/// A field's value as it is written; what the engine calls the things that are named is known where it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// These bits.
    Bits(u128),
    /// An account.
    Account(Owner),
    /// An instrument, counted from 1.
    Instrument(u64),
    /// A session, counted from 1.
    Session(u64),
    /// An order, by order id.
    Order(OrderName),
    /// An order, by client order id.
    Client(OrderName),
    /// An order, by order id, as commands name what they are about.
    TargetOrder(OrderName),
    /// The same by client order id.
    TargetClient(OrderName),
}

const fn number(width: usize, is_signed: bool) -> Form {
    Form { width, is_signed, reads: Reads::Number }
}

const fn reads(width: usize, reads: Reads) -> Form {
    Form { width, is_signed: false, reads }
}

const U8: Form = number(1, false);
const U16: Form = number(2, false);
const U32: Form = number(4, false);
const U64: Form = number(8, false);
const I64: Form = number(8, true);
const U128: Form = number(16, false);
const I128: Form = number(16, true);
const LABEL: Form = reads(16, Reads::Label);
const ACCOUNT: Form = reads(8, Reads::Account);
const INSTRUMENT: Form = reads(8, Reads::Instrument);
const SESSION: Form = reads(8, Reads::Session);
const ORDER: Form = reads(8, Reads::Order);
const CLIENT: Form = reads(8, Reads::Client);
const TARGET: Form = reads(16, Reads::Target);

/// A field that holds one value of an enumeration.
macro_rules! names {
    ($width:literal, $of:ident) => {
        reads($width, Reads::Name(|| $of::ALL.iter().map(|value| (value.name(), value.code().into())).collect()))
    };
}

const SIDE: Form = names!(1, Side);
const ORDER_TYPE: Form = names!(1, OrderType);
const TIME_IN_FORCE: Form = names!(1, TimeInForce);
const SELF_TRADE: Form = names!(1, SelfTrade);
const DIRECTION: Form = names!(1, TriggerDirection);
const TRADING_STATE: Form = names!(1, TradingState);
const ROLE: Form = names!(1, Role);
const WIDE_ROLE: Form = names!(8, Role);
const INSTRUMENT_KIND: Form = names!(1, InstrumentKind);
const OPTION_TYPE: Form = names!(1, OptionType);
const REASON: Form = names!(1, CancelReason);
const CODE: Form = names!(2, RejectCode);

/// A field of flags, each with its name in the record.
macro_rules! flags {
    ($of:ident: $($name:ident)*) => { reads(1, Reads::Flags(&[$((stringify!($name), $of::$name),)*])) };
}

const ORDER_FLAGS: Form = flags!(NewOrder: POST_ONLY REDUCE_ONLY POST_ONLY_SLIDE);
const GIVES: Form = flags!(NewComplexOrder: TRIGGER BUDGET TRAIL);
const REFERENCE: Form = names!(1, PegReference);
const CHANGES: Form = flags!(AmendOrder: PRICE QUANTITY);
const SESSION_FLAGS: Form = flags!(OpenSession: ALL_ACCOUNTS);
const ACCEPTED: Form = flags!(Accepted: RESTS MARKET POST_ONLY REDUCE_ONLY STOP ICEBERG TWIN FOLLOWS);
const REPRICED: Form = flags!(Repriced: RESTS);
const CANCELLED: Form = flags!(Cancelled: RESTED);
const AMENDED: Form = flags!(Amended: KEEPS_PRIORITY RESTS);
const REPLENISHED: Form = flags!(Replenished: KEEPS_PRIORITY);

/// A field of a record.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Where it stands, in bytes.
    pub(super) offset: usize,
    /// What can be written of it.
    pub(super) form: Form,
}

/// A kind of record.
#[derive(Debug)]
pub(crate) struct Record {
    /// Its name.
    pub(super) name: &'static str,
    fields: &'static [Field],
}

macro_rules! records {
    ($module:ident: $($record:ident { $($field:ident: $form:ident,)* })*) => {
        &[$(Record { name: stringify!($record), fields: &[$(Field {
            name: stringify!($field), offset: offset_of!(novate_core::$module::$record, $field), form: $form,
        },)*] },)*]
    };
}

/// The fields that every command begins with. Bodies have fields with these names, hence the longer ones.
const COMMAND_HEADER: &[Field] = &[
    Field { name: "header.kind", offset: offset_of!(CommandHeader, kind), form: U16 },
    Field { name: "header.size", offset: offset_of!(CommandHeader, size), form: U16 },
    Field { name: "header.reserved", offset: offset_of!(CommandHeader, reserved), form: U32 },
    Field { name: "header.session", offset: offset_of!(CommandHeader, session), form: SESSION },
    Field { name: "header.session_sequence", offset: offset_of!(CommandHeader, session_sequence), form: U64 },
    Field { name: "account", offset: offset_of!(CommandHeader, account), form: ACCOUNT },
];

/// The fields that every event begins with.
const EVENT_HEADER: &[Field] = &[
    Field { name: "sequence", offset: offset_of!(Accepted, sequence), form: U64 },
    Field { name: "ordinal", offset: offset_of!(Accepted, ordinal), form: U32 },
];

/// Where reserved bytes have a name it is that of the first of them.
const COMMANDS: &[Record] = records! { command:
    NewOrder {
        instrument: INSTRUMENT, client_order_id: CLIENT, price: I64, quantity: I64, side: SIDE, order_type: ORDER_TYPE,
        time_in_force: TIME_IN_FORCE, flags: ORDER_FLAGS, self_trade: SELF_TRADE, reserved: U8,
    }
    CancelOrder { target: TARGET, }
    ReduceOrder { target: TARGET, by: I64, }
    AmendOrder { target: TARGET, price: I64, quantity: I64, changes: CHANGES, reserved: U8, }
    ReplaceOrder { target: TARGET, client_order_id: CLIENT, price: I64, quantity: I64, }
    NewComplexOrder {
        instrument: INSTRUMENT, client_order_id: CLIENT, price: I64, quantity: I64, side: SIDE, order_type: ORDER_TYPE,
        time_in_force: TIME_IN_FORCE, flags: ORDER_FLAGS, self_trade: SELF_TRADE, gives: GIVES, direction: DIRECTION,
        reserved: U8, trigger: I64, display: I64, display_minimum: I64, twin: CLIENT, expiry: U64, budget: I128,
    }
    NewPeggedOrder {
        instrument: INSTRUMENT, client_order_id: CLIENT, limit: I64, quantity: I64, side: SIDE, reference: REFERENCE,
        time_in_force: TIME_IN_FORCE, flags: ORDER_FLAGS, self_trade: SELF_TRADE, reserved: U8, offset: I64, expiry: U64,
    }
    MassCancel { instrument: INSTRUMENT, }
    SetProtection { window: U64, quantity: I64, fills: U64, reserved: U8, }
    ResumeTrading {}
    ListInstrument {
        symbol: LABEL, underlying: LABEL, price_min: I64, price_max: I64, limit_low: I64, limit_high: I64, tick: I64,
        lot: I64, quantity_min: I64, quantity_max: I64, multiplier: I64, strike: I64, expiry: U64,
        kind: INSTRUMENT_KIND, option_type: OPTION_TYPE, initial_state: TRADING_STATE, self_trade: SELF_TRADE, reserved: U8,
    }
    DelistInstrument { instrument: INSTRUMENT, }
    SetTradingState { instrument: INSTRUMENT, state: TRADING_STATE, reserved: U8, }
    Uncross { instrument: INSTRUMENT, price: I64, priced: U8, reserved: U8, }
    SetPriceLimits { instrument: INSTRUMENT, low: I64, high: I64, }
    SetLastPrice { instrument: INSTRUMENT, price: I64, }
    SetMarkPrice { instrument: INSTRUMENT, price: I64, }
    SetPriceBand { instrument: INSTRUMENT, distance: I64, }
    EndTradingDay { instrument: INSTRUMENT, }
    PublishIndicative { instrument: INSTRUMENT, }
    OpenAccount { owner: U64, }
    CloseAccount {}
    OpenSession { role: ROLE, flags: SESSION_FLAGS, reserved: U8, }
    CloseSession { session: SESSION, }
    GrantAccount { session: SESSION, }
    RevokeAccount { session: SESSION, }
    Work {}
    Checkpoint {}
};

const EVENTS: &[Record] = records! { event:
    Accepted {
        side: SIDE, time_in_force: TIME_IN_FORCE, flags: ACCEPTED, instrument: INSTRUMENT, account: ACCOUNT,
        order: ORDER, client_order_id: CLIENT, price: I64, quantity: I64,
    }
    Rejected {
        code: CODE, session: SESSION, session_sequence: U64, account: ACCOUNT, instrument: INSTRUMENT, order: ORDER,
        client_order_id: CLIENT,
    }
    Trade {
        aggressor: SIDE, instrument: INSTRUMENT, price: I64, quantity: I64, maker_order: ORDER, taker_order: ORDER,
        maker_client_order_id: CLIENT, taker_client_order_id: CLIENT, maker_account: ACCOUNT, taker_account: ACCOUNT,
        maker_leaves: I64, taker_leaves: I64, maker_position: I64, taker_position: I64,
    }
    Rested {
        side: SIDE, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT, price: I64,
        leaves: I64,
    }
    Cancelled {
        side: SIDE, reason: REASON, flags: CANCELLED, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER,
        client_order_id: CLIENT, price: I64, leaves: I64,
    }
    Amended {
        side: SIDE, flags: AMENDED, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT,
        old_price: I64, old_leaves: I64, price: I64, leaves: I64,
    }
    Resent { code: CODE, session: SESSION, session_sequence: U64, first_sequence: U64, order: ORDER, }
    Decremented {
        aggressor: SIDE, instrument: INSTRUMENT, price: I64, quantity: I64, maker_order: ORDER, taker_order: ORDER,
        maker_client_order_id: CLIENT, taker_client_order_id: CLIENT, maker_account: ACCOUNT, taker_account: ACCOUNT,
        maker_leaves: I64, taker_leaves: I64,
    }
    Triggered {
        side: SIDE, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT, trigger: I64,
        leaves: I64,
    }
    Replenished {
        side: SIDE, flags: REPLENISHED, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT,
        price: I64, shown: I64, leaves: I64,
    }
    MassCancelled { reason: REASON, instrument: INSTRUMENT, account: ACCOUNT, first_sequence: U64, orders: U64, }
    ProtectionSet { account: ACCOUNT, window: U64, quantity: I64, fills: U64, }
    ProtectionTripped { instrument: INSTRUMENT, account: ACCOUNT, quantity: I64, fills: U64, }
    TradingResumed { account: ACCOUNT, }
    Repriced {
        side: SIDE, flags: REPRICED, instrument: INSTRUMENT, account: ACCOUNT, order: ORDER, client_order_id: CLIENT,
        old_price: I64, price: I64, old_trigger: I64, trigger: I64, leaves: I64,
    }
    InstrumentListed {
        instrument_kind: INSTRUMENT_KIND, state: TRADING_STATE, instrument: INSTRUMENT, symbol: LABEL, tick: I64, lot: I64,
    }
    InstrumentDelisted { instrument: INSTRUMENT, }
    TradingStateChanged { old_state: TRADING_STATE, state: TRADING_STATE, instrument: INSTRUMENT, }
    Uncrossed { instrument: INSTRUMENT, price: I64, bid_quantity: U128, ask_quantity: U128, }
    PriceLimitsSet { instrument: INSTRUMENT, low: I64, high: I64, }
    LastPriceSet { instrument: INSTRUMENT, price: I64, }
    MarkPriceSet { instrument: INSTRUMENT, price: I64, }
    PriceBandSet { instrument: INSTRUMENT, distance: I64, }
    PriceBandBreached { instrument: INSTRUMENT, price: I64, reference: I64, distance: I64, order: ORDER, }
    IndicativePrice { crosses: U8, instrument: INSTRUMENT, price: I64, bid_quantity: U128, ask_quantity: U128, }
    AccountOpened { account: ACCOUNT, owner: U64, }
    AccountClosed { account: ACCOUNT, }
    SessionOpened { session: SESSION, role: WIDE_ROLE, }
    SessionClosed { session: SESSION, }
    AccountGranted { session: SESSION, account: ACCOUNT, }
    AccountRevoked { session: SESSION, account: ACCOUNT, }
};

/// The fields of records in the engine's memory that are more than numbers: the type of the record, the field's path in
/// it, its form.
const STATE: &[(&str, &str, Form)] = &[
    ("Session", "role", ROLE),
    ("Session", "flags", SESSION_FLAGS),
    ("Instrument", "state", TRADING_STATE),
    ("Instrument", "kind", INSTRUMENT_KIND),
    ("Instrument", "option_type", OPTION_TYPE),
    ("Instrument", "self_trade", SELF_TRADE),
    ("Instrument", "symbol", LABEL),
    ("Instrument", "underlying", LABEL),
    ("WorkItem", "scan.reason", REASON),
    ("Outcome", "code", CODE),
    ("Complex", "budget", I128),
    ("Complex", "peg", REFERENCE),
    ("Order", "terms.side", SIDE),
    ("Order", "terms.order_type", ORDER_TYPE),
    ("Order", "terms.time_in_force", TIME_IN_FORCE),
    ("Order", "terms.flags", ORDER_FLAGS),
    ("Order", "terms.self_trade", SELF_TRADE),
];

/// The form of a command's field, if it has one by this name.
pub(crate) fn command_form(record: &str, field: &str) -> Option<Form> {
    form(COMMANDS, COMMAND_HEADER, record, field)
}

/// The form of an event's field, if it has one by this name.
pub(crate) fn event_form(record: &str, field: &str) -> Option<Form> {
    form(EVENTS, EVENT_HEADER, record, field)
}

/// The form of a field in the engine's memory, if it is more than a number.
pub(crate) fn state_form(record: &str, path: &str) -> Option<Form> {
    STATE.iter().find(|row| (row.0, row.1) == (record, path)).map(|row| row.2)
}

fn form(records: &'static [Record], header: &'static [Field], record: &str, field: &str) -> Option<Form> {
    let record = records.iter().find(|known| known.name == record)?;
    header.iter().chain(record.fields).find(|known| known.name == field).map(|field| field.form)
}

/// Fields of a record with what is written of them, in the order of writing.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The kind of record.
    pub(super) record: &'static Record,
    /// The fields that are given.
    pub(super) fields: Vec<(&'static Field, Value)>,
}

impl Written {
    /// Reads a command's name and fields.
    ///
    /// # Errors
    /// There is no such command, or a field of it is not written as it must be.
    pub(super) fn command(place: Place<'_>, words: &[&str]) -> Result<Self, Error> {
        Self::read(place, "a command", COMMANDS, COMMAND_HEADER, words)
    }

    /// Reads an event's name and fields.
    ///
    /// # Errors
    /// There is no such event, or a field of it is not written as it must be.
    pub(super) fn event(place: Place<'_>, words: &[&str]) -> Result<Self, Error> {
        Self::read(place, "an event", EVENTS, EVENT_HEADER, words)
    }

    fn read(
        place: Place<'_>,
        what: &str,
        records: &'static [Record],
        header: &'static [Field],
        words: &[&str],
    ) -> Result<Self, Error> {
        let (name, words) = words.split_first().map_or(("", words), |(name, words)| (*name, words));
        let record = record_named(place, what, records, name)?;
        let all: Vec<&Field> = header.iter().chain(record.fields).collect();
        let keys: Vec<&str> = all.iter().map(|field| field.name).collect();
        let given = Fields::read(place, name, words, &keys.join(" "))?;
        let mut fields = Vec::new();
        for field in all {
            if let Some(text) = given.text(field.name) {
                let wrong = || given.field_error(field.name, field.form.expected());
                fields.push((field, field.form.parse(text).ok_or_else(wrong)?));
            }
        }
        Ok(Self { record, fields })
    }
}

fn record_named(
    place: Place<'_>,
    what: &str,
    records: &'static [Record],
    name: &str,
) -> Result<&'static Record, Error> {
    let names = records.iter().map(|record| record.name);
    let unknown = || place.error(format!("{what}, {}", enumerated(names, "or")), quoted(name));
    records.iter().find(|record| record.name == name).ok_or_else(unknown)
}

/// The name of an event, as records have it.
///
/// # Errors
/// There is no such event.
pub(super) fn event_name(place: Place<'_>, name: &str) -> Result<&'static str, Error> {
    Ok(record_named(place, "an event", EVENTS, name)?.name)
}

impl Record {
    /// A field of a command by name.
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        COMMAND_HEADER.iter().chain(self.fields).find(|field| field.name == name)
    }

    /// A command's number and size in bytes.
    pub(super) fn kind_and_size(&self) -> (u16, usize) {
        let kind = Command::KINDS.iter().find(|(_, name, _)| *name == self.name);
        kind.map_or((0, 0), |(kind, _, size)| (*kind, *size))
    }

    /// Whether an event is of this kind.
    pub(super) fn is_kind_of(&self, event: &Event<'_>) -> bool {
        event.name() == self.name
    }
}

impl Form {
    /// The value that a text stands for, if it does for one.
    fn parse(&self, text: &str) -> Option<Value> {
        let bits = |number: u64| Value::Bits(u128::from(number));
        let name = || text.parse().ok();
        let raw = text.strip_prefix('#');
        match self.reads {
            Reads::Number => self.parse_number(text),
            Reads::Name(names) => {
                let value = names().into_iter().find(|(name, _)| *name == text).map(|(_, code)| bits(code));
                value.or_else(|| self.parse_number(text))
            }
            Reads::Flags(flags) => {
                let flag = |name: &str| flags.iter().find(|(known, _)| *known == name).map(|(_, bit)| u64::from(*bit));
                let named = text.split('+').map(flag).try_fold(0, |all, flag| Some(all | flag?)).map(bits);
                named.or_else(|| self.parse_number(text))
            }
            Reads::Label => {
                let mut padded = [0; 16];
                padded.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
                Some(Value::Bits(u128::from_le_bytes(padded)))
            }
            _ if text == "none" => Some(bits(0)),
            _ if raw.is_some() => self.parse_number(raw?),
            Reads::Account => text.parse().ok().map(|number| Value::Account(Owner(number))),
            Reads::Instrument => text.parse().ok().map(Value::Instrument),
            Reads::Session => text.parse().ok().map(Value::Session),
            Reads::Order => name().map(Value::Order),
            Reads::Client => name().map(Value::Client),
            Reads::Target => match text.strip_prefix("client:") {
                Some(id) => id.parse().ok().map(Value::TargetClient),
                None => name().map(Value::TargetOrder),
            },
        }
    }

    fn parse_number(&self, text: &str) -> Option<Value> {
        let number: i128 = text.parse().ok()?;
        let (least, most) = self.range();
        (least..=most).contains(&number).then_some(Value::Bits(number.cast_unsigned() & self.mask()))
    }

    /// The smallest and the largest number that fits; what needs all of 128 bits is not written.
    const fn range(&self) -> (i128, i128) {
        match (self.width, self.is_signed) {
            (16, true) => (i128::MIN, i128::MAX),
            (16, false) => (0, i128::MAX),
            (width, true) => (-(1 << (8 * width - 1)), (1 << (8 * width - 1)) - 1),
            (width, false) => (0, (1 << (8 * width)) - 1),
        }
    }

    const fn mask(&self) -> u128 {
        if self.width >= 16 { u128::MAX } else { (1 << (8 * self.width)) - 1 }
    }

    /// What is expected where a text stands for no value.
    fn expected(&self) -> String {
        let (least, most) = self.range();
        let number = format!("a whole number from {least} to {most}");
        match self.reads {
            Reads::Number => number,
            Reads::Name(names) => format!("{}, or {number}", enumerated(names().iter().map(|(name, _)| *name), "or")),
            Reads::Flags(flags) => {
                format!("{} with + between them, or {number}", enumerated(flags.iter().map(|(name, _)| *name), "and"))
            }
            Reads::Label => "a text of at most 16 bytes".to_owned(),
            Reads::Account => "an account's number, none, or # and an id".to_owned(),
            Reads::Instrument | Reads::Session => "its number in the order of opening, none, or # and an id".to_owned(),
            Reads::Order | Reads::Client => "an order's id, none, or # and the engine's id".to_owned(),
            Reads::Target => "an order's id, client: and an order's id, none, or # and a number".to_owned(),
        }
    }

    /// The bits of a field among a record's bytes.
    pub(super) fn bits(&self, bytes: &[u8], offset: usize) -> u128 {
        let mut padded = [0; 16];
        if let Some(bytes) = bytes.get(offset..offset + self.width) {
            padded[..self.width].copy_from_slice(bytes);
        }
        u128::from_le_bytes(padded)
    }

    /// Bits as they are written, but for those that are the engine's name of something.
    pub(super) fn text(&self, bits: u128) -> String {
        let is_negative = self.is_signed && bits >> (8 * self.width - 1) != 0;
        let number = if is_negative { (bits | !self.mask()).cast_signed().to_string() } else { bits.to_string() };
        match self.reads {
            Reads::Number => number,
            Reads::Name(names) => {
                let value = names().into_iter().find(|(_, code)| u128::from(*code) == bits);
                value.map_or(number, |(name, _)| name.to_owned())
            }
            Reads::Flags(flags) => {
                let set = |(name, bit): &(&'static str, u8)| (bits & u128::from(*bit) != 0).then_some(*name);
                let names: Vec<&str> = flags.iter().filter_map(set).collect();
                if names.is_empty() { number } else { names.join("+") }
            }
            Reads::Label => {
                let bytes = bits.to_le_bytes();
                String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned()
            }
            _ if bits == 0 => "none".to_owned(),
            _ => format!("#{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use novate_core::arena::{CHUNK_SIZE, Chunk, Layout};
    use novate_core::genesis::{Capacities, Genesis};

    use super::*;

    /// Every kind is in its table, and no two fields of a record share a byte or reach beyond it.
    #[test]
    fn tables_have_every_kind_and_fit() {
        let kinds = |of: &[(u16, &'static str, usize)]| of.iter().map(|(_, name, _)| *name).collect::<Vec<_>>();
        let events: Vec<_> = Event::KINDS.iter().map(|(kind, name, size)| (u16::from(*kind), *name, *size)).collect();
        for (records, header, of) in [(COMMANDS, COMMAND_HEADER, Command::KINDS), (EVENTS, EVENT_HEADER, &events)] {
            let mut named: Vec<&str> = records.iter().map(|record| record.name).collect();
            let mut expected = kinds(of);
            named.sort_unstable();
            expected.sort_unstable();
            assert_eq!(named, expected);
            for record in records {
                let size = of.iter().find(|(_, name, _)| *name == record.name).expect("a kind").2;
                let mut taken = vec![false; size];
                for field in header.iter().chain(record.fields) {
                    let bytes = &mut taken[field.offset..field.offset + field.form.width];
                    assert!(bytes.iter().all(|taken| !taken), "{}.{}", record.name, field.name);
                    bytes.fill(true);
                }
            }
        }
    }

    /// Every row of the third table is about a field that there is: of a piece of work, which is an auction or a scan, a scan's.
    #[test]
    fn forms_of_state_are_those_of_its_fields() {
        let layout = Layout::of(&Genesis::new(0, 1, Capacities::for_orders(64)));
        let bytes = Chunk([1; CHUNK_SIZE]);
        let records = || layout.tables().iter().flat_map(|table| layout.records_in(table.first_chunk, &bytes).take(1));
        for (name, path, _) in STATE {
            let record = records().find(|record| record.table().record_name() == *name).expect("a type of record");
            let fields = serde_json::to_value(record).expect("records are plain objects");
            assert!(fields.pointer(&format!("/{}", path.replace('.', "/"))).is_some(), "{name}.{path}");
        }
    }

    #[test]
    fn values_are_read_and_written() {
        let bits = |number: u128| Some(Value::Bits(number));
        for (form, text, value) in [
            (I64, "-1", bits(u128::from(u64::MAX))),
            (I64, "9223372036854775808", None),
            (U8, "255", bits(255)),
            (U8, "256", None),
            (U8, "-1", None),
            (I128, "-2", bits(u128::MAX - 1)),
            (SIDE, "Sell", bits(2)),
            (SIDE, "9", bits(9)),
            (SIDE, "sell", None),
            (CODE, "BookBusy", bits(502)),
            (ORDER_FLAGS, "POST_ONLY+POST_ONLY_SLIDE", bits(5)),
            (ORDER_FLAGS, "0", bits(0)),
            (ORDER_FLAGS, "POST_ONLY+", None),
            (LABEL, "AB", bits(0x4241)),
            (LABEL, "ABCDEFGHIJKLMNOPQ", None),
            (ACCOUNT, "none", bits(0)),
            (ACCOUNT, "#7", bits(7)),
            (ACCOUNT, "7", Some(Value::Account(Owner(7)))),
            (SESSION, "2", Some(Value::Session(2))),
            (TARGET, "7", Some(Value::TargetOrder(OrderName(7)))),
            (TARGET, "client:7", Some(Value::TargetClient(OrderName(7)))),
            (TARGET, "client:", None),
            (TARGET, "#7", bits(7)),
        ] {
            assert_eq!(form.parse(text), value, "{text}");
        }
        for (form, bits, text) in [
            (I64, u128::from(u64::MAX), "-1"),
            (I128, u128::MAX, "-1"),
            (U64, u128::from(u64::MAX), "18446744073709551615"),
            (SIDE, 1, "Buy"),
            (SIDE, 9, "9"),
            (ACCEPTED, 9, "RESTS+REDUCE_ONLY"),
            (ACCEPTED, 0, "0"),
            (LABEL, 0x4241, "AB"),
            (ORDER, 0, "none"),
            (ORDER, 7, "#7"),
        ] {
            assert_eq!(form.text(bits), text);
        }
    }
}
