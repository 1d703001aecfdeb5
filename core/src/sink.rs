//! Where events go. The engine writes each event once, in order; a sink must not fail and must not panic.

use alloc::vec::Vec;

use crate::event::{Event, OwnedEvent};

/// Takes the engine's events.
pub trait EventSink {
    /// Takes the next event; it is only lent.
    fn emit(&mut self, event: Event<'_>);
}

/// Also of sinks of any kind. An engine is compiled for each kind that it is given: where nothing is timed, one for
/// `&mut dyn EventSink` does for all.
///
/// ```
/// use novate_core::event::OwnedEvent;
/// use novate_core::sink::EventSink;
///
/// let mut kept: Vec<OwnedEvent> = Vec::new();
/// let mut any: &mut dyn EventSink = &mut kept;
/// # fn apply(_: &mut impl EventSink) {}
/// apply(&mut any);
/// ```
impl<S: EventSink + ?Sized> EventSink for &mut S {
    #[inline]
    fn emit(&mut self, event: Event<'_>) {
        (**self).emit(event);
    }
}

/// Keeps every event; for tests and tools, since it allocates.
impl EventSink for Vec<OwnedEvent> {
    fn emit(&mut self, event: Event<'_>) {
        self.push(event.to_owned());
    }
}

/// Takes no notice of events; the events digest is kept all the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl EventSink for Discard {
    #[inline]
    fn emit(&mut self, _event: Event<'_>) {}
}

/// A sink from a closure.
///
/// ```
/// use novate_core::sink::{EventSink, FnSink};
///
/// let mut trades = 0;
/// let sink = FnSink(|event: novate_core::event::Event<'_>| trades += u32::from(event.name() == "Trade"));
/// # let _ = sink;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FnSink<F>(pub F);

impl<F: FnMut(Event<'_>)> EventSink for FnSink<F> {
    #[inline]
    fn emit(&mut self, event: Event<'_>) {
        (self.0)(event);
    }
}
