//! Commands about parties.

use novate_core::command::{CloseAccount, CloseSession, GrantAccount, OpenAccount, OpenSession, RevokeAccount};
use novate_core::ids::{AccountId, SessionId};
use novate_core::terms::Role;

use super::{Generator, encode};

impl Generator {
    pub(super) fn open_account(&mut self) -> Vec<u64> {
        let header = self.header::<OpenAccount>(Role::Operator, AccountId::NONE);
        encode(&OpenAccount { header, owner: u64::from(self.random.below(4)) })
    }

    pub(super) fn close_account(&mut self) -> Vec<u64> {
        let account = self.account();
        encode(&CloseAccount { header: self.header::<CloseAccount>(Role::Operator, account) })
    }

    pub(super) fn open_session(&mut self, trader: bool) -> Vec<u64> {
        let header = self.header::<OpenSession>(Role::Operator, AccountId::NONE);
        let role = if trader || self.chance(700) { 1 } else { 1 + self.random.below(6) as u8 };
        let flags = u8::from(trader || self.chance(800));
        encode(&OpenSession { header, role, flags, reserved: [0; 6] })
    }

    fn any_session(&mut self) -> SessionId {
        let count = self.world.sessions.len() as u32;
        self.world.sessions[self.random.below(count) as usize].session
    }

    pub(super) fn close_session(&mut self) -> Vec<u64> {
        let header = self.header::<CloseSession>(Role::Operator, AccountId::NONE);
        encode(&CloseSession { header, session: self.any_session() })
    }

    pub(super) fn grant(&mut self) -> Vec<u64> {
        let account = self.account();
        let header = self.header::<GrantAccount>(Role::Operator, account);
        encode(&GrantAccount { header, session: self.any_session() })
    }

    pub(super) fn revoke(&mut self) -> Vec<u64> {
        let account = self.account();
        let header = self.header::<RevokeAccount>(Role::Operator, account);
        encode(&RevokeAccount { header, session: self.any_session() })
    }
}
