//! Numbers that are known, in files, and what comes of computing them here.
#![allow(clippy::float_arithmetic, clippy::float_cmp, clippy::cast_precision_loss)]

mod black76;
mod futures_margin;
mod haug;
mod iv;
mod pmrm;
mod srm;

pub(crate) use self::black76::black76;
pub(crate) use self::futures_margin::futures_margin;
pub(crate) use self::haug::haug;
pub(crate) use self::iv::iv;
pub(crate) use self::pmrm::{pmrm, read_portfolio};
pub(crate) use self::srm::srm;

use serde::Serialize;
use serde_json::Value;

/// A number that is not what was expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Off {
    /// Which.
    pub(crate) field: String,
    /// What it should be.
    pub(crate) expected: Value,
    /// What it is.
    pub(crate) got: Value,
    /// How far that is apart, as a multiple of what is allowed; of whole numbers, where nothing is, in their unit.
    pub(crate) error: f64,
}

impl Off {
    /// None if the number is near enough.
    fn beyond(field: &str, got: f64, expected: f64, tolerance: f64) -> Option<Self> {
        let off = (got - expected).abs();
        // What is no number is off.
        let is_near = off <= tolerance;
        (!is_near).then(|| Self {
            field: field.to_owned(),
            expected: expected.into(),
            got: got.into(),
            error: off / tolerance,
        })
    }

    /// None if it is the same whole number.
    fn unequal(field: &str, got: i64, expected: i64) -> Option<Self> {
        (got != expected).then(|| Self {
            field: field.to_owned(),
            expected: expected.into(),
            got: got.into(),
            error: got.abs_diff(expected) as f64,
        })
    }
}

/// A case and all that is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Where it stands.
    pub(crate) name: String,
    /// What is off; nothing if it is right.
    pub(crate) off: Vec<Off>,
}
