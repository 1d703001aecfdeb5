//! Records field by field, as JSON and as text: commands and events ([`message`]), a journal's frames ([`frame`]), the
//! records of the engine's memory ([`state`]), the fields in which two of these differ ([`difference`]). Fields come from
//! the records themselves, through serde; what is more than a number among them, from the tables of forms that scenarios
//! are read by.
//!
//! Nothing here reads files or runs an engine.

mod difference;
mod filter;
mod frame;
mod leaf;
mod message;
mod state;

use std::fmt;

use serde_json::{Map, Value};

pub(crate) use self::difference::{Difference, Differing, command_differences, differences, genesis_differences};
pub(crate) use self::filter::{Filter, concerns};
pub(crate) use self::frame::{describe_frame, digest_text};
pub(crate) use self::message::{describe_command, describe_event};

/// A record taken apart. Displays as one line for people: the kind, then `name=value` for each field that says anything.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Described {
    /// What it is: `NewOrder`.
    pub(crate) kind: &'static str,
    /// Its fields, in the order of the record.
    fields: Vec<Shown>,
}

/// A field as it is shown.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    name: String,
    value: Value,
    /// Whether it is zero and means that there is none.
    is_none: bool,
}

impl Described {
    /// All fields as a flat JSON object, in the order of the record.
    pub(crate) fn object(&self) -> Map<String, Value> {
        self.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect()
    }

    /// The value of a field.
    fn value(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|field| field.name == name).map(|field| &field.value)
    }
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        let mut said = self.fields.iter().filter(|field| !field.is_none);
        said.try_for_each(|field| write!(f, " {}={}", field.name, text(&field.value)))
    }
}

/// A value as people read it: several flags with `+` between them, texts in quotes only where they would be misread.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() || text.contains([' ', '"', '=']) => format!("{text:?}"),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "0".to_owned(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("+"),
        other => other.to_string(),
    }
}
