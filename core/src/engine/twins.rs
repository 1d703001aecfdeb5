//! Twins: two orders of which one cancels the other. Their complex records name each other.

use super::Engine;
use super::emit::Emitter;
use crate::arena::Marks;
use crate::book::{Complex, Order};
use crate::reject::CancelReason;
use crate::sink::EventSink;
use bytemuck::Zeroable;

impl<M: Marks> Engine<'_, M> {
    /// The complex record of an order's twin; 0 if it has none.
    pub(super) fn twin_of(&self, order: &Order) -> u32 {
        // Slot 0 is nobody's, and has no twin.
        self.book.complex(order.terms.complex()).twin
    }

    /// Makes two orders each other's twins; the second is live and takes a complex record if it has none.
    pub(super) fn make_twins(&mut self, complex: u32, other_slot: u32) {
        let other = *self.book.order(other_slot);
        let other_complex = match other.terms.complex() {
            0 => self.book.take_complex(Complex { order: other_slot, ..Complex::zeroed() }),
            complex => complex,
        };
        self.book.order_mut(other_slot).terms = other.terms.with_complex(other_complex);
        self.book.complex_mut(other_complex).twin = complex;
        self.book.complex_mut(complex).twin = other_complex;
    }

    /// Leaves an order and its twin without one.
    pub(super) fn part_twins(&mut self, complex: u32) {
        let twin = core::mem::replace(&mut self.book.complex_mut(complex).twin, 0);
        if twin != 0 {
            self.book.complex_mut(twin).twin = 0;
        }
    }

    /// Cancels the order of a complex record, if there is one, because its twin traded or triggered.
    pub(super) fn cancel_twin<S: EventSink>(&mut self, twin: u32, out: &mut Emitter<'_, S>) {
        if twin != 0 {
            self.part_twins(twin);
            self.cancel(self.book.complex(twin).order, CancelReason::OneCancelsOther, out);
        }
    }
}
