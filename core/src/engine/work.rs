//! Pending work: what a command left undone because a command does bounded work. First in, first out, in the arena.
//!
//! Every later command, whatever it is, works off up to [`STEPS_PER_COMMAND`] steps: a budget in commands, never in time,
//! so that every replica does the same work at the same place.

use bytemuck::{Pod, Zeroable};

use super::Engine;
use super::emit::Emitter;
use crate::arena::{Marks, Record};
use crate::sink::EventSink;
use crate::units::PriceTicks;

/// Steps of pending work that one command does at most.
pub(super) const STEPS_PER_COMMAND: u32 = 64;

/// One piece of pending work: an auction that is not filled yet.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct WorkItem {
    /// Where the auction fills.
    price: PriceTicks,
    /// The instrument's slot; it stays listed, because its book is busy.
    instrument: u32,
    reserved: [u8; 20],
}

const _: () = assert!(size_of::<WorkItem>() == 32);

impl Record for WorkItem {}

impl<M: Marks> Engine<'_, M> {
    pub(super) fn has_work_room(&self) -> bool {
        (self.header.get().work_pending as usize) < self.work_queue.len()
    }

    /// Queues the rest of an auction; the caller made sure of room.
    pub(super) fn queue_uncross(&mut self, instrument: u32, price: PriceTicks) {
        let places = self.work_queue.len() as u64;
        let header = self.header.get_mut();
        let place = (u64::from(header.work_first) + u64::from(header.work_pending)) % places;
        header.work_pending += 1;
        *self.work_queue.get_mut(place as u32) = WorkItem { price, instrument, reserved: [0; 20] };
    }

    /// Does one command's share of the pending work.
    #[cold]
    #[inline(never)]
    pub(super) fn work_off<S: EventSink>(&mut self, out: &mut Emitter<'_, S>) {
        let mut budget = STEPS_PER_COMMAND;
        while budget > 0 && self.header.get().work_pending != 0 {
            let first = self.header.get().work_first;
            let WorkItem { instrument, price, .. } = *self.work_queue.get(first);
            budget -= self.fill_auction(instrument, price, budget, out);
            if self.auction_fills_at(instrument, price) {
                return;
            }
            self.end_auction(instrument, out);
            *self.work_queue.get_mut(first) = WorkItem::zeroed();
            let places = self.work_queue.len() as u32;
            let header = self.header.get_mut();
            header.work_first = (first + 1) % places;
            header.work_pending -= 1;
        }
    }
}
