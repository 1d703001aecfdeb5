//! Accounts, what they hold, and which sessions may act for them.

mod account;
mod grant;
mod position;

pub(crate) use self::account::{Account, Protection, REALISED_END};
pub(crate) use self::grant::{Grant, Grants};
pub(crate) use self::position::{Holding, Position, Positions, moved};
