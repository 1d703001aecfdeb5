//! What instruments are valued by: underlyings, expiries, their feeds, and the records of risk arrays. The rules are in
//! `docs/FEEDS.md`; what commands do with these is in the engine.

mod feed;
mod linear;
mod records;

pub(crate) use self::feed::{Fate, Feed, Judge, Update};
pub(crate) use self::linear::{clamp, linear_array, within_band};
pub(crate) use self::records::{
    Expiry, Lanes, Links, Risk, Scenarios, ShockSet, Smiles, Underlying, Valuation, Worths, lane_limit, lanes_fit,
};
