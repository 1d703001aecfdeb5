//! What accounts are exposed to: sums over their positions and resting orders, by underlying and by expiry, from which
//! their margin is reckoned. The rules are in `docs/RISK.md`; when sums are changed, and what is done by them, is in the
//! engine.

mod arrays;
mod charge;
mod fraction;
mod lot;
mod outlook;
mod portfolio;
mod records;
mod stake;
mod sums;
mod tables;

pub(crate) use self::arrays::Arrays;
pub(crate) use self::charge::{NO_CHARGE, charge_of, charges};
pub(crate) use self::fraction::ceil_ppm;
pub(crate) use self::lot::{Discounts, Lot, Lots};
pub(crate) use self::outlook::{Aspect, Outlook, TermsSet, doubt};
pub(crate) use self::portfolio::{Kind, Margins, PortfolioTotals, SumsView, atoms};
pub(crate) use self::records::{Portfolio, Reserve, SKEWS_MAX, Sheet, Vector};
pub(crate) use self::stake::{Staked, Stakes};
pub(crate) use self::sums::{Change, Sums, need_more};
pub(crate) use self::tables::{Exposures, VectorKey};

/// The most options of one expiry that an account of the standard model may have.
pub(crate) const STANDARD_OPTIONS_MAX: u32 = 32;
/// What a portfolio's load is at most: three times it fits 64 bits.
pub(crate) const LOAD_MAX: i64 = 1 << 61;
/// What resting lots weigh in a load: a lot that is filled weighs one, and the sums of those that rest are up to three
/// times a lane.
pub(crate) const RESTING_WEIGHT: i64 = 3;
