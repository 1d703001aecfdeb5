//! Numbers that are known, in files, and what comes of computing them here.
#![allow(clippy::float_arithmetic)]

mod black76;
mod haug;

pub(crate) use self::black76::black76;
pub(crate) use self::haug::haug;

/// A number that is not what was expected.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Off {
    /// Which.
    pub(crate) field: &'static str,
    /// What it should be.
    pub(crate) expected: f64,
    /// What it is.
    pub(crate) got: f64,
    /// How far that is apart, in the terms of the tolerance: 1 is the most that is allowed.
    pub(crate) error: f64,
}

impl Off {
    /// None if the number is near enough.
    fn beyond(field: &'static str, got: f64, expected: f64, tolerance: f64) -> Option<Self> {
        let off = (got - expected).abs();
        // What is no number is off.
        let is_near = off <= tolerance;
        (!is_near).then(|| Self { field, expected, got, error: off / tolerance })
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
