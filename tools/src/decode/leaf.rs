//! The leaves of a serialised record: its fields with their paths, and what is shown of each.

use serde::Serialize;
use serde_json::{Number, Value};

use crate::scenario::{Form, Reads, scenario_text};

/// The name of what a record holds that is nothing but a number.
const BARE: &str = "value";

/// A field that is shown as one.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Its name, behind the names of what it is part of: `terms.flags`. Entries of arrays are counted from 0.
    pub(super) path: String,
    /// What the record holds.
    pub(super) raw: Value,
    /// What it means, where it is more than a number.
    pub(super) form: Option<Form>,
}

/// A record as JSON.
pub(super) fn serialised(record: &impl Serialize) -> Value {
    // Numbers, texts, arrays and structs: there is nothing in records that JSON cannot say.
    serde_json::to_value(record).expect("records are plain objects")
}

/// The fields of a serialised record, in its order. What has a form is one field, even if it is an array or a struct.
pub(super) fn leaves(record: &Value, form_of: impl Fn(&str) -> Option<Form>) -> Vec<Leaf> {
    let mut found = Vec::new();
    descend(String::new(), record, &form_of, &mut found);
    found
}

fn descend(path: String, value: &Value, form_of: &impl Fn(&str) -> Option<Form>, found: &mut Vec<Leaf>) {
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let form = form_of(&path);
    match value {
        Value::Object(fields) if form.is_none() => {
            fields.iter().for_each(|(name, value)| descend(inner(name), value, form_of, found));
        }
        Value::Array(values) if form.is_none() => {
            let numbered = values.iter().enumerate();
            numbered.for_each(|(number, value)| descend(inner(&number.to_string()), value, form_of, found));
        }
        raw => {
            let path = if path.is_empty() { BARE.to_owned() } else { path };
            found.push(Leaf { path, raw: raw.clone(), form });
        }
    }
}

impl Leaf {
    /// The value with its names: that of an enumeration's value if it has one, those of the flags that are set, a label's
    /// text, a number of 128 bits as one.
    pub(super) fn shown(&self) -> Value {
        let named = self.form.and_then(|form| match form.reads {
            Reads::Name(names) => name_of(&names(), self.raw.as_u64()?),
            Reads::Flags(flags) => Some(names_of(flags, self.raw.as_u64()?)),
            Reads::Label => Some(label(&self.bytes()?)),
            Reads::Scenario => self.words().map(|[spot, rest]| scenario_text(spot, rest).into()),
            Reads::Number if self.raw.is_array() => wide(self.halves()?, form.is_signed),
            _ => None,
        });
        named.unwrap_or_else(|| self.raw.clone())
    }

    /// Whether nothing but zeros stands there.
    pub(super) fn is_zero(&self) -> bool {
        let is_zero = |value: &Value| value.as_u64() == Some(0) || value.as_str().is_some_and(is_zero_text);
        match &self.raw {
            Value::Array(values) => values.iter().all(is_zero),
            Value::Object(fields) => fields.values().all(is_zero),
            raw => is_zero(raw),
        }
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        self.raw.as_array()?.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect()
    }

    /// The two words of a scenario.
    fn words(&self) -> Option<[u32; 2]> {
        let word = |name: &str| u32::try_from(self.raw[name].as_u64()?).ok();
        Some([word("spot")?, word("damping_and_smile")?])
    }

    fn halves(&self) -> Option<[u64; 2]> {
        let [low, high] = self.raw.as_array()?.as_slice() else { return None };
        Some([low.as_u64()?, high.as_u64()?])
    }
}

/// Whether it is a hash or digest of zeros.
fn is_zero_text(text: &str) -> bool {
    text.bytes().all(|digit| digit == b'0')
}

/// The name of an enumeration's value, if it is defined.
fn name_of(names: &[(&'static str, u64)], code: u64) -> Option<Value> {
    names.iter().find(|(_, known)| *known == code).map(|(name, _)| Value::from(*name))
}

/// The names of the flags that are set, and as a number what has none.
fn names_of(flags: &[(&'static str, u8)], bits: u64) -> Value {
    let set = flags.iter().filter(|(_, bit)| bits & u64::from(*bit) != 0);
    let unnamed = flags.iter().fold(bits, |left, (_, bit)| left & !u64::from(*bit));
    let unnamed = (unnamed != 0).then(|| Value::from(unnamed));
    set.map(|(name, _)| Value::from(*name)).chain(unnamed).collect()
}

/// The text of a label, without the zeros behind it; what is not printable ASCII is escaped.
fn label(bytes: &[u8]) -> Value {
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes[..length].escape_ascii().to_string().into()
}

/// The number whose low and high half are given.
fn wide([low, high]: [u64; 2], is_signed: bool) -> Option<Value> {
    let bits = u128::from(high) << 64 | u128::from(low);
    let number = if is_signed { Number::from_i128(bits.cast_signed()) } else { Number::from_u128(bits) };
    number.map(Value::Number)
}

/// Bytes in hexadecimal, as they follow each other.
pub(super) fn hexadecimal(bytes: impl IntoIterator<Item = u8>) -> Value {
    let digits = bytes.into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::{command_form, event_form};

    fn shown(form: Option<Form>, raw: &Value) -> Value {
        assert!(form.is_some());
        Leaf { path: String::new(), raw: raw.clone(), form }.shown()
    }

    #[test]
    fn names_are_shown_and_what_has_none_is_a_number() {
        let side = command_form("NewOrder", "side");
        assert_eq!([shown(side, &json!(2)), shown(side, &json!(9))], [json!("Sell"), json!(9)]);
        let flags = command_form("NewOrder", "flags");
        assert_eq!(shown(flags, &json!(0)), json!([]));
        assert_eq!(shown(flags, &json!(5)), json!(["POST_ONLY", "POST_ONLY_SLIDE"]));
        assert_eq!(shown(flags, &json!(0x82)), json!(["REDUCE_ONLY", 0x80]));
        let scenario = command_form("SetScenarios", "scenarios.31");
        let terms = json!({"spot": 1_100_000, "damping_and_smile": (2 << 24) + 500_000});
        assert_eq!(shown(scenario, &terms), json!("1100000:500000:Up"));
        let symbol = command_form("ListInstrument", "symbol");
        assert_eq!(
            shown(symbol, &json!([65, 32, 255, 0, 66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
            json!("A \\xff\\x00B")
        );
    }

    #[test]
    fn wide_numbers_survive() {
        let budget = command_form("NewComplexOrder", "budget");
        let (signed, unsigned) = (shown(budget, &json!([u64::MAX - 1, u64::MAX])), json!([0, u64::MAX]));
        assert_eq!(signed.to_string(), "-2");
        let quantity = event_form("Uncrossed", "bid_quantity");
        assert_eq!(shown(quantity, &unsigned).to_string(), (u128::MAX - u128::from(u64::MAX)).to_string());
        assert_eq!(serialised(&i128::MIN).to_string(), i128::MIN.to_string());
    }

    #[test]
    fn fields_have_paths() {
        let record = json!({"a": 1, "b": {"c": [2, 3], "d": {"e": 4}}, "f": [5, 6]});
        let one = command_form("NewOrder", "price");
        let found = leaves(&record, |path| one.filter(|_| path == "f"));
        let paths: Vec<(&str, &Value)> = found.iter().map(|leaf| (leaf.path.as_str(), &leaf.raw)).collect();
        let expected = [("a", 1), ("b.c.0", 2), ("b.c.1", 3), ("b.d.e", 4)].map(|(path, value)| (path, json!(value)));
        assert!(paths[..4].iter().copied().eq(expected.iter().map(|(path, value)| (*path, value))), "{paths:?}");
        assert_eq!(paths[4], ("f", &json!([5, 6])));
        assert_eq!(leaves(&json!(7), |_| None)[0].path, "value");
    }
}
