//! How a thread waits for another: by spinning, here; whoever knows threads adds gentler ways.

use super::sync;

/// What to do while nothing comes, or while there is no room.
pub trait Wait {
    /// Called again and again while there is nothing to do.
    fn wait(&mut self);

    /// Called when there was something: the next wait is a new one.
    fn reset(&mut self) {}
}

/// Tells the processor that it spins, and comes back at once. The fastest answer, at the price of a core.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spin;

impl Wait for Spin {
    #[inline(always)]
    fn wait(&mut self) {
        sync::spin();
    }
}

impl<W: Wait + ?Sized> Wait for &mut W {
    #[inline]
    fn wait(&mut self) {
        (**self).wait();
    }

    #[inline]
    fn reset(&mut self) {
        (**self).reset();
    }
}
