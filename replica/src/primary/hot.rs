//! The hot thread's loop, one turn at a time: a batch from the ring is stamped, appended, applied and published.

use std::sync::Arc;

use arrayvec::ArrayVec;
use novate_core::arena::Untracked;
use novate_core::command::{Checkpoint, CommandRecord, RawCommand};
use novate_core::engine::{Engine, OutOfOrder, Sequenced};
use novate_core::ring::{Consumer, Popped, RecordBuffer, Wait};
use novate_core::units::Sequence;
use novate_journal::format::frame::{FRAME_MAX, frame_size};
use novate_journal::writer::{AppendError, Watermarks, Writer};

use super::shared::Shared;
use super::{BATCH_COMMANDS_MAX, WorkWhen};
use crate::clock::Clock;
use crate::counters::{Counter, Counters, segment_wait};
use crate::egress::Egress;
use crate::halt::Halt;
use crate::probe::Probe;
use crate::sequencer::Sequencer;
use crate::wait::Waiter;

/// Commands to a block, at most, beside those of the batch that ends it.
const BLOCK_COMMANDS: u64 = 1_024;
/// How long a block may be open, in nanoseconds of the clock.
const BLOCK_NS: u64 = 1_000_000;
/// Looks at an empty ring between two looks at the clock.
const LOOKS_A_READING: u32 = 16;

/// What one turn did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It applied something.
    Busy,
    /// There was nothing to do.
    Idle,
}

/// Everything that the hot thread owns.
pub(super) struct Hot<'a, C, P> {
    pub(super) engine: Engine<'a, Untracked>,
    pub(super) writer: Writer,
    pub(super) ingress: Consumer,
    pub(super) egress: Egress,
    pub(super) sequencer: Sequencer,
    pub(super) clock: C,
    pub(super) probe: P,
    pub(super) waiter: Waiter,
    pub(super) shared: Arc<Shared>,
    pub(super) counters: Counters,
    pub(super) work: WorkWhen,
    segment_bytes: u64,
    watermarks: Arc<Watermarks>,
    buffers: Box<[RecordBuffer]>,
    /// Commands in the block that is open, and when it was begun.
    in_block: u64,
    block_begin_ns: u64,
    looks: u32,
    /// The command with which something goes wrong on purpose.
    wrong_at: Option<Sequence>,
}

/// A batch, built of slices of the buffers.
type Batch<'b> = ArrayVec<Sequenced<'b>, BATCH_COMMANDS_MAX>;

impl<'a, C: Clock, P: Probe> Hot<'a, C, P> {
    #[expect(clippy::too_many_arguments, reason = "each is a part of its own, and this is the one place that has all")]
    pub(super) fn new(
        engine: Engine<'a, Untracked>,
        writer: Writer,
        ingress: Consumer,
        egress: Egress,
        sequencer: Sequencer,
        (clock, probe): (C, P),
        waiter: Waiter,
        (shared, counters): (Arc<Shared>, Counters),
        (work, batch_commands, segment_bytes): (WorkWhen, usize, u32),
    ) -> Self {
        // One slot is for a timer command; the others for what comes.
        let buffers = vec![RecordBuffer::new(); batch_commands.min(BATCH_COMMANDS_MAX - 1)].into_boxed_slice();
        let (watermarks, wrong_at) = (writer.watermarks(), shared.wrong_at());
        Self {
            engine,
            writer,
            ingress,
            egress,
            sequencer,
            clock,
            probe,
            waiter,
            shared,
            counters,
            work,
            segment_bytes: segment_bytes.into(),
            watermarks,
            buffers,
            in_block: 0,
            block_begin_ns: 0,
            looks: 0,
            wrong_at,
        }
    }

    /// Takes what has come, or does what is due.
    #[inline]
    pub(super) fn turn(&mut self) -> Result<Turn, Halt> {
        if let Some(halt) = self.shared.asked_to_halt() {
            return Err(halt);
        }
        // Taken out, so that the rest of the thread's parts can be used while slices of the buffers are.
        let mut buffers = std::mem::take(&mut self.buffers);
        let turn = self.turn_with(&mut buffers);
        self.buffers = buffers;
        turn
    }

    #[inline(always)]
    fn turn_with(&mut self, buffers: &mut [RecordBuffer]) -> Result<Turn, Halt> {
        let mut received: ArrayVec<&[u64], BATCH_COMMANDS_MAX> = ArrayVec::new();
        for buffer in buffers {
            match self.ingress.try_pop(buffer) {
                Popped::Record(words) => received.push(words),
                Popped::Empty | Popped::Closed => break,
            }
        }
        let turn = if received.is_empty() { self.idle() } else { self.take(&received).map(|()| Turn::Busy) };
        if turn == Ok(Turn::Busy) {
            self.count();
        }
        turn
    }

    fn take(&mut self, received: &[&[u64]]) -> Result<(), Halt> {
        self.probe.taken(received.len());
        self.sequencer.set_time(self.clock.stamp(received[0].first().copied().unwrap_or(0)))?;
        let timer = self.sequencer.timer();
        let mut batch = Batch::new();
        if let Some(timer) = &timer {
            batch.push(self.stamped(RawCommand::from(timer)));
        }
        for words in received {
            batch.push(self.stamped(RawCommand::new(words.get(1..).unwrap_or(&[]))));
        }
        self.execute(&batch)?;
        while self.work == WorkWhen::BeforeNext && self.engine.work_pending() {
            self.do_work()?;
        }
        self.shared.add_taken(received.len());
        if self.is_checkpoint_due() { self.checkpoint() } else { self.end_block_if_full() }
    }

    #[inline(always)]
    fn stamped<'b>(&mut self, command: RawCommand<'b>) -> Sequenced<'b> {
        let (sequence, time) = self.sequencer.stamp();
        Sequenced { sequence, time, command }
    }

    /// Nothing came.
    fn idle(&mut self) -> Result<Turn, Halt> {
        if self.engine.work_pending() {
            if let Some(now) = self.clock.now() {
                self.sequencer.set_time(now)?;
            }
            return self.do_work().map(|()| Turn::Busy);
        }
        if self.engine.wants_checkpoint() {
            return self.checkpoint().map(|()| Turn::Busy);
        }
        self.looks = self.looks.wrapping_add(1);
        if !self.looks.is_multiple_of(LOOKS_A_READING) {
            return Ok(Turn::Idle);
        }
        self.counters.set(Counter::Durable, self.watermarks.durable().sequence.0);
        let Some(now) = self.clock.now() else {
            // No time passes: what is open can be sealed at once.
            return self.seal().map(|()| Turn::Idle);
        };
        self.sequencer.set_time(now)?;
        if let Some(timer) = self.sequencer.timer() {
            let batch = [self.stamped(RawCommand::from(&timer))];
            self.execute(&batch)?;
            return Ok(Turn::Busy);
        }
        if self.sequencer.is_checkpoint_due() {
            return self.checkpoint().map(|()| Turn::Busy);
        }
        if now.0.saturating_sub(self.block_begin_ns) >= BLOCK_NS {
            self.seal()?;
        }
        Ok(Turn::Idle)
    }

    /// Lets the engine go on with what it has put off.
    pub(super) fn do_work(&mut self) -> Result<(), Halt> {
        let work = self.sequencer.work();
        let batch = [self.stamped(RawCommand::from(&work))];
        self.execute(&batch)?;
        self.end_block_if_full()
    }

    /// Whether it is time for a checkpoint, or the engine wants one: an account has fallen below its maintenance margin.
    #[inline(always)]
    fn is_checkpoint_due(&self) -> bool {
        self.sequencer.is_checkpoint_due() || self.engine.wants_checkpoint()
    }

    /// Marks where the state digest is computed, and ends the block there.
    pub(super) fn checkpoint(&mut self) -> Result<(), Halt> {
        let checkpoint = self.sequencer.checkpoint();
        let batch = [self.stamped(RawCommand::from(&checkpoint))];
        self.execute(&batch)
    }

    /// Says how far it has come; a few stores, nothing else.
    pub(super) fn count(&self) {
        let ((sequence, time), taken) = (self.sequencer.last(), self.shared.taken());
        for (counter, value) in [
            (Counter::Sequence, sequence.0),
            (Counter::TimeNs, time.0),
            (Counter::Taken, taken),
            (Counter::Rejected, self.egress.rejected),
            (Counter::WorkCommands, self.sequencer.work_commands),
            (Counter::Checkpoints, self.sequencer.checkpoints),
            (Counter::IngressLines, self.ingress.position()),
            (Counter::EgressLines, self.egress.position()),
            (Counter::EgressStalls, self.egress.stalls),
            (Counter::GatesReleased, self.egress.released),
            (Counter::SegmentStalls, self.shared.stalls()),
            (Counter::StepsBack, self.sequencer.steps_back),
        ] {
            self.counters.set(counter, value);
        }
    }

    /// Appends, applies and publishes. A block ends with a checkpoint, also with one that somebody sends who may not, and
    /// which the engine rejects.
    #[inline(always)]
    fn execute(&mut self, batch: &[Sequenced<'_>]) -> Result<(), Halt> {
        for part in batch.split_inclusive(|command| is_checkpoint(command.command)) {
            self.execute_part(part)?;
            if part.last().is_some_and(|command| is_checkpoint(command.command)) {
                self.seal()?;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn execute_part(&mut self, batch: &[Sequenced<'_>]) -> Result<(), Halt> {
        if !self.writer.fits(batch.len() * FRAME_MAX) {
            self.make_room(batch)?;
        }
        for command in batch {
            self.writer.append(command.sequence, command.time, command.command).map_err(halt_of)?;
        }
        self.probe.appended();
        let last = batch.last().map_or(self.engine.sequence(), |command| command.sequence);
        self.shared.set_appended(last);
        let applied = match self.wrong_at {
            Some(at) if at <= last => self.apply_wrongly(batch, at),
            _ => self.engine.apply_batch(batch, &mut self.egress),
        };
        applied.map_err(Halt::Engine)?;
        self.probe.applied();
        self.egress.flush();
        if self.in_block == 0 {
            self.block_begin_ns = batch.first().map_or(0, |command| command.time.0);
        }
        self.in_block += batch.len() as u64;
        self.shared.set_executed(last);
        Ok(())
    }

    /// A drill: the engine is told something else than the journal, once, and so says other events.
    #[cold]
    fn apply_wrongly(&mut self, batch: &[Sequenced<'_>], at: Sequence) -> Result<(), OutOfOrder> {
        self.wrong_at = None;
        for told in batch {
            let mut words = told.command.words().to_vec();
            if told.sequence == at
                && let Some(last) = words.last_mut()
            {
                *last ^= 1 << 63;
            }
            let command = RawCommand::new(&words);
            self.engine.apply_batch(&[Sequenced { command, ..*told }], &mut self.egress)?;
        }
        Ok(())
    }

    /// A batch lies in one segment, since no seal can come between its commands before they are applied.
    #[cold]
    fn make_room(&mut self, batch: &[Sequenced<'_>]) -> Result<(), Halt> {
        let bytes = batch.iter().map(|command| frame_size(command.command.words().len() * 8)).sum();
        if self.writer.fits(bytes) {
            return Ok(());
        }
        self.seal()?;
        loop {
            match self.writer.reserve(bytes) {
                Ok(()) => break,
                // The disk is slower than the commands, or full: nothing is taken from the ring meanwhile.
                Err(error @ (AppendError::NotReady | AppendError::NoRoom { .. })) => {
                    self.shared.count_stall();
                    self.count_wait(&error);
                    if let Some(halt) = self.shared.asked_to_halt() {
                        return Err(halt);
                    }
                    if matches!(error, AppendError::NoRoom { .. }) && self.shared.is_stopping() {
                        return Err(Halt::Append(error));
                    }
                    self.waiter.wait();
                }
                Err(error) => return Err(halt_of(error)),
            }
        }
        self.counters.set(Counter::SegmentWait, segment_wait::NONE);
        self.waiter.reset();
        Ok(())
    }

    /// Says what it waits for, while it waits: an operator can make room.
    fn count_wait(&self, error: &AppendError) {
        let is_full = matches!(error, AppendError::NoRoom { .. });
        self.counters.set(Counter::SegmentWait, if is_full { segment_wait::NO_ROOM } else { segment_wait::NOT_READY });
        self.counters.set(Counter::SegmentStalls, self.shared.stalls());
    }

    #[inline(always)]
    fn end_block_if_full(&mut self) -> Result<(), Halt> {
        let is_old = self.sequencer.last().1.0.saturating_sub(self.block_begin_ns) >= BLOCK_NS;
        if self.in_block >= BLOCK_COMMANDS || is_old && self.in_block > 0 { self.seal() } else { Ok(()) }
    }

    /// Ends the block, if one is open.
    pub(super) fn seal(&mut self) -> Result<(), Halt> {
        if self.in_block == 0 {
            return Ok(());
        }
        self.in_block = 0;
        self.sample();
        self.writer.seal(self.engine.events_digest()).map_err(halt_of)
    }

    /// Says what would cost too much to look at for every batch: how full the rings are, and what is not durable.
    fn sample(&self) {
        let (durable, written) = (self.watermarks.durable(), self.writer.position());
        let segments = u64::from(written.segment.saturating_sub(durable.position.segment));
        let bytes = (segments * self.segment_bytes + u64::from(written.offset))
            .saturating_sub(u64::from(durable.position.offset));
        for (counter, value) in [
            (Counter::Durable, durable.sequence.0),
            (Counter::DurableLagBytes, bytes),
            (Counter::IngressFill, self.ingress.backlog()),
            (Counter::EgressFill, self.egress.backlog()),
        ] {
            self.counters.set(counter, value);
        }
    }

    /// The last command.
    pub(super) fn last(&self) -> Sequence {
        self.engine.sequence()
    }
}

/// Whether these words stand where a checkpoint would.
#[inline(always)]
fn is_checkpoint(command: RawCommand<'_>) -> bool {
    command.words().first().is_some_and(|first| *first as u16 == Checkpoint::KIND)
}

fn halt_of(error: AppendError) -> Halt {
    match error {
        AppendError::Poisoned(poison) => Halt::Journal(poison),
        other => Halt::Append(other),
    }
}
