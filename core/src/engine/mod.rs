//! The engine: one value that takes commands and says events. No clock, file, thread or allocation.
//!
//! `docs/ORDERS.md` states every rule in words. A command goes one way: order of sequence and time (here), session (`gate`),
//! kind (`orders`, `venue`, `party`), book (`sweep`, `auction`), outcome (`gate`), pending work (`work`).

mod auction;
mod batch;
mod emit;
mod gate;
mod header;
mod orders;
mod party;
mod query;
mod state;
mod sweep;
mod venue;
mod work;

pub use self::batch::Sequenced;
pub use self::query::{AccountView, InstrumentView, LevelView, OrderView, SessionView};
pub use self::state::OpenError;

pub(crate) use self::gate::{Outcome, Session};
pub(crate) use self::header::Header;
pub(crate) use self::work::WorkItem;

use self::emit::Emitter;
use crate::arena::{Entities, Marks, Single, Table, Untracked};
use crate::book::Book;
use crate::command::Command;
use crate::event::Rejected;
use crate::instrument::Instrument;
use crate::ledger::{Account, Grants, Positions};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::units::{Sequence, TimeNs};
use bytemuck::Zeroable;

/// The caller gave a sequence or a time out of order; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfOrder {
    /// The sequence is not the last one plus one.
    Sequence {
        /// What the engine is ready for.
        expected: Sequence,
        /// What it was given.
        given: Sequence,
    },
    /// The time is before that of the last command.
    Time {
        /// The last command's time.
        last: TimeNs,
        /// What it was given.
        given: TimeNs,
    },
}

impl core::fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Sequence { expected, given } => {
                write!(f, "command {given} given where {expected} comes next; commands are applied without gaps")
            }
            Self::Time { last, given } => {
                write!(f, "time {given} ns is before the last command's {last} ns; sequenced time never steps back")
            }
        }
    }
}

impl core::error::Error for OutOfOrder {}

/// The matching engine over borrowed arena memory; every byte of its state is in there.
///
/// `M` is told which chunks are touched: [`Untracked`] costs nothing.
#[derive(Debug)]
pub struct Engine<'a, M: Marks = Untracked> {
    header: Single<'a, Header, M>,
    sessions: Entities<'a, Session, M>,
    instruments: Entities<'a, Instrument, M>,
    accounts: Entities<'a, Account, M>,
    work_queue: Table<'a, WorkItem, M>,
    grants: Grants<'a, M>,
    outcomes: Table<'a, Outcome, M>,
    positions: Positions<'a, M>,
    book: Book<'a, M>,
}

impl<M: Marks> Engine<'_, M> {
    /// Applies one command: `sequence` is the last one plus one, `time` not before the last.
    ///
    /// A rejected command is applied all the same: its rejection is an event.
    ///
    /// # Errors
    /// [`OutOfOrder`], with nothing changed: the caller lost or repeated a command.
    #[inline]
    pub fn apply(
        &mut self,
        sequence: Sequence,
        time: TimeNs,
        command: Command<'_>,
        sink: &mut impl EventSink,
    ) -> Result<(), OutOfOrder> {
        let header = self.header.get_mut();
        if header.sequence.0.checked_add(1) != Some(sequence.0) {
            let expected = Sequence(header.sequence.0.saturating_add(1));
            return Err(OutOfOrder::Sequence { expected, given: sequence });
        }
        if time < header.time {
            return Err(OutOfOrder::Time { last: header.time, given: time });
        }
        header.sequence = sequence;
        header.time = time;
        let work_was_pending = header.work_pending != 0;
        let mut out = Emitter::new(sink, sequence, header.digest);
        self.execute(&command, &mut out);
        if work_was_pending {
            self.work_off(&mut out);
        }
        let header = self.header.get_mut();
        header.digest = out.digest();
        header.events += u64::from(out.ordinal());
        Ok(())
    }

    #[inline(always)]
    fn execute<S: EventSink>(&mut self, command: &Command<'_>, out: &mut Emitter<'_, S>) {
        match *command {
            Command::NewOrder(record) => self.run(record, out),
            Command::CancelOrder(record) => self.run(record, out),
            Command::ReduceOrder(record) => self.run(record, out),
            Command::AmendOrder(record) => self.run(record, out),
            Command::ReplaceOrder(record) => self.run(record, out),
            _ => self.execute_rare(command, out),
        }
    }

    /// Apart, so that the order path stays small.
    #[inline(never)]
    fn execute_rare<S: EventSink>(&mut self, command: &Command<'_>, out: &mut Emitter<'_, S>) {
        match *command {
            Command::ListInstrument(record) => self.run(record, out),
            Command::DelistInstrument(record) => self.run(record, out),
            Command::SetTradingState(record) => self.run(record, out),
            Command::Uncross(record) => self.run(record, out),
            Command::SetPriceLimits(record) => self.run(record, out),
            Command::OpenAccount(record) => self.run(record, out),
            Command::CloseAccount(record) => self.run(record, out),
            Command::OpenSession(record) => self.run(record, out),
            Command::CloseSession(record) => self.run(record, out),
            Command::GrantAccount(record) => self.run(record, out),
            Command::RevokeAccount(record) => self.run(record, out),
            Command::Work(record) => self.run(record, out),
            Command::NewOrder(_)
            | Command::CancelOrder(_)
            | Command::ReduceOrder(_)
            | Command::AmendOrder(_)
            | Command::ReplaceOrder(_)
            | Command::Malformed { .. } => {
                out.emit(Rejected { code: RejectCode::MalformedRecord.code(), ..Rejected::zeroed() });
            }
        }
    }
}
