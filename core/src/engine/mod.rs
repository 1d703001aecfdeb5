//! The engine: one value that takes commands and says events. No clock, file, thread or allocation.
//!
//! `docs/ORDERS.md` states every rule in words. A command goes one way: order of sequence and time (here), session (`gate`),
//! kind (`orders`, `venue`, `party`), book (`sweep`, `auction`), outcome (`gate`), pending work (`work`).

mod account_query;
mod ahead;
mod auction;
mod band;
mod batch;
mod cash;
mod complex;
pub mod effort;
mod emit;
mod estimates;
mod expiry;
mod exposure;
mod feeds;
mod following;
mod gate;
mod header;
mod judging;
mod lifecycle;
mod marks;
mod orders;
mod party;
mod passes;
mod pegs;
mod pretrade;
mod protection;
mod query;
mod reckoning;
mod scan;
mod state;
mod stops;
mod sweep;
mod sweeping;
mod trust;
mod twins;
mod underlyings;
mod venue;
mod work;

pub use self::account_query::{MarginView, PortfolioView, UnderWay, VectorView};
pub use self::batch::Sequenced;
pub use self::effort::Effort;
pub use self::estimates::{Estimate, Left, Liquidation, ScenarioView, Supposition};
pub use self::passes::RiskView;
pub use self::query::{AccountView, InstrumentView, LevelView, OrderView, PositionView, SessionView};
pub use self::state::OpenError;
pub use self::trust::FeedView;

pub(crate) use self::gate::{Outcome, Session};
pub(crate) use self::header::{Header, Row};
pub(crate) use self::work::WorkItem;

use self::emit::Emitter;
use self::exposure::Checked;
use self::gate::Execute;
use crate::arena::{Entities, GIVEN_KEYS, Marks, Single, SlotIndex, Table, Untracked};
use crate::book::Book;
use crate::command::{
    AdjustCash, AmendOrder, CancelOrder, Checkpoint, CloseAccount, CloseSession, CommandRecord, ConfigureUnderlying,
    DelistExpiry, DelistInstrument, DelistUnderlying, EndTradingDay, GrantAccount, ListExpiry, ListInstrument,
    ListUnderlying, MassCancel, NewComplexOrder, NewOrder, NewPeggedOrder, OpenAccount, OpenSession, PublishIndicative,
    RawCommand, ReduceOrder, ReplaceOrder, ResumeTrading, RevokeAccount, SetLastPrice, SetMarginModel, SetMarginTerms,
    SetMarkPrice, SetPriceBand, SetPriceLimits, SetProtection, SetScenarios, SetShocks, SetTradingState, Timer,
    Uncross, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface, UpdateVolatility, Work,
};
use crate::event::Rejected;
use crate::exposure::{Arrays, Aspect, Exposures, Outlook, TermsSet};
use crate::instrument::{Instrument, Market};
use crate::ledger::{Account, Grants, Positions};
use crate::reject::RejectCode;
use crate::sink::EventSink;
use crate::units::{Sequence, TimeNs};
use crate::valuation::{Expiry, Risk, Scenarios, ShockSet, Smiles, Underlying, Valuation};
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
    markets: Table<'a, Market, M>,
    valuation: Single<'a, Valuation, M>,
    underlyings: Entities<'a, Underlying, M>,
    expiries: Entities<'a, Expiry, M>,
    smiles: Table<'a, Smiles, M>,
    scenarios: Table<'a, Scenarios, M>,
    shocks: Table<'a, ShockSet, M>,
    risks: Table<'a, Risk, M>,
    arrays: Arrays<'a, M>,
    terms: Table<'a, TermsSet, M>,
    pairs: SlotIndex<'a, M, GIVEN_KEYS>,
    outlooks: Table<'a, Outlook, M>,
    aspects: Table<'a, Aspect, M>,
    work_queue: Table<'a, WorkItem, M>,
    grants: Grants<'a, M>,
    outcomes: Table<'a, Outcome, M>,
    positions: Positions<'a, M>,
    exposures: Exposures<'a, M>,
    book: Book<'a, M>,
    /// Not of the state, nor are the next three.
    effort: Effort,
    /// What the last check of an order found.
    checked: Checked,
    prepared: Option<passes::Prepared>,
    /// Which position the sweep looks ahead at; 0 for none.
    swept_next: u32,
    /// As genesis says.
    is_margined: bool,
}

impl<M: Marks> Engine<'_, M> {
    /// Applies one command: `sequence` is the last one plus one, `time` not before the last.
    ///
    /// A rejected command is applied all the same: its rejection is an event.
    ///
    /// # Errors
    /// [`OutOfOrder`], with nothing changed: the caller lost or repeated a command.
    #[inline]
    pub fn apply<'c>(
        &mut self,
        sequence: Sequence,
        time: TimeNs,
        command: impl Into<RawCommand<'c>>,
        sink: &mut impl EventSink,
    ) -> Result<(), OutOfOrder> {
        self.check_order(sequence, time)?;
        let mut out = Emitter::new(sink, self.header.get().digest);
        self.apply_next(sequence, time, command.into(), &mut out);
        self.finish(out);
        Ok(())
    }

    /// Whether a command of this sequence and time comes next.
    #[inline(always)]
    fn check_order(&self, sequence: Sequence, time: TimeNs) -> Result<(), OutOfOrder> {
        let header = self.header.get();
        if header.sequence.0.checked_add(1) != Some(sequence.0) {
            let expected = Sequence(header.sequence.0.saturating_add(1));
            return Err(OutOfOrder::Sequence { expected, given: sequence });
        }
        if time < header.time {
            return Err(OutOfOrder::Time { last: header.time, given: time });
        }
        Ok(())
    }

    /// Applies a command that comes next. What its events add to the header is for [`Engine::finish`].
    #[inline(always)]
    fn apply_next<S: EventSink>(
        &mut self,
        sequence: Sequence,
        time: TimeNs,
        command: RawCommand<'_>,
        out: &mut Emitter<'_, S>,
    ) {
        let header = self.header.get_mut();
        header.sequence = sequence;
        header.time = time;
        out.begin(sequence);
        self.execute(command, out);
        if time >= self.header.get().wake {
            self.work_off(out);
        }
    }

    /// Adds the events of one or more commands to the header.
    #[inline(always)]
    fn finish<S: EventSink>(&mut self, out: Emitter<'_, S>) {
        let (digest, events) = out.finish();
        let header = self.header.get_mut();
        header.digest = digest;
        header.events += events;
    }

    #[inline(always)]
    fn execute<S: EventSink>(&mut self, command: RawCommand<'_>, out: &mut Emitter<'_, S>) {
        match command.kind() {
            NewOrder::KIND => self.run_record::<NewOrder, S>(command, out),
            CancelOrder::KIND => self.run_record::<CancelOrder, S>(command, out),
            ReduceOrder::KIND => self.run_record::<ReduceOrder, S>(command, out),
            _ => self.execute_rare(command, out),
        }
    }

    /// Apart, so that the order path stays small.
    #[inline(never)]
    fn execute_rare<S: EventSink>(&mut self, command: RawCommand<'_>, out: &mut Emitter<'_, S>) {
        match command.kind() {
            AmendOrder::KIND => self.run_record::<AmendOrder, S>(command, out),
            ReplaceOrder::KIND => self.run_record::<ReplaceOrder, S>(command, out),
            NewComplexOrder::KIND => self.run_record::<NewComplexOrder, S>(command, out),
            NewPeggedOrder::KIND => self.run_record::<NewPeggedOrder, S>(command, out),
            MassCancel::KIND => self.run_record::<MassCancel, S>(command, out),
            SetProtection::KIND => self.run_record::<SetProtection, S>(command, out),
            ResumeTrading::KIND => self.run_record::<ResumeTrading, S>(command, out),
            ListInstrument::KIND => self.run_record::<ListInstrument, S>(command, out),
            DelistInstrument::KIND => self.run_record::<DelistInstrument, S>(command, out),
            SetTradingState::KIND => self.run_record::<SetTradingState, S>(command, out),
            Uncross::KIND => self.run_record::<Uncross, S>(command, out),
            SetPriceLimits::KIND => self.run_record::<SetPriceLimits, S>(command, out),
            SetLastPrice::KIND => self.run_record::<SetLastPrice, S>(command, out),
            SetMarkPrice::KIND => self.run_record::<SetMarkPrice, S>(command, out),
            SetPriceBand::KIND => self.run_record::<SetPriceBand, S>(command, out),
            EndTradingDay::KIND => self.run_record::<EndTradingDay, S>(command, out),
            PublishIndicative::KIND => self.run_record::<PublishIndicative, S>(command, out),
            ListUnderlying::KIND => self.run_record::<ListUnderlying, S>(command, out),
            DelistUnderlying::KIND => self.run_record::<DelistUnderlying, S>(command, out),
            ConfigureUnderlying::KIND => self.run_record::<ConfigureUnderlying, S>(command, out),
            ListExpiry::KIND => self.run_record::<ListExpiry, S>(command, out),
            DelistExpiry::KIND => self.run_record::<DelistExpiry, S>(command, out),
            SetScenarios::KIND => self.run_record::<SetScenarios, S>(command, out),
            SetShocks::KIND => self.run_record::<SetShocks, S>(command, out),
            UpdateIndex::KIND => self.run_record::<UpdateIndex, S>(command, out),
            UpdateForward::KIND => self.run_record::<UpdateForward, S>(command, out),
            UpdateRate::KIND => self.run_record::<UpdateRate, S>(command, out),
            UpdateSurface::KIND => self.run_record::<UpdateSurface, S>(command, out),
            UpdateVolatility::KIND => self.run_record::<UpdateVolatility, S>(command, out),
            SetMarginTerms::KIND => self.run_record::<SetMarginTerms, S>(command, out),
            AdjustCash::KIND => self.run_record::<AdjustCash, S>(command, out),
            SetMarginModel::KIND => self.run_record::<SetMarginModel, S>(command, out),
            Timer::KIND => self.run_record::<Timer, S>(command, out),
            OpenAccount::KIND => self.run_record::<OpenAccount, S>(command, out),
            CloseAccount::KIND => self.run_record::<CloseAccount, S>(command, out),
            OpenSession::KIND => self.run_record::<OpenSession, S>(command, out),
            CloseSession::KIND => self.run_record::<CloseSession, S>(command, out),
            GrantAccount::KIND => self.run_record::<GrantAccount, S>(command, out),
            RevokeAccount::KIND => self.run_record::<RevokeAccount, S>(command, out),
            Work::KIND => self.run_record::<Work, S>(command, out),
            Checkpoint::KIND => self.run_record::<Checkpoint, S>(command, out),
            _ => malformed(out),
        }
    }

    #[inline(always)]
    fn run_record<C: Execute, S: EventSink>(&mut self, command: RawCommand<'_>, out: &mut Emitter<'_, S>) {
        match command.record::<C>() {
            Some(record) => self.run(record, out),
            None => malformed(out),
        }
    }
}

/// Words that are no record: nothing in them can be trusted, so the rejection names nothing.
#[cold]
#[inline(never)]
fn malformed<S: EventSink>(out: &mut Emitter<'_, S>) {
    out.emit(Rejected { code: RejectCode::MalformedRecord.code(), ..Rejected::zeroed() });
}
