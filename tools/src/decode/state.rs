//! The records of the engine's memory by the names of their fields.

use novate_core::arena::RecordView;

use super::leaf::{Leaf, leaves, serialised};
use crate::scenario::state_form;

/// The fields of a record, named by their paths.
pub(super) fn fields_of(record: &RecordView<'_>) -> Vec<Leaf> {
    leaves(&serialised(record), |path| state_form(record.table().record_name(), path))
}
