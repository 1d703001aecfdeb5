//! Margin: what an account must hold so that closing its positions, in the worst case that is reckoned with, costs nobody
//! else. All of it in integers; every formula with its source is in `docs/MARGIN.md`.
//!
//! | module | model | for |
//! |---|---|---|
//! | [`futures`] | risk factors, and slippage of closing | futures and perpetuals |
//! | [`standard`] | strike by strike | options, simply |
//! | [`portfolio`] | the worst of many scenarios | options, with what hedges them |

mod amount;
mod array;
pub mod futures;
pub mod portfolio;
mod rate;
pub mod sets;
pub mod standard;

pub use self::amount::TooLarge;
pub use self::array::{Array, Greeks, Lane};
pub use self::rate::{ParseRateError, RATE_UNIT, Rate};
