//! Prices, Greeks and volatilities: the only floating-point numbers of the project.
//!
//! Every operation here has one right result under IEEE 754: `+ - * /`, the square root and the explicit fused
//! multiply-add. Nothing is reassociated, no platform's mathematical library is called, and whichever instructions the
//! processor has, found out at run time, results have the same bits: see [`Level`].

#![allow(clippy::float_arithmetic)]

pub(crate) mod array;
pub mod black76;
mod coefficients;
pub mod divergence;
pub mod implied;
mod kernels;
mod level;
pub mod pmrm;
mod side;
pub mod svi;

pub use self::level::Level;
pub(crate) use self::level::{Ieee, Kernel};

/// Scenarios of a risk array, at most.
pub const SCENARIOS_MAX: usize = 32;
/// Seconds of a year, of 365 days.
pub const YEAR_SECONDS: f64 = 31_536_000.0;
