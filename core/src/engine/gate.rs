//! The gate: sessions, their sequences and outcomes, roles and grants. Nothing runs twice.

use bytemuck::{Pod, Zeroable};

use super::Engine;
use super::emit::Emitter;
use crate::arena::{EntityRecord, Marks, Missing};
use crate::command::{CommandHeader, CommandRecord, OpenSession};
use crate::event::{Rejected, Resent};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, SessionId};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::units::Sequence;

/// A session.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    /// Last consumed session sequence.
    pub(crate) last: u64,
    /// Accounts granted to it.
    pub(crate) grants: u32,
    /// A [`Role`](crate::terms::Role).
    pub(crate) role: u8,
    /// As in [`OpenSession`].
    pub(crate) flags: u8,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) reserved: [u8; 42],
}

const _: () = assert!(size_of::<Session>() == 64);

impl EntityRecord for Session {
    type Id = SessionId;
    #[inline(always)]
    fn id(&self) -> SessionId {
        self.id
    }
}

impl Session {
    pub(crate) fn opened(id: SessionId, role: u8, flags: u8) -> Self {
        Self { id, role, flags, ..Self::zeroed() }
    }
}

/// What came of one of a session's last commands.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Outcome {
    sequence: Sequence,
    order: OrderId,
    /// 0 if executed, else a [`RejectCode`].
    code: u16,
    #[cfg_attr(feature = "serde", serde(skip))]
    reserved: [u8; 14],
}

const _: () = assert!(size_of::<Outcome>() == 32);

/// What a rejection repeats of its command, besides the header.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About {
    pub(super) instrument: InstrumentId,
    pub(super) order: OrderId,
    pub(super) client_order_id: ClientOrderId,
}

/// A set of roles, one bit each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Roles(pub(super) u32);

/// A command kind that the engine executes.
pub(super) trait Execute: CommandRecord {
    /// Who may send it.
    const ROLES: Roles;

    /// What a rejection names.
    fn about(&self) -> About {
        About::default()
    }

    /// Executes a checked command; a rejection changes nothing.
    fn execute<M: Marks, S: EventSink>(
        &self,
        engine: &mut Engine<'_, M>,
        sender: Sender,
        out: &mut Emitter<'_, S>,
    ) -> Result<OrderId, RejectCode>;
}

/// The sender of a command that passed the gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    /// The session's slot.
    pub(super) session: u32,
    role: u8,
    flags: u8,
}

/// What the gate lets through.
enum Passage {
    /// The next command of its session.
    Next(Sender),
    /// A resent command of the session in this slot.
    Again(u32),
}

impl Sender {
    /// Whether its role is one of these.
    pub(super) fn is_one_of(self, roles: Roles) -> bool {
        roles.0 >> (self.role & 31) & 1 != 0
    }
}

impl From<Missing> for RejectCode {
    /// For sessions; accounts and instruments have codes of their own.
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Unknown => Self::UnknownSession,
            Missing::Stale => Self::StaleSession,
        }
    }
}

impl<M: Marks> Engine<'_, M> {
    /// Takes one command record through the gate, executes it, keeps its outcome.
    ///
    /// One function for each kind: in a common one, the kinds would fight for registers.
    #[inline(never)]
    pub(super) fn run<C: Execute, S: EventSink>(&mut self, command: &C, out: &mut Emitter<'_, S>) {
        let header = command.header();
        let sender = match self.pass(header) {
            Ok(Passage::Next(sender)) => sender,
            Ok(Passage::Again(session)) => return self.say_again(session, header, out),
            Err(code) => return reject(command, code, out),
        };
        let result = match command.check() {
            Ok(()) if !sender.is_one_of(C::ROLES) => Err(RejectCode::RoleNotPermitted),
            Ok(()) => command.execute(self, sender, out),
            Err(code) => Err(code),
        };
        let (order, code) = match result {
            Ok(order) => (order, 0),
            Err(code) => {
                reject(command, code, out);
                (OrderId::NONE, code.code())
            }
        };
        self.sessions.slab.get_mut(sender.session).last = header.session_sequence;
        let place = self.outcome_place(sender.session, header.session_sequence);
        *self.outcomes.get_mut(place) = Outcome { sequence: out.sequence(), order, code, reserved: [0; 14] };
    }

    /// Steps 3 and 4 of "Every command".
    #[inline(always)]
    fn pass(&self, header: &CommandHeader) -> Result<Passage, RejectCode> {
        let session = self.sessions.find(header.session, self.shard())?;
        let &Session { last, role, flags, .. } = self.sessions.slab.get(session);
        let sent = header.session_sequence;
        if sent == last.wrapping_add(1) && sent != 0 {
            return Ok(Passage::Next(Sender { session, role, flags }));
        }
        if sent > last {
            return Err(RejectCode::SessionSequenceGap);
        }
        let window = u64::from(self.header.get().genesis.outcome_window);
        if sent == 0 || last - sent >= window {
            return Err(RejectCode::SessionSequenceTooOld);
        }
        Ok(Passage::Again(session))
    }

    #[inline(always)]
    fn outcome_place(&self, session: u32, session_sequence: u64) -> u32 {
        let window = self.header.get().genesis.outcome_window;
        session * window + (session_sequence as u32 & (window - 1))
    }

    /// The first outcome of a resent command.
    #[cold]
    #[inline(never)]
    fn say_again<S: EventSink>(&mut self, session: u32, header: &CommandHeader, out: &mut Emitter<'_, S>) {
        let outcome = *self.outcomes.get(self.outcome_place(session, header.session_sequence));
        out.emit(Resent {
            code: outcome.code,
            session: header.session,
            session_sequence: header.session_sequence,
            first_sequence: outcome.sequence,
            order: outcome.order,
            ..Resent::zeroed()
        });
    }

    /// Forgets a closed session's outcomes.
    pub(super) fn clear_outcomes(&mut self, session: u32) {
        let window = self.header.get().genesis.outcome_window;
        for place in session * window..(session + 1) * window {
            *self.outcomes.get_mut(place) = Outcome::zeroed();
        }
    }

    #[inline(always)]
    pub(super) fn shard(&self) -> u16 {
        self.header.get().genesis.shard()
    }

    #[inline(always)]
    pub(super) fn seed(&self) -> u64 {
        self.header.get().genesis.index_seed
    }

    /// The slot of the account, for which the session must be permitted to act.
    #[inline(always)]
    pub(super) fn permitted_account(&self, sender: Sender, account: AccountId) -> Result<u32, RejectCode> {
        let slot = self.find_account(account)?;
        let all = sender.flags & OpenSession::ALL_ACCOUNTS != 0;
        if all || self.grants.has(self.seed(), sender.session, slot) {
            Ok(slot)
        } else {
            Err(RejectCode::AccountNotPermitted)
        }
    }

    /// As [`Engine::permitted_account`], for commands that enter or change orders.
    #[inline(always)]
    pub(super) fn entering_account(&self, sender: Sender, account: AccountId) -> Result<u32, RejectCode> {
        let slot = self.permitted_account(sender, account)?;
        if self.accounts.slab.get(slot).has_tripped() { Err(RejectCode::ProtectionTripped) } else { Ok(slot) }
    }

    #[inline(always)]
    pub(super) fn find_account(&self, account: AccountId) -> Result<u32, RejectCode> {
        self.accounts.find(account, self.shard()).map_err(|missing| match missing {
            Missing::Unknown => RejectCode::UnknownAccount,
            Missing::Stale => RejectCode::StaleAccount,
        })
    }

    #[inline(always)]
    pub(super) fn find_instrument(&self, instrument: InstrumentId) -> Result<u32, RejectCode> {
        self.instruments.find(instrument, self.shard()).map_err(|missing| match missing {
            Missing::Unknown => RejectCode::UnknownInstrument,
            Missing::Stale => RejectCode::StaleInstrument,
        })
    }
}

#[cold]
#[inline(never)]
fn reject<C: Execute, S: EventSink>(command: &C, code: RejectCode, out: &mut Emitter<'_, S>) {
    let (header, about) = (command.header(), command.about());
    out.emit(Rejected {
        code: code.code(),
        session: header.session,
        session_sequence: header.session_sequence,
        account: header.account,
        instrument: about.instrument,
        order: about.order,
        client_order_id: about.client_order_id,
        ..Rejected::zeroed()
    });
}
