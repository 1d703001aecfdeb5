//! Pending work: what commands leave undone because a command does bounded work.
//!
//! At its end every command, whatever it is, does up to [`UNITS_PER_COMMAND`] units of it: a budget in commands, never in
//! time, so that every replica does the same work at the same place. Five kinds, in the order in which they are asked:
//! orders that expire, stop orders that are due, orders that follow the market, the cancels of tripped protections, and a
//! queue of auctions and scans.

use bytemuck::{Pod, Zeroable};

use super::Engine;
use super::auction::{Auction, Progress};
use super::emit::Emitter;
use super::scan::{Scan, Stretch};
use crate::arena::Marks;
use crate::sink::EventSink;
use crate::units::{Sequence, TimeNs};

/// Units of work that one command does at most.
pub(super) const UNITS_PER_COMMAND: u32 = 1_024;
/// Units of a step: a cancel, a stop order that fires, a step of an auction.
pub(super) const STEP_UNITS: u32 = 16;

/// What came of asking one kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worked {
    /// It had something to do, and did it.
    Something,
    /// There is nothing that can be done.
    Nothing,
    /// It stopped in the middle: the command has done its share.
    Enough,
}

/// A piece of work in the queue. One chunk.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct WorkItem {
    /// An [`Auction`] or a [`Scan`].
    body: [u64; 30],
    /// The last command that queued or moved it, which does nothing more for it.
    touched: Sequence,
    is_scan: u8,
    reserved: [u8; 7],
}

const _: () = assert!(size_of::<WorkItem>() == 256);

impl WorkItem {
    pub(super) fn auction(auction: Auction, touched: Sequence) -> Self {
        Self { body: bytemuck::must_cast(auction), touched, is_scan: 0, reserved: [0; 7] }
    }

    pub(super) fn scan(scan: Scan, touched: Sequence) -> Self {
        Self { body: bytemuck::must_cast(scan), touched, is_scan: 1, reserved: [0; 7] }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for WorkItem {
    /// The body as what it is.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = serializer.serialize_struct("WorkItem", 3)?;
        fields.serialize_field("touched", &self.touched)?;
        fields.serialize_field("is_scan", &self.is_scan)?;
        if self.is_scan == 0 {
            fields.serialize_field("auction", &bytemuck::must_cast::<_, Auction>(self.body))?;
        } else {
            fields.serialize_field("scan", &bytemuck::must_cast::<_, Scan>(self.body))?;
        }
        fields.end()
    }
}

impl<M: Marks> Engine<'_, M> {
    pub(super) fn has_work_room(&self) -> bool {
        (self.header.get().work_pending as usize) < self.work_queue.len()
    }

    /// Puts a piece of work at the back of the queue; the caller made sure of room.
    pub(super) fn queue_work(&mut self, item: WorkItem) {
        let places = self.work_queue.len() as u64;
        let header = self.header.get_mut();
        let place = (u64::from(header.work_first) + u64::from(header.work_pending)) % places;
        header.work_pending += 1;
        header.wake = TimeNs::ZERO;
        *self.work_queue.get_mut(place as u32) = item;
    }

    /// Whether a command at the last one's time would find work.
    pub(super) fn has_work(&self) -> bool {
        let header = self.header.get();
        let has_expired = header.dated != 0 && header.time >= header.next_expiry;
        self.has_queued_work() || self.has_following() || has_expired || self.has_valuation() || self.has_sweep()
    }

    fn has_queued_work(&self) -> bool {
        let header = self.header.get();
        header.work_pending != 0 || header.due.first != 0 || header.protecting.first != 0
    }

    /// Does one command's share of the pending work.
    #[cold]
    #[inline(never)]
    pub(super) fn work_off<S: EventSink>(&mut self, out: &mut Emitter<'_, S>) {
        let mut units_left = UNITS_PER_COMMAND;
        while self.work_once(&mut units_left, out) == Worked::Something {}
        if self.has_valuation() || self.has_sweep() {
            self.do_shares(out.shares, out);
        }
        self.notice_events(out);
        let is_pending =
            self.has_queued_work() || self.header.get().in_ring != 0 || self.has_valuation() || self.has_sweep();
        let header = self.header.get_mut();
        header.wake = if is_pending { TimeNs::ZERO } else { header.next_expiry };
    }

    fn work_once<S: EventSink>(&mut self, units_left: &mut u32, out: &mut Emitter<'_, S>) -> Worked {
        for kind in [Self::expire, Self::fire_due, Self::follow, Self::protect, Self::advance_queue] {
            let worked = kind(self, units_left, out);
            if worked != Worked::Nothing {
                return worked;
            }
        }
        Worked::Nothing
    }

    fn advance_queue<S: EventSink>(&mut self, units_left: &mut u32, out: &mut Emitter<'_, S>) -> Worked {
        let &super::Header { work_first: first, work_pending, .. } = self.header.get();
        let item = *self.work_queue.get(first);
        if work_pending == 0 || item.touched == out.sequence() {
            return Worked::Nothing;
        }
        if item.is_scan != 0 {
            let mut scan: Scan = bytemuck::must_cast(item.body);
            let stretch = self.scan_on(&mut scan, units_left, out);
            let left = WorkItem::scan(scan, item.touched);
            if stretch == Stretch::Interrupted {
                *self.work_queue.get_mut(first) = left;
                return Worked::Enough;
            }
            self.unqueue_first();
            if stretch == Stretch::Blocked {
                self.queue_work(WorkItem { touched: out.sequence(), ..left });
            }
            return Worked::Something;
        }
        let mut auction: Auction = bytemuck::must_cast(item.body);
        let max_steps = self.header.get().genesis.max_steps;
        let mut steps = (*units_left / STEP_UNITS).min(max_steps.saturating_sub(out.steps));
        let before = steps;
        let progress = self.advance(&mut auction, &mut steps, out);
        *units_left -= (before - steps) * STEP_UNITS;
        if progress == Progress::Pending {
            *self.work_queue.get_mut(first) = WorkItem::auction(auction, item.touched);
            return Worked::Enough;
        }
        self.unqueue_first();
        Worked::Something
    }

    fn unqueue_first(&mut self) {
        let places = self.work_queue.len() as u32;
        let header = self.header.get_mut();
        let first = header.work_first;
        header.work_first = (first + 1) % places;
        header.work_pending -= 1;
        *self.work_queue.get_mut(first) = WorkItem::zeroed();
    }
}
