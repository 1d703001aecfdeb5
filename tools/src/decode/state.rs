//! The records of the engine's memory by the names of their fields.

use novate_core::arena::RecordView;

use super::leaf::{Leaf, leaves, serialised};
use super::{Described, Shown};
use crate::scenario::state_form;

/// A record of a table by the paths of its fields. In its line what is zero is left out: an untouched record is all zeros.
pub(crate) fn describe_record(record: &RecordView<'_>) -> Described {
    let shown = |leaf: &Leaf| Shown { name: leaf.path.clone(), value: leaf.shown(), is_none: leaf.is_zero() };
    Described { kind: record.table().record_name(), fields: fields_of(record).iter().map(shown).collect() }
}

/// The fields of a record.
pub(super) fn fields_of(record: &RecordView<'_>) -> Vec<Leaf> {
    leaves(&serialised(record), |path| state_form(record.table().record_name(), path))
}
