//! Any record by the names of its fields: commands as the line `send` writes them, events as the check `event` states
//! them. What can be written of a field follows from its form in the [`tables`](super::tables).

use novate_core::command::{Command, ScenarioTerms};
use novate_core::event::Event;
use novate_core::terms::Smile;

use super::command::{OrderName, Owner};
use super::fields::{Fields, Place, enumerated};
use super::tables::{COMMAND_HEADER, COMMANDS, EVENT_HEADER, EVENTS, STATE};
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
    /// What one is, where complaints must say it.
    pub(super) unit: &'static str,
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
    /// The same of underlyings.
    Underlying,
    /// The same of expiries.
    Expiry,
    /// The how-many-th to be opened, with the two that there are from genesis on.
    Session,
    /// An order by its name, as the engine's order id.
    Order,
    /// The same as a client order id.
    Client,
    /// The same as either of the two: `7` is by order id, `client:7` by client order id.
    Target,
    /// A scenario of a set: spot factor, damping and smile with colons between them, `1100000:1000000:Up`.
    Scenario,
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
    /// An underlying, counted from 1.
    Underlying(u64),
    /// An expiry, counted from 1.
    Expiry(u64),
    /// The time of the command.
    Now,
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
    /// The fields behind the header.
    pub(super) fields: &'static [Field],
}

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
    /// A command's bytes where nothing is given.
    pub(super) base: Vec<u8>,
}

impl Written {
    /// A command of which nothing is given yet, if there is one by this name.
    pub(super) fn usual(name: &str, base: Vec<u8>) -> Option<Self> {
        let record = COMMANDS.iter().find(|record| record.name == name)?;
        Some(Self { record, fields: Vec::new(), base })
    }

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
        Ok(Self { record, fields, base: vec![0; record.kind_and_size().1] })
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
    pub(super) fn parse(&self, text: &str) -> Option<Value> {
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
            Reads::Scenario => parse_scenario(text),
            _ if text == "none" => Some(bits(0)),
            _ if raw.is_some() => self.parse_number(raw?),
            Reads::Account => text.parse().ok().map(|number| Value::Account(Owner(number))),
            Reads::Instrument => text.parse().ok().map(Value::Instrument),
            Reads::Underlying => text.parse().ok().map(Value::Underlying),
            Reads::Expiry => text.parse().ok().map(Value::Expiry),
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
    pub(super) fn expected(&self) -> String {
        let (least, most) = self.range();
        let of = if self.unit.is_empty() { "" } else { " of " };
        let number = format!("a whole number{of}{} from {least} to {most}", self.unit);
        match self.reads {
            Reads::Number => number,
            Reads::Name(names) => format!("{}, or {number}", enumerated(names().iter().map(|(name, _)| *name), "or")),
            Reads::Flags(flags) => {
                format!("{} with + between them, or {number}", enumerated(flags.iter().map(|(name, _)| *name), "and"))
            }
            Reads::Label => "a text of at most 16 bytes".to_owned(),
            Reads::Account => "an account's number, none, or # and an id".to_owned(),
            Reads::Scenario => {
                let smiles = enumerated(Smile::ALL.iter().map(|smile| smile.name()), "or");
                format!("spot factor, damping (both whole numbers of 1e-6) and {smiles} with colons between them")
            }
            Reads::Instrument | Reads::Underlying | Reads::Expiry | Reads::Session => {
                "its number in the order of opening, none, or # and an id".to_owned()
            }
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
            Reads::Scenario => scenario_text(bits as u32, (bits >> 32) as u32),
            _ if bits == 0 => "none".to_owned(),
            _ => format!("#{number}"),
        }
    }
}

/// The bits of a scenario as a text has it. What its smile or its damping may be is for the engine to say, as far as there
/// is room for it.
fn parse_scenario(text: &str) -> Option<Value> {
    let mut parts = text.split(':');
    let (spot, damping, smile) = (parts.next()?, parts.next()?, parts.next()?);
    let named = Smile::ALL.iter().find(|known| known.name() == smile).map(|smile| smile.code());
    let smile = named.or_else(|| smile.parse().ok())?;
    let damping = damping.parse().ok().filter(|damping: &u64| damping >> DAMPING_BITS == 0)?;
    let word = u64::from(smile) << DAMPING_BITS | damping;
    let spot: u32 = spot.parse().ok()?;
    parts.next().is_none().then_some(Value::Bits(u128::from(word << 32 | u64::from(spot))))
}

/// A scenario as it is written, given the two words of its record.
pub(crate) fn scenario_text(spot: u32, damping_and_smile: u32) -> String {
    let terms: ScenarioTerms = bytemuck::must_cast([spot, damping_and_smile]);
    let smile = damping_and_smile >> DAMPING_BITS;
    let smile = terms.smile().map_or_else(|| smile.to_string(), |smile| smile.name().to_owned());
    format!("{}:{}:{smile}", terms.spot, terms.damping())
}

/// How many of a scenario's bits are its damping; its smile is behind them.
const DAMPING_BITS: u32 = 24;

#[cfg(test)]
mod tests {
    use novate_core::arena::{CHUNK_SIZE, Chunk, Layout};
    use novate_core::genesis::{Capacities, Genesis};

    use super::super::tables::*;
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
