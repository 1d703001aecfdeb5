//! Pending work: what a command left undone because a command does bounded work. First in, first out, in the arena.
//!
//! Every later command, whatever it is, works off up to [`STEPS_PER_COMMAND`] steps: a budget in commands, never in time,
//! so that every replica does the same work at the same place.

use bytemuck::Zeroable;

use super::Engine;
use super::auction::{Auction, Progress};
use super::emit::Emitter;
use crate::arena::Marks;
use crate::sink::EventSink;

/// Steps of pending work that one command does at most.
const STEPS_PER_COMMAND: u32 = 64;

impl<M: Marks> Engine<'_, M> {
    pub(super) fn has_work_room(&self) -> bool {
        (self.header.get().work_pending as usize) < self.work_queue.len()
    }

    /// Queues an auction that is not done; the caller made sure of room.
    pub(super) fn queue_work(&mut self, auction: &Auction) {
        let places = self.work_queue.len() as u64;
        let header = self.header.get_mut();
        let place = (u64::from(header.work_first) + u64::from(header.work_pending)) % places;
        header.work_pending += 1;
        *self.work_queue.get_mut(place as u32) = *auction;
    }

    /// Does one command's share of the pending work.
    #[cold]
    #[inline(never)]
    pub(super) fn work_off<S: EventSink>(&mut self, out: &mut Emitter<'_, S>) {
        let mut steps_left = STEPS_PER_COMMAND;
        while self.header.get().work_pending != 0 {
            let first = self.header.get().work_first;
            let mut auction = *self.work_queue.get(first);
            if self.advance(&mut auction, &mut steps_left, out) == Progress::Pending {
                *self.work_queue.get_mut(first) = auction;
                return;
            }
            *self.work_queue.get_mut(first) = Auction::zeroed();
            let places = self.work_queue.len() as u32;
            let header = self.header.get_mut();
            header.work_first = (first + 1) % places;
            header.work_pending -= 1;
        }
    }
}
