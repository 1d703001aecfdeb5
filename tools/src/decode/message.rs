//! What goes in and what comes out: commands and events by the names of their fields.
//!
//! Objects are flat. A command's header comes first; kind and size are left out, since the name of the kind says both. Two
//! fields of bodies have the name of a header's and are renamed ([`RENAMED`]); the order that a command is about is
//! `target_order` or `target_client_order_id`.

use novate_core::command::{AmendOrder, Command, NewComplexOrder, OrderTarget, RawCommand};
use novate_core::event::Event;
use serde_json::Value;

use super::leaf::{Leaf, hexadecimal, leaves, serialised};
use super::{Described, Shown};
use crate::scenario::{Form, Reads, command_form, event_form};

/// Fields of bodies whose names a header's field has.
const RENAMED: &[(&str, &str)] = &[("kind", "instrument_kind"), ("session", "named_session")];

/// A record, a field of it, and what says that a zero was given all the same (a field and its bits), if anything does.
type Optional = (&'static str, &'static str, Option<(&'static str, u8)>);

/// Numbers that mean "none" where they are zero. All others are shown in lines of text, zero or not.
const OPTIONAL: &[Optional] = &[
    ("NewComplexOrder", "trigger", Some(("gives", NewComplexOrder::TRIGGER))),
    ("NewComplexOrder", "display", None),
    ("NewComplexOrder", "display_minimum", None),
    ("NewComplexOrder", "expiry", None),
    ("NewComplexOrder", "budget", Some(("gives", NewComplexOrder::BUDGET))),
    ("NewPeggedOrder", "expiry", None),
    ("AmendOrder", "price", Some(("changes", AmendOrder::PRICE))),
    ("AmendOrder", "quantity", Some(("changes", AmendOrder::QUANTITY))),
    ("SetProtection", "quantity", None),
    ("SetProtection", "fills", None),
    ("ListInstrument", "strike", None),
    ("ListInstrument", "expiry", None),
    ("ListInstrument", "price_unit", None),
    ("ListInstrument", "position_max", None),
    ("ListUnderlying", "rules.scenario_set", None),
    ("ConfigureUnderlying", "rules.scenario_set", None),
    ("UnderlyingConfigured", "scenario_set", None),
    ("Uncross", "price", Some(("priced", 1))),
    ("Uncross", "priced", None),
    ("ProtectionSet", "quantity", None),
    ("ProtectionSet", "fills", None),
    ("Repriced", "old_trigger", None),
    ("Repriced", "trigger", None),
    ("IndicativePrice", "price", Some(("crosses", 1))),
    ("IndicativePrice", "bid_quantity", Some(("crosses", 1))),
    ("IndicativePrice", "ask_quantity", Some(("crosses", 1))),
];

/// A command by the names of its fields. Total: what is no command is `Malformed`, with its words in hexadecimal, byte for
/// byte as they stand in memory, and what stands where the kind should.
pub(crate) fn describe_command(raw: RawCommand<'_>) -> Described {
    let command = raw.decode();
    let kind = command.name();
    if let Command::Malformed { kind: number } = command {
        let words = hexadecimal(raw.words().iter().flat_map(|word| word.to_le_bytes()));
        let fields = [("found_kind", number.into()), ("words", words)];
        let fields = fields.map(|(name, value)| Shown { name: name.to_owned(), value, is_none: false });
        return Described { kind, fields: fields.into() };
    }
    let fields = body(kind, &serialised(&command), form_in_command);
    let fields = fields.iter().flat_map(|leaf| command_field(kind, leaf, &fields)).collect();
    Described { kind, fields }
}

/// An event by the names of its fields.
pub(crate) fn describe_event(event: Event<'_>) -> Described {
    let kind = event.name();
    let fields = body(kind, &serialised(&event), event_form);
    let described = fields.iter().filter(|leaf| leaf.path != "kind");
    let fields = described.map(|leaf| shown(kind, leaf.path.clone(), leaf, &fields)).collect();
    Described { kind, fields }
}

/// The fields of a view, which serialises as an object with the kind's name for the one key.
fn body(kind: &str, view: &Value, form: impl Fn(&str, &str) -> Option<Form>) -> Vec<Leaf> {
    view.get(kind).map(|record| leaves(record, |path| form(kind, path))).unwrap_or_default()
}

/// The form of a command's field. The header's account has the name under which scenarios write it.
fn form_in_command(kind: &str, path: &str) -> Option<Form> {
    command_form(kind, if path == "header.account" { "account" } else { path })
}

/// What is shown of one field of a command, given all of them.
fn command_field(kind: &str, leaf: &Leaf, fields: &[Leaf]) -> Vec<Shown> {
    if matches!(leaf.form.map(|form| form.reads), Some(Reads::Target)) {
        return target(&leaf.raw);
    }
    let name = match leaf.path.strip_prefix("header.") {
        Some("kind" | "size") => return Vec::new(),
        Some(name) => name,
        None => RENAMED.iter().find(|(own, _)| *own == leaf.path).map_or(leaf.path.as_str(), |(_, other)| *other),
    };
    vec![shown(kind, name.to_owned(), leaf, fields)]
}

/// Which order a command is about: by one of its two names, or, where it is neither, as the record has it.
fn target(raw: &Value) -> Vec<Shown> {
    let by = raw["by"].as_u64().unwrap_or_default();
    let field = |name: &str, value: &Value| Shown { name: name.to_owned(), value: value.clone(), is_none: false };
    if by == u64::from(OrderTarget::BY_ORDER_ID) {
        vec![field("target_order", &raw["id"])]
    } else if by == u64::from(OrderTarget::BY_CLIENT_ORDER_ID) {
        vec![field("target_client_order_id", &raw["id"])]
    } else {
        vec![field("target_id", &raw["id"]), field("target_by", &raw["by"])]
    }
}

fn shown(kind: &str, name: String, leaf: &Leaf, fields: &[Leaf]) -> Shown {
    // Ids, sets of flags and texts are nothing where they are zero, and of an enumeration zero is what goes without saying.
    let can_be_none = match leaf.form.map(|form| form.reads) {
        Some(Reads::Number) | None => is_optional(kind, &leaf.path, fields),
        Some(_) => true,
    };
    Shown { name, value: leaf.shown(), is_none: can_be_none && leaf.is_zero() }
}

/// Whether a number means "none" where it is zero.
fn is_optional(kind: &str, path: &str, fields: &[Leaf]) -> bool {
    let bits = |name: &str| fields.iter().find(|leaf| leaf.path == name).and_then(|leaf| leaf.raw.as_u64());
    let row = OPTIONAL.iter().find(|row| (row.0, row.1) == (kind, path));
    row.is_some_and(|(_, _, given)| given.is_none_or(|(by, flag)| bits(by).unwrap_or(0) & u64::from(flag) == 0))
}

#[cfg(test)]
mod tests {
    use novate_core::command::{
        CancelOrder, CommandRecord, FeedStamp, GrantAccount, ListInstrument, NewOrder, ScenarioTerms, SetScenarios,
        Uncross, UpdateIndex,
    };
    use novate_core::event::EventWord;
    use novate_core::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId, UnderlyingId};
    use novate_core::terms::{Side, Smile, TriggerDirection};
    use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};
    use serde_json::json;

    use super::*;

    const BY: (SessionId, u64, AccountId) = (SessionId(7), 2, AccountId(8));

    fn limit() -> NewOrder {
        NewOrder::limit(BY, InstrumentId(9), ClientOrderId(0), Side::Buy, PriceTicks(0), QuantityLots(5))
    }

    /// A record of each kind, all of its words but the first being `fill`.
    fn commands(fill: u64) -> impl Iterator<Item = (&'static str, Vec<u64>)> {
        Command::KINDS.iter().map(move |&(kind, name, size)| {
            let mut words = vec![fill; size / 8];
            words[0] = u64::from(kind) | (size as u64) << 16;
            (name, words)
        })
    }

    fn events(fill: u64) -> impl Iterator<Item = (&'static str, Vec<EventWord>)> {
        Event::KINDS.iter().map(move |&(kind, name, size)| {
            let mut words = vec![[fill; 8]; size / 64];
            words[0][1] = u64::from(kind) << 32 | 3;
            (name, words)
        })
    }

    #[test]
    fn every_kind_of_command_has_its_header_and_its_fields() {
        for (name, words) in commands(1) {
            let described = describe_command(RawCommand::new(&words));
            assert_eq!(described.kind, name);
            let object = described.object();
            assert_eq!(object.len(), described.fields.len(), "{name} has a name twice");
            let header: Vec<(&str, &Value)> =
                object.iter().map(|(name, value)| (name.as_str(), value)).take(3).collect();
            let one = json!(1);
            assert_eq!(header, [("session", &one), ("session_sequence", &one), ("account", &one)], "{name}");
            assert!(described.to_string().starts_with(name));
        }
    }

    #[test]
    fn every_kind_of_event_has_its_header_and_its_fields() {
        for (name, words) in events(1) {
            let described = describe_event(Event::decode(&words).expect("a record"));
            assert_eq!(described.kind, name);
            let object = described.object();
            assert_eq!((&object["sequence"], &object["ordinal"]), (&json!(1), &json!(3)), "{name}");
            assert!(object.len() > 2, "{name}");
            assert!(described.to_string().starts_with(&format!("{name} sequence=1 ordinal=3")));
        }
    }

    /// A form belongs to each field of a command or event, and a row of [`OPTIONAL`] to a number.
    #[test]
    fn forms_and_fields_are_each_others() {
        let mut optional: Vec<(&str, &str)> = OPTIONAL.iter().map(|row| (row.0, row.1)).collect();
        let mut check = |kind: &'static str, fields: &[Leaf]| {
            for leaf in fields.iter().filter(|leaf| leaf.path != "kind") {
                assert!(leaf.form.is_some(), "{kind}.{}", leaf.path);
                let is_number = matches!(leaf.form.map(|form| form.reads), Some(Reads::Number));
                optional.retain(|row| !(is_number && *row == (kind, leaf.path.as_str())));
            }
        };
        for (name, words) in commands(0) {
            check(name, &body(name, &serialised(&Command::decode(&words)), form_in_command));
        }
        for (name, words) in events(0) {
            check(name, &body(name, &serialised(&Event::decode(&words)), event_form));
        }
        assert_eq!(optional, []);
    }

    #[test]
    fn lines_say_what_there_is() {
        let line = |command: RawCommand<'_>| describe_command(command).to_string();
        assert_eq!(
            line((&limit()).into()),
            "NewOrder session=7 session_sequence=2 account=8 instrument=9 price=0 quantity=5 side=Buy order_type=Limit \
             time_in_force=GoodTillCancelled"
        );
        let stop = NewComplexOrder::from(limit()).with_trigger(PriceTicks(0)).with_direction(TriggerDirection::Up);
        let text = line((&stop.with_budget(-1 << 100)).into());
        assert!(
            text.ends_with("gives=TRIGGER+BUDGET direction=Up trigger=0 budget=-1267650600228229401496703205376"),
            "{text}"
        );
        let cancel = CancelOrder::new(BY, OrderId(3));
        assert_eq!(line((&cancel).into()), "CancelOrder session=7 session_sequence=2 account=8 target_order=3");
        let uncross = Uncross::new((SessionId(7), 2), InstrumentId(9), None);
        assert_eq!(line((&uncross).into()), "Uncross session=7 session_sequence=2 instrument=9");
        let priced = Uncross::new((SessionId(7), 2), InstrumentId(9), Some(PriceTicks(0)));
        assert_eq!(line((&priced).into()), "Uncross session=7 session_sequence=2 instrument=9 price=0 priced=1");
    }

    /// Fields of fields have paths; of a set's scenarios those are shown that there are.
    #[test]
    fn feeds_are_shown_with_what_they_say() {
        let header = UpdateIndex::new_header(SessionId(7), 2, AccountId::NONE);
        let stamp = FeedStamp { source_time: TimeNs(9), confidence: 1_000_000, source: 0, reserved: 0 };
        let update = UpdateIndex { header, underlying: UnderlyingId(5), price: CashAtoms(-3), stamp };
        assert_eq!(
            describe_command((&update).into()).to_string(),
            "UpdateIndex session=7 session_sequence=2 underlying=5 price=-3 stamp.source_time=9 stamp.confidence=1000000 \
             stamp.source=0"
        );
        let scenario = ScenarioTerms::new(1_100_000, 375_000, Smile::Up);
        let set = describe_command((&SetScenarios::new((SessionId(7), 2), 1, [scenario])).into());
        assert_eq!(
            set.to_string(),
            "SetScenarios session=7 session_sequence=2 set=1 count=1 scenarios.0=1100000:375000:Up"
        );
    }

    #[test]
    fn objects_say_everything() {
        let grant = GrantAccount::new((SessionId(7), 2), AccountId(8), SessionId(6));
        let expected = json!({"session": 7, "session_sequence": 2, "account": 8, "named_session": 6});
        assert_eq!(Value::from(describe_command((&grant).into()).object()), expected);
        let list = describe_command((&ListInstrument::perpetual((SessionId(7), 2), "ES Z3")).into());
        assert_eq!((list.value("symbol"), list.value("underlying")), (Some(&json!("ES Z3")), Some(&json!(""))));
        assert_eq!(list.value("instrument_kind"), Some(&json!("Perpetual")));
        assert!(list.to_string().contains(" symbol=\"ES Z3\" price_min="));
        let order = describe_command((&limit().reduce_only()).into());
        assert_eq!(
            (order.value("flags"), order.value("self_trade")),
            (Some(&json!(["REDUCE_ONLY"])), Some(&json!("Default")))
        );
        let broken = describe_command(RawCommand::new(&[0x0102_0007, u64::MAX]));
        assert_eq!(Value::from(broken.object()), json!({"found_kind": 7, "words": "0700020100000000ffffffffffffffff"}));
        assert_eq!(Value::from(describe_command(RawCommand::new(&[])).object()), json!({"found_kind": 0, "words": ""}));
    }

    #[test]
    fn any_words_are_described() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut malformed = 0;
        for round in 0..200_000 {
            let (kind, _, size) = Command::KINDS[round % Command::KINDS.len()];
            let mut words: Vec<u64> = (0..size / 8).map(|_| random() & random()).collect();
            // Every other time the words are a record of some kind, however wrong its fields are.
            if round % 2 == 0 {
                words[0] = u64::from(kind) | (size as u64) << 16;
            }
            let described = describe_command(RawCommand::new(&words));
            malformed += u32::from(described.kind == "Malformed");
            assert!(described.to_string().len() > described.kind.len() && described.fields.len() > 1);
        }
        // Words at random are a record now and then.
        assert!((99_990..=100_000).contains(&malformed), "{malformed}");
    }
}
