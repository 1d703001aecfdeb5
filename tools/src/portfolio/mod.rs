//! A portfolio with its market and the parameters of its margin, as JSON, and what it comes to.
// Amounts become integers here, and integers amounts; expiries and strikes are the same where they are written so.
#![allow(clippy::float_arithmetic, clippy::float_cmp, clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod compute;
mod json;

pub(crate) use self::compute::{Computed, cash, compute, lot, lots};
pub(crate) use self::json::{Portfolio, Results};
