//! Party commands (kinds 201..=299): accounts, sessions and which may act for which.

use bytemuck::{Pod, Zeroable};

use super::{CommandHeader, CommandRecord, RARE_SIZE_MAX, command_record};
use crate::ids::{AccountId, SessionId};
use crate::terms::{MarginModel, Role};

/// Opens an account. 40 bytes. The event [`AccountOpened`](crate::event::AccountOpened) tells its id.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct OpenAccount {
    /// Kind 201; `account` is none.
    pub header: CommandHeader,
    /// Who owns it, in the venue's own numbering; accounts of one owner are one party to self-trade prevention.
    pub owner: u64,
}

impl OpenAccount {
    /// An account of `owner`, opened by an operator's session.
    pub fn new((session, session_sequence): (SessionId, u64), owner: u64) -> Self {
        Self { header: Self::new_header(session, session_sequence, AccountId::NONE), owner }
    }
}

command_record!(OpenAccount, kind 201, size 40 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Closes an account without live orders, open positions, grants and cash. 32 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CloseAccount {
    /// Kind 202; `account` is the one to close.
    pub header: CommandHeader,
}

command_record!(CloseAccount, kind 202, size 32 <= RARE_SIZE_MAX, account true, reserved |_r| true, fields |_f| true);

/// Opens a session. 40 bytes. The event [`SessionOpened`](crate::event::SessionOpened) tells its id.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct OpenSession {
    /// Kind 203.
    pub header: CommandHeader,
    /// A [`Role`] other than `Sequencer`.
    pub role: u8,
    /// Bits of [`OpenSession::ALL_ACCOUNTS`]; others are reserved.
    pub flags: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 6],
}

impl OpenSession {
    /// Flag: may act for every account, without grants.
    pub const ALL_ACCOUNTS: u8 = 1;

    /// A session that may act for every account, opened by an operator's session.
    pub fn for_all_accounts((session, session_sequence): (SessionId, u64), role: Role) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, role: role.code(), flags: Self::ALL_ACCOUNTS, reserved: [0; 6] }
    }
}

command_record!(OpenSession, kind 203, size 40 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 6],
    fields |f| Role::from_code(f.role).is_some_and(|role| role != Role::Sequencer) && f.flags <= OpenSession::ALL_ACCOUNTS);

/// Closes a session without grants; those that exist from genesis on stay. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CloseSession {
    /// Kind 204.
    pub header: CommandHeader,
    /// Which; not the sender itself.
    pub session: SessionId,
}

command_record!(CloseSession, kind 204, size 40 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Lets a session act for the header's account. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct GrantAccount {
    /// Kind 205; `account` is the one to act for.
    pub header: CommandHeader,
    /// Who may act.
    pub session: SessionId,
}

impl GrantAccount {
    /// Lets `grantee` act for `account`.
    pub fn new((session, session_sequence): (SessionId, u64), account: AccountId, grantee: SessionId) -> Self {
        Self { header: Self::new_header(session, session_sequence, account), session: grantee }
    }
}

command_record!(GrantAccount, kind 205, size 40 <= RARE_SIZE_MAX, account true, reserved |_r| true, fields |_f| true);

/// Takes back what [`GrantAccount`] gave. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RevokeAccount {
    /// Kind 206; `account` is the one granted.
    pub header: CommandHeader,
    /// Who may act no longer.
    pub session: SessionId,
}

command_record!(RevokeAccount, kind 206, size 40 <= RARE_SIZE_MAX, account true, reserved |_r| true, fields |_f| true);

/// Chooses the margin model of an account without live orders. 40 bytes.
///
/// With open positions only where margin is checked, and then it must have enough by the new model as well.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetMarginModel {
    /// Kind 207; `account` is whose.
    pub header: CommandHeader,
    /// A [`MarginModel`].
    pub model: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 7],
}

command_record!(SetMarginModel, kind 207, size 40 <= RARE_SIZE_MAX, account true,
    reserved |r| r.reserved == [0; 7], fields |f| MarginModel::from_code(f.model).is_some());
